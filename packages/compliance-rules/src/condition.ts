// A condition as a file writes it, checked and turned into a tree: which operators there are, what each takes, and what is wrong with one that is wrong.
import { z } from "zod";
import { FACTS, type Fact, isOfType, LISTS, TYPE_WORDS } from "./facts.ts";

export const COMPARATORS = [
  "eq",
  "ne",
  "lt",
  "lte",
  "gt",
  "gte",
  "in",
  "notIn",
  "contains",
  "overlaps",
  "known",
] as const;
export type Comparator = (typeof COMPARATORS)[number];
export interface Test {
  by: Comparator;
  value: unknown;
}

export type Measure =
  | { of: "fact"; path: string; item: boolean; fact: Fact }
  /** Share of NAV or capital: of all elements that pass `where`, or of the largest group `by` a field. */
  | { of: "navShare"; where: Condition | undefined; groupBy: string | undefined; base: string }
  | { of: "bucketShare"; side: string; within: string; base: string }
  | { of: "ownership"; take: "largest" | "sum"; where: Condition | undefined }
  | { of: "count"; list: string; where: Condition | undefined }
  | { of: "age"; path: string; item: boolean; fact: Fact; unit: "years" | "days" }
  | { of: "amountInWindow"; days: number; where: Condition | undefined; withThis: boolean };

export type Condition =
  | { op: "all" | "any"; nodes: Condition[] }
  | { op: "not"; node: Condition }
  | { op: "compare"; measure: Measure; test: Test; words: string }
  /** An element of a list passes; unknown while one of them may. */
  | { op: "some"; list: string; where: Condition; words: string };

export type Path = readonly (string | number)[];
export interface Problem {
  path: Path;
  /** What is wrong, with what is allowed. */
  words: string;
}
export interface Reading {
  problem: (path: Path, words: string) => undefined;
  /** Named sets of the pack, such as countries. */
  sets: Readonly<Record<string, readonly string[]>>;
  /** The list whose elements are looked at, where `item.<field>` may be named. */
  within?: string;
  /** Set when the condition asks whether somebody is on a list: such a rule cannot be snoozed. */
  listHit: { found: boolean };
}

const MEASURES = ["fact", "navShare", "bucketShare", "ownership", "count", "age", "amountInWindow"] as const;
const SHORT = ["classification", "country", "listHit"] as const;
export const OPERATORS = ["all", "any", "not", ...MEASURES, ...SHORT] as const;
const DAYS_MOST = 3_660;

/** Reads a condition; whatever is wrong goes to `reading.problem`, and then there is no tree. */
export function readCondition(given: unknown, path: Path, reading: Reading, depth = 0): Condition | undefined {
  if (depth > 12) return reading.problem(path, "is nested deeper than 12");
  if (!isRecord(given))
    return reading.problem(path, `takes a condition: an object with one of ${OPERATORS.join(", ")}`);
  const named = OPERATORS.filter((name) => Object.hasOwn(given, name));
  const [name] = named;
  if (name === undefined || named.length > 1)
    return reading.problem(
      path,
      `names ${name === undefined ? "no operator" : named.join(" and ")}; takes one of ${OPERATORS.join(", ")}`,
    );
  const at = [...path, name];
  if (name === "all" || name === "any") {
    const nodes = given[name];
    if (!only(given, [name], path, reading)) return undefined;
    if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > 50)
      return reading.problem(at, "takes a list of 1 to 50 conditions");
    const read = nodes.map((node, i) => readCondition(node, [...at, i], reading, depth + 1));
    return read.every((node) => node !== undefined) ? { op: name, nodes: read } : undefined;
  }
  if (name === "not") {
    if (!only(given, [name], path, reading)) return undefined;
    const node = readCondition(given[name], at, reading, depth + 1);
    return node === undefined ? undefined : { op: "not", node };
  }
  if (name === "classification" || name === "country" || name === "listHit")
    return readShort(name, given, path, reading);
  const measure = readMeasure(name, given[name], at, reading, depth);
  const test = readTest(given, name, measure === undefined ? undefined : typeOf(measure), path, reading);
  return measure === undefined || test === undefined
    ? undefined
    : { op: "compare", measure, test, words: `${measureWords(measure)} ${testWords(test)}` };
}

