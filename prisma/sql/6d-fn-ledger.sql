-- The ledger: one function posts, for everybody; what was wrong is reversed. Balances are kept by triggers (45) and compared here.

do $$
begin
  if to_regtype('evergreen.unit_entry') is null then
    create type evergreen.unit_entry as (share_class_id uuid, account text, investor_id uuid, lot_id uuid, flow_id uuid, units numeric);
  end if;
  if to_regtype('evergreen.cash_entry') is null then
    create type evergreen.cash_entry as (account text, investor_id uuid, flow_id uuid, currency text, amount numeric, reference text);
  end if;
end $$;

create or replace function evergreen.post_ledger(
  of_fund uuid, kind text, description text, day uuid, event uuid, reverses uuid, units evergreen.unit_entry[], cash evergreen.cash_entry[], as_id uuid default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := coalesce(as_id, gen_random_uuid());
begin
  -- one posting at a time per fund: balances then have one writer
  perform 1 from public.funds f where f.fund_id = of_fund for no key update;
  insert into public.ledger_transactions (ledger_tx_id, fund_id, dealing_day_id, kind, reverses, description, posted_by, event_id)
  values (id, of_fund, day, kind, reverses, description, evergreen.actor(), event);
  -- holders' units have their contra in what is outstanding, one line per class
  insert into public.unit_ledger (ledger_tx_id, share_class_id, account, investor_id, lot_id, flow_id, units)
  select id, u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, u.units from unnest(units) u where u.units <> 0
  union all
  select id, u.share_class_id, 'outstanding', null, null, null, -sum(u.units) from unnest(units) u group by u.share_class_id having sum(u.units) <> 0;
  insert into public.cash_movements (ledger_tx_id, fund_id, account, investor_id, flow_id, currency, amount, reference)
  select id, of_fund, c.account, c.investor_id, c.flow_id, c.currency, c.amount, c.reference from unnest(cash) c where c.amount <> 0;
  return id;
end $$;
comment on function evergreen.post_ledger(uuid, text, text, uuid, uuid, uuid, evergreen.unit_entry[], evergreen.cash_entry[], uuid) is
  'Posts one ledger transaction (under the id given, where its event names it) under the fund''s lock: units of holders (their contra is added) and cash entries, all or nothing. EG424 a holding below zero, EG431 out of balance.';

create or replace function evergreen.post_instead(wrong public.ledger_transactions, of_fund uuid, description text, event uuid, units evergreen.unit_entry[], cash evergreen.cash_entry[]) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  back uuid;
  id uuid;
begin
  perform 1 from public.funds f where f.fund_id = of_fund for no key update;
  if wrong.ledger_tx_id is not null then
    insert into public.ledger_transactions (fund_id, dealing_day_id, kind, reverses, description, posted_by, event_id)
    values (of_fund, wrong.dealing_day_id, 'reversal', wrong.ledger_tx_id, left(description, 500), evergreen.actor(),
      evergreen.emit('LEDGER_REVERSED', of_fund, jsonb_build_object('ledger_tx_id', wrong.ledger_tx_id), evergreen.actor(), jsonb_build_object('causation_id', event)))
    returning ledger_tx_id into back;
  end if;
  if units is not null or cash <> '{}' then
    insert into public.ledger_transactions (fund_id, kind, description, posted_by, event_id) values (of_fund, coalesce(wrong.kind, 'crystallisation'), description, evergreen.actor(), event) returning ledger_tx_id into id;
  end if;
  -- both in one statement: nobody is below zero between what is taken back and what stands in its place
  insert into public.unit_ledger (ledger_tx_id, share_class_id, account, investor_id, lot_id, flow_id, units)
  select back, u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, -u.units from public.unit_ledger u where u.ledger_tx_id = wrong.ledger_tx_id and back is not null
  union all
  select id, u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, u.units from unnest(units) u where u.units <> 0
  union all
  select id, u.share_class_id, 'outstanding', null, null, null, -sum(u.units) from unnest(units) u group by u.share_class_id having sum(u.units) <> 0;
  insert into public.cash_movements (ledger_tx_id, fund_id, account, investor_id, flow_id, currency, amount, reference)
  select back, c.fund_id, c.account, c.investor_id, c.flow_id, c.currency, -c.amount, c.reference from public.cash_movements c where c.ledger_tx_id = wrong.ledger_tx_id and back is not null
  union all
  select id, of_fund, c.account, c.investor_id, c.flow_id, c.currency, c.amount, c.reference from unnest(cash) c where c.amount <> 0;
  return id;
end $$;
comment on function evergreen.post_instead(public.ledger_transactions, uuid, text, uuid, evergreen.unit_entry[], evergreen.cash_entry[]) is
  'Reverses a ledger transaction and posts another in its place, both at once; null when nothing stands in its place. EG424 a holding below zero, EG431 out of balance.';

create or replace function public.fn_open_register(share_class_id uuid, positions jsonb, request_id text default null, high_water numeric default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  class public.share_classes;
  bad int;
  units evergreen.unit_entry[];
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'sha256', evergreen.content_digest(positions))
    || jsonb_strip_nulls(jsonb_build_object('high_water', high_water));
  answer := evergreen.earlier_answer('fn_open_register', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into class from public.share_classes c where c.share_class_id = fn_open_register.share_class_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id.');
  perform 1 from public.funds f where f.fund_id = class.fund_id for no key update;
  perform evergreen.refuse_unless(jsonb_typeof(positions) = 'array', 'EG400', 'positions is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(positions) between 1 and 200000, 'EG413', 'positions has 1 to 200,000 rows.');
  perform evergreen.refuse_unless(not exists (select from public.unit_ledger u where u.share_class_id = class.share_class_id)
    and class.units_outstanding = 0, 'EG428', 'The register of the class is open already.');
  select count(*) into bad from jsonb_to_recordset(positions) p (investor_id uuid, units numeric, opened_on date, price numeric)
    left join public.investors i on i.investor_id = p.investor_id
   where (i.investor_id is not null and p.units > 0 and p.units < 1e18 and p.units = round(p.units, class.units_dp)
      and p.price > 0 and p.price < 1e18 and isfinite(p.opened_on) and p.opened_on <= current_date) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' positions name no investor, no units of the class''s decimals, no price or no date up to today.');
  perform evergreen.refuse_unless(fn_open_register.high_water is null or (fn_open_register.high_water > 0 and fn_open_register.high_water < 1e18), 'EG400', 'high_water is a price.');
  with rows as materialized (
    select gen_random_uuid() as lot_id, p.* from jsonb_to_recordset(positions)
        p (investor_id uuid, units numeric, opened_on date, price numeric, series text, high_water numeric, equalisation_credit numeric)
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, units_issued, price, high_water, equalisation_credit)
    select r.lot_id, class.share_class_id, r.investor_id, r.opened_on, coalesce(r.series, ''), r.units, r.price, r.high_water, coalesce(r.equalisation_credit, 0) from rows r
  )
  select array_agg(row(class.share_class_id, 'holder', r.investor_id, r.lot_id, null, r.units)::evergreen.unit_entry order by r.lot_id) into units from rows r;
  event := evergreen.emit('REGISTER_OPENED', class.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'positions', jsonb_array_length(positions)),
    evergreen.actor(), '{}', '{}', request_id);
  posted := evergreen.post_ledger(class.fund_id, 'opening', 'register as taken over', null, event, null, units, null);
  insert into public.class_marks (share_class_id, as_of, cause, high_water, ledger_tx_id)
  select class.share_class_id, current_date, 'opening', fn_open_register.high_water, posted where fn_open_register.high_water is not null;
  perform evergreen.audit(class.fund_id, 'ledger_transactions', posted::text, 'register opened with ' || jsonb_array_length(positions) || ' positions', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'positions', jsonb_array_length(positions));
  perform evergreen.keep_answer('fn_open_register', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_register(uuid, jsonb, text, numeric) is
  'Takes the register of a class over, once: positions = [{investor_id, units, opened_on, price, series?, high_water?, equalisation_credit?}] become lots; high_water is the mark of the class. EG400, EG404, EG413, EG428 open already.';

create or replace function public.fn_confirm_cash(fund text, payments jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  event uuid;
  posted uuid;
  counts record;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(payments));
  answer := evergreen.earlier_answer('fn_confirm_cash', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  perform evergreen.refuse_unless((select count(*) = count(distinct p.flow_id) from jsonb_to_recordset(payments) p (flow_id uuid)),
    'EG400', 'A payment names no order, or two name one.');
  perform 1 from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id order by f.flow_id for no key update of f;
  select count(*) into bad from jsonb_to_recordset(payments) p (flow_id uuid) left join public.fund_flows f on f.flow_id = p.flow_id and f.fund_id = of_fund.fund_id
   where f.flow_id is null or f.order_kind <> 'plain';
  perform evergreen.refuse_unless(bad = 0, 'EG404', bad || ' payments name no order of this fund that moves cash.');
  -- money of a subscription may come before its dealing; a redemption is paid when it is claimable; each once
  select count(*) into bad from jsonb_to_recordset(payments) p (flow_id uuid) join public.fund_flows f on f.flow_id = p.flow_id
   where f.cleared_at is not null or case f.direction when 'redemption' then f.status <> 'claimable'
     else f.status not in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') end;
  perform evergreen.refuse_unless(bad = 0, 'EG428', bad || ' payments are for orders that are paid already or cannot be paid now.');
  select count(*) into bad from jsonb_to_recordset(payments) p (flow_id uuid, amount numeric) join public.fund_flows f on f.flow_id = p.flow_id
   where p.amount is distinct from case f.direction when 'redemption' then f.net_amount else f.amount end;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' payments are not of the amount that is due.');
  event := evergreen.emit('CASH_CONFIRMED', of_fund.fund_id, jsonb_build_object('payments', jsonb_array_length(payments)), evergreen.actor(), '{}',
    array(select distinct f.investor_id from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id), request_id);
  posted := evergreen.post_ledger(of_fund.fund_id, 'cash', 'payments confirmed', null, event, null, null, (
    select array_agg(row(e.account, e.investor_id, f.flow_id, f.currency, e.amount, p.reference)::evergreen.cash_entry)
      from jsonb_to_recordset(payments) p (flow_id uuid, amount numeric, reference text) join public.fund_flows f on f.flow_id = p.flow_id
      cross join lateral (values
        ('bank', null::uuid, case f.direction when 'redemption' then -p.amount else p.amount end),
        (case f.direction when 'redemption' then 'redemptions_payable' else 'subscriptions_received' end, f.investor_id,
         case f.direction when 'redemption' then p.amount else -p.amount end)) e (account, investor_id, amount)));
  with named as materialized (
    select f.flow_id, f.status from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select n.flow_id, 'claimable', 'settled', event, evergreen.actor() from named n where n.status = 'claimable'
  )
  update public.fund_flows f set cleared_at = now(), status = case n.status when 'claimable' then 'settled' else f.status end,
         settled_at = case n.status when 'claimable' then now() end
    from named n where f.flow_id = n.flow_id;
  perform evergreen.settle_days(of_fund.fund_id);
  perform evergreen.knock_days(of_fund.fund_id, null, d.dealing_day_id, 'settled') from public.dealing_days d where d.fund_id = of_fund.fund_id and d.status = 'settled';
  select count(*) filter (where f.status = 'settled') as settled, count(*) filter (where f.status <> 'settled') as early into counts
    from public.fund_flows f join jsonb_to_recordset(payments) p (flow_id uuid) on p.flow_id = f.flow_id;
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'cash confirmed: ' || jsonb_array_length(payments) || ' payments', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'settled', counts.settled, 'before_dealing', counts.early);
  perform evergreen.keep_answer('fn_confirm_cash', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_confirm_cash(text, jsonb, text) is
  'Cash has moved: payments = [{flow_id, amount, reference}] (fund currency, exactly what is due), posted as one ledger transaction; claimable orders become settled. EG400, EG404, EG413, EG428.';

create or replace function evergreen.settle_days(of_fund uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update public.dealing_days d set status = 'settled', step = 10
   where d.fund_id = of_fund and d.status = 'claimable' and not exists (
     select from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status in ('priced', 'allocated', 'claimable'));
end $$;
comment on function evergreen.settle_days(uuid) is 'Days of a fund whose every order is settled, carried or lapsed are settled.';

create or replace function public.fn_reverse_ledger(ledger_tx_id uuid, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  wrong public.ledger_transactions;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('ledger_tx_id', ledger_tx_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_reverse_ledger', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into wrong from public.ledger_transactions t where t.ledger_tx_id = fn_reverse_ledger.ledger_tx_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No ledger transaction with that id.');
  perform 1 from public.funds f where f.fund_id = wrong.fund_id for no key update;
  perform evergreen.refuse_unless(wrong.reverses is null, 'EG428', 'A reversal is not reversed; post anew.');
  perform evergreen.refuse_unless(not exists (select from public.ledger_transactions t where t.reverses = wrong.ledger_tx_id), 'EG428', 'It has been reversed already.');
  perform evergreen.refuse_unless(wrong.posted_by <> evergreen.actor(), 'EG420', 'Who posted it cannot reverse it: a second person must.');
  event := evergreen.emit('LEDGER_REVERSED', wrong.fund_id, jsonb_build_object('ledger_tx_id', wrong.ledger_tx_id), evergreen.actor(), '{}', '{}', request_id);
  posted := evergreen.post_ledger(wrong.fund_id, 'reversal', left(reason, 500), wrong.dealing_day_id, event, wrong.ledger_tx_id,
    (select array_agg(row(u.share_class_id, u.account, u.investor_id, u.lot_id, u.flow_id, -u.units)::evergreen.unit_entry)
       from public.unit_ledger u where u.ledger_tx_id = wrong.ledger_tx_id and u.account = 'holder'),
    (select array_agg(row(m.account, m.investor_id, m.flow_id, m.currency, -m.amount, m.reference)::evergreen.cash_entry)
       from public.cash_movements m where m.ledger_tx_id = wrong.ledger_tx_id));
  perform evergreen.audit(wrong.fund_id, 'ledger_transactions', posted::text, 'reverses ' || wrong.ledger_tx_id, request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'reverses', wrong.ledger_tx_id);
  perform evergreen.keep_answer('fn_reverse_ledger', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_reverse_ledger(uuid, text, text) is
  'Posts the opposite of a ledger transaction, once, by somebody else than who posted it; states of orders stay. EG404, EG420, EG424 units are gone since, EG428.';
