// A dealing day on a real database and a real Temporal: from the cut-off to the closed day, started twice, blocked by old marks, with parties that are
// held, with two classes at one NAV and over two days.
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { describe, it } from "vitest";
import { useDealingHouse } from "./dealing-house.ts";
import {
  accepted,
  approve,
  brokenIn,
  dayAhead,
  dayOf,
  dayReaches,
  dealAhead,
  dealingFund,
  expectVectorDealt,
  navProposed,
  newInvestor,
  openClass,
  openDay,
  orderVector,
  payAll,
  reachCutOff,
  redeem,
  subscribe,
  takeDay,
} from "./dealing-journeys.ts";
import { AUDIT, expectEnd, OPS } from "./journeys.ts";

const { opened, waitsFor, runOfDay, flowsOf, statusesOf, eventsOf, marks, pastCutOff } = useDealingHouse();

describe.concurrent("a dealing day", () => {
  it("is gated as R6 says, approved by two, paid and closed", async ({ expect }) => {
    const { house, worker } = opened;
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    const date = dealAhead(1);
    const day = await openDay(house, on.code, date);
    expect(day.workflow_id).toBe(`deal/${on.code}/A/${date}`);
    await waitsFor(day.workflow_id, /^the cut-off$/);
    await reachCutOff(house, day.dealing_day_id);
    const proposal = await navProposed(house, day.dealing_day_id);
    expect(proposal.strike?.class_navs.map((row) => row.nav_per_unit.toFixed(4))).toEqual(["12.3456"]);
    expect(await waitsFor(day.workflow_id, /^two approvals of the NAV$/)).toMatchObject({
      step: 5,
      status: "nav_proposed",
      projectedFill: expect.stringMatching(/^0\.64367036/),
    });
    // the lab: four levels, two bases, three ways to carry, and what the policy as it is would do
    const { lab } = (await dayOf(house, day.dealing_day_id)).decision as {
      lab: { combinations: object[]; as_is: object };
    };
    expect(lab.combinations).toHaveLength(24);
    expect(lab.as_is).toMatchObject({ share: "0.05", status: "gated", paid: "617280" });
    await approve(house, proposal);
    await dayReaches(house, day.dealing_day_id, "claimable");
    await payAll(house, on, day.dealing_day_id);
    await dayReaches(house, day.dealing_day_id, "closed");
    await expectVectorDealt(house, on, day.dealing_day_id, flows);
    await expectEnd(house.database, await runOfDay(day.dealing_day_id), "completed");
    expect(worker.output()).not.toContain("Unhandled");
  });

  it("that is started twice is one day, one run, one posting", async ({ expect }) => {
    const { house, client } = opened;
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    const date = dealAhead(1);
    const [one, two] = await Promise.all([openDay(house, on.code, date), openDay(house, on.code, date)]);
    expect(two.dealing_day_id).toBe(one.dealing_day_id);
    const eventId = await runOfDay(one.dealing_day_id);
    await waitsFor(one.workflow_id, /cut-off/);
    await expect(
      client.workflow.start("dealingDay", {
        workflowId: one.workflow_id!,
        taskQueue: "commander",
        args: [{ eventId, rooms: "local" }],
      }),
    ).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await takeDay(house, on, one.dealing_day_id);
    expect((await openDay(house, on.code, date)).status).toBe("closed");
    await expectVectorDealt(house, on, one.dealing_day_id, flows);
    expect(await eventsOf(on, "DEALING_DAY_OPENED")).toBe(1);
    expect(await eventsOf(on, "DEALING_DAY_CLOSED")).toBe(1);
  });

  it("whose marks are too old names them, waits, and goes on when somebody corrects them", async ({ expect }) => {
    const { house } = opened;
    const { on, dayId, workflowId } = await pastCutOff({ asOf: dayAhead(-20) });
    // cash may be 5 days old, bonds 35, infrastructure 190
    const seen = await waitsFor(workflowId, /^CASH: The asset is \d+ days old, 5 are allowed/);
    expect(seen).toMatchObject({ step: 3, status: "inputs_frozen" });
    expect(seen.blockers).toHaveLength(1);
    await expect(
      house.database.rpc(OPS, "fn_propose_nav", {
        strike_id: (await dayOf(house, dayId)).strike_id!,
        body: {},
        classes: [],
      }),
    ).rejects.toMatchObject({ code: "EG429" });
    await marks(on, { asset: "CASH", as_of: dayAhead(0), value: "500000.00", source: "bank statement" });
    const proposal = await navProposed(house, dayId);
    // inputs are frozen anew at every knock, so how often depends on who knocked; the one that was blocked is not the one proposed
    expect(proposal.strike?.version).toBeGreaterThan(1);
    await approve(house, proposal);
    await dayReaches(house, dayId, "claimable");
  });

  it("holds who is not cleared any more, before the NAV and again before the posting", async ({ expect }) => {
    const { house } = opened;
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    const block = (n: number) =>
      house.look("update investors set kyc_status = 'blocked' where investor_id = $1", [on.holders[n]]);
    await block(3);
    const day = await openDay(house, on.code, dealAhead(1));
    await reachCutOff(house, day.dealing_day_id);
    const proposal = await navProposed(house, day.dealing_day_id);
    expect(await statusesOf(flows)).toEqual(["locked", "locked", "locked", "kyc_hold"]);
    // the second is blocked while people decide: the last look before the posting takes the order out, and the gate is decided anew
    await block(2);
    await approve(house, proposal);
    await dayReaches(house, day.dealing_day_id, "claimable");
    const [first, second, third] = await flowsOf(flows);
    expect(third?.status).toBe("kyc_hold");
    expect(first?.filled_units?.plus(second!.filled_units!).toFixed()).toBe("50000");
    await payAll(house, on, day.dealing_day_id);
    await dayReaches(house, day.dealing_day_id, "closed");
    expect(await brokenIn(house, on.code)).toEqual([]);
  });

  it("of two classes has one NAV and one gate, and each class its own posting", async ({ expect }) => {
    const { house } = opened;
    const on = await dealingFund(house);
    const b = await openClass(house, on.code, "B");
    const holder = await newInvestor(house);
    await house.database.rpc(OPS, "fn_open_register", {
      share_class_id: b,
      positions: [{ investor_id: holder, units: "250000", opened_on: "2025-01-15", price: "12.3456" }],
    });
    const flows = await orderVector(house, on);
    const other = await house.database.rpc(OPS, "fn_place_order", {
      fund: on.code,
      share_class: "B",
      investor_id: holder,
      direction: "redemption",
      units: "100000",
    });
    await accepted(house, [other]);
    const date = dealAhead(1);
    const [dayB, dayA] = [await openDay(house, on.code, date, "B"), await openDay(house, on.code, date)];
    await reachCutOff(house, dayA.dealing_day_id);
    // 12,345,600 over 1,250,000 units is 9.8765 (9.87648)
    await waitsFor(dayA.workflow_id, /^cut-off of class B$/);
    await reachCutOff(house, dayB.dealing_day_id);
    const proposal = await navProposed(house, dayA.dealing_day_id);
    expect(proposal.strike?.class_navs.map((row) => row.nav_per_unit.toFixed(4))).toEqual(["9.8765", "9.8765"]);
    await waitsFor(dayB.workflow_id, /^the NAV, which another class makes$/);
    await approve(house, proposal);
    for (const { dealing_day_id } of [dayA, dayB]) await dayReaches(house, dealing_day_id, "claimable");
    const fills = await flowsOf([...flows, other]);
    const ratios = fills.map((flow) => flow.filled_units!.div(flow.requested_units!).toFixed(5));
    expect(new Set(ratios).size).toBe(1);
    // 5 % of the NAV over both classes: 617,280.00 at 9.8765 is 62,499.8734 units
    expect(
      fills
        .reduce((sum, flow) => sum.plus(flow.filled_units!), fills[0]!.filled_units!.minus(fills[0]!.filled_units!))
        .toFixed(4),
    ).toBe("62499.8734");
    for (const { dealing_day_id } of [dayA, dayB]) {
      await payAll(house, on, dealing_day_id);
      await dayReaches(house, dealing_day_id, "closed");
    }
    expect(await eventsOf(on, "NAV_STRUCK")).toBe(1);
    expect(await brokenIn(house, on.code)).toEqual([]);
  });

  it("takes subscriptions whose cash is there, lets the others wait, and counts no money twice on the day after", async ({
    expect,
  }) => {
    const { house } = opened;
    const on = await dealingFund(house, {
      policy: {
        fees: {
          management: { rate: "0.365", basis: "act/365" },
          performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
        },
      },
    });
    const investor = await newInvestor(house);
    const paid = await subscribe(house, on, investor, "123456.00");
    const unpaid = await subscribe(house, on, investor, "5000.00");
    const sold = await redeem(house, on, on.holders[0]!, "1000");
    await accepted(house, [paid, unpaid, sold]);
    await house.database.rpc(OPS, "fn_confirm_cash", {
      fund: on.code,
      payments: [{ flow_id: paid, amount: "123456.00", reference: "synthetic/1" }],
    });
    const first = await openDay(house, on.code, dealAhead(1));
    const second = await openDay(house, on.code, dealAhead(2));
    await reachCutOff(house, first.dealing_day_id);
    await approve(house, await navProposed(house, first.dealing_day_id));
    await dayReaches(house, first.dealing_day_id, "claimable");
    await reachCutOff(house, second.dealing_day_id);
    const proposal = await navProposed(house, second.dealing_day_id);
    await payAll(house, on, first.dealing_day_id);
    await dayReaches(house, first.dealing_day_id, "closed");
    const [bought, waiting, redeemed] = await flowsOf([paid, unpaid, sold]);
    // 123,456.00 / 12.3456 and 1,000 × 12.3456; the money that came before its dealing was owed and not owned
    expect([bought?.filled_units?.toFixed(), bought?.status]).toEqual(["10000", "settled"]);
    expect([redeemed?.net_amount?.toFixed(2), redeemed?.status]).toEqual(["12345.60", "settled"]);
    expect([waiting?.status, waiting?.dealing_day_id]).toEqual(["accepted", null]);
    // the second day: assets as before, 123,456.00 − 12,345.60 more in cash, 5,000.00 not there yet, one day of a fee of 0.1 % a day
    const inputs = await house.database.read(AUDIT, (tx) =>
      tx.nav_inputs.findMany({ where: { strike_id: proposal.strike!.strike_id }, orderBy: { label: "asc" } }),
    );
    expect(
      inputs.filter((row) => row.kind !== "asset").map((row) => [row.label, row.kind, row.value.toFixed(2)]),
    ).toEqual([
      ["dealing account", "cash", "123456.00"],
      ["management fee of class A", "accrual", "12456.71"],
      ["redemptions payable", "payable", "12345.60"],
    ]);
    expect(proposal.strike?.nav?.toFixed(2)).toBe("12444253.69");
    await approve(house, proposal);
    await dayReaches(house, second.dealing_day_id, "closed");
    expect(await brokenIn(house, on.code)).toEqual([]);
  });

  it("holds a mark back that jumps, until a person confirms it", async ({ expect }) => {
    const { house } = opened;
    const { on, dayId } = await pastCutOff();
    await approve(house, await navProposed(house, dayId));
    await dayReaches(house, dayId, "claimable");
    await payAll(house, on, dayId);
    // infrastructure may move 10 % between strikes
    await marks(on, { asset: "INFRA", as_of: dayAhead(0), value: "11500000.00", source: "appraisal" });
    const next = await openDay(house, on.code, dealAhead(2));
    await reachCutOff(house, next.dealing_day_id);
    await waitsFor(next.workflow_id, /^INFRA: The price breaker holds this value back/);
    await marks(on, {
      asset: "INFRA",
      as_of: dayAhead(0),
      value: "11500000.00",
      source: "appraisal, seen",
      confirmed: true,
    });
    const proposal = await navProposed(house, next.dealing_day_id);
    // 12,345,600.00 + 1,154,400.00 − 617,279.98 paid out
    expect(proposal.strike?.nav?.toFixed(2)).toBe("12882720.02");
  });
});
