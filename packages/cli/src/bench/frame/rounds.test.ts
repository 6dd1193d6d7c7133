// The arithmetic of rounds: what is compared with what, and in which order the sides take turns.
import { describe, expect, it } from "vitest";
import { answerOf, type Finding } from "./report.ts";
import { alternate, median, quantile, ratioOf } from "./rounds.ts";

const machine = { cores: 2, model: "synthetic", memoryGb: 8, node: "v20", load: 0, busy: 0 };
const finding = (median: number, sense: "least" | "most"): Finding => ({
  what: "a / b",
  ratio: { median, low: median, high: median },
  floor: 2,
  sense,
  figures: "",
});

describe("rounds", () => {
  it("turns the order round every second round and keeps figures by name", async () => {
    const order: string[] = [];
    const side = (name: string, figure: number) => ({
      name,
      measure: async (round: number) => {
        order.push(name);
        return figure * (round + 1);
      },
    });
    const rounds = await alternate([side("a", 6), side("b", 2)], 3);
    expect(order).toEqual(["a", "b", "b", "a", "a", "b"]);
    expect(rounds.map(({ figures }) => figures)).toEqual([
      { a: 6, b: 2 },
      { a: 12, b: 4 },
      { a: 18, b: 6 },
    ]);
    expect(ratioOf(rounds, "a", "b")).toEqual({ median: 3, low: 3, high: 3 });
    expect(() => ratioOf(rounds, "a", "c")).toThrow("no figure called c");
  });

  it("takes ratios round by round, not of medians", () => {
    const round = (n: number, a: number, b: number) => ({ round: n, before: { load: 0, busy: 0 }, figures: { a, b } });
    const rounds = [round(1, 10, 1), round(2, 20, 10), round(3, 30, 10)];
    expect(ratioOf(rounds, "a", "b")).toEqual({ median: 3, low: 2, high: 10 });
  });

  it("has the median of an even number between the two in the middle", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it.each([
    [1.9, "least", false, 1, undefined],
    [2.1, "least", false, undefined, undefined],
    [2.1, "most", false, 1, undefined],
    [1.9, "least", true, undefined, undefined],
    [2.1, "least", true, 1, "a wrong answer"],
  ] as const)("of a ratio of %f that must be at %s 2 (quick: %s) exits with %s", (ratio, sense, quick, exit, wrong) => {
    const checks = wrong === undefined ? [] : [{ what: wrong, ok: false, seen: "" }];
    const report = { name: "x", quick, machine, findings: [finding(ratio, sense)], checks, absent: [], rounds: {} };
    expect(answerOf(report).exit).toBe(exit);
  });
});
