// `bench rules`: 100 synthetic rules that use every operator over 10,000 synthetic events, each judgement with the explanation of every rule.
// The answers are compared with a plain reading of the same rules before any time counts. No database, no network.
import { performance } from "node:perf_hooks";
import { compilePack, type Judgement, readPack } from "@evergreen-fund/compliance-rules";
import { holdsPlainly } from "@evergreen-fund/compliance-rules/oracle.ts";
import type { RunBench } from "../commands/bench.ts";
import { describeMachine } from "./frame/machine.ts";
import { answerOf, type Check } from "./frame/report.ts";
import { alternate, median, type Round } from "./frame/rounds.ts";
import { type SyntheticEvent, syntheticEvents, syntheticPack } from "./rules/synthetic-rules.ts";

const FULL = { rules: 100, events: 10_000, compared: 1_000, rounds: 7 };
const QUICK = { rules: 100, events: 200, compared: 200, rounds: 1 };
const SEED = 20_261_122;
/** Seconds on one core. */
const FLOOR = 2;

export const run: RunBench = async ({ quick, progress }) => {
  const plan = quick ? QUICK : FULL;
  const machine = await describeMachine();
  const { pack, problems } = readPack(syntheticPack(plan.rules));
  if (pack === undefined) throw new Error(`The synthetic pack is none: ${problems[0]?.words}`);
  const events = syntheticEvents(plan.events, SEED);
  const compiled = compilePack(pack);
  const judgeAll = (): Judgement[] => events.map(({ facts, asOf }) => compiled.judge("order", facts, { asOf }));
  const judgements = judgeAll();
  const checks = [
    sameAsPlain(judgements, events, pack, plan.compared),
    everyOutcome(judgements),
    explained(judgements),
  ];
  let rounds: Round[] = [];
  await progress("rules", async ({ say }) => {
    rounds = await alternate(
      [
        { name: "judged and explained, seconds", measure: async () => seconds(judgeAll) },
        { name: "processor, seconds", measure: async () => processorSeconds(judgeAll) },
      ],
      plan.rounds,
      say,
    );
  });
  const times = rounds.map(({ figures }) => figures["processor, seconds"] ?? Number.NaN);
  const wall = rounds.map(({ figures }) => figures["judged and explained, seconds"] ?? Number.NaN);
  return answerOf({
    name: "rules",
    quick,
    machine,
    findings: [
      {
        what: `${plan.rules} rules × ${plan.events} events, seconds of processor time`,
        ratio: { median: median(times), low: Math.min(...times), high: Math.max(...times) },
        ...(quick ? {} : { floor: FLOOR }),
        sense: "most",
        figures: `${median(wall).toFixed(2)} s by the clock; ${Math.round((plan.rules * plan.events) / median(times) / 1_000)} k rules/s`,
      },
    ],
    checks,
    absent: [],
    rounds: { rules: rounds },
    details: plan,
  });
};

function seconds(work: () => unknown): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1_000;
}

/** Time of this process on the processors: what other programs take meanwhile is not in it. */
function processorSeconds(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

type Pack = NonNullable<ReturnType<typeof readPack>["pack"]>;

/** Every rule of the first events, as it is written, in exact decimals. */
export function sameAsPlain(
  judgements: readonly Judgement[],
  events: readonly SyntheticEvent[],
  pack: Pack,
  count: number,
): Check {
  let different = 0;
  for (const [i, { facts, asOf }] of events.slice(0, count).entries())
    for (const { id, where, condition, firesOn } of pack.rules) {
      const about = where === undefined ? true : holdsPlainly(where, facts, asOf);
      const is = holdsPlainly(condition, facts, asOf);
      const state =
        about === false
          ? "not_applicable"
          : about === null || is === null
            ? "lacks"
            : is === firesOn
              ? "fired"
              : "held";
      if (judgements[i]?.rules.find(({ rule }) => rule === id)?.state !== state) different++;
    }
  return {
    what: "every rule comes out as a plain reading of it does",
    ok: different === 0 && count > 0,
    seen: `${different} of ${count * pack.rules.length} differ`,
  };
}

export function everyOutcome(judgements: readonly Judgement[]): Check {
  const states = new Set(judgements.flatMap(({ rules }) => rules.map(({ state }) => state)));
  const wanted = ["held", "fired", "lacks", "not_applicable"] as const;
  return {
    what: "rules hold, fire, lack facts and do not apply",
    ok: wanted.every((state) => states.has(state)),
    seen: [...states].join(", "),
  };
}

export function explained(judgements: readonly Judgement[]): Check {
  const without = judgements.flatMap(({ rules }) => rules.filter(({ tree }) => tree === undefined)).length;
  return {
    what: "every rule of every event has its explanation",
    ok: without === 0 && judgements.length > 0,
    seen: `${without} without`,
  };
}
