// Codes of an authenticator by RFC 6238: HMAC-SHA-1, six digits, a new one every thirty seconds. Pure: the time comes in.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const PERIOD_S = 30;
export const DIGITS = 6;
/** As long as the hash, as RFC 4226 asks for. */
const SECRET_BYTES = 20;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export const newSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** The number of the period that a moment lies in. */
export const stepAt = (nowMs: number): number => Math.floor(nowMs / 1_000 / PERIOD_S);

/** The code of one step, with leading zeros. */
export function codeOf(secret: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac("sha1", secret).update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 0xf;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

/** The step whose code this is: that of now, or of the one before or after it, for clocks that are a little off; undefined: of none of the three. */
export function stepOfCode(secret: Uint8Array, code: string, nowMs: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const now = stepAt(nowMs);
  // all three are compared, so that the time it takes says nothing; of two that are equal the earlier one, which leaves the other unused
  return [now - 1, now, now + 1].filter((step) =>
    timingSafeEqual(Buffer.from(codeOf(secret, step)), Buffer.from(code)),
  )[0];
}

/** RFC 4648 without padding, as authenticators read it. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
}

/** What an authenticator reads from the picture. */
export function keyUri(issuer: string, account: string, secret: Uint8Array): string {
  const query = new URLSearchParams({
    algorithm: "SHA1",
    digits: String(DIGITS),
    issuer,
    period: String(PERIOD_S),
    secret: base32(secret),
  });
  return `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(account)}?${query.toString().replaceAll("+", "%20")}`;
}
