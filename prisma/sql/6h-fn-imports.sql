-- Files in: orders and bank statements, row by row through the functions that place orders and confirm cash; a batch is undone as it was done.

create or replace function evergreen.check_import(file jsonb, lines jsonb, formats text[]) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.refuse_unless(jsonb_typeof(file) = 'object' and file ->> 'sha256' ~ '^[0-9a-f]{64}$' and length(file ->> 'name') between 1 and 200
    and file ->> 'name' !~ '[/\\[:cntrl:]]' and file ->> 'format' = any (formats), 'EG400', 'file is {sha256, name, format}; the name is no path.');
  perform evergreen.refuse_unless(jsonb_typeof(lines) = 'array', 'EG400', 'The rows of a file are a list.');
  perform evergreen.refuse_unless(jsonb_array_length(lines) between 1 and 50000, 'EG413', 'A file has 1 to 50,000 rows.');
  perform evergreen.refuse_unless(octet_length(lines::text) <= 64 * 1024 * 1024 and not exists (select from jsonb_array_elements(lines) r (said)
    where (jsonb_typeof(r.said) = 'object' and octet_length(r.said::text) <= 8192 and (r.said ->> 'line')::int >= 1) is not true), 'EG400', 'A row is a small object with its line.');
end $$;
comment on function evergreen.check_import(jsonb, jsonb, text[]) is 'Refuses what is no file or no list of rows. EG400, EG413.';

create or replace function evergreen.import_refusals(found jsonb[]) returns jsonb language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(u.f - 'identity') order by u.n), '[]') from unnest(found) with ordinality u (f, n)
$$;
comment on function evergreen.import_refusals(jsonb[]) is 'The first rows that were not taken in, without what they say.';

create or replace function evergreen.import_answer(of_import uuid, repeated boolean, found jsonb[]) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('import_id', b.import_id, 'status', b.status, 'repeated', repeated, 'rows', b.rows, 'accepted', b.accepted, 'refused', b.refused,
    'unmatched', b.unmatched, 'refusals', evergreen.import_refusals(found)) from public.import_batches b where b.import_id = of_import
$$;
comment on function evergreen.import_answer(uuid, boolean, jsonb[]) is 'What an import answers of a batch that stands.';

create or replace function evergreen.reference_words(said text) returns text language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
  -- a reference has letters and digits; names have no digit, days, telephone and most account numbers no letter; an IBAN is taken out, in groups of four, too
  select string_agg(w.word, ' ' order by w.n) from regexp_split_to_table(
      regexp_replace(said, '\m(?![0-9a-f]{32}\M)[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?\M', ' ', 'gi'), '[^[:alnum:]._/-]+') with ordinality w (word, n)
   where length(w.word) between 2 and 60 and (w.word ~ '[0-9]' and w.word ~ '[[:alpha:]]' or w.word ~ '^[0-9]{32}$')
$$;
comment on function evergreen.reference_words(text) is 'Of a text of who paid the words that may name an order; names, account numbers, days and telephone numbers stay out.';

create or replace function evergreen.without_people(said jsonb) returns jsonb language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_strip_nulls(said - '{counterparty_account,remittance,end_to_end}'::text[] || jsonb_build_object('remittance', evergreen.reference_words(said ->> 'remittance'),
    'end_to_end', evergreen.reference_words(said ->> 'end_to_end')))
$$;
comment on function evergreen.without_people(jsonb) is 'A line of a statement as it is kept: what its payer wrote is reduced to what matching needs, the number of the account is gone (its hash finds the account again).';

create or replace function evergreen.keep_row(of_import uuid, of_fund uuid, kind text, at bigint, said jsonb, made jsonb) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into public.import_rows (import_id, position, line, fund_id, kind, outcome, code, reason, reference, identity, matched_by, flow_id, ledger_tx_id, said)
  values (of_import, at, (said ->> 'line')::int, of_fund, kind, made ->> 'outcome', made ->> 'code', made ->> 'reason', said ->> 'reference', made ->> 'identity',
    made ->> 'matched_by', (made ->> 'flow_id')::uuid, (made ->> 'ledger_tx_id')::uuid,
    case kind when 'bank' then evergreen.without_people(said) else jsonb_strip_nulls(said) end)
