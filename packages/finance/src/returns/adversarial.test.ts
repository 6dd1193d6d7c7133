// Flows meant to mislead a solver: none may come back wrong. The one-investor function on exact amounts, and the batch on floating point.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FlowColumns, twrBatch, xirrBatch } from "./batch.ts";
import { dayNumber } from "./flows.ts";
import { VERDICTS } from "./internal-rate.ts";
import { returnThreads, type SharedColumns, shared, sharedRates } from "./threads.ts";
import { xirr } from "./xirr.ts";

const basis = { fees: "net", subscriptionLine: "none", staleShare: null } as const;
type Rows = readonly (readonly [date: string, amount: string])[];
const solve = (rows: Rows) => xirr({ flows: rows.map(([date, amount]) => ({ date, amount })), basis });

/** One or many investors as columns. */
function columnsOf(investors: readonly (readonly (readonly [day: number, amount: number])[])[]): SharedColumns {
  const flows: FlowColumns = {
    offsets: shared.offsets(investors.length + 1),
    days: shared.days(investors.flat().length),
    amounts: shared.doubles(investors.flat().length),
  };
  let at = 0;
  investors.forEach((rows, i) => {
    for (const [day, amount] of rows) {
      flows.days[at] = day;
      flows.amounts[at] = amount;
      at += 1;
    }
    flows.offsets[i + 1] = at;
  });
  return { flows, rates: sharedRates(investors.length) };
}

function batch(rows: readonly (readonly [number, number])[]) {
  const { flows, rates } = columnsOf([rows]);
  xirrBatch(flows, rates, 0, 1);
  return {
    verdict: VERDICTS[rates.verdicts[0]!]!,
    rate: rates.rates[0]!,
    roots: rates.roots[0]!,
    window: rates.windows[0]!,
  };
}

