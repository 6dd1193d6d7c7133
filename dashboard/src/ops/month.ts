// A month as weeks from Monday to Sunday, in calendar days that no zone moves. Pure.

const DAY_MS = 86_400_000;
const first = (month: string): Date => new Date(`${month}-01T00:00:00Z`);

/** The days of a month as they stand in a grid of seven columns; null where a cell belongs to another month. */
export function weeksOf(month: string): (string | null)[] {
  const start = first(month);
  const before = (start.getUTCDay() + 6) % 7;
  const days: (string | null)[] = Array.from({ length: before }, () => null);
  for (let day = start; day.getUTCMonth() === start.getUTCMonth(); day = new Date(day.getTime() + DAY_MS))
    days.push(day.toISOString().slice(0, 10));
  while (days.length % 7 !== 0) days.push(null);
  return days;
}

export function nextMonth(month: string, by: number): string {
  const day = first(month);
  day.setUTCMonth(day.getUTCMonth() + by);
  return day.toISOString().slice(0, 7);
}

export const dayOfMonth = (day: string): string => String(Number(day.slice(8)));

export const monthName = (month: string): string =>
  new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" }).format(first(month));
