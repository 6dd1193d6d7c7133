// What the fn_read_* of the dealing day answer: where a day stands, what its NAV is made of, its book. Units and money are decimal strings.
import { z } from "zod";
import { amount, day, json, uuid } from "./rpc-shape.ts";

export const DayRow = z.object({
  dealing_day_id: uuid,
  fund_id: uuid,
  status: z.string(),
  step: z.int(),
  workflow_id: z.string().nullable(),
  cut_off_in_ms: z.number(),
  rechecked: z.boolean(),
  leads: z.boolean(),
  waits_for: z.array(z.string()),
  strike_id: uuid.nullable(),
  strike_state: z.string().nullable(),
  lab: z.boolean(),
  blockers: z.array(z.string()),
  proposal_id: uuid.nullable(),
  proposal_status: z.string().nullable(),
  proposed_for_ms: z.number().nullable(),
  expires_in_ms: z.number().nullable(),
  knocked_since: z.boolean().nullable(),
  suspension: z.boolean(),
  activation_id: uuid.nullable(),
  tool: z.string().nullable(),
  tool_status: z.string().nullable(),
});
export type DayRow = z.infer<typeof DayRow>;

/** What a strike noted of the fees of a class, for the strike after it. */
export const ClassFees = z.object({
  share_class_id: uuid,
  management_accrued: amount,
  performance_accrued: amount,
  high_water: amount,
});
export type ClassFees = z.infer<typeof ClassFees>;

const ClassFigures = z.object({
  share_class_id: uuid,
  code: z.string(),
  units: amount,
  units_dp: z.int(),
  price_dp: z.int(),
  price: amount.nullable(),
  issue_price: amount.nullable(),
  last: z
    .object({ nav_date: day, nav: amount, units: amount, nav_per_unit: amount, fees: ClassFees.nullable() })
    .nullable(),
  subscribed: amount,
  redeemed: amount,
  mark: amount.nullable(),
  performance_taken: amount,
  /** Went from the class into side pockets since its last strike. */
  moved: amount,
  distributed: amount,
  /** Of a side pocket: what it took at its opening, of the fund; `value` is this pocket's part, `mark` is per unit. */
  pocket: z
    .object({
      assets: z.array(uuid),
      fair_value: amount,
      holdback: amount,
      liabilities: amount,
      value: amount,
      mark: amount,
    })
    .nullable(),
  policy: json.nullable(),
  deals: z.boolean(),
  lots: z.array(
    z.object({
      id: z.string(),
      series: z.string(),
      units: amount,
      opened_on: day,
      mark: amount,
      credit: amount,
      hurdle_from: day.nullable().optional(),
    }),
  ),
  /** Of a fee by series: what each stands at since the last strike, before fee and result, and its last price. */
  series: z.array(z.object({ series: z.string(), assets: amount, price: amount.nullable() })).optional(),
});

export const NavFacts = z.object({
  fund: z.string(),
  currency: z.string(),
  nav_date: day,
  assets: z.array(
    z.object({
      asset_id: uuid,
      label: z.string(),
      type: z.string(),
      liquid: z.boolean(),
      value: amount.nullable(),
      as_of: day.nullable(),
      source: z.string().nullable(),
      confirmed: z.boolean().nullable(),
      max_age_days: z.int(),
      max_move_bps: z.int(),
      anchor: amount.nullable(),
      /** How the mark is carried forward to the NAV date; an index without a value on a day is null. */
      roll: z
        .object({
          series: z.string(),
          beta: amount,
          index_at_mark: amount.nullable(),
          index_now: amount.nullable(),
          /** Paid into (plus) and out of the asset since the mark, fund currency. */
          payments: z.array(z.object({ on: day, amount, index: amount.nullable() })),
        })
        .nullable(),
    }),
  ),
  ledger: z.object({
    bank: amount,
    prepaid: amount,
    receivable: amount,
    redemptions_payable: amount,
    fee_payable: amount,
    in_transit: amount,
    compensation_payable: amount,
    compensation_receivable: amount,
    management_paid: amount,
  }),
  classes: z.array(ClassFigures),
  certain_inflows: amount.nullable(),
  reconciliation_breaks: z.int(),
});
export type NavFacts = z.infer<typeof NavFacts>;

