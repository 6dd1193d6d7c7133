// What every reader builds: an entry whose texts are harmless, whose dates are ISO and whose countries are codes where they are known.
import { countryCode } from "../countries.ts";
import type { Identifier, ListEntry, ListName, PartyKind } from "../party.ts";
import { cleanText } from "../text.ts";
import { type ListLimits, LONGEST_NAME, tooLarge } from "./limits.ts";

export interface Draft {
  entityId: string;
  list: string;
  kind: PartyKind;
  names: ListName[];
  born?: readonly string[];
  countries?: readonly string[];
  identifiers?: readonly Identifier[];
  programmes?: readonly string[];
  remarks?: string;
}

const REMARKS = 4_000;
const unique = (texts: readonly string[]): string[] => [...new Set(texts.map(cleanText).filter((text) => text !== ""))];

/** The entry, or null when it has no name. Errors: EG413 a name or their number is beyond the limits. */
export function entryOf(draft: Draft, limits: ListLimits): ListEntry | null {
  const names = new Map<string, ListName>();
  for (const { name, quality } of draft.names) {
    if (name.length > LONGEST_NAME)
      tooLarge(`entry ${cleanText(draft.entityId).slice(0, 40)} has a name of more than ${LONGEST_NAME} characters.`);
    const clean = cleanText(name).replace(/^[\s,]+|[\s,]+$/g, "");
    if (!/[\p{L}\p{N}]/u.test(clean)) continue;
    if (names.get(clean)?.quality !== "strong") names.set(clean, { name: clean, quality });
  }
  if (names.size > limits.names)
    tooLarge(`entry ${cleanText(draft.entityId).slice(0, 40)} has more than ${limits.names} names.`);
  if (names.size === 0) return null;
  const identifiers = new Map<string, Identifier>();
  for (const { kind, value, country } of draft.identifiers ?? []) {
    const clean = cleanText(value).slice(0, 200);
    if (clean === "") continue;
    const code = country === undefined ? null : (countryCode(country) ?? cleanText(country));
    identifiers.set(`${kind} ${clean} ${code}`, {
      kind,
      value: clean,
      ...(code === null || code === "" ? {} : { country: code }),
    });
  }
  return {
    entityId: cleanText(draft.entityId).slice(0, 200),
    list: draft.list,
    kind: draft.kind,
    names: [...names.values()],
    born: [...new Set((draft.born ?? []).map(isoDate).filter((date) => date !== null))],
    countries: unique((draft.countries ?? []).map((text) => countryCode(text) ?? text)).slice(0, 100),
    identifiers: [...identifiers.values()].slice(0, 500),
    programmes: unique(draft.programmes ?? []).slice(0, 100),
    remarks: cleanText(draft.remarks ?? "").slice(0, REMARKS),
  };
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const two = (text: string | number): string => String(text).padStart(2, "0");

/** "12 May 1961", "May 1961", "circa 1961", "1961-05-12", "12/05/1961" (day first), "00/00/1961", "dd/mm/1961" to ISO; null when it is no date. */
export function isoDate(raw: string): string | null {
  const text = raw
    .trim()
    .toLowerCase()
    .replace(/^(?:circa|approximately|approx\.?|about|c\.)\s*/, "")
    .replace(/\b(?:dd|mm)(?=\/)/g, "00");
  let found = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:t.*)?$/.exec(text);
  if (found) return dated(found[1], found[2], found[3]);
  found = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})$/.exec(text);
  if (found) return dated(found[3], found[2], found[1]);
  found = /^(?:(\d{1,2})\s+)?([a-z]{3})[a-z]*\.?\s+(\d{4})$/.exec(text);
  if (found) {
    const month = MONTHS.indexOf(found[2] ?? "");
    return month < 0 ? null : dated(found[3], two(month + 1), found[1]);
  }
  found = /^(\d{4})\s*(?:to|-)\s*\d{4}$/.exec(text);
  return found ? null : null;
}

function dated(year: string | undefined, month: string | undefined, day: string | undefined): string | null {
  if (year === undefined || Number(year) < 1000) return null;
  if (month === undefined || Number(month) === 0) return year;
  if (Number(month) > 12) return null;
  if (day === undefined || Number(day) === 0) return `${year}-${two(Number(month))}`;
  return Number(day) > 31 ? null : `${year}-${two(Number(month))}-${two(Number(day))}`;
}

/** Years a text such as "1958 to 1960" spans, at most ten; else the date itself. */
export function datesOf(raw: string): string[] {
  const span = /(\d{4})\s*(?:to|-|and)\s*(\d{4})/.exec(raw);
  if (span === null) {
    const one = isoDate(raw);
    return one === null ? [] : [one];
  }
  const [from, to] = [Number(span[1]), Number(span[2])];
  return to < from || to - from > 10 ? [] : Array.from({ length: to - from + 1 }, (_, step) => String(from + step));
}

/** The kind of an identifier by the words a list uses for it. */
export function identifierKind(words: string): string {
  const text = words.toLowerCase();
  if (/passport/.test(text)) return "passport";
  if (/legal entity|\blei\b/.test(text)) return "lei";
  if (/\bimo\b|vessel registration/.test(text)) return "imo";
  if (/\bisin\b/.test(text)) return "isin";
  if (/swift|\bbic\b/.test(text)) return "bic";
  if (/tax|\binn\b|\bvat\b|fiscal/.test(text)) return "tax";
  if (/national|identification|identity|\bid card|ssn|cedula|personal|\bid no/.test(text)) return "national_id";
  if (/regist|company number|ogrn|business|trade|commercial|social credit/.test(text)) return "registration";
  return "other";
}
