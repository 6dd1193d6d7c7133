// What LPs may see, table by table, in other words than the policies: the second opinion that role-attacks and the catalogue ask.
/** What an LP may see, said again in other words than the policies: $1 is the user, `mine` their investors of today. */
const MINE = `with mine as (select investor_id from investor_access where user_id = $1 and coalesce(valid_until, 'infinity') > now()),
  entered as (select fund_id from fund_flows join mine using (investor_id)
    union select c.fund_id from lots l join mine using (investor_id) join share_classes c using (share_class_id)),
  dealt as (select share_class_id from fund_flows join mine using (investor_id) union select share_class_id from lots join mine using (investor_id))`;
export const LP_ORACLE: Record<string, string> = {
  currencies: "select x from currencies x where $1::uuid is not null",
  event_types: "select x from event_types x where $1::uuid is not null",
  calendar_holidays: "select x from calendar_holidays x where $1::uuid is not null",
  allocations: `${MINE} select x from allocations x join mine using (investor_id)`,
  lots: `${MINE} select x from lots x join mine using (investor_id)`,
  holdings: `${MINE} select x from holdings x join mine using (investor_id)`,
  cash_movements: `${MINE} select x from cash_movements x join mine using (investor_id)`,
  cash_balances: `${MINE} select x from cash_balances x join mine using (investor_id)`,
  statements: `${MINE} select x from statements x join mine using (investor_id)`,
  in_kind_deliveries: `${MINE} select x from in_kind_deliveries x join mine using (investor_id)`,
  compensations: `${MINE} select x from compensations x join mine using (investor_id)`,
  repurchase_offers: `${MINE} select x from repurchase_offers x join entered using (fund_id)`,
  // a price that was proposed and one that was restated: only what was once final is seen
  class_navs: `${MINE} select x from class_navs x join dealt using (share_class_id) join nav_strikes s using (strike_id) where s.state in ('final', 'restated')`,
  funds: `${MINE} select x from funds x join entered using (fund_id)`,
  share_classes: `${MINE} select x from share_classes x join entered using (fund_id)`,
  assets: `${MINE} select x from assets x join entered using (fund_id) where x.lp_visible`,
  asset_snapshots: `${MINE} select x from asset_snapshots x join assets a on a.id = x.asset_id join entered e on e.fund_id = a.fund_id
                    where a.lp_visible and x.scenario_id = ''`,
  investors: `${MINE} select x from investors x join mine using (investor_id)`,
  investor_access: "select x from investor_access x where x.user_id = $1",
  fund_flows: `${MINE} select x from fund_flows x join mine using (investor_id)`,
  subscriptions: `${MINE} select x from subscriptions x join mine using (investor_id)`,
  redemptions: `${MINE} select x from redemptions x join mine using (investor_id)`,
  fund_events: `${MINE} select distinct x.* from fund_events x join event_investors using (event_id) join mine using (investor_id)`,
  event_investors: `${MINE} select x from event_investors x join mine using (investor_id)`,
};
