// The inner loops of a large stress run, in AssemblyScript (compiled by build.ts, not by tsc). Memory is shared and laid out by layout.ts; nothing is allocated
// here and every result is added up in an order that does not depend on who runs which block.

/** Where free memory begins, behind the tables that the logarithm needs. */
export function freeFrom(): usize {
  return __heap_base;
}

// 2^f for |f| <= 1/2, degree 5, relative error below 2e-7 in single precision and none at 0; y = n + f, and n goes into the exponent
@inline
function power(y: v128): v128 {
  const shifted = f32x4.add(y, f32x4.splat(12582912.0));
  const f = f32x4.sub(y, f32x4.sub(shifted, f32x4.splat(12582912.0)));
  let p = f32x4.add(f32x4.mul(f32x4.splat(C5), f), f32x4.splat(C4));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(C3));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(C2));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(C1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(C0));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

const C0: f32 = 1.0;
const C1: f32 = 0.6931470036506653;
const C2: f32 = 0.24022242426872253;
const C3: f32 = 0.05550733581185341;
const C4: f32 = 0.009671512991189957;
const C5: f32 = 0.001326472614891827;

/** Adds the four lanes of a vector to a double in memory, lane by lane in pairs. */
@inline
function flush(at: usize, lanes: v128): void {
  const pair = f64x2.add(
    f64x2.promote_low_f32x4(lanes),
    f64x2.promote_low_f32x4(i8x16.shuffle(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)),
  );
  store<f64>(at, load<f64>(at) + (f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)));
}

/** Blocks of 8 assets that are added in single precision before they are added in double: 32 numbers a lane. */
const TILE: i32 = 16;

/**
 * Values of scenarios `from` to `to` (multiples of 4): per scenario `buckets` + 1 doubles at `out`. `moves`: factors of each scenario, f32. `exposures`: per block
 * of 8 assets and factor 8 f32, already times log2(e). `values`: 8 f32 per block. `ends`: the block (i32) behind the last of each bucket.
 */
export function run(
  moves: usize,
  exposures: usize,
  values: usize,
  ends: usize,
  out: usize,
  factors: i32,
  buckets: i32,
  from: i32,
  to: i32,
): void {
  const row = <usize>factors * 4;
  const stride = <usize>(buckets + 1) * 8;
  for (let s = from; s < to; s += 4) {
    const m0 = moves + <usize>s * row;
    const m1 = m0 + row;
    const m2 = m1 + row;
    const m3 = m2 + row;
    const o0 = out + <usize>s * stride;
    let block: i32 = 0;
    let e = exposures;
    let v = values;
    for (let b: i32 = 0; b < buckets; b++) {
      const o = o0 + <usize>b * 8;
      store<f64>(o, 0);
      store<f64>(o + stride, 0);
      store<f64>(o + 2 * stride, 0);
      store<f64>(o + 3 * stride, 0);
      const end = load<i32>(ends + <usize>b * 4);
      while (block < end) {
        const stop = min<i32>(end, block + TILE);
        let t0 = f32x4.splat(0);
        let t1 = f32x4.splat(0);
        let t2 = f32x4.splat(0);
        let t3 = f32x4.splat(0);
        for (; block < stop; block++) {
          let a0 = f32x4.splat(0);
          let a1 = f32x4.splat(0);
          let a2 = f32x4.splat(0);
          let a3 = f32x4.splat(0);
          let b0 = f32x4.splat(0);
          let b1 = f32x4.splat(0);
          let b2 = f32x4.splat(0);
          let b3 = f32x4.splat(0);
          for (let k: usize = 0; k < row; k += 4) {
            const left = v128.load(e);
            const right = v128.load(e, 16);
            e += 32;
            let f = v128.load32_splat(m0 + k);
            a0 = f32x4.add(a0, f32x4.mul(left, f));
            b0 = f32x4.add(b0, f32x4.mul(right, f));
            f = v128.load32_splat(m1 + k);
            a1 = f32x4.add(a1, f32x4.mul(left, f));
            b1 = f32x4.add(b1, f32x4.mul(right, f));
            f = v128.load32_splat(m2 + k);
            a2 = f32x4.add(a2, f32x4.mul(left, f));
            b2 = f32x4.add(b2, f32x4.mul(right, f));
            f = v128.load32_splat(m3 + k);
            a3 = f32x4.add(a3, f32x4.mul(left, f));
            b3 = f32x4.add(b3, f32x4.mul(right, f));
          }
          const w0 = v128.load(v);
          const w1 = v128.load(v, 16);
          v += 32;
          t0 = f32x4.add(t0, f32x4.add(f32x4.mul(w0, power(a0)), f32x4.mul(w1, power(b0))));
          t1 = f32x4.add(t1, f32x4.add(f32x4.mul(w0, power(a1)), f32x4.mul(w1, power(b1))));
          t2 = f32x4.add(t2, f32x4.add(f32x4.mul(w0, power(a2)), f32x4.mul(w1, power(b2))));
          t3 = f32x4.add(t3, f32x4.add(f32x4.mul(w0, power(a3)), f32x4.mul(w1, power(b3))));
        }
        flush(o, t0);
        flush(o + stride, t1);
        flush(o + 2 * stride, t2);
        flush(o + 3 * stride, t3);
      }
    }
    for (let i: usize = 0; i < 4; i++) {
      const at = o0 + i * stride;
      let nav: f64 = 0;
      for (let b: i32 = 0; b < buckets; b++) nav += load<f64>(at + <usize>b * 8);
      store<f64>(at + <usize>buckets * 8, nav);
    }
  }
}

