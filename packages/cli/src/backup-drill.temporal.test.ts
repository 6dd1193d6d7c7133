// The drill: a stack works, is backed up while it runs, goes on, and is killed. Elsewhere it is restored beside a Temporal store that is newer, and then
// beside one that is older: writes halt, the report names the runs, a person accepts, and the fund goes on with its balances and audit chain.
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config/config.ts";
import { syntheticXml } from "@evergreen-fund/nport";
import { adminUrl, down, readState, status, upDetached } from "@evergreen-fund/stack";
import { ensureDemoLogins } from "@evergreen-fund/stack/demo-logins.ts";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ran } from "./test-run.ts";
import { Allocations, Imported, Proposed } from "./test-shapes.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-drill-"));
const keys = join(folder, "safe", "keys.json");
/** For a machine that has much else to do; on one of its own the whole drill takes about a minute. */
const LIMIT_MS = 300_000;

/** A port with nine free ones behind it. */
async function freeBase(from: number): Promise<number> {
  const free = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
  for (let candidate = from + (process.pid % 200) * 20; candidate < 60_000; candidate += 20) {
    const ports = await Promise.all(Array.from({ length: 10 }, (_, offset) => free(candidate + offset)));
    if (ports.every(Boolean)) return candidate;
  }
  throw new Error("No ten free ports in a row.");
}

/** A home with its ports. The demo's history is left out of the stack; its logins are what the command line signs in with. */
class Place {
  readonly environment: Record<string, string>;
  readonly home: string;
  constructor(home: string, base: number) {
    this.home = home;
    this.environment = { EVERGREEN_HOME: home, EVERGREEN_PORT_BASE: String(base) };
  }
  get config() {
    return readConfig({ ...process.env, ...this.environment, EVERGREEN_DEMO: "off" });
  }
  async up(): Promise<string[]> {
    const said: string[] = [];
    await upDetached(this.config, (line) => said.push(line));
    return said;
  }
  async json<T>(shape: z.ZodType<T>, argv: readonly string[], exit = 0): Promise<T> {
    const {
      exit: found,
      out,
      err,
    } = await ran([...argv, "--output-format", "json"], {
      ...(process.env as Record<string, string>),
      ...this.environment,
    });
    expect({ exit: found, said: found === exit ? "" : `${err}${out}` }).toEqual({ exit, said: "" });
    return shape.parse(JSON.parse(out));
  }
  run(argv: readonly string[]) {
    return ran(argv, { ...(process.env as Record<string, string>), ...this.environment });
  }
  async look<T>(sql: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: adminUrl(this.config) });
    await client.connect();
    try {
      return (await client.query(sql)).rows as T[];
    } finally {
      await client.end();
    }
  }
  allocations = () => this.json(Allocations, ["allocations", "show", "--fund", "DRILL"]);
  propose = () => this.json(Proposed, ["rebalance", "--fund", "DRILL", "--wait"]);
}

const Backup = z.looseObject({ name: z.string(), folder: z.string(), keys: z.string(), files: z.int() });
const Report = z.looseObject({
  halted: z.literal(true),
  hash: z.string(),
  report: z.looseObject({
    unknown: z.array(z.looseObject({ workflow_id: z.string() })),
    ahead: z.array(z.looseObject({ workflow_id: z.string() })),
    missing: z.array(z.looseObject({ workflow_id: z.string() })),
  }),
});
const Resumed = z.looseObject({ halted: z.literal(false), deleted: z.int(), queued: z.int() });
const Chain = z.looseObject({ ok: z.boolean(), entries: z.int() });
const PM_TWO = "pm2@demo.evergreen.example";

let [first, second]: Place[] = [];
const places = () => ({ first: first as Place, second: second as Place });

beforeAll(async () => {
  chmodSync(folder, 0o755); // as root the database server runs as another user, who must be able to enter
  first = new Place(join(folder, "first"), await freeBase(44_000));
  second = new Place(join(folder, "second"), await freeBase(50_000));
  await first.up();
  await ensureDemoLogins(adminUrl(first.config), first.home);
}, LIMIT_MS);
afterAll(async () => {
  for (const place of [first, second]) if (place && existsSync(place.home)) await down(place.config);
  rmSync(folder, { recursive: true, force: true });
}, LIMIT_MS);

async function approve(place: Place, { proposalId, proposalHash }: z.infer<typeof Proposed>): Promise<void> {
  const words = ["proposals", "approve", proposalId, "--hash", proposalHash, "--as", PM_TWO, "--wait"];
  expect(await place.json(z.looseObject({ status: z.string() }), words)).toMatchObject({ status: "applied" });
}

/** Ends every process of a stack at once, as a machine that loses its power does. */
async function pullThePlug(place: Place): Promise<void> {
  const pids = [readState(place.home)?.pid ?? 0, ...(await status(place.config)).processes.map(({ pid }) => pid)];
  for (const pid of pids.filter((one) => one > 1)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it went by itself
    }
  }
  await down(place.config);
}

const storeOf = (home: string): string => join(home, "temporal", "temporal.db");
/** Puts the store of Temporal of another moment into a home whose stack does not run. */
function replaceStore(home: string, from: string): void {
  for (const end of ["", "-wal", "-shm"]) {
    rmSync(`${storeOf(home)}${end}`, { force: true });
    if (existsSync(`${from}${end}`)) cpSync(`${from}${end}`, `${storeOf(home)}${end}`);
  }
}

