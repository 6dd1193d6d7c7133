// A wrong pack is refused with its file, line, field and what is allowed; a hostile one with nothing worse.

import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { describe, expect, it } from "vitest";
import { LONGEST_PACK, readPackText } from "./pack-text.ts";

const RIGHT = `pack: small
title: Small
version: 1
effectiveFrom: 2026-01-01
sets:
  near: { source: synthetic, asOf: 2026-01-01, values: [LU, DE] }
rules:
  - id: large
    words: Large orders are looked at.
    on: [order]
    when: { fact: order.amount, gt: "100" }
    outcome: review
    source: synthetic
    evidence: practice
examples:
  - name: large
    on: order
    asOf: 2026-01-01
    facts: { order: { amount: "101" } }
    outcome: review
    fires: [large]
`;
const problemsOf = (text: string): string[] => readPackText(text, "small.yaml").problems.map(problemLine);
const changed = (from: string, to: string): string[] => {
  if (!RIGHT.includes(from)) throw new Error(`no ${from}`);
  return problemsOf(RIGHT.replace(from, to));
};

it("takes the right one", () => {
  expect(problemsOf(RIGHT)).toEqual([]);
});

describe("names line, field and what is allowed", () => {
  it.each<[what: string, from: string, to: string, problem: string]>([
    [
      "an outcome that is none",
      "outcome: review\n    source",
      "outcome: perhaps\n    source",
      "small.yaml:12: rules.0.outcome: takes review, block_and_review, decline",
    ],
    [
      "a fact that is none",
      "order.amount, gt",
      "order.amnt, gt",
      "small.yaml:11: rules.0.when.fact: is no fact; takes one of investor.classification,",
    ],
    [
      "an operator that is none",
      "when: { fact: order.amount, gt:",
      "when: { sum: order.amount, gt:",
      "small.yaml:11: rules.0.when: names no operator; takes one of all, any, not, fact, navShare,",
    ],
    [
      "a comparison that does not fit",
      'gt: "100"',
      "in: [a]",
      "small.yaml:11: rules.0.when.in: does not fit fact; takes one of eq, ne, lt, lte, gt, gte, known",
    ],
    [
      "a number that is no text",
      'gt: "100"',
      "gt: 100",
      'small.yaml:11: rules.0.when.gt: takes a decimal as text, such as "0.25"',
    ],
    ["a number with an exponent", 'gt: "100"', 'gt: "1e3"', "small.yaml:11: rules.0.when.gt: takes a decimal as text"],
    ["two comparisons", 'gt: "100"', 'gt: "100", lt: "5"', "small.yaml:11: rules.0.when: compares by lt and gt"],
    [
      "a set that is none",
      '{ fact: order.amount, gt: "100" }',
      "{ country: { of: investor.residence, in: far } }",
      "small.yaml:11: rules.0.when.country.in: is no set of the pack; there are near",
    ],
    [
      "a value that a fact does not have",
      '{ fact: order.amount, gt: "100" }',
      "{ fact: investor.risk, eq: huge }",
      "small.yaml:11: rules.0.when.eq: takes low, medium, high",
    ],
    [
      "a key nobody knows",
      "    outcome: review\n    source",
      "    colour: red\n    outcome: review\n    source",
      "small.yaml:12: rules.0.colour: does not know colour; takes id, words, on,",
    ],
    [
      "when and require",
      "    when:",
      '    require: { fact: order.amount, gt: "1" }\n    when:',
      "small.yaml:8: rules.0: takes exactly one of when",
    ],
    [
      "a date that is none",
      "effectiveFrom: 2026-01-01",
      "effectiveFrom: soon",
      "small.yaml:4: effectiveFrom: takes a date, such as 2026-01-30",
    ],
    [
      "a misspelt fact of an example",
      '{ order: { amount: "101" } }',
      '{ order: { amuont: "101" } }',
      "small.yaml:19: examples.0.facts.order.amuont: is no fact; takes one of direction, kind, amount",
    ],
    [
      "an example that comes out otherwise",
      'amount: "101"',
      'amount: "100"',
      "small.yaml:16: examples.0: the outcome is approve, not review; large should: fires",
    ],
    ["a rule that never fires", "    fires: [large]\n", "", "small.yaml:8: rules.0.id: fires in no example"],
    ["the same key twice", "version: 1", "version: 1\nversion: 2", "small.yaml:4: is neither YAML nor JSON"],
  ])("%s", (_what, from, to, problem) => {
    expect(changed(from, to).join("\n")).toContain(problem);
  });
});

describe("a hostile text", () => {
  it.each<[string, string]>([
    ["too long", `${RIGHT}#${"x".repeat(LONGEST_PACK)}`],
    ["aliases", "a: &a [1]\nb: [*a, *a]\n"],
    ["a tag", "pack: !!js/function x\n"],
    ["no object", "- 1"],
    ["nothing", ""],
    [
      "deep nesting",
      RIGHT.replace(
        '{ fact: order.amount, gt: "100" }',
        `${"{ not: ".repeat(40)}{ fact: order.amount, gt: "1" }${" }".repeat(40)}`,
      ),
    ],
    ["a name of every object", RIGHT.replace("order.amount, gt", "constructor.name, gt")],
  ])("%s is a problem and nothing else", (_what, text) => {
    const read = readPackText(text, "hostile.yaml");
    expect(read.pack).toBeUndefined();
    expect(read.problems.length).toBeGreaterThan(0);
  });
  it("puts nothing into a message that steers a terminal", () => {
    expect(problemsOf(RIGHT.replace("id: large", 'id: "\\e[31mred\\a"')).join("")).not.toMatch(/\p{Cc}/u);
  });
});
