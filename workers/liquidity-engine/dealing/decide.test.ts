// From the book to decisions and fills, by rows: what the database will hold them to is written beside each (the engine itself is tested in finance).
import { describe, expect, it } from "vitest";
import { decisions, fillsOf, foreseen } from "./decide.ts";
import { type Book, dealBook } from "./facts.ts";
import { draftTool } from "./narrate.ts";

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const [DAY, A, B, LP] = [id(1), id(2), id(3), id(4)];
const POLICY = {
  frequency: "monthly",
  on: { dayOfMonth: "last" },
  calendar: "none",
  timeZone: "UTC",
  cutOff: "12:00",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 0, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 12, softFees: [] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  issuePrice: "100",
  refundFrom: "0.01",
  fees: {
    management: { rate: "0", basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 2,
};
const LMT = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "anti_dilution_levy"],
  gate: { basis: "gross", share: "0.05", threshold: { kind: "nav_share", share: "0.02" } },
  levy: { rate: "0", on: "both" },
  carry: "auto_pari_passu",
};
type Order = Book["orders"][number];
const order = (n: number, change: Partial<Order> = {}): Order => ({
  flow_id: id(100 + n),
  dealing_day_id: DAY,
  share_class_id: A,
  investor_id: id(200 + n),
  owner_id: id(200 + n),
  asked: false,
  kept: false,
  elected_lots: [],
  direction: "redemption",
  kind: "plain",
  units: "100",
  amount: null,
  vintage: "2026-03-31",
  cleared: false,
  linked_flow_id: null,
  dealings: 0,
  fills: 0,
  ...change,
});
const lotOf = ({ flow_id, share_class_id, investor_id }: Order, units = "1000", opened_on = "2020-01-01") => ({
  lot_id: flow_id.replace("0000-4000", "0001-4000"),
  share_class_id,
  investor_id,
  opened_on,
  units,
  reference: "100",
  credit: "0",
});
const book = (orders: Order[], change: Partial<Book> = {}): Book => ({
  fund: "F",
  currency: "USD",
  dealing_date: "2026-03-31",
  strike_state: "final",
  nav: "100000.00",
  liquid_assets: "50000.00",
  certain_inflows: null,
  offer_share: null,
  lmt: LMT,
  active: [],
  quarter_base: null,
  redeemed_in_quarter: "0",
  redeemed_in_month: "0",
  classes: [{ share_class_id: A, code: "A", units_dp: 4, policy: POLICY, nav_per_unit: "100", before_fee: null }],
  days: [{ dealing_day_id: DAY, share_class_id: A, status: "lmt_decided" }],
  orders,
  lots: orders.filter(({ direction }) => direction === "redemption").map((one) => lotOf(one)),
  holdings: [],
  ...change,
});
const fill = (given: Book, n = 0) => fillsOf(given)?.days[0]?.fills[n];

