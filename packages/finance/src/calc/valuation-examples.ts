// Small synthetic inputs of the valuation calculations, for the registry to show and the sweep test to run.

export const BOND = {
  asOf: "2026-01-01",
  cashFlows: [
    { date: "2027-01-01", amount: "5" },
    { date: "2028-01-01", amount: "5" },
    { date: "2029-01-01", amount: "105" },
  ],
  curve: {
    compounding: "annual" as const,
    points: [
      { years: "1", rate: "0.03" },
      { years: "3", rate: "0.04" },
    ],
  },
};

export const REVALUATION = {
  asOf: "2026-01-01",
  currency: "EUR",
  market: [
    { series: "EUR.zero.1y", asOf: "2025-12-31", value: "0.03" },
    { series: "EUR.zero.3y", asOf: "2025-12-31", value: "0.04" },
    { series: "USDEUR", asOf: "2025-12-30", value: "0.9" },
    { series: "cap.office", asOf: "2025-09-30", value: "0.05" },
  ],
  assets: [
    {
      id: "bond",
      kind: "bond",
      currency: "EUR",
      value: "1010000.00",
      markedOn: "2025-12-31",
      cashFlows: [
        { date: "2027-01-01", amount: "50000" },
        { date: "2028-01-01", amount: "50000" },
        { date: "2029-01-01", amount: "1050000" },
      ],
      rates: {
        curve: [
          { years: "1", series: "EUR.zero.1y" },
          { years: "3", series: "EUR.zero.3y" },
        ],
        parallelFactor: "rates.EUR",
      },
      spreadFactor: "spread.ig",
    },
    {
      id: "share",
      kind: "listed",
      estimatedOn: "2025-12-31",
      currency: "USD",
      value: "200000.00",
      markedOn: "2025-12-31",
      fx: { series: "USDEUR", factor: "fx.USD", hedgeRatio: "0.5" },
      exposures: [{ factor: "equity", beta: "1.2" }],
    },
    {
      id: "office",
      kind: "property",
      currency: "EUR",
      value: "600000.00",
      markedOn: "2025-09-30",
      capRate: "cap.office",
      capRateFactor: "property.cap",
      incomeFactor: "property.income",
      debt: "400000",
    },
  ],
  path: [
    {
      date: "2026-01-01",
      moves: {
        "rates.EUR": { bps: "100" },
        "spread.ig": { bps: "50" },
        "fx.USD": { ratio: "-0.15" },
        equity: { ratio: "-0.3" },
        "property.cap": { bps: "100" },
        "property.income": { ratio: "-0.1" },
      },
    },
  ],
} as const;

export const EXPOSURES = {
  form: "exponential" as const,
  factors: ["equity", "rates"],
  assets: [
    { id: "fund", bucket: "30d" as const, value: "60.00", exposures: { equity: "1", rates: "0" } },
    { id: "bond", bucket: "7d" as const, value: "40.00", exposures: { rates: "-5", equity: "0.1" } },
  ],
  scenarios: [
    { id: "calm", moves: { equity: "0.05", rates: "0" } },
    { id: "fall", moves: { equity: "-0.4", rates: "-0.01" } },
    { id: "rise", moves: { equity: "-0.1", rates: "0.02" } },
    { id: "still", moves: { equity: "0", rates: "0" } },
  ],
  confidence: "0.6",
  gate: { asked: ["0.02", "0.03", "0.04"], response: "2", share: "0.05" },
};

export const REDEMPTIONS = {
  currency: "EUR",
  investors: [
    { id: "a", amount: "100.00", thresholdBps: 0, bucket: "30d" as const },
    { id: "b", amount: "250.50", thresholdBps: 500, bucket: "30d" as const },
    { id: "c", amount: "400.00", thresholdBps: 1000, bucket: "90d" as const },
  ],
  scenarios: [
    { id: "small", loss: "0.0499", cash: { "7d": "150.00" } },
    { id: "large", loss: "0.1", cash: { "7d": "150.00", "90d": "100.00", gt365d: "300.00" } },
  ],
};
