-- Normalised views of the order table; they run with the rights of whoever reads them.
create or replace view public.subscriptions with (security_invoker = true) as
  select f.flow_id as subscription_id, f.fund_id, f.share_class_id, f.investor_id, f.asset_id, f.amount, f.units, f.currency, f.status, f.channel,
         f.eligibility_tag, f.requested_at, f.dealing_date, f.event_id, f.effective_at, f.recorded_at, f.created_at, f.updated_at
    from public.fund_flows f where f.direction = 'subscription';
comment on view public.subscriptions is 'Subscription orders (fund_flows with direction subscription), under the reader''s row-level security.';

create or replace view public.redemptions with (security_invoker = true) as
  select f.flow_id as redemption_id, f.fund_id, f.share_class_id, f.investor_id, f.asset_id, f.amount, f.units, f.currency, f.status, f.channel,
         f.eligibility_tag, f.requested_at, f.dealing_date, f.event_id, f.effective_at, f.recorded_at, f.created_at, f.updated_at
    from public.fund_flows f where f.direction = 'redemption';
comment on view public.redemptions is 'Redemption orders (fund_flows with direction redemption), under the reader''s row-level security.';

create or replace view public.market_observations with (security_invoker = true) as
  select distinct on (d.series, d.as_of) d.observation_id, d.series, s.kind, s.unit, d.as_of, d.value, d.source, d.recorded_at, d.import_id
    from public.market_data d join public.market_series s using (series) left join public.market_imports b using (import_id)
   where b.status is distinct from 'undone' order by d.series, d.as_of, d.recorded_at desc, d.seq desc;
comment on view public.market_observations is 'The value of each series on each date that counts: the one recorded last, of no import that was undone. Under the reader''s row-level security.';

create or replace view public.mark_metrics with (security_invoker = true) as
  select a.fund_id, a.id as asset_id, a.external_key, m.snapshot_id, m.as_of, m.nav, m.esg_score,
         case when m.esg_score is not null then null when m.snapshot_id is null then 'the asset has no mark'
              when not exists (select from public.esg_ratings r where r.asset_id = a.id) then 'no provider has rated the asset'
              when exists (select from public.esg_ratings r where r.asset_id = a.id and r.as_of <= m.as_of) then 'rated after the mark was recorded; the next mark carries it'
              else 'the rating is of a later day than the mark' end as esg_reason,
         m.leverage, case when m.leverage is not null then null when m.snapshot_id is null then 'the asset has no mark' 
              else coalesce(nullif(left(a.attributes ->> 'leverage_reason', 200), ''), 'the asset reports neither leverage nor debt') end as leverage_reason
    from public.assets a left join lateral (select s.snapshot_id, s.as_of, s.nav, s.esg_score, s.leverage from public.asset_snapshots s
      where s.asset_id = a.id and s.scenario_id = '' order by s.as_of desc, s.recorded_at desc, s.snapshot_id limit 1) m on true
   where a.status = 'active';
comment on view public.mark_metrics is 'Score and leverage on the newest mark of each active asset, or why there is none, under the reader''s row-level security.';
