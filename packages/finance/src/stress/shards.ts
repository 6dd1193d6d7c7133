// The asset side of a stress run in pieces: which assets are a shard, and what they are worth along a scenario. Any split gives the same values. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId } from "../money.ts";
import { type ResolvedScenario, scenarioCells } from "../scenarios/index.ts";
import { marketAt, oldest, Source } from "../valuation/figure.ts";
import type { Way } from "../valuation/local-value.ts";
import { walk } from "../valuation/revalue.ts";
import { type Facts, factsOf, mapped, translated } from "./asset-kinds.ts";
import type { FundBook } from "./book.ts";
import { ExposureRow, exposuresOf } from "./exposures.ts";
import { levelsOf, movesValues, periodDays } from "./paths.ts";
import { dividedAsset, divideReported, reportedAssets } from "./reported.ts";

/** Assets of a shard: large enough that reading the book does not count, small enough that a worker heartbeats. */
export const SHARD_SIZE = 500;
/** Grid points that move market factors are each valued in full up to here; beyond, by exposures alone. */
export const MOST_VALUED_POINTS = 25;

/** Positions from … to (excluded) of the assets in the order of their ids. */
export interface Shard {
  shard: number;
  of: number;
  from: number;
  to: number;
}

/** The same book, the same shards; a book without assets is one empty shard. */
export function shardsOf(book: FundBook, size = SHARD_SIZE): Shard[] {
  if (!Number.isInteger(size) || size < 1) throw new EvergreenError("EG400", "A shard holds at least one asset.");
  const of = Math.max(1, Math.ceil(book.assets.length / size));
  return Array.from({ length: of }, (_, shard) => ({
    shard,
    of,
    from: shard * size,
    to: Math.min(book.assets.length, (shard + 1) * size),
  }));
}

const ShardAsset = z.strictObject({
  id: z.string(),
  before: z.string(),
  method: z.string(),
  convexity: z.enum(["full", "unknown", "none"]),
  inputs: z.array(Source),
  age: z.int().nullable(),
  remarks: z.array(z.string()),
  periods: z.array(
    z.strictObject({
      value: z.string(),
      paid: z.string(),
      hedgeGain: z.string(),
      hedgeMargin: z.string(),
      /** Value + paid + hedge gain − before. */
      change: z.string(),
    }),
  ),
});
export type ShardAsset = z.output<typeof ShardAsset>;
export const ShardValues = z.strictObject({
  format: z.literal("evergreen.shard/1"),
  scenarioHash: z.string(),
  snapshotHash: z.string(),
  shard: z.int(),
  of: z.int(),
  /** One for each valued cell of the scenario; `cell` is null for a scenario without cells of their own. */
  valuations: z.array(
    z.strictObject({
      cell: z.int().nullable(),
      /** Addresses that something of the shard asked for. */
      used: z.array(z.string()),
      assets: z.array(ShardAsset),
    }),
  ),
  /** Factor exposures, where cells move what assets are worth; null elsewhere. */
  exposures: z.array(ExposureRow).nullable(),
});
export type ShardValues = z.output<typeof ShardValues>;

export interface ValuedCell {
  cell: number | null;
  factors: Readonly<Record<string, readonly string[]>>;
}

/** Whether the cells of a scenario differ in what assets are worth. */
export const cellsMoveValues = (scenario: ResolvedScenario): boolean =>
  [...Object.keys(scenario.grid), ...Object.keys(scenario.monteCarlo?.draws ?? {})].some(movesValues);

/** The cells that are valued asset by asset: every point of a small grid of market factors, else what the scenario says without axes and draws. */
export function valuedCells(scenario: ResolvedScenario): ValuedCell[] {
  const small = scenario.monteCarlo === null && scenario.cells > 1 && scenario.cells <= MOST_VALUED_POINTS;
  return small && cellsMoveValues(scenario)
    ? [...scenarioCells(scenario)].map(({ cell, factors }) => ({ cell, factors }))
    : [{ cell: null, factors: scenario.factors }];
}

/**
 * Values of one shard under a scenario. Amounts in the fund's currency, HALF_UP once per asset and period at its minor unit. Errors: EG404 naming a series
 * that an asset needs and the book lacks; EG400 for a shard that is not one of the book's, or as the pricers say.
 */
export function valueShard(book: FundBook, scenario: ResolvedScenario, shard: Shard): ShardValues {
  if (!(0 <= shard.from && shard.from <= shard.to && shard.to <= book.assets.length))
    throw new EvergreenError("EG400", "The shard is not one of the book.");
  const own = [...book.assets].sort((a, b) => byId(a.id, b.id)).slice(shard.from, shard.to);
  const days = periodDays(book.asOf, scenario.periods);
  const currencies = [...new Set(own.map(({ currency }) => currency))].sort(byId);
  const market = marketAt(book.asOf, [
    ...book.market,
    ...currencies.map((currency) => ({ series: translated(currency), asOf: book.asOf, value: "1" })),
  ]);
  const pooled = new Set(reportedAssets(book).map(({ id }) => id));
  const valuations = valuedCells(scenario).map(({ cell, factors }) => {
    const levels = levelsOf(factors, days.length);
    const facts: Facts = factsOf(book, levels);
    const divided = pooled.size === 0 ? undefined : divideReported(book, levels, days.length);
    const way: Way = { asOf: book.asOf, days, shocks: levels, lagPeriods: undefined, catchUpDays: facts.catchUpDays };
    const assets = own.map((asset): ShardAsset => {
      const {
        asset: priced,
        price,
        remarks,
      } = divided !== undefined && pooled.has(asset.id) ? dividedAsset(asset, facts, divided) : mapped(asset, facts);
      const { before, periods } = walk(priced, market.open(), way, book.fund.currency, price);
      const last = periods.at(-1)!;
      return {
        id: asset.id,
        before: before.value,
        method: last.value.method,
        convexity: last.convexity,
        inputs: last.value.inputs,
        age: oldest(last.value.inputs),
        remarks,
        periods: periods.map(({ value, paid, hedgeGain, hedgeMargin, change }) => ({
          value: value.value,
          paid,
          hedgeGain,
          hedgeMargin,
          change,
        })),
      };
    });
    return { cell, used: [...levels.used()].sort(byId), assets };
  });
  return {
    format: "evergreen.shard/1",
    scenarioHash: scenario.hash,
    snapshotHash: book.snapshotHash,
    shard: shard.shard,
    of: shard.of,
    valuations,
    exposures:
      scenario.cells > 1 && cellsMoveValues(scenario) ? exposuresOf(book, scenario, own, shard.shard === 0) : null,
  };
}
