// Whether a fund's data hold: the mirror's value against the database's, and how much is too old. Pure; what cannot be measured has not passed.
import { BPS, decimal, ratioText } from "@evergreen-fund/finance/money.ts";

/** What Postgres says, by fn_read_fund_value. */
export interface FundValue {
  nav: string;
  marks: number;
  limits: { nav_agreement_bps: number; stale_marks_share: number; stale_series_share: number };
}
/** What the analytical file says. */
export interface Measured {
  nav: string;
  marks: number;
  value: string;
  staleValue: string;
  staleAssets: string[];
  unmarked: number;
  series: number;
  staleSeries: string[];
  staleSeriesCount: number;
}
export interface CheckResult {
  check: "nav_agreement" | "stale_marks" | "stale_series";
  value: string | null;
  limit: string;
  unit: "bps" | "share";
  passed: boolean;
  detail: Record<string, unknown>;
}

/** 18 decimals, HALF_UP; null where there is nothing to divide by. Nothing of nothing is no share: 0. */
function shareOf(part: string, whole: string): string | null {
  if (decimal(whole).isZero()) return decimal(part).isZero() ? "0" : null;
  return ratioText(decimal(part).abs().div(decimal(whole).abs()));
}

/**
 * nav_agreement: |analytical − Postgres| / |Postgres| in basis points, and the same number of marks; stale_marks: share by absolute value;
 * stale_series: share by number. A value at its limit holds.
 */
export function judgeData(fund: FundValue, measured: Measured): CheckResult[] {
  const limitOf = (name: keyof FundValue["limits"]): string => ratioText(decimal(String(fund.limits[name])));
  const judged = (result: Omit<CheckResult, "passed">): CheckResult => ({
    ...result,
    passed: result.value !== null && decimal(result.value).lte(decimal(result.limit)),
  });
  const apart = shareOf(decimal(measured.nav).minus(decimal(fund.nav)).toFixed(), fund.nav);
  return [
    judged({
      check: "nav_agreement",
      // equal sums of unequal marks agree by chance
      value: apart === null || measured.marks !== fund.marks ? null : ratioText(decimal(apart).times(BPS)),
      limit: limitOf("nav_agreement_bps"),
      unit: "bps",
      detail: { marks: fund.marks, analytical_marks: measured.marks },
    }),
    judged({
      check: "stale_marks",
      value: shareOf(measured.staleValue, measured.value),
      limit: limitOf("stale_marks_share"),
      unit: "share",
      detail: { assets: measured.staleAssets, unmarked: measured.unmarked },
    }),
    judged({
      check: "stale_series",
      value: shareOf(String(measured.staleSeriesCount), String(measured.series)),
      limit: limitOf("stale_series_share"),
      unit: "share",
      detail: { series: measured.staleSeries, of: measured.series },
    }),
  ];
}