function readMeasure(
  name: (typeof MEASURES)[number],
  given: unknown,
  path: Path,
  reading: Reading,
  depth: number,
): Measure | undefined {
  const where = (list: string, value: unknown): Condition | undefined | "wrong" =>
    value === undefined
      ? undefined
      : (readCondition(value, [...path, "where"], { ...reading, within: list }, depth + 1) ?? "wrong");
  switch (name) {
    case "fact":
      return readFact(given, path, reading);
    case "age": {
      const shape = shaped(z.strictObject({ of: z.string(), in: z.enum(["years", "days"]) }), given, path, reading);
      const found = shape === undefined ? undefined : readFact(shape.of, [...path, "of"], reading);
      if (shape === undefined || found === undefined) return undefined;
      if (found.fact.type !== "date")
        return reading.problem([...path, "of"], `takes a date, one of ${datesOf(reading)}`);
      return { ...found, of: "age", unit: shape.in };
    }
    case "navShare": {
      const shape = shaped(
        z.strictObject({
          where: z.unknown().optional(),
          largest: z.enum(["id", "issuer", "country", "type"]).optional(),
          base: z.enum(["nav", "capital"]).default("nav"),
        }),
        given,
        path,
        reading,
      );
      const read = shape === undefined ? "wrong" : where("positions", shape.where);
      return shape === undefined || read === "wrong"
        ? undefined
        : { of: name, where: read, groupBy: shape.largest, base: shape.base };
    }
    case "bucketShare": {
      const buckets = LISTS.ladder?.bucket?.values as readonly [string, ...string[]];
      const shape = shaped(
        z.strictObject({
          side: z.enum(["asset", "liability"]),
          within: z.enum(buckets),
          base: z.enum(["nav", "capital"]).default("nav"),
        }),
        given,
        path,
        reading,
      );
      return shape === undefined ? undefined : { of: name, ...shape };
    }
    case "ownership": {
      const shape = shaped(
        z.strictObject({ take: z.enum(["largest", "sum"]), where: z.unknown().optional() }),
        given,
        path,
        reading,
      );
      const read = shape === undefined ? "wrong" : where("owners", shape.where);
      return shape === undefined || read === "wrong" ? undefined : { of: name, take: shape.take, where: read };
    }
    case "count": {
      const lists = Object.keys(LISTS) as [string, ...string[]];
      const shape = shaped(z.strictObject({ of: z.enum(lists), where: z.unknown().optional() }), given, path, reading);
      const read = shape === undefined ? "wrong" : where(shape.of, shape.where);
      return shape === undefined || read === "wrong" ? undefined : { of: name, list: shape.of, where: read };
    }
    case "amountInWindow": {
      const shape = shaped(
        z.strictObject({
          days: z.int().min(1).max(DAYS_MOST),
          where: z.unknown().optional(),
          withThis: z.boolean().default(true),
        }),
        given,
        path,
        reading,
      );
      const read = shape === undefined ? "wrong" : where("history", shape.where);
      return shape === undefined || read === "wrong"
        ? undefined
        : { of: name, days: shape.days, where: read, withThis: shape.withThis };
    }
  }
}

