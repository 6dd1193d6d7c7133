// `bench stress --quick`: the answers are right and the checks of answers can fail. No time is asserted.
import { bucketValues } from "@evergreen-fund/finance/valuation/exposure.ts";
import { redemptionCurves, redemptionWaterfall } from "@evergreen-fund/finance/valuation/waterfall.ts";
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../command.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";
import {
  duckCheck,
  ownCheck,
  peerChecks,
  plainAsks,
  plainWaterfall,
  reduce,
  sameBytes,
  waterfallCheck,
} from "./stress/answers.ts";
import { BUCKETS, FACTORS, makeBook, makeInvestors } from "./stress/book.ts";
import { slopeOf } from "./stress/growth.ts";
import { run } from "./stress.ts";

describe("bench stress --quick", () => {
  let answer: Answer;
  let report: Reported;
  beforeAll(async () => {
    answer = await run(quickOptions());
    report = reported(answer);
  }, 120_000);

  it("gives the same bytes on one thread and two, and what doubles, DuckDB and every installed peer give", () => {
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        "one thread and two give the same bytes",
        "the kernel gives what the pure doubles give",
        "DuckDB gives what the pure doubles give",
        "the waterfall pays what plain code finds by looking at every investor, to the cent",
      ]),
    );
    expect(answer.exit).toBeUndefined();
  });

  it("either compares with numpy or names it as absent", () => {
    const compared = report.checks.some(({ what }) => what.includes("numpy"));
    expect(report.absent.some((peer) => peer.startsWith("numpy"))).toBe(!compared);
  });

  it("would see a wrong value, another byte, another tail, and a cent that is missing", () => {
    const book = makeBook(50);
    const moves = Float32Array.from({ length: 8 * FACTORS }, (_, i) => ((i % 7) - 3) / 50);
    const pure = bucketValues(book, Float64Array.from(moves));
    const wrong = pure.slice();
    wrong[9]! *= 1 + 1e-5;
    expect([pure, wrong].map((out) => ownCheck(book, moves, out, 8).ok)).toEqual([true, false]);
    expect([pure, wrong].map((out) => duckCheck(book, pure, out).ok)).toEqual([true, false]);
    expect([pure, wrong].map((out) => sameBytes(pure, out).ok)).toEqual([true, false]);
    expect(ownCheck(book, moves, pure.slice().fill(Number.NaN), 8).ok).toBe(false);
    const reduced = reduce(book, pure);
    const oks = (change: object): boolean[] =>
      peerChecks(book, pure, reduced, { out: pure, ...reduced, ...change }).map(({ ok }) => ok);
    expect(oks({})).toEqual([true, true, true]);
    expect(oks({ out: wrong })).toEqual([false, true, true]);
    expect(oks({ expectedShortfall: reduced.expectedShortfall * 1.01 + 1_000 })).toEqual([true, false, true]);
    expect(oks({ periods: reduced.periods.map((period) => period + 1) })).toEqual([true, true, false]);

    const investors = makeInvestors(300);
    const losses = Float64Array.of(-0.1, 0, 0.013, 0.5, 1);
    const cash = new Float64Array(losses.length * BUCKETS).fill(5e9);
    const paid = redemptionWaterfall(redemptionCurves(investors), BUCKETS, losses, cash);
    const plain = plainWaterfall(plainAsks(investors, losses), cash, BUCKETS);
    expect(waterfallCheck("plain code", paid, plain).ok).toBe(true);
    paid[20]! += 1;
    expect(waterfallCheck("plain code", paid, plain).ok).toBe(false);
    expect(waterfallCheck("plain code", paid, new Float64Array(0)).ok).toBe(false);
  });

  it("measures a slope", () => {
    const sizes = [10, 100, 1_000].map((scenarios) => ({ scenarios, seconds: scenarios ** 1.5, megabytes: 1 }));
    expect(slopeOf(sizes)).toBeCloseTo(1.5, 12);
  });
});
