// The demo fund as data: the same bytes everywhere, nothing personal in it, and arithmetic that a reader can check.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_ROLES } from "@evergreen-fund/domain/roles.ts";
import { decimal, type Exact, ZERO } from "@evergreen-fund/finance/money.ts";
import { describe, expect, it } from "vitest";
import type { DemoChunk } from "./chunks.ts";
import { liveThrough } from "./fund-life.ts";
import { generateDemo } from "./generate.ts";
import { HOLIDAYS } from "./holidays.ts";
import { CLASSES, MONTHS, monthEnd } from "./terms.ts";
import type { DatedAct } from "./timeline.ts";

const LOGINS = { first: "00000000-0000-4000-8000-00000000000a", second: "00000000-0000-4000-8000-00000000000b" };
const hashOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
const demo = generateDemo(LOGINS);
type Of<A extends DatedAct["act"]> = DatedAct & { act: A };
const acts = <A extends DatedAct["act"]>(name: A): Of<A>[] =>
  demo.timeline.filter((act): act is Of<A> => act.act === name);
const loads = acts("load");
const chunks: DemoChunk[] = [demo.register, ...loads.map(({ chunk }) => chunk)];
const add = (values: Iterable<string>): Exact => [...values].reduce((total, value) => total.plus(decimal(value)), ZERO);

/** Changing what the generator makes means a new DEMO_VERSION (terms.ts) and a new hash here. */
const PINNED = "117f7f2ff3c43200cf196ab84624ad687a1166ca6f42ea312d7dbb49494854ad";

