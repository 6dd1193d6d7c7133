// A fund out of a snapshot, as a stress run reads it (finance/stress/book.ts): one reading of one file, nothing later than the day of valuation.
import { EvergreenError } from "@evergreen-fund/domain";
import { FundBook } from "@evergreen-fund/finance/stress/book.ts";
import { ValuationTerms } from "@evergreen-fund/finance/stress/terms.ts";
import type { DuckFile, Row } from "./file.ts";

/** Of the newest: the later day, then what was recorded later, then the greater id, so that two readings never differ. */
const FUND = `
  select f.fund_id::varchar as id, f.code, f.base_currency as currency, f.net_assets::varchar as "netAssets", f.nav_as_of::varchar as "navAsOf",
         greatest(f.nav_as_of, (select max(as_of) from marks m where m.fund_id = f.fund_id))::varchar as "asOf",
         (select content_hash from sync.state) as "snapshotHash"
    from funds f where f.fund_id::varchar = $fund or f.code = $fund`;

// a trade that was applied after the mark was recorded changes what is held, and the allocation knows it; the day stays that of the mark
const ASSETS = `
  with held as (
    select * from portfolio_allocations where superseded_at is null and fund_id = $fund::uuid
    qualify row_number() over (partition by asset_id order by version desc, allocation_id) = 1),
  rolled as (
    select i.asset_id, i.as_of, i.index_series as series, i.beta, i.index_at_mark, s.nav_date
      from nav_inputs i join nav_strikes s using (strike_id)
     where s.fund_id = $fund::uuid and i.kind = 'asset' and s.nav_date <= $day::date
    qualify row_number() over (partition by i.asset_id order by s.nav_date desc, s.version desc, i.input_id) = 1)
  select a.id::varchar as id, a.external_key as key, a.name, a.type, a.strategy, a.issuer, a.country, a.currency, a.bucket, a.liquid_flag as liquid,
         a.fair_value_level as level, a.maturity::varchar as maturity,
         (case when h.recorded_at > m.recorded_at then h.market_value else m.nav end)::varchar as value, m.as_of::varchar as "markedOn",
         a.attributes->>'category' as category, a.attributes->>'issuer_category' as "issuerCategory",
         r.series, r.beta::varchar as beta, r.index_at_mark::varchar as "indexAtMark", r.nav_date::varchar as "rolledOn",
         (a.attributes->'valuation')::varchar as terms
    from assets a join latest_marks m on m.asset_id = a.id left join held h on h.asset_id = a.id left join rolled r on (r.asset_id, r.as_of) = (a.id, m.as_of)
   where a.fund_id = $fund::uuid and a.status = 'active' order by a.id::varchar`;

const SENSITIVITIES = `
  select measure, currency, tenor, value::varchar as value, source, as_of::varchar as "asOf" from fund_sensitivities
   where fund_id = $fund::uuid and as_of = (select max(as_of) from fund_sensitivities where fund_id = $fund::uuid and as_of <= $day::date)
   order by measure, currency, tenor`;
const FLOWS = `
  select month::varchar as month, kind, sum(amount)::decimal(38, 4)::varchar as amount from (
    -- a month that two sources report is counted once
    select * from reported_flows where fund_id = $fund::uuid and month <= $day::date and kind in ('sale', 'redemption', 'reinvestment')
    qualify row_number() over (partition by month, kind order by recorded_at desc, reported_flow_id) = 1)
   group by month, kind order by month, kind`;
const LADDER = `
  select side, as_of::varchar as "asOf", bucket, capacity::varchar as capacity, utilization::varchar as utilization, stress_delta::varchar as "stressDelta"
    from liquidity_ladder l join bucket_order b using (bucket)
   where fund_id = $fund::uuid and scenario_id = 'base'
     and as_of = (select max(as_of) from liquidity_ladder n where n.fund_id = $fund::uuid and n.scenario_id = 'base' and n.side = l.side and n.as_of <= $day::date)
   order by side, b.place`;
const CLASSES = `
  with prices as (
    select c.share_class_id, c.nav_per_unit from class_navs c join nav_strikes s using (strike_id)
     where c.published_at is not null and s.nav_date <= $day::date
    qualify row_number() over (partition by c.share_class_id order by s.nav_date desc, s.version desc) = 1)
  select k.share_class_id::varchar as id, k.code, k.currency, coalesce(k.units_outstanding, 0)::varchar as units,
         coalesce(p.nav_per_unit, k.nav_per_unit, k.issue_price)::varchar as "navPerUnit", k.units_dp as "unitsDp", k.price_dp as "priceDp"
    from share_classes k left join prices p using (share_class_id) where k.fund_id = $fund::uuid and k.pocket_of is null order by 1`;
const HOLDINGS = `
  select h.share_class_id::varchar as "classId", h.investor_id::varchar as "investorId", h.units::varchar as units
    from holdings h join share_classes k using (share_class_id) where k.fund_id = $fund::uuid and k.pocket_of is null and h.units > 0 order by 1, 2`;
const PENDING = `
  select flow_id::varchar as id, share_class_id::varchar as "classId", investor_id::varchar as "investorId", currency, amount::varchar as amount,
         dealing_date::varchar as "dealingDate", status from pending_redemptions where fund_id = $fund::uuid order by 1`;
