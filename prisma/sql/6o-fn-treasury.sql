-- Cash of the fund itself: between the dealing account and the investments, and to the manager. What investors pay and get is fn_confirm_cash.

create or replace function public.fn_move_cash(fund text, purpose text, amount numeric, reference text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  owed numeric;
  signed numeric;
  posted uuid := gen_random_uuid();
  event uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'purpose', purpose, 'amount', amount, 'reference', reference);
  answer := evergreen.earlier_answer('fn_move_cash', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(purpose in ('invest', 'divest', 'management_fee'), 'EG400', 'purpose is invest, divest or management_fee.');
  perform evergreen.refuse_unless(amount > 0 and amount < 1e30 and evergreen.within_exponent(amount, of_fund.base_currency), 'EG400', 'amount is positive and has no more decimals than the currency.');
  perform evergreen.refuse_unless(length(reference) between 1 and 140, 'EG400', 'reference has 1 to 140 characters.');
  if purpose = 'management_fee' then
    -- accrued by the last final strike since the beginning, less what was paid since then
    select coalesce(sum((x ->> 'management_accrued')::numeric), 0) into owed
      from (select s.body from public.nav_strikes s where s.fund_id = of_fund.fund_id and s.state = 'final' order by s.nav_date desc limit 1) s,
           jsonb_array_elements(coalesce(s.body -> 'fees', '[]')) x;
    owed := owed - coalesce((select b.amount from public.cash_balances b where b.fund_id = of_fund.fund_id and b.account = 'management_fee' and b.currency = of_fund.base_currency), 0);
    perform evergreen.refuse_unless(amount <= owed, 'EG424', 'That is more than the last final NAV has accrued of the management fee and the fund has not paid.');
  end if;
  signed := case purpose when 'divest' then -amount else amount end;
  event := evergreen.emit('CASH_MOVED', of_fund.fund_id, jsonb_build_object('ledger_tx_id', posted, 'purpose', purpose), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.post_ledger(of_fund.fund_id, 'treasury', replace(purpose, '_', ' '), null, event, null, null, array[
    row('bank', null, null, of_fund.base_currency, -signed, reference)::evergreen.cash_entry,
    row(case purpose when 'management_fee' then 'management_fee' else 'investments' end, null, null, of_fund.base_currency, signed, reference)::evergreen.cash_entry], posted);
  perform evergreen.audit(of_fund.fund_id, 'ledger_transactions', posted::text, 'cash moved: ' || replace(purpose, '_', ' '), request_id);
  answer := jsonb_build_object('ledger_tx_id', posted);
  perform evergreen.keep_answer('fn_move_cash', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_move_cash(text, text, numeric, text, text) is
  'Cash of the fund has moved (fund currency): invest takes it from the dealing account to the investments, divest brings it back, management_fee pays the manager, at most what is accrued. EG400, EG404, EG424 more than is owed.';
