// The demo fund as data: the same bytes everywhere, nothing personal in it, and arithmetic that a reader can check.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_ROLES } from "@evergreen-fund/domain/roles.ts";
import { decimal, Exact, ZERO } from "@evergreen-fund/finance/money.ts";
import { describe, expect, it } from "vitest";
import { type DemoChunk, type FlowRow, generateDemo } from "./generate.ts";
import { monthEnd } from "./terms.ts";

const LOGINS = { first: "00000000-0000-4000-8000-00000000000a", second: "00000000-0000-4000-8000-00000000000b" };
const hashOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
const demo = generateDemo(LOGINS);
const chunks: DemoChunk[] = [demo.register, ...demo.history.map(({ chunk }) => chunk)];
const flows = chunks.flatMap((chunk) => chunk.flows ?? []);
const add = (values: Iterable<string>): Exact => [...values].reduce((total, value) => total.plus(decimal(value)), ZERO);

/** Changing what the generator makes means a new DEMO_VERSION (terms.ts) and a new hash here. */
const PINNED = "a9cb846f8232070eced70fd0bbb544b1fea45f82360886db6916117942503e26";

describe("the same everywhere", () => {
  it("makes the same bytes twice, and those that are pinned", () => {
    expect(hashOf(generateDemo(LOGINS))).toBe(hashOf(demo));
    expect(hashOf(demo)).toBe(PINNED);
  });

  it("makes the same bytes in another process, time zone and language", () => {
    const program = `import { generateDemo } from "./generate.ts"; process.stdout.write(JSON.stringify(generateDemo(${JSON.stringify(LOGINS)})));`;
    const output = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      cwd: import.meta.dirname,
      env: { ...process.env, TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8" },
      maxBuffer: 1 << 24,
    });
    expect(createHash("sha256").update(output).digest("hex")).toBe(hashOf(demo));
  });

  it("asks no clock and no dice", () => {
    const sources = readdirSync(import.meta.dirname).filter(
      (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
    );
    expect(sources.length).toBeGreaterThan(8);
    for (const file of sources) {
      const code = readFileSync(join(import.meta.dirname, file), "utf8").replace(/\/\/.*|\/\*[\s\S]*?\*\//g, "");
      expect(code, file).not.toMatch(
        /Date\.now|Math\.random|new Date\(\)|performance|randomUUID|randomBytes|process\./,
      );
    }
  });
});

describe("arithmetic", () => {
  it("adds up: assets and cash are the net assets, targets and the ladder's assets too", () => {
    const { assets, net_assets: netAssets, ladder } = demo.fund;
    expect(add(assets.map((asset) => asset.market_value)).eq(decimal(netAssets))).toBe(true);
    expect(add(assets.map((asset) => asset.target_pct)).toString()).toBe("1");
    const sellable = ladder.filter((rung) => rung.side === "asset").map((rung) => rung.capacity);
    expect(add(sellable).eq(decimal(netAssets))).toBe(true);
    expect(new Set(ladder.map((rung) => `${rung.side}/${rung.bucket}`)).size).toBe(14);
  });

  it("reports per month what its orders add up to", () => {
    const totals = new Map<string, Exact>();
    for (const flow of flows) {
      const key = `${flow.dealing_date.slice(0, 7)}-01/${flow.direction === "subscription" ? "sale" : "redemption"}`;
      totals.set(key, (totals.get(key) ?? ZERO).plus(decimal(flow.amount)));
    }
    const reported = demo.fund.reported_flows.map((row) => [
      `${row.month}/${row.kind}`,
      decimal(row.amount).toString(),
    ]);
    expect(Object.fromEntries(reported)).toEqual(
      Object.fromEntries([...totals].map(([key, total]) => [key, total.toString()])),
    );
    expect(reported.length).toBe(totals.size);
  });

  it("keeps the register: units of a class are what was issued less what was redeemed, and no investor owes units", () => {
    for (const shareClass of demo.register.classes!) {
      const signed = flows.filter((flow) => flow.class === shareClass.code).map(signedUnits);
      expect(add(signed).eq(decimal(shareClass.units_outstanding)), shareClass.code).toBe(true);
    }
    const held = new Map<string, Exact>();
    for (const flow of flows) {
      const units = (held.get(flow.investor) ?? ZERO).plus(decimal(signedUnits(flow)));
      expect(units.gte(0), flow.investor).toBe(true);
      held.set(flow.investor, units);
    }
    expect(held.size).toBe(200);
  });

  it("deals everybody at one published price per class and date, rounded in the fund's favour (R5b)", () => {
    const prices = new Map<string, { least: Exact; most: Exact }>();
    for (const flow of flows) {
      const [amount, units] = [decimal(flow.amount), decimal(flow.units)];
      // units = floor(amount / price), cash = floor(units · price): each order leaves an interval for the price
      const [least, most] =
        flow.direction === "subscription"
          ? [amount.div(units.plus("0.0001")), amount.div(units)]
          : [amount.div(units), amount.plus("0.01").div(units)];
      const key = `${flow.class}/${flow.dealing_date}`;
      const known = prices.get(key);
      prices.set(key, {
        least: Exact.max(least, known?.least ?? least),
        most: Exact.min(most, known?.most ?? most),
      });
    }
    for (const [key, { least, most }] of prices) {
      // some price with four decimals lies in all intervals
      expect(least.toDecimalPlaces(4, 0).lte(most), key).toBe(true);
    }
    expect(prices.size).toBeGreaterThan(60);
  });

  it("values the fund at units times price, to the rounding of the price", () => {
    const values = demo.register.classes!.map((row) => decimal(row.units_outstanding).times(decimal(row.nav_per_unit)));
    const units = add(demo.register.classes!.map((row) => row.units_outstanding));
    const difference = values
      .reduce((total, value) => total.plus(value), ZERO)
      .minus(decimal(demo.fund.net_assets))
      .abs();
    expect(difference.lte(units.times("0.00005"))).toBe(true);
  });
});

describe("what is in it", () => {
  it("is a fund of 42 assets in five kinds, 200 investors, two classes, 36 month-ends", () => {
    const kinds = new Set(demo.fund.assets.map((asset) => asset.sleeve.split("/")[0]));
    expect([...kinds].sort()).toEqual([
      "cash",
      "infrastructure",
      "liquid",
      "private-credit",
      "private-equity",
      "real-estate",
    ]);
    expect(demo.fund.assets).toHaveLength(42);
    expect(new Set(demo.register.investors!.map((row) => row.code)).size).toBe(200);
    expect(demo.register.classes).toHaveLength(2);
    const dates = [...demo.history.map(({ name }) => name), demo.fund.as_of];
    expect([dates.length, dates[0], dates.at(-1)]).toEqual([36, "2023-11-30", "2026-10-31"]);
    expect(demo.history.every(({ name, chunk }) => chunk.snapshots!.every((row) => row.as_of === name))).toBe(true);
    const marked = demo.history.at(-1)!.chunk.snapshots!.map((row) => row.asset);
    expect(marked).toEqual(demo.fund.assets.map((asset) => asset.key));
  });

  it("holds opaque codes and no personal data", () => {
    const allowed = {
      classes: "code name units_outstanding nav_per_unit effective_at recorded_at",
      investors: "code classification kyc_status kyc_valid_until eligibility_tags effective_at recorded_at",
      access: "user_id investor kind",
      snapshots: "id asset as_of nav leverage esg_score method source effective_at recorded_at",
      flows: "id investor class direction amount units requested_at dealing_date effective_at recorded_at",
    };
    for (const [list, keys] of Object.entries(allowed)) {
      const rows = chunks.flatMap((chunk) => (chunk[list as keyof typeof allowed] ?? []) as object[]);
      const found = new Set(rows.flatMap((row) => Object.keys(row)));
      expect([...found].sort(), list).toEqual(keys.split(" ").sort());
    }
    for (const row of demo.register.investors!) {
      expect(row.code).toMatch(/^LP-S\d{4}$/);
      expect(row.eligibility_tags.every((tag) => ["aif", "eltif", "suitability-tested"].includes(tag))).toBe(true);
    }
    expect(JSON.stringify(demo)).not.toMatch(
      /@|\+\d{6,}|\b(Mr|Mrs|Ms|Dr)\b|passport|birth|iban|address|street|phone|e-?mail/i,
    );
    expect(JSON.stringify(demo)).not.toMatch(new RegExp(ALL_ROLES.join("|")));
  });

  it("says synthetic wherever a person reads a name", () => {
    const names = [demo.fund.name, demo.fund.mandate_label, ...demo.register.classes!.map((row) => row.name)];
    for (const asset of demo.fund.assets) names.push(asset.name, asset.issuer);
    expect(names.filter((name) => !name.includes("(synthetic)"))).toEqual([]);
    expect(demo.fund.synthetic).toBe(true);
    expect(demo.fund.source.kind).toBe("synthetic");
  });

  it("gives every generated row an id of its own", () => {
    const ids = [...flows, ...chunks.flatMap((chunk) => chunk.snapshots ?? [])].map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
      true,
    );
  });

  it("knows its calendar", () => {
    expect([0, 1, 4, 36].map(monthEnd)).toEqual(["2023-10-31", "2023-11-30", "2024-02-29", "2026-10-31"]);
    expect(monthEnd(16)).toBe("2025-02-28");
  });
});

function signedUnits(flow: FlowRow): string {
  return flow.direction === "subscription" ? flow.units : `-${flow.units}`;
}
