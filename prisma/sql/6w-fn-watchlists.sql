-- Lists that parties are screened against: versions that are published, held or refused, and entries whose change from one version to the next is rows.

create or replace function evergreen.watchlist_trouble() returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(
    (select case when v.version_id is null then format('The list %s has no version yet; nobody is cleared.', w.source)
                 else format('The list %s was last confirmed %s hours ago, more than the %s it may be old; nobody is cleared.', w.source,
                        floor(extract(epoch from evergreen.clock() - v.fetched_at) / 3600), w.max_age_hours) end
       from public.watchlists w left join public.watchlist_versions v on v.list_id = w.list_id and v.status = 'current'
      where w.active and (v.version_id is null or v.fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours))
      order by w.source limit 1),
    case when not exists (select from public.watchlists w where w.active) then 'No list is active; nobody is cleared.' end)
$$;
comment on function evergreen.watchlist_trouble() is 'Why nobody may be cleared on the lists as they are, in one sentence, or null.';

create or replace function evergreen.watchlist_answer(v public.watchlist_versions, status text) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('version_id', v.version_id, 'status', status, 'reason', v.reason, 'ordinal', v.ordinal, 'rows', v.rows, 'added', v.added, 'changed', v.changed, 'removed', v.removed)
$$;
comment on function evergreen.watchlist_answer(public.watchlist_versions, text) is 'What publishing a version answers.';

create or replace function evergreen.install_watchlist(v public.watchlist_versions, entries jsonb, request_id text) returns public.watchlist_versions
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  next_ordinal int := coalesce((select max(x.ordinal) from public.watchlist_versions x where x.list_id = v.list_id), 0) + 1;
  gone int;
  fresh int;
  altered int;
begin
  -- the planner takes a list in json for a hundred rows, and would go through it once per entry
  perform set_config('enable_nestloop', 'off', true);
  update public.watchlist_entries e set removed_in = next_ordinal
   where e.list_id = v.list_id and e.removed_in is null
     and not exists (select from jsonb_to_recordset(entries) as g (id text, hash text) where g.id = e.external_id and g.hash = e.entry_hash);
  get diagnostics gone = row_count;
  insert into public.watchlist_entries (list_id, external_id, entry_hash, body, added_in)
  select v.list_id, g.id, g.hash, g.body, next_ordinal from jsonb_to_recordset(entries) as g (id text, hash text, body jsonb)
   where not exists (select from public.watchlist_entries e where e.list_id = v.list_id and e.removed_in is null and e.external_id = g.id);
  get diagnostics fresh = row_count;
  select count(*) into altered from public.watchlist_entries n join public.watchlist_entries o
      on o.list_id = n.list_id and o.external_id = n.external_id and o.removed_in = next_ordinal
   where n.list_id = v.list_id and n.added_in = next_ordinal;
  perform set_config('enable_nestloop', 'on', true);
  update public.watchlist_versions x set status = 'superseded' where x.list_id = v.list_id and x.status = 'current';
  -- what still waits for people was compared with a list that is no longer the current one
  update public.watchlist_versions x set status = 'refused' where x.list_id = v.list_id and x.status = 'held' and x.version_id <> v.version_id;
  delete from public.watchlist_held h using public.watchlist_versions x where x.version_id = h.version_id and x.list_id = v.list_id;
  update public.watchlist_versions x
     set status = 'current', ordinal = next_ordinal, added = fresh - altered, changed = altered, removed = gone - altered
   where x.version_id = v.version_id returning x.* into v;
  perform evergreen.announce_watchlist(v, request_id);
  return v;
end $$;
comment on function evergreen.install_watchlist(public.watchlist_versions, jsonb, text) is
  'Makes a version the current one of its list: entries that are gone end with it, new and changed ones begin with it. The caller holds the lock of the list.';

