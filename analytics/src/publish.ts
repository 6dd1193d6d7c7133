// Snapshots: immutable dated files with a manifest, and dev.duckdb, which names the newest. Each is made complete under another name, is on the
// disk before it gets its own, and the pointer moves last: whoever opens one sees a whole snapshot.
import { createHash } from "node:crypto";
import { constants, createReadStream, existsSync } from "node:fs";
import {
  chmod,
  copyFile,
  link,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import type { Checksum, Position } from "@evergreen-fund/supabase-client";
import { type DuckFile, openFile } from "./file.ts";
import { type AnalyticsHome, analyticsHome, persist } from "./home.ts";
import { checksum } from "./load.ts";
import { readModel } from "./model.ts";

/** What stands beside a snapshot; `contentHash` names what was mirrored, `sha256` the bytes of the file. */
export interface Manifest {
  name: string;
  sha256: string;
  bytes: number;
  contentHash: string;
  /** Hash of the model (sql/) it was made with. */
  model: string;
  position: Position;
  /** When the snapshot of Postgres was taken, by its clock. */
  takenAt: string;
  /** When the file was made, by the clock of this machine: what was computed since is in a later file of the same moment. */
  madeAt: string;
  tables: Record<string, Checksum>;
}

/** What is known before there is a file. */
export type Content = Omit<Manifest, "name" | "sha256" | "bytes" | "madeAt">;

/** sha256 over name, rows and sum of every mirrored table. */
export function contentHashOf(tables: Record<string, Checksum>): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(tables).sort()) hash.update(`${name} ${tables[name]?.rows} ${tables[name]?.sum}\n`);
  return hash.digest("hex");
}

/** A point that a publication passes; a test ends the process there. */
export type PublishPoint = "copied" | "sealed" | "pointed";

/**
 * Publishes the working file as the newest snapshot: after a checkpoint, while nothing writes, all of it is on the disk. `newest`: how many published files are kept (the one that dev.duckdb names is always kept).
 * Errors: EG500 when the disk refuses.
 */
export async function publish(
  paths: AnalyticsHome,
  content: Content,
  options: { keep: number; reach: (point: PublishPoint) => void },
): Promise<Manifest> {
  const moment = `${content.takenAt.replace(/[-:.]/g, "")}-${content.position.tx}`;
  const draft = join(paths.snapshots, `${moment}.draft`);
  // where the file system can, the copy shares its blocks and costs nothing
  await copyFile(paths.work, draft, constants.COPYFILE_FICLONE);
  await chmod(draft, 0o444);
  // while the disk takes it, it is hashed
  const [sha256] = await Promise.all([sha256Of(draft), persist(draft)]);
  options.reach("copied");
  // by its bytes, so that no other file ever has the name
  const name = `${moment}-${sha256.slice(0, 12)}`;
  const madeAt = new Date().toISOString();
  const manifest = { name, sha256, bytes: (await stat(draft)).size, madeAt, ...content };
  await seal(paths, draft, manifest);
  options.reach("sealed");
  await point(paths, name);
  options.reach("pointed");
  await prune(paths, options.keep);
  return manifest;
}

/** Gives a complete file and its manifest their names: the manifest last, a file without one does not count. */
export async function seal(paths: AnalyticsHome, draft: string, manifest: Manifest): Promise<void> {
  await rename(draft, fileOf(paths, manifest.name));
  const note = join(paths.snapshots, `${manifest.name}.json.draft`);
  await writeFile(note, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o444 });
  await persist(note);
  await rename(note, join(paths.snapshots, `${manifest.name}.json`));
  await persist(paths.snapshots);
}

/** Makes dev.duckdb name this snapshot, in one step. */
export async function point(paths: AnalyticsHome, name: string): Promise<void> {
  const draft = `${paths.newest}.draft`;
  await rm(draft, { force: true });
  // without the right to make symbolic links a second name of the file does
  await symlink(join("snapshots", `${name}.duckdb`), draft).catch(() => link(fileOf(paths, name), draft));
  await rename(draft, paths.newest);
  await persist(paths.folder);
}

export const fileOf = (paths: AnalyticsHome, name: string): string => join(paths.snapshots, `${name}.duckdb`);

