// Judging: three values, exact edges, snoozes, dates in force, nothing personal in an explanation; and the same as a plain reading for any facts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Facts } from "./facts.ts";
import { compilePack, isInForce } from "./judge.ts";
import { holdsPlainly } from "./oracle.ts";
import { OUTCOMES, readPack, worstOutcome } from "./rule-pack.ts";
import { differenceOf } from "./shadow.ts";

type Json = Record<string, unknown>;
const rule = (id: string, parts: Json): Json => ({
  id,
  words: "synthetic",
  on: ["order"],
  outcome: "decline",
  source: "synthetic",
  evidence: "practice",
  ...parts,
});
function packOf(...rules: Json[]) {
  const { pack, problems } = readPack({
    pack: "synthetic",
    title: "Synthetic",
    version: 3,
    effectiveFrom: "2026-01-01",
    sets: { far: { source: "synthetic", asOf: "2026-01-01", values: ["KP"] } },
    rules,
    examples: [
      { name: "named", on: "investor", asOf: "2026-01-01", outcome: "approve", fires: rules.map(({ id }) => id) },
    ],
  });
  if (pack === undefined) throw new Error(JSON.stringify(problems));
  return compilePack(pack);
}
const judged = (condition: Json, facts: Facts, asOf = "2026-03-02") =>
  packOf(rule("one", condition)).judge("order", facts, { asOf });
const stateOf = (condition: Json, facts: Facts, asOf?: string) => judged(condition, facts, asOf).rules[0]?.state;

describe("a fact that is not known", () => {
  it.each<[string, Json, Facts, string]>([
    ["is review, never approve", { when: { fact: "investor.pep", eq: true } }, {}, "lacks"],
    ["null is not no", { when: { fact: "investor.pep", eq: true } }, { investor: { pep: null } }, "lacks"],
    [
      "nor is a value of another type",
      { when: { fact: "investor.pep", eq: true } },
      { investor: { pep: "no" } },
      "lacks",
    ],
    [
      "nor is a number that is none",
      { when: { fact: "order.amount", gt: "1" } },
      { order: { amount: "NaN" } },
      "lacks",
    ],
    [
      "does not matter where another decides any",
      {
        when: {
          any: [
            { fact: "investor.pep", eq: true },
            { fact: "order.amount", gt: "1" },
          ],
        },
      },
      { order: { amount: "2" } },
      "fired",
    ],
    [
      "does not matter where another decides all",
      {
        when: {
          all: [
            { fact: "investor.pep", eq: true },
            { fact: "order.amount", gt: "1" },
          ],
        },
      },
      { order: { amount: "1" } },
      "held",
    ],
    ["can be asked for", { when: { fact: "investor.pep", known: false } }, {}, "fired"],
    ["and what is known is", { require: { fact: "investor.pep", known: true } }, { investor: { pep: false } }, "held"],
    [
      "whom the rule is about is not known",
      { where: { classification: ["retail"] }, when: { fact: "order.amount", gt: "1" } },
      { order: { amount: "0" } },
      "lacks",
    ],
    ["turned round it stays unknown", { when: { not: { fact: "investor.pep", eq: true } } }, {}, "lacks"],
    [
      "one owner of several",
      { when: { listHit: { of: "owners", standing: ["refused"] } } },
      { owners: [{ screening: "clear" }, {}] },
      "lacks",
    ],
    [
      "one owner is enough",
      { when: { listHit: { of: "owners", standing: ["refused"] } } },
      { owners: [{ screening: "refused" }, {}] },
      "fired",
    ],
    ["a share of nothing", { require: { navShare: {}, lte: "1" } }, { fund: { nav: "0" }, positions: [] }, "lacks"],
    [
      "a position of an unknown issuer",
      { require: { navShare: { largest: "issuer" }, lte: "1" } },
      { fund: { nav: "1" }, positions: [{ issuer: null, value: "1" }] },
      "lacks",
    ],
  ])("%s", (_what, condition, facts, state) => {
    const { outcome, rules } = judged(condition, facts);
    expect(rules[0]?.state).toBe(state);
    if (state === "lacks") {
      expect(outcome).toBe("review");
      expect(rules[0]?.tree?.lacks?.length).toBeGreaterThan(0);
    }
  });
});

