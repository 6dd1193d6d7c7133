// Two hundred texts that want something, where people and files bring texts in: what happens is what happens with words of no meaning, or a refusal. And a few
// of them in every text of every function.
import { INJECTIONS, neutral } from "@evergreen-fund/testing/hostile/injections.ts";
import type pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { type Args, claimsOf, testDatabase } from "./arrange.ts";
import { RPC_CASES } from "./cases/index.ts";
import type { RpcCase } from "./cases/rpc-case.ts";
import { type Outcome, type Place, placeAt, places, tryOut } from "./hostile-places.ts";

const db = await testDatabase();
afterEach(() => db.look("delete from platform_settings where key = 'writes_halted'"));

/** In each text of each function; over all functions every injection is tried many times. */
const FEW = 2;

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const HASH = /\b(\\\\x)?[0-9a-f]{32,64}\b/g;
const TIME = /\d{4}-\d\d-\d\dT[0-9:.]+Z/g;
/** The answer without what differs between two calls of one kind: ids, hashes, times, and the text itself. */
const shape = (answer: unknown, text: string): string =>
  (JSON.stringify(answer) ?? "")
    .replaceAll(JSON.stringify(text).slice(1, -1), "TEXT")
    .replaceAll(JSON.stringify(JSON.stringify(text)).slice(3, -3), "TEXT")
    .replace(UUID, "ID")
    .replace(HASH, "HASH")
    .replace(TIME, "TIME")
    .replace(/"(tx|seq)":"?\d+"?/g, '"$1":0');

/** What the text did that words of no meaning did not. A text that is refused did nothing. */
async function difference(client: pg.PoolClient, fn: string, place: Place, text: string): Promise<string[]> {
  const plain = neutral(text.length);
  const [calm, hostile]: [Outcome, Outcome] = [
    await tryOut(client, fn, place.put(plain)),
    await tryOut(client, fn, place.put(text)),
  ];
  if (hostile.code !== "ok")
    return /^(EG(?!500)\d{3}|22...)$/.test(hostile.code) ? [] : [`${place.at}: ${hostile.code}`];
  const same =
    calm.code === "ok" &&
    JSON.stringify(calm.rows) === JSON.stringify(hostile.rows) &&
    shape(calm.answer, plain) === shape(hostile.answer, text);
  return same ? [] : [`${place.at}: ${calm.code} ${JSON.stringify(calm.rows)} and ${JSON.stringify(hostile.rows)}`];
}

async function asCaller<T>(rpc: RpcCase, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await db.app.connect();
  try {
    await client.query("begin");
    await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
      rpc.by.role,
      claimsOf(rpc.by),
    ]);
    return await work(client);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

it("there are two hundred different ones", () => expect(new Set(INJECTIONS).size).toBe(200));

/** Where texts of other people come in, with the least number of them that must get through as mere words. */
const ENTRIES: [what: string, fn: string, path: readonly string[], through: number][] = [
  ["the label of a mandate", "fn_set_mandate", ["label"], 20],
  ["the reason of a request", "fn_request_rebalance", ["reason"], 100],
  ["a name in a filing", "fn_import_fund", ["fund", "assets", "0", "name"], 100],
  ["a reference in a file of orders", "fn_import_orders", ["orders", "0", "reference"], 1],
  ["the remittance of a bank line", "fn_import_bank_statement", ["lines", "0", "remittance"], 100],
  ["the evidence of an applicant", "fn_submit_investor", ["evidence", "note"], 0],
  ["a note on a case", "fn_note_case", ["body"], 100],
  ["what an agent remembers of a document", "fn_remember", ["memory", "text"], 100],
];

describe.each(ENTRIES)("%s", (_what, fn, path, through) => {
  it("changes nothing with any of the two hundred", async () => {
    const rpc = RPC_CASES.find((one) => one.fn === fn);
    if (rpc === undefined) throw new Error(`${fn} has no case`);
    const good = await rpc.arrange(db);
    const args: Args = path[0] === "evidence" ? { ...good, evidence: { ...(good.evidence as object) } } : good;
    const place = placeAt(args, path);
    const found = await asCaller(rpc, async (client) => {
      const wrong: string[] = [];
      let ok = 0;
      for (const text of INJECTIONS) {
        wrong.push(...(await difference(client, fn, place, text)));
        if ((await tryOut(client, fn, place.put(text))).code === "ok") ok += 1;
      }
      return { wrong, ok };
    });
    expect(found.wrong).toEqual([]);
    expect(found.ok).toBeGreaterThanOrEqual(through);
  });
});

/** A seed is there to change which rows are drawn, whatever it says. */
const DRAWN_BY_TEXT = new Set(["fn_read_sample"]);

describe.each(RPC_CASES.map((rpc, turn) => [rpc.fn, rpc, turn] as const).filter(([fn]) => !DRAWN_BY_TEXT.has(fn)))(
  "%s",
  (fn, rpc, turn) => {
    it("does the same with a few of them in each of its texts", async () => {
      const found = places(await rpc.arrange(db));
      const wrong = await asCaller(rpc, async (client) => {
        const list: string[] = [];
        for (const [i, place] of found.entries())
          for (let n = 0; n < FEW; n++)
            list.push(
              ...(await difference(client, fn, place, INJECTIONS[(turn * 37 + i * FEW + n) % INJECTIONS.length] ?? "")),
            );
        return list;
      });
      expect(wrong).toEqual([]);
    });
  },
);
