// The synthetic fund that rooms and journeys are tested on: 1,000,000.00 with bonds at 70 %, shares at 25 % and cash at 5 %, so that both sleeves
// are outside their bands and a rebalancing has trades. Data only.

export interface SyntheticAsset {
  key: string;
  type: string;
  sleeve: string;
  /** USD. */
  market_value: string;
  bucket: string;
}

export const SYNTHETIC_ASSETS: readonly SyntheticAsset[] = [
  { key: "CASH", type: "cash", sleeve: "cash", market_value: "50000.00", bucket: "1d" },
  { key: "BOND-A", type: "debt", sleeve: "bonds", market_value: "400000.00", bucket: "7d" },
  { key: "BOND-B", type: "debt", sleeve: "bonds", market_value: "300000.00", bucket: "7d" },
  { key: "SHARE-A", type: "equity", sleeve: "shares", market_value: "250000.00", bucket: "1d" },
];

/** What the assets are by bucket, and 150,000.00 that may have to be paid within 30 days under stress. */
export const SYNTHETIC_LADDER = [
  { side: "asset", bucket: "1d", capacity: "300000.00" },
  { side: "asset", bucket: "7d", capacity: "700000.00" },
  { side: "liability", bucket: "30d", capacity: "100000.00", stress_delta: "50000.00" },
] as const;

const band = { relative: "0.2" };
export const SYNTHETIC_MANDATE = {
  version: 1,
  label: "synthetic",
  source: "manager",
  currency: "USD",
  asOf: "2026-09-30",
  form: "lp",
  cash: { target: "0.02" },
  sleeves: [
    { id: "bonds", target: "0.50", band },
    { id: "shares", target: "0.48", band },
  ],
  limits: {},
  liquidity: [{ horizon: "30d", stressedLiabilities: "150000.00" }],
  costs: [{ category: "*", issuerCategory: "*", buyBps: "5", sellBps: "5" }],
  objective: {},
} as const;

export const nameOf = (key: string): string => `${key} (synthetic)`;
export const issuerOf = (key: string): string => `Issuer ${key}`;
