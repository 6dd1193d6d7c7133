// How many quarters a fund can pay its gate in full: survival at the maximum gate (R35). Pure, exact fractions.
import { DecimalString } from "@evergreen-fund/domain";
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { fractionOf } from "../dealing/scaled.ts";
import { Fraction } from "../fees/fraction.ts";
import { NonNegative, parseInput } from "../parse.ts";

export const SurvivalInput = z.strictObject({
  nav: NonNegative,
  /** The most the gate lets out per quarter, as a share of the NAV of that quarter. */
  gate: FractionString,
  /** Cash and what can be cash within 90 days, at the start. */
  liquid: NonNegative,
  /** Part of it that is spoken for. */
  reserved: NonNegative.default("0"),
  /** Per quarter: what comes in less what has to be paid in (calls less distributions may be more than comes in); the last one stays. */
  inflows: z.array(DecimalString).min(1).max(400).default(["0"]),
  /** Quarters to look ahead. */
  horizon: z.int().min(1).max(400).default(40),
});
export const SurvivalOutput = z.strictObject({
  /** Quarters in a row, from the first one on, in which the gate is paid in full. */
  quarters: z.int(),
  /** It held to the horizon: the fund survives at least that long. */
  atHorizon: z.boolean(),
  /** "5", or ">=40" at the horizon. */
  label: z.string(),
  /** The quarters that hold and, when one does not, that one. */
  path: z.array(
    z.strictObject({
      quarter: z.int(),
      nav: z.string(),
      redeemed: z.string(),
      redeemedSoFar: z.string(),
      available: z.string(),
      holds: z.boolean(),
    }),
  ),
});

/**
 * n* of R35: quarters k = 1, 2, … in a row with Σ_{j≤k} gate·NAV_j ≤ liquid + Σ_{j≤k} inflow_j − reserved, NAV_{k+1} = NAV_k·(1 − gate). The count ends at the
 * first quarter that fails, whatever later inflows would bring. Compared in exact fractions, equal holds; figures of the path HALF_UP at 18
 * decimals in the money of the input. Errors: EG400.
 */
export function survivalQuarters(input: z.input<typeof SurvivalInput>): z.infer<typeof SurvivalOutput> {
  const facts = parseInput(SurvivalInput, input);
  const share = fractionOf(facts.gate, "gate");
  const gate = Fraction.of(share.num, share.den);
  let nav = Fraction.of(facts.nav);
  let redeemed = Fraction.ZERO;
  let available = Fraction.of(facts.liquid).minus(Fraction.of(facts.reserved));
  const path: z.infer<typeof SurvivalOutput>["path"] = [];
  for (let quarter = 1; quarter <= facts.horizon; quarter += 1) {
    const asked = nav.times(gate);
    redeemed = redeemed.plus(asked);
    available = available.plus(Fraction.of(facts.inflows[Math.min(quarter, facts.inflows.length) - 1] ?? "0"));
    const holds = redeemed.lte(available);
    path.push({
      quarter,
      nav: nav.ratioText(),
      redeemed: asked.ratioText(),
      redeemedSoFar: redeemed.ratioText(),
      available: available.ratioText(),
      holds,
    });
    if (!holds) return { quarters: quarter - 1, atHorizon: false, label: String(quarter - 1), path };
    nav = nav.minus(asked);
  }
  return { quarters: facts.horizon, atHorizon: true, label: `>=${facts.horizon}`, path };
}
