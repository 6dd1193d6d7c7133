// What rules ask about personal data, as tests with names: whoever may see the data answers them, and a rule is judged by the answers, which hold none of it.
import type { Condition } from "./condition.ts";
import { type Compared, personalKey } from "./personal-key.ts";
import type { Rule, RulePack } from "./rule-pack.ts";
import { truthOf } from "./truth.ts";

/** What of a person a test may look at: countries ISO 3166 two letters, the birth as YYYY-MM-DD; absent is not known. */
export interface PersonFacts {
  residence?: string;
  nationality?: string;
  born?: string;
}
/** By the name of a test; null: not known. */
export type Answers = Record<string, boolean | null>;

/** Every test of personal facts in these packs, once. */
export function personalTests(packs: readonly RulePack[]): Map<string, Compared> {
  const tests = new Map<string, Compared>();
  const look = (condition: Condition | undefined): void => {
    if (condition === undefined) return;
    switch (condition.op) {
      case "all":
      case "any":
        for (const node of condition.nodes) look(node);
        return;
      case "not":
        look(condition.node);
        return;
      case "some":
        look(condition.where);
        return;
      case "compare": {
        const key = personalKey(condition);
        if (key !== undefined) tests.set(key, condition);
        if ("where" in condition.measure) look(condition.measure.where);
      }
    }
  };
  const lookAt = ({ where, condition }: Rule): void => {
    look(where);
    look(condition);
  };
  for (const pack of packs) pack.rules.forEach(lookAt);
  return tests;
}

/** The answers for one person on a day: ages end on it. */
export function answerTests(tests: ReadonlyMap<string, Compared>, person: PersonFacts, asOf: string): Answers {
  const answers: Answers = {};
  for (const [key, condition] of tests) {
    const { measure } = condition;
    if (measure.of !== "fact" && measure.of !== "age") continue;
    // an owner's test is one of an element of a list
    const facts = measure.item ? {} : { investor: { ...person } };
    answers[key] = truthOf(condition)({ facts, asOf, measured: new Map() }, measure.item ? { ...person } : undefined);
  }
  return answers;
}
