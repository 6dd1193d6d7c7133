// Compiles assembly/arrival.as to arrival.wasm: `node --import tsx analytics/build.ts`. The result is kept in the repository, so that the product needs no
// compiler; a test compiles it again and compares the bytes.
import { readFile, writeFile } from "node:fs/promises";
import { main } from "assemblyscript/asc";

const SOURCE = new URL("assembly/arrival.as", import.meta.url);
const TARGET = new URL("arrival.wasm", import.meta.url);
const OPTIONS = ["arrival.ts", "--outFile", "arrival.wasm", "--runtime", "stub", "-O3", "--noAssert"];

/** The bytes of the module. Compiling is the same on every machine: compiler and optimiser are pinned and run in WebAssembly themselves. */
export async function compileArrival(): Promise<Uint8Array> {
  const source = await readFile(SOURCE, "utf8");
  const written = new Map<string, Uint8Array>();
  const { error, stderr } = await main(OPTIONS, {
    // the compiler looks for .ts only; the source has its own ending because it is no TypeScript
    readFile: (name: string) => (name === "arrival.ts" ? source : null),
    writeFile: (name: string, contents: Uint8Array | string) => {
      if (typeof contents !== "string") written.set(name, contents);
    },
    listFiles: () => [],
  });
  const made = written.get("arrival.wasm");
  if (error !== null || made === undefined) throw new Error(`It does not compile: ${stderr.toString()}`);
  return made;
}

if (process.argv[1]?.endsWith("analytics/build.ts")) await writeFile(TARGET, await compileArrival());
