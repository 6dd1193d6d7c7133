// One attempt to deliver one message: signed, to a checked address, without following anybody anywhere, and what came of it.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { checkedLookup, endpointUrl } from "./address.ts";
import { type Message, signedHeaders } from "./signature.ts";

/** Receivers answer within this, or are asked again later. */
export const ANSWER_MS = 15_000;

/**
 * `delivered`: the receiver has it · `later`: try again, not before `afterMs` where the receiver said so · `gone`: it wants nothing more (410) ·
 * `refused`: this address will not do, until a person changes it. `code`: of what broke on the way, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`.
 */
export type Outcome =
  | { kind: "delivered"; status: number }
  | { kind: "later"; reason: string; status?: number; afterMs?: number; code?: string }
  | { kind: "gone"; status: 410 }
  | { kind: "refused"; reason: string; status?: number; code?: string };

export interface Attempt {
  url: string;
  message: Message;
  /** All that are valid now. */
  secrets: readonly string[];
  /** Also addresses inside a network, and http. */
  allowPrivate?: boolean;
  answerMs?: number;
  lookup?: LookupFunction;
}

/** Never throws for what a receiver does. Errors: EG400 for a message or secret that cannot be signed. */
export async function sendWebhook(attempt: Attempt): Promise<Outcome> {
  const { url: text, message, secrets, allowPrivate = false, answerMs = ANSWER_MS } = attempt;
  const signed = signedHeaders(message, secrets);
  let url: URL;
  try {
    url = endpointUrl(text, allowPrivate);
  } catch (error) {
    return { kind: "refused", reason: reasonOf(error), code: brokenBy(error) };
  }
  return new Promise((resolve) => {
    const ask = url.protocol === "https:" ? httpsRequest : httpRequest;
    const body = Buffer.from(message.body, "utf8");
    const sent = ask(
      url,
      {
        method: "POST",
        // a connection of its own: one that is kept open was checked for somebody else
        agent: false,
        lookup: checkedLookup(allowPrivate, attempt.lookup),
        headers: {
          ...signed,
          "content-type": "application/json",
          "content-length": body.length,
          "user-agent": "Evergreen-Webhooks/1",
        },
      },
      (answer) => {
        // what a receiver says beside its status is of no interest, however long it is
        answer.destroy();
        end(outcomeOf(answer.statusCode ?? 0, answer.headers["retry-after"]));
      },
    );
    const late = setTimeout(() => sent.destroy(new Error("late")), answerMs);
    const end = (outcome: Outcome): void => {
      clearTimeout(late);
      resolve(outcome);
    };
    sent.on("error", (error) =>
      end(
        error instanceof EvergreenError
          ? { kind: "refused", reason: error.message, code: brokenBy(error) }
          : error.message === "late"
            ? { kind: "later", reason: "no answer in time", code: "ETIMEDOUT" }
            : { kind: "later", reason: "no connection", code: brokenBy(error) },
      ),
    );
    sent.end(body);
  });
}

const LONGEST_WISH_MS = 24 * 3_600_000;

/** What a status means: https://www.standardwebhooks.com. A redirect is not followed: it would lead past the check of the address. */
export function outcomeOf(status: number, retryAfter?: string): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered", status };
  if (status === 410) return { kind: "gone", status };
  if (status >= 300 && status < 400)
    return { kind: "refused", status, reason: "it redirects; give the address it leads to" };
  const seconds = /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  return {
    kind: "later",
    status,
    reason: `status ${status}`,
    ...(seconds === undefined ? {} : { afterMs: Math.min(seconds * 1_000, LONGEST_WISH_MS) }),
  };
}

const reasonOf = (error: unknown): string => (error instanceof EvergreenError ? error.message : "it cannot be used");

/** The code of an error of ours or of the system: a name in capitals, never what a receiver said. */
function brokenBy(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : "UNKNOWN";
}
