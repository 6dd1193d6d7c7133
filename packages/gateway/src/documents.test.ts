// The files of a statement as they are handed out: to whoever may read the row, as they were kept; a run is asked for what is not there or was changed.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepReport, reportFolder } from "@evergreen-fund/analytics";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { SAMPLE_STATEMENT } from "@evergreen-fund/finance/statement/sample-statement.ts";
import { Hono } from "hono";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openDocuments, sha256 } from "./documents.ts";
import { mountFiles } from "./file-routes.ts";

const STATEMENT = "10000000-0000-4000-8000-000000000001";
const FUND = "10000000-0000-4000-8000-000000000002";
const [ONE, TWO] = ["10000000-0000-4000-8000-000000000003", "10000000-0000-4000-8000-000000000004"];
const key = { runId: STATEMENT, fundId: FUND, day: SAMPLE_STATEMENT.dealingDate };
const row = {
  statement_id: STATEMENT,
  body: {
    ...SAMPLE_STATEMENT,
    shareClass: { ...SAMPLE_STATEMENT.shareClass, id: "10000000-0000-4000-8000-000000000005" },
    fills: SAMPLE_STATEMENT.fills.map((fill, i) => ({ ...fill, orderId: i === 0 ? ONE : TWO })),
  },
};
const bytes = (text: string) => new TextEncoder().encode(text);

let home: string;
/** What the API shows of the table, and what was asked of it. */
let visible: object[];
let asked: { fn: string; args: { statement_id: string; request_id: string } }[];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "evergreen-documents-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));
beforeEach(() => {
  visible = [row];
  asked = [];
});

const app = new Hono();
app.onError((error, context) => context.json({ code: error instanceof EvergreenError ? error.code : "EG500" }, 400));

async function get(path: string): Promise<{ status: number; code: unknown; text: string; hash: string | null }> {
  const headers = { authorization: "Bearer token" };
  const answer = await app.request(`/documents/statements/${path}`, { headers });
  const text = await answer.text();
  const code = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text).code : undefined;
  return { status: answer.status, code, text, hash: answer.headers.get("x-content-sha256") };
}

beforeAll(() =>
  mountFiles(app, {
    documents: openDocuments({
      home,
      openStore: async () => ({ store: null, close: () => {} }),
      exportSubject: async () => new Uint8Array(),
    }),
    evidence: undefined,
    roleOf: async () => "lp_role",
    asApi: async (_context, path, init) => {
      if (path.startsWith("/rest/v1/rpc/")) {
        asked.push({ fn: path.slice("/rest/v1/rpc/".length), args: JSON.parse(String(init?.body)) });
        return Response.json({ event_id: STATEMENT, workflow_id: `event/${STATEMENT}` });
      }
      return Response.json(path.startsWith("/rest/v1/statements?") ? visible : [{ fund_id: FUND }]);
    },
    refuse: (context, status, code) => context.json({ code }, status),
  }),
);

it("asks a run for what nobody has asked for yet, and says that it is being made", async () => {
  for (const path of [`${STATEMENT}/statement.pdf`, `${STATEMENT}/letters/${ONE}.pdf`]) {
    const answer = await get(path);
    expect([answer.status, JSON.parse(answer.text).state, answer.hash]).toEqual([202, "making", null]);
  }
  // one request, however often somebody looks
  expect(asked.map(({ fn, args }) => [fn, args.statement_id])).toEqual(
    Array(2).fill(["fn_request_documents", STATEMENT]),
  );
  expect(asked[0]!.args.request_id).toMatch(new RegExp(`^documents/${STATEMENT}/\\d+$`));
});

it("asks for nothing where the row is not shown, or tells of no such order", async () => {
  expect(await get(`${STATEMENT}/letters/${FUND}.pdf`)).toMatchObject({ status: 400, code: "EG404" });
  expect(await get(`../../x/statement.pdf`)).toMatchObject({ status: 404 });
  visible = [];
  expect(await get(`${STATEMENT}/statement.pdf`)).toMatchObject({ status: 400, code: "EG404" });
  expect(await get(`${STATEMENT}/letters/${ONE}.pdf`)).toMatchObject({ status: 400, code: "EG404" });
  expect(asked).toEqual([]);
});

it("hands out what was kept, byte by byte and with its hash, until the row is not shown any more", async () => {
  await keepReport(home, null, key, [
    { name: "statement.pdf", content: bytes("%PDF-statement") },
    { name: `letter-${ONE}.pdf`, content: bytes("%PDF-letter") },
  ]);
  const [statement, letter] = [await get(`${STATEMENT}/statement.pdf`), await get(`${STATEMENT}/letters/${ONE}.pdf`)];
  expect([statement.text, statement.hash]).toEqual(["%PDF-statement", sha256(bytes("%PDF-statement"))]);
  expect([letter.text, letter.hash]).toEqual(["%PDF-letter", sha256(bytes("%PDF-letter"))]);
  // a letter beyond those that are kept
  expect(await get(`${STATEMENT}/letters/${TWO}.pdf`)).toMatchObject({ code: "EG413" });
  expect(asked).toEqual([]);
  visible = [];
  expect(await get(`${STATEMENT}/statement.pdf`)).toMatchObject({ code: "EG404" });
});

it("hands out nothing that is not what was kept: a run is asked again", async () => {
  await writeFile(join(reportFolder(home, key), "statement.pdf"), "%PDF-changed");
  const answer = await get(`${STATEMENT}/statement.pdf`);
  expect([answer.status, answer.text.includes("changed")]).toEqual([202, false]);
  expect(asked).toHaveLength(1);
});
