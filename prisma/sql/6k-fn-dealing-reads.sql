-- What the rooms read to strike a NAV and to deal: one answer, one snapshot, as one JSON value, since a book may have 50,000 orders.

create or replace function public.fn_read_nav_facts(dealing_day_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  f public.funds;
begin
  perform evergreen.require_role('agent_commander');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_nav_facts.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  select * into f from public.funds x where x.fund_id = d.fund_id;
  return jsonb_build_object('fund', f.code, 'currency', f.base_currency, 'nav_date', d.dealing_date,
    'assets', evergreen.marks_of(f.fund_id, d.dealing_date), 'ledger', evergreen.ledger_figures(f.fund_id), 'classes', evergreen.class_figures(f.fund_id, d.dealing_date),
    'certain_inflows', evergreen.certain_inflows_of(f.fund_id, d.dealing_date)::text,
    'reconciliation_breaks', (select count(*) from evergreen.broken_books(f.fund_id)));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_nav_facts(uuid) is
  'What the NAV of a dealing day is made of: marks with their age limits and anchors, balances of the ledger, classes since their last strike, what is broken in the books. Fund currency. EG404.';

create or replace function evergreen.marks_of(of_fund uuid, on_day date) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with ages as (select p.value from public.platform_settings p where p.key = 'nav_max_age_days'),
  moves as (select p.value from public.platform_settings p where p.key = 'data_drift_threshold_bps')
  select coalesce(jsonb_agg(jsonb_build_object('asset_id', a.id, 'label', a.external_key, 'type', a.type, 'liquid', a.liquid_flag,
      -- what was bought or sold since the mark is worth what the allocation says; its price is still of the mark's day
      'value', trim_scale(coalesce(t.market_value, m.nav))::text, 'as_of', m.as_of,
      'source', left(case when t.market_value is not null then 'allocation ' || t.version || ', mark of ' || m.source else m.source end, 200),
      'confirmed', m.method = 'confirmed' or t.market_value is not null,
      'max_age_days', coalesce((ages.value ->> a.type)::int, (ages.value ->> 'default')::int, 120),
      'max_move_bps', coalesce((moves.value ->> a.type)::int, (moves.value ->> 'default')::int, 500),
      'anchor', trim_scale(evergreen.anchor_of(a.id, of_fund, on_day, m.as_of))::text,
      -- a holding that was traded since has its value from the trade
      'roll', case when t.market_value is null then evergreen.roll_forward_of(a.id, m.as_of, on_day) end) order by a.external_key), '[]')
    from public.assets a left join ages on true left join moves on true
    left join lateral (select s.nav, s.as_of, s.source, s.method, s.recorded_at from public.asset_snapshots s
      where s.asset_id = a.id and s.scenario_id = '' and s.as_of <= on_day order by s.as_of desc, s.recorded_at desc, s.created_at desc limit 1) m on true
    left join lateral (select p.market_value, p.version from public.portfolio_allocations p
      where p.asset_id = a.id and p.superseded_at is null and p.proposal_id is not null and p.recorded_at > m.recorded_at and p.recorded_at::date <= on_day limit 1) t on true
   where a.fund_id = of_fund and a.status = 'active'
$$;
comment on function evergreen.marks_of(uuid, date) is 'Every active asset of a fund at its latest mark up to a day, with its limits of age and movement and its value in the strike before.';

create or replace function evergreen.ledger_figures(of_fund uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'bank', coalesce(sum(b.amount) filter (where b.account = 'bank'), 0)::text,
    -- per investor: money that came before its dealing is owed to them, units that were dealt before their money are owed by them
    'prepaid', coalesce(-sum(b.amount) filter (where b.account = 'subscriptions_received' and b.amount < 0), 0)::text,
    'receivable', coalesce(sum(b.amount) filter (where b.account = 'subscriptions_received' and b.amount > 0), 0)::text,
    -- distributions that are not paid yet leave the fund at their ex-date as redemptions do at their dealing date
    'redemptions_payable', coalesce(-sum(b.amount) filter (where b.account in ('redemptions_payable', 'distributions_payable', 'refunds_payable')), 0)::text,
    'fee_payable', coalesce(-sum(b.amount) filter (where b.account = 'fee_payable'), 0)::text,
    'in_transit', coalesce(sum(b.amount) filter (where b.account = 'in_transit'), 0)::text,
    -- for a NAV that was wrong: owed to investors, and owed by who was responsible
    'compensation_payable', coalesce(-sum(b.amount) filter (where b.account = 'compensation_payable'), 0)::text,
    'compensation_receivable', coalesce(sum(b.amount) filter (where b.account = 'compensation_receivable'), 0)::text,
    -- strikes accrue the management fee from the beginning; what was paid of it is no liability any more
    'management_paid', coalesce(sum(b.amount) filter (where b.account = 'management_fee'), 0)::text)
    from public.cash_balances b where b.fund_id = of_fund
$$;
comment on function evergreen.ledger_figures(uuid) is 'What the dealing account holds and what is owed on it, fund currency; capital, income and what was invested are not counted: assets are counted by their marks.';

create or replace function evergreen.first_version(of_strike uuid) returns uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive chain as (
    select s.strike_id, s.supersedes from public.nav_strikes s where s.strike_id = of_strike
    union all select s.strike_id, s.supersedes from chain c join public.nav_strikes s on s.strike_id = c.supersedes
  ) select c.strike_id from chain c where c.supersedes is null
$$;
comment on function evergreen.first_version(uuid) is 'The strike that orders were dealt at, whatever restated it since.';

create or replace function evergreen.inputs_known(of_strike uuid) returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select s.recorded_at from public.nav_strikes s where s.strike_id = evergreen.first_version(of_strike)), 'infinity')
$$;
comment on function evergreen.inputs_known(uuid) is 'Up to when the inputs of a strike know what was posted: a restated one has those of its first version; of no strike, all there is.';

