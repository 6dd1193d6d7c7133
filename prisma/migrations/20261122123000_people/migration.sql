-- from schema.prisma
-- CreateTable
CREATE TABLE "subject_keys" (
    "subject_id" UUID NOT NULL,
    "wrapped_key" TEXT,
    "master_key_id" TEXT,
    "state" TEXT NOT NULL DEFAULT 'active',
    "asked_by" TEXT,
    "asked_at" TIMESTAMPTZ(6),
    "reason" TEXT,
    "opened_by" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "destroyed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "subject_keys_pkey" PRIMARY KEY ("subject_id")
);

-- CreateTable
CREATE TABLE "personal_values" (
    "value_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "field" TEXT NOT NULL,
    "ciphertext" TEXT,
    "blind_index" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "superseded_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "personal_values_pkey" PRIMARY KEY ("value_id")
);

-- CreateTable
CREATE TABLE "documents" (
    "document_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "storage_path" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "documents_pkey" PRIMARY KEY ("document_id")
);

-- CreateTable
CREATE TABLE "personal_accesses" (
    "access_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subject_id" UUID NOT NULL,
    "what" TEXT NOT NULL,
    "fields" TEXT[],
    "purpose" TEXT NOT NULL,
    "accessed_by" TEXT NOT NULL,
    "accessed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "personal_accesses_pkey" PRIMARY KEY ("access_id")
);

-- CreateTable
CREATE TABLE "subject_holds" (
    "hold_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subject_id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "placed_by" TEXT NOT NULL,
    "placed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "until" TIMESTAMPTZ(6),
    "lifted_by" TEXT,
    "lifted_at" TIMESTAMPTZ(6),
    "lift_reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "subject_holds_pkey" PRIMARY KEY ("hold_id")
);

-- CreateTable
CREATE TABLE "subject_tombstones" (
    "subject_id" UUID NOT NULL,
    "body" TEXT NOT NULL,
    "signature" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "erased_by" TEXT NOT NULL,
    "erased_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "subject_tombstones_pkey" PRIMARY KEY ("subject_id")
);

-- CreateIndex
CREATE INDEX "subject_keys_master_key_id_subject_id_idx" ON "subject_keys"("master_key_id", "subject_id");

-- CreateIndex
CREATE INDEX "personal_values_subject_id_field_idx" ON "personal_values"("subject_id", "field");

-- CreateIndex
CREATE UNIQUE INDEX "documents_storage_path_key" ON "documents"("storage_path");

-- CreateIndex
CREATE INDEX "documents_subject_id_idx" ON "documents"("subject_id");

-- CreateIndex
CREATE INDEX "personal_accesses_subject_id_accessed_at_idx" ON "personal_accesses"("subject_id", "accessed_at");

-- CreateIndex
CREATE INDEX "subject_holds_subject_id_idx" ON "subject_holds"("subject_id");

