// Every policy of LPs at size: its plan reaches its rows by an index. Reads plans, never times.
import { describe, expect, it } from "vitest";
import { LP_A, testDatabase } from "./arrange.ts";
import { userOf } from "./populate.ts";

const db = await testDatabase();

/** Set-based and with triggers off: 50,000 flows, events and marks, 5,000 investors, 2,000 funds, one of them the LP's. */
const SIZE = `
  set session_replication_role = replica;
  insert into funds (code, name, base_currency) select 'F' || n, 'synthetic', 'USD' from generate_series(1, 2000) n;
  insert into share_classes (fund_id, code, name, currency) select fund_id, c, c, 'USD' from funds, unnest('{A,I}'::text[]) c;
  insert into assets (fund_id, external_key, name, type, strategy, currency, bucket, lp_visible)
    select fund_id, 'K' || n, 'synthetic', 'debt', 's', 'USD', '1d', n = 1 from funds, generate_series(1, 10) n;
  insert into asset_snapshots (asset_id, fund_id, as_of, nav, method, source)
    select id, fund_id, '2026-01-01'::date + n, 1, 'm', 's' from assets, generate_series(1, 3) n;
  insert into investors (code, classification, kyc_status, party_id) select 'I' || n, 'retail', 'approved', gen_random_uuid() from generate_series(1, 5000) n;
  insert into parties (party_id, kind, code) select party_id, 'natural_person', 'PY-' || upper(left(md5(code), 10)) from investors;
  insert into investor_access (user_id, investor_id, kind) select gen_random_uuid(), investor_id, 'owner' from investors;
  with i as (select investor_id, row_number() over (order by code) n from investors), f as (select fund_id, row_number() over (order by code) n from funds)
    insert into fund_flows (fund_id, investor_id, direction, amount, currency, status, channel, requested_at)
    select f.fund_id, i.investor_id, case when x % 2 = 0 then 'subscription' else 'redemption' end, 1, 'USD', 'settled', 'test', now()
      from i cross join generate_series(1, 10) x join f on f.n = (i.n + x) % 2000 + 1;
  insert into fund_events (type, payload, source, created_by, fund_id)
    select 'SUBSCRIPTION_REQUESTED', '{}', flow_id::text, 'test', fund_id from fund_flows;
  insert into event_investors (event_id, investor_id) select e.event_id, f.investor_id from fund_events e join fund_flows f on f.flow_id::text = e.source;
  with i as (select investor_id, row_number() over (order by code) n from investors), f as (select fund_id, row_number() over (order by code) n from funds),
    x as (select i.investor_id, c.share_class_id, c.fund_id from i cross join generate_series(1, 2) x join f on f.n = (i.n + x) % 2000 + 1 join share_classes c on c.fund_id = f.fund_id),
    h as (insert into holdings (investor_id, share_class_id, units) select investor_id, share_class_id, 1 from x),
    l as (insert into lots (investor_id, share_class_id, opened_on, units_issued, units_left, price) select investor_id, share_class_id, '2026-01-01', 1, 1, 1 from x),
    b as (insert into cash_balances (investor_id, fund_id, account, currency, amount) select distinct investor_id, fund_id, 'redemptions_payable', 'USD', 1 from x),
    a as (insert into allocations (dealing_day_id, flow_id, share_class_id, investor_id, cohort, filled_units, price, gross_amount, net_amount)
      select gen_random_uuid(), gen_random_uuid(), share_class_id, investor_id, 'full', 1, 1, 1, 1 from x),
    s as (insert into statements (dealing_day_id, investor_id, version, strike_id, body, hash) select gen_random_uuid(), investor_id, 1, gen_random_uuid(), '{}'::jsonb, encode(sha256('{}'), 'hex') from x),
    c as (insert into compensations (restatement_id, flow_id, investor_id, kind, units_dealt, difference, owed_to, owed_by, pays) select gen_random_uuid(), gen_random_uuid(), investor_id, 'none', 1, 0, 'nobody', 'nobody', false from x)
    insert into cash_movements (ledger_tx_id, fund_id, account, investor_id, currency, amount) select gen_random_uuid(), fund_id, 'redemptions_payable', investor_id, 'USD', 1 from x;
  insert into in_kind_deliveries (flow_id, fund_id, investor_id, asset_id, quantity, value, ledger_tx_id)
    select gen_random_uuid(), gen_random_uuid(), investor_id, gen_random_uuid(), 1, 1, gen_random_uuid() from investors;
  insert into class_navs (strike_id, share_class_id, nav, units, nav_per_unit, published_at)
    select gen_random_uuid(), share_class_id, 1, 1, 1, case when n < 3 then now() end from share_classes, generate_series(1, 3) n;
  insert into repurchase_offers (fund_id, notice_on, deadline, pricing_date, share, notice, opened_by, event_id)
    select fund_id, '2026-01-01', '2026-01-25', '2026-01-30', 0.05, 'n', 'test', gen_random_uuid() from funds;
  insert into audit_trail (entity_type, entity_id, message, created_by, canonical, digest) select 't', n::text, 'm', 'test', '', '' from generate_series(1, 50000) n;
  insert into event_outbox (seq, event_id, type, mode, tx) select seq, event_id, type, case when seq % 10 = 0 then 'run' else 'batch' end, tx from fund_events;
  reset session_replication_role;
  analyze;`;
