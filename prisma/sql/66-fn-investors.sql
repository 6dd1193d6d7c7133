-- Investors and the intake of their orders: submit, assign, take in. What an order may do is in 6a-fn-orders.sql.

drop function if exists public.fn_submit_investor(text, jsonb, text, text);
create or replace function public.fn_submit_investor(classification text, evidence jsonb default '{}', fund text default null, request_id text default null, party_kind text default 'natural_person', party_id uuid default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund uuid;
  of_party uuid;
  id uuid := gen_random_uuid();
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_strip_nulls(jsonb_build_object('classification', classification, 'evidence', evidence, 'fund', fund, 'party_kind', party_kind, 'party_id', party_id));
  answer := evergreen.earlier_answer('fn_submit_investor', request_id, input);
  if answer is not null then
    return (answer ->> 'pending_id')::uuid;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(evidence) = 'object' and octet_length(evidence::text) <= 8192, 'EG400', 'evidence is a small JSON object of document kinds and dates.');
  perform evergreen.refuse_unless(party_kind in ('natural_person', 'company', 'partnership', 'trust', 'foundation'), 'EG400', 'party_kind is natural_person, company, partnership, trust or foundation.');
  if fund is not null then
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  if party_id is null then
    of_party := evergreen.new_party(party_kind);
  else
    select p.party_id into of_party from public.parties p where p.party_id = fn_submit_investor.party_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No party with that id.');
  end if;
  insert into public.investors_pending_kyc (pending_id, fund_id, code, classification, evidence, party_id)
  values (id, of_fund, 'P-' || upper(left(replace(id::text, '-', ''), 10)), classification, evidence, of_party);
  perform evergreen.keep_evidence(of_party, evidence);
  perform evergreen.emit('INVESTOR_SUBMITTED', of_fund, jsonb_build_object('pending_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund, 'investors_pending_kyc', id::text, 'investor submitted as ' || classification, request_id);
  perform evergreen.keep_answer('fn_submit_investor', request_id, input, jsonb_build_object('pending_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_submit_investor(text, jsonb, text, text, text, uuid) is
  'Puts an investor into the KYC pipeline, with a party of its own unless one is named; evidence is {kind: date} or {kind: {on, expires, document_id}}, no personal data. Returns pending_id. EG400, EG404.';

drop function if exists public.fn_assign_investor(uuid, text, text);
create or replace function public.fn_assign_investor(pending_id uuid, classification text, request_id text default null, risk_score int default null, risk_level text default null, next_review date default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
  party public.parties;
  policy public.kyc_policies;
  until timestamptz;
  id uuid;
begin
  perform evergreen.require_role('agent_kyc', 'ops_role');
  input := jsonb_strip_nulls(jsonb_build_object('pending_id', pending_id, 'classification', classification, 'risk_score', risk_score, 'risk_level', risk_level, 'next_review', next_review));
  answer := evergreen.earlier_answer('fn_assign_investor', request_id, input);
  if answer is not null then
    return (answer ->> 'investor_id')::uuid;
  end if;
  perform evergreen.refuse_unless((fn_assign_investor.risk_score is null) = (fn_assign_investor.risk_level is null) and coalesce(fn_assign_investor.risk_level in ('low', 'medium', 'high'), true), 'EG400',
    'risk_level is low, medium or high and comes with its score.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_assign_investor.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  if waiting.kyc_status = 'assigned' then
    perform evergreen.refuse_unless(waiting.classification = fn_assign_investor.classification, 'EG428', 'The investor was assigned with another classification.');
    return waiting.investor_id;
  end if;
  perform evergreen.refuse_unless(waiting.kyc_status <> 'declined', 'EG428', 'The application was declined.');
  -- locked: a case that freezes the party comes before or after, never between
  select * into party from public.parties p where p.party_id = waiting.party_id for no key update;
  perform evergreen.refuse_unless(not evergreen.case_stands(waiting.party_id) and evergreen.screening_of(waiting.party_id) in ('clear', 'none'), 'EG430', 'The review of the application is not complete.');
  policy := evergreen.kyc_policy();
  -- R51: the first of the years of the risk, what the review says, and the first document that runs out
  until := least(evergreen.clock() + make_interval(years => (policy.body #>> array['refresh', 'years', coalesce(fn_assign_investor.risk_level, 'unrated')])::int),
    fn_assign_investor.next_review::timestamptz, (evergreen.first_expiry(waiting.party_id) + 1)::timestamptz);
  perform evergreen.refuse_unless(until > evergreen.clock(), 'EG430', 'Evidence that the clearance would rest on has run out.');
  update public.parties p set next_review = until, risk_level = coalesce(fn_assign_investor.risk_level, p.risk_level), risk_score = coalesce(fn_assign_investor.risk_score, p.risk_score) where p.party_id = waiting.party_id;
  if waiting.investor_id is not null then
    -- looked at again: the investor goes on under the same id
    select i.investor_id into id from public.investors i where i.investor_id = waiting.investor_id for no key update;
    perform evergreen.refuse_unless((select i.kyc_status <> 'blocked' from public.investors i where i.investor_id = id), 'EG428', 'The investor is blocked.');
    update public.investors i set kyc_status = 'approved', classification = fn_assign_investor.classification, kyc_valid_until = until where i.investor_id = id;
    update public.investors_pending_kyc p set kyc_status = 'assigned', classification = fn_assign_investor.classification, missing = '{}', asked = '{}' where p.pending_id = waiting.pending_id;
    perform evergreen.emit('KYC_RENEWED', waiting.fund_id, jsonb_build_object('investor_id', id), evergreen.actor(), '{}', array[id], request_id);
    perform evergreen.audit(waiting.fund_id, 'investors', id::text, 'investor cleared again as ' || fn_assign_investor.classification, request_id);
  else
    insert into public.investors (code, classification, kyc_status, eligibility_tags, kyc_valid_until, party_id)
    values ('LP-' || substr(waiting.code, 3), fn_assign_investor.classification, 'approved', waiting.eligibility_tags, until, waiting.party_id)
    returning investor_id into id;
    update public.investors_pending_kyc p set kyc_status = 'assigned', classification = fn_assign_investor.classification, investor_id = id, missing = '{}', asked = '{}' where p.pending_id = waiting.pending_id;
    perform evergreen.emit('INVESTOR_ASSIGNED', waiting.fund_id, jsonb_build_object('investor_id', id), evergreen.actor(), '{}', array[id], request_id);
    perform evergreen.audit(waiting.fund_id, 'investors', id::text, 'investor assigned as ' || fn_assign_investor.classification, request_id);
  end if;
  perform evergreen.keep_answer('fn_assign_investor', request_id, input, jsonb_build_object('investor_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_assign_investor(uuid, text, text, int, text, date) is
  'Clears a pending investor and returns investor_id (the same again for one that is looked at anew). Valid until the first of the risk''s years, next_review and the first document that runs out (R51). EG400, EG404, EG428, EG430 under review.';

create or replace function public.fn_ask_evidence(pending_id uuid, missing text[], request_id text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  waiting public.investors_pending_kyc;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('pending_id', pending_id, 'missing', missing);
  answer := evergreen.earlier_answer('fn_ask_evidence', request_id, input);
  if answer is not null then
    return answer ->> 'kyc_status';
  end if;
  perform evergreen.refuse_unless(cardinality(missing) between 1 and 20 and not exists (
    select from unnest(missing) kind where (length(kind) between 1 and 60) is not true), 'EG400', 'missing names 1 to 20 kinds of evidence of 1 to 60 characters.');
  select * into waiting from public.investors_pending_kyc p where p.pending_id = fn_ask_evidence.pending_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No pending investor with that id.');
  perform evergreen.refuse_unless(waiting.kyc_status in ('submitted', 'missing_evidence'), 'EG428', 'The application is ' || waiting.kyc_status || '.');
  if waiting.missing is distinct from fn_ask_evidence.missing or waiting.kyc_status = 'submitted' then
    update public.investors_pending_kyc p set kyc_status = 'missing_evidence', missing = fn_ask_evidence.missing where p.pending_id = waiting.pending_id;
    perform evergreen.audit(waiting.fund_id, 'investors_pending_kyc', waiting.pending_id::text, 'evidence missing: ' || array_to_string(fn_ask_evidence.missing, ', '), request_id);
  end if;
  perform evergreen.keep_answer('fn_ask_evidence', request_id, input, '{"kyc_status": "missing_evidence"}');
  return 'missing_evidence';
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_ask_evidence(uuid, text[], text) is 'Records which kinds of evidence a pending investor still owes.';

create or replace function public.fn_intake_orders(batch_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  taken public.event_batches;
  summary jsonb;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('batch_id', batch_id);
  answer := evergreen.earlier_answer('fn_intake_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into taken from public.event_batches b where b.batch_id = fn_intake_orders.batch_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No batch with that id.');
  if taken.done_at is not null then
    return taken.outcome;
  end if;
  -- no newer ladder may be laid meanwhile (fn_import_fund): the demand would stay on the old one
  perform 1 from public.funds f where f.fund_id in (select e.fund_id from public.fund_events e where e.event_id = any (taken.event_ids)) order by f.fund_id for share;
  with named as materialized (
    -- two events may name one order
    select distinct e.fund_id, (e.payload ->> 'flow_id')::uuid as flow_id from public.fund_events e where e.event_id = any (taken.event_ids)
  ), orders as materialized (
    -- locked in one order: another batch that names the same order waits, and then finds it no longer submitted
    select f.flow_id, f.fund_id, f.direction, f.event_id, i.kyc_status = 'approved' and (i.kyc_valid_until is null or i.kyc_valid_until > evergreen.clock())
             and not evergreen.party_stopped(i.party_id) as cleared,
           -- units are demand at the last price; a transfer takes nothing out of the fund
           case f.order_kind when 'transfer' then 0
             else coalesce(f.amount, round(f.requested_units * (select c.nav_per_unit from public.share_classes c where c.share_class_id = f.share_class_id), 2), 0) end as amount
      from named n
      join public.fund_flows f on f.flow_id = n.flow_id and f.fund_id = n.fund_id
      join public.investors i on i.investor_id = f.investor_id
     where f.status = 'submitted' order by f.flow_id for no key update of f
  ), moved as (
    -- 1 identity, 2 order state: only who is cleared today may be accepted (R54)
    update public.fund_flows f set status = case when o.cleared then 'accepted' else 'kyc_hold' end, accepted_at = case when o.cleared then now() end,
           -- as what the investor passed: what is decided later of the order can be read back to it
           eligibility_tag = case when o.cleared then evergreen.eligibility_of(f.investor_id) end
      from orders o where f.flow_id = o.flow_id
    returning f.flow_id
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select o.flow_id, 'submitted', case when o.cleared then 'accepted' else 'kyc_hold' end, o.event_id, evergreen.actor() from orders o
  ), demand as (
    -- 3 accepted redemptions are demand on the 30-day bucket of the liability ladder; a fund that planned for none owes it all the same
    insert into public.liquidity_ladder as l (fund_id, side, as_of, scenario_id, bucket, capacity, utilization)
    select f.fund_id, 'liability', coalesce(evergreen.ladder_date(f.fund_id, 'liability', 'base'), evergreen.ladder_date(f.fund_id, 'asset', 'base'), f.nav_as_of, current_date),
           'base', '30d', 0, d.amount
      from (select o.fund_id, sum(o.amount) as amount from orders o where o.cleared and o.direction = 'redemption' group by o.fund_id) d
      join public.funds f on f.fund_id = d.fund_id
       -- what was asked for in a demo's past is no demand on the ladder of today
     where evergreen.demo_clock() is null order by f.fund_id
    on conflict (fund_id, side, as_of, scenario_id, bucket) do update set utilization = l.utilization + excluded.utilization
  ), logged as (
    -- 4 one compliance record per order
    insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, entity_type, entity_id, workflow_id)
    select o.fund_id, 'agent:kyc', 'kyc_status', '1', case when o.cleared then 'passed' else 'review' end, 'fund_flows', o.flow_id::text, 'batch/' || taken.batch_id from orders o
  )
  select jsonb_build_object('accepted', count(*) filter (where o.cleared), 'held', count(*) filter (where not o.cleared), 'skipped', taken.events - count(*))
    into summary from orders o;
  -- 5 the batch ends with one audit row per fund
  update public.event_batches b set done_at = now(), outcome = summary, leased_by = null where b.batch_id = taken.batch_id;
  perform evergreen.keep_answer('fn_intake_orders', request_id, input, summary);
  perform evergreen.audit(f.fund_id, 'event_batches', taken.batch_id::text, taken.type || ' taken in: ' || f.orders || ' orders', request_id)
     from (select e.fund_id, count(*) as orders from public.fund_events e where e.event_id = any (taken.event_ids) group by e.fund_id) f;
  return summary;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_intake_orders(uuid, text) is
  'Takes a batch of order events in at once: KYC status, order state (accepted or kyc_hold), redemption demand on the ladder, compliance log, audit. Once per batch. Returns {accepted, held, skipped}.';
