// The servers are killed in the middle of a rebalancing, the database's postmaster and children alike, and come back on the same files: the work
// finishes, once, and the audit chain still verifies. A durable cluster of its own; only its own processes are killed.
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashPoints } from "@evergreen-fund/agent-kit";
import { type AuditBlockRow, type AuditEntryRow, verifyChain } from "@evergreen-fund/cli/audit/verify-chain.ts";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { bootstrapAuth, secureDatabase } from "@evergreen-fund/stack/bootstrap-auth.ts";
import { migrateDeploy } from "@evergreen-fund/stack/migrate.ts";
import { type RunningPostgres, startPostgres } from "@evergreen-fund/stack/postgres.ts";
import { freePort } from "@evergreen-fund/stack/process-table.ts";
import { setLoginPasswords } from "@evergreen-fund/stack/service-logins.ts";
import { crashFired, openHouse, until } from "@evergreen-fund/testing/working-house.ts";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { approved, journeyOf } from "./crash-journeys.ts";
import { shareBundle, type TestHouse, withSuperuser } from "./houses.ts";
import {
  expectEnd,
  expectRebalancedOnce,
  expectRememberedOnce,
  importFund,
  PM_ONE,
  PM_TWO,
  proposalStands,
} from "./journeys.ts";

let folder: string;
let server: RunningPostgres;
let house: TestHouse;
const options = async () => ({ dataDir: join(folder, "data"), port, password: "test", durable: true });
let port: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "evergreen-durable-"));
  await chmod(folder, 0o711); // as root the server runs as another user, who must be able to enter
  port = await freePort();
  server = await startPostgres(await options());
  await bootstrapAuth(server.adminUrl);
  await migrateDeploy({ databaseUrl: server.adminUrl, migrationsDir: join(REPOSITORY_ROOT, "prisma", "migrations") });
  await setLoginPasswords(server.adminUrl, {
    evergreen_app: "test",
    evergreen_api: "test",
    evergreen_readonly: "test",
  });
  const admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  await secureDatabase(admin);
  await admin.end();
  const url = new URL(server.adminUrl);
  url.username = "evergreen_app";
  house = withSuperuser(await openHouse(url.href), server.adminUrl, url.href);
  await shareBundle([house]);
});
afterAll(async () => {
  await house?.stop();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${one}/stat`, "utf8"))?.[1]) === pid;
      } catch {
        return false; // ended meanwhile
      }
    });

/** SIGKILL to the postmaster and everything it started, then a new one on the same folder and port. */
async function killPostgres(): Promise<void> {
  const all = [server.pid, ...childrenOf(server.pid)];
  expect(all.length).toBeGreaterThan(2);
  for (const pid of all) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // a child may go with its parent
    }
  }
  server = await startPostgres(await options());
}

async function expectAuditHolds(): Promise<void> {
  await until(async () => {
    const cursor = await house.look<{ tx: string; seq: string }>("select tx::text, seq::text from audit_cursor");
    const blocks = await house.look<AuditBlockRow & pg.QueryResultRow>(
      "select *, from_tx::text, to_tx::text from audit_blocks",
    );
    const entries = await house.look<AuditEntryRow & pg.QueryResultRow>("select *, tx::text from audit_trail");
    const verdict = verifyChain({ blocks, entries, cursor: cursor[0]! });
    if (verdict.entries === 0 || verdict.firstBad !== undefined) throw new Error(JSON.stringify(verdict.firstBad));
    return verdict.ok && verdict.unsealed === 0;
  }, "the audit chain to be sealed and whole");
}

/** A person tries again while the database is away; the request id keeps one effect. */
const patiently = <T>(call: () => Promise<T>): Promise<T> => until(call, "the database to take a call") as Promise<T>;

/** A rebalancing that is asked for and approved; when all of it and the fault have passed, everything happened once. */
async function approvedRebalancing(name: string, fault: Promise<unknown>): Promise<void> {
  const { fundId, code } = await importFund(house.database);
  const { event_id } = await patiently(() =>
    house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code, request_id: `${name}/ask` }),
  );
  const proposal = await proposalStands(house.database, event_id);
  expect(proposal.status).toBe("pending");
  const { proposal_id, hash } = proposal;
  await patiently(() =>
    house.database.rpc(PM_TWO, "fn_decide_proposal", {
      proposal_id,
      hash,
      decision: "approved",
      request_id: `${name}/decide`,
    }),
  );
  await expectEnd(house.database, event_id, "completed");
  await fault;
  await expectRebalancedOnce(house.database, fundId, event_id);
  await expectRememberedOnce(house.database, event_id);
  await expectAuditHolds();
}

/** Every place that an approved rebalancing passes. */
const PLACES = crashPoints().filter((point) => journeyOf(point) === approved);

it("a rebalancing passes places of the dispatcher and of four rooms", () => {
  expect(new Set(PLACES.map((point) => point.split(".")[0])).size).toBe(5);
  expect(PLACES.length).toBeGreaterThan(20);
});

it.each(PLACES)("Temporal and the database are killed while the worker stands at %s", async (place) => {
  const worker = await house.startWorkers({ crashAt: `hold:${place}` });
  try {
    const fault = until(async () => crashFired(house, place), `the worker to stand at ${place}`, 150_000)
      .then(() => Promise.all([killPostgres(), house.restartTemporal()]))
      .finally(() => process.kill(worker.pid, "SIGCONT"));
    await Promise.all([approvedRebalancing(place, fault), fault]);
  } finally {
    await worker.kill();
  }
});

it("the database is killed while the proposal is being made, and again right after the approval", async () => {
  const worker = await house.startWorkers();
  const { fundId, code } = await patiently(() => importFund(house.database));
  const request_id = `killed-${fundId}`;
  const { event_id } = await patiently(() =>
    house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code, request_id }),
  );
  await killPostgres();
  const proposal = await proposalStands(house.database, event_id);
  await patiently(() =>
    house.database.rpc(PM_TWO, "fn_decide_proposal", {
      proposal_id: proposal.proposal_id,
      hash: proposal.hash,
      decision: "approved",
      request_id: `${request_id}-approval`,
    }),
  );
  await killPostgres();
  await expectEnd(house.database, event_id, "completed");
  await expectRebalancedOnce(house.database, fundId, event_id);
  await expectRememberedOnce(house.database, event_id);
  await expectAuditHolds();
  await worker.kill("SIGTERM");
});