describe("the decision", () => {
  it("without more than the cap is no gate and names no cap", () => {
    const { verdict, days } = decisions(book([order(1, { units: "50" })]));
    expect(verdict).toEqual({ status: "open", fraction: "1" });
    expect(days[0]?.decision).toMatchObject({ gate: false, status: "open" });
    expect(days[0]?.decision).not.toHaveProperty("cap_units");
  });
  it("above it is the cap in units of the class", () => {
    // 5 % of 100,000.00 at 100.00 is 50 units, of 200 asked for
    const { verdict, days } = decisions(book([order(1), order(2)]));
    expect(verdict).toEqual({ status: "gated", fraction: "0.25" });
    expect(days[0]?.decision).toMatchObject({
      gate: true,
      cap_units: "50.0000",
      fraction: "0.25",
      cap: "5000",
      redemptions: "20000",
    });
  });
  it("where the engine stops is none", () => {
    const lmt = { ...LMT, gate: { basis: "gross", money: "1000", threshold: { kind: "nav_share", share: "0.02" } } };
    expect(decisions(book([order(1)], { lmt }))).toEqual({ verdict: { status: "stopped", fraction: null }, days: [] });
    expect(fillsOf(book([order(1)], { lmt }))).toBeNull();
  });
  it("of a gate has the drafted notices to the investors and to the authority, without anybody's own figures", () => {
    const [day] = decisions(book([order(1), order(2)])).days;
    expect(day?.decision.notice).toMatch(
      /^Draft notice to the investors, fund F, dealing date 2026-03-31: redemptions of 20000 USD are asked for and 5000 USD are executed\. Of each redemption 25 % is executed/,
    );
    expect(day?.decision.notice).toMatch(
      /\n\nDraft notice to the competent authority, .* it goes into the regular report\./,
    );
  });
  it.each([
    ["at the limit of ordinary use", "0.25", [], "gated", 1],
    ["at a limit that is a third", "1/4", [], "gated", 1],
    ["below it", "0.26", [], "stopped", 0],
    ["below a limit that is a third", "1/3", [], "stopped", 0],
    ["below it, after two people decided", "0.26", ["redemption_gate"], "gated", 1],
  ] as const)("of a gate %s", (_what, ordinaryFrom, active, status, days) => {
    const lmt = { ...LMT, gate: { ...LMT.gate, ordinaryFrom } };
    const given = book([order(1), order(2)], { lmt, active: [...active] });
    expect(foreseen(given)).toEqual({ status, fraction: "0.25" });
    expect(decisions(given).days).toHaveLength(days);
    const drafted = draftTool(given, dealBook(given), lmt.tools);
    expect(drafted).toMatchObject({ tool: "redemption_gate", trigger: { fraction: "0.25", pay: "5000" } });
    expect(drafted.notice).toMatch(/less than the rules of the fund foresee .* notified without delay/);
  });
  it("is for every class that deals at the NAV, each its own", () => {
    const two = book([order(1), order(2, { share_class_id: B, dealing_day_id: id(9) })], {
      classes: [A, B].map((share_class_id) => ({
        share_class_id,
        code: share_class_id,
        units_dp: 4,
        policy: POLICY,
        nav_per_unit: "100",
        before_fee: null,
      })),
      days: [
        { dealing_day_id: DAY, share_class_id: A, status: "struck" },
        { dealing_day_id: id(9), share_class_id: B, status: "struck" },
      ],
    });
    expect(decisions(two).days.map(({ decision }) => decision.cap_units)).toEqual(["25.0000", "25.0000"]);
    expect(
      fillsOf({ ...two, days: two.days.map((day) => ({ ...day, status: "lmt_decided" })) })?.days.map(({ fills }) =>
        fills.map((one) => one.filled_units),
      ),
    ).toEqual([["25.0000"], ["25.0000"]]);
  });
  it("without a policy of tools pays what is asked for", () => {
    expect(decisions(book([order(1, { units: "900" })], { lmt: null })).verdict).toEqual({
      status: "not_active",
      fraction: "1",
    });
  });
  it("refuses a policy that is not complete", () => {
    expect(() => decisions(book([], { lmt: { tools: [] } }))).toThrow(expect.objectContaining({ code: "EG428" }));
  });
});

