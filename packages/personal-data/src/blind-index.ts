// Look-ups of what is encrypted: an HMAC of the normalised value under a key of its own. Equal values have equal hashes, nothing else follows from one.
import { createHmac } from "node:crypto";

/** Fields that can be looked up. */
export const INDEXED_FIELDS = ["name", "alias", "email", "identifier"] as const;
export type IndexedField = (typeof INDEXED_FIELDS)[number];

const isIndexed = (field: string): field is IndexedField => (INDEXED_FIELDS as readonly string[]).includes(field);

/** Letters and digits alone, without accents, in lower case: what two spellings of one word have in common. */
const words = (value: string): string[] =>
  value
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .split(" ")
    .filter((word) => word !== "");

const FORMS: Record<IndexedField, (value: string) => string> = {
  // "Doe, Jane" and "JANE DOE" are one name
  name: (value) => words(value).sort().join(" "),
  alias: (value) => words(value).sort().join(" "),
  email: (value) => value.normalize("NFKC").trim().toLowerCase(),
  identifier: (value) => words(value).join(""),
};

/** The form in which a value of this field is compared. */
export const normalised = (field: IndexedField, value: string): string => FORMS[field](value);

/** Empty for a field that cannot be looked up, and for a value of which nothing is left (punctuation alone). */
export function blindIndex(key: Uint8Array, field: string, values: readonly string[]): string[] {
  if (!isIndexed(field)) return [];
  const forms = new Set(values.map((value) => normalised(field, value)).filter((form) => form !== ""));
  return [...forms].map((form) => createHmac("sha256", key).update(`${field}\0${form}`).digest("hex")).sort();
}

/** A hash of the whole value, so that the same request with the same content is known again although its ciphertext differs. Never stored. */
export const contentMark = (key: Uint8Array, subjectId: string, field: string, plain: string | null): string =>
  createHmac("sha256", key)
    .update(JSON.stringify(["content", subjectId, field, plain]))
    .digest("hex");
