// The same conditions, read slowly and plainly as they are written: what the compiled rules are compared with in tests and in the bench.
// No doubles, no memory of what was measured, no explanation.
import { BUCKET_DAYS, type Bucket } from "@evergreen-fund/domain/buckets.ts";
import { Exact } from "@evergreen-fund/finance/money.ts";
import type { Condition, Measure } from "./condition.ts";
import { type Facts, isOfType, LISTS } from "./facts.ts";

type Item = Readonly<Record<string, unknown>>;

/** True, false, or null where it is not known. */
export function holdsPlainly(condition: Condition, facts: Facts, asOf: string, item?: Item): boolean | null {
  switch (condition.op) {
    case "not": {
      const inner = holdsPlainly(condition.node, facts, asOf, item);
      return inner === null ? null : !inner;
    }
    case "all":
    case "any": {
      const found = condition.nodes.map((node) => holdsPlainly(node, facts, asOf, item));
      const decisive = condition.op === "any";
      return found.includes(decisive) ? decisive : found.includes(null) ? null : !decisive;
    }
    case "some": {
      const elements = facts[condition.list];
      if (!Array.isArray(elements)) return null;
      const found = elements.map((element) => holdsPlainly(condition.where, facts, asOf, element));
      return found.includes(true) ? true : found.includes(null) ? null : false;
    }
    case "compare": {
      const { by, value } = condition.test;
      const left = measured(condition.measure, facts, asOf, item);
      if (by === "known") return (left !== undefined) === value;
      if (left === undefined) return null;
      if (by === "in" || by === "notIn") return (value as unknown[]).includes(left) === (by === "in");
      if (by === "contains") return (left as unknown[]).includes(value);
      if (by === "overlaps") return (value as unknown[]).some((one) => (left as unknown[]).includes(one));
      if (left instanceof Exact) {
        const sign = left.cmp(new Exact(value as string));
        return { eq: sign === 0, ne: sign !== 0, lt: sign < 0, lte: sign <= 0, gt: sign > 0, gte: sign >= 0 }[by];
      }
      const [a, b] = [left as string, value as string];
      return { eq: a === b, ne: a !== b, lt: a < b, lte: a <= b, gt: a > b, gte: a >= b }[by];
    }
  }
}

function measured(measure: Measure, facts: Facts, asOf: string, item?: Item): unknown {
  const elements = (list: string, where: Condition | undefined): Item[] | undefined => {
    const all = facts[list];
    if (!Array.isArray(all)) return undefined;
    const found = all.map((one) => (where === undefined ? true : holdsPlainly(where, facts, asOf, one)));
    return found.includes(null) ? undefined : all.filter((_, i) => found[i]);
  };
  const figure = (value: unknown): Exact | undefined =>
    isOfType({ type: "number", words: "" }, value) ? new Exact(value as string) : undefined;
  const total = (items: Item[] | undefined, field: string): Exact | undefined => {
    const figures = items?.map((one) => figure(one[field]));
    return figures === undefined || figures.includes(undefined)
      ? undefined
      : figures.reduce<Exact>((sum, one) => sum.plus(one as Exact), new Exact(0));
  };
  const base = (name: string): Exact | undefined => {
    const value = figure((facts.fund as Item | undefined)?.[name]);
    return value?.gt(0) ? value : undefined;
  };
  const share = (sum: Exact | undefined, name: string): Exact | undefined => {
    const whole = base(name);
    return sum === undefined || whole === undefined ? undefined : sum.div(whole);
  };
  switch (measure.of) {
    case "fact":
    case "age": {
      const [group = "", name = ""] = measure.path.split(".");
      const raw = measure.item ? item?.[measure.path] : (facts[group] as Item | null | undefined)?.[name];
      if (!isOfType(measure.fact, raw)) return undefined;
      if (measure.of === "fact") return measure.fact.type === "number" ? figure(raw) : raw;
      return new Exact(
        measure.unit === "days"
          ? (Date.parse(asOf) - Date.parse(raw as string)) / 86_400_000
          : years(raw as string, asOf),
      );
    }
    case "navShare": {
      const found = elements("positions", measure.where);
      if (found === undefined || measure.groupBy === undefined) return share(total(found, "value"), measure.base);
      const field = measure.groupBy;
      if (found.some((one) => typeof one[field] !== "string")) return undefined;
      const groups = [...new Set(found.map((one) => one[field]))].map((key) =>
        share(
          total(
            found.filter((one) => one[field] === key),
            "value",
          ),
          measure.base,
        ),
      );
      if (groups.includes(undefined) || base(measure.base) === undefined) return undefined;
      return groups.reduce<Exact>((most, one) => ((one as Exact).gt(most) ? (one as Exact) : most), new Exact(0));
    }
    case "bucketShare": {
      const all = facts.ladder;
      if (!Array.isArray(all)) return undefined;
      const side = all.filter((one) => one.side === measure.side);
      if (side.some((one) => !isOfType(LISTS.ladder?.bucket as never, one.bucket))) return undefined;
      const near = side.filter((one) => BUCKET_DAYS[one.bucket as Bucket] <= BUCKET_DAYS[measure.within as Bucket]);
      return share(total(near, "amount"), measure.base);
    }
    case "ownership": {
      const shares = elements("owners", measure.where)?.map((one) => figure(one.share));
      if (
        !Array.isArray(facts.owners) ||
        shares === undefined ||
        facts.owners.some((one) => figure((one as Item).share) === undefined)
      )
        return undefined;
      const known = shares as Exact[];
      return measure.take === "sum"
        ? known.reduce((sum, one) => sum.plus(one), new Exact(0))
        : known.reduce((most, one) => (one.gt(most) ? one : most), new Exact(0));
    }
    case "count": {
      const found = elements(measure.list, measure.where);
      return found === undefined ? undefined : new Exact(found.length);
    }
    case "amountInWindow": {
      const all = facts.history;
      if (!Array.isArray(all) || all.some((one) => !isOfType({ type: "date", words: "" }, one.on))) return undefined;
      const near = all.filter((one) => {
        const age = (Date.parse(asOf) - Date.parse(one.on as string)) / 86_400_000;
        return age >= 0 && age < measure.days;
      });
      const order = facts.order as Item | null | undefined;
      if (measure.withThis && figure(order?.amount) === undefined) return undefined;
      const counted = [...near, ...(measure.withThis ? [{ on: asOf, ...order }] : [])].map((one) => ({
        one: one as Item,
        is: measure.where === undefined ? true : holdsPlainly(measure.where, facts, asOf, one as Item),
      }));
      return counted.some(({ is }) => is === null)
        ? undefined
        : total(
            counted.flatMap(({ one, is }) => (is ? [one] : [])),
            "amount",
          );
    }
  }
}

function years(from: string, to: string): number {
  const [y, rest] = [Number(from.slice(0, 4)), from.slice(5)];
  return Number(to.slice(0, 4)) - y - (to.slice(5) < rest ? 1 : 0);
}
