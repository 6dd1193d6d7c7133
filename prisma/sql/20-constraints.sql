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
  perform evergreen.add_check('proposals', 'proposals_kind',
    $c$kind in ('rebalancing', 'nav', 'lmt', 'token', 'cancellation', 'crystallisation', 'distribution', 'in_kind')$c$);
  perform evergreen.add_check('proposals', 'proposals_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('proposal_checks', 'proposal_checks_result', $c$result in ('passed', 'failed')$c$);
  perform evergreen.add_check('approvals', 'approvals_decision', $c$decision in ('approved', 'rejected')$c$);
  perform evergreen.add_check('compliance_logs', 'compliance_logs_result', $c$result in ('passed', 'failed', 'review')$c$);
  perform evergreen.add_check('risk_alerts', 'risk_alerts_severity', $c$severity in ('notice', 'warning', 'critical')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_trust', $c$trust in ('system', 'person', 'untrusted')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_text', 'length(text) between 1 and 4096');
  perform evergreen.add_check('memory_nodes', 'memory_nodes_kind', $c$kind in ('Asset', 'Scenario', 'Workflow', 'Investor', 'Policy')$c$);
  perform evergreen.add_check('memory_edges', 'memory_edges_kind', $c$kind in ('caused', 'resolved_with', 'violated', 'prefers')$c$);
  perform evergreen.add_check('audit_cursor', 'audit_cursor_only', '"only"');
  perform evergreen.add_check('webhook_endpoints', 'webhook_endpoints_state', $c$status in ('active', 'paused', 'gone', 'removed') and reason in ('people', 'failing', 'refused', 'gone') and cursor_seq >= 0$c$);
  perform evergreen.add_check('webhook_endpoints', 'webhook_endpoints_owner', $c$owner_role in ('pm_role', 'ops_role', 'lp_role') and cardinality(types) between 1 and 100 and length(url) between 8 and 2000$c$);
  perform evergreen.add_check('webhook_secrets', 'webhook_secrets_sealed', $c$sealed ~ '^v1\.mk-[0-9a-f]{16}\.' and length(sealed) <= 400$c$);
  perform evergreen.add_check('webhook_deliveries', 'webhook_deliveries_state', $c$status in ('pending', 'delivered', 'dead', 'withheld') and attempts >= 0 and last_status between 100 and 999 and length(last_reason) between 1 and 60$c$);
  perform evergreen.add_check('webhook_deliveries', 'webhook_deliveries_tries', $c$jsonb_typeof(tries) = 'array' and jsonb_array_length(tries) <= 50$c$);
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
  perform evergreen.add_check('liquidity_pools', 'liquidity_pools_curve', $c$pool ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and chain ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and (curve, amplification is null) in (('constant_product', true), ('stable_swap', false)) and coalesce(amplification between 1 and 1000000, true)$c$);
  perform evergreen.add_check('liquidity_pools', 'liquidity_pools_terms', $c$reserve_units between 1 and 5192296858534827628530496329220095 and reserve_cash between 1 and 5192296858534827628530496329220095 and unit_decimals between 0 and 18 and cash_decimals between 0 and 18 and fee_ppm between 0 and 999999 and version >= 1$c$);
  perform evergreen.add_check('pool_trades', 'pool_trades_terms', $c$direction in ('sell', 'buy') and amount_in between 1 and 5192296858534827628530496329220095 and amount_out between 0 and 5192296858534827628530496329220095 and tx_hash ~ '^0x[0-9a-f]{64}$'$c$);
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
-- encrypted anew a document lies elsewhere
alter table public.documents drop constraint if exists documents_shape;
select evergreen.add_check('documents', 'documents_stored', $c$kind ~ '^[a-z_]{1,60}$' and size between 1 and 20971520 and sha256 ~ '^[0-9a-f]{64}$' and storage_path ~ ('^' || subject_id || '/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')$c$);
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

select evergreen.add_check('incidents', 'incidents_reasons', 'length(reason) between 10 and 1900 and coalesce(length(close_reason) between 10 and 1900, true) and coalesce(length(closed_reason) between 10 and 1900, true)');
select evergreen.add_check('incidents', 'incidents_two_people', 'num_nulls(close_asked_by, close_asked_at, close_reason) in (0, 3) and num_nulls(closed_by, closed_at, closed_reason) in (0, 3) and (closed_by is null or (close_asked_by is not null and close_asked_by <> closed_by))');
create unique index if not exists incidents_open on public.incidents (fund_id) where closed_at is null;

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
select evergreen.add_check('schedules', 'schedules_asked', $c$asked in ('pause', 'resume', 'backfill') and num_nulls(asked, asked_event, asked_by, asked_at, asked_note) in (0, 5) and num_nulls(answered_at, outcome, says) in (0, 3) and outcome in ('done', 'refused') and (asked is not distinct from 'backfill') = (first_day is not null) and num_nulls(first_day, last_day) in (0, 2)$c$);
select evergreen.add_check('failure_steps', 'failure_steps_terms', $c$kind in ('event', 'batch', 'run') and action in ('skip', 'escalate') and num_nulls(decided_by, decided_at) in (0, 2) and (action = 'escalate') = (due_at is not null) and num_nulls(to_role, due_at) in (0, 2) and (action = 'skip' or decided_at is not null) and not (action = 'skip' and moves_money and decided_by is not null and decided_by = asked_by)$c$);
-- one current version of a list, one file that waits, each entry once; one decision in force about a pair as it is
create unique index if not exists watchlist_versions_one_current on public.watchlist_versions (list_id) where status = 'current';
create unique index if not exists watchlist_versions_one_held on public.watchlist_versions (list_id) where status = 'held';
create unique index if not exists watchlist_entries_standing on public.watchlist_entries (list_id, external_id) where removed_in is null;
create unique index if not exists screening_clearances_pair on public.screening_clearances (party_id, list_id, external_id, facts_hash, entry_hash) where ended_at is null;
