// A performance fee by equalisation (R24) that was taken on a NAV which is restated: what it comes to on the corrected one, and whether that is something else. Pure.
import { decimal } from "../money.ts";
import { crystallisation } from "./crystallisation.ts";

/** A fee that stands, as fn_read_fees_again answers it: the NAV of its date as it is now, the lots before it, what was posted. Fund currency, decimal strings. */
export interface FeeAgainFacts {
  replaces: string;
  share_class_id: string;
  currency: string;
  strike_id: string;
  units_dp: number;
  price_dp: number;
  nav: string;
  nav_per_unit: string;
  performance_accrued: string;
  rate: string;
  /** Before the fee. */
  mark: string;
  fee: string;
  high_water: string;
  posted: { lot_id: string; change: string; high_water: string; credit: string }[];
  lots: { id: string; units: string; reference: string; credit: string }[];
}

export interface FeeAgain {
  share_class_id: string;
  strike_id: string;
  replaces: string;
  accrued: string;
  fee: string;
  high_water: string;
  lots: ReturnType<typeof crystallisation>["lots"];
  /** The fee that was posted, and what comes back of it; below zero: what is still owed. For who decides. */
  was: string;
  returned: string;
}

const same = (a: string, b: string): boolean => decimal(a).eq(decimal(b));

/** The posting that stands in place of the first, or null where it would be the same. Rounding and errors: those of `crystallisation`. */
export function feeAgain(facts: FeeAgainFacts): FeeAgain | null {
  const { share_class_id, strike_id, replaces, posted } = facts;
  const made = crystallisation({
    currency: facts.currency,
    unitsDp: facts.units_dp,
    priceDp: facts.price_dp,
    rate: facts.rate,
    highWater: facts.mark,
    nav: facts.nav,
    navPerUnit: facts.nav_per_unit,
    accrued: facts.performance_accrued,
    lots: facts.lots,
  });
  const before = new Map(posted.map((row) => [row.lot_id, row]));
  const unchanged = made.lots.every((row) => {
    const old = before.get(row.lot_id);
    return (
      old !== undefined &&
      same(row.change, old.change) &&
      same(row.high_water, old.high_water) &&
      same(row.credit, old.credit)
    );
  });
  if (unchanged && same(made.fee, facts.fee) && same(made.high_water, facts.high_water)) return null;
  const returned = decimal(facts.fee).minus(decimal(made.fee)).toFixed();
  return { share_class_id, strike_id, replaces, ...made, was: facts.fee, returned };
}
