-- Register against chain (R50): what the chain should have at a block, the breaks that were found, and what waits for them.

create or replace function evergreen.token_rules(of_fund uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('version_id', v.version_id, 'body', v.body) order by v.pack), '[]') from evergreen.rules_in_force(of_fund, evergreen.clock()::date) v
$$;
comment on function evergreen.token_rules(uuid) is 'The packs in force for a fund today, from which the limits of its tokens come.';

create or replace function evergreen.rule_versions(of_fund uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(v.version_id order by v.pack), '[]') from evergreen.rules_in_force(of_fund, evergreen.clock()::date) v
$$;
comment on function evergreen.rule_versions(uuid) is 'Ids of the packs in force for a fund today, by the name of the pack.';

create or replace function evergreen.are_limits(given jsonb) returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if given is null or jsonb_typeof(given) <> 'object' then
    return false;
  end if;
  -- all five of the contracts, zero for none: units as decimals, a lock-up in seconds
  return (select count(*) = 5 and count(*) filter (where e.key = 'transferable' and jsonb_typeof(e.value) = 'boolean') = 1
      and count(*) filter (where jsonb_typeof(e.value) = 'string' and e.value #>> '{}' ~ case when e.key = 'lock_up' then '^[0-9]{1,20}$'
        when e.key in ('min_holding', 'max_holding', 'min_transfer') then '^[0-9]{1,78}([.][0-9]{1,18})?$' else '^$' end) = 4 from jsonb_each(given) e);
end $$;
comment on function evergreen.are_limits(jsonb) is 'Whether these are the five limits of transfers that a share token holds itself to, as text.';

