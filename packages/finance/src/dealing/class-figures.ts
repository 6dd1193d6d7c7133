// From what the database says of a class to what the NAV engine takes, for a strike and for its restatement; and the body that two people approve. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { DealingPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { decimal, ZERO } from "../money.ts";
import type { DraftClass, DraftNavOutput } from "./draft-nav.ts";
import { pocketValue } from "./side-pocket.ts";

/** A class as the database answers it (fn_read_nav_facts, fn_read_restatement). Fund currency, decimal strings. */
export interface ClassFigures {
  share_class_id: string;
  code: string;
  units: string;
  units_dp: number;
  price_dp: number;
  price: string | null;
  issue_price: string | null;
  last: {
    nav_date: string;
    nav: string;
    units: string;
    nav_per_unit: string;
    fees: {
      management_accrued: string;
      performance_accrued: string;
      high_water: string;
    } | null;
  } | null;
  subscribed: string;
  redeemed: string;
  /** High-water mark in force, money per unit. */
  mark: string | null;
  /** Of the performance fee accrued at the last strike: crystallised since, or taken along by redemptions. */
  performance_taken: string;
  /** What left for a side pocket since the last strike. */
  moved: string;
  /** Paid to its holders since the last strike. */
  distributed?: string | undefined;
  /** Of a side pocket: what it took when it was opened (R13). */
  pocket: {
    assets: string[];
    fair_value: string;
    holdback: string;
    liabilities: string;
    value: string;
    mark: string;
  } | null;
  policy: unknown;
  lots: {
    id: string;
    series: string;
    units: string;
    opened_on: string;
    mark: string;
    hurdle_from?: string | null | undefined;
  }[];
  /** Of a fee by series: what each stands at since the last strike, before fee and result; none before the first strike by series. */
  series?: { series: string; assets: string }[] | undefined;
}

export interface NavInput {
  asset_id?: string;
  kind: "asset" | "cash" | "receivable" | "debt" | "payable" | "accrual";
  label: string;
  value: string;
  as_of: string;
  source: string;
  blocked_by?: string;
  /** A mark that was rolled forward (R5): what it was, and by which index. */
  mark?: string;
  beta?: string;
  index_series?: string;
  index_at_mark?: string;
  index_now?: string;
  /** Paid into (plus) and out of it since the mark, with the index of the day. */
  payments?: { on: string; amount: string; index: string }[];
  /** A mark that the price breaker holds back: how far it moved and how far it may, in basis points. */
  drift_bps?: string;
  limit_bps?: string;
}

/** Label of the accrual of a class: what stands between a strike and the next one for its management fee. */
export const managementLabel = (code: string): string => `management fee of class ${code}`;

/** What of an input says which asset is worth what. */
type AssetValue = { readonly asset_id?: string | null; readonly value: string };

/**
 * A class as the engine takes it; a side pocket, which is closed, by its assets among the inputs and without a management fee: its costs are held back.
 * Errors: EG428 for a class without a complete policy, those of `pocketValue`.
 */
export function draftClass(
  row: ClassFigures,
  inputs: readonly AssetValue[],
  currency: string,
): z.input<typeof DraftClass> {
  const policy = DealingPolicy.safeParse(row.policy ?? {});
  if (!policy.success) throw new EvergreenError("EG428", `Class ${row.code} has no complete dealing policy in force.`);
  const { fees } = policy.data;
  // terms that state a first price have given it to the class when they were set
  const first = row.issue_price ?? row.price;
  if (first === null) throw new EvergreenError("EG428", `Class ${row.code} has no first price.`);
  const { last } = row;
  return {
    id: row.share_class_id,
    units: row.units,
    unitsDp: row.units_dp,
    priceDp: row.price_dp,
    price: row.price ?? first,
    issuePrice: first,
    ...(last === null
      ? {}
      : {
          last: {
            date: last.nav_date,
            nav: last.nav,
            units: last.units,
            managementAccrued: last.fees?.management_accrued ?? "0",
            performanceAccrued: last.fees?.performance_accrued ?? "0",
          },
        }),
    subscribed: row.subscribed,
    redeemed: row.redeemed,
    performanceTaken: row.performance_taken,
    ...(row.mark === null ? {} : { mark: row.mark }),
    moved: row.moved,
    ...(row.distributed === undefined ? {} : { distributed: row.distributed }),
    ...(row.pocket === null ? {} : { pocket: pocketOf(row.pocket, inputs, currency) }),
    management: row.pocket === null ? fees.management : { ...fees.management, rate: "0" },
    performance: fees.performance,
    lots: row.lots.map(({ id, series, units, mark, opened_on, hurdle_from }) => ({
      id,
      series,
      units,
      mark,
      openedOn: opened_on,
      ...(typeof hurdle_from === "string" ? { since: hurdle_from } : {}),
    })),
    series: (row.series ?? []).map(({ series, assets }) => ({ id: series, assets })),
  };
}

