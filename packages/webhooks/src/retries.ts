// When a message is tried again: soon at first, then over three days, each time a little off, so that many do not come at once.
import { createHash } from "node:crypto";

/** Waits after each failed attempt, in seconds. After the last one the message is a dead letter, for people. */
export const WAITS_SECONDS: readonly number[] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const JITTER = 0.2;

/**
 * Milliseconds until the next attempt after `failed` of them, or null when there is none. `chance` from 0 up to 1 comes from the caller, because a
 * workflow has its own; `atLeastMs` is what the receiver asked for.
 */
export function nextAttemptMs(failed: number, chance: number, atLeastMs = 0): number | null {
  const wait = WAITS_SECONDS[failed - 1];
  return wait === undefined ? null : Math.max(Math.round(wait * 1_000 * (1 - JITTER + 2 * JITTER * chance)), atLeastMs);
}

/** From 0 up to 1, of its own for every attempt of a delivery, and the same when an attempt is judged again. */
export const chanceOf = (deliveryId: string, attempts: number): number =>
  createHash("sha256").update(`${deliveryId}/${attempts}`).digest().readUInt32BE(0) / 2 ** 32;
