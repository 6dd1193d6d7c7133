// The note of a schedule: a person's words survive the worker's fingerprint and the other way round.
import { describe, expect, it } from "vitest";
import { readScheduleNote, scheduleNoteText } from "./schedule-note.ts";

const HASH = "a1".repeat(32);
const EVENT = "3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69";

describe("the note of a schedule", () => {
  it.each([
    { words: "", eventId: null, fingerprint: null },
    { words: "", eventId: null, fingerprint: HASH },
    { words: "moving the calendar · again", eventId: EVENT, fingerprint: HASH },
    { words: "moving the calendar", eventId: EVENT, fingerprint: null },
  ])("comes back as it was written: %o", (note) => {
    expect(readScheduleNote(scheduleNoteText(note))).toEqual(note);
  });
  it("of a worker of before, which was the bare fingerprint, is read", () => {
    expect(readScheduleNote(HASH)).toEqual({ words: "", eventId: null, fingerprint: HASH });
  });
  it("that somebody wrote elsewhere is words", () => {
    expect(readScheduleNote("paused via UI")).toEqual({ words: "paused via UI", eventId: null, fingerprint: null });
    expect(readScheduleNote(undefined).words).toBe("");
  });
});
