// Signatures as Standard Webhooks writes them: HMAC-SHA256 over id, time and body, one per secret that is valid now.
import { createHmac, randomBytes } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

const PREFIX = "whsec_";
const SECRET_BYTES = 32;
/** What Standard Webhooks asks of a secret. */
const [FEWEST_BYTES, MOST_BYTES] = [24, 64];

/** A new secret: `whsec_` and 32 random bytes. */
export const newSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString("base64")}`;

/** The key in a secret. Errors: EG400 when it is not whsec_ and 24 to 64 bytes in base64. */
function keyOf(secret: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : "";
  const key = Buffer.from(text, "base64");
  if (key.toString("base64") !== text || key.length < FEWEST_BYTES || key.length > MOST_BYTES)
    throw new EvergreenError("EG400", "A webhook secret is whsec_ and 24 to 64 bytes in base64.");
  return key;
}

export interface Message {
  /** The same for every attempt, so that a receiver knows a repetition. */
  id: string;
  /** Seconds since 1970, of this attempt. */
  timestamp: number;
  /** The exact bytes that are sent, as text. */
  body: string;
}

/** The three headers of a message. While a secret is being replaced both are given, and a receiver may hold either. Errors: EG400. */
export function signedHeaders({ id, timestamp, body }: Message, secrets: readonly string[]): Record<string, string> {
  // a dot in the id would let two different messages have the same signed text
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(id) || !Number.isSafeInteger(timestamp) || secrets.length === 0)
    throw new EvergreenError("EG400", "A webhook has an id without dots, a time in whole seconds and a secret.");
  const signatures = secrets.map(
    (secret) => `v1,${createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
  );
  return { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signatures.join(" ") };
}
