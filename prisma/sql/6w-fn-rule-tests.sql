-- What rules ask about personal data, answered by KYC: who has to be answered for, the answers, and what rules may know of a party and of an applicant. The
-- answers say whether a test holds; the data they are about stays encrypted, and rules never see it.

create or replace function evergreen.personal_mark(of_party uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(md5(string_agg(p.value_id::text, ',' order by p.value_id)), '') from public.personal_values p
   where p.subject_id = of_party and p.superseded_at is null and p.field in ('country', 'nationality', 'born')
$$;
comment on function evergreen.personal_mark(uuid) is 'Changes whenever a personal fact that rules ask about is recorded or taken back; answers under another mark do not count.';

create or replace function evergreen.party_rule_facts(of_party uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_strip_nulls(jsonb_build_object(
      -- rules know persons, companies and trusts; what nobody has stated is not known
      'kind', case p.kind when 'partnership' then 'company' when 'foundation' then 'trust' when 'unstated' then null else p.kind end,
      'risk', case when p.risk_level <> 'unrated' then p.risk_level end,
      'screening', evergreen.screening_standing(p.party_id),
      -- declared either way; nothing declared is not known
      'pep', case when 'pep_declaration' = any (e.kinds) then true when 'no_pep_declaration' = any (e.kinds) then false end,
      'verified', coalesce(e.kinds && array['identity_document', 'registry_extract'], false),
      'tests', (select t.answers from public.party_tests t where t.party_id = p.party_id and t.mark = evergreen.personal_mark(p.party_id))))
    from public.parties p
    cross join lateral (select array_agg(distinct x.kind) as kinds from public.party_evidence x
      where x.party_id = p.party_id and x.dated_on <= evergreen.clock()::date and coalesce(x.expires_on >= evergreen.clock()::date, true)) e
   where p.party_id = of_party);
end $$;
comment on function evergreen.party_rule_facts(uuid) is 'What rules may know of a party: kind, risk, screening, declarations, and the answers of KYC about its personal data; what is not known is absent.';

create or replace function public.fn_read_tests_due(workflow_id text, dealing_day_id uuid default null, pending_id uuid default null, max_parties int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund uuid;
  roots uuid[];
  versions uuid[];
begin
  perform evergreen.require_role('agent_kyc');
  perform evergreen.refuse_unless(length(workflow_id) between 1 and 200 and num_nonnulls(dealing_day_id, pending_id) = 1 and max_parties between 1 and 5000, 'EG400',
    'Name a run, a dealing day or an application, and 1 to 5,000 parties.');
  if dealing_day_id is not null then
    select d.fund_id into of_fund from public.dealing_days d where d.dealing_day_id = fn_read_tests_due.dealing_day_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
    roots := array(select distinct i.party_id from public.fund_flows f join public.investors i on i.investor_id = f.investor_id
      where f.dealing_day_id = fn_read_tests_due.dealing_day_id and f.status in ('locked', 'priced'));
  else
    select p.fund_id, array[p.party_id] into of_fund, roots from public.investors_pending_kyc p where p.pending_id = fn_read_tests_due.pending_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  end if;
  -- what the run judges by, what is in force, and the drafts beside
  versions := array(select v.version_id from public.rule_pack_versions v where v.status = 'tested'
      or v.version_id = any ((select r.version_ids from public.rule_pins r where r.workflow_id = fn_read_tests_due.workflow_id)::uuid[])
      or v.version_id in (select f.version_id from evergreen.rules_in_force(of_fund, evergreen.clock()::date) f) order by v.version_id);
  return jsonb_build_object('as_of', evergreen.clock()::date,
    'versions', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.version_id) from public.rule_pack_versions v where v.version_id = any (versions)), '[]'),
    'parties', case when cardinality(versions) = 0 then '[]' else coalesce((
      select jsonb_agg(jsonb_build_object('party_id', b.party_id, 'kind', b.kind, 'mark', b.mark) order by b.party_id) from (
        select p.party_id, p.kind, evergreen.personal_mark(p.party_id) as mark
          from (select distinct x.party_id from unnest(roots) r cross join lateral evergreen.parties_behind(r) x (party_id)) w join public.parties p on p.party_id = w.party_id
         where not exists (select from public.party_tests t where t.party_id = p.party_id and t.answered_on = evergreen.clock()::date
           and t.version_ids @> versions and t.mark = evergreen.personal_mark(p.party_id))
         order by p.party_id limit max_parties) b), '[]') end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_tests_due(text, uuid, uuid, int) is
  'Whose personal data has to be asked about before the orders of a day or an application are judged: those not answered for today, by these versions and as the data is now. Returns {as_of, versions: [{version_id, hash, body}], parties: [{party_id, kind, mark}]}. EG400, EG404.';

