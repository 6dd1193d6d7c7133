// A trend of cover, the rungs that a stress run leaves and the cover that is required: vectors by hand, and properties against a second form.
import { BUCKETS } from "@evergreen-fund/domain";
import { TrendTerms } from "@evergreen-fund/domain/policies/index.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addDays } from "../dealing/calendar.ts";
import { coverTrend } from "./cover-trend.ts";
import { requiredCover } from "./required-cover.ts";
import { rungChanges, stressRungs } from "./stress-rungs.ts";

const EG400 = expect.objectContaining({ code: "EG400" });
/** Figures of consecutive nights from 1 March 2026 on. */
const nights = (...ratios: (string | null)[]) => ratios.map((ratio, n) => ({ date: addDays("2026-03-01", n), ratio }));
const trend = (runs: ReturnType<typeof nights>, change: Record<string, unknown> = {}) =>
  coverTrend({ runs, required: "1.2", ...change });

describe("cover-trend vectors", () => {
  it("a straight fall: 1.50 less 0.05 a night is 1.20 on the sixth night after the first, and less on the seventh", () => {
    // slopes all −0.05; line 1.5 − 0.05·x; 1.5 − 0.05·6 = 1.2 is not below, x = 7 is: 1 March + 7 days
    expect(trend(nights("1.5", "1.45", "1.4", "1.35", "1.3"))).toEqual({
      verdict: "falling",
      ratio: "1.3",
      date: "2026-03-05",
      breachOn: "2026-03-08",
      slope: "-0.05",
      steadiness: "1",
      runs: 5,
    });
  });
  it("one bad night changes neither the line nor the day", () => {
    // seven nights falling by 0.05 with the fourth at 0: 15 of 21 pairs keep −0.05, their median; pairs that rise: 3 from the bad night
    const answer = trend(nights("1.6", "1.55", "1.5", "0", "1.4", "1.35", "1.3"), { terms: { steadiness: "0.5" } });
    // falls 21 − 3 = 18, so (18 − 3)/21 = 5/7; 1.6 − 0.05·8 = 1.2, below it at x = 9
    expect(answer).toMatchObject({ verdict: "falling", slope: "-0.05", breachOn: "2026-03-10" });
    expect(answer.steadiness).toBe("0.714285714285714286");
  });
  it("the median of an even number of pairs is the mean of the middle two", () => {
    // four nights 2, 1.9, 1.9, 1.6 with five asked for: pairs −0.1 −0.05 −0.4/3 0 −0.15 −0.3; sorted −0.3 −0.15 −0.1333 −0.1 −0.05 0: mean of −0.1333… and −0.1
    expect(trend(nights("2", "1.9", "1.9", "1.6"))).toMatchObject({
      verdict: "too_few",
      slope: "-0.116666666666666667",
    });
  });
  it.each<[string, (string | null)[], Record<string, unknown>, string]>([
    ["does not fall", ["1.3", "1.3", "1.3", "1.3", "1.3"], {}, "steady"],
    ["rises", ["1.3", "1.31", "1.32", "1.33", "1.34"], {}, "steady"],
    ["falls, but not steadily: (7 − 3)/10", ["1.5", "1.3", "1.45", "1.25", "1.4"], {}, "steady"],
    ["four nights say nothing where five are asked for", ["1.5", "1.45", "1.4", "1.35"], {}, "too_few"],
    ["a night without a figure does not count", ["1.5", null, "1.45", "1.4", "1.35"], {}, "too_few"],
    ["no run", [], {}, "too_few"],
    ["is below already: a breach and no trend", ["1.5", "1.4", "1.3", "1.25", "1.19"], {}, "below"],
    ["just enough and falling", ["1.24", "1.23", "1.22", "1.21", "1.2"], {}, "falling"],
    ["nothing is due any more", ["1.5", "1.4", "1.3", "1.25", null], {}, "nothing_due"],
    ["gets there, but after the horizon", ["1.5", "1.45", "1.4", "1.35", "1.3"], { terms: { withinDays: 2 } }, "later"],
    [
      "gets there on the last day of the horizon",
      ["1.5", "1.45", "1.4", "1.35", "1.3"],
      { terms: { withinDays: 3 } },
      "falling",
    ],
    [
      "falls so slowly that no date is named",
      ["1.5", "1.4999999", "1.4999998", "1.4999997", "1.4999996"],
      {},
      "steady",
    ],
  ])("%s", (_words, ratios, change, verdict) => {
    expect(trend(nights(...ratios), change).verdict).toBe(verdict);
  });
  it("the line is below already where the last night is not: tomorrow", () => {
    // slopes of nine in a row at −0.1 and a last one up: line ends below 1.2, the figure is 1.25
    const runs = nights("2", "1.9", "1.8", "1.7", "1.6", "1.5", "1.4", "1.3", "1.2", "1.25");
    expect(trend(runs)).toMatchObject({ verdict: "falling", ratio: "1.25", breachOn: "2026-03-11" });
  });
  it("looks at the newest runs only: what rose before they began is not seen", () => {
    const runs = nights("0.1", "0.5", "0.9", "1.5", "1.45", "1.4", "1.35", "1.3");
    expect(trend(runs, { terms: { runs: 5 } })).toMatchObject({ verdict: "falling", slope: "-0.05", runs: 5 });
    expect(trend(runs)).toMatchObject({ verdict: "steady", runs: 8 });
  });
  it("refuses a date twice, words for figures and shares above one", () => {
    const twice = [...nights("1.5"), ...nights("1.4")];
    for (const wrong of [{ runs: twice }, { runs: nights("high") }, { required: "-1" }, { terms: { steadiness: "2" } }])
      expect(() => coverTrend({ runs: nights("1.5"), required: "1.2", ...wrong })).toThrow(EG400);
  });
});

