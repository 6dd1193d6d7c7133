// What a message says, and what follows from an attempt: delivered, tried again later, or never. Pure.
import type { Outcome } from "@evergreen-fund/webhooks";
import { chanceOf, nextAttemptMs } from "@evergreen-fund/webhooks/retries.ts";
import type { Sent } from "../../webhooks.ts";
import type { DueDelivery } from "./facts.ts";

/** Thin on purpose: the receiver reads the rest through the API, under its own rights. */
export const bodyOf = ({ type, recordedAt, eventId, fund }: DueDelivery): string =>
  JSON.stringify({ type, timestamp: recordedAt, data: { event_id: eventId, fund } });

export interface Recorded extends Record<string, unknown> {
  delivery_id: string;
  outcome: Outcome["kind"] | "withheld";
  status?: number;
  reason?: string;
  next_ms?: number;
  code?: string;
  ms?: number;
  ago_ms?: number;
}

/** Words that a row may hold: no address, nothing that a receiver said. */
const codeOf = (reason: string): string =>
  reason
    .toLowerCase()
    .replace(/^the address of the webhook is refused: /, "")
    .replace(/[^a-z0-9 ]+/g, "")
    .trim()
    .slice(0, 60) || "refused";

/** What is recorded of one attempt. `null`: the owner may not read the event any more, and nothing was sent. */
export function recordOf({ delivery, outcome, ms, agoMs }: Sent): Recorded {
  const { deliveryId: delivery_id, attempts } = delivery;
  if (outcome === null) return { delivery_id, outcome: "withheld", reason: "not for its owner" };
  const what = {
    ...("status" in outcome && outcome.status !== undefined ? { status: outcome.status } : {}),
    ...("code" in outcome && outcome.code !== undefined ? { code: outcome.code } : {}),
    ms,
    ago_ms: agoMs,
  };
  if (outcome.kind === "refused") return { delivery_id, outcome: "refused", ...what, reason: codeOf(outcome.reason) };
  if (outcome.kind !== "later") return { delivery_id, outcome: outcome.kind, ...what };
  const next = nextAttemptMs(attempts + 1, chanceOf(delivery_id, attempts), outcome.afterMs);
  return {
    delivery_id,
    outcome: "later",
    ...what,
    reason: codeOf(outcome.reason),
    ...(next === null ? {} : { next_ms: next }),
  };
}
