-- Screening: checks of parties against versions of lists, candidates they found, what people decided about them, and where a party stands.

create or replace function evergreen.screening_facts_hash(s public.screening_subjects) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(s.party_id || '/' || s.facts_version, 'UTF8')), 'hex')
$$;
comment on function evergreen.screening_facts_hash(public.screening_subjects) is
  'Names the facts of a party as they are now without holding a word of them: it changes whenever they change, and tells nothing once the party is erased.';

create or replace function evergreen.request_screening(of_party uuid, why text, facts_changed boolean, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
begin
  insert into public.screening_subjects (party_id, revision, facts_version, reason, asked_by) values (of_party, 1, 1, why, evergreen.actor())
  on conflict (party_id) do update set revision = screening_subjects.revision + 1, facts_version = screening_subjects.facts_version + facts_changed::int,
      reason = excluded.reason, asked_by = excluded.asked_by, asked_at = evergreen.clock()
  returning * into s;
  perform evergreen.emit('SCREENING_REQUESTED', null, jsonb_build_object('party_id', of_party, 'revision', s.revision, 'reason', why), evergreen.actor(), '{}', '{}', request_id);
  return s.revision;
end $$;
comment on function evergreen.request_screening(uuid, text, boolean, text) is
  'Has a party screened against all active lists; called in the transaction in which it is registered or its facts change. Until the check is there it stands as unscreened.';

create or replace function evergreen.covered_through(of_list uuid) returns int language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(r.to_ordinal), 0) from public.screening_rescreens r where r.list_id = of_list
$$;
comment on function evergreen.covered_through(uuid) is 'Up to which version of a list its changes were held against all parties.';

