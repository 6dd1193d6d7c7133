// `bench rebalance` (B7): the LP form of a rebalancing against native HiGHS on exactly the same model, cold and warm. The answers are
// compared before any time counts. Synthetic problems; no database, no network.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunBench } from "../commands/bench.ts";
import { describeMachine } from "./frame/machine.ts";
import { INSTALL_PEERS, pythonPeer } from "./frame/peers.ts";
import { answerOf, type Check, type Finding } from "./frame/report.ts";
import { alternate, median, medianOf, type Round, ratioOf, type Side } from "./frame/rounds.ts";
import { coldSolve, exactOutcome, type Prepared, prepare, solveOnce, violationOf } from "./rebalance/ours.ts";
import { startSolvers } from "./rebalance/solvers.ts";

const FULL = { sizes: [100, 1_000, 3_000], rounds: 7, repeats: 5 };
const QUICK = { sizes: [100], rounds: 1, repeats: 1 };
const SEED = 20_261_121;
/** Objectives agree within this share, constraints hold within this amount (shares of NAV). */
const SAME = 1e-6;
const FEASIBLE = 1e-9;
/** The size the floor is about. */
const JUDGED = 1_000;

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  const folder = await mkdtemp(join(tmpdir(), "evergreen-bench-lp-"));
  const python = await pythonPeer(environment, "highspy");
  const clarabel = python !== undefined && (await pythonPeer(environment, "clarabel")) !== undefined;
  const peer = python === undefined ? undefined : startSolvers(python);
  const checks: Check[] = [];
  const findings: Finding[] = [];
  const rounds: Record<string, Round[]> = {};
  const details: Record<string, unknown> = {};
  const machine = await describeMachine();
  try {
    await progress("rebalance", async ({ say }) => {
      for (const n of plan.sizes) {
        const prepared = prepare(n, SEED);
        const path = join(folder, `n-${n}.lp`);
        await writeFile(path, prepared.text);
        say(`n = ${n}: cold`);
        const cold = quick ? [] : [await coldSolve(n, SEED), await coldSolve(n, SEED), await coldSolve(n, SEED)];
        const answer = await solveOnce(prepared);
        const exact = await exactOutcome(prepared);
        checks.push(...ownChecks(n, prepared, answer, exact));
        const sides: Side[] = [
          { name: "wasm", measure: repeated(plan.repeats, async () => (await solveOnce(prepared)).seconds) },
          { name: "whole", measure: repeated(1, async () => (await exactOutcome(prepared)).seconds) },
        ];
        if (peer !== undefined) {
          for (const presolve of ["off", "on"] as const) {
            const seen = await peer.highs(path, presolve);
            checks.push(agreement(`n = ${n}, highspy (presolve ${presolve})`, answer.objective, seen.objective));
            sides.push({
              name: `highspy, presolve ${presolve}`,
              measure: repeated(plan.repeats, async () => (await peer.highs(path, presolve)).seconds),
            });
          }
          if (clarabel) {
            const seen = await peer.clarabel(path);
            checks.push(agreement(`n = ${n}, Clarabel`, answer.objective, seen.objective));
            sides.push({ name: "clarabel", measure: repeated(1, async () => (await peer.clarabel(path)).seconds) });
          }
        }
        const done = await alternate(sides, plan.rounds, (text) => say(`n = ${n}: ${text}`));
        rounds[`n=${n}`] = done;
        details[`n=${n}`] = { coldMs: cold.map((seconds) => seconds * 1_000), ...summary(answer, exact) };
        findings.push(...findingsOf(n, done, cold, peer !== undefined, clarabel));
      }
    });
  } finally {
    await peer?.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const absent = [
    ...(peer === undefined ? [`highspy, native HiGHS (${INSTALL_PEERS})`] : []),
    ...(clarabel ? [] : [`clarabel (${INSTALL_PEERS})`]),
  ];
  return answerOf({ name: "rebalance", quick, machine, findings, checks, absent, rounds, details });
};

type Answer = Awaited<ReturnType<typeof solveOnce>>;
type Exact = Awaited<ReturnType<typeof exactOutcome>>;

const repeated = (times: number, once: () => Promise<number>) => async (): Promise<number> => {
  const seconds: number[] = [];
  for (let turn = 0; turn < times; turn += 1) seconds.push(await once());
  return median(seconds);
};

const apart = (a: number, b: number): number => Math.abs(a - b) / (Math.abs(b) || 1);

function agreement(what: string, ours: number, theirs: number): Check {
  const difference = apart(ours, theirs);
  return {
    what: `${what}: same objective`,
    ok: difference <= SAME,
    seen: `${ours.toFixed(9)} and ${theirs.toFixed(9)} bp, apart by ${difference.toExponential(1)}`,
  };
}

/** What needs no peer: the constraints, the bound that is recomputed from the duals, and the exact oracle in whole cents. */
function ownChecks(n: number, prepared: Prepared, answer: Answer, exact: Exact): Check[] {
  const violation = violationOf(prepared.model, answer.values);
  const gap = apart(answer.objective, answer.bound);
  return [
    {
      what: `n = ${n}: feasible`,
      ok: violation <= FEASIBLE,
      seen: `largest violation ${violation.toExponential(1)} of NAV`,
    },
    {
      what: `n = ${n}: proven optimal`,
      ok: answer.bound <= answer.objective + SAME && gap <= SAME,
      seen: `objective ${answer.objective.toFixed(9)}, dual bound ${answer.bound.toFixed(9)} bp`,
    },
    {
      what: `n = ${n}: in whole cents, exactly`,
      ok: exact.status === "optimal" && exact.objective >= answer.bound - SAME,
      seen: `${exact.status}, ${exact.trades} trades, objective ${exact.objective.toFixed(9)} bp`,
    },
  ];
}

function summary(answer: Answer, exact: Exact): Record<string, unknown> {
  return {
    objectiveBps: answer.objective,
    dualBoundBps: answer.bound,
    exactBps: exact.objective,
    trades: exact.trades,
  };
}

function findingsOf(n: number, done: Round[], cold: number[], highs: boolean, clarabel: boolean): Finding[] {
  const ms = (name: string): string => `${(medianOf(done, name) * 1_000).toFixed(1)} ms`;
  const judged = n === JUDGED ? { floor: 3 } : {};
  const found: Finding[] = [];
  if (highs) {
    // the faster of the two ways to run native HiGHS is the peer
    const names = ["highspy, presolve off", "highspy, presolve on"];
    const peer = medianOf(done, names[0]!) <= medianOf(done, names[1]!) ? names[0]! : names[1]!;
    const first = cold.length > 0 ? `; first solve of a process ${(median(cold) * 1_000).toFixed(0)} ms` : "";
    found.push({
      what: `LP n = ${n}, warm: ours / native HiGHS`,
      ratio: ratioOf(done, "wasm", peer),
      ...judged,
      sense: "most",
      figures: `${ms("wasm")} and ${ms(peer)} (${peer})${first}`,
    });
    found.push({
      what: `n = ${n}: from JSON to whole cents / native HiGHS's LP alone`,
      ratio: ratioOf(done, "whole", peer),
      sense: "most",
      figures: `${ms("whole")} and ${ms(peer)}`,
    });
  }
  if (clarabel)
    found.push({
      what: `LP n = ${n}: Clarabel / ours (times faster)`,
      ratio: ratioOf(done, "clarabel", "wasm"),
      ...(n === JUDGED ? { aim: 4 } : {}),
      sense: "least",
      figures: `${ms("clarabel")} and ${ms("wasm")}`,
    });
  return found;
}
