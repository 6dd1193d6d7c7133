// The clock of the regulatory calendar as tests take it through real workers: an obligation and a breach past their day, the schedule fired, each said once.
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { CALENDAR_SCHEDULE, ensureCalendarSchedule, readCalendarClock } from "../calendar-schedule.ts";
import { clientOf, type TestHouse } from "./houses.ts";
import { importFund, OPS } from "./journeys.ts";

/** Whatever is killed on the way: due, overdue and past its cure are each said once. */
export const calendarTicked = async (house: TestHouse): Promise<void> => {
  const { database } = house;
  const { fundId, code } = await importFund(database);
  const due_on = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
  await database.rpc(OPS, "fn_set_obligation", {
    fund: code,
    code: "report",
    title: "Report",
    source: "synthetic",
    due_on,
  });
  const { breach_id } = await database.rpc(OPS, "fn_record_breach", {
    fund: code,
    rule: "x/y",
    class: "passive",
    cause: "the market",
    cure_days: 1,
  });
  await house.look("update breaches set cure_by = now() - interval '1 hour' where breach_id = $1", [breach_id]);
  const client = await clientOf(house);
  try {
    const clock = await readCalendarClock(database);
    if (clock === null) throw new Error("the platform has no setting of the calendar's clock");
    await ensureCalendarSchedule(client, clock, "local");
    const schedule = client.schedule.getHandle(CALENDAR_SCHEDULE);
    await schedule.trigger();
    const said = () =>
      house.look<{ type: string }>(
        "select type from fund_events where fund_id = $1 and type in ('OBLIGATION_DUE', 'OBLIGATION_OVERDUE', 'BREACH_OVERDUE') order by type",
        [fundId],
      );
    await until(async () => (await said()).length >= 3, "the calendar to be looked at");
    expect((await said()).map(({ type }) => type)).toEqual(["BREACH_OVERDUE", "OBLIGATION_DUE", "OBLIGATION_OVERDUE"]);
    await schedule.delete();
  } finally {
    await client.connection.close();
  }
};
