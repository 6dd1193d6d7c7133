// `bench returns` (B10): internal rates and time-weighted returns of a million synthetic investors with 20 flows each, beside pyxirr and numpy.
// Answers are compared before any time counts: planted investors without or with several rates must be flagged, and none of a set that is made to
// mislead may come out wrong. No database, no network.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { returnThreads, shared, sharedRates } from "@evergreen-fund/finance/returns/threads.ts";
import type { RunBench } from "../commands/bench.ts";
import { describeMachine } from "./frame/machine.ts";
import { INSTALL_PEERS, pythonPeer } from "./frame/peers.ts";
import { answerOf, type Check, type Finding } from "./frame/report.ts";
import { alternate, medianOf, type Round, ratioOf, type Side } from "./frame/rounds.ts";
import { adversarialCheck, adversaries } from "./returns/adversarial.ts";
import { ownChecks, plainReturns, sameRates, sameReturns } from "./returns/answers.ts";
import { FLOWS_EACH, makeInvestors } from "./returns/investors.ts";
import { type Measure, type Peers, startPeers } from "./returns/peers.ts";

const FULL = { investors: 1_000_000, adversaries: 2_000, rounds: 7 };
const QUICK = { investors: 5_000, adversaries: 60, rounds: 1 };
const SEED = 20_261_121;
const THREADS = 2;

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  const folder = await mkdtemp(join(tmpdir(), "evergreen-bench-returns-"));
  const machine = await describeMachine();
  const python = await pythonPeer(environment, "pyxirr");
  const checks: Check[] = [];
  let rounds: Round[] = [];
  let peers: Peers | undefined;
  const investors = makeInvestors(plan.investors, SEED);
  const rates = sharedRates(plan.investors);
  const returns = shared.doubles(plan.investors);
  const columns = { flows: investors.flows, rates, values: investors.values, returns };
  const both = await returnThreads(columns, THREADS);
  const one = await returnThreads(columns, 1);
  try {
    await progress("returns", async ({ say }) => {
      const timed = async (threads: typeof both, ...measures: Measure[]): Promise<number> => {
        const start = performance.now();
        for (const measure of measures) await threads.run(measure);
        return (performance.now() - start) / 1_000;
      };
      say("our answers");
      await timed(both, "xirr", "twr");
      checks.push(...ownChecks(investors, rates), plainReturns(investors, returns));
      checks.push(adversarialCheck(adversaries(plan.adversaries, SEED)));
      if (python !== undefined) {
        say("starting pyxirr");
        peers = await startPeers(python, folder, investors);
        say("pyxirr's answers");
        checks.push(...sameRates(investors, rates, await peers.results("xirr")));
        checks.push(sameReturns(returns, await peers.results("twr")));
      }
      const beside = peers;
      const sides: Side[] = [
        { name: "xirr", measure: () => timed(both, "xirr") },
        { name: "xirr and twr", measure: () => timed(both, "xirr", "twr") },
        { name: "xirr, one thread", measure: () => timed(one, "xirr") },
        ...(beside === undefined
          ? []
          : [
              { name: "pyxirr", measure: () => beside.alone("xirr") },
              { name: "pyxirr, two processes", measure: () => beside.together("xirr") },
              { name: "numpy twr", measure: () => beside.alone("twr") },
            ]),
      ];
      rounds = (await alternate(sides, plan.rounds, say)).map(withSum);
    });
  } finally {
    await Promise.all([both.close(), one.close(), peers?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
  return answerOf({
    name: "returns",
    quick,
    machine,
    findings: python === undefined ? [] : findingsOf(rounds, plan.investors),
    checks,
    absent: python === undefined ? [`pyxirr (${INSTALL_PEERS})`] : [],
    rounds: { returns: rounds },
    details: { investors: plan.investors, adversaries: plan.adversaries, flowsEach: FLOWS_EACH, threads: THREADS },
  });
};

const BOTH = "pyxirr and numpy twr";

/** pyxirr has no time-weighted return: numpy's time is added to it, in the same round. */
function withSum(round: Round): Round {
  const { pyxirr, "numpy twr": twr } = round.figures;
  return pyxirr === undefined || twr === undefined
    ? round
    : { ...round, figures: { ...round.figures, [BOTH]: pyxirr + twr } };
}

function findingsOf(rounds: Round[], investors: number): Finding[] {
  const speed = (name: string): string => `${(investors / medianOf(rounds, name) / 1e6).toFixed(2)} M/s`;
  const finding = (what: string, peer: string, ours: string, floors: Partial<Finding>): Finding => ({
    what,
    ratio: ratioOf(rounds, peer, ours),
    ...floors,
    sense: "least",
    figures: `${speed(peer)} and ${speed(ours)} investors`,
  });
  const floors = { floor: 3, aim: 6 };
  return [
    finding("XIRR and TWR: pyxirr and numpy / ours on two threads (times faster)", BOTH, "xirr and twr", floors),
    finding("XIRR: pyxirr / ours on two threads", "pyxirr", "xirr", floors),
    finding("XIRR: pyxirr in two processes / ours on two threads", "pyxirr, two processes", "xirr", {}),
    finding("XIRR: pyxirr / ours on one thread", "pyxirr", "xirr, one thread", {}),
  ];
}
