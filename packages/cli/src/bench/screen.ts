// `bench screen` (B8): how well names are told apart and how fast. Quality on labelled pairs that were held out, beside Jaro-Winkler and
// nomenklatura's logic-v2; speed of screening 100,000 synthetic investors, a fifth a round, against 30,000 synthetic entries, beside rapidfuzz over
// every pair, both on every processor. A hit of rapidfuzz is a pair whose token_sort_ratio is at least 95; ours must return it. No database, no network.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import {
  openIndex,
  openPartyIndex,
  openScreeners,
  type Screeners,
  type ScreeningIndex,
  screenPair,
} from "@evergreen-fund/screening";
import type { RunBench } from "../commands/bench.ts";
import { type Child, startScript } from "./frame/child.ts";
import { describeMachine } from "./frame/machine.ts";
import { INSTALL_PEERS, pythonPeer } from "./frame/peers.ts";
import { answerOf, type Check, type Finding } from "./frame/report.ts";
import { alternate, medianOf, type Ratio, type Round, ratioOf, type Side } from "./frame/rounds.ts";
import {
  bestThreshold,
  type LabelledPair,
  labelledPairs,
  ofacEntries,
  type Quality,
  qualityAt,
} from "./screen/labelled.ts";
import { makeWorld, type World } from "./screen/world.ts";

const FULL = { entries: 30_000, investors: 100_000, sample: 4_000, broad: 40, rounds: 5, change: 300 };
const QUICK = { entries: 600, investors: 1_000, sample: 200, broad: 20, rounds: 1, change: 20 };
const SEED = 20_261_122;
const CUT_OFF = 95;
const ALERT = 0.7;
const RECALL = 0.999;
const VERSION = { list: "synthetic", format: "own-csv" as const, date: null, sha256: "", entries: 0 };

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  // the rounds together screen every investor once, each round others
  const part = Math.floor(plan.investors / plan.rounds);
  const machine = await describeMachine();
  const folder = await mkdtemp(join(tmpdir(), "evergreen-bench-screen-"));
  const python = await pythonPeer(environment, "rapidfuzz");
  const world = makeWorld(plan, SEED);
  const ofac = ofacEntries(environment);
  const pairs = labelledPairs(ofac, SEED);
  const checks: Check[] = [];
  const findings: Finding[] = [];
  const details: Record<string, unknown> = {
    ...plan,
    pairs: pairs.length,
    listed: ofac === undefined ? "synthetic names" : "OFAC's consolidated list",
  };
  const absent = [
    ...(python === undefined ? [`rapidfuzz (${INSTALL_PEERS})`] : []),
    ...(ofac === undefined
      ? ["OFAC's consolidated list (../shared/data/ofac beside the checkout): pairs are made of synthetic names"]
      : []),
  ];
  let rounds: Round[] = [];
  let growth: Round[] = [];
  let peer: Child | undefined;
  const opened: Screeners[] = [];
  try {
    await progress("screen", async ({ say }) => {
      say("labelled pairs");
      const ours = pairs.map(scoreOf);
      const file = join(folder, "world.json");
      await writeFile(file, worldFile(world, pairs));
      if (python !== undefined) {
        peer = startScript(new URL("screen/peer-screen.py", import.meta.url), [file], { interpreter: python });
        await peer.next(120_000);
      }
      const theirs = peer === undefined ? undefined : await ask<PairScores>(peer, { do: "pairs" });
      if (theirs !== undefined && theirs.logicV2 === null) absent.push(`nomenklatura (${INSTALL_PEERS})`);
      const quality = qualities(pairs, ours, theirs);
      details.quality = quality;
      findings.push(...qualityFindings(quality));
      checks.push(beats(quality));
      say("index");
      const index = openIndex(world.entries, VERSION);
      const small = openIndex(world.entries.slice(0, plan.entries / 4), VERSION);
      const screeners = await openScreeners(index);
      opened.push(screeners);
      if (peer !== undefined) checks.push(await recallOf(peer, world, index, plan.sample));
      const speeds = peer;
      const sides: Side[] = [
        {
          name: "ours",
          measure: (round) => screened(screeners, world, round * part, part),
        },
        ...(speeds === undefined
          ? []
          : [
              {
                name: "rapidfuzz token_sort_ratio",
                measure: (round: number) => scan(speeds, "token_sort_ratio", round * part, part),
              },
              {
                name: "rapidfuzz WRatio",
                measure: (round: number) =>
                  scan(speeds, "WRatio", round * part, plan.broad).then((seconds) => (seconds * part) / plan.broad),
              },
            ]),
      ];
      rounds = await alternate(sides, plan.rounds, (text) => say(text));
      // threads that have met none of these investors, on both sides
      const [wholeScreeners, smallScreeners] = [await openScreeners(index), await openScreeners(small)];
      opened.push(wholeScreeners, smallScreeners);
      growth = await alternate(
        [
          {
            name: "a quarter of the list",
            measure: (round) => screened(smallScreeners, world, round * plan.sample, plan.sample),
          },
          {
            name: "the list",
            measure: (round) => screened(wholeScreeners, world, round * plan.sample, plan.sample),
          },
        ],
        plan.rounds,
        (text) => say(text),
      );
      say("list delta");
      details.delta = await deltaOf(world, plan.change, screeners, plan.sample);
      details.threads = screeners.size;
    });
  } finally {
    await peer?.kill();
    await Promise.all(opened.map((one) => one.close()));
    await rm(folder, { recursive: true, force: true });
  }
  const perSecond = (name: string): string =>
    `${Math.round(part / medianOf(rounds, name)).toLocaleString("en-US")} screens/s`;
  if (python !== undefined)
    findings.push(
      ...(["token_sort_ratio", "WRatio"] as const).map(
        (scorer): Finding => ({
          what: `screening: rapidfuzz ${scorer} over every pair / ours (times faster, every processor each)`,
          ratio: ratioOf(rounds, `rapidfuzz ${scorer}`, "ours"),
          floor: 5,
          aim: 20,
          sense: "least",
          figures: `${perSecond(`rapidfuzz ${scorer}`)} and ${perSecond("ours")}`,
        }),
      ),
    );
  findings.push({
    what: "time of a screen when the list is four times as long",
    ratio: ratioOf(growth, "the list", "a quarter of the list"),
    floor: 4,
    aim: 2,
    sense: "most",
    figures: `${plan.entries / 4} and ${plan.entries} entries`,
  });
  return answerOf({
    name: "screen",
    quick,
    machine,
    findings,
    checks,
    absent,
    rounds: { screening: rounds, growth },
    details,
  });
};

