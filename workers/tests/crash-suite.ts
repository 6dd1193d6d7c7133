// Kills the worker at every named crash point of the journeys of one part, restarts it, and expects the work to finish with one effect.
// The parts are files of their own (crash-*.temporal.test.ts), so that two of them run at once.
import { crashPoints } from "@evergreen-fund/agent-kit";
import { crashFired, until } from "@evergreen-fund/testing/working-house.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Journey, journeyOf, PARTS, type Part } from "./crash-journeys.ts";
import { type FeedServer, openFeed } from "./feed-server.ts";
import { openHouses, type TestHouse } from "./houses.ts";
import { openRuns } from "./open-runs.ts";
import { openTestChain, type TestChain } from "./token-chain-house.ts";

/** Most of a crash test is waiting for a dead worker to be noticed: so several houses wait at once, each with a crash of its own. */
const LANES = 2;
const houses: TestHouse[] = [];
const free: TestHouse[] = [];
const waiting: ((house: TestHouse) => void)[] = [];
let feed: FeedServer;
let chain: TestChain;

/** Opens the houses of this file before its tests and stops them after. */
export function openLanes(): void {
  beforeAll(async () => {
    feed = await openFeed();
    chain = await openTestChain();
    chain.mineEvery(300);
    houses.push(...(await openHouses(LANES)));
    free.push(...houses);
  }, 600_000);
  afterAll(async () => {
    await Promise.all(houses.map((house) => house.stop()));
    await feed?.close();
    await chain?.close();
  });
}

/** What a worker is given to use the chain of this file. */
export const onTheChain = () => chain.environment;

/** First come, first served. */
export async function inHouse(work: (house: TestHouse) => Promise<void>): Promise<void> {
  const house = free.pop() ?? (await new Promise<TestHouse>((enter) => waiting.push(enter)));
  try {
    await work(house);
  } finally {
    const next = waiting.shift();
    if (next) next(house);
    else free.push(house);
  }
}

/** So many deaths one journey has to bear: fewer would start more workers than it teaches, more would hide which of them broke it. */
const DEATHS = 5;

/** The points of each journey of `part` in handfuls, neighbours apart. */
function handfuls(part: Part): [points: string[], journey: Journey][] {
  const passed = new Map<Journey, string[]>();
  for (const point of crashPoints()) {
    const journey = journeyOf(point);
    if (journey === undefined || !PARTS[part].includes(journey)) continue;
    passed.set(journey, [...(passed.get(journey) ?? []), point]);
  }
  return [...passed].flatMap(([journey, points]) => {
    const count = Math.ceil(points.length / DEATHS);
    return Array.from({ length: count }, (_, n): [string[], Journey] => [
      points.filter((_, position) => position % count === n),
      journey,
    ]);
  });
}

/** Runs a journey while the worker crashes once at each of `points`; whoever watches starts it again. */
async function crashDuring(house: TestHouse, points: readonly string[], journey: Journey): Promise<void> {
  const start = () =>
    house.startWorkers({
      crashAt: points.join(","),
      environment: { MARKET_FEED_URL: feed.url, WEBHOOK_PRIVATE: "on", ...chain.environment },
    });
  const deaths: (NodeJS.Signals | null)[] = [];
  let worker = await start();
  let over = false;
  const watch = (async () => {
    while (!over) {
      const signal = await worker.ended;
      if (over) return;
      deaths.push(signal);
      worker = await start();
    }
    await worker.kill(); // it came up when the test was over
  })();
  try {
    await journey(house);
    // the journey may be over before the process that it passed through reaches the last point
    for (const point of points) await until(async () => crashFired(house, point), `the crash at ${point}`);
    await until(async () => deaths.length === points.length, "the deaths to be seen");
    expect(deaths).toEqual(points.map(() => "SIGKILL"));
  } catch (error) {
    const open = await openRuns(house).catch((trouble: unknown) => [`Temporal cannot be asked: ${trouble}`]);
    const said = [`deaths: ${deaths.join(", ")}`, ...open, worker.output().slice(-4_000)].join("\n");
    throw new Error(`${error instanceof Error ? error.message : error}\n${said}`, { cause: error });
  } finally {
    // whatever happened, no worker stays behind to do the next test's work
    over = true;
    await worker.kill();
    await watch.catch(() => {});
  }
}

/** The crash points whose journeys belong to `part`. */
export function crashes(part: Part): void {
  describe.concurrent(`a worker killed at every crash point of ${part}`, () => {
    it.each(handfuls(part).map(([points, journey]) => [points.join(", "), points, journey] as const))(
      "%s",
      { timeout: 1_800_000 },
      (_name, points, journey) => inHouse((house) => crashDuring(house, points, journey)),
    );
  });
}
