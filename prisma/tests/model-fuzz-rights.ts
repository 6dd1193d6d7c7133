// What each agent's functions may leave behind, said apart from the functions: tables with new rows, columns of rows that stand, rows that go. Whoever gives
// an agent a function with a new effect adds it here, and a reader of this file sees what an agent that obeys an attacker could do at worst.
import type { AgentRole } from "@evergreen-fund/domain/roles.ts";

export interface Rights {
  /** Tables it may add rows to, beyond what every agent leaves. */
  adds: readonly string[];
  /** Columns of standing rows it may change, by table; `tx` and `updated_at` go without saying. */
  changes: Readonly<Record<string, readonly string[]>>;
  /** Tables whose rows may go. */
  removes?: readonly string[];
}

/** Every call that has an effect leaves these, and every agent may remember. */
export const ALWAYS = [
  "agent_memories",
  "memory_nodes",
  "memory_edges",
  "audit_trail",
  "commands",
  "fund_events",
  "event_outbox",
  "event_investors",
];

/** Nobody but people writes these, whoever asks. */
export const NEVER = [
  "approvals",
  "mandates",
  "dealing_policies",
  "lmt_policies",
  "investor_access",
  "bank_accounts",
  "payment_files",
  "payment_lines",
  "legal_holds",
  "retention_policies",
  "retention_archives",
  "platform_settings",
  "event_types",
  "currencies",
  "audit_blocks",
  "audit_cursor",
  "beneficial_owners",
  "esg_ratings",
  "roll_forwards",
  "asset_payments",
];

export const RIGHTS: Readonly<Record<AgentRole, Rights>> = {
  agent_commander: {
    adds: [
      "cash_balances",
      "cash_movements",
      "class_marks",
      "class_navs",
      "compensations",
      "dealing_days",
      "fund_flows",
      "holdings",
      "in_kind_deliveries",
      "ledger_transactions",
      "lmt_activations",
      "lots",
      "nav_inputs",
      "nav_strikes",
      "order_leaves",
      "order_transitions",
      "proposals",
      "restatements",
      "share_classes",
      "statements",
      "unit_ledger",
      "workflow_runs",
    ],
    changes: {
      allocations: ["child_flow_id"],
      cash_balances: ["amount"],
      class_navs: ["published_at"],
      dealing_days: ["closed_at", "day_hash", "order_root", "orders", "status", "step", "strike_id"],
      fund_flows: [
        "cleared_at",
        "dealing_date",
        "dealing_day_id",
        "dust_asked_at",
        "filled_units",
        "locked_at",
        "net_amount",
        "price",
        "priced_at",
        "reason",
        "settled_at",
        "status",
        "vintage",
      ],
      funds: ["status"],
      holdings: ["units"],
      lmt_activations: ["active_from", "status"],
      lots: ["equalisation_credit", "high_water", "price", "units_issued", "units_left"],
      nav_strikes: ["body", "gnav", "liabilities", "nav", "performance_fee", "proposal_id", "state", "total_assets"],
      proposals: ["applied_at", "refusal", "status"],
      share_classes: ["nav_per_unit", "units_outstanding"],
      workflow_runs: ["ended_at", "metadata", "status"],
    },
    removes: ["allocations"],
  },
  agent_rebalancing: {
    adds: ["portfolio_allocations", "proposals"],
    changes: {
      funds: ["allocations_version", "net_assets"],
      liquidity_ladder: ["capacity"],
      portfolio_allocations: ["superseded_at"],
      proposals: ["applied_at", "status"],
    },
  },
  agent_liquidity_engine: {
    adds: ["allocations", "liquidity_ladder", "liquidity_reservations", "lmt_activations", "proposal_checks"],
    changes: {
      class_navs: ["dealing_price_red", "dealing_price_sub"],
      dealing_days: ["decision", "status", "step", "terms"],
      liquidity_ladder: ["capacity", "stress_delta", "utilization"],
      liquidity_reservations: ["release_reason", "released_at"],
      stress_runs: ["liquidity"],
    },
  },
  agent_compliance_sentinel: {
    adds: ["compliance_logs", "order_transitions", "proposal_checks"],
    changes: {
      fund_flows: ["dealing_day_id", "reason", "status"],
    },
  },
  agent_risk_guardian: {
    adds: ["risk_alerts"],
    changes: {},
  },
  agent_kyc: {
    adds: ["compliance_logs", "investors", "order_transitions"],
    changes: {
      dealing_days: ["rechecked_at", "step"],
      event_batches: ["done_at", "leased_by", "outcome"],
      fund_flows: ["accepted_at", "dealing_date", "dealing_day_id", "eligibility_tag", "reason", "status"],
      investors_pending_kyc: ["investor_id", "kyc_status", "missing"],
      liquidity_ladder: ["utilization"],
    },
  },
  agent_simulation: {
    adds: [
      "asset_snapshots",
      "data_quality_results",
      "market_data",
      "market_held",
      "market_imports",
      "market_series",
      "stress_outcomes",
      "stress_runs",
      "stress_shards",
    ],
    changes: {
      liquidity_ladder: ["capacity"],
      stress_outcomes: ["body", "body_hash", "nav_after", "nav_before", "reason", "status"],
      stress_runs: [
        "as_of",
        "checked_equal",
        "checked_hash",
        "checked_scenario",
        "code_hash",
        "done",
        "ended_at",
        "failed",
        "nav_before",
        "outcomes_hash",
        "reason",
        "seed",
        "snapshot_hash",
        "snapshot_name",
        "status",
      ],
    },
  },
  agent_tokenization: {
    adds: ["tokenization_actions"],
    changes: {},
  },
};
