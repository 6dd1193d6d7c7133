// Dual pricing: redeemers deal at the bid, subscribers at the offer (R12). Pure.
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { NonNegative, parseInput } from "../parse.ts";
import { Decimals } from "./fund-gate.ts";
import { fractionOf, scaledOf, scaledText } from "./scaled.ts";
import { priceWith } from "./swing.ts";

/** bid = NAV per unit × (1 − s_b), offer = NAV per unit × (1 + s_o), each HALF_UP at the decimals of the price. */
export function dualPrices(
  navPerUnit: bigint,
  policy: { bidSpread: string; offerSpread: string },
): { bid: bigint; offer: bigint } {
  const bid = fractionOf(policy.bidSpread, "dual.bidSpread");
  return {
    bid: priceWith(navPerUnit, { num: -bid.num, den: bid.den }),
    offer: priceWith(navPerUnit, fractionOf(policy.offerSpread, "dual.offerSpread")),
  };
}

export const DualInput = z.strictObject({
  navPerUnit: NonNegative,
  priceDp: Decimals.default(4),
  bidSpread: FractionString,
  offerSpread: FractionString,
});
export const DualOutput = z.strictObject({ bid: z.string(), offer: z.string() });

/** R12 as a calculation. Errors: EG400. */
export function dualPrice(input: z.input<typeof DualInput>): z.infer<typeof DualOutput> {
  const facts = parseInput(DualInput, input);
  const { bid, offer } = dualPrices(scaledOf(facts.navPerUnit, facts.priceDp, "navPerUnit"), facts);
  return { bid: scaledText(bid, facts.priceDp), offer: scaledText(offer, facts.priceDp) };
}
