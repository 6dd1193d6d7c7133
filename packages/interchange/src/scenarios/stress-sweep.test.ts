// Every shipped scenario on a synthetic fund with an asset of every kind: it runs, foots, says of every number how it was made, and any split of the assets gives
// the same bytes.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { canonicalJson, type Json, type ResolvedScenario } from "@evergreen-fund/finance/scenarios/index.ts";
import { concludeStress, shardsOf, valueShard } from "@evergreen-fund/finance/stress/index.ts";
import { everyKind } from "@evergreen-fund/finance/stress/test-book.ts";
import { expect, it } from "vitest";
import { scenarioFolder } from "./scenario-folder.ts";

const FOLDER = resolve(import.meta.dirname, "../../../../scenarios");
const shipped = scenarioFolder(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => ({ name: `scenarios/${name}`, text: readFileSync(join(FOLDER, name), "utf8") })),
);
const book = everyKind();
const run = (scenario: ResolvedScenario, size?: number) =>
  concludeStress(
    book,
    scenario,
    shardsOf(book, size).map((shard) => valueShard(book, scenario, shard)),
  );

it.each(shipped.ids)("%s runs, foots, and does not depend on the shards", (id) => {
  const scenario = shipped.find(id).resolved!;
  const outcome = run(scenario);
  expect(canonicalJson(run(scenario, 3) as unknown as Json)).toBe(canonicalJson(outcome as unknown as Json));
  const total = (of: (asset: (typeof outcome.byAsset)[number]) => string) =>
    outcome.byAsset.reduce((sum, asset) => sum.plus(of(asset)), decimal("0")).toFixed(2);
  expect(total(({ navBefore }) => navBefore)).toBe(outcome.navBefore);
  expect(total(({ navAfter }) => navAfter)).toBe(outcome.navAfter);
  expect(outcome.periods).toHaveLength(scenario.periods?.count ?? 1);
  for (const [at, { nav }] of outcome.periods.entries()) expect(total(({ path }) => path[at]!)).toBe(nav);
  expect(decimal(outcome.navBefore).minus(outcome.navAfter).toFixed(2)).toBe(outcome.loss);
  for (const asset of outcome.byAsset) {
    expect(asset.inputs.length, asset.assetId).toBeGreaterThan(0);
    expect(asset.age, asset.assetId).not.toBeNull();
  }
  expect(outcome.tests).toHaveLength(scenario.tests.length);
  // whoever stands still without a reason would be a zero that nobody sees
  const still = outcome.byAsset.filter(({ method }) => method === "unchanged_no_factor");
  if (still.length > 0) expect(outcome.notes.join("\n")).toContain("unchanged");
});
