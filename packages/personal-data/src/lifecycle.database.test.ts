// Keys wrapped anew while readers and writers run and at every point where it may be cut off; erasure with its tombstone; what a restore brings back; export.
// Everything is real but the persons, who are synthetic.
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { describe, expect, it } from "vitest";
import {
  eraseSubject,
  exportSubject,
  fileJournal,
  fileKeys,
  openPersonal,
  type PersonalCall,
  publicKeyOf,
  rotateKeys,
  type Tombstone,
  verifyTombstone,
} from "./index.ts";
import { code, openTestHouse } from "./test-house.ts";

const { home, database, callAs, journal, partsOf, rows } = await openTestHouse();

const person = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const OPS: Actor = { role: "ops_role", userId: person(5) };
const PM: Actor = { role: "pm_role", userId: person(1) };
const PM_TWO: Actor = { role: "pm_role", userId: person(2) };
const KYC: Actor = { role: "agent_kyc" };
const door = openPersonal(partsOf(KYC));
const party = () => database.rpc(OPS, "fn_register_party", { kind: "natural_person" });
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);
async function someone(by = door): Promise<string> {
  const id = await party();
  await by.put(id, { name: `Person ${id}`, born: "1970-01-02", identifier: [`ID ${id}`] });
  return id;
}
const trusted = async () => [publicKeyOf(await fileKeys(home).signingSeed())];

describe("rotation", () => {
  it("is unnoticed by readers and writers, and leaves no key under the old master key", async () => {
    const ids = await Promise.all(Array.from({ length: 60 }, () => someone()));
    // as other processes have them: loaded before, and told of nothing
    const others = [openPersonal(partsOf(KYC)), openPersonal(partsOf(OPS))];
    const old = (await fileKeys(home).current()).id;
    let done = false;
    const counts = { reads: 0, writes: 0, opened: 0 };
    const pick = () => ids[Math.floor(Math.random() * ids.length)] ?? "";
    const reader = async (who: (typeof others)[number]) => {
      while (!done) {
        const id = pick();
        expect((await who.read(id, ["name"])).fields.name).toBe(`Person ${id}`);
        counts.reads += 1;
      }
    };
    const writer = async (who: (typeof others)[number]) => {
      while (!done) {
        await who.put(pick(), { email: `${randomUUID()}@example.com` });
        counts.writes += 1;
        const fresh = await party();
        await who.put(fresh, { name: `Person ${fresh}` });
        ids.push(fresh);
        counts.opened += 1;
      }
    };
    const work = Promise.all(others.flatMap((who) => [reader(who), reader(who), writer(who)]));
    const rotations: string[] = [];
    const everyoneWasThere = () => counts.reads > 10 && counts.writes > 2;
    // on a busy machine the others may hardly have begun after four rounds
    for (let round = 0; round < 4 || (round < 100 && !everyoneWasThere()); round++) {
      const { masterKeyId } = await rotateKeys(partsOf(OPS));
      rotations.push(masterKeyId);
    }
    done = true;
    await work;
    expect(new Set(rotations).size).toBeGreaterThan(1);
    expect(everyoneWasThere()).toBe(true);
    // who opened a subject late, under a key of before: the next call wraps it, or there is nothing left
    await rotateKeys(partsOf(OPS));
    const left = await rows("select count(*)::int as n from subject_keys where master_key_id <> $1", [
      (await fileKeys(home).current()).id,
    ]);
    expect(left).toEqual([{ n: 0 }]);
    expect(await rows("select count(*)::int as n from subject_keys where master_key_id = $1", [old])).toEqual([
      { n: 0 },
    ]);
    for (const who of [...others, openPersonal(partsOf(KYC))])
      expect((await who.readMany(ids, ["name"])).size).toBe(ids.length);
  });

  it("cut off at any call goes on where it was, and everything can be read at every moment", async () => {
    // by one who knows the newest key
    const ids = await Promise.all(Array.from({ length: 5 }, () => someone(openPersonal(partsOf(KYC)))));
    const readable = async () => {
      const found = await openPersonal(partsOf(KYC)).readMany(ids, ["name"]);
      for (const id of ids) expect(found.get(id)?.fields.name).toBe(`Person ${id}`);
    };
    const cut = [
      "fn_list_subject_keys:1",
      "fn_list_subject_keys:2",
      "fn_rotate_subject_keys:before",
      "fn_rotate_subject_keys:after",
    ];
    for (const point of cut) {
      const [fn = "", when = ""] = point.split(":");
      let seen = 0;
      const call: PersonalCall = async (name, args) => {
        if (name === fn) {
          seen += 1;
          if (when === "before" || String(seen) === when) throw new Error("cut off");
        }
        const answer = await callAs(OPS)(name, args);
        if (name === fn && when === "after") throw new Error("cut off");
        return answer;
      };
      await expect(rotateKeys({ call, keys: fileKeys(home) })).rejects.toThrow("cut off");
      await readable();
      const { masterKeyId, continued } = await rotateKeys(partsOf(OPS));
      // a key had been made and keys were left under the one before: it is used, and no other is made
      expect(continued).toBe(when === "2" || when === "before");
      expect(
        await rows("select count(*)::int as n from subject_keys where state <> 'destroyed' and master_key_id <> $1", [
          masterKeyId,
        ]),
      ).toEqual([{ n: 0 }]);
      await readable();
    }
  });

  it("of a key that another rotation has moved leaves it as it is", async () => {
    const id = await someone();
    const [before] = await rows("select wrapped_key as was from subject_keys where subject_id = $1", [id]);
    await rotateKeys(partsOf(OPS));
    const [now] = await rows("select wrapped_key from subject_keys where subject_id = $1", [id]);
    const stale = {
      subject_id: id,
      was: before.was,
      wrapped_key: `v1.${randomBytes(60).toString("base64")}`,
      master_key_id: "mk-stale",
    };
    expect(await callAs(OPS)("fn_rotate_subject_keys", { keys: [stale] })).toEqual({ rotated: 0, asked: 1 });
    expect(await rows("select wrapped_key from subject_keys where subject_id = $1", [id])).toEqual([now]);
  });
});