create or replace function evergreen.compensated(of_class uuid, after_strike uuid, until_strike uuid) returns table (pays numeric, receives numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- as far as the frozen inputs of the one strike do not know of it and those of the other do; a restated strike has the inputs of its first version
  with moved as (
    select t.ledger_tx_id, coalesce(o.kind, t.kind) as kind, m.account, m.amount, f.share_class_id as dealt_in
      from public.nav_strikes a join public.ledger_transactions t on t.fund_id = a.fund_id and t.posted_at > a.recorded_at and t.posted_at <= evergreen.inputs_known(until_strike)
      left join public.ledger_transactions o on o.ledger_tx_id = t.reverses join public.cash_movements m on m.ledger_tx_id = t.ledger_tx_id left join public.fund_flows f on f.flow_id = m.flow_id
     where a.strike_id = evergreen.first_version(after_strike) and coalesce(o.kind, t.kind) in ('compensation', 'crystallisation')
       and m.account in ('compensation_payable', 'compensation_receivable', 'fee_payable')
  ), again as (
    -- a fee taken again on an earlier strike than the one before: what came back of it, or what more was taken; on that strike itself it stands among what was taken there
    select x.ledger_tx_id, n.as_of < a.nav_date as is_earlier from public.nav_strikes a join public.class_marks n on n.share_class_id = of_class and n.replaces is not null and n.as_of <= a.nav_date
      join public.class_marks w on w.mark_id = n.replaces
      cross join lateral (select n.ledger_tx_id union all select r.ledger_tx_id from public.ledger_transactions r where r.reverses = w.ledger_tx_id) x where a.strike_id = after_strike
  )
  select coalesce(-sum(m.amount) filter (where m.account = 'compensation_payable'), 0), coalesce(sum(m.amount) filter (where m.account <> 'compensation_payable'), 0)
    from moved m left join again g using (ledger_tx_id) where m.kind = 'compensation' and m.dealt_in = of_class
      or m.kind = 'crystallisation' and (g.is_earlier or g.ledger_tx_id is not null and m.account <> 'fee_payable')
$$;
comment on function evergreen.compensated(uuid, uuid, uuid) is 'What a NAV error came to for a class between two strikes (null: up to now): owed to investors; owed by the responsible party, with the performance fee that came back (below zero: that was taken since).';

create or replace function evergreen.pocket_figures(of_class uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('assets', m.body -> 'assets', 'fair_value', m.body ->> 'fair_value', 'holdback', m.body ->> 'holdback', 'liabilities', m.body ->> 'liabilities',
      'value', m.body ->> 'value', 'mark', trim_scale(evergreen.class_mark(of_class))::text)
    from public.class_marks m where m.share_class_id = of_class and m.cause = 'side_pocket' order by m.as_of, m.created_at limit 1);
end $$;
comment on function evergreen.pocket_figures(uuid) is
  'What a side pocket took when it was opened (R13): the assets, their value, the cash and the debts with them, all of the fund; value is the part of this pocket. Fund currency; the mark is per unit.';

create or replace function evergreen.series_assets(of_class uuid, of_strike uuid, until_day date, known_until timestamptz)
returns table (series text, assets numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with struck as materialized (
    select n.*, s.nav_date, s.fund_id, u.exponent, (select x.recorded_at from public.nav_strikes x where x.strike_id = evergreen.first_version(s.strike_id)) as known_at
      from public.series_navs n join public.nav_strikes s using (strike_id) join public.share_classes c using (share_class_id) join public.currencies u on u.code = c.currency
     where n.strike_id = of_strike and n.share_class_id = of_class
  ), one as (select distinct k.fund_id, k.nav_date, k.exponent, k.known_at from struck k),
  taken as (
    -- what was crystallised on that strike, and what was rolled into the lead with it
    select r.*, k.nav + k.performance_accrued - r.fee as left_over from one cross join evergreen.marks_known(of_class, 'infinity') m
      cross join lateral jsonb_to_recordset(m.body -> 'series') r (series text, fee numeric, rolled_into text, cash numeric) join struck k on k.series = r.series
     where m.cause = 'crystallisation' and m.as_of = one.nav_date
  ), put_right as (
    -- what an order dealt too much or too little at a NAV that was restated since is that of its own series
    select p.series, m.amount, p.units * abs(p.published - p.correct) as weight, sum(p.units * abs(p.published - p.correct)) over (partition by m.entry_id) as weights, one.exponent
      from one join public.ledger_transactions t on t.fund_id = one.fund_id and t.posted_at > one.known_at and t.posted_at < known_until left join public.ledger_transactions o on o.ledger_tx_id = t.reverses
      join public.fund_events e on e.event_id = coalesce(o.event_id, t.event_id) join public.restatements r on r.strike_id::text = e.payload ->> 'strike_id' and r.share_class_id = of_class
      join public.compensations c using (restatement_id) join public.cash_movements m on m.ledger_tx_id = t.ledger_tx_id and m.flow_id = c.flow_id
      cross join lateral jsonb_to_recordset(c.due -> 'series') p (series text, units numeric, published numeric, correct numeric)
     where coalesce(o.kind, t.kind) = 'compensation' and m.account in ('compensation_payable', 'compensation_receivable', 'fee_payable')
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
    union all select r.series, round(round(r.amount * r.weight, 30) / r.weights, r.exponent) from put_right r where r.weights > 0
  )
  select m.series, sum(m.amount) from moves m group by m.series having sum(m.amount) > 0
$$;
comment on function evergreen.series_assets(uuid, uuid, date, timestamptz) is
  'What each series of a class stands at before fee and before the result since a strike (fund currency): as struck, with what was subscribed and what a restatement put right, without what was redeemed, crystallised, rolled or distributed.';

create or replace function evergreen.series_figures(c public.share_classes, before_strike uuid, on_day date, of_strike uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('series', x.series, 'assets', x.assets::text, 'price', trim_scale(b.nav_per_unit)::text) order by x.series), '[]') from (
    select a.series, a.assets from evergreen.series_assets(c.share_class_id, before_strike, on_day,
      coalesce((select s.recorded_at from public.nav_strikes s where s.strike_id = evergreen.first_version(of_strike)), 'infinity')) a
    union all
    -- a side pocket begins with what its class had, series by series
    select n.series, round(round(n.nav, 30) * (m.body ->> 'value')::numeric / k.nav, u.exponent) from public.class_marks m join public.class_navs k on k.strike_id = m.strike_id and k.share_class_id = c.pocket_of
      join public.series_navs n on n.strike_id = k.strike_id and n.share_class_id = k.share_class_id join public.currencies u on u.code = c.currency
     where m.share_class_id = c.share_class_id and m.cause = 'side_pocket' and not exists (select from public.series_navs b where b.strike_id = before_strike and b.share_class_id = c.share_class_id)) x
    left join public.series_navs b on b.strike_id = before_strike and b.share_class_id = c.share_class_id and b.series = x.series
$$;
comment on function evergreen.series_figures(public.share_classes, uuid, date, uuid) is
  'What each series of a class stands at before the result since a strike, fund currency; of a side pocket at first its part of the series of its class. No row before the first strike by series.';

create or replace function evergreen.class_figures(of_fund uuid, on_day date, of_strike uuid default null) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with before as (select s.* from public.nav_strikes s where s.fund_id = of_fund and s.state = 'final' and s.nav_date < on_day order by s.nav_date desc limit 1),
  dealt as (
    select a.share_class_id, sum(a.net_amount) filter (where f.direction = 'subscription') as bought, sum(a.gross_amount) filter (where f.direction = 'redemption') as sold,
           sum(a.performance_fee + a.credit) as taken
      from before b join public.dealing_days d on d.fund_id = b.fund_id and d.dealing_date >= b.nav_date and d.dealing_date < on_day
        and d.status in ('posted', 'claimable', 'settled', 'closed')
      join public.allocations a on a.dealing_day_id = d.dealing_day_id join public.fund_flows f on f.flow_id = a.flow_id and f.order_kind <> 'transfer' group by 1
  ), moved as (
    -- side pockets were opened on the last strike, after whose date they are no part of its classes
    select k.pocket_of as share_class_id, sum((m.body ->> 'value')::numeric) as worth
      from before b join public.class_marks m on m.cause = 'side_pocket' and m.as_of = b.nav_date join public.share_classes k on k.share_class_id = m.share_class_id
     where k.fund_id = of_fund and k.pocket_of is not null group by 1
  )
  select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code,
      -- of the register as it stands, or for a strike of the past of the register it was over
      'units', trim_scale(case when of_strike is null then c.units_outstanding else coalesce(o.units, 0) end)::text, 'units_dp', c.units_dp, 'price_dp', c.price_dp,
      'price', trim_scale(coalesce(c.nav_per_unit, c.issue_price))::text, 'issue_price', trim_scale(c.issue_price)::text,
      'last', (select jsonb_build_object('nav_date', b.nav_date, 'nav', n.nav::text, 'units', trim_scale(n.units)::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text,
          'fees', (select x from jsonb_array_elements(coalesce(b.body -> 'fees', '[]')) x where x ->> 'share_class_id' = c.share_class_id::text))
         from before b join public.class_navs n on n.strike_id = b.strike_id and n.share_class_id = c.share_class_id),
      -- the class that dealt at a wrong price bears what is paid for it
      'subscribed', (coalesce(dealt.bought, 0) + coalesce(comp.receives, 0))::text, 'redeemed', (coalesce(dealt.sold, 0) + coalesce(comp.pays, 0)
        -- by series: what a roll-up paid for units that it rounded down
        + coalesce((select sum((r ->> 'cash')::numeric) from before b cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m
            cross join lateral jsonb_array_elements(m.body -> 'series') r where m.cause = 'crystallisation' and m.as_of = b.nav_date), 0))::text,
      'mark', trim_scale(evergreen.mark_on(c.share_class_id, on_day, false))::text,
      -- of the fee accrued at that strike: what was crystallised on it, and what redemptions took along
      'performance_taken', (coalesce(dealt.taken, 0) + coalesce((select sum((m.body ->> 'fee')::numeric) from before b
         cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m where m.cause = 'crystallisation' and m.as_of = b.nav_date), 0))::text,
      'moved', coalesce(moved.worth, 0)::text,
      -- what a class paid to its holders is its own: the others had nothing of it
      'distributed', coalesce((select sum((m.body ->> 'amount')::numeric) from before b cross join lateral evergreen.marks_known(c.share_class_id, evergreen.inputs_known(of_strike)) m
         where m.cause = 'distribution' and m.recorded_at > evergreen.inputs_known(b.strike_id) and not exists (select from public.ledger_transactions r where r.reverses = m.ledger_tx_id)), 0)::text, 'pocket', case when c.pocket_of is not null then evergreen.pocket_figures(c.share_class_id) end,
      'policy', p.body, 'deals', exists (select from public.dealing_days d where d.share_class_id = c.share_class_id and d.dealing_date = on_day and d.status not in ('suspended', 'discarded')),
      'lots', case when coalesce(p.body #>> '{fees,performance,method}', 'none') = 'none' then '[]'::jsonb else (
        select coalesce(jsonb_agg(jsonb_build_object('id', l.lot_id, 'series', evergreen.series_of(l), 'units', trim_scale(h.units)::text, 'opened_on', l.opened_on,
          'mark', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', l.equalisation_credit::text, 'hurdle_from', l.hurdle_from) order by l.lot_id), '[]')
          from (select u.lot_id, sum(u.units) as units from public.unit_ledger u join public.ledger_transactions t using (ledger_tx_id) left join public.dealing_days x on x.dealing_day_id = t.dealing_day_id
                 where u.share_class_id = c.share_class_id and u.account = 'holder' and (of_strike is null or t.kind = 'opening' or coalesce(x.dealing_date, t.effective_at::date) < on_day)
                 group by u.lot_id having sum(u.units) > 0) h join public.lots l using (lot_id)) end)
      -- by series: what each stands at; of a strike of the past its own series, since lots may have been rolled into others
      || case when evergreen.by_series(c.share_class_id, on_day) then jsonb_build_object('series', evergreen.series_figures(c, (select b.strike_id from before b), on_day, of_strike)) else '{}'::jsonb end
      || coalesce((select jsonb_build_object('lots', jsonb_agg(jsonb_build_object('id', n.series, 'series', n.series, 'units', trim_scale(n.units)::text, 'opened_on', n.since,
          'mark', trim_scale(n.high_water)::text, 'credit', '0') order by n.series)) from public.series_navs n where n.strike_id = of_strike and n.share_class_id = c.share_class_id having count(*) > 0), '{}')
      order by c.code), '[]')
    from public.share_classes c left join public.class_navs o on o.strike_id = of_strike and o.share_class_id = c.share_class_id left join dealt on dealt.share_class_id = c.share_class_id
      left join moved on moved.share_class_id = c.share_class_id left join before b on true left join lateral evergreen.compensated(c.share_class_id, b.strike_id, of_strike) comp on true
      -- a side pocket is under the fee terms of the class it came from
      left join lateral evergreen.dealing_policy(coalesce(c.pocket_of, c.share_class_id), on_day) p on true
   where c.fund_id = of_fund and case when of_strike is null then c.units_outstanding > 0 or (p.policy_id is not null and c.pocket_of is null) else o.strike_id is not null end
$$;
comment on function evergreen.class_figures(uuid, date, uuid) is
  'Each class with its last final strike, what was dealt since, its terms in force, and its lots where there is a performance fee; for a strike of the past its classes over its units.';

create or replace function evergreen.pockets_worth(of_strike uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(n.nav), 0) from public.class_navs n join public.share_classes c using (share_class_id) where n.strike_id = of_strike and c.pocket_of is not null
$$;
comment on function evergreen.pockets_worth(uuid) is 'What the side pockets of a strike are worth, fund currency: closed, they are no part of the NAV that a gate or a swing is measured against.';

create or replace function evergreen.book_of(d public.dealing_days, s public.nav_strikes, days uuid[], more uuid[] default '{}') returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('fund', f.code, 'currency', f.base_currency, 'dealing_date', d.dealing_date, 'strike_state', s.state,
    'nav', coalesce((s.nav - evergreen.pockets_worth(s.strike_id))::text, ((s.body #>> '{draft,nav}')::numeric - (select coalesce(sum((e ->> 'nav')::numeric), 0)
       from jsonb_array_elements(coalesce(s.body #> '{draft,classes}', '[]')) e join public.share_classes k on k.share_class_id::text = e ->> 'share_class_id' and k.pocket_of is not null))::text),
    'liquid_assets', coalesce(s.body ->> 'liquid_assets', s.body #>> '{draft,liquid_assets}'),
    'certain_inflows', coalesce(s.body ->> 'certain_inflows', s.body #>> '{draft,certain_inflows}'),
    'offer_share', (select trim_scale(o.share)::text from public.repurchase_offers o where o.fund_id = f.fund_id and o.pricing_date = d.dealing_date),
    'lmt', tools.body, 'active', (select coalesce(jsonb_agg(distinct a.tool), '[]') from public.lmt_activations a join public.proposals q using (proposal_id) where a.fund_id = f.fund_id and a.status = 'active' and q.kind = 'lmt'),
    'quarter_base', (select (q.nav - evergreen.pockets_worth(q.strike_id))::text from public.nav_strikes q where q.fund_id = f.fund_id and q.state = 'final' and q.nav_date < d.dealing_date
       order by q.nav_date >= date_trunc('quarter', d.dealing_date)::date, case when q.nav_date < date_trunc('quarter', d.dealing_date)::date then q.nav_date end desc, q.nav_date limit 1),
    'redeemed_in_quarter', evergreen.redeemed_since(f.fund_id, date_trunc('quarter', d.dealing_date)::date, d.dealing_date)::text,
    'redeemed_in_month', evergreen.redeemed_since(f.fund_id, date_trunc('month', d.dealing_date)::date, d.dealing_date)::text,
    'classes', (select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code, 'units_dp', c.units_dp, 'policy', p.body,
        'nav_per_unit', coalesce(trim_scale(n.nav_per_unit)::text, x.draft ->> 'nav_per_unit'),
        -- before a strike nothing of it can have been crystallised
        'before_fee', case when p.body #>> '{fees,performance,method}' = 'equalisation' and coalesce(n.units, c.units_outstanding) > 0 and coalesce(t.open, true) then
          jsonb_build_object('value', coalesce(n.nav + n.performance_accrued, (x.draft ->> 'nav')::numeric + (x.draft ->> 'performance_accrued')::numeric)::text,
            'units', trim_scale(coalesce(n.units, c.units_outstanding))::text, 'mark', trim_scale(evergreen.mark_on(c.share_class_id, d.dealing_date, true))::text) end,
        'by_series', case when p.body #>> '{fees,performance,method}' = 'series' and (t.method is not null or x.draft ? 'series') then jsonb_build_object('issue_price', trim_scale(coalesce(c.issue_price, n.nav_per_unit, c.nav_per_unit))::text,
          'series', case when n.strike_id is not null
            then (select coalesce(jsonb_agg(jsonb_build_object('series', o.series, 'units', trim_scale(o.units)::text, 'nav_per_unit', trim_scale(o.price)::text, 'fee', o.fee::text) order by o.series), '[]') from evergreen.series_open(s.strike_id, c.share_class_id) o)
            else (select coalesce(jsonb_agg(jsonb_build_object('series', e ->> 'series', 'units', e ->> 'units', 'nav_per_unit', e ->> 'nav_per_unit', 'fee', e ->> 'performance_accrued') order by e ->> 'series'), '[]') from jsonb_array_elements(x.draft -> 'series') e) end) end) order by c.code), '[]')
       from public.share_classes c cross join lateral evergreen.dealing_policy(c.share_class_id, d.dealing_date) p
       left join public.class_navs n on n.strike_id = s.strike_id and n.share_class_id = c.share_class_id
       left join lateral (select e as draft from jsonb_array_elements(coalesce(s.body #> '{draft,classes}', '[]')) e where e ->> 'share_class_id' = c.share_class_id::text) x on true
       left join lateral evergreen.fee_terms(s.strike_id, c.share_class_id) t on true
      where c.fund_id = f.fund_id and p.policy_id is not null and coalesce(trim_scale(n.nav_per_unit)::text, x.draft ->> 'nav_per_unit') is not null),
    'days', (select jsonb_agg(jsonb_build_object('dealing_day_id', x.dealing_day_id, 'share_class_id', x.share_class_id, 'status', x.status) order by x.dealing_day_id)
       from public.dealing_days x where x.dealing_day_id = any (days)),
    'orders', evergreen.booked_orders(days, more, d.dealing_day_id), 'lots', evergreen.booked_lots(days, more),
    'cover', (select jsonb_build_object('assets', c.assets::text, 'liabilities', c.liabilities::text) from evergreen.thirty_day_cover(f.fund_id, null) c),
    'holdings', case when tools.body ? 'investorGate' then evergreen.book_holdings(days, d.dealing_date, tools.body #>> '{investorGate,period}') else '[]'::jsonb end)
    from public.funds f left join public.lmt_policies tools on tools.policy_id = d.lmt_policy_id where f.fund_id = d.fund_id);
end $$;
comment on function evergreen.book_of(public.dealing_days, public.nav_strikes, uuid[], uuid[]) is
  'The book of a dealing day over a strike: the orders locked or priced on some days, and more orders by their ids; with prices, terms, lots and the figures the gate is held against.';

create or replace function public.fn_read_book(dealing_day_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  days uuid[];
begin
  perform evergreen.require_role('agent_liquidity_engine');
  select * into d from public.dealing_days x where x.dealing_day_id = fn_read_book.dealing_day_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  perform evergreen.refuse_unless(d.strike_id is not null, 'EG428', 'The dealing day is ' || d.status || ': it has no NAV yet.');
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  -- the gate is one over all classes that deal at this NAV
  select array_agg(x.dealing_day_id order by x.dealing_day_id) into days from public.dealing_days x
   where x.strike_id = d.strike_id and x.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated');
  -- a step that is taken again after its worker died may find the day posted
  perform evergreen.refuse_unless(d.dealing_day_id = any (days), 'EG428', 'The dealing day is ' || d.status || ': it has no book any more.');
  return evergreen.book_of(d, s, days);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_book(uuid) is
  'The locked orders of every class that deals at the NAV of a day, with prices, terms, lots of who redeems, the figures the gate is held against, and what the fund can sell and owes under stress within 30 days. EG404, EG428 no NAV yet, or posted.';

create or replace function evergreen.redeemed_since(of_fund uuid, since date, before date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(a.gross_amount), 0) from public.dealing_days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
   where d.fund_id = of_fund and d.dealing_date >= since and d.dealing_date < before and d.status in ('posted', 'claimable', 'settled', 'closed')
     and f.direction = 'redemption' and f.order_kind = 'plain'
$$;
comment on function evergreen.redeemed_since(uuid, date, date) is 'What redemptions took out of a fund on dealing days from a date until before another; fund currency. Switches and transfers take nothing out.';

drop function if exists evergreen.book_orders(uuid[]);
create or replace function evergreen.booked_orders(days uuid[], more uuid[], on_day uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive book as materialized (
    select f.* from public.fund_flows f where f.dealing_day_id = any (days) and f.status in ('locked', 'priced')
    union all select f.* from public.fund_flows f where f.flow_id = any (more)
  ), chain as (
    -- how often what is left of an order was dealt before, and how often it got something
    select b.flow_id as root, p.parent_flow_id, 1 as dealings, (coalesce(p.filled_units, 0) > 0)::int as fills from book b join public.fund_flows p on p.flow_id = b.parent_flow_id
    union all
    select c.root, p.parent_flow_id, c.dealings + 1, c.fills + (coalesce(p.filled_units, 0) > 0)::int from chain c join public.fund_flows p on p.flow_id = c.parent_flow_id
  ), past as (select c.root, max(c.dealings) as dealings, max(c.fills) as fills from chain c group by c.root)
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', b.flow_id, 'dealing_day_id', y.dealing_day_id, 'share_class_id', b.share_class_id, 'investor_id', b.investor_id, 'owner_id', evergreen.owner_of(b.investor_id, y.dealing_date),
      'asked', b.dust_asked_at is not null, 'kept', coalesce(b.dust_answer = 'keep', false), 'elected_lots', to_jsonb(b.elected_lots),
      'direction', b.direction, 'kind', b.order_kind, 'units', trim_scale(b.requested_units)::text, 'amount', trim_scale(b.amount)::text, 'vintage', coalesce(b.vintage, y.dealing_date),
      'cleared', b.cleared_at is not null, 'linked_flow_id', b.linked_flow_id, 'dealings', coalesce(p.dealings, 0), 'fills', coalesce(p.fills, 0)) order by b.flow_id), '[]')
    from book b join public.dealing_days y on y.dealing_day_id = coalesce(b.dealing_day_id, on_day) left join past p on p.root = b.flow_id
$$;
comment on function evergreen.booked_orders(uuid[], uuid[], uuid) is 'The orders that are locked or priced on some days, and more by their ids as of a day, in the order of their ids.';

drop function if exists evergreen.book_lots(uuid[]);
create or replace function evergreen.booked_lots(days uuid[], more uuid[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('lot_id', l.lot_id, 'share_class_id', l.share_class_id, 'investor_id', l.investor_id, 'opened_on', l.opened_on,
      'units', trim_scale(l.units_left)::text, 'reference', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', trim_scale(l.equalisation_credit)::text, 'series', evergreen.series_of(l)) order by l.lot_id), '[]')
    from (select distinct f.share_class_id, f.investor_id from public.fund_flows f where f.dealing_day_id = any (days) and f.direction = 'redemption' and f.status in ('locked', 'priced')
            union select f.share_class_id, f.investor_id from public.fund_flows f where f.flow_id = any (more) and f.direction = 'redemption' offset 0) w
    cross join lateral (select x.* from public.lots x where x.share_class_id = w.share_class_id and x.investor_id = w.investor_id and x.units_left > 0) l
$$;
comment on function evergreen.booked_lots(uuid[], uuid[]) is 'What who redeems on some days, or by some more orders, holds, lot by lot.';

create or replace function evergreen.book_holdings(days uuid[], on_day date, period text) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with span as (
    select b.starts, b.long from (values
      ('daily', on_day, interval '1 day'), ('weekly', date_trunc('week', on_day)::date, interval '7 days'), ('biweekly', date_trunc('week', on_day)::date - 7, interval '14 days'),
      ('monthly', date_trunc('month', on_day)::date, interval '1 month'), ('quarterly', date_trunc('quarter', on_day)::date, interval '3 months'),
      ('semiannual', (date_trunc('year', on_day) + case when extract(month from on_day) > 6 then interval '6 months' else interval '0' end)::date, interval '6 months'),
      ('annual', date_trunc('year', on_day)::date, interval '1 year')) b (name, starts, long) where b.name = period
  ), owners as materialized (
    -- accounts of nominees and feeders count with those of who stands behind them (R7)
    select x.share_class_id, x.owner_id, evergreen.accounts_of(x.owner_id, on_day) as accounts from (
      select distinct f.share_class_id, evergreen.owner_of(f.investor_id, on_day) as owner_id from public.fund_flows f
       where f.dealing_day_id = any (days) and f.direction = 'redemption' and f.order_kind = 'plain' and f.status in ('locked', 'priced')) x
  )
  select coalesce(jsonb_agg(jsonb_build_object('owner_id', o.owner_id, 'share_class_id', o.share_class_id, 'units', trim_scale(coalesce(u.units, 0))::text,
      'redeemed', trim_scale(coalesce(r.units, 0))::text, 'step', coalesce(k.step, 0)) order by o.owner_id, o.share_class_id), '[]')
    from owners o cross join span
    -- held when the period began; a register that was taken over counts as it was
    left join lateral (select sum(e.units) as units from public.unit_ledger e join public.ledger_transactions t using (ledger_tx_id) left join public.dealing_days x on x.dealing_day_id = t.dealing_day_id
      where e.share_class_id = o.share_class_id and e.investor_id = any (o.accounts) and e.account = 'holder' and (t.kind = 'opening' or coalesce(x.dealing_date, t.effective_at::date) < span.starts)) u on true
    left join lateral (select sum(a.filled_units) as units from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.dealing_days x on x.dealing_day_id = a.dealing_day_id
      where a.share_class_id = o.share_class_id and a.investor_id = any (o.accounts) and f.direction = 'redemption' and f.order_kind = 'plain' and x.dealing_date >= span.starts and x.dealing_date < on_day) r on true
    -- periods in a row, up to the one before, in which the investor asked
    left join lateral (select count(*) as step from (
        select p.ago, row_number() over (order by p.ago) as place from (
          select distinct ceil(extract(epoch from span.starts - x.dealing_date::timestamp) / extract(epoch from span.long))::int as ago
            from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.dealing_days x on x.dealing_day_id = a.dealing_day_id
           where a.share_class_id = o.share_class_id and a.investor_id = any (o.accounts) and f.direction = 'redemption' and f.order_kind = 'plain' and x.dealing_date < span.starts) p) q
       where q.ago = q.place) k on true
$$;
comment on function evergreen.book_holdings(uuid[], date, text) is 'For the investor gate, per beneficial owner over all accounts: units held when the period began, redeemed since, and how many periods in a row the owner asked before.';
