-- A class whose performance fee is by series (R25): which series a lot is of, what each series stands at, what leaves at which price, and what a strike has to say of them.

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

create or replace function evergreen.series_pieces(d public.dealing_days)
returns table (flow_id uuid, lot_id uuid, series text, units numeric, price numeric, amount numeric, worth numeric, performance_fee numeric) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  select x.flow_id, x.lot_id, x.series, x.units, x.price, trunc(x.units * x.price, x.exponent), trunc(x.units * x.struck, x.exponent), round(round(x.fee * x.units, 30) / x.of_units, x.exponent)
    from (
      select p.flow_id, p.lot_id, n.series, -p.units as units, n.price as struck, n.fee, n.units as of_units, u.exponent,
             -- a switch deals at the unswung price on both sides
             case f.order_kind when 'plain' then round(n.price * (1 + coalesce((d.terms ->> 'swing_red')::numeric, 0)), c.price_dp) else n.price end as price
        from unnest(evergreen.consume_lots(d)) p join public.fund_flows f on f.flow_id = p.flow_id and f.order_kind <> 'transfer'
        join public.lots l on l.lot_id = p.lot_id join public.share_classes c on c.share_class_id = l.share_class_id join public.currencies u on u.code = f.currency
        cross join lateral evergreen.series_open(d.strike_id, l.share_class_id) n
       where n.series = evergreen.series_of(l)) x
$$;
comment on function evergreen.series_pieces(public.dealing_days) is
  'What the redemptions and switches of a day take of which lot by series: units at the dealing price of its series down to the minor unit, what that is worth unswung, and its share of the fee that the series has open, HALF_UP.';

create or replace function evergreen.check_series(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad int;
begin
  if not exists (select from public.allocations a where a.dealing_day_id = d.dealing_day_id and evergreen.by_series(a.share_class_id, d.dealing_date)) then
    return;
  end if;
  -- a subscription opens the series of the day, whose mark is the issue price
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) cross join lateral evergreen.fee_terms(d.strike_id, a.share_class_id) t
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and f.order_kind <> 'transfer' and t.method = 'series'
     and (a.series = evergreen.new_series(d.strike_id, a.share_class_id, d.dealing_date) and a.high_water = t.entry_price) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' subscriptions have not the series of the day or its mark.');
  with due as materialized (select p.flow_id, sum(p.units) as units, sum(p.amount) as amount, sum(p.performance_fee) as fee, jsonb_agg(to_jsonb(p) - 'flow_id' order by p.lot_id) as list from evergreen.series_pieces(d) p group by 1)
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) left join due x using (flow_id)
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind <> 'transfer' and evergreen.by_series(a.share_class_id, d.dealing_date)
     and (a.filled_units = coalesce(x.units, 0) and a.gross_amount = coalesce(x.amount, 0) and a.performance_fee = coalesce(x.fee, 0) and a.credit = 0 and a.pieces = coalesce(x.list, '[]')) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' redemptions have not what their lots give at the prices of their series.');
end $$;
comment on function evergreen.check_series(public.dealing_days) is 'Refuses (EG424) a subscription that is not in the series of the day, or a redemption that is not dealt lot by lot at the price of its series (R25).';

create or replace function evergreen.series_assets(of_class uuid, of_strike uuid, until_day date, known_until timestamptz)
returns table (series text, assets numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with struck as materialized (
    select n.*, s.nav_date, s.fund_id, u.exponent, (select x.recorded_at from public.nav_strikes x where x.strike_id = evergreen.first_version(s.strike_id)) as known_at
      from public.series_navs n join public.nav_strikes s using (strike_id) join public.share_classes c using (share_class_id) join public.currencies u on u.code = c.currency
     where n.strike_id = of_strike and n.share_class_id = of_class
  ), one as (select distinct k.nav_date, k.exponent, k.known_at from struck k),
  taken as (
    -- what was crystallised on that strike, and what was rolled into the lead with it
    select r.*, k.nav + k.performance_accrued - r.fee as left_over from one cross join public.class_marks m
      cross join lateral jsonb_to_recordset(m.body -> 'series') r (series text, fee numeric, rolled_into text, cash numeric) join struck k on k.series = r.series
     where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = one.nav_date
  ), dealt as (
    select a.*, f.direction, f.order_kind, one.exponent from one join public.dealing_days d on d.dealing_date >= one.nav_date and d.dealing_date < until_day and d.status in ('posted', 'claimable', 'settled', 'closed')
      join public.allocations a on a.dealing_day_id = d.dealing_day_id and a.share_class_id = of_class join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer'
  ), moves (series, amount) as (
    select k.series, k.nav + k.performance_accrued from struck k
    union all select t.series, -t.fee from taken t
    union all select e.series, e.amount from taken t cross join lateral (values (t.series, -t.left_over), (t.rolled_into, t.left_over - t.cash)) e (series, amount) where t.rolled_into is not null
    -- what swing or spread made dearer is everybody's
    union all select a.series, case when a.price = a.high_water then a.net_amount else trunc(round(a.net_amount * a.high_water, 30) / a.price, a.exponent) end from dealt a where a.direction = 'subscription' and a.series <> ''
    union all select p.series, -(p.worth + p.performance_fee) from dealt a cross join lateral jsonb_to_recordset(a.pieces) p (series text, worth numeric, performance_fee numeric) where a.direction = 'redemption'
    union all select r.series, -r.amount from one cross join public.class_marks m cross join lateral jsonb_to_recordset(m.body -> 'series') r (series text, amount numeric)
     where m.share_class_id = of_class and m.cause = 'distribution' and m.recorded_at > one.known_at and m.recorded_at < known_until
  )
  select m.series, sum(m.amount) from moves m group by m.series having sum(m.amount) > 0
$$;
comment on function evergreen.series_assets(uuid, uuid, date, timestamptz) is
  'What each series of a class stands at before fee and before the result since a strike (fund currency): as struck, with what was subscribed, without what was redeemed, crystallised, rolled or distributed.';
