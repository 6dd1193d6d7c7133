-- SQL of `bench rls`, for its throw-away database only: many investors with orders, who may see whom, and the read that is measured.

-- name: seed-investors
insert into public.funds (fund_id, code, name, base_currency, synthetic)
values ('00000000-0000-4000-8000-0000000000f1', 'BENCH', 'Synthetic bench fund', 'USD', true);
insert into public.investors (investor_id, code, classification, kyc_status, synthetic)
select md5('investor' || i)::uuid, 'BENCH-' || i, 'professional', 'approved', true from generate_series(1, $INVESTORS) i;
-- one person per investor; the last person may see fifty investors
insert into public.investor_access (user_id, investor_id, kind)
select md5('user' || i)::uuid, md5('investor' || i)::uuid, 'owner' from generate_series(1, $INVESTORS) i;
insert into public.investor_access (user_id, investor_id, kind)
select md5('adviser')::uuid, md5('investor' || i)::uuid, 'owner' from generate_series(1, 50) i;

-- name: seed-flows
insert into public.fund_flows (fund_id, investor_id, direction, amount, currency, status, channel, requested_at)
select '00000000-0000-4000-8000-0000000000f1', md5('investor' || 1 + (n % $INVESTORS))::uuid,
       case when n % 5 = 0 then 'redemption' else 'subscription' end, (n % 9973) + 1, 'USD', 'settled', 'api',
       timestamptz '2024-01-01 00:00:00Z' + make_interval(secs => n)
  from generate_series($1::int, $2::int) n;

-- name: settle
vacuum (analyze) public.fund_flows, public.investors, public.investor_access;

-- name: people
select md5('user' || i)::uuid as user_id, md5('investor' || i)::uuid as investor_id
  from (select 1 + (g * 7919) % $INVESTORS as i from generate_series(1, 500) g) t;

-- name: own-flows
select flow_id, fund_id, direction, amount, currency, status, requested_at from public.fund_flows order by requested_at desc limit 50

-- name: filtered-flows
select flow_id, fund_id, direction, amount, currency, status, requested_at from public.fund_flows where investor_id = $INVESTOR order by requested_at desc limit 50

-- name: readers-without-rls
create role bench_reader login bypassrls password '$PASSWORD';
create role bench_role nologin noinherit bypassrls;
grant bench_role to evergreen_api;
grant usage on schema public to bench_reader, bench_role;
grant select on public.fund_flows to bench_reader, bench_role;

-- name: control-policy
drop policy lp__select_own on public.fund_flows;
grant execute on function evergreen.my_investor_ids() to lp_role;
create policy lp__select_own on public.fund_flows for select to lp_role using (investor_id in (select evergreen.my_investor_ids()));

-- name: shipped-policy
drop policy lp__select_own on public.fund_flows;
revoke execute on function evergreen.my_investor_ids() from lp_role;
create policy lp__select_own on public.fund_flows for select to lp_role using (investor_id = any (array(select m.investor_id from evergreen.my_investors m)));

-- name: policy
select pg_get_expr(polqual, polrelid) as condition from pg_policy where polname = 'lp__select_own' and polrelid = 'public.fund_flows'::regclass;

-- name: explain
explain (format json) select flow_id, fund_id, direction, amount, currency, status, requested_at from public.fund_flows order by requested_at desc limit 50
