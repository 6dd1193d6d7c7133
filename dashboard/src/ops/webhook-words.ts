// What the states of webhooks and of their deliveries mean, and which step is safe next: for people who do not run the receiver. Pure.
import type { WebhookEndpoint, Webhooks, WebhookTry } from "@evergreen-fund/domain/webhook-pages.ts";
import { time } from "../words/format.ts";

type Endpoint = Pick<WebhookEndpoint, "status" | "reason" | "failing_since" | "given_up" | "pending">;
type Delivery = Pick<Webhooks["deliveries"][number], "status" | "attempts" | "next_at" | "last_status" | "last_reason">;

const STOPPED: Readonly<Record<string, string>> = {
  people: "Paused by a person",
  failing: "Stopped: every attempt has failed for days",
  refused: "Stopped: its address cannot be used",
  gone: "Ended by the receiver, which answered that it wants nothing more (410)",
};

export function endpointState({ status, reason, failing_since }: Endpoint): string {
  if (status === "active") return failing_since === null ? "Active" : `Active, failing since ${time(failing_since)}`;
  return STOPPED[reason ?? ""] ?? (status === "gone" ? (STOPPED.gone as string) : "Paused");
}

/** The step that is safe, in words. */
export function endpointStep({ status, reason, failing_since, given_up, pending }: Endpoint): string {
  if (status === "active") {
    if (failing_since !== null)
      return "Ask who runs the receiver. Attempts go on by themselves, and what it has already taken is not taken twice.";
    if (given_up > 0)
      return "Some messages were given up. When the receiver is mended, send them again: each keeps its id, so that none counts twice.";
    return "None: it is told by itself.";
  }
  const waiting = pending === 0 ? "nothing has waited" : `${pending} have waited and go first`;
  switch (reason) {
    case "people":
      return `Resume it when its receiver is ready; ${waiting}.`;
    case "refused":
      return "The address leads elsewhere or into a network. Its owner adds the right one on the command line; then remove this one.";
    case "gone":
      return "Ask its owner whether it is still wanted. If it is, begin from now; if not, remove it.";
    default:
      return `Ask who runs the receiver. When it answers again, resume it; ${waiting}. Where that is too late, begin from now.`;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  "no connection": "nobody answered at the address",
  "no answer in time": "the receiver did not answer in time",
  skipped: "somebody began from now, or removed the webhook",
  gone: "the receiver wants nothing more",
  "not for its owner": "its owner may no longer read the event",
};

/** What the receiver answered last, in words. */
export function lastAnswer({ last_status, last_reason }: Delivery): string {
  if (last_reason !== null && REASONS[last_reason] !== undefined) return REASONS[last_reason];
  if (last_status !== null) return `the receiver answered ${last_status}`;
  return last_reason ?? "nothing yet";
}

/** What came of one attempt, in words. */
export function tryOutcome({ outcome, status, code }: Pick<WebhookTry, "outcome" | "status" | "code">): string {
  switch (outcome) {
    case "delivered":
      return "taken";
    case "gone":
      return "the receiver wants nothing more";
    case "refused":
      return status === null ? "not sent: its address cannot be used" : "not followed: it leads to another address";
    case "later":
      if (status !== null) return "the receiver could not take it";
      return code === "ETIMEDOUT" ? "no answer in time" : "nobody answered at the address";
  }
}

export function deliveryState({ status, attempts, next_at }: Delivery, isActive: boolean): string {
  switch (status) {
    case "delivered":
      return "Delivered";
    case "pending":
      if (!isActive) return "Waits until the receiver is resumed";
      return attempts === 0 ? "On its way" : `Tried again at ${time(next_at)}`;
    case "dead":
      return "Given up";
    case "withheld":
      return "Withheld";
  }
}

export type Change = "pause" | "resume" | "skip" | "remove";
/** What may be asked of an endpoint, each with what it brings about. */
export const CHANGES: Readonly<Record<Change, { button: string; sure: string; says: string }>> = {
  pause: {
    button: "Pause",
    sure: "Yes, pause it",
    says: "It is sent nothing until it is resumed; what happens meanwhile waits.",
  },
  resume: { button: "Resume", sure: "Yes, resume it", says: "It is sent events again, first what has waited." },
  skip: {
    button: "Begin from now",
    sure: "Yes, begin from now",
    says: "It is sent events again from now on; what has waited is never sent.",
  },
  remove: {
    button: "Remove",
    sure: "Yes, remove it",
    says: "It ends, and its secrets are destroyed. What it was sent stays on record. This cannot be taken back.",
  },
};
export const changesOf = ({ status }: Pick<Endpoint, "status">): readonly Change[] =>
  status === "active" ? ["pause", "remove"] : ["resume", "skip", "remove"];
