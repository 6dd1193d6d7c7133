// Performance of a holding of units from its register: dated flows and prices by class become one set of flows and values, and every measure of R41 to
// R46 is taken from it, each with its method and window. Pure.
import { CurrencyCode, DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Day, MOST_FLOWS } from "./flows.ts";
import { Basis } from "./labels.ts";
import { PmeInput } from "./market-equivalent.ts";
import { ModifiedDietzOutput, modifiedDietz } from "./modified-dietz.ts";
import { PerformanceOutput, performance } from "./performance.ts";
import { TwrOutput, timeWeightedReturn, UnitPriceTwrOutput } from "./time-weighted.ts";
import { beforeFees, externalFlows, HoldingBooks, unitFlows } from "./unit-flows.ts";

/**
 * How units or money came or went: for cash, from or to another class of the same fund, from or to somebody else, taken over with the register, or
 * as a fee or its refund in units, which is part of the return.
 */
const Via = z.enum(["cash", "switch", "transfer", "taken_over", "fee"]);

export const UnitPerformanceInput = z.strictObject({
  currency: CurrencyCode,
  /** The window begins with the last price on or before this day; left out: with the first flow. */
  from: Day.optional(),
  /** It ends with the last price on or before this day. */
  to: Day,
  classes: z
    .array(
      z.strictObject({
        id: Name,
        /** Unswung, after fees, after what was distributed per unit since the price before; one a day. */
        prices: z
          .array(
            z.strictObject({
              date: Day,
              price: NonNegative,
              distributed: NonNegative.default("0"),
              /** Fees charged per unit since the price before, below zero where they were given back; left out or null: not stated. */
              fees: DecimalString.nullable().optional(),
            }),
          )
          .max(MOST_FLOWS),
        /**
         * Signed units, and money paid in and out; for units taken over the value they were taken over at is paid in. A distribution is paid out
         * without units, on the day of the price that it left.
         */
        flows: z
          .array(
            z.strictObject({
              date: Day,
              via: Via,
              units: DecimalString,
              paidIn: NonNegative.default("0"),
              paidOut: NonNegative.default("0"),
            }),
          )
          .max(MOST_FLOWS),
      }),
    )
    .min(1)
    .max(5_000),
  basis: Basis,
  index: PmeInput.pick({ index: true, indexName: true, maxIndexAgeDays: true }).optional(),
});
export type UnitPerformanceFacts = z.output<typeof UnitPerformanceInput>;

export const UnitPerformanceOutput = z.strictObject({
  window: z.strictObject({ from: Day, to: Day, opening: z.string(), closing: z.string() }),
  /** Internal rate, multiples and market equivalents; the ways of counting that are not there are named. */
  measures: PerformanceOutput,
  /** Null when the window is a single day. */
  modifiedDietz: ModifiedDietzOutput.nullable(),
  /** Of the holding: around every flow, units valued at the price of the day. */
  twr: TwrOutput.nullable(),
  /** Of the unit price of each class over the window. */
  classes: z.array(z.strictObject({ id: z.string(), twr: UnitPriceTwrOutput.nullable() })),
  /** The same before fees; null when a price of the window does not say what was charged. */
  gross: z
    .strictObject({
      modifiedDietz: ModifiedDietzOutput.nullable(),
      twr: TwrOutput.nullable(),
      classes: z.array(z.strictObject({ id: z.string(), twr: UnitPriceTwrOutput.nullable() })),
    })
    .nullable(),
  /** What a reader must know about these figures. */
  remarks: z.array(z.string()),
});

/**
 * Units · price at both ends, cash as paid and received between them. With `from`, what is held at the start counts as paid in on that day; units
 * taken over count at the value they were taken over at; transfers at the price of their day; what moves between classes of the fund cancels.
 * Money HALF_UP at the currency's minor unit, rates and ratios as in each measure. Errors: EG400 for malformed books, EG404 when nothing was held in
 * the window or a price is missing on a day it is needed, EG413. Source: R41 to R46.
 */
