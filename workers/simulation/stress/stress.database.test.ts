// Simulation's part in a stress run on a real Postgres and real analytical files: each step once however often it is taken, exact, under its own role.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findReport } from "@evergreen-fund/analytics";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { POOL, POOL_TRADE } from "@evergreen-fund/prisma/tests/pool.ts";
import { describe, expect, it } from "vitest";
import { openShelf, type ShelvedScenario } from "../../shelf.ts";
import { AUDIT, importFund, PM_ONE } from "../../tests/journeys.ts";
import { expectEveryCrashPointPassed, failureOf, twice, useRooms } from "../../tests/room-house.ts";

const house = useRooms();

const shelved = async (...ids: string[]) =>
  (await openShelf().all()).filter(({ scenario_id }) => ids.includes(scenario_id));

async function asked(ids: string[], change: Record<string, unknown> = {}, more: readonly ShelvedScenario[] = []) {
  const { fundId, code } = await importFund(house.database, change);
  const made = await house.database.rpc(PM_ONE, "fn_request_stress", {
    fund: code,
    scenarios: [...(await shelved(...ids)), ...more] as unknown as Record<string, unknown>[],
  });
  const run = { eventId: made.event_id, workflowId: made.workflow_id, fundId };
  return { run, fundId, code, runId: made.stress_run_id };
}
/** Every step of a run, as the playbook takes them. */
async function computed(run: { eventId: string; workflowId: string }): Promise<void> {
  const { scenarios, shards } = await house.call<{ scenarios: number; shards: number }>("simulation.openStress", run);
  for (let ordinal = 1; ordinal <= scenarios; ordinal++) {
    const ref = { ...run, ordinal, workflowId: `${run.workflowId}/scenario-${ordinal}` };
    for (let round = 1; round <= shards; round++) await house.call("simulation.valueShard", { ...ref, round });
    await house.call("simulation.concludeScenario", { ...ref, shards });
  }
}
const outcomesOf = (runId: string) =>
  house.database.read(AUDIT, (tx) =>
    tx.stress_outcomes.findMany({ where: { stress_run_id: runId }, orderBy: { ordinal: "asc" } }),
  );

