// The Security Council's consolidated list, XML (CONSOLIDATED_LIST/INDIVIDUALS/INDIVIDUAL, ENTITIES/ENTITY).
import type { ListEntry, ListName } from "../party.ts";
import { datesOf, entryOf, identifierKind } from "./entry.ts";
import type { ListLimits } from "./limits.ts";
import { childrenOf, eachRecord, type Node, textOf, textsOf } from "./xml.ts";

export function readUn(text: string, list: string, limits: ListLimits): { entries: ListEntry[]; date: string | null } {
  const entries: ListEntry[] = [];
  let date: string | null = null;
  eachRecord(
    text,
    ["INDIVIDUAL", "ENTITY"],
    limits,
    (node) => {
      const entry = entryFrom(node, list, limits);
      if (entry !== null) entries.push(entry);
    },
    ({ attributes }) => {
      date = /^\d{4}-\d{2}-\d{2}/.exec(attributes.dateGenerated ?? "")?.[0] ?? null;
    },
  );
  return { entries, date };
}

function entryFrom(node: Node, list: string, limits: ListLimits): ListEntry | null {
  const kind = node.name === "INDIVIDUAL" ? "person" : "organisation";
  const own = ["FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"]
    .map((part) => textOf(node, part))
    .filter((part) => part !== "");
  const names: ListName[] = [
    { name: own.join(" "), quality: "strong" },
    { name: textOf(node, "NAME_ORIGINAL_SCRIPT"), quality: "strong" },
    ...childrenOf(node, `${node.name}_ALIAS`).map(
      (alias): ListName => ({
        name: textOf(alias, "ALIAS_NAME"),
        quality: textOf(alias, "QUALITY").toLowerCase() === "low" ? "weak" : "strong",
      }),
    ),
  ];
  const born = childrenOf(node, "INDIVIDUAL_DATE_OF_BIRTH").flatMap((one) => {
    const [date, year, from, to] = ["DATE", "YEAR", "FROM_YEAR", "TO_YEAR"].map((part) => textOf(one, part));
    return datesOf(date || year || (from && to ? `${from} to ${to}` : ""));
  });
  return entryOf(
    {
      entityId: textOf(node, "REFERENCE_NUMBER") || textOf(node, "DATAID"),
      list,
      kind,
      names,
      born,
      countries: kind === "person" ? textsOf(node, "NATIONALITY/VALUE") : textsOf(node, "ENTITY_ADDRESS/COUNTRY"),
      identifiers: childrenOf(node, "INDIVIDUAL_DOCUMENT").map((one) => ({
        kind: identifierKind(textOf(one, "TYPE_OF_DOCUMENT")),
        value: textOf(one, "NUMBER"),
        country: textOf(one, "ISSUING_COUNTRY") || textOf(one, "COUNTRY_OF_ISSUE"),
      })),
      programmes: [textOf(node, "UN_LIST_TYPE")],
      remarks: textOf(node, "COMMENTS1"),
    },
    limits,
  );
}
