// From the values of all shards to the outcome of a scenario: sums that foot, ladders, cover, reverse tests, survival, exits, cells, tests, and in words what the
// numbers do not know. Pure: the same book, scenario and values give the same bytes, however the assets were divided.
import { BUCKETS, type Bucket, EvergreenError } from "@evergreen-fund/domain";
import { byId, currencyExponent, decimal, type Exact, fixed, ZERO } from "../money.ts";
import { type Cell, type ResolvedScenario, scenarioCells } from "../scenarios/index.ts";
import type { FundBook } from "./book.ts";
import { cellLosses, distributionOf, type Evaluate } from "./distribution.ts";
import { valuesAt } from "./ladders.ts";
import { lookAt, type Moments } from "./look.ts";
import { liquidations, reverseOf, survival } from "./measures.ts";
import { notesOf } from "./notes.ts";
import { type CoverRow, StressOutcome } from "./outcome.ts";
import { periodDays } from "./paths.ts";
import { poolsAt } from "./pools.ts";
import { cellsMoveValues, type ShardAsset, type ShardValues } from "./shards.ts";
import { termsOfFund } from "./terms-of-fund.ts";
import { leastCover, verdicts } from "./verdicts.ts";

/** Grid points whose ladders are each looked at; a larger grid and draws are looked at without axes and draws. */
export const MOST_LOOKED_POINTS = 200;

interface Looking {
  cell: number | null;
  factors: Cell["factors"];
  values: ReadonlyMap<string, ShardAsset>;
}

/** Errors: EG400 when shards are of another run, are missing, or overlap. */
function merged(
  book: FundBook,
  scenario: ResolvedScenario,
  shards: readonly ShardValues[],
): Map<number | null, Map<string, ShardAsset>> {
  const refuse = (why: string): never => {
    throw new EvergreenError("EG400", why);
  };
  const cells = new Map<number | null, Map<string, ShardAsset>>();
  for (const shard of shards) {
    if (shard.scenarioHash !== scenario.hash || shard.snapshotHash !== book.snapshotHash)
      refuse("A shard belongs to another scenario or snapshot.");
    for (const { cell, assets } of shard.valuations) {
      const values = cells.get(cell) ?? new Map<string, ShardAsset>();
      for (const asset of assets) {
        if (values.has(asset.id)) refuse("An asset is in two shards.");
        values.set(asset.id, asset);
      }
      cells.set(cell, values);
    }
  }
  for (const values of cells.values())
    if (values.size !== book.assets.length || book.assets.some(({ id }) => !values.has(id)))
      refuse("The shards are not those of the book's assets.");
  if (cells.size === 0) refuse("There is no shard.");
  return cells;
}

/** Cells that are looked at one by one, each with the values that hold in it. */
function looking(scenario: ResolvedScenario, cells: ReturnType<typeof merged>): Looking[] {
  const own = [...scenarioCellsUpTo(scenario)];
  const shared = cells.get(null);
  if (shared === undefined) return own.map(({ cell, factors }) => ({ cell, factors, values: cells.get(cell)! }));
  // a reverse test seeks along its axes itself, and draws are judged by their distribution
  const whole = scenario.solve !== null || own.length === 0 || cellsMoveValues(scenario);
  if (whole) return [{ cell: null, factors: scenario.factors, values: shared }];
  return own.map(({ cell, factors }) => ({ cell, factors, values: shared }));
}

function* scenarioCellsUpTo(scenario: ResolvedScenario): Generator<Cell> {
  if (scenario.monteCarlo === null && scenario.cells > 1 && scenario.cells <= MOST_LOOKED_POINTS)
    yield* scenarioCells(scenario);
}

/** The worst cell: the largest loss, then the least cover, then the first. */
function worstOf(seen: readonly { at: Looking; moments: Moments }[]) {
  const key = ({ moments }: (typeof seen)[number]) => ({
    nav: moments.navs.at(-1)!,
    cover: leastCover(moments.looked, BUCKETS)?.rcr ?? null,
  });
  return seen.reduce((a, b) => {
    const [one, two] = [key(a), key(b)];
    if (!one.nav.eq(two.nav)) return two.nav.lt(one.nav) ? b : a;
    if (two.cover === null) return a;
    return one.cover === null || decimal(two.cover).lt(one.cover) ? b : a;
  });
}

