-- Views over the mirror: they hold nothing and are laid anew with every file.
create view marks as from asset_snapshots where scenario_id = '';
comment on view marks is 'Real valuations only.';

create view latest_marks as
  select * from marks qualify row_number() over (partition by asset_id order by as_of desc, recorded_at desc, snapshot_id) = 1;
comment on view latest_marks is 'The newest mark of each asset.';

-- how a month is summed up, of a table of daily rows
create or replace macro months_of(days) as table
  select asset_id, fund_id, scenario_id, date_trunc('month', as_of)::date as month, count(*) as marks, min(as_of) as first_as_of, max(as_of) as last_as_of,
         arg_min(nav, row(as_of, recorded_at, snapshot_id)) as first_nav, arg_max(nav, row(as_of, recorded_at, snapshot_id)) as last_nav,
         min(nav) as lowest_nav, max(nav) as highest_nav, sum(nav)::decimal(38, 4) as nav_sum,
         arg_max_null(leverage, row(as_of, recorded_at, snapshot_id)) as last_leverage,
         arg_max_null(esg_score, row(as_of, recorded_at, snapshot_id)) as last_esg_score
    from query_table(days) group by all;

-- every column of a month can be put together from parts of the month
create view asset_snapshots_monthly as
  with parts as (from months_of('asset_snapshots') union all by name from asset_snapshots_retired)
  select asset_id, fund_id, scenario_id, month, sum(marks)::bigint as marks, min(first_as_of) as first_as_of, max(last_as_of) as last_as_of,
         arg_min(first_nav, first_as_of) as first_nav, arg_max(last_nav, last_as_of) as last_nav, min(lowest_nav) as lowest_nav,
         max(highest_nav) as highest_nav, sum(nav_sum)::decimal(38, 4) as nav_sum, arg_max_null(last_leverage, last_as_of) as last_leverage,
         arg_max_null(last_esg_score, last_as_of) as last_esg_score
    from parts group by asset_id, fund_id, scenario_id, month;
comment on view asset_snapshots_monthly is 'One row per asset, scenario and calendar month, retired days included. Mean = nav_sum / marks.';

create view market_observations as
  select d.observation_id, d.series, s.kind, s.unit, d.as_of, d.value, d.source, d.recorded_at, d.import_id
    from market_data d join market_series s using (series) left join market_imports b using (import_id)
   where b.status is distinct from 'undone'
 qualify row_number() over (partition by d.series, d.as_of order by d.recorded_at desc, d.seq desc) = 1;
comment on view market_observations is 'The value of each series on each date that counts: the one recorded last, of no import that was undone.';

create view index_values as select observation_id as value_id, series, as_of, value, source from market_observations where kind = 'index';
comment on view index_values is 'Market indices that roll marks forward: the series of kind index.';

-- Postgres keeps what names a retired event: it counts once, with its content
create view all_fund_events as
  select * from fund_events anti join fund_events_archive using (event_id) union all by name from fund_events_archive;
comment on view all_fund_events is 'Events that Postgres has and those whose content it has archived, each once.';

create view bucket_order as
  select * from (values ('1d', 1, 1), ('7d', 2, 7), ('30d', 3, 30), ('90d', 4, 90), ('180d', 5, 180), ('365d', 6, 365), ('gt365d', 7, null)) b (bucket, place, days);
comment on view bucket_order is 'The seven buckets in their order; days is the far end, none for the last.';

-- Orders that wait to be paid; an order in units is worth its units at the last published price of the class.
create view pending_redemptions as
  with prices as (
    select c.share_class_id, c.nav_per_unit from class_navs c join nav_strikes s using (strike_id) where c.published_at is not null
    qualify row_number() over (partition by c.share_class_id order by s.nav_date desc, s.version desc) = 1)
  select f.flow_id, f.fund_id, f.share_class_id, f.investor_id, f.currency, f.dealing_date, f.status,
         -- six digits of each before they are multiplied: 18 would not fit into the 38 that a decimal has
         coalesce(f.net_amount, f.amount, (f.requested_units::decimal(20, 6) * coalesce(p.nav_per_unit, k.nav_per_unit, k.issue_price)::decimal(18, 6))::decimal(38, 4)) as amount
    from fund_flows f left join prices p using (share_class_id) left join share_classes k using (share_class_id)
   where f.direction = 'redemption' and f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable');
