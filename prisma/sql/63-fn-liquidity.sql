-- The liquidity ladder: capacity of a bucket, what is reserved of it, and the 30-day cover of domain rule R38.

create or replace function evergreen.bucket_name(alias text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when b in ('1d', '7d', '30d', '90d', '180d', '365d', 'gt365d') then b end
    from (select case when alias ~ '^T\+[0-9]+$' then substr(alias, 3) || 'd' else alias end as b) named
$$;
comment on function evergreen.bucket_name(text) is 'The bucket''s own name for a name or an alias such as T+30; null when there is no such bucket.';

create or replace function evergreen.ladder_date(of_fund uuid, of_side text, of_scenario text) returns date language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select max(l.as_of) from public.liquidity_ladder l where l.fund_id = of_fund and l.side = of_side and l.scenario_id = of_scenario
$$;
comment on function evergreen.ladder_date(uuid, text, text) is 'Date of the newest ladder of a fund, side and scenario.';

create or replace function public.fn_update_liquidity_bucket(bucket text, delta_capacity numeric, context jsonb, request_id text default null)
returns public.liquidity_ladder language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  named text := evergreen.bucket_name(bucket);
  of_fund uuid;
  of_side text := coalesce(context ->> 'side', 'asset');
  of_scenario text := coalesce(context ->> 'scenario_id', 'base');
  on_day date;
  rung public.liquidity_ladder;
  unit text;
begin
  perform evergreen.require_role('agent_liquidity_engine', 'agent_simulation', 'pm_role', 'ops_role', 'service_role');
  input := jsonb_build_object('bucket', bucket, 'delta_capacity', delta_capacity, 'context', context);
  answer := evergreen.earlier_answer('fn_update_liquidity_bucket', request_id, input);
  if answer is not null then
    return jsonb_populate_record(null::public.liquidity_ladder, answer);
  end if;
  of_fund := (context ->> 'fund_id')::uuid;
  perform evergreen.refuse_unless(named is not null, 'EG400', 'Unknown bucket. Known: 1d, 7d, 30d, 90d, 180d, 365d, gt365d (or T+1, T+7, T+30 …).');
  perform evergreen.refuse_unless(of_side in ('asset', 'liability'), 'EG400', 'context.side is asset or liability.');
  perform evergreen.refuse_unless(length(of_scenario) between 1 and 80, 'EG400', 'context.scenario_id has 1 to 80 characters.');
  perform evergreen.refuse_unless(delta_capacity is not null and delta_capacity not in ('NaN', 'Infinity', '-Infinity'), 'EG400', 'delta_capacity is a finite amount.');
  select f.base_currency into unit from public.funds f where f.fund_id = of_fund;
  perform evergreen.refuse_unless(unit is not null, 'EG404', 'context.fund_id names no fund.');
  perform evergreen.refuse_unless(evergreen.within_exponent(delta_capacity, unit), 'EG400', 'delta_capacity has more decimals than the currency.');
  on_day := coalesce((context ->> 'as_of')::date, evergreen.ladder_date(of_fund, of_side, of_scenario), current_date);
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity)
  values (of_fund, of_side, on_day, of_scenario, named, 0) on conflict do nothing;
  select * into rung from public.liquidity_ladder l
   where l.fund_id = of_fund and l.side = of_side and l.as_of = on_day and l.scenario_id = of_scenario and l.bucket = named for no key update;
  perform evergreen.refuse_unless(rung.capacity + delta_capacity >= 0 and (of_side = 'liability' or rung.capacity + delta_capacity >= rung.utilization),
    'EG424', 'The bucket would fall below what is reserved of it.');
  update public.liquidity_ladder l set capacity = l.capacity + delta_capacity where l.ladder_id = rung.ladder_id returning * into rung;
  perform evergreen.emit('LIQUIDITY_UPDATED', of_fund, jsonb_build_object('bucket', named, 'side', of_side), evergreen.actor());
  perform evergreen.audit(of_fund, 'liquidity_ladder', rung.ladder_id::text, 'capacity of ' || of_side || ' bucket ' || named || ' changed: ' || coalesce(left(context ->> 'reason', 100), 'no reason given'), request_id);
  perform evergreen.keep_answer('fn_update_liquidity_bucket', request_id, input, to_jsonb(rung));
  return rung;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_update_liquidity_bucket(text, numeric, jsonb, text) is
  'Adds delta_capacity (fund currency) to a bucket under its row lock. context = {fund_id, side, as_of, scenario_id, reason}. EG400, EG404, EG424 below what is reserved.';

