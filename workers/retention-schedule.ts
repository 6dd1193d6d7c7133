// The one clock of retention: once a month, in UTC, by the platform's setting. What fires archives whatever is older than its term; a month that was missed is
// taken by the next one.
import type { Database } from "@evergreen-fund/supabase-client";
import type { retireOldRows } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { z } from "zod";
import { ensureClock } from "./clock.ts";

export const RETENTION_SCHEDULE = "platform/retention";
/** Nearly to the next one: rows that stay some weeks longer harm nobody, and two months behind are one run. */
const CATCH_UP = "26d";

const Monthly = z.object({ day: z.int().min(1).max(28), at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/) });
export type RetentionClock = z.infer<typeof Monthly>;

/** Null: the setting is not there, and nothing is archived by itself. */
export async function readRetentionClock(database: Database): Promise<RetentionClock | null> {
  const setting = await database.read({ role: "agent_commander" }, (tx) =>
    tx.platform_settings.findUnique({ where: { key: "retention_monthly" } }),
  );
  const clock = Monthly.safeParse(setting?.value);
  return clock.success ? clock.data : null;
}

/** Creates the schedule or changes it to what it should be; done twice is done once. */
export function ensureRetentionSchedule(
  client: Client,
  { day, at }: RetentionClock,
  rooms: Rooms,
): Promise<"made" | "changed" | "as it was"> {
  const [hour = 0, minute = 0] = at.split(":").map(Number);
  return ensureClock(client, {
    scheduleId: RETENTION_SCHEDULE,
    spec: { calendars: [{ dayOfMonth: day, hour, minute }], timezone: "UTC" },
    action: {
      type: "startWorkflow",
      workflowType: "retireOldRows",
      workflowId: "retire-old-rows",
      taskQueue: "commander",
      args: [{ rooms }] as Parameters<typeof retireOldRows>,
      typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH.stage, value: "scheduled" }]),
    },
    // one that still goes on takes what the next would have taken
    policies: { overlap: "SKIP", catchupWindow: CATCH_UP },
    about: [rooms],
  });
}
