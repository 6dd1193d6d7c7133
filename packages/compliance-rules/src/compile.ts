// A condition as a function: compiled once, it answers true, false or not known (null) for any facts, and says why as a tree.
import type { Condition, Measure, Test } from "./condition.ts";
import { answerOf, comparison, type Measured, measuring, reader, type Scope, signOf, truthOf } from "./truth.ts";
import { compareFigures, figureOf, figureText } from "./values.ts";

/** Why a condition holds, does not hold (`false`) or cannot be said (`null`). Holds no value of a personal fact. */
export interface Node {
  is: boolean | null;
  what: string;
  value?: unknown;
  /** Facts that are not known. */
  lacks?: readonly string[];
  nodes?: readonly Node[];
  /** Groups of a measure: the key, the amount behind its share, and whether it passes the test by itself; the largest fifty. */
  groups?: readonly { key: string; amount: string; passes: boolean }[];
}

export type Predicate = (scope: Scope) => Node;
export function compileCondition(condition: Condition): Predicate {
  switch (condition.op) {
    case "all":
      return compileMany(condition.nodes.map(compileCondition), "all", false);
    case "any":
      return compileMany(condition.nodes.map(compileCondition), "any", true);
    case "not": {
      const inner = compileCondition(condition.node);
      return (scope) => {
        const node = inner(scope);
        return {
          is: node.is === null ? null : !node.is,
          what: "not",
          nodes: [node],
          ...(node.lacks === undefined ? {} : { lacks: node.lacks }),
        };
      };
    }
    case "some":
      return compileSome(condition);
    case "compare":
      return answeredElsewhere(
        condition,
        condition.measure.of === "fact"
          ? compileFact(condition.measure, condition.test, condition.words)
          : compileMeasure(condition.measure, condition.test, condition.words),
      );
  }
}

/** A personal fact that is not here is known by its answer, when whoever may see it has answered. */
function answeredElsewhere(condition: Extract<Condition, { op: "compare" }>, here: Predicate): Predicate {
  const answered = answerOf(condition);
  if (answered === undefined) return here;
  return (scope) => {
    const node = here(scope);
    const unknown = condition.test.by === "known" ? node.is !== condition.test.value : node.is === null;
    const answer = unknown ? answered(scope) : undefined;
    return answer === undefined ? node : { is: answer, what: condition.words };
  };
}

/** Kleene's three values: one `decisive` node decides; otherwise one that is not known leaves all of it not known. */
function compileMany(parts: readonly Predicate[], what: string, decisive: boolean): Predicate {
  return (scope) => {
    const nodes: Node[] = [];
    let is: boolean | null = !decisive;
    for (const part of parts) {
      const node = part(scope);
      nodes.push(node);
      if (node.is === decisive) is = decisive;
      else if (node.is === null && is !== decisive) is = null;
    }
    return is === null ? { is, what, nodes, lacks: lacking(nodes) } : { is, what, nodes };
  };
}

const lacking = (nodes: readonly Node[]): string[] => [...new Set(nodes.flatMap(({ lacks }) => lacks ?? []))];

function compileSome({ list, where, words }: Extract<Condition, { op: "some" }>): Predicate {
  const passes = truthOf(where);
  const lacks = [list];
  return (scope) => {
    const elements = scope.facts[list];
    if (!Array.isArray(elements)) return { is: null, what: words, lacks };
    let is: boolean | null = false;
    for (const item of elements) {
      const does = passes(scope, item);
      if (does) return { is: true, what: words };
      if (does === null) is = null;
    }
    return is === null ? { is, what: words, lacks } : { is, what: words };
  };
}

function compileFact(measure: Extract<Measure, { of: "fact" }>, test: Test, what: string): Predicate {
  const { fact, item } = measure;
  const read = reader(measure);
  const name = item ? `item.${measure.path}` : measure.path;
  const lacks = [name];
  if (test.by === "known") {
    const wanted = test.value;
    return (scope) => ({ is: (read(scope) !== undefined) === wanted, what });
  }
  const holds = comparison(fact.type, test);
  // what is personal is compared and never written down
  if (fact.personal === true)
    return (scope) => {
      const value = read(scope);
      return value === undefined ? { is: null, what, lacks } : { is: holds(value), what };
    };
  return (scope) => {
    const value = read(scope);
    return value === undefined ? { is: null, what, lacks } : { is: holds(value), what, value };
  };
}

function compileMeasure(measure: Exclude<Measure, { of: "fact" }>, test: Test, what: string): Predicate {
  const inner = measuring(measure);
  // one measure of a pack is measured once for the same facts, whichever rule asks
  const key = JSON.stringify(measure);
  const cached = (scope: Scope): Measured => {
    let found = scope.measured.get(key);
    if (found === undefined) {
      found = inner(scope, undefined);
      scope.measured.set(key, found);
    }
    return found;
  };
  if (test.by === "known") return (scope) => ({ is: (cached(scope).figure !== undefined) === test.value, what });
  const right = figureOf(test.value as string);
  const sign = signOf(test.by);
  const personal = measure.of === "age" && measure.fact.personal === true;
  return (scope) => {
    const { figure, lacks, groups } = cached(scope);
    if (figure === undefined) return { is: null, what, lacks: lacks ?? [] };
    const is = sign(compareFigures(figure, right));
    if (personal) return { is, what };
    const value = figureText(figure);
    if (groups === undefined) return { is, what, value };
    const largest =
      groups.length <= 50 ? groups : [...groups].sort((x, y) => compareFigures(y.figure, x.figure)).slice(0, 50);
    return {
      is,
      what,
      value,
      groups: largest.map((group) => ({
        key: group.key,
        amount: group.amount.toFixed(),
        passes: sign(compareFigures(group.figure, right)),
      })),
    };
  };
}
