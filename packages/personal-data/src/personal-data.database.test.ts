// The door on a real database: what goes in comes out, by nobody else's rows, keys or roles; races; and nothing in clear in any table. Synthetic persons.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { describe, expect, it } from "vitest";
import { fileKeys, folderStore, openPersonal } from "./index.ts";
import { code, openTestHouse } from "./test-house.ts";

const { home, database, admin, partsOf, rows } = await openTestHouse();

const KYC: Actor = { role: "agent_kyc" };
const OPS: Actor = { role: "ops_role", userId: "00000000-0000-4000-8000-000000000005" };
const doorOf = (actor: Actor, keys = fileKeys(home)) => openPersonal({ ...partsOf(actor), keys });
const door = doorOf(KYC);
const party = () => database.rpc(OPS, "fn_register_party", { kind: "natural_person" });

const PERSON = {
  name: "Canary Synthetica",
  alias: ["C. Synthetica", "Канарейка"],
  born: "1971-03-04",
  country: "LU",
  identifier: ["LU-998877"],
  email: "canary@example.com",
  address: "1 Rue Synthétique\nLuxembourg",
} as const;

describe("what is put", () => {
  it("comes out again, under every role that may read it", async () => {
    const id = await party();
    await door.put(id, PERSON);
    for (const who of [door, doorOf(OPS)]) {
      const read = await who.read(id);
      expect(read).toMatchObject({ subjectId: id, state: "active", fields: PERSON });
      expect(Date.parse(read.recordedAt ?? "")).toBeGreaterThan(Date.now() - 600_000);
    }
    expect((await door.read(id, ["born", "country"])).fields).toEqual({ born: "1971-03-04", country: "LU" });
    expect(await rows("select count(*)::int as n from personal_accesses where subject_id = $1", [id])).toEqual([
      { n: 3 },
    ]);
    await expect(doorOf({ role: "pm_role", userId: randomUUID() }).read(id)).rejects.toEqual(code("EG403"));
    await expect(doorOf({ role: "lp_role", userId: randomUUID() }).read(id)).rejects.toEqual(code("EG404"));
    await expect(door.put(randomUUID(), PERSON)).rejects.toEqual(code("EG404"));
    await expect(door.read(randomUUID())).rejects.toEqual(code("EG404"));
  });

  it("is found by name, alias, e-mail and identifier as long as it stands", async () => {
    const id = await party();
    await door.put(id, { name: "Émile Findé", alias: ["Emil F."], email: "Emile@Example.com", identifier: ["X 12-3"] });
    expect(await door.findByIndex("name", "finde, EMILE")).toEqual([id]);
    expect(await door.findByIndex("alias", "emil f")).toEqual([id]);
    expect(await door.findByIndex("email", "emile@example.com")).toEqual([id]);
    expect(await door.findByIndex("identifier", "x123")).toEqual([id]);
    expect(await door.findByIndex("name", "Somebody Else")).toEqual([]);
    expect(await door.findByIndex("name", "…")).toEqual([]);
    await door.put(id, { name: "Émile Changé", email: null });
    expect(await door.findByIndex("name", "finde, EMILE")).toEqual([]);
    expect(await door.findByIndex("email", "emile@example.com")).toEqual([]);
    expect((await door.read(id)).fields).toEqual({ name: "Émile Changé", alias: ["Emil F."], identifier: ["X 12-3"] });
  });

  it("under one request id is one, and with other content refused", async () => {
    const id = await party();
    const requestId = `test/${id}`;
    const asOps = doorOf(OPS);
    await asOps.put(id, { name: "First Synthetic" }, { requestId });
    await asOps.put(id, { name: "First Synthetic" }, { requestId });
    await expect(asOps.put(id, { name: "Second Synthetic" }, { requestId })).rejects.toEqual(code("EG409"));
    expect(await rows("select count(*)::int as n from personal_values where subject_id = $1", [id])).toEqual([
      { n: 1 },
    ]);
  });

  it("by twenty at once has one key and one current value", async () => {
    const id = await party();
    await Promise.all(Array.from({ length: 20 }, (_, i) => door.put(id, { name: `Racer ${i}`, born: "1980" })));
    expect(await rows("select count(*)::int as n from subject_keys where subject_id = $1", [id])).toEqual([{ n: 1 }]);
    expect(
      await rows(
        "select field, count(*)::int as n from personal_values where subject_id = $1 and superseded_at is null group by 1 order by 1",
        [id],
      ),
    ).toEqual([
      { field: "born", n: 1 },
      { field: "name", n: 1 },
    ]);
    expect((await door.read(id)).fields.name).toMatch(/^Racer \d+$/);
  });

  it("is read for many in one go; whoever is not known is not there", async () => {
    const ids = await Promise.all(Array.from({ length: 25 }, party));
    await Promise.all(ids.map((id, i) => door.put(id, { name: `Many ${i}` })));
    const found = await door.readMany([...ids, randomUUID()], ["name"], "screening");
    expect(found.size).toBe(25);
    for (const [i, id] of ids.entries()) expect(found.get(id)?.fields).toEqual({ name: `Many ${i}` });
  });

  it("opens nowhere else: swapped between rows, fields or persons it is refused", async () => {
    const [a, b] = [await party(), await party()];
    for (const id of [a, b]) await door.put(id, { name: `Owner ${id.slice(0, 4)}`, email: "a@example.com" });
    const swap = async (from: [string, string], to: [string, string]) => {
      await admin.query("begin");
      try {
        const [source] = await rows(
          "select ciphertext from personal_values where subject_id = $1 and field = $2",
          from,
        );
        await admin.query("update personal_values set ciphertext = $3 where subject_id = $1 and field = $2", [
          ...to,
          source.ciphertext,
        ]);
        await admin.query("commit");
        await expect(door.read(to[0])).rejects.toEqual(code("EG431"));
      } finally {
        await admin.query("rollback");
      }
    };
    await swap([a, "name"], [b, "name"]);
    await swap([a, "name"], [a, "email"]);
    const c = await party();
    await door.put(c, { name: "Third" });
    await admin.query(
      "update subject_keys set wrapped_key = (select wrapped_key from subject_keys where subject_id = $1) where subject_id = $2",
      [a, c],
    );
    await expect(door.read(c)).rejects.toEqual(code("EG431"));
  });

  it("does not open with the keys of another house", async () => {
    const id = await party();
    await door.put(id, { name: "Here Alone" });
    const elsewhere = mkdtempSync(join(tmpdir(), "evergreen-other-"));
    await expect(doorOf(KYC, fileKeys(elsewhere)).read(id)).rejects.toEqual(code("EG503"));
    rmSync(elsewhere, { recursive: true });
  });
});

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);

