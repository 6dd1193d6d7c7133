-- On which dates a class deals: the frequency of its terms, rolled to business days of their calendar (R2, R3). The same rule as finance/dealing/calendar.ts, date by date.

create or replace function evergreen.roll_date(calendar text, on_day date, roll text) returns date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  step int := case roll when 'preceding' then -1 else 1 end;
  day date := on_day;
  tries int := 0;
begin
  while not evergreen.is_business_day(calendar, day) loop
    tries := tries + 1;
    perform evergreen.refuse_unless(tries < 60, 'EG400', 'The calendar has no business day within 60 days: check its holidays.');
    day := day + step;
  end loop;
  return case when roll = 'modified_following' and date_trunc('month', day) <> date_trunc('month', on_day) then evergreen.roll_date(calendar, on_day, 'preceding') else day end;
end $$;
comment on function evergreen.roll_date(text, date, text) is 'The day itself or the next business day of the calendar: following, preceding, or modified_following (preceding where the next one is of another month). EG400 when none is near.';

create or replace function evergreen.day_of_month(calendar text, month date, on_rule jsonb) returns date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  last date := (month + interval '1 month - 1 day')::date;
  day date := month - 1;
begin
  if on_rule ? 'dayOfMonth' then
    return case when on_rule ->> 'dayOfMonth' = 'last' then last else least(month + (on_rule ->> 'dayOfMonth')::int - 1, last) end;
  elsif on_rule ->> 'businessDayOfMonth' = 'last' then
    return evergreen.roll_date(calendar, last, 'preceding');
  end if;
  for n in 1 .. (on_rule ->> 'businessDayOfMonth')::int loop
    day := evergreen.roll_date(calendar, day + 1, 'following');
  end loop;
  return day;
end $$;
comment on function evergreen.day_of_month(text, date, jsonb) is 'The day of a month (given by its first) that a rule {dayOfMonth} or {businessDayOfMonth} names, before it is rolled.';

create or replace function evergreen.names_dates(body jsonb) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(case body ->> 'frequency' when 'daily' then true when 'weekly' then body -> 'on' ? 'weekday' when 'biweekly' then body -> 'on' ? 'weekday' and body ? 'anchorDate'
    else body ->> 'frequency' in ('monthly', 'quarterly', 'semiannual', 'annual') and (body -> 'on' ? 'dayOfMonth' or body -> 'on' ? 'businessDayOfMonth') end, false)
$$;
comment on function evergreen.names_dates(jsonb) is 'Whether terms say on which dates the class deals.';

create or replace function evergreen.dealing_dates(calendar text, body jsonb, first date, last date) returns setof date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  often text := body ->> 'frequency';
  roll text := coalesce(body ->> 'roll', 'preceding');
begin
  if often = 'daily' then
    return query select d::date from generate_series(first, last, interval '1 day') d where evergreen.is_business_day(calendar, d::date);
    return;
  end if;
  -- a rolled date may lie outside the period of the day it comes from: a closure further on both sides
  return query select distinct evergreen.roll_date(calendar, n.day, roll) as day from (
      select d::date as day from generate_series(first - 60, last + 60, interval '1 day') d
       where often in ('weekly', 'biweekly') and extract(isodow from d) = (body #>> '{on,weekday}')::int
         -- the weeks of which one in two deals are counted from a Monday
         and (often = 'weekly' or (floor((d::date - date '1970-01-05') / 7.0) - floor(((body ->> 'anchorDate')::date - date '1970-01-05') / 7.0))::int % 2 = 0)
      union all
      select evergreen.day_of_month(calendar, m::date, body -> 'on') from generate_series(date_trunc('month', first - 60)::date, last + 60, interval '1 month') m
       where often not in ('weekly', 'biweekly') and (extract(year from m)::int * 12 + extract(month from m)::int - coalesce((body ->> 'anchorMonth')::int, 12))
         % case often when 'monthly' then 1 when 'quarterly' then 3 when 'semiannual' then 6 else 12 end = 0) n
    where evergreen.roll_date(calendar, n.day, roll) between first and last order by 1;
end $$;
comment on function evergreen.dealing_dates(text, jsonb, date, date) is 'Dealing dates of terms that name them, both ends included, in order, each once (finance: dealingDates). EG400 a calendar that is closed for 60 days.';

create or replace function evergreen.require_dealing_date(of_fund uuid, body jsonb, on_day date) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  place text;
  ahead int := 0;
  next date;
begin
  -- terms that name no date, as those of before they had to, bind to none
  if not evergreen.names_dates(body) then
    return;
  end if;
  select coalesce(body ->> 'calendar', f.calendar) into place from public.funds f where f.fund_id = of_fund;
  if exists (select from evergreen.dealing_dates(place, body, on_day, on_day)) then
    return;
  end if;
  while next is null and ahead < 5 * 366 loop
    select min(d) into next from evergreen.dealing_dates(place, body, on_day + ahead, on_day + ahead + 91) d;
    ahead := ahead + 92;
  end loop;
  perform evergreen.refuse_unless(false, 'EG400', 'The class does not deal on ' || on_day || coalesce('; the next dealing date is ' || next, '') || '.');
end $$;
comment on function evergreen.require_dealing_date(uuid, jsonb, date) is 'Refuses (EG400) a date on which terms do not deal, and names the next one within five years.';
