// Marks of private assets between valuations: rolled forward by an index, and held against an anchor (R5). How much of the NAV is stale is
// `stale-share` in returns/. Pure.
import { CurrencyCode, DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { BPS, currencyExponent, decimal, type Exact, fixed, ONE, ratioText, ZERO } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";

const Positive = NonNegative.refine((text) => /[1-9]/.test(text), "expected a number above 0");

export const RollForwardInput = z.strictObject({
  /** Last mark, in the asset's own currency. */
  value: DecimalString,
  /** How much the asset moves when the index moves by one. */
  beta: DecimalString,
  /** Index at the mark and now. */
  indexAtMark: Positive,
  indexNow: Positive,
  ageDays: z.int().min(0),
  /** Paid to (calls) and by (distributions) the asset since, with the index of the day. */
  flows: z
    .array(z.strictObject({ call: NonNegative.default("0"), distribution: NonNegative.default("0"), index: Positive }))
    .max(10_000)
    .default([]),
  /** Fund currency per unit of the asset's currency. */
  fx: Positive.default("1"),
  /** The fund's currency. */
  currency: CurrencyCode,
});
export const RollForwardOutput = z.strictObject({
  value: z.string(),
  localValue: z.string(),
  beta: z.string(),
  indexReturn: z.string(),
  ageDays: z.int(),
});

/**
 * R5: FV_t = [FV_q · (1 + β(I_t/I_q − 1)) + Σ (call − distribution) · (1 + β(I_t/I_s − 1))] · FX_t, with 60 digits, HALF_UP once at the minor unit of
 * the fund's currency. β, index return and age go with the value. Errors: EG400.
 */
export function rollForwardMark(input: z.input<typeof RollForwardInput>): z.infer<typeof RollForwardOutput> {
  const facts = parseInput(RollForwardInput, input);
  const beta = decimal(facts.beta);
  const now = decimal(facts.indexNow);
  const growth = (index: string): Exact => ONE.plus(beta.times(now.div(decimal(index)).minus(1)));
  const flows = facts.flows.reduce(
    (sum, flow) => sum.plus(decimal(flow.call).minus(decimal(flow.distribution)).times(growth(flow.index))),
    ZERO,
  );
  const local = decimal(facts.value).times(growth(facts.indexAtMark)).plus(flows);
  return {
    value: fixed(local.times(decimal(facts.fx)), currencyExponent(facts.currency)),
    localValue: ratioText(local),
    beta: ratioText(beta),
    indexReturn: ratioText(now.div(decimal(facts.indexAtMark)).minus(1)),
    ageDays: facts.ageDays,
  };
}

export const BreakerInput = z.strictObject({
  /** May have fallen below zero. */
  value: DecimalString,
  /** Value at the start of the window; not the last tick, so that small steps cannot walk away. */
  anchor: Positive,
  maxBps: z.int().min(0).max(1_000_000),
});
export const BreakerOutput = z.strictObject({
  verdict: z.enum(["accept", "quarantine"]),
  moveBps: z.string(),
  limitBps: z.string(),
});

/** R5 breaker: accepted iff |value − anchor| · 10⁴ ≤ anchor · maxBps, exactly; else quarantined (DATA_DRIFT), never dropped. Errors: EG400. */
export function priceBreaker(input: z.input<typeof BreakerInput>): z.infer<typeof BreakerOutput> {
  const facts = parseInput(BreakerInput, input);
  const [value, anchor] = [decimal(facts.value), decimal(facts.anchor)];
  const move = value.minus(anchor).abs().times(BPS);
  return {
    verdict: move.lte(anchor.times(facts.maxBps)) ? "accept" : "quarantine",
    moveBps: ratioText(move.div(anchor)),
    limitBps: String(facts.maxBps),
  };
}
