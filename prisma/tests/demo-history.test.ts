// The past of the demo fund on a real Postgres: made by the engine; and what a visitor then finds.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { type Database, openDatabase } from "@evergreen-fund/supabase-client";
import { type DayIds, dealingSteps } from "@evergreen-fund/workers/dealing-steps.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateDemo } from "../demo/generate.ts";
import { APPROVERS, CASHIER, LP_USERS } from "../demo/logins.ts";
import { CODES, MONTHS, monthEnd } from "../demo/terms.ts";
import type { DemoProgress } from "../seed.ts";
import { DemoHouse, seeded } from "./demo-house.ts";

const DEMO = generateDemo(LP_USERS);
const GATED = "2025-06-30";
const RESTATED = "2025-12-31";
const MINUTES = 60_000;

let house: DemoHouse;
const seen: DemoProgress[] = [];
beforeAll(async () => {
  house = await DemoHouse.open();
  expect((await seeded(house, (progress) => seen.push(progress))).result).toEqual({
    outcome: "complete",
    loaded: MONTHS,
  });
}, 9 * MINUTES);
afterAll(() => house?.close());

describe("three years of dealing days", () => {
  it("show their progress, banner first", () => {
    expect(seen.slice(0, 2)).toEqual([
      { phase: "fund", done: 1, total: 2, step: "fund" },
      { phase: "fund", done: 2, total: 2, step: "register" },
    ]);
    expect(seen.slice(2).map(({ done, step }) => [done, step])).toEqual(
      Array.from({ length: MONTHS }, (_, month) => [month + 1, monthEnd(month)]),
    );
    expect(seen.at(-1)).toMatchObject({ phase: "history", total: MONTHS });
  });

  it("are closed with their hashes, every invariant holds, and the next date is open with its orders", async () => {
    const days = await house.rows<{ date: string; code: string; status: string; hash: string | null; step: number }>(
      `select to_char(dealing_date, 'YYYY-MM-DD') as date, code, status, step, day_hash as hash from dealing_days join share_classes using (share_class_id) order by 1, 2`,
    );
    expect(days.map(({ date, code }) => `${date} ${code}`)).toEqual(
      Array.from({ length: MONTHS + 1 }, (_, month) => CODES.map((code) => `${monthEnd(month)} ${code}`)).flat(),
    );
    const dealt = days.filter(({ date }) => date < monthEnd(MONTHS));
    expect(dealt.filter(({ status, step }) => status !== "closed" || step !== 12)).toEqual([]);
    expect(dealt.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash ?? ""))).toBe(true);
    expect(new Set(dealt.map(({ hash }) => hash)).size).toBe(2 * MONTHS);
    expect(days.slice(-2).map(({ status }) => status)).toEqual(["open", "open"]);
    expect(await house.rows("select * from evergreen.broken_invariants(null)")).toEqual([]);
    const waiting = await house.rows<{ code: string; n: number }>(
      "select c.code, count(*)::int as n from fund_flows f join share_classes c using (share_class_id) where f.status = 'accepted' group by 1 order by 1",
    );
    const placed = DEMO.timeline.filter((act) => act.act === "order" && act.month === MONTHS);
    expect(waiting.reduce((sum, { n }) => sum + n, 0)).toBe(placed.length);
  });

  it("came about by the engine: each order through its states, each NAV approved by two people, each fill in the ledger", async () => {
    const placed = DEMO.timeline.filter((act) => act.act === "order").length;
    expect(await house.one("select count(*)::int from fund_flows where parent_flow_id is null")).toBe(placed);
    const paths = await house.rows<{ path: string }>(
      `select distinct string_agg(t.to_status, ' ' order by t.updated_at) as path from order_transitions t join fund_flows f using (flow_id)
        where f.status in ('settled', 'carried') and f.parent_flow_id is null group by t.flow_id order by 1`,
    );
    expect(paths.map(({ path }) => path)).toEqual(["submitted accepted locked priced allocated claimable settled"]);
    const approvals = await house.rows(
      `select count(distinct a.decided_by)::int as people, p.proposed_by from nav_strikes s join proposals p using (proposal_id) join approvals a using (proposal_id)
        where s.state in ('final', 'restated') group by s.strike_id, p.proposed_by having count(distinct a.decided_by) <> 2 or p.proposed_by <> 'agent:commander'`,
    );
    expect(approvals).toEqual([]);
    expect(await house.one("select count(*)::int from nav_strikes where state in ('final', 'restated')")).toBe(
      MONTHS + 1,
    );
    const actors = await house.rows<{ actor: string }>(
      "select distinct split_part(actor, ':', 1) || ':' || case when actor like 'agent:%' then split_part(actor, ':', 2) else '' end as actor from order_transitions order by 1",
    );
    expect(actors.map(({ actor }) => actor)).toEqual(["agent:commander", "agent:kyc", "user:"]);
  });

  it("gate exactly one quarter, pro rata, and carry the rest into the next month", async () => {
    const gated = await house.rows<{ date: string; code: string; fraction: string; cap: string; filled: string }>(
      `select to_char(d.dealing_date, 'YYYY-MM-DD') as date, c.code, d.decision ->> 'fraction' as fraction, d.decision ->> 'cap_units' as cap,
              (select sum(a.filled_units) from allocations a join fund_flows f using (flow_id) where a.dealing_day_id = d.dealing_day_id and f.direction = 'redemption') as filled
         from dealing_days d join share_classes c using (share_class_id) where (d.decision ->> 'gate')::boolean order by 1, 2`,
    );
    expect(gated.map(({ date, code }) => [date, code])).toEqual([
      [GATED, "I"],
      [GATED, "W"],
    ]);
    for (const { fraction, cap, filled } of gated) {
      expect(Number(fraction)).toBeGreaterThan(0.2);
      expect(Number(fraction)).toBeLessThan(0.9);
      expect(Number(filled)).toBeLessThanOrEqual(Number(cap));
    }
    expect(new Set(gated.map(({ fraction }) => fraction)).size).toBe(1);
    // equal treatment: within the gated date nobody is a unit of rounding away from the same share
    const [spread] = await house.rows<{ n: number; spread: string }>(
      `select count(*)::int as n, max(abs(a.filled_units - a.requested_units * t.share)) as spread from allocations a join dealing_days d using (dealing_day_id) join fund_flows f using (flow_id)
         cross join lateral (select sum(x.filled_units * x.price) / sum(x.requested_units * x.price) as share from allocations x join dealing_days y using (dealing_day_id) join fund_flows z using (flow_id)
           where y.dealing_date = d.dealing_date and z.direction = 'redemption') t
        where d.dealing_date = $1 and f.direction = 'redemption'`,
      [GATED],
    );
    expect(spread!.n).toBeGreaterThan(10);
    expect(Number(spread!.spread)).toBeLessThanOrEqual(0.0002);
    const carried = await house.rows<{ asked: string; got: string; date: string; fills: number }>(
      `select c.requested_units as asked, a.carried_units as got, to_char(c.dealing_date, 'YYYY-MM-DD') as date, (c.filled_units = c.requested_units)::int as fills
         from allocations a join fund_flows c on c.flow_id = a.child_flow_id`,
    );
    expect(carried).toHaveLength(spread!.n);
    for (const { asked, got, date, fills } of carried) expect([asked, date, fills]).toEqual([got, "2025-07-31", 1]);
    // and the quarter paid what the policy lets it pay
    const [quarter] = await house.rows<{ paid: string; base: string }>(
      `select sum(a.gross_amount) as paid, (select s.nav from nav_strikes s where s.nav_date = '2025-03-31' and s.state = 'final') as base
         from allocations a join dealing_days d using (dealing_day_id) join fund_flows f using (flow_id)
        where f.direction = 'redemption' and d.dealing_date between '2025-04-01' and '2025-06-30'`,
    );
    const left = Number(quarter!.base) * 0.05 - Number(quarter!.paid);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(left).toBeLessThan(1);
  });

  it("hold one NAV that was restated: material, every deal recomputed, statements anew", async () => {
    const versions = await house.rows<{ date: string; version: number; state: string; nav: string }>(
      "select to_char(nav_date, 'YYYY-MM-DD') as date, version, state, nav from nav_strikes where version > 1 or state = 'restated' order by version",
    );
    expect(versions.map(({ date, version, state }) => [date, version, state])).toEqual([
      [RESTATED, 1, "restated"],
      [RESTATED, 2, "final"],
    ]);
    expect(Number(versions[0]!.nav) / Number(versions[1]!.nav) - 1).toBeGreaterThan(0.01);
    const found = await house.rows<{
      code: string;
      material: boolean;
      direction: string;
      deals: number;
      dealt: number;
      owed: number;
    }>(
      `select c.code, r.material, r.direction, r.deals, (select count(*)::int from allocations a where a.dealing_day_id = r.dealing_day_id and a.filled_units > 0) as dealt,
              (select count(*)::int from compensations x where x.restatement_id = r.restatement_id and x.difference > 0) as owed
         from restatements r join share_classes c using (share_class_id) order by 1`,
    );
    expect(found.map(({ code, material, direction }) => [code, material, direction])).toEqual([
      ["I", true, "overstated"],
      ["W", true, "overstated"],
    ]);
    for (const { deals, dealt, owed } of found) expect([deals, owed]).toEqual([dealt, dealt]);
    expect(found.reduce((sum, { deals }) => sum + deals, 0)).toBeGreaterThan(3);
    expect(
      await house.one("select count(*)::int from statements where version = 2 and supersedes is not null"),
    ).toBeGreaterThanOrEqual(found.reduce((sum, { deals }) => sum + deals, 0));
  });

  it("end as the fund was imported: units, prices, cash, and months that add up", async () => {
    const classes = await house.rows<{ code: string; units: string; price: string; held: string }>(
      `select c.code, trim_scale(c.units_outstanding)::text as units, trim_scale(c.nav_per_unit)::text as price,
              (select trim_scale(sum(h.units))::text from holdings h where h.share_class_id = c.share_class_id) as held from share_classes c order by 1`,
    );
    for (const { code, units, price, held } of classes) {
      const expected = DEMO.forecast.classes[code]!;
      expect([Number(units), Number(price)]).toEqual([Number(expected.units), Number(expected.price)]);
      expect(held).toBe(units);
    }
    const { rows: months } = await house.client.query(
      `select r.month from public.reported_flows r full join (
         select d.fund_id, date_trunc('month', d.dealing_date)::date as month, case f.direction when 'subscription' then 'sale' else 'redemption' end as kind, sum(a.gross_amount) as amount
           from public.allocations a join public.dealing_days d using (dealing_day_id) join public.fund_flows f using (flow_id) group by 1, 2, 3) d using (fund_id, month, kind)
        where r.amount is distinct from d.amount`,
    );
    expect(months).toEqual([]);
    expect(await house.one("select count(*)::int from reported_flows")).toBeGreaterThan(50);
    // what lies in the dealing account is what has been paid in for the next date, the manager's fee, and what the restatement owes less what is made good
    const balances = Object.fromEntries(
      (
        await house.rows<{ account: string; sum: string }>("select account, sum(amount) from cash_balances group by 1")
      ).map(({ account, sum }) => [account, sum]),
    );
    const ready = DEMO.timeline.findLast((act) => act.act === "move_cash" && act.month === MONTHS);
    const compensation = Number(balances.compensation_payable) + Number(balances.compensation_receivable);
    expect(compensation).toBeCloseTo(-173_316.09, 2);
    expect(Number(balances.bank) + Number(balances.subscriptions_received) + compensation).toBeCloseTo(
      Number((ready as { amount: string }).amount),
      2,
    );
    expect(Number(balances.redemptions_payable)).toBe(0);
  });

  it("were recorded when they happened, and the rows say when they were really made", async () => {
    for (const [table, column] of [
      ["ledger_transactions", "recorded_at"],
      ["ledger_transactions", "posted_at"],
      ["class_navs", "published_at"],
      ["nav_strikes", "recorded_at"],
      ["lots", "recorded_at"],
      ["fund_flows", "recorded_at"],
      ["fund_flows", "settled_at"],
      ["statements", "recorded_at"],
      ["dealing_days", "closed_at"],
      ["approvals", "decided_at"],
      ["order_transitions", "created_at"],
    ]) {
      const [span] = await house.rows<{ first: Date; last: Date }>(
        `select min(${column}) as first, max(${column}) as last from public.${table}`,
      );
      expect(span!.first.getTime(), `${table}.${column}`).toBeLessThan(Date.parse("2023-12-01"));
      expect(span!.last.getTime(), `${table}.${column}`).toBeLessThan(Date.parse("2026-10-31"));
    }
    // forward pricing, to be seen in the times: asked, locked at the cut-off, priced when the NAV was struck, published with it
    expect(
      await house.rows(
        `select f.flow_id from fund_flows f join dealing_days d using (dealing_day_id) join class_navs n on n.strike_id = d.strike_id and n.share_class_id = d.share_class_id
          where f.settled_at is not null and not (f.requested_at <= f.accepted_at and f.accepted_at < f.locked_at and d.cut_off_at <= f.locked_at and f.locked_at < f.priced_at
            and f.priced_at = n.published_at and f.priced_at <= f.settled_at and f.settled_at <= d.closed_at)`,
      ),
    ).toEqual([]);
    // the chain of audits and the rows' own stamps are the clock's
    expect(await house.one("select min(created_at) > now() - interval '1 hour' from audit_trail")).toBe(true);
    expect(await house.one("select min(created_at) > now() - interval '1 hour' from ledger_transactions")).toBe(true);
    expect(
      await house.one(
        "select count(*)::int from (select tx from ledger_transactions except select tx from audit_trail where entity_type = 'demo_clock') x",
      ),
    ).toBe(0);
  });

  it("can be looked at as known on a day of the past", async () => {
    const audit: Actor = { role: "audit_role", userId: APPROVERS[0].userId };
    const database = openDatabase({ url: house.database.urlFor("evergreen_app"), connections: 1 });
    try {
      const [who] = await house.rows<{ investor: string; class: string }>(
        `select a.investor_id as investor, a.share_class_id as class from allocations a join dealing_days d using (dealing_day_id) join fund_flows f using (flow_id)
          where d.dealing_date = $1 and f.direction = 'subscription' limit 1`,
        [RESTATED],
      );
      const knownOn = async (day: string) => {
        const books = (await database.rpc(audit, "fn_statement_books", {
          investor_id: who!.investor,
          share_class_id: who!.class,
          known_on: `${day}T23:59:59Z`,
        })) as { entries: unknown[]; strikes: { date: string; navPerUnit: string }[] };
        return { entries: books.entries.length, strikes: books.strikes.filter(({ date }) => date === RESTATED) };
      };
      const [before, wrong, right] = [
        await knownOn("2026-01-05"),
        await knownOn("2026-01-15"),
        await knownOn("2026-02-15"),
      ];
      // struck ten days after the date; restated on the twenty-third
      expect([before.strikes.length, wrong.strikes.length, right.strikes.length]).toEqual([0, 1, 2]);
      expect(wrong.entries).toBe(before.entries + 1);
      expect(Number(right.strikes[1]!.navPerUnit)).toBeLessThan(Number(wrong.strikes[0]!.navPerUnit));
    } finally {
      await database.close();
    }
  });

  it("warn of three marks and leave nothing else to deliver but the next dealing date", async () => {
    const drifts = await house.rows<{ key: string; over: boolean }>(
      `select a.external_key as key, (e.payload ->> 'deviation_bps')::numeric > (e.payload ->> 'threshold_bps')::numeric as over
         from public.fund_events e join public.assets a on a.id = (e.payload ->> 'asset_id')::uuid where e.type = 'DATA_DRIFT' order by e.seq`,
    );
    expect(drifts).toEqual(["PE05", "PC06", "IN05"].map((key) => ({ key, over: true })));
    expect(await house.rows("select type, count(*)::int as n from event_outbox group by 1 order by 1")).toEqual([
      { type: "DATA_DRIFT", n: 3 },
      { type: "DEALING_DAY_OPENED", n: 2 },
    ]);
    expect(await house.one("select count(*)::int from event_batches where done_at is null")).toBe(0);
    // what was demanded in the past is no demand on the ladder of today
    expect(await house.one("select sum(utilization)::int from liquidity_ladder")).toBe(0);
  });

  it("are labelled synthetic, and each demo login sees its investors and nobody else's", async () => {
    for (const [table, column] of [
      ["funds", "name"],
      ["share_classes", "name"],
      ["assets", "name"],
      ["assets", "issuer"],
      ["asset_snapshots", "source"],
      ["reported_flows", "source"],
    ])
      expect(
        await house.one(`select count(*)::int from public.${table} where ${column} not like '%synthetic%'`),
        `${table}.${column}`,
      ).toBe(0);
    expect(await house.one("select bool_and(synthetic) from public.investors")).toBe(true);
    expect(await house.one("select count(*)::int from public.investors where kyc_status = 'expired'")).toBe(2);
    const seenBy = async (userId: string) => {
      await house.client.query("begin");
      await house.client.query("set local role lp_role");
      await house.client.query("select set_config('request.jwt.claims', $1, true)", [
        JSON.stringify({ sub: userId, role: "lp_role" }),
      ]);
      const codes = (await house.rows<{ code: string }>("select code from public.investors order by code")).map(
        (row) => row.code,
      );
      const funds = (await house.rows<{ code: string }>("select code from public.funds")).map((row) => row.code);
      const [assets] = await house.rows(
        "select bool_and(lp_visible) as visible, count(*)::int as n from public.assets",
      );
      await house.client.query("rollback");
      return { codes, funds, assets };
    };
    const assets = { visible: true, n: DEMO.fund.assets.filter((asset) => asset.lp_visible).length };
    expect(await seenBy(LP_USERS.first)).toEqual({ codes: ["LP-S0001", "LP-S0002"], funds: ["DEMO"], assets });
    expect(await seenBy(LP_USERS.second)).toEqual({ codes: ["LP-S0003"], funds: ["DEMO"], assets });
  });

  it("are there: seeding again changes nothing", async () => {
    const before = await house.fingerprint();
    const again = await seeded(house);
    expect(again.result).toEqual({ outcome: "complete", loaded: 0 });
    expect(await house.fingerprint()).toBe(before);
    expect(await house.one("select allocations_version::int from public.funds")).toBe(1);
  });
});

