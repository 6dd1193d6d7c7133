// The one clock of the regulatory calendar: once a day, in UTC, by the platform's setting `calendar_daily`. What fires says once what is due, what is
// overdue and which breach is past its cure; a day that was missed is taken by the next one.
import type { Database } from "@evergreen-fund/supabase-client";
import type { tickCalendar } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { z } from "zod";
import { ensureClock } from "./clock.ts";

export const CALENDAR_SCHEDULE = "platform/calendar";

const Daily = z.object({ at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/) });
export type CalendarClock = z.infer<typeof Daily>;

/** Null: the setting is not there, and nothing is said by itself. */
export async function readCalendarClock(database: Database): Promise<CalendarClock | null> {
  const setting = await database.read({ role: "agent_commander" }, (tx) =>
    tx.platform_settings.findUnique({ where: { key: "calendar_daily" } }),
  );
  const clock = Daily.safeParse(setting?.value);
  return clock.success ? clock.data : null;
}

/** Creates the schedule or changes it to what it should be; done twice is done once. */
export function ensureCalendarSchedule(
  client: Client,
  { at }: CalendarClock,
  rooms: Rooms,
): Promise<"made" | "changed" | "as it was"> {
  const [hour = 0, minute = 0] = at.split(":").map(Number);
  return ensureClock(client, {
    scheduleId: CALENDAR_SCHEDULE,
    spec: { calendars: [{ hour, minute }], timezone: "UTC" },
    action: {
      type: "startWorkflow",
      workflowType: "tickCalendar",
      workflowId: "tick-calendar",
      taskQueue: "commander",
      args: [{ rooms }] as Parameters<typeof tickCalendar>,
      typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH.stage, value: "scheduled" }]),
    },
    policies: { overlap: "SKIP", catchupWindow: "1d" },
    about: [rooms],
  });
}
