-- What an investor is told: the books of a holder as known on a time, the flows that performance is measured from, and one stored statement per dealing day.

create or replace function public.fn_statement_books(investor_id uuid, share_class_id uuid, known_on timestamptz default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  class public.share_classes;
  limit_at timestamptz := coalesce(known_on, now());
  answer jsonb;
begin
  perform evergreen.require_role('lp_role', 'pm_role', 'ops_role', 'audit_role');
  perform evergreen.refuse_unless(exists (select from public.investors i where i.investor_id = fn_statement_books.investor_id)
    and (evergreen.role_name() <> 'lp_role' or exists (select from evergreen.my_investors m where m.investor_id = fn_statement_books.investor_id)), 'EG404', 'No investor with that id.');
  select * into class from public.share_classes c where c.share_class_id = fn_statement_books.share_class_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id.');
  perform evergreen.refuse_unless(isfinite(limit_at), 'EG400', 'known_on is a time.');
  with known as materialized (
    select e.* from evergreen.statement_entries(class.share_class_id, array[fn_statement_books.investor_id], limit_at, null) e where e.recorded_at <= limit_at
  ), others as materialized (
    -- every entry there is, with its day where it was known
    select e.lot_id, e.units, k.effective_on from evergreen.statement_entries(class.share_class_id, array[fn_statement_books.investor_id], 'infinity', null) e
      left join known k on k.entry_id = e.entry_id where e.units <> 0
  ), strikes as materialized (
    select s.* from evergreen.class_strikes(class.share_class_id, limit_at) s where s.nav_date >= (select min(k.effective_on) from known k)
  ), taken as (
    -- units taken over have the price of the take-over on days on which nothing was struck
    select k.effective_on as nav_date, min(k.recorded_at) as published_at, round(sum(k.units * k.price) / sum(k.units), 18) as nav_per_unit
      from known k where k.via = 'taken_over' and k.sign = 1 and k.effective_on not in (select s.nav_date from strikes s) group by k.effective_on
  ), valued as materialized (
    -- days on which a lot changed, and every strike: a credit is worth something else on each
    select y.nav_date, (select s.equalisation_per_unit from strikes s where s.nav_date = y.nav_date order by s.published_at desc, s.version desc limit 1) as reach
      from (select k.effective_on as nav_date from known k union select s.nav_date from strikes s) y
  ), credits as materialized (
    select c.* from evergreen.lot_credits(class.share_class_id, array[fn_statement_books.investor_id], array(select v.nav_date from valued v)) c
  ), lots as (
    -- backwards from what is stored as left, so that entries and lots are two sources
    select l.lot_id, x.nav_date as effective_on, x.recorded_at, x.units, evergreen.credit_value(x.credit, x.of_units, x.units, x.reach) as equalisation
      from public.lots l
      cross join lateral (
        select v.nav_date, v.reach, c.credit, c.units as of_units, (select max(k.recorded_at) from known k where k.lot_id = l.lot_id and k.effective_on <= v.nav_date) as recorded_at,
               l.units_left - coalesce((select sum(o.units) from others o where o.lot_id = l.lot_id and (o.effective_on is null or o.effective_on > v.nav_date)), 0) as units
          from (select k.effective_on as day from known k where k.lot_id = l.lot_id union select c.day from credits c where c.lot_id = l.lot_id and c.credit > 0) d
          join valued v on v.nav_date = d.day left join credits c on c.lot_id = l.lot_id and c.day = d.day) x
     where l.share_class_id = class.share_class_id and l.investor_id = fn_statement_books.investor_id and x.recorded_at is not null
  )
  select jsonb_build_object(
    'fund', jsonb_build_object('code', f.code, 'name', f.name, 'synthetic', f.synthetic),
    'shareClass', jsonb_build_object('id', class.share_class_id, 'code', class.code),
    'feesStated', coalesce((select bool_and(s.management_fee_per_unit is not null or s.performance_fee_per_unit is not null) from strikes s), false),
    'takenOver', exists (select from known k where k.via = 'taken_over'),
    'currency', class.currency, 'unitsDp', class.units_dp, 'investor', fn_statement_books.investor_id,
    'knownOn', to_char(limit_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'entries', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', k.entry_id, 'effectiveOn', k.effective_on,
        'recordedAt', to_char(k.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'lot', k.lot_id, 'kind', k.kind, 'units', trim_scale(k.units)::text,
        'amount', trim_scale(k.amount)::text, 'price', case when k.kind in ('subscription', 'redemption', 'equalisation') then trim_scale(k.price)::text end,
        'charge', trim_scale(k.charge)::text, 'equalisation', trim_scale(k.equalisation)::text, 'reverses', k.reverses,
        'order', case when k.kind in ('subscription', 'redemption') then k.flow_id end)) order by k.effective_on, k.recorded_at, k.entry_id) from known k), '[]'),
    'lots', coalesce((select jsonb_agg(jsonb_build_object('lot', l.lot_id, 'effectiveOn', l.effective_on,
        'recordedAt', to_char(l.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'units', trim_scale(l.units)::text,
        'equalisation', trim_scale(l.equalisation)::text) order by l.lot_id, l.effective_on) from lots l), '[]'),
    'strikes', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('date', s.nav_date,
        'recordedAt', to_char(s.published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'navPerUnit', trim_scale(s.nav_per_unit)::text,
        'dealingPriceSub', trim_scale(s.dealing_price_sub)::text, 'dealingPriceRed', trim_scale(s.dealing_price_red)::text, 'distributionPerUnit', trim_scale(s.distribution_per_unit)::text,
        'managementFeePerUnit', trim_scale(s.management_fee_per_unit)::text, 'performanceFeePerUnit', trim_scale(s.performance_fee_per_unit)::text)) order by s.nav_date, s.published_at, s.version)
      from (select nav_date, published_at, 0 as version, nav_per_unit, null::numeric as dealing_price_sub, null::numeric as dealing_price_red, null::numeric as management_fee_per_unit,
                   null::numeric as performance_fee_per_unit, null::numeric as distribution_per_unit from taken
            union all select nav_date, published_at, version, nav_per_unit, dealing_price_sub, dealing_price_red, management_fee_per_unit, performance_fee_per_unit, distribution_per_unit from strikes) s), '[]'))
    into answer from public.funds f where f.fund_id = class.fund_id;
  if exists (select from public.series_navs n where n.share_class_id = class.share_class_id) then
    answer := answer || evergreen.series_books(class, fn_statement_books.investor_id, limit_at);
  end if;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_statement_books(uuid, uuid, timestamptz) is
  'The books of an investor in a class as recorded up to a time: entries, lots and every published version of every strike, in the shape a capital account statement is made from; an LP only its own. EG400, EG404.';

