// Public holidays of the demo fund's calendar, 2023 to 2027: those of Luxembourg, data only. Fixed days, and those that move with Easter.

const EASTER: Record<number, string> = {
  2023: "2023-04-09",
  2024: "2024-03-31",
  2025: "2025-04-20",
  2026: "2026-04-05",
  2027: "2027-03-28",
};
const FIXED: readonly (readonly [monthAndDay: string, name: string])[] = [
  ["01-01", "New Year's Day"],
  ["05-01", "Labour Day"],
  ["05-09", "Europe Day"],
  ["06-23", "National Day"],
  ["08-15", "Assumption Day"],
  ["11-01", "All Saints' Day"],
  ["12-25", "Christmas Day"],
  ["12-26", "Second Day of Christmas"],
];
const MOVING: readonly (readonly [daysAfterEaster: number, name: string])[] = [
  [1, "Easter Monday"],
  [39, "Ascension Day"],
  [50, "Whit Monday"],
];

const daysAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

export const HOLIDAYS: readonly { date: string; name: string }[] = Object.entries(EASTER)
  .flatMap(([year, easter]) => [
    ...FIXED.map(([day, name]) => ({ date: `${year}-${day}`, name })),
    ...MOVING.map(([days, name]) => ({ date: daysAfter(easter, days), name })),
  ])
  .sort((a, b) => (a.date < b.date ? -1 : 1));
