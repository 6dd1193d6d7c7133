// The sweep over the domain rules of orders, NAV, gates, liquidity tools, fees, NAV errors, liquidity under stress, performance and pools: each has a table of vectors and a property of 10,000 runs
// (R22 to R25 among them), here by name. A rule without both fails, and so does an entry whose test is gone or runs less.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

type At = readonly [file: string, title: string];
interface Rule {
  vectors: At;
  property: At;
}
const day = (vectors: At, property: At): Rule => ({
  vectors: [`dealing/${vectors[0]}`, vectors[1]],
  property: [`dealing/${property[0]}`, property[1]],
});
const fees = (vectors: At, property: At): Rule => ({
  vectors: [`fees/${vectors[0]}`, vectors[1]],
  property: [`fees/${property[0]}`, property[1]],
});
const stress = (vectors: At, property: At): Rule => ({
  vectors: [`stress-liquidity/${vectors[0]}`, vectors[1]],
  property: [`stress-liquidity/${property[0]}`, property[1]],
});
const returns = (vectors: At, property: At): Rule => ({
  vectors: [`returns/${vectors[0]}`, vectors[1]],
  property: [`returns/${property[0]}`, property[1]],
});

const amm = (vectors: string, property: string): Rule => ({
  vectors: ["amm/vectors.test.ts", vectors],
  property: ["amm/properties.test.ts", property],
});

const RULES: Record<string, Rule> = {
  R1: day(
    ["order-states.test.ts", "the table"],
    ["order-states.test.ts", "on every walk the price comes after the lock"],
  ),
  R2: day(["eligibility.test.ts", "R2"], ["calendar.test.ts", "in time to the millisecond, and never back-dated"]),
  R3: day(["calendar.test.ts", "notice (R3)"], ["eligibility.test.ts", "lots: nothing is used twice"]),
  R4: day(["nav.test.ts", "R4 vectors"], ["nav.test.ts", "R4 for any classes"]),
  R5: day(["marks.test.ts", "R5 vectors"], ["marks.test.ts", "R5 for any mark"]),
  R5b: day(["units.test.ts", "vectors"], ["units.test.ts", "issue: invested + kept + refunded is the amount"]),
  R6: day(["gate.test.ts", "R6 gross 5 %"], ["gate.test.ts", "R6 for any day"]),
  R7: day(
    ["investor-gate.test.ts", "pays a holding out in four equal quarters"],
    ["investor-gate.test.ts", "never lets an owner above the limit"],
  ),
  R8: day(["carry.test.ts", "what becomes of the rest"], ["carry.test.ts", "R8 for any rest"]),
  R9: day(["gate.test.ts", "dust in full from its tolerance"], ["stages.test.ts", "R9 for any book"]),
  R9b: day(["eltif.test.ts", "Annex I"], ["eltif.test.ts", "R9b for any fund"]),
  R9c: day(["policies.test.ts", "R9c vectors"], ["policies.test.ts", "R9c for any selection"]),
  R10: day(["prices.test.ts", "R10 swing vectors"], ["prices.test.ts", "R10 for any flow"]),
  R11: day(["prices.test.ts", "R11 levy and redemption fee"], ["prices.test.ts", "R11 for any amount"]),
  R12: day(["prices.test.ts", "R12 bid and offer"], ["prices.test.ts", "R12 for any price"]),
  R13: day(["exceptions.test.ts", "R13 vector"], ["exceptions.test.ts", "R13 for any class"]),
  R14: day(["exceptions.test.ts", "R14 vector"], ["exceptions.test.ts", "R14 for any portfolio"]),
  R20: fees(
    ["management-fee.test.ts", "daily accrual"],
    ["management-fee.test.ts", "posts day by day what it posts at once"],
  ),
  R21: fees(
    ["performance-fee.test.ts", "price 110, mark 100"],
    ["performance-fee.test.ts", "mints units worth the fee"],
  ),
  R22: fees(
    ["performance-fee.test.ts", "R22 high-water mark"],
    ["performance-fee.test.ts", "is the highest price after fee"],
  ),
  R23: fees(
    ["performance-fee.test.ts", "R23 hurdle"],
    ["performance-fee.test.ts", "never falls when the profit rises"],
  ),
  R24: fees(["lots.test.ts", "R24 vectors"], ["crystallisation.test.ts", "is, at the exact price, what the step"]),
  R25: fees(
    ["lots.test.ts", "R25 series"],
    ["fairness.test.ts", "gives every lot the same value, cash and fee after every event"],
  ),
  R26: fees(["waterfall.test.ts", "tiers"], ["waterfall.test.ts", "loses nothing, and gives the manager no more"]),
  R30: day(["restatement.test.ts", "R30 vectors"], ["restatement.test.ts", "R30 for any error"]),
  R31: stress(["profiles.test.ts", "R31 vectors"], ["profiles.test.ts", "R31 for any fund"]),
  R32: stress(["profiles.test.ts", "R32 vectors"], ["profiles.test.ts", "R32 for any fund"]),
  R33: {
    vectors: ["liquidity.test.ts", "R33, time to liquidation"],
    property: ["liquidity.test.ts", "R33 for any ladder"],
  },
  R34: stress(["regime-limits.test.ts", "R34 vectors"], ["regime-limits.test.ts", "R34 for any programme"]),
  R35: stress(["reverse.test.ts", "R35 vectors"], ["reverse.test.ts", "R35 for any fund"]),
  R36: stress(["pacing.test.ts", "R36 vectors"], ["pacing.test.ts", "R36 for any terms"]),
  R38: {
    vectors: ["liquidity.test.ts", "R38, cover of 30 days"],
    property: ["liquidity.test.ts", "R38 for any cover"],
  },
  R40: stress(["regime-limits.test.ts", "R40 vectors"], ["regime-limits.test.ts", "R40 for any holdings"]),
  R41: returns(["vectors.test.ts", "R41 multiples"], ["properties.test.ts", "R41 for any flows"]),
  R42: returns(["vectors.test.ts", "R42 XIRR"], ["adversarial.test.ts", "solves the equation, whatever the flows"]),
  R43: returns(["vectors.test.ts", "R43 time-weighted return"], ["properties.test.ts", "R43 for any flows"]),
  R44: returns(["vectors.test.ts", "R44 modified Dietz"], ["properties.test.ts", "R44 for any flows"]),
  R45: returns(["vectors.test.ts", "R45 market equivalents"], ["properties.test.ts", "R45 for any flows"]),
  R46: returns(["vectors.test.ts", "R46 labels"], ["properties.test.ts", "R46 for any ways of counting"]),
  R48: amm("R48 vectors", "no swap lowers the invariant"),
  R49: amm("R49 vectors", "the largest trade of a constant product is the closed form"),
};

