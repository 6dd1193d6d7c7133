// One cell of a scenario, period by period: values, ladders, what is due, and the moment at which the cover is least. Pure.
import { BUCKETS } from "@evergreen-fund/domain";
import { decimal, type Exact, groupedText, ONE, ratioText, ZERO } from "../money.ts";
import type { ResolvedScenario } from "../scenarios/index.ts";
import { combinedLadder } from "../stress-liquidity/combined-ladder.ts";
import { fillPath } from "../stress-liquidity/fill-path.ts";
import type { FundBook } from "./book.ts";
import type { Lines } from "./credit-lines.ts";
import { ladderOf, type Side, sideAt } from "./ladders.ts";
import { dueBy, exitsOf, type Paced, paced } from "./measures.ts";
import type { StressOutcome } from "./outcome.ts";
import { linesAt, type Owed, owedAt } from "./owed.ts";
import { type Levels, levelsOf, PERIOD_DAYS } from "./paths.ts";
import type { ShardAsset } from "./shards.ts";
import type { FundTerms } from "./terms-of-fund.ts";
import { type Looked, leastCover } from "./verdicts.ts";

export interface Moments {
  looked: Looked[];
  /** NAV at the end of each period, position 0 today. */
  navs: Exact[];
  /** The moment of the least cover: its side, what is due, both ladders. */
  worst: {
    period: number;
    side: Side;
    owed: Owed;
    rows: ReturnType<typeof combinedLadder>["rows"];
    undrawn: Lines["undrawn"];
  };
  pacing: Paced;
  /** Subscriptions that are expected in a quarter. */
  sales: Exact;
  exits: StressOutcome["exits"];
  fills: string[] | null;
  /** The least share of the reserves of pools that is left in any period. */
  poolDepth: Exact;
  used: ReadonlySet<string>;
  notes: Set<string>;
}

const sum = (amounts: Iterable<string>): Exact => {
  let total = ZERO;
  for (const amount of amounts) total = total.plus(amount);
  return total;
};

/** Walks a cell. `values` has every asset of the book. */
export function lookAt(
  book: FundBook,
  scenario: ResolvedScenario,
  { cell, factors }: { cell: number | null; factors: ResolvedScenario["factors"] },
  values: ReadonlyMap<string, ShardAsset>,
  terms: FundTerms,
): Moments {
  const count = scenario.periods?.count ?? 1;
  const notes = new Set(terms.notes);
  const levels = levelsOf(factors, count);
  const shards = [...values.values()];
  const before = sum(shards.map((asset) => asset.before));
  const navs = [
    before,
    ...Array.from({ length: count }, (_, i) => before.plus(sum(shards.map(({ periods }) => periods[i]!.change)))),
  ];
  const step = scenario.periods === null ? 0 : PERIOD_DAYS[scenario.periods.unit];
  const quarters = Math.max(4, Math.ceil((count * step) / 90) + 4);
  const expected = paced(book, null, before, quarters, count, notes);
  const pacing = paced(book, levels, navs[1]!, quarters, count, notes);
  const none = { period: 0, nav: before, navBefore: before, hedgeMargin: ZERO, calls: expected.calls, exits: ZERO };
  const today = sideAt(book, values, { levels: null, period: 0, terms }, notes);
  const due = owedAt(book, terms, scenario, null, none, notes);
  const start = ladderOf(today, due, before);
  let exits: StressOutcome["exits"] = null;
  let worst: Moments["worst"] | undefined;
  let least: Exact | undefined;
  const looked: Looked[] = [];
  for (let period = 1; period <= count; period += 1) {
    const nav = navs[period]!;
    const side = sideAt(book, values, { levels, period, terms }, notes);
    let leaving = ZERO;
    if (period === 1) {
      const liquid = BUCKETS.slice(0, BUCKETS.indexOf("30d") + 1).reduce(
        (total, _, at) => total.plus(side.proceeds[at]!),
        side.cash,
      );
      const found = exitsOf(book, scenario, levels, { nav, liquid, terms }, notes);
      exits = found?.summary ?? null;
      leaving = found?.paid ?? ZERO;
    }
    const hedgeMargin = sum(shards.map(({ periods }) => periods[period - 1]!.hedgeMargin));
    const moment = { period, nav, navBefore: navs[period - 1]!, hedgeMargin, calls: pacing.calls, exits: leaving };
    const owed = owedAt(book, terms, scenario, levels, moment, notes);
    const { rows } = combinedLadder({ before: start, after: ladderOf(side, owed, nav) });
    const rungs = rows.map(({ bucket, after }) => ({ bucket, ...after }));
    const lost = before.lte(0) ? ZERO : before.minus(nav).div(before);
    looked.push({ cell, period, rungs, cash: side.cash.minus(dueBy(owed, "1d")), lost });
    const cover = leastCover(looked.slice(-1), BUCKETS);
    if (worst === undefined || (cover !== null && (least === undefined || decimal(cover.rcr).lt(least)))) {
      worst = { period, side, owed, rows, undrawn: linesAt(book, scenario, levels, period, notes).undrawn };
      least = cover === null ? undefined : decimal(cover.rcr);
    }
  }
  const fills = filled(scenario, levels, { navs, terms, cash: today, notes });
  const sales = salesOf(book, levels, count);
  const poolDepth = depthOf(book, levels, count);
  return { looked, navs, worst: worst!, pacing, sales, exits, fills, poolDepth, used: levels.used(), notes };
}

