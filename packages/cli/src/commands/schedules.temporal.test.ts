// Schedules typed, on a real Temporal and a real database: listed by their own clock, paused so that nothing fires, resumed, backfilled.

import { until } from "@evergreen-fund/testing/working-house.ts";
import { answerAsked, tellSchedules } from "@evergreen-fund/workers/asked-schedules.ts";
import { ensureRetentionSchedule, RETENTION_SCHEDULE } from "@evergreen-fund/workers/retention-schedule.ts";
import { ensureSchedule, readScheduledClasses } from "@evergreen-fund/workers/schedules.ts";
import { type DealingHouse, dealingFund } from "@evergreen-fund/workers/tests/dealing-journeys.ts";
import { clientOf, openHouses, type TestHouse } from "@evergreen-fund/workers/tests/houses.ts";
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "../test-house.ts";

/** How often the schedule under test is due while pausing is tried. */
const DUE_MS = 2000;
let house: TestHouse;
let door: Door;
let client: Client;
let on: DealingHouse;
let id = "";
const settings: Record<string, string> = {};

beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  client = await clientOf(house);
  door = await openDoor(house.appUrl.replace("evergreen_app", "evergreen_api"), house.look, { environment: settings });
  settings.TEMPORAL_ADDRESS = house.temporalAddress;
  on = await dealingFund(house, { policy: { timeZone: "Europe/Madrid", cutOff: "14:30" } });
  id = `deal/${on.code}/A`;
  await house.startWorkers();
  await ensured();
});
afterAll(async () => {
  await client?.connection.close();
  await house?.stop();
});

/** What the worker does when it looks at the class. */
async function ensured(change: { cutOff?: string } = {}): Promise<string> {
  const [one] = (await readScheduledClasses(house.database)).filter(({ fund }) => fund === on.code);
  return ensureSchedule(client, { ...one!, ...change }, "local");
}

const View = z.strictObject({
  scheduleId: z.string(),
  fund: z.string().nullable(),
  zone: z.string(),
  fires: z.string(),
  next: z.array(z.strictObject({ at: z.iso.datetime(), local: z.string() })),
  recent: z.array(
    z.strictObject({
      scheduledAt: z.iso.datetime(),
      startedAt: z.iso.datetime(),
      workflowId: z.string(),
      status: z.string(),
    }),
  ),
  paused: z.strictObject({ by: z.string().nullable(), why: z.string(), since: z.iso.datetime().nullable() }).nullable(),
});
const Switched = z.strictObject({ scheduleId: z.string(), paused: z.boolean(), eventId: z.uuid() });
const Filled = z.strictObject({
  scheduleId: z.string(),
  zone: z.string(),
  times: z.array(z.strictObject({ at: z.iso.datetime(), local: z.string() })),
  done: z.boolean(),
  eventId: z.uuid().nullable(),
});
const listed = async () => {
  const views = await door.json("ops1", z.array(View), ["schedules", "list", "--fund", on.code, "--last", "10"]);
  expect(views).toHaveLength(1);
  return views[0]!;
};
const taken = async () => (await client.schedule.getHandle(id).describe()).info.numActionsTaken;
const events = () =>
  house.look<{ payload: { action: string } }>(
    "select payload from fund_events where type = 'SCHEDULE_NOTED' and payload ->> 'schedule_id' = $1 order by seq",
    [id],
  );

