// What-ifs typed, against a real database and a real analytical file: versions, runs that are kept, and nobody else's eyes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { outcomeOf, runOf, SIMULATION, SNAPSHOT, type StressRun } from "@evergreen-fund/prisma/tests/stress-run.ts";
import { type Fund, newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { outcomeOf as synthetic } from "@evergreen-fund/reports/test-run.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";
import { ran } from "../test-run.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-lab-"));
const house = await openHouse({ EVERGREEN_HOME: home });
const { db } = house;
let fund: Fund;
beforeAll(async () => {
  fund = await newFund(db);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const Saved = z
  .object({ name: z.string(), version: z.int(), scenarioId: z.string(), scenarioHash: z.string() })
  .loose();
const Listed = z.array(
  Saved.extend({ runs: z.array(z.object({ runId: z.uuid(), navAfter: z.string(), loss: z.string() }).loose()) }),
);
const save = (person: "pm1" | "pm2", name: string, scenario: string) =>
  house.json(person, Saved, ["lab", "save", name, "--fund", fund.code, "--scenario", scenario]);
const list = (person: "pm1" | "pm2") => house.json(person, Listed, ["lab", "list", "--fund", fund.code]);

it("needs a snapshot", async () => {
  const early = await house.run("pm1", ["lab", "list", "--fund", fund.code]);
  expect(early).toMatchObject({ exit: 2, out: "", err: expect.stringContaining("napshot") });
  const made = await ran(["snapshot", "create"], {
    EVERGREEN_HOME: home,
    DATABASE_URL: db.database.urlFor("evergreen_app"),
  });
  expect(made.exit).toBe(0);
});

it("keeps versions by name, once for one question, for the one who saved", async () => {
  expect(await save("pm1", "parallel", "rates_up200")).toMatchObject({ version: 1, scenarioId: "rates_up200" });
  expect(await save("pm1", "parallel", "rates_up200")).toMatchObject({ version: 1 });
  expect(await save("pm1", "parallel", "gfc_2008")).toMatchObject({ version: 2, scenarioId: "gfc_2008" });
  expect(await save("pm2", "parallel", "gfc_2008")).toMatchObject({ version: 1 });
  expect((await list("pm1")).map(({ name, version }) => [name, version])).toEqual([
    ["parallel", 2],
    ["parallel", 1],
  ]);
  expect(await list("pm2")).toHaveLength(1);
  await save("pm1", "mine", "rates_up200");
  expect(await house.run("pm2", ["lab", "run", "mine", "--fund", fund.code])).toMatchObject({ exit: 2, out: "" });
  expect(
    (await house.run("lp1", ["lab", "save", "x", "--fund", fund.code, "--scenario", "rates_up200"])).exit,
  ).not.toBe(0);
});

it("runs a version, as a run of kind laboratory, and keeps what came out", async () => {
  const Ran = z.object({ runId: z.uuid(), kept: z.boolean(), status: z.string(), navAfter: z.string() }).loose();
  const words = ["lab", "run", "parallel", "--fund", fund.code, "--saved-version", "1", "--timeout", "60"];
  const command = house.json("pm1", Ran, words);
  const row = await until(async () => {
    const rows = await db.look<{
      run: string;
      hash: string;
      body: string;
      title: string;
      id: string;
      version: number;
      kind: string;
    }>(
      `select r.stress_run_id as run, r.kind, s.scenario_hash as hash, s.body, s.title, s.scenario_id as id, s.version from stress_runs r
         join stress_outcomes using (stress_run_id) join stress_scenarios s using (scenario_hash) where r.fund_id = $1`,
      [fund.fundId],
    );
    return rows[0];
  }, "the run to be asked for");
  expect(row).toMatchObject({ kind: "laboratory", id: "rates_up200" });
  const scenarios = [
    { scenario_id: row.id, version: row.version, title: row.title, scenario_hash: row.hash, body: row.body },
  ];
  const run: StressRun = { fund, runId: row.run, eventId: "", scenarios };
  await db.call(SIMULATION, "fn_open_stress_run", { ...runOf(run), ...SNAPSHOT });
  const made = synthetic(row.id, "40.00");
  const body = StressOutcome.parse({
    ...made,
    scenarioHash: row.hash,
    version: row.version,
    fundId: fund.fundId,
    snapshotHash: SNAPSHOT.snapshot_hash,
    asOf: SNAPSHOT.as_of,
    byAsset: made.byAsset.map((asset, n) => ({ ...asset, assetId: fund.assets[n === 0 ? "CASH" : "BOND-A"] })),
  });
  await db.call(SIMULATION, "fn_record_stress_outcome", outcomeOf(run, 0, body));
  await db.call(SIMULATION, "fn_close_stress_run", runOf(run));
  expect(await command).toMatchObject({ runId: row.run, kept: true, status: "completed", navAfter: "960.00" });
  const [, first] = (await list("pm1")).filter(({ name }) => name === "parallel");
  expect(first?.runs).toMatchObject([
    { runId: row.run, navAfter: expect.stringMatching(/^960\.0/), loss: expect.stringMatching(/^40\.0/) },
  ]);
  expect((await list("pm2")).flatMap(({ runs }) => runs)).toEqual([]);
});

it("refuses what is no question or no name", async () => {
  for (const words of [
    ["save", "two", "--fund", fund.code, "--scenario", "rates_up200,gfc_2008"],
    ["save", "none", "--fund", fund.code],
    ["save", " ", "--fund", fund.code, "--scenario", "rates_up200"],
    ["run", "nothing", "--fund", fund.code],
    ["run", "parallel", "--fund", fund.code, "--saved-version", "9"],
  ])
    expect({ words, exit: (await house.run("pm1", ["lab", ...words])).exit }).toEqual({ words, exit: 2 });
});
