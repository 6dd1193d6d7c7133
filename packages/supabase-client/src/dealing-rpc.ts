// The fn_* of orders, dealing days, strikes, liquidity tools and the ledger: their arguments and what they answer. Units and money are decimal strings.
import { z } from "zod";
import { Book, DayRow, FeeFacts, NavFacts, RestatementFacts } from "./dealing-facts.ts";
import { amount, day, id, json, type Rpc, request_id, rpc, uuid, when } from "./rpc-shape.ts";

const status = z.string();
const onDay = z.object({ dealing_day_id: uuid, request_id });
/** Where a dealing day stands after a step. */
const dealingDay = z.object({
  dealing_day_id: uuid,
  fund_id: uuid,
  share_class_id: uuid,
  dealing_date: day,
  cut_off_at: when,
  status,
  step: z.int(),
  orders: z.int(),
  order_root: z.string().nullable(),
  strike_id: uuid.nullable(),
  workflow_id: z.string().nullable(),
  day_hash: z.string().nullable(),
});
const strike = z.object({
  strike_id: uuid,
  nav_date: day,
  version: z.int(),
  state: z.enum(["estimated", "provisional", "final", "restated"]),
  inputs_hash: z.string(),
  supersedes: uuid.nullable(),
  blockers: z.array(z.object({ label: z.string(), blocked_by: z.string(), age_days: z.int() })),
});
const policySet = z.object({ policy_id: uuid, version: z.int(), hash: z.string() });
const postingKind = z.enum(["cancellation", "crystallisation", "distribution", "in_kind"]);
const activation = z.object({ activation_id: uuid, tool: z.string(), status });