export function unitPerformance(input: z.input<typeof UnitPerformanceInput>): z.infer<typeof UnitPerformanceOutput> {
  const facts = parseInput(UnitPerformanceInput, input);
  refuseRepeats("classes", facts.classes);
  const books = new HoldingBooks(facts);
  const { from, to, inception } = books.window();
  const [opening, closing] = [inception ? "0" : books.value(from), books.value(to)];
  const flows = externalFlows(facts, books, from, to, inception);
  if (flows.length === 0 && /^0(\.0*)?$/.test(opening))
    throw new EvergreenError("EG404", "Nothing was held in that window.");
  const starts = inception ? [] : [{ date: from, kind: "contribution" as const, amount: opening }];
  // net figures have their counterpart before fees wherever the strikes say what they charged (R46)
  const before = facts.basis.fees === "net" ? beforeFees(facts, from, to) : null;
  const outflows = before === null ? [] : externalFlows(before, new HoldingBooks(before), from, to, inception);
  const variants = [
    { fees: facts.basis.fees, flows },
    ...(before === null ? [] : [{ fees: "gross" as const, flows: outflows }]),
  ];
  const measures = performance({
    staleShare: facts.basis.staleShare,
    variants: variants.map((way) => ({
      fees: way.fees,
      subscriptionLine: facts.basis.subscriptionLine,
      flows: [...starts, ...way.flows],
      nav: { date: to, value: closing },
    })),
    ...(facts.index === undefined ? {} : { index: facts.index }),
  });
  return {
    window: { from, to, opening, closing },
    measures,
    ...returnsOf(facts, books, flows, { from, to, opening, closing }),
    gross:
      before === null ? null : returnsOf(before, new HoldingBooks(before), outflows, { from, to, opening, closing }),
    remarks: remarksOf(facts, inception),
  };
}

/** The returns over time of one way of counting. */
function returnsOf(
  facts: UnitPerformanceFacts,
  books: HoldingBooks,
  flows: ReturnType<typeof externalFlows>,
  { from, to, opening, closing }: { from: string; to: string; opening: string; closing: string },
): Pick<z.infer<typeof UnitPerformanceOutput>, "modifiedDietz" | "twr" | "classes"> {
  const { basis } = facts;
  const single = from === to;
  return {
    modifiedDietz: single
      ? null
      : modifiedDietz({
          opening: { date: from, value: opening },
          flows: flows.map(({ date, kind, amount }) => ({
            date,
            amount: kind === "contribution" ? amount : `-${amount}`,
          })),
          closing: { date: to, value: closing },
          basis,
        }),
    twr: single
      ? null
      : timeWeightedReturn({
          opening: { date: from, value: books.exactValue(from) },
          flows: unitFlows(facts, books, from, to),
          closing: { date: to, value: books.exactValueBefore(to) },
          basis,
        }),
    classes: facts.classes.map(({ id }) => ({ id, twr: books.priceReturn(id, from, to, basis) })),
  };
}

const distributes = ({ classes }: UnitPerformanceFacts): boolean =>
  classes.some(({ prices }) => prices.some(({ distributed }) => !decimal(distributed).isZero()));

function remarksOf(facts: UnitPerformanceFacts, inception: boolean): string[] {
  const vias = new Set(facts.classes.flatMap(({ flows }) => flows.map(({ via }) => via)));
  return [
    ...(inception ? [] : ["What was held at the start counts as paid in on that day."]),
    ...(vias.has("taken_over")
      ? ["Units that were taken over with the register count as paid in at the value they were taken over at."]
      : []),
    ...(vias.has("transfer") ? ["Units transferred count as paid in or out at the price of their day."] : []),
    ...(vias.has("fee") ? ["Fees and refunds in units count on the day they were crystallised."] : []),
    ...(distributes(facts) ? ["A distribution counts on the day of the first price that is without it."] : []),
  ];
}
