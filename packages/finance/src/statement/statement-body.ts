// The row of one investor of one dealing day, as `statements.body` holds it: what the account did, and what each of the investor's orders got. Pure.
import { CurrencyCode, DecimalString, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day } from "../fees/days.ts";
import { Name, NonNegative } from "../parse.ts";
import { LINES } from "./controls.ts";

const Decimals = z.int().min(0).max(18);

export const StatementFill = z.strictObject({
  orderId: Name,
  direction: z.enum(["subscription", "redemption"]),
  kind: z.enum(["plain", "switch", "transfer"]),
  /** What the order asked for: one of the two; the entry side of a switch asks for neither, it takes what the other side pays. */
  asked: z.strictObject({ units: NonNegative.nullable(), amount: NonNegative.nullable() }),
  /** The same in units, as it went into the allocation; null for an order in money that buys. */
  requestedUnits: NonNegative.nullable(),
  filledUnits: NonNegative,
  carriedUnits: NonNegative,
  /** Order under which the rest goes on. */
  carriedTo: Name.nullable(),
  price: NonNegative,
  grossAmount: NonNegative,
  levy: NonNegative,
  fee: NonNegative,
  credit: NonNegative,
  netAmount: NonNegative,
  cohort: z.string().max(40),
  reason: z.string().max(200).nullable(),
  /** By series (R25): units at the price of each lot's series; `price` is then what they got on average. */
  pieces: z
    .array(z.strictObject({ series: z.string().max(200), units: NonNegative, price: NonNegative, amount: NonNegative }))
    .max(100_000)
    .optional(),
});
export type StatementFill = z.output<typeof StatementFill>;

/** What the deal of an order is owed after the price of the day was restated (R30). Units of the class, money of the fund. */
export const StatementCompensation = z.strictObject({
  orderId: Name,
  /** Version of the strike that put the price right. */
  version: z.int().min(2),
  kind: z.enum(["subscriber_overpaid", "redeemer_underpaid"]),
  published: NonNegative,
  correct: NonNegative,
  unitsDealt: NonNegative,
  /** What a buyer would have had, or a seller been paid, at the correct price. */
  unitsDue: NonNegative.nullable(),
  cashDue: NonNegative.nullable(),
  difference: NonNegative,
  /** Under a performance fee: what the order came to and should have come to, exact, where that is not units times a price (R24, R25). */
  was: NonNegative.optional(),
  due: NonNegative.optional(),
});
export type StatementCompensation = z.output<typeof StatementCompensation>;

export const StatementBody = z.strictObject({
  form: z.literal("evergreen-statement-1"),
  fund: z.strictObject({ code: Name, name: Name, synthetic: z.boolean() }),
  shareClass: z.strictObject({ id: Name, code: Name, unitsDp: Decimals, priceDp: Decimals }),
  currency: CurrencyCode,
  investorId: Name,
  dealingDayId: Name,
  dealingDate: Day,
  /** Root of the order book as committed at the cut-off. */
  orderRoot: z.string().nullable(),
  strike: z.strictObject({ id: Name, version: z.int().min(1), navPerUnit: NonNegative }),
  /** The strike before; null for the first one of the class. */
  opening: z.strictObject({ id: Name, version: z.int().min(1), date: Day, navPerUnit: NonNegative }).nullable(),
  gate: z.strictObject({ active: z.boolean(), fraction: NonNegative.nullable(), capUnits: NonNegative.nullable() }),
  account: z.strictObject({
    units: z.strictObject({ opening: NonNegative, closing: NonNegative }),
    /** As in a capital account statement, from the strike before to this one. */
    lines: z.array(z.strictObject({ line: z.enum(LINES), amount: MoneyString })),
    /** False: the strike does not say what it charged, and the result is after fees. */
    feesStated: z.boolean(),
    foot: z.strictObject({ sum: DecimalString, closing: DecimalString, ok: z.boolean() }),
  }),
  fills: z.array(StatementFill).max(10_000),
  /** Only where a restatement owes the investor something. */
  compensation: z.array(StatementCompensation).max(100_000).optional(),
});
export type StatementBody = z.output<typeof StatementBody>;
