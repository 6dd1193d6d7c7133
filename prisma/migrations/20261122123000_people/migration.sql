-- from schema.prisma
-- CreateTable
CREATE TABLE "watchlists" (
    "list_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "source" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "address" TEXT,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "max_age_hours" INTEGER NOT NULL DEFAULT 24,
    "shrink_limit" DECIMAL(38,18) NOT NULL DEFAULT 0.05,
    "set_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlists_pkey" PRIMARY KEY ("list_id")
);

-- CreateTable
CREATE TABLE "watchlist_versions" (
    "version_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "list_id" UUID NOT NULL,
    "ordinal" INTEGER,
    "label" TEXT,
    "published_on" DATE,
    "sha256" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "added" INTEGER NOT NULL DEFAULT 0,
    "changed" INTEGER NOT NULL DEFAULT 0,
    "removed" INTEGER NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "fetched_at" TIMESTAMPTZ(6) NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_versions_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "watchlist_acceptances" (
    "version_id" UUID NOT NULL,
    "accepted_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "accepted_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_acceptances_pkey" PRIMARY KEY ("version_id","accepted_by")
);

-- CreateTable
CREATE TABLE "watchlist_held" (
    "version_id" UUID NOT NULL,
    "entries" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_held_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "watchlist_entries" (
    "entry_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "list_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "entry_hash" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "added_in" INTEGER NOT NULL,
    "removed_in" INTEGER,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watchlist_entries_pkey" PRIMARY KEY ("entry_id")
);

-- CreateTable
CREATE TABLE "screening_subjects" (
    "party_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "facts_version" INTEGER NOT NULL,
    "reason" TEXT NOT NULL,
    "asked_by" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_subjects_pkey" PRIMARY KEY ("party_id")
);

-- CreateTable
CREATE TABLE "screening_checks" (
    "check_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "party_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "facts_hash" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "engine" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "missing" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "checked_by" TEXT NOT NULL,
    "checked_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_checks_pkey" PRIMARY KEY ("check_id")
);

-- CreateTable
CREATE TABLE "screening_check_lists" (
    "check_id" UUID NOT NULL,
    "list_id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_check_lists_pkey" PRIMARY KEY ("check_id","list_id")
);

-- CreateTable
CREATE TABLE "screening_candidates" (
    "candidate_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "check_id" UUID NOT NULL,
    "party_id" UUID NOT NULL,
    "entry_id" UUID NOT NULL,
    "entry_hash" TEXT NOT NULL,
    "score" DECIMAL(38,18) NOT NULL,
    "outcome" TEXT NOT NULL,
    "features" JSONB NOT NULL,
    "missing" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "case_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_candidates_pkey" PRIMARY KEY ("candidate_id")
);

-- CreateTable
CREATE TABLE "screening_clearances" (
    "clearance_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "party_id" UUID NOT NULL,
    "list_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "candidate_id" UUID NOT NULL,
    "decision" TEXT NOT NULL,
    "facts_hash" TEXT NOT NULL,
    "entry_hash" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "decided_by" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_by" TEXT,
    "ended_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_clearances_pkey" PRIMARY KEY ("clearance_id")
);

-- CreateTable
CREATE TABLE "screening_rescreens" (
    "list_id" UUID NOT NULL,
    "from_ordinal" INTEGER NOT NULL,
    "to_ordinal" INTEGER NOT NULL,
    "entries" INTEGER NOT NULL,
    "parties" INTEGER NOT NULL,
    "affected" INTEGER NOT NULL,
    "engine" TEXT NOT NULL,
    "recorded_by" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "screening_rescreens_pkey" PRIMARY KEY ("list_id","to_ordinal")
);

-- CreateIndex
CREATE UNIQUE INDEX "watchlists_source_key" ON "watchlists"("source");

-- CreateIndex
CREATE UNIQUE INDEX "watchlist_versions_list_id_ordinal_key" ON "watchlist_versions"("list_id", "ordinal");

-- CreateIndex
CREATE INDEX "watchlist_entries_list_id_added_in_idx" ON "watchlist_entries"("list_id", "added_in");

-- CreateIndex
CREATE INDEX "screening_checks_party_id_checked_at_idx" ON "screening_checks"("party_id", "checked_at");

-- CreateIndex
CREATE INDEX "screening_check_lists_list_id_idx" ON "screening_check_lists"("list_id");

-- CreateIndex
CREATE INDEX "screening_check_lists_version_id_idx" ON "screening_check_lists"("version_id");

-- CreateIndex
CREATE INDEX "screening_candidates_party_id_idx" ON "screening_candidates"("party_id");

-- CreateIndex
CREATE INDEX "screening_candidates_entry_id_idx" ON "screening_candidates"("entry_id");

-- CreateIndex
CREATE INDEX "screening_candidates_case_id_idx" ON "screening_candidates"("case_id");

-- CreateIndex
CREATE UNIQUE INDEX "screening_candidates_check_id_entry_id_key" ON "screening_candidates"("check_id", "entry_id");

-- CreateIndex
CREATE INDEX "screening_clearances_party_id_idx" ON "screening_clearances"("party_id");

-- CreateIndex
CREATE INDEX "screening_clearances_list_id_idx" ON "screening_clearances"("list_id");

-- CreateIndex
CREATE INDEX "screening_clearances_candidate_id_idx" ON "screening_clearances"("candidate_id");

-- AddForeignKey
ALTER TABLE "watchlist_versions" ADD CONSTRAINT "watchlist_versions_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "watchlist_acceptances" ADD CONSTRAINT "watchlist_acceptances_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "watchlist_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "watchlist_held" ADD CONSTRAINT "watchlist_held_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "watchlist_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "watchlist_entries" ADD CONSTRAINT "watchlist_entries_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_checks" ADD CONSTRAINT "screening_checks_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "screening_subjects"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_check_lists" ADD CONSTRAINT "screening_check_lists_check_id_fkey" FOREIGN KEY ("check_id") REFERENCES "screening_checks"("check_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_check_lists" ADD CONSTRAINT "screening_check_lists_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_check_lists" ADD CONSTRAINT "screening_check_lists_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "watchlist_versions"("version_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_candidates" ADD CONSTRAINT "screening_candidates_check_id_fkey" FOREIGN KEY ("check_id") REFERENCES "screening_checks"("check_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_candidates" ADD CONSTRAINT "screening_candidates_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "screening_subjects"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_candidates" ADD CONSTRAINT "screening_candidates_entry_id_fkey" FOREIGN KEY ("entry_id") REFERENCES "watchlist_entries"("entry_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_clearances" ADD CONSTRAINT "screening_clearances_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "screening_subjects"("party_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_clearances" ADD CONSTRAINT "screening_clearances_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_clearances" ADD CONSTRAINT "screening_clearances_candidate_id_fkey" FOREIGN KEY ("candidate_id") REFERENCES "screening_candidates"("candidate_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "screening_rescreens" ADD CONSTRAINT "screening_rescreens_list_id_fkey" FOREIGN KEY ("list_id") REFERENCES "watchlists"("list_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

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

insert into public.platform_settings (key, value) values
  ('data_drift_threshold_bps', '{"default": 500, "debt": 300, "cash": 10, "equity": 1500, "private_equity": 1500, "private_credit": 800, "infrastructure": 1000, "real_estate": 1000}'),
  ('nav_max_age_days', '{"default": 100, "cash": 5, "debt": 35, "equity": 5, "private_equity": 190, "private_credit": 100, "infrastructure": 190, "real_estate": 190}'),
  ('approval_timeout_hours', '72'),
  ('price_breaker_window_days', '30'),
  ('stress_nightly', '{"at": "02:30"}'),
  -- UTC; the day is at most the 28th, which every month has
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
    'watchlist_acceptances', 'screening_check_lists', 'screening_rescreens', 'stress_shards']) as table_name loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function evergreen.forbid()', t.table_name);
    execute format('create or replace trigger append_only_truncate before truncate on public.%I for each statement execute function evergreen.forbid()', t.table_name);
  end loop;
end $$;
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
  perform evergreen.refuse_unless(source ~ '^[a-z][a-z0-9-]{1,39}$' and length(title) between 1 and 200 and format in ('ofac-csv', 'eu-xml', 'un-xml', 'uk-csv', 'own-csv', 'opensanctions-csv', 'ftm-json', 'yente'), 'EG400',
    'source is a word of a-z, 0-9 and -, title has 1 to 200 characters, format is one of ofac-csv, eu-xml, un-xml, uk-csv, own-csv, opensanctions-csv, ftm-json.');
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

-- from sql/6x-fn-screening.sql
-- Screening: checks of parties against versions of lists, candidates they found, what people decided about them, and where a party stands.

create or replace function evergreen.screening_facts_hash(s public.screening_subjects) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(s.party_id || '/' || s.facts_version, 'UTF8')), 'hex')
$$;
comment on function evergreen.screening_facts_hash(public.screening_subjects) is
  'Names the facts of a party as they are now without holding a word of them: it changes whenever they change, and tells nothing once the party is erased.';

create or replace function evergreen.request_screening(of_party uuid, why text, facts_changed boolean, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
begin
  insert into public.screening_subjects (party_id, revision, facts_version, reason, asked_by) values (of_party, 1, 1, why, evergreen.actor())
  on conflict (party_id) do update set revision = screening_subjects.revision + 1, facts_version = screening_subjects.facts_version + facts_changed::int,
      reason = excluded.reason, asked_by = excluded.asked_by, asked_at = evergreen.clock()
  returning * into s;
  perform evergreen.emit('SCREENING_REQUESTED', null, jsonb_build_object('party_id', of_party, 'revision', s.revision, 'reason', why), evergreen.actor(), '{}', '{}', request_id);
  return s.revision;
end $$;
comment on function evergreen.request_screening(uuid, text, boolean, text) is
  'Has a party screened against all active lists; called in the transaction in which it is registered or its facts change. Until the check is there it stands as unscreened.';

create or replace function evergreen.covered_through(of_list uuid) returns int language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(r.to_ordinal), 0) from public.screening_rescreens r where r.list_id = of_list
$$;
comment on function evergreen.covered_through(uuid) is 'Up to which version of a list its changes were held against all parties.';

create or replace function evergreen.open_candidates(of_party uuid) returns table (candidate_id uuid, list_id uuid, external_id text, outcome text, decision text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with subject as (
    select s.*, evergreen.screening_facts_hash(s) as facts from public.screening_subjects s where s.party_id = of_party
  ), last as (
    -- the newest whole check, and what changes of lists were found to mean since
    select c.check_id from public.screening_checks c, subject s where c.party_id = s.party_id and c.revision = s.revision
       and c.checked_at >= (select max(f.checked_at) from public.screening_checks f where f.party_id = s.party_id and f.revision = s.revision and f.scope = 'full')
  )
  select distinct on (e.list_id, e.external_id) x.candidate_id, e.list_id, e.external_id, x.outcome, d.decision
    from last join public.screening_candidates x using (check_id) join public.watchlist_entries e on e.entry_id = x.entry_id and e.removed_in is null
    cross join subject s left join public.screening_clearances d on d.party_id = s.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
      and d.facts_hash = s.facts and d.entry_hash = e.entry_hash
   order by e.list_id, e.external_id, x.created_at desc
$$;
comment on function evergreen.open_candidates(uuid) is
  'Candidates of a party that count today: of its newest whole check and the deltas since, whose entry still stands; with what was decided about the pair while neither has changed.';

create or replace function evergreen.screening_standing(party_id uuid) returns text language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
  last public.screening_checks;
begin
  select * into s from public.screening_subjects x where x.party_id = screening_standing.party_id;
  if not found then
    return 'unscreened';
  end if;
  if exists (select from evergreen.open_candidates(s.party_id) o where o.decision = 'true_match') then
    return 'refused';
  elsif exists (select from evergreen.open_candidates(s.party_id) o where o.decision is null and o.outcome = 'alert') then
    return 'open';
  end if;
  select * into last from public.screening_checks c where c.party_id = s.party_id and c.scope = 'full' order by c.checked_at desc, c.revision desc limit 1;
  if not found or last.revision <> s.revision or evergreen.watchlist_trouble() is not null
    or exists (select from evergreen.open_candidates(s.party_id) o where o.decision is null and o.outcome = 'ask')
    or exists (select from public.watchlists w join public.watchlist_versions v on v.list_id = w.list_id and v.status = 'current'
         left join public.screening_check_lists l on l.check_id = last.check_id and l.list_id = w.list_id
        where w.active and greatest(coalesce(l.ordinal, 0), case when coalesce(l.ordinal, 0) < v.ordinal then evergreen.covered_through(w.list_id) else 0 end) < v.ordinal) then
    return 'unscreened';
  end if;
  return 'clear';
end $$;
comment on function evergreen.screening_standing(uuid) is
  'refused: a true match stands · open: a possible match is not decided · unscreened: never checked, facts changed since, evidence asked, or a list is missing, too old or not yet held against the party · clear.';

create or replace function public.fn_request_screening(party_id uuid, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('party_id', party_id);
  answer := evergreen.earlier_answer('fn_request_screening', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(party_id is not null, 'EG400', 'party_id is needed.');
  answer := jsonb_build_object('party_id', party_id, 'revision', evergreen.request_screening(party_id, 'asked', false, request_id));
  perform evergreen.audit(null, 'parties', party_id::text, 'screening asked for', request_id);
  perform evergreen.keep_answer('fn_request_screening', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_screening(uuid, text) is 'Asks for a party to be screened anew against all active lists. EG400, EG404, EG409.';

create or replace function public.fn_record_check(party_id uuid, revision int, scope text, lists jsonb, engine text, candidates jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.screening_subjects;
  c public.screening_checks;
  trouble text;
  found_outcome text;
  asked text[];
  unsettled int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('party_id', party_id, 'revision', revision, 'scope', scope, 'lists', lists, 'engine', engine, 'candidates', candidates);
  answer := evergreen.earlier_answer('fn_record_check', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(scope in ('full', 'delta') and length(engine) between 1 and 100 and jsonb_typeof(lists) = 'array' and jsonb_typeof(candidates) = 'array', 'EG400',
    'scope is full or delta, engine has 1 to 100 characters, lists and candidates are lists.');
  perform evergreen.refuse_unless(jsonb_array_length(lists) between 1 and 100 and jsonb_array_length(candidates) <= 200, 'EG413', 'A check has 1 to 100 lists and at most 200 candidates.');
  -- as it was at one moment: a version is published before this check or after it, never within
  perform 1 from public.watchlists w where w.active order by w.list_id for share;
  select * into s from public.screening_subjects x where x.party_id = fn_record_check.party_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No party with that id is screened.');
  perform evergreen.refuse_unless(s.revision = fn_record_check.revision, 'EG425', 'The facts of the party have changed, or another screening was asked for since; screen it again.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid, sha256 text)
      left join public.watchlist_versions v on v.version_id = g.version_id and v.sha256 = g.sha256 and v.status = 'current' left join public.watchlists w on w.list_id = v.list_id and w.active where w.list_id is null)
    and (scope = 'delta' or (select count(distinct g.version_id) from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid))
      = (select count(*) from public.watchlists w where w.active)), 'EG425', 'A list has changed since the check began, or is missing in it; screen the party against the lists of now.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(candidates) as g (entry_id uuid, score numeric, outcome text, features jsonb)
      left join public.watchlist_entries e on e.entry_id = g.entry_id and e.removed_in is null
        and e.list_id in (select v.list_id from jsonb_to_recordset(fn_record_check.lists) as l (version_id uuid) join public.watchlist_versions v on v.version_id = l.version_id)
     where (e.entry_id is not null and g.score between 0 and 1 and g.outcome in ('alert', 'ask', 'clear') and jsonb_typeof(g.features) = 'array') is not true), 'EG400',
    'Each candidate names an entry of the lists checked, a score from 0 to 1, an outcome (alert, ask or clear) and its features.');
  insert into public.screening_checks (party_id, revision, facts_hash, scope, engine, outcome, checked_by, checked_at)
  values (s.party_id, s.revision, evergreen.screening_facts_hash(s), scope, engine, 'clear', evergreen.actor(), clock_timestamp()) returning * into c;
  insert into public.screening_check_lists (check_id, list_id, version_id, ordinal, sha256)
  select distinct c.check_id, v.list_id, v.version_id, v.ordinal, v.sha256 from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid) join public.watchlist_versions v using (version_id);
  insert into public.screening_candidates (check_id, party_id, entry_id, entry_hash, score, outcome, features, missing)
  select c.check_id, s.party_id, e.entry_id, e.entry_hash, g.score, g.outcome, g.features, array(select jsonb_array_elements_text(coalesce(g.missing, '[]')) order by 1)
    from jsonb_to_recordset(candidates) as g (entry_id uuid, score numeric, outcome text, features jsonb, missing jsonb) join public.watchlist_entries e on e.entry_id = g.entry_id;
  -- a pair that was decided while neither side has changed is not found anew
  select case when bool_or(x.outcome = 'alert') then 'possible' when bool_or(x.outcome = 'ask') then 'ask' else 'clear' end, count(*) filter (where x.outcome = 'alert')
    into found_outcome, unsettled
    from public.screening_candidates x join public.watchlist_entries e on e.entry_id = x.entry_id
   where x.check_id = c.check_id and not exists (select from public.screening_clearances d where d.party_id = s.party_id and d.list_id = e.list_id and d.external_id = e.external_id
     and d.ended_at is null and d.facts_hash = c.facts_hash and d.entry_hash = x.entry_hash and d.decision = 'false_match');
  select coalesce(array_agg(distinct m order by m), '{}') into asked from public.screening_candidates x, unnest(x.missing) m where x.check_id = c.check_id and x.outcome = 'ask' and found_outcome = 'ask';
  trouble := evergreen.watchlist_trouble();
  perform evergreen.refuse_unless(found_outcome <> 'clear' or scope = 'delta' or trouble is null, 'EG428', trouble);
  update public.screening_checks x set outcome = found_outcome, missing = asked where x.check_id = c.check_id;
  perform evergreen.follow_check(c.check_id, request_id);
  perform evergreen.emit('PARTY_SCREENED', null, jsonb_build_object('party_id', s.party_id, 'check_id', c.check_id, 'outcome', found_outcome), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'screening_checks', c.check_id::text, format('party screened (%s): %s, %s candidates, %s undecided', scope, found_outcome, jsonb_array_length(candidates), unsettled), request_id);
  answer := jsonb_build_object('check_id', c.check_id, 'outcome', found_outcome, 'candidates', jsonb_array_length(candidates), 'undecided', unsettled, 'missing', to_jsonb(asked));
  perform evergreen.keep_answer('fn_record_check', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_check(uuid, int, text, jsonb, text, jsonb, text) is
  'Records what a screening found: lists = [{version_id, sha256}] as used (all active ones when scope is full), candidates = [{entry_id, score, outcome, features, missing}]. A possible match opens a case, missing facts are asked for. Refused when facts or lists changed since (EG425), and to clear on a list that is missing or too old (EG428). EG400, EG404, EG409, EG413.';

create or replace function evergreen.follow_check(of_check uuid, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1;
end $$;
comment on function evergreen.follow_check(uuid, text) is 'What a check leads to: a possible match opens a case with its candidates, missing facts are asked for.';

create or replace function evergreen.decide_pair(x public.screening_candidates, of_decision text, of_reason text, request_id text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
  e public.watchlist_entries;
  id uuid;
begin
  -- one after the other on one party: two people who decide one pair get one decision
  select * into s from public.screening_subjects y where y.party_id = x.party_id for no key update;
  select * into e from public.watchlist_entries y where y.entry_id = x.entry_id;
  perform evergreen.refuse_unless(exists (select from public.screening_checks c where c.check_id = x.check_id and c.facts_hash = evergreen.screening_facts_hash(s)) and e.removed_in is null, 'EG425',
    'The facts of the party or the entry of the list have changed since this candidate was found; decide on the newest check.');
  perform evergreen.refuse_unless(not exists (select from public.screening_clearances d where d.party_id = x.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
      and d.facts_hash = evergreen.screening_facts_hash(s) and d.entry_hash = e.entry_hash), 'EG422', 'This pair was decided already.');
  insert into public.screening_clearances (party_id, list_id, external_id, candidate_id, decision, facts_hash, entry_hash, reason, decided_by)
  values (x.party_id, e.list_id, e.external_id, x.candidate_id, of_decision, evergreen.screening_facts_hash(s), e.entry_hash, of_reason, evergreen.actor()) returning clearance_id into id;
  perform evergreen.emit('CANDIDATE_DECIDED', null, jsonb_build_object('party_id', x.party_id, 'clearance_id', id, 'decision', of_decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'screening_clearances', id::text, 'candidate decided: ' || of_decision, request_id);
  return id;
end $$;
comment on function evergreen.decide_pair(public.screening_candidates, text, text, text) is
  'One decision about one party and one entry, valid while the facts of the one and the text of the other stay what they were. EG422, EG425.';

create or replace function public.fn_clear_candidate(candidate_id uuid, decision text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  x public.screening_candidates;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('candidate_id', candidate_id, 'decision', decision, 'reason', reason);
  answer := evergreen.earlier_answer('fn_clear_candidate', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('false_match', 'true_match') and length(reason) between 1 and 500, 'EG400', 'decision is false_match or true_match, reason has 1 to 500 characters.');
  select * into x from public.screening_candidates y where y.candidate_id = fn_clear_candidate.candidate_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No candidate with that id.');
  perform evergreen.refuse_unless(x.case_id is null, 'EG428', 'The candidate is part of a case: decide the case.');
  answer := jsonb_build_object('clearance_id', evergreen.decide_pair(x, decision, reason, request_id), 'decision', decision, 'standing', evergreen.screening_standing(x.party_id));
  perform evergreen.keep_answer('fn_clear_candidate', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_clear_candidate(uuid, text, text, text) is
  'Decides a candidate that is in no case: false_match clears the pair while neither side changes, true_match refuses the party. EG400, EG404, EG409, EG422, EG425, EG428.';

create or replace function public.fn_end_clearance(clearance_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.screening_clearances;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('clearance_id', clearance_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_end_clearance', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into d from public.screening_clearances y where y.clearance_id = fn_end_clearance.clearance_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No clearance with that id.');
  perform evergreen.refuse_unless(d.ended_at is null, 'EG422', 'The clearance was ended already.');
  perform evergreen.refuse_unless(d.decided_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever decided a pair cannot take it back alone.');
  update public.screening_clearances y set ended_by = evergreen.actor(), ended_at = now() where y.clearance_id = d.clearance_id;
  perform evergreen.request_screening(d.party_id, 'decision taken back', false, request_id);
  perform evergreen.audit(null, 'screening_clearances', d.clearance_id::text, 'decision taken back', request_id);
  answer := jsonb_build_object('clearance_id', d.clearance_id, 'standing', evergreen.screening_standing(d.party_id));
  perform evergreen.keep_answer('fn_end_clearance', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_end_clearance(uuid, text, text) is 'Takes the decision about a pair back, by another person than the one who made it; the party is screened anew. EG400, EG404, EG409, EG420, EG422.';

create or replace function public.fn_record_rescreen(list_id uuid, from_ordinal int, to_ordinal int, parties int, affected int, engine text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('list_id', list_id, 'from_ordinal', from_ordinal, 'to_ordinal', to_ordinal, 'parties', parties, 'affected', affected, 'engine', engine);
  answer := evergreen.earlier_answer('fn_record_rescreen', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(parties >= 0 and affected between 0 and parties and length(engine) between 1 and 100, 'EG400', 'parties and affected are counts, engine has 1 to 100 characters.');
  perform 1 from public.watchlists w where w.list_id = fn_record_rescreen.list_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No list with that id.');
  perform evergreen.refuse_unless(from_ordinal = evergreen.covered_through(list_id)
    and to_ordinal = (select v.ordinal from public.watchlist_versions v where v.list_id = fn_record_rescreen.list_id and v.status = 'current') and to_ordinal > from_ordinal, 'EG425',
    'The list was published again, or its changes were held against the parties already; look again.');
  select count(*) into n from public.watchlist_entries e where e.list_id = fn_record_rescreen.list_id and e.added_in > from_ordinal and e.removed_in is null;
  insert into public.screening_rescreens (list_id, from_ordinal, to_ordinal, entries, parties, affected, engine, recorded_by)
  values (list_id, from_ordinal, to_ordinal, n, parties, affected, engine, evergreen.actor());
  perform evergreen.emit('PARTIES_RESCREENED', null, jsonb_build_object('list_id', list_id, 'entries', n, 'parties', parties, 'affected', affected), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', list_id::text, format('parties held against versions %s to %s: %s entries, %s parties, %s affected', from_ordinal, to_ordinal, n, parties, affected), request_id);
  answer := jsonb_build_object('entries', n, 'parties', parties, 'affected', affected);
  perform evergreen.keep_answer('fn_record_rescreen', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_rescreen(uuid, int, int, int, int, text, text) is
  'Says that what a list changed between two versions was held against every party; those affected have checks of their own. Refused unless it begins where the last one ended and ends at the current version (EG425). EG400, EG404, EG409.';

create or replace function public.fn_read_screening(party_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
begin
  perform evergreen.require_role('ops_role', 'pm_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(party_id is not null, 'EG400', 'party_id is needed.');
  select * into s from public.screening_subjects x where x.party_id = fn_read_screening.party_id;
  return jsonb_build_object('party_id', fn_read_screening.party_id, 'standing', evergreen.screening_standing(fn_read_screening.party_id), 'revision', s.revision, 'trouble', evergreen.watchlist_trouble(),
    'check', (select jsonb_build_object('check_id', c.check_id, 'outcome', c.outcome, 'missing', to_jsonb(c.missing), 'engine', c.engine, 'checked_at', c.checked_at,
        'lists', (select jsonb_agg(jsonb_build_object('source', w.source, 'ordinal', l.ordinal, 'sha256', l.sha256) order by w.source) from public.screening_check_lists l join public.watchlists w using (list_id) where l.check_id = c.check_id))
      from public.screening_checks c where c.party_id = s.party_id and c.scope = 'full' order by c.checked_at desc limit 1),
    'candidates', coalesce((select jsonb_agg(jsonb_build_object('candidate_id', o.candidate_id, 'source', w.source, 'entry', o.external_id, 'outcome', o.outcome, 'score', trim_scale(x.score)::text, 'decision', o.decision) order by x.score desc)
      from evergreen.open_candidates(s.party_id) o join public.watchlists w using (list_id) join public.screening_candidates x using (candidate_id)), '[]'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_screening(uuid) is 'Where a party stands: its newest whole check with the versions used, and the candidates that count today. No fact of the party. EG400.';

create or replace function public.fn_list_unscreened(after uuid default null, max_rows int default 100) returns table (party_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(max_rows between 1 and 1000, 'EG400', 'max_rows is 1 to 1,000.');
  return query select s.party_id from public.screening_subjects s
   where (fn_list_unscreened.after is null or s.party_id > fn_list_unscreened.after)
     and not exists (select from public.screening_checks c where c.party_id = s.party_id and c.revision = s.revision and c.scope = 'full')
   order by s.party_id limit max_rows;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_unscreened(uuid, int) is 'Parties whose whole check is missing since they were asked for, in the order of their ids. EG400.';

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
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