// ---- counter-based random numbers: Philox4x32-10 and the normal quantile AS 241, as packages/finance/src/philox.ts has them

const M0: u64 = 0xd2511f53;
const M1: u64 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;

@inline
function uniform(upper: u32, lower: u32): f64 {
  return (<f64>(upper >> 6) * 67108864.0 + <f64>(lower >> 6) + 0.5) / 4503599627370496.0;
}

function quantile(p: f64): f64 {
  const q = p - 0.5;
  if (abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q *
        (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r +
          45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r + 133.14166789178437745) * r +
          3.387132872796366608)) /
      (((((((5226.4952788528545610 * r + 28729.085735721942674) * r + 39307.89580009271061) * r +
        21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1)
    );
  }
  let r = sqrt(-Math.log(q < 0 ? p : 1 - p));
  let x: f64;
  if (r <= 5) {
    r -= 1.6;
    x =
      (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r +
        1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r +
        1.42343711074968357734) /
      (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r +
        0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1);
  } else {
    r -= 5;
    x =
      (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r +
        0.026532189526576123093) * r + 0.29656057182650489123) * r + 1.7848265399172913358) * r + 5.4637849111641143699) * r +
        6.6579046435011037772) /
      (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r +
        7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1);
  }
  return q < 0 ? -x : x;
}

/**
 * Moves of scenarios `from` to `to`: mean + lower · z, stored as f32 at `moves`; `mean` and `lower` (rows of a lower triangle, `factors` wide) are f64, `scratch` holds
 * `factors` doubles that nobody else uses meanwhile. z of a cell is a function of seed, scenario, factor and period alone.
 */
export function draw(
  moves: usize,
  mean: usize,
  lower: usize,
  scratch: usize,
  factors: i32,
  period: u32,
  seedLow: u32,
  seedHigh: u32,
  from: i32,
  to: i32,
): void {
  for (let s = from; s < to; s++) {
    for (let pair: i32 = 0; pair * 2 < factors; pair++) {
      let a: u32 = s;
      let b: u32 = period;
      let c: u32 = pair;
      let d: u32 = 0;
      let k0 = seedLow;
      let k1 = seedHigh;
      for (let round: i32 = 0; round < 10; round++) {
        const p0 = M0 * <u64>a;
        const p1 = M1 * <u64>c;
        a = <u32>(p1 >> 32) ^ b ^ k0;
        c = <u32>(p0 >> 32) ^ d ^ k1;
        b = <u32>p1;
        d = <u32>p0;
        k0 += W0;
        k1 += W1;
      }
      const at = scratch + <usize>pair * 16;
      store<f64>(at, quantile(uniform(a, b)));
      if (pair * 2 + 1 < factors) store<f64>(at + 8, quantile(uniform(c, d)));
    }
    for (let k: i32 = 0; k < factors; k++) {
      let x = load<f64>(mean + <usize>k * 8);
      const line = lower + <usize>(k * factors) * 8;
      for (let j: i32 = 0; j <= k; j++) x += load<f64>(line + <usize>j * 8) * load<f64>(scratch + <usize>j * 8);
      store<f32>(moves + <usize>(s * factors + k) * 4, <f32>x);
    }
  }
}
