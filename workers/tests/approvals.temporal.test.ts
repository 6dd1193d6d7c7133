// What an approval means to a waiting run: late is refused, silence is a refusal, a lost knock is noticed, a cancelled run takes back what it did.

import { until, type Worker } from "@evergreen-fund/testing/working-house.ts";
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import {
  AUDIT,
  expectEnd,
  expectRebalancedOnce,
  importFund,
  PM_ONE,
  PM_TWO,
  proposalStands,
  runEnded,
} from "./journeys.ts";

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

const waiting = async () => {
  const { fundId, code } = await importFund(house.database);
  const { event_id, workflow_id } = await house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  const proposal = await proposalStands(house.database, event_id);
  expect(proposal.status).toBe("pending");
  // its timer runs: it has read when the proposal expires, and sleeps until then or a knock
  const handle = client.workflow.getHandle(workflow_id);
  await until(
    async () =>
      (await handle.fetchHistory()).events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes),
    "the run to wait for the decision",
  );
  return { fundId, eventId: event_id, workflowId: workflow_id, proposal };
};
type Waiting = Awaited<ReturnType<typeof waiting>>;

/** Moves the expiry (and the hash over it) and knocks, so that the run looks at the row again. Returns the new hash. */
async function expireIn({ proposal, workflowId }: Waiting, seconds: number): Promise<string> {
  const [row] = await house.look<{ hash: string }>(
    `update proposals set expires_at = now() + make_interval(secs => $2), hash = evergreen.proposal_hash(proposal_id, fund_id, kind, body, inputs, now() + make_interval(secs => $2))
      where proposal_id = $1 returning hash`,
    [proposal.proposal_id, seconds],
  );
  await client.workflow.getHandle(workflowId).signal("knock", { eventId: proposal.event_id });
  return row!.hash;
}
const decide = ({ proposal }: Waiting, hash: string, decision = "approved") =>
  house.database.rpc(PM_TWO, "fn_decide_proposal", { proposal_id: proposal.proposal_id, hash, decision });
const end = async ({ fundId, proposal }: Waiting) =>
  house.database.read(AUDIT, async (tx) => ({
    status: (await tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposal.proposal_id } })).status,
    held: await tx.liquidity_reservations.count({ where: { fund_id: fundId, released_at: null } }),
    version: String((await tx.funds.findUniqueOrThrow({ where: { fund_id: fundId } })).allocations_version),
    utilization: (await tx.liquidity_ladder.findMany({ where: { fund_id: fundId, side: "asset" } })).every((rung) =>
      rung.utilization.isZero(),
    ),
  }));

describe.concurrent("a proposal that waits", () => {
  it("for nobody: its timeout is a refusal, what it reserved is free, and a late decision is refused", async ({
    expect,
  }) => {
    const one = await waiting();
    const hash = await expireIn(one, 2);
    expect(await runEnded(house.database, one.eventId)).toMatchObject({
      status: "refused",
      metadata: { reason: "proposal expired" },
    });
    expect(await end(one)).toEqual({ status: "expired", held: 0, version: "1", utilization: true });
    await expect(decide(one, hash)).rejects.toMatchObject({ code: "EG423" });
  });

  it("cannot be decided after its time although the run has not noticed yet", async ({ expect }) => {
    const one = await waiting();
    await house.look("update proposals set expires_at = now() - interval '1 second' where proposal_id = $1", [
      one.proposal.proposal_id,
    ]);
    await expect(decide(one, one.proposal.hash)).rejects.toMatchObject({ code: "EG423" });
    expect((await end(one)).status).toBe("pending");
    await client.workflow.getHandle(one.workflowId).signal("knock", { eventId: one.eventId });
    await expectEnd(house.database, one.eventId, "refused");
  });

  it("is not moved by a knock that means nothing", async () => {
    const one = await waiting();
    for (let knocks = 0; knocks < 3; knocks++)
      await client.workflow.getHandle(one.workflowId).signal("knock", { eventId: one.eventId });
    await decide(one, one.proposal.hash);
    await expectEnd(house.database, one.eventId, "completed");
    await expectRebalancedOnce(house.database, one.fundId, one.eventId);
  });

  it("is applied at its expiry when the knock of its approval was lost", async ({ expect }) => {
    const one = await waiting();
    const hash = await expireIn(one, 6);
    // the decision's row in the outbox goes with the decision: nobody will ever knock
    await house.look(
      `create or replace function lose_knock() returns trigger language plpgsql as $$ begin return null; end $$;
       create or replace trigger lose_knock before insert on event_outbox for each row when (new.type = 'PROPOSAL_DECIDED' and new.fund_id = '${one.fundId}') execute function lose_knock()`,
    );
    await decide(one, hash);
    await expectEnd(house.database, one.eventId, "completed");
    expect(await end(one)).toEqual({ status: "applied", held: 0, version: "2", utilization: true });
  });

  it("of a run that is cancelled is withdrawn, its reservation released, and the run closed as failed", async ({
    expect,
  }) => {
    const one = await waiting();
    await client.workflow.getHandle(one.workflowId).cancel();
    expect(await runEnded(house.database, one.eventId)).toMatchObject({
      status: "failed",
      metadata: { reason: "the run was cancelled" },
    });
    expect(await end(one)).toEqual({ status: "withdrawn", held: 0, version: "1", utilization: true });
    await expect(decide(one, one.proposal.hash)).rejects.toMatchObject({ code: "EG422" });
  });

  it("of a run cancelled at any moment before leaves nothing reserved and nothing open", async ({ expect }) => {
    for (const delay of [0, 30, 80, 150, 300]) {
      const { fundId, code } = await importFund(house.database);
      const { event_id, workflow_id } = await house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
      await until(() => client.workflow.getHandle(workflow_id).describe(), "the run to exist");
      await new Promise((wake) => setTimeout(wake, delay));
      await client.workflow.getHandle(workflow_id).cancel();
      expect((await runEnded(house.database, event_id)).status, `after ${delay} ms`).toBe("failed");
      const left = await house.database.read(AUDIT, async (tx) => ({
        open: await tx.proposals.count({
          where: { fund_id: fundId, status: { in: ["checking", "pending", "approved"] } },
        }),
        held: await tx.liquidity_reservations.count({ where: { fund_id: fundId, released_at: null } }),
      }));
      expect(left, `after ${delay} ms`).toEqual({ open: 0, held: 0 });
    }
    expect(worker.output()).not.toContain("Unhandled");
  });
});
