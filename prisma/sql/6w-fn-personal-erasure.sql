-- The life of a subject's key: wrapped anew by another master key, held, asked for, destroyed with a signed tombstone, destroyed again after a restore.

create or replace function evergreen.subject_held(subject_id uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.subject_holds h where h.subject_id = subject_held.subject_id and h.lifted_at is null and (h.until is null or h.until > now()))
      or exists (
        select from public.investors i
         where i.party_id = subject_held.subject_id and (
           -- R53: records are kept for a term after the relationship; an investor, an order or a holding of theirs is one
           greatest(i.recorded_at, (select max(f.created_at) from public.fund_flows f where f.investor_id = i.investor_id))
             > now() - make_interval(months => (select (p.value #>> '{}')::int from public.platform_settings p where p.key = 'personal_retention_months'))
           or exists (select from public.holdings u where u.investor_id = i.investor_id and u.units > 0)
           or exists (select from public.fund_flows f where f.investor_id = i.investor_id and evergreen.held(f.fund_id))))
$$;
comment on function evergreen.subject_held(uuid) is
  'Whether a legal hold on the subject or on a fund it has orders in, a holding, or the term of records (platform_settings: personal_retention_months, R53) forbids erasing it today.';

create or replace function evergreen.destroy_subject(subject_id uuid) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update public.subject_keys k set state = 'destroyed', wrapped_key = null, master_key_id = null, destroyed_at = now()
   where k.subject_id = destroy_subject.subject_id and k.state <> 'destroyed';
  -- without its key a ciphertext is noise; a blind index would still answer whether somebody was here
  update public.personal_values p set ciphertext = null, blind_index = '{}', superseded_at = coalesce(p.superseded_at, now())
   where p.subject_id = destroy_subject.subject_id and (p.ciphertext is not null or p.blind_index <> '{}');
  delete from public.party_tests t where t.party_id = destroy_subject.subject_id;
  update public.documents d set removed_at = now() where d.subject_id = destroy_subject.subject_id and d.removed_at is null;
$$;
comment on function evergreen.destroy_subject(uuid) is 'Destroys the key of a subject and empties its values; idempotent.';

create or replace function public.fn_list_subject_keys(but text, after uuid default null, max_keys int default 500)
returns table (subject_id uuid, wrapped_key text, master_key_id text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(but ~ '^[!-~]{1,200}$' and max_keys between 1 and 5000, 'EG400', 'but (a master key id) and max_keys (1 to 5,000) are needed.');
  return query
    select k.subject_id, k.wrapped_key, k.master_key_id from public.subject_keys k
     where k.state <> 'destroyed' and k.master_key_id <> but and (fn_list_subject_keys.after is null or k.subject_id > fn_list_subject_keys.after)
     order by k.subject_id limit max_keys;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_subject_keys(text, uuid, int) is 'Wrapped keys that another master key than `but` wrapped, in the order of their subjects. EG400, EG403.';

create or replace function public.fn_rotate_subject_keys(keys jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  rotated int;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('keys', keys);
  answer := evergreen.earlier_answer('fn_rotate_subject_keys', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(keys) = 'array' and jsonb_array_length(keys) between 1 and 5000, 'EG400', 'keys is a list of 1 to 5,000 wrapped keys.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(keys) v where (jsonb_typeof(v) = 'object' and v ->> 'subject_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and v ->> 'wrapped_key' ~ '^v1\.[A-Za-z0-9+/]{80}$' and v ->> 'was' is not null and v ->> 'master_key_id' ~ '^[a-z0-9-]{1,60}$') is not true),
    'EG400', 'Each of keys has subject_id, was, wrapped_key and master_key_id.');
  perform 1 from public.subject_keys k where k.subject_id in (select (v ->> 'subject_id')::uuid from jsonb_array_elements(keys) v) order by k.subject_id for no key update;
  -- only what still is what it was: whoever rotated or erased meanwhile was first
  update public.subject_keys k set wrapped_key = n.wrapped_key, master_key_id = n.master_key_id
    from jsonb_to_recordset(keys) n (subject_id uuid, was text, wrapped_key text, master_key_id text)
   where k.subject_id = n.subject_id and k.wrapped_key = n.was and k.state <> 'destroyed';
  get diagnostics rotated = row_count;
  perform evergreen.audit(null, 'subject_keys', 'rotation', 'keys wrapped anew: ' || rotated || ' of ' || jsonb_array_length(keys), request_id);
  answer := jsonb_build_object('rotated', rotated, 'asked', jsonb_array_length(keys));
  perform evergreen.keep_answer('fn_rotate_subject_keys', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_rotate_subject_keys(jsonb, text) is
  'Puts data keys wrapped by another master key in place of those they were (`was`); one that changed meanwhile is left alone. EG400, EG403, EG409.';

create or replace function public.fn_hold_subject(subject_id uuid, reason text, until timestamptz default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason, 'until', until);
  answer := evergreen.earlier_answer('fn_hold_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform evergreen.refuse_unless(until is null or (isfinite(until) and until > now()), 'EG400', 'until is a time to come, or absent.');
  -- an erasure that is under way waits for this, or this for it
  select k.state into standing from public.subject_keys k where k.subject_id = fn_hold_subject.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing <> 'destroyed', 'EG428', 'The subject was erased.');
  insert into public.subject_holds (subject_id, reason, placed_by, until) values (subject_id, reason, evergreen.actor(), until) returning hold_id into id;
  perform evergreen.audit(null, 'subject_holds', id::text, 'legal hold on a subject placed', request_id);
  answer := jsonb_build_object('hold_id', id);
  perform evergreen.keep_answer('fn_hold_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_hold_subject(uuid, text, timestamptz, text) is 'The data of a subject is not erased until the hold is lifted or ends. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_release_subject(hold_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  h public.subject_holds;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('hold_id', hold_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_release_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into h from public.subject_holds x where x.hold_id = fn_release_subject.hold_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No legal hold with that id.');
  perform evergreen.refuse_unless(h.lifted_at is null, 'EG428', 'The legal hold was lifted already.');
  perform evergreen.refuse_unless(h.placed_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever placed a legal hold cannot lift it.');
  update public.subject_holds x set lifted_by = evergreen.actor(), lifted_at = now(), lift_reason = fn_release_subject.reason where x.hold_id = h.hold_id;
  perform evergreen.audit(null, 'subject_holds', h.hold_id::text, 'legal hold on a subject lifted', request_id);
  answer := jsonb_build_object('hold_id', h.hold_id);
  perform evergreen.keep_answer('fn_release_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_subject(uuid, text, text) is 'Lifts a legal hold on a subject; never by the person who placed it. EG400, EG403, EG404, EG409, EG420, EG428.';

create or replace function public.fn_request_erasure(subject_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
begin
  perform evergreen.require_role('ops_role', 'lp_role');
  perform evergreen.require_own_subject(subject_id);
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_request_erasure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select k.state into standing from public.subject_keys k where k.subject_id = fn_request_erasure.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing = 'active', 'EG428', case standing when 'destroyed' then 'The subject was erased already.' else 'The erasure was asked for already.' end);
  update public.subject_keys k set state = 'restricted', asked_by = evergreen.actor(), asked_at = now(), reason = fn_request_erasure.reason where k.subject_id = fn_request_erasure.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'erasure asked for' || case when evergreen.subject_held(subject_id) then '; a legal hold stands' else '' end, request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'state', 'restricted', 'held', evergreen.subject_held(subject_id));
  perform evergreen.keep_answer('fn_request_erasure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_erasure(uuid, text, text) is
  'Asks for the erasure of a subject (an LP: the party of an own investor): from now on restricted (nothing is added, only screening and audit read); another person erases. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_refuse_erasure(subject_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  standing text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_refuse_erasure', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select k.state into standing from public.subject_keys k where k.subject_id = fn_refuse_erasure.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(standing = 'restricted', 'EG428', 'No erasure of the subject is asked for.');
  update public.subject_keys k set state = 'active', asked_by = null, asked_at = null, reason = null where k.subject_id = fn_refuse_erasure.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'erasure refused', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'state', 'active');
  perform evergreen.keep_answer('fn_refuse_erasure', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_refuse_erasure(uuid, text, text) is 'Takes back that an erasure was asked for. EG400, EG403, EG404, EG409, EG428.';

create or replace function public.fn_read_erasure(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  select jsonb_build_object('subject_id', k.subject_id, 'state', k.state, 'asked_at', k.asked_at, 'asked_by', k.asked_by, 'held', evergreen.subject_held(k.subject_id),
      'key_digest', encode(sha256(convert_to(k.wrapped_key, 'UTF8')), 'hex'),
      'fields', (select count(*) from public.personal_values p where p.subject_id = k.subject_id and p.ciphertext is not null),
      'documents', (select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') from public.documents d where d.subject_id = k.subject_id),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_read_erasure.subject_id;
  perform evergreen.refuse_unless(answer is not null, 'EG404', 'No personal data is kept under that id.');
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_erasure(uuid) is 'What a tombstone of a subject has to say (state, digest of its wrapped key, counts, documents), and the tombstone once there is one. EG403, EG404.';

create or replace function evergreen.check_tombstone(tombstone jsonb) returns void language plpgsql immutable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(jsonb_typeof(tombstone) = 'object' and length(tombstone ->> 'body') between 2 and 2000
    and tombstone ->> 'signature' ~ '^[0-9a-f]{128}$' and tombstone ->> 'public_key' ~ '^[0-9a-f]{64}$', 'EG400', 'tombstone has body (JSON), signature and public_key.');
  perform evergreen.refuse_unless((tombstone ->> 'body')::jsonb ->> 'subjectId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    and (tombstone ->> 'body')::jsonb ->> 'keyDigest' ~ '^[0-9a-f]{64}$', 'EG400', 'The body of a tombstone names the subject and the key that was destroyed.');
end $$;
comment on function evergreen.check_tombstone(jsonb) is 'Refuses what has not the shape of a signed tombstone (EG400); the signature is verified outside, from the row alone.';

create or replace function public.fn_erase_subject(subject_id uuid, tombstone jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  k public.subject_keys;
  body jsonb;
  digest text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('subject_id', subject_id, 'tombstone', tombstone);
  answer := evergreen.earlier_answer('fn_erase_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.check_tombstone(tombstone);
  body := (tombstone ->> 'body')::jsonb;
  select * into k from public.subject_keys x where x.subject_id = fn_erase_subject.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(k.state <> 'destroyed', 'EG428', 'The subject was erased already.');
  perform evergreen.refuse_unless(k.state = 'restricted', 'EG428', 'Nobody has asked for the erasure; ask for it first.');
  perform evergreen.refuse_unless(not evergreen.subject_held(subject_id), 'EG428', 'A legal hold or a duty to keep records stands on the subject; it stays restricted until that has ended.');
  perform evergreen.refuse_unless(k.asked_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever asked for an erasure cannot carry it out.');
  perform evergreen.refuse_unless(body ->> 'subjectId' = subject_id::text, 'EG400', 'The tombstone is of another subject.');
  perform evergreen.refuse_unless(body ->> 'keyDigest' = encode(sha256(convert_to(k.wrapped_key, 'UTF8')), 'hex'), 'EG425', 'The key was wrapped anew since the tombstone was made; make it again.');
  perform evergreen.destroy_subject(subject_id);
  digest := encode(sha256(convert_to(tombstone ->> 'body', 'UTF8')), 'hex');
  insert into public.subject_tombstones (subject_id, body, signature, public_key, erased_by)
  values (subject_id, tombstone ->> 'body', tombstone ->> 'signature', tombstone ->> 'public_key', evergreen.actor());
  perform evergreen.emit('SUBJECT_ERASED', null, jsonb_build_object('subject_id', subject_id, 'tombstone', digest), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'subject erased; tombstone ' || digest, request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'tombstone', digest,
    'documents', (select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') from public.documents d where d.subject_id = fn_erase_subject.subject_id));
  perform evergreen.keep_answer('fn_erase_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_erase_subject(uuid, jsonb, text) is
  'Destroys the key of a subject whose erasure another person asked for, and keeps the signed tombstone; answers the documents whose files can go. EG400, EG403, EG404, EG409, EG420, EG425 rotated meanwhile, EG428 held or not asked for.';

create or replace function public.fn_repeat_erasures(tombstones jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  stone jsonb;
  id uuid;
  repeated int := 0;
begin
  perform evergreen.require_role('service_role');
  input := jsonb_build_object('tombstones', tombstones);
  answer := evergreen.earlier_answer('fn_repeat_erasures', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(tombstones) = 'array' and jsonb_array_length(tombstones) between 1 and 10000, 'EG400', 'tombstones is a list of 1 to 10,000.');
  for stone in select t from jsonb_array_elements(tombstones) t loop
    perform evergreen.check_tombstone(stone);
    id := ((stone ->> 'body')::jsonb ->> 'subjectId')::uuid;
    perform 1 from public.subject_keys k where k.subject_id = id for no key update;
    if evergreen.subject_state(id) is distinct from 'destroyed' or not exists (select from public.subject_tombstones t where t.subject_id = id) then
      perform evergreen.destroy_subject(id);
      insert into public.subject_tombstones (subject_id, body, signature, public_key, erased_by)
      values (id, stone ->> 'body', stone ->> 'signature', stone ->> 'public_key', evergreen.actor()) on conflict do nothing;
      repeated := repeated + 1;
    end if;
  end loop;
  perform evergreen.audit(null, 'subject_keys', 'restore', 'erasures repeated after a restore: ' || repeated || ' of ' || jsonb_array_length(tombstones), request_id);
  answer := jsonb_build_object('repeated', repeated, 'known', jsonb_array_length(tombstones) - repeated);
  perform evergreen.keep_answer('fn_repeat_erasures', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_repeat_erasures(jsonb, text) is
  'Erases again what a restored database has forgotten to be erased, from tombstones kept apart from the backup, their signatures verified by the caller. EG400, EG403, EG409.';

create or replace function public.fn_export_subject(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'lp_role');
  perform evergreen.require_own_subject(subject_id);
  perform evergreen.refuse_unless(evergreen.subject_state(subject_id) is not null, 'EG404', 'No personal data is kept under that id.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by) values (subject_id, 'export', '{}', 'subject-access', evergreen.actor());
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'personal data exported', null);
  select jsonb_build_object(
      'subject', to_jsonb(k) - '{created_at,updated_at}'::text[],
      'values', (select coalesce(jsonb_agg(jsonb_build_object('value_id', p.value_id, 'field', p.field, 'ciphertext', p.ciphertext, 'recorded_by', p.recorded_by,
          'recorded_at', p.recorded_at, 'superseded_at', p.superseded_at) order by p.field, p.recorded_at, p.value_id), '[]') from public.personal_values p where p.subject_id = k.subject_id),
      'documents', (select coalesce(jsonb_agg(to_jsonb(d) - '{created_at,updated_at,subject_id}'::text[] order by d.recorded_at, d.document_id), '[]') from public.documents d where d.subject_id = k.subject_id),
      'accesses', (select coalesce(jsonb_agg(jsonb_build_object('access_id', a.access_id, 'what', a.what, 'fields', a.fields, 'purpose', a.purpose, 'accessed_by', a.accessed_by, 'accessed_at', a.accessed_at)
          order by a.accessed_at, a.access_id), '[]') from public.personal_accesses a where a.subject_id = k.subject_id),
      -- neither risk, cases nor freezes: an answer to the person must not tip off
      'party', (select jsonb_build_object('party_id', p.party_id, 'code', p.code, 'kind', p.kind) from public.parties p where p.party_id = k.subject_id),
      'investors', (select coalesce(jsonb_agg(jsonb_build_object('investor_id', i.investor_id, 'code', i.code, 'classification', i.classification, 'kyc_valid_until', i.kyc_valid_until) order by i.code), '[]')
          from public.investors i where i.party_id = k.subject_id),
      'evidence', (select coalesce(jsonb_agg(jsonb_build_object('evidence_id', e.evidence_id, 'kind', e.kind, 'dated_on', e.dated_on, 'expires_on', e.expires_on, 'recorded_at', e.recorded_at) order by e.recorded_at, e.kind), '[]')
          from public.party_evidence e where e.party_id = k.subject_id),
      'changes', (select coalesce(jsonb_agg(jsonb_build_object('tx', t.tx::text, 'seq', t.seq::text, 'message', t.message, 'created_by', t.created_by, 'created_at', t.created_at) order by t.tx, t.seq), '[]')
          from public.audit_trail t where t.entity_id = k.subject_id::text and t.entity_type = 'subject_keys'),
      'records', evergreen.subject_records(k.subject_id),
      'tombstone', (select jsonb_build_object('body', t.body, 'signature', t.signature, 'public_key', t.public_key) from public.subject_tombstones t where t.subject_id = k.subject_id))
    into answer from public.subject_keys k where k.subject_id = fn_export_subject.subject_id;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_subject(uuid) is
  'All that is kept of a subject: values now and before, still encrypted, documents, register, orders and money, who read what, and what was done. The export itself is recorded. EG403, EG404.';
