import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { codecKey } from "@evergreen-fund/config/keys.ts";
import { recordHistories } from "@evergreen-fund/testing/replay.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect, it } from "vitest";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, importFund, OPS, PM_ONE, PM_TWO, proposalStands, runEnded } from "./journeys.ts";

it("records", { timeout: 300_000 }, async () => {
  const [house] = (await openHouses(1)) as [TestHouse];
  try {
    const { database } = house;
    await house.startWorkers();
    const client = await clientOf(house);
    const save = async (workflowId: string, name: string) => {
      await client.workflow.getHandle(workflowId).result().catch(() => {});
      const [text] = await recordHistories({ address: house.temporalAddress, namespace: house.config.temporal.namespace, key: codecKey(house.config) }, [workflowId]);
      const neutral = text!.replaceAll(/\d+@[A-Za-z0-9_.-]+?(?=["-])/g, "worker@house");
      await writeFile(join(REPOSITORY_ROOT, "workflows/histories", `${name}.json`), neutral);
    };
    const ask = async (change: Record<string, unknown> = {}, code?: string) => {
      const fund = code ?? (await importFund(database, change)).code;
      return (await database.rpc(PM_ONE, "fn_request_rebalance", { fund })).event_id;
    };
    const decide = async (eventId: string, decision: string) => {
      const p = await proposalStands(database, eventId);
      await database.rpc(PM_TWO, "fn_decide_proposal", { proposal_id: p.proposal_id, hash: p.hash, decision });
    };
    const end = async (eventId: string, name: string, status: string) => {
      expect((await runEnded(database, eventId)).status, name).toBe(status);
      await save(`event/${eventId}`, name);
    };
    let id = await ask();
    await decide(id, "approved");
    await end(id, "rebalance.approved", "completed");
    id = await ask();
    await decide(id, "rejected");
    await end(id, "rebalance.rejected", "refused");
    id = await ask({ ladder: [{ side: "asset", bucket: "1d", capacity: "10000.00" }, { side: "liability", bucket: "30d", capacity: "100000.00", stress_delta: "0" }] });
    await end(id, "rebalance.refused-by-check", "refused");
    id = await ask({ ladder: [{ side: "asset", bucket: "1d", capacity: "1000000.00" }, { side: "liability", bucket: "30d", capacity: "900000.00", stress_delta: "0" }] });
    await end(id, "rebalance.infeasible", "refused");
    id = await ask();
    const waiting = await proposalStands(database, id);
    await house.look("update proposals set expires_at = now() + interval '2 seconds' where proposal_id = $1", [waiting.proposal_id]);
    await client.workflow.getHandle(`event/${id}`).signal("knock", { eventId: id });
    await end(id, "rebalance.expired", "refused");
    id = await ask();
    await proposalStands(database, id);
    await client.workflow.getHandle(`event/${id}`).cancel();
    await end(id, "rebalance.cancelled", "failed");
    const { code } = await importFund(database);
    const [first, second] = [await ask({}, code), await ask({}, code)];
    await Promise.all([proposalStands(database, first), proposalStands(database, second)]);
    await decide(first, "approved");
    await runEnded(database, first);
    await decide(second, "approved");
    await end(second, "rebalance.overtaken", "refused");
    const { fundId, code: orders } = await importFund(database);
    const record = (actor: typeof PM_ONE | { role: "service_role" }, type: string, payload: Record<string, unknown>, fund = fundId) => database.rpc(actor, "fn_record_event", { type, payload, source: "test", fund_id: fund });
    await end(await record({ role: "service_role" }, "LIQUIDITY_BREACH", { bucket: "30d", ratio: "0.9", required: "1.2" }), "warn-of-risk.liquidity-breach", "completed");
    await end(await record({ role: "service_role" }, "DATA_DRIFT", { asset_id: fundId, deviation_bps: "600", threshold_bps: "500" }), "warn-of-risk.data-drift", "completed");
    await end(await record({ role: "service_role" }, "DATA_DRIFT", { asset_id: fundId, deviation_bps: "far", threshold_bps: "500" }), "warn-of-risk.bad-payload", "failed");
    await end(await record(PM_ONE, "STRESS_REQUESTED", { scenario_id: "rates_+200", shift_bps: 200 }), "stress-fund.completed", "completed");
    const silent = await importFund(database, { sensitivities: [] });
    await end(await record(PM_ONE, "STRESS_REQUESTED", { scenario_id: "rates_+200", shift_bps: 200 }, silent.fundId), "stress-fund.refused", "refused");
    await end(await record(PM_ONE, "TOKENIZATION_REQUESTED", { chain: "test", instrument: "UNIT", size: "1" }), "tokenize.refused", "refused");
    const full = { identity_document: "2026-01-02", address_proof: "2026-01-02", professional_status: "2026-01-03" };
    let pending = "";
    for (const [evidence, name, status] of [[full, "onboard-investor.assigned", "completed"], [{}, "onboard-investor.missing", "refused"]] as const) {
      pending = await database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence });
      const event = await database.read(AUDIT, (tx) => tx.fund_events.findFirstOrThrow({ where: { type: "INVESTOR_SUBMITTED", payload: { path: ["pending_id"], equals: pending } } }));
      await end(event.event_id, name, status);
    }
    const investor = await database.rpc(OPS, "fn_assign_investor", { pending_id: pending, classification: "professional" });
    await database.rpc(OPS, "fn_place_order", { fund: orders, investor_id: investor, direction: "redemption", amount: "100.00", currency: "USD" });
    const batch = await until(() => database.read(AUDIT, (tx) => tx.event_batches.findFirst({ where: { done_at: { not: null } } })), "a batch");
    await save(`batch/${batch.batch_id}`, "intake-orders.accepted");
    await client.connection.close();
  } finally {
    await house.stop();
  }
});
