-- Who there is. Everything is created only if absent, so that Supabase's own roles stay as they are.
-- Applications log in as evergreen_app or evergreen_api (NOINHERIT: they hold nothing until `set local role`).
do $$
declare
  name text;
begin
  foreach name in array array[
    'anon', 'authenticated', 'service_role', 'pm_role', 'lp_role', 'ops_role', 'audit_role', 'demo_role',
    'agent_commander', 'agent_rebalancing', 'agent_liquidity_engine', 'agent_compliance_sentinel',
    'agent_risk_guardian', 'agent_kyc', 'agent_simulation', 'agent_tokenization', 'evergreen_owner'
  ] loop
    if not exists (select from pg_catalog.pg_roles r where r.rolname = name) then
      execute format('create role %I nologin noinherit nobypassrls', name);
    end if;
  end loop;
  foreach name in array array['evergreen_app', 'evergreen_api', 'evergreen_readonly'] loop
    if not exists (select from pg_catalog.pg_roles r where r.rolname = name) then
      execute format('create role %I login noinherit nobypassrls', name);
    end if;
  end loop;
  -- The workers and the dispatcher act as an agent or the service; staff and investors come in through the API login.
  foreach name in array array[
    'service_role', 'pm_role', 'lp_role', 'ops_role', 'audit_role', 'demo_role', 'agent_commander', 'agent_rebalancing',
    'agent_liquidity_engine', 'agent_compliance_sentinel', 'agent_risk_guardian', 'agent_kyc', 'agent_simulation', 'agent_tokenization'
  ] loop
    execute format('grant %I to evergreen_app', name);
  end loop;
  foreach name in array array['anon', 'authenticated', 'pm_role', 'lp_role', 'ops_role', 'audit_role'] loop
    execute format('grant %I to evergreen_api', name);
  end loop;
  -- On Supabase, PostgREST logs in as authenticator and becomes the role that the token names.
  if exists (select from pg_catalog.pg_roles r where r.rolname = 'authenticator') then
    grant pm_role, lp_role, ops_role, audit_role to authenticator;
  end if;
  execute format('grant evergreen_owner to %I', current_user);
end $$;

-- Waiting has an end for every login: a stuck caller gets an error, not the whole system.
alter role evergreen_app set lock_timeout = '10s';
alter role evergreen_app set statement_timeout = '60s';
alter role evergreen_app set idle_in_transaction_session_timeout = '60s';
alter role evergreen_api set lock_timeout = '5s';
alter role evergreen_api set statement_timeout = '15s';
alter role evergreen_api set idle_in_transaction_session_timeout = '15s';
alter role evergreen_readonly set default_transaction_read_only = on;
alter role evergreen_readonly set statement_timeout = '60s';

create schema if not exists evergreen;
revoke all on schema evergreen from public;
-- policies of lp_role call functions there; nobody else needs to look in
grant usage on schema evergreen to evergreen_owner, lp_role;
grant create on schema public, evergreen to evergreen_owner;
revoke create on schema public from public;
