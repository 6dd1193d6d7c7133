// A NAV that was wrong: whether the error is material, and what every deal of the window is owed, by whom (R30, CSSF circular 24/856). Pure.
import { CurrencyCode, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { AmountString, FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { byId, currencyExponent, decimal } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Decimals } from "./fund-gate.ts";
import { ulpValue } from "./pro-rata.ts";
import {
  type Fraction,
  fraction,
  fractionOf,
  fractionText,
  rescale,
  scaledOf,
  scaledText,
  VALUE_DP,
} from "./scaled.ts";
import { cashOf, issue } from "./units.ts";

/** Tolerance by kind of fund; professional funds set their own up to 5 %, with an analysis. */
export const TOLERANCES = {
  money_market: "0.002",
  bond_or_mixed: "0.005",
  equity_or_other: "0.01",
} as const;
const PROFESSIONAL_MOST = "0.05";

export const NavErrorInput = z.strictObject({
  currency: CurrencyCode,
  fundKind: z.enum(["money_market", "bond_or_mixed", "equity_or_other", "professional"]),
  /** For professional funds: their own tolerance, at most 0.05. */
  tolerance: FractionString.optional(),
  published: NonNegative,
  correct: NonNegative,
  unitsDp: Decimals.default(4),
  priceDp: Decimals.default(4),
  /** Investors owed less than this are named and not paid. */
  deMinimis: AmountString.default("0"),
  /** Deals of the window at the published price. */
  deals: z
    .array(
      z.strictObject({
        id: Name,
        investorId: Name,
        direction: z.enum(["subscription", "redemption"]),
        units: NonNegative,
        /** Net amount that a subscriber paid; left out: units × published price. */
        amount: MoneyString.optional(),
        /**
         * Of a class with a performance fee: the price this order dealt at and the correct one, what it came to and should have come to, exact (R24 with
         * credit and depreciation, R25 series by series). Left out: units × the prices of the class.
         */
        value: z
          .strictObject({ published: NonNegative, correct: NonNegative, was: NonNegative, due: NonNegative })
          .optional(),
      }),
    )
    .max(1_000_000)
    .default([]),
});
export const NavErrorOutput = z.strictObject({
  /** |published − correct| / correct. */
  error: z.string(),
  tolerance: z.string(),
  material: z.boolean(),
  direction: z.enum(["overstated", "understated", "none"]),
  deals: z.array(
    z.strictObject({
      id: z.string(),
      investorId: z.string(),
      case: z.enum([
        "subscriber_overpaid",
        "redeemer_overpaid",
        "redeemer_underpaid",
        "subscriber_excess_units",
        "none",
      ]),
      unitsDealt: z.string(),
      /** Units or cash that the deal would have had at the correct price. */
      unitsDue: z.string().nullable(),
      cashDue: z.string().nullable(),
      /** units × |published − correct|, rounded to the minor unit in favour of whoever is owed. */
      difference: z.string(),
      owedTo: z.enum(["investor", "fund", "nobody"]),
      owedBy: z.enum(["fund", "responsible_party", "nobody"]),
      belowDeMinimis: z.boolean(),
    }),
  ),
  investors: z.array(z.strictObject({ id: z.string(), owed: z.string(), pays: z.boolean() })),
  /** What the fund holds too much and pays to investors, and what the responsible party makes good to it. */
  fund: z.strictObject({ paysToInvestors: z.string(), receivesFromResponsibleParty: z.string() }),
});

type Case = z.infer<typeof NavErrorOutput>["deals"][number]["case"];
const OWED: Record<Case, { owedTo: "investor" | "fund" | "nobody"; owedBy: "fund" | "responsible_party" | "nobody" }> =
  {
    subscriber_overpaid: { owedTo: "investor", owedBy: "fund" },
    redeemer_underpaid: { owedTo: "investor", owedBy: "fund" },
    redeemer_overpaid: { owedTo: "fund", owedBy: "responsible_party" },
    subscriber_excess_units: { owedTo: "fund", owedBy: "responsible_party" },
    none: { owedTo: "nobody", owedBy: "nobody" },
  };

/**
 * R30. Material iff error > tolerance (strictly). Overstated: subscribers are owed units × Δ, redeemers were overpaid and the responsible party makes
 * the fund whole; understated: redeemers are owed units × Δ, excess units of subscribers are made good to the fund. Investors are never asked for money.
 * Differences are rounded up at the minor unit, since somebody is owed them. An immaterial error has the same table and pays nobody.
 * Errors: EG400 for a price of 0, or a tolerance that the kind of fund may not have.
 */
export function navError(input: z.input<typeof NavErrorInput>): z.infer<typeof NavErrorOutput> {
  const facts = parseInput(NavErrorInput, input);
  refuseRepeats("deals", facts.deals);
  const dp = currencyExponent(facts.currency);
  const published = scaledOf(facts.published, facts.priceDp, "published");
  const correct = scaledOf(facts.correct, facts.priceDp, "correct");
  if (published <= 0n || correct <= 0n) throw new EvergreenError("EG400", "Expected prices above 0.");
  const gap = published > correct ? published - correct : correct - published;
  const error = fraction(gap, correct);
  const tolerance = toleranceOf(facts.fundKind, facts.tolerance);
  const material = error.num * tolerance.den > tolerance.num * error.den;
  const direction = gap === 0n ? "none" : published > correct ? "overstated" : "understated";
  const ulps = {
    published: ulpValue(published, facts.unitsDp, facts.priceDp),
    correct: ulpValue(correct, facts.unitsDp, facts.priceDp),
    gap: ulpValue(gap, facts.unitsDp, facts.priceDp),
  };
  const least = scaledOf(facts.deMinimis, dp, "deMinimis");
  const owed = new Map<string, bigint>();
  const rows = [...facts.deals]
    .sort((a, b) => byId(a.id, b.id))
    .map((deal) => {
      const units = scaledOf(deal.units, facts.unitsDp, "deals.units");
      const own = deal.value === undefined ? null : ownValue(deal.value, facts);
      const kind = caseOf(own?.direction ?? direction, deal.direction);
      const minor = rescale(own?.gap ?? units * ulps.gap, VALUE_DP, dp, "ceil");
      if (OWED[kind].owedTo === "investor") owed.set(deal.investorId, (owed.get(deal.investorId) ?? 0n) + minor);
      const paid =
        deal.amount === undefined
          ? cashOf(units, own?.published ?? ulps.published, dp).cash
          : scaledOf(deal.amount, dp, "deals.amount");
      const subscribed = deal.direction === "subscription";
      return {
        id: deal.id,
        investorId: deal.investorId,
        case: kind,
        unitsDealt: scaledText(units, facts.unitsDp),
        unitsDue: subscribed
          ? scaledText(issue(paid, own?.correct ?? ulps.correct, dp, null).units, facts.unitsDp)
          : null,
        cashDue: subscribed
          ? null
          : scaledText(
              own === null ? cashOf(units, ulps.correct, dp).cash : rescale(own.due, VALUE_DP, dp, "floor"),
              dp,
            ),
        minor,
        ...OWED[kind],
      };
    });
  const pays = (investorId: string): boolean =>
    material && (owed.get(investorId) ?? 0n) >= least && (owed.get(investorId) ?? 0n) > 0n;
  const sum = (amounts: bigint[]): string =>
    scaledText(
      amounts.reduce((left, right) => left + right, 0n),
      dp,
    );
  return {
    error: fractionText(error),
    tolerance: fractionText(tolerance),
    material,
    direction,
    deals: rows.map(({ minor, ...row }) => ({
      ...row,
      difference: scaledText(minor, dp),
      belowDeMinimis: row.owedTo === "investor" && (owed.get(row.investorId) ?? 0n) < least,
    })),
    investors: [...owed]
      .sort(([a], [b]) => byId(a, b))
      .map(([id, amount]) => ({ id, owed: scaledText(amount, dp), pays: pays(id) })),
    fund: {
      paysToInvestors: sum([...owed].flatMap(([id, amount]) => (pays(id) ? [amount] : []))),
      receivesFromResponsibleParty: sum(
        material ? rows.flatMap((row) => (row.owedTo === "fund" ? [row.minor] : [])) : [],
      ),
    },
  };
}

/** Values in 10^-18, prices as the value of 10^-u units in 10^-18. */
function ownValue(
  value: { published: string; correct: string; was: string; due: string },
  { unitsDp, priceDp }: { unitsDp: number; priceDp: number },
) {
  const exact = (text: string, name: string): bigint => scaledOf(text, VALUE_DP, `deals.value.${name}`);
  // the price of a redemption over several series is an average that nothing is computed from
  const ulp = (text: string): bigint =>
    ulpValue(scaledOf(decimal(text).toDecimalPlaces(priceDp).toFixed(), priceDp, "deals.value"), unitsDp, priceDp);
  const [was, due] = [exact(value.was, "was"), exact(value.due, "due")];
  return {
    direction: was === due ? ("none" as const) : was > due ? ("overstated" as const) : ("understated" as const),
    gap: was > due ? was - due : due - was,
    published: ulp(value.published),
    correct: ulp(value.correct),
    due,
  };
}

function caseOf(direction: "overstated" | "understated" | "none", side: "subscription" | "redemption"): Case {
  if (direction === "none") return "none";
  if (direction === "overstated") return side === "subscription" ? "subscriber_overpaid" : "redeemer_overpaid";
  return side === "subscription" ? "subscriber_excess_units" : "redeemer_underpaid";
}

function toleranceOf(kind: keyof typeof TOLERANCES | "professional", own: string | undefined): Fraction {
  if (kind !== "professional") {
    if (own !== undefined) throw new EvergreenError("EG400", "tolerance: only a professional fund sets its own.");
    return fractionOf(TOLERANCES[kind], "tolerance");
  }
  const chosen = fractionOf(own ?? PROFESSIONAL_MOST, "tolerance");
  const most = fractionOf(PROFESSIONAL_MOST, "tolerance");
  if (chosen.num * most.den > most.num * chosen.den)
    throw new EvergreenError("EG400", "tolerance: a professional fund may set at most 0.05.");
  return chosen;
}
