// XIRR of dated flows (R42), labelled, with every root and a verdict when it is ambiguous or missing. Pure.
import { z } from "zod";
import { decimal, type Exact } from "../money.ts";
import { parseInput } from "../parse.ts";
import { netByDay, rateText, SignedFlows, signChanges, Valuation, windowOf, YEAR_DAYS } from "./flows.ts";
import { type InternalRate, internalRate, reportedRate, VERDICTS } from "./internal-rate.ts";
import { Basis, Label, labelOf } from "./labels.ts";

export const XirrInput = z.strictObject({
  /** Negative is paid in, positive is received; any order, several on a day are added. */
  flows: SignedFlows,
  /** Value at the end of the window, added as if received. */
  closing: Valuation.optional(),
  basis: Basis,
});

/** Why there is no rate. */
export const NO_RATE = [
  "nothing_flows",
  "one_day",
  "one_sign",
  "no_root_in_range",
  "not_representable",
  "too_many_flows",
] as const;

const Root = z.strictObject({ rate: z.string(), yearlyRate: z.string().nullable() });
export const RateResult = z.strictObject({
  /** The figure to report: yearly, or of the whole window when that is shorter than 365 days. 12 decimals HALF_UP; null without one. */
  rate: z.string().nullable(),
  /** The same a year, whatever the window; null where it is missing or beyond 10^12. */
  yearlyRate: z.string().nullable(),
  verdict: z.enum(VERDICTS),
  /** True when several rates solve the equation in the range: the one nearest to 10 % a year is reported. */
  ambiguous: z.boolean(),
  reason: z.enum(NO_RATE).nullable(),
  signChanges: z.int(),
  /** Every rate in (−99 %, 1000 %) that solves the equation, rising; the one outside for outside_range. */
  roots: z.array(Root),
});
export type RateResult = z.infer<typeof RateResult>;
export const XirrOutput = z.strictObject({ label: Label, ...RateResult.shape });

export const XIRR_METHOD = "XIRR, ACT/365F, daily flows";

/**
 * Internal rate of return r with Σ amount·(1 + r)^(−days/365) = 0, days counted from the first flow; below 365 days (1 + r)^(T/365) − 1 is
 * reported. With more than one sign change the number of roots in (−99 %, 1000 %) of the reported rate is counted and proven; of several the one nearest
 * to 10 % a year is reported and flagged. One sign change has exactly one root, reported even outside the range and flagged.
 * Rates as text with 12 decimals HALF_UP; error below 1e-12 of 1 + r, below 1e-11 with several sign changes. Source: R42; Descartes' rule of signs for the counts.
 * Errors: EG400, EG413 over 20,000 flows.
 */
export function xirr(input: z.input<typeof XirrInput>): z.infer<typeof XirrOutput> {
  const { flows, closing, basis } = parseInput(XirrInput, input);
  const all = flows.map(({ date, amount }) => ({ date, amount: decimal(amount) }));
  if (closing) all.push({ date: closing.date, amount: decimal(closing.value) });
  const dates = all.map(({ date }) => date);
  return { label: labelOf(XIRR_METHOD, dates, basis, "rate"), ...rateOf(all) };
}

/** XIRR of exact amounts; the window is that of all days given, also of amounts of zero. */
export function rateOf(flows: readonly { date: string; amount: Exact }[]): RateResult {
  const { days: window } = windowOf(flows.map(({ date }) => date));
  const net = netByDay(flows);
  const start = net[0]?.day ?? 0;
  const amounts = Float64Array.from(net, ({ amount }) => amount.toNumber());
  const times = Float64Array.from(net, ({ day }) => (day - start) / YEAR_DAYS);
  const changes = signChanges(amounts);
  const found = internalRate({ amounts, times, length: net.length, signChanges: changes }, window, () => net);
  const roots = found.roots.map((logRate) => rootOf(logRate, window));
  const chosen = Number.isNaN(found.logRate) ? undefined : rootOf(found.logRate, window);
  const shown = chosen && chosen.rate !== null ? { rate: chosen.rate, yearlyRate: chosen.yearlyRate } : undefined;
  return {
    rate: shown?.rate ?? null,
    yearlyRate: shown?.yearlyRate ?? null,
    verdict: found.verdict,
    ambiguous: found.verdict === "ambiguous",
    reason: shown ? null : reasonOf(net.length, found),
    signChanges: changes,
    roots: roots.flatMap(({ rate, yearlyRate }) => (rate === null ? [] : [{ rate, yearlyRate }])),
  };
}

/** Beyond this, 1 + rate is not told from 0 or from infinity by 12 decimals. */
const LARGEST = 1e12;

function rootOf(logRate: number, window: number): { rate: string | null; yearlyRate: string | null } {
  const text = (rate: number): string | null => (rate < LARGEST && 1 + rate > 1 / LARGEST ? rateText(rate) : null);
  return { rate: text(reportedRate(logRate, window)), yearlyRate: text(Math.expm1(logRate)) };
}

function reasonOf(days: number, { verdict, signChanges }: InternalRate): (typeof NO_RATE)[number] {
  if (verdict === "undecided") return "too_many_flows";
  if (verdict !== "no_root") return "not_representable";
  if (days === 0) return "nothing_flows";
  if (days === 1) return "one_day";
  return signChanges === 0 ? "one_sign" : "no_root_in_range";
}
