// A dealing day on a real database and a real Temporal: from the cut-off to the closed day, started twice, blocked, refused, overdue, suspended, stopped,
// cancelled, with two classes at one NAV and over two days.
import { until, type Worker } from "@evergreen-fund/testing/working-house.ts";
import { type Client, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  accepted,
  approve,
  brokenIn,
  type DealingHouse,
  dayAhead,
  dayOf,
  dayReaches,
  dealingFund,
  expectVectorDealt,
  navProposed,
  newInvestor,
  openClass,
  openDay,
  orderVector,
  payAll,
  progressOf,
  reachCutOff,
  redeem,
  subscribe,
  takeDay,
  VECTOR,
} from "./dealing-journeys.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, OPS, PM_ONE } from "./journeys.ts";

let house: TestHouse;
let client: Client;
let worker: Worker;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  worker = await house.startWorkers();
  client = await clientOf(house);
});
afterAll(async () => {
  await client?.connection.close();
  await house?.stop();
});

const LONG = { timeout: 300_000 };
/** Until the run of a day says that it waits for something that matches. */
const waitsFor = (workflowId: string | null, words: RegExp) => {
  let last: unknown;
  return until(
    async () => {
      const seen = await progressOf(client, workflowId ?? "");
      last = seen;
      return seen.blockers.some((blocker) => words.test(blocker)) ? seen : null;
    },
    () => `the run ${workflowId} to wait for ${words}; it said ${JSON.stringify(last)}`,
  );
};
const runOfDay = async (dealingDayId: string) =>
  (
    await house.database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({
        where: { type: "DEALING_DAY_OPENED", payload: { path: ["dealing_day_id"], equals: dealingDayId } },
      }),
    )
  ).event_id;
const flowsOf = (flows: readonly string[]) =>
  house.database.read(AUDIT, async (tx) => {
    const rows = await tx.fund_flows.findMany({ where: { flow_id: { in: [...flows] } } });
    return flows.map((id) => rows.find((row) => row.flow_id === id)!);
  });
const statusesOf = async (flows: readonly string[]) => (await flowsOf(flows)).map(({ status }) => status);
const eventsOf = (on: DealingHouse, type: string) =>
  house.database.read(AUDIT, (tx) => tx.fund_events.count({ where: { fund_id: on.fundId, type } }));
const marks = (on: DealingHouse, ...rows: object[]) =>
  house.database.rpc(OPS, "fn_record_marks", { fund: on.code, marks: rows as Record<string, unknown>[] });

/** A fund with the four redemptions of R6 in an open day that is past its cut-off. */
async function pastCutOff(change: Parameters<typeof dealingFund>[1] = {}) {
  const on = await dealingFund(house, change);
  const flows = await orderVector(house, on);
  const day = await openDay(house, on.code, dayAhead(1));
  await reachCutOff(house, day.dealing_day_id);
  return { on, flows, dayId: day.dealing_day_id, workflowId: day.workflow_id! };
}

