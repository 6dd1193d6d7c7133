// Files broken by accident: cut off, bits changed, parts moved. Read or refused with a code and a line, never anything else.
import { EvergreenError } from "@evergreen-fund/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { syntheticXml } from "./synthetic-filing.ts";
import { read, refusal } from "./test-documents.ts";
import { toFundImport } from "./to-fund-import.ts";

const document = syntheticXml({ seed: 3, holdings: 4 });
const FIRST_HOLDING = document.indexOf("<name>", document.indexOf("<invstOrSec>"));

describe("broken by accident", { timeout: 120_000 }, () => {
  const small = Buffer.from(syntheticXml({ seed: 11, holdings: 2, derivatives: 1, liquidityClasses: true }));
  const end = small.lastIndexOf(">");

  it("is refused when cut off anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: end }), async (length) => {
        expect(await refusal(read(small.subarray(0, length)))).toMatchObject({
          code: "EG400",
          message: expect.stringMatching(/^line \d+: /),
        });
      }),
      { numRuns: 200 },
    );
    expect((await refusal(read(small.subarray(0, small.indexOf("</formData>"))))).message).toMatch(
      /cut off: it ends inside <formData>/,
    );
  });

  /** Reads and imports; anything but a result or a coded refusal fails the property. */
  async function survives(bytes: Uint8Array): Promise<boolean> {
    try {
      toFundImport(await read(bytes));
      return true;
    } catch (error) {
      if (!(error instanceof EvergreenError)) throw error;
      expect(["EG400", "EG413"]).toContain(error.code);
      return false;
    }
  }

  it("is read or refused, never worse, with any bytes changed", async () => {
    const flips = fc.array(fc.tuple(fc.nat({ max: small.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    const outcomes = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const bytes = Buffer.from(small);
        for (const [at, value] of changes) bytes[at] = value;
        outcomes.add(await survives(bytes));
      }),
      { numRuns: 400 },
    );
    expect(outcomes).toEqual(new Set([true, false]));
  });

  it("is read or refused with parts moved, doubled or taken out", async () => {
    const tokens = small.toString("utf8").split(/(?=<)/);
    const edits = fc.array(
      fc.tuple(
        fc.constantFrom("drop", "double", "swap", "text"),
        fc.nat(),
        fc.nat(),
        fc.string({ unit: "binary", maxLength: 12 }),
      ),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(edits, async (steps) => {
        const parts = [...tokens];
        for (const [edit, a, b, text] of steps) {
          const [at, to] = [a % parts.length, b % parts.length];
          const [one = "", two = ""] = [parts[at], parts[to]];
          if (edit === "drop") parts.splice(at, 1);
          if (edit === "double") parts.splice(to, 0, one);
          if (edit === "text") parts[at] = one + text;
          if (edit === "swap") [parts[at], parts[to]] = [two, one];
        }
        await survives(Buffer.from(parts.join("")));
      }),
      { numRuns: 300 },
    );
  });

  it("still tells the right line after many lines", async () => {
    const line = document.slice(0, FIRST_HOLDING).split("\n").length;
    const broken = `${document.slice(0, FIRST_HOLDING)}<lei>N/A</lei>\r\n\r\n${document.slice(FIRST_HOLDING)}`;
    expect((await refusal(read(broken))).message).toBe(
      `line ${line + 3}: a second <lei> in invstOrSec; the first is on line ${line}.`,
    );
  });
});
