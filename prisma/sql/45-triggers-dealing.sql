-- What the tables of dealing and of the ledger enforce by themselves, whichever function writes: states of orders, balanced entries, balances.

create or replace function evergreen.legal_transition(from_status text, to_status text) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- R1: draft → submitted → {kyc_hold} → accepted → locked → priced → allocated → claimable → settled, with its side exits
  select case from_status
    when 'draft' then to_status in ('submitted', 'cancelled')
    when 'submitted' then to_status in ('accepted', 'kyc_hold', 'rejected', 'cancelled')
    when 'kyc_hold' then to_status in ('accepted', 'rejected', 'cancelled', 'lapsed')
    when 'accepted' then to_status in ('locked', 'kyc_hold', 'rejected', 'cancelled', 'lapsed')
    when 'locked' then to_status in ('priced', 'accepted', 'kyc_hold', 'cancelled')
    when 'priced' then to_status in ('allocated', 'accepted', 'carried', 'lapsed', 'kyc_hold')
    when 'allocated' then to_status = 'claimable'
    when 'claimable' then to_status = 'settled'
    else false end
$$;
comment on function evergreen.legal_transition(text, text) is 'Whether an order may go from one state to the other (R1).';

create or replace function evergreen.watch_transitions() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  illegal int;
  unrecorded int;
begin
  -- grouped and not joined: what is known of a transition table when the plan is made is how many rows an earlier statement had
  select count(*) filter (where not evergreen.legal_transition(c.was, c.became)),
         count(*) filter (where (select count(*) from public.order_transitions t where t.flow_id = c.flow_id and t.from_status = c.was and t.to_status = c.became
           and t.tx = pg_current_xact_id()) = 0)
    into illegal, unrecorded
    from (select x.flow_id, max(x.was) as was, max(x.became) as became from (
            select w.flow_id, w.status as was, null as became from was w union all select b.flow_id, null, b.status from became b) x group by x.flow_id) c
   where c.was <> c.became;
  perform evergreen.refuse_unless(illegal = 0, 'EG428', 'An order cannot go from its state to that one.');
  perform evergreen.refuse_unless(unrecorded = 0, 'EG428', 'The state of an order cannot change without a record of it.');
  return null;
end $$;
comment on function evergreen.watch_transitions() is 'Refuses a change of an order''s state that R1 does not know or that leaves no row in order_transitions in the same transaction.';

create or replace function evergreen.keep_unit_balances() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- entries are added only by the transaction that makes their head, and every statement balances by itself
  perform evergreen.refuse_unless(not exists (
    select from (select distinct a.ledger_tx_id from added a) x join public.ledger_transactions t using (ledger_tx_id) where t.tx <> pg_current_xact_id()),
    'EG431', 'Entries cannot be added to a ledger transaction that was posted before.');
  perform evergreen.refuse_unless(not exists (select from added a group by a.ledger_tx_id, a.share_class_id having sum(a.units) <> 0),
    'EG431', 'The units of a ledger transaction do not sum to zero.');
  -- (not by "on conflict": the check that nobody falls below zero would look at the change and not at what it makes)
  update public.holdings h set units = h.units + d.units
    from (select a.investor_id, a.share_class_id, sum(a.units) as units from added a where a.account = 'holder' group by 1, 2) d
   where h.investor_id = d.investor_id and h.share_class_id = d.share_class_id and d.units <> 0;
  insert into public.holdings (investor_id, share_class_id, units)
  select a.investor_id, a.share_class_id, sum(a.units) from added a
   where a.account = 'holder' and not exists (select from public.holdings h where h.investor_id = a.investor_id and h.share_class_id = a.share_class_id)
   group by 1, 2 order by 1, 2;
  update public.lots l set units_left = l.units_left + d.units
    from (select a.lot_id, sum(a.units) as units from added a where a.account = 'holder' group by 1) d where l.lot_id = d.lot_id and d.units <> 0;
  update public.share_classes c set units_outstanding = c.units_outstanding - d.units
    from (select a.share_class_id, sum(a.units) as units from added a where a.account = 'outstanding' group by 1) d
   where c.share_class_id = d.share_class_id and d.units <> 0;
  return null;
end $$;
comment on function evergreen.keep_unit_balances() is 'Keeps holdings, lots and units outstanding equal to the unit entries in the statement that adds them; EG431 when it does not balance.';

create or replace function evergreen.keep_cash_balances() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(not exists (
    select from (select distinct a.ledger_tx_id, a.fund_id from added a) x join public.ledger_transactions t using (ledger_tx_id)
     where t.tx <> pg_current_xact_id() or t.fund_id <> x.fund_id),
    'EG431', 'Entries cannot be added to a ledger transaction that was posted before, or of another fund.');
  perform evergreen.refuse_unless(not exists (select from added a group by a.ledger_tx_id, a.currency having sum(a.amount) <> 0),
    'EG431', 'The cash of a ledger transaction does not sum to zero.');
  insert into public.cash_balances (fund_id, account, currency, investor_id, amount)
  select a.fund_id, a.account, a.currency, a.investor_id, sum(a.amount) from added a group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (fund_id, account, currency, investor_id) do update set amount = cash_balances.amount + excluded.amount;
  return null;
end $$;
comment on function evergreen.keep_cash_balances() is 'Keeps cash balances equal to the cash entries in the statement that adds them; EG431 when it does not balance.';

create or replace function evergreen.check_balanced() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(not exists (
    select from public.unit_ledger u where u.ledger_tx_id = new.ledger_tx_id group by u.share_class_id having sum(u.units) <> 0)
    and not exists (select from public.cash_movements m where m.ledger_tx_id = new.ledger_tx_id group by m.currency having sum(m.amount) <> 0),
    'EG431', 'A ledger transaction does not balance.');
  perform evergreen.refuse_unless(exists (select from public.unit_ledger u where u.ledger_tx_id = new.ledger_tx_id)
    or exists (select from public.cash_movements m where m.ledger_tx_id = new.ledger_tx_id), 'EG431', 'A ledger transaction has no entries.');
  return null;
end $$;
comment on function evergreen.check_balanced() is 'At commit: units sum to zero per class and cash per currency within the ledger transaction, and there are entries (EG431).';

create or replace trigger watch_transitions after update on public.fund_flows
  referencing old table as was new table as became for each statement execute function evergreen.watch_transitions();
create or replace trigger keep_balances after insert on public.unit_ledger
  referencing new table as added for each statement execute function evergreen.keep_unit_balances();
create or replace trigger keep_balances after insert on public.cash_movements
  referencing new table as added for each statement execute function evergreen.keep_cash_balances();
do $$
begin
  if not exists (select from pg_catalog.pg_trigger t where t.tgname = 'balanced' and t.tgrelid = 'public.ledger_transactions'::regclass) then
    create constraint trigger balanced after insert on public.ledger_transactions deferrable initially deferred
      for each row execute function evergreen.check_balanced();
  end if;
end $$;
