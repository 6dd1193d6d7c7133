-- Data quality: what a nightly check of a fund's data found on an analytical snapshot. A check that failed is an event, which Risk Guardian hears.

create or replace function public.fn_record_data_quality(fund text, snapshot_hash text, as_of date, results jsonb, workflow_id text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  n int;
  r record;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('fund', fund, 'snapshot_hash', snapshot_hash, 'as_of', as_of, 'results', results, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_record_data_quality', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(snapshot_hash ~ '^[0-9a-f]{64}$' and isfinite(as_of) and length(workflow_id) between 1 and 200, 'EG400', 'snapshot_hash (hex), as_of and workflow_id are needed.');
  perform evergreen.refuse_unless(jsonb_typeof(results) = 'array' and jsonb_array_length(results) between 1 and 20, 'EG400', 'results is a list of 1 to 20 checks.');
  -- what was not measured has not passed, and what is beyond its limit has not either, whatever the caller says
  select count(*) into bad from jsonb_to_recordset(results) x ("check" text, value numeric, "limit" numeric, unit text, passed boolean, detail jsonb)
   where (x."check" ~ '^[a-z_]{1,40}$' and x."limit" >= 0 and x."limit" < 1e18 and (x.value is null or (x.value >= 0 and x.value < 1e18)) and length(x.unit) between 1 and 20
     and x.passed = coalesce(x.value <= x."limit", false) and octet_length(coalesce(x.detail, '{}')::text) <= 8192) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' results name no check, no limit or no unit, or passed although they did not.');
  insert into public.data_quality_results (fund_id, "check", as_of, value, "limit", unit, passed, detail, snapshot_hash, workflow_id)
  select of_fund.fund_id, x."check", fn_record_data_quality.as_of, x.value, x."limit", x.unit, x.passed, coalesce(x.detail, '{}'), fn_record_data_quality.snapshot_hash, fn_record_data_quality.workflow_id
    from jsonb_to_recordset(results) x ("check" text, value numeric, "limit" numeric, unit text, passed boolean, detail jsonb)
  on conflict do nothing;
  get diagnostics n = row_count;
  select count(*) into bad from jsonb_to_recordset(results) x (passed boolean) where not x.passed;
  if n > 0 then
    perform evergreen.emit('DATA_QUALITY_CHECKED', of_fund.fund_id, jsonb_build_object('checks', n, 'failed', bad, 'snapshot_hash', snapshot_hash), evergreen.actor(), '{}', '{}', request_id);
    for r in select x."check", x.value, x."limit", x.unit from jsonb_to_recordset(results) x ("check" text, value numeric, "limit" numeric, unit text, passed boolean) where not x.passed order by x."check" loop
      perform evergreen.emit('DATA_QUALITY_FAILED', of_fund.fund_id, jsonb_build_object('check', r."check", 'value', trim_scale(r.value)::text, 'limit', trim_scale(r."limit")::text, 'unit', r.unit),
        evergreen.actor(), '{}', '{}', request_id);
    end loop;
    perform evergreen.audit(of_fund.fund_id, 'data_quality_results', of_fund.fund_id::text, 'data checked: ' || n || ' checks, ' || bad || ' failed', request_id);
  end if;
  answer := jsonb_build_object('checks', jsonb_array_length(results), 'failed', bad);
  perform evergreen.keep_answer('fn_record_data_quality', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_data_quality(text, text, date, jsonb, text, text) is
  'Records results = [{check, value, limit, unit, passed, detail}] of a fund on an analytical snapshot; each that failed is a DATA_QUALITY_FAILED. Returns {checks, failed}. EG400 also when passed contradicts value and limit, EG404.';

create or replace function public.fn_read_fund_value(fund uuid, known_at timestamptz) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  f public.funds;
begin
  perform evergreen.require_role('agent_simulation');
  select * into f from public.funds x where x.fund_id = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that id.');
  perform evergreen.refuse_unless(isfinite(known_at), 'EG400', 'known_at is a time.');
  return (select jsonb_build_object('nav', coalesce(sum(m.nav), 0)::text, 'marks', count(m.nav), 'assets', count(*),
      'limits', (select p.value from public.platform_settings p where p.key = 'data_quality_limits'),
      'mark_ages', (select p.value from public.platform_settings p where p.key = 'nav_max_age_days'),
      'series_ages', (select jsonb_object_agg(l.kind, l.most_age) from evergreen.market_limits() l))
    from public.assets a left join lateral (select s.nav from public.asset_snapshots s where s.asset_id = a.id and s.scenario_id = '' and s.recorded_at <= known_at
      order by s.as_of desc, s.recorded_at desc, s.snapshot_id limit 1) m on true
   where a.fund_id = f.fund_id and a.status = 'active');
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_fund_value(uuid, timestamptz) is
  'What a fund''s active assets are worth by the newest marks known at a time (fund currency), with the limits of its data checks and the greatest ages of marks and series in days. EG400, EG404.';
