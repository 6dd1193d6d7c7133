// The event catalogue: every type is complete, modes and playbooks fit together, and payloads that carry more or less than they may are refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONTRACTS } from "./agents.ts";
import { EVENT_NAMES, EVENTS, type EventName, eventsOf, isEventName, MODES, PLAYBOOKS } from "./events.ts";
import { AGENT_ROLES, ALL_ROLES } from "./roles.ts";

const ID = "3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69";
const HASH = "0f".repeat(32);

/** One payload that is right, per type that has fields of its own. */
const RIGHT: Partial<Record<EventName, Record<string, unknown>>> = {
  FUND_IMPORTED: { source: "nport", assets: 55, as_of: "2022-12-31" },
  REBALANCE_REQUESTED: { mandate_version: 1, reason: "quarter end", method: "lp" },
  PROPOSAL_CREATED: { proposal_id: ID, status: "pending" },
  PROPOSAL_DECIDED: { proposal_id: ID, decision: "approved" },
  ALLOCATIONS_APPLIED: { proposal_id: ID, version: 2 },
  SUBSCRIPTION_REQUESTED: { flow_id: ID },
  REDEMPTION_REQUESTED: { flow_id: ID },
  INVESTOR_SUBMITTED: { pending_id: ID },
  INVESTOR_ASSIGNED: { investor_id: ID },
  EVIDENCE_RESUBMITTED: { pending_id: ID },
  REVIEW_REQUESTED: { pending_id: ID },
  INVESTOR_DECLINED: { pending_id: ID },
  KYC_RENEWED: { investor_id: ID },
  KYC_EXPIRED: { investor_id: ID },
  CASE_OVERDUE: { case_id: ID },
  PARTY_REGISTERED: { party_id: ID },
  PARTIES_LINKED: { link_id: ID },
  PARTY_FROZEN: { party_id: ID, case_id: ID },
  PARTY_UNFROZEN: { party_id: ID, case_id: ID },
  KYC_POLICY_SET: { policy_id: ID, version: 2 },
  CASE_OPENED: { case_id: ID, severity: "critical" },
  CASE_ESCALATED: { case_id: ID },
  CASE_DECIDED: { case_id: ID, outcome: "false_match" },
  LIQUIDITY_UPDATED: { bucket: "30d", side: "asset" },
  LIQUIDITY_BREACH: { bucket: "30d", ratio: "0.9", required: "1.2", scenario_id: "base" },
  LIQUIDITY_TREND: {
    bucket: "30d",
    scenario_id: "gfc_2008",
    ratio: "1.3",
    required: "1.2",
    breach_on: "2026-03-08",
    runs: 5,
  },
  DATA_DRIFT: { asset_id: ID, deviation_bps: "250", threshold_bps: "100" },
  RISK_ALERT_RAISED: { alert_id: ID, severity: "warning" },
  STRESS_REQUESTED: { scenario_id: "rates_up200", shift_bps: 200 },
  STRESS_COMPLETED: { scenario_id: "rates_up200", loss: "2190056.14", method: "dv100_linear" },
  COMPLIANCE_FAILED: { rule: "issuer_concentration", entity_type: "proposals", entity_id: ID },
  TOKENIZATION_REQUESTED: { chain: "test", instrument: "UNIT", size: "1" },
  RULES_DRAFTED: { version_id: ID, pack: "aml-basics", version: 1 },
  RULES_TESTED: { version_id: ID, examples: 2, passed: 2 },
  RULES_ACTIVATED: { version_id: ID, pack: "aml-basics", version: 1 },
  RULE_PACK_REFUSED: { pack: "aml-basics", source: "file", problems: ["line 1: is no pack"] },
  RULE_SNOOZED: { snooze_id: ID, pack: "aml-basics", rule: "just-below" },
  RULES_CHECKED: { checked: 2, held: 1 },
  BREACH_RECORDED: { breach_id: ID, rule: "eltif-rules/single-asset", class: "passive" },
  BREACH_CURED: { breach_id: ID },
  BREACH_OVERDUE: { breach_id: ID, rule: "eltif-rules/single-asset" },
  OBLIGATION_DUE: { obligation_id: ID, code: "annual-report", due_on: "2026-06-30" },
  OBLIGATION_OVERDUE: { obligation_id: ID, code: "annual-report", due_on: "2026-06-30" },
  OBLIGATION_DONE: { obligation_id: ID, code: "annual-report" },
  WORKFLOW_COMPLETED: { workflow_id: `event/${ID}`, status: "completed" },
  CLASS_OPENED: { share_class_id: ID },
  POLICY_SET: { policy_id: ID, kind: "lmt", version: 1 },
  INCIDENT_OPENED: { incident_id: ID },
  INCIDENT_CLOSE_ASKED: { incident_id: ID },
  INCIDENT_CLOSED: { incident_id: ID },
  WEBHOOK_SET: { endpoint_id: ID, change: "add" },
  WEBHOOK_TESTED: { endpoint_id: ID },
  WEBHOOKS_QUEUED: { endpoint_id: ID, deliveries: 2 },
  WEBHOOK_STOPPED: { endpoint_id: ID, reason: "gone" },
  STATEMENT_DOCUMENTS_REQUESTED: { statement_id: ID },
  STATEMENT_DOCUMENTS_KEPT: { statement_id: ID, hash: HASH, files: 2 },
  POOL_SET: { pool_id: ID, version: 1 },
  POOL_TRADE_RECORDED: { pool_id: ID, trade_id: ID },
  CREDIT_LINE_SET: { credit_line_id: ID, version: 1 },
  REGISTER_OPENED: { share_class_id: ID, positions: 3 },
  ORDER_CANCELLED: { flow_id: ID },
  ORDER_HELD: { flow_id: ID },
  ORDER_RELEASED: { flow_id: ID },
  DUST_ASKED: { flow_id: ID },
  POSTING_PROPOSED: { proposal_id: ID, kind: "cancellation" },
  FEE_CRYSTALLISED: { share_class_id: ID, strike_id: ID },
  DISTRIBUTED: { share_class_id: ID, ex_date: "2026-01-30" },
  PAID_OUT: { account: "fee_payable", payments: 1 },
  CASH_RETURNED: { flow_id: ID },
  LEGAL_HOLD_PLACED: { hold_id: ID },
  LEGAL_HOLD_LIFTED: { hold_id: ID },
  ROWS_RETIRED: { archive_id: ID, what: "fund_events", rows: 3, digest: "a".repeat(64) },
  PERSONAL_DATA_RECORDED: { subject_id: ID, fields: 3 },
  SUBJECT_ERASED: { subject_id: ID, tombstone: "a".repeat(64) },
  AUTHORITY_NOTIFIED: { activation_id: ID, tool: "side_pocket" },
  SIDE_POCKET_OPENED: { share_class_id: ID, activation_id: ID },
  DELIVERED_IN_KIND: { flow_id: ID },
  DEALING_DAY_OPENED: { dealing_day_id: ID },
  DEALING_DAY_KNOCKED: { dealing_day_id: ID, reason: "marks recorded" },
  DEALING_DAY_DISCARDED: { dealing_day_id: ID },
  ORDERS_ROLLED: { dealing_day_id: ID, orders: 1 },
  STATEMENTS_READY: { dealing_day_id: ID, statements: 2 },
  MARKS_RECORDED: { marks: 2 },
  NAV_RESTATED: { strike_id: ID, supersedes: ID, material: true, compensations: 3 },
  NAV_ERROR_TO_NOTIFY: { strike_id: ID, due_from: "2026-02-27", due_by: "2026-03-27" },
  NAV_ERROR_NOTIFIED: { strike_id: ID, document: "letter of 3 March 2026" },
  COMPENSATION_SETTLED: { payments: 1 },
  NAV_APPROVAL_OVERDUE: { dealing_day_id: ID, proposal_id: ID },
  CUTOFF_REACHED: { dealing_day_id: ID, orders: 2, order_root: HASH },
  ORDERS_RECHECKED: { dealing_day_id: ID, held: 0 },
  NAV_INPUTS_FROZEN: { strike_id: ID, inputs_hash: HASH },
  NAV_PROPOSED: { strike_id: ID, proposal_id: ID },
  NAV_STRUCK: { strike_id: ID, nav_date: "2026-01-30", version: 1 },
  NAV_RESTATEMENT_BEGUN: { strike_id: ID, supersedes: ID },
  LMT_PROPOSED: { activation_id: ID, proposal_id: ID },
  LMT_ACTIVATED: { activation_id: ID, tool: "gate" },
  LMT_ENDED: { activation_id: ID, tool: "gate" },
  LMT_DECIDED: { dealing_day_id: ID },
  SUSPENDED: { dealing_day_id: ID },
  ALLOCATED: { dealing_day_id: ID, orders: 2 },
  DEALING_DAY_POSTED: { dealing_day_id: ID },
  CLAIMABLE: { dealing_day_id: ID },
  CASH_CONFIRMED: { payments: 2 },
  LEDGER_REVERSED: { ledger_tx_id: ID },
  DEALING_DAY_CLOSED: { dealing_day_id: ID, day_hash: HASH },
  CASH_MOVED: { ledger_tx_id: ID, purpose: "invest" },
  ORDERS_IMPORTED: { import_id: ID, orders: 2 },
  BANK_STATEMENT_IMPORTED: { import_id: ID, matched: 2, unmatched: 1 },
  BANK_LINES_MATCHED: { import_id: ID, matched: 2 },
  IMPORT_UNDONE: { import_id: ID, undone: 2 },
  BANK_ACCOUNTS_PROPOSED: { accounts: 1 },
  BANK_ACCOUNTS_DECIDED: { accounts: 1, decision: "approved" },
  PAYMENTS_EXPORTED: { payment_file_id: ID, payments: 2 },
  PAYMENTS_WITHDRAWN: { payment_file_id: ID },
  DUST_ANSWERED: { flow_id: ID, answer: "keep" },
  BENEFICIAL_OWNER_SET: { investor_id: ID },
  CERTAIN_INFLOWS_RECORDED: { inflow_id: ID },
  REPURCHASE_OFFER_OPENED: { offer_id: ID },
  AUTHORITY_NOTICE_DUE: { notice_id: ID, dealing_day_id: ID, flow_id: ID },
  AUTHORITY_NOTICE_GIVEN: { notice_id: ID },
  SCHEDULE_NOTED: { schedule_id: "deal/DEMO/I", action: "pause", note: "synthetic" },
  SCHEDULE_ANSWERED: { schedule_id: "deal/DEMO/I", action: "pause", outcome: "done" },
  FAILURE_DECIDED: { step_id: ID, kind: "event", action: "skip" },
  INDEX_VALUES_RECORDED: { values: 2 },
  ASSET_PAYMENTS_RECORDED: { payments: 2 },
  STRESS_RUN_REQUESTED: { stress_run_id: ID, kind: "nightly", scenarios: 2 },
  STRESS_RUN_COMPLETED: {
    stress_run_id: ID,
    status: "partial",
    done: 1,
    failed: 1,
    worst_scenario_id: "rates_up200",
    loss: "1.00",
  },
  TOKEN_SETTLED: { action_id: ID, kind: "mint" },
  TOKEN_REFUSED: { action_id: ID, kind: "mint", code: "EG428", by: "chain" },
  TOKEN_RECONCILED: { contract_id: ID, block: 7 },
  TOKEN_BREAK: { contract_id: ID, block: 7, breaks: 1 },
  TOKEN_CONTRACT_DEPLOYED: { contract_id: ID, share_class_id: ID },
  WALLET_REGISTERED: { wallet_id: ID },
  STRESS_RUN_DIFFERED: { stress_run_id: ID, scenario_id: "rates_up200" },
  ROLL_FORWARD_SET: { asset_id: ID },
  MARKET_IMPORTED: { import_id: ID, taken: 2, held: 1 },
  MARKET_VALUES_DECIDED: { values: 1, decision: "confirmed" },
  MARKET_IMPORT_UNDONE: { import_id: ID, values: 2 },
  ESG_RECORDED: { provider: "SYN", as_of: "2026-01-30", ratings: 2 },
  WATCHLIST_SET: { list_id: ID, source: "own", active: true },
  LIST_REFRESH_REQUESTED: { list_id: ID },
  LIST_PUBLISHED: { list_id: ID, version_id: ID, rows: 3, added: 1, changed: 1, removed: 0 },
  LIST_REFUSED: { list_id: ID, version_id: ID, reason: "shrunken" },
  SCREENING_REQUESTED: { party_id: ID, revision: 1, reason: "asked" },
  PARTY_SCREENED: { party_id: ID, check_id: ID, outcome: "clear" },
  PARTIES_RESCREENED: { list_id: ID, entries: 1, parties: 2, affected: 1 },
  CANDIDATE_DECIDED: { party_id: ID, clearance_id: ID, decision: "false_match" },
  DATA_QUALITY_CHECKED: { checks: 2, failed: 1, snapshot_hash: "a".repeat(64) },
  DATA_QUALITY_FAILED: { check: "nav_agreement", value: "0.7", limit: "0.5", unit: "bps" },
};

