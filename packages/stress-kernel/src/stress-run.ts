// One large run: a book of exposures in shared memory, scenarios given or drawn, valued in pieces on worker threads. The bytes of the answer do not depend on
// the number of threads: a piece is valued by one thread alone and every scenario is added up in one order.

import { Worker } from "node:worker_threads";
import { EvergreenError } from "@evergreen-fund/domain";
import { keyOfSeed } from "@evergreen-fund/finance/random/philox.ts";
import type { ExposureBook } from "@evergreen-fund/finance/valuation/exposure.ts";
import { checkMoves, largestExposures, layOut } from "./layout.ts";
import { bindKernel } from "./module.ts";
import { counterOf, type Order, PIECE, takePieces } from "./order.ts";

/** Means and the lower triangle L of a covariance L·Lᵀ, by rows, `factors` wide: moves are mean + L·z. */
export interface Distribution {
  mean: Float64Array;
  lower: Float64Array;
}

export interface StressRun {
  readonly scenarios: number;
  /** Factors of scenario s from s · factors on, single precision. Write here, or `draw`. */
  readonly moves: Float32Array;
  /** Per scenario the value of each bucket and, last, NAV. Valid after `value`. */
  readonly out: Float64Array;
  /** Draws every move from a seed; a cell is a function of seed, scenario, factor and period alone. @throws EvergreenError EG400, EG503 as below. */
  draw(distribution: Distribution, seed: number, period?: number): Promise<void>;
  /** Values all scenarios. @throws EvergreenError EG400 when a move is out of range, EG503 when a thread dies. */
  value(): Promise<void>;
  close(): Promise<void>;
}

/** The loader of TypeScript for a thread: the one the process was started with is not handed on. */
const TYPESCRIPT = [
  "--import",
  `data:text/javascript,import{register}from"${import.meta.resolve("tsx/esm/api")}";register()`,
];
/** Lays a book out for `scenarios`; `threads` 0 does the work here. @throws EvergreenError EG400, EG413, EG503. */
export async function stressRun(book: ExposureBook, scenarios: number, threads = 2): Promise<StressRun> {
  const { layout, memory } = layOut(book, scenarios, Math.max(1, threads));
  const largest = largestExposures(book);
  const { factors, buckets, rounded } = layout;
  const moves = new Float32Array(memory.buffer, layout.moves, scenarios * factors);
  const kernel = bindKernel(memory);
  const workers = await Promise.all(
    Array.from({ length: threads }, async (_, thread) => {
      const worker = new Worker(new URL("thread.ts", import.meta.url), {
        workerData: { memory, layout, thread },
        execArgv: TYPESCRIPT,
        env: {},
      });
      worker.unref();
      await answer(worker);
      return worker;
    }),
  );
  const counter = counterOf(memory, layout);
  const all = async (order: Order): Promise<void> => {
    Atomics.store(counter, 0, 0);
    // a run of a few pieces is done before a thread would have heard of it
    if (workers.length === 0 || rounded <= 2 * PIECE) takePieces(kernel, memory, layout, 0, order);
    else
      await Promise.all(
        workers.map((worker) => {
          const told = answer(worker);
          worker.postMessage(order);
          return told;
        }),
      );
  };
  return {
    scenarios,
    moves,
    out: new Float64Array(memory.buffer, layout.out, scenarios * (buckets + 1)),
    async draw({ mean, lower }, seed, period = 0) {
      if (mean.length !== factors || lower.length !== factors * factors || ![...mean, ...lower].every(Number.isFinite))
        throw new EvergreenError("EG400", "A distribution needs a finite mean of every factor and a square of them.");
      new Float64Array(memory.buffer, layout.mean, factors).set(mean);
      new Float64Array(memory.buffer, layout.lower, factors * factors).set(lower);
      const [seedLow, seedHigh] = keyOfSeed(seed);
      await all({ what: "draw", seedLow, seedHigh, period });
    },
    async value() {
      checkMoves(moves, factors, largest);
      await all({ what: "value" });
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** The next message; a thread that ends instead is an error. */
function answer(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off("message", heard).off("error", failed).off("exit", failed).unref();
    };
    const heard = (): void => {
      done();
      resolve();
    };
    const failed = (why: unknown): void => {
      done();
      reject(new EvergreenError("EG503", "A thread that values scenarios ended; try again.", { cause: why }));
    };
    worker.on("message", heard).on("error", failed).on("exit", failed).ref();
  });
}
