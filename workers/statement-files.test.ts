// The files of a statement: the words of its row in each, drawn once, kept in the home and in the store, while others of the process are served.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findReport, openStore, reportFolder } from "@evergreen-fund/analytics";
import { SAMPLE_STATEMENT } from "@evergreen-fund/finance/statement/sample-statement.ts";
import { letterDocument, pdfOf, type ReportedStatement, statementDocument } from "@evergreen-fund/reports";
import { noS3Server, startS3Server } from "@evergreen-fund/testing/s3-server.ts";
import { afterAll, expect, it } from "vitest";
import { openStatementFiles } from "./statement-files.ts";

const homes: string[] = [];
async function freshHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "evergreen-statements-"));
  homes.push(home);
  return home;
}
afterAll(() => Promise.all(homes.map((home) => rm(home, { recursive: true, force: true }))));

const idOf = (n: number): string => `10000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const FUND = idOf(1);
/** The sample, with orders that the platform could have named. */
function statementOf(orders: number): ReportedStatement {
  const fills = Array.from({ length: orders }, (_, n) => ({
    ...SAMPLE_STATEMENT.fills[n % 2]!,
    orderId: idOf(100 + n),
  }));
  const body = { ...SAMPLE_STATEMENT, fills };
  return { statementId: idOf(2), version: 1, hash: "ab".repeat(32), createdAt: "2026-01-31T08:00:00.000Z", body };
}
const STATEMENT = statementOf(2);
const key = { runId: STATEMENT.statementId, fundId: FUND, day: STATEMENT.body.dealingDate };

it("says in each file what the page says, and draws none of them twice", async () => {
  const home = await freshHome();
  const door = openStatementFiles(home, null);
  const { hash, files } = await door.keep(FUND, STATEMENT);
  const folder = reportFolder(home, key);
  const names = [`letter-${idOf(100)}.pdf`, `letter-${idOf(101)}.pdf`, "manifest.json", "statement.pdf"];
  expect([files, (await readdir(folder)).sort()]).toEqual([3, names]);
  const drawn = async (name: string) => new Uint8Array(await readFile(join(folder, name)));
  expect(await drawn("statement.pdf")).toEqual(await pdfOf(statementDocument(STATEMENT)));
  expect(await drawn(names[0]!)).toEqual(await pdfOf(letterDocument(STATEMENT, idOf(100))!));
  // other words under the same id: what an investor was handed out does not change
  expect(await door.keep(FUND, { ...STATEMENT, hash: "cd".repeat(32) })).toEqual({ hash, files });
  await writeFile(join(folder, "statement.pdf"), "%PDF-changed");
  expect(await door.keep(FUND, STATEMENT)).toEqual({ hash, files });
  expect(await drawn("statement.pdf")).toEqual(await pdfOf(statementDocument(STATEMENT)));
});

it("leaves the process to others between the pages", async () => {
  let turns = 0;
  let isOver = false;
  const others = () => {
    turns += 1;
    if (!isOver) setImmediate(others);
  };
  setImmediate(others);
  const document = statementDocument(statementOf(40));
  await pdfOf(document);
  isOver = true;
  expect(document.blocks.length).toBeGreaterThan(100);
  expect(turns).toBeGreaterThan(document.blocks.length / 10);
});

const missing = await noS3Server();
it.skipIf(missing !== null)(
  `reaches the store also where only the home had it, and another machine (needs an S3 server; ${missing ?? "there is one"})`,
  async () => {
    const server = await startS3Server();
    const store = openStore({ ...server, environment: "test", region: "us-east-1" });
    try {
      const [home, elsewhere] = [await freshHome(), await freshHome()];
      const kept = await openStatementFiles(home, null).keep(FUND, STATEMENT);
      await expect(findReport(elsewhere, store, key)).rejects.toMatchObject({ code: "EG404" });
      // as after a death between the home and the store
      expect(await openStatementFiles(home, store).keep(FUND, STATEMENT)).toEqual(kept);
      expect(await findReport(elsewhere, store, key)).toMatchObject({ hash: kept.hash, from: "store" });
      expect(await openStatementFiles(await freshHome(), store).keep(FUND, statementOf(1))).toEqual(kept);
    } finally {
      store.close();
      await server.stop();
    }
  },
);
