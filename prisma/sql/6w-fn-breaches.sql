-- Breaches (R57) with their cure clock, and the regulatory calendar: obligations with due dates, and the clock that says what is due.

create or replace function public.fn_record_breach(fund text, rule text, class text, cause text, detail jsonb default '{}', cure_days int default null, proposal_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  b public.breaches;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'rule', rule, 'class', class, 'cause', cause, 'detail', detail, 'cure_days', cure_days, 'proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_record_breach', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(rule) between 1 and 121 and length(cause) between 1 and 500 and class in ('active', 'passive'), 'EG400', 'rule, cause (1 to 500 characters) and class (active or passive) are needed.');
  perform evergreen.refuse_unless(jsonb_typeof(detail) = 'object' and octet_length(detail::text) <= 65536 and abs((detail ->> 'value')::numeric) < 1e18 is not false and abs((detail ->> 'limit')::numeric) < 1e18 is not false,
    'EG400', 'detail is a JSON object of at most 64 KB, with value and limit as numbers.');
  perform evergreen.refuse_unless(cure_days is null or cure_days between 1 and 1100, 'EG400', 'cure_days is 1 to 1,100.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(proposal_id is null or exists (select from public.proposals p where p.proposal_id = fn_record_breach.proposal_id and p.fund_id = of_fund.fund_id), 'EG404', 'No proposal of the fund with that id.');
  -- one that stands is one, however often it is seen
  select * into b from public.breaches x where x.fund_id = of_fund.fund_id and x.rule = fn_record_breach.rule and x.cured_at is null for no key update;
  if not found then
    insert into public.breaches (fund_id, rule, class, cause, value, limit_value, detail, cure_by, proposal_id, recorded_by)
    values (of_fund.fund_id, fn_record_breach.rule, fn_record_breach.class, fn_record_breach.cause, (detail ->> 'value')::numeric, (detail ->> 'limit')::numeric, fn_record_breach.detail,
      case when cure_days is not null then now() + make_interval(days => cure_days) end, fn_record_breach.proposal_id, evergreen.actor()) returning * into b;
    perform evergreen.emit('BREACH_RECORDED', of_fund.fund_id, jsonb_build_object('breach_id', b.breach_id, 'rule', b.rule, 'class', b.class), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'breaches', b.breach_id::text, b.class || ' breach of ' || b.rule, request_id);
  end if;
  answer := jsonb_build_object('breach_id', b.breach_id, 'class', b.class, 'cure_by', b.cure_by);
  perform evergreen.keep_answer('fn_record_breach', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_breach(text, text, text, text, jsonb, int, uuid, text) is
  'Records a limit that does not hold: active when the fund did it, passive when it happened to it; the cure clock runs from now. One that stands stays one. Returns {breach_id, class, cure_by}. EG400, EG404.';

create or replace function public.fn_cure_breach(breach_id uuid, note text, cost numeric default null, compensated text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.breaches;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('breach_id', breach_id, 'note', note, 'cost', cost, 'compensated', compensated);
  answer := evergreen.earlier_answer('fn_cure_breach', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(note) between 1 and 500 and (compensated is null or length(compensated) between 1 and 200), 'EG400', 'note has 1 to 500 characters, compensated 1 to 200.');
  perform evergreen.refuse_unless(cost is null or (cost >= 0 and cost < 1e30), 'EG400', 'cost is an amount from 0.');
  select * into b from public.breaches x where x.breach_id = fn_cure_breach.breach_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No breach with that id.');
  perform evergreen.refuse_unless(b.cured_at is null, 'EG428', 'The breach is cured already.');
  -- R57: who caused it makes the fund whole
  perform evergreen.refuse_unless(b.class = 'passive' or cost is not null, 'EG400', 'An active breach is closed with its cost, 0 where there was none.');
  perform evergreen.refuse_unless(b.class = 'passive' or cost = 0 or compensated is not null, 'EG424', 'An active breach that cost the fund is compensated first; say by what.');
  update public.breaches x set cured_at = now(), cure_note = note, cost = fn_cure_breach.cost, compensated = fn_cure_breach.compensated, cured_by = evergreen.actor() where x.breach_id = b.breach_id;
  perform evergreen.emit('BREACH_CURED', b.fund_id, jsonb_build_object('breach_id', b.breach_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(b.fund_id, 'breaches', b.breach_id::text, 'breach of ' || b.rule || ' cured', request_id);
  answer := jsonb_build_object('breach_id', b.breach_id, 'status', 'cured');
  perform evergreen.keep_answer('fn_cure_breach', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_cure_breach(uuid, text, numeric, text, text) is
  'Closes a breach that holds again; an active one with its cost (fund currency) and, where it cost anything, what compensated the fund. EG400, EG404, EG424, EG428.';

create or replace function public.fn_set_obligation(fund text, code text, title text, source text, due_on date, every_months int default null, lead_days int default 14, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'code', code, 'title', title, 'source', source, 'due_on', due_on, 'every_months', every_months, 'lead_days', lead_days);
  answer := evergreen.earlier_answer('fn_set_obligation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(code ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and length(code) <= 60 and length(title) between 1 and 200 and length(source) between 1 and 500, 'EG400', 'code is of lower-case words; title and source say what is owed and why.');
  perform evergreen.refuse_unless(isfinite(due_on) and due_on between current_date - 3660 and current_date + 3660 and (every_months is null or every_months between 1 and 120) and lead_days between 0 and 366, 'EG400',
    'due_on is a date, every_months 1 to 120, lead_days 0 to 366.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(not exists (select from public.obligations o where o.fund_id = of_fund.fund_id and o.code = fn_set_obligation.code and o.done_at is null), 'EG428', 'That obligation of the fund is open already.');
  insert into public.obligations (fund_id, code, title, source, first_due_on, occurrence, due_on, every_months, lead_days, set_by)
  values (of_fund.fund_id, fn_set_obligation.code, fn_set_obligation.title, fn_set_obligation.source, fn_set_obligation.due_on, 0, fn_set_obligation.due_on, fn_set_obligation.every_months, fn_set_obligation.lead_days, evergreen.actor())
  returning obligation_id into id;
  perform evergreen.audit(of_fund.fund_id, 'obligations', id::text, 'obligation ' || code || ' due on ' || due_on, request_id);
  answer := jsonb_build_object('obligation_id', id, 'due_on', due_on);
  perform evergreen.keep_answer('fn_set_obligation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_obligation(text, text, text, text, date, int, int, text) is
  'Puts an obligation of a fund into the calendar: due on a day, once or every so many months; lead_days before it is said to be due. Returns {obligation_id, due_on}. EG400, EG404, EG428.';

create or replace function public.fn_complete_obligation(obligation_id uuid, evidence text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  o public.obligations;
  next public.obligations;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('obligation_id', obligation_id, 'evidence', evidence);
  answer := evergreen.earlier_answer('fn_complete_obligation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(evidence) between 1 and 500, 'EG400', 'evidence has 1 to 500 characters: where what was done can be looked at.');
  select * into o from public.obligations x where x.obligation_id = fn_complete_obligation.obligation_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No obligation with that id.');
  perform evergreen.refuse_unless(o.done_at is null, 'EG428', 'The obligation is done already.');
  update public.obligations x set done_at = now(), done_by = evergreen.actor(), evidence = fn_complete_obligation.evidence where x.obligation_id = o.obligation_id;
  if o.every_months is not null then
    -- counted from the first day, so that the last of a month stays the last
    insert into public.obligations (fund_id, code, title, source, first_due_on, occurrence, due_on, every_months, lead_days, set_by)
    values (o.fund_id, o.code, o.title, o.source, o.first_due_on, o.occurrence + 1, (o.first_due_on + make_interval(months => o.every_months * (o.occurrence + 1)))::date, o.every_months, o.lead_days, o.set_by) returning * into next;
  end if;
  perform evergreen.emit('OBLIGATION_DONE', o.fund_id, jsonb_build_object('obligation_id', o.obligation_id, 'code', o.code), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(o.fund_id, 'obligations', o.obligation_id::text, 'obligation ' || o.code || ' done', request_id);
  answer := jsonb_build_object('obligation_id', o.obligation_id, 'next_obligation_id', next.obligation_id, 'next_due_on', next.due_on);
  perform evergreen.keep_answer('fn_complete_obligation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_complete_obligation(uuid, text, text) is
  'Closes an obligation with where its evidence is, and opens the next occurrence. Returns {obligation_id, next_obligation_id, next_due_on}. EG400, EG404, EG428.';

create or replace function public.fn_tick_obligations(fund text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  o record;
  due int := 0;
  overdue int := 0;
  uncured int := 0;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'service_role', 'ops_role');
  input := jsonb_build_object('fund', fund);
  answer := evergreen.earlier_answer('fn_tick_obligations', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found or fund is null, 'EG404', 'No fund with that code.');
  for o in update public.obligations x set told_at = now() where (of_fund is null or x.fund_id = of_fund) and x.done_at is null and x.told_at is null and current_date >= x.due_on - x.lead_days returning x.* loop
    perform evergreen.emit('OBLIGATION_DUE', o.fund_id, jsonb_build_object('obligation_id', o.obligation_id, 'code', o.code, 'due_on', o.due_on), evergreen.actor(), '{}', '{}', request_id);
    due := due + 1;
  end loop;
  for o in update public.obligations x set overdue_at = now() where (of_fund is null or x.fund_id = of_fund) and x.done_at is null and x.overdue_at is null and current_date > x.due_on returning x.* loop
    perform evergreen.emit('OBLIGATION_OVERDUE', o.fund_id, jsonb_build_object('obligation_id', o.obligation_id, 'code', o.code, 'due_on', o.due_on), evergreen.actor(), '{}', '{}', request_id);
    overdue := overdue + 1;
  end loop;
  for o in update public.breaches x set overdue_at = now() where (of_fund is null or x.fund_id = of_fund) and x.cured_at is null and x.overdue_at is null and x.cure_by < now() returning x.* loop
    perform evergreen.emit('BREACH_OVERDUE', o.fund_id, jsonb_build_object('breach_id', o.breach_id, 'rule', o.rule), evergreen.actor(), '{}', '{}', request_id);
    uncured := uncured + 1;
  end loop;
  answer := jsonb_build_object('due', due, 'overdue', overdue, 'uncured', uncured);
  perform evergreen.audit(of_fund, 'obligations', 'calendar', 'calendar looked at: ' || due || ' due, ' || overdue || ' overdue, ' || uncured || ' breaches past their cure', request_id);
  perform evergreen.keep_answer('fn_tick_obligations', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tick_obligations(text, text) is 'The clock of the calendar, of one fund or of all: says once what is due, what is overdue, and which breach is past its cure. Returns {due, overdue, uncured}. EG404.';
