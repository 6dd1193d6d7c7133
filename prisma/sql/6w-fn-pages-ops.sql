-- Pages of operations in one round trip each, with the rights of whoever reads them: cases that people decide. Scores are text, as amounts are.

create or replace function public.fn_read_cases(state text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with me as (select 'user:' || (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') as actor),
  queue as (
    select c.*, n.* from public.cases c cross join lateral (
      select count(*) as candidates, count(*) filter (where k.status not in ('true_match', 'false_match')) as undecided, max(k.score) as top,
             coalesce(bool_or(k.status = 'first'), false) as confirming, coalesce(bool_or(k.status = 'need_more'), false) as asking
        from public.case_candidates k where k.case_id = c.case_id) n
     where case when state is null then c.status <> 'decided' else c.status = state end order by c.due_at, c.case_id limit 500
  )
  select jsonb_build_object(
    'read_at', now(),
    'cases', coalesce((select jsonb_agg(jsonb_build_object('case_id', q.case_id, 'code', q.code, 'kind', q.kind, 'severity', q.severity, 'status', q.status, 'outcome', q.outcome,
        'party', p.code, 'fund', f.code, 'source', q.source, 'due_at', q.due_at, 'opened_at', q.created_at, 'claimed_by', q.claimed_by, 'mine', coalesce(q.claimed_by = m.actor, false),
        'candidates', q.candidates, 'undecided', q.undecided, 'top_score', trim_scale(round(q.top, 4))::text,
        -- what has to happen before it is decided
        'waits_for', case when q.status = 'decided' then null when q.status = 'escalated' then 'third_person' when q.confirming then 'second_person' when q.asking then 'more_facts'
          when q.claimed_by is null then 'owner' else 'verdict' end) order by q.due_at, q.case_id)
      from queue q cross join me m left join public.parties p using (party_id) left join public.funds f on f.fund_id = q.fund_id), '[]'::jsonb))
$$;
comment on function public.fn_read_cases(text) is
  'The queue of cases, what is due first comes first (at most 500): without a state what is undecided; each with its owner and what it waits for. Under the reader''s row-level security.';

create or replace function public.fn_read_case(case_code text) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with me as (select 'user:' || (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') as actor)
  select jsonb_build_object(
    'read_at', now(), 'case_id', c.case_id, 'code', c.code, 'kind', c.kind, 'severity', c.severity, 'status', c.status, 'outcome', c.outcome, 'source', c.source, 'fund', f.code,
    'due_at', c.due_at, 'opened_at', c.created_at, 'decided_at', c.decided_at, 'claimed_by', c.claimed_by, 'mine', coalesce(c.claimed_by = m.actor, false), 'policy_version', c.policy_version,
    'party', (select jsonb_build_object('party_id', p.party_id, 'code', p.code, 'kind', p.kind, 'risk_level', p.risk_level, 'next_review', p.next_review, 'frozen_at', p.frozen_at, 'synthetic', p.synthetic)
      from public.parties p where p.party_id = c.party_id),
    -- verdicts that a second person has to confirm, by the policy under which the case was opened
    'second_person', coalesce((select k.body #> array['cases', 'secondPerson', c.severity] from public.kyc_policies k where k.version = c.policy_version), '[]'::jsonb),
    'candidates', coalesce((select jsonb_agg(jsonb_build_object('candidate_id', k.candidate_id, 'list', k.list, 'list_title', w.title, 'list_version', k.list_version, 'list_label', v.label,
        'published_on', v.published_on, 'fetched_at', v.fetched_at, 'entry_ref', k.entry_ref, 'score', trim_scale(round(k.score, 4))::text, 'features', k.features, 'status', k.status,
        'first_verdict', k.first_verdict, 'first_by', k.first_by, 'decided_before', exists (select from public.case_decisions d
          where d.candidate_id = k.candidate_id and d.decided_by = m.actor and d.verdict <> 'need_more'),
        -- the entry as the list says it today, or as it last said it
        'entry', e.body, 'entry_gone', e.removed_in is not null) order by k.score desc nulls last, k.created_at, k.candidate_id)
      from public.case_candidates k left join public.watchlists w on w.source = k.list
      left join public.watchlist_versions v on v.list_id = w.list_id and v.ordinal::text = k.list_version
      left join lateral (select x.body, x.removed_in from public.watchlist_entries x where x.list_id = w.list_id and x.external_id = k.entry_ref order by x.added_in desc limit 1) e on true
     where k.case_id = c.case_id), '[]'::jsonb),
    'decisions', coalesce((select jsonb_agg(jsonb_build_object('decision_id', d.decision_id, 'candidate_id', d.candidate_id, 'entry_ref', k.entry_ref, 'verdict', d.verdict, 'reason', d.reason,
        'step', d.step, 'by', d.decided_by, 'at', d.decided_at) order by d.decided_at, d.decision_id)
      from public.case_decisions d join public.case_candidates k using (candidate_id) where d.case_id = c.case_id), '[]'::jsonb),
    'notes', coalesce((select jsonb_agg(jsonb_build_object('note_id', n.note_id, 'body', n.body, 'by', n.created_by, 'at', n.created_at) order by n.created_at, n.note_id)
      from public.case_notes n where n.case_id = c.case_id), '[]'::jsonb),
    -- what the party has given, the newest of each kind, and what it still owes, in the words that it was asked in
    'evidence', coalesce((select jsonb_agg(jsonb_build_object('kind', g.kind, 'dated_on', g.dated_on, 'expires_on', g.expires_on) order by g.kind)
      from (select distinct on (x.kind) x.* from public.party_evidence x where x.party_id = c.party_id order by x.kind, x.dated_on desc, x.recorded_at desc, x.evidence_id) g), '[]'::jsonb),
    'missing', coalesce((select jsonb_agg(jsonb_build_object('kind', x.kind, 'words', y.body #>> array['evidence', x.kind, 'words'], 'application', x.code) order by x.code, x.kind)
      from (select distinct i.code, unnest(i.missing || i.asked) as kind from public.investors_pending_kyc i where i.party_id = c.party_id and i.kyc_status in ('submitted', 'missing_evidence')) x
      left join public.kyc_policies y on y.version = c.policy_version), '[]'::jsonb))
    from public.cases c cross join me m left join public.funds f on f.fund_id = c.fund_id where c.code = upper(case_code)
$$;
comment on function public.fn_read_case(text) is
  'One case by its code: party without personal data, candidates with their list entries, decisions, notes, evidence given and owed; null when there is none. Under the reader''s row-level security.';

create or replace function public.fn_read_import(import_id uuid, outcome text default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'read_at', now(), 'import_id', b.import_id, 'fund', f.code, 'kind', b.kind, 'format', b.format, 'file_name', b.file_name, 'file_sha256', b.file_sha256, 'rows', b.rows, 'accepted', b.accepted,
    'refused', b.refused, 'unmatched', b.unmatched, 'status', b.status, 'imported_by', b.imported_by, 'recorded_at', b.recorded_at, 'undone_at', b.undone_at, 'undone_by', b.undone_by, 'undo_reason', b.undo_reason,
    'outcomes', coalesce((select jsonb_agg(jsonb_build_object('outcome', o.outcome, 'rows', o.n) order by o.outcome)
      from (select r.outcome, count(*) as n from public.import_rows r where r.import_id = b.import_id group by r.outcome) o), '[]'::jsonb),
    'lines', coalesce((select jsonb_agg(jsonb_build_object('position', r.position, 'line', r.line, 'outcome', r.outcome, 'code', r.code, 'reason', r.reason, 'reference', r.reference,
        'matched_by', r.matched_by, 'flow_id', r.flow_id, 'ledger_tx_id', r.ledger_tx_id, 'said', r.said) order by r.position)
      from (select * from public.import_rows x where x.import_id = b.import_id and (fn_read_import.outcome is null or x.outcome = fn_read_import.outcome) order by x.position limit 500) r), '[]'::jsonb))
    from public.import_batches b join public.funds f using (fund_id) where b.import_id = fn_read_import.import_id
$$;
comment on function public.fn_read_import(uuid, text) is
  'One import with its rows (at most 500, of one outcome) and what became of them; null when there is none. Under the reader''s row-level security.';
