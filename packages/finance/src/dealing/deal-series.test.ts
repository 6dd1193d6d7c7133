// Orders of a class by series: by hand, lot by lot at the prices of the series, and what is refused (R25).
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { deal } from "./deal.ts";
import type { DealInput } from "./deal-shapes.ts";

const dealing: z.input<typeof DealInput>["classes"][number]["dealing"] = {
  frequency: "daily",
  calendar: "none",
  timeZone: "UTC",
  cutOff: "12:00",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 0, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 0, softFees: [{ untilMonths: 6, rate: "0.02" }] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  fees: {
    management: { rate: "0", basis: "act/365" },
    performance: { rate: "0.2", hurdle: "0.05", catchUp: "0.5", method: "series" },
  },
  settlementDays: 2,
};
const lot = (id: string, openedOn: string, units: string, series: string) => ({
  id,
  classId: "A",
  investorId: "lp",
  openedOn,
  units,
  series,
});
const order = (id: string, rest: object) =>
  ({ id, classId: "A", investorId: "lp", vintage: "2026-03-31", ...rest }) as z.input<
    typeof DealInput
  >["orders"][number];
const day = (change: Partial<z.input<typeof DealInput>> = {}): z.input<typeof DealInput> => ({
  dealingDate: "2026-03-31",
  currency: "USD",
  fund: { nav: "16000.00" },
  classes: [
    {
      id: "A",
      navPerUnit: "106.6667",
      dealing,
      bySeries: {
        issuePrice: "100",
        series: [
          { id: "old", units: "100", price: "110.1234", fee: "300.00" },
          { id: "new", units: "50", price: "99.7531", fee: "0" },
        ],
      },
    },
  ],
  lmt: { pack: "none", regime: "other", tools: [], carry: "auto_pari_passu" },
  lots: [lot("1", "2025-01-31", "100", "old"), lot("2", "2026-01-30", "50", "new")],
  orders: [order("r", { direction: "redemption", units: "120.5" })],
  ...change,
});
const dealt = (change: Partial<z.input<typeof DealInput>> = {}) => deal(day(change)).orders;

describe("a class by series", () => {
  it("leaves lot by lot at the prices of the series, with the fee that is open on the units, and the soft fee of each lot", () => {
    // 100 × 110.1234 = 11,012.34; 20.5 × 99.7531 = 2,044.93(8…); 2 % of the second, which is young
    expect(dealt()).toMatchObject([
      {
        filled: "120.5000",
        grossAmount: "13057.27",
        // 13,057.27 / 120.5 = 108.35908…
        price: "108.3591",
        fee: "40.90",
        performanceFee: "300.00",
        credit: "0.00",
        amount: "13016.37",
        lots: [
          { lotId: "1", units: "100.0000", price: "110.1234", amount: "11012.34" },
          { lotId: "2", units: "20.5000", price: "99.7531", amount: "2044.93" },
        ],
      },
    ]);
  });

  it("leaves at the price of the series where all lots are of one, with a part of its fee", () => {
    const [row] = dealt({ orders: [order("r", { direction: "redemption", units: "33.3333" })] });
    expect(row).toMatchObject({ price: "110.1234", grossAmount: "3670.77", performanceFee: "100.00" });
  });

  it("enters at the issue price, which is the mark", () => {
    const [row] = dealt({ orders: [order("s", { direction: "subscription", amount: "1234.56" })] });
    expect(row).toMatchObject({ price: "100.0000", filled: "12.3456", reference: "100.0000", equalisationCredit: "0" });
  });

  it("under swing pricing changes the price of every series and the issue price alike, and never the mark", () => {
    const lmt = {
      ...day().lmt,
      tools: ["swing_pricing" as const],
      swing: { mode: "full" as const, tiers: [{ above: "0", factor: "0.01" }], maxFactor: "0.02" },
    };
    const orders = [
      order("r", { direction: "redemption", units: "100" }),
      order("s", { direction: "subscription", amount: "1000.00" }),
    ];
    expect(dealt({ lmt, orders })).toMatchObject([
      { price: "109.0222", grossAmount: "10902.22" },
      { price: "99.0000", filled: "10.1010", reference: "100.0000" },
    ]);
  });

  it("refuses a lot of no series, and a series without a price", () => {
    expect(() => dealt({ lots: [lot("1", "2025-01-31", "200", "gone")] })).toThrow(/of no series that has a price/);
    const [of] = day().classes;
    const bySeries = { issuePrice: "100", series: [{ id: "old", units: "100", price: "0", fee: "0" }] };
    expect(() => dealt({ classes: [{ ...of!, bySeries }] })).toThrow(/prices and units above 0/);
  });
});
