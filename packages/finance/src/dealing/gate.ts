// The fund gate: what the day may pay, from every cap that is set, and whether the gate may be used at all (R6). Pure; amounts in 10^-18.
import { EvergreenError } from "@evergreen-fund/domain";
import type { GatePolicy } from "@evergreen-fund/domain/policies/index.ts";
import { fractionOf, max, min, rescale, scaledOf, VALUE_DP } from "./scaled.ts";

/** What the caps are shares of; amounts in 10^-18 of the currency. */
export type GateFigures = {
  readonly nav: bigint;
  readonly liquidAssets?: bigint;
  /** NAV at the start of the quarter and what the quarter has paid since. */
  readonly quarterBase?: bigint;
  readonly redeemedInQuarter?: bigint;
  /** Limit of R9b, where the fund is an ELTIF. */
  readonly eltif?: bigint;
};

export type GateDecision = {
  /**
   * open: everybody is paid in full; gated: pro rata; stopped: a cap is below what must be paid, so the fund must suspend or extend notice;
   * not_active: the gate was not activated and nothing is held back.
   */
  readonly status: "open" | "gated" | "stopped" | "not_active";
  readonly caps: readonly { readonly name: string; readonly amount: bigint }[];
  /** The lowest cap; null when there is none. */
  readonly cap: bigint | null;
  readonly threshold: bigint | null;
  /** Redemptions and subscriptions of the day. */
  readonly redemptions: bigint;
  readonly subscriptions: bigint;
  /** What the caps are held against: redemptions, gross or net of subscriptions. */
  readonly demand: bigint;
  /** Part of the redemptions that subscriptions of the day pay (net basis). */
  readonly crossed: bigint;
  /** What the day could pay: cap, and on a net basis the subscriptions; null without a cap. */
  readonly payable: bigint | null;
  /** Value that is paid to redeemers. */
  readonly pay: bigint;
};

/**
 * R6. demand = Σ redemptions (gross) or max(0, redemptions − subscriptions) (net). cap = the lowest of the caps, at least 0. The gate may be used only
 * when demand > threshold, and then pays at least the threshold; a cap below min(demand, threshold) stops the engine. pay = min(redemptions,
 * cap + (net: subscriptions)). Caps are rounded down at 10^-18. Errors: EG400 when a cap is set whose base is missing.
 */
export function decideGate(
  policy: GatePolicy | undefined,
  figures: GateFigures,
  flow: { redemptions: bigint; subscriptions: bigint },
  active = true,
): GateDecision {
  const net = policy?.basis === "net";
  const caps = policy === undefined ? [] : capsOf(policy, figures);
  if (figures.eltif !== undefined) caps.push({ name: "eltif", amount: max(0n, figures.eltif) });
  const cap = caps.length === 0 ? null : caps.map(({ amount }) => amount).reduce(min);
  const threshold = policy?.threshold === undefined ? null : thresholdOf(policy.threshold, figures);
  const demand = net ? max(0n, flow.redemptions - flow.subscriptions) : flow.redemptions;
  const crossed = net ? min(flow.redemptions, flow.subscriptions) : 0n;
  const payable = cap === null ? null : cap + (net ? flow.subscriptions : 0n);
  const base = { caps, cap, threshold, ...flow, demand, crossed, payable };
  if (!active) return { ...base, status: "not_active", pay: flow.redemptions };
  if (cap === null || demand <= cap) return { ...base, status: "open", pay: flow.redemptions };
  if (threshold !== null && cap < min(demand, threshold)) return { ...base, status: "stopped", pay: 0n };
  return { ...base, status: "gated", pay: min(flow.redemptions, payable ?? cap) };
}

/** Money text → 10^-18. Errors: EG400. */
export function amountOf(text: string, what: string): bigint {
  return scaledOf(text, VALUE_DP, what);
}

function capsOf(policy: GatePolicy, figures: GateFigures): { name: string; amount: bigint }[] {
  const caps: { name: string; amount: bigint }[] = [];
  const add = (name: string, amount: bigint): void => {
    caps.push({ name, amount: max(0n, amount) });
  };
  if (policy.share !== undefined) add("nav_share", shareOf(policy.share, figures.nav, "gate.share"));
  if (policy.money !== undefined) add("money", amountOf(policy.money, "gate.money"));
  if (policy.liquidShare !== undefined)
    add("liquid_share", shareOf(policy.liquidShare, needed(figures.liquidAssets, "liquidAssets"), "gate.liquidShare"));
  if (policy.quarterShare !== undefined) {
    const whole = shareOf(policy.quarterShare, needed(figures.quarterBase, "quarterBase"), "gate.quarterShare");
    add("quarter_share", whole - needed(figures.redeemedInQuarter, "redeemedInQuarter"));
  }
  return caps;
}

function thresholdOf(threshold: NonNullable<GatePolicy["threshold"]>, figures: GateFigures): bigint {
  if (threshold.kind === "money") return amountOf(threshold.amount, "gate.threshold.amount");
  const base = threshold.kind === "nav_share" ? figures.nav : needed(figures.liquidAssets, "liquidAssets");
  return shareOf(threshold.share, base, "gate.threshold.share");
}

/** share × base, rounded down at 10^-18: never above the cap, and no whole unit is lost by it, since units × price has at most 18 decimals. */
export function shareOf(share: string, base: bigint, what: string): bigint {
  const { num, den } = fractionOf(share, what);
  return max(0n, (num * base) / den);
}

function needed(figure: bigint | undefined, name: string): bigint {
  if (figure === undefined) throw new EvergreenError("EG400", `fund.${name}: a cap of the gate is a share of it.`);
  return figure;
}

/** 10^-18 → minor units, rounded down. */
export function minorOf(value: bigint, currencyDp: number): bigint {
  return rescale(value, VALUE_DP, currencyDp, "floor");
}