create or replace function public.fn_record_party_tests(answers jsonb, version_ids uuid[], request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  kept int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('answers', answers, 'version_ids', version_ids);
  answer := evergreen.earlier_answer('fn_record_party_tests', request_id, input);
  if answer is not null then
    return (answer ->> 'parties')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(answers) = 'array' and jsonb_array_length(answers) between 1 and 5000 and octet_length(answers::text) <= 33554432, 'EG400', 'answers is a list of 1 to 5,000 parties.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(answers) a where (jsonb_typeof(a -> 'answers') = 'object'
      and a ->> 'party_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and a ->> 'mark' ~ '^([0-9a-f]{32})?$') is not true), 'EG400', 'Each of answers has party_id, mark and answers.');
  -- a name of a test and what it came to: nothing else can stand here
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(answers) a, jsonb_each(a -> 'answers') e
    where (e.key ~ '^[0-9a-f]{32}$' and jsonb_typeof(e.value) in ('boolean', 'null')) is not true), 'EG400', 'An answer is true, false or null under the name of its test.');
  perform evergreen.refuse_unless(cardinality(version_ids) between 1 and 1000 and not exists (select from unnest(version_ids) v (id)
    where not exists (select from public.rule_pack_versions x where x.version_id = v.id)), 'EG404', 'No version of a pack with that id.');
  -- nothing is known any more of whoever was erased, also not by an answer that was on its way
  perform 1 from public.subject_keys k where k.subject_id in (select (a ->> 'party_id')::uuid from jsonb_array_elements(answers) a) order by k.subject_id for share;
  insert into public.party_tests as t (party_id, answers, version_ids, mark, answered_on)
  select (a ->> 'party_id')::uuid, a -> 'answers', fn_record_party_tests.version_ids, a ->> 'mark', evergreen.clock()::date
    from jsonb_array_elements(fn_record_party_tests.answers) a join public.parties p on p.party_id = (a ->> 'party_id')::uuid
   where evergreen.subject_state(p.party_id) is distinct from 'destroyed' order by 1
  on conflict (party_id) do update set answers = excluded.answers, version_ids = excluded.version_ids, mark = excluded.mark, answered_on = excluded.answered_on, updated_at = now();
  get diagnostics kept = row_count;
  perform evergreen.audit(null, 'party_tests', 'answers', 'tests of personal data answered for ' || kept || ' parties', request_id);
  perform evergreen.keep_answer('fn_record_party_tests', request_id, input, jsonb_build_object('parties', kept));
  return kept;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_party_tests(jsonb, uuid[], text) is
  'What the tests of these versions come to for parties, as KYC says who may read their data: {party_id, mark, answers: {test: true, false or null}}. Returns how many parties. EG400, EG404.';

