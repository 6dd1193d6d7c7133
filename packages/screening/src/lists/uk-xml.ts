// The United Kingdom's lists as XML: OFSI's consolidated list (ConList.xml: FinancialSanctionsTarget, one per name, those of one subject share
// GroupID) and the UK Sanctions List of the Foreign Office (Designation, one per subject).
import type { ListEntry } from "../party.ts";
import { type Draft, datesOf, entryOf, isoDate } from "./entry.ts";
import { type ListLimits, refused } from "./limits.ts";
import { eachRecord, type Node } from "./xml.ts";

type UkDraft = Draft & {
  born: string[];
  countries: string[];
  identifiers: NonNullable<Draft["identifiers"]>[number][];
};

export function readUkXml(
  text: string,
  list: string,
  limits: ListLimits,
): { entries: ListEntry[]; date: string | null } {
  const drafts = new Map<string, UkDraft>();
  let date: string | null = null;
  let nameless = 0;
  eachRecord(text, ["FinancialSanctionsTarget", "Designation", "DateGenerated"], limits, (node) => {
    if (node.name === "DateGenerated") {
      date = isoDate(node.text.trim());
      return;
    }
    const id = first(node, "GroupID") || first(node, "UniqueID");
    if (id === "") nameless += 1;
    else if (node.name === "Designation" && drafts.has(id)) refused("two entries have the same id.");
    else drafts.set(id, taken(drafts.get(id), node, id, list));
  });
  if (nameless > 0 && drafts.size === 0)
    refused("its entries have neither GroupID nor UniqueID as the UK's lists have.");
  const entries = [...drafts.values()].map((draft) => entryOf(draft, limits)).filter((entry) => entry !== null);
  return { entries, date };
}

/** The subject with what one element says of it. */
function taken(known: UkDraft | undefined, node: Node, id: string, list: string): UkDraft {
  const draft: UkDraft = known ?? {
    entityId: id,
    list,
    kind: kindOf(first(node, "GroupTypeDescription") || first(node, "IndividualEntityShip")),
    names: [],
    born: [],
    countries: [],
    identifiers: [],
    programmes: [first(node, "RegimeName")],
    remarks: first(node, "OtherInformation"),
  };
  for (const one of node.name === "Designation" ? each(node, "Name") : [node]) {
    // names 1 to 5 are given names, name 6 is the family's or the whole
    const name = ["Name1", "Name2", "Name3", "Name4", "Name5", "Name6"]
      .map((part) => first(one, part))
      .filter((part) => part !== "")
      .join(" ");
    const weak = /low/i.test(first(one, "AliasQuality") || first(one, "AliasStrength"));
    draft.names.push({ name, quality: weak ? "weak" : "strong" });
  }
  for (const name of texts(node, "NameNonLatinScript")) draft.names.push({ name, quality: "strong" });
  draft.born.push(
    ...["DOB", "DateOfBirth", "Individual_DateOfBirth"].flatMap((at) => texts(node, at).flatMap(datesOf)),
  );
  draft.countries.push(...["Nationality", "Individual_Nationality"].flatMap((at) => texts(node, at).flatMap(numbered)));
  if (draft.kind !== "person") draft.countries.push(...["Country", "AddressCountry"].flatMap((at) => texts(node, at)));
  for (const [kind, places] of IDENTIFIERS)
    for (const place of places)
      for (const value of texts(node, place).flatMap(numbered)) draft.identifiers.push({ kind, value });
  return draft;
}

const IDENTIFIERS = [
  ["passport", ["PassportNumber", "Individual_PassportNumber"]],
  ["national_id", ["NationalIdentifierNumber", "NationalIdentificationNumber", "Individual_NINumber"]],
  ["registration", ["BusinessRegistrationNumber", "Entity_BusinessRegNumber", "BusinessRegNumber"]],
  ["imo", ["IMONumber", "Ship_IMONumber"]],
] as const;

const kindOf = (type: string): Draft["kind"] =>
  /individual/i.test(type)
    ? "person"
    : /ship/i.test(type)
      ? "vessel"
      : /entity/i.test(type)
        ? "organisation"
        : "unknown";

/** Elements of a name anywhere below; the lists write some names with a small first letter. */
function each(node: Node, name: string): Node[] {
  const wanted = name.toLowerCase();
  return node.children.flatMap((child) => (child.name.toLowerCase() === wanted ? [child] : each(child, name)));
}
const texts = (node: Node, name: string): string[] =>
  each(node, name)
    .map(({ text }) => text.trim())
    .filter((text) => text !== "");
const first = (node: Node, name: string): string => texts(node, name)[0] ?? "";

/** "(1) Iraq (2) Syria" to its values. */
export const numbered = (text: string): string[] =>
  text
    .split(/\(\d+\)/)
    .map((part) => part.trim().replace(/\.$/, ""))
    .filter((part) => part !== "");
