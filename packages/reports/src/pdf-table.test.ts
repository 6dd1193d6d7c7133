// Tables on paper: no figure is cut, nothing of a text is lost while it wraps, and every column stands inside the page.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layout, wrapped } from "./pdf-table.ts";

/** Every letter is one point wide. */
const letters = (text: string): number => text.length;

describe("a cell in lines", () => {
  it.each([
    ["one two three", 7, ["one two", "three"]],
    ["one", 7, ["one"]],
    ["", 7, [""]],
    ["abcdefghij", 4, ["abcd", "efgh", "ij"]],
    ["single_payment_at_duration", 20, ["single_payment_at_", "duration"]],
    ["a bcdefgh", 4, ["a", "bcde", "fgh"]],
  ])("%s in %i", (text, width, lines) => {
    expect(wrapped(text, width, letters)).toEqual(lines);
  });
  it("loses nothing and is never wider, but for the rest of more than twelve lines", () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 3, max: 60 }),
        (words, width) => {
          const lines = wrapped(words.join(" "), width, letters);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
          if (lines.at(-1) === "…") expect(lines).toHaveLength(12);
          else expect(lines.join("").replaceAll(" ", "")).toBe(words.join(""));
        },
      ),
    );
  });
});

describe("columns of a page", () => {
  const column = fc.record({
    figure: fc.boolean(),
    full: fc.double({ min: 0, max: 60, noNaN: true }),
    word: fc.double({ min: 0, max: 8, noNaN: true }),
  });
  it("stand inside it, and a figure has its width at every size but where the smallest does not fit", () => {
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 12 }), (columns) => {
        const { size, widths } = layout(columns, 515);
        expect(widths.reduce((all, one) => all + one, 0)).toBeLessThanOrEqual(515.001);
        const fits = columns.every(({ figure, full }, at) => !figure || widths[at]! >= full * size);
        expect(fits || size === 5).toBe(true);
      }),
    );
  });
  it("has the ten columns of the overview with seven-digit amounts at full width", () => {
    // widths in letters of about half their height: twelve of "1,297,500.00" are 6
    const amounts = { figure: true, full: 6, word: 3 };
    const words = { figure: false, full: 14, word: 4.5 };
    const { size, widths } = layout(
      [words, amounts, amounts, amounts, amounts, words, amounts, words, amounts, amounts],
      515,
    );
    expect(size).toBeGreaterThanOrEqual(6);
    expect(widths[1]).toBeGreaterThanOrEqual(6 * size);
  });
});
