// OFAC's CSV layout, SDN and consolidated: primary names, alternate names, addresses, and remarks that hold dates, countries and identifiers.
import type { Identifier, ListEntry, PartyKind } from "../party.ts";
import { csvRows } from "./csv.ts";
import { datesOf, entryOf, identifierKind } from "./entry.ts";
import { type ListLimits, refused } from "./limits.ts";

const EMPTY = "-0-";
const cell = (row: readonly string[], at: number): string => {
  const text = (row[at] ?? "").trim();
  return text === EMPTY ? "" : text;
};

type Part = "primary" | "alternates" | "addresses" | "comments";

/** Which of OFAC's files a table is, by its columns. A last row of a control character is the mark that ends the file. */
function partOf(rows: readonly string[][]): Part {
  const first = rows.find((row) => row.length > 1 && /^\s*\d+\s*$/.test(row[0] ?? ""));
  if (first === undefined) return refused("a file has no row that begins with OFAC's number.");
  if (first.length >= 12) return "primary";
  if (first.length === 5) return "alternates";
  if (first.length === 6) return "addresses";
  if (first.length === 2) return "comments";
  return refused(`a file has ${first.length} columns; OFAC's have 12, 6, 5 or 2.`);
}

const KINDS: Readonly<Record<string, PartyKind>> = {
  individual: "person",
  vessel: "vessel",
  aircraft: "aircraft",
  "": "organisation",
  entity: "organisation",
};

export function readOfac(texts: readonly string[], list: string, limits: ListLimits): ListEntry[] {
  const parts = new Map<Part, string[][]>();
  for (const text of texts) {
    const rows = csvRows(text, limits).filter((row) => /^\s*\d+\s*$/.test(row[0] ?? ""));
    const part = partOf(rows);
    parts.set(part, [...(parts.get(part) ?? []), ...rows]);
  }
  const primary = parts.get("primary");
  if (primary === undefined) return refused("the file of primary names is missing (sdn.csv or cons_prim.csv).");
  const byId = (part: Part): Map<string, string[][]> => {
    const found = new Map<string, string[][]>();
    for (const row of parts.get(part) ?? []) {
      const id = (row[0] ?? "").trim();
      const known = found.get(id);
      if (known === undefined) found.set(id, [row]);
      else known.push(row);
    }
    return found;
  };
  const [alternates, addresses, comments] = [byId("alternates"), byId("addresses"), byId("comments")];
  return primary
    .map((row) => {
      const entityId = cell(row, 0);
      // long remarks are cut in the primary file and go on in the comments
      const remarks = cell(row, 11) + (comments.get(entityId) ?? []).map((more) => cell(more, 1)).join("");
      const facts = factsOf(remarks);
      const kind = KINDS[cell(row, 2).toLowerCase()] ?? "unknown";
      return entryOf(
        {
          entityId,
          list,
          kind,
          names: [
            { name: cell(row, 1), quality: "strong" },
            ...(alternates.get(entityId) ?? []).map((alternate) => ({
              name: cell(alternate, 3),
              quality: /weak/i.test(`${cell(alternate, 2)} ${cell(alternate, 4)}`)
                ? ("weak" as const)
                : ("strong" as const),
            })),
            ...facts.weakNames.map((name) => ({ name, quality: "weak" as const })),
          ],
          born: facts.born,
          countries: [
            ...facts.countries,
            ...(kind === "person" ? [] : (addresses.get(entityId) ?? []).map((address) => cell(address, 4))),
          ],
          identifiers: facts.identifiers,
          programmes: cell(row, 3).split(/\]\s*\[/),
          remarks,
        },
        limits,
      );
    })
    .filter((entry) => entry !== null);
}

interface Facts {
  born: string[];
  countries: string[];
  identifiers: Identifier[];
  weakNames: string[];
}

/** Remarks are sentences separated by ";": "DOB 12 May 1961; POB Baghdad; nationality Iraq; Passport A123 (Iraq); a.k.a. 'X'." */
export function factsOf(remarks: string): Facts {
  const facts: Facts = { born: [], countries: [], identifiers: [], weakNames: [] };
  for (const raw of remarks.split(";")) {
    const part = raw
      .trim()
      .replace(/\.$/, "")
      .replace(/^alt\.\s+/i, "");
    let found = /^DOB\s+(.+)$/i.exec(part);
    if (found) {
      facts.born.push(...datesOf(found[1] ?? ""));
      continue;
    }
    found = /^(?:nationality|citizen)\s+(.+)$/i.exec(part);
    if (found) {
      facts.countries.push(found[1] ?? "");
      continue;
    }
    found = /^[af]\.k\.a\.\s+['"](.+)['"]$/i.exec(part);
    if (found) {
      facts.weakNames.push(found[1] ?? "");
      continue;
    }
    found =
      /^(.*?(?:passport|\bID\b|identification|number|no\.|LEI|IMO|ISIN|SWIFT\/BIC|gazette|registration|cedula|SSN|\(USCC\)).*?)\s+#?((?=\S*\d)[A-Z0-9][A-Z0-9/-]{4,})(?:\s+\(([^)]+)\))?/i.exec(
        part,
      );
    if (
      found &&
      /\d/.test(found[2] ?? "") &&
      !/^(?:EO|https?)$/i.test(found[2] ?? "") &&
      !/directive|website|date/i.test(found[1] ?? "")
    )
      facts.identifiers.push({
        kind: identifierKind(found[1] ?? ""),
        value: found[2] ?? "",
        ...(found[3] === undefined ? {} : { country: found[3] }),
      });
    else {
      found = /^(ISIN|SWIFT\/BIC)\s+([A-Z0-9]{8,12})$/i.exec(part);
      if (found) facts.identifiers.push({ kind: identifierKind(found[1] ?? ""), value: found[2] ?? "" });
    }
  }
  return facts;
}
