-- The workshop behind every fn_*: who calls, what was asked before, what goes into the audit trail, what an error may say.
-- Nothing here is exposed by the API. Every function is security definer or harmless, with a search_path that ends in pg_temp
-- (with an empty one pg_temp is looked up first for the names of types: a caller's domain named uuid would run its check as the owner).

-- Two views, so that policies and functions say who asks in one place, and a policy becomes one plan with the query: a function in its stead
-- is run by an executor of its own at every read. They read as their owner, whatever rights and policies the asking role has.
create or replace view evergreen.caller as
  -- A subject that is not one of our ids counts as none: 36 characters, four hyphens in their places, all others hexadecimal
  -- (two tests, since a pattern that counts is dearer than the whole lookup).
  select case when c.sub like '________-____-____-____-____________'
               and c.sub ~* '^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$' then c.sub::uuid end as user_id
    -- after a transaction that set it the setting is '' and not null: hence nullif; offset 0 has the claims parsed once and not three times
    from (select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' as sub offset 0) c;
comment on view evergreen.caller is 'One row: the signed-in person by the claims of this transaction, or null.';

create or replace view evergreen.my_investors with (security_barrier) as
  select a.investor_id from public.investor_access a
   where a.user_id = (select c.user_id from evergreen.caller c) and (a.valid_until is null or a.valid_until > now());
comment on view evergreen.my_investors is 'Investors the signed-in person may look at today. Reads as its owner.';
alter view evergreen.caller owner to evergreen_owner;
alter view evergreen.my_investors owner to evergreen_owner;
revoke all on evergreen.caller, evergreen.my_investors from public, anon, authenticated, service_role;

create or replace function evergreen.user_id() returns uuid language sql stable set search_path = pg_catalog, pg_temp as $$
  select c.user_id from evergreen.caller c
$$;
comment on function evergreen.user_id() is 'The signed-in person, or null.';

create or replace function evergreen.role_name() returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  -- inside a definer function current_user is the owner; the setting still names the caller's role
  select coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
$$;
comment on function evergreen.role_name() is 'The database role of the caller, also inside a security definer function.';

create or replace function evergreen.actor() returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  caller text := evergreen.role_name();
begin
  if caller like 'agent\_%' then
    return 'agent:' || replace(substr(caller, 7), '_', '-');
  elsif caller in ('pm_role', 'lp_role', 'ops_role', 'audit_role') then
    if evergreen.user_id() is null then
      perform evergreen.fail('EG401', 'Sign in first: the call carries no user.');
    end if;
    return 'user:' || evergreen.user_id();
  end if;
  return replace(caller, '_role', '');
end $$;
comment on function evergreen.actor() is 'Who is written into audit_trail.created_by: user:<uuid>, agent:<room> or service.';

create or replace function evergreen.fail(code text, message text) returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = code, message = message;
end $$;
comment on function evergreen.fail(text, text) is 'Raises a coded error of packages/domain/src/errors.ts.';

create or replace function evergreen.refuse_unless(condition boolean, code text, message text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if condition is not true then
    raise exception using errcode = code, message = message;
  end if;
end $$;
comment on function evergreen.refuse_unless(boolean, text, text) is 'Raises the coded error unless the condition is true (null counts as false).';

create or replace function evergreen.require_role(variadic allowed text[]) returns void language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  -- the second lock behind the grants
  if evergreen.role_name() <> all (allowed) then
    raise exception using errcode = 'EG403', message = 'Your role may not do this.';
  end if;
end $$;
comment on function evergreen.require_role(text[]) is 'Refuses a caller whose role is not named.';

create or replace function evergreen.raise_public(state text, message text, constraint_name text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  -- a definer function's DETAIL would show other tenants' rows: only a code and a sentence leave
  if state like 'EG%' then
    raise exception using errcode = state, message = message;
  elsif constraint_name = 'commands_pkey' then
    -- the same request id committed after this caller's snapshot was taken (repeatable read): asked again, it gets that answer
    raise exception using errcode = 'EG503', message = 'The same request is being answered; try again with the same request id.';
  elsif constraint_name in ('holdings_units', 'lots_units') then
    raise exception using errcode = 'EG424', message = 'A holding would fall below zero.';
  elsif constraint_name in ('liquidity_ladder_capacity', 'liquidity_ladder_within') then
    raise exception using errcode = 'EG424', message = 'A bucket would fall below what is reserved of it.';
  elsif state like '23%' then
    raise exception using errcode = 'EG400', message = 'The input breaks the rule ' || coalesce(nullif(constraint_name, ''), 'of a column') || '.';
  elsif state like '22%' or state = '21000' then
    raise exception using errcode = 'EG400', message = 'An argument is malformed or out of range.';
  elsif state like '54%' then
    raise exception using errcode = 'EG413', message = 'A text in the input is larger than what can be kept or found again.';
  elsif state in ('40001', '40P01', '55P03') or state like '53%' or state like '57%' then
    raise exception using errcode = 'EG503', message = 'The database is busy; try again with the same request id.';
  end if;
  raise exception using errcode = 'EG500', message = 'Unforeseen failure (' || state || '); nothing was changed.';
end $$;
comment on function evergreen.raise_public(text, text, text) is 'Maps any error to the public list without DETAIL, HINT or rows.';

create or replace function evergreen.harmless_text(fn text, input jsonb) returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  words text := input::text;
begin
  -- no terminal, page or file that shows a text may be steered by it: control characters but tab and line end, marks that turn the direction of writing, tags
  -- that nobody sees. A file's own lines are kept as they came; whoever shows them makes them harmless.
  if fn not in ('fn_import_orders', 'fn_import_bank_statement', 'fn_publish_watchlist') and (
      words ~ '[\u007f-\u009f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]'
      -- jsonb writes the others as escapes; what is left of a backslash that was meant is gone first
      or (position('\' in words) > 0 and replace(words, '\\', '') ~ '\\(b|f|u00[01])')) then
    raise exception using errcode = 'EG400', message = 'A text holds control characters or marks that turn the direction of writing; leave them out.';
  end if;
  if octet_length(words) > 1048576 and fn !~ '^fn_(record_stress|put_document|load_)'
      and exists (select from jsonb_path_query(input, '$.** ? (@.type() == "string")') part where octet_length(part #>> '{}') > 1048576) then
    raise exception using errcode = 'EG413', message = 'A text in the input is larger than 1 MB.';
  end if;
  return true;
end $$;
comment on function evergreen.harmless_text(text, jsonb) is 'Refuses input with a text that could steer what shows it (EG400), or one beyond 1 MB (EG413; bodies of stress runs and documents have limits of their own).';

create or replace function evergreen.vault_secrets(variadic wanted text[]) returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.refuse_unless(to_regclass('vault.decrypted_secrets') is not null, 'EG428', 'This database has no Supabase Vault; keep the keys in a file or in Infisical.');
  -- looked up when it is run: the view is there only where the extension is
  select jsonb_object_agg(s.name, s.decrypted_secret) into answer from vault.decrypted_secrets s where s.name = any (wanted) and s.decrypted_secret is not null;
  perform evergreen.refuse_unless(answer ?& wanted, 'EG404', format('The Vault has no %s.', array_to_string(wanted, ' or ')));
  return answer;
end $$;
comment on function evergreen.vault_secrets(text[]) is 'Secrets of Supabase Vault by name, for the functions that hand them to one role each. EG404 one is missing, EG428 no Vault.';

create or replace function evergreen.content_digest(content jsonb) returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.harmless_text('', content);
  return encode(sha256(convert_to(content::text, 'UTF8')), 'hex');
end $$;
comment on function evergreen.content_digest(jsonb) is 'What the input of a request says of a large part of it: its sha256, after the same look at its texts as the rest gets. EG400, EG413.';

create or replace function evergreen.earlier_answer(fn text, request_id text, input jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  earlier record;
begin
  perform evergreen.harmless_text(fn, input);
  if request_id is null then
    return null;
  end if;
  perform evergreen.refuse_unless(length(request_id) between 1 and 200, 'EG400', 'request_id has 1 to 200 characters.');
  -- two calls with one id: the second waits here for the first to commit
  perform pg_advisory_xact_lock(hashtextextended(evergreen.actor() || '/' || request_id, 0));
  select c.fn, c.input_hash, c.result into earlier
    from public.commands c where c.principal = evergreen.actor() and c.request_id = earlier_answer.request_id;
  if not found then
    return null;
  end if;
  -- A step of a run may be taken again after a crash, when its own effect has already moved the facts it reads: what it decided first stands.
  perform evergreen.refuse_unless(
    earlier.fn = earlier_answer.fn and (earlier.input_hash = sha256(convert_to(input::text, 'UTF8'))
      or (evergreen.actor() like 'agent:%' and request_id ~ '^(event|deal|restate|stress|feed)/')),
    'EG409', 'This request id was used before with other input.');
  return earlier.result;
end $$;
comment on function evergreen.earlier_answer(text, text, jsonb) is 'The answer given to this request id before, or null; the same id with other input is refused, save for a step of a run (event/…, deal/…, restate/…, stress/…, feed/…), whose first answer stands.';

create or replace function evergreen.keep_answer(fn text, request_id text, input jsonb, result jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if request_id is not null then
    insert into public.commands (principal, request_id, fn, input_hash, result)
    values (evergreen.actor(), request_id, fn, sha256(convert_to(input::text, 'UTF8')), result);
  end if;
end $$;
comment on function evergreen.keep_answer(text, text, jsonb, jsonb) is 'Keeps the first answer to a request id, in the transaction of its effect.';

create or replace function evergreen.within_request(request_id text) returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(request_id, nullif(current_setting('evergreen.request_id', true), ''))
$$;
comment on function evergreen.within_request(text) is 'The request a record belongs to: its own, or that of the function which calls others row by row and said so for its transaction.';

create or replace function evergreen.audit(fund_id uuid, entity_type text, entity_id text, message text, request_id text)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  audit_id uuid := gen_random_uuid();
  made_at timestamptz := now();
  who text := evergreen.actor();
  asked text := evergreen.within_request(request_id);
  bytes bytea := convert_to(jsonb_build_object(
    'audit_id', audit_id, 'fund_id', fund_id, 'entity_type', entity_type, 'entity_id', entity_id, 'message', message,
    'created_by', who, 'created_at', to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'request_id', asked)::text, 'UTF8');
begin
  insert into public.audit_trail (audit_id, fund_id, entity_type, entity_id, message, created_by, request_id, canonical, digest, created_at)
  values (audit_id, fund_id, entity_type, entity_id, message, who, asked, bytes, sha256(bytes), made_at);
end $$;
comment on function evergreen.audit(uuid, text, text, text, text) is
  'One audit row with the exact bytes its digest covers. Messages hold codes, ids and counts; no personal data, no amount of an investor.';

create or replace function evergreen.emit(
  type text, fund_id uuid, payload jsonb, source text, event_meta jsonb default '{}', investor_ids uuid[] default '{}', request_id text default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  handling record;
  position bigint;
begin
  select t.mode, t.playbook, t.required_keys into handling from public.event_types t where t.type = emit.type;
  if not found then
    perform evergreen.fail('EG400', 'Unknown event type. To be recorded: ' || (select string_agg(t.type, ', ' order by t.type) from public.event_types t where t.recorded_by <> '{}') || '.');
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(payload) = 'object', 'EG400', 'payload is a JSON object.');
  perform evergreen.refuse_unless(octet_length(payload::text) <= 65536, 'EG413', 'payload is larger than 64 KB; record a reference instead.');
  perform evergreen.refuse_unless(payload ?& handling.required_keys, 'EG400',
    'payload of ' || type || ' needs ' || array_to_string(handling.required_keys, ', ') || '.');
  -- ids of our own rows: one that is no uuid would only fail later, in whoever reads it, together with everything read beside it
  perform evergreen.refuse_unless(
    not handling.required_keys && array['flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'inflow_id', 'offer_id', 'notice_id', 'stress_run_id', 'credit_line_id', 'pool_id', 'trade_id', 'incident_id']
    or not exists (select from unnest(handling.required_keys) k
      where k in ('flow_id', 'pending_id', 'asset_id', 'investor_id', 'proposal_id', 'alert_id', 'dealing_day_id', 'strike_id', 'ledger_tx_id', 'policy_id', 'activation_id', 'import_id', 'payment_file_id', 'stress_run_id', 'credit_line_id', 'pool_id', 'trade_id', 'incident_id')
        and coalesce(payload ->> k, '') !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
    'EG400', 'An id in the payload of ' || type || ' is not a uuid.');
  insert into public.fund_events (event_id, type, fund_id, payload, source, event_meta, created_by, request_id)
  values (id, type, fund_id, payload, source,
    -- the trace id of the run follows from the workflow id, so that every process derives the same one
    event_meta || jsonb_build_object('trace_id', left(encode(sha256(convert_to('event/' || id, 'UTF8')), 'hex'), 32)),
    evergreen.actor(), evergreen.within_request(request_id))
  returning seq into position;
  if cardinality(investor_ids) > 0 then
    insert into public.event_investors (event_id, investor_id) select distinct id, unnest(investor_ids);
  end if;
  -- a past that is made for a demo is dealt by who makes it: nothing of it is handed to a run, but for what only warns
  if handling.mode <> 'note' and (coalesce(current_setting('evergreen.demo_clock', true), '') = '' or evergreen.demo_clock() is null
      or (handling.mode = 'run' and handling.playbook = 'warn-of-risk')) then
    insert into public.event_outbox (seq, event_id, type, mode, fund_id) values (position, id, type, handling.mode, fund_id);
    -- a notify per row takes a global lock through commit; who gets this lock rings for all, and the dispatcher's poll guarantees
    if pg_try_advisory_xact_lock(7236511) then
      perform pg_notify('evergreen_events', '');
    end if;
  end if;
  return id;
end $$;
comment on function evergreen.emit(text, uuid, jsonb, text, jsonb, uuid[], text) is
  'Inserts an event and, unless its type is only noted, its outbox row. Used by every fn_* that causes an event.';

create or replace function evergreen.my_investor_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.investor_id from evergreen.my_investors m
$$;
comment on function evergreen.my_investor_ids() is 'Investors the signed-in person may look at today, for functions; policies read the view.';

create or replace function evergreen.my_event_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select e.event_id from public.event_investors e where e.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
$$;
comment on function evergreen.my_event_ids() is 'Events that reference an investor of the signed-in person.';

create or replace function evergreen.my_fund_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct f.fund_id from public.fund_flows f where f.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
  union
  select (select c.fund_id from public.share_classes c where c.share_class_id = h.share_class_id) from public.holdings h
   where h.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
$$;
comment on function evergreen.my_fund_ids() is 'Funds in which an investor of the signed-in person has placed an order or holds units.';

create or replace function evergreen.my_class_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct f.share_class_id from public.fund_flows f
   where f.investor_id = any (array(select m.investor_id from evergreen.my_investors m)) and f.share_class_id is not null
  union
  select h.share_class_id from public.holdings h where h.investor_id = any (array(select m.investor_id from evergreen.my_investors m))
$$;
comment on function evergreen.my_class_ids() is 'Classes in which an investor of the signed-in person has ordered or holds.';

create or replace function evergreen.visible_asset_ids() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.id from public.assets a where a.lp_visible and a.fund_id = any (array(select evergreen.my_fund_ids()))
$$;
comment on function evergreen.visible_asset_ids() is 'Assets that investors may see, of the funds of the signed-in person.';

create or replace function evergreen.touch() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    new.created_at := old.created_at;
  end if;
  new.updated_at := clock_timestamp();
  return new;
end $$;
comment on function evergreen.touch() is 'Sets updated_at and keeps created_at.';

create or replace function evergreen.touch_tx() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    new.created_at := old.created_at;
  end if;
  new.updated_at := clock_timestamp();
  new.tx := pg_current_xact_id();
  return new;
end $$;
comment on function evergreen.touch_tx() is 'As touch(), and stamps the transaction: a delta reader takes (tx, id) below pg_snapshot_xmin.';

create or replace function evergreen.forbid() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = 'EG428', message = tg_table_name || ' is append-only.';
end $$;
comment on function evergreen.forbid() is 'Refuses update and delete on append-only tables, whoever tries.';
