// Net asset value of the fund and of its classes, in the order of R4: results and expenses, management fee, performance fee, NAV. Pure.
import { CurrencyCode, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId, currencyExponent, fromMinor, largestRemainder, toMinor } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Decimals } from "./fund-gate.ts";
import { fraction, fractionText, halfUpDiv, pow10, scaledOf, scaledText } from "./scaled.ts";

export const FundNavInput = z.strictObject({
  currency: CurrencyCode,
  /** Fair values in the fund's currency. */
  assets: z.array(z.strictObject({ id: Name, value: MoneyString })).max(100_000),
  cash: MoneyString,
  receivables: MoneyString.default("0"),
  debt: MoneyString.default("0"),
  payables: MoneyString.default("0"),
  /** Operating expenses accrued and not paid. */
  accruedOperating: MoneyString.default("0"),
  accruedManagementFee: MoneyString.default("0"),
  accruedPerformanceFee: MoneyString.default("0"),
});
export const FundNavOutput = z.strictObject({
  totalAssets: z.string(),
  liabilities: z.string(),
  /** NAV before the performance fee: what R21 and R24 call GAV. */
  gnav: z.string(),
  performanceFee: z.string(),
  nav: z.string(),
});

/** R4 in whole minor units, nothing is rounded. Errors: EG400 for an amount finer than the currency's minor unit or a repeated id. */
export function fundNav(input: z.input<typeof FundNavInput>): z.infer<typeof FundNavOutput> {
  const facts = parseInput(FundNavInput, input);
  refuseRepeats("assets", facts.assets);
  const minor = (amount: string): bigint => toMinor(amount, facts.currency);
  const assets = facts.assets.reduce((sum, asset) => sum + minor(asset.value), 0n);
  const totalAssets = assets + minor(facts.cash) + minor(facts.receivables);
  const liabilities =
    minor(facts.debt) + minor(facts.payables) + minor(facts.accruedOperating) + minor(facts.accruedManagementFee);
  const performanceFee = minor(facts.accruedPerformanceFee);
  const text = (amount: bigint): string => fromMinor(amount, facts.currency);
  return {
    totalAssets: text(totalAssets),
    liabilities: text(liabilities),
    gnav: text(totalAssets - liabilities),
    performanceFee: text(performanceFee),
    nav: text(totalAssets - liabilities - performanceFee),
  };
}

export const ClassNavsInput = z.strictObject({
  currency: CurrencyCode,
  /** Result of the period that all classes share: income, valuation, pooled expenses. */
  pooledResult: MoneyString,
  classes: z
    .array(
      z.strictObject({
        id: Name,
        /** NAV of the strike before; "0" for a new class. */
        navBefore: MoneyString,
        /** Dealt at the strike before. */
        subscriptions: MoneyString.default("0"),
        redemptions: MoneyString.default("0"),
        /** Only this class: its fees, its hedge. */
        classItems: MoneyString.default("0"),
        /** Units after those dealings. */
        units: NonNegative,
        unitsDp: Decimals.default(4),
        priceDp: Decimals.default(4),
        /** Price while there are no units yet. */
        issuePrice: NonNegative.default("100"),
      }),
    )
    .min(1)
    .max(1_000),
  /** NAV of the fund, to hold the sum against. */
  fundNav: MoneyString.optional(),
});
export const ClassNavsOutput = z.strictObject({
  classes: z.array(
    z.strictObject({
      id: z.string(),
      share: z.string(),
      pooled: z.string(),
      nav: z.string(),
      units: z.string(),
      /** Published: orders deal at it. */
      navPerUnit: z.string(),
      /** For analytics only. */
      navPerUnitFull: z.string(),
    }),
  ),
  nav: z.string(),
});

/**
 * NAV_c = NAV_c before + subscriptions − redemptions + pooled result × share_c + class items; share_c from NAV_c after the dealing before. The pooled
 * result is divided by largest remainder in minor units (ties to the smallest id), so Σ classes = fund. NAV per unit HALF_UP at `priceDp`.
 * Errors: EG400 for a share below 0, NAV without units; EG425 when the classes do not add up to `fundNav`.
 */
export function classNavs(input: z.input<typeof ClassNavsInput>): z.infer<typeof ClassNavsOutput> {
  const facts = parseInput(ClassNavsInput, input);
  refuseRepeats("classes", facts.classes);
  const { currency } = facts;
  const minor = (amount: string): bigint => toMinor(amount, currency);
  const classes = [...facts.classes].sort((a, b) => byId(a.id, b.id));
  const weights = classes.map((row) => minor(row.navBefore) + minor(row.subscriptions) - minor(row.redemptions));
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const pooled = minor(facts.pooledResult);
  if (weights.some((weight) => weight < 0n))
    throw new EvergreenError("EG400", "classes: a class was redeemed below zero.");
  if (total === 0n && pooled !== 0n)
    throw new EvergreenError("EG400", "pooledResult: no class holds anything that could share it.");
  const parts = total === 0n ? weights : largestRemainder(pooled, weights);
  const rows = classes.map((row, i) => {
    const nav = (weights[i] as bigint) + (parts[i] as bigint) + minor(row.classItems);
    const units = scaledOf(row.units, row.unitsDp, "classes.units");
    if (units === 0n && nav !== 0n)
      throw new EvergreenError("EG400", "classes: a class has a NAV and no units: settle its items first.");
    const issue = scaledOf(row.issuePrice, row.priceDp, "classes.issuePrice");
    return {
      id: row.id,
      share: total === 0n ? "0" : fractionText(fraction(weights[i] as bigint, total)),
      pooled: fromMinor(parts[i] as bigint, currency),
      nav: fromMinor(nav, currency),
      units: scaledText(units, row.unitsDp),
      navPerUnit: scaledText(units === 0n ? issue : navPerUnitOf(nav, units, row, currency), row.priceDp),
      navPerUnitFull:
        units === 0n ? row.issuePrice : scaledText(navPerUnitOf(nav, units, { ...row, priceDp: 18 }, currency), 18),
      minor: nav,
    };
  });
  const nav = rows.reduce((sum, row) => sum + row.minor, 0n);
  if (facts.fundNav !== undefined && nav !== minor(facts.fundNav))
    throw new EvergreenError(
      "EG425",
      "The classes do not add up to the NAV of the fund: an item is missing or counted twice.",
    );
  return { classes: rows.map(({ minor: _minor, ...row }) => row), nav: fromMinor(nav, currency) };
}

/** NAV (minor units) per unit (10^-unitsDp) at `priceDp` decimals, HALF_UP. */
export function navPerUnitOf(
  nav: bigint,
  units: bigint,
  dp: { unitsDp: number; priceDp: number },
  currency: string,
): bigint {
  return halfUpDiv(nav * pow10(dp.unitsDp + dp.priceDp), units * pow10(currencyExponent(currency)));
}
