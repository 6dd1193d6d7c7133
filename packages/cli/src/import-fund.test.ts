// A filing as the argument of fn_import_fund: everything adds up, buckets and targets follow the tables, names are those of the database.
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";
import { Mandate } from "@evergreen-fund/finance/mandate.ts";
import { decimal, ZERO } from "@evergreen-fund/finance/money.ts";
import { type FundImport, type ImportedAsset, readFiling, syntheticXml, toFundImport } from "@evergreen-fund/nport";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { importArgument, ladderOf, mandateOf, placeOf, profileOf, targetsOf } from "./import-fund.ts";

const read = async (options: Parameters<typeof syntheticXml>[0]): Promise<FundImport> =>
  toFundImport(
    await readFiling(
      (async function* () {
        yield Buffer.from(syntheticXml(options));
      })(),
    ),
    { code: "SYN" },
  );

const Sent = z.object({
  code: z.string(),
  synthetic: z.boolean(),
  net_assets: z.string(),
  assets: z.array(
    z.strictObject({
      key: z.string(),
      name: z.string(),
      type: z.string(),
      sleeve: z.string(),
      issuer: z.string().nullable(),
      country: z.string().nullable(),
      currency: z.string().nullable(),
      market_value: z.string(),
      liquid: z.boolean(),
      bucket: z.enum(BUCKETS),
      target_pct: z.string(),
      fair_value_level: z.int().min(1).max(3).nullable(),
      maturity: z.string().nullable(),
      identifiers: z.array(z.object({ scheme: z.string(), value: z.string() })),
      attributes: z.record(z.string(), z.unknown()),
    }),
  ),
  ladder: z.array(
    z.strictObject({
      side: z.enum(["asset", "liability"]),
      bucket: z.enum(BUCKETS),
      capacity: z.string().regex(/^\d+\.\d{2}$/),
      stress_delta: z.string().regex(/^\d+\.\d{2}$/),
    }),
  ),
  reported_flows: z.array(
    z.strictObject({ month: z.string(), kind: z.enum(["sale", "redemption", "reinvestment"]), amount: z.string() }),
  ),
  sensitivities: z.array(
    z.strictObject({
      measure: z.enum(["dv01", "dv100", "spread_ig", "spread_non_ig"]),
      currency: z.string(),
      tenor: z.string(),
      value: z.string(),
    }),
  ),
  mandate: Mandate.optional(),
});

describe("a synthetic filing", () => {
  it("becomes an argument in the database's words, and everything adds up", async () => {
    const fund = await read({ holdings: 60, derivatives: 4, missingBps: 500 });
    const sent = Sent.parse(importArgument(fund, "SYN"));
    expect(sent).toMatchObject({ code: "SYN", synthetic: true });
    expect(sent.assets).toHaveLength(61);
    const total = sent.assets.reduce((sum, asset) => sum.plus(asset.market_value), ZERO);
    expect(total.toFixed(2)).toBe(decimal(sent.net_assets).toFixed(2));
    expect(sent.assets.reduce((sum, asset) => sum.plus(asset.target_pct), ZERO).toFixed()).toBe("1");
    const sleeves = new Set(sent.mandate?.sleeves.map((sleeve) => sleeve.id));
    for (const asset of sent.assets) if (asset.type !== "cash") expect(sleeves).toContain(asset.sleeve);
    for (const asset of sent.assets) if (asset.type === "derivative") expect(asset.liquid).toBe(false);
    expect(new Set(sent.sensitivities.map((row) => row.measure))).toEqual(
      new Set(["dv01", "dv100", "spread_ig", "spread_non_ig"]),
    );
    expect(new Set(sent.reported_flows.map((row) => row.kind))).toEqual(
      new Set(["sale", "redemption", "reinvestment"]),
    );
  });

  it("has a ladder of what it holds and of one and a half times the largest redemption", async () => {
    const fund = await read({ holdings: 60 });
    const ladder = ladderOf(fund);
    const held = ladder.filter((row) => row.side === "asset").reduce((sum, row) => sum.plus(row.capacity), ZERO);
    expect(held.toFixed(2)).toBe(decimal(fund.totals.net_assets).toFixed(2));
    const due = ladder.filter((row) => row.side === "liability" && row.bucket === "30d");
    const largest = fund.reported_flows
      .filter((flow) => flow.kind === "redemption")
      .map((flow) => decimal(flow.amount))
      .reduce((a, b) => (a.gt(b) ? a : b));
    const floor = decimal(fund.totals.net_assets).times("0.01");
    const expected = largest.times("1.5").gt(floor) ? largest.times("1.5") : floor;
    expect(
      decimal(due[0]?.capacity ?? "0")
        .plus(due[0]?.stress_delta ?? "0")
        .toFixed(2),
    ).toBe(expected.toFixed(2, 0));
  });

  it("without holdings is a fund without assets and without a mandate", async () => {
    const sent = Sent.parse(importArgument(await read({ holdings: 0 }), "SYN"));
    expect(sent.assets).toEqual([]);
    expect(sent.ladder).toEqual([]);
    expect(sent.mandate).toBeUndefined();
  });
});

