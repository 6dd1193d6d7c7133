// Canaries: values that stand for personal data, and a search that finds one however it is spelled: raw, hex, base64 in any alignment, URL, JSON, gzip.
import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";

/** A word that stands nowhere else. */
export const canary = (name: string): string => `${name}${randomBytes(6).toString("hex")}`;

/** Base64 depends on what stands before it: the middle of each alignment is looked for. */
export function spellings(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const base64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const middle = text.slice(shift === 0 ? 0 : 4, -2);
    return [middle, middle.replaceAll("+", "-").replaceAll("/", "_")];
  });
  return [
    ...new Set([
      value,
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      value.toLowerCase(),
      value.toUpperCase(),
      ...base64,
    ]),
  ].filter((text) => text.length >= 8);
}

/** Names of the canaries that stand in it, in whatever spelling; what is gzip inside is opened. */
export function canariesIn(haystack: Buffer | string, canaries: Readonly<Record<string, string>>): string[] {
  const whole = Buffer.isBuffer(haystack) ? haystack : Buffer.from(haystack, "utf8");
  const parts = [whole, ...gzipsIn(whole)];
  return Object.entries(canaries)
    .filter(([, value]) => spellings(value).some((text) => parts.some((part) => part.includes(text))))
    .map(([name]) => name);
}

function gzipsIn(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  const magic = Buffer.from([0x1f, 0x8b, 0x08]);
  for (let at = bytes.indexOf(magic); at >= 0 && found.length < 200; at = bytes.indexOf(magic, at + 1)) {
    try {
      found.push(gunzipSync(bytes.subarray(at)));
    } catch {
      // three bytes that only look like it
    }
  }
  return found;
}
