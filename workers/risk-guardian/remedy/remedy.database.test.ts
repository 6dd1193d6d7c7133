// Risk Guardian's remedies on a real Postgres, under its own role: computed from the run and the fund's own tools, kept beside the alert, carried out by nobody.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePack } from "@evergreen-fund/domain/policies/index.ts";
import { expect, it } from "vitest";
import { AUDIT, importFund, PM_ONE } from "../../tests/journeys.ts";
import { recorded, twice, useRooms } from "../../tests/room-house.ts";
import { type MadeUp, shaped, stressRun } from "../../tests/stress-run.ts";

const house = useRooms();

/** A million: 100,000 in cash, 300,000 of bonds sold within 7 days, 400,000 of loans within 90 and 200,000 of a building beyond a year. */
const holdings = {
  assets: [
    ["CASH", "cash", "cash", "100000.00", "1d"],
    ["BOND-A", "debt", "bonds", "300000.00", "7d"],
    ["LOAN-A", "private_credit", "loans", "250000.00", "90d"],
    ["LOAN-B", "private_credit", "loans", "150000.00", "90d"],
    ["HOUSE", "real_estate", "property", "200000.00", "gt365d"],
  ].map(([key, type, sleeve, market_value, bucket]) => ({
    key,
    name: `${key} (synthetic)`,
    issuer: `Issuer ${key}`,
    type,
    sleeve,
    market_value,
    bucket,
    liquid: true,
  })),
};
const tools = (body: Record<string, unknown>) => ({
  pack: "free-form",
  regime: "aif",
  carry: "auto_pari_passu",
  ...body,
});
const GATED = tools({
  tools: ["redemption_gate", "notice_extension"],
  gate: { basis: "gross", share: "0.05" },
  noticeExtension: { upTo: { n: 90, basis: "calendar" } },
});

async function alerted(scenarios: Record<string, MadeUp>, policy: unknown, nights = 1) {
  const fund = await importFund(house.database, holdings);
  if (policy !== undefined)
    await house.database.rpc(PM_ONE, "fn_set_lmt_policy", {
      fund: fund.code,
      pack: (policy as { pack: string }).pack,
      effective_from: "2026-09-01",
      body: policy as Record<string, unknown>,
    });
  for (let night = 1; night <= nights; night += 1) {
    const falling = Object.entries(scenarios).map(([id, made]) => [
      id,
      night === nights
        ? made
        : {
            ...made,
            assets: made.assets.map((a, h) => (h > 0 && h < 6 ? String(Number(a) + 10_000 * (nights - night)) : a)),
          },
    ]);
    const { run } = await stressRun(house.database, fund, Object.fromEntries(falling), { asOf: `2026-10-0${night}` });
    await house.call("liquidity-engine.stressLadder", run);
  }
  const events = await house.database.read(AUDIT, (tx) =>
    tx.fund_events.findMany({ where: { fund_id: fund.fundId, type: { in: ["LIQUIDITY_BREACH", "LIQUIDITY_TREND"] } } }),
  );
  expect(events).toHaveLength(1);
  const eventId = events[0]!.event_id;
  const answer = await twice<{ severity: string; alertId: string }>(house, "risk-guardian.alert", {
    eventId,
    workflowId: `event/${eventId}`,
    fundId: fund.fundId,
  });
  const alert = await house.database.read(AUDIT, (tx) =>
    tx.risk_alerts.findUniqueOrThrow({ where: { alert_id: answer.alertId } }),
  );
  return {
    fund,
    alert,
    remedy: alert.remedy as {
      options: Record<string, unknown>[];
      without: { tool: string; words: string }[];
      plan: string[];
    } & Record<string, unknown>,
  };
}

it("a breach brings ranked options with their arithmetic, and nothing happens", async () => {
  // 150,000 against 200,000 due within 30 days where 1 is required: 50,000 are missing; loans of 400,000 cost 5 bp to sell
  const { fund, alert, remedy } = await alerted(
    { gfc: shaped("150000", "200000", "1"), fx: shaped("190000", "200000", "1") },
    GATED,
  );
  expect(alert).toMatchObject({ kind: "liquidity_breach", severity: "critical" });
  expect(alert.reason).toBe(
    "Cover of bucket 30d under gfc (and 1 more scenario) is 0.75, required 1. Proposed first: sell waterfall.",
  );
  expect(remedy).toMatchObject({
    scenario_id: "gfc",
    bucket: "30d",
    cover: "0.75",
    missingAssets: "50000.00",
    excessLiabilities: "50000.00",
    plan: ["sell_waterfall"],
  });
  // 50,000 / 0.9995 = 50,025.01 sold, 25.01 lost; 200,000 − 5 % of 900,000 = 155,000 held back by the gate
  expect(remedy.options.map(({ kind, amount, cost }) => [kind, amount, cost])).toEqual([
    ["sell_waterfall", "50000.00", "25.01"],
    ["sell_slice", "50000.00", "25.01"],
    ["extend_notice", "200000.00", "0"],
    ["gate", "155000.00", "0"],
    ["suspend", "200000.00", "0"],
  ]);
  expect(remedy.without.map(({ tool }) => tool)).toEqual(["stop_commitments", "draw_facility", "in_kind"]);
  const untouched = await house.database.read(AUDIT, async (tx) => [
    await tx.proposals.count({ where: { fund_id: fund.fundId } }),
    await tx.lmt_activations.count({ where: { fund_id: fund.fundId } }),
  ]);
  expect(untouched).toEqual([0, 0]);
});

