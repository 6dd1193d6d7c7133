-- Pages of portfolio managers beside the morning: the dealing day with its book, which the browser gives to the dealing engine to ask "what if".

create or replace function evergreen.indicative_orders(of_days uuid[]) returns uuid[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what fn_lock_orders would lock if nothing more came; notice is not looked at, since its deadline is that function's
  select coalesce(array_agg(f.flow_id order by f.flow_id), '{}') from public.dealing_days d
    join public.fund_flows f on f.share_class_id = d.share_class_id and f.status = 'accepted' and (f.dealing_date is null or f.dealing_date <= d.dealing_date)
   where d.dealing_day_id = any (of_days) and d.status = 'open'
$$;
comment on function evergreen.indicative_orders(uuid[]) is 'The accepted orders that days before their cut-off are about to deal, as far as they are known now.';

create or replace function evergreen.dealt_book(book jsonb) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what was admitted of each order took part in the gate; lots and the gate of each investor were applied then
  select book || jsonb_build_object('lots', null, 'holdings', '[]'::jsonb, 'orders', (select coalesce(jsonb_agg(
      case when o ->> 'direction' = 'redemption' then o || jsonb_build_object('units', trim_scale(coalesce(a.admitted_units, a.requested_units))::text, 'amount', null) else o || '{"cleared": true}' end
      order by o ->> 'flow_id'), '[]') from jsonb_array_elements(book -> 'orders') o join public.allocations a on a.flow_id = (o ->> 'flow_id')::uuid))
$$;
comment on function evergreen.dealt_book(jsonb) is 'A book of a day that was dealt: of each redemption the units that were admitted to the gate.';

create or replace function public.fn_read_dealing_page(dealing_day_id uuid default null) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
  s public.nav_strikes;
  days uuid[];
  basis text;
  orders int;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  -- without a day the next one that is not dealt, or else the newest
  select x.* into d from public.dealing_days x where fn_read_dealing_page.dealing_day_id is null or x.dealing_day_id = fn_read_dealing_page.dealing_day_id
   order by x.status in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded'),
     case when x.status in ('posted', 'claimable', 'settled', 'closed', 'suspended', 'discarded') then current_date - x.dealing_date else x.dealing_date - date '2000-01-01' end, x.dealing_day_id limit 1;
  perform evergreen.refuse_unless(found or fn_read_dealing_page.dealing_day_id is null, 'EG404', 'No dealing day with that id.');
  basis := case when d.status in ('open', 'cut_off') then 'indicative' when d.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated') then 'frozen'
    when d.status in ('posted', 'claimable', 'settled', 'closed') then 'dealt' end;
  -- before the NAV of the day is proposed, the last one stands in for it
  select x.* into s from public.nav_strikes x where x.strike_id = d.strike_id or (basis = 'indicative' and d.strike_id is null and x.fund_id = d.fund_id and x.state = 'final' and x.nav_date <= d.dealing_date)
   order by x.nav_date desc, x.version desc limit 1;
  select array_agg(x.dealing_day_id order by x.dealing_day_id) into days from public.dealing_days x
   where x.fund_id = d.fund_id and x.dealing_date = d.dealing_date and case basis when 'indicative' then x.status in ('open', 'cut_off')
     when 'frozen' then x.strike_id = d.strike_id and x.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated') else x.strike_id = d.strike_id and x.status in ('posted', 'claimable', 'settled', 'closed') end;
  if d.lmt_policy_id is null and basis = 'indicative' then
    d.lmt_policy_id := (select p.policy_id from public.lmt_policies p where p.fund_id = d.fund_id and p.effective_from <= d.dealing_date order by p.effective_from desc, p.version desc limit 1);
  end if;
  orders := (select count(*) from public.fund_flows f where f.dealing_day_id = any (days) or f.flow_id = any (evergreen.indicative_orders(days)));
  return jsonb_build_object('read_at', now(),
    'days', (select coalesce(jsonb_agg(jsonb_build_object('dealing_day_id', x.dealing_day_id, 'fund', f.code, 'share_class', c.code, 'dealing_date', x.dealing_date, 'cut_off_at', x.cut_off_at,
        'status', x.status, 'orders', x.orders, 'gate', x.decision ->> 'status', 'fraction', x.decision ->> 'fraction') order by x.dealing_date desc, f.code, c.code), '[]')
       from (select * from public.dealing_days y order by y.dealing_date desc, y.dealing_day_id limit 60) x join public.funds f using (fund_id) join public.share_classes c using (share_class_id)),
    'day', (select jsonb_build_object('dealing_day_id', d.dealing_day_id, 'fund_id', f.fund_id, 'fund', f.code, 'fund_name', f.name, 'synthetic', f.synthetic, 'currency', f.base_currency, 'decimals', u.exponent::int,
        'dealing_date', d.dealing_date, 'cut_off_at', d.cut_off_at, 'status', d.status, 'workflow_id', d.workflow_id, 'order_root', d.order_root,
        'strike', case when s.strike_id is not null then jsonb_build_object('strike_id', s.strike_id, 'date', s.nav_date, 'version', s.version, 'state', s.state, 'proposal_id', s.proposal_id) end,
        'decision', d.decision - 'lab' - 'notice', -- recorded with the class that leads
        'lab', coalesce((select x.decision #> '{lab,combinations}' from public.dealing_days x where x.dealing_day_id = any (days) and x.decision ? 'lab' limit 1), '[]'),
        'tools', (select coalesce(jsonb_agg(jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', a.status, 'proposal_id', a.proposal_id, 'active_from', a.active_from, 'active_until', a.active_until) order by a.created_at desc), '[]')
           from (select * from public.lmt_activations y where y.fund_id = f.fund_id order by y.created_at desc limit 10) a))
       from public.funds f join public.currencies u on u.code = f.base_currency where f.fund_id = d.fund_id),
    'basis', basis, 'orders', coalesce(orders, 0),
    -- a browser computes with what a page can hold; the run of the day has no such limit
    'book', case when s.strike_id is null or basis is null or orders > 20000 then null
      when basis = 'dealt' then evergreen.dealt_book(evergreen.book_of(d, s, days, array(select f.flow_id from public.fund_flows f where f.dealing_day_id = any (days))))
      else evergreen.book_of(d, s, days, evergreen.indicative_orders(days)) end,
    'fills', (select coalesce(jsonb_agg(jsonb_build_object('share_class', x.code, 'direction', x.direction, 'orders', x.orders, 'requested_units', trim_scale(x.requested)::text, 'filled_units', trim_scale(x.filled)::text,
        'carried_units', trim_scale(x.carried)::text, 'gross', x.gross::text, 'net', x.net::text) order by x.code, x.direction), '[]')
       from (select c.code, f.direction, count(*) as orders, sum(a.requested_units) as requested, sum(a.filled_units) as filled, sum(a.carried_units) as carried, sum(a.gross_amount) as gross, sum(a.net_amount) as net
               from public.allocations a join public.fund_flows f on f.flow_id = a.flow_id join public.share_classes c on c.share_class_id = a.share_class_id where a.dealing_day_id = any (days) group by 1, 2) x));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_dealing_page(uuid) is
  'A dealing day as a page (the next that is not dealt when none is named): days, state, decision, and the book of all classes that deal at its NAV: frozen, or before that indicative at the last NAV, or as it was dealt. Fund currency, as text. EG404.';

create or replace function public.fn_read_exposure(fund_id uuid default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with fund as (
    select f.*, c.decimals from public.funds f join lateral (select x.exponent::int as decimals from public.currencies x where x.code = f.base_currency) c on true
     where fn_read_exposure.fund_id is null or f.fund_id = fn_read_exposure.fund_id order by f.code limit 1
  ), held as (
    select p.sleeve, p.market_value, p.recorded_at, p.proposal_id, p.liquid_flag, a.name, a.issuer, a.currency, a.bucket, a.id as asset_id from public.portfolio_allocations p join fund f using (fund_id) join public.assets a on a.id = p.asset_id where p.superseded_at is null
  ), cuts as (
    select 'currency' as cut, h.currency::text as name, sum(h.market_value) as value, count(*) as assets from held h group by h.currency
    union all select 'issuer', h.issuer, sum(h.market_value), count(*) from held h where h.issuer is not null group by h.issuer
    union all select 'bucket', h.bucket, sum(h.market_value), count(*) from held h group by h.bucket
  ), placed as (select c.*, row_number() over (partition by c.cut order by c.value desc, c.name) as place from cuts c)
  select jsonb_build_object(
    'read_at', now(),
    'fund', jsonb_build_object('fund_id', f.fund_id, 'code', f.code, 'name', f.name, 'currency', f.base_currency, 'decimals', f.decimals, 'synthetic', f.synthetic, 'allocations_version', f.allocations_version::text),
    'changed_at', (select max(h.recorded_at) from held h),
    'mandate', (select jsonb_build_object('version', m.version, 'body', m.body, 'set_at', m.recorded_at) from public.mandates m where m.fund_id = f.fund_id and m.superseded_at is null),
    'sleeves', coalesce((select jsonb_agg(jsonb_build_object('sleeve', s.sleeve, 'value', s.value::text, 'assets', s.assets) order by s.sleeve)
      from (select h.sleeve, sum(h.market_value) as value, count(*) as assets from held h group by h.sleeve) s), '[]'::jsonb),
    'cuts', coalesce((select jsonb_agg(jsonb_build_object('cut', p.cut, 'name', p.name, 'value', p.value::text, 'assets', p.assets) order by p.cut, p.place) from placed p where p.place <= 10), '[]'::jsonb),
    'open', coalesce((select jsonb_agg(jsonb_build_object('proposal_id', p.proposal_id, 'status', p.status, 'created_at', p.created_at) order by p.created_at desc)
      from public.proposals p where p.fund_id = f.fund_id and p.kind = 'rebalancing' and p.status in ('checking', 'pending')), '[]'::jsonb))
    from fund f
$$;
comment on function public.fn_read_exposure(uuid) is
  'What a fund holds (the first by code when none is named) against its mandate: value by sleeve, the ten largest currencies, issuers and liquidity buckets, rebalancings that are open. Fund currency, as text. Under the reader''s row-level security.';