describe("cover-trend for any runs", () => {
  const series = fc.uniqueArray(
    fc.record({ day: fc.integer({ min: 0, max: 400 }), ratio: fc.integer({ min: 0, max: 40_000 }) }),
    { selector: ({ day }) => day, maxLength: 12 },
  );
  const asRuns = (points: { day: number; ratio: number }[], shift = 0) =>
    points.map(({ day, ratio }) => ({ date: addDays("2026-01-01", day + shift), ratio: (ratio / 10_000).toFixed(4) }));
  const terms = TrendTerms.parse({ atLeast: 3, withinDays: 3_650 });

  it("agrees with a second form in doubles, in any order of the runs", () => {
    fc.assert(
      fc.property(series, (points) => {
        const answer = coverTrend({ runs: asRuns(points), required: "1.2", terms });
        expect(coverTrend({ runs: asRuns(points).reverse(), required: "1.2", terms })).toEqual(answer);
        if (points.length < 2) return;
        const slopes: number[] = [];
        let sign = 0;
        const sorted = [...points].sort((a, b) => a.day - b.day);
        for (const [i, a] of sorted.entries())
          for (const b of sorted.slice(i + 1)) {
            slopes.push((b.ratio - a.ratio) / 10_000 / (b.day - a.day));
            sign += Math.sign(a.ratio - b.ratio);
          }
        const middle = (list: number[]) => {
          const up = [...list].sort((a, b) => a - b);
          return (up[(up.length - 1) >> 1]! + up[up.length >> 1]!) / 2;
        };
        expect(Number(answer.slope)).toBeCloseTo(middle(slopes), 12);
        expect(Number(answer.steadiness)).toBeCloseTo(sign / slopes.length, 12);
        if (answer.breachOn === null) return;
        // before that day the line is at least what is required, on it below, save where the line is below at once
        const slope = middle(slopes);
        const start = middle(sorted.map(({ day, ratio }) => ratio / 10_000 - slope * day));
        const at = (Date.parse(answer.breachOn) - Date.parse("2026-01-01")) / 86_400_000;
        expect(start + slope * at).toBeLessThan(1.2 + 1e-9);
        if (at > sorted.at(-1)!.day + 1) expect(start + slope * (at - 1)).toBeGreaterThan(1.2 - 1e-9);
      }),
      { numRuns: 2_000 },
    );
  });
  it("moves with the dates, and does not care in what unit cover is counted", () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 900 }), (points, shift) => {
        const here = coverTrend({ runs: asRuns(points), required: "1.2", terms });
        const there = coverTrend({ runs: asRuns(points, shift), required: "1.2", terms });
        expect(there.breachOn).toBe(here.breachOn && addDays(here.breachOn, shift));
        const tenfold = points.map(({ day, ratio }) => ({ day, ratio: ratio * 10 }));
        expect(coverTrend({ runs: asRuns(tenfold), required: "12", terms }).breachOn).toBe(here.breachOn);
      }),
      { numRuns: 1_000 },
    );
  });
});

