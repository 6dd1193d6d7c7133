// Every kind of proposal, what its body says, and the page of one (`fn_read_proposal`). The database holds proposals to the same kinds, and a test compares them.
import { z } from "zod";
import { CurrencyCode } from "./money.ts";
import { ProposalBody } from "./proposals.ts";
import { TransferLimits } from "./token-pages.ts";

export const PROPOSAL_KINDS = [
  "rebalancing",
  "nav",
  "lmt",
  "token",
  "cancellation",
  "crystallisation",
  "distribution",
  "in_kind",
] as const;
export type ProposalKind = (typeof PROPOSAL_KINDS)[number];

/** A decimal of a body: text, or a number where somebody wrote one; always read as text. */
const figure = z.union([z.string(), z.number()]).transform(String);
const amount = z.string();
const uuid = z.uuid();

export const NavProposal = z.looseObject({
  nav_date: z.iso.date(),
  version: figure,
  reason: z.string().nullish(),
  total_assets: figure,
  liabilities: figure,
  performance_fee: figure,
  nav: figure,
  /** Share of the NAV that rests on marks older than 90 days (R46). */
  stale_share: figure.nullish(),
  classes: z.array(z.looseObject({ share_class_id: z.string(), nav: figure, nav_per_unit: figure })),
  /** Of a NAV that corrects another: what it comes to, day by day (R30). */
  restatement: z
    .looseObject({
      material: z.boolean(),
      days: z.array(
        z.looseObject({
          dealing_day_id: z.string(),
          published: figure,
          correct: figure,
          error: figure,
          material: z.boolean(),
          fund_pays: figure,
          fund_receives: figure,
        }),
      ),
    })
    .optional(),
});

/** A liquidity tool with the notice that people read before they decide; the facts that ask for it are the inputs of the proposal. */
export const ToolProposal = z.looseObject({ tool: z.string(), notice: z.string() });
export const ToolFacts = z.looseObject({
  reason: z.string().optional(),
  asked_on: z.string().optional(),
  dealing_date: z.string().optional(),
  status: z.string().optional(),
  fraction: figure.nullish(),
  redemptions: figure.optional(),
  subscriptions: figure.optional(),
  pay: figure.optional(),
  cap: figure.nullish(),
  caps: z.array(z.looseObject({ name: z.string(), amount: figure })).optional(),
  threshold: figure.nullish(),
  nav: figure.optional(),
  notice: z.looseObject({ n: z.int(), basis: z.string() }).optional(),
  assets: z.array(z.string()).optional(),
  holdback: figure.optional(),
  liabilities: figure.optional(),
});

/** An operation on the chain: what it does, to whose units, and by which law. */
export const TokenProposal = z.looseObject({
  action_id: z.string(),
  kind: z.string(),
  share_class: z.string(),
  chain: z.string(),
  units: z.string().optional(),
  wallet: z.string().optional(),
  to_wallet: z.string().optional(),
  legal_basis: z.string().optional(),
  limits: TransferLimits.optional(),
});

export const CancellationProposal = z.looseObject({ flow_id: z.string(), reason: z.string() });

export const CrystallisationProposal = z.looseObject({
  share_class_id: z.string(),
  strike_id: z.string(),
  accrued: figure,
  fee: figure,
  high_water: figure,
  /** The mark whose fee is taken again, because its NAV was restated. */
  replaces: z.string().optional(),
  series: z
    .array(
      z.looseObject({
        series: z.string(),
        fee: figure,
        high_water: figure,
        since: z.string(),
        rolled_into: z.string().optional(),
        cash: figure,
      }),
    )
    .optional(),
});

export const DistributionProposal = z.looseObject({
  share_class_id: z.string(),
  ex_date: z.iso.date(),
  per_unit: figure,
});

export const InKindProposal = z.looseObject({
  flow_id: z.string(),
  deliveries: z.array(z.looseObject({ asset_id: z.string(), quantity: figure, value: figure })).min(1),
  cash: figure,
});

/** What each kind's body says; a body that says something else is shown as it is, line by line. */
export const PROPOSAL_BODIES = {
  rebalancing: ProposalBody,
  nav: NavProposal,
  lmt: ToolProposal,
  token: TokenProposal,
  cancellation: CancellationProposal,
  crystallisation: CrystallisationProposal,
  distribution: DistributionProposal,
  in_kind: InKindProposal,
} as const satisfies Record<ProposalKind, z.ZodType>;

const time = z.string();
const count = z.int();

