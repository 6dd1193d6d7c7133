-- What two people put their names to before it is posted: a cancellation after the cut-off, a crystallisation, a distribution, a payment in kind.
-- And what is asked of an investor once: dust that is too small to carry on.

create or replace function public.fn_propose_posting(fund text, kind text, body jsonb, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  mine public.fund_flows;
  flow text;
  id uuid := gen_random_uuid();
  event uuid;
  until timestamptz;
  digest text;
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'kind', kind, 'body', body, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_propose_posting', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where (f.code = fund or f.fund_id::text = fund)
    and (evergreen.role_name() <> 'lp_role' or f.fund_id in (select evergreen.my_fund_ids())) for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(kind in ('cancellation', 'crystallisation', 'distribution', 'in_kind'), 'EG400', 'kind is cancellation, crystallisation, distribution or in_kind.');
  perform evergreen.refuse_unless(evergreen.role_name() <> 'lp_role' or kind = 'cancellation', 'EG403', 'An investor asks for a cancellation only.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object', 'EG400', 'body is a JSON object.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 16777216, 'EG413', 'body is larger than 16 MB.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  if kind in ('cancellation', 'in_kind') then
    flow := body ->> 'flow_id';
    select * into mine from public.fund_flows f where f.flow_id::text = flow and f.fund_id = of_fund.fund_id
      and (evergreen.role_name() <> 'lp_role' or f.investor_id in (select evergreen.my_investor_ids()));
    perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
    perform evergreen.refuse_unless(kind <> 'cancellation' or mine.status = 'locked', 'EG428', 'The order is ' || mine.status || '; only after the cut-off a cancellation takes consent.');
    perform evergreen.refuse_unless(kind <> 'cancellation' or length(body ->> 'reason') between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
    perform evergreen.refuse_unless(kind <> 'in_kind' or (mine.status = 'claimable' and mine.direction = 'redemption' and mine.order_kind = 'plain'),
      'EG428', 'The order is ' || mine.status || '; a redemption that is claimable can be paid in kind.');
  else
    perform evergreen.refuse_unless(exists (select from public.share_classes c where c.share_class_id::text = body ->> 'share_class_id' and c.fund_id = of_fund.fund_id),
      'EG404', 'The fund has no class with that id.');
  end if;
  perform evergreen.refuse_unless(not exists (select from public.proposals p where p.fund_id = of_fund.fund_id and p.kind = fn_propose_posting.kind and p.status in ('pending', 'approved')
    and p.expires_at > now() and case when flow is null then p.body = fn_propose_posting.body else p.body ->> 'flow_id' = flow end), 'EG428', 'That is proposed already.');
  until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
  digest := evergreen.proposal_hash(id, of_fund.fund_id, kind, body, '{}', until);
  event := evergreen.emit('POSTING_PROPOSED', of_fund.fund_id, jsonb_build_object('proposal_id', id, 'kind', kind), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_propose_posting.workflow_id)), case when mine.investor_id is null then '{}' else array[mine.investor_id] end, request_id);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
  values (id, of_fund.fund_id, fn_propose_posting.kind, 'pending', digest, fn_propose_posting.body, '{}', jsonb_build_object('orders', case when flow is null then 0 else 1 end),
    of_fund.allocations_version, event, coalesce(fn_propose_posting.workflow_id, 'posting/' || id), evergreen.actor(), evergreen.actor(), 2, until);
  perform evergreen.audit(of_fund.fund_id, 'proposals', id::text, kind || ' proposed', request_id);
  answer := jsonb_build_object('proposal_id', id, 'hash', digest, 'kind', kind);
  perform evergreen.keep_answer('fn_propose_posting', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_posting(text, text, jsonb, text, text) is
  'Puts a posting before two people, neither of whom proposed it: cancellation {flow_id, reason} of a locked order, crystallisation, distribution, in_kind. An investor may ask for the cancellation of an order of its own. EG400, EG403, EG404, EG413, EG428.';

create or replace function evergreen.take_consent(of_proposal uuid, of_kind text) returns public.proposals
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  p public.proposals;
begin
  -- proposal, then fund: the order in which everyone locks
  select * into p from public.proposals x where x.proposal_id = of_proposal and x.kind = of_kind for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No proposal of that kind with that id.');
  perform 1 from public.funds f where f.fund_id = p.fund_id for no key update;
  perform evergreen.refuse_unless(p.status = 'approved', 'EG428', 'The proposal is ' || p.status || ', not approved.');
  perform evergreen.refuse_unless(evergreen.has_approvals(p), 'EG420', 'Two people who did not propose it must approve.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at), 'EG421', 'The proposal was changed after it was hashed.');
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  return p;
end $$;
comment on function evergreen.take_consent(uuid, text) is 'Uses up a proposal that two people approved, once; its fund is then locked. EG404, EG420, EG421, EG428.';

create or replace function evergreen.is_dust(of_flow public.fund_flows) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- R9: what is left of an order that was filled in part and is worth less than the policy's minimum, where the policy asks before it cancels
  select coalesce((of_flow.requested_units * c.nav_per_unit < (p.body #>> '{dust,minimum}')::numeric and p.body #>> '{dust,mode}' = 'ask_then_cancel'
      and of_flow.direction = 'redemption' and of_flow.order_kind = 'plain' and of_flow.status = 'accepted'
      and exists (with recursive before as (
        select f.flow_id, f.parent_flow_id, f.filled_units from public.fund_flows f where f.flow_id = of_flow.parent_flow_id
        union all select f.flow_id, f.parent_flow_id, f.filled_units from public.fund_flows f join before b on f.flow_id = b.parent_flow_id)
        select from before b where b.filled_units > 0)), false)
    from public.share_classes c left join lateral (
      select l.body from public.lmt_policies l where l.fund_id = of_flow.fund_id and l.effective_from <= current_date order by l.effective_from desc, l.version desc limit 1) p on true
   where c.share_class_id = of_flow.share_class_id
$$;
comment on function evergreen.is_dust(public.fund_flows) is 'Whether an order that waits is dust in the sense of R9: filled in part before, and worth less than the minimum of the policy in force.';

create or replace function public.fn_ask_dust(flow_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  small public.fund_flows;
begin
  perform evergreen.require_role('ops_role', 'agent_commander', 'agent_liquidity_engine');
  input := jsonb_build_object('flow_id', flow_id);
  answer := evergreen.earlier_answer('fn_ask_dust', request_id, input);
  if answer is not null then
    return answer ->> 'asked';
  end if;
  select * into small from public.fund_flows f where f.flow_id = fn_ask_dust.flow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(evergreen.is_dust(small), 'EG428', 'The order is not the small rest of one that was filled in part.');
  perform evergreen.refuse_unless(small.dust_asked_at is null, 'EG428', 'The investor was asked already.');
  update public.fund_flows f set dust_asked_at = now() where f.flow_id = small.flow_id;
  perform evergreen.emit('DUST_ASKED', small.fund_id, jsonb_build_object('flow_id', small.flow_id), evergreen.actor(), '{}', array[small.investor_id], request_id);
  perform evergreen.audit(small.fund_id, 'fund_flows', small.flow_id::text, 'investor asked whether to give up what is left', request_id);
  perform evergreen.keep_answer('fn_ask_dust', request_id, input, '{"asked": "asked"}');
  return 'asked';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_ask_dust(uuid, text) is 'Asks an investor, once, whether to give up the small rest of an order (R9); what is carried on remembers it. EG404, EG428.';

create or replace function public.fn_answer_dust(flow_id uuid, answer text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  earlier jsonb;
  small public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('lp_role', 'ops_role');
  input := jsonb_build_object('flow_id', flow_id, 'answer', answer);
  earlier := evergreen.earlier_answer('fn_answer_dust', request_id, input);
  if earlier is not null then
    return earlier ->> 'status';
  end if;
  perform evergreen.refuse_unless(answer in ('give_up', 'keep'), 'EG400', 'answer is give_up or keep.');
  select * into small from public.fund_flows f where f.flow_id = fn_answer_dust.flow_id for no key update;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or small.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(small.dust_asked_at is not null and small.dust_answer is null, 'EG428', 'Nobody waits for an answer about that order.');
  perform evergreen.refuse_unless(small.status = 'accepted', 'EG428', 'The order is ' || small.status || '.');
  update public.fund_flows f set dust_answer = fn_answer_dust.answer where f.flow_id = small.flow_id;
  event := evergreen.emit('DUST_ANSWERED', small.fund_id, jsonb_build_object('flow_id', small.flow_id, 'answer', answer), evergreen.actor(), '{}', array[small.investor_id], request_id);
  if answer = 'give_up' then
    perform evergreen.move_order(small.flow_id, 'cancelled', event, 'the investor gives up the small rest');
  end if;
  perform evergreen.audit(small.fund_id, 'fund_flows', small.flow_id::text, 'answer about the small rest: ' || answer, request_id);
  perform evergreen.keep_answer('fn_answer_dust', request_id, input, jsonb_build_object('status', case answer when 'give_up' then 'cancelled' else 'accepted' end));
  return case answer when 'give_up' then 'cancelled' else 'accepted' end;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_answer_dust(uuid, text, text) is
  'The investor answers whether to give up the small rest of an order (R9): give_up cancels it, keep lets it be carried on for as long as the policy carries; without an answer it ends on the next dealing day that leaves a rest. Returns the status. EG400, EG404, EG428.';

create or replace function public.fn_cancel_dust(flow_id uuid, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  small public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('flow_id', flow_id);
  answer := evergreen.earlier_answer('fn_cancel_dust', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  select * into small from public.fund_flows f where f.flow_id = fn_cancel_dust.flow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(evergreen.is_dust(small), 'EG428', 'The order is not the small rest of one that was filled in part.');
  perform evergreen.refuse_unless(small.dust_asked_at < now(), 'EG428', 'The investor has to be asked first.');
  perform evergreen.refuse_unless(small.dust_answer is distinct from 'keep', 'EG428', 'The investor was asked and keeps the rest.');
  event := evergreen.emit('ORDER_CANCELLED', small.fund_id, jsonb_build_object('flow_id', small.flow_id), evergreen.actor(), '{}', array[small.investor_id], request_id);
  perform evergreen.move_order(small.flow_id, 'cancelled', event, 'the rest is below the minimum, and the investor was asked');
  perform evergreen.audit(small.fund_id, 'fund_flows', small.flow_id::text, 'dust cancelled', request_id);
  perform evergreen.keep_answer('fn_cancel_dust', request_id, input, '{"status": "cancelled"}');
  return 'cancelled';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_cancel_dust(uuid, text) is 'Cancels the small rest of an order whose investor was asked (R9); the units stay with the investor. EG404, EG428.';
