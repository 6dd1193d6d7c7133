-- A performance fee that was taken on a NAV which is restated is taken again on the corrected one (R24, R30): the first posting is reversed, the right one posted in its place.

create or replace function evergreen.lots_before(m public.class_marks) returns table (lot_id uuid, units numeric, reference numeric, credit numeric) language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
  -- as they were, with the terms of the correct price where that at which they were opened has been put right since
  select b.lot_id, b.units, coalesce(c.reference - coalesce((select sum(g.per_unit) from evergreen.marks_known(m.share_class_id, 'infinity') g
           where g.cause = 'distribution' and g.as_of > l.opened_on and g.as_of <= m.as_of), 0), b.reference),
         coalesce(round(round(c.credit, 30) * b.units / c.units_dealt, 18), b.credit)
    from jsonb_to_recordset(m.body -> 'lots') b (lot_id uuid, units numeric, reference numeric, credit numeric) join public.lots l using (lot_id)
    left join lateral (select (x.due ->> 'reference')::numeric as reference, (x.due ->> 'credit')::numeric as credit, x.units_dealt from public.compensations x join public.restatements r using (restatement_id)
      where x.flow_id = l.flow_id and r.share_class_id = l.share_class_id and r.material and x.due ? 'reference' order by r.recorded_at desc limit 1) c on true
$$;
comment on function evergreen.lots_before(public.class_marks) is 'The lots of a class just before a performance fee was taken: units, reference and credit, fund currency (R24).';