const CASES: [what: string, rows: Rows, expected: Record<string, unknown>][] = [
  [
    "all paid in",
    [
      ["2020-01-01", "-1"],
      ["2021-01-01", "-1"],
    ],
    { verdict: "no_root", reason: "one_sign", rate: null },
  ],
  [
    "all received",
    [
      ["2020-01-01", "1"],
      ["2021-01-01", "1"],
    ],
    { verdict: "no_root", reason: "one_sign", rate: null },
  ],
  ["one flow", [["2020-01-01", "-1"]], { verdict: "no_root", reason: "one_day", rate: null }],
  [
    "all on one day",
    [
      ["2020-01-01", "-100"],
      ["2020-01-01", "110"],
    ],
    { verdict: "no_root", reason: "one_day", rate: null },
  ],
  [
    "nothing but zeros",
    [
      ["2020-01-01", "0"],
      ["2021-01-01", "-0.00"],
    ],
    { verdict: "no_root", reason: "nothing_flows" },
  ],
  [
    "days that cancel exactly",
    [
      ["2020-01-01", "-100"],
      ["2020-01-01", "100"],
      ["2021-01-01", "0"],
    ],
    { verdict: "no_root", reason: "nothing_flows" },
  ],
  [
    "days that cancel to the last of 38 digits",
    [
      ["2020-01-01", "-99999999999999999999999999999999999999"],
      ["2020-01-01", "99999999999999999999999999999999999998"],
      ["2021-01-01", "1.1"],
    ],
    { verdict: "unique", rate: "0.099713585934", signChanges: 1 },
  ],
  [
    "a sum on one day that turns the sign",
    [
      ["2021-01-01", "-50"],
      ["2020-01-01", "-100"],
      ["2021-01-01", "160"],
    ],
    { verdict: "unique", rate: "0.099713585934" },
  ],
  [
    "amounts near the largest",
    [
      ["2021-01-01", "-90000000000000000000000000000000000000"],
      ["2022-01-01", "99000000000000000000000000000000000000"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "amounts of the smallest unit",
    [
      ["2021-01-01", "-0.000000000000000010"],
      ["2022-01-01", "0.000000000000000011"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "a huge beside a tiny flow",
    [
      ["2020-01-02", "-0.000000000000000001"],
      ["2021-01-01", "-90000000000000000000000000000000000000"],
      ["2022-01-01", "99000000000000000000000000000000000000"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "before 1970",
    [
      ["1921-01-01", "-100"],
      ["1922-01-01", "110"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "around 1970",
    [
      ["1969-06-01", "-100"],
      ["1970-06-01", "110"],
    ],
    { verdict: "unique", rate: "0.1" },
  ],
  [
    "a thousand years",
    [
      ["1000-01-01", "-1"],
      ["2000-01-01", "2"],
    ],
    { verdict: "unique", rate: "0.000692927883" },
  ],
  [
    "from year 1 to 9999",
    [
      ["0001-01-01", "-1"],
      ["9999-12-31", "2"],
    ],
    { verdict: "unique", rate: "0.000069278058" },
  ],
  [
    "ten years of −90 %",
    [
      ["2010-01-01", "-10000000000"],
      ["2019-12-30", "1"],
    ],
    { verdict: "unique", rate: "-0.9" },
  ],
  [
    "beyond the range above",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "12"],
    ],
    { verdict: "outside_range", rate: "11", reason: null },
  ],
  [
    "beyond the range below",
    [
      ["2021-01-01", "-1000"],
      ["2022-01-01", "1"],
    ],
    { verdict: "outside_range", rate: "-0.999" },
  ],
  [
    "at the upper end, which is not in the range",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "11"],
    ],
    { verdict: "outside_range", rate: "10" },
  ],
  [
    "at the lower end, which is not in the range",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "1"],
    ],
    { verdict: "outside_range", rate: "-0.99" },
  ],
  [
    "a doubling in a day",
    [
      ["2021-01-01", "-1"],
      ["2021-01-02", "2"],
    ],
    { verdict: "unique", rate: "1", yearlyRate: null },
  ],
  [
    "nearly all lost in a day",
    [
      ["2021-01-01", "-1"],
      ["2021-01-02", "0.05"],
    ],
    { verdict: "unique", rate: "-0.95", yearlyRate: null },
  ],
  [
    "a rate no double could hold",
    [
      ["2021-01-01", "-0.000000000000000001"],
      ["2021-01-02", "90000000000000000000000000000000000000"],
      ["2022-06-01", "1"],
    ],
    { verdict: "outside_range", rate: null, reason: "not_representable" },
  ],
  [
    "two rates, 10 % and 30 %",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "240"],
      ["2023-01-01", "-143"],
    ],
    {
      verdict: "ambiguous",
      ambiguous: true,
      rate: "0.1",
      signChanges: 2,
      roots: [
        { rate: "0.1", yearlyRate: "0.1" },
        { rate: "0.3", yearlyRate: "0.3" },
      ],
    },
  ],
  [
    "three rates, 0 %, 100 % and 200 %",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "6"],
      ["2023-01-01", "-11"],
      ["2024-01-01", "6"],
    ],
    // 2024 is no leap year yet on its first day: every step is 365 days
    {
      verdict: "ambiguous",
      rate: "0",
      roots: [
        { rate: "0", yearlyRate: "0" },
        { rate: "1", yearlyRate: "1" },
        { rate: "2", yearlyRate: "2" },
      ],
    },
  ],
  [
    "two sign changes and no rate",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "150"],
      ["2023-01-01", "-100"],
    ],
    { verdict: "no_root", reason: "no_root_in_range", signChanges: 2, rate: null, roots: [] },
  ],
  [
    "a rate that only touches",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "2.2"],
      ["2023-01-01", "-1.21"],
    ],
    { verdict: "non_conventional", rate: "0.1", signChanges: 2 },
  ],
  [
    "nearly touching from below",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "2.2"],
      ["2023-01-01", "-1.210000000000000001"],
    ],
    { verdict: "no_root", rate: null },
  ],
  [
    "nearly touching from above",
    [
      ["2021-01-01", "-1"],
      ["2022-01-01", "2.200000000000000001"],
      ["2023-01-01", "-1.21"],
    ],
    { verdict: "ambiguous", signChanges: 2 },
  ],
  [
    "several changes, one rate",
    [
      ["2021-01-01", "-100"],
      ["2022-01-01", "10"],
      ["2023-01-01", "-50"],
      ["2024-01-01", "170"],
    ],
    { verdict: "non_conventional", rate: "0.084458000573", signChanges: 3 },
  ],
];

