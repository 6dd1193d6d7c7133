// A block list of one's own: CSV with a header. Columns: id, name; and as wanted kind, aliases, weak_aliases, born, countries, identifiers, programme, remarks.
// Several values of a cell are separated by ";". An identifier is "kind:value" or "kind:value:country".
import { type ListEntry, PARTY_KINDS } from "../party.ts";
import { identifier } from "../read-parties.ts";
import { csvRows, headed } from "./csv.ts";
import { datesOf, entryOf } from "./entry.ts";
import { type ListLimits, refused } from "./limits.ts";

const several = (text: string | undefined): string[] =>
  (text ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");

export function readOwn(text: string, list: string, limits: ListLimits): ListEntry[] {
  const { header, rows } = headed(csvRows(text, limits));
  for (const needed of ["id", "name"])
    if (!header.includes(needed)) refused(`a block list needs the column "${needed}".`);
  const seen = new Set<string>();
  return rows
    .map((row, at) => {
      const id = row.get("id") ?? "";
      if (id === "") refused(`row ${at + 2} has no id.`);
      if (seen.has(id)) refused(`row ${at + 2} has an id that stands there already.`);
      seen.add(id);
      const kind = (row.get("kind") ?? "").toLowerCase();
      return entryOf(
        {
          entityId: id,
          list,
          kind: PARTY_KINDS.find((one) => one === kind) ?? "unknown",
          names: [
            ...[row.get("name") ?? "", ...several(row.get("aliases"))].map((name) => ({
              name,
              quality: "strong" as const,
            })),
            ...several(row.get("weak_aliases")).map((name) => ({ name, quality: "weak" as const })),
          ],
          born: several(row.get("born")).flatMap(datesOf),
          countries: several(row.get("countries")),
          identifiers: several(row.get("identifiers")).map(identifier),
          programmes: several(row.get("programme")),
          remarks: row.get("remarks") ?? "",
        },
        limits,
      );
    })
    .filter((entry) => entry !== null);
}
