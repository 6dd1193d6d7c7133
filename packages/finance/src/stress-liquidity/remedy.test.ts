// Remedies: amounts derived by hand, what any fund may rely on, and every shipped policy pack.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePack } from "@evergreen-fund/domain/policies/index.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REMEDY } from "../calc/stress-examples.ts";
import { decimal } from "../money.ts";
import { liquidityRemedy, REMEDIES } from "./remedy.ts";

type Input = Parameters<typeof liquidityRemedy>[0];
const { policy, ...bare } = REMEDY;
const remedy = (change: Partial<Input> = {}) => liquidityRemedy({ ...REMEDY, ...change } as Input);
const option = (answer: ReturnType<typeof remedy>, kind: string) => answer.options.find((row) => row.kind === kind);
const why = (answer: ReturnType<typeof remedy>, tool: string) => answer.without.find((row) => row.tool === tool)?.words;

describe("remedy vectors", () => {
  it("missing 1 × 50 − 37.50 = 12.50 are raised by selling 12.50/0.98 = 12.76 of the 90-day sleeve, at a cost of 0.26", () => {
    const answer = remedy();
    expect(answer).toMatchObject({
      cover: "0.75",
      missingAssets: "12.50",
      excessLiabilities: "12.50",
      plan: ["sell_waterfall"],
    });
    expect(option(answer, "sell_waterfall")).toMatchObject({
      rank: 1,
      amount: "12.50",
      cost: "0.26",
      withinDays: 90,
      coverAfter: "1",
      restores: true,
    });
  });
  it("a slice is the same share x of both: x·(200·0.98 + 100·0.95) = 12.50, x = 4.2955 %", () => {
    expect(option(remedy(), "sell_slice")).toMatchObject({ amount: "12.50", cost: "0.39", withinDays: 180 });
    expect(option(remedy(), "sell_slice")?.words).toContain("4.2955 %");
  });
  it("the gate of 2 % pays 20 of 45 and holds 25 back; (45 − 12.50)/1000 = 3.25 % could be paid", () => {
    const gate = option(remedy(), "gate");
    expect(gate).toMatchObject({ amount: "25.00", side: "liabilities", coverAfter: "1.5", restores: true });
    expect(gate?.words).toContain("3.25 % of NAV");
  });
  it("required 1.2: missing 1.2·50 − 37.50 = 22.50, excess 50 − 37.50/1.2 = 18.75", () => {
    expect(remedy({ required: "1.2" })).toMatchObject({ missingAssets: "22.50", excessLiabilities: "18.75" });
  });
  it("a third of a cent that is missing is a whole cent: 1/3 of due is rounded up", () => {
    // 1.1 × 33.35 − 36.68 = 0.005, and 33.35 − 36.68/1.1 = 0.00454…
    const answer = remedy({ required: "1.1", liabilities: "33.35", assets: "36.68", redemptions: "30" });
    expect(answer).toMatchObject({ missingAssets: "0.01", excessLiabilities: "0.01" });
    expect(option(answer, "sell_waterfall")?.restores).toBe(true);
  });
  it("sells nothing that counts already, and nothing that takes more than a year", () => {
    const near = { id: "bills", bucket: "30d" as const, value: "500.00" };
    const far = { id: "house", bucket: "gt365d" as const, value: "500.00" };
    const answer = remedy({ sleeves: [near, far, ...REMEDY.sleeves] });
    expect(option(answer, "sell_waterfall")?.words).toMatch(/^Sell 12\.76 of loans \(90d\);/);
    expect(why(remedy({ sleeves: [near, far] }), "sell_slice")).toMatch(/within a year/);
  });
  it("longer notice reaches what is not accepted yet, and only where it outlasts the bucket", () => {
    expect(option(remedy(), "extend_notice")).toMatchObject({ amount: "45.00", restores: true });
    expect(why(remedy({ bucket: "90d" }), "extend_notice")).toMatch(/do not outlast 90d/);
    expect(why(remedy({ redemptions: "0", accepted: "45.00" }), "extend_notice")).toMatch(/accepted/);
    expect(why(remedy({ noticeDays: 90 }), "extend_notice")).toMatch(/do not outlast/);
  });
  it("a facility brings what is undrawn, at most what is missing", () => {
    expect(option(remedy({ facility: { undrawn: "5.00" } }), "draw_facility")).toMatchObject({
      amount: "5.00",
      restores: false,
      coverAfter: "0.85",
    });
    expect(option(remedy({ facility: { undrawn: "500.00" } }), "draw_facility")).toMatchObject({
      amount: "12.50",
      restores: true,
    });
    expect(why(remedy({ facility: { undrawn: "0" } }), "draw_facility")).toMatch(/in full/);
  });
  it("what brings too little comes after what restores, and the plan adds the mildest up", () => {
    // nothing to sell but 5 of a sleeve without cost; no policy: 5 + 4 of the facility + all redemptions suspended
    const answer = liquidityRemedy({
      ...bare,
      sleeves: [{ id: "loans", bucket: "90d", value: "5.00" }],
      facility: { undrawn: "4.00" },
    });
    expect(answer.options.map(({ kind, restores }) => [kind, restores])).toEqual([
      ["suspend", true],
      ["sell_waterfall", false],
      ["sell_slice", false],
      ["draw_facility", false],
    ]);
    expect(answer.plan).toEqual(["suspend"]);
    const calls = liquidityRemedy({
      ...bare,
      redemptions: "0",
      sleeves: [{ id: "loans", bucket: "90d", value: "8.00" }],
      facility: { undrawn: "4.50" },
    } as Input);
    expect(calls.plan).toEqual(["sell_waterfall", "draw_facility"]);
    expect(liquidityRemedy({ ...bare, redemptions: "0", sleeves: [] } as Input)).toMatchObject({
      options: [],
      plan: [],
    });
  });
  it("stopping commitments that are not made yet takes their calls away", () => {
    const answer = remedy({ newCommitments: "12.50" });
    expect(answer.plan).toEqual(["stop_commitments"]);
    expect(option(answer, "stop_commitments")).toMatchObject({ coverAfter: "1", restores: true });
  });
  it("enough cover needs nothing, and says nothing of tools", () => {
    expect(remedy({ assets: "50.00" })).toMatchObject({ missingAssets: "0.00", options: [], plan: [], without: [] });
    expect(remedy({ required: "0", assets: "0" })).toMatchObject({
      missingAssets: "0.00",
      excessLiabilities: null,
      options: [],
    });
  });
  it("without a policy every tool says so; suspension is there all the same", () => {
    const answer = liquidityRemedy({ ...bare, sleeves: [...bare.sleeves] });
    for (const tool of ["extend_notice", "gate", "in_kind"]) expect(why(answer, tool)).toMatch(/no policy/);
    expect(option(answer, "suspend")).toBeDefined();
  });
  it.each<[string, Record<string, unknown>]>([
    ["a sleeve twice", { sleeves: [REMEDY.sleeves[0], REMEDY.sleeves[0]] }],
    ["assets below zero", { assets: "-1" }],
    ["an unknown bucket", { bucket: "2d" }],
    ["a cost above the value", { sleeves: [{ id: "a", bucket: "90d", value: "1", cost: "1.1" }] }],
  ])("refuses %s", (_words, wrong) => {
    expect(() => remedy(wrong as Partial<Input>)).toThrow(expect.objectContaining({ code: "EG400" }));
  });
});