comment on view pending_redemptions is 'Redemptions that are not settled; an amount in the currency of the order, an estimate where the order is in units.';

-- The waterfall by bucket: what can be sold within it, what has to be paid within it, and both summed up to it. A redemption without a dealing date
-- counts in the first bucket. Ratios are left to the finance package: a quotient of decimals is no decimal here.
create view liquidity_risk_tree as
  with dates as (
    select distinct fund_id, as_of, scenario_id, as_of = max(as_of) over (partition by fund_id) as newest from liquidity_ladder),
  pending as (
    select d.fund_id, d.as_of, d.scenario_id, b.bucket, sum(case when p.currency = f.base_currency then p.amount end) as amount,
           count(*) filter (where p.currency <> f.base_currency or p.amount is null) as not_counted
      from dates d join funds f using (fund_id) join pending_redemptions p using (fund_id)
      join bucket_order b on coalesce(date_diff('day', d.as_of, p.dealing_date), 0) <= coalesce(b.days, 2147483647)
       and coalesce(date_diff('day', d.as_of, p.dealing_date), 0) > coalesce((select max(n.days) from bucket_order n where n.place < b.place), -2147483648)
     where d.newest group by all),
  rows as (
    select d.fund_id, d.as_of, d.scenario_id, b.bucket, b.place, coalesce(a.capacity, 0)::decimal(38, 4) as assets,
           coalesce(a.utilization, 0)::decimal(38, 4) as reserved, coalesce(a.stress_delta, 0)::decimal(38, 4) as assets_stress_delta,
           coalesce(l.capacity, 0)::decimal(38, 4) as liabilities, coalesce(l.stress_delta, 0)::decimal(38, 4) as liabilities_stress_delta,
           coalesce(p.amount, 0)::decimal(38, 4) as pending_redemptions, coalesce(p.not_counted, 0) as pending_not_counted
      from dates d cross join bucket_order b
      left join liquidity_ladder a on (a.fund_id, a.as_of, a.scenario_id, a.bucket, a.side) = (d.fund_id, d.as_of, d.scenario_id, b.bucket, 'asset')
      left join liquidity_ladder l on (l.fund_id, l.as_of, l.scenario_id, l.bucket, l.side) = (d.fund_id, d.as_of, d.scenario_id, b.bucket, 'liability')
      left join pending p on (p.fund_id, p.as_of, p.scenario_id, p.bucket) = (d.fund_id, d.as_of, d.scenario_id, b.bucket))
  select *, sum(assets - reserved) over upto as assets_within, sum(liabilities) over upto as liabilities_within,
         sum(pending_redemptions) over upto as pending_within, sum(assets - reserved - liabilities) over upto as gap
    from rows window upto as (partition by fund_id, as_of, scenario_id order by place);
comment on view liquidity_risk_tree is 'Per fund, date, scenario and bucket: assets, liabilities and pending redemptions, alone and summed; base currency. `pending_not_counted` orders are in another currency.';

-- The step that holds a trade is the least of the ladder that is not smaller. Slippage grows with size, so the step's is the most to expect, but for the
-- rounding of a trade of a few smallest units.
create view pool_slippage as
  with steps as (
    select pool_id, direction, amount_in, expected_slippage, run_id from tokenization_models
    qualify row_number() over (partition by pool_id, direction, amount_in order by as_of desc, recorded_at desc, run_id, scenario_id) = 1)
  select p.fund_id, p.share_class_id, p.pool, p.version, p.chain, p.curve, t.trade_id, t.executed_at, t.direction, t.amount_in, t.amount_out,
         e.expected_out, e.expected_slippage, e.executed_slippage, e.beyond_expected, m.amount_in as step, m.expected_slippage as step_slippage,
         m.run_id, t.tx_hash
    from pool_trades t join liquidity_pools p using (pool_id) left join executed_slippage e using (trade_id)
    asof left join steps m on t.pool_id = m.pool_id and t.direction = m.direction and t.amount_in <= m.amount_in;
comment on view pool_slippage is 'Each trade in a pool: what was expected and what was executed, in whole smallest units and shares below the price of a vanishing size, beside the step of tokenization_models that holds it. Empty until a stress run has looked.';
