// Performance of a holding of units: the measures are those of the flows computed by hand, the window is what it says, and what moves inside cancels.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { type UnitPerformanceInput, unitPerformance } from "./unit-performance.ts";
import { xirr } from "./xirr.ts";

type Input = z.input<typeof UnitPerformanceInput>;
const BASIS = { fees: "net", subscriptionLine: "none", staleShare: null } as const;
const bought = (date: string, units: string, paidIn: string) => ({ date, via: "cash" as const, units, paidIn });
const sold = (date: string, units: string, paidOut: string) => ({
  date,
  via: "cash" as const,
  units: `-${units}`,
  paidOut,
});

/** The flows of R42's second vector as units: 1 and 0.5 bought, 0.25 sold, and 1.25 units left that are worth 160. */
const vector: Input = {
  currency: "USD",
  to: "2024-12-31",
  basis: BASIS,
  classes: [
    {
      id: "A",
      prices: [
        { date: "2022-01-15", price: "100" },
        { date: "2022-09-30", price: "100" },
        { date: "2023-12-31", price: "120" },
        { date: "2024-12-31", price: "128" },
      ],
      flows: [bought("2022-01-15", "1", "100"), bought("2022-09-30", "0.5", "50"), sold("2023-12-31", "0.25", "30")],
    },
  ],
};
const index = {
  indexName: "Synthetic index",
  index: [
    { date: "2022-01-15", level: "100" },
    { date: "2022-09-30", level: "85" },
    { date: "2023-12-31", level: "110" },
    { date: "2024-12-31", level: "130" },
  ],
};
const row = (input: Input) => unitPerformance(input).measures.rows[0]!;

describe("the vectors of R42 and R45, held in units", () => {
  it("gives their rate, multiples and market equivalents, each labelled with method and window", () => {
    const { measures, modifiedDietz, twr, classes, window } = unitPerformance({ ...vector, index });
    expect(window).toEqual({ from: "2022-01-15", to: "2024-12-31", opening: "0", closing: "160.00" });
    const [first] = measures.rows;
    expect(Number(first!.xirr.rate)).toBeCloseTo(0.096481, 7);
    expect(first!.multiples).toMatchObject({ dpi: "0.2", rvpi: "1.066666666666666667", tvpi: "1.266666666666666667" });
    expect(Number(first!.ksPme!.ksPme)).toBeCloseTo(0.94665, 5);
    expect(Number(first!.pmePlus!.lambda)).toBeCloseTo(1.310709, 6);
    expect(first!.directAlpha!.rate).toBe("-0.021537332364");
    // 1.28 over the window, whoever bought when
    expect([twr!.cumulative, classes[0]!.twr!.cumulative]).toEqual(["0.28", "0.28"]);
    // (160 − 150 + 30) / (100 + 50 · 823/1081 − 30 · 366/1081)
    expect(Number(modifiedDietz!.return)).toBeCloseTo(40 / (100 + (50 * 823) / 1081 - (30 * 366) / 1081), 12);
    for (const { label } of [first!.xirr, first!.multiples, first!.ksPme!, twr!, modifiedDietz!])
      expect(label).toMatchObject({ from: "2022-01-15", to: "2024-12-31", fees: "net" });
    expect(measures.missing).toEqual([{ fees: "gross", subscriptionLine: "none" }]);
  });

  it("counts what is held at the start as paid in, and says so", () => {
    const later = { ...vector, from: "2022-12-31" };
    expect(unitPerformance(later)).toMatchObject({
      window: { from: "2022-09-30", opening: "150.00", closing: "160.00" },
      remarks: ["What was held at the start counts as paid in on that day."],
    });
    expect(row(later).multiples).toMatchObject({ paidIn: "150", distributed: "30" });
    expect(unitPerformance({ ...vector, to: "2024-06-30" }).window).toMatchObject({
      to: "2023-12-31",
      closing: "150.00",
    });
  });
});

