// The entry of one thread of threads.ts: computes a range of investors on shared arrays and says when it is done.
import { parentPort, workerData } from "node:worker_threads";
import { EvergreenError } from "@evergreen-fund/domain";
import { twrBatch, xirrBatch } from "@evergreen-fund/finance/returns/batch.ts";
import type { SharedColumns, Task } from "./threads.ts";

const { flows, rates, values, returns } = workerData as SharedColumns;

parentPort?.on("message", ({ measure, from, to }: Task) => {
  try {
    if (measure === "xirr") xirrBatch(flows, rates, from, to);
    else if (values && returns) twrBatch(flows, values, returns, from, to);
    else throw new EvergreenError("EG400", "Time-weighted returns need the values before each flow.");
    parentPort?.postMessage(undefined);
  } catch (error) {
    if (!(error instanceof EvergreenError)) throw error;
    parentPort?.postMessage(error.message);
  }
});
parentPort?.postMessage(undefined);
