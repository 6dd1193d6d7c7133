// The mandate of the demo fund: targets per sleeve. The liquid sleeve stands outside its bands at the fund's date (listed equity and money
// market above, government bonds and cash below), so that a first rebalancing has something to trade.
import type { Mandate } from "@evergreen-fund/finance/mandate.ts";
import { CURRENCY, MONTHS, monthEnd } from "./terms.ts";

const band = { relative: "0.2" };

const SLEEVE_ROWS = [
  // outside the trade set: calls, distributions and subscriptions steer them (R38)
  { id: "private-equity", target: "0.33", band, illiquid: true },
  { id: "private-credit", target: "0.21", band, illiquid: true },
  { id: "infrastructure", target: "0.137", band, illiquid: true },
  { id: "real-estate", target: "0.102", band, illiquid: true },
  { id: "liquid/money-market", target: "0.042", band, illiquid: false },
  { id: "liquid/government-euro", target: "0.06", band, illiquid: false },
  { id: "liquid/government-us", target: "0.018", band, illiquid: false },
  { id: "liquid/corporate", target: "0.045", band, illiquid: false },
  { id: "liquid/equity-world", target: "0.022", band, illiquid: false },
  { id: "liquid/equity-europe", target: "0.014", band, illiquid: false },
];
const CASH_TARGET = "0.02";

/** Target of every sleeve, cash included; they add up to 1. */
export const SLEEVE_TARGETS: Readonly<Record<string, string>> = Object.fromEntries([
  ...SLEEVE_ROWS.map(({ id, target }) => [id, target] as const),
  ["cash", CASH_TARGET],
]);

const cost = (category: string, issuerCategory: string, bps: string) => ({
  category,
  issuerCategory,
  buyBps: bps,
  sellBps: bps,
});

/** The mandate; `stressed` are the liabilities of 30 days under stress, as the ladder has them (R38), in the fund's currency. */
export function demoMandate(stressed: string): Mandate {
  return {
    version: 1,
    label: "Default mandate of the demo fund (synthetic)",
    source: "default",
    currency: CURRENCY,
    asOf: monthEnd(MONTHS),
    form: "lp",
    sleeves: SLEEVE_ROWS,
    cash: { target: CASH_TARGET, band, min: "0.01" },
    limits: {
      issuerMax: "0.05",
      exemptIssuers: [],
      assetMax: "0.05",
      turnoverMax: "0.1",
      minimumTicket: "50000",
      illiquid: { max: "0.85", horizon: "30d" },
    },
    liquidity: [{ horizon: "30d", stressedLiabilities: stressed, cover: "1.2" }],
    costs: [
      cost("STIV", "*", "0.5"),
      cost("DBT", "NUSS", "2"),
      cost("DBT", "UST", "3"),
      cost("DBT", "*", "8"),
      cost("EC", "*", "4"),
      cost("*", "*", "5"),
    ],
    // twice the usual price of being away from target: the demo trades what it may
    objective: { deviationPriceBps: "10", trackingWeight: "0.05", costAversion: "1" },
    notes: [{ code: "synthetic", words: "The fund, its targets and its costs are invented." }],
  };
}
