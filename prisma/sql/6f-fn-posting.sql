-- The dealing day, second half: allocations (computed elsewhere, held to the rules here), posting in one transaction, claims, the close.

create or replace function evergreen.unequal_fills(of_day uuid) returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with redeemed as (
    select a.flow_id, a.cohort, a.filled_units as got, coalesce(a.admitted_units, a.requested_units) as asked, power(10::numeric, -c.units_dp) as ulp,
           sum(a.filled_units) over w as all_got, sum(coalesce(a.admitted_units, a.requested_units)) over w as all_asked
      from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.share_classes c on c.share_class_id = a.share_class_id
     where a.dealing_day_id = of_day and f.direction = 'redemption' and f.order_kind = 'plain' window w as (partition by a.cohort)
  )
  select r.flow_id from redeemed r
   where (r.all_asked > 0 and abs(r.got * r.all_asked - r.asked * r.all_got) >= (r.all_asked + r.asked) * r.ulp)
      -- counted once for all rows: a join would count anew for each
      or (r.all_got > 0 and r.all_got < r.all_asked and (select count(distinct o.cohort) from redeemed o where o.all_got > 0 and o.all_got < o.all_asked) > 1)
$$;
comment on function evergreen.unequal_fills(uuid) is 'Redemptions of a day that got another share of what was admitted of them than the others of their cohort, or whose cohort is one of several paid in part.';

create or replace function evergreen.check_equalisation(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad int;
begin
  -- R24: a subscription pays the price before fee, gets the fee in it as a credit and starts at that price; without equalisation there is no credit
  with terms as materialized (select n.share_class_id, t.* from public.class_navs n cross join lateral evergreen.fee_terms(n.strike_id, n.share_class_id) t where n.strike_id = d.strike_id)
  select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) join terms t on t.share_class_id = a.share_class_id
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and f.order_kind <> 'transfer'
     and t.method is not null and (a.equalisation_credit = case when t.method = 'equalisation' then round(t.rate * greatest(0, t.entry_price - t.mark) * a.filled_units, 18) else 0 end
       and (t.method <> 'equalisation' or coalesce(a.high_water, a.price) = t.entry_price)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' subscriptions have not the credit and the reference that the price before fee and the mark give.');
  if not exists (select from (select distinct a.share_class_id from public.allocations a where a.dealing_day_id = d.dealing_day_id) c
    cross join lateral evergreen.fee_terms(d.strike_id, c.share_class_id) t where t.open) then
    select count(*) into bad from public.allocations a
     where a.dealing_day_id = d.dealing_day_id and (a.credit <> 0 or a.performance_fee <> 0) and a.pieces = '[]'
       and exists (select from evergreen.dealing_policy(a.share_class_id, d.dealing_date) p where p.body #> '{fees,performance}' is not null);
  else
    -- a redemption takes its share of what its lots would pay and get today, to one minor unit of rounding
    with pieces as materialized (select p.flow_id, p.lot_id, -p.units as units from unnest(evergreen.consume_lots(d)) p),
    dues as materialized (
      select x.* from (select a.share_class_id from public.allocations a where a.dealing_day_id = d.dealing_day_id group by 1) c
        cross join lateral evergreen.lot_dues(d.strike_id, c.share_class_id, array(select p.lot_id from pieces p)) x),
    owed as (
      select p.flow_id, sum((u.refund - u.depreciation) * p.units / l.units_left) as credit, sum((u.fee - u.refund + u.depreciation) * p.units / l.units_left) as fee
        from pieces p join public.lots l using (lot_id) join dues u using (lot_id) group by p.flow_id)
    select count(*) into bad from public.allocations a join public.fund_flows f using (flow_id) join public.currencies u on u.code = f.currency left join owed o using (flow_id)
     where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind <> 'transfer' and a.pieces = '[]'
       and (abs(a.credit - greatest(coalesce(o.credit, 0), -a.gross_amount)) <= power(10::numeric, -u.exponent)
         and abs(a.performance_fee - coalesce(o.fee, 0)) <= power(10::numeric, -u.exponent)) is not true;
  end if;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' redemptions have not the credit or the performance fee that their lots give.');
