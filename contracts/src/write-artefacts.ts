// `npm run artefacts`: compiles the contracts and writes what they came to, with the types of their interfaces, into artefacts/.
import { mkdirSync, writeFileSync } from "node:fs";
import { artefactText, fileOf } from "./artefact-text.ts";
import { compileContracts } from "./compile.ts";

mkdirSync(new URL("../artefacts/", import.meta.url), { recursive: true });
for (const artefact of Object.values(compileContracts())) {
  writeFileSync(new URL(`../artefacts/${fileOf(artefact.contract)}`, import.meta.url), artefactText(artefact));
  process.stdout.write(`${artefact.contract} ${(artefact.bytecode.length - 2) / 2} bytes\n`);
}
