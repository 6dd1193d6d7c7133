-- Restatement of a NAV (R30) after its inputs were frozen anew (fn_restate_nav): what it is computed from, and what it comes to for each deal.
-- What is owed of it, paid and told: 6s.

create or replace function evergreen.inputs_of(of_strike uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('asset_id', i.asset_id, 'kind', i.kind, 'label', i.label, 'value', i.value::text, 'as_of', i.as_of, 'source', i.source)
      order by i.kind, i.label, i.asset_id), '[]') from public.nav_inputs i where i.strike_id = of_strike
$$;
comment on function evergreen.inputs_of(uuid) is 'The inputs of a strike as they were frozen, fund currency.';

create or replace function evergreen.fee_compared(s public.nav_strikes, of_class uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when t.method in ('equalisation', 'series') then jsonb_build_object('method', t.method, 'open', t.open, 'rate', trim_scale(t.rate)::text, 'mark', trim_scale(t.mark)::text,
      'entry', trim_scale(t.entry_price)::text, 'units', trim_scale(o.units)::text, 'value', (o.nav + o.performance_accrued)::text, 'correct_value', (n.nav + n.performance_accrued)::text,
      'taken', exists (select from public.class_marks m where m.share_class_id = of_class and m.cause = 'crystallisation' and m.as_of = s.nav_date),
      'series', (select coalesce(jsonb_agg(jsonb_build_object('series', b.series, 'units', trim_scale(b.units)::text, 'published', trim_scale(b.nav_per_unit)::text, 'correct', trim_scale(a.nav_per_unit)::text,
          'correct_fee', a.performance_accrued::text) order by b.series), '[]')
        from public.series_navs b left join public.series_navs a on a.strike_id = s.strike_id and a.share_class_id = of_class and a.series = b.series where b.strike_id = o.strike_id and b.share_class_id = of_class)) end
    from evergreen.fee_terms(s.supersedes, of_class) t join public.class_navs o on o.strike_id = s.supersedes and o.share_class_id = of_class
    left join public.class_navs n on n.strike_id = s.strike_id and n.share_class_id = of_class
$$;
comment on function evergreen.fee_compared(public.nav_strikes, uuid) is
  'Of a class with a performance fee: how it dealt at the NAV that is restated, its value before fee then and corrected (null: not computed yet), and its series. Null without such a fee.';

create or replace function evergreen.restatement_facts(of_strike uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
  old public.nav_strikes;
  f public.funds;
  lmt jsonb;
  later uuid[];
begin
  select * into s from public.nav_strikes x where x.strike_id = of_strike;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.supersedes is not null, 'EG428', 'The strike restates nothing.');
  select * into old from public.nav_strikes x where x.strike_id = s.supersedes;
  select * into f from public.funds x where x.fund_id = s.fund_id;
  lmt := evergreen.lmt_terms(s.fund_id, s.nav_date);
  -- the strike after it, whose fees run on this NAV, and the first one that took over a value that was wrong
  select array_agg(distinct x.strike_id) into later from (
    (select n.strike_id from public.nav_strikes n where n.fund_id = s.fund_id and n.state = 'final' and n.nav_date > s.nav_date order by n.nav_date limit 1)
    union all
    (select n.strike_id from public.nav_strikes n where n.fund_id = s.fund_id and n.state = 'final' and n.nav_date > s.nav_date
        and exists (select from public.nav_inputs w join public.nav_inputs i on i.strike_id = n.strike_id and i.kind = w.kind and i.label = w.label and i.as_of = w.as_of and i.value = w.value
          where w.strike_id = old.strike_id and w.kind = 'asset' and not exists (select from public.nav_inputs c where c.strike_id = s.strike_id
            and c.kind = w.kind and c.label = w.label and c.as_of = w.as_of and c.value = w.value)) order by n.nav_date limit 1)) x;
  return jsonb_build_object('strike_id', s.strike_id, 'fund_id', f.fund_id, 'fund', f.code, 'currency', f.base_currency, 'nav_date', s.nav_date, 'version', s.version, 'state', s.state,
    'reason', s.reason, 'proposal_id', s.proposal_id, 'inputs', evergreen.inputs_of(s.strike_id), 'old_inputs', evergreen.inputs_of(old.strike_id),
    'old_body', old.body, 'classes', evergreen.class_figures(f.fund_id, s.nav_date, old.strike_id), 'regime', lmt ->> 'regime', 'nav_error', lmt -> 'navError',
    -- not computed yet: a class has the price that was published, and no correct one
    'prices', (select coalesce(jsonb_agg(jsonb_build_object('share_class_id', c.share_class_id, 'units_dp', c.units_dp, 'price_dp', c.price_dp,
        'published', trim_scale(o.nav_per_unit)::text, 'correct', trim_scale(n.nav_per_unit)::text, 'fee', evergreen.fee_compared(s, c.share_class_id)) order by c.share_class_id), '[]')
      from public.class_navs o join public.share_classes c on c.share_class_id = o.share_class_id left join public.class_navs n on n.strike_id = s.strike_id and n.share_class_id = o.share_class_id
     where o.strike_id = old.strike_id),
    'days', (select coalesce(jsonb_agg(jsonb_build_object('dealing_day_id', d.dealing_day_id, 'share_class_id', d.share_class_id) order by d.dealing_day_id), '[]') from evergreen.restated_days(s) d),
    'deals', (with taken as materialized (
        select p.flow_id, jsonb_agg(jsonb_build_object('units', trim_scale(p.units)::text, 'reference', trim_scale(p.reference)::text, 'credit', trim_scale(p.credit)::text) order by p.lot_id) as list from evergreen.deal_lots(s) p group by 1)
      select coalesce(jsonb_agg(jsonb_build_object('dealing_day_id', a.dealing_day_id, 'flow_id', a.flow_id, 'share_class_id', a.share_class_id, 'investor_id', a.investor_id,
        'direction', w.direction, 'units', trim_scale(a.filled_units)::text, 'amount', a.net_amount::text, 'performance_fee', a.performance_fee::text, 'credit', a.credit::text) || case when t.flow_id is null then '{}' else jsonb_build_object('lots', t.list) end
        || case when a.pieces = '[]' then '{}'::jsonb else jsonb_build_object('pieces', (select jsonb_agg(jsonb_build_object('series', e ->> 'series', 'units', e ->> 'units') order by e ->> 'lot_id') from jsonb_array_elements(a.pieces) e)) end
        order by a.flow_id), '[]')
      from evergreen.restated_days(s) d join public.allocations a using (dealing_day_id) join public.fund_flows w on w.flow_id = a.flow_id and w.order_kind <> 'transfer' left join taken t on t.flow_id = a.flow_id
     where a.filled_units > 0),
    'later', (select coalesce(jsonb_agg(jsonb_build_object('strike_id', n.strike_id, 'nav_date', n.nav_date, 'inputs', evergreen.inputs_of(n.strike_id),
        'classes', evergreen.class_figures(f.fund_id, n.nav_date, n.strike_id), 'struck', (select coalesce(jsonb_agg(jsonb_build_object('share_class_id', k.share_class_id,
          'performance_accrued', k.performance_accrued::text) order by k.share_class_id), '[]') from public.class_navs k where k.strike_id = n.strike_id)) order by n.nav_date), '[]')
        from public.nav_strikes n where n.strike_id = any (later)),
    -- classes whose mark is another since their fee was taken again
    'marks_moved', (select coalesce(jsonb_agg(distinct x.share_class_id order by x.share_class_id), '[]') from public.class_marks x join public.class_marks w on w.mark_id = x.replaces
        join public.share_classes c on c.share_class_id = x.share_class_id where c.fund_id = f.fund_id and x.as_of <= s.nav_date and x.high_water <> w.high_water));
end $$;
comment on function evergreen.restatement_facts(uuid) is 'What fn_read_restatement and fn_preview_restatement answer. EG404, EG428.';

create or replace function evergreen.lmt_terms(of_fund uuid, on_day date) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.body from public.lmt_policies p where p.fund_id = of_fund and p.effective_from <= on_day order by p.effective_from desc, p.version desc limit 1
$$;
comment on function evergreen.lmt_terms(uuid, date) is 'Liquidity tools of a fund in force on a day, or null.';

create or replace function public.fn_read_restatement(strike_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform evergreen.require_role('agent_commander');
  return evergreen.restatement_facts(strike_id);
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_restatement(uuid) is
  'What a restatement is computed from: corrected and old inputs, classes over the units they were over, prices published and correct (null before they are computed), the deals at them, and the later strikes that may follow. EG404, EG428.';

create or replace function public.fn_preview_restatement(strike_id uuid, inputs jsonb) returns jsonb language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
  id uuid;
  answer jsonb;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_preview_restatement.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_preview_restatement.strike_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.state = 'final', 'EG428', 'The strike is ' || s.state || '; only a final one is restated.');
  begin
    -- the same checks and the same rows as the restatement itself, taken back
    perform evergreen.refuse_restating(s);
    id := evergreen.freeze_inputs(s.fund_id, s.nav_date, inputs, s.strike_id, 'preview');
    answer := evergreen.restatement_facts(id);
    raise exception using errcode = 'EG0DR';
  exception when sqlstate 'EG0DR' then
    null;
  end;
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_preview_restatement(uuid, jsonb) is
  'What restating a final NAV with corrected inputs would be computed from, as fn_read_restatement answers it; nothing is kept. EG400, EG404, EG413, EG428.';

create or replace function public.fn_record_restatement(strike_id uuid, classes jsonb, deals jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  s public.nav_strikes;
  unit text;
  bad int;
  n int;
  event uuid;
  terms jsonb;
  posted uuid;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('strike_id', strike_id, 'classes', classes, 'sha256', encode(sha256(convert_to(deals::text, 'UTF8')), 'hex'));
  answer := evergreen.earlier_answer('fn_record_restatement', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select f.base_currency into unit from public.funds f where f.fund_id = (select x.fund_id from public.nav_strikes x where x.strike_id = fn_record_restatement.strike_id) for no key update;
  select * into s from public.nav_strikes x where x.strike_id = fn_record_restatement.strike_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  perform evergreen.refuse_unless(s.supersedes is not null and s.state in ('final', 'restated'), 'EG428', 'Only a restatement that two people approved and that was struck is recorded.');
  perform evergreen.refuse_unless(not exists (select from public.restatements r where r.strike_id = s.strike_id), 'EG428', 'The restatement is recorded already.');
  perform evergreen.refuse_unless(jsonb_typeof(classes) = 'array' and jsonb_typeof(deals) = 'array', 'EG400', 'classes and deals are lists.');
  perform evergreen.refuse_unless(jsonb_array_length(classes) <= 1000 and jsonb_array_length(deals) <= 500000, 'EG413', 'At most 1,000 classes and 500,000 deals.');
  -- every day that dealt at the wrong price, at the prices of the strikes themselves
  select count(*) into bad from jsonb_to_recordset(classes) c (dealing_day_id uuid, published numeric, correct numeric, error numeric, fund_pays numeric, fund_receives numeric)
    full join (select d.* from public.dealing_days d where d.strike_id = evergreen.first_version(s.strike_id) and d.status in ('posted', 'claimable', 'settled', 'closed')) d
      on d.dealing_day_id = c.dealing_day_id
    left join public.class_navs old on old.strike_id = s.supersedes and old.share_class_id = d.share_class_id
    left join public.class_navs new on new.strike_id = s.strike_id and new.share_class_id = d.share_class_id
   where (c.published = old.nav_per_unit and c.correct = new.nav_per_unit and abs(c.error - abs(round(c.published - c.correct, 40) / c.correct)) < 1e-17
     and evergreen.within_exponent(c.fund_pays, unit) and evergreen.within_exponent(c.fund_receives, unit)) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' dealing days are missing, or their prices are not those of the two strikes.');
  -- the tolerance is that of the fund's kind; one for professional investors has its own, up to 5 %
  terms := evergreen.lmt_terms(s.fund_id, s.nav_date);
  select count(*) into bad from jsonb_to_recordset(classes) c (tolerance numeric)
   where (case coalesce(terms #>> '{navError,fundKind}', case terms ->> 'regime' when 'mmf' then 'money_market' else 'equity_or_other' end)
     when 'money_market' then c.tolerance = 0.002 when 'bond_or_mixed' then c.tolerance = 0.005 when 'professional' then c.tolerance between 0 and 0.05 else c.tolerance = 0.01 end) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' tolerances are not those of the fund''s kind (R30).');
  -- every deal of those days once, with the units that were dealt and the difference of what it came to and should have come to, rounded up
  select count(*) into bad from jsonb_to_recordset(deals) x (dealing_day_id uuid, flow_id uuid, investor_id uuid, units_dealt numeric, difference numeric)
    full join (select e.*, a.investor_id from evergreen.restated_deals(s) e join public.allocations a on a.dealing_day_id = e.dealing_day_id and a.flow_id = e.flow_id) e
      on e.flow_id = x.flow_id and e.dealing_day_id = x.dealing_day_id
   -- what is exact here is rounded at its twelfth decimal there
   where (x.investor_id = e.investor_id and x.units_dealt = e.units and evergreen.within_exponent(x.difference, unit)
     and x.difference >= abs(e.was - e.due) - 1e-9 and x.difference < abs(e.was - e.due) + power(10::numeric, -(select u.exponent from public.currencies u where u.code = unit))) is not true;
  perform evergreen.refuse_unless(bad = 0, 'EG400', bad || ' deals are missing, or are not owed their units times the difference of the prices.');
  insert into public.restatements (fund_id, strike_id, dealing_day_id, share_class_id, published, correct, error, tolerance, material, direction, deals, fund_pays, fund_receives, body, effective_at)
  select s.fund_id, s.strike_id, d.dealing_day_id, d.share_class_id, c.published, c.correct, c.error, c.tolerance, c.material, c.direction,
         (select count(*) from jsonb_to_recordset(deals) x (dealing_day_id uuid) where x.dealing_day_id = d.dealing_day_id), c.fund_pays, c.fund_receives, coalesce(c.body, '{}'), s.effective_at
    from jsonb_to_recordset(classes) c (dealing_day_id uuid, published numeric, correct numeric, error numeric, tolerance numeric, material boolean, direction text, fund_pays numeric, fund_receives numeric, body jsonb)
    join public.dealing_days d using (dealing_day_id);
  insert into public.compensations (restatement_id, flow_id, investor_id, kind, units_dealt, units_due, cash_due, difference, owed_to, owed_by, pays, due)
  select r.restatement_id, x.flow_id, x.investor_id, x.kind, x.units_dealt, x.units_due, x.cash_due, x.difference, x.owed_to, x.owed_by, x.pays, e.terms
    from jsonb_to_recordset(deals) x (dealing_day_id uuid, flow_id uuid, investor_id uuid, kind text, units_dealt numeric, units_due numeric, cash_due numeric, difference numeric,
      owed_to text, owed_by text, pays boolean) join public.restatements r on r.strike_id = s.strike_id and r.dealing_day_id = x.dealing_day_id
    join evergreen.restated_deals(s) e on e.flow_id = x.flow_id and e.dealing_day_id = x.dealing_day_id;
  get diagnostics n = row_count;
  -- what the fund pays is what its investors are owed and get
  select count(*) into bad from public.restatements r where r.strike_id = s.strike_id
     and r.fund_pays <> (select coalesce(sum(c.difference) filter (where c.pays), 0) from public.compensations c where c.restatement_id = r.restatement_id);
  perform evergreen.refuse_unless(bad = 0, 'EG424', 'What the fund pays is not the sum of what its investors get.');
  event := evergreen.emit('NAV_RESTATED', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'supersedes', s.supersedes,
      'material', coalesce((select bool_or(r.material) from public.restatements r where r.strike_id = s.strike_id), false), 'compensations', n), evergreen.actor(),
    jsonb_build_object('workflow_id', 'restate/' || s.strike_id),
    array(select distinct c.investor_id from public.compensations c join public.restatements r using (restatement_id) where r.strike_id = s.strike_id and c.pays), request_id);
  perform evergreen.enter_lots_anew(s);
  posted := evergreen.post_compensation(s.strike_id, event);
  if exists (select from public.restatements r where r.strike_id = s.strike_id and r.material) then
    -- CSSF 24/856: the authority is told, and how it is put right, within four to eight weeks
    perform evergreen.emit('NAV_ERROR_TO_NOTIFY', s.fund_id, jsonb_build_object('strike_id', s.strike_id, 'due_from', current_date + 28, 'due_by', current_date + 56), evergreen.actor(),
      jsonb_build_object('workflow_id', 'restate/' || s.strike_id, 'causation_id', event), '{}', request_id);
  end if;
  perform evergreen.audit(s.fund_id, 'restatements', s.strike_id::text, 'restatement recorded: deals ' || n, request_id);
  answer := jsonb_build_object('strike_id', s.strike_id, 'days', jsonb_array_length(classes), 'compensations', n, 'event_id', event, 'ledger_tx_id', posted);
  perform evergreen.keep_answer('fn_record_restatement', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_restatement(uuid, jsonb, jsonb, text) is
  'Records what a restatement comes to: classes = [{dealing_day_id, published, correct, error, tolerance, material, direction, fund_pays, fund_receives, body}], deals = [{dealing_day_id, flow_id, investor_id, kind, units_dealt, units_due, cash_due, difference, owed_to, owed_by, pays}], held to the strikes, the deals and the policy; what is owed is posted, and a material error is to be notified. EG400, EG404, EG413, EG424, EG428.';
