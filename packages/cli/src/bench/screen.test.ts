// `bench screen --quick`: the answers are right and the checks of answers can fail. No time is asserted.
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../command.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";
import { bestThreshold, labelledPairs, qualityAt } from "./screen/labelled.ts";
import { makeWorld } from "./screen/world.ts";
import { run } from "./screen.ts";

describe("bench screen --quick", () => {
  let answer: Answer;
  let report: Reported;
  beforeAll(async () => {
    answer = await run(quickOptions());
    report = reported(answer);
  }, 120_000);

  it("tells held-out names apart, and returns what a peer that is installed finds", () => {
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checks.length).toBeGreaterThan(0);
    expect(answer.exit).toBeUndefined();
  });
  it("either compares with rapidfuzz or names it as absent", () => {
    const compared = report.checks.some(({ what }) => what.includes("rapidfuzz"));
    expect(report.absent.some((peer) => peer.startsWith("rapidfuzz"))).toBe(!compared);
  });
  it("makes the same world of the same seed, of people and companies", () => {
    const made = makeWorld({ entries: 200, investors: 200 }, 5);
    expect(makeWorld({ entries: 200, investors: 200 }, 5)).toEqual(made);
    expect(new Set(made.entries.map(({ kind }) => kind))).toEqual(new Set(["person", "organisation"]));
  });
  it("counts right and wrong answers, and would see a matcher that says yes to all or to none", () => {
    const pairs = labelledPairs(undefined, 5);
    const all = (): boolean => true;
    const truth = pairs.map(({ same }) => Number(same));
    expect(qualityAt(pairs, truth, 0.5, all)).toMatchObject({ f1: 1, precision: 1, recall: 1 });
    expect(
      qualityAt(
        pairs,
        truth.map(() => 1),
        0.5,
        all,
      ),
    ).toMatchObject({ recall: 1 });
    expect(
      qualityAt(
        pairs,
        truth.map(() => 1),
        0.5,
        all,
      ).f1,
    ).toBeLessThan(0.7);
    expect(
      qualityAt(
        pairs,
        truth.map(() => 0),
        0.5,
        all,
      ).f1,
    ).toBe(0);
    expect(
      bestThreshold(
        pairs,
        truth.map((same) => 0.45 + same * 0.3),
        all,
      ),
    ).toBeGreaterThan(0.45);
    expect(new Set(pairs.map(({ held }) => held)).size).toBe(2);
  });
});