create or replace function evergreen.thirty_day_cover(of_fund uuid, of_proposal uuid, out assets numeric, out liabilities numeric)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  near text[] := array['1d', '7d', '30d'];
begin
  select coalesce(sum(l.capacity - l.utilization), 0) into assets from public.liquidity_ladder l
   where l.fund_id = of_fund and l.side = 'asset' and l.scenario_id = 'base' and l.as_of = evergreen.ladder_date(of_fund, 'asset', 'base') and l.bucket = any (near);
  -- what is planned, what stress adds to the plan, and beside both what was accepted: it is certain and still to be paid (R35)
  select coalesce(sum(l.capacity + l.stress_delta + l.utilization), 0) into liabilities from public.liquidity_ladder l
   where l.fund_id = of_fund and l.side = 'liability' and l.scenario_id = 'base' and l.as_of = evergreen.ladder_date(of_fund, 'liability', 'base') and l.bucket = any (near);
  if of_proposal is not null then
    select assets + coalesce(sum(c.change) filter (where c.bucket = any (near)), 0) into assets from evergreen.trade_effects(of_proposal) c;
    -- its own reservation is not a drain on itself
    select assets + coalesce(sum(r.amount), 0) into assets from public.liquidity_reservations r where r.proposal_id = of_proposal and r.released_at is null;
  end if;
end $$;
comment on function evergreen.thirty_day_cover(uuid, uuid) is
  'Assets sellable within 30 days (after the proposal''s trades, if one is named) and stressed 30-day liabilities, accepted redemptions included, fund currency (R33, R35, R38).';

