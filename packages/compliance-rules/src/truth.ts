// Answers alone, without their reasons: what a fact is, whether a condition holds for an element of a list, how much a measure is.
import { BUCKET_DAYS, type Bucket } from "@evergreen-fund/domain/buckets.ts";
import { type Exact, ZERO } from "@evergreen-fund/finance/money.ts";
import { type Comparator, type Condition, isRecord, type Measure, type Test } from "./condition.ts";
import { type Facts, type FactType, isOfType } from "./facts.ts";
import { type Compared, personalKey } from "./personal-key.ts";
import {
  compareFigures,
  dayNumber,
  exactOf,
  type Figure,
  figureOf,
  figureOfCount,
  figureOfExact,
  wholeYears,
} from "./values.ts";

export interface Scope {
  facts: Facts;
  asOf: string;
  /** What was measured already, by the measure: rules of a pack share measures. */
  measured: Map<string, Measured>;
}

export interface Measured {
  figure?: Figure;
  lacks?: readonly string[];
  groups?: readonly { key: string; amount: Exact; figure: Figure }[];
}

export type Item = Readonly<Record<string, unknown>>;
/** The answer alone, for elements of lists, of which there are many. */
export type Truth = (scope: Scope, item: Item | undefined) => boolean | null;

export type Value = string | boolean | readonly string[];

/** What was answered elsewhere about a personal fact that is not here: by whoever may see it, never with its value. */
export function answerOf(condition: Compared): ((scope: Scope, item?: Item) => boolean | undefined) | undefined {
  const key = personalKey(condition);
  const { measure } = condition;
  if (key === undefined || (measure.of !== "fact" && measure.of !== "age")) return undefined;
  return ({ facts }, item) => {
    const answers = measure.item ? item?.tests : facts.tests;
    const answer = isRecord(answers) ? answers[key] : undefined;
    return typeof answer === "boolean" ? answer : undefined;
  };
}

/** A condition as its answer alone. */
export function truthOf(condition: Condition): Truth {
  switch (condition.op) {
    case "all":
    case "any": {
      const parts = condition.nodes.map(truthOf);
      const decisive = condition.op === "any";
      return (scope, item) => {
        let is: boolean | null = !decisive;
        for (const part of parts) {
          const does = part(scope, item);
          if (does === decisive) return decisive;
          if (does === null) is = null;
        }
        return is;
      };
    }
    case "not": {
      const inner = truthOf(condition.node);
      return (scope, item) => {
        const does = inner(scope, item);
        return does === null ? null : !does;
      };
    }
    case "some": {
      const passes = truthOf(condition.where);
      return (scope) => {
        const elements = scope.facts[condition.list];
        if (!Array.isArray(elements)) return null;
        const found = elements.map((element) => passes(scope, element));
        return found.includes(true) ? true : found.includes(null) ? null : false;
      };
    }
    case "compare": {
      const { measure, test } = condition;
      if (measure.of === "fact") {
        const read = reader(measure);
        const answered = answerOf(condition);
        if (test.by === "known")
          return (scope, item) =>
            read(scope, item) !== undefined ? test.value === true : (answered?.(scope, item) ?? test.value === false);
        const holds = comparison(measure.fact.type, test);
        return (scope, item) => {
          const value = read(scope, item);
          return value === undefined ? (answered?.(scope, item) ?? null) : holds(value);
        };
      }
      const inner = measuring(measure);
      if (test.by === "known") return (scope, item) => (inner(scope, item).figure !== undefined) === test.value;
      const right = figureOf(test.value as string);
      const sign = signOf(test.by);
      const answered = answerOf(condition);
      return (scope, item) => {
        const { figure } = inner(scope, item);
        return figure === undefined ? (answered?.(scope, item) ?? null) : sign(compareFigures(figure, right));
      };
    }
  }
}

