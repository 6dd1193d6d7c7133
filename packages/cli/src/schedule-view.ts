// A schedule as people see it: when it fires by its own clock, what its last runs came to, and who paused it and why.

import { EvergreenError, readScheduleNote } from "@evergreen-fund/domain";
import { firesWords, statusOf, zoneOf } from "@evergreen-fund/domain/schedule-clock.ts";
import type { Client, ScheduleDescription } from "@temporalio/client";
import { plain } from "./output.ts";
import { type EventRow, eventsWhere } from "./reads/events.ts";
import { type FundRow, findFund, listFunds } from "./reads/funds.ts";
import type { Session } from "./session.ts";

export interface ScheduleView {
  scheduleId: string;
  /** Null: a clock of the whole platform. */
  fund: string | null;
  zone: string;
  fires: string;
  /** The next times, UTC. */
  next: string[];
  recent: { scheduledAt: string; startedAt: string; workflowId: string; status: string }[];
  paused: { by: string | null; why: string; since: string | null } | null;
}

/** Schedules of no fund begin with this. */
const PLATFORM = "platform/";

/** The code of the fund in the id of a schedule: deal/DEMO/I and stress/DEMO are DEMO's; null: it is the platform's. */
export const fundOf = (scheduleId: string): string | null =>
  scheduleId.startsWith(PLATFORM) ? null : (scheduleId.split("/")[1] ?? "");

/** Schedules of these funds (`null`: those of the platform), by id. The list of Temporal leaves out the zone, so each is described. */
async function schedulesOf(client: Client, codes: readonly (string | null)[]): Promise<ScheduleDescription[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list())
    if (codes.includes(fundOf(scheduleId))) ids.push(scheduleId);
  return Promise.all(ids.sort().map((id) => client.schedule.getHandle(id).describe()));
}

function pausedOf(one: ScheduleDescription, events: readonly EventRow[], session: Session): ScheduleView["paused"] {
  if (!one.state.paused) return null;
  const note = readScheduleNote(one.state.note);
  // only the record of the database says who: a note can be written by anybody who reaches Temporal
  const event = events.find(
    ({ event_id, payload }) => event_id === note.eventId && payload.schedule_id === one.scheduleId,
  );
  return {
    by: event === undefined ? null : session.people.nameOf(event.created_by),
    why: event === undefined ? note.words : String(event.payload.note ?? note.words),
    since: event?.recorded_at ?? null,
  };
}

/** Every schedule of the funds the caller may see and of the platform, or of one fund. Errors: EG404 no such fund. */
export async function scheduleViews(
  client: Client,
  session: Session,
  fund: string | undefined,
  last: number,
): Promise<ScheduleView[]> {
  const funds: FundRow[] = fund === undefined ? await listFunds(session) : [await findFund(session, fund)];
  const codes = funds.map(({ code }) => code);
  const found = await schedulesOf(client, fund === undefined ? [...codes, null] : codes);
  const ids = found.flatMap(({ state }) => readScheduleNote(state.note).eventId ?? []);
  const events = ids.length === 0 ? [] : await eventsWhere(session, (query) => query.in("event_id", ids));
  return Promise.all(
    found.map(async (one) => ({
      scheduleId: one.scheduleId,
      fund: fundOf(one.scheduleId),
      zone: zoneOf(one),
      fires: firesWords(one.spec),
      next: one.state.paused ? [] : one.info.nextActionTimes.slice(0, 3).map((at) => at.toISOString()),
      recent: await Promise.all(
        one.info.recentActions.slice(-last).map(async ({ scheduledAt, takenAt, action: { workflow } }) => ({
          scheduledAt: scheduledAt.toISOString(),
          startedAt: takenAt.toISOString(),
          workflowId: workflow.workflowId,
          status: await statusOf(client, workflow.workflowId, workflow.firstExecutionRunId),
        })),
      ),
      paused: pausedOf(one, events, session),
    })),
  );
}

/** One schedule of a fund the caller may see, or of the platform. Errors: EG404 with those there are. */
export async function findSchedule(client: Client, session: Session, scheduleId: string): Promise<ScheduleDescription> {
  const funds = (await listFunds(session)).map(({ code }) => code);
  const all = await schedulesOf(client, [...funds, null]);
  const found = all.find((one) => one.scheduleId === scheduleId);
  if (found !== undefined) return found;
  const names = all.map((one) => one.scheduleId).join(", ") || "none yet";
  throw new EvergreenError("EG404", `There is no schedule ${plain(scheduleId)} that you may see; there are ${names}.`);
}
