// The fund gate over one class as a calculation of its own: figures and requests in, ratio and fills out (R6, with R8 cohorts). Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { AmountString, CarryPolicy, DustPolicy, GatePolicy, IsoDate } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { byId } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { amountOf, decideGate, type GateDecision } from "./gate.ts";
import { allocate, type StageFill, ulpValue } from "./pro-rata.ts";
import { type Fraction, fractionText, scaledOf, scaledText, valueText } from "./scaled.ts";
import { DUST_STAGE, SMALL_STAGE, stagesOf } from "./stages.ts";

export const Decimals = z.int().min(0).max(9);

export const FundGateInput = z.strictObject({
  navPerUnit: NonNegative,
  unitsDp: Decimals.default(4),
  priceDp: Decimals.default(4),
  gate: GatePolicy,
  nav: DecimalString,
  liquidAssets: NonNegative.optional(),
  quarterBase: NonNegative.optional(),
  redeemedInQuarter: NonNegative.optional(),
  /** Cleared subscriptions of the same dealing day. */
  subscriptions: AmountString.default("0"),
  /** Whether the gate was activated for the day. */
  active: z.boolean().default(true),
  carry: CarryPolicy.default("auto_pari_passu"),
  dust: DustPolicy.optional(),
  orders: z
    .array(
      z.strictObject({
        id: Name,
        units: NonNegative,
        investorId: Name.optional(),
        vintage: IsoDate.default("1970-01-01"),
        partialFills: z.int().min(0).default(0),
      }),
    )
    .max(1_000_000),
});

export const GateSummary = z.strictObject({
  status: z.enum(["open", "gated", "stopped", "not_active"]),
  /** Ratio of the cohort at which the money ends, HALF_UP at 18 decimals; "1" when everybody is paid; null when the engine stopped. */
  fraction: z.string().nullable(),
  /** The same ratio exactly. */
  exactFraction: z.strictObject({ numerator: z.string(), denominator: z.string() }).nullable(),
  /** Units the day could pay; null without a cap or with several classes. */
  capUnits: z.string().nullable(),
  cap: z.string().nullable(),
  caps: z.array(z.strictObject({ name: z.string(), amount: z.string() })),
  threshold: z.string().nullable(),
  redemptions: z.string(),
  subscriptions: z.string(),
  demand: z.string(),
  crossed: z.string(),
  pay: z.string(),
  cohorts: z.array(
    z.strictObject({
      cohort: z.string(),
      orders: z.int(),
      requested: z.string(),
      paid: z.string(),
      fraction: z.string(),
    }),
  ),
});
export type GateSummary = z.infer<typeof GateSummary>;

export const FundGateOutput = z.strictObject({
  gate: GateSummary,
  orders: z.array(z.strictObject({ id: z.string(), requested: z.string(), filled: z.string(), unfilled: z.string() })),
});

/**
 * R6 over one class. Units with `unitsDp` decimals: filled by floor and largest remainder (ties to the smallest id), so that Σ filled =
 * ⌊pay / NAV per unit⌋ when gated and Σ filled = Σ requested when open; a stopped engine fills nothing and answers `stopped`.
 * Errors: EG400 for a number finer than its decimals, a repeated id, or a cap whose base is missing.
 */
export function fundGate(input: z.input<typeof FundGateInput>): z.infer<typeof FundGateOutput> {
  const facts = parseInput(FundGateInput, input);
  refuseRepeats("orders", facts.orders);
  const orders = [...facts.orders].sort((a, b) => byId(a.id, b.id));
  const price = scaledOf(facts.navPerUnit, facts.priceDp, "navPerUnit");
  if (price <= 0n) throw new EvergreenError("EG400", "navPerUnit: expected a price above 0.");
  const ulp = ulpValue(price, facts.unitsDp, facts.priceDp);
  const units = orders.map((order) => scaledOf(order.units, facts.unitsDp, "orders.units"));
  const values = units.map((count) => count * ulp);
  const figure = (text: string | undefined, what: string) =>
    text === undefined ? {} : { [what]: amountOf(text, what) };
  const decision = decideGate(
    facts.gate,
    {
      nav: amountOf(facts.nav, "nav"),
      ...figure(facts.liquidAssets, "liquidAssets"),
      ...figure(facts.quarterBase, "quarterBase"),
      ...figure(facts.redeemedInQuarter, "redeemedInQuarter"),
    },
    {
      redemptions: values.reduce((sum, value) => sum + value, 0n),
      subscriptions: amountOf(facts.subscriptions, "subscriptions"),
    },
    facts.active,
  );
  const columns = {
    values,
    owners: orders.map((order) => order.investorId ?? order.id),
    vintages: orders.map((order) => order.vintage),
    partialFills: orders.map((order) => order.partialFills),
    dealings: orders.map(() => 0),
  };
  const policy = { carry: facts.carry, dust: facts.dust, smallOrder: facts.gate.smallOrder };
  const stages = stagesOf(columns, policy, decision.cap ?? decision.pay, decision.pay);
  const allocated = allocate({ units, classes: units.map(() => 0), stages }, [ulp], decision.pay);
  return {
    gate: summaryOf(decision, allocated.stages, { ulp, unitsDp: facts.unitsDp }),
    orders: orders.map((order, i) => ({
      id: order.id,
      requested: scaledText(units[i] as bigint, facts.unitsDp),
      filled: scaledText(allocated.fills[i] as bigint, facts.unitsDp),
      unfilled: scaledText((units[i] as bigint) - (allocated.fills[i] as bigint), facts.unitsDp),
    })),
  };
}

/** Ratio of the cohort at which the money ends; 1 when everybody is paid. */
export function marginalRatio(stages: readonly StageFill[]): Fraction {
  return stages.find((stage) => stage.paid < stage.requested)?.ratio ?? { num: 1n, den: 1n };
}

/** The decision and the cohorts as text. `single` gives units where there is one class. Amounts: decimals as exact as they are. */
export function summaryOf(
  decision: GateDecision,
  stages: readonly StageFill[],
  single: { ulp: bigint; unitsDp: number } | null,
): GateSummary {
  const ratio = decision.status === "stopped" ? null : marginalRatio(stages);
  return {
    status: decision.status,
    fraction: ratio === null ? null : fractionText(ratio),
    exactFraction: ratio === null ? null : { numerator: ratio.num.toString(), denominator: ratio.den.toString() },
    capUnits:
      decision.payable === null || single === null || single.ulp === 0n
        ? null
        : scaledText(decision.payable / single.ulp, single.unitsDp),
    cap: decision.cap === null ? null : valueText(decision.cap),
    caps: decision.caps.map(({ name, amount }) => ({ name, amount: valueText(amount) })),
    threshold: decision.threshold === null ? null : valueText(decision.threshold),
    redemptions: valueText(decision.redemptions),
    subscriptions: valueText(decision.subscriptions),
    demand: valueText(decision.demand),
    crossed: valueText(decision.crossed),
    pay: valueText(decision.pay),
    cohorts: stages.map((stage) => ({
      cohort: stage.stage === DUST_STAGE ? "dust" : stage.stage === SMALL_STAGE ? "small" : `cohort ${stage.stage - 1}`,
      orders: stage.orders,
      requested: valueText(stage.requested),
      paid: valueText(stage.paid),
      fraction: fractionText(stage.ratio),
    })),
  };
}
