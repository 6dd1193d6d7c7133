// One Temporal Schedule per fund for its nightly stress run: at a time of the platform's settings, in the fund's own zone. What fires only asks for the run of
// that night, and a night is asked for once: two schedules, a trigger and a backfill for one night are one run.
import type { Database } from "@evergreen-fund/supabase-client";
import type { openNightlyStress } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { z } from "zod";
import { ensureClock } from "./clock.ts";

const COMMANDER = { role: "agent_commander" } as const;
/** A night that was missed by more is not made up: the run would be of the next day's fund, and the next night comes. */
const CATCH_UP = "12h";
const Nightly = z.object({ at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/) });

export interface StressedFund {
  fundId: string;
  fund: string;
  /** Local wall time, HH:MM. */
  at: string;
  timeZone: string;
}

export const stressScheduleIdOf = ({ fund }: Pick<StressedFund, "fund">): string => `stress/${fund}`;

/** Funds that hold something and are not closed. */
export async function readStressedFunds(database: Database): Promise<StressedFund[]> {
  return database.read(COMMANDER, async (tx) => {
    const setting = await tx.platform_settings.findUnique({ where: { key: "stress_nightly" } });
    const nightly = Nightly.safeParse(setting?.value);
    if (!nightly.success) return [];
    const funds = await tx.funds.findMany({
      where: {
        status: { not: "closed" },
        portfolio_allocations: { some: { superseded_at: null, market_value: { not: 0 } } },
      },
      select: { fund_id: true, code: true, time_zone: true },
      orderBy: { code: "asc" },
    });
    return funds.map(({ fund_id: fundId, code: fund, time_zone: timeZone }) => ({
      fundId,
      fund,
      at: nightly.data.at,
      timeZone,
    }));
  });
}

/** Creates the schedule of a fund or changes it to what it should be; done twice is done once. */
export async function ensureStressSchedule(
  client: Client,
  one: StressedFund,
  rooms: Rooms,
): Promise<"made" | "changed" | "as it was"> {
  const [hour = 0, minute = 0] = one.at.split(":").map(Number);
  return ensureClock(client, {
    scheduleId: stressScheduleIdOf(one),
    spec: { calendars: [{ hour, minute }], timezone: one.timeZone },
    action: {
      type: "startWorkflow",
      workflowType: "openNightlyStress",
      workflowId: `open-stress/${one.fund}`,
      taskQueue: "commander",
      args: [{ fundId: one.fundId, timeZone: one.timeZone, rooms }] as Parameters<typeof openNightlyStress>,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: SEARCH.fundId, value: one.fundId },
        { key: SEARCH.stage, value: "scheduled" },
      ]),
    },
    // it only asks and is over in a moment; while one cannot (no database), the nights behind it would say the same
    policies: { overlap: "SKIP", catchupWindow: CATCH_UP },
    about: [one.fundId, rooms],
  });
}