/** A fund without a pool does not ask, so that the factor is told as one without a place to act. */
function depthOf(book: FundBook, levels: Levels, count: number): Exact {
  if (book.pools.length === 0) return ONE;
  const depths = Array.from({ length: count }, (_, i) => levels.term("pool_depth", [], i + 1) ?? ONE);
  return depths.reduce((a, b) => (b.lt(a) ? b : a), ONE);
}

/** Mean of the monthly sales that were reported, three months of them, times the least of the scenario's multiples. */
function salesOf(book: FundBook, levels: Levels, count: number): Exact {
  const months = new Map<string, Exact>();
  for (const { month, kind, amount } of book.reportedFlows)
    if (kind !== "redemption") months.set(month, (months.get(month) ?? ZERO).plus(amount));
  const last = [...months.values()].slice(-12);
  const times = Array.from({ length: count }, (_, i) => levels.term("subscriptions.times", [], i + 1)).flatMap((one) =>
    one === null ? [] : [one],
  );
  if (last.length === 0) return ZERO;
  const quarter = last
    .reduce((a, b) => a.plus(b))
    .div(last.length)
    .times(3);
  return times.length === 0 ? quarter : quarter.times(times.reduce((a, b) => (a.lt(b) ? a : b)));
}

/** Requests that are as large as the share that is paid makes them: the gate's most over that share. Says what was asked, and what of it again. */
function filled(
  scenario: ResolvedScenario,
  levels: Levels,
  { navs, terms, cash, notes }: { navs: readonly Exact[]; terms: FundTerms; cash: Side; notes: Set<string> },
): string[] | null {
  if (levels.term("redemptions.filled", [], 1) === null || terms.gateShare === null || scenario.periods === null)
    return null;
  const share = decimal(scenario.periods.unit === "quarter" ? terms.gateShare.quarter : terms.gateShare.dealing);
  const months = navs.slice(1).map((nav, i) => {
    const fill = levels.term("redemptions.filled", [], i + 1)!;
    return {
      requests: share
        .times(nav.lt(0) ? ZERO : nav)
        .div(fill)
        .toDecimalPlaces(2)
        .toFixed(2),
      fill: ratioText(fill),
    };
  });
  const repeats = levels.term("redemptions.repeated", [], 1);
  const liquid = BUCKETS.slice(0, 3).reduce((total, _, at) => total.plus(cash.proceeds[at]!), cash.cash);
  const path = fillPath({
    requestsAre: "gross",
    ...(repeats === null ? {} : { repeats: ratioText(repeats) }),
    months,
    nav: navs[0]!.lt(0) ? "0" : navs[0]!.toFixed(2),
    liquid: liquid.toFixed(2),
  });
  notes.add(
    `Requests of ${groupedText(path.gross)}, of which ${groupedText(path.repeats)} were asked before: ${groupedText(path.net)} net, ${groupedText(path.filled)} paid, ${groupedText(path.waiting)} still waiting; what is liquid within 30 days pays for ${path.monthsPaid ?? 0} of ${months.length} periods.`,
  );
  return months.map(({ fill }) => fill);
}
