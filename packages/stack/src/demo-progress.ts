// How far the demo fund is, from the last line that its process wrote. Reads the log and nothing else.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export interface DemoProgress {
  /** `fund`: being imported · `history`: its dealing days are being made, in the background. */
  phase: "fund" | "history";
  done: number;
  total: number;
  /** What was done last: for the history a dealing date. */
  step: string;
}

/** The log grows by a line per step; what is looked for stands in its last few. */
const TAIL_BYTES = 8_192;
const LINE = /^demo (fund|history) (\d+)\/(\d+) (\S+)$/;

/** Null when there is no such log, or nothing of the kind in it. */
export function demoProgress(log: string): DemoProgress | null {
  const line = tailOf(log)
    .split("\n")
    .findLast((text) => LINE.test(text));
  const [, phase, done, total, step] = LINE.exec(line ?? "") ?? [];
  return phase === undefined || step === undefined
    ? null
    : { phase: phase as DemoProgress["phase"], done: Number(done), total: Number(total), step };
}

function tailOf(file: string): string {
  let open: number;
  try {
    open = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const bytes = Buffer.alloc(TAIL_BYTES);
    const read = readSync(open, bytes, 0, TAIL_BYTES, Math.max(0, fstatSync(open).size - TAIL_BYTES));
    return bytes.subarray(0, read).toString("utf8");
  } finally {
    closeSync(open);
  }
}