create or replace function public.fn_read_fees_again(strike_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  s public.nav_strikes;
begin
  perform evergreen.require_role('agent_commander', 'ops_role', 'pm_role');
  select * into s from public.nav_strikes x where x.strike_id = fn_read_fees_again.strike_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No strike with that id.');
  return (
    select coalesce(jsonb_agg(jsonb_build_object('replaces', m.mark_id, 'share_class_id', c.share_class_id, 'code', c.code, 'currency', c.currency, 'strike_id', x.strike_id, 'nav_date', x.nav_date,
        'units_dp', c.units_dp, 'price_dp', c.price_dp, 'nav', n.nav::text, 'nav_per_unit', trim_scale(n.nav_per_unit)::text, 'performance_accrued', n.performance_accrued::text,
        'rate', d.body #>> '{fees,performance,rate}', 'mark', m.body ->> 'before', 'fee', m.body ->> 'fee', 'high_water', trim_scale(m.high_water)::text, 'posted', w.body -> 'lots',
        'proposal', (select jsonb_build_object('proposal_id', p.proposal_id, 'hash', p.hash, 'status', case when p.status in ('pending', 'approved') and p.expires_at <= now() then 'expired' else p.status end)
           from public.proposals p where p.fund_id = s.fund_id and p.kind = 'crystallisation' and p.body ->> 'strike_id' = x.strike_id::text and p.body ->> 'replaces' = m.mark_id::text order by p.created_at desc limit 1),
        'lots', (select coalesce(jsonb_agg(jsonb_build_object('id', b.lot_id, 'units', trim_scale(b.units)::text, 'reference', trim_scale(b.reference)::text, 'credit', trim_scale(b.credit)::text) order by b.lot_id), '[]')
           from evergreen.lots_before(m) b)) order by c.code, m.as_of), '[]')
      from public.nav_strikes x join public.class_navs n on n.strike_id = x.strike_id join public.share_classes c using (share_class_id) cross join lateral evergreen.marks_known(c.share_class_id, 'infinity') m
      join public.proposals w on w.proposal_id = (m.body ->> 'proposal_id')::uuid cross join lateral evergreen.dealing_policy(c.share_class_id, x.nav_date) d
     where x.fund_id = s.fund_id and x.state = 'final' and x.nav_date >= s.nav_date and m.cause = 'crystallisation' and m.as_of = x.nav_date and m.body ? 'lots'
       and d.body #>> '{fees,performance,method}' = 'equalisation');
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_fees_again(uuid) is
  'Performance fees that were taken by equalisation on the date of a strike or since: the NAV of that date as it stands, what was posted, and the lots before it with what a restatement put right. Fund currency. EG404.';

create or replace function evergreen.crystallise_again(p public.proposals, class public.share_classes, s public.nav_strikes, request_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  minor int;
  bad int;
  m public.class_marks;
  n public.class_navs;
  rate numeric;
  mark numeric;
  gav numeric;
  fee numeric := (p.body ->> 'fee')::numeric;
  raised numeric;
  short numeric;
  event uuid;
  posted uuid;
  wrong public.ledger_transactions;
  old jsonb;
  units evergreen.unit_entry[];
  cash evergreen.cash_entry[];
begin
  select u.exponent into minor from public.currencies u where u.code = class.currency;
  select * into m from evergreen.marks_known(class.share_class_id, 'infinity') x where x.mark_id::text = p.body ->> 'replaces' and x.cause = 'crystallisation' and x.body ? 'lots';
  perform evergreen.refuse_unless(found, 'EG404', 'No fee that stands and was taken by equalisation with that id.');
  perform evergreen.refuse_unless(s.state = 'final' and s.nav_date = m.as_of, 'EG428', 'A fee is taken again on the NAV of its date that stands.');
  perform evergreen.refuse_unless(not exists (select from evergreen.marks_known(class.share_class_id, 'infinity') x where x.mark_id <> m.mark_id and x.cause <> 'opening' and x.as_of >= m.as_of),
    'EG428', 'The mark of the class has moved after that fee.');
  perform evergreen.refuse_while_dealing(class.share_class_id);
  select * into n from public.class_navs x where x.strike_id = s.strike_id and x.share_class_id = class.share_class_id;
  rate := (select (d.body #>> '{fees,performance,rate}')::numeric from evergreen.dealing_policy(class.share_class_id, s.nav_date) d);
  mark := (m.body ->> 'before')::numeric;
  gav := round(n.nav + n.performance_accrued, 30) / n.units;
  raised := greatest(mark, n.nav_per_unit);
  select x.body -> 'lots' into old from public.proposals x where x.proposal_id = (m.body ->> 'proposal_id')::uuid;
  -- every lot of then once, with what R24 gives it at the corrected price
  select count(*) into bad from (
      select b.*, least(b.credit, x.fee) as refund, x.owed from evergreen.lots_before(m) b
       cross join lateral (select rate * greatest(0, gav - mark) * b.units as fee, rate * greatest(0, least(gav, mark) - b.reference) * b.units as owed) x) b
    full join jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, refund numeric, depreciation numeric, change numeric, high_water numeric, credit numeric) on r.lot_id = b.lot_id
   where (abs(r.refund - b.refund) <= 1e-12 and abs(r.depreciation - b.owed) <= 1e-12 and abs(r.credit - (b.credit - r.refund)) <= 1e-12 and r.credit >= 0
     and r.change = trunc(round(r.refund, 30) / n.nav_per_unit, class.units_dp) - trunc(round(r.depreciation, 30) / n.nav_per_unit, class.units_dp)
     and case when gav >= mark then r.high_water = raised else abs(r.high_water - greatest(b.reference, gav)) <= 1e-12 end) is not true;
  perform evergreen.refuse_unless(bad = 0 and (select count(*) = count(distinct r.lot_id) from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid)),
    'EG424', bad || ' lots are missing, unknown, or have not the refund, charge, credit or reference that the corrected price gives.');
  perform evergreen.refuse_unless(fee >= 0 and fee = round(fee, minor) and (p.body ->> 'accrued')::numeric = n.performance_accrued and (p.body ->> 'high_water')::numeric = raised
    and (select abs(fee - greatest(0, n.performance_accrued - sum(r.refund) + sum(r.depreciation))) <= power(10::numeric, -minor) from jsonb_to_recordset(p.body -> 'lots') r (refund numeric, depreciation numeric)),
    'EG424', 'Fee and mark are not those of the corrected NAV.');
  event := evergreen.emit('FEE_CRYSTALLISED', p.fund_id, jsonb_build_object('share_class_id', class.share_class_id, 'strike_id', s.strike_id), evergreen.actor(),
    jsonb_build_object('causation_id', p.event_id, 'workflow_id', p.workflow_id), '{}', request_id);
  -- who has left since holds no units that could be taken back: the responsible party makes them good, and the investor is asked for nothing
  select array_agg(row(class.share_class_id, 'holder', l.investor_id, l.lot_id, null, r.change + x.missing)::evergreen.unit_entry order by l.lot_id) filter (where r.change + x.missing <> 0),
         coalesce(sum(x.missing), 0) into units, short
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) join public.lots l using (lot_id) join jsonb_to_recordset(old) o (lot_id uuid, change numeric) using (lot_id)
    cross join lateral (select greatest(0, o.change - r.change - l.units_left) as missing) x;
  cash := array_remove(array[case when fee > 0 then row('fee_payable', null, null, class.currency, -fee, 'performance fee')::evergreen.cash_entry end,
    case when short > 0 then row('compensation_receivable', null, null, class.currency, x.made_good, 'units that were gone')::evergreen.cash_entry end,
    case when fee <> x.made_good then row('capital', null, null, class.currency, fee - x.made_good, 'performance fee')::evergreen.cash_entry end], null)
    from (select ceil(short * n.nav_per_unit * power(10::numeric, minor)) / power(10::numeric, minor) as made_good) x;
  select * into wrong from public.ledger_transactions t where t.ledger_tx_id = m.ledger_tx_id;
  update public.lots l set units_issued = l.units_issued + greatest(r.change, 0) from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric) where l.lot_id = r.lot_id and r.change > 0;
  posted := evergreen.post_instead(wrong, class.fund_id, 'performance fee ' || s.nav_date || ', restated', event, units, cash);
  -- what is left of the lots now, as if the right fee had been taken then
  update public.lots l set units_issued = greatest(l.units_left, l.units_issued - greatest(o.change, 0)), high_water = r.high_water,
         equalisation_credit = case when b.units + r.change > 0 then round(round(r.credit, 30) * l.units_left / (b.units + r.change), 18) else 0 end
    from jsonb_to_recordset(p.body -> 'lots') r (lot_id uuid, change numeric, high_water numeric, credit numeric) join evergreen.lots_before(m) b using (lot_id)
    join jsonb_to_recordset(old) o (lot_id uuid, change numeric) using (lot_id) where l.lot_id = r.lot_id;
  insert into public.class_marks (share_class_id, as_of, cause, high_water, strike_id, ledger_tx_id, replaces, body, effective_at)
  values (class.share_class_id, s.nav_date, 'crystallisation', raised, s.strike_id, posted, m.mark_id,
    jsonb_build_object('proposal_id', p.proposal_id, 'before', trim_scale(mark)::text, 'accrued', trim_scale(n.performance_accrued)::text, 'fee', trim_scale(fee)::text,
      'lots', (select jsonb_agg(jsonb_build_object('lot_id', b.lot_id, 'units', trim_scale(b.units)::text, 'reference', trim_scale(b.reference)::text, 'credit', trim_scale(b.credit)::text) order by b.lot_id) from evergreen.lots_before(m) b)),
    s.effective_at);
  perform evergreen.audit(p.fund_id, 'class_marks', class.share_class_id::text, 'performance fee taken again for ' || s.nav_date, request_id);
  return jsonb_build_object('share_class_id', class.share_class_id, 'ledger_tx_id', posted, 'high_water', trim_scale(raised)::text, 'fee', fee::text);
end $$;
comment on function evergreen.crystallise_again(public.proposals, public.share_classes, public.nav_strikes, text) is
  'Posts an approved crystallisation {…, replaces} in place of one whose NAV was restated: lot by lot what R24 gives at the corrected price, the first posting reversed. EG404, EG424, EG428.';
