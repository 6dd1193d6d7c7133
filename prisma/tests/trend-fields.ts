// The fields of a programme that say when a trend to a breach is told: two values of each, and what differs for them in the engine.
import { coverTrend } from "@evergreen-fund/finance/stress-liquidity/cover-trend.ts";
import type { FieldRow } from "./policy-fields.ts";

/** Six nights on which cover falls, but for one: 13 of 15 pairs, and below 1.2 three days on. */
const RUNS = ["1.5", "1.45", "1.46", "1.4", "1.35", "1.3"].map((ratio, n) => ({ date: `2026-03-0${n + 1}`, ratio }));
const falling = (field: string, values: FieldRow["values"]): FieldRow => ({
  field: `lmt.stressProgramme.trend.${field}`,
  values,
  outcome: (value) => coverTrend({ runs: RUNS, required: "1.2", terms: { [field]: value } }),
});

export const TREND_FIELDS: readonly FieldRow[] = [
  falling("runs", [3, 20]),
  falling("atLeast", [5, 7]),
  falling("steadiness", ["0.5", "1"]),
  falling("withinDays", [1, 90]),
];
