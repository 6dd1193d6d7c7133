// Canaries: values that stand for personal data go through every journey, failures included. Afterwards none of them is in Temporal's file,
// in the workers' output, in traces, memories, audit messages, ids or errors, in any spelling.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { canary, spellings } from "@evergreen-fund/testing/canaries.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, importFund, OPS, PM_ONE, PM_TWO, proposalStands, runEnded } from "./journeys.ts";

let house: TestHouse;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
});
afterAll(() => house?.stop());

const CANARIES = {
  passport: canary("P-passport-"),
  address: `${canary("street ")} "quoted" ä`,
  suitability: canary("suits-"),
  status: canary("prof/status+"),
  badDate: canary("2026-01-02 "),
  email: `${canary("person.")}@example.com`,
  subscription: "987654321.12",
  redemption: "513579.34",
  heldOrder: "765432198.56",
  requestReason: canary("because of client "),
  decisionReason: canary("I talked to "),
  chain: canary("chain-"),
} as const;

const found = (haystack: Buffer | string): string[] => {
  const bytes = Buffer.isBuffer(haystack) ? haystack : Buffer.from(haystack, "utf8");
  return Object.entries(CANARIES).flatMap(([name, value]) =>
    spellings(value)
      .filter((text) => bytes.includes(text))
      .map((text) => `${name} as ${text}`),
  );
};

it("the search would find each canary in each spelling", () => {
  for (const [name, value] of Object.entries(CANARIES))
    for (const spelled of [
      value,
      encodeURIComponent(value),
      JSON.stringify({ value }),
      Buffer.from(value).toString("hex"),
      Buffer.from(`{"v":"${value}"}`).toString("base64"),
      Buffer.from(` ${value}  `).toString("base64"),
    ])
      expect(
        found(`x ${spelled} y`).some((hit) => hit.startsWith(name)),
        `${name} in ${spelled}`,
      ).toBe(true);
});

