-- What a performance fee does to dealing (R22, R24): the mark of a class for a day, the price before fee, and what each lot would pay and get.

create or replace function evergreen.marks_known(of_class uuid, known_on timestamptz) returns setof public.class_marks language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.* from public.class_marks m where m.share_class_id = of_class and m.recorded_at <= known_on
     and not exists (select from public.class_marks x where x.replaces = m.mark_id and x.recorded_at <= known_on)
$$;
comment on function evergreen.marks_known(uuid, timestamptz) is 'What moved the mark of a class, as known on a time: a fee that was taken again stands in place of the first.';

create or replace function evergreen.mark_on(of_class uuid, on_day date, after_fee boolean) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- R22: the last thing that moved it; before anything did, the mark that came with the register, or the first price
  select coalesce((select m.high_water from evergreen.marks_known(of_class, 'infinity') m
                    where (m.cause = 'opening' or m.as_of < on_day or (m.as_of = on_day and (after_fee or m.cause = 'distribution')))
                    order by m.cause <> 'opening' desc, m.as_of desc, m.updated_at desc limit 1),
                  (select c.issue_price from public.share_classes c where c.share_class_id = of_class))
$$;
comment on function evergreen.mark_on(uuid, date, boolean) is
  'High-water mark of a class for the NAV of a day, fund currency per unit: what was distributed by then has lowered it; what the NAV of that day crystallised counts after its fee only.';

create or replace function evergreen.fee_terms(of_strike uuid, of_class uuid)
returns table (method text, rate numeric, mark numeric, price_before_fee numeric, entry_price numeric, open boolean) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select x.method, x.rate, x.mark, x.gav, case when x.open then round(x.gav, x.price_dp) when x.method = 'series' then coalesce(x.issue_price, x.nav_per_unit) else x.nav_per_unit end, x.open from (
    select p.body #>> '{fees,performance,method}' as method, coalesce((p.body #>> '{fees,performance,rate}')::numeric, 0) as rate,
           evergreen.mark_on(n.share_class_id, s.nav_date, true) as mark, round(n.nav + n.performance_accrued, 30) / nullif(n.units, 0) as gav, n.nav_per_unit, c.price_dp, c.issue_price,
           p.body #>> '{fees,performance,method}' = 'equalisation' and n.units > 0 and not exists (select from public.class_marks m
             where m.share_class_id = n.share_class_id and m.cause = 'crystallisation' and m.as_of = s.nav_date) is true as open
      from public.class_navs n join public.nav_strikes s using (strike_id) join public.share_classes c using (share_class_id)
      left join lateral evergreen.dealing_policy(n.share_class_id, s.nav_date) p on true
     where n.strike_id = of_strike and n.share_class_id = of_class) x
$$;
comment on function evergreen.fee_terms(uuid, uuid) is
  'How a class deals at a strike (R24), fund currency per unit: the price before performance fee, at which is subscribed (by series at the issue price, R25), and the mark; not open: no equalisation, or the fee was taken on this very NAV.';

create or replace function evergreen.lot_dues(of_strike uuid, of_class uuid, of_lots uuid[])
returns table (lot_id uuid, fee numeric, refund numeric, depreciation numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- money for all units of the lot, exact to 20 decimals
  select l.lot_id, x.fee, least(l.equalisation_credit, x.fee), t.rate * greatest(0, least(t.price_before_fee, t.mark) - coalesce(l.high_water, l.price)) * l.units_left
    from evergreen.fee_terms(of_strike, of_class) t join public.lots l on l.lot_id = any (of_lots)
    cross join lateral (select t.rate * greatest(0, t.price_before_fee - t.mark) * l.units_left as fee) x where t.open
$$;
comment on function evergreen.lot_dues(uuid, uuid, uuid[]) is
  'What lots of a class would pay and get if their fee crystallised at a strike (R24), fund currency: their part of the fee of the class, the refund of their credit as far as that reaches, their own depreciation charge.';
