// Where lists come from: addresses fetched with limits, or files of one folder for hosts without internet. Read by the readers of packages/screening.
import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain";
import { type EntryRow, entryRow, LIST_LIMITS, type ListFormat, readList } from "@evergreen-fund/screening";
import { ofYente } from "./yente.ts";

export interface FetchedList {
  /** Of the bytes. */
  sha256: string;
  /** When its source said that this is the list, ISO; of a file when it was last changed. */
  fetchedAt: string;
  /** The list's own date, if it has one. */
  publishedOn: string | null;
  entries: EntryRow[];
}

const ANSWER_MS = 120_000;

export interface Bytes {
  name: string;
  bytes: Uint8Array;
  at: Date;
}

/** Reads files of one list into what is published. Errors: EG400, EG413. */
function listOf(source: string, format: string, files: readonly Bytes[]): FetchedList {
  const { version, entries } = readList(files, { list: source, format: format as ListFormat });
  return {
    sha256: version.sha256,
    // as fresh as its oldest part
    fetchedAt: new Date(Math.min(...files.map(({ at }) => at.getTime()))).toISOString(),
    publishedOn: version.date,
    entries: entries.map(entryRow),
  };
}

/**
 * @param address URLs (http, https) or names of files in `folder`, with spaces between; several only where a list consists of several.
 * Of the format `yente`: the URL of the server and the name of a dataset of its catalogue.
 */
export async function fetchList(
  { source, format, address }: { source: string; format: string; address: string },
  folder: string,
  signal: AbortSignal,
): Promise<FetchedList> {
  const parts = address.split(/\s+/).filter((part) => part !== "");
  if (format === "yente") {
    const { day, file } = await ofYente(parts, (url) => download(url, signal));
    const list = listOf(source, "ftm-json", [file]);
    return { ...list, publishedOn: day ?? list.publishedOn };
  }
  const files: Bytes[] = [];
  for (const part of parts)
    files.push(/^https?:\/\//.test(part) ? await download(part, signal) : await fileIn(folder, part));
  return listOf(source, format, files);
}

async function fileIn(folder: string, name: string): Promise<Bytes> {
  // one folder and no other: the address of a list is no way into the machine
  if (name !== basename(name) || name.startsWith("."))
    throw new EvergreenError("EG400", "A list's file is named without a folder; it lies in the folder of the lists.");
  const handle = await open(join(folder, name), "r").catch((error: NodeJS.ErrnoException) => {
    throw new EvergreenError("EG404", "The list's file is not in the folder of the lists.", { cause: error });
  });
  try {
    const { size, mtime } = await handle.stat();
    if (size > LIST_LIMITS.bytes) throw new EvergreenError("EG413", "The list's file is larger than a list may be.");
    return { name, bytes: await handle.readFile(), at: mtime };
  } finally {
    await handle.close();
  }
}

async function download(url: string, signal: AbortSignal): Promise<Bytes> {
  const at = new Date();
  const address = new URL(url);
  const headers: Record<string, string> = {};
  if (address.username !== "") {
    const user = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
    address.username = "";
    address.password = "";
    headers.authorization = `Basic ${Buffer.from(user).toString("base64")}`;
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const answer = await fetch(address, { signal: limit, redirect: "follow", headers }).catch((error: unknown) => {
    throw new EvergreenError("EG503", "The list's server does not answer.", { cause: error });
  });
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    if (answer.status >= 500 || answer.status === 429)
      throw new EvergreenError("EG503", `The list's server answers ${answer.status}; it is asked again.`);
    throw new EvergreenError(answer.status === 404 ? "EG404" : "EG400", `The list's server answers ${answer.status}.`);
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > LIST_LIMITS.bytes) throw new EvergreenError("EG413", "The list is larger than a list may be.");
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof EvergreenError) throw error;
    // half a list is none
    throw new EvergreenError("EG503", "The list's server broke off.", { cause: error });
  }
  return { name: basename(address.pathname) || "list", bytes: Buffer.concat(parts), at };
}
