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

it("opens one day per date, however often it fires", { timeout: 400_000 }, async () => {
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

const policyOf = (share_class_id: string) =>
  house.database.read(
    AUDIT,
    async (tx) =>
      (await tx.dealing_policies.findFirstOrThrow({ where: { share_class_id } })).body as Record<string, unknown>,
  );
