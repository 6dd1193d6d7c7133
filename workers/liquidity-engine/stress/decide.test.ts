// What a stress run changes and what is told of it, by rows: who speaks, in which bucket, in which order.

import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { TrendTerms } from "@evergreen-fund/domain/policies/index.ts";
import { describe, expect, it } from "vitest";
import { stressLiquidity } from "./decide.ts";
import type { ScenarioCover, StressFacts } from "./facts.ts";

type Breach = { bucket: Bucket; ratio: string | null; required: string };
/** A scenario whose cover is the same in every bucket: `held` against 100. */
const scenario = (
  scenarioId: string,
  held: string,
  breaches: Breach[] = [],
  tests: ScenarioCover["tests"] = [],
): ScenarioCover => {
  const cover = BUCKETS.map((bucket) => ({
    bucket,
    assets: held,
    liabilities: "100",
    ratio: String(Number(held) / 100),
  }));
  return {
    scenarioId,
    scenarioHash: `hash of ${scenarioId}`,
    tests,
    cover: { rcrBefore: cover, rcr: cover, breaches },
  };
};
const facts = (scenarios: ScenarioCover[], change: Partial<StressFacts> = {}): StressFacts => ({
  stressRunId: "run",
  kind: "nightly",
  asOf: "2026-03-05",
  scenarios,
  history: [],
  mandate: [],
  trend: TrendTerms.parse({}),
  coverScenario: null,
  ...change,
});
const at = (bucket: Bucket, ratio: string | null, required = "1"): Breach => ({ bucket, ratio, required });

describe("breaches", () => {
  it("count a scenario once, where the least of what is required is there", () => {
    const both = scenario("both", "50", [at("7d", "0.9"), at("30d", "0.8"), at("90d", "1.1", "1.5")]);
    expect(stressLiquidity(facts([both])).breaches).toEqual([
      {
        bucket: "90d",
        scenario_id: "both",
        ratio: "1.1",
        required: "1.5",
        scenarios: [{ scenario_id: "both", ratio: "1.1", required: "1.5" }],
      },
    ]);
  });
  it("are one event per bucket, the worst bucket first and in it the worst scenario, by name where two are as bad", () => {
    const rows = [
      scenario("c", "50", [at("30d", "0.7")]),
      scenario("b", "50", [at("30d", "0.7")]),
      scenario("far", "50", [at("365d", "0.2")]),
      scenario("a", "50", [at("30d", "0.9")]),
    ];
    const { breaches } = stressLiquidity(facts(rows));
    expect(breaches.map(({ bucket, scenarios }) => [bucket, ...scenarios.map((row) => row.scenario_id)])).toEqual([
      ["365d", "far"],
      ["30d", "b", "c", "a"],
    ]);
  });
  it("with a ratio that is not known come first", () => {
    const { breaches } = stressLiquidity(
      facts([scenario("a", "50", [at("30d", "0.1")]), scenario("b", "50", [at("30d", null)])]),
    );
    expect(breaches[0]).toMatchObject({ scenario_id: "b", ratio: null });
  });
  it("name the hundred worst and count the others", () => {
    const many = Array.from({ length: 103 }, (_, n) =>
      scenario(`s${String(n).padStart(3, "0")}`, "50", [at("30d", (n / 200).toFixed(3))]),
    );
    const [event] = stressLiquidity(facts(many)).breaches;
    expect([event?.scenarios.length, event?.more, event?.scenario_id]).toEqual([100, 3, "s000"]);
  });
});

describe("trends", () => {
  const test = [{ test: "rcr" as const, atLeast: "1.2", buckets: ["30d" as const, "90d" as const] }];
  const nights = (scenarioId: string, bucket: Bucket, ...ratios: string[]) =>
    ratios.map((ratio, n) => ({ scenarioId, bucket, date: `2026-03-0${n + 1}`, ratio }));
  const history = [
    ...nights("gfc", "30d", "1.5", "1.45", "1.4", "1.35"),
    ...nights("gfc", "90d", "1.7", "1.6", "1.5", "1.4"),
  ];
  const falling = scenario("gfc", "130", [], test);

  it("count a scenario once, in the bucket that gets there first", () => {
    // 30d: 1.5 − 0.05·x below 1.2 on 8 March; 90d: 1.7 − 0.1·x on 7 March
    expect(stressLiquidity(facts([falling], { history })).trends).toEqual([
      {
        bucket: "90d",
        scenario_id: "gfc",
        ratio: "1.3",
        required: "1.2",
        breach_on: "2026-03-07",
        runs: 5,
        scenarios: [{ scenario_id: "gfc", ratio: "1.3", required: "1.2", breach_on: "2026-03-07" }],
      },
    ]);
  });
  it.each<[string, Partial<StressFacts>, ScenarioCover]>([
    [
      "of a scenario that breaches in another bucket",
      {},
      { ...falling, cover: { ...falling.cover, breaches: [at("1d", "0.5")] } },
    ],
    ["of a run that was asked for", { kind: "on_demand" }, falling],
    ["of the laboratory", { kind: "laboratory" }, falling],
    ["without a requirement", {}, { ...falling, tests: [] }],
    ["beyond the horizon of the programme", { trend: TrendTerms.parse({ withinDays: 1 }) }, falling],
  ])("are not told %s", (_words, change, one) => {
    expect(stressLiquidity(facts([one], { history, ...change })).trends).toEqual([]);
  });
});

describe("ladders", () => {
  it("move for every finished scenario, by name the later, never the fund's own, never one without all buckets", () => {
    const part = scenario("part", "50");
    const rows = [
      scenario("twice", "50"),
      scenario("base", "60"),
      { ...part, cover: { ...part.cover, rcr: part.cover.rcr.slice(1) } },
      { ...scenario("twice", "70"), scenarioHash: "later" },
    ];
    expect(stressLiquidity(facts(rows)).ladder.map(({ scenario_hash }) => scenario_hash)).toEqual(["later"]);
  });
  it("of the fund itself follow the scenario that is named, else the worst on the asset side", () => {
    const rows = [scenario("mild", "200"), scenario("gfc", "90")];
    expect(stressLiquidity(facts(rows)).base).toEqual({ scenario_hash: "hash of gfc", sides: ["asset"] });
    expect(stressLiquidity(facts(rows, { coverScenario: "mild" })).base).toEqual({
      scenario_hash: "hash of mild",
      sides: ["asset", "liability"],
    });
    expect(stressLiquidity(facts(rows, { coverScenario: "gone" })).base).toEqual({
      scenario_hash: "hash of gfc",
      sides: ["asset"],
    });
    expect(stressLiquidity(facts([])).base).toBeNull();
    expect(stressLiquidity(facts(rows, { kind: "laboratory" })).base).toBeNull();
  });
});
