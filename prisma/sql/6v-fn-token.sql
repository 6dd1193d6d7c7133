-- Token operations as they are asked for: by people, by a dealing day that was posted, by a clearance that came or went. Nothing here reaches a chain.

create or replace function evergreen.ask_chain(
  of_class uuid, of_kind text, of_wallet uuid, target uuid, of_units numeric, basis text, until timestamptz, day uuid, at_price numeric, request_id text
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := gen_random_uuid();
  class public.share_classes;
  contract public.token_contracts;
  named text;
  event uuid;
begin
  select * into class from public.share_classes c where c.share_class_id = of_class;
  select * into contract from public.token_contracts t where t.share_class_id = of_class;
  named := coalesce('evm:' || contract.chain_id, 'evm');
  event := evergreen.emit('TOKENIZATION_REQUESTED', class.fund_id, jsonb_build_object('chain', named, 'instrument', class.code, 'size', trim_scale(coalesce(abs(of_units), 0))::text,
    'action_id', id, 'kind', of_kind), evergreen.actor(), '{}', '{}', request_id);
  insert into public.tokenization_actions (action_id, fund_id, chain, instrument, size, status, request_key, kind, share_class_id, contract_id, wallet_id, to_wallet_id, dealing_day_id,
    event_id, legal_basis, claim_until, price)
  values (id, class.fund_id, named, class.code, coalesce(abs(of_units), 0), 'requested', id::text, of_kind, of_class, contract.contract_id, of_wallet, target, day, event, basis, until, at_price);
  if of_units <> 0 then
    insert into public.token_moves (action_id, wallet_id, units)
    select id, w.wallet_id, w.units from (values (of_wallet, of_units), (target, -of_units)) w (wallet_id, units) where w.wallet_id is not null;
  end if;
  perform evergreen.audit(class.fund_id, 'tokenization_actions', id::text, 'token operation asked for: ' || of_kind, request_id);
  return id;
end $$;
comment on function evergreen.ask_chain(uuid, text, uuid, uuid, numeric, text, timestamptz, uuid, numeric, text) is
  'Writes a token operation down with what it moves (units of the first wallet, their opposite for the second) and records that it was asked for; answers action_id.';

create or replace function evergreen.units_on_chain(of_wallet uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(m.units), 0) from public.token_moves m join public.tokenization_actions a using (action_id) where m.wallet_id = of_wallet and a.status not in ('refused', 'failed')
$$;
comment on function evergreen.units_on_chain(uuid) is 'Units of a wallet by what was asked of the chain and not refused.';

create or replace function evergreen.token_price(of_class uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(c.nav_per_unit, c.issue_price, 1) from public.share_classes c where c.share_class_id = of_class
$$;
comment on function evergreen.token_price(uuid) is 'Cash per unit at which a vault books units in and out besides a dealing day: the last price of the class.';

create or replace function public.fn_request_token_action(fund text, share_class text, kind text, body jsonb default '{}', request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  class public.share_classes;
  contract public.token_contracts;
  w public.wallets;
  t public.wallets;
  n numeric := 0;
  held numeric;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'share_class', share_class, 'kind', kind, 'body', body);
  answer := evergreen.earlier_answer('fn_request_token_action', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(kind in ('deploy', 'mint', 'burn', 'freeze', 'unfreeze', 'force_transfer', 'recover', 'pause', 'unpause', 'reconcile', 'limits'), 'EG400',
    'kind is deploy, mint, burn, freeze, unfreeze, force_transfer, recover, pause, unpause, reconcile or limits.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 4096
    and not exists (select from jsonb_each(body) e where e.key not in ('wallet', 'to_wallet', 'units', 'legal_basis') or jsonb_typeof(e.value) <> 'string'), 'EG400',
    'body is an object with wallet, to_wallet, units and legal_basis as text, each where the operation needs it.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  select * into class from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
  select * into contract from public.token_contracts x where x.share_class_id = class.share_class_id for no key update;
  perform evergreen.refuse_unless((kind = 'deploy') = (contract.contract_id is null), 'EG428', case kind when 'deploy' then 'The class is on a chain already.' else 'The class is on no chain; deploy its contracts first.' end);
  perform evergreen.refuse_unless(kind <> 'deploy' or not exists (select from public.tokenization_actions a where a.share_class_id = class.share_class_id and a.kind = 'deploy'
    and a.status not in ('refused', 'failed')), 'EG428', 'The contracts of the class are being deployed.');
  perform evergreen.refuse_unless(kind not in ('freeze', 'unfreeze', 'force_transfer', 'recover', 'pause', 'unpause') or length(btrim(body ->> 'legal_basis')) between 3 and 200, 'EG400',
    'legal_basis names the document by which the law allows it, in 3 to 200 characters.');
  if kind = 'limits' then
    perform evergreen.refuse_unless(contract.rules -> 'versions' is not distinct from evergreen.rule_versions(of_fund.fund_id), 'EG428',
      'The packs in force were not compared with the chain yet; `token reconcile` compares them.');
    perform evergreen.refuse_unless(contract.rules -> 'asked' is distinct from contract.limits, 'EG422', 'The contracts hold themselves to what the packs ask already.');
  end if;
  if kind in ('mint', 'burn', 'freeze', 'unfreeze', 'force_transfer', 'recover') then
    select * into w from public.wallets x where x.contract_id = contract.contract_id and x.address = lower(body ->> 'wallet') for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'The class has no wallet with that address.');
    perform evergreen.refuse_unless(w.status = case kind when 'unfreeze' then 'frozen' when 'recover' then w.status when 'force_transfer' then w.status when 'freeze' then w.status else 'active' end
      and w.status <> 'lost', 'EG428', 'The wallet is ' || w.status || '.');
  end if;
  if kind in ('force_transfer', 'recover') then
    select * into t from public.wallets x where x.contract_id = contract.contract_id and x.address = lower(body ->> 'to_wallet') and x.wallet_id <> w.wallet_id for no key update;
    perform evergreen.refuse_unless(found, 'EG404', 'The class has no other wallet with the address in to_wallet.');
    perform evergreen.refuse_unless(t.status in ('registered', 'active'), 'EG428', 'The wallet that is to receive is ' || t.status || '.');
    perform evergreen.refuse_unless(kind <> 'recover' or t.party_ref = w.party_ref, 'EG428', 'A lost wallet is recovered to another one of the same party only.');
  end if;
  if kind in ('mint', 'burn', 'force_transfer') then
    perform evergreen.refuse_unless(coalesce(body ->> 'units', '') ~ '^[0-9]{1,18}([.][0-9]{1,18})?$', 'EG400', 'units is a decimal number.');
    n := (body ->> 'units')::numeric;
    perform evergreen.refuse_unless(n > 0 and n = round(n, contract.unit_decimals), 'EG400', 'units is above zero, with at most the decimals of the class.');
  elsif kind = 'recover' then
    n := evergreen.units_on_chain(w.wallet_id);
  end if;
  perform evergreen.refuse_unless(kind not in ('burn', 'force_transfer') or evergreen.units_on_chain(w.wallet_id) >= n, 'EG424', 'The wallet has fewer units on the chain.');
  if kind = 'mint' or (kind = 'force_transfer' and t.investor_id <> w.investor_id) then
    -- the register is first: the chain follows what it says
    select coalesce(sum(h.units), 0) into held from public.holdings h where h.share_class_id = class.share_class_id and h.investor_id = case kind when 'mint' then w.investor_id else t.investor_id end;
    held := held - (select coalesce(sum(evergreen.units_on_chain(x.wallet_id)), 0) from public.wallets x where x.contract_id = contract.contract_id
      and x.investor_id = case kind when 'mint' then w.investor_id else t.investor_id end);
    perform evergreen.refuse_unless(held >= n, 'EG424', 'The register has fewer units of that investor which are not on the chain yet.');
  end if;
  id := evergreen.ask_chain(class.share_class_id, kind, w.wallet_id, t.wallet_id, case when kind in ('mint') then n else -n end, nullif(btrim(body ->> 'legal_basis'), ''), null, null,
    case when kind in ('mint', 'burn') then evergreen.token_price(class.share_class_id) end, request_id);
  update public.tokenization_actions a set limits = contract.rules -> 'asked' where a.action_id = id and a.kind = 'limits';
  answer := (select jsonb_build_object('action_id', a.action_id, 'event_id', a.event_id, 'workflow_id', 'event/' || a.event_id, 'status', a.status) from public.tokenization_actions a where a.action_id = id);
  perform evergreen.keep_answer('fn_request_token_action', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_request_token_action(text, text, text, jsonb, text) is
  'Asks for a token operation on a class: deploy, mint and burn (units of the register onto the chain and off it), freeze, unfreeze, force_transfer, recover, pause, unpause, reconcile, limits (what the packs in force asked of transfers at the last look); body = {wallet, to_wallet, units, legal_basis} as text. Compliance looks at it and two people approve it before anything is sent. EG400, EG404, EG422, EG424, EG428.';

create or replace function public.fn_retry_token_action(action_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.tokenization_actions;
  event uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('action_id', action_id);
  answer := evergreen.earlier_answer('fn_retry_token_action', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into a from public.tokenization_actions x where x.action_id = fn_retry_token_action.action_id for no key update;
  perform evergreen.refuse_unless(found and a.kind is not null, 'EG404', 'No token operation with that id.');
  -- what people or compliance refused is asked for anew; what the chain refused or could not take may be tried again under its own id, which has one effect
  perform evergreen.refuse_unless(a.status = 'failed' or (a.status = 'refused' and a.refusal ->> 'by' = 'chain'), 'EG428', 'The operation is ' || a.status || '; only one that failed, or that the chain refused, is tried again.');
  event := evergreen.emit('TOKENIZATION_REQUESTED', a.fund_id, jsonb_build_object('chain', a.chain, 'instrument', a.instrument, 'size', trim_scale(a.size)::text, 'action_id', a.action_id, 'kind', a.kind),
    evergreen.actor(), jsonb_build_object('causation_id', a.event_id), '{}', request_id);
  update public.tokenization_actions x set status = 'requested', refusal = null, request_no = null, event_id = event where x.action_id = a.action_id;
  perform evergreen.audit(a.fund_id, 'tokenization_actions', a.action_id::text, 'token operation tried again', request_id);
  answer := jsonb_build_object('action_id', a.action_id, 'event_id', event, 'workflow_id', 'event/' || event, 'status', 'requested');
  perform evergreen.keep_answer('fn_retry_token_action', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_retry_token_action(uuid, text) is
  'Tries an operation again that failed or that the chain refused: under the same action_id, so that it still has one effect; an approval that stands is not asked for twice. EG404, EG428.';

create or replace function public.fn_register_wallet(share_class_id uuid, investor_id uuid, address text, consent text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  contract public.token_contracts;
  holder public.investors;
  at text := lower(address);
  ref text;
  id uuid;
  kept uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'investor_id', investor_id, 'address', address, 'consent', consent);
  answer := evergreen.earlier_answer('fn_register_wallet', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(at ~ '^0x[0-9a-f]{40}$' and at <> '0x0000000000000000000000000000000000000000', 'EG400', 'address is 0x and 40 hexadecimal digits.');
  perform evergreen.refuse_unless(length(btrim(consent)) between 3 and 200, 'EG400', 'consent names the document by which the holder agreed, in 3 to 200 characters.');
  select * into contract from public.token_contracts t where t.share_class_id = fn_register_wallet.share_class_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id is on a chain.');
  select * into holder from public.investors i where i.investor_id = fn_register_wallet.investor_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No investor with that id.');
  perform evergreen.refuse_unless(evergreen.is_cleared(holder.investor_id), 'EG430', 'The investor is not cleared by KYC.');
  perform evergreen.refuse_unless(not exists (select from public.wallets w where w.contract_id = contract.contract_id and w.address = at), 'EG428', 'The class has a wallet with that address already.');
  -- the chain knows a party by a random reference and by nothing else
  select w.party_ref into ref from public.wallets w join public.investors i using (investor_id) where w.contract_id = contract.contract_id and i.party_id = holder.party_id limit 1;
  insert into public.wallets (fund_id, contract_id, investor_id, address, party_ref, consent)
  values (contract.fund_id, contract.contract_id, holder.investor_id, at, coalesce(ref, '0x' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex')), btrim(consent))
  returning wallet_id into id;
  perform evergreen.emit('WALLET_REGISTERED', contract.fund_id, jsonb_build_object('wallet_id', id), evergreen.actor(), '{}', array[holder.investor_id], request_id);
  perform evergreen.audit(contract.fund_id, 'wallets', id::text, 'wallet registered', request_id);
  perform evergreen.follow_clearance(holder.investor_id, request_id);
  kept := evergreen.ask_chain(contract.share_class_id, 'keep', id, null, 0, null, null, null, null, request_id);
  answer := jsonb_build_object('wallet_id', id, 'status', 'registered', 'action_id', kept);
  perform evergreen.keep_answer('fn_register_wallet', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_register_wallet(uuid, uuid, text, text, text) is
  'Registers the wallet of a cleared investor in a class; its clearance is then issued on the chain, and two people let the fund keep the wallet for its holder, who agreed (consent). Returns {wallet_id, status, action_id}. EG400, EG404, EG428, EG430.';

create or replace function evergreen.follow_clearance(of_investor uuid, request_id text default null) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  cleared boolean;
begin
  for w in select x.*, t.share_class_id, i.kyc_valid_until from public.wallets x join public.token_contracts t using (contract_id) join public.investors i using (investor_id)
            where x.investor_id = of_investor and x.status <> 'lost' order by x.wallet_id loop
    cleared := evergreen.is_cleared(of_investor);
    -- while an incident is open nobody gets a clearance on the chain: its end asks again
    if cleared and w.claim_until is distinct from coalesce(w.kyc_valid_until, w.claim_until, now() + interval '1 year') then
      continue when exists (select from public.incidents i where i.fund_id = w.fund_id and i.closed_at is null);
      perform evergreen.ask_chain(w.share_class_id, 'claim_issue', w.wallet_id, null, 0, null, coalesce(w.kyc_valid_until, now() + interval '1 year'), null, null, request_id)
        where not exists (select from public.tokenization_actions a where a.wallet_id = w.wallet_id and a.kind = 'claim_issue' and a.status not in ('final', 'refused', 'failed')
          and (w.kyc_valid_until is null or a.claim_until = w.kyc_valid_until));
    elsif not cleared and (w.claim_until > now() or exists (select from public.tokenization_actions a where a.wallet_id = w.wallet_id and a.kind = 'claim_issue' and a.status not in ('final', 'refused', 'failed'))) then
      perform evergreen.ask_chain(w.share_class_id, 'claim_revoke', w.wallet_id, null, 0, null, null, null, null, request_id)
        where not exists (select from public.tokenization_actions a where a.wallet_id = w.wallet_id and a.kind = 'claim_revoke' and a.status not in ('final', 'refused', 'failed'));
    end if;
  end loop;
end $$;
comment on function evergreen.follow_clearance(uuid, text) is 'Asks for the clearance of an investor to be issued to its wallets until it runs out, or to be revoked from them; once for each change.';

create or replace function evergreen.pause_for_incident(i public.incidents) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  t public.token_contracts;
  id uuid;
begin
  for t in select * from public.token_contracts x where x.fund_id = i.fund_id order by x.contract_id for no key update loop
    -- paused already and nobody is ending it, or the pause is on its way
    continue when t.paused and not exists (select from public.tokenization_actions a where a.contract_id = t.contract_id and a.kind = 'unpause' and a.status in ('sent', 'included'));
    continue when exists (select from public.tokenization_actions a where a.contract_id = t.contract_id and a.kind = 'pause' and a.status in ('approved', 'sent', 'included'));
    id := evergreen.ask_chain(t.share_class_id, 'pause', null, null, 0, 'incident ' || i.incident_id, null, null, null, null);
    update public.tokenization_actions a set incident_id = i.incident_id where a.action_id = id;
  end loop;
end $$;
comment on function evergreen.pause_for_incident(public.incidents) is
  'Asks for the share contracts of a fund to be paused because of an incident: compliance looks, and no two people are waited for. Contracts that are paused stay as they are.';

create or replace function evergreen.resume_after_incident(i public.incidents) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  class uuid;
  id uuid;
begin
  -- what the incident paused, and nothing that people had paused before it
  for class in select a.share_class_id from public.tokenization_actions a where a.incident_id = i.incident_id and a.kind = 'pause' and a.status not in ('refused', 'failed') order by a.share_class_id loop
    id := evergreen.ask_chain(class, 'unpause', null, null, 0, 'end of incident ' || i.incident_id, null, null, null, null);
    update public.tokenization_actions a set incident_id = i.incident_id where a.action_id = id;
  end loop;
  perform evergreen.follow_clearance(h.investor_id) from (select distinct w.investor_id from public.wallets w where w.fund_id = i.fund_id order by 1) h;
end $$;
comment on function evergreen.resume_after_incident(public.incidents) is
  'Asks for the end of every pause that an incident had asked for, which two people approve as any other, and for the clearances that came meanwhile.';

create or replace function evergreen.deal_on_chain(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  contract public.token_contracts;
  price numeric;
  batch record;
  id uuid;
begin
  select * into contract from public.token_contracts t where t.share_class_id = d.share_class_id for no key update;
  if not found then
    return;
  end if;
  select n.nav_per_unit into price from public.class_navs n where n.strike_id = d.strike_id and n.share_class_id = d.share_class_id;
  -- What a day adds to a holder goes onto the chain; what it takes leaves the chain where the register would have less than is there. Whoever the contracts would not
  -- serve is on an operation alone: it cannot hold up the others.
  for batch in
    with net as materialized (
      select u.investor_id, sum(u.units) as units from public.unit_ledger u join public.ledger_transactions l using (ledger_tx_id)
       where l.dealing_day_id = d.dealing_day_id and l.kind = 'dealing' and u.share_class_id = d.share_class_id and u.account = 'holder' group by u.investor_id
    ), wallet as (
      select distinct on (w.investor_id) w.wallet_id, w.investor_id, w.status from public.wallets w join net using (investor_id)
       where w.contract_id = contract.contract_id and w.status in ('active', 'frozen') order by w.investor_id, w.created_at desc
    ), moved as (
      select w.wallet_id, w.status = 'active' and evergreen.is_cleared(w.investor_id) as served,
             case when n.units > 0 and w.status = 'active' and evergreen.is_cleared(w.investor_id) then n.units
                  when n.units < 0 then least(0, coalesce((select h.units from public.holdings h where h.share_class_id = d.share_class_id and h.investor_id = w.investor_id), 0) - evergreen.units_on_chain(w.wallet_id))
                  else 0 end as units
        from wallet w join net n using (investor_id)
    ), placed as (
      select m.*, row_number() over (partition by m.served order by m.wallet_id) - 1 as place from moved m where m.units <> 0
    )
    select array_agg(p.wallet_id order by p.wallet_id) as wallets, array_agg(p.units order by p.wallet_id) as units, sum(abs(p.units)) as size
      from placed p group by p.served, case when p.served then p.place / 50 else p.place end order by p.served desc, min(p.place)
  loop
    id := evergreen.ask_chain(d.share_class_id, 'deal', null, null, 0, null, null, d.dealing_day_id, coalesce(price, evergreen.token_price(d.share_class_id)), null);
    update public.tokenization_actions a set size = batch.size where a.action_id = id;
    insert into public.token_moves (action_id, wallet_id, units) select id, x.wallet_id, x.units from unnest(batch.wallets, batch.units) x (wallet_id, units);
  end loop;
end $$;
comment on function evergreen.deal_on_chain(public.dealing_days) is
  'Asks for what a posted dealing day changed to be done on the chain (R50): units of subscriptions minted, of redemptions burnt, at its price, fifty wallets an operation. A class that is on no chain is left alone.';

create or replace function evergreen.settle_on_chain(d public.dealing_days) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  dealt record;
  id uuid;
begin
  for dealt in select a.action_id, a.request_no, a.share_class_id from public.tokenization_actions a where a.dealing_day_id = d.dealing_day_id and a.kind = 'deal' and a.status in ('included', 'final')
      and exists (select from public.token_moves m where m.action_id = a.action_id and m.units < 0) order by a.request_no loop
    id := evergreen.ask_chain(dealt.share_class_id, 'settle', null, null, 0, null, null, d.dealing_day_id, null, null);
    update public.tokenization_actions a set request_no = dealt.request_no where a.action_id = id;
  end loop;
end $$;
comment on function evergreen.settle_on_chain(public.dealing_days) is 'The cash of a day was paid: the claims on it that stand on the chain are asked to be settled there.';
