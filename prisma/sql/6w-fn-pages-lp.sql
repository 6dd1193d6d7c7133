-- What an investor's own pages need beyond the tables an investor reads: who looked at or changed the own record, and when a redemption could be paid.

create or replace function public.fn_read_record() returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  me text;
  mine uuid[];
  subjects uuid[];
begin
  perform evergreen.require_role('lp_role');
  me := evergreen.actor();
  mine := array(select evergreen.my_investor_ids());
  subjects := array(select distinct i.party_id from public.investors i where i.investor_id = any (mine) and i.party_id is not null);
  return jsonb_build_object(
    'read_at', now(),
    'investors', coalesce((select jsonb_agg(jsonb_build_object('investor_id', i.investor_id, 'investor', i.code, 'party_id', i.party_id,
        'has_personal_data', exists (select from public.subject_keys k where k.subject_id = i.party_id)) order by i.code) from public.investors i where i.investor_id = any (mine)), '[]'::jsonb),
    'looks', coalesce((select jsonb_agg(jsonb_build_object('at', a.accessed_at, 'what', split_part(a.what, ':', 1), 'fields', to_jsonb(a.fields), 'purpose', a.purpose,
        'by', evergreen.kind_of_actor(a.accessed_by, me)) order by a.accessed_at desc, a.access_id)
      from (select * from public.personal_accesses x where x.subject_id = any (subjects) order by x.accessed_at desc limit 200) a), '[]'::jsonb),
    -- a list of what may be told: cases, holds, screenings and freezes must not tip off
    'changes', coalesce((select jsonb_agg(jsonb_build_object('at', t.created_at, 'entity', t.entity_type, 'entity_id', t.entity_id, 'message', t.message,
        'by', evergreen.kind_of_actor(t.created_by, me)) order by t.tx desc, t.seq desc)
      from (select x.* from public.audit_trail x
             where (x.entity_type = 'fund_flows' and x.entity_id = any (array(select f.flow_id::text from public.fund_flows f where f.investor_id = any (mine)))
                 and (x.message ~ '^[a-z_ ]+ submitted$' or x.message in ('order cancelled', 'dust cancelled', 'cash returned') or x.message ~ '^(investor asked whether|answer about the small rest|paid in kind)'))
               or (x.entity_type = 'investors' and x.entity_id = any (array(select unnest(mine)::text)) and x.message ~ '^investor assigned as')
               or (x.entity_type = 'subject_keys' and x.entity_id = any (array(select unnest(subjects)::text)) and x.message ~ '^(subject opened|personal data (recorded|exported)|erasure refused|subject erased)')
             order by x.tx desc, x.seq desc limit 200) t), '[]'::jsonb));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_record() is
  'Who read the personal data of the caller''s own investors (values, documents, exports; the newest 200) and what was done to their orders, investors and data (the newest 200). Says nothing of cases, holds or screening. EG403.';

create or replace function evergreen.kind_of_actor(who text, me text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when who = me then 'you' when who like 'agent:%' then who when who like 'user:%' then 'person' else 'platform' end
$$;
comment on function evergreen.kind_of_actor(text, text) is 'An actor as another person may see it: you, a person, a room, the platform.';

create or replace function public.fn_read_windows(share_class_id uuid) returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  class public.share_classes;
  policy public.dealing_policies;
  tools jsonb;
  place text;
  today date;
  lag int;
begin
  perform evergreen.require_role('lp_role');
  select c.* into class from public.share_classes c where c.share_class_id = fn_read_windows.share_class_id and c.share_class_id in (select evergreen.my_class_ids());
  perform evergreen.refuse_unless(found, 'EG404', 'No class of yours with that id.');
  today := (evergreen.clock() at time zone 'UTC')::date;
  policy := evergreen.dealing_policy(class.share_class_id, today);
  perform evergreen.refuse_unless(policy.policy_id is not null and evergreen.names_dates(policy.body), 'EG428', 'The terms of the class name no dealing dates.');
  select coalesce(policy.body ->> 'calendar', f.calendar) into place from public.funds f where f.fund_id = class.fund_id;
  select l.body into tools from public.lmt_policies l where l.fund_id = class.fund_id and l.effective_from <= today order by l.effective_from desc, l.version desc limit 1;
  lag := coalesce((policy.body ->> 'settlementDays')::int, 0);
  return jsonb_build_object(
    'read_at', now(),
    'class', jsonb_build_object('share_class_id', class.share_class_id, 'code', class.code, 'currency', class.currency, 'units_dp', class.units_dp),
    'carry', coalesce(tools ->> 'carry', 'lapse_resubmit'), 'most_dealings', (tools ->> 'carryMaxDealings')::int, 'gate', tools -> 'gate',
    -- what all holders of the class were told by their letters: the share of what was asked for that was paid
    'history', coalesce((select jsonb_agg(jsonb_build_object('date', h.dealing_date, 'gate', h.gate, 'fraction', h.fraction) order by h.dealing_date desc)
      from (select d.dealing_date, coalesce((d.decision ->> 'gate')::boolean, false) as gate,
                   case when coalesce((d.decision ->> 'gate')::boolean, false) then coalesce(d.decision ->> 'fraction', '1') else '1' end as fraction
              from public.dealing_days d where d.share_class_id = class.share_class_id and d.status in ('posted', 'claimable', 'settled', 'closed') order by d.dealing_date desc limit 36) h), '[]'::jsonb),
    'windows', coalesce((select jsonb_agg(jsonb_build_object('date', w.on_day, 'notice_until', w.until,
        'paid_on', case when lag = 0 then w.on_day else (select g::date from generate_series(w.on_day + 1, w.on_day + 3 * lag + 30, interval '1 day') g
            where evergreen.is_business_day(place, g::date) order by g limit 1 offset lag - 1) end) order by w.on_day)
      from (select d as on_day, evergreen.notice_deadline(class.fund_id, policy.body, 'redemption', d) as until
              from evergreen.dealing_dates(place, policy.body, today, today + case policy.body ->> 'frequency' when 'daily' then 400 when 'weekly' then 400 else 2000 end) d
             where evergreen.notice_deadline(class.fund_id, policy.body, 'redemption', d) > evergreen.clock() order by d limit 12) w), '[]'::jsonb));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_windows(uuid) is
  'The next 12 dealing dates on which a class of the caller can be redeemed, each with the end of its notice and its day of payment, and the shares paid on the last 36. EG403, EG404, EG428 terms without dates.';
