// Compiles assembly/kernel.as to kernel.wasm: `node --import tsx packages/stress-kernel/build.ts`. The result is kept in the repository, so that the product
// needs no compiler; a test compiles it again and compares the bytes.
import { readFile, writeFile } from "node:fs/promises";
import { main } from "assemblyscript/asc";

const SOURCE = new URL("assembly/kernel.as", import.meta.url);
const TARGET = new URL("kernel.wasm", import.meta.url);

/** 65,536 pages are all that 32 bits can address. */
const OPTIONS = [
  "kernel.ts",
  ...["--outFile", "kernel.wasm", "--runtime", "stub", "-O3", "--noAssert"],
  ...["--enable", "simd", "--enable", "threads", "--importMemory", "--sharedMemory"],
  ...["--initialMemory", "1", "--maximumMemory", "65536"],
];

/** The bytes of the module. Compiling is the same on every machine: compiler and optimiser are pinned and run in WebAssembly themselves. */
export async function compileKernel(): Promise<Uint8Array> {
  const source = await readFile(SOURCE, "utf8");
  const written = new Map<string, Uint8Array>();
  const { error, stderr } = await main(OPTIONS, {
    // the compiler looks for .ts only; the source has its own ending because it is no TypeScript
    readFile: (name: string) => (name === "kernel.ts" ? source : null),
    writeFile: (name: string, contents: Uint8Array | string) => {
      if (typeof contents !== "string") written.set(name, contents);
    },
    listFiles: () => [],
  });
  const made = written.get("kernel.wasm");
  if (error !== null || made === undefined) throw new Error(`The kernel does not compile: ${stderr.toString()}`);
  return made;
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].split("/").at(-1) ?? "")) {
  await writeFile(TARGET, await compileKernel());
}
