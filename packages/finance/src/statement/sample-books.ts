// Synthetic books for the tests of statements: rows as the database hands them out, and a quarter in which everything common happens once.
import type { z } from "zod";
import type { StatementInput } from "./books.ts";

export type Input = z.input<typeof StatementInput>;
/** Late on a day: after its strike was published. */
const at = (day: string): string => `${day}T18:00:00Z`;
export const entry = (
  id: string,
  day: string,
  lot: string,
  kind: Input["entries"][number]["kind"],
  units: string,
  more: Partial<Input["entries"][number]> = {},
) => ({ id, effectiveOn: day, recordedAt: at(day), lot, kind, units, ...more });
export const strike = (date: string, navPerUnit: string, more: Partial<Input["strikes"][number]> = {}) => ({
  date,
  recordedAt: `${date}T12:00:00Z`,
  navPerUnit,
  ...more,
});
export const lot = (name: string, day: string, units: string, equalisation = "0") => ({
  lot: name,
  effectiveOn: day,
  recordedAt: at(day),
  units,
  equalisation,
});
export const quarter: Input = {
  currency: "USD",
  investor: "synthetic-1",
  from: "2024-12-31",
  to: "2025-03-31",
  knownOn: "2025-04-15T00:00:00Z",
  entries: [
    entry("s1", "2024-12-31", "a", "subscription", "100", { amount: "10000.00", price: "100" }),
    entry("s2", "2025-02-28", "b", "subscription", "48.7804", { amount: "5000.00", price: "102.5" }),
    entry("d1", "2025-03-31", "a", "distribution", "0", { amount: "200.00" }),
    entry("d2", "2025-03-31", "b", "distribution", "0", { amount: "97.56" }),
    entry("r1", "2025-03-31", "a", "redemption", "-10", { amount: "1010.00", price: "101" }),
  ],
  lots: [lot("a", "2024-12-31", "100"), lot("b", "2025-02-28", "48.7804"), lot("a", "2025-03-31", "90")],
  strikes: [
    strike("2024-12-31", "100"),
    strike("2025-02-28", "102.5", { managementFeePerUnit: "0.2", performanceFeePerUnit: "0.5" }),
    strike("2025-03-31", "101", { managementFeePerUnit: "0.1", distributionPerUnit: "2" }),
  ],
};
