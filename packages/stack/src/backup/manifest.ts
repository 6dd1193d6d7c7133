// What stands in a backup: every file with its hash, in one list that is written last. A folder without the list is no backup.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

export interface BackupManifest {
  name: string;
  /** ISO 8601. */
  madeAt: string;
  /** By path below the backup's folder, with `/`. */
  files: Record<string, { bytes: number; sha256: string }>;
  postgres: { version: string; system: string; startLsn: string; stopLsn: string };
  /** sha256 over the keys that belong to it; the keys themselves are in a file elsewhere. */
  keys: string;
}

const LIST = "manifest.json";

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Every file below a folder, by path with `/`, in order. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

/** Hashes everything and writes the list in one step; from then on the folder is a backup. */
export async function seal(folder: string, about: Omit<BackupManifest, "files">): Promise<BackupManifest> {
  const files: BackupManifest["files"] = {};
  for (const path of await filesBelow(folder)) {
    const file = join(folder, path);
    files[path] = { bytes: (await stat(file)).size, sha256: await sha256Of(file) };
  }
  const manifest: BackupManifest = { ...about, files };
  const draft = join(folder, `${LIST}.draft`);
  await writeFile(draft, `${JSON.stringify(manifest, null, 1)}\n`, { mode: 0o600 });
  const handle = await open(draft, "r");
  await handle.sync().finally(() => handle.close());
  await rename(draft, join(folder, LIST));
  return manifest;
}

/** Errors: EG404 when there is no backup there. */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const text = await readFile(join(folder, LIST), "utf8").catch(() => undefined);
  if (text === undefined) throw new EvergreenError("EG404", `There is no complete backup in ${folder}.`);
  try {
    return JSON.parse(text) as BackupManifest;
  } catch (error) {
    throw new EvergreenError("EG431", "The list of the backup cannot be read.", { cause: error });
  }
}

/** Reads every file and compares it with the list; one that is missing, changed or not listed is named. Errors: EG404, EG431. */
export async function verifyBackup(folder: string): Promise<BackupManifest> {
  const manifest = await readManifest(folder);
  const present = (await filesBelow(folder)).filter((path) => path !== LIST);
  const listed = Object.keys(manifest.files).sort();
  const odd = listed.find((path) => !present.includes(path)) ?? present.find((path) => !(path in manifest.files));
  if (odd !== undefined) throw new EvergreenError("EG431", `The backup is not what its list says: ${odd}.`);
  for (const path of listed) {
    if ((await sha256Of(join(folder, path))) !== manifest.files[path]?.sha256)
      throw new EvergreenError("EG431", `The backup is not what its list says: ${path}.`);
  }
  return manifest;
}

interface KeyFile {
  backup: string;
  keys: Record<string, string>;
}

const digestOf = (keys: Record<string, string>): string =>
  createHash("sha256")
    .update(JSON.stringify(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest("hex");

/** The keys of a home into one file that its owner alone reads, apart from the backup. Answers their hash. */
export async function saveKeys(home: string, backup: string, path: string): Promise<string> {
  const folder = join(home, "keys");
  const keys: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort())
    if (/^[a-z_]+$/.test(name)) keys[name] = await readFile(join(folder, name), "utf8");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, `${JSON.stringify({ backup, keys } satisfies KeyFile, null, 1)}\n`, {
    mode: 0o600,
    flag: "wx",
  });
  await chmod(path, 0o600);
  return digestOf(keys);
}

/** Puts the keys back into a home. Errors: EG404 without the file, EG431 when they are not those of the backup. */
export async function restoreKeys(path: string, manifest: BackupManifest, home: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) throw new EvergreenError("EG404", `The keys of the backup are not at ${path}.`);
  let keys: Record<string, string>;
  try {
    ({ keys } = JSON.parse(text) as KeyFile);
  } catch (error) {
    throw new EvergreenError("EG431", "The file of keys cannot be read.", { cause: error });
  }
  if (digestOf(keys) !== manifest.keys) throw new EvergreenError("EG431", "These are not the keys of this backup.");
  const folder = join(home, "keys");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(keys)) {
    if (!/^[a-z_]+$/.test(name)) throw new EvergreenError("EG431", "The file of keys names something else.");
    await writeFile(join(folder, name), value, { mode: 0o600 });
  }
}
