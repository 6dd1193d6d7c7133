// Real statements of changes in units, keyed in from public filings: they foot to the last unit and dollar, and the prices they imply are the published ones.
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { type RegisterMovementsInput, registerMovements } from "./register-movements.ts";

type Input = z.input<typeof RegisterMovementsInput>;
type Move = [movement: Input["rows"][number]["movement"], units: string, amount: string];

/**
 * HPS Corporate Lending Fund (CIK 0001838126), Form 10-Q for the quarter ended 2024-09-30, note on net assets: transactions in common shares of the
 * three months. Whole shares; amounts in thousands of US dollars.
 */
const QUARTER: Record<string, Move[]> = {
  I: [
    ["subscription", "9657377", "246413000"],
    ["transfer", "98267", "2513000"],
    ["reinvestment", "619207", "15805000"],
    ["repurchase", "-605984", "-15489000"],
    ["deduction", "0", "-44000"],
    ["net", "9768867", "249198000"],
  ],
  D: [
    ["subscription", "5278810", "134820000"],
    ["transfer", "-72175", "-1846000"],
    ["reinvestment", "456733", "11658000"],
    ["repurchase", "-117463", "-3002000"],
    ["deduction", "0", "-20000"],
    ["net", "5545905", "141610000"],
  ],
  F: [
    ["subscription", "11307936", "288584000"],
    ["transfer", "-20000", "-512000"],
    ["reinvestment", "1673756", "42721000"],
    ["repurchase", "-1043540", "-26673000"],
    ["deduction", "0", "-83000"],
    ["net", "11918152", "304037000"],
  ],
  S: [
    ["subscription", "3444921", "87965000"],
    ["transfer", "-6092", "-155000"],
    ["reinvestment", "110794", "2828000"],
    ["deduction", "0", "-5000"],
    ["net", "3549623", "90633000"],
  ],
};
const rowsOf = (quarter: Record<string, Move[]>): Input["rows"] =>
  Object.entries(quarter).flatMap(([name, moves]) =>
    moves.map(([movement, units, amount]) => ({ class: name, movement, units, amount })),
  );
const filed: Input = { currency: "USD", amountsRoundedTo: "1000", rows: rowsOf(QUARTER) };
const found = (input: Input): string[] => registerMovements(input).findings.map(({ what }) => what);

describe("a quarter of a real private credit fund", () => {
  it("foots class by class in shares and dollars, and over the fund: 30,782,547 shares as published", () => {
    const report = registerMovements(filed);
    expect(report.totals.movements).toBe("30782547");
    expect(report.classes.map(({ class: name, amount }) => [name, amount])).toEqual([
      ["D", "141610000"],
      ["F", "304037000"],
      ["I", "249198000"],
      ["S", "90633000"],
    ]);
    // the filing prints no band beside this table: that, and nothing else, is missing
    expect(new Set(found(filed))).toEqual(new Set(["no_band"]));
  });

  it("was repurchased at one price in every class, that of the quarter's end", () => {
    // the prospectus: repurchases at the NAV per share of the quarter's last day; all three classes imply 25.56 within the rounding to thousands
    const repurchases = filed.rows.filter(({ movement }) => movement === "repurchase");
    const rows = repurchases.flatMap((row) => [row, { ...row, movement: "net" as const }]);
    const at = (low: string, high: string): Input => ({
      ...filed,
      rows,
      bands: ["I", "D", "F"].map((id) => ({ id, low, high })),
    });
    expect(found(at("25.56", "25.56"))).toEqual([]);
    expect(found(at("25.57", "25.57"))).toEqual(["price_outside_band", "price_outside_band", "price_outside_band"]);
  });

  it("is found out by one changed digit", () => {
    const changed = rowsOf(QUARTER).map((row) => (row.units === "5278810" ? { ...row, units: "5278710" } : row));
    expect(found({ ...filed, rows: changed }).filter((what) => what !== "no_band")).toEqual(["does_not_foot"]);
  });
});

describe("the release from escrow of the same fund", () => {
  // note on net assets: 20,437,880 shares (7,074,280 I, 1,268,000 D, 12,095,600 F) at 25.00, net proceeds 510.9 million
  const released = (amount: string): Input => ({
    currency: "USD",
    amountsRoundedTo: "100000",
    bands: [{ id: "all", low: "25.00", high: "25.00" }],
    rows: [
      { class: "all", movement: "opening", units: "0" },
      { class: "all", movement: "subscription", units: "20437880", amount },
      { class: "all", movement: "closing", units: String(7_074_280 + 1_268_000 + 12_095_600) },
    ],
  });
  it("implies the published offering price of 25.00, and no other amount does", () => {
    expect(registerMovements(released("510900000")).foots).toBe(true);
    expect(found(released("511100000"))).toEqual(["price_outside_band"]);
  });
});
