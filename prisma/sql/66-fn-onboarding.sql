-- The loop of onboarding: evidence given again, what is asked beside the policy, declining, the clock that lets clearances run out, and what an LP reads of it.

create or replace function evergreen.date_of(given text) returns date language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return case when given ~ '^\d{4}-\d{2}-\d{2}$' then given::date end;
exception when others then
  return null;
end $$;
comment on function evergreen.date_of(text) is 'The date, or null for text that is none.';

create or replace function evergreen.keep_evidence(of_party uuid, evidence jsonb) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept int;
begin
  -- what is no date counts as not given; it is not kept here
  insert into public.party_evidence (party_id, kind, dated_on, expires_on, document_id, created_by)
  select of_party, e.key, g.dated, g.expires, g.document, evergreen.actor()
    from jsonb_each(evidence) e
    cross join lateral (select evergreen.date_of(case jsonb_typeof(e.value) when 'string' then e.value #>> '{}' when 'object' then e.value ->> 'on' end) as dated,
      evergreen.date_of(case jsonb_typeof(e.value) when 'object' then e.value ->> 'expires' end) as expires,
      case when jsonb_typeof(e.value) = 'object' and e.value ->> 'document_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (e.value ->> 'document_id')::uuid end as document) g
   where e.key ~ '^[a-z][a-z0-9_]{0,59}$' and g.dated is not null and (g.expires is null or g.expires >= g.dated)
     and not exists (select from public.party_evidence x where x.party_id = of_party and x.kind = e.key and x.dated_on = g.dated and x.expires_on is not distinct from g.expires and x.document_id is not distinct from g.document);
  get diagnostics kept = row_count;
  return kept;
end $$;
comment on function evergreen.keep_evidence(uuid, jsonb) is 'Keeps what evidence of a party is there, kind by kind: a date, or {on, expires, document_id}. Returns how many are new.';

create or replace function evergreen.first_expiry(of_party uuid) returns date language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- of each kind the newest counts; what replaced a document decides when that kind runs out
  select min(e.expires_on) from (select distinct on (x.kind) x.expires_on from public.party_evidence x where x.party_id = of_party order by x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) e
$$;
comment on function evergreen.first_expiry(uuid) is 'Last day on which everything the party gave is good, or null.';

create or replace function evergreen.case_stands(of_party uuid) returns boolean language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return evergreen.is_frozen(of_party)
    or exists (select from public.cases c where c.status <> 'decided' and c.kind in ('screening', 'kyc', 'document') and c.party_id in (select evergreen.parties_behind(of_party)));
end $$;
comment on function evergreen.case_stands(uuid) is 'Whether somebody behind the party is frozen or has a case that is not decided: nobody is cleared meanwhile.';

create or replace function evergreen.ask_party_evidence(of_party uuid, kinds text[], request_id text) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
begin
  perform evergreen.refuse_unless(cardinality(kinds) between 1 and 20 and not exists (select from unnest(kinds) k where (k ~ '^[a-z][a-z0-9_]{0,59}$') is not true), 'EG400', 'kinds names 1 to 20 kinds of evidence.');
  -- whoever applies with this party, or through it
  for who in select p.pending_id from public.investors_pending_kyc p where p.kyc_status in ('submitted', 'missing_evidence') and p.party_id in (select evergreen.parties_before(of_party)) order by p.pending_id for no key update loop
    update public.investors_pending_kyc p set asked = (select array_agg(distinct k order by k) from unnest(p.asked || kinds) k),
           missing = (select array_agg(distinct k order by k) from unnest(p.missing || kinds) k), kyc_status = 'missing_evidence' where p.pending_id = who.pending_id;
    perform evergreen.audit(null, 'investors_pending_kyc', who.pending_id::text, 'evidence asked for: ' || array_to_string(kinds, ', '), request_id);
    n := n + 1;
  end loop;
  return n;
end $$;
comment on function evergreen.ask_party_evidence(uuid, text[], text) is 'Asks every open application in which the party has a part for more evidence, in neutral words. Returns how many applications.';

create or replace function evergreen.review_again(of_party uuid, request_id text) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who record;
  n int := 0;
begin
  for who in select p.pending_id, p.fund_id from public.investors_pending_kyc p where p.kyc_status in ('submitted', 'missing_evidence') and p.party_id in (select evergreen.parties_before(of_party)) order by p.pending_id loop
    perform evergreen.emit('REVIEW_REQUESTED', who.fund_id, jsonb_build_object('pending_id', who.pending_id), evergreen.actor(), '{}', '{}', request_id);
    n := n + 1;
  end loop;
  return n;
end $$;
comment on function evergreen.review_again(uuid, text) is 'Every open application in which the party has a part is reviewed again. Returns how many.';

create or replace function public.fn_resubmit_evidence(pending_id uuid, evidence jsonb, request_id text default null, party_kind text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
  kept int;
begin
  perform evergreen.require_role('ops_role', 'lp_role');
  input := jsonb_strip_nulls(jsonb_build_object('pending_id', pending_id, 'evidence', evidence, 'party_kind', party_kind));
  answer := evergreen.earlier_answer('fn_resubmit_evidence', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(party_kind is null or party_kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation'), 'EG400', 'party_kind is natural_person, company, partnership, trust or foundation.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_resubmit_evidence.pending_id for no key update;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or waiting.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No application with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is closed.');
  if party_kind is not null then
    update public.parties p set kind = fn_resubmit_evidence.party_kind where p.party_id = waiting.party_id and p.kind in ('unstated', fn_resubmit_evidence.party_kind);
    perform evergreen.refuse_unless(found, 'EG428', 'What kind of party it is was stated before.');
  end if;
  kept := evergreen.keep_evidence(waiting.party_id, evidence);
  perform evergreen.refuse_unless(kept > 0 or party_kind is not null, 'EG400', 'Nothing new was given: each kind of evidence comes with its date, YYYY-MM-DD.');
  update public.investors_pending_kyc p set evidence = p.evidence || fn_resubmit_evidence.evidence where p.pending_id = waiting.pending_id;
  -- what screening asked for may be among it
  if exists (select from public.screening_subjects s where s.party_id = waiting.party_id) and evergreen.screening_standing(waiting.party_id) = 'unscreened' then
    perform evergreen.request_screening(waiting.party_id, 'evidence given', false, request_id);
  end if;
  perform evergreen.emit('EVIDENCE_RESUBMITTED', waiting.fund_id, jsonb_build_object('pending_id', waiting.pending_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'evidence given: ' || kept || ' kinds', request_id);
  answer := jsonb_build_object('pending_id', waiting.pending_id, 'given', kept);
  perform evergreen.keep_answer('fn_resubmit_evidence', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_resubmit_evidence(uuid, jsonb, text, text) is
  'Gives evidence that was missing, and states what kind of party it is where nobody has; the application is reviewed again by itself. An LP only for an own investor. Returns {pending_id, given}. EG400, EG404, EG428.';

create or replace function public.fn_give_evidence(party_id uuid, evidence jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  kept int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('party_id', party_id, 'evidence', evidence);
  answer := evergreen.earlier_answer('fn_give_evidence', request_id, input);
  if answer is not null then
    return (answer ->> 'given')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(exists (select from public.parties p where p.party_id = fn_give_evidence.party_id), 'EG404', 'No party with that id.');
  kept := evergreen.keep_evidence(party_id, evidence);
  perform evergreen.refuse_unless(kept > 0, 'EG400', 'Nothing new was given: each kind of evidence comes with its date, YYYY-MM-DD.');
  -- an owner's paper may be the one that an application lacked
  perform evergreen.review_again(party_id, request_id);
  perform evergreen.audit(null, 'party_evidence', party_id::text, 'evidence given: ' || kept || ' kinds', request_id);
  perform evergreen.keep_answer('fn_give_evidence', request_id, input, jsonb_build_object('given', kept));
  return kept;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_give_evidence(uuid, jsonb, text) is 'Keeps evidence of a party that stands behind applicants; their applications are reviewed again. Returns how many kinds are new. EG400, EG404.';

create or replace function public.fn_decline_investor(pending_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('pending_id', pending_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_decline_investor', request_id, input);
  if answer is not null then
    return answer ->> 'kyc_status';
  end if;
  perform evergreen.refuse_unless(reason in ('withdrawn', 'evidence_not_given', 'not_eligible', 'not_accepted'), 'EG400', 'reason is withdrawn, evidence_not_given, not_eligible or not_accepted.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_decline_investor.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is closed.');
  update public.investors_pending_kyc p set kyc_status = 'declined', missing = '{}', asked = '{}' where p.pending_id = waiting.pending_id;
  perform evergreen.emit('INVESTOR_DECLINED', waiting.fund_id, jsonb_build_object('pending_id', waiting.pending_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'application declined: ' || reason, request_id);
  perform evergreen.keep_answer('fn_decline_investor', request_id, input, '{"kyc_status": "declined"}');
  return 'declined';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decline_investor(uuid, text, text) is 'Declines an application, for one of four neutral reasons. An investor who is looked at again is not cleared by it. EG400, EG404, EG428.';

create or replace function public.fn_tick_kyc(request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  who record;
  lead_days int;
  id uuid;
  event uuid;
  expired int := 0;
  opened int := 0;
  overdue int := 0;
begin
  perform evergreen.require_role('agent_kyc', 'service_role');
  input := '{}';
  answer := evergreen.earlier_answer('fn_tick_kyc', request_id, input);
  if answer is not null then
    return answer;
  end if;
  -- one tick at a time, at most so many of each kind: the next one goes on
  perform pg_advisory_xact_lock(hashtextextended('tick_kyc', 0));
  lead_days := ((evergreen.kyc_policy()).body #>> '{refresh,leadDays}')::int;
  for who in select i.investor_id, i.party_id from public.investors i where i.kyc_status = 'approved' and i.kyc_valid_until <= evergreen.clock() order by i.kyc_valid_until, i.investor_id limit 500 for no key update skip locked loop
    update public.investors i set kyc_status = 'expired' where i.investor_id = who.investor_id;
    perform evergreen.emit('KYC_EXPIRED', null, jsonb_build_object('investor_id', who.investor_id), evergreen.actor(), '{}', array[who.investor_id], request_id);
    perform evergreen.audit(null, 'investors', who.investor_id::text, 'clearance ran out', request_id);
    expired := expired + 1;
  end loop;
  for who in select i.investor_id, i.party_id, i.code, i.classification from public.investors i
      where i.kyc_status in ('approved', 'expired') and i.kyc_valid_until <= evergreen.clock() + make_interval(days => lead_days)
        and not exists (select from public.investors_pending_kyc p where p.investor_id = i.investor_id and p.kyc_status in ('submitted', 'missing_evidence'))
        -- declined since it fell due: operations said no, and open it again themselves
        and not exists (select from public.investors_pending_kyc p where p.investor_id = i.investor_id and p.kyc_status = 'declined' and p.created_at > i.kyc_valid_until - make_interval(days => lead_days + 1))
      order by i.kyc_valid_until, i.investor_id limit 500 loop
    id := gen_random_uuid();
    insert into public.investors_pending_kyc (pending_id, code, classification, party_id, investor_id)
    values (id, 'P-' || upper(left(replace(id::text, '-', ''), 10)), who.classification, who.party_id, who.investor_id);
    perform evergreen.emit('REVIEW_REQUESTED', null, jsonb_build_object('pending_id', id), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'investors_pending_kyc', id::text, 'review of an investor fell due', request_id);
    opened := opened + 1;
  end loop;
  for who in select c.case_id, c.fund_id, c.severity from public.cases c where c.status <> 'decided' and c.due_at <= now() and c.overdue_alerted_at is null order by c.due_at, c.case_id limit 500 for no key update skip locked loop
    update public.cases c set overdue_alerted_at = now() where c.case_id = who.case_id;
    event := evergreen.emit('CASE_OVERDUE', who.fund_id, jsonb_build_object('case_id', who.case_id), evergreen.actor(), '{}', '{}', request_id);
    -- a case about a party alone is of no fund, and people are told all the same
    insert into public.risk_alerts (fund_id, kind, severity, reason, event_id, workflow_id)
    values (who.fund_id, 'case_overdue', case who.severity when 'critical' then 'critical' else 'warning' end, 'A case is not decided in its time; `cases list` shows it.', event, coalesce(request_id, 'kyc-tick'));
    perform evergreen.audit(who.fund_id, 'cases', who.case_id::text, 'case is overdue', request_id);
    overdue := overdue + 1;
  end loop;
  answer := jsonb_build_object('expired', expired, 'opened', opened, 'overdue', overdue);
  perform evergreen.keep_answer('fn_tick_kyc', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_tick_kyc(text) is
  'The clock of KYC (R51): clearances that ran out stop orders, what falls due is opened for review, cases past their time alert. At most 500 of each kind. Returns {expired, opened, overdue}.';

create or replace function public.fn_read_kyc(investor_id uuid default null) returns table (investor uuid, code text, classification text, state text, missing text[], pending uuid, valid_until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role', 'audit_role');
  return query
    -- nothing here follows from a case, a score or a freeze: it reads the same for everybody who has given the same papers
    select i.investor_id, i.code, i.classification,
           case when p.pending_id is not null and cardinality(p.missing) > 0 then 'action_needed'
                when p.pending_id is not null then 'in_review'
                when i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock()) then 'ok' else 'in_review' end,
           coalesce(p.missing, '{}'), p.pending_id, i.kyc_valid_until
      from public.investors i
      left join lateral (select x.pending_id, x.missing from public.investors_pending_kyc x where x.investor_id = i.investor_id and x.kyc_status in ('submitted', 'missing_evidence')
        order by x.created_at desc, x.pending_id limit 1) p on true
     where (fn_read_kyc.investor_id is null or i.investor_id = fn_read_kyc.investor_id)
       and (evergreen.role_name() <> 'lp_role' or i.investor_id in (select evergreen.my_investor_ids()))
     order by i.code limit 1000;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_kyc(uuid) is 'Where the clearance of investors stands and what they still owe, in the same words for everybody; an LP only its own.';

create or replace function public.fn_read_applicant(pending_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  waiting public.investors_pending_kyc;
  behind uuid[];
  policy public.kyc_policies;
begin
  perform evergreen.require_role('agent_kyc', 'ops_role', 'pm_role', 'audit_role');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_read_applicant.pending_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  select array_agg(b) into behind from evergreen.parties_behind(waiting.party_id) b;
  perform evergreen.refuse_unless(cardinality(behind) <= 5000, 'EG413', 'More than 5,000 parties stand behind the applicant.');
  policy := evergreen.kyc_policy();
  return jsonb_build_object('pending_id', waiting.pending_id, 'code', waiting.code, 'fund_id', waiting.fund_id, 'classification', waiting.classification, 'status', waiting.kyc_status,
    'asked', to_jsonb(waiting.asked), 'missing', to_jsonb(waiting.missing), 'investor_id', waiting.investor_id, 'party_id', waiting.party_id,
    'policy', jsonb_build_object('version', policy.version, 'body', policy.body),
    'parties', (select jsonb_agg(jsonb_build_object('party_id', p.party_id, 'kind', p.kind, 'code', p.code) order by p.party_id) from public.parties p where p.party_id = any (behind)),
    'links', coalesce((select jsonb_agg(jsonb_build_object('owner', l.owner_id, 'owned', l.owned_id, 'kind', l.kind, 'share', trim_scale(l.share)::text) order by l.owned_id, l.owner_id, l.kind)
      from evergreen.links_in_force(evergreen.clock()::date) l where l.owned_id = any (behind)), '[]'),
    -- of each kind the newest
    'evidence', coalesce((select jsonb_agg(jsonb_build_object('party_id', e.party_id, 'kind', e.kind, 'on', e.dated_on, 'expires', e.expires_on) order by e.party_id, e.kind)
      from (select distinct on (x.party_id, x.kind) x.* from public.party_evidence x where x.party_id = any (behind) and x.dated_on <= evergreen.clock()::date
        order by x.party_id, x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) e), '[]'),
    'case_stands', evergreen.case_stands(waiting.party_id),
    'screening', evergreen.screening_of(waiting.party_id),
    -- nobody has asked for them to be screened yet
    'unasked', coalesce((select jsonb_agg(b order by b) from unnest(behind) b where not exists (select from public.screening_subjects s where s.party_id = b)), '[]'),
    'past_true_match', exists (select from public.cases c where c.outcome = 'true_match' and c.party_id = any (behind)),
    'investors', case when waiting.fund_id is null then 0 else (select count(distinct f.investor_id) from public.fund_flows f where f.fund_id = waiting.fund_id) end);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_applicant(uuid) is 'Everything a review of an application looks at, without a name: policy, parties behind it, links, newest evidence of each kind, whether a case stands. EG404, EG413.';
