// A dealing day on a real database and a real Temporal: from the cut-off to the closed day, twice started, suspended, blocked, refused, cancelled.
import { until, type Worker } from "@evergreen-fund/testing/working-house.ts";
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  approve,
  dayAhead,
  dayReaches,
  dealingFund,
  expectVectorDealt,
  navProposed,
  openDay,
  orderVector,
  payAll,
  progressOf,
  reachCutOff,
} from "./dealing-journeys.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd } from "./journeys.ts";

let house: TestHouse;
let client: Client;
let worker: Worker;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  worker = await house.startWorkers();
  client = await clientOf(house);
});
afterAll(async () => {
  await client?.connection.close();
  await house?.stop();
});

describe.concurrent("a dealing day", () => {
  it("is gated as R6 says, approved by two, paid and closed", { timeout: 240_000 }, async ({ expect }) => {
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    const date = dayAhead(1);
    const day = await openDay(house, on.code, date);
    expect(day.workflow_id).toBe(`deal/${on.code}/A/${date}`);
    await until(
      async () => (await progressOf(client, day.workflow_id!)).blockers.includes("the cut-off"),
      "the run to wait",
    );
    await reachCutOff(house, day.dealing_day_id);
    const proposal = await navProposed(house, day.dealing_day_id);
    expect(proposal.strike.class_navs.map((row) => row.nav_per_unit.toFixed(4))).toEqual(["12.3456"]);
    await until(
      async () => (await progressOf(client, day.workflow_id!)).blockers.includes("two approvals of the NAV"),
      "the run to wait for approvals",
    );
    expect(await progressOf(client, day.workflow_id!)).toMatchObject({
      step: 5,
      status: "nav_proposed",
      projectedFill: expect.stringMatching(/^0\.64367036/),
    });
    await approve(house, proposal);
    await dayReaches(house, day.dealing_day_id, "claimable");
    await payAll(house, on, day.dealing_day_id);
    await dayReaches(house, day.dealing_day_id, "closed");
    await expectVectorDealt(house, on, day.dealing_day_id, flows);
    const opened = await house.database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({ where: { type: "DEALING_DAY_OPENED", fund_id: on.fundId } }),
    );
    await expectEnd(house.database, opened.event_id, "completed");
    expect(worker.output()).not.toContain("Unhandled");
  });
});
