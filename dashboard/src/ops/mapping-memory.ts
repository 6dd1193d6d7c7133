// How columns were mapped last time, kept in this browser: names of headers and fields, never a value of a file.
import type { Mapping } from "./file-shapes.ts";

const KEY = "evergreen-mappings";
/** The oldest is forgotten. */
const MOST = 30;

type Kept = [headers: string, mapping: Mapping][];

function all(): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? (kept as Kept) : [];
  } catch {
    return []; // somebody else wrote there, or the browser keeps nothing: nothing is remembered
  }
}

const nameOf = (kind: string, headers: readonly string[]): string => JSON.stringify([kind, ...headers]);

export const rememberedMapping = (kind: string, headers: readonly string[]): Mapping | undefined =>
  all().find(([name]) => name === nameOf(kind, headers))?.[1];

export function rememberMapping(kind: string, headers: readonly string[], mapping: Mapping): void {
  const name = nameOf(kind, headers);
  const others = all().filter(([one]) => one !== name);
  try {
    localStorage.setItem(KEY, JSON.stringify([[name, mapping], ...others].slice(0, MOST)));
  } catch {
    // a browser that keeps nothing asks again next time
  }
}