const cover = (assets: string[], liabilities: string[]) =>
  BUCKETS.map((bucket, h) => ({ bucket, assets: assets[h]!, liabilities: liabilities[h]!, ratio: null }));
const amounts = (rungs: ReturnType<typeof stressRungs>, side: string) =>
  rungs.filter((rung) => rung.side === side).map(({ capacity }) => capacity);

describe("the rungs of a run", () => {
  it("are the steps between the sums", () => {
    const rungs = stressRungs(
      cover(["8", "13", "20", "25", "30", "40", "100"], ["0", "0", "5", "15", "30", "50", "100"]),
    );
    expect(amounts(rungs, "asset")).toEqual(["8", "5", "7", "5", "5", "10", "60"]);
    expect(amounts(rungs, "liability")).toEqual(["0", "0", "5", "10", "15", "20", "50"]);
  });
  it("never say more cover than was found: what leaves again does not count, and what is below zero is nothing", () => {
    const rungs = stressRungs(cover(["-1", "6", "4", "9", "9", "9", "9"], ["0", "3", "2", "2", "5", "5", "5"]));
    expect(amounts(rungs, "asset")).toEqual(["0", "4", "0", "5", "0", "0", "0"]);
    expect(amounts(rungs, "liability")).toEqual(["0", "3", "0", "0", "2", "0", "0"]);
  });
  it("hold for any cover: no rung below zero, sums at most the assets and at least the liabilities, equal where these rise", () => {
    const sums = fc.array(fc.integer({ min: -50, max: 1_000 }), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(sums, sums, (assets, due) => {
        const rungs = stressRungs(cover(assets.map(String), due.map(String)));
        const summed = (side: string) => {
          let sum = 0;
          return amounts(rungs, side).map((amount) => {
            expect(Number(amount)).toBeGreaterThanOrEqual(0);
            sum += Number(amount);
            return sum;
          });
        };
        const rising = (list: number[]) => list.every((sum, h) => sum >= (list[h - 1] ?? 0));
        const held = summed("asset");
        const owed = summed("liability");
        for (let h = 0; h < 7; h += 1) {
          expect(held[h]).toBeLessThanOrEqual(Math.max(0, assets[h]!));
          expect(owed[h]).toBeGreaterThanOrEqual(due[h]!);
        }
        if (rising(assets)) expect(held).toEqual(assets);
        if (rising(due)) expect(owed).toEqual(due);
      }),
      { numRuns: 2_000 },
    );
  });
  it("change by what stress adds and takes", () => {
    const before = cover(["8", "13", "20", "25", "30", "40", "100"], ["0", "0", "5", "15", "30", "50", "100"]);
    const after = cover(["8", "8", "13", "20", "25", "30", "80"], ["0", "0", "7.5", "22.5", "45", "75", "150"]);
    expect(amounts(rungChanges(before, after), "asset")).toEqual(["0", "-5", "-2", "2", "0", "-5", "-10"]);
    expect(amounts(rungChanges(before, after), "liability")).toEqual(["0", "0", "2.5", "5", "7.5", "10", "25"]);
  });
});

describe("the cover that is required", () => {
  const mandate = [{ horizon: "30d" as const, cover: "1.2" }];
  it("is the scenario's own test, the highest where two speak, and the mandate's without one", () => {
    expect(requiredCover([{ test: "rcr", atLeast: "1", buckets: ["7d", "30d"] }], mandate)).toEqual({
      "7d": "1",
      "30d": "1",
    });
    const two = [
      { test: "rcr" as const, atLeast: "1", buckets: ["30d" as const] },
      { test: "rcr" as const, atLeast: "1.25", buckets: ["30d" as const] },
    ];
    expect(requiredCover(two, mandate)).toEqual({ "30d": "1.25" });
    expect(requiredCover([{ test: "survival", atLeastQuarters: 4 }], mandate)).toEqual({ "30d": "1.2" });
    expect(requiredCover([], [])).toEqual({});
  });
});
