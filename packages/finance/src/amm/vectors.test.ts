// Vectors of pools (R48, R49), each worked out on paper as its comment says, and what is refused.
import { describe, expect, it } from "vitest";
import type { AmmPool } from "./pool.ts";
import { ammProviderLoss } from "./provider-loss.ts";
import { ammQuote, ammSlippage } from "./quote.ts";
import { ammMaxTrade, ammSlices } from "./slicing.ts";
import { balanceAt, invariantOf, rootOf } from "./stable-invariant.ts";

const product = (x: string, y: string, feePpm = 3000): AmmPool => ({
  kind: "constant_product",
  reserves: [x, y],
  feePpm,
});
const stable = (reserves: string[], amplification: number, more: object = {}): AmmPool => ({
  kind: "stable_swap",
  reserves,
  amplification,
  feePpm: 0,
  ...more,
});
const ONE = `1${"0".repeat(18)}`;
const TEN_MILLION = `10000000${"0".repeat(18)}`;
const MILLION = `1000000${"0".repeat(18)}`;

describe("R48 vectors", () => {
  // 99,700 · 1,000,000 / 10,099,700 = 9,871.5803…; impact 99,700 / 10,099,700; slippage 1 − 9,871 / 10,000
  it("a token without decimals is paid 9,871", () => {
    expect(ammQuote({ pool: product("10000000", "1000000"), amountIn: "100000" })).toEqual({
      amountOut: "9871",
      spotPrice: "0.1",
      executionPrice: "0.09871",
      priceImpact: "0.009871580343970613",
      slippage: "0.0129",
      feeShare: "0.003",
      reservesAfter: ["10100000", "990129"],
    });
  });

  // the same with 18 decimals: 99,700/10,099,700 = 997/100,997, long division gives 0.00987158034397061298850460904779…
  it("with 18 decimals to the wei", () => {
    const quote = ammQuote({ pool: product(TEN_MILLION, MILLION), amountIn: `100000${"0".repeat(18)}` });
    expect(quote.amountOut).toBe("9871580343970612988504");
    expect(quote.priceImpact).toBe("0.009871580343970613");
    // 1 − 0.997 · 10,000,000 / 10,099,700 = 1 − 9,970,000/10,099,700
    expect(quote.slippage).toBe("0.012841965602938702");
  });

  it("the other direction, and the fee in basis points", () => {
    // 997 · 10 · 1000 / (10 · 1000 + 997 · 10) = 9,970,000/19,970 = 499.2…
    const pool = { kind: "constant_product" as const, reserves: ["1000", "10"], feeBps: "30" };
    expect(ammQuote({ pool, from: 1, to: 0, amountIn: "10" })).toMatchObject({
      amountOut: "499",
      reservesAfter: ["501", "20"],
    });
  });

  it("a size worth less than one unit is paid nothing, at the whole slippage", () => {
    expect(ammQuote({ pool: product("10000000", "1000000"), amountIn: "1" })).toMatchObject({
      amountOut: "0",
      slippage: "1",
    });
  });

  it("half of the depth: as a pool of half the reserves", () => {
    const shocked = { ...product("10000001", "1000000"), depthShock: "0.5" } as AmmPool;
    expect(ammQuote({ pool: shocked, amountIn: "100000" })).toEqual(
      ammQuote({ pool: product("5000000", "500000"), amountIn: "100000" }),
    );
  });
});

