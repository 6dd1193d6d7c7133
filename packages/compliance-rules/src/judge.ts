// Judging by a pack: each rule holds, fires, lacks a fact, is snoozed or does not apply; the worst outcome wins, and every answer comes with its tree.
import { compileCondition, type Node, type Predicate } from "./compile.ts";
import type { Facts, Subject } from "./facts.ts";
import { OUTCOMES, type Outcome, type Rule, type RulePack } from "./rule-pack.ts";
import type { Scope } from "./truth.ts";

export type RuleState = "held" | "fired" | "lacks" | "snoozed" | "not_applicable";
export interface RuleVerdict {
  rule: string;
  outcome: Outcome;
  state: RuleState;
  /** Why; absent where the rule was not in force. */
  tree?: Node;
}
export interface Judgement {
  pack: string;
  version: number;
  outcome: Outcome;
  rules: RuleVerdict[];
}
export interface Judging {
  /** The day that is judged: windows and ages end on it, rules are in force or not. */
  asOf: string;
  /** Rules that are snoozed for whom this is about. A rule about lists never is. */
  snoozed?: readonly string[];
}
export interface CompiledPack {
  pack: RulePack;
  judge: (subject: Subject, facts: Facts, judging: Judging) => Judgement;
}

interface CompiledRule {
  rule: Rule;
  where: Predicate | undefined;
  condition: Predicate;
}

/** Compiles every rule once; judging then takes microseconds. Pure: the same facts, day and snoozes give the same judgement. */
export function compilePack(pack: RulePack): CompiledPack {
  const bySubject = new Map<Subject, CompiledRule[]>();
  for (const rule of pack.rules) {
    const compiled = {
      rule,
      where: rule.where === undefined ? undefined : compileCondition(rule.where),
      condition: compileCondition(rule.condition),
    };
    for (const subject of rule.on) bySubject.set(subject, [...(bySubject.get(subject) ?? []), compiled]);
  }
  return {
    pack,
    judge(subject, facts, { asOf, snoozed = [] }) {
      const scope: Scope = { facts, asOf, measured: new Map() };
      let worst = 0;
      const rules: RuleVerdict[] = [];
      for (const compiled of bySubject.get(subject) ?? []) {
        const verdict = judgeRule(compiled, scope, snoozed);
        rules.push(verdict);
        worst = Math.max(worst, OUTCOMES.indexOf(verdict.outcome));
      }
      return { pack: pack.pack, version: pack.version, outcome: OUTCOMES[worst] as Outcome, rules };
    },
  };
}

function judgeRule({ rule, where, condition }: CompiledRule, scope: Scope, snoozed: readonly string[]): RuleVerdict {
  const { id } = rule;
  if (
    (rule.effectiveFrom !== undefined && scope.asOf < rule.effectiveFrom) ||
    (rule.effectiveUntil !== undefined && scope.asOf >= rule.effectiveUntil)
  )
    return { rule: id, outcome: "approve", state: "not_applicable" };
  if (where !== undefined) {
    const about = where(scope);
    if (about.is === false) return { rule: id, outcome: "approve", state: "not_applicable", tree: about };
    // whether the rule is about this one is not known: a person looks
    if (about.is === null) return { rule: id, outcome: "review", state: "lacks", tree: about };
  }
  const tree = condition(scope);
  if (tree.is === null) return { rule: id, outcome: "review", state: "lacks", tree };
  if (tree.is !== rule.firesOn) return { rule: id, outcome: "approve", state: "held", tree };
  if (snoozed.includes(id) && !rule.listHit && rule.snooze !== "never")
    return { rule: id, outcome: "approve", state: "snoozed", tree };
  return { rule: id, outcome: rule.outcome, state: "fired", tree };
}

/** Whether a pack counts for a fund on a day; one without regimes counts for every fund. */
export const isInForce = (
  pack: Pick<RulePack, "effectiveFrom" | "effectiveUntil" | "regimes">,
  asOf: string,
  regime?: string | null,
): boolean =>
  asOf >= pack.effectiveFrom &&
  (pack.effectiveUntil === undefined || asOf < pack.effectiveUntil) &&
  (pack.regimes === undefined || (pack.regimes as readonly string[]).includes(regime ?? ""));
