// Philox4x32-10 against the known answers its authors publish (Random123, kat_vectors), and the normal quantile against scipy.stats.norm.ppf.
import fc from "fast-check";
import { expect, it } from "vitest";
import { LONG, must, RUNS } from "./dealing/arbitrary-day.ts";
import { normalOf, normalQuantile, philox, uniform, type Words } from "./philox.ts";

const ONES = 0xffffffff;
it.each<[Words, [number, number], Words]>([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [ONES, ONES, ONES, ONES],
    [ONES, ONES],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])("known answer %#", (counter, key, answer) => {
  expect(philox(counter, key)).toEqual(answer);
});

it.each([
  [1e-300, -37.0470962993612],
  [1e-20, -9.262340089798409],
  [1e-6, -4.753424308822899],
  [0.02425, -1.972961051311885],
  [0.3, -0.5244005127080409],
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.999999, 4.753424308817087],
])("the quantile of %d is %d", (p, x) => {
  expect(Math.abs(normalQuantile(p) - x)).toBeLessThanOrEqual(1e-15 * Math.max(1, Math.abs(x)));
});

const word = fc.integer({ min: 0, max: ONES });
it("any cell: the product of big integers gives the same words; uniform numbers lie inside (0, 1); the cell can be drawn again", {
  timeout: LONG,
}, () => {
  const exact = (counter: readonly number[], key: readonly number[]): number[] => {
    const mask = 0xffffffffn;
    let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
    let [k, l] = key.map(BigInt) as [bigint, bigint];
    for (let round = 0; round < 10; round += 1) {
      const [p, q] = [0xd2511f53n * a, 0xcd9e8d57n * c];
      [a, b, c, d] = [(q >> 32n) ^ b ^ k, q & mask, (p >> 32n) ^ d ^ l, p & mask];
      [k, l] = [(k + 0x9e3779b9n) & mask, (l + 0xbb67ae85n) & mask];
    }
    return [a, b, c, d].map(Number);
  };
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
      const words = philox(counter, key);
      must(words.join() === exact(counter, key).join(), "the same words");
      const u = uniform(words[0], words[1]);
      must(u > 0 && u < 1, "inside (0, 1)");
      const seed = (BigInt(key[1]) << 32n) | BigInt(key[0]);
      const [scenario, factor] = [counter[0], counter[1] % 1_000];
      const [first, other, again] = [0, 1, 0].map((step) => normalOf(seed, scenario, factor + step, 3));
      must(first === again && first !== other, "drawn again, and no neighbour");
    }),
    RUNS,
  );
});

it("a hundred thousand cells have the mean, the spread and the independence of normal numbers, within five deviations", () => {
  const n = 50_000;
  let [sum, squares, products] = [0, 0, 0];
  for (let s = 0; s < n; s += 1) {
    const [x, y] = [normalOf(20_261_121n, s, 0), normalOf(20_261_121n, s, 1)];
    sum += x + y;
    squares += x * x + y * y;
    products += x * y;
  }
  expect(Math.abs(sum / (2 * n))).toBeLessThan(5 / Math.sqrt(2 * n));
  expect(Math.abs(squares / (2 * n) - 1)).toBeLessThan(5 * Math.sqrt(2 / (2 * n)));
  expect(Math.abs(products / n)).toBeLessThan(5 / Math.sqrt(n));
});
