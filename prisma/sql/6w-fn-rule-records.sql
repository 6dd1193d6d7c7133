-- What rules are asked about and what came of it: a run keeps the versions it began with, facts of orders in one reading, verdicts with their trees, orders held.

create or replace function evergreen.rules_in_force(of_fund uuid, on_day date) returns setof public.rule_pack_versions
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select v.* from (
    select distinct on (x.pack) x.* from public.rule_pack_versions x
     where x.status = 'live' and x.effective_from <= on_day order by x.pack, x.effective_from desc, x.version desc) v
   where (v.effective_until is null or v.effective_until > on_day)
     and (not v.body ? 'regimes' or v.body -> 'regimes' ? coalesce((select p.body ->> 'regime' from public.lmt_policies p
       where p.fund_id = of_fund and p.effective_from <= on_day order by p.effective_from desc, p.version desc limit 1), ''))
   order by v.pack
$$;
comment on function evergreen.rules_in_force(uuid, date) is 'The live version of every pack that counts for a fund on a day: of each pack the newest by its effective date, of the fund''s regime.';

create or replace function public.fn_pin_rules(workflow_id text, fund_id uuid default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pinned public.rule_pins;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  perform evergreen.refuse_unless(length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  perform evergreen.refuse_unless(fund_id is null or exists (select from public.funds f where f.fund_id = fn_pin_rules.fund_id), 'EG404', 'No fund with that id.');
  perform evergreen.harmless_text('fn_pin_rules', to_jsonb(workflow_id));
  -- the first look decides for the whole run, whatever goes live meanwhile
  insert into public.rule_pins (workflow_id, fund_id, version_ids)
  values (fn_pin_rules.workflow_id, fn_pin_rules.fund_id, array(select v.version_id from evergreen.rules_in_force(fn_pin_rules.fund_id, evergreen.clock()::date) v order by v.pack)) on conflict do nothing;
  select * into pinned from public.rule_pins p where p.workflow_id = fn_pin_rules.workflow_id;
  return jsonb_build_object(
    'live', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.pack) from public.rule_pack_versions v where v.version_id = any (pinned.version_ids)), '[]'),
    -- what is tested and not live runs beside, and decides nothing
    'drafts', coalesce((select jsonb_agg(jsonb_build_object('version_id', v.version_id, 'hash', v.hash, 'body', v.body) order by v.pack, v.version) from public.rule_pack_versions v where v.status = 'tested'), '[]'));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_pin_rules(text, uuid) is
  'The versions a run judges by: those in force at its first look, kept for all of it. Returns {live: [{version_id, hash, body}], drafts: […]}. EG400, EG404.';

create or replace function evergreen.order_facts(of_flow public.fund_flows) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- not in SQL: what it asks of screening is created after it
  return (select jsonb_build_object(
    'investor', known.facts - 'tests' - 'verified' || jsonb_strip_nulls(jsonb_build_object('classification', i.classification, 'kycStatus', i.kyc_status,
      'kycValidUntil', to_char(i.kyc_valid_until at time zone 'UTC', 'YYYY-MM-DD'), 'tags', to_jsonb(i.eligibility_tags),
      'suitability', (select bool_or(p.evidence ? 'suitability_test') from public.investors_pending_kyc p where p.investor_id = i.investor_id),
      'sourceOfFunds', (select bool_or(p.evidence ? 'source_of_funds') from public.investors_pending_kyc p where p.investor_id = i.investor_id))),
    'tests', coalesce(known.facts -> 'tests', '{}'),
    'order', jsonb_strip_nulls(jsonb_build_object('direction', f.direction, 'kind', f.order_kind, 'channel', f.channel, 'requestedOn', to_char(f.requested_at at time zone 'UTC', 'YYYY-MM-DD'),
      'amount', trim_scale(coalesce(f.amount, round(f.requested_units * c.nav_per_unit, 4)))::text, 'noticeDays', (f.dealing_date - (f.requested_at at time zone 'UTC')::date)::text,
      'selfHosted', case when f.channel <> 'wallet' then false end)),
    'fund', jsonb_strip_nulls(jsonb_build_object('nav', trim_scale(u.net_assets)::text,
      'regime', (select p.body ->> 'regime' from public.lmt_policies p where p.fund_id = u.fund_id and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1))),
    -- everybody above the investor, by whichever chain; shares of the direct ones
    'owners', case when i.party_id is not null then (
      with recursive above (party_id, share, depth) as (
        select l.owner_id, l.share::numeric, 1 from evergreen.links_in_force(current_date) l where l.owned_id = i.party_id
        union select l.owner_id, null::numeric, a.depth + 1 from above a join evergreen.links_in_force(current_date) l on l.owned_id = a.party_id where a.depth < 10)
      select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('share', trim_scale(o.share)::text)) || (evergreen.party_rule_facts(o.party_id) - 'kind' - 'risk') order by o.party_id), '[]')
        from (select a.party_id, max(a.share) as share from above a group by a.party_id) o) end,
    -- more than can be read is not known, rather than too little
    'history', (select case when count(*) <= 500 then coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('on', to_char(h.requested_at at time zone 'UTC', 'YYYY-MM-DD'), 'direction', h.direction, 'channel', h.channel,
        'amount', trim_scale(coalesce(h.net_amount, h.amount, round(h.requested_units * c.nav_per_unit, 4)))::text)) order by h.requested_at, h.flow_id), '[]') end
      from (select x.* from public.fund_flows x where x.investor_id = f.investor_id and x.fund_id = f.fund_id and x.flow_id <> f.flow_id and x.order_kind = 'plain' and x.requested_at <= f.requested_at
        and (x.requested_at, x.flow_id) < (f.requested_at, f.flow_id) and x.parent_flow_id is null and x.status not in ('draft', 'rejected', 'cancelled', 'lapsed') order by x.requested_at desc limit 501) h))
    from (select (of_flow).*) f
    join public.investors i on i.investor_id = f.investor_id
    cross join lateral (select coalesce(evergreen.party_rule_facts(i.party_id), '{}') as facts) known
    join public.funds u on u.fund_id = f.fund_id
    left join public.share_classes c on c.share_class_id = f.share_class_id);