$$;
comment on function evergreen.keep_row(uuid, uuid, text, bigint, jsonb, jsonb) is 'One row of an import with what became of it.';

create or replace function evergreen.row_refusal(state text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- what a rule refuses belongs to the row; what is wrong with the caller or with the database ends the import
  select case when state ~ '^EG4' and state not in ('EG401', 'EG403') then state when state like '22%' then 'EG400' end
$$;
comment on function evergreen.row_refusal(text) is 'Code of an error that concerns one row only, or null.';

create or replace function evergreen.is_taken(of_fund uuid, kind text, mark text) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  -- the words and the type of the partial index, so that it is used
  select exists (select from public.import_rows r where r.fund_id = of_fund and r.kind = is_taken.kind and r.identity = mark::char(64) and r.outcome in ('accepted', 'matched', 'unmatched'))
$$;
comment on function evergreen.is_taken(uuid, text, text) is 'Whether a row of that identity stands in an import of the fund.';

create or replace function evergreen.investor_named(name text) returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_id uuid;
begin
  select i.investor_id into found_id from public.investors i where i.code = name;
  if found_id is null and name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select i.investor_id into found_id from public.investors i where i.investor_id = name::uuid;
  end if;
  return found_id;
end $$;
comment on function evergreen.investor_named(text) is 'The investor of a code or an id, each by its index, or null.';

create or replace function evergreen.place_imported(of_fund public.funds, said jsonb, nth bigint) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  who uuid;
  other uuid;
  flow uuid;
  mark text := encode(sha256(convert_to(said ->> 'reference', 'UTF8')), 'hex');
begin
  perform evergreen.refuse_unless(said ->> 'problem' is null, 'EG400', left(said ->> 'problem', 500));
  perform evergreen.refuse_unless(nth = 1, 'EG428', case when mark is null then 'The file has the same row before; give both a reference if both are meant.' else 'The file has that reference before.' end);
  perform evergreen.refuse_unless(mark is null or not evergreen.is_taken(of_fund.fund_id, 'orders', mark), 'EG428', 'An order with that reference was imported before.');
  who := evergreen.investor_named(said ->> 'investor');
  perform evergreen.refuse_unless(who is not null, 'EG404', 'No investor with that code.');
  if said ->> 'to_investor' is not null then
    other := evergreen.investor_named(said ->> 'to_investor');
    perform evergreen.refuse_unless(other is not null, 'EG404', 'No investor with the code of to_investor.');
  end if;
  flow := public.fn_place_order(of_fund.fund_id::text, who, said ->> 'direction', (said ->> 'amount')::numeric, said ->> 'currency', 'import', null, said ->> 'share_class',
    (said ->> 'units')::numeric, (said ->> 'dealing_date')::date, coalesce(said ->> 'order_kind', 'plain'), said ->> 'to_class', other);
  return jsonb_build_object('outcome', 'accepted', 'flow_id', flow, 'identity', mark);
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_strip_nulls(jsonb_build_object('outcome', 'refused', 'code', evergreen.row_refusal(sqlstate), 'column', said ->> 'column',
    'reason', case when sqlstate like 'EG%' then sqlerrm else 'A value is malformed or out of range.' end));
end $$;
comment on function evergreen.place_imported(public.funds, jsonb, bigint) is 'Places one order of a file through fn_place_order, or says why not; its effect is then rolled back alone.';

create or replace function public.fn_import_orders(fund text, file jsonb, orders jsonb, partial boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  rows_hash text := encode(sha256(convert_to(orders::text, 'UTF8')), 'hex');
  known uuid;
  r record;
  made jsonb;
  outs jsonb[] := '{}';
  good int := 0;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'file', file, 'rows', rows_hash, 'partial', partial, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.check_import(file, orders, '{csv,xlsx,setr.010.001.04,setr.004.001.04}');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  -- the same file again, or the same rows in another file: nothing is changed, and it says so
  select b.import_id into known from public.import_batches b where b.fund_id = of_fund.fund_id and b.kind = 'orders' and b.status <> 'undone'
    and (b.file_sha256 = file ->> 'sha256' or b.rows_sha256 = rows_hash) order by b.created_at desc limit 1;
  if known is not null then
    return evergreen.import_answer(known, true, '{}');
  end if;
  n := jsonb_array_length(orders);
  begin
    insert into public.import_batches (import_id, fund_id, kind, format, file_name, file_sha256, rows_sha256, rows, imported_by)
    values (id, of_fund.fund_id, 'orders', file ->> 'format', file ->> 'name', file ->> 'sha256', rows_hash, n, evergreen.actor());
    for r in select x.said, x.position, row_number() over (partition by coalesce('r' || (x.said ->> 'reference'), (x.said - 'line')::text) order by x.position) as nth
               from jsonb_array_elements(orders) with ordinality x (said, position) order by x.position loop
      made := evergreen.place_imported(of_fund, r.said, r.nth);
      perform evergreen.keep_row(id, of_fund.fund_id, 'orders', r.position, r.said, made);
      if made ->> 'outcome' = 'accepted' then
        good := good + 1;
      elsif cardinality(outs) < 500 then  -- few: an array grows by being copied
        outs := outs || (made || jsonb_build_object('position', r.position, 'line', (r.said ->> 'line')::int));
      end if;
    end loop;
    if dry_run or (good < n and not partial) or good = 0 then
      raise exception using errcode = 'EG0DR';  -- takes everything back; the answer stays
    end if;
    update public.import_batches b set accepted = good, refused = n - good where b.import_id = id;
    perform evergreen.emit('ORDERS_IMPORTED', of_fund.fund_id, jsonb_build_object('import_id', id, 'orders', good), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'import_batches', id::text, 'orders imported: ' || good || ' of ' || n || ' rows', request_id);
    answer := evergreen.import_answer(id, false, outs);
    perform evergreen.keep_answer('fn_import_orders', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := jsonb_build_object('import_id', null, 'status', case when good = 0 or (good < n and not partial) then 'refused' else 'dry_run' end, 'repeated', false,
      'rows', n, 'accepted', good, 'refused', n - good, 'unmatched', 0, 'refusals', evergreen.import_refusals(outs));
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_orders(text, jsonb, jsonb, boolean, boolean, text) is
  'Places the orders of a file {sha256, name, format}: all or, with partial, those that can be; dry_run tries all and changes nothing. orders = [{line, reference, investor, direction, amount | units, …} or {line, column, problem}]. The same file again changes nothing. Returns {import_id, status imported | refused | dry_run, repeated, rows, accepted, refused, refusals}. EG400, EG404, EG413.';

create or replace function evergreen.bank_match(of_fund public.funds, said jsonb) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  way text := case said ->> 'side' when 'credit' then 'subscription' when 'debit' then 'redemption' end;
  owed numeric := (said ->> 'amount')::numeric;
  tokens text[];
  owner uuid;
  payer uuid;
  meant uuid[];
  kids uuid[];
  hits uuid[];
  named int;
begin
  if (said ->> 'reversal')::boolean then
    return jsonb_build_object('reason', 'It takes back or returns another movement.');
  elsif coalesce(said ->> 'currency', of_fund.base_currency) <> of_fund.base_currency then
    return jsonb_build_object('reason', 'It is in another currency than the fund.');
  end if;
  -- compensation goes by the identifier of its own payment, so that it is not taken for the order
  select array_agg(l.flow_id) into hits from public.payment_lines l join public.payment_files p using (payment_file_id)
   where way = 'redemption' and p.fund_id = of_fund.fund_id and l.purpose = 'compensation' and l.live and upper(l.end_to_end) = upper(said ->> 'end_to_end') and l.amount = owed;
  if hits is not null then
    return jsonb_build_object('flow_id', hits[1], 'by', 'compensation');
  end if;
  select b.investor_id into owner from public.bank_accounts b where b.fund_id = of_fund.fund_id and (b.account_index = said ->> 'counterparty_index' or b.account = said ->> 'counterparty_account') and b.status = 'active' and b.investor_id is not null
   order by b.account_id limit 1;
  -- words of the texts, and the texts whole: an order is named by its id or by the reference it was imported with
  select array_agg(distinct upper(t.word)) into tokens from (
    select w as word from regexp_split_to_table(concat_ws(' ', said ->> 'end_to_end', said ->> 'remittance'), '[^[:alnum:]._/-]+') w where length(w) between 2 and 60
    union select v from unnest(array[said ->> 'end_to_end', said ->> 'remittance']) v where length(v) between 2 and 60) t;
  meant := array(select r.flow_id from public.import_rows r where r.fund_id = of_fund.fund_id and r.kind = 'orders' and r.outcome = 'accepted' and upper(r.reference) = any (tokens)
    union select replace(t, '-', '')::uuid from unnest(tokens) t where replace(t, '-', '') ~ '^[0-9A-F]{32}$');
  -- what a gate carried forward goes by the name of what was asked
  kids := meant;
  while cardinality(kids) > 0 loop
    kids := array(select f.flow_id from public.fund_flows f where f.parent_flow_id = any (kids));
    meant := meant || kids;
  end loop;
  select count(*), array_agg(o.flow_id) filter (where o.due = owed), min(o.investor_id::text) filter (where o.due = owed) into named, hits, payer from (
    select f.flow_id, f.investor_id, case f.direction when 'redemption' then f.net_amount else f.amount end as due from public.fund_flows f
     where f.flow_id = any (meant) and f.fund_id = of_fund.fund_id and f.direction = way and f.order_kind = 'plain' and f.cleared_at is null
       and case way when 'redemption' then f.status = 'claimable' else f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') end) o;
  if cardinality(hits) = 1 then
    if owner <> payer then
      return jsonb_build_object('reason', 'The account is that of another investor than the order''s.');
    end if;
    return jsonb_build_object('flow_id', hits[1], 'by', 'reference');
  elsif cardinality(hits) > 1 then
    return jsonb_build_object('reason', 'The reference names several orders of that amount.');
  elsif named > 0 then
    return jsonb_build_object('reason', 'The order that is named is for another amount.');
  elsif owner is null then
    return jsonb_build_object('reason', 'No open order is named, and the account is not known.');
  end if;
  select array_agg(f.flow_id) into hits from public.fund_flows f
   where f.fund_id = of_fund.fund_id and f.investor_id = owner and f.direction = way and f.order_kind = 'plain' and f.cleared_at is null
     and case way when 'redemption' then f.status = 'claimable' and f.net_amount = owed
         else f.status in ('submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable') and f.amount = owed end;
  if cardinality(hits) = 1 then
    return jsonb_build_object('flow_id', hits[1], 'by', 'account');
  end if;
  return jsonb_build_object('reason', case when hits is null then 'The investor of the account has no open order of that amount.' else 'The investor of the account has several open orders of that amount.' end);
end $$;
comment on function evergreen.bank_match(public.funds, jsonb) is
  'Which open order a line of a statement pays: named by its id or reference, else the only one of the account''s investor; the amount is always exactly what is due. {flow_id, by} or {reason}.';

create or replace function evergreen.settle_line(of_fund public.funds, said jsonb, flow uuid, by text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  confirmed jsonb;
begin
  confirmed := jsonb_build_array(jsonb_build_object('flow_id', flow, 'amount', said ->> 'amount', 'reference', left(coalesce(said ->> 'reference', said ->> 'end_to_end'), 200)));
  confirmed := case by when 'compensation' then public.fn_settle_compensation(of_fund.fund_id::text, confirmed, null) else public.fn_confirm_cash(of_fund.fund_id::text, confirmed, null) end;
  return jsonb_build_object('outcome', 'matched', 'flow_id', flow, 'matched_by', by, 'ledger_tx_id', confirmed ->> 'ledger_tx_id');
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_build_object('outcome', 'unmatched', 'code', evergreen.row_refusal(sqlstate), 'reason', sqlerrm);
end $$;
comment on function evergreen.settle_line(public.funds, jsonb, uuid, text) is 'Confirms the cash of one line for one order through fn_confirm_cash, or fn_settle_compensation, or says why it cannot be.';

create or replace function evergreen.take_line(of_fund public.funds, said jsonb, mark text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  hit jsonb;
begin
  perform evergreen.refuse_unless(said ->> 'problem' is null, 'EG400', left(said ->> 'problem', 500));
  perform evergreen.refuse_unless(said ->> 'side' in ('credit', 'debit') and isfinite((said ->> 'booked_on')::date), 'EG400', 'A line has a side and a day of booking.');
  perform evergreen.refuse_unless((said ->> 'amount')::numeric > 0 and (said ->> 'amount')::numeric < 1e30
    and coalesce(evergreen.within_exponent((said ->> 'amount')::numeric, coalesce(said ->> 'currency', of_fund.base_currency)), (said ->> 'amount')::numeric = round((said ->> 'amount')::numeric, 4)),
    'EG400', 'The amount is positive and has no more decimals than its currency.');
  if evergreen.is_taken(of_fund.fund_id, 'bank', mark) then
    return jsonb_build_object('outcome', 'duplicate', 'code', 'EG428', 'reason', 'An earlier statement has that line.');
  end if;
  hit := evergreen.bank_match(of_fund, said);
  if hit ->> 'flow_id' is null then
    return jsonb_build_object('outcome', 'unmatched', 'reason', hit ->> 'reason', 'identity', mark);
  end if;
  return evergreen.settle_line(of_fund, evergreen.without_people(said), (hit ->> 'flow_id')::uuid, hit ->> 'by') || jsonb_build_object('identity', mark);
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_strip_nulls(jsonb_build_object('outcome', 'refused', 'code', evergreen.row_refusal(sqlstate), 'column', said ->> 'column',
    'reason', case when sqlstate like 'EG%' then sqlerrm else 'A value is malformed or out of range.' end));
end $$;
comment on function evergreen.take_line(public.funds, jsonb, text) is 'Takes one line of a statement in: matched and confirmed, unmatched, a duplicate, or refused.';

create or replace function public.fn_import_bank_statement(fund text, file jsonb, lines jsonb, partial boolean default false, dry_run boolean default false, request_id text default null)
returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  rows_hash text := encode(sha256(convert_to(lines::text, 'UTF8')), 'hex');
  known uuid;
  r record;
  made jsonb;
  outs jsonb[] := '{}';
  good int := 0;
  waiting int := 0;
  bad int := 0;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('fund', fund, 'file', file, 'rows', rows_hash, 'partial', partial, 'dry_run', dry_run);
  answer := evergreen.earlier_answer('fn_import_bank_statement', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.check_import(file, lines, array(select 'camt.053.001.' || to_char(v, 'FM00') from generate_series(2, 13) v) || '{csv,xlsx}');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(lines) l (said) where l.said ->> 'account' is not null)
    or not exists (select from public.bank_accounts b where b.fund_id = of_fund.fund_id and b.investor_id is null and b.status = 'active')
    or not exists (select from jsonb_array_elements(lines) l (said) where l.said ->> 'account' is not null and not exists (select from public.bank_accounts b
         where b.fund_id = of_fund.fund_id and b.investor_id is null and b.status in ('active', 'ended') and b.account = l.said ->> 'account')),
    'EG400', 'The statement is of another account than the fund''s.');
  select b.import_id into known from public.import_batches b where b.fund_id = of_fund.fund_id and b.kind = 'bank' and b.status <> 'undone'
    and (b.file_sha256 = file ->> 'sha256' or b.rows_sha256 = rows_hash) order by b.created_at desc limit 1;
  if known is not null then
    return evergreen.import_answer(known, true, '{}');
  end if;
  n := jsonb_array_length(lines);
  begin
    -- two equal lines of one statement are two movements; the same two in the next statement are the same two
    insert into public.import_batches (import_id, fund_id, kind, format, file_name, file_sha256, rows_sha256, rows, imported_by)
    values (id, of_fund.fund_id, 'bank', file ->> 'format', file ->> 'name', file ->> 'sha256', rows_hash, n, evergreen.actor());
    for r in select x.said, x.position, encode(sha256(convert_to(x.basis || '|' || row_number() over (partition by x.basis order by x.position), 'UTF8')), 'hex') as mark
               from (select l.said, l.position, jsonb_build_array(l.said -> 'account', l.said -> 'booked_on', l.said -> 'side', l.said -> 'amount', l.said -> 'currency',
                       l.said -> 'reference', l.said -> 'end_to_end', l.said -> 'remittance', l.said -> 'counterparty_account')::text as basis
                       from jsonb_array_elements(lines) with ordinality l (said, position)) x order by x.position loop
      made := evergreen.take_line(of_fund, r.said, r.mark);
      perform evergreen.keep_row(id, of_fund.fund_id, 'bank', r.position, r.said, made);
      good := good + (made ->> 'outcome' = 'matched')::int;
      waiting := waiting + (made ->> 'outcome' = 'unmatched')::int;
      bad := bad + (made ->> 'outcome' = 'refused')::int;
      if made ->> 'outcome' <> 'matched' and cardinality(outs) < 500 then
        outs := outs || (made || jsonb_build_object('position', r.position, 'line', (r.said ->> 'line')::int));
      end if;
    end loop;
    if dry_run or (bad > 0 and not partial) or good + waiting = 0 then
      raise exception using errcode = 'EG0DR';
    end if;
    update public.import_batches b set accepted = good, refused = n - good - waiting, unmatched = waiting where b.import_id = id;
    perform evergreen.emit('BANK_STATEMENT_IMPORTED', of_fund.fund_id, jsonb_build_object('import_id', id, 'matched', good, 'unmatched', waiting), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'import_batches', id::text, 'bank statement imported: ' || good || ' of ' || n || ' lines matched', request_id);
    answer := evergreen.import_answer(id, false, outs);
    perform evergreen.keep_answer('fn_import_bank_statement', request_id, input, answer);
  exception when sqlstate 'EG0DR' then
    answer := jsonb_build_object('import_id', null, 'status', case when (bad > 0 and not partial) or good + waiting = 0 then 'refused' else 'dry_run' end, 'repeated', false,
      'rows', n, 'accepted', good, 'refused', n - good - waiting, 'unmatched', waiting, 'refusals', evergreen.import_refusals(outs));
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_import_bank_statement(text, jsonb, jsonb, boolean, boolean, text) is
  'Takes a bank statement in: lines = [{line, side, amount, booked_on, currency, reference, end_to_end, remittance, account, counterparty_account}] are matched to open orders by reference or account and exact amount, and their cash confirmed; the others wait unmatched. Lines of earlier statements count once. Of the texts of who paid only words that may name an order are kept. As fn_import_orders otherwise. EG400, EG404, EG413.';

-- lines that were taken in before their texts were reduced
update public.import_rows r set said = evergreen.without_people(r.said) where r.kind = 'bank' and r.said is distinct from evergreen.without_people(r.said);
