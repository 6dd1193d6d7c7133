// The NAV of a strike by rows: R4 with the fees of R20 to R25, computed by hand beside each row, and what must hold for any figures.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { toMinor } from "../money.ts";
import { type DraftClass, draftNav } from "./draft-nav.ts";

type Row = z.input<typeof DraftClass>;
const none = { rate: "0", hurdle: "0", catchUp: "1", method: "none" } as const;
const row = (id: string, units: string, change: Partial<Row> = {}): Row => ({
  id,
  units,
  unitsDp: 4,
  priceDp: 4,
  price: "100",
  issuePrice: "100",
  management: { rate: "0", basis: "act/365" },
  performance: none,
  ...change,
});
const draft = (
  inputs: [kind: "asset" | "cash" | "receivable" | "debt" | "payable" | "accrual", value: string][],
  classes: Row[],
  navDate = "2026-03-31",
) => draftNav({ currency: "USD", navDate, inputs: inputs.map(([kind, value]) => ({ kind, value })), classes });

describe("the fund", () => {
  it("is assets, cash and receivables less debt, payables and accruals", () => {
    expect(
      draft(
        [
          ["asset", "1000.00"],
          ["asset", "-50.00"],
          ["cash", "200.00"],
          ["receivable", "30.00"],
          ["debt", "100.00"],
          ["payable", "20.00"],
          ["accrual", "10.00"],
        ],
        [row("A", "10")],
      ),
    ).toMatchObject({
      totalAssets: "1180.00",
      liabilities: "130.00",
      gnav: "1050.00",
      performanceFee: "0.00",
      nav: "1050.00",
      classes: [{ nav: "1050.00", navPerUnit: "105.0000" }],
    });
  });
  it("that has issued nothing stands at its first price", () => {
    expect(draft([], [row("A", "0", { price: "12.5" })])).toMatchObject({
      nav: "0.00",
      classes: [{ nav: "0.00", navPerUnit: "12.5000" }],
    });
  });
});

describe("a side pocket (R13)", () => {
  const last = { date: "2026-03-01", nav: "10800.00", units: "100" };
  const pocket = (value: string, change: Partial<Row> = {}) =>
    row("P", "100", { price: "90", pocket: { value, mark: "90" }, ...change });
  it("that was opened since leaves its class by exactly its value, and nobody's price otherwise", () => {
    expect(
      draft([["asset", "10800.00"]], [row("A", "100", { last, moved: "9000.00" }), pocket("9000.00")]),
    ).toMatchObject({
      nav: "10800.00",
      classes: [
        { id: "A", nav: "1800.00", navPerUnit: "18.0000" },
        { id: "P", nav: "9000.00", navPerUnit: "90.0000" },
      ],
    });
  });
  it("has the result of its own assets, and the others share the rest", () => {
    // 9,000 → 8,100 in the pocket; 1,800 → 2,000 beside it, 1,200 to 600 between A and B
    const { classes } = draft(
      [
        ["asset", "8100.00"],
        ["asset", "2000.00"],
      ],
      [
        row("A", "100", { last: { ...last, nav: "10200.00" }, moved: "9000.00" }),
        row("B", "50", { last: { ...last, nav: "600.00", units: "50" } }),
        pocket("8100.00"),
      ],
    );
    expect(classes.map(({ id, nav, navPerUnit }) => [id, nav, navPerUnit])).toEqual([
      ["A", "1333.33", "13.3333"],
      ["B", "666.67", "13.3334"],
      ["P", "8100.00", "81.0000"],
    ]);
  });
  it("accrues a performance fee above its own mark; the base of the class's management fee is what stayed", () => {
    // 20 % of 10,000 − 9,000; 30 days of 36.5 % on 1,800 are 54.00, of which nothing is the pocket's
    expect(
      draft(
        [
          ["asset", "10000.00"],
          ["asset", "1800.00"],
        ],
        [
          row("A", "100", { last, moved: "9000.00", management: { rate: "0.365", basis: "act/365" } }),
          pocket("10000.00", { performance: { rate: "0.2", hurdle: "0", catchUp: "1", method: "equalisation" } }),
        ],
      ),
    ).toMatchObject({
      performanceFee: "200.00",
      nav: "11546.00",
      classes: [
        { id: "A", nav: "1746.00", managementFee: "54.00", highWater: "100" },
        { id: "P", nav: "9800.00", managementFee: "0.00", performanceAccrued: "200.00", highWater: "90" },
      ],
    });
  });
});

