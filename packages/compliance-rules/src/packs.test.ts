// The packs in policies/rules: each reads without a problem and its own examples come out as they say; each rule is seen to fire and to hold.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { describe, expect, it } from "vitest";
import { compilePack } from "./judge.ts";
import { readPackText } from "./pack-text.ts";

const FOLDER = join(import.meta.dirname, "../../../policies/rules");
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));

describe("the packs that are shipped", () => {
  it.each(files)("%s reads and passes its examples", (name) => {
    const { pack, problems } = readPackText(readFileSync(join(FOLDER, name), "utf8"), `policies/rules/${name}`);
    expect(problems.map(problemLine)).toEqual([]);
    expect(`${pack?.pack}.yaml`).toBe(name);
  });

  it.each(files)("%s has every rule fire in one example and not fire in another", (name) => {
    const { pack } = readPackText(readFileSync(join(FOLDER, name), "utf8"), name);
    if (pack === undefined) throw new Error("no pack");
    const { judge } = compilePack(pack);
    const states = new Map<string, Set<string>>();
    for (const { on, asOf, facts } of pack.examples)
      for (const { rule, state } of judge(on, facts, { asOf }).rules)
        states.set(rule, (states.get(rule) ?? new Set()).add(state));
    for (const { id } of pack.rules)
      expect([...(states.get(id) ?? [])], id).toEqual(expect.arrayContaining(["fired", "held"]));
  });
});
