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
    ('fn_read_desk()', 'pm_role, ops_role, audit_role'),
    ('fn_read_trail(text,bigint)', 'pm_role, ops_role, audit_role'),
    ('fn_read_changes(text)', 'pm_role, ops_role, audit_role'),
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
