// A snapshot that another machine took, brought here by the hash of its content so that this one computes from the same rows. Nothing here moves: neither the
// working file nor what dev.duckdb names.
import { rename } from "node:fs/promises";
import { makeHome } from "./home.ts";
import { fileOf, listSnapshots, seal } from "./publish.ts";
import type { Store } from "./store.ts";

/**
 * Looks through the store, the newest copy first, for that content and lays it beside the snapshots here. Answers whether it was found.
 * Errors: EG431 when a copy is not what its manifest says, EG503 when the store does not answer.
 */
export async function receiveSnapshot(
  home: string,
  store: Store,
  contentHash: string,
  say: (line: string) => void = () => {},
): Promise<boolean> {
  const paths = await makeHome(home);
  for (const day of [null, ...(await store.days())]) {
    if ((await store.manifest(day)).contentHash !== contentHash) continue;
    const { manifest, draft } = await store.fetch(paths, day, say);
    if (manifest.contentHash !== contentHash) continue; // the newest moved on meanwhile
    if ((await listSnapshots(home)).some(({ name }) => name === manifest.name))
      await rename(draft, fileOf(paths, manifest.name));
    else await seal(paths, draft, manifest);
    return true;
  }
  return false;
}
