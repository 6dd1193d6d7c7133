-- The end of a dealing day (claims, close with its hash) and the invariants of orders, strikes and ledger as one checker.

create or replace function public.fn_open_claims(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  event uuid;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_open_claims', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'posted', 'EG428', 'The dealing day is ' || d.status || '.');
  event := evergreen.emit('CLAIMABLE', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  with moved as materialized (
    select f.flow_id from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status = 'allocated' order by f.flow_id for no key update of f
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor) select m.flow_id, 'allocated', 'claimable', event, evergreen.actor() from moved m
  )
  update public.fund_flows f set status = 'claimable' from moved m where f.flow_id = m.flow_id;
  -- nothing is left to pay where the money came first, where none moves, and where nothing is due
  with moved as materialized (
    select f.flow_id from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status = 'claimable'
      and (f.order_kind <> 'plain' or f.cleared_at is not null or (f.direction = 'redemption' and f.net_amount = 0))
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor) select m.flow_id, 'claimable', 'settled', event, evergreen.actor() from moved m
  )
  update public.fund_flows f set status = 'settled', settled_at = now() from moved m where f.flow_id = m.flow_id;
  update public.dealing_days x set status = 'claimable', step = 9 where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.settle_days(d.fund_id);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'claims opened', request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_open_claims', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_claims(uuid, text) is
  'What was allocated can be claimed; orders whose money is there already, switches and transfers are settled at once. EG404, EG428.';

