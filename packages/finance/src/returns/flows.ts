// Dated cash flows of the returns room: calendar days, the sum of each day, sign changes, and figures as text. Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal, type Exact, ZERO } from "../money.ts";
import { NonNegative } from "../parse.ts";

/** A calendar day, ISO 8601, years 0000 to 9999. */
export const Day = z.iso.date();
/** Most flows one figure is computed from. */
export const MOST_FLOWS = 20_000;

/** Money at a day as the investor sees it: negative is paid in, positive is received. */
export const SignedFlow = z.strictObject({ date: Day, amount: DecimalString });
export const SignedFlows = z.array(SignedFlow).min(1).max(MOST_FLOWS);

/** What moved between an investor and a fund; amounts are never negative, the kind gives the direction. */
export const KINDS = ["contribution", "distribution", "recalled_distribution"] as const;
export const FundFlow = z.strictObject({ date: Day, kind: z.enum(KINDS), amount: NonNegative });
export type FundFlow = z.infer<typeof FundFlow>;
export const FundFlows = z.array(FundFlow).max(MOST_FLOWS);

/** A value at a day, for example the net asset value of an investment. */
export const Valuation = z.strictObject({ date: Day, value: NonNegative });

/** Days of a year in ACT/365F, leap years included. */
export const YEAR_DAYS = 365;
const DAY_MS = 86_400_000;

/** Days since 1970-01-01 in the proleptic Gregorian calendar, negative before it. Source: ISO 8601. */
export const dayNumber = (date: string): number => Date.parse(`${date}T00:00:00Z`) / DAY_MS;

/** Amount that a day moved in sum. */
export interface DayFlow {
  day: number;
  amount: Exact;
}

/** One exact sum per day, in order of days, days that sum to zero left out. The order of the input does not matter. */
export function netByDay(flows: readonly { date: string; amount: Exact }[]): DayFlow[] {
  const sums = new Map<number, Exact>();
  for (const { date, amount } of flows) {
    const day = dayNumber(date);
    sums.set(day, (sums.get(day) ?? ZERO).plus(amount));
  }
  return [...sums]
    .map(([day, amount]) => ({ day, amount }))
    .filter(({ amount }) => !amount.isZero())
    .sort((a, b) => a.day - b.day);
}

/** How often the sign changes from one amount to the next. Amounts must not be zero. */
export function signChanges(amounts: ArrayLike<number>, length = amounts.length): number {
  let changes = 0;
  for (let i = 1; i < length; i += 1) if (amounts[i - 1]! < 0 !== amounts[i]! < 0) changes += 1;
  return changes;
}

/** Fund flows as the investor's signed flows: contributions and recalled distributions are paid in, distributions received. */
export const signedFlows = (flows: readonly FundFlow[]): { date: string; amount: Exact }[] =>
  flows.map(({ date, kind, amount }) => ({
    date,
    amount: kind === "distribution" ? decimal(amount) : decimal(amount).neg(),
  }));

/** Errors: EG400 when a flow is later than the valuation: it is not in the value. */
export function refuseLater(flows: readonly { date: string }[], until: string): void {
  if (flows.some(({ date }) => dayNumber(date) > dayNumber(until)))
    throw new EvergreenError("EG400", `A flow is later than the valuation on ${until}; leave it out or value later.`);
}

/** Earlier and later of all days given. */
export function windowOf(dates: readonly string[]): { from: string; to: string; days: number } {
  const sorted = [...dates].sort((a, b) => dayNumber(a) - dayNumber(b));
  const [from, to] = [sorted[0]!, sorted.at(-1)!];
  return { from, to, days: dayNumber(to) - dayNumber(from) };
}

const RATE_SCALE = 12;

/** A rate from floating point as text: 12 decimals HALF_UP of the nearest decimal, trailing zeros removed, never "-0". */
export function rateText(rate: number): string {
  const text = rate.toFixed(RATE_SCALE).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}
