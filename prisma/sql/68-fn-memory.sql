-- Memory and traces: what agents remember, with references; what the workers did, as spans.

create or replace function public.fn_remember(memory jsonb, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  unit float8[];
  input jsonb;
  answer jsonb;
  id uuid := gen_random_uuid();
  linked int;
  of_fund uuid;
begin
  perform evergreen.require_role('agent_commander', 'agent_rebalancing', 'agent_liquidity_engine', 'agent_compliance_sentinel', 'agent_risk_guardian',
    'agent_kyc', 'agent_simulation', 'agent_tokenization', 'pm_role');
  input := jsonb_build_object('sha256', evergreen.content_digest(memory - 'embedding'));
  answer := evergreen.earlier_answer('fn_remember', request_id, input);
  if answer is not null then
    return (answer ->> 'memory_id')::uuid;
  end if;
  of_fund := (memory ->> 'fund_id')::uuid;
  perform evergreen.refuse_unless(length(memory ->> 'text') between 1 and 4096, 'EG400', 'text has 1 to 4096 characters.');
  perform evergreen.refuse_unless(jsonb_typeof(memory -> 'embedding') = 'array', 'EG400', 'embedding is a vector.');
  perform evergreen.refuse_unless(jsonb_array_length(memory -> 'embedding') between 8 and 4096
    and not exists (select from jsonb_array_elements(memory -> 'embedding') x where jsonb_typeof(x) <> 'number'), 'EG400', 'embedding is a vector of 8 to 4096 numbers.');
  -- who writes does not say how far it may be trusted: a person's words are a person's, a room's are the system's or untrusted
  perform evergreen.refuse_unless(coalesce(memory ->> 'trust', 'system') in ('system', 'untrusted') or evergreen.role_name() = 'pm_role', 'EG400', 'trust is system or untrusted.');
  perform evergreen.refuse_unless(
    coalesce((select cardinality(m.embedding) from public.agent_memories m where m.superseded_at is null limit 1), jsonb_array_length(memory -> 'embedding'))
      = jsonb_array_length(memory -> 'embedding'),
    'EG400', 'The embedding has another dimension than the memories here; re-embed them before changing the embedder.');
  -- kept at length one, so that a search is one sum per memory; what is too small to count is zero, what is too large is no embedding
  perform evergreen.refuse_unless(not exists (
    select from jsonb_array_elements_text(memory -> 'embedding') x where abs(x::numeric) > 1e100), 'EG400', 'embedding has a component beyond 1e100.');
  with parts as (
    select n, case when abs(x::numeric) < 1e-100 then 0::float8 else x::float8 end as v from jsonb_array_elements_text(memory -> 'embedding') with ordinality as e(x, n)
  ), scaled as (
    select p.n, case when m.most = 0 or abs(p.v) / m.most < 1e-100 then 0 else p.v / m.most end as v from parts p, (select max(abs(v)) as most from parts) m
  )
  select array_agg(case when l.length = 0 then 0 else s.v / l.length end order by s.n) into unit
    from scaled s, (select sqrt(sum(v * v)) as length from scaled) l;
  insert into public.agent_memories (memory_id, fund_id, text, embedding, reference_ids, supabase_refs, duckdb_refs, workflow_id, langfuse_trace_id, trust)
  values (id, of_fund, memory ->> 'text', unit,
    array(select x::uuid from jsonb_array_elements_text(coalesce(memory -> 'reference_ids', '[]')) x), coalesce(memory -> 'supabase_refs', '[]'), coalesce(memory -> 'duckdb_refs', '[]'),
    memory ->> 'workflow_id', memory ->> 'langfuse_trace_id', case when evergreen.role_name() = 'pm_role' then 'person' else coalesce(memory ->> 'trust', 'system') end);
  insert into public.memory_nodes (memory_id, kind, ref)
  select distinct id, n ->> 'kind', n ->> 'ref' from jsonb_array_elements(coalesce(memory -> 'nodes', '[]')) n;
  insert into public.memory_edges (memory_id, kind, from_node, to_node)
  select id, e ->> 'kind', f.node_id, t.node_id from jsonb_array_elements(coalesce(memory -> 'edges', '[]')) e
    join public.memory_nodes f on f.memory_id = id and f.kind = e #>> '{from,kind}' and f.ref = e #>> '{from,ref}'
    join public.memory_nodes t on t.memory_id = id and t.kind = e #>> '{to,kind}' and t.ref = e #>> '{to,ref}';
  get diagnostics linked = row_count;
  perform evergreen.refuse_unless(linked = jsonb_array_length(coalesce(memory -> 'edges', '[]')), 'EG400', 'An edge joins a node that the memory does not have.');
  perform evergreen.audit(of_fund, 'agent_memories', id::text, 'remembered', request_id);
  perform evergreen.keep_answer('fn_remember', request_id, input, jsonb_build_object('memory_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_remember(jsonb, text) is
  'Stores a memory {text, embedding, fund_id, reference_ids, supabase_refs, duckdb_refs, workflow_id, langfuse_trace_id, trust, nodes:[{kind, ref}], edges:[{kind, from, to}]}; returns memory_id.';

create or replace function public.fn_search_memories(embedding float8[], fund_id uuid default null, max_rows int default 5)
returns table (memory_id uuid, text text, score float8, supabase_refs jsonb, duckdb_refs jsonb, workflow_id text, langfuse_trace_id text, trust text, superseded boolean, recorded_at timestamptz)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  -- runs as the caller: row-level security of agent_memories decides what can be found; exact, so recall is 1. Memories have length one.
  with parts as (
    select n, case when abs(x::numeric) < 1e-100 then 0 else x end as v from unnest(fn_search_memories.embedding) with ordinality as e(x, n) where x not in ('NaN', 'Infinity', '-Infinity')
  ), scaled as (
    select p.n, case when m.most = 0 or abs(p.v) / m.most < 1e-100 then 0 else p.v / m.most end as v from parts p, (select max(abs(v)) as most from parts) m
  ), asked as materialized (
    select array_agg(s.v / nullif(l.length, 0) order by s.n) as unit from scaled s, (select sqrt(sum(v * v)) as length from scaled) l
  )
  select m.memory_id, m.text, (select nullif(sum(a * b), 0) from unnest(m.embedding, asked.unit) as pair(a, b)) as score,
         m.supabase_refs, m.duckdb_refs, m.workflow_id, m.langfuse_trace_id, m.trust, m.superseded_at is not null, m.recorded_at
    from public.agent_memories m, asked
   where (fn_search_memories.fund_id is null or m.fund_id = fn_search_memories.fund_id) and m.superseded_at is null
     and cardinality(m.embedding) = cardinality(asked.unit)
   order by score desc nulls last, m.memory_id limit least(greatest(max_rows, 0), 100)
$$;
comment on function public.fn_search_memories(float8[], uuid, int) is 'Nearest memories by cosine under the caller''s row-level security; superseded ones are left out.';

create or replace function public.fn_list_memories(fund_id uuid, since text default '0', memory_ids uuid[] default '{}', max_rows int default 250)
returns table (horizon text, tx text, changed boolean, memory_id uuid, embedding float8[], text text, supabase_refs jsonb, duckdb_refs jsonb, workflow_id text, langfuse_trace_id text,
  trust text, superseded boolean, recorded_at timestamptz)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  -- a reader that keeps vectors asks from the horizon of its last answer: what was not yet visible then was written by a transaction at or after it
  with changed as (
    select m.* from public.agent_memories m where m.fund_id = fn_list_memories.fund_id and m.tx >= fn_list_memories.since::xid8
     order by m.tx fetch first least(greatest(max_rows, 1), 1000) rows with ties
  ), listed as (
    select c.*, true as changed from changed c
    union all
    select m.*, false from public.agent_memories m
     where m.fund_id = fn_list_memories.fund_id and m.memory_id = any (memory_ids) and not exists (select from changed c where c.memory_id = m.memory_id)
  )
  select pg_snapshot_xmin(pg_current_snapshot())::text, l.tx::text, l.changed, l.memory_id, case when l.changed and l.superseded_at is null then l.embedding end,
         l.text, l.supabase_refs, l.duckdb_refs, l.workflow_id, l.langfuse_trace_id, l.trust, l.superseded_at is not null, l.recorded_at
    from (values (1)) as always (one) left join listed l on true
$$;
comment on function public.fn_list_memories(uuid, text, uuid[], int) is
  'Memories of a fund changed at or after a transaction, with their vectors, and the named ones without; at least one row, whose horizon is where to ask from next. Under the caller''s row-level security.';

create or replace function public.fn_record_spans(spans jsonb) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept int;
begin
  perform evergreen.require_role('service_role');
  perform evergreen.refuse_unless(jsonb_typeof(spans) = 'array', 'EG400', 'spans is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(spans) <= 10000, 'EG413', 'spans is a list of at most 10,000.');
  insert into public.trace_spans (trace_id, span_id, parent_span_id, name, service, started_at, ended_at, status, attributes)
  select s ->> 'trace_id', s ->> 'span_id', s ->> 'parent_span_id', left(s ->> 'name', 200), left(s ->> 'service', 80),
         (s ->> 'started_at')::timestamptz, (s ->> 'ended_at')::timestamptz, s ->> 'status', coalesce(s -> 'attributes', '{}')
    from jsonb_array_elements(spans) s on conflict do nothing;
  get diagnostics kept = row_count;
  return kept;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_spans(jsonb) is 'Keeps exported spans for `evergreen trace`; a span sent twice is kept once. Telemetry: writes no audit row.';
