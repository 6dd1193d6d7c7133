// A restatement by rows: which inputs make one, what each deal is owed (R30, with its vector), and which later strike stands on what was wrong.
import { NavErrorPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { describe, expect, it } from "vitest";
import { compensation, correctedNav, nextAffected, type RestatementFacts, withCorrectPrices } from "./restated-nav.ts";

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
  fees: {
    management: { rate: "0.365", basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 2,
};
type Input = RestatementFacts["inputs"][number];
type Class = RestatementFacts["classes"][number];
const input = (label: string, value: string, change: Partial<Input> = {}): Input => ({
  asset_id: id(1),
  kind: "asset",
  label,
  value,
  as_of: "2026-03-30",
  source: "appraisal",
  ...change,
});
const accrued = (value: string): Input =>
  input("management fee of class A", value, {
    kind: "accrual",
    asset_id: null,
    as_of: "2026-03-31",
    source: "dealing policy",
  });
const classOf = (change: Partial<Class> = {}): Class => ({
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
  pocket: null,
  policy: POLICY,
  lots: [],
  ...change,
});
const deal = (n: number, direction: "subscription" | "redemption", units: string, amount: string) => ({
  dealing_day_id: id(2),
  flow_id: id(10 + n),
  share_class_id: id(900),
  investor_id: id(20 + n),
  direction,
  units,
  amount,
});
const facts = (change: Partial<RestatementFacts> = {}): RestatementFacts => ({
  strike_id: id(3),
  currency: "EUR",
  nav_date: "2026-03-31",
  version: 2,
  reason: "read wrongly",
  inputs: [input("INFRA", "100200.00"), accrued("0.00")],
  old_inputs: [input("INFRA", "101500.00"), accrued("0.00")],
  classes: [classOf()],
  regime: "aif",
  nav_error: null,
  prices: [{ share_class_id: id(900), units_dp: 4, price_dp: 4, published: "101.5", correct: "100.2" }],
  days: [{ dealing_day_id: id(2), share_class_id: id(900) }],
  deals: [deal(1, "subscription", "98.5221", "10000.00"), deal(2, "redemption", "10", "1015.00")],
  later: [],
  ...change,
});

describe("the corrected figures", () => {
  it("are those of the corrected inputs over the units of then", () => {
    expect(correctedNav(facts())).toMatchObject({ nav: "100200.00", classes: [{ nav_per_unit: "100.2000" }] });
  });
  it("take the fees as the inputs state them", () => {
    const given = facts({ inputs: [input("INFRA", "100200.00"), accrued("200.00")] });
    expect(correctedNav(given)).toMatchObject({
      liabilities: "200.00",
      nav: "100000.00",
      fees: [{ management_accrued: "200.00" }],
    });
  });
  it("are none where the inputs say what they said before", () => {
    expect(() => correctedNav(facts({ inputs: facts().old_inputs }))).toThrow(
      expect.objectContaining({ code: "EG428" }),
    );
  });
});

describe("compensation", () => {
  it("follows the vector of R30: 1.2974 % is material, 98.5221 units should have been 99.8003", () => {
    const { material, classes, deals } = compensation(facts());
    expect(material).toBe(true);
    expect(classes[0]).toMatchObject({
      error: expect.stringMatching(/^0\.012974/),
      tolerance: "0.01",
      direction: "overstated",
      fund_pays: "128.08",
      fund_receives: "13.00",
    });
    // 98.5221 × 1.30 = 128.07873, rounded up in favour of who is owed
    expect(deals).toEqual([
      expect.objectContaining({
        flow_id: id(11),
        kind: "subscriber_overpaid",
        units_due: "99.8003",
        difference: "128.08",
        owed_to: "investor",
        pays: true,
      }),
      expect.objectContaining({
        flow_id: id(12),
        kind: "redeemer_overpaid",
        cash_due: "1002.00",
        difference: "13.00",
        owed_to: "fund",
        owed_by: "responsible_party",
        pays: false,
      }),
    ]);
  });
  it("of an error that is not material names everybody and pays nobody", () => {
    const { material, classes, deals } = compensation(
      facts({ prices: [{ share_class_id: id(900), units_dp: 4, price_dp: 4, published: "100.2", correct: "100.1" }] }),
    );
    expect([material, classes[0]?.fund_pays]).toEqual([false, "0.00"]);
    expect(deals).toHaveLength(2);
    expect(deals.every(({ pays }) => pays === false)).toBe(true);
  });
  it.each([
    ["bond_or_mixed", {}, "0.005", true],
    ["equity_or_other", {}, "0.01", false],
    ["professional", { tolerance: "0.005", analysis: "board paper 12" }, "0.005", true],
    ["professional", { tolerance: "1/20", analysis: "board paper 12" }, "0.05", false],
  ])("goes by the tolerance of the policy: %s %j", (fundKind, own, tolerance, material) => {
    const prices = [{ share_class_id: id(900), units_dp: 4, price_dp: 4, published: "100.8", correct: "100.2" }];
    const found = compensation(facts({ prices, nav_error: { fundKind, ...own } }));
    expect(found.classes[0]).toMatchObject({ tolerance, material });
  });
  it("names who is owed less than the policy's smallest amount, and pays nobody", () => {
    const { classes, deals } = compensation(facts({ nav_error: { fundKind: "equity_or_other", deMinimis: "128.09" } }));
    expect(classes[0]).toMatchObject({ material: true, fund_pays: "0.00", body: { de_minimis: "128.09" } });
    expect(deals[0]).toMatchObject({ difference: "128.08", owed_to: "investor", pays: false });
  });
  it.each([
    ["a tolerance of its own for a fund that may have none", { fundKind: "equity_or_other", tolerance: "0.02" }],
    ["a tolerance without the analysis it rests on", { fundKind: "professional", tolerance: "0.02" }],
    ["no tolerance of a professional fund", { fundKind: "professional", analysis: "board paper 12" }],
    ["a tolerance above 5 %", { fundKind: "professional", tolerance: "0.0501", analysis: "board paper 12" }],
    ["a tolerance above one in twenty", { fundKind: "professional", tolerance: "2/39", analysis: "board paper 12" }],
  ])("refuses %s", (_what, policy) => {
    expect(NavErrorPolicy.safeParse(policy).success).toBe(false);
  });
  it("is that of the corrected figures before they are struck", () => {
    const prices = [{ share_class_id: id(900), units_dp: 4, price_dp: 4, published: "101.5", correct: "100.2000" }];
    const given = facts({ prices });
    const unpriced = { ...given, prices: given.prices.map((row) => ({ ...row, correct: null })) };
    expect(() => compensation(unpriced)).toThrow(expect.objectContaining({ code: "EG500" }));
    expect(compensation(withCorrectPrices(unpriced, correctedNav(unpriced)))).toEqual(compensation(given));
  });
  it("is stricter for a money market fund", () => {
    const prices = [{ share_class_id: id(900), units_dp: 4, price_dp: 4, published: "100.5", correct: "100.1" }];
    expect(compensation(facts({ prices })).material).toBe(false);
    expect(compensation(facts({ prices, regime: "mmf" })).material).toBe(true);
  });
});

describe("the strike after it", () => {
  const last = { nav_date: "2026-03-31", nav: "100200.00", units: "1000", nav_per_unit: "100.2", fees: null };
  const later = (inputs: Input[]) => ({
    strike_id: id(5),
    nav_date: "2026-04-01",
    inputs,
    classes: [classOf({ last })],
  });
  it("that took the wrong value over is put right, its fee with it", () => {
    // one day of 0.1 % on 100,200.00, where it had been 101.50 on 101,500.00
    const next = nextAffected(facts({ later: [later([input("INFRA", "101500.00"), accrued("101.50")])] }));
    expect(next).toMatchObject({ strikeId: id(5), navDate: "2026-04-01", changed: 2 });
    expect(next?.inputs.map(({ label, value }) => [label, value])).toEqual([
      ["INFRA", "100200.00"],
      ["management fee of class A", "100.20"],
    ]);
  });
  it("with a mark of its own still has the fee of the day before", () => {
    const own = input("INFRA", "101500.00", { as_of: "2026-04-01" });
    const next = nextAffected(facts({ later: [later([own, accrued("101.50")])] }));
    expect(next).toMatchObject({ changed: 1 });
    expect(next?.inputs[0]).toMatchObject({ value: "101500.00", as_of: "2026-04-01" });
  });
  it("that nothing of it touches is left alone", () => {
    const own = input("INFRA", "99000.00", { as_of: "2026-04-01" });
    expect(nextAffected(facts({ later: [later([own, accrued("100.20")])] }))).toBeNull();
    expect(nextAffected(facts())).toBeNull();
  });
});
