-- from schema.prisma
-- AlterTable
ALTER TABLE "parties" ADD COLUMN     "unfreeze_asked_by" TEXT;

-- AlterTable
ALTER TABLE "bank_accounts" ADD COLUMN     "account_index" TEXT,
ADD COLUMN     "content_mark" TEXT,
ADD COLUMN     "sealed" TEXT,
ALTER COLUMN "account" DROP NOT NULL,
ALTER COLUMN "holder" DROP NOT NULL;

-- AlterTable
ALTER TABLE "risk_alerts" ALTER COLUMN "fund_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "party_tests" (
    "party_id" UUID NOT NULL,
    "answers" JSONB NOT NULL,
    "version_ids" UUID[],
    "mark" TEXT NOT NULL,
    "answered_on" DATE NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "party_tests_pkey" PRIMARY KEY ("party_id")
);

-- CreateIndex
CREATE INDEX "bank_accounts_account_index_idx" ON "bank_accounts"("account_index");

-- AddForeignKey
ALTER TABLE "party_tests" ADD CONSTRAINT "party_tests_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- from sql/20-constraints.sql
-- What Prisma's schema cannot say: checks, partial indexes, delivery settings. NaN passes as numeric, hence the checks on every amount.
create or replace function evergreen.add_check(table_name text, check_name text, expression text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from pg_catalog.pg_constraint c
                  where c.conname = check_name and c.conrelid = ('public.' || quote_ident(table_name))::regclass) then
    execute format('alter table public.%I add constraint %I check (%s)', table_name, check_name, expression);
  end if;
end $$;
comment on function evergreen.add_check(text, text, text) is 'Adds a named check once; called by migrations only.';

do $$
declare
  col record;
  bucket text := $b$bucket in ('1d', '7d', '30d', '90d', '180d', '365d', 'gt365d')$b$;
