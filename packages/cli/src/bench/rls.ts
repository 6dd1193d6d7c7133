// `bench rls` (B3): what row-level security costs an LP who reads their own orders, beside the same query with an explicit filter and no
// policy (with and without the context of a person), and beside the policy form that documentations recommend. Synthetic rows in a throw-away cluster on loopback.
import { randomBytes } from "node:crypto";
import type { RunBench } from "../commands/bench.ts";
import { type BenchCluster, openCluster } from "./frame/cluster.ts";
import { openSessions, withSession } from "./frame/connection.ts";
import { describeMachine } from "./frame/machine.ts";
import { program } from "./frame/peers.ts";
import { answerOf, type Check, type Finding, short } from "./frame/report.ts";
import { alternate, medianOf, type Round, ratioOf } from "./frame/rounds.ts";
import { readStatements } from "./frame/sql-file.ts";
import { openPgbench } from "./rls/pgbench.ts";
import { type Person, planOf, type Read, type Readers, readersOf, SIDES, speedOf } from "./rls/readers.ts";

const CLIENTS = 8;
const FULL = { flows: 1_000_000, investors: 50_000, rounds: 7, seconds: 3, control: 5 };
const QUICK = { flows: 20_000, investors: 1_000, rounds: 1, seconds: 0.5, control: 1 };
const CHUNK = 100_000;
const PEERS = { filter: "filter", bare: "filter without context" } as const;

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  const raw = readStatements(new URL("rls/rls.sql", import.meta.url));
  const password = randomBytes(12).toString("hex");
  const statement = (name: string): string =>
    raw(name).replaceAll("$INVESTORS", String(plan.investors)).replaceAll("$PASSWORD", password);
  const machine = await describeMachine();
  const pgbench = program(environment, "pgbench");
  const rounds: Record<string, Round[]> = {};
  const cluster = await openCluster();
  const freeUrl = new URL(cluster.adminUrl);
  freeUrl.username = "bench_reader";
  freeUrl.password = password;
  const apiUrl = cluster.urlFor("evergreen_api");
  const [api, free] = [openSessions(apiUrl, CLIENTS), openSessions(freeUrl.href, CLIENTS)];
  const readers = readersOf(statement, api, free);
  try {
    return await progress("rls", async ({ say }) => {
      say(`seeding ${plan.flows} rows`);
      const people = await seed(cluster, statement, plan.flows);
      const checks = [await sameRows(readers, people), usesIndex(await planOf(statement, api, people[0]!))];
      for (const clients of [1, CLIENTS]) {
        const sides = SIDES.map((name) => ({
          name,
          measure: async () => {
            const speed = await speedOf(readers[name], people, clients, plan.seconds);
            return clients === 1 ? speed.p50Ms : speed.perSecond;
          },
        }));
        // both connect, prepare and plan before a time counts
        for (const { measure } of sides) await measure();
        rounds[`client c=${clients}`] = await alternate(sides, plan.rounds, (text) => say(`c=${clients}: ${text}`));
      }
      if (pgbench !== undefined) {
        const bench = await openPgbench(
          pgbench,
          { policy: apiUrl, filter: apiUrl, bare: freeUrl.href },
          statement,
          people,
        );
        for (const protocol of ["simple", "prepared"] as const) {
          rounds[`pgbench ${protocol}`] = await alternate(
            SIDES.map((who) => ({
              name: who,
              measure: () => bench.rate(who, protocol, CLIENTS, plan.seconds),
            })),
            quick ? 1 : 5,
            (text) => say(`pgbench ${protocol}: ${text}`),
          );
        }
        await bench.stop();
      }
      const control = await controlMs(cluster, statement, readers.policy, people, plan.control);
      checks.push(control.check);
      return answerOf({
        name: "rls",
        quick,
        machine,
        findings: findingsOf(rounds, control.ms),
        checks,
        absent: pgbench === undefined ? ["pgbench: the server's share alone was not measured"] : [],
        rounds,
        details: { flows: plan.flows, investors: plan.investors, controlMs: control.ms },
      });
    });
  } finally {
    await Promise.all([api.end(), free.end()]);
    await cluster.stop();
  }
};

