// What text rules promises, case by case.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TEXT_MAX_BYTES } from "./schema.ts";
import { bytesOf, cutTo, personalDataCheck, plainText, rememberable } from "./text-rules.ts";

describe("words that may not be remembered", () => {
  const check = personalDataCheck(["Jane Doe", "canary-7"]);
  it.each([
    "Ask jane.doe@example.org about it",
    "Paid to DE89 3704 0044 0532 0130 00",
    "Paid to DE89370400440532013000",
    "The order was EUR 1,234,567.89",
    "The order was 1.234.567,89 €",
    "The order was $5m",
    "The order was 5 million USD",
    "jane doe asked",
    "Jane\n Doe asked",
    "ＪＡＮＥ ＤＯＥ asked",
    "see CANARY-7",
  ])("%s", (text) => {
    expect(() => rememberable(text, check)).toThrow(expect.objectContaining({ code: "EG400" }));
  });

  it("the refusal repeats no word of the text", () => {
    for (const text of ["Ask jane.doe@example.org", "Jane Doe asked", "EUR 1,234,567.89"]) {
      expect(check(text)).toBeDefined();
      expect(check(text)).not.toMatch(/jane|doe|1,234/i);
    }
  });

  it.each([
    "Redemptions rose 12 % after rates moved 200 bp; the gate of 2026-09-30 held and 3 of 41 assets were sold.",
    "Class A USD share class was rebalanced by 40 trades.",
    "The 5 assets of fund KY1 stayed inside their bands: eur hedged, usd not.",
  ])("but: %s", (text) => {
    expect(rememberable(text, check)).toBe(text);
  });

  it("hidden characters do not hide a forbidden value", () => {
    expect(() => rememberable("Ja\u200bne\u0000 D\u202eoe", check)).toThrow(expect.objectContaining({ code: "EG400" }));
  });

  it("a text of another check is judged by it", () => {
    expect(() => rememberable("fine", () => "No words today.")).toThrow("No words today.");
    expect(rememberable("jane@example.org", () => undefined)).toBe("jane@example.org");
  });
});

describe("plain text", () => {
  it("has no control, format or broken characters, and keeps lines", () => {
    expect(plainText("a\u0000b\u001b[2J\tc\r\nd\u202ee\ud800f\u00ad \n")).toBe("ab[2J c\ndef");
  });

  it("is stable, well-formed and harmless whatever comes in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const plain = plainText(text);
        expect(plainText(plain)).toBe(plain);
        expect(plain).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u);
      }),
    );
  });

  it("is refused when nothing is left of it, and when it is over 4096 bytes", () => {
    const allow = (): undefined => undefined;
    expect(() => rememberable(" \u200b\u0000 ", allow)).toThrow(expect.objectContaining({ code: "EG400" }));
    expect(() => rememberable("é".repeat(TEXT_MAX_BYTES / 2 + 1), allow)).toThrow(
      expect.objectContaining({ code: "EG413" }),
    );
    expect(bytesOf(rememberable("é".repeat(TEXT_MAX_BYTES / 2), allow))).toBe(TEXT_MAX_BYTES);
  });

  it("is cut between characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-composite" }), fc.integer({ min: 4, max: 40 }), (text, max) => {
        const clean = plainText(text).replaceAll("\ufffd", "");
        const cut = cutTo(clean, max);
        expect(bytesOf(cut)).toBeLessThanOrEqual(max);
        expect(clean.startsWith(cut)).toBe(true);
        expect(bytesOf(clean) <= max ? cut === clean : bytesOf(cut) > max - 4).toBe(true);
      }),
    );
  });
});
