// The demo fund as fn_import_fund takes it: assets, weights and targets, ladder, reported monthly totals, mandate. Strings on the wire.
import { BUCKET_DAYS } from "@evergreen-fund/domain";
import { decimal, Exact, exactWeights, ratioText } from "@evergreen-fund/finance/money.ts";
import type { MonthEnd } from "./fund-life.ts";
import { HOLDINGS, type Holding, isLiquid, SLEEVES } from "./holdings.ts";
import { ladderOf, type Rung, redemptionsOf } from "./liquidity.ts";
import { demoMandate, SLEEVE_TARGETS } from "./mandate.ts";
import { amountText, sum } from "./money.ts";
import {
  CALENDAR,
  CURRENCY,
  DEMO_VERSION,
  FUND_CODE,
  FUND_NAME,
  MONTHS,
  monthEnd,
  monthStart,
  SOURCE,
  TIME_ZONE,
} from "./terms.ts";

/** The argument `fund` of fn_import_fund. */
export type FundImport = ReturnType<typeof fundImport>;

export function fundImport(life: readonly MonthEnd[]) {
  const last = life.at(-1)!;
  const targets = assetTargets(last);
  const ladder = ladderOf(life);
  const mandate = demoMandate(amountText(stressedWithin30Days(ladder)));
  return {
    code: FUND_CODE,
    name: FUND_NAME,
    currency: CURRENCY,
    synthetic: true,
    calendar: CALENDAR,
    time_zone: TIME_ZONE,
    as_of: monthEnd(MONTHS),
    net_assets: amountText(last.netAssets),
    source: { kind: SOURCE, generator: "demo", version: DEMO_VERSION },
    assets: HOLDINGS.map((holding) => assetOf(holding, last, targets.get(holding.key)!)),
    ladder: ladder.map(({ side, bucket, capacity, stress }) => ({
      side,
      bucket,
      capacity: amountText(capacity),
      stress_delta: amountText(stress),
    })),
    reported_flows: reportedFlows(life),
    mandate,
    mandate_label: mandate.label,
  };
}

function assetOf(holding: Holding, last: MonthEnd, target: string) {
  return {
    key: holding.key,
    name: holding.name,
    type: holding.type,
    sleeve: holding.sleeve,
    issuer: holding.issuer,
    country: holding.country,
    currency: holding.currency,
    lp_visible: holding.lpVisible,
    liquid: isLiquid(holding),
    bucket: holding.bucket,
    fair_value_level: holding.fairValueLevel,
    ...(holding.maturity === undefined ? {} : { maturity: holding.maturity }),
    market_value: amountText(last.marks.get(holding.key)!),
    target_pct: target,
    attributes: {
      synthetic: true,
      category: holding.category,
      issuer_category: holding.issuerCategory,
      bought: monthEnd(holding.bought - 1),
    },
  };
}

/** Liabilities of the first 30 days under stress, cents. */
function stressedWithin30Days(ladder: readonly Rung[]): bigint {
  const due = ladder.filter((rung) => rung.side === "liability" && BUCKET_DAYS[rung.bucket] <= 30);
  return sum(due.map((rung) => rung.capacity + rung.stress));
}

/** Target weight of each asset: that of its sleeve, divided as the sleeve is held today. They add up to 1. */
function assetTargets(last: MonthEnd): Map<string, string> {
  const targets = new Map<string, string>();
  for (const sleeve of SLEEVES) {
    const held = HOLDINGS.filter((holding) => holding.sleeve === sleeve);
    const target = decimal(SLEEVE_TARGETS[sleeve]!);
    const parts = exactWeights(held.map(({ key }) => new Exact(last.marks.get(key)!.toString())));
    let left = target;
    held.forEach(({ key }, position) => {
      const part = position === held.length - 1 ? left : target.times(parts[position]!).toDecimalPlaces(18);
      left = left.minus(part);
      targets.set(key, ratioText(part));
    });
  }
  return targets;
}

/** Per month, what was sold and redeemed: the totals of the orders dealt in it, before levies. */
function reportedFlows(life: readonly MonthEnd[]) {
  return life.flatMap((end) => {
    const redeemed = redemptionsOf(end);
    const sold = sum(end.fills.map((fill) => fill.gross)) - redeemed;
    const row = (kind: "sale" | "redemption", amount: bigint) => ({
      month: monthStart(end.month),
      kind,
      amount: amountText(amount),
    });
    return [...(sold > 0n ? [row("sale", sold)] : []), ...(redeemed > 0n ? [row("redemption", redeemed)] : [])];
  });
}
