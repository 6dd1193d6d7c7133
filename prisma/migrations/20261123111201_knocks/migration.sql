-- from sql/6j-fn-dealing-run.sql
-- The run of a dealing day beside its steps: where it stands, who knocks, what it reads, marks, unpaid subscriptions, the lab, discarding.

create or replace function evergreen.knock_days(of_fund uuid, on_date date, only_day uuid, why text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.emit('DEALING_DAY_KNOCKED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'reason', left(why, 200)), evergreen.actor(),
      jsonb_build_object('workflow_id', d.workflow_id), '{}', null)
    from (select x.* from public.dealing_days x where x.fund_id = of_fund and (on_date is null or x.dealing_date = on_date) and (only_day is null or x.dealing_day_id = only_day)
      and x.workflow_id is not null and x.status not in ('closed', 'suspended', 'discarded')
      -- days of a demo's past have no run to tell
      and evergreen.demo_clock() is null order by x.dealing_date, x.dealing_day_id) d;
end $$;
comment on function evergreen.knock_days(uuid, date, uuid, text) is 'Tells the runs of a fund''s open dealing days (of a date, or one) to look again.';

create or replace function public.fn_knock_dealing_day(dealing_day_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_knock_dealing_day', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 200, 'EG400', 'reason has 1 to 200 characters.');
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status not in ('closed', 'suspended', 'discarded'), 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.knock_days(d.fund_id, null, d.dealing_day_id, reason);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'asked to look again', request_id);
  perform evergreen.keep_answer('fn_knock_dealing_day', request_id, input, jsonb_build_object('status', d.status));
  return d.status;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_knock_dealing_day(uuid, text, text) is 'Tells the run of a dealing day to look again, after somebody corrected what it waits for; returns the status of the day. EG400, EG404, EG428 over.';

create or replace function evergreen.waits_for(d public.dealing_days) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- one NAV per fund and date, over the register as it stands: every class is past its cut-off, and every day before is posted
  select coalesce(jsonb_agg(w.words order by w.dealing_date, w.code), '[]') from (
    select x.dealing_date, c.code, case when x.dealing_date = d.dealing_date then 'cut-off of class ' || c.code else 'posting of class ' || c.code || ' of ' || x.dealing_date end as words
      from public.dealing_days x join public.share_classes c using (share_class_id)
     where x.fund_id = d.fund_id and x.dealing_day_id <> d.dealing_day_id
       and (x.dealing_date = d.dealing_date and x.status = 'open'
         or x.dealing_date < d.dealing_date and x.status not in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded'))
     order by x.dealing_date, c.code limit 5) w
$$;
comment on function evergreen.waits_for(public.dealing_days) is 'What the NAV of a day waits for among the other days of the fund, by name; at most five.';

create or replace function public.fn_read_dealing_day(dealing_day_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  p public.proposals;
  a record;
begin
  perform evergreen.require_role('agent_commander');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_dealing_day.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  select * into p from public.proposals x where x.proposal_id = s.proposal_id;
  -- a tool that this run asked for, if people decided on it or still may
  select x.activation_id, x.tool, x.proposal_id, q.status, x.status as activation into a from public.lmt_activations x join public.proposals q on q.proposal_id = x.proposal_id
   where x.fund_id = d.fund_id and q.workflow_id = d.workflow_id and q.kind = 'lmt' and x.status <> 'ended' order by x.created_at desc limit 1;
  return jsonb_build_object('dealing_day_id', d.dealing_day_id, 'fund_id', d.fund_id, 'status', d.status, 'step', d.step, 'workflow_id', d.workflow_id,
    -- the database's clock; a little later than the moment itself
    'cut_off_in_ms', greatest(0, ceil(extract(epoch from d.cut_off_at - clock_timestamp()) * 1000)::bigint),
    'rechecked', d.rechecked_at is not null,
    -- one of the classes that deal at a NAV makes it, for all of them
    'leads', not exists (select from public.dealing_days x join public.share_classes c using (share_class_id), public.share_classes mine
       where mine.share_class_id = d.share_class_id and x.fund_id = d.fund_id and x.dealing_date = d.dealing_date and c.code < mine.code
         and x.status not in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded')),
    'waits_for', case when d.status in ('cut_off', 'inputs_frozen') then evergreen.waits_for(d) else '[]' end,
    'strike_id', d.strike_id, 'strike_state', s.state, 'lab', d.decision ? 'lab',
    'blockers', case when s.state = 'estimated' then (select coalesce(jsonb_agg(b.words), '[]') from (
        select i.label || ': ' || i.blocked_by as words from public.nav_inputs i where i.strike_id = s.strike_id and i.blocked_by is not null
        union all select x ->> 'words' from jsonb_array_elements(coalesce(s.body #> '{draft,blockers}', '[]')) x order by 1 limit 10) b) else '[]' end,
    'proposal_id', p.proposal_id, 'proposal_status', p.status,
    'proposed_for_ms', floor(extract(epoch from clock_timestamp() - p.created_at) * 1000)::bigint,
    'expires_in_ms', greatest(0, ceil(extract(epoch from p.expires_at - clock_timestamp()) * 1000)::bigint),
    -- somebody who knocks after the refusal may have corrected what it was for; the refusal's own message is no knock
    'knocked_since', p.status in ('rejected', 'expired') and exists (select from public.fund_events k where k.fund_id = d.fund_id and k.type = 'DEALING_DAY_KNOCKED'
        and k.payload ->> 'dealing_day_id' = d.dealing_day_id::text and k.recorded_at > coalesce(p.decided_at, p.expires_at)),
    'suspension', exists (select from public.lmt_activations x where x.fund_id = d.fund_id and x.tool = 'suspension' and x.status = 'active'),
    'activation_id', a.activation_id, 'tool', a.tool, 'tool_status', case when a.activation = 'active' then 'active' else a.status end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_dealing_day(uuid) is
  'Where a dealing day stands, for its run: status, what it waits for, who leads the NAV of the date, what blocks it, how its proposal stands. Times in ms by the database''s clock. EG404.';

create or replace function public.fn_roll_unpaid(dealing_day_id uuid, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  unpaid uuid[];
  event uuid;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_roll_unpaid', request_id, input);
  if answer is not null then
    return (answer ->> 'rolled')::int;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('cut_off', 'inputs_frozen', 'nav_proposed'), 'EG428', 'The dealing day is ' || d.status || '.');
  -- before anybody knows the price: who could still choose to pay would have an option on it
  select array_agg(f.flow_id order by f.flow_id) into unpaid from (
    select x.flow_id from public.fund_flows x where x.dealing_day_id in (select y.dealing_day_id from public.dealing_days y where y.fund_id = d.fund_id and y.dealing_date = d.dealing_date
       and y.status in ('cut_off', 'inputs_frozen', 'nav_proposed')) and x.status = 'locked' and x.direction = 'subscription' and x.order_kind = 'plain' and x.cleared_at is null
     order by x.flow_id for no key update) f;
  if unpaid is not null then
    event := evergreen.emit('ORDERS_ROLLED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'orders', cardinality(unpaid)), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
    perform evergreen.leave_day(unpaid, event, 'the cash has not come');
  end if;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'subscriptions without their cash rolled: ' || coalesce(cardinality(unpaid), 0), request_id);
  perform evergreen.keep_answer('fn_roll_unpaid', request_id, input, jsonb_build_object('rolled', coalesce(cardinality(unpaid), 0)));
  return coalesce(cardinality(unpaid), 0);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_roll_unpaid(uuid, text) is 'Subscriptions whose cash has not come, of every class that deals on the date, wait for the next dealing day (R6); returns how many. EG404, EG428.';

create or replace function evergreen.leave_day(flows uuid[], event uuid, why text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with leaving as materialized (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = any (flows) order by f.flow_id for no key update
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, actor)
    select l.flow_id, l.status, 'accepted', event, left(why, 200), evergreen.actor() from leaving l
  )
  update public.fund_flows f set status = 'accepted', dealing_day_id = null, dealing_date = null, priced_at = null, reason = left(why, 200) from leaving l where f.flow_id = l.flow_id;
end $$;
comment on function evergreen.leave_day(uuid[], uuid, text) is 'Orders leave their dealing day and wait for the next one they are eligible for.';

create or replace function public.fn_record_lab(dealing_day_id uuid, lab jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'lab', lab);
  answer := evergreen.earlier_answer('fn_record_lab', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('inputs_frozen', 'nav_proposed'), 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.refuse_unless(jsonb_typeof(lab) = 'object' and octet_length(lab::text) <= 32768, 'EG400', 'lab is a JSON object of at most 32 KB.');
  update public.dealing_days x set decision = jsonb_build_object('lab', fn_record_lab.lab), step = greatest(x.step, 4) where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'liquidity tools compared', request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_record_lab', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_lab(uuid, jsonb, text) is 'Keeps what each permitted combination of liquidity tools would do on the day, beside the decision to come. EG400, EG404, EG428.';

create or replace function public.fn_discard_dealing_day(dealing_day_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  book uuid[];
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_discard_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  d := evergreen.lock_dealing_day(dealing_day_id);
  -- what is posted is changed by a restatement only
  perform evergreen.refuse_unless(d.status in ('open', 'cut_off', 'inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated'), 'EG428', 'The dealing day is ' || d.status || '.');
  event := evergreen.emit('DEALING_DAY_DISCARDED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  select array_agg(f.flow_id) into book from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status in ('locked', 'priced');
  delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
  perform evergreen.leave_day(coalesce(book, '{}'), event, 'the dealing day was discarded');
  update public.dealing_days x set status = 'discarded' where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.end_gate_use(d.strike_id, 'the dealing day of ' || d.dealing_date || ' was discarded');
  -- a NAV that nobody deals at any more is not decided; one that is final stays so
  update public.proposals p set status = 'withdrawn', refusal = jsonb_build_object('code', 'EG428', 'reason', 'the dealing day was discarded')
    from public.nav_strikes s where s.strike_id = d.strike_id and p.proposal_id = s.proposal_id and p.status in ('pending', 'approved')
     and not exists (select from public.dealing_days x where x.strike_id = s.strike_id and x.status not in ('discarded', 'suspended'));
  perform evergreen.knock_days(x.fund_id, null, x.dealing_day_id, 'another day was discarded') from public.dealing_days x
    where x.fund_id = d.fund_id and x.dealing_day_id <> d.dealing_day_id and x.dealing_date >= d.dealing_date;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'dealing day discarded, orders waiting again: ' || coalesce(cardinality(book), 0), request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_discard_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_discard_dealing_day(uuid, text, text) is
  'Gives a dealing day up that is not posted: its orders are accepted again and deal on a later day. A NAV that was struck stays. EG400, EG404, EG428.';

create or replace function public.fn_record_marks(fund text, marks jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(marks));
  answer := evergreen.earlier_answer('fn_record_marks', request_id, input);
  if answer is not null then
    return (answer ->> 'marks')::int;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(marks) = 'array', 'EG400', 'marks is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(marks) between 1 and 200000, 'EG413', 'marks has 1 to 200,000 rows.');
  select count(*) into bad from jsonb_to_recordset(marks) m (asset text, as_of date, value numeric, source text, confirmed boolean)
    left join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = m.asset or a.id::text = m.asset)
   where (a.id is not null and isfinite(m.as_of) and m.as_of <= current_date and m.value > -1e30 and m.value < 1e30
     and evergreen.within_exponent(m.value, of_fund.base_currency) and length(m.source) between 1 and 200) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' marks name no asset of the fund, no date up to today, no value in the currency''s units or no source.');
  insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, method, source, effective_at)
  select a.id, of_fund.fund_id, m.as_of, m.value, case when m.confirmed then 'confirmed' else 'recorded' end, m.source, m.as_of::timestamp at time zone 'UTC'
    from jsonb_to_recordset(marks) m (asset text, as_of date, value numeric, source text, confirmed boolean)
    join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = m.asset or a.id::text = m.asset);
  get diagnostics n = row_count;
  perform evergreen.emit('MARKS_RECORDED', of_fund.fund_id, jsonb_build_object('marks', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'marks recorded');
  perform evergreen.audit(of_fund.fund_id, 'asset_snapshots', of_fund.fund_id::text, 'marks recorded: ' || n, request_id);
  perform evergreen.keep_answer('fn_record_marks', request_id, input, jsonb_build_object('marks', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_marks(text, jsonb, text) is
  'Records marks = [{asset, as_of, value, source, confirmed?}] (fund currency; asset by key or id) beside those of before; a confirmed one is not held back by the price breaker. EG400, EG404, EG413.';

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
    ('fn_put_document(uuid,uuid,text,text,bigint,text,text,int,text)', 'ops_role, agent_kyc'),
    ('fn_read_document(uuid,text)', 'ops_role, audit_role, agent_kyc'),
    ('fn_list_subject_keys(text,uuid,int)', 'ops_role, service_role'),
    ('fn_rotate_subject_keys(jsonb,text)', 'ops_role, service_role'),
    ('fn_list_old_subject_keys(timestamptz,uuid,int)', 'ops_role, service_role'),
    ('fn_read_subject_cipher(uuid)', 'ops_role, service_role'),
    ('fn_renew_subject_key(uuid,text,text,text,jsonb,jsonb,jsonb,text)', 'ops_role, service_role'),
    ('fn_hold_subject(uuid,text,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_release_subject(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_request_erasure(uuid,text,text)', 'ops_role, lp_role'),
    ('fn_refuse_erasure(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_erasure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_erase_subject(uuid,jsonb,text)', 'pm_role, ops_role'),
    ('fn_repeat_erasures(jsonb,text)', 'service_role'),
    ('fn_read_vault_keys()', 'agent_kyc, service_role'),
    ('fn_read_chain_key()', 'agent_tokenization'),
    ('fn_export_subject(uuid)', 'ops_role, audit_role, lp_role'),
    ('fn_read_events(uuid,timestamptz,timestamptz,bigint,int)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_read_morning(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_home()', 'lp_role'),
    ('fn_read_dealing_page(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_exposure(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_proposal(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_explain_figure(text,text,text)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_find_places(text)', 'pm_role, lp_role, ops_role, audit_role'),
    ('fn_read_stress_limits(uuid)', 'pm_role, ops_role, audit_role'),
    ('fn_read_record()', 'lp_role'),
    ('fn_read_windows(uuid)', 'lp_role'),
    ('fn_read_desk()', 'pm_role, ops_role, audit_role'),
    ('fn_read_webhooks()', 'pm_role, ops_role, audit_role'),
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
    ('fn_open_incident(text,text,text)', 'pm_role, ops_role'),
    ('fn_close_incident(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_set_webhook(uuid,text,text[],text,text,text)', 'pm_role, ops_role, lp_role'),
    ('fn_change_webhook(uuid,text,text)', 'pm_role, ops_role, lp_role'),
    ('fn_rotate_webhook(uuid,text,text)', 'pm_role, ops_role, lp_role'),
    ('fn_test_webhook(uuid,text)', 'pm_role, ops_role, lp_role'),
    ('fn_resend_webhook(uuid,text)', 'pm_role, ops_role, lp_role'),
    ('fn_list_webhooks()', 'pm_role, ops_role, lp_role, audit_role'),
    ('fn_list_webhook_deliveries(uuid,int)', 'pm_role, ops_role, lp_role, audit_role'),
    ('fn_read_webhook_key()', 'pm_role, ops_role, lp_role'),
    ('fn_tell_webhook_key(text,text)', 'service_role'),
    ('fn_find_webhook_events()', 'service_role'),
    ('fn_queue_webhooks(uuid,text,bigint,text,bigint,uuid[])', 'service_role'),
    ('fn_record_webhook_attempts(uuid,jsonb,text)', 'agent_commander'),
    ('fn_set_pool(uuid,text,text,text,numeric,numeric,int,int,int,date,int,text)', 'pm_role, ops_role'),
    ('fn_record_pool_trade(uuid,text,numeric,numeric,text,timestamptz,text)', 'pm_role, ops_role'),
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
    ('fn_request_documents(uuid,text)', 'lp_role, pm_role, ops_role, audit_role'),
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
    ('fn_request_token_action(text,text,text,jsonb,text)', 'pm_role, ops_role'),
    ('fn_retry_token_action(uuid,text)', 'pm_role, ops_role'),
    ('fn_register_wallet(uuid,uuid,text,text,text)', 'ops_role'),
    ('fn_begin_token_action(uuid)', 'agent_tokenization'),
    ('fn_keep_token_attempt(uuid,jsonb)', 'agent_tokenization'),
    ('fn_mark_token_action(uuid,text,jsonb,text)', 'agent_tokenization'),
    ('fn_record_token_contract(uuid,jsonb,text)', 'agent_tokenization'),
    ('fn_read_token_request(uuid)', 'agent_compliance_sentinel, agent_tokenization, pm_role, ops_role, audit_role'),
    ('fn_read_token_register(uuid,bigint)', 'agent_tokenization, pm_role, ops_role, audit_role'),
    ('fn_record_token_reconciliation(uuid,bigint,jsonb,jsonb,text)', 'agent_tokenization'),
    ('fn_read_tokens(uuid)', 'pm_role, ops_role, audit_role'),
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
    ('fn_tell_schedules(jsonb)', 'service_role'),
    ('fn_ask_schedule(text,text,text,date,date,text)', 'ops_role'),
    ('fn_answer_schedule(uuid,text,text)', 'service_role'),
    ('fn_read_schedules()', 'pm_role, ops_role, audit_role'),
    ('fn_skip_failure(text,text,text,text)', 'pm_role, ops_role'),
    ('fn_confirm_skip(uuid,text)', 'pm_role, ops_role'),
    ('fn_escalate_failure(text,text,text,timestamptz,text,text)', 'pm_role, ops_role'),
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
-- where Supabase's extension is: the owner of fn_read_vault_keys and fn_read_chain_key reads what they need
do $$
begin
  if to_regclass('vault.decrypted_secrets') is not null then
    grant usage on schema vault to evergreen_owner;
    grant select on vault.decrypted_secrets to evergreen_owner;
  end if;
end $$;
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
