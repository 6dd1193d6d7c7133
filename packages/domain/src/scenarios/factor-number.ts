// A number of a scenario: a plain decimal that a double holds without loss, kept as text, so that exact and fast arithmetic read the same. zod only.
import { z } from "zod";

const DIGITS = 15;
const DECIMALS = 12;
export const NUMBER_WORDS = `a plain number such as 0.05, of at most ${DIGITS} digits, ${DECIMALS} of them decimals`;

/**
 * The one way to write a number: no exponent, no needless zeros, no "-0"; 0.10 and "0.1" are both "0.1". Undefined when it is no number, or
 * has more than 15 significant digits or 12 decimals: within these a decimal text and a double stand for each other without loss.
 */
export function decimalText(value: unknown): string | undefined {
  const raw = typeof value === "number" ? plainText(value) : typeof value === "string" ? value : undefined;
  const match = raw === undefined || raw.length > 40 ? null : /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(raw);
  if (match === null) return undefined;
  const whole = (match[2] as string).replace(/^0+(?=\d)/, "");
  const part = (match[3] ?? "").replace(/0+$/, "");
  if (part.length > DECIMALS || `${whole}${part}`.replace(/^0+/, "").length > DIGITS) return undefined;
  const size = part === "" ? whole : `${whole}.${part}`;
  return match[1] === "-" && size !== "0" ? `-${size}` : size;
}

/** A double as JavaScript prints it, without an exponent. */
function plainText(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const text = String(value);
  if (!text.includes("e")) return text;
  return Math.abs(value) < 1 && Number(value.toFixed(DECIMALS)) === value ? value.toFixed(DECIMALS) : undefined;
}

/** Reads a number or its text; gives the canonical text. */
export const FactorNumber = z
  .union([z.number(), z.string()], { error: `expected ${NUMBER_WORDS}` })
  .transform((value, ctx) => {
    const text = decimalText(value);
    if (text !== undefined) return text;
    ctx.addIssue({ code: "custom", message: `expected ${NUMBER_WORDS}` });
    return z.NEVER;
  });
export type FactorNumber = z.output<typeof FactorNumber>;
