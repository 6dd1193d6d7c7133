-- Any figure of a page, explained: its formula with the rule, its inputs with their rows and ages, the run and the trace it came from, the memories of that run.

create or replace function public.fn_explain_figure(figure text, id text, part text default null) returns jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  -- what is not an id is looked for nowhere
  key uuid := case when trim(fn_explain_figure.id) ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then trim(fn_explain_figure.id)::uuid end;
  class uuid := case when split_part(part, '/', 1) ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then split_part(part, '/', 1)::uuid end;
  side text := split_part(part, '/', 2);
  -- tables of staff are not even named to an investor
  staff boolean := current_user <> 'lp_role';
  of_fund uuid;
  r record;
  s record;
  deal jsonb;
  answer jsonb;
  inputs jsonb := '[]';
  run text;
  trace text;
  about uuid[] := '{}';
  memories jsonb := '[]';
begin
  if figure is null or figure not in ('nav', 'nav_change', 'nav_per_unit', 'dealing_price', 'worth', 'units', 'paid_in', 'paid_out', 'performance', 'fill', 'fill_amount',
      'ladder_cover', 'ladder_gap', 'stress_nav_after', 'stress_loss', 'weight', 'drift', 'exposure') then
    raise exception using errcode = 'EG400', message = 'figure is one of those that the pages name: nav, nav_per_unit, worth, fill and so on.';
  end if;

  if figure = 'nav' and staff then
    select x.* into s from public.nav_strikes x where x.strike_id = key and x.nav is not null;
    if found then
      of_fund := s.fund_id;
      with listed as (
        select n.*, row_number() over (order by abs(n.value) desc, n.label, n.input_id) as place from public.nav_inputs n where n.strike_id = key
      ), shown (kind, name, value, source, ref, as_of, note, place) as (
        select l.kind, l.label, l.value, 'nav_inputs', l.input_id::text, l.as_of::text, concat_ws(', ', l.source, l.age_days || ' days old',
            case when l.mark is not null then 'R5: ' || trim_scale(l.mark) || ' moved by ' || trim_scale(l.beta) || ' × ' || l.index_series || ' from ' || trim_scale(l.index_at_mark) || ' to ' || trim_scale(l.index_now) end,
            case when l.blocked_by is not null then 'blocked by ' || l.blocked_by end), l.place
          from listed l where l.place <= 200
        union all select l.kind, count(*) || ' smaller ones', sum(l.value), 'nav_inputs', null, max(l.as_of)::text, 'together', 1000 from listed l where l.place > 200 group by l.kind
        union all select 'performance_fee', 'Performance fee accrued', s.performance_fee, 'nav_strikes', s.strike_id::text, s.nav_date::text, 'the sum of the classes', 2000)
      select jsonb_agg(jsonb_build_object('kind', i.kind, 'name', i.name, 'value', i.value::text, 'table', i.source, 'id', i.ref, 'as_of', i.as_of, 'note', i.note) order by i.place, i.kind) into inputs from shown i;
      answer := jsonb_build_object('title', 'Net asset value of ' || s.nav_date || ', version ' || s.version, 'rule', 'R4',
        'formula', 'assets + cash + receivables − debt − payables − accruals − performance fee', 'value', s.nav::text, 'as_of', s.nav_date,
        'row', jsonb_build_object('table', 'nav_strikes', 'id', s.strike_id, 'hash', s.inputs_hash, 'recorded_at', s.recorded_at), 'proposal_id', s.proposal_id);
      about := array[s.strike_id, s.proposal_id];
      run := (select p.workflow_id from public.proposals p where p.proposal_id = s.proposal_id);
    end if;

  elsif figure = 'nav_change' and staff and key is not null then
    deal := public.fn_read_morning(key);
    if deal -> 'change' <> 'null' then
      of_fund := key;
      inputs := jsonb_build_array(jsonb_build_object('kind', 'opening', 'name', 'NAV of ' || (deal #>> '{change,since}'), 'value', deal #>> '{change,opening}', 'table', 'nav_strikes', 'as_of', deal #>> '{change,since}'))
        || (select jsonb_agg(jsonb_build_object('kind', 'reason', 'name', x ->> 'reason', 'value', x ->> 'amount',
              'table', case x ->> 'reason' when 'subscriptions' then 'fund_flows' when 'redemptions' then 'fund_flows' when 'result' then 'nav_inputs' else 'cash_movements' end,
              'note', case x ->> 'reason' when 'result' then 'what is left: closing less opening less the other reasons' end) order by n) from jsonb_array_elements(deal #> '{change,reasons}') with ordinality y (x, n))
        || jsonb_build_array(jsonb_build_object('kind', 'closing', 'name', 'NAV of ' || (deal #>> '{nav,date}'), 'value', deal #>> '{change,closing}', 'table', 'nav_strikes', 'id', deal #>> '{nav,strike_id}', 'as_of', deal #>> '{nav,date}',
              'opens', jsonb_build_object('figure', 'nav', 'id', deal #>> '{nav,strike_id}')));
      answer := jsonb_build_object('title', 'Change of the net asset value', 'rule', 'R4', 'formula', 'closing NAV − opening NAV = the sum of the reasons', 'value', deal #>> '{change,amount}', 'as_of', deal #>> '{nav,date}',
        'row', jsonb_build_object('table', 'nav_strikes', 'id', deal #>> '{nav,strike_id}', 'recorded_at', deal #>> '{nav,recorded_at}'));
      about := array[(deal #>> '{nav,strike_id}')::uuid];
      run := (select p.workflow_id from public.nav_strikes x join public.proposals p using (proposal_id) where x.strike_id = about[1]);
    end if;

  elsif figure in ('nav_per_unit', 'dealing_price') then
    select n.*, c.fund_id, c.code, c.currency, c.price_dp, round((n.nav + n.performance_accrued) / nullif(n.units, 0), c.price_dp) as before_fee into r
      from public.class_navs n join public.share_classes c using (share_class_id) where n.strike_id = key and n.share_class_id = class;
    if found then
      of_fund := r.fund_id;
      about := array[r.strike_id];
      if staff then
        select x.nav_date, x.proposal_id, x.nav, x.inputs_hash, p.workflow_id, d.terms, d.workflow_id as deals into s from public.nav_strikes x left join public.proposals p using (proposal_id)
          left join public.dealing_days d on d.strike_id = x.strike_id and d.share_class_id = class where x.strike_id = key;
        run := case figure when 'dealing_price' then coalesce(s.deals, s.workflow_id) else s.workflow_id end;
        deal := jsonb_build_object('date', s.nav_date, 'hash', s.inputs_hash, 'terms', s.terms, 'nav', s.nav::text);
      end if;
      if figure = 'nav_per_unit' then
        inputs := jsonb_build_array(
          jsonb_build_object('kind', 'class_nav', 'name', 'NAV of class ' || r.code, 'value', r.nav::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date', 'note', 'after a performance fee accrued of ' || r.performance_accrued),
          jsonb_build_object('kind', 'units', 'name', 'Units of class ' || r.code, 'value', trim_scale(r.units)::text, 'unit', 'units', 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date'))
          || case when staff then jsonb_build_array(jsonb_build_object('kind', 'fund_nav', 'name', 'NAV of the fund, of which this is the part of the class', 'value', deal ->> 'nav', 'table', 'nav_strikes', 'id', key, 'as_of', deal ->> 'date',
            'opens', jsonb_build_object('figure', 'nav', 'id', key))) else '[]'::jsonb end;
        answer := jsonb_build_object('title', 'NAV per unit, class ' || r.code, 'rule', 'R4', 'formula', 'NAV of the class ÷ its units, half up at ' || r.price_dp || ' decimals', 'value', trim_scale(r.nav_per_unit)::text);
      else
        answer := jsonb_build_object('entry', case when side = 'subscription' then r.dealing_price_sub else r.dealing_price_red end, 'swing', case when deal -> 'terms' <> 'null' then
          coalesce((deal #>> array['terms', case side when 'subscription' then 'swing_sub' else 'swing_red' end])::numeric, 0) else r.swing_factor end);
        if side in ('subscription', 'redemption') and answer ->> 'entry' is not null then
          inputs := jsonb_build_array(
            -- one subscribes before the performance fee that the class owes (R24), and redeems after it
            case when side = 'subscription' and round(r.before_fee * (1 + (answer ->> 'swing')::numeric), r.price_dp) = r.dealing_price_sub and r.performance_accrued > 0
              then jsonb_build_object('kind', 'price', 'name', 'Price before performance fee', 'value', trim_scale(r.before_fee)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date')
              else jsonb_build_object('kind', 'price', 'name', 'NAV per unit', 'value', trim_scale(r.nav_per_unit)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.share_class_id, 'as_of', deal ->> 'date',
                'opens', jsonb_build_object('figure', 'nav_per_unit', 'id', key, 'part', class)) end,
            jsonb_build_object('kind', 'swing', 'name', 'Swing of the side', 'value', trim_scale((answer ->> 'swing')::numeric)::text, 'unit', 'ratio', 'table', 'dealing_days', 'as_of', deal ->> 'date'));
          answer := jsonb_build_object('title', 'Dealing price for a ' || side || ', class ' || r.code, 'rule', 'R10', 'formula', 'price × (1 + swing), half up at ' || r.price_dp || ' decimals', 'value', trim_scale((answer ->> 'entry')::numeric)::text);
        else
          answer := null;
        end if;
      end if;
      answer := answer || jsonb_build_object('unit', r.currency, 'decimals', r.price_dp, 'as_of', coalesce(deal ->> 'date', r.published_at::date::text),
        'row', jsonb_build_object('table', 'class_navs', 'id', r.strike_id || '/' || r.share_class_id, 'hash', deal ->> 'hash', 'recorded_at', coalesce(r.published_at, r.created_at)));
    end if;

  elsif figure in ('worth', 'units') then
    select h.units, h.updated_at, i.code as investor, c.code, c.fund_id, c.currency, c.units_dp, u.exponent, p.strike_id, p.nav_per_unit, p.published_at into r
      from public.holdings h join public.investors i using (investor_id) join public.share_classes c using (share_class_id) join public.currencies u on u.code = c.currency
      left join lateral (select n.strike_id, n.nav_per_unit, n.published_at from public.class_navs n where n.share_class_id = c.share_class_id and n.published_at is not null order by n.published_at desc limit 1) p on true
     where h.investor_id = key and h.share_class_id = class;
    if found and figure = 'units' then
      of_fund := r.fund_id;
      inputs := coalesce((select jsonb_agg(jsonb_build_object('kind', 'lot', 'name', 'Lot opened ' || l.opened_on, 'value', trim_scale(l.units_left)::text, 'unit', 'units', 'table', 'lots', 'id', l.lot_id, 'as_of', l.opened_on,
          'note', trim_scale(l.units_issued) || ' issued at ' || trim_scale(l.price), 'opens', case when l.flow_id is not null then jsonb_build_object('figure', 'fill', 'id', l.flow_id) end) order by l.opened_on, l.lot_id)
        from public.lots l where l.investor_id = key and l.share_class_id = class and l.units_left > 0), '[]');
      answer := jsonb_build_object('title', 'Units of ' || r.investor || ' in class ' || r.code, 'rule', 'R3', 'formula', 'the sum of what is left of each lot; the oldest lots leave first', 'value', trim_scale(r.units)::text,
        'unit', 'units', 'decimals', r.units_dp, 'row', jsonb_build_object('table', 'holdings', 'id', key || '/' || class, 'recorded_at', r.updated_at));
    elsif found and r.nav_per_unit is not null then
      of_fund := r.fund_id;
      inputs := jsonb_build_array(
        jsonb_build_object('kind', 'units', 'name', 'Units', 'value', trim_scale(r.units)::text, 'unit', 'units', 'table', 'holdings', 'id', key || '/' || class, 'as_of', r.updated_at::date, 'opens', jsonb_build_object('figure', 'units', 'id', key, 'part', class)),
        jsonb_build_object('kind', 'price', 'name', 'NAV per unit that was published last', 'value', trim_scale(r.nav_per_unit)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.strike_id || '/' || class, 'as_of', r.published_at::date,
          'opens', jsonb_build_object('figure', 'nav_per_unit', 'id', r.strike_id, 'part', class)));
      answer := jsonb_build_object('title', 'Worth of ' || r.investor || ' in class ' || r.code, 'rule', 'R4', 'formula', 'units × NAV per unit, half up at the minor unit', 'value', round(r.units * r.nav_per_unit, r.exponent)::text,
        'unit', r.currency, 'decimals', r.exponent, 'as_of', r.published_at::date, 'row', jsonb_build_object('table', 'holdings', 'id', key || '/' || class, 'recorded_at', r.updated_at));
    end if;

  elsif figure in ('paid_in', 'paid_out') then
    select i.code as investor, c.code, c.fund_id, c.currency, u.exponent into r from public.investors i, public.share_classes c join public.currencies u on u.code = c.currency
     where i.investor_id = key and c.share_class_id = class and exists (select from public.fund_flows o where o.investor_id = key and o.share_class_id = class);
    if found then
      of_fund := r.fund_id;
      select jsonb_agg(jsonb_build_object('kind', 'flow', 'name', o.direction || ' of ' || coalesce(o.dealing_date::text, o.requested_at::date::text), 'value', o.net_amount::text, 'table', 'fund_flows', 'id', o.flow_id, 'as_of', o.dealing_date,
          'opens', jsonb_build_object('figure', 'fill_amount', 'id', o.flow_id)) order by o.dealing_date, o.flow_id), coalesce(sum(o.net_amount), 0)::text
        into inputs, side from public.fund_flows o where o.investor_id = key and o.share_class_id = class and o.net_amount is not null and o.direction = case figure when 'paid_in' then 'subscription' else 'redemption' end;
      inputs := coalesce(inputs, '[]');
      answer := jsonb_build_object('title', case figure when 'paid_in' then 'Paid in by ' else 'Paid out to ' end || r.investor || ', class ' || r.code, 'rule', 'R41', 'formula', 'the sum of the net amounts of the orders that were dealt', 'value', side,
        'unit', r.currency, 'decimals', r.exponent, 'row', jsonb_build_object('table', 'fund_flows', 'id', key || '/' || class));
    end if;

  elsif figure = 'performance' and part in ('twr', 'twr_yearly', 'xirr', 'paid_in', 'tvpi', 'dpi') then
    -- an investor's are the own; the measures are computed from these books by the calculation that every page and the statement use
    deal := public.fn_performance_books(fn_explain_figure.id);
    of_fund := (select f.fund_id from public.funds f where f.code = fn_explain_figure.id or f.fund_id = key);
    inputs := coalesce((select jsonb_agg(x.line order by x.line ->> 'as_of', x.line ->> 'kind') from jsonb_array_elements(deal -> 'classes') c
      cross join lateral (
        select jsonb_build_object('kind', 'flow', 'name', 'Class ' || (c ->> 'code') || ', ' || replace(w ->> 'via', '_', ' '), 'value', ((w ->> 'paidIn')::numeric - (w ->> 'paidOut')::numeric)::text, 'table', 'unit_ledger', 'as_of', w ->> 'date',
          'note', (w ->> 'units') || ' units; paid in counts above zero, paid out below') as line from jsonb_array_elements(c -> 'flows') w
        union all select jsonb_build_object('kind', 'price', 'name', 'Class ' || (c ->> 'code') || ', newest price', 'value', v.p ->> 'price', 'table', 'class_navs', 'as_of', v.p ->> 'date')
          from (select p from jsonb_array_elements(c -> 'prices') p order by p ->> 'date' desc limit 1) v where jsonb_array_length(c -> 'flows') > 0) x), '[]');
    answer := jsonb_build_object('title', case part when 'twr' then 'Return over the whole time' when 'twr_yearly' then 'Return per year' when 'xirr' then 'Return on the money per year' when 'paid_in' then 'Paid in'
        when 'tvpi' then 'Worth and paid out for each unit of money paid in' else 'Paid out for each unit of money paid in' end || ' (' || part || ')',
      'rule', case part when 'twr' then 'R43' when 'twr_yearly' then 'R43' when 'xirr' then 'R42' else 'R41' end,
      'formula', case part when 'twr' then 'Π (value before each flow ÷ value after the flow before) − 1' when 'twr_yearly' then '(1 + return) ^ (365 ÷ days) − 1' when 'xirr' then 'the rate at which Σ flow ÷ (1 + rate) ^ (days ÷ 365) + worth today is zero'
        when 'paid_in' then 'Σ paid in' when 'tvpi' then '(Σ paid out + worth today) ÷ Σ paid in' else 'Σ paid out ÷ Σ paid in' end || '; net of fees, method and window beside it (R46)',
      'value', null, 'unit', case part when 'paid_in' then deal ->> 'currency' else 'ratio' end, 'facts', deal, 'as_of', (select max(d ->> 'date') from jsonb_array_elements(deal -> 'dates') d),
      'row', jsonb_build_object('table', 'unit_ledger', 'id', deal #>> '{fund,code}', 'recorded_at', deal ->> 'knownOn'));

  elsif figure in ('fill', 'fill_amount') then
    select a.*, o.fund_id, o.direction, o.dealing_date, o.currency, c.code, c.units_dp, c.price_dp, u.exponent, n.strike_id into r
      from public.allocations a join public.fund_flows o using (flow_id) join public.share_classes c on c.share_class_id = a.share_class_id join public.currencies u on u.code = o.currency
      left join lateral (select x.strike_id from public.class_navs x where x.share_class_id = a.share_class_id and x.nav_per_unit = a.price and x.published_at is not null order by x.published_at desc limit 1) n on true
     where a.flow_id = key order by a.created_at desc limit 1;
    if found then
      of_fund := r.fund_id;
      about := array[r.flow_id, r.dealing_day_id];
      if staff then
        select jsonb_build_object('gate', coalesce((d.decision ->> 'gate')::boolean, false), 'fraction', d.decision ->> 'fraction', 'numerator', d.decision #>> '{exact_fraction,numerator}', 'denominator', d.decision #>> '{exact_fraction,denominator}'), d.workflow_id
          into deal, run from public.dealing_days d where d.dealing_day_id = r.dealing_day_id;
      else
        begin deal := public.fn_prove_order(key) -> 'deal'; exception when sqlstate 'EG428' then deal := null; end;
      end if;
      if figure = 'fill' then
        inputs := case when r.direction = 'redemption' then jsonb_build_array(
            jsonb_build_object('kind', 'requested', 'name', 'Units asked for', 'value', trim_scale(coalesce(r.requested_units, r.filled_units))::text, 'unit', 'units', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date),
            jsonb_build_object('kind', 'admitted', 'name', 'Of these admitted by lots and the gate of each investor', 'value', trim_scale(coalesce(r.admitted_units, r.requested_units, r.filled_units))::text, 'unit', 'units', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date),
            -- what is paid in full, or not at all, is not decided by the ratio of the day
            case when r.filled_units in (0, coalesce(r.admitted_units, r.requested_units, r.filled_units)) or not coalesce((deal ->> 'gate')::boolean, false)
              then jsonb_build_object('kind', 'fraction', 'name', 'Share of it that was paid', 'value', case r.filled_units when 0 then '0' else '1' end, 'unit', 'ratio', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date, 'note', 'cohort ' || r.cohort)
              else jsonb_build_object('kind', 'fraction', 'name', 'Share that the fund paid of what all asked for', 'value', deal ->> 'fraction', 'unit', 'ratio', 'table', 'dealing_days', 'id', r.dealing_day_id, 'as_of', r.dealing_date, 'note', 'cohort ' || r.cohort) end)
            || case when deal ->> 'denominator' is not null and r.filled_units not in (0, coalesce(r.admitted_units, r.requested_units, r.filled_units)) then jsonb_build_array(
              jsonb_build_object('kind', 'numerator', 'name', 'The same share exactly: numerator', 'value', deal ->> 'numerator', 'unit', 'ratio', 'table', 'dealing_days', 'id', r.dealing_day_id, 'as_of', r.dealing_date),
              jsonb_build_object('kind', 'denominator', 'name', 'and denominator', 'value', deal ->> 'denominator', 'unit', 'ratio', 'table', 'dealing_days', 'id', r.dealing_day_id, 'as_of', r.dealing_date)) else '[]'::jsonb end
          when r.requested_units is not null then jsonb_build_array(
            jsonb_build_object('kind', 'requested', 'name', 'Units asked for', 'value', trim_scale(r.requested_units)::text, 'unit', 'units', 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date))
          else jsonb_build_array(
            jsonb_build_object('kind', 'net', 'name', 'Net amount', 'value', r.net_amount::text, 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date, 'opens', jsonb_build_object('figure', 'fill_amount', 'id', key)),
            jsonb_build_object('kind', 'price', 'name', 'Price', 'value', trim_scale(r.price)::text, 'unit', r.currency, 'table', 'class_navs', 'id', r.strike_id, 'as_of', r.dealing_date)) end;
        answer := jsonb_build_object('title', 'Fill of a ' || r.direction || ' of ' || coalesce(r.dealing_date::text, 'no date') || ', class ' || r.code, 'rule', case r.direction when 'redemption' then 'R6' else 'R5b' end,
          'formula', case r.direction when 'redemption' then 'admitted units × share of the day, rounded down; units left over go one each to the largest remainders; cohort ' || r.cohort else case when r.requested_units is not null then 'what was asked for' else 'net amount ÷ price, rounded down at ' || r.units_dp || ' decimals' end end,
          'value', trim_scale(r.filled_units)::text, 'unit', 'units', 'decimals', r.units_dp);
      else
        inputs := (select jsonb_agg(jsonb_build_object('kind', x.kind, 'name', x.name, 'value', x.value, 'unit', x.unit, 'table', 'allocations', 'id', r.allocation_id, 'as_of', r.dealing_date, 'opens', x.opens) order by x.place)
          from (values (1, 'filled', 'Units dealt', trim_scale(r.filled_units)::text, 'units', jsonb_build_object('figure', 'fill', 'id', key)),
            (2, 'price', 'Price', trim_scale(r.price)::text, r.currency::text, case when r.strike_id is not null then jsonb_build_object('figure', 'nav_per_unit', 'id', r.strike_id, 'part', r.share_class_id) end),
            (3, 'gross', 'Gross amount', r.gross_amount::text, null, null), (4, 'levy', 'Levy', r.levy::text, null, null), (5, 'fee', 'Fee', r.fee::text, null, null), (6, 'refund', 'Paid back', r.refund::text, null, null),
            (7, 'credit', 'Equalisation credit', r.credit::text, null, null)) x (place, kind, name, value, unit, opens) where jsonb_array_length(r.pieces) = 0 or x.kind not in ('filled', 'price'))
          -- by series each lot leaves at the price of its own (R25)
          || coalesce((select jsonb_agg(jsonb_build_object('kind', 'piece', 'name', 'Lot of series ' || (e ->> 'series'), 'value', e ->> 'amount', 'table', 'lots', 'id', e ->> 'lot_id', 'as_of', r.dealing_date, 'note', (e ->> 'units') || ' units at ' || (e ->> 'price')))
            from jsonb_array_elements(r.pieces) e), '[]');
        answer := jsonb_build_object('title', 'Amount of a ' || r.direction || ' of ' || coalesce(r.dealing_date::text, 'no date') || ', class ' || r.code, 'rule', 'R5b',
          'formula', case r.direction when 'redemption' then 'units × price, rounded down at the minor unit, − levy − fee + credit' else 'gross amount − levy − paid back' end, 'value', r.net_amount::text, 'decimals', r.exponent);
      end if;
      answer := answer || jsonb_build_object('as_of', r.dealing_date, 'direction', r.direction, 'places', jsonb_build_object('units', r.units_dp, 'price', r.price_dp),
        'row', jsonb_build_object('table', 'allocations', 'id', r.allocation_id, 'recorded_at', r.created_at));
    end if;

  elsif figure in ('ladder_cover', 'ladder_gap') and staff then
    select coalesce(sum(l.capacity - l.utilization) filter (where l.side = 'asset'), 0) as assets, coalesce(sum(l.capacity + l.utilization + l.stress_delta) filter (where l.side = 'liability'), 0) as due, max(l.as_of) as as_of, max(l.recorded_at) as recorded_at,
        jsonb_agg(jsonb_build_object('kind', l.side, 'bucket', l.bucket, 'name', case l.side when 'asset' then 'Can be sold within ' else 'May fall due within ' end || l.bucket,
          'value', case l.side when 'asset' then l.capacity - l.utilization else l.capacity + l.utilization + l.stress_delta end::text, 'table', 'liquidity_ladder', 'id', l.ladder_id, 'as_of', l.as_of,
          'note', case l.side when 'asset' then 'capacity ' || l.capacity || ' less ' || l.utilization || ' reserved' else 'planned ' || l.capacity || ', accepted ' || l.utilization || ', more under stress ' || l.stress_delta end) order by l.side, b.place) as listed, max(b.place) as last
      into r from public.liquidity_ladder l join unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality b (bucket, place) on b.bucket = l.bucket
     where l.fund_id = key and l.scenario_id = 'base' and l.as_of = (select max(x.as_of) from public.liquidity_ladder x where x.fund_id = key and x.side = l.side and x.scenario_id = 'base')
       and b.place <= (select y.place from unnest(array['1d', '7d', '30d', '90d', '180d', '365d', 'gt365d']) with ordinality y (bucket, place) where y.bucket = part);
    if r.last is not null then
      of_fund := key;
      inputs := r.listed;
      answer := jsonb_build_object('title', case figure when 'ladder_cover' then 'Redemption coverage within ' else 'Liquidity gap within ' end || part, 'rule', 'R33',
        'formula', case figure when 'ladder_cover' then 'what can be sold by then ÷ what may fall due by then' else 'what can be sold by then − what may fall due by then' end,
        'value', case figure when 'ladder_gap' then (r.assets - r.due)::text else round(r.assets / nullif(r.due, 0), 4)::text end, 'as_of', r.as_of,
        'row', jsonb_build_object('table', 'liquidity_ladder', 'id', key || '/base/' || part, 'recorded_at', r.recorded_at)) || case figure when 'ladder_cover' then jsonb_build_object('unit', 'ratio', 'decimals', 2) else '{}' end;
    end if;

  elsif figure in ('stress_nav_after', 'stress_loss') and staff then
    select o.*, x.fund_id, x.event_id, x.as_of, x.currency, x.snapshot_hash, x.code_hash, c.scenario_id, c.title, o.body::jsonb #> '{periods,-1}' as ended into r
      from public.stress_outcomes o join public.stress_runs x using (stress_run_id) join public.stress_scenarios c using (scenario_hash) where o.stress_run_id = key and c.scenario_id = part and o.status = 'done';
    if found then
      of_fund := r.fund_id;
      about := array[r.stress_run_id];
      inputs := jsonb_build_array(jsonb_build_object('kind', 'before', 'name', 'NAV before', 'value', r.nav_before::text, 'table', 'stress_outcomes', 'id', r.stress_run_id, 'as_of', r.as_of, 'note', 'snapshot ' || left(r.snapshot_hash, 12)))
        || coalesce((select jsonb_agg(jsonb_build_object('kind', 'change', 'name', (m ->> 'assets') || ' assets by ' || replace(m ->> 'method', '_', ' '), 'value', m ->> 'change', 'table', 'stress_outcomes', 'id', r.body_hash, 'as_of', r.ended ->> 'date') order by n)
          from jsonb_array_elements(r.ended -> 'byMethod') with ordinality y (m, n)),
          jsonb_build_array(jsonb_build_object('kind', 'change', 'name', 'Change of all assets', 'value', (r.nav_after - r.nav_before)::text, 'table', 'stress_outcomes', 'id', r.body_hash, 'as_of', r.as_of)));
      answer := jsonb_build_object('title', case figure when 'stress_loss' then 'Loss in ' else 'NAV after ' end || r.title, 'rule', null, 'formula', case figure when 'stress_loss' then '− Σ changes of the assets, by method' else 'NAV before + Σ changes of the assets, by method' end,
        'value', case figure when 'stress_loss' then r.nav_before - r.nav_after else r.nav_after end::text, 'as_of', r.as_of,
        'row', jsonb_build_object('table', 'stress_outcomes', 'id', r.stress_run_id || '/' || r.scenario_id, 'hash', r.body_hash, 'recorded_at', r.recorded_at));
      run := (select w.workflow_id from public.workflow_runs w where w.event_id = r.event_id order by w.started_at limit 1);
    end if;

  elsif figure in ('weight', 'drift', 'exposure') and staff then
    -- a sleeve by its name; of an exposure what it is cut by, as in currency:USD, issuer:NAME, bucket:7d
    side := case when figure <> 'exposure' then 'sleeve' when split_part(part, ':', 1) in ('currency', 'issuer', 'bucket') then split_part(part, ':', 1) end;
    with held as (
      select p.allocation_id, p.market_value, p.recorded_at, p.proposal_id, a.name,
             case side when 'sleeve' then p.sleeve when 'currency' then a.currency::text when 'issuer' then a.issuer when 'bucket' then a.bucket end as cut
        from public.portfolio_allocations p join public.assets a on a.id = p.asset_id where p.fund_id = key and p.superseded_at is null
    ), placed as (
      select h.*, coalesce(h.cut = case side when 'sleeve' then part else substr(part, length(side) + 2) end, false) as mine,
             row_number() over (partition by h.cut order by abs(h.market_value) desc, h.name, h.allocation_id) as place from held h
    ), listed (kind, name, value, ref, note, place) as (
      select 'asset', p.name, p.market_value, p.allocation_id::text, null, p.place from placed p where p.mine and p.place <= 100
      union all select 'asset', count(*) || ' smaller ones', sum(p.market_value), null, 'together', 1000 from placed p where p.mine and p.place > 100 having count(*) > 0
      union all select 'other', p.cut, sum(p.market_value), null, 'another sleeve, for the total', 2000 from placed p where not p.mine and side = 'sleeve' group by p.cut
    )
    select (select jsonb_agg(jsonb_build_object('kind', i.kind, 'name', i.name, 'value', i.value::text, 'table', 'portfolio_allocations', 'id', i.ref, 'note', i.note) order by i.place, i.name) from listed i) as lines,
           sum(p.market_value) as total, coalesce(sum(p.market_value) filter (where p.mine), 0) as mine, max(p.recorded_at) filter (where p.mine) as recorded_at, count(*) filter (where p.mine) as assets,
           (array_agg(p.proposal_id order by p.recorded_at desc) filter (where p.mine))[1] as proposal_id into r from placed p;
    select m.mandate_id, m.version, (case when part = 'cash' then m.body -> 'cash' else x.target end ->> 'target')::numeric as target into s from public.mandates m
      left join lateral (select e as target from jsonb_array_elements(m.body -> 'sleeves') e where coalesce(e ->> 'id', e ->> 'sleeve') = part limit 1) x on true where m.fund_id = key and m.superseded_at is null;
    if r.total <> 0 and (r.assets > 0 or figure <> 'exposure' and s.target is not null) and (figure <> 'drift' or s.target is not null) then
      of_fund := key;
      about := array[r.proposal_id, s.mandate_id];
      inputs := coalesce(r.lines, '[]') || case when figure = 'exposure' or s.target is null then '[]'::jsonb
        else jsonb_build_array(jsonb_build_object('kind', 'target', 'name', 'Target of the mandate', 'value', trim_scale(s.target)::text, 'unit', 'ratio', 'table', 'mandates', 'id', s.mandate_id, 'note', 'version ' || s.version)) end;
      answer := jsonb_build_object('title', case figure when 'weight' then 'Weight of ' when 'drift' then 'Off target: ' else 'Value of ' end || case figure when 'exposure' then replace(part, ':', ' ') else part end, 'rule', case figure when 'exposure' then null else 'R38' end,
        'formula', case figure when 'weight' then 'value of the sleeve ÷ value of all holdings' when 'drift' then 'value of the sleeve ÷ value of all holdings − target' else 'the sum of what is held' end,
        'value', case figure when 'exposure' then r.mine when 'weight' then round(r.mine / r.total, 6) else round(r.mine / r.total - s.target, 6) end::text, 'as_of', r.recorded_at::date,
        'row', jsonb_build_object('table', 'portfolio_allocations', 'id', key || '/' || part, 'recorded_at', r.recorded_at), 'proposal_id', r.proposal_id)
        || case figure when 'exposure' then '{}'::jsonb else jsonb_build_object('unit', 'ratio', 'decimals', 6) end;
      run := (select p.workflow_id from public.proposals p where p.proposal_id = r.proposal_id);
    end if;
  end if;

  if answer is null then
    raise exception using errcode = 'EG404', message = 'There is no such figure that you may see.';
  end if;
  select f.code, f.synthetic, f.base_currency, u.exponent::int as decimals into s from public.funds f join public.currencies u on u.code = f.base_currency where f.fund_id = of_fund;
  if run is not null and has_table_privilege('public.workflow_runs', 'select') then
    trace := (select w.trace_id from public.workflow_runs w where w.workflow_id = run);
  end if;
  if has_table_privilege('public.agent_memories', 'select') then
    memories := coalesce((select jsonb_agg(jsonb_build_object('memory_id', m.memory_id, 'text', m.text, 'workflow_id', m.workflow_id, 'recorded_at', m.recorded_at) order by m.recorded_at desc)
      from (select x.* from public.agent_memories x where x.fund_id = of_fund and x.superseded_at is null and (x.workflow_id = run or x.reference_ids && about) order by x.recorded_at desc limit 5) m), '[]');
  end if;
  return jsonb_build_object('read_at', now(), 'figure', figure, 'fund', s.code, 'synthetic', s.synthetic, 'unit', s.base_currency, 'decimals', s.decimals, 'inputs', inputs, 'workflow_id', run, 'trace_id', trace,
    'memories', memories, 'proposal_id', null, 'facts', null) || answer;
end $$;
comment on function public.fn_explain_figure(text, text, text) is
  'Explains one figure of a page (NAV, price, worth, units, fill, performance, cover, stress, weight): title, formula and rule, inputs with their rows and ages, its own row, workflow, trace, memories. Amounts as text. Under the reader''s row-level security. EG400, EG404.';

create or replace function public.fn_find_places(query text) returns jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  word text := lower(trim(query));
  -- the beginning of an id, as the two ids between which such ones lie; the whole id is both
  hex text := case when trim(query) ~* '^[0-9a-f][0-9a-f-]{3,35}$' and length(replace(trim(query), '-', '')) <= 32 then lower(replace(trim(query), '-', '')) end;
  lowest uuid := rpad(hex, 32, '0')::uuid;
  highest uuid := rpad(hex, 32, 'f')::uuid;
  common jsonb;
  own jsonb := '[]';
begin
  if word is null or length(word) not between 2 and 80 then
    return '[]'::jsonb;
  end if;
  select jsonb_agg(jsonb_build_object('kind', x.kind, 'id', x.ref, 'label', x.label, 'detail', x.detail) order by x.place, x.label, x.ref) into common from (
    (select 1 as place, 'fund' as kind, f.code as ref, f.name as label, f.code as detail from public.funds f where starts_with(lower(f.code), word) or strpos(lower(f.name), word) > 0 order by f.code limit 6)
    union all (select 2, 'investor', i.code, i.code, 'investor' from public.investors i where starts_with(lower(i.code), word) or i.investor_id between lowest and highest order by i.code limit 6)
    union all (select 3, 'order', o.flow_id::text, o.direction || ' of ' || coalesce(o.dealing_date::text, o.requested_at::date::text), i.code || ', ' || o.status
      from public.fund_flows o join public.investors i using (investor_id) where o.flow_id between lowest and highest order by o.flow_id limit 6)) x;
  if current_user <> 'lp_role' then
    select jsonb_agg(jsonb_build_object('kind', x.kind, 'id', x.ref, 'label', x.label, 'detail', x.detail) order by x.place, x.label, x.ref) into own from (
      (select 4 as place, 'proposal' as kind, p.proposal_id::text as ref, p.kind || ' of ' || p.created_at::date as label, p.status as detail from public.proposals p where p.proposal_id between lowest and highest order by p.proposal_id limit 6)
      union all (select 5, 'stress', r.stress_run_id::text, r.kind || ' run of ' || r.started_at::date, r.status from public.stress_runs r where r.stress_run_id between lowest and highest order by r.stress_run_id limit 6)
      union all (select 6, 'dealing_day', d.dealing_day_id::text, 'Dealing day ' || d.dealing_date || ', class ' || c.code, d.status from public.dealing_days d join public.share_classes c using (share_class_id)
        where d.dealing_day_id between lowest and highest or starts_with(d.dealing_date::text, word) order by d.dealing_date desc limit 6)
      union all (select 7, 'case', k.code, k.code, k.kind || ', ' || k.status from public.cases k where starts_with(lower(k.code), word) or k.case_id between lowest and highest order by k.code limit 6)
      union all (select 8, 'asset', a.external_key, a.name, a.external_key from public.assets a where starts_with(lower(a.external_key), word) or strpos(lower(a.name), word) > 0 or a.id between lowest and highest order by a.name limit 6)
      union all (select 9, 'import', b.import_id::text, b.file_name, b.kind || ', ' || b.status from public.import_batches b where b.import_id between lowest and highest order by b.import_id limit 6)
      union all (select 10, 'run', w.workflow_id, w.workflow_id, w.type || ', ' || w.status from public.workflow_runs w where starts_with(lower(w.workflow_id), word) order by w.started_at desc limit 6)) x;
  else
    select jsonb_agg(jsonb_build_object('kind', 'statement', 'id', t.statement_id, 'label', 'Statement of ' || (t.body ->> 'dealingDate'), 'detail', 'version ' || t.version) order by t.body ->> 'dealingDate' desc, t.statement_id)
      into own from (select * from public.statements y where y.statement_id between lowest and highest or starts_with(y.body ->> 'dealingDate', word) order by y.statement_id limit 6) t;
  end if;
  return coalesce(common, '[]'::jsonb) || coalesce(own, '[]'::jsonb);
end $$;
comment on function public.fn_find_places(text) is
  'What somebody may mean by a few letters: funds, investors, assets and cases by code or name, the rest by the beginning of its id, dealing days by date; at most six of a kind. Under the reader''s row-level security.';

create or replace function public.fn_read_stress_limits(stress_run_id uuid) returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('scenario_id', c.scenario_id, 'title', c.title, 'survival', b.body ->> 'survivalQuarters', 'frontier', coalesce(b.body #> '{reverse,frontier}', '[]'),
      'largest_redemption', nullif(b.body #> '{reverse,largestRedemption}', 'null'), 'smallest_haircut', nullif(b.body #> '{reverse,smallestHaircut}', 'null')) order by o.ordinal), '[]')
    from public.stress_outcomes o join public.stress_scenarios c using (scenario_hash) cross join lateral (select o.body::jsonb as body) b
   where o.stress_run_id = fn_read_stress_limits.stress_run_id and o.status = 'done'
$$;
comment on function public.fn_read_stress_limits(uuid) is
  'What the fund bears in each scenario of a stress run that is done (R35): the frontier of redemption and haircut, the quarters for which the gate is paid in full. Shares of the NAV as text. Under the reader''s row-level security.';
