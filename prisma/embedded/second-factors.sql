-- The second step of a sign-in (TOTP) on an embedded database, in the schema auth beside the sessions: whose authenticators there are, what was asked for, what
-- was tried. A secret stands here sealed under a key that Postgres does not have; what a code is worth is found out by the gateway. The API's login may call
-- these functions and sees no row. A code is used once; after five wrong ones within ten minutes a person waits.
-- No migration: a real Supabase keeps its own schema auth. The stack applies this after its tables (packages/stack/src/bootstrap-auth.ts).

create table if not exists auth.mfa_factors (
  id uuid primary key, user_id uuid not null references auth.users (id) on delete cascade, friendly_name text not null, factor_type text not null default 'totp',
  status text not null default 'unverified' check (status in ('unverified', 'verified')), secret text not null, last_step bigint not null default 0,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
create unique index if not exists mfa_factors_name on auth.mfa_factors (user_id, friendly_name) where friendly_name <> '';
create index if not exists mfa_factors_user on auth.mfa_factors (user_id);
create table if not exists auth.mfa_challenges (
  id uuid primary key default gen_random_uuid(), factor_id uuid not null references auth.mfa_factors (id) on delete cascade,
  created_at timestamptz not null default now(), expires_at timestamptz not null default now() + interval '5 minutes', used_at timestamptz
);
create index if not exists mfa_challenges_factor on auth.mfa_challenges (factor_id);
create table if not exists auth.mfa_tries (
  id bigint generated always as identity primary key, user_id uuid not null references auth.users (id) on delete cascade, at timestamptz not null default now()
);
create index if not exists mfa_tries_user on auth.mfa_tries (user_id, at);
-- how a session was begun and raised, for the claim amr
create table if not exists auth.mfa_amr_claims (
  session_id uuid not null references auth.sessions (id) on delete cascade, authentication_method text not null, created_at timestamptz not null default now(),
  primary key (session_id, authentication_method)
);
alter table auth.mfa_factors enable row level security;
alter table auth.mfa_challenges enable row level security;
alter table auth.mfa_tries enable row level security;
alter table auth.mfa_amr_claims enable row level security;

create or replace function auth.factor_told(p_user uuid, p_action text, p_factor uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into auth.audit_log_entries (id, payload)
  values (gen_random_uuid(), json_build_object('action', p_action, 'actor_id', p_user, 'log_type', 'factor', 'traits', json_build_object('factor_id', p_factor)));
$$;

create or replace function auth.has_factor(p_user uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from auth.mfa_factors f where f.user_id = p_user and f.status = 'verified');
$$;
comment on function auth.has_factor(uuid) is 'Whether this person''s sign-in has a second step.';

create or replace function auth.session_standing(p_session uuid, p_user uuid, p_role text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('aal', coalesce(s.aal, 'aal1'), 'has_factor', auth.has_factor(u.id)) from auth.sessions s join auth.users u on u.id = s.user_id
   where s.id = p_session and u.id = p_user and u.role = p_role and u.deleted_at is null
     and (s.not_after is null or s.not_after > now()) and (u.banned_until is null or u.banned_until < now());
$$;
comment on function auth.session_standing(uuid, uuid, text) is 'How high a session stands and whether its person has a second step; null when it has ended, the account is banned or has another role.';

create or replace function auth.session_assurance(p_session uuid, p_method text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_session auth.sessions;
begin
  select * into v_session from auth.sessions s where s.id = p_session;
  if not found then return null; end if;
  if p_method is not null then
    insert into auth.mfa_amr_claims (session_id, authentication_method) values (p_session, p_method) on conflict do nothing;
  end if;
  return jsonb_build_object('aal', coalesce(v_session.aal, 'aal1'),
    'amr', (select coalesce(jsonb_agg(jsonb_build_object('method', a.authentication_method, 'timestamp', extract(epoch from a.created_at)::bigint) order by a.created_at desc), '[]')
      from auth.mfa_amr_claims a where a.session_id = p_session),
    'factors', (select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'friendly_name', f.friendly_name, 'factor_type', f.factor_type, 'status', f.status,
      'created_at', f.created_at, 'updated_at', f.updated_at) order by f.created_at), '[]') from auth.mfa_factors f where f.user_id = v_session.user_id));
end $$;
comment on function auth.session_assurance(uuid, text) is 'What the claims of a session say of its steps, and the factors of its person; with a method, that the session was begun by it.';

create or replace function auth.factor_add(p_id uuid, p_session uuid, p_name text, p_secret text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_session auth.sessions;
begin
  select * into v_session from auth.sessions s where s.id = p_session;
  if not found then return 'unknown'; end if;
  perform pg_advisory_xact_lock(hashtextextended('evergreen second step ' || v_session.user_id, 0));
  if auth.has_factor(v_session.user_id) and v_session.aal is distinct from 'aal2' then return 'step_due'; end if;
  delete from auth.mfa_factors f where f.user_id = v_session.user_id and f.status = 'unverified' and f.created_at < now() - interval '10 minutes';
  if (select count(*) from auth.mfa_factors f where f.user_id = v_session.user_id) >= 10 then return 'too_many'; end if;
  insert into auth.mfa_factors (id, user_id, friendly_name, secret) values (p_id, v_session.user_id, left(p_name, 100), p_secret) on conflict do nothing;
  if not found then return 'name_taken'; end if;
  perform auth.factor_told(v_session.user_id, 'factor_in_progress', p_id);
  return 'added';
end $$;
comment on function auth.factor_add(uuid, uuid, text, text) is 'Begins an authenticator, which counts from its first right code: added, step_due, too_many, name_taken, unknown.';

create or replace function auth.factor_challenge(p_session uuid, p_factor uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_challenge auth.mfa_challenges;
begin
  if not exists (select from auth.mfa_factors f join auth.sessions s on s.user_id = f.user_id where f.id = p_factor and s.id = p_session) then
    return jsonb_build_object('state', 'unknown');
  end if;
  delete from auth.mfa_challenges c where c.factor_id = p_factor and c.expires_at < now();
  insert into auth.mfa_challenges (factor_id) values (p_factor) returning * into v_challenge;
  return jsonb_build_object('state', 'asked', 'id', v_challenge.id, 'expires_at', extract(epoch from v_challenge.expires_at)::bigint);
end $$;
comment on function auth.factor_challenge(uuid, uuid) is 'Asks for a code, for five minutes: asked with its id, or unknown.';

create or replace function auth.factor_try(p_session uuid, p_factor uuid, p_challenge uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_user uuid; v_secret text; v_try bigint;
begin
  select f.user_id, f.secret into v_user, v_secret from auth.mfa_factors f join auth.sessions s on s.user_id = f.user_id where f.id = p_factor and s.id = p_session;
  if not found then return jsonb_build_object('state', 'unknown'); end if;
  perform pg_advisory_xact_lock(hashtextextended('evergreen second step ' || v_user, 0));
  delete from auth.mfa_tries t where t.user_id = v_user and t.at < now() - interval '10 minutes';
  if (select count(*) from auth.mfa_tries t where t.user_id = v_user) >= 5 then return jsonb_build_object('state', 'locked'); end if;
  if not exists (select from auth.mfa_challenges c where c.id = p_challenge and c.factor_id = p_factor and c.used_at is null and c.expires_at > now()) then
    return jsonb_build_object('state', 'expired');
  end if;
  -- counted before the code is looked at, so that many at once are no more tries than five
  insert into auth.mfa_tries (user_id) values (v_user) returning id into v_try;
  return jsonb_build_object('state', 'try', 'try', v_try::text, 'secret', v_secret);
end $$;
comment on function auth.factor_try(uuid, uuid, uuid) is 'One try: its number and the sealed secret; or unknown, expired, locked after five within ten minutes.';

create or replace function auth.factor_accept(p_session uuid, p_factor uuid, p_challenge uuid, p_try bigint, p_step bigint) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_user uuid; v_token text := gen_random_uuid()::text;
begin
  select s.user_id into v_user from auth.sessions s where s.id = p_session;
  if not found then return jsonb_build_object('state', 'unknown'); end if;
  perform pg_advisory_xact_lock(hashtextextended('evergreen second step ' || v_user, 0));
  update auth.mfa_challenges c set used_at = now() where c.id = p_challenge and c.factor_id = p_factor and c.used_at is null;
  if not found then return jsonb_build_object('state', 'expired'); end if;
  -- a code belongs to a step of time: no step counts twice, and none before one that has counted
  update auth.mfa_factors f set last_step = p_step, status = 'verified', updated_at = now() where f.id = p_factor and f.user_id = v_user and f.last_step < p_step;
  if not found then return jsonb_build_object('state', 'replayed'); end if;
  delete from auth.mfa_tries t where t.id = p_try;
  delete from auth.mfa_factors f where f.user_id = v_user and f.status = 'unverified';
  update auth.sessions s set aal = 'aal2', factor_id = p_factor, updated_at = now() where s.id = p_session;
  insert into auth.mfa_amr_claims (session_id, authentication_method) values (p_session, 'totp')
    on conflict (session_id, authentication_method) do update set created_at = now();
  -- whoever signed in with less is signed out
  delete from auth.sessions s where s.user_id = v_user and s.id <> p_session and s.aal is distinct from 'aal2';
  update auth.refresh_tokens t set revoked = true, updated_at = now() where t.session_id = p_session;
  insert into auth.refresh_tokens (id, token, user_id, session_id) values (gen_random_uuid()::text, v_token, v_user, p_session);
  perform auth.factor_told(v_user, 'verification_attempted', p_factor);
  return jsonb_build_object('state', 'accepted', 'refresh_token', v_token);
end $$;
comment on function auth.factor_accept(uuid, uuid, uuid, bigint, bigint) is 'The code of this step was right: raises the session, ends those with less, and gives the token that renews it; or replayed, expired, unknown.';

create or replace function auth.factor_remove(p_session uuid, p_factor uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_session auth.sessions; v_status text;
begin
  select * into v_session from auth.sessions s where s.id = p_session;
  select f.status into v_status from auth.mfa_factors f where f.id = p_factor and f.user_id = v_session.user_id;
  if not found then return 'unknown'; end if;
  if v_status = 'verified' and v_session.aal is distinct from 'aal2' then return 'step_due'; end if;
  delete from auth.mfa_factors f where f.id = p_factor;
  perform auth.sessions_lowered(v_session.user_id, p_factor);
  perform auth.factor_told(v_session.user_id, 'factor_unenrolled', p_factor);
  return 'removed';
end $$;
comment on function auth.factor_remove(uuid, uuid) is 'Takes an authenticator away: removed, step_due (only after the second step), unknown. Sessions that it raised are lowered.';

create or replace function auth.sessions_lowered(p_user uuid, p_factor uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from auth.mfa_amr_claims a using auth.sessions s where a.session_id = s.id and s.user_id = p_user and s.factor_id = p_factor and a.authentication_method = 'totp';
  update auth.sessions s set aal = 'aal1', factor_id = null, updated_at = now() where s.user_id = p_user and s.factor_id = p_factor;
$$;

create or replace function auth.session_as(p_session uuid, p_aal text, p_factor uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- only with a factor that still is
  update auth.sessions s set aal = p_aal, factor_id = p_factor
   where s.id = p_session and p_aal = 'aal2' and exists (select from auth.mfa_factors f where f.id = p_factor and f.user_id = s.user_id and f.status = 'verified');
  if found then insert into auth.mfa_amr_claims (session_id, authentication_method) values (p_session, 'totp') on conflict do nothing; end if;
end $$;
comment on function auth.session_as(uuid, text, uuid) is 'The new session of a device stands as high as the one in which it was approved.';

create or replace function auth.factor_reset(p_email text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v_user uuid; v_factors bigint; v_sessions bigint;
begin
  select u.id into v_user from auth.users u where u.email = lower(btrim(p_email)) and u.deleted_at is null;
  if not found then return null; end if;
  delete from auth.mfa_factors f where f.user_id = v_user;
  get diagnostics v_factors = row_count;
  delete from auth.mfa_tries t where t.user_id = v_user;
  delete from auth.sessions s where s.user_id = v_user;
  get diagnostics v_sessions = row_count;
  perform auth.factor_told(v_user, 'factor_deleted', null);
  return jsonb_build_object('user_id', v_user, 'factors', v_factors, 'sessions', v_sessions);
end $$;
comment on function auth.factor_reset(text) is 'For whoever runs the installation: takes all authenticators of a person away and ends every session. Null: there is no such account.';

revoke execute on function auth.factor_told(uuid, text, uuid), auth.has_factor(uuid), auth.session_standing(uuid, uuid, text), auth.session_assurance(uuid, text), auth.factor_add(uuid, uuid, text, text),
  auth.factor_challenge(uuid, uuid), auth.factor_try(uuid, uuid, uuid), auth.factor_accept(uuid, uuid, uuid, bigint, bigint), auth.factor_remove(uuid, uuid),
  auth.sessions_lowered(uuid, uuid), auth.session_as(uuid, text, uuid), auth.factor_reset(text) from public;

do $$ begin
  if exists (select from pg_roles where rolname = 'evergreen_api') then
    grant execute on function auth.session_standing(uuid, uuid, text), auth.session_assurance(uuid, text), auth.factor_add(uuid, uuid, text, text), auth.factor_challenge(uuid, uuid),
      auth.factor_try(uuid, uuid, uuid), auth.factor_accept(uuid, uuid, uuid, bigint, bigint), auth.factor_remove(uuid, uuid), auth.session_as(uuid, text, uuid) to evergreen_api;
  end if;
end $$;
