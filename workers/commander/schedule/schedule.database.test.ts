// A year of dealing dates on a real database: every schedule fires twice, people trigger it, days are missed and backfilled, and each date has one dealing day.
// The action is called as Temporal would call it, with the instant at which each firing was due.
import { expect, it } from "vitest";
import { DEALING_POLICY } from "../../tests/dealing-journeys.ts";
import { importFund, OPS, PM_ONE } from "../../tests/journeys.ts";
import { useRooms } from "../../tests/room-house.ts";

const house = useRooms();
const DAY = 86_400_000;
const ZONE = "Europe/Madrid";

async function newClass(policy: object) {
  const { fundId, code } = await importFund(house.database);
  const shareClassId = await house.database.rpc(PM_ONE, "fn_open_class", {
    fund: code,
    code: "A",
    name: "Class A (synthetic)",
    issue_price: "100",
  });
  await house.database.rpc(PM_ONE, "fn_set_dealing_policy", {
    share_class_id: shareClassId,
    body: { ...DEALING_POLICY, ...policy },
    effective_from: "2020-01-01",
  });
  return { fundId, code, shareClassId };
}
type Class = Awaited<ReturnType<typeof newClass>>;

const fire = ({ fundId, shareClassId }: Class, by: string, at: number) =>
  house.call<{ dates: string[] }>("commander.openDealingDays", {
    workflowId: `open/${by}/${at}`,
    fundId,
    shareClassId,
    at: new Date(at).toISOString(),
  });
const daysOf = ({ shareClassId }: Class) =>
  house.database.read(OPS, async (tx) => {
    const days = await tx.dealing_days.findMany({
      where: { share_class_id: shareClassId },
      orderBy: { dealing_date: "asc" },
    });
    return days.map((day) => ({
      date: day.dealing_date.toISOString().slice(0, 10),
      cutOff: day.cut_off_at.toISOString(),
      run: day.workflow_id,
    }));
  });
/** The date of an instant where the class deals. */
const dateIn = (at: number): string => new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).format(at);

it("opens 365 dates once each, whatever fires how often", { timeout: 600_000 }, async () => {
  const calendar = `synthetic ${process.pid}`;
  const start = Date.now();
  const holidays = [40, 41, 100, 180, 260, 333].map((n) => ({ date: dateIn(start + n * DAY), name: "synthetic" }));
  await house.database.rpc(OPS, "fn_set_holidays", { calendar, holidays });
  const one = await newClass({ calendar, timeZone: ZONE, cutOff: "12:00" });
  // by itself: Monday to Friday, no holidays, in the zone of the class, until there are 365
  const expected: string[] = [];
  const first = dateIn(start);
  let last = start;
  for (let n = 0; expected.length < 365; n++) {
    const date = new Date(Date.parse(first) + n * DAY).toISOString().slice(0, 10);
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
    if (weekday !== 0 && weekday !== 6 && !holidays.some((day) => day.date === date)) expected.push(date);
    last = Date.parse(date) + 12 * 3_600_000;
  }
  // the schedule fires every day at noon; on one day of nine nothing runs, and the next firing catches up
  for (let at = start; at < last; at += DAY) {
    if (Math.floor((at - start) / DAY) % 9 === 4) continue;
    await Promise.all([fire(one, "schedule", at), fire(one, "another-schedule", at), fire(one, "trigger", at + 1_000)]);
  }
  // and somebody backfills all of it once more
  for (let at = start; at < last; at += 5 * DAY) await fire(one, "backfill", at);
  const days = (await daysOf(one)).filter(({ date }) => date <= (expected.at(-1) as string));
  expect(days.map(({ date }) => date)).toEqual(expected);
  expect(days.every(({ date, run }) => run === `deal/${one.code}/A/${date}`)).toBe(true);
  // noon in Madrid is 10:00 in summer and 11:00 in winter
  const hours = new Set(days.map(({ cutOff }) => cutOff.slice(11, 16)));
  expect([...hours].sort()).toEqual(["10:00", "11:00"]);
  const opened = await house.database.read(OPS, (tx) =>
    tx.fund_events.count({ where: { fund_id: one.fundId, type: "DEALING_DAY_OPENED" } }),
  );
  expect(opened).toBe((await daysOf(one)).length);
});

it("opens a month's date when its cut-off is near, and not before", async () => {
  const one = await newClass({ frequency: "monthly", on: { dayOfMonth: "last" }, timeZone: "UTC", cutOff: "12:00" });
  const now = new Date();
  const end = new Date(Date.UTC(now.getUTCFullYear() + 1, 2, 0));
  while ([0, 6].includes(end.getUTCDay())) end.setUTCDate(end.getUTCDate() - 1);
  const cutOff = end.getTime() + 12 * 3_600_000;
  // everything before is opened first: a date that was missed is caught up for five weeks
  await fire(one, "before", cutOff - 40 * 3_600_000);
  const before = (await daysOf(one)).map(({ date }) => date);
  expect(before).not.toContain(end.toISOString().slice(0, 10));
  expect((await fire(one, "near", cutOff - 36 * 3_600_000)).dates).toEqual([end.toISOString().slice(0, 10)]);
  expect((await fire(one, "again", cutOff - 35 * 3_600_000)).dates).toEqual([]);
});

it("opens nothing from before the class had terms, and says so when it has none", async () => {
  const one = await newClass({});
  expect((await fire(one, "backfill", Date.now() - 100 * DAY)).dates).toEqual([]);
  expect(await daysOf(one)).toEqual([]);
  await expect(fire({ ...one, shareClassId: one.fundId }, "nobody", Date.now())).rejects.toMatchObject({
    type: "EG404",
  });
});