describe("what stays inside", () => {
  const prices = [
    { date: "2024-01-31", price: "10" },
    { date: "2024-02-29", price: "11" },
    { date: "2024-03-31", price: "12" },
  ];
  const half = { id: "B", prices: prices.map(({ date, price }) => ({ date, price: String(Number(price) / 2) })) };
  const moved = (via: "switch" | "transfer"): Input => ({
    currency: "USD",
    to: "2024-03-31",
    basis: BASIS,
    classes: [
      {
        id: "A",
        prices,
        flows: [
          bought("2024-01-31", "100", "1000.00"),
          { date: "2024-02-29", via, units: "-40", paidOut: via === "switch" ? "440.00" : "0" },
        ],
      },
      { ...half, flows: [{ date: "2024-02-29", via, units: "80", paidIn: via === "switch" ? "440.00" : "0" }] },
    ],
  });
  it.each(["switch", "transfer"] as const)("a %s between the classes at hand is neither paid in nor out", (via) => {
    expect(row(moved(via)).multiples).toMatchObject({ paidIn: "1000", distributed: "0", nav: "1200" });
    expect(unitPerformance(moved(via)).twr!.cumulative).toBe("0.2");
  });
  it("a transfer from somebody else is paid in at the price of its day", () => {
    const { classes, ...rest } = moved("transfer");
    const only = unitPerformance({ ...rest, classes: [classes[1]!] });
    expect(only.measures.rows[0]!.multiples).toMatchObject({ paidIn: "440", nav: "480" });
    expect(only.remarks).toEqual(["Units transferred count as paid in or out at the price of their day."]);
  });
  it("units taken over begin at the value they were taken over at", () => {
    const taken = unitPerformance({
      currency: "USD",
      to: "2024-03-31",
      basis: BASIS,
      classes: [
        {
          id: "A",
          prices,
          flows: [
            { date: "2023-06-30", via: "taken_over", units: "10", paidIn: "80.00" },
            { date: "2023-06-30", via: "taken_over", units: "10", paidIn: "100.00" },
          ],
        },
      ],
    });
    expect(taken.window).toMatchObject({ from: "2023-06-30", closing: "240.00" });
    expect(taken.classes[0]!.twr!.cumulative).toBe("0.333333333333333333");
    expect(taken.remarks).toHaveLength(1);
  });
});

describe("what is distributed, and fees in units", () => {
  const prices = [
    { date: "2024-01-31", price: "10" },
    { date: "2024-02-29", price: "9", distributed: "2" },
    { date: "2024-03-31", price: "12", distributed: "0.5" },
  ];
  const paid: Input = {
    currency: "USD",
    to: "2024-03-31",
    basis: BASIS,
    classes: [
      {
        id: "A",
        prices,
        flows: [
          bought("2024-01-31", "100", "1000.00"),
          { date: "2024-02-29", via: "cash", units: "0", paidOut: "200.00" },
          sold("2024-02-29", "40", "360.00"),
          { date: "2024-03-31", via: "cash", units: "0", paidOut: "30.00" },
        ],
      },
    ],
  };
  it("a distribution is paid out, and each period's return has the price and what left it", () => {
    const { measures, twr, classes, window, modifiedDietz, remarks } = unitPerformance(paid);
    expect(measures.rows[0]!.multiples).toMatchObject({ paidIn: "1000", distributed: "590", nav: "720" });
    // 11 / 10 · 12.5 / 9, whoever sold what in between
    expect(twr!.periods.map((period) => period.return)).toEqual(["0.1", "0.388888888888888889"]);
    expect([twr!.cumulative, classes[0]!.twr!.cumulative]).toEqual(["0.527777777777777778", "0.527777777777777778"]);
    expect(window.closing).toBe("720.00");
    expect(Number(modifiedDietz!.return)).toBeCloseTo((720 - 1000 + 590) / (1000 - (560 * 31) / 60), 12);
    expect(remarks).toEqual(["A distribution counts on the day of the first price that is without it."]);
  });

  it("units of another class for what left the first move inside the holding", () => {
    const [main] = paid.classes;
    const split: Input = {
      ...paid,
      classes: [
        {
          ...main!,
          prices: prices.slice(0, 2),
          flows: [
            bought("2024-01-31", "100", "1000.00"),
            { date: "2024-02-29", via: "switch", units: "0", paidOut: "200.00" },
          ],
        },
        {
          id: "A-SP1",
          prices: [{ date: "2024-02-29", price: "2" }],
          flows: [{ date: "2024-02-29", via: "switch", units: "100", paidIn: "200.00" }],
        },
      ],
    };
    const { measures, twr } = unitPerformance(split);
    expect(measures.rows[0]!.multiples).toMatchObject({ paidIn: "1000", distributed: "0", nav: "1100" });
    expect(twr!.cumulative).toBe("0.1");
  });

  it("a charge or a refund in units is part of the return, and no flow", () => {
    const [main] = paid.classes;
    const flows = [bought("2024-01-31", "100", "1000.00"), { date: "2024-02-29", via: "fee" as const, units: "-10" }];
    const fees: Input = {
      ...paid,
      classes: [{ ...main!, prices: prices.map(({ date, price }) => ({ date, price })), flows }],
    };
    const { measures, twr, remarks } = unitPerformance(fees);
    expect(measures.rows[0]!.multiples).toMatchObject({ paidIn: "1000", distributed: "0", nav: "1080" });
    // 90 · 9 / 1,000 and 12 / 9
    expect(twr!.periods.map((period) => period.return)).toEqual(["-0.19", "0.333333333333333333"]);
    expect(remarks).toEqual(["Fees and refunds in units count on the day they were crystallised."]);
  });
});

