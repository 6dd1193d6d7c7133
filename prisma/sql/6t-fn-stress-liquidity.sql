-- What a stress run means for the fund's liquidity: its ladder per scenario, breaches and trends as events, and what people said of the alerts that followed.

create or replace function evergreen.cover_rungs(cover jsonb) returns table (place int, bucket text, assets numeric, liabilities numeric)
language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- sums up to each bucket become what each bucket holds; what leaves again later does not count as there, and what was due stays due (finance: stressRungs)
  with found as (
    select b.place::int as place, b.bucket, (r ->> 'assets')::numeric as assets, (r ->> 'liabilities')::numeric as liabilities
      from unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality b (bucket, place)
      join jsonb_array_elements(cover) r on r ->> 'bucket' = b.bucket
  ), sums as (
    select f.place, f.bucket, greatest(0, min(f.assets) over (order by f.place rows between current row and unbounded following)) as assets,
           greatest(0, max(f.liabilities) over (order by f.place)) as liabilities
      from found f
  )
  select s.place, s.bucket, s.assets - coalesce(lag(s.assets) over (order by s.place), 0), s.liabilities - coalesce(lag(s.liabilities) over (order by s.place), 0) from sums s
$$;
comment on function evergreen.cover_rungs(jsonb) is 'What arrives and what falls due in each bucket, from the cover up to each of a stress outcome (R33); fund currency.';

