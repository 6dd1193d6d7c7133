// The Liquidity Engine after stress runs, on a real Postgres and under its own role: what moves, what is told, and what does neither.
import { describe, expect, it } from "vitest";
import { AUDIT, importFund, PM_ONE } from "../../tests/journeys.ts";
import { failureOf, twice, useRooms } from "../../tests/room-house.ts";
import { type MadeRun, type MadeUp, shaped, stressRun } from "../../tests/stress-run.ts";

const house = useRooms();
const ladder = (made: MadeRun) => twice<Record<string, unknown>>(house, "liquidity-engine.stressLadder", made.run);
const rungs = async (fundId: string, scenario: string, asOf = "2026-10-01") =>
  Object.fromEntries(
    (
      await house.database.read(AUDIT, (tx) =>
        tx.liquidity_ladder.findMany({
          where: { fund_id: fundId, scenario_id: scenario, ...(scenario === "base" ? {} : { as_of: new Date(asOf) }) },
          orderBy: [{ side: "asc" }, { bucket: "asc" }],
        }),
      )
    ).map((rung) => [
      `${rung.side} ${rung.bucket}`,
      scenario === "base" ? [rung.capacity.toFixed(0), rung.stress_delta.toFixed(0)] : rung.capacity.toFixed(0),
    ]),
  );
const told = async (fundId: string, type: string) =>
  (
    await house.database.read(AUDIT, (tx) =>
      tx.fund_events.findMany({ where: { fund_id: fundId, type }, orderBy: { seq: "asc" } }),
    )
  ).map(({ payload }) => payload as Record<string, unknown>);
const run = async (fund: { fundId: string; code: string }, scenarios: Record<string, MadeUp>, more = {}) =>
  stressRun(house.database, fund, scenarios, more);

describe("the ladder of the scenarios", () => {
  it("is moved to what the run found, and what failed moves nothing", async () => {
    const fund = await importFund(house.database);
    const made = await run(fund, { gfc: shaped("400000", "200000"), fx: { ...shaped("1", "1"), failed: true } });
    expect(await ladder(made)).toEqual({ outcome: "moved", scenarios: 1, moved: 4, breaches: 0, trends: 0 });
    expect(await rungs(fund.fundId, "gfc")).toEqual({
      "asset 1d": "1000",
      "asset 7d": "399000",
      "asset gt365d": "600000",
      "liability 30d": "200000",
    });
    expect(await rungs(fund.fundId, "fx")).toEqual({});
  });
  it("is replaced by a later run of the day, by the difference; a run that comes after its time moves nothing", async () => {
    const fund = await importFund(house.database);
    const early = await run(fund, { gfc: shaped("400000", "200000") });
    const late = await run(fund, { gfc: shaped("500000", "200000") });
    const slow = await run(fund, { gfc: shaped("450000", "200000") });
    await ladder(early);
    expect(await ladder(slow)).toMatchObject({ moved: 2 });
    expect((await rungs(fund.fundId, "gfc"))["asset 7d"]).toBe("449000");
    // asked for before `slow`, handed over after it
    expect(await ladder(late)).toMatchObject({ moved: 0 });
    expect((await rungs(fund.fundId, "gfc"))["asset 7d"]).toBe("449000");
  });
  it("is one per date: yesterday's stays", async () => {
    const fund = await importFund(house.database);
    await ladder(await run(fund, { gfc: shaped("400000", "200000") }, { asOf: "2026-09-30" }));
    await ladder(await run(fund, { gfc: shaped("300000", "200000") }));
    expect((await rungs(fund.fundId, "gfc", "2026-09-30"))["asset 7d"]).toBe("399000");
    expect((await rungs(fund.fundId, "gfc"))["asset 7d"]).toBe("299000");
  });
  it("does not move for the laboratory, nor under the name of the fund's own", async () => {
    const fund = await importFund(house.database);
    const before = await rungs(fund.fundId, "base");
    const laboratory = await run(fund, { gfc: shaped("1000", "200000", "1") }, { kind: "laboratory" });
    expect(await ladder(laboratory)).toEqual({ outcome: "laboratory", scenarios: 0, moved: 0, breaches: 0, trends: 0 });
    expect(await rungs(fund.fundId, "gfc")).toEqual({});
    expect(await rungs(fund.fundId, "base")).toEqual(before);
    const own = await run(fund, { base: shaped("90000", "100000", "1") });
    expect(await ladder(own)).toMatchObject({ scenarios: 0, moved: 0, breaches: 1 });
    for (const [rung, [capacity]] of Object.entries(before))
      expect((await rungs(fund.fundId, "base"))[rung]?.[0]).toBe(capacity);
  });
});