/**
 * The outcome of a scenario on a book. `evaluate` may be a faster form of `bucketValues` for many cells. Amounts HALF_UP at the minor unit of the fund's currency,
 * sums of the rounded amounts, so that Σ byAsset = navAfter; ratios HALF_UP at 18 decimals. Errors: EG400 when the shards are not all shards of this book and
 * scenario, each once.
 */
export function concludeStress(
  book: FundBook,
  scenario: ResolvedScenario,
  shards: readonly ShardValues[],
  evaluate?: Evaluate,
): StressOutcome {
  const { currency } = book.fund;
  const dp = currencyExponent(currency);
  const money = (amount: Exact): string => fixed(amount, dp);
  const cells = merged(book, scenario, shards);
  const terms = termsOfFund(book);
  const seen = looking(scenario, cells).map((at) => ({ at, moments: lookAt(book, scenario, at, at.values, terms) }));
  const { at, moments } = worstOf(seen);
  const { worst, navs } = moments;
  const days = periodDays(book.asOf, scenario.periods);
  const values = [...at.values.values()].sort((a, b) => byId(a.id, b.id));
  const names = new Map(book.assets.map(({ id, name }) => [id, name]));
  const cover = (side: "before" | "after"): CoverRow[] =>
    worst.rows.map((row) => ({
      bucket: row.bucket,
      assets: money(decimal(row[side].assets)),
      liabilities: money(decimal(row[side].liabilities)),
      ratio: row[side].rcr,
    }));
  const asked = scenario.tests.flatMap((test) =>
    test.test === "rcr" ? test.buckets.map((bucket) => ({ bucket, cover: test.atLeast })) : [],
  );
  const sought =
    scenario.solve?.holds.test === "rcr" ? scenario.solve.holds.buckets : asked.map(({ bucket }) => bucket);
  const horizon =
    asked
      .map(({ bucket }) => bucket)
      .sort((a, b) => BUCKETS.indexOf(a) - BUCKETS.indexOf(b))
      .at(-1) ?? "30d";
  const nav = navs[worst.period]!;
  const survivals = seen.map(({ moments: one }) => {
    const { side, owed, period } = one.worst;
    return survival(side, owed, { nav: one.navs[period]!, terms, pacing: one.pacing, sales: one.sales });
  });
  const lasting = survivals.reduce((a, b) => (a !== null && b !== null && b.quarters < a.quarters ? b : a));
  const looked = seen.flatMap(({ moments: one }) => one.looked);
  const losses = lossesOf(scenario, cells, shards, { start: navs[0]!, end: navs.at(-1)!, currency }, evaluate);
  const outcome: StressOutcome = {
    scenarioId: scenario.id,
    scenarioHash: scenario.hash,
    version: scenario.version,
    title: scenario.title,
    fundId: book.fund.id,
    currency,
    asOf: book.asOf,
    snapshotHash: book.snapshotHash,
    seed: scenario.monteCarlo === null ? null : String(scenario.monteCarlo.seed),
    navBefore: money(navs[0]!),
    navAfter: money(navs.at(-1)!),
    loss: money(navs[0]!.minus(navs.at(-1)!)),
    periods: days.map((date, i) => ({
      period: i + 1,
      date,
      nav: money(navs[i + 1]!),
      change: money(navs[i + 1]!.minus(navs[0]!)),
      hedgeMargin: money(values.reduce((sum, { periods }) => sum.plus(periods[i]!.hedgeMargin), ZERO)),
      byMethod: byMethod(values, i, money),
    })),
    byAsset: values.map((one) => ({
      assetId: one.id,
      name: names.get(one.id)!,
      navBefore: one.before,
      navAfter: money(decimal(one.before).plus(one.periods.at(-1)!.change)),
      path: one.periods.map(({ change }) => money(decimal(one.before).plus(change))),
      method: one.method,
      convexity: one.convexity,
      inputs: one.inputs,
      age: one.age,
    })),
    rcrBefore: cover("before"),
    rcr: cover("after"),
    gaps: worst.rows.map(({ bucket, after }) => ({
      bucket,
      gap: money(decimal(after.gap)),
      shortfall: money(decimal(after.gap).lt(0) ? decimal(after.gap).neg() : ZERO),
    })),
    breaches: breachesOf(moments, asked.length > 0 ? asked : terms.required),
    liquidations: liquidations(valuesAt(book, at.values, worst.period), {
      side: worst.side,
      owed: worst.owed,
      horizon,
      currency,
    }),
    creditLines: worst.undrawn.map(({ line, amount, expiresOn }) => ({ line, undrawn: money(amount), expiresOn })),
    ...(book.pools.length === 0 ? {} : { pools: poolsAt(book.pools, moments.poolDepth, moments.notes) }),
    reverse: reverseOf(worst.side, worst.owed, {
      nav,
      buckets: sought.length === 0 ? ["30d"] : sought,
      haircuts: scenario.grid["haircut.all"] ?? [],
      currency,
    }),
    survivalQuarters: lasting?.label ?? null,
    pacing: moments.pacing.unfunded.isZero()
      ? []
      : moments.pacing.calls.map((calls, i) => ({
          period: i + 1,
          calls: money(calls),
          distributions: money(moments.pacing.distributions[i]!),
        })),
    exits: moments.exits,
    tests: verdicts(scenario.tests, {
      looked,
      survival: lasting,
      noticeDays: terms.noticeDays,
      overCommitment: moments.pacing.overCommitment,
      fills: moments.fills,
    }),
    cells: losses,
    notes: notesOf(book, scenario, { values, shards, seen, reported: at.cell }),
  };
  return StressOutcome.parse(outcome);
}

