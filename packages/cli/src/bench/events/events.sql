-- SQL of `bench events`, for its throw-away database only: an event type of its own, a handler with a visible effect, what is looked up.

-- name: arrange
insert into public.event_types (type, mode, playbook, required_keys, recorded_by) values ('BENCH_ROUTINE', 'batch', null, '{n}', '{service_role}');
create schema bench;
create table bench.handled (
  event_id uuid primary key,
  n int not null,
  times int not null default 1,
  handled_at timestamptz not null default clock_timestamp()
);
-- the set-based handler: the effect of every event of the batch, its outcome and one audit row in one transaction, once per batch
create function bench.handle_batch(batch uuid) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  taken public.event_batches;
begin
  select * into taken from public.event_batches b where b.batch_id = batch for update;
  if taken.done_at is not null then
    return 0;
  end if;
  -- a second effect of one event would show: it is counted, not ignored
  insert into bench.handled as h (event_id, n)
  select e.event_id, (e.payload ->> 'n')::int from public.fund_events e where e.event_id = any (taken.event_ids)
  on conflict (event_id) do update set times = h.times + 1;
  update public.event_batches b set done_at = now(), outcome = jsonb_build_object('handled', taken.events), leased_by = null where b.batch_id = batch;
  perform evergreen.audit(null, 'event_batches', batch::text, taken.type || ' handled', null);
  return taken.events;
end $$;
grant usage on schema bench to service_role;
grant execute on function bench.handle_batch(uuid) to service_role;

-- name: fill-backlog
with recorded as (
  insert into public.fund_events (type, payload, source, created_by)
  select 'BENCH_ROUTINE', jsonb_build_object('n', n), 'bench', 'service' from generate_series(1, $1::int) n
  returning seq, event_id, type
)
insert into public.event_outbox (seq, event_id, type, mode) select seq, event_id, type, 'batch' from recorded;

-- name: settle
vacuum (analyze) public.event_outbox, public.fund_events, public.event_batches, bench.handled;

-- name: forget-handled
truncate bench.handled;

-- name: counts
select (select count(*) from bench.handled)::int as handled,
       (select coalesce(sum(times - 1), 0) from bench.handled)::int as doubled,
       (select count(*) from public.fund_events e where e.type = 'BENCH_ROUTINE' and not exists (select from bench.handled h where h.event_id = e.event_id))::int as lost,
       (select count(*) from public.event_outbox o where o.type = 'BENCH_ROUTINE')::int as waiting,
       (select count(*) from public.event_batches b where b.type = 'BENCH_ROUTINE' and b.done_at is null)::int as open;

-- name: handled-so-far
select count(*)::int as handled from bench.handled;

-- name: recorded
select count(*)::int as recorded, (select count(*) from public.audit_trail a where a.entity_type = 'fund_events')::int as audited
  from public.fund_events e where e.type = 'BENCH_ROUTINE';

-- name: latency
select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99, max(ms) as worst
  from (select extract(epoch from h.handled_at - e.recorded_at) * 1000 as ms from bench.handled h join public.fund_events e using (event_id)) t;

-- name: definition
select pg_get_functiondef($1::regprocedure) as definition;

-- name: silent-grants
grant execute on function bench.fn_record_event(text, jsonb, text, text, text, uuid, uuid[]) to service_role;
alter function bench.fn_record_event(text, jsonb, text, text, text, uuid, uuid[]) owner to evergreen_owner;
alter function bench.emit(text, uuid, jsonb, text, jsonb, uuid[], text) owner to evergreen_owner;
grant usage on schema bench to evergreen_owner;

-- name: record
select public.fn_record_event('BENCH_ROUTINE', '{"n": 1}', 'bench');

-- name: record-silent
select bench.fn_record_event('BENCH_ROUTINE', '{"n": 1}', 'bench');

-- name: record-numbered
select public.fn_record_event('BENCH_ROUTINE', jsonb_build_object('n', $1::int), 'bench');

-- name: handle
select bench.handle_batch($1) as handled;

-- name: act-as-service
select set_config('role', 'service_role', false);

-- name: listen
listen evergreen_events;

-- name: peer-fill
select count(*)::int as added from graphile_worker.add_jobs(
  (select array_agg(row('bench_routine', json_build_object('n', n), null, null, null, null, null, null)::graphile_worker.job_spec) from generate_series(1, $1::int) n));

-- name: peer-settle
vacuum (analyze) graphile_worker._private_jobs;

-- name: peer-left
select count(*)::int as left from graphile_worker._private_jobs;

-- name: handled-nothing
select 1;
