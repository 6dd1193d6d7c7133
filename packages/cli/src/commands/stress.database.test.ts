// Stress runs typed, against a real database: asked for, waited for, reported, compared. Their figures are synthetic, brought by the functions that
// the workers call.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import {
  digest,
  opened,
  outcomeOf,
  requested,
  runOf,
  SIMULATION,
  SNAPSHOT,
  type StressRun,
} from "@evergreen-fund/prisma/tests/stress-run.ts";
import { type Fund, newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { outcomeOf as synthetic } from "@evergreen-fund/reports/test-run.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const folder = mkdtempSync(join(tmpdir(), "evergreen-stress-"));
let fund: Fund;
/** Two scenarios, of which the second failed. */
let partial: StressRun;

/** A whole outcome of the n-th scenario of a run: the synthetic one, on the assets of the fund. */
function whole(run: StressRun, n: number, loss: string) {
  const entry = run.scenarios[n]!;
  const [cash, bond] = synthetic(entry.scenario_id, loss).byAsset;
  const asset = (row: typeof cash, assetId: string | undefined) => ({ ...row!, assetId: assetId ?? "" });
  const body = StressOutcome.parse({
    ...synthetic(entry.scenario_id, loss),
    title: entry.title,
    scenarioHash: entry.scenario_hash,
    fundId: run.fund.fundId,
    snapshotHash: SNAPSHOT.snapshot_hash,
    asOf: SNAPSHOT.as_of,
    byAsset: [asset(cash, run.fund.assets.CASH), asset(bond, run.fund.assets["BOND-A"])],
  });
  return outcomeOf(run, n, body);
}
const conclude = (run: StressRun, n: number, loss: string) =>
  db.call(SIMULATION, "fn_record_stress_outcome", whole(run, n, loss));
const close = (run: StressRun) => db.call(SIMULATION, "fn_close_stress_run", runOf(run));

beforeAll(async () => {
  fund = await newFund(db);
  partial = await opened(db, fund, ["rates_up", "crisis"]);
  await conclude(partial, 0, "40.00");
  await db.call(SIMULATION, "fn_record_stress_outcome", {
    ...runOf(partial),
    scenario_hash: partial.scenarios[1]?.scenario_hash,
    status: "failed",
    reason: "The series UST 30Y is missing. (EG404)",
  });
  await close(partial);
});

const Listed = z.array(z.object({ runId: z.uuid(), status: z.string(), done: z.int(), failed: z.int() }).loose());
const Reported = z
  .object({
    runId: z.uuid(),
    status: z.string(),
    outcomes: z.array(
      z
        .object({
          scenarioId: z.string(),
          status: z.string(),
          reason: z.string().nullable(),
          measures: z.object({ loss: z.string(), lossShare: z.string().nullable() }).loose().nullable(),
        })
        .loose(),
    ),
  })
  .loose();
const Ended = z.strictObject({
  runId: z.uuid(),
  status: z.string(),
  snapshotHash: z.string(),
  scenarioId: z.string(),
  scenarioHash: z.string(),
  reason: z.string().nullable(),
  navBefore: z.string(),
  navAfter: z.string(),
  byAsset: z.array(z.looseObject({ assetId: z.uuid(), navBefore: z.string(), navAfter: z.string() })),
  rcr: z.array(
    z.strictObject({ bucket: z.string(), assets: z.string(), liabilities: z.string(), ratio: z.string().nullable() }),
  ),
  reverse: z.looseObject({}),
  survivalQuarters: z.string().nullable(),
  durationMs: z.int(),
});

describe("a run with a scenario that failed", () => {
  it("is listed and reported with its reason", async () => {
    const [run] = await house.json("pm1", Listed, ["stress", "list", "--fund", fund.code]);
    expect(run).toMatchObject({ runId: partial.runId, status: "partial", done: 1, failed: 1 });
    const report = await house.json("pm1", Reported, ["stress", "report", partial.runId]);
    expect(report.outcomes).toMatchObject([
      { scenarioId: "rates_up", status: "done", measures: { loss: "40.00", lossShare: "0.04" } },
      { scenarioId: "crisis", status: "failed", reason: "The series UST 30Y is missing. (EG404)", measures: null },
    ]);
    const shown = await house.run("pm1", ["stress", "report", "--fund", fund.code]);
    expect(shown).toMatchObject({ exit: 0, err: "" });
    expect(shown.out).toMatch(/^rates_up +1,000\.00 +960\.00 +40\.00 +4\.00 % +30d +0\.80 ×/m);
    expect(shown.out).toMatch(/^crisis +failed +The series UST 30Y is missing\. \(EG404\)$/m);
  });

  it("shows one scenario in full: method, inputs and age of each number", async () => {
    const { out } = await house.run("pm1", ["stress", "report", partial.runId, "--scenario", "rates_up"]);
    expect(out).toMatch(
      /^Bond \(synthetic\) +800\.00 +760\.00 +-40\.00 +-5\.00 % +bond-cash-flows +full +2 d +UST 10Y 0\.0412 of 2026-11-18 \(2 d\)$/m,
    );
    expect(out).toContain("Convexity of 1 asset is not known.");
    const failed = await house.run("pm1", ["stress", "report", partial.runId, "--scenario", "crisis"]);
    expect(failed.out).toContain("crisis is failed: The series UST 30Y is missing.");
  });

  it("is written as Markdown with plots beside it, and as the same PDF twice", async () => {
    const Written = z.strictObject({ runId: z.uuid(), files: z.array(z.string()) });
    const report = ["stress", "report", partial.runId];
    const md = await house.json("pm1", Written, [...report, "--format", "md", "--out", join(folder, "one.md")]);
    expect(md.files.map((file) => file.replace(`${folder}/`, ""))).toEqual([
      "one.md",
      "one-nav.svg",
      "one-cover.svg",
      "one-survival.svg",
    ]);
    expect(readFileSync(join(folder, "one.md"), "utf8")).toContain("(one-nav.svg)");
    for (const name of ["a.pdf", "b.pdf"])
      await house.json("pm1", Written, [...report, "--format", "pdf", "--out", join(folder, name)]);
    expect(readFileSync(join(folder, "a.pdf"))).toEqual(readFileSync(join(folder, "b.pdf")));
    expect(readFileSync(join(folder, "a.pdf")).subarray(0, 5).toString()).toBe("%PDF-");
  });

  it("says what the fund bears", async () => {
    const Reverse = z
      .object({
        runId: z.uuid(),
        scenarios: z.array(
          z
            .object({
              scenarioId: z.string(),
              largestRedemption: z.object({ share: z.string() }).loose(),
              survivalQuarters: z.string(),
            })
            .loose(),
        ),
      })
      .loose();
    const found = await house.json("pm1", Reverse, ["stress", "reverse", "--fund", fund.code]);
    expect(found.scenarios).toMatchObject([
      { scenarioId: "rates_up", largestRedemption: { share: "0.12" }, survivalQuarters: ">=20" },
    ]);
    const said = (...more: string[]) => house.run("pm1", ["stress", "reverse", "--fund", fund.code, ...more]);
    expect((await said()).out).toMatch(/rates_up +120\.00 +12\.00 % +30d/);
    expect((await said("--scenario", "rates_up")).out).toContain("120.00 USD, 12.00 % of NAV (30d)");
  });
});

describe("two runs", () => {
  const Compared = z.strictObject({
    comparisons: z.array(
      z.object({ warnings: z.array(z.string()), navAfter: z.object({ difference: z.string() }).loose() }).loose(),
    ),
    notComparable: z.array(z.string()),
  });
  it("are set side by side, and what makes them differ is said", async () => {
    const run = await requested(db, fund, ["rates_up", "crisis"]);
    await db.call(SIMULATION, "fn_open_stress_run", {
      ...runOf(run),
      ...SNAPSHOT,
      code_hash: digest("other synthetic code"),
    });
    await conclude(run, 0, "55.00");
    await conclude(run, 1, "300.00");
    await close(run);
    const found = await house.json("pm1", Compared, ["stress", "compare", partial.runId, run.runId]);
    expect(found.notComparable).toEqual(["crisis"]);
    // 960 and 945: 15 less
    expect(found.comparisons).toMatchObject([
      { navAfter: { difference: "-15.00" }, warnings: [expect.stringMatching(/^The versions of the code differ/)] },
    ]);
    const within = await house.run("pm1", ["stress", "compare", `${run.runId}:rates_up`, `${run.runId}:crisis`]);
    expect(within.out).toContain("The scenarios differ");
    expect(within.out).toMatch(/^NAV after +945\.00 +700\.00 +-245\.00$/m);
    expect((await house.run("pm1", ["stress", "compare", partial.runId, `${run.runId}:crisis`])).exit).toBe(2);
  });
});

describe("a run that is asked for", () => {
  it("is waited for and printed as one document", async () => {
    const of = await newFund(db);
    const command = house.json("pm1", Ended, [
      "stress",
      "run",
      "--fund",
      of.code,
      "--scenario",
      "rates_up200",
      "--wait",
      "--timeout",
      "60",
    ]);
    const run = await until(async () => {
      const rows = await db.look<{ run: string; scenario_hash: string; body: string; title: string }>(
        `select r.stress_run_id as run, s.scenario_hash, s.body, s.title from stress_runs r
           join stress_outcomes using (stress_run_id) join stress_scenarios s using (scenario_hash) where r.fund_id = $1`,
        [of.fundId],
      );
      return rows[0];
    }, "the run to be asked for");
    const scenarios = [
      { scenario_id: "rates_up200", version: 1, title: run.title, scenario_hash: run.scenario_hash, body: run.body },
    ];
    const asked: StressRun = { fund: of, runId: run.run, eventId: "", scenarios };
    await db.call(SIMULATION, "fn_open_stress_run", { ...runOf(asked), ...SNAPSHOT });
    await conclude(asked, 0, "40.00");
    await close(asked);
    const ended = await command;
    expect(ended).toMatchObject({
      runId: run.run,
      status: "completed",
      scenarioId: "rates_up200",
      scenarioHash: run.scenario_hash,
      snapshotHash: SNAPSHOT.snapshot_hash,
      navBefore: "1000.00",
      navAfter: "960.00",
      survivalQuarters: ">=20",
    });
    expect(ended.rcr).toHaveLength(7);
    expect(ended.byAsset).toHaveLength(2);
  });

  it("with every shipped scenario is recorded once for one request id; a file may bring its own", async () => {
    const of = await newFund(db);
    const Asked = z
      .object({ runId: z.uuid(), scenarios: z.array(z.object({ scenarioId: z.string() }).loose()) })
      .loose();
    const words = ["stress", "run", "--fund", of.code, "--all", "--request-id", "all-of-them"];
    const first = await house.json("pm1", Asked, words);
    const again = await house.json("pm1", Asked, words);
    expect(again.runId).toBe(first.runId);
    const [row] = await db.look<{ scenarios: number }>("select scenarios from stress_runs where stress_run_id = $1", [
      first.runId,
    ]);
    expect(row?.scenarios).toBe(first.scenarios.length);
    const file = join(folder, "own.yaml");
    expect(
      (await house.run("pm1", ["scenarios", "new", "my_own", "--extends", "rates_up200", "--to", file])).exit,
    ).toBe(0);
    const own = await house.json("pm1", Asked, [
      "stress",
      "run",
      "--fund",
      of.code,
      "--file",
      file,
      "--kind",
      "laboratory",
    ]);
    expect(own.scenarios.map(({ scenarioId }) => scenarioId)).toEqual(["my_own"]);
  });

  it("is refused for who may not, for nothing, and for what is not there", async () => {
    expect((await house.run("lp1", ["stress", "run", "--fund", fund.code, "--scenario", "rates_up200"])).exit).toBe(4);
    for (const words of [
      ["run", "--fund", fund.code],
      ["run", "--fund", fund.code, "--all", "--scenario", "rates_up200"],
      ["run", "--fund", fund.code, "--scenario", "nonsense"],
      ["run", "--fund", "NOWHERE", "--scenario", "rates_up200"],
      ["report"],
      ["report", "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11"],
      ["report", partial.runId, "--scenario", "nonsense"],
      ["report", partial.runId, "--format", "pdf"],
    ])
      expect({ words, exit: (await house.run("pm1", ["stress", ...words])).exit }).toEqual({ words, exit: 2 });
    // an LP reads no run
    expect((await house.run("lp1", ["stress", "report", partial.runId])).exit).toBe(4);
  });
});