describe("the same everywhere", () => {
  it("makes the same bytes twice, and those that are pinned", { timeout: 30_000 }, () => {
    expect(hashOf(generateDemo(LOGINS))).toBe(hashOf(demo));
    expect(hashOf(demo)).toBe(PINNED);
  });

  it("makes the same bytes in another process, time zone and language", { timeout: 60_000 }, () => {
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
        /Date\.now|Math\.random|new Date\(\)|performance\.now|randomUUID|randomBytes|process\./,
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

  it("puts to work what comes in and keeps ready what is owed: the dealing account ends with what is not dealt yet", () => {
    const life = liveThrough();
    const net = life
      .flatMap((end) => end.fills)
      .reduce((sum, f) => sum + (f.direction === "subscription" ? f.net : -f.net), 0n);
    const moved = (purpose: string) =>
      add(
        acts("move_cash")
          .filter((act) => act.purpose === purpose)
          .map(({ amount }) => amount),
      );
    const left = decimal((Number(net) / 100).toFixed(2))
      .minus(moved("invest"))
      .plus(moved("divest"))
      .minus(moved("management_fee"));
    // the fee of the last month-end, which is paid after the next dealing; and what the restatement owes, less what is made good
    expect(left.minus("173316.09").toFixed(2)).toBe((Number(life.at(-1)!.fees) / 100).toFixed(2));
    expect(acts("move_cash").every(({ amount }) => decimal(amount).gt(0))).toBe(true);
  });
});

describe("the past", () => {
  it("is in the order of time, and over", () => {
    const times = demo.timeline.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    expect(times[0]!.startsWith("2023-10")).toBe(true);
    expect(times.at(-1)!.startsWith("2026-10")).toBe(true);
    for (const { chunk, at } of loads)
      for (const row of chunk.snapshots ?? []) expect([row.recorded_at, row.effective_at <= at]).toEqual([at, true]);
  });

  it("takes every month-end through its steps, once and in their order", () => {
    const STEPS = ["cut_off", "propose_nav", "approve_nav", "approve_nav", "deal", "close"];
    for (let month = 0; month < MONTHS; month += 1)
      expect(
        demo.timeline.filter((act) => act.month === month && STEPS.includes(act.act)).map(({ act }) => act),
        monthEnd(month),
      ).toEqual(STEPS);
    expect(acts("cut_off").some(({ month }) => month === MONTHS)).toBe(false);
    const people = acts("approve_nav").filter(({ month }) => month === 5);
    expect(people.map(({ person }) => person)).toEqual([0, 1]);
  });

  it("restates one NAV before the next is struck", () => {
    expect(acts("restate")).toHaveLength(1);
    const [restate] = acts("restate");
    const next = acts("propose_nav").find(({ month }) => month === restate!.month + 1);
    expect(restate!.at < next!.at).toBe(true);
    expect(acts("approve_restatement").map(({ person }) => person)).toEqual([0, 1]);
  });

  it("places orders in money or in units, each once and before it is taken in", () => {
    const orders = acts("order");
    expect(new Set(orders.map(({ order }) => order.id)).size).toBe(orders.length);
    for (const { order, at, month } of orders) {
      expect([order.amount, order.units].filter((value) => value !== undefined)).toHaveLength(1);
      const intake = acts("intake").find((act) => act.month === month && act.direction === order.direction);
      expect(at < intake!.at, order.id).toBe(true);
    }
    expect(orders.filter(({ month }) => month === MONTHS).length).toBeGreaterThan(4);
  });

  it("marks every asset at every month-end, with zero before it was bought", () => {
    for (let month = 0; month < MONTHS; month += 1) {
      const marked = loads.flatMap((act) =>
        act.month === month && act.name.startsWith("marks") ? act.chunk.snapshots! : [],
      );
      expect(marked.map((row) => row.asset).sort()).toEqual(demo.fund.assets.map((asset) => asset.key).sort());
      expect(marked.every((row) => row.as_of === monthEnd(month))).toBe(true);
    }
  });
});

describe("what is in it", () => {
  it("is a fund of 42 assets in five kinds, 200 investors, two classes, 37 month-ends", () => {
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
    expect(Object.keys(demo.forecast.classes)).toEqual(CLASSES.map(({ code }) => code));
    expect([monthEnd(0), monthEnd(MONTHS - 1), demo.fund.as_of]).toEqual(["2023-10-31", "2026-09-30", "2026-10-30"]);
  });

  it("holds opaque codes and no personal data", () => {
    const allowed = {
      investors: "code classification kyc_valid_until eligibility_tags effective_at recorded_at",
      access: "user_id investor kind",
      snapshots: "id asset as_of nav leverage esg_score method source effective_at recorded_at",
      lapses: "investor",
    };
    for (const [list, keys] of Object.entries(allowed)) {
      const rows = chunks.flatMap((chunk) => (chunk[list as keyof typeof allowed] ?? []) as object[]);
      const found = new Set(rows.flatMap((row) => Object.keys(row)));
      expect([...found].sort(), list).toEqual(keys.split(" ").sort());
    }
    const order = new Set(acts("order").flatMap((act) => Object.keys(act.order)));
    expect([...order].sort()).toEqual("amount dealing_date direction id investor share_class units".split(" "));
    for (const row of demo.register.investors!) {
      expect(row.code).toMatch(/^LP-S\d{4}$/);
      expect(row.eligibility_tags.every((tag) => ["aif", "eltif", "suitability-tested"].includes(tag))).toBe(true);
    }
    expect(JSON.stringify(demo)).not.toMatch(
      /@|\+\d{6,}|\b(Mr|Mrs|Ms|Dr)\b|passport|birth|iban|address|street|phone|e-?mail/i,
    );
    expect(JSON.stringify(demo)).not.toMatch(new RegExp(ALL_ROLES.join("|")));
  });

  it("says synthetic wherever a person reads a name or a reason", () => {
    const names = [demo.fund.name, demo.fund.mandate_label, ...CLASSES.map((row) => row.name)];
    for (const asset of demo.fund.assets) names.push(asset.name, asset.issuer);
    names.push(...acts("begin_restatement").map(({ reason }) => reason));
    expect(names.filter((name) => !name.includes("(synthetic)"))).toEqual([]);
    expect(demo.fund.synthetic).toBe(true);
    expect(demo.fund.source.kind).toBe("synthetic");
    const sources = new Set(chunks.flatMap((chunk) => (chunk.snapshots ?? []).map((row) => row.source)));
    expect([...sources].every((source) => source.startsWith("synthetic"))).toBe(true);
  });

  it("gives every generated row an id of its own", () => {
    const ids = [
      ...acts("order").map(({ order }) => order.id),
      ...chunks.flatMap((chunk) => (chunk.snapshots ?? []).map((row) => row.id)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
      true,
    );
  });

  it("knows its holidays: Easter and what moves with it, by the rule that everybody can compute", () => {
    for (const year of [2023, 2024, 2025, 2026, 2027]) {
      const names = HOLIDAYS.filter(({ date }) => date.startsWith(`${year}`));
      expect(names).toHaveLength(11);
      expect(names.find(({ name }) => name === "Easter Monday")?.date).toBe(easterMonday(year));
    }
  });
});

/** Anonymous Gregorian computus (Meeus, Jones and Butcher), plus one day. */
function easterMonday(year: number): string {
  const [a, b, c] = [year % 19, Math.floor(year / 100), year % 100];
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const n = h + l - 7 * Math.floor((a + 11 * h + 22 * l) / 451) + 114;
  return new Date(Date.UTC(year, Math.floor(n / 31) - 1, (n % 31) + 2)).toISOString().slice(0, 10);
}