/** All published snapshots, the newest first. */
export async function listSnapshots(home: string): Promise<Manifest[]> {
  const paths = analyticsHome(home);
  const names = (await readdir(paths.snapshots).catch(() => [])).filter((name) => name.endsWith(".json"));
  const manifests = await Promise.all(names.map((name) => readManifest(join(paths.snapshots, name))));
  return manifests
    .filter(({ name }) => existsSync(fileOf(paths, name)))
    .sort((a, b) => compare(b.takenAt, a.takenAt) || compare(b.madeAt, a.madeAt));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const readManifest = async (path: string): Promise<Manifest> => JSON.parse(await readFile(path, "utf8")) as Manifest;

/** A snapshot by its name or the beginning of it; absent: the one dev.duckdb names. Errors: EG404 when there is none, EG400 when several begin so. */
export async function findSnapshot(home: string, name?: string): Promise<Manifest & { path: string }> {
  const paths = analyticsHome(home);
  const all = await listSnapshots(home);
  const wanted = name ?? (await newestName(paths));
  const found = all.filter((one) => one.name === wanted || (name !== undefined && one.name.startsWith(name)));
  const [only] = found;
  if (only === undefined)
    throw new EvergreenError(
      "EG404",
      "There is no such snapshot here; `snapshot create` makes one and `snapshot list` names them.",
    );
  if (found.length > 1) throw new EvergreenError("EG400", "Several snapshots begin so: give more of the name.");
  return { ...only, path: fileOf(paths, only.name) };
}

async function newestName(paths: AnalyticsHome): Promise<string | undefined> {
  const target = await readlink(paths.newest).catch(() => undefined);
  if (target !== undefined) return basename(target, ".duckdb");
  // a second name of the file: the one of the same length and number
  const own = await stat(paths.newest).catch(() => undefined);
  if (own === undefined) return undefined;
  for (const { name } of await listSnapshots(dirname(paths.folder)))
    if ((await stat(fileOf(paths, name))).ino === own.ino) return name;
  return undefined;
}

/** The newest snapshot, opened for reading. Errors: EG404 when nothing was published yet. */
export async function openNewest(home: string): Promise<{ file: DuckFile; manifest: Manifest }> {
  const { path, ...manifest } = await findSnapshot(home);
  return { file: await openFile(path, { readOnly: true }), manifest };
}

/**
 * Reads a snapshot through and through: the bytes, then every row of every mirrored table against the manifest.
 * Errors: EG431, which says what is not as it was; EG500 when it is no DuckDB file.
 */
export async function verifySnapshot(
  path: string,
  manifest: Manifest,
  say: (line: string) => void = () => {},
): Promise<void> {
  say(`${manifest.name}: bytes`);
  if ((await sha256Of(path)) !== manifest.sha256) throw unlike(manifest.name, "its bytes have changed");
  const file = await openFile(path, { readOnly: true });
  try {
    const { mirrors, hash } = await readModel();
    const known = manifest.model === hash ? mirrors : [];
    for (const mirror of known) {
      say(`${manifest.name}: ${mirror.name}`);
      const found = await checksum(file, mirror);
      const noted = manifest.tables[mirror.name];
      if (found.rows !== noted?.rows || found.sum !== noted.sum)
        throw unlike(manifest.name, `${mirror.name} holds other rows`);
    }
    if (contentHashOf(manifest.tables) !== manifest.contentHash)
      throw unlike(manifest.name, "its hash is not that of its tables");
  } finally {
    file.close();
  }
}

const unlike = (name: string, what: string): EvergreenError =>
  new EvergreenError("EG431", `Snapshot ${name} is not what its manifest says: ${what}.`);

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Removes drafts that a killed process left, and the oldest snapshots beyond `keep`. A reader that has one open keeps it. */
async function prune(paths: AnalyticsHome, keep: number): Promise<void> {
  await sweep(paths);
  const newest = await newestName(paths);
  const all = await listSnapshots(dirname(paths.folder));
  for (const { name } of all.slice(keep).filter((one) => one.name !== newest)) {
    await rm(join(paths.snapshots, `${name}.json`), { force: true });
    await rm(fileOf(paths, name), { force: true });
  }
}

/** For who holds the working file: nothing else makes drafts then. */
export async function sweep(paths: AnalyticsHome): Promise<void> {
  for (const name of await readdir(paths.staging)) await rm(join(paths.staging, name), { force: true });
  const names = await readdir(paths.snapshots);
  const left = names.filter(
    (name) =>
      name.endsWith(".draft") || (name.endsWith(".duckdb") && !names.includes(name.replace(/\.duckdb$/, ".json"))),
  );
  for (const name of left) await rm(join(paths.snapshots, name), { force: true });
}
