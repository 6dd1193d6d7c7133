// A pack of rules as data: its shape, and everything that is wrong with one that is no pack. Versioned, in force between dates, with the examples it must pass.
import { FundRegime } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { type Condition, isRecord, issueWords, type Path, type Problem, readCondition } from "./condition.ts";
import { FACTS, type Facts, isOfType, LISTS, SUBJECTS, type Subject, TYPE_WORDS } from "./facts.ts";

/** The worst wins (R56). */
export const OUTCOMES = ["approve", "review", "block_and_review", "decline"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const worstOutcome = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.reduce<Outcome>((worst, one) => (OUTCOMES.indexOf(one) > OUTCOMES.indexOf(worst) ? one : worst), "approve");

const name = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "takes lower-case words joined by -")
  .max(60);
const day = z.iso.date("takes a date, such as 2026-01-30");
const words = z.string().min(1).max(500);

const RuleShape = z.strictObject({
  id: name,
  words,
  on: z.array(z.enum(SUBJECTS)).min(1),
  /** Whom the rule is about; left out, everybody. */
  where: z.unknown().optional(),
  /** Fires when this holds. */
  when: z.unknown().optional(),
  /** Fires when this does not hold. */
  require: z.unknown().optional(),
  outcome: z.enum(["review", "block_and_review", "decline"]),
  source: words,
  evidence: z.enum(["verified", "practice"]),
  effectiveFrom: day.optional(),
  effectiveUntil: day.optional(),
  /** A limit of the fund: what stands over it without anybody's doing is a passive breach, to be cured within these days. */
  breach: z.strictObject({ cureDays: z.int().min(1).max(1_100) }).optional(),
  snooze: z.literal("never").optional(),
});

const ExampleShape = z.strictObject({
  name: z.string().min(1).max(200),
  on: z.enum(SUBJECTS),
  asOf: day,
  /** Facts to start from, by their name in `bases`; `facts` stand over them, field by field. */
  base: z.string().optional(),
  facts: z.record(z.string(), z.unknown()).default({}),
  outcome: z.enum(OUTCOMES),
  /** Rules that fire, all of them. */
  fires: z.array(name).default([]),
  /** Rules that lack a fact, all of them. */
  lacks: z.array(name).default([]),
});

const PackShape = z.strictObject({
  pack: name,
  title: z.string().min(1).max(200),
  version: z.int().min(1).max(1_000_000),
  effectiveFrom: day,
  effectiveUntil: day.optional(),
  /** Only for funds of these regimes; left out, for every fund. */
  regimes: z.array(FundRegime).min(1).optional(),
  note: z.string().max(2_000).optional(),
  sets: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/),
      z.strictObject({ source: words, asOf: day, values: z.array(z.string().min(1).max(80)).min(1).max(2_000) }),
    )
    .default({}),
  rules: z.array(RuleShape).min(1).max(500),
  /** Facts that examples start from. */
  bases: z.record(name, z.record(z.string(), z.unknown())).default({}),
  examples: z.array(ExampleShape).min(1).max(2_000),
});

export interface Rule extends Omit<z.output<typeof RuleShape>, "where" | "when" | "require"> {
  where: Condition | undefined;
  condition: Condition;
  /** Fires when the condition is this. */
  firesOn: boolean;
  /** Asks whether somebody is on a list: cannot be snoozed. */
  listHit: boolean;
}
export interface Example extends Omit<z.output<typeof ExampleShape>, "facts"> {
  facts: Facts;
}
export interface RulePack extends Omit<z.output<typeof PackShape>, "rules" | "examples"> {
  rules: readonly Rule[];
  examples: readonly Example[];
}