end $$;
comment on function evergreen.check_equalisation(public.dealing_days) is 'Refuses (EG424) a subscription with another credit, or a redemption with another credit or fee, than equalisation gives (R24).';

create or replace function evergreen.check_allocations(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bad int;
  cap numeric := (d.decision ->> 'cap_units')::numeric;
  asked numeric;
  filled numeric;
begin
  -- every order of the day once, and no other
  select count(*) into bad from (select f.flow_id from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status = 'priced') o
    full join (select a.flow_id from public.allocations a where a.dealing_day_id = d.dealing_day_id) a using (flow_id) where o.flow_id is null or a.flow_id is null;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' orders of the day have no fill, or fills name no order of the day.');
  -- each by itself: decimals, what was asked, money that foots at the dealing price, a reason for what is not filled
  select count(*) into bad
    from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.share_classes c on c.share_class_id = f.share_class_id
    join public.currencies u on u.code = f.currency join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = f.share_class_id
    join public.dealing_policies p on p.policy_id = d.policy_id
    left join public.fund_flows g on g.flow_id = f.linked_flow_id left join public.allocations l on l.dealing_day_id = a.dealing_day_id and l.flow_id = g.flow_id
   where a.dealing_day_id = d.dealing_day_id and (
     a.filled_units = round(a.filled_units, c.units_dp) and a.carried_units = round(a.carried_units, c.units_dp)
     and a.gross_amount = round(a.gross_amount, u.exponent) and a.levy = round(a.levy, u.exponent) and a.fee = round(a.fee, u.exponent) and a.refund = round(a.refund, u.exponent) and a.credit = round(a.credit, u.exponent)
     and a.performance_fee = round(a.performance_fee, u.exponent)
     and a.cohort ~ '^[[:alnum:]_:./ -]{1,40}$' and (a.reason is null or length(a.reason) <= 200 and evergreen.harmless_text('fn_record_allocations', to_jsonb(a.reason)))
     -- what becomes of the rest: only what is carried goes on, nobody is asked twice, and dust ends only after its investor was asked and did not keep it
     and case when a.rest is null then true when f.direction <> 'redemption' then false when a.rest in ('carried', 'pay_or_notify', 'notify') then a.carried_units > 0
              when a.rest = 'ask_dust' then a.carried_units > 0 and f.dust_asked_at is null when a.rest = 'lapsed' then a.carried_units = 0
              when a.rest = 'cancelled_dust' then a.carried_units = 0 and f.dust_asked_at is not null and f.dust_answer is distinct from 'keep' else false end
     and (a.refund = 0 or (f.direction = 'subscription' and f.order_kind = 'plain'))
     and (a.admitted_units is null or (f.direction = 'redemption' and f.order_kind = 'plain' and a.admitted_units = round(a.admitted_units, c.units_dp)
       and a.admitted_units between a.filled_units and a.requested_units and (a.admitted_units = a.requested_units or a.reason is not null)))
     and case when f.order_kind = 'transfer' then a.gross_amount = 0 and a.net_amount = 0 and a.levy = 0 and a.fee = 0 and a.credit = 0 and a.performance_fee = 0
                and a.requested_units = f.requested_units and a.filled_units = l.filled_units and a.carried_units = l.carried_units
              when f.direction = 'redemption' then a.requested_units > 0
                and case when f.requested_units is not null then a.requested_units = f.requested_units
                         else abs(a.requested_units * n.nav_per_unit - f.amount) < n.nav_per_unit * power(10::numeric, -c.units_dp) end
                and (a.pieces <> '[]' or a.gross_amount = trunc(a.filled_units * a.price, u.exponent)) and a.net_amount = a.gross_amount - a.levy - a.fee + a.credit
                and (a.filled_units = a.requested_units or a.reason is not null)
              else (f.order_kind = 'switch' or a.filled_units > 0) and a.carried_units = 0 and a.credit = 0 and a.performance_fee = 0 and a.gross_amount = case f.order_kind when 'switch' then l.net_amount else f.amount end
                and a.net_amount = a.gross_amount - a.levy - a.fee - a.refund and a.filled_units = trunc(round(a.net_amount, 30) / a.price, c.units_dp)
                -- R5b: whole minor units that the rounding down leaves are paid back from the amount of the terms on, and below it stay in the fund
                and (f.order_kind <> 'plain' or a.refund = (select case when r.over > 0 and coalesce(r.over >= (p.body ->> 'refundFrom')::numeric, false) then r.over else 0 end
                  from (select trunc(a.net_amount + a.refund - a.filled_units * a.price, u.exponent) as over) r)) end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' fills are not what the order and the dealing price give.');
  perform evergreen.check_equalisation(d);
  perform evergreen.check_series(d);
  -- Σ fills ≤ cap; what changes its owner or its class only takes nothing out of the fund
  perform evergreen.refuse_unless(cap is null or cap >= (select coalesce(sum(a.filled_units), 0) from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
    where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind = 'plain'), 'EG424', 'The fills exceed the cap that was decided.');
  -- and when more is asked than may be paid, all of it is paid: the gate never under-fills (R6); of several classes at one ratio each has its own floor
  select sum(coalesce(a.admitted_units, a.requested_units)), sum(a.filled_units) into asked, filled from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
   where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and f.order_kind = 'plain';
  perform evergreen.refuse_unless(cap is null or filled is null or filled = least(cap, asked) or exists (select from public.dealing_days x where x.strike_id = d.strike_id and x.dealing_day_id <> d.dealing_day_id),
    'EG424', 'The fills are less than what may be paid.');
  -- of what lots and an investor gate admit of it, everybody in a cohort gets the same share, to one unit of rounding (and what the floor of the whole takes
  -- from the share); cohorts are paid one after the other, so that no name of a cohort is a way around it
  select count(*) into bad from evergreen.unequal_fills(d.dealing_day_id);
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' fills are not equal to the others of their cohort within one unit of rounding, or two cohorts are paid in part.');
  -- nobody above the holding
  select count(*) into bad from (select a.investor_id, a.share_class_id, sum(a.filled_units) as units from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
      where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' group by 1, 2) x
    left join public.holdings h on h.investor_id = x.investor_id and h.share_class_id = x.share_class_id where x.units > coalesce(h.units, 0);
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' investors would redeem more than they hold.');
end $$;
comment on function evergreen.check_allocations(public.dealing_days) is
  'Refuses (EG400, EG424) what must never be: a fill beyond the order, the cap, the holding or the others of its cohort, money that does not foot.';

