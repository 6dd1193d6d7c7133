// The order book of a dealing day as the database answers it (fn_read_book, fn_read_dealing_page): orders, prices, terms, lots and the figures of the gate.
// Money and units are decimal strings.
import { z } from "zod";

const amount = z.string();
const day = z.iso.date();
const uuid = z.uuid();
const json = z.record(z.string(), z.unknown());

/** One answer of the database: everything the dealing engine is given. */
export const Book = z.object({
  fund: z.string(),
  currency: z.string(),
  dealing_date: day,
  strike_state: z.string(),
  nav: amount,
  liquid_assets: amount.nullable(),
  certain_inflows: amount.nullable(),
  /** Within 30 days: what can be sold, and what is due under stress with what was accepted (R33). */
  cover: z.object({ assets: amount, liabilities: amount }),
  /** Share of the NAV that a repurchase offer of the date is for. */
  offer_share: amount.nullable(),
  lmt: json.nullable(),
  active: z.array(z.string()),
  quarter_base: amount.nullable(),
  redeemed_in_quarter: amount,
  redeemed_in_month: amount,
  classes: z.array(
    z.object({
      share_class_id: uuid,
      code: z.string(),
      units_dp: z.int(),
      policy: json,
      nav_per_unit: amount,
      before_fee: z.object({ value: amount, units: amount, mark: amount }).nullable(),
      /** Of a fee by series: the first price, at which is subscribed, and each series with its price and the fee it has open. */
      by_series: z
        .object({
          issue_price: amount,
          series: z.array(z.object({ series: z.string(), units: amount, nav_per_unit: amount, fee: amount })),
        })
        .nullable()
        .optional(),
    }),
  ),
  days: z.array(z.object({ dealing_day_id: uuid, share_class_id: uuid, status: z.string() })),
  orders: z.array(
    z.object({
      flow_id: uuid,
      dealing_day_id: uuid,
      share_class_id: uuid,
      investor_id: uuid,
      /** The beneficial owner behind the account. */
      owner_id: uuid,
      asked: z.boolean(),
      kept: z.boolean(),
      elected_lots: z.array(uuid),
      direction: z.enum(["subscription", "redemption"]),
      kind: z.enum(["plain", "switch", "transfer"]),
      units: amount.nullable(),
      amount: amount.nullable(),
      vintage: day,
      cleared: z.boolean(),
      linked_flow_id: uuid.nullable(),
      dealings: z.int(),
      fills: z.int(),
    }),
  ),
  lots: z.array(
    z.object({
      lot_id: uuid,
      share_class_id: uuid,
      investor_id: uuid,
      opened_on: day,
      units: amount,
      reference: amount,
      credit: amount,
      series: z.string().optional(),
    }),
  ),
  holdings: z.array(z.object({ owner_id: uuid, share_class_id: uuid, units: amount, redeemed: amount, step: z.int() })),
});
export type Book = z.infer<typeof Book>;

/** The same of a day that was dealt: what was admitted of each order stands in its units, so there are no lots to hold them against. */
export const BookOfPage = Book.extend({ lots: Book.shape.lots.nullable() });
export type BookOfPage = z.infer<typeof BookOfPage>;
