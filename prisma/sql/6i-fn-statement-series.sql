-- Statements of a class by series (R25): the series of a lot on a day, every strike series by series, and the entries and the account of a holder at the own prices.

create or replace function evergreen.rolled_lots(of_class uuid, known_on timestamptz)
returns table (lot_id uuid, series text, into_series text, as_of date, recorded_at timestamptz, change numeric, cash numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.lot_id, r.series, s.rolled_into, m.as_of, m.recorded_at, r.change, r.cash
    from public.class_marks m join public.proposals p on p.proposal_id = (m.body ->> 'proposal_id')::uuid
    cross join lateral jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, series text, change numeric, cash numeric)
    join lateral jsonb_to_recordset(m.body -> 'series') s (series text, rolled_into text) on s.series = r.series
   where m.share_class_id = of_class and m.cause = 'crystallisation' and m.body ? 'series' and m.recorded_at <= known_on
     and not exists (select from public.ledger_transactions x where x.reverses = m.ledger_tx_id and x.recorded_at <= known_on)
$$;
comment on function evergreen.rolled_lots(uuid, timestamptz) is 'Lots that were rolled from one series into another, known up to a time: signed units, and the cash that rounding left.';

create or replace function evergreen.series_strikes(of_class uuid, known_on timestamptz)
returns table (strike_id uuid, nav_date date, version int, published_at timestamptz, series text, nav_per_unit numeric, dealing_price_sub numeric, dealing_price_red numeric,
  management_fee_per_unit numeric, performance_fee_per_unit numeric, distribution_per_unit numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with struck as materialized (
    select c.*, n.nav + n.performance_accrued as before_fee, evergreen.by_series(of_class, c.nav_date) as by_series from evergreen.class_strikes(of_class, known_on) c
      join public.class_navs n on n.strike_id = c.strike_id and n.share_class_id = of_class
  ), swung as (
    select d.strike_id, (d.terms ->> 'swing_red')::numeric as swing_red from public.dealing_days d where d.share_class_id = of_class and d.terms is not null
  )
  select c.strike_id, c.nav_date, c.version, c.published_at, n.series, n.nav_per_unit, null::numeric, round(n.nav_per_unit * (1 + w.swing_red), k.price_dp),
         -- the class's costs belong to its series as its result does, by value before fee
         round(c.management_fee_per_unit * c.units * (n.nav + n.performance_accrued) / c.before_fee / n.units, 18),
         round(n.performance_accrued / n.units - coalesce(b.fee, 0), 18), c.distribution_per_unit
    from struck c join public.series_navs n on n.strike_id = c.strike_id and n.share_class_id = of_class join public.share_classes k on k.share_class_id = of_class left join swung w on w.strike_id = c.strike_id
    -- what was open at the strike before, unless it was taken there
    left join lateral (select case when exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = p.nav_date and m.recorded_at <= known_on)
        then 0 else x.performance_accrued / x.units end as fee
      from struck p join public.series_navs x on x.strike_id = p.strike_id and x.share_class_id = of_class and x.series = n.series
     where p.nav_date < c.nav_date order by p.nav_date desc, p.published_at desc, p.version desc limit 1) b on true
  union all
  -- a series is worth its issue price on the day that opens it
  select distinct c.strike_id, c.nav_date, c.version, c.published_at, a.series, a.high_water, a.price, null::numeric, null::numeric, null::numeric, 0::numeric
    from struck c join public.dealing_days d on d.share_class_id = of_class and d.dealing_date = c.nav_date join public.allocations a on a.dealing_day_id = d.dealing_day_id and a.share_class_id = of_class
   where c.by_series and a.series <> '' and a.filled_units > 0
     and not exists (select from public.series_navs n where n.strike_id = c.strike_id and n.share_class_id = of_class and n.series = a.series)
  union all
  -- before the fee was by series every lot had the price of the class
  select c.strike_id, c.nav_date, c.version, c.published_at, l.series, c.nav_per_unit, c.dealing_price_sub, c.dealing_price_red, c.management_fee_per_unit, c.performance_fee_per_unit, c.distribution_per_unit
    from struck c cross join (select distinct evergreen.series_of(x) as series from public.lots x where x.share_class_id = of_class
      union select r.series from evergreen.rolled_lots(of_class, known_on) r) l
   where not c.by_series and not exists (select from public.series_navs n where n.strike_id = c.strike_id and n.share_class_id = of_class)
