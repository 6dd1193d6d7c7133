// The mandate of the demo fund: targets per sleeve. The liquid sleeve stands outside its bands at the fund's date (listed equity and money
// market above, government bonds and cash below), so that a first rebalancing has something to trade.
import type { MandateInput } from "@evergreen-fund/finance/mandate.ts";

const band = { relative: "0.2" };

/** Private assets are outside the trade set: calls, distributions and subscriptions steer them (R38). */
export const DEMO_MANDATE = {
  label: "Default mandate of the demo fund (synthetic)",
  cash: { target: "0.02", band, min: "0.01" },
  sleeves: [
    { id: "private-equity", target: "0.32", band, illiquid: true },
    { id: "private-credit", target: "0.21", band, illiquid: true },
    { id: "infrastructure", target: "0.15", band, illiquid: true },
    { id: "real-estate", target: "0.11", band, illiquid: true },
    { id: "liquid/money-market", target: "0.042", band },
    { id: "liquid/government", target: "0.07", band },
    { id: "liquid/corporate", target: "0.046", band },
    { id: "liquid/listed-equity", target: "0.032", band },
  ],
  limits: {
    issuerMax: "0.05",
    assetMax: "0.05",
    turnoverMax: "0.1",
    minimumTicket: "50000",
    illiquid: { max: "0.85", horizon: "30d" },
  },
  liquidity: { cover: "1.2" },
  costs: {
    buyBps: "5",
    sellBps: "5",
    sleeves: {
      "liquid/money-market": { buyBps: "0.5", sellBps: "0.5" },
      "liquid/government": { buyBps: "2", sellBps: "2" },
      "liquid/corporate": { buyBps: "8", sellBps: "8" },
      "liquid/listed-equity": { buyBps: "4", sellBps: "4" },
    },
  },
  objective: { deviationPriceBps: "10" },
} satisfies MandateInput;

/** Target of every sleeve, cash included; they add up to 1. */
export const SLEEVE_TARGETS: Readonly<Record<string, string>> = Object.fromEntries([
  ...DEMO_MANDATE.sleeves.map(({ id, target }) => [id, target] as const),
  ["cash", DEMO_MANDATE.cash.target],
]);
