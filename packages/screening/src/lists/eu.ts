// The EU's consolidated financial sanctions list, XML 1.0 and 1.1 (export/sanctionEntity/nameAlias …).
import type { Identifier, ListEntry, ListName } from "../party.ts";
import { datesOf, entryOf, identifierKind } from "./entry.ts";
import type { ListLimits } from "./limits.ts";
import { childrenOf, eachRecord, type Node, textsOf } from "./xml.ts";

export function readEu(text: string, list: string, limits: ListLimits): { entries: ListEntry[]; date: string | null } {
  const entries: ListEntry[] = [];
  let date: string | null = null;
  eachRecord(
    text,
    ["sanctionEntity"],
    limits,
    (node) => {
      const entry = entryFrom(node, list, limits);
      if (entry !== null) entries.push(entry);
    },
    ({ attributes }) => {
      date = /^\d{4}-\d{2}-\d{2}/.exec(attributes.generationDate ?? "")?.[0] ?? null;
    },
  );
  return { entries, date };
}

const attribute = (node: Node, name: string): string => (node.attributes[name] ?? "").trim();

function entryFrom(node: Node, list: string, limits: ListLimits): ListEntry | null {
  const type = childrenOf(node, "subjectType")[0];
  const code =
    type === undefined ? "" : `${attribute(type, "code")} ${attribute(type, "classificationCode")}`.toLowerCase();
  const names: ListName[] = childrenOf(node, "nameAlias").map((alias) => ({
    name:
      attribute(alias, "wholeName") ||
      ["firstName", "middleName", "lastName"]
        .map((part) => attribute(alias, part))
        .filter((part) => part !== "")
        .join(" "),
    quality: attribute(alias, "strong") === "false" ? "weak" : "strong",
  }));
  const identifiers: Identifier[] = childrenOf(node, "identification").map((one) => ({
    kind: identifierKind(
      `${attribute(one, "identificationTypeCode")} ${attribute(one, "identificationTypeDescription")}`,
    ),
    value: attribute(one, "number") || attribute(one, "latinNumber"),
    country: attribute(one, "countryIso2Code"),
  }));
  return entryOf(
    {
      entityId: attribute(node, "euReferenceNumber") || attribute(node, "logicalId"),
      list,
      kind:
        code.includes("person") || /\bp\b/.test(code)
          ? "person"
          : code.includes("enterprise") || /\be\b/.test(code)
            ? "organisation"
            : "unknown",
      names,
      born: childrenOf(node, "birthdate").flatMap((one) => {
        const [day, year] = [attribute(one, "birthdate"), attribute(one, "year")];
        return datesOf(day || (year === "0" ? "" : year));
      }),
      countries: childrenOf(node, "citizenship").map((one) => attribute(one, "countryIso2Code")),
      identifiers,
      programmes: childrenOf(node, "regulation").map((one) => attribute(one, "programme")),
      remarks: textsOf(node, "remark").join("; "),
    },
    limits,
  );
}