describe("a fill", () => {
  it("of a gated redemption names its cohort, what is carried and why", () => {
    expect(fill(book([order(1), order(2)]))).toEqual({
      flow_id: id(101),
      cohort: "pro_rata",
      requested_units: "100.0000",
      admitted_units: "100.0000",
      filled_units: "25.0000",
      carried_units: "75.0000",
      gross_amount: "2500.00",
      levy: "0.00",
      credit: "0.00",
      performance_fee: "0.00",
      fee: "0.00",
      net_amount: "2500.00",
      reason: "gate",
      rest: "carried",
    });
  });
  it("in full needs no reason", () => {
    expect(fill(book([order(1, { units: "20" })]))).toMatchObject({ cohort: "full", filled_units: "20.0000" });
    expect(fill(book([order(1, { units: "20" })]))).not.toHaveProperty("reason");
  });
  it("by vintage is equal within the vintage", () => {
    const lmt = { ...LMT, carry: "priority_by_vintage" };
    const given = book([order(1, { units: "40", vintage: "2026-02-28" }), order(2)], { lmt });
    expect([fill(given, 0), fill(given, 1)]).toMatchObject([
      { cohort: "pro_rata 2026-02-28", filled_units: "40.0000" },
      { cohort: "pro_rata 2026-03-31", filled_units: "10.0000", carried_units: "90.0000" },
    ]);
  });
  it("of units that are locked shares by what is admitted, and the locked go nowhere", () => {
    const [locked, free] = [order(1), order(2)];
    const given = book([locked, free], {
      lots: [lotOf(locked, "30"), { ...lotOf(locked, "70", "2026-01-01"), lot_id: id(999) }, lotOf(free)],
    });
    expect(fill(given)).toMatchObject({
      cohort: "pro_rata",
      requested_units: "100.0000",
      admitted_units: "30.0000",
      reason: "units locked or not held, gate",
    });
    const { filled_units, carried_units } = fill(given) as { filled_units: string; carried_units: string };
    expect(Number(filled_units) + Number(carried_units)).toBe(30);
  });
  it("in money is converted at the NAV per unit", () => {
    expect(fill(book([order(1, { units: null, amount: "1234.56" })]))).toMatchObject({
      requested_units: "12.3456",
      filled_units: "12.3456",
      gross_amount: "1234.56",
    });
  });
  it("of a subscription whose cash is there has units and no units asked for", () => {
    expect(
      fill(book([order(1, { direction: "subscription", units: null, amount: "1000.00", cleared: true })])),
    ).toEqual({
      flow_id: id(101),
      cohort: "full",
      filled_units: "10.0000",
      gross_amount: "1000.00",
      levy: "0.00",
      net_amount: "1000.00",
    });
  });
  it("pays back what rounding leaves, from the amount of the terms on; below it stays in the fund", () => {
    // 1,000.01 / 12,345.6789 is 0.0810 units and 0.01 over, from which on the policy refunds
    const classed = (policy: object) => ({
      classes: [
        {
          share_class_id: A,
          code: "A",
          units_dp: 4,
          policy: { ...policy },
          nav_per_unit: "12345.6789",
          before_fee: null,
        },
      ],
    });
    const paid = order(1, { direction: "subscription", units: null, amount: "1000.01", cleared: true });
    const bought = { filled_units: "0.0810", gross_amount: "1000.01" };
    expect(fill(book([paid], classed(POLICY)))).toMatchObject({ ...bought, refund: "0.01", net_amount: "1000.00" });
    for (const refundFrom of ["0.02", undefined]) {
      const kept = fill(book([paid], classed({ ...POLICY, refundFrom })));
      expect(kept).toMatchObject({ ...bought, net_amount: "1000.01" });
      expect(kept).not.toHaveProperty("refund");
    }
  });
  it("that the investor gate limits shares by what that gate admits", () => {
    // a quarter of 1,000 units is 250 of 400; the gate pays 50 units of 350
    const lmt = { ...LMT, investorGate: { steps: ["0.25"], period: "monthly" } };
    const orders = [order(1, { units: "400" }), order(2)];
    const holdings = orders.map((one) => ({
      owner_id: one.owner_id,
      share_class_id: A,
      units: "1000",
      redeemed: "0",
      step: 0,
    }));
    const given = book(orders, { lmt, holdings });
    expect([fill(given, 0), fill(given, 1)]).toMatchObject([
      { cohort: "pro_rata", admitted_units: "250.0000", filled_units: "35.7143", reason: "gate, investor gate" },
      { cohort: "pro_rata", admitted_units: "100.0000", filled_units: "14.2857", reason: "gate" },
    ]);
  });
  it("of a subscription whose cash was taken back stops the day", () => {
    expect(() => fillsOf(book([order(1, { direction: "subscription", units: null, amount: "1000.00" })]))).toThrow(
      expect.objectContaining({ code: "EG425" }),
    );
  });
  it("of a transfer moves units and no money, on both sides alike", () => {
    const out = order(1, { kind: "transfer", linked_flow_id: id(102) });
    const into = order(2, { kind: "transfer", direction: "subscription", linked_flow_id: id(101) });
    const given = book([out, into], { lots: [lotOf(out, "60")] });
    const moved = {
      requested_units: "100",
      filled_units: "60.0000",
      gross_amount: "0",
      net_amount: "0",
      cohort: "full",
      reason: "units locked or not held",
    };
    expect([fill(given, 0), fill(given, 1)]).toEqual([
      { flow_id: id(101), ...moved },
      { flow_id: id(102), ...moved },
    ]);
  });
  it("of a class under equalisation enters before the fee with a credit, and leaves with its credit and its share of the fee (R24)", () => {
    // 1,000 units at 110 before and 108 after a fee of 20 % over a mark of 100: a credit of 2 a unit; the lot that leaves bought 500 of them at 105
    const { fees } = POLICY;
    const policy = {
      ...POLICY,
      fees: { ...fees, performance: { rate: "0.2", hurdle: "0", catchUp: "1", method: "equalisation" } },
    };
    const [out, into] = [
      order(1, { units: "100" }),
      order(2, { direction: "subscription", units: null, amount: "11000.00", cleared: true }),
    ];
    const given = book([out, into], {
      nav: "108000.00",
      lmt: { ...LMT, tools: ["anti_dilution_levy"], gate: undefined },
      classes: [
        {
          share_class_id: A,
          code: "A",
          units_dp: 4,
          policy,
          nav_per_unit: "108",
          before_fee: { value: "110000.00", units: "1000", mark: "100" },
        },
      ],
      lots: [{ ...lotOf(out, "500"), reference: "105", credit: "500" }],
    });
    expect([fill(given, 0), fill(given, 1)]).toMatchObject([
      { gross_amount: "10800.00", credit: "100.00", performance_fee: "100.00", net_amount: "10900.00" },
      { filled_units: "100.0000", high_water: "110.0000", equalisation_credit: "200", net_amount: "11000.00" },
    ]);
    // after the fee was taken on this NAV everybody enters and leaves at the price
    const after = { ...given, classes: given.classes.map((row) => ({ ...row, before_fee: null })) };
    expect(fill(after, 0)).toMatchObject({ credit: "0.00", performance_fee: "0.00", net_amount: "10800.00" });
    expect(fill(after, 1)).toMatchObject({ filled_units: "101.8518" });
    expect(fill(after, 1)).not.toHaveProperty("high_water");
  });
  it("of a switch leaves at the NAV of one class and buys at that of the other, outside the gate", () => {
    const out = order(1, { kind: "switch", units: "80", linked_flow_id: id(102) });
    const into = order(2, {
      kind: "switch",
      direction: "subscription",
      units: null,
      share_class_id: B,
      linked_flow_id: id(101),
    });
    const given = book([out, into], {
      classes: [
        { share_class_id: A, code: "A", units_dp: 4, policy: POLICY, nav_per_unit: "100", before_fee: null },
        { share_class_id: B, code: "B", units_dp: 4, policy: POLICY, nav_per_unit: "80", before_fee: null },
      ],
    });
    expect([fill(given, 0), fill(given, 1)]).toMatchObject([
      { filled_units: "80.0000", gross_amount: "8000.00", net_amount: "8000.00" },
      { filled_units: "100.0000", gross_amount: "8000.00", net_amount: "8000.00" },
    ]);
  });
});

