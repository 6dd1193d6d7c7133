-- SQL of `bench deal`, for its throw-away database only: investors, orders as intake leaves them, the cut-off brought forward, and what is looked up.

-- name: bells
create schema bench;
create table bench.steps (dealing_day_id uuid, status text, step int, at timestamptz default clock_timestamp());
create function bench.note() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.status is distinct from old.status or new.step is distinct from old.step then
    insert into bench.steps (dealing_day_id, status, step) values (new.dealing_day_id, new.status, new.step);
    perform pg_notify('bench_bell', new.dealing_day_id || ' ' || new.status);
  end if;
  return null;
end $$;
create trigger bench_note after update on public.dealing_days for each row execute function bench.note();

-- name: listen
listen bench_bell;

-- name: investors
insert into public.investors (code, classification, kyc_status, kyc_valid_until, synthetic)
select 'BENCH-' || i, 'professional', 'approved', now() + interval '1 year', true from generate_series(1, $1::int) i;

-- name: positions
select investor_id, '1000' as units, '2023-01-16' as opened_on, '12.3456' as price from public.investors where code like 'BENCH-%' order by length(code), code limit $1;

-- name: orders
with told as materialized (
  select evergreen.emit('ORDERS_IMPORTED', c.fund_id, jsonb_build_object('import_id', gen_random_uuid(), 'orders', $2::int), 'bench') as event_id
    from public.share_classes c where c.share_class_id = $1
), placed as (
  insert into public.fund_flows (fund_id, share_class_id, investor_id, direction, order_kind, amount, requested_units, currency, status, channel, requested_at, policy_id, placed_by, accepted_at)
  select c.fund_id, c.share_class_id, i.investor_id, case when i.n % 5 = 0 then 'subscription' else 'redemption' end, 'plain',
         case when i.n % 5 = 0 then 1000 + i.n % 977 + 0.37 end, case when i.n % 5 > 0 then round(60 + (i.n * 7919 % 80000) / 1000.0, 4) end,
         'USD', 'accepted', 'bench', now(), p.policy_id, 'bench', now()
    from public.share_classes c join public.dealing_policies p using (share_class_id)
    cross join (select investor_id, row_number() over (order by length(code), code) as n from public.investors where code like 'BENCH-%' order by length(code), code limit $2::int) i
   where c.share_class_id = $1
  returning flow_id
)
insert into public.order_transitions (flow_id, to_status, event_id, actor) select p.flow_id, 'accepted', t.event_id, 'bench' from placed p cross join told t;

-- name: settle
analyze;

-- name: subscriptions
select flow_id, amount::text as amount from public.fund_flows where share_class_id = $1 and direction = 'subscription';

-- name: cut-off
update public.dealing_days set cut_off_at = clock_timestamp() where dealing_day_id = $1;

-- name: proposal
select p.proposal_id, p.hash from public.dealing_days d join public.nav_strikes s using (strike_id) join public.proposals p on p.proposal_id = s.proposal_id where d.dealing_day_id = $1;

-- name: claims
select flow_id, net_amount::text as amount from public.fund_flows where dealing_day_id = $1 and status = 'claimable' and cleared_at is null;

-- name: steps
select s.status, s.step, round(extract(epoch from s.at - (select d.cut_off_at from public.dealing_days d where d.dealing_day_id = s.dealing_day_id)) * 1000)::int as ms
  from bench.steps s where s.dealing_day_id = $1 order by s.at;

-- name: outcome
select (select count(*)::int from public.fund_flows f where f.dealing_day_id = d.dealing_day_id) as orders,
       (select count(*)::int from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status = 'settled') as settled,
       (select count(*)::int from public.statements s where s.dealing_day_id = d.dealing_day_id) as statements,
       (select count(*)::int from public.fund_flows f where f.parent_flow_id in (select p.flow_id from public.fund_flows p where p.dealing_day_id = d.dealing_day_id)) as carried,
       (select trim_scale(sum(a.filled_units))::text from public.allocations a join public.fund_flows f using (flow_id) where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption') as filled,
       trim_scale((d.decision ->> 'cap_units')::numeric)::text as cap, d.status, d.day_hash
  from public.dealing_days d where d.dealing_day_id = $1;
