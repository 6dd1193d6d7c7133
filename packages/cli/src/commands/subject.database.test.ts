// Personal data by command line against a real database: put from standard input and a file, show, find, a document, export, erasure by two people, keys wrapped anew.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config/config.ts";
import { OPS } from "@evergreen-fund/prisma/tests/arrange.ts";
import { repeatErasures } from "@evergreen-fund/stack/backup/erasures.ts";
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

  const answer = join(home, "answer.json");
  expect(await said("ops1", ["subject", "export", id, "--to", answer])).toMatchObject({ file: answer, documents: 1 });
  expect(statSync(answer).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(answer, "utf8"))).toMatchObject({
    party: { party_id: id },
    documents: [{ content: PNG.toString("base64") }],
  });
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
