-- Market data: series with kind and unit, observations that are only ever added, a breaker that holds jumps for a second person, imports that are undone whole.

create or replace function evergreen.market_limits() returns table (kind text, unit text, most_age int, measure text, most_bps numeric, low numeric, high numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.key, l.value ->> 'unit', (l.value ->> 'max_age_days')::int, l.value ->> 'measure', (l.value ->> 'breaker_bps')::numeric, (l.value ->> 'low')::numeric, (l.value ->> 'high')::numeric
    from public.platform_settings p, jsonb_each(p.value) l where p.key = 'market_limits'
$$;
comment on function evergreen.market_limits() is 'Limits per kind of series, from platform_settings: unit, greatest age in days, breaker in basis points of the value (relative) or of one (absolute), range of plausible values.';

create or replace function evergreen.market_answer(of_import uuid, repeated boolean) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('import_id', b.import_id, 'status', b.status, 'repeated', repeated, 'rows', b.rows, 'taken', b.taken, 'unchanged', b.unchanged, 'held', b.held,
      'held_values', coalesce((select jsonb_agg(h.named order by h.series, h.as_of) from (
        select x.series, x.as_of, jsonb_build_object('held_id', x.held_id, 'series', x.series, 'as_of', x.as_of, 'value', trim_scale(x.value)::text, 'against', trim_scale(x.against)::text,
            'against_on', x.against_on, 'move_bps', trim_scale(x.move_bps)::text, 'limit_bps', trim_scale(x.limit_bps)::text) as named
          from public.market_held x where x.import_id = b.import_id and x.status = 'held' order by x.series, x.as_of limit 100) h), '[]'))
    from public.market_imports b where b.import_id = of_import
$$;
comment on function evergreen.market_answer(uuid, boolean) is 'What an import of market data answers, with the first hundred values that are held.';

create or replace function evergreen.market_changed(names text[]) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.knock_days(f.fund_id, null, null, 'market data changed') from public.funds f
   where f.fund_id in (select r.fund_id from public.roll_forwards r where r.series = any (names))
$$;
comment on function evergreen.market_changed(text[]) is 'Knocks at the dealing days of funds whose marks are rolled forward by one of these series.';

create or replace function evergreen.check_market_rows(lines jsonb) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  wrong text;
begin
  select format('Row %s: series is a name of 1 to 60 characters, as_of a date up to today, value a number.', r.n) into wrong
    from rows from (jsonb_to_recordset(lines) as (series text, as_of date, value numeric, kind text, unit text)) with ordinality r (series, as_of, value, kind, unit, n)
   where (r.series ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,59}$' and isfinite(r.as_of) and r.as_of <= evergreen.clock()::date and r.value > -1e18 and r.value < 1e18) is not true
   order by r.n limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
  select format('The series %s has two values for %s.', r.series, r.as_of) into wrong
    from jsonb_to_recordset(lines) r (series text, as_of date) group by r.series, r.as_of having count(*) > 1 order by r.series, r.as_of limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
  select format('The series %s is not known: its first import names its kind and unit.', r.series) into wrong
    from jsonb_to_recordset(lines) r (series text, kind text, unit text) left join public.market_series s using (series)
   where s.series is null and (r.kind is null or r.unit is null) order by r.series limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG404', wrong);
  select format('The series %s is %s in %s, not %s in %s.', r.series, s.kind, s.unit, coalesce(r.kind, s.kind), coalesce(r.unit, s.unit)) into wrong
    from jsonb_to_recordset(lines) r (series text, kind text, unit text)
    join lateral (select k.kind, k.unit from (select x.kind, x.unit, 0 as place from public.market_series x where x.series = r.series
                    union all select f.kind, f.unit, 1 from jsonb_to_recordset(lines) f (series text, kind text, unit text) where f.series = r.series and r.kind is not null) k order by k.place, k.kind, k.unit limit 1) s on true
   where coalesce(r.kind, s.kind) <> s.kind or coalesce(r.unit, s.unit) <> s.unit order by r.series limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
  select case when l.kind is null then format('The series %s has the kind %s; kinds are %s.', r.series, r.kind, (select string_agg(k.kind, ', ' order by k.kind) from evergreen.market_limits() k))
              when case l.unit when 'currency' then not exists (select from public.currencies c where c.code = r.unit) else r.unit <> l.unit end
                then format('The series %s is in %s; %s is in %s.', r.series, r.unit, r.kind, case l.unit when 'currency' then 'a currency' else l.unit end)
              else format('The series %s on %s lies outside of %s to %s for %s.', r.series, r.as_of, l.low, l.high, r.kind) end into wrong
    from (select g.series, g.as_of, g.value, coalesce(s.kind, g.kind) as kind, coalesce(s.unit, g.unit) as unit
            from jsonb_to_recordset(lines) g (series text, as_of date, value numeric, kind text, unit text) left join public.market_series s using (series)) r
    left join evergreen.market_limits() l on l.kind = r.kind
   where l.kind is null or case l.unit when 'currency' then not exists (select from public.currencies c where c.code = r.unit) else r.unit <> l.unit end or r.value < l.low or r.value > l.high
   order by r.series, r.as_of limit 1;
  perform evergreen.refuse_unless(wrong is null, 'EG400', wrong);
end $$;
comment on function evergreen.check_market_rows(jsonb) is 'Refuses rows of market data that are malformed, twice, of a series without kind and unit, of another kind or unit, or outside the range of their kind, by name. EG400, EG404.';

create or replace function evergreen.take_market_rows(of_import uuid, lines jsonb, of_source text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  with given as materialized (
    select g.series, g.as_of, g.value, l.measure, l.most_bps, counted.value as standing, before.as_of as before_on, before.value as before,
           lag(g.as_of) over one_series as earlier_on, lag(g.value) over one_series as earlier
      from jsonb_to_recordset(lines) g (series text, as_of date, value numeric)
      join public.market_series s using (series) join evergreen.market_limits() l on l.kind = s.kind
      left join lateral (select d.value from public.market_data d where d.series = g.series and d.as_of = g.as_of and evergreen.market_counts(d.import_id)
         order by d.recorded_at desc, d.seq desc limit 1) counted on true
      left join lateral (select d.as_of, d.value from public.market_data d where d.series = g.series and d.as_of < g.as_of and evergreen.market_counts(d.import_id)
         order by d.as_of desc, d.recorded_at desc, d.seq desc limit 1) before on true
    window one_series as (partition by g.series order by g.as_of)
  ), measured as materialized (
    -- a correction is held against what it corrects, a new day against the day before it, in the file or in the table
    select m.*, case when m.against is null then null when m.measure = 'relative' then coalesce(abs(m.value - m.against) * 10000 / nullif(abs(m.against), 0), 1e9) else abs(m.value - m.against) * 10000 end as move
      from (select g.*, case when g.standing is not null then g.standing when g.before_on is null or g.earlier_on >= g.before_on then g.earlier else g.before end as against,
                   case when g.standing is not null then g.as_of when g.before_on is null or g.earlier_on >= g.before_on then g.earlier_on else g.before_on end as against_on from given g) m
  ), judged as materialized (
    -- what follows a jump is measured against a value nobody stands by yet: it waits with it
    select m.*, coalesce(bool_or(m.move > m.most_bps) over (partition by m.series order by m.as_of rows unbounded preceding), false) as holds from measured m
  ), taken as (
    insert into public.market_data (series, as_of, value, source, import_id, recorded_by)
    select j.series, j.as_of, j.value, of_source, of_import, evergreen.actor() from judged j where not j.holds and j.standing is distinct from j.value order by j.series, j.as_of returning 1
  ), held as (
    insert into public.market_held (import_id, series, as_of, value, against, against_on, move_bps, limit_bps, held_by)
    select of_import, j.series, j.as_of, j.value, j.against, j.against_on, round(j.move, 6), j.most_bps, evergreen.actor()
      from judged j where j.holds and j.standing is distinct from j.value order by j.series, j.as_of returning 1
  )
  update public.market_imports b set taken = (select count(*) from taken), held = (select count(*) from held), unchanged = b.rows - (select count(*) from taken) - (select count(*) from held)
   where b.import_id = of_import
$$;
comment on function evergreen.take_market_rows(uuid, jsonb, text) is
  'Adds the values that moved within the limit of their kind, holds the others and what follows them, leaves out what stands already. One statement over all rows.';

create or replace function public.fn_import_market(rows jsonb, source text, file_hash text, file_name text default null, fresh boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid := gen_random_uuid();
  known uuid;
  stale text;
begin
  perform evergreen.require_role('ops_role', 'pm_role', 'agent_simulation');
  input := jsonb_build_object('rows', encode(sha256(convert_to(rows::text, 'UTF8')), 'hex'), 'source', source, 'file_hash', file_hash, 'file_name', file_name, 'fresh', fresh, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_market', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(source) between 1 and 200 and file_hash ~ '^[0-9a-f]{64}$' and (file_name is null or (length(file_name) between 1 and 200 and file_name !~ '[/\\[:cntrl:]]')),
    'EG400', 'source (1 to 200 characters) and file_hash (sha256 of the bytes, hex) are needed; file_name is no path.');
  perform evergreen.refuse_unless(jsonb_typeof(rows) = 'array', 'EG400', 'rows is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(rows) between 1 and 200000, 'EG413', 'A file has 1 to 200,000 rows.');
  -- one after the other: each is measured against what the one before it left
  perform pg_advisory_xact_lock(hashtextextended('evergreen.market_data', 0));
  select b.import_id into known from public.market_imports b where b.file_sha256 = file_hash and b.status <> 'undone';
  if known is not null then
    return evergreen.market_answer(known, true);
  end if;
  perform evergreen.check_market_rows(rows);
  if fresh then
    select format('The series %s is %s days old, more than the %s of its kind.', r.series, evergreen.clock()::date - max(r.as_of), l.most_age) into stale
      from jsonb_to_recordset(rows) r (series text, as_of date, kind text) left join public.market_series s using (series) join evergreen.market_limits() l on l.kind = coalesce(s.kind, r.kind)
     group by r.series, l.most_age having evergreen.clock()::date - max(r.as_of) > l.most_age order by r.series limit 1;
    perform evergreen.refuse_unless(stale is null, 'EG428', stale);
  end if;
  begin
    insert into public.market_series (series, kind, unit, recorded_by)
    select distinct r.series, r.kind, r.unit, evergreen.actor() from jsonb_to_recordset(rows) r (series text, kind text, unit text) where r.kind is not null and r.unit is not null on conflict do nothing;
    insert into public.market_imports (import_id, source, file_name, file_sha256, rows, imported_by)
    values (id, source, file_name, file_hash, jsonb_array_length(rows), evergreen.actor());
    perform evergreen.take_market_rows(id, rows, source);
    answer := evergreen.market_answer(id, false);
    if dry_run then
      raise exception using errcode = 'EG0DR';  -- takes everything back; the answer stays
    end if;
    perform evergreen.emit('MARKET_IMPORTED', null, jsonb_build_object('import_id', id, 'taken', answer -> 'taken', 'held', answer -> 'held'), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.market_changed(array(select distinct r.series from jsonb_to_recordset(rows) r (series text)));
    perform evergreen.audit(null, 'market_imports', id::text, 'market data imported: ' || (answer ->> 'taken') || ' taken, ' || (answer ->> 'held') || ' held', request_id);
    perform evergreen.keep_answer('fn_import_market', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := answer || '{"import_id": null, "status": "dry_run"}';
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_market(jsonb, text, text, text, boolean, boolean, text) is
  'Takes rows = [{series, as_of, value, kind?, unit?}] of a file in, once by the sha256 of its bytes; a series is registered by its first kind and unit. A value that moves more than the limit of its kind, and what follows it, is held by name for a second person. fresh: the newest of each series must not be too old; dry_run changes nothing. Returns {import_id, status, repeated, rows, taken, unchanged, held, held_values}. EG400, EG404 a series without kind, EG413, EG428 too old.';

create or replace function public.fn_decide_market_values(held jsonb, decision text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  ids uuid[];
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('held', held, 'decision', decision);
  answer := evergreen.earlier_answer('fn_decide_market_values', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('confirmed', 'rejected'), 'EG400', 'decision is confirmed or rejected.');
  perform evergreen.refuse_unless(jsonb_typeof(held) = 'array', 'EG400', 'held is a list of held_id.');
  perform evergreen.refuse_unless(jsonb_array_length(held) between 1 and 10000, 'EG413', 'held has 1 to 10,000 ids.');
  ids := array(select distinct (h.said ->> 'held_id')::uuid from jsonb_array_elements(held) h (said));
  perform pg_advisory_xact_lock(hashtextextended('evergreen.market_data', 0));
  select count(*) into n from public.market_held h where h.held_id = any (ids);
  perform evergreen.refuse_unless(n = cardinality(ids) and array_position(ids, null) is null, 'EG404', 'No held value with one of these ids.');
  perform evergreen.refuse_unless(not exists (select from public.market_held h where h.held_id = any (ids) and h.status <> 'held'), 'EG422', 'One of these values was decided already.');
  perform evergreen.refuse_unless(not exists (select from public.market_held h where h.held_id = any (ids) and h.held_by = evergreen.actor()), 'EG420', 'Another person than who imported a value decides it.');
  update public.market_held h set status = decision, decided_by = evergreen.actor(), decided_at = now() where h.held_id = any (ids);
  if decision = 'confirmed' then
    insert into public.market_data (series, as_of, value, source, import_id, recorded_by)
    select h.series, h.as_of, h.value, b.source, h.import_id, evergreen.actor() from public.market_held h join public.market_imports b using (import_id) where h.held_id = any (ids) order by h.series, h.as_of;
    perform evergreen.market_changed(array(select distinct h.series from public.market_held h where h.held_id = any (ids)));
  end if;
  perform evergreen.emit('MARKET_VALUES_DECIDED', null, jsonb_build_object('values', n, 'decision', decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'market_held', 'market_held', 'held values ' || decision || ': ' || n, request_id);
  answer := jsonb_build_object('values', n, 'decision', decision);
  perform evergreen.keep_answer('fn_decide_market_values', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_market_values(jsonb, text, text) is
  'A second person confirms or rejects values held by the breaker: held = [{held_id}]. Confirmed ones count from then on. EG400, EG404, EG413, EG420 own import, EG422.';

create or replace function public.fn_undo_market_import(import_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.market_imports;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('import_id', import_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_undo_market_import', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform pg_advisory_xact_lock(hashtextextended('evergreen.market_data', 0));
  select * into b from public.market_imports x where x.import_id = fn_undo_market_import.import_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No import of market data with that id.');
  perform evergreen.refuse_unless(b.status <> 'undone', 'EG428', 'The import was undone already.');
  select count(*) into n from public.market_data d where d.import_id = b.import_id;
  update public.market_imports x set status = 'undone', undone_at = now(), undone_by = evergreen.actor(), undo_reason = reason where x.import_id = b.import_id;
  update public.market_held h set status = 'rejected', decided_by = evergreen.actor(), decided_at = now() where h.import_id = b.import_id and h.status = 'held';
  perform evergreen.market_changed(array(select distinct d.series from public.market_data d where d.import_id = b.import_id));
  perform evergreen.emit('MARKET_IMPORT_UNDONE', null, jsonb_build_object('import_id', b.import_id, 'values', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'market_imports', b.import_id::text, 'market import undone: ' || n || ' values', request_id);
  answer := jsonb_build_object('import_id', b.import_id, 'status', 'undone', 'values', n);
  perform evergreen.keep_answer('fn_undo_market_import', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_undo_market_import(uuid, text, text) is
  'Retires an import of market data: none of its values counts any more, what stood before counts again, nothing is deleted; the file may be imported again. EG400, EG404, EG428.';
