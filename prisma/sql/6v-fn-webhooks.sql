-- Webhooks, as people keep them: where a program of theirs listens, of which events, the sealed secret that signs, and what became of each delivery.
-- An endpoint is told what its owner may read; the secret is sealed for the workers before it gets here, and nobody opens it in the database.

create or replace function evergreen.own_webhook(of_endpoint uuid, also_ops boolean) returns public.webhook_endpoints
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  e public.webhook_endpoints;
begin
  select * into e from public.webhook_endpoints x where x.endpoint_id = of_endpoint and x.status <> 'removed'
     and ((x.owner_id = evergreen.user_id() and x.owner_role = evergreen.role_name()) or (also_ops and evergreen.role_name() = 'ops_role')) for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No webhook of yours with that id.');
  return e;
end $$;
comment on function evergreen.own_webhook(uuid, boolean) is 'An endpoint of the caller, or for operations anybody''s, locked. EG404: of others nobody learns that they are there.';

create or replace function evergreen.queue_webhooks(of_endpoint uuid, which uuid[], request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  queue uuid;
begin
  if coalesce(cardinality(which), 0) = 0 then
    return 0;
  end if;
  queue := evergreen.emit('WEBHOOKS_QUEUED', null, jsonb_build_object('endpoint_id', of_endpoint, 'deliveries', cardinality(which)), evergreen.actor(), '{}', '{}', request_id);
  insert into public.webhook_deliveries as d (endpoint_id, event_id, queued_by) select of_endpoint, unnest(which), queue
  on conflict (endpoint_id, event_id) do update set queued_by = excluded.queued_by, status = 'pending', attempts = 0, next_at = now();
  return cardinality(which);
end $$;
comment on function evergreen.queue_webhooks(uuid, uuid[], text) is 'Hands events to a run that sends them to an endpoint; one that was queued before keeps its id.';

create or replace function public.fn_set_webhook(endpoint_id uuid, url text, types text[], sealed text, fund text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  who text;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id, 'url', url, 'types', to_jsonb(types), 'sealed', sealed, 'fund', fund);
  answer := evergreen.earlier_answer('fn_set_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  who := evergreen.role_name();
  perform evergreen.refuse_unless(endpoint_id is not null, 'EG400', 'endpoint_id is a new uuid of the caller''s making; the secret is sealed for it.');
  perform evergreen.refuse_unless(url ~ '^https?://[A-Za-z0-9.:\[\]-]{1,255}(/[!-~]*)?$' and length(url) <= 2000 and url !~ '#', 'EG400', 'url is an https address without user name, password and #, of at most 2,000 characters.');
  perform evergreen.refuse_unless(sealed ~ '^v1\.mk-[0-9a-f]{16}\.[A-Za-z0-9+/]{43}=\.[A-Za-z0-9+/]{60,200}={0,2}$', 'EG400', 'sealed is a secret sealed with the key of fn_read_webhook_key.');
  perform evergreen.refuse_unless(cardinality(types) between 1 and 100 and array_ndims(types) = 1 and not exists (
      select from unnest(types) t where t is null or t ~ '^WEBHOOK' or not exists (select from public.event_types k where k.type = t)), 'EG400', 'types are 1 to 100 types of events other than those of webhooks; see the reference of events.');
  perform evergreen.refuse_unless(evergreen.user_id() is not null, 'EG403', 'A webhook belongs to a person who is signed in.');
  if fund is not null then
    select f.fund_id into of_fund from public.funds f where f.code = fn_set_webhook.fund
       and (who <> 'lp_role' or f.fund_id = any (array(select evergreen.my_fund_ids())));
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('webhooks of ' || evergreen.user_id(), 0));
  perform evergreen.refuse_unless((select count(*) from public.webhook_endpoints x where x.owner_id = evergreen.user_id() and x.status <> 'removed') < 10, 'EG428',
    'There are ten webhooks of yours already; remove one first.');
  perform evergreen.refuse_unless(not exists (select from public.webhook_endpoints x where x.endpoint_id = fn_set_webhook.endpoint_id), 'EG409', 'That endpoint_id is taken; make another one, and seal the secret for it.');
  -- told from now on: whatever was recorded before is none of its business
  insert into public.webhook_endpoints (endpoint_id, fund_id, url, types, owner_role, owner_id, cursor_tx)
  values (endpoint_id, of_fund, url, array(select distinct t from unnest(types) t order by t), who, evergreen.user_id(), pg_snapshot_xmin(pg_current_snapshot()));
  insert into public.webhook_secrets (endpoint_id, sealed) values (endpoint_id, sealed);
  perform evergreen.emit('WEBHOOK_SET', of_fund, jsonb_build_object('endpoint_id', endpoint_id, 'change', 'add'), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'webhook_endpoints', endpoint_id::text, 'webhook added for ' || cardinality(types) || ' types of events', request_id);
  answer := jsonb_build_object('endpoint_id', endpoint_id, 'status', 'active');
  perform evergreen.keep_answer('fn_set_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_webhook(uuid, text, text[], text, text, text) is
  'Tells a program of the caller of events from now on: those of the types, of one fund or all, that the caller may read. The secret comes sealed for the workers. Returns {endpoint_id, status}. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_change_webhook(endpoint_id uuid, change text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  waiting uuid[];
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id, 'change', change);
  answer := evergreen.earlier_answer('fn_change_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(change in ('pause', 'resume', 'skip', 'remove'), 'EG400', 'change is pause, resume (with what waits), skip (resume from now on) or remove.');
  e := evergreen.own_webhook(endpoint_id, true);
  perform evergreen.refuse_unless(change <> 'pause' or e.status = 'active', 'EG428', 'The webhook is not active.');
  perform evergreen.refuse_unless(change not in ('resume', 'skip') or e.status <> 'active', 'EG428', 'The webhook is active already.');
  update public.webhook_endpoints x
     set status = case change when 'pause' then 'paused' when 'remove' then 'removed' else 'active' end,
         reason = case change when 'pause' then 'people' end, failing_since = null,
         cursor_tx = case change when 'skip' then pg_snapshot_xmin(pg_current_snapshot()) else x.cursor_tx end,
         cursor_seq = case change when 'skip' then 0 else x.cursor_seq end
   where x.endpoint_id = e.endpoint_id;
  if change in ('skip', 'remove') then
    update public.webhook_deliveries d set status = 'dead', last_reason = 'skipped' where d.endpoint_id = e.endpoint_id and d.status = 'pending';
  end if;
  if change = 'remove' then
    delete from public.webhook_secrets s where s.endpoint_id = e.endpoint_id;
  end if;
  if change = 'resume' then
    waiting := array(select d.event_id from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.status = 'pending' order by d.created_at, d.delivery_id);
    perform evergreen.queue_webhooks(e.endpoint_id, waiting, request_id);
  end if;
  perform evergreen.emit('WEBHOOK_SET', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id, 'change', change), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: ' || change, request_id);
  answer := jsonb_build_object('endpoint_id', e.endpoint_id, 'status', case change when 'pause' then 'paused' when 'remove' then 'removed' else 'active' end);
  perform evergreen.keep_answer('fn_change_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_change_webhook(uuid, text, text) is
  'Pauses a webhook of the caller (operations: anybody''s), resumes it with what waits or from now on, or removes it with its secrets. Returns {endpoint_id, status}. EG400, EG404, EG428.';

create or replace function public.fn_rotate_webhook(endpoint_id uuid, sealed text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  until timestamptz := now() + interval '24 hours';
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id, 'sealed', sealed);
  answer := evergreen.earlier_answer('fn_rotate_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(sealed ~ '^v1\.mk-[0-9a-f]{16}\.[A-Za-z0-9+/]{43}=\.[A-Za-z0-9+/]{60,200}={0,2}$', 'EG400', 'sealed is a secret sealed with the key of fn_read_webhook_key.');
  e := evergreen.own_webhook(endpoint_id, false);
  -- two sign at most: the new one, and for a day the one that it replaces
  delete from public.webhook_secrets s where s.endpoint_id = e.endpoint_id and s.valid_until is not null;
  update public.webhook_secrets s set valid_until = until where s.endpoint_id = e.endpoint_id;
  insert into public.webhook_secrets (endpoint_id, sealed) values (e.endpoint_id, fn_rotate_webhook.sealed);
  perform evergreen.emit('WEBHOOK_SET', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id, 'change', 'rotate'), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: secret replaced', request_id);
  answer := jsonb_build_object('endpoint_id', e.endpoint_id, 'old_until', until);
  perform evergreen.keep_answer('fn_rotate_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_rotate_webhook(uuid, text, text) is
  'Gives a webhook of the caller a new secret, sealed for the workers; for 24 hours the old one signs along. Returns {endpoint_id, old_until}. EG400, EG404.';

create or replace function public.fn_test_webhook(endpoint_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  e public.webhook_endpoints;
  test uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('endpoint_id', endpoint_id);
  answer := evergreen.earlier_answer('fn_test_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  e := evergreen.own_webhook(endpoint_id, false);
  perform evergreen.refuse_unless(e.status = 'active', 'EG428', 'The webhook is not active; resume it first.');
  test := evergreen.emit('WEBHOOK_TESTED', e.fund_id, jsonb_build_object('endpoint_id', e.endpoint_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.queue_webhooks(e.endpoint_id, array[test], request_id);
  perform evergreen.audit(e.fund_id, 'webhook_endpoints', e.endpoint_id::text, 'webhook: test asked for', request_id);
  answer := jsonb_build_object('event_id', test, 'delivery_id', (select d.delivery_id from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.event_id = test));
  perform evergreen.keep_answer('fn_test_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_test_webhook(uuid, text) is 'Sends a webhook of the caller an event that says nothing but that it is a test. Returns {event_id, delivery_id}. EG404, EG428.';

create or replace function public.fn_resend_webhook(delivery_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.webhook_deliveries;
  e public.webhook_endpoints;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  input := jsonb_build_object('delivery_id', delivery_id);
  answer := evergreen.earlier_answer('fn_resend_webhook', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into d from public.webhook_deliveries x where x.delivery_id = fn_resend_webhook.delivery_id;
  e := evergreen.own_webhook(d.endpoint_id, true);
  perform evergreen.refuse_unless(e.status = 'active', 'EG428', 'The webhook is not active; resume it first.');
  select * into d from public.webhook_deliveries x where x.delivery_id = fn_resend_webhook.delivery_id for no key update;
  perform evergreen.refuse_unless(d.status <> 'pending', 'EG428', 'The delivery is on its way already.');
  perform evergreen.queue_webhooks(e.endpoint_id, array[d.event_id], request_id);
  perform evergreen.audit(e.fund_id, 'webhook_deliveries', d.delivery_id::text, 'webhook: sent again', request_id);
  answer := jsonb_build_object('delivery_id', d.delivery_id, 'status', 'pending');
  perform evergreen.keep_answer('fn_resend_webhook', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_resend_webhook(uuid, text) is 'Sends a delivery again under its id, so that a receiver that has it knows it. Returns {delivery_id, status}. EG404, EG428 on its way already, or the webhook is not active.';

create or replace function public.fn_list_webhooks() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role', 'audit_role');
  return (select coalesce(jsonb_agg(jsonb_build_object('endpoint_id', e.endpoint_id, 'fund_id', e.fund_id, 'fund', f.code, 'url', e.url, 'types', to_jsonb(e.types), 'owner_role', e.owner_role,
      'mine', e.owner_id is not distinct from evergreen.user_id(), 'status', e.status, 'reason', e.reason, 'failing_since', e.failing_since, 'delivered_at', e.delivered_at, 'created_at', e.created_at,
      'pending', (select count(*) from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.status = 'pending'),
      'dead', (select count(*) from public.webhook_deliveries d where d.endpoint_id = e.endpoint_id and d.status = 'dead'),
      -- while the platform sends nothing the row stands still
      'stopped_at', case when e.status <> 'active' and e.reason <> 'people' then e.updated_at end, 'given_up', g.given_up, 'given_up_at', g.given_up_at) order by e.created_at, e.endpoint_id), '[]')
    from public.webhook_endpoints e left join public.funds f using (fund_id) cross join lateral (
      -- attempts used up; what somebody skipped, or went with the receiver, waits for nobody
      select count(*) as given_up, min(d.updated_at) as given_up_at from public.webhook_deliveries d
       where d.endpoint_id = e.endpoint_id and d.status = 'dead' and d.last_reason is distinct from 'skipped' and d.last_reason is distinct from 'gone' and d.last_status is distinct from 410 and d.updated_at > now() - interval '30 days') g
   where e.status <> 'removed' and ((e.owner_id = evergreen.user_id() and e.owner_role = evergreen.role_name()) or evergreen.role_name() in ('ops_role', 'audit_role')));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_webhooks() is 'Webhooks of the caller, for operations and audit everybody''s: address, types, status, since when it is stopped, what waits, what could not be delivered and what of it was given up in the last 30 days. Never a secret.';

create or replace function public.fn_list_webhook_deliveries(endpoint_id uuid, most int default 50) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role', 'audit_role');
  perform evergreen.refuse_unless(most between 1 and 500, 'EG400', 'most is 1 to 500.');
  perform evergreen.refuse_unless(exists (select from public.webhook_endpoints e where e.endpoint_id = fn_list_webhook_deliveries.endpoint_id
     and ((e.owner_id = evergreen.user_id() and e.owner_role = evergreen.role_name()) or evergreen.role_name() in ('ops_role', 'audit_role'))), 'EG404', 'No webhook of yours with that id.');
  return (select coalesce(jsonb_agg(jsonb_build_object('delivery_id', d.delivery_id, 'event_id', d.event_id, 'type', v.type, 'status', d.status, 'attempts', d.attempts, 'next_at', d.next_at,
      'last_status', d.last_status, 'last_reason', d.last_reason, 'delivered_at', d.delivered_at, 'created_at', d.created_at, 'tries', d.tries) order by d.created_at desc, d.delivery_id), '[]')
    from (select * from public.webhook_deliveries x where x.endpoint_id = fn_list_webhook_deliveries.endpoint_id order by x.created_at desc, x.delivery_id limit most) d
    join public.fund_events v using (event_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_webhook_deliveries(uuid, int) is 'The newest deliveries of a webhook of the caller (operations and audit: anybody''s): type, attempts, what the receiver answered last, and each attempt with its time, status, code and milliseconds. EG400, EG404.';

create or replace function public.fn_read_webhook_key() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  key jsonb;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'lp_role');
  select p.value into key from public.platform_settings p where p.key = 'webhook_key';
  perform evergreen.refuse_unless(key is not null, 'EG428', 'No worker has told its key yet; start one and try again.');
  return key;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_webhook_key() is 'The public key (X25519) for which secrets of webhooks are sealed: {key_id, public_key}. Only workers open what is sealed. EG428 while no worker has told one.';
