// The crash points of a rebalancing and of the small runs, the list of all of them, and other deaths: of Temporal, of a worker thrice, of rooms apart.
import { crashPoints } from "@evergreen-fund/agent-kit";
import { describe, it } from "vitest";
import {
  approved,
  journeyOf,
  onboard,
  ordered,
  PARTS,
  rejected,
  stressed,
  tokenized,
  warned,
} from "./crash-journeys.ts";
import { crashes, inHouse, openLanes } from "./crash-suite.ts";
import { dealt } from "./dealing-crashes.ts";

openLanes();

describe("the journeys", () => {
  it("pass every crash point, each journey in one part", ({ expect }) => {
    const parts = Object.values(PARTS).flat();
    expect(
      crashPoints().filter((point) => parts.filter((journey) => journey === journeyOf(point)).length !== 1),
    ).toEqual([]);
    expect(new Set(parts).size).toBe(parts.length);
  });
});

crashes("small");

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
