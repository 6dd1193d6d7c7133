// The NAV of a strike as it would be proposed: from frozen inputs and from what the register and the last strike say of each class (R4, R20 to R25).
// Order of the rules: results and expenses → management fee → performance fee → NAV → classes. Pure.
import { CurrencyCode, MoneyString, PerformanceFee } from "@evergreen-fund/domain";
import { IsoDate, ManagementFee } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { accrueManagementFee } from "../fees/management-fee.ts";
import { performanceFee } from "../fees/performance-fee.ts";
import { byId, decimal, fixed, fromMinor, toMinor } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { Decimals } from "./fund-gate.ts";
import { classNavs, navPerUnitOf } from "./nav.ts";
import { scaledOf, scaledText } from "./scaled.ts";
import { SeriesNav, seriesNavs } from "./series-navs.ts";

const KINDS = ["asset", "cash", "receivable", "debt", "payable", "accrual"] as const;
const ASSETS: readonly string[] = ["asset", "cash", "receivable"];

export const DraftClass = z.strictObject({
  id: Name,
  units: NonNegative,
  unitsDp: Decimals,
  priceDp: Decimals,
  /** Price while there are no units, and the weight of a class that no strike knows yet. */
  price: NonNegative,
  /** The first price: the mark of the performance fee until another one is set. */
  issuePrice: NonNegative,
  /** Last final strike; left out for the first. */
  last: z
    .strictObject({
      date: IsoDate,
      nav: MoneyString,
      units: NonNegative,
      managementAccrued: MoneyString.default("0"),
      performanceAccrued: MoneyString.default("0"),
    })
    .optional(),
  /** Dealt since the last strike: bought for, paid out before levies and fees. */
  subscribed: MoneyString.default("0"),
  redeemed: MoneyString.default("0"),
  /** Of the performance fee accrued at the last strike: what was crystallised since, and what redemptions took along. The ledger owes it, or paid it. */
  performanceTaken: MoneyString.default("0"),
  /** High-water mark in force, money per unit, lowered by what was distributed (R22); left out, the first price. */
  mark: NonNegative.optional(),
  /** Fees as a strike of the past stated them, instead of those computed here; they are no longer among `inputs` either way. */
  stated: z.strictObject({ managementAccrued: MoneyString }).optional(),
  /**
   * Left the class for side pockets since the last strike (R13). Of a side pocket itself: its value by its own assets, so that it has no part in the
   * result of the others, and its mark, money per unit.
   */
  moved: MoneyString.default("0"),
  /** Paid to its holders since the last strike: leaves this class, and no other. */
  distributed: MoneyString.default("0"),
  pocket: z.strictObject({ value: MoneyString, mark: NonNegative }).optional(),
  management: ManagementFee,
  performance: PerformanceFee,
  /** For a fee by series: the lots, their series and the mark of each, money per unit. */
  lots: z
    .array(
      z.strictObject({
        id: Name,
        series: z.string().max(200),
        units: NonNegative,
        mark: NonNegative,
        openedOn: IsoDate,
        /** Day from which the hurdle runs, where that is not the opening. */
        since: IsoDate.optional(),
      }),
    )
    .max(1_000_000)
    .default([]),
  /** For a fee by series: what each stands at since the last strike, before fee and before the result; left out, a unit of each is worth the same. */
  series: z
    .array(z.strictObject({ id: z.string().min(1).max(200), assets: MoneyString }))
    .max(100_000)
    .default([]),
});
export type DraftClass = z.output<typeof DraftClass>;

export const DraftNavInput = z.strictObject({
  currency: CurrencyCode,
  navDate: IsoDate,
  /** Everything but the fees that are computed here. */
  inputs: z.array(z.strictObject({ kind: z.enum(KINDS), value: MoneyString })).max(200_000),
  classes: z.array(DraftClass).min(1).max(1_000),
});

