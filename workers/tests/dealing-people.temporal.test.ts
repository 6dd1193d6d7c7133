// What people do to a dealing day that waits for them: refuse its NAV, leave it undecided, suspend the fund, decide on a tool, cancel or discard it.
import { until } from "@evergreen-fund/testing/working-house.ts";
import { describe, it } from "vitest";
import { useDealingHouse } from "./dealing-house.ts";
import {
  approve,
  brokenIn,
  dayOf,
  dayReaches,
  dealAhead,
  expectVectorDealt,
  navProposed,
  openDay,
  payAll,
  takeDay,
  VECTOR,
} from "./dealing-journeys.ts";
import { AUDIT, expectEnd, OPS, PM_ONE } from "./journeys.ts";

const { opened, waitsFor, looksAgain, runOfDay, statusesOf, eventsOf, pastCutOff } = useDealingHouse();

describe.concurrent("a dealing day", () => {
  it("whose NAV a person refuses is frozen anew after a knock, and only then", async ({ expect }) => {
    const { house } = opened;
    const { on, flows, dayId, workflowId } = await pastCutOff();
    const first = await navProposed(house, dayId);
    await house.database.rpc(PM_ONE, "fn_decide_proposal", {
      proposal_id: first.proposal_id,
      hash: first.hash,
      decision: "rejected",
      reason: "the appraisal of INFRA is being redone",
    });
    await waitsFor(workflowId, /^the NAV was rejected: correct it and knock, or discard the day$/);
    // the refusal's own message may come when the run has seen the refusal already; it is no correction
    await opened.client.workflow.getHandle(workflowId).signal("knock", { eventId: first.event_id });
    await looksAgain(workflowId);
    await waitsFor(workflowId, /^the NAV was rejected/);
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

  it("on which nobody decides for a day says so once, and approves nothing", async ({ expect }) => {
    const { house } = opened;
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

  it("of a suspended fund ends without a price; its orders stay queued and deal when the fund is open again", async ({
    expect,
  }) => {
    const { house } = opened;
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
      await house.database.read(AUDIT, (tx) => tx.nav_strikes.count({ where: { fund_id: on.fundId, state: "final" } })),
    ).toBe(0);
    await expectEnd(house.database, await runOfDay(dayId), "refused");
    await house.database.rpc(PM_ONE, "fn_end_lmt", { activation_id, reason: "the market is open again" });
    const next = await openDay(house, on.code, dealAhead(2));
    await takeDay(house, on, next.dealing_day_id);
    await expectVectorDealt(house, on, next.dealing_day_id, flows);
  });

  it.each([
    ["suspension", ["redemption_gate", "anti_dilution_levy"], "suspended", "locked"],
    ["notice_extension", ["redemption_gate", "notice_extension"], "discarded", "accepted"],
  ] as const)(
    "whose cap is below what must be paid asks people for a %s before anything is struck",
    async (tool, tools, end, order) => {
      const { house } = opened;
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

  it("whose run is cancelled before the posting gives its orders back", async ({ expect }) => {
    const { house, client } = opened;
    const { on, flows, dayId, workflowId } = await pastCutOff();
    const proposal = await navProposed(house, dayId);
    await client.workflow.getHandle(workflowId).cancel();
    await dayReaches(house, dayId, "discarded");
    expect(await statusesOf(flows)).toEqual(VECTOR.map(() => "accepted"));
    await expectEnd(house.database, await runOfDay(dayId), "failed");
    await expect(approve(house, proposal)).rejects.toMatchObject({ code: "EG422" });
    // they deal on the next day as if nothing had been
    const next = await openDay(house, on.code, dealAhead(2));
    await takeDay(house, on, next.dealing_day_id);
    await expectVectorDealt(house, on, next.dealing_day_id, flows);
  });

  it("that operations discard ends the same way, and nothing that is posted can be discarded", async ({ expect }) => {
    const { house } = opened;
    const { on, flows, dayId } = await pastCutOff();
    await navProposed(house, dayId);
    await house.database.rpc(OPS, "fn_discard_dealing_day", { dealing_day_id: dayId, reason: "wrong date" });
    await expectEnd(house.database, await runOfDay(dayId), "refused");
    expect(await statusesOf(flows)).toEqual(VECTOR.map(() => "accepted"));
    const next = await openDay(house, on.code, dealAhead(2));
    await takeDay(house, on, next.dealing_day_id);
    await expect(
      house.database.rpc(OPS, "fn_discard_dealing_day", { dealing_day_id: next.dealing_day_id, reason: "too late" }),
    ).rejects.toMatchObject({ code: "EG428" });
    expect(await brokenIn(house, on.code)).toEqual([]);
  });
});

function expectStopped(asIs: object): void {
  const { status, fraction } = asIs as { status: string; fraction: string | null };
  if (status !== "stopped" || fraction !== null)
    throw new Error(`The lab did not see the stop: ${JSON.stringify(asIs)}`);
}
