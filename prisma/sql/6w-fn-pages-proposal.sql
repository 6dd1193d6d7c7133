-- One proposal as a page in one round trip: what is asked with everything that its ids refer to, what the rooms found, who decided, what is remembered.

create or replace function public.fn_read_proposal(proposal_id uuid) returns jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  id_form constant text := '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  figure_form constant text := '^-?[0-9]{1,24}([.][0-9]{1,24})?$';
  p public.proposals;
  -- a body is what somebody wrote: what is not an id is looked for nowhere, what is no list has no rows
  class_id uuid;
  of_strike uuid;
  of_flow uuid;
  of_action uuid;
  lots jsonb;
  deliveries jsonb;
  refers jsonb := '{}';
  memories jsonb := '[]';
begin
  select x.* into p from public.proposals x where x.proposal_id = fn_read_proposal.proposal_id;
  if not found then
    return null;
  end if;
  class_id := case when p.body ->> 'share_class_id' ~ id_form then (p.body ->> 'share_class_id')::uuid end;
  of_strike := case when p.body ->> 'strike_id' ~ id_form then (p.body ->> 'strike_id')::uuid end;
  of_flow := case when p.body ->> 'flow_id' ~ id_form then (p.body ->> 'flow_id')::uuid end;
  of_action := case when p.kind = 'token' and p.body ->> 'action_id' ~ id_form then (p.body ->> 'action_id')::uuid end;
  lots := case when p.kind = 'crystallisation' and jsonb_typeof(p.body -> 'lots') = 'array' then p.body -> 'lots' else '[]' end;
  deliveries := case when p.kind = 'in_kind' and jsonb_typeof(p.body -> 'deliveries') = 'array' then p.body -> 'deliveries' else '[]' end;

  if of_action is not null then
    select jsonb_build_object('action', jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'status', a.status, 'refusal', a.refusal, 'tx_hash', a.tx_hash, 'block', a.block,
        'incident', a.incident_id is not null, 'verdict', (select jsonb_build_object('result', l.result, 'rule', l.rule, 'reason', l.detail ->> 'reason') from public.compliance_logs l where l.log_id = a.compliance_log_id),
        'contract', (select jsonb_build_object('chain_id', t.chain_id, 'paused', t.paused, 'limits', t.limits, 'chain_units', (select trim_scale(coalesce(sum(m.units), 0))::text
            from public.token_moves m join public.tokenization_actions b using (action_id) join public.wallets w on w.wallet_id = m.wallet_id
           where w.contract_id = t.contract_id and b.status in ('included', 'final'))) from public.token_contracts t where t.contract_id = a.contract_id))), coalesce(class_id, a.share_class_id)
      into refers, class_id from public.tokenization_actions a where a.action_id = of_action and a.fund_id = p.fund_id;
    refers := coalesce(refers, '{}');
  end if;
  if of_flow is not null then
    refers := refers || coalesce((select jsonb_build_object('order', jsonb_build_object('flow_id', o.flow_id, 'investor', i.code, 'direction', o.direction, 'order_kind', o.order_kind, 'status', o.status,
        'amount', o.amount::text, 'units', trim_scale(o.requested_units)::text, 'filled_units', trim_scale(o.filled_units)::text, 'price', trim_scale(o.price)::text, 'due', o.net_amount::text,
        'currency', o.currency, 'dealing_date', o.dealing_date, 'dealing_day_id', o.dealing_day_id, 'class', c.code))
      from public.fund_flows o join public.investors i using (investor_id) left join public.share_classes c using (share_class_id) where o.flow_id = of_flow and o.fund_id = p.fund_id), '{}');
  end if;
  if class_id is not null then
    refers := refers || coalesce((select jsonb_build_object('class', jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code, 'name', c.name, 'currency', c.currency, 'units_dp', c.units_dp,
        'price_dp', c.price_dp, 'units', trim_scale(c.units_outstanding)::text, 'nav_per_unit', trim_scale(c.nav_per_unit)::text,
        -- the mark in force: a mark in whose place another stands is none
        'mark', (select trim_scale(m.high_water)::text from public.class_marks m where m.share_class_id = c.share_class_id
           and not exists (select from public.class_marks r where r.replaces = m.mark_id) order by m.as_of desc, m.recorded_at desc, m.mark_id limit 1),
        'replaced', (select jsonb_build_object('as_of', m.as_of, 'fee', m.body ->> 'fee', 'high_water', trim_scale(m.high_water)::text) from public.class_marks m where m.mark_id::text = p.body ->> 'replaces'),
        'paid_about', case when p.kind = 'distribution' and p.body ->> 'per_unit' ~ figure_form then round(c.units_outstanding * (p.body ->> 'per_unit')::numeric, u.exponent)::text end))
      from public.share_classes c join public.currencies u on u.code = c.currency where c.share_class_id = class_id and c.fund_id = p.fund_id), '{}');
  end if;
  if of_strike is not null then
    refers := refers || coalesce((select jsonb_build_object('strike', jsonb_build_object('strike_id', s.strike_id, 'date', s.nav_date, 'version', s.version, 'state', s.state, 'nav', s.nav::text, 'reason', s.reason),
        -- what the new one is compared with: the version it corrects, or the last NAV that stands before it
        'before', case when p.kind = 'nav' then (select jsonb_build_object('strike_id', b.strike_id, 'date', b.nav_date, 'version', b.version, 'state', b.state, 'total_assets', b.total_assets::text,
            'liabilities', b.liabilities::text, 'performance_fee', b.performance_fee::text, 'nav', b.nav::text,
            'classes', (select coalesce(jsonb_object_agg(n.share_class_id, jsonb_build_object('nav', n.nav::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text)), '{}') from public.class_navs n where n.strike_id = b.strike_id))
          from public.nav_strikes b where b.fund_id = s.fund_id and case when s.supersedes is null then b.state = 'final' and b.nav_date < s.nav_date else b.strike_id = s.supersedes end
         order by b.nav_date desc, b.version desc limit 1) end)
      from public.nav_strikes s where s.strike_id = of_strike and s.fund_id = p.fund_id), '{}');
  end if;
  if p.kind = 'lmt' then
    refers := refers || coalesce((select jsonb_build_object('use', jsonb_build_object('activation_id', a.activation_id, 'status', a.status, 'active_from', a.active_from, 'active_until', a.active_until,
        'authority_told', a.nca_notified_at, 'end_reason', a.end_reason)) from public.lmt_activations a where a.proposal_id = p.proposal_id), '{}');
  end if;
  if jsonb_array_length(lots) > 0 then
    refers := refers || (select jsonb_build_object('lots', jsonb_build_object('count', count(*), 'refund', trim_scale(coalesce(sum(case when l ->> 'refund' ~ figure_form then (l ->> 'refund')::numeric end), 0))::text,
        'depreciation', trim_scale(coalesce(sum(case when l ->> 'depreciation' ~ figure_form then (l ->> 'depreciation')::numeric end), 0))::text,
        'change', trim_scale(coalesce(sum(case when l ->> 'change' ~ figure_form then (l ->> 'change')::numeric end), 0))::text,
        'cash', trim_scale(coalesce(sum(case when l ->> 'cash' ~ figure_form then (l ->> 'cash')::numeric end), 0))::text)) from jsonb_array_elements(lots) l);
  end if;
  if jsonb_array_length(deliveries) > 0 then
    refers := refers || jsonb_build_object('delivered', (select trim_scale(coalesce(sum(case when d ->> 'value' ~ figure_form then (d ->> 'value')::numeric end), 0))::text from jsonb_array_elements(deliveries) d));
  end if;
  if p.kind = 'nav' then
    refers := refers || jsonb_build_object('class_codes', (select coalesce(jsonb_object_agg(c.share_class_id, c.code), '{}') from public.share_classes c where c.fund_id = p.fund_id));
  end if;
  -- assets that a delivery or a side pocket names
  refers := refers || jsonb_build_object(
    'assets', (select coalesce(jsonb_object_agg(a.id, a.name), '{}') from public.assets a where a.fund_id = p.fund_id and a.id = any (array(
        select (d ->> 'asset_id')::uuid from jsonb_array_elements(deliveries) d where d ->> 'asset_id' ~ id_form
        union all select (t #>> '{}')::uuid from jsonb_array_elements(case when p.kind = 'lmt' and jsonb_typeof(p.inputs -> 'assets') = 'array' then p.inputs -> 'assets' else '[]' end) t where t #>> '{}' ~ id_form))),
    'day', (select jsonb_build_object('dealing_day_id', d.dealing_day_id, 'date', d.dealing_date, 'class', c.code, 'status', d.status)
       from public.dealing_days d join public.share_classes c using (share_class_id) where d.workflow_id = p.workflow_id order by d.dealing_date desc, d.dealing_day_id limit 1));
  if has_table_privilege('public.agent_memories', 'select') and jsonb_typeof(p.inputs -> 'memory_ids') = 'array' then
    select coalesce(jsonb_agg(jsonb_build_object('memory_id', m.memory_id, 'text', m.text, 'workflow_id', m.workflow_id, 'trace_id', m.langfuse_trace_id, 'recorded_at', m.recorded_at) order by m.recorded_at, m.memory_id), '[]')
      into memories from public.agent_memories m where m.memory_id = any (array(select (i #>> '{}')::uuid from jsonb_array_elements(p.inputs -> 'memory_ids') i where i #>> '{}' ~ id_form));
  end if;
  return jsonb_build_object('read_at', now(),
    -- the lots of a crystallisation are of its investors and may be a million: their sums stand in refers
    'proposal', jsonb_build_object('proposal_id', p.proposal_id, 'kind', p.kind, 'status', p.status, 'hash', p.hash, 'body', case when p.kind = 'crystallisation' then p.body - 'lots' else p.body end, 'inputs', p.inputs,
      'proposed_by', p.proposed_by, 'requested_by', p.requested_by, 'approvals_needed', p.approvals_needed, 'created_at', p.created_at, 'expires_at', p.expires_at, 'decided_at', p.decided_at, 'applied_at', p.applied_at,
      'refusal', p.refusal ->> 'reason', 'workflow_id', p.workflow_id, 'event', (select e.type from public.fund_events e where e.event_id = p.event_id),
      'fund', (select jsonb_build_object('fund_id', f.fund_id, 'code', f.code, 'currency', f.base_currency, 'decimals', u.exponent, 'status', f.status) from public.funds f join public.currencies u on u.code = f.base_currency where f.fund_id = p.fund_id)),
    'approvals', (select coalesce(jsonb_agg(jsonb_build_object('decision', a.decision, 'decided_by', a.decided_by, 'decided_at', a.decided_at, 'reason', a.reason) order by a.decided_at, a.approval_id), '[]') from public.approvals a where a.proposal_id = p.proposal_id),
    'checks', (select coalesce(jsonb_agg(jsonb_build_object('room', k.room, 'rule', k.rule, 'result', k.result, 'value', k.value::text, 'limit_value', k.limit_value::text, 'detail', k.detail) order by k.result = 'passed', k.room, k.rule), '[]')
      from public.proposal_checks k where k.proposal_id = p.proposal_id),
    'memories', memories, 'refers', refers);
end $$;
comment on function public.fn_read_proposal(uuid) is
  'A proposal as a page: what is asked, what its ids refer to (class, NAV and the one before it, order, liquidity tool, token operation, assets), checks, approvals, memories it cites; null where there is none to see. Amounts as text, fund currency. Under the reader''s row-level security.';
