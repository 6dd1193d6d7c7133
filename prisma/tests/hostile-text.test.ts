// Every text that every function takes, by itself or anywhere in its JSON, with texts that would do harm elsewhere: refused with a code, or kept as text.
import { HOSTILE_TEXTS, tenMegabytes } from "@evergreen-fund/testing/hostile/values.ts";
import { afterEach, describe, expect, it } from "vitest";
import { claimsOf, testDatabase } from "./arrange.ts";
import { RPC_CASES } from "./cases/index.ts";
import { placeAt, places, tryOut } from "./hostile-places.ts";

const db = await testDatabase();
afterEach(() => db.look("delete from platform_settings where key = 'writes_halted'"));

/** Kinds that no function keeps: they would steer a terminal, a page or a reader's eye. Half of a pair of surrogates is U+FFFD before it gets here. */
const STEERING = /^(NUL|terminal: (?!carriage)|mixed direction|Unicode tags)/;
/** Functions that keep what a file or a published list says as it came, shown without harm; and those whose text is no input of a request. */
const KEEPS: Record<string, string> = {
  fn_import_orders: "lines of files as they came",
  fn_import_bank_statement: "lines of files as they came",
  fn_publish_watchlist: "names of a list as it was published",
  fn_claim_events: "the name of a dispatcher, kept while it holds events",
  fn_claim_batch: "the name of a dispatcher, kept while it holds events",
  fn_fail_event: "a reason by the dispatcher",
  fn_fail_batch: "a reason by the dispatcher",
  fn_preview_restatement: "computes and keeps nothing",
  fn_load_demo: "synthetic rows that the platform itself makes; demo databases only",
  fn_record_spans: "spans by the tracing door, whose names and attributes are allow-lists",
};
/** Twice what a text may have. */
const TOO_LONG = "A".repeat(2 * 1024 * 1024);
const KINDS = [
  "formula",
  "script",
  "markdown that breaks its table",
  "NUL",
  "lone surrogate",
  "terminal: clears the screen",
];
const MORE = [
  "terminal: eight-bit escape",
  "terminal: backspaces",
  "mixed direction",
  "mixed direction, isolates",
  "Unicode tags",
];
const tried = HOSTILE_TEXTS.filter(({ kind }) => [...KINDS, ...MORE].includes(kind));

/** Plain SQL that compares the text with ids and finds none. */
const LOOKS_UP = new Set([
  "fn_read_trail",
  "fn_find_places",
  "fn_read_cases",
  "fn_read_case",
  "fn_read_calendar",
  "fn_read_timeline",
  "fn_read_sample",
  "fn_read_import",
  "fn_read_tests_due",
]);

describe.each(RPC_CASES.map((rpc) => [rpc.fn, rpc] as const))("%s", (fn, rpc) => {
  it("refuses with a code, or keeps a text as a text", async () => {
    const found = places(await rpc.arrange(db));
    const unforeseen: string[] = [];
    const kept: string[] = [];
    const client = await db.app.connect();
    try {
      await client.query("begin");
      await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
        rpc.by.role,
        claimsOf(rpc.by),
      ]);
      for (const { at, put } of found)
        for (const { kind, text } of tried) {
          const { code } = await tryOut(client, fn, put(text));
          if (!/^(ok|EG(?!500)\d{3}|22...)$/.test(code)) unforeseen.push(`${at}, ${kind}: ${code}`);
          if (code === "ok" && STEERING.test(kind) && !LOOKS_UP.has(fn)) kept.push(`${at}, ${kind}`);
        }
      const [first] = found;
      if (first !== undefined && !LOOKS_UP.has(fn)) {
        const { code } = await tryOut(client, fn, first.put(TOO_LONG));
        if (!/^(EG(?!500)\d{3}|22...)$/.test(code)) unforeseen.push(`${first.at}, two megabytes: ${code}`);
      }
    } finally {
      await client.query("rollback");
      client.release();
    }
    expect(unforeseen).toEqual([]);
    if (KEEPS[fn] === undefined) expect(kept).toEqual([]);
  });
});

it("a text of ten megabytes is refused wherever it hides", async () => {
  const large = tenMegabytes();
  const hidden = [
    ["fn_import_fund", "fund", "name"],
    ["fn_import_fund", "fund", "assets", "0", "name"],
    ["fn_remember", "memory", "supabase_refs", "0", "id"],
    ["fn_log_compliance", "detail", "note"],
    ["fn_log_compliance", "rule_version"],
  ] as const;
  for (const [fn, ...path] of hidden) {
    const rpc = RPC_CASES.find((one) => one.fn === fn);
    if (rpc === undefined) throw new Error(fn);
    const args = placeAt(await rpc.arrange(db), path).put(large);
    await expect(db.call(rpc.by, fn, args), path.join(".")).rejects.toMatchObject({ code: "EG413" });
  }
});

it.each([
  ["a backslash that was meant", "C:\\users\\u001bold \\b \\f", true],
  ["line ends, tabs, accents and scripts", "Ünïcode\n\tعربي עברית 漢字 \u200e e\u0301", true],
  ["an escape behind a backslash", "\\\u001b[2J", false],
  ["an override", "\u202e", false],
  ["a form feed", "a\fb", false],
  ["a tag nobody sees", "\u{e0041}", false],
])("%s: %s", async (_what, text, harmless) => {
  const asked = db.look("select evergreen.harmless_text('fn_test', $1) as ok", [JSON.stringify({ a: [text] })]);
  if (harmless) expect(await asked).toEqual([{ ok: true }]);
  else await expect(asked).rejects.toMatchObject({ code: "EG400" });
});