/** What the ids of a proposal refer to; each only where the body names one that the reader may see. */
const Refers = z.object({
  class: z
    .object({
      share_class_id: uuid,
      code: z.string(),
      name: z.string(),
      currency: CurrencyCode,
      units_dp: count,
      price_dp: count,
      units: amount,
      nav_per_unit: amount.nullable(),
      mark: amount.nullable(),
      replaced: z.object({ as_of: z.string(), fee: amount.nullable(), high_water: amount }).nullable(),
      paid_about: amount.nullable(),
    })
    .optional(),
  strike: z
    .object({
      strike_id: uuid,
      date: z.string(),
      version: count,
      state: z.string(),
      nav: amount.nullable(),
      reason: z.string().nullable(),
    })
    .optional(),
  before: z
    .object({
      strike_id: uuid,
      date: z.string(),
      version: count,
      state: z.string(),
      total_assets: amount.nullable(),
      liabilities: amount.nullable(),
      performance_fee: amount.nullable(),
      nav: amount.nullable(),
      classes: z.record(z.string(), z.object({ nav: amount, nav_per_unit: amount })),
    })
    .nullish(),
  class_codes: z.record(z.string(), z.string()).optional(),
  order: z
    .object({
      flow_id: uuid,
      /** Code of the investor: no name. */
      investor: z.string(),
      direction: z.string(),
      order_kind: z.string(),
      status: z.string(),
      amount: amount.nullable(),
      units: amount.nullable(),
      filled_units: amount.nullable(),
      price: amount.nullable(),
      due: amount.nullable(),
      currency: CurrencyCode,
      dealing_date: z.string().nullable(),
      dealing_day_id: uuid.nullable(),
      class: z.string().nullable(),
    })
    .optional(),
  use: z
    .object({
      activation_id: uuid,
      status: z.string(),
      active_from: time.nullable(),
      active_until: time.nullable(),
      authority_told: time.nullable(),
      end_reason: z.string().nullable(),
    })
    .optional(),
  action: z
    .object({
      action_id: uuid,
      kind: z.string(),
      status: z.string(),
      refusal: z.object({ by: z.string(), code: z.string(), reason: z.string() }).nullable(),
      tx_hash: z.string().nullable(),
      block: z.int().nullable(),
      incident: z.boolean(),
      verdict: z.object({ result: z.string(), rule: z.string(), reason: z.string().nullable() }).nullable(),
      contract: z
        .object({
          chain_id: z.int(),
          paused: z.boolean(),
          limits: z.record(z.string(), z.unknown()),
          chain_units: amount,
        })
        .nullable(),
    })
    .optional(),
  lots: z.object({ count, refund: amount, depreciation: amount, change: amount, cash: amount }).optional(),
  delivered: amount.optional(),
  assets: z.record(z.string(), z.string()),
  day: z.object({ dealing_day_id: uuid, date: z.string(), class: z.string(), status: z.string() }).nullable(),
});
export type ProposalRefers = z.infer<typeof Refers>;

/** A proposal as a person decides on it. Amounts as text, in the currency of the fund. */
export const ProposalPage = z.object({
  read_at: time,
  proposal: z.object({
    proposal_id: uuid,
    /** One of PROPOSAL_KINDS today; a page that is older than the server shows a new one line by line. */
    kind: z.string(),
    status: z.string(),
    hash: z.string(),
    body: z.record(z.string(), z.unknown()),
    inputs: z.record(z.string(), z.unknown()),
    proposed_by: z.string(),
    requested_by: z.string(),
    approvals_needed: count,
    created_at: time,
    expires_at: time,
    decided_at: time.nullable(),
    applied_at: time.nullable(),
    refusal: z.string().nullable(),
    workflow_id: z.string(),
    event: z.string().nullable(),
    fund: z.object({ fund_id: uuid, code: z.string(), currency: CurrencyCode, decimals: count, status: z.string() }),
  }),
  approvals: z.array(
    z.object({ decision: z.string(), decided_by: z.string(), decided_at: time, reason: z.string().nullable() }),
  ),
  checks: z.array(
    z.object({
      room: z.string(),
      rule: z.string(),
      result: z.string(),
      value: amount.nullable(),
      limit_value: amount.nullable(),
      detail: z.string(),
    }),
  ),
  memories: z.array(
    z.object({
      memory_id: uuid,
      text: z.string(),
      workflow_id: z.string().nullable(),
      trace_id: z.string().nullable(),
      recorded_at: time,
    }),
  ),
  refers: Refers,
});
export type ProposalPage = z.infer<typeof ProposalPage>;
