-- Funds and mandates: a filing becomes a fund; a mandate is data with versions.

create or replace function evergreen.put_mandate(of_fund uuid, body jsonb, label text, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  next_version int;
begin
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and jsonb_typeof(body -> 'sleeves') = 'array', 'EG400', 'A mandate is an object with a list of sleeves.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 1048576, 'EG413', 'The mandate is larger than 1 MB.');
  perform evergreen.refuse_unless(length(label) between 1 and 200, 'EG400', 'label has 1 to 200 characters.');
  select coalesce(max(m.version), 0) + 1 into next_version from public.mandates m where m.fund_id = of_fund;
  update public.mandates m set superseded_at = now() where m.fund_id = of_fund and m.superseded_at is null;
  insert into public.mandates (fund_id, version, label, body, set_by) values (of_fund, next_version, label, body, evergreen.actor());
  perform evergreen.audit(of_fund, 'mandates', of_fund || '/' || next_version, 'mandate version ' || next_version || ' set', request_id);
  return next_version;
end $$;
comment on function evergreen.put_mandate(uuid, jsonb, text, text) is 'Stores a new mandate version and supersedes the current one.';

create or replace function public.fn_set_mandate(fund text, mandate jsonb, label text default 'set by hand', request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  version int;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('fund', fund, 'mandate', mandate, 'label', label);
  answer := evergreen.earlier_answer('fn_set_mandate', request_id, input);
  if answer is not null then
    return (answer ->> 'version')::int;
  end if;
  select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  version := evergreen.put_mandate(of_fund, mandate, label, request_id);
  perform evergreen.keep_answer('fn_set_mandate', request_id, input, jsonb_build_object('version', version));
  return version;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_mandate(text, jsonb, text, text) is 'Sets the mandate of a fund (code or id) and returns its version. EG400, EG404, EG413.';

create or replace function public.fn_import_fund(fund jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  unit text := fund ->> 'currency';
  day date;
  effective timestamptz;
  scale int;
  of_fund public.funds;
  next_version bigint;
  earlier_day date;
  net numeric;
  held numeric;
  bad text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('sha256', evergreen.content_digest(fund));
  answer := evergreen.earlier_answer('fn_import_fund', request_id, input);
  if answer is not null then
    return answer;
  end if;
  day := (fund ->> 'as_of')::date;
  effective := day::timestamp at time zone 'UTC';
  net := (fund ->> 'net_assets')::numeric;
  perform evergreen.refuse_unless(jsonb_typeof(fund -> 'assets') = 'array', 'EG400', 'assets is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(fund -> 'assets') <= 200000, 'EG413', 'assets is a list of at most 200,000.');
  select c.exponent into scale from public.currencies c where c.code = unit;
  perform evergreen.refuse_unless(scale is not null, 'EG400', 'currency is an ISO 4217 code that the platform knows.');
  perform evergreen.refuse_unless(day is not null and isfinite(day) and net = round(net, scale) and net < 1e30, 'EG400', 'as_of and net_assets (in the currency''s units) are needed.');
  select coalesce(sum((a ->> 'market_value')::numeric), 0) into held from jsonb_array_elements(fund -> 'assets') a;
  perform evergreen.refuse_unless(jsonb_array_length(fund -> 'assets') = 0 or held = net, 'EG400', 'The assets (cash included) do not add up to net_assets.');
  select coalesce(left(a ->> 'key', 120), '?') into bad from jsonb_array_elements(fund -> 'assets') a
   where ((a ->> 'market_value')::numeric = round((a ->> 'market_value')::numeric, scale) and (a ->> 'market_value')::numeric < 1e30) is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'A market value is missing or has more decimals than the currency: ' || coalesce(bad, ''));
  perform evergreen.refuse_unless((select count(*) = count(distinct a ->> 'key') from jsonb_array_elements(fund -> 'assets') a), 'EG400', 'The key of an asset is missing or stands twice.');
  perform evergreen.refuse_unless(not exists (
      select from jsonb_array_elements(coalesce(fund -> 'ladder', '[]')) l
       where ((l ->> 'capacity')::numeric = round((l ->> 'capacity')::numeric, scale)
         and coalesce((l ->> 'stress_delta')::numeric, 0) = round(coalesce((l ->> 'stress_delta')::numeric, 0), scale)) is not true)
    and not exists (
      select from jsonb_array_elements(coalesce(fund -> 'reported_flows', '[]')) r
       where ((r ->> 'amount')::numeric = round((r ->> 'amount')::numeric, scale)) is not true),
    'EG400', 'An amount of the ladder or of a reported flow is missing or has more decimals than the currency.');

  insert into public.funds (code, name, base_currency, source, synthetic, calendar, time_zone)
  values (fund ->> 'code', fund ->> 'name', unit, coalesce(fund -> 'source', '{}'), coalesce((fund ->> 'synthetic')::boolean, false),
    coalesce(fund ->> 'calendar', 'none'), coalesce(fund ->> 'time_zone', 'UTC'))
  on conflict (code) do nothing;
  select * into of_fund from public.funds f where f.code = fund ->> 'code' for no key update;
  perform evergreen.refuse_unless(of_fund.base_currency = unit, 'EG400', 'The fund exists with another currency.');
  perform evergreen.refuse_unless(of_fund.nav_as_of is null or of_fund.nav_as_of <= day, 'EG428', 'The fund already stands at a later date; an older filing would not change it.');
  next_version := of_fund.allocations_version + 1;

  insert into public.assets (fund_id, external_key, name, type, strategy, issuer, country, currency, lp_visible, liquid_flag, bucket, fair_value_level, maturity, identifiers, attributes)
  select of_fund.fund_id, a ->> 'key', left(a ->> 'name', 300), a ->> 'type', a ->> 'sleeve', a ->> 'issuer', a ->> 'country', coalesce(a ->> 'currency', unit),
         coalesce((a ->> 'lp_visible')::boolean, false), coalesce((a ->> 'liquid')::boolean, false), a ->> 'bucket', (a ->> 'fair_value_level')::int, (a ->> 'maturity')::date,
         coalesce(a -> 'identifiers', '[]'), coalesce(a -> 'attributes', '{}')
    from jsonb_array_elements(fund -> 'assets') a
  on conflict (fund_id, external_key) do update set name = excluded.name, type = excluded.type, strategy = excluded.strategy, issuer = excluded.issuer, country = excluded.country,
    currency = excluded.currency, liquid_flag = excluded.liquid_flag, bucket = excluded.bucket, fair_value_level = excluded.fair_value_level, maturity = excluded.maturity,
    identifiers = excluded.identifiers, attributes = excluded.attributes, status = 'active';
  update public.assets x set status = 'retired' where x.fund_id = of_fund.fund_id and x.status = 'active'
     -- "not in" is looked up in a hash; "not exists" was compared key by key when the planner took the fund for a handful of rows
     and x.external_key not in (select a ->> 'key' from jsonb_array_elements(fund -> 'assets') a);
  update public.portfolio_allocations a set superseded_at = now() where a.fund_id = of_fund.fund_id and a.superseded_at is null;
  insert into public.portfolio_allocations (fund_id, asset_id, sleeve, target_pct, actual_pct, market_value, liquid_flag, version, effective_at)
  select of_fund.fund_id, x.id, a ->> 'sleeve', coalesce((a ->> 'target_pct')::numeric, 0), case when net = 0 then 0 else round(round((a ->> 'market_value')::numeric, 20) / net, 18) end,
         (a ->> 'market_value')::numeric, x.liquid_flag, next_version, effective
    from jsonb_array_elements(fund -> 'assets') a join public.assets x on x.fund_id = of_fund.fund_id and x.external_key = a ->> 'key';
  insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, method, source, effective_at)
  select x.id, of_fund.fund_id, day, (a ->> 'market_value')::numeric, 'reported', coalesce(fund #>> '{source,kind}', 'import'), effective
    from jsonb_array_elements(fund -> 'assets') a join public.assets x on x.fund_id = of_fund.fund_id and x.external_key = a ->> 'key';
  -- every rung at once and in one order, as fn_reserve_liquidity does
  perform 1 from public.liquidity_ladder l where l.fund_id = of_fund.fund_id and l.side = 'asset' order by l.ladder_id for no key update;
  earlier_day := evergreen.ladder_date(of_fund.fund_id, 'liability', 'base');
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity, stress_delta)
  select of_fund.fund_id, l ->> 'side', day, 'base', l ->> 'bucket', (l ->> 'capacity')::numeric, coalesce((l ->> 'stress_delta')::numeric, 0)
    from jsonb_array_elements(coalesce(fund -> 'ladder', '[]')) l
  on conflict (fund_id, side, as_of, scenario_id, bucket) do update set capacity = excluded.capacity, stress_delta = excluded.stress_delta;
  -- What was accepted is still to be paid: it goes over to the new ladder. A filing that plans no liabilities lays none, and the earlier one stands.
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity, utilization)
  select l.fund_id, 'liability', day, 'base', l.bucket, 0, l.utilization from public.liquidity_ladder l
   where l.fund_id = of_fund.fund_id and l.side = 'liability' and l.scenario_id = 'base' and l.as_of = earlier_day and l.utilization > 0
     and earlier_day < day and evergreen.ladder_date(of_fund.fund_id, 'liability', 'base') = day
  on conflict (fund_id, side, as_of, scenario_id, bucket) do update set utilization = excluded.utilization;
  insert into public.reported_flows (fund_id, month, kind, amount, currency, source)
  select of_fund.fund_id, (r ->> 'month')::date, r ->> 'kind', (r ->> 'amount')::numeric, unit, coalesce(fund #>> '{source,kind}', 'import')
    from jsonb_array_elements(coalesce(fund -> 'reported_flows', '[]')) r
  on conflict (fund_id, month, kind, source) do update set amount = excluded.amount;
  insert into public.fund_sensitivities (fund_id, as_of, measure, currency, tenor, value, source)
  select of_fund.fund_id, day, r ->> 'measure', r ->> 'currency', r ->> 'tenor', (r ->> 'value')::numeric, coalesce(fund #>> '{source,kind}', 'import')
    from jsonb_array_elements(coalesce(fund -> 'sensitivities', '[]')) r
  on conflict (fund_id, as_of, measure, currency, tenor) do update set value = excluded.value;
  update public.funds f set nav_as_of = day, net_assets = net, allocations_version = next_version, name = fund ->> 'name', source = coalesce(fund -> 'source', '{}'), effective_at = effective
   where f.fund_id = of_fund.fund_id;
  if fund -> 'mandate' is not null and not exists (select from public.mandates m where m.fund_id = of_fund.fund_id and m.superseded_at is null) then
    perform evergreen.put_mandate(of_fund.fund_id, fund -> 'mandate', coalesce(fund ->> 'mandate_label', 'default, made at import'), request_id);
  end if;
  perform evergreen.emit('FUND_IMPORTED', of_fund.fund_id, jsonb_build_object('source', coalesce(fund #>> '{source,kind}', 'import'),
    'assets', jsonb_array_length(fund -> 'assets'), 'as_of', day), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'fund imported');
  perform evergreen.audit(of_fund.fund_id, 'funds', of_fund.fund_id::text, 'fund imported with ' || jsonb_array_length(fund -> 'assets') || ' assets as of ' || day, request_id);
  answer := jsonb_build_object('fund_id', of_fund.fund_id, 'code', of_fund.code, 'assets', jsonb_array_length(fund -> 'assets'), 'version', next_version::text);
  perform evergreen.keep_answer('fn_import_fund', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_fund(jsonb, text) is
  'Creates or brings forward a fund with its assets, allocations, snapshots, ladder, reported flows, sensitivities and (if it has none) mandate, all or nothing; accepted redemptions go over to the new ladder. Σ market_value = net_assets to the cent. EG400, EG428 older than what stands.';
