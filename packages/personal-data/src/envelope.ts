// AES-256-GCM in two layers: a subject's data key encrypts its values, a master key wraps the data key. Each ciphertext is bound to its place
// (table, column, row …): moved to another place it does not open. Pure but for random bytes.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

const NONCE = 12;
const TAG = 16;
export const KEY_BYTES = 32;

/** Where a ciphertext stands: table, column, row and whatever else belongs to the place. Every part counts, and so does their order. */
export type Place = readonly [table: string, column: string, row: string, ...more: string[]];

const placeBytes = (place: Place): Buffer => Buffer.from(JSON.stringify(["evergreen/1", ...place]), "utf8");

/** nonce (12) ‖ ciphertext ‖ tag (16), bound to its place. */
export function sealBytes(key: Uint8Array, plain: Uint8Array, place: Place): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG }).setAAD(placeBytes(place));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Errors: EG431 when it was changed, moved from another place or encrypted under another key. */
export function openBytes(key: Uint8Array, sealed: Uint8Array, place: Place): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  try {
    const nonce = bytes.subarray(0, NONCE);
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG })
      .setAAD(placeBytes(place))
      .setAuthTag(bytes.subarray(bytes.length - TAG));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, bytes.length - TAG)), decipher.final()]);
  } catch (error) {
    // the cause says nothing of the content, and the place is ids alone
    throw new EvergreenError("EG431", `A value of ${place[0]} does not open with its key; it was changed or moved.`, {
      cause: error,
    });
  }
}

/** The form in which a ciphertext stands in a text column. */
export const sealText = (key: Uint8Array, plain: string, place: Place): string =>
  `v1.${sealBytes(key, Buffer.from(plain, "utf8"), place).toString("base64")}`;

export function openText(key: Uint8Array, sealed: string, place: Place): string {
  return openBytes(key, decoded(sealed), place).toString("utf8");
}

function decoded(sealed: string): Buffer {
  if (!sealed.startsWith("v1.")) throw new EvergreenError("EG431", "A ciphertext has a form that is not known here.");
  return Buffer.from(sealed.slice(3), "base64");
}

export interface MasterKey {
  id: string;
  key: Buffer;
}

/** A key's name follows from its bytes, so that another key under the same name cannot be. */
export function masterKey(hex: string): MasterKey {
  if (!/^[0-9a-f]{64}$/i.test(hex))
    throw new EvergreenError("EG400", "A master key is 32 bytes in hexadecimal digits.");
  const key = Buffer.from(hex, "hex");
  const id = createHash("sha256").update("evergreen master key\0").update(key).digest("hex").slice(0, 16);
  return { id: `mk-${id}`, key };
}

const keyPlace = (subjectId: string, masterKeyId: string): Place => [
  "subject_keys",
  "wrapped_key",
  subjectId,
  masterKeyId,
];

export const newDataKey = (): Buffer => randomBytes(KEY_BYTES);

export const wrapKey = (master: MasterKey, subjectId: string, dataKey: Uint8Array): string =>
  `v1.${sealBytes(master.key, dataKey, keyPlace(subjectId, master.id)).toString("base64")}`;

export const unwrapKey = (master: MasterKey, subjectId: string, wrapped: string): Buffer =>
  openBytes(master.key, decoded(wrapped), keyPlace(subjectId, master.id));

export const valuePlace = (subjectId: string, field: string, valueId: string): Place => [
  "personal_values",
  "ciphertext",
  valueId,
  subjectId,
  field,
];
export const documentPlace = (subjectId: string, documentId: string): Place => [
  "documents",
  "content",
  documentId,
  subjectId,
];
export const accountPlace = (subjectId: string, accountId: string): Place => [
  "bank_accounts",
  "sealed",
  accountId,
  subjectId,
];
