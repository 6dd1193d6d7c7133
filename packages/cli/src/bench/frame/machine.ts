// What the machine is and how busy it is: figures of a bench mean little without it. Reads /proc/stat through node:os only.
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

export interface MachineState {
  /** Load average of the last minute. */
  load: number;
  /** Share of the processors that was busy while the bench itself rested, 0 to 1. */
  busy: number;
}

export interface Machine extends MachineState {
  cores: number;
  model: string;
  memoryGb: number;
  node: string;
}

/** More than this share busy before a round: other programs disturb the figures, which is said and not hidden. */
export const BUSY = 0.15;
const REST_MS = 200;

/** Rests for 200 ms and looks how busy the others are meanwhile. */
export async function machineNow(): Promise<MachineState> {
  const before = ticks();
  await new Promise((wake) => setTimeout(wake, REST_MS));
  const after = ticks();
  const total = after.total - before.total;
  return {
    load: round(loadavg()[0] ?? 0),
    busy: total === 0 ? 0 : round(1 - (after.idle - before.idle) / total),
  };
}

export async function describeMachine(): Promise<Machine> {
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model.trim() ?? "unknown",
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    ...(await machineNow()),
  };
}

function ticks(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}

const round = (value: number): number => Math.round(value * 100) / 100;
