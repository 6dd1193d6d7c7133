// What stands in the note of a Temporal Schedule: why a person paused or resumed it, the event that records that, and the fingerprint of what the
// worker set. One text carries all three, because a schedule has one note; each writer keeps what is the other's.

export interface ScheduleNote {
  words: string;
  /** The SCHEDULE_NOTED event that says who. */
  eventId: string | null;
  /** sha256 of the specification that the worker set. */
  fingerprint: string | null;
}

const EVENT = /^event\/([0-9a-f-]{36})$/;
const FINGERPRINT = /^(?:spec\/)?([0-9a-f]{64})$/;
const BETWEEN = " · ";

/** Any text: what is neither an event nor a fingerprint is somebody's words. */
export function readScheduleNote(note: string | undefined): ScheduleNote {
  const parts = (note ?? "").split(BETWEEN);
  const found = (form: RegExp): string | null => parts.flatMap((part) => form.exec(part)?.[1] ?? []).at(-1) ?? null;
  return {
    words: parts.filter((part) => !EVENT.test(part) && !FINGERPRINT.test(part)).join(BETWEEN),
    eventId: found(EVENT),
    fingerprint: found(FINGERPRINT),
  };
}

export const scheduleNoteText = ({ words, eventId, fingerprint }: ScheduleNote): string =>
  [words, eventId === null ? "" : `event/${eventId}`, fingerprint === null ? "" : `spec/${fingerprint}`]
    .filter((part) => part !== "")
    .join(BETWEEN);
