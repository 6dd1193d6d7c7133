// Reports of nightly runs as files: in the home's reports folder and, when a store is set, beside the copy of their day. A report is written once, each file
// with its SHA-256, and who reads it compares them.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { persist } from "./home.ts";
import { checkedDay, type Store } from "./store.ts";

export interface ReportFile {
  name: string;
  content: Uint8Array;
}
/** Whose report it is; `day`: the day in UTC on which its run was asked for. */
export interface ReportKey {
  runId: string;
  fundId: string;
  day: string;
}

const digest = z.string().regex(/^[0-9a-f]{64}$/);
/** As it comes from a folder and from a store that others may write to: names become parts of paths. */
const Stored = z.strictObject({
  runId: z.uuid(),
  fundId: z.uuid(),
  day: z.iso.date(),
  hash: digest,
  files: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9][A-Za-z0-9_-]*\.(md|svg|pdf)$/),
        bytes: z.int().min(0),
        sha256: digest,
      }),
    )
    .min(1)
    .max(500),
});
/** `hash`: SHA-256 over the lines of `sha256sum` of the files, in the order of their names. */
export type ReportManifest = z.infer<typeof Stored>;
export type KeptReport = ReportManifest & {
  folder: string;
  /** Where it was found. */
  from: "home" | "store";
};

const MANIFEST = "manifest.json";
const sha256 = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex");
const hashOf = (files: ReportManifest["files"]): string =>
  sha256(files.map((file) => `${file.sha256}  ${file.name}\n`).join(""));

/** @param home EVERGREEN_HOME, absolute. */
export const reportFolder = (home: string, { day, runId }: Pick<ReportKey, "day" | "runId">): string =>
  join(home, "reports", checkedDay(day), runId);

function manifestOf({ runId, fundId, day }: ReportKey, given: readonly ReportFile[]): ReportManifest {
  const files = given
    .map(({ name, content }) => ({ name, bytes: content.byteLength, sha256: sha256(content) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const manifest = Stored.safeParse({ runId, fundId, day, hash: hashOf(files), files });
  if (manifest.success) return manifest.data;
  throw new EvergreenError("EG400", "A report is Markdown, SVG and PDF files under plain names.", {
    cause: manifest.error,
  });
}

/**
 * Writes a report where it belongs. One that is there already, whole, stays as it is: what was read in the morning does not change.
 * Errors: EG400 by its names, EG503 and EG403 of the store; what lies in the home then lies there all the same.
 */
export async function keepReport(
  home: string,
  store: Store | null,
  key: ReportKey,
  files: readonly ReportFile[],
): Promise<ReportManifest> {
  const kept = await readHome(home, key).catch(damaged);
  const manifest = kept ?? manifestOf(key, files);
  if (kept === undefined) await writeHome(home, manifest, files);
  if (store !== null) {
    const folder = reportFolder(home, key);
    // the manifest last: a copy without one does not count
    for (const { name } of manifest.files)
      await store.putReport(key.day, `${key.runId}/${name}`, await readFile(join(folder, name)));
    await store.putReport(key.day, `${key.runId}/${MANIFEST}`, await readFile(join(folder, MANIFEST)));
  }
  return manifest;
}

/** A report from the home, else from the store, which puts it into the home. Errors: EG404 there is none, EG431 it is not what was written. */
export async function findReport(home: string, store: Store | null, key: ReportKey): Promise<KeptReport> {
  const here = await readHome(home, key).catch((error: unknown) => {
    if (store === null) throw error;
    return damaged(error);
  });
  const folder = reportFolder(home, key);
  if (here !== undefined) return { ...here, folder, from: "home" };
  if (store === null) throw new EvergreenError("EG404", "No report of that run is kept here.");
  const manifest = parsed(await store.getReport(key.day, `${key.runId}/${MANIFEST}`), key);
  const files: ReportFile[] = [];
  for (const { name, sha256: expected } of manifest.files) {
    const content = await store.getReport(key.day, `${key.runId}/${name}`);
    if (sha256(content) !== expected) throw changed(name);
    files.push({ name, content });
  }
  await writeHome(home, manifest, files);
  return { ...manifest, folder, from: "store" };
}

/** Undefined when there is none. Errors: EG431. */
async function readHome(home: string, key: ReportKey): Promise<ReportManifest | undefined> {
  const folder = reportFolder(home, key);
  const text = await readFile(join(folder, MANIFEST)).catch(absent);
  if (text === undefined) return undefined;
  const manifest = parsed(text, key);
  for (const { name, sha256: expected } of manifest.files) {
    const content = await readFile(join(folder, name)).catch(absent);
    if (content === undefined || sha256(content) !== expected) throw changed(name);
  }
  return manifest;
}

/** Under another name first: a reader finds a whole report or none. */
async function writeHome(home: string, manifest: ReportManifest, files: readonly ReportFile[]): Promise<void> {
  const folder = reportFolder(home, manifest);
  const draft = `${folder}.${randomUUID()}.draft`;
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    for (const { name, content } of [...files, { name: MANIFEST, content: text }]) {
      await writeFile(join(draft, name), content, { mode: 0o600 });
      await persist(join(draft, name));
    }
    await persist(draft);
    await rename(draft, folder).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      // whole: another process was faster with the same run; else it is what was damaged
      if ((await readHome(home, manifest).catch(damaged)) !== undefined) return;
      await rm(folder, { recursive: true, force: true });
      await rename(draft, folder);
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function parsed(content: Uint8Array, { runId, fundId, day }: ReportKey): ReportManifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(content).toString("utf8"));
  } catch {
    value = undefined;
  }
  const { success, data } = Stored.safeParse(value);
  if (success && data.runId === runId && data.fundId === fundId && data.day === day && data.hash === hashOf(data.files))
    return data;
  throw changed(MANIFEST);
}

const changed = (name: string): EvergreenError =>
  new EvergreenError("EG431", `The report is not what was written: ${name} differs; \`stress report\` makes it anew.`);

/** What was damaged counts as not there: it is written, or fetched, again. */
function damaged(error: unknown): undefined {
  if (error instanceof EvergreenError && error.code === "EG431") return undefined;
  throw error;
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}