create or replace function evergreen.announce_watchlist(v public.watchlist_versions, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.emit('LIST_PUBLISHED', null, jsonb_build_object('list_id', v.list_id, 'version_id', v.version_id, 'rows', v.rows, 'added', v.added, 'changed', v.changed, 'removed', v.removed),
    evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('list published: version %s, sha256 %s, %s rows, %s added, %s changed, %s removed',
    v.ordinal, v.sha256, v.rows, v.added, v.changed, v.removed), request_id);
end $$;
comment on function evergreen.announce_watchlist(public.watchlist_versions, text) is 'The event and the audit entry of a list that may be used from now on.';

create or replace function public.fn_set_watchlist(source text, title text, format text, address text default null, active boolean default true, max_age_hours int default 24, shrink_limit numeric default 0.05,
  request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('source', source, 'title', title, 'format', format, 'address', address, 'active', active, 'max_age_hours', max_age_hours, 'shrink_limit', shrink_limit::text);
  answer := evergreen.earlier_answer('fn_set_watchlist', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(source ~ '^[a-z][a-z0-9-]{1,39}$' and length(title) between 1 and 200 and format in ('ofac-csv', 'eu-xml', 'un-xml', 'uk-csv', 'uk-xml', 'own-csv', 'opensanctions-csv', 'ftm-json', 'yente'), 'EG400',
    'source is a word of a-z, 0-9 and -, title has 1 to 200 characters, format is one of ofac-csv, eu-xml, un-xml, uk-csv, uk-xml, own-csv, opensanctions-csv, ftm-json, yente.');
  perform evergreen.refuse_unless(address is null or (length(address) between 1 and 1000 and address !~ '[[:cntrl:]]'), 'EG400', 'address is a URL or a path of at most 1,000 characters, or absent.');
  perform evergreen.refuse_unless(active is not null and max_age_hours between 1 and 168 and shrink_limit between 0 and 0.2, 'EG400',
    'A list may be 1 to 168 hours old and shrink by 0 to 0.2 of its rows.');
  -- one after the other: a list that is set while another is published waits for it
  perform pg_advisory_xact_lock(hashtextextended('evergreen.watchlists', 0));
  select * into w from public.watchlists x where x.source = fn_set_watchlist.source for no key update;
  if found then
    perform evergreen.refuse_unless(active or not w.active or w.set_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever set a list cannot switch it off.');
    perform evergreen.refuse_unless(w.format = fn_set_watchlist.format, 'EG428', 'The format of a list does not change; set another list.');
    update public.watchlists x set title = fn_set_watchlist.title, address = fn_set_watchlist.address, active = fn_set_watchlist.active, max_age_hours = fn_set_watchlist.max_age_hours,
        shrink_limit = fn_set_watchlist.shrink_limit, set_by = evergreen.actor()
     where x.list_id = w.list_id returning x.* into w;
  else
    insert into public.watchlists (source, title, format, address, active, max_age_hours, shrink_limit, set_by)
    values (source, title, format, address, active, max_age_hours, shrink_limit, evergreen.actor()) returning * into w;
  end if;
  perform evergreen.emit('WATCHLIST_SET', null, jsonb_build_object('list_id', w.list_id, 'source', w.source, 'active', w.active), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', w.list_id::text, format('list set: %s, %s, at most %s hours old, may shrink by %s', w.source, case when w.active then 'active' else 'off' end, w.max_age_hours, trim_scale(w.shrink_limit)), request_id);
  answer := jsonb_build_object('list_id', w.list_id, 'source', w.source, 'active', w.active);
  perform evergreen.keep_answer('fn_set_watchlist', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_watchlist(text, text, text, text, boolean, int, numeric, text) is
  'Adds a list or changes where it is from, how many hours old it may be (1 to 168) and by which share of its rows it may shrink at once (0 to 0.2). Whoever set it last cannot switch it off. EG400, EG409, EG420, EG428 another format.';

create or replace function public.fn_request_list_refresh(source text, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
  id uuid;
begin
  perform evergreen.require_role('ops_role', 'service_role', 'agent_kyc');
  input := jsonb_build_object('source', source);
  answer := evergreen.earlier_answer('fn_request_list_refresh', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into w from public.watchlists x where x.source = fn_request_list_refresh.source;
  perform evergreen.refuse_unless(found, 'EG404', 'No list of that name; `lists show` names them.');
  perform evergreen.refuse_unless(w.active, 'EG428', 'The list is switched off.');
  perform evergreen.refuse_unless(w.address is not null, 'EG428', 'The list has no address: give its file, or set one.');
  id := evergreen.emit('LIST_REFRESH_REQUESTED', null, jsonb_build_object('list_id', w.list_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', w.list_id::text, 'refresh asked for', request_id);
  answer := jsonb_build_object('list_id', w.list_id, 'event_id', id);
  perform evergreen.keep_answer('fn_request_list_refresh', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_list_refresh(text, text) is 'Asks for a list to be fetched from its address now. EG404, EG409, EG428 switched off or without address.';

create or replace function public.fn_publish_watchlist(source text, entries jsonb, file_hash text, fetched_at timestamptz, label text default null, published_on date default null, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  w public.watchlists;
  now_current public.watchlist_versions;
  v public.watchlist_versions;
  n int;
  why text;
  was_old boolean;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('source', source, 'entries', encode(sha256(convert_to(entries::text, 'UTF8')), 'hex'), 'file_hash', file_hash, 'fetched_at', fetched_at, 'label', label, 'published_on', published_on);
  answer := evergreen.earlier_answer('fn_publish_watchlist', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(file_hash ~ '^[0-9a-f]{64}$' and (label is null or length(label) between 1 and 100), 'EG400', 'file_hash is the sha256 of the bytes in hex; label has at most 100 characters.');
  perform evergreen.refuse_unless(isfinite(fetched_at) and fetched_at <= evergreen.clock() + interval '5 minutes' and (published_on is null or (isfinite(published_on) and published_on <= evergreen.clock()::date + 1)), 'EG400',
    'fetched_at and published_on are times that have come.');
  perform evergreen.refuse_unless(jsonb_typeof(entries) = 'array', 'EG400', 'entries is a list.');
  n := jsonb_array_length(entries);
  perform evergreen.refuse_unless(n <= 500000, 'EG413', 'A list has at most 500,000 entries.');
  -- one after the other, and never while a check is being recorded: it holds the list as it is
  select * into w from public.watchlists x where x.source = fn_publish_watchlist.source for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No list of that name; `lists show` names them.');
  perform evergreen.refuse_unless(w.active, 'EG428', 'The list is switched off.');
  select * into now_current from public.watchlist_versions x where x.list_id = w.list_id and x.status = 'current' for no key update;
  if now_current.sha256 = file_hash then
    was_old := now_current.fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours);
    update public.watchlist_versions x set fetched_at = greatest(x.fetched_at, fn_publish_watchlist.fetched_at) where x.version_id = now_current.version_id returning x.* into v;
    if was_old and v.fetched_at >= evergreen.clock() - make_interval(hours => w.max_age_hours) then
      -- whoever could not be cleared while it was old is looked at again
      perform evergreen.announce_watchlist(v, request_id);
    else
      perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, 'list confirmed: no change since version ' || v.ordinal, request_id);
    end if;
    answer := evergreen.watchlist_answer(v, 'unchanged');
    perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
    return answer;
  end if;
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(entries) g (one)
      where (length(g.one ->> 'id') between 1 and 200 and g.one ->> 'hash' ~ '^[0-9a-f]{64}$' and jsonb_typeof(g.one -> 'body') = 'object') is not true), 'EG400',
    'Each entry has an id of 1 to 200 characters, a hash of 64 hexadecimal digits and a body.');
  perform evergreen.refuse_unless(n = (select count(distinct g.id) from jsonb_to_recordset(entries) as g (id text)), 'EG400', 'An entry stands twice in the list.');
  why := case when n = 0 then 'empty'
    when fetched_at < evergreen.clock() - make_interval(hours => w.max_age_hours) then 'old'
    when published_on < now_current.published_on then 'older'
    when n < now_current.rows * (1 - w.shrink_limit) then 'shrunken' end;
  if why is not null then
    select * into v from public.watchlist_versions x where x.list_id = w.list_id and x.sha256 = file_hash and x.status in ('held', 'refused') and x.reason = why and x.recorded_at >= coalesce(now_current.recorded_at, '-infinity')
     order by x.recorded_at desc limit 1;
    if found then
      -- the same file for the same reason: said once, waited for once
      answer := evergreen.watchlist_answer(v, v.status);
      perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
      return answer;
    end if;
  end if;
  insert into public.watchlist_versions (list_id, label, published_on, sha256, rows, status, reason, fetched_at, recorded_by)
  values (w.list_id, label, published_on, file_hash, n, case when why is null then 'superseded' when why = 'shrunken' then 'held' else 'refused' end, why, fetched_at, evergreen.actor()) returning * into v;
  if why is null then
    v := evergreen.install_watchlist(v, entries, request_id);
  else
    if why = 'shrunken' then
      update public.watchlist_versions x set status = 'refused' where x.list_id = w.list_id and x.status = 'held' and x.version_id <> v.version_id;
      delete from public.watchlist_held h using public.watchlist_versions x where x.version_id = h.version_id and x.list_id = w.list_id;
      insert into public.watchlist_held (version_id, entries) values (v.version_id, entries);
    end if;
    perform evergreen.emit('LIST_REFUSED', null, jsonb_build_object('list_id', w.list_id, 'version_id', v.version_id, 'reason', why), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('list refused as %s: sha256 %s, %s rows against %s', why, file_hash, n, coalesce(now_current.rows, 0)), request_id);
  end if;
  answer := evergreen.watchlist_answer(v, v.status);
  perform evergreen.keep_answer('fn_publish_watchlist', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_publish_watchlist(text, jsonb, text, timestamptz, text, date, text) is
  'Takes a list in: entries = [{id, hash, body}], file_hash = sha256 of the bytes, fetched_at = when its source said that this is the list. Status current, unchanged (the same bytes: confirmed), held (shrunken: two people accept it) or refused (empty, old: fetched too long ago, older: published before the current one). EG400, EG404, EG409, EG413, EG428.';

create or replace function public.fn_accept_watchlist_version(version_id uuid, reason text, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.watchlist_versions;
  given jsonb;
  people int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('version_id', version_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_accept_watchlist_version', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  -- the list first, as whoever publishes takes it
  perform 1 from public.watchlists w where w.list_id = (select x.list_id from public.watchlist_versions x where x.version_id = fn_accept_watchlist_version.version_id) for no key update;
  select * into v from public.watchlist_versions x where x.version_id = fn_accept_watchlist_version.version_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a list with that id.');
  perform evergreen.refuse_unless(v.status = 'held', 'EG428', 'Only a version that is held because the list shrank is accepted.');
  perform evergreen.refuse_unless(not exists (select from public.watchlist_acceptances a where a.version_id = v.version_id and a.accepted_by = evergreen.actor()), 'EG420',
    'Four eyes: you have accepted it; a second person has to.');
  insert into public.watchlist_acceptances (version_id, accepted_by, reason) values (v.version_id, evergreen.actor(), reason);
  select count(*) into people from public.watchlist_acceptances a where a.version_id = v.version_id;
  perform evergreen.audit(null, 'watchlist_versions', v.version_id::text, format('shrunken list accepted by %s of 2', people), request_id);
  if people >= 2 then
    select h.entries into given from public.watchlist_held h where h.version_id = v.version_id;
    v := evergreen.install_watchlist(v, given, request_id);
  end if;
  answer := evergreen.watchlist_answer(v, v.status) || jsonb_build_object('accepted', people);
  perform evergreen.keep_answer('fn_accept_watchlist_version', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_accept_watchlist_version(uuid, text, text) is 'One person accepts a list that shrank by more than its limit; the second one makes it current. EG400, EG404, EG409, EG420 the same person twice, EG428 not held.';
