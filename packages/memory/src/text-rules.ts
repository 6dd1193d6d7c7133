// What words may enter a memory. References carry the facts; the words may hold no person's data and no amount of money.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { TEXT_MAX_BYTES } from "./schema.ts";

/** Says why a text may not be remembered (a sentence without the text itself), or undefined when it may. */
export type TextCheck = (text: string) => string | undefined;

const CODES = "EUR|USD|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|PLN|CZK|HKD|SGD|CNY|INR";
const RULES: readonly { pattern: RegExp; refusal: string }[] = [
  {
    pattern: /[^\s@<>]+@[^\s@<>]+\.[a-z]{2,}/i,
    refusal: "A memory holds no e-mail address; refer to the investor by id.",
  },
  {
    pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/,
    refusal: "A memory holds no account number; refer to the row by id.",
  },
  {
    pattern: new RegExp(
      `(?:\\b(?:${CODES})|[€$£¥])\\s?\\d|\\d[\\d.,'’ ]*\\s?(?:(?:k|m|bn|million|billion)\\s?)?(?:\\b(?:${CODES})\\b|[€$£¥])`,
      "i",
    ),
    refusal: "A memory holds no amount of money; refer to the row instead.",
  },
];

const folded = (text: string): string => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");

/** The default check: e-mail addresses, account numbers, amounts with a currency, and whatever values the caller names (canaries, known names). */
export function personalDataCheck(forbidden: readonly string[] = []): TextCheck {
  const words = forbidden.filter((word) => word.trim() !== "").map(folded);
  return (text) => {
    const plain = folded(text);
    if (words.some((word) => plain.includes(word))) return "The text holds a value that may not be remembered.";
    const whole = text.normalize("NFKC");
    return RULES.find(({ pattern }) => pattern.test(whole))?.refusal;
  };
}

/** Well-formed and printable: control, format and lone surrogate characters go, a tab becomes a blank, line breaks stay. */
export const plainText = (text: string): string =>
  text
    .replace(/\r\n?/g, "\n")
    .replaceAll("\t", " ")
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/gu, "")
    .normalize("NFC")
    .trim();

export const bytesOf = (text: string): number => Buffer.byteLength(text, "utf8");

/** The longest start of a text within `max` bytes that cuts no character. */
export function cutTo(text: string, max: number): string {
  if (bytesOf(text) <= max) return text;
  return Buffer.from(text, "utf8")
    .subarray(0, max)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
}

/**
 * The text as it may be remembered.
 * @throws EvergreenError EG400 when it is empty or the check refuses it, EG413 when it is longer than 4096 bytes.
 */
export function rememberable(text: string, check: TextCheck): string {
  const plain = plainText(text);
  if (plain === "") throw new EvergreenError("EG400", "A memory needs words.");
  if (bytesOf(plain) > TEXT_MAX_BYTES) {
    throw new EvergreenError("EG413", `A memory has at most ${TEXT_MAX_BYTES} bytes; keep the rows and refer to them.`);
  }
  const refusal = check(plain);
  if (refusal !== undefined) throw new EvergreenError("EG400", refusal);
  return plain;
}