describe.concurrent("a dealing day", () => {
  it("is gated as R6 says, approved by two, paid and closed", LONG, async ({ expect }) => {
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    const date = dayAhead(1);
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

  it("that is started twice is one day, one run, one posting", LONG, async ({ expect }) => {
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    const date = dayAhead(1);
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

  it("whose marks are too old names them, waits, and goes on when somebody corrects them", LONG, async ({ expect }) => {
    const { on, dayId, workflowId } = await pastCutOff({ asOf: dayAhead(-20) });
    // cash may be 5 days old, bonds 35, infrastructure 190
    const seen = await waitsFor(workflowId, /^CASH: The asset is 21 days old, 5 are allowed/);
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
    expect(proposal.strike).toMatchObject({ version: 2 });
    await approve(house, proposal);
    await dayReaches(house, dayId, "claimable");
  });

  it("whose NAV a person refuses is frozen anew after a knock, and only then", LONG, async ({ expect }) => {
    const { on, flows, dayId, workflowId } = await pastCutOff();
    const first = await navProposed(house, dayId);
    await house.database.rpc(PM_ONE, "fn_decide_proposal", {
      proposal_id: first.proposal_id,
      hash: first.hash,
      decision: "rejected",
      reason: "the appraisal of INFRA is being redone",
    });
    await waitsFor(workflowId, /^the NAV was rejected: correct it and knock, or discard the day$/);
    expect(await dayOf(house, dayId)).toMatchObject({ status: "nav_proposed", strike_id: first.strike?.strike_id });
    await house.database.rpc(OPS, "fn_knock_dealing_day", { dealing_day_id: dayId, reason: "looked at again" });
    const second = await navProposed(house, dayId, first.proposal_id);
    expect(second.strike).toMatchObject({ version: 2 });
    await approve(house, second);
    await dayReaches(house, dayId, "claimable");
    await payAll(house, on, dayId);
    await dayReaches(house, dayId, "closed");
    await expectVectorDealt(house, on, dayId, flows);
  });

  it("on which nobody decides for a day says so once, and approves nothing", LONG, async ({ expect }) => {
    const { on, dayId, workflowId } = await pastCutOff();
    const proposal = await navProposed(house, dayId);
    await waitsFor(workflowId, /approvals/);
    await house.look(
      `begin; set local session_replication_role = replica;
       update proposals set created_at = now() - interval '25 hours' where proposal_id = '${proposal.proposal_id}'; commit`,
    );
    for (let knocks = 0; knocks < 2; knocks++)
      await house.database.rpc(OPS, "fn_knock_dealing_day", { dealing_day_id: dayId, reason: "time has passed" });
    await until(async () => (await eventsOf(on, "NAV_APPROVAL_OVERDUE")) > 0, "the overdue approval to be said");
    await waitsFor(workflowId, /approvals/);
    expect(await eventsOf(on, "NAV_APPROVAL_OVERDUE")).toBe(1);
    expect(await dayOf(house, dayId)).toMatchObject({ status: "nav_proposed" });
    // one of two is not two
    await house.database.rpc(PM_ONE, "fn_decide_proposal", {
      proposal_id: proposal.proposal_id,
      hash: proposal.hash,
      decision: "approved",
    });
    await house.database.rpc(OPS, "fn_knock_dealing_day", { dealing_day_id: dayId, reason: "one approved" });
    await waitsFor(workflowId, /approvals/);
    expect(await dayOf(house, dayId)).toMatchObject({ status: "nav_proposed" });
  });

  it(
    "of a suspended fund ends without a price; its orders stay queued and deal when the fund is open again",
    LONG,
    async ({ expect }) => {
      const { on, flows, dayId } = await pastCutOff();
      await navProposed(house, dayId);
      const { proposal_id, hash, activation_id } = await house.database.rpc(OPS, "fn_propose_lmt", {
        fund: on.code,
        tool: "suspension",
        trigger: { reason: "synthetic" },
        notice: "Draft notice: dealing is suspended (synthetic).",
      });
      await approve(house, { proposal_id, hash });
      await house.database.rpc(PM_ONE, "fn_activate_lmt", { activation_id });
      await dayReaches(house, dayId, "suspended");
      expect(await statusesOf(flows)).toEqual(VECTOR.map(() => "locked"));
      expect(
        await house.database.read(AUDIT, (tx) =>
          tx.nav_strikes.count({ where: { fund_id: on.fundId, state: "final" } }),
        ),
      ).toBe(0);
      await expectEnd(house.database, await runOfDay(dayId), "refused");
      await house.database.rpc(PM_ONE, "fn_end_lmt", { activation_id, reason: "the market is open again" });
      const next = await openDay(house, on.code, dayAhead(2));
      await takeDay(house, on, next.dealing_day_id);
      await expectVectorDealt(house, on, next.dealing_day_id, flows);
    },
  );

  it.each([
    ["suspension", ["redemption_gate", "anti_dilution_levy"], "suspended", "locked"],
    ["notice_extension", ["redemption_gate", "notice_extension"], "discarded", "accepted"],
  ] as const)(
    "whose cap is below what must be paid asks people for a %s before anything is struck",
    LONG,
    async (tool, tools, end, order) => {
      const { on, flows, dayId, workflowId } = await pastCutOff({
        lmt: { tools, gate: { basis: "gross", money: "100000", threshold: { kind: "nav_share", share: "0.02" } } },
      });
      const lab =
        (await navProposed(house, dayId)) && ((await dayOf(house, dayId)).decision as { lab: { as_is: object } }).lab;
      expectStopped(lab.as_is);
      await approve(house, await navProposed(house, dayId));
      await waitsFor(workflowId, new RegExp(`^a cap is below what must be paid; ${tool} is pending$`));
      const activation = await house.database.read(AUDIT, (tx) =>
        tx.lmt_activations.findFirstOrThrow({ where: { fund_id: on.fundId }, include: { proposal: true } }),
      );
      if (
        activation.tool !== tool ||
        !activation.notice.includes("100000") ||
        activation.proposal.workflow_id !== workflowId
      )
        throw new Error(`Not the tool that was to be asked for: ${activation.tool}, ${activation.notice}`);
      await approve(house, activation.proposal);
      await dayReaches(house, dayId, end);
      if ((await statusesOf(flows)).some((status) => status !== order))
        throw new Error(`Orders are ${await statusesOf(flows)}`);
      if ((await eventsOf(on, "NAV_STRUCK")) !== 0) throw new Error("A NAV was struck");
    },
  );

  it("whose run is cancelled before the posting gives its orders back", LONG, async ({ expect }) => {
    const { on, flows, dayId, workflowId } = await pastCutOff();
    const proposal = await navProposed(house, dayId);
    await client.workflow.getHandle(workflowId).cancel();
    await dayReaches(house, dayId, "discarded");
    expect(await statusesOf(flows)).toEqual(VECTOR.map(() => "accepted"));
    await expectEnd(house.database, await runOfDay(dayId), "failed");
    await expect(approve(house, proposal)).rejects.toMatchObject({ code: "EG422" });
    // they deal on the next day as if nothing had been
    const next = await openDay(house, on.code, dayAhead(2));
    await takeDay(house, on, next.dealing_day_id);
    await expectVectorDealt(house, on, next.dealing_day_id, flows);
  });

  it(
    "that operations discard ends the same way, and nothing that is posted can be discarded",
    LONG,
    async ({ expect }) => {
      const { on, flows, dayId } = await pastCutOff();
      await navProposed(house, dayId);
      await house.database.rpc(OPS, "fn_discard_dealing_day", { dealing_day_id: dayId, reason: "wrong date" });
      await expectEnd(house.database, await runOfDay(dayId), "refused");
      expect(await statusesOf(flows)).toEqual(VECTOR.map(() => "accepted"));
      const next = await openDay(house, on.code, dayAhead(2));
      await takeDay(house, on, next.dealing_day_id);
      await expect(
        house.database.rpc(OPS, "fn_discard_dealing_day", { dealing_day_id: next.dealing_day_id, reason: "too late" }),
      ).rejects.toMatchObject({ code: "EG428" });
      expect(await brokenIn(house, on.code)).toEqual([]);
    },
  );

  it("holds who is not cleared any more, before the NAV and again before the posting", LONG, async ({ expect }) => {
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    const block = (n: number) =>
      house.look("update investors set kyc_status = 'blocked' where investor_id = $1", [on.holders[n]]);
    await block(3);
    const day = await openDay(house, on.code, dayAhead(1));
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

  it("of two classes has one NAV and one gate, and each class its own posting", LONG, async ({ expect }) => {
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
    const date = dayAhead(1);
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

  it(
    "takes subscriptions whose cash is there, lets the others wait, and counts no money twice on the day after",
    LONG,
    async ({ expect }) => {
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
      const first = await openDay(house, on.code, dayAhead(1));
      const second = await openDay(house, on.code, dayAhead(2));
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
    },
  );

  it("holds a mark back that jumps, until a person confirms it", LONG, async ({ expect }) => {
    const { on, dayId } = await pastCutOff();
    await approve(house, await navProposed(house, dayId));
    await dayReaches(house, dayId, "claimable");
    await payAll(house, on, dayId);
    // infrastructure may move 10 % between strikes
    await marks(on, { asset: "INFRA", as_of: dayAhead(0), value: "11500000.00", source: "appraisal" });
    const next = await openDay(house, on.code, dayAhead(2));
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

function expectStopped(asIs: object): void {
  const { status, fraction } = asIs as { status: string; fraction: string | null };
  if (status !== "stopped" || fraction !== null)
    throw new Error(`The lab did not see the stop: ${JSON.stringify(asIs)}`);
}
