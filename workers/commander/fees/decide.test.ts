// Which performance fees are proposed, posted or waited for on a NAV, by rows; figures by hand from R22 and R24.
import { describe, expect, it } from "vitest";
import { feesAgainWork, feeWork } from "./decide.ts";

type Facts = Parameters<typeof feeWork>[0][number];
const A = "00000000-0000-4000-8000-00000000000a";
const STRIKE = "00000000-0000-4000-8000-0000000000aa";
const policy = (performance: object = {}) => ({
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
    management: { rate: "0", basis: "act/365" },
    performance: { rate: "0.2", hurdle: "0", catchUp: "1", method: "equalisation", ...performance },
  },
  settlementDays: 2,
});
/** 1,000 units at 110 before and 108 after the fee, over a mark of 100; a year after the register began. */
const facts = (change: Partial<Facts> = {}): Facts => ({
  share_class_id: A,
  code: "A",
  currency: "USD",
  strike_id: STRIKE,
  nav_date: "2026-03-31",
  units_dp: 4,
  price_dp: 4,
  nav: "108000.00",
  units: "1000",
  units_outstanding: "1000",
  nav_per_unit: "108",
  performance_accrued: "2000.00",
  mark: "100",
  since: "2025-03-31",
  crystallised_on: null,
  policy: policy(),
  proposal: null,
  lots: [{ id: "00000000-0000-4000-8000-000000000001", units: "1000", reference: "100", credit: "0" }],
  ...change,
});
const proposal = (status: string) => ({ proposal_id: STRIKE, hash: "0".repeat(64), status });
const work = (change: Partial<Facts> = {}, struck: readonly string[] = [A]) => feeWork([facts(change)], struck);
const NOTHING = { propose: [], post: [], waitsFor: null };

describe("a fee that is due", () => {
  it("is proposed as R24 has it, and waited for", () => {
    expect(work()).toMatchObject({
      propose: [{ share_class_id: A, strike_id: STRIKE, accrued: "2000", fee: "2000", high_water: "108" }],
      post: [],
      waitsFor: "two approvals of the performance fee of class A",
    });
  });
  it("and proposed is waited for, and not proposed again", () => {
    expect(work({ proposal: proposal("pending") })).toEqual({
      ...NOTHING,
      waitsFor: "two approvals of the performance fee of class A",
    });
  });
  it("and approved is posted", () => {
    expect(work({ proposal: proposal("approved") })).toEqual({ ...NOTHING, post: [STRIKE] });
  });
  it.each(["rejected", "expired", "withdrawn", "applied"])("and %s goes on accruing", (status) => {
    expect(work({ proposal: proposal(status) })).toEqual(NOTHING);
  });
});

describe("no fee", () => {
  it.each<[string, Partial<Facts>]>([
    ["a day before the year is over", { nav_date: "2026-03-30" }],
    ["within a year of the last", { crystallised_on: "2025-06-30" }],
    ["twice on one NAV", { crystallised_on: "2026-03-31" }],
    ["without equalisation", { policy: policy({ method: "series" }) }],
    ["at a rate of nothing", { policy: policy({ rate: "0" }) }],
    ["where nobody owes or gets anything", { nav: "95000.00", nav_per_unit: "95", performance_accrued: "0.00" }],
    ["of a class without lots", { lots: [] }],
  ])("%s", (_when, change) => {
    expect(work(change)).toEqual(NOTHING);
  });
  it("of a class that is not struck, or dealt already", () => {
    expect(work({}, [])).toEqual(NOTHING);
  });
});

it("terms may say that it crystallises every quarter", () => {
  const quarterly = { crystallised_on: "2025-12-31", policy: policy({ crystallise: "quarterly" }) };
  expect(work(quarterly).propose).toHaveLength(1);
  expect(work({ ...quarterly, crystallised_on: "2026-01-15" }).propose).toEqual([]);
});
it("below the mark a lot that entered lower is charged, and nothing else is", () => {
  // 95 under a mark of 100: a lot that entered at 90 owes 20 % of 5 a unit
  const { propose } = work({
    nav: "95000.00",
    nav_per_unit: "95",
    performance_accrued: "0.00",
    lots: [{ id: "00000000-0000-4000-8000-000000000001", units: "1000", reference: "90", credit: "0" }],
  });
  expect(propose).toMatchObject([
    { fee: "1000", high_water: "100", lots: [{ depreciation: "1000", high_water: "95" }] },
  ]);
});
it("units issued or redeemed since the NAV refuse it", () => {
  expect(() => work({ units_outstanding: "999" })).toThrow(expect.objectContaining({ code: "EG425" }));
});

describe("a fee that was taken on a NAV which is restated", () => {
  type Again = Parameters<typeof feesAgainWork>[0][number];
  const LOT = "00000000-0000-4000-8000-000000000001";
  /** 1,000 units at 110 before and 108 after a fee of 2,000.00 over a mark of 100; corrected 105 and 104: 1,000.00. */
  const again = (change: Partial<Again> = {}): Again => ({
    replaces: A,
    share_class_id: A,
    code: "A",
    currency: "USD",
    strike_id: STRIKE,
    nav_date: "2026-03-31",
    units_dp: 4,
    price_dp: 4,
    nav: "104000.00",
    nav_per_unit: "104",
    performance_accrued: "1000.00",
    rate: "0.2",
    mark: "100",
    fee: "2000",
    high_water: "108",
    posted: [{ lot_id: LOT, change: "0", high_water: "108", credit: "0" }],
    proposal: null,
    lots: [{ id: LOT, units: "1000", reference: "100", credit: "0" }],
    ...change,
  });
  const done = (change: Partial<Again> = {}, navDate = "2026-03-31", isLast = false) =>
    feesAgainWork([again(change)], navDate, isLast);
  const QUIET = { propose: [], post: [], waitsFor: null, kept: [] };
  it("is proposed with what comes back of it", () => {
    expect(done()).toMatchObject({
      propose: [{ replaces: A, was: "2000", fee: "1000", returned: "1000", high_water: "104" }],
      waitsFor: "two approvals of the performance fee of class A, taken again",
    });
  });
  it("is waited for, posted once approved, and stays where people do not consent", () => {
    expect(done({ proposal: proposal("pending") })).toMatchObject({
      ...QUIET,
      waitsFor: expect.stringContaining("class A"),
    });
    expect(done({ proposal: proposal("approved") })).toEqual({ ...QUIET, post: [STRIKE] });
    for (const status of ["rejected", "expired", "withdrawn"])
      expect(done({ proposal: proposal(status) })).toEqual({ ...QUIET, kept: ["A"] });
  });
  it("is nothing where it comes to the same", () => {
    const same = {
      nav: "108000.00",
      nav_per_unit: "108",
      performance_accrued: "2000.00",
    };
    expect(done(same)).toEqual(QUIET);
    // but for the credit that its lot should have had: 500 of it is refunded
    const lots = [{ id: LOT, units: "1000", reference: "105", credit: "500" }];
    expect(done({ ...same, lots }).propose).toMatchObject([{ fee: "1500", returned: "500" }]);
  });
  it("on a later NAV is taken again once no strike follows any more", () => {
    expect(done({}, "2026-02-27")).toEqual(QUIET);
    expect(done({}, "2026-02-27", true).propose).toHaveLength(1);
  });
});