end $$;
comment on function evergreen.order_facts(public.fund_flows) is 'What rules may know of an order, as of the moment it was asked for: amounts in the fund''s currency, units at the last price; what is not known is absent.';

create or replace function public.fn_read_order_facts(dealing_day_id uuid default null, fund text default null, since timestamptz default null, until timestamptz default null, after uuid default null, max_orders int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  day public.dealing_days;
  of_fund uuid;
  found_orders jsonb;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'pm_role', 'ops_role', 'audit_role');
  perform evergreen.refuse_unless(num_nonnulls(dealing_day_id, fund) = 1 and max_orders between 1 and 5000, 'EG400', 'Name a dealing day, or a fund and a time; at most 5,000 orders at once.');
  if dealing_day_id is not null then
    select * into day from public.dealing_days d where d.dealing_day_id = fn_read_order_facts.dealing_day_id;
    perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  else
    select f.fund_id into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
    perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('flow_id', f.flow_id, 'investor_id', f.investor_id, 'as_of', to_char(f.requested_at at time zone 'UTC', 'YYYY-MM-DD'), 'facts', evergreen.order_facts(f),
      'snoozed', (select coalesce(jsonb_agg(distinct z.pack || '/' || z.rule), '[]') from public.rule_snoozes z where z.until > now() and (z.entity_id = f.investor_id or z.entity_id = f.fund_id)),
      -- a person released the order after a rule of this version had held it
      'cleared', (select coalesce(jsonb_agg(distinct l.version_id), '[]') from public.compliance_logs l where l.entity_id = f.flow_id::text and l.version_id is not null
        and exists (select from public.order_transitions t where t.flow_id = f.flow_id and t.from_status = 'kyc_hold' and t.to_status = 'accepted' and t.created_at > l.created_at))) order by f.flow_id), '[]')
    into found_orders
    from (select x.* from public.fund_flows x
           where (case when day.dealing_day_id is not null then x.dealing_day_id = day.dealing_day_id and x.status in ('locked', 'priced')
                       else x.fund_id = of_fund and x.status <> 'draft' and x.requested_at >= coalesce(since, '-infinity') and x.requested_at < coalesce(until, 'infinity') end)
             and (after is null or x.flow_id > after) order by x.flow_id limit max_orders) f;
  return found_orders;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_order_facts(uuid, text, timestamptz, timestamptz, uuid, int) is
  'Facts of the orders of a dealing day, or of a fund between two times (for shadow runs over the past), by id after `after`. Returns [{flow_id, investor_id, as_of, facts, snoozed, cleared}]. EG400, EG404.';

