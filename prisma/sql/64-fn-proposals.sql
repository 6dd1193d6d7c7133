-- Proposals: an agent proposes, rooms check, a person decides on the hash, an agent applies. Every step re-checks under the row lock.

create or replace function evergreen.proposal_hash(proposal_id uuid, fund_id uuid, kind text, body jsonb, inputs jsonb, expires_at timestamptz) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(jsonb_build_object('proposal_id', proposal_id, 'fund_id', fund_id, 'kind', kind, 'body', body, 'inputs', inputs,
    'expires_at', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8')), 'hex')
$$;
comment on function evergreen.proposal_hash(uuid, uuid, text, jsonb, jsonb, timestamptz) is
  'sha256 over everything a person approves: what, of which fund, on which facts, until when. Lower-case hex.';

create or replace function public.fn_request_rebalance(
  fund text, reason text default null, method text default 'lp', request_id text default null, mandate jsonb default null
) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  version int;
  id uuid;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('fund', fund, 'reason', reason, 'method', method, 'mandate', mandate);
  answer := evergreen.earlier_answer('fn_request_rebalance', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(method in ('lp', 'qp'), 'EG400', 'method is lp or qp.');
  perform evergreen.refuse_unless(reason is null or length(reason) <= 500, 'EG400', 'reason has at most 500 characters.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(of_fund.status = 'active', 'EG428', 'The fund is ' || of_fund.status || '.');
  perform evergreen.refuse_unless(
    exists (select from public.portfolio_allocations a where a.fund_id = of_fund.fund_id and a.superseded_at is null and a.market_value <> 0),
    'EG426', 'The fund has no holdings to rebalance; import a filing with holdings first.');
  if mandate is not null then
    version := evergreen.put_mandate(of_fund.fund_id, mandate, 'for one rebalancing', request_id);
  else
    select m.version into version from public.mandates m where m.fund_id = of_fund.fund_id and m.superseded_at is null;
  end if;
  perform evergreen.refuse_unless(version is not null, 'EG428', 'The fund has no mandate; set one with `evergreen mandate set`.');
  id := evergreen.emit('REBALANCE_REQUESTED', of_fund.fund_id,
    jsonb_strip_nulls(jsonb_build_object('mandate_version', version, 'reason', reason, 'method', method)), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'fund_events', id::text, 'rebalancing requested', request_id);
  answer := jsonb_build_object('event_id', id, 'workflow_id', 'event/' || id, 'fund_id', of_fund.fund_id);
  perform evergreen.keep_answer('fn_request_rebalance', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_rebalance(text, text, text, text, jsonb) is
  'A portfolio manager asks for a rebalancing of a fund (code or id), optionally under a mandate set by the same call. Returns {event_id, workflow_id, fund_id}. EG404, EG426 no holdings, EG428.';

create or replace function public.fn_propose_rebalancing(event_id uuid, body jsonb, inputs jsonb, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  asked public.fund_events;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  until timestamptz;
  digest text;
  bad text;
  scale int;
  cash uuid;
begin
  perform evergreen.require_role('agent_rebalancing');
  input := jsonb_build_object('event_id', event_id, 'body', body, 'inputs', inputs);
  answer := evergreen.earlier_answer('fn_propose_rebalancing', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into asked from public.fund_events e where e.event_id = fn_propose_rebalancing.event_id and e.type = 'REBALANCE_REQUESTED';
  perform evergreen.refuse_unless(found, 'EG404', 'No rebalancing was requested by that event.');
  select * into of_fund from public.funds f where f.fund_id = asked.fund_id for no key update;
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and jsonb_typeof(inputs) = 'object', 'EG400', 'body and inputs are JSON objects.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 16777216 and octet_length(inputs::text) <= 1048576, 'EG413', 'body is larger than 16 MB or inputs than 1 MB.');
  perform evergreen.refuse_unless(inputs ->> 'allocations_version' ~ '^[0-9]{1,18}$', 'EG400', 'inputs.allocations_version says on which allocations the proposal rests.');
  perform evergreen.refuse_unless((inputs ->> 'allocations_version')::bigint = of_fund.allocations_version, 'EG425', 'The allocations have changed since they were read.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'trades') = 'array', 'EG400', 'body.trades is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(body -> 'trades') <= 20000, 'EG413', 'body.trades has at most 20,000 trades.');
  select c.exponent into scale from public.currencies c where c.code = of_fund.base_currency;
  cash := (body ->> 'cash_asset_id')::uuid;
  -- what is bought is paid from somewhere: without the cash position money would appear
  perform evergreen.refuse_unless(jsonb_array_length(body -> 'trades') = 0 or exists (
    select from public.portfolio_allocations h join public.assets a on a.id = h.asset_id
     where h.fund_id = of_fund.fund_id and h.asset_id = cash and h.superseded_at is null and a.status = 'active'),
    'EG400', 'body.cash_asset_id names the position of this fund from which trades are paid.');
  -- every trade: a liquid, active position of this fund, a positive amount in the currency's units, never more than is held
  select coalesce(t ->> 'asset_id', '?') into bad from jsonb_array_elements(body -> 'trades') t
    -- Looked up trade by trade and by the asset alone ("is true" offers no index): of a fund just imported the planner knows no size, and would
    -- read all its positions for each trade.
    left join lateral (
      select a.id, h.market_value from public.assets a join public.portfolio_allocations h on h.asset_id = a.id
       where a.id = (t ->> 'asset_id')::uuid and (a.fund_id = of_fund.fund_id) is true and a.status = 'active' and a.liquid_flag
         and (h.fund_id = of_fund.fund_id) is true and (h.superseded_at is null) is true offset 0) held on true
   where (held.id is not null and held.id <> cash and t ->> 'side' in ('buy', 'sell')
      -- NaN is greater than every number: the upper bound keeps it and infinity out
      and (t ->> 'amount')::numeric > 0 and (t ->> 'amount')::numeric < 1e30 and (t ->> 'cost')::numeric >= 0 and (t ->> 'cost')::numeric < 1e30
      and (t ->> 'amount')::numeric = round((t ->> 'amount')::numeric, scale) and (t ->> 'cost')::numeric = round((t ->> 'cost')::numeric, scale)
      and (t ->> 'side' = 'buy' or (t ->> 'amount')::numeric <= held.market_value)) is not true limit 1;
  perform evergreen.refuse_unless(bad is null, 'EG400', 'A trade is not possible for this fund: asset ' || coalesce(left(bad, 36), '?') || '.');
  perform evergreen.refuse_unless(
    (select count(*) = count(distinct t ->> 'asset_id') from jsonb_array_elements(body -> 'trades') t), 'EG400', 'An asset is traded twice.');
  until := now() + make_interval(hours => coalesce((select (s.value #>> '{}')::int from public.platform_settings s where s.key = 'approval_timeout_hours'), 72));
  digest := evergreen.proposal_hash(id, of_fund.fund_id, 'rebalancing', body, inputs, until);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, expires_at)
  values (id, of_fund.fund_id, 'rebalancing', 'checking', digest, body, inputs,
    jsonb_build_object('funds', 1, 'assets', jsonb_array_length(body -> 'trades')), of_fund.allocations_version, asked.event_id,
    'event/' || asked.event_id, evergreen.actor(), asked.created_by, until);
  perform evergreen.audit(of_fund.fund_id, 'proposals', id::text, 'rebalancing proposed with ' || jsonb_array_length(body -> 'trades') || ' trades', request_id);
  answer := jsonb_build_object('proposal_id', id, 'hash', digest);
  perform evergreen.keep_answer('fn_propose_rebalancing', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_rebalancing(uuid, jsonb, jsonb, text) is
  'Stores a proposal with the hash over body, inputs and expiry. body = {trades: [{asset_id, side, amount, cost, reason}], cash_asset_id}, fund currency; inputs.allocations_version = what was read. EG400, EG404, EG413, EG425 facts changed.';

create or replace function public.fn_record_checks(proposal_id uuid, checks jsonb, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  failed int;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  input := jsonb_build_object('proposal_id', proposal_id, 'checks', checks);
  answer := evergreen.earlier_answer('fn_record_checks', request_id, input);
  if answer is not null then
    return answer ->> 'result';
  end if;
  select * into p from public.proposals x where x.proposal_id = fn_record_checks.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if not exists (select from public.proposal_checks c where c.proposal_id = p.proposal_id and c.room = 'compliance-sentinel') then
    perform evergreen.refuse_unless(p.status = 'checking', 'EG428', 'The proposal is ' || p.status || '.');
    perform evergreen.refuse_unless(jsonb_typeof(checks) = 'array', 'EG400', 'checks is a list of verdicts.');
    perform evergreen.refuse_unless(jsonb_array_length(checks) between 1 and 100, 'EG400', 'checks is a list of 1 to 100 verdicts.');
    -- no worsening trade while a breach of the rule is open (R57), whatever its outcome would be
    checks := (select jsonb_agg(case when coalesce((c ->> 'worse')::boolean, false) and exists (select from public.breaches b where b.fund_id = p.fund_id and b.rule = c ->> 'rule' and b.cured_at is null)
      then c || '{"result": "failed"}' else c end order by n) from jsonb_array_elements(checks) with ordinality t (c, n));
    insert into public.proposal_checks (proposal_id, room, rule, result, value, limit_value, detail)
    select p.proposal_id, 'compliance-sentinel', c ->> 'rule', c ->> 'result', (c ->> 'value')::numeric, (c ->> 'limit_value')::numeric, left(c ->> 'detail', 500)
      from jsonb_array_elements(checks) c;
    insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, outcome, version_id, explain, entity_type, entity_id, detail, workflow_id)
    select p.fund_id, evergreen.actor(), c ->> 'rule', coalesce(c ->> 'rule_version', '1'), case when c ->> 'result' = 'passed' and c ->> 'outcome' = 'review' then 'review' else c ->> 'result' end,
           c ->> 'outcome', (c ->> 'version_id')::uuid, c -> 'explain', 'proposals', p.proposal_id::text,
           jsonb_build_object('value', c ->> 'value', 'limit', c ->> 'limit_value', 'detail', left(c ->> 'detail', 500)), p.workflow_id
      from jsonb_array_elements(checks) c;
    select count(*) into failed from jsonb_array_elements(checks) c where c ->> 'result' <> 'passed';
    if failed > 0 then
      perform evergreen.emit('COMPLIANCE_FAILED', p.fund_id, jsonb_build_object('rule', (select c ->> 'rule' from jsonb_array_elements(checks) c where c ->> 'result' <> 'passed' limit 1),
        'entity_type', 'proposals', 'entity_id', p.proposal_id), evergreen.actor(), jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id));
    end if;
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'pre-trade checks recorded: ' || jsonb_array_length(checks) || ', failed ' || failed, request_id);
  end if;
  answer := jsonb_build_object('result', (select case when bool_and(c.result = 'passed') then 'passed' else 'failed' end from public.proposal_checks c
           where c.proposal_id = p.proposal_id and c.room = 'compliance-sentinel'));
  perform evergreen.keep_answer('fn_record_checks', request_id, input, answer);
  return answer ->> 'result';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_checks(uuid, jsonb, text) is
  'Records the pre-trade verdicts of Compliance Sentinel once, in proposal_checks and compliance_logs; returns passed or failed.';

create or replace function public.fn_open_proposal(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  rooms int;
  failed text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_open_proposal', request_id, input);
  select * into p from public.proposals x where x.proposal_id = fn_open_proposal.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status = 'checking' then
    select count(distinct c.room), string_agg(c.rule || ' (' || c.detail || ')', '; ' order by c.rule) filter (where c.result = 'failed') into rooms, failed
      from public.proposal_checks c where c.proposal_id = p.proposal_id;
    perform evergreen.refuse_unless(rooms = 2, 'EG428', 'Liquidity Engine and Compliance Sentinel have to check the proposal first.');
    update public.proposals x set status = case when failed is null then 'pending' else 'refused' end,
           refusal = case when failed is null then null else jsonb_build_object('code', 'EG424', 'reason', failed) end
     where x.proposal_id = p.proposal_id returning * into p;
    perform evergreen.emit('PROPOSAL_CREATED', p.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'status', p.status), evergreen.actor(),
      jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id));
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal ' || case when failed is null then 'waits for a decision' else 'refused by a check' end, request_id);
  end if;
  if answer is null then
    answer := jsonb_build_object('status', p.status, 'reason', coalesce(p.refusal ->> 'reason', ''));
    perform evergreen.keep_answer('fn_open_proposal', request_id, input, answer);
  end if;
  -- a retry gets the first answer, but the time that is left today
  return answer || jsonb_build_object('expires_in_ms', greatest(0, floor(extract(epoch from p.expires_at - now()) * 1000)::bigint));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_proposal(uuid, text) is 'Puts a fully checked proposal before people, or refuses it when a check failed. Returns {status, expires_in_ms, reason}.';

create or replace function public.fn_decide_proposal(proposal_id uuid, hash text, decision text, reason text default null, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  outcome text;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('proposal_id', proposal_id, 'hash', hash, 'decision', decision, 'reason', reason);
  answer := evergreen.earlier_answer('fn_decide_proposal', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('approved', 'rejected'), 'EG400', 'decision is approved or rejected.');
  perform evergreen.refuse_unless(reason is null or length(reason) <= 500, 'EG400', 'reason has at most 500 characters.');
  select * into p from public.proposals x where x.proposal_id = fn_decide_proposal.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  perform evergreen.refuse_unless(p.status <> 'checking', 'EG422', 'The proposal is still being checked; it cannot be decided yet.');
  perform evergreen.refuse_unless(p.status <> 'expired', 'EG423', 'The time to decide has passed.');
  perform evergreen.refuse_unless(p.status = 'pending', 'EG422', 'The proposal is already ' || p.status || '; it can no longer be decided.');
  -- the database clock decides; a late decision is refused even before the workflow has noticed
  perform evergreen.refuse_unless(p.expires_at > now(), 'EG423', 'The time to decide has passed.');
  perform evergreen.refuse_unless(p.hash = fn_decide_proposal.hash
    and p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at),
    'EG421', 'The hash is not that of the proposal as it stands; look at it again.');
  perform evergreen.refuse_unless(evergreen.actor() <> all (array[p.requested_by, p.proposed_by]), 'EG420', 'Who asked for a proposal cannot decide it: a second person must.');
  perform evergreen.refuse_unless(not exists (select from public.approvals a where a.proposal_id = p.proposal_id and a.decided_by = evergreen.user_id()),
    'EG422', 'You have decided already: another person must.');
  insert into public.approvals (proposal_id, proposal_hash, decision, decided_by, reason) values (p.proposal_id, p.hash, decision, evergreen.user_id(), reason);
  -- one refusal is enough; an approval may be one of several
  outcome := case when decision = 'approved' and not evergreen.has_approvals(p) then 'pending' else decision end;
  if outcome <> 'pending' then
    update public.proposals x set status = outcome, decided_at = now() where x.proposal_id = p.proposal_id;
    perform evergreen.emit('PROPOSAL_DECIDED', p.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'decision', outcome), evergreen.actor(),
      jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id), '{}', request_id);
  end if;
  perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal ' || decision || ' on hash ' || left(p.hash, 12), request_id);
  answer := jsonb_build_object('proposal_id', p.proposal_id, 'status', outcome, 'workflow_id', p.workflow_id);
  perform evergreen.keep_answer('fn_decide_proposal', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_proposal(uuid, text, text, text, text) is
  'A second person approves or rejects the hash of a pending proposal; where several must approve, it stays pending until the last. EG420 own proposal, EG421 stale hash, EG422 already decided, EG423 expired.';

create or replace function public.fn_read_decision(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  p public.proposals;
begin
  perform evergreen.require_role('agent_commander');
  select * into p from public.proposals x where x.proposal_id = fn_read_decision.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status = 'pending' and p.expires_at <= now() then
    update public.proposals x set status = 'expired', refusal = '{"code": "EG423", "reason": "nobody decided in time"}' where x.proposal_id = p.proposal_id returning * into p;
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal expired: a timeout is a refusal', request_id);
  end if;
  return jsonb_build_object('status', p.status, 'final', p.status not in ('checking', 'pending'),
    'expires_in_ms', greatest(0, floor(extract(epoch from p.expires_at - now()) * 1000)::bigint));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_decision(uuid, text) is 'Where a proposal stands; one whose time has passed is recorded as expired. Returns {status, final, expires_in_ms}.';

create or replace function public.fn_withdraw_proposal(proposal_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('proposal_id', proposal_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_withdraw_proposal', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into p from public.proposals x where x.proposal_id = fn_withdraw_proposal.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status in ('checking', 'pending', 'approved') then
    update public.proposals x set status = 'withdrawn', refusal = jsonb_build_object('code', 'EG428', 'reason', left(fn_withdraw_proposal.reason, 200))
     where x.proposal_id = p.proposal_id returning * into p;
    perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'proposal withdrawn', request_id);
  end if;
  perform evergreen.keep_answer('fn_withdraw_proposal', request_id, input, jsonb_build_object('status', p.status));
  return p.status;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_withdraw_proposal(uuid, text, text) is 'Compensation: takes a proposal back that was not yet applied; returns its status.';

create or replace function public.fn_apply_allocations(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  of_fund public.funds;
  next_version bigint;
  cost numeric;
  total numeric;
  ladder_day date;
begin
  perform evergreen.require_role('agent_rebalancing');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_apply_allocations', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into p from public.proposals x where x.proposal_id = fn_apply_allocations.proposal_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal with that id.');
  if p.status = 'applied' then
    return jsonb_build_object('status', 'applied', 'version', (select max(a.version) from public.portfolio_allocations a where a.proposal_id = p.proposal_id)::text);
  end if;
  perform evergreen.refuse_unless(p.status = 'approved', 'EG428', 'The proposal is ' || p.status || ', not approved.');
  perform evergreen.refuse_unless(
    exists (select from public.approvals a where a.proposal_id = p.proposal_id and a.decision = 'approved' and a.proposal_hash = p.hash
             and 'user:' || a.decided_by <> all (array[p.requested_by, p.proposed_by])), 'EG420', 'No valid approval by a second person.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at),
    'EG421', 'The proposal was changed after it was hashed.');
  select * into of_fund from public.funds f where f.fund_id = p.fund_id for no key update;
  perform evergreen.refuse_unless(of_fund.allocations_version = p.based_on_version, 'EG425', 'The allocations have changed since the proposal was made.');
  next_version := of_fund.allocations_version + 1;
  select coalesce(sum((t ->> 'cost')::numeric), 0) into cost from jsonb_array_elements(p.body -> 'trades') t;
  total := (select sum(a.market_value) from public.portfolio_allocations a where a.fund_id = p.fund_id and a.superseded_at is null) - cost;
  perform evergreen.refuse_unless(total > 0, 'EG424', 'Costs would consume the fund.');
  perform evergreen.refuse_unless(not exists (
    select from evergreen.trade_effects(p.proposal_id) m
      left join public.portfolio_allocations a on a.asset_id = m.asset_id and a.fund_id = p.fund_id and a.superseded_at is null
     where m.change < 0 and coalesce(a.market_value, 0) + m.change < 0), 'EG424', 'A position would fall below zero.');
  -- a new version of every allocation: the old rows stay, superseded
  with moves as (
    select m.asset_id, m.change from evergreen.trade_effects(p.proposal_id) m
  ), retired as (
    update public.portfolio_allocations a set superseded_at = now()
     where a.fund_id = p.fund_id and a.superseded_at is null
    returning a.asset_id, a.sleeve, a.target_pct, a.market_value, a.liquid_flag
  )
  insert into public.portfolio_allocations (fund_id, asset_id, sleeve, target_pct, actual_pct, market_value, liquid_flag, version, proposal_id)
  select p.fund_id, r.asset_id, r.sleeve, r.target_pct, round(round(r.market_value + coalesce(m.change, 0), 20) / total, 18),
         r.market_value + coalesce(m.change, 0), r.liquid_flag, next_version, p.proposal_id
    from retired r left join moves m on m.asset_id = r.asset_id;
  -- nothing appears and nothing is lost but the cost
  perform evergreen.refuse_unless(
    (select sum(a.market_value) from public.portfolio_allocations a where a.fund_id = p.fund_id and a.superseded_at is null) = total,
    'EG424', 'The trades do not add up to the value of the fund.');
  update public.funds f set allocations_version = next_version, net_assets = total where f.fund_id = p.fund_id;
  -- every rung at once and in one order, as fn_reserve_liquidity does
  perform 1 from public.liquidity_ladder l where l.fund_id = p.fund_id and l.side = 'asset' order by l.ladder_id for no key update;
  -- what was reserved is now spent; the buckets hold what the fund holds
  update public.liquidity_ladder l set utilization = l.utilization - r.amount
    from public.liquidity_reservations r where r.proposal_id = p.proposal_id and r.released_at is null and l.ladder_id = r.ladder_id;
  update public.liquidity_reservations r set released_at = now(), release_reason = 'applied' where r.proposal_id = p.proposal_id and r.released_at is null;
  ladder_day := evergreen.ladder_date(p.fund_id, 'asset', 'base');
  if ladder_day is not null then
    insert into public.liquidity_ladder (fund_id, side, as_of, bucket, capacity)
    select p.fund_id, 'asset', ladder_day, e.bucket, 0 from evergreen.trade_effects(p.proposal_id) e group by e.bucket on conflict do nothing;
    update public.liquidity_ladder l set capacity = l.capacity + m.change
      from (select e.bucket, sum(e.change) as change from evergreen.trade_effects(p.proposal_id) e group by e.bucket) m
     where l.fund_id = p.fund_id and l.side = 'asset' and l.scenario_id = 'base' and l.bucket = m.bucket and l.as_of = ladder_day;
  end if;
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  perform evergreen.emit('ALLOCATIONS_APPLIED', p.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'version', next_version), evergreen.actor(),
    jsonb_build_object('workflow_id', p.workflow_id, 'causation_id', p.event_id));
  perform evergreen.audit(p.fund_id, 'proposals', p.proposal_id::text, 'allocations applied, version ' || next_version, request_id);
  answer := jsonb_build_object('status', 'applied', 'version', next_version::text);
  perform evergreen.keep_answer('fn_apply_allocations', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_apply_allocations(uuid, text) is
  'Applies an approved proposal once: new allocation version, ladder, net assets less trading cost (fund currency). EG420, EG421 changed, EG424, EG425 facts changed, EG428.';