const Input = z.object({
  asset_id: uuid.nullable(),
  kind: z.enum(["asset", "cash", "receivable", "debt", "payable", "accrual"]),
  label: z.string(),
  value: amount,
  as_of: day,
  source: z.string(),
});
/** How a class with a performance fee dealt at a NAV that is restated; `correct…` is null until the corrected figures are computed. */
const FeeCompared = z.object({
  method: z.enum(["equalisation", "series"]),
  open: z.boolean(),
  rate: amount,
  mark: amount,
  entry: amount,
  units: amount,
  value: amount,
  correct_value: amount.nullable(),
  taken: z.boolean(),
  series: z.array(
    z.object({
      series: z.string(),
      units: amount,
      published: amount,
      correct: amount.nullable(),
      correct_fee: amount.nullable(),
    }),
  ),
});

export const RestatementFacts = z.object({
  strike_id: uuid,
  fund_id: uuid,
  fund: z.string(),
  currency: z.string(),
  nav_date: day,
  version: z.int(),
  state: z.string(),
  reason: z.string().nullable(),
  proposal_id: uuid.nullable(),
  inputs: z.array(Input),
  old_inputs: z.array(Input),
  old_body: json,
  classes: z.array(ClassFigures),
  regime: z.string().nullable(),
  nav_error: json.nullable(),
  prices: z.array(
    z.object({
      share_class_id: uuid,
      units_dp: z.int(),
      price_dp: z.int(),
      published: amount,
      correct: amount.nullable(),
      fee: FeeCompared.nullable(),
    }),
  ),
  days: z.array(z.object({ dealing_day_id: uuid, share_class_id: uuid })),
  deals: z.array(
    z.object({
      dealing_day_id: uuid,
      flow_id: uuid,
      share_class_id: uuid,
      investor_id: uuid,
      direction: z.enum(["subscription", "redemption"]),
      units: amount,
      amount,
      performance_fee: amount,
      credit: amount,
      lots: z.array(z.object({ units: amount, reference: amount, credit: amount })).optional(),
      pieces: z.array(z.object({ series: z.string(), units: amount })).optional(),
    }),
  ),
  later: z.array(
    z.object({
      strike_id: uuid,
      nav_date: day,
      inputs: z.array(Input),
      classes: z.array(ClassFigures),
      struck: z.array(z.object({ share_class_id: uuid, performance_accrued: amount })),
    }),
  ),
  marks_moved: z.array(uuid),
});
export type RestatementFacts = z.infer<typeof RestatementFacts>;

/** Classes with a performance fee at the last final NAV of their fund, and what stands of its crystallisation. */
export const FeeFacts = z.array(
  z.object({
    share_class_id: uuid,
    code: z.string(),
    currency: z.string(),
    strike_id: uuid,
    nav_date: day,
    units_dp: z.int(),
    price_dp: z.int(),
    nav: amount,
    units: amount,
    units_outstanding: amount,
    nav_per_unit: amount,
    performance_accrued: amount,
    mark: amount,
    since: day,
    crystallised_on: day.nullable(),
    policy: json,
    proposal: z.object({ proposal_id: uuid, hash: z.string(), status: z.string() }).nullable(),
    lots: z.array(
      z.object({ id: uuid, units: amount, reference: amount, credit: amount, series: z.string().optional() }),
    ),
    /** By series, the oldest first. */
    series: z
      .array(
        z.object({
          series: z.string(),
          nav: amount,
          nav_per_unit: amount,
          performance_accrued: amount,
          high_water: amount,
          since: day,
        }),
      )
      .optional(),
  }),
);
export type FeeFacts = z.infer<typeof FeeFacts>;

/** Performance fees that were taken by equalisation on the date of a strike or since: the NAV of then as it stands, what was posted, the lots before it. */
export const FeesAgain = z.array(
  z.object({
    replaces: uuid,
    share_class_id: uuid,
    code: z.string(),
    currency: z.string(),
    strike_id: uuid,
    nav_date: day,
    units_dp: z.int(),
    price_dp: z.int(),
    nav: amount,
    nav_per_unit: amount,
    performance_accrued: amount,
    rate: amount,
    mark: amount,
    fee: amount,
    high_water: amount,
    posted: z.array(z.object({ lot_id: uuid, change: amount, high_water: amount, credit: amount })),
    proposal: z.object({ proposal_id: uuid, hash: z.string(), status: z.string() }).nullable(),
    lots: z.array(z.object({ id: uuid, units: amount, reference: amount, credit: amount })),
  }),
);
export type FeesAgain = z.infer<typeof FeesAgain>;
