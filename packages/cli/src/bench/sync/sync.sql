-- What `bench sync` lays and changes: one synthetic fund with as many valuations as asked. Triggers are off: they are not what is measured.
-- Ids lie all over the range of ids, as the ones that Postgres makes do: DuckDB would pack ids that follow one another, and unpack them slowly.
-- name: quiet
set session_replication_role = replica
-- name: fund
insert into public.funds (fund_id, code, name, base_currency, calendar, time_zone, synthetic)
values ('00000000-0000-4000-8000-00000000f00d', 'BENCH', 'Synthetic fund of a bench', 'EUR', 'LU', 'UTC', true)
-- name: assets
insert into public.assets (id, fund_id, external_key, name, type, strategy, currency, bucket)
select md5('asset' || n)::uuid, '00000000-0000-4000-8000-00000000f00d', 'A' || n, 'Synthetic asset ' || n, 'equity', 'bench', 'EUR', '30d'
  from generate_series(0, 999) n
-- name: marks
insert into public.asset_snapshots (snapshot_id, asset_id, fund_id, as_of, nav, leverage, scenario_id, method, source)
select gen_random_uuid(), md5('asset' || (n % 1000))::uuid, '00000000-0000-4000-8000-00000000f00d',
       date '1990-01-01' + (n / 1000)::int, round((1000000 + (n * 7919) % 1000000 + 0.0001 * (n % 10000))::numeric, 4), 1.25, '', 'mark', 'bench'
  from generate_series($1::bigint, $2::bigint) n
-- name: settle
analyze public.asset_snapshots
-- name: change
update public.asset_snapshots set nav = nav + 0.0001, tx = pg_current_xact_id(), updated_at = now()
 where asset_id = any (array(select md5('asset' || n)::uuid from generate_series($2::int, $2::int + $3::int - 1) n))
   and as_of = date '1990-01-01' + $1::int
-- name: add
insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, scenario_id, method, source)
select md5('asset' || (n % 1000))::uuid, '00000000-0000-4000-8000-00000000f00d', date '2030-01-01', 1000000 + n, '', 'mark', 'bench'
  from generate_series(0, $1::int - 1) n
