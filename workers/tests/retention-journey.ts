// The clock of retention as tests take it through real workers: a synthetic fund with old events, the schedule made and fired, every old row retired once.
import { oldEvents } from "@evergreen-fund/prisma/tests/retention-days.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { ensureRetentionSchedule, RETENTION_SCHEDULE, readRetentionClock } from "../retention-schedule.ts";
import { clientOf, type TestHouse } from "./houses.ts";
import { importFund } from "./journeys.ts";

/** Whatever is killed on the way: the old events have left their content to one archive, which the database has recorded once. */
export const retired = async (house: TestHouse): Promise<void> => {
  const { fundId } = await importFund(house.database);
  const old = await oldEvents(house as unknown as Parameters<typeof oldEvents>[0], fundId, [{}, {}, {}]);
  const client = await clientOf(house);
  try {
    const clock = await readRetentionClock(house.database);
    if (clock === null) throw new Error("the platform has no setting of retention");
    await ensureRetentionSchedule(client, clock, "local");
    expect(await ensureRetentionSchedule(client, clock, "local")).toBe("as it was");
    const schedule = client.schedule.getHandle(RETENTION_SCHEDULE);
    await schedule.trigger();
    await until(
      async () =>
        (
          await house.look<{ n: number }>(
            "select count(*)::int as n from fund_events where event_id = any ($1) and archive_id is not null",
            [old],
          )
        )[0]?.n === old.length,
      "the old events to be retired",
    );
    // what is mirrored and loaded after that belongs to it
    await until(async () => (await schedule.describe()).info.runningActions.length === 0, "the run to end");
    const [last] = (await schedule.describe()).info.recentActions.slice(-1);
    const handle = client.workflow.getHandle(
      last!.action.workflow.workflowId,
      last!.action.workflow.firstExecutionRunId,
    );
    // an attempt that died had retired already: the one that ended found nothing left, or all of it
    expect([0, 1]).toContain(((await handle.result()) as { archives: number }).archives);
    expect(
      await house.look("select what, rows::int as rows, stored from retention_archives where fund_id = $1", [fundId]),
    ).toEqual([{ what: "fund_events", rows: 3, stored: "home" }]);
    expect(
      await house.look("select count(*)::int as n from fund_events where type = 'ROWS_RETIRED' and fund_id = $1", [
        fundId,
      ]),
    ).toEqual([{ n: 1 }]);
    await schedule.delete();
  } finally {
    await client.connection.close();
  }
};
