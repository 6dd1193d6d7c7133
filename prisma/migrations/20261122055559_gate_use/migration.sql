-- from sql/6e-fn-lmt.sql
-- Liquidity tools: the policy of a fund as data, activation by two people with a drafted notice, and what was decided on a dealing day.

create or replace function public.fn_set_lmt_policy(fund text, pack text, body jsonb, effective_from date, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  made public.lmt_policies;
  tools text[];
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'pack', pack, 'body', body, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_lmt_policy', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(length(pack) between 1 and 40 and isfinite(effective_from), 'EG400', 'pack has 1 to 40 characters and effective_from is a date.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 65536, 'EG400', 'body is a JSON object of at most 64 KB.');
  perform evergreen.refuse_unless(coalesce(body ->> 'pack', pack) = pack, 'EG400', 'body.pack is the pack that is named.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'tools') = 'array', 'EG400', 'body.tools is a list of tools.');
  select array_agg(distinct t order by t) into tools from jsonb_array_elements_text(body -> 'tools') t;
  -- R9c: at least two of the seven, and not only swing with dual pricing; money-market funds one; regimes outside AIFMD II and UCITS have their own packs
  perform evergreen.refuse_unless(tools <@ array['redemption_gate', 'notice_extension', 'redemption_fee', 'swing_pricing', 'dual_pricing', 'anti_dilution_levy', 'redemption_in_kind'],
    'EG400', 'A tool is one of redemption_gate, notice_extension, redemption_fee, swing_pricing, dual_pricing, anti_dilution_levy, redemption_in_kind.');
  perform evergreen.refuse_unless(coalesce(body ->> 'regime', '') in ('us_interval', 'us_nav_reit', 'other')
      or cardinality(tools) >= case when 'mmf' in (pack, body ->> 'regime') then 1 else 2 end and tools <> array['dual_pricing', 'swing_pricing'],
    'EG424', 'At least two tools are selected, and not only swing with dual pricing.');
  perform evergreen.refuse_unless(coalesce(body ->> 'carry', 'auto_pari_passu') in ('auto_pari_passu', 'priority_by_vintage', 'lapse_resubmit'), 'EG400', 'carry is auto_pari_passu, priority_by_vintage or lapse_resubmit.');
  insert into public.lmt_policies (fund_id, version, effective_from, pack, body, hash, set_by)
  values (of_fund.fund_id, (select coalesce(max(p.version), 0) + 1 from public.lmt_policies p where p.fund_id = of_fund.fund_id), fn_set_lmt_policy.effective_from,
    fn_set_lmt_policy.pack, fn_set_lmt_policy.body, encode(sha256(convert_to(body::text, 'UTF8')), 'hex'), evergreen.actor()) returning * into made;
  perform evergreen.emit('POLICY_SET', of_fund.fund_id, jsonb_build_object('policy_id', made.policy_id, 'kind', 'lmt', 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'lmt_policies', made.policy_id::text, 'liquidity tools version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('policy_id', made.policy_id, 'version', made.version, 'hash', made.hash);
  perform evergreen.keep_answer('fn_set_lmt_policy', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_lmt_policy(text, text, jsonb, date, text) is
  'Sets the liquidity tools of a fund from a date on (R9c: two at least). Returns {policy_id, version, hash}. EG400, EG404, EG424 too few.';

create or replace function public.fn_propose_lmt(fund text, tool text, trigger jsonb, notice text, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  proposal uuid := gen_random_uuid();
  event uuid;
  until timestamptz;
  what jsonb;
  digest text;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_liquidity_engine', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'tool', tool, 'trigger', trigger, 'notice', notice, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_propose_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(trigger) = 'object' and octet_length(trigger::text) <= 65536, 'EG400', 'trigger is a JSON object of at most 64 KB: the facts that ask for the tool.');
  perform evergreen.refuse_unless(length(notice) between 20 and 8000, 'EG400', 'notice is the drafted text, 20 to 8,000 characters.');
  perform evergreen.refuse_unless(tool <> 'notice_extension' or not trigger ? 'notice' or ((trigger #>> '{notice,n}')::int between 1 and 1000 and trigger #>> '{notice,basis}' in ('calendar', 'business')),
    'EG400', 'trigger.notice of an extension is {n: 1 to 1000, basis: calendar or business}.');
  perform evergreen.refuse_unless(tool <> 'side_pocket' or coalesce(jsonb_typeof(trigger -> 'assets') = 'array', false), 'EG400', 'trigger.assets of a side pocket is a list of asset ids.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  -- suspension and side pocket are always there; the others when the policy selects them
  perform evergreen.refuse_unless(tool in ('suspension', 'side_pocket') or coalesce((select case tool when 'investor_gate' then p.body -> 'tools' ? 'redemption_gate' else p.body -> 'tools' ? tool end
    from public.lmt_policies p where p.fund_id = of_fund.fund_id and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1), false),
    'EG428', 'The fund has not selected that tool.');
  perform evergreen.refuse_unless(not exists (select from public.lmt_activations a join public.proposals p on p.proposal_id = a.proposal_id
    where a.fund_id = of_fund.fund_id and a.tool = fn_propose_lmt.tool and p.kind = 'lmt' and (a.status = 'active' or (a.status = 'proposed' and p.status in ('pending', 'approved') and p.expires_at > now()))),
    'EG428', 'That tool is active or proposed already.');
  until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
  what := jsonb_build_object('activation_id', id, 'tool', tool, 'notice', notice);
  digest := evergreen.proposal_hash(proposal, of_fund.fund_id, 'lmt', what, trigger, until);
  event := evergreen.emit('LMT_PROPOSED', of_fund.fund_id, jsonb_build_object('activation_id', id, 'proposal_id', proposal), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_propose_lmt.workflow_id)), '{}', request_id);
  insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
  values (proposal, of_fund.fund_id, 'lmt', 'pending', digest, what, trigger, '{"funds": 1}', of_fund.allocations_version, event, coalesce(fn_propose_lmt.workflow_id, 'lmt/' || id),
    evergreen.actor(), evergreen.actor(), 2, until);
  insert into public.lmt_activations (activation_id, fund_id, tool, trigger, status, proposal_id, notice)
  values (id, of_fund.fund_id, fn_propose_lmt.tool, fn_propose_lmt.trigger, 'proposed', proposal, fn_propose_lmt.notice);
  perform evergreen.audit(of_fund.fund_id, 'lmt_activations', id::text, tool || ' proposed', request_id);
  answer := jsonb_build_object('activation_id', id, 'proposal_id', proposal, 'hash', digest);
  perform evergreen.keep_answer('fn_propose_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_lmt(text, text, jsonb, text, text, text) is
  'Puts the activation of a liquidity tool before two people: the facts that ask for it and the drafted notice. EG400, EG404, EG428.';

create or replace function public.fn_activate_lmt(activation_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
  p public.proposals;
begin
  perform evergreen.require_role('pm_role', 'agent_commander');
  input := jsonb_build_object('activation_id', activation_id);
  answer := evergreen.earlier_answer('fn_activate_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select x.* into p from public.proposals x where x.proposal_id = (select y.proposal_id from public.lmt_activations y where y.activation_id = fn_activate_lmt.activation_id) for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No activation with that id.');
  perform 1 from public.funds f where f.fund_id = p.fund_id for no key update;
  select * into a from public.lmt_activations x where x.activation_id = fn_activate_lmt.activation_id for no key update;
  perform evergreen.refuse_unless(a.status = 'proposed' and p.status = 'approved', 'EG428', 'The activation is ' || a.status || ' and its proposal ' || p.status || '.');
  perform evergreen.refuse_unless(evergreen.has_approvals(p), 'EG420', 'Two people who did not propose it must approve the activation.');
  perform evergreen.refuse_unless(p.hash = evergreen.proposal_hash(p.proposal_id, p.fund_id, p.kind, p.body, p.inputs, p.expires_at) and p.body ->> 'notice' = a.notice
    and p.inputs = a.trigger and p.body ->> 'tool' = a.tool, 'EG421', 'The proposal was changed after it was hashed.');
  perform evergreen.refuse_unless(a.tool <> 'side_pocket' or a.nca_notified_at is not null, 'EG428', 'The authority is told of a side pocket before it is activated.');
  update public.lmt_activations x set status = 'active', active_from = now() where x.activation_id = a.activation_id;
  update public.proposals x set status = 'applied', applied_at = now() where x.proposal_id = p.proposal_id;
  if a.tool = 'suspension' then
    update public.funds f set status = 'suspended' where f.fund_id = a.fund_id;
  end if;
  perform evergreen.emit('LMT_ACTIVATED', a.fund_id, jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  perform evergreen.knock_days(a.fund_id, null, null, a.tool || ' activated');
  perform evergreen.audit(a.fund_id, 'lmt_activations', a.activation_id::text, a.tool || ' activated', request_id);
  answer := jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', 'active');
  perform evergreen.keep_answer('fn_activate_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_activate_lmt(uuid, text) is
  'Puts an approved liquidity tool to use, once; a suspension suspends the fund, subscriptions and redemptions alike. EG404, EG420, EG421, EG428.';

create or replace function public.fn_end_lmt(activation_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
begin
  perform evergreen.require_role('pm_role');
  input := jsonb_build_object('activation_id', activation_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_end_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.lmt_activations x where x.activation_id = fn_end_lmt.activation_id) for no key update;
  select * into a from public.lmt_activations x where x.activation_id = fn_end_lmt.activation_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No activation with that id.');
  perform evergreen.refuse_unless(a.status = 'active', 'EG428', 'The activation is ' || a.status || '.');
  update public.lmt_activations x set status = 'ended', active_until = now(), end_reason = reason where x.activation_id = a.activation_id;
  if a.tool = 'suspension' then
    update public.funds f set status = 'active' where f.fund_id = a.fund_id and f.status = 'suspended';
  end if;
  perform evergreen.emit('LMT_ENDED', a.fund_id, jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(a.fund_id, null, null, a.tool || ' ended');
  perform evergreen.audit(a.fund_id, 'lmt_activations', a.activation_id::text, a.tool || ' ended', request_id);
  answer := jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', 'ended');
  perform evergreen.keep_answer('fn_end_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_end_lmt(uuid, text, text) is 'Ends an active liquidity tool; the end of a suspension opens the fund again. EG400, EG404, EG428.';

create or replace function evergreen.gate_in_use(of_fund uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.lmt_activations a join public.proposals p using (proposal_id) where a.fund_id = of_fund and a.tool = 'redemption_gate' and a.status = 'active' and p.kind = 'lmt')
$$;
comment on function evergreen.gate_in_use(uuid) is 'Whether people put the gate to use; what a dealing day does by the policy alone is another row, under the approvals of its NAV.';

create or replace function evergreen.is_ordinary(policy jsonb, fraction numeric) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(fraction * coalesce(nullif(split_part(policy #>> '{gate,ordinaryFrom}', '/', 2), '')::numeric, 1) >= split_part(policy #>> '{gate,ordinaryFrom}', '/', 1)::numeric, true)
$$;
comment on function evergreen.is_ordinary(jsonb, numeric) is 'Whether a gate that executes that share of the redemptions is what the policy foresees as ordinary use (R9c); without a limit in the policy every gate is.';

create or replace function evergreen.end_gate_use(of_strike uuid, why text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  ended record;
begin
  if exists (select from public.dealing_days d where d.strike_id = of_strike and d.status in ('struck', 'lmt_decided', 'allocated')) then
    return;  -- another class deals at the same NAV under the same gate
  end if;
  for ended in update public.lmt_activations a set status = 'ended', active_until = now(), end_reason = why from public.proposals p, public.dealing_days d
      where d.strike_id = of_strike and p.workflow_id = d.workflow_id and a.proposal_id = p.proposal_id and a.tool = 'redemption_gate' and a.status = 'active' returning a.* loop
    perform evergreen.emit('LMT_ENDED', ended.fund_id, jsonb_build_object('activation_id', ended.activation_id, 'tool', ended.tool), evergreen.actor(), '{}', '{}', null);
  end loop;
end $$;
comment on function evergreen.end_gate_use(uuid, text) is 'Ends the use of the gate on a dealing date when no class that deals at its NAV is under it any more.';

create or replace function evergreen.note_gate(d public.dealing_days, decision jsonb) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
  id uuid;
  words text := coalesce(decision ->> 'notice', 'Draft notice, dealing date ' || d.dealing_date || ': redemptions are executed in part, everybody alike, as the policy of the fund says; nobody has sent it.');
  facts jsonb := decision - array['lab', 'notice', 'tools'] || jsonb_build_object('dealing_date', d.dealing_date, 'strike_id', d.strike_id);
begin
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  if not (decision ->> 'gate')::boolean then
    -- another class that deals at the NAV may still be under it
    update public.lmt_activations a set status = 'ended', active_until = now(), end_reason = 'decided anew: no gate' where a.proposal_id = s.proposal_id and a.status = 'active'
      and not exists (select from public.dealing_days x where x.strike_id = d.strike_id and x.dealing_day_id <> d.dealing_day_id and x.status in ('lmt_decided', 'allocated') and (x.decision ->> 'gate')::boolean)
      returning a.activation_id into id;
    if id is not null then
      perform evergreen.emit('LMT_ENDED', d.fund_id, jsonb_build_object('activation_id', id, 'tool', 'redemption_gate'), evergreen.actor(), '{}', '{}', null);
    end if;
    return;
  end if;
  -- a gate that people decided on has its row, with the facts that they saw
  if evergreen.gate_in_use(d.fund_id) then
    return;
  end if;
  update public.lmt_activations a set trigger = facts, notice = words where a.proposal_id = s.proposal_id and a.status = 'active' returning a.activation_id into id;
  if id is null then
    -- one row per NAV: a gate that was decided, dropped and decided again is in use again
    insert into public.lmt_activations as a (fund_id, tool, trigger, status, proposal_id, notice, active_from)
    values (d.fund_id, 'redemption_gate', facts, 'active', s.proposal_id, words, now())
    on conflict (proposal_id) do update set status = 'active', trigger = excluded.trigger, notice = excluded.notice, active_from = excluded.active_from, active_until = null, end_reason = null
    returning a.activation_id into id;
    perform evergreen.emit('LMT_ACTIVATED', d.fund_id, jsonb_build_object('activation_id', id, 'tool', 'redemption_gate'), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', null);
  end if;
end $$;
comment on function evergreen.note_gate(public.dealing_days, jsonb) is
  'Keeps the use of the gate on a dealing day (R9c): tool, facts, drafted notice; it stands under the NAV that two people approved with what the gate would do before them, or under their own decision.';

create or replace function public.fn_decide_lmt(dealing_day_id uuid, decision jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  suspend boolean;
begin
  perform evergreen.require_role('agent_liquidity_engine');
  input := jsonb_build_object('dealing_day_id', dealing_day_id, 'decision', decision);
  answer := evergreen.earlier_answer('fn_decide_lmt', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(jsonb_typeof(decision) = 'object' and octet_length(decision::text) <= 65536, 'EG400', 'decision is a JSON object of at most 64 KB.');
  suspend := coalesce((decision ->> 'suspend')::boolean, false);
  if suspend then
    -- the locked orders stay queued for the next day; nothing was priced
    perform evergreen.refuse_unless(d.status in ('cut_off', 'inputs_frozen', 'nav_proposed'), 'EG428', 'The dealing day is ' || d.status || '.');
    perform evergreen.refuse_unless(exists (select from public.lmt_activations a where a.fund_id = d.fund_id and a.tool = 'suspension' and a.status = 'active'),
      'EG428', 'No suspension of the fund is active: two people activate it first.');
  else
    perform evergreen.refuse_unless(d.status in ('struck', 'lmt_decided'), 'EG428', 'The dealing day is ' || d.status || '.');
    perform evergreen.refuse_unless(jsonb_typeof(decision -> 'gate') = 'boolean', 'EG400', 'decision.gate says whether redemptions are gated.');
    if (decision ->> 'gate')::boolean then
      perform evergreen.refuse_unless((decision ->> 'cap_units')::numeric >= 0 and (decision ->> 'cap_units')::numeric < 1e18, 'EG400', 'decision.cap_units is what may be paid, in units of the class.');
      perform evergreen.refuse_unless(exists (select from public.lmt_policies p where p.policy_id = d.lmt_policy_id and p.body -> 'tools' ? 'redemption_gate'),
        'EG428', 'The policy that is pinned to the day has no gate.');
      perform evergreen.refuse_unless(decision ->> 'notice' is null or length(decision ->> 'notice') between 20 and 8000, 'EG400', 'decision.notice is the drafted text, 20 to 8,000 characters.');
      perform evergreen.refuse_unless(evergreen.is_ordinary((select p.body from public.lmt_policies p where p.policy_id = d.lmt_policy_id), (decision ->> 'fraction')::numeric)
        or evergreen.gate_in_use(d.fund_id), 'EG428', 'So small a share is no ordinary use of the gate: two people decide on it first.');
    else
      perform evergreen.refuse_unless(decision ->> 'cap_units' is null, 'EG400', 'Without a gate there is no cap_units.');
    end if;
  end if;
  if not suspend then
    perform evergreen.note_gate(d, decision);
  end if;
  update public.dealing_days x set status = case when suspend then 'suspended' else 'lmt_decided' end,
    -- what the lab found stays beside what was decided
    decision = case when x.decision ? 'lab' then jsonb_build_object('lab', x.decision -> 'lab') else '{}'::jsonb end || (fn_decide_lmt.decision - 'notice'), step = greatest(x.step, 6) where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.emit(case when suspend then 'SUSPENDED' else 'LMT_DECIDED' end, d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, case when suspend then 'dealing suspended' when (decision ->> 'gate')::boolean then 'gate applied' else 'no gate' end, request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_decide_lmt', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_lmt(uuid, jsonb, text) is
  'Records what was decided on the unswung NAV: {gate, cap_units?, fraction?, tools?, notice?, …}, a gate as use of the tool with its notice; below what the policy calls ordinary two people decide first; or {suspend: true}, for which an activated suspension must stand. cap_units bounds the redemptions that are allocated. EG400, EG404, EG428.';

-- from sql/80-grants.sql
-- Who may call what. Nobody can by default; the second list repeats, as grants, what each function checks in its first lines.
do $$
declare
  f record;
begin
  for f in select p.oid::regprocedure as signature, n.nspname as schema from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where n.nspname = 'evergreen' or (n.nspname = 'public' and p.proname like 'fn\_%') loop
    execute format('alter function %s owner to evergreen_owner', f.signature);
    execute format('revoke all on function %s from public, anon, authenticated, service_role', f.signature);
  end loop;
  for f in select * from (values
    ('fn_record_event(text,jsonb,text,text,text,uuid,uuid[])', 'pm_role, ops_role, service_role, agent_commander, agent_liquidity_engine, agent_simulation, agent_risk_guardian, agent_compliance_sentinel'),
    ('fn_claim_events(text,int,int)', 'service_role'),
    ('fn_finish_events(bigint[])', 'service_role'),
    ('fn_fail_event(bigint,text,int)', 'service_role'),
    ('fn_release_events(bigint[])', 'service_role'),
    ('fn_claim_batch(text,int,int)', 'service_role'),
    ('fn_fail_batch(uuid,text,int)', 'service_role'),
    ('fn_retry_event(uuid,text)', 'pm_role, ops_role'),
    ('fn_seal_audit(int)', 'service_role'),
    ('fn_open_workflow(text,text,uuid,jsonb,text)', 'agent_commander, service_role'),
    ('fn_complete_workflow(text,text,jsonb,text)', 'agent_commander, service_role'),
    ('fn_update_liquidity_bucket(text,numeric,jsonb,text)', 'agent_liquidity_engine, agent_simulation, pm_role, ops_role, service_role'),
    ('fn_reserve_liquidity(uuid,text)', 'agent_liquidity_engine'),
    ('fn_release_liquidity(uuid,text,text)', 'agent_liquidity_engine'),
    ('fn_request_rebalance(text,text,text,text,jsonb)', 'pm_role'),
    ('fn_propose_rebalancing(uuid,jsonb,jsonb,text)', 'agent_rebalancing'),
    ('fn_record_checks(uuid,jsonb,text)', 'agent_compliance_sentinel'),
    ('fn_open_proposal(uuid,text)', 'agent_commander'),
    ('fn_decide_proposal(uuid,text,text,text,text)', 'pm_role'),
    ('fn_read_decision(uuid,text)', 'agent_commander'),
    ('fn_withdraw_proposal(uuid,text,text)', 'agent_commander'),
    ('fn_apply_allocations(uuid,text)', 'agent_rebalancing'),
    ('fn_set_mandate(text,jsonb,text,text)', 'pm_role'),
    ('fn_import_fund(jsonb,text)', 'pm_role, ops_role'),
    ('fn_submit_investor(text,jsonb,text,text)', 'ops_role'),
    ('fn_assign_investor(uuid,text,text)', 'agent_kyc, ops_role'),
    ('fn_ask_evidence(uuid,text[],text)', 'agent_kyc'),
    ('fn_place_order(text,uuid,text,numeric,text,text,text,text,numeric,date,text,text,uuid,timestamptz,uuid[])', 'lp_role, ops_role'),
    ('fn_cancel_order(uuid,text,text)', 'lp_role, ops_role, pm_role'),
    ('fn_hold_order(uuid,text,text,text)', 'ops_role, agent_kyc, agent_compliance_sentinel'),
    ('fn_release_hold(uuid,text,text,text)', 'ops_role'),
    ('fn_prove_order(uuid)', 'lp_role, ops_role, pm_role, audit_role'),
    ('fn_open_class(text,text,text,numeric,int,int,text)', 'pm_role, ops_role'),
    ('fn_open_register(uuid,jsonb,text,numeric)', 'ops_role'),
    ('fn_set_holidays(text,jsonb,text)', 'ops_role'),
    ('fn_set_dealing_policy(uuid,jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_set_lmt_policy(text,text,jsonb,date,text)', 'pm_role, ops_role'),
    ('fn_propose_lmt(text,text,jsonb,text,text,text)', 'pm_role, ops_role, agent_liquidity_engine, agent_commander'),
    ('fn_activate_lmt(uuid,text)', 'pm_role, agent_commander'),
    ('fn_end_lmt(uuid,text,text)', 'pm_role'),
    ('fn_open_dealing_day(text,text,date,text,text)', 'ops_role, agent_commander'),
    ('fn_lock_orders(uuid,text)', 'agent_commander'),
    ('fn_recheck_orders(uuid,text)', 'agent_kyc'),
    ('fn_freeze_nav_inputs(text,date,jsonb,text,jsonb)', 'agent_commander, ops_role'),
    ('fn_propose_nav(uuid,jsonb,jsonb,text,text)', 'agent_commander, ops_role, pm_role'),
    ('fn_strike_nav(uuid,text)', 'agent_commander, ops_role'),
    ('fn_restate_nav(uuid,jsonb,text,text)', 'pm_role, ops_role, agent_commander'),
    ('fn_read_restatement(uuid)', 'agent_commander'),
    ('fn_preview_restatement(uuid,jsonb)', 'pm_role, ops_role'),
    ('fn_settle_compensation(text,jsonb,text)', 'ops_role'),
    ('fn_note_nav_error(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_record_restatement(uuid,jsonb,jsonb,text)', 'agent_commander'),
    ('fn_decide_lmt(uuid,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_record_allocations(uuid,jsonb,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_post_dealing_day(uuid,text)', 'agent_commander'),
    ('fn_open_claims(uuid,text)', 'agent_commander'),
    ('fn_confirm_cash(text,jsonb,text)', 'ops_role, agent_commander'),
    ('fn_close_dealing_day(uuid,text)', 'agent_commander'),
    ('fn_knock_dealing_day(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_read_dealing_day(uuid)', 'agent_commander'),
    ('fn_read_nav_facts(uuid)', 'agent_commander'),
    ('fn_read_book(uuid)', 'agent_liquidity_engine'),
    ('fn_roll_unpaid(uuid,text)', 'agent_commander'),
    ('fn_record_lab(uuid,jsonb,text)', 'agent_liquidity_engine'),
    ('fn_discard_dealing_day(uuid,text,text)', 'ops_role, agent_commander'),
    ('fn_record_marks(text,jsonb,text)', 'ops_role, pm_role'),
    ('fn_reverse_ledger(uuid,text,text)', 'pm_role, ops_role'),
    ('fn_propose_posting(text,text,jsonb,text,text)', 'lp_role, ops_role, pm_role, agent_commander'),
    ('fn_ask_dust(uuid,text)', 'ops_role, agent_commander, agent_liquidity_engine'),
    ('fn_cancel_dust(uuid,text)', 'ops_role, agent_commander'),
    ('fn_read_crystallisation(text,text)', 'agent_commander, ops_role, pm_role'),
    ('fn_read_fees_again(uuid)', 'agent_commander, ops_role, pm_role'),
    ('fn_crystallise_fee(uuid,text)', 'agent_commander, ops_role'),
    ('fn_post_distribution(uuid,text)', 'agent_commander, ops_role'),
    ('fn_confirm_payout(text,text,jsonb,text)', 'ops_role, agent_commander'),
    ('fn_return_cash(uuid,text,text)', 'ops_role'),
    ('fn_note_authority(uuid,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_open_side_pocket(uuid,text,text,text)', 'agent_commander, ops_role'),
    ('fn_settle_in_kind(uuid,text)', 'agent_commander, ops_role'),
    ('fn_verify_invariants(text)', 'audit_role, pm_role, ops_role, agent_commander'),
    ('fn_statement_books(uuid,uuid,timestamptz)', 'lp_role, pm_role, ops_role, audit_role'),
    ('fn_performance_books(text,uuid[],text,timestamptz)', 'lp_role, pm_role, ops_role, audit_role'),
    ('fn_prepare_statements(uuid,text)', 'agent_commander'),
    ('fn_intake_orders(uuid,text)', 'agent_kyc'),
    ('fn_import_orders(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_import_bank_statement(text,jsonb,jsonb,boolean,boolean,text)', 'ops_role'),
    ('fn_match_bank_lines(uuid,int,uuid,text)', 'ops_role'),
    ('fn_undo_import(uuid,text,boolean,text)', 'ops_role'),
    ('fn_propose_bank_accounts(text,jsonb,text)', 'ops_role'),
    ('fn_decide_bank_accounts(jsonb,text,text)', 'pm_role, ops_role'),
    ('fn_export_payments(text,date,date,text,text)', 'ops_role'),
    ('fn_withdraw_payments(uuid,text,text)', 'ops_role'),
    ('fn_raise_alert(uuid,text,text,text,text)', 'agent_risk_guardian'),
    ('fn_record_stress(uuid,text,numeric,text,jsonb,text)', 'agent_simulation'),
    ('fn_log_compliance(uuid,text,text,text,jsonb,text)', 'agent_compliance_sentinel'),
    ('fn_register_tokenization(uuid,uuid,text)', 'agent_tokenization'),
    ('fn_remember(jsonb,text)', 'pm_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_search_memories(float8[],uuid,int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_list_memories(uuid,text,uuid[],int)', 'pm_role, audit_role, agent_commander, agent_rebalancing, agent_liquidity_engine, agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization'),
    ('fn_load_demo(jsonb,text)', 'demo_role'),
    ('fn_set_demo_clock(timestamptz)', 'demo_role'),
    ('fn_batch_demo_orders(text,text,text)', 'demo_role'),
    ('fn_hand_over_demo_days(text,text)', 'demo_role'),
    ('fn_move_cash(text,text,numeric,text,text)', 'ops_role'),
    ('fn_answer_dust(uuid,text,text)', 'lp_role, ops_role'),
    ('fn_set_beneficial_owner(uuid,uuid,date,text,text)', 'ops_role'),
    ('fn_record_certain_inflows(text,numeric,date,text,text)', 'pm_role, ops_role'),
    ('fn_open_repurchase_offer(text,date,date,numeric,text,text)', 'pm_role, ops_role'),
    ('fn_note_notice(uuid,timestamptz,text)', 'pm_role, ops_role'),
    ('fn_record_index_values(jsonb,text)', 'pm_role, ops_role'),
    ('fn_record_asset_payments(text,jsonb,text)', 'pm_role, ops_role'),
    ('fn_set_roll_forward(text,text,text,numeric,int,date,text)', 'pm_role, ops_role'),
    ('fn_record_spans(jsonb)', 'service_role')
  ) as access (signature, callers) loop
    execute format('grant execute on function public.%s to %s', f.signature, f.callers);
  end loop;
end $$;

-- policies call these as the reader
grant execute on function evergreen.my_event_ids(), evergreen.my_fund_ids(), evergreen.my_class_ids(), evergreen.visible_asset_ids() to lp_role;

-- a function of a later migration belongs to nobody until it is granted: the built-in default (everybody may execute) can only be taken back for all schemas at once
alter default privileges revoke all on functions from public;
alter default privileges for role evergreen_owner revoke all on functions from public;
-- no table rights by default, whatever the platform's defaults are (hosted Supabase grants to anon and authenticated)
alter default privileges in schema public revoke all on tables from public, anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from public, anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from public, anon, authenticated, service_role;
revoke all on all sequences in schema public from public, anon, authenticated, service_role;
do $$
declare
  s record;
begin
  for s in select c.oid::regclass as name from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
            and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i')) loop
    execute format('alter sequence %s owner to evergreen_owner', s.name);
  end loop;
  -- scratch tables are how search_path attacks begin
  execute format('revoke temporary, create on database %I from public', current_database());
  if to_regclass('public._prisma_migrations') is not null then
    execute 'alter table public._prisma_migrations enable row level security';
    execute 'revoke all on public._prisma_migrations from public, anon, authenticated, service_role';
  end if;
end $$;
grant usage on schema public to pm_role, lp_role, ops_role, audit_role, service_role, demo_role, agent_commander, agent_rebalancing, agent_liquidity_engine,
  agent_compliance_sentinel, agent_risk_guardian, agent_kyc, agent_simulation, agent_tokenization, evergreen_owner, evergreen_readonly;