describe("erasure", () => {
  const ask = (id: string) => callAs(OPS)("fn_request_erasure", { subject_id: id, reason: "asked by the person" });

  it("needs two people, destroys the key, takes the files, leaves a tombstone that verifies and a chain that holds", async () => {
    const id = await someone();
    const { documentId } = await door.putDocument(id, { kind: "identity_document", bytes: PNG });
    const file = join(home, "documents", id, documentId);
    expect(existsSync(file)).toBe(true);
    const [kept] = await rows(
      "select p.ciphertext, k.wrapped_key from personal_values p join subject_keys k using (subject_id) where subject_id = $1 limit 1",
      [id],
    );
    await expect(eraseSubject(partsOf(PM), id)).rejects.toEqual(code("EG428"));
    await ask(id);
    await expect(eraseSubject(partsOf(OPS), id)).rejects.toEqual(code("EG420"));
    await expect(door.put(id, { name: "Other" })).rejects.toEqual(code("EG428"));
    const tombstone = await eraseSubject(partsOf(PM), id);
    expect(verifyTombstone(tombstone, await trusted())).toMatchObject({ subjectId: id, fields: 3, documents: 1 });
    expect(await door.read(id)).toEqual({ subjectId: id, state: "destroyed", fields: {}, recordedAt: null });
    expect(await door.findByIndex("identifier", `ID ${id}`)).toEqual([]);
    await expect(door.readDocument(documentId)).rejects.toEqual(code("EG404"));
    await expect(door.put(id, { name: "Again" })).rejects.toEqual(code("EG428"));
    expect(existsSync(file)).toBe(false);
    // nothing that opens it is anywhere in the database, answers to requests included
    for (const { name } of await rows(
      "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    ))
      for (const secret of [kept.wrapped_key, kept.ciphertext])
        expect(
          await rows(`select 1 from public."${name}" x where x::text like '%' || $1 || '%' limit 1`, [secret]),
          name,
        ).toEqual([]);
    // again: the same tombstone, nothing done twice
    expect(await eraseSubject(partsOf(PM_TWO), id)).toEqual(tombstone);
    expect((await journal.read()).filter(({ body }) => body.includes(id))).toEqual([tombstone]);
    await database.rpc({ role: "service_role" }, "fn_seal_audit", {});
    expect(await rows("select count(*)::int as n from audit_trail where digest <> sha256(canonical)")).toEqual([
      { n: 0 },
    ]);
    const blocks = await rows(
      "select hash, prev_hash, height, entries, digests from audit_blocks where chain_id = '00000000-0000-0000-0000-000000000000' order by height",
    );
    expect(blocks.length).toBeGreaterThan(0);
    expect(
      await rows(
        `select count(*)::int as n from audit_blocks b where b.hash <> sha256(b.prev_hash || int8send(b.height) || int4send(b.entries) || b.digests)
         or b.prev_hash <> coalesce((select p.hash from audit_blocks p where p.chain_id = b.chain_id and p.height = b.height - 1), sha256(convert_to(b.chain_id::text, 'UTF8')))`,
      ),
    ).toEqual([{ n: 0 }]);
  });

  it("waits for a legal hold on the subject, and for the term of an investor's records", async () => {
    const id = await someone();
    const { hold_id } = (await callAs(PM)("fn_hold_subject", { subject_id: id, reason: "a claim" })) as {
      hold_id: string;
    };
    expect(await ask(id)).toMatchObject({ state: "restricted", held: true });
    await expect(eraseSubject(partsOf(PM_TWO), id)).rejects.toEqual(code("EG428"));
    await callAs(PM_TWO)("fn_release_subject", { hold_id, reason: "settled" });
    await rows(
      "insert into investors (code, classification, kyc_status, party_id) values ('LP-HELD', 'retail', 'approved', $1)",
      [id],
    );
    await expect(eraseSubject(partsOf(PM_TWO), id)).rejects.toEqual(code("EG428"));
    await rows("update investors set recorded_at = now() - interval '61 months' where party_id = $1", [id]);
    await eraseSubject(partsOf(PM_TWO), id);
    expect((await door.read(id)).state).toBe("destroyed");
  });

  it("and a rotation at once end with the key destroyed", async () => {
    for (let round = 0; round < 8; round++) {
      const id = await someone();
      await ask(id);
      await Promise.all([rotateKeys(partsOf(OPS)), eraseSubject(partsOf(PM), id)]);
      expect(await rows("select state, wrapped_key from subject_keys where subject_id = $1", [id])).toEqual([
        { state: "destroyed", wrapped_key: null },
      ]);
    }
  });

  it("and a put at once end with nothing kept", async () => {
    for (let round = 0; round < 8; round++) {
      const id = await someone();
      const [asked, put] = await Promise.allSettled([ask(id), door.put(id, { email: "late@example.com" })]);
      expect(asked.status).toBe("fulfilled");
      if (put.status === "rejected") expect(put.reason).toEqual(code("EG428"));
      await eraseSubject(partsOf(PM), id);
      expect(
        await rows("select count(*)::int as n from personal_values where subject_id = $1 and ciphertext is not null", [
          id,
        ]),
      ).toEqual([{ n: 0 }]);
    }
  });

  it("cut off after the key was destroyed is finished by the next call", async () => {
    const id = await someone();
    const { documentId } = await door.putDocument(id, { kind: "address_proof", bytes: PNG });
    await ask(id);
    const broken = { ...partsOf(PM), journal: { ...journal, add: () => Promise.reject(new Error("cut off")) } };
    await expect(eraseSubject(broken, id)).rejects.toThrow("cut off");
    expect(existsSync(join(home, "documents", id, documentId))).toBe(true);
    const tombstone = await eraseSubject(partsOf(PM), id);
    expect(existsSync(join(home, "documents", id, documentId))).toBe(false);
    expect(verifyTombstone(tombstone, await trusted()).subjectId).toBe(id);
  });

  it("leaves a tombstone of which no byte can be changed", async () => {
    const id = await someone();
    await ask(id);
    const tombstone = await eraseSubject(partsOf(PM), id);
    const other = publicKeyOf(randomBytes(32));
    const changed: Tombstone[] = [
      { ...tombstone, body: tombstone.body.replace(/"fields":\d+/, '"fields":99') },
      { ...tombstone, body: tombstone.body.replace(id, randomUUID()) },
      { ...tombstone, signature: "00".repeat(64) },
      { ...tombstone, public_key: other },
    ];
    for (const one of changed) {
      const keys = await trusted();
      expect(() => verifyTombstone(one, keys)).toThrow(code("EG431"));
      expect(() => verifyTombstone(one, [...keys, other])).toThrow(code("EG431"));
    }
  });
});

describe("access", () => {
  it("of an LP is to the party of an own investor", async () => {
    const [own, foreign] = [await someone(), await someone()];
    const LP: Actor = { role: "lp_role", userId: person(3) };
    const [investor] = await rows(
      "insert into investors (code, classification, kyc_status, party_id) values ('LP-OWN', 'retail', 'approved', $1) returning investor_id",
      [own],
    );
    await rows("insert into investor_access (user_id, investor_id, kind) values ($1, $2, 'owner')", [
      person(3),
      investor.investor_id,
    ]);
    const lp = openPersonal(partsOf(LP));
    expect((await lp.read(own)).fields.name).toBe(`Person ${own}`);
    await expect(lp.read(foreign)).rejects.toEqual(code("EG404"));
    await expect(lp.readMany([own, foreign])).rejects.toEqual(code("EG404"));
    await expect(lp.read(randomUUID())).rejects.toEqual(code("EG404"));
    await expect(exportSubject(partsOf(LP), foreign)).rejects.toEqual(code("EG404"));
    await expect(lp.put(own, { name: "Mine" })).rejects.toEqual(code("EG403"));
    await expect(lp.findByIndex("name", "x")).rejects.toEqual(code("EG403"));
    expect(await exportSubject(partsOf(LP), own)).toMatchObject({ investors: [{ code: "LP-OWN" }] });
  });

  it("is answered with everything: values now and before, documents, who read what, what was done", async () => {
    const id = await someone();
    await door.put(id, { name: "Renamed Synthetic" });
    await door.putDocument(id, { kind: "identity_document", bytes: PNG });
    await door.read(id, ["born"], "screening");
    const all = await exportSubject(partsOf(OPS), id);
    expect(all).toMatchObject({
      subject: { subject_id: id, state: "active" },
      party: { party_id: id, kind: "natural_person" },
      values: [
        { field: "born", value: "1970-01-02" },
        { field: "identifier", value: [`ID ${id}`] },
        { field: "name", value: `Person ${id}` },
        { field: "name", value: "Renamed Synthetic", superseded_at: null },
      ],
      documents: [{ kind: "identity_document", content: PNG.toString("base64") }],
      accesses: [
        { what: "values", fields: ["born"], purpose: "screening", accessed_by: "agent:kyc" },
        { what: "export", purpose: "subject-access", accessed_by: `user:${person(5)}` },
      ],
    });
    expect(JSON.stringify(all)).not.toMatch(/wrapped_key|ciphertext/);
    await expect(exportSubject(partsOf(OPS), await party())).rejects.toEqual(code("EG404"));
  });
});

it("the file of tombstones grows once per tombstone and passes over a line that was cut off", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "evergreen-stones-")), "t.jsonl");
  const stones = fileJournal(file);
  expect(await stones.read()).toEqual([]);
  const one = { body: "{}", signature: "a", public_key: "b" };
  expect(await stones.add([one])).toBe(1);
  expect(await stones.add([one])).toBe(0);
  const { appendFileSync } = await import("node:fs");
  appendFileSync(file, '{"body":"{}","sig');
  expect(await stones.add([{ ...one, body: "[]" }])).toBe(1);
  expect((await stones.read()).map(({ body }) => body)).toEqual(["{}", "[]"]);
  expect(readFileSync(file, "utf8")).toContain('"sig');
  rmSync(file);
});
