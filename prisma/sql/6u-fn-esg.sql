-- ESG ratings as a provider gives them, and what a new mark takes over of an asset: its score and its leverage.

create or replace function public.fn_record_esg(fund text, provider text, as_of date, scale jsonb, ratings jsonb, file_hash text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  low numeric;
  high numeric;
  wrong text;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('fund', fund, 'provider', provider, 'as_of', as_of, 'scale', scale, 'ratings', evergreen.content_digest(ratings), 'file_hash', file_hash);
  answer := evergreen.earlier_answer('fn_record_esg', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  low := (scale ->> 'low')::numeric;
  high := (scale ->> 'high')::numeric;
  perform evergreen.refuse_unless(provider ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$' and isfinite(as_of) and as_of <= evergreen.clock()::date and file_hash ~ '^[0-9a-f]{64}$' and low < high
    and low > -1e9 and high < 1e9, 'EG400', 'provider (1 to 60 characters), as_of up to today, scale {low, high} with low below high and file_hash (sha256, hex) are needed.');
  perform evergreen.refuse_unless(jsonb_typeof(ratings) = 'array', 'EG400', 'ratings is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(ratings) between 1 and 50000, 'EG413', 'A file has 1 to 50,000 ratings.');
  select case when x.matches = 0 then format('The fund has no asset %s.', left(x.asset, 60)) when x.matches > 1 then format('%s names several assets of the fund.', left(x.asset, 60))
              when x.twice then format('The asset %s is rated twice.', left(x.asset, 60)) else format('The score of %s lies outside of the scale.', left(x.asset, 60)) end,
         case when x.matches = 0 then 0 else 1 end into wrong, n
    from (select r.n, r.asset, r.score, cardinality(m.ids) as matches, count(*) over (partition by m.ids) > 1 and cardinality(m.ids) = 1 as twice
            from rows from (jsonb_to_recordset(ratings) as (asset text, score numeric)) with ordinality r (asset, score, n)
            cross join lateral (select evergreen.assets_named(of_fund.fund_id, r.asset) as ids) m) x
   where (x.matches = 1 and not x.twice and x.score between low and high) is not true order by x.n limit 1;
  perform evergreen.refuse_unless(wrong is null, case n when 0 then 'EG404' else 'EG400' end, wrong);
  insert into public.esg_ratings (fund_id, asset_id, provider, as_of, score, scale_low, scale_high, file_sha256, recorded_by)
  select of_fund.fund_id, (evergreen.assets_named(of_fund.fund_id, r.asset))[1], provider, fn_record_esg.as_of, r.score, low, high, file_hash, evergreen.actor()
    from jsonb_to_recordset(ratings) r (asset text, score numeric) on conflict do nothing;
  get diagnostics n = row_count;
  answer := jsonb_build_object('fund_id', of_fund.fund_id, 'rated', jsonb_array_length(ratings), 'recorded', n, 'assets',
    (select jsonb_agg(jsonb_build_object('asset', r.asset, 'asset_id', (evergreen.assets_named(of_fund.fund_id, r.asset))[1]) order by r.asset) from jsonb_to_recordset(ratings) r (asset text)));
  -- the same file again changes nothing, and says so
  if n > 0 then
    perform evergreen.emit('ESG_RECORDED', of_fund.fund_id, jsonb_build_object('provider', provider, 'as_of', as_of, 'ratings', n), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'esg_ratings', of_fund.fund_id::text, 'ESG ratings recorded: ' || n, request_id);
  end if;
  perform evergreen.keep_answer('fn_record_esg', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_esg(text, text, date, jsonb, jsonb, text, text) is
  'Records ratings = [{asset, score}] of a provider on a day, on its scale {low, high}; an asset by key, id or identifier. From then on every new mark carries the score. Returns {fund_id, rated, recorded, assets}. EG400, EG404 by name, EG413.';

create or replace function evergreen.assets_named(of_fund uuid, named text) returns uuid[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(nullif(array(select a.id from public.assets a where a.fund_id = of_fund and (a.external_key = named or a.id::text = named)), '{}'),
    array(select a.id from public.assets a where a.fund_id = of_fund and jsonb_path_exists(a.identifiers, '$[*].value ? (@ == $named)', jsonb_build_object('named', named))))
$$;
comment on function evergreen.assets_named(uuid, text) is 'The assets of a fund that a key or an id names, or else that carry it as an identifier: none, one or several.';

create or replace function evergreen.carry_metrics() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  said jsonb;
begin
  -- a mark is never written again: what is known when it is recorded goes with it, what comes later goes with the next one
  if new.esg_score is null then
    select r.score into new.esg_score from public.esg_ratings r where r.asset_id = new.asset_id and r.as_of <= new.as_of order by r.as_of desc, r.recorded_at desc, r.rating_id limit 1;
  end if;
  if new.leverage is null then
    select a.attributes into said from public.assets a where a.id = new.asset_id;
    if said ->> 'leverage' ~ '^\d{1,6}(\.\d{1,18})?$' then
      new.leverage := (said ->> 'leverage')::numeric;
    elsif said ->> 'debt' ~ '^\d{1,20}(\.\d{1,4})?$' and new.nav > 0 then
      new.leverage := round((said ->> 'debt')::numeric / ((said ->> 'debt')::numeric + new.nav), 18);
    end if;
  end if;
  return new;
end $$;
comment on function evergreen.carry_metrics() is
  'Fills score and leverage of a new mark from what is known of its asset on its day: the newest rating, and debt as a share of gross value (attributes: leverage, or debt in the fund''s currency). Hypothetical values are left alone.';
create or replace trigger carry_metrics before insert on public.asset_snapshots for each row when (new.scenario_id = '') execute function evergreen.carry_metrics();
