// Rooms on a real database, without Temporal: what each action does when it is called, and called again. Touches only its own database.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashPoints, type RoomTools } from "@evergreen-fund/agent-kit";
import { openNewest } from "@evergreen-fund/analytics";
import {
  type Actor,
  CONTRACTS,
  DATA_CONTRACTS,
  DEALING_CONTRACTS,
  DOCUMENT_CONTRACTS,
  RESTATEMENT_CONTRACTS,
  type RoomName,
  RULE_CONTRACTS,
  SCREENING_CONTRACTS,
  STRESS_CONTRACTS,
  WEBHOOK_CONTRACTS,
} from "@evergreen-fund/domain";
import { openEmbedder, openMemory } from "@evergreen-fund/memory";
import { fileKeys } from "@evergreen-fund/personal-data";
import { type Database, openDatabase } from "@evergreen-fund/supabase-client";
import { checkAfterEach } from "@evergreen-fund/testing/checked.ts";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import { ApplicationFailure } from "@temporalio/common";
import { afterAll, beforeAll, expect } from "vitest";
import { portOf } from "../memory.ts";
import { type Activities, type House, ROOM_TABLE } from "../rooms.ts";
import { openSolver } from "../solver.ts";
import { openWebhooks } from "../webhooks.ts";
import { lookAt } from "./houses.ts";
import { FULL_EVIDENCE, importFund, OPS, PM_ONE } from "./journeys.ts";
import { openStressDoors } from "./stress-doors.ts";

export interface RoomHouse {
  database: Database;
  /** EVERGREEN_HOME of its doors. */
  home: string;
  /** The vault of personal data. */
  personal: House["personal"];
  /** Superuser URL: for arranging what no function may do. */
  adminUrl: string;
  /** Calls an action as its activity would be called. */
  call<T = Record<string, unknown>>(name: `${RoomName}.${string}`, input: unknown): Promise<T>;
  /** Rows as the superuser sees them. */
  look<T extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
  /** Rows of the newest analytical snapshot. */
  duck(sql: string, values: Record<string, string>): Promise<Readonly<Record<string, unknown>>[]>;
  /** Crash points passed so far by actions of a room. */
  passed(room: RoomName): Set<string>;
  close(): Promise<void>;
}

/** The rooms of a test file: opened before its tests, closed after them; after each no invariant is broken. To be called once, at the head of the file. `doors`: what a worker has only when it is configured. */
export function useRooms(doors: () => Promise<Partial<House>> = async () => ({})): RoomHouse {
  const house = {} as RoomHouse;
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "evergreen-rooms-"));
    Object.assign(house, await openRooms(dir, await doors()));
  });
  afterAll(async () => {
    await house.close?.();
    await rm(dir, { recursive: true, force: true });
  });
  checkAfterEach((sql, values) => lookAt(house.adminUrl, sql, values));
  return house;
}

/** Every room under its own role on a fresh database; memory embeds by hashing, all else is as in a worker. `dir`: a folder for mem0's settings. */
async function openRooms(dir: string, doors: Partial<House>): Promise<RoomHouse> {
  const fresh = await freshDatabase(ownCluster());
  const database = openDatabase({ url: fresh.urlFor("evergreen_app") });
  const points: string[] = [];
  const embedder = openEmbedder({ kind: "hashing" });
  const tools: RoomTools = { database, crashPoint: (name) => void points.push(name) };
  const solver = openSolver();
  const stress = await openStressDoors(dir, fresh.urlFor("evergreen_app"), database);
  const house: House = {
    ...tools,
    memoryOf: (room: RoomName) => openMemory({ embedder, port: portOf(database, room), dir }),
    solver,
    ...stress.doors,
    // receivers of tests listen on this machine, and a silent one is not waited for
    webhooks: openWebhooks(database, fileKeys(dir), true, 400),
    ...doors,
  };
  const activities: Activities = Object.assign({}, ...Object.values(ROOM_TABLE).map((make) => make(house)));
  return {
    database,
    home: dir,
    personal: house.personal,
    adminUrl: fresh.adminUrl,
    look: (sql, values) => lookAt(fresh.adminUrl, sql, values),
    async duck(sql, values) {
      const { file } = await openNewest(dir);
      return file.rows(sql, values).finally(() => file.close());
    },
    call: async <T>(name: string, input: unknown) => (await activities[name]!(input)) as T,
    passed: (room) => new Set(points.filter((point) => point.startsWith(`${room}.`))),
    async close() {
      await solver.close();
      await stress.close();
      await database.close();
      await fresh.drop();
    },
  };
}

/** The failure of an activity: the code, and whether Temporal would try again. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ code: string | null | undefined; final: boolean; message: string }> {
  const error = await work.then(
    (answer) => new Error(`It did not fail: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApplicationFailure)) throw error;
  return { code: error.type, final: error.nonRetryable === true, message: error.message };
}

/** Input that no contract takes is refused at once by every action of the room. */
export async function expectWrongInputRefused(house: RoomHouse, room: RoomName): Promise<void> {
  for (const action of Object.keys(CONTRACTS[room]))
    for (const input of [undefined, {}, { eventId: "canary", workflowId: "w" }, { eventId: null }])
      expect(await failureOf(house.call(`${room}.${action}`, input)), action).toMatchObject({
        code: "EG400",
        final: true,
      });
}

