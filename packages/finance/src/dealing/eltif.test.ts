// ELTIF redemption limits (R9b): the closed form against all 49 published cells of Annex I, Annex II, and the monthly aggregate.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import { annexOne, type EltifFrequency, eltifCap } from "./eltif.ts";
import { halfUpDiv } from "./scaled.ts";

/** Annex I of Delegated Regulation (EU) 2024/2759, in per cent; columns: notice of 0, ½, 1, 3, 6, 9 and 12 months. */
const NOTICE = ["0", "1/2", "1", "3", "6", "9", "12"];
const PUBLISHED: Record<string, string> = {
  annual: "100.0 100.0 100.0 100.0 100.0 100.0 100.0",
  semiannual: "50.0 52.2 54.5 66.7 100.0 100.0 100.0",
  quarterly: "25.0 26.1 27.3 33.3 50.0 100.0 100.0",
  bimonthly: "16.7 17.4 18.2 22.2 33.3 66.7 100.0",
  monthly: "8.3 8.7 9.1 11.1 16.7 33.3 100.0",
  biweekly: "4.2 4.3 4.5 5.6 8.3 16.7 100.0",
  weekly: "1.9 2.0 2.1 2.6 3.8 7.7 100.0",
};

describe("Annex I: φ = min(1, f / (12 − n))", () => {
  const cells = Object.entries(PUBLISHED).flatMap(([frequency, row]) =>
    row
      .split(" ")
      .map((percent, i) => ({ frequency: frequency as EltifFrequency, notice: NOTICE[i] as string, percent })),
  );
  it("has 49 cells", () => expect(cells).toHaveLength(49));
  it.each(cells)("$frequency with $notice months of notice: $percent %", ({ frequency, notice, percent }) => {
    const { num, den } = annexOne(frequency, notice, false);
    const tenths = halfUpDiv(num * 1000n, den)
      .toString()
      .padStart(2, "0");
    expect(`${tenths.slice(0, -1)}.${tenths.slice(-1)}`).toBe(percent);
  });
});

describe("the cap", () => {
  const base = { annex: "I", liquidAssets: "20000000", certainInflows: "4000000", nav: "100000000" } as const;
  it.each([
    [
      "a third of 24 million, down to the cent",
      { ...base, frequency: "quarterly", noticeMonths: "3" },
      "8000000.00",
      "1/3",
    ],
    ["a twelfth", { ...base, frequency: "monthly" }, "2000000.00", "1/12"],
    [
      "weekly over the month, less what the month has paid",
      { ...base, frequency: "weekly", monthlyAggregate: true, redeemedInMonth: "500000" },
      "1500000.00",
      "1/12",
    ],
    [
      "weekly by date does not look at the month",
      { ...base, frequency: "weekly", redeemedInMonth: "500000" },
      "461538.46",
      "1/52",
    ],
    ["Annex II quarterly: half", { ...base, annex: "II", frequency: "quarterly" }, "12000000.00", "1/2"],
    ["Annex II half-yearly: 67 %", { ...base, annex: "II", frequency: "semiannual" }, "16080000.00", "67/100"],
    ["Annex II monthly needs 25 % liquid and has 20 %", { ...base, annex: "II", frequency: "monthly" }, "0.00", "1/5"],
    [
      "Annex II monthly with 25 % liquid",
      { ...base, liquidAssets: "25000000", annex: "II", frequency: "monthly", redeemedInMonth: "800000" },
      "5000000.00",
      "1/5",
    ],
  ] as const)("%s", (_what, input, cap, exactShare) => {
    expect(eltifCap(input)).toMatchObject({ cap, exactShare });
  });

  it("refuses daily redemption", () => {
    expect(() => eltifCap({ ...base, frequency: "daily" as "weekly" })).toThrowError(
      expect.objectContaining({ code: "EG400" }),
    );
  });
});

it("R9b for any fund: the cap is φ of liquid assets and certain inflows, floored, and notice never lowers it", {
  timeout: LONG,
}, () => {
  const money = fc.bigInt(0n, 10n ** 12n);
  const frequency = fc.constantFrom("annual", "semiannual", "quarterly", "bimonthly", "monthly", "biweekly", "weekly");
  // months between dates in 52nds, as the published cells have them
  const months = {
    annual: 624n,
    semiannual: 312n,
    quarterly: 156n,
    bimonthly: 104n,
    monthly: 52n,
    biweekly: 26n,
    weekly: 12n,
  };
  const text = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
  fc.assert(
    fc.property(
      frequency,
      fc.nat({ max: 14 }),
      fc.boolean(),
      money,
      money,
      money,
      (often, notice, aggregate, liquid, inflows, redeemed) => {
        const facts = {
          annex: "I" as const,
          frequency: often,
          monthlyAggregate: aggregate,
          liquidAssets: text(liquid),
          certainInflows: text(inflows),
          nav: "1000000.00",
          redeemedInMonth: text(redeemed),
        };
        const out = eltifCap({ ...facts, noticeMonths: String(notice) });
        const held = aggregate && (often === "weekly" || often === "biweekly");
        const [f, left] = [held ? 52n : months[often], notice >= 12 ? 0n : 52n * BigInt(12 - notice)];
        const whole = left <= f ? liquid + inflows : ((liquid + inflows) * f) / left;
        const cap = held ? (whole > redeemed ? whole - redeemed : 0n) : whole;
        must(out.monthlyAggregate === held, "held over a month");
        must(BigInt(out.cap.replace(".", "")) === cap || (held && whole - redeemed < 1n), "the cap");
        const longer = eltifCap({ ...facts, noticeMonths: String(notice + 1) });
        must(BigInt(longer.cap.replace(".", "")) >= BigInt(out.cap.replace(".", "")), "more notice, no lower cap");
      },
    ),
    RUNS,
  );
});
