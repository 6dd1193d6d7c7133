// A NAV by hand: the administrator's figures from a file become frozen inputs, totals and class prices (R4). Nothing is waived: an input that is
// too old is frozen as blocked, and then nobody can propose the NAV. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { navPerUnitOf } from "@evergreen-fund/finance/dealing/nav.ts";
import { scaledOf, scaledText } from "@evergreen-fund/finance/dealing/scaled.ts";
import { fromMinor, toMinor } from "@evergreen-fund/finance/money.ts";
import { z } from "zod";
import { plain } from "./output.ts";
import type { ClassRow } from "./reads/classes.ts";

const Money = z.string().regex(/^-?\d{1,30}(\.\d{1,4})?$/, 'expected an amount as text, such as "1000.00"');

const Figure = z.string().regex(/^\d{1,20}(\.\d{1,18})?$/, 'expected a number as text, such as "100.25"');

export const NavPack = z.strictObject({
  inputs: z
    .array(
      z.strictObject({
        kind: z.enum(["asset", "cash", "receivable", "debt", "payable", "accrual"]),
        label: z.string().min(1).max(200),
        /** Key of the asset in the fund; only for assets. */
        asset: z.string().min(1).max(200).optional(),
        value: Money,
        asOf: z.iso.date(),
        source: z.string().min(1).max(200),
      }),
    )
    .min(1)
    .max(200_000),
  performanceFee: Money.default("0"),
  /** Values of the classes, and of the performance fee what each accrued; may be left out when one class has all the units. */
  classes: z
    .array(
      z.strictObject({
        class: z.string(),
        nav: Money,
        performanceFee: Money.default("0"),
        /** Where its fee is by series: each with its units, value and fee, its mark per unit, and the day its hurdle runs from. */
        series: z
          .array(
            z.strictObject({
              series: z.string().min(1).max(200),
              units: Figure,
              nav: Money,
              performanceFee: Money.default("0"),
              highWater: Figure,
              since: z.iso.date(),
            }),
          )
          .max(100_000)
          .optional(),
      }),
    )
    .optional(),
});
export type NavPack = z.output<typeof NavPack>;
type GivenSeries = NonNullable<NonNullable<NavPack["classes"]>[number]["series"]>[number];

export interface NavAsset {
  id: string;
  key: string;
  type: string;
}

export interface HandMadeNav {
  inputs: Record<string, unknown>[];
  body: { total_assets: string; liabilities: string; gnav: string; performance_fee: string; nav: string };
  classes: {
    share_class_id: string;
    nav: string;
    nav_per_unit: string;
    performance_accrued: string;
    series?: Record<string, string>[];
  }[];
  blocked: { label: string; blockedBy: string }[];
}

/** Errors: EG400 with the place. */
export function readNavPack(document: unknown): NavPack {
  const parsed = NavPack.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join(".") || "the file";
  throw new EvergreenError(
    "EG400",
    `That is not a file of NAV inputs: ${plain(place)}: ${plain(issue?.message ?? "")}.`,
  );
}

/**
 * NAV = assets + cash + receivables − debt − payables − accruals − performance fee; price = value / units, HALF_UP at the decimals of the class; a class
 * without units stands at its first price. `maxAges`: days by type of asset, with `default`. Errors: EG400 for an unknown asset or class, or classes that
 * do not add up.
 */
