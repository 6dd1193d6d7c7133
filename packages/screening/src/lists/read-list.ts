// Files of one list to its entries with version, date and hash. The format is told or recognised by what the file holds, never by its name.
import { createHash } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { ListEntry, ListFormat, ListVersion } from "../party.ts";
import { columnName } from "./csv.ts";
import { readEu } from "./eu.ts";
import { LIST_LIMITS, type ListLimits, refused, tooLarge } from "./limits.ts";
import { readOfac } from "./ofac.ts";
import { readFtm, readTargets } from "./opensanctions.ts";
import { readOwn } from "./own.ts";
import { readUk } from "./uk.ts";
import { readUkXml } from "./uk-xml.ts";
import { readUn } from "./un.ts";

export interface ListFileBytes {
  /** For messages and the order of the hash; never opened. */
  name: string;
  bytes: Uint8Array;
}

export interface ReadListOptions {
  list: string;
  format?: ListFormat;
  limits?: Partial<ListLimits>;
}

export interface ListFile {
  version: ListVersion;
  entries: ListEntry[];
  /** What a person should know about the reading, without names. */
  remarks: string[];
}

/** Errors: EG400 no such format, damaged, or hostile (DOCTYPE, NUL); EG413 beyond a limit. */
export function readList(files: readonly ListFileBytes[], { list, format, limits: own }: ReadListOptions): ListFile {
  const limits = { ...LIST_LIMITS, ...own };
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(list))
    throw new EvergreenError("EG400", "A list is named by small letters, figures, - and _.");
  if (files.length === 0) refused("there is no file.");
  if (files.reduce((sum, { bytes }) => sum + bytes.length, 0) > limits.bytes)
    tooLarge(`it is larger than ${limits.bytes} bytes.`);
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const texts = sorted.map(({ bytes }) => textOf(bytes));
  const found = format ?? recognised(texts[0] ?? "");
  if (found !== "ofac-csv" && texts.length > 1) refused("several files make one list only in OFAC's layout.");
  const text = texts[0] ?? "";
  const { entries, date } = read(found, text, texts, list, limits);
  if (entries.length > limits.rows) tooLarge(`it has more than ${limits.rows} entries.`);
  const keys = new Set(entries.map(({ entityId }) => entityId));
  if (keys.size < entries.length) refused("two entries have the same id.");
  const hash = createHash("sha256");
  // one file has the hash one gets of it everywhere; several are hashed one after the other
  for (const { bytes } of sorted) hash.update(bytes);
  const remarks: string[] = [];
  const undated = entries.filter(({ kind, born }) => kind === "person" && born.length === 0).length;
  if (undated > 0) remarks.push(`${undated} people on the list have no date of birth.`);
  if (date === null) remarks.push("The files do not say of which day they are.");
  return {
    version: { list, format: found, date, sha256: hash.digest("hex"), entries: entries.length },
    entries,
    remarks,
  };
}

function read(
  format: ListFormat,
  text: string,
  texts: readonly string[],
  list: string,
  limits: ListLimits,
): { entries: ListEntry[]; date: string | null } {
  switch (format) {
    case "ofac-csv":
      return { entries: readOfac(texts, list, limits), date: null };
    case "eu-xml":
      return readEu(text, list, limits);
    case "un-xml":
      return readUn(text, list, limits);
    case "uk-csv":
      return readUk(text, list, limits);
    case "uk-xml":
      return readUkXml(text, list, limits);
    case "own-csv":
      return { entries: readOwn(text, list, limits), date: null };
    case "opensanctions-csv":
      return readTargets(text, list, limits);
    case "ftm-json":
      return readFtm(text, list, limits);
  }
}

function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) refused("a file is gzip; unpack it first.");
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) refused("a file is a zip archive; unpack it first.");
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (!utf16 && bytes.includes(0)) refused("a file holds NUL characters: it is no text.");
  for (const encoding of utf16 ? [bytes[0] === 0xff ? "utf-16le" : "utf-16be"] : ["utf-8", "windows-1252"]) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // OFAC and OFSI have published files of Windows' encoding
    }
  }
  return refused("a file is no text in UTF-8.");
}

/** The format by the head of a file. Errors: EG400 none that is known. */
export function recognised(text: string): ListFormat {
  const head = text
    .slice(0, 4_000)
    .replace(/^\ufeff/, "")
    .trimStart();
  if (head.startsWith("<")) {
    if (/<!DOCTYPE|<!ENTITY/i.test(head)) return refused("a DOCTYPE is not allowed, nor any entity of its own.");
    if (/<(?:\w+:)?CONSOLIDATED_LIST\b/.test(head)) return "un-xml";
    if (/<(?:\w+:)?export\b/.test(head) || head.includes("sanctionEntity")) return "eu-xml";
    if (/<(?:\w+:)?(?:ArrayOf)?FinancialSanctionsTarget\b|<(?:\w+:)?Designations\b/.test(head)) return "uk-xml";
    return refused("it is XML of no format that is known (EU, UN, UK).");
  }
  if (head.startsWith("{")) return "ftm-json";
  const [first = "", second = ""] = head.split(/\r\n|\n|\r/);
  const columns = first.split(",").map((cell) => columnName(cell.replace(/"/g, "")));
  if (/^"?last updated/i.test(first) && /name 6/i.test(second)) return "uk-csv";
  if (columns.includes("name_6") && columns.includes("group_id")) return "uk-csv";
  if (columns.includes("id") && columns.includes("schema") && columns.includes("aliases")) return "opensanctions-csv";
  if (columns.includes("id") && columns.includes("name")) return "own-csv";
  if (/^\d+,/.test(first)) return "ofac-csv";
  return refused(
    "its format is none that is known: OFAC, EU, UN, UK, OpenSanctions, or a block list with the columns id and name.",
  );
}