describe("one investor", () => {
  it.each(CASES)("%s", (_what, rows, expected) => {
    expect(solve(rows)).toMatchObject(expected);
    // the order of the input says nothing
    expect(solve([...rows].reverse())).toEqual(solve(rows));
  });

  it("two nearly touching rates are told apart", () => {
    const { roots } = solve([
      ["2021-01-01", "-1"],
      ["2022-01-01", "2.200000000000000001"],
      ["2023-01-01", "-1.21"],
    ]);
    expect(roots.map(({ rate }) => rate)).toEqual(["0.099999998951", "0.100000001049"]);
  });

  it("counts rates among thousands of alternating flows, or says that it cannot", () => {
    const rows = Array.from({ length: 2_000 }, (_, i): [string, string] => [
      new Date((i + 10_000) * 86_400_000).toISOString().slice(0, 10),
      i === 0 ? "-1000" : i === 1_999 ? "1500" : i % 2 ? "900" : "-905",
    ]);
    const result = solve(rows);
    expect(["ambiguous", "non_conventional", "no_root", "undecided"]).toContain(result.verdict);
    for (const { yearlyRate } of result.roots) expect(Math.abs(residual(rows, Number(yearlyRate)))).toBeLessThan(1e-6);
    // (1 − v)² over and over: touches zero at 0 %, among too many flows for 60 digits
    const touching = Array.from({ length: 2_000 }, (_, i): [string, string] => [
      rowDate(i),
      String([-1, 2, -1, 0][i % 4]),
    ]);
    expect(solve(touching)).toMatchObject({ verdict: "undecided", rate: null, reason: "too_many_flows" });
  });

  it.each([
    ["a day that does not exist", "2023-02-29", "1"],
    ["an exponent", "2023-02-28", "1e3"],
    ["no number", "2023-02-28", "NaN"],
  ])("refuses %s", (_what, date, amount) => {
    expect(() => solve([[date, amount]])).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

const rowDate = (i: number): string => new Date((i * 30 + 1_000) * 86_400_000).toISOString().slice(0, 10);

/** Net present value as a share of what moves, summed here and not by the kernel. */
function residual(rows: Rows, rate: number): number {
  const start = Math.min(...rows.map(([date]) => dayNumber(date)));
  const terms = rows.map(([date, amount]) => Number(amount) * (1 + rate) ** (-(dayNumber(date) - start) / 365));
  return terms.reduce((a, b) => a + b, 0) / terms.reduce((a, b) => a + Math.abs(b), 0);
}

describe("the batch", () => {
  it("says what the one-investor function says", () => {
    for (const [what, rows] of CASES.filter(([name]) => !/38 digits|nearly touching/.test(name))) {
      const one = solve(rows);
      const many = batch(rows.map(([date, amount]) => [dayNumber(date), Number(amount)]));
      expect([what, many.verdict]).toEqual([what, one.verdict]);
      if (one.rate !== null) expect(many.rate).toBeCloseTo(Number(one.rate), 11);
      else if (one.verdict === "no_root") expect(many.rate).toBeNaN();
      expect([what, many.roots]).toEqual([what, one.verdict === "outside_range" ? 0 : one.roots.length]);
    }
  });

  it("keeps a unit between two large flows of one day, in any order", () => {
    for (const day of [
      [1e20, -1e20, -1],
      [-1, 1e20, -1e20],
      [1e20, -1, -1e20],
    ])
      expect(batch([...day.map((amount) => [0, amount] as const), [365, 1.1]])).toMatchObject({
        verdict: "unique",
        window: 365,
      });
    expect(
      batch([
        [0, 1e20],
        [365, 1.1],
        [0, -1],
        [0, -1e20],
      ]).rate,
    ).toBeCloseTo(0.1, 14);
  });

  it("has no figure for an investor without flows, and refuses what is not finite", () => {
    expect(batch([])).toMatchObject({ verdict: "no_root", roots: 0, window: 0 });
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() =>
        batch([
          [0, -1],
          [365, amount],
        ]),
      ).toThrowError(expect.objectContaining({ code: "EG400" }));
  });

  const investor = fc.array(
    fc.tuple(fc.integer({ min: -9_000, max: 9_000 }), fc.integer({ min: -100_000, max: 100_000 })),
    {
      minLength: 2,
      maxLength: 20,
    },
  );

  it("solves the equation, whatever the flows, in any order, any currency unit and any year", {
    timeout: 60_000,
  }, () => {
    fc.assert(
      fc.property(investor, fc.integer({ min: -200_000, max: 200_000 }), (rows, moved) => {
        const found = batch(rows);
        const same = batch([...rows].reverse().map(([day, amount]) => [day + moved, amount * 1024]));
        expect([same.verdict, same.roots]).toEqual([found.verdict, found.roots]);
        if (Number.isNaN(found.rate)) return;
        expect(Math.abs(same.rate - found.rate)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(found.rate)));
        if (found.window < 365 || found.rate > 1e6 || found.rate < -0.999_999) return;
        const start = Math.min(...rows.map(([day]) => day));
        const terms = rows.map(([day, amount]) => amount * (1 + found.rate) ** (-(day - start) / 365));
        const net = terms.reduce((a, b) => a + b, 0) / terms.reduce((a, b) => a + Math.abs(b), 0);
        expect(Math.abs(net)).toBeLessThan(1e-8);
      }),
      { numRuns: 10_000 },
    );
  });

  it("gives the same bytes on threads as here, for both measures", { timeout: 60_000 }, async () => {
    const investors = fc.sample(investor, { numRuns: 40_000, seed: 7 });
    const columns = columnsOf(investors);
    const values = shared.doubles(columns.flows.amounts.length).map((_, i) => 50 + (i % 17));
    const returns = shared.doubles(investors.length);
    const all: SharedColumns = { ...columns, values: shared.doubles(values.length), returns };
    all.values!.set(values);
    const threads = await returnThreads(all, 2);
    try {
      await threads.run("xirr");
      await threads.run("twr");
    } finally {
      await threads.close();
    }
    const here = columnsOf(investors);
    xirrBatch(here.flows, here.rates, 0, investors.length);
    expect(columns.rates).toEqual(here.rates);
    const expected = new Float64Array(investors.length);
    twrBatch(here.flows, values, expected, 0, investors.length);
    expect(Float64Array.from(returns)).toEqual(expected);
    expect(new Set(here.rates.verdicts).size).toBeGreaterThan(3);
  });

  it("says on threads what is wrong with the input", { timeout: 60_000 }, async () => {
    const columns = columnsOf([
      [
        [0, -1],
        [365, Number.NaN],
      ],
    ]);
    const threads = await returnThreads(columns, 1);
    try {
      await expect(threads.run("xirr")).rejects.toMatchObject({ code: "EG400" });
      await expect(threads.run("twr")).rejects.toMatchObject({ code: "EG400" });
    } finally {
      await threads.close();
    }
  });

  it("has the time-weighted return of the vector, a pause, a total loss, and none for value out of nothing", () => {
    const twr = (flows: number[], values: number[]): number => {
      const out = new Float64Array(1);
      twrBatch(
        { offsets: Uint32Array.of(0, flows.length), amounts: Float64Array.from(flows) },
        Float64Array.from(values),
        out,
        0,
        1,
      );
      return out[0]!;
    };
    expect(twr([-100, -10, 20, 97], [0, 104, 112, 97])).toBeCloseTo(2533 / 32775, 15);
    expect(twr([-100, 104, -50, 55], [0, 104, 0, 55])).toBeCloseTo(0.144, 15);
    expect(twr([-100, -50, 0], [0, 0, 97])).toBe(-1);
    expect(twr([-100, 104, 0], [0, 104, 97])).toBeNaN();
  });
});
