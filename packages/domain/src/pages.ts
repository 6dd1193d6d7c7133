// Whole pages of the dashboard as the database answers them: read by the browser and by supabase-client. Money and units are decimal strings.
import { z } from "zod";

const amount = z.string();
const day = z.iso.date();
const uuid = z.uuid();
/** As Postgres writes it, with its zone. */
const time = z.string();
const count = z.int();

const waiting = z.object({
  proposal_id: uuid,
  kind: z.string(),
  hash: z.string(),
  expires_at: time,
  created_at: time,
  approvals_needed: count,
  approvals: count,
  mine: z.boolean(),
});

/** The morning of a portfolio manager; amounts in the currency of the fund. */
export const Morning = z.object({
  read_at: time,
  fund: z.object({
    fund_id: uuid,
    code: z.string(),
    name: z.string(),
    currency: z.string(),
    decimals: count,
    synthetic: z.boolean(),
  }),
  nav: z
    .object({ strike_id: uuid, date: day, version: count, state: z.string(), nav: amount, recorded_at: time })
    .nullable(),
  change: z
    .object({
      since: day,
      opening: amount,
      closing: amount,
      amount,
      ratio: amount.nullable(),
      reasons: z.array(z.object({ reason: z.string(), amount })),
    })
    .nullable(),
  history: z.array(z.object({ date: day, nav: amount, state: z.string() })),
  ladder: z
    .object({
      as_of: day,
      recorded_at: time,
      rungs: z.array(
        z.object({
          bucket: z.string(),
          assets: amount,
          liabilities: amount,
          stress: amount,
          assets_up_to: amount,
          due_up_to: amount,
        }),
      ),
    })
    .nullable(),
  limits: z.array(
    z.object({
      horizon: z.string(),
      assets: amount,
      due: amount,
      cover: amount.nullable(),
      wanted: amount,
      holds: z.boolean(),
    }),
  ),
  stress: z
    .object({
      stress_run_id: uuid,
      kind: z.string(),
      status: z.string(),
      as_of: day.nullable(),
      ended_at: time.nullable(),
      scenarios: count,
      done: count,
      failed: count,
      worst: z.array(
        z.object({
          scenario_id: z.string(),
          title: z.string(),
          nav_before: amount,
          nav_after: amount,
          amount,
          ratio: amount.nullable(),
        }),
      ),
    })
    .nullable(),
  waiting: z.array(waiting),
  alerts: z.array(
    z.object({ alert_id: uuid, kind: z.string(), severity: z.string(), reason: z.string(), created_at: time }),
  ),
});
export type Morning = z.infer<typeof Morning>;

const holding = z.object({
  investor_id: uuid,
  investor: z.string(),
  share_class_id: uuid,
  share_class: z.string(),
  class_name: z.string(),
  fund: z.string(),
  fund_name: z.string(),
  synthetic: z.boolean(),
  currency: z.string(),
  decimals: count,
  units_dp: count,
  price_dp: count,
  units: amount,
  price: amount.nullable(),
  published_at: time.nullable(),
  worth: amount.nullable(),
  paid_in: amount,
  paid_out: amount,
});

const order = z.object({
  flow_id: uuid,
  investor: z.string(),
  share_class: z.string().nullable(),
  units_dp: count.nullable(),
  price_dp: count.nullable(),
  direction: z.string(),
  status: z.string(),
  currency: z.string(),
  decimals: count,
  amount: amount.nullable(),
  requested_units: amount.nullable(),
  filled_units: amount.nullable(),
  price: amount.nullable(),
  net_amount: amount.nullable(),
  reason: z.string().nullable(),
  dealing_date: day.nullable(),
  requested_at: time,
  accepted_at: time.nullable(),
  locked_at: time.nullable(),
  priced_at: time.nullable(),
  settled_at: time.nullable(),
});

/** The home page of an investor: each holding in the currency of its class. */
export const Home = z.object({
  read_at: time,
  holdings: z.array(holding),
  totals: z.array(z.object({ currency: z.string(), decimals: count, worth: amount })),
  orders: z.array(order),
  statements: z.array(
    z.object({
      statement_id: uuid,
      investor: z.string(),
      share_class: z.string(),
      dealing_date: day,
      version: count,
      currency: z.string(),
      closing: amount,
      hash: z.string(),
      created_at: time,
    }),
  ),
});
export type Home = z.infer<typeof Home>;

/** The desk of operations. */
export const Desk = z.object({
  read_at: time,
  work: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      fund: z.string().nullable(),
      what: z.string(),
      due: time.nullable(),
      since: time,
      reason: z.string().nullable(),
    }),
  ),
  outbox: z.object({ waiting: count, dead: count, oldest: time.nullable() }),
  runs: z.array(
    z.object({
      workflow_id: z.string(),
      type: z.string(),
      status: z.string(),
      fund: z.string().nullable(),
      started_at: time,
      ended_at: time.nullable(),
    }),
  ),
  imports: z.array(
    z.object({
      import_id: uuid,
      fund: z.string(),
      kind: z.string(),
      format: z.string(),
      file_name: z.string(),
      rows: count,
      accepted: count,
      refused: count,
      unmatched: count,
      status: z.string(),
      recorded_at: time,
    }),
  ),
});
export type Desk = z.infer<typeof Desk>;

/** The audit trail with the state of its chains; places in the trail are text. */
export const Trail = z.object({
  read_at: time,
  chains: z.array(
    z.object({
      chain_id: uuid,
      fund: z.string().nullable(),
      height: z.string(),
      entries: z.string(),
      head: z.string(),
      sealed_at: time,
    }),
  ),
  unsealed: count,
  oldest_unsealed: time.nullable(),
  entries: z.array(
    z.object({
      audit_id: uuid,
      seq: z.string(),
      at: time,
      fund: z.string().nullable(),
      entity_type: z.string(),
      entity_id: z.string(),
      message: z.string(),
      by: z.string(),
      digest: z.string(),
      sealed: z.boolean(),
    }),
  ),
});
export type Trail = z.infer<typeof Trail>;
