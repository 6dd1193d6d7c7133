// Small synthetic inputs that the registry shows and the sweep test runs.

export const HOLDINGS = [
  {
    id: "a",
    sleeve: "bonds",
    value: "58.00",
    tradable: true,
    liquidity: { "7d": "1" },
    category: "DBT",
    issuerCategory: "CORP",
  },
  {
    id: "b",
    sleeve: "equity",
    value: "40.00",
    tradable: true,
    liquidity: { "7d": "1" },
    category: "EC",
    issuerCategory: "CORP",
  },
];

export const MANDATE = {
  version: 1 as const,
  label: "Synthetic example mandate",
  source: "manager" as const,
  currency: "USD",
  asOf: "2024-12-31",
  sleeves: [
    { id: "bonds", target: "0.45", band: { relative: "0.2" } },
    { id: "equity", target: "0.53", band: { relative: "0.2" } },
  ],
  cash: { target: "0.02" },
  costs: [{ category: "*", issuerCategory: "*", buyBps: "10", sellBps: "10" }],
};

export const PROBLEM = {
  currency: "USD",
  assets: [
    { id: "a", sleeve: "bonds", value: "5800.00", liquidity: { "7d": "1" }, buyBps: "10", sellBps: "10" },
    { id: "b", sleeve: "equity", value: "4000.00", liquidity: { "7d": "1" }, buyBps: "10", sellBps: "10" },
  ],
  cash: { value: "200.00", target: "0.02" },
  sleeves: [
    { id: "bonds", target: "0.45", band: { relative: "0.2" } },
    { id: "equity", target: "0.53", band: { relative: "0.2" } },
  ],
};

export const FUND = {
  currency: "USD",
  asOf: "2024-12-31",
  netAssets: "1000000.00",
  holdings: Array.from({ length: 24 }, (_, i) => ({
    id: `bond-${String(i).padStart(2, "0")}`,
    value: "40000.00",
    issuer: `Synthetic issuer ${i % 23}`,
    sleeve: i % 2 === 0 ? "debt/1-3y" : "debt/3-5y",
    category: "DBT",
    issuerCategory: "MUN",
    fairValueLevel: "2" as const,
  })),
  monthlyRedemptions: ["9000.00", "12000.00", "7000.00"],
};
