-- The dealing day, first half: terms of a class, the day, the cut-off with its committed order book, the second look at KYC.

create or replace function public.fn_open_class(fund text, code text, name text, issue_price numeric, units_dp int default 4, price_dp int default 4, request_id text default null)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  id uuid;
  event uuid;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('fund', fund, 'code', code, 'name', name, 'issue_price', issue_price, 'units_dp', units_dp, 'price_dp', price_dp);
  answer := evergreen.earlier_answer('fn_open_class', request_id, input);
  if answer is not null then
    return (answer ->> 'share_class_id')::uuid;
  end if;
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(fn_open_class.code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$' and length(name) between 1 and 200, 'EG400', 'code is of capitals and digits, name has 1 to 200 characters.');
  perform evergreen.refuse_unless(units_dp between 0 and 8 and price_dp between 0 and 8, 'EG400', 'units_dp and price_dp are 0 to 8.');
  perform evergreen.refuse_unless(issue_price > 0 and issue_price < 1e12 and issue_price = round(issue_price, price_dp), 'EG400', 'issue_price is positive and has no more decimals than price_dp.');
  perform evergreen.refuse_unless(not exists (select from public.share_classes c where c.fund_id = of_fund.fund_id and c.code = fn_open_class.code), 'EG428', 'The fund has a class with that code.');
  insert into public.share_classes (fund_id, code, name, currency, units_dp, price_dp, issue_price)
  values (of_fund.fund_id, fn_open_class.code, fn_open_class.name, of_fund.base_currency, fn_open_class.units_dp, fn_open_class.price_dp, fn_open_class.issue_price) returning share_class_id into id;
  event := evergreen.emit('CLASS_OPENED', of_fund.fund_id, jsonb_build_object('share_class_id', id), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(of_fund.fund_id, 'share_classes', id::text, 'class opened', request_id);
  perform evergreen.keep_answer('fn_open_class', request_id, input, jsonb_build_object('share_class_id', id));
  return id;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_class(text, text, text, numeric, int, int, text) is
  'Opens a class of units of a fund with its first price (fund currency per unit) and decimals; returns share_class_id. EG400, EG404, EG428 there already.';

create or replace function public.fn_set_holidays(calendar text, holidays jsonb, request_id text default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  n int;
begin
  perform evergreen.require_role('ops_role');
  input := jsonb_build_object('calendar', calendar, 'holidays', holidays);
  answer := evergreen.earlier_answer('fn_set_holidays', request_id, input);
  if answer is not null then
    return (answer ->> 'holidays')::int;
  end if;
  perform evergreen.refuse_unless(length(calendar) between 1 and 40 and calendar <> 'none', 'EG400', 'calendar has 1 to 40 characters and is not none.');
  perform evergreen.refuse_unless(jsonb_typeof(holidays) = 'array', 'EG400', 'holidays is a list of {date, name}.');
  perform evergreen.refuse_unless(jsonb_array_length(holidays) between 1 and 1000, 'EG413', 'holidays has 1 to 1,000 rows.');
  perform evergreen.refuse_unless(not exists (select from jsonb_to_recordset(holidays) h (date date, name text)
    where (isfinite(h.date) and length(h.name) between 1 and 100) is not true), 'EG400', 'A holiday has a date and a name.');
  insert into public.calendar_holidays (calendar, date, name)
  select fn_set_holidays.calendar, h.date, max(h.name) from jsonb_to_recordset(holidays) h (date date, name text) group by h.date order by h.date
  on conflict on constraint calendar_holidays_pkey do update set name = excluded.name;
  get diagnostics n = row_count;
  perform evergreen.audit(null, 'calendar_holidays', fn_set_holidays.calendar, n || ' holidays set', request_id);
  perform evergreen.keep_answer('fn_set_holidays', request_id, input, jsonb_build_object('holidays', n));
  return n;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_holidays(text, jsonb, text) is 'Adds or renames holidays of a calendar; returns how many. EG400, EG413.';

create or replace function public.fn_set_dealing_policy(share_class_id uuid, body jsonb, effective_from date, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  class public.share_classes;
  made public.dealing_policies;
  event uuid;
  side text;
begin
  perform evergreen.require_role('pm_role', 'ops_role');
  input := jsonb_build_object('share_class_id', share_class_id, 'body', body, 'effective_from', effective_from);
  answer := evergreen.earlier_answer('fn_set_dealing_policy', request_id, input);
  if answer is not null then
    return answer;
  end if;
  select * into class from public.share_classes c where c.share_class_id = fn_set_dealing_policy.share_class_id for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No class with that id.');
  perform evergreen.refuse_unless(class.pocket_of is null, 'EG428', 'A side pocket is closed: it does not deal.');
  perform evergreen.refuse_unless(jsonb_typeof(body) = 'object' and octet_length(body::text) <= 65536, 'EG400', 'body is a JSON object of at most 64 KB.');
  perform evergreen.refuse_unless(isfinite(effective_from), 'EG400', 'effective_from is a date.');
  perform evergreen.refuse_unless(body ->> 'cutOff' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$', 'EG400', 'cutOff is HH:MM.');
  perform evergreen.refuse_unless((now() at time zone coalesce(body ->> 'timeZone', 'UTC')) is not null, 'EG400', 'timeZone is a name such as Europe/Luxembourg.');
  -- decision 14: a day is struck after its cut-off, so nothing here can deal at a NAV of before it
  perform evergreen.refuse_unless(coalesce(body ->> 'pricing', 'forward') = 'forward', 'EG400', 'pricing is forward: no dealing day here deals at a NAV that was known before its cut-off.');
  foreach side in array array['subscription', 'redemption'] loop
    perform evergreen.refuse_unless(coalesce((body #>> array['notice', side, 'n'])::int, 0) between 0 and 400
      and coalesce(body #>> array['notice', side, 'basis'], 'calendar') in ('calendar', 'business'), 'EG400', 'notice of a side is {n: 0 to 400, basis: calendar or business}.');
  end loop;
  perform evergreen.refuse_unless(coalesce((body #>> '{lockUp,hardMonths}')::int, 0) between 0 and 240, 'EG400', 'lockUp.hardMonths is 0 to 240.');
  perform evergreen.refuse_unless(not exists (select from jsonb_each_text(coalesce(body -> 'minimums', '{}')) m
    where (m.value::numeric >= 0 and m.value::numeric < 1e30) is not true), 'EG400', 'minimums are amounts.');
  perform evergreen.refuse_unless(coalesce((body ->> 'refundFrom')::numeric, 0) >= 0 and coalesce((body ->> 'refundFrom')::numeric, 0) < 1e30
    and coalesce((body ->> 'offerNoticeDays')::int, 0) between 0 and 42, 'EG400', 'refundFrom is an amount, offerNoticeDays is at most 42.');
  perform evergreen.refuse_unless(coalesce((body ->> 'units_dp')::int, class.units_dp) = class.units_dp and coalesce((body ->> 'price_dp')::int, class.price_dp) = class.price_dp,
    'EG400', 'units_dp and price_dp are those of the class.');
  if body ? 'issuePrice' and not exists (select from public.unit_ledger u where u.share_class_id = class.share_class_id) then
    -- the first price is a term until something was issued at it
    perform evergreen.refuse_unless((body ->> 'issuePrice')::numeric > 0 and (body ->> 'issuePrice')::numeric < 1e12 and (body ->> 'issuePrice')::numeric = round((body ->> 'issuePrice')::numeric, class.price_dp),
      'EG400', 'issuePrice is positive and has no more decimals than the class.');
    update public.share_classes c set issue_price = (body ->> 'issuePrice')::numeric where c.share_class_id = class.share_class_id;
  end if;
  insert into public.dealing_policies (fund_id, share_class_id, version, effective_from, body, hash, set_by)
  values (class.fund_id, class.share_class_id, (select coalesce(max(p.version), 0) + 1 from public.dealing_policies p where p.share_class_id = class.share_class_id),
    fn_set_dealing_policy.effective_from, fn_set_dealing_policy.body, encode(sha256(convert_to(body::text, 'UTF8')), 'hex'), evergreen.actor()) returning * into made;
  event := evergreen.emit('POLICY_SET', class.fund_id, jsonb_build_object('policy_id', made.policy_id, 'kind', 'dealing', 'version', made.version), evergreen.actor(), '{}', '{}', request_id);
  perform evergreen.audit(class.fund_id, 'dealing_policies', made.policy_id::text, 'dealing policy version ' || made.version || ' set', request_id);
  answer := jsonb_build_object('policy_id', made.policy_id, 'version', made.version, 'hash', made.hash);
  perform evergreen.keep_answer('fn_set_dealing_policy', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_set_dealing_policy(uuid, jsonb, date, text) is
  'Sets the dealing terms of a class from a date on; orders placed before keep theirs. Returns {policy_id, version, hash}. EG400, EG404.';

create or replace function evergreen.lock_dealing_day(of_day uuid) returns public.dealing_days language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  d public.dealing_days;
begin
  -- fund, then day: the order in which everyone locks
  perform 1 from public.funds f where f.fund_id = (select x.fund_id from public.dealing_days x where x.dealing_day_id = of_day) for no key update;
  select * into d from public.dealing_days x where x.dealing_day_id = of_day for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No dealing day with that id.');
  return d;
end $$;
comment on function evergreen.lock_dealing_day(uuid) is 'The day under its fund''s lock. EG404.';

create or replace function evergreen.day_answer(of_day uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('dealing_day_id', d.dealing_day_id, 'fund_id', d.fund_id, 'share_class_id', d.share_class_id, 'dealing_date', d.dealing_date,
    'cut_off_at', d.cut_off_at, 'status', d.status, 'step', d.step, 'orders', d.orders, 'order_root', d.order_root, 'strike_id', d.strike_id,
    'workflow_id', d.workflow_id, 'day_hash', d.day_hash)
    from public.dealing_days d where d.dealing_day_id = of_day
$$;
comment on function evergreen.day_answer(uuid) is 'What the steps of a dealing day answer.';

create or replace function public.fn_open_dealing_day(fund text, share_class text, dealing_date date, workflow_id text default null, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  of_fund public.funds;
  class public.share_classes;
  policy public.dealing_policies;
  id uuid;
  event uuid;
begin
  perform evergreen.require_role('ops_role', 'agent_commander');
  input := jsonb_build_object('fund', fund, 'share_class', share_class, 'dealing_date', dealing_date, 'workflow_id', workflow_id);
  answer := evergreen.earlier_answer('fn_open_dealing_day', request_id, input);
  if answer is not null then
    return answer;
  end if;
  perform evergreen.refuse_unless(isfinite(dealing_date), 'EG400', 'dealing_date is a date.');
  perform evergreen.refuse_unless(workflow_id is null or length(workflow_id) between 1 and 200, 'EG400', 'workflow_id has 1 to 200 characters.');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund for no key update;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  select * into class from public.share_classes c where c.fund_id = of_fund.fund_id and (c.code = share_class or c.share_class_id::text = share_class);
  perform evergreen.refuse_unless(found, 'EG404', 'The fund has no class with that code.');
  workflow_id := coalesce(workflow_id, 'deal/' || of_fund.code || '/' || class.code || '/' || fn_open_dealing_day.dealing_date);
  select d.dealing_day_id into id from public.dealing_days d where d.fund_id = of_fund.fund_id and d.share_class_id = class.share_class_id and d.dealing_date = fn_open_dealing_day.dealing_date;
  if id is null then
    policy := evergreen.dealing_policy(class.share_class_id, fn_open_dealing_day.dealing_date);
    perform evergreen.refuse_unless(policy.policy_id is not null, 'EG428', 'The class has no dealing policy in force on that date.');
    perform evergreen.require_dealing_date(of_fund.fund_id, policy.body, fn_open_dealing_day.dealing_date);
    insert into public.dealing_days (fund_id, share_class_id, dealing_date, cut_off_at, policy_id, lmt_policy_id, workflow_id)
    values (of_fund.fund_id, class.share_class_id, fn_open_dealing_day.dealing_date,
      evergreen.notice_deadline(of_fund.fund_id, policy.body - 'notice', 'subscription', fn_open_dealing_day.dealing_date), policy.policy_id,
      (select p.policy_id from public.lmt_policies p where p.fund_id = of_fund.fund_id and p.effective_from <= fn_open_dealing_day.dealing_date
        order by p.effective_from desc, p.version desc limit 1), fn_open_dealing_day.workflow_id) returning dealing_day_id into id;
    event := evergreen.emit('DEALING_DAY_OPENED', of_fund.fund_id, jsonb_build_object('dealing_day_id', id), evergreen.actor(),
      jsonb_strip_nulls(jsonb_build_object('workflow_id', fn_open_dealing_day.workflow_id)), '{}', request_id);
    perform evergreen.audit(of_fund.fund_id, 'dealing_days', id::text, 'dealing day opened', request_id);
  end if;
  answer := evergreen.day_answer(id);
  perform evergreen.keep_answer('fn_open_dealing_day', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_open_dealing_day(text, text, date, text, text) is
  'Opens the dealing day of a fund, class and date, once: a second call answers the same day. The policies in force are pinned; its run is deal/<fund>/<class>/<date> unless named. EG400, EG404, EG428.';

create or replace function evergreen.merkle_level(nodes bytea[]) returns bytea[] language sql immutable set search_path = pg_catalog, pg_temp as $$
  -- pairs are hashed under the prefix 01; one that is left over goes up as it is
  select array_agg(l.node order by l.pair) from (
    select (n.i - 1) / 2 as pair, case count(*) when 2 then sha256('\x01'::bytea || string_agg(n.h, ''::bytea order by n.i)) else string_agg(n.h, ''::bytea) end as node
      from unnest(nodes) with ordinality n (h, i) group by (n.i - 1) / 2) l
$$;
comment on function evergreen.merkle_level(bytea[]) is 'The level of a Merkle tree above the one given.';

create or replace function evergreen.merkle_root(leaves bytea[]) returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  nodes bytea[];
begin
  if coalesce(cardinality(leaves), 0) = 0 then
    return encode(sha256(''::bytea), 'hex');
  end if;
  select array_agg(sha256('\x00'::bytea || l.h) order by l.i) into nodes from unnest(leaves) with ordinality l (h, i);
  while cardinality(nodes) > 1 loop
    nodes := evergreen.merkle_level(nodes);
  end loop;
  return encode(nodes[1], 'hex');
end $$;
comment on function evergreen.merkle_root(bytea[]) is 'Root over leaf hashes in their order: leaf node sha256(00 leaf), node sha256(01 left right), odd node promoted; no leaves: sha256 of nothing. Lower-case hex.';

create or replace function public.fn_lock_orders(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  event uuid;
  book uuid[];
  n int;
  root text;
begin
  perform evergreen.require_role('agent_commander');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_lock_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status = 'open', 'EG428', 'The dealing day is ' || d.status || '.');
  -- the database clock says when it is
  perform evergreen.refuse_unless(now() >= d.cut_off_at, 'EG428', 'The cut-off has not been reached.');
  -- or its orders would deal a day late
  perform evergreen.refuse_unless(not exists (select from public.dealing_days x where x.share_class_id = d.share_class_id and x.dealing_date < d.dealing_date and x.status = 'open'),
    'EG428', 'An earlier dealing day of the class is still open.');
  with longer as materialized (
    -- an extension of notice, by what was decided or else what the policy says, is for what was asked after it; what was accepted before keeps its terms
    select x.active_from, jsonb_build_object('notice', jsonb_build_object('redemption', x.notice)) as terms
      from (select a.active_from, coalesce(a.trigger -> 'notice', (select p.body #> '{noticeExtension,upTo}' from public.lmt_policies p where p.policy_id = d.lmt_policy_id)) as notice
              from public.lmt_activations a where a.fund_id = d.fund_id and a.tool = 'notice_extension' and a.status = 'active') x
     where jsonb_typeof(x.notice) = 'object'
  ), deadlines as materialized (
    select p.policy_id, s.direction, s.extended, evergreen.notice_deadline(d.fund_id, case when s.extended then p.body || (select l.terms from longer l) else p.body end, s.direction, d.dealing_date) as until
      from public.dealing_policies p cross join (values ('subscription', false), ('redemption', false), ('redemption', true)) s (direction, extended)
     where p.share_class_id = d.share_class_id and (not s.extended or exists (select from longer))
  ), chosen as materialized (
    select f.flow_id, f.linked_flow_id from public.fund_flows f join deadlines x on x.policy_id = f.policy_id and x.direction = f.direction
       and x.extended = (f.direction = 'redemption' and f.parent_flow_id is null and f.requested_at >= coalesce((select l.active_from from longer l), 'infinity'))
     where f.share_class_id = d.share_class_id and f.status = 'accepted' and (f.order_kind = 'plain' or f.direction = 'redemption')
       and (f.dealing_date is null or f.dealing_date <= d.dealing_date) and f.requested_at <= x.until
       and (f.linked_flow_id is null or exists (select from public.fund_flows g where g.flow_id = f.linked_flow_id and g.status = 'accepted'))
    union all
    -- what a suspended day left locked
    select f.flow_id, f.linked_flow_id from public.fund_flows f join public.dealing_days s on s.dealing_day_id = f.dealing_day_id
     where s.share_class_id = d.share_class_id and s.status = 'suspended' and s.dealing_date < d.dealing_date and f.status = 'locked'
       and (f.order_kind = 'plain' or f.direction = 'redemption')
  ), everyone as materialized (
    select c.flow_id from chosen c union select c.linked_flow_id from chosen c where c.linked_flow_id is not null
  ), held as materialized (
    -- what was cancelled or held while this call waited for the row is out again
    select f.flow_id from public.fund_flows f join everyone e on e.flow_id = f.flow_id where f.status in ('accepted', 'locked') order by f.flow_id for no key update of f
  )
  select array_agg(h.flow_id order by h.flow_id) into book from held h;
  insert into public.order_leaves (dealing_day_id, position, flow_id, salt, canonical, leaf)
  select d.dealing_day_id, row_number() over (order by x.flow_id), x.flow_id, x.salt, x.canonical, encode(sha256(convert_to(x.canonical, 'UTF8')), 'hex')
    from (
      -- canonical JSON: keys in alphabetical order, no spaces, numbers as the shortest decimal string
      select s.flow_id, s.salt, '{' || coalesce('"amount":"' || trim_scale(s.amount) || '",', '') || '"direction":"' || s.side || '","flow":"' || s.flow_id
          || '","investor":"' || encode(sha256(convert_to(s.salt || ':' || s.investor_id, 'UTF8')), 'hex') || '",'
          || coalesce('"lots":"' || nullif(array_to_string(s.elected_lots, ','), '') || '",', '') || coalesce('"units":"' || trim_scale(s.requested_units) || '",', '') || '"vintage":"' || s.vintage || '"}' as canonical
        from (
          select f.flow_id, f.investor_id, f.amount, f.requested_units, f.elected_lots, coalesce(f.vintage, d.dealing_date) as vintage, replace(gen_random_uuid()::text, '-', '') as salt,
                 case f.order_kind when 'plain' then f.direction else f.order_kind || case f.direction when 'redemption' then '_out' else '_in' end end as side
            from public.fund_flows f where f.flow_id = any (book) offset 0) s) x;
  get diagnostics n = row_count;
  root := evergreen.merkle_root(array(select decode(l.leaf, 'hex') from public.order_leaves l where l.dealing_day_id = d.dealing_day_id order by l.position));
  event := evergreen.emit('CUTOFF_REACHED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'orders', n, 'order_root', root), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  with orders as materialized (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = any (book)
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, actor)
    select o.flow_id, o.status, 'locked', event, evergreen.actor() from orders o where o.status = 'accepted'
  )
  update public.fund_flows f set status = 'locked', locked_at = now(), dealing_day_id = d.dealing_day_id, dealing_date = d.dealing_date, vintage = coalesce(f.vintage, d.dealing_date)
    from orders o where f.flow_id = o.flow_id;
  update public.dealing_days x set status = 'cut_off', step = 1, orders = n, order_root = root where x.dealing_day_id = d.dealing_day_id;
  -- the NAV of the date waits for every class
  perform evergreen.knock_days(d.fund_id, d.dealing_date, x.dealing_day_id, 'cut-off') from public.dealing_days x
    where x.fund_id = d.fund_id and x.dealing_date = d.dealing_date and x.dealing_day_id <> d.dealing_day_id;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'cut-off: ' || n || ' orders locked, root ' || left(root, 12), request_id);
  answer := evergreen.day_answer(d.dealing_day_id);
  perform evergreen.keep_answer('fn_lock_orders', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_lock_orders(uuid, text) is
  'The cut-off, by the database''s clock: locks the accepted orders that are in time (R3; later ones wait for the next day; an active extension of notice binds what was asked after it) and commits the book as a Merkle root. EG404, EG428.';

create or replace function public.fn_recheck_orders(dealing_day_id uuid, request_id text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  input jsonb;
  answer jsonb;
  d public.dealing_days;
  held uuid[];
  event uuid;
  n int;
begin
  perform evergreen.require_role('agent_kyc');
  input := jsonb_build_object('dealing_day_id', dealing_day_id);
  answer := evergreen.earlier_answer('fn_recheck_orders', request_id, input);
  if answer is not null then
    return answer;
  end if;
  d := evergreen.lock_dealing_day(dealing_day_id);
  perform evergreen.refuse_unless(d.status in ('cut_off', 'inputs_frozen', 'nav_proposed', 'struck', 'lmt_decided', 'allocated'), 'EG428', 'The dealing day is ' || d.status || '.');
  select array_agg(f.flow_id) into held from public.fund_flows f where f.dealing_day_id = d.dealing_day_id and f.status in ('locked', 'priced')
    -- one party that is not cleared holds both legs
    and (not evergreen.is_cleared(f.investor_id) or exists (select from public.fund_flows g where g.flow_id = f.linked_flow_id and not evergreen.is_cleared(g.investor_id)));
  event := evergreen.emit('ORDERS_RECHECKED', d.fund_id, jsonb_build_object('dealing_day_id', d.dealing_day_id, 'held', coalesce(cardinality(held), 0)), evergreen.actor(),
    jsonb_strip_nulls(jsonb_build_object('workflow_id', d.workflow_id)), '{}', request_id);
  with found as materialized (
    select f.flow_id, f.status from public.fund_flows f where f.flow_id = any (held) and f.status in ('locked', 'priced') order by f.flow_id for no key update of f
  ), noted as (
    insert into public.order_transitions (flow_id, from_status, to_status, event_id, reason, actor)
    select h.flow_id, h.status, 'kyc_hold', event, 'not cleared at the dealing day', evergreen.actor() from found h
  ), logged as (
    insert into public.compliance_logs (fund_id, actor, rule, rule_version, result, entity_type, entity_id, workflow_id)
    select d.fund_id, 'agent:kyc', 'kyc_status', '1', 'review', 'fund_flows', h.flow_id::text, d.workflow_id from found h
  )
  update public.fund_flows f set status = 'kyc_hold', dealing_day_id = null, dealing_date = null, priced_at = null, reason = 'not cleared at the dealing day' from found h where f.flow_id = h.flow_id;
  get diagnostics n = row_count;
  if n > 0 and d.status = 'allocated' then
    -- what was allocated counted on them: it is decided again
    delete from public.allocations a where a.dealing_day_id = d.dealing_day_id;
  end if;
  update public.dealing_days x set rechecked_at = now(), step = greatest(x.step, 2), status = case when n > 0 and x.status = 'allocated' then 'lmt_decided' else x.status end
   where x.dealing_day_id = d.dealing_day_id;
  perform evergreen.audit(d.fund_id, 'dealing_days', d.dealing_day_id::text, 'orders looked at again: ' || n || ' held', request_id);
  answer := evergreen.day_answer(d.dealing_day_id) || jsonb_build_object('held', n);
  perform evergreen.keep_answer('fn_recheck_orders', request_id, input, answer);
  return answer;
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_recheck_orders(uuid, text) is
  'Looks at KYC of every party of a day again; orders of who is not cleared leave the day (kyc_hold), and an allocation that counted on them is dropped. EG404, EG428.';

create or replace function public.fn_prove_order(flow_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  mine public.fund_flows;
  l public.order_leaves;
  nodes bytea[];
  at int;
  beside int;
  path jsonb := '[]';
begin
  perform evergreen.require_role('lp_role', 'ops_role', 'pm_role', 'audit_role');
  select * into mine from public.fund_flows f where f.flow_id = fn_prove_order.flow_id;
  perform evergreen.refuse_unless(found and (evergreen.role_name() <> 'lp_role' or mine.investor_id in (select evergreen.my_investor_ids())), 'EG404', 'No order with that id.');
  select x.* into l from public.order_leaves x join public.dealing_days d on d.dealing_day_id = x.dealing_day_id
   where x.flow_id = mine.flow_id order by d.dealing_date desc limit 1;
  perform evergreen.refuse_unless(found, 'EG428', 'The order is in no committed order book yet.');
  select array_agg(sha256('\x00'::bytea || decode(x.leaf, 'hex')) order by x.position) into nodes from public.order_leaves x where x.dealing_day_id = l.dealing_day_id;
  at := l.position;
  while cardinality(nodes) > 1 loop
    beside := case when at % 2 = 1 then at + 1 else at - 1 end;
    if beside <= cardinality(nodes) then
      path := path || jsonb_build_object('side', case when beside < at then 'left' else 'right' end, 'hash', encode(nodes[beside], 'hex'));
    end if;
    nodes := evergreen.merkle_level(nodes);
    at := (at + 1) / 2;
  end loop;
  return jsonb_build_object('flow_id', mine.flow_id, 'dealing_day_id', l.dealing_day_id, 'position', l.position, 'salt', l.salt, 'canonical', l.canonical, 'leaf', l.leaf,
    'path', path, 'root', encode(nodes[1], 'hex'), 'order_root', (select d.order_root from public.dealing_days d where d.dealing_day_id = l.dealing_day_id),
    -- what the order's own arithmetic starts from; an LP reads no dealing day
    'deal', (select jsonb_build_object('date', d.dealing_date, 'class', c.code, 'status', d.status, 'orders', d.orders, 'gate', coalesce((d.decision ->> 'gate')::boolean, false),
        'fraction', d.decision ->> 'fraction', 'numerator', d.decision #>> '{exact_fraction,numerator}', 'denominator', d.decision #>> '{exact_fraction,denominator}',
        'cap_units', d.decision ->> 'cap_units', 'nav_per_unit', case when n.published_at is not null then trim_scale(n.nav_per_unit)::text end)
       from public.dealing_days d join public.share_classes c using (share_class_id)
       left join public.class_navs n on n.strike_id = d.strike_id and n.share_class_id = d.share_class_id where d.dealing_day_id = l.dealing_day_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_prove_order(uuid) is
  'Inclusion proof of an order in the committed book of its last dealing day: leaf, path and root, with the ratio and price it dealt at; an LP only of its own. EG404, EG428 not committed yet.';
