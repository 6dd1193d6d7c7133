// The container of a pack: any zip program reads it, the same members are the same bytes, and whatever is moved in it is named.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { fromBuffer } from "yauzl";
import { EvidenceWriter } from "./evidence-writer.ts";
import { rawParts } from "./raw-json.ts";
import { MemorySink } from "./test-pack.ts";
import { verifyEvidence } from "./verify.ts";
import { sourceOfBytes } from "./zip-reader.ts";

const HEAD = {
  fund: { fundId: "11111111-1111-4111-8111-111111111111", code: "SYN" },
  from: "2026-01-01",
  to: "2026-01-31",
  tables: { one: "a/one.jsonl" },
};
const ROWS = ['{"id": "a", "text": "=1+1"}', '{"id": "b", "text": "\\u0000\\u001b[2J"}', '{"id": "ü", "text": "x"}'];

async function made(rows: readonly string[] = ROWS): Promise<{ pack: Uint8Array; sha256: string }> {
  const sink = new MemorySink();
  const writer = new EvidenceWriter(sink);
  await writer.rows("a/one.jsonl", ["id"], rows);
  await writer.rows("b/two.jsonl", ["id"], []);
  const { sha256 } = await writer.finish(HEAD);
  return { pack: sink.bytes, sha256 };
}

/** Names and contents as another program reads them. */
const unzipped = (pack: Uint8Array): Promise<Map<string, string>> =>
  new Promise((resolve, reject) => {
    const found = new Map<string, string>();
    fromBuffer(Buffer.from(pack), { lazyEntries: true, strictFileNames: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on("entry", (entry: { fileName: string }) =>
        zip.openReadStream(entry as never, (failed, stream) => {
          if (failed) return reject(failed);
          const parts: Buffer[] = [];
          stream.on("data", (part: Buffer) => parts.push(part));
          stream.on("end", () => {
            found.set(entry.fileName, Buffer.concat(parts).toString("utf8"));
            zip.readEntry();
          });
        }),
      );
      zip.on("end", () => resolve(found));
      zip.readEntry();
    });
  });

it("is a zip that any program reads, and always the same bytes", async () => {
  const [{ pack, sha256 }, again] = [await made(), await made()];
  expect(pack).toEqual(again.pack);
  const read = await unzipped(pack);
  expect([...read.keys()]).toEqual(["a/one.jsonl", "b/two.jsonl", "manifest.json"]);
  expect(read.get("a/one.jsonl")).toBe(`${ROWS.join("\n")}\n`);
  expect(verifyEvidence(sourceOfBytes(pack), sha256)).toMatchObject({ ok: true, rows: 3, members: 3, findings: [] });
});

it("another hash than was noted is found", async () => {
  const { pack } = await made();
  const other = await made(ROWS.slice(1));
  const verdict = verifyEvidence(sourceOfBytes(pack), other.sha256);
  expect(verdict.findings).toEqual([
    { check: "manifest", member: "manifest.json", says: expect.stringContaining("noted") },
  ]);
});

it("every single byte that is changed, taken out or put in is found", async () => {
  const { pack, sha256 } = await made();
  for (let at = 0; at < pack.length; at++) {
    const flipped = pack.slice();
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    const shorter = Buffer.concat([pack.subarray(0, at), pack.subarray(at + 1)]);
    const longer = Buffer.concat([pack.subarray(0, at), Buffer.from([120]), pack.subarray(at)]);
    for (const tampered of [flipped, shorter, longer])
      expect(verifyEvidence(sourceOfBytes(tampered), sha256).ok, `byte ${at}`).toBe(false);
  }
});

it("bytes that are no pack are refused and never thrown over", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(verifyEvidence(sourceOfBytes(bytes)).ok).toBe(false);
    }),
    { numRuns: 2_000 },
  );
  expect(verifyEvidence(sourceOfBytes(randomBytes(100_000))).ok).toBe(false);
});

it("names stand in one order only", async () => {
  const writer = new EvidenceWriter(new MemorySink());
  await writer.rows("b.jsonl", ["id"], []);
  await expect(writer.rows("a.jsonl", ["id"], [])).rejects.toThrow("is written after");
});

it("the parts of a JSON object keep their text", () => {
  expect([...rawParts('{"a": {"b": [1, "}"]}, "c": "x\\"y,", "d": 1.10}')]).toEqual([
    ["a", '{"b": [1, "}"]}'],
    ["c", '"x\\"y,"'],
    ["d", "1.10"],
  ]);
  for (const wrong of ["", "[]", '{"a": 1', '{"a": 1} x', '{"a": 1, "a": 2}']) expect(() => rawParts(wrong)).toThrow();
});
