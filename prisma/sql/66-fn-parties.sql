-- Parties: who stands behind investors and applicants, how they are linked, and the policy of what they owe. Names are kept elsewhere, encrypted.

create or replace function evergreen.new_party(of_kind text, is_synthetic boolean default false, review timestamptz default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
begin
  insert into public.parties (party_id, kind, code, synthetic, next_review) values (id, of_kind, 'PY-' || upper(left(replace(id::text, '-', ''), 10)), is_synthetic, review);
  return id;
end $$;
comment on function evergreen.new_party(text, boolean, timestamptz) is 'A party with an opaque code.';

create or replace function evergreen.give_party() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.party_id is null then
    new.party_id := evergreen.new_party('unstated', tg_table_name = 'investors' and coalesce((to_jsonb(new) ->> 'synthetic')::boolean, false), (to_jsonb(new) ->> 'kyc_valid_until')::timestamptz);
  end if;
  return new;
end $$;
comment on function evergreen.give_party() is 'Every investor and applicant has a party: one that comes without gets its own, of a kind nobody has stated yet.';
create or replace trigger give_party before insert on public.investors for each row execute function evergreen.give_party();
create or replace trigger give_party before insert on public.investors_pending_kyc for each row execute function evergreen.give_party();

-- who was there before there were parties gets one each; when a row was last changed stays as it was, because invariants compare it
do $$
begin
  if exists (select from public.investors i where i.party_id is null) or exists (select from public.investors_pending_kyc p where p.party_id is null) then
    alter table public.investors disable trigger user;
    alter table public.investors_pending_kyc disable trigger user;
    with fresh as materialized (
      select i.investor_id, i.synthetic, i.kyc_valid_until, gen_random_uuid() as id from public.investors i where i.party_id is null
    ), made as (
      insert into public.parties (party_id, kind, code, synthetic, next_review)
      select f.id, 'unstated', 'PY-' || upper(left(replace(f.id::text, '-', ''), 10)), f.synthetic, f.kyc_valid_until from fresh f
    )
    update public.investors i set party_id = f.id from fresh f where f.investor_id = i.investor_id;
    update public.investors_pending_kyc p set party_id = i.party_id from public.investors i where i.investor_id = p.investor_id and p.party_id is null;
    with fresh as materialized (
      select p.pending_id, gen_random_uuid() as id from public.investors_pending_kyc p where p.party_id is null
    ), made as (
      insert into public.parties (party_id, kind, code) select f.id, 'unstated', 'PY-' || upper(left(replace(f.id::text, '-', ''), 10)) from fresh f
    )
    update public.investors_pending_kyc p set party_id = f.id from fresh f where f.pending_id = p.pending_id;
    alter table public.investors enable trigger user;
    alter table public.investors_pending_kyc enable trigger user;
  end if;
  perform evergreen.add_check('investors', 'investors_party', 'party_id is not null');
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_party', 'party_id is not null');
end $$;

create or replace function evergreen.links_in_force(at date default current_date) returns setof public.party_links
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.* from public.party_links l where l.effective_from <= at and not l.ended and not exists (
    select from public.party_links n where n.owned_id = l.owned_id and n.owner_id = l.owner_id and n.kind = l.kind and n.effective_from <= at
       and (n.effective_from, n.version) > (l.effective_from, l.version))
$$;
comment on function evergreen.links_in_force(date) is 'Links that hold on a day: of an owner, an owned party and a kind the latest, unless it ended.';

create or replace function evergreen.parties_behind(of_party uuid) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive behind (party_id) as (
    select of_party
    union
    select l.owner_id from behind b join public.party_links l on l.owned_id = b.party_id
     where l.effective_from <= evergreen.clock()::date and not l.ended and not exists (
       select from public.party_links n where n.owned_id = l.owned_id and n.owner_id = l.owner_id and n.kind = l.kind and n.effective_from <= evergreen.clock()::date
          and (n.effective_from, n.version) > (l.effective_from, l.version))
  )
  select b.party_id from behind b where b.party_id is not null
$$;
comment on function evergreen.parties_behind(uuid) is 'The party itself and everybody who stands behind it today, through any number of links and round every circle once.';

create or replace function evergreen.parties_before(of_party uuid) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with recursive fronted (party_id) as (
    select of_party
    union
    select l.owned_id from fronted f join public.party_links l on l.owner_id = f.party_id
     where l.effective_from <= evergreen.clock()::date and not l.ended and not exists (
       select from public.party_links n where n.owned_id = l.owned_id and n.owner_id = l.owner_id and n.kind = l.kind and n.effective_from <= evergreen.clock()::date
          and (n.effective_from, n.version) > (l.effective_from, l.version))
  )
  select f.party_id from fronted f where f.party_id is not null
$$;
comment on function evergreen.parties_before(uuid) is 'The party itself and everybody whom it stands behind today.';

create or replace function evergreen.is_frozen(of_party uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- nearly always nobody is, and every order asks
  if not exists (select from public.parties p where p.frozen_at is not null) then
    return false;
  end if;
  return exists (select from evergreen.parties_behind(of_party) b join public.parties p on p.party_id = b and p.frozen_at is not null);
end $$;
comment on function evergreen.is_frozen(uuid) is 'Whether the party or anybody behind it is frozen: no orders, no units, no payments.';

create or replace function evergreen.party_stopped(of_party uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return evergreen.is_frozen(of_party)
    -- a match that nobody has decided stops as one that was: money waits, nobody is told why
    or (exists (select from public.screening_candidates) and exists (
      select from evergreen.parties_behind(of_party) b where exists (select from public.screening_candidates x where x.party_id = b) and evergreen.screening_standing(b) in ('open', 'refused')));
end $$;
comment on function evergreen.party_stopped(uuid) is 'Whether orders of the party stop: it or anybody behind it is frozen, or a possible match of theirs is not decided.';

create or replace function evergreen.investor_stopped(of_investor uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.party_stopped((select i.party_id from public.investors i where i.investor_id = of_investor))
$$;
comment on function evergreen.investor_stopped(uuid) is 'Whether units and money of the investor stop because of who stands behind it.';

create or replace function evergreen.screening_of(of_party uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- a platform that never set a list screens nobody; from the first one on everybody behind an applicant is screened, and switching lists off clears nobody
  if not exists (select from public.watchlists) then
    return 'none';
  end if;
  return (select s.standing from (select evergreen.screening_standing(b) as standing from evergreen.parties_behind(of_party) b) s
    order by array_position(array['refused', 'open', 'unscreened', 'clear'], s.standing) limit 1);
end $$;
comment on function evergreen.screening_of(uuid) is 'The worst standing of the party and everybody behind it: refused, open, unscreened, clear; none where no list was ever set.';

create or replace function evergreen.kyc_policy() returns public.kyc_policies
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p from public.kyc_policies p where p.effective_from <= evergreen.clock()::date order by p.effective_from desc, p.version desc limit 1
$$;
comment on function evergreen.kyc_policy() is 'The KYC policy in force.';

create or replace function public.fn_register_party(kind text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('kind', kind);
  answer := evergreen.earlier_answer('fn_register_party', request_id, input);
  if answer is not null then
    return (answer ->> 'party_id')::uuid;
  end if;
  perform evergreen.refuse_unless(kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation'), 'EG400', 'kind is natural_person, company, partnership, trust or foundation.');
  id := evergreen.new_party(kind);
  perform evergreen.emit('PARTY_REGISTERED', null, jsonb_build_object('party_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'parties', id::text, 'party registered as ' || kind, request_id);
  perform evergreen.keep_answer('fn_register_party', request_id, input, jsonb_build_object('party_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_register_party(text, text) is 'Registers a party; its name and other personal data go to the vault of personal values under the id it returns. EG400.';

create or replace function public.fn_link_parties(owner_id uuid, owned_id uuid, kind text, share numeric default null, effective_from date default null, ended boolean default false, request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  from_day date;
  id uuid := gen_random_uuid();
  held numeric;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('owner_id', owner_id, 'owned_id', owned_id, 'kind', kind, 'share', share, 'effective_from', effective_from, 'ended', ended);
  answer := evergreen.earlier_answer('fn_link_parties', request_id, input);
  if answer is not null then
    return (answer ->> 'link_id')::uuid;
  end if;
  from_day := coalesce(fn_link_parties.effective_from, evergreen.clock()::date);
  perform evergreen.refuse_unless(fn_link_parties.owner_id <> fn_link_parties.owned_id, 'EG400', 'A party cannot stand behind itself.');
  perform evergreen.refuse_unless(fn_link_parties.kind in ('ownership', 'control', 'director', 'trustee', 'settlor', 'protector', 'beneficiary'), 'EG400',
    'kind is ownership, control, director, trustee, settlor, protector or beneficiary.');
  perform evergreen.refuse_unless(fn_link_parties.ended is not null and isfinite(from_day), 'EG400', 'effective_from is a date and ended true or false.');
  perform evergreen.refuse_unless(case when fn_link_parties.kind = 'ownership' and not fn_link_parties.ended then coalesce(fn_link_parties.share > 0 and fn_link_parties.share <= 1, false)
    else fn_link_parties.share is null end, 'EG400', 'share is a part of one above 0 for ownership, and left out for every other kind and for an end.');
  -- one writer per owned party: shares of one whole are added up
  perform 1 from public.parties p where p.party_id = fn_link_parties.owned_id for no key update;
  perform evergreen.refuse_unless(found and exists (select from public.parties p where p.party_id = fn_link_parties.owner_id), 'EG404', 'No party with that id.');
  insert into public.party_links (link_id, owner_id, owned_id, kind, version, share, ended, effective_from, created_by)
  select id, fn_link_parties.owner_id, fn_link_parties.owned_id, fn_link_parties.kind, 1 + coalesce(max(l.version), 0), fn_link_parties.share, fn_link_parties.ended, from_day, evergreen.actor()
    from public.party_links l where l.owned_id = fn_link_parties.owned_id and l.owner_id = fn_link_parties.owner_id and l.kind = fn_link_parties.kind;
  select sum(l.share) into held from evergreen.links_in_force(greatest(from_day, evergreen.clock()::date)) l where l.owned_id = fn_link_parties.owned_id and l.kind = 'ownership';
  perform evergreen.refuse_unless(coalesce(held, 0) <= 1, 'EG424', 'More than the whole of the party would be owned.');
  perform evergreen.emit('PARTIES_LINKED', null, jsonb_build_object('link_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'party_links', id::text, 'link of parties recorded: ' || fn_link_parties.kind || case when fn_link_parties.ended then ', ended' else '' end, request_id);
  perform evergreen.keep_answer('fn_link_parties', request_id, input, jsonb_build_object('link_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_link_parties(uuid, uuid, text, numeric, date, boolean, text) is
  'Says who stands behind whom from a day on (today when left out): share is of ownership, 0 to 1; ended ends the link. Returns link_id. EG400, EG404, EG424 more than the whole.';

create or replace function public.fn_set_kyc_policy(body jsonb, effective_from date, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  made public.kyc_policies;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('body', body, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_kyc_policy', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(isfinite(fn_set_kyc_policy.effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 65536 and body ?& array['ownership', 'evidence', 'requirements', 'refresh', 'risk', 'cases'],
    'EG400', 'body is a KYC policy of at most 64 KB: ownership, evidence, requirements, refresh, risk, cases.');
  -- what the database reads of it itself
  perform evergreen.refuse_unless((select bool_and((body #>> array['cases', 'dueHours', s])::int between 1 and 8760 and jsonb_typeof(body #> array['cases', 'secondPerson', s]) = 'array')
      from unnest(array['notice', 'warning', 'critical']) s), 'EG400', 'cases says for notice, warning and critical the hours until due and which verdicts take a second person.');
  perform evergreen.refuse_unless((select bool_and(body #> array['cases', 'secondPerson', s] ? 'true_match') from unnest(array['notice', 'warning', 'critical']) s),
    'EG424', 'A true match always takes a second person.');
  perform evergreen.refuse_unless((body #>> '{refresh,years,high}')::int = 1 and (select bool_and((body #>> array['refresh', 'years', l])::int between 1 and 5) from unnest(array['unrated', 'low', 'medium']) l)
      and (body #>> '{refresh,leadDays}')::int between 0 and 180, 'EG424', 'High risk is looked at again every year, everybody else within five (R51).');
  perform pg_advisory_xact_lock(hashtextextended('kyc_policies', 0));
  insert into public.kyc_policies (version, effective_from, body, hash, set_by)
  select 1 + coalesce(max(p.version), 0), fn_set_kyc_policy.effective_from, fn_set_kyc_policy.body, encode(sha256(convert_to(fn_set_kyc_policy.body::text, 'UTF8')), 'hex'), evergreen.actor()
    from public.kyc_policies p returning * into made;
  perform evergreen.emit('KYC_POLICY_SET', null, jsonb_build_object('policy_id', made.policy_id, 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'kyc_policies', made.policy_id::text, 'KYC policy version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('policy_id', made.policy_id, 'version', made.version, 'hash', made.hash);
  perform evergreen.keep_answer('fn_set_kyc_policy', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_kyc_policy(jsonb, date, text) is
  'Sets the KYC policy from a date on: evidence owed, refresh, risk, clocks of cases. Returns {policy_id, version, hash}. EG400, EG424 where R51 or the second person would be lost.';
