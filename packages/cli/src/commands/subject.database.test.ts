// Personal data by command line against a real database: put from standard input and a file, show, find, a document, export, erasure by two people, keys wrapped anew.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config/config.ts";
import { textsOf } from "@evergreen-fund/evidence/test-pack.ts";
import { OPS } from "@evergreen-fund/prisma/tests/arrange.ts";
import { dayAt } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { ADDRESS, askToken, classWithWallet, finalToken } from "@evergreen-fund/prisma/tests/token-class.ts";
import { repeatErasures, sealClearAccounts } from "@evergreen-fund/stack/backup/erasures.ts";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { openHouse, type Person } from "../test-house.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-subject-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const { db, run, json } = await openHouse({ EVERGREEN_HOME: home });
const anything = z.looseObject({});
const newParty = () => db.value<string>(OPS, "fn_register_party", { kind: "natural_person" });

async function said(person: Person, argv: string[], input = "", exit = 0): Promise<Record<string, unknown>> {
  const ran = await run(person, [...argv, "--output-format", "json"], input);
  expect({ exit: ran.exit, said: ran.exit === exit ? "" : ran.err + ran.out }).toEqual({ exit, said: "" });
  return JSON.parse(exit === 0 ? ran.out : "{}") as Record<string, unknown>;
}
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);

it("puts, shows, finds, exports and erases", async () => {
  const id = await newParty();
  const put = await run("ops1", ["subject", "put", id], JSON.stringify({ name: "Jane Synthetic", born: "1970-01-02" }));
  // what was recorded is named, never repeated
  expect(put).toMatchObject({ exit: 0 });
  expect(put.out + put.err).not.toContain("Jane");
  const file = join(home, "person.json");
  writeFileSync(file, JSON.stringify({ email: "jane@example.com", alias: ["J. S."], born: null }));
  expect(await said("ops1", ["subject", "put", id, "--file", file])).toEqual({
    subjectId: id,
    fields: ["email", "alias", "born"],
  });
  expect(await said("ops1", ["subject", "show", id])).toMatchObject({
    state: "active",
    fields: { name: "Jane Synthetic", email: "jane@example.com", alias: ["J. S."] },
  });
  expect(await said("audit1", ["subject", "show", id, "--fields", "name", "--purpose", "audit"])).toMatchObject({
    fields: { name: "Jane Synthetic" },
  });
  expect(await said("ops1", ["subject", "find", "--by", "name"], "SYNTHETIC, jane\n")).toEqual({ subjects: [id] });
  await said("pm1", ["subject", "show", id], "", 4);
  await said("lp1", ["subject", "show", id], "", 2);

  const scan = join(home, "passport of jane.png");
  writeFileSync(scan, PNG);
  const stored = await said("ops1", ["subject", "document", id, "--kind", "identity_document", "--file", scan]);
  expect(stored).toMatchObject({ contentType: "image/png", size: PNG.length });
  writeFileSync(scan, "<script>alert(1)</script>");
  await said("ops1", ["subject", "document", id, "--kind", "identity_document", "--file", scan], "", 2);

  const rotated = await said("ops1", ["subject", "rotate-keys"]);
  expect(rotated).toMatchObject({ continued: false, rotated: 1 });

  const answer = join(home, "answer.zip");
  const exported = await said("ops1", ["subject", "export", id, "--to", answer]);
  expect(exported).toMatchObject({ file: answer, documents: 1 });
  expect(statSync(answer).mode & 0o777).toBe(0o600);
  const texts = textsOf(new Uint8Array(readFileSync(answer)));
  expect(texts.get("about/personal_values.jsonl")).toContain("Jane Synthetic");
  expect(texts.get("about/parties.jsonl")).toContain(id);
  expect(texts.get("index.html")).toContain("jane@example.com");
  expect([...texts.keys()]).toContain(`documents/${stored.documentId}.png`);
  expect([...texts.values()].join()).not.toMatch(/wrapped_key|ciphertext/);
  const check = ["evidence", "verify", answer, "--sha256", String(exported.sha256)];
  expect(await said("lp1", check)).toMatchObject({ ok: true, subject: id, rows: exported.rows });
  const bytes = readFileSync(answer);
  const damaged = join(home, "damaged.zip");
  writeFileSync(damaged, bytes.fill("X", bytes.indexOf("Jane"), bytes.indexOf("Jane") + 4));
  await said("lp1", ["evidence", "verify", damaged], "", 1);
  await said("ops1", ["subject", "export", id, "--to", answer], "", 2);

  const held = await said("pm1", ["subject", "hold", id, "--reason", "a claim"]);
  expect(await said("ops1", ["subject", "erase", id, "--reason", "asked by the person"])).toMatchObject({ held: true });
  await said("pm1", ["subject", "erase", id, "--carry-out"], "", 3);
  await said("pm1", ["subject", "release", String(held.holdId), "--reason", "settled"], "", 3);
  await said("pm2", ["subject", "release", String(held.holdId), "--reason", "settled"]);
  await said("ops1", ["subject", "erase", id, "--carry-out"], "", 3);
  const kept = await db.look("select * from subject_keys where subject_id = $1", [id]);
  const erased = await json("pm1", anything, ["subject", "erase", id, "--carry-out"]);
  expect(erased).toMatchObject({ state: "destroyed" });
  expect(await said("ops1", ["subject", "show", id])).toMatchObject({ state: "destroyed", fields: {} });
  expect(existsSync(join(home, "documents", id, String(stored.documentId)))).toBe(false);

  // a backup of before is put back: its rows have the key, and the database has no tombstone
  await db.look("alter table subject_tombstones disable trigger append_only");
  await db.look("delete from subject_tombstones where subject_id = $1", [id]);
  await db.look("alter table subject_tombstones enable trigger append_only");
  await db.look(
    "update subject_keys set state = 'active', wrapped_key = $2, master_key_id = $3, destroyed_at = null where subject_id = $1",
    [id, kept[0]?.wrapped_key, kept[0]?.master_key_id],
  );
  const config = readConfig({ EVERGREEN_HOME: home });
  const url = db.database.urlFor("evergreen_app");
  expect(await repeatErasures(config, url)).toEqual({ noted: 0, repeated: 1 });
  expect(await db.look("select state, wrapped_key from subject_keys where subject_id = $1", [id])).toEqual([
    { state: "destroyed", wrapped_key: null },
  ]);
  expect(await repeatErasures(config, url)).toEqual({ noted: 0, repeated: 0 });
  // a line that somebody wrote into the file erases nobody
  const other = await newParty();
  await said("ops1", ["subject", "put", other], '{"name": "John Synthetic"}');
  const lines = readFileSync(join(home, "tombstones.jsonl"), "utf8");
  writeFileSync(join(home, "tombstones.jsonl"), lines.replaceAll(id, other));
  await expect(repeatErasures(config, url)).rejects.toMatchObject({ code: "EG431" });
  expect(await said("ops1", ["subject", "show", other])).toMatchObject({ state: "active" });
  // and a home that lost its file gets it back from the database
  rmSync(join(home, "tombstones.jsonl"));
  expect(await repeatErasures(config, url)).toEqual({ noted: 1, repeated: 0 });
});

