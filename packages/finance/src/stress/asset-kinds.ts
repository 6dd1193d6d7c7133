// Which pricer revalues an asset of a book, with what: by cash flows, beta, lagged roll-forward, capitalisation rate where the asset says enough, and by the
// rule of its class where it does not. Whatever is assumed is a remark, and so is whatever stands still. Pure.
import { type PRIVATE_CLASSES, type SPREAD_CLASSES, TENORS } from "@evergreen-fund/domain/scenarios/index.ts";
import { daysBetween } from "../fees/days.ts";
import { BPS, byId, decimal, Exact, ratioText } from "../money.ts";
import { Asset } from "../valuation/asset.ts";
import { discount } from "../valuation/curve.ts";
import type { Priced, priceAlong } from "../valuation/local-value.ts";
import type { BookAsset, FundBook } from "./book.ts";
import { type Levels, tenorYears } from "./paths.ts";
import { regionOf } from "./regions.ts";
import { curveSeries, fxSeries } from "./terms.ts";

/** Types whose value the reported sensitivities of a fund speak of. */
export const DEBT_TYPES = ["bond", "debt", "loan", "structured_note", "asset_backed"] as const;
const CASH_LIKE = ["money_market", "short_term_vehicle", "repurchase"];
const LISTED = ["equity", "preferred_equity", "registered_fund"];
const PRIVATE: Readonly<Record<string, (typeof PRIVATE_CLASSES)[number]>> = {
  private_equity: "private_equity",
  private_fund: "private_equity",
  private_credit: "private_credit",
  infrastructure: "infrastructure",
  real_estate: "real_estate",
  property: "real_estate",
};
/** Years taken for a duration where neither the asset nor a maturity says one. */
const DURATION_WITHOUT_MATURITY = "5";
const DURATION_OF_CASH_LIKE = "0.25";
/** Periods by which a private mark follows a listed index where the asset does not say. */
const LAG = 1;

/** What holds for every asset of a run: read once. */
export interface Facts {
  book: FundBook;
  levels: Levels;
  /** Series that the book has an observation of. */
  known: ReadonlySet<string>;
  /** Its newest observation. */
  rates: ReadonlyMap<string, string>;
  /** Marks older than this catch up with their index at once. */
  catchUpDays: number | undefined;
}

export function factsOf(book: FundBook, levels: Levels): Facts {
  const rates = new Map<string, string>();
  for (const { series, value } of [...book.market].sort((a, b) => byId(a.asOf, b.asOf))) rates.set(series, value);
  return {
    book,
    levels,
    known: new Set(rates.keys()),
    rates,
    catchUpDays: levels.term("marks.catch_up_days", [], 1)?.toNumber(),
  };
}

export type Reading = typeof priceAlong;
export interface Mapped {
  asset: Asset;
  /** Prices instead of its kind. */
  price?: Reading;
  /** What was assumed, and what stands still: words that fit behind "3 assets: ". */
  remarks: string[];
}

export const isDebt = ({ type }: Pick<BookAsset, "type">): boolean => (DEBT_TYPES as readonly string[]).includes(type);
export const isCash = ({ type }: Pick<BookAsset, "type">): boolean => type === "cash";

/** Marks are in the fund's currency: a currency that moves acts on them from a rate of 1. */
export const translated = (currency: string): string => `translated:${currency}`;

/** The parts that every kind has; `spot` names the series of the rate where the value is in the asset's own currency. */
export function marked(asset: BookAsset, book: FundBook, value = asset.value, spot = translated(asset.currency)) {
  const foreign = asset.currency !== book.fund.currency;
  return {
    id: asset.id,
    currency: asset.currency,
    value,
    markedOn: asset.markedOn,
    ...(foreign
      ? {
          fx: {
            series: spot,
            factor: `fx.${asset.currency}.${book.fund.currency}`,
            hedgeRatio: asset.terms?.hedgeRatio ?? "0",
          },
        }
      : {}),
  };
}

/** Everything but what is divided from a whole. */
export function mapped(asset: BookAsset, facts: Facts): Mapped {
  if (asset.termsProblem !== null) {
    const rest = byType({ ...asset, terms: null }, facts);
    return {
      ...rest,
      remarks: [`what they say of their valuation cannot be read (${asset.termsProblem})`, ...rest.remarks],
    };
  }
  return byType(asset, facts);
}

function byType(asset: BookAsset, facts: Facts): Mapped {
  if (isCash(asset)) return { asset: Asset.parse({ ...marked(asset, facts.book), kind: "cash" }), remarks: [] };
  if (isDebt(asset) || CASH_LIKE.includes(asset.type)) return debt(asset, facts);
  if (LISTED.includes(asset.type)) return listed(asset, facts);
  const kind = asset.terms?.privateClass ?? PRIVATE[asset.type];
  if (kind !== undefined) return privately(asset, facts, kind);
  return standing(asset, facts, `no factor acts on the type ${asset.type}: unchanged`, "unchanged_no_factor");
}

