-- Whole pages in one round trip, for the dashboard: they run with the rights of whoever reads them, so that row-level security decides
-- what a page may show. Every amount is text, because JSON knows only floating-point numbers.

create or replace function public.fn_read_morning(fund_id uuid default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with fund as (
    select f.*, c.decimals from public.funds f join lateral (select x.exponent::int as decimals from public.currencies x where x.code = f.base_currency) c on true
     where fn_read_morning.fund_id is null or f.fund_id = fn_read_morning.fund_id order by f.code limit 1
  ), strikes as (
    -- the version of each date that stands
    select distinct on (s.nav_date) s.* from public.nav_strikes s join fund f using (fund_id) where s.nav is not null order by s.nav_date desc, s.version desc
  ), newest as (select * from strikes order by nav_date desc limit 1),
  before as (select s.* from strikes s, newest n where s.nav_date < n.nav_date order by s.nav_date desc limit 1),
  -- what moved the NAV: the deals at the NAV before, fees and distributions since, and the investments, which are the rest
  moves as (
    select b.nav as opening, n.nav as closing,
           coalesce((select sum(o.net_amount) from public.fund_flows o where o.fund_id = n.fund_id and o.dealing_date = b.nav_date and o.direction = 'subscription'), 0) as subscriptions,
           -coalesce((select sum(o.net_amount) from public.fund_flows o where o.fund_id = n.fund_id and o.dealing_date = b.nav_date and o.direction = 'redemption'), 0) as redemptions,
           coalesce((select sum(m.amount) from public.cash_movements m join public.ledger_transactions l using (ledger_tx_id)
             where m.fund_id = n.fund_id and m.account = 'distributions_payable' and m.amount < 0
               and (l.effective_at at time zone 'UTC')::date > b.nav_date and (l.effective_at at time zone 'UTC')::date <= n.nav_date), 0) as distributions,
           -coalesce((select sum(m.amount) from public.cash_movements m join public.ledger_transactions l using (ledger_tx_id)
             where m.fund_id = n.fund_id and m.account = 'management_fee'
               and (l.effective_at at time zone 'UTC')::date > b.nav_date and (l.effective_at at time zone 'UTC')::date <= n.nav_date), 0) as fees
      from newest n, before b
  ), rungs as (
    select l.bucket, b.place, max(l.as_of) as as_of, max(l.recorded_at) as recorded_at,
           sum(l.capacity - l.utilization) filter (where l.side = 'asset') as assets,
           sum(l.capacity + l.utilization) filter (where l.side = 'liability') as liabilities, sum(l.stress_delta) filter (where l.side = 'liability') as stress
      from public.liquidity_ladder l join fund f using (fund_id)
      join unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality b (bucket, place) on b.bucket = l.bucket
     where l.scenario_id = 'base' and l.as_of = (select max(x.as_of) from public.liquidity_ladder x where x.fund_id = f.fund_id and x.side = l.side and x.scenario_id = 'base')
     group by l.bucket, b.place
  ), ladder as (
    select r.*, sum(coalesce(r.assets, 0)) over w as assets_up_to, sum(coalesce(r.liabilities, 0) + coalesce(r.stress, 0)) over w as due_up_to from rungs r window w as (order by r.place)
  ), limits as (
    select l.bucket as horizon, l.assets_up_to, l.due_up_to, (m.rule ->> 'cover')::numeric as wanted,
           case when l.due_up_to <> 0 then round(l.assets_up_to / l.due_up_to, 4) end as cover,
           l.assets_up_to >= l.due_up_to * (m.rule ->> 'cover')::numeric as holds
      from (select jsonb_array_elements(x.body -> 'liquidity') as rule from public.mandates x join fund f using (fund_id) where x.superseded_at is null) m
      join ladder l on l.bucket = m.rule ->> 'horizon'
  ), run as (
    select r.* from public.stress_runs r join fund f using (fund_id) where r.status <> 'running' order by (r.kind = 'nightly') desc, r.started_at desc limit 1
  ), me as (select 'user:' || (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') as actor)
  select jsonb_build_object(
    'read_at', now(),
    'fund', jsonb_build_object('fund_id', f.fund_id, 'code', f.code, 'name', f.name, 'currency', f.base_currency, 'decimals', f.decimals, 'synthetic', f.synthetic),
    'nav', (select jsonb_build_object('strike_id', n.strike_id, 'date', n.nav_date, 'version', n.version, 'state', n.state, 'nav', n.nav::text, 'recorded_at', n.recorded_at) from newest n),
    'change', (select jsonb_build_object('since', b.nav_date, 'opening', m.opening::text, 'closing', m.closing::text, 'amount', (m.closing - m.opening)::text,
        'ratio', case when m.opening <> 0 then round((m.closing - m.opening) / m.opening, 6)::text end,
        'reasons', jsonb_build_array(
          jsonb_build_object('reason', 'subscriptions', 'amount', m.subscriptions::text), jsonb_build_object('reason', 'redemptions', 'amount', m.redemptions::text),
          jsonb_build_object('reason', 'distributions', 'amount', m.distributions::text), jsonb_build_object('reason', 'management_fees', 'amount', m.fees::text),
          jsonb_build_object('reason', 'result', 'amount', (m.closing - m.opening - m.subscriptions - m.redemptions - m.distributions - m.fees)::text)))
      from moves m, before b),
    'history', coalesce((select jsonb_agg(jsonb_build_object('date', s.nav_date, 'nav', s.nav::text, 'state', s.state) order by s.nav_date) from strikes s), '[]'::jsonb),
    'ladder', (select jsonb_build_object('as_of', max(l.as_of), 'recorded_at', max(l.recorded_at), 'rungs', jsonb_agg(jsonb_build_object('bucket', l.bucket,
        'assets', coalesce(l.assets, 0)::text, 'liabilities', coalesce(l.liabilities, 0)::text, 'stress', coalesce(l.stress, 0)::text,
        'assets_up_to', l.assets_up_to::text, 'due_up_to', l.due_up_to::text) order by l.place)) from ladder l having count(*) > 0),
    'limits', coalesce((select jsonb_agg(jsonb_build_object('horizon', l.horizon, 'assets', l.assets_up_to::text, 'due', l.due_up_to::text, 'cover', l.cover::text,
        'wanted', l.wanted::text, 'holds', l.holds)) from limits l), '[]'::jsonb),
    'stress', (select jsonb_build_object('stress_run_id', r.stress_run_id, 'kind', r.kind, 'status', r.status, 'as_of', r.as_of, 'ended_at', r.ended_at, 'scenarios', r.scenarios,
        'done', r.done, 'failed', r.failed, 'worst', coalesce((select jsonb_agg(jsonb_build_object('scenario_id', w.scenario_id, 'title', w.title,
            'nav_before', w.nav_before::text, 'nav_after', w.nav_after::text, 'amount', (w.nav_after - w.nav_before)::text, 'ratio', w.ratio::text) order by w.ratio, w.scenario_id)
          from (select s.scenario_id, s.title, o.nav_before, o.nav_after, round((o.nav_after - o.nav_before) / nullif(o.nav_before, 0), 6) as ratio
                  from public.stress_outcomes o join public.stress_scenarios s using (scenario_hash)
                 where o.stress_run_id = r.stress_run_id and o.status = 'done' order by ratio, s.scenario_id limit 5) w), '[]'::jsonb)) from run r),
    'waiting', coalesce((select jsonb_agg(jsonb_build_object('proposal_id', p.proposal_id, 'kind', p.kind, 'hash', p.hash, 'expires_at', p.expires_at, 'created_at', p.created_at,
        'approvals_needed', p.approvals_needed, 'approvals', (select count(*) from public.approvals a where a.proposal_id = p.proposal_id and a.decision = 'approved'),
        -- a hint for the page; fn_decide_proposal has the last word
        'mine', current_role = 'pm_role' and me.actor <> all (array[p.requested_by, p.proposed_by])
          and not exists (select from public.approvals a where a.proposal_id = p.proposal_id and 'user:' || a.decided_by = me.actor)) order by p.expires_at, p.proposal_id)
      from public.proposals p, me where p.fund_id = f.fund_id and p.status = 'pending' and p.expires_at > now()), '[]'::jsonb),
    'alerts', coalesce((select jsonb_agg(jsonb_build_object('alert_id', a.alert_id, 'kind', a.kind, 'severity', a.severity, 'reason', a.reason, 'created_at', a.created_at) order by a.created_at desc)
      from (select * from public.risk_alerts x where x.fund_id = f.fund_id and x.acknowledged_at is null order by x.created_at desc limit 10) a), '[]'::jsonb))
    from fund f
$$;
comment on function public.fn_read_morning(uuid) is
  'The morning page of a fund (the first by code when none is named): NAV and what moved it, ladder against the limits of the mandate, the newest nightly stress, what waits for a decision, open alerts. Amounts in fund currency, as text. Under the reader''s row-level security.';

create or replace function public.fn_read_home() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with held as (
    select h.investor_id, i.code as investor, c.share_class_id, c.code as share_class, c.name as class_name, f.code as fund, f.name as fund_name, f.synthetic, c.currency, u.exponent::int as decimals,
           c.units_dp, c.price_dp, h.units, p.nav_per_unit as price, p.published_at, round(h.units * p.nav_per_unit, u.exponent) as worth
      from public.holdings h join public.investors i using (investor_id) join public.share_classes c using (share_class_id) join public.funds f on f.fund_id = c.fund_id
      join public.currencies u on u.code = c.currency
      -- the price that was published last, with the time at which it was
      left join lateral (select n.nav_per_unit, n.published_at from public.class_navs n
        where n.share_class_id = c.share_class_id and n.published_at is not null order by n.published_at desc limit 1) p on true
  ), paid as (
    select o.investor_id, o.share_class_id, coalesce(sum(o.net_amount) filter (where o.direction = 'subscription'), 0) as paid_in,
           coalesce(sum(o.net_amount) filter (where o.direction = 'redemption'), 0) as paid_out
      from public.fund_flows o where o.net_amount is not null group by o.investor_id, o.share_class_id
  )
  select jsonb_build_object(
    'read_at', now(),
    'holdings', coalesce((select jsonb_agg(jsonb_build_object('investor_id', h.investor_id, 'investor', h.investor, 'share_class_id', h.share_class_id, 'share_class', h.share_class,
        'class_name', h.class_name, 'fund', h.fund, 'fund_name', h.fund_name, 'synthetic', h.synthetic, 'currency', h.currency, 'decimals', h.decimals, 'units_dp', h.units_dp, 'price_dp', h.price_dp,
        'units', h.units::text, 'price', h.price::text, 'published_at', h.published_at, 'worth', h.worth::text, 'paid_in', coalesce(p.paid_in, 0)::text, 'paid_out', coalesce(p.paid_out, 0)::text)
        order by h.fund, h.share_class, h.investor) from held h left join paid p using (investor_id, share_class_id)), '[]'::jsonb),
    'totals', coalesce((select jsonb_agg(jsonb_build_object('currency', t.currency, 'decimals', t.decimals, 'worth', t.worth::text) order by t.currency)
      from (select h.currency, max(h.decimals) as decimals, sum(h.worth) as worth from held h where h.worth is not null group by h.currency) t), '[]'::jsonb),
    'orders', coalesce((select jsonb_agg(jsonb_build_object('flow_id', o.flow_id, 'investor', i.code, 'share_class', c.code, 'units_dp', c.units_dp, 'price_dp', c.price_dp, 'direction', o.direction,
        'status', o.status, 'currency', o.currency, 'decimals', u.exponent::int, 'amount', o.amount::text, 'requested_units', o.requested_units::text, 'filled_units', o.filled_units::text, 'price', o.price::text,
        'net_amount', o.net_amount::text, 'reason', o.reason, 'dealing_date', o.dealing_date, 'requested_at', o.requested_at, 'accepted_at', o.accepted_at, 'locked_at', o.locked_at,
        'priced_at', o.priced_at, 'settled_at', o.settled_at) order by o.requested_at desc, o.flow_id)
      from (select * from public.fund_flows x order by x.requested_at desc, x.flow_id limit 50) o join public.investors i using (investor_id)
      left join public.share_classes c using (share_class_id) join public.currencies u on u.code = o.currency), '[]'::jsonb),
    'statements', coalesce((select jsonb_agg(jsonb_build_object('statement_id', s.statement_id, 'investor', i.code, 'share_class', s.body #>> '{shareClass,code}', 'dealing_date', s.body ->> 'dealingDate',
        'version', s.version, 'currency', s.body ->> 'currency', 'closing', s.body #>> '{account,foot,closing}', 'hash', s.hash, 'created_at', s.created_at)
        order by s.body ->> 'dealingDate' desc, s.version desc, s.statement_id)
      from (select * from public.statements x where not exists (select from public.statements y where y.supersedes = x.statement_id)
            order by x.body ->> 'dealingDate' desc, x.statement_id limit 100) s join public.investors i using (investor_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_home() is
  'The home page of an investor: what is held and worth at the price published last, what was paid in and out, the newest 50 orders, the newest 100 statements that stand. Amounts and units as text. Under the reader''s row-level security.';