it("an investor is exported by its code, with register, orders, money and accounts, and nobody else's", async () => {
  const { fund } = await dayAt(db, "closed");
  const [one] = await db.look<{ code: string; party_id: string; investor_id: string }>(
    "select i.code, i.party_id, i.investor_id from investors i join holdings h using (investor_id) join fund_flows f using (investor_id) where f.fund_id = $1 limit 1",
    [fund.fundId],
  );
  const { code = "", party_id = "", investor_id } = one ?? {};
  await said("ops1", ["subject", "put", party_id], '{"name": "Investor Synthetic"}');
  const csv = join(home, "accounts.csv");
  writeFileSync(csv, `investor,account,holder,currency,bic\n${code},DE89370400440532013000,Investor Synthetic,EUR,\n`);
  await said("ops1", ["import", "accounts", csv, "--fund", fund.code]);
  const file = join(home, "investor.zip");
  await said("ops1", ["subject", "export", code, "--to", file]);
  const texts = textsOf(new Uint8Array(readFileSync(file)));
  expect((await said("ops1", ["evidence", "verify", file])).ok).toBe(true);
  const rowsOf = (member: string) =>
    (texts.get(member) ?? "")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const [member, table] of [
    ["orders/fund_flows.jsonl", "fund_flows"],
    ["orders/allocations.jsonl", "allocations"],
    ["holdings/holdings.jsonl", "holdings"],
    ["holdings/unit_ledger.jsonl", "unit_ledger"],
    ["money/cash_movements.jsonl", "cash_movements"],
    ["statements/statements.jsonl", "statements"],
  ] as const) {
    const [{ n } = { n: "0" }] = await db.look<{ n: string }>(
      `select count(*)::text as n from ${table} where investor_id = $1`,
      [investor_id],
    );
    expect(rowsOf(member).length, member).toBe(Number(n));
    for (const row of rowsOf(member)) expect(row.investor_id).toBe(investor_id);
  }
  expect(rowsOf("orders/fund_flows.jsonl").length).toBeGreaterThan(0);
  expect(typeof rowsOf("holdings/holdings.jsonl")[0]?.units).toBe("string");
  expect(rowsOf("investor/bank_accounts.jsonl")).toMatchObject([
    { account: "DE89370400440532013000", holder: "Investor Synthetic" },
  ]);
  // under another key the same is read: values, accounts
  expect(await said("ops1", ["subject", "new-key", party_id])).toMatchObject({ keyVersion: 2, values: 1, accounts: 1 });
  const again = join(home, "again.zip");
  await said("ops1", ["subject", "export", code, "--to", again]);
  const after = textsOf(new Uint8Array(readFileSync(again)));
  for (const member of ["investor/bank_accounts.jsonl", "about/personal_values.jsonl"])
    expect(after.get(member)).toBe(texts.get(member));
  expect(await said("ops1", ["subject", "new-key", "--before", "2020-01-01"])).toMatchObject({ renewed: 0 });
  await said("ops1", ["subject", "new-key"], "", 2);
  await said("pm1", ["subject", "new-key", party_id], "", 4);
  await said("ops1", ["subject", "export", "NOBODY", "--to", join(home, "nobody.zip")], "", 2);
  expect(existsSync(join(home, "nobody.zip"))).toBe(false);
});