async function seed(cluster: BenchCluster, statement: (name: string) => string, flows: number): Promise<Person[]> {
  return withSession(cluster.adminUrl, async (session) => {
    await session.query(statement("seed-investors"));
    for (let from = 1; from <= flows; from += CHUNK)
      await session.query(statement("seed-flows"), [from, Math.min(flows, from + CHUNK - 1)]);
    await session.query(statement("settle"));
    await session.query(statement("readers-without-rls"));
    return (await session.query<Person>(statement("people"))).rows;
  });
}

/** No time counts before all readers have seen the same rows for each of forty people, and rows at all. */
async function sameRows(readers: Readers, people: readonly Person[]): Promise<Check> {
  let rows = 0;
  let different = 0;
  for (const person of people.slice(0, 40)) {
    const seen = await Promise.all(SIDES.map((side) => readers[side](person)));
    rows += seen[0]?.length ?? 0;
    if (seen[0]?.length === 0 || new Set(seen.map((list) => JSON.stringify(list))).size !== 1) different += 1;
  }
  return {
    what: "all readers see the same rows",
    ok: different === 0 && rows > 0,
    seen: `${rows} rows of 40 people, ${different} people with a difference`,
  };
}

function usesIndex(plan: string): Check {
  const indexes = [...plan.matchAll(/"Index Name":"([^"]+)"/g)].map((match) => match[1]);
  return {
    what: "the policy's plan uses an index",
    ok: indexes.length > 0 && !plan.includes('"Seq Scan"'),
    seen: indexes.join(", ") || "no index",
  };
}

/** The negative control: the IN form of the policy, for as long as it takes; then the shipped policy again, unchanged. */
async function controlMs(
  cluster: BenchCluster,
  statement: (name: string) => string,
  bound: Read,
  people: readonly Person[],
  times: number,
): Promise<{ ms: number; check: Check }> {
  return withSession(cluster.adminUrl, async (session) => {
    const condition = async () =>
      (await session.query<{ condition: string }>(statement("policy"))).rows[0]?.condition ?? "";
    const shipped = await condition();
    const before = await bound(people[0]!);
    await session.query(statement("control-policy"));
    const took: number[] = [];
    let same = true;
    for (let turn = 0; turn < times; turn += 1) {
      const start = performance.now();
      const rows = await bound(people[0]!);
      took.push(performance.now() - start);
      same &&= JSON.stringify(rows) === JSON.stringify(before);
    }
    await session.query(statement("shipped-policy"));
    const after = await condition();
    took.sort((a, b) => a - b);
    return {
      ms: took[Math.floor(took.length / 2)] ?? Number.NaN,
      check: {
        what: "the control policy gives the same rows, and the bench restored the shipped one",
        ok: same && before.length > 0 && after === shipped,
        seen: same && after === shipped ? `${before.length} rows` : "a difference",
      },
    };
  });
}

function findingsOf(rounds: Readonly<Record<string, Round[]>>, controlMs: number): Finding[] {
  const found: Finding[] = [];
  for (const [name, list] of Object.entries(rounds)) {
    const one = name === "client c=1";
    const unit = one ? " ms" : "/s";
    for (const peer of ["filter", "bare"] as const) {
      found.push({
        what: `${name}: ${one ? `p50, ${PEERS[peer]} / policy` : `reads per second, policy / ${PEERS[peer]}`}`,
        // of a latency the inverse, so that more is better everywhere
        ratio: one ? ratioOf(list, peer, "policy") : ratioOf(list, "policy", peer),
        // the floor is about row-level security: the peer that differs in nothing else
        ...(name.startsWith("client") && peer === "filter" ? { floor: 0.8, aim: 0.9 } : {}),
        sense: "least",
        figures: `${short(medianOf(list, "policy"))}${unit} and ${short(medianOf(list, peer))}${unit}`,
      });
    }
  }
  const one = rounds["client c=1"] ?? [];
  const times = one.map(({ figures }) => controlMs / (figures.policy ?? Number.NaN)).sort((a, b) => a - b);
  found.push({
    what: "policy with in (select fn()) / the shipped policy (times slower)",
    ratio: {
      median: times[Math.floor(times.length / 2)] ?? Number.NaN,
      low: times[0] ?? Number.NaN,
      high: times.at(-1) ?? Number.NaN,
    },
    aim: 100,
    sense: "least",
    figures: `${short(controlMs)} ms and ${short(medianOf(one, "policy"))} ms`,
  });
  return found;
}
