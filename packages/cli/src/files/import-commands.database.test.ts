// `import …`, `export payments` and `accounts …` against a real database through the API that people have: files on disk in, payment files on disk out.
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGateway } from "@evergreen-fund/gateway/gateway.ts";
import { openSupabaseApi } from "@evergreen-fund/gateway/supabase-api.ts";
import {
  camt,
  camtDetails,
  camtEntry,
  FUND_IBAN,
  inline,
  number,
  PAYER_IBAN,
  setr,
  setrOrder,
  workbook,
} from "@evergreen-fund/interchange/test-files.ts";
import { serve } from "@hono/node-server";
import { afterAll, describe, expect, it } from "vitest";
import { AUDIT, OPS, PM_ONE } from "../../../../prisma/tests/arrange.ts";
import { DEALING_DATE, dayAt, dealingDatabase, dealingFund } from "../../../../prisma/tests/dealing-day.ts";
import { codeOf, OPS_TWO } from "../../../../prisma/tests/import-files.ts";
import { newInvestor } from "../../../../prisma/tests/synthetic-fund.ts";
import { ran } from "../test-run.ts";

const KEY = "sb_publishable_test";
const PASSWORD = "synthetic-password";
const PEOPLE = {
  "ops@test.example": OPS,
  "ops2@test.example": OPS_TWO,
  "pm@test.example": PM_ONE,
  "audit@test.example": AUDIT,
};
type Person = keyof typeof PEOPLE;

const db = await dealingDatabase();
const bcrypt = createRequire(import.meta.resolve("@supabase/lite"))("bcryptjs") as {
  hashSync(text: string, rounds: number): string;
};
for (const [email, actor] of Object.entries(PEOPLE))
  await db.look(
    "insert into auth.users (id, email, encrypted_password, role, email_confirmed_at) values ($1, $2, $3, $4, now())",
    ["userId" in actor ? actor.userId : null, email, bcrypt.hashSync(PASSWORD, 4), actor.role],
  );
const jwtSecret = randomBytes(48).toString("hex");
const api = await openSupabaseApi({ databaseUrl: db.database.urlFor("evergreen_api"), jwtSecret, publishableKey: KEY });
const gateway = createGateway({
  api,
  project: null,
  demoLogins: [],
  jwtSecret,
  publishableKey: KEY,
  supabaseUrl: "http://127.0.0.1",
  publicUrl: "http://127.0.0.1",
  elsewhere: [],
  temporalUiUrl: "http://127.0.0.1",
  codec: { encode: async (payloads) => payloads, decode: async (payloads) => payloads },
  temporalAnswers: async () => true,
  withContent: null,
  dashboard: null,
  openapi: null,
});
const server = serve({ fetch: gateway.fetch, port: 0, hostname: "127.0.0.1" });
await new Promise<void>((resolve) => server.once("listening", () => resolve()));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await api.close();
});

const folder = mkdtempSync(join(tmpdir(), "evergreen-files-"));
let files = 0;
function written(content: string | Uint8Array, name = "csv"): string {
  files += 1;
  const path = join(folder, `synthetic-${files}.${name}`);
  writeFileSync(path, content);
  return path;
}

const evergreen = (as: Person, ...argv: string[]) =>
  ran([...argv, "--as", as], { SUPABASE_URL: url, SUPABASE_PUBLISHABLE_KEY: KEY, EVERGREEN_PASSWORD: PASSWORD });
const json = async (as: Person, ...argv: string[]) => {
  const answer = await evergreen(as, ...argv, "--output-format", "json");
  return { exit: answer.exit, err: answer.err, ...JSON.parse(answer.out === "" ? "{}" : answer.out) };
};
const list = async (as: Person, ...argv: string[]) =>
  JSON.parse((await evergreen(as, ...argv, "--output-format", "json")).out);

async function arranged() {
  const on = await dealingFund(db);
  const other = await newInvestor(db, null);
  return { on, fund: on.fund.code, holder: await codeOf(db, on.holder), other: await codeOf(db, other) };
}
const flows = (fundId: string) =>
  db.look<{ direction: string; amount: string | null; units: string | null; status: string }>(
    "select direction, amount::text, requested_units::text as units, status from fund_flows where fund_id = $1 order by requested_units nulls first",
    [fundId],
  );

