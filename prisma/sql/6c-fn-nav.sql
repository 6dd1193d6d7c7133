-- The NAV strike: inputs frozen, proposed to two people on the hash, struck; and its restatement, which is the same again with a reason.

create or replace function evergreen.freeze_inputs(of_fund uuid, on_day date, inputs jsonb, replaces uuid, why text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  bad int;
  unit text;
begin
  perform evergreen.refuse_unless(jsonb_typeof(inputs) = 'array', 'EG400', 'inputs is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(inputs) between 1 and 200000, 'EG413', 'inputs has 1 to 200,000 rows.');
  select f.base_currency into unit from public.funds f where f.fund_id = of_fund;
  select count(*) into bad from jsonb_to_recordset(inputs) i (asset_id uuid, kind text, label text, value numeric, as_of date, source text, blocked_by text, mark numeric, beta numeric, index_series text, index_at_mark numeric, index_now numeric, payments jsonb)
    left join public.assets a on a.id = i.asset_id and a.fund_id = of_fund
   where (i.kind in ('asset', 'cash', 'receivable', 'debt', 'payable', 'accrual') and (i.asset_id is null or a.id is not null) and (i.kind <> 'asset' or i.asset_id is not null)
      and i.value > -1e30 and i.value < 1e30 and evergreen.within_exponent(i.value, unit) and isfinite(i.as_of) and i.as_of <= on_day
      and length(i.label) between 1 and 200 and length(i.source) between 1 and 200 and (i.blocked_by is null or length(i.blocked_by) between 1 and 200)
      -- R5: rolled forward by beta times the return of the index, rounded half up at the minor unit
      and case when num_nonnulls(i.mark, i.beta, i.index_series, i.index_at_mark, i.index_now) = 0 then i.payments is null else i.kind = 'asset' and i.index_at_mark > 0 and i.index_now > 0 and length(i.index_series) > 0
        and evergreen.are_payments(i.payments, i.as_of, on_day) and abs(i.value - evergreen.rolled_value(i.mark, i.beta, i.index_at_mark, i.index_now, i.payments)) <= 0.5 * power(10::numeric, -(select u.exponent from public.currencies u where u.code = unit)) + 1e-9 end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' inputs lack a kind, an asset of the fund, a value in the currency''s units, a label, a source or a date up to the NAV date, or are not rolled forward by their index.');
  perform evergreen.refuse_unless((select count(i.asset_id) = count(distinct i.asset_id) from jsonb_to_recordset(inputs) i (asset_id uuid)), 'EG400', 'An asset stands twice.');
  insert into public.nav_strikes (strike_id, fund_id, nav_date, version, state, inputs_hash, supersedes, reason, effective_at)
  values (id, of_fund, on_day, (select coalesce(max(s.version), 0) + 1 from public.nav_strikes s where s.fund_id = of_fund and s.nav_date = on_day), 'estimated',
    -- one line per input in the order of kind, label, asset: a verifier builds the same bytes
    (select encode(sha256(convert_to(string_agg(concat_ws('|', i.kind, i.label, coalesce(i.asset_id::text, ''), trim_scale(i.value), i.as_of, i.source, coalesce(i.blocked_by, ''),
        -- a mark that was rolled forward is bound with what it was rolled from
        case when i.mark is not null then concat_ws('|', trim_scale(i.mark), trim_scale(i.beta), i.index_series, trim_scale(i.index_at_mark), trim_scale(i.index_now), evergreen.payments_text(i.payments)) end), E'\n'
        order by i.kind collate "C", i.label collate "C", i.asset_id, i.value, i.source collate "C"), 'UTF8')), 'hex')
       from jsonb_to_recordset(inputs) i (asset_id uuid, kind text, label text, value numeric, as_of date, source text, blocked_by text, mark numeric, beta numeric, index_series text, index_at_mark numeric, index_now numeric, payments jsonb)),
    replaces, why, on_day::timestamp at time zone 'UTC');
  insert into public.nav_inputs (strike_id, asset_id, kind, label, value, as_of, source, age_days, blocked_by, mark, beta, index_series, index_at_mark, index_now, payments)
  select id, i.asset_id, i.kind, i.label, i.value, i.as_of, i.source, on_day - i.as_of, i.blocked_by, i.mark, i.beta, i.index_series, i.index_at_mark, i.index_now, i.payments
    from jsonb_to_recordset(inputs) i (asset_id uuid, kind text, label text, value numeric, as_of date, source text, blocked_by text, mark numeric, beta numeric, index_series text, index_at_mark numeric, index_now numeric, payments jsonb);
  -- R5: a mark that the price breaker held back is told, once per mark; it stays where it is, and a person releases it by confirming it
  perform evergreen.emit('DATA_DRIFT', of_fund, jsonb_build_object('asset_id', i.asset_id, 'deviation_bps', i.drift_bps::text, 'threshold_bps', i.limit_bps::text), 'price_breaker')
    from jsonb_to_recordset(inputs) i (asset_id uuid, as_of date, drift_bps numeric, limit_bps numeric)
   where i.drift_bps is not null and i.asset_id is not null and not exists (select from public.fund_events e where e.fund_id = of_fund and e.type = 'DATA_DRIFT' and e.payload ->> 'asset_id' = i.asset_id::text
     and e.recorded_at >= (select max(s.recorded_at) from public.asset_snapshots s where s.asset_id = i.asset_id and s.scenario_id = '' and s.as_of = i.as_of));
  return id;
end $$;
comment on function evergreen.freeze_inputs(uuid, date, jsonb, uuid, text) is 'Stores the inputs of a NAV with their hash as an estimated strike.';

create or replace function evergreen.strike_answer(of_strike uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('strike_id', s.strike_id, 'nav_date', s.nav_date, 'version', s.version, 'state', s.state, 'inputs_hash', s.inputs_hash, 'supersedes', s.supersedes,
    'blockers', (select coalesce(jsonb_agg(jsonb_build_object('label', i.label, 'blocked_by', i.blocked_by, 'age_days', i.age_days) order by i.label), '[]')
       from public.nav_inputs i where i.strike_id = s.strike_id and i.blocked_by is not null))
    from public.nav_strikes s where s.strike_id = of_strike
$$;
comment on function evergreen.strike_answer(uuid) is 'What the steps of a strike answer, with the inputs that block it by name.';

create or replace function public.fn_freeze_nav_inputs(fund text, nav_date date, inputs jsonb, request_id text default null, draft jsonb default '{}') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('fund', fund, 'nav_date', nav_date, 'sha256', evergreen.content_digest(inputs))
    || case when draft = '{}' then '{}'::jsonb else jsonb_build_object('draft', encode(sha256(convert_to(draft::text, 'UTF8')), 'hex')) end;
  answer := evergreen.earlier_answer('fn_freeze_nav_inputs', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(isfinite(nav_date), 'EG400', 'nav_date is a date.');
  perform evergreen.refuse_unless(jsonb_typeof(draft) = 'object' and octet_length(draft::text) <= 1048576, 'EG400', 'draft is a JSON object of at most 1 MB.');
  -- forward pricing: no valuation of a day whose book is still open
  perform evergreen.refuse_unless(not exists (select from public.dealing_days d where d.fund_id = of_fund.fund_id and d.dealing_date = fn_freeze_nav_inputs.nav_date and d.status = 'open'),
    'EG428', 'A dealing day of that date has not reached its cut-off.');
  perform evergreen.refuse_unless(not exists (select from public.nav_strikes s where s.fund_id = of_fund.fund_id and s.nav_date = fn_freeze_nav_inputs.nav_date and s.state = 'final'),
    'EG428', 'The NAV of that date is final; only a restatement changes it.');
  id := evergreen.freeze_inputs(of_fund.fund_id, nav_date, inputs, null, null);
  update public.nav_strikes s set body = jsonb_build_object('draft', draft) where s.strike_id = id and draft <> '{}';
  update public.dealing_days d set status = 'inputs_frozen', step = greatest(d.step, 3), strike_id = id
   where d.fund_id = of_fund.fund_id and d.dealing_date = fn_freeze_nav_inputs.nav_date and d.status in ('cut_off', 'inputs_frozen', 'nav_proposed');
  answer := evergreen.strike_answer(id);
  perform evergreen.emit('NAV_INPUTS_FROZEN', of_fund.fund_id, jsonb_build_object('strike_id', id, 'inputs_hash', answer ->> 'inputs_hash'), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'nav_strikes', id::text, 'NAV inputs frozen: ' || jsonb_array_length(inputs) || ', blocking ' || jsonb_array_length(answer -> 'blockers'), request_id);
  perform evergreen.keep_answer('fn_freeze_nav_inputs', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_freeze_nav_inputs(text, date, jsonb, text, jsonb) is
  'Freezes inputs = [{asset_id?, kind, label, value, as_of, source, blocked_by?, mark?, beta?, index_series?, index_at_mark?, index_now?, payments?, drift_bps?, limit_bps?}] (fund currency; the second half for a mark rolled forward, and one held back by the breaker) as an estimated strike, with the draft of what they amount to; answers the blockers by name. EG400, EG404, EG413, EG428.';

create or replace function evergreen.strike_units(s public.nav_strikes, of_class uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when s.supersedes is null then (select c.units_outstanding from public.share_classes c where c.share_class_id = of_class)
              else coalesce((select c.units from public.class_navs c where c.strike_id = s.supersedes and c.share_class_id = of_class), 0) end
$$;
comment on function evergreen.strike_units(public.nav_strikes, uuid) is 'Units of a class that a strike is over: those of the register, or for a restatement those of the strike it corrects.';

create or replace function public.fn_propose_nav(strike_id uuid, body jsonb, classes jsonb, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  unit text;
  total numeric;
  owed numeric;
  fee numeric;
  net numeric;
  bad text;
  id uuid := gen_random_uuid();
  event uuid;
  until timestamptz;
  what jsonb;
  stale jsonb;
  inputs jsonb;
  digest text;
begin
  perform evergreen.require_role('agent_commander', 'ops_role', 'pm_role');
  input := jsonb_build_object('strike_id', strike_id, 'body', body, 'classes', classes, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_propose_nav', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select f.base_currency into unit from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_propose_nav.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_propose_nav.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'estimated' or (s.state = 'provisional' and exists (
    select from public.proposals p where p.proposal_id = s.proposal_id and p.status in ('rejected', 'expired', 'withdrawn'))), 'EG428', 'The strike is ' || s.state || '.');
  perform evergreen.refuse_unless(not exists (select from public.nav_strikes x where x.fund_id = s.fund_id and x.nav_date = s.nav_date and x.version > s.version), 'EG425', 'The inputs were frozen anew since.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and jsonb_typeof(classes) = 'array', 'EG400', 'body is an object and classes a list.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 1048576, 'EG413', 'body is larger than 1 MB.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  select string_agg(i.label || ' (' || i.blocked_by || ')', ', ' order by i.label) into bad from (
    select n.label, n.blocked_by from public.nav_inputs n where n.strike_id = s.strike_id and n.blocked_by is not null order by n.label limit 5) i;
  perform evergreen.refuse_unless(bad is null, 'EG429', 'The NAV cannot be proposed: ' || coalesce(left(bad, 400), '') || '.');
  -- R4, from the frozen inputs and from nothing else
  select coalesce(sum(n.value) filter (where n.kind in ('asset', 'cash', 'receivable')), 0), coalesce(sum(n.value) filter (where n.kind in ('debt', 'payable', 'accrual')), 0)
    into total, owed from public.nav_inputs n where n.strike_id = s.strike_id;
  fee := coalesce((body ->> 'performance_fee')::numeric, 0);
  net := total - owed - fee;
  perform evergreen.refuse_unless(fee >= 0 and evergreen.within_exponent(fee, unit) and (body ->> 'total_assets')::numeric = total and (body ->> 'liabilities')::numeric = owed
    and (body ->> 'gnav')::numeric = total - owed and (body ->> 'nav')::numeric = net, 'EG400', 'total_assets, liabilities, gnav, performance_fee and nav do not foot with the frozen inputs.');
  -- a fund that has not issued anything yet deals at its first price
  perform evergreen.refuse_unless(net > 0 or (net = 0 and not exists (select from public.share_classes c where c.fund_id = s.fund_id and c.units_outstanding > 0)),
    'EG429', 'The net asset value is not above zero.');
  select coalesce(left(coalesce(sc.code, c.share_class_id::text), 40), '?') into bad from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric, nav_per_unit numeric, performance_accrued numeric)
    left join public.share_classes sc on sc.share_class_id = c.share_class_id and sc.fund_id = s.fund_id
    cross join lateral evergreen.strike_units(s, sc.share_class_id) u
   where (sc.share_class_id is not null and c.nav >= 0 and c.nav < 1e30 and evergreen.within_exponent(c.nav, unit) and c.nav_per_unit > 0 and c.nav_per_unit < 1e12
      and (c.performance_accrued is null or (c.performance_accrued >= 0 and evergreen.within_exponent(c.performance_accrued, unit)))
      and case when u > 0 then c.nav > 0 and c.nav_per_unit = round(round(c.nav, 30) / u, sc.price_dp)
               else c.nav = 0 and c.nav_per_unit = coalesce(sc.issue_price, sc.nav_per_unit) end) is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'The price of a class is not its value over its units, rounded: ' || coalesce(bad, '') || '.');
  perform evergreen.refuse_unless((select count(*) = count(distinct c.share_class_id) and sum(c.nav) = net from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric))
    and not exists (select from public.share_classes sc where sc.fund_id = s.fund_id
      and (evergreen.strike_units(s, sc.share_class_id) > 0 or exists (select from public.dealing_days d where d.strike_id = s.strike_id and d.share_class_id = sc.share_class_id))
      and not exists (select from jsonb_to_recordset(classes) c (share_class_id uuid) where c.share_class_id = sc.share_class_id)),
    'EG400', 'classes names every class with units once, and their values sum to the NAV of the fund.');
  -- who subscribes and who redeems deal before the fee that their class owes: it has to be known class by class
  perform evergreen.refuse_unless((select coalesce(sum(c.performance_accrued), 0) = fee from jsonb_to_recordset(classes) c (performance_accrued numeric)),
    'EG400', 'The performance fee is not the sum of what its classes accrued (performance_accrued).');
  -- by series everybody deals at the price of the own series: the approved values have to be those of the register, series by series (R25)
  select coalesce(left(sc.code, 40), '?') into bad from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric, performance_accrued numeric, series jsonb) join public.share_classes sc using (share_class_id)
   where case when evergreen.strike_units(s, c.share_class_id) > 0 and (s.supersedes is null and evergreen.by_series(c.share_class_id, s.nav_date)
       or exists (select from public.series_navs n where n.strike_id = s.supersedes and n.share_class_id = c.share_class_id))
     then not evergreen.series_foot(s, c.share_class_id, c.nav, coalesce(c.performance_accrued, 0), c.series) else coalesce(c.series, '[]') <> '[]' end limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'The series of a class are not those of its register, or do not sum to it: ' || coalesce(bad, '') || '.');
  delete from public.series_navs n where n.strike_id = s.strike_id;
  delete from public.class_navs c where c.strike_id = s.strike_id;
  insert into public.class_navs (strike_id, share_class_id, nav, units, nav_per_unit, performance_accrued)
  select s.strike_id, c.share_class_id, c.nav, evergreen.strike_units(s, c.share_class_id), c.nav_per_unit, coalesce(c.performance_accrued, 0)
    from jsonb_to_recordset(classes) c (share_class_id uuid, nav numeric, nav_per_unit numeric, performance_accrued numeric);
  insert into public.series_navs (strike_id, share_class_id, series, nav, units, nav_per_unit, performance_accrued, high_water, since)
  select s.strike_id, c.share_class_id, r.series, r.nav, r.units, r.nav_per_unit, r.performance_accrued, r.high_water, r.since
    from jsonb_to_recordset(classes) c (share_class_id uuid, series jsonb)
    cross join lateral jsonb_to_recordset(c.series) r (series text, nav numeric, units numeric, nav_per_unit numeric, performance_accrued numeric, high_water numeric, since date);
  until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
  -- R46: the share of the NAV that rests on marks older than 90 days stands before who approves it
  stale := jsonb_build_object('stale_share', (select trim_scale(round(coalesce(sum(n.value), 0) / nullif(net, 0), 18))::text from public.nav_inputs n
    where n.strike_id = s.strike_id and n.kind = 'asset' and n.age_days > 90));
  what := jsonb_build_object('strike_id', s.strike_id, 'nav_date', s.nav_date, 'version', s.version, 'supersedes', s.supersedes, 'reason', s.reason) || body || stale || jsonb_build_object('classes', classes);
  inputs := jsonb_build_object('inputs_hash', s.inputs_hash, 'units', (select jsonb_object_agg(c.share_class_id, trim_scale(c.units)::text) from public.class_navs c where c.strike_id = s.strike_id));
  digest := evergreen.proposal_hash(id, s.fund_id, 'nav', what, inputs, until);
  event := evergreen.emit('NAV_PROPOSED', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'proposal_id', id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_propose_nav.workflow_id)), '{}', request_id);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
  values (id, s.fund_id, 'nav', 'pending', digest, what, inputs,
    jsonb_build_object('funds', 1, 'orders', (select coalesce(sum(d.orders), 0) from public.dealing_days d where d.strike_id = s.strike_id)),
    (select f.allocations_version from public.funds f where f.fund_id = s.fund_id), event, coalesce(fn_propose_nav.workflow_id, 'nav/' || s.strike_id), evergreen.actor(), evergreen.actor(), 2, until);
  update public.nav_strikes x set state = 'provisional',
    -- the draft stays beside what was made of it: a run that proposes again after a crash starts from there
    body = case when x.body ? 'draft' then jsonb_build_object('draft', x.body -> 'draft') else '{}'::jsonb end || fn_propose_nav.body || stale, total_assets = total, liabilities = owed, gnav = total - owed, performance_fee = fee, nav = net, proposal_id = id
   where x.strike_id = s.strike_id;
  update public.dealing_days d set status = 'nav_proposed', step = greatest(d.step, 5) where d.strike_id = s.strike_id and d.status in ('inputs_frozen', 'nav_proposed');
  perform evergreen.audit(s.fund_id, 'proposals', id::text, 'NAV of ' || s.nav_date || ' proposed', request_id);
  answer := jsonb_build_object('proposal_id', id, 'hash', digest, 'strike_id', s.strike_id);
  perform evergreen.keep_answer('fn_propose_nav', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_nav(uuid, jsonb, jsonb, text, text) is
  'Puts a NAV before two people: body = {total_assets, liabilities, gnav, performance_fee, nav, …} must foot with the frozen inputs, classes = [{share_class_id, nav, nav_per_unit, performance_accrued?, series?: [{series, units, nav, nav_per_unit, performance_accrued, high_water, since}]}] with the units of the register, series by series where the fee is. EG400, EG404, EG425, EG428, EG429 blocked.';

create or replace function evergreen.has_approvals(p public.proposals) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(distinct a.decided_by) >= p.approvals_needed from public.approvals a
   where a.proposal_id = p.proposal_id and a.decision = 'approved' and a.proposal_hash = p.hash and 'user:' || a.decided_by <> all (array[p.requested_by, p.proposed_by])
$$;
comment on function evergreen.has_approvals(public.proposals) is 'Whether enough different people, none of them who asked or proposed, approved the hash.';

create or replace function public.fn_strike_nav(strike_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  p public.proposals;
  event uuid;
  n int;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('strike_id', strike_id);
  answer := evergreen.earlier_answer('fn_strike_nav', request_id, input);
  if answer is not null then
    return answer;
  end if;
  -- proposal, fund, then the strike
  select x.* into p from public.proposals x where x.proposal_id = (select y.proposal_id from public.nav_strikes y where y.strike_id = fn_strike_nav.strike_id) for no key update;
  perform 1 from public.funds f where f.fund_id = (select y.fund_id from public.nav_strikes y where y.strike_id = fn_strike_nav.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_strike_nav.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'provisional' and s.proposal_id = p.proposal_id, 'EG428', 'The strike is ' || s.state || '.');
  perform evergreen.refuse_unless(p.status = 'approved', 'EG428', 'The proposal is ' || p.status || ', not approved.');
  perform evergreen.refuse_unless(not exists (select from public.nav_strikes x where x.fund_id = s.fund_id and x.nav_date = s.nav_date and x.version > s.version), 'EG425', 'The inputs were frozen anew since.');
  perform evergreen.refuse_unless(evergreen.has_approvals(p), 'EG420', 'Two people who did not propose it must approve a NAV.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at)
    and p.inputs ->> 'inputs_hash' = s.inputs_hash, 'EG421', 'The proposal was changed after it was hashed.');
  -- a restatement is of the register as it was; a first strike is of the register as it is
  perform evergreen.refuse_unless(s.supersedes is not null or not exists (select from public.class_navs c join public.share_classes sc on sc.share_class_id = c.share_class_id
    where c.strike_id = s.strike_id and c.units <> sc.units_outstanding), 'EG425', 'Units were issued or redeemed since the NAV was proposed.');
  perform evergreen.refuse_while_chain_broken(s.fund_id);
  update public.nav_strikes x set state = 'restated' where x.strike_id = s.supersedes and x.state = 'final';
  update public.nav_strikes x set state = 'final' where x.strike_id = s.strike_id;
  update public.class_navs c set published_at = now() where c.strike_id = s.strike_id;
  -- from its first strike by series on a lot bears the name of its series, whatever becomes of its price
  update public.lots l set series = evergreen.series_of(l) where l.series = '' and exists (select from public.series_navs n where n.strike_id = s.strike_id and n.share_class_id = l.share_class_id);
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  update public.share_classes sc set nav_per_unit = c.nav_per_unit from public.class_navs c
   where c.strike_id = s.strike_id and sc.share_class_id = c.share_class_id
     and not exists (select from public.nav_strikes later where later.fund_id = s.fund_id and later.state = 'final' and later.nav_date > s.nav_date);
  event := evergreen.emit('NAV_STRUCK', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'nav_date', s.nav_date, 'version', s.version), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  -- only here an order meets a price that was not known when it was accepted
  with priced as materialized (
    select f.flow_id from public.fund_flows f join public.dealing_days d on d.dealing_day_id = f.dealing_day_id
     where d.strike_id = s.strike_id and d.status = 'nav_proposed' and f.status = 'locked' order by f.flow_id for no key update of f
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select o.flow_id, 'locked', 'priced', event, evergreen.actor() from priced o
  )
  update public.fund_flows f set status = 'priced', priced_at = now() from priced o where f.flow_id = o.flow_id;
  get diagnostics n = row_count;
  update public.dealing_days d set status = 'struck', step = greatest(d.step, 5) where d.strike_id = s.strike_id and d.status = 'nav_proposed';
  -- the other classes of the strike
  perform evergreen.knock_days(s.fund_id, null, d.dealing_day_id, 'the NAV is struck') from public.dealing_days d
    where d.strike_id = s.strike_id and p.workflow_id like 'deal/%' and d.workflow_id <> p.workflow_id;
  perform evergreen.audit(s.fund_id, 'nav_strikes', s.strike_id::text, 'NAV of ' || s.nav_date || ' struck, version ' || s.version || ', orders priced ' || n, request_id);
  answer := evergreen.strike_answer(s.strike_id) || jsonb_build_object('orders', n);
  perform evergreen.keep_answer('fn_strike_nav', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_strike_nav(uuid, text) is
  'Makes an approved NAV final and publishes its prices; locked orders of its days become priced. A restatement supersedes and touches no order. EG404, EG420, EG421, EG425, EG428.';

create or replace function public.fn_restate_nav(strike_id uuid, inputs jsonb, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_commander');
  input := jsonb_build_object('strike_id', strike_id, 'reason', reason, 'sha256', evergreen.content_digest(inputs));
  answer := evergreen.earlier_answer('fn_restate_nav', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_restate_nav.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_restate_nav.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'final', 'EG428', 'The strike is ' || s.state || '; only a final one is restated.');
  perform evergreen.refuse_restating(s);
  id := evergreen.freeze_inputs(s.fund_id, s.nav_date, inputs, s.strike_id, reason);
  answer := evergreen.strike_answer(id);
  perform evergreen.emit('NAV_RESTATEMENT_BEGUN', s.fund_id, jsonb_build_object('strike_id', id, 'supersedes', s.strike_id), evergreen.actor(),
    jsonb_build_object('workflow_id', 'restate/' || id), '{}', request_id);
  perform evergreen.audit(s.fund_id, 'nav_strikes', id::text, 'restatement of the NAV of ' || s.nav_date || ' begun', request_id);
  perform evergreen.keep_answer('fn_restate_nav', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_restate_nav(uuid, jsonb, text, text) is
  'Begins the restatement (R30) of a final NAV with corrected inputs: a new version that is proposed and struck like the first. EG400, EG404, EG413, EG428.';
