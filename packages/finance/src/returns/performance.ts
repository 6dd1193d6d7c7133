// The performance table of an investment or fund (R46): the same measures gross and net, with and without the subscription line, each labelled,
// and what is missing named. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { NonNegative, parseInput } from "../parse.ts";
import { FundFlows, signedFlows, Valuation } from "./flows.ts";
import { Basis } from "./labels.ts";
import {
  DirectAlphaOutput,
  directAlpha,
  KsPmeOutput,
  ksPme,
  PmeInput,
  PmePlusOutput,
  pmePlus,
} from "./market-equivalent.ts";
import { fundMultiples, MultiplesOutput } from "./multiples.ts";
import { XirrOutput, xirr } from "./xirr.ts";

const { fees, subscriptionLine, staleShare } = Basis.shape;

export const PerformanceInput = z.strictObject({
  committed: NonNegative.optional(),
  staleShare,
  /** One per way of counting: gross or net, with or without the subscription line, each with its own flows and value. */
  variants: z
    .array(z.strictObject({ fees, subscriptionLine, flows: FundFlows.min(1), nav: Valuation }))
    .min(1)
    .max(4),
  /** Index to compare with; without it there are no market equivalents. */
  index: PmeInput.pick({ index: true, indexName: true, maxIndexAgeDays: true }).optional(),
});

export const PerformanceOutput = z.strictObject({
  rows: z.array(
    z.strictObject({
      multiples: MultiplesOutput,
      xirr: XirrOutput,
      ksPme: KsPmeOutput.nullable(),
      pmePlus: PmePlusOutput.nullable(),
      directAlpha: DirectAlphaOutput.nullable(),
    }),
  ),
  /** Ways of counting that R46 asks for and the input does not have. */
  missing: z.array(z.strictObject({ fees, subscriptionLine })),
});

/**
 * Multiples, XIRR and, with an index, KS-PME, PME+ and Direct Alpha for each way of counting; order: gross before net, with before without. A fund
 * without subscription line states `none`. Rounding as in each measure. Source: R46; ILPA, GIPS.
 * Errors: EG400 when a way of counting comes twice, `none` is mixed with the others, or as in the measures; EG413.
 */
export function performance(input: z.input<typeof PerformanceInput>): z.infer<typeof PerformanceOutput> {
  const facts = parseInput(PerformanceInput, input);
  const { variants, committed } = facts;
  const lines = new Set(variants.map((variant) => variant.subscriptionLine));
  if (lines.has("none") && lines.size > 1)
    throw new EvergreenError("EG400", "Either the fund has a subscription line or it has none; state one of them.");
  const wanted = (["gross", "net"] as const).flatMap((side) =>
    (lines.has("none") ? (["none"] as const) : (["with", "without"] as const)).map((line) => ({
      fees: side,
      subscriptionLine: line,
    })),
  );
  const rows: z.infer<typeof PerformanceOutput>["rows"] = [];
  const missing: z.infer<typeof PerformanceOutput>["missing"] = [];
  for (const way of wanted) {
    const found = variants.filter((row) => row.fees === way.fees && row.subscriptionLine === way.subscriptionLine);
    if (found.length > 1)
      throw new EvergreenError("EG400", `The flows ${way.fees} / ${way.subscriptionLine} are given twice.`);
    const variant = found[0];
    if (!variant) {
      missing.push(way);
      continue;
    }
    const { flows, nav } = variant;
    const basis = { ...way, staleShare: facts.staleShare };
    const against = facts.index && { ...facts.index, flows, nav, basis };
    rows.push({
      // refuses flows after the valuation, for all measures
      multiples: fundMultiples({ flows, nav, basis, ...(committed === undefined ? {} : { committed }) }),
      xirr: xirr({
        flows: signedFlows(flows).map(({ date, amount }) => ({ date, amount: amount.toFixed() })),
        closing: nav,
        basis,
      }),
      ksPme: against ? ksPme(against) : null,
      pmePlus: against ? pmePlus(against) : null,
      directAlpha: against ? directAlpha(against) : null,
    });
  }
  return { rows, missing };
}