export function navByHand(
  pack: NavPack,
  facts: {
    currency: string;
    date: string;
    classes: readonly ClassRow[];
    assets: readonly NavAsset[];
    maxAges: Readonly<Record<string, number>>;
  },
): HandMadeNav {
  const minor = (amount: string): bigint => toMinor(amount, facts.currency);
  const text = (amount: bigint): string => fromMinor(amount, facts.currency);
  const byKey = new Map(facts.assets.map((asset) => [asset.key, asset]));
  const blocked: HandMadeNav["blocked"] = [];
  const inputs = pack.inputs.map((row) => {
    const asset = row.asset === undefined ? undefined : byKey.get(row.asset);
    if ((row.kind === "asset") !== (asset !== undefined))
      throw new EvergreenError(
        "EG400",
        row.kind === "asset"
          ? `${plain(row.label)}: name an asset of the fund by its key; there is no ${plain(row.asset ?? "key")}.`
          : `${plain(row.label)}: only an input of kind asset names an asset.`,
      );
    const age = Math.round((Date.parse(facts.date) - Date.parse(row.asOf)) / 86_400_000);
    const most = facts.maxAges[asset?.type ?? "cash"] ?? facts.maxAges.default ?? 0;
    const words = age > most ? `${age} days old, ${most} are allowed` : undefined;
    if (words !== undefined) blocked.push({ label: row.label, blockedBy: words });
    return {
      ...(asset === undefined ? {} : { asset_id: asset.id }),
      kind: row.kind,
      label: row.label,
      value: row.value,
      as_of: row.asOf,
      source: row.source,
      ...(words === undefined ? {} : { blocked_by: words }),
    };
  });
  const of = (...kinds: string[]): bigint =>
    pack.inputs.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { value }) => sum + minor(value), 0n);
  const total = of("asset", "cash", "receivable");
  const owed = of("debt", "payable", "accrual");
  const fee = minor(pack.performanceFee);
  const nav = total - owed - fee;
  return {
    inputs,
    blocked,
    body: {
      total_assets: text(total),
      liabilities: text(owed),
      gnav: text(total - owed),
      performance_fee: text(fee),
      nav: text(nav),
    },
    classes: classValues(pack, facts.classes, text(nav), text(fee)).map(({ shareClass, value, accrued, series }) => {
      const units = scaledOf(shareClass.units_outstanding, shareClass.units_dp, "units");
      const first = shareClass.issue_price ?? shareClass.nav_per_unit;
      if (units === 0n && first === null)
        throw new EvergreenError("EG400", `Class ${plain(shareClass.code)} has no units and no first price.`);
      const price =
        units === 0n
          ? scaledOf(first ?? "0", shareClass.price_dp, "price")
          : navPerUnitOf(
              minor(value),
              units,
              { unitsDp: shareClass.units_dp, priceDp: shareClass.price_dp },
              facts.currency,
            );
      return {
        share_class_id: shareClass.share_class_id,
        nav: value,
        nav_per_unit: scaledText(price, shareClass.price_dp),
        performance_accrued: accrued,
        ...(series === undefined ? {} : { series: series.map((row) => seriesValue(row, shareClass)) }),
      };
    }),
  };

  function seriesValue(row: GivenSeries, { units_dp: unitsDp, price_dp: priceDp }: ClassRow): Record<string, string> {
    const units = scaledOf(row.units, unitsDp, "series.units");
    if (units === 0n) throw new EvergreenError("EG400", `Series ${plain(row.series)} has no units.`);
    const price = navPerUnitOf(minor(row.nav), units, { unitsDp, priceDp }, facts.currency);
    return {
      series: row.series,
      units: row.units,
      nav: text(minor(row.nav)),
      nav_per_unit: scaledText(price, priceDp),
      performance_accrued: text(minor(row.performanceFee)),
      high_water: row.highWater,
      since: row.since,
    };
  }

  function classValues(given: NavPack, all: readonly ClassRow[], whole: string, fees: string) {
    if (given.classes !== undefined) {
      const byCode = new Map(all.map((row) => [row.code, row]));
      const rows = given.classes.map((row) => {
        const shareClass = byCode.get(row.class);
        if (shareClass === undefined) throw new EvergreenError("EG400", `The fund has no class ${plain(row.class)}.`);
        return {
          shareClass,
          value: text(minor(row.nav)),
          accrued: text(minor(row.performanceFee)),
          series: row.series,
        };
      });
      const sum = rows.reduce((parts, { value }) => parts + minor(value), 0n);
      if (sum !== minor(whole))
        throw new EvergreenError("EG400", `The classes add up to ${text(sum)}, the fund has ${whole}.`);
      const accrued = rows.reduce((parts, row) => parts + minor(row.accrued), 0n);
      if (accrued !== minor(fees))
        throw new EvergreenError(
          "EG400",
          `The classes accrued a performance fee of ${text(accrued)} ("classes": "performanceFee"), the fund has ${fees}.`,
        );
      return rows;
    }
    const withUnits = all.filter((row) => /[1-9]/.test(row.units_outstanding));
    if (withUnits.length > 1)
      throw new EvergreenError(
        "EG400",
        `Say in the file what each class is worth ("classes"): ${withUnits.map((row) => plain(row.code)).join(", ")} have units.`,
      );
    return all.map((shareClass) => ({
      shareClass,
      value: shareClass === withUnits[0] ? whole : text(0n),
      accrued: shareClass === withUnits[0] ? fees : text(0n),
      series: undefined,
    }));
  }
}
