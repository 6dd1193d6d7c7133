// What is refused before it is encrypted, how look-ups compare, where keys and documents lie. All names are synthetic.
import { randomBytes, randomUUID } from "node:crypto";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { blindIndex, normalised } from "./blind-index.ts";
import { folderStore } from "./documents.ts";
import { checkedFields } from "./fields.ts";
import { fileKeys, masterKeysFrom } from "./master-keys.ts";
import { checkedDocument, LARGEST_DOCUMENT } from "./sniff.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-personal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const code = (of: string) => expect.objectContaining({ code: of });

describe("a look-up", () => {
  const key = randomBytes(32);
  it.each([
    ["name", "Jörg van der Synthetik", "VAN DER SYNTHETIK, Jorg"],
    ["name", "O’Testman  Anne-Marie", "anne marie o testman"],
    ["email", " Jane@Example.COM ", "jane@example.com"],
    ["identifier", "DE-12 345/678", "de12345678"],
    ["alias", "Ли́са", "лиса"],
  ] as const)("of %s finds %s by %s", (field, kept, asked) => {
    expect(blindIndex(key, field, [kept])).toEqual(blindIndex(key, field, [asked]));
  });
  it.each([
    ["name", "Jane Synthetic", "Jan Synthetic"],
    ["name", "Synthetic", "Synthetic Synthetic"],
    ["identifier", "12 345", "12 346"],
    ["email", "a.b@example.com", "ab@example.com"],
  ] as const)("of %s tells %s from %s", (field, kept, asked) => {
    expect(blindIndex(key, field, [kept])).not.toEqual(blindIndex(key, field, [asked]));
  });
  it("differs by field and key, and is there for some fields alone", () => {
    expect(blindIndex(key, "name", ["A B"])).not.toEqual(blindIndex(key, "alias", ["A B"]));
    expect(blindIndex(key, "name", ["A B"])).not.toEqual(blindIndex(randomBytes(32), "name", ["A B"]));
    expect(blindIndex(key, "born", ["1970-01-01"])).toEqual([]);
    expect(blindIndex(key, "name", ["---"])).toEqual([]);
    expect(blindIndex(key, "alias", ["A B", "b a", "C"])).toHaveLength(2);
    expect(normalised("name", "  ")).toBe("");
  });
});

describe("a field", () => {
  it("takes a text, a list of texts or null", () => {
    expect(
      checkedFields({ name: "Jane Synthetic", alias: ["A", "B"], email: null, born: "1970-02", phone: undefined }),
    ).toEqual([
      ["name", "Jane Synthetic"],
      ["alias", ["A", "B"]],
      ["email", null],
      ["born", "1970-02"],
    ]);
    expect(checkedFields({ address: "1 Street\n2 Town" })).toHaveLength(1);
  });
  it.each([
    ["nothing", {}, "EG400"],
    ["an unknown field", { shoe: "42" }, "EG400"],
    ["a number", { name: 7 }, "EG400"],
    ["an empty text", { name: " " }, "EG400"],
    ["an empty list", { alias: [] }, "EG400"],
    ["too many", { alias: Array.from({ length: 101 }, () => "x") }, "EG400"],
    ["10 MB", { name: "x".repeat(10_000_000) }, "EG413"],
    ["NUL", { name: "Jane\u0000" }, "EG400"],
    ["a terminal escape", { name: "\u001b[31mJane" }, "EG400"],
    ["a mark that turns the line around", { name: "Jane\u202etxt.exe" }, "EG400"],
    ["half a character", { name: "Jane\ud800" }, "EG400"],
    ["a day that is none", { born: "1970-13-01" }, "EG400"],
  ])("refuses %s and does not repeat it", (_what, fields, refused) => {
    expect(() => checkedFields(fields)).toThrow(code(refused));
    try {
      checkedFields(fields);
    } catch (error) {
      expect((error as Error).message).not.toMatch(/Jane|xxxx|1970-13/);
    }
  });
});

