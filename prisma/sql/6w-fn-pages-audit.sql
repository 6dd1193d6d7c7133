-- The auditor's pages: what happened to one thing, as of a day and as it was known at a moment, and samples that anybody can draw again. No personal data.

create or replace function public.fn_read_timeline(name text, as_of date default null, as_known timestamptz default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with named as (
    -- a code, or an id written as one: nothing else is compared with a uuid
    select trim(fn_read_timeline.name) as word, case when trim(fn_read_timeline.name) ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then trim(fn_read_timeline.name)::uuid end as id
  ), found as (
    select * from (
      select 'fund' as kind, f.fund_id as id, f.fund_id, f.code as label, 1 as place from public.funds f, named n where f.fund_id = n.id or f.code = n.word
      union all select 'investor', i.investor_id, null, i.code, 2 from public.investors i, named n where i.investor_id = n.id or i.code = n.word
      union all select 'order', o.flow_id, o.fund_id, o.direction || ' of ' || coalesce(o.dealing_date::text, 'no date yet'), 3 from public.fund_flows o, named n where o.flow_id = n.id
      union all select 'asset', a.id, a.fund_id, a.external_key, 4 from public.assets a, named n where a.id = n.id or a.external_key = n.word
      union all select 'proposal', p.proposal_id, p.fund_id, p.kind, 5 from public.proposals p, named n where p.proposal_id = n.id) x order by x.place limit 1
  ), entries (effective_at, recorded_at, kind, what, before, after, by, rule, ref) as (
    select t.created_at, t.created_at, 'audit', t.message, null, null, t.created_by, null, 'seq ' || t.seq from public.audit_trail t, found x where t.entity_id = x.id::text
    union all
    select e.effective_at, e.recorded_at, 'event', e.type, null, null, e.created_by, null, e.event_id::text from public.fund_events e, found x where x.kind = 'fund' and e.fund_id = x.id
    union all
    select e.effective_at, e.recorded_at, 'event', e.type, null, null, e.created_by, null, e.event_id::text from public.event_investors v join public.fund_events e using (event_id), found x where x.kind = 'investor' and v.investor_id = x.id
    union all
    -- the orders of an investor and an order itself, with the version of the dealing policy they were dealt under
    select s.created_at, s.created_at, 'order', coalesce(s.reason, 'order ' || s.to_status), s.from_status, s.to_status, s.actor, case when y.version is not null then 'dealing policy ' || y.version end, s.flow_id::text
      from found x join public.fund_flows o on (x.kind = 'order' and o.flow_id = x.id) or (x.kind = 'investor' and o.investor_id = x.id)
      join public.order_transitions s on s.flow_id = o.flow_id left join public.dealing_policies y on y.policy_id = o.policy_id
    union all
    select k.created_at, k.created_at, 'check', k.detail, null, k.result, 'agent:' || replace(k.room, '_', '-'), k.rule, k.check_id::text from public.proposal_checks k, found x where x.kind = 'proposal' and k.proposal_id = x.id
    union all
    select a.decided_at, a.decided_at, 'approval', coalesce(a.reason, 'decided on the hash ' || left(a.proposal_hash, 12)), 'pending', a.decision, 'user:' || a.decided_by, 'hash ' || left(a.proposal_hash, 12), a.approval_id::text
      from public.approvals a, found x where x.kind = 'proposal' and a.proposal_id = x.id
    union all
    -- the value of an asset, version by version
    select v.effective_at, v.recorded_at, 'value', 'allocation ' || v.version, v.before, v.after, coalesce('proposal ' || v.proposal_id, 'import'), null, v.allocation_id::text
      from (select l.*, trim_scale(l.market_value)::text as after, trim_scale(lag(l.market_value) over (order by l.version, l.recorded_at))::text as before
              from public.portfolio_allocations l, found x where x.kind = 'asset' and l.asset_id = x.id) v
    union all
    select s.effective_at, s.recorded_at, 'nav', 'NAV of ' || s.nav_date || ', version ' || s.version || ': ' || s.state, trim_scale(b.nav)::text, trim_scale(s.nav)::text, coalesce('proposal ' || s.proposal_id, 'import'), 'inputs ' || left(s.inputs_hash, 12), s.strike_id::text
      from found x join public.nav_strikes s on x.kind = 'fund' and s.fund_id = x.id left join public.nav_strikes b on b.strike_id = s.supersedes
  ), known as (
    select * from entries e where (fn_read_timeline.as_of is null or e.effective_at < (fn_read_timeline.as_of + 1)::timestamp at time zone 'UTC')
       and (fn_read_timeline.as_known is null or e.recorded_at <= fn_read_timeline.as_known)
  )
  select jsonb_build_object('read_at', now(), 'kind', x.kind, 'id', x.id, 'label', x.label, 'fund', f.code, 'entries_in_all', (select count(*) from known),
    'entries', coalesce((select jsonb_agg(jsonb_build_object('effective_at', k.effective_at, 'recorded_at', k.recorded_at, 'kind', k.kind, 'what', k.what, 'before', k.before, 'after', k.after, 'by', k.by, 'rule', k.rule, 'ref', k.ref)
        order by k.recorded_at desc, k.kind, k.ref) from (select * from known order by recorded_at desc, kind, ref limit 100) k), '[]'::jsonb))
    from found x left join public.funds f on f.fund_id = x.fund_id
$$;
comment on function public.fn_read_timeline(text, date, timestamptz) is
  'What happened to a fund, investor, asset (code or id), order or proposal (id), the newest 100: effective up to a day and known up to a moment; null when there is none. Under the reader''s row-level security.';

create or replace function public.fn_read_sample(kind text, seed text, size int default 25, since date default null, until date default null) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with population (id, fund_id, at, what) as (
    select f.flow_id::text, f.fund_id, f.recorded_at, f.direction || ', ' || f.status || ', dealing ' || coalesce(f.dealing_date::text, 'not yet') from public.fund_flows f where fn_read_sample.kind = 'order'
    union all select p.proposal_id::text, p.fund_id, p.created_at, p.kind || ', ' || p.status from public.proposals p where fn_read_sample.kind = 'proposal'
    union all select s.strike_id::text, s.fund_id, s.recorded_at, 'NAV of ' || s.nav_date || ', version ' || s.version || ', ' || s.state from public.nav_strikes s where fn_read_sample.kind = 'nav'
    union all select t.ledger_tx_id::text, t.fund_id, t.recorded_at, t.kind from public.ledger_transactions t where fn_read_sample.kind = 'posting'
    union all select c.case_id::text, c.fund_id, c.created_at, c.code || ', ' || c.kind || ', ' || c.status from public.cases c where fn_read_sample.kind = 'case'
    union all select a.audit_id::text, a.fund_id, a.created_at, a.entity_type || ': ' || a.message from public.audit_trail a where fn_read_sample.kind = 'audit'
  ), ranked as (
    -- whoever has the seed draws the same again: the smallest hashes of seed and id
    select p.*, encode(sha256(convert_to(fn_read_sample.seed || '/' || p.id, 'UTF8')), 'hex') as rank from population p
     where (fn_read_sample.since is null or p.at >= fn_read_sample.since::timestamp at time zone 'UTC') and (fn_read_sample.until is null or p.at < (fn_read_sample.until + 1)::timestamp at time zone 'UTC')
  )
  select jsonb_build_object('read_at', now(), 'kind', fn_read_sample.kind, 'seed', fn_read_sample.seed, 'population', (select count(*) from ranked),
    'sample', coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'fund', f.code, 'at', r.at, 'what', r.what, 'rank', r.rank) order by r.rank)
      from (select * from ranked order by rank limit least(greatest(fn_read_sample.size, 1), 500)) r left join public.funds f using (fund_id)), '[]'::jsonb))
$$;
comment on function public.fn_read_sample(text, text, int, date, date) is
  'A random sample by a seed, of orders, proposals, navs, postings, cases or audit entries recorded in a span of days: those with the smallest sha256 of "seed/id"; and of how many. Under the reader''s row-level security.';
