-- Stress runs: asked, opened on a snapshot, valued shard by shard, concluded scenario by scenario, closed. What a worker computes twice must come to the same bytes.

create or replace function evergreen.text_digest(body text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(body, 'UTF8')), 'hex')
$$;
comment on function evergreen.text_digest(text) is 'SHA-256 of the text in UTF-8, 64 hex digits.';

create or replace function public.fn_request_stress(fund text, scenarios jsonb, kind text default 'on_demand', request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  run_id uuid := gen_random_uuid();
  event uuid;
  bad text;
  n int;
begin
  perform evergreen.require_role('pm_role', 'agent_simulation', 'service_role');
  input := jsonb_build_object('fund', fund, 'kind', kind, 'sha256', evergreen.content_digest(scenarios));
  answer := evergreen.earlier_answer('fn_request_stress', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(kind in ('on_demand', 'nightly', 'laboratory'), 'EG400', 'kind is on_demand, nightly or laboratory.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(of_fund.status <> 'closed', 'EG428', 'The fund is closed.');
  perform evergreen.refuse_unless(
    exists (select from public.portfolio_allocations a where a.fund_id = of_fund.fund_id and a.superseded_at is null and a.market_value <> 0),
    'EG426', 'The fund has no holdings to stress; import a filing with holdings first.');
  perform evergreen.refuse_unless(jsonb_typeof(scenarios) = 'array', 'EG400', 'scenarios is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(scenarios) between 1 and 150 and octet_length(scenarios::text) <= 33554432, 'EG413', 'scenarios has 1 to 150 entries and at most 32 MB.');
  -- what is computed is what is hashed: the id and the version stand in the text
  select coalesce(s ->> 'scenario_id', '?') into bad from jsonb_array_elements(scenarios) s
   where (s ->> 'scenario_id' ~ '^[a-z0-9][a-z0-9_+-]{0,79}$' and s ->> 'version' ~ '^[1-9][0-9]{0,8}$' and length(s ->> 'title') between 1 and 200
     and s ->> 'scenario_hash' ~ '^[0-9a-f]{64}$' and octet_length(s ->> 'body') <= 4194304
     and evergreen.text_digest(s ->> 'body') = s ->> 'scenario_hash'
     and (s ->> 'body')::jsonb ->> 'id' = s ->> 'scenario_id' and (s ->> 'body')::jsonb ->> 'version' = s ->> 'version') is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'A scenario has scenario_id, version, title, body (JSON text that names the same id and version) and scenario_hash, its SHA-256; one has not.');
  select count(distinct s ->> 'scenario_hash') into n from jsonb_array_elements(scenarios) s;
  perform evergreen.refuse_unless(n = jsonb_array_length(scenarios), 'EG400', 'A scenario stands twice in the list.');
  insert into public.stress_scenarios (scenario_hash, scenario_id, version, title, body, recorded_by)
  select s ->> 'scenario_hash', s ->> 'scenario_id', (s ->> 'version')::int, s ->> 'title', s ->> 'body', evergreen.actor() from jsonb_array_elements(scenarios) s
   order by 1 on conflict do nothing;  -- one order, so that two callers do not wait for each other
  event := evergreen.emit('STRESS_RUN_REQUESTED', of_fund.fund_id, jsonb_build_object('stress_run_id', run_id, 'kind', kind, 'scenarios', n), evergreen.actor(), '{}', '{}', request_id);
  insert into public.stress_runs (stress_run_id, fund_id, event_id, kind, asked_by, scenarios, currency)
  values (run_id, of_fund.fund_id, event, kind, evergreen.actor(), n, of_fund.base_currency);
  insert into public.stress_outcomes (stress_run_id, scenario_hash, ordinal)
  select run_id, s ->> 'scenario_hash', place from jsonb_array_elements(scenarios) with ordinality l (s, place);
  perform evergreen.audit(of_fund.fund_id, 'stress_runs', run_id::text, 'stress run requested: ' || kind || ', scenarios ' || n, request_id);
  answer := jsonb_build_object('event_id', event, 'workflow_id', 'event/' || event, 'stress_run_id', run_id);
  perform evergreen.keep_answer('fn_request_stress', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_stress(text, jsonb, text, text) is
  'Asks for a stress run of a fund (code or id): scenarios = [{scenario_id, version, title, scenario_hash, body}], body = the JSON text whose SHA-256 is scenario_hash. Returns {event_id, workflow_id, stress_run_id}. EG400, EG404, EG413, EG426 no holdings, EG428.';

create or replace function public.fn_open_stress_run(
  stress_run_id uuid, snapshot_name text, snapshot_hash text, as_of date, code_hash text, seed text default null, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'snapshot_name', snapshot_name, 'snapshot_hash', snapshot_hash, 'as_of', as_of, 'code_hash', code_hash, 'seed', seed);
  answer := evergreen.earlier_answer('fn_open_stress_run', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into run from public.stress_runs r where r.stress_run_id = fn_open_stress_run.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  -- a run rests on one snapshot: who opens it again gets the one it has
  if run.snapshot_hash is null then
    perform evergreen.refuse_unless(run.status = 'running', 'EG428', 'The stress run has ended.');
    perform evergreen.refuse_unless(
      (length(snapshot_name) between 1 and 200 and snapshot_hash ~ '^[0-9a-f]{64}$' and code_hash ~ '^[0-9a-f]{64}$' and isfinite(as_of) and (seed is null or length(seed) between 1 and 80)) is true,
      'EG400', 'snapshot_name (1 to 200 characters), snapshot_hash and code_hash (64 hex digits), as_of and a seed of at most 80 characters are needed.');
    update public.stress_runs r set snapshot_name = fn_open_stress_run.snapshot_name, snapshot_hash = fn_open_stress_run.snapshot_hash,
           as_of = fn_open_stress_run.as_of, code_hash = fn_open_stress_run.code_hash, seed = fn_open_stress_run.seed
     where r.stress_run_id = run.stress_run_id returning * into run;
    perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'stress run opened on snapshot ' || left(run.snapshot_hash, 12), request_id);
  end if;
  answer := jsonb_build_object('stress_run_id', run.stress_run_id, 'fund_id', run.fund_id, 'status', run.status, 'scenarios', run.scenarios,
    'snapshot_name', run.snapshot_name, 'snapshot_hash', run.snapshot_hash, 'as_of', run.as_of, 'code_hash', run.code_hash, 'seed', run.seed);
  perform evergreen.keep_answer('fn_open_stress_run', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_stress_run(uuid, text, text, date, text, text, text) is
  'Records on which snapshot, by which code and seed a run is computed, once; a second call answers what stands. Returns {stress_run_id, fund_id, status, scenarios, snapshot_name, snapshot_hash, as_of, code_hash, seed}. EG400, EG404, EG428.';

create or replace function public.fn_record_stress_shard(stress_run_id uuid, scenario_hash text, shard int, body text, body_hash text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  stands public.stress_outcomes;
  there text;
begin
  perform evergreen.require_role('agent_simulation');
  perform evergreen.refuse_unless(coalesce(octet_length(body), 0) <= 16777216, 'EG413', 'body is JSON text of at most 16 MB.');
  perform evergreen.refuse_unless(shard between 0 and 99999 and jsonb_typeof(body::jsonb) = 'object' and evergreen.text_digest(body) = body_hash, 'EG400',
    'shard counts from 0, body is the text of a JSON object and body_hash its SHA-256.');
  -- before the answer given to this request id: of a run a repeated step gets the first answer whatever it brings, and here what it brings is the point
  select s.body_hash into there from public.stress_shards s
   where s.stress_run_id = fn_record_stress_shard.stress_run_id and s.scenario_hash = fn_record_stress_shard.scenario_hash and s.shard = fn_record_stress_shard.shard;
  perform evergreen.refuse_unless(there is null or there = body_hash, 'EG432', 'This shard was computed before and came to other bytes.');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'scenario_hash', scenario_hash, 'shard', shard, 'body_hash', body_hash);
  answer := evergreen.earlier_answer('fn_record_stress_shard', request_id, input);
  if answer is not null then
    return answer;
  end if;
  answer := jsonb_build_object('shard', shard, 'body_hash', body_hash);
  if there is not null then
    return answer;
  end if;
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_shard.stress_run_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  perform evergreen.refuse_unless(run.status = 'running' and run.snapshot_hash is not null, 'EG428', 'The stress run is not being computed.');
  select * into stands from public.stress_outcomes o where o.stress_run_id = run.stress_run_id and o.scenario_hash = fn_record_stress_shard.scenario_hash;
  perform evergreen.refuse_unless(found, 'EG404', 'The run has no scenario with that hash.');
  perform evergreen.refuse_unless(stands.status = 'waiting', 'EG428', 'The scenario has been concluded.');
  insert into public.stress_shards (stress_run_id, scenario_hash, shard, body, body_hash)
  values (run.stress_run_id, stands.scenario_hash, shard, body, body_hash) on conflict do nothing;
  if not found then
    -- another worker was quicker
    select s.body_hash into there from public.stress_shards s
     where s.stress_run_id = run.stress_run_id and s.scenario_hash = stands.scenario_hash and s.shard = fn_record_stress_shard.shard;
    perform evergreen.refuse_unless(there = body_hash, 'EG432', 'This shard was computed before and came to other bytes.');
    return answer;
  end if;
  perform evergreen.audit(run.fund_id, 'stress_shards', run.stress_run_id || '/' || stands.ordinal || '/' || shard, 'shard of a stress run valued', request_id);
  perform evergreen.keep_answer('fn_record_stress_shard', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_shard(uuid, text, int, text, text, text) is
  'Keeps the values of one shard of assets under one scenario, once; the same bytes again are success. Returns {shard, body_hash}. EG400, EG404, EG413, EG428, EG432 other bytes than before.';

create or replace function public.fn_record_stress_outcome(
  stress_run_id uuid, scenario_hash text, status text, body text default null, body_hash text default null, reason text default null, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  stands public.stress_outcomes;
  scenario public.stress_scenarios;
  outcome jsonb;
  rows int;
  bad int;
begin
  perform evergreen.require_role('agent_simulation');
  perform evergreen.refuse_unless(status in ('done', 'failed'), 'EG400', 'status is done or failed.');
  perform evergreen.refuse_unless(coalesce(octet_length(body), 0) <= 67108864, 'EG413', 'body is JSON text of at most 64 MB.');
  perform evergreen.refuse_unless(case status when 'done' then jsonb_typeof(body::jsonb) = 'object' and evergreen.text_digest(body) = body_hash and reason is null
      else num_nonnulls(body, body_hash) = 0 and length(reason) between 1 and 500 end, 'EG400',
    'What is done has body, the text of a JSON object, and body_hash, its SHA-256; what failed has a reason of 1 to 500 characters.');
  -- locked in this order everywhere: the run, then its outcome
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_outcome.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  select * into stands from public.stress_outcomes o where o.stress_run_id = run.stress_run_id and o.scenario_hash = fn_record_stress_outcome.scenario_hash;
  perform evergreen.refuse_unless(found, 'EG404', 'The run has no scenario with that hash.');
  perform evergreen.refuse_unless(stands.status <> 'done' or fn_record_stress_outcome.status <> 'done' or stands.body_hash = fn_record_stress_outcome.body_hash,
    'EG432', 'This scenario was computed before and came to other bytes.');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'scenario_hash', scenario_hash, 'status', status, 'body_hash', body_hash, 'reason', reason);
  answer := evergreen.earlier_answer('fn_record_stress_outcome', request_id, input);
  if answer is not null then
    return answer;
  end if;
  if stands.status = 'waiting' then
    perform evergreen.refuse_unless(run.status = 'running' and (run.snapshot_hash is not null or fn_record_stress_outcome.status = 'failed'), 'EG428', 'The stress run is not being computed.');
    if fn_record_stress_outcome.status = 'done' then
      outcome := body::jsonb;
      select * into scenario from public.stress_scenarios s where s.scenario_hash = stands.scenario_hash;
      perform evergreen.refuse_unless(
        outcome ->> 'scenarioHash' = scenario.scenario_hash and outcome ->> 'scenarioId' = scenario.scenario_id and outcome ->> 'fundId' = run.fund_id::text
          and outcome ->> 'snapshotHash' = run.snapshot_hash and outcome ->> 'asOf' = run.as_of::text and trim(outcome ->> 'currency') = trim(run.currency),
        'EG425', 'The outcome is of another fund, scenario, snapshot, date or currency than the run.');
      perform evergreen.refuse_unless(
        abs((outcome ->> 'navBefore')::numeric) < 1e30 and abs((outcome ->> 'navAfter')::numeric) < 1e30
          and evergreen.within_exponent((outcome ->> 'navBefore')::numeric, run.currency) and evergreen.within_exponent((outcome ->> 'navAfter')::numeric, run.currency)
          and (outcome ->> 'navBefore')::numeric - (outcome ->> 'navAfter')::numeric = (outcome ->> 'loss')::numeric,
        'EG400', 'navBefore − navAfter is the loss, each in the currency''s units.');
      perform evergreen.refuse_unless(jsonb_typeof(outcome -> 'byAsset') = 'array', 'EG400', 'byAsset is a list.');
      select count(*), count(*) filter (where (a.id is not null and abs((b ->> 'navAfter')::numeric) < 1e30 and evergreen.within_exponent((b ->> 'navAfter')::numeric, run.currency)
               and length(b ->> 'method') between 1 and 200) is not true) + count(*) - count(distinct b ->> 'assetId') into rows, bad
        from jsonb_array_elements(outcome -> 'byAsset') b left join public.assets a on a.id = (b ->> 'assetId')::uuid and a.fund_id = run.fund_id;
      perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' rows of byAsset are no value of an asset of the fund in the currency''s units with a method, or stand twice.');
      -- hypothetical values: the scenario marks them, so that no reader of marks ever takes them for one
      insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, scenario_id, method, source)
      select (b ->> 'assetId')::uuid, run.fund_id, run.as_of, (b ->> 'navAfter')::numeric, scenario.scenario_id, b ->> 'method', 'stress:' || run.stress_run_id
        from jsonb_array_elements(outcome -> 'byAsset') b;
    end if;
    update public.stress_outcomes o set status = fn_record_stress_outcome.status, reason = fn_record_stress_outcome.reason, body = fn_record_stress_outcome.body,
           body_hash = fn_record_stress_outcome.body_hash, nav_before = (outcome ->> 'navBefore')::numeric, nav_after = (outcome ->> 'navAfter')::numeric
     where o.stress_run_id = run.stress_run_id and o.scenario_hash = stands.scenario_hash returning * into stands;
    update public.stress_runs r set done = r.done + (stands.status = 'done')::int, failed = r.failed + (stands.status = 'failed')::int
     where r.stress_run_id = run.stress_run_id returning * into run;
    perform evergreen.audit(run.fund_id, 'stress_outcomes', run.stress_run_id || '/' || stands.ordinal, 'scenario of a stress run ' || stands.status, request_id);
  end if;
  answer := jsonb_build_object('status', stands.status, 'done', run.done, 'failed', run.failed, 'scenarios', run.scenarios);
  perform evergreen.keep_answer('fn_record_stress_outcome', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_outcome(uuid, text, text, text, text, text, text) is
  'Keeps what one scenario of a run came to (status done with body and hash, or failed with a reason), once, with a hypothetical value per asset in asset_snapshots; what stands first stays. Returns {status, done, failed, scenarios}. EG400, EG404, EG413, EG425 another run''s, EG428, EG432 other bytes than before.';

create or replace function public.fn_record_stress_check(stress_run_id uuid, scenario_hash text, body_hash text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  stands public.stress_outcomes;
  same boolean;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'scenario_hash', scenario_hash, 'body_hash', body_hash);
  answer := evergreen.earlier_answer('fn_record_stress_check', request_id, input);
  if answer is not null then
    return answer ->> 'result';
  end if;
  perform evergreen.refuse_unless(body_hash ~ '^[0-9a-f]{64}$', 'EG400', 'body_hash has 64 hex digits.');
  select * into run from public.stress_runs r where r.stress_run_id = fn_record_stress_check.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  select * into stands from public.stress_outcomes o where o.stress_run_id = run.stress_run_id and o.scenario_hash = fn_record_stress_check.scenario_hash;
  perform evergreen.refuse_unless(found, 'EG404', 'The run has no scenario with that hash.');
  perform evergreen.refuse_unless(run.status = 'running' and stands.status = 'done', 'EG428', 'The scenario is not done, or the stress run has ended.');
  same := stands.body_hash = fn_record_stress_check.body_hash;
  -- a difference stays: a later check that comes out right does not hide it
  if run.checked_equal is not false then
    update public.stress_runs r set checked_scenario = stands.scenario_hash, checked_hash = fn_record_stress_check.body_hash, checked_equal = same
     where r.stress_run_id = run.stress_run_id;
  end if;
  if not same then
    perform evergreen.emit('STRESS_RUN_DIFFERED', run.fund_id,
      jsonb_build_object('stress_run_id', run.stress_run_id, 'scenario_id', (select s.scenario_id from public.stress_scenarios s where s.scenario_hash = stands.scenario_hash)),
      evergreen.actor(), jsonb_build_object('workflow_id', 'event/' || run.event_id, 'causation_id', run.event_id), '{}', request_id);
  end if;
  perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'scenario computed again: ' || case when same then 'equal' else 'different' end, request_id);
  answer := jsonb_build_object('result', case when same then 'equal' else 'different' end);
  perform evergreen.keep_answer('fn_record_stress_check', request_id, input, answer);
  return answer ->> 'result';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress_check(uuid, text, text, text) is
  'Compares a second computation of a scenario with the first and keeps the verdict on the run: equal, or different, which records STRESS_RUN_DIFFERED. EG400, EG404, EG428.';

create or replace function public.fn_close_stress_run(stress_run_id uuid, reason text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.stress_runs;
  worst record;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('stress_run_id', stress_run_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_close_stress_run', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(reason is null or length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into run from public.stress_runs r where r.stress_run_id = fn_close_stress_run.stress_run_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No stress run with that id.');
  if run.ended_at is null then
    -- what was not computed is kept as failed with the reason why
    update public.stress_outcomes o set status = 'failed', reason = coalesce(fn_close_stress_run.reason, 'it was not computed')
     where o.stress_run_id = run.stress_run_id and o.status = 'waiting';
    update public.stress_runs r set done = c.done, failed = c.failed, ended_at = now(), reason = fn_close_stress_run.reason, nav_before = c.nav_before, outcomes_hash = c.digest,
           status = case when c.failed = 0 then 'completed' when c.done > 0 then 'partial' else 'failed' end
      from (select count(*) filter (where o.status = 'done') as done, count(*) filter (where o.status = 'failed') as failed,
                   (array_agg(o.nav_before order by o.ordinal) filter (where o.status = 'done'))[1] as nav_before,
                   evergreen.text_digest(string_agg(o.scenario_hash || ' ' || coalesce(o.body_hash, 'failed'), e'\n' order by o.scenario_hash)) as digest
              from public.stress_outcomes o where o.stress_run_id = run.stress_run_id) c
     where r.stress_run_id = run.stress_run_id returning r.* into run;
  end if;
  select s.scenario_id, trim_scale(o.nav_before - o.nav_after)::text as loss into worst from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
   where o.stress_run_id = run.stress_run_id and o.status = 'done' order by o.nav_before - o.nav_after desc, o.ordinal limit 1;
  answer := jsonb_build_object('stress_run_id', run.stress_run_id, 'status', run.status, 'done', run.done, 'failed', run.failed,
    'worst_scenario_id', worst.scenario_id, 'loss', worst.loss);
  if not exists (select from public.fund_events e where e.fund_id = run.fund_id and e.type = 'STRESS_RUN_COMPLETED' and e.event_meta ->> 'causation_id' = run.event_id::text) then
    perform evergreen.emit('STRESS_RUN_COMPLETED', run.fund_id, answer, evergreen.actor(),
      jsonb_build_object('workflow_id', 'event/' || run.event_id, 'causation_id', run.event_id), '{}', request_id);
    perform evergreen.audit(run.fund_id, 'stress_runs', run.stress_run_id::text, 'stress run ' || run.status, request_id);
  end if;
  answer := answer || jsonb_build_object('outcomes_hash', run.outcomes_hash);
  perform evergreen.keep_answer('fn_close_stress_run', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_close_stress_run(uuid, text, text) is
  'Ends a run: completed, partial (some scenarios failed) or failed (all did); what still waits fails with the reason. Records STRESS_RUN_COMPLETED once. Returns {stress_run_id, status, done, failed, worst_scenario_id, loss, outcomes_hash}. EG400, EG404.';