create or replace function public.fn_record_rules(workflow_id text, results jsonb, shadows jsonb default '[]', dealing_day_id uuid default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  pinned public.rule_pins;
  d public.dealing_days;
  held uuid[];
  applicants int;
  event uuid;
  one uuid;
begin
  perform evergreen.require_role('agent_compliance_sentinel');
  input := jsonb_build_object('workflow_id', workflow_id, 'results', results, 'shadows', shadows, 'dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_record_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(results) = 'array' and jsonb_typeof(shadows) = 'array' and jsonb_array_length(results) <= 50000 and jsonb_array_length(shadows) <= 50000, 'EG400', 'results and shadows are lists of verdicts.');
  perform evergreen.refuse_unless(octet_length(results::text) <= 67108864, 'EG413', 'results are larger than 64 MB.');
  select * into pinned from public.rule_pins p where p.workflow_id = fn_record_rules.workflow_id;
  perform evergreen.refuse_unless(found, 'EG404', 'That run has not looked at the rules yet.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(results) r where (r ->> 'outcome' in ('approve', 'review', 'block_and_review', 'decline')
      and r ->> 'entity_type' in ('fund_flows', 'investors', 'investors_pending_kyc', 'funds', 'proposals') and length(r ->> 'entity_id') between 1 and 100 and jsonb_typeof(r -> 'explain') = 'array') is not true),
    'EG400', 'A verdict is {entity_type, entity_id, version_id, outcome, explain}.');
  -- by the versions the run began with, and by no other
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(results) r where ((r ->> 'version_id')::uuid = any (pinned.version_ids)) is not true), 'EG428', 'A verdict is by another version than those of the run.');
  if dealing_day_id is not null then
    d := evergreen.lock_dealing_day(dealing_day_id);
    perform evergreen.refuse_unless(d.fund_id is not distinct from pinned.fund_id, 'EG428', 'The run is of another fund.');
  end if;
  insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, outcome, version_id, explain, entity_type, entity_id, detail, workflow_id)
  select pinned.fund_id, evergreen.actor(), v.pack, v.version::text, case r ->> 'outcome' when 'approve' then 'passed' when 'decline' then 'failed' else 'review' end, r ->> 'outcome', v.version_id, r -> 'explain',
         r ->> 'entity_type', r ->> 'entity_id', jsonb_build_object('rules', coalesce((select jsonb_agg(x ->> 'rule') from jsonb_array_elements(r -> 'explain') x where x ->> 'outcome' <> 'approve'), '[]')), pinned.workflow_id
    from jsonb_array_elements(results) r join public.rule_pack_versions v on v.version_id = (r ->> 'version_id')::uuid
   where not exists (select from public.compliance_logs l where l.workflow_id = pinned.workflow_id and l.entity_id = r ->> 'entity_id' and l.version_id = v.version_id and l.outcome = r ->> 'outcome');
  insert into public.rule_shadows (version_id, fund_id, entity_type, entity_id, workflow_id, live_outcome, outcome, rules)
  select v.version_id, pinned.fund_id, s ->> 'entity_type', s ->> 'entity_id', pinned.workflow_id, s ->> 'live_outcome', s ->> 'outcome', array(select jsonb_array_elements_text(s -> 'rules'))
    from jsonb_array_elements(shadows) s join public.rule_pack_versions v on v.version_id = (s ->> 'version_id')::uuid and v.status <> 'draft' on conflict do nothing;
  -- what is not approved leaves the day and waits for a person; the investor is not told why
  held := array(select f.flow_id from public.fund_flows f where d.dealing_day_id is not null and f.dealing_day_id = d.dealing_day_id and f.status in ('locked', 'priced')
    and f.flow_id in (select (r ->> 'entity_id')::uuid from jsonb_array_elements(results) r where r ->> 'entity_type' = 'fund_flows' and r ->> 'outcome' <> 'approve') order by f.flow_id);
  applicants := evergreen.hold_applicants(pinned.workflow_id, pinned.fund_id, results, request_id);
  event := evergreen.emit('RULES_CHECKED', pinned.fund_id, jsonb_build_object('checked', jsonb_array_length(results), 'held', cardinality(held) + applicants), evergreen.actor(), jsonb_build_object('workflow_id', pinned.workflow_id), '{}', request_id);
  foreach one in array held loop
    perform 1 from public.fund_flows f where f.flow_id = one or f.linked_flow_id = one order by f.flow_id for no key update;
    if exists (select from public.fund_flows f where f.flow_id = one and f.status in ('locked', 'priced')) then
      update public.fund_flows f set dealing_date = null, priced_at = null where f.flow_id = one or f.linked_flow_id = one;
      perform evergreen.move_order(one, 'kyc_hold', event, 'a compliance rule');
    end if;
  end loop;
  if cardinality(held) > 0 and d.status = 'allocated' then
    -- what was allocated counted on them: it is decided again
    delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
    update public.dealing_days x set status = 'lmt_decided' where x.dealing_day_id = d.dealing_day_id;
  end if;
  perform evergreen.audit(pinned.fund_id, 'rule_pins', pinned.workflow_id, 'rules checked: ' || jsonb_array_length(results) || ' verdicts, ' || cardinality(held) || ' orders held', request_id);
  answer := jsonb_build_object('recorded', jsonb_array_length(results), 'held', cardinality(held) + applicants);
  perform evergreen.keep_answer('fn_record_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_record_rules(text, jsonb, jsonb, uuid, text) is
  'Verdicts of a run with their trees, by the versions it began with; drafts beside them; orders of the named dealing day that are not approved are held, an applicant who is not gets a case. Returns {recorded, held}. EG400, EG404, EG413, EG428.';
