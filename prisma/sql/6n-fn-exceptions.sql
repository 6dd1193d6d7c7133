-- Exceptional tools put to use: side pockets (R13), redemptions paid in kind (R14), and the authority told of them (R9c).

create or replace function public.fn_note_authority(activation_id uuid, notified_at timestamptz default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
  told timestamptz;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('activation_id', activation_id, 'notified_at', notified_at);
  answer := evergreen.earlier_answer('fn_note_authority', request_id, input);
  if answer is not null then
    return answer;
  end if;
  told := coalesce(notified_at, now());
  perform evergreen.refuse_unless(isfinite(told) and told <= now(), 'EG400', 'notified_at is a time up to now.');
  select * into a from public.lmt_activations x where x.activation_id = fn_note_authority.activation_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No activation with that id.');
  perform evergreen.refuse_unless(a.nca_notified_at is null, 'EG428', 'The authority was told already.');
  perform evergreen.refuse_unless(told >= a.created_at, 'EG400', 'notified_at is not before the activation was proposed.');
  update public.lmt_activations x set nca_notified_at = told where x.activation_id = a.activation_id;
  perform evergreen.emit('AUTHORITY_NOTIFIED', a.fund_id, jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(a.fund_id, 'lmt_activations', a.activation_id::text, 'authority notified of ' || a.tool, request_id);
  answer := jsonb_build_object('activation_id', a.activation_id, 'tool', a.tool, 'status', a.status);
  perform evergreen.keep_answer('fn_note_authority', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_authority(uuid, timestamptz, text) is 'Notes when the authority was told of a liquidity tool: before a side pocket is opened, without delay otherwise. EG400, EG404, EG428.';

create or replace function public.fn_open_side_pocket(activation_id uuid, share_class text, code text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  a public.lmt_activations;
  main public.share_classes;
  s public.nav_strikes;
  n public.class_navs;
  minor int;
  moved text[];
  fair numeric;
  worth numeric;
  mark numeric;
  mark_part numeric;
  pocket uuid;
  units evergreen.unit_entry[];
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('activation_id', activation_id, 'share_class', share_class, 'code', code);
  answer := evergreen.earlier_answer('fn_open_side_pocket', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.lmt_activations x where x.activation_id = fn_open_side_pocket.activation_id) for no key update;
  select * into a from public.lmt_activations x where x.activation_id = fn_open_side_pocket.activation_id for no key update;
  perform evergreen.refuse_unless(found and a.tool = 'side_pocket', 'EG404', 'No activation of a side pocket with that id.');
  perform evergreen.refuse_unless(a.status = 'active', 'EG428', 'The activation is ' || a.status || '.');
  perform evergreen.refuse_unless(a.nca_notified_at is not null, 'EG428', 'The authority is told before a side pocket is opened.');
  perform evergreen.refuse_unless(fn_open_side_pocket.code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$', 'EG400', 'code is of capitals and digits.');
  perform evergreen.refuse_unless(not exists (select from public.share_classes c where c.fund_id = a.fund_id and c.code = fn_open_side_pocket.code), 'EG428', 'The fund has a class with that code.');
  select * into main from public.share_classes c where c.fund_id = a.fund_id and c.pocket_of is null and (c.code = share_class or c.share_class_id::text = share_class);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
  perform evergreen.refuse_unless(main.units_outstanding > 0, 'EG428', 'The class has no units to mirror.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = main.share_class_id and m.cause = 'side_pocket' and m.body ->> 'activation_id' = a.activation_id::text),
    'EG428', 'That side pocket of the class is open already.');
  select u.exponent into minor from public.currencies u where u.code = main.currency;
  perform evergreen.refuse_while_dealing(main.share_class_id);
  select * into s from public.nav_strikes x where x.fund_id = a.fund_id and x.state = 'final' order by x.nav_date desc limit 1;
  select * into n from public.class_navs x where x.strike_id = s.strike_id and x.share_class_id = main.share_class_id;
  perform evergreen.refuse_unless(found and n.units = main.units_outstanding, 'EG425', 'Units were issued or redeemed since the last NAV; a side pocket is opened on it.');
  -- what two people approved: {assets: [asset_id], holdback?, liabilities?}
  moved := array(select distinct t.id from jsonb_array_elements_text(a.trigger -> 'assets') t (id));
  select sum(i.value) into fair from public.nav_inputs i where i.strike_id = s.strike_id and i.kind = 'asset' and i.asset_id::text = any (moved);
  perform evergreen.refuse_unless(cardinality(moved) > 0 and cardinality(moved) = (select count(*) from public.nav_inputs i where i.strike_id = s.strike_id and i.kind = 'asset' and i.asset_id::text = any (moved)),
    'EG404', 'The approved facts name assets that the last NAV does not have.');
  perform evergreen.refuse_unless(not exists (select from public.class_marks m where m.share_class_id = main.share_class_id and m.cause = 'side_pocket' and m.body -> 'assets' ?| moved),
    'EG428', 'An asset is in a side pocket of the class already.');
  perform evergreen.refuse_unless(coalesce((a.trigger ->> 'holdback')::numeric, 0) >= 0 and coalesce((a.trigger ->> 'liabilities')::numeric, 0) >= 0, 'EG400', 'holdback and liabilities are amounts.');
  -- the assets are held by all main classes together: this one's part, by value
  worth := round((fair + coalesce((a.trigger ->> 'holdback')::numeric, 0) - coalesce((a.trigger ->> 'liabilities')::numeric, 0)) * n.nav
    / (select sum(x.nav) from public.class_navs x join public.share_classes c using (share_class_id) where x.strike_id = s.strike_id and c.pocket_of is null), minor);
  perform evergreen.refuse_unless(worth > 0 and worth < n.nav, 'EG424', 'The side pocket must be worth more than nothing and less than the class.');
  insert into public.share_classes (fund_id, code, name, currency, units_dp, price_dp, issue_price, nav_per_unit, pocket_of)
  values (a.fund_id, fn_open_side_pocket.code, 'Side pocket of ' || main.code, main.currency, main.units_dp, main.price_dp, round(worth / n.units, main.price_dp), round(worth / n.units, main.price_dp), main.share_class_id)
  returning share_class_id into pocket;
  -- 1:1 units; mark, reference and credit of each lot in the ratio of the two values, the pocket's part HALF_UP, the main class keeps the rest
  with halves as materialized (
    select gen_random_uuid() as lot_id, l.lot_id as main_lot, l.investor_id, l.opened_on, l.series, l.hurdle_from, l.flow_id, l.units_left as units, l.price,
           round(round(l.price, 30) * worth / n.nav, 18) as price_part, round(round(l.high_water, 30) * worth / n.nav, 18) as water_part, round(round(l.equalisation_credit, 30) * worth / n.nav, 18) as credit_part
      from public.lots l where l.share_class_id = main.share_class_id and l.units_left > 0 order by l.lot_id for no key update
  ), made as (
    insert into public.lots (lot_id, share_class_id, investor_id, opened_on, series, flow_id, units_issued, price, high_water, equalisation_credit, hurdle_from)
    select h.lot_id, pocket, h.investor_id, h.opened_on, h.series, h.flow_id, h.units, h.price_part, h.water_part, h.credit_part, h.hurdle_from from halves h
  ), kept as (
    update public.lots l set high_water = l.high_water - h.water_part, equalisation_credit = l.equalisation_credit - h.credit_part, price = l.price - h.price_part
      from halves h where l.lot_id = h.main_lot
  )
  select array_agg(row(pocket, 'holder', h.investor_id, h.lot_id, null, h.units)::evergreen.unit_entry order by h.lot_id) into units from halves h;
  mark := evergreen.class_mark(main.share_class_id);
  mark_part := round(round(mark, 30) * worth / n.nav, 18);
  event := evergreen.emit('SIDE_POCKET_OPENED', a.fund_id, jsonb_build_object('share_class_id', pocket, 'activation_id', a.activation_id), evergreen.actor(), '{}',
    array(select distinct u.investor_id from unnest(units) u), request_id);
  posted := evergreen.post_ledger(a.fund_id, 'side_pocket', 'side pocket of ' || main.code, null, event, null, units, null);
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, body, effective_at)
  select x.id, s.nav_date, 'side_pocket', x.mark, s.strike_id, posted, jsonb_build_object('activation_id', a.activation_id, 'assets', to_jsonb(moved), 'fair_value', trim_scale(fair)::text,
      'holdback', coalesce(a.trigger ->> 'holdback', '0'), 'liabilities', coalesce(a.trigger ->> 'liabilities', '0'), 'value', trim_scale(x.worth)::text), s.effective_at
    from (values (main.share_class_id, mark - mark_part, n.nav - worth), (pocket, mark_part, worth)) x (id, mark, worth);
  update public.share_classes c set nav_per_unit = round((n.nav - worth) / n.units, c.price_dp) where c.share_class_id = main.share_class_id;
  perform evergreen.audit(a.fund_id, 'share_classes', pocket::text, 'side pocket opened: ' || cardinality(units) || ' lots', request_id);
  answer := jsonb_build_object('share_class_id', pocket, 'ledger_tx_id', posted, 'value', worth::text, 'main_value', (n.nav - worth)::text);
  perform evergreen.keep_answer('fn_open_side_pocket', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_side_pocket(uuid, text, text, text) is
  'Opens an activated side pocket (R13) for one class on the last NAV: its part of the assets at their value plus holdback less liabilities leaves the class, every lot gets as many pocket units, marks and credits are split by value. EG400, EG404, EG424, EG425, EG428.';

create or replace function public.fn_settle_in_kind(proposal_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  p public.proposals;
  paid public.fund_flows;
  d public.dealing_days;
  s public.nav_strikes;
  bad int;
  delivered numeric;
  rest numeric;
  event uuid;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander', 'ops_role');
  input := jsonb_build_object('proposal_id', proposal_id);
  answer := evergreen.earlier_answer('fn_settle_in_kind', request_id, input);
  if answer is not null then
    return answer;
  end if;
  p := evergreen.take_consent(proposal_id, 'in_kind');
  select * into paid from public.fund_flows f where f.flow_id = (p.body ->> 'flow_id')::uuid for no key update;
  perform evergreen.refuse_unless(paid.status = 'claimable' and paid.direction = 'redemption' and paid.order_kind = 'plain', 'EG428', 'The order is ' || paid.status || '; a redemption that is claimable can be paid in kind.');
  select * into d from public.dealing_days x where x.dealing_day_id = paid.dealing_day_id;
  select * into s from public.nav_strikes x where x.strike_id = d.strike_id;
  perform evergreen.refuse_unless(exists (select from public.lmt_activations a where a.fund_id = paid.fund_id and a.tool = 'redemption_in_kind' and a.status = 'active'),
    'EG428', 'Redemption in kind is not active: two people activate it first.');
  perform evergreen.refuse_unless(exists (select from public.investors i where i.investor_id = paid.investor_id and i.classification in ('professional', 'qualified')),
    'EG430', 'Only professional investors are paid in kind.');
  perform evergreen.refuse_unless(jsonb_array_length(p.body -> 'deliveries') between 1 and 20000, 'EG400', 'deliveries is a list of 1 to 20,000 {asset_id, quantity, value}.');
  -- R14: of each asset no more than the order's part of the fund, rounded up to the minor unit
  select count(*) into bad from jsonb_to_recordset(p.body -> 'deliveries') r (asset_id uuid, quantity numeric, value numeric)
    left join public.nav_inputs i on i.strike_id = s.strike_id and i.kind = 'asset' and i.asset_id = r.asset_id
   where (r.quantity > 0 and r.quantity < 1e30 and r.value > 0 and evergreen.within_exponent(r.value, paid.currency)
     and (r.value - power(10::numeric, -(select u.exponent from public.currencies u where u.code = paid.currency))) * s.nav < i.value * paid.filled_units * paid.price) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG424', bad || ' deliveries are of no asset of the NAV, or of more than the order''s part of it.');
  select sum(r.value), count(*) - count(distinct r.asset_id) into delivered, bad from jsonb_to_recordset(p.body -> 'deliveries') r (asset_id uuid, value numeric);
  perform evergreen.refuse_unless(bad = 0, 'EG400', 'An asset is delivered twice.');
  rest := paid.net_amount - delivered;
  perform evergreen.refuse_unless(rest >= 0 and rest = (p.body ->> 'cash')::numeric, 'EG424', 'What is delivered and the cash are not what is due.');
  event := evergreen.emit('DELIVERED_IN_KIND', paid.fund_id, jsonb_build_object('flow_id', paid.flow_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), array[paid.investor_id], request_id);
  posted := evergreen.post_ledger(paid.fund_id, 'in_kind', 'redemption paid in kind', null, event, null, null, array[
    row('redemptions_payable', paid.investor_id, paid.flow_id, paid.currency, paid.net_amount, 'in kind')::evergreen.cash_entry,
    row('assets_delivered', null, paid.flow_id, paid.currency, -delivered, 'in kind')::evergreen.cash_entry,
    row('bank', null, paid.flow_id, paid.currency, -rest, p.body ->> 'reference')::evergreen.cash_entry]);
  insert into public.in_kind_deliveries (flow_id, fund_id, investor_id, asset_id, quantity, value, ledger_tx_id)
  select paid.flow_id, paid.fund_id, paid.investor_id, r.asset_id, r.quantity, r.value, posted
    from jsonb_to_recordset(p.body -> 'deliveries') r (asset_id uuid, quantity numeric, value numeric);
  perform evergreen.move_order(paid.flow_id, 'settled', event, 'paid in kind');
  update public.fund_flows f set cleared_at = now(), settled_at = now() where f.flow_id = paid.flow_id;
  perform evergreen.settle_days(paid.fund_id);
  perform evergreen.audit(paid.fund_id, 'fund_flows', paid.flow_id::text, 'paid in kind: ' || jsonb_array_length(p.body -> 'deliveries') || ' assets', request_id);
  answer := jsonb_build_object('ledger_tx_id', posted, 'flow_id', paid.flow_id, 'delivered', delivered::text, 'cash', rest::text);
  perform evergreen.keep_answer('fn_settle_in_kind', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_settle_in_kind(uuid, text) is
  'Pays an approved claimable redemption in kind (R14): {flow_id, deliveries: [{asset_id, quantity, value}], cash}; values at the strike it dealt at, professional investors only, cash for the rest. EG400, EG404, EG420, EG421, EG424, EG428, EG430.';
