// The event catalogue: every type that may stand in fund_events, its payload, how it is handled and who may record it.
// prisma/sql/catalogue.sql carries the same list for the database; a test holds the two together.
import { z } from "zod";
import { Bucket } from "./buckets.ts";
import { DESK_EVENTS } from "./desk-events.ts";
import { DOCUMENT_EVENTS } from "./document-events.ts";
import { MoneyString, RatioString } from "./money.ts";
import type { AgentRole, PersonRole, SystemRole } from "./roles.ts";
import { RULE_EVENTS } from "./rule-events.ts";
import { TERMS_EVENTS } from "./terms-events.ts";
import { TOKEN_EVENTS, TOKEN_KINDS } from "./token-events.ts";
import { WEBHOOK_EVENTS } from "./webhook-events.ts";

/**
 * How the dispatcher hands an event on: `run` one workflow per event, the Commander's or one of its own · `batch` many events of a type in one workflow with one
 * set-based RPC · `note` recorded, nothing follows · `tell` signal the workflow that waits for it.
 */
export const MODES = ["run", "batch", "note", "tell"] as const;
export type Mode = (typeof MODES)[number];

export const PLAYBOOKS = [
  "rebalance",
  "onboard-investor",
  "warn-of-risk",
  "stress-fund",
  "run-stress",
  "tokenize",
  "intake-orders",
  "dealing-day",
  "restate-nav",
  "refresh-lists",
  "rescreen-parties",
  "screen-party",
  "deliver-webhooks",
  "make-documents",
] as const;
export type Playbook = (typeof PLAYBOOKS)[number];

/** Playbooks that are workflows of their own. The others are played by the Commander; a run of these begins under the id that its event names. */
export const OWN_WORKFLOWS = {
  "intake-orders": "batch",
  "dealing-day": "dealingDay",
  "restate-nav": "restatement",
} as const satisfies Partial<Record<Playbook, string>>;
/** Playbooks that the Commander plays. */
export type CommanderPlaybook = Exclude<Playbook, keyof typeof OWN_WORKFLOWS>;

/** Why a stress run was asked for. */
export const STRESS_RUN_KINDS = ["on_demand", "nightly", "laboratory"] as const;

type Recorder = PersonRole | SystemRole | AgentRole;
interface EventType<Payload extends z.ZodType = z.ZodType> {
  mode: Mode;
  playbook?: Playbook;
  /** Who may record it by `fn_record_event`; empty: only the `fn_*` that causes it records it. */
  recordedBy: readonly Recorder[];
  payload: Payload;
}
const event = <P extends z.ZodType>(definition: EventType<P>): EventType<P> => definition;

const id = z.uuid();
const note = z.string().max(500);
const day = z.iso.date();
const digest = z.string().regex(/^[0-9a-f]{64}$/);
/** Recorded only by the `fn_*` that causes it; nothing follows by itself. */
const fact = <P extends z.ZodType>(payload: P): EventType<P> => event({ mode: "note", recordedBy: [], payload });

