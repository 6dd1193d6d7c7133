// What speaks for or against a match beside the name: birth dates, countries, identifiers, kinds. Each agrees, differs, or says nothing.
import { countryCodes } from "./countries.ts";
import type { Identifier, PartyKind } from "./party.ts";

/** What is compared of either side. */
export interface Evidence {
  kind: PartyKind;
  born: readonly string[];
  countries: readonly string[];
  nationalities: readonly string[];
  identifiers: readonly Identifier[];
}

export interface Finding {
  feature: "born" | "country" | "identifier" | "kind";
  /** How far the two agree, 0 to 1. */
  score: number;
  /** Share of the missing rest that is added (positive) or of the score that is taken (negative). */
  weight: number;
  /** A difference that counts towards a clearance (R51). */
  hard: boolean;
  /** Without a word of either side. */
  says: string;
}

export const EVIDENCE_WEIGHTS = {
  bornSame: 0.6,
  bornSwapped: 0.45,
  bornMonth: 0.45,
  bornYear: 0.3,
  bornNear: 0.05,
  bornClose: -0.15,
  bornApart: -0.3,
  countrySame: 0.15,
  countryApart: -0.12,
  identifierSame: 0.95,
  identifierApart: -0.25,
  kindApart: -0.4,
} as const;
const W = EVIDENCE_WEIGHTS;

export function evidenceOf(given: {
  kind?: PartyKind | undefined;
  born?: readonly string[] | undefined;
  countries?: readonly string[] | undefined;
  nationalities?: readonly string[] | undefined;
  identifiers?: readonly Identifier[] | undefined;
}): Evidence {
  return {
    kind: given.kind ?? "unknown",
    born: given.born ?? [],
    countries: countryCodes(given.countries),
    nationalities: countryCodes(given.nationalities),
    identifiers: given.identifiers ?? [],
  };
}

/** Symmetric; a side without a value makes no finding of that feature. */
export function findings(left: Evidence, right: Evidence): Finding[] {
  return [
    born(left.born, right.born),
    country(left, right),
    identifier(left.identifiers, right.identifiers),
    kind(left.kind, right.kind),
  ].filter((finding) => finding !== null);
}

const found = (feature: Finding["feature"], score: number, weight: number, says: string, hard = false): Finding => ({
  feature,
  score,
  weight,
  hard,
  says,
});

/** The pair of dates that agrees best decides. */
function born(left: readonly string[], right: readonly string[]): Finding | null {
  let best: Finding | null = null;
  for (const a of left)
    for (const b of right) {
      const here = dates(a, b);
      if (best === null || here.weight > best.weight) best = here;
    }
  return best;
}

function dates(a: string, b: string): Finding {
  const [yearA, monthA, dayA] = a.split("-");
  const [yearB, monthB, dayB] = b.split("-");
  if (yearA === yearB) {
    if (monthA === undefined || monthB === undefined)
      return found("born", 0.8, W.bornYear, "The year of birth is the same; one side knows no more.");
    if (dayA === undefined || dayB === undefined)
      return monthA === monthB
        ? found("born", 0.9, W.bornMonth, "Year and month of birth are the same; one side knows no more.")
        : found("born", 0.3, W.bornClose, "The year of birth is the same, the month is another.");
    if (monthA === monthB && dayA === dayB) return found("born", 1, W.bornSame, "The date of birth is the same.");
    if (monthA === dayB && dayA === monthB)
      return found("born", 0.9, W.bornSwapped, "The date of birth is the same with day and month exchanged.");
    // lists that know the year alone often write its first day
    if (a.endsWith("-01-01") || b.endsWith("-01-01"))
      return found("born", 0.7, W.bornYear, "The year of birth is the same; one side has its first day.");
    const close = monthA === monthB || dayA === dayB;
    return close
      ? found("born", 0.6, W.bornNear, "The date of birth differs in its day or month alone.")
      : found("born", 0.3, W.bornClose, "The year of birth is the same, day and month are others.");
  }
  const apart = Math.abs(Number(yearA) - Number(yearB));
  const sameDay = dayA !== undefined && dayA === dayB && monthA === monthB;
  if (sameDay && digitsApart(yearA ?? "", yearB ?? "") === 1)
    return found("born", 0.5, W.bornNear, "Day and month of birth are the same, the year differs in one figure.");
  if (apart === 1 && (monthA === undefined || monthB === undefined))
    return found("born", 0.5, W.bornNear, "The years of birth are neighbours; lists often know the year roughly.");
  if (apart <= 1) return found("born", 0.2, W.bornClose, "The years of birth are neighbours.");
  return found("born", 0, W.bornApart, "The dates of birth are years apart.", true);
}

const digitsApart = (a: string, b: string): number => [...a].filter((digit, at) => digit !== b[at]).length;

/** Residence and nationality together: one country in common agrees. */
function country(left: Evidence, right: Evidence): Finding | null {
  const [a, b] = [
    new Set([...left.countries, ...left.nationalities]),
    new Set([...right.countries, ...right.nationalities]),
  ];
  if (a.size === 0 || b.size === 0) return null;
  return [...a].some((code) => b.has(code))
    ? found("country", 1, W.countrySame, "A country is the same.")
    : found("country", 0, W.countryApart, "No country is the same.", true);
}

/** Of these a subject has one: another value is another subject. People have several passports. */
const ONE_EACH: ReadonlySet<string> = new Set(["lei", "imo", "isin", "registration", "tax", "national_id"]);
const bare = (value: string): string =>
  value
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, "");

function identifier(left: readonly Identifier[], right: readonly Identifier[]): Finding | null {
  let apart = false;
  for (const a of left)
    for (const b of right) {
      const [valueA, valueB] = [bare(a.value), bare(b.value)];
      const [countryA, countryB] = [countryCodes([a.country ?? ""])[0], countryCodes([b.country ?? ""])[0]];
      const kinds = a.kind === b.kind || a.kind === "other" || b.kind === "other";
      const lands = countryA === undefined || countryB === undefined || countryA === countryB;
      if (valueA.length >= 5 && valueA === valueB && kinds && lands)
        return found("identifier", 1, W.identifierSame, "An identifier is the same.");
      if (a.kind === b.kind && ONE_EACH.has(a.kind) && countryA === countryB && valueA !== valueB) apart = true;
    }
  return apart
    ? found("identifier", 0, W.identifierApart, "An identifier of one kind and country is another.", true)
    : null;
}

function kind(left: PartyKind, right: PartyKind): Finding | null {
  if (left === "unknown" || right === "unknown" || left === right) return null;
  return found(
    "kind",
    0,
    W.kindApart,
    "One is of another kind than the other (person, organisation, vessel, aircraft).",
    true,
  );
}
