// The entry of one thread of stress-run.ts: draws or values pieces of the scenarios on shared memory and says when it is done.
import { parentPort, workerData } from "node:worker_threads";
import type { Layout } from "./layout.ts";
import { bindKernel } from "./module.ts";
import { type Order, takePieces } from "./order.ts";
import type { SharedMemory } from "./web-assembly.ts";

const { memory, layout, thread } = workerData as { memory: SharedMemory; layout: Layout; thread: number };
const kernel = bindKernel(memory);

parentPort?.on("message", (order: Order) => {
  takePieces(kernel, memory, layout, thread, order);
  parentPort?.postMessage(undefined);
});
parentPort?.postMessage(undefined);
