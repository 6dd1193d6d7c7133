// Compiles the contracts with solc from npm: same sources, same bytes, on every machine. No compiler is fetched.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import openzeppelin from "@openzeppelin/contracts/package.json" with { type: "json" };
import solc from "solc";
import type { Abi, Hex } from "viem";

const require = createRequire(import.meta.url);
const SOURCES = fileURLToPath(new URL("../solidity/", import.meta.url));

/** What is kept of a compiled contract. */
export interface Artefact {
  contract: string;
  /** SHA-256 over compiler, settings and every source that went in, libraries included. */
  input: string;
  abi: Abi;
  bytecode: Hex;
}

export const SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "cancun",
  // no paths and no hashes of comments in the bytes
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
} as const;

interface Output {
  errors?: { severity: string; formattedMessage: string }[];
  contracts: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
}

/**
 * Every contract of ours, by name.
 * @throws Error with the compiler's words for an error or a warning.
 */
export function compileContracts(): Record<string, Artefact> {
  const ours = readdirSync(SOURCES).filter((file) => file.endsWith(".sol"));
  const sources = Object.fromEntries(ours.map((file) => [file, { content: readFileSync(SOURCES + file, "utf8") }]));
  const hash = createHash("sha256")
    .update(solc.version())
    .update(openzeppelin.version)
    .update(JSON.stringify(SETTINGS));
  const imported = new Map<string, string>();
  const output = JSON.parse(
    solc.compile(JSON.stringify({ language: "Solidity", sources, settings: SETTINGS }), {
      import: (path) => {
        const contents = readFileSync(require.resolve(path), "utf8");
        imported.set(path, contents);
        return { contents };
      },
    }),
  ) as Output;
  const told = output.errors?.map(({ formattedMessage }) => formattedMessage) ?? [];
  if (told.length > 0) throw new Error(told.join("\n"));
  for (const [name, { content }] of Object.entries(sources)) imported.set(name, content);
  for (const name of [...imported.keys()].sort()) hash.update(name).update(imported.get(name)!);
  const input = hash.digest("hex");
  return Object.fromEntries(
    ours.flatMap((file) =>
      Object.entries(output.contracts[file]!).map(([contract, { abi, evm }]) => [
        contract,
        { contract, input, abi, bytecode: `0x${evm.bytecode.object}` as Hex },
      ]),
    ),
  );
}
