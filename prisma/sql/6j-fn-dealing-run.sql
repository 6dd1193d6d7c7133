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
