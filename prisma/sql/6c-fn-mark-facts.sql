-- Marks between valuations (R5): values of indices, how an asset is rolled forward with one, and what the breaker holds a new mark against.

create or replace function evergreen.market_counts(of_import uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select of_import is null or exists (select from public.market_imports b where b.import_id = of_import and b.status <> 'undone')
$$;
comment on function evergreen.market_counts(uuid) is 'Whether values of an import count: it was not undone. What was recorded by hand always does.';

create or replace function public.fn_record_index_values(index_values jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  bad int;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('sha256', evergreen.content_digest(index_values));
  answer := evergreen.earlier_answer('fn_record_index_values', request_id, input);
  if answer is not null then
    return (answer ->> 'values')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(index_values) = 'array', 'EG400', 'index_values is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(index_values) between 1 and 200000, 'EG413', 'index_values has 1 to 200,000 rows.');
  select count(*) into bad from jsonb_to_recordset(index_values) v (series text, as_of date, value numeric, source text)
   where (v.series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and isfinite(v.as_of) and v.as_of <= evergreen.clock()::date and v.value > 0 and v.value < 1e18
     and length(v.source) between 1 and 200) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' values have no series, no date up to today, no value above 0 or no source.');
  -- an index is a market series like any other: one place holds them all
  insert into public.market_series (series, kind, unit, recorded_by)
  select distinct v.series, 'index', 'points', evergreen.actor() from jsonb_to_recordset(index_values) v (series text) on conflict do nothing;
  perform evergreen.refuse_unless(not exists (select from public.market_series s where s.kind <> 'index' and s.series in (select v.series from jsonb_to_recordset(index_values) v (series text))),
    'EG428', 'One of the series is no index.');
  insert into public.market_data (series, as_of, value, source, recorded_by)
  select v.series, v.as_of, v.value, v.source, evergreen.actor()
    from rows from (jsonb_to_recordset(index_values) as (series text, as_of date, value numeric, source text)) with ordinality v (series, as_of, value, source, place) order by v.place;
  get diagnostics n = row_count;
  perform evergreen.emit('INDEX_VALUES_RECORDED', null, jsonb_build_object('values', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(f.fund_id, null, null, 'index values recorded') from public.funds f
   where f.fund_id in (select r.fund_id from public.roll_forwards r where r.series in (select v.series from jsonb_to_recordset(index_values) v (series text)));
  perform evergreen.audit(null, 'market_data', 'market_data', 'index values recorded: ' || n, request_id);
  perform evergreen.keep_answer('fn_record_index_values', request_id, input, jsonb_build_object('values', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_index_values(jsonb, text) is
  'Records index_values = [{series, as_of, value, source}]; of two for one date the later counts, and both stay. A person types them, so the breaker of imports does not hold them. Returns how many. EG400, EG413, EG428 no index.';

create or replace function evergreen.index_value(of_series text, on_day date, most_age int) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select v.value from public.market_data v where v.series = of_series and v.as_of <= on_day and v.as_of >= on_day - most_age and evergreen.market_counts(v.import_id)
   order by v.as_of desc, v.recorded_at desc, v.seq desc limit 1
$$;
comment on function evergreen.index_value(text, date, int) is 'The value of an index on a day, or on the last day before it that has one and is not older than so many days; null when there is none.';

create or replace function public.fn_set_roll_forward(fund text, asset text, series text, beta numeric, after_days int, effective_from date, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  of_asset public.assets;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'asset', asset, 'series', series, 'beta', beta, 'after_days', after_days, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_roll_forward', request_id, input);
  if answer is not null then
    return (answer ->> 'rule_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  select * into of_asset from public.assets a where a.fund_id = of_fund.fund_id and (a.external_key = asset or a.id::text = asset);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no asset with that key.');
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(num_nonnulls(series, beta, after_days) in (0, 3), 'EG400', 'series, beta and after_days go together; none of them ends the rule.');
  perform evergreen.refuse_unless(series is null or (series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and beta between -10 and 10 and after_days between 0 and 3650),
    'EG400', 'series is the name of an index, beta is -10 to 10, after_days 0 to 3,650.');
  perform evergreen.refuse_unless(series is null or of_asset.type <> 'cash', 'EG428', 'A balance of cash is not a mark.');
  insert into public.roll_forwards (asset_id, fund_id, series, beta, after_days, effective_from, set_by)
  values (of_asset.id, of_fund.fund_id, fn_set_roll_forward.series, fn_set_roll_forward.beta, fn_set_roll_forward.after_days, fn_set_roll_forward.effective_from, evergreen.actor()) returning rule_id into id;
  perform evergreen.emit('ROLL_FORWARD_SET', of_fund.fund_id, jsonb_build_object('asset_id', of_asset.id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'a roll-forward was set');
  perform evergreen.audit(of_fund.fund_id, 'roll_forwards', id::text, case when series is null then 'roll-forward ended' else 'roll-forward set' end, request_id);
  perform evergreen.keep_answer('fn_set_roll_forward', request_id, input, jsonb_build_object('rule_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_roll_forward(text, text, text, numeric, int, date, text) is
  'From a date on the mark of an asset that is older than after_days is carried forward in every NAV by beta times the return of an index since its day (R5); without series, beta and after_days that ends. Returns rule_id. EG400, EG404, EG428 cash.';

create or replace function evergreen.roll_forward_of(of_asset uuid, marked_on date, on_day date) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('series', r.series, 'beta', trim_scale(r.beta)::text,
      -- an index that was not published for so long is no index of the day
      'index_at_mark', trim_scale(evergreen.index_value(r.series, marked_on, 7))::text, 'index_now', trim_scale(evergreen.index_value(r.series, on_day, 7))::text,
      'payments', (select coalesce(jsonb_agg(jsonb_build_object('on', p.paid_on, 'amount', trim_scale(case when p.kind = 'call' then p.amount else -p.amount end)::text,
          'index', trim_scale(evergreen.index_value(r.series, p.paid_on, 7))::text) order by p.paid_on, p.created_at, p.payment_id), '[]')
         from public.asset_payments p where p.asset_id = of_asset and p.paid_on > marked_on and p.paid_on <= on_day))
    from (select x.* from public.roll_forwards x where x.asset_id = of_asset and x.effective_from <= on_day order by x.effective_from desc, x.created_at desc, x.rule_id limit 1) r
   where r.series is not null and on_day - marked_on > r.after_days
$$;
comment on function evergreen.roll_forward_of(uuid, date, date) is
  'How a mark of one day is carried forward to another: index, beta, the index on both days (or within the seven before, null without one), and what was paid into or out of the asset since; null when no rule asks for it at that age.';

create or replace function evergreen.anchor_of(of_asset uuid, of_fund uuid, on_day date, marked_on date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- the value at the start of the window, not the last one: small steps cannot walk away. What a person confirmed, or what was traded, starts it anew.
  with setting as (select coalesce((select (p.value #>> '{}')::int from public.platform_settings p where p.key = 'price_breaker_window_days'), 30) as days),
  released as (
    select greatest((select max(s.as_of) from public.asset_snapshots s where s.asset_id = of_asset and s.scenario_id = '' and s.method = 'confirmed' and s.as_of < marked_on),
      (select max(p.recorded_at::date) from public.portfolio_allocations p where p.asset_id = of_asset and p.proposal_id is not null and p.recorded_at::date <= on_day)) as day
  ), struck as (
    select s.nav_date, i.value from public.nav_strikes s join public.nav_inputs i using (strike_id)
     where s.fund_id = of_fund and s.state = 'final' and s.nav_date < on_day and i.asset_id = of_asset
  )
  select coalesce(
    (select x.value from struck x, setting, released where x.nav_date > on_day - setting.days and x.nav_date >= coalesce(released.day, '-infinity') order by x.nav_date limit 1),
    (select s.nav from public.asset_snapshots s, released where s.asset_id = of_asset and s.scenario_id = '' and s.method = 'confirmed' and s.as_of = released.day
       and not exists (select from struck x where x.nav_date >= released.day) order by s.recorded_at desc limit 1),
    (select x.value from struck x order by x.nav_date desc limit 1))
$$;
comment on function evergreen.anchor_of(uuid, uuid, date, date) is
  'What the price breaker holds a mark against (R5): the value in the first final NAV within the window (price_breaker_window_days), since a person confirmed one or it was traded; with none in it, the one confirmed, or the last final NAV.';
