// The crystallisation of a class at its last NAV, from what the database says of it: whether it is due (R22) and what would be posted (R24). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { DealingPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { decimal } from "../money.ts";
import { crystallisation } from "./crystallisation.ts";
import { highWaterMark } from "./high-water-mark.ts";

/** A class at the last final NAV of its fund, as fn_read_crystallisation answers it. Fund currency, decimal strings. */
export interface FeeFacts {
  share_class_id: string;
  code: string;
  currency: string;
  strike_id: string;
  nav_date: string;
  units_dp: number;
  price_dp: number;
  nav: string;
  units: string;
  units_outstanding: string;
  nav_per_unit: string;
  performance_accrued: string;
  mark: string;
  /** First day of the register, and day of the last crystallisation. */
  since: string;
  crystallised_on: string | null;
  policy: unknown;
  lots: { id: string; units: string; reference: string; credit: string }[];
}

export interface FeePosting {
  share_class_id: string;
  strike_id: string;
  accrued: string;
  fee: string;
  high_water: string;
  lots: ReturnType<typeof crystallisation>["lots"];
}

const feeOf = ({ policy, code }: FeeFacts) => {
  const parsed = DealingPolicy.safeParse(policy ?? {});
  if (!parsed.success) throw new EvergreenError("EG428", `Class ${code} has no complete dealing policy in force.`);
  return parsed.data.fees.performance;
};

/** Whether the time since the last crystallisation, or since the register began, has passed at the NAV; once a year unless the terms say otherwise. */
export function crystallisationDue(facts: FeeFacts): boolean {
  const fee = feeOf(facts);
  const from = facts.crystallised_on ?? facts.since;
  if (fee.method !== "equalisation" || decimal(fee.rate).isZero() || facts.nav_date < from) return false;
  const { reason } = highWaterMark({
    policy: { frequency: fee.crystallise ?? "annual", retail: false },
    highWater: facts.mark,
    setOn: from,
    lastCrystallised: from,
    on: facts.nav_date,
    navPerUnit: facts.nav_per_unit,
  });
  return reason !== "not_yet";
}

/**
 * What fn_crystallise_fee takes, or null where nobody pays, gets or owes anything. Errors: EG425 where units were issued or redeemed since that NAV,
 * EG428 for a class without equalisation or whose fee is crystallised on that NAV; those of `crystallisation`.
 */
export function crystallisationPosting(facts: FeeFacts): FeePosting | null {
  const { share_class_id, strike_id, code } = facts;
  const fee = feeOf(facts);
  if (fee.method !== "equalisation")
    throw new EvergreenError("EG428", `Class ${code} has no performance fee with equalisation.`);
  if (facts.crystallised_on !== null && facts.crystallised_on >= facts.nav_date)
    throw new EvergreenError("EG428", `The fee of class ${code} is crystallised for ${facts.crystallised_on}.`);
  if (!decimal(facts.units).eq(decimal(facts.units_outstanding)))
    throw new EvergreenError(
      "EG425",
      `Units of class ${code} were issued or redeemed since the NAV of ${facts.nav_date}.`,
    );
  if (facts.lots.length === 0) return null;
  const made = crystallisation({
    currency: facts.currency,
    unitsDp: facts.units_dp,
    priceDp: facts.price_dp,
    rate: fee.rate,
    highWater: facts.mark,
    nav: facts.nav,
    navPerUnit: facts.nav_per_unit,
    accrued: facts.performance_accrued,
    lots: facts.lots,
  });
  const nothing = (text: string): boolean => decimal(text).isZero();
  const moves =
    !nothing(made.fee) || made.lots.some(({ refund, depreciation }) => !nothing(refund) || !nothing(depreciation));
  return moves ? { share_class_id, strike_id, ...made } : null;
}
