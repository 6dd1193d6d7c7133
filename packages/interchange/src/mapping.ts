// The mapping step: which column is which field, how dates and numbers are written, what words stand for. From a YAML or JSON file, or by known header names.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { parseDocument } from "yaml";
import { z } from "zod";
import { DATE_PATTERN } from "./dates.ts";
import { ENCODINGS } from "./file-bytes.ts";
import { bareHeader, FIELDS, type FieldOf, type ImportKind } from "./header-names.ts";
import { DELIMITERS } from "./read-csv.ts";
import { quoted, refuseFile } from "./refusals.ts";
import type { Table } from "./table.ts";

const Words = z.record(z.string().max(100), z.string().max(200));

export const MappingFile = z.strictObject({
  kind: z.enum(["orders", "bank", "accounts", "market", "esg"]).optional(),
  /** Field → header of its column. Columns that are not named here are not used. */
  columns: z.record(z.string(), z.string().min(1).max(200)).optional(),
  /** Field → its value in every row. */
  constants: Words.optional(),
  /** Field → what stands in the file → what is meant. */
  values: z.record(z.string(), Words).optional(),
  /** How days are written, such as DD.MM.YYYY. */
  dates: z
    .string()
    .regex(DATE_PATTERN, "of YYYY or YY, MM or M, DD or D and what separates them, such as DD.MM.YYYY")
    .optional(),
  numbers: z
    .strictObject({ decimal: z.enum([".", ","]), group: z.enum(["", ".", ",", " ", "'"]).default("") })
    .refine((format) => format.group !== format.decimal, "decimal and group are two signs")
    .optional(),
  delimiter: z.enum(DELIMITERS).optional(),
  encoding: z.enum(ENCODINGS).optional(),
  sheet: z.string().min(1).max(100).optional(),
  skip_rows: z.int().min(0).max(1000).optional(),
});
export type MappingFile = z.infer<typeof MappingFile>;

const LONGEST = 64 * 1024;

/** A mapping file as text. Errors: EG400 with the place, EG413 above 64 KB. */
export function parseMapping(text: string, kind: ImportKind): MappingFile {
  if (text.length > LONGEST) throw new EvergreenError("EG413", "The mapping file is larger than 64 KB.");
  // one document, no aliases: a few bytes cannot become many
  const document = parseDocument(text, { uniqueKeys: true, strict: true, schema: "core", prettyErrors: true });
  const [error] = [...document.errors, ...document.warnings];
  if (error)
    refuseFile(`The mapping file is neither YAML nor JSON: ${quoted(error.message.split("\n")[0] ?? "", 160)}.`, error);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    return refuseFile("The mapping file uses aliases; write the values out.", cause);
  }
  const parsed = MappingFile.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.join(".") ?? "";
    return refuseFile(
      `The mapping file is not one: ${place === "" ? "" : `${quoted(place)}: `}${quoted(issue?.message ?? "", 160).slice(1, -1)}.`,
    );
  }
  const mapping = parsed.data;
  if (mapping.kind !== undefined && mapping.kind !== kind)
    refuseFile(`The mapping file is for ${mapping.kind}, not for ${kind}.`);
  const fields: object = FIELDS[kind];
  for (const [part, names] of Object.entries({
    columns: mapping.columns,
    constants: mapping.constants,
    values: mapping.values,
  })) {
    const stranger = Object.keys(names ?? {}).find((name) => !Object.hasOwn(fields, name));
    if (stranger !== undefined)
      refuseFile(
        `The mapping file names ${quoted(stranger)} in ${part}; the fields are ${Object.keys(fields).join(", ")}.`,
      );
  }
  const both = Object.keys(mapping.columns ?? {}).find((name) => Object.hasOwn(mapping.constants ?? {}, name));
  if (both !== undefined) refuseFile(`The mapping file gives ${quoted(both)} a column and a constant.`);
  return mapping;
}

/** What became of a column, to be shown to the person. */
export interface MappedColumn<Field extends string = string> {
  header: string;
  column: number;
  field: Field | null;
}

/**
 * Which column brings which field: as the mapping file says, else by known names.
 * Errors: EG400 when a named header is not there, or two headers could be one field.
 */
export function mapColumns<K extends ImportKind>(
  table: Table,
  kind: K,
  mapping: MappingFile | undefined,
): MappedColumn<FieldOf<K>>[] {
  const fields = FIELDS[kind] as Record<string, readonly string[]>;
  const field = mapping?.columns === undefined ? byName(table, fields, mapping) : byFile(table, mapping.columns);
  return table.headers.map((header, column) => ({
    header,
    column,
    field: (field.get(column) ?? null) as FieldOf<K> | null,
  }));
}

function byFile(table: Table, columns: Readonly<Record<string, string>>): Map<number, string> {
  const found = new Map<number, string>();
  for (const [field, header] of Object.entries(columns)) {
    const wanted = header.trim().replace(/\s+/g, " ");
    const exact = table.headers.indexOf(wanted);
    const column = exact >= 0 ? exact : table.headers.findIndex((one) => one.toLowerCase() === wanted.toLowerCase());
    if (column < 0)
      refuseFile(
        `The file has no column ${quoted(header)} (${field}); it has ${table.headers
          .map((one) => quoted(one))
          .join(", ")
          .slice(0, 400)}.`,
      );
    const before = found.get(column);
    if (before !== undefined)
      refuseFile(`The mapping file uses the column ${quoted(header)} for ${before} and for ${field}.`);
    found.set(column, field);
  }
  return found;
}

function byName(
  table: Table,
  fields: Record<string, readonly string[]>,
  mapping: MappingFile | undefined,
): Map<number, string> {
  const found = new Map<number, string>();
  for (const [field, names] of Object.entries(fields)) {
    if (Object.hasOwn(mapping?.constants ?? {}, field)) continue;
    const columns = table.headers.flatMap((header, column) => (names.includes(bareHeader(header)) ? [column] : []));
    const [first, second] = columns;
    if (second !== undefined && first !== undefined)
      refuseFile(
        `Both ${quoted(table.headers[first] ?? "")} and ${quoted(table.headers[second] ?? "")} could be ${field}; say which in a mapping file (--map).`,
      );
    if (first === undefined) continue;
    found.set(first, field);
  }
  return found;
}
