// Months in which a fund fills only part of what is asked, and what is not filled is asked again: fills, demand net of repeats, what waits (R8). Pure.

import { DecimalString } from "@evergreen-fund/domain";
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { Decimals } from "../dealing/fund-gate.ts";
import { fractionOf, fractionText, max, min, scaledOf, scaledText } from "../dealing/scaled.ts";
import { NonNegative, parseInput } from "../parse.ts";

export const FillPathInput = z.strictObject({
  moneyDp: Decimals.default(2),
  /** What the month's `requests` are: new demand, to which repeats are added, or all that was asked, repeats included. */
  requestsAre: z.enum(["new", "gross"]).default("new"),
  /** Share of what a month leaves unfilled that is asked again in the next one; the rest is given up. */
  repeats: FractionString.default("0"),
  months: z
    .array(
      z.strictObject({
        requests: NonNegative,
        /** Share of all that is asked in the month, repeats included, that is filled. */
        fill: FractionString,
        /** What comes in during the month, less what else has to be paid. */
        inflow: DecimalString.default("0"),
      }),
    )
    .min(1)
    .max(1_200),
  /** NAV before the first month; it falls by what is filled. */
  nav: NonNegative.optional(),
  /** What can be paid out of at the start, reservations taken off. */
  liquid: DecimalString.optional(),
});
export const FillPathOutput = z.strictObject({
  months: z.array(
    z.strictObject({
      gross: z.string(),
      repeats: z.string(),
      net: z.string(),
      filled: z.string(),
      unfilled: z.string(),
      /** Of the unfilled part of the month before, what was not asked again. */
      givenUp: z.string(),
      /** filled / NAV of the month; null without a NAV. */
      navShare: z.string().nullable(),
      /** Liquid assets after the month; null where they were not given. */
      liquid: z.string().nullable(),
    }),
  ),
  /** Headline sum of the requests, and the same without repeats. */
  gross: z.string(),
  repeats: z.string(),
  net: z.string(),
  filled: z.string(),
  /** Unfilled after the last month. */
  waiting: z.string(),
  givenUp: z.string(),
  /** filled / net demand: what became of what people really wanted; null without demand. */
  fillOfNet: z.string().nullable(),
  /** Months in a row from the first that liquid assets paid; null where they were not given. */
  monthsPaid: z.int().nullable(),
});

/**
 * Month by month: repeats = min(share · unfilled of the month before, gross), gross = new + repeats (or as given), filled = fill · gross, unfilled = gross − filled,
 * net = gross − repeats. Repeats and fills are rounded down to `moneyDp`, so that Σ net = Σ filled + Σ given up + waiting to the last unit. Liquid assets fall by
 * what is filled; `monthsPaid` stops at the first month that takes them below zero. Shares HALF_UP at 18 decimals. Errors: EG400.
 */
export function fillPath(input: z.input<typeof FillPathInput>): z.infer<typeof FillPathOutput> {
  const facts = parseInput(FillPathInput, input);
  const dp = facts.moneyDp;
  const again = fractionOf(facts.repeats, "repeats");
  const totals = { gross: 0n, repeats: 0n, filled: 0n, givenUp: 0n };
  let unfilled = 0n;
  let nav = facts.nav === undefined ? null : scaledOf(facts.nav, dp, "nav");
  let liquid = facts.liquid === undefined ? null : scaledOf(facts.liquid, dp, "liquid");
  let [monthsPaid, paying] = [0, true];
  const months = facts.months.map((month) => {
    const asked = scaledOf(month.requests, dp, "months.requests");
    const wanted = (unfilled * again.num) / again.den;
    const repeats = facts.requestsAre === "new" ? wanted : min(wanted, asked);
    const gross = facts.requestsAre === "new" ? asked + repeats : asked;
    const fill = fractionOf(month.fill, "months.fill");
    const filled = (gross * fill.num) / fill.den;
    const givenUp = unfilled - repeats;
    const navShare = nav === null || nav <= 0n ? null : fractionText({ num: filled, den: nav });
    unfilled = gross - filled;
    nav = nav === null ? null : max(0n, nav - filled);
    if (liquid !== null) {
      liquid += scaledOf(month.inflow, dp, "months.inflow") - filled;
      paying &&= liquid >= 0n;
      if (paying) monthsPaid += 1;
    }
    totals.gross += gross;
    totals.repeats += repeats;
    totals.filled += filled;
    totals.givenUp += givenUp;
    return {
      gross: scaledText(gross, dp),
      repeats: scaledText(repeats, dp),
      net: scaledText(gross - repeats, dp),
      filled: scaledText(filled, dp),
      unfilled: scaledText(unfilled, dp),
      givenUp: scaledText(givenUp, dp),
      navShare,
      liquid: liquid === null ? null : scaledText(liquid, dp),
    };
  });
  const net = totals.gross - totals.repeats;
  return {
    months,
    gross: scaledText(totals.gross, dp),
    repeats: scaledText(totals.repeats, dp),
    net: scaledText(net, dp),
    filled: scaledText(totals.filled, dp),
    waiting: scaledText(unfilled, dp),
    givenUp: scaledText(totals.givenUp, dp),
    fillOfNet: net === 0n ? null : fractionText({ num: totals.filled, den: net }),
    monthsPaid: liquid === null ? null : monthsPaid,
  };
}
