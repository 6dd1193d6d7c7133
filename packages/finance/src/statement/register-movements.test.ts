// Register movements: published statements of changes in units foot, prices lie in the band, and what does not is reported row by row.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { type RegisterMovementsInput, registerMovements } from "./register-movements.ts";

type Input = z.input<typeof RegisterMovementsInput>;
type Row = Input["rows"][number];
const row = (name: string, movement: Row["movement"], units: string, amount?: string): Row => ({
  class: name,
  movement,
  units,
  amount,
});

/** A synthetic half-year in the layout funds file: classes I and S, prices from 25.00 to 25.60 and from 24.90 to 25.40. */
const filing: Input = {
  currency: "USD",
  amountsRoundedTo: "1",
  bands: [
    { id: "I", low: "25.00", high: "25.60" },
    { id: "S", low: "24.90", high: "25.40" },
  ],
  rows: [
    row("I", "opening", "1000000"),
    row("I", "subscription", "400000", "10120000"),
    row("I", "reinvestment", "20000", "507000"),
    row("I", "transfer", "9900", "250470"),
    row("I", "repurchase", "-50000", "-1265000"),
    row("I", "closing", "1379900"),
    row("S", "opening", "500000"),
    row("S", "subscription", "100000", "2515000"),
    row("S", "transfer", "-9958", "-250470"),
    row("S", "repurchase", "25000", "628750"),
    row("S", "closing", "565042"),
  ],
};
const replaced = (position: number, change: Partial<Row>): Input => ({
  ...filing,
  rows: filing.rows.map((each, n) => (n === position ? { ...each, ...change } : each)),
});

describe("a filing that foots", () => {
  it("adds up class by class and over the fund, with every price in its band", () => {
    const report = registerMovements(filing);
    expect(report).toMatchObject({
      foots: true,
      findings: [],
      totals: { opening: "1500000", movements: "444942", closing: "1944942" },
    });
    expect(report.classes[0]).toMatchObject({
      issued: "400000",
      reinvested: "20000",
      transferred: "9900",
      repurchased: "-50000",
      closing: "1379900",
    });
    expect(report.classes[0]!.prices).toEqual([
      { movement: "subscription", price: "25.3", insideBand: true },
      { movement: "reinvestment", price: "25.35", insideBand: true },
      { movement: "transfer", price: "25.3", insideBand: true },
      { movement: "repurchase", price: "25.3", insideBand: true },
    ]);
  });

  it("reads a repurchase with either sign, and takes a band from net assets when none is given", () => {
    const rows = [
      row("A", "opening", "100", "1000"),
      row("A", "subscription", "10", "105"),
      row("A", "repurchase", "-5", "-51"),
      row("A", "closing", "105", "1155"),
    ];
    const report = registerMovements({ currency: "USD", rows });
    expect(report).toMatchObject({ foots: true, classes: [{ band: { low: "10", high: "11" }, repurchased: "-5" }] });
    const turned = rows.map((each) => (each.movement === "repurchase" ? { ...each, units: "5", amount: "51" } : each));
    expect(registerMovements({ currency: "USD", rows: turned })).toEqual(report);
  });
});

/** The same half-year as published without balances: the net change of each class, and money kept back from early repurchases. */
const netOnly: Input = {
  ...filing,
  rows: [
    ...filing.rows.filter(({ movement }) => movement !== "opening" && movement !== "closing"),
    row("I", "deduction", "0", "300"),
    row("I", "net", "379900", "9612770"),
    row("S", "net", "65042", "1635780"),
  ],
};
describe("a filing of net changes", () => {
  it("foots in units and in money, without balances", () => {
    expect(registerMovements(netOnly)).toMatchObject({ foots: true, totals: { opening: "0", movements: "444942" } });
    expect(registerMovements(netOnly).classes.map(({ amount }) => amount)).toEqual(["9612770", "1635780"]);
  });
  it.each<[string, Partial<Row>, string]>([
    ["units", { units: "379906" }, "379906"],
    ["money", { amount: "9612780" }, "9612780"],
  ])("finds a net change that is not the sum in %s", (_, change, found) => {
    const rows = netOnly.rows.map((each) =>
      each.movement === "net" && each.class === "I" ? { ...each, ...change } : each,
    );
    expect(registerMovements({ ...netOnly, rows }).findings).toMatchObject([
      { class: "I", movement: "net", what: "does_not_foot", found },
    ]);
  });
  it("still wants both balances when one is there, and no units with a deduction", () => {
    const half = { ...netOnly, rows: [...netOnly.rows, row("S", "opening", "500000")] };
    expect(registerMovements(half).findings).toMatchObject([{ class: "S", what: "no_closing" }]);
    const odd = netOnly.rows.map((each) => (each.movement === "deduction" ? { ...each, units: "1" } : each));
    expect(registerMovements({ ...netOnly, rows: odd }).findings).toMatchObject([
      { movement: "deduction", what: "wrong_sign" },
    ]);
  });
});