/** Reads a pack out of any value; it is there only when nothing is wrong with it. */
export function readPack(given: unknown): { pack?: RulePack; problems: Problem[] } {
  const problems: Problem[] = [];
  const problem = (path: Path, what: string): undefined => void problems.push({ path, words: what });
  const shape = PackShape.safeParse(given);
  if (!shape.success) {
    for (const issue of shape.error.issues) {
      const path = issue.path as (string | number)[];
      problem(
        issue.code === "unrecognized_keys" && issue.keys[0] !== undefined ? [...path, issue.keys[0]] : path,
        `${issueWords(issue)}${fieldsOf(issue, path)}`,
      );
    }
    return { problems };
  }
  const { rules: written, examples: shown, ...head } = shape.data;
  if (head.effectiveUntil !== undefined && head.effectiveUntil <= head.effectiveFrom)
    problem(["effectiveUntil"], "takes a date after effectiveFrom");
  const sets = Object.fromEntries(Object.entries(head.sets).map(([set, { values }]) => [set, values]));
  const ids = new Set<string>();
  const rules = written.flatMap(({ where, when, require: required, ...rule }, i): Rule[] => {
    const path = ["rules", i];
    if (ids.has(rule.id)) problem([...path, "id"], "is the id of another rule of the pack");
    ids.add(rule.id);
    if ((when === undefined) === (required === undefined)) {
      problem(path, "takes exactly one of when (fires when it holds) and require (fires when it does not)");
      return [];
    }
    const listHit = { found: false };
    const reading = { problem, sets, listHit };
    const condition = readCondition(when ?? required, [...path, when === undefined ? "require" : "when"], reading);
    const about = where === undefined ? undefined : readCondition(where, [...path, "where"], reading);
    return condition === undefined
      ? []
      : [{ ...rule, where: about, condition, firesOn: when !== undefined, listHit: listHit.found }];
  });
  const fired = new Set(shown.flatMap(({ fires }) => fires));
  for (const [i, { id, on }] of rules.entries()) {
    if (!fired.has(id))
      problem(
        ["rules", i, "id"],
        `fires in no example: a rule that was never seen to fire (on ${on.join(", ")}) cannot go live`,
      );
  }
  const examples = shown.map((example, i): Example => {
    for (const key of ["fires", "lacks"] as const)
      for (const [j, id] of example[key].entries())
        if (!ids.has(id))
          problem(["examples", i, key, j], `is no rule of the pack; takes one of ${[...ids].join(", ")}`);
    checkFacts(example.facts, ["examples", i, "facts"], problem);
    const base = example.base === undefined || !Object.hasOwn(head.bases, example.base) ? {} : head.bases[example.base];
    if (example.base !== undefined && !Object.hasOwn(head.bases, example.base))
      problem(["examples", i, "base"], `is no base of the pack; takes one of ${Object.keys(head.bases).join(", ")}`);
    return { ...example, facts: over(base ?? {}, example.facts) };
  });
  for (const [base, facts] of Object.entries(head.bases)) checkFacts(facts, ["bases", base], problem);
  return problems.length > 0 ? { problems } : { pack: { ...head, rules, examples }, problems };
}

/** Facts of an example over those of its base: groups field by field, lists whole. */
function over(base: Record<string, unknown>, facts: Record<string, unknown>): Facts {
  const merged = { ...base };
  for (const [group, given] of Object.entries(facts)) {
    const under = base[group];
    merged[group] = isRecord(given) && isRecord(under) ? { ...under, ...given } : given;
  }
  return merged as Facts;
}

function fieldsOf(issue: z.core.$ZodIssue, path: readonly (string | number)[]): string {
  if (issue.code !== "unrecognized_keys") return "";
  const place =
    path[0] === "rules" && path.length === 2
      ? RuleShape
      : path[0] === "examples" && path.length === 2
        ? ExampleShape
        : path.length === 0
          ? PackShape
          : undefined;
  return place === undefined ? "" : `; takes ${Object.keys(place.shape).join(", ")}`;
}

/** Facts of an example are facts there are, of their types: a misspelt one would pass for a missing one. Null says that it is not known. */
function checkFacts(
  facts: Record<string, unknown>,
  path: Path,
  problem: (path: Path, words: string) => undefined,
): void {
  for (const [group, given] of Object.entries(facts)) {
    const elements = Object.hasOwn(LISTS, group) ? LISTS[group] : undefined;
    if (given === null) continue;
    if (elements !== undefined) {
      if (!Array.isArray(given)) problem([...path, group], "takes a list");
      else
        for (const [i, item] of given.entries()) {
          if (!isRecord(item)) problem([...path, group, i], "takes an object");
          else
            for (const [key, value] of Object.entries(item))
              checkFact(
                Object.hasOwn(elements, key) ? elements[key] : undefined,
                Object.keys(elements),
                value,
                [...path, group, i, key],
                problem,
              );
        }
      continue;
    }
    const known = Object.keys(FACTS).filter((fact) => fact.startsWith(`${group}.`));
    if (known.length === 0)
      problem(
        [...path, group],
        `is no group of facts; takes one of ${[...new Set(Object.keys(FACTS).map((fact) => fact.split(".")[0])), ...Object.keys(LISTS)].join(", ")}`,
      );
    else if (!isRecord(given)) problem([...path, group], "takes an object");
    else
      for (const [key, value] of Object.entries(given))
        checkFact(
          FACTS[`${group}.${key}`],
          known.map((fact) => fact.slice(group.length + 1)),
          value,
          [...path, group, key],
          problem,
        );
  }
}

function checkFact(
  fact: (typeof FACTS)[string] | undefined,
  names: readonly string[],
  value: unknown,
  path: Path,
  problem: (path: Path, words: string) => undefined,
): void {
  if (fact === undefined) problem(path, `is no fact; takes one of ${names.join(", ")}`);
  else if (value !== null && !isOfType(fact, value))
    problem(
      path,
      `takes ${fact.values === undefined ? TYPE_WORDS[fact.type] : fact.values.join(", ")}, or null when it is not known`,
    );
}

export type { Subject };
