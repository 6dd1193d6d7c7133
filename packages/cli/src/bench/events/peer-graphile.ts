// The peer of `bench events`: graphile-worker in its batched form (local queue, batched completion) drains its own backlog of as many jobs.
// Its task does nothing but count, which favours it: ours writes a row per event.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connectTo } from "../frame/connection.ts";
import { readStatements } from "../frame/sql-file.ts";

interface Orders {
  entry: string;
  url: string;
}
/** The part of graphile-worker that is used here; the package is no dependency of the product. */
interface Graphile {
  runMigrations(options: unknown): Promise<void>;
  run(options: unknown): Promise<{ stop(): Promise<void> }>;
  Logger: new (factory: () => () => void) => unknown;
}

const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const statement = readStatements(new URL("events.sql", import.meta.url));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const orders = JSON.parse((await lines.next()).value as string) as Orders;
const graphile = createRequire(import.meta.url)(fileURLToPath(orders.entry)) as Graphile;
const logger = new graphile.Logger(() => () => undefined);
await graphile.runMigrations({ connectionString: orders.url, logger });
const session = await connectTo(orders.url);
say({ ready: true });

for await (const line of lines) {
  const { fill } = JSON.parse(line) as { fill: number };
  await session.query(statement("peer-fill"), [fill]);
  await session.query(statement("peer-settle"));
  const seen = new Set<number>();
  let again = 0;
  const start = performance.now();
  const runner = await graphile.run({
    logger,
    noHandleSignals: true,
    taskList: {
      bench_routine: ({ n }: { n: number }) => {
        if (seen.has(n)) again += 1;
        seen.add(n);
      },
    },
    preset: {
      worker: {
        connectionString: orders.url,
        concurrentJobs: 24,
        maxPoolSize: 10,
        pollInterval: 2_000,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  // done when every job has left the table, not when the last was handed to the task
  for (;;) {
    if (seen.size >= fill && (await session.query<{ left: number }>(statement("peer-left"))).rows[0]?.left === 0) break;
    await new Promise((wake) => setTimeout(wake, 2));
  }
  const seconds = (performance.now() - start) / 1_000;
  await runner.stop();
  say({ handled: seen.size, doubled: again, seconds });
}
await session.end();