create or replace function evergreen.check_token_rules(rules jsonb) returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  told constant text := 'rules is {versions, on_chain, asked, unsaid}: ids of packs, twice the five limits of transfers as text, and the names of rules that no limit says.';
begin
  perform evergreen.refuse_unless(coalesce(jsonb_typeof(rules) = 'object' and octet_length(rules::text) <= 65536 and jsonb_typeof(rules -> 'versions') = 'array' and jsonb_typeof(rules -> 'unsaid') = 'array', false)
    and evergreen.are_limits(rules -> 'on_chain') and evergreen.are_limits(rules -> 'asked'), 'EG400', told);
  perform evergreen.refuse_unless((select count(*) = 4 from jsonb_object_keys(rules))
    and not exists (select from jsonb_array_elements(rules -> 'versions') v where coalesce(v #>> '{}', '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
    and not exists (select from jsonb_array_elements(rules -> 'unsaid') u where jsonb_typeof(u) <> 'string' or length(u #>> '{}') not between 1 and 300), 'EG400', told);
end $$;
comment on function evergreen.check_token_rules(jsonb) is 'Refuses what is not the limits of a token beside what the packs ask of them. EG400.';

create or replace function public.fn_read_token_request(event_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  a public.tokenization_actions;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'agent_tokenization', 'pm_role', 'ops_role', 'audit_role');
  select * into a from public.tokenization_actions x where x.event_id = fn_read_token_request.event_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No token operation was asked for by that event.');
  return jsonb_build_object('kind', a.kind, 'status', a.status, 'legal_basis', a.legal_basis is not null,
    -- whoever receives units, or a claim, and is not cleared at this moment
    'not_cleared', (select count(*) from public.wallets w where not evergreen.is_cleared(w.investor_id) and (
        w.wallet_id in (select m.wallet_id from public.token_moves m where m.action_id = a.action_id and m.units > 0) or (a.kind in ('claim_issue', 'keep') and w.wallet_id = a.wallet_id))),
    -- whose clearance stands, and is to be revoked
    'still_cleared', a.kind = 'claim_revoke' and exists (select from public.wallets w where w.wallet_id = a.wallet_id and evergreen.is_cleared(w.investor_id)),
    -- limits are those that the packs in force ask, by the last look
    'rules', a.kind is distinct from 'limits' or exists (select from public.token_contracts t where t.contract_id = a.contract_id and t.rules -> 'asked' = a.limits
      and t.rules -> 'versions' = evergreen.rule_versions(a.fund_id)),
    -- a day's units come and go only when its NAV is final and its units are posted
    'posted', a.dealing_day_id is null or exists (select from public.dealing_days d join public.nav_strikes s using (strike_id) where d.dealing_day_id = a.dealing_day_id and s.state in ('final', 'restated')
      and d.status in ('posted', 'claimable', 'settled', 'closed')));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_token_request(uuid) is 'What compliance looks at before a token operation: who receives and is not cleared, whether a legal basis is named, whether the day it follows is posted, whether limits are those of the packs in force. EG404.';

create or replace function public.fn_read_token_register(contract_id uuid, block bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  t public.token_contracts;
begin
  perform evergreen.require_role('agent_tokenization', 'pm_role', 'ops_role', 'audit_role');
  select * into t from public.token_contracts x where x.contract_id = fn_read_token_register.contract_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No contracts with that id.');
  return (
    with expected as materialized (
      select m.wallet_id, sum(m.units) as units from public.token_moves m join public.tokenization_actions a using (action_id)
       where a.contract_id = t.contract_id and a.status in ('included', 'final') and a.block <= fn_read_token_register.block group by m.wallet_id
    ), lines as (
      select w.address, w.investor_id, coalesce(e.units, 0) as units from public.wallets w left join expected e using (wallet_id) where w.contract_id = t.contract_id
    ), over as (
      -- more on the chain than the register has of an investor
      select min(l.address) as address, sum(l.units) as units, coalesce(min(h.units), 0) as held from lines l
        left join public.holdings h on h.share_class_id = t.share_class_id and h.investor_id = l.investor_id group by l.investor_id having sum(l.units) > coalesce(min(h.units), 0)
    )
    select jsonb_build_object('contract_id', t.contract_id, 'unit_decimals', t.unit_decimals, 'outstanding', trim_scale(c.units_outstanding)::text,
      -- something is on its way: what the chain has at this block is not what the register says, and rightly so
      'busy', exists (select from public.tokenization_actions a join public.token_moves m using (action_id) where a.contract_id = t.contract_id
        and (a.status in ('requested', 'approved', 'sent') and a.kind = 'deal' or a.status = 'sent' or a.status in ('included', 'final') and a.block > fn_read_token_register.block)),
      'lines', (select coalesce(jsonb_agg(jsonb_build_object('wallet', l.address, 'units', trim_scale(l.units)::text) order by l.address), '[]') from lines l),
      'rules', evergreen.token_rules(t.fund_id), 'as_of', evergreen.clock()::date,
      'over', (select coalesce(jsonb_agg(jsonb_build_object('wallet', o.address, 'units', trim_scale(o.units)::text, 'held', trim_scale(o.held)::text) order by o.address), '[]') from over o))
      from public.share_classes c where c.share_class_id = t.share_class_id);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_token_register(uuid, bigint) is
  'What the chain should have of a class at a block, wallet by wallet, by the operations that took effect up to it; over: wallets with more than the register has of their investor; rules: the packs in force. EG404.';

create or replace function public.fn_record_token_reconciliation(contract_id uuid, block bigint, breaks jsonb, rules jsonb default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  t public.token_contracts;
  opened int;
  standing int;
begin
  perform evergreen.require_role('agent_tokenization');
  input := jsonb_build_object('contract_id', contract_id, 'block', block, 'breaks', breaks, 'rules', rules);
  answer := evergreen.earlier_answer('fn_record_token_reconciliation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(block >= 0, 'EG400', 'block is the number of a block.');
  perform evergreen.refuse_unless(jsonb_typeof(breaks) = 'array', 'EG400', 'breaks is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(breaks) <= 10000, 'EG413', 'breaks has at most 10,000 rows.');
  if rules is not null then
    perform evergreen.check_token_rules(rules);
  end if;
  select * into t from public.token_contracts x where x.contract_id = fn_record_token_reconciliation.contract_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No contracts with that id.');
  -- a look at an older block says nothing about a newer one
  perform evergreen.refuse_unless(t.reconciled_block is null or block >= t.reconciled_block, 'EG425', 'A later block was reconciled already.');
  update public.chain_breaks b set closed_at = now() where b.contract_id = t.contract_id and b.closed_at is null
     and not exists (select from jsonb_to_recordset(breaks) n (kind text, wallet text, register numeric, chain numeric) where n.kind = b.kind and lower(n.wallet) = b.wallet);
  update public.chain_breaks b set register_units = n.register, chain_units = n.chain from jsonb_to_recordset(breaks) n (kind text, wallet text, register numeric, chain numeric)
   where b.contract_id = t.contract_id and b.closed_at is null and n.kind = b.kind and lower(n.wallet) = b.wallet and (n.register, n.chain) is distinct from (b.register_units, b.chain_units);
  insert into public.chain_breaks (fund_id, contract_id, block, kind, wallet, register_units, chain_units)
  select t.fund_id, t.contract_id, fn_record_token_reconciliation.block, n.kind, lower(n.wallet), n.register, n.chain from jsonb_to_recordset(breaks) n (kind text, wallet text, register numeric, chain numeric)
   where not exists (select from public.chain_breaks b where b.contract_id = t.contract_id and b.closed_at is null and b.kind = n.kind and b.wallet = lower(n.wallet));
  get diagnostics opened = row_count;
  select count(*) into standing from public.chain_breaks b where b.contract_id = t.contract_id and b.closed_at is null;
  update public.token_contracts x set reconciled_block = fn_record_token_reconciliation.block, reconciled_at = now(),
         limits = coalesce(fn_record_token_reconciliation.rules -> 'on_chain', x.limits), rules = coalesce(fn_record_token_reconciliation.rules - 'on_chain', x.rules)
   where x.contract_id = t.contract_id;
  if standing = 0 then
    perform evergreen.emit('TOKEN_RECONCILED', t.fund_id, jsonb_build_object('contract_id', t.contract_id, 'block', block), evergreen.actor(), '{}', '{}', request_id);
    -- a strike may have waited for this
    perform evergreen.knock_days(t.fund_id, null, null, 'chain and register agree');
  elsif opened > 0 then
    perform evergreen.emit('TOKEN_BREAK', t.fund_id, jsonb_build_object('contract_id', t.contract_id, 'block', block, 'breaks', standing), evergreen.actor(), '{}', '{}', request_id);
  end if;
  perform evergreen.audit(t.fund_id, 'token_contracts', t.contract_id::text, 'chain and register reconciled at block ' || block || ', breaks ' || standing, request_id);
  answer := jsonb_build_object('contract_id', t.contract_id, 'block', block, 'breaks', standing, 'opened', opened);
  perform evergreen.keep_answer('fn_record_token_reconciliation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_token_reconciliation(uuid, bigint, jsonb, jsonb, text) is
  'Keeps what a look at chain and register found at a block: breaks = [{kind, wallet, register, chain}] in units; those that are gone are closed. While one is open no NAV of the fund is struck. rules = {versions, on_chain, asked, unsaid}: limits of transfers there beside what the packs in force ask. EG400, EG404, EG413, EG425 an older block.';

create or replace function evergreen.refuse_while_chain_broken(of_fund uuid) returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  classes text;
begin
  select string_agg(distinct left(c.code, 40), ', ') into classes from public.chain_breaks b join public.token_contracts t using (contract_id) join public.share_classes c using (share_class_id)
   where b.fund_id = of_fund and b.closed_at is null;
  perform evergreen.refuse_unless(classes is null, 'EG429', 'Units on the chain and in the register differ in ' || coalesce(classes, '') || '; `token reconcile` shows where, and no NAV is struck before they agree.');
end $$;
comment on function evergreen.refuse_while_chain_broken(uuid) is 'No NAV of a fund is struck while the register of one of its classes differs from the chain (EG429).';

create or replace function public.fn_read_tokens(fund_id uuid default null) returns jsonb language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with there as (
    select m.wallet_id, sum(m.units) as units from public.token_moves m join public.tokenization_actions a using (action_id) where a.status in ('included', 'final') group by m.wallet_id
  ), classes as (
    select t.contract_id, t.fund_id, c.share_class_id, c.code, f.code as fund, t.chain_id, t.gate, t.share, t.vault, t.registrar, t.guardian, t.unit_decimals, t.paused, t.limits, t.rules, t.reconciled_block, t.reconciled_at, t.created_at,
           c.units_outstanding, coalesce((select sum(x.units) from there x join public.wallets w using (wallet_id) where w.contract_id = t.contract_id), 0) as on_chain
      from public.token_contracts t join public.share_classes c using (share_class_id) join public.funds f on f.fund_id = t.fund_id
     where fn_read_tokens.fund_id is null or t.fund_id = fn_read_tokens.fund_id
  )
  select jsonb_build_object(
    'classes', (select coalesce(jsonb_agg(jsonb_build_object('contract_id', k.contract_id, 'fund_id', k.fund_id, 'fund', k.fund, 'share_class_id', k.share_class_id, 'code', k.code, 'chain_id', k.chain_id,
        'addresses', jsonb_build_object('gate', k.gate, 'share', k.share, 'vault', k.vault, 'registrar', k.registrar, 'guardian', k.guardian), 'unit_decimals', k.unit_decimals,
        'register_units', trim_scale(k.units_outstanding)::text, 'chain_units', trim_scale(k.on_chain)::text, 'off_chain_units', trim_scale(k.units_outstanding - k.on_chain)::text,
        'paused', k.paused, 'limits', nullif(k.limits, '{}'), 'rules', nullif(k.rules - 'versions', '{}'),
        'limits_state', case when k.rules = '{}' then 'not compared' when exists (select from public.rule_pack_versions v where v.live_at > coalesce(k.reconciled_at, k.created_at)) then 'packs changed'
          when k.rules -> 'asked' = k.limits then 'in line' else 'differ' end,
        'reconciled_block', k.reconciled_block, 'reconciled_at', k.reconciled_at,
        'wallets', (select count(*) from public.wallets w where w.contract_id = k.contract_id),
        'pending', (select count(*) from public.tokenization_actions a where a.contract_id = k.contract_id and a.status not in ('final', 'refused', 'failed')),
        'open_breaks', (select count(*) from public.chain_breaks b where b.contract_id = k.contract_id and b.closed_at is null)) order by k.fund, k.code), '[]') from classes k),
    'wallets', (select coalesce(jsonb_agg(w.line order by w.created_at), '[]') from (
      select w.created_at, jsonb_build_object('wallet_id', w.wallet_id, 'contract_id', w.contract_id, 'investor', i.code, 'address', w.address, 'status', w.status, 'claim_until', w.claim_until,
          'units', trim_scale(coalesce(x.units, 0))::text) as line
        from public.wallets w join classes k using (contract_id) join public.investors i using (investor_id) left join there x using (wallet_id) order by w.created_at desc limit 200) w),
    'actions', (select coalesce(jsonb_agg(a.line order by a.created_at desc), '[]') from (
      select a.created_at, jsonb_build_object('action_id', a.action_id, 'fund', f.code, 'kind', a.kind, 'share_class_id', a.share_class_id, 'instrument', a.instrument, 'chain', a.chain, 'units', trim_scale(a.size)::text, 'status', a.status,
          'wallet', w.address, 'dealing_day_id', a.dealing_day_id, 'proposal_id', a.proposal_id, 'tx_hash', a.tx_hash, 'block', a.block, 'refusal', a.refusal, 'workflow_id', 'event/' || a.event_id, 'created_at', a.created_at) as line
        from public.tokenization_actions a join public.funds f on f.fund_id = a.fund_id left join public.wallets w using (wallet_id)
       where a.kind is not null and (fn_read_tokens.fund_id is null or a.fund_id = fn_read_tokens.fund_id) order by a.created_at desc, a.action_id limit 50) a),
    'breaks', (select coalesce(jsonb_agg(jsonb_build_object('break_id', b.break_id, 'contract_id', b.contract_id, 'block', b.block, 'kind', b.kind, 'wallet', b.wallet,
        'register_units', trim_scale(b.register_units)::text, 'chain_units', trim_scale(b.chain_units)::text, 'opened_at', b.opened_at) order by b.opened_at, b.wallet), '[]')
      from public.chain_breaks b join classes k using (contract_id) where b.closed_at is null),
    -- what a pool lets expect follows from its terms as they stood; whoever reads computes it
    'trades', (select coalesce(jsonb_agg(x.line order by x.executed_at desc), '[]') from (
      select x.executed_at, jsonb_build_object('trade_id', x.trade_id, 'pool_id', p.pool_id, 'fund', f.code, 'class', c.code, 'pool', p.pool, 'version', p.version, 'chain', p.chain, 'curve', p.curve,
          'reserve_units', p.reserve_units::text, 'reserve_cash', p.reserve_cash::text, 'unit_decimals', p.unit_decimals, 'cash_decimals', p.cash_decimals, 'fee_ppm', p.fee_ppm,
          'amplification', p.amplification, 'direction', x.direction, 'amount_in', x.amount_in::text, 'amount_out', x.amount_out::text, 'tx_hash', x.tx_hash, 'executed_at', x.executed_at) as line
        from public.pool_trades x join public.liquidity_pools p using (pool_id) join public.funds f using (fund_id) join public.share_classes c using (share_class_id)
       where fn_read_tokens.fund_id is null or p.fund_id = fn_read_tokens.fund_id order by x.executed_at desc, x.trade_id limit 50) x))
$$;
comment on function public.fn_read_tokens(uuid) is
  'Everything about tokens that staff sees, of one fund or of all: classes with their units on the chain, off it and in the register, and their limits there beside what the packs in force ask, wallets, the last fifty operations, open breaks, the last fifty trades in pools with the terms of the pool. Units as text.';
