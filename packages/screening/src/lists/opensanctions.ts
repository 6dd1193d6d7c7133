// What OpenSanctions publishes and a yente server is fed with: targets.simple.csv, and FollowTheMoney entities as lines of JSON.
import type { Identifier, ListEntry, PartyKind } from "../party.ts";
import { csvRows, headed } from "./csv.ts";
import { datesOf, entryOf } from "./entry.ts";
import { type ListLimits, refused, tooLarge } from "./limits.ts";

const KINDS: Readonly<Record<string, PartyKind>> = {
  Person: "person",
  Company: "organisation",
  Organization: "organisation",
  PublicBody: "organisation",
  Vessel: "vessel",
  Airplane: "aircraft",
};
const several = (text: string | undefined): string[] =>
  (text ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");

export function readTargets(
  text: string,
  list: string,
  limits: ListLimits,
): { entries: ListEntry[]; date: string | null } {
  const { header, rows } = headed(csvRows(text, limits));
  for (const needed of ["id", "schema", "name", "aliases"])
    if (!header.includes(needed)) refused(`it has no column "${needed}" as targets.simple.csv has.`);
  let date: string | null = null;
  const entries = rows
    .map((row) => {
      const seen = (row.get("last_seen") ?? "").slice(0, 10);
      if (/^\d{4}-\d{2}-\d{2}$/.test(seen) && (date === null || seen > date)) date = seen;
      return entryOf(
        {
          entityId: row.get("id") ?? "",
          list,
          kind: KINDS[row.get("schema") ?? ""] ?? "unknown",
          names: [row.get("name") ?? "", ...several(row.get("aliases"))].map((name) => ({
            name,
            quality: "strong" as const,
          })),
          born: several(row.get("birth_date")).flatMap(datesOf),
          countries: several(row.get("countries")),
          identifiers: several(row.get("identifiers")).map((value) => ({ kind: "other", value })),
          programmes: several(row.get("program_ids") ?? row.get("dataset")),
          remarks: row.get("sanctions") ?? "",
        },
        limits,
      );
    })
    .filter((entry) => entry !== null);
  return { entries, date };
}

const IDENTIFIERS: Readonly<Record<string, string>> = {
  passportNumber: "passport",
  idNumber: "national_id",
  socialSecurityNumber: "national_id",
  taxNumber: "tax",
  innCode: "tax",
  vatCode: "tax",
  registrationNumber: "registration",
  ogrnCode: "registration",
  leiCode: "lei",
  imoNumber: "imo",
  swiftBic: "bic",
  isin: "isin",
};

/** Entities that may be screened against: those with a name that are marked as a target, or all when none is marked. */
export function readFtm(text: string, list: string, limits: ListLimits): { entries: ListEntry[]; date: string | null } {
  const entries: ListEntry[] = [];
  const targets: ListEntry[] = [];
  let date: string | null = null;
  let from = 0;
  let line = 0;
  while (from < text.length) {
    const end = text.indexOf("\n", from);
    const raw = text.slice(from, end < 0 ? text.length : end).trim();
    from = end < 0 ? text.length : end + 1;
    line += 1;
    if (raw === "") continue;
    if (raw.length > limits.record) tooLarge(`line ${line} is longer than ${limits.record} characters.`);
    if (line > limits.rows) tooLarge(`it has more than ${limits.rows} lines.`);
    const given = entityOf(raw, line);
    const seen = typeof given.last_seen === "string" ? given.last_seen.slice(0, 10) : "";
    if (/^\d{4}-\d{2}-\d{2}$/.test(seen) && (date === null || seen > date)) date = seen;
    const entry = entryFrom(given, list, limits);
    if (entry === null) continue;
    entries.push(entry);
    if (given.target === true || (given.properties.topics ?? []).some((topic) => topic.startsWith("sanction")))
      targets.push(entry);
  }
  return { entries: targets.length > 0 ? targets : entries, date };
}

interface Entity {
  id: string;
  schema: string;
  caption: string;
  target: unknown;
  last_seen: unknown;
  properties: Record<string, string[]>;
}

function entityOf(raw: string, line: number): Entity {
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(raw) as Record<string, unknown>;
  } catch (error) {
    return refused(`line ${line} is no JSON.`, error);
  }
  if (given === null || typeof given !== "object" || typeof given.id !== "string" || typeof given.schema !== "string")
    return refused(`line ${line} is no entity: it needs "id" and "schema".`);
  const properties: Record<string, string[]> = {};
  const held = given.properties;
  if (held !== null && typeof held === "object")
    for (const [name, values] of Object.entries(held))
      if (Array.isArray(values))
        properties[name] = values.filter((value): value is string => typeof value === "string");
  return {
    id: given.id,
    schema: given.schema,
    caption: typeof given.caption === "string" ? given.caption : "",
    target: given.target,
    last_seen: given.last_seen,
    properties,
  };
}

function entryFrom({ id, schema, caption, properties }: Entity, list: string, limits: ListLimits): ListEntry | null {
  const of = (...names: string[]): string[] => names.flatMap((name) => properties[name] ?? []);
  const strong = [...(of("name").length === 0 ? [caption] : of("name")), ...of("alias", "previousName")];
  const identifiers: Identifier[] = Object.entries(IDENTIFIERS).flatMap(([property, kind]) =>
    of(property).map((value) => ({ kind, value })),
  );
  return entryOf(
    {
      entityId: id,
      list,
      kind: KINDS[schema] ?? "unknown",
      names: [
        ...strong.map((name) => ({ name, quality: "strong" as const })),
        ...of("weakAlias").map((name) => ({ name, quality: "weak" as const })),
      ],
      born: of("birthDate").flatMap(datesOf),
      countries: of("nationality", "citizenship", "country", "jurisdiction", "flag"),
      identifiers,
      programmes: of("programId", "program"),
      remarks: of("notes").join("; "),
    },
    limits,
  );
}
