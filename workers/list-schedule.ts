// The one clock of the lists: every few hours by the platform's setting, each active list with an address is asked for. A list older than its limit clears nobody,
// so a firing that was missed is made up at once.
import type { Database } from "@evergreen-fund/supabase-client";
import type { askForLists } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { z } from "zod";
import { ensureClock } from "./clock.ts";

export const LIST_SCHEDULE = "platform/lists";

const Often = z.object({ every_hours: z.int().min(1).max(24) });
export type ListClock = z.infer<typeof Often>;

/** Null: the setting is not there, or no list has an address: nothing is fetched by itself. */
export async function readListClock(database: Database): Promise<ListClock | null> {
  return database.read({ role: "agent_commander" }, async (tx) => {
    if ((await tx.watchlists.count({ where: { active: true, address: { not: null } } })) === 0) return null;
    const setting = await tx.platform_settings.findUnique({ where: { key: "list_refresh" } });
    const clock = Often.safeParse(setting?.value);
    return clock.success ? clock.data : null;
  });
}

/** Creates the schedule or changes it to what it should be; done twice is done once. */
export function ensureListSchedule(
  client: Client,
  { every_hours: hours }: ListClock,
  rooms: Rooms,
): Promise<"made" | "changed" | "as it was"> {
  return ensureClock(client, {
    scheduleId: LIST_SCHEDULE,
    spec: { intervals: [{ every: `${hours}h` }], timezone: "UTC" },
    action: {
      type: "startWorkflow",
      workflowType: "askForLists",
      workflowId: "ask-for-lists",
      taskQueue: "commander",
      args: [{ rooms }] as Parameters<typeof askForLists>,
      typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH.stage, value: "scheduled" }]),
    },
    policies: { overlap: "SKIP", catchupWindow: `${hours}h` },
    about: [rooms],
    atOnce: true,
  });
}
