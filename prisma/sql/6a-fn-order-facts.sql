-- What dealing looks up beside the orders: who stands behind an account, certain inflows of an ELTIF, repurchase offers, notices to the authority.

create or replace function evergreen.owner_of(of_investor uuid, on_day date) returns uuid language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select b.owner_id from public.beneficial_owners b where b.investor_id = of_investor and b.effective_from <= on_day
    order by b.effective_from desc, b.created_at desc, b.record_id limit 1), of_investor)
$$;
comment on function evergreen.owner_of(uuid, date) is 'The beneficial owner behind an account on a day; without a record the investor itself.';

create or replace function evergreen.accounts_of(of_owner uuid, on_day date) returns uuid[] language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select array(select x.id from (select of_owner as id union select b.investor_id from public.beneficial_owners b where b.owner_id = of_owner) x
    where evergreen.owner_of(x.id, on_day) = of_owner order by 1)
$$;
comment on function evergreen.accounts_of(uuid, date) is 'Every account behind which an owner stands on a day, its own among them.';

create or replace function evergreen.eligibility_of(of_investor uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select left(concat_ws('+', i.classification, nullif(array_to_string(array(select t from unnest(i.eligibility_tags) t order by 1), '+'), '')), 200)
    from public.investors i where i.investor_id = of_investor
$$;
comment on function evergreen.eligibility_of(uuid) is 'As what an investor was found eligible: the classification, and the tags of the KYC record in order, joined by +.';

create or replace function public.fn_set_beneficial_owner(investor_id uuid, owner_id uuid, effective_from date, source text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('investor_id', investor_id, 'owner_id', owner_id, 'effective_from', effective_from, 'source', source);
  answer := evergreen.earlier_answer('fn_set_beneficial_owner', request_id, input);
  if answer is not null then
    return (answer ->> 'record_id')::uuid;
  end if;
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(length(source) between 1 and 200, 'EG400', 'source has 1 to 200 characters: the paper that says so.');
  -- both, in one order: two calls that would make a chain of owners wait for each other
  perform 1 from public.investors i where i.investor_id in (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id) order by i.investor_id for no key update;
  perform evergreen.refuse_unless((select count(*) from public.investors i where i.investor_id in (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id))
    = case when investor_id = owner_id then 1 else 2 end, 'EG404', 'No investor with that id.');
  perform evergreen.refuse_unless(investor_id = owner_id or evergreen.owner_of(owner_id, 'infinity') = owner_id, 'EG428', 'Behind the owner stands somebody else: name that one.');
  perform evergreen.refuse_unless(investor_id = owner_id or cardinality(array_remove(evergreen.accounts_of(fn_set_beneficial_owner.investor_id, 'infinity'), fn_set_beneficial_owner.investor_id)) = 0,
    'EG428', 'The investor is the owner of other accounts itself.');
  -- what was dealt stays explained by what was known
  perform evergreen.refuse_unless(not exists (select from public.allocations a join public.dealing_days d using (dealing_day_id)
    where a.investor_id in (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id) and d.dealing_date >= fn_set_beneficial_owner.effective_from
      and d.status in ('posted', 'claimable', 'settled', 'closed')), 'EG428', 'The investor has dealt on or after that date.');
  insert into public.beneficial_owners (investor_id, owner_id, effective_from, source, set_by)
  values (fn_set_beneficial_owner.investor_id, fn_set_beneficial_owner.owner_id, fn_set_beneficial_owner.effective_from, fn_set_beneficial_owner.source, evergreen.actor()) returning record_id into id;
  perform evergreen.emit('BENEFICIAL_OWNER_SET', null, jsonb_build_object('investor_id', investor_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'beneficial_owners', id::text, 'beneficial owner set', request_id);
  perform evergreen.keep_answer('fn_set_beneficial_owner', request_id, input, jsonb_build_object('record_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_beneficial_owner(uuid, uuid, date, text, text) is
  'Says who stands behind an account of a nominee or feeder from a date on (R7: the gate per investor aggregates its accounts); the investor itself ends it. Returns record_id. EG400, EG404, EG428.';

create or replace function public.fn_record_certain_inflows(fund text, amount numeric, as_of date, source text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'amount', amount, 'as_of', as_of, 'source', source);
  answer := evergreen.earlier_answer('fn_record_certain_inflows', request_id, input);
  if answer is not null then
    return (answer ->> 'inflow_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(amount >= 0 and amount < 1e30 and evergreen.within_exponent(amount, of_fund.base_currency), 'EG400', 'amount is not negative and has no more decimals than the currency.');
  perform evergreen.refuse_unless(isfinite(as_of) and as_of <= evergreen.clock()::date, 'EG400', 'as_of is a date up to today.');
  perform evergreen.refuse_unless(length(source) between 1 and 200, 'EG400', 'source has 1 to 200 characters: what makes the inflows certain.');
  insert into public.certain_inflows (fund_id, as_of, amount, source, recorded_by) values (of_fund.fund_id, fn_record_certain_inflows.as_of, fn_record_certain_inflows.amount,
    fn_record_certain_inflows.source, evergreen.actor()) returning inflow_id into id;
  perform evergreen.emit('CERTAIN_INFLOWS_RECORDED', of_fund.fund_id, jsonb_build_object('inflow_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'certain_inflows', id::text, 'certain inflows recorded as of ' || as_of, request_id);
  perform evergreen.keep_answer('fn_record_certain_inflows', request_id, input, jsonb_build_object('inflow_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_certain_inflows(text, numeric, date, text, text) is
  'Records the prudent certain inflows of the next twelve months (fund currency, R9b) with their source; the NAV of a later date freezes the newest, not older than the age that its kind may have. Returns inflow_id. EG400, EG404.';

create or replace function evergreen.certain_inflows_of(of_fund uuid, on_day date) returns numeric language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.amount from public.certain_inflows c cross join lateral (select coalesce((p.value ->> 'certain_inflows')::int, (p.value ->> 'default')::int, 100) as days
      from public.platform_settings p where p.key = 'nav_max_age_days') age
   where c.fund_id = of_fund and c.as_of <= on_day and c.as_of >= on_day - age.days order by c.as_of desc, c.created_at desc, c.inflow_id limit 1
$$;
comment on function evergreen.certain_inflows_of(uuid, date) is 'The certain inflows that count on a day: the newest that are not too old (nav_max_age_days); null when there are none.';

create or replace function public.fn_open_repurchase_offer(fund text, deadline date, pricing_date date, share numeric, notice text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid := gen_random_uuid();
  today date;
  told int;
  event uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'deadline', deadline, 'pricing_date', pricing_date, 'share', share, 'notice', notice);
  answer := evergreen.earlier_answer('fn_open_repurchase_offer', request_id, input);
  if answer is not null then
    return (answer ->> 'offer_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(isfinite(deadline) and isfinite(pricing_date), 'EG400', 'deadline and pricing_date are dates.');
  perform evergreen.refuse_unless(length(notice) between 20 and 8000, 'EG400', 'notice is the text that all holders get, 20 to 8,000 characters.');
  -- 17 CFR 270.23c-3: 5 to 25 % of what is outstanding, told 21 to 42 days before the deadline, priced at most 14 days after it
  perform evergreen.refuse_unless(share between 0.05 and 0.25, 'EG424', 'An offer is for 5 to 25 % of what is outstanding.');
  perform evergreen.refuse_unless(pricing_date - deadline between 0 and 14, 'EG424', 'Pricing is at most 14 days after the deadline, and not before it.');
  perform evergreen.require_dealing_date(of_fund.fund_id, p.body, fn_open_repurchase_offer.pricing_date) from public.share_classes c
    cross join lateral evergreen.dealing_policy(c.share_class_id, fn_open_repurchase_offer.pricing_date) p where c.fund_id = of_fund.fund_id and p.body ? 'offerNoticeDays';
  today := (evergreen.clock() at time zone of_fund.time_zone)::date;
  -- as long as the terms of any class that deals by offers promise
  select max((p.body ->> 'offerNoticeDays')::int) into told from public.share_classes c cross join lateral evergreen.dealing_policy(c.share_class_id, fn_open_repurchase_offer.pricing_date) p
   where c.fund_id = of_fund.fund_id;
  perform evergreen.refuse_unless(told is not null, 'EG428', 'No class of the fund deals by repurchase offers: its terms have no offerNoticeDays.');
  perform evergreen.refuse_unless(deadline - today between greatest(21, told) and 42, 'EG424', 'Holders are told ' || greatest(21, told) || ' to 42 days before the deadline.');
  perform evergreen.refuse_unless(not exists (select from public.share_classes c cross join lateral evergreen.dealing_policy(c.share_class_id, fn_open_repurchase_offer.pricing_date) p
     where c.fund_id = of_fund.fund_id and p.body ? 'offerNoticeDays' and (evergreen.notice_deadline(of_fund.fund_id, p.body, 'redemption', fn_open_repurchase_offer.pricing_date)
       at time zone coalesce(p.body ->> 'timeZone', of_fund.time_zone))::date < fn_open_repurchase_offer.deadline), 'EG424', 'The deadline is later than the notice of a class for that pricing date.');
  perform evergreen.refuse_unless(not exists (select from public.repurchase_offers o where o.fund_id = of_fund.fund_id and o.pricing_date = fn_open_repurchase_offer.pricing_date),
    'EG428', 'There is an offer of that pricing date.');
  event := evergreen.emit('REPURCHASE_OFFER_OPENED', of_fund.fund_id, jsonb_build_object('offer_id', id), evergreen.actor(), '{}',
    array(select distinct h.investor_id from public.holdings h join public.share_classes c using (share_class_id) where c.fund_id = of_fund.fund_id and h.units > 0), request_id);
  insert into public.repurchase_offers (offer_id, fund_id, notice_on, deadline, pricing_date, share, notice, opened_by, event_id)
  values (id, of_fund.fund_id, today, fn_open_repurchase_offer.deadline, fn_open_repurchase_offer.pricing_date, fn_open_repurchase_offer.share, fn_open_repurchase_offer.notice, evergreen.actor(), event);
  perform evergreen.audit(of_fund.fund_id, 'repurchase_offers', id::text, 'repurchase offer opened, deadline ' || deadline, request_id);
  perform evergreen.keep_answer('fn_open_repurchase_offer', request_id, input, jsonb_build_object('offer_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_repurchase_offer(text, date, date, numeric, text, text) is
  'Opens a repurchase offer of an interval fund today (its notice, told to every holder): share of the NAV, 0.05 to 0.25, is the gate of its pricing date, and redemptions are taken in until the deadline. Returns offer_id. EG400, EG404, EG424, EG428.';

create or replace function evergreen.offer_for(of_fund uuid, received timestamptz, wanted date) returns public.repurchase_offers language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o from public.repurchase_offers o join public.funds f using (fund_id)
   where o.fund_id = of_fund and (received at time zone f.time_zone)::date between o.notice_on and o.deadline and (wanted is null or o.pricing_date = wanted) order by o.pricing_date limit 1
$$;
comment on function evergreen.offer_for(uuid, timestamptz, date) is 'The open repurchase offer that an order received at a time may be placed under, the earliest; null when none is open.';

create or replace function public.fn_note_notice(notice_id uuid, notified_at timestamptz default null, request_id text default null) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  due public.authority_notices;
  at timestamptz;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('notice_id', notice_id, 'notified_at', notified_at);
  answer := evergreen.earlier_answer('fn_note_notice', request_id, input);
  if answer is not null then
    return (answer ->> 'notified_at')::timestamptz;
  end if;
  select * into due from public.authority_notices n where n.notice_id = fn_note_notice.notice_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No notice with that id.');
  perform evergreen.refuse_unless(due.notified_at is null, 'EG428', 'The authority was told already.');
  at := coalesce(fn_note_notice.notified_at, now());
  perform evergreen.refuse_unless(isfinite(at) and at <= now() and at >= due.created_at, 'EG400', 'notified_at is a time since the notice was due, up to now.');
  update public.authority_notices n set notified_at = at where n.notice_id = due.notice_id;
  perform evergreen.emit('AUTHORITY_NOTICE_GIVEN', due.fund_id, jsonb_build_object('notice_id', due.notice_id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(due.fund_id, 'authority_notices', due.notice_id::text, 'authority told', request_id);
  perform evergreen.keep_answer('fn_note_notice', request_id, input, jsonb_build_object('notified_at', at));
  return at;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_note_notice(uuid, timestamptz, text) is 'Records when the competent authority was told of something that is due; returns the time. EG400, EG404, EG428 already.';