$$;
comment on function evergreen.series_strikes(uuid, timestamptz) is
  'Every published version of every strike of a class up to a time, series by series; fees and distributions are money per unit since the strike before. Fund currency.';

create or replace function evergreen.series_entries(of_class uuid, of_investors uuid[], known_on timestamptz, since date)
returns table (entry_id uuid, investor_id uuid, lot_id uuid, flow_id uuid, effective_on date, recorded_at timestamptz, kind text, via text, units numeric, amount numeric,
  price numeric, charge numeric, reverses uuid, sign int, series text, turn int, rolled_cash numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with told as materialized (
    select e.* from evergreen.statement_entries(of_class, of_investors, known_on, null) e
  ), rolled as materialized (
    select r.*, l.investor_id, coalesce((select sum(t.units) from told t where t.lot_id = r.lot_id and t.effective_on < r.as_of), 0) as units
      from evergreen.rolled_lots(of_class, known_on) r join public.lots l on l.lot_id = r.lot_id where l.investor_id = any (of_investors)
  ), placed as (
    select t.*, coalesce((select r.series from rolled r where r.lot_id = t.lot_id and r.as_of > t.effective_on order by r.as_of limit 1), evergreen.series_of(l)) as series,
           p.price as piece_price, p.amount as piece_amount, coalesce(p.first, false) as first, a.levy, a.fee
      from told t join public.lots l on l.lot_id = t.lot_id
      left join public.allocations a on t.kind = 'redemption' and a.flow_id = t.flow_id and a.pieces <> '[]'
      left join lateral (select x.price, x.amount, x.place = 1 as first from jsonb_array_elements(a.pieces) with ordinality e (piece, place)
          cross join lateral (select (e.piece ->> 'lot_id')::uuid as lot_id, (e.piece ->> 'price')::numeric as price, (e.piece ->> 'amount')::numeric as amount, e.place) x where x.lot_id = t.lot_id) p on true
     where not exists (select from rolled r where r.lot_id = t.lot_id and r.as_of = t.effective_on and t.kind = 'equalisation')
  )
  select p.entry_id, p.investor_id, p.lot_id, case when p.piece_price is null then p.flow_id end, p.effective_on, p.recorded_at, p.kind, p.via, p.units,
         -- lot by lot at the price of its series; what was taken off the order is taken off its first piece
         case when p.piece_price is null then p.amount else p.piece_amount - case when p.first then p.levy + p.fee else 0 end end,
         coalesce(p.piece_price, p.price), case when p.piece_price is null then p.charge when p.first then p.levy + p.fee else 0 end, p.reverses, p.sign, p.series, 1, 0::numeric
    from placed p where since is null or p.effective_on > since
  union all
  -- a roll-up takes a lot out of its series and puts it into the lead
  select md5(r.lot_id || e.kind || r.as_of)::uuid, r.investor_id, r.lot_id, null, r.as_of, r.recorded_at, e.kind, 'roll_up', e.units, 0, null, 0, null, 1, e.series, 0, e.cash
    from rolled r cross join lateral (values ('transfer_out', -r.units, r.series, 0::numeric), ('transfer_in', r.units + r.change, r.into_series, r.cash)) e (kind, units, series, cash)
   where since is null or r.as_of > since
$$;
comment on function evergreen.series_entries(uuid, uuid[], timestamptz, date) is
  'Entries of holders of a class by series, as statement_entries tells them, each with its series and its own price and cash; a roll-up is a pair that leaves one series for another.';

create or replace function evergreen.series_accounts(of_class uuid, of_investors uuid[], struck_id uuid, struck_on date, before_id uuid, before_on date)
returns table (investor_id uuid, units_from numeric, units_to numeric, opening numeric, paid_in numeric, paid_out numeric, distributed numeric, transferred numeric, gained numeric,
  managed numeric, performed numeric, credit_changed numeric, differed numeric, closing numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with entries as materialized (
    select * from evergreen.series_entries(of_class, of_investors, now(), null)
  ), strikes as materialized (
    select s.* from evergreen.series_strikes(of_class, now()) s where s.strike_id in (struck_id, before_id)
  ), dealt as materialized (
    select e.*, s.nav_per_unit as worth from entries e left join strikes s on s.strike_id = struck_id and s.series = e.series
     where e.effective_on > coalesce(before_on, '-infinity') and e.effective_on <= struck_on
  ), held as (
    select e.investor_id, e.series, coalesce(sum(e.units) filter (where e.effective_on <= before_on), 0) as units_from, coalesce(sum(e.units) filter (where e.effective_on < struck_on), 0) as units_before,
           sum(e.units) as units_to from entries e where e.effective_on <= struck_on group by 1, 2
  ), valued as (
    select h.investor_id, sum(h.units_from) as units_from, sum(h.units_to) as units_to, sum(h.units_from * coalesce(f.nav_per_unit, 0)) as opening, sum(h.units_to * coalesce(t.nav_per_unit, 0)) as closing,
           sum(h.units_from * (coalesce(t.nav_per_unit, f.nav_per_unit) - f.nav_per_unit)) as moved, sum(h.units_before * coalesce(t.management_fee_per_unit, 0)) as managed,
           sum(h.units_before * coalesce(t.performance_fee_per_unit, 0)) as performed, sum(h.units_before * coalesce(t.distribution_per_unit, 0)) as given
      from held h left join strikes f on f.strike_id = before_id and f.series = h.series left join strikes t on t.strike_id = struck_id and t.series = h.series group by 1
  ), sums as (
    select k.id as investor_id,
           coalesce(sum(d.sign * d.amount) filter (where d.kind = 'subscription'), 0) as paid_in, coalesce(sum(d.sign * d.amount) filter (where d.kind = 'redemption'), 0) as paid_out,
           coalesce(sum(d.sign * d.amount) filter (where d.kind = 'distribution'), 0) as distributed,
           coalesce(sum(d.units * c.came_at) filter (where d.kind in ('transfer_in', 'transfer_out')), 0) as transferred,
           coalesce(sum(d.units * (d.worth - c.came_at)) filter (where d.kind in ('transfer_in', 'transfer_out')), 0) as gained_since,
           coalesce(sum(d.units * d.worth) filter (where d.kind in ('subscription', 'redemption', 'equalisation')), 0) as dealt_at_nav
      from unnest(of_investors) k (id) left join dealt d on d.investor_id = k.id
      left join lateral (select case when d.via = 'taken_over' and d.effective_on < struck_on then d.price else d.worth end as came_at) c on true group by k.id
  )
  select s.investor_id, coalesce(v.units_from, 0), coalesce(v.units_to, 0), coalesce(v.opening, 0), s.paid_in, s.paid_out, s.distributed, s.transferred,
         coalesce(v.moved, 0) + s.gained_since + coalesce(v.managed + v.performed + v.given, 0), coalesce(v.managed, 0), coalesce(v.performed, 0), 0::numeric,
         s.dealt_at_nav - (s.paid_in - s.paid_out) + s.distributed - coalesce(v.given, 0), coalesce(v.closing, 0)
    from sums s left join valued v on v.investor_id = s.investor_id
$$;
comment on function evergreen.series_accounts(uuid, uuid[], uuid, date, uuid, date) is
  'The account of holders of a class by series between two strikes, exact: units, and the money of every line at the prices of their series; what a roll-up rounded down to cash is among the transfers.';

create or replace function evergreen.series_books(class public.share_classes, of_investor uuid, limit_at timestamptz) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with known as materialized (
    select e.* from evergreen.series_entries(class.share_class_id, array[of_investor], limit_at, null) e where e.recorded_at <= limit_at
  ), strikes as materialized (
    select s.* from evergreen.series_strikes(class.share_class_id, limit_at) s
     where s.nav_date >= (select min(k.effective_on) from known k) and s.series in (select k.series from known k)
  ), taken as (
    select k.effective_on as nav_date, min(k.recorded_at) as published_at, k.series, round(sum(k.units * k.price) / sum(k.units), 18) as nav_per_unit
      from known k where k.via = 'taken_over' and k.sign = 1 and not exists (select from strikes s where s.nav_date = k.effective_on and s.series = k.series) group by k.effective_on, k.series
  )
  select jsonb_build_object(
    'feesStated', coalesce((select bool_and(s.management_fee_per_unit is not null or s.performance_fee_per_unit is not null) from strikes s where s.dealing_price_sub is null), false),
    'entries', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', k.entry_id, 'effectiveOn', k.effective_on, 'recordedAt', to_char(k.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'lot', k.lot_id, 'series', k.series, 'kind', k.kind, 'units', trim_scale(k.units)::text, 'amount', trim_scale(k.amount)::text,
        'price', case when k.kind in ('subscription', 'redemption') then trim_scale(k.price)::text end, 'charge', trim_scale(k.charge)::text, 'equalisation', '0', 'reverses', k.reverses,
        'order', case when k.kind in ('subscription', 'redemption') then k.flow_id end)) order by k.effective_on, k.turn, k.recorded_at, k.kind desc, k.entry_id) from known k), '[]'),
    'strikes', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('date', s.nav_date, 'series', s.series, 'recordedAt', to_char(s.published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'navPerUnit', trim_scale(s.nav_per_unit)::text, 'dealingPriceSub', trim_scale(s.dealing_price_sub)::text, 'dealingPriceRed', trim_scale(s.dealing_price_red)::text,
        'distributionPerUnit', trim_scale(s.distribution_per_unit)::text, 'managementFeePerUnit', trim_scale(s.management_fee_per_unit)::text, 'performanceFeePerUnit', trim_scale(s.performance_fee_per_unit)::text))
        order by s.nav_date, s.published_at, s.version, s.series)
      from (select nav_date, published_at, 0 as version, series, nav_per_unit, null::numeric as dealing_price_sub, null::numeric as dealing_price_red, null::numeric as management_fee_per_unit,
                   null::numeric as performance_fee_per_unit, null::numeric as distribution_per_unit from taken
            union all select nav_date, published_at, version, series, nav_per_unit, dealing_price_sub, dealing_price_red, management_fee_per_unit, performance_fee_per_unit, distribution_per_unit from strikes) s), '[]'))
