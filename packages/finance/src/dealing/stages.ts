// Who is paid first on a gated day: who waited as long as may be, dust within its tolerance, small investors, then older vintages or everybody alike (R6, R8, R9). Pure.
import type { CarryPolicy, DustPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { byId } from "../money.ts";
import { amountOf } from "./gate.ts";
import { fractionOf, max } from "./scaled.ts";

/** Redemptions in columns, in the order of their ids. */
export type StageColumns = {
  /** Value at NAV per unit in 10^-18 of the currency. */
  readonly values: readonly bigint[];
  /** Beneficial owner: small is judged on all that one investor asks for, so that splitting an order wins nothing. */
  readonly owners: readonly string[];
  /** Date of the first request; a carried order keeps that of its parent. */
  readonly vintages: readonly string[];
  /** Partial fills the order has had under earlier ids. */
  readonly partialFills: readonly number[];
  /** Dealing days the order has waited under earlier ids. */
  readonly dealings: readonly number[];
};

export const OVERDUE_STAGE = 0;
export const DUST_STAGE = 1;
export const SMALL_STAGE = 2;
export const FIRST_COHORT = 3;

/**
 * Stage of every order for `allocate`. Overdue (R8): waited `carryMaxDealings` dealing days, and all of those together fit into `pay`; if they do not fit,
 * nobody is preferred and the authority is told. Dust: had a partial fill, is below the minimum, and fits the tolerance (share of `cap`) in the order of ids.
 * Small: the investor's whole request is at most `smallOrder` and all small investors together fit into `pay`; if they do not fit, nobody is preferred.
 */
export function stagesOf(
  columns: StageColumns,
  policy: {
    carry: CarryPolicy;
    carryMaxDealings?: number | undefined;
    dust?: DustPolicy | undefined;
    smallOrder?: string | undefined;
  },
  cap: bigint,
  pay: bigint,
): number[] {
  const { values, owners, vintages } = columns;
  const stages = cohortsOf(vintages, policy.carry);
  let left = pay;
  const most = policy.carry === "lapse_resubmit" ? undefined : policy.carryMaxDealings;
  const overdue = values.flatMap((_, i) => (most !== undefined && (columns.dealings[i] as number) >= most ? [i] : []));
  const waited = overdue.reduce((sum, i) => sum + (values[i] as bigint), 0n);
  if (waited <= left) {
    for (const i of overdue) stages[i] = OVERDUE_STAGE;
    left -= waited;
  }
  for (const i of dustOf(columns, policy.dust, cap)) {
    if (stages[i] === OVERDUE_STAGE || (values[i] as bigint) > left) continue;
    stages[i] = DUST_STAGE;
    left -= values[i] as bigint;
  }
  if (policy.smallOrder === undefined) return stages;
  const limit = amountOf(policy.smallOrder, "gate.smallOrder");
  const totals = new Map<string, bigint>();
  for (let i = 0; i < values.length; i++) {
    const owner = owners[i] as string;
    totals.set(owner, (totals.get(owner) ?? 0n) + (values[i] as bigint));
  }
  const small = stages.flatMap((stage, i) =>
    stage > DUST_STAGE && (totals.get(owners[i] as string) as bigint) <= limit ? [i] : [],
  );
  const asked = small.reduce((sum, i) => sum + (values[i] as bigint), 0n);
  if (asked <= left) for (const i of small) stages[i] = SMALL_STAGE;
  return stages;
}

function cohortsOf(vintages: readonly string[], carry: CarryPolicy): number[] {
  if (carry !== "priority_by_vintage") return new Array<number>(vintages.length).fill(FIRST_COHORT);
  const ranks = new Map([...new Set(vintages)].sort(byId).map((vintage, rank) => [vintage, FIRST_COHORT + rank]));
  return vintages.map((vintage) => ranks.get(vintage) as number);
}

/** Positions of the orders that are paid as dust (R9): after at least one partial fill, below the minimum, within the tolerance inside the cap. */
export function dustOf(columns: StageColumns, dust: DustPolicy | undefined, cap: bigint): number[] {
  if (dust === undefined || dust.mode !== "pay_from_tolerance") return [];
  const { num, den } = fractionOf(dust.tolerance, "dust.tolerance");
  const minimum = amountOf(dust.minimum, "dust.minimum");
  let reserve = max(0n, (cap * num) / den);
  const paid: number[] = [];
  for (let i = 0; i < columns.values.length; i++) {
    const value = columns.values[i] as bigint;
    if ((columns.partialFills[i] as number) < 1 || value >= minimum || value > reserve) continue;
    paid.push(i);
    reserve -= value;
  }
  return paid;
}