describe("stress deltas of the fund's own ladder", () => {
  it("follow the worst scenario on the asset side; the liability side stays as people set it", async () => {
    const fund = await importFund(house.database);
    await ladder(await run(fund, { mild: shaped("500000", "100000"), gfc: shaped("400000", "200000") }));
    // before: 250,000 · 350,000 · 400,000 later; gfc: 1,000 · 399,000 · 600,000 later
    expect(await rungs(fund.fundId, "base")).toEqual({
      "asset 1d": ["300000", "-249000"],
      "asset 7d": ["700000", "49000"],
      "asset gt365d": ["0", "200000"],
      "liability 30d": ["100000", "50000"],
    });
  });
  it("follow the scenario that the programme names, on both sides", async () => {
    const fund = await importFund(house.database);
    await house.database.rpc(PM_ONE, "fn_set_lmt_policy", {
      fund: fund.code,
      pack: "free-form",
      effective_from: "2026-09-01",
      body: {
        pack: "free-form",
        regime: "aif",
        tools: ["redemption_gate", "notice_extension"],
        gate: { basis: "gross", share: "0.05" },
        carry: "auto_pari_passu",
        noticeExtension: { upTo: { n: 90, basis: "calendar" } },
        stressProgramme: {
          document: "synthetic",
          frequency: "quarterly",
          kinds: ["historical", "hypothetical", "reverse"],
          sides: ["assets", "liabilities", "combined"],
          atLaunch: true,
          onMaterialChange: true,
          board: { withinDays: 30, followUp: true },
          coverScenario: "mild",
        },
      },
    });
    await ladder(await run(fund, { mild: shaped("500000", "130000"), gfc: shaped("400000", "200000") }));
    expect(await rungs(fund.fundId, "base")).toMatchObject({
      "asset 7d": ["700000", "149000"],
      "liability 30d": ["100000", "30000"],
    });
  });
});

describe("breaches", () => {
  it("are one event per bucket with its scenarios, worst first, once per run", async () => {
    const fund = await importFund(house.database);
    const scenarios = {
      a_little: shaped("190000", "200000", "1"),
      worst: shaped("100000", "200000", "1"),
      relative: shaped("170000", "200000", "1.5"),
      enough: shaped("200000", "200000", "1"),
    };
    const made = await run(fund, scenarios);
    const answer = await ladder(made);
    expect(answer).toMatchObject({ scenarios: 4, breaches: 1, trends: 0 });
    // another workflow that takes the step tells nothing again
    expect(await house.call("liquidity-engine.stressLadder", { ...made.run, workflowId: "event/another" })).toEqual(
      answer,
    );
    const [breach, ...others] = await told(fund.fundId, "LIQUIDITY_BREACH");
    expect(others).toEqual([]);
    expect(breach).toMatchObject({
      bucket: "30d",
      scenario_id: "worst",
      ratio: "0.5",
      required: "1",
      scenarios: [
        { scenario_id: "worst", ratio: "0.5" },
        { scenario_id: "relative", ratio: "0.85", required: "1.5" },
        { scenario_id: "a_little", ratio: "0.95" },
      ],
    });
  });
});

describe("trends to a breach", () => {
  const NEAR = ["300000", "290000", "280000", "270000", "260000"];
  it("are told after nights of falling cover, with the day, and not while it stands", async () => {
    const fund = await importFund(house.database);
    const answers: unknown[] = [];
    for (const [n, near] of NEAR.entries())
      answers.push(
        (
          await ladder(
            await run(
              fund,
              { gfc: shaped(near, "200000", "1.2"), calm: shaped("300000", "200000", "1.2") },
              { asOf: `2026-10-0${n + 1}` },
            ),
          )
        ).trends,
      );
    expect(answers).toEqual([0, 0, 0, 0, 1]);
    // 1.5, 1.45 … 1.3: 1.2 on the sixth night after the first, below it on the seventh
    expect(await told(fund.fundId, "LIQUIDITY_TREND")).toMatchObject([
      {
        bucket: "30d",
        scenario_id: "gfc",
        ratio: "1.3",
        required: "1.2",
        breach_on: "2026-10-08",
        runs: 5,
        scenarios: [{ scenario_id: "gfc", breach_on: "2026-10-08" }],
      },
    ]);
  });
  it("rest on the mandate where the scenario has no test of its own", async () => {
    const fund = await importFund(house.database);
    for (const [n, near] of NEAR.entries())
      await ladder(await run(fund, { gfc: shaped(near, "200000") }, { asOf: `2026-10-0${n + 1}` }));
    expect(await told(fund.fundId, "LIQUIDITY_TREND")).toMatchObject([{ required: "1.2", breach_on: "2026-10-08" }]);
  });
  it("do not mix a scenario with another of its name, nor count runs that were asked for by day", async () => {
    const fund = await importFund(house.database);
    for (const [n, near] of NEAR.entries()) {
      const atLeast = n < 2 ? "1.1" : "1.2";
      await ladder(await run(fund, { gfc: shaped(near, "200000", atLeast) }, { asOf: `2026-10-0${n + 1}` }));
    }
    expect(await told(fund.fundId, "LIQUIDITY_TREND")).toEqual([]);
    const asked = await importFund(house.database);
    for (const [n, near] of NEAR.entries())
      await ladder(
        await run(asked, { gfc: shaped(near, "200000", "1.2") }, { asOf: `2026-10-0${n + 1}`, kind: "on_demand" }),
      );
    expect(await told(asked.fundId, "LIQUIDITY_TREND")).toEqual([]);
  });
});

it("refuses a run that has not ended, and one that is not there", async () => {
  const fund = await importFund(house.database);
  const open = await run(fund, { gfc: shaped("400000", "200000") }, { end: false });
  expect(await failureOf(house.call("liquidity-engine.stressLadder", open.run))).toMatchObject({
    code: "EG428",
    final: true,
  });
  const nowhere = { ...open.run, eventId: "99999999-9999-4999-8999-999999999999" };
  expect(await failureOf(house.call("liquidity-engine.stressLadder", nowhere))).toMatchObject({ code: "EG404" });
});
