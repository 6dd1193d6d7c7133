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
