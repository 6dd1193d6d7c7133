// Philox against its published answers, the normal quantile against tables and its own inverse, correlations against their matrix.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cholesky } from "./cholesky.ts";
import { normalProbability, normalQuantile } from "./normal.ts";
import { keyOfSeed, philox4x32, uniformAt } from "./philox.ts";

const RUNS = { numRuns: 10_000 } as const;
const hex = (text: string): number[] => text.split(" ").map((word) => Number.parseInt(word, 16));

/** The same function in whole numbers without limit, written apart from it: what the fast one is held against. */
function slowPhilox(counter: number[], key: number[], rounds = 10): number[] {
  const LOW = 0xffffffffn;
  let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [x, y] = key.map(BigInt) as [bigint, bigint];
  for (let i = 0; i < rounds; i++) {
    const [p, q] = [0xd2511f53n * a, 0xcd9e8d57n * c];
    [a, b, c, d] = [(q >> 32n) ^ b ^ x, q & LOW, (p >> 32n) ^ d ^ y, p & LOW];
    [x, y] = [(x + 0x9e3779b9n) & LOW, (y + 0xbb67ae85n) & LOW];
  }
  return [a, b, c, d].map(Number);
}

// Known answers: Random123 (D. E. Shaw Research), tests/kat_vectors, the lines "philox4x32 10" and "philox4x32 7": counter, key, answer.
const ZERO = "00000000 00000000 00000000 00000000 00000000 00000000";
const ONES = "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff";
const PI = "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0";
const KNOWN: [rounds: number, input: string, answer: string][] = [
  [10, ZERO, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  [10, ONES, "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  [10, PI, "d16cfe09 94fdcceb 5001e420 24126ea1"],
  [7, ONES, "5207ddc2 45165e59 4d8ee751 8c52f662"],
  [7, PI, "4dfccaba 190a87f0 c47362ba b6b5242a"],
];

describe("Philox4x32", () => {
  it.each(KNOWN)("%i rounds of %s", (rounds, input, answer) => {
    const [given, out] = [hex(input), new Uint32Array(4)];
    philox4x32(given.slice(0, 4), given.slice(4), out, rounds);
    expect([...out]).toEqual(hex(answer));
    expect(slowPhilox(given.slice(0, 4), given.slice(4), rounds)).toEqual(hex(answer));
  });
  it("is the function in exact whole numbers, for any counter and key", () => {
    const word = fc.nat(0xffffffff);
    const out = new Uint32Array(4);
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        philox4x32(counter, key, out);
        expect([...out]).toEqual(slowPhilox(counter, key));
      }),
      RUNS,
    );
  });
  it("takes a seed of 53 bits whole", () => {
    expect(keyOfSeed(7)).toEqual([7, 0]);
    expect(keyOfSeed(Number.MAX_SAFE_INTEGER)).toEqual([0xffffffff, 0x1fffff]);
  });
});

describe("uniform numbers", () => {
  it("lie strictly between 0 and 1, and each is its own", () => {
    const word = fc.nat(0xffffffff);
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), word, word, fc.nat(100), (seed, row, period, column) => {
        const value = uniformAt(seed, row, period, column);
        expect(value > 0 && value < 1).toBe(true);
        // the middle of one of 2^52 steps
        expect((value * 2 ** 52) % 1).toBe(0.5);
        expect(uniformAt(seed, row, period, column)).toBe(value);
        expect(uniformAt(seed, row, period, column + 1)).not.toBe(value);
      }),
      RUNS,
    );
  });
  it("fill their range evenly, and neighbours are not correlated", () => {
    const n = 100_000;
    const cells = new Array<number>(100).fill(0);
    let product = 0;
    for (let row = 0; row < n; row++) {
      const [a, b] = [uniformAt(20251121, row, 1, 0), uniformAt(20251121, row, 1, 1)];
      cells[Math.floor(a * 100)]! += 1;
      product += (a - 0.5) * (b - 0.5);
    }
    // chi-square with 99 degrees of freedom: 99.9 % lie below 149
    expect(cells.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0)).toBeLessThan(149);
    // the mean of n products has a standard deviation of 1/12/√n
    expect(Math.abs(product / n) * 12 * Math.sqrt(n)).toBeLessThan(4);
  });
});

describe("the normal distribution", () => {
  // AS 241's own check values, and tables: z(0.975) = 1.959963984540054, z(1e-20) = -9.262340089798409
  it.each([
    [0.5, 0],
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167813],
    [1e-20, -9.262340089798409],
    [0.975, 1.959963984540054],
    [0.9999, 3.719016485455709],
  ])("quantile of %f", (p, z) => expect(normalQuantile(p)).toBeCloseTo(z, 13));
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-2, 0.02275013194817921],
    [5, 0.9999997133484281],
  ])("probability of %f", (z, p) => expect(normalProbability(z)).toBeCloseTo(p, 14));
  it("quantile and probability undo each other, and the quantile rises", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
        fc.double({ min: 1e-9, max: 1e-3, noNaN: true }),
        (p, step) => {
          expect(Math.abs(normalProbability(normalQuantile(p)) - p)).toBeLessThan(1e-14);
          expect(normalQuantile(Math.min(p + step, 1 - 1e-7))).toBeGreaterThan(
            normalQuantile(Math.min(p, 1 - 2e-7)) - 1e-12,
          );
        },
      ),
      RUNS,
    );
  });
});

describe("correlation", () => {
  it("the triangle times its transpose is the matrix, for any matrix made of unit vectors", () => {
    const vector = fc
      .array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 })
      .filter((v) => v.some((x) => x !== 0));
    fc.assert(
      fc.property(fc.array(vector, { minLength: 2, maxLength: 6 }), (vectors) => {
        const units = vectors.map((v) => v.map((x) => x / Math.sqrt(v.reduce((sum, one) => sum + one * one, 0))));
        const matrix = units.map((a, i) =>
          units.map((b, j) =>
            i === j
              ? 1
              : Math.max(
                  -1,
                  Math.min(
                    1,
                    a.reduce((sum, x, k) => sum + x * b[k]!, 0),
                  ),
                ),
          ),
        );
        const triangle = cholesky(matrix);
        for (const [i, row] of triangle.entries())
          for (const [j, other] of triangle.entries())
            expect(Math.abs(row.reduce((sum, x, k) => sum + x * other[k]!, 0) - matrix[i]![j]!)).toBeLessThan(2e-4);
      }),
      RUNS,
    );
  });
  it.each([
    ["of no square", [[1, 0], [0]], "as many columns"],
    [
      "without ones",
      [
        [1, 0],
        [0, 0.9],
      ],
      "on its diagonal",
    ],
    [
      "that is lopsided",
      [
        [1, 0.5],
        [0.4, 1],
      ],
      "symmetric",
    ],
    [
      "that contradicts itself",
      [
        [1, 0.9, 0.9],
        [0.9, 1, -0.9],
        [0.9, -0.9, 1],
      ],
      "contradict",
    ],
    [
      "that contradicts a correlation of 1",
      [
        [1, 1, 0.5],
        [1, 1, 0.2],
        [0.5, 0.2, 1],
      ],
      "contradict",
    ],
  ])("a matrix %s is refused", (_what, matrix, words) => expect(() => cholesky(matrix)).toThrow(words));
});