create or replace function public.fn_record_allocations(dealing_day_id uuid, terms jsonb, fills jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  swing_sub numeric;
  swing_red numeric;
  n int;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'terms', terms, 'sha256', encode(sha256(convert_to(fills::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_record_allocations', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('lmt_decided', 'allocated'), 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.refuse_unless(jsonb_typeof(terms) = 'object' and octet_length(terms::text) <= 65536 and jsonb_typeof(fills) = 'array', 'EG400', 'terms is an object and fills a list.');
  perform evergreen.refuse_unless(jsonb_array_length(fills) <= 500000, 'EG413', 'fills has at most 500,000 rows.');
  swing_sub := coalesce((terms ->> 'swing_sub')::numeric, 0);
  swing_red := coalesce((terms ->> 'swing_red')::numeric, 0);
  perform evergreen.refuse_unless(abs(swing_sub) <= 0.25 and abs(swing_red) <= 0.25, 'EG400', 'swing_sub and swing_red are ratios of at most 0.25.');
  -- dealing prices of every class that the orders touch (a switch buys into another one)
  update public.class_navs c set dealing_price_sub = round(t.entry_price * (1 + swing_sub), sc.price_dp), dealing_price_red = round(c.nav_per_unit * (1 + swing_red), sc.price_dp),
         swing_factor = case when swing_sub = swing_red then swing_sub else 0 end
    from public.share_classes sc cross join lateral evergreen.fee_terms(d.strike_id, sc.share_class_id) t where c.strike_id = d.strike_id and sc.share_class_id = c.share_class_id
     and (c.share_class_id = d.share_class_id or c.dealing_price_sub is null);
  delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
  d.terms := fn_record_allocations.terms;
  with terms as materialized (select n.share_class_id, t.entry_price, t.method from public.class_navs n cross join lateral evergreen.fee_terms(n.strike_id, n.share_class_id) t where n.strike_id = d.strike_id)
  insert into public.allocations (dealing_day_id, flow_id, share_class_id, investor_id, cohort, requested_units, admitted_units, filled_units, carried_units, price,
    gross_amount, levy, fee, credit, performance_fee, refund, net_amount, series, high_water, equalisation_credit, reason, rest)
  select d.dealing_day_id, r.flow_id, f.share_class_id, f.investor_id, coalesce(r.cohort, 'full'), r.requested_units, r.admitted_units, r.filled_units, coalesce(r.carried_units, 0),
    case when f.order_kind = 'switch' and f.direction = 'subscription' then t.entry_price when f.order_kind <> 'plain' then c.nav_per_unit when f.direction = 'redemption' then c.dealing_price_red else c.dealing_price_sub end,
    r.gross_amount, coalesce(r.levy, 0), coalesce(r.fee, 0), coalesce(r.credit, 0), coalesce(r.performance_fee, 0), coalesce(r.refund, 0), r.net_amount, case when t.method = 'series' and f.direction = 'subscription' and f.order_kind <> 'transfer' then evergreen.new_series(d.strike_id, f.share_class_id, d.dealing_date) else coalesce(r.series, '') end, r.high_water,
    coalesce(r.equalisation_credit, 0), r.reason, r.rest
    from jsonb_to_recordset(fills) r (flow_id uuid, cohort text, requested_units numeric, admitted_units numeric, filled_units numeric, carried_units numeric, gross_amount numeric, levy numeric, fee numeric,
      credit numeric, performance_fee numeric, refund numeric, net_amount numeric, rest text, series text, high_water numeric, equalisation_credit numeric, reason text)
    join public.fund_flows f on f.flow_id = r.flow_id join public.class_navs c on c.strike_id = d.strike_id and c.share_class_id = f.share_class_id
    join terms t on t.share_class_id = f.share_class_id;
  get diagnostics n = row_count;
  perform evergreen.refuse_unless(n = jsonb_array_length(fills), 'EG400', (jsonb_array_length(fills) - n) || ' fills name no order or no class of the strike.');
  if exists (select from public.series_navs n where n.strike_id = d.strike_id) then
    -- by series an order leaves lot by lot; of several prices its own is what its units got on average
    update public.allocations a set pieces = x.list, price = coalesce(nullif(case when x.least = x.most then x.least else round(round(x.amount, 30) / x.units, x.price_dp) end, 0), a.price)
      from (select p.flow_id, sum(p.units) as units, sum(p.amount) as amount, min(p.price) as least, max(p.price) as most, max(c.price_dp) as price_dp, jsonb_agg(p.piece order by p.lot_id) as list
              from evergreen.series_pieces(d) p join public.lots l using (lot_id) join public.share_classes c using (share_class_id) group by 1) x
     where a.dealing_day_id = d.dealing_day_id and a.flow_id = x.flow_id;
  end if;
  perform evergreen.check_allocations(d);
  update public.dealing_days x set status = 'allocated', step = greatest(x.step, 7), terms = fn_record_allocations.terms where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.emit('ALLOCATED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'orders', n), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  if request_id like 'deal/%' and request_id not like d.workflow_id || '/%' then
    -- the run of another class of the strike did it
    perform evergreen.knock_days(d.fund_id, null, d.dealing_day_id, 'allocated');
  end if;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'allocated: ' || n || ' orders', request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_record_allocations', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_allocations(uuid, jsonb, jsonb, text) is
  'Records what each order gets: terms = {swing_sub, swing_red, …} make the dealing prices, fills = [{flow_id, cohort, requested_units, admitted_units?, filled_units, carried_units, gross_amount, levy, fee, credit, performance_fee, refund, net_amount, series, high_water, equalisation_credit, reason, rest}]. Until posting they may be recorded anew. EG400, EG404, EG413, EG424, EG428.';

create or replace function evergreen.consume_lots(d public.dealing_days) returns evergreen.unit_entry[] language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pieces evergreen.unit_entry[];
  chosen evergreen.unit_entry[] := '{}';
  asked record;
  lot record;
  open numeric;
  hard int := coalesce((select (p.body #>> '{lockUp,hardMonths}')::int from public.dealing_policies p where p.policy_id = d.policy_id), 0);
begin
  -- who named lots goes first, order by order in the order of their ids, lot by lot in the order they were named
  for asked in
    select a.flow_id, a.share_class_id, a.investor_id, a.filled_units, f.elected_lots from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
     where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and a.filled_units > 0 and f.elected_lots <> '{}' order by a.flow_id
  loop
    open := asked.filled_units;
    for lot in
      select l.lot_id, l.units_left + coalesce((select sum(c.units) from unnest(chosen) c where c.lot_id = l.lot_id), 0) as units
        from unnest(asked.elected_lots) with ordinality e (lot_id, place) join public.lots l on l.lot_id = e.lot_id
       where l.share_class_id = asked.share_class_id and l.investor_id = asked.investor_id and (l.opened_on + make_interval(months => hard))::date <= d.dealing_date order by e.place
    loop
      if least(open, lot.units) > 0 then
        chosen := chosen || row(asked.share_class_id, 'holder', asked.investor_id, lot.lot_id, asked.flow_id, -least(open, lot.units))::evergreen.unit_entry;
        open := open - least(open, lot.units);
      end if;
    end loop;
  end loop;
  -- the others first in, first out: orders and lots laid end to end on one line; where two intervals overlap, that piece of the lot goes to that order
  -- (investor by investor through the index of lots: a join of two lists would compare everybody with everybody)
  select array_agg(row(k.share_class_id, 'holder', k.investor_id, t.lot_id, o.flow_id, -(least(o.ends, t.ends) - greatest(o.begins, t.begins)))::evergreen.unit_entry)
    into pieces
    from (
      select x.share_class_id, x.investor_id, array_agg(x.flow_id order by x.flow_id) as flows, array_agg(x.begins order by x.flow_id) as begins, array_agg(x.ends order by x.flow_id) as ends
        from (
          select a.flow_id, a.share_class_id, a.investor_id, sum(a.filled_units) over w - a.filled_units as begins, sum(a.filled_units) over w as ends
            from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
           where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption' and a.filled_units > 0 and f.elected_lots = '{}'
          window w as (partition by a.share_class_id, a.investor_id order by a.flow_id rows unbounded preceding)) x
       group by x.share_class_id, x.investor_id) k
    cross join lateral (
      select l.lot_id, sum(l.units_left) over w - l.units_left as begins, sum(l.units_left) over w as ends from (
        select x.lot_id, x.share_class_id, x.investor_id, x.opened_on, x.units_left + coalesce((select sum(c.units) from unnest(chosen) c where c.lot_id = x.lot_id), 0) as units_left from public.lots x
         where x.share_class_id = k.share_class_id and x.investor_id = k.investor_id and x.units_left > 0 offset 0) l
       where l.share_class_id = k.share_class_id and l.investor_id = k.investor_id and l.units_left > 0
         and (l.opened_on + make_interval(months => hard))::date <= d.dealing_date
      window w as (order by l.opened_on, l.lot_id rows unbounded preceding)) t
    cross join lateral unnest(k.flows, k.begins, k.ends) o (flow_id, begins, ends)
   where t.begins < o.ends and o.begins < t.ends;
  pieces := coalesce(pieces, '{}') || chosen;
  perform evergreen.refuse_unless(coalesce((select -sum(p.units) from unnest(pieces) p), 0) = coalesce((select sum(a.filled_units) from public.allocations a
    join public.fund_flows f on f.flow_id = a.flow_id where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption'), 0),
    'EG424', 'An investor would redeem units that are locked up or not there.');
  return pieces;
end $$;
comment on function evergreen.consume_lots(public.dealing_days) is 'Which piece of which lot each redemption of a day takes, the lots it named or first in first out, locked lots left out; negative units. EG424.';

create or replace function evergreen.issue_lots(d public.dealing_days, pieces evergreen.unit_entry[]) returns evergreen.unit_entry[] language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  issued evergreen.unit_entry[];
  moved evergreen.unit_entry[];
begin
  with new_lots as materialized (
    select gen_random_uuid() as lot_id, a.*, f.order_kind from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
     where a.dealing_day_id = d.dealing_day_id and f.direction = 'subscription' and f.order_kind <> 'transfer' and a.filled_units > 0
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, flow_id, units_issued, price, high_water, equalisation_credit)
    select n.lot_id, n.share_class_id, n.investor_id, d.dealing_date, n.series, n.flow_id, n.filled_units, n.price, n.high_water, n.equalisation_credit from new_lots n
  )
  select array_agg(row(n.share_class_id, 'holder', n.investor_id, n.lot_id, n.flow_id, n.filled_units)::evergreen.unit_entry) into issued from new_lots n;
  -- a transfer keeps the age, the series and the high-water mark of what it moves, and its part of the credit
  with new_lots as materialized (
    select gen_random_uuid() as lot_id, g.flow_id, g.investor_id, -p.units as units, l.share_class_id, l.opened_on, l.series, l.price, l.high_water, l.hurdle_from,
           round(l.equalisation_credit * -p.units / l.units_left, 18) as credit
      from unnest(pieces) p join public.fund_flows f on f.flow_id = p.flow_id and f.order_kind = 'transfer'
      join public.fund_flows g on g.flow_id = f.linked_flow_id join public.lots l on l.lot_id = p.lot_id
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, flow_id, units_issued, price, high_water, equalisation_credit, hurdle_from)
    select n.lot_id, n.share_class_id, n.investor_id, n.opened_on, n.series, n.flow_id, n.units, n.price, n.high_water, n.credit, n.hurdle_from from new_lots n
  )
  select array_agg(row(n.share_class_id, 'holder', n.investor_id, n.lot_id, n.flow_id, n.units)::evergreen.unit_entry) into moved from new_lots n;
  -- what a redemption takes of a lot takes its share of the credit with it
  update public.lots l set equalisation_credit = greatest(0, l.equalisation_credit - x.credit)
    from (select k.lot_id, sum(round(k.equalisation_credit * -p.units / k.units_left, 18)) as credit from unnest(pieces) p join public.lots k on k.lot_id = p.lot_id group by k.lot_id) x
   where l.lot_id = x.lot_id and l.equalisation_credit > 0;
  return coalesce(issued, '{}') || coalesce(moved, '{}');
end $$;
comment on function evergreen.issue_lots(public.dealing_days, evergreen.unit_entry[]) is 'Opens the lots of a day (subscriptions, switches in, transfers in) and answers their entries.';

create or replace function evergreen.day_cash(d public.dealing_days) returns evergreen.cash_entry[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with fills as materialized (
    select a.*, f.direction, f.order_kind, f.currency, least(a.net_amount, round(a.filled_units * a.price, u.exponent)) as worth
      from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.currencies u on u.code = f.currency
     where a.dealing_day_id = d.dealing_day_id and f.order_kind <> 'transfer'
  ), entries as (
    -- the investor's side, line by line; a switch passes through in_transit within this transaction
    select case when x.order_kind = 'switch' then 'in_transit' when x.direction = 'redemption' then 'redemptions_payable' else 'subscriptions_received' end as account,
           x.investor_id, x.flow_id, x.currency, case x.direction when 'redemption' then -x.net_amount else x.gross_amount end as amount, null::text as reference from fills x
    union all
    select 'refunds_payable', x.investor_id, x.flow_id, x.currency, -x.refund, 'refund' from fills x
    union all
    -- the fund's side, one line per kind; what a floor leaves stays in the fund on a line of its own
    select e.account, null, null, x.currency, sum(e.amount), e.reference from fills x cross join lateral (values
        ('capital', 'units', case x.direction when 'redemption' then x.gross_amount else -x.worth end),
        ('fund_income', 'residual', case x.direction when 'redemption' then 0 else x.worth - x.net_amount end),
        ('fund_income', 'levy', -x.levy),
        (case x.direction when 'redemption' then 'fund_income' else 'fee_payable' end, 'fee', -x.fee),
        -- the accrued performance fee is still in the capital: what a redemption gets of it, and what of it is owed to the manager now (R24)
        ('capital', 'credit', x.credit), ('capital', 'performance fee', x.performance_fee), ('fee_payable', 'performance fee', -x.performance_fee)) e (account, reference, amount)
     group by e.account, e.reference, x.currency
  )
  select array_agg(row(e.account, e.investor_id, e.flow_id, e.currency, e.amount, e.reference)::evergreen.cash_entry) from entries e where e.amount <> 0
$$;
comment on function evergreen.day_cash(public.dealing_days) is 'Cash entries of an allocated day, fund currency: what is received and owed per order against capital, income and fees.';

create or replace function evergreen.note_overdue(d public.dealing_days, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  late record;
  id uuid;
  event uuid;
begin
  -- R8: what waited longer than the policy allows and could not be paid in full is told to the authority
  for late in select a.* from public.allocations a where a.dealing_day_id = d.dealing_day_id and a.rest = 'notify' order by a.flow_id loop
    id := gen_random_uuid();
    event := evergreen.emit('AUTHORITY_NOTICE_DUE', d.fund_id, jsonb_build_object('notice_id', id, 'dealing_day_id', d.dealing_day_id, 'flow_id', late.flow_id), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
    insert into public.authority_notices (notice_id, fund_id, dealing_day_id, flow_id, kind, body, event_id)
    values (id, d.fund_id, d.dealing_day_id, late.flow_id, 'carried_too_long', jsonb_build_object('dealing_date', d.dealing_date, 'requested_units', trim_scale(late.requested_units)::text,
      'filled_units', trim_scale(late.filled_units)::text, 'carried_units', trim_scale(late.carried_units)::text,
      'most_dealings', (select (p.body ->> 'carryMaxDealings')::int from public.lmt_policies p where p.policy_id = d.lmt_policy_id)), event);
  end loop;
end $$;
comment on function evergreen.note_overdue(public.dealing_days, text) is 'Writes a notice to the authority, with its event, for every order of a day that has waited too long and is not paid in full.';

create or replace function public.fn_post_dealing_day(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  bad int;
  pieces evergreen.unit_entry[];
  event uuid;
  posted uuid;
  kids int;
  fills uuid[];
  parents uuid[];
  children uuid[];
  left_over numeric[];
  rests text[];
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_post_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'allocated', 'EG428', 'The dealing day is ' || d.status || '.');
  perform evergreen.refuse_unless(d.rechecked_at is not null, 'EG428', 'KYC has not looked at the orders of the day again.');
  perform evergreen.check_allocations(d);
  select count(*) into bad /* I14, at this instant */ from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
   where a.dealing_day_id = d.dealing_day_id and a.filled_units > 0 and not evergreen.is_cleared(a.investor_id)
     and (f.direction = 'subscription' or evergreen.investor_stopped(a.investor_id)); -- no money either; whose clearance only ran out since is paid
  perform evergreen.refuse_unless(bad = 0, 'EG430', bad || ' orders would deal for an investor who is not cleared; look at the orders again.');
  pieces := evergreen.consume_lots(d);
  event := evergreen.emit('DEALING_DAY_POSTED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)),
    array(select distinct a.investor_id from public.allocations a where a.dealing_day_id = d.dealing_day_id), request_id);
  if exists (select from public.allocations a where a.dealing_day_id = d.dealing_day_id and a.filled_units > 0) then
    posted := evergreen.post_ledger(d.fund_id, 'dealing', 'dealing day ' || d.dealing_date, d.dealing_day_id, event, null,
      coalesce(pieces, '{}') || evergreen.issue_lots(d, pieces), evergreen.day_cash(d));
  end if;
  -- what is carried becomes an order of its own, of the same age, in units; both legs together
  -- collected first: planned as arrays their number is known, where a day that was allocated a moment ago would be taken for a single row
  select array_agg(a.allocation_id), array_agg(f.flow_id), array_agg(gen_random_uuid()), array_agg(coalesce(nullif(a.carried_units, 0), l.carried_units)), array_agg(a.rest)
    into fills, parents, children, left_over, rests
    from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id
    left join public.allocations l on l.dealing_day_id = a.dealing_day_id and l.flow_id = f.linked_flow_id
   where a.dealing_day_id = d.dealing_day_id and (a.carried_units > 0 or l.carried_units > 0);
  insert into public.fund_flows (flow_id, fund_id, share_class_id, investor_id, direction, order_kind, requested_units, currency, status, channel, eligibility_tag, requested_at,
    vintage, policy_id, placed_by, accepted_at, dust_asked_at, dust_answer, elected_lots, offer_id, parent_flow_id, linked_flow_id, event_id)
  select x.child, o.fund_id, o.share_class_id, o.investor_id, o.direction, o.order_kind,
         case when o.order_kind = 'switch' and o.direction = 'subscription' then null else x.left_over end, o.currency, 'accepted', o.channel, o.eligibility_tag,
         o.requested_at, o.vintage, o.policy_id, o.placed_by, now(), case when x.rest = 'ask_dust' then now() else o.dust_asked_at end, o.dust_answer, o.elected_lots, o.offer_id, o.flow_id, k.child, event
    from unnest(parents, children, left_over, rests) x (flow_id, child, left_over, rest) join public.fund_flows o on o.flow_id = x.flow_id
    left join unnest(parents, children) k (flow_id, child) on k.flow_id = o.linked_flow_id;
  insert into public.order_transitions (flow_id, to_status, event_id, reason, actor)
  select x.child, 'accepted', event, 'carried from ' || x.flow_id, evergreen.actor() from unnest(parents, children) x (flow_id, child);
  update public.allocations a set child_flow_id = x.child from unnest(fills, children) x (allocation_id, child) where a.allocation_id = x.allocation_id;
  get diagnostics kids = row_count;
  -- R9: the investor is asked, once, whether to give up the small rest
  perform evergreen.emit('DUST_ASKED', d.fund_id, jsonb_build_object('flow_id', a.child_flow_id), evergreen.actor(), jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), array[a.investor_id], request_id)
    from public.allocations a where a.dealing_day_id = d.dealing_day_id and a.rest = 'ask_dust' order by a.flow_id;
  perform evergreen.note_overdue(d, request_id);
  with ends as materialized (
    select a.flow_id, a.filled_units, a.price, a.net_amount, a.reason, case when a.filled_units > 0 then 'allocated' when a.child_flow_id is not null then 'carried' else 'lapsed' end as status
      from public.allocations a where a.dealing_day_id = d.dealing_day_id
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, actor)
    select e.flow_id, 'priced', e.status, event, e.reason, evergreen.actor() from ends e
  )
  update public.fund_flows f set status = e.status, filled_units = e.filled_units, price = e.price, net_amount = e.net_amount, reason = e.reason from ends e where f.flow_id = e.flow_id;
  update public.dealing_days x set status = 'posted', step = 8 where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.end_gate_use(d.strike_id, 'the dealing day of ' || d.dealing_date || ' is posted');
  -- a later day may be waiting for this register
  perform evergreen.knock_days(d.fund_id, null, x.dealing_day_id, 'the day before is posted') from public.dealing_days x
    where x.fund_id = d.fund_id and x.dealing_date > d.dealing_date and x.status = 'cut_off';
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'posted; orders carried ' || kids, request_id);
  answer := evergreen.day_answer(d.dealing_day_id) || jsonb_build_object('ledger_tx_id', posted, 'carried', kids);
  perform evergreen.keep_answer('fn_post_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_post_dealing_day(uuid, text) is
  'Posts an allocated day in one transaction: units and lots (first in first out), cash, carried orders, states, balances. After it only a reversal or a restatement changes anything. EG404, EG424, EG428, EG430 not cleared.';