/** Left as it is, which its method says. Its currency moves all the same. */
function standing(asset: BookAsset, { book }: Facts, remark: string, method: string): Mapped {
  const still = Asset.parse({ ...marked(asset, book), kind: "cash" });
  return { asset: still, price: constant(method), remarks: [remark] };
}

const constant =
  (method: string): Reading =>
  (asset, market, way): Priced => {
    market.note(`mark:${asset.id}`, asset.markedOn, asset.value);
    const zero = new Exact(0);
    return {
      method,
      convexity: "none",
      values: way.days.map(() => decimal(asset.value)),
      paid: way.days.map(() => zero),
    };
  };

/** Class of spreads: what the asset says, else by the issuer's category on Form N-PORT. */
export function spreadClassOf(asset: BookAsset): (typeof SPREAD_CLASSES)[number] {
  if (asset.terms?.spreadClass !== undefined) return asset.terms.spreadClass;
  if (asset.type === "asset_backed") return asset.category === "ABS-MBS" ? "mortgage" : "securitised";
  const byIssuer = {
    UST: "sovereign",
    USGA: "sovereign",
    USGSE: "sovereign",
    NUSS: "sovereign",
    MUN: "municipal",
  } as const;
  return (
    byIssuer[asset.issuerCategory as keyof typeof byIssuer] ??
    (asset.type === "loan" ? "high_yield" : "investment_grade")
  );
}

function debt(asset: BookAsset, facts: Facts): Mapped {
  const { book, levels, known } = facts;
  const flows = asset.terms?.cashFlows?.filter(({ date }) => date > book.asOf) ?? [];
  const curve = TENORS.flatMap((tenor) => {
    const series = curveSeries(asset.currency, tenor);
    return known.has(series) ? [{ years: tenorYears(tenor), series }] : [];
  });
  const spot = spotOf(asset, facts);
  const spreadFactor = `spread.${spreadClassOf(asset)}`;
  if (flows.length > 0 && curve.length > 0 && spot !== undefined && decimal(asset.value).gt(0)) {
    const own = ratioText(decimal(asset.value).div(spot.rate));
    const keyed = TENORS.filter((tenor) => levels.of(`rates.key.${asset.currency}.${tenor}`) !== null);
    const bond = Asset.parse({
      ...marked(asset, book, own, spot.series),
      kind: "bond",
      cashFlows: flows,
      rates: {
        curve,
        ...(asset.terms?.compounding === undefined ? {} : { compounding: asset.terms.compounding }),
        ...(asset.terms?.dayCount === undefined ? {} : { dayCount: asset.terms.dayCount }),
        parallelFactor: `rates.parallel.${asset.currency}`,
        keyRates: keyed.map((tenor) => ({ years: tenorYears(tenor), factor: `rates.key.${asset.currency}.${tenor}` })),
      },
      spreadFactor,
    });
    return { asset: bond, remarks: [] };
  }
  const missing =
    flows.length === 0 ? "no cash flows" : curve.length === 0 ? `no curve of ${asset.currency}` : "no exchange rate";
  const { years, words } = durationOf(asset, book);
  const rate = `rates.at.${asset.currency}.${years}`;
  const dv01 = ratioText(decimal(asset.value).times(years).div(BPS));
  const line = Asset.parse({
    ...marked(asset, book),
    kind: "sensitivities",
    source: { series: `duration:${asset.id}`, asOf: asset.markedOn },
    sensitivities: [rate, spreadFactor].map((factor) => ({ measure: "dv01", factor, amount: dv01 })),
  });
  return {
    asset: line,
    price: singlePayment(years, [rate, spreadFactor]),
    remarks: [`${missing}: valued as one payment at ${words}`],
  };
}

/** The rate at which a value in the fund's currency becomes one in the asset's; undefined where it is needed and not observed. */
function spotOf(asset: BookAsset, { book, rates }: Facts): { series: string; rate: Exact } | undefined {
  if (asset.currency === book.fund.currency) return { series: "", rate: new Exact(1) };
  const series = fxSeries(asset.currency, book.fund.currency);
  const newest = rates.get(series);
  return newest === undefined || decimal(newest).lte(0) ? undefined : { series, rate: decimal(newest) };
}

function durationOf(asset: BookAsset, book: FundBook): { years: string; words: string } {
  if (asset.terms?.duration !== undefined) return { years: asset.terms.duration, words: "its duration" };
  if (asset.maturity !== null) {
    const days = Math.max(0, daysBetween(book.asOf, asset.maturity));
    return { years: ratioText(new Exact(days).div(365).toDecimalPlaces(6)), words: "its maturity" };
  }
  return CASH_LIKE.includes(asset.type)
    ? { years: DURATION_OF_CASH_LIKE, words: `${DURATION_OF_CASH_LIKE} years, which is assumed` }
    : { years: DURATION_WITHOUT_MATURITY, words: `${DURATION_WITHOUT_MATURITY} years, which is assumed` };
}

