// Who may read what and who may call what: the one list. Every cell is generated from here and really tried by role-matrix.test.ts;
// a table, view, function or role that is not here fails that test. Nobody may insert, update, delete or truncate anything, anywhere.

/** Logins of the application before they take a role hold nothing; the diagnostic login reads as an auditor does. */
export const LOGINS = ["evergreen_app", "evergreen_api", "evergreen_readonly"] as const;

const AGENTS = [
  "agent_commander",
  "agent_rebalancing",
  "agent_liquidity_engine",
  "agent_compliance_sentinel",
  "agent_risk_guardian",
  "agent_kyc",
  "agent_simulation",
  "agent_tokenization",
] as const;

/** One column of the matrix: a role as somebody takes it, or a login that has taken none. */
export const IDENTITIES = [
  "anon",
  "authenticated",
  "lp_a",
  "lp_b",
  "lp_nobody",
  "pm_role",
  "ops_role",
  "audit_role",
  "service_role",
  "demo_role",
  ...AGENTS,
  ...LOGINS,
] as const;
export type Identity = (typeof IDENTITIES)[number];

/** An LP with a user, another one, and the role without any claims. */
const LPS: Identity[] = ["lp_a", "lp_b"];
const AUDITORS: Identity[] = ["audit_role", "evergreen_readonly"];
const STAFF: Identity[] = ["pm_role", "ops_role", ...AUDITORS];
const EVERYONE: Identity[] = [...STAFF, "service_role", ...AGENTS];

const rooms = (...names: string[]): Identity[] => names.map((name) => `agent_${name.replaceAll("-", "_")}` as Identity);

