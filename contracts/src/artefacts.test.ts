// What stands in artefacts/ is what the sources compile to: the same bytes on every machine.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { artefactText, fileOf } from "./artefact-text.ts";
import { compileContracts } from "./compile.ts";
import { actionLedger, dealingVault, identityGate, shareToken } from "./index.ts";

it("the artefacts are what solc makes of the sources, byte for byte", () => {
  const compiled = compileContracts();
  expect(Object.keys(compiled).sort()).toEqual(["ActionLedger", "DealingVault", "IdentityGate", "ShareToken"]);
  for (const artefact of Object.values(compiled))
    expect(readFileSync(new URL(`../artefacts/${fileOf(artefact.contract)}`, import.meta.url), "utf8")).toBe(
      artefactText(artefact),
    );
});
it("every contract fits into a chain's limit of 24,576 bytes of code", () => {
  for (const { bytecode } of [actionLedger, dealingVault, identityGate, shareToken])
    expect((bytecode.length - 2) / 2).toBeLessThan(24_576);
});
