// Schedules on a real Temporal: made by the worker, with overlap, catch-up and zone on purpose; fired twice, triggered and backfilled, one day per date.
import { until } from "@evergreen-fund/testing/working-house.ts";
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ensureSchedule, readScheduledClasses, scheduleIdOf } from "../schedules.ts";
import { dayAhead, dealingFund } from "./dealing-journeys.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, PM_ONE } from "./journeys.ts";

let house: TestHouse;
let client: Client;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  client = await clientOf(house);
});
afterAll(async () => {
  await client?.connection.close();
  await house?.stop();
});

const DAY = 86_400_000;
/** Days that are backfilled. */
const YEAR = 365;
/** How often a schedule is due whose server is stopped. */
const DUE_MS = 10_000;

it("opens one day per date, however often it fires", async () => {
  const on = await dealingFund(house, { policy: { timeZone: "Europe/Madrid", cutOff: "14:30" } });
  const worker = await house.startWorkers({ schedules: true });
  const id = scheduleIdOf({ fund: on.code, code: "A" });
  const handle = client.schedule.getHandle(id);
  const made = await until(() => handle.describe(), "the schedule to be made");
  expect(made.policies).toMatchObject({ overlap: "BUFFER_ONE", catchupWindow: 36 * 3_600_000 });
  expect(made.spec.timezone).toBe("Europe/Madrid");
  expect(made.spec.calendars?.[0]).toMatchObject({
    hour: [{ start: 14, end: 14, step: 1 }],
    minute: [{ start: 30, end: 30, step: 1 }],
  });
  // twice is once: by this process as by the worker
  const [one] = (await readScheduledClasses(house.database)).filter(({ fund }) => fund === on.code);
  expect(await ensureSchedule(client, one!, "local")).toBe("as it was");
  // another schedule for the same class, a backfill of the fortnight to come by both at once, and then triggers (the server forgets a backfill that
  // comes in the same moment as a trigger)
  expect(await ensureSchedule(client, { ...one!, code: "A-TWIN" }, "local")).toBe("made");
  const twin = client.schedule.getHandle(scheduleIdOf({ fund: on.code, code: "A-TWIN" }));
  const span = { start: new Date(), end: new Date(Date.now() + 14 * DAY), overlap: "ALLOW_ALL" as const };
  await Promise.all([handle.backfill(span), twin.backfill(span)]);
  const expected = Array.from({ length: 14 }, (_, n) => dayAhead(n)).filter(
    (date) => ![0, 6].includes(new Date(date).getUTCDay()),
  );
  const seen = () =>
    house.database.read(AUDIT, async (tx) => ({
      days: (await tx.dealing_days.findMany({ where: { fund_id: on.fundId }, orderBy: { dealing_date: "asc" } })).map(
        (day) => day.dealing_date.toISOString().slice(0, 10),
      ),
      events: await tx.fund_events.count({ where: { fund_id: on.fundId, type: "DEALING_DAY_OPENED" } }),
    }));
  let last: unknown;
  await until(
    async () => {
      const { days } = await seen();
      last = days;
      return days.length >= expected.length;
    },
    () => `${expected} to be opened; there are ${last}`,
    180_000,
  );
  const taken = async () => (await handle.describe()).info.numActionsTaken;
  const before = await taken();
  await Promise.all([handle.trigger("ALLOW_ALL"), handle.trigger("ALLOW_ALL"), twin.trigger("ALLOW_ALL")]);
  await until(async () => (await taken()) > before, "a trigger to be answered");
  const { days, events } = await seen();
  expect(days.slice(0, expected.length)).toEqual(expected);
  expect(new Set(days).size).toBe(days.length);
  expect(events).toBe(days.length);
  // each opened day has a run of its own
  await until(
    async () =>
      (await Promise.all(days.map((date) => client.workflow.getHandle(`deal/${on.code}/A/${date}`).describe())))
        .length === days.length,
    "a run for each day",
  );
  // new terms, another clock: the worker changes the schedule
  await house.database.rpc(PM_ONE, "fn_set_dealing_policy", {
    share_class_id: on.classId,
    body: { ...(await policyOf(on.classId)), cutOff: "11:00" },
    effective_from: dayAhead(0),
  });
  await until(async () => {
    const { spec } = await handle.describe();
    return (spec.calendars?.[0] as { hour?: { start: number }[] } | undefined)?.hour?.[0]?.start === 11;
  }, "the schedule to be changed");
  await worker.kill();
});

