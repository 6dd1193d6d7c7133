// A table of parties to screen, and its answer as a table: CSV in with names of columns, CSV out that no spreadsheet takes for formulas.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { csvRows, headed } from "./lists/csv.ts";
import { datesOf } from "./lists/entry.ts";
import { LIST_LIMITS } from "./lists/limits.ts";
import { checkedParty, type Identifier, PARTY_KINDS, type ScreenedParty } from "./party.ts";

export interface PartyRow {
  /** Row of the file, the header being the first. */
  row: number;
  /** Column `id`, or the row. */
  id: string;
  /** The party, or the code and the sentence it is refused with. */
  party: ScreenedParty | null;
  problem: { code: string; says: string } | null;
}

export const PARTY_COLUMNS = [
  "id",
  "name",
  "aliases",
  "kind",
  "born",
  "countries",
  "nationalities",
  "identifiers",
] as const;
const several = (text: string | undefined): string[] =>
  (text ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** Parties of a CSV file; a row that cannot be screened has a problem and stops no other. Errors: EG400 no such columns, EG413 too large. */
export function readParties(text: string, most = 1_000_000): PartyRow[] {
  const delimiter = (text.split(/[\r\n]/, 1)[0] ?? "").includes(";") ? ";" : ",";
  const rows = csvRows(text, { ...LIST_LIMITS, rows: most + 1 }, delimiter);
  const table = headed(rows);
  if (!table.header.includes("name"))
    throw new EvergreenError(
      "EG400",
      `The file needs the column "name"; it may have ${PARTY_COLUMNS.filter((column) => column !== "name").join(", ")}.`,
    );
  return table.rows.map((row, at) => {
    const id = row.get("id") || String(at + 2);
    try {
      return { row: at + 2, id, party: partyOf(row), problem: null };
    } catch (error) {
      if (!(error instanceof EvergreenError)) throw error;
      return { row: at + 2, id, party: null, problem: { code: error.code, says: error.message } };
    }
  });
}

function partyOf(row: ReadonlyMap<string, string>): ScreenedParty {
  const kind = (row.get("kind") ?? "").toLowerCase();
  const born = several(row.get("born") || row.get("birth_date") || row.get("date_of_birth"));
  const dates = born.flatMap(datesOf);
  if (dates.length < born.length)
    throw new EvergreenError("EG400", "The column born holds no date such as 1970-01-31, 31/01/1970 or 1970.");
  if (kind !== "" && !PARTY_KINDS.some((one) => one === kind))
    throw new EvergreenError("EG400", `The column kind holds none of ${PARTY_KINDS.join(", ")}.`);
  return checkedParty({
    names: [row.get("name") ?? ""],
    aliases: several(row.get("aliases")),
    ...(kind === "" ? {} : { kind }),
    born: dates,
    countries: several(row.get("countries") || row.get("country")),
    nationalities: several(row.get("nationalities") || row.get("nationality")),
    identifiers: several(row.get("identifiers")).map(identifier),
  });
}

/** "kind:value" or "kind:value:country"; without a kind, "other". */
export function identifier(text: string): Identifier {
  const [kind = "", value, country] = text.split(":").map((part) => part.trim());
  if (value === undefined) return { kind: "other", value: kind };
  return { kind: kind.toLowerCase(), value, ...(country ? { country } : {}) };
}

/** One line of CSV. A cell that a spreadsheet would compute gets an apostrophe in front. */
export const csvLine = (cells: readonly (string | number)[]): string => cells.map(csvCell).join(",");

function csvCell(cell: string | number): string {
  if (typeof cell === "number") return String(cell);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const text = cell.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
  const safe = /^\s*[=+\-@|%]/.test(text) ? `'${text}` : text;
  return /[",;\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