begin
  -- every numeric column of every table: a number, not NaN, not infinite
  for col in select c.table_name, c.column_name from information_schema.columns c
              join information_schema.tables t using (table_schema, table_name)
              where c.table_schema = 'public' and c.data_type = 'numeric' and t.table_type = 'BASE TABLE' loop
    perform evergreen.add_check(col.table_name, col.table_name || '_' || col.column_name || '_finite',
      format('%I not in (''NaN'', ''Infinity'', ''-Infinity'')', col.column_name));
  end loop;
  perform evergreen.add_check('currencies', 'currencies_exponent', 'exponent between 0 and 4');
  perform evergreen.add_check('funds', 'funds_code', $c$code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$'$c$);
  perform evergreen.add_check('funds', 'funds_status', $c$status in ('active', 'suspended', 'closed')$c$);
  perform evergreen.add_check('assets', 'assets_bucket', bucket);
  perform evergreen.add_check('assets', 'assets_status', $c$status in ('active', 'retired')$c$);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_bucket', bucket);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_side', $c$side in ('asset', 'liability')$c$);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_capacity', 'capacity >= 0 and utilization >= 0');
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_within', $c$side = 'liability' or utilization <= capacity$c$);
  perform evergreen.add_check('liquidity_reservations', 'liquidity_reservations_amount', 'amount >= 0');
  perform evergreen.add_check('reported_flows', 'reported_flows_kind', $c$kind in ('sale', 'redemption', 'reinvestment')$c$);
  perform evergreen.add_check('fund_sensitivities', 'fund_sensitivities_measure', $c$measure in ('dv01', 'dv100', 'spread_ig', 'spread_non_ig')$c$);
  perform evergreen.add_check('investors', 'investors_classification',
    $c$classification in ('retail', 'semi_professional', 'professional', 'qualified')$c$);
  perform evergreen.add_check('investors', 'investors_kyc', $c$kyc_status in ('approved', 'expired', 'blocked')$c$);
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_status',
    $c$kyc_status in ('submitted', 'missing_evidence', 'assigned', 'declined')$c$);
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_classification',
    $c$classification in ('retail', 'semi_professional', 'professional', 'qualified')$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_direction', $c$direction in ('subscription', 'redemption')$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_amount', 'amount > 0');
  perform evergreen.add_check('fund_flows', 'fund_flows_status',
    $c$status in ('draft', 'submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable', 'settled',
                  'rejected', 'cancelled', 'lapsed', 'carried')$c$);
  perform evergreen.add_check('event_types', 'event_types_mode', $c$mode in ('run', 'batch', 'note', 'tell')$c$);
  perform evergreen.add_check('workflow_runs', 'workflow_runs_status', $c$status in ('running', 'completed', 'refused', 'failed')$c$);
  perform evergreen.add_check('proposals', 'proposals_status',
    $c$status in ('checking', 'pending', 'approved', 'rejected', 'expired', 'refused', 'applied', 'withdrawn')$c$);
  perform evergreen.add_check('proposals', 'proposals_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('proposal_checks', 'proposal_checks_result', $c$result in ('passed', 'failed')$c$);
  perform evergreen.add_check('approvals', 'approvals_decision', $c$decision in ('approved', 'rejected')$c$);
  perform evergreen.add_check('compliance_logs', 'compliance_logs_result', $c$result in ('passed', 'failed', 'review')$c$);
  perform evergreen.add_check('risk_alerts', 'risk_alerts_severity', $c$severity in ('notice', 'warning', 'critical')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_status',
    $c$status in ('awaiting_approval', 'approved', 'refused', 'submitted', 'confirmed', 'failed')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_trust', $c$trust in ('system', 'person', 'untrusted')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_text', 'length(text) between 1 and 4096');
  perform evergreen.add_check('memory_nodes', 'memory_nodes_kind', $c$kind in ('Asset', 'Scenario', 'Workflow', 'Investor', 'Policy')$c$);
  perform evergreen.add_check('memory_edges', 'memory_edges_kind', $c$kind in ('caused', 'resolved_with', 'violated', 'prefers')$c$);
  perform evergreen.add_check('audit_cursor', 'audit_cursor_only', '"only"');
  -- dealing and ledger
  perform evergreen.add_check('fund_flows', 'fund_flows_order_kind', $c$order_kind in ('plain', 'switch', 'transfer')$c$);
  -- an order is in money or in units; what a switch buys follows from what it sells
  perform evergreen.add_check('fund_flows', 'fund_flows_measure',
    $c$num_nonnulls(amount, requested_units) = case when order_kind = 'switch' and direction = 'subscription' then 0 else 1 end$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_requested_units', 'requested_units > 0');
  perform evergreen.add_check('fund_flows', 'fund_flows_filled_units', 'filled_units >= 0 and net_amount >= 0');
  perform evergreen.add_check('fund_flows', 'fund_flows_linked', $c$order_kind = 'plain' or share_class_id is not null$c$);
  perform evergreen.add_check('share_classes', 'share_classes_dp', 'units_dp between 0 and 18 and price_dp between 0 and 18 and issue_price > 0 and units_outstanding >= 0');
  perform evergreen.add_check('proposals', 'proposals_approvals_needed', 'approvals_needed between 1 and 5');
  perform evergreen.add_check('dealing_policies', 'dealing_policies_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('credit_lines', 'credit_lines_terms', $c$committed >= 0 and drawn between 0 and committed and due_days between 0 and 3650 and expires_on >= effective_from and version >= 1$c$);
  perform evergreen.add_check('credit_lines', 'credit_lines_codes', $c$line ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and lender ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'$c$);
  perform evergreen.add_check('lmt_policies', 'lmt_policies_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('lmt_activations', 'lmt_activations_tool', $c$tool in ('redemption_gate', 'investor_gate', 'notice_extension', 'redemption_fee',
    'swing_pricing', 'dual_pricing', 'anti_dilution_levy', 'redemption_in_kind', 'side_pocket', 'suspension')$c$);
  perform evergreen.add_check('lmt_activations', 'lmt_activations_status', $c$status in ('proposed', 'active', 'ended')$c$);
  perform evergreen.add_check('dealing_days', 'dealing_days_status', $c$status in ('open', 'cut_off', 'inputs_frozen', 'nav_proposed', 'struck',
    'lmt_decided', 'allocated', 'posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded')$c$);
  perform evergreen.add_check('dealing_days', 'dealing_days_committed', $c$status in ('open', 'discarded') or order_root is not null$c$);
  perform evergreen.add_check('dealing_days', 'dealing_days_closed', $c$(status = 'closed') = (day_hash is not null and closed_at is not null)$c$);
  perform evergreen.add_check('order_leaves', 'order_leaves_leaf', $c$leaf = encode(sha256(convert_to(canonical, 'UTF8')), 'hex') and position >= 1$c$);
  perform evergreen.add_check('nav_strikes', 'nav_strikes_state', $c$state in ('estimated', 'provisional', 'final', 'restated')$c$);
  perform evergreen.add_check('nav_strikes', 'nav_strikes_foots', 'gnav = total_assets - liabilities and nav = gnav - performance_fee');
  perform evergreen.add_check('nav_strikes', 'nav_strikes_whole', $c$state = 'estimated' or num_nonnulls(total_assets, liabilities, gnav, performance_fee, nav, proposal_id) = 6$c$);
  perform evergreen.add_check('nav_inputs', 'nav_inputs_kind', $c$kind in ('asset', 'cash', 'receivable', 'debt', 'payable', 'accrual')$c$);
  perform evergreen.add_check('class_navs', 'class_navs_price', 'nav_per_unit > 0 and dealing_price_sub > 0 and dealing_price_red > 0 and units >= 0 and performance_accrued >= 0');
  perform evergreen.add_check('series_navs', 'series_navs_price', $c$nav > 0 and units > 0 and nav_per_unit > 0 and performance_accrued >= 0 and high_water > 0 and length(series) between 1 and 200$c$);
  perform evergreen.add_check('allocations', 'allocations_within', 'filled_units >= 0 and carried_units >= 0 and filled_units + carried_units <= coalesce(requested_units, filled_units)');
  perform evergreen.add_check('allocations', 'allocations_money', 'price > 0 and gross_amount >= 0 and levy >= 0 and fee >= 0 and performance_fee >= 0 and gross_amount + credit >= 0 and net_amount >= 0 and equalisation_credit >= 0');
  perform evergreen.add_check('unit_ledger', 'unit_ledger_account', $c$account in ('holder', 'outstanding', 'side_pocket')$c$);
  perform evergreen.add_check('unit_ledger', 'unit_ledger_holder', $c$(account = 'holder') = (investor_id is not null and lot_id is not null)$c$);
  perform evergreen.add_check('unit_ledger', 'unit_ledger_units', 'units <> 0');
  perform evergreen.add_check('cash_movements', 'cash_movements_account', $c$account in ('bank', 'subscriptions_received', 'redemptions_payable',
    'capital', 'fund_income', 'fee_payable', 'in_transit', 'investments', 'management_fee', 'distributions_payable', 'refunds_payable', 'assets_delivered',
    'compensation_payable', 'compensation_receivable')$c$);
  perform evergreen.add_check('cash_movements', 'cash_movements_amount', 'amount <> 0');
  perform evergreen.add_check('lots', 'lots_units', 'units_issued > 0 and units_left >= 0 and units_left <= units_issued and equalisation_credit >= 0');
  perform evergreen.add_check('holdings', 'holdings_units', 'units >= 0');
  perform evergreen.add_check('restatements', 'restatements_direction', $c$direction in ('overstated', 'understated', 'none') and (direction = 'none') = (error = 0)$c$);
  perform evergreen.add_check('restatements', 'restatements_amounts', 'published > 0 and correct > 0 and tolerance >= 0 and material = (error > tolerance) and fund_pays >= 0 and fund_receives >= 0');
  perform evergreen.add_check('compensations', 'compensations_kind', $c$kind in ('subscriber_overpaid', 'redeemer_overpaid', 'redeemer_underpaid', 'subscriber_excess_units', 'none')$c$);
  perform evergreen.add_check('compensations', 'compensations_owed', $c$owed_to in ('investor', 'fund', 'nobody') and owed_by in ('fund', 'responsible_party', 'nobody') and difference >= 0 and (not pays or owed_to = 'investor')$c$);
  perform evergreen.add_check('statements', 'statements_hash', $c$hash = encode(sha256(convert_to(body::text, 'UTF8')), 'hex')$c$);
  perform evergreen.add_check('statements', 'statements_version', '(version = 1) = (supersedes is null) and version >= 1');
  perform evergreen.add_check('class_marks', 'class_marks_cause', $c$cause in ('opening', 'crystallisation', 'distribution', 'side_pocket')$c$);
  perform evergreen.add_check('class_marks', 'class_marks_high_water', $c$high_water > 0 and (cause = 'distribution') = (per_unit is not null and per_unit > 0)$c$);
  perform evergreen.add_check('in_kind_deliveries', 'in_kind_deliveries_above_zero', 'quantity > 0 and value > 0');
  perform evergreen.add_check('allocations', 'allocations_rest', $c$rest in ('carried', 'lapsed', 'ask_dust', 'cancelled_dust', 'pay_or_notify', 'notify') and refund >= 0$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_dust_answer', $c$dust_answer is null or (dust_answer in ('give_up', 'keep') and dust_asked_at is not null)$c$);
  perform evergreen.add_check('certain_inflows', 'certain_inflows_amount', 'amount >= 0');
  perform evergreen.add_check('repurchase_offers', 'repurchase_offers_terms', 'share between 0.05 and 0.25 and deadline - notice_on between 21 and 42 and pricing_date - deadline between 0 and 14');
  perform evergreen.add_check('authority_notices', 'authority_notices_kind', $c$kind in ('carried_too_long')$c$);
  perform evergreen.add_check('market_series', 'market_series_kind', $c$kind in ('fx', 'index', 'yield', 'spread', 'price', 'cap_rate', 'volatility') and series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and length(unit) between 1 and 20$c$);
  perform evergreen.add_check('market_imports', 'market_imports_status', $c$status in ('imported', 'undone') and (status = 'undone') = (undone_at is not null) and file_sha256 ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('market_imports', 'market_imports_counts', 'rows >= 1 and taken >= 0 and held >= 0 and unchanged >= 0 and taken + held + unchanged <= rows');
  perform evergreen.add_check('market_held', 'market_held_decided', $c$status in ('held', 'confirmed', 'rejected') and (status = 'held') = (decided_by is null)$c$);
  perform evergreen.add_check('esg_ratings', 'esg_ratings_score', 'scale_low < scale_high and score between scale_low and scale_high');
  perform evergreen.add_check('data_quality_results', 'data_quality_results_passed', $c$passed = coalesce(value <= "limit", false) and snapshot_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('roll_forwards', 'roll_forwards_whole', 'num_nonnulls(series, beta, after_days) in (0, 3) and after_days between 0 and 3650 and beta between -10 and 10');
  perform evergreen.add_check('nav_inputs', 'nav_inputs_rolled', 'num_nonnulls(mark, beta, index_series, index_at_mark, index_now) in (0, 5) and index_at_mark > 0 and index_now > 0 and (payments is null or mark is not null)');
  perform evergreen.add_check('asset_payments', 'asset_payments_kind', $c$kind in ('call', 'distribution') and amount > 0$c$);
  -- stress runs: what is hashed is what stands there
  perform evergreen.add_check('stress_scenarios', 'stress_scenarios_hash', $c$scenario_hash = encode(sha256(convert_to(body, 'UTF8')), 'hex') and version >= 1$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_kind', $c$kind in ('on_demand', 'nightly', 'laboratory')$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_status', $c$status in ('running', 'completed', 'partial', 'failed') and (status = 'running') = (ended_at is null)$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_hashes',
    $c$snapshot_hash ~ '^[0-9a-f]{64}$' and code_hash ~ '^[0-9a-f]{64}$' and outcomes_hash ~ '^[0-9a-f]{64}$' and checked_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('stress_runs', 'stress_runs_opened', 'num_nonnulls(snapshot_name, snapshot_hash, as_of, code_hash) in (0, 4)');
  perform evergreen.add_check('stress_runs', 'stress_runs_checked', 'num_nonnulls(checked_scenario, checked_hash, checked_equal) in (0, 3)');
  perform evergreen.add_check('stress_runs', 'stress_runs_counts', 'scenarios >= 1 and done >= 0 and failed >= 0 and done + failed <= scenarios and (ended_at is null or done + failed = scenarios)');
  perform evergreen.add_check('stress_outcomes', 'stress_outcomes_status', $c$status in ('waiting', 'done', 'failed') and ordinal >= 1
    and (status = 'failed') = (reason is not null) and num_nonnulls(body, body_hash, nav_before, nav_after) = case status when 'done' then 4 else 0 end$c$);
  perform evergreen.add_check('stress_outcomes', 'stress_outcomes_hash', $c$body_hash = encode(sha256(convert_to(body, 'UTF8')), 'hex')$c$);
  perform evergreen.add_check('stress_shards', 'stress_shards_hash', $c$shard >= 0 and body_hash = encode(sha256(convert_to(body, 'UTF8')), 'hex')$c$);
  -- lists and screening
  perform evergreen.add_check('watchlists', 'watchlists_limits', $c$max_age_hours between 1 and 168 and shrink_limit between 0 and 0.2 and source ~ '^[a-z][a-z0-9-]{1,39}$'$c$);
  perform evergreen.add_check('watchlist_versions', 'watchlist_versions_status', $c$status in ('current', 'superseded', 'held', 'refused') and (status in ('current', 'held', 'refused') or ordinal is not null or reason is null)
    and sha256 ~ '^[0-9a-f]{64}$' and rows >= 0 and added >= 0 and changed >= 0 and removed >= 0$c$);
  perform evergreen.add_check('watchlist_versions', 'watchlist_versions_reason', $c$reason in ('empty', 'old', 'older', 'shrunken') and (status not in ('held', 'refused') or reason is not null)$c$);
  perform evergreen.add_check('watchlist_versions', 'watchlist_versions_current', $c$status <> 'current' or (ordinal is not null and rows > 0)$c$);
  perform evergreen.add_check('watchlist_entries', 'watchlist_entries_span', $c$added_in >= 1 and removed_in > added_in and entry_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('screening_subjects', 'screening_subjects_counts', 'revision >= facts_version and facts_version >= 1');
  perform evergreen.add_check('screening_checks', 'screening_checks_outcome', $c$scope in ('full', 'delta') and outcome in ('clear', 'possible', 'ask') and facts_hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('screening_candidates', 'screening_candidates_outcome', $c$outcome in ('alert', 'ask', 'clear') and score between 0 and 1$c$);
  perform evergreen.add_check('screening_clearances', 'screening_clearances_decision', $c$decision in ('false_match', 'true_match') and (ended_at is null) = (ended_by is null)$c$);
  perform evergreen.add_check('screening_rescreens', 'screening_rescreens_span', 'from_ordinal >= 0 and to_ordinal > from_ordinal and entries >= 0 and affected between 0 and parties');
  -- parties and cases
  perform evergreen.add_check('parties', 'parties_kind', $c$kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation', 'unstated') and code ~ '^PY-[0-9A-F]{10}$'$c$);
  perform evergreen.add_check('parties', 'parties_risk', $c$risk_level in ('unrated', 'low', 'medium', 'high') and risk_score >= 0 and (risk_level = 'unrated') = (risk_score is null)$c$);
  perform evergreen.add_check('parties', 'parties_frozen', 'frozen_by_case is null or frozen_at is not null');
  perform evergreen.add_check('party_links', 'party_links_kind', $c$kind in ('ownership', 'control', 'director', 'trustee', 'settlor', 'protector', 'beneficiary') and version >= 1 and owner_id <> owned_id$c$);
  perform evergreen.add_check('party_links', 'party_links_share', $c$(kind = 'ownership' and not ended) = (share is not null) and share > 0 and share <= 1$c$);
  perform evergreen.add_check('party_evidence', 'party_evidence_kind', $c$kind ~ '^[a-z][a-z0-9_]{0,59}$' and (expires_on is null or expires_on >= dated_on)$c$);
  perform evergreen.add_check('kyc_policies', 'kyc_policies_hash', $c$hash ~ '^[0-9a-f]{64}$' and version >= 1$c$);
  perform evergreen.add_check('cases', 'cases_kind', $c$kind in ('screening', 'kyc', 'compliance', 'document') and severity in ('notice', 'warning', 'critical') and code ~ '^CA-[0-9A-F]{10}$'$c$);
  perform evergreen.add_check('cases', 'cases_status', $c$status in ('open', 'in_review', 'escalated', 'decided') and (status = 'decided') = (decided_at is not null)
    and (status = 'decided') = coalesce(outcome in ('true_match', 'false_match'), false)$c$);
  perform evergreen.add_check('cases', 'cases_texts', 'length(source) between 1 and 200 and (dedupe_key is null or length(dedupe_key) between 1 and 200) and (claimed_by is null) = (claimed_at is null)');
  perform evergreen.add_check('case_candidates', 'case_candidates_status', $c$status in ('open', 'first', 'need_more', 'escalated', 'true_match', 'false_match')
    and (status in ('true_match', 'false_match')) = (decided_by is not null) and (decided_by is null) = (decided_at is null) and (status <> 'first' or first_by is not null)$c$);
  perform evergreen.add_check('case_candidates', 'case_candidates_ref', $c$(list is null) = (entry_ref is null) and length(list) between 1 and 80 and length(list_version) between 1 and 200
    and length(entry_ref) between 1 and 200 and score between 0 and 1 and jsonb_typeof(features) = 'array' and octet_length(features::text) <= 16384$c$);
  perform evergreen.add_check('case_decisions', 'case_decisions_verdict', $c$verdict in ('true_match', 'false_match', 'need_more') and step in ('first', 'second', 'final') and length(reason) between 10 and 2000$c$);
  perform evergreen.add_check('case_notes', 'case_notes_body', 'length(body) between 1 and 2000');
  -- files in and out
  perform evergreen.add_check('import_batches', 'import_batches_kind', $c$kind in ('orders', 'bank')$c$);
  perform evergreen.add_check('import_batches', 'import_batches_status', $c$status in ('imported', 'partly_undone', 'undone') and (status = 'imported') = (undone_at is null)$c$);
  perform evergreen.add_check('import_batches', 'import_batches_hashes', $c$file_sha256 ~ '^[0-9a-f]{64}$' and rows_sha256 ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('import_batches', 'import_batches_counts', 'rows >= 1 and accepted >= 0 and refused >= 0 and unmatched >= 0 and accepted + refused + unmatched <= rows');
  perform evergreen.add_check('import_rows', 'import_rows_outcome', $c$outcome in ('accepted', 'refused', 'duplicate', 'matched', 'unmatched', 'undone')$c$);
  perform evergreen.add_check('import_rows', 'import_rows_made', $c$outcome not in ('accepted', 'matched') or (flow_id is not null and (outcome = 'accepted' or ledger_tx_id is not null))$c$);
  -- clear numbers of investors are those from before they were encrypted; the next start of the stack, or `accounts seal`, encrypts them
  perform evergreen.add_check('bank_accounts', 'bank_accounts_sealed', $c$num_nonnulls(account, sealed) = 1 and num_nonnulls(account, holder) in (0, 2) and num_nonnulls(sealed, account_index, content_mark) in (0, 3)
    and (investor_id is not null or sealed is null)$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_status', $c$status in ('proposed', 'active', 'rejected', 'ended')$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_decided', $c$(status = 'proposed') = (decided_by is null) and (status <> 'active' or decided_by <> proposed_by)$c$);
  perform evergreen.add_check('payment_files', 'payment_files_status', $c$status in ('exported', 'withdrawn') and transactions >= 1 and control_sum > 0$c$);
  perform evergreen.add_check('payment_lines', 'payment_lines_amount', 'amount > 0');
  perform evergreen.add_check('payment_lines', 'payment_lines_purpose', $c$purpose in ('redemption', 'compensation')$c$);
end $$;

-- one current version of each allocation and one current mandate per fund
create unique index if not exists portfolio_allocations_current on public.portfolio_allocations (fund_id, asset_id) where superseded_at is null;
-- one undecided case of a matter; the queue by its clock; and whether anybody is frozen at all, which every order asks
create unique index if not exists cases_dedupe on public.cases (dedupe_key) where status <> 'decided';
create index if not exists cases_queue on public.cases (due_at, case_id) where status <> 'decided';
create index if not exists parties_frozen_now on public.parties (party_id) where frozen_at is not null;
create unique index if not exists mandates_current on public.mandates (fund_id) where superseded_at is null;
-- one final NAV per fund and date; one balance per account, also where it is nobody's
create unique index if not exists nav_strikes_final on public.nav_strikes (fund_id, nav_date) where state = 'final';
create unique index if not exists cash_balances_account on public.cash_balances (fund_id, account, currency, investor_id) nulls not distinct;
create index if not exists lots_open on public.lots (share_class_id, investor_id, opened_on, lot_id) where units_left > 0;
-- the queues: what may be claimed, in commit order; apart, so that a backlog of one does not stand in the way of the other
create index if not exists event_outbox_claim_one on public.event_outbox (tx, seq) where dead_at is null and mode in ('run', 'tell');
create index if not exists event_outbox_claim_batch on public.event_outbox (tx, seq) where dead_at is null and mode = 'batch';
create index if not exists event_batches_open on public.event_batches (next_at) where done_at is null and dead_at is null;
create index if not exists event_outbox_dead on public.event_outbox (dead_at) where dead_at is not null;
create index if not exists proposals_pending on public.proposals (fund_id) where status = 'pending';
-- a file, its rows and each line of a statement count once until they are undone; one account in force per owner and currency; an order is in one payment file
create unique index if not exists import_batches_file on public.import_batches (fund_id, kind, file_sha256) where status <> 'undone';
create unique index if not exists import_batches_rows on public.import_batches (fund_id, kind, rows_sha256) where status <> 'undone';
create unique index if not exists import_rows_identity on public.import_rows (fund_id, kind, identity) where outcome in ('accepted', 'matched', 'unmatched');
create index if not exists import_rows_reference on public.import_rows (fund_id, upper(reference)) where kind = 'orders' and outcome = 'accepted';
create unique index if not exists bank_accounts_active on public.bank_accounts (fund_id, investor_id, currency) nulls not distinct where status = 'active';
create unique index if not exists market_imports_file on public.market_imports (file_sha256) where status <> 'undone';
create unique index if not exists payment_lines_live on public.payment_lines (flow_id, purpose) where live;
create index if not exists assets_lp_visible on public.assets (id) where lp_visible;

alter table public.retention_policies drop constraint if exists retention_policies_what, drop constraint if exists retention_policies_keep;
select evergreen.add_check('retention_policies', 'retention_policies_named', $c$what ~ '^[a-z][a-z0-9_]{0,62}$'$c$);
-- rows leave the database by an archive alone; "erasure" destroys the key of a person's data and leaves the row, "end_of_work" takes what is delivered out of a queue
select evergreen.add_check('retention_policies', 'retention_policies_term', $c$case when keep_months is null then afterwards in ('nothing', 'end_of_work') else keep_months between 1 and 1200 and afterwards in ('archive', 'monthly_aggregates', 'erasure') end$c$);
select evergreen.add_check('legal_holds', 'legal_holds_reason', 'length(reason) between 1 and 500 and (until is null or until > placed_at)');
select evergreen.add_check('legal_holds', 'legal_holds_lifted', $c$(lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null) and lifted_by is distinct from placed_by$c$);
select evergreen.add_check('retention_archives', 'retention_archives_digest', $c$digest ~ '^[0-9a-f]{64}$' and sha256 ~ '^[0-9a-f]{64}$' and archive_id = overlay(overlay(left(digest, 32) placing '8' from 13) placing '8' from 17)::uuid and rows > 0 and bytes > 0$c$);
select evergreen.add_check('fund_events', 'fund_events_retired', 'num_nulls(archive_id, content_digest, origin_tx) in (0, 3)');

-- personal data: what stands here is encrypted, or not there
select evergreen.add_check('subject_keys', 'subject_keys_state', $c$state in ('active', 'restricted', 'destroyed') and (state = 'destroyed') = (wrapped_key is null)
  and (state = 'destroyed') = (master_key_id is null) and (state = 'destroyed') = (destroyed_at is not null) and (state <> 'restricted' or asked_by is not null)$c$);
select evergreen.add_check('subject_keys', 'subject_keys_wrapped', $c$wrapped_key ~ '^v1\.[A-Za-z0-9+/]{80}$' and master_key_id ~ '^[a-z0-9-]{1,60}$'$c$);
select evergreen.add_check('personal_values', 'personal_values_encrypted', $c$field ~ '^[a-z_]{1,40}$' and ciphertext ~ '^v1\.[A-Za-z0-9+/]+=*$' and cardinality(blind_index) <= 100$c$);
select evergreen.add_check('documents', 'documents_shape', $c$kind ~ '^[a-z_]{1,60}$' and size between 1 and 20971520 and sha256 ~ '^[0-9a-f]{64}$' and storage_path = subject_id || '/' || document_id$c$);
select evergreen.add_check('documents', 'documents_type', $c$content_type in ('application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'image/webp')$c$);
select evergreen.add_check('personal_accesses', 'personal_accesses_purpose', $c$purpose ~ '^[a-z-]{1,60}$'$c$);
select evergreen.add_check('subject_holds', 'subject_holds_reason', 'length(reason) between 1 and 500 and (until is null or until > placed_at)');
select evergreen.add_check('subject_holds', 'subject_holds_lifted', $c$(lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null) and lifted_by is distinct from placed_by$c$);
select evergreen.add_check('subject_tombstones', 'subject_tombstones_signed', $c$signature ~ '^[0-9a-f]{128}$' and public_key ~ '^[0-9a-f]{64}$'$c$);
create unique index if not exists personal_values_current on public.personal_values (subject_id, field) where superseded_at is null;
create index if not exists personal_values_blind on public.personal_values using gin (blind_index) where superseded_at is null;

-- an amount has no more decimals than its currency
create or replace function evergreen.within_exponent(amount numeric, currency text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select amount = round(amount, (select c.exponent from public.currencies c where c.code = within_exponent.currency))
$$;
comment on function evergreen.within_exponent(numeric, text) is 'Whether the amount is a whole number of the currency''s minor units.';
-- rows that name their currency are held to it by the table itself; amounts in the fund's currency by the functions that write them
select evergreen.add_check('fund_flows', 'fund_flows_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('cash_movements', 'cash_movements_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('reported_flows', 'reported_flows_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('credit_lines', 'credit_lines_exponent', 'evergreen.within_exponent(committed, currency) and evergreen.within_exponent(drawn, currency)');
select evergreen.add_check('payment_files', 'payment_files_exponent', 'evergreen.within_exponent(control_sum, currency)');

insert into public.audit_cursor ("only", tx, seq) values (true, '0', 0) on conflict do nothing;

-- rules, breaches and the calendar
select evergreen.add_check('compliance_logs', 'compliance_logs_outcome', $c$outcome is null or outcome in ('approve', 'review', 'block_and_review', 'decline')$c$);
select evergreen.add_check('compliance_logs', 'compliance_logs_explained', 'num_nulls(outcome, version_id, explain) in (0, 3)');
select evergreen.add_check('rule_pack_versions', 'rule_pack_versions_status', $c$status in ('draft', 'tested', 'live') and (status = 'draft' or tested_at is not null) and (status = 'live') = (live_at is not null)$c$);
select evergreen.add_check('rule_pack_versions', 'rule_pack_versions_terms', $c$version > 0 and hash ~ '^[0-9a-f]{64}$' and source in ('file', 'infisical') and coalesce(effective_until > effective_from, true)$c$);
select evergreen.add_check('rule_tests', 'rule_tests_passed', 'examples > 0 and passed between 0 and examples');
select evergreen.add_check('rule_snoozes', 'rule_snoozes_terms', $c$entity_type in ('investors', 'funds') and length(reason) between 10 and 500 and until > created_at$c$);
select evergreen.add_check('rule_shadows', 'rule_shadows_outcomes', $c$outcome in ('approve', 'review', 'block_and_review', 'decline') and live_outcome in ('approve', 'review', 'block_and_review', 'decline')$c$);
select evergreen.add_check('breaches', 'breaches_class', $c$class in ('active', 'passive')$c$);
select evergreen.add_check('breaches', 'breaches_cured', $c$num_nulls(cured_at, cured_by, cure_note) in (0, 3) and (cost is null or cost >= 0) and (cured_at is null or class = 'passive' or cost = 0 or (cost > 0 and compensated is not null))$c$);
create unique index if not exists breaches_open on public.breaches (fund_id, rule) where cured_at is null;
select evergreen.add_check('obligations', 'obligations_terms', 'occurrence >= 0 and (every_months is null or every_months > 0) and lead_days >= 0 and due_on >= first_due_on and num_nulls(done_at, done_by, evidence) in (0, 3)');
create unique index if not exists obligations_open on public.obligations (fund_id, code) where done_at is null;
-- one current version of a list, one file that waits, each entry once; one decision in force about a pair as it is
create unique index if not exists watchlist_versions_one_current on public.watchlist_versions (list_id) where status = 'current';
create unique index if not exists watchlist_versions_one_held on public.watchlist_versions (list_id) where status = 'held';
create unique index if not exists watchlist_entries_standing on public.watchlist_entries (list_id, external_id) where removed_in is null;
create unique index if not exists screening_clearances_pair on public.screening_clearances (party_id, list_id, external_id, facts_hash, entry_hash) where ended_at is null;

-- from sql/30-catalogue.sql
-- The event catalogue as the database knows it; agrees with packages/domain/src/events.ts (a test compares them), and currencies.
insert into public.event_types (type, mode, playbook, required_keys, recorded_by) values
  ('FUND_IMPORTED', 'note', null, '{source,assets,as_of}', '{}'),
  ('REBALANCE_REQUESTED', 'run', 'rebalance', '{mandate_version}', '{}'),
  ('PROPOSAL_CREATED', 'note', null, '{proposal_id,status}', '{}'),
  ('PROPOSAL_DECIDED', 'tell', null, '{proposal_id,decision}', '{}'),
  ('ALLOCATIONS_APPLIED', 'note', null, '{proposal_id,version}', '{}'),
  ('SUBSCRIPTION_REQUESTED', 'batch', 'intake-orders', '{flow_id}', '{service_role,ops_role}'),
  ('REDEMPTION_REQUESTED', 'batch', 'intake-orders', '{flow_id}', '{service_role,ops_role}'),
  ('INVESTOR_SUBMITTED', 'run', 'onboard-investor', '{pending_id}', '{ops_role,service_role}'),
  ('INVESTOR_ASSIGNED', 'note', null, '{investor_id}', '{}'),
  ('EVIDENCE_RESUBMITTED', 'run', 'onboard-investor', '{pending_id}', '{}'),
  ('REVIEW_REQUESTED', 'run', 'onboard-investor', '{pending_id}', '{}'),
  ('INVESTOR_DECLINED', 'note', null, '{pending_id}', '{}'),
  ('KYC_RENEWED', 'note', null, '{investor_id}', '{}'),
  ('KYC_EXPIRED', 'note', null, '{investor_id}', '{}'),
  ('CASE_OVERDUE', 'note', null, '{case_id}', '{}'),
  ('PARTY_REGISTERED', 'note', null, '{party_id}', '{}'),
  ('PARTIES_LINKED', 'note', null, '{link_id}', '{}'),
  ('PARTY_FROZEN', 'note', null, '{party_id,case_id}', '{}'),
  ('PARTY_UNFROZEN', 'note', null, '{party_id,case_id}', '{}'),
  ('KYC_POLICY_SET', 'note', null, '{policy_id,version}', '{}'),
  ('CASE_OPENED', 'note', null, '{case_id,severity}', '{}'),
  ('CASE_ESCALATED', 'note', null, '{case_id}', '{}'),
  ('CASE_DECIDED', 'note', null, '{case_id,outcome}', '{}'),
  ('LIQUIDITY_UPDATED', 'note', null, '{bucket,side}', '{}'),
  ('LIQUIDITY_BREACH', 'run', 'warn-of-risk', '{bucket,ratio,required}', '{agent_liquidity_engine,agent_simulation,agent_risk_guardian,service_role}'),
  ('LIQUIDITY_TREND', 'run', 'warn-of-risk', '{bucket,scenario_id,ratio,required,breach_on,runs}', '{}'),
  ('DATA_DRIFT', 'run', 'warn-of-risk', '{asset_id,deviation_bps,threshold_bps}', '{agent_simulation,service_role}'),
  ('RISK_ALERT_RAISED', 'note', null, '{alert_id,severity}', '{}'),
  ('STRESS_REQUESTED', 'run', 'stress-fund', '{scenario_id,shift_bps}', '{pm_role,service_role,agent_risk_guardian}'),
  ('STRESS_COMPLETED', 'note', null, '{scenario_id,loss,method}', '{agent_simulation}'),
  ('STRESS_RUN_REQUESTED', 'run', 'run-stress', '{stress_run_id,kind,scenarios}', '{}'),
  ('STRESS_RUN_COMPLETED', 'note', null, '{stress_run_id,status,done,failed,worst_scenario_id,loss}', '{}'),
  ('STRESS_RUN_DIFFERED', 'run', 'warn-of-risk', '{stress_run_id,scenario_id}', '{}'),
  ('COMPLIANCE_FAILED', 'note', null, '{rule,entity_type,entity_id}', '{agent_compliance_sentinel}'),
  ('TOKENIZATION_REQUESTED', 'run', 'tokenize', '{chain,instrument,size}', '{pm_role,ops_role}'),
  ('RULES_DRAFTED', 'note', null, '{version_id,pack,version}', '{}'),
  ('RULES_TESTED', 'note', null, '{version_id,examples,passed}', '{}'),
  ('RULES_ACTIVATED', 'note', null, '{version_id,pack,version}', '{}'),
  ('RULE_PACK_REFUSED', 'note', null, '{pack,source,problems}', '{}'),
  ('RULE_SNOOZED', 'note', null, '{snooze_id,pack,rule}', '{}'),
  ('RULES_CHECKED', 'note', null, '{checked,held}', '{}'),
  ('BREACH_RECORDED', 'note', null, '{breach_id,rule,class}', '{}'),
  ('BREACH_CURED', 'note', null, '{breach_id}', '{}'),
  ('BREACH_OVERDUE', 'note', null, '{breach_id,rule}', '{}'),
  ('OBLIGATION_DUE', 'note', null, '{obligation_id,code,due_on}', '{}'),
  ('OBLIGATION_OVERDUE', 'note', null, '{obligation_id,code,due_on}', '{}'),
  ('OBLIGATION_DONE', 'note', null, '{obligation_id,code}', '{}'),
  ('WORKFLOW_COMPLETED', 'note', null, '{workflow_id,status}', '{}'),
  ('CLASS_OPENED', 'note', null, '{share_class_id}', '{}'),
  ('POLICY_SET', 'note', null, '{policy_id,kind,version}', '{}'),
  ('CREDIT_LINE_SET', 'note', null, '{credit_line_id,version}', '{}'),
  ('REGISTER_OPENED', 'note', null, '{share_class_id,positions}', '{}'),
  ('ORDER_CANCELLED', 'note', null, '{flow_id}', '{}'),
  ('ORDER_HELD', 'note', null, '{flow_id}', '{}'),
  ('ORDER_RELEASED', 'note', null, '{flow_id}', '{}'),
  ('DEALING_DAY_OPENED', 'run', 'dealing-day', '{dealing_day_id}', '{}'),
  ('DUST_ASKED', 'note', null, '{flow_id}', '{}'),
  ('POSTING_PROPOSED', 'note', null, '{proposal_id,kind}', '{}'),
  ('FEE_CRYSTALLISED', 'note', null, '{share_class_id,strike_id}', '{}'),
  ('DISTRIBUTED', 'note', null, '{share_class_id,ex_date}', '{}'),
  ('PAID_OUT', 'note', null, '{account,payments}', '{}'),
  ('CASH_RETURNED', 'note', null, '{flow_id}', '{}'),
  ('LEGAL_HOLD_PLACED', 'note', null, '{hold_id}', '{}'),
  ('LEGAL_HOLD_LIFTED', 'note', null, '{hold_id}', '{}'),
  ('PERSONAL_DATA_RECORDED', 'note', null, '{subject_id,fields}', '{}'),
  ('SUBJECT_ERASED', 'note', null, '{subject_id,tombstone}', '{}'),
  ('ROWS_RETIRED', 'note', null, '{archive_id,what,rows,digest}', '{}'),
  ('AUTHORITY_NOTIFIED', 'note', null, '{activation_id,tool}', '{}'),
  ('SIDE_POCKET_OPENED', 'note', null, '{share_class_id,activation_id}', '{}'),
  ('DELIVERED_IN_KIND', 'note', null, '{flow_id}', '{}'),
  ('CUTOFF_REACHED', 'note', null, '{dealing_day_id,orders,order_root}', '{}'),
  ('ORDERS_RECHECKED', 'note', null, '{dealing_day_id,held}', '{}'),
  ('NAV_INPUTS_FROZEN', 'note', null, '{strike_id,inputs_hash}', '{}'),
  ('NAV_PROPOSED', 'note', null, '{strike_id,proposal_id}', '{}'),
  ('NAV_STRUCK', 'note', null, '{strike_id,nav_date,version}', '{}'),
  ('NAV_RESTATEMENT_BEGUN', 'run', 'restate-nav', '{strike_id,supersedes}', '{}'),
  ('LMT_PROPOSED', 'note', null, '{activation_id,proposal_id}', '{}'),
  ('LMT_ACTIVATED', 'note', null, '{activation_id,tool}', '{}'),
  ('LMT_ENDED', 'note', null, '{activation_id,tool}', '{}'),
  ('LMT_DECIDED', 'note', null, '{dealing_day_id}', '{}'),
  ('SUSPENDED', 'note', null, '{dealing_day_id}', '{}'),
  ('ALLOCATED', 'note', null, '{dealing_day_id,orders}', '{}'),
  ('DEALING_DAY_POSTED', 'note', null, '{dealing_day_id}', '{}'),
  ('CLAIMABLE', 'note', null, '{dealing_day_id}', '{}'),
  ('CASH_CONFIRMED', 'note', null, '{payments}', '{}'),
  ('LEDGER_REVERSED', 'note', null, '{ledger_tx_id}', '{}'),
  ('STATEMENTS_READY', 'note', null, '{dealing_day_id,statements}', '{}'),
  ('DEALING_DAY_CLOSED', 'note', null, '{dealing_day_id,day_hash}', '{}'),
  ('DEALING_DAY_KNOCKED', 'tell', null, '{dealing_day_id,reason}', '{}'),
  ('DEALING_DAY_DISCARDED', 'tell', null, '{dealing_day_id}', '{}'),
  ('ORDERS_ROLLED', 'note', null, '{dealing_day_id,orders}', '{}'),
  ('MARKS_RECORDED', 'note', null, '{marks}', '{}'),
  ('CASH_MOVED', 'note', null, '{ledger_tx_id,purpose}', '{}'),
  ('NAV_RESTATED', 'note', null, '{strike_id,supersedes,material,compensations}', '{}'),
  ('NAV_ERROR_TO_NOTIFY', 'note', null, '{strike_id,due_from,due_by}', '{}'),
  ('NAV_ERROR_NOTIFIED', 'note', null, '{strike_id,document}', '{}'),
  ('COMPENSATION_SETTLED', 'note', null, '{payments}', '{}'),
  ('NAV_APPROVAL_OVERDUE', 'note', null, '{dealing_day_id,proposal_id}', '{agent_commander}'),
  ('ORDERS_IMPORTED', 'note', null, '{import_id,orders}', '{}'),
  ('BANK_STATEMENT_IMPORTED', 'note', null, '{import_id,matched,unmatched}', '{}'),
  ('BANK_LINES_MATCHED', 'note', null, '{import_id,matched}', '{}'),
  ('IMPORT_UNDONE', 'note', null, '{import_id,undone}', '{}'),
  ('BANK_ACCOUNTS_PROPOSED', 'note', null, '{accounts}', '{}'),
  ('BANK_ACCOUNTS_DECIDED', 'note', null, '{accounts,decision}', '{}'),
  ('PAYMENTS_EXPORTED', 'note', null, '{payment_file_id,payments}', '{}'),
  ('PAYMENTS_WITHDRAWN', 'note', null, '{payment_file_id}', '{}'),
  ('DUST_ANSWERED', 'note', null, '{flow_id,answer}', '{}'),
  ('BENEFICIAL_OWNER_SET', 'note', null, '{investor_id}', '{}'),
  ('CERTAIN_INFLOWS_RECORDED', 'note', null, '{inflow_id}', '{}'),
  ('REPURCHASE_OFFER_OPENED', 'note', null, '{offer_id}', '{}'),
  ('AUTHORITY_NOTICE_DUE', 'note', null, '{notice_id,dealing_day_id,flow_id}', '{}'),
  ('AUTHORITY_NOTICE_GIVEN', 'note', null, '{notice_id}', '{}'),
  ('INDEX_VALUES_RECORDED', 'note', null, '{values}', '{}'),
  ('ASSET_PAYMENTS_RECORDED', 'note', null, '{payments}', '{}'),
  ('ROLL_FORWARD_SET', 'note', null, '{asset_id}', '{}'),
  ('SCHEDULE_NOTED', 'note', null, '{schedule_id,action,note}', '{}'),
  ('MARKET_IMPORTED', 'note', null, '{import_id,taken,held}', '{}'),
  ('MARKET_VALUES_DECIDED', 'note', null, '{values,decision}', '{}'),
  ('MARKET_IMPORT_UNDONE', 'note', null, '{import_id,values}', '{}'),
  ('ESG_RECORDED', 'note', null, '{provider,as_of,ratings}', '{}'),
  ('WATCHLIST_SET', 'note', null, '{list_id,source,active}', '{}'),
  ('LIST_REFRESH_REQUESTED', 'run', 'refresh-lists', '{list_id}', '{}'),
  ('LIST_PUBLISHED', 'run', 'rescreen-parties', '{list_id,version_id,rows,added,changed,removed}', '{}'),
  ('LIST_REFUSED', 'note', null, '{list_id,version_id,reason}', '{}'),
  ('SCREENING_REQUESTED', 'run', 'screen-party', '{party_id,revision,reason}', '{}'),
  ('PARTY_SCREENED', 'note', null, '{party_id,check_id,outcome}', '{}'),
  ('PARTIES_RESCREENED', 'note', null, '{list_id,entries,parties,affected}', '{}'),
  ('CANDIDATE_DECIDED', 'note', null, '{party_id,clearance_id,decision}', '{}'),
  ('DATA_QUALITY_CHECKED', 'note', null, '{checks,failed,snapshot_hash}', '{}'),
  ('DATA_QUALITY_FAILED', 'run', 'warn-of-risk', '{check,value,limit,unit}', '{}')
on conflict (type) do update set mode = excluded.mode, playbook = excluded.playbook,
  required_keys = excluded.required_keys, recorded_by = excluded.recorded_by;

-- ISO 4217 minor units
insert into public.currencies (code, exponent, name) values
  ('USD', 2, 'US dollar'), ('EUR', 2, 'Euro'), ('GBP', 2, 'Pound sterling'), ('CHF', 2, 'Swiss franc'), ('JPY', 0, 'Yen'),
  ('CAD', 2, 'Canadian dollar'), ('AUD', 2, 'Australian dollar'), ('NZD', 2, 'New Zealand dollar'), ('SEK', 2, 'Swedish krona'),
  ('NOK', 2, 'Norwegian krone'), ('DKK', 2, 'Danish krone'), ('SGD', 2, 'Singapore dollar'), ('HKD', 2, 'Hong Kong dollar'),
  ('CNY', 2, 'Yuan renminbi'), ('INR', 2, 'Indian rupee'), ('BRL', 2, 'Brazilian real'), ('MXN', 2, 'Mexican peso'),
  ('ZAR', 2, 'Rand'), ('KRW', 0, 'Won'), ('PLN', 2, 'Zloty'), ('KWD', 3, 'Kuwaiti dinar')
on conflict (code) do update set exponent = excluded.exponent, name = excluded.name;

-- operational-and-analytical-data-model.md, "Retention": the values of the specification; a term is changed here and by a migration
insert into public.retention_policies (what, keep_months, afterwards, source) values
  ('fund_events', 24, 'archive', 'specification: 24 months, then archive'),
  ('asset_snapshots', 120, 'monthly_aggregates', 'specification: daily for 10 years, then monthly aggregates'),
  ('compliance_logs', null, 'nothing', 'specification: kept for ever')
on conflict (what) do nothing;

-- Every other table, so that none is kept without anybody having said why; a sweep holds the list against schema.prisma. What has no term is never removed: no role
-- may delete, and personal data is not in these tables but under the keys of its subjects, which erasure destroys (R53).
insert into public.retention_policies (what, keep_months, afterwards, source) values
  ('currencies', null, 'nothing', 'reference data'),
  ('event_types', null, 'nothing', 'reference data: the catalogue of events'),
  ('calendar_holidays', null, 'nothing', 'reference data: a past cut-off is judged by the calendar of its day'),
  ('platform_settings', null, 'nothing', 'settings in force'),
  ('retention_policies', null, 'nothing', 'this list'),
  ('funds', null, 'nothing', 'the fund itself'),
  ('share_classes', null, 'nothing', 'the fund itself'),
  ('assets', null, 'nothing', 'what the fund held; marks, NAVs and trades refer to it'),
  ('portfolio_allocations', null, 'nothing', 'superseded, never removed: what the fund held when'),
  ('mandates', null, 'nothing', 'superseded, never removed: by what a decision was judged'),
  ('liquidity_ladder', null, 'nothing', 'by what reservations and gates were judged'),
  ('liquidity_reservations', null, 'nothing', 'part of the record of a proposal'),
  ('reported_flows', null, 'nothing', 'as the fund reported them; filings are kept'),
  ('fund_sensitivities', null, 'nothing', 'as the fund reported them; filings are kept'),
  ('investors', null, 'nothing', 'opaque codes and classifications: no personal data; orders and units refer to it'),
  ('investors_pending_kyc', null, 'nothing', 'kinds and dates of evidence, no personal data: part of the AML file (R53)'),
  ('investor_access', null, 'nothing', 'who could see what, and until when: part of the audit'),
  ('fund_flows', null, 'nothing', 'orders: MiCA and MiFID II records (R53: 5 to 7 years) are exceeded'),
  ('dealing_policies', null, 'nothing', 'terms by which a past date dealt'),
  ('lmt_policies', null, 'nothing', 'terms by which a past date dealt'),
  ('lmt_activations', null, 'nothing', 'use of liquidity tools: told to the authority'),
  ('dealing_days', null, 'nothing', 'the record of a dealing date, which the verifier recomputes'),
  ('order_transitions', null, 'nothing', 'history of orders (R53)'),
  ('order_leaves', null, 'nothing', 'the committed order book: the verifier needs it'),
  ('nav_strikes', null, 'nothing', 'NAVs are restated, never removed'),
  ('nav_inputs', null, 'nothing', 'covered by the hash people approved'),
  ('class_navs', null, 'nothing', 'prices at which was dealt'),
  ('series_navs', null, 'nothing', 'prices at which was dealt'),
  ('allocations', null, 'nothing', 'fills of orders (R53)'),
  ('restatements', null, 'nothing', 'what was owed to whom for a wrong NAV'),
  ('compensations', null, 'nothing', 'what was owed to whom for a wrong NAV'),
  ('ledger_transactions', null, 'nothing', 'the ledger is reversed, never removed'),
  ('unit_ledger', null, 'nothing', 'the register of units follows from it'),
  ('cash_movements', null, 'nothing', 'the ledger is reversed, never removed'),
  ('lots', null, 'nothing', 'performance fees and holding periods follow from it'),
  ('class_marks', null, 'nothing', 'high-water marks: performance fees follow from them'),
  ('in_kind_deliveries', null, 'nothing', 'part of the ledger'),
  ('beneficial_owners', null, 'nothing', 'ids only: caps per owner of a past date are judged by it'),
  ('certain_inflows', null, 'nothing', 'by what a gate was judged'),
  ('repurchase_offers', null, 'nothing', 'told to investors and authority'),
  ('authority_notices', null, 'nothing', 'told to the authority'),
  ('market_series', null, 'nothing', 'reference data'),
  ('market_imports', null, 'nothing', 'where values came from'),
  ('market_data', null, 'nothing', 'by what marks were rolled forward'),
  ('market_held', null, 'nothing', 'who took a jump for true'),
  ('esg_ratings', null, 'nothing', 'as the provider gave them'),
  ('roll_forwards', null, 'nothing', 'by what marks were rolled forward'),
  ('asset_payments', null, 'nothing', 'by what marks were rolled forward'),
  ('holdings', null, 'nothing', 'the sum of the unit ledger'),
  ('cash_balances', null, 'nothing', 'the sum of the cash movements'),
  ('statements', null, 'nothing', 'what investors were sent'),
  ('import_batches', null, 'nothing', 'where orders and cash came from'),
  ('import_rows', null, 'nothing', 'where orders and cash came from; a line that names people loses it with the order it became'),
  ('bank_accounts', null, 'nothing', 'where money was paid to: part of the ledger (R53)'),
  ('payment_files', null, 'nothing', 'what was paid'),
  ('payment_lines', null, 'nothing', 'what was paid'),
  ('event_investors', null, 'nothing', 'who may see an event; goes with nothing, because a retired event stays by name'),
  ('event_batches', null, 'nothing', 'which run handled which event'),
  ('workflow_runs', null, 'nothing', 'which run handled which event'),
  ('proposals', null, 'nothing', 'what people approved'),
  ('proposal_checks', null, 'nothing', 'what people approved'),
  ('approvals', null, 'nothing', 'what people approved'),
  ('commands', null, 'nothing', 'a request id of money must never have a second effect, however late it comes'),
  ('audit_trail', null, 'nothing', 'a chain that is cut proves nothing'),
  ('audit_blocks', null, 'nothing', 'a chain that is cut proves nothing'),
  ('audit_cursor', null, 'nothing', 'one row'),
  ('risk_alerts', null, 'nothing', 'what people were told'),
  ('stress_scenarios', null, 'nothing', 'named by the hash in every outcome'),
  ('stress_runs', null, 'nothing', 'shown to the board and the authority'),
  ('stress_outcomes', null, 'nothing', 'shown to the board and the authority'),
  ('stress_shards', null, 'nothing', 'an outcome is recomputed from them'),
  ('data_quality_results', null, 'nothing', 'what was checked when'),
  ('tokenization_actions', null, 'nothing', 'what was asked of a chain'),
  ('agent_memories', null, 'nothing', 'words with references, no personal data; superseded, never removed'),
  ('memory_nodes', null, 'nothing', 'goes with its memory'),
  ('memory_edges', null, 'nothing', 'goes with its memory'),
  ('trace_spans', null, 'nothing', 'technical: names, times and codes of steps; a sink of its own when Langfuse is configured'),
  ('legal_holds', null, 'nothing', 'who forbade what, when'),
  ('retention_archives', null, 'nothing', 'the proof that what left the database was archived first'),
  ('credit_lines', null, 'nothing', 'terms by which a stress run was computed'),
  ('kyc_policies', null, 'nothing', 'by what a person was judged'),
  ('parties', null, 'nothing', 'opaque ids; what is personal lies under the key of the subject and ends with it'),
  ('party_links', null, 'nothing', 'ids and shares: who was behind an investor when a decision was made (R55)'),
  ('party_evidence', null, 'nothing', 'kinds and dates of evidence, no contents: part of the AML file (R53)'),
  ('cases', null, 'nothing', 'what was decided about a suspicion: AML file (R53: five years) is exceeded'),
  ('case_candidates', null, 'nothing', 'what a decision looked at'),
  ('case_decisions', null, 'nothing', 'who decided what and why (R53)'),
  ('case_notes', null, 'nothing', 'part of the record of a case; no personal data belongs in it'),
  ('breaches', null, 'nothing', 'limits that did not hold, and their cure (R57)'),
  ('obligations', null, 'nothing', 'what was due to whom and when it was done'),
  ('rule_packs', null, 'nothing', 'by what was judged'),
  ('rule_pack_versions', null, 'nothing', 'by what was judged: every result names its version'),
  ('rule_approvals', null, 'nothing', 'who let a rule go live'),
  ('rule_tests', null, 'nothing', 'how a rule was tried before it went live'),
  ('rule_pins', null, 'nothing', 'which versions a run was judged by'),
  ('party_tests', null, 'nothing', 'answers of today, replaced by the next; go with the key of their subject'),
  ('rule_shadows', null, 'nothing', 'what a draft would have said'),
  ('rule_snoozes', null, 'nothing', 'who silenced which rule and until when'),
  ('watchlists', null, 'nothing', 'by what was screened'),
  ('watchlist_versions', null, 'nothing', 'every check names its version'),
  ('watchlist_entries', null, 'nothing', 'as published: what a check was held against; ended, never removed'),
  ('watchlist_held', null, 'nothing', 'goes when people accept or refuse the version'),
  ('watchlist_acceptances', null, 'nothing', 'who let a shrunken list in'),
  ('screening_subjects', null, 'nothing', 'ids: what is still to be screened'),
  ('screening_checks', null, 'nothing', 'ids and hashes: AML file (R53: five years) is exceeded'),
  ('screening_check_lists', null, 'nothing', 'ids: which versions a check used'),
  ('screening_candidates', null, 'nothing', 'ids and scores: what a decision looked at'),
  ('screening_clearances', null, 'nothing', 'who cleared whom of what (R53)'),
  ('screening_rescreens', null, 'nothing', 'that a changed list was held against everybody'),
  ('subject_holds', null, 'nothing', 'who forbade the erasure of what'),
  ('subject_tombstones', null, 'nothing', 'the proof of an erasure, repeated after a restored backup'),
  ('personal_accesses', null, 'nothing', 'who read whose data'),
  ('personal_values', 60, 'erasure', 'AML file: five years after the relationship ends (R53), then the key of the subject is destroyed and no value can be read'),
  ('subject_keys', 60, 'erasure', 'destroyed by erasure: five years after the relationship ends (R53), a legal hold first'),
  ('documents', 60, 'erasure', 'AML file: five years after the relationship ends (R53), then the key is destroyed and the file removed'),
  ('event_outbox', null, 'end_of_work', 'a queue: a row goes when its event is delivered')
on conflict (what) do nothing;

insert into public.platform_settings (key, value) values
  ('data_drift_threshold_bps', '{"default": 500, "debt": 300, "cash": 10, "equity": 1500, "private_equity": 1500, "private_credit": 800, "infrastructure": 1000, "real_estate": 1000}'),
  ('nav_max_age_days', '{"default": 100, "cash": 5, "debt": 35, "equity": 5, "private_equity": 190, "private_credit": 100, "infrastructure": 190, "real_estate": 190}'),
  ('approval_timeout_hours', '72'),
  -- how long and how often in a year a rule is snoozed for the same investor or fund
  -- UTC
  ('calendar_daily', '{"at": "05:10"}'),
  ('rule_snooze_limits', '{"days": 30, "times": 3}'),
  ('price_breaker_window_days', '30'),
  ('stress_nightly', '{"at": "02:30"}'),
  -- UTC; the day is at most the 28th, which every month has
  ('kyc_tick', '{"every_minutes": 60}'),
  -- UTC; how often lists with an address are fetched
  ('list_refresh', '{"every_hours": 6}'),
  ('retention_monthly', '{"day": 2, "at": "03:40"}'),
  -- per kind of series: its unit, how old it may be, from which move on a second person looks (basis points of the value, or of one), and what is plausible:
  -- a yield of 3.5 is a percentage where a ratio is meant
  ('market_limits', '{"fx": {"unit": "ratio", "max_age_days": 5, "measure": "relative", "breaker_bps": 500, "low": 1e-9, "high": 1e9},
    "index": {"unit": "points", "max_age_days": 35, "measure": "relative", "breaker_bps": 2000, "low": 1e-9, "high": 1e12},
    "yield": {"unit": "ratio", "max_age_days": 5, "measure": "absolute", "breaker_bps": 100, "low": -0.1, "high": 1},
    "spread": {"unit": "ratio", "max_age_days": 5, "measure": "absolute", "breaker_bps": 200, "low": -0.1, "high": 1},
    "price": {"unit": "currency", "max_age_days": 5, "measure": "relative", "breaker_bps": 2500, "low": 1e-9, "high": 1e12},
    "cap_rate": {"unit": "ratio", "max_age_days": 190, "measure": "absolute", "breaker_bps": 100, "low": 0.001, "high": 1},
    "volatility": {"unit": "ratio", "max_age_days": 5, "measure": "absolute", "breaker_bps": 2000, "low": 0, "high": 10}}'),
  ('data_quality_limits', '{"nav_agreement_bps": 0.5, "stale_marks_share": 0.1, "stale_series_share": 0.1}'),
  -- R53: records of an investor are kept for five years after the relationship
  ('personal_retention_months', '60'),
  ('demo', 'false')
on conflict (key) do nothing;

-- from sql/31-kyc-policy.sql
-- The KYC policy that comes with the platform, the same as policies/kyc/onboarding.yaml (a test compares them); a manager sets another by fn_set_kyc_policy.
insert into public.kyc_policies (version, effective_from, body, hash, set_by)
select 1, date '2026-01-01', p.body, encode(sha256(convert_to(p.body::text, 'UTF8')), 'hex'), 'platform' from (select $policy$
{
 "title": "Onboarding, refresh, risk and cases",
 "version": 1,
 "ownership": {
  "threshold": "0.25",
  "source": "R55; Regulation (EU) 2024/1624 Art. 52: 25 % or more",
  "grade": "practice"
 },
 "evidence": {
  "identity_document": {
   "gate": "identity",
   "words": "Passport or identity card of the person, with its date of expiry.",
   "maxAgeDays": 3650,
   "expires": true
  },
  "pep_declaration": {"gate": "screening", "words": "Declaration that the party is or was a politically exposed person.", "maxAgeDays": 1096, "expires": false},
  "identity_details": {
   "gate": "identity",
   "words": "Date and place of birth or registration number, to tell one person from another of the same name.",
   "maxAgeDays": 3650,
   "expires": false
  },
  "address_proof": {
   "gate": "identity",
   "words": "Proof of address, such as a utility bill or a bank statement.",
   "maxAgeDays": 365,
   "expires": false
  },
  "registry_extract": {
   "gate": "identity",
   "words": "Extract of the commercial or foundation register.",
   "maxAgeDays": 365,
   "expires": false
  },
  "constitution": {
   "gate": "identity",
   "words": "Articles, partnership agreement or statutes in force.",
   "maxAgeDays": null,
   "expires": false
  },
  "ownership_declaration": {
   "gate": "identity",
   "words": "Declaration of owners and persons in control, with their shares.",
   "maxAgeDays": 365,
   "expires": false
  },
  "representatives_list": {
   "gate": "identity",
   "words": "Directors or other persons who may sign, with specimen signatures.",
   "maxAgeDays": 365,
   "expires": false
  },
  "trust_deed": {
   "gate": "identity",
   "words": "Trust deed with every amendment.",
   "maxAgeDays": null,
   "expires": false
  },
  "trust_parties_declaration": {
   "gate": "identity",
   "words": "Declaration of settlor, trustees, protector and beneficiaries.",
   "maxAgeDays": 365,
   "expires": false
  },
  "suitability_test": {
   "gate": "suitability",
   "words": "Test of suitability, passed.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "experience_statement": {
   "gate": "classification",
   "words": "Statement of experience and of understanding of the risks.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "minimum_commitment": {
   "gate": "classification",
   "words": "Commitment of the minimum amount for semi-professional investors.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "professional_status": {
   "gate": "classification",
   "words": "Evidence of professional status, or the assessment of elective status.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "qualified_status": {
   "gate": "classification",
   "words": "Evidence of qualified status.",
   "maxAgeDays": 1096,
   "expires": false
  },
  "source_of_funds": {
   "gate": "source_of_funds",
   "words": "Where the money comes from, with a document that shows it.",
   "maxAgeDays": 1096,
   "expires": false
  }
 },
 "requirements": {
  "retail": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "source_of_funds",
    "suitability_test"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "source_of_funds",
    "suitability_test"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "source_of_funds",
    "suitability_test"
   ]
  },
  "semi_professional": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "experience_statement",
    "minimum_commitment",
    "source_of_funds"
   ]
  },
  "professional": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "professional_status",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "professional_status",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "professional_status",
    "source_of_funds"
   ]
  },
  "qualified": {
   "natural_person": [
    "identity_document",
    "address_proof",
    "qualified_status",
    "source_of_funds"
   ],
   "company": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ],
   "partnership": [
    "registry_extract",
    "constitution",
    "ownership_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ],
   "trust": [
    "trust_deed",
    "trust_parties_declaration",
    "address_proof",
    "qualified_status",
    "source_of_funds"
   ],
   "foundation": [
    "registry_extract",
    "constitution",
    "trust_parties_declaration",
    "representatives_list",
    "qualified_status",
    "source_of_funds"
   ]
  }
 },
 "ownerEvidence": [
  "identity_document"
 ],
 "caps": {
  "investors": null
 },
 "refresh": {
  "years": {
   "unrated": 5,
   "low": 5,
   "medium": 5,
   "high": 1
  },
  "leadDays": 60,
  "source": "R51; Regulation (EU) 2024/1624 Art. 26(2)"
 },
 "risk": {
  "medium": 30,
  "high": 60,
  "factors": {
   "politically_exposed": {
    "points": 40,
    "floor": "high",
    "words": "A politically exposed person stands behind the party."
   },
   "high_risk_country": {
    "points": 30,
    "floor": "medium",
    "words": "Residence or seat in a country that is listed as high risk."
   },
   "trust_or_foundation": {
    "points": 20,
    "floor": null,
    "words": "The party is a trust or a foundation."
   },
   "long_chain": {
    "points": 15,
    "floor": null,
    "words": "Three or more steps lie between the party and an owner."
   },
   "circular_ownership": {
    "points": 25,
    "floor": "medium",
    "words": "Owners own each other in a circle."
   },
   "no_owner_found": {
    "points": 20,
    "floor": "medium",
    "words": "Nobody reaches the threshold, nobody is in control."
   },
   "past_true_match": {
    "points": 60,
    "floor": "high",
    "words": "A case on the party was decided as a true match."
   }
  }
 },
 "cases": {
  "dueHours": {
   "notice": 120,
   "warning": 48,
   "critical": 24
  },
  "secondPerson": {
   "notice": [
    "true_match"
   ],
   "warning": [
    "true_match"
   ],
   "critical": [
    "true_match",
    "false_match"
   ]
  }
 }
}
$policy$::jsonb as body) p
on conflict (version) do nothing;

-- version 2: who declares not to be politically exposed says so, and residence in a country of high risk counts (R56)
insert into public.kyc_policies (version, effective_from, body, hash, set_by)
select 2, date '2026-01-01', p.body, encode(sha256(convert_to(p.body::text, 'UTF8')), 'hex'), 'platform' from (
  select jsonb_set(jsonb_set(jsonb_set(k.body, '{version}', '2'), '{evidence,no_pep_declaration}', $policy$
   {"gate": "screening", "words": "Declaration that the party neither is nor was a politically exposed person, nor is close to one.", "maxAgeDays": 1096, "expires": false}
  $policy$), '{risk,countries}', $policy$
   {"source": "FATF call for action, October 2025; Delegated Regulation (EU) 2016/1675 as amended by (EU) 2025/1184: look for later amendments", "asOf": "2025-10-24",
    "values": ["AF", "AO", "BF", "CD", "CI", "CM", "DZ", "HT", "IR", "KE", "KP", "LA", "LB", "MC", "ML", "MM", "MZ", "NA", "NG", "NP", "SS", "SY", "TT", "TZ", "VE", "VN", "VU", "YE", "ZA"]}
  $policy$) as body from public.kyc_policies k where k.version = 1 and k.set_by = 'platform') p
on conflict (version) do nothing;

-- from sql/40-triggers.sql
-- Stamps on every table, append-only tables, and the drift alarm on marks.
create or replace function evergreen.touch_cursor() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.updated_at := clock_timestamp();  -- its tx is a position, not a stamp
  return new;
end $$;
comment on function evergreen.touch_cursor() is 'Sets updated_at of the audit cursor, whose tx is a position and must stay.';

create or replace function evergreen.watch_drift() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  limits jsonb;
  drifted record;
begin
  select p.value into limits from public.platform_settings p where p.key = 'data_drift_threshold_bps';
  for drifted in
    with marked as materialized (
      -- hypothetical values do not drift
      select n.snapshot_id, n.asset_id, n.fund_id, n.as_of, n.nav, b.as_of as since, b.recorded_at as known_at, b.nav as before,
             coalesce((limits ->> a.type)::numeric, (limits ->> 'default')::numeric) as threshold
        from marks n
        join public.assets a on a.id = n.asset_id
        cross join lateral (
          select s.as_of, s.recorded_at, s.nav from public.asset_snapshots s
           where s.asset_id = n.asset_id and s.scenario_id = '' and s.as_of < n.as_of order by s.as_of desc, s.recorded_at desc limit 1) b
       where n.scenario_id = ''
    ), traded as materialized (
      select m.asset_id, p.applied_at, (p.applied_at at time zone 'UTC')::date as day, m.change
        from public.proposals p cross join lateral evergreen.trade_effects(p.proposal_id) m
       where p.status = 'applied' and p.fund_id in (select k.fund_id from marked k)
         and (p.applied_at at time zone 'UTC')::date >= (select min(k.since) from marked k)
    ), moved as (
      -- What the fund itself bought or sold in between moved the holding, not its valuation. A mark holds the trades of its day,
      -- save one that was applied only after it had been recorded.
      select k.snapshot_id, sum(t.change) as change
        from marked k join traded t on t.asset_id = k.asset_id
       where t.day <= k.as_of and (t.day > k.since or t.day = k.since and t.applied_at > k.known_at) group by k.snapshot_id
    ), anchored as (
      select k.*, k.before + coalesce(m.change, 0) as anchor from marked k left join moved m on m.snapshot_id = k.snapshot_id
    ), measured as (
      select d.asset_id, d.fund_id, d.as_of, d.threshold, round(abs(d.nav - d.anchor) * 10000 / abs(d.anchor), 4) as deviation from anchored d where d.anchor <> 0
    )
    select * from measured m where m.deviation > m.threshold order by m.as_of, m.asset_id
  loop
    perform evergreen.emit('DATA_DRIFT', drifted.fund_id,
      jsonb_build_object('asset_id', drifted.asset_id, 'deviation_bps', drifted.deviation::text, 'threshold_bps', drifted.threshold::text), 'trigger:asset_snapshots');
  end loop;
  return null;
end $$;
comment on function evergreen.watch_drift() is
  'Records DATA_DRIFT when a mark moves more than the threshold of its asset type: basis points of the previous mark plus what the fund traded of it since (R5).';

create or replace function evergreen.forbid_unless_retired() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  -- The one change that an event ever sees: its content goes to an archive of this very transaction, and all that names it stays.
  if tg_op = 'UPDATE' and old.archive_id is null and new.archive_id is not null and new.content_digest is not null and new.origin_tx = old.tx
     and (to_jsonb(new) - '{payload,archive_id,content_digest,origin_tx,tx,updated_at}'::text[])
       = (to_jsonb(old) - '{payload,archive_id,content_digest,origin_tx,tx,updated_at}'::text[])
     and old.payload @> new.payload
     and exists (select from public.retention_archives a where a.archive_id = new.archive_id and a.what = 'fund_events' and a.tx = pg_current_xact_id()) then
    return new;
  end if;
  raise exception using errcode = 'EG428', message = 'fund_events is append-only.';
end $$;
comment on function evergreen.forbid_unless_retired() is 'Refuses update and delete of events, save the one update by which the content of an event goes to an archive.';

create or replace function evergreen.refuse_while_halted() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from public.platform_settings p where p.key = 'writes_halted') then
    -- as what is away for a while: a run that goes on in Temporal waits for it and asks again
    raise exception using errcode = 'EG503', message = 'Writes are halted since a restore; `backup reconcile` says why and lets them go on.';
  end if;
  return null;
end $$;
comment on function evergreen.refuse_while_halted() is
  'The one door of all writes while the stores are not reconciled after a restore: on every table but the switch itself and the seals of the audit trail.';

do $$
declare
  t record;
begin
  for t in
    select c.table_name,
           exists (select from information_schema.columns x
                    where x.table_schema = 'public' and x.table_name = c.table_name and x.column_name = 'tx') as has_tx
      from information_schema.tables c
     where c.table_schema = 'public' and c.table_type = 'BASE TABLE' and c.table_name <> '_prisma_migrations' and c.table_name <> 'audit_cursor'
  loop
    execute format('create or replace trigger stamp before insert or update on public.%I for each row execute function evergreen.%I()',
      t.table_name, case when t.has_tx then 'touch_tx' else 'touch' end);
    if t.table_name not in ('platform_settings', 'audit_blocks') then
      execute format('create or replace trigger halted before insert or update or delete on public.%I for each statement execute function evergreen.refuse_while_halted()', t.table_name);
    end if;
  end loop;
  for t in select unnest(array['event_investors', 'audit_trail', 'audit_blocks', 'approvals', 'commands',
    'dealing_policies', 'lmt_policies', 'credit_lines', 'order_transitions', 'order_leaves', 'nav_inputs', 'ledger_transactions', 'unit_ledger', 'cash_movements', 'class_marks', 'in_kind_deliveries', 'statements', 'restatements', 'compensations',
    'beneficial_owners', 'certain_inflows', 'repurchase_offers', 'market_series', 'market_data', 'esg_ratings', 'data_quality_results', 'roll_forwards', 'asset_payments', 'stress_scenarios',
    'stress_shards', 'party_links', 'party_evidence', 'kyc_policies', 'case_decisions', 'case_notes',
    'watchlist_acceptances', 'screening_check_lists', 'screening_rescreens']) as table_name loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', t.table_name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', t.table_name);
  end loop;
end $$;
create or replace trigger append_only before update or delete on public.personal_accesses for each row execute function evergreen.forbid();
create or replace trigger append_only_truncate before truncate on public.personal_accesses for each statement execute function evergreen.forbid();
create or replace trigger append_only before update or delete on public.subject_tombstones for each row execute function evergreen.forbid();
create or replace trigger append_only_truncate before truncate on public.subject_tombstones for each statement execute function evergreen.forbid();
create or replace trigger append_only before update or delete on public.fund_events for each row execute function evergreen.forbid_unless_retired();
create or replace trigger append_only_truncate before truncate on public.fund_events for each statement execute function evergreen.forbid();
create or replace trigger stamp before insert or update on public.audit_cursor for each row execute function evergreen.touch_cursor();
-- the mirror in DuckDB looks for the row that a changed one replaces only where rows of that moment are (`Fixed:` in analytics/sql/10-mirror.sql)
create or replace trigger recorded_once before update of recorded_at on public.asset_snapshots for each row
  when (new.recorded_at is distinct from old.recorded_at) execute function evergreen.forbid();
-- once per statement: an import of 200,000 marks looks at the trades once
create or replace trigger watch_drift after insert on public.asset_snapshots referencing new table as marks for each statement execute function evergreen.watch_drift();
-- rules: what was tested, approved, pinned, snoozed and judged stays as it was recorded
do $$
declare
  name text;
begin
  foreach name in array array['rule_tests', 'rule_approvals', 'rule_pins', 'rule_snoozes', 'rule_shadows'] loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', name);
  end loop;
end $$;

-- from sql/66-fn-onboarding.sql
-- The loop of onboarding: evidence given again, what is asked beside the policy, declining, the clock that lets clearances run out, and what an LP reads of it.

create or replace function evergreen.date_of(given text) returns date language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return case when given ~ '^\d{4}-\d{2}-\d{2}$' then given::date end;
exception when others then
  return null;
end $$;
comment on function evergreen.date_of(text) is 'The date, or null for text that is none.';

create or replace function evergreen.keep_evidence(of_party uuid, evidence jsonb) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept int;
begin
  -- what is no date counts as not given; it is not kept here
  insert into public.party_evidence (party_id, kind, dated_on, expires_on, document_id, created_by)
  select of_party, e.key, g.dated, g.expires, g.document, evergreen.actor()
    from jsonb_each(evidence) e
    cross join lateral (select evergreen.date_of(case jsonb_typeof(e.value) when 'string' then e.value #>> '{}' when 'object' then e.value ->> 'on' end) as dated,
      evergreen.date_of(case jsonb_typeof(e.value) when 'object' then e.value ->> 'expires' end) as expires,
      case when jsonb_typeof(e.value) = 'object' and e.value ->> 'document_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (e.value ->> 'document_id')::uuid end as document) g
   where e.key ~ '^[a-z][a-z0-9_]{0,59}$' and g.dated is not null and (g.expires is null or g.expires >= g.dated)
     and not exists (select from public.party_evidence x where x.party_id = of_party and x.kind = e.key and x.dated_on = g.dated and x.expires_on is not distinct from g.expires and x.document_id is not distinct from g.document);
  get diagnostics kept = row_count;
  return kept;
end $$;
comment on function evergreen.keep_evidence(uuid, jsonb) is 'Keeps what evidence of a party is there, kind by kind: a date, or {on, expires, document_id}. Returns how many are new.';

create or replace function evergreen.first_expiry(of_party uuid) returns date language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- of each kind the newest counts; what replaced a document decides when that kind runs out
  select min(e.expires_on) from (select distinct on (x.kind) x.expires_on from public.party_evidence x where x.party_id = of_party order by x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) e
$$;
comment on function evergreen.first_expiry(uuid) is 'Last day on which everything the party gave is good, or null.';

create or replace function evergreen.case_stands(of_party uuid) returns boolean language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return evergreen.is_frozen(of_party)
    or exists (select from public.cases c where c.status <> 'decided' and c.kind in ('screening', 'kyc', 'document') and c.party_id in (select evergreen.parties_behind(of_party)));
end $$;
comment on function evergreen.case_stands(uuid) is 'Whether somebody behind the party is frozen or has a case that is not decided: nobody is cleared meanwhile.';

create or replace function evergreen.ask_party_evidence(of_party uuid, kinds text[], request_id text) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
begin
  perform evergreen.refuse_unless(cardinality(kinds) between 1 and 20 and not exists (select from unnest(kinds) k where (k ~ '^[a-z][a-z0-9_]{0,59}$') is not true), 'EG400', 'kinds names 1 to 20 kinds of evidence.');
  -- whoever applies with this party, or through it
  for who in select p.pending_id from public.investors_pending_kyc p where p.kyc_status in ('submitted', 'missing_evidence') and p.party_id in (select evergreen.parties_before(of_party)) order by p.pending_id for no key update loop
    update public.investors_pending_kyc p set asked = (select array_agg(distinct k order by k) from unnest(p.asked || kinds) k),
           missing = (select array_agg(distinct k order by k) from unnest(p.missing || kinds) k), kyc_status = 'missing_evidence' where p.pending_id = who.pending_id;
    perform evergreen.audit(null, 'investors_pending_kyc', who.pending_id::text, 'evidence asked for: ' || array_to_string(kinds, ', '), request_id);
    n := n + 1;
  end loop;
  return n;
end $$;
comment on function evergreen.ask_party_evidence(uuid, text[], text) is 'Asks every open application in which the party has a part for more evidence, in neutral words. Returns how many applications.';

create or replace function evergreen.review_again(of_party uuid, request_id text) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
begin
  for who in select p.pending_id, p.fund_id from public.investors_pending_kyc p where p.kyc_status in ('submitted', 'missing_evidence') and p.party_id in (select evergreen.parties_before(of_party)) order by p.pending_id loop
    perform evergreen.emit('REVIEW_REQUESTED', who.fund_id, jsonb_build_object('pending_id', who.pending_id), evergreen.actor(), '{}', '{}', request_id);
    n := n + 1;
  end loop;
  return n;
end $$;
comment on function evergreen.review_again(uuid, text) is 'Every open application in which the party has a part is reviewed again. Returns how many.';

create or replace function public.fn_resubmit_evidence(pending_id uuid, evidence jsonb, request_id text default null, party_kind text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
  kept int;
begin
  perform evergreen.require_role('ops_role', 'lp_role');
  input := jsonb_strip_nulls(jsonb_build_object('pending_id', pending_id, 'evidence', evidence, 'party_kind', party_kind));
  answer := evergreen.earlier_answer('fn_resubmit_evidence', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(party_kind is null or party_kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation'), 'EG400', 'party_kind is natural_person, company, partnership, trust or foundation.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_resubmit_evidence.pending_id for no key update;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or waiting.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No application with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is closed.');
  if party_kind is not null then
    update public.parties p set kind = fn_resubmit_evidence.party_kind where p.party_id = waiting.party_id and p.kind in ('unstated', fn_resubmit_evidence.party_kind);
    perform evergreen.refuse_unless(found, 'EG428', 'What kind of party it is was stated before.');
  end if;
  kept := evergreen.keep_evidence(waiting.party_id, evidence);
  perform evergreen.refuse_unless(kept > 0 or party_kind is not null, 'EG400', 'Nothing new was given: each kind of evidence comes with its date, YYYY-MM-DD.');
  update public.investors_pending_kyc p set evidence = p.evidence || fn_resubmit_evidence.evidence where p.pending_id = waiting.pending_id;
  -- what screening asked for may be among it
  if exists (select from public.screening_subjects s where s.party_id = waiting.party_id) and evergreen.screening_standing(waiting.party_id) = 'unscreened' then
    perform evergreen.request_screening(waiting.party_id, 'evidence given', false, request_id);
  end if;
  perform evergreen.emit('EVIDENCE_RESUBMITTED', waiting.fund_id, jsonb_build_object('pending_id', waiting.pending_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'evidence given: ' || kept || ' kinds', request_id);
  answer := jsonb_build_object('pending_id', waiting.pending_id, 'given', kept);
  perform evergreen.keep_answer('fn_resubmit_evidence', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_resubmit_evidence(uuid, jsonb, text, text) is
  'Gives evidence that was missing, and states what kind of party it is where nobody has; the application is reviewed again by itself. An LP only for an own investor. Returns {pending_id, given}. EG400, EG404, EG428.';

create or replace function public.fn_give_evidence(party_id uuid, evidence jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  kept int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('party_id', party_id, 'evidence', evidence);
  answer := evergreen.earlier_answer('fn_give_evidence', request_id, input);
  if answer is not null then
    return (answer ->> 'given')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = fn_give_evidence.party_id), 'EG404', 'No party with that id.');
  kept := evergreen.keep_evidence(party_id, evidence);
  perform evergreen.refuse_unless(kept > 0, 'EG400', 'Nothing new was given: each kind of evidence comes with its date, YYYY-MM-DD.');
  -- an owner's paper may be the one that an application lacked
  perform evergreen.review_again(party_id, request_id);
  perform evergreen.audit(null, 'party_evidence', party_id::text, 'evidence given: ' || kept || ' kinds', request_id);
  perform evergreen.keep_answer('fn_give_evidence', request_id, input, jsonb_build_object('given', kept));
  return kept;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_give_evidence(uuid, jsonb, text) is 'Keeps evidence of a party that stands behind applicants; their applications are reviewed again. Returns how many kinds are new. EG400, EG404.';

create or replace function public.fn_decline_investor(pending_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('pending_id', pending_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_decline_investor', request_id, input);
  if answer is not null then
    return answer ->> 'kyc_status';
  end if;
  perform evergreen.refuse_unless(reason in ('withdrawn', 'evidence_not_given', 'not_eligible', 'not_accepted'), 'EG400', 'reason is withdrawn, evidence_not_given, not_eligible or not_accepted.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_decline_investor.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is closed.');
  update public.investors_pending_kyc p set kyc_status = 'declined', missing = '{}', asked = '{}' where p.pending_id = waiting.pending_id;
  perform evergreen.emit('INVESTOR_DECLINED', waiting.fund_id, jsonb_build_object('pending_id', waiting.pending_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'application declined: ' || reason, request_id);
  perform evergreen.keep_answer('fn_decline_investor', request_id, input, '{"kyc_status": "declined"}');
  return 'declined';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decline_investor(uuid, text, text) is 'Declines an application, for one of four neutral reasons. An investor who is looked at again is not cleared by it. EG400, EG404, EG428.';

create or replace function public.fn_tick_kyc(request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  who record;
  lead_days int;
  id uuid;
  event uuid;
  expired int := 0;
  opened int := 0;
  overdue int := 0;
begin
  perform evergreen.require_role('agent_kyc', 'service_role');
  input := '{}';
  answer := evergreen.earlier_answer('fn_tick_kyc', request_id, input);
  if answer is not null then
    return answer;
  end if;
  -- one tick at a time, at most so many of each kind: the next one goes on
  perform pg_advisory_xact_lock(hashtextextended('tick_kyc', 0));
  lead_days := ((evergreen.kyc_policy()).body #>> '{refresh,leadDays}')::int;
  for who in select i.investor_id, i.party_id from public.investors i where i.kyc_status = 'approved' and i.kyc_valid_until <= evergreen.clock() order by i.kyc_valid_until, i.investor_id limit 500 for no key update skip locked loop
    update public.investors i set kyc_status = 'expired' where i.investor_id = who.investor_id;
    perform evergreen.emit('KYC_EXPIRED', null, jsonb_build_object('investor_id', who.investor_id), evergreen.actor(), '{}', array[who.investor_id], request_id);
    perform evergreen.audit(null, 'investors', who.investor_id::text, 'clearance ran out', request_id);
    expired := expired + 1;
  end loop;
  for who in select i.investor_id, i.party_id, i.code, i.classification from public.investors i
      where i.kyc_status in ('approved', 'expired') and i.kyc_valid_until <= evergreen.clock() + make_interval(days => lead_days)
        and not exists (select from public.investors_pending_kyc p where p.investor_id = i.investor_id and p.kyc_status in ('submitted', 'missing_evidence'))
        -- declined since it fell due: operations said no, and open it again themselves
        and not exists (select from public.investors_pending_kyc p where p.investor_id = i.investor_id and p.kyc_status = 'declined' and p.created_at > i.kyc_valid_until - make_interval(days => lead_days + 1))
      order by i.kyc_valid_until, i.investor_id limit 500 loop
    id := gen_random_uuid();
    insert into public.investors_pending_kyc (pending_id, code, classification, party_id, investor_id)
    values (id, 'P-' || upper(left(replace(id::text, '-', ''), 10)), who.classification, who.party_id, who.investor_id);
    perform evergreen.emit('REVIEW_REQUESTED', null, jsonb_build_object('pending_id', id), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'investors_pending_kyc', id::text, 'review of an investor fell due', request_id);
    opened := opened + 1;
  end loop;
  for who in select c.case_id, c.fund_id, c.severity from public.cases c where c.status <> 'decided' and c.due_at <= now() and c.overdue_alerted_at is null order by c.due_at, c.case_id limit 500 for no key update skip locked loop
    update public.cases c set overdue_alerted_at = now() where c.case_id = who.case_id;
    event := evergreen.emit('CASE_OVERDUE', who.fund_id, jsonb_build_object('case_id', who.case_id), evergreen.actor(), '{}', '{}', request_id);
    -- a case about a party alone is of no fund, and people are told all the same
    insert into public.risk_alerts (fund_id, kind, severity, reason, event_id, workflow_id)
    values (who.fund_id, 'case_overdue', case who.severity when 'critical' then 'critical' else 'warning' end, 'A case is not decided in its time; `cases list` shows it.', event, coalesce(request_id, 'kyc-tick'));
    perform evergreen.audit(who.fund_id, 'cases', who.case_id::text, 'case is overdue', request_id);
    overdue := overdue + 1;
  end loop;
  answer := jsonb_build_object('expired', expired, 'opened', opened, 'overdue', overdue);
  perform evergreen.keep_answer('fn_tick_kyc', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tick_kyc(text) is
  'The clock of KYC (R51): clearances that ran out stop orders, what falls due is opened for review, cases past their time alert. At most 500 of each kind. Returns {expired, opened, overdue}.';

create or replace function public.fn_read_kyc(investor_id uuid default null) returns table (investor uuid, code text, classification text, state text, missing text[], pending uuid, valid_until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role', 'audit_role');
  return query
    -- nothing here follows from a case, a score or a freeze: it reads the same for everybody who has given the same papers
    select i.investor_id, i.code, i.classification,
           case when p.pending_id is not null and cardinality(p.missing) > 0 then 'action_needed'
                when p.pending_id is not null then 'in_review'
                when i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock()) then 'ok' else 'in_review' end,
           coalesce(p.missing, '{}'), p.pending_id, i.kyc_valid_until
      from public.investors i
      left join lateral (select x.pending_id, x.missing from public.investors_pending_kyc x where x.investor_id = i.investor_id and x.kyc_status in ('submitted', 'missing_evidence')
        order by x.created_at desc, x.pending_id limit 1) p on true
     where (fn_read_kyc.investor_id is null or i.investor_id = fn_read_kyc.investor_id)
       and (evergreen.role_name() <> 'lp_role' or i.investor_id in (select evergreen.my_investor_ids()))
     order by i.code limit 1000;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_kyc(uuid) is 'Where the clearance of investors stands and what they still owe, in the same words for everybody; an LP only its own.';

create or replace function public.fn_read_applicant(pending_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  waiting public.investors_pending_kyc;
  behind uuid[];
  policy public.kyc_policies;
begin
  perform evergreen.require_role('agent_kyc', 'ops_role', 'pm_role', 'audit_role');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_read_applicant.pending_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  select array_agg(b) into behind from evergreen.parties_behind(waiting.party_id) b;
  perform evergreen.refuse_unless(cardinality(behind) <= 5000, 'EG413', 'More than 5,000 parties stand behind the applicant.');
  policy := evergreen.kyc_policy();
  return jsonb_build_object('pending_id', waiting.pending_id, 'code', waiting.code, 'fund_id', waiting.fund_id, 'classification', waiting.classification, 'status', waiting.kyc_status,
    'asked', to_jsonb(waiting.asked), 'missing', to_jsonb(waiting.missing), 'investor_id', waiting.investor_id, 'party_id', waiting.party_id,
    'policy', jsonb_build_object('version', policy.version, 'body', policy.body),
    'parties', (select jsonb_agg(jsonb_build_object('party_id', p.party_id, 'kind', p.kind, 'code', p.code) order by p.party_id) from public.parties p where p.party_id = any (behind)),
    'links', coalesce((select jsonb_agg(jsonb_build_object('owner', l.owner_id, 'owned', l.owned_id, 'kind', l.kind, 'share', trim_scale(l.share)::text) order by l.owned_id, l.owner_id, l.kind)
      from evergreen.links_in_force(evergreen.clock()::date) l where l.owned_id = any (behind)), '[]'),
    -- of each kind the newest
    'evidence', coalesce((select jsonb_agg(jsonb_build_object('party_id', e.party_id, 'kind', e.kind, 'on', e.dated_on, 'expires', e.expires_on) order by e.party_id, e.kind)
      from (select distinct on (x.party_id, x.kind) x.* from public.party_evidence x where x.party_id = any (behind) and x.dated_on <= evergreen.clock()::date
        order by x.party_id, x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) e), '[]'),
    'case_stands', evergreen.case_stands(waiting.party_id),
    'screening', evergreen.screening_of(waiting.party_id),
    -- nobody has asked for them to be screened yet
    'unasked', coalesce((select jsonb_agg(b order by b) from unnest(behind) b where not exists (select from public.screening_subjects s where s.party_id = b)), '[]'),
    'past_true_match', exists (select from public.cases c where c.outcome = 'true_match' and c.party_id = any (behind)),
    'investors', case when waiting.fund_id is null then 0 else (select count(distinct f.investor_id) from public.fund_flows f where f.fund_id = waiting.fund_id) end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_applicant(uuid) is 'Everything a review of an application looks at, without a name: policy, parties behind it, links, newest evidence of each kind, whether a case stands. EG404, EG413.';

-- from sql/67-fn-unfreeze.sql
-- Unfreezing a party: asked by one person, done by another, and only when screening is clear without the freeze.

create or replace function public.fn_unfreeze_party(party_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.parties;
  state text := 'asked';
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('party_id', party_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_unfreeze_party', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) >= 10 and length(reason) <= 1900, 'EG400', 'reason has 10 to 1,900 characters.');
  perform evergreen.harmless_text('fn_unfreeze_party', to_jsonb(reason));
  select * into p from public.parties x where x.party_id = fn_unfreeze_party.party_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No party with that id.');
  perform evergreen.refuse_unless(p.frozen_at is not null, 'EG428', 'The party is not frozen.');
  perform evergreen.refuse_unless(p.unfreeze_asked_by is distinct from evergreen.actor(), 'EG420', 'You have asked for it: another person unfreezes.');
  -- as if nobody had frozen it: whatever else stands against the party or anybody behind it stops here, and all of this is taken back
  update public.parties x set frozen_at = null, frozen_by_case = null, unfreeze_asked_by = null where x.party_id = p.party_id;
  perform evergreen.refuse_unless(evergreen.screening_of(p.party_id) in ('clear', 'none') and not evergreen.case_stands(p.party_id), 'EG428',
    'Screening of the party is not clear, or a case on it is not decided; it stays frozen.');
  insert into public.case_notes (case_id, body, created_by) select p.frozen_by_case, case when p.unfreeze_asked_by is null then 'Unfreezing asked for: ' else 'Unfrozen: ' end || btrim(fn_unfreeze_party.reason), evergreen.actor()
   where p.frozen_by_case is not null;
  if p.unfreeze_asked_by is null then
    update public.parties x set frozen_at = p.frozen_at, frozen_by_case = p.frozen_by_case, unfreeze_asked_by = evergreen.actor() where x.party_id = p.party_id;
  else
    state := 'unfrozen';
    perform evergreen.emit('PARTY_UNFROZEN', null, jsonb_build_object('party_id', p.party_id, 'case_id', p.frozen_by_case), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.review_again(p.party_id, request_id);
  end if;
  perform evergreen.audit(null, 'parties', p.party_id::text, case state when 'asked' then 'unfreezing asked for' else 'party unfrozen' end, request_id);
  answer := jsonb_build_object('party_id', p.party_id, 'state', state);
  perform evergreen.keep_answer('fn_unfreeze_party', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_unfreeze_party(uuid, text, text) is
  'The first person asks, another one unfreezes; both give their reason, and neither while a match stands, is undecided or the screening is out of date. Returns {party_id, state: asked | unfrozen}. EG400, EG404, EG420 the same person, EG428.';

-- from sql/69-fn-demo.sql
-- The demo: its clock, and what only its loader may do. The past of the demo fund is made by the functions everybody calls; what stands here lets the loader
-- say when that was, and load what no function takes. Only demo_role, only in a database marked as a demo (platform_settings), only rows labelled synthetic.

create or replace function evergreen.is_demo() returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.platform_settings s where s.key = 'demo' and s.value = 'true'::jsonb)
$$;
comment on function evergreen.is_demo() is 'Whether this database is marked as a demo.';

create or replace function evergreen.demo_clock() returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- anybody can set a setting: it counts only where the demo role had it audited in this very transaction
  select c.at::timestamptz from (select nullif(current_setting('evergreen.demo_clock', true), '') as at) c
   where c.at is not null and exists (select from public.audit_trail a
     where a.tx = pg_current_xact_id_if_assigned() and a.entity_type = 'demo_clock' and a.entity_id = c.at and a.created_by = 'demo')
$$;
comment on function evergreen.demo_clock() is 'When this transaction of a demo''s past is said to happen; null in every other transaction.';

create or replace function evergreen.clock() returns timestamptz language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(case when coalesce(current_setting('evergreen.demo_clock', true), '') <> '' then evergreen.demo_clock() end, now())
$$;
comment on function evergreen.clock() is 'The database''s clock: now(), save in a transaction of a demo''s past.';

create or replace function public.fn_set_demo_clock(at timestamptz) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('demo_role');
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  perform evergreen.refuse_unless(isfinite(at) and at between '2000-01-01T00:00:00Z' and now(), 'EG400', 'at is a time of the past, from 2000 on.');
  perform evergreen.audit(null, 'demo_clock', at::text, 'this transaction is dated back to ' || at, null);
  perform set_config('evergreen.demo_clock', at::text, true);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_demo_clock(timestamptz) is
  'Dates what the rest of this transaction records back to a time of the past, and audits that. Events of it are not handed to runs. EG400, EG428 not a demo database.';

create or replace function evergreen.backdate() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  at timestamptz := evergreen.demo_clock();
  dated jsonb;
begin
  if at is null then
    return new;
  end if;
  -- whatever is now in the row was put there by the clock; when the row itself was made stays true (but a change of state has no other time), and when the bus carried an event
  select jsonb_object_agg(c.key, at) into dated from jsonb_each(to_jsonb(new)) c
   where c.value = to_jsonb(now()) and (c.key not in ('created_at', 'updated_at') or (c.key = 'created_at' and tg_table_name = 'order_transitions'))
     and (c.key <> 'recorded_at' or tg_table_name <> 'fund_events');
  return jsonb_populate_record(new, coalesce(dated, '{}'));
end $$;
comment on function evergreen.backdate() is 'In a transaction of a demo''s past, every time of a row that the clock has set is the demo clock''s.';

do $$
declare
  t record;
begin
  for t in select c.table_name from information_schema.tables c where c.table_schema = 'public' and c.table_type = 'BASE TABLE'
            and (c.table_name in ('order_transitions', 'class_navs', 'approvals', 'proposals', 'lmt_activations')
              or exists (select from information_schema.columns x where x.table_schema = 'public' and x.table_name = c.table_name and x.column_name = 'recorded_at')) loop
    -- elsewhere it costs one look at a setting
    execute format('create or replace trigger backdate before insert or update on public.%I for each row when (current_setting(''evergreen.demo_clock'', true) <> '''')
      execute function evergreen.backdate()', t.table_name);
  end loop;
end $$;

create or replace function evergreen.demo_rows(chunk jsonb, list text) returns jsonb language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  found jsonb := coalesce(chunk -> list, '[]');
begin
  perform evergreen.refuse_unless(jsonb_typeof(found) = 'array', 'EG400', list || ' is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(found) <= 5000, 'EG413', list || ' has at most 5,000 rows in one chunk.');
  return found;
end $$;
comment on function evergreen.demo_rows(jsonb, text) is 'One list of a demo chunk, empty when absent; refuses what is no list or too long.';

create or replace function public.fn_load_demo(chunk jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  list text;
  n int;
  counts jsonb := '{}';
begin
  perform evergreen.require_role('demo_role');
  input := jsonb_build_object('sha256', encode(sha256(convert_to(chunk::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_load_demo', request_id, input);
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = chunk ->> 'fund' and f.synthetic for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No synthetic fund with that code.');
  foreach list in array array['investors', 'access', 'snapshots', 'lapses'] loop
    counts := counts || jsonb_build_object(list, jsonb_array_length(evergreen.demo_rows(chunk, list)));
    -- the past, never the future
    perform evergreen.refuse_unless(not exists (
      select from jsonb_array_elements(evergreen.demo_rows(chunk, list)) r
       where greatest((r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz) > now()), 'EG400', list || ' holds a row of the future.');
  end loop;

  insert into public.investors (code, classification, kyc_status, eligibility_tags, synthetic, kyc_valid_until, effective_at, recorded_at)
  select r ->> 'code', r ->> 'classification', 'approved', array(select jsonb_array_elements_text(r -> 'eligibility_tags')), true,
         (r ->> 'kyc_valid_until')::timestamptz, (r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'investors')) r;

  -- a demo login sees synthetic investors only
  insert into public.investor_access (user_id, investor_id, kind, valid_until)
  select (r ->> 'user_id')::uuid, i.investor_id, r ->> 'kind', (r ->> 'valid_until')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'access')) r join public.investors i on i.code = r ->> 'investor' and i.synthetic;
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = (counts ->> 'access')::int, 'EG404', 'access names a synthetic investor that is not there.');

  insert into public.asset_snapshots (snapshot_id, asset_id, fund_id, as_of, nav, leverage, esg_score, method, source, effective_at, recorded_at)
  select (r ->> 'id')::uuid, a.id, of_fund.fund_id, (r ->> 'as_of')::date, (r ->> 'nav')::numeric, (r ->> 'leverage')::numeric, (r ->> 'esg_score')::numeric,
         r ->> 'method', r ->> 'source', (r ->> 'effective_at')::timestamptz, (r ->> 'recorded_at')::timestamptz
    from jsonb_array_elements(evergreen.demo_rows(chunk, 'snapshots')) r join public.assets a on a.fund_id = of_fund.fund_id and a.external_key = r ->> 'asset';
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = (counts ->> 'snapshots')::int, 'EG404', 'snapshots names an asset that the fund does not have.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(evergreen.demo_rows(chunk, 'snapshots')) r
     where not evergreen.within_exponent((r ->> 'nav')::numeric, of_fund.base_currency)), 'EG400', 'An amount has more decimals than the currency.');

  -- whose clearance ran out and was not renewed
  update public.investors i set kyc_status = 'expired' from jsonb_array_elements(evergreen.demo_rows(chunk, 'lapses')) r
   where i.code = r ->> 'investor' and i.synthetic and i.kyc_valid_until <= now();
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = (counts ->> 'lapses')::int, 'EG404', 'lapses names a synthetic investor that is not there or still cleared.');

  perform evergreen.audit(of_fund.fund_id, 'funds', of_fund.fund_id::text, 'synthetic demo rows loaded: ' || (
    select string_agg(c.key || ' ' || c.value, ', ' order by c.key) from jsonb_each_text(counts) c), request_id);
  answer := jsonb_build_object('fund_id', of_fund.fund_id) || counts;
  perform evergreen.keep_answer('fn_load_demo', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_load_demo(jsonb, text) is
  'Loads what a synthetic fund is told: investors, access, marks (fund currency) with their times, lapses of clearance; all or nothing; returns the counts. No result of dealing. EG400, EG404, EG413, EG428 not a demo database.';

create or replace function public.fn_batch_demo_orders(fund text, direction text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  events uuid[];
  id uuid;
begin
  perform evergreen.require_role('demo_role');
  input := jsonb_build_object('fund', fund, 'direction', direction);
  answer := evergreen.earlier_answer('fn_batch_demo_orders', request_id, input);
  if answer is not null then
    return (answer ->> 'batch_id')::uuid;
  end if;
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  select * into of_fund from public.funds f where (f.code = fn_batch_demo_orders.fund or f.fund_id::text = fn_batch_demo_orders.fund) and f.synthetic for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No synthetic fund with that code.');
  perform evergreen.refuse_unless(direction in ('subscription', 'redemption'), 'EG400', 'direction is subscription or redemption.');
  -- those whose event nobody was handed: orders of today are on their way to the intake
  select array_agg(f.event_id order by f.requested_at, f.flow_id) into events from public.fund_flows f
   where f.fund_id = of_fund.fund_id and f.direction = fn_batch_demo_orders.direction and f.status = 'submitted' and f.requested_at <= evergreen.clock()
     and not exists (select from public.event_outbox o where o.event_id = f.event_id);
  if events is not null then
    insert into public.event_batches (type, event_ids, events, attempts, next_at, leased_by)
    -- should the loader end before they are taken in, whoever takes batches in does it later
    values (upper(direction) || '_REQUESTED', events, cardinality(events), 1, now() + interval '1 hour', 'demo') returning batch_id into id;
  end if;
  perform evergreen.audit(of_fund.fund_id, 'event_batches', coalesce(id::text, 'none'), 'synthetic orders to take in: ' || coalesce(cardinality(events), 0), request_id);
  perform evergreen.keep_answer('fn_batch_demo_orders', request_id, input, jsonb_build_object('batch_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_batch_demo_orders(text, text, text) is
  'Puts the submitted orders of a demo''s past into a batch for the intake; null when there are none. EG400, EG404, EG428 not a demo database.';

create or replace function public.fn_hand_over_demo_days(fund text, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  n int;
begin
  perform evergreen.require_role('demo_role');
  input := jsonb_build_object('fund', fund);
  answer := evergreen.earlier_answer('fn_hand_over_demo_days', request_id, input);
  if answer is not null then
    return (answer ->> 'days')::int;
  end if;
  perform evergreen.refuse_unless(evergreen.is_demo(), 'EG428', 'This database is not marked as a demo.');
  select * into of_fund from public.funds f where (f.code = fn_hand_over_demo_days.fund or f.fund_id::text = fn_hand_over_demo_days.fund) and f.synthetic for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No synthetic fund with that code.');
  -- all classes of a date at once: one of them makes the NAV for those whose days are open (a run that has begun is not begun again)
  insert into public.event_outbox (seq, event_id, type, mode, fund_id)
  select e.seq, e.event_id, e.type, 'run', e.fund_id from public.fund_events e join public.dealing_days d on d.dealing_day_id = (e.payload ->> 'dealing_day_id')::uuid
   where e.fund_id = of_fund.fund_id and e.type = 'DEALING_DAY_OPENED' and d.status = 'open'
  on conflict do nothing;
  get diagnostics n = row_count;
  if pg_try_advisory_xact_lock(7236511) then
    perform pg_notify('evergreen_events', '');
  end if;
  perform evergreen.audit(of_fund.fund_id, 'dealing_days', of_fund.fund_id::text, 'dealing days handed over to their runs: ' || n, request_id);
  perform evergreen.keep_answer('fn_hand_over_demo_days', request_id, input, jsonb_build_object('days', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_hand_over_demo_days(text, text) is
  'Dealing days of a demo''s past that are still open go on as runs, like any other; returns how many. EG404, EG428 not a demo database.';

-- from sql/6h-fn-imports.sql
-- Files in: orders and bank statements, row by row through the functions that place orders and confirm cash; a batch is undone as it was done.

create or replace function evergreen.check_import(file jsonb, lines jsonb, formats text[]) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(jsonb_typeof(file) = 'object' and file ->> 'sha256' ~ '^[0-9a-f]{64}$' and length(file ->> 'name') between 1 and 200
    and file ->> 'name' !~ '[/\\[:cntrl:]]' and file ->> 'format' = any (formats), 'EG400', 'file is {sha256, name, format}; the name is no path.');
  perform evergreen.refuse_unless(jsonb_typeof(lines) = 'array', 'EG400', 'The rows of a file are a list.');
  perform evergreen.refuse_unless(jsonb_array_length(lines) between 1 and 50000, 'EG413', 'A file has 1 to 50,000 rows.');
  perform evergreen.refuse_unless(octet_length(lines::text) <= 64 * 1024 * 1024 and not exists (select from jsonb_array_elements(lines) r (said)
    where (jsonb_typeof(r.said) = 'object' and octet_length(r.said::text) <= 8192 and (r.said ->> 'line')::int >= 1) is not true), 'EG400', 'A row is a small object with its line.');
end $$;
comment on function evergreen.check_import(jsonb, jsonb, text[]) is 'Refuses what is no file or no list of rows. EG400, EG413.';

create or replace function evergreen.import_refusals(found jsonb[]) returns jsonb language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(u.f - 'identity') order by u.n), '[]') from unnest(found) with ordinality u (f, n)
$$;
comment on function evergreen.import_refusals(jsonb[]) is 'The first rows that were not taken in, without what they say.';

create or replace function evergreen.import_answer(of_import uuid, repeated boolean, found jsonb[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('import_id', b.import_id, 'status', b.status, 'repeated', repeated, 'rows', b.rows, 'accepted', b.accepted, 'refused', b.refused,
    'unmatched', b.unmatched, 'refusals', evergreen.import_refusals(found)) from public.import_batches b where b.import_id = of_import
$$;
comment on function evergreen.import_answer(uuid, boolean, jsonb[]) is 'What an import answers of a batch that stands.';

create or replace function evergreen.keep_row(of_import uuid, of_fund uuid, kind text, at bigint, said jsonb, made jsonb) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into public.import_rows (import_id, position, line, fund_id, kind, outcome, code, reason, reference, identity, matched_by, flow_id, ledger_tx_id, said)
  values (of_import, at, (said ->> 'line')::int, of_fund, kind, made ->> 'outcome', made ->> 'code', made ->> 'reason', said ->> 'reference', made ->> 'identity',
    made ->> 'matched_by', (made ->> 'flow_id')::uuid, (made ->> 'ledger_tx_id')::uuid,
    -- the number of somebody's account is not kept: its hash finds the account again
    jsonb_strip_nulls(said - 'counterparty_account'))
$$;
comment on function evergreen.keep_row(uuid, uuid, text, bigint, jsonb, jsonb) is 'One row of an import with what became of it.';

create or replace function evergreen.row_refusal(state text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- what a rule refuses belongs to the row; what is wrong with the caller or with the database ends the import
  select case when state ~ '^EG4' and state not in ('EG401', 'EG403') then state when state like '22%' then 'EG400' end
$$;
comment on function evergreen.row_refusal(text) is 'Code of an error that concerns one row only, or null.';

create or replace function evergreen.is_taken(of_fund uuid, kind text, mark text) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- the words and the type of the partial index, so that it is used
  select exists (select from public.import_rows r where r.fund_id = of_fund and r.kind = is_taken.kind and r.identity = mark::char(64) and r.outcome in ('accepted', 'matched', 'unmatched'))
$$;
comment on function evergreen.is_taken(uuid, text, text) is 'Whether a row of that identity stands in an import of the fund.';

create or replace function evergreen.investor_named(name text) returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_id uuid;
begin
  select i.investor_id into found_id from public.investors i where i.code = name;
  if found_id is null and name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select i.investor_id into found_id from public.investors i where i.investor_id = name::uuid;
  end if;
  return found_id;
end $$;
comment on function evergreen.investor_named(text) is 'The investor of a code or an id, each by its index, or null.';

create or replace function evergreen.place_imported(of_fund public.funds, said jsonb, nth bigint) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who uuid;
  other uuid;
  flow uuid;
  mark text := encode(sha256(convert_to(said ->> 'reference', 'UTF8')), 'hex');
begin
  perform evergreen.refuse_unless(said ->> 'problem' is null, 'EG400', left(said ->> 'problem', 500));
  perform evergreen.refuse_unless(nth = 1, 'EG428', case when mark is null then 'The file has the same row before; give both a reference if both are meant.' else 'The file has that reference before.' end);
  perform evergreen.refuse_unless(mark is null or not evergreen.is_taken(of_fund.fund_id, 'orders', mark), 'EG428', 'An order with that reference was imported before.');
  who := evergreen.investor_named(said ->> 'investor');
  perform evergreen.refuse_unless(who is not null, 'EG404', 'No investor with that code.');
  if said ->> 'to_investor' is not null then
    other := evergreen.investor_named(said ->> 'to_investor');
    perform evergreen.refuse_unless(other is not null, 'EG404', 'No investor with the code of to_investor.');
  end if;
  flow := public.fn_place_order(of_fund.fund_id::text, who, said ->> 'direction', (said ->> 'amount')::numeric, said ->> 'currency', 'import', null, said ->> 'share_class',
    (said ->> 'units')::numeric, (said ->> 'dealing_date')::date, coalesce(said ->> 'order_kind', 'plain'), said ->> 'to_class', other);
  return jsonb_build_object('outcome', 'accepted', 'flow_id', flow, 'identity', mark);
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_strip_nulls(jsonb_build_object('outcome', 'refused', 'code', evergreen.row_refusal(sqlstate), 'column', said ->> 'column',
    'reason', case when sqlstate like 'EG%' then sqlerrm else 'A value is malformed or out of range.' end));
end $$;
comment on function evergreen.place_imported(public.funds, jsonb, bigint) is 'Places one order of a file through fn_place_order, or says why not; its effect is then rolled back alone.';

create or replace function public.fn_import_orders(fund text, file jsonb, orders jsonb, partial boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  rows_hash text := encode(sha256(convert_to(orders::text, 'UTF8')), 'hex');
  known uuid;
  r record;
  made jsonb;
  outs jsonb[] := '{}';
  good int := 0;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'file', file, 'rows', rows_hash, 'partial', partial, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.check_import(file, orders, '{csv,xlsx,setr.010.001.04,setr.004.001.04}');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  -- the same file again, or the same rows in another file: nothing is changed, and it says so
  select b.import_id into known from public.import_batches b where b.fund_id = of_fund.fund_id and b.kind = 'orders' and b.status <> 'undone'
    and (b.file_sha256 = file ->> 'sha256' or b.rows_sha256 = rows_hash) order by b.created_at desc limit 1;
  if known is not null then
    return evergreen.import_answer(known, true, '{}');
  end if;
  n := jsonb_array_length(orders);
  begin
    insert into public.import_batches (import_id, fund_id, kind, format, file_name, file_sha256, rows_sha256, rows, imported_by)
    values (id, of_fund.fund_id, 'orders', file ->> 'format', file ->> 'name', file ->> 'sha256', rows_hash, n, evergreen.actor());
    for r in select x.said, x.position, row_number() over (partition by coalesce('r' || (x.said ->> 'reference'), (x.said - 'line')::text) order by x.position) as nth
               from jsonb_array_elements(orders) with ordinality x (said, position) order by x.position loop
      made := evergreen.place_imported(of_fund, r.said, r.nth);
      perform evergreen.keep_row(id, of_fund.fund_id, 'orders', r.position, r.said, made);
      if made ->> 'outcome' = 'accepted' then
        good := good + 1;
      elsif cardinality(outs) < 500 then  -- few: an array grows by being copied
        outs := outs || (made || jsonb_build_object('position', r.position, 'line', (r.said ->> 'line')::int));
      end if;
    end loop;
    if dry_run or (good < n and not partial) or good = 0 then
      raise exception using errcode = 'EG0DR';  -- takes everything back; the answer stays
    end if;
    update public.import_batches b set accepted = good, refused = n - good where b.import_id = id;
    perform evergreen.emit('ORDERS_IMPORTED', of_fund.fund_id, jsonb_build_object('import_id', id, 'orders', good), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'import_batches', id::text, 'orders imported: ' || good || ' of ' || n || ' rows', request_id);
    answer := evergreen.import_answer(id, false, outs);
    perform evergreen.keep_answer('fn_import_orders', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := jsonb_build_object('import_id', null, 'status', case when good = 0 or (good < n and not partial) then 'refused' else 'dry_run' end, 'repeated', false,
      'rows', n, 'accepted', good, 'refused', n - good, 'unmatched', 0, 'refusals', evergreen.import_refusals(outs));
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_orders(text, jsonb, jsonb, boolean, boolean, text) is
  'Places the orders of a file {sha256, name, format}: all or, with partial, those that can be; dry_run tries all and changes nothing. orders = [{line, reference, investor, direction, amount | units, …} or {line, column, problem}]. The same file again changes nothing. Returns {import_id, status imported | refused | dry_run, repeated, rows, accepted, refused, refusals}. EG400, EG404, EG413.';

create or replace function evergreen.bank_match(of_fund public.funds, said jsonb) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  way text := case said ->> 'side' when 'credit' then 'subscription' when 'debit' then 'redemption' end;
  owed numeric := (said ->> 'amount')::numeric;
  tokens text[];
  owner uuid;
  payer uuid;
  meant uuid[];
  kids uuid[];
  hits uuid[];
  named int;
begin
  if (said ->> 'reversal')::boolean then
    return jsonb_build_object('reason', 'It takes back or returns another movement.');
  elsif coalesce(said ->> 'currency', of_fund.base_currency) <> of_fund.base_currency then
    return jsonb_build_object('reason', 'It is in another currency than the fund.');
  end if;
  -- compensation goes by the identifier of its own payment, so that it is not taken for the order
  select array_agg(l.flow_id) into hits from public.payment_lines l join public.payment_files p using (payment_file_id)
   where way = 'redemption' and p.fund_id = of_fund.fund_id and l.purpose = 'compensation' and l.live and upper(l.end_to_end) = upper(said ->> 'end_to_end') and l.amount = owed;
  if hits is not null then
    return jsonb_build_object('flow_id', hits[1], 'by', 'compensation');
  end if;
  select b.investor_id into owner from public.bank_accounts b where b.fund_id = of_fund.fund_id and (b.account_index = said ->> 'counterparty_index' or b.account = said ->> 'counterparty_account') and b.status = 'active' and b.investor_id is not null
   order by b.account_id limit 1;
  -- words of the texts, and the texts whole: an order is named by its id or by the reference it was imported with
  select array_agg(distinct upper(t.word)) into tokens from (
    select w as word from regexp_split_to_table(concat_ws(' ', said ->> 'end_to_end', said ->> 'remittance'), '[^[:alnum:]._/-]+') w where length(w) between 2 and 60
    union select v from unnest(array[said ->> 'end_to_end', said ->> 'remittance']) v where length(v) between 2 and 60) t;
  meant := array(select r.flow_id from public.import_rows r where r.fund_id = of_fund.fund_id and r.kind = 'orders' and r.outcome = 'accepted' and upper(r.reference) = any (tokens)
    union select replace(t, '-', '')::uuid from unnest(tokens) t where replace(t, '-', '') ~ '^[0-9A-F]{32}$');
  -- what a gate carried forward goes by the name of what was asked
  kids := meant;
  while cardinality(kids) > 0 loop
    kids := array(select f.flow_id from public.fund_flows f where f.parent_flow_id = any (kids));
    meant := meant || kids;
  end loop;
  select count(*), array_agg(o.flow_id) filter (where o.due = owed), min(o.investor_id::text) filter (where o.due = owed) into named, hits, payer from (
    select f.flow_id, f.investor_id, case f.direction when 'redemption' then f.net_amount else f.amount end as due from public.fund_flows f
     where f.flow_id = any (meant) and f.fund_id = of_fund.fund_id and f.direction = way and f.order_kind = 'plain' and f.cleared_at is null
       and case way when 'redemption' then f.status = 'claimable' else f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') end) o;
  if cardinality(hits) = 1 then
    if owner <> payer then
      return jsonb_build_object('reason', 'The account is that of another investor than the order''s.');
    end if;
    return jsonb_build_object('flow_id', hits[1], 'by', 'reference');
  elsif cardinality(hits) > 1 then
    return jsonb_build_object('reason', 'The reference names several orders of that amount.');
  elsif named > 0 then
    return jsonb_build_object('reason', 'The order that is named is for another amount.');
  elsif owner is null then
    return jsonb_build_object('reason', 'No open order is named, and the account is not known.');
  end if;
  select array_agg(f.flow_id) into hits from public.fund_flows f
   where f.fund_id = of_fund.fund_id and f.investor_id = owner and f.direction = way and f.order_kind = 'plain' and f.cleared_at is null
     and case way when 'redemption' then f.status = 'claimable' and f.net_amount = owed
         else f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') and f.amount = owed end;
  if cardinality(hits) = 1 then
    return jsonb_build_object('flow_id', hits[1], 'by', 'account');
  end if;
  return jsonb_build_object('reason', case when hits is null then 'The investor of the account has no open order of that amount.' else 'The investor of the account has several open orders of that amount.' end);
end $$;
comment on function evergreen.bank_match(public.funds, jsonb) is
  'Which open order a line of a statement pays: named by its id or reference, else the only one of the account''s investor; the amount is always exactly what is due. {flow_id, by} or {reason}.';

create or replace function evergreen.settle_line(of_fund public.funds, said jsonb, flow uuid, by text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  confirmed jsonb;
begin
  confirmed := jsonb_build_array(jsonb_build_object('flow_id', flow, 'amount', said ->> 'amount', 'reference', left(coalesce(said ->> 'reference', said ->> 'end_to_end'), 200)));
  confirmed := case by when 'compensation' then public.fn_settle_compensation(of_fund.fund_id::text, confirmed, null) else public.fn_confirm_cash(of_fund.fund_id::text, confirmed, null) end;
  return jsonb_build_object('outcome', 'matched', 'flow_id', flow, 'matched_by', by, 'ledger_tx_id', confirmed ->> 'ledger_tx_id');
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_build_object('outcome', 'unmatched', 'code', evergreen.row_refusal(sqlstate), 'reason', sqlerrm);
end $$;
comment on function evergreen.settle_line(public.funds, jsonb, uuid, text) is 'Confirms the cash of one line for one order through fn_confirm_cash, or fn_settle_compensation, or says why it cannot be.';

create or replace function evergreen.take_line(of_fund public.funds, said jsonb, mark text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  hit jsonb;
begin
  perform evergreen.refuse_unless(said ->> 'problem' is null, 'EG400', left(said ->> 'problem', 500));
  perform evergreen.refuse_unless(said ->> 'side' in ('credit', 'debit') and isfinite((said ->> 'booked_on')::date), 'EG400', 'A line has a side and a day of booking.');
  perform evergreen.refuse_unless((said ->> 'amount')::numeric > 0 and (said ->> 'amount')::numeric < 1e30
    and coalesce(evergreen.within_exponent((said ->> 'amount')::numeric, coalesce(said ->> 'currency', of_fund.base_currency)), (said ->> 'amount')::numeric = round((said ->> 'amount')::numeric, 4)),
    'EG400', 'The amount is positive and has no more decimals than its currency.');
  if evergreen.is_taken(of_fund.fund_id, 'bank', mark) then
    return jsonb_build_object('outcome', 'duplicate', 'code', 'EG428', 'reason', 'An earlier statement has that line.');
  end if;
  hit := evergreen.bank_match(of_fund, said);
  if hit ->> 'flow_id' is null then
    return jsonb_build_object('outcome', 'unmatched', 'reason', hit ->> 'reason', 'identity', mark);
  end if;
  return evergreen.settle_line(of_fund, said, (hit ->> 'flow_id')::uuid, hit ->> 'by') || jsonb_build_object('identity', mark);
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_strip_nulls(jsonb_build_object('outcome', 'refused', 'code', evergreen.row_refusal(sqlstate), 'column', said ->> 'column',
    'reason', case when sqlstate like 'EG%' then sqlerrm else 'A value is malformed or out of range.' end));
end $$;
comment on function evergreen.take_line(public.funds, jsonb, text) is 'Takes one line of a statement in: matched and confirmed, unmatched, a duplicate, or refused.';

create or replace function public.fn_import_bank_statement(fund text, file jsonb, lines jsonb, partial boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  rows_hash text := encode(sha256(convert_to(lines::text, 'UTF8')), 'hex');
  known uuid;
  r record;
  made jsonb;
  outs jsonb[] := '{}';
  good int := 0;
  waiting int := 0;
  bad int := 0;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'file', file, 'rows', rows_hash, 'partial', partial, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_bank_statement', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.check_import(file, lines, array(select 'camt.053.001.' || to_char(v, 'FM00') from generate_series(2, 13) v) || '{csv,xlsx}');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(lines) l (said) where l.said ->> 'account' is not null)
    or not exists (select from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is null and b.status = 'active')
    or not exists (select from jsonb_array_elements(lines) l (said) where l.said ->> 'account' is not null and not exists (select from public.bank_accounts b
         where b.fund_id = of_fund.fund_id and b.investor_id is null and b.status in ('active', 'ended') and b.account = l.said ->> 'account')),
    'EG400', 'The statement is of another account than the fund''s.');
  select b.import_id into known from public.import_batches b where b.fund_id = of_fund.fund_id and b.kind = 'bank' and b.status <> 'undone'
    and (b.file_sha256 = file ->> 'sha256' or b.rows_sha256 = rows_hash) order by b.created_at desc limit 1;
  if known is not null then
    return evergreen.import_answer(known, true, '{}');
  end if;
  n := jsonb_array_length(lines);
  begin
    -- two equal lines of one statement are two movements; the same two in the next statement are the same two
    insert into public.import_batches (import_id, fund_id, kind, format, file_name, file_sha256, rows_sha256, rows, imported_by)
    values (id, of_fund.fund_id, 'bank', file ->> 'format', file ->> 'name', file ->> 'sha256', rows_hash, n, evergreen.actor());
    for r in select x.said, x.position, encode(sha256(convert_to(x.basis || '|' || row_number() over (partition by x.basis order by x.position), 'UTF8')), 'hex') as mark
               from (select l.said, l.position, jsonb_build_array(l.said -> 'account', l.said -> 'booked_on', l.said -> 'side', l.said -> 'amount', l.said -> 'currency',
                       l.said -> 'reference', l.said -> 'end_to_end', l.said -> 'remittance', l.said -> 'counterparty_account')::text as basis
                       from jsonb_array_elements(lines) with ordinality l (said, position)) x order by x.position loop
      made := evergreen.take_line(of_fund, r.said, r.mark);
      perform evergreen.keep_row(id, of_fund.fund_id, 'bank', r.position, r.said, made);
      good := good + (made ->> 'outcome' = 'matched')::int;
      waiting := waiting + (made ->> 'outcome' = 'unmatched')::int;
      bad := bad + (made ->> 'outcome' = 'refused')::int;
      if made ->> 'outcome' <> 'matched' and cardinality(outs) < 500 then
        outs := outs || (made || jsonb_build_object('position', r.position, 'line', (r.said ->> 'line')::int));
      end if;
    end loop;
    if dry_run or (bad > 0 and not partial) or good + waiting = 0 then
      raise exception using errcode = 'EG0DR';
    end if;
    update public.import_batches b set accepted = good, refused = n - good - waiting, unmatched = waiting where b.import_id = id;
    perform evergreen.emit('BANK_STATEMENT_IMPORTED', of_fund.fund_id, jsonb_build_object('import_id', id, 'matched', good, 'unmatched', waiting), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'import_batches', id::text, 'bank statement imported: ' || good || ' of ' || n || ' lines matched', request_id);
    answer := evergreen.import_answer(id, false, outs);
    perform evergreen.keep_answer('fn_import_bank_statement', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := jsonb_build_object('import_id', null, 'status', case when (bad > 0 and not partial) or good + waiting = 0 then 'refused' else 'dry_run' end, 'repeated', false,
      'rows', n, 'accepted', good, 'refused', n - good - waiting, 'unmatched', waiting, 'refusals', evergreen.import_refusals(outs));
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_bank_statement(text, jsonb, jsonb, boolean, boolean, text) is
  'Takes a bank statement in: lines = [{line, side, amount, booked_on, currency, reference, end_to_end, remittance, account, counterparty_account}] are matched to open orders by reference or account and exact amount, and their cash confirmed; the others wait unmatched. Lines of earlier statements count once. As fn_import_orders otherwise. EG400, EG404, EG413.';

-- from sql/6h-fn-payments.sql
-- Files out: accounts that money is paid to, approved by a second person, and the payment files that pay redemptions and compensation.

create or replace function evergreen.is_account(number text) returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  moved text := substr(number, 5) || left(number, 4);
  digits text := '';
  c text;
begin
  if number !~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11}' then
    return number ~ '^[A-Za-z0-9][A-Za-z0-9./-]{2,33}$';
  end if;
  if number !~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$' then
    return false;
  end if;
  foreach c in array string_to_array(moved, null) loop
    digits := digits || case when c between 'A' and 'Z' then (ascii(c) - 55)::text else c end;
  end loop;
  return digits::numeric % 97 = 1;  -- ISO 13616
end $$;
comment on function evergreen.is_account(text) is 'Whether it is an IBAN with right check digits, or an account number that does not look like one.';

create or replace function public.fn_propose_bank_accounts(fund text, accounts jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad record;
  n int;
begin
  perform evergreen.require_role('ops_role');
  -- a ciphertext is another one every time; what says that the account is the same is the mark beside it
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(case when jsonb_typeof(accounts) = 'array' then
    (select jsonb_agg(case when jsonb_typeof(a) = 'object' then a - '{sealed,account_id}'::text[] else a end) from jsonb_array_elements(accounts) a) else accounts end));
  answer := evergreen.earlier_answer('fn_propose_bank_accounts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array', 'EG400', 'accounts is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(accounts) between 1 and 10000, 'EG413', 'accounts has 1 to 10,000 rows.');
  select a.n, a.investor is not null and i.investor_id is null as nobody, a.investor is not null and (a.account is not null or a.holder is not null) as clear into bad
    from (select x.*, row_number() over () as n from jsonb_to_recordset(accounts) x (investor text, account text, bic text, holder text, currency text,
           account_id uuid, sealed text, account_index text, content_mark text)) a
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where ((a.bic is null or a.bic ~ '^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$') and exists (select from public.currencies c where c.code = a.currency)
      and case when a.investor is null then evergreen.is_account(a.account) and length(a.holder) between 1 and 140 and num_nonnulls(a.sealed, a.account_index, a.content_mark) = 0
        else i.investor_id is not null and a.account is null and a.holder is null and a.account_id is not null and a.sealed ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a.sealed) between 40 and 4000
          and a.account_index ~ '^[0-9a-f]{64}$' and a.content_mark ~ '^[0-9a-f]{64}$' end) is not true order by a.n limit 1;
  perform evergreen.refuse_unless(bad.n is null or not bad.nobody, 'EG404', 'Account ' || bad.n || ': no investor with that code.');
  perform evergreen.refuse_unless(bad.n is null or not bad.clear, 'EG400', 'Account ' || bad.n || ' is of an investor: its number and holder come encrypted, never in clear.');
  perform evergreen.refuse_unless(bad.n is null, 'EG400', 'Account ' || bad.n || ' has no account number with right check digits, no BIC, no holder or no currency we know.');
  -- one that is proposed or in force already is not proposed again
  insert into public.bank_accounts (account_id, fund_id, investor_id, account, bic, holder, currency, sealed, account_index, content_mark, proposed_by)
  select distinct on (i.investor_id, a.currency, a.bic, a.account, a.holder, a.content_mark) coalesce(a.account_id, gen_random_uuid()), of_fund.fund_id, i.investor_id, a.account, a.bic, a.holder, a.currency,
         a.sealed, a.account_index, a.content_mark, evergreen.actor()
    from jsonb_to_recordset(accounts) a (investor text, account text, bic text, holder text, currency text, account_id uuid, sealed text, account_index text, content_mark text)
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where not exists (select from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is not distinct from i.investor_id and b.account is not distinct from a.account
     and b.bic is not distinct from a.bic and b.holder is not distinct from a.holder and b.content_mark is not distinct from a.content_mark and b.currency = a.currency and b.status in ('proposed', 'active'))
   order by i.investor_id, a.currency, a.bic, a.account, a.holder, a.content_mark, a.account_id;
  get diagnostics n = row_count;
  if n > 0 then
    perform evergreen.emit('BANK_ACCOUNTS_PROPOSED', of_fund.fund_id, jsonb_build_object('accounts', n), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'bank_accounts', of_fund.fund_id::text, n || ' bank accounts proposed', request_id);
  end if;
  answer := jsonb_build_object('proposed', n, 'known', jsonb_array_length(accounts) - n);
  perform evergreen.keep_answer('fn_propose_bank_accounts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_bank_accounts(text, jsonb, text) is
  'Proposes accounts to pay to and from: of the fund {account, holder, bic, currency}; of an investor {investor, account_id, sealed, account_index, content_mark, bic, currency}, encrypted before they come. Another person decides. EG400, EG404, EG413.';

create or replace function evergreen.account_words(a public.bank_accounts) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when a.sealed is null then jsonb_build_object('holder', a.holder, 'account', a.account, 'bic', a.bic)
    -- with the key that opens it, which a master key opens that is not here
    else jsonb_build_object('bic', a.bic, 'sealed', jsonb_build_object('account_id', a.account_id, 'subject_id', i.party_id, 'sealed', a.sealed, 'wrapped_key', k.wrapped_key, 'master_key_id', k.master_key_id)) end
    from (select) one left join public.investors i on i.investor_id = a.investor_id left join public.subject_keys k on k.subject_id = i.party_id and k.state <> 'destroyed'
$$;
comment on function evergreen.account_words(public.bank_accounts) is 'Number and holder of an account: in clear of the fund''s own, encrypted with its wrapped key of an investor''s.';

create or replace function evergreen.note_account_reads(accounts uuid[], purpose text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
  select distinct i.party_id, 'values', array['account'], note_account_reads.purpose, evergreen.actor()
    from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id join public.subject_keys k on k.subject_id = i.party_id
   where b.account_id = any (accounts) and b.sealed is not null
$$;
comment on function evergreen.note_account_reads(uuid[], text) is 'Records that encrypted accounts of investors were given out.';

create or replace function public.fn_read_bank_accounts(fund text, status text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund uuid;
  ids uuid[];
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(status is null or status in ('proposed', 'active', 'rejected', 'ended'), 'EG400', 'status is proposed, active, rejected or ended.');
  ids := array(select b.account_id from public.bank_accounts b where b.fund_id = of_fund and (fn_read_bank_accounts.status is null or b.status = fn_read_bank_accounts.status) order by b.account_id limit 50000);
  perform evergreen.note_account_reads(ids, 'accounts');
  return (select coalesce(jsonb_agg(jsonb_build_object('account_id', b.account_id, 'investor', i.code, 'currency', b.currency, 'status', b.status, 'proposed_by', b.proposed_by, 'decided_by', b.decided_by,
      'words', evergreen.account_words(b)) order by b.account_id), '[]') from public.bank_accounts b left join public.investors i using (investor_id) where b.account_id = any (ids));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_bank_accounts(text, text) is 'Accounts of a fund with number and holder, those of investors encrypted with their wrapped keys; every reading is recorded. EG400, EG404.';

create or replace function public.fn_list_clear_accounts(max_accounts int default 1000) returns table (account_id uuid, subject_id uuid, account text, holder text, bic text, currency text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(max_accounts between 1 and 5000, 'EG400', 'max_accounts is 1 to 5,000.');
  return query select b.account_id, i.party_id, b.account, b.holder, b.bic, b.currency::text from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id
    where b.account is not null and coalesce(evergreen.subject_state(i.party_id), 'active') = 'active' order by b.account_id limit max_accounts;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_clear_accounts(int) is 'Accounts of investors that were recorded before numbers were encrypted, to be sealed. EG400.';

create or replace function public.fn_seal_accounts(accounts jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('sha256', evergreen.content_digest(accounts));
  answer := evergreen.earlier_answer('fn_seal_accounts', request_id, input);
  if answer is not null then
    return (answer ->> 'sealed')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array' and jsonb_array_length(accounts) between 1 and 5000, 'EG400', 'accounts is a list of 1 to 5,000.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(accounts) a where (a ->> 'account_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and a ->> 'sealed' ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a ->> 'sealed') between 40 and 4000
      and a ->> 'account_index' ~ '^[0-9a-f]{64}$' and a ->> 'content_mark' ~ '^[0-9a-f]{64}$') is not true), 'EG400', 'Each of accounts has account_id, sealed, account_index and content_mark.');
  update public.bank_accounts b set sealed = a.sealed, account_index = a.account_index, content_mark = a.content_mark, account = null, holder = null
    from jsonb_to_recordset(accounts) a (account_id uuid, sealed text, account_index text, content_mark text)
   where b.account_id = a.account_id and b.investor_id is not null and b.account is not null;
  get diagnostics n = row_count;
  if n > 0 then
    perform evergreen.audit(null, 'bank_accounts', 'sealed', n || ' bank accounts encrypted', request_id);
  end if;
  perform evergreen.keep_answer('fn_seal_accounts', request_id, input, jsonb_build_object('sealed', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_seal_accounts(jsonb, text) is 'Puts ciphertexts in the place of clear numbers and holders of investors; one that is sealed already stays as it is. Returns how many. EG400.';

create or replace function public.fn_decide_bank_accounts(accounts jsonb, decision text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  ids uuid[];
  of_fund uuid;
  n int;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('accounts', accounts, 'decision', decision);
  answer := evergreen.earlier_answer('fn_decide_bank_accounts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('approved', 'rejected', 'ended'), 'EG400', 'decision is approved, rejected or ended.');
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array', 'EG400', 'accounts is a list of ids.');
  perform evergreen.refuse_unless(jsonb_array_length(accounts) between 1 and 10000, 'EG413', 'accounts has 1 to 10,000 ids.');
  ids := array(select distinct x::uuid from jsonb_array_elements_text(accounts) x);
  select min(b.fund_id::text)::uuid into of_fund from public.bank_accounts b where b.account_id = any (ids) having count(*) = cardinality(ids) and count(distinct b.fund_id) = 1;
  perform evergreen.refuse_unless(of_fund is not null, 'EG404', 'An id names no account, or they are of several funds.');
  perform 1 from public.funds f where f.fund_id = of_fund for no key update;
  perform 1 from public.bank_accounts b where b.account_id = any (ids) order by b.account_id for no key update;
  perform evergreen.refuse_unless(not exists (select from public.bank_accounts b where b.account_id = any (ids) and b.status <> case decision when 'ended' then 'active' else 'proposed' end),
    'EG428', 'An account is not ' || case decision when 'ended' then 'in force.' else 'proposed any more.' end);
  -- whoever can write an account and approve it could pay himself
  perform evergreen.refuse_unless(decision <> 'approved' or not exists (select from public.bank_accounts b where b.account_id = any (ids) and b.proposed_by = evergreen.actor()),
    'EG420', 'Who proposed an account cannot approve it.');
  perform evergreen.refuse_unless(decision <> 'approved' or not exists (select from public.bank_accounts b where b.account_id = any (ids) group by b.investor_id, b.currency having count(*) > 1),
    'EG428', 'Two of the accounts are of one owner and currency; approve one.');
  if decision = 'approved' then
    update public.bank_accounts o set status = 'ended' from public.bank_accounts b where b.account_id = any (ids) and o.fund_id = b.fund_id
      and o.investor_id is not distinct from b.investor_id and o.currency = b.currency and o.status = 'active';
  end if;
  update public.bank_accounts b set status = case decision when 'approved' then 'active' else decision end,
         decided_by = case decision when 'ended' then b.decided_by else evergreen.actor() end, decided_at = now() where b.account_id = any (ids);
  get diagnostics n = row_count;
  perform evergreen.emit('BANK_ACCOUNTS_DECIDED', of_fund, jsonb_build_object('accounts', n, 'decision', decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'bank_accounts', of_fund::text, n || ' bank accounts ' || decision, request_id);
  answer := jsonb_build_object('accounts', n, 'decision', decision);
  perform evergreen.keep_answer('fn_decide_bank_accounts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_bank_accounts(jsonb, text, text) is
  'Approves, rejects or ends accounts of one fund; who proposed cannot approve, and what was in force for the same owner and currency ends. EG400, EG404, EG413, EG420, EG428.';

create or replace function evergreen.payments_answer(of_file uuid, repeated boolean, missing jsonb) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('payment_file_id', p.payment_file_id, 'message_id', p.message_id, 'created_at', to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'execution_date', p.execution_date, 'currency', p.currency, 'places', (select c.exponent from public.currencies c where c.code = p.currency), 'repeated', repeated, 'missing', missing,
    'transactions', p.transactions, 'control_sum', p.control_sum::text, 'debtor', evergreen.account_words(d),
    'transfers', (select jsonb_agg(jsonb_build_object('flow_id', l.flow_id, 'end_to_end', l.end_to_end, 'amount', trim_scale(l.amount)::text, 'payee', evergreen.account_words(a), 'remittance', case l.purpose when 'compensation' then 'Compensation ' else 'Redemption ' end || p.dealing_date || ' ' || coalesce(f.code, '')) order by l.flow_id)
      from public.payment_lines l join public.bank_accounts a on a.account_id = l.account_id join public.funds f on f.fund_id = p.fund_id where l.payment_file_id = p.payment_file_id))
    from public.payment_files p join public.bank_accounts d on d.account_id = p.account_id where p.payment_file_id = of_file
$$;
comment on function evergreen.payments_answer(uuid, boolean, jsonb) is 'Everything a payment file says, from rows that do not change.';

do $$
begin
  if to_regtype('evergreen.payment') is null then
    create type evergreen.payment as (flow_id uuid, investor text, amount numeric, account_id uuid);
  end if;
end $$;

create or replace function evergreen.settlement_day(of_fund uuid, dealt date) returns date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  days int;
  market text;
  today date;
  day date := dealt;
begin
  select coalesce(max((p.body ->> 'settlementDays')::int), 0), min(p.body ->> 'calendar') into days, market
    from public.dealing_days d join public.dealing_policies p on p.policy_id = d.policy_id where d.fund_id = of_fund and d.dealing_date = dealt;
  select coalesce(market, f.calendar), (now() at time zone f.time_zone)::date into market, today from public.funds f where f.fund_id = of_fund;
  if days > 0 then
    select g::date into day from generate_series(dealt + 1, dealt + 3 * days + 30, interval '1 day') g where evergreen.is_business_day(market, g::date) order by g offset days - 1 limit 1;
  end if;
  return (select g::date from generate_series(greatest(day, today), greatest(day, today) + 60, interval '1 day') g where evergreen.is_business_day(market, g::date) order by g limit 1);
end $$;
comment on function evergreen.settlement_day(uuid, date) is 'When redemptions of a dealing date are paid: so many business days after it as the policy says, and never before today.';

create or replace function public.fn_export_payments(fund text, dealing_date date, execution_date date default null, request_id text default null, purpose text default 'redemption') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  debtor public.bank_accounts;
  id uuid := gen_random_uuid();
  earlier uuid;
  missing jsonb;
  pays evergreen.payment[];
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'dealing_date', dealing_date, 'execution_date', execution_date, 'purpose', purpose);
  answer := evergreen.earlier_answer('fn_export_payments', request_id, input);
  if answer is not null then
    perform evergreen.note_account_reads(array(select l.account_id from public.payment_lines l where l.payment_file_id = (answer ->> 'payment_file_id')::uuid), 'payment');
    return evergreen.payments_answer((answer ->> 'payment_file_id')::uuid, false, answer -> 'missing');
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(purpose in ('redemption', 'compensation'), 'EG400', 'purpose is redemption or compensation.');
  perform evergreen.refuse_unless(isfinite(dealing_date) and (execution_date is null or isfinite(execution_date)), 'EG400', 'dealing_date and execution_date are dates.');
  perform evergreen.refuse_unless(execution_date is null or execution_date >= (now() at time zone of_fund.time_zone)::date, 'EG400', 'execution_date has passed.');
  select * into debtor from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is null and b.currency = of_fund.base_currency and b.status = 'active';
  perform evergreen.refuse_unless(found, 'EG428', 'The fund has no approved account of its own in its currency.');
  -- what is due and in no payment file yet; in one order, as everyone locks orders
  select array_agg(row(f.flow_id, i.code, case purpose when 'compensation' then evergreen.compensation_due(f.flow_id) else f.net_amount end, a.account_id)::evergreen.payment order by f.flow_id) into pays
    from (select x.* from public.fund_flows x join public.dealing_days d on d.dealing_day_id = x.dealing_day_id
           where x.fund_id = of_fund.fund_id and d.dealing_date = fn_export_payments.dealing_date
             and case purpose when 'compensation' then evergreen.compensation_due(x.flow_id) > 0
               else x.direction = 'redemption' and x.order_kind = 'plain' and x.status = 'claimable' and x.cleared_at is null and x.net_amount > 0 end
           order by x.flow_id for no key update of x) f
    join public.investors i on i.investor_id = f.investor_id
    left join public.bank_accounts a on a.fund_id = of_fund.fund_id and a.investor_id = f.investor_id and a.currency = f.currency and a.status = 'active'
   where not exists (select from public.payment_lines l where l.flow_id = f.flow_id and l.purpose = fn_export_payments.purpose and l.live)
     -- who is frozen, or may be on a list, is not paid; the claim stands
     and not evergreen.party_stopped(i.party_id);
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', p.flow_id, 'investor', p.investor) order by p.flow_id), '[]') into missing from unnest(pays) p where p.account_id is null;
  pays := array(select p from unnest(pays) p where p.account_id is not null);
  if cardinality(pays) = 0 then
    -- nothing new: the file that was made is made again, byte for byte
    select p.payment_file_id into earlier from public.payment_files p where p.fund_id = of_fund.fund_id and p.dealing_date = fn_export_payments.dealing_date and p.status = 'exported'
       and exists (select from public.payment_lines l where l.payment_file_id = p.payment_file_id and l.purpose = fn_export_payments.purpose)
     order by p.created_at desc limit 1;
    perform evergreen.refuse_unless(earlier is not null, 'EG428', case when missing = '[]' then 'No ' || purpose || ' of that dealing date is due.'
      else 'No investor of a ' || purpose || ' that is due has an approved account.' end);
    perform evergreen.note_account_reads(array(select l.account_id from public.payment_lines l where l.payment_file_id = earlier), 'payment');
    return evergreen.payments_answer(earlier, true, missing);
  end if;
  perform evergreen.refuse_unless(cardinality(pays) <= 50000, 'EG413', 'A payment file has at most 50,000 payments.');
  insert into public.payment_files (payment_file_id, fund_id, dealing_date, execution_date, account_id, currency, message_id, transactions, control_sum, exported_by)
  select id, of_fund.fund_id, fn_export_payments.dealing_date, coalesce(fn_export_payments.execution_date, evergreen.settlement_day(of_fund.fund_id, fn_export_payments.dealing_date)),
    debtor.account_id, of_fund.base_currency, 'EVG' || replace(id::text, '-', ''), count(*), sum(p.amount), evergreen.actor() from unnest(pays) p;
  -- the identifier comes back on the statement, and matches the debit to its order
  insert into public.payment_lines (payment_file_id, flow_id, account_id, end_to_end, amount, purpose)
  select id, p.flow_id, p.account_id, case purpose when 'compensation' then 'CMP' else '' end || replace(p.flow_id::text, '-', ''), p.amount, fn_export_payments.purpose from unnest(pays) p;
  perform evergreen.emit('PAYMENTS_EXPORTED', of_fund.fund_id, jsonb_build_object('payment_file_id', id, 'payments', cardinality(pays)), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'payment_files', id::text, 'payment file with ' || cardinality(pays) || ' payments', request_id);
  perform evergreen.note_account_reads(array(select p.account_id from unnest(pays) p), 'payment');
  answer := evergreen.payments_answer(id, false, missing);
  -- kept without the payments: names and accounts stay in their table
  perform evergreen.keep_answer('fn_export_payments', request_id, input, jsonb_build_object('payment_file_id', id, 'missing', missing));
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_payments(text, date, date, text, text) is
  'Puts the redemptions of a dealing date that are due, or (purpose compensation) what a restatement owes its investors, each once, into a payment file; with nothing new it answers the last one again. Amounts in fund currency. Returns the whole file; missing = who has no approved account. EG400, EG404, EG413, EG428.';

create or replace function public.fn_withdraw_payments(payment_file_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.payment_files;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('payment_file_id', payment_file_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_withdraw_payments', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.payment_files x where x.payment_file_id = fn_withdraw_payments.payment_file_id) for no key update;
  select * into p from public.payment_files x where x.payment_file_id = fn_withdraw_payments.payment_file_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No payment file with that id.');
  perform evergreen.refuse_unless(p.status = 'exported', 'EG428', 'The payment file was withdrawn already.');
  perform evergreen.refuse_unless(not exists (select from public.payment_lines l join public.fund_flows f on f.flow_id = l.flow_id where l.payment_file_id = p.payment_file_id
    and case l.purpose when 'compensation' then not l.live else f.status = 'settled' end), 'EG428', 'Payments of the file have been made.');
  update public.payment_lines l set live = false where l.payment_file_id = p.payment_file_id;
  update public.payment_files x set status = 'withdrawn', withdrawn_at = now(), withdrawn_by = evergreen.actor(), reason = fn_withdraw_payments.reason where x.payment_file_id = p.payment_file_id;
  perform evergreen.emit('PAYMENTS_WITHDRAWN', p.fund_id, jsonb_build_object('payment_file_id', p.payment_file_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(p.fund_id, 'payment_files', p.payment_file_id::text, 'payment file withdrawn', request_id);
  perform evergreen.keep_answer('fn_withdraw_payments', request_id, input, '{"status": "withdrawn"}');
  return 'withdrawn';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_withdraw_payments(uuid, text, text) is 'Takes a payment file back that was not sent, so that its redemptions can be exported again. EG400, EG404, EG428.';

-- from sql/6k-fn-dealing-reads.sql
-- What the rooms read to strike a NAV and to deal: one answer, one snapshot, as one JSON value, since a book may have 50,000 orders.

create or replace function public.fn_read_nav_facts(dealing_day_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  f public.funds;
begin
  perform evergreen.require_role('agent_commander');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_nav_facts.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  select * into f from public.funds x where x.fund_id = d.fund_id;
  return jsonb_build_object('fund', f.code, 'currency', f.base_currency, 'nav_date', d.dealing_date,
    'assets', evergreen.marks_of(f.fund_id, d.dealing_date), 'ledger', evergreen.ledger_figures(f.fund_id), 'classes', evergreen.class_figures(f.fund_id, d.dealing_date),
    'certain_inflows', evergreen.certain_inflows_of(f.fund_id, d.dealing_date)::text,
    'reconciliation_breaks', (select count(*) from evergreen.broken_books(f.fund_id)));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_nav_facts(uuid) is
  'What the NAV of a dealing day is made of: marks with their age limits and anchors, balances of the ledger, classes since their last strike, what is broken in the books. Fund currency. EG404.';

create or replace function evergreen.marks_of(of_fund uuid, on_day date) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with ages as (select p.value from public.platform_settings p where p.key = 'nav_max_age_days'),
  moves as (select p.value from public.platform_settings p where p.key = 'data_drift_threshold_bps')
  select coalesce(jsonb_agg(jsonb_build_object('asset_id', a.id, 'label', a.external_key, 'type', a.type, 'liquid', a.liquid_flag,
      -- what was bought or sold since the mark is worth what the allocation says; its price is still of the mark's day
      'value', trim_scale(coalesce(t.market_value, m.nav))::text, 'as_of', m.as_of,
      'source', left(case when t.market_value is not null then 'allocation ' || t.version || ', mark of ' || m.source else m.source end, 200),
      'confirmed', m.method = 'confirmed' or t.market_value is not null,
      'max_age_days', coalesce((ages.value ->> a.type)::int, (ages.value ->> 'default')::int, 120),
      'max_move_bps', coalesce((moves.value ->> a.type)::int, (moves.value ->> 'default')::int, 500),
      'anchor', trim_scale(evergreen.anchor_of(a.id, of_fund, on_day, m.as_of))::text,
      -- a holding that was traded since has its value from the trade
      'roll', case when t.market_value is null then evergreen.roll_forward_of(a.id, m.as_of, on_day) end) order by a.external_key), '[]')
    from public.assets a left join ages on true left join moves on true
    left join lateral (select s.nav, s.as_of, s.source, s.method, s.recorded_at from public.asset_snapshots s
      where s.asset_id = a.id and s.scenario_id = '' and s.as_of <= on_day order by s.as_of desc, s.recorded_at desc, s.created_at desc limit 1) m on true
    left join lateral (select p.market_value, p.version from public.portfolio_allocations p
      where p.asset_id = a.id and p.superseded_at is null and p.proposal_id is not null and p.recorded_at > m.recorded_at and p.recorded_at::date <= on_day limit 1) t on true
   where a.fund_id = of_fund and a.status = 'active'
$$;
comment on function evergreen.marks_of(uuid, date) is 'Every active asset of a fund at its latest mark up to a day, with its limits of age and movement and its value in the strike before.';

create or replace function evergreen.ledger_figures(of_fund uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'bank', coalesce(sum(b.amount) filter (where b.account = 'bank'), 0)::text,
    -- per investor: money that came before its dealing is owed to them, units that were dealt before their money are owed by them
    'prepaid', coalesce(-sum(b.amount) filter (where b.account = 'subscriptions_received' and b.amount < 0), 0)::text,
    'receivable', coalesce(sum(b.amount) filter (where b.account = 'subscriptions_received' and b.amount > 0), 0)::text,
    -- distributions that are not paid yet leave the fund at their ex-date as redemptions do at their dealing date
    'redemptions_payable', coalesce(-sum(b.amount) filter (where b.account in ('redemptions_payable', 'distributions_payable', 'refunds_payable')), 0)::text,
    'fee_payable', coalesce(-sum(b.amount) filter (where b.account = 'fee_payable'), 0)::text,
    'in_transit', coalesce(sum(b.amount) filter (where b.account = 'in_transit'), 0)::text,
    -- for a NAV that was wrong: owed to investors, and owed by who was responsible
    'compensation_payable', coalesce(-sum(b.amount) filter (where b.account = 'compensation_payable'), 0)::text,
    'compensation_receivable', coalesce(sum(b.amount) filter (where b.account = 'compensation_receivable'), 0)::text,
    -- strikes accrue the management fee from the beginning; what was paid of it is no liability any more
    'management_paid', coalesce(sum(b.amount) filter (where b.account = 'management_fee'), 0)::text)
    from public.cash_balances b where b.fund_id = of_fund
$$;
comment on function evergreen.ledger_figures(uuid) is 'What the dealing account holds and what is owed on it, fund currency; capital, income and what was invested are not counted: assets are counted by their marks.';

create or replace function evergreen.first_version(of_strike uuid) returns uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive chain as (
    select s.strike_id, s.supersedes from public.nav_strikes s where s.strike_id = of_strike
    union all select s.strike_id, s.supersedes from chain c join public.nav_strikes s on s.strike_id = c.supersedes
  ) select c.strike_id from chain c where c.supersedes is null
$$;
comment on function evergreen.first_version(uuid) is 'The strike that orders were dealt at, whatever restated it since.';

create or replace function evergreen.inputs_known(of_strike uuid) returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select s.recorded_at from public.nav_strikes s where s.strike_id = evergreen.first_version(of_strike)), 'infinity')
$$;
comment on function evergreen.inputs_known(uuid) is 'Up to when the inputs of a strike know what was posted: a restated one has those of its first version; of no strike, all there is.';

create or replace function evergreen.compensated(of_class uuid, after_strike uuid, until_strike uuid) returns table (pays numeric, receives numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- as far as the frozen inputs of the one strike do not know of it and those of the other do; a restated strike has the inputs of its first version
  with moved as (
    select t.ledger_tx_id, coalesce(o.kind, t.kind) as kind, m.account, m.amount, f.share_class_id as dealt_in
      from public.nav_strikes a join public.ledger_transactions t on t.fund_id = a.fund_id and t.posted_at > a.recorded_at and t.posted_at <= evergreen.inputs_known(until_strike)
      left join public.ledger_transactions o on o.ledger_tx_id = t.reverses join public.cash_movements m on m.ledger_tx_id = t.ledger_tx_id left join public.fund_flows f on f.flow_id = m.flow_id
     where a.strike_id = evergreen.first_version(after_strike) and coalesce(o.kind, t.kind) in ('compensation', 'crystallisation')
       and m.account in ('compensation_payable', 'compensation_receivable', 'fee_payable')
  ), again as (
    -- a fee taken again on an earlier strike than the one before: what came back of it, or what more was taken; on that strike itself it stands among what was taken there
    select x.ledger_tx_id, n.as_of < a.nav_date as is_earlier from public.nav_strikes a join public.class_marks n on n.share_class_id = of_class and n.replaces is not null and n.as_of <= a.nav_date
      join public.class_marks w on w.mark_id = n.replaces
      cross join lateral (select n.ledger_tx_id union all select r.ledger_tx_id from public.ledger_transactions r where r.reverses = w.ledger_tx_id) x where a.strike_id = after_strike
  )
  select coalesce(-sum(m.amount) filter (where m.account = 'compensation_payable'), 0), coalesce(sum(m.amount) filter (where m.account <> 'compensation_payable'), 0)
    from moved m left join again g using (ledger_tx_id) where m.kind = 'compensation' and m.dealt_in = of_class
      or m.kind = 'crystallisation' and (g.is_earlier or g.ledger_tx_id is not null and m.account <> 'fee_payable')
$$;
comment on function evergreen.compensated(uuid, uuid, uuid) is 'What a NAV error came to for a class between two strikes (null: up to now): owed to investors; owed by the responsible party, with the performance fee that came back (below zero: that was taken since).';

create or replace function evergreen.pocket_figures(of_class uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('assets', m.body -> 'assets', 'fair_value', m.body ->> 'fair_value', 'holdback', m.body ->> 'holdback', 'liabilities', m.body ->> 'liabilities',
      'value', m.body ->> 'value', 'mark', trim_scale(evergreen.class_mark(of_class))::text)
    from public.class_marks m where m.share_class_id = of_class and m.cause = 'side_pocket' order by m.as_of, m.created_at limit 1);
end $$;
comment on function evergreen.pocket_figures(uuid) is
  'What a side pocket took when it was opened (R13): the assets, their value, the cash and the debts with them, all of the fund; value is the part of this pocket. Fund currency; the mark is per unit.';

create or replace function evergreen.series_assets(of_class uuid, of_strike uuid, until_day date, known_until timestamptz)
returns table (series text, assets numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with struck as materialized (
    select n.*, s.nav_date, s.fund_id, u.exponent, (select x.recorded_at from public.nav_strikes x where x.strike_id = evergreen.first_version(s.strike_id)) as known_at
      from public.series_navs n join public.nav_strikes s using (strike_id) join public.share_classes c using (share_class_id) join public.currencies u on u.code = c.currency
     where n.strike_id = of_strike and n.share_class_id = of_class
  ), one as (select distinct k.fund_id, k.nav_date, k.exponent, k.known_at from struck k),
  taken as (
    -- what was crystallised on that strike, and what was rolled into the lead with it
    select r.*, k.nav + k.performance_accrued - r.fee as left_over from one cross join evergreen.marks_known(of_class, 'infinity') m
      cross join lateral jsonb_to_recordset(m.body -> 'series') r (series text, fee numeric, rolled_into text, cash numeric) join struck k on k.series = r.series
     where m.cause = 'crystallisation' and m.as_of = one.nav_date
  ), put_right as (
    -- what an order dealt too much or too little at a NAV that was restated since is that of its own series
    select p.series, m.amount, p.units * abs(p.published - p.correct) as weight, sum(p.units * abs(p.published - p.correct)) over (partition by m.entry_id) as weights, one.exponent
      from one join public.ledger_transactions t on t.fund_id = one.fund_id and t.posted_at > one.known_at and t.posted_at < known_until left join public.ledger_transactions o on o.ledger_tx_id = t.reverses
      join public.fund_events e on e.event_id = coalesce(o.event_id, t.event_id) join public.restatements r on r.strike_id::text = e.payload ->> 'strike_id' and r.share_class_id = of_class
      join public.compensations c using (restatement_id) join public.cash_movements m on m.ledger_tx_id = t.ledger_tx_id and m.flow_id = c.flow_id
      cross join lateral jsonb_to_recordset(c.due -> 'series') p (series text, units numeric, published numeric, correct numeric)
     where coalesce(o.kind, t.kind) = 'compensation' and m.account in ('compensation_payable', 'compensation_receivable', 'fee_payable')
  ), dealt as (
    select a.*, f.direction, f.order_kind, one.exponent from one join public.dealing_days d on d.dealing_date >= one.nav_date and d.dealing_date < until_day and d.status in ('posted', 'claimable', 'settled', 'closed')
      join public.allocations a on a.dealing_day_id = d.dealing_day_id and a.share_class_id = of_class join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer'
  ), moves (series, amount) as (
    select k.series, k.nav + k.performance_accrued from struck k
    union all select t.series, -t.fee from taken t
    union all select e.series, e.amount from taken t cross join lateral (values (t.series, -t.left_over), (t.rolled_into, t.left_over - t.cash)) e (series, amount) where t.rolled_into is not null
    -- what swing or spread made dearer is everybody's
    union all select a.series, case when a.price = a.high_water then a.net_amount else trunc(round(a.net_amount * a.high_water, 30) / a.price, a.exponent) end from dealt a where a.direction = 'subscription' and a.series <> ''
    union all select p.series, -(p.worth + p.performance_fee) from dealt a cross join lateral jsonb_to_recordset(a.pieces) p (series text, worth numeric, performance_fee numeric) where a.direction = 'redemption'
    union all select r.series, -r.amount from one cross join public.class_marks m cross join lateral jsonb_to_recordset(m.body -> 'series') r (series text, amount numeric)
     where m.share_class_id = of_class and m.cause = 'distribution' and m.recorded_at > one.known_at and m.recorded_at < known_until
    union all select r.series, round(round(r.amount * r.weight, 30) / r.weights, r.exponent) from put_right r where r.weights > 0
  )
  select m.series, sum(m.amount) from moves m group by m.series having sum(m.amount) > 0
$$;
comment on function evergreen.series_assets(uuid, uuid, date, timestamptz) is
  'What each series of a class stands at before fee and before the result since a strike (fund currency): as struck, with what was subscribed and what a restatement put right, without what was redeemed, crystallised, rolled or distributed.';

create or replace function evergreen.series_figures(c public.share_classes, before_strike uuid, on_day date, of_strike uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('series', x.series, 'assets', x.assets::text, 'price', trim_scale(b.nav_per_unit)::text) order by x.series), '[]') from (
    select a.series, a.assets from evergreen.series_assets(c.share_class_id, before_strike, on_day,
      coalesce((select s.recorded_at from public.nav_strikes s where s.strike_id = evergreen.first_version(of_strike)), 'infinity')) a
    union all
    -- a side pocket begins with what its class had, series by series
    select n.series, round(round(n.nav, 30) * (m.body ->> 'value')::numeric / k.nav, u.exponent) from public.class_marks m join public.class_navs k on k.strike_id = m.strike_id and k.share_class_id = c.pocket_of
      join public.series_navs n on n.strike_id = k.strike_id and n.share_class_id = k.share_class_id join public.currencies u on u.code = c.currency
     where m.share_class_id = c.share_class_id and m.cause = 'side_pocket' and not exists (select from public.series_navs b where b.strike_id = before_strike and b.share_class_id = c.share_class_id)) x
    left join public.series_navs b on b.strike_id = before_strike and b.share_class_id = c.share_class_id and b.series = x.series
$$;
comment on function evergreen.series_figures(public.share_classes, uuid, date, uuid) is
  'What each series of a class stands at before the result since a strike, fund currency; of a side pocket at first its part of the series of its class. No row before the first strike by series.';

create or replace function evergreen.class_figures(of_fund uuid, on_day date, of_strike uuid default null) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with before as (select s.* from public.nav_strikes s where s.fund_id = of_fund and s.state = 'final' and s.nav_date < on_day order by s.nav_date desc limit 1),
  dealt as (
    select a.share_class_id, sum(a.net_amount) filter (where f.direction = 'subscription') as bought, sum(a.gross_amount) filter (where f.direction = 'redemption') as sold,
           sum(a.performance_fee + a.credit) as taken
      from before b join public.dealing_days d on d.fund_id = b.fund_id and d.dealing_date >= b.nav_date and d.dealing_date < on_day
        and d.status in ('posted', 'claimable', 'settled', 'closed')
      join public.allocations a on a.dealing_day_id = d.dealing_day_id join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer' group by 1
  ), moved as (
    -- side pockets were opened on the last strike, after whose date they are no part of its classes
    select k.pocket_of as share_class_id, sum((m.body ->> 'value')::numeric) as worth
      from before b join public.class_marks m on m.cause = 'side_pocket' and m.as_of = b.nav_date join public.share_classes k on k.share_class_id = m.share_class_id
     where k.fund_id = of_fund and k.pocket_of is not null group by 1
  )
  select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code,
      -- of the register as it stands, or for a strike of the past of the register it was over
      'units', trim_scale(case when of_strike is null then c.units_outstanding else coalesce(o.units, 0) end)::text, 'units_dp', c.units_dp, 'price_dp', c.price_dp,
      'price', trim_scale(coalesce(c.nav_per_unit, c.issue_price))::text, 'issue_price', trim_scale(c.issue_price)::text,
      'last', (select jsonb_build_object('nav_date', b.nav_date, 'nav', n.nav::text, 'units', trim_scale(n.units)::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text,
          'fees', (select x from jsonb_array_elements(coalesce(b.body -> 'fees', '[]')) x where x ->> 'share_class_id' = c.share_class_id::text))
         from before b join public.class_navs n on n.strike_id = b.strike_id and n.share_class_id = c.share_class_id),
      -- the class that dealt at a wrong price bears what is paid for it
      'subscribed', (coalesce(dealt.bought, 0) + coalesce(comp.receives, 0))::text, 'redeemed', (coalesce(dealt.sold, 0) + coalesce(comp.pays, 0)
        -- by series: what a roll-up paid for units that it rounded down
        + coalesce((select sum((r ->> 'cash')::numeric) from before b cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m
            cross join lateral jsonb_array_elements(m.body -> 'series') r where m.cause = 'crystallisation' and m.as_of = b.nav_date), 0))::text,
      'mark', trim_scale(evergreen.mark_on(c.share_class_id, on_day, false))::text,
      -- of the fee accrued at that strike: what was crystallised on it, and what redemptions took along
      'performance_taken', (coalesce(dealt.taken, 0) + coalesce((select sum((m.body ->> 'fee')::numeric) from before b
         cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m where m.cause = 'crystallisation' and m.as_of = b.nav_date), 0))::text,
      'moved', coalesce(moved.worth, 0)::text,
      -- what a class paid to its holders is its own: the others had nothing of it
      'distributed', coalesce((select sum((m.body ->> 'amount')::numeric) from before b cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m
         where m.cause = 'distribution' and m.recorded_at > evergreen.inputs_known(b.strike_id) and not exists (select from public.ledger_transactions r where r.reverses = m.ledger_tx_id)), 0)::text, 'pocket', case when c.pocket_of is not null then evergreen.pocket_figures(c.share_class_id) end,
      'policy', p.body, 'deals', exists (select from public.dealing_days d where d.share_class_id = c.share_class_id and d.dealing_date = on_day and d.status not in ('suspended', 'discarded')),
      'lots', case when coalesce(p.body #>> '{fees,performance,method}', 'none') = 'none' then '[]'::jsonb else (
        select coalesce(jsonb_agg(jsonb_build_object('id', l.lot_id, 'series', evergreen.series_of(l), 'units', trim_scale(h.units)::text, 'opened_on', l.opened_on,
          'mark', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', l.equalisation_credit::text, 'hurdle_from', l.hurdle_from) order by l.lot_id), '[]')
          from (select u.lot_id, sum(u.units) as units from public.unit_ledger u join public.ledger_transactions t using (ledger_tx_id) left join public.dealing_days x on x.dealing_day_id = t.dealing_day_id
                 where u.share_class_id = c.share_class_id and u.account = 'holder' and (of_strike is null or t.kind = 'opening' or coalesce(x.dealing_date, t.effective_at::date) < on_day)
                 group by u.lot_id having sum(u.units) > 0) h join public.lots l using (lot_id)) end)
      -- by series: what each stands at; of a strike of the past its own series, since lots may have been rolled into others
      || case when evergreen.by_series(c.share_class_id, on_day) then jsonb_build_object('series', evergreen.series_figures(c, (select b.strike_id from before b), on_day, of_strike)) else '{}'::jsonb end
      || coalesce((select jsonb_build_object('lots', jsonb_agg(jsonb_build_object('id', n.series, 'series', n.series, 'units', trim_scale(n.units)::text, 'opened_on', n.since,
          'mark', trim_scale(n.high_water)::text, 'credit', '0') order by n.series)) from public.series_navs n where n.strike_id = of_strike and n.share_class_id = c.share_class_id having count(*) > 0), '{}')
      order by c.code), '[]')
    from public.share_classes c left join public.class_navs o on o.strike_id = of_strike and o.share_class_id = c.share_class_id left join dealt on dealt.share_class_id = c.share_class_id
      left join moved on moved.share_class_id = c.share_class_id left join before b on true left join lateral evergreen.compensated(c.share_class_id, b.strike_id, of_strike) comp on true
      -- a side pocket is under the fee terms of the class it came from
      left join lateral evergreen.dealing_policy(coalesce(c.pocket_of, c.share_class_id), on_day) p on true
   where c.fund_id = of_fund and case when of_strike is null then c.units_outstanding > 0 or (p.policy_id is not null and c.pocket_of is null) else o.strike_id is not null end
$$;
comment on function evergreen.class_figures(uuid, date, uuid) is
  'Each class with its last final strike, what was dealt since, its terms in force, and its lots where there is a performance fee; for a strike of the past its classes over its units.';

create or replace function evergreen.pockets_worth(of_strike uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(n.nav), 0) from public.class_navs n join public.share_classes c using (share_class_id) where n.strike_id = of_strike and c.pocket_of is not null
$$;
comment on function evergreen.pockets_worth(uuid) is 'What the side pockets of a strike are worth, fund currency: closed, they are no part of the NAV that a gate or a swing is measured against.';

create or replace function evergreen.book_of(d public.dealing_days, s public.nav_strikes, days uuid[], more uuid[] default '{}') returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('fund', f.code, 'currency', f.base_currency, 'dealing_date', d.dealing_date, 'strike_state', s.state,
    'nav', coalesce((s.nav - evergreen.pockets_worth(s.strike_id))::text, ((s.body #>> '{draft,nav}')::numeric - (select coalesce(sum((e ->> 'nav')::numeric), 0)
       from jsonb_array_elements(coalesce(s.body #> '{draft,classes}', '[]')) e join public.share_classes k on k.share_class_id::text = e ->> 'share_class_id' and k.pocket_of is not null))::text),
    'liquid_assets', coalesce(s.body ->> 'liquid_assets', s.body #>> '{draft,liquid_assets}'),
    'certain_inflows', coalesce(s.body ->> 'certain_inflows', s.body #>> '{draft,certain_inflows}'),
    'offer_share', (select trim_scale(o.share)::text from public.repurchase_offers o where o.fund_id = f.fund_id and o.pricing_date = d.dealing_date),
    'lmt', tools.body, 'active', (select coalesce(jsonb_agg(distinct a.tool), '[]') from public.lmt_activations a join public.proposals q using (proposal_id) where a.fund_id = f.fund_id and a.status = 'active' and q.kind = 'lmt'),
    'quarter_base', (select (q.nav - evergreen.pockets_worth(q.strike_id))::text from public.nav_strikes q where q.fund_id = f.fund_id and q.state = 'final' and q.nav_date < d.dealing_date
       order by q.nav_date >= date_trunc('quarter', d.dealing_date)::date, case when q.nav_date < date_trunc('quarter', d.dealing_date)::date then q.nav_date end desc, q.nav_date limit 1),
    'redeemed_in_quarter', evergreen.redeemed_since(f.fund_id, date_trunc('quarter', d.dealing_date)::date, d.dealing_date)::text,
    'redeemed_in_month', evergreen.redeemed_since(f.fund_id, date_trunc('month', d.dealing_date)::date, d.dealing_date)::text,
    'classes', (select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code, 'units_dp', c.units_dp, 'policy', p.body,
        'nav_per_unit', coalesce(trim_scale(n.nav_per_unit)::text, x.draft ->> 'nav_per_unit'),
        -- before a strike nothing of it can have been crystallised
        'before_fee', case when p.body #>> '{fees,performance,method}' = 'equalisation' and coalesce(n.units, c.units_outstanding) > 0 and coalesce(t.open, true) then
          jsonb_build_object('value', coalesce(n.nav + n.performance_accrued, (x.draft ->> 'nav')::numeric + (x.draft ->> 'performance_accrued')::numeric)::text,
            'units', trim_scale(coalesce(n.units, c.units_outstanding))::text, 'mark', trim_scale(evergreen.mark_on(c.share_class_id, d.dealing_date, true))::text) end,
        'by_series', case when p.body #>> '{fees,performance,method}' = 'series' and (t.method is not null or x.draft ? 'series') then jsonb_build_object('issue_price', trim_scale(coalesce(c.issue_price, n.nav_per_unit, c.nav_per_unit))::text,
          'series', case when n.strike_id is not null
            then (select coalesce(jsonb_agg(jsonb_build_object('series', o.series, 'units', trim_scale(o.units)::text, 'nav_per_unit', trim_scale(o.price)::text, 'fee', o.fee::text) order by o.series), '[]') from evergreen.series_open(s.strike_id, c.share_class_id) o)
            else (select coalesce(jsonb_agg(jsonb_build_object('series', e ->> 'series', 'units', e ->> 'units', 'nav_per_unit', e ->> 'nav_per_unit', 'fee', e ->> 'performance_accrued') order by e ->> 'series'), '[]') from jsonb_array_elements(x.draft -> 'series') e) end) end) order by c.code), '[]')
       from public.share_classes c cross join lateral evergreen.dealing_policy(c.share_class_id, d.dealing_date) p
       left join public.class_navs n on n.strike_id = s.strike_id and n.share_class_id = c.share_class_id
       left join lateral (select e as draft from jsonb_array_elements(coalesce(s.body #> '{draft,classes}', '[]')) e where e ->> 'share_class_id' = c.share_class_id::text) x on true
       left join lateral evergreen.fee_terms(s.strike_id, c.share_class_id) t on true
      where c.fund_id = f.fund_id and p.policy_id is not null and coalesce(trim_scale(n.nav_per_unit)::text, x.draft ->> 'nav_per_unit') is not null),
    'days', (select jsonb_agg(jsonb_build_object('dealing_day_id', x.dealing_day_id, 'share_class_id', x.share_class_id, 'status', x.status) order by x.dealing_day_id)
       from public.dealing_days x where x.dealing_day_id = any (days)),
    'orders', evergreen.booked_orders(days, more, d.dealing_day_id), 'lots', evergreen.booked_lots(days, more),
    'cover', (select jsonb_build_object('assets', c.assets::text, 'liabilities', c.liabilities::text) from evergreen.thirty_day_cover(f.fund_id, null) c),
    'holdings', case when tools.body ? 'investorGate' then evergreen.book_holdings(days, d.dealing_date, tools.body #>> '{investorGate,period}') else '[]'::jsonb end)
    from public.funds f left join public.lmt_policies tools on tools.policy_id = d.lmt_policy_id where f.fund_id = d.fund_id);
end $$;
comment on function evergreen.book_of(public.dealing_days, public.nav_strikes, uuid[], uuid[]) is
  'The book of a dealing day over a strike: the orders locked or priced on some days, and more orders by their ids; with prices, terms, lots and the figures the gate is held against.';

create or replace function public.fn_read_book(dealing_day_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  days uuid[];
begin
  perform evergreen.require_role('agent_liquidity_engine');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_book.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  perform evergreen.refuse_unless(d.strike_id is not null, 'EG428', 'The dealing day is ' || d.status || ': it has no NAV yet.');
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  -- the gate is one over all classes that deal at this NAV
  select array_agg(x.dealing_day_id order by x.dealing_day_id) into days from public.dealing_days x
   where x.strike_id = d.strike_id and x.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated');
  return evergreen.book_of(d, s, days);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_book(uuid) is
  'The locked orders of every class that deals at the NAV of a day, with prices, terms, lots of who redeems, the figures the gate is held against, and what the fund can sell and owes under stress within 30 days. EG404, EG428 no NAV yet.';

create or replace function evergreen.redeemed_since(of_fund uuid, since date, before date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(a.gross_amount), 0) from public.dealing_days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
   where d.fund_id = of_fund and d.dealing_date >= since and d.dealing_date < before and d.status in ('posted', 'claimable', 'settled', 'closed')
     and f.direction = 'redemption' and f.order_kind = 'plain'
$$;
comment on function evergreen.redeemed_since(uuid, date, date) is 'What redemptions took out of a fund on dealing days from a date until before another; fund currency. Switches and transfers take nothing out.';

drop function if exists evergreen.book_orders(uuid[]);
create or replace function evergreen.booked_orders(days uuid[], more uuid[], on_day uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive book as materialized (
    select f.* from public.fund_flows f where f.dealing_day_id = any (days) and f.status in ('locked', 'priced')
    union all select f.* from public.fund_flows f where f.flow_id = any (more)
  ), chain as (
    -- how often what is left of an order was dealt before, and how often it got something
    select b.flow_id as root, p.parent_flow_id, 1 as dealings, (coalesce(p.filled_units, 0) > 0)::int as fills from book b join public.fund_flows p on p.flow_id = b.parent_flow_id
    union all
    select c.root, p.parent_flow_id, c.dealings + 1, c.fills + (coalesce(p.filled_units, 0) > 0)::int from chain c join public.fund_flows p on p.flow_id = c.parent_flow_id
  ), past as (select c.root, max(c.dealings) as dealings, max(c.fills) as fills from chain c group by c.root)
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', b.flow_id, 'dealing_day_id', y.dealing_day_id, 'share_class_id', b.share_class_id, 'investor_id', b.investor_id, 'owner_id', evergreen.owner_of(b.investor_id, y.dealing_date),
      'asked', b.dust_asked_at is not null, 'kept', coalesce(b.dust_answer = 'keep', false), 'elected_lots', to_jsonb(b.elected_lots),
      'direction', b.direction, 'kind', b.order_kind, 'units', trim_scale(b.requested_units)::text, 'amount', trim_scale(b.amount)::text, 'vintage', coalesce(b.vintage, y.dealing_date),
      'cleared', b.cleared_at is not null, 'linked_flow_id', b.linked_flow_id, 'dealings', coalesce(p.dealings, 0), 'fills', coalesce(p.fills, 0)) order by b.flow_id), '[]')
    from book b join public.dealing_days y on y.dealing_day_id = coalesce(b.dealing_day_id, on_day) left join past p on p.root = b.flow_id
$$;
comment on function evergreen.booked_orders(uuid[], uuid[], uuid) is 'The orders that are locked or priced on some days, and more by their ids as of a day, in the order of their ids.';

drop function if exists evergreen.book_lots(uuid[]);
create or replace function evergreen.booked_lots(days uuid[], more uuid[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('lot_id', l.lot_id, 'share_class_id', l.share_class_id, 'investor_id', l.investor_id, 'opened_on', l.opened_on,
      'units', trim_scale(l.units_left)::text, 'reference', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', trim_scale(l.equalisation_credit)::text, 'series', evergreen.series_of(l)) order by l.lot_id), '[]')
    from (select distinct f.share_class_id, f.investor_id from public.fund_flows f where f.dealing_day_id = any (days) and f.direction = 'redemption' and f.status in ('locked', 'priced')
            union select f.share_class_id, f.investor_id from public.fund_flows f where f.flow_id = any (more) and f.direction = 'redemption' offset 0) w
    cross join lateral (select x.* from public.lots x where x.share_class_id = w.share_class_id and x.investor_id = w.investor_id and x.units_left > 0) l
$$;
comment on function evergreen.booked_lots(uuid[], uuid[]) is 'What who redeems on some days, or by some more orders, holds, lot by lot.';

create or replace function evergreen.book_holdings(days uuid[], on_day date, period text) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with span as (
    select b.starts, b.long from (values
      ('daily', on_day, interval '1 day'), ('weekly', date_trunc('week', on_day)::date, interval '7 days'), ('biweekly', date_trunc('week', on_day)::date - 7, interval '14 days'),
      ('monthly', date_trunc('month', on_day)::date, interval '1 month'), ('quarterly', date_trunc('quarter', on_day)::date, interval '3 months'),
      ('semiannual', (date_trunc('year', on_day) + case when extract(month from on_day) > 6 then interval '6 months' else interval '0' end)::date, interval '6 months'),
      ('annual', date_trunc('year', on_day)::date, interval '1 year')) b (name, starts, long) where b.name = period
  ), owners as materialized (
    -- accounts of nominees and feeders count with those of who stands behind them (R7)
    select x.share_class_id, x.owner_id, evergreen.accounts_of(x.owner_id, on_day) as accounts from (
      select distinct f.share_class_id, evergreen.owner_of(f.investor_id, on_day) as owner_id from public.fund_flows f
       where f.dealing_day_id = any (days) and f.direction = 'redemption' and f.order_kind = 'plain' and f.status in ('locked', 'priced')) x
  )
  select coalesce(jsonb_agg(jsonb_build_object('owner_id', o.owner_id, 'share_class_id', o.share_class_id, 'units', trim_scale(coalesce(u.units, 0))::text,
      'redeemed', trim_scale(coalesce(r.units, 0))::text, 'step', coalesce(k.step, 0)) order by o.owner_id, o.share_class_id), '[]')
    from owners o cross join span
    -- held when the period began; a register that was taken over counts as it was
    left join lateral (select sum(e.units) as units from public.unit_ledger e join public.ledger_transactions t using (ledger_tx_id) left join public.dealing_days x on x.dealing_day_id = t.dealing_day_id
      where e.share_class_id = o.share_class_id and e.investor_id = any (o.accounts) and e.account = 'holder' and (t.kind = 'opening' or coalesce(x.dealing_date, t.effective_at::date) < span.starts)) u on true
    left join lateral (select sum(a.filled_units) as units from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.dealing_days x on x.dealing_day_id = a.dealing_day_id
      where a.share_class_id = o.share_class_id and a.investor_id = any (o.accounts) and f.direction = 'redemption' and f.order_kind = 'plain' and x.dealing_date >= span.starts and x.dealing_date < on_day) r on true
    -- periods in a row, up to the one before, in which the investor asked
    left join lateral (select count(*) as step from (
        select p.ago, row_number() over (order by p.ago) as place from (
          select distinct ceil(extract(epoch from span.starts - x.dealing_date::timestamp) / extract(epoch from span.long))::int as ago
            from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.dealing_days x on x.dealing_day_id = a.dealing_day_id
           where a.share_class_id = o.share_class_id and a.investor_id = any (o.accounts) and f.direction = 'redemption' and f.order_kind = 'plain' and x.dealing_date < span.starts) p) q
       where q.ago = q.place) k on true
$$;
comment on function evergreen.book_holdings(uuid[], date, text) is 'For the investor gate, per beneficial owner over all accounts: units held when the period began, redeemed since, and how many periods in a row the owner asked before.';

-- from sql/6w-fn-pages-audit.sql
-- The auditor's pages: what happened to one thing, as of a day and as it was known at a moment, and samples that anybody can draw again. No personal data.

create or replace function public.fn_read_timeline(name text, as_of date default null, as_known timestamptz default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with named as (
    -- a code, or an id written as one: nothing else is compared with a uuid
    select trim(fn_read_timeline.name) as word, case when trim(fn_read_timeline.name) ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then trim(fn_read_timeline.name)::uuid end as id
  ), found as (
    select * from (
      select 'fund' as kind, f.fund_id as id, f.fund_id, f.code as label, 1 as place from public.funds f, named n where f.fund_id = n.id or f.code = n.word
      union all select 'investor', i.investor_id, null, i.code, 2 from public.investors i, named n where i.investor_id = n.id or i.code = n.word
      union all select 'order', o.flow_id, o.fund_id, o.direction || ' of ' || coalesce(o.dealing_date::text, 'no date yet'), 3 from public.fund_flows o, named n where o.flow_id = n.id
      union all select 'asset', a.id, a.fund_id, a.external_key, 4 from public.assets a, named n where a.id = n.id or a.external_key = n.word
      union all select 'proposal', p.proposal_id, p.fund_id, p.kind, 5 from public.proposals p, named n where p.proposal_id = n.id) x order by x.place limit 1
  ), entries (effective_at, recorded_at, kind, what, before, after, by, rule, ref) as (
    select t.created_at, t.created_at, 'audit', t.message, null, null, t.created_by, null, 'seq ' || t.seq from public.audit_trail t, found x where t.entity_id = x.id::text
    union all
    select e.effective_at, e.recorded_at, 'event', e.type, null, null, e.created_by, null, e.event_id::text from public.fund_events e, found x where x.kind = 'fund' and e.fund_id = x.id
    union all
    select e.effective_at, e.recorded_at, 'event', e.type, null, null, e.created_by, null, e.event_id::text from public.event_investors v join public.fund_events e using (event_id), found x where x.kind = 'investor' and v.investor_id = x.id
    union all
    -- the orders of an investor and an order itself, with the version of the dealing policy they were dealt under
    select s.created_at, s.created_at, 'order', coalesce(s.reason, 'order ' || s.to_status), s.from_status, s.to_status, s.actor, case when y.version is not null then 'dealing policy ' || y.version end, s.flow_id::text
      from found x join public.fund_flows o on (x.kind = 'order' and o.flow_id = x.id) or (x.kind = 'investor' and o.investor_id = x.id)
      join public.order_transitions s on s.flow_id = o.flow_id left join public.dealing_policies y on y.policy_id = o.policy_id
    union all
    select k.created_at, k.created_at, 'check', k.detail, null, k.result, 'agent:' || replace(k.room, '_', '-'), k.rule, k.check_id::text from public.proposal_checks k, found x where x.kind = 'proposal' and k.proposal_id = x.id
    union all
    select a.decided_at, a.decided_at, 'approval', coalesce(a.reason, 'decided on the hash ' || left(a.proposal_hash, 12)), 'pending', a.decision, 'user:' || a.decided_by, 'hash ' || left(a.proposal_hash, 12), a.approval_id::text
      from public.approvals a, found x where x.kind = 'proposal' and a.proposal_id = x.id
    union all
    -- the value of an asset, version by version
    select v.effective_at, v.recorded_at, 'value', 'allocation ' || v.version, v.before, v.after, coalesce('proposal ' || v.proposal_id, 'import'), null, v.allocation_id::text
      from (select l.*, trim_scale(l.market_value)::text as after, trim_scale(lag(l.market_value) over (order by l.version, l.recorded_at))::text as before
              from public.portfolio_allocations l, found x where x.kind = 'asset' and l.asset_id = x.id) v
    union all
    select s.effective_at, s.recorded_at, 'nav', 'NAV of ' || s.nav_date || ', version ' || s.version || ': ' || s.state, trim_scale(b.nav)::text, trim_scale(s.nav)::text, coalesce('proposal ' || s.proposal_id, 'import'), 'inputs ' || left(s.inputs_hash, 12), s.strike_id::text
      from found x join public.nav_strikes s on x.kind = 'fund' and s.fund_id = x.id left join public.nav_strikes b on b.strike_id = s.supersedes
  ), known as (
    select * from entries e where (fn_read_timeline.as_of is null or e.effective_at < (fn_read_timeline.as_of + 1)::timestamp at time zone 'UTC')
       and (fn_read_timeline.as_known is null or e.recorded_at <= fn_read_timeline.as_known)
  )
  select jsonb_build_object('read_at', now(), 'kind', x.kind, 'id', x.id, 'label', x.label, 'fund', f.code, 'entries_in_all', (select count(*) from known),
    'entries', coalesce((select jsonb_agg(jsonb_build_object('effective_at', k.effective_at, 'recorded_at', k.recorded_at, 'kind', k.kind, 'what', k.what, 'before', k.before, 'after', k.after, 'by', k.by, 'rule', k.rule, 'ref', k.ref)
        order by k.recorded_at desc, k.kind, k.ref) from (select * from known order by recorded_at desc, kind, ref limit 100) k), '[]'::jsonb))
    from found x left join public.funds f on f.fund_id = x.fund_id
$$;
comment on function public.fn_read_timeline(text, date, timestamptz) is
  'What happened to a fund, investor, asset (code or id), order or proposal (id), the newest 100: effective up to a day and known up to a moment; null when there is none. Under the reader''s row-level security.';

create or replace function public.fn_read_sample(kind text, seed text, size int default 25, since date default null, until date default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with population (id, fund_id, at, what) as (
    select f.flow_id::text, f.fund_id, f.recorded_at, f.direction || ', ' || f.status || ', dealing ' || coalesce(f.dealing_date::text, 'not yet') from public.fund_flows f where fn_read_sample.kind = 'order'
    union all select p.proposal_id::text, p.fund_id, p.created_at, p.kind || ', ' || p.status from public.proposals p where fn_read_sample.kind = 'proposal'
    union all select s.strike_id::text, s.fund_id, s.recorded_at, 'NAV of ' || s.nav_date || ', version ' || s.version || ', ' || s.state from public.nav_strikes s where fn_read_sample.kind = 'nav'
    union all select t.ledger_tx_id::text, t.fund_id, t.recorded_at, t.kind from public.ledger_transactions t where fn_read_sample.kind = 'posting'
    union all select c.case_id::text, c.fund_id, c.created_at, c.code || ', ' || c.kind || ', ' || c.status from public.cases c where fn_read_sample.kind = 'case'
    union all select a.audit_id::text, a.fund_id, a.created_at, a.entity_type || ': ' || a.message from public.audit_trail a where fn_read_sample.kind = 'audit'
  ), ranked as (
    -- whoever has the seed draws the same again: the smallest hashes of seed and id
    select p.*, encode(sha256(convert_to(fn_read_sample.seed || '/' || p.id, 'UTF8')), 'hex') as rank from population p
     where (fn_read_sample.since is null or p.at >= fn_read_sample.since::timestamp at time zone 'UTC') and (fn_read_sample.until is null or p.at < (fn_read_sample.until + 1)::timestamp at time zone 'UTC')
  )
  select jsonb_build_object('read_at', now(), 'kind', fn_read_sample.kind, 'seed', fn_read_sample.seed, 'population', (select count(*) from ranked),
    'sample', coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'fund', f.code, 'at', r.at, 'what', r.what, 'rank', r.rank) order by r.rank)
      from (select * from ranked order by rank limit least(greatest(fn_read_sample.size, 1), 500)) r left join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_sample(text, text, int, date, date) is
  'A random sample by a seed, of orders, proposals, navs, postings, cases or audit entries recorded in a span of days: those with the smallest sha256 of "seed/id"; and of how many. Under the reader''s row-level security.';

-- from sql/6w-fn-pages-lp.sql
-- What an investor's own pages need beyond the tables an investor reads: who looked at or changed the own record, and when a redemption could be paid.

create or replace function public.fn_read_record() returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  me text;
  mine uuid[];
  subjects uuid[];
begin
  perform evergreen.require_role('lp_role');
  me := evergreen.actor();
  mine := array(select evergreen.my_investor_ids());
  subjects := array(select distinct i.party_id from public.investors i where i.investor_id = any (mine) and i.party_id is not null);
  return jsonb_build_object(
    'read_at', now(),
    'investors', coalesce((select jsonb_agg(jsonb_build_object('investor_id', i.investor_id, 'investor', i.code, 'party_id', i.party_id,
        'has_personal_data', exists (select from public.subject_keys k where k.subject_id = i.party_id)) order by i.code) from public.investors i where i.investor_id = any (mine)), '[]'::jsonb),
    'looks', coalesce((select jsonb_agg(jsonb_build_object('at', a.accessed_at, 'what', split_part(a.what, ':', 1), 'fields', to_jsonb(a.fields), 'purpose', a.purpose,
        'by', evergreen.kind_of_actor(a.accessed_by, me)) order by a.accessed_at desc, a.access_id)
      from (select * from public.personal_accesses x where x.subject_id = any (subjects) order by x.accessed_at desc limit 200) a), '[]'::jsonb),
    -- a list of what may be told: cases, holds, screenings and freezes must not tip off
    'changes', coalesce((select jsonb_agg(jsonb_build_object('at', t.created_at, 'entity', t.entity_type, 'entity_id', t.entity_id, 'message', t.message,
        'by', evergreen.kind_of_actor(t.created_by, me)) order by t.tx desc, t.seq desc)
      from (select x.* from public.audit_trail x
             where (x.entity_type = 'fund_flows' and x.entity_id = any (array(select f.flow_id::text from public.fund_flows f where f.investor_id = any (mine)))
                 and (x.message ~ '^[a-z_ ]+ submitted$' or x.message in ('order cancelled', 'dust cancelled', 'cash returned') or x.message ~ '^(investor asked whether|answer about the small rest|paid in kind)'))
               or (x.entity_type = 'investors' and x.entity_id = any (array(select unnest(mine)::text)) and x.message ~ '^investor assigned as')
               or (x.entity_type = 'subject_keys' and x.entity_id = any (array(select unnest(subjects)::text)) and x.message ~ '^(subject opened|personal data (recorded|exported)|erasure refused|subject erased)')
             order by x.tx desc, x.seq desc limit 200) t), '[]'::jsonb));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_record() is
  'Who read the personal data of the caller''s own investors (values, documents, exports; the newest 200) and what was done to their orders, investors and data (the newest 200). Says nothing of cases, holds or screening. EG403.';

create or replace function evergreen.kind_of_actor(who text, me text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when who = me then 'you' when who like 'agent:%' then who when who like 'user:%' then 'person' else 'platform' end
$$;
comment on function evergreen.kind_of_actor(text, text) is 'An actor as another person may see it: you, a person, a room, the platform.';

create or replace function public.fn_read_windows(share_class_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  class public.share_classes;
  policy public.dealing_policies;
  tools jsonb;
  place text;
  today date;
  lag int;
begin
  perform evergreen.require_role('lp_role');
  select c.* into class from public.share_classes c where c.share_class_id = fn_read_windows.share_class_id and c.share_class_id in (select evergreen.my_class_ids());
  perform evergreen.refuse_unless(found, 'EG404', 'No class of yours with that id.');
  today := (evergreen.clock() at time zone 'UTC')::date;
  policy := evergreen.dealing_policy(class.share_class_id, today);
  perform evergreen.refuse_unless(policy.policy_id is not null and evergreen.names_dates(policy.body), 'EG428', 'The terms of the class name no dealing dates.');
  select coalesce(policy.body ->> 'calendar', f.calendar) into place from public.funds f where f.fund_id = class.fund_id;
  select l.body into tools from public.lmt_policies l where l.fund_id = class.fund_id and l.effective_from <= today order by l.effective_from desc, l.version desc limit 1;
  lag := coalesce((policy.body ->> 'settlementDays')::int, 0);
  return jsonb_build_object(
    'read_at', now(),
    'class', jsonb_build_object('share_class_id', class.share_class_id, 'code', class.code, 'currency', class.currency, 'units_dp', class.units_dp),
    'carry', coalesce(tools ->> 'carry', 'lapse_resubmit'), 'most_dealings', (tools ->> 'carryMaxDealings')::int, 'gate', tools -> 'gate',
    -- what all holders of the class were told by their letters: the share of what was asked for that was paid
    'history', coalesce((select jsonb_agg(jsonb_build_object('date', h.dealing_date, 'gate', h.gate, 'fraction', h.fraction) order by h.dealing_date desc)
      from (select d.dealing_date, coalesce((d.decision ->> 'gate')::boolean, false) as gate,
                   case when coalesce((d.decision ->> 'gate')::boolean, false) then coalesce(d.decision ->> 'fraction', '1') else '1' end as fraction
              from public.dealing_days d where d.share_class_id = class.share_class_id and d.status in ('posted', 'claimable', 'settled', 'closed') order by d.dealing_date desc limit 36) h), '[]'::jsonb),
    'windows', coalesce((select jsonb_agg(jsonb_build_object('date', w.on_day, 'notice_until', w.until,
        'paid_on', case when lag = 0 then w.on_day else (select g::date from generate_series(w.on_day + 1, w.on_day + 3 * lag + 30, interval '1 day') g
            where evergreen.is_business_day(place, g::date) order by g limit 1 offset lag - 1) end) order by w.on_day)
      from (select d as on_day, evergreen.notice_deadline(class.fund_id, policy.body, 'redemption', d) as until
              from evergreen.dealing_dates(place, policy.body, today, today + case policy.body ->> 'frequency' when 'daily' then 400 when 'weekly' then 400 else 2000 end) d
             where evergreen.notice_deadline(class.fund_id, policy.body, 'redemption', d) > evergreen.clock() order by d limit 12) w), '[]'::jsonb));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_windows(uuid) is
  'The next 12 dealing dates on which a class of the caller can be redeemed, each with the end of its notice and its day of payment, and the shares paid on the last 36. EG403, EG404, EG428 terms without dates.';

-- from sql/6w-fn-pages-ops.sql
-- Pages of operations in one round trip each, with the rights of whoever reads them: cases that people decide. Scores are text, as amounts are.

create or replace function public.fn_read_cases(state text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with me as (select 'user:' || (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') as actor),
  queue as (
    select c.*, n.* from public.cases c cross join lateral (
      select count(*) as candidates, count(*) filter (where k.status not in ('true_match', 'false_match')) as undecided, max(k.score) as top,
             coalesce(bool_or(k.status = 'first'), false) as confirming, coalesce(bool_or(k.status = 'need_more'), false) as asking
        from public.case_candidates k where k.case_id = c.case_id) n
     where case when state is null then c.status <> 'decided' else c.status = state end order by c.due_at, c.case_id limit 500
  )
  select jsonb_build_object(
    'read_at', now(),
    'cases', coalesce((select jsonb_agg(jsonb_build_object('case_id', q.case_id, 'code', q.code, 'kind', q.kind, 'severity', q.severity, 'status', q.status, 'outcome', q.outcome,
        'party', p.code, 'fund', f.code, 'source', q.source, 'due_at', q.due_at, 'opened_at', q.created_at, 'claimed_by', q.claimed_by, 'mine', coalesce(q.claimed_by = m.actor, false),
        'candidates', q.candidates, 'undecided', q.undecided, 'top_score', trim_scale(round(q.top, 4))::text,
        -- what has to happen before it is decided
        'waits_for', case when q.status = 'decided' then null when q.status = 'escalated' then 'third_person' when q.confirming then 'second_person' when q.asking then 'more_facts'
          when q.claimed_by is null then 'owner' else 'verdict' end) order by q.due_at, q.case_id)
      from queue q cross join me m left join public.parties p using (party_id) left join public.funds f on f.fund_id = q.fund_id), '[]'::jsonb))
$$;
comment on function public.fn_read_cases(text) is
  'The queue of cases, what is due first comes first (at most 500): without a state what is undecided; each with its owner and what it waits for. Under the reader''s row-level security.';

create or replace function public.fn_read_case(case_code text) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with me as (select 'user:' || (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') as actor)
  select jsonb_build_object(
    'read_at', now(), 'case_id', c.case_id, 'code', c.code, 'kind', c.kind, 'severity', c.severity, 'status', c.status, 'outcome', c.outcome, 'source', c.source, 'fund', f.code,
    'due_at', c.due_at, 'opened_at', c.created_at, 'decided_at', c.decided_at, 'claimed_by', c.claimed_by, 'mine', coalesce(c.claimed_by = m.actor, false), 'policy_version', c.policy_version,
    'party', (select jsonb_build_object('party_id', p.party_id, 'code', p.code, 'kind', p.kind, 'risk_level', p.risk_level, 'next_review', p.next_review, 'frozen_at', p.frozen_at, 'synthetic', p.synthetic)
      from public.parties p where p.party_id = c.party_id),
    -- verdicts that a second person has to confirm, by the policy under which the case was opened
    'second_person', coalesce((select k.body #> array['cases', 'secondPerson', c.severity] from public.kyc_policies k where k.version = c.policy_version), '[]'::jsonb),
    'candidates', coalesce((select jsonb_agg(jsonb_build_object('candidate_id', k.candidate_id, 'list', k.list, 'list_title', w.title, 'list_version', k.list_version, 'list_label', v.label,
        'published_on', v.published_on, 'fetched_at', v.fetched_at, 'entry_ref', k.entry_ref, 'score', trim_scale(round(k.score, 4))::text, 'features', k.features, 'status', k.status,
        'first_verdict', k.first_verdict, 'first_by', k.first_by, 'decided_before', exists (select from public.case_decisions d
          where d.candidate_id = k.candidate_id and d.decided_by = m.actor and d.verdict <> 'need_more'),
        -- the entry as the list says it today, or as it last said it
        'entry', e.body, 'entry_gone', e.removed_in is not null) order by k.score desc nulls last, k.created_at, k.candidate_id)
      from public.case_candidates k left join public.watchlists w on w.source = k.list
      left join public.watchlist_versions v on v.list_id = w.list_id and v.ordinal::text = k.list_version
      left join lateral (select x.body, x.removed_in from public.watchlist_entries x where x.list_id = w.list_id and x.external_id = k.entry_ref order by x.added_in desc limit 1) e on true
     where k.case_id = c.case_id), '[]'::jsonb),
    'decisions', coalesce((select jsonb_agg(jsonb_build_object('decision_id', d.decision_id, 'candidate_id', d.candidate_id, 'entry_ref', k.entry_ref, 'verdict', d.verdict, 'reason', d.reason,
        'step', d.step, 'by', d.decided_by, 'at', d.decided_at) order by d.decided_at, d.decision_id)
      from public.case_decisions d join public.case_candidates k using (candidate_id) where d.case_id = c.case_id), '[]'::jsonb),
    'notes', coalesce((select jsonb_agg(jsonb_build_object('note_id', n.note_id, 'body', n.body, 'by', n.created_by, 'at', n.created_at) order by n.created_at, n.note_id)
      from public.case_notes n where n.case_id = c.case_id), '[]'::jsonb),
    -- what the party has given, the newest of each kind, and what it still owes, in the words that it was asked in
    'evidence', coalesce((select jsonb_agg(jsonb_build_object('kind', g.kind, 'dated_on', g.dated_on, 'expires_on', g.expires_on) order by g.kind)
      from (select distinct on (x.kind) x.* from public.party_evidence x where x.party_id = c.party_id order by x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) g), '[]'::jsonb),
    'missing', coalesce((select jsonb_agg(jsonb_build_object('kind', x.kind, 'words', y.body #>> array['evidence', x.kind, 'words'], 'application', x.code) order by x.code, x.kind)
      from (select distinct i.code, unnest(i.missing || i.asked) as kind from public.investors_pending_kyc i where i.party_id = c.party_id and i.kyc_status in ('submitted', 'missing_evidence')) x
      left join public.kyc_policies y on y.version = c.policy_version), '[]'::jsonb))
    from public.cases c cross join me m left join public.funds f on f.fund_id = c.fund_id where c.code = upper(case_code)
$$;
comment on function public.fn_read_case(text) is
  'One case by its code: party without personal data, candidates with their list entries, decisions, notes, evidence given and owed; null when there is none. Under the reader''s row-level security.';

create or replace function public.fn_read_import(import_id uuid, outcome text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'read_at', now(), 'import_id', b.import_id, 'fund', f.code, 'kind', b.kind, 'format', b.format, 'file_name', b.file_name, 'file_sha256', b.file_sha256, 'rows', b.rows, 'accepted', b.accepted,
    'refused', b.refused, 'unmatched', b.unmatched, 'status', b.status, 'imported_by', b.imported_by, 'recorded_at', b.recorded_at, 'undone_at', b.undone_at, 'undone_by', b.undone_by, 'undo_reason', b.undo_reason,
    'outcomes', coalesce((select jsonb_agg(jsonb_build_object('outcome', o.outcome, 'rows', o.n) order by o.outcome)
      from (select r.outcome, count(*) as n from public.import_rows r where r.import_id = b.import_id group by r.outcome) o), '[]'::jsonb),
    'lines', coalesce((select jsonb_agg(jsonb_build_object('position', r.position, 'line', r.line, 'outcome', r.outcome, 'code', r.code, 'reason', r.reason, 'reference', r.reference,
        'matched_by', r.matched_by, 'flow_id', r.flow_id, 'ledger_tx_id', r.ledger_tx_id, 'said', r.said) order by r.position)
      from (select * from public.import_rows x where x.import_id = b.import_id and (fn_read_import.outcome is null or x.outcome = fn_read_import.outcome) order by x.position limit 500) r), '[]'::jsonb))
    from public.import_batches b join public.funds f using (fund_id) where b.import_id = fn_read_import.import_id
$$;
comment on function public.fn_read_import(uuid, text) is
  'One import with its rows (at most 500, of one outcome) and what became of them; null when there is none. Under the reader''s row-level security.';

-- from sql/6w-fn-pages-pm.sql
-- Pages of portfolio managers beside the morning: the dealing day with its book, which the browser gives to the dealing engine to ask "what if".

create or replace function evergreen.indicative_orders(of_days uuid[]) returns uuid[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what fn_lock_orders would lock if nothing more came; notice is not looked at, since its deadline is that function's
  select coalesce(array_agg(f.flow_id order by f.flow_id), '{}') from public.dealing_days d
    join public.fund_flows f on f.share_class_id = d.share_class_id and f.status = 'accepted' and (f.dealing_date is null or f.dealing_date <= d.dealing_date)
   where d.dealing_day_id = any (of_days) and d.status = 'open'
$$;
comment on function evergreen.indicative_orders(uuid[]) is 'The accepted orders that days before their cut-off are about to deal, as far as they are known now.';

create or replace function evergreen.dealt_book(book jsonb) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what was admitted of each order took part in the gate; lots and the gate of each investor were applied then
  select book || jsonb_build_object('lots', null, 'holdings', '[]'::jsonb, 'orders', (select coalesce(jsonb_agg(
      case when o ->> 'direction' = 'redemption' then o || jsonb_build_object('units', trim_scale(coalesce(a.admitted_units, a.requested_units))::text, 'amount', null) else o || '{"cleared": true}' end
      order by o ->> 'flow_id'), '[]') from jsonb_array_elements(book -> 'orders') o join public.allocations a on a.flow_id = (o ->> 'flow_id')::uuid))
$$;
comment on function evergreen.dealt_book(jsonb) is 'A book of a day that was dealt: of each redemption the units that were admitted to the gate.';

create or replace function public.fn_read_dealing_page(dealing_day_id uuid default null) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  days uuid[];
  basis text;
  orders int;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  -- without a day the next one that is not dealt, or else the newest
  select x.* into d from public.dealing_days x where fn_read_dealing_page.dealing_day_id is null or x.dealing_day_id = fn_read_dealing_page.dealing_day_id
   order by x.status in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded'),
     case when x.status in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded') then current_date - x.dealing_date else x.dealing_date - date '2000-01-01' end, x.dealing_day_id limit 1;
  perform evergreen.refuse_unless(found or fn_read_dealing_page.dealing_day_id is null, 'EG404', 'No dealing day with that id.');
  basis := case when d.status in ('open', 'cut_off') then 'indicative' when d.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated') then 'frozen'
    when d.status in ('posted', 'claimable', 'settled', 'closed') then 'dealt' end;
  -- before the NAV of the day is proposed, the last one stands in for it
  select x.* into s from public.nav_strikes x where x.strike_id = d.strike_id or (basis = 'indicative' and d.strike_id is null and x.fund_id = d.fund_id and x.state = 'final' and x.nav_date <= d.dealing_date)
   order by x.nav_date desc, x.version desc limit 1;
  select array_agg(x.dealing_day_id order by x.dealing_day_id) into days from public.dealing_days x
   where x.fund_id = d.fund_id and x.dealing_date = d.dealing_date and case basis when 'indicative' then x.status in ('open', 'cut_off')
     when 'frozen' then x.strike_id = d.strike_id and x.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated') else x.strike_id = d.strike_id and x.status in ('posted', 'claimable', 'settled', 'closed') end;
  if d.lmt_policy_id is null and basis = 'indicative' then
    d.lmt_policy_id := (select p.policy_id from public.lmt_policies p where p.fund_id = d.fund_id and p.effective_from <= d.dealing_date order by p.effective_from desc, p.version desc limit 1);
  end if;
  orders := (select count(*) from public.fund_flows f where f.dealing_day_id = any (days) or f.flow_id = any (evergreen.indicative_orders(days)));
  return jsonb_build_object('read_at', now(),
    'days', (select coalesce(jsonb_agg(jsonb_build_object('dealing_day_id', x.dealing_day_id, 'fund', f.code, 'share_class', c.code, 'dealing_date', x.dealing_date, 'cut_off_at', x.cut_off_at,
        'status', x.status, 'orders', x.orders, 'gate', x.decision ->> 'status', 'fraction', x.decision ->> 'fraction') order by x.dealing_date desc, f.code, c.code), '[]')
       from (select * from public.dealing_days y order by y.dealing_date desc, y.dealing_day_id limit 60) x join public.funds f using (fund_id) join public.share_classes c using (share_class_id)),
    'day', (select jsonb_build_object('dealing_day_id', d.dealing_day_id, 'fund_id', f.fund_id, 'fund', f.code, 'fund_name', f.name, 'synthetic', f.synthetic, 'currency', f.base_currency, 'decimals', u.exponent::int,
        'dealing_date', d.dealing_date, 'cut_off_at', d.cut_off_at, 'status', d.status, 'workflow_id', d.workflow_id, 'order_root', d.order_root,
        'strike', case when s.strike_id is not null then jsonb_build_object('strike_id', s.strike_id, 'date', s.nav_date, 'version', s.version, 'state', s.state, 'proposal_id', s.proposal_id) end,
        'decision', d.decision - 'lab' - 'notice', -- recorded with the class that leads
        'lab', coalesce((select x.decision #> '{lab,combinations}' from public.dealing_days x where x.dealing_day_id = any (days) and x.decision ? 'lab' limit 1), '[]'),
        'tools', (select coalesce(jsonb_agg(jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', a.status, 'proposal_id', a.proposal_id, 'active_from', a.active_from, 'active_until', a.active_until) order by a.created_at desc), '[]')
           from (select * from public.lmt_activations y where y.fund_id = f.fund_id order by y.created_at desc limit 10) a))
       from public.funds f join public.currencies u on u.code = f.base_currency where f.fund_id = d.fund_id),
    'basis', basis, 'orders', coalesce(orders, 0),
    -- a browser computes with what a page can hold; the run of the day has no such limit
    'book', case when s.strike_id is null or basis is null or orders > 20000 then null
      when basis = 'dealt' then evergreen.dealt_book(evergreen.book_of(d, s, days, array(select f.flow_id from public.fund_flows f where f.dealing_day_id = any (days))))
      else evergreen.book_of(d, s, days, evergreen.indicative_orders(days)) end,
    'fills', (select coalesce(jsonb_agg(jsonb_build_object('share_class', x.code, 'direction', x.direction, 'orders', x.orders, 'requested_units', trim_scale(x.requested)::text, 'filled_units', trim_scale(x.filled)::text,
        'carried_units', trim_scale(x.carried)::text, 'gross', x.gross::text, 'net', x.net::text) order by x.code, x.direction), '[]')
       from (select c.code, f.direction, count(*) as orders, sum(a.requested_units) as requested, sum(a.filled_units) as filled, sum(a.carried_units) as carried, sum(a.gross_amount) as gross, sum(a.net_amount) as net
               from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.share_classes c on c.share_class_id = a.share_class_id where a.dealing_day_id = any (days) group by 1, 2) x));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_dealing_page(uuid) is
  'A dealing day as a page (the next that is not dealt when none is named): days, state, decision, and the book of all classes that deal at its NAV: frozen, or before that indicative at the last NAV, or as it was dealt. Fund currency, as text. EG404.';

create or replace function public.fn_read_exposure(fund_id uuid default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with fund as (
    select f.*, c.decimals from public.funds f join lateral (select x.exponent::int as decimals from public.currencies x where x.code = f.base_currency) c on true
     where fn_read_exposure.fund_id is null or f.fund_id = fn_read_exposure.fund_id order by f.code limit 1
  ), held as (
    select p.sleeve, p.market_value, p.recorded_at, p.proposal_id, p.liquid_flag, a.name, a.issuer, a.currency, a.bucket, a.id as asset_id from public.portfolio_allocations p join fund f using (fund_id) join public.assets a on a.id = p.asset_id where p.superseded_at is null
  ), cuts as (
    select 'currency' as cut, h.currency::text as name, sum(h.market_value) as value, count(*) as assets from held h group by h.currency
    union all select 'issuer', h.issuer, sum(h.market_value), count(*) from held h where h.issuer is not null group by h.issuer
    union all select 'bucket', h.bucket, sum(h.market_value), count(*) from held h group by h.bucket
  ), placed as (select c.*, row_number() over (partition by c.cut order by c.value desc, c.name) as place from cuts c)
  select jsonb_build_object(
    'read_at', now(),
    'fund', jsonb_build_object('fund_id', f.fund_id, 'code', f.code, 'name', f.name, 'currency', f.base_currency, 'decimals', f.decimals, 'synthetic', f.synthetic, 'allocations_version', f.allocations_version::text),
    'changed_at', (select max(h.recorded_at) from held h),
    'mandate', (select jsonb_build_object('version', m.version, 'body', m.body, 'set_at', m.recorded_at) from public.mandates m where m.fund_id = f.fund_id and m.superseded_at is null),
    'sleeves', coalesce((select jsonb_agg(jsonb_build_object('sleeve', s.sleeve, 'value', s.value::text, 'assets', s.assets) order by s.sleeve)
      from (select h.sleeve, sum(h.market_value) as value, count(*) as assets from held h group by h.sleeve) s), '[]'::jsonb),
    'cuts', coalesce((select jsonb_agg(jsonb_build_object('cut', p.cut, 'name', p.name, 'value', p.value::text, 'assets', p.assets) order by p.cut, p.place) from placed p where p.place <= 10), '[]'::jsonb),
    'open', coalesce((select jsonb_agg(jsonb_build_object('proposal_id', p.proposal_id, 'status', p.status, 'created_at', p.created_at) order by p.created_at desc)
      from public.proposals p where p.fund_id = f.fund_id and p.kind = 'rebalancing' and p.status in ('checking', 'pending')), '[]'::jsonb))
    from fund f
$$;
comment on function public.fn_read_exposure(uuid) is
  'What a fund holds (the first by code when none is named) against its mandate: value by sleeve, the ten largest currencies, issuers and liquidity buckets, rebalancings that are open. Fund currency, as text. Under the reader''s row-level security.';

-- from sql/6w-fn-pages-work.sql
-- Pages of operations, continued: what does not agree, what failed and waits for a person, and the calendar. Amounts are text; under the reader's rights.

create or replace function public.fn_read_breaks() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with breaks (kind, id, fund_id, amount, currency, since, reason, reference, import_id) as (
    -- the bank says it and the book does not
    select 'bank_only', r.import_id || '/' || r.position, r.fund_id, r.said ->> 'amount', r.said ->> 'currency', b.recorded_at, coalesce(r.reason, 'no order matches'), coalesce(r.reference, r.said ->> 'end_to_end'), r.import_id
      from public.import_rows r join public.import_batches b using (import_id) where r.kind = 'bank' and r.outcome = 'unmatched' and b.status <> 'undone'
    union all
    -- the book says it and no statement of the bank confirmed it
    select case when f.direction = 'redemption' then 'unpaid' else 'unfunded' end, f.flow_id::text, f.fund_id, trim_scale(coalesce(f.net_amount, f.amount))::text, f.currency, f.priced_at,
           'priced on ' || f.dealing_date || ', no statement confirms the cash', null, null
      from public.fund_flows f where f.status = 'claimable'
    union all
    -- a day that was posted and could not be closed, because something of it does not agree
    select 'day_not_closed', d.dealing_day_id::text, d.fund_id, null, null, d.updated_at, 'class ' || c.code || ', ' || d.dealing_date || ': posted, not closed', null, null
      from public.dealing_days d join public.share_classes c using (share_class_id) where d.status in ('posted', 'settled')
    union all
    -- what the administrator or a provider says moved more than its breaker allows, and nobody has decided which is right
    select 'source_held', h.held_id::text, null, trim_scale(h.value)::text, null, h.recorded_at, h.series || ' of ' || h.as_of || ': moved ' || round(h.move_bps) || ' bp against ' || trim_scale(h.against) || ' of ' || h.against_on, null, null
      from public.market_held h where h.status = 'held'
  )
  select jsonb_build_object('read_at', now(),
    'breaks', coalesce((select jsonb_agg(jsonb_build_object('kind', b.kind, 'id', b.id, 'fund', f.code, 'amount', b.amount, 'currency', trim(b.currency), 'since', b.since, 'days', greatest(0, (now()::date - b.since::date)),
        'reason', b.reason, 'reference', b.reference, 'import_id', b.import_id) order by b.since, b.kind, b.id)
      from (select * from breaks order by since, kind, id limit 500) b left join public.funds f using (fund_id)), '[]'::jsonb),
    -- what does agree, so that a short list is not taken for a missing one
    'matched', (select count(*) from public.import_rows r join public.import_batches b using (import_id) where r.kind = 'bank' and r.outcome = 'matched' and b.status <> 'undone'),
    'settled', (select count(*) from public.fund_flows f where f.status = 'settled'),
    'statements', coalesce((select jsonb_agg(jsonb_build_object('import_id', s.import_id, 'fund', f.code, 'file_name', s.file_name, 'recorded_at', s.recorded_at, 'matched', s.accepted, 'unmatched', s.unmatched)
        order by s.recorded_at desc, s.import_id)
      from (select * from public.import_batches x where x.kind = 'bank' and x.status <> 'undone' order by x.recorded_at desc, x.import_id limit 20) s join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_breaks() is
  'What does not agree between bank, book and sources, the oldest first (at most 500), with age and reason; how much does agree, and the newest statements. Under the reader''s row-level security.';

create or replace function public.fn_read_troubles() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with noted as (
    -- the last word of a person about each schedule
    select distinct on (e.payload ->> 'schedule_id') e.payload ->> 'schedule_id' as schedule_id, e.payload ->> 'action' as action, e.payload ->> 'note' as note, e.created_by, e.recorded_at
      from public.fund_events e where e.type = 'SCHEDULE_NOTED' and e.payload ->> 'action' in ('pause', 'resume') order by e.payload ->> 'schedule_id', e.seq desc
  )
  select jsonb_build_object('read_at', now(),
    'letters', coalesce((select jsonb_agg(jsonb_build_object('event_id', o.event_id, 'type', o.type, 'fund', f.code, 'attempts', o.attempts, 'dead_at', o.dead_at, 'reason', o.reason) order by o.dead_at, o.seq)
      from (select * from public.event_outbox x where x.dead_at is not null order by x.dead_at, x.seq limit 200) o left join public.funds f using (fund_id)), '[]'::jsonb),
    'batches', coalesce((select jsonb_agg(jsonb_build_object('batch_id', b.batch_id, 'event_id', b.event_ids[1], 'type', b.type, 'events', b.events, 'attempts', b.attempts, 'dead_at', b.dead_at, 'reason', b.reason) order by b.dead_at, b.batch_id)
      from (select * from public.event_batches x where x.dead_at is not null and x.done_at is null order by x.dead_at, x.batch_id limit 200) b), '[]'::jsonb),
    'runs', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', r.workflow_id, 'type', r.type, 'fund', f.code, 'event_id', r.event_id, 'event', e.type, 'started_at', r.started_at, 'ended_at', r.ended_at,
        -- what it had done before it failed stays done
        'done', coalesce((select jsonb_agg(x.type order by x.seq) from (select v.type, v.seq from public.fund_events v where v.recorded_at between r.started_at and coalesce(r.ended_at, now()) and starts_with(v.request_id, r.workflow_id || '/') order by v.seq limit 20) x), '[]'::jsonb))
        order by r.ended_at desc nulls first, r.workflow_id)
      from (select * from public.workflow_runs x where x.status = 'failed' order by x.ended_at desc nulls first, x.workflow_id limit 50) r
      left join public.funds f using (fund_id) left join public.fund_events e on e.event_id = r.event_id), '[]'::jsonb),
    'schedules', coalesce((select jsonb_agg(jsonb_build_object('schedule_id', n.schedule_id, 'action', n.action, 'note', n.note, 'by', n.created_by, 'at', n.recorded_at) order by n.schedule_id) from noted n), '[]'::jsonb))
$$;
comment on function public.fn_read_troubles() is
  'What failed and waits for a person: events and batches that could not be delivered, runs that failed with what they had done, and what people last said of schedules. Under the reader''s row-level security.';

create or replace function public.fn_read_calendar(month date, fund text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with span as (select date_trunc('month', fn_read_calendar.month)::date as first, (date_trunc('month', fn_read_calendar.month) + interval '1 month')::date as after),
  mine as (select f.* from public.funds f where fn_read_calendar.fund is null or f.code = fn_read_calendar.fund),
  entries (day, at, kind, fund_id, title, state, id) as (
    select (d.cut_off_at at time zone 'UTC')::date, d.cut_off_at, 'cut_off', d.fund_id, 'class ' || c.code || ', dealing ' || d.dealing_date, d.status, d.dealing_day_id::text
      from public.dealing_days d join public.share_classes c using (share_class_id)
    union all
    select d.dealing_date, null, 'valuation', d.fund_id, 'class ' || c.code, d.status, d.dealing_day_id::text from public.dealing_days d join public.share_classes c using (share_class_id)
    union all
    select o.due_on, null, 'obligation', o.fund_id, o.title || ' (' || o.code || ')', case when o.done_at is not null then 'done' when o.due_on < now()::date then 'overdue' else 'open' end, o.obligation_id::text from public.obligations o
    union all
    select (b.cure_by at time zone 'UTC')::date, b.cure_by, 'cure', b.fund_id, b.rule || ', ' || b.class, case when b.cured_at is not null then 'cured' when b.cure_by < now() then 'overdue' else 'open' end, b.breach_id::text
      from public.breaches b where b.cure_by is not null
    union all
    select (x.expires_at at time zone 'UTC')::date, x.expires_at, 'decision', x.fund_id, x.kind, x.status, x.proposal_id::text from public.proposals x where x.status = 'pending'
    union all
    select (x.due_at at time zone 'UTC')::date, x.due_at, 'case', x.fund_id, x.code, x.status, x.case_id::text from public.cases x where x.status <> 'decided'
  )
  select jsonb_build_object('read_at', now(), 'first', (select s.first from span s),
    'entries', coalesce((select jsonb_agg(jsonb_build_object('day', e.day, 'at', e.at, 'kind', e.kind, 'fund', m.code, 'title', e.title, 'state', e.state, 'id', e.id) order by e.day, e.at nulls first, e.kind, e.title, e.id)
      from (select x.* from entries x, span s where x.day >= s.first and x.day < s.after and (fn_read_calendar.fund is null or x.fund_id in (select mine.fund_id from mine)) order by x.day, x.at, x.kind, x.id limit 1000) e
      left join public.funds m using (fund_id)), '[]'::jsonb),
    'obligations', coalesce((select jsonb_agg(jsonb_build_object('obligation_id', o.obligation_id, 'fund', m.code, 'code', o.code, 'title', o.title, 'source', o.source, 'due_on', o.due_on, 'overdue', o.due_on < now()::date)
        order by o.due_on, o.obligation_id) from public.obligations o join mine m using (fund_id) where o.done_at is null), '[]'::jsonb),
    'breaches', coalesce((select jsonb_agg(jsonb_build_object('breach_id', b.breach_id, 'fund', m.code, 'rule', b.rule, 'class', b.class, 'cause', b.cause, 'value', trim_scale(b.value)::text, 'limit', trim_scale(b.limit_value)::text,
        'detected_at', b.detected_at, 'cure_by', b.cure_by) order by b.cure_by nulls last, b.detected_at, b.breach_id) from public.breaches b join mine m using (fund_id) where b.cured_at is null), '[]'::jsonb),
    'funds', coalesce((select jsonb_agg(f.code order by f.code) from public.funds f), '[]'::jsonb))
$$;
comment on function public.fn_read_calendar(date, text) is
  'One month: cut-offs, valuations, obligations, ends of cure periods, decisions and cases due (at most 1,000); the obligations and breaches that are open. Under the reader''s row-level security.';

-- from sql/6w-fn-personal-erasure.sql
-- The life of a subject's key: wrapped anew by another master key, held, asked for, destroyed with a signed tombstone, destroyed again after a restore.

create or replace function evergreen.subject_held(subject_id uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.subject_holds h where h.subject_id = subject_held.subject_id and h.lifted_at is null and (h.until is null or h.until > now()))
      or exists (
        select from public.investors i
         where i.party_id = subject_held.subject_id and (
           -- R53: records are kept for a term after the relationship; an investor, an order or a holding of theirs is one
           greatest(i.recorded_at, (select max(f.created_at) from public.fund_flows f where f.investor_id = i.investor_id))
             > now() - make_interval(months => (select (p.value #>> '{}')::int from public.platform_settings p where p.key = 'personal_retention_months'))
           or exists (select from public.holdings u where u.investor_id = i.investor_id and u.units > 0)
           or exists (select from public.fund_flows f where f.investor_id = i.investor_id and evergreen.held(f.fund_id))))
$$;
comment on function evergreen.subject_held(uuid) is
  'Whether a legal hold on the subject or on a fund it has orders in, a holding, or the term of records (platform_settings: personal_retention_months, R53) forbids erasing it today.';

create or replace function evergreen.destroy_subject(subject_id uuid) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update public.subject_keys k set state = 'destroyed', wrapped_key = null, master_key_id = null, destroyed_at = now()
   where k.subject_id = destroy_subject.subject_id and k.state <> 'destroyed';
  -- without its key a ciphertext is noise; a blind index would still answer whether somebody was here
  update public.personal_values p set ciphertext = null, blind_index = '{}', superseded_at = coalesce(p.superseded_at, now())
   where p.subject_id = destroy_subject.subject_id and (p.ciphertext is not null or p.blind_index <> '{}');
  delete from public.party_tests t where t.party_id = destroy_subject.subject_id;
  update public.documents d set removed_at = now() where d.subject_id = destroy_subject.subject_id and d.removed_at is null;
$$;
comment on function evergreen.destroy_subject(uuid) is 'Destroys the key of a subject and empties its values; idempotent.';

create or replace function public.fn_list_subject_keys(but text, after uuid default null, max_keys int default 500)
returns table (subject_id uuid, wrapped_key text, master_key_id text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(but ~ '^[!-~]{1,200}$' and max_keys between 1 and 5000, 'EG400', 'but (a master key id) and max_keys (1 to 5,000) are needed.');
  return query
    select k.subject_id, k.wrapped_key, k.master_key_id from public.subject_keys k
     where k.state <> 'destroyed' and k.master_key_id <> but and (fn_list_subject_keys.after is null or k.subject_id > fn_list_subject_keys.after)
     order by k.subject_id limit max_keys;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_subject_keys(text, uuid, int) is 'Wrapped keys that another master key than `but` wrapped, in the order of their subjects. EG400, EG403.';

create or replace function public.fn_rotate_subject_keys(keys jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  rotated int;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('keys', keys);
  answer := evergreen.earlier_answer('fn_rotate_subject_keys', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(keys) = 'array' and jsonb_array_length(keys) between 1 and 5000, 'EG400', 'keys is a list of 1 to 5,000 wrapped keys.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(keys) v where (jsonb_typeof(v) = 'object' and v ->> 'subject_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and v ->> 'wrapped_key' ~ '^v1\.[A-Za-z0-9+/]{80}$' and v ->> 'was' is not null and v ->> 'master_key_id' ~ '^[a-z0-9-]{1,60}$') is not true),
    'EG400', 'Each of keys has subject_id, was, wrapped_key and master_key_id.');
  perform 1 from public.subject_keys k where k.subject_id in (select (v ->> 'subject_id')::uuid from jsonb_array_elements(keys) v) order by k.subject_id for no key update;
  -- only what still is what it was: whoever rotated or erased meanwhile was first
  update public.subject_keys k set wrapped_key = n.wrapped_key, master_key_id = n.master_key_id
    from jsonb_to_recordset(keys) n (subject_id uuid, was text, wrapped_key text, master_key_id text)
   where k.subject_id = n.subject_id and k.wrapped_key = n.was and k.state <> 'destroyed';
  get diagnostics rotated = row_count;
  perform evergreen.audit(null, 'subject_keys', 'rotation', 'keys wrapped anew: ' || rotated || ' of ' || jsonb_array_length(keys), request_id);
  answer := jsonb_build_object('rotated', rotated, 'asked', jsonb_array_length(keys));
  perform evergreen.keep_answer('fn_rotate_subject_keys', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_rotate_subject_keys(jsonb, text) is
  'Puts data keys wrapped by another master key in place of those they were (`was`); one that changed meanwhile is left alone. EG400, EG403, EG409.';

create or replace function public.fn_hold_subject(subject_id uuid, reason text, until timestamptz default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason, 'until', until);
  answer := evergreen.earlier_answer('fn_hold_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform evergreen.refuse_unless(until is null or (isfinite(until) and until > now()), 'EG400', 'until is a time to come, or absent.');
  -- an erasure that is under way waits for this, or this for it
  select k.state into standing from public.subject_keys k where k.subject_id = fn_hold_subject.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing <> 'destroyed', 'EG428', 'The subject was erased.');
  insert into public.subject_holds (subject_id, reason, placed_by, until) values (subject_id, reason, evergreen.actor(), until) returning hold_id into id;
  perform evergreen.audit(null, 'subject_holds', id::text, 'legal hold on a subject placed', request_id);
  answer := jsonb_build_object('hold_id', id);
  perform evergreen.keep_answer('fn_hold_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_hold_subject(uuid, text, timestamptz, text) is 'The data of a subject is not erased until the hold is lifted or ends. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_release_subject(hold_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  h public.subject_holds;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('hold_id', hold_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_release_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into h from public.subject_holds x where x.hold_id = fn_release_subject.hold_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No legal hold with that id.');
  perform evergreen.refuse_unless(h.lifted_at is null, 'EG428', 'The legal hold was lifted already.');
  perform evergreen.refuse_unless(h.placed_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever placed a legal hold cannot lift it.');
  update public.subject_holds x set lifted_by = evergreen.actor(), lifted_at = now(), lift_reason = fn_release_subject.reason where x.hold_id = h.hold_id;
  perform evergreen.audit(null, 'subject_holds', h.hold_id::text, 'legal hold on a subject lifted', request_id);
  answer := jsonb_build_object('hold_id', h.hold_id);
  perform evergreen.keep_answer('fn_release_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_subject(uuid, text, text) is 'Lifts a legal hold on a subject; never by the person who placed it. EG400, EG403, EG404, EG409, EG420, EG428.';

create or replace function public.fn_request_erasure(subject_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
begin
  perform evergreen.require_role('ops_role', 'lp_role');
  perform evergreen.require_own_subject(subject_id);
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_request_erasure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select k.state into standing from public.subject_keys k where k.subject_id = fn_request_erasure.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing = 'active', 'EG428', case standing when 'destroyed' then 'The subject was erased already.' else 'The erasure was asked for already.' end);
  update public.subject_keys k set state = 'restricted', asked_by = evergreen.actor(), asked_at = now(), reason = fn_request_erasure.reason where k.subject_id = fn_request_erasure.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'erasure asked for' || case when evergreen.subject_held(subject_id) then '; a legal hold stands' else '' end, request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'state', 'restricted', 'held', evergreen.subject_held(subject_id));
  perform evergreen.keep_answer('fn_request_erasure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_erasure(uuid, text, text) is
  'Asks for the erasure of a subject (an LP: the party of an own investor): from now on restricted (nothing is added, only screening and audit read); another person erases. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_refuse_erasure(subject_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_refuse_erasure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select k.state into standing from public.subject_keys k where k.subject_id = fn_refuse_erasure.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing = 'restricted', 'EG428', 'No erasure of the subject is asked for.');
  update public.subject_keys k set state = 'active', asked_by = null, asked_at = null, reason = null where k.subject_id = fn_refuse_erasure.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'erasure refused', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'state', 'active');
  perform evergreen.keep_answer('fn_refuse_erasure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_refuse_erasure(uuid, text, text) is 'Takes back that an erasure was asked for. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_read_erasure(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  select jsonb_build_object('subject_id', k.subject_id, 'state', k.state, 'asked_at', k.asked_at, 'asked_by', k.asked_by, 'held', evergreen.subject_held(k.subject_id),
      'key_digest', encode(sha256(convert_to(k.wrapped_key, 'UTF8')), 'hex'),
      'fields', (select count(*) from public.personal_values p where p.subject_id = k.subject_id and p.ciphertext is not null),
      'documents', (select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') from public.documents d where d.subject_id = k.subject_id),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_read_erasure.subject_id;
  perform evergreen.refuse_unless(answer is not null, 'EG404', 'No personal data is kept under that id.');
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_erasure(uuid) is 'What a tombstone of a subject has to say (state, digest of its wrapped key, counts, documents), and the tombstone once there is one. EG403, EG404.';

create or replace function evergreen.check_tombstone(tombstone jsonb) returns void language plpgsql immutable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(jsonb_typeof(tombstone) = 'object' and length(tombstone ->> 'body') between 2 and 2000
    and tombstone ->> 'signature' ~ '^[0-9a-f]{128}$' and tombstone ->> 'public_key' ~ '^[0-9a-f]{64}$', 'EG400', 'tombstone has body (JSON), signature and public_key.');
  perform evergreen.refuse_unless((tombstone ->> 'body')::jsonb ->> 'subjectId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    and (tombstone ->> 'body')::jsonb ->> 'keyDigest' ~ '^[0-9a-f]{64}$', 'EG400', 'The body of a tombstone names the subject and the key that was destroyed.');
end $$;
comment on function evergreen.check_tombstone(jsonb) is 'Refuses what has not the shape of a signed tombstone (EG400); the signature is verified outside, from the row alone.';

create or replace function public.fn_erase_subject(subject_id uuid, tombstone jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  k public.subject_keys;
  body jsonb;
  digest text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'tombstone', tombstone);
  answer := evergreen.earlier_answer('fn_erase_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.check_tombstone(tombstone);
  body := (tombstone ->> 'body')::jsonb;
  select * into k from public.subject_keys x where x.subject_id = fn_erase_subject.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(k.state <> 'destroyed', 'EG428', 'The subject was erased already.');
  perform evergreen.refuse_unless(k.state = 'restricted', 'EG428', 'Nobody has asked for the erasure; ask for it first.');
  perform evergreen.refuse_unless(not evergreen.subject_held(subject_id), 'EG428', 'A legal hold or a duty to keep records stands on the subject; it stays restricted until that has ended.');
  perform evergreen.refuse_unless(k.asked_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever asked for an erasure cannot carry it out.');
  perform evergreen.refuse_unless(body ->> 'subjectId' = subject_id::text, 'EG400', 'The tombstone is of another subject.');
  perform evergreen.refuse_unless(body ->> 'keyDigest' = encode(sha256(convert_to(k.wrapped_key, 'UTF8')), 'hex'), 'EG425', 'The key was wrapped anew since the tombstone was made; make it again.');
  perform evergreen.destroy_subject(subject_id);
  digest := encode(sha256(convert_to(tombstone ->> 'body', 'UTF8')), 'hex');
  insert into public.subject_tombstones (subject_id, body, signature, public_key, erased_by)
  values (subject_id, tombstone ->> 'body', tombstone ->> 'signature', tombstone ->> 'public_key', evergreen.actor());
  perform evergreen.emit('SUBJECT_ERASED', null, jsonb_build_object('subject_id', subject_id, 'tombstone', digest), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'subject erased; tombstone ' || digest, request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'tombstone', digest,
    'documents', (select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') from public.documents d where d.subject_id = fn_erase_subject.subject_id));
  perform evergreen.keep_answer('fn_erase_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_erase_subject(uuid, jsonb, text) is
  'Destroys the key of a subject whose erasure another person asked for, and keeps the signed tombstone; answers the documents whose files can go. EG400, EG403, EG404, EG409, EG420, EG425 rotated meanwhile, EG428 held or not asked for.';

create or replace function public.fn_repeat_erasures(tombstones jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  stone jsonb;
  id uuid;
  repeated int := 0;
begin
  perform evergreen.require_role('service_role');
  input := jsonb_build_object('tombstones', tombstones);
  answer := evergreen.earlier_answer('fn_repeat_erasures', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(tombstones) = 'array' and jsonb_array_length(tombstones) between 1 and 10000, 'EG400', 'tombstones is a list of 1 to 10,000.');
  for stone in select t from jsonb_array_elements(tombstones) t loop
    perform evergreen.check_tombstone(stone);
    id := ((stone ->> 'body')::jsonb ->> 'subjectId')::uuid;
    perform 1 from public.subject_keys k where k.subject_id = id for no key update;
    if evergreen.subject_state(id) is distinct from 'destroyed' or not exists (select from public.subject_tombstones t where t.subject_id = id) then
      perform evergreen.destroy_subject(id);
      insert into public.subject_tombstones (subject_id, body, signature, public_key, erased_by)
      values (id, stone ->> 'body', stone ->> 'signature', stone ->> 'public_key', evergreen.actor()) on conflict do nothing;
      repeated := repeated + 1;
    end if;
  end loop;
  perform evergreen.audit(null, 'subject_keys', 'restore', 'erasures repeated after a restore: ' || repeated || ' of ' || jsonb_array_length(tombstones), request_id);
  answer := jsonb_build_object('repeated', repeated, 'known', jsonb_array_length(tombstones) - repeated);
  perform evergreen.keep_answer('fn_repeat_erasures', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_repeat_erasures(jsonb, text) is
  'Erases again what a restored database has forgotten to be erased, from tombstones kept apart from the backup, their signatures verified by the caller. EG400, EG403, EG409.';

create or replace function public.fn_export_subject(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'lp_role');
  perform evergreen.require_own_subject(subject_id);
  perform evergreen.refuse_unless(evergreen.subject_state(subject_id) is not null, 'EG404', 'No personal data is kept under that id.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by) values (subject_id, 'export', '{}', 'subject-access', evergreen.actor());
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'personal data exported', null);
  select jsonb_build_object(
      'subject', to_jsonb(k) - '{created_at,updated_at}'::text[],
      'values', (select coalesce(jsonb_agg(jsonb_build_object('value_id', p.value_id, 'field', p.field, 'ciphertext', p.ciphertext, 'recorded_by', p.recorded_by,
          'recorded_at', p.recorded_at, 'superseded_at', p.superseded_at) order by p.field, p.recorded_at, p.value_id), '[]') from public.personal_values p where p.subject_id = k.subject_id),
      'documents', (select coalesce(jsonb_agg(to_jsonb(d) - '{created_at,updated_at,subject_id}'::text[] order by d.recorded_at, d.document_id), '[]') from public.documents d where d.subject_id = k.subject_id),
      'accesses', (select coalesce(jsonb_agg(jsonb_build_object('what', a.what, 'fields', a.fields, 'purpose', a.purpose, 'accessed_by', a.accessed_by, 'accessed_at', a.accessed_at)
          order by a.accessed_at, a.access_id), '[]') from public.personal_accesses a where a.subject_id = k.subject_id),
      -- neither risk, cases nor freezes: an answer to the person must not tip off
      'party', (select jsonb_build_object('party_id', p.party_id, 'code', p.code, 'kind', p.kind) from public.parties p where p.party_id = k.subject_id),
      'investors', (select coalesce(jsonb_agg(jsonb_build_object('investor_id', i.investor_id, 'code', i.code, 'classification', i.classification, 'kyc_valid_until', i.kyc_valid_until) order by i.code), '[]')
          from public.investors i where i.party_id = k.subject_id),
      'evidence', (select coalesce(jsonb_agg(jsonb_build_object('kind', e.kind, 'dated_on', e.dated_on, 'expires_on', e.expires_on, 'recorded_at', e.recorded_at) order by e.recorded_at, e.kind), '[]')
          from public.party_evidence e where e.party_id = k.subject_id),
      'changes', (select coalesce(jsonb_agg(jsonb_build_object('message', t.message, 'created_by', t.created_by, 'created_at', t.created_at) order by t.tx, t.seq), '[]')
          from public.audit_trail t where t.entity_id = k.subject_id::text and t.entity_type = 'subject_keys'),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_export_subject.subject_id;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_subject(uuid) is
  'All that is kept of a subject: values now and before, still encrypted, documents, who read what, and what was done. The export itself is recorded. EG403, EG404.';

-- from sql/6w-fn-rule-records.sql
-- What rules are asked about and what came of it: a run keeps the versions it began with, facts of orders in one reading, verdicts with their trees, orders held.

create or replace function evergreen.rules_in_force(of_fund uuid, on_day date) returns setof public.rule_pack_versions
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select v.* from (
    select distinct on (x.pack) x.* from public.rule_pack_versions x
     where x.status = 'live' and x.effective_from <= on_day order by x.pack, x.effective_from desc, x.version desc) v
   where (v.effective_until is null or v.effective_until > on_day)
     and (not v.body ? 'regimes' or v.body -> 'regimes' ? coalesce((select p.body ->> 'regime' from public.lmt_policies p
       where p.fund_id = of_fund and p.effective_from <= on_day order by p.effective_from desc, p.version desc limit 1), ''))
   order by v.pack
$$;
comment on function evergreen.rules_in_force(uuid, date) is 'The live version of every pack that counts for a fund on a day: of each pack the newest by its effective date, of the fund''s regime.';

create or replace function public.fn_pin_rules(workflow_id text, fund_id uuid default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pinned public.rule_pins;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  perform evergreen.refuse_unless(length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  perform evergreen.refuse_unless(fund_id is null or exists (select from public.funds f where f.fund_id = fn_pin_rules.fund_id), 'EG404', 'No fund with that id.');
  perform evergreen.harmless_text('fn_pin_rules', to_jsonb(workflow_id));
  -- the first look decides for the whole run, whatever goes live meanwhile
  insert into public.rule_pins (workflow_id, fund_id, version_ids)
  values (fn_pin_rules.workflow_id, fn_pin_rules.fund_id, array(select v.version_id from evergreen.rules_in_force(fn_pin_rules.fund_id, evergreen.clock()::date) v order by v.pack)) on conflict do nothing;
  select * into pinned from public.rule_pins p where p.workflow_id = fn_pin_rules.workflow_id;
  return jsonb_build_object(
    'live', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.pack) from public.rule_pack_versions v where v.version_id = any (pinned.version_ids)), '[]'),
    -- what is tested and not live runs beside, and decides nothing
    'drafts', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.pack, v.version) from public.rule_pack_versions v where v.status = 'tested'), '[]'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_pin_rules(text, uuid) is
  'The versions a run judges by: those in force at its first look, kept for all of it. Returns {live: [{version_id, hash, body}], drafts: […]}. EG400, EG404.';

create or replace function evergreen.order_facts(of_flow public.fund_flows) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- not in SQL: what it asks of screening is created after it
  return (select jsonb_build_object(
    'investor', known.facts - 'tests' - 'verified' || jsonb_strip_nulls(jsonb_build_object('classification', i.classification, 'kycStatus', i.kyc_status,
      'kycValidUntil', to_char(i.kyc_valid_until at time zone 'UTC', 'YYYY-MM-DD'), 'tags', to_jsonb(i.eligibility_tags),
      'suitability', (select bool_or(p.evidence ? 'suitability_test') from public.investors_pending_kyc p where p.investor_id = i.investor_id),
      'sourceOfFunds', (select bool_or(p.evidence ? 'source_of_funds') from public.investors_pending_kyc p where p.investor_id = i.investor_id))),
    'tests', coalesce(known.facts -> 'tests', '{}'),
    'order', jsonb_strip_nulls(jsonb_build_object('direction', f.direction, 'kind', f.order_kind, 'channel', f.channel, 'requestedOn', to_char(f.requested_at at time zone 'UTC', 'YYYY-MM-DD'),
      'amount', trim_scale(coalesce(f.amount, round(f.requested_units * c.nav_per_unit, 4)))::text, 'noticeDays', (f.dealing_date - (f.requested_at at time zone 'UTC')::date)::text,
      'selfHosted', case when f.channel <> 'wallet' then false end)),
    'fund', jsonb_strip_nulls(jsonb_build_object('nav', trim_scale(u.net_assets)::text,
      'regime', (select p.body ->> 'regime' from public.lmt_policies p where p.fund_id = u.fund_id and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1))),
    -- everybody above the investor, by whichever chain; shares of the direct ones
    'owners', case when i.party_id is not null then (
      with recursive above (party_id, share, depth) as (
        select l.owner_id, l.share::numeric, 1 from evergreen.links_in_force(current_date) l where l.owned_id = i.party_id
        union select l.owner_id, null::numeric, a.depth + 1 from above a join evergreen.links_in_force(current_date) l on l.owned_id = a.party_id where a.depth < 10)
      select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('share', trim_scale(o.share)::text)) || (evergreen.party_rule_facts(o.party_id) - 'kind' - 'risk') order by o.party_id), '[]')
        from (select a.party_id, max(a.share) as share from above a group by a.party_id) o) end,
    -- more than can be read is not known, rather than too little
    'history', (select case when count(*) <= 500 then coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('on', to_char(h.requested_at at time zone 'UTC', 'YYYY-MM-DD'), 'direction', h.direction, 'channel', h.channel,
        'amount', trim_scale(coalesce(h.net_amount, h.amount, round(h.requested_units * c.nav_per_unit, 4)))::text)) order by h.requested_at, h.flow_id), '[]') end
      from (select x.* from public.fund_flows x where x.investor_id = f.investor_id and x.fund_id = f.fund_id and x.flow_id <> f.flow_id and x.order_kind = 'plain' and x.requested_at <= f.requested_at
        and (x.requested_at, x.flow_id) < (f.requested_at, f.flow_id) and x.parent_flow_id is null and x.status not in ('draft', 'rejected', 'cancelled', 'lapsed') order by x.requested_at desc limit 501) h))
    from (select (of_flow).*) f
    join public.investors i on i.investor_id = f.investor_id
    cross join lateral (select coalesce(evergreen.party_rule_facts(i.party_id), '{}') as facts) known
    join public.funds u on u.fund_id = f.fund_id
    left join public.share_classes c on c.share_class_id = f.share_class_id);
end $$;
comment on function evergreen.order_facts(public.fund_flows) is 'What rules may know of an order, as of the moment it was asked for: amounts in the fund''s currency, units at the last price; what is not known is absent.';

create or replace function public.fn_read_order_facts(dealing_day_id uuid default null, fund text default null, since timestamptz default null, until timestamptz default null, after uuid default null, max_orders int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  day public.dealing_days;
  of_fund uuid;
  found_orders jsonb;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'pm_role', 'ops_role', 'audit_role');
  perform evergreen.refuse_unless(num_nonnulls(dealing_day_id, fund) = 1 and max_orders between 1 and 5000, 'EG400', 'Name a dealing day, or a fund and a time; at most 5,000 orders at once.');
  if dealing_day_id is not null then
    select * into day from public.dealing_days d where d.dealing_day_id = fn_read_order_facts.dealing_day_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  else
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', f.flow_id, 'investor_id', f.investor_id, 'as_of', to_char(f.requested_at at time zone 'UTC', 'YYYY-MM-DD'), 'facts', evergreen.order_facts(f),
      'snoozed', (select coalesce(jsonb_agg(distinct z.pack || '/' || z.rule), '[]') from public.rule_snoozes z where z.until > now() and (z.entity_id = f.investor_id or z.entity_id = f.fund_id)),
      -- a person released the order after a rule of this version had held it
      'cleared', (select coalesce(jsonb_agg(distinct l.version_id), '[]') from public.compliance_logs l where l.entity_id = f.flow_id::text and l.version_id is not null
        and exists (select from public.order_transitions t where t.flow_id = f.flow_id and t.from_status = 'kyc_hold' and t.to_status = 'accepted' and t.created_at > l.created_at))) order by f.flow_id), '[]')
    into found_orders
    from (select x.* from public.fund_flows x
           where (case when day.dealing_day_id is not null then x.dealing_day_id = day.dealing_day_id and x.status in ('locked', 'priced')
                       else x.fund_id = of_fund and x.status <> 'draft' and x.requested_at >= coalesce(since, '-infinity') and x.requested_at < coalesce(until, 'infinity') end)
             and (after is null or x.flow_id > after) order by x.flow_id limit max_orders) f;
  return found_orders;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_order_facts(uuid, text, timestamptz, timestamptz, uuid, int) is
  'Facts of the orders of a dealing day, or of a fund between two times (for shadow runs over the past), by id after `after`. Returns [{flow_id, investor_id, as_of, facts, snoozed, cleared}]. EG400, EG404.';

create or replace function public.fn_record_rules(workflow_id text, results jsonb, shadows jsonb default '[]', dealing_day_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  pinned public.rule_pins;
  d public.dealing_days;
  held uuid[];
  applicants int;
  event uuid;
  one uuid;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  input := jsonb_build_object('workflow_id', workflow_id, 'results', results, 'shadows', shadows, 'dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_record_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(results) = 'array' and jsonb_typeof(shadows) = 'array' and jsonb_array_length(results) <= 50000 and jsonb_array_length(shadows) <= 50000, 'EG400', 'results and shadows are lists of verdicts.');
  perform evergreen.refuse_unless(octet_length(results::text) <= 67108864, 'EG413', 'results are larger than 64 MB.');
  select * into pinned from public.rule_pins p where p.workflow_id = fn_record_rules.workflow_id;
  perform evergreen.refuse_unless(found, 'EG404', 'That run has not looked at the rules yet.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(results) r where (r ->> 'outcome' in ('approve', 'review', 'block_and_review', 'decline')
      and r ->> 'entity_type' in ('fund_flows', 'investors', 'investors_pending_kyc', 'funds', 'proposals') and length(r ->> 'entity_id') between 1 and 100 and jsonb_typeof(r -> 'explain') = 'array') is not true),
    'EG400', 'A verdict is {entity_type, entity_id, version_id, outcome, explain}.');
  -- by the versions the run began with, and by no other
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(results) r where ((r ->> 'version_id')::uuid = any (pinned.version_ids)) is not true), 'EG428', 'A verdict is by another version than those of the run.');
  if dealing_day_id is not null then
    d := evergreen.lock_dealing_day(dealing_day_id);
    perform evergreen.refuse_unless(d.fund_id is not distinct from pinned.fund_id, 'EG428', 'The run is of another fund.');
  end if;
  insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, outcome, version_id, explain, entity_type, entity_id, detail, workflow_id)
  select pinned.fund_id, evergreen.actor(), v.pack, v.version::text, case r ->> 'outcome' when 'approve' then 'passed' when 'decline' then 'failed' else 'review' end, r ->> 'outcome', v.version_id, r -> 'explain',
         r ->> 'entity_type', r ->> 'entity_id', jsonb_build_object('rules', coalesce((select jsonb_agg(x ->> 'rule') from jsonb_array_elements(r -> 'explain') x where x ->> 'outcome' <> 'approve'), '[]')), pinned.workflow_id
    from jsonb_array_elements(results) r join public.rule_pack_versions v on v.version_id = (r ->> 'version_id')::uuid
   where not exists (select from public.compliance_logs l where l.workflow_id = pinned.workflow_id and l.entity_id = r ->> 'entity_id' and l.version_id = v.version_id and l.outcome = r ->> 'outcome');
  insert into public.rule_shadows (version_id, fund_id, entity_type, entity_id, workflow_id, live_outcome, outcome, rules)
  select v.version_id, pinned.fund_id, s ->> 'entity_type', s ->> 'entity_id', pinned.workflow_id, s ->> 'live_outcome', s ->> 'outcome', array(select jsonb_array_elements_text(s -> 'rules'))
    from jsonb_array_elements(shadows) s join public.rule_pack_versions v on v.version_id = (s ->> 'version_id')::uuid and v.status <> 'draft' on conflict do nothing;
  -- what is not approved leaves the day and waits for a person; the investor is not told why
  held := array(select f.flow_id from public.fund_flows f where d.dealing_day_id is not null and f.dealing_day_id = d.dealing_day_id and f.status in ('locked', 'priced')
    and f.flow_id in (select (r ->> 'entity_id')::uuid from jsonb_array_elements(results) r where r ->> 'entity_type' = 'fund_flows' and r ->> 'outcome' <> 'approve') order by f.flow_id);
  applicants := evergreen.hold_applicants(pinned.workflow_id, pinned.fund_id, results, request_id);
  event := evergreen.emit('RULES_CHECKED', pinned.fund_id, jsonb_build_object('checked', jsonb_array_length(results), 'held', cardinality(held) + applicants), evergreen.actor(), jsonb_build_object('workflow_id', pinned.workflow_id), '{}', request_id);
  foreach one in array held loop
    perform 1 from public.fund_flows f where f.flow_id = one or f.linked_flow_id = one order by f.flow_id for no key update;
    if exists (select from public.fund_flows f where f.flow_id = one and f.status in ('locked', 'priced')) then
      update public.fund_flows f set dealing_date = null, priced_at = null where f.flow_id = one or f.linked_flow_id = one;
      perform evergreen.move_order(one, 'kyc_hold', event, 'a compliance rule');
    end if;
  end loop;
  if cardinality(held) > 0 and d.status = 'allocated' then
    -- what was allocated counted on them: it is decided again
    delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
    update public.dealing_days x set status = 'lmt_decided' where x.dealing_day_id = d.dealing_day_id;
  end if;
  perform evergreen.audit(pinned.fund_id, 'rule_pins', pinned.workflow_id, 'rules checked: ' || jsonb_array_length(results) || ' verdicts, ' || cardinality(held) || ' orders held', request_id);
  answer := jsonb_build_object('recorded', jsonb_array_length(results), 'held', cardinality(held) + applicants);
  perform evergreen.keep_answer('fn_record_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_rules(text, jsonb, jsonb, uuid, text) is
  'Verdicts of a run with their trees, by the versions it began with; drafts beside them; orders of the named dealing day that are not approved are held, an applicant who is not gets a case. Returns {recorded, held}. EG400, EG404, EG413, EG428.';

-- from sql/6w-fn-rule-tests.sql
-- What rules ask about personal data, answered by KYC: who has to be answered for, the answers, and what rules may know of a party and of an applicant. The
-- answers say whether a test holds; the data they are about stays encrypted, and rules never see it.

create or replace function evergreen.personal_mark(of_party uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(md5(string_agg(p.value_id::text, ',' order by p.value_id)), '') from public.personal_values p
   where p.subject_id = of_party and p.superseded_at is null and p.field in ('country', 'nationality', 'born')
$$;
comment on function evergreen.personal_mark(uuid) is 'Changes whenever a personal fact that rules ask about is recorded or taken back; answers under another mark do not count.';

create or replace function evergreen.party_rule_facts(of_party uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_strip_nulls(jsonb_build_object(
      -- rules know persons, companies and trusts; what nobody has stated is not known
      'kind', case p.kind when 'partnership' then 'company' when 'foundation' then 'trust' when 'unstated' then null else p.kind end,
      'risk', case when p.risk_level <> 'unrated' then p.risk_level end,
      'screening', evergreen.screening_standing(p.party_id),
      -- declared either way; nothing declared is not known
      'pep', case when 'pep_declaration' = any (e.kinds) then true when 'no_pep_declaration' = any (e.kinds) then false end,
      'verified', coalesce(e.kinds && array['identity_document', 'registry_extract'], false),
      'tests', (select t.answers from public.party_tests t where t.party_id = p.party_id and t.mark = evergreen.personal_mark(p.party_id))))
    from public.parties p
    cross join lateral (select array_agg(distinct x.kind) as kinds from public.party_evidence x
      where x.party_id = p.party_id and x.dated_on <= evergreen.clock()::date and coalesce(x.expires_on >= evergreen.clock()::date, true)) e
   where p.party_id = of_party);
end $$;
comment on function evergreen.party_rule_facts(uuid) is 'What rules may know of a party: kind, risk, screening, declarations, and the answers of KYC about its personal data; what is not known is absent.';

create or replace function public.fn_read_tests_due(workflow_id text, dealing_day_id uuid default null, pending_id uuid default null, max_parties int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund uuid;
  roots uuid[];
  versions uuid[];
begin
  perform evergreen.require_role('agent_kyc');
  perform evergreen.refuse_unless(length(workflow_id) between 1 and 200 and num_nonnulls(dealing_day_id, pending_id) = 1 and max_parties between 1 and 5000, 'EG400',
    'Name a run, a dealing day or an application, and 1 to 5,000 parties.');
  if dealing_day_id is not null then
    select d.fund_id into of_fund from public.dealing_days d where d.dealing_day_id = fn_read_tests_due.dealing_day_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
    roots := array(select distinct i.party_id from public.fund_flows f join public.investors i on i.investor_id = f.investor_id
      where f.dealing_day_id = fn_read_tests_due.dealing_day_id and f.status in ('locked', 'priced'));
  else
    select p.fund_id, array[p.party_id] into of_fund, roots from public.investors_pending_kyc p where p.pending_id = fn_read_tests_due.pending_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  end if;
  -- what the run judges by, what is in force, and the drafts beside
  versions := array(select v.version_id from public.rule_pack_versions v where v.status = 'tested'
      or v.version_id = any ((select r.version_ids from public.rule_pins r where r.workflow_id = fn_read_tests_due.workflow_id)::uuid[])
      or v.version_id in (select f.version_id from evergreen.rules_in_force(of_fund, evergreen.clock()::date) f) order by v.version_id);
  return jsonb_build_object('as_of', evergreen.clock()::date,
    'versions', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.version_id) from public.rule_pack_versions v where v.version_id = any (versions)), '[]'),
    'parties', case when cardinality(versions) = 0 then '[]' else coalesce((
      select jsonb_agg(jsonb_build_object('party_id', b.party_id, 'kind', b.kind, 'mark', b.mark) order by b.party_id) from (
        select p.party_id, p.kind, evergreen.personal_mark(p.party_id) as mark
          from (select distinct x.party_id from unnest(roots) r cross join lateral evergreen.parties_behind(r) x (party_id)) w join public.parties p on p.party_id = w.party_id
         where not exists (select from public.party_tests t where t.party_id = p.party_id and t.answered_on = evergreen.clock()::date
           and t.version_ids @> versions and t.mark = evergreen.personal_mark(p.party_id))
         order by p.party_id limit max_parties) b), '[]') end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_tests_due(text, uuid, uuid, int) is
  'Whose personal data has to be asked about before the orders of a day or an application are judged: those not answered for today, by these versions and as the data is now. Returns {as_of, versions: [{version_id, hash, body}], parties: [{party_id, kind, mark}]}. EG400, EG404.';

create or replace function public.fn_record_party_tests(answers jsonb, version_ids uuid[], request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  kept int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('answers', answers, 'version_ids', version_ids);
  answer := evergreen.earlier_answer('fn_record_party_tests', request_id, input);
  if answer is not null then
    return (answer ->> 'parties')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(answers) = 'array' and jsonb_array_length(answers) between 1 and 5000 and octet_length(answers::text) <= 33554432, 'EG400', 'answers is a list of 1 to 5,000 parties.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(answers) a where (jsonb_typeof(a -> 'answers') = 'object'
      and a ->> 'party_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and a ->> 'mark' ~ '^([0-9a-f]{32})?$') is not true), 'EG400', 'Each of answers has party_id, mark and answers.');
  -- a name of a test and what it came to: nothing else can stand here
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(answers) a, jsonb_each(a -> 'answers') e
    where (e.key ~ '^[0-9a-f]{32}$' and jsonb_typeof(e.value) in ('boolean', 'null')) is not true), 'EG400', 'An answer is true, false or null under the name of its test.');
  perform evergreen.refuse_unless(cardinality(version_ids) between 1 and 1000 and not exists (select from unnest(version_ids) v (id)
    where not exists (select from public.rule_pack_versions x where x.version_id = v.id)), 'EG404', 'No version of a pack with that id.');
  -- nothing is known any more of whoever was erased, also not by an answer that was on its way
  perform 1 from public.subject_keys k where k.subject_id in (select (a ->> 'party_id')::uuid from jsonb_array_elements(answers) a) order by k.subject_id for share;
  insert into public.party_tests as t (party_id, answers, version_ids, mark, answered_on)
  select (a ->> 'party_id')::uuid, a -> 'answers', fn_record_party_tests.version_ids, a ->> 'mark', evergreen.clock()::date
    from jsonb_array_elements(fn_record_party_tests.answers) a join public.parties p on p.party_id = (a ->> 'party_id')::uuid
   where evergreen.subject_state(p.party_id) is distinct from 'destroyed' order by 1
  on conflict (party_id) do update set answers = excluded.answers, version_ids = excluded.version_ids, mark = excluded.mark, answered_on = excluded.answered_on, updated_at = now();
  get diagnostics kept = row_count;
  perform evergreen.audit(null, 'party_tests', 'answers', 'tests of personal data answered for ' || kept || ' parties', request_id);
  perform evergreen.keep_answer('fn_record_party_tests', request_id, input, jsonb_build_object('parties', kept));
  return kept;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_party_tests(jsonb, uuid[], text) is
  'What the tests of these versions come to for parties, as KYC says who may read their data: {party_id, mark, answers: {test: true, false or null}}. Returns how many parties. EG400, EG404.';

create or replace function public.fn_read_applicant_facts(pending_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  waiting public.investors_pending_kyc;
  behind uuid[];
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'ops_role', 'audit_role');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_read_applicant_facts.pending_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  select array_agg(b) into behind from evergreen.parties_behind(waiting.party_id) b;
  perform evergreen.refuse_unless(cardinality(behind) <= 5000, 'EG413', 'More than 5,000 parties stand behind the applicant.');
  return jsonb_build_object('pending_id', waiting.pending_id, 'fund_id', waiting.fund_id, 'party_id', waiting.party_id, 'as_of', evergreen.clock()::date,
    'investor', jsonb_strip_nulls(jsonb_build_object('classification', waiting.classification, 'tags', to_jsonb(waiting.eligibility_tags),
      'kycStatus', coalesce((select i.kyc_status from public.investors i where i.investor_id = waiting.investor_id), 'pending'),
      'sourceOfFunds', exists (select from public.party_evidence e where e.party_id = waiting.party_id and e.kind = 'source_of_funds'),
      'suitability', exists (select from public.party_evidence e where e.party_id = waiting.party_id and e.kind = 'suitability_test'))),
    'parties', (select jsonb_agg(jsonb_build_object('party_id', p.party_id, 'kind', p.kind, 'facts', evergreen.party_rule_facts(p.party_id)) order by p.party_id) from public.parties p where p.party_id = any (behind)),
    'links', coalesce((select jsonb_agg(jsonb_build_object('owner', l.owner_id, 'owned', l.owned_id, 'kind', l.kind, 'share', trim_scale(l.share)::text) order by l.owned_id, l.owner_id, l.kind)
      from evergreen.links_in_force(evergreen.clock()::date) l where l.owned_id = any (behind)), '[]'),
    'snoozed', (select coalesce(jsonb_agg(distinct z.pack || '/' || z.rule), '[]') from public.rule_snoozes z where z.until > now() and z.entity_id = waiting.investor_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_applicant_facts(uuid) is
  'What rules may know of an applicant and of everybody behind: kinds, standings, declarations and answers, no personal data. Returns {pending_id, fund_id, party_id, as_of, investor, parties, links, snoozed}. EG404, EG413.';

create or replace function evergreen.hold_applicants(of_run text, of_fund uuid, results jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
  matter text;
begin
  for who in
    select p.pending_id, p.party_id, bool_or(r ->> 'outcome' = 'decline') as declined,
           string_agg(distinct v.pack || '/' || (x ->> 'rule'), ', ' order by v.pack || '/' || (x ->> 'rule')) as rules,
           md5(string_agg(distinct v.version_id || '/' || (x ->> 'rule') || '/' || (x ->> 'state'), ',' order by v.version_id || '/' || (x ->> 'rule') || '/' || (x ->> 'state'))) as which
      from jsonb_array_elements(results) r
      join public.rule_pack_versions v on v.version_id = (r ->> 'version_id')::uuid
      join public.investors_pending_kyc p on p.pending_id::text = r ->> 'entity_id'
      cross join lateral jsonb_array_elements(r -> 'explain') x
     where r ->> 'entity_type' = 'investors_pending_kyc' and r ->> 'outcome' <> 'approve' and x ->> 'outcome' <> 'approve'
     group by p.pending_id, p.party_id order by p.pending_id
  loop
    matter := 'rules/' || who.pending_id || '/' || who.which;
    -- a person has let exactly this pass before
    continue when exists (select from public.cases c where c.dedupe_key = matter and c.status = 'decided' and c.outcome = 'false_match');
    n := n + 1;
    -- decided against the applicant: it stays so, nobody is asked twice
    continue when exists (select from public.cases c where c.dedupe_key = matter and c.status = 'decided');
    perform evergreen.open_case('kyc', case when who.declined then 'critical' else 'warning' end, who.party_id, left('rules: ' || who.rules, 200), '[]', of_fund, matter, request_id);
  end loop;
  return n;
end $$;
comment on function evergreen.hold_applicants(text, uuid, jsonb, text) is
  'Opens a case for each applicant whom rules do not approve, unless a person has let the same rules of the same versions pass. Returns how many are held.';

-- from sql/6w-fn-watchlists.sql
-- Lists that parties are screened against: versions that are published, held or refused, and entries whose change from one version to the next is rows.

create or replace function evergreen.watchlist_trouble() returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(
    (select case when v.version_id is null then format('The list %s has no version yet; nobody is cleared.', w.source)
                 else format('The list %s was last confirmed %s hours ago, more than the %s it may be old; nobody is cleared.', w.source,
                        floor(extract(epoch from evergreen.clock() - v.fetched_at) / 3600), w.max_age_hours) end
       from public.watchlists w left join public.watchlist_versions v on v.list_id = w.list_id and v.status = 'current'
      where w.active and (v.version_id is null or v.fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours))
      order by w.source limit 1),
    case when not exists (select from public.watchlists w where w.active) then 'No list is active; nobody is cleared.' end)
$$;
comment on function evergreen.watchlist_trouble() is 'Why nobody may be cleared on the lists as they are, in one sentence, or null.';

create or replace function evergreen.watchlist_answer(v public.watchlist_versions, status text) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('version_id', v.version_id, 'status', status, 'reason', v.reason, 'ordinal', v.ordinal, 'rows', v.rows, 'added', v.added, 'changed', v.changed, 'removed', v.removed)
$$;
comment on function evergreen.watchlist_answer(public.watchlist_versions, text) is 'What publishing a version answers.';

create or replace function evergreen.install_watchlist(v public.watchlist_versions, entries jsonb, request_id text) returns public.watchlist_versions
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  next_ordinal int := coalesce((select max(x.ordinal) from public.watchlist_versions x where x.list_id = v.list_id), 0) + 1;
  gone int;
  fresh int;
  altered int;
begin
  -- the planner takes a list in json for a hundred rows, and would go through it once per entry
  perform set_config('enable_nestloop', 'off', true);
  update public.watchlist_entries e set removed_in = next_ordinal
   where e.list_id = v.list_id and e.removed_in is null
     and not exists (select from jsonb_to_recordset(entries) as g (id text, hash text) where g.id = e.external_id and g.hash = e.entry_hash);
  get diagnostics gone = row_count;
  insert into public.watchlist_entries (list_id, external_id, entry_hash, body, added_in)
  select v.list_id, g.id, g.hash, g.body, next_ordinal from jsonb_to_recordset(entries) as g (id text, hash text, body jsonb)
   where not exists (select from public.watchlist_entries e where e.list_id = v.list_id and e.removed_in is null and e.external_id = g.id);
  get diagnostics fresh = row_count;
  select count(*) into altered from public.watchlist_entries n join public.watchlist_entries o
      on o.list_id = n.list_id and o.external_id = n.external_id and o.removed_in = next_ordinal
   where n.list_id = v.list_id and n.added_in = next_ordinal;
  perform set_config('enable_nestloop', 'on', true);
  update public.watchlist_versions x set status = 'superseded' where x.list_id = v.list_id and x.status = 'current';
  -- what still waits for people was compared with a list that is no longer the current one
  update public.watchlist_versions x set status = 'refused' where x.list_id = v.list_id and x.status = 'held' and x.version_id <> v.version_id;
  delete from public.watchlist_held h using public.watchlist_versions x where x.version_id = h.version_id and x.list_id = v.list_id;
  update public.watchlist_versions x
     set status = 'current', ordinal = next_ordinal, added = fresh - altered, changed = altered, removed = gone - altered
   where x.version_id = v.version_id returning x.* into v;
  perform evergreen.announce_watchlist(v, request_id);
  return v;
end $$;
comment on function evergreen.install_watchlist(public.watchlist_versions, jsonb, text) is
  'Makes a version the current one of its list: entries that are gone end with it, new and changed ones begin with it. The caller holds the lock of the list.';

create or replace function evergreen.announce_watchlist(v public.watchlist_versions, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.emit('LIST_PUBLISHED', null, jsonb_build_object('list_id', v.list_id, 'version_id', v.version_id, 'rows', v.rows, 'added', v.added, 'changed', v.changed, 'removed', v.removed),
    evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('list published: version %s, sha256 %s, %s rows, %s added, %s changed, %s removed',
    v.ordinal, v.sha256, v.rows, v.added, v.changed, v.removed), request_id);
end $$;
comment on function evergreen.announce_watchlist(public.watchlist_versions, text) is 'The event and the audit entry of a list that may be used from now on.';

create or replace function public.fn_set_watchlist(source text, title text, format text, address text default null, active boolean default true, max_age_hours int default 24, shrink_limit numeric default 0.05,
  request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('source', source, 'title', title, 'format', format, 'address', address, 'active', active, 'max_age_hours', max_age_hours, 'shrink_limit', shrink_limit::text);
  answer := evergreen.earlier_answer('fn_set_watchlist', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(source ~ '^[a-z][a-z0-9-]{1,39}$' and length(title) between 1 and 200 and format in ('ofac-csv', 'eu-xml', 'un-xml', 'uk-csv', 'uk-xml', 'own-csv', 'opensanctions-csv', 'ftm-json', 'yente'), 'EG400',
    'source is a word of a-z, 0-9 and -, title has 1 to 200 characters, format is one of ofac-csv, eu-xml, un-xml, uk-csv, uk-xml, own-csv, opensanctions-csv, ftm-json, yente.');
  perform evergreen.refuse_unless(address is null or (length(address) between 1 and 1000 and address !~ '[[:cntrl:]]'), 'EG400', 'address is a URL or a path of at most 1,000 characters, or absent.');
  perform evergreen.refuse_unless(active is not null and max_age_hours between 1 and 168 and shrink_limit between 0 and 0.2, 'EG400',
    'A list may be 1 to 168 hours old and shrink by 0 to 0.2 of its rows.');
  -- one after the other: a list that is set while another is published waits for it
  perform pg_advisory_xact_lock(hashtextextended('evergreen.watchlists', 0));
  select * into w from public.watchlists x where x.source = fn_set_watchlist.source for no key update;
  if found then
    perform evergreen.refuse_unless(active or not w.active or w.set_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever set a list cannot switch it off.');
    perform evergreen.refuse_unless(w.format = fn_set_watchlist.format, 'EG428', 'The format of a list does not change; set another list.');
    update public.watchlists x set title = fn_set_watchlist.title, address = fn_set_watchlist.address, active = fn_set_watchlist.active, max_age_hours = fn_set_watchlist.max_age_hours,
        shrink_limit = fn_set_watchlist.shrink_limit, set_by = evergreen.actor()
     where x.list_id = w.list_id returning x.* into w;
  else
    insert into public.watchlists (source, title, format, address, active, max_age_hours, shrink_limit, set_by)
    values (source, title, format, address, active, max_age_hours, shrink_limit, evergreen.actor()) returning * into w;
  end if;
  perform evergreen.emit('WATCHLIST_SET', null, jsonb_build_object('list_id', w.list_id, 'source', w.source, 'active', w.active), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', w.list_id::text, format('list set: %s, %s, at most %s hours old, may shrink by %s', w.source, case when w.active then 'active' else 'off' end, w.max_age_hours, trim_scale(w.shrink_limit)), request_id);
  answer := jsonb_build_object('list_id', w.list_id, 'source', w.source, 'active', w.active);
  perform evergreen.keep_answer('fn_set_watchlist', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_watchlist(text, text, text, text, boolean, int, numeric, text) is
  'Adds a list or changes where it is from, how many hours old it may be (1 to 168) and by which share of its rows it may shrink at once (0 to 0.2). Whoever set it last cannot switch it off. EG400, EG409, EG420, EG428 another format.';

create or replace function public.fn_request_list_refresh(source text, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
  id uuid;
begin
  perform evergreen.require_role('ops_role', 'service_role', 'agent_kyc');
  input := jsonb_build_object('source', source);
  answer := evergreen.earlier_answer('fn_request_list_refresh', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into w from public.watchlists x where x.source = fn_request_list_refresh.source;
  perform evergreen.refuse_unless(found, 'EG404', 'No list of that name; `lists show` names them.');
  perform evergreen.refuse_unless(w.active, 'EG428', 'The list is switched off.');
  perform evergreen.refuse_unless(w.address is not null, 'EG428', 'The list has no address: give its file, or set one.');
  id := evergreen.emit('LIST_REFRESH_REQUESTED', null, jsonb_build_object('list_id', w.list_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', w.list_id::text, 'refresh asked for', request_id);
  answer := jsonb_build_object('list_id', w.list_id, 'event_id', id);
  perform evergreen.keep_answer('fn_request_list_refresh', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_list_refresh(text, text) is 'Asks for a list to be fetched from its address now. EG404, EG409, EG428 switched off or without address.';

create or replace function public.fn_publish_watchlist(source text, entries jsonb, file_hash text, fetched_at timestamptz, label text default null, published_on date default null, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
  now_current public.watchlist_versions;
  v public.watchlist_versions;
  n int;
  why text;
  was_old boolean;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('source', source, 'entries', encode(sha256(convert_to(entries::text, 'UTF8')), 'hex'), 'file_hash', file_hash, 'fetched_at', fetched_at, 'label', label, 'published_on', published_on);
  answer := evergreen.earlier_answer('fn_publish_watchlist', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(file_hash ~ '^[0-9a-f]{64}$' and (label is null or length(label) between 1 and 100), 'EG400', 'file_hash is the sha256 of the bytes in hex; label has at most 100 characters.');
  perform evergreen.refuse_unless(isfinite(fetched_at) and fetched_at <= evergreen.clock() + interval '5 minutes' and (published_on is null or (isfinite(published_on) and published_on <= evergreen.clock()::date + 1)), 'EG400',
    'fetched_at and published_on are times that have come.');
  perform evergreen.refuse_unless(jsonb_typeof(entries) = 'array', 'EG400', 'entries is a list.');
  n := jsonb_array_length(entries);
  perform evergreen.refuse_unless(n <= 500000, 'EG413', 'A list has at most 500,000 entries.');
  -- one after the other, and never while a check is being recorded: it holds the list as it is
  select * into w from public.watchlists x where x.source = fn_publish_watchlist.source for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No list of that name; `lists show` names them.');
  perform evergreen.refuse_unless(w.active, 'EG428', 'The list is switched off.');
  select * into now_current from public.watchlist_versions x where x.list_id = w.list_id and x.status = 'current' for no key update;
  if now_current.sha256 = file_hash then
    was_old := now_current.fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours);
    update public.watchlist_versions x set fetched_at = greatest(x.fetched_at, fn_publish_watchlist.fetched_at) where x.version_id = now_current.version_id returning x.* into v;
    if was_old and v.fetched_at >= evergreen.clock() - make_interval(hours => w.max_age_hours) then
      -- whoever could not be cleared while it was old is looked at again
      perform evergreen.announce_watchlist(v, request_id);
    else
      perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, 'list confirmed: no change since version ' || v.ordinal, request_id);
    end if;
    answer := evergreen.watchlist_answer(v, 'unchanged');
    perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
    return answer;
  end if;
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(entries) g (one)
      where (length(g.one ->> 'id') between 1 and 200 and g.one ->> 'hash' ~ '^[0-9a-f]{64}$' and jsonb_typeof(g.one -> 'body') = 'object') is not true), 'EG400',
    'Each entry has an id of 1 to 200 characters, a hash of 64 hexadecimal digits and a body.');
  perform evergreen.refuse_unless(n = (select count(distinct g.id) from jsonb_to_recordset(entries) as g (id text)), 'EG400', 'An entry stands twice in the list.');
  why := case when n = 0 then 'empty'
    when fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours) then 'old'
    when published_on < now_current.published_on then 'older'
    when n < now_current.rows * (1 - w.shrink_limit) then 'shrunken' end;
  if why is not null then
    select * into v from public.watchlist_versions x where x.list_id = w.list_id and x.sha256 = file_hash and x.status in ('held', 'refused') and x.reason = why and x.recorded_at >= coalesce(now_current.recorded_at, '-infinity')
     order by x.recorded_at desc limit 1;
    if found then
      -- the same file for the same reason: said once, waited for once
      answer := evergreen.watchlist_answer(v, v.status);
      perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
      return answer;
    end if;
  end if;
  insert into public.watchlist_versions (list_id, label, published_on, sha256, rows, status, reason, fetched_at, recorded_by)
  values (w.list_id, label, published_on, file_hash, n, case when why is null then 'superseded' when why = 'shrunken' then 'held' else 'refused' end, why, fetched_at, evergreen.actor()) returning * into v;
  if why is null then
    v := evergreen.install_watchlist(v, entries, request_id);
  else
    if why = 'shrunken' then
      update public.watchlist_versions x set status = 'refused' where x.list_id = w.list_id and x.status = 'held' and x.version_id <> v.version_id;
      delete from public.watchlist_held h using public.watchlist_versions x where x.version_id = h.version_id and x.list_id = w.list_id;
      insert into public.watchlist_held (version_id, entries) values (v.version_id, entries);
    end if;
    perform evergreen.emit('LIST_REFUSED', null, jsonb_build_object('list_id', w.list_id, 'version_id', v.version_id, 'reason', why), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('list refused as %s: sha256 %s, %s rows against %s', why, file_hash, n, coalesce(now_current.rows, 0)), request_id);
  end if;
  answer := evergreen.watchlist_answer(v, v.status);
  perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_publish_watchlist(text, jsonb, text, timestamptz, text, date, text) is
  'Takes a list in: entries = [{id, hash, body}], file_hash = sha256 of the bytes, fetched_at = when its source said that this is the list. Status current, unchanged (the same bytes: confirmed), held (shrunken: two people accept it) or refused (empty, old: fetched too long ago, older: published before the current one). EG400, EG404, EG409, EG413, EG428.';

create or replace function public.fn_accept_watchlist_version(version_id uuid, reason text, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.watchlist_versions;
  given jsonb;
  people int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('version_id', version_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_accept_watchlist_version', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  -- the list first, as whoever publishes takes it
  perform 1 from public.watchlists w where w.list_id = (select x.list_id from public.watchlist_versions x where x.version_id = fn_accept_watchlist_version.version_id) for no key update;
  select * into v from public.watchlist_versions x where x.version_id = fn_accept_watchlist_version.version_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a list with that id.');
  perform evergreen.refuse_unless(v.status = 'held', 'EG428', 'Only a version that is held because the list shrank is accepted.');
  perform evergreen.refuse_unless(not exists (select from public.watchlist_acceptances a where a.version_id = v.version_id and a.accepted_by = evergreen.actor()), 'EG420',
    'Four eyes: you have accepted it; a second person has to.');
  insert into public.watchlist_acceptances (version_id, accepted_by, reason) values (v.version_id, evergreen.actor(), reason);
  select count(*) into people from public.watchlist_acceptances a where a.version_id = v.version_id;
  perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('shrunken list accepted by %s of 2', people), request_id);
  if people >= 2 then
    select h.entries into given from public.watchlist_held h where h.version_id = v.version_id;
    v := evergreen.install_watchlist(v, given, request_id);
  end if;
  answer := evergreen.watchlist_answer(v, v.status) || jsonb_build_object('accepted', people);
  perform evergreen.keep_answer('fn_accept_watchlist_version', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_accept_watchlist_version(uuid, text, text) is 'One person accepts a list that shrank by more than its limit; the second one makes it current. EG400, EG404, EG409, EG420 the same person twice, EG428 not held.';

-- from sql/6z-fn-describe.sql
-- What people and their programs can reach, read from the database's own catalogue: nothing to keep in step by hand.

create or replace function public.fn_describe_api() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with people (role) as (values ('pm_role'::name), ('lp_role'), ('ops_role'), ('audit_role'))
  select jsonb_build_object(
    'functions', coalesce((select jsonb_agg(jsonb_build_object('name', p.proname, 'comment', obj_description(p.oid, 'pg_proc'), 'roles', r.roles) order by p.proname)
      from pg_proc p
      cross join lateral (select jsonb_agg(w.role order by w.role) as roles from people w where has_function_privilege(w.role, p.oid, 'execute')) r
     where p.pronamespace = 'public'::regnamespace and p.proname like 'fn\_%' and r.roles is not null), '[]'::jsonb),
    'relations', coalesce((select jsonb_agg(jsonb_build_object('name', c.relname, 'kind', case c.relkind when 'v' then 'view' else 'table' end,
        'comment', obj_description(c.oid, 'pg_class'), 'roles', r.roles, 'columns', k.columns) order by c.relname)
      from pg_class c
      cross join lateral (select jsonb_agg(w.role order by w.role) as roles from people w where has_any_column_privilege(w.role, c.oid, 'select')) r
      cross join lateral (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, null), 'nullable', not a.attnotnull,
          'comment', col_description(c.oid, a.attnum)) order by a.attnum) as columns
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         and exists (select from people w where has_column_privilege(w.role, c.oid, a.attnum, 'select'))) k
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and r.roles is not null), '[]'::jsonb))
$$;
comment on function public.fn_describe_api() is
  'Each function that people may call and each table and view that they may select from, with comments, columns and roles. Rows are bound by row-level security besides.';

-- from sql/70-policies.sql
-- Who may read what. Writes are bound by grants alone (nobody holds any); these policies are for reads.
-- The first list is the whole truth for staff, agents and the service; LPs have policies of their own below.
create or replace function evergreen.apply_read_access() returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  t record;
  staff constant text := 'pm_role, ops_role, audit_role';
  agents constant text := 'agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization';
  granted text;
begin
  for t in select c.relname as name from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> '_prisma_migrations' loop
    execute format('alter table public.%I owner to evergreen_owner', t.name);
    execute format('alter table public.%I enable row level security', t.name);
    execute format('alter table public.%I force row level security', t.name);
    execute format('revoke all on public.%I from public, anon, authenticated, service_role, demo_role, lp_role, evergreen_app, evergreen_api, evergreen_readonly, %s, %s', t.name, staff, agents);
    execute format('drop policy if exists owner__all on public.%I', t.name);
    execute format('create policy owner__all on public.%I to evergreen_owner using (true) with check (true)', t.name);
    execute format('drop policy if exists staff__select on public.%I', t.name);
  end loop;
  for t in select * from (values
    ('currencies',             'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('funds',                  'pm_role, ops_role, audit_role, service_role, ' || agents),
    ('share_classes',          'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_simulation'),
    ('assets',                 'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_simulation, agent_tokenization'),
    ('asset_snapshots',        'pm_role, ops_role, audit_role, agent_risk_guardian, agent_simulation'),
    ('portfolio_allocations',  'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('mandates',               'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_compliance_sentinel, agent_simulation, agent_liquidity_engine, agent_risk_guardian'),
    ('liquidity_ladder',       'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_risk_guardian, agent_simulation'),
    ('liquidity_reservations', 'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine'),
    ('reported_flows',         'pm_role, ops_role, audit_role, agent_rebalancing, agent_liquidity_engine, agent_simulation'),
    ('fund_sensitivities',     'pm_role, ops_role, audit_role, agent_simulation'),
    ('investors',              'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('investors_pending_kyc',  'pm_role, ops_role, audit_role, agent_kyc'),
    ('parties',                'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('party_links',            'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('party_evidence',         'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('kyc_policies',           'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('cases',                  'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('case_candidates',        'pm_role, ops_role, audit_role, agent_kyc, agent_compliance_sentinel'),
    ('case_decisions',         'pm_role, ops_role, audit_role, agent_kyc'),
    ('case_notes',             'pm_role, ops_role, audit_role'),
    ('investor_access',        'ops_role, audit_role'),
    ('fund_flows',             'pm_role, ops_role, audit_role, agent_commander, agent_kyc, agent_liquidity_engine, agent_simulation'),
    ('event_types',            'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('fund_events',            'pm_role, ops_role, audit_role, service_role, ' || agents),
    ('event_investors',        'pm_role, ops_role, audit_role, agent_kyc, agent_simulation'),
    ('event_outbox',           'pm_role, ops_role, audit_role, service_role'),
    ('event_batches',          'pm_role, ops_role, audit_role, service_role, agent_kyc'),
    ('workflow_runs',          'pm_role, ops_role, audit_role, service_role, agent_commander'),
    ('proposals',              'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel'),
    ('proposal_checks',        'pm_role, ops_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel'),
    ('approvals',              'pm_role, ops_role, audit_role, agent_commander'),
    ('commands',               'audit_role'),
    ('audit_trail',            'pm_role, ops_role, audit_role, service_role'),
    ('audit_blocks',           'pm_role, ops_role, audit_role, service_role'),
    ('audit_cursor',           'pm_role, ops_role, audit_role, service_role'),
    ('compliance_logs',        'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('rule_packs',             'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_pack_versions',     'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_tests',             'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_approvals',         'pm_role, ops_role, audit_role'),
    ('party_tests',            'audit_role, agent_kyc'),
    ('rule_pins',              'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_snoozes',           'pm_role, ops_role, audit_role, agent_compliance_sentinel'),
    ('rule_shadows',           'pm_role, ops_role, audit_role'),
    ('breaches',               'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_rebalancing, agent_risk_guardian'),
    ('obligations',            'pm_role, ops_role, audit_role'),
    ('risk_alerts',            'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian'),
    ('tokenization_actions',   'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('agent_memories',         'pm_role, audit_role, ' || agents),
    ('memory_nodes',           'pm_role, audit_role, ' || agents),
    ('memory_edges',           'pm_role, audit_role, ' || agents),
    ('dealing_policies',       'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('lmt_policies',           'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('credit_lines',           'pm_role, ops_role, audit_role, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('lmt_activations',        'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian'),
    ('calendar_holidays',      'pm_role, ops_role, audit_role, lp_role, service_role, ' || agents),
    ('dealing_days',           'pm_role, ops_role, audit_role, service_role, agent_commander, agent_liquidity_engine, agent_kyc, agent_risk_guardian, agent_tokenization'),
    ('order_transitions',      'pm_role, ops_role, audit_role, agent_commander, agent_kyc'),
    ('order_leaves',           'pm_role, ops_role, audit_role, agent_commander'),
    ('nav_strikes',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_risk_guardian, agent_simulation'),
    ('nav_inputs',             'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian, agent_simulation'),
    ('class_navs',             'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_risk_guardian, agent_simulation'),
    ('series_navs',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('allocations',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_tokenization'),
    ('ledger_transactions',    'pm_role, ops_role, audit_role, agent_commander'),
    ('unit_ledger',            'pm_role, ops_role, audit_role, agent_commander, agent_tokenization'),
    ('cash_movements',         'pm_role, ops_role, audit_role, agent_commander'),
    ('lots',                   'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('holdings',               'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_simulation, agent_tokenization'),
    ('cash_balances',          'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('statements',             'pm_role, ops_role, audit_role, agent_commander'),
    ('class_marks',            'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine'),
    ('in_kind_deliveries',     'pm_role, ops_role, audit_role, agent_commander'),
    ('import_batches',         'pm_role, ops_role, audit_role'),
    ('import_rows',            'pm_role, ops_role, audit_role'),
    ('bank_accounts',          'pm_role, ops_role, audit_role'),
    ('payment_files',          'pm_role, ops_role, audit_role'),
    ('payment_lines',          'pm_role, ops_role, audit_role'),
    ('restatements',           'pm_role, ops_role, audit_role, agent_commander'),
    ('compensations',          'pm_role, ops_role, audit_role, agent_commander'),
    ('beneficial_owners',      'pm_role, ops_role, audit_role, agent_kyc'),
    ('certain_inflows',        'pm_role, ops_role, audit_role'),
    ('repurchase_offers',      'pm_role, ops_role, audit_role'),
    ('authority_notices',      'pm_role, ops_role, audit_role'),
    ('market_series',          'pm_role, ops_role, audit_role, agent_simulation'),
    ('market_imports',         'pm_role, ops_role, audit_role, agent_simulation'),
    ('market_data',            'pm_role, ops_role, audit_role, agent_simulation'),
    ('market_held',            'pm_role, ops_role, audit_role'),
    ('esg_ratings',            'pm_role, ops_role, audit_role, agent_simulation'),
    ('data_quality_results',   'pm_role, ops_role, audit_role, agent_simulation, agent_risk_guardian'),
    ('roll_forwards',          'pm_role, ops_role, audit_role'),
    ('asset_payments',         'pm_role, ops_role, audit_role'),
    ('stress_scenarios',       'pm_role, ops_role, audit_role, service_role, agent_simulation, agent_liquidity_engine, agent_risk_guardian, agent_commander'),
    ('stress_runs',            'pm_role, ops_role, audit_role, service_role, agent_simulation, agent_liquidity_engine, agent_risk_guardian, agent_commander'),
    ('stress_outcomes',        'pm_role, ops_role, audit_role, service_role, agent_simulation, agent_liquidity_engine, agent_risk_guardian, agent_commander'),
    ('stress_shards',          'pm_role, ops_role, audit_role, service_role, agent_simulation'),
    ('watchlists',             'pm_role, ops_role, audit_role, agent_kyc, agent_commander'),
    ('watchlist_versions',     'pm_role, ops_role, audit_role, agent_kyc'),
    ('watchlist_acceptances',  'pm_role, ops_role, audit_role'),
    ('watchlist_held',         'audit_role'),
    ('watchlist_entries',      'pm_role, ops_role, audit_role, agent_kyc'),
    ('screening_subjects',     'ops_role, audit_role, agent_kyc'),
    ('screening_checks',       'ops_role, audit_role, agent_kyc'),
    ('screening_check_lists',  'ops_role, audit_role, agent_kyc'),
    ('screening_candidates',   'ops_role, audit_role, agent_kyc'),
    ('screening_clearances',   'ops_role, audit_role, agent_kyc'),
    ('screening_rescreens',    'pm_role, ops_role, audit_role, agent_kyc'),
    ('trace_spans',            'pm_role, ops_role, audit_role'),
    ('retention_policies',     'pm_role, ops_role, audit_role, service_role, agent_simulation'),
    ('legal_holds',            'pm_role, ops_role, audit_role'),
    ('subject_keys',           'audit_role'),
    ('personal_values',        'audit_role'),
    ('documents',              'ops_role, audit_role, agent_kyc'),
    ('personal_accesses',      'audit_role'),
    ('subject_holds',          'pm_role, ops_role, audit_role'),
    ('subject_tombstones',     'pm_role, ops_role, audit_role, service_role'),
    ('retention_archives',     'pm_role, ops_role, audit_role, service_role, agent_simulation'),
    ('platform_settings',      'pm_role, ops_role, audit_role, service_role, ' || agents)
  ) as access (name, readers) loop
    -- the diagnostic login reads what an auditor reads; named, because what a login inherits differs between Postgres 15 and 16
    t.readers := replace(t.readers, 'audit_role', 'audit_role, evergreen_readonly');
    execute format('grant select on public.%I to %s', t.name, t.readers);
    execute format('create policy staff__select on public.%I for select to %s using (true)', t.name, t.readers);
  end loop;
end $$;
comment on function evergreen.apply_read_access() is 'Puts ownership, row-level security, grants and staff policies in place; called by migrations only.';
select evergreen.apply_read_access();

-- What an LP sees: their own investors, orders and events, the funds they are in, and assets flagged for them.
grant select on public.funds, public.share_classes, public.assets, public.asset_snapshots, public.investors, public.investor_access,
  public.fund_flows, public.fund_events, public.event_investors, public.allocations, public.lots, public.holdings, public.cash_movements, public.cash_balances,
  public.class_navs, public.in_kind_deliveries, public.statements, public.compensations, public.repurchase_offers to lp_role;
-- what the policies below read as the LP
grant select on evergreen.caller, evergreen.my_investors to lp_role;
drop policy if exists lp__select_own on public.funds;
create policy lp__select_own on public.funds for select to lp_role using (fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_own on public.share_classes;
create policy lp__select_own on public.share_classes for select to lp_role using (fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_visible on public.assets;
create policy lp__select_visible on public.assets for select to lp_role using (lp_visible and fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_visible on public.asset_snapshots;
create policy lp__select_visible on public.asset_snapshots for select to lp_role
  using (scenario_id = '' and asset_id = any (array(select evergreen.visible_asset_ids())));
drop policy if exists lp__select_own on public.investors;
create policy lp__select_own on public.investors for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.investor_access;
create policy lp__select_own on public.investor_access for select to lp_role using (user_id = (select c.user_id from evergreen.caller c));
drop policy if exists lp__select_own on public.fund_flows;
create policy lp__select_own on public.fund_flows for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.fund_events;
create policy lp__select_own on public.fund_events for select to lp_role using (event_id = any (array(select evergreen.my_event_ids())));
drop policy if exists lp__select_own on public.event_investors;
create policy lp__select_own on public.event_investors for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
-- their own fills, lots, holdings and cash; prices only once they are struck
drop policy if exists lp__select_own on public.allocations;
create policy lp__select_own on public.allocations for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.lots;
create policy lp__select_own on public.lots for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.holdings;
create policy lp__select_own on public.holdings for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.cash_movements;
create policy lp__select_own on public.cash_movements for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.cash_balances;
create policy lp__select_own on public.cash_balances for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.statements;
create policy lp__select_own on public.statements for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.in_kind_deliveries;
create policy lp__select_own on public.in_kind_deliveries for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_own on public.repurchase_offers;
create policy lp__select_own on public.repurchase_offers for select to lp_role using (fund_id = any (array(select evergreen.my_fund_ids())));
drop policy if exists lp__select_own on public.compensations;
create policy lp__select_own on public.compensations for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));
drop policy if exists lp__select_struck on public.class_navs;
create policy lp__select_struck on public.class_navs for select to lp_role
  using (published_at is not null and share_class_id = any (array(select evergreen.my_class_ids())));

-- Views follow the tables they read.
revoke all on public.subscriptions, public.redemptions from public, anon, authenticated, service_role, demo_role, evergreen_app, evergreen_api;
grant select on public.subscriptions, public.redemptions to pm_role, ops_role, audit_role, evergreen_readonly, lp_role;
alter view public.subscriptions owner to evergreen_owner;
alter view public.redemptions owner to evergreen_owner;
revoke all on public.market_observations, public.mark_metrics from public, anon, authenticated, service_role, demo_role, evergreen_app, evergreen_api;
grant select on public.market_observations, public.mark_metrics to pm_role, ops_role, audit_role, evergreen_readonly, agent_simulation;
alter view public.market_observations owner to evergreen_owner;
alter view public.mark_metrics owner to evergreen_owner;

-- from sql/80-grants.sql
-- Who may call what. Nobody can by default; the second list repeats, as grants, what each function checks in its first lines.
do $$
declare
  f record;
begin
  for f in select p.oid::regprocedure as signature, n.nspname as schema from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where n.nspname = 'evergreen' or (n.nspname = 'public' and p.proname like 'fn\_%') loop
    execute format('alter function %s owner to evergreen_owner', f.signature);
    execute format('revoke all on function %s from public, anon, authenticated, service_role', f.signature);
  end loop;
  for f in select * from (values
    ('fn_record_event(text,jsonb,text,text,text,uuid,uuid[])', 'pm_role, ops_role, service_role, agent_commander, agent_liquidity_engine, agent_simulation, agent_risk_guardian, agent_compliance_sentinel'),
    ('fn_claim_events(text,int,int)', 'service_role'),
    ('fn_finish_events(bigint[])', 'service_role'),
    ('fn_fail_event(bigint,text,int)', 'service_role'),
    ('fn_release_events(bigint[])', 'service_role'),
    ('fn_claim_batch(text,int,int)', 'service_role'),
    ('fn_fail_batch(uuid,text,int)', 'service_role'),
    ('fn_retry_event(uuid,text)', 'pm_role, ops_role'),
    ('fn_compare_runs(jsonb,timestamptz)', 'service_role, ops_role'),
    ('fn_halt_writes(jsonb,text)', 'service_role'),
    ('fn_resume_writes(text,text)', 'ops_role'),
    ('fn_place_legal_hold(uuid,text,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_lift_legal_hold(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_plan_retention()', 'ops_role, audit_role, service_role, agent_simulation'),
    ('fn_read_archivable(text,uuid,date)', 'service_role, agent_simulation'),
    ('fn_retire_events(uuid,date,bigint,text,jsonb,text)', 'ops_role, service_role'),
    ('fn_retire_snapshots(uuid,date,bigint,text,jsonb,text)', 'ops_role, service_role'),
    ('fn_open_subject(uuid,text,text,text)', 'ops_role, agent_kyc'),
    ('fn_put_personal(uuid,jsonb,text)', 'ops_role, agent_kyc'),
    ('fn_read_personal(uuid[],text[],text)', 'ops_role, audit_role, agent_kyc, lp_role'),
    ('fn_find_subjects(text,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_put_document(uuid,uuid,text,text,bigint,text,text,text)', 'ops_role, agent_kyc'),
    ('fn_read_document(uuid,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_list_subject_keys(text,uuid,int)', 'ops_role, service_role'),
    ('fn_rotate_subject_keys(jsonb,text)', 'ops_role, service_role'),
    ('fn_hold_subject(uuid,text,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_release_subject(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_request_erasure(uuid,text,text)', 'ops_role, lp_role'),
    ('fn_refuse_erasure(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_erasure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_erase_subject(uuid,jsonb,text)', 'pm_role, ops_role'),
    ('fn_repeat_erasures(jsonb,text)', 'service_role'),
    ('fn_read_vault_keys()', 'agent_kyc, service_role'),
    ('fn_export_subject(uuid)', 'ops_role, audit_role, lp_role'),
    ('fn_read_events(uuid,timestamptz,timestamptz,bigint,int)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_read_morning(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_home()', 'lp_role'),
    ('fn_read_dealing_page(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_exposure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_record()', 'lp_role'),
    ('fn_read_windows(uuid)', 'lp_role'),
    ('fn_read_desk()', 'pm_role, ops_role, audit_role'),
    ('fn_read_trail(text,bigint)', 'pm_role, ops_role, audit_role'),
    ('fn_read_cases(text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_case(text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_breaks()', 'pm_role, ops_role, audit_role'),
    ('fn_read_troubles()', 'pm_role, ops_role, audit_role'),
    ('fn_read_calendar(date,text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_timeline(text,date,timestamptz)', 'pm_role, ops_role, audit_role'),
    ('fn_read_sample(text,text,int,date,date)', 'pm_role, ops_role, audit_role'),
    ('fn_read_import(uuid,text)', 'pm_role, ops_role, audit_role'),
    ('fn_read_changes(text)', 'pm_role, ops_role, audit_role'),
    ('fn_describe_api()', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_seal_audit(int)', 'service_role'),
    ('fn_open_workflow(text,text,uuid,jsonb,text)', 'agent_commander, service_role'),
    ('fn_complete_workflow(text,text,jsonb,text)', 'agent_commander, service_role'),
    ('fn_update_liquidity_bucket(text,numeric,jsonb,text)', 'agent_liquidity_engine, agent_simulation, pm_role, ops_role, service_role'),
    ('fn_reserve_liquidity(uuid,text)', 'agent_liquidity_engine'),
    ('fn_release_liquidity(uuid,text,text)', 'agent_liquidity_engine'),
    ('fn_request_rebalance(text,text,text,text,jsonb)', 'pm_role'),
    ('fn_propose_rebalancing(uuid,jsonb,jsonb,text)', 'agent_rebalancing'),
    ('fn_record_checks(uuid,jsonb,text)', 'agent_compliance_sentinel'),
    ('fn_open_proposal(uuid,text)', 'agent_commander'),
    ('fn_decide_proposal(uuid,text,text,text,text)', 'pm_role'),
    ('fn_read_decision(uuid,text)', 'agent_commander'),
    ('fn_withdraw_proposal(uuid,text,text)', 'agent_commander'),
    ('fn_apply_allocations(uuid,text)', 'agent_rebalancing'),
    ('fn_set_mandate(text,jsonb,text,text)', 'pm_role'),
    ('fn_import_fund(jsonb,text)', 'pm_role, ops_role'),
    ('fn_submit_investor(text,jsonb,text,text,text,uuid)', 'ops_role'),
    ('fn_assign_investor(uuid,text,text,int,text,date)', 'agent_kyc, ops_role'),
    ('fn_resubmit_evidence(uuid,jsonb,text,text)', 'ops_role, lp_role'),
    ('fn_decline_investor(uuid,text,text)', 'ops_role, pm_role'),
    ('fn_give_evidence(uuid,jsonb,text)', 'ops_role'),
    ('fn_tick_kyc(text)', 'agent_kyc, service_role'),
    ('fn_read_applicant(uuid)', 'agent_kyc, ops_role, pm_role, audit_role'),
    ('fn_read_kyc(uuid)', 'lp_role, ops_role, pm_role, audit_role'),
    ('fn_ask_evidence(uuid,text[],text)', 'agent_kyc'),
    ('fn_register_party(text,text)', 'ops_role'),
    ('fn_link_parties(uuid,uuid,text,numeric,date,boolean,text)', 'ops_role'),
    ('fn_set_kyc_policy(jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_open_case(text,text,uuid,text,jsonb,uuid,text,text)', 'ops_role, agent_kyc, agent_compliance_sentinel, agent_risk_guardian'),
    ('fn_claim_case(uuid,text)', 'pm_role, ops_role'),
    ('fn_release_case(uuid,text)', 'pm_role, ops_role'),
    ('fn_note_case(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_decide_case(uuid,text,text,uuid,text)', 'pm_role, ops_role'),
    ('fn_list_cases(text,boolean,int)', 'pm_role, ops_role, audit_role'),
    ('fn_place_order(text,uuid,text,numeric,text,text,text,text,numeric,date,text,text,uuid,timestamptz,uuid[])', 'lp_role, ops_role'),
    ('fn_cancel_order(uuid,text,text)', 'lp_role, ops_role, pm_role'),
    ('fn_hold_order(uuid,text,text,text)', 'ops_role, agent_kyc, agent_compliance_sentinel'),
    ('fn_release_hold(uuid,text,text,text)', 'ops_role'),
    ('fn_prove_order(uuid)', 'lp_role, ops_role, pm_role, audit_role'),
    ('fn_open_class(text,text,text,numeric,int,int,text)', 'pm_role, ops_role'),
    ('fn_open_register(uuid,jsonb,text,numeric)', 'ops_role'),
    ('fn_set_holidays(text,jsonb,text)', 'ops_role'),
    ('fn_set_dealing_policy(uuid,jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_set_credit_line(text,text,text,numeric,numeric,text,date,date,int,text)', 'pm_role, ops_role'),
    ('fn_set_lmt_policy(text,text,jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_propose_lmt(text,text,jsonb,text,text,text)', 'pm_role, ops_role, agent_liquidity_engine, agent_commander'),
    ('fn_activate_lmt(uuid,text)', 'pm_role, agent_commander'),
    ('fn_end_lmt(uuid,text,text)', 'pm_role'),
    ('fn_open_dealing_day(text,text,date,text,text)', 'ops_role, agent_commander'),
    ('fn_lock_orders(uuid,text)', 'agent_commander'),
    ('fn_recheck_orders(uuid,text)', 'agent_kyc'),
    ('fn_freeze_nav_inputs(text,date,jsonb,text,jsonb)', 'agent_commander, ops_role'),
    ('fn_propose_nav(uuid,jsonb,jsonb,text,text)', 'agent_commander, ops_role, pm_role'),
    ('fn_strike_nav(uuid,text)', 'agent_commander, ops_role'),
    ('fn_restate_nav(uuid,jsonb,text,text)', 'pm_role, ops_role, agent_commander'),
    ('fn_read_restatement(uuid)', 'agent_commander'),
    ('fn_preview_restatement(uuid,jsonb)', 'pm_role, ops_role'),
    ('fn_settle_compensation(text,jsonb,text)', 'ops_role'),
    ('fn_note_nav_error(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_record_restatement(uuid,jsonb,jsonb,text)', 'agent_commander'),
    ('fn_decide_lmt(uuid,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_record_allocations(uuid,jsonb,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_post_dealing_day(uuid,text)', 'agent_commander'),
    ('fn_open_claims(uuid,text)', 'agent_commander'),
    ('fn_confirm_cash(text,jsonb,text)', 'ops_role, agent_commander'),
    ('fn_close_dealing_day(uuid,text)', 'agent_commander'),
    ('fn_knock_dealing_day(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_dealing_day(uuid)', 'agent_commander'),
    ('fn_read_nav_facts(uuid)', 'agent_commander'),
    ('fn_read_book(uuid)', 'agent_liquidity_engine'),
    ('fn_roll_unpaid(uuid,text)', 'agent_commander'),
    ('fn_record_lab(uuid,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_discard_dealing_day(uuid,text,text)', 'ops_role, agent_commander'),
    ('fn_record_marks(text,jsonb,text)', 'ops_role, pm_role'),
    ('fn_reverse_ledger(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_propose_posting(text,text,jsonb,text,text)', 'lp_role, ops_role, pm_role, agent_commander'),
    ('fn_ask_dust(uuid,text)', 'ops_role, agent_commander, agent_liquidity_engine'),
    ('fn_cancel_dust(uuid,text)', 'ops_role, agent_commander'),
    ('fn_read_crystallisation(text,text)', 'agent_commander, ops_role, pm_role'),
    ('fn_read_fees_again(uuid)', 'agent_commander, ops_role, pm_role'),
    ('fn_crystallise_fee(uuid,text)', 'agent_commander, ops_role'),
    ('fn_post_distribution(uuid,text)', 'agent_commander, ops_role'),
    ('fn_confirm_payout(text,text,jsonb,text)', 'ops_role, agent_commander'),
    ('fn_return_cash(uuid,text,text)', 'ops_role'),
    ('fn_note_authority(uuid,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_open_side_pocket(uuid,text,text,text)', 'agent_commander, ops_role'),
    ('fn_settle_in_kind(uuid,text)', 'agent_commander, ops_role'),
    ('fn_verify_invariants(text)', 'audit_role, pm_role, ops_role, agent_commander'),
    ('fn_statement_books(uuid,uuid,timestamptz)', 'lp_role, pm_role, ops_role, audit_role'),
    ('fn_performance_books(text,uuid[],text,timestamptz)', 'lp_role, pm_role, ops_role, audit_role'),
    ('fn_prepare_statements(uuid,text)', 'agent_commander'),
    ('fn_intake_orders(uuid,text)', 'agent_kyc'),
    ('fn_import_orders(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_import_bank_statement(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_match_bank_lines(uuid,int,uuid,text)', 'ops_role'),
    ('fn_undo_import(uuid,text,boolean,text)', 'ops_role'),
    ('fn_propose_bank_accounts(text,jsonb,text)', 'ops_role'),
    ('fn_read_bank_accounts(text,text)', 'pm_role, ops_role, audit_role'),
    ('fn_list_clear_accounts(int)', 'ops_role, service_role'),
    ('fn_seal_accounts(jsonb,text)', 'ops_role, service_role'),
    ('fn_decide_bank_accounts(jsonb,text,text)', 'pm_role, ops_role'),
    ('fn_export_payments(text,date,date,text,text)', 'ops_role'),
    ('fn_withdraw_payments(uuid,text,text)', 'ops_role'),
    ('fn_raise_alert(uuid,text,text,text,text,jsonb)', 'agent_risk_guardian'),
    ('fn_acknowledge_alert(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_record_stress_liquidity(uuid,jsonb,jsonb,jsonb,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_record_stress(uuid,text,numeric,text,jsonb,text)', 'agent_simulation'),
    ('fn_request_stress(text,jsonb,text,text)', 'pm_role, agent_simulation, service_role'),
    ('fn_open_stress_run(uuid,text,text,date,text,text,text)', 'agent_simulation'),
    ('fn_record_stress_shard(uuid,text,int,text,text,text)', 'agent_simulation'),
    ('fn_record_stress_outcome(uuid,text,text,text,text,text,text)', 'agent_simulation'),
    ('fn_record_stress_check(uuid,text,text,text)', 'agent_simulation'),
    ('fn_close_stress_run(uuid,text,text)', 'agent_simulation'),
    ('fn_log_compliance(uuid,text,text,text,jsonb,text)', 'agent_compliance_sentinel'),
    ('fn_draft_rules(jsonb,text,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_test_rules(uuid,jsonb,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_refuse_rules(text,text,jsonb,text)', 'pm_role, ops_role, agent_compliance_sentinel'),
    ('fn_activate_rules(uuid,text,text,text)', 'pm_role, ops_role'),
    ('fn_snooze_rule(text,text,text,uuid,timestamptz,text,text)', 'pm_role, ops_role'),
    ('fn_read_tests_due(text,uuid,uuid,int)', 'agent_kyc'),
    ('fn_record_party_tests(jsonb,uuid[],text)', 'agent_kyc'),
    ('fn_read_applicant_facts(uuid)', 'agent_compliance_sentinel, ops_role, audit_role'),
    ('fn_unfreeze_party(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_pin_rules(text,uuid)', 'agent_compliance_sentinel'),
    ('fn_read_order_facts(uuid,text,timestamptz,timestamptz,uuid,int)', 'agent_compliance_sentinel, pm_role, ops_role, audit_role'),
    ('fn_read_fund_facts(text,uuid)', 'agent_compliance_sentinel, pm_role, ops_role, audit_role'),
    ('fn_record_rules(text,jsonb,jsonb,uuid,text)', 'agent_compliance_sentinel'),
    ('fn_record_breach(text,text,text,text,jsonb,int,uuid,text)', 'agent_compliance_sentinel, pm_role, ops_role'),
    ('fn_cure_breach(uuid,text,numeric,text,text)', 'pm_role, ops_role'),
    ('fn_set_obligation(text,text,text,text,date,int,int,text)', 'pm_role, ops_role'),
    ('fn_complete_obligation(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_tick_obligations(text,text)', 'agent_compliance_sentinel, service_role, ops_role'),
    ('fn_register_tokenization(uuid,uuid,text)', 'agent_tokenization'),
    ('fn_remember(jsonb,text)', 'pm_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_search_memories(float8[],uuid,int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_list_memories(uuid,text,uuid[],int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_load_demo(jsonb,text)', 'demo_role'),
    ('fn_set_demo_clock(timestamptz)', 'demo_role'),
    ('fn_batch_demo_orders(text,text,text)', 'demo_role'),
    ('fn_hand_over_demo_days(text,text)', 'demo_role'),
    ('fn_move_cash(text,text,numeric,text,text)', 'ops_role'),
    ('fn_answer_dust(uuid,text,text)', 'lp_role, ops_role'),
    ('fn_set_beneficial_owner(uuid,uuid,date,text,text)', 'ops_role'),
    ('fn_record_certain_inflows(text,numeric,date,text,text)', 'pm_role, ops_role'),
    ('fn_open_repurchase_offer(text,date,date,numeric,text,text)', 'pm_role, ops_role'),
    ('fn_note_notice(uuid,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_record_index_values(jsonb,text)', 'pm_role, ops_role'),
    ('fn_import_market(jsonb,text,text,text,boolean,boolean,text)', 'pm_role, ops_role, agent_simulation'),
    ('fn_decide_market_values(jsonb,text,text)', 'pm_role, ops_role'),
    ('fn_undo_market_import(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_record_esg(text,text,date,jsonb,jsonb,text,text)', 'pm_role, ops_role'),
    ('fn_read_fund_value(uuid,timestamptz)', 'agent_simulation'),
    ('fn_record_data_quality(text,text,date,jsonb,text,text)', 'agent_simulation'),
    ('fn_set_watchlist(text,text,text,text,boolean,int,numeric,text)', 'ops_role'),
    ('fn_request_list_refresh(text,text)', 'ops_role, service_role, agent_kyc'),
    ('fn_publish_watchlist(text,jsonb,text,timestamptz,text,date,text)', 'ops_role, agent_kyc'),
    ('fn_accept_watchlist_version(uuid,text,text)', 'ops_role, pm_role'),
    ('fn_request_screening(uuid,text)', 'ops_role, agent_kyc'),
    ('fn_record_check(uuid,int,text,jsonb,text,jsonb,text)', 'agent_kyc'),
    ('fn_clear_candidate(uuid,text,text,text)', 'ops_role'),
    ('fn_end_clearance(uuid,text,text)', 'ops_role'),
    ('fn_record_rescreen(uuid,int,int,int,int,text,text)', 'agent_kyc'),
    ('fn_list_unscreened(uuid,int)', 'ops_role, audit_role, agent_kyc'),
    ('fn_read_screening(uuid)', 'ops_role, pm_role, audit_role, agent_kyc'),
    ('fn_record_asset_payments(text,jsonb,text)', 'pm_role, ops_role'),
    ('fn_set_roll_forward(text,text,text,numeric,int,date,text)', 'pm_role, ops_role'),
    ('fn_note_schedule(text,text,text,text)', 'pm_role, ops_role'),
    ('fn_record_spans(jsonb)', 'service_role')
  ) as access (signature, callers) loop
    execute format('grant execute on function public.%s to %s', f.signature, f.callers);
  end loop;
end $$;

-- policies call these as the reader
grant execute on function evergreen.my_event_ids(), evergreen.my_fund_ids(), evergreen.my_class_ids(), evergreen.visible_asset_ids() to lp_role;

-- a function of a later migration belongs to nobody until it is granted: the built-in default (everybody may execute) can only be taken back for all schemas at once
alter default privileges revoke all on functions from public;
alter default privileges for role evergreen_owner revoke all on functions from public;
-- no table rights by default, whatever the platform's defaults are (hosted Supabase grants to anon and authenticated)
alter default privileges in schema public revoke all on tables from public, anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from public, anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from public, anon, authenticated, service_role;
revoke all on all sequences in schema public from public, anon, authenticated, service_role;
do $$
declare
  s record;
begin
  for s in select c.oid::regclass as name from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
            and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i')) loop
    execute format('alter sequence %s owner to evergreen_owner', s.name);
  end loop;
  -- scratch tables are how search_path attacks begin
  execute format('revoke temporary, create on database %I from public', current_database());
  if to_regclass('public._prisma_migrations') is not null then
    execute 'alter table public._prisma_migrations enable row level security';
    execute 'revoke all on public._prisma_migrations from public, anon, authenticated, service_role';
  end if;
end $$;
-- where Supabase's extension is: the owner of fn_read_vault_keys reads what it needs
do $$
begin
  if to_regclass('vault.decrypted_secrets') is not null then
    grant usage on schema vault to evergreen_owner;
    grant select on vault.decrypted_secrets to evergreen_owner;
  end if;
end $$;
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
