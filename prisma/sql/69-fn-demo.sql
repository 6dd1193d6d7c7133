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