describe("classes", () => {
  const last = (nav: string, units: string, more = {}) => ({ date: "2026-03-01", nav, units, ...more });
  it("share the result by their value after the last dealing", () => {
    // A 600 + 100 bought, B 400 − 100 redeemed: 700 to 300; the result of 100 is 70 and 30
    const drafted = draft(
      [["asset", "1100.00"]],
      [
        row("A", "70", { last: last("600.00", "60"), subscribed: "100.00" }),
        row("B", "30", { last: last("400.00", "40"), redeemed: "100.00" }),
      ],
    );
    expect(drafted.classes.map(({ nav, navPerUnit }) => [nav, navPerUnit])).toEqual([
      ["770.00", "11.0000"],
      ["330.00", "11.0000"],
    ]);
  });
  it("each bear what they distribute", () => {
    // A 700 paid 40 to its holders, B 300 nothing: 660 to 300, and a tenth of result on each
    const drafted = draft(
      [["asset", "1056.00"]],
      [
        row("A", "70", { last: last("700.00", "70"), distributed: "40.00" }),
        row("B", "30", { last: last("300.00", "30") }),
      ],
    );
    expect(drafted.classes.map(({ nav }) => nav)).toEqual(["726.00", "330.00"]);
  });
  it("each bear their own management fee, on the value after the last dealing", () => {
    // 30 days: 36,500 × 10 % × 30/365 is 300.00 for A, nothing for B; the assets stand still, so the fee is the whole result
    const drafted = draft(
      [["asset", "73000.00"]],
      [
        row("A", "365", { last: last("36500.00", "365"), management: { rate: "0.1", basis: "act/365" } }),
        row("B", "365", { last: last("36500.00", "365") }),
      ],
    );
    expect(drafted).toMatchObject({ liabilities: "300.00", nav: "72700.00" });
    expect(
      drafted.classes.map(({ nav, managementFee, managementAccrued }) => [nav, managementFee, managementAccrued]),
    ).toEqual([
      ["36200.00", "300.00", "300.00"],
      ["36500.00", "0.00", "0.00"],
    ]);
  });
  it("carry what was accrued before and not paid", () => {
    const drafted = draft(
      [["asset", "36800.00"]],
      [
        row("A", "365", {
          last: last("36500.00", "365", { managementAccrued: "300.00" }),
          management: { rate: "0.1", basis: "act/365" },
        }),
      ],
    );
    expect(drafted).toMatchObject({
      liabilities: "600.00",
      nav: "36200.00",
      classes: [{ managementFee: "300.00", managementAccrued: "600.00" }],
    });
  });
  it("without units have no value: what they left belongs to the others", () => {
    const drafted = draft(
      [["asset", "500.00"]],
      [
        row("A", "5", { last: last("400.00", "4"), subscribed: "100.00" }),
        row("B", "0", { last: last("0.01", "0"), price: "99" }),
      ],
    );
    expect(drafted.classes.map(({ nav, navPerUnit }) => [nav, navPerUnit])).toEqual([
      ["500.00", "100.0000"],
      ["0.00", "99.0000"],
    ]);
  });
});

describe("the performance fee", () => {
  const fee = { rate: "0.2", hurdle: "0", catchUp: "1", method: "equalisation" } as const;
  it("of one mark is a share of the gain above it (R21)", () => {
    // 1,000 units at 110 over a mark of 100: 20 % of 10,000.00; the price after it is 108
    const [one] = draft([["asset", "110000.00"]], [row("A", "1000", { performance: fee })]).classes;
    expect(one).toMatchObject({
      nav: "108000.00",
      navPerUnit: "108.0000",
      performanceAccrued: "2000.00",
      performanceFee: "2000.00",
      highWater: "100",
    });
  });
  it("falls again when the price falls, and the class gets it back", () => {
    const drafted = draft(
      [["asset", "105000.00"]],
      [
        row("A", "1000", {
          performance: fee,
          last: {
            date: "2026-03-01",
            nav: "108000.00",
            units: "1000",
            performanceAccrued: "2000.00",
          },
          mark: "100",
        }),
      ],
    );
    expect(drafted).toMatchObject({
      gnav: "105000.00",
      performanceFee: "1000.00",
      classes: [{ navPerUnit: "104.0000", performanceFee: "-1000.00" }],
    });
  });
  it("of units that were redeemed is owed, whatever becomes of the price (R24)", () => {
    // a quarter of the units left at 108 and took 500.00 of the fee accrued on them along; 75,000.00 before the fee of the 750 that are left, at 100
    const drafted = draft(
      [
        ["asset", "75500.00"],
        ["payable", "500.00"],
      ],
      [
        row("A", "750", {
          performance: fee,
          last: { date: "2026-03-01", nav: "108000.00", units: "1000", performanceAccrued: "2000.00" },
          redeemed: "27000.00",
          performanceTaken: "500.00",
        }),
      ],
    );
    expect(drafted).toMatchObject({
      gnav: "75000.00",
      performanceFee: "0.00",
      classes: [{ navPerUnit: "100.0000", performanceFee: "-1500.00" }],
    });
  });
  it("that was crystallised is not charged again, and the mark is where it stands (R22)", () => {
    // 2,000.00 were taken at 108, which is the mark since; at 109 the fee is 20 % of 1 a unit, and of two classes it stays where it was
    const taken = {
      performance: fee,
      last: { date: "2026-03-01", nav: "108000.00", units: "1000", performanceAccrued: "2000.00" },
      performanceTaken: "2000.00",
      mark: "108",
    };
    const drafted = draft(
      [
        ["asset", "220000.00"],
        ["payable", "2000.00"],
      ],
      [row("A", "1000", taken), row("B", "1000", { last: { date: "2026-03-01", nav: "108000.00", units: "1000" } })],
    );
    expect(drafted.classes).toMatchObject([
      { nav: "108800.00", navPerUnit: "108.8000", performanceFee: "200.00", highWater: "108" },
      { nav: "109000.00", navPerUnit: "109.0000" },
    ]);
  });
  it("by series is that of each mark (R25)", () => {
    // 100 units at a mark of 100 and 100 at 110, price before fee 110: 20 % of 1,000.00 and of nothing
    const lots = [
      { id: "1", series: "", units: "100", mark: "100", openedOn: "2026-01-01" },
      { id: "2", series: "", units: "100", mark: "110", openedOn: "2026-02-01" },
    ];
    const drafted = draft(
      [["asset", "22000.00"]],
      [row("A", "200", { performance: { ...fee, method: "series" }, lots })],
    );
    expect(drafted).toMatchObject({ performanceFee: "200.00", classes: [{ nav: "21800.00", navPerUnit: "109.0000" }] });
  });
});

