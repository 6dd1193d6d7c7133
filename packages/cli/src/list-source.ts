// Where `screen` takes its lists from: files and folders that are named, or lists that lie in the cache folder under their name.
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { readConfig } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import {
  LIST_LIMITS,
  type ListEntry,
  type ListFile,
  type ListFileBytes,
  type ListVersion,
  readList,
  recognised,
} from "@evergreen-fund/screening";
import { plain } from "./output.ts";

export interface Lists {
  versions: ListVersion[];
  entries: ListEntry[];
  remarks: string[];
}

/** How a list that is asked for by name is got. */
const SOURCES: Readonly<Record<string, string>> = {
  ofac: "sdn.csv, add.csv and alt.csv of OFAC's Sanctions List Service",
  "ofac-consolidated": "cons_prim.csv, cons_add.csv and cons_alt.csv of OFAC's Sanctions List Service",
  eu: "the EU's consolidated financial sanctions list as XML",
  un: "the Security Council's consolidated list as XML",
  uk: "OFSI's ConList.csv or ConList.xml, or the UK Sanctions List as XML",
  opensanctions: "targets.simple.csv of OpenSanctions",
};

/** Lists of the option `--list`, separated by commas; of none, every list in the cache folder. Errors: EG404 no list, EG400, EG413 of a list. */
export async function openLists(
  environment: Readonly<Record<string, string | undefined>>,
  asked: string | undefined,
): Promise<Lists> {
  const folder = join(readConfig(environment).cacheDir, "lists");
  const names =
    asked === undefined
      ? (await readdir(folder).catch(() => [])).sort().map((name) => join(folder, name))
      : asked
          .split(",")
          .map((name) => name.trim())
          .filter((name) => name !== "");
  if (names.length === 0)
    throw new EvergreenError(
      "EG404",
      `There is no sanctions list to screen against: name files with --list FILE[,FILE], or put ${SOURCES.ofac} into ${plain(join(folder, "ofac"))}.`,
    );
  const groups = new Map<string, ListFileBytes[]>();
  for (const name of names) {
    const { list, paths } = await located(name, folder);
    for (const path of paths) {
      const bytes = await bytesOf(path);
      const file = { name: basename(path), bytes };
      // OFAC's list is several files: they are one list whichever way they are named
      const own =
        paths.length === 1 &&
        recognised(new TextDecoder().decode(bytes.subarray(0, 8_192)).replaceAll("\0", "")) === "ofac-csv"
          ? "ofac"
          : list;
      groups.set(own, [...(groups.get(own) ?? []), file]);
    }
  }
  const lists: ListFile[] = [...groups].map(([list, files]) => readList(files, { list }));
  return {
    versions: lists.map(({ version }) => version),
    entries: lists.flatMap(({ entries }) => entries),
    remarks: lists.flatMap(({ version, remarks }) => remarks.map((remark) => `${version.list}: ${remark}`)),
  };
}

const slug = (path: string): string =>
  basename(path)
    .replace(/\.[a-z0-9]+$/i, "")
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[-_]+/, "")
    .slice(0, 60) || "list";

async function located(name: string, folder: string): Promise<{ list: string; paths: string[] }> {
  const path = existsSync(name) ? name : join(folder, name);
  const found = /^[\w-]+$/.test(name) || existsSync(name) ? await stat(path).catch(() => undefined) : undefined;
  if (found === undefined) {
    const source = SOURCES[name];
    throw new EvergreenError(
      "EG404",
      source === undefined
        ? `There is no list file ${plain(name)}; name a file or folder with --list, or one of ${Object.keys(SOURCES).join(", ")}.`
        : `The list ${name} is not here: put ${source} into ${plain(path)}, or name the files with --list FILE[,FILE].`,
    );
  }
  if (!found.isDirectory()) return { list: slug(path), paths: [path] };
  const files = (await readdir(path)).filter((file) => /\.(csv|xml|json|jsonl|ndjson|txt)$/i.test(file)).sort();
  if (files.length === 0)
    throw new EvergreenError("EG404", `The folder ${plain(path)} holds no list file (CSV, XML or JSON).`);
  return { list: slug(path), paths: files.map((file) => join(path, file)) };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > LIST_LIMITS.bytes) throw new EvergreenError("EG413", `${plain(path)} is larger than a list may be.`);
  return readFile(path);
}