describe("R48 vectors of the stable swap", () => {
  // a = 1 of each, A = 1: D = 2 and 2A·… leave y² + (x' − 1)·y = 1/x'; x' = 2 gives y = (√3 − 1)/2, out = (3 − √3)/2 = 0.633974596215561353236…
  it("A = 1, as much again", () => {
    expect(ammQuote({ pool: stable([ONE, ONE], 1), amountIn: ONE })).toMatchObject({
      amountOut: "633974596215561353",
      spotPrice: "1",
      priceImpact: "0.366025403784438647",
      slippage: "0.366025403784438647",
    });
  });

  // A = 2: y² + (x' − 3/2)·y = 1/(2x'); x' = 2 gives y = (√5 − 1)/4, out = (5 − √5)/4 = 0.690983005625052575897…
  it("A = 2, as much again", () => {
    expect(ammQuote({ pool: stable([ONE, ONE], 2), amountIn: ONE }).amountOut).toBe("690983005625052575");
  });

  // three tokens, A = 1, Ann = 3, D = 3: y² + (x' + 1 + 1 − 3)·y = 81/(27·3·x') = 1/x', the equation of two tokens again
  it("three tokens", () => {
    expect(ammQuote({ pool: stable([ONE, ONE, ONE], 1), from: 2, to: 0, amountIn: ONE })).toMatchObject({
      amountOut: "633974596215561353",
      reservesAfter: ["366025403784438647", ONE, `2${ONE.slice(1)}`],
    });
  });

  it("six decimals against 18: the same figure, cut at the sixth", () => {
    const pool = stable([ONE, "1000000"], 1, { decimals: [18, 6] });
    expect(ammQuote({ pool, amountIn: ONE })).toMatchObject({ amountOut: "633974", spotPrice: "0.000000000001" });
    expect(ammQuote({ pool, from: 1, to: 0, amountIn: "1000000" }).amountOut).toBe("633974596215561353");
  });

  // 633,974 · 0.9996 = 633,720.4104: the fee is rounded up
  it("the fee is taken from what goes out, rounded up", () => {
    const pool: AmmPool = { kind: "stable_swap", reserves: ["1000000", "1000000"], amplification: 1, feeBps: "4" };
    expect(ammQuote({ pool, amountIn: "1000000" }).amountOut).toBe("633720");
  });

  it("D of equal balances is their sum, exactly; a root is the floor of the root", () => {
    expect(invariantOf([7n, 7n, 7n], 50n)).toBe(21n);
    expect(balanceAt([2n * 10n ** 18n, 10n ** 18n], 1, 2n * 10n ** 18n, 1n)).toBe(366025403784438647n);
    expect([0n, 1n, 2n, 3n, 4n, 15n, 16n, 17n, 10n ** 40n - 1n].map(rootOf)).toEqual([
      0n,
      1n,
      1n,
      1n,
      2n,
      3n,
      4n,
      4n,
      10n ** 20n - 1n,
    ]);
  });
});

describe("R49 vectors", () => {
  const pool = product(TEN_MILLION, MILLION);
  // 10⁷ · 0.01 / (0.997 · 0.99) and 10⁷ · (0.997 − 1 + 0.01) / (0.997 · 0.99), in tokens of 18 decimals
  it.each([
    ["impact", "0.01", "101314.04"],
    ["cost", "0.01", "70919.83"],
    ["cost", "0.003", "0.00"],
    ["cost", "0.001", "0.00"],
  ] as const)("%s up to %s: %s", (basis, limit, tokens) => {
    const { amountIn } = ammMaxTrade({ pool, limit, basis });
    expect((Number(BigInt(amountIn) / 10n ** 14n) / 10_000).toFixed(2)).toBe(tokens);
  });

  it("five slices of an order of 500,000 keep 1 %; refilling them is what helps", () => {
    const answer = ammSlices({
      pool: product("10000000000000", "1000000000000"),
      amountIn: "500000000000",
      limit: "0.01",
    });
    expect(answer).toMatchObject({
      slices: 5,
      sizes: [{ amountIn: "100000000000", count: 5 }],
      largestSlice: "101314043139",
      // 498,500 · 1,000,000 / 10,498,500, and five times 9,871.580343
      outAtOnce: "47482973758",
      outRefilled: "49357901715",
    });
    expect(BigInt(answer.outNotRefilled)).toBeLessThan(BigInt(answer.outAtOnce));
  });

  it("a share of the depth caps a slice, the rest goes one each to the first", () => {
    const order = { pool: product("10000", "10000", 0), limit: "0.5", maxShareOfReserve: "0.01", amountIn: "250" };
    expect(ammSlices(order)).toMatchObject({
      slices: 3,
      largestSlice: "100",
      sizes: [
        { amountIn: "84", count: 1 },
        { amountIn: "83", count: 2 },
      ],
    });
  });
});

describe("provider's loss", () => {
  // 1 − 2√r/(1 + r): r = 4 → 1 − 4/5, r = 9 → 1 − 6/10, r = 2 → 1 − 2√2/3 = 0.057190958417936634…
  it.each([
    ["1", "0"],
    ["4", "0.2"],
    ["0.25", "0.2"],
    ["9", "0.4"],
    ["2", "0.057190958417936635"],
  ])("price times %s: %s", (priceRatio, loss) => {
    expect(ammProviderLoss({ pool: product(ONE, ONE), priceRatio })).toEqual({ loss });
  });

  // A = 1, one of each; at x = 2 it is y = (√3 − 1)/2 and the price (7 − 3√3)/(12 − 4√3) = r; the loss is 1 − (2r + y)/(r + 1)
  it("of a stable pool, at a price that is known", () => {
    const { loss } = ammProviderLoss({ pool: stable([ONE, ONE], 1), priceRatio: "0.355662432702593559" });
    expect(Number(loss)).toBeCloseTo(0.20529606545055318, 15);
    expect(ammProviderLoss({ pool: stable([ONE, ONE], 1), priceRatio: "1" }).loss).toBe("0");
  });

  it("a large amplification loses more than a constant product when the price moves far", () => {
    const loss = (pool: AmmPool) => Number(ammProviderLoss({ pool, priceRatio: "4" }).loss);
    expect(loss(stable([ONE, ONE], 100))).toBeGreaterThan(loss(product(ONE, ONE)));
  });
});

