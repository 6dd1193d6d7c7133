// Lists and screening on a real Temporal with real workers: the clock asks, the list is fetched over HTTP, parties are screened and held against what changes.
import { afterAll, beforeAll, expect, it } from "vitest";
import { ensureListSchedule, LIST_SCHEDULE } from "../list-schedule.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { OPS, runEnded } from "./journeys.ts";
import { screenedByLists } from "./screening-journey.ts";

let house: TestHouse;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  await house.startWorkers();
});
afterAll(() => house?.stop());

it("fetches, screens, and finds the party that a list comes to name; no name is in any workflow", async () => {
  const { refreshed, published, screened } = await screenedByLists(house);
  const client = await clientOf(house);
  try {
    for (const eventId of [refreshed, published, screened]) {
      const workflowId = `event/${eventId}`;
      const decoded = JSON.stringify(await client.workflow.getHandle(workflowId).result());
      expect(decoded).not.toMatch(/Bartholomew|Sanctioned/);
    }
    const runs = await house.look<{ all: string }>(
      "select coalesce(string_agg(row_to_json(r)::text, ''), '') as all from workflow_runs r",
    );
    expect(runs[0]?.all).not.toMatch(/Bartholomew/);
  } finally {
    await client.connection.close();
  }
});

it("says why a list was not used, and a run that was refused is over", async () => {
  await house.look("update watchlists set active = false where active returning 1");
  await house.database.rpc(OPS, "fn_set_watchlist", {
    source: "syn-missing",
    title: "Synthetic list without a file",
    format: "own-csv",
    address: "missing.csv",
  });
  const { event_id } = await house.database.rpc(OPS, "fn_request_list_refresh", { source: "syn-missing" });
  await runEnded(house.database, event_id);
  const [run] = await house.look<{ status: string; reason: string }>(
    "select status, metadata ->> 'reason' as reason from workflow_runs where event_id = $1",
    [event_id],
  );
  expect(run).toMatchObject({ status: "refused", reason: expect.stringContaining("not in the folder of the lists") });
});

it("has one clock in UTC, never beside itself", async () => {
  const client = await clientOf(house);
  try {
    expect(await ensureListSchedule(client, { every_hours: 6 }, "local")).toBe("made");
    const schedule = client.schedule.getHandle(LIST_SCHEDULE);
    const { policies } = await schedule.describe();
    expect(policies).toMatchObject({ overlap: "SKIP", catchupWindow: 6 * 3_600_000 });
    expect(await ensureListSchedule(client, { every_hours: 6 }, "local")).toBe("as it was");
    expect(await ensureListSchedule(client, { every_hours: 3 }, "local")).toBe("changed");
    await schedule.delete();
  } finally {
    await client.connection.close();
  }
});