/** Per table or view: who reads every row, and whether LPs read their own. */
export const READERS: Record<string, { all: Identity[]; lp?: "own" | "all" }> = {
  currencies: { all: EVERYONE, lp: "all" },
  funds: { all: EVERYONE, lp: "own" },
  share_classes: { all: [...STAFF, ...rooms("commander", "liquidity-engine")], lp: "own" },
  assets: {
    all: [
      ...STAFF,
      ...rooms("rebalancing", "liquidity-engine", "compliance-sentinel", "risk-guardian", "simulation", "tokenization"),
    ],
    lp: "own",
  },
  asset_snapshots: { all: [...STAFF, ...rooms("risk-guardian", "simulation")], lp: "own" },
  portfolio_allocations: {
    all: [...STAFF, ...rooms("commander", "rebalancing", "liquidity-engine", "compliance-sentinel", "simulation")],
  },
  mandates: { all: [...STAFF, ...rooms("commander", "rebalancing", "compliance-sentinel")] },
  liquidity_ladder: { all: [...STAFF, ...rooms("rebalancing", "liquidity-engine", "risk-guardian", "simulation")] },
  liquidity_reservations: { all: [...STAFF, ...rooms("rebalancing", "liquidity-engine")] },
  reported_flows: { all: [...STAFF, ...rooms("rebalancing", "liquidity-engine", "simulation")] },
  fund_sensitivities: { all: [...STAFF, ...rooms("simulation")] },
  investors: { all: [...STAFF, ...rooms("kyc", "compliance-sentinel")], lp: "own" },
  investors_pending_kyc: { all: [...STAFF, ...rooms("kyc")] },
  investor_access: { all: ["ops_role", ...AUDITORS], lp: "own" },
  fund_flows: { all: [...STAFF, ...rooms("commander", "kyc", "liquidity-engine")], lp: "own" },
  subscriptions: { all: STAFF, lp: "own" },
  redemptions: { all: STAFF, lp: "own" },
  event_types: { all: EVERYONE, lp: "all" },
  fund_events: { all: EVERYONE, lp: "own" },
  event_investors: { all: [...STAFF, ...rooms("kyc")], lp: "own" },
  event_outbox: { all: [...STAFF, "service_role"] },
  event_batches: { all: [...STAFF, "service_role", ...rooms("kyc")] },
  workflow_runs: { all: [...STAFF, "service_role", ...rooms("commander")] },
  proposals: { all: [...STAFF, ...rooms("commander", "rebalancing", "liquidity-engine", "compliance-sentinel")] },
  proposal_checks: { all: [...STAFF, ...rooms("commander", "rebalancing", "liquidity-engine", "compliance-sentinel")] },
  approvals: { all: [...STAFF, ...rooms("commander")] },
  commands: { all: AUDITORS },
  audit_trail: { all: [...STAFF, "service_role"] },
  audit_blocks: { all: [...STAFF, "service_role"] },
  audit_cursor: { all: [...STAFF, "service_role"] },
  compliance_logs: { all: [...STAFF, ...rooms("compliance-sentinel", "tokenization")] },
  risk_alerts: { all: [...STAFF, ...rooms("commander", "risk-guardian")] },
  tokenization_actions: { all: [...STAFF, ...rooms("compliance-sentinel", "tokenization")] },
  agent_memories: { all: ["pm_role", ...AUDITORS, ...AGENTS] },
  memory_nodes: { all: ["pm_role", ...AUDITORS, ...AGENTS] },
  memory_edges: { all: ["pm_role", ...AUDITORS, ...AGENTS] },
  dealing_policies: {
    all: [...STAFF, ...rooms("commander", "liquidity-engine", "compliance-sentinel", "simulation")],
  },
  lmt_policies: { all: [...STAFF, ...rooms("commander", "liquidity-engine", "compliance-sentinel", "simulation")] },
  lmt_activations: {
    all: [...STAFF, ...rooms("commander", "liquidity-engine", "compliance-sentinel", "risk-guardian")],
  },
  calendar_holidays: { all: EVERYONE, lp: "all" },
  dealing_days: {
    all: [...STAFF, "service_role", ...rooms("commander", "liquidity-engine", "kyc", "risk-guardian", "tokenization")],
  },
  order_transitions: { all: [...STAFF, ...rooms("commander", "kyc")] },
  order_leaves: { all: [...STAFF, ...rooms("commander")] },
  nav_strikes: { all: [...STAFF, ...rooms("commander", "liquidity-engine", "risk-guardian", "simulation")] },
  nav_inputs: { all: [...STAFF, ...rooms("commander", "risk-guardian", "simulation")] },
  class_navs: {
    all: [...STAFF, ...rooms("commander", "liquidity-engine", "risk-guardian", "simulation")],
    lp: "own",
  },
  allocations: { all: [...STAFF, ...rooms("commander", "liquidity-engine", "tokenization")], lp: "own" },
  ledger_transactions: { all: [...STAFF, ...rooms("commander")] },
  unit_ledger: { all: [...STAFF, ...rooms("commander", "tokenization")] },
  cash_movements: { all: [...STAFF, ...rooms("commander")], lp: "own" },
  lots: { all: [...STAFF, ...rooms("commander", "liquidity-engine")], lp: "own" },
  holdings: { all: [...STAFF, ...rooms("commander", "liquidity-engine", "simulation", "tokenization")], lp: "own" },
  cash_balances: { all: [...STAFF, ...rooms("commander", "liquidity-engine")], lp: "own" },
  statements: { all: [...STAFF, ...rooms("commander")], lp: "own" },
  restatements: { all: [...STAFF, ...rooms("commander")] },
  compensations: { all: [...STAFF, ...rooms("commander")], lp: "own" },
  trace_spans: { all: STAFF },
  platform_settings: { all: EVERYONE },
  _prisma_migrations: { all: [] },
};

