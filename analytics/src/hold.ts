// Who writes in a home: one process at a time, which may keep the working file open until its next turn and gives it up when another process asks.
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { type DuckFile, openFile } from "./file.ts";
import type { AnalyticsHome } from "./home.ts";
import { openWork } from "./work.ts";

interface Held {
  /** An empty file of its own, whose lock DuckDB keeps and a process that is killed lets go of. That of the working file ends when it is copied. */
  lock: DuckFile;
  inode: number;
  work: DuckFile;
}

/** What this process keeps between two turns, by the path of the lock; whoever takes it ends its rest. */
const resting = new Map<string, () => Held>();

const ASKING_MS = 5_000;
const PAUSE_MS = 20;
/** How often who rests looks for its note: so long the other one waits. */
const LOOK_MS = 100;

/**
 * Holds a home and its working file while `turn` runs. `keepFor`: milliseconds for which both stay open afterwards in this process, for its next turn;
 * after a turn that failed nothing is kept. Errors: EG428 while somebody else writes in the home.
 */
export async function holding<T>(paths: AnalyticsHome, turn: (work: DuckFile) => Promise<T>, keepFor = 0): Promise<T> {
  const held = wake(paths) ?? (await seize(paths));
  let done = false;
  try {
    const result = await turn(held.work);
    done = true;
    return result;
  } finally {
    if (done && keepFor > 0) rest(paths, held, keepFor);
    else letGo(held);
  }
}

/** Gives up what this process keeps of a home. */
export function letRest(paths: AnalyticsHome): void {
  const held = resting.get(paths.lock)?.();
  if (held !== undefined) letGo(held);
}

function wake(paths: AnalyticsHome): Held | undefined {
  const held = resting.get(paths.lock)?.();
  // a home that was removed and made anew is another one
  if (held === undefined || statSync(paths.lock, { throwIfNoEntry: false })?.ino === held.inode) return held;
  letGo(held);
  return undefined;
}

async function seize(paths: AnalyticsHome): Promise<Held> {
  const lock = await lockOf(paths);
  try {
    return { lock, inode: statSync(paths.lock).ino, work: await openWork(paths) };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Who only rests leaves a note, and gives up when it is gone; who is at work has none. */
async function lockOf(paths: AnalyticsHome): Promise<DuckFile> {
  const end = Date.now() + ASKING_MS;
  for (let asked = false; ; ) {
    try {
      return await openFile(paths.lock);
    } catch (error) {
      if (!(error instanceof EvergreenError) || error.code !== "EG428" || Date.now() > end) throw error;
      asked = (await noteRemoved(paths)) || asked;
      if (!asked) throw error;
      await pause(PAUSE_MS);
    }
  }
}

const noteRemoved = (paths: AnalyticsHome): Promise<boolean> =>
  rm(paths.resting).then(
    () => true,
    () => false,
  );

function rest(paths: AnalyticsHome, held: Held, keepFor: number): void {
  const looking = setInterval(() => void (!existsSync(paths.resting) && letGo(end())), LOOK_MS).unref();
  const timer = setTimeout(() => letGo(end()), keepFor).unref();
  const end = (): Held => {
    resting.delete(paths.lock);
    clearInterval(looking);
    clearTimeout(timer);
    rmSync(paths.resting, { force: true });
    return held;
  };
  resting.set(paths.lock, end);
  try {
    writeFileSync(paths.resting, "", { mode: 0o600 });
  } catch {
    letGo(end()); // nobody could ask for it
  }
}

function letGo({ lock, work }: Held): void {
  work.close();
  lock.close();
}