it("opens each date of a year once when two schedules backfill it at once", async () => {
  const on = await dealingFund(house, { policy: { cutOff: "12:00" } });
  const worker = await house.startWorkers();
  const [one] = (await readScheduledClasses(house.database)).filter(({ fund }) => fund === on.code);
  const handles = [];
  for (const code of ["A", "A-TWIN"]) {
    await ensureSchedule(client, { ...one!, code }, "local");
    handles.push(client.schedule.getHandle(scheduleIdOf({ fund: on.code, code })));
  }
  const span = { start: new Date(), end: new Date(Date.now() + YEAR * DAY), overlap: "ALLOW_ALL" as const };
  await Promise.all(handles.map((handle) => handle.backfill(span)));
  const expected = Array.from({ length: YEAR }, (_, n) => dayAhead(n)).filter(
    (date) => ![0, 6].includes(new Date(date).getUTCDay()),
  );
  const opened = () =>
    house.database.read(AUDIT, async (tx) =>
      (await tx.dealing_days.findMany({ where: { fund_id: on.fundId }, orderBy: { dealing_date: "asc" } })).map((day) =>
        day.dealing_date.toISOString().slice(0, 10),
      ),
    );
  let last: string[] = [];
  await until(
    async () => {
      last = await opened();
      return expected.every((date) => last.includes(date));
    },
    () => `${expected.length} dates to be opened; there are ${last.length}`,
    800_000,
  );
  expect(new Set(last).size).toBe(last.length);
  // the last dates of the backfill may be opened between the two counts; were one opened twice, they would never agree
  await until(async () => {
    const events = await house.database.read(AUDIT, (tx) =>
      tx.fund_events.count({ where: { fund_id: on.fundId, type: "DEALING_DAY_OPENED" } }),
    );
    return events === (await opened()).length;
  }, "one event for each date");
  await worker.kill();
});

it("catches up what came due while the server was stopped, one at a time, and opens no date twice", async () => {
  const on = await dealingFund(house);
  const [one] = (await readScheduledClasses(house.database)).filter(({ fund }) => fund === on.code);
  await ensureSchedule(client, one!, "local");
  const id = scheduleIdOf({ fund: on.code, code: "A" });
  const handle = client.schedule.getHandle(id);
  // as it ships, but for a clock that is due every few seconds
  await handle.update((before) => ({ ...before, spec: { intervals: [{ every: DUE_MS }] } }) as never);
  let worker = await house.startWorkers();
  const info = async () => (await handle.describe()).info;
  await until(async () => (await info()).numActionsTaken >= 2, "the schedule to fire");
  const scheduled = async (from: number, to: number): Promise<number[]> => {
    const times: number[] = [];
    for await (const run of client.workflow.list({ query: `TemporalScheduledById = '${id}'` })) {
      const at = run.searchAttributes.TemporalScheduledStartTime?.[0];
      if (at instanceof Date && at.getTime() > from && at.getTime() < to) times.push(at.getTime());
    }
    return times.sort();
  };
  let [down, up] = [0, 0];
  await house.restartTemporal(async () => {
    down = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 3 * DUE_MS + 500));
    up = Date.now();
  });
  await worker.kill();
  worker = await house.startWorkers();
  const missed = Array.from({ length: 5 }, (_, n) => (Math.floor(down / DUE_MS) + 1 + n) * DUE_MS).filter(
    (at) => at < up,
  );
  expect(missed.length).toBeGreaterThanOrEqual(3);
  await until(async () => (await scheduled(up, Number.MAX_SAFE_INTEGER)).length > 0, "the schedule to fire again");
  // none was too late to be caught up; of those that would have run at once one ran, one waited, and the rest were left to it (BUFFER_ONE)
  const caughtUp = await scheduled(down, up);
  expect(caughtUp.length).toBeGreaterThan(0);
  expect(caughtUp.every((at) => missed.includes(at))).toBe(true);
  expect(new Set(caughtUp).size).toBe(caughtUp.length);
  const { numActionsMissedCatchupWindow, numActionsSkippedOverlap } = await info();
  expect(numActionsMissedCatchupWindow).toBe(0);
  expect(caughtUp.length + numActionsSkippedOverlap).toBeGreaterThanOrEqual(missed.length);
  const days = await house.database.read(AUDIT, (tx) => tx.dealing_days.findMany({ where: { fund_id: on.fundId } }));
  // (none is due on a Saturday)
  expect(new Set(days.map((day) => day.dealing_date.toISOString())).size).toBe(days.length);
  await handle.pause();
  await worker.kill();
});

const policyOf = (share_class_id: string) =>
  house.database.read(
    AUDIT,
    async (tx) =>
      (await tx.dealing_policies.findFirstOrThrow({ where: { share_class_id } })).body as Record<string, unknown>,
  );
