-- After a restore: one store may be older than the other. Then writes are halted, the two are compared, and a person lets them go on.

create or replace function public.fn_compare_runs(runs jsonb, since timestamptz) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found jsonb;
begin
  perform evergreen.require_role('service_role', 'ops_role');
  perform evergreen.refuse_unless(jsonb_typeof(runs) = 'array' and jsonb_array_length(runs) <= 20000 and since is not null, 'EG400', 'runs is a list of at most 20,000 {workflow_id, status}, since a time.');
  perform evergreen.harmless_text('fn_compare_runs', runs);
  with theirs as materialized (
    select r ->> 'workflow_id' as id, r ->> 'status' as status,
           case when r ->> 'workflow_id' ~ '^(event|batch)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then split_part(r ->> 'workflow_id', '/', 2)::uuid end as names
      from jsonb_array_elements(runs) r
     -- a child is its parent's business, and no row names it
     where r ->> 'workflow_id' !~ '^event/[^/]+/'
  ), unknown as (
    -- Temporal knows what this database has never heard of
    select t.id, t.status from theirs t
     where (t.id like 'event/%' and not exists (select from public.fund_events e where e.event_id = t.names))
        or (t.id like 'batch/%' and not exists (select from public.event_batches b where b.batch_id = t.names))
        or (t.id like 'deal/%' and not exists (select from public.dealing_days d where d.workflow_id = t.id))
  ), ahead as (
    -- it was completed there, and what it did is not here
    select t.id, t.names from theirs t
     where t.id like 'event/%' and t.status = 'completed' and exists (select from public.fund_events e where e.event_id = t.names)
       and not exists (select from public.workflow_runs r where r.workflow_id = t.id and r.ended_at is not null)
  ), missing as (
    -- handed over here and unknown there: what its run had not ended is done by nobody
    select e.event_id, 'event/' || e.event_id as id from public.fund_events e join public.event_types y using (type)
     where y.mode = 'run' and y.playbook not in ('dealing-day', 'restate-nav') and e.created_at >= fn_compare_runs.since
       -- a past that was made for a demo was handed to nobody
       and not (evergreen.is_demo() and coalesce(e.origin_tx, e.tx) in (select a.tx from public.audit_trail a where a.entity_type = 'demo_clock' and a.created_by = 'demo'))
       and not exists (select from public.event_outbox o where o.event_id = e.event_id)
       and not exists (select from public.workflow_runs r where r.event_id = e.event_id and r.ended_at is not null)
       and not exists (select from theirs t where t.id = 'event/' || e.event_id)
  )
  select jsonb_build_object(
      'unknown', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', u.id, 'status', u.status) order by u.id) from unknown u), '[]'),
      'ahead', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', a.id, 'event_id', a.names) order by a.id) from ahead a), '[]'),
      'missing', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', m.id, 'event_id', m.event_id) order by m.id) from missing m), '[]'),
      'compared', (select count(*) from theirs)) into found;
  return found;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_compare_runs(jsonb, timestamptz) is
  'Runs that Temporal has and this database has not (unknown), that ended there and not here (ahead), and events handed over since a time whose run is nowhere (missing). EG400, EG403.';

create or replace function public.fn_halt_writes(report jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  hash text;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(jsonb_typeof(report) = 'object' and report ?& '{unknown,ahead,missing}'::text[] and octet_length(report::text) <= 4000000, 'EG400', 'report has unknown, ahead and missing.');
  input := jsonb_build_object('report', report);
  answer := evergreen.earlier_answer('fn_halt_writes', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(not exists (select from public.platform_settings p where p.key = 'writes_halted'), 'EG428', 'Writes are halted already.');
  hash := encode(sha256(convert_to(report::text, 'UTF8')), 'hex');
  perform evergreen.audit(null, 'platform_settings', 'writes_halted', 'writes halted: ' || jsonb_array_length(report -> 'unknown') || ' unknown, '
    || jsonb_array_length(report -> 'ahead') || ' ahead, ' || jsonb_array_length(report -> 'missing') || ' missing runs; report ' || hash, request_id);
  answer := jsonb_build_object('hash', hash);
  perform evergreen.keep_answer('fn_halt_writes', request_id, input, answer);
  -- last: from here on nothing is written
  insert into public.platform_settings (key, value) values ('writes_halted', jsonb_build_object('since', now(), 'hash', hash, 'report', report));
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_halt_writes(jsonb, text) is 'Refuses every write (EG503) until a person has read the report and accepts it by its hash. EG400, EG403, EG428 halted already.';

create or replace function public.fn_resume_writes(hash text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  halted jsonb;
  again int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('hash', hash);
  answer := evergreen.earlier_answer('fn_resume_writes', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select p.value into halted from public.platform_settings p where p.key = 'writes_halted' for update;
  perform evergreen.refuse_unless(found, 'EG428', 'Writes are not halted.');
  perform evergreen.refuse_unless(halted ->> 'hash' = fn_resume_writes.hash, 'EG421', 'That is not the hash of the report that stands; read it again.');
  -- first: from here on is written again
  delete from public.platform_settings p where p.key = 'writes_halted';
  with lost as (
    select distinct (x ->> 'event_id')::uuid as event_id from jsonb_array_elements((halted #> '{report,missing}') || (halted #> '{report,ahead}')) x
  )
  insert into public.event_outbox (seq, event_id, type, mode, fund_id)
  select e.seq, e.event_id, e.type, y.mode, e.fund_id from lost join public.fund_events e using (event_id) join public.event_types y using (type)
   where y.mode <> 'note' on conflict do nothing;
  get diagnostics again = row_count;
  perform evergreen.audit(null, 'platform_settings', 'writes_halted', 'writes resumed: ' || again || ' events queued again; report ' || fn_resume_writes.hash, request_id);
  answer := jsonb_build_object('queued', again);
  perform evergreen.keep_answer('fn_resume_writes', request_id, input, answer);
  perform pg_notify('evergreen_events', '');
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_resume_writes(text, text) is
  'Writes go on after a restore: by a person of operations who names the hash of the report; events whose run was lost are queued again. EG403, EG409, EG421, EG428.';
