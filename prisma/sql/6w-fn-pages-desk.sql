-- Whole pages of operations and of the auditor in one round trip each, with the rights of whoever reads them: the work that waits, the audit trail and its chains.

create or replace function public.fn_read_desk() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with steps as (
    -- the newest word about each failure; what was left with the second person's word, where one is needed, waits for nobody
    select distinct on (s.kind, s.subject) s.kind, s.subject, s.created_at, s.due_at, s.action = 'skip' and s.decided_at is not null as done,
           case when s.action = 'escalate' then 'escalated to ' || case s.to_role when 'pm_role' then 'portfolio managers' else 'operations' end
                when s.decided_at is null then 'somebody asked to leave it: a second person confirms' end as why
      from public.failure_steps s order by s.kind, s.subject, s.created_at desc
  ), hooks as materialized (
    select e.* from jsonb_to_recordset(public.fn_list_webhooks()) e (endpoint_id uuid, fund_id uuid, url text, reason text, stopped_at timestamptz, given_up int, given_up_at timestamptz)
  ), work (kind, id, fund_id, what, due, since, reason) as (
    select 'proposal', p.proposal_id::text, p.fund_id, p.kind, p.expires_at, p.created_at, null::text from public.proposals p where p.status = 'pending' and p.expires_at > now()
    union all
    -- a day that is open waits for its clock; a later one for its next step
    select 'dealing_day', d.dealing_day_id::text, d.fund_id, d.status, case when d.status = 'open' then d.cut_off_at end, d.created_at, 'class ' || c.code || ', ' || d.dealing_date
      from public.dealing_days d join public.share_classes c using (share_class_id) where d.status not in ('closed', 'discarded')
    union all
    select 'dead_letter', o.event_id::text, o.fund_id, o.type, n.due_at, o.dead_at, concat_ws('; ', o.reason, n.why) from public.event_outbox o
      left join lateral (select * from steps s where s.kind = 'event' and s.subject = o.event_id::text and s.created_at >= o.dead_at) n on true where o.dead_at is not null and n.done is not true
    union all
    select 'dead_batch', b.batch_id::text, null, b.type, n.due_at, b.dead_at, concat_ws('; ', b.reason, n.why) from public.event_batches b
      left join lateral (select * from steps s where s.kind = 'batch' and s.subject = b.batch_id::text and s.created_at >= b.dead_at) n on true where b.dead_at is not null and b.done_at is null and n.done is not true
    union all
    select 'import', i.import_id::text, i.fund_id, i.kind, null, i.recorded_at, i.refused || ' refused, ' || i.unmatched || ' unmatched of ' || i.rows || ' rows'
      from public.import_batches i where i.status = 'imported' and i.refused + i.unmatched > 0
    union all
    select 'market_value', h.held_id::text, null, h.series, null, h.recorded_at, 'moved ' || round(h.move_bps) || ' bp, the breaker allows ' || round(h.limit_bps) from public.market_held h where h.status = 'held'
    union all
    select 'held_order', o.flow_id::text, o.fund_id, o.direction, null, o.updated_at, o.reason from public.fund_flows o where o.status = 'held'
    union all
    select 'bank_account', a.account_id::text, a.fund_id, a.status, null, a.created_at, 'somebody else than who proposed it decides' from public.bank_accounts a where a.status = 'proposed'
    union all
    select 'alert', a.alert_id::text, a.fund_id, a.kind, null, a.created_at, a.reason from public.risk_alerts a where a.acknowledged_at is null
    union all
    select 'run', r.workflow_id, r.fund_id, r.type, n.due_at, coalesce(r.ended_at, r.started_at), concat_ws('; ', 'the run ended as failed', n.why) from public.workflow_runs r
      left join lateral (select * from steps s where s.kind = 'run' and s.subject = r.workflow_id and s.created_at >= coalesce(r.ended_at, r.started_at)) n on true where r.status = 'failed' and n.done is not true
    union all
    -- a receiver that is told nothing is looked at within a day; of others' webhooks only operations and audit hear
    select 'webhook', e.endpoint_id::text, e.fund_id, e.reason, e.stopped_at + interval '24 hours', e.stopped_at, e.url
      from hooks e where e.stopped_at is not null
    union all
    select 'webhook_deliveries', e.endpoint_id::text, e.fund_id, 'given_up', e.given_up_at + interval '24 hours', e.given_up_at, e.given_up || ' to ' || e.url
      from hooks e where e.given_up > 0 and e.stopped_at is null
  )
  select jsonb_build_object(
    'read_at', now(),
    'work', coalesce((select jsonb_agg(jsonb_build_object('kind', w.kind, 'id', w.id, 'fund', f.code, 'what', w.what, 'due', w.due, 'since', w.since, 'reason', w.reason)
        order by w.due nulls last, w.since, w.kind, w.id)
      from (select * from work order by due nulls last, since, kind, id limit 500) w left join public.funds f using (fund_id)), '[]'::jsonb),
    'outbox', (select jsonb_build_object('waiting', count(*) filter (where o.dead_at is null), 'dead', count(*) filter (where o.dead_at is not null),
        'oldest', min(o.created_at) filter (where o.dead_at is null)) from public.event_outbox o),
    'runs', coalesce((select jsonb_agg(jsonb_build_object('workflow_id', r.workflow_id, 'type', r.type, 'status', r.status, 'fund', f.code, 'started_at', r.started_at, 'ended_at', r.ended_at)
        order by r.started_at desc, r.workflow_id)
      from (select * from public.workflow_runs x order by x.started_at desc, x.workflow_id limit 20) r left join public.funds f using (fund_id)), '[]'::jsonb),
    'imports', coalesce((select jsonb_agg(jsonb_build_object('import_id', i.import_id, 'fund', f.code, 'kind', i.kind, 'format', i.format, 'file_name', i.file_name, 'rows', i.rows, 'accepted', i.accepted,
        'refused', i.refused, 'unmatched', i.unmatched, 'status', i.status, 'recorded_at', i.recorded_at) order by i.recorded_at desc, i.import_id)
      from (select * from public.import_batches x order by x.recorded_at desc, x.import_id limit 20) i join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_desk() is
  'The desk of operations: what waits for somebody, by due time (at most 500), the outbox, the newest runs and imports. Under the reader''s row-level security.';

create or replace function public.fn_read_trail(entity_id text default null, before bigint default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with cursor as (select c.tx, c.seq from public.audit_cursor c),
  ends as (
    -- the last block of each chain: what lies at or before its end is sealed
    select distinct on (b.chain_id) b.chain_id, b.height, b.to_tx, b.to_seq, encode(b.hash, 'hex') as head, b.created_at,
           sum(b.entries) over (partition by b.chain_id) as entries
      from public.audit_blocks b order by b.chain_id, b.height desc
  ), entries as (
    select t.* from public.audit_trail t where (fn_read_trail.entity_id is null or t.entity_id = fn_read_trail.entity_id)
       and (fn_read_trail.before is null or t.seq < fn_read_trail.before) order by t.seq desc limit 100
  )
  select jsonb_build_object(
    'read_at', now(),
    'chains', coalesce((select jsonb_agg(jsonb_build_object('chain_id', e.chain_id, 'fund', f.code, 'height', e.height::text, 'entries', e.entries::text, 'head', e.head, 'sealed_at', e.created_at)
        order by f.code nulls first, e.chain_id) from ends e left join public.funds f on f.fund_id = e.chain_id), '[]'::jsonb),
    'unsealed', (select count(*) from public.audit_trail t, cursor c where (t.tx, t.seq) > (c.tx, c.seq)),
    'oldest_unsealed', (select min(t.created_at) from public.audit_trail t, cursor c where (t.tx, t.seq) > (c.tx, c.seq)),
    'entries', coalesce((select jsonb_agg(jsonb_build_object('audit_id', t.audit_id, 'seq', t.seq::text, 'at', t.created_at, 'fund', f.code, 'entity_type', t.entity_type, 'entity_id', t.entity_id,
        'message', t.message, 'by', t.created_by, 'digest', encode(t.digest, 'hex'),
        'sealed', coalesce((t.tx, t.seq) <= (e.to_tx, e.to_seq), false)) order by t.seq desc)
      from entries t left join public.funds f using (fund_id) left join ends e on e.chain_id = coalesce(t.fund_id, '00000000-0000-0000-0000-000000000000')), '[]'::jsonb))
$$;
comment on function public.fn_read_trail(text, bigint) is
  'The audit trail, the newest 100 entries (of one entity, before a seq), each with whether a block seals it; the chains with their heads, and what no block covers yet. Under the reader''s row-level security.';

create or replace function public.fn_read_changes(place text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with said as (
    select split_part(place, ':', 1)::xid8 as tx, split_part(place, ':', 2)::bigint as seq where place ~ '^[0-9]{1,20}:[0-9]{1,18}$'
  ), found as (
    -- below the oldest transaction that is still open nothing can appear any more: whoever goes on from there misses nothing
    select t.* from public.audit_trail t, said s where (t.tx, t.seq) > (s.tx, s.seq) and t.tx < pg_snapshot_xmin(pg_current_snapshot()) order by t.tx, t.seq limit 1000
  ), last as (
    select * from (select f.tx, f.seq from found f order by f.tx desc, f.seq desc limit 1) f
    union all select * from (select t.tx, t.seq from public.audit_trail t where not exists (select from said) and t.tx < pg_snapshot_xmin(pg_current_snapshot())
      order by t.tx desc, t.seq desc limit 1) t
  )
  select jsonb_build_object(
    'place', coalesce((select l.tx || ':' || l.seq from last l), (select s.tx || ':' || s.seq from said s), '0:0'),
    'changes', coalesce((select jsonb_agg(jsonb_build_object('table', f.entity_type, 'id', f.entity_id,
        'is_new', not exists (select from public.audit_trail e where e.entity_id = f.entity_id and e.entity_type = f.entity_type and e.seq < f.seq)) order by f.tx, f.seq) from found f), '[]'::jsonb))
$$;
comment on function public.fn_read_changes(text) is
  'The rows that functions have written since a place in the audit trail, at most 1,000, and the place to go on from; without a place: none, and where the trail ends now. Under the reader''s row-level security.';
