// A number as Postgres sends it (groups of four decimal digits) into the 128 bits of a DuckDB decimal, in words of 32 bits: exact, and without a big
// integer per value, which would cost more than everything else a row needs.
import { EvergreenError } from "@evergreen-fund/domain";

const WORD = 0x1_0000_0000;
let [w0, w1, w2, w3] = [0, 0, 0, 0];

/** words × by + add; `by` and `add` up to 10000, so that a product is exact in a double. */
function grow(by: number, add: number): void {
  let t = w0 * by + add;
  w0 = t >>> 0;
  t = w1 * by + (t - w0) / WORD;
  w1 = t >>> 0;
  t = w2 * by + (t - w1) / WORD;
  w2 = t >>> 0;
  t = w3 * by + (t - w2) / WORD;
  w3 = t >>> 0;
  if (t >= 0x8000_0000) throw beyond("is too large");
}

const beyond = (what: string): EvergreenError =>
  new EvergreenError("EG500", `An amount of the database ${what} for its mirrored column.`);

/** Writes the number at `from` as an integer of 10^-scale into 16 bytes at `place`. Errors: EG500 for what the column cannot hold exactly. */
export function writeNumber(target: DataView, place: number, view: DataView, from: number, scale: number): void {
  const count = view.getUint16(from);
  const weight = view.getInt16(from + 2);
  const sign = view.getUint16(from + 4);
  if (sign !== 0 && sign !== 0x4000) throw beyond("is no number");
  w0 = w1 = w2 = w3 = 0;
  const whole = Math.floor(scale / 4); // groups after the point that are kept whole
  const more = scale % 4; // digits of the group after them
  const shares = more === 0 ? 1 : 10 ** (4 - more);
  const last = more === 0 ? -whole : -whole - 1;
  // the groups from the first digit to the last one that is kept; what is not sent is zero
  for (let power = Math.max(weight, last); power >= last; power -= 1) {
    const n = weight - power;
    const group = n >= 0 && n < count ? view.getUint16(from + 8 + 2 * n) : 0;
    if (power > last || more === 0) grow(10_000, group);
    else {
      if (group % shares !== 0) throw beyond("has too many digits");
      grow(10 ** more, group / shares);
    }
  }
  for (let n = Math.max(0, weight - last + 1); n < count; n += 1)
    if (view.getUint16(from + 8 + 2 * n) !== 0) throw beyond("has too many digits");
  if (sign !== 0) {
    // two's complement
    w0 = -w0 >>> 0;
    w1 = (~w1 + (w0 === 0 ? 1 : 0)) >>> 0;
    w2 = (~w2 + (w0 === 0 && w1 === 0 ? 1 : 0)) >>> 0;
    w3 = (~w3 + (w0 === 0 && w1 === 0 && w2 === 0 ? 1 : 0)) >>> 0;
  }
  target.setUint32(place, w0, true);
  target.setUint32(place + 4, w1, true);
  target.setUint32(place + 8, w2, true);
  target.setUint32(place + 12, w3, true);
}