describe("import orders", () => {
  it("tries a CSV with Windows line ends without a trace, takes it in, and knows it again", async () => {
    const { on, fund, holder, other } = await arranged();
    const path = written(
      `\ufeffReference;Investor;Class;Side;Amount;Units\r\nS-1;${other};A;Zeichnung;10.800,00;\r\nR-1;${holder};A;Rücknahme;;200,0000\r\n`,
    );
    const before = await db.fingerprint(["commands"]);
    const tried = await json("ops@test.example", "import", "orders", path, "--fund", fund, "--dry-run");
    expect(tried).toMatchObject({
      exit: 0,
      status: "dry_run",
      importId: null,
      rows: 2,
      accepted: 2,
      refused: 0,
      findings: [],
    });
    expect(tried.columns).toContainEqual({ column: "Side", field: "direction" });
    const done = await json("ops@test.example", "import", "orders", path, "--fund", fund);
    expect(done).toMatchObject({ exit: 0, status: "imported", accepted: 2, file: { format: "csv" } });
    expect(await flows(on.fund.fundId)).toEqual([
      { direction: "subscription", amount: "10800.0000", units: null, status: "submitted" },
      { direction: "redemption", amount: null, units: "200.000000000000000000", status: "submitted" },
    ]);
    expect(before.fund_flows).toBeDefined();
    const again = await json("ops@test.example", "import", "orders", path, "--fund", fund);
    expect(again).toMatchObject({ exit: 0, status: "unchanged", repeated: true, importId: done.importId });
    expect(await flows(on.fund.fundId)).toHaveLength(2);
    const text = await evergreen("ops@test.example", "import", "orders", path, "--fund", fund);
    expect(text.out).toContain("nothing was changed");
  });

  it("lists what is wrong by line, column and reason, changes nothing, and ends with 3", async () => {
    const { on, fund, holder, other } = await arranged();
    const path = written(
      `reference,investor,class,side,amount,units\nS-1,${other},A,buy,10800.00,\nS-2,${other},A,buy,1E+06,\nS-3,LP-NOBODY,A,buy,5000.00,\nR-1,${holder},A,sell,,2000\n`,
    );
    const refused = await json("ops@test.example", "import", "orders", path, "--fund", fund);
    expect(refused).toMatchObject({ exit: 3, status: "refused", importId: null, accepted: 1, refused: 3 });
    expect(refused.findings).toEqual([
      { line: 3, row: 2, outcome: "refused", column: "amount", code: "EG400", reason: '"1E+06" is not a number.' },
      { line: 4, row: 3, outcome: "refused", column: null, code: "EG404", reason: "No investor with that code." },
      {
        line: 5,
        row: 4,
        outcome: "refused",
        column: null,
        code: "EG430",
        reason: "The orders would exceed the holding.",
      },
    ]);
    expect(await flows(on.fund.fundId)).toEqual([]);
    const text = await evergreen("ops@test.example", "import", "orders", path, "--fund", fund, "--dry-run");
    expect({ exit: text.exit, err: text.err }).toEqual({ exit: 3, err: "" });
    expect(text.out).toMatch(/Line\s+Row\s+What\s+Column\s+Code\s+Reason/);
    const part = await json("ops@test.example", "import", "orders", path, "--fund", fund, "--partial");
    expect(part).toMatchObject({ exit: 0, status: "imported", accepted: 1, refused: 3 });
    expect(await flows(on.fund.fundId)).toHaveLength(1);
  });

  it("takes a workbook by a mapping file, and a setr message, and undoes them", async () => {
    const { on, fund, other } = await arranged();
    const rows = [
      [inline("Kunde"), inline("Was"), inline("Betrag"), inline("Nr")].join(""),
      [inline("4711"), inline("K"), number("5000.25"), inline("X-1")].join(""),
    ];
    const map = written(
      `columns: { investor: Kunde, direction: Was, amount: Betrag, reference: Nr }\nconstants: { share_class: A }\nvalues: { investor: { "4711": ${other} }, direction: { K: subscription } }\n`,
      "yaml",
    );
    const sheet = await json(
      "ops@test.example",
      "import",
      "orders",
      written(workbook(rows), "xlsx"),
      "--fund",
      fund,
      "--map",
      map,
    );
    expect(sheet).toMatchObject({ exit: 0, status: "imported", accepted: 1, file: { format: "xlsx" } });
    const message = setr(
      "010",
      setrOrder(
        "X-2",
        '<AmtOrUnits><GrssAmt Ccy="USD">6000.50</GrssAmt></AmtOrUnits>',
        "<Id><OthrPrtryId><Id>A</Id></OthrPrtryId></Id>",
      ),
    ).replace("LP-SYN1", other);
    const taken = await json("ops@test.example", "import", "orders", written(message, "xml"), "--fund", fund);
    expect(taken).toMatchObject({ exit: 0, accepted: 1, file: { format: "setr.010.001.04" } });
    expect((await flows(on.fund.fundId)).map((flow) => flow.amount).sort()).toEqual(["5000.2500", "6000.5000"]);
    const known = await list("ops@test.example", "import", "list", "--fund", fund);
    expect(known.map((one: { importId: string }) => one.importId)).toEqual([taken.importId, sheet.importId]);
    expect(await json("ops@test.example", "import", "undo", sheet.importId, "--reason", "wrong")).toMatchObject({
      exit: 0,
      status: "undone",
      undone: 1,
      kept: [],
    });
    const twice = await evergreen("ops@test.example", "import", "undo", sheet.importId, "--reason", "wrong");
    expect(twice).toMatchObject({
      exit: 3,
      out: "",
      err: expect.stringContaining("The import was undone already. (EG428)"),
    });
    const shown = await json("audit@test.example", "import", "show", sheet.importId);
    expect(shown).toMatchObject({
      status: "undone",
      undoReason: "wrong",
      list: [{ row: 1, line: 2, outcome: "undone", reference: "X-1" }],
    });
  });

  it("is for operations: others end with 4; a fund that is not there ends with 2", async () => {
    const { fund, other } = await arranged();
    const path = written(`investor,side,amount\n${other},buy,5000\n`);
    expect((await evergreen("pm@test.example", "import", "orders", path, "--fund", fund)).exit).toBe(4);
    expect((await evergreen("ops@test.example", "import", "orders", path, "--fund", "NOWHERE")).exit).toBe(2);
    expect((await evergreen("ops@test.example", "import", "show", "abc")).exit).toBe(2);
  });
});

