// KYC on a real Postgres: assigns once, asks once, takes a batch of orders in once, under its own role.

import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { AUDIT, daysAgo, FULL_EVIDENCE as FULL, importFund, OPS } from "../tests/journeys.ts";
import {
  effects,
  expectEveryCrashPointPassed,
  expectWrongInputRefused,
  failureOf,
  twice,
  useRooms,
} from "../tests/room-house.ts";

const house = useRooms();

const submitted = async (evidence: Record<string, unknown>) => {
  const pendingId = await house.database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence });
  const event = await house.database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({
      where: { type: "INVESTOR_SUBMITTED", payload: { path: ["pending_id"], equals: pendingId } },
    }),
  );
  return { pendingId, run: { eventId: event.event_id, workflowId: `event/${event.event_id}` } };
};

describe("review", () => {
  it("assigns once when the evidence is complete", async () => {
    const { run, pendingId } = await submitted(FULL);
    const { investorId } = await twice<{ investorId: string }>(house, "kyc.review", run);
    const pending = await house.database.read(AUDIT, (tx) =>
      tx.investors_pending_kyc.findUniqueOrThrow({ where: { pending_id: pendingId } }),
    );
    expect(pending).toMatchObject({ kyc_status: "assigned", investor_id: investorId });
  });
  it("asks once for what is missing", async () => {
    const { run, pendingId } = await submitted({ identity_document: daysAgo(100) });
    const missing = ["address_proof", "professional_status", "source_of_funds"];
    expect(await twice(house, "kyc.review", run)).toEqual({ outcome: "missing", missing });
    const pending = await house.database.read(AUDIT, (tx) =>
      tx.investors_pending_kyc.findUniqueOrThrow({ where: { pending_id: pendingId } }),
    );
    expect(pending).toMatchObject({
      kyc_status: "missing_evidence",
      missing,
    });
  });
  it("waits while a case stands, writes nothing, and clears once it is decided as no match", async () => {
    const { run, pendingId } = await submitted(FULL);
    const { party_id } = await house.database.read(AUDIT, (tx) =>
      tx.investors_pending_kyc.findUniqueOrThrow({ where: { pending_id: pendingId } }),
    );
    const case_id = await house.database.rpc(OPS, "fn_open_case", {
      kind: "screening",
      severity: "warning",
      party_id,
      source: "check/synthetic",
    });
    expect(await twice(house, "kyc.review", run)).toEqual({ outcome: "waiting", missing: [] });
    const reason = "Born in another century, in another country.";
    await house.database.rpc(OPS, "fn_decide_case", { case_id, verdict: "false_match", reason });
    const again = await house.database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({
        where: { type: "REVIEW_REQUESTED", payload: { path: ["pending_id"], equals: pendingId } },
      }),
    );
    const next = { eventId: again.event_id, workflowId: `event/${again.event_id}` };
    expect(await twice(house, "kyc.review", next)).toMatchObject({ outcome: "assigned" });
  });
});

describe("tick", () => {
  it("expires once and opens one review", async () => {
    const { pendingId } = await submitted({});
    const investor = await house.database.rpc(OPS, "fn_assign_investor", {
      pending_id: pendingId,
      classification: "professional",
    });
    await house.look("update investors set kyc_valid_until = now() - interval '1 day' where investor_id = $1", [
      investor,
    ]);
    expect(await twice(house, "kyc.tick", { workflowId: "tick-kyc-test-1" })).toEqual({
      expired: 1,
      opened: 1,
      overdue: 0,
    });
    expect(await twice(house, "kyc.tick", { workflowId: "tick-kyc-test-2" })).toEqual({
      expired: 0,
      opened: 0,
      overdue: 0,
    });
  });
});

describe("intakeOrders", () => {
  it("takes a batch in once and holds who is not cleared", async () => {
    const { fundId, code } = await importFund(house.database);
    const { pendingId } = await submitted(FULL);
    const investor = await house.database.rpc(OPS, "fn_assign_investor", {
      pending_id: pendingId,
      classification: "professional",
    });
    for (let i = 0; i < 3; i++)
      await house.database.rpc(OPS, "fn_place_order", {
        fund: code,
        investor_id: investor,
        direction: "redemption",
        amount: "100.00",
        currency: "USD",
      });
    const [batch] = await house.database.rpc({ role: "service_role" }, "fn_claim_batch", { consumer: "test" });
    const input = { batchId: batch!.batch_id, type: batch!.type };
    expect(await twice(house, "kyc.intakeOrders", input)).toEqual({ accepted: 3, held: 0, skipped: 0 });
    const seen = await house.database.read(AUDIT, async (tx) => ({
      accepted: await tx.fund_flows.count({ where: { fund_id: fundId, status: "accepted" } }),
      demand: (
        await tx.liquidity_ladder.findFirstOrThrow({ where: { fund_id: fundId, side: "liability" } })
      ).utilization.toFixed(2),
    }));
    expect(seen).toEqual({ accepted: 3, demand: "300.00" });
  });
  it("of a batch that does not exist is EG404; without an id it is refused", async () => {
    const before = await effects(house.database);
    expect(
      await failureOf(house.call("kyc.intakeOrders", { batchId: randomUUID(), type: "REDEMPTION_REQUESTED" })),
    ).toMatchObject({ code: "EG404", final: true });
    expect(await failureOf(house.call("kyc.intakeOrders", { batchId: "canary", type: "x" }))).toMatchObject({
      code: "EG400",
      final: true,
    });
    expect(await effects(house.database)).toEqual(before);
  });
});

it("refuses input that the contract does not take", () => expectWrongInputRefused(house, "kyc"));
it("may not do what other rooms do", async () => {
  const { run } = await submitted(FULL);
  const { code } = await importFund(house.database);
  const agent = { role: "agent_kyc" } as const;
  await expect(house.database.rpc(agent, "fn_submit_investor", { classification: "retail" })).rejects.toMatchObject({
    code: "EG403",
  });
  await expect(
    house.database.rpc(agent, "fn_place_order", {
      fund: code,
      investor_id: run.eventId,
      direction: "redemption",
      amount: "1",
      currency: "USD",
    }),
  ).rejects.toMatchObject({ code: "EG403" });
  await expect(house.database.rpc(agent, "fn_claim_batch", { consumer: "x" })).rejects.toMatchObject({ code: "EG403" });
});
it("passes every crash point that the table names, and no other", () => expectEveryCrashPointPassed(house, "kyc"));
