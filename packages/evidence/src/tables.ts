// Every table of the platform: in the pack of a fund and period, or left out for a reason. A test holds the two lists against schema.prisma.

/** How a row belongs to a fund: by its own fund_id, by that or by none (a matter of the whole platform), by the row of another table that it names, to every fund alike, or by the chain of its audit block. */
export type Belonging = "fund" | "fund or none" | "platform" | "chain" | { readonly by: string; readonly in: string };

export interface EvidenceTable {
  readonly member: string;
  /** Columns that name a row and order the member; "#" after a name: ordered as a number. */
  readonly key: readonly string[];
  readonly of: Belonging;
  /** Rows recorded in the period, or all that there are (what the period is judged by). */
  readonly when: "period" | "all";
  /** Columns that stay out: free text and files that may hold personal data, or contents whose hash is in the row. */
  readonly without?: readonly string[];
}

const rows = (
  member: string,
  key: readonly string[],
  of: Belonging,
  when: "period" | "all" = "period",
  without: readonly string[] = [],
): EvidenceTable => ({ member: `${member}.jsonl`, key, of, when, without });
const by = (column: string, table: string): Belonging => ({ by: column, in: table });

export const EVIDENCE: Readonly<Record<string, EvidenceTable>> = {
  funds: rows("fund/funds", ["fund_id"], "fund", "all"),
  share_classes: rows("fund/share_classes", ["share_class_id"], "fund", "all"),
  assets: rows("fund/assets", ["id"], "fund", "all"),
  mandates: rows("rules/mandates", ["mandate_id"], "fund", "all"),
  dealing_policies: rows("rules/dealing_policies", ["policy_id"], "fund", "all"),
  lmt_policies: rows("rules/lmt_policies", ["policy_id"], "fund", "all"),
  roll_forwards: rows("rules/roll_forwards", ["rule_id"], "fund", "all"),
  retention_policies: rows("rules/retention_policies", ["what"], "platform", "all"),
  legal_holds: rows("rules/legal_holds", ["hold_id"], "fund", "all"),
  calendar_holidays: rows("rules/calendar_holidays", ["calendar", "date"], "platform", "all"),
  currencies: rows("rules/currencies", ["code"], "platform", "all"),
  event_types: rows("rules/event_types", ["type"], "platform", "all"),
  platform_settings: rows("rules/platform_settings", ["key"], "platform", "all"),
  asset_snapshots: rows("valuation/asset_snapshots", ["snapshot_id"], "fund"),
  portfolio_allocations: rows("valuation/portfolio_allocations", ["allocation_id"], "fund"),
  nav_strikes: rows("valuation/nav_strikes", ["strike_id"], "fund"),
  nav_inputs: rows("valuation/nav_inputs", ["input_id"], by("strike_id", "nav_strikes")),
  class_navs: rows("valuation/class_navs", ["strike_id", "share_class_id"], by("strike_id", "nav_strikes")),
  series_navs: rows("valuation/series_navs", ["strike_id", "share_class_id", "series"], by("strike_id", "nav_strikes")),
  class_marks: rows("valuation/class_marks", ["mark_id"], by("share_class_id", "share_classes")),
  restatements: rows("valuation/restatements", ["restatement_id"], "fund"),
  compensations: rows("valuation/compensations", ["compensation_id"], by("restatement_id", "restatements")),
  esg_ratings: rows("valuation/esg_ratings", ["rating_id"], "fund"),
  asset_payments: rows("valuation/asset_payments", ["payment_id"], "fund"),
  data_quality_results: rows("checks/data_quality_results", ["result_id"], "fund"),
  liquidity_ladder: rows("liquidity/liquidity_ladder", ["ladder_id"], "fund"),
  liquidity_reservations: rows("liquidity/liquidity_reservations", ["reservation_id"], "fund"),
  reported_flows: rows("liquidity/reported_flows", ["reported_flow_id"], "fund"),
  fund_sensitivities: rows("liquidity/fund_sensitivities", ["sensitivity_id"], "fund"),
  certain_inflows: rows("liquidity/certain_inflows", ["inflow_id"], "fund"),
  lmt_activations: rows("liquidity/lmt_activations", ["activation_id"], "fund"),
  repurchase_offers: rows("liquidity/repurchase_offers", ["offer_id"], "fund"),
  authority_notices: rows("liquidity/authority_notices", ["notice_id"], "fund"),
  stress_runs: rows("liquidity/stress_runs", ["stress_run_id"], "fund"),
  stress_outcomes: rows(
    "liquidity/stress_outcomes",
    ["stress_run_id", "scenario_hash"],
    by("stress_run_id", "stress_runs"),
  ),
  fund_flows: rows("dealing/fund_flows", ["flow_id"], "fund"),
  order_transitions: rows("dealing/order_transitions", ["transition_id"], by("flow_id", "fund_flows")),
  dealing_days: rows("dealing/dealing_days", ["dealing_day_id"], "fund"),
  order_leaves: rows("dealing/order_leaves", ["dealing_day_id", "position#"], by("dealing_day_id", "dealing_days")),
  allocations: rows("dealing/allocations", ["allocation_id"], by("dealing_day_id", "dealing_days")),
  in_kind_deliveries: rows("dealing/in_kind_deliveries", ["delivery_id"], "fund"),
  statements: rows("dealing/statements", ["statement_id"], by("dealing_day_id", "dealing_days"), "period", ["body"]),
  ledger_transactions: rows("ledger/ledger_transactions", ["ledger_tx_id"], "fund", "period", ["description"]),
  unit_ledger: rows("ledger/unit_ledger", ["entry_id"], by("ledger_tx_id", "ledger_transactions")),
  cash_movements: rows("ledger/cash_movements", ["entry_id"], "fund", "period", ["reference"]),
  lots: rows("ledger/lots", ["lot_id"], by("share_class_id", "share_classes")),
  payment_files: rows("ledger/payment_files", ["payment_file_id"], "fund"),
  payment_lines: rows("ledger/payment_lines", ["payment_file_id", "flow_id"], by("payment_file_id", "payment_files")),
  import_batches: rows("ledger/import_batches", ["import_id"], "fund", "period", ["file_name"]),
  fund_events: rows("events/fund_events", ["event_id"], "fund"),
  workflow_runs: rows("events/workflow_runs", ["workflow_id"], "fund"),
  proposals: rows("approvals/proposals", ["proposal_id"], "fund"),
  proposal_checks: rows("approvals/proposal_checks", ["check_id"], by("proposal_id", "proposals")),
  approvals: rows("approvals/approvals", ["approval_id"], by("proposal_id", "proposals")),
  audit_trail: rows("audit/audit_trail", ["tx#", "seq#"], "chain"),
  audit_blocks: rows("audit/audit_blocks", ["chain_id", "height#"], "chain"),
  compliance_logs: rows("checks/compliance_logs", ["log_id"], "fund", "period", ["attachment_url"]),
  risk_alerts: rows("checks/risk_alerts", ["alert_id"], "fund"),
  tokenization_actions: rows("dealing/tokenization_actions", ["action_id"], "fund"),
  credit_lines: rows("liquidity/credit_lines", ["credit_line_id"], "fund", "all"),
  kyc_policies: rows("rules/kyc_policies", ["policy_id"], "platform", "all"),
  cases: rows("cases/cases", ["case_id"], "fund or none"),
  case_candidates: rows("cases/case_candidates", ["candidate_id"], by("case_id", "cases"), "period", ["features"]),
  case_decisions: rows("cases/case_decisions", ["decision_id"], by("case_id", "cases"), "period", ["reason"]),
  retention_archives: rows("events/retention_archives", ["archive_id"], "fund", "all"),
};