describe("ambiguity and absence are reported as such", () => {
  it("an internal rate with two roots is flagged with both", () => {
    // −1000, +2500, −1540 and nothing left: 10 % and 40 %
    const input: Input = {
      currency: "USD",
      to: "2024-01-01",
      basis: BASIS,
      classes: [
        {
          id: "A",
          prices: [
            { date: "2022-01-01", price: "1" },
            { date: "2023-01-01", price: "2.5" },
            { date: "2024-01-01", price: "1" },
          ],
          flows: [
            bought("2022-01-01", "1000", "1000"),
            sold("2023-01-01", "1000", "2500"),
            bought("2024-01-01", "1540", "1540"),
            sold("2024-01-01", "1540", "0"),
          ],
        },
      ],
    };
    const { xirr: rate } = row(input);
    expect(rate).toMatchObject({ ambiguous: true, verdict: "ambiguous", signChanges: 2, rate: "0.1" });
    expect(rate.roots.map((root) => root.rate)).toEqual(["0.1", "0.4"]);
  });
  it.each<[string, Input, string]>([
    ["no price in the window", { ...vector, to: "2021-12-31" }, "EG404"],
    ["a window before anything was held", { ...vector, classes: [{ ...vector.classes[0]!, flows: [] }] }, "EG404"],
    ["a window without a day", { ...vector, from: "2024-12-31" }, "EG400"],
    [
      "a flow on a day without a price",
      { ...vector, classes: [{ ...vector.classes[0]!, flows: [bought("2022-02-01", "1", "1")] }] },
      "EG404",
    ],
    [
      "two prices on a day",
      {
        ...vector,
        classes: [
          { ...vector.classes[0]!, prices: [...vector.classes[0]!.prices!, { date: "2022-01-15", price: "1" }] },
        ],
      },
      "EG400",
    ],
  ])("%s", (_, input, code) => {
    expect(() => unitPerformance(input)).toThrowError(expect.objectContaining({ code }));
  });
});

