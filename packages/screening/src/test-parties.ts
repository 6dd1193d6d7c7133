// Shared by the tests of this package: synthetic entries, random parties, and the real list where it is present.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import type { ListEntry, ListVersion, PartyKind, ScreenedParty } from "./party.ts";

const shared = process.env.EVERGREEN_SHARED_DATA ?? resolve(import.meta.dirname, "../../../../shared/data");
const OFAC = ["cons_prim.csv", "cons_alt.csv", "cons_comments.csv"].map((name) => ({
  name,
  path: resolve(shared, "ofac", name),
}));
/** OFAC's consolidated list; absent in a clean clone. */
export const OFAC_PRESENT = OFAC.every(({ path }) => existsSync(path));
export const ofacFiles = (): { name: string; bytes: Uint8Array }[] =>
  OFAC.map(({ name, path }) => ({ name, bytes: readFileSync(path) }));

export const VERSION: ListVersion = {
  list: "synthetic",
  format: "own-csv",
  date: "2026-11-20",
  sha256: "0".repeat(64),
  entries: 1,
};

export function entry(entityId: string, names: string[], more: Partial<ListEntry> = {}): ListEntry {
  return {
    entityId,
    list: "synthetic",
    kind: "person",
    names: names.map((name) => ({ name, quality: "strong" })),
    born: [],
    countries: [],
    identifiers: [],
    programmes: [],
    remarks: "",
    ...more,
  };
}

const WORDS = [
  "mohammed",
  "ivan",
  "petrov",
  "rahman",
  "abdul",
  "al",
  "silva",
  "de",
  "kim",
  "jing",
  "ping",
  "trading",
  "ltd",
  "north",
  "sea",
  "o",
  "yusuf",
  "haddad",
  "Владимир",
  "محمد",
];
const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-z]{2,9}$/) },
);
export const anyName = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(" "));
export const anyDate = fc
  .tuple(
    fc.integer({ min: 1930, max: 2005 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
    fc.integer({ min: 1, max: 3 }),
  )
  .map(([year, month, day, parts]) =>
    [String(year), String(month).padStart(2, "0"), String(day).padStart(2, "0")].slice(0, parts).join("-"),
  );
export const anyParty: fc.Arbitrary<ScreenedParty> = fc.record(
  {
    names: fc.array(anyName, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom<PartyKind>("person", "organisation", "unknown"),
    born: fc.array(anyDate, { maxLength: 2 }),
    countries: fc.array(fc.constantFrom("RU", "Iran", "DE", "US"), { maxLength: 2 }),
    identifiers: fc.array(
      fc.constantFrom(
        { kind: "passport", value: "AB12345" },
        { kind: "tax", value: "778899001", country: "RU" },
        { kind: "tax", value: "112233445", country: "RU" },
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ["names"] },
);
