// Payload encryption: what goes in comes out, nothing readable is in between, and a changed byte or another key fails loudly.
import { randomBytes } from "node:crypto";
import { defaultPayloadConverter, type Payload } from "@temporalio/common";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AesGcmCodec, MAX_PAYLOAD_BYTES } from "./codec.ts";

const key = Buffer.alloc(32, 7);
const codec = new AesGcmCodec(key);
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const sealed = async (value: unknown): Promise<Payload> => (await codec.encode([payload(value)]))[0]!;
const opened = async (one: Payload, by = codec): Promise<unknown> =>
  defaultPayloadConverter.fromPayload((await by.decode([one]))[0]!);

describe("a payload", () => {
  it("comes out as it went in, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(JSON.stringify(await opened(await sealed(value)))).toBe(JSON.stringify(value));
      }),
    );
  });
  it("keeps bytes and metadata of any kind", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 500 }),
        fc.dictionary(fc.string(), fc.uint8Array({ maxLength: 40 })),
        async (data, metadata) => {
          const [back] = await codec.decode(await codec.encode([{ data, metadata }]));
          expect(Buffer.from(back!.data!).equals(Buffer.from(data))).toBe(true);
          expect(Object.keys(back!.metadata!).sort()).toEqual(Object.keys(metadata).sort());
          for (const [name, bytes] of Object.entries(metadata))
            expect(Buffer.from(back!.metadata![name]!).equals(Buffer.from(bytes))).toBe(true);
        },
      ),
    );
  });
  it("shows nothing of what it holds", async () => {
    const one = await sealed({ secret: "canary-4711" });
    const seen = Buffer.concat([
      Buffer.from(one.data!),
      ...Object.values(one.metadata!).map((value) => Buffer.from(value)),
    ]).toString("latin1");
    for (const form of [
      "canary-4711",
      Buffer.from("canary-4711").toString("base64").slice(0, 12),
      "secret",
      "json/plain",
    ])
      expect(seen).not.toContain(form);
  });
  it("looks different every time", async () => {
    expect(Buffer.from((await sealed("same")).data!).equals(Buffer.from((await sealed("same")).data!))).toBe(false);
  });
  it("that was not encrypted passes through: what was written before keeps being read", async () => {
    const plain = payload({ a: 1 });
    expect(await codec.decode([plain])).toEqual([plain]);
  });
});

describe("a payload that somebody touched", () => {
  it("is refused, whichever byte it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (where, flip) => {
        const one = await sealed({ status: "approved" });
        const data = Buffer.from(one.data!);
        data[where % data.length]! ^= flip;
        await expect(codec.decode([{ ...one, data }])).rejects.toThrow();
      }),
    );
  });
  it("is refused when it was cut short", async () => {
    const one = await sealed("x");
    for (const length of [0, 5, 12, 27, one.data!.length - 1])
      await expect(codec.decode([{ ...one, data: one.data!.subarray(0, length) }])).rejects.toThrow();
  });
  it("is refused under another key, also one that differs in a bit", async () => {
    const other = Buffer.from(key);
    other[31]! ^= 1;
    const one = await sealed("x");
    for (const wrong of [other, randomBytes(32)]) await expect(new AesGcmCodec(wrong).decode([one])).rejects.toThrow();
    expect(await opened(one, new AesGcmCodec(Buffer.from(key)))).toBe("x");
  });
});

describe("sizes", () => {
  it("a key has 32 bytes", () => {
    for (const length of [0, 16, 31, 33]) expect(() => new AesGcmCodec(Buffer.alloc(length))).toThrow("32 bytes");
  });
  it("what is larger than 64 KB is refused before it reaches the server, what is just below is not", async () => {
    await expect(codec.encode([payload("x".repeat(MAX_PAYLOAD_BYTES * 2))])).rejects.toThrow("64 KB");
    await expect(codec.encode([payload("x".repeat(MAX_PAYLOAD_BYTES + 1))])).rejects.toThrow("64 KB");
    expect(await opened(await sealed("x".repeat(MAX_PAYLOAD_BYTES - 100)))).toHaveLength(MAX_PAYLOAD_BYTES - 100);
  });
});
