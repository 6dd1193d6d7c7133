-- Schedules for the desk: the worker that keeps the clocks tells what Temporal says of each; a person asks for a pause, a resumption or a backfill, and the worker
-- carries it out and says what came of it. A browser has no way to Temporal, and needs none.

create or replace function public.fn_tell_schedules(schedules jsonb) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.harmless_text('fn_tell_schedules', schedules);
  perform evergreen.refuse_unless(jsonb_typeof(schedules) = 'array' and jsonb_array_length(schedules) <= 500, 'EG400', 'schedules is a list of at most 500.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(schedules) s where (
      jsonb_typeof(s) = 'object' and s ->> 'schedule_id' ~ '^[a-z]+(/[A-Za-z0-9_-]{1,40}){1,2}$' and s ->> 'zone' ~ '^[A-Za-z0-9_+/-]{1,60}$' and s ->> 'fires' ~ '^[a-z0-9 :*.]{1,80}$'
      and jsonb_typeof(s -> 'paused') = 'boolean' and jsonb_typeof(s -> 'next') = 'array' and jsonb_array_length(s -> 'next') <= 10
      and jsonb_typeof(s -> 'recent') = 'array' and jsonb_array_length(s -> 'recent') <= 10) is not true),
    'EG400', 'A schedule has schedule_id, zone, fires, paused, at most ten next times and ten recent runs.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(schedules) s, jsonb_array_elements(s -> 'recent') r
      where (r ->> 'workflow_id' ~ '^[A-Za-z0-9_./:+-]{1,200}$' and r ->> 'status' ~ '^[a-z ]{1,40}$') is not true),
    'EG400', 'A recent run has workflow_id, status, due and started.');
  with told as (
    select s ->> 'schedule_id' as schedule_id, s ->> 'zone' as zone, s ->> 'fires' as fires, (s ->> 'paused')::boolean as paused,
           coalesce((select jsonb_agg(to_jsonb((n #>> '{}')::timestamptz) order by (n #>> '{}')::timestamptz) from jsonb_array_elements(s -> 'next') n), '[]') as next_at,
           coalesce((select jsonb_agg(jsonb_build_object('due', (r ->> 'due')::timestamptz, 'started', (r ->> 'started')::timestamptz, 'workflow_id', r ->> 'workflow_id', 'status', r ->> 'status')
             order by (r ->> 'due')::timestamptz) from jsonb_array_elements(s -> 'recent') r), '[]') as recent
      from jsonb_array_elements(schedules) s
  ), written as (
    insert into public.schedules as c (schedule_id, fund_id, zone, fires, paused, next_at, recent, told_at)
    select t.schedule_id, f.fund_id, t.zone, t.fires, t.paused, t.next_at, t.recent, now()
      from told t left join public.funds f on t.schedule_id !~ '^platform/' and f.code = split_part(t.schedule_id, '/', 2)
     where t.schedule_id ~ '^platform/' or f.fund_id is not null
    on conflict (schedule_id) do update
      set zone = excluded.zone, fires = excluded.fires, paused = excluded.paused, next_at = excluded.next_at, recent = excluded.recent, told_at = now()
      where (c.zone, c.fires, c.paused, c.next_at, c.recent) is distinct from (excluded.zone, excluded.fires, excluded.paused, excluded.next_at, excluded.recent)
    returning c.schedule_id
  )
  select count(*) into changed from written;
  -- what stands as it stood is known to stand: only the time of knowing moves
  update public.schedules c set told_at = now() where c.told_at < now() and c.schedule_id in (select s ->> 'schedule_id' from jsonb_array_elements(schedules) s);
  if changed > 0 then
    perform evergreen.audit(null, 'schedules', 'all', 'schedules told: ' || changed || ' changed', null);
  end if;
  return changed;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tell_schedules(jsonb) is
  'What Temporal says of the clocks of the platform: when each fires next, whether it is paused, its last runs. Told by the process that keeps them; answers how many changed. EG400.';

create or replace function public.fn_ask_schedule(schedule_id text, action text, note text, first_day date default null, last_day date default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  clock public.schedules;
  event uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note, 'first_day', first_day, 'last_day', last_day);
  answer := evergreen.earlier_answer('fn_ask_schedule', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(action in ('pause', 'resume', 'backfill'), 'EG400', 'action is pause, resume or backfill.');
  perform evergreen.refuse_unless(length(btrim(note)) between 1 and 300 and note !~ '[[:cntrl:]]', 'EG400', 'note is one line of 1 to 300 characters.');
  if action = 'backfill' then
    perform evergreen.refuse_unless(first_day <= last_day and last_day - first_day < 366 and last_day <= current_date + 1, 'EG400', 'A backfill is of first_day to last_day, at most 366 days, none of them to come.');
  else
    perform evergreen.refuse_unless(first_day is null and last_day is null, 'EG400', 'Only a backfill has days.');
  end if;
  select * into clock from public.schedules c where c.schedule_id = fn_ask_schedule.schedule_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No schedule with that id.');
  perform evergreen.refuse_unless(clock.asked is null or clock.answered_at is not null or clock.asked_at < now() - interval '10 minutes', 'EG428', 'What was asked of this schedule before waits for the worker; wait for its answer.');
  perform evergreen.refuse_unless(action <> 'pause' or not clock.paused, 'EG428', 'The schedule is paused already.');
  perform evergreen.refuse_unless(action <> 'resume' or clock.paused, 'EG428', 'The schedule is not paused.');
  event := evergreen.emit('SCHEDULE_NOTED', clock.fund_id, jsonb_strip_nulls(jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note, 'first_day', first_day, 'last_day', last_day)),
    evergreen.actor(), '{}', '{}', request_id);
  update public.schedules c set asked = fn_ask_schedule.action, asked_event = event, asked_by = evergreen.actor(), asked_at = now(), asked_note = fn_ask_schedule.note,
         first_day = fn_ask_schedule.first_day, last_day = fn_ask_schedule.last_day, answered_at = null, outcome = null, says = null
   where c.schedule_id = clock.schedule_id;
  answer := jsonb_build_object('event_id', event);
  perform evergreen.audit(clock.fund_id, 'schedules', schedule_id, 'schedule: ' || action || ' asked', request_id);
  perform evergreen.keep_answer('fn_ask_schedule', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_ask_schedule(text, text, text, date, date, text) is
  'Asks the worker that keeps the clocks to pause, resume or backfill one, with the reason; fn_answer_schedule says what came of it. EG400, EG404, EG428 something waits already, or nothing would change.';

create or replace function public.fn_answer_schedule(event_id uuid, outcome text, says text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  clock public.schedules;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.harmless_text('fn_answer_schedule', jsonb_build_object('says', says, 'outcome', outcome));
  perform evergreen.refuse_unless(outcome in ('done', 'refused'), 'EG400', 'outcome is done or refused.');
  perform evergreen.refuse_unless(length(btrim(says)) between 1 and 300 and says !~ '[[:cntrl:]]', 'EG400', 'says is one line of 1 to 300 characters.');
  select * into clock from public.schedules c where c.asked_event = fn_answer_schedule.event_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'Nothing was asked by that event, or something else since.');
  if clock.answered_at is not null then
    return false;
  end if;
  update public.schedules c set answered_at = now(), outcome = fn_answer_schedule.outcome, says = fn_answer_schedule.says where c.schedule_id = clock.schedule_id;
  perform evergreen.emit('SCHEDULE_ANSWERED', clock.fund_id, jsonb_build_object('schedule_id', clock.schedule_id, 'action', clock.asked, 'outcome', outcome), evergreen.actor());
  perform evergreen.audit(clock.fund_id, 'schedules', clock.schedule_id, 'schedule: ' || clock.asked || ' ' || outcome, null);
  return true;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_answer_schedule(uuid, text, text) is
  'What came of what a person asked of a schedule: done or refused, in one sentence. Answers false when it was answered before. EG400, EG404.';

create or replace function public.fn_read_schedules() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('read_at', now(),
    'schedules', coalesce((select jsonb_agg(jsonb_build_object('schedule_id', c.schedule_id, 'fund', f.code, 'zone', c.zone, 'fires', c.fires, 'paused', c.paused, 'next_at', c.next_at, 'recent', c.recent,
        'told_at', c.told_at, 'asked', case when c.asked is not null then jsonb_build_object('action', c.asked, 'by', c.asked_by, 'at', c.asked_at, 'note', c.asked_note,
          'first_day', c.first_day, 'last_day', c.last_day, 'answered_at', c.answered_at, 'outcome', c.outcome, 'says', c.says) end) order by c.schedule_id)
      from public.schedules c left join public.funds f using (fund_id)), '[]'::jsonb),
    -- who said what of which clock, here or on a command line
    'notes', coalesce((select jsonb_agg(jsonb_build_object('schedule_id', e.payload ->> 'schedule_id', 'action', e.payload ->> 'action', 'note', e.payload ->> 'note', 'by', e.created_by, 'at', e.recorded_at) order by e.seq desc)
      from (select * from public.fund_events x where x.type = 'SCHEDULE_NOTED' order by x.seq desc limit 50) e), '[]'::jsonb))
$$;
comment on function public.fn_read_schedules() is
  'The clocks of the platform as the worker last told them, what was asked of each and what came of it, and the newest 50 notes of people. Under the reader''s row-level security.';
