// Pages of the portfolio manager beside the morning, as the database answers them (prisma/sql/6w-fn-pages-pm.sql). Money and units are decimal strings.
import { z } from "zod";
import { BookOfPage } from "./dealing-book.ts";

const amount = z.string();
const day = z.iso.date();
const uuid = z.uuid();
const time = z.string();
const count = z.int();

const dealingDay = z.object({
  dealing_day_id: uuid,
  fund: z.string(),
  share_class: z.string(),
  dealing_date: day,
  cut_off_at: time,
  status: z.string(),
  orders: count,
  gate: z.string().nullable(),
  fraction: amount.nullable(),
});

const labRow = z.object({
  share: z.string().nullable(),
  basis: z.string(),
  carry: z.string(),
  status: z.string(),
  fraction: amount.nullable(),
  paid: amount,
  waiting: amount,
  lapsing: amount,
});

/** A dealing day; `book` is null without a NAV to hold it against, or where it is too long for a page. */
export const DealingPage = z.object({
  read_at: time,
  days: z.array(dealingDay),
  day: z
    .object({
      dealing_day_id: uuid,
      fund_id: uuid,
      fund: z.string(),
      fund_name: z.string(),
      synthetic: z.boolean(),
      currency: z.string(),
      decimals: count,
      dealing_date: day,
      cut_off_at: time,
      status: z.string(),
      workflow_id: z.string().nullable(),
      order_root: z.string().nullable(),
      strike: z
        .object({ strike_id: uuid, date: day, version: count, state: z.string(), proposal_id: uuid.nullable() })
        .nullable(),
      decision: z.record(z.string(), z.unknown()),
      lab: z.array(labRow),
      tools: z.array(
        z.object({
          activation_id: uuid,
          tool: z.string(),
          status: z.string(),
          proposal_id: uuid.nullable(),
          active_from: time.nullable(),
          active_until: time.nullable(),
        }),
      ),
    })
    .nullable(),
  /** What the book is: frozen with the NAV of the day; before that as known now at the last NAV; or as it was dealt. */
  basis: z.enum(["frozen", "indicative", "dealt"]).nullable(),
  orders: count,
  book: BookOfPage.nullable(),
  fills: z.array(
    z.object({
      share_class: z.string(),
      direction: z.string(),
      orders: count,
      requested_units: amount.nullable(),
      filled_units: amount.nullable(),
      carried_units: amount.nullable(),
      gross: amount.nullable(),
      net: amount.nullable(),
    }),
  ),
});
export type DealingPage = z.infer<typeof DealingPage>;

/** What a fund holds against its mandate; null where there is no fund to see. */
export const Exposure = z.object({
  read_at: time,
  fund: z.object({
    fund_id: uuid,
    code: z.string(),
    name: z.string(),
    currency: z.string(),
    decimals: count,
    synthetic: z.boolean(),
    allocations_version: z.string(),
  }),
  changed_at: time.nullable(),
  mandate: z.object({ version: count, body: z.record(z.string(), z.unknown()), set_at: time }).nullable(),
  sleeves: z.array(z.object({ sleeve: z.string(), value: amount, assets: count })),
  cuts: z.array(
    z.object({ cut: z.enum(["currency", "issuer", "bucket"]), name: z.string(), value: amount, assets: count }),
  ),
  open: z.array(z.object({ proposal_id: uuid, status: z.string(), created_at: time })),
});
export type Exposure = z.infer<typeof Exposure>;