const DEALING = `
  select share_class_id::varchar as "classId", version, body::varchar as body from dealing_policies
   where fund_id = $fund::uuid and effective_from <= $day::date
  qualify row_number() over (partition by share_class_id order by effective_from desc, version desc) = 1 order by 1`;
const LMT = `
  select version, body::varchar as body from lmt_policies where fund_id = $fund::uuid and effective_from <= $day::date
   order by effective_from desc, version desc limit 1`;
const MANDATE = `
  select version, body::varchar as body from mandates where fund_id = $fund::uuid and superseded_at is null order by version desc limit 1`;
/** Of each line the version in force; one that was given up (nothing committed, nothing drawn) is none. */
const CREDIT_LINES = `
  select line, currency, committed::varchar as committed, drawn::varchar as drawn, "expiresOn", "dueDays" from (
    select line, currency, committed, drawn, expires_on::varchar as "expiresOn", due_days as "dueDays" from credit_lines
     where fund_id = $fund::uuid and effective_from <= $day::date
    qualify row_number() over (partition by line order by effective_from desc, version desc) = 1)
   where committed > 0 order by line`;
/** Of each pool the version in force. */
const POOLS = `
  select pool_id::varchar as id, pool, curve, reserve_units::varchar as "reserveUnits", reserve_cash::varchar as "reserveCash",
         unit_decimals as "unitDecimals", cash_decimals as "cashDecimals", fee_ppm as "feePpm", amplification
    from liquidity_pools where fund_id = $fund::uuid and effective_from <= $day::date
  qualify row_number() over (partition by pool order by effective_from desc, version desc) = 1 order by pool`;
/** Where a series stands twice for a day, what was recorded later counts. */
const MARKET = `
  select series, as_of::varchar as "asOf", value::varchar as value from market_observations where as_of <= $day::date
   order by series, as_of`;

/** Words of the first thing that is wrong with the terms of an asset. */
function termsOf(text: unknown): { terms: ValuationTerms | null; termsProblem: string | null } {
  if (text === null || text === undefined) return { terms: null, termsProblem: null };
  const read = ValuationTerms.safeParse(JSON.parse(String(text)));
  if (read.success) return { terms: read.data, termsProblem: null };
  const { path, message } = read.error.issues[0]!;
  return { terms: null, termsProblem: `valuation.${path.map(String).join(".")}: ${message}`.slice(0, 500) };
}

function assetOf({ series, beta, indexAtMark, rolledOn, terms, ...row }: Row): Row {
  const rolls = typeof series === "string" && typeof beta === "string";
  return { ...row, rollForward: rolls ? { series, beta, indexAtMark, asOf: rolledOn } : null, ...termsOf(terms) };
}

const withBody = (row: Row): Row => ({ ...row, body: JSON.parse(String(row.body)) });

/**
 * The book of a fund, by its id or code, at the newest day of its NAV and marks. The same snapshot gives the same book. Errors: EG404 when the snapshot has no such
 * fund, EG426 when the fund has no mark that could be stressed, EG500 when the snapshot holds what no fund has.
 */
export async function readBook(file: DuckFile, fundId: string): Promise<FundBook> {
  const [fund] = await file.rows(FUND, { fund: fundId });
  if (fund === undefined) throw new EvergreenError("EG404", "The snapshot has no fund with that id or code.");
  const { asOf, snapshotHash, ...about } = fund;
  if (typeof asOf !== "string")
    throw new EvergreenError("EG426", "The fund has no mark yet; there is nothing to stress.");
  const ask = (sql: string, dated = true): Promise<Row[]> =>
    file.rows(sql, { ...(sql.includes("$fund") ? { fund: String(about.id) } : {}), ...(dated ? { day: asOf } : {}) });
  const sensitivities = await ask(SENSITIVITIES);
  const [lmtPolicy, mandate] = [await ask(LMT), await ask(MANDATE, false)].map((rows) => rows.map(withBody)[0] ?? null);
  const read = FundBook.safeParse({
    format: "evergreen.book/1",
    fund: about,
    asOf,
    snapshotHash,
    assets: (await ask(ASSETS)).map(assetOf),
    sensitivities: {
      asOf: sensitivities[0]?.asOf ?? null,
      source: sensitivities[0]?.source ?? "none",
      rows: sensitivities.map(({ measure, currency, tenor, value }) => ({ measure, currency, tenor, value })),
    },
    reportedFlows: await ask(FLOWS),
    ladder: await ask(LADDER),
    classes: await ask(CLASSES),
    holdings: await ask(HOLDINGS, false),
    pending: await ask(PENDING, false),
    dealingPolicies: (await ask(DEALING)).map(withBody),
    lmtPolicy,
    mandate,
    creditLines: await ask(CREDIT_LINES),
    pools: await ask(POOLS),
    market: await ask(MARKET),
  });
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  throw new EvergreenError(
    "EG500",
    `The snapshot holds what no book of a fund has: ${path.map(String).join(".")}: ${message}.`,
    {
      cause: read.error,
    },
  );
}
