-- Cases: what a person has to decide about a party, with candidates side by side, a reason, a second person by policy and a clock.
-- No event of a case names an investor and no LP reads these tables: nobody is tipped off (R54).

create or replace function evergreen.open_case(
  of_kind text, of_severity text, of_party uuid, of_source text, candidates jsonb default '[]', of_fund uuid default null, dedupe text default null, request_id text default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  known public.cases;
  policy public.kyc_policies;
  added int;
begin
  perform evergreen.refuse_unless(of_kind in ('screening', 'kyc', 'compliance', 'document') and of_severity in ('notice', 'warning', 'critical'), 'EG400',
    'kind is screening, kyc, compliance or document; severity is notice, warning or critical.');
  perform evergreen.refuse_unless(length(of_source) between 1 and 200 and (dedupe is null or length(dedupe) between 1 and 200), 'EG400', 'source has 1 to 200 characters, dedupe too.');
  perform evergreen.refuse_unless(jsonb_typeof(candidates) = 'array' and jsonb_array_length(candidates) <= 200, 'EG400', 'candidates is a list of at most 200.');
  if of_party is not null then
    perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = of_party), 'EG404', 'No party with that id.');
  end if;
  if of_fund is not null then
    perform evergreen.refuse_unless(exists (select from public.funds f where f.fund_id = of_fund), 'EG404', 'No fund with that id.');
  end if;
  if dedupe is not null then
    -- two that raise the same matter at once make one case
    perform pg_advisory_xact_lock(hashtextextended('case/' || dedupe, 0));
    select * into known from public.cases c where c.dedupe_key = dedupe and c.status <> 'decided' for no key update;
  end if;
  if known.case_id is null then
    policy := evergreen.kyc_policy();
    insert into public.cases (case_id, code, kind, severity, party_id, fund_id, source, dedupe_key, policy_version, due_at, opened_by)
    values (id, 'CA-' || upper(left(replace(id::text, '-', ''), 10)), of_kind, of_severity, of_party, of_fund, of_source, dedupe, policy.version,
      now() + make_interval(hours => (policy.body #>> array['cases', 'dueHours', of_severity])::int), evergreen.actor())
    returning * into known;
    perform evergreen.emit('CASE_OPENED', of_fund, jsonb_build_object('case_id', id, 'severity', of_severity), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund, 'cases', id::text, 'case opened: ' || of_kind || ', ' || of_severity, request_id);
  end if;
  -- found again by a newer check: what is not decided is looked at as it is now
  update public.case_candidates c set list_version = x.list_version, check_id = x.check_id, score = x.score, features = coalesce(x.features, '[]')
    from jsonb_to_recordset(candidates) as x (list text, list_version text, entry_ref text, check_id uuid, score numeric, features jsonb)
   where c.case_id = known.case_id and c.list = x.list and c.entry_ref = x.entry_ref and c.status not in ('true_match', 'false_match');
  insert into public.case_candidates (case_id, list, list_version, entry_ref, check_id, score, features)
  select known.case_id, x.list, x.list_version, x.entry_ref, x.check_id, x.score, coalesce(x.features, '[]')
    from jsonb_to_recordset(case when jsonb_array_length(candidates) = 0 then '[{}]' else candidates end)
         as x (list text, list_version text, entry_ref text, check_id uuid, score numeric, features jsonb)
   where not exists (select from public.case_candidates c where c.case_id = known.case_id and c.list is not distinct from x.list and c.entry_ref is not distinct from x.entry_ref);
  get diagnostics added = row_count;
  if added > 0 and known.status <> 'open' then
    -- what was nearly decided has something new to look at
    update public.cases c set status = case when known.status = 'escalated' then 'escalated' else 'open' end where c.case_id = known.case_id;
    perform evergreen.audit(of_fund, 'cases', known.case_id::text, added || ' candidates added', request_id);
  end if;
  return known.case_id;
end $$;
comment on function evergreen.open_case(text, text, uuid, text, jsonb, uuid, text, text) is
  'Opens a case in the transaction of its caller: candidates are [{list, list_version, entry_ref, check_id, score, features}]. An undecided case with the same dedupe key gets the new candidates instead. Returns case_id.';

create or replace function public.fn_open_case(kind text, severity text, party_id uuid, source text, candidates jsonb default '[]', fund_id uuid default null, dedupe text default null, request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc', 'agent_compliance_sentinel', 'agent_risk_guardian');
  input := jsonb_build_object('kind', kind, 'severity', severity, 'party_id', party_id, 'source', source, 'candidates', candidates, 'fund_id', fund_id, 'dedupe', dedupe);
  answer := evergreen.earlier_answer('fn_open_case', request_id, input);
  if answer is not null then
    return (answer ->> 'case_id')::uuid;
  end if;
  id := evergreen.open_case(kind, severity, party_id, source, candidates, fund_id, dedupe, request_id);
  perform evergreen.keep_answer('fn_open_case', request_id, input, jsonb_build_object('case_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_case(text, text, uuid, text, jsonb, uuid, text, text) is 'Opens a case about a party, or adds candidates to the undecided one of the same dedupe key. Returns case_id. EG400, EG404.';

create or replace function evergreen.lock_case(of_case uuid) returns public.cases language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  c public.cases;
begin
  select * into c from public.cases x where x.case_id = of_case for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No case with that id.');
  perform evergreen.refuse_unless(c.status <> 'decided', 'EG428', 'The case is decided.');
  return c;
end $$;
comment on function evergreen.lock_case(uuid) is 'The undecided case, locked. EG404, EG428.';

create or replace function public.fn_claim_case(case_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id);
  answer := evergreen.earlier_answer('fn_claim_case', request_id, input);
  if answer is not null then
    return answer ->> 'claimed_by';
  end if;
  c := evergreen.lock_case(case_id);
  perform evergreen.refuse_unless(coalesce(c.claimed_by, evergreen.actor()) = evergreen.actor(), 'EG428', 'Somebody else has claimed the case; it has to be released first.');
  if c.claimed_by is null then
    update public.cases x set claimed_by = evergreen.actor(), claimed_at = now(), status = case c.status when 'open' then 'in_review' else c.status end where x.case_id = c.case_id;
    perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'case claimed', request_id);
  end if;
  perform evergreen.keep_answer('fn_claim_case', request_id, input, jsonb_build_object('claimed_by', evergreen.actor()));
  return evergreen.actor();
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_claim_case(uuid, text) is 'Claims a case for the caller, so that two do not look at it at once. Returns who has it. EG404, EG428.';

create or replace function public.fn_release_case(case_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id);
  answer := evergreen.earlier_answer('fn_release_case', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  c := evergreen.lock_case(case_id);
  perform evergreen.refuse_unless(c.claimed_by is not null, 'EG428', 'Nobody has claimed the case.');
  -- who is away must not keep it: a portfolio manager releases for others
  perform evergreen.refuse_unless(c.claimed_by = evergreen.actor() or evergreen.role_name() = 'pm_role', 'EG403', 'Only whoever claimed the case or a portfolio manager releases it.');
  update public.cases x set claimed_by = null, claimed_at = null where x.case_id = c.case_id;
  perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'case released', request_id);
  perform evergreen.keep_answer('fn_release_case', request_id, input, jsonb_build_object('status', c.status));
  return c.status;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_case(uuid, text) is 'Gives a claimed case back to the queue; a portfolio manager does so for others. Returns its status. EG403, EG404, EG428.';

create or replace function public.fn_note_case(case_id uuid, body text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
  id uuid := gen_random_uuid();
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id, 'body', body);
  answer := evergreen.earlier_answer('fn_note_case', request_id, input);
  if answer is not null then
    return (answer ->> 'note_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(btrim(body)) >= 1 and length(body) <= 2000, 'EG400', 'body has 1 to 2,000 characters.');
  c := evergreen.lock_case(case_id);
  insert into public.case_notes (note_id, case_id, body, created_by) values (id, c.case_id, fn_note_case.body, evergreen.actor());
  perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'note added', request_id);
  perform evergreen.keep_answer('fn_note_case', request_id, input, jsonb_build_object('note_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_case(uuid, text, text) is 'Adds a note to an undecided case. Returns note_id. EG400, EG404, EG428.';

create or replace function public.fn_decide_case(case_id uuid, verdict text, reason text, candidate_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  c public.cases;
  x public.case_candidates;
  second boolean;
  became text;
  taken int := 0;
  finals int := 0;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('case_id', case_id, 'verdict', verdict, 'reason', reason, 'candidate_id', candidate_id);
  answer := evergreen.earlier_answer('fn_decide_case', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(fn_decide_case.verdict in ('true_match', 'false_match', 'need_more'), 'EG400', 'verdict is true_match, false_match or need_more.');
  perform evergreen.refuse_unless(length(btrim(fn_decide_case.reason)) >= 10 and length(fn_decide_case.reason) <= 2000, 'EG400', 'reason has 10 to 2,000 characters.');
  c := evergreen.lock_case(case_id);
  perform evergreen.refuse_unless(coalesce(c.claimed_by, evergreen.actor()) = evergreen.actor(), 'EG428', 'Somebody else has claimed the case; it has to be released first.');
  second := (select p.body #> array['cases', 'secondPerson', c.severity] ? fn_decide_case.verdict from public.kyc_policies p where p.version = c.policy_version);
  for x in select k.* from public.case_candidates k where k.case_id = c.case_id and k.status not in ('true_match', 'false_match')
      and (fn_decide_case.candidate_id is null or k.candidate_id = fn_decide_case.candidate_id) order by k.created_at, k.candidate_id loop
    -- who decided first cannot confirm, and who disagreed cannot settle it
    perform evergreen.refuse_unless(x.status not in ('first', 'escalated') or not exists (
      select from public.case_decisions d where d.candidate_id = x.candidate_id and d.decided_by = evergreen.actor() and d.verdict <> 'need_more'), 'EG420', 'Another person has to decide now.');
    perform evergreen.refuse_unless(x.status <> 'escalated' or fn_decide_case.verdict <> 'need_more', 'EG428', 'Two people disagree about it: a third says true_match or false_match.');
    became := case
      when fn_decide_case.verdict = 'need_more' then 'need_more'
      when x.status = 'escalated' then fn_decide_case.verdict
      when x.status = 'first' then case when x.first_verdict = fn_decide_case.verdict then fn_decide_case.verdict else 'escalated' end
      when second then 'first'
      else fn_decide_case.verdict end;
    insert into public.case_decisions (case_id, candidate_id, verdict, reason, step, decided_by)
    values (c.case_id, x.candidate_id, fn_decide_case.verdict, fn_decide_case.reason, case when x.status = 'first' then 'second' when became in ('true_match', 'false_match') then 'final' else 'first' end, evergreen.actor());
    update public.case_candidates k set status = became,
           first_verdict = case became when 'first' then fn_decide_case.verdict when 'need_more' then null else k.first_verdict end,
           first_by = case became when 'first' then evergreen.actor() when 'need_more' then null else k.first_by end,
           decided_by = case when became in ('true_match', 'false_match') then evergreen.actor() end,
           decided_at = case when became in ('true_match', 'false_match') then now() end
     where k.candidate_id = x.candidate_id;
    if became in ('true_match', 'false_match') then
      perform evergreen.settle_candidate(c, x, became, fn_decide_case.reason, request_id);
      finals := finals + 1;
    end if;
    taken := taken + 1;
  end loop;
  perform evergreen.refuse_unless(taken > 0, 'EG404', 'No undecided candidate of the case with that id.');
  became := (select case when bool_and(k.status in ('true_match', 'false_match')) then 'decided' when bool_or(k.status = 'escalated') then 'escalated' else 'in_review' end
    from public.case_candidates k where k.case_id = c.case_id);
  -- whoever decided gives it back: the next one is somebody else
  update public.cases k set status = became, claimed_by = null, claimed_at = null, decided_at = case became when 'decided' then now() end,
         outcome = case when became = 'decided' then case when exists (select from public.case_candidates m where m.case_id = c.case_id and m.status = 'true_match') then 'true_match' else 'false_match' end end
   where k.case_id = c.case_id;
  if became = 'escalated' and c.status <> 'escalated' then
    perform evergreen.emit('CASE_ESCALATED', c.fund_id, jsonb_build_object('case_id', c.case_id), evergreen.actor(), '{}', '{}', request_id);
  end if;
  select * into c from public.cases k where k.case_id = c.case_id;
  if c.status = 'decided' then
    perform evergreen.emit('CASE_DECIDED', c.fund_id, jsonb_build_object('case_id', c.case_id, 'outcome', c.outcome), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.review_again(c.party_id, request_id);
  elsif fn_decide_case.verdict = 'need_more' and c.party_id is not null then
    -- in words that any applicant may read
    perform evergreen.ask_party_evidence(c.party_id, array['identity_details'], request_id);
  end if;
  perform evergreen.audit(c.fund_id, 'cases', c.case_id::text, 'verdict ' || fn_decide_case.verdict || ' on ' || taken || ' candidates: case ' || c.status, request_id);
  answer := jsonb_build_object('case_id', c.case_id, 'status', c.status, 'outcome', c.outcome, 'waiting_for', case
    when c.status = 'decided' then null
    when c.status = 'escalated' then 'a third person'
    when exists (select from public.case_candidates k where k.case_id = c.case_id and k.status = 'first') then 'a second person'
    when exists (select from public.case_candidates k where k.case_id = c.case_id and k.status = 'need_more') then 'more facts'
    else 'other candidates' end);
  perform evergreen.keep_answer('fn_decide_case', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_case(uuid, text, text, uuid, text) is
  'A verdict with its reason on one candidate of a case, or on all that are undecided. By policy a second person confirms; one who disagrees escalates it to a third. A true match freezes the party, in silence.
Returns {case_id, status, outcome, waiting_for}. EG400, EG404, EG420 the same person again, EG428.';

create or replace function evergreen.settle_candidate(c public.cases, x public.case_candidates, verdict text, reason text, request_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if verdict = 'true_match' and c.kind = 'screening' and c.party_id is not null then
    update public.parties p set frozen_at = now(), frozen_by_case = c.case_id where p.party_id = c.party_id and p.frozen_at is null;
    if found then
      perform evergreen.emit('PARTY_FROZEN', null, jsonb_build_object('party_id', c.party_id, 'case_id', c.case_id), evergreen.actor(), '{}', '{}', request_id);
      perform evergreen.audit(null, 'parties', c.party_id::text, 'party frozen', request_id);
    end if;
  elsif verdict = 'false_match' and c.party_id is not null and x.entry_ref is not null then
    perform evergreen.clear_pair(c.party_id, x.list, x.entry_ref, c.case_id, left(reason, 500));
  end if;
end $$;
comment on function evergreen.settle_candidate(public.cases, public.case_candidates, text, text, text) is
  'What follows from a final verdict: a true match on a list freezes the party, a false one clears this pair of party and entry.';

create or replace function public.fn_list_cases(status text default null, mine boolean default false, max_rows int default 100)
returns table (case_id uuid, code text, kind text, severity text, case_status text, party_id uuid, party_code text, source text, due_at timestamptz, overdue boolean, claimed_by text,
  candidates int, undecided int, top_score numeric, outcome text, opened_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  perform evergreen.refuse_unless(fn_list_cases.status is null or fn_list_cases.status in ('open', 'in_review', 'escalated', 'decided'), 'EG400', 'status is open, in_review, escalated or decided.');
  perform evergreen.refuse_unless(max_rows between 1 and 1000, 'EG400', 'max_rows is 1 to 1,000.');
  return query
    select c.case_id, c.code, c.kind, c.severity, c.status, c.party_id, p.code, c.source, c.due_at, c.status <> 'decided' and c.due_at < now(), c.claimed_by,
           n.all_of::int, n.undecided::int, n.top, c.outcome, c.created_at
      from public.cases c left join public.parties p on p.party_id = c.party_id
      cross join lateral (select count(*) as all_of, count(*) filter (where k.status not in ('true_match', 'false_match')) as undecided, max(k.score) as top
        from public.case_candidates k where k.case_id = c.case_id) n
     where case when fn_list_cases.status is null then c.status <> 'decided' else c.status = fn_list_cases.status end
       and (not coalesce(fn_list_cases.mine, false) or c.claimed_by = evergreen.actor())
     order by c.due_at, c.case_id limit max_rows;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_cases(text, boolean, int) is 'The work queue, what is due first comes first; without a status what is undecided. EG400.';