create or replace function evergreen.day_hash(of_day uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- lines joined by \n; numbers as the shortest decimal string; one line per fill in the order of its id
  select encode(sha256(convert_to(concat_ws(E'\n', 'evergreen-day-1', d.fund_id, d.share_class_id, d.dealing_date, d.order_root, s.inputs_hash, p.hash,
      coalesce(d.decision ->> 'cap_units', 'no gate'),
      (select string_agg(concat_ws('|', a.flow_id, coalesce(trim_scale(a.requested_units)::text, ''), trim_scale(a.filled_units), trim_scale(a.carried_units), trim_scale(a.price),
          trim_scale(a.gross_amount), trim_scale(a.levy), trim_scale(a.fee), trim_scale(a.credit), trim_scale(a.net_amount)), E'\n' order by a.flow_id)
         from public.allocations a where a.dealing_day_id = d.dealing_day_id)), 'UTF8')), 'hex')
    from public.dealing_days d join public.nav_strikes s on s.strike_id = d.strike_id join public.proposals p on p.proposal_id = s.proposal_id where d.dealing_day_id = of_day
$$;
comment on function evergreen.day_hash(uuid) is 'sha256 over the committed book, the frozen inputs, the approved NAV, the cap and every fill of a day. Lower-case hex.';

create or replace function public.fn_close_dealing_day(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  broken text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_close_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'settled', 'EG428', 'The dealing day is ' || d.status || '; it closes when its orders are settled.');
  -- the books; whether every event was handed over is asked at rest
  select string_agg(distinct b.invariant || ' ' || b.entity_type, ', ') into broken from evergreen.broken_books(d.fund_id) b;
  perform evergreen.refuse_unless(broken is null, 'EG424', 'Invariants of the fund are broken: ' || coalesce(left(broken, 300), '') || '.');
  update public.dealing_days x set status = 'closed', step = 12, closed_at = now(), day_hash = evergreen.day_hash(x.dealing_day_id) where x.dealing_day_id = d.dealing_day_id returning * into d;
  perform evergreen.emit('DEALING_DAY_CLOSED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'day_hash', d.day_hash), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'dealing day closed, hash ' || left(d.day_hash, 12), request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_close_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_close_dealing_day(uuid, text) is 'Closes a settled day with its hash, once every invariant of the fund holds. EG404, EG424, EG428.';

create or replace function evergreen.rebuild_balances(of_fund uuid default null)
returns table (balance text, fund_id uuid, entity_id text, stored numeric, rebuilt numeric) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with classes as (select c.share_class_id, c.fund_id, c.units_outstanding from public.share_classes c where of_fund is null or c.fund_id = of_fund),
  entries as materialized (select u.share_class_id, c.fund_id, u.account, u.investor_id, u.lot_id, sum(u.units) as units from public.unit_ledger u join classes c using (share_class_id) group by 1, 2, 3, 4, 5),
  cash as materialized (select m.fund_id, m.account, m.currency, m.investor_id, sum(m.amount) as amount from public.cash_movements m where of_fund is null or m.fund_id = of_fund group by 1, 2, 3, 4)
  select 'holdings', coalesce(r.fund_id, c.fund_id), coalesce(r.investor_id, h.investor_id) || '/' || coalesce(r.share_class_id, h.share_class_id), h.units, r.units
    from (public.holdings h join classes c using (share_class_id))
    full join (select e.fund_id, e.investor_id, e.share_class_id, sum(e.units) as units from entries e where e.account = 'holder' group by 1, 2, 3) r
      on r.investor_id = h.investor_id and r.share_class_id = h.share_class_id
   where coalesce(h.units, 0) <> coalesce(r.units, 0)
  union all
  select 'lots', c.fund_id, l.lot_id::text, l.units_left, r.units from public.lots l join classes c using (share_class_id)
    left join (select e.lot_id, sum(e.units) as units from entries e where e.lot_id is not null group by 1) r on r.lot_id = l.lot_id
   where l.units_left <> coalesce(r.units, 0)
  union all
  select 'units_outstanding', c.fund_id, c.share_class_id::text, c.units_outstanding, r.units from classes c
    join (select e.share_class_id, -sum(e.units) as units from entries e where e.account = 'outstanding' group by 1) r using (share_class_id) where c.units_outstanding <> r.units
  union all
  select 'cash', coalesce(r.fund_id, b.fund_id), coalesce(r.account, b.account) || '/' || coalesce(r.investor_id, b.investor_id)::text, b.amount, r.amount
    from (select x.* from public.cash_balances x where of_fund is null or x.fund_id = of_fund) b
    full join cash r on r.fund_id = b.fund_id and r.account = b.account and r.currency = b.currency
     -- a full join needs equality: nobody is the zero uuid
     and coalesce(r.investor_id, '00000000-0000-0000-0000-000000000000') = coalesce(b.investor_id, '00000000-0000-0000-0000-000000000000')
   where coalesce(b.amount, 0) <> coalesce(r.amount, 0)
$$;
comment on function evergreen.rebuild_balances(uuid) is 'Every stored balance (holdings, lots, units outstanding, cash) that is not, to the last digit, the sum of its entries.';

create or replace function evergreen.broken_books(of_fund uuid default null)
returns table (invariant text, entity_type text, entity_id text, detail text) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with days as (select d.* from public.dealing_days d where of_fund is null or d.fund_id = of_fund),
  heads as (select t.* from public.ledger_transactions t where of_fund is null or t.fund_id = of_fund),
  strikes as (select s.* from public.nav_strikes s where of_fund is null or s.fund_id = of_fund),
  noted as materialized (select e.payload ->> 'dealing_day_id' as day, array_agg(distinct e.type) as types from public.fund_events e
    where e.type in ('CUTOFF_REACHED', 'DEALING_DAY_POSTED', 'CLAIMABLE', 'DEALING_DAY_CLOSED') and (of_fund is null or e.fund_id = of_fund) group by 1)
  select 'I1', 'ledger_transactions', m.ledger_tx_id::text, 'cash does not sum to zero' from public.cash_movements m join heads t using (ledger_tx_id) group by m.ledger_tx_id, m.currency having sum(m.amount) <> 0
  union all
  select 'I1', 'cash_balances', b.fund_id::text, 'the accounts of a currency do not sum to zero' from public.cash_balances b where of_fund is null or b.fund_id = of_fund group by b.fund_id, b.currency having sum(b.amount) <> 0
  union all
  select 'I2', 'ledger_transactions', u.ledger_tx_id::text, 'units do not sum to zero' from public.unit_ledger u join heads t using (ledger_tx_id) group by u.ledger_tx_id, u.share_class_id having sum(u.units) <> 0
  union all
  select 'I2', 'share_classes', c.share_class_id::text, 'holdings do not sum to the units outstanding' from public.share_classes c
    join (select h.share_class_id, sum(h.units) as units, min(h.units) as least_units from public.holdings h group by 1) h using (share_class_id)
   where (of_fund is null or c.fund_id = of_fund) and (h.units <> c.units_outstanding or h.least_units < 0)
  union all
  select 'I2', 'holdings', x.investor_id || '/' || x.share_class_id, 'lots do not sum to the holding' from (
    select h.investor_id, h.share_class_id, h.units from public.holdings h join public.share_classes c using (share_class_id) where of_fund is null or c.fund_id = of_fund) x
    left join (select l.investor_id, l.share_class_id, sum(l.units_left) as units from public.lots l group by 1, 2) l using (investor_id, share_class_id) where x.units <> coalesce(l.units, 0)
  union all
  select 'I3', r.balance, r.entity_id, 'the balance is not the sum of its entries' from evergreen.rebuild_balances(of_fund) r
  union all
  select 'I4', 'dealing_days', t.dealing_day_id::text, 'a day is posted more than once' from heads t
   where t.kind = 'dealing' and not exists (select from public.ledger_transactions r where r.reverses = t.ledger_tx_id) group by t.dealing_day_id having count(*) > 1
  union all
  -- what one request did stands in one transaction, with its answer kept: asked again it gives that answer and does nothing
  select 'I4', 'commands', e.created_by || '/' || e.request_id, 'a request took effect more than once' from public.fund_events e
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund) group by e.created_by, e.request_id having count(distinct coalesce(e.origin_tx, e.tx)) > 1
  union all
  select 'I4', 'commands', e.created_by || '/' || e.request_id, 'a request took effect and no answer to it is kept' from public.fund_events e
   where e.request_id is not null and (of_fund is null or e.fund_id = of_fund)
     and not exists (select from public.commands k where k.principal = e.created_by and k.request_id = e.request_id) group by e.created_by, e.request_id
  union all
  select 'I5', 'pg_trigger', n.name, 'the table is not append-only' from unnest('{unit_ledger, cash_movements, ledger_transactions, order_transitions, order_leaves, nav_inputs, dealing_policies, lmt_policies, credit_lines, approvals, class_marks, in_kind_deliveries, statements, restatements, compensations, beneficial_owners, certain_inflows, repurchase_offers, market_series, market_data, esg_ratings, data_quality_results, roll_forwards}'::text[]) n (name)
   where 2 <> (select count(*) from pg_catalog.pg_trigger g where g.tgrelid = ('public.' || n.name)::regclass and g.tgname in ('append_only', 'append_only_truncate') and g.tgenabled in ('O', 'A'))
  union all
  select 'I6', 'class_navs', n.strike_id || '/' || n.share_class_id, 'the price is not the value over the units' from public.class_navs n join strikes s using (strike_id) join public.share_classes c using (share_class_id)
   where n.units > 0 and n.nav_per_unit <> round(round(n.nav, 30) / n.units, c.price_dp)
  union all
  select 'I6', 'series_navs', n.strike_id || '/' || n.share_class_id || '/' || n.series, 'the price of a series is not its value over its units' from public.series_navs n join strikes s using (strike_id) join public.share_classes c using (share_class_id)
   where n.nav_per_unit <> round(round(n.nav, 30) / n.units, c.price_dp)
  union all
  select 'I6', 'class_navs', n.strike_id || '/' || n.share_class_id, 'the series do not sum to the class' from public.class_navs n join strikes s using (strike_id)
    join (select x.strike_id, x.share_class_id, sum(x.nav) as nav, sum(x.units) as units, sum(x.performance_accrued) as fee from public.series_navs x group by 1, 2) x using (strike_id, share_class_id)
   where (x.nav, x.units, x.fee) is distinct from (n.nav, n.units, n.performance_accrued)
  union all
  select 'I6', 'lots', min(l.lot_id::text), 'lots of one series stand at different marks' from public.lots l join public.share_classes c using (share_class_id)
   where (of_fund is null or c.fund_id = of_fund) and l.units_left > 0 and l.series <> '' and exists (select from public.series_navs n where n.share_class_id = l.share_class_id and n.series = l.series)
   group by l.share_class_id, l.series having count(distinct (coalesce(l.high_water, l.price), coalesce(l.hurdle_from, l.opened_on))) > 1
  union all
  -- by series an order gets what its pieces get, each at the price that its series had
  select 'I6', 'allocations', a.flow_id::text, 'the pieces are not what the order got at the prices of their series' from days d join public.allocations a using (dealing_day_id) join public.fund_flows f using (flow_id)
    join public.share_classes c on c.share_class_id = a.share_class_id join public.currencies u on u.code = f.currency
    cross join lateral (select coalesce(sum(p.units), 0) as units, coalesce(sum(p.amount), 0) as amount, coalesce(sum(p.performance_fee), 0) as fee,
        bool_and(n.series is not null and p.worth = trunc(p.units * n.nav_per_unit, u.exponent) and p.amount = trunc(p.units * p.price, u.exponent)
          and p.price = case f.order_kind when 'plain' then round(n.nav_per_unit * (1 + coalesce((d.terms ->> 'swing_red')::numeric, 0)), c.price_dp) else n.nav_per_unit end) as sound
      from jsonb_to_recordset(a.pieces) p (series text, units numeric, price numeric, amount numeric, worth numeric, performance_fee numeric)
      left join public.series_navs n on n.strike_id = d.strike_id and n.share_class_id = a.share_class_id and n.series = p.series) x
   where f.direction = 'redemption' and f.order_kind <> 'transfer' and exists (select from public.series_navs n where n.strike_id = d.strike_id and n.share_class_id = a.share_class_id)
     and (x.units = a.filled_units and x.amount = a.gross_amount and x.fee = a.performance_fee and coalesce(x.sound, true)) is not true
  union all
  select 'I6', 'nav_strikes', s.strike_id::text, 'the classes do not sum to the fund' from strikes s where s.state in ('final', 'restated')
     and s.nav is distinct from (select sum(n.nav) from public.class_navs n where n.strike_id = s.strike_id)
  union all
  -- what was allocated is what was posted, order by order
  select 'I6', 'allocations', a.flow_id::text, 'the fill is not what was posted' from days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
    left join (select u.flow_id, sum(u.units) as units from public.unit_ledger u join heads t using (ledger_tx_id) where t.kind = 'dealing' and u.account = 'holder' group by 1) p on p.flow_id = a.flow_id
   where d.status in ('posted', 'claimable', 'settled', 'closed') and (coalesce(p.units, 0) <> case f.direction when 'redemption' then -a.filled_units else a.filled_units end
     or f.filled_units is distinct from a.filled_units)
  union all
  select 'I12', 'proposals', p.proposal_id::text, 'applied without the approvals it needs' from public.proposals p
   where (of_fund is null or p.fund_id = of_fund) and p.status = 'applied' and not evergreen.has_approvals(p)
  union all
  select 'I12', 'nav_strikes', s.strike_id::text, 'final without two approvals on its hash' from strikes s left join public.proposals p using (proposal_id)
   where s.state in ('final', 'restated') and (p.approvals_needed >= 2 and p.inputs ->> 'inputs_hash' = s.inputs_hash and p.status = 'applied' and evergreen.has_approvals(p)
     and p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at)) is not true
  union all
  select 'I13', 'liquidity_ladder', l.ladder_id::text, 'more is reserved than there is' from public.liquidity_ladder l where (of_fund is null or l.fund_id = of_fund) and l.side = 'asset' and l.utilization > l.capacity
  union all
  select 'I13', 'dealing_days', d.dealing_day_id::text, 'the fills exceed the cap' from days d join public.allocations a using (dealing_day_id) join public.fund_flows f on f.flow_id = a.flow_id
   where d.decision ->> 'cap_units' is not null and f.direction = 'redemption' and f.order_kind = 'plain' group by d.dealing_day_id, d.decision having sum(a.filled_units) > (d.decision ->> 'cap_units')::numeric
  union all
  select 'I13', 'allocations', a.flow_id::text, 'filled more than was asked' from days d join public.allocations a using (dealing_day_id) where a.filled_units + a.carried_units > a.requested_units
  union all
  select 'I13', 'dealing_days', d.dealing_day_id::text, 'the orders of a cohort are not treated equally' from days d where exists (select from evergreen.unequal_fills(d.dealing_day_id))
  union all
  select 'R22', 'class_marks', m.mark_id::text, 'a mark fell by a crystallisation' from public.class_marks m join public.share_classes c using (share_class_id)
   where (of_fund is null or c.fund_id = of_fund) and m.cause = 'crystallisation' and m.high_water < (m.body ->> 'before')::numeric
  union all
  select 'R13', 'share_classes', c.share_class_id::text, 'a side pocket issued units' from public.share_classes c join public.unit_ledger u using (share_class_id) join heads t using (ledger_tx_id)
   where c.pocket_of is not null and u.account = 'holder' and u.units > 0 and t.kind not in ('side_pocket', 'reversal')
  union all
  -- an investor who is not cleared today and whose record has not changed since the posting was not cleared then
  select 'I14', 'lots', l.lot_id::text, 'units were issued to an investor who was not cleared' from heads t join public.unit_ledger u using (ledger_tx_id) join public.lots l on l.lot_id = u.lot_id
    join public.investors i on i.investor_id = u.investor_id where t.kind = 'dealing' and u.units > 0
     and (i.kyc_status <> 'approved' and i.updated_at < t.posted_at or i.kyc_valid_until <= t.posted_at and i.updated_at < t.posted_at)
  union all
  select 'I16', 'dealing_days', d.dealing_day_id::text, 'orders were locked after their price was known' from days d join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = d.share_class_id
   where exists (select from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.priced_at is not null and f.locked_at >= (select min(m.published_at) from public.class_navs m
     join public.nav_strikes s on s.strike_id = m.strike_id where s.fund_id = d.fund_id and s.nav_date = d.dealing_date))
  union all
  select 'I16', 'nav_strikes', min(s.strike_id::text), 'a date has more than one NAV' from strikes s where s.state = 'final' group by s.fund_id, s.nav_date having count(*) > 1
  union all
  select 'I16', 'dealing_days', min(d.dealing_day_id::text), 'a class deals more than once on a date' from days d group by d.share_class_id, d.dealing_date having count(*) > 1
  union all
  select 'I16', 'dealing_days', d.dealing_day_id::text, 'the price was struck for another date, or is that of no strike' from days d
    left join public.nav_strikes s on s.strike_id = d.strike_id left join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = d.share_class_id
   where d.status in ('posted', 'claimable', 'settled', 'closed') and (s.nav_date = d.dealing_date and s.fund_id = d.fund_id and s.state in ('final', 'restated') and n.nav_per_unit > 0) is not true
  union all
  -- money on its way (fund currency; what the fund owes is negative): a switch leaves none behind, nobody is paid more than was owed, no more is sent back than
  -- came; what a reversal takes out of the debts is left aside, since it says that they never were
  select 'in_transit', 'cash_balances', b.fund_id::text, 'a switch left money in transit' from public.cash_balances b
   where (of_fund is null or b.fund_id = of_fund) and b.account = 'in_transit' group by b.fund_id, b.currency having sum(b.amount) <> 0
  union all
  select 'in_transit', 'cash_balances', m.fund_id || '/' || m.account || coalesce('/' || m.investor_id, ''), 'more was paid than was owed' from public.cash_movements m join heads t using (ledger_tx_id)
   where m.account in ('redemptions_payable', 'distributions_payable', 'fee_payable') and not (t.kind in ('reversal', 'compensation') and m.amount > 0)
   group by m.fund_id, m.account, m.investor_id, m.currency having sum(m.amount) > 0
  union all
  select 'in_transit', 'fund_flows', m.flow_id::text, 'more was sent back than had come' from public.cash_movements m join heads t using (ledger_tx_id) join public.fund_flows f on f.flow_id = m.flow_id
   where m.account = 'subscriptions_received' and f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'rejected', 'lapsed', 'cancelled')
     and not (t.kind = 'reversal' and m.amount > 0) group by m.flow_id, m.currency having sum(m.amount) > 0
  union all
  -- every write has its event, of the same fund, and by it a trace id
  select 'trace', 'ledger_transactions', t.ledger_tx_id::text, 'posted without an event of its own, or without a trace id' from heads t left join public.fund_events e using (event_id)
   where (coalesce(e.origin_tx, e.tx) = t.tx and e.fund_id = t.fund_id and length(e.event_meta ->> 'trace_id') = 32) is not true
     -- where the posting comes first, its event names it
     and not exists (select from public.fund_events n where t.event_id is null and coalesce(n.origin_tx, n.tx) = t.tx and n.fund_id = t.fund_id and n.payload ->> 'ledger_tx_id' = t.ledger_tx_id::text
       and length(n.event_meta ->> 'trace_id') = 32)
  union all
  select 'trace', 'order_transitions', t.flow_id::text, 'an order moved without an event, or without a trace id' from public.order_transitions t join public.fund_flows f using (flow_id)
    left join public.fund_events e on e.event_id = t.event_id
   where (of_fund is null or f.fund_id = of_fund) and (e.fund_id = f.fund_id and length(e.event_meta ->> 'trace_id') = 32) is not true
  union all
  select 'trace', 'dealing_days', d.dealing_day_id::text, 'there is no event of ' || x.type from days d
    join (values ('CUTOFF_REACHED', '{cut_off, inputs_frozen, nav_proposed, struck, lmt_decided, allocated, posted, claimable, settled, closed}'::text[]),
      ('DEALING_DAY_POSTED', '{posted, claimable, settled, closed}'), ('CLAIMABLE', '{claimable, settled, closed}'), ('DEALING_DAY_CLOSED', '{closed}')) x (type, reached) on d.status = any (x.reached)
    left join noted n on n.day = d.dealing_day_id::text where not x.type = any (coalesce(n.types, '{}'))
  union all
  select 'R1', 'fund_flows', x.flow_id::text, 'the state is not that of its last record' from (
    -- the stamp of a record is the clock's, so that two steps of one transaction stand in their order
    select distinct on (t.flow_id) t.flow_id, t.to_status, f.status from public.order_transitions t join public.fund_flows f using (flow_id)
     where of_fund is null or f.fund_id = of_fund order by t.flow_id, t.updated_at desc) x where x.status <> x.to_status
  union all
  select 'order_root', 'dealing_days', d.dealing_day_id::text, 'the order book is not what was committed' from days d where d.order_root is not null
     and d.order_root <> evergreen.merkle_root(array(select decode(l.leaf, 'hex') from public.order_leaves l where l.dealing_day_id = d.dealing_day_id order by l.position))
  union all
  select 'day_hash', 'dealing_days', d.dealing_day_id::text, 'the day is not what was closed' from days d where d.day_hash is not null and d.day_hash is distinct from evergreen.day_hash(d.dealing_day_id)
