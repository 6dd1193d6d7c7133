// What could be done about cover that is too little, or will be: the fund's own tools with their amounts, for a person to look at. Pure; nothing is acted on.
import { type Bucket, EvergreenError } from "@evergreen-fund/domain";
import { dayNumber } from "@evergreen-fund/finance/dealing/calendar.ts";
import { BPS, decimal, type Exact, fromMinor, ratioText, roundToMinor, ZERO } from "@evergreen-fund/finance/money.ts";
import { liquidityRemedy, type RemedyOutput } from "@evergreen-fund/finance/stress-liquidity/remedy.ts";
import type { z } from "zod";
import type { LiquidityCause, RemedyFacts } from "./facts.ts";

/** As it stands in `risk_alerts.remedy`. */
export type Remedy =
  | ({ scenario_id: string; stress_run_id: string; assumptions: string[] } & z.infer<typeof RemedyOutput>)
  | { why: string };

/** Said of every remedy: what the numbers rest on. */
const ASSUMPTIONS = [
  "Sales are of today's holdings at today's values, at the selling costs of the mandate (none where it has none).",
  "What is due and is neither accepted, a capital call nor margin of the first period counts as redemptions still to be asked for.",
  "The gate is taken with the quarter fresh, all redemptions on one dealing date, and what is cash by the bucket as liquid assets.",
];

/** A trend is met for so many days after the day on which cover would be too little. */
const BEYOND_DAYS = 30;
const OF_A_TREND = `Cover is still enough: the amounts are for ${BEYOND_DAYS} days after the breach, at the pace at which cover falls now and with the same liabilities.`;

/**
 * The ranked options of the fund, or why there are none. Of a breach for the cover that the run found; of a trend for (required − pace · 30) · L, pace = (cover now −
 * required) / days to the breach. Fund currency.
 */
export function remedyOf(cause: LiquidityCause, facts: RemedyFacts | null): Remedy {
  if (facts === null || cause.stress_run_id === undefined)
    return {
      why: "No finished scenario of a stress run stands behind this event: there is nothing to compute a remedy from.",
    };
  const due = decimal(facts.liabilities);
  const fixed = least(due, decimal(facts.calls).plus(facts.margin));
  const accepted = least(due.minus(fixed), decimal(facts.accepted));
  try {
    const remedy = liquidityRemedy({
      currency: facts.currency,
      nav: atLeastZero(facts.nav),
      bucket: cause.bucket,
      required: cause.required,
      assets: assetsOf(cause, facts),
      liabilities: facts.liabilities,
      accepted: accepted.toFixed(),
      redemptions: due.minus(fixed).minus(accepted).toFixed(),
      sleeves: sleevesOf(facts.positions),
      noticeDays: facts.noticeDays,
      ...(facts.undrawn === undefined ? {} : { facility: { undrawn: facts.undrawn } }),
      ...(facts.policy === undefined ? {} : { policy: facts.policy }),
    });
    return {
      scenario_id: cause.scenario_id,
      stress_run_id: cause.stress_run_id,
      assumptions: cause.breach_on === undefined ? ASSUMPTIONS : [OF_A_TREND, ...ASSUMPTIONS],
      ...remedy,
    };
  } catch (error) {
    // an alert without a remedy is better than none
    if (error instanceof EvergreenError) return { why: `No remedy could be computed: ${error.message}` };
    throw error;
  }
}

/** The kind that is proposed first, for the words of the alert. */
export const firstOf = (remedy: Remedy): string | undefined => ("why" in remedy ? undefined : remedy.options[0]?.kind);

/** What is there by the bucket: as the run found it, or as a trend would leave it. */
function assetsOf(
  { breach_on, ratio, required }: LiquidityCause,
  { asOf, assets, liabilities, currency }: RemedyFacts,
): string {
  if (breach_on === undefined || typeof ratio !== "string") return atLeastZero(assets);
  const days = Math.max(1, dayNumber(breach_on) - dayNumber(asOf));
  const pace = decimal(ratio).minus(required).div(days);
  const cover = decimal(required).minus(pace.times(BEYOND_DAYS));
  return cover.lte(0) ? "0" : fromMinor(roundToMinor(cover.times(liabilities), currency, "floor"), currency);
}

const least = (a: Exact, b: Exact): Exact => (a.lt(b) ? a : b);
const atLeastZero = (amount: string): string => (amount.startsWith("-") ? "0" : amount);

/** Positions of one strategy and bucket together; their cost is that of all of them as a share, HALF_UP at 18 decimals. */
function sleevesOf(positions: RemedyFacts["positions"]): { id: string; bucket: Bucket; value: string; cost: string }[] {
  const sleeves = new Map<string, { bucket: Bucket; value: Exact; cost: Exact }>();
  for (const { strategy, bucket, value, sellBps } of positions) {
    const id = `${strategy} ${bucket}`;
    const known = sleeves.get(id) ?? { bucket, value: ZERO, cost: ZERO };
    const amount = decimal(value);
    sleeves.set(id, {
      bucket,
      value: known.value.plus(amount),
      cost: known.cost.plus(amount.times(sellBps).div(BPS)),
    });
  }
  return [...sleeves]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { bucket, value, cost }]) => ({
      id,
      bucket,
      value: value.toFixed(),
      cost: value.isZero() ? "0" : ratioText(cost.div(value)),
    }));
}