/** `classification: [retail]`, `country: {of, in}` and `listHit: {of, standing}`: said shortly, the same tree. */
function readShort(
  name: (typeof SHORT)[number],
  given: Record<string, unknown>,
  path: Path,
  reading: Reading,
): Condition | undefined {
  const at = [...path, name];
  if (!only(given, [name], path, reading)) return undefined;
  const compare = (factPath: string, test: Test, words: string): Condition => ({
    op: "compare",
    measure: { of: "fact", path: factPath, item: false, fact: FACTS[factPath] as Fact },
    test,
    words,
  });
  if (name === "classification") {
    const values = FACTS["investor.classification"]?.values as readonly [string, ...string[]];
    const list = shaped(z.array(z.enum(values)).min(1), given[name], at, reading);
    return list === undefined
      ? undefined
      : compare("investor.classification", { by: "in", value: list }, `classification is one of ${list.join(", ")}`);
  }
  if (name === "country") {
    const shape = shaped(
      z.strictObject({
        of: z.enum(["investor.residence", "investor.nationality", "owners"]),
        in: z.union([z.string(), z.array(z.string().regex(/^[A-Z]{2}$/)).min(1)]),
      }),
      given[name],
      at,
      reading,
    );
    if (shape === undefined) return undefined;
    const countries = typeof shape.in === "string" ? reading.sets[shape.in] : shape.in;
    if (countries === undefined)
      return reading.problem([...at, "in"], `is no set of the pack; there ${named(Object.keys(reading.sets))}`);
    const words = `is in ${typeof shape.in === "string" ? shape.in : shape.in.join(", ")}`;
    if (shape.of !== "owners") return compare(shape.of, { by: "in", value: countries }, `${shape.of} ${words}`);
    const fact = LISTS.owners?.residence as Fact;
    const where: Condition = {
      op: "compare",
      measure: { of: "fact", path: "residence", item: true, fact },
      test: { by: "in", value: countries },
      words: `item.residence ${words}`,
    };
    return { op: "some", list: "owners", where, words: `residence of an owner ${words}` };
  }
  const standings = LISTS.owners?.screening?.values as readonly [string, ...string[]];
  const shape = shaped(
    z.strictObject({ of: z.enum(["investor", "owners"]), standing: z.array(z.enum(standings)).min(1) }),
    given[name],
    at,
    reading,
  );
  if (shape === undefined) return undefined;
  reading.listHit.found = true;
  const test: Test = { by: "in", value: shape.standing };
  const words = `is ${shape.standing.join(" or ")}`;
  if (shape.of === "investor") return compare("investor.screening", test, `screening of the investor ${words}`);
  const fact = LISTS.owners?.screening as Fact;
  const where: Condition = {
    op: "compare",
    measure: { of: "fact", path: "screening", item: true, fact },
    test,
    words: `item.screening ${words}`,
  };
  return { op: "some", list: "owners", where, words: `screening of an owner ${words}` };
}

function readFact(given: unknown, path: Path, reading: Reading): Extract<Measure, { of: "fact" }> | undefined {
  const elements = reading.within === undefined ? undefined : LISTS[reading.within];
  const fields = elements === undefined ? [] : Object.keys(elements).map((name) => `item.${name}`);
  if (
    typeof given === "string" &&
    elements !== undefined &&
    given.startsWith("item.") &&
    Object.hasOwn(elements, given.slice(5))
  )
    return { of: "fact", path: given.slice(5), item: true, fact: elements[given.slice(5)] as Fact };
  if (typeof given === "string" && Object.hasOwn(FACTS, given))
    return { of: "fact", path: given, item: false, fact: FACTS[given] as Fact };
  return reading.problem(path, `is no fact; takes one of ${[...fields, ...Object.keys(FACTS)].join(", ")}`);
}

const datesOf = (reading: Reading): string =>
  [
    ...Object.entries(reading.within === undefined ? {} : (LISTS[reading.within] ?? {})).flatMap(([name, { type }]) =>
      type === "date" ? [`item.${name}`] : [],
    ),
    ...Object.entries(FACTS).flatMap(([name, { type }]) => (type === "date" ? [name] : [])),
  ].join(", ");

/** Comparators that make sense for a type. */
const FITTING: Readonly<Record<Fact["type"], readonly Comparator[]>> = {
  number: ["eq", "ne", "lt", "lte", "gt", "gte", "known"],
  date: ["eq", "ne", "lt", "lte", "gt", "gte", "known"],
  text: ["eq", "ne", "in", "notIn", "known"],
  country: ["eq", "ne", "in", "notIn", "known"],
  flag: ["eq", "known"],
  texts: ["contains", "overlaps", "known"],
};