describe("a run", () => {
  it("is computed on a snapshot, stored with hypothetical values, written to DuckDB and ended, each step once", async () => {
    const { run, runId, fundId } = await asked(["base", "rates_up200"]);
    const opened = await twice<{ shards: number; scenarios: number }>(house, "simulation.openStress", run);
    expect(opened).toMatchObject({ stressRunId: runId, scenarios: 2, shards: 1, kind: "on_demand" });
    for (const ordinal of [1, 2]) {
      const ref = { ...run, ordinal, workflowId: `${run.workflowId}/scenario-${ordinal}` };
      await twice(house, "simulation.valueShard", { ...ref, round: 1 });
      const done = await twice(house, "simulation.concludeScenario", { ...ref, shards: 1 });
      expect(done).toEqual({ status: "done", done: ordinal, failed: 0 });
    }
    const rows = await outcomesOf(runId);
    const bodies = rows.map(({ body }) => StressOutcome.parse(JSON.parse(body ?? "")));
    expect(bodies.map(({ scenarioId }) => scenarioId)).toEqual(["base", "rates_up200"]);
    expect(bodies.map(({ navBefore }) => navBefore)).toEqual(["1000000.00", "1000000.00"]);
    // rates_up200 on the reported DV100 of 1,234.50 alone: 2 × 1,234.50, beside what else the scenario moves
    for (const [at, row] of rows.entries())
      expect(
        createHash("sha256")
          .update(row.body ?? "")
          .digest("hex"),
        String(at),
      ).toBe(row.body_hash);
    const values = await house.database.read(AUDIT, (tx) =>
      tx.asset_snapshots.findMany({ where: { fund_id: fundId, source: `stress:${runId}` } }),
    );
    expect(values).toHaveLength(8);
    expect(new Set(values.map(({ scenario_id }) => scenario_id))).toEqual(new Set(["base", "rates_up200"]));
    const end = await twice(house, "simulation.publishStress", run);
    expect(end).toMatchObject({ status: "completed", done: 2, failed: 0 });
    expect(
      await house.duck(
        "select scenario_id, count(*)::int as n from valuation_runs where run_id = $run group by 1 order by 1",
        { run: runId },
      ),
    ).toEqual([
      { scenario_id: "base", n: 4 },
      { scenario_id: "rates_up200", n: 4 },
    ]);
    expect(
      await house.duck(
        "select sum(nav_after)::varchar as nav from valuation_runs where run_id = $run and scenario_id = 'rates_up200'",
        { run: runId },
      ),
    ).toEqual([{ nav: expect.stringMatching(/^\d+\.\d{4}$/) }]);
    expect(
      await house.duck(
        "select count(*) > 0 as there from scenario_params where scenario_id = 'rates_up200' and factor like 'rates%'",
        {},
      ),
    ).toEqual([{ there: true }]);
  });

  it("acts on the fund's credit lines as they were set: what is drawn is due, and nothing can be drawn once it is withdrawn", async () => {
    const { run, runId, code } = await asked(["base", "credit_line_pulled"]);
    await house.database.rpc(PM_ONE, "fn_set_credit_line", {
      fund: code,
      line: "RCF-1",
      lender: "BANK-1",
      committed: "120000.00",
      drawn: "50000.00",
      currency: "USD",
      effective_from: "2026-01-01",
      expires_on: "2030-12-31",
      due_days: 60,
    });
    await computed(run);
    const [base, pulled] = (await outcomesOf(runId)).map(({ body }) => StressOutcome.parse(JSON.parse(body ?? "")));
    const due = (outcome: StressOutcome | undefined, bucket: string): number =>
      Number(outcome?.rcr.find((row) => row.bucket === bucket)?.liabilities);
    expect(base?.creditLines).toEqual([{ line: "RCF-1", undrawn: "70000.00", expiresOn: "2030-12-31" }]);
    expect(pulled?.creditLines).toEqual([{ line: "RCF-1", undrawn: "0.00", expiresOn: "2030-12-31" }]);
    // the scenario calls it within 30 days; without it the debt is due when the line ends
    expect(due(pulled, "30d") - due(base, "30d")).toBe(50_000);
    expect(due(pulled, "7d")).toBe(due(base, "7d"));
    expect(due(pulled, "gt365d")).toBe(due(base, "gt365d"));
    expect(due(base, "gt365d") - due(base, "365d")).toBe(50_000);
    expect(pulled?.notes.join()).not.toMatch(/no credit line/);
  });

  it("keeps what pools of its units let expect, as they stand and at the least depth of the scenario, and what trades cost beside that", async () => {
    const [base] = await shelved("base");
    // the shipped one with a quarter of every pool left: the same canonical text with one more factor
    const body = (base?.body ?? "")
      .replace('"haircut.all":["0"],', '"haircut.all":["0"],"pool_depth":["0.25"],')
      .replace('"id":"base"', '"id":"drained"');
    const scenario_hash = createHash("sha256").update(body).digest("hex");
    const drained = { ...(base as ShelvedScenario), scenario_id: "drained", scenario_hash, body };
    const { run, runId, code } = await asked(["base"], {}, [drained]);
    const share_class_id = await house.database.rpc(PM_ONE, "fn_open_class", {
      fund: code,
      code: "A",
      name: "Class A (synthetic)",
      issue_price: "100",
    });
    const { pool_id } = await house.database.rpc(PM_ONE, "fn_set_pool", { share_class_id, ...POOL });
    // a step of the ladder, between two of them, above all, and a payment that is no share a decimal holds
    for (const [at, [amount_in, amount_out]] of [
      ["1000000", "987058"],
      ["900000", "889400"],
      ["20000000", "16620000"],
      ["1", "5000000000000000000000000000000000"],
    ].entries())
      await house.database.rpc(PM_ONE, "fn_record_pool_trade", {
        ...POOL_TRADE,
        pool_id,
        amount_in: amount_in as string,
        amount_out: amount_out as string,
        tx_hash: `0x${String(at).padStart(64, "0")}`,
      });
    await computed(run);
    await house.call("simulation.publishStress", run);
    const rows = await house.duck(
      `select scenario_id, depth::varchar as depth, expected_out::varchar as expected, stressed_out::varchar as stressed, pool
         from tokenization_models join liquidity_pools using (pool_id) where run_id = $run and direction = 'sell' and amount_in = 1000000 order by 1`,
      { run: runId },
    );
    // R48 by hand: ⌊997 · 10^6 · 10^8 / (1000 · 10^8 + 997 · 10^6)⌋, and the same of reserves of a quarter
    expect(rows).toEqual([
      { scenario_id: "base", depth: "1.000000000000000000", expected: "987158", stressed: "987158", pool: "SYN-POOL" },
      {
        scenario_id: "drained",
        depth: "0.250000000000000000",
        expected: "987158",
        stressed: "958764",
        pool: "SYN-POOL",
      },
    ]);
    // by hand: 1 − out / in at a spot price of one, rounded up; the step is the least of the ladder that holds the trade
    const trades = await house.duck(
      `select amount_in::varchar as size, expected_out::varchar as expected, expected_slippage::varchar as slippage, executed_slippage::varchar as paid,
              beyond_expected::varchar as beyond, step::varchar as step, step_slippage::varchar as most
         from pool_slippage where fund_id = $fund::uuid order by tx_hash`,
      { fund: run.fundId },
    );
    expect(trades.map((row) => Object.values(row))).toEqual([
      [
        "1000000",
        "987158",
        "0.012842000000000000",
        "0.012942000000000000",
        "0.000100000000000000",
        "1000000",
        "0.012842000000000000",
      ],
      [
        "900000",
        "889320",
        "0.011866666666666667",
        "0.011777777777777778",
        "-0.000088888888888888",
        "1000000",
        "0.012842000000000000",
      ],
      ["20000000", "16624979", "0.168751050000000000", "0.169000000000000000", "0.000248950000000000", null, null],
      ["1", "0", "1.000000000000000000", null, null, "100000", "0.004000000000000000"],
    ]);
    // a later run keeps what was looked at, and looks at the rest
    await house.database.rpc(PM_ONE, "fn_record_pool_trade", { ...POOL_TRADE, pool_id });
    const again = await house.database.rpc(PM_ONE, "fn_request_stress", {
      fund: code,
      scenarios: (await shelved("base")) as unknown as Record<string, unknown>[],
    });
    const later = { eventId: again.event_id, workflowId: again.workflow_id };
    await computed(later);
    await house.call("simulation.publishStress", later);
    expect(
      await house.duck(
        "select count(*)::int as n, count(e.trade_id)::int as seen, count(distinct e.recorded_at)::int as looks from pool_slippage left join executed_slippage e using (trade_id) where fund_id = $fund::uuid",
        { fund: run.fundId },
      ),
    ).toEqual([{ n: 5, seen: 5, looks: 2 }]);
  });

  it("comes to the same bytes on the same snapshot, and says so of itself", async () => {
    const one = await asked(["gfc_2008", "rates_up200"]);
    const two = await house.database.rpc(PM_ONE, "fn_request_stress", {
      fund: one.code,
      scenarios: (await shelved("gfc_2008", "rates_up200")) as unknown as Record<string, unknown>[],
    });
    const other = { eventId: two.event_id, workflowId: two.workflow_id };
    await house.call("simulation.openStress", one.run);
    await house.call("simulation.openStress", other);
    await computed(one.run);
    await computed(other);
    const hashes = async (runId: string) => (await outcomesOf(runId)).map(({ body_hash }) => body_hash);
    expect(await hashes(two.stress_run_id)).toEqual(await hashes(one.runId));
    expect(await twice(house, "simulation.repeatScenario", { ...one.run, shards: 1 })).toMatchObject({
      result: "equal",
    });
    const closed = await house.call("simulation.publishStress", one.run);
    expect(closed).toMatchObject({ status: "completed" });
  });

  it("that was opened by other code is not computed by this one", async () => {
    const { run, runId } = await asked(["base"]);
    await house.call("simulation.openStress", run);
    await house.look("update stress_runs set code_hash = repeat('0', 64) where stress_run_id = $1", [runId]);
    const ref = { ...run, ordinal: 1, round: 1 };
    expect(await failureOf(house.call("simulation.valueShard", ref))).toMatchObject({ code: "EG425", final: true });
  });

  it("is not concluded before every shard is there, and fails by its reason", async () => {
    const { run, runId } = await asked(["base"]);
    await house.call("simulation.openStress", run);
    const ref = { ...run, ordinal: 1 };
    expect(await failureOf(house.call("simulation.concludeScenario", { ...ref, shards: 1 }))).toMatchObject({
      code: "EG428",
    });
    const reason = "EG428: 0 of 1 shards of the scenario are valued.";
    expect(await twice(house, "simulation.failScenario", { ...ref, reason })).toEqual({
      status: "failed",
      done: 0,
      failed: 1,
    });
    expect(await twice(house, "simulation.closeStress", { ...run, reason: "the run was cancelled" })).toMatchObject({
      status: "failed",
      worstScenarioId: null,
    });
    expect((await outcomesOf(runId)).map((row) => row.reason)).toEqual([reason]);
  });

  it("has a second computation that differs found, as an event for Risk Guardian", async () => {
    const { run, runId, fundId } = await asked(["base"]);
    await computed(run);
    await house.look(
      "update stress_outcomes set body = body || ' ', body_hash = encode(sha256(convert_to(body || ' ', 'UTF8')), 'hex') where stress_run_id = $1",
      [runId],
    );
    expect(await house.call("simulation.repeatScenario", { ...run, shards: 1 })).toEqual({
      result: "different",
      ordinal: 1,
    });
    const [event] = await house.database.read(AUDIT, (tx) =>
      tx.fund_events.findMany({ where: { fund_id: fundId, type: "STRESS_RUN_DIFFERED" } }),
    );
    const alarm = { eventId: event!.event_id, workflowId: `event/${event!.event_id}`, fundId };
    expect(await twice(house, "risk-guardian.alert", alarm)).toMatchObject({ severity: "critical" });
  });
});

