// Risk with floors (R56) and the clock of reviews (R51): tables, and that neither can come out below what it must.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextReview, RISK_LEVELS, type RiskLevel, riskScore } from "./review.ts";

const POLICY = {
  medium: 30,
  high: 60,
  factors: {
    pep: { points: 10, floor: "high" as const },
    country: { points: 5, floor: "medium" as const },
    trust: { points: 20 },
    chain: { points: 15 },
    match: { points: 60 },
  },
};
const score = (...factors: string[]) => riskScore({ factors, policy: POLICY });

describe("the risk", () => {
  it.each<[string[], number, RiskLevel]>([
    [[], 0, "low"],
    [["trust"], 20, "low"],
    [["trust", "chain"], 35, "medium"],
    [["country"], 5, "medium"],
    [["pep"], 10, "high"],
    [["match"], 60, "high"],
    [["country", "pep"], 15, "high"],
    [["trust", "trust"], 20, "low"],
    [["unheard", "toString"], 0, "low"],
  ])("of %j is %i, %s", (factors, points, level) => {
    expect(score(...factors)).toMatchObject({ score: points, level });
  });
  it("never falls when a factor is added, and is never below a floor", () => {
    const some = fc.subarray(Object.keys(POLICY.factors));
    fc.assert(
      fc.property(some, fc.constantFrom(...Object.keys(POLICY.factors)), (factors, more) => {
        const rank = (level: RiskLevel) => RISK_LEVELS.indexOf(level);
        const before = score(...factors);
        const after = score(...factors, more);
        expect(rank(after.level)).toBeGreaterThanOrEqual(rank(before.level));
        expect(after.score).toBeGreaterThanOrEqual(before.score);
        if (factors.includes("pep")) expect(before.level).toBe("high");
      }),
    );
  });
});

describe("the next review", () => {
  const years = { unrated: 5, low: 5, medium: 5, high: 1 } as const;
  it.each<[Parameters<typeof nextReview>[0]["level"], string, string[], string | null, string, string]>([
    ["low", "2026-11-22", [], null, "2031-11-22", "risk"],
    ["high", "2026-11-22", [], null, "2027-11-22", "risk"],
    ["high", "2028-02-29", [], null, "2029-02-28", "risk"],
    ["low", "2026-11-22", ["2030-01-01", "2027-06-30"], null, "2027-06-30", "document"],
    ["high", "2026-11-22", ["2028-01-01"], null, "2027-11-22", "risk"],
    ["low", "2026-11-22", ["2027-06-30"], "2027-01-15", "2027-01-15", "event"],
    ["high", "2026-11-22", ["2027-11-22"], "2027-11-22", "2027-11-22", "document"],
  ])("%s from %s, documents %j, event %s: %s by %s", (level, from, expiries, event, on, because) => {
    expect(nextReview({ level, from, years, expiries, event })).toEqual({ on, because });
  });
  it("is never later than a year at high risk nor five otherwise", () => {
    const day = fc
      .date({ min: new Date("2000-01-01"), max: new Date("2090-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10));
    fc.assert(
      fc.property(fc.constantFrom(...RISK_LEVELS), day, fc.array(day), (level, from, expiries) => {
        const { on } = nextReview({ level, from, years, expiries });
        const limit = `${Number(from.slice(0, 4)) + (level === "high" ? 1 : 5)}${from.slice(4)}`;
        expect(on <= limit).toBe(true);
        for (const expiry of expiries) expect(on <= expiry).toBe(true);
      }),
    );
  });
});