export const DraftNavOutput = z.strictObject({
  totalAssets: z.string(),
  liabilities: z.string(),
  gnav: z.string(),
  performanceFee: z.string(),
  nav: z.string(),
  classes: z.array(
    z.strictObject({
      id: z.string(),
      nav: z.string(),
      navPerUnit: z.string(),
      /** Charged since the last strike; a performance fee that is given back is below zero. */
      managementFee: z.string(),
      performanceFee: z.string(),
      /** Liability of the fund for this class: management fee not paid yet. */
      managementAccrued: z.string(),
      /** Not a liability yet: falls again when the price falls. */
      performanceAccrued: z.string(),
      highWater: z.string(),
      /** Of a fee by series (R25), the oldest first: NAV and fee sum to those of the class. */
      series: z.array(SeriesNav),
    }),
  ),
});

/**
 * gnav = assets + cash + receivables − debt − payables − accruals, the fees of R20 among them; the result of the
 * period is shared by class value after the last dealing, each class bears its own fees (R4); performance fee on the price before it: one mark
 * for the class under equalisation (R21, R24), one for each series (R25). What was crystallised since the last strike is gone from what was accrued:
 * the ledger owes it as a payable. A side pocket is worth what its own assets are, and accrues a performance fee above its own mark (R13).
 * Rounding: HALF_UP to the minor unit per fee, price HALF_UP. Errors: EG400 for figures that contradict each other.
 */
export function draftNav(input: z.input<typeof DraftNavInput>): z.infer<typeof DraftNavOutput> {
  const facts = parseInput(DraftNavInput, input);
  const { currency } = facts;
  const minor = (amount: string): bigint => toMinor(amount, currency);
  const text = (amount: bigint): string => fromMinor(amount, currency);
  const rows = [...facts.classes].sort((a, b) => byId(a.id, b.id)).map((row) => ({ row, ...feesBefore(row, facts) }));
  const sum = (kinds: (kind: string) => boolean): bigint =>
    facts.inputs.filter(({ kind }) => kinds(kind)).reduce((total, { value }) => total + minor(value), 0n);
  const totalAssets = sum((kind) => ASSETS.includes(kind));
  const liabilities =
    sum((kind) => !ASSETS.includes(kind)) + rows.reduce((total, { management }) => total + management, 0n);
  const gnav = totalAssets - liabilities;
  const pooled = rows.filter(({ row }) => row.pocket === undefined);
  const apart = rows.reduce((total, { row }) => total + minor(row.pocket?.value ?? "0"), 0n);
  const parts = pooled.map(({ row, managementNew, performanceLeft }) =>
    partOf(row, managementNew, performanceLeft, currency),
  );
  const known = parts.reduce((total, part) => total + part.before + part.in - part.out + part.own, 0n);
  const before = classNavs({
    currency,
    pooledResult: text(gnav - apart - known),
    fundNav: text(gnav - apart),
    classes: parts.map((part, i) => ({
      id: pooled[i]!.row.id,
      navBefore: text(part.before),
      subscriptions: text(part.in),
      redemptions: text(part.out),
      classItems: text(part.own),
      units: pooled[i]!.row.units,
      unitsDp: pooled[i]!.row.unitsDp,
      priceDp: pooled[i]!.row.priceDp,
      issuePrice: pooled[i]!.row.price,
    })),
  });
  const gavs = new Map(before.classes.map(({ id, nav }) => [id, minor(nav)]));
  const classes = rows.map(({ row, management, managementNew, performanceLeft }) => {
    const gav = row.pocket === undefined ? (gavs.get(row.id) as bigint) : minor(row.pocket.value);
    const series = isSeries(row, gav) ? seriesNavs(row, gav, facts) : [];
    const accrued =
      series.length === 0
        ? performanceOf(row, gav, facts)
        : series.reduce((total, one) => total + minor(one.performanceAccrued), 0n);
    const units = scaledOf(row.units, row.unitsDp, "classes.units");
    const price =
      units === 0n
        ? scaledOf(row.price, row.priceDp, "classes.price")
        : navPerUnitOf(gav - accrued, units, row, currency);
    return {
      id: row.id,
      nav: text(gav - accrued),
      navPerUnit: scaledText(price, row.priceDp),
      managementFee: text(managementNew),
      performanceFee: text(accrued - performanceLeft),
      managementAccrued: text(management),
      performanceAccrued: text(accrued),
      highWater: markOf(row),
      series,
      accrued,
    };
  });
  const performance = classes.reduce((total, { accrued }) => total + accrued, 0n);
  return {
    totalAssets: text(totalAssets),
    liabilities: text(liabilities),
    gnav: text(gnav),
    performanceFee: text(performance),
    nav: text(gnav - performance),
    classes: classes.map(({ accrued: _accrued, ...row }) => row),
  };
}