function readTest(
  given: Record<string, unknown>,
  operator: string,
  fact: Fact | undefined,
  path: Path,
  reading: Reading,
): Test | undefined {
  const named = COMPARATORS.filter((name) => Object.hasOwn(given, name));
  const [by] = named;
  const fitting = fact === undefined ? COMPARATORS : FITTING[fact.type];
  if (!only(given, [operator, ...COMPARATORS], path, reading)) return undefined;
  if (by === undefined || named.length > 1)
    return reading.problem(
      path,
      `compares by ${by === undefined ? "nothing" : named.join(" and ")}; takes one of ${fitting.join(", ")}`,
    );
  if (fact === undefined) return undefined;
  const at = [...path, by];
  if (!fitting.includes(by)) return reading.problem(at, `does not fit ${operator}; takes one of ${fitting.join(", ")}`);
  let value = given[by];
  if (by === "known") return typeof value === "boolean" ? { by, value } : reading.problem(at, "takes true or false");
  const single: Fact = fact.type === "texts" ? { type: "text", words: fact.words } : fact;
  const allowed = single.values === undefined ? TYPE_WORDS[single.type] : single.values.join(", ");
  if (by === "in" || by === "notIn" || by === "overlaps") {
    if (typeof value === "string") {
      const set = reading.sets[value];
      if (set === undefined)
        return reading.problem(at, `is no set of the pack; there ${listed(Object.keys(reading.sets))}`);
      value = set;
    }
    return Array.isArray(value) && value.length > 0 && value.every((one) => isOfType(single, one))
      ? { by, value }
      : reading.problem(at, `takes a list of ${allowed}, or the name of a set`);
  }
  return isOfType(single, value) ? { by, value } : reading.problem(at, `takes ${allowed}`);
}

const listed = (names: readonly string[]): string => (names.length === 0 ? "are none" : `are ${names.join(", ")}`);
const named = listed;

const NUMBER: Fact = { type: "number", words: "a number" };
const typeOf = (measure: Measure): Fact => (measure.of === "fact" ? measure.fact : NUMBER);

function only(given: Record<string, unknown>, keys: readonly string[], path: Path, reading: Reading): boolean {
  const strange = Object.keys(given).find((key) => !keys.includes(key));
  if (strange !== undefined) reading.problem([...path, strange], `is not known here; takes ${keys.join(", ")}`);
  return strange === undefined;
}

function shaped<S extends z.ZodType>(shape: S, given: unknown, path: Path, reading: Reading): z.output<S> | undefined {
  const read = shape.safeParse(given);
  if (read.success) return read.data;
  for (const issue of read.error.issues)
    reading.problem([...path, ...(issue.path as (string | number)[])], issueWords(issue));
  return undefined;
}

/** What zod found, with the values that are allowed. */
export function issueWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return `takes ${issue.values.map(String).join(", ")}`;
    case "unrecognized_keys":
      return `does not know ${issue.keys.join(", ")}`;
    case "invalid_type":
      return issue.input === undefined ? `is missing: takes ${issue.expected}` : `takes ${issue.expected}`;
    default:
      return issue.message;
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function measureWords(measure: Measure): string {
  switch (measure.of) {
    case "fact":
      return measure.item ? `item.${measure.path}` : measure.path;
    case "age":
      return `${measure.unit} since ${measure.item ? "item." : ""}${measure.path}`;
    case "navShare":
      return `${measure.groupBy === undefined ? "share" : `largest share of one ${measure.groupBy === "id" ? "asset" : measure.groupBy}`} of ${measure.base}`;
    case "bucketShare":
      return `${measure.side}s within ${measure.within} as share of ${measure.base}`;
    case "ownership":
      return measure.take === "largest" ? "largest ownership" : "ownership together";
    case "count":
      return `number of ${measure.list}`;
    case "amountInWindow":
      return `amount over ${measure.days} days`;
  }
}
const SIGNS: Readonly<Record<Comparator, string>> = {
  eq: "=",
  ne: "≠",
  lt: "<",
  lte: "≤",
  gt: ">",
  gte: "≥",
  in: "is one of",
  notIn: "is none of",
  contains: "contains",
  overlaps: "has one of",
  known: "known:",
};
const testWords = ({ by, value }: Test): string =>
  `${SIGNS[by]} ${Array.isArray(value) ? (value.length > 8 ? `${value.length} values` : value.join(", ")) : String(value)}`;
