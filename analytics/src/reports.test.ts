// Reports as files: written once, compared when they are read, and found by another machine through a real S3-compatible store.
import { createHash } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noS3Server, type S3Server, startS3Server } from "@evergreen-fund/testing/s3-server.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findReport, keepReport, openStore, reportFolder, type Store } from "./index.ts";

const folders: string[] = [];
const freshHome = async (): Promise<string> => {
  const home = await mkdtemp(join(tmpdir(), "evergreen-reports-"));
  folders.push(home);
  return home;
};
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FILES = [
  { name: "morning.pdf", content: bytes("%PDF- synthetic") },
  { name: "morning.md", content: bytes("# synthetic\n") },
];
const key = (): { runId: string; fundId: string; day: string } => ({
  runId: crypto.randomUUID(),
  fundId: crypto.randomUUID(),
  day: "2026-11-20",
});
/** What `sha256sum morning.md morning.pdf | sha256sum` says. */
const sum = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");
const HASH = sum(`${sum("# synthetic\n")}  morning.md\n${sum("%PDF- synthetic")}  morning.pdf\n`);

describe("in a home", () => {
  it("is written once: whoever writes it again with other words finds the first", async () => {
    const [home, of] = [await freshHome(), key()];
    expect((await keepReport(home, null, of, FILES)).hash).toBe(HASH);
    const other = FILES.map(({ name }) => ({ name, content: bytes("other") }));
    expect((await keepReport(home, null, of, other)).hash).toBe(HASH);
    const found = await findReport(home, null, of);
    expect(found).toMatchObject({ hash: HASH, from: "home", folder: reportFolder(home, of) });
    expect(await readFile(join(found.folder, "morning.md"), "utf8")).toBe("# synthetic\n");
    expect(await readdir(join(home, "reports", of.day))).toEqual([of.runId]);
  });

  it("is written by two at once, whole", async () => {
    const [home, of] = [await freshHome(), key()];
    await Promise.all([1, 2, 3].map(() => keepReport(home, null, of, FILES)));
    expect(await findReport(home, null, of)).toMatchObject({ hash: HASH });
  });

  it("that was damaged is refused, and written again", async () => {
    const [home, of] = [await freshHome(), key()];
    const folder = reportFolder(home, of);
    for (const damage of [
      () => writeFile(join(folder, "morning.md"), "# other\n"),
      () => rm(join(folder, "morning.pdf")),
      () => writeFile(join(folder, "manifest.json"), "{}"),
      async () =>
        writeFile(
          join(folder, "manifest.json"),
          (await readFile(join(folder, "manifest.json"), "utf8")).replace('"morning.md"', '"../morning.md"'),
        ),
    ]) {
      await keepReport(home, null, of, FILES);
      await findReport(home, null, of);
      await damage();
      await expect(findReport(home, null, of)).rejects.toMatchObject({ code: "EG431" });
    }
    expect((await keepReport(home, null, of, FILES)).hash).toBe(HASH);
  });

  it("is not there, or has names that lead elsewhere", async () => {
    const [home, of] = [await freshHome(), key()];
    await expect(findReport(home, null, of)).rejects.toMatchObject({ code: "EG404" });
    for (const name of ["../a.md", "a/b.md", ".md", "a.exe", "A.md/../b.pdf"])
      await expect(keepReport(home, null, of, [{ name, content: bytes("x") }])).rejects.toMatchObject({
        code: "EG400",
      });
    expect(await readdir(home)).toEqual([]);
  });
});

const missing = await noS3Server();
describe.skipIf(missing !== null)(
  `beside the copy of the day (needs an S3 server; ${missing ?? "there is one"})`,
  () => {
    let server: S3Server;
    let store: Store;
    beforeAll(async () => {
      server = await startS3Server();
      store = openStore({ ...server, environment: "test", region: "us-east-1" });
    }, 16 * 60_000);
    afterAll(async () => {
      store?.close();
      await server?.stop();
    });

    it("is found by another machine with the same bytes, and refused when they are not", async () => {
      const of = key();
      await keepReport(await freshHome(), store, of, FILES);
      const elsewhere = await freshHome();
      expect(await findReport(elsewhere, store, of)).toMatchObject({ hash: HASH, from: "store" });
      expect(await findReport(elsewhere, null, of)).toMatchObject({ hash: HASH, from: "home" });
      const stored = join(server.folder, "test/daily", of.day, "reports", of.runId, "morning.md");
      await chmod(stored, 0o600);
      await writeFile(stored, "# otherwise\n");
      await expect(findReport(await freshHome(), store, of)).rejects.toMatchObject({ code: "EG431" });
      await expect(findReport(await freshHome(), store, key())).rejects.toMatchObject({ code: "EG404" });
      // a report is no copy of a day
      expect(await store.days()).toEqual([]);
    });
  },
);
