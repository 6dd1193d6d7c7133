-- Webhooks, as workers serve them: which events came since an endpoint was last looked at, what is handed to a run, and what came of each attempt.

create or replace function public.fn_tell_webhook_key(key_id text, public_key text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  told jsonb := jsonb_build_object('key_id', key_id, 'public_key', public_key);
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(key_id ~ '^mk-[0-9a-f]{16}$' and public_key ~ '^[A-Za-z0-9+/]{43}=$', 'EG400', 'key_id names a master key, and public_key is 32 bytes in base64.');
  if exists (select from public.platform_settings p where p.key = 'webhook_key' and p.value = told) then
    return false;
  end if;
  insert into public.platform_settings as p (key, value) values ('webhook_key', told) on conflict (key) do update set value = excluded.value;
  perform evergreen.audit(null, 'platform_settings', 'webhook_key', 'key for secrets of webhooks: ' || key_id, null);
  return true;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tell_webhook_key(text, text) is 'A worker tells the public key for which secrets of webhooks are to be sealed. Answers whether it is a new one. EG400.';

create or replace function evergreen.ends_webhook_run(type text, payload jsonb) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select ends_webhook_run.type = 'WORKFLOW_COMPLETED' and exists (select from public.fund_events q where q.type = 'WEBHOOKS_QUEUED'
     and q.event_id = case when ends_webhook_run.payload ->> 'workflow_id' ~ '^event/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(ends_webhook_run.payload ->> 'workflow_id', 7)::uuid end)
$$;
comment on function evergreen.ends_webhook_run(text, jsonb) is 'Whether an event says that a run of webhooks has ended: to tell a webhook of it would go on for ever.';

create or replace function public.fn_find_webhook_events()
returns table (endpoint_id uuid, owner_role text, owner_id uuid, after_tx text, after_seq bigint, upto_tx text, upto_seq bigint, event_ids uuid[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('service_role');
  return query
    select e.endpoint_id, e.owner_role, e.owner_id, e.cursor_tx::text, e.cursor_seq, w.last_tx, w.last_seq, w.ids
      from public.webhook_endpoints e cross join lateral (
        select array_agg(v.event_id order by v.tx, v.seq) filter (where v.type = any (e.types) and (e.fund_id is null or v.fund_id = e.fund_id) and not evergreen.ends_webhook_run(v.type, v.payload)) as ids, count(*) as looked,
               (array_agg(v.tx::text order by v.tx desc, v.seq desc))[1] as last_tx, (array_agg(v.seq order by v.tx desc, v.seq desc))[1] as last_seq
          -- a transaction that is still open may have a smaller number than one that is done; what was retired was new long ago
          from (select x.tx, x.seq, x.event_id, x.type, x.fund_id, x.payload from public.fund_events x
                 where (x.tx, x.seq) > (e.cursor_tx, e.cursor_seq) and x.tx < pg_snapshot_xmin(pg_current_snapshot()) and x.archive_id is null
                 order by x.tx, x.seq limit 500) v) w
     where e.status = 'active' and (w.ids is not null or w.looked = 500);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_find_webhook_events() is
  'Per active webhook the events of its types since it was last looked at, at most 500 events on. Whether its owner may read them is for the caller to find out, as that owner.';

create or replace function public.fn_queue_webhooks(endpoint_id uuid, after_tx text, after_seq bigint, upto_tx text, upto_seq bigint, event_ids uuid[]) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  e public.webhook_endpoints;
  queued int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(after_tx ~ '^[0-9]{1,19}$' and upto_tx ~ '^[0-9]{1,19}$' and after_seq >= 0 and upto_seq >= 0 and (upto_tx::xid8, upto_seq) > (after_tx::xid8, after_seq), 'EG400',
    'after and upto are places in the feed of events, one after the other.');
  perform evergreen.refuse_unless(event_ids is not null and cardinality(event_ids) <= 500, 'EG400', 'event_ids are at most 500.');
  select * into e from public.webhook_endpoints x where x.endpoint_id = fn_queue_webhooks.endpoint_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No webhook with that id.');
  -- another worker was first, or it was paused meanwhile
  if e.status <> 'active' or (e.cursor_tx, e.cursor_seq) is distinct from (after_tx::xid8, after_seq) then
    return 0;
  end if;
  perform evergreen.refuse_unless((select count(*) from public.fund_events v where v.event_id = any (event_ids)) = cardinality(event_ids), 'EG404', 'No event with one of those ids.');
  update public.webhook_endpoints x set cursor_tx = upto_tx::xid8, cursor_seq = upto_seq where x.endpoint_id = e.endpoint_id;
  queued := evergreen.queue_webhooks(e.endpoint_id, array(select i from unnest(event_ids) i
    where not exists (select from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.event_id = i)), null);
  if queued > 0 then
    perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: ' || queued || ' events queued', null);
  end if;
  return queued;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_queue_webhooks(uuid, text, bigint, text, bigint, uuid[]) is
  'Hands events that the owner of a webhook may read to a run, and moves the webhook on in the feed; answers how many. 0 when another worker was first. EG400, EG404.';

create or replace function public.fn_record_webhook_attempts(queued_by uuid, outcomes jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  stop text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('queued_by', queued_by, 'outcomes', outcomes);
  answer := evergreen.earlier_answer('fn_record_webhook_attempts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(outcomes) = 'array' and jsonb_array_length(outcomes) <= 100, 'EG400', 'outcomes is a list of at most 100.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(outcomes) o where (
      jsonb_typeof(o) = 'object' and o ->> 'delivery_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and o ->> 'outcome' in ('delivered', 'later', 'gone', 'refused', 'withheld')
      and coalesce(o ->> 'status' ~ '^[0-9]{3}$', true) and coalesce(o ->> 'reason' ~ '^[a-z0-9 ]{1,60}$', true) and coalesce(o ->> 'next_ms' ~ '^[0-9]{1,10}$', true)
      and coalesce(o ->> 'code' ~ '^[A-Z][A-Z0-9_]{1,60}$', true) and coalesce(o ->> 'ms' ~ '^[0-9]{1,9}$', true) and coalesce(o ->> 'ago_ms' ~ '^[0-9]{1,9}$', true)) is not true), 'EG400',
    'An outcome has delivery_id, outcome (delivered, later, gone, refused, withheld), and perhaps status, reason, next_ms, code, ms and ago_ms.');
  select x.* into e from public.webhook_endpoints x where x.endpoint_id = (
    select (v.payload ->> 'endpoint_id')::uuid from public.fund_events v where v.event_id = fn_record_webhook_attempts.queued_by and v.type = 'WEBHOOKS_QUEUED') for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No webhooks were queued by that event.');
  update public.webhook_deliveries d
     set attempts = d.attempts + case when o.outcome = 'withheld' then 0 else 1 end, last_status = o.status, last_reason = o.reason,
         status = case when o.outcome = 'delivered' then 'delivered' when o.outcome = 'withheld' then 'withheld' when o.outcome = 'gone' or (o.outcome = 'later' and o.next_ms is null) then 'dead' else 'pending' end,
         delivered_at = case when o.outcome = 'delivered' then now() else d.delivered_at end,
         tries = case when o.outcome = 'withheld' then d.tries else case when jsonb_array_length(d.tries) >= 50 then d.tries - 0 else d.tries end
           || jsonb_build_object('at', clock_timestamp() - o.ago_ms * interval '1 millisecond', 'outcome', o.outcome, 'status', o.status, 'code', o.code, 'ms', o.ms) end,
         next_at = case when o.outcome = 'later' and o.next_ms is not null then now() + o.next_ms * interval '1 millisecond' else d.next_at end
    from (select (x ->> 'delivery_id')::uuid as delivery_id, x ->> 'outcome' as outcome, (x ->> 'status')::int as status, x ->> 'reason' as reason, (x ->> 'next_ms')::bigint as next_ms,
            x ->> 'code' as code, (x ->> 'ms')::bigint as ms, coalesce((x ->> 'ago_ms')::bigint, 0) as ago_ms from jsonb_array_elements(outcomes) x) o
   where d.delivery_id = o.delivery_id and d.queued_by = fn_record_webhook_attempts.queued_by and d.endpoint_id = e.endpoint_id and d.status = 'pending';
  if e.status = 'active' and jsonb_array_length(outcomes) > 0 then
    if exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'delivered') then
      update public.webhook_endpoints x set failing_since = null, delivered_at = now() where x.endpoint_id = e.endpoint_id returning * into e;
    elsif exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'later') then
      update public.webhook_endpoints x set failing_since = coalesce(x.failing_since, now()) where x.endpoint_id = e.endpoint_id returning * into e;
    end if;
    stop := case when exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'gone') then 'gone'
                 when exists (select from jsonb_array_elements(outcomes) o where o ->> 'outcome' = 'refused') then 'refused'
                 when e.failing_since <= now() - make_interval(days => coalesce((select (p.value #>> '{}')::int from public.platform_settings p where p.key = 'webhook_pause_days'), 5)) then 'failing' end;
    if stop is not null then
      update public.webhook_endpoints x set status = case stop when 'gone' then 'gone' else 'paused' end, reason = stop where x.endpoint_id = e.endpoint_id returning * into e;
      if stop = 'gone' then
        update public.webhook_deliveries d set status = 'dead', last_reason = 'gone' where d.endpoint_id = e.endpoint_id and d.status = 'pending';
      end if;
      perform evergreen.emit('WEBHOOK_STOPPED', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id, 'reason', stop), evergreen.actor(),
        jsonb_build_object('workflow_id', 'event/' || queued_by, 'causation_id', queued_by), '{}', request_id);
    end if;
    perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: ' || jsonb_array_length(outcomes) || ' attempts' || coalesce(', stopped: ' || stop, ''), request_id);
  end if;
  select jsonb_build_object('left', count(*), 'wait_ms', coalesce(greatest(0, ceil(extract(epoch from min(d.next_at) - clock_timestamp()) * 1000)), 0)::bigint, 'stopped', e.status <> 'active') into answer
    from public.webhook_deliveries d where d.queued_by = fn_record_webhook_attempts.queued_by and d.status = 'pending';
  perform evergreen.keep_answer('fn_record_webhook_attempts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_webhook_attempts(uuid, jsonb, text) is
  'What came of attempts of a run: delivered, later (without next_ms never), gone (the webhook ends), refused (it is paused), withheld (its owner may not read the event any more); with how long it took (ms), how long ago it began (ago_ms) and the code of what broke. One that fails for platform_settings.webhook_pause_days is paused. Returns {left, wait_ms, stopped}. EG400, EG404.';
