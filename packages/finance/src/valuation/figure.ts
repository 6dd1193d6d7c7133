// What every number of a valuation says about itself: value, method, the inputs it was made from, and how old the oldest of them is. Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day, daysBetween } from "../fees/days.ts";
import { decimal, type Exact } from "../money.ts";
import { Name } from "../parse.ts";

/** One observation of a series: a rate as a ratio (0.035), an index level, a price of a currency. */
export const Observation = z.strictObject({ series: Name, asOf: Day, value: DecimalString });
export type Observation = z.infer<typeof Observation>;

export const Source = z.strictObject({ series: z.string(), asOf: Day, value: z.string(), ageDays: z.int() });
export type Source = z.infer<typeof Source>;

export const Figure = z.strictObject({
  value: z.string(),
  method: z.string(),
  inputs: z.array(Source),
  /** Days since the oldest input was observed, at the day of valuation; null where nothing was observed. */
  age: z.int().nullable(),
});
export type Figure = z.infer<typeof Figure>;

/** Reads observations and keeps what was read, so that a figure can name it. */
export interface Market {
  /** Errors: EG404 naming the series that is missing. */
  read(series: string): Exact;
  /** Something that carries its own date, such as a mark. Errors: EG400 when that is later than the day of valuation. */
  note(series: string, asOf: string, value: string): void;
  /** What was read so far, by series. */
  sources(): Source[];
}

/**
 * The latest observation of each series at or before `asOf`; a later one is not known yet and never used. Errors: EG400 when two observations of a
 * series have the same day, EG404 as `read` says.
 */
export function marketAt(asOf: string, observations: readonly Observation[]): { open(): Market } {
  const latest = new Map<string, Observation>();
  const seen = new Set<string>();
  for (const one of observations) {
    const key = `${one.asOf} ${one.series}`;
    if (seen.has(key)) throw new EvergreenError("EG400", `The series ${one.series} has two values for one day.`);
    seen.add(key);
    if (one.asOf > asOf) continue;
    const known = latest.get(one.series);
    if (known === undefined || known.asOf < one.asOf) latest.set(one.series, one);
  }
  return {
    open() {
      const used = new Map<string, Source>();
      const note = (series: string, day: string, value: string): void => {
        if (day > asOf) throw new EvergreenError("EG400", `The input ${series} is later than the day of valuation.`);
        used.set(series, { series, asOf: day, value, ageDays: daysBetween(day, asOf) });
      };
      return {
        read(series) {
          const found = latest.get(series);
          if (found === undefined)
            throw new EvergreenError("EG404", `The series ${series} is missing: it has no value at or before ${asOf}.`);
          note(series, found.asOf, found.value);
          return decimal(found.value);
        },
        note,
        sources: () => [...used.values()].sort((a, b) => (a.series < b.series ? -1 : a.series > b.series ? 1 : 0)),
      };
    },
  };
}

/** The oldest age among sources, `later` days on; null for none. */
export const oldest = (sources: readonly Source[], later = 0): number | null =>
  sources.length === 0 ? null : Math.max(...sources.map(({ ageDays }) => ageDays)) + later;
