// What a thread is told to do with a block of scenarios, and how: the same call on every thread and on none.
import type { Layout } from "./layout.ts";
import type { Kernel } from "./module.ts";

export type Order =
  | { what: "value"; from: number; to: number }
  | { what: "draw"; from: number; to: number; seedLow: number; seedHigh: number; period: number };

export function doBlock(kernel: Kernel, layout: Layout, thread: number, order: Order): void {
  const { moves, exposures, values, ends, out, factors, buckets, mean, lower, scratch } = layout;
  if (order.what === "value") {
    kernel.run(moves, exposures, values, ends, out, factors, buckets, order.from, order.to);
    return;
  }
  const own = scratch + thread * factors * 8;
  const { period, seedLow, seedHigh, from, to } = order;
  kernel.draw(moves, mean, lower, own, factors, period, seedLow, seedHigh, from, to);
}
