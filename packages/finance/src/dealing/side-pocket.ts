// A side pocket: assets that cannot be valued or sold leave the main class, and every lot gets as many pocket units as it has (R13). Pure.
import { CurrencyCode, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId, currencyExponent, fromMinor, toMinor } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Decimals } from "./fund-gate.ts";
import { navPerUnitOf } from "./nav.ts";
import { halfUpDiv, scaledOf, scaledText } from "./scaled.ts";

export const SidePocketInput = z.strictObject({
  currency: CurrencyCode,
  unitsDp: Decimals.default(4),
  priceDp: Decimals.default(4),
  /** NAV of the class before. */
  nav: MoneyString,
  /** Moved: fair value of the assets, cash held back for their costs, liabilities that belong to them. */
  fairValue: MoneyString,
  holdback: MoneyString.default("0"),
  liabilities: MoneyString.default("0"),
  lots: z
    .array(
      z.strictObject({
        id: Name,
        investorId: Name,
        units: NonNegative,
        /** Per unit; money of the whole lot for the credit and the hurdle base. */
        highWaterPerUnit: NonNegative.default("0"),
        equalisationCredit: NonNegative.default("0"),
        hurdleBase: NonNegative.default("0"),
      }),
    )
    .min(1)
    .max(100_000),
});
const Half = z.strictObject({
  highWaterPerUnit: z.string(),
  equalisationCredit: z.string(),
  hurdleBase: z.string(),
});
export const SidePocketOutput = z.strictObject({
  main: z.strictObject({ nav: z.string(), units: z.string(), navPerUnit: z.string() }),
  pocket: z.strictObject({ nav: z.string(), units: z.string(), navPerUnit: z.string() }),
  lots: z.array(
    z.strictObject({ id: z.string(), investorId: z.string(), pocketUnits: z.string(), main: Half, pocket: Half }),
  ),
});

/**
 * R13: pocket NAV = fair value + holdback − liabilities, and the NAV of the main class falls by exactly that. Units 1:1 per lot. High-water mark,
 * equalisation credit and hurdle base are split in the ratio of the two NAVs: the pocket's part HALF_UP, the main's is the rest, so that the two add
 * up. The pocket is closed: no subscriptions, distributions pro rata. Errors: EG400 when the pocket is not above 0 or above the NAV.
 */
export function openSidePocket(input: z.input<typeof SidePocketInput>): z.infer<typeof SidePocketOutput> {
  const facts = parseInput(SidePocketInput, input);
  refuseRepeats("lots", facts.lots);
  const dp = currencyExponent(facts.currency);
  const money = (text: string, what: string): bigint => scaledOf(text, dp, what);
  const nav = money(facts.nav, "nav");
  const pocket =
    money(facts.fairValue, "fairValue") + money(facts.holdback, "holdback") - money(facts.liabilities, "liabilities");
  if (pocket <= 0n || pocket > nav)
    throw new EvergreenError("EG400", "The side pocket must be worth more than nothing and no more than the class.");
  const lots = [...facts.lots].sort((a, b) => byId(a.id, b.id));
  const units = lots.map((lot) => scaledOf(lot.units, facts.unitsDp, "lots.units"));
  const total = units.reduce((sum, count) => sum + count, 0n);
  if (total === 0n) throw new EvergreenError("EG400", "lots: there are no units to mirror.");
  const split = (text: string, decimals: number, what: string): { main: string; pocket: string } => {
    const whole = scaledOf(text, decimals, what);
    const part = halfUpDiv(whole * pocket, nav);
    return { main: scaledText(whole - part, decimals), pocket: scaledText(part, decimals) };
  };
  const side = (amount: bigint) => ({
    nav: scaledText(amount, dp),
    units: scaledText(total, facts.unitsDp),
    navPerUnit: scaledText(navPerUnitOf(amount, total, facts, facts.currency), facts.priceDp),
  });
  return {
    main: side(nav - pocket),
    pocket: side(pocket),
    lots: lots.map((lot, i) => {
      const highWaterPerUnit = split(lot.highWaterPerUnit, facts.priceDp, "lots.highWaterPerUnit");
      const equalisationCredit = split(lot.equalisationCredit, dp, "lots.equalisationCredit");
      const hurdleBase = split(lot.hurdleBase, dp, "lots.hurdleBase");
      const half = (which: "main" | "pocket") => ({
        highWaterPerUnit: highWaterPerUnit[which],
        equalisationCredit: equalisationCredit[which],
        hurdleBase: hurdleBase[which],
      });
      return {
        id: lot.id,
        investorId: lot.investorId,
        pocketUnits: scaledText(units[i] as bigint, facts.unitsDp),
        main: half("main"),
        pocket: half("pocket"),
      };
    }),
  };
}

export const PocketValueInput = z.strictObject({
  currency: CurrencyCode,
  /** Of the fund, when the pocket was opened. */
  opened: z.strictObject({ fairValue: MoneyString, holdback: MoneyString, liabilities: MoneyString }),
  /** What the pocket of this class was worth then: its part of the three. */
  part: MoneyString,
  /** Fair value of the same assets now, of the fund. */
  fairValue: MoneyString,
});

export const PocketValueOutput = z.strictObject({ value: z.string() });

/**
 * R13: a side pocket is worth what its own assets are: fair value now + holdback − liabilities, of which it has the part it was opened with. Fund
 * currency, HALF_UP to the minor unit. Errors: EG400 when it is or was worth less than nothing.
 */
export function pocketValue(input: z.input<typeof PocketValueInput>): string {
  const { currency, opened, part, fairValue } = parseInput(PocketValueInput, input);
  const minor = (amount: string): bigint => toMinor(amount, currency);
  const kept = minor(opened.holdback) - minor(opened.liabilities);
  const then = minor(opened.fairValue) + kept;
  const now = minor(fairValue) + kept;
  if (then <= 0n || now < 0n) throw new EvergreenError("EG400", "A side pocket is worth less than nothing.");
  return fromMinor(halfUpDiv(now * minor(part), then), currency);
}
