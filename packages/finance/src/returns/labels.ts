// What every performance figure says about itself (R46): method, window, annualised or not, fees, subscription line, stale share. Pure.
import { DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Exact, ratioText, ZERO } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";
import { Day, dayNumber, windowOf, YEAR_DAYS } from "./flows.ts";

/** What the caller must say about the flows and values it hands over. */
export const Basis = z.strictObject({
  /** Before or after the manager's fees and carried interest. */
  fees: z.enum(["gross", "net"]),
  /** With or without the effect of a subscription line; none: the fund has no line. */
  subscriptionLine: z.enum(["with", "without", "none"]),
  /** Share of NAV valued with marks older than 90 days (`stale-share`); null: not known. */
  staleShare: NonNegative.nullable(),
});
export type Basis = z.infer<typeof Basis>;

export const Label = z.strictObject({
  method: z.string(),
  from: Day,
  to: Day,
  days: z.int(),
  /** yearly · period: of the whole window, shorter than a year or by method · none: not a rate over time. */
  annualisation: z.enum(["yearly", "period", "none"]),
  ...Basis.shape,
  /** All of it in one line, for a report. */
  text: z.string(),
});
export type Label = z.infer<typeof Label>;

/** Label of a figure over all `dates`. A rate is yearly from 365 days on and of the window below (R42). */
export function labelOf(
  method: string,
  dates: readonly string[],
  basis: Basis,
  kind: "rate" | "period" | "multiple",
): Label {
  const { from, to, days } = windowOf(dates);
  const annualisation = kind === "multiple" ? "none" : kind === "period" || days < YEAR_DAYS ? "period" : "yearly";
  const line = { with: "with subscription line", without: "without subscription line", none: "no subscription line" };
  const stale =
    basis.staleShare === null
      ? "stale share not known"
      : `${new Exact(basis.staleShare).times(100).toDecimalPlaces(2).toString()} % of NAV stale`;
  const parts = [
    method,
    `${from} to ${to} (${days} days)`,
    ...(annualisation === "none" ? [] : [annualisation === "yearly" ? "per year" : "not annualised"]),
    basis.fees,
    line[basis.subscriptionLine],
    stale,
  ];
  return { method, from, to, days, annualisation, ...basis, text: parts.join(", ") };
}

export const StaleShareInput = z.strictObject({
  asOf: Day,
  nav: NonNegative,
  /** Fair values with the day of their mark. */
  positions: z.array(z.strictObject({ value: DecimalString, markedOn: Day })).max(100_000),
  /** A mark is stale when it is older than this many days. */
  maxAgeDays: z.int().min(0).max(10_000).default(90),
});
export const StaleShareOutput = z.strictObject({
  /** Σ fair value of stale marks / NAV, HALF_UP at 18 decimals; null without NAV. */
  staleShare: z.string().nullable(),
  staleValue: z.string(),
  stalePositions: z.int(),
});

/**
 * Share of NAV whose marks are older than 90 days: Σ FV(age > maxAgeDays) / NAV. It may exceed 1 in a leveraged fund. Values in the unit of the
 * input, the share HALF_UP at 18 decimals. A mark after `asOf` has no age. Source: R5, R46. Errors: EG400.
 */
export function staleShare(input: z.input<typeof StaleShareInput>): z.infer<typeof StaleShareOutput> {
  const { asOf, nav, positions, maxAgeDays } = parseInput(StaleShareInput, input);
  const stale = positions.filter(({ markedOn }) => dayNumber(asOf) - dayNumber(markedOn) > maxAgeDays);
  const value = stale.reduce((sum, position) => sum.plus(position.value), ZERO);
  const whole = new Exact(nav);
  return {
    staleShare: whole.isZero() ? null : ratioText(value.div(whole)),
    staleValue: ratioText(value),
    stalePositions: stale.length,
  };
}