interface PairScores {
  jaroWinkler: number[];
  logicV2: number[] | null;
}

async function ask<Result>(peer: Child, order: unknown): Promise<Result> {
  peer.send(order);
  return peer.next<Result>(1_200_000);
}

/** The score of the names alone: no birth date and no country is known of either. */
function scoreOf({ left, right, kind }: LabelledPair): number {
  return (
    screenPair({ names: [left], kind }, { names: [right], kind }).features.find(({ feature }) => feature === "name")
      ?.score ?? 0
  );
}

const worldFile = ({ entries, investors }: World, pairs: readonly LabelledPair[]): string =>
  JSON.stringify({
    names: entries.flatMap(({ names }) => names.map(({ name }) => name)),
    investors: investors.map(({ names }) => names[0]),
    pairs: pairs.map(({ left, right, kind }) => [left, right, kind]),
  });

/** Investors from `start` on, in a circle: every round has others, so that no round meets words it has just met. */
async function screened(screeners: Screeners, { investors }: World, start: number, count: number): Promise<number> {
  const parties = Array.from({ length: count }, (_, at) => investors[(start + at) % investors.length]!);
  const begin = performance.now();
  await screeners.screen(parties);
  return (performance.now() - begin) / 1_000;
}

const scan = async (peer: Child, scorer: string, start: number, count: number): Promise<number> =>
  (await ask<{ seconds: number }>(peer, { do: scorer, start, end: start + count, cutoff: CUT_OFF })).seconds;

