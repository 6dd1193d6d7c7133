-- Pools on a chain in which units of a class are exchanged for cash: their reserves and curve as data with versions, and what was executed in them.

create or replace function public.fn_set_pool(share_class_id uuid, pool text, chain text, curve text, reserve_units numeric, reserve_cash numeric, unit_decimals int, cash_decimals int, fee_ppm int,
  effective_from date, amplification int default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  made public.liquidity_pools;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'pool', pool, 'chain', chain, 'curve', curve, 'reserve_units', reserve_units, 'reserve_cash', reserve_cash,
    'unit_decimals', unit_decimals, 'cash_decimals', cash_decimals, 'fee_ppm', fee_ppm, 'effective_from', effective_from, 'amplification', amplification);
  answer := evergreen.earlier_answer('fn_set_pool', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select c.fund_id into of_fund from public.share_classes c where c.share_class_id = fn_set_pool.share_class_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No share class with that id.');
  perform from public.funds f where f.fund_id = of_fund for no key update;
  perform evergreen.refuse_unless(pool ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' and chain ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$', 'EG400',
    'pool and chain are codes of 1 to 40 letters, digits, dots, hyphens and underscores.');
  perform evergreen.refuse_unless((curve = 'constant_product' and amplification is null) or (curve = 'stable_swap' and amplification between 1 and 1000000), 'EG400',
    'curve is constant_product, or stable_swap with an amplification of 1 to 1000000.');
  perform evergreen.refuse_unless(reserve_units between 1 and 5192296858534827628530496329220095 and reserve_cash between 1 and 5192296858534827628530496329220095
    and reserve_units = trunc(reserve_units) and reserve_cash = trunc(reserve_cash), 'EG400', 'Reserves are whole smallest units, 1 to 2^112 − 1.');
  perform evergreen.refuse_unless(unit_decimals between 0 and 18 and cash_decimals between 0 and 18 and fee_ppm between 0 and 999999, 'EG400',
    'Decimals are 0 to 18, and the fee is 0 to 999999 parts per million.');
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  -- a later version may change reserves and terms, never which units the pool is of
  perform evergreen.refuse_unless(not exists (select from public.liquidity_pools p where p.fund_id = of_fund and p.pool = fn_set_pool.pool and p.share_class_id <> fn_set_pool.share_class_id),
    'EG428', 'That code is of a pool of another class; choose another code.');
  insert into public.liquidity_pools (fund_id, share_class_id, pool, version, chain, curve, reserve_units, reserve_cash, unit_decimals, cash_decimals, fee_ppm, amplification, effective_from, set_by)
  values (of_fund, fn_set_pool.share_class_id, fn_set_pool.pool,
    (select coalesce(max(p.version), 0) + 1 from public.liquidity_pools p where p.fund_id = of_fund and p.pool = fn_set_pool.pool),
    fn_set_pool.chain, fn_set_pool.curve, fn_set_pool.reserve_units, fn_set_pool.reserve_cash, fn_set_pool.unit_decimals, fn_set_pool.cash_decimals, fn_set_pool.fee_ppm,
    fn_set_pool.amplification, fn_set_pool.effective_from, evergreen.actor()) returning * into made;
  perform evergreen.emit('POOL_SET', of_fund, jsonb_build_object('pool_id', made.pool_id, 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'liquidity_pools', made.pool_id::text, 'pool version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('pool_id', made.pool_id, 'version', made.version);
  perform evergreen.keep_answer('fn_set_pool', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_pool(uuid, text, text, text, numeric, numeric, int, int, int, date, int, text) is
  'Sets a pool of units of a class against cash from a date on: curve, reserves in whole smallest units, fee in parts per million; a change is a new version. Returns {pool_id, version}. EG400, EG404, EG428.';

create or replace function public.fn_record_pool_trade(pool_id uuid, direction text, amount_in numeric, amount_out numeric, tx_hash text, executed_at timestamptz, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_pool public.liquidity_pools;
  made public.pool_trades;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('pool_id', pool_id, 'direction', direction, 'amount_in', amount_in, 'amount_out', amount_out, 'tx_hash', tx_hash, 'executed_at', executed_at);
  answer := evergreen.earlier_answer('fn_record_pool_trade', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into of_pool from public.liquidity_pools p where p.pool_id = fn_record_pool_trade.pool_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a pool with that id.');
  perform evergreen.refuse_unless(direction in ('sell', 'buy'), 'EG400', 'direction is sell (units for cash) or buy (cash for units).');
  perform evergreen.refuse_unless(amount_in between 1 and 5192296858534827628530496329220095 and amount_out between 0 and 5192296858534827628530496329220095
    and amount_in = trunc(amount_in) and amount_out = trunc(amount_out), 'EG400', 'Amounts are whole smallest units; what goes in is at least one.');
  perform evergreen.refuse_unless(tx_hash ~ '^0x[0-9a-f]{64}$', 'EG400', 'tx_hash is the hash of the transaction, 0x and 64 lower-case hexadecimal digits.');
  perform evergreen.refuse_unless(isfinite(executed_at) and executed_at <= clock_timestamp(), 'EG400', 'executed_at is a moment that has passed.');
  perform from public.funds f where f.fund_id = of_pool.fund_id for no key update;
  perform evergreen.refuse_unless(not exists (select from public.pool_trades t where t.pool_id = fn_record_pool_trade.pool_id and t.tx_hash = fn_record_pool_trade.tx_hash), 'EG428', 'That transaction is recorded already.');
  insert into public.pool_trades (pool_id, direction, amount_in, amount_out, tx_hash, executed_at, recorded_by)
  values (fn_record_pool_trade.pool_id, fn_record_pool_trade.direction, fn_record_pool_trade.amount_in, fn_record_pool_trade.amount_out, fn_record_pool_trade.tx_hash,
    fn_record_pool_trade.executed_at, evergreen.actor()) returning * into made;
  perform evergreen.emit('POOL_TRADE_RECORDED', of_pool.fund_id, jsonb_build_object('pool_id', made.pool_id, 'trade_id', made.trade_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_pool.fund_id, 'pool_trades', made.trade_id::text, 'trade in a pool recorded', request_id);
  answer := jsonb_build_object('trade_id', made.trade_id);
  perform evergreen.keep_answer('fn_record_pool_trade', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_pool_trade(uuid, text, numeric, numeric, text, timestamptz, text) is
  'Records a trade executed in a version of a pool, once per transaction: whole smallest units in and out. Returns {trade_id}. EG400, EG404, EG428.';