describe("the catalogue", () => {
  it.each(EVENT_NAMES)("%s is in the past tense, in capitals, and complete", (name) => {
    const type = EVENTS[name] as { mode: string; playbook?: string; recordedBy: readonly string[] };
    expect(name).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(MODES).toContain(type.mode);
    for (const role of type.recordedBy) expect(ALL_ROLES).toContain(role);
    // whoever starts work has a playbook, and nobody else has one
    expect(type.playbook !== undefined).toBe(type.mode === "run" || type.mode === "batch");
  });

  it("uses every playbook and every mode", () => {
    const used = EVENT_NAMES.map((name) => (EVENTS[name] as { playbook?: string }).playbook).filter(
      (playbook) => playbook !== undefined,
    );
    expect([...new Set(used)].sort()).toEqual([...PLAYBOOKS].sort());
    expect(MODES.flatMap(eventsOf).sort()).toEqual([...EVENT_NAMES].sort());
  });

  it("lets no agent start a rebalancing, a decision or an application by recording its event", () => {
    for (const name of ["REBALANCE_REQUESTED", "PROPOSAL_CREATED", "PROPOSAL_DECIDED", "ALLOCATIONS_APPLIED"] as const)
      expect(EVENTS[name].recordedBy).toEqual([]);
  });

  it("knows its names and no others", () => {
    expect(EVENT_NAMES.every(isEventName)).toBe(true);
    expect([
      isEventName("toString"),
      isEventName("__proto__"),
      isEventName("rebalance_requested"),
      isEventName(""),
    ]).toEqual([false, false, false, false]);
  });
});

