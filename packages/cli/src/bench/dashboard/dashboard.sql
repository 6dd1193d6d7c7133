-- SQL of `bench dashboard` and `bench realtime`, for their throw-away databases only: investors with holdings, orders and statements, who may see
-- whom, sessions of those who read, and the transaction of the page. Triggers rest while rows are made: nothing here reacts to them.

-- name: seed-fund
create schema bench;
-- an id of version 4 in its form, as the pages ask of every id
create function bench.id(name text) returns uuid language sql immutable as $$ select overlay(overlay(md5(name) placing '4' from 13) placing '8' from 17)::uuid $$;
insert into public.funds (fund_id, code, name, base_currency, synthetic)
values ('00000000-0000-4000-8000-0000000000f1', 'BENCH', 'Synthetic bench fund', 'USD', true);
insert into public.share_classes (share_class_id, fund_id, code, name, currency)
values ('00000000-0000-4000-8000-0000000000c1', '00000000-0000-4000-8000-0000000000f1', 'I', 'Institutional (synthetic)', 'USD');
insert into public.nav_strikes (strike_id, fund_id, nav_date, version, state, inputs_hash, recorded_at)
select bench.id('strike' || n), '00000000-0000-4000-8000-0000000000f1', date '2026-01-31' + n * 30, 1, 'estimated', repeat('0', 64), timestamptz '2026-02-01Z' + make_interval(days => n * 30)
  from generate_series(1, 8) n;
insert into public.class_navs (strike_id, share_class_id, nav, units, nav_per_unit, published_at)
select bench.id('strike' || n), '00000000-0000-4000-8000-0000000000c1', 1000000 + n, 10000, 100 + n, timestamptz '2026-02-01Z' + make_interval(days => n * 30) from generate_series(1, 8) n;

-- name: seed-investors
insert into public.investors (investor_id, code, classification, kyc_status, synthetic, party_id)
select bench.id('investor' || i), 'BENCH-' || i, 'professional', 'approved', true, bench.id('party' || i) from generate_series($1::int, $2::int) i;
-- name: seed-access
insert into public.investor_access (user_id, investor_id, kind)
select bench.id('user' || i), bench.id('investor' || i), 'owner' from generate_series($1::int, $2::int) i;
-- name: seed-holdings
insert into public.holdings (investor_id, share_class_id, units)
select bench.id('investor' || i), '00000000-0000-4000-8000-0000000000c1', 100 + i % 997 from generate_series($1::int, $2::int) i;
-- name: seed-flows
insert into public.fund_flows (fund_id, share_class_id, investor_id, direction, amount, currency, status, channel, requested_at, dealing_date, filled_units, price, net_amount, settled_at)
select '00000000-0000-4000-8000-0000000000f1', '00000000-0000-4000-8000-0000000000c1', bench.id('investor' || i), case when n = 4 then 'redemption' else 'subscription' end,
       (i % 9973) + n, 'USD', 'settled', 'api', timestamptz '2026-01-01Z' + make_interval(days => n * 30, secs => i), date '2026-01-31' + n * 30, n, 100, (i % 9973) + n, timestamptz '2026-02-02Z'
  from generate_series($1::int, $2::int) i, generate_series(1, 4) n;
-- name: seed-statements
insert into public.statements (dealing_day_id, investor_id, version, strike_id, body, hash)
select bench.id('day' || n), bench.id('investor' || i), 1, bench.id('strike' || n), b.body, encode(sha256(convert_to(b.body::text, 'UTF8')), 'hex')
  from generate_series($1::int, $2::int) i, generate_series(1, 2) n,
       lateral (select jsonb_build_object('shareClass', jsonb_build_object('code', 'I'), 'dealingDate', date '2026-01-31' + n * 30, 'currency', 'USD',
         'account', jsonb_build_object('foot', jsonb_build_object('closing', (i % 9973)::text))) as body) b;

-- name: settle
vacuum (analyze) public.fund_flows, public.investors, public.investor_access, public.holdings, public.statements, public.class_navs, public.nav_strikes, public.share_classes, public.funds;

-- name: seed-accounts
-- one account and one session for everybody who reads
insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data)
select u, 'authenticated', 'lp_role', 'reader' || i || '@bench.evergreen.example', $2, now(), '{"provider":"email","providers":["email"]}'
  from unnest($1::uuid[]) with ordinality t (u, i)
-- name: seed-identities
insert into auth.identities (id, provider, provider_id, user_id, identity_data)
select gen_random_uuid(), 'email', u::text, u, jsonb_build_object('sub', u::text, 'email', 'reader' || i || '@bench.evergreen.example', 'email_verified', true)
  from unnest($1::uuid[]) with ordinality t (u, i)
-- name: seed-sessions
insert into auth.sessions (id, user_id) select u, u from unnest($1::uuid[]) u

-- name: people
select bench.id('user' || i) as user_id, bench.id('investor' || i) as investor_id, 'BENCH-' || i as investor from (select distinct 1 + (g * 7919) % $1::int as i from generate_series(1, $2::int) g) t order by 1;

-- name: page
select public.fn_read_home()::text as answer
