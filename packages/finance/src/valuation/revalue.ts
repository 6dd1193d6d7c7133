// Revaluation of a fund's assets along a scenario: one shock or many periods, every number with its method, inputs and age; currencies with their hedges.
// Pure.
import { CurrencyCode, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day, daysBetween } from "../fees/days.ts";
import { byId, currencyExponent, decimal, type Exact, fixed, ONE, ZERO } from "../money.ts";
import { parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { ASSET_KINDS, Asset } from "./asset.ts";
import { Figure, type Market, marketAt, Observation, oldest } from "./figure.ts";
import { priceAlong, type Way } from "./local-value.ts";
import { Moves, shocksOf, Unmentioned } from "./moves.ts";

export const RevalueInput = z.strictObject({
  asOf: Day,
  /** The fund's currency. */
  currency: CurrencyCode,
  market: z.array(Observation).max(100_000),
  assets: z.array(Asset).min(1).max(20_000),
  /** The periods of the scenario in order; one on the day of valuation is a shock at once. Moves of a period add to those before it. */
  path: z
    .array(z.strictObject({ date: Day, moves: Moves }))
    .min(1)
    .max(200),
  unmentioned: Unmentioned.default("refused"),
  lagPeriods: z.int().min(0).max(40).optional(),
  catchUpDays: z.int().min(0).max(36_500).optional(),
});
const Revalued = z.strictObject({
  id: z.string(),
  kind: z.enum(ASSET_KINDS),
  /** Value at the end of the period, without what was paid out. */
  value: Figure,
  convexity: z.enum(["full", "unknown", "none"]),
  /** Paid out as cash since the start. */
  paid: z.string(),
  /** Gain of the currency hedge since the start, negative for a loss; and what the loss calls for as margin. */
  hedgeGain: z.string(),
  hedgeMargin: z.string(),
  /** Value + paid + hedge gain − value at the start. */
  change: z.string(),
});
const Sum = Figure;
export const RevalueOutput = z.strictObject({
  currency: z.string(),
  before: z.strictObject({ total: Sum, byAsset: z.array(z.strictObject({ id: z.string(), value: Figure })) }),
  periods: z.array(
    z.strictObject({
      date: Day,
      /** Values, cash paid out and hedge gains together. */
      total: Sum,
      change: z.string(),
      hedgeMargin: z.string(),
      byAsset: z.array(Revalued),
      /** Change by method: how much of the answer rests on what. */
      byMethod: z.array(z.strictObject({ method: z.string(), assets: z.int(), change: z.string() })),
    }),
  ),
});
export type RevalueOutput = z.infer<typeof RevalueOutput>;

/** One asset along a path. */
export interface Walked {
  id: string;
  kind: Asset["kind"];
  before: Figure;
  periods: z.infer<typeof Revalued>[];
}

/**
 * Values each asset at every period of a path (R5 for private marks; the scenario `fx_usd_±15` for hedges). Amounts in the fund's currency, HALF_UP once
 * per asset at its minor unit; sums are of the rounded amounts, so that they foot. Assets in order of their ids. Errors: EG404 naming the series or
 * the factor that is missing; EG400 for anything that contradicts itself.
 */
export function revalue(input: z.input<typeof RevalueInput>): RevalueOutput {
  const facts = parseInput(RevalueInput, input);
  refuseRepeats("assets", facts.assets);
  const days = facts.path.map(({ date }) => date);
  if (days.some((day, i) => day < facts.asOf || (i > 0 && day <= days[i - 1]!)))
    throw new EvergreenError(
      "EG400",
      "The periods must follow each other and must not begin before the day of valuation.",
    );
  const way: Way = {
    asOf: facts.asOf,
    days,
    shocks: shocksOf(
      facts.path.map(({ moves }) => moves),
      facts.unmentioned,
    ),
    lagPeriods: facts.lagPeriods,
    catchUpDays: facts.catchUpDays,
  };
  const market = marketAt(facts.asOf, facts.market);
  const walked = [...facts.assets]
    .sort((a, b) => byId(a.id, b.id))
    .map((asset) => walk(asset, market.open(), way, facts.currency));
  const sumOf = (amounts: readonly string[]): string =>
    fixed(
      amounts.reduce((sum, amount) => sum.plus(amount), ZERO),
      currencyExponent(facts.currency),
    );
  const start = sumOf(walked.map(({ before }) => before.value));
  return {
    currency: facts.currency,
    before: {
      total: total(
        start,
        walked.map(({ before }) => before),
      ),
      byAsset: walked.map(({ id, before }) => ({ id, value: before })),
    },
    periods: days.map((date, i) => {
      const byAsset = walked.map(({ periods }) => periods[i]!);
      const change = sumOf(byAsset.map((one) => one.change));
      const methods = [...new Set(byAsset.map(({ value }) => value.method))].sort();
      return {
        date,
        total: total(
          sumOf([start, change]),
          byAsset.map(({ value }) => value),
        ),
        change,
        hedgeMargin: sumOf(byAsset.map((one) => one.hedgeMargin)),
        byAsset,
        byMethod: methods.map((method) => {
          const made = byAsset.filter(({ value }) => value.method === method);
          return { method, assets: made.length, change: sumOf(made.map((one) => one.change)) };
        }),
      };
    }),
  };
}

/** A sum names no inputs of its own: they stand beside each asset; its age is that of the oldest. */
const total = (value: string, parts: readonly Figure[]): Figure => {
  const ages = parts.flatMap(({ age }) => (age === null ? [] : [age]));
  return { value, method: "sum", inputs: [], age: ages.length === 0 ? null : Math.max(...ages) };
};

/** One asset along the way, rounded once per period. Another `price` than that of its kind is for values that were divided from a whole. */
export function walk(
  asset: Asset,
  market: Market,
  way: Way,
  currency: string,
  price: typeof priceAlong = priceAlong,
): Walked {
  const scale = currencyExponent(currency);
  const money = (amount: Exact): string => fixed(amount, scale);
  const spot = spotOf(asset, market, currency);
  const start = money(decimal(asset.value).times(spot));
  const marked = market.sources();
  const priced = price(asset, market, way);
  const inputs = market.sources();
  const atMark = [...marked, ...inputs.filter(({ series }) => series === `mark:${asset.id}`)];
  const hedged = decimal(asset.value)
    .times(spot)
    .times(asset.fx?.hedgeRatio ?? "0");
  const periods = way.days.map((day, i) => {
    const level = asset.fx === undefined ? ONE : way.shocks.level(asset.fx.factor, i + 1);
    const rate = spot.times(level);
    const value = money(priced.values[i]!.times(rate));
    // paid out along the way and kept in the asset's currency
    const paid = money(priced.paid[i]!.times(rate));
    const gain = money(hedged.times(ONE.minus(level)));
    return {
      id: asset.id,
      kind: asset.kind,
      value: { value, method: priced.method, inputs, age: oldest(inputs, daysBetween(way.asOf, day)) },
      convexity: priced.convexity,
      paid,
      hedgeGain: gain,
      hedgeMargin: decimal(gain).lt(0) ? money(decimal(gain).neg()) : money(ZERO),
      change: money(decimal(value).plus(paid).plus(gain).minus(start)),
    };
  });
  return {
    id: asset.id,
    kind: asset.kind,
    before: { value: start, method: "mark", inputs: atMark, age: oldest(atMark) },
    periods,
  };
}

/** Fund currency per unit of the asset's. Errors: EG400 when a foreign asset names no series, EG404 when the series is missing. */
export function spotOf(asset: Asset, market: Market, currency: string): Exact {
  if (asset.currency === currency) {
    if (asset.fx !== undefined)
      throw new EvergreenError("EG400", `The asset ${asset.id} is in the fund's currency: it has no exchange rate.`);
    return ONE;
  }
  if (asset.fx === undefined)
    throw new EvergreenError(
      "EG400",
      `The asset ${asset.id} is in ${asset.currency}: it needs a series of its exchange rate.`,
    );
  const spot = market.read(asset.fx.series);
  if (spot.lte(0)) throw new EvergreenError("EG400", `The exchange rate ${asset.fx.series} must be above zero.`);
  return spot;
}
