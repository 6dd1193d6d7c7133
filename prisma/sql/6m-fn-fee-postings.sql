-- Postings beside the dealing day: performance fee crystallised, distributions, what is paid out of them, cash of a subscription sent back. The mark of a class.

create or replace function evergreen.class_mark(of_class uuid) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select evergreen.mark_on(of_class, 'infinity', true)
$$;
comment on function evergreen.class_mark(uuid) is 'High-water mark of a class in force, fund currency per unit.';

create or replace function evergreen.refuse_while_dealing(of_class uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(not exists (select from public.dealing_days d where d.share_class_id = of_class
    and d.status in ('inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated')), 'EG428', 'A dealing day of the class is priced and not yet posted.');
end $$;
comment on function evergreen.refuse_while_dealing(uuid) is 'Refuses (EG428) what would move units or prices between the strike and the posting of a day.';

create or replace function public.fn_read_crystallisation(fund text, share_class text default null) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
begin
  perform evergreen.require_role('agent_commander', 'ops_role', 'pm_role');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(share_class is null or exists (select from public.share_classes c where c.fund_id = of_fund.fund_id and c.code = share_class), 'EG404', 'The fund has no class with that code.');
  return (
    with last as (select s.* from public.nav_strikes s where s.fund_id = of_fund.fund_id and s.state = 'final' order by s.nav_date desc limit 1)
    select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'code', c.code, 'currency', c.currency, 'strike_id', s.strike_id, 'nav_date', s.nav_date,
        'units_dp', c.units_dp, 'price_dp', c.price_dp, 'nav', n.nav::text, 'units', trim_scale(n.units)::text, 'units_outstanding', trim_scale(c.units_outstanding)::text,
        'nav_per_unit', trim_scale(n.nav_per_unit)::text, 'performance_accrued', n.performance_accrued::text, 'mark', trim_scale(evergreen.class_mark(c.share_class_id))::text,
        'since', l.since, 'crystallised_on', (select max(m.as_of) from public.class_marks m where m.share_class_id = c.share_class_id and m.cause = 'crystallisation'), 'policy', p.body,
        'proposal', (select jsonb_build_object('proposal_id', x.proposal_id, 'hash', x.hash, 'status', case when x.status in ('pending', 'approved') and x.expires_at <= now() then 'expired' else x.status end)
           from public.proposals x where x.fund_id = of_fund.fund_id and x.kind = 'crystallisation' and x.body ->> 'strike_id' = s.strike_id::text
            and x.body ->> 'share_class_id' = c.share_class_id::text order by x.created_at desc limit 1),
        'lots', l.lots, 'series', evergreen.struck_series(s.strike_id, c.share_class_id)) order by c.code), '[]')
      from last s join public.class_navs n using (strike_id) join public.share_classes c using (share_class_id)
      cross join lateral evergreen.dealing_policy(c.share_class_id, s.nav_date) p
      cross join lateral (select min(o.opened_on) as since, coalesce(jsonb_agg(jsonb_build_object('id', o.lot_id, 'units', trim_scale(o.units_left)::text, 'reference', trim_scale(coalesce(o.high_water, o.price))::text,
          'credit', trim_scale(o.equalisation_credit)::text, 'series', evergreen.series_of(o)) order by o.lot_id) filter (where o.units_left > 0), '[]') as lots from public.lots o where o.share_class_id = c.share_class_id) l
     where (share_class is null or c.code = share_class) and coalesce(p.body #>> '{fees,performance,method}', 'none') <> 'none' and l.since is not null);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_crystallisation(text, text) is
  'What the performance fee of a fund''s classes (or of one) would crystallise on at the last final NAV: accrued fee, mark, lots with reference and credit, the proposal there is. Fund currency. EG404.';

create or replace function public.fn_crystallise_fee(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  class public.share_classes;
  s public.nav_strikes;
  n public.class_navs;
  terms jsonb;
  minor int;
  bad int;
  mark numeric;
  accrued numeric;
  fee numeric;
  event uuid;
  posted uuid;
  units evergreen.unit_entry[];
  before jsonb;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_crystallise_fee', request_id, input);
  if answer is not null then
    return answer;
  end if;
  p := evergreen.take_consent(proposal_id, 'crystallisation');
  select * into class from public.share_classes c where c.share_class_id = (p.body ->> 'share_class_id')::uuid;
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  select * into s from public.nav_strikes x where x.strike_id = (p.body ->> 'strike_id')::uuid and x.fund_id = p.fund_id;
  if p.body ? 'replaces' then
    answer := evergreen.crystallise_again(p, class, s, request_id);
    perform evergreen.keep_answer('fn_crystallise_fee', request_id, input, answer);
    return answer;
  end if;
  perform evergreen.refuse_unless(found and s.state = 'final' and not exists (select from public.nav_strikes x where x.fund_id = s.fund_id and x.state = 'final' and x.nav_date > s.nav_date),
    'EG428', 'A fee is crystallised on the last final NAV of the fund.');
  select * into n from public.class_navs x where x.strike_id = s.strike_id and x.share_class_id = class.share_class_id;
  perform evergreen.refuse_unless(found and n.units = class.units_outstanding, 'EG425', 'Units were issued or redeemed since that NAV: what they owe went with them.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = class.share_class_id and m.cause = 'crystallisation' and m.as_of >= s.nav_date),
    'EG428', 'The fee of the class is crystallised for that date or a later one.');
  -- orders that are allocated were dealt before the fee; after it they have other prices and credits
  perform evergreen.refuse_unless(not exists (select from public.dealing_days d where d.strike_id = s.strike_id and d.share_class_id = class.share_class_id and d.status = 'allocated'),
    'EG428', 'The orders of that NAV are allocated: post the day, and crystallise on the next NAV.');
  terms := (select d.body #> '{fees,performance}' from evergreen.dealing_policy(class.share_class_id, s.nav_date) d);
  if terms ->> 'method' = 'series' then
    answer := evergreen.crystallise_series(p, class, s, terms, request_id);
    perform evergreen.keep_answer('fn_crystallise_fee', request_id, input, answer);
    return answer;
  end if;
  mark := evergreen.class_mark(class.share_class_id);
  accrued := (p.body ->> 'accrued')::numeric;
  fee := (p.body ->> 'fee')::numeric;
  perform evergreen.refuse_unless(accrued >= 0 and accrued < 1e30 and fee >= 0 and fee = round(fee, minor), 'EG400', 'accrued and fee are amounts, the fee in whole minor units.');
  -- what the strike took from the price of this class; rate times gain over the mark where the terms are linear
  perform evergreen.refuse_unless(round(accrued, minor) <= n.performance_accrued, 'EG424', 'The strike accrued less performance fee than that.');
  perform evergreen.refuse_unless(terms ->> 'method' is distinct from 'equalisation'
    or abs(accrued - (terms ->> 'rate')::numeric * greatest(0, n.nav + accrued - mark * n.units)) <= power(10::numeric, -minor),
    'EG424', 'The accrued fee is not the rate on the gain over the mark.');
  perform evergreen.refuse_unless((p.body ->> 'high_water')::numeric = greatest(mark, n.nav_per_unit), 'EG424', 'The new mark is the higher of the mark and the price after fee (R22).');
  -- every open lot once; units by floor at the price; a credit falls by its refund; the reference is the new mark, below the mark the price (R24)
  select count(*) into bad from (select l.* from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0) l
    full join jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric, change numeric, high_water numeric, credit numeric) on r.lot_id = l.lot_id
   where (l.lot_id is not null and r.lot_id is not null and r.refund >= 0 and r.depreciation >= 0
     and r.change = trunc(round(r.refund, 30) / n.nav_per_unit, class.units_dp) - trunc(round(r.depreciation, 30) / n.nav_per_unit, class.units_dp)
     and l.units_left + r.change >= 0 and r.credit >= 0 and abs(r.credit - (l.equalisation_credit - r.refund)) <= 1e-17
     and case when n.nav + accrued >= mark * n.units then r.high_water = greatest(mark, n.nav_per_unit)
              else abs(r.high_water - greatest(coalesce(l.high_water, l.price), round(round(n.nav, 30) / n.units, 18))) <= 1e-12 end
     and (r.depreciation = 0 or coalesce(l.high_water, l.price) < mark)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' lots are missing, unknown, or not what a refund or a depreciation charge at the price gives.');
  perform evergreen.refuse_unless((select count(*) = count(distinct r.lot_id) and abs(fee - (accrued - coalesce(sum(r.refund), 0) + coalesce(sum(r.depreciation), 0))) <= power(10::numeric, -minor)
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric)), 'EG424', 'The fee is not what was accrued, less refunds, with depreciation charges.');
  event := evergreen.emit('FEE_CRYSTALLISED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'strike_id', s.strike_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  select array_agg(row(class.share_class_id, 'holder', l.investor_id, l.lot_id, null, r.change)::evergreen.unit_entry order by l.lot_id) into units
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) join public.lots l on l.lot_id = r.lot_id where r.change <> 0;
  -- what the lots were before it: if the NAV is restated the fee is taken again from there
  select jsonb_agg(jsonb_build_object('lot_id', l.lot_id, 'units', trim_scale(l.units_left)::text, 'reference', trim_scale(coalesce(l.high_water, l.price))::text, 'credit', trim_scale(l.equalisation_credit)::text) order by l.lot_id)
    into before from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0;
  -- a refund is issued on the lot that paid the credit
  update public.lots l set units_issued = l.units_issued + greatest(r.change, 0), high_water = r.high_water, equalisation_credit = r.credit
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric, high_water numeric, credit numeric) where l.lot_id = r.lot_id;
  if units is not null or fee > 0 then
    posted := evergreen.post_ledger(p.fund_id, 'crystallisation', 'performance fee ' || s.nav_date, null, event, null, units,
      case when fee > 0 then array[row('capital', null, null, class.currency, fee, 'performance fee')::evergreen.cash_entry,
        row('fee_payable', null, null, class.currency, -fee, 'performance fee')::evergreen.cash_entry] end);
  end if;
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, body, effective_at)
  values (class.share_class_id, s.nav_date, 'crystallisation', greatest(mark, n.nav_per_unit), s.strike_id, posted,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'accrued', trim_scale(accrued)::text, 'fee', trim_scale(fee)::text, 'lots', before), s.effective_at);
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'performance fee crystallised for ' || s.nav_date, request_id);
  answer := jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'high_water', trim_scale(greatest(mark, n.nav_per_unit))::text, 'fee', fee::text);
  perform evergreen.keep_answer('fn_crystallise_fee', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_crystallise_fee(uuid, text) is
  'Posts an approved crystallisation {share_class_id, strike_id, accrued, fee, high_water, lots: [{lot_id, refund, depreciation, change, high_water, credit}]} on the last NAV (R22, R24): refunds as units, the fee as payable, the marks; of a class by series {…, series, lots} (R25); with replaces, in place of one whose NAV was restated (R30). EG400, EG404, EG420, EG421, EG424, EG425, EG428.';

create or replace function public.fn_post_distribution(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  class public.share_classes;
  minor int;
  day date;
  each numeric;
  mark numeric;
  cash evergreen.cash_entry[];
  total numeric;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_post_distribution', request_id, input);
  if answer is not null then
    return answer;
  end if;
  p := evergreen.take_consent(proposal_id, 'distribution');
  select * into class from public.share_classes c where c.share_class_id = (p.body ->> 'share_class_id')::uuid;
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  day := (p.body ->> 'ex_date')::date;
  each := (p.body ->> 'per_unit')::numeric;
  mark := evergreen.class_mark(class.share_class_id);
  perform evergreen.refuse_unless(isfinite(day) and day <= current_date and each > 0 and each = round(each, 18) and each < 1e12, 'EG400', 'ex_date is a date up to today and per_unit an amount above zero.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = class.share_class_id and m.cause <> 'opening' and m.as_of > day), 'EG428', 'The mark of the class has moved after that date.');
  perform evergreen.refuse_unless(each < mark and not exists (select from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0 and coalesce(l.high_water, l.price) <= each
    and evergreen.by_series(class.share_class_id, day)), 'EG424', 'The distribution would leave no mark; crystallise first.');
  perform evergreen.refuse_while_dealing(class.share_class_id);
  -- every lot down to the minor unit; what the floors leave stays in the fund
  with paid as (
    select l.investor_id, sum(trunc(l.units_left * each, minor)) as amount from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0 group by l.investor_id
  )
  select sum(x.amount), array_agg(row('distributions_payable', x.investor_id, null, class.currency, -x.amount, 'distribution')::evergreen.cash_entry order by x.investor_id)
    into total, cash from paid x where x.amount > 0;
  perform evergreen.refuse_unless(total > 0, 'EG428', 'Nobody holds enough units to be paid a minor unit.');
  event := evergreen.emit('DISTRIBUTED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'ex_date', day), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), array(select distinct c.investor_id from unnest(cash) c), request_id);
  posted := evergreen.post_ledger(p.fund_id, 'distribution', 'distribution ' || day, null, event, null, null,
    cash || row('capital', null, null, class.currency, total, 'distribution')::evergreen.cash_entry);
  -- a lot without a reference of its own has the price it was bought at
  update public.lots l set high_water = coalesce(l.high_water, l.price) - each where l.share_class_id = class.share_class_id and l.units_left > 0
    and (l.high_water is not null or exists (select from evergreen.dealing_policy(class.share_class_id, day) d where d.body #>> '{fees,performance,method}' in ('equalisation', 'series')));
  insert into public.class_marks (share_class_id, as_of, cause, high_water, per_unit, ledger_tx_id, body, effective_at)
  values (class.share_class_id, day, 'distribution', mark - each, each, posted,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'amount', trim_scale(total)::text)
      -- by series each pays its own lots
      || case when evergreen.by_series(class.share_class_id, day) then jsonb_build_object('series', (select jsonb_agg(jsonb_build_object('series', x.series, 'amount', x.amount::text) order by x.series)
        from (select evergreen.series_of(l) as series, sum(trunc(l.units_left * each, minor)) as amount from public.lots l where l.share_class_id = class.share_class_id and l.units_left > 0 group by 1) x)) else '{}'::jsonb end,
    day::timestamp at time zone 'UTC');
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'distribution of ' || day || ' posted', request_id);
  answer := jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'amount', total::text, 'high_water', trim_scale(mark - each)::text);
  perform evergreen.keep_answer('fn_post_distribution', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_post_distribution(uuid, text) is
  'Posts an approved distribution {share_class_id, ex_date, per_unit} (fund currency): owed to each holder lot by lot, down to the minor unit; the marks fall by it (R22). EG400, EG404, EG420, EG421, EG424, EG428.';

create or replace function public.fn_confirm_payout(fund text, account text, payments jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'account', account, 'sha256', evergreen.content_digest(payments));
  answer := evergreen.earlier_answer('fn_confirm_payout', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(account in ('distributions_payable', 'refunds_payable', 'fee_payable'), 'EG400', 'account is distributions_payable, refunds_payable or fee_payable; an order is paid by fn_confirm_cash.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  perform evergreen.refuse_unless((select count(*) = count(distinct coalesce(x.investor_id, '00000000-0000-0000-0000-000000000000'))
    from jsonb_to_recordset(payments) x (investor_id uuid)), 'EG400', 'Two payments are to one.');
  select count(*) into bad from jsonb_to_recordset(payments) x (investor_id uuid, amount numeric) left join public.cash_balances b
      on b.fund_id = of_fund.fund_id and b.account = fn_confirm_payout.account and b.currency = of_fund.base_currency and b.investor_id is not distinct from x.investor_id
   where (x.amount > 0 and x.amount <= -b.amount and evergreen.within_exponent(x.amount, of_fund.base_currency)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' payments are of more than is owed, or of nothing.');
  event := evergreen.emit('PAID_OUT', of_fund.fund_id, jsonb_build_object('account', account, 'payments', jsonb_array_length(payments)), evergreen.actor(), '{}',
    array(select x.investor_id from jsonb_to_recordset(payments) x (investor_id uuid) where x.investor_id is not null), request_id);
  posted := evergreen.post_ledger(of_fund.fund_id, 'cash', 'paid out of ' || account, null, event, null, null, (
    select array_agg(row(e.account, e.investor_id, null, of_fund.base_currency, e.amount, x.reference)::evergreen.cash_entry)
      from jsonb_to_recordset(payments) x (investor_id uuid, amount numeric, reference text)
      cross join lateral (values ('bank', null::uuid, -x.amount), (fn_confirm_payout.account, x.investor_id, x.amount)) e (account, investor_id, amount)));
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'paid out of ' || account || ': ' || jsonb_array_length(payments) || ' payments', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'payments', jsonb_array_length(payments));
  perform evergreen.keep_answer('fn_confirm_payout', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_confirm_payout(text, text, jsonb, text) is
  'Cash has left for a distribution, a refund or a fee: payments = [{investor_id?, amount, reference?}] (fund currency), never more than the account owes. EG400, EG404, EG413, EG424.';

create or replace function public.fn_return_cash(flow_id uuid, reference text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  back public.fund_flows;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('flow_id', flow_id, 'reference', reference);
  answer := evergreen.earlier_answer('fn_return_cash', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reference) between 1 and 200, 'EG400', 'reference has 1 to 200 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.fund_flows x where x.flow_id = fn_return_cash.flow_id) for no key update;
  select * into back from public.fund_flows f where f.flow_id = fn_return_cash.flow_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  -- what bought units is a redemption's, not this one's
  perform evergreen.refuse_unless(back.direction = 'subscription' and back.cleared_at is not null and back.status in ('submitted', 'kyc_hold', 'accepted', 'rejected', 'lapsed', 'cancelled'),
    'EG428', 'Only the money of a subscription that has not dealt can be sent back.');
  event := evergreen.emit('CASH_RETURNED', back.fund_id, jsonb_build_object('flow_id', back.flow_id), evergreen.actor(), '{}', array[back.investor_id], request_id);
  posted := evergreen.post_ledger(back.fund_id, 'cash', 'subscription money returned', null, event, null, null, array[
    row('bank', null, back.flow_id, back.currency, -back.amount, reference)::evergreen.cash_entry,
    row('subscriptions_received', back.investor_id, back.flow_id, back.currency, back.amount, reference)::evergreen.cash_entry]);
  update public.fund_flows f set cleared_at = null where f.flow_id = back.flow_id;
  perform evergreen.audit(back.fund_id, 'fund_flows', back.flow_id::text, 'cash returned', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'flow_id', back.flow_id);
  perform evergreen.keep_answer('fn_return_cash', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_return_cash(uuid, text, text) is 'The money of a subscription that has not dealt went back to its investor (fund currency, all of it); the order can then be cancelled. EG400, EG404, EG428.';
