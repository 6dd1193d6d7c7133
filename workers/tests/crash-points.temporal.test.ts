// Kills the worker at every named crash point of a journey that passes it, restarts it, and expects the work to finish with one effect.
import { crashPoints } from "@evergreen-fund/agent-kit";
import { crashFired, until } from "@evergreen-fund/testing/working-house.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  approved,
  type Journey,
  journeyOf,
  onboard,
  ordered,
  rejected,
  stressed,
  tokenized,
  warned,
} from "./crash-journeys.ts";
import { dealt } from "./dealing-crashes.ts";
import { type FeedServer, openFeed } from "./feed-server.ts";
import { openHouses, type TestHouse } from "./houses.ts";

/** Most of a crash test is waiting for a dead worker to be noticed: so several houses wait at once, each with a crash of its own. */
const LANES = 3;
const houses: TestHouse[] = [];
const free: TestHouse[] = [];
const waiting: ((house: TestHouse) => void)[] = [];
let feed: FeedServer;
beforeAll(async () => {
  feed = await openFeed();
  houses.push(...(await openHouses(LANES)));
  free.push(...houses);
}, 120_000);
afterAll(async () => {
  await Promise.all(houses.map((house) => house.stop()));
  await feed?.close();
});

/** First come, first served. */
async function inHouse(work: (house: TestHouse) => Promise<void>): Promise<void> {
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

/** The points of each journey in handfuls, neighbours apart. */
function handfuls(): [points: string[], journey: Journey][] {
  const passed = new Map<Journey, string[]>();
  for (const point of crashPoints()) {
    const journey = journeyOf(point)!;
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
  const start = () => house.startWorkers({ crashAt: points.join(","), environment: { MARKET_FEED_URL: feed.url } });
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
  } finally {
    // whatever happened, no worker stays behind to do the next test's work
    over = true;
    await worker.kill();
    await watch.catch(() => {});
  }
}

describe.concurrent("a worker killed at every crash point", () => {
  it("has a journey for each", ({ expect }) => {
    expect(crashPoints().filter((point) => journeyOf(point) === undefined)).toEqual([]);
    expect(
      handfuls()
        .flatMap(([points]) => points)
        .sort(),
    ).toEqual(crashPoints().sort());
  });
  it.each(handfuls().map(([points, journey]) => [points.join(", "), points, journey] as const))(
    "%s",
    { timeout: 1_800_000 },
    (_name, points, journey) => inHouse((house) => crashDuring(house, points, journey)),
  );
});

describe.concurrent("other deaths during a rebalancing", () => {
  it("Temporal is killed and comes back with its file", { timeout: 1_800_000 }, () =>
    inHouse(async (house) => {
      const worker = await house.startWorkers();
      const killing = new Promise((wake) => setTimeout(wake, 300)).then(() => house.restartTemporal());
      await Promise.all([approved(house), killing]);
      await worker.kill();
    }),
  );
  it("the worker is killed three times, two seconds apart", { timeout: 1_800_000 }, () =>
    inHouse(async (house) => {
      const journey = approved(house);
      for (let kills = 0; kills < 3; kills++) {
        const worker = await house.startWorkers();
        await new Promise((wake) => setTimeout(wake, 2_000));
        await worker.kill();
      }
      const last = await house.startWorkers();
      await journey.finally(() => last.kill());
    }),
  );
  it("rooms in processes of their own handle the same playbooks", { timeout: 1_800_000 }, () =>
    inHouse(async (house) => {
      const others = [
        "rebalancing",
        "liquidity-engine",
        "compliance-sentinel",
        "risk-guardian",
        "kyc",
        "simulation",
        "tokenization",
      ];
      const workers = [await house.startWorkers({ rooms: ["commander"] }), await house.startWorkers({ rooms: others })];
      for (const journey of [approved, rejected, onboard, stressed, tokenized, warned, ordered, dealt])
        await journey(house);
      for (const worker of workers) await worker.kill();
    }),
  );
});