describe("facts beside the orders", () => {
  const share = (orders: Order[], change: Partial<Book> = {}) => fillsOf(book(orders, change))?.days[0]?.fills;
  it("a repurchase offer of the date takes the place of the share of the gate", () => {
    // 10 % of 100,000.00 at 100.00 is 100 units, of 200 asked for
    expect(decisions(book([order(1), order(2)], { offer_share: "0.1" })).days[0]?.decision).toMatchObject({
      cap_units: "100.0000",
    });
  });
  it("certain inflows count beside the liquid assets of an ELTIF (R9b)", () => {
    const eltif = { annex: "I", noticeMonths: "0", monthlyAggregate: false };
    const lmt = { ...LMT, gate: { basis: "gross", share: "1" }, eltif };
    const cap = (certain_inflows: string | null) =>
      decisions(book([order(1, { units: "900" })], { lmt, certain_inflows })).days[0]?.decision.cap;
    // a twelfth of 50,000.00, and of 62,000.00
    expect([cap(null), cap("12000.00")]).toEqual(["4166.666666666666666666", "5166.666666666666666666"]);
  });
  it("accounts of one owner share one gate per investor (R7)", () => {
    const lmt = { ...LMT, gate: { basis: "gross", share: "1" }, investorGate: { steps: ["0.25"], period: "monthly" } };
    const owner = id(900);
    const orders = [order(1, { units: "200", owner_id: owner }), order(2, { units: "200", owner_id: owner })];
    const holdings = [{ owner_id: owner, share_class_id: A, units: "1000", redeemed: "0", step: 0 }];
    expect(share(orders, { lmt, holdings })?.map((row) => row.admitted_units)).toEqual(["125.0000", "125.0000"]);
  });
  it("lots that are named are those that go: a locked one leaves nothing (R3)", () => {
    const naming = order(1, { elected_lots: [id(999)] });
    const lots = [lotOf(naming, "500"), { ...lotOf(naming, "100", "2026-01-01"), lot_id: id(999) }];
    expect(share([naming], { lots })?.[0]).toMatchObject({
      filled_units: "0.0000",
      reason: "units locked or not held",
    });
  });
  it.each([
    ["asks about a small rest once", {}, "ask_dust"],
    ["ends it when its investor was asked", { asked: true }, "cancelled_dust"],
    ["carries what the investor keeps", { asked: true, kept: true }, "carried"],
  ])("%s (R9)", (_what, change, rest) => {
    const lmt = { ...LMT, dust: { minimum: "8000", mode: "ask_then_cancel", tolerance: "0" } };
    expect(share([order(1, change), order(2)], { lmt })?.[0]).toMatchObject({ rest });
  });
  it("pays who waited as long as the policy allows before the others, and tells the authority where it cannot (R8)", () => {
    const lmt = { ...LMT, carryMaxDealings: 2 };
    const fits = [order(1, { units: "40", dealings: 2 }), order(2)];
    expect(share(fits, { lmt })).toMatchObject([
      { cohort: "overdue", filled_units: "40.0000" },
      { cohort: "pro_rata", filled_units: "10.0000", rest: "carried" },
    ]);
    expect(share([order(1, { dealings: 2 }), order(2, { dealings: 1 })], { lmt })).toMatchObject([
      { cohort: "pro_rata", rest: "notify" },
      { cohort: "pro_rata", rest: "pay_or_notify" },
    ]);
  });
});

