-- Sign-ins of the command line by device code (RFC 8628) on an embedded database: a book of hashes in the schema auth, beside the sessions, and its steps
-- as functions. The API's login may call these and sees no row. Codes live ten minutes; a person who enters five that there are not waits as long.
-- No migration: a real Supabase keeps its own schema auth. The stack applies this before the first migration (packages/stack/src/bootstrap-auth.ts).

create table if not exists auth.device_logins (
  device_hash text primary key, code_hash text not null, host text not null, address text not null,
  asked_at timestamptz not null default now(), expires_at timestamptz not null, polled_at timestamptz, seconds_between int not null default 5,
  seen_by uuid, decided_by uuid, approved boolean, decided_at timestamptz, used_at timestamptz
);
create unique index if not exists device_logins_code on auth.device_logins (code_hash);
create table if not exists auth.device_tries (user_id uuid not null, at timestamptz not null default now());
create index if not exists device_tries_user on auth.device_tries (user_id, at);
-- how high the approving session stood, which the device's session then does too
alter table auth.device_logins add column if not exists aal text, add column if not exists factor_id uuid;
alter table auth.device_logins enable row level security;
alter table auth.device_tries enable row level security;

create or replace function auth.device_ask(p_device text, p_code text, p_host text, p_address text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from auth.device_logins d where d.expires_at < now() - interval '1 day';
  delete from auth.device_tries t where t.at < now() - interval '1 day';
  insert into auth.device_logins (device_hash, code_hash, host, address, expires_at)
  values (p_device, p_code, left(p_host, 100), left(p_address, 64), now() + interval '10 minutes') on conflict do nothing;
  return found;
end $$;
comment on function auth.device_ask(text, text, text, text) is 'Begins a sign-in of a device; false when a code is taken, and then another is drawn.';

-- The row that this person may decide now, bound to whoever looked first; a wrong code is counted. Null: there is none, or too many were wrong.
create or replace function auth.device_found(p_code text, p_who uuid) returns auth.device_logins
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_row auth.device_logins;
begin
  perform pg_advisory_xact_lock(hashtextextended('evergreen device tries ' || p_who, 0));
  if (select count(*) from auth.device_tries t where t.user_id = p_who and t.at > now() - interval '10 minutes') >= 5 then return null; end if;
  update auth.device_logins d set seen_by = p_who
   where d.code_hash = p_code and d.expires_at > now() and d.approved is null and coalesce(d.seen_by, p_who) = p_who returning d.* into v_row;
  if not found then insert into auth.device_tries (user_id) values (p_who); end if;
  return v_row;
end $$;

create or replace function auth.device_look(p_code text, p_who uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_row auth.device_logins := auth.device_found(p_code, p_who);
begin
  if v_row.device_hash is null then
    return jsonb_build_object('state', case when (select count(*) from auth.device_tries t where t.user_id = p_who and t.at > now() - interval '10 minutes') >= 5
      then 'locked' else 'unknown' end);
  end if;
  return jsonb_build_object('state', 'found', 'host', v_row.host, 'address', v_row.address, 'asked_at', v_row.asked_at, 'expires_at', v_row.expires_at);
end $$;
comment on function auth.device_look(text, uuid) is 'What is asked with this code: found with host, address and times; unknown; locked after five wrong codes within ten minutes.';

drop function if exists auth.device_decide(text, uuid, boolean);
create or replace function auth.device_decide(p_code text, p_who uuid, p_approve boolean, p_session uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_found jsonb := auth.device_look(p_code, p_who);
begin
  if v_found ->> 'state' <> 'found' then return v_found; end if;
  update auth.device_logins d set approved = p_approve, decided_by = p_who, decided_at = now(), aal = s.aal, factor_id = s.factor_id
    from auth.sessions s where d.code_hash = p_code and s.id = p_session and s.user_id = p_who;
  if not found then return jsonb_build_object('state', 'unknown'); end if;
  return jsonb_build_object('state', 'decided');
end $$;
comment on function auth.device_decide(text, uuid, boolean, uuid) is 'Approves or refuses once, as the person who looked; decided, or what device_look says.';

create or replace function auth.device_collect(p_device text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_row auth.device_logins;
begin
  select * into v_row from auth.device_logins d where d.device_hash = p_device for update;
  if not found or v_row.used_at is not null then return jsonb_build_object('state', 'invalid'); end if;
  if v_row.expires_at <= now() then return jsonb_build_object('state', 'expired'); end if;
  if v_row.approved is null then
    if v_row.polled_at > clock_timestamp() - make_interval(secs => v_row.seconds_between - 1) then
      update auth.device_logins d set polled_at = clock_timestamp(), seconds_between = least(d.seconds_between + 5, 60) where d.device_hash = p_device;
      return jsonb_build_object('state', 'slow_down');
    end if;
    update auth.device_logins d set polled_at = clock_timestamp() where d.device_hash = p_device;
    return jsonb_build_object('state', 'pending');
  end if;
  update auth.device_logins d set used_at = now() where d.device_hash = p_device;
  if not v_row.approved then return jsonb_build_object('state', 'refused'); end if;
  return coalesce((select jsonb_build_object('state', 'approved', 'email', u.email, 'aal', v_row.aal, 'factor_id', v_row.factor_id) from auth.users u
    where u.id = v_row.decided_by and u.deleted_at is null and (u.banned_until is null or u.banned_until < now())), jsonb_build_object('state', 'refused'));
end $$;
comment on function auth.device_collect(text) is 'What the device learns: pending, slow_down, refused, expired, invalid, or once only approved, with whose session it gets.';

revoke execute on function auth.device_ask(text, text, text, text), auth.device_found(text, uuid), auth.device_look(text, uuid), auth.device_decide(text, uuid, boolean, uuid),
  auth.device_collect(text) from public;

do $$ begin
  if exists (select from pg_roles where rolname = 'evergreen_api') then
    grant execute on function auth.device_ask(text, text, text, text), auth.device_look(text, uuid), auth.device_decide(text, uuid, boolean, uuid), auth.device_collect(text) to evergreen_api;
  end if;
end $$;
