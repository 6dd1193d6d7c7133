// A snapshot that another machine took, brought here by the hash of its content so that this one computes from the same rows. Nothing here moves: neither the
// working file nor what dev.duckdb names.
import { rename } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { makeHome } from "./home.ts";
import { fileOf, listSnapshots, seal } from "./publish.ts";
import type { Store } from "./store.ts";

/**
 * Looks through the store, under its hash and then among the copies of days, for that content and lays it beside the snapshots here. Answers whether it was found.
 * Errors: EG431 when a copy is not what its manifest says, EG503 when the store does not answer.
 */
export async function receiveSnapshot(
  home: string,
  store: Store,
  contentHash: string,
  say: (line: string) => void = () => {},
): Promise<boolean> {
  const paths = await makeHome(home);
  // where whoever opened a run puts it; copies of days for what was taken by hand
  for (const day of await placesOf(store, contentHash)) {
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

async function placesOf(store: Store, contentHash: string): Promise<(string | null)[]> {
  const shared = await store.manifest(contentHash).catch(absent);
  return shared === undefined ? [null, ...(await store.days())] : [contentHash];
}

function absent(error: unknown): undefined {
  if (error instanceof EvergreenError && error.code === "EG404") return undefined;
  throw error;
}
