// A fund whose rebalancing is not solved in the time there is: the run asks a bounded number of times and then ends as failed, with words that say
// what to do. The solver is the real one with a millisecond to think, so that nothing here waits for a large fund.
import { cancellationInterceptor, dataConverter } from "@evergreen-fund/agent-kit";
import { codecKey } from "@evergreen-fund/config/keys.ts";
import type { RoomName } from "@evergreen-fund/domain";
import { openEmbedder, openMemory } from "@evergreen-fund/memory";
import { startTracing } from "@evergreen-fund/tracing";
import type { Client } from "@temporalio/client";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, it } from "vitest";
import { workflowBundle } from "../bundle.ts";
import { portOf } from "../memory.ts";
import { type Activities, type House, ROOM_TABLE } from "../rooms.ts";
import { openSolver, SOLVE_ATTEMPTS } from "../solver.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, importFund, PM_ONE, runEnded } from "./journeys.ts";
import { openStressDoors, type StressDoors } from "./stress-doors.ts";

let house: TestHouse;
let client: Client;
let connection: NativeConnection;
let running: Promise<unknown>;
let stress: StressDoors;
const workers: Worker[] = [];
const solver = openSolver(undefined, 1);
/** How often each run took the step, by its id. */
const asked = new Map<string, number>();

beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  client = await clientOf(house);
  connection = await NativeConnection.connect({ address: house.temporalAddress });
  const embedder = openEmbedder({ kind: "hashing" });
  stress = await openStressDoors(house.home, house.appUrl, house.database);
  const rooms: House = {
    database: house.database,
    crashPoint: () => {},
    memoryOf: (room) => openMemory({ embedder, port: portOf(house.database, room), dir: house.home }),
    solver,
    ...stress.doors,
  };
  const tracing = await startTracing({ service: "test", enabled: false });
  const shared = {
    connection,
    namespace: house.config.temporal.namespace,
    dataConverter: dataConverter(codecKey(house.config)),
    interceptors: { activity: [cancellationInterceptor] },
  };
  const activities: Activities = Object.assign({}, ...Object.values(ROOM_TABLE).map((make) => make(rooms)));
  const propose = activities["rebalancing.propose"]!;
  const counted: Activities = {
    ...activities,
    "rebalancing.propose": (input) => {
      const { workflowId } = input as { workflowId: string };
      asked.set(workflowId, (asked.get(workflowId) ?? 0) + 1);
      return propose(input);
    },
  };
  const workflowCode = await workflowBundle(house.home, tracing);
  workers.push(
    await Worker.create({ ...shared, taskQueue: "commander", workflowBundle: workflowCode, activities: counted }),
    await Worker.create({ ...shared, taskQueue: "rebalancing" satisfies RoomName, activities: counted }),
  );
  running = Promise.all(workers.map((worker) => worker.run()));
  await tracing.shutdown();
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  await solver.close();
  await stress?.close();
  await client?.connection.close();
  await connection?.close();
  await house?.stop();
});

it.each(["local", "split"] as const)(
  "ends after so many attempts, and says what to reduce: rooms %s",
  async (rooms) => {
    const { fundId, code } = await importFund(house.database);
    const { event_id, workflow_id } = await house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
    await client.workflow.start("commander", {
      workflowId: workflow_id,
      taskQueue: "commander",
      args: [{ eventId: event_id, rooms }],
    });
    expect(await runEnded(house.database, event_id, 60_000)).toMatchObject({
      status: "failed",
      metadata: {
        reason: `EG413: The solve took longer than 0.001 s and is given up after ${SOLVE_ATTEMPTS} attempts; reduce what there is to decide: no minimum ticket, method lp, or fewer positions that may be traded.`,
      },
    });
    expect(asked.get(workflow_id)).toBe(SOLVE_ATTEMPTS);
    expect(await house.database.read(AUDIT, (tx) => tx.proposals.count({ where: { fund_id: fundId } }))).toBe(0);
  },
);
