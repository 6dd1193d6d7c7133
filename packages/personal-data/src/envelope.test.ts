// What opens a ciphertext and what does not: the key, the place, every byte of it.
import { randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masterKey, openBytes, openText, type Place, sealBytes, sealText, unwrapKey, wrapKey } from "./envelope.ts";

const key = randomBytes(32);
const place: Place = ["personal_values", "ciphertext", "row-1", "subject-1", "name"];
const refused = expect.objectContaining({ code: "EG431" });

describe("a sealed value", () => {
  it("opens with its key at its place, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const whole = Buffer.from(text, "utf8").toString("utf8");
        expect(openText(key, sealText(key, whole, place), place)).toBe(whole);
      }),
    );
  });

  it("is another one every time", () => {
    const made = new Set(Array.from({ length: 1_000 }, () => sealText(key, "same", place)));
    expect(made.size).toBe(1_000);
  });

  it("opens under no other key and at no other place", () => {
    const sealed = sealText(key, "Jane Synthetic", place);
    expect(() => openText(randomBytes(32), sealed, place)).toThrow(refused);
    for (let at = 0; at < place.length; at++) {
      const moved = place.map((part, i) => (i === at ? `${part}x` : part)) as unknown as Place;
      expect(() => openText(key, sealed, moved)).toThrow(refused);
    }
    // parts that only look the same when they are written one behind the other
    expect(() => openText(key, sealText(key, "x", ["a", "b", "cd"]), ["a", "bc", "d"])).toThrow(refused);
    expect(() => openText(key, "v2.AAAA", place)).toThrow(refused);
    expect(() => openText(key, "v1.AAAA", place)).toThrow(refused);
  });

  it("does not open once a bit of it is changed", () => {
    const sealed = sealBytes(key, Buffer.from("a value"), place);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openBytes(key, changed, place)).toThrow(refused);
    }
  });

  it("says nothing of its content when it does not open", () => {
    const sealed = sealText(key, "Jane Synthetic", place);
    const error = (() => {
      try {
        openText(randomBytes(32), sealed, place);
      } catch (e) {
        return e as Error;
      }
    })();
    expect(`${error?.message} ${error?.stack} ${JSON.stringify(error?.cause)}`).not.toMatch(/Jane|Synthetic/);
  });
});

describe("a wrapped data key", () => {
  const master = masterKey(randomBytes(32).toString("hex"));
  it("opens for its subject under its master key alone", () => {
    const [subject, other, dataKey] = [randomUUID(), randomUUID(), randomBytes(32)];
    const wrapped = wrapKey(master, subject, dataKey);
    expect(wrapped).toMatch(/^v1\.[A-Za-z0-9+/]{80}$/);
    expect(unwrapKey(master, subject, wrapped)).toEqual(dataKey);
    expect(() => unwrapKey(master, other, wrapped)).toThrow(refused);
    expect(() => unwrapKey(masterKey(randomBytes(32).toString("hex")), subject, wrapped)).toThrow(refused);
  });
  it("is named by its bytes", () => {
    const hex = randomBytes(32).toString("hex");
    expect(masterKey(hex).id).toBe(masterKey(hex.toUpperCase()).id);
    expect(masterKey(hex).id).toMatch(/^mk-[0-9a-f]{16}$/);
    expect(masterKey(hex).id).not.toContain(hex.slice(0, 16));
    expect(() => masterKey("00")).toThrow(expect.objectContaining({ code: "EG400" }));
  });
});