const money = (most: number) => fc.integer({ min: 0, max: most }).map((cents) => (cents / 100).toFixed(2));
const arbitraryFund = fc
  .record({
    assets: money(100_000),
    redemptions: money(100_000),
    accepted: money(50_000),
    other: money(50_000),
    required: fc.constantFrom("0", "0.9", "1", "1.2", "1.5"),
    bucket: fc.constantFrom("1d", "7d", "30d", "90d", "gt365d"),
    sleeves: fc.array(
      fc.record({
        bucket: fc.constantFrom("1d", "30d", "90d", "180d", "365d", "gt365d"),
        value: money(90_000),
        cost: fc.constantFrom("0", "0.01", "0.2", "1"),
      }),
      { maxLength: 5 },
    ),
    facility: fc.option(
      money(20_000).map((undrawn) => ({ undrawn })),
      { nil: undefined },
    ),
    gate: fc.record({ share: fc.constantFrom("0", "0.02", "0.05", "1") }, { requiredKeys: [] }),
    threshold: fc.option(fc.constantFrom("0.005", "0.03"), { nil: undefined }),
    newCommitments: money(2_000),
  })
  .map(({ other, sleeves, gate, threshold, facility, ...rest }) => ({
    ...rest,
    currency: "EUR",
    nav: "2000.00",
    liabilities: decimal(rest.redemptions).plus(rest.accepted).plus(other).plus(rest.newCommitments).toFixed(2),
    sleeves: sleeves.map((sleeve, n) => ({ id: `s${n}`, ...sleeve })),
    ...(facility === undefined ? {} : { facility }),
    policy: {
      ...policy,
      tools: [...policy.tools, "redemption_in_kind", "swing_pricing"],
      gate: {
        basis: "gross",
        ...gate,
        ...(threshold === undefined ? {} : { threshold: { kind: "nav_share", share: threshold } }),
      },
    },
  })) as unknown as fc.Arbitrary<Input>;