describe("slippage", () => {
  it("expected against executed", () => {
    const trades = [
      { amountIn: "100000", executedOut: "9861" },
      { amountIn: "100000", executedOut: "10001" },
      { amountIn: "200000" },
    ];
    expect(ammSlippage({ pool: product("10000000", "1000000"), trades }).trades).toEqual([
      {
        amountIn: "100000",
        expectedOut: "9871",
        expectedSlippage: "0.0129",
        executedSlippage: "0.0139",
        beyondExpected: "0.001",
      },
      {
        amountIn: "100000",
        expectedOut: "9871",
        expectedSlippage: "0.0129",
        executedSlippage: "-0.0001",
        beyondExpected: "-0.013",
      },
      // 199,400 · 1,000,000 / 10,199,400 = 19,550.1…
      {
        amountIn: "200000",
        expectedOut: "19550",
        expectedSlippage: "0.0225",
        executedSlippage: null,
        beyondExpected: null,
      },
    ]);
  });
});

describe("refused", () => {
  const pool = product("1000", "1000");
  const huge = `${1n << 112n}`;
  const tiny = ["1", "1", "1", "1", "1", "1", "1", `1${"0".repeat(33)}`];
  it.each([
    ["an empty pool", "EG428", () => ammQuote({ pool: product("0", "5"), amountIn: "1" })],
    [
      "a pool that a shock empties",
      "EG428",
      () => ammQuote({ pool: { ...pool, depthShock: "1" } as AmmPool, amountIn: "1" }),
    ],
    ["an invariant that does not converge", "EG428", () => ammQuote({ pool: stable(tiny, 1), amountIn: "1" })],
    ["zero", "EG400", () => ammQuote({ pool, amountIn: "0" })],
    ["a negative size", "EG400", () => ammQuote({ pool, amountIn: "-1" })],
    ["a fraction of a unit", "EG400", () => ammQuote({ pool, amountIn: "1.5" })],
    ["a token against itself", "EG400", () => ammQuote({ pool, from: 1, to: 1, amountIn: "1" })],
    ["a token that is not there", "EG400", () => ammQuote({ pool, to: 2, amountIn: "1" })],
    ["two fees", "EG400", () => ammQuote({ pool: { ...pool, feeBps: "30" } as AmmPool, amountIn: "1" })],
    ["no fee", "EG400", () => ammQuote({ pool: { kind: "constant_product", reserves: ["1", "1"] }, amountIn: "1" })],
    [
      "a fee of the whole",
      "EG400",
      () => ammQuote({ pool: { kind: "constant_product", reserves: ["1", "1"], feeBps: "9999.999" }, amountIn: "1" }),
    ],
    [
      "decimals of one token only",
      "EG400",
      () => ammQuote({ pool: stable(["1", "1"], 1, { decimals: [6] }), amountIn: "1" }),
    ],
    ["no amplification", "EG400", () => ammQuote({ pool: stable(["1", "1"], 0), amountIn: "1" })],
    ["a reserve that overflows", "EG413", () => ammQuote({ pool: product(huge, "1"), amountIn: "1" })],
    ["a size that overflows", "EG413", () => ammQuote({ pool, amountIn: huge })],
    ["a pool that would overflow", "EG413", () => ammQuote({ pool, amountIn: `${(1n << 112n) - 1n}` })],
    [
      "the same of a stable pool",
      "EG413",
      () => ammQuote({ pool: stable(["1000", "1000"], 10), amountIn: `${(1n << 112n) - 1n}` }),
    ],
    ["a limit of nothing", "EG400", () => ammMaxTrade({ pool, limit: "0" })],
    ["a limit of the whole", "EG400", () => ammMaxTrade({ pool, limit: "1" })],
    ["a limit below the fee", "EG427", () => ammSlices({ pool, limit: "0.003", basis: "cost", amountIn: "5" })],
    ["no share of the depth", "EG427", () => ammSlices({ pool, limit: "0.1", maxShareOfReserve: "0", amountIn: "5" })],
    ["more slices than allowed", "EG427", () => ammSlices({ pool, limit: "0.01", maxSlices: 2, amountIn: "500" })],
    ["a price of nothing", "EG400", () => ammProviderLoss({ pool, priceRatio: "0" })],
    ["a loss of three tokens", "EG400", () => ammProviderLoss({ pool: stable([ONE, ONE, ONE], 1), priceRatio: "2" })],
  ])("%s: %s", (_what, code, call) => {
    expect(call).toThrowError(expect.objectContaining({ code }));
  });

  it("says no amount", () => {
    expect(() => ammQuote({ pool, amountIn: huge })).toThrowError(/^(?!.*\d{6})/);
  });
});