describe("exact at the edge", () => {
  it.each<[string, string, string]>([
    ["0.3", "0.3", "held"],
    ["0.300000000000000001", "0.3", "fired"],
    ["0.299999999999999999", "0.3", "held"],
    ["12345678901234567890123456789012345678.000000000000000001", "12345678901234567890123456789012345678", "fired"],
    ["-0.000000000000000001", "0", "held"],
    ["0.1", "0.1000", "held"],
  ])("%s over %s is %s", (amount, limit, state) => {
    expect(stateOf({ when: { fact: "order.amount", gt: limit } }, { order: { amount } })).toBe(state);
  });
  it("a third of the fund three times over is no more than all of it", () => {
    const positions = ["a", "b", "c"].map((id) => ({ id, value: "0.1" }));
    expect(stateOf({ require: { navShare: {}, lte: "1" } }, { fund: { nav: "0.3" }, positions })).toBe("held");
    expect(stateOf({ require: { navShare: {}, eq: "1" } }, { fund: { nav: "0.3" }, positions })).toBe("held");
  });
  it.each([
    ["2008-02-29", "2026-02-28", "fired"],
    ["2008-02-29", "2026-03-01", "held"],
    ["2008-03-02", "2026-03-01", "fired"],
    ["2008-03-02", "2026-03-02", "held"],
  ])("born %s is under 18 on %s: %s", (born, asOf, state) => {
    expect(
      stateOf({ when: { age: { of: "investor.born", in: "years" }, lt: "18" } }, { investor: { born } }, asOf),
    ).toBe(state);
  });
  it.each([
    ["2026-01-31", "held"],
    ["2026-02-01", "fired"],
    ["2026-03-02", "fired"],
    ["2026-03-03", "held"],
  ])("a window of 30 days to 2 March counts %s: %s", (on, state) => {
    expect(
      stateOf(
        { when: { amountInWindow: { days: 30, withThis: false }, gte: "1" } },
        { history: [{ on, amount: "1" }] },
      ),
    ).toBe(state);
  });
});

it("the worst outcome wins", () => {
  expect(worstOutcome([])).toBe("approve");
  expect(worstOutcome([...OUTCOMES])).toBe("decline");
  const pack = packOf(
    rule("a", { when: { fact: "order.amount", gt: "1" }, outcome: "review" }),
    rule("b", { when: { fact: "order.amount", gt: "2" }, outcome: "block_and_review" }),
  );
  const outcomes = ["1", "2", "3"].map(
    (amount) => pack.judge("order", { order: { amount } }, { asOf: "2026-03-02" }).outcome,
  );
  expect(outcomes).toEqual(["approve", "review", "block_and_review"]);
});

it("a snoozed rule lets pass, but not one about lists, one that lacks a fact, or one that forbids it", () => {
  const fired = { when: { fact: "order.amount", gt: "1" } };
  const pack = packOf(
    rule("a", fired),
    rule("b", { ...fired, snooze: "never" }),
    rule("c", { when: { listHit: { of: "investor", standing: ["refused"] } } }),
    rule("d", { when: { fact: "investor.pep", eq: true } }),
  );
  const { rules } = pack.judge(
    "order",
    { order: { amount: "2" }, investor: { screening: "refused" } },
    { asOf: "2026-03-02", snoozed: ["a", "b", "c", "d"] },
  );
  expect(rules.map(({ rule: id, state }) => [id, state])).toEqual([
    ["a", "snoozed"],
    ["b", "fired"],
    ["c", "fired"],
    ["d", "lacks"],
  ]);
});

