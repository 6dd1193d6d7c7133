// Three worker processes drain one outbox at once while sixteen writers commit in random order: nothing lost, nothing doubled, a poison event
// ends with a reason while others flow. And a Temporal that is away costs no event an attempt.
import { randomInt } from "node:crypto";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { freePort } from "@evergreen-fund/stack/process-table.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { NativeConnection } from "@temporalio/worker";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startDispatcher } from "../dispatcher/dispatcher.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, importFund, OPS } from "./journeys.ts";

const WRITERS = 16;
const DRIFTS = 150;
const ORDERS = 500;
const SERVICE = { role: "service_role" } as const;

let house: TestHouse;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
});
afterAll(() => house?.stop());

/** Calls `fn` as `role` in a transaction that stays open for up to 40 ms after the write: commits come in another order than numbers. */
async function slowly(
  client: pg.Client,
  actor: { role: string; userId?: string },
  sql: string,
  values: unknown[],
): Promise<void> {
  await client.query("begin");
  await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
    actor.role,
    actor.userId ? JSON.stringify({ sub: actor.userId, role: actor.role }) : "",
  ]);
  await client.query(sql, values);
  await new Promise((wake) => setTimeout(wake, randomInt(40)));
  await client.query("commit");
}

it("three dispatchers lose nothing and double nothing", async () => {
  const { fundId, code } = await importFund(house.database);
  const [asset] = await house.look<{ id: string }>("select id from assets where fund_id = $1 limit 1", [fundId]);
  const pending = await house.database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence: {} });
  const investor = await house.database.rpc(OPS, "fn_assign_investor", {
    pending_id: pending,
    classification: "professional",
  });
  const workers = await Promise.all([house.startWorkers(), house.startWorkers(), house.startWorkers()]);

  const drift = (deviation: string) =>
    JSON.stringify({ asset_id: asset!.id, deviation_bps: deviation, threshold_bps: "500" });
  const jobs: ((client: pg.Client) => Promise<void>)[] = [
    ...Array.from(
      { length: DRIFTS },
      () => (client: pg.Client) =>
        slowly(client, SERVICE, "select public.fn_record_event('DATA_DRIFT', $1, 'test', fund_id => $2)", [
          drift("612.5"),
          fundId,
        ]),
    ),
    ...Array.from(
      { length: ORDERS },
      () => (client: pg.Client) =>
        slowly(client, OPS, "select public.fn_place_order($1, $2, 'redemption', 1.00, 'USD')", [code, investor]),
    ),
    (client: pg.Client) =>
      slowly(client, SERVICE, "select public.fn_record_event('DATA_DRIFT', $1, 'test', fund_id => $2)", [
        drift("far"),
        fundId,
      ]),
  ];
  for (let i = jobs.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [jobs[i], jobs[j]] = [jobs[j]!, jobs[i]!];
  }
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      const client = new pg.Client({ connectionString: house.appUrl });
      await client.connect();
      for (let job = jobs.pop(); job; job = jobs.pop()) await job(client);
      await client.end();
    }),
  );

  const seen = () =>
    house.database.read(AUDIT, async (tx) => ({
      alerts: await tx.risk_alerts.count({ where: { fund_id: fundId } }),
      completed: await tx.workflow_runs.count({ where: { fund_id: fundId, type: "DATA_DRIFT", status: "completed" } }),
      ends: await tx.fund_events.count({ where: { fund_id: fundId, type: "WORKFLOW_COMPLETED" } }),
      accepted: await tx.fund_flows.count({ where: { fund_id: fundId, status: "accepted" } }),
      checked: await tx.compliance_logs.count({ where: { fund_id: fundId } }),
      waiting: await tx.event_outbox.count({ where: { fund_id: fundId } }),
      running: await tx.workflow_runs.count({ where: { status: "running" } }),
    }));
  const done = {
    alerts: DRIFTS,
    completed: DRIFTS,
    ends: DRIFTS + 1,
    accepted: ORDERS,
    checked: ORDERS,
    waiting: 0,
    running: 0,
  };
  await until(
    async () => JSON.stringify(await seen()) === JSON.stringify(done),
    "everything to be done",
    200_000,
  ).catch(async (error: unknown) => {
    expect(await seen()).toEqual(done);
    throw error;
  });
  const [demand] = await house.look<{ demand: string }>(
    "select utilization::numeric(38,2)::text as demand from liquidity_ladder where fund_id = $1 and side = 'liability'",
    [fundId],
  );
  expect(demand).toEqual({ demand: `${ORDERS}.00` });
  // the poison: schema-valid for SQL, refused by the catalogue, ended with the reason
  const failed = await house.look<{ metadata: { reason: string } }>(
    "select metadata from workflow_runs where status = 'failed'",
  );
  expect(failed.map((run) => run.metadata.reason)).toEqual([
    "EG400: The payload of DATA_DRIFT is not what its schema says.",
  ]);
  // more than one process took part, so that the test tests what it says
  const runs = await house.look<{ workflow_id: string }>(
    "select workflow_id from workflow_runs where type = 'DATA_DRIFT' limit 60",
  );
  const client = await clientOf(house);
  const starters = new Set<string | null | undefined>();
  for (const { workflow_id } of runs) {
    const { events } = await client.workflow.getHandle(workflow_id).fetchHistory();
    starters.add(events?.[0]?.workflowExecutionStartedEventAttributes?.identity);
  }
  await client.connection.close();
  expect(starters.size).toBeGreaterThan(1);
  for (const worker of workers) await worker.kill("SIGTERM");
});

