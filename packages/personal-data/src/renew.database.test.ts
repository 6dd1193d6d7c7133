// A new data key for a subject on a real Postgres: nothing opens by the old one, everything is read as before, while others read, write, wrap keys anew, erase and
// do the same; cut off at any call it can be done again. Persons are synthetic.
import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { expect, it } from "vitest";
import { openText, unwrapKey, valuePlace } from "./envelope.ts";
import {
  eraseSubject,
  exportSubject,
  fileKeys,
  openPersonal,
  type PersonalCall,
  renewKey,
  renewKeys,
  rotateKeys,
} from "./index.ts";
import { code, openTestHouse } from "./test-house.ts";

const { home, database, callAs, partsOf, rows } = await openTestHouse();

const OPS: Actor = { role: "ops_role", userId: "00000000-0000-4000-8000-000000000005" };
const PM: Actor = { role: "pm_role", userId: "00000000-0000-4000-8000-000000000001" };
const door = openPersonal(partsOf({ role: "agent_kyc" }));
const png = (n: number) =>
  Buffer.concat([
    Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
      "base64",
    ),
    Buffer.from([n & 255]),
  ]);
async function someone(): Promise<string> {
  const id = await database.rpc(OPS, "fn_register_party", { kind: "natural_person" });
  await door.put(id, { name: `Person ${id}`, identifier: [`ID ${id}`] });
  return id;
}
const filesOf = (id: string): string[] => readdirSync(join(home, "documents", id)).sort();
const listed = async (id: string): Promise<string[]> =>
  (await rows("select storage_path from documents where subject_id = $1 and removed_at is null", [id]))
    .map(({ storage_path }) => String(storage_path).slice(id.length + 1))
    .sort();

it("leaves nothing under the old key, and everything is read as before", async () => {
  const id = await someone();
  await door.put(id, { name: "Renamed Synthetic" });
  const { documentId } = await door.putDocument(id, { kind: "identity_document", bytes: png(1) });
  const before = await exportSubject(partsOf(OPS), id);
  const [old] = await rows("select wrapped_key, master_key_id from subject_keys where subject_id = $1", [id]);
  const files = filesOf(id);
  expect(await renewKey(partsOf(OPS), id)).toMatchObject({ keyVersion: 2, values: 3, documents: 1 });
  const dataKey = unwrapKey(await fileKeys(home).byId(old.master_key_id), id, old.wrapped_key);
  for (const { value_id, field, ciphertext } of await rows("select * from personal_values where subject_id = $1", [id]))
    expect(() => openText(dataKey, ciphertext, valuePlace(id, field, value_id))).toThrow(code("EG431"));
  expect((await door.read(id)).fields.name).toBe("Renamed Synthetic");
  expect(await door.findByIndex("identifier", `ID ${id}`)).toEqual([id]);
  expect(Buffer.from((await door.readDocument(documentId)).bytes)).toEqual(png(1));
  const after = await exportSubject(partsOf(OPS), id);
  expect(after.values).toEqual(before.values);
  expect(after.documents.map(({ content }) => content)).toEqual(before.documents.map(({ content }) => content));
  expect(filesOf(id)).toEqual(await listed(id));
  expect(filesOf(id)).not.toEqual(files);
  // the old key stands nowhere in the database
  for (const { name } of await rows(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
  ))
    expect(
      await rows(`select 1 from public."${name}" x where x::text like '%' || $1 || '%' limit 1`, [old.wrapped_key]),
      name,
    ).toEqual([]);
  // and who still has it writes nothing
  const stale: PersonalCall = async (fn, args) => {
    const answer = await callAs(OPS)(fn, args);
    return fn === "fn_read_personal" ? (answer as object[]).map((row) => ({ ...row, ...old, key_version: 1 })) : answer;
  };
  await expect(openPersonal({ ...partsOf(OPS), call: stale }).put(id, { email: "a@example.com" })).rejects.toEqual(
    code("EG425"),
  );
});

