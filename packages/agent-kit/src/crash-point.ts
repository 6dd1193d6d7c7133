// Named places at which a test kills the process, to prove that the work finishes after a restart. Off unless EVERGREEN_CRASH_AT names one.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { CONTRACTS, type RoomName } from "@evergreen-fund/domain";

/** Places in the dispatcher. */
export const DISPATCHER_POINTS = [
  "dispatcher.claimed",
  "dispatcher.started",
  "dispatcher.told",
  "dispatcher.finished",
  "dispatcher.batched",
] as const;
const STEPS = ["facts", "decide", "record"] as const;

/** Every named crash point: those of the dispatcher, and after each step of each room's actions. */
export function crashPoints(): string[] {
  const rooms = (Object.keys(CONTRACTS) as RoomName[]).flatMap((room) =>
    Object.keys(CONTRACTS[room]).flatMap((action) => STEPS.map((step) => `${room}.${action}.${step}`)),
  );
  return [...DISPATCHER_POINTS, ...rooms];
}

export type CrashPoint = (name: string) => void;

/**
 * Kills this process with SIGKILL the first time the named place is reached; a mark in `home` shows that it fired and keeps it from firing again.
 * @param crashAt the configured name, or null for never.
 */
export function crashPointAt(crashAt: string | null, home: string): CrashPoint {
  if (crashAt === null) return () => {};
  const mark = join(home, `crashed-at-${crashAt}`);
  return (name) => {
    if (name !== crashAt || existsSync(mark)) return;
    appendFileSync(mark, `${process.pid}\n`);
    process.kill(process.pid, "SIGKILL");
  };
}
