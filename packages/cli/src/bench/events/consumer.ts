// One consumer of `bench events`, a process of its own so that it can be killed: claims batches through the platform's outbox and handles
// each with one set-based call. While one batch is handled the next is claimed. Ends when told that everything was recorded and nothing is left.
import { createInterface } from "node:readline";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { connectTo } from "../frame/connection.ts";
import { readStatements } from "../frame/sql-file.ts";

interface Orders {
  appUrl: string;
  maxEvents: number;
  leaseSeconds: number;
}

const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const SERVICE = { role: "service_role" } as const;
const IDLE_MS = 5;
const statement = readStatements(new URL("events.sql", import.meta.url));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const orders = JSON.parse((await lines.next()).value as string) as Orders;
const database = openDatabase({ url: orders.appUrl, connections: 2 });
const session = await connectTo(orders.appUrl, "-c TimeZone=UTC -c role=service_role");

const claim = async () => {
  const [claimed] = await database.rpc(SERVICE, "fn_claim_batch", {
    consumer: `bench/${process.pid}`,
    max_events: orders.maxEvents,
    lease_seconds: orders.leaseSeconds,
  });
  return claimed;
};

await claimNothing();
say({ ready: true });
// "drain": stop when the outbox is empty · "follow": go on until "drain" comes
let ending = (JSON.parse((await lines.next()).value as string) as { order: string }).order === "drain";
if (!ending) void lines.next().then(() => (ending = true));

const start = performance.now();
let handled = 0;
let next = claim();
for (;;) {
  const wasEnding = ending;
  const claimed = await next;
  if (claimed === undefined) {
    if (wasEnding) break;
    await new Promise((wake) => setTimeout(wake, IDLE_MS));
    next = claim();
    continue;
  }
  next = claim();
  const { rows } = await session.query<{ handled: number }>({
    name: "handle",
    text: statement("handle"),
    values: [claimed.batch_id],
  });
  handled += rows[0]?.handled ?? 0;
}
say({ handled, seconds: (performance.now() - start) / 1_000 });
await session.end();
await database.close();
process.exit(0);

/** Opens the connections before the clock starts. */
async function claimNothing(): Promise<void> {
  await Promise.all([
    database.rpc(SERVICE, "fn_finish_events", { seqs: [] }),
    session.query(statement("handled-nothing")),
  ]);
}