const client = await db.admin.connect();
await client.query(SIZE);
await client.query(
  "update investor_access set user_id = $1 where investor_id = (select investor_id from investors where code = 'I42')",
  [userOf(LP_A)],
);
client.release();

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  Plans?: Plan[];
}
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
const BIG = 1000;
const rowsOf = Object.fromEntries(
  (
    await db.look<{ name: string; rows: number }>(
      "select relname as name, reltuples::int as rows from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    )
  ).map((r) => [r.name, r.rows]),
);
const fullScans = (plan: Plan): string[] =>
  nodes(plan)
    .filter((n) => n["Node Type"] === "Seq Scan" && (rowsOf[n["Relation Name"] ?? ""] ?? 0) > BIG)
    .map((n) => String(n["Relation Name"]));

const planAs = (sql: string): Promise<Plan> =>
  db.as(LP_A, async (c) => (await c.query(`explain (format json) ${sql}`)).rows[0]["QUERY PLAN"][0].Plan);
const planOf = async (sql: string): Promise<Plan> => {
  const [row] = await db.look<{ "QUERY PLAN": { Plan: Plan }[] }>(`explain (format json) ${sql}`);
  return row?.["QUERY PLAN"][0]?.Plan as Plan;
};

const policies = await db.look<{ table: string }>(
  "select distinct tablename as table from pg_policies where schemaname = 'public' and policyname like 'lp\\_\\_%' order by 1",
);

it("every table with a policy of LPs is big here", () => {
  expect(policies.length).toBeGreaterThan(8);
  for (const { table } of policies) expect(rowsOf[table], table).toBeGreaterThan(BIG);
});

describe.each([...policies.map((p) => p.table), "subscriptions", "redemptions"])("an LP reads %s", (table) => {
  it("by an index", async () => {
    const plan = await planAs(`select * from public.${table}`);
    expect(
      nodes(plan)
        .map((n) => n["Node Type"])
        .join(),
    ).toMatch(/Index|Bitmap/);
    expect(fullScans(plan)).toEqual([]);
  });

  it("and sees some rows of many", async () => {
    const seen = await db.as(
      LP_A,
      async (c) => (await c.query(`select count(*)::int as n from public.${table}`)).rows[0].n,
    );
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThanOrEqual(30);
  });
});

const bodies = await db.look<{ name: string; body: string }>(
  "select proname as name, prosrc as body from pg_proc where pronamespace = 'evergreen'::regnamespace and proname in ('my_investor_ids', 'my_event_ids', 'my_fund_ids', 'my_class_ids', 'visible_asset_ids') order by 1",
);

it.each(bodies.map((b) => [b.name, b.body] as const))(
  "the list behind a policy, %s, comes from an index",
  async (_name, body) => {
    const plan = await planOf(body);
    expect(fullScans(plan)).toEqual([]);
  },
);

it.each(["investors", "fund_flows", "event_investors"])(
  "%s and the list behind its policy are one plan",
  async (table) => {
    const plan = nodes(await planAs(`select * from public.${table}`));
    // a function would be a ProjectSet or a Function Scan, and would run an executor of its own at every read
    expect(plan.map((n) => n["Node Type"]).join()).not.toMatch(/ProjectSet|Function/);
    expect(plan.find((n) => n["Relation Name"] === "investor_access")?.["Node Type"]).toMatch(/Index/);
  },
);

it("a filter of the reader's own joins the policy's in one index scan", async () => {
  const plan = await planAs(
    "select * from public.fund_flows where requested_at > now() - interval '1 day' order by requested_at",
  );
  expect(fullScans(plan)).toEqual([]);
});

it.each([
  ["run and tell", "mode in ('run', 'tell')"],
  ["batch", "mode = 'batch' and type = 'SUBSCRIPTION_REQUESTED'"],
])("the dispatcher's claim of %s reads the backlog in its order, without sorting it", async (_what, modes) => {
  const plan = await planOf(
    `select o.seq from public.event_outbox o where o.dead_at is null and o.next_at <= now() and o.${modes.replaceAll(" and ", " and o.")}
        and o.tx < pg_snapshot_xmin(pg_current_snapshot()) order by o.tx, o.seq limit 100 for update skip locked`,
  );
  const kinds = nodes(plan).map((n) => n["Node Type"]);
  expect(kinds.join()).toMatch(/Index/);
  expect(kinds).not.toContain("Sort");
  expect(fullScans(plan)).toEqual([]);
});

it("the sealer reads what follows its cursor by an index", async () => {
  const plan = await planOf(
    "select a.tx, a.seq from public.audit_trail a where (a.tx, a.seq) > ('5'::xid8, 5) and a.tx < pg_snapshot_xmin(pg_current_snapshot()) order by a.tx, a.seq limit 1000",
  );
  expect(fullScans(plan)).toEqual([]);
});

it("the check itself sees a full scan", async () => {
  const plan = await planOf("select * from public.fund_flows where channel = 'test'");
  expect(fullScans(plan)).toEqual(["fund_flows"]);
});