/** A wire to Temporal that can be cut and mended. */
async function openWire(target: string) {
  const [host, port] = target.split(":") as [string, string];
  const at = await freePort();
  let server: Server | undefined;
  const open = new Set<Socket>();
  const mend = () =>
    new Promise<void>((ready) => {
      server = createServer((near) => {
        const far = dial(Number(port), host);
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          open.add(one);
          one
            .on("error", () => other.destroy())
            .on("close", () => {
              open.delete(one);
              other.destroy();
            });
          one.pipe(other);
        }
      }).listen(at, "127.0.0.1", () => ready());
    });
  const cut = async () => {
    const closed = new Promise((gone) => server?.close(gone));
    for (const socket of open) socket.destroy();
    await closed;
  };
  await mend();
  return { address: `127.0.0.1:${at}`, cut, mend };
}

it("while Temporal is away events stay where they are, and no attempt counts", async () => {
  const { fundId } = await importFund(house.database);
  const wire = await openWire(house.temporalAddress);
  // the dispatcher's own kind of connection: no other may ask for an eager start
  const client = await clientOf(house, await NativeConnection.connect({ address: wire.address }));
  const database = openDatabase({ url: house.appUrl });
  const complaints: string[] = [];
  let putBack = 0;
  const dispatcher = startDispatcher({
    database: {
      ...database,
      rpc: (actor, name, args) => {
        if (name === "fn_release_events") putBack++;
        return database.rpc(actor, name, args);
      },
    },
    client,
    rooms: "local",
    crashPoint: () => {},
    log: (line) => void complaints.push(line),
  });
  await wire.cut();
  const eventId = await house.database.rpc(SERVICE, "fn_record_event", {
    type: "LIQUIDITY_BREACH",
    payload: { bucket: "30d", ratio: "0.9", required: "1.2" },
    source: "test",
    fund_id: fundId,
  });
  const waiting = () =>
    house.look<{ attempts: number; dead: boolean }>(
      "select attempts, dead_at is not null as dead from event_outbox where event_id = $1",
      [eventId],
    );
  // it is taken up and put back again and again; five counted attempts would make it a dead letter
  await until(
    async () => {
      const [row] = await waiting();
      expect(row).toMatchObject({ dead: false });
      expect(row!.attempts, complaints.join("; ")).toBeLessThanOrEqual(1); // one while it is in hand
      return putBack > 6;
    },
    () => `the event to be put back seven times: ${complaints.join("; ")}`,
    120_000,
  );
  await wire.mend();
  const worker = await house.startWorkers();
  await expectEnd(house.database, eventId, "completed");
  expect(await waiting()).toEqual([]);
  await worker.kill("SIGTERM");
  dispatcher.stop();
  await dispatcher.done;
  await client.connection.close();
  await database.close();
});
