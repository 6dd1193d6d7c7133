// The United Kingdom's consolidated list as OFSI publishes it, CSV (ConList.csv): a date in the first row, one row per name, rows of one subject share "Group ID".
import type { ListEntry } from "../party.ts";
import { csvRows, headed } from "./csv.ts";
import { type Draft, datesOf, entryOf, isoDate } from "./entry.ts";
import { type ListLimits, refused } from "./limits.ts";
import { numbered } from "./uk-xml.ts";

export function readUk(text: string, list: string, limits: ListLimits): { entries: ListEntry[]; date: string | null } {
  const rows = csvRows(text, limits);
  const first = rows[0] ?? [];
  const dated = /^\ufeff?last updated$/i.test((first[0] ?? "").trim());
  const table = headed(dated ? rows.slice(1) : rows);
  for (const needed of ["name_6", "group_type", "group_id"])
    if (!table.header.includes(needed)) refused(`it has no column "${needed.replace("_", " ")}" as OFSI's list has.`);
  const drafts = new Map<
    string,
    Draft & { born: string[]; countries: string[]; identifiers: NonNullable<Draft["identifiers"]>[number][] }
  >();
  for (const row of table.rows) {
    const id = row.get("group_id") ?? "";
    if (id === "") continue;
    const get = (column: string): string => row.get(column) ?? "";
    const type = get("group_type").toLowerCase();
    const draft = drafts.get(id) ?? {
      entityId: id,
      list,
      kind: type.includes("individual")
        ? "person"
        : type.includes("ship")
          ? "vessel"
          : type.includes("entity")
            ? "organisation"
            : "unknown",
      names: [],
      born: [],
      countries: [],
      identifiers: [],
      programmes: [get("regime")],
      remarks: get("other_information"),
    };
    // names 1 to 5 are given names, name 6 is the family's or the whole
    const name = ["name_1", "name_2", "name_3", "name_4", "name_5", "name_6"]
      .map(get)
      .filter((part) => part !== "")
      .join(" ");
    const quality = /low/i.test(get("alias_quality")) ? "weak" : "strong";
    draft.names.push({ name, quality }, { name: get("name_non_latin_script"), quality });
    draft.born.push(...datesOf(get("dob")));
    draft.countries.push(...numbered(get("nationality")), ...(draft.kind === "person" ? [] : [get("country")]));
    for (const value of numbered(get("passport_number"))) draft.identifiers.push({ kind: "passport", value });
    for (const value of numbered(get("national_identification_number")))
      draft.identifiers.push({ kind: "national_id", value });
    drafts.set(id, draft);
  }
  const entries = [...drafts.values()].map((draft) => entryOf(draft, limits)).filter((entry) => entry !== null);
  return { entries, date: dated ? isoDate(first[1] ?? "") : null };
}
