// `bench sync` (B5): valuations from Postgres into DuckDB. Everything at once beside DuckDB's own postgres_scanner; then what changed, in a small and in a
// large table; then the same content while eight writers write. A synthetic fund in a throw-away cluster on loopback.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunBench } from "../commands/bench.ts";
import { type Child, startScript } from "./frame/child.ts";
import { type BenchCluster, openCluster } from "./frame/cluster.ts";
import { withSession } from "./frame/connection.ts";
import { describeMachine } from "./frame/machine.ts";
import { INSTALL_PEERS, pythonPeer } from "./frame/peers.ts";
import { answerOf, type Check, type Finding, short } from "./frame/report.ts";
import { alternate, median, medianOf, type Round, ratioOf, type Side } from "./frame/rounds.ts";
import { readStatements } from "./frame/sql-file.ts";
import { type Synchroniser, synchroniser } from "./sync/measure.ts";

const FULL = { rows: 10_000_000, small: 1_000_000, changed: 1_000, rounds: 3, deltas: 7, writers: 8, chunk: 500_000 };
const QUICK = { rows: 20_000, small: 4_000, changed: 200, rounds: 1, deltas: 1, writers: 8, chunk: 10_000 };
/** Seconds that a delta of `FULL.changed` rows may take. */
const LIMIT = 0.05;

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  const statement = readStatements(new URL("sync/sync.sql", import.meta.url));
  const machine = await describeMachine();
  const python = await pythonPeer(environment, "duckdb_extension_postgres_scanner");
  const folder = await mkdtemp(join(tmpdir(), "evergreen-bench-sync-"));
  const checks: Check[] = [];
  const publishing: number[] = [];
  const children: Child[] = [];
  const rounds: Record<string, Round[]> = {};
  const large = await openCluster();
  const small = await openCluster();
  const into = (cluster: BenchCluster, name: string): Synchroniser =>
    synchroniser(join(folder, name), cluster.urlFor("evergreen_app"));
  const [ours, oursSmall] = [into(large, "large"), into(small, "small")];
  try {
    await progress("sync", async ({ say }) => {
      await seed(small, statement, plan.small, plan.chunk, say);
      await seed(large, statement, plan.rows, plan.chunk, say);
      const bulk: Side[] = [
        {
          name: "bulk",
          measure: async () => (await ours.synced({ anew: true })).committed,
        },
      ];
      if (python !== undefined) {
        const peer = startScript(new URL("sync/peer-scanner.py", import.meta.url), [large.adminUrl, folder], {
          interpreter: python,
        });
        children.push(peer);
        await peer.next(60_000);
        bulk.push({
          name: "scanner",
          measure: async () => {
            peer.send({});
            return (await peer.next<{ seconds: number }>(600_000)).seconds;
          },
        });
      }
      rounds.bulk = await alternate(bulk, plan.rounds, say);
      say("the small table");
      await oursSmall.synced();
      await ours.synced();
      let turn = 0;
      const delta = (cluster: BenchCluster, at: Synchroniser, times: number) => async (): Promise<number> => {
        await change(cluster, statement, ++turn % (plan.small / 1_000), plan.changed * times);
        const one = await at.synced();
        if (cluster === large) publishing.push(one.published - one.committed);
        const rows = one.result.read.asset_snapshots;
        if (rows !== String(plan.changed * times))
          checks.push({ what: "a delta reads the rows that changed", ok: false, seen: `${rows} rows` });
        return one.committed;
      };
      rounds.deltas = await alternate(
        [
          { name: "delta", measure: delta(large, ours, 1) },
          { name: "delta, small table", measure: delta(small, oursSmall, 1) },
        ],
        plan.deltas,
        say,
      );
      say("eight writers");
      checks.push(...(await underWriters(large, statement, ours, plan.writers)));
      rounds.deltas = rounds.deltas.map((round) => ({ ...round, figures: { ...round.figures, limit: LIMIT } }));
    });
  } finally {
    await Promise.all([ours.close(), oursSmall.close()]);
    await Promise.all([large.stop(), small.stop(), ...children.map((child) => child.kill())]);
    await rm(folder, { recursive: true, force: true });
  }
  return answerOf({
    name: "sync",
    quick,
    machine,
    findings: findingsOf(rounds, plan),
    checks,
    absent: python === undefined ? [`postgres_scanner of DuckDB (${INSTALL_PEERS})`] : [],
    rounds,
    details: { rows: plan.rows, small: plan.small, changed: plan.changed, publishing },
    remarks: [
      `A delta is measured until its rows are durable in the working file. A reader waits for the snapshot besides: publishing copies and hashes the file, ${short(median(publishing) * 1_000)} ms after each delta of the large table.`,
    ],
  });
};