create or replace function evergreen.open_candidates(of_party uuid) returns table (candidate_id uuid, list_id uuid, external_id text, outcome text, decision text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with subject as (
    select s.*, evergreen.screening_facts_hash(s) as facts from public.screening_subjects s where s.party_id = of_party
  ), last as (
    -- the newest whole check, and what changes of lists were found to mean since
    select c.check_id from public.screening_checks c, subject s where c.party_id = s.party_id and c.revision = s.revision
       and c.checked_at >= (select max(f.checked_at) from public.screening_checks f where f.party_id = s.party_id and f.revision = s.revision and f.scope = 'full')
  )
  select distinct on (e.list_id, e.external_id) x.candidate_id, e.list_id, e.external_id, x.outcome, d.decision
    from last join public.screening_candidates x using (check_id) join public.watchlist_entries e on e.entry_id = x.entry_id and e.removed_in is null
    cross join subject s left join public.screening_clearances d on d.party_id = s.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
      and d.facts_hash = s.facts and d.entry_hash = e.entry_hash
   order by e.list_id, e.external_id, x.created_at desc
$$;
comment on function evergreen.open_candidates(uuid) is
  'Candidates of a party that count today: of its newest whole check and the deltas since, whose entry still stands; with what was decided about the pair while neither has changed.';

create or replace function evergreen.screening_standing(party_id uuid) returns text language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
  last public.screening_checks;
begin
  select * into s from public.screening_subjects x where x.party_id = screening_standing.party_id;
  if not found then
    return 'unscreened';
  end if;
  if exists (select from evergreen.open_candidates(s.party_id) o where o.decision = 'true_match') or evergreen.is_frozen(s.party_id) then
    return 'refused';
  elsif exists (select from evergreen.open_candidates(s.party_id) o where o.decision is null and o.outcome = 'alert') then
    return 'open';
  end if;
  select * into last from public.screening_checks c where c.party_id = s.party_id and c.scope = 'full' order by c.checked_at desc, c.revision desc limit 1;
  if not found or last.revision <> s.revision or evergreen.watchlist_trouble() is not null
    or exists (select from evergreen.open_candidates(s.party_id) o where o.decision is null and o.outcome = 'ask')
    or exists (select from public.watchlists w join public.watchlist_versions v on v.list_id = w.list_id and v.status = 'current'
         left join public.screening_check_lists l on l.check_id = last.check_id and l.list_id = w.list_id
        where w.active and greatest(coalesce(l.ordinal, 0), case when coalesce(l.ordinal, 0) < v.ordinal then evergreen.covered_through(w.list_id) else 0 end) < v.ordinal) then
    return 'unscreened';
  end if;
  return 'clear';
end $$;
comment on function evergreen.screening_standing(uuid) is
  'refused: a true match stands · open: a possible match is not decided · unscreened: never checked, facts changed since, evidence asked, or a list is missing, too old or not yet held against the party · clear.';

create or replace function public.fn_request_screening(party_id uuid, request_id text default null) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc');
  input := jsonb_build_object('party_id', party_id);
  answer := evergreen.earlier_answer('fn_request_screening', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = fn_request_screening.party_id), 'EG404', 'No party with that id.');
  answer := jsonb_build_object('party_id', party_id, 'revision', evergreen.request_screening(party_id, 'asked', false, request_id));
  perform evergreen.audit(null, 'parties', party_id::text, 'screening asked for', request_id);
  perform evergreen.keep_answer('fn_request_screening', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_screening(uuid, text) is 'Asks for a party to be screened anew against all active lists. EG404, EG409.';

create or replace function public.fn_record_check(party_id uuid, revision int, scope text, lists jsonb, engine text, candidates jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.screening_subjects;
  c public.screening_checks;
  trouble text;
  found_outcome text;
  asked text[];
  unsettled int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('party_id', party_id, 'revision', revision, 'scope', scope, 'lists', lists, 'engine', engine, 'candidates', candidates);
  answer := evergreen.earlier_answer('fn_record_check', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(scope in ('full', 'delta') and length(engine) between 1 and 100 and jsonb_typeof(lists) = 'array' and jsonb_typeof(candidates) = 'array', 'EG400',
    'scope is full or delta, engine has 1 to 100 characters, lists and candidates are lists.');
  perform evergreen.refuse_unless(jsonb_array_length(lists) between 1 and 100 and jsonb_array_length(candidates) <= 200, 'EG413', 'A check has 1 to 100 lists and at most 200 candidates.');
  -- as it was at one moment: a version is published before this check or after it, never within
  perform 1 from public.watchlists w where w.active order by w.list_id for share;
  select * into s from public.screening_subjects x where x.party_id = fn_record_check.party_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No party with that id is screened.');
  perform evergreen.refuse_unless(s.revision = fn_record_check.revision, 'EG425', 'The facts of the party have changed, or another screening was asked for since; screen it again.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid, sha256 text)
      left join public.watchlist_versions v on v.version_id = g.version_id and v.sha256 = g.sha256 and v.status = 'current' left join public.watchlists w on w.list_id = v.list_id and w.active where w.list_id is null)
    and (scope = 'delta' or (select count(distinct g.version_id) from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid))
      = (select count(*) from public.watchlists w where w.active)), 'EG425', 'A list has changed since the check began, or is missing in it; screen the party against the lists of now.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(candidates) as g (entry_id uuid, score numeric, outcome text, features jsonb)
      left join public.watchlist_entries e on e.entry_id = g.entry_id and e.removed_in is null
        and e.list_id in (select v.list_id from jsonb_to_recordset(fn_record_check.lists) as l (version_id uuid) join public.watchlist_versions v on v.version_id = l.version_id)
     where (e.entry_id is not null and g.score between 0 and 1 and g.outcome in ('alert', 'ask', 'clear') and jsonb_typeof(g.features) = 'array') is not true), 'EG400',
    'Each candidate names an entry of the lists checked, a score from 0 to 1, an outcome (alert, ask or clear) and its features.');
  insert into public.screening_checks (party_id, revision, facts_hash, scope, engine, outcome, checked_by, checked_at)
  values (s.party_id, s.revision, evergreen.screening_facts_hash(s), scope, engine, 'clear', evergreen.actor(), clock_timestamp()) returning * into c;
  insert into public.screening_check_lists (check_id, list_id, version_id, ordinal, sha256)
  select distinct c.check_id, v.list_id, v.version_id, v.ordinal, v.sha256 from jsonb_to_recordset(fn_record_check.lists) as g (version_id uuid) join public.watchlist_versions v using (version_id);
  insert into public.screening_candidates (check_id, party_id, entry_id, entry_hash, score, outcome, features, missing)
  select c.check_id, s.party_id, e.entry_id, e.entry_hash, g.score, g.outcome, g.features, array(select jsonb_array_elements_text(coalesce(g.missing, '[]')) order by 1)
    from jsonb_to_recordset(candidates) as g (entry_id uuid, score numeric, outcome text, features jsonb, missing jsonb) join public.watchlist_entries e on e.entry_id = g.entry_id;
  -- a pair that was decided while neither side has changed is not found anew
  select case when bool_or(x.outcome = 'alert') then 'possible' when bool_or(x.outcome = 'ask') then 'ask' else 'clear' end, count(*) filter (where x.outcome = 'alert')
    into found_outcome, unsettled
    from public.screening_candidates x join public.watchlist_entries e on e.entry_id = x.entry_id
   where x.check_id = c.check_id and not exists (select from public.screening_clearances d where d.party_id = s.party_id and d.list_id = e.list_id and d.external_id = e.external_id
     and d.ended_at is null and d.facts_hash = c.facts_hash and d.entry_hash = x.entry_hash and d.decision = 'false_match');
  select coalesce(array_agg(distinct m order by m), '{}') into asked from public.screening_candidates x, unnest(x.missing) m where x.check_id = c.check_id and x.outcome = 'ask' and found_outcome = 'ask';
  trouble := evergreen.watchlist_trouble();
  perform evergreen.refuse_unless(found_outcome <> 'clear' or scope = 'delta' or trouble is null, 'EG428', trouble);
  update public.screening_checks x set outcome = found_outcome, missing = asked where x.check_id = c.check_id;
  perform evergreen.follow_check(c.check_id, request_id);
  perform evergreen.emit('PARTY_SCREENED', null, jsonb_build_object('party_id', s.party_id, 'check_id', c.check_id, 'outcome', found_outcome), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'screening_checks', c.check_id::text, format('party screened (%s): %s, %s candidates, %s undecided', scope, found_outcome, jsonb_array_length(candidates), unsettled), request_id);
  answer := jsonb_build_object('check_id', c.check_id, 'outcome', found_outcome, 'candidates', jsonb_array_length(candidates), 'undecided', unsettled, 'missing', to_jsonb(asked));
  perform evergreen.keep_answer('fn_record_check', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_check(uuid, int, text, jsonb, text, jsonb, text) is
  'Records what a screening found: lists = [{version_id, sha256}] as used (all active ones when scope is full), candidates = [{entry_id, score, outcome, features, missing}]. A possible match opens a case, missing facts are asked for. Refused when facts or lists changed since (EG425), and to clear on a list that is missing or too old (EG428). EG400, EG404, EG409, EG413.';

create or replace function evergreen.evidence_for(fact text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case fact when 'born' then 'date_of_birth' when 'country' then 'country_of_residence' else fact end
$$;
comment on function evergreen.evidence_for(text) is 'The kind of evidence that tells a fact which screening lacks.';

create or replace function evergreen.clear_pair(of_party uuid, of_list text, of_entry text, of_case uuid, of_reason text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  x public.screening_candidates;
begin
  -- the newest candidate of the pair that the case holds; what was found before the facts changed is decided with it
  select c.* into x from public.screening_candidates c join public.watchlist_entries e using (entry_id) join public.watchlists w on w.list_id = e.list_id
   where c.party_id = of_party and c.case_id = of_case and w.source = of_list and e.external_id = of_entry order by c.created_at desc limit 1;
  -- what has changed since is found anew by its own check; what is decided stays decided
  if found and exists (select from public.screening_subjects s join public.screening_checks c on c.party_id = s.party_id where s.party_id = of_party and c.check_id = x.check_id and c.facts_hash = evergreen.screening_facts_hash(s))
    and exists (select from public.watchlist_entries e where e.entry_id = x.entry_id and e.removed_in is null)
    and not exists (select from public.screening_clearances d join public.watchlist_entries e on e.list_id = d.list_id and e.external_id = d.external_id and e.entry_hash = d.entry_hash
      join public.screening_checks c on c.check_id = x.check_id and c.facts_hash = d.facts_hash where d.party_id = of_party and e.entry_id = x.entry_id and d.ended_at is null) then
    perform evergreen.decide_pair(x, 'false_match', of_reason, null);
  end if;
end $$;
comment on function evergreen.clear_pair(uuid, text, text, uuid, text) is 'The clearance that follows from the final verdict false_match of a case about one party and one entry; none when either has changed since.';

create or replace function evergreen.follow_check(of_check uuid, request_id text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  c public.screening_checks;
  of_case uuid;
  found_now jsonb;
begin
  select * into c from public.screening_checks x where x.check_id = of_check;
  if c.outcome = 'possible' then
    -- only what nobody has decided; the case of a party takes what is found later while it is open
    select jsonb_agg(jsonb_build_object('list', w.source, 'list_version', l.ordinal::text, 'entry_ref', e.external_id, 'check_id', c.check_id, 'score', x.score, 'features', x.features) order by x.score desc)
      into found_now
      from public.screening_candidates x join public.watchlist_entries e using (entry_id) join public.watchlists w on w.list_id = e.list_id
      join public.screening_check_lists l on l.check_id = x.check_id and l.list_id = e.list_id
     where x.check_id = c.check_id and x.outcome = 'alert'
       and not exists (select from public.screening_clearances d where d.party_id = c.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
         and d.facts_hash = c.facts_hash and d.entry_hash = x.entry_hash);
    if found_now is not null then
      of_case := evergreen.open_case('screening', 'critical', c.party_id, 'check/' || c.check_id, found_now, null, 'screening/' || c.party_id, request_id);
      update public.screening_candidates x set case_id = of_case where x.check_id = c.check_id and x.outcome = 'alert'
         and exists (select from jsonb_to_recordset(found_now) as g (entry_ref text, list text) join public.watchlists w on w.source = g.list join public.watchlist_entries e on e.list_id = w.list_id and e.external_id = g.entry_ref
           where e.entry_id = x.entry_id);
    end if;
  elsif c.outcome = 'ask' then
    -- an applicant is asked before an analyst is
    perform evergreen.ask_party_evidence(c.party_id, array(select evergreen.evidence_for(k) from unnest(c.missing) k), request_id);
  else
    -- what waited for the check goes on
    perform evergreen.review_again(c.party_id, request_id);
  end if;
end $$;
comment on function evergreen.follow_check(uuid, text) is 'What a check leads to: a possible match opens a case with its candidates, missing facts are asked for.';

create or replace function evergreen.decide_pair(x public.screening_candidates, of_decision text, of_reason text, request_id text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
  e public.watchlist_entries;
  id uuid;
begin
  -- one after the other on one party: two people who decide one pair get one decision
  select * into s from public.screening_subjects y where y.party_id = x.party_id for no key update;
  select * into e from public.watchlist_entries y where y.entry_id = x.entry_id;
  perform evergreen.refuse_unless(exists (select from public.screening_checks c where c.check_id = x.check_id and c.facts_hash = evergreen.screening_facts_hash(s)) and e.removed_in is null, 'EG425',
    'The facts of the party or the entry of the list have changed since this candidate was found; decide on the newest check.');
  perform evergreen.refuse_unless(not exists (select from public.screening_clearances d where d.party_id = x.party_id and d.list_id = e.list_id and d.external_id = e.external_id and d.ended_at is null
      and d.facts_hash = evergreen.screening_facts_hash(s) and d.entry_hash = e.entry_hash), 'EG422', 'This pair was decided already.');
  insert into public.screening_clearances (party_id, list_id, external_id, candidate_id, decision, facts_hash, entry_hash, reason, decided_by)
  values (x.party_id, e.list_id, e.external_id, x.candidate_id, of_decision, evergreen.screening_facts_hash(s), e.entry_hash, of_reason, evergreen.actor()) returning clearance_id into id;
  perform evergreen.emit('CANDIDATE_DECIDED', null, jsonb_build_object('party_id', x.party_id, 'clearance_id', id, 'decision', of_decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'screening_clearances', id::text, 'candidate decided: ' || of_decision, request_id);
  return id;
end $$;
comment on function evergreen.decide_pair(public.screening_candidates, text, text, text) is
  'One decision about one party and one entry, valid while the facts of the one and the text of the other stay what they were. EG422, EG425.';

create or replace function public.fn_clear_candidate(candidate_id uuid, decision text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  x public.screening_candidates;
  id uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('candidate_id', candidate_id, 'decision', decision, 'reason', reason);
  answer := evergreen.earlier_answer('fn_clear_candidate', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('false_match', 'true_match') and length(reason) between 1 and 500, 'EG400', 'decision is false_match or true_match, reason has 1 to 500 characters.');
  select * into x from public.screening_candidates y where y.candidate_id = fn_clear_candidate.candidate_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No candidate with that id.');
  perform evergreen.refuse_unless(x.case_id is null, 'EG428', 'The candidate is part of a case: decide the case.');
  id := evergreen.decide_pair(x, decision, reason, request_id);
  -- a statement of its own: it has to see the decision
  answer := jsonb_build_object('clearance_id', id, 'decision', decision, 'standing', evergreen.screening_standing(x.party_id));
  perform evergreen.keep_answer('fn_clear_candidate', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_clear_candidate(uuid, text, text, text) is
  'Decides a candidate that is in no case: false_match clears the pair while neither side changes, true_match refuses the party. EG400, EG404, EG409, EG422, EG425, EG428.';

create or replace function public.fn_end_clearance(clearance_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.screening_clearances;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('clearance_id', clearance_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_end_clearance', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into d from public.screening_clearances y where y.clearance_id = fn_end_clearance.clearance_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No clearance with that id.');
  perform evergreen.refuse_unless(d.ended_at is null, 'EG422', 'The clearance was ended already.');
  perform evergreen.refuse_unless(d.decided_by <> evergreen.actor(), 'EG420', 'Four eyes: whoever decided a pair cannot take it back alone.');
  update public.screening_clearances y set ended_by = evergreen.actor(), ended_at = now() where y.clearance_id = d.clearance_id;
  perform evergreen.request_screening(d.party_id, 'decision taken back', false, request_id);
  perform evergreen.audit(null, 'screening_clearances', d.clearance_id::text, 'decision taken back', request_id);
  answer := jsonb_build_object('clearance_id', d.clearance_id, 'standing', evergreen.screening_standing(d.party_id));
  perform evergreen.keep_answer('fn_end_clearance', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_end_clearance(uuid, text, text) is 'Takes the decision about a pair back, by another person than the one who made it; the party is screened anew. EG400, EG404, EG409, EG420, EG422.';

create or replace function public.fn_record_rescreen(list_id uuid, from_ordinal int, to_ordinal int, parties int, affected int, engine text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('list_id', list_id, 'from_ordinal', from_ordinal, 'to_ordinal', to_ordinal, 'parties', parties, 'affected', affected, 'engine', engine);
  answer := evergreen.earlier_answer('fn_record_rescreen', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(parties >= 0 and affected between 0 and parties and length(engine) between 1 and 100, 'EG400', 'parties and affected are counts, engine has 1 to 100 characters.');
  perform 1 from public.watchlists w where w.list_id = fn_record_rescreen.list_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No list with that id.');
  perform evergreen.refuse_unless(from_ordinal = evergreen.covered_through(list_id)
    and to_ordinal = (select v.ordinal from public.watchlist_versions v where v.list_id = fn_record_rescreen.list_id and v.status = 'current') and to_ordinal > from_ordinal, 'EG425',
    'The list was published again, or its changes were held against the parties already; look again.');
  select count(*) into n from public.watchlist_entries e where e.list_id = fn_record_rescreen.list_id and e.added_in > from_ordinal and e.removed_in is null;
  insert into public.screening_rescreens (list_id, from_ordinal, to_ordinal, entries, parties, affected, engine, recorded_by)
  values (list_id, from_ordinal, to_ordinal, n, parties, affected, engine, evergreen.actor());
  perform evergreen.emit('PARTIES_RESCREENED', null, jsonb_build_object('list_id', list_id, 'entries', n, 'parties', parties, 'affected', affected), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'watchlists', list_id::text, format('parties held against versions %s to %s: %s entries, %s parties, %s affected', from_ordinal, to_ordinal, n, parties, affected), request_id);
  answer := jsonb_build_object('entries', n, 'parties', parties, 'affected', affected);
  perform evergreen.keep_answer('fn_record_rescreen', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_rescreen(uuid, int, int, int, int, text, text) is
  'Says that what a list changed between two versions was held against every party; those affected have checks of their own. Refused unless it begins where the last one ended and ends at the current version (EG425). EG400, EG404, EG409.';

create or replace function public.fn_read_screening(party_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.screening_subjects;
begin
  perform evergreen.require_role('ops_role', 'pm_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = fn_read_screening.party_id), 'EG404', 'No party with that id.');
  select * into s from public.screening_subjects x where x.party_id = fn_read_screening.party_id;
  return jsonb_build_object('party_id', fn_read_screening.party_id, 'standing', evergreen.screening_standing(fn_read_screening.party_id), 'revision', s.revision, 'trouble', evergreen.watchlist_trouble(),
    'check', (select jsonb_build_object('check_id', c.check_id, 'outcome', c.outcome, 'missing', to_jsonb(c.missing), 'engine', c.engine, 'checked_at', c.checked_at,
        'lists', (select jsonb_agg(jsonb_build_object('source', w.source, 'ordinal', l.ordinal, 'sha256', l.sha256) order by w.source) from public.screening_check_lists l join public.watchlists w using (list_id) where l.check_id = c.check_id))
      from public.screening_checks c where c.party_id = s.party_id and c.scope = 'full' order by c.checked_at desc limit 1),
    'candidates', coalesce((select jsonb_agg(jsonb_build_object('candidate_id', o.candidate_id, 'source', w.source, 'entry', o.external_id, 'outcome', o.outcome, 'score', trim_scale(x.score)::text, 'decision', o.decision) order by x.score desc)
      from evergreen.open_candidates(s.party_id) o join public.watchlists w using (list_id) join public.screening_candidates x using (candidate_id)), '[]'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_screening(uuid) is 'Where a party stands: its newest whole check with the versions used, and the candidates that count today. No fact of the party. EG404.';

create or replace function public.fn_list_unscreened(after uuid default null, max_rows int default 100) returns table (party_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'audit_role', 'agent_kyc');
  perform evergreen.refuse_unless(max_rows between 1 and 1000, 'EG400', 'max_rows is 1 to 1,000.');
  return query select s.party_id from public.screening_subjects s
   where (fn_list_unscreened.after is null or s.party_id > fn_list_unscreened.after)
     and not exists (select from public.screening_checks c where c.party_id = s.party_id and c.revision = s.revision and c.scope = 'full')
   order by s.party_id limit max_rows;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_unscreened(uuid, int) is 'Parties whose whole check is missing since they were asked for, in the order of their ids. EG400.';

create or replace function evergreen.screen_facts_of(subjects uuid[]) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  one uuid;
begin
  for one in select p.party_id from public.parties p
              where p.party_id = any (subjects)
                and not exists (select from public.screening_subjects s where s.party_id = p.party_id and s.asked_at = evergreen.clock() and s.reason = 'facts changed') order by 1 loop
    perform evergreen.request_screening(one, 'facts changed', true);
  end loop;
end $$;
comment on function evergreen.screen_facts_of(uuid[]) is 'Has these parties screened anew because their facts changed, once per transaction; what was decided about the old facts does not hold for the new.';
create or replace function evergreen.is_screened_fact(field text) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select field in ('name', 'alias', 'born', 'country', 'nationality', 'identifier')
$$;
comment on function evergreen.is_screened_fact(text) is 'Whether screening compares this personal field with lists.';

create or replace function evergreen.screen_new_facts() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.screen_facts_of(array(select c.subject_id from changed c where evergreen.is_screened_fact(c.field) and c.ciphertext is not null));
  return null;
end $$;
comment on function evergreen.screen_new_facts() is 'Whoever''s screened facts are recorded is screened anew.';
create or replace function evergreen.screen_changed_facts() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- the same fact under another key is no other fact
  perform evergreen.screen_facts_of(array(
    select c.subject_id from changed c join before b using (value_id)
     where evergreen.is_screened_fact(c.field) and c.ciphertext is not null and c.superseded_at is distinct from b.superseded_at));
  return null;
end $$;
comment on function evergreen.screen_changed_facts() is 'Whoever''s screened facts are changed or taken back is screened anew.';
create or replace trigger screen_new_facts after insert on public.personal_values referencing new table as changed for each statement execute function evergreen.screen_new_facts();
create or replace trigger screen_changed_facts after update on public.personal_values referencing old table as before new table as changed for each statement execute function evergreen.screen_changed_facts();
