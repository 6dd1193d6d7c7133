// R36: the published start value, a recursion done by hand, and any terms held against a second form of the same sum in floating point.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PACING_TERMS } from "../calc/stress-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { Exact } from "../money.ts";
import { commitmentPacing } from "./pacing.ts";
import { pacingShape } from "./pacing-shape.ts";

const EG400 = expect.objectContaining({ code: "EG400" });
const EG427 = expect.objectContaining({ code: "EG427" });
const THREE = { calls: ["0.5"], growth: "0.1", yield: "0", lifetime: 3 };

describe("R36 vectors", () => {
  it("M 1.8, G 15 %, L 12: d 0.32655 and B₀ 1.97251", () => {
    // ln 1.8 = 0.5877866649…, over 0.15 · 12 = 1.8 is 0.3265481472; e^(π·0.3265481472) / √2 = 2.789548… / 1.414213… = 1.97251
    const { d, startShape, tvpi } = pacingShape({ ...PACING_TERMS, multiple: "1.8" });
    expect(Number(d).toFixed(5)).toBe("0.32655");
    expect(Number(startShape).toFixed(5)).toBe("1.97251");
    expect(Math.abs(Number(tvpi) / 1.8 - 1)).toBeLessThan(1e-9);
  });

  it("B₀ alone would miss: the terms' own calls and lifetime move B", () => {
    const { shape, startShape } = pacingShape({ ...PACING_TERMS, multiple: "1.8" });
    expect(shape).not.toBe(startShape);
    expect(() => pacingShape({ ...PACING_TERMS, multiple: "1.8", shape: startShape! })).toThrowError(EG427);
  });

  it("three years by hand with B = 1: calls 50, 25, 12.5; distributions 0, 36.67, 47.67", () => {
    // t2: 50 grows to 55, of which 2/3 goes: 36.6667, and 25 is called: 43.3333. t3: 43.3333 grows to 47.6667, all goes.
    const { periods, commitments, unfunded } = commitmentPacing({
      commitments: [{ id: "a", ...THREE, commitment: "100", shape: "1" }],
    });
    expect(periods.map(({ calls }) => calls)).toEqual(["50", "25", "12.5"]);
    expect(periods.map(({ distributions }) => Number(distributions).toFixed(6))).toEqual([
      // 50 · 0 in the first year: nothing was there to grow
      "0.000000",
      "36.666667",
      "47.666667",
    ]);
    expect(periods.map(({ nav }) => Number(nav).toFixed(6))).toEqual(["50.000000", "43.333333", "12.500000"]);
    expect(periods.map((row) => row.unfunded)).toEqual(["50", "25", "12.5"]);
    expect(unfunded).toBe("100");
    // (84.3333 + 12.5) / 87.5
    expect(Number(commitments[0]!.multipleToCome).toFixed(6)).toBe("1.106667");
  });

  it("a given B that gives M is kept, to 0.1 %", () => {
    const multiple = new Exact(84 + 1 / 3).plus("12.5").div("87.5");
    expect(pacingShape({ ...THREE, multiple: multiple.toFixed(18), shape: "1" }).shape).toBe("1");
    expect(pacingShape({ ...THREE, multiple: multiple.times("1.00099").toFixed(18), shape: "1" }).shape).toBe("1");
    expect(() => pacingShape({ ...THREE, multiple: multiple.times("1.0011").toFixed(18), shape: "1" })).toThrowError(
      EG427,
    );
  });

  it("solves for a value that shrinks too: later distributions are worth less", () => {
    // at once: (47.5 + 23.75 + 12.5) / 87.5 = 0.957; at the end: (45.125 + 23.75 + 12.5) / 87.5 = 0.93
    const { tvpi } = pacingShape({ ...THREE, growth: "-0.05", multiple: "0.94" });
    expect(Math.abs(Number(tvpi) / 0.94 - 1)).toBeLessThan(1e-9);
    expect(() => pacingShape({ ...THREE, growth: "-0.05", multiple: "0.96" })).toThrowError(EG427);
  });

  it("the yield is a floor under the distributions", () => {
    const { periods } = commitmentPacing({
      commitments: [
        { id: "a", ...THREE, yield: "0.5", commitment: "100", nav: "100", paidIn: "100", age: 0, shape: "9" },
      ],
    });
    expect(periods[0]).toMatchObject({ calls: "0", distributions: "55", nav: "55" });
  });

  it("goes on at the age the commitment has, and ends after its lifetime", () => {
    const { periods } = commitmentPacing({
      commitments: [{ id: "a", ...THREE, commitment: "100", paidIn: "75", nav: "40", age: 2, shape: "1" }],
      periods: 3,
    });
    expect(periods).toMatchObject([
      { calls: "12.5", distributions: "44", nav: "12.5", net: "31.5" },
      // nothing is called any more; what the last call bought is paid back with its growth
      { calls: "0", distributions: "13.75", nav: "0" },
      { calls: "0", distributions: "0" },
    ]);
  });

  it("stress: calls a fifth more, distributions 70 % less, values a quarter down, for one year", () => {
    const { periods, overCommitment } = commitmentPacing({
      commitments: [{ id: "a", ...THREE, commitment: "100", paidIn: "50", nav: "80", age: 1, shape: "1" }],
      periods: 2,
      stress: { calls: "1.2", distributions: "0.3", value: "0.25", periods: 1 },
      fundNav: "400",
    });
    // 80 → 60, grows to 66; call 25 · 1.2 = 30; distribution 44 · 0.3 = 13.2; value 82.8. Then grows to 91.08 and goes; 20 · ½ is called.
    expect(Number(periods[0]!.distributions).toFixed(9)).toBe("13.200000000");
    expect(periods[0]!.calls).toBe("30");
    expect(Number(periods[1]!.distributions).toFixed(9)).toBe("91.080000000");
    expect(periods[1]!.calls).toBe("10");
    // (60 + 50) / 400
    expect(overCommitment).toBe("0.275");
  });

  it("never calls more than is left, however large the factor", () => {
    const { periods } = commitmentPacing({
      commitments: [{ id: "a", ...THREE, commitment: "100", shape: "1" }],
      stress: { calls: "50" },
    });
    expect(periods.map(({ calls }) => calls)).toEqual(["100", "0", "0"]);
  });

  it.each([
    ["more than keeping everything to the end gives", { ...THREE, multiple: "1.2" }],
    ["less than distributing at once gives", { ...THREE, multiple: "0.9" }],
    ["anything but 1 without growth", { ...THREE, growth: "0", multiple: "1.5" }],
  ])("has no B for %s", (_what, terms) => expect(() => pacingShape(terms)).toThrowError(EG427));

  it.each([
    () => pacingShape({ ...THREE, multiple: "0" }),
    () => pacingShape({ ...THREE, calls: ["0"], multiple: "1.1", shape: "1" }),
    () => pacingShape({ ...THREE, growth: "-1", multiple: "1.1" }),
    () => commitmentPacing({ commitments: [{ id: "a", ...THREE, commitment: "100" }] }),
    () => commitmentPacing({ commitments: [{ id: "a", ...THREE, commitment: "100", paidIn: "101", shape: "1" }] }),
  ])("refuses malformed input %#", (call) => expect(call).toThrowError(EG400));
});