/** Every pair rapidfuzz finds in a part of the investors must be among ours. */
async function recallOf(
  peer: Child,
  { entries, investors }: World,
  index: ScreeningIndex,
  count: number,
): Promise<Check> {
  const owner = entries.flatMap(({ names, entityId }) => names.map(() => entityId));
  const { hits } = await ask<{ hits: [number, number][] }>(peer, {
    do: "token_sort_ratio",
    start: 0,
    end: count,
    cutoff: CUT_OFF,
  });
  const theirs = new Set(hits.map(([investor, name]) => `${investor} ${owner[name]}`));
  let found = 0;
  for (let at = 0; at < count; at += 1)
    for (const { entityId } of index.screen(investors[at]!, { limit: 10_000 }))
      if (theirs.has(`${at} ${entityId}`)) found += 1;
  return {
    what: `of rapidfuzz's hits (token_sort_ratio ≥ ${CUT_OFF}) ours returns at least ${RECALL}`,
    ok: theirs.size === 0 || found / theirs.size >= RECALL,
    seen: `${found} of ${theirs.size}`,
  };
}

interface Qualities {
  /** All held-out pairs, and those a comparison of names can find. */
  all: Record<string, Quality>;
  findable: Record<string, Quality>;
  /** Share found of each class of held-out pairs. */
  found: Record<string, { pairs: number; ours: number }>;
}

function qualities(pairs: readonly LabelledPair[], ours: number[], theirs: PairScores | undefined): Qualities {
  const held = (pair: LabelledPair): boolean => pair.held;
  const findable = (pair: LabelledPair): boolean => pair.held && pair.how !== "unrelated";
  const sides: [string, number[], number][] = [["ours", ours, ALERT]];
  if (theirs !== undefined) {
    sides.push(["Jaro-Winkler", theirs.jaroWinkler, bestThreshold(pairs, theirs.jaroWinkler, (pair) => !pair.held)]);
    if (theirs.logicV2 !== null)
      sides.push(["logic-v2", theirs.logicV2, bestThreshold(pairs, theirs.logicV2, (pair) => !pair.held)]);
  }
  const table = (wanted: typeof held): Record<string, Quality> =>
    Object.fromEntries(sides.map(([name, scores, threshold]) => [name, qualityAt(pairs, scores, threshold, wanted)]));
  const found: Qualities["found"] = {};
  pairs.forEach(({ how, held: wanted }, at) => {
    if (!wanted) return;
    const here = found[how] ?? { pairs: 0, ours: 0 };
    found[how] = here;
    here.pairs += 1;
    if (ours[at]! >= ALERT) here.ours += 1;
  });
  return { all: table(held), findable: table(findable), found };
}

function qualityFindings({ all, findable }: Qualities): Finding[] {
  const exact = (value: number): Ratio => ({ median: value, low: value, high: value });
  const peers = Object.keys(all).filter((name) => name !== "ours");
  return peers.flatMap((peer) =>
    (
      [
        ["all held-out pairs", all],
        ["those a name can tell", findable],
      ] as const
    ).map(([which, table]): Finding => {
      const [ours, theirs] = [table.ours!, table[peer]!];
      return {
        what: `F1 of ours / ${peer}, ${which}`,
        ratio: exact(ours.f1 / theirs.f1),
        floor: 1,
        sense: "least",
        figures: `${ours.f1.toFixed(3)} (precision ${ours.precision.toFixed(2)}, recall ${ours.recall.toFixed(2)}) and ${theirs.f1.toFixed(3)} at its best threshold ${theirs.threshold}`,
      };
    }),
  );
}

function beats({ findable }: Qualities): Check {
  const { f1 = 0 } = findable.ours ?? {};
  return { what: "F1 on held-out pairs that a name can tell is at least 0.85", ok: f1 >= 0.85, seen: f1.toFixed(3) };
}

/** A changed part of the list against all investors of a sample, beside all of the list. */
async function deltaOf(
  world: World,
  change: number,
  screeners: Screeners,
  count: number,
): Promise<Record<string, number>> {
  const parties = openPartyIndex(world.investors.slice(0, count).map((party, at) => ({ id: String(at), party })));
  const begin = performance.now();
  const few = parties.affected(world.entries.slice(0, change)).length;
  const middle = performance.now();
  parties.affected(world.entries.slice(0, change * 4));
  const end = performance.now();
  const whole = await screened(screeners, world, 0, count);
  return {
    changed: change,
    affected: few,
    seconds: (middle - begin) / 1_000,
    secondsOfFourTimes: (end - middle) / 1_000,
    secondsOfAll: whole,
  };
}
