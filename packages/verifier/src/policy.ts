// Policies as the database holds them: JSON that is read field by field and taken at its word, without the schemas of the platform.
import { type Exact, exact } from "./exact.ts";

export type Json = Readonly<Record<string, unknown>>;

export const part = (of: Json, name: string): Json | null => {
  const value = of[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
};
export const word = (of: Json, name: string): string | null => {
  const value = of[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
};
export const figure = (of: Json, name: string): Exact | null => {
  const value = word(of, name);
  return value === null ? null : exact(value);
};
export const rows = (of: Json, name: string): Json[] => {
  const value = of[name];
  return Array.isArray(value) ? value.filter((row): row is Json => typeof row === "object" && row !== null) : [];
};
export const words = (of: Json, name: string): string[] => {
  const value = of[name];
  return Array.isArray(value) ? value.map(String) : [];
};

/** A day a number of months later; the end of the month where the month is shorter. */
export function monthsAfter(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const at = year * 12 + (month - 1) + months;
  const [y, m] = [Math.floor(at / 12), (at % 12) + 1];
  const last = new Date(Date.UTC(y, m, 0)).getUTCDate();
  return `${String(y).padStart(4, "0")}-${String(m).padStart(2, "0")}-${String(Math.min(date, last)).padStart(2, "0")}`;
}

const HOUR = 3_600_000;
/** First day of the period that a date lies in, and how many periods before it another date lies. Weeks begin on Monday. */
export function periodOf(date: string, frequency: string): { starts: string; ago: (earlier: string) => number } {
  const [year = 0, month = 1] = date.split("-").map(Number);
  const months = { monthly: 1, quarterly: 3, semiannual: 6, annual: 12 }[frequency];
  if (months !== undefined) {
    const first = Math.floor((month - 1) / months) * months + 1;
    const starts = `${String(year).padStart(4, "0")}-${String(first).padStart(2, "0")}-01`;
    const place = (day: string): number => {
      const [y = 0, m = 1] = day.split("-").map(Number);
      return Math.floor((y * 12 + m - 1) / months);
    };
    return { starts, ago: (earlier) => place(date) - place(earlier) };
  }
  const day = Date.parse(`${date}T00:00:00Z`);
  const monday = day - ((new Date(day).getUTCDay() + 6) % 7) * 24 * HOUR;
  const [begins, length] =
    frequency === "weekly" ? [monday, 7] : frequency === "biweekly" ? [monday - 7 * 24 * HOUR, 14] : [day, 1];
  return {
    starts: new Date(begins).toISOString().slice(0, 10),
    ago: (earlier) => Math.ceil((begins - Date.parse(`${earlier}T00:00:00Z`)) / (length * 24 * HOUR)),
  };
}
