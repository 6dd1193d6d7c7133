// `bench events` (B1): how fast an event is recorded and how fast a backlog is drained, beside graphile-worker and the no-notify limit, and
// whether anything is lost or doubled when the consumer is killed. Everything in a throw-away durable cluster on loopback.
import type { RunBench } from "../commands/bench.ts";
import { drainOurs, openGraphile } from "./events/drain.ts";
import { type Killed, recordUnderKills } from "./events/killed.ts";
import { makeSilentTwin, openRecorder } from "./events/record.ts";
import { openCluster } from "./frame/cluster.ts";
import { withSession } from "./frame/connection.ts";
import { describeMachine } from "./frame/machine.ts";
import { INSTALL_PEERS, npmPeer, program } from "./frame/peers.ts";
import { answerOf, type Check, type Finding, short } from "./frame/report.ts";
import { alternate, medianOf, type Round, ratioOf } from "./frame/rounds.ts";
import { readStatements } from "./frame/sql-file.ts";

const WRITERS = 8;
const FULL = { events: 200_000, rounds: 5, recordSeconds: 4, killEveryMs: 10_000, maxEvents: 5_000, leaseSeconds: 5 };
const QUICK = { events: 3_000, rounds: 1, recordSeconds: 1, killEveryMs: 250, maxEvents: 500, leaseSeconds: 1 };

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  const statement = readStatements(new URL("events/events.sql", import.meta.url));
  const machine = await describeMachine();
  const rounds: Record<string, Round[]> = {};
  const graphile = npmPeer(environment, "graphile-worker");
  const pgbench = program(environment, "pgbench");
  const cluster = await openCluster();
  try {
    return await progress("events", async ({ say }) => {
      await withSession(cluster.adminUrl, (session) => session.query(statement("arrange")));
      const killed = await recordUnderKills(cluster, statement, { ...plan, writers: WRITERS, say });
      const audited = await withSession(
        cluster.adminUrl,
        async (session) => (await session.query<Audited>(statement("recorded"))).rows[0]!,
      );

      await makeSilentTwin(cluster, statement);
      const recorder = await openRecorder(cluster, statement, pgbench, WRITERS);
      rounds.record = await alternate(
        [
          { name: "shipped", measure: () => recorder.rate("record", plan.recordSeconds) },
          { name: "no notify", measure: () => recorder.rate("record-silent", plan.recordSeconds) },
        ],
        plan.rounds,
        say,
      ).finally(() => recorder.stop());
      // what those rounds left in the outbox is drained before drains are measured
      await drainLeft(cluster, statement, plan);

      const peer = graphile === undefined ? undefined : await openGraphile(cluster, graphile);
      const ours = async () => plan.events / (await drainOurs(cluster, statement, plan.events, plan)).seconds;
      rounds.drain = await alternate(
        [
          { name: "outbox", measure: ours },
          ...(peer
            ? [{ name: "graphile", measure: async () => plan.events / (await peer.drain(plan.events)).seconds }]
            : []),
        ],
        plan.rounds,
        say,
      ).finally(() => peer?.stop());

      return answerOf({
        name: "events",
        quick,
        machine,
        findings: findingsOf(rounds, killed),
        checks: checksOf(killed, audited, plan.events),
        absent: [
          ...(graphile === undefined ? [`graphile-worker (${INSTALL_PEERS})`] : []),
          ...(pgbench === undefined ? ["pgbench: single records were sent by this process instead"] : []),
        ],
        rounds,
        details: { killed },
      });
    });
  } finally {
    await cluster.stop();
  }
};

interface Audited {
  recorded: number;
  audited: number;
}

async function drainLeft(
  cluster: Parameters<typeof drainOurs>[0],
  statement: Parameters<typeof drainOurs>[1],
  plan: typeof FULL,
): Promise<void> {
  const { startConsumer } = await import("./events/drain.ts");
  const child = await startConsumer(cluster, plan);
  try {
    child.send({ order: "drain" });
    await child.next(600_000);
  } finally {
    await child.kill();
  }
  await withSession(cluster.adminUrl, (session) => session.query(statement("settle")));
}

function findingsOf(rounds: Readonly<Record<string, Round[]>>, killed: Killed): Finding[] {
  const { record = [], drain = [] } = rounds;
  const perSecond = (list: Round[], name: string): string => `${short(medianOf(list, name))}/s`;
  const found: Finding[] = [
    {
      what: "single record, 8 writers: shipped / no notify",
      ratio: ratioOf(record, "shipped", "no notify"),
      floor: 0.8,
      aim: 0.9,
      sense: "least",
      figures: `${perSecond(record, "shipped")} and ${perSecond(record, "no notify")}, audit row included`,
    },
  ];
  if (drain[0]?.figures.graphile !== undefined)
    found.unshift({
      what: "drain of a full backlog: outbox / batched graphile-worker",
      ratio: ratioOf(drain, "outbox", "graphile"),
      floor: 3,
      sense: "least",
      figures: `${perSecond(drain, "outbox")} and ${perSecond(drain, "graphile")}`,
    });
  const rate = killed.acknowledged / killed.recordSeconds;
  const whole = killed.acknowledged / killed.seconds;
  found.push({
    what: "record → handled under kills / recording alone, same run",
    ratio: { median: whole / rate, low: whole / rate, high: whole / rate },
    sense: "least",
    figures: `recorded ${short(rate)}/s through the client, handled ${short(whole)}/s; p50 ${short(killed.latency.p50)} ms, p99 ${short(killed.latency.p99)} ms`,
  });
  return found;
}

function checksOf(killed: Killed, { recorded, audited }: Audited, events: number): Check[] {
  return [
    {
      what: "every acknowledged event was recorded, with its audit row",
      ok: killed.acknowledged === events && recorded === events && audited === events,
      seen: `${killed.acknowledged} acknowledged, ${recorded} recorded, ${audited} audited`,
    },
    {
      what: `0 lost and 0 doubled with ${killed.kills} kills of the consumer`,
      ok:
        killed.kills > 0 &&
        killed.lost === 0 &&
        killed.doubled === 0 &&
        killed.handled === events &&
        killed.waiting === 0 &&
        killed.open === 0,
      seen: `${killed.handled} handled, ${killed.lost} lost, ${killed.doubled} doubled, ${killed.waiting + killed.open} left`,
    },
  ];
}
