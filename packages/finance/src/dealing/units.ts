// Units for money and money for units at the published price, and what the rounding leaves in the fund (R5b). Pure.
import { CurrencyCode, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { AmountString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { currencyExponent } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";
import { Decimals } from "./fund-gate.ts";
import { ulpValue } from "./pro-rata.ts";
import { ceilDiv, floorDiv, rescale, scaledOf, scaledText, VALUE_DP, valueText } from "./scaled.ts";

/** One subscription: everything in whole minor units but `residual`, which is exact in 10^-18. */
export type Issue = { units: bigint; invested: bigint; residual: bigint; residualCash: bigint; refund: bigint };

/**
 * units = ⌊net amount / price⌋ at 10^-u. The residual (net amount − units × price < price × 10^-u) stays in the fund, or is paid back in whole minor
 * units where it reaches `refundFrom`. invested + residualCash + refund = net amount. `ulp`: value of 10^-u units in 10^-18. Errors: EG400 for price ≤ 0.
 */
export function issue(netMinor: bigint, ulp: bigint, currencyDp: number, refundFrom: bigint | null): Issue {
  if (ulp <= 0n) throw new EvergreenError("EG400", "price: expected a price above 0.");
  const net = rescale(netMinor, currencyDp, VALUE_DP, "exact");
  const units = floorDiv(net, ulp);
  const residual = net - units * ulp;
  const cash = rescale(residual, VALUE_DP, currencyDp, "floor");
  const refund = refundFrom !== null && cash > 0n && cash >= refundFrom ? cash : 0n;
  return { units, invested: netMinor - cash, residual, residualCash: cash - refund, refund };
}

/** Cash of units: ⌊units × price⌋ at the minor unit; the residual (10^-18, less than a minor unit) stays in the fund. */
export function cashOf(units: bigint, ulp: bigint, currencyDp: number): { cash: bigint; residual: bigint } {
  const value = units * ulp;
  const cash = rescale(value, VALUE_DP, currencyDp, "floor");
  return { cash, residual: value - rescale(cash, currencyDp, VALUE_DP, "exact") };
}

/** What units cost a subscriber who orders in units: ⌈units × price⌉ at the minor unit. */
export function costOf(units: bigint, ulp: bigint, currencyDp: number): bigint {
  return ceilDiv(units * ulp, 10n ** BigInt(VALUE_DP - currencyDp));
}

const priced = {
  price: NonNegative,
  currency: CurrencyCode,
  unitsDp: Decimals.default(4),
  priceDp: Decimals.default(4),
};

export const IssueInput = z.strictObject({ ...priced, netAmount: MoneyString, refundFrom: AmountString.optional() });
export const IssueOutput = z.strictObject({
  units: z.string(),
  invested: z.string(),
  /** Exact: net amount − units × price. */
  residual: z.string(),
  /** Whole minor units of it that stay in the fund. */
  residualCash: z.string(),
  refund: z.string(),
});

/** R5b subscription. Errors: EG400 for a price of 0, a negative amount or one finer than the minor unit. */
export function issueUnits(input: z.input<typeof IssueInput>): z.infer<typeof IssueOutput> {
  const facts = parseInput(IssueInput, input);
  const dp = currencyExponent(facts.currency);
  const ulp = ulpValue(scaledOf(facts.price, facts.priceDp, "price"), facts.unitsDp, facts.priceDp);
  const net = scaledOf(facts.netAmount, dp, "netAmount");
  if (net < 0n) throw new EvergreenError("EG400", "netAmount: expected an amount of at least 0.");
  const refundFrom = facts.refundFrom === undefined ? null : scaledOf(facts.refundFrom, dp, "refundFrom");
  const made = issue(net, ulp, dp, refundFrom);
  return {
    units: scaledText(made.units, facts.unitsDp),
    invested: scaledText(made.invested, dp),
    residual: valueText(made.residual),
    residualCash: scaledText(made.residualCash, dp),
    refund: scaledText(made.refund, dp),
  };
}

export const RedeemInput = z.strictObject({ ...priced, units: NonNegative });
export const RedeemOutput = z.strictObject({ cash: z.string(), residual: z.string() });

/** R5b redemption: cash rounded down at the minor unit, the residual stays in the fund. Errors: EG400. */
export function redeemUnits(input: z.input<typeof RedeemInput>): z.infer<typeof RedeemOutput> {
  const facts = parseInput(RedeemInput, input);
  const dp = currencyExponent(facts.currency);
  const ulp = ulpValue(scaledOf(facts.price, facts.priceDp, "price"), facts.unitsDp, facts.priceDp);
  const { cash, residual } = cashOf(scaledOf(facts.units, facts.unitsDp, "units"), ulp, dp);
  return { cash: scaledText(cash, dp), residual: valueText(residual) };
}