it.each<[string, { line: string; undrawn: string; expiresOn: string }[], unknown, RegExp | null]>([
  // 50,000 are missing by 31 October: the line that ends before brings nothing
  [
    "what lasts beyond the bucket is drawn, at most what is missing",
    [
      { line: "RCF-1", undrawn: "30000.00", expiresOn: "2028-12-31" },
      { line: "RCF-2", undrawn: "90000.00", expiresOn: "2026-10-31" },
    ],
    ["draw_facility", "30000.00", "assets"],
    null,
  ],
  [
    "a line that the scenario withdrew brings nothing",
    [{ line: "RCF-1", undrawn: "0.00", expiresOn: "2028-12-31" }],
    undefined,
    /withdrawn/,
  ],
])("a credit line: %s", async (_what, creditLines, wanted, why) => {
  const { remedy } = await alerted({ gfc: { ...shaped("150000", "200000", "1"), creditLines } }, GATED);
  const drawn = remedy.options.find(({ kind }) => kind === "draw_facility");
  expect(drawn === undefined ? undefined : [drawn.kind, drawn.amount, drawn.side]).toEqual(wanted);
  const without = remedy.without.find(({ tool }) => tool === "draw_facility");
  if (why === null) expect(without).toBeUndefined();
  else expect(without?.words).toMatch(why);
});

it("a trend brings them for the month after the day on which cover would be too little", async () => {
  // 1.3 on 5 October, 1.2 required from 8 October on: 0.1/3 a day, 1.2 − 30·0.1/3 = 0.2 of 200,000 are there, 200,000 are missing
  const { alert, remedy } = await alerted({ gfc: shaped("260000", "200000", "1.2") }, GATED, 5);
  expect(alert).toMatchObject({ kind: "liquidity_trend", severity: "warning" });
  expect(alert.reason).toMatch(
    /^Cover of bucket 30d under gfc is 1\.3 and falls: below 1\.2 on 2026-10-08 by the line of 5 runs\./,
  );
  expect(remedy).toMatchObject({ missingAssets: "200000.00", plan: ["sell_waterfall"] });
  expect((remedy.assumptions as string[])[0]).toMatch(/^Cover is still enough/);
});

it("without tools it proposes what is left, and without a run it says why it has nothing", async () => {
  const { remedy } = await alerted({ gfc: shaped("150000", "200000", "1") }, undefined);
  expect(remedy.without.filter(({ words }) => /no policy/.test(words)).map(({ tool }) => tool)).toEqual([
    "extend_notice",
    "gate",
    "in_kind",
  ]);
  const { fundId } = await importFund(house.database);
  const run = await recorded(house, { role: "service_role" }, fundId, "LIQUIDITY_BREACH", {
    bucket: "30d",
    ratio: "0.9",
    required: "1.2",
  });
  const { alertId } = await twice<{ alertId: string }>(house, "risk-guardian.alert", run);
  const alert = await house.database.read(AUDIT, (tx) =>
    tx.risk_alerts.findUniqueOrThrow({ where: { alert_id: alertId } }),
  );
  expect(alert.remedy).toEqual({ why: expect.stringMatching(/^No finished scenario/) });
});

const FOLDER = join(import.meta.dirname, "../../../policies");
it.each(readdirSync(FOLDER).filter((name) => /\.ya?ml$/.test(name)))(
  "a fund with the tools of %s has a remedy, and a word for each tool that is none",
  async (file) => {
    const { lmt } = parsePack(readFileSync(join(FOLDER, file), "utf8"));
    const { remedy } = await alerted({ gfc: shaped("150000", "200000", "1") }, lmt);
    expect(remedy.plan).not.toEqual([]);
    for (const { words } of remedy.without) expect(words.length).toBeGreaterThan(10);
  },
);