describe("properties", () => {
  const months = (count: number): string[] =>
    Array.from({ length: count }, (_, n) => `20${20 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}-28`);
  const move = fc.record({
    units: fc.integer({ min: -900_000, max: 1_000_000 }),
    price: fc.integer({ min: 5_000, max: 20_000 }),
  });
  const four = (tenThousandths: number): string => (tenThousandths / 10_000).toFixed(4);

  it("the return of a holding that is never sold out is that of the unit price, and its rate is XIRR of its cash", () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 2, maxLength: 12 }), (moves) => {
        const days = months(moves.length);
        let held = 0;
        const flows = moves.flatMap(({ units, price }, n) => {
          const wanted = n === 0 ? 1_000_000 : units;
          const taken = held + wanted < 100_000 ? 0 : wanted;
          held += taken;
          if (taken === 0) return [];
          const cash = ((Math.abs(taken) * price) / 1e8).toFixed(2);
          return [taken > 0 ? bought(days[n]!, four(taken), cash) : sold(days[n]!, four(-taken), cash)];
        });
        const prices = moves.map(({ price }, n) => ({ date: days[n]!, price: four(price) }));
        const report = unitPerformance({
          currency: "USD",
          to: days.at(-1)!,
          basis: BASIS,
          classes: [{ id: "A", prices, flows }],
        });
        expect(Number(report.twr!.cumulative)).toBeCloseTo(moves.at(-1)!.price / moves[0]!.price - 1, 12);
        expect(report.classes[0]!.twr!.cumulative.slice(0, 14)).toBe(report.twr!.cumulative.slice(0, 14));
        const direct = xirr({
          flows: flows.map((flow) => ({
            date: flow.date,
            amount: "paidIn" in flow ? `-${flow.paidIn}` : flow.paidOut,
          })),
          closing: { date: days.at(-1)!, value: report.window.closing },
          basis: BASIS,
        });
        expect(report.measures.rows[0]!.xirr).toEqual(direct);
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);

  it("a holding that was sold out is worth nothing to the last digit, and its empty time has no return", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10 ** 6, max: 10 ** 9 }), fc.integer({ min: 1, max: 10 ** 9 }), (units, price) => {
        const amount = ((units * price) / 1e8).toFixed(2);
        const [one, two, three, four_] = months(4);
        const report = unitPerformance({
          currency: "USD",
          to: four_!,
          basis: BASIS,
          classes: [
            {
              id: "A",
              prices: [one, two, three, four_].map((date, n) => ({
                date: date!,
                price: `${price * (n + 1)}.${"3".repeat(9)}`,
              })),
              flows: [
                bought(one!, four(units), amount),
                sold(two!, four(units), amount),
                bought(three!, four(units), amount),
              ],
            },
          ],
        });
        expect([report.twr!.empty, report.twr!.periods.length]).toEqual([1, 2]);
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);
});

describe("before fees (R46)", () => {
  // 100 at the start; each of two periods earns 10 % and is then charged: 110 less 10, and 110 less 5
  const charged = (fees: (string | null | undefined)[]): Input => ({
    currency: "USD",
    from: "2024-12-31",
    to: "2026-12-31",
    basis: BASIS,
    classes: [
      {
        id: "A",
        prices: [
          { date: "2024-12-31", price: "100", fees: fees[0] },
          { date: "2025-12-31", price: "100", fees: fees[1] },
          { date: "2026-12-31", price: "105", fees: fees[2] },
        ],
        flows: [bought("2024-12-31", "10", "1000")],
      },
    ],
  });

  it("stands beside the figures after them, where every price says what was charged", () => {
    const { measures, twr, gross, classes } = unitPerformance(charged([null, "10", "5"]));
    expect(measures.missing).toEqual([]);
    expect(measures.rows.map((one) => one.xirr.label.text.includes("gross"))).toEqual([true, false]);
    // a tenth twice
    expect([gross?.twr?.cumulative, gross?.classes[0]?.twr?.cumulative]).toEqual(["0.21", "0.21"]);
    expect([twr?.cumulative, classes[0]?.twr?.cumulative]).toEqual(["0.05", "0.05"]);
    expect(Number(measures.rows[0]?.xirr.rate)).toBeCloseTo(0.1, 9);
    expect(measures.rows[0]?.multiples.tvpi).toBe("1.2");
    expect(gross?.twr?.label.text).toContain("gross");
  });
  it("counts a fee that was given back as money from elsewhere", () => {
    // 110 less 10; then 100 earned 2 and got 3 back
    const { gross } = unitPerformance(charged([null, "10", "-3"]));
    expect([gross?.twr?.cumulative, gross?.classes[0]?.twr?.cumulative]).toEqual(["0.122", "0.122"]);
  });
  it.each([[[null, "10", null]], [[undefined, undefined, "5"]]])(
    "is not there where a price does not say: %j",
    (fees) => {
      const { gross, measures } = unitPerformance(charged(fees));
      expect(gross).toBeNull();
      expect(measures.missing).toEqual([{ fees: "gross", subscriptionLine: "none" }]);
    },
  );
  it("charges only who held units before the day", () => {
    const late = charged([null, "10", "5"]);
    late.classes[0]!.flows.push(bought("2026-12-31", "100", "10500"));
    const { gross, measures } = unitPerformance(late);
    expect(gross?.twr?.cumulative).toBe("0.21");
    // 100 and 50 handed out, 11,550 left, of 11,500 paid in
    expect(measures.rows[0]?.multiples).toMatchObject({ tvpi: "1.017391304347826087" });
  });
});
