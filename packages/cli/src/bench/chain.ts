// `bench chain` (B2): a chain of five agent steps, and many routine events, on the platform as shipped (codec and tracing on) beside the plain
// style, one workflow with five ordinary activities on a stock development server. Everything is thrown away; loopback only.
import type { RunBench } from "../commands/bench.ts";
import { ourChains, ourRoutine, p50, plainChains, plainRoutine, redeemedCents } from "./chain/measure.ts";
import { openTown, type Town } from "./chain/town.ts";
import { SPLIT_ROOMS } from "./chain/workers.ts";
import { withSession } from "./frame/connection.ts";
import { describeMachine } from "./frame/machine.ts";
import { answerOf, type Check, type Finding, short } from "./frame/report.ts";
import { alternate, medianOf, type Round, ratioOf } from "./frame/rounds.ts";
import { readStatements } from "./frame/sql-file.ts";

const FULL = { rounds: 5, chains: 40, plainChains: 12, warm: 15, orders: 10_000, plainEvents: 150, batchRounds: 5 };
const QUICK = { rounds: 1, chains: 3, plainChains: 2, warm: 1, orders: 300, plainEvents: 4, batchRounds: 1 };
type Plan = typeof FULL;
type Statement = (name: string) => string;
const LAYOUTS = [
  { name: "one process", groups: [["all"]], floor: 8 },
  { name: "split", groups: SPLIT_ROOMS.map((room) => [room]), floor: 5 },
] as const;

export const run: RunBench = async ({ quick, environment, note, progress }) => {
  const plan: Plan = quick ? QUICK : FULL;
  const statement = readStatements(new URL("chain/chain.sql", import.meta.url));
  const machine = await describeMachine();
  const rounds: Record<string, Round[]> = {};
  const findings: Finding[] = [];
  const spans: Record<string, unknown> = {};
  let chains = 0;
  let routine: Check[] = [];
  const town = await openTown(environment, statement, note);
  try {
    await progress("chain", async ({ say }) => {
      await plainChains(town, plan.warm);
      for (const { name, groups, floor } of LAYOUTS) {
        say(`starting the workers: ${name}`);
        const workers = await town.startWorkers(groups);
        try {
          await ourChains(town, plan.warm);
          const since = new Date();
          const done = await chainRounds(town, plan, (text) => say(`${name}: ${text}`));
          chains += plan.warm + plan.rounds * plan.chains;
          rounds[name] = done;
          findings.push(...chainFindings(name, floor, done));
          spans[name] = await slowestSpans(town, statement, since);
          if (name === "one process") {
            rounds.routine = await routineRounds(town, statement, plan, say);
            routine = [await ordersCheck(town, statement, plan)];
          }
        } finally {
          await workers.stop();
        }
      }
    });
    findings.push({
      what: `${plan.orders} routine events in batch / plain style, events per second`,
      ratio: ratioOf(rounds.routine ?? [], "batch", "plain"),
      floor: 30,
      aim: 100,
      sense: "least",
      figures: `${short(medianOf(rounds.routine ?? [], "batch"))}/s from record to taken in, and ${short(medianOf(rounds.routine ?? [], "plain"))}/s`,
    });
    const checks = [await chainsCheck(town, statement, chains), await plainCheck(town, statement, plan), ...routine];
    return answerOf({ name: "chain", quick, machine, findings, checks, absent: [], rounds, details: { spans } });
  } finally {
    await town.stop();
  }
};

async function chainRounds(town: Town, plan: Plan, say: (text: string) => void): Promise<Round[]> {
  const answered: number[] = [];
  const done = await alternate(
    [
      {
        name: "remembered",
        measure: async () => {
          const { closed, remembered } = await ourChains(town, plan.chains);
          answered.push(p50(closed));
          return p50(remembered);
        },
      },
      { name: "plain", measure: async () => p50(await plainChains(town, plan.plainChains)) },
    ],
    plan.rounds,
    say,
  );
  return done.map((round, at) => ({ ...round, figures: { ...round.figures, closed: answered[at] ?? Number.NaN } }));
}

function chainFindings(name: string, floor: number, done: Round[]): Finding[] {
  const ms = (figure: string): string => `${short(medianOf(done, figure))} ms`;
  return [
    {
      what: `five steps, ${name}, p50: plain / ours (times faster)`,
      ratio: ratioOf(done, "plain", "closed"),
      floor,
      sense: "least",
      figures: `${ms("closed")} from the call to the closed run, and ${ms("plain")}`,
    },
    {
      what: `five steps, ${name}, p50, until the run is remembered`,
      ratio: ratioOf(done, "plain", "remembered"),
      sense: "least",
      figures: `${ms("remembered")} and ${ms("plain")}`,
    },
  ];
}

const routineRounds = (town: Town, statement: Statement, plan: Plan, say: (text: string) => void): Promise<Round[]> =>
  alternate(
    [
      { name: "batch", measure: () => ourRoutine(town, statement, plan.orders) },
      { name: "plain", measure: () => plainRoutine(town, plan.plainEvents) },
    ],
    plan.batchRounds,
    say,
  );

const look = <Row extends object>(url: string, text: string): Promise<Row> =>
  withSession(url, async (session) => (await session.query<Row & Record<string, unknown>>(text)).rows[0] as Row);

interface Runs {
  runs: number;
  ended: number;
  registered: number;
  verdicts: number;
  memories: number;
}

/** Each event one run, one verdict, one registration, one memory: on either side. */
async function chainsCheck({ ours }: Town, statement: Statement, chains: number): Promise<Check> {
  const seen = await look<Runs>(ours.adminUrl, statement("runs"));
  return {
    what: "every chain of ours had its five effects, once",
    ok: Object.values(seen).every((count) => count === chains),
    seen: `${chains} chains; ${Object.entries(seen)
      .map(([what, count]) => `${count} ${what}`)
      .join(", ")}`,
  };
}

async function plainCheck({ plain }: Town, statement: Statement, plan: Plan): Promise<Check> {
  const chains = plan.warm + LAYOUTS.length * plan.rounds * plan.plainChains + plan.batchRounds * plan.plainEvents;
  const seen = await look<Runs>(plain.adminUrl, statement("runs"));
  return {
    what: "the plain style had the same effects",
    ok: Object.values(seen).every((count) => count === chains),
    seen: `${chains} chains, ${seen.memories} of them remembered`,
  };
}

interface Orders {
  placed: number;
  accepted: number;
  logged: number;
  waiting: number;
  redeemed: string;
  utilization: string;
}

async function ordersCheck({ ours }: Town, statement: Statement, plan: Plan): Promise<Check> {
  const orders = plan.batchRounds * plan.orders;
  const seen = await look<Orders>(ours.adminUrl, statement("orders"));
  const expected = (plan.batchRounds * redeemedCents(plan.orders)) / 100;
  return {
    what: "every order was taken in once, with its compliance record and its demand on the ladder",
    ok:
      seen.placed === orders &&
      seen.accepted === orders &&
      seen.logged === orders &&
      seen.waiting === 0 &&
      Number(seen.redeemed) === expected &&
      Number(seen.utilization) === expected,
    seen: `${seen.accepted} of ${orders} accepted, ${seen.logged} logged, redemptions of ${expected.toFixed(2)} on a ladder of ${seen.utilization}`,
  };
}

/** Where the time of a chain goes, by the platform's own traces. */
async function slowestSpans({ ours }: Town, statement: Statement, since: Date): Promise<unknown> {
  return withSession(ours.adminUrl, async (session) => (await session.query(statement("spans"), [since])).rows);
}