/** The value of a fact, or undefined where it is not known or not of its type. */
export function reader({
  path,
  item,
  fact,
}: Extract<Measure, { of: "fact" | "age" }>): (scope: Scope, item?: Item) => Value | undefined {
  const checked = (value: unknown): Value | undefined => (isOfType(fact, value) ? (value as Value) : undefined);
  if (item) return (_scope, element) => checked(element?.[path]);
  const [group = "", name = ""] = path.split(".");
  return ({ facts }) => {
    const found = facts[group];
    return found === null || found === undefined || Array.isArray(found)
      ? undefined
      : checked((found as Record<string, unknown>)[name]);
  };
}

export function comparison(type: FactType, { by, value }: Test): (given: Value) => boolean {
  if (type === "number") {
    const right = figureOf(value as string);
    const sign = signOf(by);
    return (given) => sign(compareFigures(figureOf(given as string), right));
  }
  if (type === "date") {
    const sign = signOf(by);
    return (given) => sign((given as string) < (value as string) ? -1 : given === value ? 0 : 1);
  }
  switch (by) {
    case "in": {
      const set = new Set(value as string[]);
      return (given) => set.has(given as string);
    }
    case "notIn": {
      const set = new Set(value as string[]);
      return (given) => !set.has(given as string);
    }
    case "contains":
      return (given) => (given as readonly string[]).includes(value as string);
    case "overlaps":
      return (given) => (given as readonly string[]).some((one) => (value as string[]).includes(one));
    case "ne":
      return (given) => given !== value;
    default:
      return (given) => given === value;
  }
}

export function signOf(by: Comparator): (sign: number) => boolean {
  switch (by) {
    case "lt":
      return (sign) => sign < 0;
    case "lte":
      return (sign) => sign <= 0;
    case "gt":
      return (sign) => sign > 0;
    case "gte":
      return (sign) => sign >= 0;
    case "ne":
      return (sign) => sign !== 0;
    default:
      return (sign) => sign === 0;
  }
}

const without = (...lacks: string[]): Measured => ({ lacks });

export function measuring(
  measure: Exclude<Measure, { of: "fact" }>,
): (scope: Scope, item: Item | undefined) => Measured {
  switch (measure.of) {
    case "age": {
      const read = reader(measure);
      const lacks = { lacks: [measure.item ? `item.${measure.path}` : measure.path] };
      return (scope, item) => {
        const from = read(scope, item) as string | undefined;
        if (from === undefined) return lacks;
        return {
          figure: figureOfCount(
            measure.unit === "years" ? wholeYears(from, scope.asOf) : dayNumber(scope.asOf) - dayNumber(from),
          ),
        };
      };
    }
    case "navShare":
      return navShare(measure);
    case "bucketShare": {
      const most = BUCKET_DAYS[measure.within as Bucket];
      return (scope) => {
        const sum = sumOf(scope, "ladder", "amount", (item) =>
          item.side !== measure.side ? false : isBucket(item.bucket) ? BUCKET_DAYS[item.bucket] <= most : null,
        );
        return typeof sum === "string" ? without(sum) : shareOf(scope, sum, measure.base);
      };
    }
    case "ownership": {
      const passes = filter(measure.where);
      return (scope) => {
        const owners = scope.facts.owners;
        if (!Array.isArray(owners)) return without("owners");
        let result = ZERO;
        for (const item of owners) {
          const counts = passes(scope, item);
          if (counts === null || !isDecimal(item.share)) return without("owners.share");
          if (!counts) continue;
          const share = exactOf(figureOf(item.share));
          result = measure.take === "sum" ? result.plus(share) : share.gt(result) ? share : result;
        }
        return { figure: figureOfExact(result) };
      };
    }
    case "count": {
      const passes = filter(measure.where);
      return (scope) => {
        const elements = scope.facts[measure.list];
        if (!Array.isArray(elements)) return without(measure.list);
        let count = 0;
        for (const item of elements) {
          const counts = passes(scope, item);
          if (counts === null) return without(`${measure.list} (a field that is asked for)`);
          if (counts) count++;
        }
        return { figure: figureOfCount(count) };
      };
    }
    case "amountInWindow": {
      const passes = filter(measure.where);
      return (scope) => {
        const last = dayNumber(scope.asOf);
        const sum = sumOf(scope, "history", "amount", (item) => {
          if (typeof item.on !== "string" || !isOfType({ type: "date", words: "" }, item.on)) return null;
          const age = last - dayNumber(item.on);
          return age < 0 || age >= measure.days ? false : passes(scope, item);
        });
        if (typeof sum === "string") return without(sum);
        if (!measure.withThis) return { figure: figureOfExact(sum) };
        const order = scope.facts.order as Record<string, unknown> | null | undefined;
        if (!isDecimal(order?.amount)) return without("order.amount");
        const counts = passes(scope, { on: scope.asOf, ...order });
        if (counts === null) return without("order");
        return { figure: figureOfExact(counts ? sum.plus(exactOf(figureOf(order.amount))) : sum) };
      };
    }
  }
}