describe("a document", () => {
  it("comes out as it went in, is stored encrypted, and opens only as what was recorded", async () => {
    const id = await party();
    const bytes = Buffer.concat([PNG, Buffer.from("canary passport")]);
    const stored = await door.putDocument(id, { kind: "identity_document", bytes });
    expect(stored).toMatchObject({ contentType: "image/png", size: bytes.length });
    const read = await door.readDocument(stored.documentId);
    expect(Buffer.from(read.bytes).equals(bytes)).toBe(true);
    const place = folderStore(join(home, "documents"));
    const kept = Buffer.from(await place.get(`${id}/${stored.documentId}`));
    expect(kept.includes("canary")).toBe(false);
    await place.remove([`${id}/${stored.documentId}`]);
    await place.put(`${id}/${stored.documentId}`, randomBytes(kept.length));
    await expect(door.readDocument(stored.documentId)).rejects.toEqual(code("EG431"));
    await expect(door.readDocument(randomUUID())).rejects.toEqual(code("EG404"));
  });

  it("is one under one request id, and its second file goes", async () => {
    const id = await party();
    const asOps = doorOf(OPS);
    const options = { requestId: `document/${id}` };
    const first = await asOps.putDocument(id, { kind: "address_proof", bytes: PNG }, options);
    const again = await asOps.putDocument(id, { kind: "address_proof", bytes: PNG }, options);
    expect(again.documentId).toBe(first.documentId);
    expect(await rows("select count(*)::int as n from documents where subject_id = $1", [id])).toEqual([{ n: 1 }]);
    expect(Buffer.from((await asOps.readDocument(first.documentId)).bytes).equals(PNG)).toBe(true);
  });

  it("that is refused leaves no file", async () => {
    const id = await party();
    await expect(door.putDocument(id, { kind: "Not A Kind", bytes: PNG })).rejects.toEqual(code("EG400"));
    expect(await rows("select count(*)::int as n from documents where subject_id = $1", [id])).toEqual([{ n: 0 }]);
  });
});

it("nothing that was put stands in clear in any row of the database", async () => {
  const tables = await rows(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
  );
  const holding = async (needle: string) => {
    const found: string[] = [];
    for (const { name } of tables)
      if (
        (await rows(`select 1 from public."${name}" x where x::text ilike '%' || $1 || '%' limit 1`, [needle])).length >
        0
      )
        found.push(name);
    return found;
  };
  for (const needle of [
    "Synthetica",
    "Канарейка",
    "1971-03-04",
    "998877",
    "canary@example",
    "Rue Synth",
    "canary passport",
  ])
    expect(await holding(needle), needle).toEqual([]);
  // and the search does find what is there
  await admin.query("insert into platform_settings (key, value) values ('planted', '\"Canary Synthetica\"')");
  expect(await holding("Synthetica")).toEqual(["platform_settings"]);
  await admin.query("delete from platform_settings where key = 'planted'");
});
