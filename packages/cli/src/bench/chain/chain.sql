-- SQL of `bench chain`, for its throw-away databases only: bells that ring when a run has ended, investors, and what is looked up.

-- name: bells
create schema bench;
create function bench.ring() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'workflow_runs' then
    if new.ended_at is not null and old.ended_at is null then
      perform pg_notify('bench_bell', 'closed ' || new.workflow_id);
    end if;
  else
    perform pg_notify('bench_bell', 'remembered ' || coalesce(new.workflow_id, ''));
  end if;
  return null;
end $$;
create trigger bench_closed after update on public.workflow_runs for each row execute function bench.ring();
create trigger bench_remembered after insert on public.agent_memories for each row execute function bench.ring();

-- name: listen
listen bench_bell;

-- name: investors
insert into public.investors (code, classification, kyc_status, kyc_valid_until, synthetic)
select 'BENCH-' || i, 'professional', 'approved', now() + interval '1 year', true from generate_series(1, 200) i
on conflict do nothing;

-- name: investor-ids
select investor_id from public.investors where code like 'BENCH-%' order by code;

-- name: orders
select count(*) filter (where f.status = 'accepted')::int as accepted, count(*)::int as placed,
       coalesce(sum(f.amount) filter (where f.status = 'accepted' and f.direction = 'redemption'), 0)::text as redeemed,
       (select count(*) from public.compliance_logs l where l.rule = 'kyc_status')::int as logged,
       (select count(*) from public.event_outbox o where o.mode = 'batch')::int as waiting,
       (select coalesce(sum(l.utilization), 0)::text from public.liquidity_ladder l where l.side = 'liability' and l.bucket = '30d') as utilization
  from public.fund_flows f;

-- name: undone-orders
select count(*)::int as undone from public.fund_flows f where f.status = 'submitted';

-- name: batches
select count(*)::int as batches from public.event_batches b where b.done_at is not null;

-- name: runs
select count(*) filter (where r.status <> 'running' and r.ended_at is not null)::int as ended, count(*)::int as runs,
       (select count(*) from public.tokenization_actions)::int as registered,
       (select count(*) from public.compliance_logs l where l.rule = 'tokenization_approval')::int as verdicts,
       (select count(*) from public.agent_memories)::int as memories
  from public.workflow_runs r;

-- name: spans
select name, count(*)::int as seen, percentile_cont(0.5) within group (order by extract(epoch from ended_at - started_at) * 1000)as p50_ms
  from public.trace_spans where started_at >= $1 group by name order by 3 desc;
