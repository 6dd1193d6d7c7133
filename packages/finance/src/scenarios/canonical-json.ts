// One text for one value, whatever the order in which its keys were written: what the hash of a scenario is taken over. Pure.
import { sha256Hex } from "../dealing/sha256.ts";
import { byId } from "../money.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** JSON without spaces, keys in the order of their code units, keys without a value left out. Numbers are whole; decimals are texts. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = Object.entries(value)
    .flatMap(([key, field]) => (field === undefined ? [] : [[key, field] as const]))
    .sort(([a], [b]) => byId(a, b));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(",")}}`;
}

/** SHA-256 of the canonical text, 64 hex digits. */
export const hashOf = (value: Json): string => sha256Hex(canonicalJson(value));
