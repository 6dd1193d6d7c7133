// A compiled contract as a source file: one line per entry of its interface, so that a change shows what changed.
import type { Artefact } from "./compile.ts";

export const fileOf = (contract: string): string => `${contract.replace(/(?<=[a-z])([A-Z])/g, "-$1").toLowerCase()}.ts`;

export function artefactText({ contract, input, abi, bytecode }: Artefact): string {
  const name = contract.charAt(0).toLowerCase() + contract.slice(1);
  return [
    `// Made by \`npm run artefacts\` from solidity/${contract}.sol: its interface and bytes as solc gives them.`,
    `export const ${name} = {`,
    `  contract: "${contract}",`,
    `  input: "${input}",`,
    "  abi: [",
    ...abi.map((entry) => `    ${JSON.stringify(entry)},`),
    "  ],",
    `  bytecode: "${bytecode}",`,
    "} as const;",
    "",
  ].join("\n");
}
