// What is to be done with all scenarios of a run, and how one thread takes its pieces of them: the same on every thread and on none.
import type { Layout } from "./layout.ts";
import type { Kernel } from "./module.ts";
import type { SharedMemory } from "./web-assembly.ts";

export type Order = { what: "value" } | { what: "draw"; seedLow: number; seedHigh: number; period: number };

/** Scenarios a thread takes at a time; a multiple of 4, small enough that no thread waits long for another at the end. */
export const PIECE = 128;

/** The counter from which the threads take: the first scenario that nobody has taken. */
export const counterOf = (memory: SharedMemory, { next }: Layout): Int32Array => new Int32Array(memory.buffer, next, 1);

/** Takes pieces until none is left. */
export function takePieces(kernel: Kernel, memory: SharedMemory, layout: Layout, thread: number, order: Order): void {
  const counter = counterOf(memory, layout);
  for (;;) {
    const from = Atomics.add(counter, 0, PIECE);
    if (from >= layout.rounded) return;
    doPiece(kernel, layout, thread, order, from, Math.min(layout.rounded, from + PIECE));
  }
}

function doPiece(kernel: Kernel, layout: Layout, thread: number, order: Order, from: number, to: number): void {
  const { moves, exposures, values, ends, out, factors, buckets, mean, lower, scratch } = layout;
  if (order.what === "value") {
    kernel.run(moves, exposures, values, ends, out, factors, buckets, from, to);
    return;
  }
  const { period, seedLow, seedHigh } = order;
  kernel.draw(moves, mean, lower, scratch + thread * factors * 8, factors, period, seedLow, seedHigh, from, to);
}