create or replace function evergreen.trade_effects(of_proposal uuid) returns table (asset_id uuid, bucket text, change numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what each trade adds to (buy) or takes from (sell) the bucket of its asset; cash answers with the opposite less the cost
  with trades as (
    select (t ->> 'asset_id')::uuid as asset_id, t ->> 'side' as side, (t ->> 'amount')::numeric as amount, (t ->> 'cost')::numeric as cost
      from public.proposals p, jsonb_array_elements(p.body -> 'trades') t where p.proposal_id = of_proposal
  ), moves as (
    select t.asset_id, case t.side when 'buy' then t.amount else -t.amount end as change from trades t
    union all
    select (p.body ->> 'cash_asset_id')::uuid, coalesce((select sum(case t.side when 'buy' then -t.amount else t.amount end - t.cost) from trades t), 0)
      from public.proposals p where p.proposal_id = of_proposal and p.body ->> 'cash_asset_id' is not null
  )
  select m.asset_id, a.bucket, sum(m.change) from moves m join public.assets a on a.id = m.asset_id group by m.asset_id, a.bucket
$$;
comment on function evergreen.trade_effects(uuid) is 'Change in market value per asset that the trades of a proposal make, cash included, fund currency.';

create or replace function public.fn_reserve_liquidity(proposal_id uuid, request_id text default null)
returns table (result text, reason text, ratio numeric) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  cover record;
  rung public.liquidity_ladder;
  needed numeric;
  multiple numeric;
  passed boolean;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_reserve_liquidity', request_id, input);
  if answer is not null then
    return query select answer ->> 'result', answer ->> 'reason', (answer ->> 'ratio')::numeric;
    return;
  end if;
  select * into p from public.proposals x where x.proposal_id = fn_reserve_liquidity.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  -- once per proposal, whatever the request id
  if exists (select from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine') then
    return query select c.result, c.detail, c.value from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine';
    return;
  end if;
  perform evergreen.refuse_unless(p.status = 'checking', 'EG428', 'The proposal is ' || p.status || '.');
  perform 1 from public.liquidity_ladder l where l.fund_id = p.fund_id and l.side = 'asset' and l.scenario_id = 'base' order by l.ladder_id for no key update;
  select * into cover from evergreen.thirty_day_cover(p.fund_id, p.proposal_id);
  -- a quotient has as many decimals as its operands, at least: the inner round() carries it to the eighteenth
  multiple := case when cover.liabilities = 0 then null else round(round(cover.assets, 20) / cover.liabilities, 18) end;
  passed := multiple is null or multiple >= 1.2;
  -- buys settle from cash: what they cost is set aside in the one-day bucket until the proposal is applied or refused
  select coalesce(sum((t ->> 'amount')::numeric + (t ->> 'cost')::numeric), 0) into needed
    from jsonb_array_elements(p.body -> 'trades') t where t ->> 'side' = 'buy';
  needed := needed - least(needed, (select coalesce(sum((t ->> 'amount')::numeric - (t ->> 'cost')::numeric), 0)
    from jsonb_array_elements(p.body -> 'trades') t where t ->> 'side' = 'sell'));
  if passed and needed > 0 then
    select * into rung from public.liquidity_ladder l
     where l.fund_id = p.fund_id and l.side = 'asset' and l.scenario_id = 'base' and l.bucket = '1d' and l.as_of = evergreen.ladder_date(p.fund_id, 'asset', 'base');
    if not found or rung.capacity - rung.utilization < needed then
      passed := false;
    end if;
  end if;
  if passed and needed > 0 then
    update public.liquidity_ladder l set utilization = l.utilization + needed where l.ladder_id = rung.ladder_id;
    insert into public.liquidity_reservations (fund_id, ladder_id, proposal_id, amount) values (p.fund_id, rung.ladder_id, p.proposal_id, needed);
  end if;
  insert into public.proposal_checks (proposal_id, room, rule, result, value, limit_value, detail)
  values (p.proposal_id, 'liquidity-engine', 'thirty_day_cover', case when passed then 'passed' else 'failed' end, multiple, 1.2,
    case when passed then 'R38: 30-day assets cover stressed 30-day liabilities'
         when multiple is null or multiple >= 1.2 then 'cash for the buys is reserved elsewhere'
         else 'R38: 30-day assets after the trades are below 1.2 × stressed 30-day liabilities' end);
  perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'liquidity ' || case when passed then 'reserved' else 'refused' end, request_id);
  return query select c.result, c.detail, c.value from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine';
  perform evergreen.keep_answer('fn_reserve_liquidity', request_id, input, (
    select jsonb_build_object('result', c.result, 'reason', c.detail, 'ratio', c.value) from public.proposal_checks c
     where c.proposal_id = p.proposal_id and c.room = 'liquidity-engine'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_reserve_liquidity(uuid, text) is
  'Checks R38 under the ladder''s row locks and reserves the cash that the trades need beyond their sales (fund currency, one-day bucket). Once per proposal.';

create or replace function public.fn_release_liquidity(proposal_id uuid, reason text, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  held record;
  freed int := 0;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('proposal_id', proposal_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_release_liquidity', request_id, input);
  if answer is not null then
    return (answer ->> 'released')::int;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 200, 'EG400', 'reason has 1 to 200 characters.');
  -- proposal, then ladder: the order in which everyone locks
  perform 1 from public.proposals x where x.proposal_id = fn_release_liquidity.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  for held in select * from public.liquidity_reservations r where r.proposal_id = fn_release_liquidity.proposal_id and r.released_at is null for no key update loop
    update public.liquidity_ladder l set utilization = l.utilization - held.amount where l.ladder_id = held.ladder_id;
    update public.liquidity_reservations r set released_at = now(), release_reason = reason where r.reservation_id = held.reservation_id;
    perform evergreen.audit(held.fund_id, 'liquidity_reservations', held.reservation_id::text, 'released: ' || left(reason, 100), request_id);
    freed := freed + 1;
  end loop;
  perform evergreen.keep_answer('fn_release_liquidity', request_id, input, jsonb_build_object('released', freed));
  return freed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_liquidity(uuid, text, text) is 'Gives back what is reserved for a proposal; returns how many reservations. Another request releases nothing more. EG404.';