describe("schedules", () => {
  it("are listed with the next time by their own zone", async () => {
    const view = await listed();
    expect(view).toMatchObject({
      scheduleId: id,
      fund: on.code,
      zone: "Europe/Madrid",
      fires: "14:30 every day",
      paused: null,
    });
    expect(view.next).toHaveLength(3);
    for (const { local } of view.next) expect(local).toMatch(/^\d{4}-\d\d-\d\d 14:30$/);
    // Madrid is one or two hours ahead of UTC, and an hour was never 14:30 in both
    expect(view.next[0]?.at).toMatch(/T1[23]:30:00/);
    expect((await door.run("ops1", ["schedules", "list", "--fund", on.code])).out).toContain(id);
  });

  it("that are paused stop firing, say who and why, and keep it when the worker looks again", async () => {
    const handle = client.schedule.getHandle(id);
    await handle.update((before) => ({ ...before, spec: { intervals: [{ every: DUE_MS }] } }) as never);
    const before = await taken();
    await until(async () => (await taken()) > before + 1, "the schedule to fire");
    const done = await door.json("ops1", Switched, ["schedules", "pause", id, "--reason", "moving the calendar"]);
    expect(done).toMatchObject({ scheduleId: id, paused: true });
    const held = await taken();
    await new Promise((resolve) => setTimeout(resolve, 4 * DUE_MS));
    expect(await taken()).toBe(held);
    const view = await listed();
    expect(view.next).toEqual([]);
    expect(view.paused).toMatchObject({ by: "ops1@demo.evergreen.example", why: "moving the calendar" });
    // nobody reads the runs' payloads, but how they stand is told
    expect(view.recent.length).toBeGreaterThan(0);
    expect(view.recent.every(({ status }) => ["running", "completed", "terminated"].includes(status))).toBe(true);
    // the worker finds its own fingerprint beside the words; when it changes the clock, it stays paused and the words stay
    expect(await ensured()).toBe("as it was");
    expect(await ensured({ cutOff: "11:00" })).toBe("changed");
    expect(await listed()).toMatchObject({ fires: "11:00 every day", paused: { why: "moving the calendar" } });
  });

  it("are not paused twice, nor resumed by who may not", async () => {
    expect(await door.run("pm1", ["schedules", "pause", id, "--reason", "again"])).toMatchObject({
      exit: 3,
      err: expect.stringContaining("is paused already"),
    });
    expect((await door.run("lp1", ["schedules", "resume", id, "--reason", "I want out"])).exit).not.toBe(0);
    expect((await door.run("audit1", ["schedules", "resume", id, "--reason", "looking"])).exit).toBe(4);
    expect((await listed()).paused).not.toBeNull();
    const no = await door.run("ops1", ["schedules", "pause", `deal/${on.code}/NONE`, "--reason", "x"]);
    expect(no).toMatchObject({ exit: 2, err: expect.stringContaining(id) });
    expect(await events()).toHaveLength(1);
  });

  it("that are resumed fire again", async () => {
    await door.json("pm1", Switched, ["schedules", "resume", id, "--reason", "the calendar is right"]);
    const view = await listed();
    expect(view.paused).toBeNull();
    expect(view.next[0]?.local).toMatch(/ 11:00$/);
    expect((await events()).map(({ payload }) => payload.action)).toEqual(["pause", "resume"]);
  });

  it("are backfilled for a bounded number of dates, which are shown first", async () => {
    const span = ["schedules", "backfill", id, "--from", "2026-03-27", "--to", "2026-03-30"];
    const seen = await door.json("ops1", Filled, [...span, "--dry-run"]);
    // summer time begins in Madrid on 29 March 2026: 11:00 is 10:00 UTC before it and 9:00 after it
    expect(seen.times.map(({ at }) => at)).toEqual([
      "2026-03-27T10:00:00.000Z",
      "2026-03-28T10:00:00.000Z",
      "2026-03-29T09:00:00.000Z",
      "2026-03-30T09:00:00.000Z",
    ]);
    expect(seen).toMatchObject({ done: false, eventId: null });
    expect((await events()).length).toBe(2);
    const before = await taken();
    const filled = await door.json("ops1", Filled, [...span, "--reason", "the server was moved"]);
    expect(filled).toMatchObject({ done: true, times: seen.times });
    await until(async () => (await taken()) >= before + 4, "the backfill to fire");
    await until(async () => {
      const { recent } = await listed();
      const of = recent.filter(({ scheduledAt }) => scheduledAt.startsWith("2026-03"));
      return of.length === 4 && of.every(({ status }) => status === "completed");
    }, "the runs to end");
    expect(await taken()).toBe(before + 4);
    for (const words of [
      ["--from", "2026-03-30", "--to", "2026-03-27", "--dry-run"],
      ["--from", "2020-01-01", "--to", "2026-03-27", "--dry-run"],
      ["--from", "2026-03-27", "--to", "2026-03-30"],
    ])
      expect((await door.run("ops1", ["schedules", "backfill", id, ...words])).exit).toBe(2);
  });

  it("are told to the desk, and do what was asked there, once", async () => {
    const ops = { role: "ops_role", userId: "77777777-7777-4777-8777-777777777777" } as const;
    const at = async () =>
      (await house.database.rpc(ops, "fn_read_schedules", {})).schedules.find(({ schedule_id }) => schedule_id === id);
    await tellSchedules(house.database, client);
    expect(await at()).toMatchObject({ zone: "Europe/Madrid", fires: "11:00 every day", paused: false, asked: null });
    expect(await tellSchedules(house.database, client)).toBe(0);
    const ask = (action: "pause" | "resume" | "backfill", days = {}) =>
      house.database.rpc(ops, "fn_ask_schedule", { schedule_id: id, action, note: "asked at the desk", ...days });
    for (const action of ["pause", "resume"] as const) {
      const { event_id } = await ask(action);
      expect(await answerAsked(house.database, client)).toBe(1);
      const { state } = await client.schedule.getHandle(id).describe();
      expect(state).toMatchObject({ paused: action === "pause", note: expect.stringContaining(event_id) });
      // who reads that it is done reads a clock that stands as was asked
      expect(await at()).toMatchObject({ paused: action === "pause", asked: { action, outcome: "done" } });
    }
    const before = await taken();
    await ask("backfill", { first_day: "2026-04-01", last_day: "2026-04-02" });
    await answerAsked(house.database, client);
    await until(async () => (await taken()) === before + 2, "the backfill to fire");
    expect((await at())?.asked).toMatchObject({
      outcome: "done",
      says: "It fires 2 times, for 2026-04-01 11:00 to 2026-04-02 11:00 (Europe/Madrid), one after the other.",
    });
    expect(await answerAsked(house.database, client)).toBe(0);
  });

  it("need a Temporal that answers", async () => {
    settings.TEMPORAL_ADDRESS = "127.0.0.1:9";
    expect(await door.run("ops1", ["schedules", "list"])).toMatchObject({ exit: 5, out: "" });
  });

  it("of the platform are listed without a fund, and held with who and why", async () => {
    settings.TEMPORAL_ADDRESS = house.temporalAddress;
    expect(await ensureRetentionSchedule(client, { day: 2, at: "03:40" }, "local")).toBe("made");
    const all = await door.json("ops1", z.array(View), ["schedules", "list"]);
    expect(all.find(({ scheduleId }) => scheduleId === RETENTION_SCHEDULE)).toMatchObject({
      fund: null,
      zone: "UTC",
      fires: "03:40 on day 2 of every month",
      paused: null,
    });
    expect((await listed()).scheduleId).toBe(id);
    const words = [RETENTION_SCHEDULE, "--reason", "an audit looks at old rows"];
    await door.json("ops1", Switched, ["schedules", "pause", ...words]);
    const [held] = (await door.json("ops1", z.array(View), ["schedules", "list"])).filter(({ fund }) => fund === null);
    expect(held?.paused).toMatchObject({ why: "an audit looks at old rows", by: expect.any(String) });
    await client.schedule.getHandle(RETENTION_SCHEDULE).delete();
  });
});
