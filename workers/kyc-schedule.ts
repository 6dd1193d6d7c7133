// The one clock of KYC: every so many minutes by the platform's setting `kyc_tick`. An investor whose clearance has run out is stopped by every gate at once,
// whatever the clock does; it says so, opens reviews that fall due, and alerts on cases past their time.
import type { Database } from "@evergreen-fund/supabase-client";
import type { tickKyc } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { z } from "zod";
import { ensureClock } from "./clock.ts";

export const KYC_SCHEDULE = "platform/kyc";

const Tick = z.object({ every_minutes: z.int().min(1).max(1_440) });
export type KycClock = z.infer<typeof Tick>;

/** Null: the setting is not there, and no review is opened by itself. */
export async function readKycClock(database: Database): Promise<KycClock | null> {
  const setting = await database.read({ role: "agent_kyc" }, (tx) =>
    tx.platform_settings.findUnique({ where: { key: "kyc_tick" } }),
  );
  const clock = Tick.safeParse(setting?.value);
  return clock.success ? clock.data : null;
}

/** Creates the schedule or changes it to what it should be; done twice is done once. */
export function ensureKycSchedule(
  client: Client,
  { every_minutes }: KycClock,
  rooms: Rooms,
): Promise<"made" | "changed" | "as it was"> {
  return ensureClock(client, {
    scheduleId: KYC_SCHEDULE,
    spec: { intervals: [{ every: every_minutes * 60_000 }] },
    action: {
      type: "startWorkflow",
      workflowType: "tickKyc",
      workflowId: "tick-kyc",
      taskQueue: "commander",
      args: [{ rooms }] as Parameters<typeof tickKyc>,
      typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH.stage, value: "scheduled" }]),
    },
    // the next one takes what one that was missed would have taken
    policies: { overlap: "SKIP", catchupWindow: "1h" },
    about: [rooms],
  });
}