/** Why a table is no part of a pack. */
export const NOT_EVIDENCE: Readonly<Record<string, string>> = {
  investors: "Investors appear by their ids in orders and fills; who they are is no part of it.",
  investors_pending_kyc: "Applicants: what was asked of a person; the checks on them are in compliance_logs by id.",
  investor_access: "Which login sees which investor: personal.",
  beneficial_owners: "Who stands behind an investor: personal.",
  parties: "Parties appear by their ids in cases and checks; who they are is no part of it.",
  party_links: "Who owns whom behind an investor: personal; a subject's export has it.",
  party_evidence: "The file of a person; a subject's export has it.",
  case_notes: "Free text of analysts about people; what was decided is in case_decisions.",
  holdings: "The sum of the unit ledger, which is in the pack.",
  cash_balances: "The sum of the cash movements, which are in the pack.",
  import_rows:
    "Lines of files as they came, with names and references of people; the batch and its hashes are in the pack.",
  bank_accounts: "Holders and account numbers: personal.",
  event_investors: "Which investor an event concerns follows from its order.",
  event_outbox: "A queue: what is still to be delivered, gone when it is done.",
  event_batches: "Work in hand of the dispatcher; the events and their effects are in the pack.",
  commands: "Answers kept for retries; every change they made is in the audit trail.",
  audit_cursor: "Where the sealer stands; the blocks it made are in the pack.",
  market_series: "Platform-wide market data; the values a NAV used are in nav_inputs.",
  market_imports: "Platform-wide market data; the values a NAV used are in nav_inputs.",
  market_data: "Platform-wide market data, often licensed; the values a NAV used are in nav_inputs.",
  market_held: "Platform-wide market data; the values a NAV used are in nav_inputs.",
  stress_scenarios: "Shipped with the platform and named by their hash in every outcome.",
  stress_shards: "Parts of outcomes, which are in the pack with their hashes.",
  agent_memories: "Words for agents, with references to rows that are in the pack; they decide nothing.",
  memory_nodes: "Words for agents; they decide nothing.",
  memory_edges: "Words for agents; they decide nothing.",
  trace_spans: "How long steps took; telemetry.",
};
