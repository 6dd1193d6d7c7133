-- Credit lines of a fund: what a bank has promised, what is drawn of it, until when, and how soon it must be paid back once the bank calls it.

create or replace function public.fn_set_credit_line(fund text, line text, lender text, committed numeric, drawn numeric, currency text, effective_from date, expires_on date, due_days int,
  request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  made public.credit_lines;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'line', line, 'lender', lender, 'committed', committed, 'drawn', drawn, 'currency', currency, 'effective_from', effective_from,
    'expires_on', expires_on, 'due_days', due_days);
  answer := evergreen.earlier_answer('fn_set_credit_line', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(line ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and lender ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$', 'EG400',
    'line and lender are codes of 1 to 40 letters, digits, dots, hyphens and underscores.');
  perform evergreen.refuse_unless(exists (select from public.currencies c where c.code = fn_set_credit_line.currency), 'EG400', 'currency is an ISO 4217 code that is kept here.');
  perform evergreen.refuse_unless(committed >= 0 and committed < 1e30 and drawn >= 0 and drawn <= committed and evergreen.within_exponent(committed, currency) and evergreen.within_exponent(drawn, currency),
    'EG400', 'committed and drawn are not negative, have no more decimals than the currency, and no more is drawn than is committed.');
  perform evergreen.refuse_unless(isfinite(effective_from) and isfinite(expires_on) and expires_on >= effective_from, 'EG400', 'effective_from and expires_on are dates, the later one last.');
  perform evergreen.refuse_unless(due_days between 0 and 3650, 'EG400', 'due_days is 0 to 3650: in how many days what is drawn is due once the bank calls it.');
  insert into public.credit_lines (fund_id, line, version, lender, committed, drawn, currency, effective_from, expires_on, due_days, set_by)
  values (of_fund.fund_id, fn_set_credit_line.line,
    (select coalesce(max(c.version), 0) + 1 from public.credit_lines c where c.fund_id = of_fund.fund_id and c.line = fn_set_credit_line.line),
    fn_set_credit_line.lender, fn_set_credit_line.committed, fn_set_credit_line.drawn, fn_set_credit_line.currency, fn_set_credit_line.effective_from, fn_set_credit_line.expires_on,
    fn_set_credit_line.due_days, evergreen.actor()) returning * into made;
  perform evergreen.emit('CREDIT_LINE_SET', of_fund.fund_id, jsonb_build_object('credit_line_id', made.credit_line_id, 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'credit_lines', made.credit_line_id::text, 'credit line version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('credit_line_id', made.credit_line_id, 'version', made.version);
  perform evergreen.keep_answer('fn_set_credit_line', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_credit_line(text, text, text, numeric, numeric, text, date, date, int, text) is
  'Sets a credit line of a fund from a date on: committed and drawn in its currency, until expires_on, due in due_days once called; a change is a new version. Returns {credit_line_id, version}. EG400, EG404.';
