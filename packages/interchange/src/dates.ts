// Days as people and programs write them, to YYYY-MM-DD. A column that can be read in two ways is refused until somebody says which.

/** Patterns of a mapping file: YYYY or YY, MM or M, DD or D in any order with what separates them. YY is of this century. */
export const DATE_PATTERN = /^(?=.*Y)(?=.*M)(?=.*D)(?:YYYY|YY|MM?|DD?|[-./ ])+$/;

/** A day of the calendar, or undefined. */
function dayOf(year: string, month: string, day: string): string | undefined {
  const iso = `${year.length === 2 ? `20${year}` : year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const parsed = new Date(`${iso}T00:00:00Z`);
  return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== iso || iso < "1900" ? undefined : iso;
}

/** The day by a pattern. Undefined: not such a day. */
export function parseDate(text: string, pattern: string): string | undefined {
  const names: string[] = [];
  const source = pattern.replace(/YYYY|YY|MM?|DD?|./g, (token) => {
    if (!/[YMD]/.test(token)) return token === "." ? "\\." : token;
    names.push(token[0] ?? "");
    return token === "YYYY" ? "(\\d{4})" : token.length === 2 ? "(\\d{2})" : "(\\d{1,2})";
  });
  const found = new RegExp(`^${source}$`).exec(text.trim());
  if (!found || new Set(names).size !== 3 || names.length !== 3) return undefined;
  const value = (name: string): string => found[names.indexOf(name) + 1] ?? "";
  return dayOf(value("Y"), value("M"), value("D"));
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/;
const DOTTED = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/;
const SLASHED = /^(\d{1,2})([-/])(\d{1,2})\2(\d{4})$/;

export type ColumnOrder = "day first" | "month first" | "ambiguous" | "contradiction";

/** Whether 03/04/2026 is March or April, by all values of a column; dotted and ISO days say nothing of it. */
export function orderOf(values: readonly string[]): ColumnOrder {
  let order: ColumnOrder | undefined;
  let slashed = false;
  for (const value of values) {
    const [, first = "", , second = ""] = SLASHED.exec(value.trim()) ?? [];
    if (first === "") continue;
    if (first !== second) slashed = true;
    const says = Number(first) > 12 ? "day first" : Number(second) > 12 ? "month first" : undefined;
    if (says === undefined) continue;
    if (order !== undefined && order !== says) return "contradiction";
    order = says;
  }
  return order ?? (slashed ? "ambiguous" : "day first");
}

/** The day in a form that needs no telling, or slashed in the order of its column. Undefined: none of them. */
export function parseKnownDate(text: string, order: ColumnOrder): string | undefined {
  const value = text.trim();
  const iso = ISO.exec(value) ?? COMPACT.exec(value);
  if (iso) return dayOf(iso[1] ?? "", iso[2] ?? "", iso[3] ?? "");
  const dotted = DOTTED.exec(value);
  if (dotted) return dayOf(dotted[3] ?? "", dotted[2] ?? "", dotted[1] ?? "");
  const [, first = "", , second = "", year = ""] = SLASHED.exec(value) ?? [];
  if (first === "") return undefined;
  return order === "month first" ? dayOf(year, first, second) : dayOf(year, second, first);
}

/** A day of a workbook by its serial number: 1 is 1900-01-01 (or 0 is 1904-01-01). Days before March 1900 are not told, for Excel counts one that never was. */
export function workbookDate(serial: string, from1904: boolean): string | undefined {
  const [, whole = ""] = /^(\d{1,7})(?:\.\d+)?$/.exec(serial.trim()) ?? [];
  const days = Number(whole);
  if (whole === "" || (!from1904 && days < 61) || days > 2_958_465) return undefined;
  const start = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);
  return new Date(start + days * 86_400_000).toISOString().slice(0, 10);
}

/** A day of an XML message: an ISO date, or the date of an ISO time as it is written there. Undefined: none. */
export function xmlDate(text: string): string | undefined {
  const [, year = "", month = "", day = ""] = /^(\d{4})-(\d{2})-(\d{2})(?:$|T|Z|[+-])/.exec(text) ?? [];
  return year === "" ? undefined : dayOf(year, month, day);
}