/** Actions of dealing days, documents, restatements and schedules need each other's rooms: they are taken in dealing-rooms.database.test.ts. */
const DEALING = new Set(
  [DATA_CONTRACTS, DEALING_CONTRACTS, DOCUMENT_CONTRACTS, RESTATEMENT_CONTRACTS, RULE_CONTRACTS].flatMap((rooms) =>
    Object.values(rooms).flatMap(Object.keys),
  ),
);

/** Those of stress runs in simulation/stress/stress.database.test.ts. */
const STRESS = new Set(Object.keys(STRESS_CONTRACTS.simulation));
/** Those of lists and checks in kyc/screening/screening.database.test.ts. */
const SCREENING = new Set(Object.keys(SCREENING_CONTRACTS.kyc));
/** Those of webhooks in commander/webhooks/webhooks.database.test.ts. */
const WEBHOOKS = new Set(Object.keys(WEBHOOK_CONTRACTS.commander));
type Part = "own" | "dealing" | "stress" | "screening" | "webhooks";
const partOf = (action: string): Part =>
  WEBHOOKS.has(action)
    ? "webhooks"
    : DEALING.has(action)
      ? "dealing"
      : STRESS.has(action)
        ? "stress"
        : SCREENING.has(action)
          ? "screening"
          : "own";

/** The table of crash points says what the room really does. Call it when every action has been taken, those of dealing apart. */
export function expectEveryCrashPointPassed(house: RoomHouse, room: RoomName, part: Part = "own"): void {
  const counts = (point: string): boolean => point.startsWith(`${room}.`) && partOf(point.split(".")[1] ?? "") === part;
  expect([...house.passed(room)].filter(counts).sort()).toEqual(crashPoints().filter(counts).sort());
}

/** One number per table that a room could write; equal numbers: nothing happened. */
export function effects(database: Database): Promise<Record<string, number>> {
  return database.read(
    { role: "audit_role", userId: "00000000-0000-4000-8000-000000000006" } satisfies Actor,
    async (tx) => ({
      events: await tx.fund_events.count(),
      audit: await tx.audit_trail.count(),
      proposals: await tx.proposals.count(),
      checks: await tx.proposal_checks.count(),
      reservations: await tx.liquidity_reservations.count(),
      compliance: await tx.compliance_logs.count(),
      alerts: await tx.risk_alerts.count(),
      investors: await tx.investors.count(),
      runs: await tx.workflow_runs.count(),
      tokens: await tx.tokenization_actions.count(),
      memories: await tx.agent_memories.count(),
    }),
  );
}

/** Calls an action twice with the same input: one answer, and the second call changed nothing. */
export async function twice<T = Record<string, unknown>>(
  house: RoomHouse,
  name: `${RoomName}.${string}`,
  input: unknown,
): Promise<T> {
  const first = await house.call<T>(name, input);
  const after = await effects(house.database);
  expect(await house.call<T>(name, input)).toEqual(first);
  expect(await effects(house.database)).toEqual(after);
  return first;
}

export interface Requested {
  fundId: string;
  code: string;
  run: { eventId: string; workflowId: string; fundId: string };
}

/** A fund out of balance and a request to rebalance it, its run opened. */
export async function rebalanceRequested(house: RoomHouse, change: Record<string, unknown> = {}): Promise<Requested> {
  const { fundId, code } = await importFund(house.database, change);
  const { event_id, workflow_id } = await house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  const run = { eventId: event_id, workflowId: workflow_id, fundId };
  await house.call("commander.brief", { eventId: event_id, workflowId: workflow_id });
  return { fundId, code, run };
}

/** The same, and a proposal that nobody has checked yet. */
export async function proposed(house: RoomHouse, change: Record<string, unknown> = {}) {
  const request = await rebalanceRequested(house, change);
  const { proposalId } = await house.call<{ proposalId: string }>("rebalancing.propose", {
    ...request.run,
    memoryIds: [],
  });
  return { ...request, proposal: { ...request.run, proposalId } };
}

/** A redemption of `amount` (fund currency) by a cleared synthetic investor, asked for and accepted as orders are. */
export async function redemptionAccepted(house: RoomHouse, code: string, amount: string): Promise<void> {
  const evidence = FULL_EVIDENCE;
  const classification = "professional";
  const pending_id = await house.database.rpc(OPS, "fn_submit_investor", { classification, evidence });
  const investor_id = await house.database.rpc(OPS, "fn_assign_investor", { pending_id, classification });
  const order = { fund: code, investor_id, direction: "redemption", amount, currency: "USD" } as const;
  await house.database.rpc(OPS, "fn_place_order", order);
  const [batch] = await house.database.rpc({ role: "service_role" }, "fn_claim_batch", { consumer: "test" });
  const input = { batchId: batch!.batch_id, type: batch!.type };
  expect(await house.call("kyc.intakeOrders", input)).toEqual({ accepted: 1, held: 0, skipped: 0 });
}

/** An event of a fund, recorded by whoever may. */
export async function recorded(
  house: RoomHouse,
  actor: Actor,
  fundId: string,
  type: string,
  payload: Record<string, unknown>,
) {
  const eventId = await house.database.rpc(actor, "fn_record_event", {
    type,
    payload,
    source: "test",
    fund_id: fundId,
  });
  return { eventId, workflowId: `event/${eventId}`, fundId };
}
