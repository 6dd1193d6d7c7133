// One Temporal Schedule per fund and class, from the class's own clock: made and brought up to date by the process that hosts the Commander. What fires
// only opens dealing days, and the row of a day is unique: two schedules, a trigger and a backfill for one date open one day.
import type { Database } from "@evergreen-fund/supabase-client";
import type { openDealingDays } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { CALENDAR_SCHEDULE, ensureCalendarSchedule, readCalendarClock } from "./calendar-schedule.ts";
import { ensureClock } from "./clock.ts";
import { ensureKycSchedule, KYC_SCHEDULE, readKycClock } from "./kyc-schedule.ts";
import { ensureListSchedule, LIST_SCHEDULE, readListClock } from "./list-schedule.ts";
import { type Repeating, repeating } from "./repeating.ts";
import { ensureRetentionSchedule, RETENTION_SCHEDULE, readRetentionClock } from "./retention-schedule.ts";
import { ensureStressSchedule, readStressedFunds, stressScheduleIdOf } from "./stress-schedules.ts";
import { ensureTokenSchedule, readTokenClocks, tokenScheduleIdOf } from "./token-schedule.ts";

const COMMANDER = { role: "agent_commander" } as const;
const EVERY_MS = 30_000;
/** A server that was away for longer takes missed times no more; the next one that fires still opens what was missed (schedule/decide.ts). */
const CATCH_UP = "36h";

export interface ScheduledClass {
  fundId: string;
  fund: string;
  shareClassId: string;
  code: string;
  /** Local wall time at which it fires, every day: the cut-off of the class. */
  cutOff: string;
  timeZone: string;
}

export const scheduleIdOf = ({ fund, code }: Pick<ScheduledClass, "fund" | "code">): string => `deal/${fund}/${code}`;

/** Classes with a dealing policy, by the policy in force today. */
export async function readScheduledClasses(database: Database): Promise<ScheduledClass[]> {
  const rows = await database.read(COMMANDER, (tx) =>
    tx.share_classes.findMany({
      where: { policies: { some: {} }, fund: { status: { not: "closed" } } },
      include: {
        fund: { select: { code: true, time_zone: true } },
        policies: {
          where: { effective_from: { lte: new Date() } },
          orderBy: [{ effective_from: "desc" }, { version: "desc" }],
          take: 1,
        },
      },
    }),
  );
  return rows.flatMap((row) => {
    const body = row.policies[0]?.body as { cutOff?: string; timeZone?: string } | undefined;
    if (body?.cutOff === undefined) return [];
    return [
      {
        fundId: row.fund_id,
        fund: row.fund.code,
        shareClassId: row.share_class_id,
        code: row.code,
        cutOff: body.cutOff,
        timeZone: body.timeZone ?? row.fund.time_zone,
      },
    ];
  });
}

/** Creates the schedule of a class or changes it to what it should be; done twice is done once. */
export async function ensureSchedule(
  client: Client,
  one: ScheduledClass,
  rooms: Rooms,
): Promise<"made" | "changed" | "as it was"> {
  const [hour = 0, minute = 0] = one.cutOff.split(":").map(Number);
  return ensureClock(client, {
    scheduleId: scheduleIdOf(one),
    spec: { calendars: [{ hour, minute }], timezone: one.timeZone },
    action: {
      type: "startWorkflow",
      workflowType: "openDealingDays",
      workflowId: `open/${one.fund}/${one.code}`,
      taskQueue: "commander",
      args: [{ fundId: one.fundId, shareClassId: one.shareClassId, rooms }] as Parameters<typeof openDealingDays>,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: SEARCH.fundId, value: one.fundId },
        { key: SEARCH.stage, value: "scheduled" },
      ]),
    },
    // what opens a day may be late and may not be lost: one that fires while another runs waits for it
    policies: { overlap: "BUFFER_ONE", catchupWindow: CATCH_UP },
    about: [one.shareClassId, rooms],
    atOnce: true,
  });
}

type Ensured = Awaited<ReturnType<typeof ensureClock>>;
type Keep = (scheduleId: string, wanted: unknown, ensure: () => Promise<Ensured>) => Promise<void>;

/** A clock of the whole platform; null from `read`: there is none to keep. */
const platformClock =
  <T>(
    scheduleId: string,
    read: (database: Database) => Promise<T | null>,
    ensure: (client: Client, wanted: T, rooms: Rooms) => Promise<Ensured>,
  ) =>
  async (database: Database, client: Client, rooms: Rooms, keep: Keep): Promise<void> => {
    const wanted = await read(database);
    if (wanted !== null) await keep(scheduleId, wanted, () => ensure(client, wanted, rooms));
  };

const PLATFORM_CLOCKS = [
  platformClock(RETENTION_SCHEDULE, readRetentionClock, ensureRetentionSchedule),
  platformClock(LIST_SCHEDULE, readListClock, ensureListSchedule),
  platformClock(CALENDAR_SCHEDULE, readCalendarClock, ensureCalendarSchedule),
  platformClock(KYC_SCHEDULE, readKycClock, ensureKycSchedule),
];

/** Looks for classes that have no schedule or another one, as long as the process lives. A Temporal or a database that is away is tried again. */
export function keepSchedules(options: {
  database: Database;
  client: Client;
  rooms: Rooms;
  log: (message: string) => void;
}): Repeating {
  const { database, client, rooms, log } = options;
  const known = new Map<string, string>();
  const keep: Keep = async (scheduleId, wanted, ensure) => {
    const what = JSON.stringify(wanted);
    if (known.get(scheduleId) === what) return;
    const done = await ensure();
    known.set(scheduleId, what);
    if (done !== "as it was") log(`schedule ${scheduleId}: ${done}`);
  };
  const turn = async (): Promise<void> => {
    for (const one of await readScheduledClasses(database))
      await keep(scheduleIdOf(one), one, () => ensureSchedule(client, one, rooms));
    for (const one of await readStressedFunds(database))
      await keep(stressScheduleIdOf(one), one, () => ensureStressSchedule(client, one, rooms));
    for (const one of await readTokenClocks(database))
      await keep(tokenScheduleIdOf(one), one, () => ensureTokenSchedule(client, one, rooms));
    for (const clock of PLATFORM_CLOCKS) await clock(database, client, rooms, keep);
  };
  let complaint = "";
  return repeating(
    () =>
      turn().then(
        () => {
          complaint = "";
        },
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          if (message !== complaint) log(`schedules: ${message}`);
          complaint = message;
        },
      ),
    EVERY_MS,
  );
}
