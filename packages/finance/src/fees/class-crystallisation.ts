// The crystallisation of a class at its last NAV, from what the database says of it: whether it is due (R22) and what would be posted (R24, R25). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { DealingPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { decimal } from "../money.ts";
import { crystallisation } from "./crystallisation.ts";
import { highWaterMark } from "./high-water-mark.ts";
import { type SeriesPosting, type StruckSeries, seriesCrystallisation } from "./series-crystallisation.ts";

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
  lots: { id: string; units: string; reference: string; credit: string; series?: string | undefined }[];
  /** By series, the oldest first; empty for a class with one price. */
  series?: StruckSeries[] | undefined;
}

export interface FeePosting {
  share_class_id: string;
  strike_id: string;
  accrued: string;
  fee: string;
  high_water: string;
  lots: ReturnType<typeof crystallisation>["lots"] | SeriesPosting["lots"];
  series?: SeriesPosting["series"];
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
  if (fee.method === "none" || decimal(fee.rate).isZero() || facts.nav_date < from) return false;
  if (fee.method === "series" && (facts.series ?? []).length === 0) return false;
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
 * EG428 for a class without a performance fee, one by series whose NAV was struck without them, or whose fee is crystallised on that NAV; those of
 * `crystallisation`.
 */
export function crystallisationPosting(facts: FeeFacts): FeePosting | null {
  const { share_class_id, strike_id, code } = facts;
  const fee = feeOf(facts);
  if (fee.method === "none") throw new EvergreenError("EG428", `Class ${code} has no performance fee.`);
  if (facts.crystallised_on !== null && facts.crystallised_on >= facts.nav_date)
    throw new EvergreenError("EG428", `The fee of class ${code} is crystallised for ${facts.crystallised_on}.`);
  if (!decimal(facts.units).eq(decimal(facts.units_outstanding)))
    throw new EvergreenError(
      "EG425",
      `Units of class ${code} were issued or redeemed since the NAV of ${facts.nav_date}.`,
    );
  if (facts.lots.length === 0) return null;
  if (fee.method === "series") return seriesPosting(facts, fee);
  const made = crystallisation({
    currency: facts.currency,
    unitsDp: facts.units_dp,
    priceDp: facts.price_dp,
    rate: fee.rate,
    highWater: facts.mark,
    nav: facts.nav,
    navPerUnit: facts.nav_per_unit,
    accrued: facts.performance_accrued,
    lots: facts.lots.map(({ id, units, reference, credit }) => ({ id, units, reference, credit })),
  });
  const nothing = (text: string): boolean => decimal(text).isZero();
  const moves =
    !nothing(made.fee) || made.lots.some(({ refund, depreciation }) => !nothing(refund) || !nothing(depreciation));
  return moves ? { share_class_id, strike_id, ...made } : null;
}

function seriesPosting(facts: FeeFacts, performance: ReturnType<typeof feeOf>): FeePosting | null {
  const { series, lots, code, nav_date } = facts;
  if (series === undefined || series.length === 0)
    throw new EvergreenError("EG428", `The NAV of class ${code} of ${nav_date} was struck without its series.`);
  const made = seriesCrystallisation({
    ...facts,
    performance,
    series,
    lots: lots.map((lot) => ({ id: lot.id, series: lot.series ?? "", units: lot.units })),
  });
  if (decimal(made.fee).isZero() && made.lots.length === 0) return null;
  const { share_class_id, strike_id } = facts;
  return { share_class_id, strike_id, accrued: made.fee, high_water: facts.mark, ...made };
}
