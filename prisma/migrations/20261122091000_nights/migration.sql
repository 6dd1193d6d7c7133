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
create or replace trigger append_only before update or delete on public.fund_events for each row execute function evergreen.forbid_unless_retired();
create or replace trigger append_only_truncate before truncate on public.fund_events for each statement execute function evergreen.forbid();
create or replace trigger stamp before insert or update on public.audit_cursor for each row execute function evergreen.touch_cursor();
-- the mirror in DuckDB looks for the row that a changed one replaces only where rows of that moment are (`Fixed:` in analytics/sql/10-mirror.sql)
create or replace trigger recorded_once before update of recorded_at on public.asset_snapshots for each row
  when (new.recorded_at is distinct from old.recorded_at) execute function evergreen.forbid();
-- once per statement: an import of 200,000 marks looks at the trades once
create or replace trigger watch_drift after insert on public.asset_snapshots referencing new table as marks for each statement execute function evergreen.watch_drift();

-- from sql/6q-fn-schedules.sql
-- Schedules belong to Temporal; who pauses, resumes or backfills one, and why, is recorded here before it is done.

create or replace function public.fn_note_schedule(schedule_id text, action text, note text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note);
  answer := evergreen.earlier_answer('fn_note_schedule', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(schedule_id ~ '^[a-z]+(/[A-Za-z0-9_-]{1,40}){1,2}$', 'EG400', 'schedule_id is the kind, the code of a fund and perhaps of a class: deal/DEMO/I.');
  perform evergreen.refuse_unless(action in ('pause', 'resume', 'backfill'), 'EG400', 'action is pause, resume or backfill.');
  perform evergreen.refuse_unless(length(btrim(note)) between 1 and 300 and note !~ '[[:cntrl:]]', 'EG400', 'note is one line of 1 to 300 characters.');
  -- a clock of the whole platform is of no fund
  if schedule_id <> 'platform/retention' then
    select f.fund_id into of_fund from public.funds f where f.code = split_part(fn_note_schedule.schedule_id, '/', 2) for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with the code of that schedule.');
  end if;
  answer := jsonb_build_object('event_id', evergreen.emit('SCHEDULE_NOTED', of_fund,
    jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note), evergreen.actor(), '{}', '{}', request_id));
  perform evergreen.audit(of_fund, 'schedules', schedule_id, 'schedule: ' || action, request_id);
  perform evergreen.keep_answer('fn_note_schedule', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_schedule(text, text, text, text) is
  'Records that a person pauses, resumes or backfills a schedule of a fund or of the platform, and why; called before it is done. EG400, EG404.';

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
