// Does the fund keep 30-day assets of at least 1.2 × stressed 30-day liabilities after the trades? Pure (R33, R35, R38).
import { BUCKET_DAYS, type Bucket } from "@evergreen-fund/domain";
import { liquidityCoverage, stressedDue } from "@evergreen-fund/finance/liquidity.ts";
import { decimal, ZERO } from "@evergreen-fund/finance/money.ts";
import type { CoverFacts } from "./facts.ts";

export interface CoverVerdict {
  /** `covered` or why not. */
  code: "covered" | "below_cover";
  ratio: string | null;
}

/** Amounts in fund currency, exact; accepted redemptions are liabilities beside the planned ones. A ratio of null means there are no liabilities within 30 days. */
export function judge({ assets, liabilities, changes }: CoverFacts): CoverVerdict {
  const near = ({ bucket }: { bucket: string }): boolean => BUCKET_DAYS[bucket as Bucket] <= 30;
  const sum = (rows: { bucket: string; amount: string }[]) =>
    rows.filter(near).reduce((total, row) => total.plus(decimal(row.amount)), ZERO);
  const held = sum([...assets, ...changes]);
  const { verdict, ratio } = liquidityCoverage({
    assets30d: held.lt(0) ? "0" : held.toFixed(),
    stressedLiabilities30d: stressedDue(liabilities, "30d").toFixed(),
  });
  return { code: verdict === "covered" ? "covered" : "below_cover", ratio };
}
