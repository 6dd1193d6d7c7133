-- Packs of compliance rules: drafted, tested by their own examples, put live by two people; snoozes with limits; a pack that is refused is said aloud.

create or replace function public.fn_draft_rules(body jsonb, source text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.rule_pack_versions;
  digest text;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_compliance_sentinel');
  input := jsonb_build_object('body', body, 'source', source);
  answer := evergreen.earlier_answer('fn_draft_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(source in ('file', 'infisical'), 'EG400', 'source is file or infisical.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object', 'EG400', 'body is a pack of rules.');
  perform evergreen.refuse_unless(octet_length(body::text) <= 524288, 'EG413', 'The pack is larger than 512 KB.');
  perform evergreen.refuse_unless(body ->> 'pack' ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and length(body ->> 'pack') <= 60 and length(body ->> 'title') between 1 and 200, 'EG400', 'A pack has a name of lower-case words and a title.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'version') = 'number' and (body ->> 'version')::numeric between 1 and 1000000 and (body ->> 'version')::numeric % 1 = 0, 'EG400', 'version is a whole number from 1.');
  perform evergreen.refuse_unless(isfinite((body ->> 'effectiveFrom')::date) and coalesce((body ->> 'effectiveUntil')::date > (body ->> 'effectiveFrom')::date, true), 'EG400', 'effectiveFrom is a date, before effectiveUntil.');
  perform evergreen.refuse_unless(jsonb_typeof(body -> 'rules') = 'array' and jsonb_array_length(body -> 'rules') between 1 and 500 and jsonb_typeof(body -> 'examples') = 'array'
    and jsonb_array_length(body -> 'examples') between 1 and 2000, 'EG400', 'A pack has 1 to 500 rules and 1 to 2,000 examples.');
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(body -> 'rules') r
      where (r ->> 'outcome' in ('review', 'block_and_review', 'decline') and length(r ->> 'id') between 1 and 60 and length(r ->> 'source') between 1 and 500) is not true)
    and (select count(*) = count(distinct r ->> 'id') from jsonb_array_elements(body -> 'rules') r), 'EG400', 'Every rule has an id of its own, an outcome and its source.');
  -- a rule that was never seen to fire cannot go live
  perform evergreen.refuse_unless(not exists (select from jsonb_array_elements(body -> 'rules') r
    where not exists (select from jsonb_array_elements(body -> 'examples') e where e -> 'fires' ? (r ->> 'id'))), 'EG400', 'Every rule fires in an example of the pack.');
  digest := encode(sha256(convert_to(body::text, 'UTF8')), 'hex');
  insert into public.rule_packs (pack, title) values (body ->> 'pack', body ->> 'title') on conflict (pack) do nothing;
  perform 1 from public.rule_packs p where p.pack = body ->> 'pack' for no key update;
  select * into v from public.rule_pack_versions x where x.pack = fn_draft_rules.body ->> 'pack' and x.version = (fn_draft_rules.body ->> 'version')::int;
  if found then
    -- read again from where it came from
    perform evergreen.refuse_unless(v.hash = digest, 'EG428', 'That version of the pack has another text; give the changed one a higher version.');
  else
    insert into public.rule_pack_versions (pack, version, status, body, hash, source, effective_from, effective_until, drafted_by)
    values (body ->> 'pack', (body ->> 'version')::int, 'draft', fn_draft_rules.body, digest, fn_draft_rules.source, (body ->> 'effectiveFrom')::date, (body ->> 'effectiveUntil')::date, evergreen.actor()) returning * into v;
    perform evergreen.emit('RULES_DRAFTED', null, jsonb_build_object('version_id', v.version_id, 'pack', v.pack, 'version', v.version), evergreen.actor(), '{}', '{}', request_id);
    perform evergreen.audit(null, 'rule_pack_versions', v.version_id::text, v.pack || ' version ' || v.version || ' drafted', request_id);
  end if;
  answer := jsonb_build_object('version_id', v.version_id, 'pack', v.pack, 'version', v.version, 'hash', v.hash, 'status', v.status);
  perform evergreen.keep_answer('fn_draft_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_draft_rules(jsonb, text, text) is
  'Stores a version of a pack of rules as a draft; the same text again answers the same version. Returns {version_id, pack, version, hash, status}. EG400, EG413, EG428 another text under the same version.';

create or replace function public.fn_test_rules(version_id uuid, results jsonb, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.rule_pack_versions;
  examples int;
  right_ones int;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_compliance_sentinel');
  input := jsonb_build_object('version_id', version_id, 'results', results);
  answer := evergreen.earlier_answer('fn_test_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(jsonb_typeof(results) = 'array' and octet_length(results::text) <= 1048576, 'EG400', 'results is a list of {name, outcome}.');
  select * into v from public.rule_pack_versions x where x.version_id = fn_test_rules.version_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a pack with that id.');
  perform evergreen.refuse_unless(v.status <> 'live', 'EG428', 'The version is live already.');
  -- every example of the pack, in its order: one that was left out was not tested
  examples := jsonb_array_length(v.body -> 'examples');
  perform evergreen.refuse_unless(jsonb_array_length(results) = examples and not exists (
    select from jsonb_array_elements(v.body -> 'examples') with ordinality e (body, n) join jsonb_array_elements(results) with ordinality r (body, n) using (n)
     where (e.body ->> 'name' = r.body ->> 'name' and r.body ->> 'outcome' in ('approve', 'review', 'block_and_review', 'decline') and jsonb_typeof(r.body -> 'passed') = 'boolean') is not true),
    'EG400', 'results answers every example of the pack in its order: {name, outcome, passed}.');
  select count(*) into right_ones from jsonb_array_elements(v.body -> 'examples') with ordinality e (body, n) join jsonb_array_elements(results) with ordinality r (body, n) using (n)
   where e.body ->> 'outcome' = r.body ->> 'outcome' and (r.body ->> 'passed')::boolean;
  insert into public.rule_tests (version_id, examples, passed, results, tested_by) values (v.version_id, examples, right_ones, fn_test_rules.results, evergreen.actor());
  update public.rule_pack_versions x set status = case when right_ones = examples then 'tested' else 'draft' end, tested_at = case when right_ones = examples then coalesce(x.tested_at, now()) end
   where x.version_id = v.version_id returning * into v;
  perform evergreen.emit('RULES_TESTED', null, jsonb_build_object('version_id', v.version_id, 'examples', examples, 'passed', right_ones), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'rule_pack_versions', v.version_id::text, v.pack || ' version ' || v.version || ' tested: ' || right_ones || ' of ' || examples, request_id);
  answer := jsonb_build_object('version_id', v.version_id, 'status', v.status, 'examples', examples, 'passed', right_ones);
  perform evergreen.keep_answer('fn_test_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_test_rules(uuid, jsonb, text) is
  'Records how the examples of a version came out; only when all came out as they say is it tested and may go live. Returns {version_id, status, examples, passed}. EG400, EG404, EG428.';

create or replace function public.fn_refuse_rules(pack text, source text, problems jsonb, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role', 'agent_compliance_sentinel');
  input := jsonb_build_object('pack', pack, 'source', source, 'problems', problems);
  answer := evergreen.earlier_answer('fn_refuse_rules', request_id, input);
  if answer is not null then
    return (answer ->> 'event_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(pack) between 1 and 200 and source in ('file', 'infisical'), 'EG400', 'pack names what was read; source is file or infisical.');
  perform evergreen.refuse_unless(jsonb_typeof(problems) = 'array' and jsonb_array_length(problems) between 1 and 50 and octet_length(problems::text) <= 32768
    and not exists (select from jsonb_array_elements(problems) p where (jsonb_typeof(p) = 'string') is not true), 'EG400', 'problems is a list of 1 to 50 sentences.');
  id := evergreen.emit('RULE_PACK_REFUSED', null, jsonb_build_object('pack', pack, 'source', source, 'problems', problems), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(null, 'rule_packs', left(pack, 200), 'a pack was refused: ' || jsonb_array_length(problems) || ' problems; what is live stays', request_id);
  perform evergreen.keep_answer('fn_refuse_rules', request_id, input, jsonb_build_object('event_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_refuse_rules(text, text, jsonb, text) is 'Says aloud that a pack was refused (RULE_PACK_REFUSED); the last good one stays live. Returns event_id. EG400.';

create or replace function public.fn_activate_rules(version_id uuid, hash text, reason text, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  v public.rule_pack_versions;
  people int;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('version_id', version_id, 'hash', hash, 'reason', reason);
  answer := evergreen.earlier_answer('fn_activate_rules', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(length(reason) between 1 and 500, 'EG400', 'reason has 1 to 500 characters.');
  select * into v from public.rule_pack_versions x where x.version_id = fn_activate_rules.version_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No version of a pack with that id.');
  perform evergreen.refuse_unless(v.status <> 'live', 'EG422', 'The version is live already.');
  perform evergreen.refuse_unless(v.status = 'tested', 'EG428', 'The examples of the version have not passed yet; test it first.');
  perform evergreen.refuse_unless(v.hash = fn_activate_rules.hash and v.hash = encode(sha256(convert_to(v.body::text, 'UTF8')), 'hex'), 'EG421', 'The hash is not that of the version as it stands; look at it again.');
  perform evergreen.refuse_unless(evergreen.actor() <> v.drafted_by, 'EG420', 'Who drafted a version cannot put it live: two other people must.');
  perform evergreen.refuse_unless(not exists (select from public.rule_approvals a where a.version_id = v.version_id and a.approved_by = evergreen.user_id()), 'EG422', 'You have approved already: another person must.');
  insert into public.rule_approvals (version_id, hash, approved_by, reason) values (v.version_id, v.hash, evergreen.user_id(), fn_activate_rules.reason);
  select count(*) into people from public.rule_approvals a where a.version_id = v.version_id and a.hash = v.hash;
  if people >= 2 then
    update public.rule_pack_versions x set status = 'live', live_at = now() where x.version_id = v.version_id returning * into v;
    perform evergreen.emit('RULES_ACTIVATED', null, jsonb_build_object('version_id', v.version_id, 'pack', v.pack, 'version', v.version), evergreen.actor(), '{}', '{}', request_id);
  end if;
  perform evergreen.audit(null, 'rule_pack_versions', v.version_id::text, v.pack || ' version ' || v.version || case when people >= 2 then ' is live' else ' approved by one of two' end, request_id);
  answer := jsonb_build_object('version_id', v.version_id, 'status', v.status, 'approvals', people, 'effective_from', v.effective_from);
  perform evergreen.keep_answer('fn_activate_rules', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_activate_rules(uuid, text, text, text) is
  'One of two people puts a tested version live on its hash; the second makes it so, from its effective date on. Runs that are under way keep theirs. EG400, EG404, EG420 own draft, EG421, EG422, EG428.';

create or replace function public.fn_snooze_rule(pack text, rule text, entity_type text, entity_id uuid, until timestamptz, reason text, request_id text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  limits jsonb;
  it jsonb;
  id uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('pack', pack, 'rule', rule, 'entity_type', entity_type, 'entity_id', entity_id, 'until', until, 'reason', reason);
  answer := evergreen.earlier_answer('fn_snooze_rule', request_id, input);
  if answer is not null then
    return (answer ->> 'snooze_id')::uuid;
  end if;
  perform evergreen.refuse_unless(length(reason) between 10 and 500, 'EG400', 'reason says why in 10 to 500 characters.');
  perform evergreen.refuse_unless(case entity_type when 'investors' then exists (select from public.investors i where i.investor_id = entity_id)
    when 'funds' then exists (select from public.funds f where f.fund_id = entity_id) end, 'EG404', 'No investor or fund with that id (entity_type is investors or funds).');
  perform 1 from public.rule_packs p where p.pack = fn_snooze_rule.pack for no key update;
  select r into it from public.rule_pack_versions v cross join lateral jsonb_array_elements(v.body -> 'rules') r
   where v.pack = fn_snooze_rule.pack and v.status = 'live' and r ->> 'id' = fn_snooze_rule.rule order by v.version desc limit 1;
  perform evergreen.refuse_unless(it is not null, 'EG404', 'No live rule with that name.');
  -- who is on a list is on it: only a decision on the case changes that
  perform evergreen.refuse_unless(not jsonb_path_exists(it, '$.**.listHit') and coalesce(it ->> 'snooze', '') <> 'never', 'EG428', 'This rule cannot be snoozed.');
  limits := coalesce((select s.value from public.platform_settings s where s.key = 'rule_snooze_limits'), '{"days": 30, "times": 3}');
  perform evergreen.refuse_unless(isfinite(until) and until > now() and until <= now() + make_interval(days => (limits ->> 'days')::int), 'EG424', 'A rule is snoozed for at most ' || (limits ->> 'days') || ' days.');
  perform evergreen.refuse_unless((select count(*) from public.rule_snoozes z where z.pack = fn_snooze_rule.pack and z.rule = fn_snooze_rule.rule and z.entity_id = fn_snooze_rule.entity_id
    and z.created_at > now() - interval '1 year') < (limits ->> 'times')::int, 'EG424', 'A rule is snoozed for the same one at most ' || (limits ->> 'times') || ' times in a year.');
  insert into public.rule_snoozes (pack, rule, entity_type, entity_id, reason, until, snoozed_by)
  values (fn_snooze_rule.pack, fn_snooze_rule.rule, fn_snooze_rule.entity_type, fn_snooze_rule.entity_id, fn_snooze_rule.reason, fn_snooze_rule.until, evergreen.actor()) returning snooze_id into id;
  perform evergreen.emit('RULE_SNOOZED', case when entity_type = 'funds' then entity_id end, jsonb_build_object('snooze_id', id, 'pack', pack, 'rule', rule), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(case when entity_type = 'funds' then entity_id end, 'rule_snoozes', id::text, pack || '/' || rule || ' snoozed', request_id);
  perform evergreen.keep_answer('fn_snooze_rule', request_id, input, jsonb_build_object('snooze_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_snooze_rule(text, text, text, uuid, timestamptz, text, text) is
  'Lets a live rule pass for one investor or fund for a while; how long and how often is platform_settings.rule_snooze_limits; never a rule about lists. Returns snooze_id. EG400, EG404, EG424, EG428.';