function pocketOf(
  pocket: NonNullable<ClassFigures["pocket"]>,
  inputs: readonly AssetValue[],
  currency: string,
): { value: string; mark: string } {
  const held = new Set(pocket.assets);
  const fairValue = inputs
    .filter(({ asset_id }) => typeof asset_id === "string" && held.has(asset_id))
    .reduce((sum, { value }) => sum.plus(decimal(value)), ZERO);
  const opened = { fairValue: pocket.fair_value, holdback: pocket.holdback, liabilities: pocket.liabilities };
  return {
    value: pocketValue({ currency, opened, part: pocket.value, fairValue: fairValue.toFixed() }),
    mark: pocket.mark,
  };
}

type Drafted = z.infer<typeof DraftNavOutput>;

/** The accruals of the fees that were computed, as inputs of the strike; nothing for a fee of zero. */
export function feeInputs(computed: Drafted, codes: ReadonlyMap<string, string>, asOf: string): NavInput[] {
  const line = (label: string, value: string): NavInput[] =>
    decimal(value).isZero() ? [] : [{ kind: "accrual", label, value, as_of: asOf, source: "dealing policy" }];
  return computed.classes.flatMap((row) => {
    const code = codes.get(row.id) ?? row.id;
    return line(managementLabel(code), row.managementAccrued);
  });
}

/** Body and classes as fn_propose_nav takes them. Fund currency, decimal strings. */
export const Figures = z.object({
  total_assets: z.string(),
  liabilities: z.string(),
  gnav: z.string(),
  performance_fee: z.string(),
  nav: z.string(),
  /** Fees: what the class was charged since the strike before, and the performance fee it owes in all. */
  classes: z.array(
    z.object({
      share_class_id: z.string(),
      nav: z.string(),
      nav_per_unit: z.string(),
      management_fee: z.string(),
      performance_fee: z.string(),
      performance_accrued: z.string(),
      /** Of a fee by series, the oldest first. */
      series: z.array(z.record(z.string(), z.string())).optional(),
    }),
  ),
  /** What the strike after it needs to know of the fees. */
  fees: z.array(z.record(z.string(), z.string())),
});
export type Figures = z.infer<typeof Figures>;

export const figuresOf = (computed: Drafted): Figures => ({
  total_assets: computed.totalAssets,
  liabilities: computed.liabilities,
  gnav: computed.gnav,
  performance_fee: computed.performanceFee,
  nav: computed.nav,
  classes: computed.classes.map((row) => ({
    share_class_id: row.id,
    nav: row.nav,
    nav_per_unit: row.navPerUnit,
    management_fee: row.managementFee,
    performance_fee: row.performanceFee,
    performance_accrued: row.performanceAccrued,
    ...(row.series.length === 0
      ? {}
      : {
          series: row.series.map((one) => ({
            series: one.id,
            units: one.units,
            nav: one.nav,
            nav_per_unit: one.navPerUnit,
            performance_accrued: one.performanceAccrued,
            high_water: one.mark,
            since: one.since,
          })),
        }),
  })),
  fees: computed.classes.map((row) => ({
    share_class_id: row.id,
    management_accrued: row.managementAccrued,
    performance_accrued: row.performanceAccrued,
    high_water: row.highWater,
  })),
});