describe("reports what does not foot", () => {
  it.each<[string, Input, object]>([
    [
      "closing units that are not the sum",
      replaced(5, { units: "1379904" }),
      { class: "I", movement: "closing", what: "does_not_foot", expected: "1379900", found: "1379904" },
    ],
    [
      "a price above the band",
      replaced(1, { amount: "10280000" }),
      {
        class: "I",
        movement: "subscription",
        what: "price_outside_band",
        expected: "25.0000 to 25.6000",
        found: "25.7000",
      },
    ],
    [
      "a price below the band",
      replaced(9, { amount: "612500" }),
      { class: "S", movement: "repurchase", what: "price_outside_band" },
    ],
    [
      "transfers that do not cancel",
      replaced(8, { amount: "-250000" }),
      { class: null, what: "transfers_do_not_cancel", found: "470" },
    ],
    [
      "a subscription of fewer units than none",
      replaced(7, { units: "-100000" }),
      { class: "S", movement: "subscription", what: "wrong_sign" },
    ],
    [
      "an amount without units",
      replaced(2, { units: "0" }),
      { class: "I", movement: "reinvestment", what: "price_unknown" },
    ],
    [
      "a second opening",
      { ...filing, rows: [...filing.rows, row("S", "opening", "1")] },
      { class: "S", what: "repeated_row" },
    ],
    [
      "no closing",
      { ...filing, rows: filing.rows.slice(0, -1) },
      { class: "S", movement: "closing", what: "no_closing" },
    ],
    ["no opening", { ...filing, rows: filing.rows.slice(1) }, { class: "I", movement: "opening", what: "no_opening" }],
    ["no band", { ...filing, bands: filing.bands!.slice(1) }, { class: "I", what: "no_band" }],
  ])("%s", (_, input, finding) => {
    const report = registerMovements(input);
    expect(report.foots).toBe(false);
    expect(report.findings).toContainEqual(expect.objectContaining(finding));
  });

  it("allows what rounding explains, and no more", () => {
    // six rows in whole units may miss by three
    expect(registerMovements(replaced(5, { units: "1379903" })).foots).toBe(true);
    expect(registerMovements({ ...replaced(5, { units: "1379901" }), unitsRoundedTo: "0.001" }).foots).toBe(false);
    // in thousands, 26 thousand for a thousand units may be 25.5
    const coarse = replaced(2, { units: "1000", amount: "26000" });
    const what = (input: Input) => registerMovements(input).findings.map((each) => each.what);
    expect(what({ ...coarse, amountsRoundedTo: "1000" })).not.toContain("price_outside_band");
    expect(what(coarse)).toContain("price_outside_band");
  });

  it("allows a sales load and a repurchase fee where the fund has them", () => {
    const loaded = replaced(1, { amount: "10480000" });
    expect(registerMovements(loaded).foots).toBe(false);
    expect(registerMovements({ ...loaded, salesLoad: "0.035" }).foots).toBe(true);
    const charged = replaced(4, { amount: "-1226000" });
    expect(registerMovements(charged).foots).toBe(false);
    expect(registerMovements({ ...charged, repurchaseFee: "0.02" }).foots).toBe(true);
  });

  it("refuses malformed rows and two bands for a class", () => {
    const coded = expect.objectContaining({ code: "EG400" });
    expect(() => registerMovements({ ...filing, bands: [filing.bands![0]!, filing.bands![0]!] })).toThrowError(coded);
    expect(() => registerMovements({ ...filing, rows: [] })).toThrowError(coded);
    expect(() => registerMovements(replaced(0, { units: "1,000,000" }))).toThrowError(coded);
  });
});

describe("properties", () => {
  const movement = fc.record({
    kind: fc.constantFrom("subscription" as const, "reinvestment" as const, "repurchase" as const),
    thousandths: fc.integer({ min: 2_000_000, max: 10 ** 9 }),
    cents: fc.integer({ min: 2500, max: 2560 }),
  });
  /** A register kept in thousandths of a unit and published in whole units and dollars, HALF_UP. */
  const published = (
    moves: readonly { kind: "subscription" | "reinvestment" | "repurchase"; thousandths: number; cents: number }[],
  ) => {
    const units = (thousandths: bigint) => Fraction.of(thousandths, 1000n).text(0);
    let balance = 10n ** 12n;
    const rows = [row("I", "opening", units(balance))];
    for (const { kind, thousandths, cents } of moves) {
      balance += kind === "repurchase" ? -BigInt(thousandths) : BigInt(thousandths);
      rows.push(
        row("I", kind, units(BigInt(thousandths)), Fraction.of(BigInt(thousandths) * BigInt(cents), 100_000n).text(0)),
      );
    }
    return { ...filing, rows: [...rows, row("I", "closing", units(balance))] };
  };

  it("any register published with rounding foots, with its prices in the band", () => {
    fc.assert(
      fc.property(fc.array(movement, { maxLength: 6 }), (moves) => {
        expect(registerMovements(published(moves)).findings).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it("a unit more than rounding explains is found, and a price a twentieth off", () => {
    fc.assert(
      fc.property(fc.array(movement, { minLength: 1, maxLength: 6 }), fc.nat(5), fc.boolean(), (moves, pick, up) => {
        const input = published(moves);
        const last = input.rows.length - 1;
        const shifted = Number(input.rows[last]!.units) + (up ? 1 : -1) * (input.rows.length + 1);
        const foot = input.rows.map((each, n) => (n === last ? { ...each, units: String(shifted) } : each));
        expect(registerMovements({ ...input, rows: foot }).findings.map(({ what }) => what)).toEqual(["does_not_foot"]);
        const at = 1 + (pick % moves.length);
        const amount = Fraction.of(input.rows[at]!.amount!)
          .times(Fraction.of(up ? "1.05" : "0.95"))
          .text(0);
        const priced = input.rows.map((each, n) => (n === at ? { ...each, amount } : each));
        expect(registerMovements({ ...input, rows: priced }).findings.map(({ what }) => what)).toEqual([
          "price_outside_band",
        ]);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
