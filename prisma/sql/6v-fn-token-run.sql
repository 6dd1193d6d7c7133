-- A token operation on its way: registered against its verdict, approved, begun, sent, included, final, or refused. By the tokenization room alone.

create or replace function evergreen.register_token_action(asked public.fund_events, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
  verdict public.compliance_logs;
  p public.proposals;
  what jsonb;
  until timestamptz;
begin
  select * into a from public.tokenization_actions x where x.action_id::text = asked.payload ->> 'action_id' and x.fund_id = asked.fund_id and x.event_id = asked.event_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No token operation of this fund was asked for by that event.');
  if a.status = 'requested' then
    select * into verdict from public.compliance_logs l where l.entity_id = asked.event_id::text and l.rule = 'tokenization_approval' order by l.created_at desc, l.log_id limit 1;
    perform evergreen.refuse_unless(verdict.log_id is not null, 'EG428', 'Compliance Sentinel has to look at the operation first.');
    if verdict.result <> 'passed' then
      update public.tokenization_actions x set compliance_log_id = verdict.log_id where x.action_id = a.action_id;
      perform evergreen.refuse_token_action(a.action_id, 'refused', 'compliance', 'EG430', coalesce(verdict.detail ->> 'reason', 'compliance refused it'), request_id);
    elsif a.kind not in ('deal', 'settle', 'claim_issue', 'claim_revoke', 'reconcile')
      -- an incident pauses at once: what only stops waits for nobody; its end is for two people
      and not (a.kind = 'pause' and a.incident_id is not null) and not exists (select from public.proposals x where x.proposal_id = a.proposal_id and x.status = 'applied') then
      -- a day rests on the NAV that two people approved, a claim on a decision of KYC; everything else two people decide here
      until := now() + make_interval(hours => coalesce((select (v.value #>> '{}')::int from public.platform_settings v where v.key = 'approval_timeout_hours'), 72));
      p.proposal_id := gen_random_uuid();
      what := jsonb_strip_nulls(jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'share_class', a.instrument, 'chain', a.chain, 'legal_basis', a.legal_basis,
        'units', case when a.size > 0 then trim_scale(a.size)::text end, 'wallet', (select w.address from public.wallets w where w.wallet_id = a.wallet_id),
        'to_wallet', (select w.address from public.wallets w where w.wallet_id = a.to_wallet_id), 'limits', a.limits, 'compliance_log_id', verdict.log_id));
      insert into public.proposals (proposal_id, fund_id, kind, status, hash, body, inputs, blast_radius, based_on_version, event_id, workflow_id, proposed_by, requested_by, approvals_needed, expires_at)
      values (p.proposal_id, a.fund_id, 'token', 'pending', evergreen.proposal_hash(p.proposal_id, a.fund_id, 'token', what, '{}', until), what, '{}', '{"classes": 1}',
        (select f.allocations_version from public.funds f where f.fund_id = a.fund_id), asked.event_id, 'event/' || asked.event_id, evergreen.actor(),
        -- the end of an incident's pause is the platform's own request: who closed the incident may be one of the two
        case when a.incident_id is null then asked.created_by else evergreen.actor() end, 2, until);
      update public.tokenization_actions x set compliance_log_id = verdict.log_id, proposal_id = p.proposal_id, status = 'awaiting_approval' where x.action_id = a.action_id;
      perform evergreen.emit('PROPOSAL_CREATED', a.fund_id, jsonb_build_object('proposal_id', p.proposal_id, 'status', 'pending'), evergreen.actor(),
        jsonb_build_object('workflow_id', 'event/' || asked.event_id, 'causation_id', asked.event_id));
    else
      update public.tokenization_actions x set compliance_log_id = verdict.log_id, status = 'approved',
             proposal_id = coalesce(x.proposal_id, (select s.proposal_id from public.dealing_days d join public.nav_strikes s using (strike_id) where d.dealing_day_id = x.dealing_day_id))
       where x.action_id = a.action_id;
    end if;
    perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation registered: ' || a.kind || ' ' || verdict.result, request_id);
  end if;
  return (select jsonb_strip_nulls(jsonb_build_object('action_id', x.action_id, 'status', x.status, 'kind', x.kind,
      'proposal_id', case when x.status = 'awaiting_approval' then x.proposal_id end, 'reason', left(x.refusal ->> 'reason', 200)))
    from public.tokenization_actions x where x.action_id = a.action_id);
end $$;
comment on function evergreen.register_token_action(public.fund_events, text) is
  'Takes a token operation in against the verdict of Compliance Sentinel: refused, before two people, or approved already by who approved what it follows from.';

create or replace function evergreen.refuse_token_action(of_action uuid, to_status text, whom text, code text, reason text, request_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
begin
  update public.tokenization_actions x set status = to_status, block = null, refusal = jsonb_build_object('by', whom, 'code', code, 'reason', left(reason, 300)) where x.action_id = of_action returning * into a;
  perform evergreen.emit('TOKEN_REFUSED', a.fund_id, jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'code', code, 'by', whom), evergreen.actor(),
    jsonb_build_object('workflow_id', 'event/' || a.event_id, 'causation_id', a.event_id), '{}', request_id);
end $$;
comment on function evergreen.refuse_token_action(uuid, text, text, text, text, text) is 'Ends an operation that compliance, people or the chain refused, or that failed; nothing of the register changes.';

create or replace function public.fn_begin_token_action(action_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
  t public.token_contracts;
  busy boolean := false;
begin
  perform evergreen.require_role('agent_tokenization');
  select * into a from public.tokenization_actions x where x.action_id = fn_begin_token_action.action_id;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  if a.status = 'awaiting_approval' then
    perform evergreen.take_consent(a.proposal_id, 'token');
    update public.tokenization_actions x set status = 'approved' where x.action_id = a.action_id and x.status = 'awaiting_approval';
    perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation approved: ' || a.kind, null);
  end if;
  select * into t from public.token_contracts x where x.contract_id = a.contract_id for no key update;
  select * into a from public.tokenization_actions x where x.action_id = a.action_id for no key update;
  perform evergreen.refuse_unless(a.status in ('approved', 'sent', 'included', 'final', 'refused', 'failed'), 'EG428', 'The operation is ' || a.status || '.');
  if a.kind in ('deal', 'mint', 'burn') and a.request_no is null then
    -- requests of the vault only count upwards: the next one is opened when the last one is there
    busy := exists (select from public.tokenization_actions x where x.contract_id = a.contract_id and x.action_id <> a.action_id and x.request_no is not null and x.kind <> 'settle' and x.status in ('approved', 'sent'));
    if not busy then
      update public.token_contracts x set requests = x.requests + 1 where x.contract_id = a.contract_id returning * into t;
      update public.tokenization_actions x set request_no = t.requests where x.action_id = a.action_id returning * into a;
    end if;
  end if;
  return (select jsonb_build_object('action_id', a.action_id, 'kind', a.kind, 'status', a.status, 'busy', busy, 'contract_id', t.contract_id,
    'contract', case when t.contract_id is not null then jsonb_build_object('chain_id', t.chain_id, 'gate', t.gate, 'share', t.share, 'vault', t.vault, 'registrar', t.registrar, 'guardian', t.guardian,
      'unit_decimals', t.unit_decimals, 'deployed_block', t.deployed_block) end,
    'name', f.code || ' ' || c.code, 'symbol', c.code, 'unit_decimals', c.units_dp, 'request_no', a.request_no::text, 'price', trim_scale(a.price)::text,
    'wallet', w.address, 'party_ref', w.party_ref, 'to_wallet', o.address, 'units', trim_scale(a.size)::text, 'claim_until', floor(extract(epoch from a.claim_until))::bigint::text, 'attempt', a.attempt, 'limits', a.limits,
    'rules', case when a.kind = 'deploy' then evergreen.token_rules(a.fund_id) else '[]' end, 'as_of', evergreen.clock()::date,
    'moves', (select coalesce(jsonb_agg(jsonb_build_object('wallet', x.address, 'units', trim_scale(m.units)::text) order by x.address), '[]') from public.token_moves m join public.wallets x using (wallet_id)
       where m.action_id = case when a.kind = 'settle' then (select d.action_id from public.tokenization_actions d where d.contract_id = a.contract_id and d.kind = 'deal' and d.request_no = a.request_no) else a.action_id end),
    'requests', (select coalesce(jsonb_agg(distinct r.request_no::text), '[]') from public.tokenization_actions r join public.token_moves m using (action_id)
       where a.kind = 'recover' and m.wallet_id = a.wallet_id and r.request_no is not null and r.kind in ('deal', 'mint', 'burn')))
    from public.share_classes c join public.funds f using (fund_id) left join public.wallets w on w.wallet_id = a.wallet_id left join public.wallets o on o.wallet_id = a.to_wallet_id
   where c.share_class_id = a.share_class_id);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_begin_token_action(uuid) is
  'What an operation is to do on the chain, once whoever must has approved it; asked again it says the same. busy: another operation of the class comes first. EG404, EG420, EG421, EG428.';

create or replace function public.fn_keep_token_attempt(action_id uuid, attempt jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
begin
  perform evergreen.require_role('agent_tokenization');
  perform evergreen.harmless_text('fn_keep_token_attempt', attempt);
  perform evergreen.refuse_unless(jsonb_typeof(attempt) = 'object' and attempt ->> 'hash' ~ '^0x[0-9a-f]{64}$' and attempt ->> 'raw' ~ '^0x[0-9a-f]+$' and attempt ->> 'nonce' ~ '^[0-9]{1,15}$', 'EG400',
    'attempt is a signed transaction: hash, raw and nonce.');
  perform evergreen.refuse_unless(octet_length(attempt::text) <= 262144, 'EG413', 'attempt is larger than 256 KB.');
  select * into a from public.tokenization_actions x where x.action_id = fn_keep_token_attempt.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  perform evergreen.refuse_unless(a.status in ('approved', 'sent', 'included'), 'EG428', 'The operation is ' || a.status || '.');
  update public.tokenization_actions x set attempt = fn_keep_token_attempt.attempt, tx_hash = fn_keep_token_attempt.attempt ->> 'hash', status = case a.status when 'approved' then 'sent' else a.status end
   where x.action_id = a.action_id;
  perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'transaction signed', null);
  return a.action_id::text;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_keep_token_attempt(uuid, jsonb) is 'Keeps the transaction that was signed for an operation, before it is sent; the newest one counts. EG400, EG404, EG413, EG428.';

create or replace function public.fn_mark_token_action(action_id uuid, state text, detail jsonb default '{}', request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.tokenization_actions;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('action_id', action_id, 'state', state, 'detail', detail);
  answer := evergreen.earlier_answer('fn_mark_token_action', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(state in ('sent', 'included', 'final', 'refused', 'failed', 'rejected'), 'EG400', 'state is sent, included, final, refused, failed or rejected.');
  perform evergreen.refuse_unless(jsonb_typeof(detail) = 'object' and octet_length(detail::text) <= 2048, 'EG400', 'detail is a small JSON object.');
  perform evergreen.refuse_unless(state not in ('included', 'final') or detail ->> 'block' ~ '^[0-9]{1,15}$', 'EG400', 'detail.block is the block in which it took effect.');
  perform evergreen.refuse_unless(state not in ('refused', 'failed', 'rejected') or (detail ->> 'code' ~ '^EG[0-9]{3}$' and length(detail ->> 'reason') between 1 and 300), 'EG400', 'detail has the code and the reason of the refusal.');
  select * into a from public.tokenization_actions x where x.action_id = fn_mark_token_action.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  if a.status not in ('final', 'refused', 'failed') then
    perform evergreen.refuse_unless(case when state = 'rejected' then a.status = 'awaiting_approval' else a.status in ('approved', 'sent', 'included') end, 'EG428', 'The operation is ' || a.status || '.');
    if state in ('refused', 'failed', 'rejected') then
      perform evergreen.refuse_token_action(a.action_id, case state when 'rejected' then 'refused' else state end, case state when 'rejected' then 'people' else 'chain' end, detail ->> 'code', detail ->> 'reason', request_id);
    else
      update public.tokenization_actions x set status = state, block = case when state = 'sent' then null else (detail ->> 'block')::bigint end where x.action_id = a.action_id;
    end if;
    if state = 'final' then
      update public.wallets w set
             claim_until = case a.kind when 'claim_issue' then a.claim_until when 'claim_revoke' then null else w.claim_until end,
             status = case when a.kind in ('keep', 'unfreeze') and w.status <> 'lost' then 'active' when a.kind = 'freeze' then 'frozen' when a.kind = 'recover' then 'lost' else w.status end
       where w.wallet_id = a.wallet_id;
      update public.token_contracts t set paused = a.kind = 'pause' where t.contract_id = a.contract_id and a.kind in ('pause', 'unpause');
      update public.token_contracts t set limits = a.limits where t.contract_id = a.contract_id and a.kind = 'limits';
      perform evergreen.emit('TOKEN_SETTLED', a.fund_id, jsonb_build_object('action_id', a.action_id, 'kind', a.kind), evergreen.actor(),
        jsonb_build_object('workflow_id', 'event/' || a.event_id, 'causation_id', a.event_id), '{}', request_id);
      -- KYC may have changed its mind while the claim was under way
      perform evergreen.follow_clearance(w.investor_id, request_id) from public.wallets w where w.wallet_id = a.wallet_id and a.kind in ('claim_issue', 'claim_revoke');
    end if;
    if state <> a.status then
      perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation ' || state || ': ' || a.kind, request_id);
    end if;
  end if;
  answer := (select jsonb_build_object('action_id', x.action_id, 'status', x.status) from public.tokenization_actions x where x.action_id = a.action_id);
  perform evergreen.keep_answer('fn_mark_token_action', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_mark_token_action(uuid, text, jsonb, text) is
  'Where an operation stands on the chain: sent, included {block}, final {block}, refused or failed {code, reason}; rejected: people or time refused it. A block that was taken back makes it sent again; what ended stays. EG400, EG404, EG428.';

create or replace function public.fn_record_token_contract(action_id uuid, contract jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.tokenization_actions;
  id uuid;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('action_id', action_id, 'contract', contract);
  answer := evergreen.earlier_answer('fn_record_token_contract', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(contract) = 'object' and octet_length(contract::text) <= 65536 and contract ->> 'chain_id' ~ '^[0-9]{1,10}$' and contract ->> 'block' ~ '^[0-9]{1,15}$', 'EG400',
    'contract has chain_id, block and the addresses gate, share, vault, registrar and guardian.');
  if contract ? 'rules' then
    perform evergreen.check_token_rules(contract -> 'rules');
  end if;
  select * into a from public.tokenization_actions x where x.action_id = fn_record_token_contract.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind = 'deploy', 'EG404', 'No deployment with that id.');
  -- who comes second is told of the first: what it put on the chain itself nobody uses
  select t.contract_id into id from public.token_contracts t where t.share_class_id = a.share_class_id;
  if id is null then
    perform evergreen.refuse_unless(a.status in ('approved', 'sent'), 'EG428', 'The operation is ' || a.status || '.');
    insert into public.token_contracts (fund_id, share_class_id, chain_id, gate, share, vault, registrar, guardian, unit_decimals, deployed_block, action_id, limits, rules)
    select a.fund_id, a.share_class_id, (contract ->> 'chain_id')::bigint, lower(contract ->> 'gate'), lower(contract ->> 'share'), lower(contract ->> 'vault'), lower(contract ->> 'registrar'),
           lower(contract ->> 'guardian'), c.units_dp, (contract ->> 'block')::bigint, a.action_id,
           coalesce(contract #> '{rules,on_chain}', '{}'), coalesce((contract -> 'rules') - 'on_chain', '{}')
      from public.share_classes c where c.share_class_id = a.share_class_id returning contract_id into id;
    update public.tokenization_actions x set status = 'final', block = (contract ->> 'block')::bigint, contract_id = id, chain = 'evm:' || (contract ->> 'chain_id') where x.action_id = a.action_id;
    perform evergreen.emit('TOKEN_CONTRACT_DEPLOYED', a.fund_id, jsonb_build_object('contract_id', id, 'share_class_id', a.share_class_id), evergreen.actor(),
      jsonb_build_object('workflow_id', 'event/' || a.event_id, 'causation_id', a.event_id), '{}', request_id);
    perform evergreen.audit(a.fund_id, 'token_contracts', id::text, 'contracts of the class deployed on chain ' || (contract ->> 'chain_id'), request_id);
  end if;
  answer := jsonb_build_object('contract_id', id, 'status', 'final');
  perform evergreen.keep_answer('fn_record_token_contract', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_token_contract(uuid, jsonb, text) is
  'The contracts of a class that an approved deployment put on a chain, once; contract = {chain_id, block, gate, share, vault, registrar, guardian, rules}; rules as of fn_record_token_reconciliation. EG400, EG404, EG428.';

create or replace function public.fn_read_chain_key() returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('agent_tokenization');
  return evergreen.vault_secrets('evergreen_chain_key') ->> 'evergreen_chain_key';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_chain_key() is 'The key that signs on a chain out of Supabase Vault, for the workers of tokenization alone, never people. EG403, EG404, EG428 no Vault.';
