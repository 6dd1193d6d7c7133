-- Deals of a restated NAV in a class with a performance fee (R24, R25, R30): what each came to, what it should have come to, and the terms of the lots it opened.

create or replace function evergreen.restated_days(s public.nav_strikes) returns setof public.dealing_days language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- deals are looked for under the first version: a restatement touches no order
  select d.* from public.dealing_days d where d.strike_id = evergreen.first_version(s.strike_id) and d.status in ('posted', 'claimable', 'settled', 'closed')
$$;
comment on function evergreen.restated_days(public.nav_strikes) is 'The days that dealt at the NAV that a strike restates.';

create or replace function evergreen.lot_references(of_class uuid, of_lots uuid[], on_day date) returns table (lot_id uuid, reference numeric) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  -- backwards from what is stored: a fee that was taken since says what the reference was before it, a distribution lowered it
  with marks as materialized (
    select m.as_of, m.cause, m.per_unit, m.body from evergreen.marks_known(of_class, 'infinity') m where m.as_of > on_day and m.cause in ('crystallisation', 'distribution')
  ), noted as materialized (
    select distinct on (x.lot_id) x.lot_id, x.reference, m.as_of from marks m cross join lateral jsonb_to_recordset(m.body -> 'lots') x (lot_id uuid, reference numeric)
     where m.cause = 'crystallisation' order by x.lot_id, m.as_of
  )
  select l.lot_id, coalesce(n.reference, l.high_water, l.price)
         + coalesce((select sum(m.per_unit) from marks m where m.cause = 'distribution' and m.as_of <= coalesce(n.as_of, 'infinity')), 0)
    from public.lots l left join noted n using (lot_id) where l.lot_id = any (of_lots)
$$;
comment on function evergreen.lot_references(uuid, uuid[], date) is 'What the reference of lots was on a day after its fee (R24), fund currency per unit.';

create or replace function evergreen.deal_lots(s public.nav_strikes) returns table (flow_id uuid, lot_id uuid, units numeric, reference numeric, credit numeric) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  with taken as materialized (
    select u.flow_id, u.lot_id, u.investor_id, u.share_class_id, -u.units as units, d.dealing_date
      from evergreen.restated_days(s) d cross join lateral evergreen.fee_terms(s.supersedes, d.share_class_id) t
      join public.ledger_transactions x on x.dealing_day_id = d.dealing_day_id and x.kind = 'dealing' join public.unit_ledger u on u.ledger_tx_id = x.ledger_tx_id and u.account = 'holder' and u.units < 0
      join public.fund_flows f on f.flow_id = u.flow_id and f.direction = 'redemption' and f.order_kind <> 'transfer' where t.open
  ), classes as (select t.share_class_id, t.dealing_date, array_agg(distinct t.lot_id) as lots, array_agg(distinct t.investor_id) as investors from taken t group by 1, 2),
  terms as materialized (
    select r.lot_id, r.reference, c.credit, c.units from classes k cross join lateral evergreen.lot_references(k.share_class_id, k.lots, k.dealing_date) r
      left join lateral evergreen.lot_credits(k.share_class_id, k.investors, array[k.dealing_date]) c on c.lot_id = r.lot_id
  )
  select t.flow_id, t.lot_id, t.units, r.reference, coalesce(round(round(r.credit, 30) * t.units / r.units, 18), 0) from taken t join terms r using (lot_id)
$$;
comment on function evergreen.deal_lots(public.nav_strikes) is 'Under equalisation: the lots that each redemption and switch of a restated NAV took, with the reference and the part of the credit that went along (R24), fund currency.';

