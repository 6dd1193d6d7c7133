// Every fn_* once; a sweep test fails when the database has one that is not here.
import { ACCOUNT_CASES } from "./account-cases.ts";
import { BREACH_CASES } from "./breach-cases.ts";

import { COCKPIT_CASES } from "./cockpit-cases.ts";
import { CREDIT_LINE_CASES } from "./credit-line-cases.ts";
import { DEALING_DAY_CASES } from "./dealing-day-cases.ts";
import { DEALING_GATE_CASES } from "./dealing-gate-cases.ts";
import { DEALING_ORDER_CASES } from "./dealing-order-cases.ts";
import { DEALING_POSTING_CASES } from "./dealing-posting-cases.ts";
import { DEALING_RUN_CASES } from "./dealing-run-cases.ts";
import { DEALING_TERMS_CASES } from "./dealing-terms-cases.ts";
import { DEMO_CASES } from "./demo-cases.ts";
import { DESK_PAGE_CASES } from "./desk-page-cases.ts";
import { ERASURE_CASES } from "./erasure-cases.ts";
import { EVENT_CASES } from "./event-cases.ts";
import { EXCEPTION_CASES } from "./exception-cases.ts";
import { FAILURE_CASES } from "./failure-cases.ts";
import { FEE_CASES } from "./fee-cases.ts";
import { FIGURE_CASES } from "./figure-cases.ts";
import { FUND_CASES } from "./fund-cases.ts";
import { IMPORT_CASES } from "./import-cases.ts";
import { INCIDENT_CASES } from "./incident-cases.ts";
import { INVESTOR_CASES } from "./investor-cases.ts";
import { LP_PAGE_CASES } from "./lp-page-cases.ts";
import { MARKET_CASES } from "./market-cases.ts";
import { ONBOARDING_CASES } from "./onboarding-cases.ts";
import { OVERSIGHT_CASES } from "./oversight-cases.ts";
import { PAGE_CASES } from "./page-cases.ts";
import { PARTY_CASES } from "./party-cases.ts";
import { PERSONAL_CASES } from "./personal-cases.ts";
import { POLICY_CASES } from "./policy-cases.ts";
import { POOL_CASES } from "./pool-cases.ts";
import { POSTING_CASES } from "./posting-cases.ts";
import { PROPOSAL_CASES } from "./proposal-cases.ts";
import { PROPOSAL_PAGE_CASES } from "./proposal-page-cases.ts";
import { RECONCILE_CASES } from "./reconcile-cases.ts";
import { RENEWAL_CASES } from "./renewal-cases.ts";
import { RESTATEMENT_CASES } from "./restatement-cases.ts";
import { RETENTION_CASES } from "./retention-cases.ts";
import type { RpcCase } from "./rpc-case.ts";
import { RULE_CASES } from "./rule-cases.ts";
import { RULE_TEST_CASES } from "./rule-test-cases.ts";
import { SCHEDULE_CASES } from "./schedule-cases.ts";
import { SCREENING_CASES } from "./screening-cases.ts";
import { STATEMENT_CASES } from "./statement-cases.ts";
import { STRESS_CASES } from "./stress-cases.ts";
import { STRESS_LIQUIDITY_CASES } from "./stress-liquidity-cases.ts";
import { TOKEN_CASES } from "./token-cases.ts";
import { TOKEN_RUN_CASES } from "./token-run-cases.ts";
import { UNFREEZE_CASES } from "./unfreeze-cases.ts";
import { WATCHLIST_CASES } from "./watchlist-cases.ts";
import { WEBHOOK_ATTEMPT_CASES } from "./webhook-attempt-cases.ts";
import { WEBHOOK_CASES } from "./webhook-cases.ts";

export const RPC_CASES: readonly RpcCase[] = [
  ...EVENT_CASES,
  ...FUND_CASES,
  ...COCKPIT_CASES,
  ...FIGURE_CASES,
  ...PROPOSAL_CASES,
  ...INVESTOR_CASES,
  ...ONBOARDING_CASES,
  ...PARTY_CASES,
  ...UNFREEZE_CASES,
  ...OVERSIGHT_CASES,
  ...TOKEN_CASES,
  ...TOKEN_RUN_CASES,
  ...CREDIT_LINE_CASES,
  ...POOL_CASES,
  ...INCIDENT_CASES,
  ...DEALING_TERMS_CASES,
  ...DEALING_ORDER_CASES,
  ...DEALING_DAY_CASES,
  ...DEALING_GATE_CASES,
  ...DEALING_POSTING_CASES,
  ...DEALING_RUN_CASES,
  ...STATEMENT_CASES,
  ...DEMO_CASES,
  ...POSTING_CASES,
  ...FEE_CASES,
  ...EXCEPTION_CASES,
  ...IMPORT_CASES,
  ...ACCOUNT_CASES,
  ...RESTATEMENT_CASES,
  ...POLICY_CASES,
  ...SCHEDULE_CASES,
  ...FAILURE_CASES,
  ...STRESS_CASES,
  ...MARKET_CASES,
  ...WATCHLIST_CASES,
  ...SCREENING_CASES,
  ...RETENTION_CASES,
  ...PERSONAL_CASES,
  ...ERASURE_CASES,
  ...RENEWAL_CASES,
  ...PAGE_CASES,
  ...LP_PAGE_CASES,
  ...PROPOSAL_PAGE_CASES,
  ...DESK_PAGE_CASES,
  ...STRESS_LIQUIDITY_CASES,
  ...RULE_CASES,
  ...RULE_TEST_CASES,
  ...BREACH_CASES,
  ...WEBHOOK_CASES,
  ...WEBHOOK_ATTEMPT_CASES,
  // last: they halt every other
  ...RECONCILE_CASES,
];