export const DEALING_RPCS = {
  fn_place_order: rpc(
    "one",
    z.object({
      fund: z.string(),
      investor_id: uuid,
      direction: z.string(),
      amount: amount.optional(),
      currency: z.string().optional(),
      channel: z.string().optional(),
      request_id,
      share_class: z.string().optional(),
      units: amount.optional(),
      dealing_date: day.optional(),
      order_kind: z.enum(["plain", "switch", "transfer"]).optional(),
      to_class: z.string().optional(),
      to_investor: uuid.optional(),
      received_at: z.iso.datetime({ offset: true }).optional(),
    }),
    uuid,
  ),
  fn_cancel_order: rpc("one", z.object({ flow_id: uuid, reason: z.string().optional(), request_id }), status),
  fn_hold_order: rpc("one", z.object({ flow_id: uuid, reason: z.string(), request_id }), status),
  fn_release_hold: rpc("one", z.object({ flow_id: uuid, reason: z.string(), request_id }), status),
  fn_prove_order: rpc(
    "one",
    z.object({ flow_id: uuid }),
    z.object({
      flow_id: uuid,
      dealing_day_id: uuid,
      position: z.int(),
      salt: z.string(),
      canonical: z.string(),
      leaf: z.string(),
      path: z.array(z.object({ side: z.enum(["left", "right"]), hash: z.string() })),
      root: z.string(),
      order_root: z.string(),
      deal: z.object({
        date: day,
        class: z.string(),
        status,
        orders: z.int(),
        gate: z.boolean(),
        fraction: z.string().nullable(),
        numerator: z.string().nullable(),
        denominator: z.string().nullable(),
        cap_units: z.string().nullable(),
        nav_per_unit: z.string().nullable(),
      }),
    }),
  ),
  fn_open_class: rpc(
    "one",
    z.object({
      fund: z.string(),
      code: z.string(),
      name: z.string(),
      issue_price: amount,
      units_dp: z.int().optional(),
      price_dp: z.int().optional(),
      request_id,
    }),
    uuid,
  ),
  fn_open_register: rpc(
    "one",
    z.object({ share_class_id: uuid, positions: z.array(json), request_id, high_water: amount.optional() }),
    z.object({ ledger_tx_id: uuid, positions: z.int() }),
  ),
  fn_set_holidays: rpc("one", z.object({ calendar: z.string(), holidays: z.array(json), request_id }), z.int()),
  fn_set_dealing_policy: rpc(
    "one",
    z.object({ share_class_id: uuid, body: json, effective_from: day, request_id }),
    policySet,
  ),
  fn_set_lmt_policy: rpc(
    "one",
    z.object({ fund: z.string(), pack: z.string(), body: json, effective_from: day, request_id }),
    policySet,
  ),
  fn_propose_lmt: rpc(
    "one",
    z.object({
      fund: z.string(),
      tool: z.string(),
      trigger: json,
      notice: z.string(),
      workflow_id: id.optional(),
      request_id,
    }),
    z.object({ activation_id: uuid, proposal_id: uuid, hash: z.string() }),
  ),
  fn_activate_lmt: rpc("one", z.object({ activation_id: uuid, request_id }), activation),
  fn_end_lmt: rpc("one", z.object({ activation_id: uuid, reason: z.string(), request_id }), activation),
  fn_open_dealing_day: rpc(
    "one",
    z.object({
      fund: z.string(),
      share_class: z.string(),
      dealing_date: day,
      workflow_id: id.optional(),
      request_id,
    }),
    dealingDay,
  ),
  fn_lock_orders: rpc("one", onDay, dealingDay),
  fn_recheck_orders: rpc("one", onDay, dealingDay.extend({ held: z.int() })),
  fn_freeze_nav_inputs: rpc(
    "one",
    z.object({ fund: z.string(), nav_date: day, inputs: z.array(json), request_id, draft: json.optional() }),
    strike,
  ),
  fn_propose_nav: rpc(
    "one",
    z.object({ strike_id: uuid, body: json, classes: z.array(json), workflow_id: id.optional(), request_id }),
    z.object({ proposal_id: uuid, hash: z.string(), strike_id: uuid }),
  ),
  fn_strike_nav: rpc("one", z.object({ strike_id: uuid, request_id }), strike.extend({ orders: z.int() })),
  fn_restate_nav: rpc(
    "one",
    z.object({ strike_id: uuid, inputs: z.array(json), reason: z.string(), request_id }),
    strike,
  ),
  fn_read_restatement: rpc("one", z.object({ strike_id: uuid }), RestatementFacts),
  fn_preview_restatement: rpc("one", z.object({ strike_id: uuid, inputs: z.array(json) }), RestatementFacts),
  fn_record_restatement: rpc(
    "one",
    z.object({ strike_id: uuid, classes: z.array(json), deals: z.array(json), request_id }),
    z.object({
      strike_id: uuid,
      days: z.int(),
      compensations: z.int(),
      event_id: uuid,
      ledger_tx_id: uuid.nullable(),
    }),
  ),
  fn_settle_compensation: rpc(
    "one",
    z.object({ fund: z.string(), payments: z.array(json), request_id }),
    z.object({ ledger_tx_id: uuid, payments: z.int() }),
  ),
  fn_note_nav_error: rpc(
    "one",
    z.object({ strike_id: uuid, document: z.string(), request_id }),
    z.object({ strike_id: uuid, document: z.string() }),
  ),
  fn_decide_lmt: rpc("one", z.object({ dealing_day_id: uuid, decision: json, request_id }), dealingDay),
  fn_record_allocations: rpc(
    "one",
    z.object({ dealing_day_id: uuid, terms: json, fills: z.array(json), request_id }),
    dealingDay,
  ),
  fn_post_dealing_day: rpc("one", onDay, dealingDay.extend({ ledger_tx_id: uuid.nullable(), carried: z.int() })),
  fn_open_claims: rpc("one", onDay, dealingDay),
  fn_confirm_cash: rpc(
    "one",
    z.object({ fund: z.string(), payments: z.array(json), request_id }),
    z.object({ ledger_tx_id: uuid, settled: z.int(), before_dealing: z.int() }),
  ),
  fn_close_dealing_day: rpc("one", onDay, dealingDay),
  fn_reverse_ledger: rpc(
    "one",
    z.object({ ledger_tx_id: uuid, reason: z.string(), request_id }),
    z.object({ ledger_tx_id: uuid, reverses: uuid }),
  ),
  fn_knock_dealing_day: rpc("one", z.object({ dealing_day_id: uuid, reason: z.string(), request_id }), status),
  fn_read_dealing_day: rpc("one", z.object({ dealing_day_id: uuid }), DayRow),
  fn_read_nav_facts: rpc("one", z.object({ dealing_day_id: uuid }), NavFacts),
  fn_read_book: rpc("one", z.object({ dealing_day_id: uuid }), Book),
  fn_roll_unpaid: rpc("one", onDay, z.int()),
  fn_record_lab: rpc("one", z.object({ dealing_day_id: uuid, lab: json, request_id }), dealingDay),
  fn_discard_dealing_day: rpc("one", z.object({ dealing_day_id: uuid, reason: z.string(), request_id }), dealingDay),
  fn_record_marks: rpc("one", z.object({ fund: z.string(), marks: z.array(json), request_id }), z.int()),
  fn_move_cash: rpc(
    "one",
    z.object({
      fund: z.string(),
      purpose: z.enum(["invest", "divest", "management_fee"]),
      amount,
      reference: z.string(),
      request_id,
    }),
    z.object({ ledger_tx_id: uuid }),
  ),
  fn_propose_posting: rpc(
    "one",
    z.object({ fund: z.string(), kind: postingKind, body: json, workflow_id: id.optional(), request_id }),
    z.object({ proposal_id: uuid, hash: z.string(), kind: postingKind }),
  ),
  fn_ask_dust: rpc("one", z.object({ flow_id: uuid, request_id }), status),
  fn_cancel_dust: rpc("one", z.object({ flow_id: uuid, request_id }), status),
  fn_read_crystallisation: rpc("one", z.object({ fund: z.string(), share_class: z.string().optional() }), FeeFacts),
  fn_crystallise_fee: rpc(
    "one",
    z.object({ proposal_id: uuid, request_id }),
    z.object({ share_class_id: uuid, ledger_tx_id: uuid.nullable(), high_water: z.string(), fee: z.string() }),
  ),
  fn_post_distribution: rpc(
    "one",
    z.object({ proposal_id: uuid, request_id }),
    z.object({ share_class_id: uuid, ledger_tx_id: uuid, amount: z.string(), high_water: z.string() }),
  ),
  fn_confirm_payout: rpc(
    "one",
    z.object({
      fund: z.string(),
      account: z.enum(["distributions_payable", "fee_payable"]),
      payments: z.array(json),
      request_id,
    }),
    z.object({ ledger_tx_id: uuid, payments: z.int() }),
  ),
  fn_return_cash: rpc(
    "one",
    z.object({ flow_id: uuid, reference: z.string(), request_id }),
    z.object({ ledger_tx_id: uuid, flow_id: uuid }),
  ),
  fn_note_authority: rpc(
    "one",
    z.object({ activation_id: uuid, notified_at: z.iso.datetime({ offset: true }).optional(), request_id }),
    activation,
  ),
  fn_open_side_pocket: rpc(
    "one",
    z.object({ activation_id: uuid, share_class: z.string(), code: z.string(), request_id }),
    z.object({ share_class_id: uuid, ledger_tx_id: uuid, value: z.string(), main_value: z.string() }),
  ),
  fn_settle_in_kind: rpc(
    "one",
    z.object({ proposal_id: uuid, request_id }),
    z.object({ ledger_tx_id: uuid, flow_id: uuid, delivered: z.string(), cash: z.string() }),
  ),
  fn_verify_invariants: rpc(
    "rows",
    z.object({ fund: z.string().optional() }),
    z.object({ invariant: z.string(), entity_type: z.string(), entity_id: z.string(), detail: z.string() }),
  ),
} as const satisfies Record<string, Rpc>;
