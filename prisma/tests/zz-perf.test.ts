import { it } from "vitest";
import { agent, OPS, PM_ONE, PM_TWO, testDatabase } from "./arrange.ts";
import { DEALING_DATE, dealingFund, NAV_BODY, navInputs, openDealingDay, strikeOf } from "./dealing-day.ts";

const db = await testDatabase();
const N = Number(process.env.PERF_N ?? 5000);
it("perf", async () => {
  const on = await dealingFund(db);
  const C = agent("commander"),
    E = agent("liquidity-engine");
  // N/2 holders with 2 lots each; N/2 subscribers
  await db.look(
    `insert into investors (code, classification, kyc_status) select 'PF' || n, 'retail', 'approved' from generate_series(1, $1) n`,
    [N],
  );
  const cls = (await db.value(PM_ONE, "fn_open_class", {
    fund: on.fund.code,
    code: "P",
    name: "perf",
    issue_price: "100",
  })) as string;
  await db.call(PM_ONE, "fn_set_dealing_policy", {
    share_class_id: cls,
    body: { cutOff: "12:00" },
    effective_from: "2020-01-01",
  });
  const t = async (name: string, work: () => Promise<unknown>) => {
    const a = performance.now();
    const r = await work();
    (await import("node:fs")).appendFileSync(
      "/tmp/w/ledger/perf/t.txt",
      `${N} ${name} ${Math.round(performance.now() - a)}\n`,
    );
    return r;
  };
  const [pos] = await db.look(
    `select jsonb_agg(jsonb_build_object('investor_id', investor_id, 'units', '50', 'opened_on', '2025-01-1' || k, 'price', '100'))::text as p from investors, generate_series(1,2) k where code like 'PF%' and substr(code,3)::int <= $1`,
    [N / 2],
  );
  await t("register", () => db.call(OPS, "fn_open_register", { share_class_id: cls, positions: pos!.p }));
  await db.look("set statement_timeout=0");
  await t("arrange", () =>
    db.look(
      `with i as (select investor_id, substr(code,3)::int n from investors where code like 'PF%'), pol as (select policy_id from dealing_policies where share_class_id = $2),
    f as (insert into fund_flows (fund_id, share_class_id, investor_id, direction, amount, requested_units, currency, status, channel, requested_at, policy_id, accepted_at)
      select $1, $2, investor_id, case when n <= $3 then 'redemption' else 'subscription' end, case when n > $3 then 1000 + n % 977 end, case when n <= $3 then 60 + (n % 30) end, 'USD', 'accepted', 'test', '2026-01-10', policy_id, now() from i, pol returning flow_id)
    insert into order_transitions (flow_id, to_status, actor) select flow_id, 'accepted', 'test' from f`,
      [on.fund.fundId, cls, N / 2],
    ),
  );
  const day = (
    await db.value<{ dealing_day_id: string }>(C, "fn_open_dealing_day", {
      fund: on.fund.code,
      share_class: "P",
      dealing_date: DEALING_DATE,
    })
  ).dealing_day_id;
  await db.look("analyze");
  await t("lock", () => db.call(C, "fn_lock_orders", { dealing_day_id: day }));
  await t("recheck", () => db.call(agent("kyc"), "fn_recheck_orders", { dealing_day_id: day }));
  const units = (N / 2) * 100;
  const navP = units * 108;
  const total = 108000 + navP;
  const inputs = [{ kind: "cash", label: "bank", value: String(total), as_of: DEALING_DATE, source: "s" }];
  const s = await db.value<{ strike_id: string }>(C, "fn_freeze_nav_inputs", {
    fund: on.fund.code,
    nav_date: DEALING_DATE,
    inputs,
  });
  const p = await db.value<{ proposal_id: string; hash: string }>(C, "fn_propose_nav", {
    strike_id: s.strike_id,
    body: { total_assets: total, liabilities: 0, gnav: total, nav: total },
    classes: [
      { share_class_id: cls, nav: navP, nav_per_unit: 108 },
      { share_class_id: on.classId, nav: 108000, nav_per_unit: 108 },
    ],
  });
  for (const who of [PM_ONE, PM_TWO])
    await db.call(who, "fn_decide_proposal", { proposal_id: p.proposal_id, hash: p.hash, decision: "approved" });
  await t("strike", () => db.call(C, "fn_strike_nav", { strike_id: s.strike_id }));
  const [cap] = await db.look(
    `select floor(sum(requested_units) * 0.4)::text as u from fund_flows where dealing_day_id = $1`,
    [day],
  );
  await t("decide", () =>
    db.call(E, "fn_decide_lmt", { dealing_day_id: day, decision: { gate: true, cap_units: cap!.u } }),
  );
  const [fl] = await db.look(
    `select jsonb_agg(case when direction = 'redemption' then jsonb_build_object('flow_id', flow_id, 'cohort', 'pro_rata', 'requested_units', trim_scale(requested_units)::text, 'filled_units', trim_scale(trunc(requested_units * 0.4, 4))::text, 'carried_units', trim_scale(requested_units - trunc(requested_units * 0.4, 4))::text, 'gross_amount', trunc(trunc(requested_units * 0.4, 4) * 108, 2)::text, 'net_amount', trunc(trunc(requested_units * 0.4, 4) * 108, 2)::text, 'reason', 'gate')
     else jsonb_build_object('flow_id', flow_id, 'cohort', 'full', 'filled_units', trunc(amount / 108, 4)::text, 'gross_amount', amount::text, 'net_amount', amount::text) end)::text as f from fund_flows where dealing_day_id = $1`,
    [day],
  );
  await t("record", () => db.call(E, "fn_record_allocations", { dealing_day_id: day, terms: {}, fills: fl!.f }));
  await t("post", () => db.call(C, "fn_post_dealing_day", { dealing_day_id: day }));
  await t("claims", () => db.call(C, "fn_open_claims", { dealing_day_id: day }));
  const [pay] = await db.look(
    `select jsonb_agg(jsonb_build_object('flow_id', flow_id, 'amount', coalesce(case when direction = 'redemption' then net_amount else amount end, 0)::text, 'reference', 'r'))::text as p from fund_flows where dealing_day_id = $1 and status = 'claimable'`,
    [day],
  );
  await t("cash", () => db.call(OPS, "fn_confirm_cash", { fund: on.fund.code, payments: pay!.p }));
  await t("close", () => db.call(C, "fn_close_dealing_day", { dealing_day_id: day }));
}, 600000);