const isDecimal = (value: unknown): value is string => isOfType({ type: "number", words: "" }, value);
const isBucket = (value: unknown): value is Bucket => typeof value === "string" && Object.hasOwn(BUCKET_DAYS, value);

/** Whether an element counts; null when it cannot be said, and then nothing that is summed over it can. */
const filter = (where: Condition | undefined): Truth => (where === undefined ? () => true : truthOf(where));

/** The sum over the elements that count, or the name of what is not known. */
function sumOf(scope: Scope, list: string, field: string, counts: (item: Item) => boolean | null): Exact | string {
  const elements = scope.facts[list];
  if (!Array.isArray(elements)) return list;
  let sum = ZERO;
  for (const item of elements as Item[]) {
    const does = counts(item);
    if (does === null) return `${list} (a field that is asked for)`;
    if (!does) continue;
    const value = item[field];
    if (!isDecimal(value)) return `${list}.${field}`;
    sum = sum.plus(exactOf(figureOf(value)));
  }
  return sum;
}

/** A share of nothing is not known: a fund without value has no shares of it. */
function baseOf(scope: Scope, base: string): Exact | undefined {
  const value = (scope.facts.fund as Record<string, unknown> | null | undefined)?.[base];
  if (!isDecimal(value)) return undefined;
  const exact = exactOf(figureOf(value));
  return exact.gt(0) ? exact : undefined;
}

function shareOf(scope: Scope, sum: Exact, base: string): Measured {
  const whole = baseOf(scope, base);
  if (whole === undefined) return without(`fund.${base}`);
  const figure = figureOfExact(sum.div(whole));
  return { figure, groups: [{ key: "all", amount: sum, figure }] };
}

function navShare({ where, groupBy, base }: Extract<Measure, { of: "navShare" }>): (scope: Scope) => Measured {
  const passes = filter(where);
  return (scope) => {
    if (groupBy === undefined) {
      const sum = sumOf(scope, "positions", "value", (item) => passes(scope, item));
      return typeof sum === "string" ? without(sum) : shareOf(scope, sum, base);
    }
    const positions = scope.facts.positions;
    const whole = baseOf(scope, base);
    if (!Array.isArray(positions)) return without("positions");
    if (whole === undefined) return without(`fund.${base}`);
    const groups = new Map<string, Exact>();
    for (const item of positions as Item[]) {
      const counts = passes(scope, item);
      if (counts === null) return without("positions (a field that is asked for)");
      if (!counts) continue;
      const group = item[groupBy];
      if (typeof group !== "string") return without(`positions.${groupBy}`);
      if (!isDecimal(item.value)) return without("positions.value");
      groups.set(group, (groups.get(group) ?? ZERO).plus(exactOf(figureOf(item.value))));
    }
    const shares = [...groups].map(([key, amount]) => ({ key, amount, figure: figureOfExact(amount.div(whole)) }));
    let largest = figureOf("0");
    for (const { figure } of shares) if (compareFigures(figure, largest) > 0) largest = figure;
    return { figure: largest, groups: shares };
  };
}
