-- Pages of operations, continued: what does not agree, what failed and waits for a person, and the calendar. Amounts are text; under the reader's rights.

create or replace function public.fn_read_breaks() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with breaks (kind, id, fund_id, amount, currency, since, reason, reference, import_id) as (
    -- the bank says it and the book does not
    select 'bank_only', r.import_id || '/' || r.position, r.fund_id, r.said ->> 'amount', r.said ->> 'currency', b.recorded_at, coalesce(r.reason, 'no order matches'), coalesce(r.reference, r.said ->> 'end_to_end'), r.import_id
      from public.import_rows r join public.import_batches b using (import_id) where r.kind = 'bank' and r.outcome = 'unmatched' and b.status <> 'undone'
    union all
    -- the book says it and no statement of the bank confirmed it
    select case when f.direction = 'redemption' then 'unpaid' else 'unfunded' end, f.flow_id::text, f.fund_id, trim_scale(coalesce(f.net_amount, f.amount))::text, f.currency, f.priced_at,
           'priced on ' || f.dealing_date || ', no statement confirms the cash', null, null
      from public.fund_flows f where f.status = 'claimable'
    union all
    -- a day that was posted and could not be closed, because something of it does not agree
    select 'day_not_closed', d.dealing_day_id::text, d.fund_id, null, null, d.updated_at, 'class ' || c.code || ', ' || d.dealing_date || ': posted, not closed', null, null
      from public.dealing_days d join public.share_classes c using (share_class_id) where d.status in ('posted', 'settled')
    union all
    -- what the administrator or a provider says moved more than its breaker allows, and nobody has decided which is right
    select 'source_held', h.held_id::text, null, trim_scale(h.value)::text, null, h.recorded_at, h.series || ' of ' || h.as_of || ': moved ' || round(h.move_bps) || ' bp against ' || trim_scale(h.against) || ' of ' || h.against_on, null, null
      from public.market_held h where h.status = 'held'
  )
  select jsonb_build_object('read_at', now(),
    'breaks', coalesce((select jsonb_agg(jsonb_build_object('kind', b.kind, 'id', b.id, 'fund', f.code, 'amount', b.amount, 'currency', trim(b.currency), 'since', b.since, 'days', greatest(0, (now()::date - b.since::date)),
        'reason', b.reason, 'reference', b.reference, 'import_id', b.import_id) order by b.since, b.kind, b.id)
      from (select * from breaks order by since, kind, id limit 500) b left join public.funds f using (fund_id)), '[]'::jsonb),
    -- what does agree, so that a short list is not taken for a missing one
    'matched', (select count(*) from public.import_rows r join public.import_batches b using (import_id) where r.kind = 'bank' and r.outcome = 'matched' and b.status <> 'undone'),
    'settled', (select count(*) from public.fund_flows f where f.status = 'settled'),
    'statements', coalesce((select jsonb_agg(jsonb_build_object('import_id', s.import_id, 'fund', f.code, 'file_name', s.file_name, 'recorded_at', s.recorded_at, 'matched', s.accepted, 'unmatched', s.unmatched)
        order by s.recorded_at desc, s.import_id)
      from (select * from public.import_batches x where x.kind = 'bank' and x.status <> 'undone' order by x.recorded_at desc, x.import_id limit 20) s join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_breaks() is
  'What does not agree between bank, book and sources, the oldest first (at most 500), with age and reason; how much does agree, and the newest statements. Under the reader''s row-level security.';

create or replace function public.fn_read_troubles() returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with failed (kind, subject, since) as (
    select 'event', o.event_id::text, o.dead_at from public.event_outbox o where o.dead_at is not null
    union all
    select 'batch', b.batch_id::text, b.dead_at from public.event_batches b where b.dead_at is not null and b.done_at is null
    union all
    select 'run', r.workflow_id, coalesce(r.ended_at, r.started_at) from public.workflow_runs r where r.status = 'failed'
  ), steps as (
    -- what people decided about each since it failed last; what was left waits for nobody
    select f.kind, f.subject, jsonb_build_object('skip', (select jsonb_build_object('step_id', s.step_id, 'by', s.asked_by, 'at', s.created_at, 'reason', s.reason) from public.failure_steps s
          where (s.kind, s.subject, s.action) = (f.kind, f.subject, 'skip') and s.created_at >= f.since order by s.created_at desc limit 1),
        'escalated', (select jsonb_build_object('to_role', s.to_role, 'due_at', s.due_at, 'by', s.asked_by, 'at', s.created_at, 'reason', s.reason) from public.failure_steps s
          where (s.kind, s.subject, s.action) = (f.kind, f.subject, 'escalate') and s.created_at >= f.since order by s.created_at desc limit 1)) as said
      from failed f
     where not exists (select from public.failure_steps s where (s.kind, s.subject, s.action) = (f.kind, f.subject, 'skip') and s.created_at >= f.since and s.decided_at is not null)
  )
  select jsonb_build_object('read_at', now(),
    'letters', coalesce((select jsonb_agg(o.said || jsonb_build_object('event_id', o.event_id, 'type', o.type, 'fund', f.code, 'attempts', o.attempts, 'dead_at', o.dead_at, 'reason', o.reason) order by o.dead_at, o.seq)
      from (select x.*, y.said from public.event_outbox x join steps y on (y.kind, y.subject) = ('event', x.event_id::text) order by x.dead_at, x.seq limit 200) o left join public.funds f using (fund_id)), '[]'::jsonb),
    'batches', coalesce((select jsonb_agg(b.said || jsonb_build_object('batch_id', b.batch_id, 'event_id', b.event_ids[1], 'type', b.type, 'events', b.events, 'attempts', b.attempts, 'dead_at', b.dead_at, 'reason', b.reason) order by b.dead_at, b.batch_id)
      from (select x.*, y.said from public.event_batches x join steps y on (y.kind, y.subject) = ('batch', x.batch_id::text) order by x.dead_at, x.batch_id limit 200) b), '[]'::jsonb),
    'runs', coalesce((select jsonb_agg(r.said || jsonb_build_object('workflow_id', r.workflow_id, 'type', r.type, 'fund', f.code, 'event_id', r.event_id, 'event', e.type, 'started_at', r.started_at, 'ended_at', r.ended_at,
        -- what it had done before it failed stays done
        'done', coalesce((select jsonb_agg(x.type order by x.seq) from (select v.type, v.seq from public.fund_events v where v.recorded_at between r.started_at and coalesce(r.ended_at, now()) and starts_with(v.request_id, r.workflow_id || '/') order by v.seq limit 20) x), '[]'::jsonb))
        order by r.ended_at desc nulls first, r.workflow_id)
      from (select x.*, y.said from public.workflow_runs x join steps y on (y.kind, y.subject) = ('run', x.workflow_id) order by x.ended_at desc nulls first, x.workflow_id limit 50) r
      left join public.funds f using (fund_id) left join public.fund_events e on e.event_id = r.event_id), '[]'::jsonb),
    'left', coalesce((select jsonb_agg(jsonb_build_object('step_id', s.step_id, 'kind', s.kind, 'subject', s.subject, 'type', s.type, 'fund', f.code, 'reason', s.reason, 'asked_by', s.asked_by, 'decided_by', s.decided_by, 'at', s.decided_at)
        order by s.decided_at desc, s.step_id)
      from (select * from public.failure_steps x where x.action = 'skip' and x.decided_at is not null order by x.decided_at desc, x.step_id limit 50) s left join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_troubles() is
  'What failed and waits for a person: events and batches that could not be delivered, runs that failed with what they had done, each with what people decided about it, and what was left. Under the reader''s row-level security.';

create or replace function public.fn_read_calendar(month date, fund text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with span as (select date_trunc('month', fn_read_calendar.month)::date as first, (date_trunc('month', fn_read_calendar.month) + interval '1 month')::date as after),
  mine as (select f.* from public.funds f where fn_read_calendar.fund is null or f.code = fn_read_calendar.fund),
  entries (day, at, kind, fund_id, title, state, id) as (
    select (d.cut_off_at at time zone 'UTC')::date, d.cut_off_at, 'cut_off', d.fund_id, 'class ' || c.code || ', dealing ' || d.dealing_date, d.status, d.dealing_day_id::text
      from public.dealing_days d join public.share_classes c using (share_class_id)
    union all
    select d.dealing_date, null, 'valuation', d.fund_id, 'class ' || c.code, d.status, d.dealing_day_id::text from public.dealing_days d join public.share_classes c using (share_class_id)
    union all
    select o.due_on, null, 'obligation', o.fund_id, o.title || ' (' || o.code || ')', case when o.done_at is not null then 'done' when o.due_on < now()::date then 'overdue' else 'open' end, o.obligation_id::text from public.obligations o
    union all
    select (b.cure_by at time zone 'UTC')::date, b.cure_by, 'cure', b.fund_id, b.rule || ', ' || b.class, case when b.cured_at is not null then 'cured' when b.cure_by < now() then 'overdue' else 'open' end, b.breach_id::text
      from public.breaches b where b.cure_by is not null
    union all
    select (x.expires_at at time zone 'UTC')::date, x.expires_at, 'decision', x.fund_id, x.kind, x.status, x.proposal_id::text from public.proposals x where x.status = 'pending'
    union all
    select (x.due_at at time zone 'UTC')::date, x.due_at, 'case', x.fund_id, x.code, x.status, x.case_id::text from public.cases x where x.status <> 'decided'
  )
  select jsonb_build_object('read_at', now(), 'first', (select s.first from span s),
    'entries', coalesce((select jsonb_agg(jsonb_build_object('day', e.day, 'at', e.at, 'kind', e.kind, 'fund', m.code, 'title', e.title, 'state', e.state, 'id', e.id) order by e.day, e.at nulls first, e.kind, e.title, e.id)
      from (select x.* from entries x, span s where x.day >= s.first and x.day < s.after and (fn_read_calendar.fund is null or x.fund_id in (select mine.fund_id from mine)) order by x.day, x.at, x.kind, x.id limit 1000) e
      left join public.funds m using (fund_id)), '[]'::jsonb),
    'obligations', coalesce((select jsonb_agg(jsonb_build_object('obligation_id', o.obligation_id, 'fund', m.code, 'code', o.code, 'title', o.title, 'source', o.source, 'due_on', o.due_on, 'overdue', o.due_on < now()::date)
        order by o.due_on, o.obligation_id) from public.obligations o join mine m using (fund_id) where o.done_at is null), '[]'::jsonb),
    'breaches', coalesce((select jsonb_agg(jsonb_build_object('breach_id', b.breach_id, 'fund', m.code, 'rule', b.rule, 'class', b.class, 'cause', b.cause, 'value', trim_scale(b.value)::text, 'limit', trim_scale(b.limit_value)::text,
        'detected_at', b.detected_at, 'cure_by', b.cure_by) order by b.cure_by nulls last, b.detected_at, b.breach_id) from public.breaches b join mine m using (fund_id) where b.cured_at is null), '[]'::jsonb),
    'funds', coalesce((select jsonb_agg(f.code order by f.code) from public.funds f), '[]'::jsonb))
$$;
comment on function public.fn_read_calendar(date, text) is
  'One month: cut-offs, valuations, obligations, ends of cure periods, decisions and cases due (at most 1,000); the obligations and breaches that are open. Under the reader''s row-level security.';
