// `--map FILE` read and checked, and what became of the columns of a file, for a person to see before anything is sent.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { ImportKind, MappedColumn, MappingFile } from "@evergreen-fund/interchange";
import type { CommandOption } from "../command.ts";
import { plain, table } from "../output.ts";

export const MAP: CommandOption = {
  flags: "--map <file>",
  about: "mapping file (YAML or JSON): columns, values, dates, numbers; without it known header names are used",
};
export const DRY_RUN: CommandOption = { flags: "--dry-run", about: "say what would happen and change nothing" };
export const PARTIAL: CommandOption = {
  flags: "--partial",
  about: "take in the rows that are right and list the others; without it one wrong row refuses the file",
};

/** The mapping file of an import, or undefined. Errors: EG400 unreadable or no mapping, EG413 too large. */
export async function mappingOf(path: string | undefined, kind: ImportKind): Promise<MappingFile | undefined> {
  if (path === undefined) return undefined;
  const { parseMapping } = await import("@evergreen-fund/interchange");
  const source = await readFile(path, "utf8").catch((error: unknown) => {
    throw new EvergreenError("EG400", `Cannot read the mapping file ${plain(path)}.`, { cause: error });
  });
  return parseMapping(source, kind);
}

/** How a file is named in the batch: its own name, without its folder and without anything a terminal would obey. */
export const fileName = (path: string): string => plain(basename(path)).replace(/[/\\]/g, "_").slice(0, 200) || "file";

/** The columns and the fields they became; nothing for messages that have none. */
export function columnsText(columns: readonly MappedColumn[]): string {
  if (columns.length === 0) return "";
  return `${table(columns, [
    { header: "Column", value: (column) => column.header || "(no name)" },
    { header: "Read as", value: (column) => column.field ?? "not used" },
  ])}\n`;
}

export const columnsJson = (columns: readonly MappedColumn[]) =>
  columns.map(({ header, field }) => ({ column: header, field }));
