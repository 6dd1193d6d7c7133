// Internal rates and time-weighted returns of many investors on several processors: threads share the typed arrays, nothing is copied. The
// threads are kept until `close`.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { EvergreenError } from "@evergreen-fund/domain";
import type { FlowColumns, RateColumns } from "@evergreen-fund/finance/returns/batch.ts";

/** Columns of all investors; every array must be on a SharedArrayBuffer. */
export interface SharedColumns {
  flows: FlowColumns;
  rates: RateColumns;
  /** For time-weighted returns: value just before each flow, and where the returns go. */
  values?: Float64Array;
  returns?: Float64Array;
}

export type Task = { measure: "xirr" | "twr"; from: number; to: number };

export interface ReturnThreads {
  readonly size: number;
  /** Computes a measure for every investor. @throws EvergreenError EG400 for an amount that is not finite, EG503 when a thread dies. */
  run(measure: Task["measure"]): Promise<void>;
  close(): Promise<void>;
}

/** The loader of TypeScript for a thread: the one the process was started with is not handed on. */
const TYPESCRIPT = [
  "--import",
  `data:text/javascript,import{register}from"${import.meta.resolve("tsx/esm/api")}";register()`,
];
/** Investors a thread takes at a time: small enough that no thread waits long for another at the end. */
const PIECE = 16_384;

/** A Float64Array and so on that threads can share. */
export const shared = {
  doubles: (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * 8)),
  days: (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4)),
  offsets: (length: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(length * 4)),
  bytes: (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length)),
};

/** Room for the rates of `investors`. */
export const sharedRates = (investors: number): RateColumns => ({
  rates: shared.doubles(investors),
  verdicts: shared.bytes(investors),
  roots: shared.bytes(investors),
  windows: shared.days(investors),
});

/** Starts `size` threads over the columns, by default one per processor. Results do not depend on their number. */
export async function returnThreads(columns: SharedColumns, size = availableParallelism()): Promise<ReturnThreads> {
  const workers = await Promise.all(Array.from({ length: size }, () => startThread(columns)));
  const investors = columns.flows.offsets.length - 1;
  return {
    size,
    async run(measure) {
      let next = 0;
      await Promise.all(
        workers.map(async (worker) => {
          while (next < investors) {
            const from = next;
            next = Math.min(investors, from + PIECE);
            const failure = await asked(worker, { measure, from, to: next });
            if (failure !== undefined) throw new EvergreenError("EG400", failure);
          }
        }),
      );
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

async function startThread(columns: SharedColumns): Promise<Worker> {
  const worker = new Worker(new URL("thread.ts", import.meta.url), {
    workerData: columns,
    execArgv: TYPESCRIPT,
    env: {},
  });
  worker.unref();
  await answer(worker);
  return worker;
}

function asked(worker: Worker, task: Task): Promise<string | undefined> {
  const told = answer(worker);
  worker.postMessage(task);
  return told;
}

/** The next message; a thread that ends instead is an error. */
function answer(worker: Worker): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off("message", heard).off("error", failed).off("exit", failed).unref();
    };
    const heard = (failure: string | undefined): void => {
      done();
      resolve(failure);
    };
    const failed = (why: unknown): void => {
      done();
      reject(new EvergreenError("EG503", "A thread that computes returns ended; try again.", { cause: why }));
    };
    worker.on("message", heard).on("error", failed).on("exit", failed).ref();
  });
}
