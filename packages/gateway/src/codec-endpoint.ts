// The codec endpoint of the Temporal UI: lets a signed-in PM, ops or auditor read the payloads of a run in the browser.
// The codec itself is injected; this file knows only Temporal's remote-codec JSON.
import type { Context } from "hono";

export interface Payload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/** What decrypts and encrypts: the codec of packages/agent-kit, or another. */
export interface PayloadDoor {
  encode(payloads: Payload[]): Promise<Payload[]>;
  decode(payloads: Payload[]): Promise<Payload[]>;
}

interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

/** Roles that may see what a workflow was given and what it answered. */
export const CODEC_ROLES: readonly string[] = ["pm_role", "ops_role", "audit_role"];

/** Answers one encode or decode request that has already been authorized. 400 when it cannot be read or was tampered with. */
export async function answerCodec(context: Context, door: PayloadDoor, verb: "encode" | "decode"): Promise<Response> {
  try {
    const body = (await context.req.json()) as { payloads?: JsonPayload[] };
    if (!Array.isArray(body.payloads)) throw new TypeError("payloads is not a list");
    const answer = await door[verb](body.payloads.map(fromJson));
    return context.json({ payloads: answer.map(toJson) });
  } catch {
    return context.json({ message: `The payloads cannot be ${verb}d.` }, 400);
  }
}

function fromJson({ metadata, data }: JsonPayload): Payload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, bytes(value)])),
    data: bytes(data ?? ""),
  };
}

function toJson({ metadata, data }: Payload): JsonPayload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)])),
    data: base64(data ?? new Uint8Array()),
  };
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const base64 = (value: Uint8Array): string => Buffer.from(value).toString("base64");
