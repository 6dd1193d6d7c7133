-- What failed and is not tried again: somebody decides to leave it (where money is concerned a second person agrees), or hands it to a role with a due time.
-- The dead letter stays where it is, so that nothing that was recorded disappears, and can still be retried.

create or replace function evergreen.moves_money(event_type text) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- whatever is not known to move none
  select coalesce(event_type !~ '^(LIST_|SCREENING_|STRESS_|DATA_|LIQUIDITY_|INVESTOR_SUBMITTED$|EVIDENCE_|REVIEW_)', true)
$$;
comment on function evergreen.moves_money(text) is 'Whether what an event asks for may move money or units: everything but screening, lists, stress, data and warnings.';

create or replace function evergreen.find_failure(kind text, subject text, out found_type text, out of_fund uuid, out since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(kind in ('event', 'batch', 'run'), 'EG400', 'kind is event, batch or run.');
  perform evergreen.refuse_unless(length(subject) between 1 and 200, 'EG400', 'subject is the id of an event, a batch or a run.');
  if kind = 'event' then
    select o.type, o.fund_id, o.dead_at into found_type, of_fund, since from public.event_outbox o where o.event_id::text = find_failure.subject and o.dead_at is not null;
  elsif kind = 'batch' then
    select b.type, null, b.dead_at into found_type, of_fund, since from public.event_batches b where b.batch_id::text = find_failure.subject and b.dead_at is not null and b.done_at is null;
  else
    select coalesce(e.type, ''), r.fund_id, coalesce(r.ended_at, r.started_at) into found_type, of_fund, since
      from public.workflow_runs r left join public.fund_events e using (event_id) where r.workflow_id = find_failure.subject and r.status = 'failed';
  end if;
  perform evergreen.refuse_unless(found_type is not null and not exists (select from public.failure_steps s
      where (s.kind, s.subject, s.action) = (find_failure.kind, find_failure.subject, 'skip') and s.created_at >= since and s.decided_at is not null), 'EG404', 'Nothing with that id has failed and waits for a person.');
end $$;
comment on function evergreen.find_failure(text, text) is 'The dead letter, dead batch or failed run of that id: the type of its event, its fund, since when. EG400, EG404.';

create or replace function public.fn_skip_failure(kind text, subject text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  failure record;
  step public.failure_steps;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('kind', kind, 'subject', subject, 'reason', reason);
  answer := evergreen.earlier_answer('fn_skip_failure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) between 10 and 500 and reason !~ '[[:cntrl:]]', 'EG400', 'reason is one line of 10 to 500 characters.');
  perform pg_advisory_xact_lock(hashtextextended('failure/' || coalesce(subject, ''), 0));
  select * into failure from evergreen.find_failure(kind, subject);
  perform evergreen.refuse_unless(not exists (select from public.failure_steps s where s.kind = fn_skip_failure.kind and s.subject = fn_skip_failure.subject and s.action = 'skip' and s.created_at >= failure.since),
    'EG428', 'Somebody has asked to leave it already.');
  insert into public.failure_steps (kind, subject, type, fund_id, action, reason, moves_money, asked_by, decided_by, decided_at)
  values (kind, subject, failure.found_type, failure.of_fund, 'skip', reason, evergreen.moves_money(failure.found_type), evergreen.actor(),
    case when not evergreen.moves_money(failure.found_type) then evergreen.actor() end, case when not evergreen.moves_money(failure.found_type) then now() end)
  returning * into step;
  perform evergreen.emit('FAILURE_DECIDED', step.fund_id, jsonb_build_object('step_id', step.step_id, 'kind', kind, 'action', case when step.decided_at is null then 'ask_skip' else 'skip' end),
    evergreen.actor(), '{}', '{}', request_id);
  answer := jsonb_build_object('step_id', step.step_id, 'done', step.decided_at is not null);
  perform evergreen.audit(step.fund_id, 'failure_steps', step.step_id::text, kind || case when step.decided_at is null then ' to be left, asked' else ' left' end, request_id);
  perform evergreen.keep_answer('fn_skip_failure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_skip_failure(text, text, text, text) is
  'Leaves a dead letter, a dead batch or a failed run, with the reason: at once where no money is concerned, else when a second person confirms (fn_confirm_skip). It can still be retried. EG400, EG404, EG428.';

create or replace function public.fn_confirm_skip(step_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  step public.failure_steps;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('step_id', step_id);
  answer := evergreen.earlier_answer('fn_confirm_skip', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into step from public.failure_steps s where s.step_id = fn_confirm_skip.step_id and s.action = 'skip' for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'Nobody has asked to leave anything by that id.');
  perform evergreen.refuse_unless(step.decided_at is null, 'EG428', 'It was confirmed already.');
  perform evergreen.refuse_unless(step.asked_by <> evergreen.actor(), 'EG403', 'Somebody else than who asked confirms.');
  perform evergreen.find_failure(step.kind, step.subject);
  update public.failure_steps s set decided_by = evergreen.actor(), decided_at = now() where s.step_id = step.step_id;
  perform evergreen.emit('FAILURE_DECIDED', step.fund_id, jsonb_build_object('step_id', step.step_id, 'kind', step.kind, 'action', 'skip'), evergreen.actor(), '{}', '{}', request_id);
  answer := jsonb_build_object('step_id', step.step_id, 'done', true);
  perform evergreen.audit(step.fund_id, 'failure_steps', step.step_id::text, step.kind || ' left, confirmed', request_id);
  perform evergreen.keep_answer('fn_confirm_skip', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_confirm_skip(uuid, text) is
  'The second person agrees that a failure which concerns money is left. EG403 who asked, EG404 (also when it was retried meanwhile), EG428 confirmed already.';

create or replace function public.fn_escalate_failure(kind text, subject text, to_role text, due_at timestamptz, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  failure record;
  step public.failure_steps;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('kind', kind, 'subject', subject, 'to_role', to_role, 'due_at', due_at, 'reason', reason);
  answer := evergreen.earlier_answer('fn_escalate_failure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(to_role in ('pm_role', 'ops_role'), 'EG400', 'to_role is pm_role or ops_role.');
  perform evergreen.refuse_unless(isfinite(due_at) and due_at > now() and due_at < now() + interval '1 year', 'EG400', 'due_at is a time to come, within a year.');
  perform evergreen.refuse_unless(length(btrim(reason)) between 10 and 500 and reason !~ '[[:cntrl:]]', 'EG400', 'reason is one line of 10 to 500 characters.');
  select * into failure from evergreen.find_failure(kind, subject);
  insert into public.failure_steps (kind, subject, type, fund_id, action, reason, moves_money, to_role, due_at, asked_by, decided_by, decided_at)
  values (kind, subject, failure.found_type, failure.of_fund, 'escalate', reason, evergreen.moves_money(failure.found_type), to_role, due_at, evergreen.actor(), evergreen.actor(), now())
  returning * into step;
  perform evergreen.emit('FAILURE_DECIDED', step.fund_id, jsonb_build_object('step_id', step.step_id, 'kind', kind, 'action', 'escalate'), evergreen.actor(), '{}', '{}', request_id);
  answer := jsonb_build_object('step_id', step.step_id, 'done', true);
  perform evergreen.audit(step.fund_id, 'failure_steps', step.step_id::text, kind || ' escalated to ' || to_role, request_id);
  perform evergreen.keep_answer('fn_escalate_failure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_escalate_failure(text, text, text, timestamptz, text, text) is
  'Hands a dead letter, a dead batch or a failed run to a role, with a due time and the reason; the newest one counts. EG400, EG404.';
