-- The performance fee of a class by series is taken (R22, R23, R25): each series pays what it accrued, has its own new mark, and at its mark is rolled into the lead.

create or replace function evergreen.struck_series(of_strike uuid, of_class uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('series', n.series, 'nav', n.nav::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text, 'performance_accrued', n.performance_accrued::text,
      'high_water', trim_scale(n.high_water)::text, 'since', n.since) order by l.opened_on, n.series), '[]')
    from public.series_navs n
    left join lateral (select min(x.opened_on) as opened_on from public.lots x where x.share_class_id = of_class and x.units_left > 0 and evergreen.series_of(x) = n.series) l on true
   where n.strike_id = of_strike and n.share_class_id = of_class
$$;
comment on function evergreen.struck_series(uuid, uuid) is 'The series of a class at a strike, the oldest first, which is the lead: value and price after fee, accrued fee, mark and the day its hurdle runs from.';

create or replace function evergreen.crystallise_series(p public.proposals, class public.share_classes, s public.nav_strikes, terms jsonb, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  minor int;
  bad int;
  lead record;
  mark numeric := evergreen.class_mark(class.share_class_id);
  owed numeric := (p.body ->> 'fee')::numeric;
  hurdled boolean := coalesce((terms ->> 'hurdle')::numeric, 0) <> 0;
  event uuid;
  posted uuid;
  units evergreen.unit_entry[];
  cash evergreen.cash_entry[];
begin
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  perform evergreen.refuse_unless(exists (select from public.series_navs n where n.strike_id = s.strike_id and n.share_class_id = class.share_class_id), 'EG428', 'That NAV was struck without series.');
  perform evergreen.refuse_unless(jsonb_typeof(p.body -> 'series') = 'array' and jsonb_typeof(p.body -> 'lots') = 'array', 'EG400', 'series and lots are lists.');
  -- every series once: the fee it accrued; with a fee the mark is the price after it, if that is higher, and the hurdle begins anew
  select count(*) into bad from (select n.* from public.series_navs n where n.strike_id = s.strike_id and n.share_class_id = class.share_class_id) n
    full join jsonb_to_recordset(p.body -> 'series') r (series text, fee numeric, high_water numeric, since date) on r.series = n.series
   where (r.fee = n.performance_accrued and r.high_water = case when r.fee > 0 then greatest(n.high_water, n.nav_per_unit) else n.high_water end
     and r.since = case when r.fee > 0 then s.nav_date else n.since end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' series are missing, unknown, or have not the fee, the mark or the hurdle that the NAV gives.');
  perform evergreen.refuse_unless((select count(*) = count(distinct r.series) and sum(r.fee) = owed from jsonb_to_recordset(p.body -> 'series') r (series text, fee numeric)),
    'EG424', 'The fee is not the sum of its series.');
  -- into the oldest, and only where both stand at their mark
  select n.series, n.nav_per_unit, r.high_water, r.since into lead from jsonb_array_elements(evergreen.struck_series(s.strike_id, class.share_class_id)) with ordinality e (x, place)
    join public.series_navs n on n.strike_id = s.strike_id and n.share_class_id = class.share_class_id and n.series = e.x ->> 'series'
    join jsonb_to_recordset(p.body -> 'series') r (series text, high_water numeric, since date) on r.series = n.series order by e.place limit 1;
  select count(*) into bad from jsonb_to_recordset(p.body -> 'series') r (series text, high_water numeric, since date, rolled_into text, cash numeric)
    join public.series_navs n on n.strike_id = s.strike_id and n.share_class_id = class.share_class_id and n.series = r.series
   where r.rolled_into is distinct from case when r.series <> lead.series and lead.nav_per_unit = lead.high_water and n.nav_per_unit = r.high_water and (not hurdled or r.since = lead.since) then lead.series end
     or r.cash is distinct from (select coalesce(sum(k.cash), 0) from jsonb_to_recordset(p.body -> 'lots') k (series text, cash numeric) where k.series = r.series);
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' series are rolled that do not stand at their mark, or are not although they do.');
  -- the lots of what is rolled, and no others: units down at the two prices, and what that leaves in cash
  with rolled as materialized (
    select r.series, n.nav_per_unit as price from jsonb_to_recordset(p.body -> 'series') r (series text, rolled_into text)
      join public.series_navs n on n.strike_id = s.strike_id and n.share_class_id = class.share_class_id and n.series = r.series where r.rolled_into is not null
  ), due as (
    select l.lot_id, k.series, x.units - l.units_left as change, trunc(l.units_left * k.price - x.units * lead.nav_per_unit, minor) as cash
      from rolled k join public.lots l on l.share_class_id = class.share_class_id and l.units_left > 0 and evergreen.series_of(l) = k.series
      cross join lateral (select trunc(round(l.units_left * k.price, 30) / lead.nav_per_unit, class.units_dp) as units) x
  )
  select count(*) into bad from due full join jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, series text, change numeric, cash numeric) on r.lot_id = due.lot_id
   where (r.series = due.series and r.change = due.change and r.cash = due.cash) is not true;
  perform evergreen.refuse_unless(bad = 0 and (select count(*) = count(distinct r.lot_id) from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid)),
    'EG424', bad || ' lots are missing, unknown, or not exchanged at the prices of their series and the lead.');
  event := evergreen.emit('FEE_CRYSTALLISED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'strike_id', s.strike_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  select array_agg(row(class.share_class_id, 'holder', l.investor_id, l.lot_id, null, r.change)::evergreen.unit_entry order by l.lot_id) into units
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) join public.lots l on l.lot_id = r.lot_id where r.change <> 0;
  select array_agg(row(e.account, e.investor_id, null, class.currency, e.amount, e.reference)::evergreen.cash_entry) into cash from (
    select 'refunds_payable' as account, l.investor_id, -sum(r.cash) as amount, 'roll-up' as reference from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, cash numeric)
      join public.lots l on l.lot_id = r.lot_id group by l.investor_id
    union all select 'capital', null, coalesce(sum(r.cash), 0), 'roll-up' from jsonb_to_recordset(p.body -> 'lots') r (cash numeric)
    union all select 'capital', null, owed, 'performance fee'
    union all select 'fee_payable', null, -owed, 'performance fee') e where e.amount <> 0;
  update public.lots l set high_water = r.high_water, hurdle_from = r.since from jsonb_to_recordset(p.body -> 'series') r (series text, high_water numeric, since date)
   where l.share_class_id = class.share_class_id and l.units_left > 0 and evergreen.series_of(l) = r.series;
  update public.lots l set units_issued = l.units_issued + greatest(r.change, 0), series = lead.series, high_water = lead.high_water, hurdle_from = lead.since
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) where l.lot_id = r.lot_id;
  if units is not null or cash is not null then
    posted := evergreen.post_ledger(p.fund_id, 'crystallisation', 'performance fee ' || s.nav_date, null, event, null, units, cash);
  end if;
  -- the marks that count are those of the series; the row says when the fee was taken, and what of whom
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, body, effective_at)
  values (class.share_class_id, s.nav_date, 'crystallisation', mark, s.strike_id, posted,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'accrued', trim_scale(owed)::text, 'fee', trim_scale(owed)::text, 'series', p.body -> 'series'), s.effective_at);
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'performance fee of ' || s.nav_date || ' crystallised by series', request_id);
  return jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'high_water', trim_scale(mark)::text, 'fee', trim_scale(owed)::text);
end $$;
comment on function evergreen.crystallise_series(public.proposals, public.share_classes, public.nav_strikes, jsonb, text) is
  'Posts the approved crystallisation of a class by series: the fee of each as payable, marks and hurdles, and the roll-up into the lead with its cash (R23, R25). EG400, EG424, EG428.';
