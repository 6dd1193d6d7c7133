// `bench returns --quick`: the answers are right and the checks of answers can fail. No time is asserted.
import { type RateColumns, xirrBatch } from "@evergreen-fund/finance/returns/batch.ts";
import { sharedRates } from "@evergreen-fund/finance/returns/threads.ts";
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../command.ts";
import { quickOptions, type Reported, reported } from "./frame/test-options.ts";
import { adversarialCheck, adversaries } from "./returns/adversarial.ts";
import { ownChecks, plainReturns, sameRates, sameReturns } from "./returns/answers.ts";
import { MADE, makeInvestors } from "./returns/investors.ts";
import { run } from "./returns.ts";

function copy(from: RateColumns, to: RateColumns): void {
  to.rates.set(from.rates);
  to.verdicts.set(from.verdicts);
  to.roots.set(from.roots);
  to.windows.set(from.windows);
}

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
        "no rate is wrong on the adversarial set",
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

  it("makes adversaries without a rate, with one, with several and with one that only touches, and would see one misled", () => {
    const made = adversaries(40, 7);
    expect(adversaries(40, 7)).toEqual(made);
    expect(new Set(made.map(({ rates }) => Math.min(rates.length, 2)))).toEqual(new Set([0, 1, 2]));
    const kept = sharedRates(made.length);
    const solved = adversarialCheck(made, (flows, rates, from, to) => {
      xirrBatch(flows, rates, from, to);
      copy(rates, kept);
    });
    expect(solved).toMatchObject({ ok: true });
    // the rates chosen beforehand do solve the flows, summed here
    for (const { flows, rates } of made)
      for (const rate of rates) {
        const first = Math.min(...flows.map(({ day }) => day));
        const values = flows.map(({ day, amount }) => amount * (1 + rate) ** (-(day - first) / 365));
        const moved = values.reduce((sum, value) => sum + Math.abs(value), 0);
        expect(Math.abs(values.reduce((sum, value) => sum + value, 0)) / moved).toBeLessThan(1e-9);
      }
    for (const mislead of [
      (rates: RateColumns) => rates.rates.fill(0.1),
      (rates: RateColumns) => rates.roots.fill(1),
      (rates: RateColumns) => rates.verdicts.fill(0),
    ]) {
      const misled = adversarialCheck(made, (_flows, rates) => {
        copy(kept, rates);
        mislead(rates);
      });
      expect(misled.ok).toBe(false);
    }
    expect(adversarialCheck([]).ok).toBe(false);
  }, 60_000);

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