describe("keys in a file", () => {
  it("are made once, readable by their owner alone, and known again", async () => {
    const home = join(folder, "keys-made");
    const [one, two] = [fileKeys(home), fileKeys(home)];
    expect((await one.current()).id).toBe((await two.current()).id);
    expect((await one.indexKey()).equals(await two.indexKey())).toBe(true);
    expect((await one.indexKey()).equals(await one.signingSeed())).toBe(false);
    for (const name of readdirSync(join(home, "keys")))
      expect(statSync(join(home, "keys", name)).mode & 0o777).toBe(0o600);
  });
  it("are added at the end; who holds the old set finds the new one by its name, and a line cut off by a crash is passed over", async () => {
    const home = join(folder, "keys-added");
    const [here, elsewhere] = [fileKeys(home), fileKeys(home)];
    const first = await elsewhere.current();
    appendFileSync(join(home, "keys", "personal_master"), "\nabcdef0123");
    const second = await here.add();
    expect(second.id).not.toBe(first.id);
    expect((await here.current()).id).toBe(second.id);
    expect((await elsewhere.current()).id).toBe(first.id);
    expect((await elsewhere.byId(second.id)).key).toEqual(second.key);
    expect((await elsewhere.current()).id).toBe(second.id);
    expect((await here.byId(first.id)).key).toEqual(first.key);
    await expect(here.byId("mk-0000000000000000")).rejects.toEqual(code("EG503"));
    // two at once: both keys stay
    await Promise.all([here.add(), elsewhere.add()]);
    expect(readFileSync(join(home, "keys", "personal_master"), "utf8").match(/^[0-9a-f]{64}$/gm)).toHaveLength(4);
  });
  it("are asked for again after a source failed, and are made by their keeper where there is one", async () => {
    let fails = true;
    const keys = masterKeysFrom({
      read: async () => {
        if (fails) throw new Error("away");
        const hex = "ab".repeat(32);
        return { master: hex, index: hex, signing: hex };
      },
    });
    await expect(keys.current()).rejects.toThrow("away");
    fails = false;
    expect((await keys.current()).id).toMatch(/^mk-/);
    await expect(keys.add()).rejects.toEqual(code("EG428"));
  });
});

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);

describe("a document", () => {
  it("is what its bytes say", async () => {
    expect(await checkedDocument(PNG)).toBe("image/png");
    expect(await checkedDocument(Buffer.from("%PDF-1.7\n%synthetic\n"))).toBe("application/pdf");
  });
  it.each([
    ["nothing", Buffer.alloc(0), "EG413"],
    ["more than 20 MB", Buffer.concat([PNG, Buffer.alloc(LARGEST_DOCUMENT)]), "EG413"],
    ["a text", Buffer.from("hello"), "EG400"],
    ["a page with a script", Buffer.from("<!doctype html><script>alert(1)</script>"), "EG400"],
    ["a picture with scripts", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'), "EG400"],
    ["a zip", Buffer.from("504b0304140000000000", "hex"), "EG400"],
    ["a program", Buffer.concat([Buffer.from("7f454c46", "hex"), Buffer.alloc(64)]), "EG400"],
    ["the beginning of a picture", PNG.subarray(0, 5), "EG400"],
  ])("is refused as %s", async (_what, bytes, refused) => {
    await expect(checkedDocument(bytes)).rejects.toEqual(code(refused));
  });
  it("lies in a folder under two ids, once, readable by its owner alone", async () => {
    const place = join(folder, "documents");
    const store = folderStore(place);
    const path = `${randomUUID()}/${randomUUID()}`;
    await expect(store.get(path)).rejects.toEqual(code("EG404"));
    await store.put(path, PNG);
    expect(Buffer.from(await store.get(path)).equals(PNG)).toBe(true);
    expect(statSync(join(place, path)).mode & 0o777).toBe(0o600);
    await expect(store.put(path, Buffer.from("other"))).rejects.toEqual(code("EG409"));
    expect(Buffer.from(await store.get(path)).equals(PNG)).toBe(true);
    expect(readdirSync(join(place, path.slice(0, 36)))).toHaveLength(1);
    // what a crash left half written is written anew
    const second = `${path.slice(0, 36)}/${randomUUID()}`;
    writeFileSync(join(place, `${second}.draft`), "half");
    await store.put(second, PNG);
    expect(Buffer.from(await store.get(second)).equals(PNG)).toBe(true);
    await store.remove([path, second]);
    await store.remove([path]);
    await expect(store.get(path)).rejects.toEqual(code("EG404"));
  });
  it.each(["../keys/codec", "/etc/passwd", "passport.pdf", `${randomUUID()}/../${randomUUID()}`, ""])(
    "is neither kept nor looked for under %s",
    async (path) => {
      const store = folderStore(join(folder, "documents"));
      await expect(store.put(path, PNG)).rejects.toEqual(code("EG400"));
      await expect(store.get(path)).rejects.toEqual(code("EG400"));
      await expect(store.remove([path])).rejects.toEqual(code("EG400"));
    },
  );
});