/** Per function in public: who may call it. An LP without claims may call what LPs may, and is refused inside. */
export const CALLERS: Record<string, Identity[]> = {
  fn_record_event: [
    "pm_role",
    "ops_role",
    "service_role",
    ...rooms("commander", "liquidity-engine", "simulation", "risk-guardian", "compliance-sentinel"),
  ],
  fn_claim_events: ["service_role"],
  fn_finish_events: ["service_role"],
  fn_fail_event: ["service_role"],
  fn_release_events: ["service_role"],
  fn_claim_batch: ["service_role"],
  fn_fail_batch: ["service_role"],
  fn_retry_event: ["pm_role", "ops_role"],
  fn_seal_audit: ["service_role"],
  fn_open_workflow: ["service_role", ...rooms("commander")],
  fn_complete_workflow: ["service_role", ...rooms("commander")],
  fn_update_liquidity_bucket: ["pm_role", "ops_role", "service_role", ...rooms("liquidity-engine", "simulation")],
  fn_reserve_liquidity: rooms("liquidity-engine"),
  fn_release_liquidity: rooms("liquidity-engine"),
  fn_request_rebalance: ["pm_role"],
  fn_propose_rebalancing: rooms("rebalancing"),
  fn_record_checks: rooms("compliance-sentinel"),
  fn_open_proposal: rooms("commander"),
  fn_decide_proposal: ["pm_role"],
  fn_read_decision: rooms("commander"),
  fn_withdraw_proposal: rooms("commander"),
  fn_apply_allocations: rooms("rebalancing"),
  fn_set_mandate: ["pm_role"],
  fn_import_fund: ["pm_role", "ops_role"],
  fn_submit_investor: ["ops_role"],
  fn_assign_investor: ["ops_role", ...rooms("kyc")],
  fn_ask_evidence: rooms("kyc"),
  fn_place_order: ["ops_role", "lp_nobody", ...LPS],
  fn_intake_orders: rooms("kyc"),
  fn_cancel_order: ["ops_role", "pm_role", "lp_nobody", ...LPS],
  fn_hold_order: ["ops_role", ...rooms("kyc", "compliance-sentinel")],
  fn_release_hold: ["ops_role"],
  fn_prove_order: ["ops_role", "pm_role", "audit_role", "lp_nobody", ...LPS],
  fn_open_class: ["pm_role", "ops_role"],
  fn_open_register: ["ops_role"],
  fn_set_holidays: ["ops_role"],
  fn_set_dealing_policy: ["pm_role", "ops_role"],
  fn_set_lmt_policy: ["pm_role", "ops_role"],
  fn_propose_lmt: ["pm_role", "ops_role", ...rooms("liquidity-engine", "commander")],
  fn_activate_lmt: ["pm_role", ...rooms("commander")],
  fn_end_lmt: ["pm_role"],
  fn_open_dealing_day: ["ops_role", ...rooms("commander")],
  fn_lock_orders: rooms("commander"),
  fn_recheck_orders: rooms("kyc"),
  fn_freeze_nav_inputs: ["ops_role", ...rooms("commander")],
  fn_propose_nav: ["ops_role", "pm_role", ...rooms("commander")],
  fn_strike_nav: ["ops_role", ...rooms("commander")],
  fn_restate_nav: ["pm_role", "ops_role", ...rooms("commander")],
  fn_read_restatement: rooms("commander"),
  fn_record_restatement: rooms("commander"),
  fn_decide_lmt: rooms("liquidity-engine"),
  fn_record_allocations: rooms("liquidity-engine"),
  fn_post_dealing_day: rooms("commander"),
  fn_open_claims: rooms("commander"),
  fn_confirm_cash: ["ops_role", ...rooms("commander")],
  fn_close_dealing_day: rooms("commander"),
  fn_knock_dealing_day: ["pm_role", "ops_role"],
  fn_read_dealing_day: rooms("commander"),
  fn_read_nav_facts: rooms("commander"),
  fn_read_book: rooms("liquidity-engine"),
  fn_roll_unpaid: rooms("commander"),
  fn_record_lab: rooms("liquidity-engine"),
  fn_discard_dealing_day: ["ops_role", ...rooms("commander")],
  fn_record_marks: ["pm_role", "ops_role"],
  fn_reverse_ledger: ["pm_role", "ops_role"],
  fn_verify_invariants: ["audit_role", "pm_role", "ops_role", ...rooms("commander")],
  fn_statement_books: ["audit_role", "pm_role", "ops_role", "lp_nobody", ...LPS],
  fn_performance_books: ["audit_role", "pm_role", "ops_role", "lp_nobody", ...LPS],
  fn_prepare_statements: rooms("commander"),
  fn_raise_alert: rooms("risk-guardian"),
  fn_record_stress: rooms("simulation"),
  fn_log_compliance: rooms("compliance-sentinel"),
  fn_register_tokenization: rooms("tokenization"),
  fn_remember: ["pm_role", ...AGENTS],
  fn_search_memories: ["pm_role", "audit_role", ...AGENTS],
  fn_list_memories: ["pm_role", "audit_role", ...AGENTS],
  fn_record_spans: ["service_role"],
  fn_load_demo: ["demo_role"],
  fn_set_demo_clock: ["demo_role"],
  fn_batch_demo_orders: ["demo_role"],
  fn_hand_over_demo_days: ["demo_role"],
  fn_move_cash: ["ops_role"],
};