$$;
comment on function evergreen.series_books(public.share_classes, uuid, timestamptz) is
  'Of the books of an investor in a class by series: entries with their series and strikes series by series, in the shape of fn_statement_books.';

create or replace function evergreen.series_performance(c public.share_classes, wanted uuid[], limit_at timestamptz) returns setof jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with entries as materialized (
    select e.* from evergreen.series_entries(c.share_class_id, wanted, limit_at, null) e where e.recorded_at <= limit_at
  ), flows as (
    -- a roll-up is a transfer at the two prices: what it leaves is the cash that was paid
    select e.series, e.effective_on, v.via, sum(e.units) as units,
           sum(case when e.via = 'taken_over' then round(e.units * e.price, 4) when e.kind = 'subscription' then e.sign * e.amount
                 when e.via = 'switch' and e.kind = 'transfer_in' then round(e.units * e.price, 4) else 0 end) as paid_in,
           sum(case when e.kind in ('redemption', 'distribution') then e.sign * e.amount else 0 end) as paid_out
      from entries e cross join lateral (select case e.via when 'roll_up' then 'transfer' else e.via end as via) v group by 1, 2, 3
  ), prices as (
    select distinct on (s.series, s.nav_date) s.series, s.nav_date, s.nav_per_unit, s.distribution_per_unit,
           case when num_nulls(s.management_fee_per_unit, s.performance_fee_per_unit) < 2 then coalesce(s.management_fee_per_unit, 0) + coalesce(s.performance_fee_per_unit, 0) end as fees
      from evergreen.series_strikes(c.share_class_id, limit_at) s order by s.series, s.nav_date, s.published_at desc, s.version desc
  )
  select jsonb_build_object('id', c.share_class_id || '/' || k.series, 'code', c.code || ' ' || k.series,
      'prices', coalesce((select jsonb_agg(jsonb_build_object('date', p.nav_date, 'price', trim_scale(p.nav_per_unit)::text, 'distributed', trim_scale(p.distribution_per_unit)::text,
        'fees', trim_scale(p.fees)::text) order by p.nav_date) from prices p where p.series = k.series), '[]'),
      'flows', coalesce((select jsonb_agg(jsonb_build_object('date', f.effective_on, 'via', f.via, 'units', trim_scale(f.units)::text, 'paidIn', trim_scale(f.paid_in)::text,
        'paidOut', trim_scale(f.paid_out)::text) order by f.effective_on, f.via) from flows f where f.series = k.series and (f.units <> 0 or f.paid_in <> 0 or f.paid_out <> 0)), '[]'))
    from (select distinct e.series from entries e) k
$$;
comment on function evergreen.series_performance(public.share_classes, uuid[], timestamptz) is
  'Prices and dated flows of a class series by series, each in the shape of a class of fn_performance_books: a series is measured at its own price.';
