-- The mirror of Temporal: a run opens and completes.

create or replace function public.fn_open_workflow(workflow_id text, type text, event_id uuid default null, metadata jsonb default '{}', request_id text default null)
returns public.workflow_runs language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.workflow_runs;
  of_fund uuid;
begin
  perform evergreen.require_role('agent_commander', 'service_role');
  input := jsonb_build_object('workflow_id', workflow_id, 'type', type, 'event_id', event_id, 'metadata', metadata);
  answer := evergreen.earlier_answer('fn_open_workflow', request_id, input);
  if answer is not null then
    return jsonb_populate_record(null::public.workflow_runs, answer);
  end if;
  perform evergreen.refuse_unless(length(workflow_id) between 1 and 200 and length(type) between 1 and 80, 'EG400', 'workflow_id (1 to 200 characters) and type (1 to 80) are needed.');
  perform evergreen.refuse_unless(metadata is null or jsonb_typeof(metadata) = 'object', 'EG400', 'metadata is a JSON object.');
  select * into run from public.workflow_runs r where r.workflow_id = fn_open_workflow.workflow_id;
  if found then
    return run;
  end if;
  -- two that would begin a run of one event meet here: the row stays locked until the first has committed
  select e.fund_id into of_fund from public.fund_events e where e.event_id = fn_open_workflow.event_id for no key update;
  perform evergreen.refuse_unless(not exists (select from public.workflow_runs r where r.event_id = fn_open_workflow.event_id and r.workflow_id <> fn_open_workflow.workflow_id),
    'EG428', 'The event has another run.');
  insert into public.workflow_runs (workflow_id, type, status, started_at, fund_id, event_id, trace_id, metadata)
  values (workflow_id, type, 'running', now(), of_fund, event_id, left(encode(sha256(convert_to(workflow_id, 'UTF8')), 'hex'), 32), coalesce(metadata, '{}'))
  on conflict do nothing returning * into run;
  if run.workflow_id is null then
    select * into run from public.workflow_runs r where r.workflow_id = fn_open_workflow.workflow_id;
    return run;
  end if;
  perform evergreen.audit(of_fund, 'workflow_runs', workflow_id, type || ' started', request_id);
  perform evergreen.keep_answer('fn_open_workflow', request_id, input, to_jsonb(run));
  return run;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_workflow(text, text, uuid, jsonb, text) is 'Opens the mirror row of a workflow once; a second call answers the row as it is. EG428 the event has another run.';

create or replace function public.fn_complete_workflow(workflow_id text, status text, metadata jsonb, request_id text default null)
returns public.workflow_runs language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  run public.workflow_runs;
begin
  perform evergreen.require_role('agent_commander', 'service_role');
  input := jsonb_build_object('workflow_id', workflow_id, 'status', status, 'metadata', metadata);
  answer := evergreen.earlier_answer('fn_complete_workflow', request_id, input);
  if answer is not null then
    return jsonb_populate_record(null::public.workflow_runs, answer);
  end if;
  perform evergreen.refuse_unless(status in ('completed', 'refused', 'failed'), 'EG400', 'status is completed, refused or failed.');
  perform evergreen.refuse_unless(metadata is null or jsonb_typeof(metadata) = 'object', 'EG400', 'metadata is a JSON object.');
  select * into run from public.workflow_runs r where r.workflow_id = fn_complete_workflow.workflow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No workflow with that id.');
  if run.ended_at is not null then
    perform evergreen.refuse_unless(run.status = fn_complete_workflow.status, 'EG428', 'The workflow has ended as ' || run.status || '.');
    return run;
  end if;
  update public.workflow_runs r
     set status = fn_complete_workflow.status, ended_at = now(), metadata = r.metadata || coalesce(fn_complete_workflow.metadata, '{}')
   where r.workflow_id = fn_complete_workflow.workflow_id returning * into run;
  perform evergreen.emit('WORKFLOW_COMPLETED', run.fund_id, jsonb_build_object('workflow_id', run.workflow_id, 'status', run.status),
    evergreen.actor(), jsonb_build_object('workflow_id', run.workflow_id, 'causation_id', run.event_id));
  perform evergreen.audit(run.fund_id, 'workflow_runs', run.workflow_id, run.type || ' ' || run.status, request_id);
  perform evergreen.keep_answer('fn_complete_workflow', request_id, input, to_jsonb(run));
  return run;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_complete_workflow(text, text, jsonb, text) is
  'Mirrors the end of a workflow (completed, refused, failed); returns its row. EG404 unknown, EG428 ended otherwise.';
