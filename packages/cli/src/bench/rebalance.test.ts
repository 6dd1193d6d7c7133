// `bench rebalance --quick`: the answers are right and the check of answers can fail. No time is asserted.
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../command.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";
import { prepare, solveOnce, violationOf } from "./rebalance/ours.ts";
import { run } from "./rebalance.ts";

describe("bench rebalance --quick", () => {
  let answer: Answer;
  let report: Reported;
  beforeAll(async () => {
    answer = await run(quickOptions());
    report = reported(answer);
  }, 60_000);

  it("finds the same optimum as its oracle and as every peer that is installed", () => {
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["n = 100: feasible", "n = 100: proven optimal", "n = 100: in whole cents, exactly"]),
    );
    expect(answer.exit).toBeUndefined();
  });

  it("either compares with native HiGHS or names it as absent", () => {
    const compared = report.checks.some(({ what }) => what.includes("highspy"));
    expect(report.absent.some((peer) => peer.startsWith("highspy"))).toBe(!compared);
  });

  it("would see an infeasible answer", async () => {
    const prepared = prepare(20, 7);
    const { values } = await solveOnce(prepared);
    expect(violationOf(prepared.model, values)).toBeLessThanOrEqual(1e-9);
    const moved = Float64Array.from(values);
    moved[0] = (moved[0] ?? 0) + 0.01;
    expect(violationOf(prepared.model, moved)).toBeGreaterThan(1e-9);
  });
});