create or replace function evergreen.restated_deals(s public.nav_strikes) returns table (dealing_day_id uuid, flow_id uuid, units numeric, was numeric, due numeric, fee numeric, terms jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with days as materialized (select d.* from evergreen.restated_days(s) d),
  classes as materialized (
    select c.share_class_id, o.method, o.rate, o.mark, o.open, o.entry_price as entered, n.entry_price as enters, n.price_before_fee as gav_is,
           was.nav_per_unit as price_was, is_now.nav_per_unit as price_is, u.exponent
      from (select distinct d.share_class_id from days d) c join public.share_classes k using (share_class_id) join public.currencies u on u.code = k.currency
      join public.class_navs was on was.strike_id = s.supersedes and was.share_class_id = c.share_class_id join public.class_navs is_now on is_now.strike_id = s.strike_id and is_now.share_class_id = c.share_class_id
      cross join lateral evergreen.fee_terms(s.supersedes, c.share_class_id) o cross join lateral evergreen.fee_terms(s.strike_id, c.share_class_id) n
  ), series as materialized (
    select c.share_class_id, o.series, o.price as price_was, n.price as price_is, n.fee as fee_is, n.units from classes c cross join lateral evergreen.series_open(s.supersedes, c.share_class_id) o
      join lateral evergreen.series_open(s.strike_id, c.share_class_id) n on n.series = o.series where c.method = 'series'
  ), lots as (
    select p.flow_id, sum(least(p.credit, x.fee_is) - x.paid_is) as due, sum(x.fee_is - least(p.credit, x.fee_is) + x.paid_is) as fee
      from evergreen.deal_lots(s) p join public.lots l using (lot_id) join classes c on c.share_class_id = l.share_class_id
      cross join lateral (select c.rate * greatest(0, c.gav_is - c.mark) * p.units as fee_is, c.rate * greatest(0, least(c.gav_is, c.mark) - p.reference) * p.units as paid_is) x
     group by 1
  ), pieces as (
    select a.flow_id, sum(p.units * n.price_was) as was, sum(p.units * n.price_is) as due, sum(round(round(n.fee_is * p.units, 30) / n.units, c.exponent)) as fee,
           jsonb_agg(jsonb_build_object('series', p.series, 'units', trim_scale(p.units)::text, 'published', trim_scale(n.price_was)::text, 'correct', trim_scale(n.price_is)::text) order by p.lot_id) as list
      from days d join public.allocations a using (dealing_day_id) join classes c on c.share_class_id = a.share_class_id cross join lateral jsonb_to_recordset(a.pieces) p (lot_id uuid, series text, units numeric)
      join series n on n.share_class_id = a.share_class_id and n.series = p.series group by 1
  )
  select d.dealing_day_id, a.flow_id, a.filled_units, x.was, x.due, x.fee,
         case when c.method in ('equalisation', 'series') then jsonb_strip_nulls(jsonb_build_object('published', trim_scale(x.published)::text, 'correct', trim_scale(x.correct)::text,
           'was', trim_scale(round(x.was, 12))::text, 'due', trim_scale(round(x.due, 12))::text, 'performance_fee', trim_scale(x.fee)::text, 'series', p.list,
           'reference', case when f.direction = 'subscription' and c.method = 'equalisation' then trim_scale(x.correct)::text end,
           'credit', case when f.direction = 'subscription' and c.method = 'equalisation' then trim_scale(case when c.open then round(c.rate * greatest(0, c.enters - c.mark) * a.filled_units, 18) else 0 end)::text end))
         else '{}'::jsonb end
    from days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer' join classes c on c.share_class_id = a.share_class_id
    left join lots l on l.flow_id = a.flow_id left join pieces p on p.flow_id = a.flow_id
    cross join lateral (select case f.direction when 'subscription' then c.entered else c.price_was end as published, case f.direction when 'subscription' then c.enters else c.price_is end as correct) e
    cross join lateral (select case when p.flow_id is not null then round(p.was / a.filled_units, 18) else e.published end as published, case when p.flow_id is not null then round(p.due / a.filled_units, 18) else e.correct end as correct,
      coalesce(p.was, a.filled_units * e.published + case f.direction when 'redemption' then a.credit else 0 end) as was, coalesce(p.due, a.filled_units * e.correct + coalesce(l.due, 0)) as due,
      case when f.direction = 'redemption' then a.performance_fee - coalesce(p.fee, round(l.fee, c.exponent), 0) else 0 end as fee) x
   where a.filled_units > 0
$$;
comment on function evergreen.restated_deals(public.nav_strikes) is
  'What every deal at a restated NAV came to and should have come to (fund currency, exact: R24 with credit and depreciation, R25 series by series), the performance fee it paid too much (below zero: too little), and what its lot should have entered with.';

create or replace function evergreen.refuse_restating(s public.nav_strikes) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad text;
begin
  -- lots that were split since, or went through more than one fee, do not say any more what each part of them would have been
  select left(c.code, 40) || case when x.pockets then ': a side pocket was opened since' when x.taken > 1 then ': its fee was taken more than once since' when x.lowered and x.taken > 0 then ': its mark was lowered by a distribution since its fee was taken'
           when x.moved then ': units were transferred since' else ': its fee was taken by series on that NAV, and its series went on from there' end into bad
    from public.class_navs n join public.share_classes c using (share_class_id) cross join lateral evergreen.fee_terms(s.strike_id, n.share_class_id) t
    cross join lateral (select coalesce(bool_or(m.cause = 'side_pocket'), false) as pockets, count(*) filter (where m.cause = 'crystallisation') as taken, coalesce(bool_or(m.cause = 'distribution'), false) as lowered,
      coalesce(bool_or(m.cause = 'crystallisation' and m.as_of = s.nav_date), false) as here,
      exists (select from public.dealing_days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind = 'transfer'
        where d.share_class_id = n.share_class_id and d.dealing_date >= s.nav_date and d.status in ('posted', 'claimable', 'settled', 'closed')) as moved
      from evergreen.marks_known(n.share_class_id, 'infinity') m where m.as_of >= s.nav_date and m.cause <> 'opening') x
   where n.strike_id = s.strike_id and t.method in ('equalisation', 'series')
     and case t.method when 'equalisation' then x.pockets or x.taken > 1 or (x.lowered and x.taken > 0) or x.moved else x.here end limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG428', 'What the NAV would have been for its holders cannot be determined in class ' || coalesce(bad, '') || '.');
end $$;
comment on function evergreen.refuse_restating(public.nav_strikes) is 'Refuses (EG428, with the class and the reason) to restate a NAV where it cannot be said what its deals and its performance fee would have been.';
