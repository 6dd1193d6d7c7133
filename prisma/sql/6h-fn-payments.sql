-- Files out: accounts that money is paid to, approved by a second person, and the payment files that pay redemptions and compensation.

create or replace function evergreen.is_account(number text) returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  moved text := substr(number, 5) || left(number, 4);
  digits text := '';
  c text;
begin
  if number !~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11}' then
    return number ~ '^[A-Za-z0-9][A-Za-z0-9./-]{2,33}$';
  end if;
  if number !~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$' then
    return false;
  end if;
  foreach c in array string_to_array(moved, null) loop
    digits := digits || case when c between 'A' and 'Z' then (ascii(c) - 55)::text else c end;
  end loop;
  return digits::numeric % 97 = 1;  -- ISO 13616
end $$;
comment on function evergreen.is_account(text) is 'Whether it is an IBAN with right check digits, or an account number that does not look like one.';

create or replace function public.fn_propose_bank_accounts(fund text, accounts jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  bad record;
  n int;
begin
  perform evergreen.require_role('ops_role');
  -- a ciphertext is another one every time; what says that the account is the same is the mark beside it
  input := jsonb_build_object('fund', fund, 'sha256', evergreen.content_digest(case when jsonb_typeof(accounts) = 'array' then
    (select jsonb_agg(case when jsonb_typeof(a) = 'object' then a - '{sealed,account_id,key_version}'::text[] else a end) from jsonb_array_elements(accounts) a) else accounts end));
  answer := evergreen.earlier_answer('fn_propose_bank_accounts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array', 'EG400', 'accounts is a list.');
  perform evergreen.refuse_unless(jsonb_array_length(accounts) between 1 and 10000, 'EG413', 'accounts has 1 to 10,000 rows.');
  select a.n, a.investor is not null and i.investor_id is null as nobody, a.investor is not null and (a.account is not null or a.holder is not null) as clear into bad
    from (select x.*, row_number() over () as n from jsonb_to_recordset(accounts) x (investor text, account text, bic text, holder text, currency text,
           account_id uuid, sealed text, account_index text, content_mark text)) a
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where ((a.bic is null or a.bic ~ '^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$') and exists (select from public.currencies c where c.code = a.currency)
      and case when a.investor is null then evergreen.is_account(a.account) and length(a.holder) between 1 and 140 and num_nonnulls(a.sealed, a.account_index, a.content_mark) = 0
        else i.investor_id is not null and a.account is null and a.holder is null and a.account_id is not null and a.sealed ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a.sealed) between 40 and 4000
          and a.account_index ~ '^[0-9a-f]{64}$' and a.content_mark ~ '^[0-9a-f]{64}$' end) is not true order by a.n limit 1;
  perform evergreen.refuse_unless(bad.n is null or not bad.nobody, 'EG404', 'Account ' || bad.n || ': no investor with that code.');
  perform evergreen.refuse_unless(bad.n is null or not bad.clear, 'EG400', 'Account ' || bad.n || ' is of an investor: its number and holder come encrypted, never in clear.');
  perform evergreen.refuse_unless(bad.n is null, 'EG400', 'Account ' || bad.n || ' has no account number with right check digits, no BIC, no holder or no currency we know.');
  perform evergreen.require_key_version(i.party_id, a.key_version) from jsonb_to_recordset(accounts) a (investor text, key_version int)
    join public.investors i on i.investor_id = evergreen.investor_named(a.investor) order by i.party_id;
  -- one that is proposed or in force already is not proposed again
  insert into public.bank_accounts (account_id, fund_id, investor_id, account, bic, holder, currency, sealed, account_index, content_mark, proposed_by)
  select distinct on (i.investor_id, a.currency, a.bic, a.account, a.holder, a.content_mark) coalesce(a.account_id, gen_random_uuid()), of_fund.fund_id, i.investor_id, a.account, a.bic, a.holder, a.currency,
         a.sealed, a.account_index, a.content_mark, evergreen.actor()
    from jsonb_to_recordset(accounts) a (investor text, account text, bic text, holder text, currency text, account_id uuid, sealed text, account_index text, content_mark text)
    left join public.investors i on i.investor_id = evergreen.investor_named(a.investor)
   where not exists (select from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is not distinct from i.investor_id and b.account is not distinct from a.account
     and b.bic is not distinct from a.bic and b.holder is not distinct from a.holder and b.content_mark is not distinct from a.content_mark and b.currency = a.currency and b.status in ('proposed', 'active'))
   order by i.investor_id, a.currency, a.bic, a.account, a.holder, a.content_mark, a.account_id;
  get diagnostics n = row_count;
  if n > 0 then
    perform evergreen.emit('BANK_ACCOUNTS_PROPOSED', of_fund.fund_id, jsonb_build_object('accounts', n), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'bank_accounts', of_fund.fund_id::text, n || ' bank accounts proposed', request_id);
  end if;
  answer := jsonb_build_object('proposed', n, 'known', jsonb_array_length(accounts) - n);
  perform evergreen.keep_answer('fn_propose_bank_accounts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_propose_bank_accounts(text, jsonb, text) is
  'Proposes accounts to pay to and from: of the fund {account, holder, bic, currency}; of an investor {investor, account_id, sealed, key_version, account_index, content_mark, bic, currency}, encrypted before they come. Another person decides. EG400, EG404, EG413, EG425 another data key since.';

create or replace function evergreen.account_words(a public.bank_accounts) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when a.sealed is null then jsonb_build_object('holder', a.holder, 'account', a.account, 'bic', a.bic)
    -- with the key that opens it, which a master key opens that is not here
    else jsonb_build_object('bic', a.bic, 'sealed', jsonb_build_object('account_id', a.account_id, 'subject_id', i.party_id, 'sealed', a.sealed, 'wrapped_key', k.wrapped_key, 'master_key_id', k.master_key_id)) end
    from (select) one left join public.investors i on i.investor_id = a.investor_id left join public.subject_keys k on k.subject_id = i.party_id and k.state <> 'destroyed'
$$;
comment on function evergreen.account_words(public.bank_accounts) is 'Number and holder of an account: in clear of the fund''s own, encrypted with its wrapped key of an investor''s.';

create or replace function evergreen.note_account_reads(accounts uuid[], purpose text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into public.personal_accesses (subject_id, what, fields, purpose, accessed_by)
  select distinct i.party_id, 'values', array['account'], note_account_reads.purpose, evergreen.actor()
    from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id join public.subject_keys k on k.subject_id = i.party_id
   where b.account_id = any (accounts) and b.sealed is not null
$$;
comment on function evergreen.note_account_reads(uuid[], text) is 'Records that encrypted accounts of investors were given out.';

create or replace function public.fn_read_bank_accounts(fund text, status text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund uuid;
  ids uuid[];
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'audit_role');
  select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(status is null or status in ('proposed', 'active', 'rejected', 'ended'), 'EG400', 'status is proposed, active, rejected or ended.');
  ids := array(select b.account_id from public.bank_accounts b where b.fund_id = of_fund and (fn_read_bank_accounts.status is null or b.status = fn_read_bank_accounts.status) order by b.account_id limit 50000);
  perform evergreen.note_account_reads(ids, 'accounts');
  return (select coalesce(jsonb_agg(jsonb_build_object('account_id', b.account_id, 'investor', i.code, 'currency', b.currency, 'status', b.status, 'proposed_by', b.proposed_by, 'decided_by', b.decided_by,
      'words', evergreen.account_words(b)) order by b.account_id), '[]') from public.bank_accounts b left join public.investors i using (investor_id) where b.account_id = any (ids));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_bank_accounts(text, text) is 'Accounts of a fund with number and holder, those of investors encrypted with their wrapped keys; every reading is recorded. EG400, EG404.';

create or replace function public.fn_list_clear_accounts(max_accounts int default 1000) returns table (account_id uuid, subject_id uuid, account text, holder text, bic text, currency text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('ops_role', 'service_role');
  perform evergreen.refuse_unless(max_accounts between 1 and 5000, 'EG400', 'max_accounts is 1 to 5,000.');
  return query select b.account_id, i.party_id, b.account, b.holder, b.bic, b.currency::text from public.bank_accounts b join public.investors i on i.investor_id = b.investor_id
    where b.account is not null and coalesce(evergreen.subject_state(i.party_id), 'active') = 'active' order by b.account_id limit max_accounts;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_list_clear_accounts(int) is 'Accounts of investors that were recorded before numbers were encrypted, to be sealed. EG400.';

create or replace function public.fn_seal_accounts(accounts jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('ops_role', 'service_role');
  input := jsonb_build_object('sha256', evergreen.content_digest(accounts));
  answer := evergreen.earlier_answer('fn_seal_accounts', request_id, input);
  if answer is not null then
    return (answer ->> 'sealed')::int;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array' and jsonb_array_length(accounts) between 1 and 5000, 'EG400', 'accounts is a list of 1 to 5,000.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(accounts) a where (a ->> 'account_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and a ->> 'sealed' ~ '^v1\.[A-Za-z0-9+/]+=*$' and length(a ->> 'sealed') between 40 and 4000
      and a ->> 'account_index' ~ '^[0-9a-f]{64}$' and a ->> 'content_mark' ~ '^[0-9a-f]{64}$') is not true), 'EG400', 'Each of accounts has account_id, sealed, account_index and content_mark.');
  perform evergreen.require_key_version(i.party_id, a.key_version) from jsonb_to_recordset(accounts) a (account_id uuid, key_version int)
    join public.bank_accounts b on b.account_id = a.account_id join public.investors i on i.investor_id = b.investor_id order by i.party_id;
  update public.bank_accounts b set sealed = a.sealed, account_index = a.account_index, content_mark = a.content_mark, account = null, holder = null
    from jsonb_to_recordset(accounts) a (account_id uuid, sealed text, account_index text, content_mark text)
   where b.account_id = a.account_id and b.investor_id is not null and b.account is not null;
  get diagnostics n = row_count;
  if n > 0 then
    perform evergreen.audit(null, 'bank_accounts', 'sealed', n || ' bank accounts encrypted', request_id);
  end if;
  perform evergreen.keep_answer('fn_seal_accounts', request_id, input, jsonb_build_object('sealed', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_seal_accounts(jsonb, text) is 'Puts ciphertexts in the place of clear numbers and holders of investors; one that is sealed already stays as it is. Returns how many. EG400, EG425 another data key since.';

create or replace function public.fn_decide_bank_accounts(accounts jsonb, decision text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  ids uuid[];
  of_fund uuid;
  n int;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('accounts', accounts, 'decision', decision);
  answer := evergreen.earlier_answer('fn_decide_bank_accounts', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(decision in ('approved', 'rejected', 'ended'), 'EG400', 'decision is approved, rejected or ended.');
  perform evergreen.refuse_unless(jsonb_typeof(accounts) = 'array', 'EG400', 'accounts is a list of ids.');
  perform evergreen.refuse_unless(jsonb_array_length(accounts) between 1 and 10000, 'EG413', 'accounts has 1 to 10,000 ids.');
  ids := array(select distinct x::uuid from jsonb_array_elements_text(accounts) x);
  select min(b.fund_id::text)::uuid into of_fund from public.bank_accounts b where b.account_id = any (ids) having count(*) = cardinality(ids) and count(distinct b.fund_id) = 1;
  perform evergreen.refuse_unless(of_fund is not null, 'EG404', 'An id names no account, or they are of several funds.');
  perform 1 from public.funds f where f.fund_id = of_fund for no key update;
  perform 1 from public.bank_accounts b where b.account_id = any (ids) order by b.account_id for no key update;
  perform evergreen.refuse_unless(not exists (select from public.bank_accounts b where b.account_id = any (ids) and b.status <> case decision when 'ended' then 'active' else 'proposed' end),
    'EG428', 'An account is not ' || case decision when 'ended' then 'in force.' else 'proposed any more.' end);
  -- whoever can write an account and approve it could pay himself
  perform evergreen.refuse_unless(decision <> 'approved' or not exists (select from public.bank_accounts b where b.account_id = any (ids) and b.proposed_by = evergreen.actor()),
    'EG420', 'Who proposed an account cannot approve it.');
  perform evergreen.refuse_unless(decision <> 'approved' or not exists (select from public.bank_accounts b where b.account_id = any (ids) group by b.investor_id, b.currency having count(*) > 1),
    'EG428', 'Two of the accounts are of one owner and currency; approve one.');
  if decision = 'approved' then
    update public.bank_accounts o set status = 'ended' from public.bank_accounts b where b.account_id = any (ids) and o.fund_id = b.fund_id
      and o.investor_id is not distinct from b.investor_id and o.currency = b.currency and o.status = 'active';
  end if;
  update public.bank_accounts b set status = case decision when 'approved' then 'active' else decision end,
         decided_by = case decision when 'ended' then b.decided_by else evergreen.actor() end, decided_at = now() where b.account_id = any (ids);
  get diagnostics n = row_count;
  perform evergreen.emit('BANK_ACCOUNTS_DECIDED', of_fund, jsonb_build_object('accounts', n, 'decision', decision), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'bank_accounts', of_fund::text, n || ' bank accounts ' || decision, request_id);
  answer := jsonb_build_object('accounts', n, 'decision', decision);
  perform evergreen.keep_answer('fn_decide_bank_accounts', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_decide_bank_accounts(jsonb, text, text) is
  'Approves, rejects or ends accounts of one fund; who proposed cannot approve, and what was in force for the same owner and currency ends. EG400, EG404, EG413, EG420, EG428.';

create or replace function evergreen.payments_answer(of_file uuid, repeated boolean, missing jsonb) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('payment_file_id', p.payment_file_id, 'message_id', p.message_id, 'created_at', to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'execution_date', p.execution_date, 'currency', p.currency, 'places', (select c.exponent from public.currencies c where c.code = p.currency), 'repeated', repeated, 'missing', missing,
    'transactions', p.transactions, 'control_sum', p.control_sum::text, 'debtor', evergreen.account_words(d),
    'transfers', (select jsonb_agg(jsonb_build_object('flow_id', l.flow_id, 'end_to_end', l.end_to_end, 'amount', trim_scale(l.amount)::text, 'payee', evergreen.account_words(a), 'remittance', case l.purpose when 'compensation' then 'Compensation ' else 'Redemption ' end || p.dealing_date || ' ' || coalesce(f.code, '')) order by l.flow_id)
      from public.payment_lines l join public.bank_accounts a on a.account_id = l.account_id join public.funds f on f.fund_id = p.fund_id where l.payment_file_id = p.payment_file_id))
    from public.payment_files p join public.bank_accounts d on d.account_id = p.account_id where p.payment_file_id = of_file
$$;
comment on function evergreen.payments_answer(uuid, boolean, jsonb) is 'Everything a payment file says, from rows that do not change.';

do $$
begin
  if to_regtype('evergreen.payment') is null then
    create type evergreen.payment as (flow_id uuid, investor text, amount numeric, account_id uuid);
  end if;
end $$;

create or replace function evergreen.settlement_day(of_fund uuid, dealt date) returns date language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  days int;
  market text;
  today date;
  day date := dealt;
begin
  select coalesce(max((p.body ->> 'settlementDays')::int), 0), min(p.body ->> 'calendar') into days, market
    from public.dealing_days d join public.dealing_policies p on p.policy_id = d.policy_id where d.fund_id = of_fund and d.dealing_date = dealt;
  select coalesce(market, f.calendar), (now() at time zone f.time_zone)::date into market, today from public.funds f where f.fund_id = of_fund;
  if days > 0 then
    select g::date into day from generate_series(dealt + 1, dealt + 3 * days + 30, interval '1 day') g where evergreen.is_business_day(market, g::date) order by g offset days - 1 limit 1;
  end if;
  return (select g::date from generate_series(greatest(day, today), greatest(day, today) + 60, interval '1 day') g where evergreen.is_business_day(market, g::date) order by g limit 1);
end $$;
comment on function evergreen.settlement_day(uuid, date) is 'When redemptions of a dealing date are paid: so many business days after it as the policy says, and never before today.';

create or replace function public.fn_export_payments(fund text, dealing_date date, execution_date date default null, request_id text default null, purpose text default 'redemption') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  debtor public.bank_accounts;
  id uuid := gen_random_uuid();
  earlier uuid;
  missing jsonb;
  pays evergreen.payment[];
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'dealing_date', dealing_date, 'execution_date', execution_date, 'purpose', purpose);
  answer := evergreen.earlier_answer('fn_export_payments', request_id, input);
  if answer is not null then
    perform evergreen.note_account_reads(array(select l.account_id from public.payment_lines l where l.payment_file_id = (answer ->> 'payment_file_id')::uuid), 'payment');
    return evergreen.payments_answer((answer ->> 'payment_file_id')::uuid, false, answer -> 'missing');
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(purpose in ('redemption', 'compensation'), 'EG400', 'purpose is redemption or compensation.');
  perform evergreen.refuse_unless(isfinite(dealing_date) and (execution_date is null or isfinite(execution_date)), 'EG400', 'dealing_date and execution_date are dates.');
  perform evergreen.refuse_unless(execution_date is null or execution_date >= (now() at time zone of_fund.time_zone)::date, 'EG400', 'execution_date has passed.');
  select * into debtor from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is null and b.currency = of_fund.base_currency and b.status = 'active';
  perform evergreen.refuse_unless(found, 'EG428', 'The fund has no approved account of its own in its currency.');
  -- what is due and in no payment file yet; in one order, as everyone locks orders
  select array_agg(row(f.flow_id, i.code, case purpose when 'compensation' then evergreen.compensation_due(f.flow_id) else f.net_amount end, a.account_id)::evergreen.payment order by f.flow_id) into pays
    from (select x.* from public.fund_flows x join public.dealing_days d on d.dealing_day_id = x.dealing_day_id
           where x.fund_id = of_fund.fund_id and d.dealing_date = fn_export_payments.dealing_date
             and case purpose when 'compensation' then evergreen.compensation_due(x.flow_id) > 0
               else x.direction = 'redemption' and x.order_kind = 'plain' and x.status = 'claimable' and x.cleared_at is null and x.net_amount > 0 end
           order by x.flow_id for no key update of x) f
    join public.investors i on i.investor_id = f.investor_id
    left join public.bank_accounts a on a.fund_id = of_fund.fund_id and a.investor_id = f.investor_id and a.currency = f.currency and a.status = 'active'
   where not exists (select from public.payment_lines l where l.flow_id = f.flow_id and l.purpose = fn_export_payments.purpose and l.live)
     -- who is frozen, or may be on a list, is not paid; the claim stands
     and not evergreen.party_stopped(i.party_id);
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', p.flow_id, 'investor', p.investor) order by p.flow_id), '[]') into missing from unnest(pays) p where p.account_id is null;
  pays := array(select p from unnest(pays) p where p.account_id is not null);
  if cardinality(pays) = 0 then
    -- nothing new: the file that was made is made again, byte for byte
    select p.payment_file_id into earlier from public.payment_files p where p.fund_id = of_fund.fund_id and p.dealing_date = fn_export_payments.dealing_date and p.status = 'exported'
       and exists (select from public.payment_lines l where l.payment_file_id = p.payment_file_id and l.purpose = fn_export_payments.purpose)
     order by p.created_at desc limit 1;
    perform evergreen.refuse_unless(earlier is not null, 'EG428', case when missing = '[]' then 'No ' || purpose || ' of that dealing date is due.'
      else 'No investor of a ' || purpose || ' that is due has an approved account.' end);
    perform evergreen.note_account_reads(array(select l.account_id from public.payment_lines l where l.payment_file_id = earlier), 'payment');
    return evergreen.payments_answer(earlier, true, missing);
  end if;
  perform evergreen.refuse_unless(cardinality(pays) <= 50000, 'EG413', 'A payment file has at most 50,000 payments.');
  insert into public.payment_files (payment_file_id, fund_id, dealing_date, execution_date, account_id, currency, message_id, transactions, control_sum, exported_by)
  select id, of_fund.fund_id, fn_export_payments.dealing_date, coalesce(fn_export_payments.execution_date, evergreen.settlement_day(of_fund.fund_id, fn_export_payments.dealing_date)),
    debtor.account_id, of_fund.base_currency, 'EVG' || replace(id::text, '-', ''), count(*), sum(p.amount), evergreen.actor() from unnest(pays) p;
  -- the identifier comes back on the statement, and matches the debit to its order
  insert into public.payment_lines (payment_file_id, flow_id, account_id, end_to_end, amount, purpose)
  select id, p.flow_id, p.account_id, case purpose when 'compensation' then 'CMP' else '' end || replace(p.flow_id::text, '-', ''), p.amount, fn_export_payments.purpose from unnest(pays) p;
  perform evergreen.emit('PAYMENTS_EXPORTED', of_fund.fund_id, jsonb_build_object('payment_file_id', id, 'payments', cardinality(pays)), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'payment_files', id::text, 'payment file with ' || cardinality(pays) || ' payments', request_id);
  perform evergreen.note_account_reads(array(select p.account_id from unnest(pays) p), 'payment');
  answer := evergreen.payments_answer(id, false, missing);
  -- kept without the payments: names and accounts stay in their table
  perform evergreen.keep_answer('fn_export_payments', request_id, input, jsonb_build_object('payment_file_id', id, 'missing', missing));
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_export_payments(text, date, date, text, text) is
  'Puts the redemptions of a dealing date that are due, or (purpose compensation) what a restatement owes its investors, each once, into a payment file; with nothing new it answers the last one again. Amounts in fund currency. Returns the whole file; missing = who has no approved account. EG400, EG404, EG413, EG428.';

create or replace function public.fn_withdraw_payments(payment_file_id uuid, reason text, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.payment_files;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('payment_file_id', payment_file_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_withdraw_payments', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.payment_files x where x.payment_file_id = fn_withdraw_payments.payment_file_id) for no key update;
  select * into p from public.payment_files x where x.payment_file_id = fn_withdraw_payments.payment_file_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No payment file with that id.');
  perform evergreen.refuse_unless(p.status = 'exported', 'EG428', 'The payment file was withdrawn already.');
  perform evergreen.refuse_unless(not exists (select from public.payment_lines l join public.fund_flows f on f.flow_id = l.flow_id where l.payment_file_id = p.payment_file_id
    and case l.purpose when 'compensation' then not l.live else f.status = 'settled' end), 'EG428', 'Payments of the file have been made.');
  update public.payment_lines l set live = false where l.payment_file_id = p.payment_file_id;
  update public.payment_files x set status = 'withdrawn', withdrawn_at = now(), withdrawn_by = evergreen.actor(), reason = fn_withdraw_payments.reason where x.payment_file_id = p.payment_file_id;
  perform evergreen.emit('PAYMENTS_WITHDRAWN', p.fund_id, jsonb_build_object('payment_file_id', p.payment_file_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(p.fund_id, 'payment_files', p.payment_file_id::text, 'payment file withdrawn', request_id);
  perform evergreen.keep_answer('fn_withdraw_payments', request_id, input, '{"status": "withdrawn"}');
  return 'withdrawn';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_withdraw_payments(uuid, text, text) is 'Takes a payment file back that was not sent, so that its redemptions can be exported again. EG400, EG404, EG428.';