/** Rules of sections 1.1 to 1.7 of the specification, and of pools in 1.8; R15 to R19, R27 to R29, R37 and R47 are numbers that no rule has. R39, the guard around an execution, is no formula of this package. */
const SPECIFIED =
  "R1 R2 R3 R4 R5 R5b R6 R7 R8 R9 R9b R9c R10 R11 R12 R13 R14 R20 R21 R22 R23 R24 R25 R26 R30 R31 R32 R33 R34 R35 R36 R38 R40 R41 R42 R43 R44 R45 R46 R48 R49".split(
    " ",
  );

const sources = new Map<string, string>();
const sourceOf = (file: string): string => {
  const known = sources.get(file) ?? readFileSync(join(import.meta.dirname, file), "utf8");
  sources.set(file, known);
  return known;
};
/** From the title of a test to the next one: what it runs. */
const bodyAt = ([file, title]: At): string => {
  const [, body] = sourceOf(file).split(`"${title}`);
  return body?.split(/\n {0,6}(?:it|describe)(?:\.each)?\(/)[0] ?? "";
};
const TEN_THOUSAND = /\bRUNS\b|numRuns: 10_000/;

it("every rule has its entry, and no other", () => {
  expect(Object.keys(RULES)).toEqual(SPECIFIED);
});

describe.each(Object.entries(RULES))("%s", (_rule, { vectors, property }) => {
  it("has a table of vectors", () => {
    expect(sourceOf(vectors[0])).toContain(`"${vectors[1]}`);
    expect(sourceOf(vectors[0])).toMatch(/toEqual|toBe|toMatchObject/);
  });

  it("has a property of 10,000 runs", () => {
    expect(sourceOf(property[0])).toContain(`"${property[1]}`);
    expect(bodyAt(property)).toMatch(TEN_THOUSAND);
  });
});

it("what is called RUNS is 10,000", () => {
  expect(sourceOf("dealing/arbitrary-day.ts")).toContain("export const RUNS = { numRuns: 10_000 } as const;");
  expect(sourceOf("returns/properties.test.ts")).toContain("const RUNS = { numRuns: 10_000 } as const;");
});

it("the sweep sees a property that is gone, and one that runs less", () => {
  expect(bodyAt(["fees/fairness.test.ts", "no such title"])).toBe("");
  expect(bodyAt(["dealing/deal.test.ts", "any day: the same bytes"])).not.toMatch(TEN_THOUSAND);
});