/** Functions of the schema evergreen that policies call as their reader. Nothing else in it may be called by anyone. */
export const PRIVATE_CALLERS: Record<string, Identity[]> = Object.fromEntries(
  ["my_event_ids", "my_fund_ids", "my_class_ids", "visible_asset_ids"].map((name) => [name, ["lp_nobody", ...LPS]]),
);

/** What an LP may see, said again in other words than the policies: $1 is the user, `mine` their investors of today. */
const MINE = `with mine as (select investor_id from investor_access where user_id = $1 and coalesce(valid_until, 'infinity') > now()),
  entered as (select fund_id from fund_flows join mine using (investor_id)
    union select c.fund_id from lots l join mine using (investor_id) join share_classes c using (share_class_id)),
  dealt as (select share_class_id from fund_flows join mine using (investor_id) union select share_class_id from lots join mine using (investor_id))`;
export const LP_ORACLE: Record<string, string> = {
  currencies: "select x from currencies x where $1::uuid is not null",
  event_types: "select x from event_types x where $1::uuid is not null",
  calendar_holidays: "select x from calendar_holidays x where $1::uuid is not null",
  allocations: `${MINE} select x from allocations x join mine using (investor_id)`,
  lots: `${MINE} select x from lots x join mine using (investor_id)`,
  holdings: `${MINE} select x from holdings x join mine using (investor_id)`,
  cash_movements: `${MINE} select x from cash_movements x join mine using (investor_id)`,
  cash_balances: `${MINE} select x from cash_balances x join mine using (investor_id)`,
  statements: `${MINE} select x from statements x join mine using (investor_id)`,
  compensations: `${MINE} select x from compensations x join mine using (investor_id)`,
  // a price that was proposed and one that was restated: only what was once final is seen
  class_navs: `${MINE} select x from class_navs x join dealt using (share_class_id) join nav_strikes s using (strike_id) where s.state in ('final', 'restated')`,
  funds: `${MINE} select x from funds x join entered using (fund_id)`,
  share_classes: `${MINE} select x from share_classes x join entered using (fund_id)`,
  assets: `${MINE} select x from assets x join entered using (fund_id) where x.lp_visible`,
  asset_snapshots: `${MINE} select x from asset_snapshots x join assets a on a.id = x.asset_id join entered e on e.fund_id = a.fund_id
                    where a.lp_visible and x.scenario_id = ''`,
  investors: `${MINE} select x from investors x join mine using (investor_id)`,
  investor_access: "select x from investor_access x where x.user_id = $1",
  fund_flows: `${MINE} select x from fund_flows x join mine using (investor_id)`,
  subscriptions: `${MINE} select x from subscriptions x join mine using (investor_id)`,
  redemptions: `${MINE} select x from redemptions x join mine using (investor_id)`,
  fund_events: `${MINE} select distinct x.* from fund_events x join event_investors using (event_id) join mine using (investor_id)`,
  event_investors: `${MINE} select x from event_investors x join mine using (investor_id)`,
};