it("R36 for any terms: the B that is found gives the multiple of the B that made it, and no unit is lost on the way", {
  timeout: LONG,
}, () => {
  const cents = (max: number) => fc.nat({ max }).map((n) => n / 100);
  const terms = fc.record({
    calls: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
    growth: fc.integer({ min: 1, max: 30 }),
    least: cents(20),
    lifetime: fc.integer({ min: 2, max: 8 }),
    made: fc.integer({ min: 20, max: 600 }).map((n) => n / 100),
    factor: fc.integer({ min: 0, max: 300 }).map((n) => n / 100),
  });
  fc.assert(
    fc.property(terms, ({ calls, growth, least, lifetime, made, factor }) => {
      const rate = (t: number, shape: number) => (t >= lifetime ? 1 : Math.max(least, (t / lifetime) ** shape));
      /** Each call on its own: what it has grown to, times what was kept before, times what goes. */
      const called: number[] = [];
      let left = 1;
      for (let t = 1; t <= lifetime; t += 1) {
        called.push((left * calls[Math.min(t, calls.length) - 1]!) / 100);
        left -= called[t - 1]!;
      }
      const multiple = (shape: number) => {
        const back = called.map((call, at) => {
          let [kept, out] = [1, 0];
          for (let t = at + 2; t <= lifetime; t += 1) {
            const grown = kept * (1 + growth / 100);
            out += grown * rate(t, shape);
            kept = grown * (1 - rate(t, shape));
          }
          return call * (out + kept);
        });
        return back.reduce((sum, one) => sum + one, 0) / (1 - left);
      };
      const wanted = multiple(made);
      const shared = {
        calls: calls.map((share) => (share / 100).toFixed(2)),
        growth: (growth / 100).toFixed(2),
        yield: least.toFixed(2),
        lifetime,
      };
      const found = pacingShape({ ...shared, multiple: wanted.toFixed(17) });
      must(Math.abs(Number(found.tvpi) / wanted - 1) < 1e-9, "TVPI is the multiple");
      must(Math.abs(multiple(Number(found.shape)) / wanted - 1) < 1e-9, "in the other form too");
      const { periods } = commitmentPacing({
        commitments: [{ id: "a", ...shared, commitment: "1", shape: found.shape }],
        stress: { calls: factor.toFixed(2), distributions: "0.3" },
      });
      let [nav, paidIn] = [0, 0];
      for (const [index, row] of periods.entries()) {
        const call = Math.min(
          1 - paidIn,
          ((1 - paidIn) * calls[Math.min(index + 1, calls.length) - 1]! * factor) / 100,
        );
        const grown = nav * (1 + growth / 100);
        const out = grown * rate(index + 1, Number(found.shape)) * 0.3;
        nav = grown + call - out;
        paidIn += call;
        must(Math.abs(Number(row.calls) - call) < 1e-9, `call of period ${index + 1}`);
        must(Math.abs(Number(row.distributions) - out) < 1e-9, `distribution of period ${index + 1}`);
        must(Math.abs(Number(row.nav) - nav) < 1e-9, `value after period ${index + 1}`);
        must(Number(row.unfunded) >= 0, "no call above the commitment");
      }
    }),
    RUNS,
  );
});