/** Value · e^(−years · (rate + spread)): what a single payment does, and no payment is ever worth less than nothing. */
const singlePayment =
  (years: string, factors: readonly string[]): Reading =>
  (asset, market, way): Priced => {
    market.note(`mark:${asset.id}`, asset.markedOn, asset.value);
    market.note(`duration:${asset.id}`, asset.markedOn, years);
    const values = way.days.map((_, i) => {
      const moved = factors.reduce((sum, factor) => sum.plus(way.shocks.basisPoints(factor, i + 1)), new Exact(0));
      return decimal(asset.value).times(discount(moved.div(BPS), decimal(years), "continuous").factor);
    });
    return { method: "single_payment_at_duration", convexity: "unknown", values, paid: values.map(() => new Exact(0)) };
  };

function listed(asset: BookAsset, { book, levels }: Facts): Mapped {
  const remarks: string[] = [];
  const region = asset.terms?.region ?? regionOf(asset.country);
  const factor = `equity.${region ?? "all"}.${asset.terms?.sector ?? "all"}`;
  const beta = asset.terms?.beta;
  if (beta === undefined) remarks.push("no beta: taken as 1");
  if (region === undefined) remarks.push("no region: the index of all regions, or none");
  if (levels.of(factor) === null) remarks.push("the scenario moves no index of theirs: unchanged");
  const share = Asset.parse({
    ...marked(asset, book),
    kind: "listed",
    estimatedOn: asset.terms?.estimatedOn ?? asset.markedOn,
    exposures: [{ factor, beta: beta ?? "1" }],
  });
  return { asset: share, remarks };
}

function privately(asset: BookAsset, facts: Facts, kind: (typeof PRIVATE_CLASSES)[number]): Mapped {
  const { book, levels, known } = facts;
  const { terms } = asset;
  const price = `price.${kind}`;
  const capitalised =
    terms?.capitalisedClass ?? (kind === "private_equity" || kind === "private_credit" ? undefined : kind);
  const moved = (...names: string[]): boolean => names.some((name) => levels.of(name) !== null);
  if (capitalised !== undefined && moved(`cap_rate.${capitalised}`, `cash_flow.${kind}`)) {
    const shared = { ...marked(asset, book) };
    const flows = terms?.cashFlows?.filter(({ date }) => date > book.asOf) ?? [];
    if (
      kind === "infrastructure" &&
      flows.length > 0 &&
      terms?.discountRate !== undefined &&
      known.has(terms.discountRate)
    )
      return {
        asset: Asset.parse({
          ...shared,
          kind: "infrastructure",
          cashFlows: flows,
          discountRate: terms.discountRate,
          discountFactor: `cap_rate.${capitalised}`,
          cashFlowFactor: `cash_flow.${kind}`,
        }),
        remarks: [],
      };
    if (terms?.capRate !== undefined && known.has(terms.capRate))
      return {
        asset: Asset.parse({
          ...shared,
          kind: "property",
          capRate: terms.capRate,
          capRateFactor: `cap_rate.${capitalised}`,
          incomeFactor: `cash_flow.${kind}`,
          debt: terms.debt ?? "0",
        }),
        remarks: [],
      };
  }
  return rolled(asset, facts, price);
}

/** By the price of its class at once; else, late, by a listed index (R5). */
function rolled(asset: BookAsset, facts: Facts, price: string): Mapped {
  const { book, levels, known, catchUpDays } = facts;
  const { terms, rollForward } = asset;
  const direct = levels.of(price) !== null;
  const remarks: string[] = [];
  if (!direct && price === "price.private_credit" && levels.of("spread.private_credit") !== null)
    return debt({ ...asset, terms: { ...terms, spreadClass: "private_credit" } }, facts);
  const equity = `equity.${terms?.region ?? regionOf(asset.country) ?? "all"}.all`;
  const index =
    rollForward !== null && rollForward.indexAtMark !== null && known.has(rollForward.series)
      ? { series: rollForward.series, atMark: rollForward.indexAtMark }
      : undefined;
  const beta = terms?.beta ?? rollForward?.beta;
  const aging = catchUpDays !== undefined && daysBetween(asset.markedOn, book.asOf) > catchUpDays;
  if (aging && index === undefined)
    remarks.push("an old mark without an index that could roll it forward: it does not catch up");
  if (!direct && levels.of(equity) === null)
    remarks.push(
      `the scenario says nothing about ${price} or a listed index: they move by what their index did since the mark, or not at all`,
    );
  if (!direct && levels.of(equity) !== null)
    remarks.push(`the scenario says nothing about ${price}: the mark follows ${equity} by its beta`);
  if (!direct && beta === undefined) remarks.push("no beta: taken as 1");
  const aged = Asset.parse({
    ...marked(asset, book),
    kind: "private",
    indexFactor: direct ? price : equity,
    // the price of a class is the move of the mark itself
    beta: direct ? "1" : (beta ?? "1"),
    estimatedOn: earlier(terms?.estimatedOn ?? rollForward?.asOf ?? asset.markedOn, book.asOf),
    ...(index === undefined || direct ? {} : { index }),
    lagPeriods: direct ? 0 : (terms?.lagPeriods ?? LAG),
  });
  return { asset: aged, remarks };
}

const earlier = (a: string, b: string): string => (byId(a, b) <= 0 ? a : b);
