// Secrets of webhooks sealed for the workers: whoever makes one encrypts it for their public key (X25519, HKDF, AES-256-GCM), and only they open it.
// The key pair follows from a master key of this home, so that there is nothing more to keep, and an older master key still opens what it sealed.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

/** What stands before 32 raw bytes of an X25519 key in PKCS #8 and in SPKI (RFC 8410). */
const [PKCS8, SPKI] = ["302e020100300506032b656e04220420", "302a300506032b656e032100"].map((hex) =>
  Buffer.from(hex, "hex"),
) as [Buffer, Buffer];
const [RAW, NONCE, TAG] = [32, 12, 16];

export interface SealingKey {
  /** Name of the master key that it follows from. */
  keyId: string;
  /** 32 bytes in base64. */
  publicKey: string;
}

const rawOf = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" }).subarray(-RAW);

function privateKeyOf(master: Uint8Array): KeyObject {
  const seed = Buffer.from(hkdfSync("sha256", master, "", "evergreen webhooks x25519/1", RAW));
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
}

/** The public half for a master key. */
export const sealingKey = (keyId: string, master: Uint8Array): SealingKey => ({
  keyId,
  publicKey: rawOf(createPublicKey(privateKeyOf(master))).toString("base64"),
});

const sharedKey = (own: KeyObject, other: Buffer, sender: Buffer, receiver: Buffer): Buffer =>
  Buffer.from(
    hkdfSync(
      "sha256",
      diffieHellman({
        privateKey: own,
        publicKey: createPublicKey({ key: Buffer.concat([SPKI, other]), format: "der", type: "spki" }),
      }),
      Buffer.concat([sender, receiver]),
      "evergreen webhook secret/1",
      RAW,
    ),
  );
const placeOf = (endpointId: string, keyId: string): Buffer =>
  Buffer.from(JSON.stringify(["webhook_secrets", "sealed", endpointId, keyId]), "utf8");

/** The form that fn_set_webhook takes. Bound to its endpoint: moved to another one it does not open. Errors: EG400 for a key that is none. */
export function sealSecret(secret: string, { keyId, publicKey }: SealingKey, endpointId: string): string {
  const receiver = Buffer.from(publicKey, "base64");
  if (receiver.length !== RAW) throw new EvergreenError("EG400", "A public key of workers is 32 bytes in base64.");
  const pair = generateKeyPairSync("x25519");
  const sender = rawOf(pair.publicKey);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", sharedKey(pair.privateKey, receiver, sender, receiver), nonce, {
    authTagLength: TAG,
  }).setAAD(placeOf(endpointId, keyId));
  const sealed = Buffer.concat([nonce, cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1.${keyId}.${sender.toString("base64")}.${sealed.toString("base64")}`;
}

/** Name of the master key that opens it. Errors: EG431 when it has another form. */
export function sealedFor(sealed: string): string {
  const [version, keyId] = sealed.split(".");
  if (version !== "v1" || keyId === undefined) throw changed();
  return keyId;
}

/** Errors: EG431 when it was changed, moved to another endpoint or sealed for another key. */
export function openSecret(sealed: string, master: Uint8Array, endpointId: string): string {
  const keyId = sealedFor(sealed);
  const [, , from = "", content = ""] = sealed.split(".");
  try {
    const [sender, bytes] = [Buffer.from(from, "base64"), Buffer.from(content, "base64")];
    const own = privateKeyOf(master);
    const key = sharedKey(own, sender, sender, rawOf(createPublicKey(own)));
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE), { authTagLength: TAG })
      .setAAD(placeOf(endpointId, keyId))
      .setAuthTag(bytes.subarray(bytes.length - TAG));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, bytes.length - TAG)), decipher.final()]).toString(
      "utf8",
    );
  } catch (error) {
    throw changed(error);
  }
}

const changed = (cause?: unknown): EvergreenError =>
  new EvergreenError("EG431", "The secret of a webhook does not open with its key; it was changed or moved.", {
    cause,
  });
