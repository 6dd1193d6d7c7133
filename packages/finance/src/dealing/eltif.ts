// How much an ELTIF may redeem: the percentages of Delegated Regulation (EU) 2024/2759, Annex I as its closed form and Annex II (R9b). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { FREQUENCIES, type Frequency } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { NonNegative, parseInput } from "../parse.ts";
import { Decimals } from "./fund-gate.ts";
import {
  type Fraction,
  fraction,
  fractionText,
  max,
  pow10,
  rescale,
  scaledOf,
  scaledText,
  VALUE_DP,
} from "./scaled.ts";

/** Months between two redemption dates; a week is 12/52 of a month and two weeks half a month, as the published cells have it. */
const FREQUENCY_MONTHS: Partial<Record<Frequency | "bimonthly", Fraction>> = {
  annual: { num: 12n, den: 1n },
  semiannual: { num: 6n, den: 1n },
  quarterly: { num: 3n, den: 1n },
  bimonthly: { num: 2n, den: 1n },
  monthly: { num: 1n, den: 1n },
  biweekly: { num: 1n, den: 2n },
  weekly: { num: 12n, den: 52n },
};
export const EltifFrequency = z.enum([...FREQUENCIES.filter((name) => name !== "daily"), "bimonthly"]);
export type EltifFrequency = z.infer<typeof EltifFrequency>;

/** "3", "0.5" or "1/2" months. */
export const Months = z.string().regex(/^(\d{1,3}(\.\d{1,6})?|\d{1,3}\/[1-9]\d?)$/, "expected months such as 3 or 1/2");

/** Frequencies above monthly, for which the limit may be held over a month instead. */
const OFTENER: readonly string[] = ["biweekly", "weekly"];

/**
 * φ = min(1, f / (12 − n)), n ≥ 12 ⇒ 1: f months between redemption dates, n months of notice. With `monthlyAggregate` a frequency above monthly
 * has the monthly φ, over the month. Exact fraction. Errors: EG400.
 */
export function annexOne(frequency: EltifFrequency, noticeMonths: string, monthlyAggregate: boolean): Fraction {
  const f = FREQUENCY_MONTHS[monthlyAggregate && OFTENER.includes(frequency) ? "monthly" : frequency];
  if (f === undefined) throw new EvergreenError("EG400", "An ELTIF redeems at most weekly.");
  const notice = monthsOf(noticeMonths);
  const left: Fraction = { num: 12n * notice.den - notice.num, den: notice.den };
  if (left.num <= 0n) return { num: 1n, den: 1n };
  const phi = fraction(f.num * left.den, f.den * left.num);
  return phi.num >= phi.den ? { num: 1n, den: 1n } : phi;
}

/** Annex II: least share of liquid assets and greatest share of them that may be redeemed. Two months are not in the annex and read as monthly. */
export function annexTwo(frequency: EltifFrequency): { minLiquid: Fraction; phi: Fraction; monthlyAggregate: boolean } {
  const row = (minLiquid: bigint, phi: bigint, monthlyAggregate = false) => ({
    minLiquid: fraction(minLiquid, 100n),
    phi: fraction(phi, 100n),
    monthlyAggregate,
  });
  if (frequency === "annual") return row(10n, 100n);
  if (frequency === "semiannual") return row(15n, 67n);
  if (frequency === "quarterly") return row(20n, 50n);
  return row(25n, 20n, true);
}

export const EltifInput = z.strictObject({
  annex: z.enum(["I", "II"]),
  frequency: EltifFrequency,
  noticeMonths: Months.default("0"),
  monthlyAggregate: z.boolean().default(false),
  /** UCITS-eligible liquid assets at the redemption date. */
  liquidAssets: NonNegative,
  /** Prudent inflows of the next 12 months that are certain enough to count. */
  certainInflows: NonNegative.default("0"),
  nav: NonNegative,
  /** Redeemed earlier in the month, where the limit is held over a month. */
  redeemedInMonth: NonNegative.default("0"),
  moneyDp: Decimals.default(2),
});
export const EltifOutput = z.strictObject({
  share: z.string(),
  exactShare: z.string(),
  monthlyAggregate: z.boolean(),
  base: z.string(),
  cap: z.string(),
  minLiquidShare: z.string().nullable(),
  liquidShare: z.string(),
  /** Annex II only: whether the fund holds the liquid assets that the annex asks for; the cap is 0 when it does not. */
  eligible: z.boolean(),
});

/** R9b: cap = φ × (liquid assets + certain inflows), rounded down to the minor unit, less what the month has redeemed where it is held over a month. */
export function eltifCap(input: z.input<typeof EltifInput>): z.infer<typeof EltifOutput> {
  const facts = parseInput(EltifInput, input);
  const limit = eltifLimit({
    ...facts,
    liquidAssets: scaledOf(facts.liquidAssets, VALUE_DP, "liquidAssets"),
    certainInflows: scaledOf(facts.certainInflows, VALUE_DP, "certainInflows"),
    nav: scaledOf(facts.nav, VALUE_DP, "nav"),
    redeemedInMonth: scaledOf(facts.redeemedInMonth, VALUE_DP, "redeemedInMonth"),
  });
  const text = (value: bigint): string => scaledText(rescale(value, VALUE_DP, facts.moneyDp, "floor"), facts.moneyDp);
  return {
    share: fractionText(limit.phi),
    exactShare: `${limit.phi.num}/${limit.phi.den}`,
    monthlyAggregate: limit.monthlyAggregate,
    base: text(limit.base),
    cap: text(limit.cap),
    minLiquidShare: limit.minLiquid === null ? null : fractionText(limit.minLiquid),
    liquidShare: fractionText(limit.liquidShare),
    eligible: limit.eligible,
  };
}

/** R9b in 10^-18 of the currency; rounded down at 10^-18. Errors: EG400. */
export function eltifLimit(facts: {
  annex: "I" | "II";
  frequency: EltifFrequency;
  noticeMonths: string;
  monthlyAggregate: boolean;
  liquidAssets: bigint;
  certainInflows: bigint;
  nav: bigint;
  redeemedInMonth: bigint;
}) {
  const two = facts.annex === "II" ? annexTwo(facts.frequency) : null;
  const phi = two?.phi ?? annexOne(facts.frequency, facts.noticeMonths, facts.monthlyAggregate);
  const monthlyAggregate = two?.monthlyAggregate ?? (facts.monthlyAggregate && OFTENER.includes(facts.frequency));
  const base = facts.liquidAssets + facts.certainInflows;
  const liquidShare = facts.nav > 0n ? fraction(facts.liquidAssets, facts.nav) : { num: 0n, den: 1n };
  const eligible = two === null || liquidShare.num * two.minLiquid.den >= two.minLiquid.num * liquidShare.den;
  const whole = (base * phi.num) / phi.den;
  const cap = eligible ? max(0n, whole - (monthlyAggregate ? facts.redeemedInMonth : 0n)) : 0n;
  return { phi, base, cap, liquidShare, minLiquid: two?.minLiquid ?? null, eligible, monthlyAggregate };
}

function monthsOf(text: string): Fraction {
  const [num = "0", den] = text.split("/");
  return den === undefined ? fraction(scaledOf(num, 6, "noticeMonths"), pow10(6)) : fraction(BigInt(num), BigInt(den));
}
