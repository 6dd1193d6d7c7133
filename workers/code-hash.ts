// Which code computes: the hash of every source that a stress figure can depend on. Two workers with the same hash come to the same bytes.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["packages/finance/src", "packages/domain/src"];

/** 64 hex digits. Tests are not in it, the versions of the packages are. */
export async function codeHashOf(): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of SOURCES) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const path of paths)
      hash
        .update(relative(root, path))
        .update("\0")
        .update(await readFile(path))
        .update("\0");
  }
  hash.update(await readFile(join(root, "analytics/src/book.ts")));
  hash.update(await readFile(join(root, "package-lock.json")));
  return hash.digest("hex");
}
