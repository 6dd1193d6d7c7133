// What goes into a NAV and what blocks it, by rows: marks by age and movement, the dealing account by the table in the Commander's README, fees.
import { describe, expect, it } from "vitest";
import { frozenNav, type NavFacts, openedDay } from "./decide.ts";

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const POLICY = {
  frequency: "daily",
  calendar: "none",
  timeZone: "UTC",
  cutOff: "12:00",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 0, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 0, softFees: [] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  issuePrice: "100",
  fees: {
    management: { rate: "0", basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 2,
};
type Asset = NavFacts["assets"][number];
const asset = (label: string, change: Partial<Asset> = {}): Asset => ({
  asset_id: id(label.length),
  label,
  type: "debt",
  liquid: true,
  value: "100000.00",
  as_of: "2026-03-31",
  source: "desk",
  confirmed: false,
  max_age_days: 35,
  max_move_bps: 300,
  anchor: null,
  roll: null,
  ...change,
});
const NOTHING = {
  bank: "0",
  prepaid: "0",
  receivable: "0",
  redemptions_payable: "0",
  fee_payable: "0",
  in_transit: "0",
  compensation_payable: "0",
  compensation_receivable: "0",
  management_paid: "0",
};
const facts = (change: Partial<NavFacts> = {}): NavFacts => ({
  fund: "F",
  currency: "USD",
  nav_date: "2026-03-31",
  assets: [asset("BOND")],
  ledger: NOTHING,
  classes: [
    {
      share_class_id: id(900),
      code: "A",
      units: "1000",
      units_dp: 4,
      price_dp: 4,
      price: "100",
      issue_price: "100",
      last: null,
      subscribed: "0",
      redeemed: "0",
      mark: "100",
      performance_taken: "0",
      moved: "0",
      distributed: "0",
      pocket: null,
      policy: POLICY,
      deals: true,
      lots: [],
    },
  ],
  certain_inflows: null,
  reconciliation_breaks: 0,
  ...change,
});
const blockersOf = (given: NavFacts): string[] => {
  const { inputs, draft } = frozenNav(given);
  return [
    ...inputs.flatMap(({ label, blocked_by }) => (blocked_by === undefined ? [] : [`${label}: ${blocked_by}`])),
    ...draft.blockers.map(({ words }) => words),
  ];
};

describe("a clear NAV", () => {
  it("has every input and no blocker", () => {
    const { inputs, draft } = frozenNav(facts());
    expect(inputs).toEqual([
      { asset_id: id(4), kind: "asset", label: "BOND", value: "100000.00", as_of: "2026-03-31", source: "desk" },
    ]);
    expect(draft).toMatchObject({ nav: "100000.00", classes: [{ nav_per_unit: "100.0000" }], blockers: [] });
  });
});

describe("the dealing account", () => {
  it.each([
    // money that came for units not issued yet is the investor's: in the bank and owed, nothing gained
    [{ bank: "500.00", prepaid: "500.00" }, "100000.00"],
    // units were issued before their money came: it is owed to the fund
    [{ receivable: "500.00" }, "100500.00"],
    // units were redeemed, the money still lies in the bank: it is no longer the fund's
    [{ bank: "500.00", redemptions_payable: "200.00" }, "100300.00"],
    // paid out of an empty account: the custodian lends it
    [{ bank: "-200.00" }, "99800.00"],
    [{ bank: "100.00", fee_payable: "40.00", in_transit: "10.00" }, "100070.00"],
    // after a NAV that was wrong: 128.08 of the bank are a buyer's, 13.00 come from who was responsible
    [{ bank: "500.00", compensation_payable: "128.08", compensation_receivable: "13.00" }, "100384.92"],
    // the manager was paid what strikes have accrued: the money and the debt are gone together
    [{ bank: "-300.00", management_paid: "300.00" }, "100000.00"],
  ])("of %j makes a NAV of %s", (ledger, nav) => {
    expect(frozenNav(facts({ ledger: { ...NOTHING, ...ledger } })).draft.nav).toBe(nav);
  });
  it("is liquid as far as it is not owed", () => {
    const ledger = { ...NOTHING, bank: "500.00", prepaid: "300.00", redemptions_payable: "100.00" };
    const assets = [asset("BOND"), asset("INFRA", { liquid: false })];
    expect(frozenNav(facts({ ledger, assets })).draft.liquid_assets).toBe("100100.0000");
    expect(
      frozenNav(facts({ ledger: { ...NOTHING, prepaid: "1.00" }, assets: [asset("X", { liquid: false })] })).draft
        .liquid_assets,
    ).toBe("0.0000");
  });
});

describe("what blocks", () => {
  it.each<[what: string, change: Partial<Asset>, words: RegExp | null]>([
    ["a mark of its greatest age", { as_of: "2026-02-24" }, null],
    ["a mark a day older", { as_of: "2026-02-23" }, /^BOND: The asset is 36 days old, 35 are allowed\.$/],
    ["no mark", { value: null, as_of: null, source: null, confirmed: null }, /^BOND: there is no mark$/],
    ["a move of its greatest size", { anchor: "97087.38" }, null],
    ["a move of more", { anchor: "97087.37" }, /^BOND: The price breaker holds this value back\.$/],
    ["a move down of more", { anchor: "103092.80" }, /breaker/],
    ["a greater move that a person confirmed", { anchor: "1.00", confirmed: true }, null],
    ["a balance of cash that moved", { anchor: "1.00", type: "cash" }, null],
  ])("%s", (_what, change, words) => {
    const found = blockersOf(facts({ assets: [asset("BOND", change), asset("OTHER")] }));
    if (words === null) expect(found).toEqual([]);
    else expect(found).toEqual([expect.stringMatching(words)]);
  });
  it("a price that leaps, by its class", () => {
    const [row] = facts().classes;
    const last = { nav_date: "2026-02-28", nav: "80000.00", units: "1000", nav_per_unit: "80", fees: null };
    expect(blockersOf(facts({ classes: [{ ...row!, last }] }))).toEqual([
      "A: Moved 2500 bp since the last strike, 1000 are expected at most.",
    ]);
  });
  it("invariants that are broken", () => {
    expect(blockersOf(facts({ reconciliation_breaks: 2 }))).toEqual([
      expect.stringContaining("2 reconciliation breaks are open"),
    ]);
  });
  it("a class without complete terms: the inputs are frozen all the same, for people to see", () => {
    const [row] = facts().classes;
    const given = facts({ classes: [{ ...row!, policy: { cutOff: "12:00" } }] });
    expect(blockersOf(given)).toEqual(["The NAV cannot be computed: Class A has no complete dealing policy in force."]);
    expect(frozenNav(given).inputs).toHaveLength(1);
  });
  it("nothing to value", () => {
    expect(blockersOf(facts({ assets: [], classes: [{ ...facts().classes[0]!, units: "0" }] }))).toContainEqual(
      expect.stringContaining("nothing to value"),
    );
  });
});

describe("the day that an event announced", () => {
  const day = { type: "DEALING_DAY_OPENED", dealingDayId: id(1), fundId: id(2), workflowId: "deal/F/A/2026-03-31" };
  it("is that of its run", () => expect(openedDay(day, day.workflowId)).toBe(day));
  it.each([
    [null, "deal/F/A/2026-03-31", "EG404"],
    [{ ...day, type: "CLAIMABLE" }, "deal/F/A/2026-03-31", "EG428"],
    [day, "deal/F/B/2026-03-31", "EG428"],
    [{ ...day, workflowId: undefined }, "deal/F/A/2026-03-31", "EG428"],
  ])("%j under %s is %s", (given, run, code) => {
    expect(() => openedDay(given, run)).toThrow(expect.objectContaining({ code }));
  });
});

describe("a stale private mark (R5)", () => {
  const stale = (change: Partial<Asset> = {}): NavFacts =>
    facts({
      assets: [
        asset("FUND", {
          type: "private_equity",
          liquid: true,
          value: "90000.00",
          as_of: "2025-12-31",
          max_age_days: 190,
          max_move_bps: 1500,
          roll: { series: "SYN", beta: "1.2", index_at_mark: "100", index_now: "110", payments: [] },
          ...change,
        }),
      ],
    });
  const input = (given: NavFacts) => frozenNav(given).inputs.find(({ label }) => label === "FUND");

  it("is carried forward by beta times the return of its index, and keeps its day and what it was rolled from", () => {
    // 90,000 × (1 + 1.2 × 10 %)
    expect(input(stale())).toMatchObject({
      value: "100800.00",
      as_of: "2025-12-31",
      source: "rolled forward by SYN, mark of desk",
      mark: "90000.00",
      beta: "1.2",
      index_series: "SYN",
      index_at_mark: "100",
      index_now: "110",
    });
    const { draft } = frozenNav(stale());
    expect([draft.total_assets, draft.liquid_assets]).toEqual(["100800.00", "100800.0000"]);
  });
  it("without a value of the index on either day blocks the NAV by name", () => {
    const without = (side: "index_at_mark" | "index_now") =>
      stale({
        roll: { series: "SYN", beta: "1.2", index_at_mark: "100", index_now: "110", payments: [], [side]: null },
      });
    expect(input(without("index_at_mark"))?.blocked_by).toBe("index SYN has no value of 2025-12-31");
    expect(input(without("index_now"))?.blocked_by).toBe("index SYN has no value of 2026-03-31");
  });
  it("counts what was paid into it and out of it since, each carried from its own day", () => {
    const roll = {
      series: "SYN",
      beta: "1.2",
      index_at_mark: "100",
      index_now: "110",
      payments: [
        { on: "2026-01-20", amount: "5000", index: "104" },
        { on: "2026-02-10", amount: "-1200", index: "108" },
      ],
    };
    // 100,800 + 5,000 × (1 + 1.2 × 6/104) − 1,200 × (1 + 1.2 × 2/108) = 100,800 + 5,346.1538… − 1,226.6666…
    expect(input(stale({ roll, max_move_bps: 5000 }))).toMatchObject({ value: "104919.49", payments: roll.payments });
    const [first, second] = roll.payments;
    const blind = { ...roll, payments: [first!, { ...second!, index: null }] };
    expect(input(stale({ roll: blind }))?.blocked_by).toBe("index SYN has no value of 2026-02-10");
  });
  it("is too old at its age, however it is carried forward", () => {
    expect(input(stale({ max_age_days: 89 }))?.blocked_by).toMatch(/90 days/);
  });
});

describe("the price breaker (R5)", () => {
  const moved = (change: Partial<Asset>) =>
    frozenNav(facts({ assets: [asset("BOND", { value: "103000.00", anchor: "100000.00", ...change })] })).inputs[0];
  it("holds back what moved further than allowed, with how far, and its value stays", () => {
    expect(moved({})).not.toHaveProperty("drift_bps");
    expect(moved({ value: "103000.01" })).toMatchObject({ value: "103000.01", drift_bps: "300.001", limit_bps: "300" });
    expect(moved({ value: "103000.01" })?.blocked_by).toBeDefined();
  });
  it("lets through what a person confirmed, and cash", () => {
    for (const change of [{ confirmed: true }, { type: "cash" }])
      expect(moved({ value: "200000.00", ...change })).not.toHaveProperty("drift_bps");
  });
  it("looks at what a mark was rolled to, also of one that was confirmed before", () => {
    const roll = { series: "SYN", beta: "1", index_at_mark: "100", index_now: "104", payments: [] };
    expect(moved({ value: "100000.00", confirmed: true, roll })).toMatchObject({
      value: "104000.00",
      drift_bps: "400",
    });
  });
});

it("recorded certain inflows stand in the draft that people approve, and nothing where there are none (R9b)", () => {
  expect(frozenNav(facts({ certain_inflows: "1000.0000" })).draft.certain_inflows).toBe("1000.0000");
  expect(frozenNav(facts()).draft).not.toHaveProperty("certain_inflows");
});
