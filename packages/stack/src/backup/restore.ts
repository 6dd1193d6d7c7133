// `backup restore`: a verified backup into an empty home, or into one whose old content is put aside. Nothing of the home is touched before every
// hash was compared, and the new content takes its place in one step.
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Config, makeHome } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { serverUser } from "../postgres.ts";
import { supervisorOf } from "../run-state.ts";
import { requireOwnStores } from "./create.ts";
import { type BackupManifest, restoreKeys, verifyBackup } from "./manifest.ts";
import { prepareRecovery } from "./postgres-copy.ts";

export interface RestoredBackup {
  manifest: BackupManifest;
  /** Where the old content of the home is now; null when the home was empty. */
  putAside: string | null;
}

/** What a restore replaces; logs and backups of the home stay. */
const PARTS = ["pg", "temporal", "analytics", "archive", "documents", "keys"] as const;

/**
 * Errors: EG404 without a backup or its keys, EG428 when a stack runs in the home or it is not empty and `force` is not given,
 * EG431 when the backup or the keys are not what the list says.
 */
export async function restoreBackup(
  config: Config,
  options: { from: string; keys: string; force?: boolean; say?: (line: string) => void },
): Promise<RestoredBackup> {
  const { home } = config;
  const { say = () => undefined } = options;
  requireOwnStores(config);
  if (supervisorOf(home) !== undefined)
    throw new EvergreenError("EG428", `A stack runs in ${home}: stop it with \`npx --no-install evergreen down\`.`);
  const used = PARTS.filter((part) => existsSync(join(home, part)));
  if (used.length > 0 && options.force !== true)
    throw new EvergreenError("EG428", `${home} is not empty: name another home, or --force to put its content aside.`);
  say("comparing every file with the list");
  const manifest = await verifyBackup(options.from);
  makeHome(home);
  const draft = join(home, `restoring-${process.pid}`);
  try {
    say("copying");
    await unpack(options.from, draft);
    await restoreKeys(options.keys, manifest, draft);
    await prepareRecovery(join(draft, "pg"));
    await giveToServer(join(draft, "pg"));
    const aside = used.length === 0 ? null : join(home, `before-${new Date().toISOString().replace(/[-:.]/g, "")}`);
    if (aside !== null) await mkdir(aside, { mode: 0o700 });
    for (const part of used) await rename(join(home, part), join(aside ?? home, part));
    for (const part of await readdir(draft)) await rename(join(draft, part), join(home, part));
    return { manifest, putAside: aside };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function unpack(from: string, draft: string): Promise<void> {
  await mkdir(draft, { mode: 0o755 });
  await chmod(draft, 0o755); // as root the server walks through it
  await cp(join(from, "postgres"), join(draft, "pg"), { recursive: true });
  if (existsSync(join(from, "temporal.db"))) {
    await mkdir(join(draft, "temporal"), { mode: 0o700 });
    await cp(join(from, "temporal.db"), join(draft, "temporal", "temporal.db"));
  }
  for (const part of ["analytics", "archive", "documents"])
    if (existsSync(join(from, part))) await cp(join(from, part), join(draft, part), { recursive: true });
  const snapshots = join(draft, "analytics", "snapshots");
  const [newest] = (await readdir(snapshots).catch(() => [])).filter((name) => name.endsWith(".duckdb"));
  if (newest !== undefined) await symlink(join("snapshots", basename(newest)), join(draft, "analytics", "dev.duckdb"));
}

/** The server reads a folder that is its own and nobody else's. */
async function giveToServer(dataDir: string): Promise<void> {
  const { uid, gid } = serverUser();
  const own = async (path: string, mode: number): Promise<void> => {
    await chmod(path, mode);
    if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
  };
  await own(dataDir, 0o700);
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true }))
    await own(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
}