create or replace function public.fn_read_applicant_facts(pending_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  waiting public.investors_pending_kyc;
  behind uuid[];
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'ops_role', 'audit_role');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_read_applicant_facts.pending_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  select array_agg(b) into behind from evergreen.parties_behind(waiting.party_id) b;
  perform evergreen.refuse_unless(cardinality(behind) <= 5000, 'EG413', 'More than 5,000 parties stand behind the applicant.');
  return jsonb_build_object('pending_id', waiting.pending_id, 'fund_id', waiting.fund_id, 'party_id', waiting.party_id, 'as_of', evergreen.clock()::date,
    'investor', jsonb_strip_nulls(jsonb_build_object('classification', waiting.classification, 'tags', to_jsonb(waiting.eligibility_tags),
      'kycStatus', coalesce((select i.kyc_status from public.investors i where i.investor_id = waiting.investor_id), 'pending'),
      'sourceOfFunds', exists (select from public.party_evidence e where e.party_id = waiting.party_id and e.kind = 'source_of_funds'),
      'suitability', exists (select from public.party_evidence e where e.party_id = waiting.party_id and e.kind = 'suitability_test'))),
    'parties', (select jsonb_agg(jsonb_build_object('party_id', p.party_id, 'kind', p.kind, 'facts', evergreen.party_rule_facts(p.party_id)) order by p.party_id) from public.parties p where p.party_id = any (behind)),
    'links', coalesce((select jsonb_agg(jsonb_build_object('owner', l.owner_id, 'owned', l.owned_id, 'kind', l.kind, 'share', trim_scale(l.share)::text) order by l.owned_id, l.owner_id, l.kind)
      from evergreen.links_in_force(evergreen.clock()::date) l where l.owned_id = any (behind)), '[]'),
    'snoozed', (select coalesce(jsonb_agg(distinct z.pack || '/' || z.rule), '[]') from public.rule_snoozes z where z.until > now() and z.entity_id = waiting.investor_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_applicant_facts(uuid) is
  'What rules may know of an applicant and of everybody behind: kinds, standings, declarations and answers, no personal data. Returns {pending_id, fund_id, party_id, as_of, investor, parties, links, snoozed}. EG404, EG413.';

create or replace function evergreen.hold_applicants(of_run text, of_fund uuid, results jsonb, request_id text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
  matter text;
begin
  for who in
    select p.pending_id, p.party_id, bool_or(r ->> 'outcome' = 'decline') as declined,
           string_agg(distinct v.pack || '/' || (x ->> 'rule'), ', ' order by v.pack || '/' || (x ->> 'rule')) as rules,
           md5(string_agg(distinct v.version_id || '/' || (x ->> 'rule') || '/' || (x ->> 'state'), ',' order by v.version_id || '/' || (x ->> 'rule') || '/' || (x ->> 'state'))) as which
      from jsonb_array_elements(results) r
      join public.rule_pack_versions v on v.version_id = (r ->> 'version_id')::uuid
      join public.investors_pending_kyc p on p.pending_id::text = r ->> 'entity_id'
      cross join lateral jsonb_array_elements(r -> 'explain') x
     where r ->> 'entity_type' = 'investors_pending_kyc' and r ->> 'outcome' <> 'approve' and x ->> 'outcome' <> 'approve'
     group by p.pending_id, p.party_id order by p.pending_id
  loop
    matter := 'rules/' || who.pending_id || '/' || who.which;
    -- a person has let exactly this pass before
    continue when exists (select from public.cases c where c.dedupe_key = matter and c.status = 'decided' and c.outcome = 'false_match');
    n := n + 1;
    -- decided against the applicant: it stays so, nobody is asked twice
    continue when exists (select from public.cases c where c.dedupe_key = matter and c.status = 'decided');
    perform evergreen.open_case('kyc', case when who.declined then 'critical' else 'warning' end, who.party_id, left('rules: ' || who.rules, 200), '[]', of_fund, matter, request_id);
  end loop;
  return n;
end $$;
comment on function evergreen.hold_applicants(text, uuid, jsonb, text) is
  'Opens a case for each applicant whom rules do not approve, unless a person has let the same rules of the same versions pass. Returns how many are held.';
