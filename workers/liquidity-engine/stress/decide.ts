// What a stress run changes of a fund's ladder, and what is to be told of it. Pure (R33, R38).
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { decimal, type Exact } from "@evergreen-fund/finance/money.ts";
import { coverTrend } from "@evergreen-fund/finance/stress-liquidity/cover-trend.ts";
import { requiredCover } from "@evergreen-fund/finance/stress-liquidity/required-cover.ts";
import { type StressRung, stressRungs } from "@evergreen-fund/finance/stress-liquidity/stress-rungs.ts";
import type { ScenarioCover, StressFacts } from "./facts.ts";

type Told = {
  scenario_id: string;
  ratio: string | null;
  required: string;
};
/** One event: a bucket, its worst scenario and all that are worst in it. */
type Event<T extends Told> = T & { bucket: Bucket; scenarios: T[]; more?: number };
export type StressLiquidity = {
  ladder: { scenario_hash: string; rungs: StressRung[] }[];
  /** Whose additions become the stress deltas of the fund's own ladder. */
  base: { scenario_hash: string; sides: ("asset" | "liability")[] } | null;
  breaches: Event<Told>[];
  trends: (Event<Told & { ratio: string; breach_on: string }> & { runs: number })[];
};

/** The ladder of the fund itself: people set it, no scenario of that name moves it. */
const OWN = "base";
const MOST_NAMED = 100;

/**
 * Every finished scenario moves its own ladder. Of two scenarios of one name the later speaks. Breaches: each scenario counts once, in the bucket where its ratio
 * is the smallest part of what is required; one event per bucket names its scenarios, worst first. Trends likewise, by the day, after a nightly run: each scenario that does not breach
 * counts in the bucket that gets there first. The fund's own ladder takes its stress deltas from the scenario that the programme names, on both sides; without one from that
 * with the least 30-day cover, on the asset side alone, because what stands on the liability side binds every trade (R38). A run of the laboratory does nothing.
 */
export function stressLiquidity(facts: StressFacts): StressLiquidity {
  const named = new Map(facts.scenarios.map((scenario) => [scenario.scenarioId, scenario]));
  const scenarios = facts.kind === "laboratory" ? [] : [...named.values()];
  const breaches = scenarios.flatMap(worstBreach);
  const trends = scenarios
    .filter(({ cover }) => facts.kind === "nightly" && cover.breaches.length === 0)
    .flatMap((one) => earliestTrend(one, facts));
  return {
    ladder: scenarios
      .filter(({ scenarioId, cover }) => scenarioId !== OWN && cover.rcr.length === BUCKETS.length)
      .map(({ scenarioHash, cover }) => ({ scenario_hash: scenarioHash, rungs: stressRungs(cover.rcr) })),
    base: baseOf(scenarios, facts.coverScenario),
    breaches: eventsOf(breaches, (a, b) => relative(a.told).cmp(relative(b.told))),
    trends: eventsOf(trends, (a, b) =>
      a.told.breach_on < b.told.breach_on ? -1 : a.told.breach_on > b.told.breach_on ? 1 : 0,
    ).map((event) => ({ ...event, runs: trends.find(({ told }) => told.scenario_id === event.scenario_id)!.runs })),
  };
}

/** What of the required cover is there; a ratio that is not known counts as nothing. */
const relative = ({ ratio, required }: Told): Exact =>
  decimal(required).isZero() ? decimal("1") : decimal(ratio ?? "0").div(decimal(required));

interface Found<T extends Told> {
  bucket: Bucket;
  told: T;
}

function worstBreach({ scenarioId, cover }: ScenarioCover): Found<Told>[] {
  const rows = cover.breaches.map(({ bucket, ratio, required }) => ({
    bucket,
    told: { scenario_id: scenarioId, ratio, required },
  }));
  return least(rows, (a, b) => relative(a.told).cmp(relative(b.told)));
}

type Falling = Told & { ratio: string; breach_on: string };

function earliestTrend(
  { scenarioId, tests, cover }: ScenarioCover,
  facts: StressFacts,
): (Found<Falling> & { runs: number })[] {
  const rows = Object.entries(requiredCover(tests, facts.mandate)).flatMap(([name, required]) => {
    const bucket = name as Bucket;
    const ratio = cover.rcr.find((row) => row.bucket === bucket)?.ratio ?? null;
    if (ratio === null || facts.asOf === null) return [];
    const earlier = facts.history.filter((row) => row.scenarioId === scenarioId && row.bucket === bucket);
    const runs = [...earlier.map((row) => ({ date: row.date, ratio: row.ratio })), { date: facts.asOf, ratio }];
    const trend = coverTrend({ runs, required, terms: facts.trend });
    if (trend.verdict !== "falling" || trend.breachOn === null) return [];
    const told = { scenario_id: scenarioId, ratio, required, breach_on: trend.breachOn };
    return [{ bucket, told, runs: trend.runs }];
  });
  return least(rows, (a, b) =>
    a.told.breach_on < b.told.breach_on ? -1 : a.told.breach_on > b.told.breach_on ? 1 : 0,
  );
}

/** The first of the least, in a list of one; of nothing, nothing. */
function least<T>(rows: readonly T[], order: (a: T, b: T) => number): T[] {
  return [...rows].sort(order).slice(0, 1);
}

function eventsOf<T extends Told>(found: readonly Found<T>[], order: (a: Found<T>, b: Found<T>) => number): Event<T>[] {
  const byName = (a: Found<T>, b: Found<T>): number => (a.told.scenario_id < b.told.scenario_id ? -1 : 1);
  const worst = [...found].sort((a, b) => order(a, b) || byName(a, b));
  const buckets = [...new Set(worst.map(({ bucket }) => bucket))];
  return buckets.map((bucket) => {
    const told = worst.filter((row) => row.bucket === bucket).map((row) => row.told);
    const more = told.length - MOST_NAMED;
    return { bucket, ...told[0]!, scenarios: told.slice(0, MOST_NAMED), ...(more > 0 ? { more } : {}) };
  });
}

function baseOf(scenarios: readonly ScenarioCover[], named: string | null): StressLiquidity["base"] {
  const whole = scenarios.filter(
    ({ cover }) => cover.rcr.length === BUCKETS.length && cover.rcrBefore.length === BUCKETS.length,
  );
  const chosen = whole.find(({ scenarioId }) => scenarioId === named);
  if (chosen !== undefined) return { scenario_hash: chosen.scenarioHash, sides: ["asset", "liability"] };
  const month = ({ cover }: ScenarioCover) => cover.rcr.find(({ bucket }) => bucket === "30d")?.ratio ?? null;
  const [worst] = whole
    .filter((scenario) => month(scenario) !== null)
    .sort((a, b) => decimal(month(a)!).cmp(decimal(month(b)!)) || (a.scenarioId < b.scenarioId ? -1 : 1));
  return worst === undefined ? null : { scenario_hash: worst.scenarioHash, sides: ["asset"] };
}