it("a rule is in force from its first day until before its last, a pack for its regimes", () => {
  const dated = { when: { fact: "order.amount", gt: "1" }, effectiveFrom: "2026-03-02", effectiveUntil: "2026-04-01" };
  const states = ["2026-03-01", "2026-03-02", "2026-03-31", "2026-04-01"].map((asOf) =>
    stateOf(dated, { order: { amount: "2" } }, asOf),
  );
  expect(states).toEqual(["not_applicable", "fired", "fired", "not_applicable"]);
  const pack = { effectiveFrom: "2026-01-01", effectiveUntil: "2027-01-01", regimes: ["eltif" as const] };
  expect([
    isInForce(pack, "2026-01-01", "eltif"),
    isInForce(pack, "2026-01-01", "ltaf"),
    isInForce(pack, "2026-01-01"),
    isInForce(pack, "2027-01-01", "eltif"),
    isInForce(pack, "2025-12-31", "eltif"),
  ]).toEqual([true, false, false, false, false]);
  expect(isInForce({ effectiveFrom: "2026-01-01" }, "2026-01-01")).toBe(true);
});

it("an explanation holds no value of a personal fact", () => {
  const condition = {
    when: {
      all: [
        { country: { of: "investor.residence", in: "far" } },
        { fact: "investor.nationality", eq: "DE" },
        { age: { of: "investor.born", in: "years" }, lt: "18" },
        { listHit: { of: "owners", standing: ["open"] } },
        { fact: "order.amount", gt: "1" },
      ],
    },
  };
  const facts = {
    investor: { residence: "ZQ", nationality: "ZX", born: "1977-07-17" },
    owners: [{ residence: "ZW", screening: "clear" }],
    order: { amount: "77" },
  };
  const written = JSON.stringify(judged(condition, facts));
  expect(written).not.toMatch(/ZQ|ZX|ZW|1977/);
  expect(written).toContain('"77"');
});