it("stated fees are taken as they stand, as a restatement needs", () => {
  const drafted = draft(
    [["asset", "1000.00"]],
    [
      row("A", "10", {
        stated: { managementAccrued: "10.00" },
        management: { rate: "0.5", basis: "act/365" },
      }),
    ],
  );
  expect(drafted).toMatchObject({ liabilities: "10.00", nav: "990.00" });
});

it("foots to the cent for any figures: the classes are the fund, and the fund is its inputs", {
  timeout: 120_000,
}, () => {
  const cents = (max: bigint) =>
    fc.bigInt(0n, max).map((value) => `${value / 100n}.${String(value % 100n).padStart(2, "0")}`);
  const units = fc
    .bigInt(1n, 10n ** 11n)
    .map((value) => `${value / 10_000n}.${String(value % 10_000n).padStart(4, "0")}`);
  const share = fc.constantFrom("0", "0.015", "0.2");
  const arbitrary = fc.record({
    assets: fc.array(cents(10n ** 13n), { minLength: 1, maxLength: 5 }),
    payable: cents(10n ** 6n),
    classes: fc.array(
      fc.record({
        units,
        nav: cents(10n ** 12n),
        known: fc.boolean(),
        sub: cents(10n ** 9n),
        rate: share,
        fee: share,
        accrued: cents(10n ** 6n),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  });
  fc.assert(
    fc.property(arbitrary, ({ assets, payable, classes }) => {
      // a fund worth nothing cannot be shared
      fc.pre(classes.some((one) => !one.known || toMinor(one.nav, "USD") + toMinor(one.sub, "USD") > 0n));
      const drafted = draft(
        [...assets.map((value): ["asset", string] => ["asset", value]), ["payable", payable]],
        classes.map((one, n) =>
          row(String(n), one.units, {
            management: { rate: one.rate, basis: "act/365" },
            performance: {
              rate: one.fee,
              hurdle: "0",
              catchUp: "1",
              method: one.fee === "0" ? "none" : "equalisation",
            },
            ...(one.known
              ? {
                  last: {
                    date: "2026-03-01",
                    nav: one.nav,
                    units: one.units,
                    performanceAccrued: one.accrued,
                  },
                  mark: "100",
                  subscribed: one.sub,
                }
              : {}),
          }),
        ),
      );
      const minor = (text: string) => toMinor(text, "USD");
      const sum = (texts: string[]) => texts.reduce((total, text) => total + minor(text), 0n);
      expect(sum(drafted.classes.map(({ nav }) => nav))).toBe(minor(drafted.nav));
      expect(minor(drafted.nav)).toBe(minor(drafted.gnav) - minor(drafted.performanceFee));
      expect(minor(drafted.gnav)).toBe(minor(drafted.totalAssets) - minor(drafted.liabilities));
      expect(minor(drafted.totalAssets)).toBe(sum(assets));
      expect(minor(drafted.liabilities)).toBe(
        minor(payable) + sum(drafted.classes.map((one) => one.managementAccrued)),
      );
    }),
    { numRuns: 10_000 },
  );
});
