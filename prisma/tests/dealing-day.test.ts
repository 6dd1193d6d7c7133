// The whole dealing day in SQL: from the cut-off to the day hash, every step under its own role; and what must never be, refused.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { agent, LP_A } from "./arrange.ts";
import {
  approve,
  broken,
  classPrices,
  DEALING_DATE,
  dayAt,
  dealingDatabase,
  GATED,
  NAV_BODY,
  newClass,
  openDay,
  STEPS,
  strikeOf,
  TAKE,
  take,
} from "./dealing-day.ts";
import { userOf } from "./populate.ts";
import { COMMANDER } from "./postings.ts";

const db = await dealingDatabase();
const ENGINE = agent("liquidity-engine");

describe("a gated day with a subscription and a redemption", async () => {
  const day = await dayAt(db, "closed", { subscriberUser: userOf(LP_A) });

  it("moves units and cash as computed by hand, and carries what the gate left", async () => {
    expect(
      await db.look("select investor_id, units from holdings where share_class_id = $1 order by units", [day.classId]),
    ).toEqual([
      { investor_id: day.subscriber, units: "100.000000000000000000" },
      { investor_id: day.holder, units: "950.000000000000000000" },
    ]);
    expect(
      await db.look("select units_outstanding, nav_per_unit from share_classes where share_class_id = $1", [
        day.classId,
      ]),
    ).toEqual([{ units_outstanding: "1050.000000000000000000", nav_per_unit: "108.000000000000000000" }]);
    expect(
      await db.look(
        "select account, sum(amount)::text as amount from cash_balances where fund_id = $1 group by 1 order by 1",
        [day.fund.fundId],
      ),
    ).toEqual([
      { account: "bank", amount: "5400.0000" },
      { account: "capital", amount: "-5400.0000" },
      { account: "redemptions_payable", amount: "0.0000" },
      { account: "subscriptions_received", amount: "0.0000" },
    ]);
    expect(
      await db.look(
        "select direction, status, filled_units, net_amount from fund_flows where dealing_day_id = $1 order by direction",
        [day.dayId],
      ),
    ).toEqual([
      { direction: "redemption", status: "settled", filled_units: "50.000000000000000000", net_amount: "5400.0000" },
      {
        direction: "subscription",
        status: "settled",
        filled_units: "100.000000000000000000",
        net_amount: "10800.0000",
      },
    ]);
    expect(
      await db.look("select status, requested_units, amount, vintage::text from fund_flows where parent_flow_id = $1", [
        day.redemption,
      ]),
    ).toEqual([{ status: "accepted", requested_units: "150.000000000000000000", amount: null, vintage: "2026-01-30" }]);
  });

  it("went through the states of R1, each with its event", async () => {
    const steps = await db.look<{ to_status: string; event: string | null }>(
      `select t.to_status, e.type as event from order_transitions t left join fund_events e using (event_id)
        where t.flow_id = $1 order by t.updated_at`,
      [day.redemption],
    );
    expect(steps.map((s) => s.to_status)).toEqual([
      "submitted",
      "accepted",
      "locked",
      "priced",
      "allocated",
      "claimable",
      "settled",
    ]);
    expect(steps.map((s) => s.event)).toEqual([
      "REDEMPTION_REQUESTED",
      "REDEMPTION_REQUESTED", // accepted by the event that asked for it, as intake does
      "CUTOFF_REACHED",
      "NAV_STRUCK",
      "DEALING_DAY_POSTED",
      "CLAIMABLE",
      "CASH_CONFIRMED",
    ]);
  });

  it("gives an LP an inclusion proof that leads to the committed root, and arithmetic outside the database agrees", async () => {
    const proof = await db.value<{
      canonical: string;
      salt: string;
      leaf: string;
      root: string;
      order_root: string;
      path: { side: string; hash: string }[];
    }>(LP_A, "fn_prove_order", { flow_id: day.subscription });
    const sha = (...parts: Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
    const leaf = sha(Buffer.from(proof.canonical));
    expect(leaf.toString("hex")).toBe(proof.leaf);
    expect(JSON.parse(proof.canonical)).toEqual({
      amount: "10800",
      direction: "subscription",
      flow: day.subscription,
      investor: sha(Buffer.from(`${proof.salt}:${day.subscriber}`)).toString("hex"),
      vintage: "2026-01-30",
    });
    let node = sha(Buffer.from([0]), leaf);
    for (const { side, hash } of proof.path) {
      const beside = Buffer.from(hash, "hex");
      node = side === "left" ? sha(Buffer.from([1]), beside, node) : sha(Buffer.from([1]), node, beside);
    }
    expect(node.toString("hex")).toBe(proof.order_root);
    expect(proof.root).toBe(proof.order_root);
  });

  it("breaks no invariant", async () => {
    expect(await broken(db, day.fund)).toEqual([]);
  });
});

it.each([0, 1, 2, 3, 5, 8, 13])("the Merkle root of %i leaves is that of the rule", async (n) => {
  const sha = (...parts: Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  const leaves = Array.from({ length: n }, (_, i) => sha(Buffer.from(`leaf ${i}`)));
  let level = leaves.map((leaf) => sha(Buffer.from([0]), leaf));
  while (level.length > 1)
    level = level.flatMap((left, i) => {
      if (i % 2 === 1) return [];
      const right = level[i + 1];
      return [right === undefined ? left : sha(Buffer.from([1]), left, right)];
    });
  const [row] = await db.look("select evergreen.merkle_root($1::bytea[]) as root", [leaves]);
  expect(row?.root).toBe((level[0] ?? sha()).toString("hex"));
});

it.each(STEPS)("no invariant is broken after the step: %s", async (step) => {
  const day = await take(db, await openDay(db), step);
  expect(await broken(db, day.fund)).toEqual([]);
});

describe("the use of the gate, one row per NAV", () => {
  const decide = (dealing_day_id: string, decision: object) =>
    db.call(ENGINE, "fn_decide_lmt", { dealing_day_id, decision });
  const uses = (fundId: string) =>
    db.look(
      `select status, trigger ->> 'cap_units' as cap, active_until is not null as over, end_reason as why from lmt_activations where fund_id = $1`,
      [fundId],
    );
  const inUse = { status: "active", cap: "50", over: false, why: null };

  it("is in use again when it was decided, dropped and decided again", async () => {
    const day = await dayAt(db, "decided");
    await decide(day.dayId, { gate: false });
    expect(await uses(day.fund.fundId)).toEqual([
      { ...inUse, status: "ended", over: true, why: "decided anew: no gate" },
    ]);
    await decide(day.dayId, GATED);
    expect(await uses(day.fund.fundId)).toEqual([inUse]);
    for (const step of ["allocated", "posted"] as const) await TAKE[step](db, day);
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("goes on for one class when another that deals at the NAV has none", async () => {
    const day = await openDay(db);
    const { fund, dayId, classId } = day;
    const other = await newClass(db, fund, "B");
    const { dealing_day_id } = await db.value<{ dealing_day_id: string }>(COMMANDER, "fn_open_dealing_day", {
      fund: fund.code,
      share_class: "B",
      dealing_date: DEALING_DATE,
    });
    await db.call(COMMANDER, "fn_lock_orders", { dealing_day_id });
    await take(db, day, "frozen");
    const strike_id = await strikeOf(db, dayId);
    const classes = [...classPrices(classId), { share_class_id: other, nav: "0", nav_per_unit: "100" }];
    const { proposal_id, hash } = await db.value<{ proposal_id: string; hash: string }>(COMMANDER, "fn_propose_nav", {
      strike_id,
      body: NAV_BODY,
      classes,
    });
    await approve(db, { proposal_id, hash });
    await db.call(COMMANDER, "fn_strike_nav", { strike_id });
    await decide(dayId, GATED);
    await decide(dealing_day_id, { gate: false });
    expect(await uses(fund.fundId)).toEqual([inUse]);
    await decide(dayId, { gate: false });
    expect(await uses(fund.fundId)).toMatchObject([{ status: "ended" }]);
    // and the other class may have one then
    await decide(dealing_day_id, { gate: true, cap_units: "0" });
    expect(await uses(fund.fundId)).toEqual([{ ...inUse, cap: "0" }]);
  });
});
