// A scenario's factors as what pricers ask for: days of its periods, and the level of every factor by name. A scenario says levels against the base date;
// pricers want what that means up to a period and in it. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import {
  FACTORS,
  type FactorName,
  type Periods,
  readAddress,
  TENOR_YEARS,
} from "@evergreen-fund/domain/scenarios/index.ts";
import { addDays, addMonths } from "../dealing/calendar.ts";
import { decimal, type Exact, ONE, ratioText, ZERO } from "../money.ts";
import { type Cell, factorFor, type KeyRate, keyRates } from "../scenarios/index.ts";
import { curvePoints, interpolate } from "../valuation/curve.ts";
import type { Shocks } from "../valuation/moves.ts";

/** The last day of each period, counted from the day of valuation; an instant is that day itself. A month's end stays a month's end. */
export function periodDays(asOf: string, periods: Periods | null): string[] {
  if (periods === null) return [asOf];
  const last = addDays(asOf, 1).endsWith("-01");
  const months = periods.unit === "quarter" ? 3 : 1;
  return Array.from({ length: periods.count }, (_, index) => {
    if (periods.unit === "day") return addDays(asOf, index + 1);
    const step = (index + 1) * months;
    return last ? addDays(addMonths(addDays(asOf, 1), step), -1) : addMonths(asOf, step);
  });
}

/** Days from the start to the end of one period; 0 for an instant. */
export const PERIOD_DAYS = { day: 1, month: 30, quarter: 90 } as const;

export interface Levels extends Shocks {
  /** Levels by period of a factor of a pricer, or null where the scenario says nothing that fits it. */
  of(name: string): readonly Exact[] | null;
  /** The value of an address of the liability or asset side in a period (1 is the first), or null. */
  term(name: FactorName, parts: readonly string[], period: number): Exact | null;
  /** Addresses of the scenario that something has asked for. */
  used(): ReadonlySet<string>;
}

/**
 * Names that pricers use: `rates.parallel.USD`, `rates.key.USD.10y`, `rates.at.USD.4.5` (parallel and key rates together at so many years), `spread.CLASS`,
 * `equity.REGION.SECTOR`, `price.CLASS`, `cap_rate.CLASS`, `cash_flow.CLASS`, `fx.EUR.USD` (one in the other: (1 + a) / (1 + b) − 1). A name to which no
 * address fits stands still. Errors: EG400 for another name, or for a factor without a value in a period.
 */
export function levelsOf(factors: Cell["factors"], count: number): Levels {
  const used = new Set<string>();
  const known = new Map<string, readonly Exact[] | null>();
  const read = (address: string, values: readonly string[]): Exact[] => {
    used.add(address);
    if (values.length !== count) throw new EvergreenError("EG400", `${address}: expected one value per period.`);
    return values.map(decimal);
  };
  const fitting = (name: FactorName, parts: readonly string[]): readonly Exact[] | null => {
    const found = factorFor(factors, name, parts);
    return found === undefined ? null : read(found.address, found.values);
  };
  const keysOf = (currency: string): KeyRate[] => {
    const keys = keyRates(factors, currency);
    const own = keys.some(({ tenor }) => Object.hasOwn(factors, `rates.key.${currency}.${tenor}`));
    for (const { tenor } of keys) used.add(`rates.key.${own ? currency : "all"}.${tenor}`);
    return keys;
  };
  const alone = (currency: string): readonly Exact[] | null => {
    const address = `fx.${currency}`;
    return Object.hasOwn(factors, address) ? read(address, factors[address] as readonly string[]) : null;
  };
  const pair = (of: string, inCurrency: string): Exact[] | null => {
    const [a, b] = [alone(of), alone(inCurrency)];
    if (a === null && b === null) return null;
    return Array.from({ length: count }, (_, i) =>
      ONE.plus(a?.[i] ?? ZERO)
        .div(ONE.plus(b?.[i] ?? ZERO))
        .minus(1),
    );
  };
  const rateAt = (currency: string, years: Exact): Exact[] | null => {
    const parallel = fitting("rates.parallel", [currency]);
    const keys = keysOf(currency);
    if (parallel === null && keys.length === 0) return null;
    return Array.from({ length: count }, (_, i) => {
      const points = keys.map((key) => ({ years: decimal(String(key.years)), value: decimal(key.values[i]!) }));
      const keyed = points.length === 0 ? ZERO : interpolate(curvePoints(points), years);
      return keyed.plus(parallel?.[i] ?? ZERO);
    });
  };
  const resolve = (name: string): readonly Exact[] | null => {
    const [first = "", second = "", third = "", ...rest] = name.split(".");
    if (first === "fx") return pair(second, third);
    if (first === "rates" && second === "at") return rateAt(third, decimal(rest.join(".")));
    if (first === "rates" && second === "parallel") return fitting("rates.parallel", [third]);
    if (first === "rates" && second === "key") {
      const key = keysOf(third).find(({ tenor }) => tenor === rest[0]);
      return key === undefined ? null : read(name, key.values);
    }
    if (["spread", "equity", "price", "cap_rate", "cash_flow"].includes(first))
      return fitting(first as FactorName, third === "" ? [second] : [second, third]);
    throw new EvergreenError("EG400", `${name} is no factor of a pricer.`);
  };
  const of = (name: string): readonly Exact[] | null => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const levels = resolve(name);
    known.set(name, levels);
    return levels;
  };
  const at = (name: string, last: number): Exact => (last < 1 ? ZERO : (of(name)?.[last - 1] ?? ZERO));
  return {
    of,
    used: () => used,
    term(name, parts, period) {
      const found = factorFor(factors, name, parts);
      if (found === undefined) return null;
      used.add(found.address);
      const value = found.values[period - 1];
      if (value === undefined) throw new EvergreenError("EG400", `${found.address}: expected one value per period.`);
      return decimal(value);
    },
    basisPoints: at,
    level: (name, last) => at(name, last).plus(1),
    ratio(name, period) {
      const before = at(name, period - 1).plus(1);
      // what is worth nothing does not come back
      return before.isZero() ? ZERO : at(name, period).plus(1).div(before).minus(1);
    },
  };
}

/** The tenor of a report ("5y", "3m") in years. Errors: EG400 for a tenor that no curve has. */
export function tenorYears(tenor: string): string {
  const years = (TENOR_YEARS as Readonly<Record<string, number>>)[tenor];
  if (years !== undefined) return String(years);
  const read = /^(\d{1,3})([my])$/.exec(tenor);
  if (read === null) throw new EvergreenError("EG400", `${tenor} is no tenor such as 3m or 10y.`);
  return read[2] === "y" ? read[1]! : ratioText(decimal(read[1]!).div(12));
}

/** Whether an address moves what assets are worth. */
export function movesValues(address: string): boolean {
  const read = readAddress(address);
  return !("problem" in read) && (FACTORS[read.name].side === "market" || read.name === "marks.catch_up_days");
}