describe("a remedy for any fund", () => {
  it("restores where it says so, names every kind once, ranks what restores first, and its plan is enough", () => {
    fc.assert(
      fc.property(arbitraryFund, (fund) => {
        const answer = liquidityRemedy(fund);
        const named = [...answer.options.map(({ kind }) => kind as string), ...answer.without.map(({ tool }) => tool)];
        const short = decimal(fund.assets).lt(decimal(fund.liabilities).times(fund.required));
        expect(decimal(answer.missingAssets).isZero()).toBe(!short);
        if (!short) {
          expect(answer.options).toEqual([]);
          return;
        }
        expect(REMEDIES.filter((kind) => named.filter((name) => name === kind).length !== 1)).toEqual([]);
        expect(answer.without.map(({ tool }) => tool)).toContain("swing_pricing");
        const enough = (chosen: typeof answer.options) => {
          let [assets, due] = [decimal(fund.assets), decimal(fund.liabilities)];
          for (const { side, amount } of chosen)
            if (side === "assets") assets = assets.plus(amount);
            else due = due.minus(amount).lt(0) ? decimal("0") : due.minus(amount);
          return assets.gte(due.times(fund.required));
        };
        answer.options.forEach((row, at) => {
          expect(row.rank).toBe(at + 1);
          expect(row.restores).toBe(enough([row]));
          if (at > 0) expect(Number(answer.options[at - 1]!.restores)).toBeGreaterThanOrEqual(Number(row.restores));
        });
        if (answer.plan.length > 0)
          expect(enough(answer.options.filter(({ kind }) => answer.plan.includes(kind)))).toBe(true);
        if (answer.options.some(({ restores }) => restores)) expect(answer.plan).toHaveLength(1);
      }),
      { numRuns: 2_000 },
    );
  });
});

const FOLDER = join(import.meta.dirname, "../../../../policies");
describe.each(
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => [file, parsePack(readFileSync(join(FOLDER, file), "utf8"))] as const),
)("%s", (_file, pack) => {
  it("has a remedy for each of its tools, or says why it has none", () => {
    const answer = liquidityRemedy({
      ...bare,
      sleeves: [...REMEDY.sleeves],
      policy: pack.lmt,
      noticeDays: pack.dealing.notice.redemption.n,
    });
    expect(answer.plan).not.toEqual([]);
    const named = new Set([...answer.options.map(({ kind }) => kind), ...answer.without.map(({ tool }) => tool)]);
    const KINDS: Record<string, string> = {
      redemption_gate: "gate",
      notice_extension: "extend_notice",
      redemption_in_kind: "in_kind",
    };
    expect(pack.lmt.tools.filter((tool) => !named.has(KINDS[tool] ?? tool))).toEqual([]);
    for (const { words } of answer.without) expect(words.length).toBeGreaterThan(10);
  });
});
