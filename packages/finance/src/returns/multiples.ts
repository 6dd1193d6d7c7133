// Multiples of paid-in capital (R41): PIC, DPI, RVPI, TVPI and the share of the commitment that is paid in. Exact; pure.
import { z } from "zod";
import { decimal, type Exact, ratioText, ZERO } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";
import { type FundFlow, FundFlows, refuseLater, Valuation } from "./flows.ts";
import { Basis, Label, labelOf } from "./labels.ts";

export const MultiplesInput = z.strictObject({
  flows: FundFlows,
  nav: Valuation,
  committed: NonNegative.optional(),
  basis: Basis,
});
export const MultiplesResult = z.strictObject({
  /** Paid-in capital and distributions in the money of the input; recalled distributions are in both. */
  paidIn: z.string(),
  distributed: z.string(),
  recalled: z.string(),
  nav: z.string(),
  /** D / PIC, NAV / PIC, their sum, PIC / committed; null where the divisor is zero or missing. */
  dpi: z.string().nullable(),
  rvpi: z.string().nullable(),
  tvpi: z.string().nullable(),
  picMultiple: z.string().nullable(),
});
export const MultiplesOutput = z.strictObject({ label: Label, ...MultiplesResult.shape });

export const MULTIPLES_METHOD = "Multiples of paid-in capital";

/** What was paid in by calls, distributed, and recalled after a distribution, each as a sum. */
export function totals(flows: readonly FundFlow[]): Record<FundFlow["kind"], Exact> {
  const sums = { contribution: ZERO, distribution: ZERO, recalled_distribution: ZERO };
  for (const { kind, amount } of flows) sums[kind] = sums[kind].plus(decimal(amount));
  return sums;
}

/**
 * PIC = contributions + recalled distributions, DPI = D / PIC, RVPI = NAV / PIC, TVPI = DPI + RVPI (before rounding), PIC multiple = PIC / committed.
 * A recalled distribution stays in D and counts again in PIC. Money in the unit of the input, ratios HALF_UP at 18 decimals.
 * Source: R41, GIPS. Errors: EG400, also for a flow after the valuation; EG413 over 20,000 flows.
 */
export function fundMultiples(input: z.input<typeof MultiplesInput>): z.infer<typeof MultiplesOutput> {
  const facts = parseInput(MultiplesInput, input);
  refuseLater(facts.flows, facts.nav.date);
  const dates = [...facts.flows.map(({ date }) => date), facts.nav.date];
  return {
    label: labelOf(MULTIPLES_METHOD, dates, facts.basis, "multiple"),
    ...multiplesOf(facts.flows, facts.nav.value, facts.committed),
  };
}

export function multiplesOf(
  flows: readonly FundFlow[],
  value: string,
  committed: string | undefined,
): z.infer<typeof MultiplesResult> {
  const sums = totals(flows);
  const paidIn = sums.contribution.plus(sums.recalled_distribution);
  const nav = decimal(value);
  const over = (amount: Exact, divisor: Exact): string | null =>
    divisor.isZero() ? null : ratioText(amount.div(divisor));
  return {
    paidIn: ratioText(paidIn),
    distributed: ratioText(sums.distribution),
    recalled: ratioText(sums.recalled_distribution),
    nav: ratioText(nav),
    dpi: over(sums.distribution, paidIn),
    rvpi: over(nav, paidIn),
    tvpi: over(sums.distribution.plus(nav), paidIn),
    picMultiple: committed === undefined ? null : over(paidIn, decimal(committed)),
  };
}
