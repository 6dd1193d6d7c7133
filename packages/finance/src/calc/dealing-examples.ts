// Small synthetic inputs of the dealing calculations, for the registry to show and the sweep test to run.

export const DEALING_POLICY = {
  frequency: "quarterly",
  on: { businessDayOfMonth: "last" },
  anchorMonth: 3,
  calendar: "synthetic",
  timeZone: "Europe/Luxembourg",
  cutOff: "12:00",
  notice: { subscription: { n: 3, basis: "business" }, redemption: { n: 90, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 12, softFees: [{ untilMonths: 24, rate: "0.02" }] },
  minimums: { initial: "10000", additional: "1000", redemption: "1000", holding: "5000" },
  units_dp: 4,
  price_dp: 4,
  fees: {
    management: { rate: "0.0125", basis: "act/365" },
    performance: { rate: "0.125", hurdle: "0.05", catchUp: "1", method: "series" },
  },
  settlementDays: 20,
} as const;

export const LMT_POLICY = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "swing_pricing", "anti_dilution_levy"],
  gate: { basis: "net", share: "0.05", threshold: { kind: "nav_share", share: "0.05" } },
  carry: "auto_pari_passu",
  swing: { mode: "partial", tiers: [{ above: "0.02", factor: "0.004" }], maxFactor: "0.02" },
  levy: { rate: "0.001", on: "redemptions" },
} as const;

export const ORDER_LEAVES = [
  {
    flow: "order-1",
    investor: "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0",
    direction: "redemption",
    units: "40000",
    vintage: "2026-03-31",
  },
  {
    flow: "order-2",
    investor: "3e744b9dc39389baf0c5a0660589b8402f3dbb49b89b3e75f2c9355852a3c677",
    direction: "subscription",
    amount: "10000",
    vintage: "2026-03-31",
  },
] as const;

export const DEAL = {
  dealingDate: "2026-03-31",
  currency: "EUR",
  fund: { nav: "12345600.00" },
  classes: [{ id: "A", navPerUnit: "12.3456", dealing: DEALING_POLICY }],
  lmt: LMT_POLICY,
  orders: [
    { id: "order-1", classId: "A", investorId: "lp-1", direction: "redemption", units: "40000", vintage: "2025-12-20" },
    {
      id: "order-2",
      classId: "A",
      investorId: "lp-2",
      direction: "redemption",
      units: "25000.5",
      vintage: "2025-12-21",
    },
    {
      id: "order-3",
      classId: "A",
      investorId: "lp-3",
      direction: "subscription",
      amount: "10000.00",
      vintage: "2026-03-20",
    },
  ],
  lots: [
    { id: "lot-1", classId: "A", investorId: "lp-1", openedOn: "2022-03-31", units: "60000" },
    { id: "lot-2", classId: "A", investorId: "lp-2", openedOn: "2024-06-28", units: "25000.5" },
  ],
} as const;
