// Swing pricing: the dealing price moves by the factor of the tier that the executed net flow reaches (R10). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { SwingPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { NonNegative, parseInput } from "../parse.ts";
import { Decimals } from "./fund-gate.ts";
import {
  type Fraction,
  fractionOf,
  fractionText,
  halfUpDiv,
  scaledOf,
  scaledText,
  VALUE_DP,
  valueText,
} from "./scaled.ts";

/**
 * Signed factor of the day: + for net subscriptions, − for net redemptions, 0 below the first tier. `net` = subscriptions − redemptions executed after
 * gates and crossing, over all classes, and `nav` unswung, both in 10^-18. The highest tier with |net| / NAV > `above` (strictly) counts.
 * Errors: EG400 for NAV ≤ 0 or a tier above the published maximum.
 */
export function swingFactor(policy: SwingPolicy, net: bigint, nav: bigint): Fraction {
  if (nav <= 0n) throw new EvergreenError("EG400", "nav: the swing needs a NAV above 0.");
  const most = fractionOf(policy.maxFactor, "swing.maxFactor");
  const size = net < 0n ? -net : net;
  let chosen: Fraction = { num: 0n, den: 1n };
  let reached: Fraction | null = null;
  for (const tier of policy.tiers) {
    const above = fractionOf(tier.above, "swing.tiers.above");
    const factor = fractionOf(tier.factor, "swing.tiers.factor");
    if (factor.num * most.den > most.num * factor.den)
      throw new EvergreenError("EG400", "swing.tiers: a factor is above the published maximum.");
    const higher = reached === null || above.num * reached.den >= reached.num * above.den;
    if (size * above.den > above.num * nav && higher) [chosen, reached] = [factor, above];
  }
  return net < 0n ? { num: -chosen.num, den: chosen.den } : chosen;
}

/** NAV per unit × (1 + factor), HALF_UP at the decimals of the price (which it is in and comes out in). */
export function priceWith(navPerUnit: bigint, factor: Fraction): bigint {
  return halfUpDiv(navPerUnit * (factor.den + factor.num), factor.den);
}

export const SwingInput = z.strictObject({
  policy: SwingPolicy,
  navPerUnit: NonNegative,
  priceDp: Decimals.default(4),
  /** Executed after gates and crossing, over all classes of the fund. */
  subscriptions: NonNegative,
  redemptions: NonNegative,
  nav: NonNegative,
});
export const SwingOutput = z.strictObject({
  netFlow: z.string(),
  /** |net| / NAV. */
  netShare: z.string(),
  factor: z.string(),
  price: z.string(),
  swung: z.boolean(),
});

/** R10: one price for both sides. Fees and performance stay on the unswung NAV. Errors: EG400. */
export function swingPrice(input: z.input<typeof SwingInput>): z.infer<typeof SwingOutput> {
  const facts = parseInput(SwingInput, input);
  const subscriptions = scaledOf(facts.subscriptions, VALUE_DP, "subscriptions");
  const redemptions = scaledOf(facts.redemptions, VALUE_DP, "redemptions");
  const nav = scaledOf(facts.nav, VALUE_DP, "nav");
  const net = subscriptions - redemptions;
  const factor = swingFactor(facts.policy, net, nav);
  const price = priceWith(scaledOf(facts.navPerUnit, facts.priceDp, "navPerUnit"), factor);
  return {
    netFlow: valueText(net),
    netShare: fractionText({ num: net < 0n ? -net : net, den: nav }),
    factor: fractionText(factor),
    price: scaledText(price, facts.priceDp),
    swung: factor.num !== 0n,
  };
}
