-- After an import: lines of a statement that are matched later, and a batch that is undone.

create or replace function evergreen.lock_import(of_import uuid) returns public.import_batches language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b public.import_batches;
begin
  -- fund, then batch: the order in which everyone locks
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.import_batches x where x.import_id = of_import) for no key update;
  select * into b from public.import_batches x where x.import_id = of_import for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No import with that id.');
  return b;
end $$;
comment on function evergreen.lock_import(uuid) is 'The batch under its fund''s lock. EG404.';

create or replace function public.fn_match_bank_lines(import_id uuid, line_position int default null, flow_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.import_batches;
  of_fund public.funds;
  r public.import_rows;
  hit jsonb;
  made jsonb;
  good int := 0;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('import_id', import_id, 'line_position', line_position, 'flow_id', flow_id);
  answer := evergreen.earlier_answer('fn_match_bank_lines', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.refuse_unless((line_position is null) = (flow_id is null), 'EG400', 'Name a line and its order, or neither to try all lines again.');
  b := evergreen.lock_import(import_id);
  perform evergreen.refuse_unless(b.kind = 'bank' and b.status = 'imported', 'EG428', 'Only lines of a bank statement that stands are matched.');
  select * into of_fund from public.funds f where f.fund_id = b.fund_id;
  for r in select * from public.import_rows x where x.import_id = b.import_id and x.outcome = 'unmatched' and (line_position is null or x.position = line_position)
            order by x.position for no key update loop
    hit := case when flow_id is null then evergreen.bank_match(of_fund, r.said) else jsonb_build_object('flow_id', flow_id, 'by', 'hand') end;
    if hit ->> 'flow_id' is null then
      made := jsonb_build_object('outcome', 'unmatched', 'reason', hit ->> 'reason');
    else
      perform evergreen.refuse_unless(flow_id is null or exists (select from public.fund_flows f where f.flow_id = fn_match_bank_lines.flow_id and f.fund_id = b.fund_id
        and f.direction = case r.said ->> 'side' when 'credit' then 'subscription' else 'redemption' end), 'EG404', 'No order of that fund and direction with that id.');
      perform evergreen.refuse_unless(flow_id is null or (coalesce(r.said ->> 'currency', of_fund.base_currency) = of_fund.base_currency
        and (r.said ->> 'reversal')::boolean is not true), 'EG428', 'The line is in another currency, or takes another movement back.');
      made := evergreen.settle_line(of_fund, r.said, (hit ->> 'flow_id')::uuid, hit ->> 'by');
    end if;
    if made ->> 'outcome' = 'matched' then
      good := good + 1;
    elsif flow_id is not null then
      perform evergreen.fail(coalesce(made ->> 'code', 'EG428'), made ->> 'reason');
    end if;
    update public.import_rows x set outcome = made ->> 'outcome', code = made ->> 'code', reason = made ->> 'reason', matched_by = made ->> 'matched_by',
           flow_id = (made ->> 'flow_id')::uuid, ledger_tx_id = (made ->> 'ledger_tx_id')::uuid where x.import_id = r.import_id and x.position = r.position;
  end loop;
  perform evergreen.refuse_unless(line_position is null or good = 1, 'EG428', 'No unmatched line of the statement has that position.');
  update public.import_batches x set accepted = x.accepted + good, unmatched = x.unmatched - good where x.import_id = b.import_id;
  if good > 0 then
    perform evergreen.emit('BANK_LINES_MATCHED', b.fund_id, jsonb_build_object('import_id', b.import_id, 'matched', good), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(b.fund_id, 'import_batches', b.import_id::text, good || ' lines matched later', request_id);
  end if;
  answer := jsonb_build_object('import_id', b.import_id, 'matched', good, 'unmatched', b.unmatched - good);
  perform evergreen.keep_answer('fn_match_bank_lines', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_match_bank_lines(uuid, int, uuid, text) is
  'Matches unmatched lines of a statement again, or one line to an order that a person names; the amount must be what is due. EG400, EG404, EG428.';

create or replace function evergreen.undo_row(r public.import_rows, why text) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  f public.fund_flows;
begin
  if r.outcome = 'unmatched' then
    return '{"outcome": "undone"}';
  end if;
  perform 1 from public.fund_flows x where x.flow_id = r.flow_id or x.linked_flow_id = r.flow_id order by x.flow_id for no key update;
  select * into f from public.fund_flows x where x.flow_id = r.flow_id;
  if r.kind = 'orders' then
    if f.status not in ('cancelled', 'rejected', 'lapsed') then
      perform evergreen.refuse_unless(f.status in ('draft', 'submitted', 'kyc_hold', 'accepted'), 'EG428', 'The order is ' || f.status || ': the dealing day has it.');
      perform public.fn_cancel_order(r.flow_id, why, null);
    end if;
  else
    perform evergreen.refuse_unless(f.status in ('submitted', 'kyc_hold', 'accepted'), 'EG428', 'The order is ' || f.status || ': its money has been dealt with.');
    perform public.fn_reverse_ledger(r.ledger_tx_id, why, null);
    update public.fund_flows x set cleared_at = null where x.flow_id = r.flow_id;
  end if;
  return '{"outcome": "undone"}';
exception when others then
  if evergreen.row_refusal(sqlstate) is null then
    raise;
  end if;
  return jsonb_build_object('outcome', 'kept', 'code', sqlstate, 'reason', sqlerrm);
end $$;
comment on function evergreen.undo_row(public.import_rows, text) is 'Takes back what one row did: the order is cancelled, or the cash reversed and awaited again; or says why it cannot be.';

create or replace function public.fn_undo_import(import_id uuid, reason text, partial boolean default false, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  b public.import_batches;
  r public.import_rows;
  made jsonb;
  kept jsonb[] := '{}';
  n int := 0;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('import_id', import_id, 'reason', reason, 'partial', partial);
  answer := evergreen.earlier_answer('fn_undo_import', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform set_config('evergreen.request_id', coalesce(request_id, ''), true);  -- of what it does row by row
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  b := evergreen.lock_import(import_id);
  perform evergreen.refuse_unless(b.status <> 'undone', 'EG428', 'The import was undone already.');
  for r in select * from public.import_rows x where x.import_id = b.import_id and x.outcome in ('accepted', 'matched', 'unmatched') order by x.position for no key update loop
    made := evergreen.undo_row(r, reason);
    if made ->> 'outcome' = 'undone' then
      n := n + 1;
      update public.import_rows x set outcome = 'undone' where x.import_id = r.import_id and x.position = r.position;
    else
      kept := kept || (made || jsonb_build_object('position', r.position, 'line', r.line));
    end if;
  end loop;
  -- what was dealt stays, and says so; by default then everything stays
  if cardinality(kept) > 0 and (n = 0 or not partial) then
    perform evergreen.fail(kept[1] ->> 'code', cardinality(kept) || ' of ' || cardinality(kept) + n || ' rows cannot be undone; line ' || (kept[1] ->> 'line') || ': ' || (kept[1] ->> 'reason'));
  end if;
  update public.import_batches x set status = case when cardinality(kept) > 0 then 'partly_undone' else 'undone' end, undone_at = now(), undone_by = evergreen.actor(),
         undo_reason = fn_undo_import.reason where x.import_id = b.import_id;
  perform evergreen.emit('IMPORT_UNDONE', b.fund_id, jsonb_build_object('import_id', b.import_id, 'undone', n), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(b.fund_id, 'import_batches', b.import_id::text, 'import undone: ' || n || ' rows, kept ' || cardinality(kept), request_id);
  answer := jsonb_build_object('import_id', b.import_id, 'status', case when cardinality(kept) > 0 then 'partly_undone' else 'undone' end, 'undone', n, 'kept', to_jsonb(kept[1:500]));
  perform evergreen.keep_answer('fn_undo_import', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_undo_import(uuid, text, boolean, text) is
  'Takes an import back: orders that are not locked are cancelled, confirmed cash is reversed (by another person than who confirmed it) and awaited again. What was dealt is refused, and all with it unless partial. EG400, EG404, EG420, EG428.';