$$;
comment on function evergreen.broken_books(uuid) is
  'What is broken of I1–I6, I12–I14, I16, the marks and pockets (R22, R13), money in transit, the traces, the states of orders, the committed books and the closed days; of one fund or of all. No row: nothing.';

create or replace function evergreen.broken_effects(of_fund uuid default null)
returns table (invariant text, entity_type text, entity_id text, detail text) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with events as materialized (
    select e.event_id, e.seq, e.type, e.payload, t.mode from public.fund_events e join public.event_types t using (type)
     where t.mode <> 'note' and (of_fund is null or e.fund_id = of_fund)
       -- a demo's past was dealt by who made it, and its events were handed to nobody
       and not (evergreen.is_demo() and coalesce(e.origin_tx, e.tx) in (select a.tx from public.audit_trail a where a.entity_type = 'demo_clock' and a.created_by = 'demo'))
  ), batched as materialized (
    select b.batch_id, b.done_at, x.event_id from public.event_batches b cross join unnest(b.event_ids) x (event_id)
  ), moves as (
    select t.flow_id, e.seq, lag(e.seq) over (partition by t.flow_id order by t.updated_at) as before from public.order_transitions t
      join public.fund_flows f using (flow_id) join public.fund_events e on e.event_id = t.event_id where of_fund is null or f.fund_id = of_fund
  )
  select 'I7', 'fund_events', e.event_id::text, 'it waits nowhere, and ' || case e.mode when 'run' then 'no run of it began' else 'no batch has it' end from events e
   where not exists (select from public.event_outbox o where o.event_id = e.event_id)
     and case e.mode when 'run' then not exists (select from public.workflow_runs r where r.event_id = e.event_id)
                     when 'batch' then not exists (select from batched b where b.event_id = e.event_id) else false end
  union all
  select 'I7', 'event_outbox', o.event_id::text, 'a dead letter without a reason' from public.event_outbox o join events e using (event_id) where o.dead_at is not null and coalesce(o.reason, '') = ''
  union all
  select 'I7', 'event_batches', b.batch_id::text, 'a dead letter without a reason' from public.event_batches b where b.dead_at is not null and coalesce(b.reason, '') = ''
     and (of_fund is null or exists (select from events e where e.event_id = any (b.event_ids)))
  union all
  select 'I8', 'fund_events', r.event_id::text, 'more than one run began for it' from public.workflow_runs r join events e using (event_id) group by r.event_id having count(*) > 1
  union all
  select 'I8', 'fund_events', e.event_id::text, 'it was handed over more than once' from events e
    join (select b.event_id from batched b union all select o.event_id from public.event_outbox o where o.mode = 'batch') x using (event_id) group by e.event_id having count(*) > 1
  union all
  select 'I8', 'fund_flows', f.flow_id::text, 'its batch is done, and nobody looked at it' from batched b join events e using (event_id)
    join public.fund_flows f on f.flow_id = (e.payload ->> 'flow_id')::uuid and f.event_id = e.event_id where b.done_at is not null and f.status = 'submitted'
  union all
  select 'I8', 'fund_flows', t.flow_id::text, 'one event moved it to a state more than once' from public.order_transitions t join public.fund_flows f using (flow_id)
   where t.event_id is not null and (of_fund is null or f.fund_id = of_fund) group by t.flow_id, t.event_id, t.to_status having count(*) > 1
  union all
  select 'I8', 'ledger_transactions', min(t.ledger_tx_id::text), 'one event was posted more than once' from public.ledger_transactions t
   where t.event_id is not null and (of_fund is null or t.fund_id = of_fund) group by t.event_id having count(*) > 1
  union all
  select distinct 'I9', 'fund_flows', m.flow_id::text, 'it moved by an earlier event after a later one' from moves m where m.seq < m.before
  union all
  select 'I9', 'dealing_days', x.day, 'its events are not in the order of its steps' from (
    select e.payload ->> 'dealing_day_id' as day, e.type, array_position('{CUTOFF_REACHED, DEALING_DAY_POSTED, CLAIMABLE, DEALING_DAY_CLOSED}', e.type) as step,
           max(array_position('{CUTOFF_REACHED, DEALING_DAY_POSTED, CLAIMABLE, DEALING_DAY_CLOSED}', e.type)) over (partition by e.payload ->> 'dealing_day_id' order by e.seq) as reached
      from public.fund_events e where e.type in ('CUTOFF_REACHED', 'DEALING_DAY_POSTED', 'CLAIMABLE', 'DEALING_DAY_CLOSED') and (of_fund is null or e.fund_id = of_fund)) x
   where x.step < x.reached group by x.day
  union all
  select 'I9', 'ledger_transactions', t.ledger_tx_id::text, 'it reverses what came after it' from public.ledger_transactions t join public.ledger_transactions w on w.ledger_tx_id = t.reverses
    join public.fund_events e on e.event_id = t.event_id join public.fund_events b on b.event_id = w.event_id where (of_fund is null or t.fund_id = of_fund) and e.seq <= b.seq
$$;
comment on function evergreen.broken_effects(uuid) is
  'What is broken of I7 (no event lost), I8 (one effect per event) and I9 (effects in the order of events); of one fund or of all. To be asked at rest: between the handing over of an event and the first step of its run it is nowhere.';

create or replace function evergreen.broken_invariants(of_fund uuid default null)
returns table (invariant text, entity_type text, entity_id text, detail text) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select * from evergreen.broken_books(of_fund) union all select * from evergreen.broken_effects(of_fund)
$$;
comment on function evergreen.broken_invariants(uuid) is 'The one checker: the books (broken_books) and the effects of events (broken_effects) of one fund or of all. No row: nothing is broken.';

create or replace function public.fn_verify_invariants(fund text default null) returns table (invariant text, entity_type text, entity_id text, detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund uuid;
begin
  perform evergreen.require_role('audit_role', 'pm_role', 'ops_role', 'agent_commander');
  if fund is not null then
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  return query select b.invariant, b.entity_type, b.entity_id, b.detail from evergreen.broken_invariants(of_fund) b;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_verify_invariants(text) is 'Checks the invariants of orders, strikes and ledger of a fund (or all); answers what is broken, and nothing when all is well. EG404.';
