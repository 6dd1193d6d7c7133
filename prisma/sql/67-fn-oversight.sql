-- Risk alerts, stress results and token operations: the first real activity of their rooms.

drop function if exists public.fn_raise_alert(uuid, text, text, text, text);
create or replace function public.fn_raise_alert(event_id uuid, kind text, severity text, reason text, request_id text default null, remedy jsonb default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  cause public.fund_events;
  id uuid;
begin
  perform evergreen.require_role('agent_risk_guardian');
  input := jsonb_build_object('event_id', event_id, 'kind', kind, 'severity', severity, 'reason', reason, 'remedy', remedy);
  answer := evergreen.earlier_answer('fn_raise_alert', request_id, input);
  if answer is not null then
    return (answer ->> 'alert_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(kind) between 1 and 80 and length(reason) between 1 and 500, 'EG400', 'kind (1 to 80 characters) and reason (1 to 500) are needed.');
  perform evergreen.refuse_unless(coalesce(jsonb_typeof(remedy), 'object') = 'object', 'EG400', 'remedy is a JSON object.');
  perform evergreen.refuse_unless(coalesce(octet_length(remedy::text), 0) <= 65536, 'EG413', 'remedy is larger than 64 KB.');
  select * into cause from public.fund_events e where e.event_id = fn_raise_alert.event_id;
  perform evergreen.refuse_unless(found and cause.fund_id is not null, 'EG404', 'No fund event with that id.');
  insert into public.risk_alerts (fund_id, kind, severity, reason, event_id, workflow_id, remedy)
  values (cause.fund_id, kind, severity, reason, cause.event_id, 'event/' || cause.event_id, remedy)
  on conflict do nothing returning alert_id into id;
  if id is null then
    return (select a.alert_id from public.risk_alerts a where a.event_id = cause.event_id and a.kind = fn_raise_alert.kind);
  end if;
  perform evergreen.emit('RISK_ALERT_RAISED', cause.fund_id, jsonb_build_object('alert_id', id, 'severity', severity), evergreen.actor(),
    jsonb_build_object('workflow_id', 'event/' || cause.event_id, 'causation_id', cause.event_id));
  perform evergreen.audit(cause.fund_id, 'risk_alerts', id::text, severity || ': ' || kind, request_id);
  perform evergreen.keep_answer('fn_raise_alert', request_id, input, jsonb_build_object('alert_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_raise_alert(uuid, text, text, text, text, jsonb) is
  'One alert per event and kind, with what could be done about it where that was computed; returns alert_id. EG400, EG404 when the event belongs to no fund, EG413.';

create or replace function public.fn_record_stress(event_id uuid, scenario_id text, loss numeric, method text, detail jsonb default '{}', request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  asked public.fund_events;
  done uuid;
begin
  perform evergreen.require_role('agent_simulation');
  input := jsonb_build_object('event_id', event_id, 'scenario_id', scenario_id, 'loss', loss, 'method', method, 'detail', detail);
  answer := evergreen.earlier_answer('fn_record_stress', request_id, input);
  if answer is not null then
    return (answer ->> 'event_id')::uuid;
  end if;
  -- locked, so that two runs of the room for one event come one after the other
  select * into asked from public.fund_events e where e.event_id = fn_record_stress.event_id and e.type = 'STRESS_REQUESTED' for no key update;
  perform evergreen.refuse_unless(found and asked.fund_id is not null, 'EG404', 'No stress was requested by that event.');
  -- the event is its own request id: a second run of the room answers the first result
  select e.event_id into done from public.fund_events e
   where e.fund_id = asked.fund_id and e.type = 'STRESS_COMPLETED' and e.event_meta ->> 'causation_id' = asked.event_id::text;
  if done is not null then
    return done;
  end if;
  perform evergreen.refuse_unless(abs(loss) < 1e30 and loss = round(loss, 4), 'EG400', 'loss is an amount with at most four decimals.');
  perform evergreen.refuse_unless(length(scenario_id) between 1 and 80 and length(method) between 1 and 40 and jsonb_typeof(detail) = 'object', 'EG400',
    'scenario_id (1 to 80 characters), method (1 to 40) and detail (a JSON object) are needed.');
  done := evergreen.emit('STRESS_COMPLETED', asked.fund_id, detail || jsonb_build_object('scenario_id', scenario_id, 'loss', loss::text, 'method', method), evergreen.actor(),
    jsonb_build_object('workflow_id', 'event/' || asked.event_id, 'causation_id', asked.event_id), '{}', request_id);
  perform evergreen.audit(asked.fund_id, 'fund_events', done::text, 'stress ' || scenario_id || ' completed by ' || method, request_id);
  perform evergreen.keep_answer('fn_record_stress', request_id, input, jsonb_build_object('event_id', done));
  return done;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_stress(uuid, text, numeric, text, jsonb, text) is 'Records the outcome of a stress run (loss in fund currency) as STRESS_COMPLETED, once per STRESS_REQUESTED event.';

create or replace function public.fn_log_compliance(event_id uuid, rule text, rule_version text, result text, detail jsonb default '{}', request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  subject public.fund_events;
  id uuid;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  input := jsonb_build_object('event_id', event_id, 'rule', rule, 'rule_version', rule_version, 'result', result, 'detail', detail);
  answer := evergreen.earlier_answer('fn_log_compliance', request_id, input);
  if answer is not null then
    return (answer ->> 'log_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(rule) between 1 and 80, 'EG400', 'rule has 1 to 80 characters.');
  -- locked, so that one rule is logged once for an event
  select * into subject from public.fund_events e where e.event_id = fn_log_compliance.event_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No event with that id.');
  select l.log_id into id from public.compliance_logs l where l.entity_id = subject.event_id::text and l.rule = fn_log_compliance.rule;
  if id is not null then
    return id;
  end if;
  insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, entity_type, entity_id, detail, workflow_id)
  values (subject.fund_id, evergreen.actor(), rule, rule_version, result, 'fund_events', subject.event_id::text, detail, 'event/' || subject.event_id) returning log_id into id;
  perform evergreen.audit(subject.fund_id, 'compliance_logs', id::text, rule || ' ' || result, request_id);
  perform evergreen.keep_answer('fn_log_compliance', request_id, input, jsonb_build_object('log_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_log_compliance(uuid, text, text, text, jsonb, text) is 'Writes the verdict of one rule on an event into compliance_logs, once.';

create or replace function public.fn_register_tokenization(event_id uuid, compliance_log_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  asked public.fund_events;
  approval public.compliance_logs;
  made public.tokenization_actions;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('event_id', event_id, 'compliance_log_id', compliance_log_id);
  answer := evergreen.earlier_answer('fn_register_tokenization', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into asked from public.fund_events e where e.event_id = fn_register_tokenization.event_id and e.type = 'TOKENIZATION_REQUESTED' for no key update;
  perform evergreen.refuse_unless(found and asked.fund_id is not null, 'EG404', 'No token operation was requested by that event.');
  if asked.payload ? 'action_id' then
    answer := evergreen.register_token_action(asked, request_id);
    perform evergreen.keep_answer('fn_register_tokenization', request_id, input, answer);
    return answer;
  end if;
  select * into made from public.tokenization_actions a where a.request_key = asked.event_id::text;
  if found then
    return jsonb_build_object('action_id', made.action_id, 'status', made.status);
  end if;
  -- only a verdict of this rule on this fund counts; without one the operation is refused
  select * into approval from public.compliance_logs l
   where l.fund_id = asked.fund_id and l.rule = 'tokenization_approval'
     and case when fn_register_tokenization.compliance_log_id is null then l.entity_id = asked.event_id::text
              else l.log_id = fn_register_tokenization.compliance_log_id end
   order by l.created_at desc, l.log_id limit 1;
  perform evergreen.refuse_unless(found or compliance_log_id is null, 'EG404', 'No tokenization approval of this fund with that id.');
  insert into public.tokenization_actions (fund_id, chain, instrument, size, status, compliance_log_id, request_key)
  values (asked.fund_id, asked.payload ->> 'chain', asked.payload ->> 'instrument', (asked.payload ->> 'size')::numeric,
    case approval.result when 'passed' then 'awaiting_approval' else 'refused' end, approval.log_id, asked.event_id::text)
  returning * into made;
  perform evergreen.audit(asked.fund_id, 'tokenization_actions', made.action_id::text, 'token operation registered: ' || made.status, request_id);
  answer := jsonb_build_object('action_id', made.action_id, 'status', made.status);
  perform evergreen.keep_answer('fn_register_tokenization', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_register_tokenization(uuid, uuid, text) is 'Registers a requested token operation against its compliance verdict; nothing is sent to a chain. Returns {action_id, status}, of an operation on a class {kind, proposal_id} too: two people decide on it.';
