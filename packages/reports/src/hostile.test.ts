// Titles, reasons, names and notes come from files and rows: none of them becomes markup, a link, a table cell more, or a control character.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { morningReport } from "./morning-report.ts";
import { OUTCOMES, outcomeOf, RUN } from "./test-run.ts";

const HOSTILE = 'a|b <img src=x onerror=alert(1)> [x](javascript:alert(1)) `c` \u001b[31m\u202e\n# head & "q"';
const rowOf = (text: string) => ({
  ...OUTCOMES[0]!,
  title: text,
  outcome: outcomeOf("ok", "40.00", {
    title: text,
    notes: [text],
    byAsset: outcomeOf("ok", "40.00").byAsset.map((asset) => ({ ...asset, name: text })),
    tests: [{ test: text, passed: null, reason: text }],
  }),
});

/** Cells of every line of a table: bars that are not escaped. */
const barsOf = (line: string): number => line.match(/(?<!\\)(?:\\\\)*\|/g)?.length ?? 0;

describe("what a row says", () => {
  it("stays text", async () => {
    const { markdown, svgs } = await morningReport({ ...RUN, reason: HOSTILE }, [
      rowOf(HOSTILE),
      { ...OUTCOMES[3]!, reason: HOSTILE, scenarioId: HOSTILE },
    ]);
    expect(markdown).not.toMatch(/(?<!\\)<|(?<![\\!])\[|\n# head/);
    for (const { svg } of svgs) expect(svg).not.toMatch(/<img/);
    for (const control of ["\u001b", "\u202e"])
      for (const text of [markdown, ...svgs.map(({ svg }) => svg)]) expect(text).not.toContain(control);
  });

  it("never adds a cell or a line to a table, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (text) => {
        const [plain, strange] = await Promise.all([
          morningReport(RUN, [rowOf("x")]),
          morningReport(RUN, [rowOf(text)]),
        ]);
        const shape = (markdown: string): number[] =>
          markdown
            .split("\n")
            .map(barsOf)
            .filter((bars) => bars > 1);
        expect(shape(strange.markdown)).toEqual(shape(plain.markdown));
        expect(strange.pdf.length).toBeGreaterThan(1000);
      }),
      { numRuns: 25 },
    );
  });
});
