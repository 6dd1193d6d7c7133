// Record → handled with 8 writers while the consumer is killed again and again: nothing may be lost, nothing may be done twice.
import { openDatabase } from "@evergreen-fund/supabase-client";
import type { Child } from "../frame/child.ts";
import type { BenchCluster } from "../frame/cluster.ts";
import { withSession } from "../frame/connection.ts";
import { type ConsumerOptions, startConsumer } from "./drain.ts";

const SERVICE = { role: "service_role" } as const;
type Statement = (name: string) => string;

export interface Killed {
  acknowledged: number;
  kills: number;
  recordSeconds: number;
  /** From the first record to the last event handled. */
  seconds: number;
  lost: number;
  doubled: number;
  handled: number;
  waiting: number;
  open: number;
  /** Recorded to handled by the database clock, milliseconds; under kills, so the worst is about a lease. */
  latency: { p50: number; p99: number; worst: number };
}

export interface KilledOptions extends ConsumerOptions {
  events: number;
  writers: number;
  killEveryMs: number;
  say: (text: string) => void;
}

export async function recordUnderKills(
  cluster: BenchCluster,
  statement: Statement,
  { events, writers, killEveryMs, say, ...consumer }: KilledOptions,
): Promise<Killed> {
  const database = openDatabase({ url: cluster.urlFor("evergreen_app"), connections: writers });
  let child: Child = await startConsumer(cluster, consumer);
  child.send({ order: "follow" });
  let kills = 0;
  let recording = true;
  let stopWaiting: () => void = () => undefined;
  const recorded = new Promise<void>((resolve) => {
    stopWaiting = resolve;
  });
  const killing = (async () => {
    while (recording) {
      await Promise.race([pause(killEveryMs), recorded]);
      if (!recording && kills > 0) return;
      await child.kill();
      kills += 1;
      child = await startConsumer(cluster, consumer);
      child.send({ order: "follow" });
    }
  })();
  try {
    const start = performance.now();
    let given = 0;
    let acknowledged = 0;
    await Promise.all(
      Array.from({ length: writers }, async () => {
        while (given < events) {
          given += 1;
          const n = given;
          await database.rpc(SERVICE, "fn_record_event", { type: "BENCH_ROUTINE", payload: { n }, source: "bench" });
          acknowledged += 1;
          if (acknowledged % 10_000 === 0) say(`recorded ${acknowledged}, ${kills} kills`);
        }
      }),
    );
    const recordSeconds = (performance.now() - start) / 1_000;
    recording = false;
    stopWaiting();
    await killing;
    await untilHandled(cluster, statement, acknowledged, consumer.leaseSeconds * 1_000 + 120_000);
    const seconds = (performance.now() - start) / 1_000;
    child.send({ order: "drain" });
    await child.next(60_000);
    return await withSession(cluster.adminUrl, async (session) => {
      const counts = (await session.query<Omit<Killed, "latency">>(statement("counts"))).rows[0]!;
      const latency = (await session.query<Record<"p50" | "p99" | "worst", string>>(statement("latency"))).rows[0]!;
      return {
        ...counts,
        acknowledged,
        kills,
        recordSeconds,
        seconds,
        latency: { p50: Number(latency.p50), p99: Number(latency.p99), worst: Number(latency.worst) },
      };
    });
  } finally {
    recording = false;
    stopWaiting();
    await killing.catch(() => undefined);
    await child.kill();
    await database.close();
  }
}

/** Returns when as many events were handled, or when the time is up: the counts then say what is missing. */
async function untilHandled(
  cluster: BenchCluster,
  statement: Statement,
  events: number,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  await withSession(cluster.adminUrl, async (session) => {
    while (Date.now() < deadline) {
      const { rows } = await session.query<{ handled: number }>(statement("handled-so-far"));
      if ((rows[0]?.handled ?? 0) >= events) return;
      await pause(20);
    }
  });
}

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));
