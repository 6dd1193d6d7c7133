-- Orders: place (in money or units, switches, transfers), cancel, hold, release. Policies bind where the rows are locked.

create or replace function evergreen.dealing_policy(of_class uuid, on_day date) returns public.dealing_policies language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p from public.dealing_policies p where p.share_class_id = of_class and p.effective_from <= on_day order by p.effective_from desc, p.version desc limit 1
$$;
comment on function evergreen.dealing_policy(uuid, date) is 'The dealing policy of a class in force on a day.';

create or replace function evergreen.is_business_day(of_calendar text, on_day date) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select extract(isodow from on_day) < 6 and not exists (select from public.calendar_holidays h where h.calendar = of_calendar and h.date = on_day)
$$;
comment on function evergreen.is_business_day(text, date) is 'Monday to Friday and no holiday of the calendar; a calendar without holidays has weekends only.';

create or replace function evergreen.notice_deadline(of_fund uuid, body jsonb, direction text, on_day date) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  place record;
  n int := coalesce((body #>> array['notice', direction, 'n'])::int, 0);
  day date := on_day;
begin
  select coalesce(body ->> 'calendar', f.calendar) as calendar, coalesce(body ->> 'timeZone', f.time_zone) as zone into place from public.funds f where f.fund_id = of_fund;
  -- R3: calendar days back and then to the business day before, or business days back
  if n > 0 and body #>> array['notice', direction, 'basis'] = 'business' then
    select d::date into day from generate_series(on_day - 1, on_day - 3 * n - 30, interval '-1 day') d
     where evergreen.is_business_day(place.calendar, d::date) order by d desc offset n - 1 limit 1;
  elsif n > 0 then
    select d::date into day from generate_series(on_day - n, on_day - n - 30, interval '-1 day') d
     where evergreen.is_business_day(place.calendar, d::date) order by d desc limit 1;
  end if;
  return (day + (body ->> 'cutOff')::time) at time zone place.zone;
end $$;
comment on function evergreen.notice_deadline(uuid, jsonb, text, date) is 'Until when an order must be in to deal on a day: the cut-off time of its notice day, in the fund''s zone (R3).';

create or replace function evergreen.check_redemption(class public.share_classes, policy public.dealing_policies, of_investor uuid, money numeric, wanted_units numeric, on_day date)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  held numeric;
  pending numeric;
  free numeric;
  wanted numeric;
  least_money numeric;
  hard int := coalesce((policy.body #>> '{lockUp,hardMonths}')::int, 0);
begin
  -- two redemptions of one holding: the second waits here and then sees the first
  select h.units into held from public.holdings h where h.investor_id = of_investor and h.share_class_id = class.share_class_id for no key update;
  perform evergreen.refuse_unless(coalesce(held, 0) > 0, 'EG430', 'The investor holds no units of that class.');
  least_money := (policy.body #>> '{minimums,redemption}')::numeric;
  wanted := coalesce(wanted_units, round(round(money, 20) / class.nav_per_unit, class.units_dp));
  select coalesce(sum(coalesce(f.requested_units, round(round(f.amount, 20) / class.nav_per_unit, class.units_dp))), 0) into pending from public.fund_flows f
   where f.investor_id = of_investor and f.share_class_id = class.share_class_id and f.direction = 'redemption'
     and f.status in ('draft', 'submitted', 'kyc_hold', 'accepted', 'locked', 'priced');
  if wanted is null then
    perform evergreen.refuse_unless(least_money is null or money >= least_money, 'EG430', 'The redemption is below the minimum.');
    return;  -- money before the first price: held to the holding when it is allocated
  end if;
  perform evergreen.refuse_unless(wanted + pending <= held, 'EG430', 'The orders would exceed the holding.');
  select coalesce(sum(l.units_left), 0) into free from public.lots l
   where l.investor_id = of_investor and l.share_class_id = class.share_class_id and l.units_left > 0 and (l.opened_on + make_interval(months => hard))::date <= on_day;
  perform evergreen.refuse_unless(wanted + pending <= free, 'EG430', 'Units are locked up on that dealing date.');
  perform evergreen.refuse_unless(least_money is null or wanted = held or coalesce(money, wanted * class.nav_per_unit) is null
    or coalesce(money, wanted * class.nav_per_unit) >= least_money, 'EG430', 'The redemption is below the minimum.');
  least_money := (policy.body #>> '{minimums,holding}')::numeric;
  perform evergreen.refuse_unless(least_money is null or wanted + pending = held or class.nav_per_unit is null
    or (held - wanted - pending) * class.nav_per_unit >= least_money, 'EG430', 'What is left would be below the minimum holding; redeem all of it.');
end $$;
comment on function evergreen.check_redemption(public.share_classes, public.dealing_policies, uuid, numeric, numeric, date) is
  'Refuses (EG430) what the holding, the lock-up or the minimums do not allow, under the lock of the holding. Units of the class, money in fund currency.';

create or replace function evergreen.check_elected_lots(class public.share_classes, policy public.dealing_policies, of_investor uuid, elected uuid[], money numeric, wanted_units numeric, on_day date)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  free numeric;
  hard int := coalesce((policy.body #>> '{lockUp,hardMonths}')::int, 0);
begin
  if elected is null then
    return;
  end if;
  perform evergreen.refuse_unless((select count(*) from public.lots l where l.lot_id = any (elected) and l.investor_id = of_investor and l.share_class_id = class.share_class_id) = cardinality(elected),
    'EG404', 'The investor has no such lot in that class.');
  select coalesce(sum(l.units_left), 0) into free from public.lots l where l.lot_id = any (elected) and (l.opened_on + make_interval(months => hard))::date <= on_day;
  perform evergreen.refuse_unless(coalesce(coalesce(wanted_units, round(round(money, 20) / class.nav_per_unit, class.units_dp)) <= free, true), 'EG430', 'The lots that are named do not have so many free units on that dealing date.');
end $$;
comment on function evergreen.check_elected_lots(public.share_classes, public.dealing_policies, uuid, uuid[], numeric, numeric, date) is
  'Refuses lots that are not the investor''s (EG404) or do not cover the order free of the lock-up (EG430); none named: nothing to check.';

drop function if exists public.fn_place_order(text, uuid, text, numeric, text, text, text);
drop function if exists public.fn_place_order(text, uuid, text, numeric, text, text, text, text, numeric, date, text, text, uuid, timestamptz);
create or replace function public.fn_place_order(
  fund text, investor_id uuid, direction text, amount numeric default null, currency text default null, channel text default 'api', request_id text default null,
  share_class text default null, units numeric default null, dealing_date date default null, order_kind text default 'plain', to_class text default null,
  to_investor uuid default null, received_at timestamptz default null, elected_lots uuid[] default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  class public.share_classes;
  target public.share_classes;
  policy public.dealing_policies;
  offer public.repurchase_offers;
  id uuid := gen_random_uuid();
  other uuid := gen_random_uuid();
  event uuid;
  other_event uuid;
  received timestamptz;
  least_money numeric;
  in_kind text;
  late boolean := false;
  note text;
begin
  perform evergreen.require_role('lp_role', 'ops_role');
  -- what is new is added only where it is given: requests of before keep their hash
  input := jsonb_build_object('fund', fund, 'investor_id', investor_id, 'direction', direction, 'amount', amount, 'currency', currency, 'channel', channel)
    || jsonb_strip_nulls(jsonb_build_object('share_class', share_class, 'units', units, 'dealing_date', dealing_date, 'order_kind', nullif(order_kind, 'plain'),
         'to_class', to_class, 'to_investor', to_investor, 'received_at', received_at, 'elected_lots', to_jsonb(elected_lots)));
  answer := evergreen.earlier_answer('fn_place_order', request_id, input);
  if answer is not null then
    return (answer ->> 'flow_id')::uuid;
  end if;
  -- an investor of somebody else and one that does not exist look the same
  perform evergreen.refuse_unless(exists (select from public.investors i where i.investor_id = fn_place_order.investor_id)
    and (evergreen.role_name() <> 'lp_role' or investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No investor with that id.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(of_fund.status = 'active', 'EG428', 'The fund is ' || of_fund.status || '; it takes no orders.');
  perform evergreen.refuse_unless(direction in ('subscription', 'redemption'), 'EG400', 'direction is subscription or redemption.');
  perform evergreen.refuse_unless(order_kind in ('plain', 'switch', 'transfer') and (order_kind = 'plain' or direction = 'redemption'),
    'EG400', 'order_kind is plain, or switch or transfer of what a redemption gives up.');
  perform evergreen.refuse_unless(num_nonnulls(amount, units) = 1, 'EG400', 'An order is either in money (amount) or in units.');
  perform evergreen.refuse_unless(units is null or (direction = 'redemption' and share_class is not null), 'EG400', 'Only a redemption of a class can be in units.');
  perform evergreen.refuse_unless(amount is null or order_kind <> 'transfer', 'EG400', 'A transfer is in units.');
  perform evergreen.refuse_unless(coalesce(currency, of_fund.base_currency) = of_fund.base_currency, 'EG400', 'The fund deals in ' || of_fund.base_currency || '.');
  perform evergreen.refuse_unless(amount is null or (amount > 0 and amount < 1e30 and evergreen.within_exponent(amount, of_fund.base_currency)),
    'EG400', 'amount is positive and has no more decimals than the currency.');
  perform evergreen.refuse_unless(length(channel) between 1 and 40, 'EG400', 'channel has 1 to 40 characters.');
  perform evergreen.refuse_unless(share_class is not null or (order_kind = 'plain' and dealing_date is null), 'EG400', 'A dealing date, a switch or a transfer needs a class.');
  -- R3: the oldest lots go first unless the investor names them, in the order in which they are to go
  perform evergreen.refuse_unless(elected_lots is null or (direction = 'redemption' and share_class is not null and cardinality(elected_lots) between 1 and 1000
    and (select count(e) = count(distinct e) and count(e) = cardinality(elected_lots) from unnest(elected_lots) e)), 'EG400', 'elected_lots names 1 to 1,000 lots of the class, each once; only what is given up names lots.');
  received := now();
  if received_at is not null then
    -- a time of receipt that the caller names is how late trading is done: only history of a synthetic fund has one
    perform evergreen.refuse_unless(of_fund.synthetic and received_at <= now() and evergreen.role_name() = 'ops_role'
      and exists (select from public.platform_settings s where s.key = 'demo' and s.value = 'true'::jsonb), 'EG403', 'Only the history of a demo fund may be dated back.');
    received := received_at;
  end if;
  if share_class is not null then
    select * into class from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class);
    perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
    perform evergreen.refuse_unless(units is null or (units > 0 and units < 1e18 and units = round(units, class.units_dp)), 'EG400', 'units are positive and have no more decimals than the class.');
    perform evergreen.refuse_unless(class.pocket_of is null, 'EG428', 'A side pocket is closed: it takes no orders.');
    policy := evergreen.dealing_policy(class.share_class_id, coalesce(dealing_date, received::date));
    perform evergreen.refuse_unless(policy.policy_id is not null, 'EG428', 'The class has no dealing policy in force.');
    perform evergreen.refuse_unless(dealing_date is null or isfinite(dealing_date), 'EG400', 'dealing_date is a date.');
    if policy.body ? 'offerNoticeDays' and direction = 'redemption' and order_kind = 'plain' then
      -- an interval fund buys back when it has offered to, and for the date of the offer
      offer := evergreen.offer_for(of_fund.fund_id, received, dealing_date);
      perform evergreen.refuse_unless(offer.offer_id is not null, 'EG430', 'No repurchase offer is open for that date.');
      dealing_date := offer.pricing_date;
    end if;
    if dealing_date is not null then
      perform evergreen.require_dealing_date(of_fund.fund_id, policy.body, dealing_date);
    end if;
    -- R2: what is late rolls to the next dealing day it is in time for
    late := coalesce(evergreen.notice_deadline(of_fund.fund_id, policy.body, direction, dealing_date) < received, false);
    perform evergreen.refuse_unless(not late or offer.offer_id is null, 'EG430', 'The order is too late for the repurchase offer.');
    note := case when late then 'late for ' || dealing_date || ': rolls to the next dealing day' end;
    if direction = 'redemption' then
      -- each lot deals at the price of its series: which units an amount is would depend on which lots they are
      perform evergreen.refuse_unless(amount is null or policy.body #>> '{fees,performance,method}' is distinct from 'series', 'EG428', 'A class by series redeems in units: its lots have prices of their own.');
      perform evergreen.check_elected_lots(class, policy, investor_id, elected_lots, amount, units, coalesce(dealing_date, received::date));
      perform evergreen.check_redemption(class, policy, investor_id, amount, units, coalesce(dealing_date, received::date));
    else
      least_money := (policy.body #>> array['minimums', case when exists (select from public.holdings h where h.investor_id = fn_place_order.investor_id
        and h.share_class_id = class.share_class_id and h.units > 0) then 'additional' else 'initial' end])::numeric;
      perform evergreen.refuse_unless(least_money is null or amount >= least_money, 'EG430', 'The subscription is below the minimum.');
    end if;
    if order_kind = 'switch' then
      select * into target from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = to_class or c.share_class_id::text = to_class);
      perform evergreen.refuse_unless(found and target.share_class_id <> class.share_class_id, 'EG404', 'to_class names another class of the fund.');
      perform evergreen.refuse_unless(target.pocket_of is null, 'EG428', 'A side pocket is closed: it takes no orders.');
    elsif order_kind = 'transfer' then
      perform evergreen.refuse_unless(evergreen.role_name() = 'ops_role', 'EG403', 'Operations enter transfers, with the papers of both sides.');
      target := class;
      perform evergreen.refuse_unless(to_investor <> investor_id and exists (select from public.investors i where i.investor_id = to_investor), 'EG404', 'to_investor names another investor.');
    end if;
  end if;
  event := evergreen.emit(case direction when 'subscription' then 'SUBSCRIPTION_REQUESTED' else 'REDEMPTION_REQUESTED' end, of_fund.fund_id,
    jsonb_build_object('flow_id', id), evergreen.actor(), '{}', array[investor_id], request_id);
  in_kind := order_kind;
  insert into public.fund_flows (flow_id, fund_id, share_class_id, investor_id, direction, order_kind, amount, requested_units, currency, status, channel, requested_at,
    dealing_date, policy_id, placed_by, reason, event_id, elected_lots, offer_id)
  values (id, of_fund.fund_id, class.share_class_id, investor_id, direction, in_kind, amount, units, of_fund.base_currency, 'submitted', channel, received,
    case when not late then dealing_date end, policy.policy_id, evergreen.actor(), note, event, coalesce(elected_lots, '{}'), offer.offer_id);
  insert into public.order_transitions (flow_id, to_status, event_id, reason, actor) values (id, 'submitted', event, note, evergreen.actor());
  if in_kind <> 'plain' then
    -- the leg that receives; the two are accepted each by itself and dealt together
    other_event := evergreen.emit('SUBSCRIPTION_REQUESTED', of_fund.fund_id, jsonb_build_object('flow_id', other), evergreen.actor(), '{}',
      array[coalesce(to_investor, investor_id)], request_id);
    insert into public.fund_flows (flow_id, fund_id, share_class_id, investor_id, direction, order_kind, requested_units, currency, status, channel, requested_at,
      dealing_date, policy_id, placed_by, linked_flow_id, reason, event_id)
    values (other, of_fund.fund_id, target.share_class_id, coalesce(to_investor, investor_id), 'subscription', in_kind,
      case in_kind when 'transfer' then units end, of_fund.base_currency, 'submitted', channel, received, case when not late then dealing_date end, policy.policy_id, evergreen.actor(), id, note, other_event);
    update public.fund_flows f set linked_flow_id = other where f.flow_id = id;
    insert into public.order_transitions (flow_id, to_status, event_id, reason, actor) values (other, 'submitted', other_event, note, evergreen.actor());
  end if;
  perform evergreen.audit(of_fund.fund_id, 'fund_flows', id::text, case in_kind when 'plain' then direction else in_kind end || ' submitted', request_id);
  perform evergreen.keep_answer('fn_place_order', request_id, input, jsonb_build_object('flow_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_place_order(text, uuid, text, numeric, text, text, text, text, numeric, date, text, text, uuid, timestamptz, uuid[]) is
  'Submits an order for an investor; an LP only for its own. amount in fund currency, or units of share_class (redemptions). An order that is late for its dealing date rolls to the next. order_kind switch (to_class) and transfer (to_investor) give two linked orders; elected_lots are the lots that go, in that order, instead of the oldest first. Redemptions of an interval fund need an open repurchase offer and deal on its date. Returns flow_id of what is given up. EG400, EG403, EG404, EG428, EG430 lock-up, minimum, holding, or no offer.';

create or replace function evergreen.move_order(of_flow uuid, to_state text, event uuid, why text, document text default null) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with moved as (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = of_flow or f.linked_flow_id = of_flow
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, document, actor)
    select m.flow_id, m.status, to_state, event, why, move_order.document, evergreen.actor() from moved m where m.status <> to_state
  )
  update public.fund_flows f set status = to_state,
         -- the investor reads this row: why an order is held stands in its records only
         reason = case when to_state = 'kyc_hold' then 'held for a check' when m.status = 'kyc_hold' and to_state = 'accepted' then null else why end, dealing_day_id = case when to_state in ('accepted', 'kyc_hold') then null else f.dealing_day_id end,
         accepted_at = case when to_state = 'accepted' then now() else f.accepted_at end,
         eligibility_tag = case when to_state = 'accepted' then evergreen.eligibility_of(f.investor_id) else f.eligibility_tag end
    from moved m where f.flow_id = m.flow_id;
end $$;
comment on function evergreen.move_order(uuid, text, uuid, text, text) is 'Moves an order and the leg linked to it to a state, with its records and the document it rests on. EG428 when R1 does not know the step.';

create or replace function public.fn_cancel_order(flow_id uuid, reason text default null, request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  mine public.fund_flows;
  event uuid;
  consent uuid;
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role');
  input := jsonb_build_object('flow_id', flow_id, 'reason', reason);
  answer := evergreen.earlier_answer('fn_cancel_order', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(reason is null or length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  -- consent, fund, then the order: a strike takes them in that order too
  select p.proposal_id into consent from public.proposals p join public.fund_flows f on f.fund_id = p.fund_id
   where f.flow_id = fn_cancel_order.flow_id and p.kind = 'cancellation' and p.status = 'approved' and p.body ->> 'flow_id' in (f.flow_id::text, f.linked_flow_id::text)
   order by p.created_at limit 1 for no key update of p;
  perform 1 from public.funds x where x.fund_id = (select p.fund_id from public.proposals p where p.proposal_id = consent) for no key update;
  perform 1 from public.fund_flows f where f.flow_id = fn_cancel_order.flow_id or f.linked_flow_id = fn_cancel_order.flow_id order by f.flow_id for no key update;
  select * into mine from public.fund_flows f where f.flow_id = fn_cancel_order.flow_id;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or mine.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(mine.status in ('draft', 'submitted', 'kyc_hold', 'accepted', 'locked'), 'EG428', 'The order is ' || mine.status || ' and can no longer be cancelled.');
  perform evergreen.refuse_unless(mine.cleared_at is null, 'EG428', 'Its money has arrived; return that first.');
  if mine.status = 'locked' then
    -- after the cut-off it takes two people (R1), who put their names to this order
    perform evergreen.refuse_unless(consent is not null, 'EG428', 'After the cut-off two people consent to a cancellation first; propose it.');
    consent := (evergreen.take_consent(consent, 'cancellation')).proposal_id;
  end if;
  event := evergreen.emit('ORDER_CANCELLED', mine.fund_id, jsonb_build_object('flow_id', mine.flow_id), evergreen.actor(), '{}', array[mine.investor_id], request_id);
  perform evergreen.move_order(mine.flow_id, 'cancelled', event, coalesce(reason, 'cancelled'));
  perform evergreen.audit(mine.fund_id, 'fund_flows', mine.flow_id::text, 'order cancelled', request_id);
  perform evergreen.keep_answer('fn_cancel_order', request_id, input, '{"status": "cancelled"}');
  return 'cancelled';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_cancel_order(uuid, text, text) is
  'Cancels an order and the leg linked to it: freely before the cut-off, after it once two people have approved its cancellation (fn_propose_posting). EG404, EG420, EG421, EG428.';

create or replace function public.fn_hold_order(flow_id uuid, reason text, request_id text default null, document text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  held public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_kyc', 'agent_compliance_sentinel');
  input := jsonb_strip_nulls(jsonb_build_object('flow_id', flow_id, 'reason', reason, 'document', document));
  answer := evergreen.earlier_answer('fn_hold_order', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500 and (document is null or length(document) between 1 and 200), 'EG400', 'reason has 1 to 500 characters, document 1 to 200.');
  perform 1 from public.fund_flows f where f.flow_id = fn_hold_order.flow_id or f.linked_flow_id = fn_hold_order.flow_id order by f.flow_id for no key update;
  select * into held from public.fund_flows f where f.flow_id = fn_hold_order.flow_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(held.status in ('submitted', 'accepted', 'locked'), 'EG428', 'The order is ' || held.status || ' and cannot be held.');
  event := evergreen.emit('ORDER_HELD', held.fund_id, jsonb_build_object('flow_id', held.flow_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.move_order(held.flow_id, 'kyc_hold', event, reason, document);
  perform evergreen.audit(held.fund_id, 'fund_flows', held.flow_id::text, 'order held', request_id);
  perform evergreen.keep_answer('fn_hold_order', request_id, input, '{"status": "kyc_hold"}');
  return 'kyc_hold';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_hold_order(uuid, text, text, text) is 'Holds an order (and the leg linked to it) that is not priced yet, with the document that asks for it, if any; the investor is not told why. EG400, EG404, EG428.';

create or replace function public.fn_release_hold(flow_id uuid, reason text, request_id text default null, document text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  held public.fund_flows;
  event uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_strip_nulls(jsonb_build_object('flow_id', flow_id, 'reason', reason, 'document', document));
  answer := evergreen.earlier_answer('fn_release_hold', request_id, input);
  if answer is not null then
    return answer ->> 'status';
  end if;
  -- a hold is overridden on the strength of a document, which whoever audits it can ask for
  perform evergreen.refuse_unless(length(reason) between 1 and 500 and length(document) between 1 and 200, 'EG400', 'reason has 1 to 500 characters, document 1 to 200.');
  perform 1 from public.fund_flows f where f.flow_id = fn_release_hold.flow_id or f.linked_flow_id = fn_release_hold.flow_id order by f.flow_id for no key update;
  select * into held from public.fund_flows f where f.flow_id = fn_release_hold.flow_id;
  perform evergreen.refuse_unless(found, 'EG404', 'No order with that id.');
  perform evergreen.refuse_unless(held.status = 'kyc_hold', 'EG428', 'The order is ' || held.status || ', not held.');
  -- nobody overrides KYC: both parties of the order are cleared, or it stays (I14)
  perform evergreen.refuse_unless(not exists (select from public.fund_flows f where (f.flow_id = held.flow_id or f.linked_flow_id = held.flow_id)
    and not evergreen.is_cleared(f.investor_id)), 'EG430', 'An investor of the order is not cleared by KYC.');
  event := evergreen.emit('ORDER_RELEASED', held.fund_id, jsonb_build_object('flow_id', held.flow_id), evergreen.actor(), '{}', array[held.investor_id], request_id);
  perform evergreen.move_order(held.flow_id, 'accepted', event, reason, document);
  perform evergreen.audit(held.fund_id, 'fund_flows', held.flow_id::text, 'hold released', request_id);
  perform evergreen.keep_answer('fn_release_hold', request_id, input, '{"status": "accepted"}');
  return 'accepted';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_release_hold(uuid, text, text, text) is 'Accepts a held order again once its investor is cleared, on the strength of a document; it deals on the next day it is eligible for. EG400, EG404, EG428, EG430 not cleared.';

create or replace function evergreen.is_cleared(of_investor uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from public.investors i where i.investor_id = of_investor and i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock())
    and not evergreen.party_stopped(i.party_id))
$$;
comment on function evergreen.is_cleared(uuid) is 'Whether KYC clears the investor at this moment: approved, in date, and nobody behind it frozen or possibly on a list.';
