-- Personal data: subjects, their encrypted values, look-ups by blind index, documents. What is encrypted here was encrypted outside: the
-- database has neither a master key nor a clear value.

create or replace function evergreen.subject_state(subject_id uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.state from public.subject_keys k where k.subject_id = subject_state.subject_id
$$;
comment on function evergreen.subject_state(uuid) is 'active, restricted (an erasure was asked for) or destroyed; null when no personal data is kept of this subject.';

create or replace function evergreen.require_own_subject(subject_id uuid) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- an LP has a user, and looks at the parties of the own investors alone; whose data is kept is not told to others
  perform evergreen.refuse_unless(evergreen.role_name() <> 'lp_role' or (evergreen.actor() is not null and exists (
    select from public.investors i join evergreen.my_investors m on m.investor_id = i.investor_id where i.party_id = require_own_subject.subject_id)),
    'EG404', 'No personal data is kept under that id.');
end $$;
comment on function evergreen.require_own_subject(uuid) is 'Refuses an LP for every subject but the party of an own investor. EG401, EG404.';

create or replace function evergreen.open_for_writing(subject_id uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  standing text;
begin
  select k.state into standing from public.subject_keys k where k.subject_id = open_for_writing.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id; open the subject first.');
  perform evergreen.refuse_unless(standing = 'active', 'EG428', case standing when 'destroyed' then 'The subject was erased; nothing more is kept of it.'
    else 'An erasure of the subject was asked for; nothing is added meanwhile.' end);
end $$;
comment on function evergreen.open_for_writing(uuid) is 'Locks a subject and refuses unless something may be added to it. EG404, EG428.';

create or replace function evergreen.require_key_version(subject_id uuid, key_version int) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  current int;
begin
  -- shared, so that a new key waits for whoever writes under this one; those who write do not wait for each other
  select k.key_version into current from public.subject_keys k where k.subject_id = require_key_version.subject_id for share;
  perform evergreen.refuse_unless(not found or current = coalesce(key_version, 1), 'EG425', 'The subject has a new data key; read it and encrypt again.');
end $$;
comment on function evergreen.require_key_version(uuid, int) is 'Refuses what was encrypted under an earlier data key of the subject (EG425).';

create or replace function public.fn_open_subject(subject_id uuid, wrapped_key text, master_key_id text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  made int;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('subject_id', subject_id);
  answer := evergreen.earlier_answer('fn_open_subject', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(subject_id is not null, 'EG400', 'subject_id is needed.');
  perform evergreen.refuse_unless(wrapped_key ~ '^v1\.[A-Za-z0-9+/]{80}$' and master_key_id ~ '^[a-z0-9-]{1,60}$', 'EG400', 'wrapped_key is a wrapped key of 32 bytes, master_key_id names what wrapped it.');
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = subject_id), 'EG404', 'No party with that id.');
  perform evergreen.refuse_unless(not exists (select from public.subject_tombstones t where t.subject_id = fn_open_subject.subject_id), 'EG428', 'The subject was erased; nothing more is kept of it.');
  insert into public.subject_keys (subject_id, wrapped_key, master_key_id, opened_by) values (subject_id, wrapped_key, master_key_id, evergreen.actor()) on conflict do nothing;
  get diagnostics made = row_count;
  if made = 1 then
    perform evergreen.audit(null, 'subject_keys', subject_id::text, 'subject opened', request_id);
  end if;
  -- never the key: what answers to a request id is kept, and would outlive an erasure
  answer := jsonb_build_object('subject_id', subject_id, 'opened', made = 1);
  perform evergreen.keep_answer('fn_open_subject', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_subject(uuid, text, text, text) is
  'Gives a subject its wrapped data key; of two at once the first counts (opened says whose). EG400, EG403, EG404, EG409, EG428 erased.';

create or replace function public.fn_put_personal(subject_id uuid, field_values jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  names int;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  -- a ciphertext is another one every time; what says that the content is the same is the mark that stands beside it (a keyed hash, stored nowhere)
  input := jsonb_build_object('subject_id', subject_id, 'field_values', case when jsonb_typeof(field_values) = 'array' then
    (select jsonb_agg(case when jsonb_typeof(v) = 'object' then v - '{ciphertext,value_id,key_version}'::text[] else v end) from jsonb_array_elements(field_values) v) end);
  answer := evergreen.earlier_answer('fn_put_personal', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(field_values) = 'array' and jsonb_array_length(field_values) between 1 and 20, 'EG400', 'field_values is a list of 1 to 20 fields.');
  perform evergreen.refuse_unless(octet_length(field_values::text) <= 2000000, 'EG413', 'field_values is larger than 2 MB.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v where (jsonb_typeof(v) = 'object' and v ->> 'field' ~ '^[a-z_]{1,40}$'
      and v ->> 'value_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and (v ->> 'ciphertext' is null or v ->> 'ciphertext' ~ '^v1\.[A-Za-z0-9+/]+=*$')
      and v ->> 'content' ~ '^[0-9a-f]{64}$' and jsonb_typeof(v -> 'blind_index') = 'array' and coalesce(v ->> 'key_version', '1') ~ '^[1-9][0-9]{0,8}$') is not true),
    'EG400', 'Each of field_values has field, value_id, ciphertext, content, blind_index and key_version.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v, jsonb_array_elements_text(v -> 'blind_index') b where (b ~ '^[0-9a-f]{64}$') is not true),
    'EG400', 'blind_index is a list of hashes.');
  select count(distinct v ->> 'field') into names from jsonb_array_elements(field_values) v;
  perform evergreen.refuse_unless(names = jsonb_array_length(field_values), 'EG400', 'A field stands twice in field_values.');
  perform evergreen.open_for_writing(subject_id);
  perform evergreen.require_key_version(subject_id, (v ->> 'key_version')::int) from jsonb_array_elements(field_values) v;
  update public.personal_values p set superseded_at = now()
   where p.subject_id = fn_put_personal.subject_id and p.superseded_at is null and p.field in (select v ->> 'field' from jsonb_array_elements(field_values) v);
  insert into public.personal_values (value_id, subject_id, field, ciphertext, blind_index, recorded_by)
  select (v ->> 'value_id')::uuid, fn_put_personal.subject_id, v ->> 'field', v ->> 'ciphertext', array(select jsonb_array_elements_text(v -> 'blind_index')), evergreen.actor()
    from jsonb_array_elements(field_values) v;
  perform evergreen.emit('PERSONAL_DATA_RECORDED', null, jsonb_build_object('subject_id', subject_id, 'fields', names), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'personal data recorded: ' || names || ' fields', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'fields', names);
  perform evergreen.keep_answer('fn_put_personal', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_put_personal(uuid, jsonb, text) is
  'Records encrypted values of a subject (field, value_id, ciphertext or null to take it back, content: a keyed hash that says whether a repeated request is the same, blind_index); each supersedes the one before. EG400, EG403, EG404, EG409, EG413, EG425 another data key since, EG428 erased or to be erased.';

drop function if exists public.fn_read_personal(uuid[], text[], text);
create or replace function public.fn_read_personal(subject_ids uuid[], fields text[] default null, purpose text default 'review')
returns table (subject_id uuid, state text, wrapped_key text, master_key_id text, key_version int, value_id uuid, field text, ciphertext text, recorded_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc', 'lp_role');
  perform evergreen.refuse_unless(cardinality(subject_ids) between 1 and 5000, 'EG400', 'subject_ids names 1 to 5,000 subjects.');
  perform evergreen.refuse_unless(purpose ~ '^[a-z-]{1,60}$', 'EG400', 'purpose is a code of small letters and hyphens.');
  perform evergreen.require_own_subject(s) from unnest(subject_ids) s;
  if fields is null or cardinality(fields) > 0 then
    insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
    select k.subject_id, 'values', coalesce(fn_read_personal.fields, '{}'), fn_read_personal.purpose, evergreen.actor()
      from public.subject_keys k where k.subject_id = any (subject_ids) and k.state <> 'destroyed';
  end if;
  -- key and values in one statement, so that they are of one moment
  return query
    select k.subject_id, k.state, k.wrapped_key, k.master_key_id, k.key_version, p.value_id, p.field, p.ciphertext, p.recorded_at
      from public.subject_keys k
      left join public.personal_values p on p.subject_id = k.subject_id and p.superseded_at is null and p.ciphertext is not null
        and (fn_read_personal.fields is null or p.field = any (fn_read_personal.fields))
        -- whose erasure was asked for is still screened and audited, and otherwise left alone
        and (k.state = 'active' or k.state = 'restricted' and evergreen.role_name() in ('audit_role', 'agent_kyc', 'lp_role'))
     where k.subject_id = any (subject_ids) order by k.subject_id, p.field;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_personal(uuid[], text[], text) is
  'The wrapped key and the current encrypted values of subjects (all fields, or those named; none: the key alone). Every read is recorded with its purpose. Unknown subjects have no row. LPs read the party of an own investor. EG400, EG401, EG403, EG404.';

create or replace function public.fn_find_subjects(field text, index_value text) returns table (subject_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(field ~ '^[a-z_]{1,40}$' and index_value ~ '^[0-9a-f]{64}$', 'EG400', 'field and index_value (64 hexadecimal digits) are needed.');
  return query
    select distinct p.subject_id from public.personal_values p
     where p.superseded_at is null and p.blind_index @> array[index_value] and p.field = fn_find_subjects.field order by 1;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_find_subjects(text, text) is 'Subjects whose current value of the field has this blind index. EG400, EG403.';

drop function if exists public.fn_put_document(uuid, uuid, text, text, bigint, text, text, text);
create or replace function public.fn_put_document(
  document_id uuid, subject_id uuid, kind text, content_type text, size bigint, sha256 text, storage_path text, key_version int default 1, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  -- a request that is repeated has stored another file, which its caller takes away again
  input := jsonb_build_object('subject_id', subject_id, 'kind', kind, 'content_type', content_type, 'size', size);
  answer := evergreen.earlier_answer('fn_put_document', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(document_id is not null and kind ~ '^[a-z_]{1,60}$', 'EG400', 'document_id and kind (small letters and underscores) are needed.');
  perform evergreen.refuse_unless(content_type in ('application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'image/webp'), 'EG400', 'The document is no PDF, JPEG, PNG, TIFF or WebP.');
  perform evergreen.refuse_unless(size between 1 and 20971520, 'EG413', 'A document has 1 byte to 20 MB.');
  perform evergreen.refuse_unless(sha256 ~ '^[0-9a-f]{64}$' and storage_path = subject_id || '/' || document_id, 'EG400', 'sha256 is of what is stored, storage_path is the subject and the document.');
  perform evergreen.open_for_writing(subject_id);
  perform evergreen.require_key_version(subject_id, key_version);
  insert into public.documents (document_id, subject_id, kind, content_type, size, sha256, storage_path, recorded_by)
  values (document_id, subject_id, kind, content_type, size, sha256, storage_path, evergreen.actor());
  perform evergreen.audit(null, 'documents', document_id::text, 'document recorded', request_id);
  answer := jsonb_build_object('document_id', document_id);
  perform evergreen.keep_answer('fn_put_document', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_put_document(uuid, uuid, text, text, bigint, text, text, int, text) is
  'Records a document that is stored encrypted: its type by its bytes, its size before and its sha256 after encryption, the data key it is under. EG400, EG403, EG404, EG409, EG413, EG425 another data key since, EG428.';

create or replace function public.fn_read_document(document_id uuid, purpose text default 'review')
returns table (id uuid, subject_id uuid, kind text, content_type text, size bigint, sha256 text, storage_path text, wrapped_key text, master_key_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(purpose ~ '^[a-z-]{1,60}$', 'EG400', 'purpose is a code of small letters and hyphens.');
  return query
    select d.document_id, d.subject_id, d.kind, d.content_type, d.size, d.sha256, d.storage_path, k.wrapped_key, k.master_key_id
      from public.documents d join public.subject_keys k on k.subject_id = d.subject_id
     where d.document_id = fn_read_document.document_id and d.removed_at is null
       and (k.state = 'active' or k.state = 'restricted' and evergreen.role_name() in ('audit_role', 'agent_kyc'));
  perform evergreen.refuse_unless(found, 'EG404', 'No document with that id.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
  select d.subject_id, 'document:' || d.document_id, '{}', fn_read_document.purpose, evergreen.actor() from public.documents d where d.document_id = fn_read_document.document_id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_document(uuid, text) is 'Where a document is stored and the wrapped key that opens it; recorded with its purpose. EG400, EG403, EG404.';

create or replace function public.fn_read_vault_keys() returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('agent_kyc', 'service_role');
  return (select jsonb_object_agg(substr(s.key, 20), s.value) from jsonb_each(
    evergreen.vault_secrets('evergreen_personal_master', 'evergreen_personal_index', 'evergreen_personal_signing')) s);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_vault_keys() is 'Master, index and signing keys of personal data out of Supabase Vault, for who encrypts: workers, never people. EG403, EG404, EG428 no Vault.';