it("is unnoticed by readers and writers, while master keys change and two do it at once", async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, () => someone()));
  const wrote = new Map<string, string>();
  const stored = new Map<string, { id: string; bytes: Buffer }>();
  let done = false;
  const counts = { reads: 0, writes: 0, documents: 0 };
  const everyoneWasThere = () => counts.reads > 3 && counts.writes > 3 && counts.documents > 1;
  const others = [openPersonal(partsOf({ role: "agent_kyc" })), openPersonal(partsOf(OPS))];
  const reader = async (who: (typeof others)[number]) => {
    for (let n = 0; !done; n++) {
      const id = ids[n % ids.length] ?? "";
      expect((await who.read(id, ["name"])).fields.name).toBe(`Person ${id}`);
      const [documentId, document] = [...stored][n % Math.max(1, stored.size)] ?? [];
      if (documentId !== undefined && document !== undefined)
        expect(Buffer.from((await who.readDocument(documentId)).bytes)).toEqual(document.bytes);
      counts.reads += 1;
    }
  };
  // each subject has one writer, so that what it wrote last is what counts
  const writer = async (who: (typeof others)[number], mine: string[]) => {
    for (let n = 0; !done; n++) {
      const id = mine[n % mine.length] ?? "";
      const email = `${randomUUID()}@example.com`;
      await who.put(id, { email });
      wrote.set(id, email);
      counts.writes += 1;
      if (n % 3 !== 0 || n > 12) continue;
      const bytes = png(n);
      const { documentId } = await who.putDocument(id, { kind: "address_proof", bytes });
      stored.set(documentId, { id, bytes });
      counts.documents += 1;
    }
  };
  const work = Promise.all(
    others.flatMap((who, i) => [
      reader(who),
      writer(
        who,
        ids.filter((_, n) => n % 2 === i),
      ),
    ]),
  );
  try {
    // on a busy machine the others may hardly have begun after two rounds
    for (let round = 0; round < 2 || (round < 100 && !everyoneWasThere()); round++) {
      await Promise.all(ids.flatMap((id) => [renewKey(partsOf(OPS), id), renewKey(partsOf(OPS), id)]));
      await rotateKeys(partsOf(OPS));
    }
  } finally {
    done = true;
  }
  await work;
  expect(everyoneWasThere()).toBe(true);
  for (const id of ids) {
    // every value it ever had opens by the key that is there now
    const all = await exportSubject(partsOf(OPS), id);
    expect(all.values.every(({ value }) => value !== null)).toBe(true);
    expect(all.values.find(({ field, superseded_at }) => field === "email" && superseded_at === null)?.value).toBe(
      wrote.get(id),
    );
    expect(all.documents).toHaveLength([...stored.values()].filter((one) => one.id === id).length);
    if (all.documents.length > 0) expect(filesOf(id)).toEqual(await listed(id));
  }
  const versions = await rows("select min(key_version) as least from subject_keys where subject_id = any ($1)", [ids]);
  expect(versions[0].least).toBeGreaterThanOrEqual(5);
});

it("cut off at any call can be done again, and many go on with those that are left", async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, () => someone()));
  for (const id of ids) await door.putDocument(id, { kind: "address_proof", bytes: png(7) });
  const from = new Date().toISOString();
  for (const point of ["fn_read_subject_cipher:after", "fn_renew_subject_key:before", "fn_renew_subject_key:after"]) {
    const [fn, when] = point.split(":");
    const call: PersonalCall = async (name, args) => {
      if (name === fn && when === "before") throw new Error("cut off");
      const answer = await callAs(OPS)(name, args);
      if (name === fn && when === "after") throw new Error("cut off");
      return answer;
    };
    await expect(renewKeys({ ...partsOf(OPS), call }, from)).rejects.toThrow("cut off");
    for (const id of ids) expect((await door.read(id, ["name"])).fields.name).toBe(`Person ${id}`);
  }
  await renewKeys(partsOf(OPS), from);
  expect(
    await rows("select count(*)::int as n from subject_keys where subject_id = any ($1) and key_made_at < $2", [
      ids,
      from,
    ]),
  ).toEqual([{ n: 0 }]);
  expect(await renewKeys(partsOf(OPS), from)).toBe(0);
  for (const id of ids) {
    const [document] = (await exportSubject(partsOf(OPS), id)).documents;
    expect(document?.content).toBe(png(7).toString("base64"));
  }
});

it("and an erasure at once end with the key destroyed", async () => {
  for (let round = 0; round < 5; round++) {
    const id = await someone();
    await door.putDocument(id, { kind: "address_proof", bytes: png(round) });
    await callAs(OPS)("fn_request_erasure", { subject_id: id, reason: "asked by the person" });
    const [renewed, erased] = await Promise.allSettled([renewKey(partsOf(OPS), id), eraseSubject(partsOf(PM), id)]);
    if (renewed.status === "rejected") expect(renewed.reason).toEqual(code("EG428"));
    expect(erased.status).toBe("fulfilled");
    expect(await rows("select state, wrapped_key from subject_keys where subject_id = $1", [id])).toEqual([
      { state: "destroyed", wrapped_key: null },
    ]);
  }
});
