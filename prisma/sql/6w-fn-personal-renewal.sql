-- A new data key for one subject: what stands under the old one is encrypted anew outside, and both change places in one transaction.

create or replace function public.fn_list_old_subject_keys(made_before timestamptz, after uuid default null, max_keys int default 500) returns table (subject_id uuid, key_made_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(isfinite(made_before) and max_keys between 1 and 5000, 'EG400', 'made_before (a time) and max_keys (1 to 5,000) are needed.');
  return query
    select k.subject_id, k.key_made_at from public.subject_keys k
     where k.state <> 'destroyed' and k.key_made_at < made_before and (fn_list_old_subject_keys.after is null or k.subject_id > fn_list_old_subject_keys.after)
     order by k.subject_id limit max_keys;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_old_subject_keys(timestamptz, uuid, int) is 'Subjects whose data key was made before a time, in the order of their ids. EG400, EG403.';

create or replace function public.fn_read_subject_cipher(subject_id uuid) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  -- key and what stands under it in one statement, so that they are of one moment
  select jsonb_build_object('subject_id', k.subject_id, 'state', k.state, 'wrapped_key', k.wrapped_key, 'master_key_id', k.master_key_id, 'key_version', k.key_version,
      'values', (select coalesce(jsonb_agg(jsonb_build_object('value_id', p.value_id, 'field', p.field, 'ciphertext', p.ciphertext) order by p.value_id), '[]')
          from public.personal_values p where p.subject_id = k.subject_id and p.ciphertext is not null),
      'accounts', (select coalesce(jsonb_agg(jsonb_build_object('account_id', b.account_id, 'sealed', b.sealed) order by b.account_id), '[]')
          from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id where i.party_id = k.subject_id and b.sealed is not null),
      'documents', (select coalesce(jsonb_agg(jsonb_build_object('document_id', d.document_id, 'storage_path', d.storage_path, 'sha256', d.sha256) order by d.document_id), '[]')
          from public.documents d where d.subject_id = k.subject_id and d.removed_at is null))
    into answer from public.subject_keys k where k.subject_id = fn_read_subject_cipher.subject_id;
  perform evergreen.refuse_unless(answer is not null, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(answer ->> 'state' <> 'destroyed', 'EG428', 'The subject was erased; nothing is kept of it.');
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by) values (subject_id, 'values', '{}', 'new-data-key', evergreen.actor());
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_subject_cipher(uuid) is 'Everything that stands under the data key of a subject, with the key as it is wrapped: to be encrypted under another one. The reading is recorded. EG403, EG404, EG428 erased.';

create or replace function public.fn_renew_subject_key(
  subject_id uuid, was text, wrapped_key text, master_key_id text, field_values jsonb, accounts jsonb, documents jsonb, request_id text default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  k public.subject_keys;
  gone jsonb;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  -- never a key: what answers to a request id is kept
  input := jsonb_build_object('subject_id', subject_id, 'was', encode(sha256(convert_to(coalesce(was, ''), 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_renew_subject_key', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(wrapped_key ~ '^v1\.[A-Za-z0-9+/]{80}$' and wrapped_key <> was and master_key_id ~ '^[a-z0-9-]{1,60}$', 'EG400', 'wrapped_key is a new key of 32 bytes, wrapped; master_key_id names what wrapped it.');
  perform evergreen.refuse_unless(jsonb_typeof(field_values) = 'array' and jsonb_typeof(accounts) = 'array' and jsonb_typeof(documents) = 'array', 'EG400', 'field_values, accounts and documents are lists.');
  perform evergreen.refuse_unless(octet_length(field_values::text) + octet_length(accounts::text) + octet_length(documents::text) <= 20000000, 'EG413', 'What stands under the key is larger than 20 MB.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(field_values) v where (jsonb_typeof(v) = 'object' and v ->> 'value_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and v ->> 'ciphertext' ~ '^v1\.[A-Za-z0-9+/]+=*$') is not true), 'EG400', 'Each of field_values has value_id and ciphertext.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(accounts) a where (jsonb_typeof(a) = 'object' and a ->> 'account_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and a ->> 'sealed' ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a ->> 'sealed') between 40 and 4000) is not true), 'EG400', 'Each of accounts has account_id and sealed.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(documents) d where (jsonb_typeof(d) = 'object' and d ->> 'document_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and d ->> 'sha256' ~ '^[0-9a-f]{64}$' and d ->> 'storage_path' ~ ('^' || subject_id || '/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')) is not true), 'EG400', 'Each of documents has document_id, sha256 and storage_path.');
  -- whoever writes under the old key is done, or waits and is refused
  select * into k from public.subject_keys x where x.subject_id = fn_renew_subject_key.subject_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No personal data is kept under that id.');
  perform evergreen.refuse_unless(k.state <> 'destroyed', 'EG428', 'The subject was erased; nothing is kept of it.');
  perform evergreen.refuse_unless(k.wrapped_key = was, 'EG425', 'The key has changed since it was read; read again.');
  -- the old key is destroyed by what follows: nothing may be left under it
  perform evergreen.refuse_unless(
    (select coalesce(array_agg(p.value_id order by p.value_id), '{}') from public.personal_values p where p.subject_id = k.subject_id and p.ciphertext is not null)
      = (select coalesce(array_agg((v ->> 'value_id')::uuid order by (v ->> 'value_id')::uuid), '{}') from jsonb_array_elements(field_values) v)
    and (select coalesce(array_agg(b.account_id order by b.account_id), '{}') from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id where i.party_id = k.subject_id and b.sealed is not null)
      = (select coalesce(array_agg((a ->> 'account_id')::uuid order by (a ->> 'account_id')::uuid), '{}') from jsonb_array_elements(accounts) a)
    and (select coalesce(array_agg(d.document_id order by d.document_id), '{}') from public.documents d where d.subject_id = k.subject_id and d.removed_at is null)
      = (select coalesce(array_agg((d ->> 'document_id')::uuid order by (d ->> 'document_id')::uuid), '{}') from jsonb_array_elements(documents) d),
    'EG425', 'Something was added under the old key since it was read; read again.');
  select coalesce(jsonb_agg(d.storage_path order by d.storage_path), '[]') into gone from public.documents d where d.subject_id = k.subject_id and d.removed_at is null;
  update public.personal_values p set ciphertext = v.ciphertext from jsonb_to_recordset(field_values) v (value_id uuid, ciphertext text) where p.value_id = v.value_id and p.subject_id = k.subject_id;
  update public.bank_accounts b set sealed = a.sealed from jsonb_to_recordset(accounts) a (account_id uuid, sealed text) where b.account_id = a.account_id;
  update public.documents o set storage_path = d.storage_path, sha256 = d.sha256 from jsonb_to_recordset(documents) d (document_id uuid, storage_path text, sha256 text)
   where o.document_id = d.document_id and o.subject_id = k.subject_id;
  update public.subject_keys x set wrapped_key = fn_renew_subject_key.wrapped_key, master_key_id = fn_renew_subject_key.master_key_id, key_version = k.key_version + 1, key_made_at = clock_timestamp()
   where x.subject_id = k.subject_id;
  perform evergreen.audit(null, 'subject_keys', subject_id::text, 'new data key: ' || jsonb_array_length(field_values) || ' values, ' || jsonb_array_length(accounts) || ' accounts, '
    || jsonb_array_length(documents) || ' documents', request_id);
  answer := jsonb_build_object('subject_id', subject_id, 'key_version', k.key_version + 1, 'gone', gone);
  perform evergreen.keep_answer('fn_renew_subject_key', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_renew_subject_key(uuid, text, text, text, jsonb, jsonb, jsonb, text) is
  'Puts a new data key and everything encrypted under it in the place of the old ones, all or nothing; the old key is destroyed and files whose paths it answers (gone) can go. EG400, EG403, EG404, EG409, EG413, EG425 the key changed or something was added since it was read, EG428 erased.';
