// `bench rls` (B3): what row-level security costs an LP who reads their own orders, beside the same query with an explicit filter and no
// policy, and beside the policy form that documentations recommend. Synthetic rows in a throw-away cluster on loopback.
import { randomBytes } from "node:crypto";
import type { RunBench } from "../commands/bench.ts";
import { type BenchCluster, openCluster } from "./frame/cluster.ts";
import { openSessions, type Sessions, withSession } from "./frame/connection.ts";
import { describeMachine } from "./frame/machine.ts";
import { program } from "./frame/peers.ts";
import { answerOf, type Check, type Finding, short } from "./frame/report.ts";
import { alternate, medianOf, type Round, ratioOf } from "./frame/rounds.ts";
import { readStatements } from "./frame/sql-file.ts";
import { openPgbench } from "./rls/pgbench.ts";
import { type Person, type Read, speedOf, underPolicy, withFilter } from "./rls/readers.ts";

const CLIENTS = 8;
const FULL = { flows: 1_000_000, investors: 50_000, rounds: 7, seconds: 3, control: 5 };
const QUICK = { flows: 20_000, investors: 1_000, rounds: 1, seconds: 0.5, control: 1 };
const CHUNK = 100_000;

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
  const filterUrl = new URL(cluster.adminUrl);
  filterUrl.username = "bench_reader";
  filterUrl.password = password;
  const policyUrl = cluster.urlFor("evergreen_api");
  const [policy, filter] = [openSessions(policyUrl, CLIENTS), openSessions(filterUrl.href, CLIENTS)];
  try {
    return await progress("rls", async ({ say }) => {
      say(`seeding ${plan.flows} rows`);
      const people = await seed(cluster, statement, plan.flows);
      const [bound, free] = [underPolicy(statement), withFilter(statement)];
      const checks = [await sameRows(bound, free, policy, filter, people), await usesIndex(policy, statement, people)];
      const side = (name: string, read: Read, sessions: Sessions, clients: number) => ({
        name,
        measure: async () => {
          const speed = await speedOf(read, sessions, people, clients, plan.seconds);
          return clients === 1 ? speed.p50Ms : speed.perSecond;
        },
      });
      for (const clients of [1, CLIENTS]) {
        rounds[`client c=${clients}`] = await alternate(
          [side("policy", bound, policy, clients), side("filter", free, filter, clients)],
          plan.rounds,
          (text) => say(`c=${clients}: ${text}`),
        );
      }
      if (pgbench !== undefined) {
        const bench = await openPgbench(pgbench, { policy: policyUrl, filter: filterUrl.href }, statement, people);
        for (const protocol of ["simple", "prepared"] as const) {
          rounds[`pgbench ${protocol}`] = await alternate(
            (["policy", "filter"] as const).map((who) => ({
              name: who,
              measure: () => bench.rate(who, protocol, CLIENTS, plan.seconds),
            })),
            quick ? 1 : 5,
            (text) => say(`pgbench ${protocol}: ${text}`),
          );
        }
        await bench.stop();
      }
      const control = await controlMs(cluster, statement, bound, policy, people, plan.control);
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
    await Promise.all([policy.end(), filter.end()]);
    await cluster.stop();
  }
};

async function seed(cluster: BenchCluster, statement: (name: string) => string, flows: number): Promise<Person[]> {
  return withSession(cluster.adminUrl, async (session) => {
    await session.query(statement("seed-investors"));
    for (let from = 1; from <= flows; from += CHUNK)
      await session.query(statement("seed-flows"), [from, Math.min(flows, from + CHUNK - 1)]);
    await session.query(statement("settle"));
    await session.query(statement("reader-without-rls"));
    return (await session.query<Person>(statement("people"))).rows;
  });
}

/** No time counts before both readers have seen the same rows for each of forty people, and rows at all. */
async function sameRows(bound: Read, free: Read, policy: Sessions, filter: Sessions, people: Person[]): Promise<Check> {
  let rows = 0;
  let different = 0;
  for (const person of people.slice(0, 40)) {
    const [mine, theirs] = await Promise.all([bound(policy, person), free(filter, person)]);
    rows += mine.length;
    if (mine.length === 0 || JSON.stringify(mine) !== JSON.stringify(theirs)) different += 1;
  }
  return {
    what: "both readers see the same rows",
    ok: different === 0 && rows > 0,
    seen: `${rows} rows of 40 people, ${different} people with a difference`,
  };
}

async function usesIndex(policy: Sessions, statement: (name: string) => string, people: Person[]): Promise<Check> {
  const explain = underPolicy((name) => statement(name === "own-flows" ? "explain" : name));
  const plan = JSON.stringify(await explain(policy, people[0]!));
  const index = /"Index Name":"([^"]+)"/.exec(plan)?.[1];
  return {
    what: "the policy's plan uses an index",
    ok: index !== undefined && !plan.includes('"Seq Scan"'),
    seen: index ?? "no index",
  };
}

/** The negative control: the IN form of the policy, for as long as it takes; then the shipped policy again, unchanged. */
async function controlMs(
  cluster: BenchCluster,
  statement: (name: string) => string,
  bound: Read,
  policy: Sessions,
  people: readonly Person[],
  times: number,
): Promise<{ ms: number; check: Check }> {
  return withSession(cluster.adminUrl, async (session) => {
    const condition = async () =>
      (await session.query<{ condition: string }>(statement("policy"))).rows[0]?.condition ?? "";
    const shipped = await condition();
    const before = await bound(policy, people[0]!);
    await session.query(statement("control-policy"));
    const took: number[] = [];
    let same = true;
    for (let turn = 0; turn < times; turn += 1) {
      const start = performance.now();
      const rows = await bound(policy, people[0]!);
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
    const judged = name === `client c=${CLIENTS}`;
    found.push({
      what: `${name}: ${one ? "p50, filter / policy" : "reads per second, policy / filter"}`,
      // of a latency the inverse, so that more is better everywhere
      ratio: one ? ratioOf(list, "filter", "policy") : ratioOf(list, "policy", "filter"),
      ...(judged ? { floor: 0.8, aim: 0.9 } : {}),
      sense: "least",
      figures: `${short(medianOf(list, "policy"))}${unit} and ${short(medianOf(list, "filter"))}${unit}`,
    });
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
