// A Temporal Schedule made, or changed to what it should be: what all clocks of the platform have in common.
import { createHash } from "node:crypto";
import { readScheduleNote, scheduleNoteText } from "@evergreen-fund/domain/schedule-note.ts";
import { type Client, ScheduleAlreadyRunning, type ScheduleOptions } from "@temporalio/client";

export interface WantedClock {
  scheduleId: string;
  spec: ScheduleOptions["spec"];
  action: ScheduleOptions["action"];
  policies: NonNullable<ScheduleOptions["policies"]>;
  /** What makes it another clock beside spec and policies, such as the ids it is for. */
  about: readonly unknown[];
  /** Fires once when it is made. */
  atOnce?: boolean;
}

/** Creates the schedule or changes it to what it should be; done twice is done once. Whether it is paused, and why, stays as a person left it. */
export async function ensureClock(
  client: Client,
  { scheduleId, spec, action, policies, about, atOnce = false }: WantedClock,
): Promise<"made" | "changed" | "as it was"> {
  const wanted = { spec, action, policies };
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([spec, policies, ...about]))
    .digest("hex");
  try {
    const note = scheduleNoteText({ words: "", eventId: null, fingerprint });
    const state = { note, ...(atOnce ? { triggerImmediately: true } : {}) };
    await client.schedule.create({ ...wanted, scheduleId, state });
    return "made";
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  const handle = client.schedule.getHandle(scheduleId);
  const { state } = await handle.describe();
  if (readScheduleNote(state.note).fingerprint === fingerprint) return "as it was";
  await handle.update((before) => {
    const note = scheduleNoteText({ ...readScheduleNote(before.state.note), fingerprint });
    return { ...wanted, state: { ...before.state, note } } as never;
  });
  return "changed";
}