-- AddForeignKey
ALTER TABLE "personal_values" ADD CONSTRAINT "personal_values_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "personal_accesses" ADD CONSTRAINT "personal_accesses_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "subject_holds" ADD CONSTRAINT "subject_holds_subject_id_fkey" FOREIGN KEY ("subject_id") REFERENCES "subject_keys"("subject_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

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
  -- files in and out
  perform evergreen.add_check('import_batches', 'import_batches_kind', $c$kind in ('orders', 'bank')$c$);
  perform evergreen.add_check('import_batches', 'import_batches_status', $c$status in ('imported', 'partly_undone', 'undone') and (status = 'imported') = (undone_at is null)$c$);
  perform evergreen.add_check('import_batches', 'import_batches_hashes', $c$file_sha256 ~ '^[0-9a-f]{64}$' and rows_sha256 ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('import_batches', 'import_batches_counts', 'rows >= 1 and accepted >= 0 and refused >= 0 and unmatched >= 0 and accepted + refused + unmatched <= rows');
  perform evergreen.add_check('import_rows', 'import_rows_outcome', $c$outcome in ('accepted', 'refused', 'duplicate', 'matched', 'unmatched', 'undone')$c$);
  perform evergreen.add_check('import_rows', 'import_rows_made', $c$outcome not in ('accepted', 'matched') or (flow_id is not null and (outcome = 'accepted' or ledger_tx_id is not null))$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_status', $c$status in ('proposed', 'active', 'rejected', 'ended')$c$);
  perform evergreen.add_check('bank_accounts', 'bank_accounts_decided', $c$(status = 'proposed') = (decided_by is null) and (status <> 'active' or decided_by <> proposed_by)$c$);
  perform evergreen.add_check('payment_files', 'payment_files_status', $c$status in ('exported', 'withdrawn') and transactions >= 1 and control_sum > 0$c$);
  perform evergreen.add_check('payment_lines', 'payment_lines_amount', 'amount > 0');
  perform evergreen.add_check('payment_lines', 'payment_lines_purpose', $c$purpose in ('redemption', 'compensation')$c$);
end $$;

-- one current version of each allocation and one current mandate per fund
create unique index if not exists portfolio_allocations_current on public.portfolio_allocations (fund_id, asset_id) where superseded_at is null;
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

select evergreen.add_check('retention_policies', 'retention_policies_what', $c$what in ('fund_events', 'asset_snapshots', 'compliance_logs')$c$);
select evergreen.add_check('retention_policies', 'retention_policies_keep', $c$case when keep_months is null then afterwards = 'nothing' else keep_months between 1 and 1200 and afterwards in ('archive', 'monthly_aggregates') end$c$);
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
select evergreen.add_check('payment_files', 'payment_files_exponent', 'evergreen.within_exponent(control_sum, currency)');

insert into public.audit_cursor ("only", tx, seq) values (true, '0', 0) on conflict do nothing;

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
  ('WORKFLOW_COMPLETED', 'note', null, '{workflow_id,status}', '{}'),
  ('CLASS_OPENED', 'note', null, '{share_class_id}', '{}'),
  ('POLICY_SET', 'note', null, '{policy_id,kind,version}', '{}'),
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

insert into public.platform_settings (key, value) values
  ('data_drift_threshold_bps', '{"default": 500, "debt": 300, "cash": 10, "equity": 1500, "private_equity": 1500, "private_credit": 800, "infrastructure": 1000, "real_estate": 1000}'),
  ('nav_max_age_days', '{"default": 100, "cash": 5, "debt": 35, "equity": 5, "private_equity": 190, "private_credit": 100, "infrastructure": 190, "real_estate": 190}'),
  ('approval_timeout_hours', '72'),
  ('price_breaker_window_days', '30'),
  ('stress_nightly', '{"at": "02:30"}'),
  -- UTC; the day is at most the 28th, which every month has
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
  ('demo', 'false')
on conflict (key) do nothing;

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
    'dealing_policies', 'lmt_policies', 'order_transitions', 'order_leaves', 'nav_inputs', 'ledger_transactions', 'unit_ledger', 'cash_movements', 'class_marks', 'in_kind_deliveries', 'statements', 'restatements', 'compensations',
    'beneficial_owners', 'certain_inflows', 'repurchase_offers', 'market_series', 'market_data', 'esg_ratings', 'data_quality_results', 'roll_forwards', 'asset_payments', 'stress_scenarios',
    'stress_shards']) as table_name loop
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

-- from sql/6w-fn-personal-erasure.sql
-- The life of a subject's key: wrapped anew by another master key, held, asked for, destroyed with a signed tombstone, destroyed again after a restore.

create or replace function evergreen.subject_held(subject_id uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.subject_holds h where h.subject_id = subject_held.subject_id and h.lifted_at is null and (h.until is null or h.until > now()))
$$;
comment on function evergreen.subject_held(uuid) is 'Whether a legal hold forbids erasing this subject today.';

create or replace function evergreen.destroy_subject(subject_id uuid) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update public.subject_keys k set state = 'destroyed', wrapped_key = null, master_key_id = null, destroyed_at = now()
   where k.subject_id = destroy_subject.subject_id and k.state <> 'destroyed';
  -- without its key a ciphertext is noise; a blind index would still answer whether somebody was here
  update public.personal_values p set ciphertext = null, blind_index = '{}', superseded_at = coalesce(p.superseded_at, now())
   where p.subject_id = destroy_subject.subject_id and (p.ciphertext is not null or p.blind_index <> '{}');
  update public.documents d set removed_at = now() where d.subject_id = destroy_subject.subject_id and d.removed_at is null;
$$;
comment on function evergreen.destroy_subject(uuid) is 'Destroys the key of a subject and empties its values; idempotent.';

create or replace function public.fn_list_subject_keys(but text, after uuid default null, max_keys int default 500)
returns table (subject_id uuid, wrapped_key text, master_key_id text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(but is not null and max_keys between 1 and 5000, 'EG400', 'but (a master key id) and max_keys (1 to 5,000) are needed.');
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
  perform evergreen.require_role('ops_role');
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
  'Asks for the erasure of a subject: from now on restricted (nothing is added, only screening and audit read); another person erases. EG400, EG403, EG404, EG409, EG428.';

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
  perform evergreen.refuse_unless(not evergreen.subject_held(subject_id), 'EG428', 'A legal hold stands on the subject; it stays restricted until the hold is lifted.');
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
  perform evergreen.require_role('ops_role', 'audit_role');
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
      'holds', (select count(*) from public.subject_holds h where h.subject_id = k.subject_id and h.lifted_at is null),
      'changes', (select coalesce(jsonb_agg(jsonb_build_object('message', t.message, 'created_by', t.created_by, 'created_at', t.created_at) order by t.tx, t.seq), '[]')
          from public.audit_trail t where t.entity_id = k.subject_id::text),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_export_subject.subject_id;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_subject(uuid) is
  'All that is kept of a subject: values now and before, still encrypted, documents, who read what, and what was done. The export itself is recorded. EG403, EG404.';

-- from sql/6w-fn-personal.sql
-- Personal data: subjects, their encrypted values, look-ups by blind index, documents. What is encrypted here was encrypted outside: the
-- database has neither a master key nor a clear value.

create or replace function evergreen.subject_state(subject_id uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.state from public.subject_keys k where k.subject_id = subject_state.subject_id
$$;
comment on function evergreen.subject_state(uuid) is 'active, restricted (an erasure was asked for) or destroyed; null when no personal data is kept of this subject.';

create or replace function evergreen.open_for_writing(subject_id uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  standing text;
begin
  select k.state into standing from public.subject_keys k where k.subject_id = open_for_writing.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id; open the subject first.');
  perform evergreen.refuse_unless(standing = 'active', 'EG428', case standing when 'destroyed' then 'The subject was erased; nothing more is kept of it.'
    else 'An erasure of the subject was asked for; nothing is added meanwhile.' end);
end $$;
comment on function evergreen.open_for_writing(uuid) is 'Locks a subject and refuses unless something may be added to it. EG404, EG428.';

create or replace function public.fn_open_subject(subject_id uuid, wrapped_key text, master_key_id text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  made int;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('subject_id', subject_id);
  answer := evergreen.earlier_answer('fn_open_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(subject_id is not null, 'EG400', 'subject_id is needed.');
  perform evergreen.refuse_unless(wrapped_key ~ '^v1\.[A-Za-z0-9+/]{80}$' and master_key_id ~ '^[a-z0-9-]{1,60}$', 'EG400', 'wrapped_key is a wrapped key of 32 bytes, master_key_id names what wrapped it.');
  perform evergreen.refuse_unless(not exists (select from public.subject_tombstones t where t.subject_id = fn_open_subject.subject_id), 'EG428', 'The subject was erased; nothing more is kept of it.');
  insert into public.subject_keys (subject_id, wrapped_key, master_key_id, opened_by) values (subject_id, wrapped_key, master_key_id, evergreen.actor()) on conflict do nothing;
  get diagnostics made = row_count;
  if made = 1 then
    perform evergreen.audit(null, 'subject_keys', subject_id::text, 'subject opened', request_id);
  end if;
  -- never the key: what answers to a request id is kept, and would outlive an erasure
  answer := jsonb_build_object('subject_id', subject_id, 'opened', made = 1);
  perform evergreen.keep_answer('fn_open_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_subject(uuid, text, text, text) is
  'Gives a subject its wrapped data key; of two at once the first counts (opened says whose). EG400, EG403, EG409, EG428 erased.';

create or replace function public.fn_put_personal(subject_id uuid, field_values jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  names int;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  -- a ciphertext is another one every time; what says that the content is the same is the mark that stands beside it (a keyed hash, stored nowhere)
  input := jsonb_build_object('subject_id', subject_id, 'field_values', case when jsonb_typeof(field_values) = 'array' then
    (select jsonb_agg(case when jsonb_typeof(v) = 'object' then v - '{ciphertext,value_id}'::text[] else v end) from jsonb_array_elements(field_values) v) end);
  answer := evergreen.earlier_answer('fn_put_personal', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(field_values) = 'array' and jsonb_array_length(field_values) between 1 and 20, 'EG400', 'field_values is a list of 1 to 20 fields.');
  perform evergreen.refuse_unless(octet_length(field_values::text) <= 2000000, 'EG413', 'field_values is larger than 2 MB.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v where (jsonb_typeof(v) = 'object' and v ->> 'field' ~ '^[a-z_]{1,40}$'
      and v ->> 'value_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and (v ->> 'ciphertext' is null or v ->> 'ciphertext' ~ '^v1\.[A-Za-z0-9+/]+=*$')
      and v ->> 'content' ~ '^[0-9a-f]{64}$' and jsonb_typeof(v -> 'blind_index') = 'array') is not true), 'EG400', 'Each of field_values has field, value_id, ciphertext, content and blind_index.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v, jsonb_array_elements_text(v -> 'blind_index') b where (b ~ '^[0-9a-f]{64}$') is not true),
    'EG400', 'blind_index is a list of hashes.');
  select count(distinct v ->> 'field') into names from jsonb_array_elements(field_values) v;
  perform evergreen.refuse_unless(names = jsonb_array_length(field_values), 'EG400', 'A field stands twice in field_values.');
  perform evergreen.open_for_writing(subject_id);
  update public.personal_values p set superseded_at = now()
   where p.subject_id = fn_put_personal.subject_id and p.superseded_at is null and p.field in (select v ->> 'field' from jsonb_array_elements(field_values) v);
  insert into public.personal_values (value_id, subject_id, field, ciphertext, blind_index, recorded_by)
  select (v ->> 'value_id')::uuid, fn_put_personal.subject_id, v ->> 'field', v ->> 'ciphertext', array(select jsonb_array_elements_text(v -> 'blind_index')), evergreen.actor()
    from jsonb_array_elements(field_values) v;
  perform evergreen.emit('PERSONAL_DATA_RECORDED', null, jsonb_build_object('subject_id', subject_id, 'fields', names), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'personal data recorded: ' || names || ' fields', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'fields', names);
  perform evergreen.keep_answer('fn_put_personal', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_put_personal(uuid, jsonb, text) is
  'Records encrypted values of a subject (field, value_id, ciphertext or null to take it back, content: a keyed hash that says whether a repeated request is the same, blind_index); each supersedes the one before. EG400, EG403, EG404, EG409, EG413, EG428 erased or to be erased.';

create or replace function public.fn_read_personal(subject_ids uuid[], fields text[] default null, purpose text default 'review')
returns table (subject_id uuid, state text, wrapped_key text, master_key_id text, value_id uuid, field text, ciphertext text, recorded_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(cardinality(subject_ids) between 1 and 5000, 'EG400', 'subject_ids names 1 to 5,000 subjects.');
  perform evergreen.refuse_unless(purpose ~ '^[a-z-]{1,60}$', 'EG400', 'purpose is a code of small letters and hyphens.');
  if fields is null or cardinality(fields) > 0 then
    insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
    select k.subject_id, 'values', coalesce(fn_read_personal.fields, '{}'), fn_read_personal.purpose, evergreen.actor()
      from public.subject_keys k where k.subject_id = any (subject_ids) and k.state <> 'destroyed';
  end if;
  -- key and values in one statement, so that they are of one moment
  return query
    select k.subject_id, k.state, k.wrapped_key, k.master_key_id, p.value_id, p.field, p.ciphertext, p.recorded_at
      from public.subject_keys k
      left join public.personal_values p on p.subject_id = k.subject_id and p.superseded_at is null and p.ciphertext is not null
        and (fn_read_personal.fields is null or p.field = any (fn_read_personal.fields))
        -- whose erasure was asked for is still screened and audited, and otherwise left alone
        and (k.state = 'active' or k.state = 'restricted' and evergreen.role_name() in ('audit_role', 'agent_kyc'))
     where k.subject_id = any (subject_ids) order by k.subject_id, p.field;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_personal(uuid[], text[], text) is
  'The wrapped key and the current encrypted values of subjects (all fields, or those named; none: the key alone). Every read is recorded with its purpose. Unknown subjects have no row. EG400, EG403.';

create or replace function public.fn_find_subjects(field text, index_value text) returns table (subject_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(field ~ '^[a-z_]{1,40}$' and index_value ~ '^[0-9a-f]{64}$', 'EG400', 'field and index_value (64 hexadecimal digits) are needed.');
  return query
    select distinct p.subject_id from public.personal_values p
     where p.superseded_at is null and p.blind_index @> array[index_value] and p.field = fn_find_subjects.field order by 1;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_find_subjects(text, text) is 'Subjects whose current value of the field has this blind index. EG400, EG403.';

create or replace function public.fn_put_document(
  document_id uuid, subject_id uuid, kind text, content_type text, size bigint, sha256 text, storage_path text, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  -- a request that is repeated has stored another file, which its caller takes away again
  input := jsonb_build_object('subject_id', subject_id, 'kind', kind, 'content_type', content_type, 'size', size);
  answer := evergreen.earlier_answer('fn_put_document', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(document_id is not null and kind ~ '^[a-z_]{1,60}$', 'EG400', 'document_id and kind (small letters and underscores) are needed.');
  perform evergreen.refuse_unless(content_type in ('application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'image/webp'), 'EG400', 'The document is no PDF, JPEG, PNG, TIFF or WebP.');
  perform evergreen.refuse_unless(size between 1 and 20971520, 'EG413', 'A document has 1 byte to 20 MB.');
  perform evergreen.refuse_unless(sha256 ~ '^[0-9a-f]{64}$' and storage_path = subject_id || '/' || document_id, 'EG400', 'sha256 is of what is stored, storage_path is the subject and the document.');
  perform evergreen.open_for_writing(subject_id);
  insert into public.documents (document_id, subject_id, kind, content_type, size, sha256, storage_path, recorded_by)
  values (document_id, subject_id, kind, content_type, size, sha256, storage_path, evergreen.actor());
  perform evergreen.audit(null, 'documents', document_id::text, 'document recorded', request_id);
  answer := jsonb_build_object('document_id', document_id);
  perform evergreen.keep_answer('fn_put_document', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_put_document(uuid, uuid, text, text, bigint, text, text, text) is
  'Records a document that is stored encrypted: its type by its bytes, its size before and its sha256 after encryption. EG400, EG403, EG404, EG409, EG413, EG428.';

create or replace function public.fn_read_document(document_id uuid, purpose text default 'review')
returns table (id uuid, subject_id uuid, kind text, content_type text, size bigint, sha256 text, storage_path text, wrapped_key text, master_key_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(purpose ~ '^[a-z-]{1,60}$', 'EG400', 'purpose is a code of small letters and hyphens.');
  return query
    select d.document_id, d.subject_id, d.kind, d.content_type, d.size, d.sha256, d.storage_path, k.wrapped_key, k.master_key_id
      from public.documents d join public.subject_keys k on k.subject_id = d.subject_id
     where d.document_id = fn_read_document.document_id and d.removed_at is null
       and (k.state = 'active' or k.state = 'restricted' and evergreen.role_name() in ('audit_role', 'agent_kyc'));
  perform evergreen.refuse_unless(found, 'EG404', 'No document with that id.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
  select d.subject_id, 'document:' || d.document_id, '{}', fn_read_document.purpose, evergreen.actor() from public.documents d where d.document_id = fn_read_document.document_id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_document(uuid, text) is 'Where a document is stored and the wrapped key that opens it; recorded with its purpose. EG400, EG403, EG404.';

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
    ('risk_alerts',            'pm_role, ops_role, audit_role, agent_commander, agent_risk_guardian'),
    ('tokenization_actions',   'pm_role, ops_role, audit_role, agent_compliance_sentinel, agent_tokenization'),
    ('agent_memories',         'pm_role, audit_role, ' || agents),
    ('memory_nodes',           'pm_role, audit_role, ' || agents),
    ('memory_edges',           'pm_role, audit_role, ' || agents),
    ('dealing_policies',       'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
    ('lmt_policies',           'pm_role, ops_role, audit_role, agent_commander, agent_liquidity_engine, agent_compliance_sentinel, agent_simulation, agent_risk_guardian'),
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
    ('fn_read_personal(uuid[],text[],text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_find_subjects(text,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_put_document(uuid,uuid,text,text,bigint,text,text,text)', 'ops_role, agent_kyc'),
    ('fn_read_document(uuid,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_list_subject_keys(text,uuid,int)', 'ops_role, service_role'),
    ('fn_rotate_subject_keys(jsonb,text)', 'ops_role, service_role'),
    ('fn_hold_subject(uuid,text,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_release_subject(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_request_erasure(uuid,text,text)', 'ops_role'),
    ('fn_refuse_erasure(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_erasure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_erase_subject(uuid,jsonb,text)', 'pm_role, ops_role'),
    ('fn_repeat_erasures(jsonb,text)', 'service_role'),
    ('fn_export_subject(uuid)', 'ops_role, audit_role'),
    ('fn_read_events(uuid,timestamptz,timestamptz,bigint,int)', 'pm_role, lp_role, ops_role, audit_role'),
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
    ('fn_submit_investor(text,jsonb,text,text)', 'ops_role'),
    ('fn_assign_investor(uuid,text,text)', 'agent_kyc, ops_role'),
    ('fn_ask_evidence(uuid,text[],text)', 'agent_kyc'),
    ('fn_place_order(text,uuid,text,numeric,text,text,text,text,numeric,date,text,text,uuid,timestamptz,uuid[])', 'lp_role, ops_role'),
    ('fn_cancel_order(uuid,text,text)', 'lp_role, ops_role, pm_role'),
    ('fn_hold_order(uuid,text,text,text)', 'ops_role, agent_kyc, agent_compliance_sentinel'),
    ('fn_release_hold(uuid,text,text,text)', 'ops_role'),
    ('fn_prove_order(uuid)', 'lp_role, ops_role, pm_role, audit_role'),
    ('fn_open_class(text,text,text,numeric,int,int,text)', 'pm_role, ops_role'),
    ('fn_open_register(uuid,jsonb,text,numeric)', 'ops_role'),
    ('fn_set_holidays(text,jsonb,text)', 'ops_role'),
    ('fn_set_dealing_policy(uuid,jsonb,date,text)', 'pm_role, ops_role'),
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
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
