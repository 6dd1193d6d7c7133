// The peers' side of `bench stress`: numpy in a Python process, DuckDB in this one.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ExposureBook } from "@evergreen-fund/finance/valuation/exposure.ts";
import { loadForm, sqlForm } from "@evergreen-fund/stress-kernel/sql-form.ts";
import { startScript } from "../frame/child.ts";
import type { Environment } from "../frame/peers.ts";
import { CONFIDENCE, GATE } from "./book.ts";

type Column = Float64Array | Float32Array | Uint8Array | Uint16Array | Int32Array;
const bytes = (column: Column): Uint8Array => new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

export interface Outcome {
  /** Per scenario the buckets and, last, NAV. */
  out: Float64Array;
  valueAtRisk: number;
  expectedShortfall: number;
  /** Time to gate of each scenario. */
  periods: Int32Array;
}

export interface Numpy {
  seconds(precision: "float32" | "float64"): Promise<number>;
  outcome(precision: "float32" | "float64"): Promise<Outcome>;
  /** Asked for by bucket, per scenario of a sample, every investor looked at in each; and the seconds. */
  naive(
    columns: Record<"amounts" | "thresholds" | "investor-buckets" | "steps", Column>,
    sample: number,
  ): Promise<{ seconds: number; asks: Float64Array }>;
  stop(): Promise<void>;
}

/** `processor`: one thread, and seconds are those of the processor, which other programs lengthen little. */
export async function startNumpy(
  python: string,
  folder: string,
  book: ExposureBook,
  moves: Float32Array,
  clock: "wall" | "processor",
  environment: Environment,
): Promise<Numpy> {
  const write = (name: string, column: Column): Promise<void> => writeFile(join(folder, name), bytes(column));
  await write("moves", moves);
  await write("exposures", book.exposures);
  await write("values", book.values);
  await write("buckets", book.bucketOf);
  const terms = JSON.stringify([GATE.asked, GATE.response, GATE.gate]);
  const args = [folder, String(book.factors), String(book.buckets), String(CONFIDENCE), terms, clock];
  const child = startScript(new URL("peer-stress.py", import.meta.url), args, {
    interpreter: python,
    ...(clock === "wall" ? {} : { environment: { ...environment, OPENBLAS_NUM_THREADS: "1" } }),
  });
  await child.next(300_000);
  type Said = { seconds: number; valueAtRisk: number; expectedShortfall: number };
  const ask = (order: object): Promise<Said> => {
    child.send(order);
    return child.next<Said>(600_000);
  };
  const read = async (name: string): Promise<ArrayBuffer> => {
    const file = await readFile(join(folder, name));
    return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  };
  return {
    seconds: async (measure) => (await ask({ measure, write: false })).seconds,
    async outcome(measure) {
      const { valueAtRisk, expectedShortfall } = await ask({ measure, write: true });
      const out = new Float64Array(await read("out"));
      return { out, valueAtRisk, expectedShortfall, periods: new Int32Array(await read("periods")) };
    },
    async naive(columns, sample) {
      for (const [name, column] of Object.entries(columns)) await write(name, column);
      const { seconds } = await ask({ measure: "naive", sample });
      return { seconds, asks: new Float64Array(await read("asks")) };
    },
    stop: () => child.kill(),
  };
}

export interface Duck {
  /** Values of every bucket of every scenario, kept in a table, and the tail of the losses. */
  seconds(): Promise<number>;
  /** As numpy's `out`. */
  out(scenarios: number, buckets: number): Promise<Float64Array>;
  stop(): void;
}

/** All processors, like every side; the columns are loaded before anything counts. */
export async function startDuck(book: ExposureBook, moves: Float32Array): Promise<Duck> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await loadForm(connection, book, moves);
  const form = sqlForm(book.factors);
  const before = book.values.reduce((sum, value) => sum + value, 0);
  const tail = `with losses as (select ${before} - sum(value) as loss from stress_values group by scenario),
    border as (select quantile_disc(loss, ${CONFIDENCE}) as v from losses)
    select any_value(v), avg(loss) from losses, border where loss >= v`;
  return {
    async seconds() {
      const start = performance.now();
      await connection.run(`create or replace table stress_values as ${form}`);
      await connection.runAndReadAll(tail);
      return (performance.now() - start) / 1_000;
    },
    async out(scenarios, buckets) {
      const found = new Float64Array(scenarios * (buckets + 1));
      const rows = (await connection.runAndReadAll(form)).getRows() as [number, number, number][];
      for (const [scenario, bucket, value] of rows) {
        found[scenario * (buckets + 1) + bucket] = value;
        found[scenario * (buckets + 1) + buckets]! += value;
      }
      return found;
    },
    stop() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