describe("accounts of investors", () => {
  it("that were recorded in clear are encrypted once, open at their place alone, and every reading is recorded", async () => {
    const day = await dayAt(db, "claimable");
    const fund = day.fund.code;
    const numbers = ["NO9386011117947", "GB82WEST12345698765432"];
    await db.look(
      "insert into bank_accounts (fund_id, investor_id, account, holder, currency, proposed_by) select $1, $2, n, 'Somebody (synthetic)', 'USD', 'test' from unnest($3::text[]) n",
      [day.fund.fundId, day.holder, numbers],
    );
    expect(await json("ops@test.example", "accounts", "seal")).toMatchObject({ exit: 0, sealed: 2 });
    expect(await json("ops@test.example", "accounts", "seal")).toMatchObject({ exit: 0, sealed: 0 });
    const kept = await db.look<{ account_id: string; account: string | null; sealed: string }>(
      "select account_id, account, holder, sealed from bank_accounts where fund_id = $1 order by account_id",
      [day.fund.fundId],
    );
    expect(JSON.stringify(kept)).not.toMatch(/NO93|GB82|Somebody/);
    const known = await list("pm@test.example", "accounts", "list", "--fund", fund);
    expect(known.map((one: { account: string }) => one.account).sort()).toEqual([...numbers].sort());
    const read = await db.look("select purpose from personal_accesses where purpose = 'accounts'");
    expect(read.length).toBeGreaterThan(0);
    // a ciphertext in the place of another does not open
    await db.look("update bank_accounts set sealed = $2 where account_id = $1", [kept[0]?.account_id, kept[1]?.sealed]);
    const moved = await evergreen("ops@test.example", "accounts", "list", "--fund", fund);
    expect(moved.err).toContain("EG431");
  });
});