type Facts = z.output<typeof DraftNavInput>;

/** Fees of a class up to the day, in minor units: management fee accrued and new since the last strike, and what is left of the performance fee of then. */
function feesBefore(row: DraftClass, { currency, navDate }: Facts) {
  const { last, stated } = row;
  const minor = (amount: string): bigint => toMinor(amount, currency);
  const before = minor(last?.managementAccrued ?? "0");
  const performanceLeft = minor(last?.performanceAccrued ?? "0") - minor(row.performanceTaken);
  if (stated !== undefined) {
    const management = minor(stated.managementAccrued);
    return { management, managementNew: management - before, performanceLeft };
  }
  if (last === undefined) return { management: 0n, managementNew: 0n, performanceLeft: 0n };
  const dealt = minor(last.nav) + minor(row.subscribed) - minor(row.redeemed) - minor(row.moved);
  const managementNew = minor(
    accrueManagementFee({
      currency,
      rate: row.management.rate,
      basis: row.management.basis === "act/act" ? "act/ACT" : row.management.basis,
      strikes: [{ date: last.date, nav: fromMinor(dealt < 0n ? 0n : dealt, currency) }],
      until: navDate,
    }).fee,
  );
  return { management: before + managementNew, managementNew, performanceLeft };
}

/** What a class brings to the strike, in minor units; one without units brings nothing, what it leaves belongs to the others. */
function partOf(row: DraftClass, managementNew: bigint, performanceLeft: bigint, currency: string) {
  const units = scaledOf(row.units, row.unitsDp, "classes.units");
  if (units === 0n) return { before: 0n, in: 0n, out: 0n, own: 0n };
  if (row.last === undefined) {
    const worth = decimal(row.units).times(decimal(row.price));
    return { before: toMinor(fixed(worth, decimals(currency)), currency), in: 0n, out: 0n, own: 0n };
  }
  return {
    before: toMinor(row.last.nav, currency),
    in: toMinor(row.subscribed, currency),
    out: toMinor(row.redeemed, currency) + toMinor(row.moved, currency) + toMinor(row.distributed, currency),
    own: performanceLeft - managementNew,
  };
}

const decimals = (currency: string): number => fromMinor(1n, currency).split(".")[1]?.length ?? 0;

const markOf = (row: DraftClass): string => row.pocket?.mark ?? row.mark ?? row.issuePrice;

const isSeries = (row: DraftClass, gav: bigint): boolean =>
  row.performance.method === "series" && row.lots.length > 0 && gav > 0n;

/** Performance fee that a class under equalisation would owe today, in minor units; `gav` is its value before it. */
function performanceOf(row: DraftClass, gav: bigint, { currency }: Facts): bigint {
  const { performance, unitsDp, priceDp } = row;
  const units = scaledOf(row.units, unitsDp, "classes.units");
  const nothing = performance.method !== "equalisation" || /^0(\.0+)?$/.test(performance.rate);
  if (nothing || units === 0n || gav <= 0n) return 0n;
  const { fee } = performanceFee({
    currency,
    unitsDp,
    priceDp,
    gnav: fromMinor(gav, currency),
    units: row.units,
    highWater: markOf(row),
    rate: performance.rate,
  });
  return toMinor(fee, currency);
}
