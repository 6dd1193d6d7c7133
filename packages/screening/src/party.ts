// What is screened and what it is screened against: parties, entries of lists, and the shape of an answer. Limits of a party stand here too.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";

export const PARTY_KINDS = ["person", "organisation", "vessel", "aircraft", "unknown"] as const;
export type PartyKind = (typeof PARTY_KINDS)[number];

export interface Identifier {
  /** passport, tax, registration, lei, imo, isin, bic, national_id, other */
  kind: string;
  value: string;
  country?: string;
}

export interface ScreenedParty {
  names: string[];
  aliases?: string[];
  kind?: PartyKind;
  /** Each "YYYY", "YYYY-MM" or "YYYY-MM-DD". */
  born?: string[];
  /** ISO 3166-1 alpha-2 or English names. */
  countries?: string[];
  nationalities?: string[];
  identifiers?: Identifier[];
}

export interface ListName {
  name: string;
  quality: "strong" | "weak";
}

export interface ListEntry {
  entityId: string;
  list: string;
  kind: PartyKind;
  names: ListName[];
  born: string[];
  countries: string[];
  identifiers: Identifier[];
  programmes: string[];
  remarks: string;
}

export const LIST_FORMATS = [
  "ofac-csv",
  "eu-xml",
  "un-xml",
  "uk-csv",
  "uk-xml",
  "own-csv",
  "opensanctions-csv",
  "ftm-json",
] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

export interface ListVersion {
  list: string;
  format: ListFormat;
  /** The list's own date, YYYY-MM-DD, when it has one. */
  date: string | null;
  sha256: string;
  entries: number;
}

export type Outcome = "clear" | "ask" | "alert";

export const FEATURES = ["name", "born", "country", "identifier", "kind", "quality"] as const;

export interface Feature {
  feature: (typeof FEATURES)[number];
  /** How far the two agree, 0 to 1. */
  score: number;
  /** What the feature may move the whole by; negative: it speaks against. */
  weight: number;
  /** One sentence for the analyst; may hold words of the party. `publicFeatures` gives the form without. */
  says: string;
}

export type Missing = "born" | "country";

export interface Judgement {
  score: number;
  outcome: Outcome;
  features: Feature[];
  missing: Missing[];
}

export interface Match extends Judgement {
  entityId: string;
  list: string;
  /** The entry's name that agrees best. */
  name: string;
}

/** What a party may hold; beyond it EG413. */
export const PARTY_LIMITS = { names: 100, nameLength: 1_000, values: 100, valueLength: 200 } as const;

const BORN = /^\d{4}(-\d{2}(-\d{2})?)?$/;
const textOf = (most: number) =>
  z
    .string()
    .refine((value) => value.length <= most, { message: "too long", params: { large: true } })
    .refine((value) => !value.includes("\0"), { message: "holds NUL characters" });
const many = <T extends z.ZodType>(item: T, most: number) =>
  z.array(item).refine((values) => values.length <= most, { message: "too many", params: { large: true } });
const values = many(textOf(PARTY_LIMITS.valueLength), PARTY_LIMITS.values);

export const IdentifierSchema = z.strictObject({
  kind: textOf(40),
  value: textOf(PARTY_LIMITS.valueLength),
  country: textOf(80).optional(),
});

export const ScreenedPartySchema = z.strictObject({
  names: many(textOf(PARTY_LIMITS.nameLength), PARTY_LIMITS.names).refine(
    (names) => names.some((name) => /[\p{L}\p{N}]/u.test(name)),
    { message: "hold no letter" },
  ),
  aliases: many(textOf(PARTY_LIMITS.nameLength), PARTY_LIMITS.names).optional(),
  kind: z.enum(PARTY_KINDS).optional(),
  born: many(z.string().regex(BORN, "is no year, month or day such as 1970, 1970-01 or 1970-01-31"), 20).optional(),
  countries: values.optional(),
  nationalities: values.optional(),
  identifiers: many(IdentifierSchema, PARTY_LIMITS.values).optional(),
});

/** The party, checked. Errors: EG413 a value or a list is too long, EG400 anything else; without a value of the party. */
export function checkedParty(given: unknown): ScreenedParty {
  const parsed = ScreenedPartySchema.safeParse(given);
  if (parsed.success) return parsed.data as ScreenedParty;
  const issue = parsed.error.issues[0];
  const large = parsed.error.issues.some((one) => one.code === "custom" && one.params?.large === true);
  const where = (issue?.path ?? [])
    .filter((step) => typeof step !== "symbol")
    .map((step) => (typeof step === "number" ? step + 1 : step))
    .join(" ");
  throw new EvergreenError(
    large ? "EG413" : "EG400",
    large
      ? `The party is larger than the limits (names of ${PARTY_LIMITS.nameLength} characters, ${PARTY_LIMITS.names} of them); shorten it.`
      : `The party cannot be screened: ${where === "" ? "it" : /^[a-z 0-9]+$/i.test(where) ? where : "a field"} ${
          issue?.code === "unrecognized_keys" ? "has a field that is not known" : (issue?.message ?? "is malformed")
        }.`,
  );
}

/** Names one entry by what does not change between versions of its list. */
export const entryKey = (entry: { list: string; entityId: string }): string => `${entry.list}:${entry.entityId}`;