/** How much of a period's change rests on what. */
function byMethod(
  values: readonly ShardAsset[],
  period: number,
  money: (amount: Exact) => string,
): StressOutcome["periods"][number]["byMethod"] {
  const sums = new Map<string, { assets: number; change: Exact }>();
  for (const { method, periods } of values) {
    const before = sums.get(method) ?? { assets: 0, change: ZERO };
    sums.set(method, { assets: before.assets + 1, change: before.change.plus(periods[period]!.change) });
  }
  return [...sums]
    .sort(([a], [b]) => byId(a, b))
    .map(([method, { assets, change }]) => ({ method, assets, change: money(change) }));
}

/** Buckets whose least cover over the periods is below what is required. */
function breachesOf(
  { looked }: Moments,
  required: readonly { bucket: Bucket; cover: string }[],
): StressOutcome["breaches"] {
  return BUCKETS.flatMap((bucket) => {
    const most = required
      .filter((one) => one.bucket === bucket)
      .reduce<string | null>((a, { cover }) => (a === null || decimal(cover).gt(a) ? cover : a), null);
    const least = leastCover(looked, [bucket]);
    return most !== null && least !== null && decimal(least.rcr).lt(most)
      ? [{ bucket, ratio: least.rcr, required: most }]
      : [];
  });
}

function lossesOf(
  scenario: ResolvedScenario,
  cells: ReturnType<typeof merged>,
  shards: readonly ShardValues[],
  { start, end, currency }: { start: Exact; end: Exact; currency: string },
  evaluate?: Evaluate,
): StressOutcome["cells"] {
  if (scenario.cells === 1) return null;
  if (!cells.has(null)) {
    const losses = [...cells.values()].map((values) =>
      [...values.values()].reduce((sum, { periods }) => sum.minus(periods.at(-1)!.change), ZERO).toNumber(),
    );
    return distributionOf(Float64Array.from(losses), currency, "every cell revalued asset by asset");
  }
  const rows = shards.flatMap(({ exposures }) => exposures ?? []).sort((a, b) => byId(a.id, b.id));
  if (!shards.some(({ exposures }) => exposures !== null)) {
    const all = new Float64Array(scenario.cells).fill(start.minus(end).toNumber());
    return distributionOf(all, currency, "cells differ in liabilities or sales alone: one loss for all");
  }
  return distributionOf(
    cellLosses(scenario, rows, evaluate),
    currency,
    "factor_exponential, reported sensitivities linear, marks without lag, end of the last period",
  );
}
