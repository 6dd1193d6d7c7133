-- Retention: what may leave the database, who forbids it, and how it leaves. Rows are retired when their archive was read back and compared, never before.

create or replace function evergreen.utc_text(at timestamptz) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
comment on function evergreen.utc_text(timestamptz) is 'An instant as archives write it: UTC, microseconds.';

create or replace function evergreen.held(of_fund uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.legal_holds h where h.fund_id = of_fund and h.lifted_at is null and (h.until is null or h.until > now()))
$$;
comment on function evergreen.held(uuid) is 'Whether a legal hold stands on the fund now.';

create or replace function evergreen.archivable_events(of_fund uuid, of_month date) returns table (event_id uuid, place text, canonical text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- what a dispatcher, a batch or a run still holds stays whole until it is done
  select e.event_id, lpad(e.seq::text, 20, '0'), jsonb_build_object(
      'event_id', e.event_id, 'seq', e.seq, 'type', e.type, 'fund_id', e.fund_id, 'payload', e.payload, 'source', e.source, 'event_meta', e.event_meta,
      'schema_version', e.schema_version, 'created_by', e.created_by, 'request_id', e.request_id,
      'investor_ids', (select coalesce(jsonb_agg(i.investor_id order by i.investor_id), '[]') from public.event_investors i where i.event_id = e.event_id),
      'effective_at', evergreen.utc_text(e.effective_at), 'recorded_at', evergreen.utc_text(e.recorded_at), 'tx', e.tx::text)::text
    from public.fund_events e
   where (e.fund_id = of_fund or (of_fund is null and e.fund_id is null)) and e.archive_id is null
     and e.recorded_at >= of_month::timestamp at time zone 'UTC' and e.recorded_at < (of_month + interval '1 month') at time zone 'UTC'
     and not exists (select from public.event_outbox o where o.event_id = e.event_id)
     and not exists (select from public.workflow_runs r where r.event_id = e.event_id and r.ended_at is null)
     and e.event_id <> all (array(select x.id from public.event_batches b cross join unnest(b.event_ids) x (id) where b.done_at is null))
$$;
comment on function evergreen.archivable_events(uuid, date) is 'Events of a fund (null: of none) and month (UTC, by recorded_at) whose content is still here and that nobody works on, as an archive has them.';

create or replace function evergreen.archivable_snapshots(of_fund uuid, of_month date) returns table (snapshot_id uuid, place text, canonical text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- the newest mark of an asset stays however old it is: it is what the asset is worth today
  select s.snapshot_id, s.as_of || '/' || s.snapshot_id, jsonb_build_object(
      'snapshot_id', s.snapshot_id, 'asset_id', s.asset_id, 'fund_id', s.fund_id, 'as_of', s.as_of, 'nav', s.nav::text, 'leverage', s.leverage::text,
      'esg_score', s.esg_score::text, 'scenario_id', s.scenario_id, 'method', s.method, 'source', s.source,
      'effective_at', evergreen.utc_text(s.effective_at), 'recorded_at', evergreen.utc_text(s.recorded_at), 'tx', s.tx::text)::text
    from public.asset_snapshots s
   where s.fund_id = of_fund and s.as_of >= of_month and s.as_of < (of_month + interval '1 month')::date
     and (s.scenario_id <> '' or exists (select from public.asset_snapshots n where n.asset_id = s.asset_id and n.scenario_id = ''
       and (n.as_of, n.recorded_at, n.snapshot_id) > (s.as_of, s.recorded_at, s.snapshot_id)))
$$;
comment on function evergreen.archivable_snapshots(uuid, date) is 'Daily rows of a fund and month that may be summed up, as an archive has them; never the newest mark of an asset.';

create or replace function evergreen.archivable(what text, of_fund uuid, of_month date) returns table (id uuid, place text, canonical text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select * from evergreen.archivable_events(of_fund, of_month) where what = 'fund_events'
  union all
  select * from evergreen.archivable_snapshots(of_fund, of_month) where what = 'asset_snapshots'
$$;
comment on function evergreen.archivable(text, uuid, date) is 'Rows of either kind as an archive has them: their id, their place in it, and the exact text.';

create or replace function public.fn_plan_retention()
returns table (what text, keep_months int, afterwards text, fund_id uuid, month date, rows bigint, held boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'service_role', 'agent_simulation');
  return query
    with terms as (
      -- whole months only: nothing is younger than its term
      select p.what, p.keep_months, p.afterwards, date_trunc('month', (now() at time zone 'UTC') - make_interval(months => p.keep_months))::date as before
        from public.retention_policies p where p.keep_months is not null
    ), due as (
      select 'fund_events'::text as kind, e.fund_id, date_trunc('month', e.recorded_at at time zone 'UTC')::date as month
        from public.fund_events e, terms t
       where t.what = 'fund_events' and e.archive_id is null and e.recorded_at < t.before::timestamp at time zone 'UTC' group by 2, 3
      union all
      select 'asset_snapshots', s.fund_id, date_trunc('month', s.as_of)::date from public.asset_snapshots s, terms t
       where t.what = 'asset_snapshots' and s.as_of < t.before group by 2, 3
    ), counted as (
      select d.kind, d.fund_id, d.month, (select count(*) from evergreen.archivable(d.kind, d.fund_id, d.month)) as rows from due d
    )
    select t.what, t.keep_months, t.afterwards, c.fund_id, c.month, c.rows, evergreen.held(c.fund_id)
      from counted c join terms t on t.what = c.kind where c.rows > 0 order by t.what, c.month, c.fund_id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_plan_retention() is
  'What is older than its term, by kind, fund and month: rows that may be retired, and whether a legal hold forbids it. Whole months (UTC) only. EG403.';

create or replace function public.fn_read_archivable(what text, fund_id uuid, month date) returns table (place text, canonical text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('service_role', 'agent_simulation');
  perform evergreen.refuse_unless(what in ('fund_events', 'asset_snapshots') and month is not null and extract(day from month) = 1, 'EG400',
    'what is fund_events or asset_snapshots, month the first day of one.');
  return query select a.place, a.canonical from evergreen.archivable(what, fund_id, month) a order by a.place collate "C";
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_archivable(text, uuid, date) is
  'The rows of a kind, fund (null: events of none) and month as the archive has them, in the order of the digest. EG400, EG403.';

-- What both kinds have in common: all that is checked before anything is retired, and the record of it.
create or replace function evergreen.open_archive(kind text, of_fund uuid, of_month date, told_rows bigint, told_digest text, archive jsonb) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  term int;
  found_rows bigint;
  found_digest text;
  id uuid;
begin
  perform evergreen.refuse_unless(of_month is not null and isfinite(of_month) and extract(day from of_month) = 1 and told_rows > 0 and told_digest ~ '^[0-9a-f]{64}$', 'EG400',
    'month is the first day of one, rows is positive and digest 64 hexadecimal digits.');
  perform evergreen.refuse_unless(jsonb_typeof(archive) = 'object' and length(archive ->> 'file') between 1 and 300 and archive ->> 'sha256' ~ '^[0-9a-f]{64}$'
    and archive ->> 'bytes' ~ '^[1-9][0-9]{0,17}$' and archive ->> 'stored' in ('home', 'store'), 'EG400', 'archive has file, sha256, bytes and stored (home or store).');
  if of_fund is not null then
    -- a hold that is being placed waits for this, or this for it
    perform 1 from public.funds f where f.fund_id = of_fund for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that id.');
  end if;
  perform evergreen.refuse_unless(not evergreen.held(of_fund), 'EG428', 'A legal hold stands on the fund; nothing of it is retired.');
  select p.keep_months into term from public.retention_policies p where p.what = kind;
  perform evergreen.refuse_unless(of_month + interval '1 month' <= date_trunc('month', (now() at time zone 'UTC') - make_interval(months => term)), 'EG428',
    'The rows are younger than the term of their kind.');
  select count(*), encode(sha256(convert_to(coalesce(string_agg(encode(sha256(convert_to(a.canonical, 'UTF8')), 'hex'), '' order by a.place collate "C"), ''), 'UTF8')), 'hex')
    into found_rows, found_digest from evergreen.archivable(kind, of_fund, of_month) a;
  perform evergreen.refuse_unless(found_rows = told_rows and found_digest = told_digest, 'EG425', 'The archive is not what the database has; nothing was retired. Archive it again.');
  -- a uuid of version 8, the one whose content is its maker's
  id := overlay(overlay(left(told_digest, 32) placing '8' from 13) placing '8' from 17)::uuid;
  insert into public.retention_archives (archive_id, what, fund_id, month, rows, digest, file, sha256, bytes, stored, retired_by)
  values (id, kind, of_fund, of_month, told_rows, told_digest, archive ->> 'file', archive ->> 'sha256', (archive ->> 'bytes')::bigint, archive ->> 'stored', evergreen.actor());
  return id;
end $$;
comment on function evergreen.open_archive(text, uuid, date, bigint, text, jsonb) is
  'Compares what an archive is said to hold with the rows themselves, refuses on any difference, hold or youth, and records the archive. EG400, EG404, EG425, EG428.';

create or replace function evergreen.close_archive(kind text, of_fund uuid, id uuid, told_rows bigint, told_digest text, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tombstone uuid;
begin
  tombstone := evergreen.emit('ROWS_RETIRED', of_fund, jsonb_build_object('archive_id', id, 'what', kind, 'rows', told_rows, 'digest', told_digest),
    evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'retention_archives', id::text, kind || ' retired: ' || told_rows || ' rows, digest ' || told_digest, request_id);
  return jsonb_build_object('archive_id', id, 'event_id', tombstone, 'rows', told_rows);
end $$;
comment on function evergreen.close_archive(text, uuid, uuid, bigint, text, text) is 'The tombstone event and the audit entry of an archive; its answer.';

create or replace function public.fn_retire_events(fund_id uuid, month date, rows bigint, digest text, archive jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
  gone bigint;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('fund_id', fund_id, 'month', month, 'rows', rows, 'digest', digest, 'archive', archive);
  answer := evergreen.earlier_answer('fn_retire_events', request_id, input);
  if answer is not null then
    return answer;
  end if;
  id := evergreen.open_archive('fund_events', fund_id, month, rows, digest, archive);
  with leaving as materialized (
    select a.id as event_id, a.canonical from evergreen.archivable('fund_events', fn_retire_events.fund_id, fn_retire_events.month) a
  )
  update public.fund_events e
     set payload = coalesce((select jsonb_object_agg(k, e.payload -> k) from unnest(t.required_keys) k where e.payload ? k), '{}'),
         archive_id = id, content_digest = sha256(convert_to(l.canonical, 'UTF8')), origin_tx = e.tx
    from leaving l, public.event_types t where e.event_id = l.event_id and t.type = e.type;
  get diagnostics gone = row_count;
  perform evergreen.refuse_unless(gone = rows, 'EG425', 'The archive is not what the database has; nothing was retired. Archive it again.');
  answer := evergreen.close_archive('fund_events', fund_id, id, rows, digest, request_id);
  perform evergreen.keep_answer('fn_retire_events', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retire_events(uuid, date, bigint, text, jsonb, text) is
  'The content of the events of a fund and month leaves the table when its archive has the same rows (count, sha256 over their digests); what names them stays. EG400, EG403, EG404, EG409, EG425 differs, EG428 held or too young.';

create or replace function public.fn_retire_snapshots(fund_id uuid, month date, rows bigint, digest text, archive jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
  gone bigint;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('fund_id', fund_id, 'month', month, 'rows', rows, 'digest', digest, 'archive', archive);
  answer := evergreen.earlier_answer('fn_retire_snapshots', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(fund_id is not null, 'EG400', 'fund_id is needed.');
  id := evergreen.open_archive('asset_snapshots', fund_id, month, rows, digest, archive);
  delete from public.asset_snapshots s
   using (select a.id from evergreen.archivable('asset_snapshots', fn_retire_snapshots.fund_id, fn_retire_snapshots.month) a) l where s.snapshot_id = l.id;
  get diagnostics gone = row_count;
  perform evergreen.refuse_unless(gone = rows, 'EG425', 'The archive is not what the database has; nothing was retired. Archive it again.');
  answer := evergreen.close_archive('asset_snapshots', fund_id, id, rows, digest, request_id);
  perform evergreen.keep_answer('fn_retire_snapshots', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retire_snapshots(uuid, date, bigint, text, jsonb, text) is
  'Daily valuations of a fund and month leave the table when their archive has the same rows; DuckDB keeps their months. Never the newest mark of an asset. EG400, EG403, EG404, EG409, EG425, EG428.';

create or replace function public.fn_place_legal_hold(fund_id uuid, reason text, until timestamptz default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund_id', fund_id, 'reason', reason, 'until', until);
  answer := evergreen.earlier_answer('fn_place_legal_hold', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform evergreen.refuse_unless(until is null or (isfinite(until) and until > now()), 'EG400', 'until is a time to come, or absent.');
  perform 1 from public.funds f where f.fund_id = fn_place_legal_hold.fund_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that id.');
  insert into public.legal_holds (fund_id, reason, placed_by, until) values (fund_id, reason, evergreen.actor(), until) returning hold_id into id;
  perform evergreen.emit('LEGAL_HOLD_PLACED', fund_id, jsonb_build_object('hold_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(fund_id, 'legal_holds', id::text, 'legal hold placed', request_id);
  answer := jsonb_build_object('hold_id', id);
  perform evergreen.keep_answer('fn_place_legal_hold', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_place_legal_hold(uuid, text, timestamptz, text) is 'Nothing of the fund is retired until the hold is lifted or ends. EG400, EG403, EG404, EG409.';

create or replace function public.fn_lift_legal_hold(hold_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  h public.legal_holds;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('hold_id', hold_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_lift_legal_hold', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into h from public.legal_holds x where x.hold_id = fn_lift_legal_hold.hold_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No legal hold with that id.');
  perform evergreen.refuse_unless(h.lifted_at is null, 'EG428', 'The legal hold was lifted already.');
  perform evergreen.refuse_unless(h.placed_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever placed a legal hold cannot lift it.');
  update public.legal_holds x set lifted_by = evergreen.actor(), lifted_at = now(), lift_reason = fn_lift_legal_hold.reason where x.hold_id = h.hold_id;
  perform evergreen.emit('LEGAL_HOLD_LIFTED', h.fund_id, jsonb_build_object('hold_id', h.hold_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(h.fund_id, 'legal_holds', h.hold_id::text, 'legal hold lifted', request_id);
  answer := jsonb_build_object('hold_id', h.hold_id);
  perform evergreen.keep_answer('fn_lift_legal_hold', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_lift_legal_hold(uuid, text, text) is 'Lifts a legal hold; never by the person who placed it. EG400, EG403, EG404, EG409, EG420, EG428.';

-- As its caller, so that the policies of fund_events decide who reads what: an archived event is the same row under the same rule.
create or replace function public.fn_read_events(fund_id uuid, since timestamptz default null, until timestamptz default null, after bigint default 0, max_events int default 200)
returns table (seq bigint, event_id uuid, type text, fund uuid, payload jsonb, source text, event_meta jsonb, created_by text, recorded_at timestamptz,
  archive_id uuid, content_digest text)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select e.seq, e.event_id, e.type, e.fund_id, e.payload, e.source, e.event_meta, e.created_by, e.recorded_at, e.archive_id, encode(e.content_digest, 'hex')
    from public.fund_events e
   where e.fund_id = fn_read_events.fund_id and e.seq > coalesce(fn_read_events.after, 0)
     and (since is null or e.recorded_at >= since) and (fn_read_events.until is null or e.recorded_at < fn_read_events.until)
   order by e.seq limit least(greatest(coalesce(max_events, 200), 1), 1000)
$$;
comment on function public.fn_read_events(uuid, timestamptz, timestamptz, bigint, int) is
  'Events of a fund in their order, live and archived, as far as the caller may read them: since (from) to until (before), after a seq, at most 1,000. With archive_id the payload holds the required keys; the gateway puts the archived content in its place.';