describe("any facts", () => {
  const amount = fc.oneof(
    fc.constant(null),
    fc.integer({ min: -3, max: 12 }).map(String),
    fc.constantFrom("0.1", "0.30", "0.3", "9.999999999999999999", "x"),
  );
  const day = fc.oneof(
    fc.constant(null),
    fc
      .integer({ min: 0, max: 400 })
      .map((n) => new Date(Date.UTC(2025, 1, 1) + n * 86_400_000).toISOString().slice(0, 10)),
  );
  const flag = fc.constantFrom(true, false, null);
  const facts = fc.record({
    investor: fc.record({
      pep: flag,
      residence: fc.constantFrom("LU", "KP", null),
      born: day,
      screening: fc.constantFrom("clear", "open", "refused", null),
      classification: fc.constantFrom("retail", "professional", null),
      tags: fc.oneof(fc.constant(null), fc.array(fc.constantFrom("a", "b"))),
    }),
    order: fc.oneof(
      fc.constant(null),
      fc.record({ amount, direction: fc.constantFrom("subscription", "redemption", null) }),
    ),
    fund: fc.record({ nav: amount, capital: amount }),
    history: fc.oneof(
      fc.constant(null),
      fc.array(fc.record({ on: day, amount, direction: fc.constantFrom("subscription", "redemption", null) }), {
        maxLength: 4,
      }),
    ),
    owners: fc.oneof(
      fc.constant(null),
      fc.array(
        fc.record({
          share: amount,
          verified: flag,
          screening: fc.constantFrom("clear", "refused", null),
          residence: fc.constantFrom("LU", "KP", null),
        }),
        { maxLength: 3 },
      ),
    ),
    positions: fc.array(fc.record({ issuer: fc.constantFrom("one", "two", null), value: amount, liquid: flag }), {
      maxLength: 4,
    }),
    ladder: fc.array(
      fc.record({
        side: fc.constantFrom("asset", "liability"),
        bucket: fc.constantFrom("1d", "30d", "gt365d", "soon"),
        amount,
      }),
      { maxLength: 4 },
    ),
  });
  const level = fc.constantFrom("0", "0.3", "1", "10", "9.999999999999999999");
  const by = fc.constantFrom("lt", "lte", "gt", "gte", "eq", "ne");
  const leaf: fc.Arbitrary<Json> = fc.oneof(
    fc.tuple(by, level).map(([how, value]) => ({ fact: "order.amount", [how]: value })),
    flag.filter((value) => value !== null).map((eq) => ({ fact: "investor.pep", eq })),
    fc.boolean().map((known) => ({ fact: "investor.residence", known })),
    fc.constantFrom("investor.residence", "owners").map((of) => ({ country: { of, in: "far" } })),
    fc.constantFrom("investor", "owners").map((of) => ({ listHit: { of, standing: ["refused", "open"] } })),
    fc.constant({ classification: ["retail"] }),
    fc.constantFrom({ fact: "investor.tags", contains: "a" }, { fact: "investor.tags", overlaps: ["b", "c"] }),
    fc.tuple(by, level).map(([how, value]) => ({ age: { of: "investor.born", in: "days" }, [how]: value })),
    fc.tuple(by, level, fc.boolean()).map(([how, value, grouped]) => ({
      navShare: { where: { fact: "item.liquid", eq: true }, ...(grouped ? { largest: "issuer" } : {}) },
      [how]: value,
    })),
    fc
      .tuple(by, level)
      .map(([how, value]) => ({ bucketShare: { side: "asset", within: "30d", base: "capital" }, [how]: value })),
    fc.tuple(by, level, fc.constantFrom("largest", "sum")).map(([how, value, take]) => ({
      ownership: { take, where: { not: { fact: "item.verified", eq: true } } },
      [how]: value,
    })),
    fc
      .tuple(by, level)
      .map(([how, value]) => ({ count: { of: "history", where: { fact: "item.amount", gte: "1" } }, [how]: value })),
    fc.tuple(by, level, fc.boolean()).map(([how, value, withThis]) => ({
      amountInWindow: { days: 90, withThis, where: { fact: "item.direction", eq: "subscription" } },
      [how]: value,
    })),
  );
  const condition = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
      fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      tie("node").map((not) => ({ not })),
    ),
  })).node;

  it("come out as a plain reading of the rule does", () => {
    fc.assert(
      fc.property(condition, facts, (when, given) => {
        const { pack, judge } = packOf(rule("one", { when }));
        const is = holdsPlainly(pack.rules[0]!.condition, given as Facts, "2026-03-02");
        expect(judge("order", given as Facts, { asOf: "2026-03-02" }).rules[0]?.tree?.is).toBe(is);
      }),
      { numRuns: 1_500 },
    );
  });
  it("are judged the same each time, and nothing that is not known is approved", () => {
    fc.assert(
      fc.property(condition, facts, (when, given) => {
        const { judge } = packOf(rule("one", { when }));
        const first = judge("order", given as Facts, { asOf: "2026-03-02" });
        expect(judge("order", given as Facts, { asOf: "2026-03-02" })).toEqual(first);
        if (first.rules[0]?.tree?.is === null) expect(first.outcome).toBe("review");
      }),
      { numRuns: 300 },
    );
  });
});

describe("a draft beside what is live", () => {
  it("counts every change with its ids", () => {
    expect(differenceOf([])).toEqual({ judged: 0, same: 0, stricter: 0, looser: 0, changes: [], rules: {} });
    expect(
      differenceOf([
        { id: "c", live: "approve", draft: "decline", rules: ["x"] },
        { id: "a", live: "approve", draft: "decline", rules: ["x", "y"] },
        { id: "b", live: "review", draft: "approve", rules: ["z"] },
        { id: "d", live: "review", draft: "review" },
      ]),
    ).toEqual({
      judged: 4,
      same: 1,
      stricter: 2,
      looser: 1,
      changes: [
        { from: "approve", to: "decline", count: 2, ids: ["a", "c"] },
        { from: "review", to: "approve", count: 1, ids: ["b"] },
      ],
      rules: { x: 2, y: 1, z: 1 },
    });
  });
});