describe("the terms", () => {
  it.each([
    ["no tool of price", {}, { swing_sub: "0", swing_red: "0" }],
    [
      "a swing that a net redemption of 5 % moves",
      {
        tools: ["redemption_gate", "swing_pricing"],
        swing: { mode: "partial", tiers: [{ above: "0.02", factor: "0.004" }], maxFactor: "0.02" },
      },
      { swing_sub: "-0.004", swing_red: "-0.004" },
    ],
    [
      "bid and offer",
      { tools: ["redemption_gate", "dual_pricing"], dual: { bidSpread: "1/400", offerSpread: "0.005" } },
      { swing_sub: "0.005", swing_red: "-0.0025" },
    ],
  ])("with %s", (_what, change, terms) => {
    expect(fillsOf(book([order(1)], { lmt: { ...LMT, ...change } }))?.days[0]?.terms).toMatchObject(terms);
  });
});

it("the drafted notice names the figures of the fund and nobody's", () => {
  const lmt = { ...LMT, gate: { basis: "gross", money: "1000", threshold: { kind: "nav_share", share: "0.02" } } };
  const stopped = book([order(1)], { lmt });
  const longer = draftTool(stopped, dealBook(stopped), ["notice_extension"]);
  expect(longer.tool).toBe("notice_extension");
  const { tool, notice, trigger } = draftTool(stopped, dealBook(stopped), ["redemption_gate"]);
  expect(tool).toBe("suspension");
  expect(notice).toContain(
    "redemptions of 10000 USD are asked for, at most 1000 USD can be paid, and the gate may not pay less than 2000 USD",
  );
  expect(trigger).toMatchObject({ status: "stopped", cap: "1000", threshold: "2000" });
  expect(JSON.stringify([notice, trigger])).not.toContain(LP);
  expect(JSON.stringify([notice, trigger])).not.toContain(id(201));
});
