// Chance for the demo fund: every draw is a hash of the seed and the name of what is drawn, so that it is the same on every machine
// and in every order. No clock, no Math.random.
import { createHash } from "node:crypto";
import { DEMO_SEED } from "./terms.ts";

const digest = (name: string): Buffer => createHash("sha256").update(`${DEMO_SEED}/${name}`).digest();

/** Whole number from `low` to `high` inclusive; the range is far below 2^48, so the remainder's bias does not show. */
export function between(name: string, low: number, high: number): number {
  return low + (digest(name).readUIntBE(0, 6) % (high - low + 1));
}

/** As `between`, with small numbers more frequent: the smaller of two draws. */
export const mostlySmall = (name: string, low: number, high: number): number =>
  Math.min(between(`${name}/1`, low, high), between(`${name}/2`, low, high));

/** True in about `perMille` of 1,000 cases. */
export const happens = (name: string, perMille: number): boolean => between(name, 1, 1000) <= perMille;

/** A bell-shaped whole number with mean 0 and standard deviation `deviation`, never beyond 6 of them: the sum of twelve equal chances. */
export function bell(name: string, deviation: number): number {
  const bytes = digest(name);
  let sum = -6 * 65_535;
  for (let draw = 0; draw < 12; draw += 1) sum += bytes.readUInt16BE(2 * draw);
  return Math.trunc((sum * deviation) / 65_536);
}

/** A stable uuid (version 8, RFC 9562) for a generated row. */
export function uuidOf(name: string): string {
  const bytes = digest(`uuid/${name}`).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