it("leaves the report of a night in the home, once, as the rows of the run say it", async () => {
  const { fundId, code } = await importFund(house.database);
  const made = await house.database.rpc(PM_ONE, "fn_request_stress", {
    fund: code,
    kind: "nightly",
    scenarios: (await shelved("base", "rates_up200")) as unknown as Record<string, unknown>[],
  });
  const run = { eventId: made.event_id, workflowId: made.workflow_id, fundId };
  await computed(run);
  expect(await twice(house, "simulation.publishStress", run)).toMatchObject({ status: "completed" });
  const [row] = await house.look<{ started_at: Date; ended_at: Date }>(
    "select started_at, ended_at from stress_runs where stress_run_id = $1",
    [made.stress_run_id],
  );
  const key = { runId: made.stress_run_id, fundId, day: row!.started_at.toISOString().slice(0, 10) };
  const report = await findReport(house.home, null, key);
  const named = (end: string) => report.files.filter(({ name }) => name.endsWith(end)).map(({ name }) => name);
  expect([named(".md"), named(".pdf")]).toEqual([["morning.md"], ["morning.pdf"]]);
  const text = await readFile(join(report.folder, "morning.md"), "utf8");
  // after the close: the run is said to be over, and every plot that is named lies beside it
  expect(text).toContain("completed: 2 of 2 done, 0 failed");
  expect(text).toContain(row!.ended_at.toISOString());
  for (const [, plot] of text.matchAll(/\(([^)]+\.svg)\)/g)) expect(named(".svg")).toContain(plot);
  expect((await readFile(join(report.folder, "morning.pdf"))).subarray(0, 5).toString()).toBe("%PDF-");
});

it("asks once for a night, however often the schedule fires", async () => {
  const { fundId } = await importFund(house.database);
  const night = "2026-11-21";
  const input = { workflowId: `stress/${fundId}/${night}`, fundId, night };
  const first = await twice<{ stressRunId: string }>(house, "simulation.openNightly", input);
  const runs = await house.database.read(AUDIT, (tx) => tx.stress_runs.findMany({ where: { fund_id: fundId } }));
  expect(runs.map(({ stress_run_id, kind, scenarios }) => [stress_run_id, kind, scenarios])).toEqual([
    [first.stressRunId, "nightly", (await openShelf().all()).length],
  ]);
  const next = { ...input, workflowId: `stress/${fundId}/2026-11-22`, night: "2026-11-22" };
  expect(await house.call("simulation.openNightly", next)).not.toEqual(first);
});

it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(house, "simulation", "stress"));
