// The desk's way to the clocks: what Temporal says of each is told to the database, and what a person asked there of one is carried out and answered.
import {
  dueTimes,
  firesWords,
  localTime,
  MOST_DATES,
  statusOf,
  zoneOf,
} from "@evergreen-fund/domain/schedule-clock.ts";
import { readScheduleNote, scheduleNoteText } from "@evergreen-fund/domain/schedule-note.ts";
import type { Database } from "@evergreen-fund/supabase-client";
import { type Client, type ScheduleDescription, ScheduleNotFoundError } from "@temporalio/client";
import { type Repeating, repeating } from "./repeating.ts";

const SERVICE = { role: "service_role" } as const;
/** Clocks of funds and of the platform; a schedule of somebody else on the same server is none of ours. */
const OURS = /^[a-z]+(\/[A-Za-z0-9_-]{1,40}){1,2}$/;
const [NEXT, RECENT] = [3, 5];
/** How often it is looked for what somebody asked, and how many of those times Temporal is asked anew. */
const LOOK_MS = 1_000;
const TELL_EVERY = 30;

/** How runs ended that will not end again. */
type Ended = Map<string, string>;

interface Asked {
  schedule_id: string;
  asked: string | null;
  asked_event: string | null;
  asked_note: string | null;
  first_day: Date | null;
  last_day: Date | null;
}
interface Outcome {
  outcome: "done" | "refused";
  says: string;
}

const done = (says: string): Outcome => ({ outcome: "done", says });
const refused = (says: string): Outcome => ({ outcome: "refused", says });
const dayOf = (at: Date | null): string => at?.toISOString().slice(0, 10) ?? "";

/** Fires it for the dates; what opens days and asks for nights does each once, so that a backfill taken again after a crash does nothing twice. */
async function backfill(client: Client, one: ScheduleDescription, asked: Asked): Promise<Outcome> {
  const times = await dueTimes(client, one, dayOf(asked.first_day), dayOf(asked.last_day));
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return done("It is due on none of these dates; nothing fired.");
  if (times.length > MOST_DATES) return refused(`It would fire ${times.length} times; ${MOST_DATES} are the most.`);
  await client.schedule
    .getHandle(one.scheduleId)
    .backfill({ start: new Date(first.getTime() - 1000), end: last, overlap: "BUFFER_ALL" });
  const [from, to] = [first, last].map((at) => localTime(at, zoneOf(one)));
  return done(`It fires ${times.length} times, for ${from} to ${to} (${zoneOf(one)}), one after the other.`);
}

async function carryOut(client: Client, asked: Asked): Promise<Outcome> {
  const handle = client.schedule.getHandle(asked.schedule_id);
  try {
    const one = await handle.describe();
    if (asked.asked === "backfill") return await backfill(client, one, asked);
    const { fingerprint } = readScheduleNote(one.state.note);
    const note = scheduleNoteText({ words: asked.asked_note ?? "", eventId: asked.asked_event, fingerprint });
    if (asked.asked === "pause") {
      await handle.pause(note);
      return done("It fires no more until it is resumed; what is running goes on.");
    }
    await handle.unpause(note);
    return done("It fires again; what was due meanwhile is not made up, a backfill does that.");
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return refused("Temporal has no such schedule any more.");
    throw error;
  }
}

/**
 * Carries out what waits; answers how many. What Temporal says of the clocks is told before the answer: whoever reads that it is done reads a clock
 * that stands as was asked. Errors leave it waiting for the next look.
 */
export async function answerAsked(database: Database, client: Client, ended: Ended = new Map()): Promise<number> {
  const waiting = await database.read(SERVICE, (tx) =>
    tx.schedules.findMany({ where: { asked: { not: null }, answered_at: null }, orderBy: { asked_at: "asc" } }),
  );
  for (const asked of waiting) {
    if (asked.asked_event === null) continue;
    const outcome = await carryOut(client, asked);
    await tellSchedules(database, client, ended);
    await database.rpc(SERVICE, "fn_answer_schedule", { event_id: asked.asked_event, ...outcome });
  }
  return waiting.length;
}

async function viewOf(client: Client, scheduleId: string, ended: Ended): Promise<Record<string, unknown>> {
  const one = await client.schedule.getHandle(scheduleId).describe();
  const recent = one.info.recentActions.slice(-RECENT).map(async ({ scheduledAt, takenAt, action: { workflow } }) => {
    const key = `${workflow.workflowId}/${workflow.firstExecutionRunId}`;
    const status = ended.get(key) ?? (await statusOf(client, workflow.workflowId, workflow.firstExecutionRunId));
    if (status !== "running") ended.set(key, status);
    return {
      due: scheduledAt.toISOString(),
      started: takenAt.toISOString(),
      workflow_id: workflow.workflowId,
      status,
    };
  });
  return {
    schedule_id: scheduleId,
    zone: zoneOf(one),
    fires: firesWords(one.spec),
    paused: one.state.paused,
    next: one.state.paused ? [] : one.info.nextActionTimes.slice(0, NEXT).map((at) => at.toISOString()),
    recent: await Promise.all(recent),
  };
}

/** Tells the database what Temporal says of every clock; answers how many changed. */
export async function tellSchedules(database: Database, client: Client, ended: Ended = new Map()): Promise<number> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) if (OURS.test(scheduleId)) ids.push(scheduleId);
  const schedules: Record<string, unknown>[] = [];
  for (const id of ids.sort()) schedules.push(await viewOf(client, id, ended));
  return database.rpc(SERVICE, "fn_tell_schedules", { schedules });
}

/** As long as the process lives: a look every second for what somebody asked, and what Temporal says every half minute. */
export function keepTold(database: Database, client: Client, log: (message: string) => void): Repeating {
  const ended: Ended = new Map();
  let looks = 0;
  let complaint = "";
  const turn = async (): Promise<void> => {
    await answerAsked(database, client, ended);
    if (looks % TELL_EVERY === 0) await tellSchedules(database, client, ended);
    looks += 1;
  };
  return repeating(
    () =>
      turn().then(
        () => {
          complaint = "";
        },
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          if (message !== complaint) log(`what was asked of schedules: ${message}`);
          complaint = message;
        },
      ),
    LOOK_MS,
  );
}
