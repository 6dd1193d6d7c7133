-- What Prisma's schema cannot say: checks, partial indexes, delivery settings. NaN passes as numeric, hence the checks on every amount.
create or replace function evergreen.add_check(table_name text, check_name text, expression text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from pg_catalog.pg_constraint c
                  where c.conname = check_name and c.conrelid = ('public.' || quote_ident(table_name))::regclass) then
    execute format('alter table public.%I add constraint %I check (%s)', table_name, check_name, expression);
  end if;
end $$;
comment on function evergreen.add_check(text, text, text) is 'Adds a named check once; called by migrations only.';

do $$
declare
  col record;
  bucket text := $b$bucket in ('1d', '7d', '30d', '90d', '180d', '365d', 'gt365d')$b$;
begin
  -- every numeric column of every table: a number, not NaN, not infinite
  for col in select c.table_name, c.column_name from information_schema.columns c
              join information_schema.tables t using (table_schema, table_name)
              where c.table_schema = 'public' and c.data_type = 'numeric' and t.table_type = 'BASE TABLE' loop
    perform evergreen.add_check(col.table_name, col.table_name || '_' || col.column_name || '_finite',
      format('%I not in (''NaN'', ''Infinity'', ''-Infinity'')', col.column_name));
  end loop;
  perform evergreen.add_check('currencies', 'currencies_exponent', 'exponent between 0 and 4');
  perform evergreen.add_check('funds', 'funds_code', $c$code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$'$c$);
  perform evergreen.add_check('funds', 'funds_status', $c$status in ('active', 'suspended', 'closed')$c$);
  perform evergreen.add_check('assets', 'assets_bucket', bucket);
  perform evergreen.add_check('assets', 'assets_status', $c$status in ('active', 'retired')$c$);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_bucket', bucket);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_side', $c$side in ('asset', 'liability')$c$);
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_capacity', 'capacity >= 0 and utilization >= 0');
  perform evergreen.add_check('liquidity_ladder', 'liquidity_ladder_within', $c$side = 'liability' or utilization <= capacity$c$);
  perform evergreen.add_check('liquidity_reservations', 'liquidity_reservations_amount', 'amount >= 0');
  perform evergreen.add_check('reported_flows', 'reported_flows_kind', $c$kind in ('sale', 'redemption', 'reinvestment')$c$);
  perform evergreen.add_check('fund_sensitivities', 'fund_sensitivities_measure', $c$measure in ('dv01', 'dv100', 'spread_ig', 'spread_non_ig')$c$);
  perform evergreen.add_check('investors', 'investors_classification',
    $c$classification in ('retail', 'semi_professional', 'professional', 'qualified')$c$);
  perform evergreen.add_check('investors', 'investors_kyc', $c$kyc_status in ('approved', 'expired', 'blocked')$c$);
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_status',
    $c$kyc_status in ('submitted', 'missing_evidence', 'assigned', 'declined')$c$);
  perform evergreen.add_check('investors_pending_kyc', 'investors_pending_kyc_classification',
    $c$classification in ('retail', 'semi_professional', 'professional', 'qualified')$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_direction', $c$direction in ('subscription', 'redemption')$c$);
  perform evergreen.add_check('fund_flows', 'fund_flows_amount', 'amount > 0');
  perform evergreen.add_check('fund_flows', 'fund_flows_status',
    $c$status in ('draft', 'submitted', 'kyc_hold', 'accepted', 'locked', 'priced', 'allocated', 'claimable', 'settled',
                  'rejected', 'cancelled', 'lapsed', 'carried')$c$);
  perform evergreen.add_check('event_types', 'event_types_mode', $c$mode in ('run', 'batch', 'note', 'tell')$c$);
  perform evergreen.add_check('workflow_runs', 'workflow_runs_status', $c$status in ('running', 'completed', 'refused', 'failed')$c$);
  perform evergreen.add_check('proposals', 'proposals_status',
    $c$status in ('checking', 'pending', 'approved', 'rejected', 'expired', 'refused', 'applied', 'withdrawn')$c$);
  perform evergreen.add_check('proposals', 'proposals_hash', $c$hash ~ '^[0-9a-f]{64}$'$c$);
  perform evergreen.add_check('proposal_checks', 'proposal_checks_result', $c$result in ('passed', 'failed')$c$);
  perform evergreen.add_check('approvals', 'approvals_decision', $c$decision in ('approved', 'rejected')$c$);
  perform evergreen.add_check('compliance_logs', 'compliance_logs_result', $c$result in ('passed', 'failed', 'review')$c$);
  perform evergreen.add_check('risk_alerts', 'risk_alerts_severity', $c$severity in ('notice', 'warning', 'critical')$c$);
  perform evergreen.add_check('tokenization_actions', 'tokenization_actions_status',
    $c$status in ('awaiting_approval', 'approved', 'refused', 'submitted', 'confirmed', 'failed')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_trust', $c$trust in ('system', 'person', 'untrusted')$c$);
  perform evergreen.add_check('agent_memories', 'agent_memories_text', 'length(text) between 1 and 4096');
  perform evergreen.add_check('memory_nodes', 'memory_nodes_kind', $c$kind in ('Asset', 'Scenario', 'Workflow', 'Investor', 'Policy')$c$);
  perform evergreen.add_check('memory_edges', 'memory_edges_kind', $c$kind in ('caused', 'resolved_with', 'violated', 'prefers')$c$);
  perform evergreen.add_check('audit_cursor', 'audit_cursor_only', '"only"');
end $$;

-- one current version of each allocation and one current mandate per fund
create unique index if not exists portfolio_allocations_current on public.portfolio_allocations (fund_id, asset_id) where superseded_at is null;
create unique index if not exists mandates_current on public.mandates (fund_id) where superseded_at is null;
-- the queues: what may be claimed, in commit order; apart, so that a backlog of one does not stand in the way of the other
create index if not exists event_outbox_claim_one on public.event_outbox (tx, seq) where dead_at is null and mode in ('run', 'tell');
create index if not exists event_outbox_claim_batch on public.event_outbox (tx, seq) where dead_at is null and mode = 'batch';
create index if not exists event_batches_open on public.event_batches (next_at) where done_at is null and dead_at is null;
create index if not exists event_outbox_dead on public.event_outbox (dead_at) where dead_at is not null;
create index if not exists proposals_pending on public.proposals (fund_id) where status = 'pending';
create index if not exists assets_lp_visible on public.assets (id) where lp_visible;

-- an amount has no more decimals than its currency
create or replace function evergreen.within_exponent(amount numeric, currency text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select amount = round(amount, (select c.exponent from public.currencies c where c.code = within_exponent.currency))
$$;
comment on function evergreen.within_exponent(numeric, text) is 'Whether the amount is a whole number of the currency''s minor units.';
-- rows that name their currency are held to it by the table itself; amounts in the fund's currency by the functions that write them
select evergreen.add_check('fund_flows', 'fund_flows_exponent', 'evergreen.within_exponent(amount, currency)');
select evergreen.add_check('reported_flows', 'reported_flows_exponent', 'evergreen.within_exponent(amount, currency)');

insert into public.audit_cursor ("only", tx, seq) values (true, '0', 0) on conflict do nothing;
