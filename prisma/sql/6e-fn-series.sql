-- A class whose performance fee is by series (R25): which series a lot is of, which a day opens, and what a strike has to say of them.

create or replace function evergreen.by_series(of_class uuid, on_day date) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- a side pocket is under the fee terms of the class it came from
  select coalesce((select p.body #>> '{fees,performance,method}' = 'series' from public.share_classes c
    cross join lateral evergreen.dealing_policy(coalesce(c.pocket_of, c.share_class_id), on_day) p where c.share_class_id = of_class), false)
$$;
comment on function evergreen.by_series(uuid, date) is 'Whether the terms of a class in force on a day take its performance fee by series.';

create or replace function evergreen.series_of(l public.lots) returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when l.series <> '' then l.series else to_char(l.opened_on, 'YYYY-MM-DD') || '@' || trim_scale(l.price) end
$$;
comment on function evergreen.series_of(public.lots) is 'The series of a lot; one that has none yet is of the day and price it was opened at, and is named so by the first strike by series.';

create or replace function evergreen.new_series(of_strike uuid, of_class uuid, on_day date) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select to_char(on_day, 'YYYY-MM-DD') || case when exists (select from public.series_navs n where n.strike_id = of_strike and n.share_class_id = of_class and n.series = to_char(on_day, 'YYYY-MM-DD')) then '/2' else '' end
$$;
comment on function evergreen.new_series(uuid, uuid, date) is 'Name of the series that a dealing day opens: its date; a register that was taken over may have that name already.';

create or replace function evergreen.series_register(s public.nav_strikes, of_class uuid)
returns table (series text, units numeric, high_water numeric, since date) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.series_of(l), sum(l.units_left), max(coalesce(l.high_water, l.price)), min(coalesce(l.hurdle_from, l.opened_on))
    from public.lots l where s.supersedes is null and l.share_class_id = of_class and l.units_left > 0 group by 1
  union all
  select n.series, n.units, n.high_water, n.since from public.series_navs n where n.strike_id = s.supersedes and n.share_class_id = of_class
$$;
comment on function evergreen.series_register(public.nav_strikes, uuid) is 'The series that a strike of a class is over, with their units, mark and the day their hurdle runs from: those of the register, or of the strike it corrects.';

create or replace function evergreen.series_foot(s public.nav_strikes, of_class uuid, class_nav numeric, class_fee numeric, stated jsonb) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with said as materialized (
    select r.* from jsonb_to_recordset(case jsonb_typeof(stated) when 'array' then stated else '[]' end)
      r (series text, units numeric, nav numeric, nav_per_unit numeric, performance_accrued numeric, high_water numeric, since date)
  )
  select (select count(*) = count(distinct x.series) and sum(x.nav) = class_nav and sum(x.performance_accrued) = class_fee from said x)
     and not exists (select from evergreen.series_register(s, of_class) k full join said x on x.series = k.series cross join public.share_classes c
       where c.share_class_id = of_class and (x.units = k.units and x.high_water = k.high_water and x.since = k.since and x.nav > 0 and evergreen.within_exponent(x.nav, c.currency)
         and x.performance_accrued >= 0 and evergreen.within_exponent(x.performance_accrued, c.currency)
         and x.nav_per_unit > 0 and x.nav_per_unit = round(round(x.nav, 30) / k.units, c.price_dp)) is not true)
$$;
comment on function evergreen.series_foot(public.nav_strikes, uuid, numeric, numeric, jsonb) is
  'Whether what is said of the series of a class is true of its register: each once with its units, mark and hurdle, its price its value over its units, values and fees those of the class.';

create or replace function evergreen.series_open(of_strike uuid, of_class uuid)
returns table (series text, units numeric, price numeric, fee numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select n.series, n.units, n.nav_per_unit, case when exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = s.nav_date) then 0 else n.performance_accrued end
    from public.series_navs n join public.nav_strikes s using (strike_id) where n.strike_id = of_strike and n.share_class_id = of_class
$$;
comment on function evergreen.series_open(uuid, uuid) is 'The series of a class at a strike with their prices, fund currency per unit, and the fee that is open on them: nothing once it was taken on this very NAV.';
