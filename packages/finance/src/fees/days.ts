// Day counts between calendar days, as exact fractions of a year. Pure; days are ISO texts, there is no time zone in them.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "./fraction.ts";

/** A real calendar day, "2024-02-29". */
export const Day = z.iso.date();

/** ISDA 2006 names: actual/365 fixed, actual/360, actual/actual (each day over the length of its own year), 30/360 bond basis. */
export const DayCount = z.enum(["act/365", "act/360", "act/ACT", "30/360"]);
export type DayCount = z.infer<typeof DayCount>;

const MS_PER_DAY = 86_400_000;

/** Whole days from one calendar day to another; negative when `to` is the earlier. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / MS_PER_DAY;
}

/** Fraction of a year from `from` (included) to `to` (not included). Source: ISDA 2006 section 4.16. Errors: EG400 when `to` is earlier. */
export function yearFraction(from: string, to: string, basis: DayCount): Fraction {
  const days = daysBetween(from, to);
  if (days < 0) throw new EvergreenError("EG400", "A period must not end before it begins.");
  if (basis === "act/365") return Fraction.of(BigInt(days), 365n);
  if (basis === "act/360") return Fraction.of(BigInt(days), 360n);
  return basis === "30/360" ? thirty(from, to) : actual(from, to);
}

function parts(day: string): [number, number, number] {
  const [year = 0, month = 0, date = 0] = day.split("-").map(Number);
  return [year, month, date];
}

function thirty(from: string, to: string): Fraction {
  const [year1, month1, date1] = parts(from);
  const [year2, month2, date2] = parts(to);
  const first = Math.min(date1, 30);
  const last = date2 === 31 && first === 30 ? 30 : date2;
  return Fraction.of(BigInt(360 * (year2 - year1) + 30 * (month2 - month1) + (last - first)), 360n);
}

function actual(from: string, to: string): Fraction {
  const [year1] = parts(from);
  const [year2] = parts(to);
  let total = Fraction.ZERO;
  for (let year = year1; year <= year2; year += 1) {
    const opens = `${String(year).padStart(4, "0")}-01-01`;
    const closes = `${String(year + 1).padStart(4, "0")}-01-01`;
    const days = daysBetween(year === year1 ? from : opens, year === year2 ? to : closes);
    total = total.plus(Fraction.of(BigInt(days), BigInt(daysBetween(opens, closes))));
  }
  return total;
}
