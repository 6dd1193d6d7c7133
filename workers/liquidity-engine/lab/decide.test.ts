// The lab by rows: what the gate's levels, the swing's tiers and longer notice would do on one day. Figures by hand beside each row.
import { describe, expect, it } from "vitest";
import { A, book as bookOf, DAY, order } from "../../tests/dealing-book.ts";
import type { Book } from "../dealing/facts.ts";
import { compareTools } from "./decide.ts";

const SWING = {
  mode: "partial",
  tiers: [
    { above: "0.02", factor: "0.004" },
    { above: "0.04", factor: "0.008" },
  ],
  maxFactor: "0.01",
};
const LMT = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "swing_pricing", "notice_extension"],
  gate: { basis: "gross", share: "0.05", threshold: { kind: "nav_share", share: "0.02" } },
  swing: SWING,
  noticeExtension: { upTo: { n: 60, basis: "calendar" } },
  carry: "auto_pari_passu",
};
/** On the shared fund of 100,000.00 at 100.00 `units` are redeemed and `money` is subscribed; the NAV is not struck yet. */
const book = (units: string, money: string, lmt: object = LMT): Book =>
  bookOf(
    [
      ...(units === "0" ? [] : [order(1, { units, cleared: true })]),
      ...(money === "0" ? [] : [order(2, { direction: "subscription", units: null, amount: money, cleared: true })]),
    ],
    {
      strike_state: "provisional",
      lmt: lmt as Book["lmt"],
      days: [{ dealing_day_id: DAY, share_class_id: A, status: "nav_proposed" }],
    },
  );

describe("the swing", () => {
  it("is what leaves pays, by each setting of its tiers, never above the published maximum", () => {
    // the gate lets 50 units through: 5,000.00 is 5 % of NAV, the second tier; 0.012 is cut to 0.01
    expect(compareTools(book("200", "0")).lab.swing).toEqual([
      { tiers: "none", factor: "0", price: "100.0000", paid_by: "nobody", amount: "0" },
      { tiers: "half", factor: "-0.004", price: "99.6000", paid_by: "redemptions", amount: "20" },
      { tiers: "as set", factor: "-0.008", price: "99.2000", paid_by: "redemptions", amount: "40" },
      { tiers: "half as much again", factor: "-0.01", price: "99.0000", paid_by: "redemptions", amount: "50" },
    ]);
  });
  it("is what arrives pays on a day of net subscriptions, and nobody below the first tier", () => {
    const [, , asSet] = compareTools(book("0", "3012.00")).lab.swing;
    // 3,012.00 at 100.4000 are 30 units, 0.40 each
    expect(asSet).toEqual({
      tiers: "as set",
      factor: "0.004",
      price: "100.4000",
      paid_by: "subscriptions",
      amount: "12",
    });
    expect(compareTools(book("10", "0")).lab.swing.map(({ paid_by }) => paid_by)).toEqual(Array(4).fill("nobody"));
  });
  it("is not compared where it is not selected, nor on a day that the gate stops; thirds are not scaled", () => {
    expect(
      compareTools(book("200", "0", { ...LMT, tools: ["redemption_gate", "notice_extension"] })).lab.swing,
    ).toEqual([]);
    const stopped = { ...LMT, gate: { ...LMT.gate, share: undefined, money: "1000" } };
    expect(compareTools(book("200", "0", stopped)).lab.swing).toEqual([]);
    const thirds = { ...LMT, swing: { ...SWING, tiers: [{ above: "0.02", factor: "1/300" }] } };
    expect(compareTools(book("200", "0", thirds)).lab.swing.map(({ tiers }) => tiers)).toEqual(["none", "as set"]);
  });
});

describe("longer notice", () => {
  it("pays nothing on the date and lets both sides wait", () => {
    expect(compareTools(book("200", "1000.00")).lab.notice).toEqual([
      { notice: { n: 60, basis: "calendar" }, paid: "0", waiting: "20000", subscriptions_waiting: "1000" },
    ]);
  });
  it("is not compared where it is not selected", () => {
    expect(compareTools(book("200", "0", { ...LMT, tools: ["redemption_gate", "swing_pricing"] })).lab.notice).toEqual(
      [],
    );
  });
});

describe("the gate", () => {
  it("is tried at every level, basis and carry that the policy permits, and what the policy does as it is is among them", () => {
    const { lab } = compareTools(book("200", "0"));
    expect(lab.combinations).toHaveLength(4 * 2 * 3);
    expect(lab.combinations.map(({ share }) => share)).toEqual(
      ["0.02", "0.035", "0.05", "0.075"].flatMap((share) => Array(6).fill(share)),
    );
    expect(lab.as_is).toEqual({
      share: "0.05",
      basis: "gross",
      carry: "auto_pari_passu",
      status: "gated",
      fraction: "0.25",
      paid: "5000",
      waiting: "15000",
      lapsing: "0",
    });
    expect(lab.combinations).toContainEqual(lab.as_is);
    expect(lab.combinations.find((row) => row.share === "0.02" && row.carry === "lapse_resubmit")).toMatchObject({
      paid: "2000",
      waiting: "0",
      lapsing: "18000",
    });
    // what the database keeps of it
    expect(Buffer.byteLength(JSON.stringify(lab))).toBeLessThan(32_768);
  });
  it("is not tried where there is none", () => {
    expect(compareTools({ ...book("200", "0"), lmt: null }).lab.combinations).toEqual([]);
  });
});

describe("the cover (R33)", () => {
  it("falls by what is paid on both sides, and is not counted below nothing", () => {
    // 50,000 over 40,000; the gate pays 5,000.00 of 20,000.00
    expect(compareTools(book("200", "0")).lab.cover).toEqual([
      { when: "before", assets: "50000", liabilities: "40000", ratio: "1.25" },
      { when: "after", assets: "45000", liabilities: "35000", ratio: "1.285714285714285714" },
    ]);
    const poor = { ...book("200", "0"), cover: { assets: "4000.00", liabilities: "5000.00" } };
    expect(compareTools(poor).lab.cover[1]).toEqual({ when: "after", assets: "0", liabilities: "0", ratio: null });
  });
});
