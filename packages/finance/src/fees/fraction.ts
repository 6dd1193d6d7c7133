// Exact fractions of big integers, so that fee rules hold without rounding until a figure is posted or published. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { decimal } from "../money.ts";

/** How a figure is brought to a number of decimals: toward minus infinity, to the nearest (a tie away from zero), toward plus infinity. */
export type Direction = "floor" | "half_up" | "ceil";

/** Above this size a fraction is reduced; below it reducing costs more than it saves. */
const REDUCE_ABOVE = 1n << 192n;

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let left = a < 0n ? -a : a;
  let right = b;
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

/** An exact number n/d, d > 0. Immutable. Errors: EG400 for text that is no plain decimal, or a division by zero. */
export class Fraction {
  readonly n: bigint;
  readonly d: bigint;

  private constructor(n: bigint, d: bigint) {
    if (d > REDUCE_ABOVE) {
      const divisor = greatestCommonDivisor(n, d);
      this.n = n / divisor;
      this.d = d / divisor;
    } else {
      this.n = n;
      this.d = d;
    }
  }

  static readonly ZERO = new Fraction(0n, 1n);
  static readonly ONE = new Fraction(1n, 1n);

  /** A plain decimal such as "12.50", or whole numbers as numerator and denominator. */
  static of(value: string | bigint, denominator = 1n): Fraction {
    if (typeof value === "bigint") {
      if (denominator === 0n) throw new EvergreenError("EG400", "A division by zero.");
      return denominator < 0n ? new Fraction(-value, -denominator) : new Fraction(value, denominator);
    }
    decimal(value);
    const [whole = "", part = ""] = value.split(".");
    return new Fraction(BigInt(whole + part), 10n ** BigInt(part.length));
  }

  static sum(values: Iterable<Fraction>): Fraction {
    let total = Fraction.ZERO;
    for (const value of values) total = total.plus(value);
    return total;
  }

  static min(a: Fraction, b: Fraction): Fraction {
    return a.lt(b) ? a : b;
  }

  static max(a: Fraction, b: Fraction): Fraction {
    return a.lt(b) ? b : a;
  }

  plus(other: Fraction): Fraction {
    if (this.d === other.d) return new Fraction(this.n + other.n, this.d);
    return new Fraction(this.n * other.d + other.n * this.d, this.d * other.d);
  }

  minus(other: Fraction): Fraction {
    return this.plus(new Fraction(-other.n, other.d));
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.n * other.n, this.d * other.d);
  }

  over(other: Fraction): Fraction {
    return Fraction.of(this.n * other.d, this.d * other.n);
  }

  negated(): Fraction {
    return new Fraction(-this.n, this.d);
  }

  magnitude(): Fraction {
    return this.n < 0n ? this.negated() : this;
  }

  /** max(0, this): the ( )⁺ of the rules. */
  positive(): Fraction {
    return this.n > 0n ? this : Fraction.ZERO;
  }

  /** −1, 0 or 1. */
  cmp(other: Fraction): -1 | 0 | 1 {
    const difference = this.n * other.d - other.n * this.d;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  eq(other: Fraction): boolean {
    return this.cmp(other) === 0;
  }

  lt(other: Fraction): boolean {
    return this.cmp(other) < 0;
  }

  lte(other: Fraction): boolean {
    return this.cmp(other) <= 0;
  }

  gt(other: Fraction): boolean {
    return this.cmp(other) > 0;
  }

  gte(other: Fraction): boolean {
    return this.cmp(other) >= 0;
  }

  get isZero(): boolean {
    return this.n === 0n;
  }

  get isPositive(): boolean {
    return this.n > 0n;
  }

  get isNegative(): boolean {
    return this.n < 0n;
  }

  /** The nearest number of `decimals` decimals in the direction named. */
  rounded(decimals: number, direction: Direction): Fraction {
    const scale = 10n ** BigInt(decimals);
    return new Fraction(this.scaled(scale, direction), scale);
  }

  /** This times `scale`, as a whole number. */
  scaled(scale: bigint, direction: Direction): bigint {
    const product = this.n * scale;
    const floor = product / this.d - (product % this.d < 0n ? 1n : 0n);
    const rest = product - floor * this.d;
    if (rest === 0n || direction === "floor") return floor;
    if (direction === "ceil") return floor + 1n;
    const twice = 2n * rest;
    return twice > this.d || (twice === this.d && product > 0n) ? floor + 1n : floor;
  }

  /** Plain decimal with exactly `decimals` decimals, a tie away from zero unless said otherwise; never "-0". */
  text(decimals: number, direction: Direction = "half_up"): string {
    const units = this.scaled(10n ** BigInt(decimals), direction);
    const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals);
    return `${units < 0n ? "-" : ""}${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ""}`;
  }

  /** A price or ratio as text: 18 decimals HALF_UP, trailing zeros removed. */
  ratioText(): string {
    const text = this.text(18);
    return text.replace(/\.?0+$/, "");
  }
}