create or replace function public.fn_performance_books(fund text, investor_ids uuid[] default null, share_class text default null, known_on timestamptz default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
  limit_at timestamptz := coalesce(known_on, now());
  exponent int;
  wanted uuid[];
  answer jsonb;
begin
  perform evergreen.require_role('lp_role', 'pm_role', 'ops_role', 'audit_role');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or of_fund.fund_id in (select evergreen.my_fund_ids())), 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(isfinite(limit_at), 'EG400', 'known_on is a time.');
  perform evergreen.refuse_unless(coalesce(cardinality(investor_ids), 1) between 1 and 10000, 'EG413', 'investor_ids has 1 to 10,000 ids.');
  perform evergreen.refuse_unless(share_class is null or exists (select from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class)),
    'EG404', 'The fund has no class with that code.');
  -- nobody named: for an investor all of the own, for the others every holder there was
  if evergreen.role_name() = 'lp_role' then
    wanted := coalesce(investor_ids, array(select m.investor_id from evergreen.my_investors m));
    perform evergreen.refuse_unless(wanted <@ array(select m.investor_id from evergreen.my_investors m), 'EG404', 'No investor with that id.');
  else
    wanted := coalesce(investor_ids, array(select distinct l.investor_id from public.lots l join public.share_classes c on c.share_class_id = l.share_class_id where c.fund_id = of_fund.fund_id));
    perform evergreen.refuse_unless(investor_ids is null or (select count(*) from public.investors i where i.investor_id = any (investor_ids)) = (select count(distinct x) from unnest(investor_ids) x),
      'EG404', 'No investor with that id.');
  end if;
  select u.exponent into exponent from public.currencies u where u.code = of_fund.base_currency;
  select jsonb_build_object(
    'fund', jsonb_build_object('code', of_fund.code, 'name', of_fund.name, 'synthetic', of_fund.synthetic), 'currency', of_fund.base_currency,
    'knownOn', to_char(limit_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'holders', cardinality(wanted),
    'classes', coalesce((select jsonb_agg(jsonb_build_object('id', c.share_class_id, 'code', c.code,
        -- the version recorded last is the price of the day
        'prices', coalesce((select jsonb_agg(jsonb_build_object('date', s.nav_date, 'price', trim_scale(s.nav_per_unit)::text, 'distributed', trim_scale(s.distribution_per_unit)::text,
             -- what the strike says it charged since the one before; null: it does not say
             'fees', trim_scale(s.fees_per_unit)::text) order by s.nav_date)
           from (select distinct on (x.nav_date) x.nav_date, x.nav_per_unit, x.distribution_per_unit,
                   case when num_nulls(x.management_fee_per_unit, x.performance_fee_per_unit) < 2 then coalesce(x.management_fee_per_unit, 0) + coalesce(x.performance_fee_per_unit, 0) end as fees_per_unit
                   from evergreen.class_strikes(c.share_class_id, limit_at) x order by x.nav_date, x.published_at desc, x.version desc) s), '[]'),
        'flows', coalesce((select jsonb_agg(jsonb_build_object('date', e.effective_on, 'via', e.via, 'units', trim_scale(e.units)::text, 'paidIn', trim_scale(e.paid_in)::text,
             'paidOut', trim_scale(e.paid_out)::text) order by e.effective_on, e.via)
           from (select x.effective_on, x.via, sum(x.units) as units,
                        sum(case when x.via = 'taken_over' then round(x.units * x.price, 4) when x.kind = 'subscription' then x.sign * x.amount
                              when x.via = 'switch' and x.kind = 'transfer_in' then round(x.units * x.price, exponent) else 0 end) as paid_in,
                        sum(case when x.kind in ('redemption', 'distribution') then x.sign * x.amount else 0 end) as paid_out
                   from evergreen.statement_entries(c.share_class_id, wanted, limit_at, null) x where x.recorded_at <= limit_at group by x.effective_on, x.via) e
          where e.units <> 0 or e.paid_in <> 0 or e.paid_out <> 0), '[]')) order by c.code)
       from public.share_classes c where c.fund_id = of_fund.fund_id and (share_class is null or c.code = share_class or c.share_class_id::text = share_class)), '[]'),
    -- marks older than 90 days as a share of NAV (R5), and whether the fund borrows, per date
    'dates', coalesce((select jsonb_agg(jsonb_build_object('date', s.nav_date, 'staleShare', trim_scale(round(s.stale / nullif(s.nav, 0), 18))::text, 'borrows', s.borrows) order by s.nav_date)
       from (select distinct on (x.nav_date) x.nav_date, x.nav, i.stale, i.borrows from public.nav_strikes x
               join lateral (select min(n.published_at) as published_at from public.class_navs n where n.strike_id = x.strike_id) p on p.published_at <= limit_at
               cross join lateral (select coalesce(sum(v.value) filter (where v.kind = 'asset' and v.age_days > 90), 0) as stale, coalesce(bool_or(v.kind = 'debt' and v.value <> 0), false) as borrows
                 from public.nav_inputs v where v.strike_id = x.strike_id) i
              where x.fund_id = of_fund.fund_id order by x.nav_date, p.published_at desc, x.version desc) s), '[]'))
    into answer;
  if exists (select from public.series_navs n join public.share_classes c using (share_class_id) where c.fund_id = of_fund.fund_id) then
    -- the price of a class by series is an average that moves with who enters: its series stand in its place (R25)
    answer := answer || jsonb_build_object('classes', (select jsonb_agg(x.of order by x.of ->> 'code') from (
      select e as of from jsonb_array_elements(answer -> 'classes') e where not exists (select from public.series_navs n where n.share_class_id::text = e ->> 'id')
      union all
      select p from public.share_classes c cross join lateral evergreen.series_performance(c, wanted, limit_at) p
       where c.fund_id = of_fund.fund_id and (share_class is null or c.code = share_class or c.share_class_id::text = share_class)
         and exists (select from public.series_navs n where n.share_class_id = c.share_class_id)) x));
  end if;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_performance_books(text, uuid[], text, timestamptz) is
  'Prices and dated flows of a fund by class (by series where the fee is), of the investors named (an LP: its own; else every holder), as recorded up to a time; units signed, money in the fund''s currency. EG400, EG404, EG413.';

create or replace function evergreen.statement_bodies(d public.dealing_days)
returns table (investor_id uuid, strike_id uuid, opening_strike_id uuid, body jsonb, foots boolean) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  class public.share_classes;
  exponent int;
  struck record;
  before record;
  of_investors uuid[];
  credited boolean;
  in_series boolean;
  for_all jsonb;
begin
  select * into class from public.share_classes c where c.share_class_id = d.share_class_id;
  select u.exponent into exponent from public.currencies u where u.code = class.currency;
  -- the version that counts now: what was restated since is corrected
  select s.* into struck from evergreen.class_strikes(class.share_class_id, now()) s where s.nav_date = d.dealing_date order by s.published_at desc, s.version desc limit 1;
  perform evergreen.refuse_unless(found, 'EG428', 'The dealing day has no published price.');
  select s.* into before from evergreen.class_strikes(class.share_class_id, now()) s where s.nav_date < d.dealing_date order by s.nav_date desc, s.published_at desc, s.version desc limit 1;
  of_investors := array(select distinct a.investor_id from public.allocations a where a.dealing_day_id = d.dealing_day_id);
  in_series := exists (select from public.series_navs n where n.share_class_id = class.share_class_id and n.strike_id in (struck.strike_id, before.strike_id))
    or evergreen.by_series(class.share_class_id, d.dealing_date);
  credited := exists (select from public.allocations a where a.investor_id = any (of_investors) and a.share_class_id = class.share_class_id and a.equalisation_credit > 0)
    or exists (select from public.lots l where l.investor_id = any (of_investors) and l.share_class_id = class.share_class_id and l.equalisation_credit > 0)
    or exists (select from public.class_marks m where m.share_class_id = class.share_class_id and m.cause = 'crystallisation');
  select jsonb_build_object(
      'form', 'evergreen-statement-1', 'fund', jsonb_build_object('code', u.code, 'name', u.name, 'synthetic', u.synthetic),
      'shareClass', jsonb_build_object('id', class.share_class_id, 'code', class.code, 'unitsDp', class.units_dp, 'priceDp', class.price_dp),
      'currency', class.currency, 'dealingDayId', d.dealing_day_id, 'dealingDate', d.dealing_date, 'orderRoot', d.order_root,
      'strike', jsonb_build_object('id', struck.strike_id, 'version', struck.version, 'navPerUnit', trim_scale(struck.nav_per_unit)::text),
      'opening', case when before.strike_id is not null then
        jsonb_build_object('id', before.strike_id, 'version', before.version, 'date', before.nav_date, 'navPerUnit', trim_scale(before.nav_per_unit)::text) end,
      'gate', jsonb_build_object('active', coalesce((d.decision ->> 'gate')::boolean, false), 'fraction', trim_scale((d.decision ->> 'fraction')::numeric)::text,
        'capUnits', trim_scale((d.decision ->> 'cap_units')::numeric)::text))
    into for_all from public.funds u where u.fund_id = d.fund_id;
  return query
  with entries as materialized (
    -- what is effective later too: the units of a day are those of now less what came since
    select e.*, e.effective_on <= struck.nav_date as within, e.kind in ('subscription', 'redemption') as dealt, e.kind in ('transfer_in', 'transfer_out') as moved,
           case e.kind when 'equalisation' then e.sign * e.charge else 0 end as charged, case e.kind when 'distribution' then e.sign * e.amount else 0 end as distributed,
           -- units taken over between two strikes come in at the price of the take-over
           case when e.via = 'taken_over' and e.effective_on < struck.nav_date then e.price else struck.nav_per_unit end as came_at
      from evergreen.statement_entries(class.share_class_id, of_investors, now(), before.nav_date) e
  ), credits as (
    select x.investor_id, sum(evergreen.credit_value(t.credit, t.units, x.units_to, struck.equalisation_per_unit)) as credit_to,
           coalesce(sum(evergreen.credit_value(f.credit, f.units, x.units_from, before.equalisation_per_unit)), 0) as credit_from
      from (select l.investor_id, l.lot_id, l.units_left - coalesce(sum(e.units), 0) as units_from,
                   l.units_left - coalesce(sum(e.units) filter (where not e.within), 0) as units_to
              from public.lots l left join entries e on e.lot_id = l.lot_id
             where credited and l.share_class_id = class.share_class_id and l.investor_id = any (of_investors) group by l.lot_id) x
      left join evergreen.lot_credits(class.share_class_id, of_investors, array[struck.nav_date]) t on t.lot_id = x.lot_id
      left join evergreen.lot_credits(class.share_class_id, of_investors, array[before.nav_date]) f on f.lot_id = x.lot_id
     group by x.investor_id
  ), sums as (
    select k.id as investor_id, coalesce(h.units, 0) - coalesce(sum(e.units), 0) as units_from, coalesce(h.units, 0) - coalesce(sum(e.units) filter (where not e.within), 0) as units_to,
           coalesce(h.units, 0) - coalesce(sum(e.units) filter (where e.effective_on >= struck.nav_date), 0) as units_before,
           coalesce(sum(e.sign * e.amount) filter (where e.within and e.kind = 'subscription'), 0) as paid_in,
           coalesce(sum(e.sign * e.amount) filter (where e.within and e.kind = 'redemption'), 0) as paid_out,
           coalesce(sum(e.units * e.came_at + e.equalisation) filter (where e.within and e.moved), 0) as transferred,
           coalesce(sum(e.units * (struck.nav_per_unit - e.came_at)) filter (where e.within and e.moved), 0) as gained_since,
           coalesce(sum(e.equalisation) filter (where e.within), 0) as credit_moved,
           coalesce(sum(e.charged) filter (where e.within), 0) as charged, coalesce(sum(e.distributed) filter (where e.within), 0) as distributed,
           coalesce(sum(e.units * struck.nav_per_unit + e.equalisation + e.charged) filter (where e.within and not e.moved), 0) as dealt_at_nav
      from unnest(of_investors) k (id) left join public.holdings h on h.share_class_id = class.share_class_id and h.investor_id = k.id
      left join entries e on e.investor_id = k.id group by k.id, h.units
  ), exact as (
    select s.investor_id, s.units_from, s.units_to,
           s.units_from * coalesce(before.nav_per_unit, 0) + coalesce(c.credit_from, 0) as opening,
           s.paid_in, s.paid_out, s.distributed, s.transferred,
           s.units_from * (struck.nav_per_unit - coalesce(before.nav_per_unit, struck.nav_per_unit)) + s.gained_since
             + s.units_before * (struck.distribution_per_unit + coalesce(struck.management_fee_per_unit, 0) + coalesce(struck.performance_fee_per_unit, 0)) as gained,
           s.units_before * coalesce(struck.management_fee_per_unit, 0) as managed, s.units_before * coalesce(struck.performance_fee_per_unit, 0) + s.charged as performed,
           coalesce(c.credit_to, 0) - coalesce(c.credit_from, 0) - s.credit_moved as credit_changed,
           s.dealt_at_nav - (s.paid_in - s.paid_out) + s.distributed - s.units_before * struck.distribution_per_unit as differed,
           s.units_to * struck.nav_per_unit + coalesce(c.credit_to, 0) as closing
      from sums s left join credits c on c.investor_id = s.investor_id where not in_series
    union all
    -- by series everybody has the prices of the own lots (R25)
    select a.* from evergreen.series_accounts(class.share_class_id, case when in_series then of_investors else '{}' end, struck.strike_id, struck.nav_date, before.strike_id, before.nav_date) a
  ), minor as (
    select x.investor_id, x.units_from, x.units_to, round(x.opening, exponent) as opening, round(x.paid_in, exponent) as paid_in, round(-x.paid_out, exponent) as paid_out, round(-x.distributed, exponent) as distributed,
           round(x.transferred, exponent) as transferred, round(x.gained, exponent) as gained, round(-x.managed, exponent) as managed, round(-x.performed, exponent) as performed,
           round(x.credit_changed, exponent) as credit_changed, round(x.differed, exponent) as differed, round(x.closing, exponent) as closing from exact x
  ), fills as (
    select a.investor_id, jsonb_agg(jsonb_build_object('orderId', a.flow_id, 'direction', f.direction, 'kind', f.order_kind,
        'asked', jsonb_build_object('units', trim_scale(f.requested_units)::text, 'amount', trim_scale(f.amount)::text),
        'requestedUnits', case when f.direction = 'redemption' or f.requested_units is not null then trim_scale(coalesce(a.requested_units, f.requested_units))::text end,
        'filledUnits', trim_scale(a.filled_units)::text, 'carriedUnits', trim_scale(a.carried_units)::text, 'carriedTo', a.child_flow_id, 'price', trim_scale(a.price)::text,
        'grossAmount', trim_scale(a.gross_amount)::text, 'levy', trim_scale(a.levy)::text, 'fee', trim_scale(a.fee)::text, 'credit', trim_scale(a.credit)::text,
        'netAmount', trim_scale(a.net_amount)::text, 'cohort', a.cohort, 'reason', a.reason)
        || case when a.pieces = '[]' then '{}'::jsonb else jsonb_build_object('pieces', (select jsonb_agg(jsonb_build_object('series', e ->> 'series', 'units', e ->> 'units', 'price', e ->> 'price',
          'amount', e ->> 'amount') order by e ->> 'lot_id') from jsonb_array_elements(a.pieces) e)) end order by a.flow_id) as list
      from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id where a.dealing_day_id = d.dealing_day_id group by a.investor_id
  )
  select m.investor_id, struck.strike_id, before.strike_id, for_all || case when k.list is null then '{}'::jsonb else jsonb_build_object('compensation', k.list) end || jsonb_build_object('investorId', m.investor_id,
      'account', jsonb_build_object(
        'units', jsonb_build_object('opening', round(m.units_from, class.units_dp)::text, 'closing', round(m.units_to, class.units_dp)::text),
        'feesStated', struck.management_fee_per_unit is not null or struck.performance_fee_per_unit is not null,
        -- as text: twelve objects built one by one cost more than all the sums above
        'lines', ('[{"line":"opening","amount":"' || m.opening || '"},{"line":"contributions","amount":"' || m.paid_in || '"},{"line":"redemptions","amount":"' || m.paid_out
          || '"},{"line":"distributions","amount":"' || m.distributed || '"},{"line":"transfers","amount":"' || m.transferred || '"},{"line":"result","amount":"' || m.gained
          || '"},{"line":"management_fees","amount":"' || m.managed || '"},{"line":"performance_fees","amount":"' || m.performed || '"},{"line":"equalisation","amount":"' || m.credit_changed
          || '"},{"line":"dealing_difference","amount":"' || m.differed || '"},{"line":"rounding","amount":"' || r.rounding || '"},{"line":"closing","amount":"' || m.closing || '"}]')::jsonb,
        'foot', jsonb_build_object('sum', m.closing::text, 'closing', m.closing::text, 'ok', true)),
      'fills', coalesce(g.list, '[]')),
      -- each line may be off by half a minor unit, and nothing else
      abs(r.rounding) * 2 <= 11 * power(10::numeric, -exponent)
    from minor m
    cross join lateral (select m.closing - (m.opening + m.paid_in + m.paid_out + m.distributed + m.transferred + m.gained + m.managed + m.performed + m.credit_changed + m.differed) as rounding) r
    left join fills g on g.investor_id = m.investor_id
    -- what a restatement of the price owes the investor
    left join (
      select c.investor_id, jsonb_agg(jsonb_build_object('orderId', c.flow_id, 'version', n.version, 'kind', c.kind, 'published', coalesce(c.due ->> 'published', trim_scale(x.published)::text), 'correct', coalesce(c.due ->> 'correct', trim_scale(x.correct)::text),
          'unitsDealt', trim_scale(c.units_dealt)::text, 'unitsDue', trim_scale(c.units_due)::text, 'cashDue', trim_scale(c.cash_due)::text, 'difference', trim_scale(c.difference)::text)
          -- with a credit, a charge or several series it is more than units times one difference (R24, R25)
          || case when c.due ? 'was' then jsonb_build_object('was', c.due ->> 'was', 'due', c.due ->> 'due') else '{}'::jsonb end order by n.version, c.flow_id) as list
        from public.restatements x join public.nav_strikes n on n.strike_id = x.strike_id join public.compensations c using (restatement_id)
       where x.dealing_day_id = d.dealing_day_id and c.pays group by c.investor_id) k on k.investor_id = m.investor_id;
end $$;
comment on function evergreen.statement_bodies(public.dealing_days) is
  'The statement of every investor with an order on a posted day, from the strike before to this one as they stand now, with the fills and what a restatement owes; false where the lines do not add up. EG428 without a price.';

create or replace function public.fn_prepare_statements(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  investors int;
  wrong int;
  concerned uuid[];
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_prepare_statements', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('posted', 'claimable', 'settled', 'closed'), 'EG428', 'The dealing day is ' || d.status || '; statements follow its posting.');
  with fresh as materialized (
    select b.*, encode(sha256(convert_to(b.body::text, 'UTF8')), 'hex') as digest from evergreen.statement_bodies(d) b
  ), latest as (
    select distinct on (s.investor_id) s.investor_id, s.statement_id, s.version, s.hash from public.statements s
     where s.dealing_day_id = d.dealing_day_id order by s.investor_id, s.version desc
  ), made as (
    -- what is as it was keeps its version
    insert into public.statements (dealing_day_id, investor_id, version, supersedes, strike_id, opening_strike_id, body, hash, effective_at)
    select d.dealing_day_id, f.investor_id, coalesce(l.version, 0) + 1, l.statement_id, f.strike_id, f.opening_strike_id, f.body, f.digest, d.dealing_date::timestamp at time zone 'UTC'
      from fresh f left join latest l on l.investor_id = f.investor_id where l.hash is distinct from f.digest
    returning investor_id
  )
  select (select count(*) from fresh), (select count(*) from fresh f where not f.foots), array(select m.investor_id from made m order by 1) into investors, wrong, concerned;
  perform evergreen.refuse_unless(wrong = 0, 'EG424', wrong || ' statements do not foot.');
  if cardinality(concerned) > 0 or d.step < 11 then
    update public.dealing_days x set step = greatest(x.step, 11) where x.dealing_day_id = d.dealing_day_id;
    perform evergreen.emit('STATEMENTS_READY', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'statements', cardinality(concerned)), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), concerned, request_id);
    perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'statements prepared: ' || cardinality(concerned) || ' of ' || investors, request_id);
  end if;
  answer := jsonb_build_object('dealing_day_id', d.dealing_day_id, 'investors', investors, 'written', cardinality(concerned),
    -- other days whose statements stand on a strike that was restated since
    'stale_days', coalesce((select jsonb_agg(x.dealing_day_id order by x.dealing_date) from public.dealing_days x where x.fund_id = d.fund_id and x.dealing_day_id in (
        select s.dealing_day_id from public.nav_strikes n join public.statements s on n.strike_id in (s.strike_id, s.opening_strike_id)
         where n.fund_id = d.fund_id and n.state = 'restated' and not exists (select from public.statements later where later.supersedes = s.statement_id))
      and x.dealing_day_id <> d.dealing_day_id), '[]'));
  perform evergreen.keep_answer('fn_prepare_statements', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_prepare_statements(uuid, text) is
  'Writes the statement of every investor with an order on a posted day; called again after a restatement it adds a new version where something changed, and names the other days that stand on a restated strike. EG404, EG424 does not foot, EG428.';