describe("from the statement to the payment and back", () => {
  it("money in, accounts approved by a second person, redemptions paid once, debits matched", async () => {
    const day = await dayAt(db, "claimable");
    const fund = day.fund.code;
    const accounts = written(
      `Investor,Account,Holder,Currency,BIC\n,${FUND_IBAN},Synthetic Fund,USD,BILLLULL\n${await codeOf(db, day.holder)},${PAYER_IBAN},Somebody (synthetic),USD,\n`,
    );
    expect(await json("ops@test.example", "import", "accounts", accounts, "--fund", fund)).toMatchObject({
      exit: 0,
      proposed: 2,
      known: 0,
    });
    const nobody = await evergreen("ops@test.example", "export", "payments", "--fund", fund, "--date", DEALING_DATE);
    expect(nobody).toMatchObject({ exit: 3, out: "", err: expect.stringContaining("no approved account of its own") });
    expect(await json("pm@test.example", "accounts", "approve", "--fund", fund)).toMatchObject({
      exit: 0,
      accounts: 2,
      decision: "approved",
    });
    // what the database keeps of the investor's account is a ciphertext; people see it through the door, and every reading is recorded
    const kept = await db.look(
      "select to_jsonb(b) from bank_accounts b union all select to_jsonb(c) from commands c union all select to_jsonb(r) from import_rows r",
    );
    expect(JSON.stringify(kept)).not.toMatch(new RegExp(`${PAYER_IBAN}|Somebody`));
    const known = await list("ops@test.example", "accounts", "list", "--fund", fund);
    expect(known.map((one: { status: string }) => one.status)).toEqual(["active", "active"]);

    const out = join(folder, "payments.xml");
    const paid = await json(
      "ops@test.example",
      "export",
      "payments",
      "--fund",
      fund,
      "--date",
      DEALING_DATE,
      "--out",
      out,
    );
    expect(paid).toMatchObject({
      exit: 0,
      transactions: 1,
      controlSum: "5400.00",
      repeated: false,
      missing: [],
      file: out,
    });
    const xml = readFileSync(out, "utf8");
    expect(xml).toMatch(/<NbOfTxs>1<\/NbOfTxs>\n<CtrlSum>5400.00<\/CtrlSum>/);
    expect(statSync(out).mode & 0o077).toBe(0);
    // again: the same bytes, on the screen; never over a file that is there
    const again = await evergreen("ops@test.example", "export", "payments", "--fund", fund, "--date", DEALING_DATE);
    expect(again).toMatchObject({ exit: 0, err: expect.stringContaining("exported before") });
    expect(again.out.trim()).toBe(xml.trim());
    expect(
      (await evergreen("ops@test.example", "export", "payments", "--fund", fund, "--date", DEALING_DATE, "--out", out))
        .exit,
    ).toBe(2);
    expect(existsSync(out)).toBe(true);

    const endToEnd = /<EndToEndId>([0-9a-f]{32})<\/EndToEndId>/.exec(xml)?.[1] ?? "";
    const usd = (text: string) => text.replaceAll('Ccy="EUR"', 'Ccy="USD"').replaceAll("<Ccy>EUR", "<Ccy>USD");
    const statement = usd(
      camt(
        "08",
        [
          camtEntry("08", { amount: "5400.00", side: "DBIT", details: camtDetails("08", { side: "DBIT", endToEnd }) }),
          camtEntry("08", { amount: "12.34", details: camtDetails("08", { text: "who knows" }) }),
        ].join("\n"),
      ),
    );
    const path = written(statement, "xml");
    const matched = await json("ops@test.example", "import", "bank", path, "--fund", fund);
    expect(matched).toMatchObject({
      exit: 0,
      status: "imported",
      matched: 1,
      unmatched: 1,
      refused: 0,
      file: { format: "camt.053.001.08" },
    });
    expect(matched.findings).toEqual([expect.objectContaining({ row: 2, outcome: "unmatched" })]);
    expect(await json("ops@test.example", "import", "bank", path, "--fund", fund)).toMatchObject({
      repeated: true,
      status: "unchanged",
    });
    const shown = await json("ops@test.example", "import", "show", matched.importId, "--outcome", "unmatched");
    expect(shown.list).toEqual([
      expect.objectContaining({ row: 2, reason: expect.stringMatching(/No open order is named|account/) }),
    ]);

    // the subscription's money comes later, with a reference nobody can read: matched by hand
    const later = usd(
      camt(
        "02",
        camtEntry("02", {
          amount: "10800.00",
          details: camtDetails("02", { text: "subscr.", iban: "GB82WEST12345698765432" }),
        }),
      ),
    );
    const second = await json("ops@test.example", "import", "bank", written(later, "xml"), "--fund", fund);
    expect(second).toMatchObject({ matched: 0, unmatched: 1 });
    expect(await json("ops@test.example", "import", "match", second.importId)).toMatchObject({
      exit: 0,
      matched: 0,
      unmatched: 1,
    });
    expect(
      await json("ops@test.example", "import", "match", second.importId, "--row", "1", "--order", day.subscription),
    ).toMatchObject({ exit: 0, matched: 1, unmatched: 0 });
    expect(await db.look("select status from dealing_days where dealing_day_id = $1", [day.dayId])).toEqual([
      { status: "settled" },
    ]);
    const undone = await evergreen("ops2@test.example", "import", "undo", matched.importId, "--reason", "wrong");
    expect(undone).toMatchObject({ exit: 3, err: expect.stringContaining("The order is settled") });
  });

  it("cash that was confirmed for an order that waits is reversed by a second person", async () => {
    const { fund, other } = await arranged();
    await json(
      "ops@test.example",
      "import",
      "orders",
      written(`reference,investor,class,side,amount\nS-1,${other},A,buy,5000.00\n`),
      "--fund",
      fund,
    );
    const bank = await json(
      "ops@test.example",
      "import",
      "bank",
      written("Date,Amount,Currency,Description\n2026-02-03,5000.00,USD,S-1\n"),
      "--fund",
      fund,
    );
    expect(bank).toMatchObject({ exit: 0, matched: 1 });
    expect(await evergreen("ops@test.example", "import", "undo", bank.importId, "--reason", "wrong")).toMatchObject({
      exit: 3,
      err: expect.stringContaining("a second person must"),
    });
    expect(await json("ops2@test.example", "import", "undo", bank.importId, "--reason", "wrong")).toMatchObject({
      exit: 0,
      status: "undone",
    });
  });
});
