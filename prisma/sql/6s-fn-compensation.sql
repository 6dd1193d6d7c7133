-- After a restatement (R30): compensation as debts of the ledger, their payment, and the word to the authority.

create or replace function evergreen.post_compensation(of_strike uuid, event uuid) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
  owed evergreen.cash_entry[];
begin
  select f.* into of_fund from public.funds f where f.fund_id = (select s.fund_id from public.nav_strikes s where s.strike_id = of_strike);
  -- what the fund holds too much is owed to investors; what it paid too much is owed by the responsible party, and never asked of an investor
  select array_agg(row(e.account, e.investor_id, c.flow_id, of_fund.base_currency, e.amount, 'compensation')::evergreen.cash_entry order by c.flow_id, e.account) into owed
    from public.compensations c join public.restatements r using (restatement_id)
    cross join lateral (
      select case when c.pays then 'compensation_payable' else 'compensation_receivable' end, case when c.pays then c.investor_id end, case when c.pays then -c.difference else c.difference end
       where c.difference > 0 and (c.pays or c.owed_to = 'fund')
      -- the fee that a redemption took along (R24, R25): the manager had too much of it, or too little
      union all select 'fee_payable', null, (c.due ->> 'performance_fee')::numeric where (c.due ->> 'performance_fee')::numeric <> 0) e (account, investor_id, amount)
   where r.strike_id = of_strike and r.material;
  if owed is null then
    return null;
  end if;
  return evergreen.post_ledger(of_fund.fund_id, 'compensation', 'compensation for a NAV error', null, event, null, null,
    owed || (select row('capital', null, null, of_fund.base_currency, -sum(o.amount), 'compensation')::evergreen.cash_entry from unnest(owed) o));
end $$;
comment on function evergreen.post_compensation(uuid, uuid) is
  'Posts what a material restatement comes to: payable to investors, receivable from the responsible party, performance fee that redemptions paid too much or too little, order by order, against capital; null when nothing is owed.';

create or replace function evergreen.enter_lots_anew(s public.nav_strikes) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- who was paid for the difference has bought at the correct price: reference and credit are those of that price (R24), for what is left of the lot
  update public.lots l set high_water = (c.due ->> 'reference')::numeric - coalesce((select sum(m.per_unit) from evergreen.marks_known(l.share_class_id, 'infinity') m
             where m.cause = 'distribution' and m.as_of > s.nav_date), 0),
         equalisation_credit = round(round((c.due ->> 'credit')::numeric, 30) * l.units_left / c.units_dealt, 18)
    from public.compensations c join public.restatements r using (restatement_id)
   where r.strike_id = s.strike_id and r.material and c.due ? 'reference' and l.flow_id = c.flow_id and l.share_class_id = r.share_class_id
     -- a fee that was taken since is taken again, which begins with these terms
     and not exists (select from public.class_marks m where m.share_class_id = l.share_class_id and m.cause = 'crystallisation' and m.as_of > s.nav_date);
end $$;
comment on function evergreen.enter_lots_anew(public.nav_strikes) is 'Gives the lots that were opened at a restated NAV the reference and the credit of the correct price, where the error is material.';