async function seed(
  cluster: BenchCluster,
  statement: (name: string) => string,
  rows: number,
  chunk: number,
  say: (text: string) => void,
): Promise<void> {
  await withSession(cluster.adminUrl, async (session) => {
    for (const name of ["quiet", "fund", "assets"]) await session.query(statement(name));
    for (let first = 0; first < rows; first += chunk) {
      say(`${first} of ${rows} rows`);
      await session.query(statement("marks"), [first, Math.min(first + chunk, rows) - 1]);
    }
    await session.query(statement("settle"));
  });
}

/** The valuations of `rows` assets on one day change. */
const change = (cluster: BenchCluster, statement: (name: string) => string, day: number, rows: number): Promise<void> =>
  withSession(cluster.adminUrl, async (session) => {
    await session.query(statement("quiet"));
    const { rowCount } = await session.query(statement("change"), [day, 0, rows]);
    if (rowCount !== rows) throw new Error(`${rowCount} rows changed, not ${rows}.`);
  });

/** Deltas while others write, then one in the quiet; the hash of a rebuild says whether anything was lost. */
async function underWriters(
  cluster: BenchCluster,
  statement: (name: string) => string,
  synchroniser: Synchroniser,
  writers: number,
): Promise<Check[]> {
  let going = true;
  let written = 0;
  const writing = Array.from({ length: writers }, (_, at) =>
    withSession(cluster.adminUrl, async (session) => {
      await session.query(statement("quiet"));
      for (let turn = 0; going && turn < 500; turn += 1) {
        await session.query("begin");
        await session.query(statement("change"), [turn % 4, (at * 100 + turn) % 990, 3]);
        await session.query(statement("add"), [5]);
        await session.query("commit");
        written += 1;
      }
    }),
  );
  for (let turn = 0; turn < 4; turn += 1) await synchroniser.synced();
  going = false;
  await Promise.all(writing);
  const { result } = await synchroniser.synced();
  const rebuilt = await synchroniser.synced({ rebuild: true });
  const [ours, anew] = [result.manifest.contentHash, rebuilt.result.manifest.contentHash];
  return [
    {
      what: `deltas beside ${writers} writers have the content of a rebuild`,
      ok: written > 0 && ours === anew && result.rebuilt === null,
      seen: `${written} transactions, ${ours.slice(0, 12)} and ${anew.slice(0, 12)}`,
    },
  ];
}

function findingsOf(rounds: Record<string, Round[]>, plan: typeof FULL): Finding[] {
  const { bulk = [], deltas = [] } = rounds;
  const peered = bulk.some(({ figures }) => figures.scanner !== undefined);
  const speed = (name: string): string => `${(plan.rows / medianOf(bulk, name) / 1e6).toFixed(2)} M rows/s`;
  const milliseconds = (list: Round[], name: string): string => `${short(medianOf(list, name) * 1_000)} ms`;
  return [
    ...(peered
      ? [
          {
            what: `${plan.rows} rows: postgres_scanner / ours, every row compared as it arrives, committed (times as fast)`,
            ratio: ratioOf(bulk, "scanner", "bulk"),
            floor: 0.7,
            aim: 1.2,
            sense: "least" as const,
            figures: `${speed("scanner")} and ${speed("bulk")}`,
          },
        ]
      : []),
    {
      what: `${LIMIT * 1_000} ms / a delta of ${plan.changed} rows in ${plan.rows}, committed`,
      ratio: ratioOf(deltas, "limit", "delta"),
      floor: 1,
      sense: "least",
      figures: milliseconds(deltas, "delta"),
    },
    {
      what: `the same delta: in ${plan.rows} rows / in ${plan.small}`,
      ratio: ratioOf(deltas, "delta", "delta, small table"),
      floor: 1.2,
      sense: "most",
      figures: `${milliseconds(deltas, "delta")} and ${milliseconds(deltas, "delta, small table")}`,
    },
  ];
}
