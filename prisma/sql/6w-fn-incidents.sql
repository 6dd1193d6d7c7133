-- Incident mode: one switch per fund that stops dealing, actions on its chain and notices to investors together. One person opens it, two close it.

create or replace function evergreen.refuse_in_incident() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- the first look costs nothing while no fund has an incident
  if exists (select from public.incidents i where i.closed_at is null) and exists (
    select from changed c cross join lateral (select to_jsonb(c) as body) b
      join public.incidents i on i.closed_at is null and i.fund_id = coalesce((b.body ->> 'fund_id')::uuid,
        (select k.fund_id from public.share_classes k where k.share_class_id = (b.body ->> 'share_class_id')::uuid),
        (select d.fund_id from public.dealing_days d where d.dealing_day_id = (b.body ->> 'dealing_day_id')::uuid))
     -- what only stops more goes on: units are paused and frozen, clearance is taken away; and chain and register are compared, since what is known goes on being known
     where coalesce(b.body ->> 'kind', '') not in ('pause', 'freeze', 'claim_revoke', 'reconcile')) then
    raise exception using errcode = 'EG433', message = 'An incident of this fund is open: dealing, actions on its chain and notices wait until two people have closed it.';
  end if;
  return null;
end $$;
comment on function evergreen.refuse_in_incident() is 'Refuses every write to the tables of dealing, chain and notices of a fund whose incident is open (EG433); runs ask again until it is closed.';

do $$
declare
  name text;
begin
  foreach name in array array['fund_flows', 'dealing_days', 'nav_strikes', 'ledger_transactions', 'cash_movements', 'restatements', 'in_kind_deliveries', 'repurchase_offers',
    'payment_files', 'statements', 'tokenization_actions'] loop
    execute format('create or replace trigger incident_insert after insert on public.%I referencing new table as changed for each statement execute function evergreen.refuse_in_incident()', name);
    execute format('create or replace trigger incident_update after update on public.%I referencing new table as changed for each statement execute function evergreen.refuse_in_incident()', name);
  end loop;
  -- no contract and no wallet comes to a chain; what is known of those that are there (paused, compared, frozen) goes on being written
  foreach name in array array['token_contracts', 'wallets'] loop
    execute format('create or replace trigger incident_insert after insert on public.%I referencing new table as changed for each statement execute function evergreen.refuse_in_incident()', name);
  end loop;
end $$;

create or replace function public.fn_open_incident(fund text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  made public.incidents;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'reason', reason);
  answer := evergreen.earlier_answer('fn_open_incident', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) >= 10 and length(reason) <= 1900, 'EG400', 'reason has 10 to 1,900 characters.');
  perform evergreen.harmless_text('fn_open_incident', to_jsonb(reason));
  -- what writes to the fund holds this row: it is through before the switch, or meets it
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(not exists (select from public.incidents i where i.fund_id = of_fund.fund_id and i.closed_at is null), 'EG428', 'An incident of this fund is open already.');
  insert into public.incidents (fund_id, reason, opened_by) values (of_fund.fund_id, btrim(fn_open_incident.reason), evergreen.actor()) returning * into made;
  perform evergreen.emit('INCIDENT_OPENED', of_fund.fund_id, jsonb_build_object('incident_id', made.incident_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'incidents', made.incident_id::text, 'incident opened', request_id);
  perform evergreen.pause_for_incident(made);
  answer := jsonb_build_object('incident_id', made.incident_id, 'state', 'open');
  perform evergreen.keep_answer('fn_open_incident', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_incident(text, text, text) is
  'Stops dealing, actions on the chain and notices of a fund at once, and asks for its share contracts to be paused; whoever sees the danger does it alone, with a reason. Returns {incident_id, state}. EG400, EG404, EG428 open already.';

create or replace function public.fn_close_incident(incident_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  i public.incidents;
  state text := 'asked';
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('incident_id', incident_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_close_incident', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(btrim(reason)) >= 10 and length(reason) <= 1900, 'EG400', 'reason has 10 to 1,900 characters.');
  perform evergreen.harmless_text('fn_close_incident', to_jsonb(reason));
  select * into i from public.incidents x where x.incident_id = fn_close_incident.incident_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No incident with that id.');
  perform evergreen.refuse_unless(i.closed_at is null, 'EG428', 'The incident is closed.');
  perform evergreen.refuse_unless(i.close_asked_by is distinct from evergreen.actor(), 'EG420', 'You have asked for it: another person closes the incident.');
  if i.close_asked_by is null then
    update public.incidents x set close_asked_by = evergreen.actor(), close_asked_at = now(), close_reason = btrim(fn_close_incident.reason) where x.incident_id = i.incident_id;
    perform evergreen.emit('INCIDENT_CLOSE_ASKED', i.fund_id, jsonb_build_object('incident_id', i.incident_id), evergreen.actor(), '{}', '{}', request_id);
  else
    state := 'closed';
    update public.incidents x set closed_by = evergreen.actor(), closed_at = now(), closed_reason = btrim(fn_close_incident.reason) where x.incident_id = i.incident_id;
    perform evergreen.emit('INCIDENT_CLOSED', i.fund_id, jsonb_build_object('incident_id', i.incident_id), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.resume_after_incident(i);
  end if;
  perform evergreen.audit(i.fund_id, 'incidents', i.incident_id::text, case state when 'asked' then 'closing of the incident asked for' else 'incident closed' end, request_id);
  answer := jsonb_build_object('incident_id', i.incident_id, 'state', state);
  perform evergreen.keep_answer('fn_close_incident', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_close_incident(uuid, text, text) is
  'The first person asks to close an incident, another one closes it; both give their reason. The end of the pause on the chain is asked for then, and two people approve it. Returns {incident_id, state: asked | closed}. EG400, EG404, EG420 the same person, EG428 closed already.';
