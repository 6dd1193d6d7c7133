// The examples of a pack: each says what its rules must answer. A pack with one that comes out otherwise never goes live.
import { compilePack } from "./judge.ts";
import type { Outcome, RulePack } from "./rule-pack.ts";

export interface ExampleResult {
  name: string;
  expected: Outcome;
  outcome: Outcome;
  passed: boolean;
  /** What came out otherwise; empty when it passed. */
  words: string;
}

export function runExamples(pack: RulePack): ExampleResult[] {
  const { judge } = compilePack(pack);
  return pack.examples.map(({ name, on, asOf, facts, outcome: expected, fires, lacks }) => {
    const { outcome, rules } = judge(on, facts, { asOf });
    const named = (state: string): string[] => rules.filter((rule) => rule.state === state).map(({ rule }) => rule);
    const differences = [
      ...(outcome === expected ? [] : [`the outcome is ${outcome}, not ${expected}`]),
      ...difference("fires", named("fired"), fires),
      ...difference("lacks a fact", named("lacks"), lacks),
    ];
    return { name, expected, outcome, passed: differences.length === 0, words: differences.join("; ") };
  });
}

function difference(what: string, are: readonly string[], should: readonly string[]): string[] {
  return [
    ...are.filter((id) => !should.includes(id)).map((id) => `${id} ${what} and should not`),
    ...should.filter((id) => !are.includes(id)).map((id) => `${id} should: ${what}`),
  ];
}
