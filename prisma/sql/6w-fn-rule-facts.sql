-- What rules may know of a fund: positions, terms, offers, borrowing; as it stands and after the trades of a proposal.

create or replace function evergreen.fund_facts(of_fund public.funds, on_proposal uuid) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with lmt as (
    select p.body from public.lmt_policies p where p.fund_id = (of_fund).fund_id and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1
  ), dealing as (
    select p.body from public.dealing_policies p join public.share_classes c using (share_class_id)
     where c.fund_id = (of_fund).fund_id and c.pocket_of is null and p.effective_from <= current_date order by p.effective_from desc, p.version desc limit 1
  ), offer as (
    select o.* from public.repurchase_offers o where o.fund_id = (of_fund).fund_id order by o.pricing_date desc limit 1
  ), moves as (
    select m.asset_id, sum(m.change) as change from evergreen.trade_effects(on_proposal) m where on_proposal is not null group by m.asset_id
  ), held as (
    select a.id, a.issuer, a.type, a.country, a.liquid_flag or a.type = 'cash' as liquid, a.attributes, a.bucket,
           coalesce(p.market_value, 0) + coalesce(m.change, 0) as value
      from public.assets a
      left join public.portfolio_allocations p on p.asset_id = a.id and p.fund_id = a.fund_id and p.superseded_at is null
      left join moves m on m.asset_id = a.id
     where a.fund_id = (of_fund).fund_id and (p.asset_id is not null or m.asset_id is not null)
  ), debt as (
    -- nothing on record is not known, rather than no borrowing
    select sum(x.drawn) as drawn from (select distinct on (l.line) l.drawn from public.credit_lines l where l.fund_id = (of_fund).fund_id and l.effective_from <= current_date order by l.line, l.version desc) x
  )
  select jsonb_build_object(
    'fund', jsonb_strip_nulls(jsonb_build_object('regime', (select body ->> 'regime' from lmt), 'nav', trim_scale((select sum(h.value) from held h))::text,
      'capital', (of_fund).source ->> 'capital', 'soldTo', (of_fund).source ->> 'soldTo', 'age', (of_fund).source ->> 'monthsOpen',
      'borrowing', trim_scale((select drawn from debt))::text, 'borrowingRatio', trim_scale(round((select drawn from debt) / nullif((select sum(h.value) from held h), 0), 18))::text)),
    'terms', jsonb_strip_nulls(jsonb_build_object('frequency', (select body ->> 'frequency' from dealing), 'pricing', (select body ->> 'pricing' from dealing),
      'noticeDays', (select case body #>> '{notice,redemption,basis}' when 'calendar' then body #>> '{notice,redemption,n}' end from dealing),
      'minimumHoldingMonths', (select body #>> '{lockUp,hardMonths}' from dealing),
      'tools', (select body -> 'tools' from lmt), 'toolsCount', (select jsonb_array_length(body -> 'tools')::text from lmt), 'gateShare', (select body #>> '{gate,share}' from lmt),
      'redemptionFee', (select body #>> '{redemptionFee,rate}' from lmt))),
    'offer', (select jsonb_strip_nulls(jsonb_build_object('share', trim_scale(o.share)::text, 'notificationDays', (o.deadline - o.notice_on)::text, 'pricingDays', (o.pricing_date - o.deadline)::text)) from offer o),
    'positions', (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', h.id, 'issuer', h.issuer, 'type', h.type, 'country', h.country, 'liquid', h.liquid,
        'eligible', case when jsonb_typeof(h.attributes -> 'eligible') = 'boolean' then h.attributes -> 'eligible' end, 'value', trim_scale(h.value)::text)) order by h.id), '[]') from held h),
    'ladder', (select coalesce(jsonb_agg(jsonb_build_object('side', l.side, 'bucket', l.bucket, 'amount', trim_scale(l.capacity)::text) order by l.side, l.bucket), '[]') from public.liquidity_ladder l
      where l.fund_id = (of_fund).fund_id and l.scenario_id = 'base' and l.as_of = evergreen.ladder_date((of_fund).fund_id, l.side, 'base')))
$$;
comment on function evergreen.fund_facts(public.funds, uuid) is 'What rules may know of a fund, as it stands or after the trades of a proposal: values in the fund''s currency, terms in force; what is not known is absent.';

create or replace function public.fn_read_fund_facts(fund text, proposal_id uuid default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_fund public.funds;
begin
  perform evergreen.require_role('agent_compliance_sentinel', 'pm_role', 'ops_role', 'audit_role');
  select * into of_fund from public.funds f where f.code = fund or f.fund_id::text = fund;
  perform evergreen.refuse_unless(found, 'EG404', 'No fund with that code.');
  perform evergreen.refuse_unless(proposal_id is null or exists (select from public.proposals p where p.proposal_id = fn_read_fund_facts.proposal_id and p.fund_id = of_fund.fund_id), 'EG404', 'No proposal of the fund with that id.');
  return jsonb_build_object('fund_id', of_fund.fund_id, 'as_of', evergreen.clock()::date, 'facts', evergreen.fund_facts(of_fund, null),
    'after', case when proposal_id is not null then evergreen.fund_facts(of_fund, proposal_id) end,
    'open_breaches', (select coalesce(jsonb_agg(b.rule order by b.rule), '[]') from public.breaches b where b.fund_id = of_fund.fund_id and b.cured_at is null),
    'snoozed', (select coalesce(jsonb_agg(distinct z.pack || '/' || z.rule), '[]') from public.rule_snoozes z where z.until > now() and z.entity_id = of_fund.fund_id));
exception when others then
  declare broken text; begin get stacked diagnostics broken = constraint_name;
    perform evergreen.raise_public(sqlstate, sqlerrm, broken); end;
end $$;
comment on function public.fn_read_fund_facts(text, uuid) is
  'Facts of a fund as it stands and, where a proposal is named, after its trades; the rules it breaks already. Returns {fund_id, as_of, facts, after, open_breaches, snoozed}. EG404.';