describe("a fund whose machine is lost", () => {
  let backup: z.infer<typeof Backup>;
  let waiting: z.infer<typeof Proposed>;
  let later: z.infer<typeof Proposed>;
  let before: z.infer<typeof Allocations>;

  it(
    "is backed up while it works; the keys lie apart, and a changed file is found",
    async () => {
      const { first } = places();
      const filing = join(folder, "synthetic.xml");
      writeFileSync(filing, syntheticXml({ holdings: 12, mix: { bond: 6, corporate: 2, equity: 1 } }));
      await first.json(Imported, ["import", "nport", filing, "--fund", "DRILL"]);
      waiting = await first.propose();
      before = await first.allocations();
      backup = await first.json(Backup, ["backup", "create", "--to", join(folder, "backups"), "--keys", keys]);
      expect(statSync(keys).mode & 0o077).toBe(0);
      const jwt = readFileSync(join(first.home, "keys", "jwt"), "utf8").trim();
      expect(readFileSync(join(backup.folder, "manifest.json"), "utf8")).not.toContain(jwt);
      expect(existsSync(join(backup.folder, "keys"))).toBe(false);
      expect(
        (await first.json(z.array(Backup.partial()), ["backup", "list", "--in", join(folder, "backups")])).map(
          ({ name }) => name,
        ),
      ).toEqual([backup.name]);
      expect(await first.json(z.looseObject({ ok: z.boolean() }), ["backup", "verify", backup.folder])).toMatchObject({
        ok: true,
      });
      const damaged = join(folder, "damaged");
      cpSync(backup.folder, damaged, { recursive: true });
      writeFileSync(join(damaged, "postgres", "PG_VERSION"), "7\n");
      expect(
        await first.json(z.looseObject({ ok: z.boolean(), reason: z.string() }), ["backup", "verify", damaged], 1),
      ).toMatchObject({
        ok: false,
        reason: "The backup is not what its list says: postgres/PG_VERSION.",
      });
      rmSync(damaged, { recursive: true });
      // the slot that held the log is gone
      expect(await first.look("select slot_name from pg_replication_slots")).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    "goes on, and is killed",
    async () => {
      const { first } = places();
      await approve(first, waiting);
      later = await first.propose();
      expect((await first.allocations()).version).toBe("2");
      await pullThePlug(first);
    },
    LIMIT_MS,
  );

  it(
    "is restored elsewhere: not over a home in use, not with other keys",
    async () => {
      const { first, second } = places();
      const restore = (place: Place, file: string, more: string[] = []) =>
        place.run(["backup", "restore", backup.folder, "--keys", file, ...more]);
      expect((await restore(first, keys)).err).toContain("EG428");
      const wrong = join(folder, "wrong.json");
      writeFileSync(wrong, JSON.stringify({ backup: backup.name, keys: { jwt: "00" } }));
      expect((await restore(second, wrong)).err).toContain("EG431");
      expect(existsSync(join(second.home, "pg"))).toBe(false);
      expect(await restore(second, keys)).toMatchObject({ exit: 0 });
      expect(statSync(join(second.home, "keys", "jwt")).mode & 0o077).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    "halts while Temporal is ahead of Postgres, and goes on when the report is accepted",
    async () => {
      const { first, second } = places();
      replaceStore(second.home, storeOf(first.home));
      const said = await second.up();
      expect(said.join("\n")).toContain("Writes are halted");
      const { hash, report } = await second.json(Report, ["backup", "reconcile"], 3);
      expect(report.unknown.map((one) => one.workflow_id)).toContain(later.workflowId);
      expect(report.ahead.map((one) => one.workflow_id)).toEqual([waiting.workflowId]);
      const refused = await second.run(["rebalance", "--fund", "DRILL"]);
      expect({ exit: refused.exit, err: refused.err }).toMatchObject({
        exit: 5,
        err: expect.stringContaining("halted"),
      });
      // reading goes on: balances of the moment of the backup, and a chain that holds
      expect(await second.allocations()).toEqual(before);
      expect(await second.json(Chain, ["audit", "verify"])).toMatchObject({ ok: true });
      expect((await second.run(["backup", "reconcile", "--accept", "0".repeat(64)])).err).toContain("EG421");
      const words = ["backup", "reconcile", "--accept", hash];
      expect((await second.run([...words, "--as", PM_TWO])).exit).toBe(4);
      expect(await second.json(Resumed, words)).toMatchObject({ deleted: report.unknown.length + 1, queued: 1 });
      // the run that was lost is taken up again, and its proposal is the one that stood
      await approve(second, waiting);
      const after = await second.allocations();
      expect(after.version).toBe("2");
      expect(await second.json(Chain, ["audit", "verify"])).toMatchObject({ ok: true });
      const entries = await second.look<{ message: string; created_by: string }>(
        "select split_part(message, ':', 1) as message, split_part(created_by, ':', 1) as created_by from audit_trail where entity_id = 'writes_halted' order by seq",
      );
      expect(entries).toEqual([
        { message: "writes halted", created_by: "service" },
        { message: "writes resumed", created_by: "user" },
      ]);
      later = await second.propose();
    },
    LIMIT_MS,
  );

  it(
    "halts while Postgres is ahead of Temporal, and queues again what its store has lost",
    async () => {
      const { second } = places();
      await down(second.config);
      replaceStore(second.home, join(backup.folder, "temporal.db"));
      await second.up();
      const { hash, report } = await second.json(Report, ["backup", "reconcile"], 3);
      expect(report).toMatchObject({ unknown: [], ahead: [] });
      expect(report.missing.map((one) => one.workflow_id)).toEqual([later.workflowId]);
      expect(await second.json(Resumed, ["backup", "reconcile", "--accept", hash])).toMatchObject({
        deleted: 0,
        queued: 1,
      });
      await approve(second, later);
      expect((await second.allocations()).version).toBe("3");
      expect(await second.json(Chain, ["audit", "verify"])).toMatchObject({ ok: true });
    },
    LIMIT_MS,
  );
});