create or replace function evergreen.compensation_due(of_flow uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(-sum(m.amount), 0) from public.cash_movements m where m.flow_id = of_flow and m.account = 'compensation_payable'
$$;
comment on function evergreen.compensation_due(uuid) is 'Compensation that is owed for the deal of an order and not paid yet, fund currency.';

create or replace function public.fn_settle_compensation(fund text, payments jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  made_good numeric;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(payments));
  answer := evergreen.earlier_answer('fn_settle_compensation', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  perform evergreen.refuse_unless((select count(x.flow_id) = count(distinct x.flow_id) and count(*) - count(x.flow_id) <= 1 and bool_and(coalesce(length(x.reference), 1) between 1 and 200)
    from jsonb_to_recordset(payments) x (flow_id uuid, reference text)), 'EG400', 'Two payments are for one order or from the responsible party, or a reference has not 1 to 200 characters.');
  select count(*) into bad from jsonb_to_recordset(payments) x (flow_id uuid) where x.flow_id is not null
     and not exists (select from public.fund_flows f where f.flow_id = x.flow_id and f.fund_id = of_fund.fund_id);
  perform evergreen.refuse_unless(bad = 0, 'EG404', bad || ' payments are for no order of this fund.');
  select count(*) into bad from jsonb_to_recordset(payments) x (flow_id uuid, amount numeric)
   where x.flow_id is not null and (x.amount > 0 and x.amount = evergreen.compensation_due(x.flow_id)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' payments are not of the compensation that is due.');
  select x.amount into made_good from jsonb_to_recordset(payments) x (flow_id uuid, amount numeric) where x.flow_id is null;
  perform evergreen.refuse_unless(made_good is null or (made_good > 0 and evergreen.within_exponent(made_good, of_fund.base_currency)
    and made_good <= coalesce((select sum(b.amount) from public.cash_balances b where b.fund_id = of_fund.fund_id and b.account = 'compensation_receivable'), 0)),
    'EG424', 'The responsible party owes less than that.');
  event := evergreen.emit('COMPENSATION_SETTLED', of_fund.fund_id, jsonb_build_object('payments', jsonb_array_length(payments)), evergreen.actor(), '{}',
    array(select distinct f.investor_id from public.fund_flows f join jsonb_to_recordset(payments) x (flow_id uuid) on x.flow_id = f.flow_id), request_id);
  posted := evergreen.post_ledger(of_fund.fund_id, 'cash', 'compensation settled', null, event, null, null, (
    select array_agg(row(e.account, e.investor_id, e.flow_id, of_fund.base_currency, e.amount, x.reference)::evergreen.cash_entry)
      from jsonb_to_recordset(payments) x (flow_id uuid, amount numeric, reference text) left join public.fund_flows f on f.flow_id = x.flow_id
      cross join lateral (values
        ('bank', null::uuid, x.flow_id, case when x.flow_id is null then x.amount else -x.amount end),
        (case when x.flow_id is null then 'compensation_receivable' else 'compensation_payable' end, f.investor_id, x.flow_id, case when x.flow_id is null then -x.amount else x.amount end))
        e (account, investor_id, flow_id, amount)));
  -- what comes due later for the same order goes into a file of its own
  update public.payment_lines l set live = false from jsonb_to_recordset(payments) x (flow_id uuid) where l.flow_id = x.flow_id and l.purpose = 'compensation' and l.live;
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'compensation settled: ' || jsonb_array_length(payments) || ' payments', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'payments', jsonb_array_length(payments));
  perform evergreen.keep_answer('fn_settle_compensation', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_settle_compensation(text, jsonb, text) is
  'Compensation has moved: payments = [{flow_id?, amount, reference?}] (fund currency): for an order exactly what is due to its investor, without one what the responsible party made good, never more than it owes. EG400, EG404, EG413, EG424.';

create or replace function public.fn_note_nav_error(strike_id uuid, document text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  task uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('strike_id', strike_id, 'document', document);
  answer := evergreen.earlier_answer('fn_note_nav_error', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(document) between 1 and 200, 'EG400', 'document has 1 to 200 characters.');
  select s.fund_id into of_fund from public.nav_strikes s where s.strike_id = fn_note_nav_error.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  select e.event_id into task from public.fund_events e where e.fund_id = of_fund and e.type = 'NAV_ERROR_TO_NOTIFY' and e.payload ->> 'strike_id' = fn_note_nav_error.strike_id::text;
  perform evergreen.refuse_unless(found, 'EG428', 'The strike corrects no error that is to be notified.');
  perform evergreen.refuse_unless(not exists (select from public.fund_events e where e.fund_id = of_fund and e.type = 'NAV_ERROR_NOTIFIED' and e.payload ->> 'strike_id' = fn_note_nav_error.strike_id::text),
    'EG428', 'The authority was told already.');
  perform evergreen.emit('NAV_ERROR_NOTIFIED', of_fund, jsonb_build_object('strike_id', fn_note_nav_error.strike_id, 'document', document), evergreen.actor(), jsonb_build_object('causation_id', task), '{}', request_id);
  perform evergreen.audit(of_fund, 'nav_strikes', fn_note_nav_error.strike_id::text, 'NAV error notified to the authority', request_id);
  answer := jsonb_build_object('strike_id', fn_note_nav_error.strike_id, 'document', document);
  perform evergreen.keep_answer('fn_note_nav_error', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_nav_error(uuid, text, text) is 'Notes that the authority was told of a material NAV error, with the reference of the document; once. EG400, EG404, EG428.';
