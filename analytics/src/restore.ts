// Puts a snapshot in the place of the newest: one that lies here, or a copy from the store. Everything is compared before anything moves.
import { copyFile, rename } from "node:fs/promises";
import { holding } from "./hold.ts";
import { type AnalyticsHome, makeHome, persist } from "./home.ts";
import { fileOf, findSnapshot, listSnapshots, type Manifest, point, seal, verifySnapshot } from "./publish.ts";
import type { Store } from "./store.ts";

export type RestoreFrom = { name: string } | { store: Store; day: string | null };

/**
 * Makes a snapshot the newest again and the working file a copy of it, so that the next synchronisation goes on from its position (or reads everything
 * when the database is another one). Errors: EG404, EG431 when it is not what its manifest says (nothing moves), EG428 while a synchronisation is under way.
 */
export async function restoreSnapshot(
  home: string,
  from: RestoreFrom,
  say: (line: string) => void = () => {},
): Promise<Manifest> {
  const paths = await makeHome(home);
  return holding(paths, () => replaced(home, paths, from, say));
}

async function replaced(
  home: string,
  paths: AnalyticsHome,
  from: RestoreFrom,
  say: (line: string) => void,
): Promise<Manifest> {
  const manifest = "store" in from ? await bring(home, from.store, from.day, say) : await check(home, from.name, say);
  const draft = `${paths.work}.draft`;
  await copyFile(fileOf(paths, manifest.name), draft);
  await persist(draft);
  // the home is held: whoever opens the working file from here on finds the restored one
  await rename(draft, paths.work);
  await point(paths, manifest.name);
  return manifest;
}

async function check(home: string, name: string, say: (line: string) => void): Promise<Manifest> {
  const { path, ...manifest } = await findSnapshot(home, name);
  await verifySnapshot(path, manifest, say);
  return manifest;
}

async function bring(home: string, store: Store, day: string | null, say: (line: string) => void): Promise<Manifest> {
  const paths = await makeHome(home);
  const { manifest, draft } = await store.fetch(paths, day, say);
  const here = (await listSnapshots(home)).some(({ name }) => name === manifest.name);
  if (here) await rename(draft, fileOf(paths, manifest.name));
  else await seal(paths, draft, manifest);
  return manifest;
}