it("no canary leaves the rows it belongs to", async () => {
  const worker = await house.startWorkers();
  const { database } = house;
  const errors: string[] = [];
  const refused = (work: Promise<unknown>) =>
    work.then(
      () => Promise.reject(new Error("it was not refused")),
      (error: unknown) => void errors.push(`${(error as Error).message} ${(error as { code?: string }).code}`),
    );
  const { fundId, code } = await importFund(database);

  // investors: complete but for values that are no dates; and one complete
  const evidence = {
    identity_document: CANARIES.passport,
    address_proof: CANARIES.address,
    suitability_test: CANARIES.suitability,
    professional_status: CANARIES.status,
    contact: CANARIES.email,
    other: CANARIES.badDate,
  };
  const pending = await database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence });
  const submitted = await until(
    () =>
      database.read(AUDIT, (tx) =>
        tx.fund_events.findFirst({
          where: { type: "INVESTOR_SUBMITTED", payload: { path: ["pending_id"], equals: pending } },
        }),
      ),
    "the submission",
  );
  await expectEnd(database, submitted.event_id, "refused");
  const investor = await database.rpc(OPS, "fn_assign_investor", {
    pending_id: pending,
    classification: "professional",
  });

  // orders, one of them of an investor whose clearance has ended
  const order = (direction: string, amount: string) =>
    database.rpc(OPS, "fn_place_order", { fund: code, investor_id: investor, direction, amount, currency: "USD" });
  await order("subscription", CANARIES.subscription);
  await order("redemption", CANARIES.redemption);
  await until(
    async () =>
      (await database.read(AUDIT, (tx) => tx.fund_flows.count({ where: { fund_id: fundId, status: "accepted" } }))) ===
      2,
    "orders to be accepted",
  );
  await house.look("update investors set kyc_valid_until = now() - interval '1 day' where investor_id = $1", [
    investor,
  ]);
  await order("redemption", CANARIES.heldOrder);
  await until(
    async () =>
      (await database.read(AUDIT, (tx) => tx.fund_flows.count({ where: { fund_id: fundId, status: "kyc_hold" } }))) ===
      1,
    "the order to be held",
  );

  // a rebalancing with words of people, rejected
  const asked = await database.rpc(PM_ONE, "fn_request_rebalance", { fund: code, reason: CANARIES.requestReason });
  const proposal = await proposalStands(database, asked.event_id);
  await database.rpc(PM_TWO, "fn_decide_proposal", {
    proposal_id: proposal.proposal_id,
    hash: proposal.hash,
    decision: "rejected",
    reason: CANARIES.decisionReason,
  });
  await runEnded(database, asked.event_id);

  // failures: a run that ends in one, calls that are refused
  const poison = await database.rpc({ role: "service_role" }, "fn_record_event", {
    type: "DATA_DRIFT",
    payload: { asset_id: fundId, deviation_bps: CANARIES.email, threshold_bps: "1" },
    source: "test",
    fund_id: fundId,
  });
  await expectEnd(database, poison, "failed");
  const token = await database.rpc(PM_ONE, "fn_record_event", {
    type: "TOKENIZATION_REQUESTED",
    payload: { chain: CANARIES.chain, instrument: "UNIT", size: "not a size" },
    source: "test",
    fund_id: fundId,
  });
  await runEnded(database, token);
  await refused(
    database.rpc(OPS, "fn_place_order", {
      fund: code,
      investor_id: investor,
      direction: CANARIES.email,
      amount: CANARIES.subscription,
      currency: "USD",
    }),
  );
  await refused(
    database.rpc(OPS, "fn_place_order", {
      fund: CANARIES.email,
      investor_id: CANARIES.passport,
      direction: "redemption",
      amount: CANARIES.redemption,
      currency: "USD",
    }),
  );
  await refused(database.rpc(OPS, "fn_submit_investor", { classification: CANARIES.status, evidence }));
  await refused(order("redemption", `${CANARIES.redemption}9`));

  // what Temporal shows to anybody who may list runs
  const client = await clientOf(house);
  const shown: string[] = [];
  for await (const run of client.workflow.list()) {
    shown.push(JSON.stringify([run.workflowId, run.type, run.memo, run.searchAttributes, run.typedSearchAttributes]));
    shown.push(
      JSON.stringify(await client.workflow.getHandle(run.workflowId).describe(), (_key, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    );
  }
  await client.connection.close();
  expect(shown.length).toBeGreaterThan(8);
  // spans and memories arrive a moment later
  await until(
    async () => (await house.look<{ n: number }>("select count(*)::int as n from trace_spans"))[0]!.n > 20,
    "spans to be stored",
  );
  await until(
    async () => (await house.look<{ n: number }>("select count(*)::int as n from agent_memories"))[0]!.n > 0,
    "memories to be stored",
  );
  const output = worker.output();
  await worker.kill("SIGTERM");

  const rows = async (table: string, columns = "x::text") =>
    JSON.stringify(await house.look(`select ${columns} from ${table} x`));
  const hits: Record<string, string[]> = {
    "run listing": found(shown.join("\n")),
    "worker output": found(worker.output() + output),
    errors: found(errors.join("\n")),
    trace_spans: found(await rows("trace_spans")),
    agent_memories: found(await rows("agent_memories")),
    memory_nodes: found(await rows("memory_nodes")),
    workflow_runs: found(await rows("workflow_runs")),
    event_outbox: found(await rows("event_outbox")),
    event_batches: found(await rows("event_batches")),
    risk_alerts: found(await rows("risk_alerts")),
    "audit messages": found(
      await rows("audit_trail", "message, entity_id, convert_from(canonical, 'UTF8') as canonical"),
    ),
  };
  const files = (await readdir(join(house.home), { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && !entry.parentPath.endsWith("cache"),
  );
  let temporalBytes = 0;
  for (const file of files) {
    const bytes = await readFile(join(file.parentPath, file.name));
    if (file.parentPath.endsWith("temporal")) temporalBytes += bytes.length;
    hits[`file ${file.name}`] = found(bytes);
  }
  expect(Object.fromEntries(Object.entries(hits).filter(([, list]) => list.length > 0))).toEqual({});
  // Temporal's file was really read: it holds the ids of the runs in clear
  expect(temporalBytes).toBeGreaterThan(100_000);
  const inClear = await Promise.all(
    files
      .filter((file) => file.parentPath.endsWith("temporal"))
      .map(async (file) => (await readFile(join(file.parentPath, file.name))).includes(asked.event_id)),
  );
  expect(inClear).toContain(true);
});
