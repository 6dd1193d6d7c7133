// The clock of retention on a real Temporal with real workers: what it fires archives and retires; what a person did to it stays.
import { readScheduleNote, scheduleNoteText } from "@evergreen-fund/domain/schedule-note.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ensureRetentionSchedule, RETENTION_SCHEDULE } from "../retention-schedule.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { retired } from "./retention-journey.ts";

let house: TestHouse;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  await house.startWorkers();
});
afterAll(() => house?.stop());

it("has old rows archived and retired, once, however often it fires", async () => {
  await retired(house);
  await retired(house);
});

it("fires monthly by UTC, never beside itself, and is changed without losing what a person did", async () => {
  const client = await clientOf(house);
  const at = (day: number) => ensureRetentionSchedule(client, { day, at: "03:40" }, "local");
  expect(await at(2)).toBe("made");
  const schedule = client.schedule.getHandle(RETENTION_SCHEDULE);
  const { spec, policies, state } = await schedule.describe();
  expect(policies).toMatchObject({ overlap: "SKIP", catchupWindow: 26 * 86_400_000 });
  expect(spec.timezone).toBe("UTC");
  const { nextActionTimes } = (await schedule.describe()).info;
  expect(nextActionTimes.slice(0, 3).map((next) => next.toISOString().slice(7, 16))).toEqual(
    Array.from({ length: 3 }, () => "-02T03:40"),
  );
  // as `schedules pause` holds it
  const { fingerprint } = readScheduleNote(state.note);
  await schedule.pause(scheduleNoteText({ words: "year end", eventId: null, fingerprint }));
  expect(await at(2)).toBe("as it was");
  expect(await at(3)).toBe("changed");
  const changed = await schedule.describe();
  expect(changed.state.paused).toBe(true);
  expect(readScheduleNote(changed.state.note).words).toBe("year end");
  expect(changed.info.nextActionTimes[0]?.toISOString().slice(7, 16)).toBe("-03T03:40");
  await schedule.delete();
  await client.connection.close();
});
