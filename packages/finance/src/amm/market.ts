// One direction of a pool: what a size is paid, its price, its impact, the pool after it. Two models: constant product and stable swap. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { Fraction } from "../fees/fraction.ts";
import { MOST, moved, type Pool, PPM } from "./pool.ts";
import { balanceAt, invariantOf, spread } from "./stable-invariant.ts";

/** Amounts are smallest units > 0; prices are smallest units of `to` per smallest unit of `from`. Fractions are not rounded. */
export type Market = {
  readonly reserveIn: bigint;
  /** Price of a vanishing size before the fee. */
  readonly spot: Fraction;
  /** Share of a size that the fee takes. */
  readonly fee: Fraction;
  /** How far the price of a size, without the fee, lies below the spot price: 0 to 1. */
  readonly impact: (amount: bigint) => Fraction;
  /** The same with the fee. Rounding of what is paid is not in it. */
  readonly cost: (amount: bigint) => Fraction;
  /** What is paid for a size, rounded down. Errors: EG413 when the pool would hold more than 2^112 − 1. */
  readonly out: (amount: bigint) => bigint;
  /** The pool after the trade; the whole fee stays in it. Errors: EG413. */
  readonly after: (amount: bigint) => Pool;
};

const checked = (pool: Pool, from: number, amount: bigint): bigint => {
  if (pool.reserves[from]! + amount > MOST)
    throw new EvergreenError("EG413", "The pool would hold more than 2^112 − 1 smallest units; give a smaller amount.");
  return amount;
};

/**
 * x · y = k with the fee on what comes in: out = ⌊γ·dx·y / (10⁶·x + γ·dx)⌋, γ = 10⁶ − fee. Source: R48; "Uniswap v2 Core" (Adams, Zinsmeister, Robinson,
 * 2020), sections 3.2.1 and 2; the same whole number as a pair pays. Impact = γdx/(x + γdx) with γ as a share.
 */
function constantProduct(pool: Pool, from: number, to: number): Market {
  const [x, y] = [pool.reserves[from]!, pool.reserves[to]!];
  const kept = PPM - pool.feePpm;
  const paid = (amount: bigint) => Fraction.of(kept * amount * y, x * PPM + kept * amount);
  const spot = Fraction.of(y, x);
  const out = (amount: bigint): bigint => paid(checked(pool, from, amount)).scaled(1n, "floor");
  return {
    reserveIn: x,
    spot,
    fee: Fraction.of(pool.feePpm, PPM),
    impact: (amount) => Fraction.of(kept * amount, x * PPM + kept * amount),
    // 1 − paid/(dx·y/x), with y cancelled
    cost: (amount) => Fraction.of(x * PPM + kept * amount - kept * x, x * PPM + kept * amount),
    out,
    after: (amount) => moved(pool, from, to, amount, out(amount)),
  };
}

/** Digits kept below the 18th decimal, so that only a payment closer than 10⁻¹⁸ to a whole unit is rounded by more than its own fraction. */
export const GUARD = 10n ** 18n;

/** Balances of a stable pool with 18 decimals and the guard's digits. */
export function scaledBalances(pool: Pool): bigint[] {
  return pool.reserves.map((reserve, at) => reserve * pool.rates[at]! * GUARD);
}

/** −dxⱼ/dxᵢ on the invariant at these balances, both of one scale: xⱼ·(Ann·xᵢ·Q + Dⁿ⁺¹) / (xᵢ·(Ann·xⱼ·Q + Dⁿ⁺¹)), Q = nⁿ·Πx. */
export function stablePrice(balances: readonly bigint[], from: number, to: number, d: bigint, amplification: bigint) {
  const n = BigInt(balances.length);
  const [xi, xj, q, top] = [balances[from]!, balances[to]!, spread(balances), d ** (n + 1n)];
  const annQ = amplification * n * q;
  return Fraction.of(xj * (annQ * xi + top), xi * (annQ * xj + top));
}

/**
 * The stable swap with the fee on what goes out, rounded up to a whole unit. Source: "StableSwap – efficient mechanism for Stablecoin liquidity" (Egorov, 2019).
 * D and the new balance are rounded up, so that the invariant never falls. A deployed pool, whose own steps truncate, may pay a few smallest units more or less.
 * Errors: EG428 when the invariant does not converge.
 */
function stableSwap(pool: Pool, from: number, to: number): Market {
  const balances = scaledBalances(pool);
  const d = invariantOf(balances, pool.amplification);
  const spot = stablePrice(balances, from, to, d, pool.amplification).times(
    Fraction.of(pool.rates[from]!, pool.rates[to]!),
  );
  const kept = PPM - pool.feePpm;
  const gross = (amount: bigint): Fraction => {
    const next = balances.map((balance, at) => (at === from ? balance + amount * pool.rates[from]! * GUARD : balance));
    const paid = balances[to]! - balanceAt(next, to, d, pool.amplification);
    return Fraction.of(paid, pool.rates[to]! * GUARD).positive();
  };
  const below = (paid: Fraction, amount: bigint) =>
    Fraction.ONE.minus(paid.over(spot.times(Fraction.of(amount)))).positive();
  const out = (amount: bigint): bigint => (gross(checked(pool, from, amount)).scaled(1n, "floor") * kept) / PPM;
  return {
    reserveIn: pool.reserves[from]!,
    spot,
    fee: Fraction.of(pool.feePpm, PPM),
    impact: (amount) => below(gross(amount), amount),
    cost: (amount) => below(gross(amount).times(Fraction.of(kept, PPM)), amount),
    out,
    after: (amount) => moved(pool, from, to, amount, out(amount)),
  };
}

/** One direction of a pool. Errors: EG400 when a token is not there or is both, EG428 as the models. */
export function marketOf(pool: Pool, from: number, to: number): Market {
  if (from === to || from >= pool.reserves.length || to >= pool.reserves.length)
    throw new EvergreenError("EG400", "from and to must be two different tokens of the pool.");
  return pool.kind === "constant_product" ? constantProduct(pool, from, to) : stableSwap(pool, from, to);
}

/** A cost as text: rounded up at 18 decimals, so that it is never shown too small. */
export const costText = (value: Fraction): string => value.rounded(18, "ceil").ratioText();
/** A price as text: rounded down at 18 decimals. */
export const priceText = (value: Fraction): string => value.rounded(18, "floor").ratioText();
