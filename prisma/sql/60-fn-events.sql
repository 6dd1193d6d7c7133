-- The event bus and its outbox: record, claim, hand over, fail, retry. Only the service role delivers.

create or replace function public.fn_record_event(
  type text, payload jsonb, source text, workflow_id text default null,
  request_id text default null, fund_id uuid default null, investor_ids uuid[] default '{}'
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.harmless_text('fn_record_event', jsonb_build_object('payload', payload, 'source', source));
  if request_id is not null then
    input := jsonb_build_object('type', type, 'payload', payload, 'source', source, 'workflow_id', workflow_id, 'fund_id', fund_id, 'investor_ids', investor_ids);
    answer := evergreen.earlier_answer('fn_record_event', request_id, input);
    if answer is not null then
      return (answer ->> 'event_id')::uuid;
    end if;
  end if;
  perform evergreen.refuse_unless(type is not null and payload is not null and length(source) between 1 and 200, 'EG400', 'type, payload and source (1 to 200 characters) are needed.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  -- an unknown type is refused by emit() with the list of those there are
  perform evergreen.refuse_unless(
    coalesce((select evergreen.role_name() = any (t.recorded_by) from public.event_types t where t.type = fn_record_event.type), true),
    'EG403', 'Your role may not record ' || type || '.');
  id := evergreen.emit(type, fund_id, payload, source,
    case when workflow_id is null then '{}'::jsonb else jsonb_build_object('workflow_id', workflow_id) end, coalesce(investor_ids, '{}'), request_id);
  perform evergreen.audit(fund_id, 'fund_events', id::text, type || ' recorded', request_id);
  perform evergreen.keep_answer('fn_record_event', request_id, input, jsonb_build_object('event_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_event(text, jsonb, text, text, text, uuid, uuid[]) is
  'Records an event with validation; returns event_id. EG400 unknown type or payload, EG403 type not for this role, EG409 request id reused, EG413 payload over 64 KB.';

drop function if exists public.fn_claim_events(text, int, int);
create or replace function public.fn_claim_events(consumer text, max_events int default 100, lease_seconds int default 30)
returns table (seq bigint, event_id uuid, type text, mode text, fund_id uuid, attempts int, recorded_at timestamptz, to_workflow_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- as fn_fail_event counts
  most constant int := 5;
  -- a dispatcher that only waits for a Temporal that is away brings its events back within this, and then it cost them nothing
  patience constant interval := interval '1 minute';
  lost bigint[];
  taken bigint[];
  gone record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(consumer) between 1 and 200 and max_events between 1 and 100000 and lease_seconds between 0 and 3600, 'EG400',
    'consumer has 1 to 200 characters, max_events is 1 to 100,000 and lease_seconds 0 to 3,600.');
  -- after a restore nothing is handed over until the stores are reconciled; the dispatcher sees an empty queue
  if exists (select from public.platform_settings p where p.key = 'writes_halted') then
    return;
  end if;
  -- A lease that ran out (leased_by is still there) means that its holder is gone. Once may be anything. From the second time on the
  -- event is suspected of killing whoever holds it and is handed out alone, so that nothing dies with it; the fifth time it is lost.
  with due as materialized (
    select o.seq, o.tx, o.leased_by is not null and o.attempts >= 2 as suspect, o.leased_by is not null and o.attempts >= most as lost
      from public.event_outbox o
     where o.dead_at is null and o.next_at <= now() and o.mode in ('run', 'tell') and o.tx < pg_snapshot_xmin(pg_current_snapshot())
       and (o.leased_by is null or o.attempts < most or o.next_at <= now() - patience)
     order by o.tx, o.seq limit max_events for update skip locked
  ), living as (
    select d.seq, d.suspect, row_number() over (order by d.tx, d.seq) as place, first_value(d.suspect) over (order by d.tx, d.seq) as alone
      from due d where not d.lost
  )
  select (select array_agg(d.seq) from due d where d.lost),
         (select array_agg(l.seq) from living l where case when l.alone then l.place = 1 else not l.suspect end)
    into lost, taken;
  if lost is not null then
    for gone in
      update public.event_outbox o
         set dead_at = now(), leased_by = null, reason = left(case
               when o.reason is null then 'The dispatcher died ' || o.attempts || ' times while it held this event.'
               else 'The dispatcher died while it held this event for the ' || o.attempts || 'th time. Before that: ' || o.reason end, 500)
       where o.seq = any (lost)
      returning o.fund_id, o.event_id, o.type, o.attempts
    loop
      perform evergreen.audit(gone.fund_id, 'fund_events', gone.event_id::text,
        gone.type || ' dead letter after ' || gone.attempts || ' attempts: the dispatcher died while it held it', null);
    end loop;
  end if;
  if taken is null then
    return;
  end if;
  return query
    with held as (
      update public.event_outbox o
         set next_at = now() + make_interval(secs => lease_seconds), leased_by = consumer, attempts = o.attempts + 1
       where o.seq = any (taken)
      returning o.seq, o.event_id, o.type, o.mode, o.fund_id, o.attempts
    )
    select t.seq, t.event_id, t.type, t.mode, t.fund_id, t.attempts, e.recorded_at,
           case when t.type = 'PROPOSAL_DECIDED' then (select p.workflow_id from public.proposals p where p.proposal_id = (e.payload ->> 'proposal_id')::uuid)
                -- a run with an id of its own (a dealing day, a restatement) begins under it; those of the Commander begin under the id of their event
                when t.mode = 'tell' or exists (select from public.event_types y where y.type = t.type and y.playbook in ('dealing-day', 'restate-nav')) then e.event_meta ->> 'workflow_id' end
      from held t join public.fund_events e on e.event_id = t.event_id order by t.seq;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_claim_events(text, int, int) is
  'Leases due events of modes run and tell to a dispatcher (skip locked, commit order). Lease in seconds; an event whose lease ran out is claimed again, alone from the third time on, and is a dead letter a minute after its fifth lease ran out. to_workflow_id: whom to tell, or under which id to begin.';

create or replace function public.fn_finish_events(seqs bigint[]) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  gone int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(seqs is not null, 'EG400', 'seqs is a list of outbox positions.');
  delete from public.event_outbox o where o.seq = any (seqs);
  get diagnostics gone = row_count;
  return gone;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_finish_events(bigint[]) is 'Events were handed over (their workflow exists): they leave the outbox. Returns how many did.';

create or replace function public.fn_fail_event(seq bigint, reason text, max_attempts int default 5) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  waiting record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(reason) between 1 and 2000 and max_attempts >= 1, 'EG400', 'reason (1 to 2,000 characters) and max_attempts (from 1) are needed.');
  select * into waiting from public.event_outbox o where o.seq = fn_fail_event.seq for no key update;
  if not found then
    return 'gone';
  end if;
  if waiting.dead_at is not null then
    return 'dead';
  end if;
  if waiting.attempts >= max_attempts then
    update public.event_outbox o set dead_at = now(), leased_by = null, reason = left(fn_fail_event.reason, 500) where o.seq = fn_fail_event.seq;
    perform evergreen.audit(waiting.fund_id, 'fund_events', waiting.event_id::text, waiting.type || ' dead letter after ' || waiting.attempts || ' attempts', null);
    return 'dead';
  end if;
  update public.event_outbox o
     set next_at = now() + make_interval(secs => least(60, power(2, waiting.attempts))), leased_by = null, reason = left(fn_fail_event.reason, 500)
   where o.seq = fn_fail_event.seq;
  return 'later';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_fail_event(bigint, text, int) is
  'An event could not be handed over: later again (2^attempts seconds, at most 60), or a dead letter with its reason after max_attempts. Returns later, dead or gone.';

create or replace function public.fn_release_events(seqs bigint[]) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  freed int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(seqs is not null, 'EG400', 'seqs is a list of outbox positions.');
  -- the service, not the event, was at fault: the attempt does not count
  update public.event_outbox o set next_at = now() + interval '1 second', leased_by = null, attempts = greatest(0, o.attempts - 1)
   where o.seq = any (seqs) and o.dead_at is null;
  get diagnostics freed = row_count;
  return freed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_events(bigint[]) is 'Gives leased events back without counting the attempt, for when Temporal was not there.';

create or replace function public.fn_claim_batch(consumer text, max_events int default 5000, lease_seconds int default 60)
returns table (batch_id uuid, type text, events int, attempts int) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- as fn_fail_batch counts
  most constant int := 5;
  -- whoever holds a batch waits for its workflow, and that may wait for a room: longer than for an event, which is only handed over
  patience constant interval := interval '10 minutes';
  chosen text;
  made uuid;
  gone record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(consumer) between 1 and 200 and max_events between 1 and 100000 and lease_seconds between 0 and 3600, 'EG400',
    'consumer has 1 to 200 characters, max_events is 1 to 100,000 and lease_seconds 0 to 3,600.');
  -- after a restore nothing is handed over until the stores are reconciled; the dispatcher sees an empty queue
  if exists (select from public.platform_settings p where p.key = 'writes_halted') then
    return;
  end if;
  for gone in
    update public.event_batches b
       set dead_at = now(), leased_by = null, reason = left(case
             when b.reason is null then 'The dispatcher died ' || b.attempts || ' times while it held this batch.'
             else 'The dispatcher died while it held this batch for the ' || b.attempts || 'th time. Before that: ' || b.reason end, 500)
     where b.batch_id in (
       select x.batch_id from public.event_batches x
        where x.done_at is null and x.dead_at is null and x.next_at <= now() - patience and x.leased_by is not null and x.attempts >= most
          for update skip locked)
    returning b.batch_id, b.type, b.attempts
  loop
    perform evergreen.audit(null, 'event_batches', gone.batch_id::text,
      gone.type || ' batch dead letter after ' || gone.attempts || ' attempts: the dispatcher died while it held it', null);
  end loop;
  -- an open batch whose lease ran out comes first
  select b.batch_id into made from public.event_batches b
   where b.done_at is null and b.dead_at is null and b.next_at <= now() and (b.leased_by is null or b.attempts < most)
   order by b.next_at limit 1 for update skip locked;
  if made is not null then
    return query update public.event_batches b
      set next_at = now() + make_interval(secs => lease_seconds), leased_by = consumer, attempts = b.attempts + 1
      where b.batch_id = made returning b.batch_id, b.type, b.events, b.attempts;
    return;
  end if;
  select o.type into chosen from public.event_outbox o
   where o.dead_at is null and o.mode = 'batch' and o.next_at <= now() and o.tx < pg_snapshot_xmin(pg_current_snapshot())
   order by o.tx, o.seq limit 1;
  if chosen is null then
    return;
  end if;
  return query
    with due as materialized (
      select o.seq, o.event_id from public.event_outbox o
       where o.dead_at is null and o.mode = 'batch' and o.type = chosen and o.next_at <= now() and o.tx < pg_snapshot_xmin(pg_current_snapshot())
       order by o.tx, o.seq limit max_events for update skip locked
    ), gone as (
      delete from public.event_outbox o using due where o.seq = due.seq
    )
    insert into public.event_batches (type, event_ids, events, attempts, next_at, leased_by)
    select chosen, array_agg(d.event_id order by d.seq), count(*), 1, now() + make_interval(secs => lease_seconds), consumer from due d having count(*) > 0
    returning event_batches.batch_id, event_batches.type, event_batches.events, event_batches.attempts;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_claim_batch(text, int, int) is
  'Moves due events of one type from the outbox into a batch, or leases an open batch again. One row is written per batch, one deleted per event. A batch is a dead letter ten minutes after its fifth lease ran out.';

create or replace function public.fn_fail_batch(batch_id uuid, reason text, max_attempts int default 5) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  open_batch record;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(length(reason) between 1 and 2000 and max_attempts >= 0, 'EG400', 'reason (1 to 2,000 characters) and max_attempts (from 0) are needed.');
  select * into open_batch from public.event_batches b where b.batch_id = fn_fail_batch.batch_id and b.done_at is null for no key update;
  if not found then
    return 'gone';
  end if;
  if open_batch.dead_at is not null then
    return 'dead';
  end if;
  if max_attempts = 0 then
    -- the service, not the batch, was at fault: the attempt does not count
    update public.event_batches b set next_at = now() + interval '1 second', leased_by = null, attempts = greatest(0, b.attempts - 1)
     where b.batch_id = fn_fail_batch.batch_id;
    return 'later';
  end if;
  if open_batch.attempts >= max_attempts then
    update public.event_batches b set dead_at = now(), leased_by = null, reason = left(fn_fail_batch.reason, 500) where b.batch_id = fn_fail_batch.batch_id;
    perform evergreen.audit(null, 'event_batches', fn_fail_batch.batch_id::text, open_batch.type || ' batch dead letter after ' || open_batch.attempts || ' attempts', null);
    return 'dead';
  end if;
  update public.event_batches b
     set next_at = now() + make_interval(secs => least(60, power(2, open_batch.attempts))), leased_by = null, reason = left(fn_fail_batch.reason, 500)
   where b.batch_id = fn_fail_batch.batch_id;
  return 'later';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_fail_batch(uuid, text, int) is
  'A batch could not be handed over or handled: later again, or a dead letter with its reason. max_attempts 0: Temporal was not there, and the attempt does not count.';

create or replace function public.fn_retry_event(event_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  revived text := 'event';
  of_fund uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('event_id', event_id);
  answer := evergreen.earlier_answer('fn_retry_event', request_id, input);
  if answer is not null then
    return answer ->> 'retried';
  end if;
  update public.event_outbox o set dead_at = null, attempts = 0, next_at = now(), reason = null
   where o.event_id = fn_retry_event.event_id and o.dead_at is not null returning o.fund_id into of_fund;
  if not found then
    revived := 'batch';
    update public.event_batches b set dead_at = null, attempts = 0, next_at = now(), reason = null
     where fn_retry_event.event_id = any (b.event_ids) and b.dead_at is not null and b.done_at is null;
    if not found then
      perform evergreen.fail('EG404', 'No dead letter with that event id.');
    end if;
  end if;
  perform evergreen.audit(of_fund, 'fund_events', event_id::text, 'dead letter retried', request_id);
  perform evergreen.keep_answer('fn_retry_event', request_id, input, jsonb_build_object('retried', revived));
  if pg_try_advisory_xact_lock(7236511) then
    perform pg_notify('evergreen_events', '');
  end if;
  return revived;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retry_event(uuid, text) is 'Puts a dead letter (or the dead batch that holds the event) back into the queue. EG404 when there is none.';
