-- Calls and distributions of an asset since its mark (R5): recorded, carried with the mark, and bound with it in the hash of a NAV.

create or replace function public.fn_record_asset_payments(fund text, payments jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad int;
  n int;
begin
  perform evergreen.require_role('ops_role', 'pm_role');
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(payments));
  answer := evergreen.earlier_answer('fn_record_asset_payments', request_id, input);
  if answer is not null then
    return (answer ->> 'payments')::int;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(payments) = 'array', 'EG400', 'payments is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(payments) between 1 and 200000, 'EG413', 'payments has 1 to 200,000 rows.');
  select count(*) into bad from jsonb_to_recordset(payments) p (asset text) left join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = p.asset or a.id::text = p.asset)
   where a.id is null;
  perform evergreen.refuse_unless(bad = 0, 'EG404', bad || ' payments are of assets that the fund does not have.');
  select count(*) into bad from jsonb_to_recordset(payments) p (asset text, kind text, amount numeric, paid_on date, source text)
    join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = p.asset or a.id::text = p.asset)
   where (p.kind in ('call', 'distribution') and p.amount > 0 and p.amount < 1e30 and evergreen.within_exponent(p.amount, of_fund.base_currency)
     and isfinite(p.paid_on) and p.paid_on <= evergreen.clock()::date and length(p.source) between 1 and 200 and a.type <> 'cash') is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' payments are no call or distribution of an amount above 0 in the currency''s units, up to today, with a source; or of a balance of cash.');
  insert into public.asset_payments (asset_id, fund_id, kind, amount, paid_on, source, recorded_by)
  select a.id, of_fund.fund_id, p.kind, p.amount, p.paid_on, p.source, evergreen.actor() from jsonb_to_recordset(payments) p (asset text, kind text, amount numeric, paid_on date, source text)
    join public.assets a on a.fund_id = of_fund.fund_id and (a.external_key = p.asset or a.id::text = p.asset);
  get diagnostics n = row_count;
  perform evergreen.emit('ASSET_PAYMENTS_RECORDED', of_fund.fund_id, jsonb_build_object('payments', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.knock_days(of_fund.fund_id, null, null, 'payments of an asset recorded');
  perform evergreen.audit(of_fund.fund_id, 'asset_payments', of_fund.code, 'payments of assets recorded: ' || n, request_id);
  perform evergreen.keep_answer('fn_record_asset_payments', request_id, input, jsonb_build_object('payments', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_asset_payments(text, jsonb, text) is
  'Records payments = [{asset, kind: call | distribution, amount, paid_on, source}] in the fund''s currency; a mark rolled forward past their day counts them (R5), and the opposite takes a mistake back. Returns how many. EG400, EG404, EG413.';

create or replace function evergreen.rolled_value(mark numeric, beta numeric, index_at_mark numeric, index_now numeric, payments jsonb) returns numeric language sql immutable set search_path = pg_catalog, pg_temp as $$
  select mark * (1 + beta * (round(index_now, 40) / index_at_mark - 1))
    + coalesce((select sum(p.amount * (1 + beta * (round(index_now, 40) / p.index - 1))) from jsonb_to_recordset(payments) p (amount numeric, index numeric)), 0)
$$;
comment on function evergreen.rolled_value(numeric, numeric, numeric, numeric, jsonb) is 'R5: the mark and what was paid since, each carried by beta times the return of the index since its day; fund currency, not rounded.';

create or replace function evergreen.are_payments(payments jsonb, after_day date, up_to date) returns boolean language sql immutable set search_path = pg_catalog, pg_temp as $$
  select payments is null or (jsonb_typeof(payments) = 'array' and jsonb_array_length(payments) between 1 and 10000
    and (select bool_and((p."on" > after_day and p."on" <= up_to and p.amount <> 0 and abs(p.amount) < 1e30 and p.index > 0 and p.index < 1e18) is true)
           from jsonb_to_recordset(case when jsonb_typeof(payments) = 'array' then payments else '[]' end) p ("on" date, amount numeric, index numeric)))
$$;
comment on function evergreen.are_payments(jsonb, date, date) is 'Whether the payments that a rolled mark counts are whole, and of days after the mark up to the NAV date; null when there are none.';

create or replace function evergreen.payments_text(payments jsonb) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select string_agg(concat_ws(',', p."on", trim_scale(p.amount), trim_scale(p.index)), ';' order by p."on", p.amount, p.index) from jsonb_to_recordset(payments) p ("on" date, amount numeric, index numeric)
$$;
comment on function evergreen.payments_text(jsonb) is 'The payments that a rolled mark counts as the hash of the NAV has them: day, amount, index; null when there are none.';
