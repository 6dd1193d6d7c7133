// Flows meant to mislead a solver: none may come back wrong. The one-investor function on exact amounts, and the batch on floating point.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CASES, type Rows } from "./adversarial-cases.ts";
import { type FlowColumns, type RateColumns, twrBatch, xirrBatch } from "./batch.ts";
import { dayNumber } from "./flows.ts";
import { VERDICTS } from "./internal-rate.ts";
import { xirr } from "./xirr.ts";

const basis = { fees: "net", subscriptionLine: "none", staleShare: null } as const;
const solve = (rows: Rows) => xirr({ flows: rows.map(([date, amount]) => ({ date, amount })), basis });

/** One investor as columns. */
function columnsOf(rows: readonly (readonly [number, number])[]): { flows: FlowColumns; rates: RateColumns } {
  return {
    flows: {
      offsets: Uint32Array.of(0, rows.length),
      days: Int32Array.from(rows, ([day]) => day),
      amounts: Float64Array.from(rows, ([, amount]) => amount),
    },
    rates: {
      rates: new Float64Array(1),
      verdicts: new Uint8Array(1),
      roots: new Uint8Array(1),
      windows: new Int32Array(1),
    },
  };
}

function batch(rows: readonly (readonly [number, number])[]) {
  const { flows, rates } = columnsOf(rows);
  xirrBatch(flows, rates, 0, 1);
  return {
    verdict: VERDICTS[rates.verdicts[0]!]!,
    rate: rates.rates[0]!,
    roots: rates.roots[0]!,
    window: rates.windows[0]!,
  };
}

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

  it("has no figure where no double holds it, as the one-investor function has none", () => {
    const rows = [
      ["2021-01-01", "1"],
      ["2021-01-02", "-7"],
      ["2022-01-01", "0"],
    ] as const;
    expect(solve(rows)).toMatchObject({ verdict: "outside_range", rate: null, reason: "not_representable" });
    expect(batch(rows.map(([date, amount]) => [dayNumber(date), Number(amount)]))).toMatchObject({
      verdict: "outside_range",
      rate: Number.NaN,
    });
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