export const EVENTS = {
  FUND_IMPORTED: event({
    mode: "note",
    recordedBy: [],
    payload: z.object({ source: z.string().max(40), assets: z.int(), as_of: day }),
  }),
  REBALANCE_REQUESTED: event({
    mode: "run",
    playbook: "rebalance",
    recordedBy: [],
    payload: z.object({
      mandate_version: z.int().positive(),
      reason: note.optional(),
      method: z.enum(["lp", "qp"]).default("lp"),
    }),
  }),
  PROPOSAL_CREATED: event({ mode: "note", recordedBy: [], payload: z.object({ proposal_id: id, status: z.string() }) }),
  PROPOSAL_DECIDED: event({
    mode: "tell",
    recordedBy: [],
    payload: z.object({ proposal_id: id, decision: z.enum(["approved", "rejected"]) }),
  }),
  ALLOCATIONS_APPLIED: event({
    mode: "note",
    recordedBy: [],
    payload: z.object({ proposal_id: id, version: z.int() }),
  }),
  SUBSCRIPTION_REQUESTED: event({
    mode: "batch",
    playbook: "intake-orders",
    recordedBy: ["service_role", "ops_role"],
    payload: z.object({ flow_id: id }),
  }),
  REDEMPTION_REQUESTED: event({
    mode: "batch",
    playbook: "intake-orders",
    recordedBy: ["service_role", "ops_role"],
    payload: z.object({ flow_id: id }),
  }),
  INVESTOR_SUBMITTED: event({
    mode: "run",
    playbook: "onboard-investor",
    recordedBy: ["ops_role", "service_role"],
    payload: z.object({ pending_id: id }),
  }),
  INVESTOR_ASSIGNED: event({ mode: "note", recordedBy: [], payload: z.object({ investor_id: id }) }),
  EVIDENCE_RESUBMITTED: event({
    mode: "run",
    playbook: "onboard-investor",
    recordedBy: [],
    payload: z.object({ pending_id: id }),
  }),
  REVIEW_REQUESTED: event({
    mode: "run",
    playbook: "onboard-investor",
    recordedBy: [],
    payload: z.object({ pending_id: id }),
  }),
  INVESTOR_DECLINED: fact(z.object({ pending_id: id })),
  KYC_RENEWED: fact(z.object({ investor_id: id })),
  KYC_EXPIRED: fact(z.object({ investor_id: id })),
  CASE_OVERDUE: fact(z.object({ case_id: id })),
  PARTY_REGISTERED: fact(z.object({ party_id: id })),
  PARTIES_LINKED: fact(z.object({ link_id: id })),
  PARTY_FROZEN: fact(z.object({ party_id: id, case_id: id })),
  PARTY_UNFROZEN: fact(z.object({ party_id: id, case_id: id })),
  KYC_POLICY_SET: fact(z.object({ policy_id: id, version: z.int().positive() })),
  CASE_OPENED: fact(z.object({ case_id: id, severity: z.enum(["notice", "warning", "critical"]) })),
  CASE_ESCALATED: fact(z.object({ case_id: id })),
  CASE_DECIDED: fact(z.object({ case_id: id, outcome: z.enum(["true_match", "false_match"]) })),
  LIQUIDITY_UPDATED: fact(z.object({ bucket: Bucket, side: z.enum(["asset", "liability"]) })),
  LIQUIDITY_BREACH: event({
    mode: "run",
    playbook: "warn-of-risk",
    recordedBy: ["agent_liquidity_engine", "agent_simulation", "agent_risk_guardian", "service_role"],
    payload: z.object({
      bucket: Bucket,
      ratio: RatioString.nullable(),
      required: RatioString,
      /** The worst one, where a stress run found several. */
      scenario_id: z.string().max(80).default("base"),
      stress_run_id: id.optional(),
      /** Every scenario of the run whose cover is furthest below in this bucket, worst first; `more` beyond the first hundred. */
      scenarios: z
        .array(z.object({ scenario_id: z.string().max(80), ratio: RatioString.nullable(), required: RatioString }))
        .max(100)
        .optional(),
      more: z.int().min(0).optional(),
    }),
  }),
  /** Cover is still enough and falls from run to run: on `breach_on` it would be too little. */
  LIQUIDITY_TREND: event({
    mode: "run",
    playbook: "warn-of-risk",
    recordedBy: [],
    payload: z.object({
      bucket: Bucket,
      /** The scenario that gets there first. */
      scenario_id: z.string().max(80),
      ratio: RatioString,
      required: RatioString,
      breach_on: day,
      /** Dates of nightly runs that the line goes through. */
      runs: z.int().min(3),
      stress_run_id: id.optional(),
      scenarios: z
        .array(z.object({ scenario_id: z.string().max(80), ratio: RatioString, required: RatioString, breach_on: day }))
        .max(100)
        .optional(),
      more: z.int().min(0).optional(),
    }),
  }),
  DATA_DRIFT: event({
    mode: "run",
    playbook: "warn-of-risk",
    recordedBy: ["agent_simulation", "service_role"],
    payload: z.object({ asset_id: id, deviation_bps: RatioString, threshold_bps: RatioString }),
  }),
  RISK_ALERT_RAISED: event({
    mode: "note",
    recordedBy: [],
    payload: z.object({ alert_id: id, severity: z.enum(["notice", "warning", "critical"]) }),
  }),
  STRESS_REQUESTED: event({
    mode: "run",
    playbook: "stress-fund",
    recordedBy: ["pm_role", "service_role", "agent_risk_guardian"],
    payload: z.object({ scenario_id: z.string().max(80), shift_bps: z.int().min(-1000).max(1000) }),
  }),
  STRESS_COMPLETED: event({
    mode: "note",
    recordedBy: ["agent_simulation"],
    payload: z.object({ scenario_id: z.string(), loss: MoneyString, method: z.string() }),
  }),
  STRESS_RUN_REQUESTED: event({
    mode: "run",
    playbook: "run-stress",
    recordedBy: [],
    payload: z.object({ stress_run_id: id, kind: z.enum(STRESS_RUN_KINDS), scenarios: z.int() }),
  }),
  STRESS_RUN_COMPLETED: fact(
    z.object({
      stress_run_id: id,
      status: z.enum(["completed", "partial", "failed"]),
      done: z.int(),
      failed: z.int(),
      /** Null when no scenario could be computed. */
      worst_scenario_id: z.string().nullable(),
      loss: MoneyString.nullable(),
    }),
  ),
  /** A scenario computed a second time came to other bytes. */
  STRESS_RUN_DIFFERED: event({
    mode: "run",
    playbook: "warn-of-risk",
    recordedBy: [],
    payload: z.object({ stress_run_id: id, scenario_id: z.string().max(80) }),
  }),
  COMPLIANCE_FAILED: event({
    mode: "note",
    recordedBy: ["agent_compliance_sentinel"],
    payload: z.object({ rule: z.string().max(80), entity_type: z.string(), entity_id: z.string() }),
  }),
  TOKENIZATION_REQUESTED: event({
    mode: "run",
    playbook: "tokenize",
    recordedBy: ["pm_role", "ops_role"],
    payload: z.object({
      chain: z.string().max(40),
      instrument: z.string().max(80),
      size: RatioString,
      compliance_log_id: id.optional(),
      /** The operation on a class that is asked for; without it the request is registered and nothing follows. */
      action_id: id.optional(),
      kind: z.enum(TOKEN_KINDS).optional(),
    }),
  }),
  ...TOKEN_EVENTS,
  ...RULE_EVENTS,
  ...DESK_EVENTS,
  ...WEBHOOK_EVENTS,
  ...DOCUMENT_EVENTS,
  ...TERMS_EVENTS,
  WORKFLOW_COMPLETED: event({
    mode: "note",
    recordedBy: [],
    payload: z.object({ workflow_id: z.string(), status: z.string() }),
  }),
  // The dealing day (domain rules 1.10): each step records its fact itself.
  DEALING_DAY_OPENED: event({
    mode: "run",
    playbook: "dealing-day",
    recordedBy: [],
    payload: z.object({ dealing_day_id: id }),
  }),
  DEALING_DAY_KNOCKED: event({
    mode: "tell",
    recordedBy: [],
    payload: z.object({ dealing_day_id: id, reason: z.string().max(200) }),
  }),
  DEALING_DAY_DISCARDED: event({ mode: "tell", recordedBy: [], payload: z.object({ dealing_day_id: id }) }),
  ORDERS_ROLLED: fact(z.object({ dealing_day_id: id, orders: z.int() })),
  MARKS_RECORDED: fact(z.object({ marks: z.int() })),
  CASH_MOVED: fact(z.object({ ledger_tx_id: id, purpose: z.enum(["invest", "divest", "management_fee"]) })),
  NAV_RESTATED: fact(z.object({ strike_id: id, supersedes: id, material: z.boolean(), compensations: z.int() })),
  NAV_ERROR_TO_NOTIFY: fact(z.object({ strike_id: id, due_from: day, due_by: day })),
  NAV_ERROR_NOTIFIED: fact(z.object({ strike_id: id, document: z.string() })),
  COMPENSATION_SETTLED: fact(z.object({ payments: z.int() })),
  NAV_APPROVAL_OVERDUE: event({
    mode: "note",
    recordedBy: ["agent_commander"],
    payload: z.object({ dealing_day_id: id, proposal_id: id }),
  }),
  DUST_ASKED: fact(z.object({ flow_id: id })),
  POSTING_PROPOSED: fact(
    z.object({ proposal_id: id, kind: z.enum(["cancellation", "crystallisation", "distribution", "in_kind"]) }),
  ),
  FEE_CRYSTALLISED: fact(z.object({ share_class_id: id, strike_id: id })),
  DISTRIBUTED: fact(z.object({ share_class_id: id, ex_date: day })),
  PAID_OUT: fact(z.object({ account: z.string(), payments: z.int() })),
  CASH_RETURNED: fact(z.object({ flow_id: id })),
  LEGAL_HOLD_PLACED: fact(z.object({ hold_id: id })),
  LEGAL_HOLD_LIFTED: fact(z.object({ hold_id: id })),
  /** The tombstone: what left the database, and the file that has it. */
  ROWS_RETIRED: fact(z.object({ archive_id: id, what: z.string(), rows: z.int().positive(), digest })),
  PERSONAL_DATA_RECORDED: fact(z.object({ subject_id: id, fields: z.int().positive() })),
  /** The key of a subject was destroyed; `tombstone` is the digest of the signed text that says so. */
  SUBJECT_ERASED: fact(z.object({ subject_id: id, tombstone: digest })),
  AUTHORITY_NOTIFIED: fact(z.object({ activation_id: id, tool: z.string() })),
  SIDE_POCKET_OPENED: fact(z.object({ share_class_id: id, activation_id: id })),
  DELIVERED_IN_KIND: fact(z.object({ flow_id: id })),
  CUTOFF_REACHED: fact(z.object({ dealing_day_id: id, orders: z.int(), order_root: digest })),
  ORDERS_RECHECKED: fact(z.object({ dealing_day_id: id, held: z.int() })),
  NAV_INPUTS_FROZEN: fact(z.object({ strike_id: id, inputs_hash: digest })),
  NAV_PROPOSED: fact(z.object({ strike_id: id, proposal_id: id })),
  NAV_STRUCK: fact(z.object({ strike_id: id, nav_date: day, version: z.int() })),
  NAV_RESTATEMENT_BEGUN: event({
    mode: "run",
    playbook: "restate-nav",
    recordedBy: [],
    payload: z.object({ strike_id: id, supersedes: id }),
  }),
  LMT_PROPOSED: fact(z.object({ activation_id: id, proposal_id: id })),
  LMT_ACTIVATED: fact(z.object({ activation_id: id, tool: z.string() })),
  LMT_ENDED: fact(z.object({ activation_id: id, tool: z.string() })),
  LMT_DECIDED: fact(z.object({ dealing_day_id: id })),
  SUSPENDED: fact(z.object({ dealing_day_id: id })),
  ALLOCATED: fact(z.object({ dealing_day_id: id, orders: z.int() })),
  DEALING_DAY_POSTED: fact(z.object({ dealing_day_id: id })),
  CLAIMABLE: fact(z.object({ dealing_day_id: id })),
  CASH_CONFIRMED: fact(z.object({ payments: z.int() })),
  LEDGER_REVERSED: fact(z.object({ ledger_tx_id: id })),
  DEALING_DAY_CLOSED: fact(z.object({ dealing_day_id: id, day_hash: digest })),
  // Files in and out: counts and ids, never what a row says.
  ORDERS_IMPORTED: fact(z.object({ import_id: id, orders: z.int() })),
  BANK_STATEMENT_IMPORTED: fact(z.object({ import_id: id, matched: z.int(), unmatched: z.int() })),
  BANK_LINES_MATCHED: fact(z.object({ import_id: id, matched: z.int() })),
  IMPORT_UNDONE: fact(z.object({ import_id: id, undone: z.int() })),
  BANK_ACCOUNTS_PROPOSED: fact(z.object({ accounts: z.int() })),
  BANK_ACCOUNTS_DECIDED: fact(z.object({ accounts: z.int(), decision: z.enum(["approved", "rejected", "ended"]) })),
  PAYMENTS_EXPORTED: fact(z.object({ payment_file_id: id, payments: z.int() })),
  PAYMENTS_WITHDRAWN: fact(z.object({ payment_file_id: id })),
  // Terms and facts that dealing looks up.
  DUST_ANSWERED: fact(z.object({ flow_id: id, answer: z.enum(["give_up", "keep"]) })),
  BENEFICIAL_OWNER_SET: fact(z.object({ investor_id: id })),
  CERTAIN_INFLOWS_RECORDED: fact(z.object({ inflow_id: id })),
  REPURCHASE_OFFER_OPENED: fact(z.object({ offer_id: id })),
  AUTHORITY_NOTICE_DUE: fact(z.object({ notice_id: id, dealing_day_id: id, flow_id: id })),
  AUTHORITY_NOTICE_GIVEN: fact(z.object({ notice_id: id })),
  INDEX_VALUES_RECORDED: fact(z.object({ values: z.int() })),
  ASSET_PAYMENTS_RECORDED: fact(z.object({ payments: z.int() })),
  ROLL_FORWARD_SET: fact(z.object({ asset_id: id })),
  // Lists and screening: ids, codes and counts; never a name.
  WATCHLIST_SET: fact(z.object({ list_id: id, source: z.string().max(40), active: z.boolean() })),
  LIST_REFRESH_REQUESTED: event({
    mode: "run",
    playbook: "refresh-lists",
    recordedBy: [],
    payload: z.object({ list_id: id }),
  }),
  /** The list may be used from now on: what changed is held against every party. */
  LIST_PUBLISHED: event({
    mode: "run",
    playbook: "rescreen-parties",
    recordedBy: [],
    payload: z.object({
      list_id: id,
      version_id: id,
      rows: z.int(),
      added: z.int(),
      changed: z.int(),
      removed: z.int(),
    }),
  }),
  LIST_REFUSED: fact(z.object({ list_id: id, version_id: id, reason: z.enum(["empty", "old", "older", "shrunken"]) })),
  SCREENING_REQUESTED: event({
    mode: "run",
    playbook: "screen-party",
    recordedBy: [],
    payload: z.object({ party_id: id, revision: z.int(), reason: z.string().max(40) }),
  }),
  PARTY_SCREENED: fact(z.object({ party_id: id, check_id: id, outcome: z.enum(["clear", "possible", "ask"]) })),
  PARTIES_RESCREENED: fact(z.object({ list_id: id, entries: z.int(), parties: z.int(), affected: z.int() })),
  CANDIDATE_DECIDED: fact(
    z.object({ party_id: id, clearance_id: id, decision: z.enum(["false_match", "true_match"]) }),
  ),
  // Market data, ESG ratings and the quality of a fund's data.
  MARKET_IMPORTED: fact(z.object({ import_id: id, taken: z.int(), held: z.int() })),
  MARKET_VALUES_DECIDED: fact(z.object({ values: z.int(), decision: z.enum(["confirmed", "rejected"]) })),
  MARKET_IMPORT_UNDONE: fact(z.object({ import_id: id, values: z.int() })),
  ESG_RECORDED: fact(z.object({ provider: z.string().max(60), as_of: day, ratings: z.int() })),
  DATA_QUALITY_CHECKED: fact(z.object({ checks: z.int(), failed: z.int(), snapshot_hash: digest })),
  DATA_QUALITY_FAILED: event({
    mode: "run",
    playbook: "warn-of-risk",
    recordedBy: [],
    payload: z.object({
      check: z.string().max(40),
      /** Null: it could not be measured. */
      value: RatioString.nullable(),
      limit: RatioString,
      unit: z.string().max(20),
    }),
  }),
} as const satisfies Record<string, EventType>;

export type EventName = keyof typeof EVENTS;
export type EventPayload<N extends EventName> = z.infer<(typeof EVENTS)[N]["payload"]>;
export const EVENT_NAMES = Object.keys(EVENTS) as EventName[];
export const isEventName = (name: string): name is EventName => Object.hasOwn(EVENTS, name);

/** Types whose events start a workflow of their own. */
export const eventsOf = (mode: Mode): EventName[] => EVENT_NAMES.filter((name) => EVENTS[name].mode === mode);
