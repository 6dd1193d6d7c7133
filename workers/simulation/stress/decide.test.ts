// What Simulation decides beside the figures of a stress run: rows of a table.
import { scenarioText } from "@evergreen-fund/finance/scenarios/index.ts";
import { openScenarioFolder } from "@evergreen-fund/interchange/scenarios/index.ts";
import { expect, it } from "vitest";
import { openShelf } from "../../shelf.ts";
import { basisOf, computedAgain, parametersOf, wholeShards } from "./decide.ts";
import type { DoneScenario, RunFacts } from "./facts.ts";

const CODE = "c".repeat(64);
const basis = { snapshot: { name: "n", hash: "a".repeat(64) }, asOf: "2026-09-30", codeHash: CODE };
const run = (change: Partial<RunFacts> = {}): RunFacts => ({
  runId: "00000000-0000-4000-8000-000000000005",
  fundId: "f",
  kind: "nightly",
  status: "running",
  scenarios: 3,
  askedAt: new Date(0),
  basis,
  ...change,
});

it.each<[string, Partial<RunFacts>, string]>([
  ["not open", { basis: null }, "EG428"],
  ["of other code", { basis: { ...basis, codeHash: "d".repeat(64) } }, "EG425"],
])("a run that is %s is not computed", (_what, change, code) => {
  expect(() => basisOf(run(change), CODE)).toThrow(expect.objectContaining({ code }));
});
it.each(["running", "completed"])("a %s run of this code is computed on what it rests on", (status) => {
  expect(basisOf(run({ status }), CODE)).toEqual(basis);
});

it("a scenario is concluded of all its shards and no fewer", () => {
  expect(wholeShards(["a", "b"], 2)).toEqual(["a", "b"]);
  expect(() => wholeShards(["a"], 2)).toThrow(expect.objectContaining({ code: "EG428" }));
});

it("every scenario has its night: the digits of the run choose, and the same run the same", () => {
  const done = [1, 2, 3].map((ordinal) => ({ ordinal }) as DoneScenario);
  const id = (last: string): string => `00000000-0000-4000-8000-0000000000${last}`;
  // 0x05 mod 3 = 2, 0x06 mod 3 = 0, 0x07 mod 3 = 1
  expect(["05", "06", "07"].map((last) => computedAgain(done, id(last))?.ordinal)).toEqual([3, 1, 2]);
  expect(computedAgain([], id("05"))).toBeNull();
});

it("a scenario is laid out one row per factor and period, with the unit of the registry", async () => {
  const rates = (await openShelf().all()).find(({ scenario_id }) => scenario_id === "fed_2025_severely_adverse");
  const rows = parametersOf(rates?.body ?? "");
  const key = rows.filter(({ factor, target }) => factor === "rates.key" && target === "USD.10y");
  expect(key.map(({ period }) => period)).toEqual(key.map((_, at) => at + 1));
  expect(key.length).toBeGreaterThan(1);
  expect(new Set(key.map(({ unit }) => unit))).toEqual(new Set(["bps"]));
});

it("the shelf has every shipped scenario as the text of its hash", async () => {
  const folder = await openScenarioFolder(new URL("../../../scenarios", import.meta.url).pathname);
  const shelved = await openShelf().all();
  expect(shelved.map(({ scenario_id, scenario_hash }) => [scenario_id, scenario_hash])).toEqual(
    folder.files.map(({ resolved }) => [resolved?.id, resolved?.hash]),
  );
  expect(shelved.map(({ body }) => body)).toEqual(folder.files.map(({ resolved }) => scenarioText(resolved!)));
});
