// Payload encryption for Temporal: AES-256-GCM, so that its database holds no readable input, result, summary or error text.
// Workflow ids and search attributes stay clear by Temporal's design; they hold ids and codes only.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { Payload, PayloadCodec } from "@temporalio/common";

const ENCODING = "binary/evergreen-aes-256-gcm";
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Largest payload that may reach Temporal, in bytes before encryption (which adds about four fifths); larger inputs would be terminated by the server without compensation. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

/**
 * Encrypts every payload with a fresh nonce; the key's fingerprint is authenticated with it, so that another key fails loudly.
 * @param key 32 bytes.
 * @throws ValueError from decode when a payload was tampered with or was encrypted with another key.
 */
export class AesGcmCodec implements PayloadCodec {
  private readonly key: Buffer;
  private readonly keyId: string;
  constructor(key: Buffer) {
    if (key.length !== 32) throw new RangeError("The codec key has 32 bytes.");
    this.key = key;
    this.keyId = createHash("sha256").update(key).digest("hex").slice(0, 16);
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if ((payload.data?.length ?? 0) > MAX_PAYLOAD_BYTES)
        throw new RangeError("A Temporal payload is larger than 64 KB: pass an id instead of the row.");
      const plain = Buffer.from(
        JSON.stringify({
          metadata: base64(payload.metadata),
          data: Buffer.from(payload.data ?? []).toString("base64"),
        }),
      );
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", this.key, nonce).setAAD(Buffer.from(this.keyId));
      const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return { metadata: { encoding: text(ENCODING), "encryption-key-id": text(this.keyId) }, data };
    });
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (Buffer.from(payload.metadata?.encoding ?? []).toString() !== ENCODING) return payload;
      const sealed = Buffer.from(payload.data ?? []);
      const decipher = createDecipheriv("aes-256-gcm", this.key, sealed.subarray(0, 12)).setAAD(
        Buffer.from(this.keyId),
      );
      decipher.setAuthTag(sealed.subarray(sealed.length - 16));
      const plain = Buffer.concat([decipher.update(sealed.subarray(12, sealed.length - 16)), decipher.final()]);
      const { metadata, data } = JSON.parse(plain.toString("utf8")) as {
        metadata: Record<string, string>;
        data: string;
      };
      return {
        metadata: Object.fromEntries(
          Object.entries(metadata).map(([key, value]) => [key, new Uint8Array(Buffer.from(value, "base64"))]),
        ),
        data: new Uint8Array(Buffer.from(data, "base64")),
      };
    });
  }
}

function base64(metadata: Payload["metadata"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value ?? []).toString("base64")]),
  );
}