const asset = (changed: Partial<ImportedAsset>): ImportedAsset => ({
  key: "cusip:000000001",
  name: "A",
  type: "bond",
  strategy: "debt/1-3y",
  issuer: "Issuer",
  identifiers: [],
  category: "DBT",
  issuer_category: "MUN",
  country: "US",
  currency: "USD",
  balance: null,
  units: null,
  market_value: "100.00",
  fair_value_level: "2",
  maturity: null,
  coupon: null,
  attributes: { payoff_profile: "Long" },
  ...changed,
});
const classes = (shares: Record<string, string>) => ({
  payoff_profile: "Long",
  liquidity: { classes: Object.entries(shares).map(([category, pct]) => ({ category, pct })), circumstances: [] },
});

describe("where an asset is placed", () => {
  it.each([
    ["a municipal bond waits for its slower half", {}, { bucket: "30d", liquid: true }],
    ["a Treasury is cash within a day", { issuer_category: "UST" }, { bucket: "1d", liquid: true }],
    ["level 3 is not traded", { fair_value_level: "3" as const }, { bucket: "gt365d", liquid: false }],
    ["a short position is not traded", { attributes: { payoff_profile: "Short" } }, { bucket: "30d", liquid: false }],
    [
      "N/A as payoff is a derivative's answer",
      { attributes: { payoff_profile: null } },
      { bucket: "30d", liquid: false },
    ],
    ["a value below zero is not traded", { market_value: "-1.00" }, { bucket: "30d", liquid: false }],
    ["cash is cash", { strategy: "cash", type: "cash" as const }, { bucket: "1d", liquid: true }],
    ["a reported class comes first", { attributes: classes({ HLI: "80", ILI: "20" }) }, { bucket: "7d", liquid: true }],
    [
      "the slower half of the classes decides",
      { attributes: classes({ HLI: "50", ILI: "50" }) },
      { bucket: "gt365d", liquid: false },
    ],
    [
      "the slower classes count together",
      { attributes: classes({ HLI: "45", LLI: "30", ILI: "25" }) },
      { bucket: "30d", liquid: true },
    ],
  ])("%s", (_name, changed, expected) => {
    expect(placeOf(asset(changed))).toEqual(expected);
  });
  it("says nothing of what the filing does not say", () => {
    expect(profileOf(asset({ issuer_category: null, fair_value_level: null, category: null, attributes: {} }))).toEqual(
      { category: "OTHER", payoffProfile: "Long" },
    );
  });
});

const fundOf = (assets: ImportedAsset[], flows: FundImport["reported_flows"] = []): FundImport => ({
  name: "Synthetic",
  currency: "USD",
  as_of: "2025-12-31",
  source: {
    kind: "nport",
    submission_type: "NPORT-P",
    cik: "0000000000",
    series_id: null,
    accession: null,
    file_sha256: "0".repeat(64),
    period: "2025-12-31",
    fiscal_year_end: null,
  },
  totals: {
    total_assets: "0.00",
    total_liabilities: "0.00",
    net_assets: assets.reduce((sum, row) => sum.plus(row.market_value), ZERO).toFixed(2),
  },
  assets,
  sensitivities: [],
  reported_flows: flows,
  reconciliation: { holdings: assets.length, holdings_total: "0.00", difference: "0.00", warnings: [], unknown: [] },
});

describe("the ladder", () => {
  it("lets a bucket below zero take from the next ones", () => {
    const fund = fundOf([
      asset({ key: "cash", strategy: "cash", type: "cash", market_value: "-30.00" }),
      asset({ key: "a", market_value: "100.00" }),
    ]);
    const capacities = Object.fromEntries(
      ladderOf(fund)
        .filter((row) => row.side === "asset")
        .map((row) => [row.bucket, row.capacity]),
    );
    expect(capacities).toMatchObject({ "1d": "0.00", "7d": "0.00", "30d": "70.00" });
  });
});

describe("targets", () => {
  it("add up to exactly one and to their sleeves, whatever is held", () => {
    const value = fc.integer({ min: 1, max: 10_000_000_00 }).map((cents) => (cents / 100).toFixed(2));
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(value, fc.constantFrom("debt/0-1y", "debt/1-3y", "equity/US"), fc.constantFrom("a", "b", "c", "d")),
          { minLength: 1, maxLength: 30 },
        ),
        value,
        (rows, cash) => {
          const fund = fundOf([
            ...rows.map(([market_value, strategy, issuer], at) =>
              asset({ key: `k${at}`, market_value, strategy, issuer }),
            ),
            asset({ key: "cash", strategy: "cash", type: "cash", market_value: cash }),
          ]);
          const mandate = mandateOf(fund);
          const targets = targetsOf(fund, mandate);
          expect([...targets.values()].reduce((sum, target) => sum.plus(target), ZERO).toFixed()).toBe("1");
          for (const sleeve of mandate?.sleeves ?? []) {
            const sum = fund.assets
              .filter((row) => row.strategy === sleeve.id)
              .reduce((all, row) => all.plus(targets.get(row.key) ?? "0"), ZERO);
            expect(sum.toFixed()).toBe(decimal(sleeve.target).toFixed());
          }
        },
      ),
      { seed: 20261121, numRuns: 60 },
    );
  });
});