describe("the dealing date that waits", () => {
  let database: Database;
  beforeAll(() => {
    database = openDatabase({ url: house.database.urlFor("evergreen_app"), connections: 2 });
  });
  afterAll(() => database?.close());

  it("deals at the net assets that the fund was imported with, and closes", { timeout: 2 * MINUTES }, async () => {
    const steps = dealingSteps({ database, crashPoint: () => undefined });
    const days = await house.rows<{ id: string; fund: string; run: string; event: string }>(
      `select d.dealing_day_id as id, d.fund_id as fund, d.workflow_id as run, e.event_id as event from dealing_days d join share_classes c using (share_class_id)
         join fund_events e on e.type = 'DEALING_DAY_OPENED' and e.payload ->> 'dealing_day_id' = d.dealing_day_id::text where d.dealing_date = $1 order by c.code`,
      [monthEnd(MONTHS)],
    );
    const [leader, ...others] = days.map(
      ({ id, fund, run, event }): DayIds => ({ dealingDayId: id, fundId: fund, workflowId: run, eventId: event }),
    );
    for (const day of [leader!, ...others]) await steps.cutOff(day);
    const { proposalId } = await steps.proposeNav(leader!);
    const hash = await house.one<string>("select hash from proposals where proposal_id = $1", [proposalId]);
    for (const person of APPROVERS)
      await database.rpc(person, "fn_decide_proposal", { proposal_id: proposalId, hash, decision: "approved" });
    await steps.deal(leader!, others);
    expect(
      await house.one("select nav::text from nav_strikes where nav_date = $1 and state = 'final'", [monthEnd(MONTHS)]),
    ).toBe(`${DEMO.fund.net_assets}00`);
    expect(await house.one("select net_assets::text from funds")).toBe(`${DEMO.fund.net_assets}00`);
    const due = await house.rows<{ id: string; amount: string }>(
      "select flow_id as id, net_amount::numeric(38,2)::text as amount from fund_flows where status = 'claimable'",
    );
    if (due.length > 0)
      await database.rpc(CASHIER, "fn_confirm_cash", {
        fund: "DEMO",
        payments: due.map(({ id, amount }) => ({ flow_id: id, amount, reference: "synthetic" })),
      });
    for (const day of [leader!, ...others]) await steps.close(day);
    expect(
      await house.one("select bool_or((decision ->> 'gate')::boolean) from dealing_days where dealing_date = $1", [
        monthEnd(MONTHS),
      ]),
    ).toBe(false);
    expect(await house.rows("select distinct status from dealing_days")).toEqual([{ status: "closed" }]);
    expect(await house.rows("select * from evergreen.broken_invariants(null)")).toEqual([]);
  });
});
