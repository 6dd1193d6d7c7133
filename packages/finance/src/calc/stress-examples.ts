// Small synthetic inputs of the liquidity stress calculations, for the registry to show and the sweep test to run.
import type { StressProgramme } from "@evergreen-fund/domain/policies/index.ts";

/** In percent of NAV: the worked ladder of R33. */
export const LADDER = {
  cash: "8",
  assets: { "7d": "5", "30d": "7", "90d": "5", "180d": "5", "365d": "10", gt365d: "60" },
  liabilities: { redemptions: { "30d": "5", "90d": "10", "180d": "15", "365d": "20", gt365d: "50" } },
  nav: "100",
} as const;

export const STRESSED_LADDER = {
  ...LADDER,
  haircuts: { "7d": "0.01", "30d": "0.03", "90d": "0.05", "180d": "0.08", "365d": "0.12", gt365d: "0.2" },
  slip: 1,
  liabilityFactor: "1.5",
} as const;

/** Terms of a buyout commitment over twelve years. */
export const PACING_TERMS = { calls: ["0.25", "0.3333", "0.5"], growth: "0.15", yield: "0", lifetime: 12 };

/** Every kind of test on every side, quarterly. */
export const PROGRAMME: StressProgramme = {
  document: "Liquidity stress testing policy (synthetic)",
  frequency: "quarterly",
  kinds: ["historical", "hypothetical", "reverse"],
  sides: ["assets", "liabilities", "combined"],
  atLaunch: true,
  onMaterialChange: true,
  board: { withinDays: 30, followUp: true },
};

/** Synthetic: 30-day cover of 0.75 where 1 is required; 12.50 are missing. */
export const REMEDY = {
  currency: "EUR",
  nav: "1000.00",
  bucket: "30d",
  required: "1",
  assets: "37.50",
  liabilities: "50.00",
  redemptions: "45.00",
  sleeves: [
    { id: "loans", bucket: "90d", value: "200.00", cost: "0.02" },
    { id: "credit", bucket: "180d", value: "100.00", cost: "0.05" },
  ],
  policy: {
    pack: "synthetic",
    regime: "aif",
    tools: ["redemption_gate", "notice_extension"],
    gate: { basis: "gross", share: "0.02" },
    carry: "auto_pari_passu",
    noticeExtension: { upTo: { n: 90, basis: "calendar" } },
  },
  noticeDays: 30,
} as const;
