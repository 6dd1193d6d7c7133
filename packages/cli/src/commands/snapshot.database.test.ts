// Snapshots by command line against a real database and a real store: created, listed, verified, damaged, restored.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase } from "@evergreen-fund/prisma/tests/arrange.ts";
import { newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { noS3Server, startS3Server } from "@evergreen-fund/testing/s3-server.ts";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ran } from "../test-run.ts";

const db = await testDatabase();
await newFund(db);
const home = mkdtempSync(join(tmpdir(), "evergreen-snapshot-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const HERE = { EVERGREEN_HOME: home, DATABASE_URL: db.database.urlFor("evergreen_app") };

const evergreen = (words: string[], environment: Record<string, string> = HERE) => ran(words, environment);
const json = async <T>(schema: z.ZodType<T>, words: string[], environment?: Record<string, string>): Promise<T> => {
  const { out } = await evergreen([...words, "--output-format", "json"], environment);
  return schema.parse(JSON.parse(out));
};

const Snapshot = z.object({
  name: z.string(),
  contentHash: z.string().regex(/^[0-9a-f]{64}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int(),
  takenAt: z.iso.datetime(),
  madeAt: z.iso.datetime(),
  position: z.strictObject({ source: z.string(), tx: z.string() }),
  model: z.string(),
  rows: z.string(),
  tables: z.record(z.string(), z.string()),
});
const missing = await noS3Server();
const Copy = z.strictObject({ day: z.string(), dailyWritten: z.boolean() });
const Created = Snapshot.extend({
  rebuilt: z.string().nullable(),
  read: z.record(z.string(), z.string()),
  check: z.enum(["full", "delta"]),
  durationMs: z.int(),
  copy: Copy.nullable(),
}).strict();
const Verdict = Snapshot.extend({ ok: z.boolean(), reason: z.string().optional() }).strict();

describe("snapshots", () => {
  it("are made, listed and verified", async () => {
    expect((await evergreen(["snapshot", "list"])).out).toBe("No snapshots yet; `snapshot create` makes one.\n");
    const first = await json(Created, ["snapshot", "create"]);
    expect(first).toMatchObject({ rebuilt: "nothing was read before", check: "full", copy: null });
    expect(first.tables).toMatchObject({ funds: "1", assets: "6", asset_snapshots: "6" });
    const told = await evergreen(["snapshot", "create", "--quick"]);
    expect(told).toMatchObject({ exit: 0, out: expect.stringMatching(/^Compared: the rows that changed$/m) });
    expect(told.err).toContain("publishing");
    const all = await json(z.array(Snapshot.strict()), ["snapshot", "list"]);
    expect(all.map(({ contentHash }) => contentHash)).toEqual([first.contentHash, first.contentHash]);
    expect(all[1]?.name).toBe(first.name);
    expect(await json(Verdict, ["snapshot", "verify", first.name])).toMatchObject({ ok: true, name: first.name });
    expect((await evergreen(["snapshot", "verify"])).exit).toBe(0);
  });

  it("that changed are found, are not restored, and the older one takes their place", async () => {
    const older = await json(Created, ["snapshot", "create"]);
    const bad = await json(Created, ["snapshot", "create"]);
    const file = join(home, "analytics", "snapshots", `${bad.name}.duckdb`);
    const bytes = readFileSync(file);
    bytes[4096] = (bytes[4096] ?? 0) ^ 1;
    chmodSync(file, 0o600);
    writeFileSync(file, bytes);
    const found = await evergreen(["snapshot", "verify", "--output-format", "json"]);
    expect(found.exit).toBe(1);
    expect(JSON.parse(found.out)).toMatchObject({
      ok: false,
      reason: expect.stringContaining("its bytes have changed"),
    });
    expect(await evergreen(["snapshot", "restore", bad.name])).toMatchObject({ exit: 1, out: "" });
    expect(await json(Snapshot.strict(), ["snapshot", "restore", older.name])).toMatchObject({ name: older.name });
    expect(await json(Verdict, ["snapshot", "verify"])).toMatchObject({ ok: true, name: older.name });
  });

  it.skipIf(missing !== null)(
    `are copied to a store and come back (needs an S3 server; ${missing ?? "there is one"})`,
    async () => {
      const server = await startS3Server();
      const environment = {
        ...HERE,
        SNAPSHOT_BUCKET: server.bucket,
        SNAPSHOT_ENVIRONMENT: "test",
        SNAPSHOT_ENDPOINT: server.endpoint,
        SNAPSHOT_ACCESS_KEY_ID: server.credentials.accessKeyId,
        SNAPSHOT_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      };
      const elsewhere = { ...environment, EVERGREEN_HOME: mkdtempSync(join(tmpdir(), "evergreen-snapshot-")) };
      try {
        const made = await json(Created, ["snapshot", "create"], environment);
        const day = made.takenAt.slice(0, 10);
        expect(made.copy).toEqual({ day, dailyWritten: true });
        const next = await json(Created, ["snapshot", "create", "--quick"], environment);
        expect(next.copy?.dailyWritten).toBe(next.takenAt.slice(0, 10) !== day);
        expect(await json(z.array(z.string()), ["snapshot", "list", "--stored"], environment)).toContain(day);
        expect(await json(Snapshot.strict(), ["snapshot", "restore", "--stored"], elsewhere)).toMatchObject({
          sha256: next.sha256,
        });
        expect(await json(Snapshot.strict(), ["snapshot", "restore", "--day", day], elsewhere)).toMatchObject({
          sha256: made.sha256,
        });
        expect(await json(Verdict, ["snapshot", "verify"], elsewhere)).toMatchObject({ ok: true, sha256: made.sha256 });
        expect(await evergreen(["snapshot", "restore", "--day", "2001-01-01"], elsewhere)).toMatchObject({ exit: 2 });
      } finally {
        rmSync(elsewhere.EVERGREEN_HOME, { recursive: true, force: true });
        await server.stop();
      }
    },
    16 * 60_000,
  );

  it("say who does not answer", async () => {
    const away = { ...HERE, DATABASE_URL: "postgresql://evergreen_app:x@127.0.0.1:9/none" };
    expect(await evergreen(["snapshot", "create"], away)).toMatchObject({ exit: 5, out: "" });
    const nowhere = { EVERGREEN_HOME: join(home, "nowhere") };
    expect(await evergreen(["snapshot", "create"], nowhere)).toMatchObject({
      exit: 5,
      err: expect.stringContaining("No stack has run in"),
    });
  });
});
