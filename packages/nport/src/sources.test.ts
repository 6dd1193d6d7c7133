// Where a filing may come from: paths, URLs, streams cut anywhere; `onHolding`; files that are not there and streams that break.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Filing } from "./filing.ts";
import { readFiling } from "./read-filing.ts";
import { syntheticXml } from "./synthetic-filing.ts";
import { changed, read, refusal } from "./test-documents.ts";

const document = syntheticXml({ seed: 7, holdings: 3, mix: { bond: 1 } });

describe("files and streams", { timeout: 60_000 }, () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "nport-"));
    await writeFile(join(folder, "a.xml"), document);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("reads a path, a file URL, bytes and text alike", async () => {
    const readings: Filing[] = [
      await readFiling(join(folder, "a.xml")),
      await readFiling(pathToFileURL(join(folder, "a.xml"))),
      await read(document),
      await readFiling(Readable.from([document])),
    ];
    for (const reading of readings) expect(reading).toEqual(readings[0]);
    expect(readings[0]?.source).toEqual({
      bytes: Buffer.byteLength(document),
      sha256: createHash("sha256").update(document).digest("hex"),
    });
  });

  it("does not depend on how the stream is cut, also within a character", async () => {
    const strange = changed(document, "Synthetic Municipal Bond 0001", "Sÿnthétic 債券 🏛 &amp; <![CDATA[<b>]]>");
    const bytes = Buffer.from(`\ufeff${strange.replaceAll("\n", "\r\n")}`);
    const whole = await read(bytes);
    expect(whole.holdings[0]?.title).toBe("Sÿnthétic 債券 🏛 & <b>");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }), async (sizes) => {
        const pieces: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(await readFiling(Readable.from(pieces))).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it("hands holdings over one at a time and waits for each", async () => {
    const seen: string[] = [];
    let busy = 0;
    const filing = await read(document, {
      onHolding: async (holding) => {
        busy += 1;
        expect(busy).toBe(1);
        await new Promise((done) => setImmediate(done));
        busy -= 1;
        seen.push(holding.title ?? "");
      },
    });
    expect(seen).toEqual([
      "Synthetic Municipal Bond 0001",
      "Synthetic Municipal Bond 0002",
      "Synthetic Municipal Bond 0003",
    ]);
    expect(filing).toMatchObject({ holdings: [], holdingCount: 3 });
  });

  it("says when there is no file, and nothing of the path", async () => {
    const error = await refusal(readFiling(join(folder, "secret-name.xml")));
    expect(error).toMatchObject({ code: "EG404" });
    expect(error.message).not.toContain("secret-name");
    expect(await refusal(readFiling(folder))).toMatchObject({
      code: "EG400",
      message: expect.stringContaining("EISDIR"),
    });
  });

  it("passes on a stream that breaks, and closes one it refuses", async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error("cable"));
      },
    });
    expect(await refusal(readFiling(broken))).toMatchObject({
      code: "EG400",
      message: expect.stringContaining("could not be read"),
    });
    const refused = Readable.from([Buffer.from("<html>"), Buffer.from("never")]);
    await refusal(readFiling(refused));
    expect(refused.destroyed).toBe(true);
    expect(await refusal(readFiling(Readable.from([{}])))).toMatchObject({ code: "EG400" });
  });
});
