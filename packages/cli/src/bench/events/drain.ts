// A full backlog, drained by one consumer: ours through the real outbox, the peer through its own table. Filling is not timed.
import { type Child, startScript } from "../frame/child.ts";
import type { BenchCluster } from "../frame/cluster.ts";
import { withSession } from "../frame/connection.ts";

type Statement = (name: string) => string;
export interface Drained {
  handled: number;
  seconds: number;
}

export interface ConsumerOptions {
  maxEvents: number;
  leaseSeconds: number;
}

/** A consumer process, connected and waiting for its order. */
export async function startConsumer(cluster: BenchCluster, options: ConsumerOptions): Promise<Child> {
  const child = startScript(new URL("consumer.ts", import.meta.url), []);
  child.send({ appUrl: cluster.urlFor("evergreen_app"), ...options });
  await child.next(30_000);
  return child;
}

/** Fills, lets the tables settle, drains. @throws Error when not every event was handled once. */
export async function drainOurs(
  cluster: BenchCluster,
  statement: Statement,
  events: number,
  options: ConsumerOptions,
): Promise<Drained> {
  await withSession(cluster.adminUrl, async (session) => {
    await session.query(statement("forget-handled"));
    await session.query(statement("fill-backlog"), [events]);
    await session.query(statement("settle"));
  });
  const child = await startConsumer(cluster, options);
  try {
    child.send({ order: "drain" });
    const drained = await child.next<Drained>(600_000);
    const handled = await withSession(
      cluster.adminUrl,
      async (session) => (await session.query<{ handled: number }>(statement("handled-so-far"))).rows[0]?.handled,
    );
    if (handled !== events || drained.handled !== events)
      throw new Error(`${events} events were recorded and ${handled} handled.`);
    return drained;
  } finally {
    await child.kill();
  }
}

export interface GraphilePeer {
  drain(events: number): Promise<Drained>;
  stop(): Promise<void>;
}

/** graphile-worker on a database of its own in the same cluster. */
export async function openGraphile(cluster: BenchCluster, entry: string): Promise<GraphilePeer> {
  const child = startScript(new URL("peer-graphile.ts", import.meta.url), []);
  child.send({ entry, url: await cluster.newDatabase("peer_graphile") });
  await child.next(60_000);
  return {
    async drain(events) {
      child.send({ fill: events });
      const drained = await child.next<Drained & { doubled: number }>(600_000);
      if (drained.handled !== events || drained.doubled !== 0)
        throw new Error(`The peer handled ${drained.handled} of ${events} jobs, ${drained.doubled} of them twice.`);
      return drained;
    },
    stop: () => child.kill(),
  };
}