describe("payloads", () => {
  const own = EVENT_NAMES.filter((name) => Object.keys(RIGHT).includes(name));

  it("are tested for every type that has fields of its own", () => {
    const loose = EVENT_NAMES.filter((name) => EVENTS[name].payload.safeParse({ anything: 1 }).success);
    expect([...own, ...loose].sort()).toEqual([...EVENT_NAMES].sort());
  });

  it.each(own)("%s takes the right one and refuses every one with a field less", (name) => {
    const right = RIGHT[name] ?? {};
    expect(EVENTS[name].payload.safeParse(right).success).toBe(true);
    const optional = ["reason", "method", "scenario_id"].filter(
      (key) => EVENTS[name].payload.safeParse(without(right, key)).success,
    );
    for (const key of Object.keys(right).filter((one) => !optional.includes(one))) {
      expect(EVENTS[name].payload.safeParse(without(right, key)).success, `${name} without ${key}`).toBe(false);
    }
  });

  it("hold amounts as decimal strings, never as numbers", () => {
    expect(EVENTS.STRESS_COMPLETED.payload.safeParse({ ...RIGHT.STRESS_COMPLETED, loss: 2190056.14 }).success).toBe(
      false,
    );
    expect(EVENTS.LIQUIDITY_BREACH.payload.safeParse({ ...RIGHT.LIQUIDITY_BREACH, ratio: 0.9 }).success).toBe(false);
    expect(EVENTS.LIQUIDITY_BREACH.payload.safeParse({ ...RIGHT.LIQUIDITY_BREACH, ratio: null }).success).toBe(true);
  });

  it("a rate shift lies within ten percent either way, in whole basis points", () => {
    const accepted = (shift: number): boolean =>
      EVENTS.STRESS_REQUESTED.payload.safeParse({ scenario_id: "x", shift_bps: shift }).success;
    fc.assert(
      fc.property(
        fc.double({ min: -3000, max: 3000, noNaN: true }),
        (shift) => accepted(shift) === (Number.isInteger(shift) && Math.abs(shift) <= 1000),
      ),
    );
  });
});

describe("contracts between rooms", () => {
  const actions = Object.entries(CONTRACTS).flatMap(([room, contract]) =>
    Object.entries(contract).map(([action, { input, output }]) => ({ room, action, input, output })),
  );

  it("belong to rooms that have a role of their own", () => {
    expect(
      Object.keys(CONTRACTS)
        .map((room) => `agent_${room.replaceAll("-", "_")}`)
        .sort(),
    ).toEqual([...AGENT_ROLES].sort());
  });

  it.each(actions)("$room.$action refuses an input without its run", ({ input }) => {
    expect(input.safeParse({}).success).toBe(false);
    expect(input.safeParse({ eventId: "1", workflowId: "event/1" }).success).toBe(false);
  });

  it.each(actions)(
    "$room.$action does not answer with nothing where something is promised",
    ({ room, action, output }) => {
      // a platform event has no fund, and then there is nothing to remember
      expect(output.safeParse({}).success).toBe(`${room}.${action}` === "commander.remember");
      expect(output.safeParse("completed").success).toBe(false);
    },
  );
});

function without(payload: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => name !== key));
}
