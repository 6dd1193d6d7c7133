// `bench returns --quick`: the answers are right and the checks of answers can fail. No time is asserted.
import { xirrBatch } from "@evergreen-fund/finance/returns/batch.ts";
import { sharedRates } from "@evergreen-fund/finance/returns/threads.ts";
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../command.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";
import { ownChecks, plainReturns, sameRates, sameReturns } from "./returns/answers.ts";
import { MADE, makeInvestors } from "./returns/investors.ts";
import { run } from "./returns.ts";

describe("bench returns --quick", () => {
  let answer: Answer;
  let report: Reported;
  beforeAll(async () => {
    answer = await run(quickOptions());
    report = reported(answer);
  }, 60_000);

  it("flags what was planted, solves every equation, and agrees with every peer that is installed", () => {
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        "several rates and no rate are flagged, and nothing else is",
        "every reported rate solves its equation",
        "time-weighted returns are the sum of log returns",
      ]),
    );
    expect(answer.exit).toBeUndefined();
  });

  it("either compares with pyxirr or names it as absent", () => {
    const compared = report.checks.some(({ what }) => what.includes("pyxirr"));
    expect(report.absent.some((peer) => peer.startsWith("pyxirr"))).toBe(!compared);
  });

  it("makes the same investors of the same seed, of every kind", () => {
    const made = makeInvestors(3_000, 5);
    expect(makeInvestors(3_000, 5)).toEqual(made);
    expect(new Set(made.made).size).toBe(MADE.length);
  });

  it("would see a wrong rate, a missing flag, and a wrong return", () => {
    const investors = makeInvestors(200, 5);
    const rates = sharedRates(200);
    xirrBatch(investors.flows, rates, 0, 200);
    const failing = (): string[] => ownChecks(investors, rates).flatMap(({ ok, what }) => (ok ? [] : [what]));
    const peer = Float64Array.from(rates.rates, (rate, i) =>
      rates.windows[i]! < 365 ? (1 + rate) ** (365 / rates.windows[i]!) - 1 : rate,
    );
    expect(failing()).toEqual([]);
    expect(sameRates(investors, rates, peer)[0]).toMatchObject({ ok: true });
    rates.rates[0]! += 1e-6;
    expect(failing()).toEqual(["every reported rate solves its equation"]);
    expect(sameRates(investors, rates, peer)[0]).toMatchObject({ ok: false });
    rates.rates[0]! -= 1e-6;
    rates.verdicts[MADE.indexOf("several")] = 0;
    expect(failing()).toEqual(["several rates and no rate are flagged, and nothing else is"]);
    const zeros = new Float64Array(200);
    expect(plainReturns(investors, zeros).ok).toBe(false);
    expect(sameReturns(zeros, zeros).ok).toBe(true);
    expect(
      sameReturns(
        zeros,
        Float64Array.from(zeros, () => 1e-6),
      ).ok,
    ).toBe(false);
    expect(
      sameReturns(
        zeros,
        Float64Array.from(zeros, () => Number.NaN),
      ).ok,
    ).toBe(false);
  });
});