create or replace function evergreen.move_stress_ladder(run public.stress_runs, entry jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  scenario text;
  found_cover jsonb;
  moved int := 0;
  rung record;
begin
  select s.scenario_id, o.body::jsonb -> 'rcr' into scenario, found_cover from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.scenario_hash = entry ->> 'scenario_hash' and o.status = 'done';
  perform evergreen.refuse_unless(scenario is not null, 'EG404', 'The run has no finished scenario with that hash.');
  perform evergreen.refuse_unless(scenario <> 'base', 'EG400', 'The ladder of the fund itself is not moved by a stress run.');
  -- the newest run of a day has the word, whichever is handed over last
  if exists (select from public.stress_runs later join public.stress_outcomes o using (stress_run_id) join public.stress_scenarios s using (scenario_hash)
              where later.fund_id = run.fund_id and later.as_of = run.as_of and later.kind <> 'laboratory' and later.liquidity is not null
                and (later.started_at, later.stress_run_id) > (run.started_at, run.stress_run_id) and o.status = 'done' and s.scenario_id = scenario) then
    return 0;
  end if;
  perform evergreen.refuse_unless(jsonb_array_length(entry -> 'rungs') = 14 and not exists (
      select from evergreen.cover_rungs(found_cover) c cross join lateral (values ('asset', c.assets), ('liability', c.liabilities)) f (side, capacity)
        full join jsonb_array_elements(entry -> 'rungs') r on r ->> 'bucket' = c.bucket and r ->> 'side' = f.side
       where (r ->> 'capacity')::numeric is distinct from f.capacity),
    'EG425', 'The rungs are not what the run found.');
  for rung in
    select r ->> 'bucket' as bucket, r ->> 'side' as side, (r ->> 'capacity')::numeric - coalesce(l.capacity, 0) as delta from jsonb_array_elements(entry -> 'rungs') r
      left join public.liquidity_ladder l on l.fund_id = run.fund_id and l.side = r ->> 'side' and l.as_of = run.as_of and l.scenario_id = scenario and l.bucket = r ->> 'bucket'
  loop
    if rung.delta <> 0 then
      perform public.fn_update_liquidity_bucket(rung.bucket, rung.delta, jsonb_build_object('fund_id', run.fund_id, 'side', rung.side, 'as_of', run.as_of,
        'scenario_id', scenario, 'reason', 'stress run ' || run.stress_run_id));
      moved := moved + 1;
    end if;
  end loop;
  return moved;
end $$;
comment on function evergreen.move_stress_ladder(public.stress_runs, jsonb, text) is
  'Moves the ladder of one scenario to what a run found, by the difference to what stands; how many rungs moved. EG400, EG404, EG425 other rungs than the run found.';

create or replace function evergreen.set_stress_delta(run public.stress_runs, base jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  outcome jsonb;
  scenario text;
  named text;
  changed int;
begin
  select s.scenario_id, o.body::jsonb into scenario, outcome from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.scenario_hash = base ->> 'scenario_hash' and o.status = 'done';
  perform evergreen.refuse_unless(scenario is not null, 'EG404', 'The run has no finished scenario with that hash.');
  select p.body #>> '{stressProgramme,coverScenario}' into named from public.lmt_policies p
   where p.fund_id = run.fund_id and p.effective_from <= run.as_of order by p.effective_from desc, p.version desc limit 1;
  -- trades must cover what stands on the liability side (R38): only a scenario that people have named for it may move it
  perform evergreen.refuse_unless(jsonb_typeof(base -> 'sides') = 'array' and base -> 'sides' <@ '["asset", "liability"]' and (not base -> 'sides' ? 'liability' or named = scenario) is true,
    'EG400', 'The liability side of the fund''s own ladder follows the scenario that its programme names, and no other.');
  if exists (select from public.stress_runs later where later.fund_id = run.fund_id and later.as_of >= run.as_of and later.kind <> 'laboratory' and later.liquidity is not null
              and (later.started_at, later.stress_run_id) > (run.started_at, run.stress_run_id)) then
    return 0;
  end if;
  -- a bucket that has no rung yet gets one without capacity
  insert into public.liquidity_ladder (fund_id, side, as_of, scenario_id, bucket, capacity, stress_delta)
  select run.fund_id, d.side, evergreen.ladder_date(run.fund_id, d.side, 'base'), 'base', d.bucket, 0, d.delta
    from (select f.side, a.bucket, case f.side when 'asset' then a.assets - b.assets else a.liabilities - b.liabilities end as delta
            from evergreen.cover_rungs(outcome -> 'rcr') a join evergreen.cover_rungs(outcome -> 'rcrBefore') b using (place)
            cross join (values ('asset'), ('liability')) f (side)) d
   where base -> 'sides' ? d.side and evergreen.ladder_date(run.fund_id, d.side, 'base') is not null
     and d.delta is distinct from coalesce((select l.stress_delta from public.liquidity_ladder l where l.fund_id = run.fund_id and l.scenario_id = 'base' and l.side = d.side
       and l.bucket = d.bucket and l.as_of = evergreen.ladder_date(run.fund_id, d.side, 'base')), 0)
  on conflict (fund_id, side, as_of, scenario_id, bucket) do update set stress_delta = excluded.stress_delta;
  get diagnostics changed = row_count;
  if changed > 0 then
    perform evergreen.audit(run.fund_id, 'liquidity_ladder', run.stress_run_id::text, 'stress delta of ' || changed || ' rungs set by scenario ' || scenario, request_id);
  end if;
  return changed;
end $$;
comment on function evergreen.set_stress_delta(public.stress_runs, jsonb, text) is
  'Sets what stress adds to and takes from the rungs of the fund''s own ladder; capacities stay. base = {scenario_hash, sides}. EG400, EG404.';

create or replace function evergreen.tell_stress(run public.stress_runs, type text, told jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entry jsonb;
begin
  perform evergreen.refuse_unless(jsonb_typeof(told) = 'array' and jsonb_array_length(told) <= 7
    and (select count(*) = count(distinct t ->> 'bucket') from jsonb_array_elements(told) t), 'EG400', 'Breaches and trends are told once per bucket.');
  for entry in select t from jsonb_array_elements(told) t loop
    perform evergreen.refuse_unless(jsonb_typeof(entry -> 'scenarios') = 'array' and jsonb_array_length(entry -> 'scenarios') between 1 and 100
      and entry -> 'scenarios' -> 0 ->> 'scenario_id' = entry ->> 'scenario_id', 'EG400', 'What is told names 1 to 100 scenarios, the worst of them first.');
    perform evergreen.refuse_unless(not exists (
        select from jsonb_array_elements(entry -> 'scenarios') t where not exists (
          select from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash) cross join lateral jsonb_array_elements(o.body::jsonb -> 'rcr') r
           where o.stress_run_id = run.stress_run_id and o.status = 'done' and s.scenario_id = t ->> 'scenario_id' and r ->> 'bucket' = entry ->> 'bucket'
             and (r ->> 'ratio')::numeric is not distinct from (t ->> 'ratio')::numeric
             and case type when 'LIQUIDITY_BREACH' then exists (select from jsonb_array_elements(o.body::jsonb -> 'breaches') b
                             where b ->> 'bucket' = entry ->> 'bucket' and (b ->> 'required')::numeric = (t ->> 'required')::numeric)
                           else (r ->> 'ratio')::numeric >= (t ->> 'required')::numeric and (t ->> 'breach_on')::date > run.as_of end)),
      'EG425', 'What is told of a scenario is not what the run found.');
    perform evergreen.emit(type, run.fund_id, entry || jsonb_build_object('stress_run_id', run.stress_run_id), evergreen.actor(),
      jsonb_build_object('workflow_id', 'event/' || run.event_id, 'causation_id', run.event_id), '{}', request_id);
  end loop;
  return jsonb_array_length(told);
end $$;
comment on function evergreen.tell_stress(public.stress_runs, text, jsonb, text) is
  'Records LIQUIDITY_BREACH or LIQUIDITY_TREND of a run, one per bucket with its scenarios, worst first, each held against the outcome; how many. EG400, EG425.';

create or replace function public.fn_record_stress_liquidity(stress_run_id uuid, ladder jsonb, base jsonb, breaches jsonb, trends jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  breaching int;
  moved int := 0;
  entry jsonb;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'ladder', ladder, 'base', base, 'breaches', breaches, 'trends', trends);
  answer := evergreen.earlier_answer('fn_record_stress_liquidity', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_liquidity.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  perform evergreen.refuse_unless(run.status <> 'running', 'EG428', 'The stress run has not ended.');
  -- once per run, whatever the request id
  if run.liquidity is not null then
    return run.liquidity;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(ladder) = 'array' and jsonb_typeof(breaches) = 'array' and jsonb_typeof(trends) = 'array' and coalesce(jsonb_typeof(base), 'null') in ('object', 'null'),
    'EG400', 'ladder, breaches and trends are lists, base is {scenario_hash, sides} or null.');
  perform evergreen.refuse_unless(jsonb_array_length(ladder) <= 500, 'EG413', 'ladder has at most 500 scenarios.');
  perform evergreen.refuse_unless(run.kind <> 'laboratory' or (jsonb_array_length(ladder) + jsonb_array_length(breaches) + jsonb_array_length(trends) = 0 and coalesce(jsonb_typeof(base), 'null') = 'null'),
    'EG428', 'A run of the laboratory moves no ladder and warns nobody.');
  select count(distinct s.scenario_id) into breaching from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.status = 'done' and jsonb_array_length(coalesce(o.body::jsonb -> 'breaches', '[]')) > 0 and run.kind <> 'laboratory';
  -- nothing is kept back: every scenario that breaches stands in one event, named or counted
  perform evergreen.refuse_unless(breaching = (select coalesce(sum(jsonb_array_length(b -> 'scenarios') + coalesce((b ->> 'more')::int, 0)), 0) from jsonb_array_elements(breaches) b),
    'EG425', 'A scenario that breaches is told of once, and is not.');
  -- runs of one fund one after the other; rungs in the order in which everyone locks them
  perform pg_advisory_xact_lock(hashtextextended('stress-ladder/' || run.fund_id, 0));
  perform 1 from public.liquidity_ladder l where l.fund_id = run.fund_id and (l.as_of = run.as_of or l.scenario_id = 'base') order by l.ladder_id for no key update;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does rung by rung
  for entry in select e from jsonb_array_elements(ladder) e loop
    moved := moved + evergreen.move_stress_ladder(run, entry, request_id);
  end loop;
  answer := jsonb_build_object('outcome', case run.kind when 'laboratory' then 'laboratory' else 'moved' end, 'scenarios', jsonb_array_length(ladder), 'moved', moved,
    'deltas', case when coalesce(jsonb_typeof(base), 'null') = 'null' then 0 else evergreen.set_stress_delta(run, base, request_id) end,
    'breaches', evergreen.tell_stress(run, 'LIQUIDITY_BREACH', breaches, request_id), 'trends', evergreen.tell_stress(run, 'LIQUIDITY_TREND', trends, request_id));
  update public.stress_runs r set liquidity = answer where r.stress_run_id = run.stress_run_id;
  perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'liquidity of a stress run: rungs ' || moved || ', breaches ' || (answer ->> 'breaches') || ', trends ' || (answer ->> 'trends'), request_id);
  perform evergreen.keep_answer('fn_record_stress_liquidity', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_liquidity(uuid, jsonb, jsonb, jsonb, jsonb, text) is
  'After a stress run has ended, once: moves the ladder of its scenarios (by fn_update_liquidity_bucket), sets stress deltas of the fund''s own ladder, records LIQUIDITY_BREACH and LIQUIDITY_TREND per bucket. Returns {outcome, scenarios, moved, deltas, breaches, trends}. EG400, EG404, EG413, EG425, EG428.';

create or replace function public.fn_acknowledge_alert(alert_id uuid, note text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  alert public.risk_alerts;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('alert_id', alert_id, 'note', note);
  answer := evergreen.earlier_answer('fn_acknowledge_alert', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(trim(note)) between 1 and 500, 'EG400', 'note has 1 to 500 characters: say what was seen or done.');
  select * into alert from public.risk_alerts a where a.alert_id = fn_acknowledge_alert.alert_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No alert with that id.');
  -- who looked first stays; the alert itself never changes
  perform evergreen.refuse_unless(alert.acknowledged_at is null, 'EG428', 'Somebody has acknowledged the alert already.');
  update public.risk_alerts a set acknowledged_at = now(), acknowledged_by = evergreen.actor(), acknowledged_note = note
   where a.alert_id = alert.alert_id returning * into alert;
  perform evergreen.audit(alert.fund_id, 'risk_alerts', alert.alert_id::text, 'alert acknowledged: ' || alert.kind, request_id);
  answer := jsonb_build_object('alert_id', alert.alert_id, 'acknowledged_at', alert.acknowledged_at, 'acknowledged_by', alert.acknowledged_by);
  perform evergreen.keep_answer('fn_acknowledge_alert', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_acknowledge_alert(uuid, text, text) is
  'A person says that they have seen an alert and what they make of it, once; nothing else follows from it. Returns {alert_id, acknowledged_at, acknowledged_by}. EG400, EG404, EG428.';
