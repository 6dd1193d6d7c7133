// A book of orders for tests of the Liquidity Engine: a fund of 100,000.00 at 100.00, its tools and terms, and whatever a test changes of them. Synthetic.
import type { Book } from "../liquidity-engine/dealing/facts.ts";

export const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
export const [DAY, A, B, LP] = [id(1), id(2), id(3), id(4)];
export const POLICY = {
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
export const LMT = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "anti_dilution_levy"],
  gate: { basis: "gross", share: "0.05", threshold: { kind: "nav_share", share: "0.02" } },
  levy: { rate: "0", on: "both" },
  carry: "auto_pari_passu",
};
export type Order = Book["orders"][number];
export const order = (n: number, change: Partial<Order> = {}): Order => ({
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
export const lotOf = ({ flow_id, share_class_id, investor_id }: Order, units = "1000", opened_on = "2020-01-01") => ({
  lot_id: flow_id.replace("0000-4000", "0001-4000"),
  share_class_id,
  investor_id,
  opened_on,
  units,
  reference: "100",
  credit: "0",
});
export const book = (orders: Order[], change: Partial<Book> = {}): Book => ({
  fund: "F",
  currency: "USD",
  dealing_date: "2026-03-31",
  strike_state: "final",
  nav: "100000.00",
  liquid_assets: "50000.00",
  certain_inflows: null,
  cover: { assets: "50000.00", liabilities: "40000.00" },
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
