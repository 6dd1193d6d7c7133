-- Schedules belong to Temporal; who pauses, resumes or backfills one, and why, is recorded here before it is done.

create or replace function public.fn_note_schedule(schedule_id text, action text, note text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note);
  answer := evergreen.earlier_answer('fn_note_schedule', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(schedule_id ~ '^[a-z]+(/[A-Za-z0-9_-]{1,40}){1,2}$', 'EG400', 'schedule_id is the kind, the code of a fund and perhaps of a class: deal/DEMO/I.');
  perform evergreen.refuse_unless(action in ('pause', 'resume', 'backfill'), 'EG400', 'action is pause, resume or backfill.');
  perform evergreen.refuse_unless(length(btrim(note)) between 1 and 300 and note !~ '[[:cntrl:]]', 'EG400', 'note is one line of 1 to 300 characters.');
  -- a clock of the whole platform is of no fund
  if schedule_id ~ '^platform/' then
    perform evergreen.refuse_unless(schedule_id in ('platform/retention', 'platform/kyc', 'platform/lists', 'platform/calendar'), 'EG404', 'No clock of the platform with that name.');
  else
    select f.fund_id into of_fund from public.funds f where f.code = split_part(fn_note_schedule.schedule_id, '/', 2) for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with the code of that schedule.');
  end if;
  answer := jsonb_build_object('event_id', evergreen.emit('SCHEDULE_NOTED', of_fund,
    jsonb_build_object('schedule_id', schedule_id, 'action', action, 'note', note), evergreen.actor(), '{}', '{}', request_id));
  perform evergreen.audit(of_fund, 'schedules', schedule_id, 'schedule: ' || action, request_id);
  perform evergreen.keep_answer('fn_note_schedule', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_schedule(text, text, text, text) is
  'Records that a person pauses, resumes or backfills a schedule of a fund or of the platform, and why; called before it is done. EG400, EG404.';
