// The measures that a page shows of a holding: net of fees, to the newest price, from the books as the database answers them. Pure.
import { z } from "zod";
import { type UnitPerformanceFacts, unitPerformance } from "./unit-performance.ts";

/** The books of holdings (fn_performance_books); unitPerformance checks prices and flows. */
export const PerformanceBooks = z.object({
  currency: z.string(),
  classes: z.array(z.object({ id: z.string(), prices: z.array(z.unknown()), flows: z.array(z.unknown()) })),
  dates: z.array(z.object({ staleShare: z.string().nullable() })),
});
export type PerformanceBooks = z.infer<typeof PerformanceBooks>;

export const MEASURES = ["twr", "twr_yearly", "xirr", "paid_in", "tvpi", "dpi"] as const;
export type Measure = (typeof MEASURES)[number];

const TO_THE_NEWEST_PRICE = "9999-12-31";

/** R41 to R43 with their labels (R46); a measure that there is not is left out. Rates and ratios at 18 decimals, money in the currency. Errors: those of unitPerformance. */
export function netPerformance(books: PerformanceBooks): { measure: Measure; value: string; label: string }[] {
  const report = unitPerformance({
    currency: books.currency,
    to: TO_THE_NEWEST_PRICE,
    classes: books.classes.filter(({ flows }) => flows.length > 0) as UnitPerformanceFacts["classes"],
    basis: { fees: "net", subscriptionLine: "none", staleShare: books.dates.at(-1)?.staleShare ?? null },
  });
  const net = report.measures.rows.find(({ multiples }) => multiples.label.fees === "net");
  const found: [Measure, string | null | undefined, string | undefined][] = [
    ["twr", report.twr?.cumulative, report.twr?.label.text],
    ["twr_yearly", report.twr?.yearly, report.twr?.label.text],
    ["xirr", net?.xirr.ambiguous ? null : net?.xirr.rate, net?.xirr.label.text],
    ["paid_in", net?.multiples.paidIn, net?.multiples.label.text],
    ["tvpi", net?.multiples.tvpi, net?.multiples.label.text],
    ["dpi", net?.multiples.dpi, net?.multiples.label.text],
  ];
  return found.flatMap(([measure, value, label]) => (value == null ? [] : [{ measure, value, label: label ?? "" }]));
}