it("a holder of tokens is given the wallets and what moved there, and not that one is frozen", async () => {
  const { code: fund, classId, investorId } = await classWithWallet(db);
  const [one] = await db.look<{ code: string; party_id: string }>(
    "select code, party_id from investors where investor_id = $1",
    [investorId],
  );
  await finalToken(db, await askToken(db, fund, "mint", { wallet: ADDRESS, units: "12.5" }));
  await finalToken(db, await askToken(db, fund, "burn", { wallet: ADDRESS, units: "2.5" }));
  // asked for and not there yet
  await askToken(db, fund, "mint", { wallet: ADDRESS, units: "7" });
  await finalToken(db, await askToken(db, fund, "freeze", { wallet: ADDRESS, legal_basis: "order 9, synthetic" }));
  await said("ops1", ["subject", "put", String(one?.party_id)], '{"name": "Holder Synthetic"}');
  const file = join(home, "holder.zip");
  await said("ops1", ["subject", "export", String(one?.code), "--to", file]);
  expect((await said("ops1", ["evidence", "verify", file])).ok).toBe(true);
  const texts = textsOf(new Uint8Array(readFileSync(file)));
  const rowsOf = (member: string) =>
    (texts.get(member) ?? "")
      .trim()
      .split("\n")
      .map((line) => anything.parse(JSON.parse(line)));
  expect(rowsOf("holdings/wallets.jsonl")).toMatchObject([{ address: ADDRESS, investor_id: investorId }]);
  const units = rowsOf("holdings/token_moves.jsonl").map((move) => Number(move.units));
  expect(units.toSorted((a, b) => a - b)).toEqual([-2.5, 12.5]);
  expect(texts.get("index.html")).toContain(ADDRESS);
  const [wallet] = await db.look(
    "select status from wallets join token_contracts using (contract_id) where share_class_id = $1",
    [classId],
  );
  expect(wallet).toEqual({ status: "frozen" });
  expect([...texts.values()].join()).not.toMatch(/frozen|freeze|order 9/);
});

it("accounts that were recorded in clear are encrypted when the stack starts, of whom no key was there, too", async () => {
  const { fund } = await dayAt(db, "closed");
  const [one] = await db.look<{ code: string; investor_id: string }>(
    "select i.code, i.investor_id from investors i join holdings h using (investor_id) join fund_flows f using (investor_id) where f.fund_id = $1 limit 1",
    [fund.fundId],
  );
  await db.look(
    "insert into bank_accounts (fund_id, investor_id, account, holder, currency, proposed_by) values ($1, $2, 'LU280019400644750000', 'Clear Synthetic', 'USD', 'test')",
    [fund.fundId, one?.investor_id],
  );
  const starting = () => sealClearAccounts(readConfig({ EVERGREEN_HOME: home }), db.database.urlFor("evergreen_app"));
  expect(await starting()).toBe(1);
  expect(await starting()).toBe(0);
  expect(
    await db.look("select account, holder, sealed is not null as sealed from bank_accounts where investor_id = $1", [
      one?.investor_id,
    ]),
  ).toEqual([{ account: null, holder: null, sealed: true }]);
  const file = join(home, "sealed.zip");
  await said("ops1", ["subject", "export", String(one?.code), "--to", file]);
  expect(textsOf(new Uint8Array(readFileSync(file))).get("investor/bank_accounts.jsonl")).toContain("Clear Synthetic");
});

it("an erasure that was asked for can be refused, and input that is none is", async () => {
  const id = await newParty();
  await said("ops1", ["subject", "put", id], '{"name": "Kept Synthetic"}');
  await said("ops1", ["subject", "erase", id, "--reason", "asked by the person"]);
  expect(await said("pm1", ["subject", "keep", id, "--reason", "the relationship goes on"])).toMatchObject({
    state: "active",
  });
  for (const [argv, input] of [
    [["subject", "put", id], "[]"],
    [["subject", "put", id], '{"shoe": "42"}'],
    [["subject", "put", id], "{"],
    [["subject", "put", "jane"], '{"name": "x"}'],
    [["subject", "find", "--by", "name"], ""],
    [["subject", "erase", id], ""],
    [["subject", "erase", id, "--carry-out", "--reason", "both"], ""],
  ] as const)
    await said("ops1", [...argv], input, 2);
});
