-- What the register, the orders and the money of an investor say of a subject, as the subject is answered: never what would tip off (domain rule R57).

create or replace function evergreen.readable(entry jsonb) returns jsonb language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_object_agg(c.key, case jsonb_typeof(c.value) when 'number' then to_jsonb(c.value #>> '{}') else c.value end), '{}')
    from jsonb_each(entry - '{tx,updated_at}'::text[]) c
$$;
comment on function evergreen.readable(jsonb) is 'A row for a person: numbers as texts, so that no reader rounds them, without what only the database needs.';

create or replace function evergreen.subject_records(subject_id uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with mine as (select i.investor_id from public.investors i where i.party_id = subject_records.subject_id),
  orders as (select f.flow_id from public.fund_flows f where f.investor_id in (select investor_id from mine))
  select jsonb_build_object(
    'investor_access', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - 'user_id')), '[]') from public.investor_access x where x.investor_id in (select investor_id from mine)),
    'investors_pending_kyc', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{kyc_status,evidence,asked,missing}'::text[])), '[]') from public.investors_pending_kyc x
        where x.party_id = subject_records.subject_id),
    'party_links', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - 'created_by')), '[]') from public.party_links x where subject_records.subject_id in (x.owner_id, x.owned_id)),
    'beneficial_owners', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{source,set_by}'::text[])), '[]') from public.beneficial_owners x
        where x.investor_id in (select investor_id from mine) or x.owner_id in (select investor_id from mine)),
    'bank_accounts', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{account_index,content_mark,proposed_by,decided_by}'::text[])), '[]') from public.bank_accounts x
        where x.investor_id in (select investor_id from mine)),
    'fund_flows', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.fund_flows x where x.investor_id in (select investor_id from mine)),
    'order_transitions', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{reason,document,actor}'::text[])), '[]') from public.order_transitions x where x.flow_id in (select flow_id from orders)),
    'order_leaves', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.order_leaves x where x.flow_id in (select flow_id from orders)),
    'allocations', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.allocations x where x.investor_id in (select investor_id from mine)),
    'lots', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.lots x where x.investor_id in (select investor_id from mine)),
    'holdings', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.holdings x where x.investor_id in (select investor_id from mine)),
    'unit_ledger', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.unit_ledger x where x.investor_id in (select investor_id from mine)),
    -- neither state nor clearance: a freeze tells what a holder may not be told
    'wallets', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) - '{status,claim_until,consent}'::text[])), '[]') from public.wallets x where x.investor_id in (select investor_id from mine)),
    'token_moves', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x) || jsonb_build_object('chain', a.chain, 'block', a.block, 'tx_hash', a.tx_hash))), '[]')
        from public.token_moves x join public.tokenization_actions a using (action_id) join public.wallets w on w.wallet_id = x.wallet_id
       where w.investor_id in (select investor_id from mine) and a.status in ('included', 'final')),
    'cash_movements', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.cash_movements x where x.investor_id in (select investor_id from mine)),
    'cash_balances', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.cash_balances x where x.investor_id in (select investor_id from mine)),
    'in_kind_deliveries', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.in_kind_deliveries x where x.investor_id in (select investor_id from mine)),
    'compensations', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.compensations x where x.investor_id in (select investor_id from mine)),
    'statements', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.statements x where x.investor_id in (select investor_id from mine)),
    'payment_lines', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.payment_lines x where x.flow_id in (select flow_id from orders)),
    'import_rows', (select coalesce(jsonb_agg(evergreen.readable(to_jsonb(x))), '[]') from public.import_rows x where x.flow_id in (select flow_id from orders)),
    'event_investors', (select coalesce(jsonb_agg(jsonb_build_object('event_id', e.event_id, 'type', e.type, 'effective_at', e.effective_at, 'recorded_at', e.recorded_at)), '[]')
        from public.fund_events e where e.event_id in (select x.event_id from public.event_investors x where x.investor_id in (select investor_id from mine))))
$$;
comment on function evergreen.subject_records(uuid) is
  'Rows of the register, the orders and the money of a subject by table, numbers as texts; neither risk, cases, freezes nor reasons of staff, so that no answer tips off. An account is still encrypted.';
