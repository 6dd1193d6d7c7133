// Modified Dietz return (R44): one return of a window from its two values and dated flows. Exact; pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal, Exact, ratioText, ZERO } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";
import { Day, dayNumber, MOST_FLOWS, Valuation } from "./flows.ts";
import { Basis, Label, labelOf } from "./labels.ts";

export const ModifiedDietzInput = z.strictObject({
  opening: Valuation,
  /** External flows: positive comes in, negative goes out. */
  flows: z.array(z.strictObject({ date: Day, amount: DecimalString })).max(MOST_FLOWS),
  closing: z.strictObject({ date: Day, value: NonNegative }),
  /** When within its day a flow moves: at the end its weight is (T − d)/T, at the start (T − d + 1)/T. */
  flowsAt: z.enum(["end_of_day", "start_of_day"]).default("end_of_day"),
  basis: Basis,
});
export const ModifiedDietzOutput = z.strictObject({
  label: Label,
  /** Return of the whole window, never annualised, HALF_UP at 18 decimals; null when the average capital is not positive. */
  return: z.string().nullable(),
  /** V0 + Σ flow · weight, HALF_UP at 18 decimals. */
  averageCapital: z.string(),
  reason: z.enum(["average_capital_not_positive"]).nullable(),
});

/**
 * (V1 − V0 − ΣF) / (V0 + ΣF·w), w being the share of the window a flow was there. Not annualised. Values in one unit, results HALF_UP at 18 decimals.
 * Where the average capital is zero or negative the quotient means nothing and is not given.
 * Source: R44, GIPS. Errors: EG400 when the window has no day or a flow lies outside it; EG413 over 20,000 flows.
 */
export function modifiedDietz(input: z.input<typeof ModifiedDietzInput>): z.infer<typeof ModifiedDietzOutput> {
  const { opening, flows, closing, flowsAt, basis } = parseInput(ModifiedDietzInput, input);
  const start = dayNumber(opening.date);
  const days = dayNumber(closing.date) - start;
  if (days <= 0) throw new EvergreenError("EG400", "The window must have at least one day.");
  let sum = ZERO;
  let weighted = ZERO;
  for (const { date, amount } of flows) {
    const day = dayNumber(date) - start;
    // a flow at the start of the opening day would already be in the opening value
    if (day < (flowsAt === "start_of_day" ? 1 : 0) || day > days)
      throw new EvergreenError("EG400", `The flow on ${date} lies outside the window; its value is in neither end.`);
    const left = flowsAt === "start_of_day" ? days - day + 1 : days - day;
    sum = sum.plus(amount);
    weighted = weighted.plus(new Exact(amount).times(left));
  }
  const [first, last] = [decimal(opening.value), decimal(closing.value)];
  // both sides times the days of the window, so that only the last division rounds
  const capital = first.times(days).plus(weighted);
  const meaningful = capital.gt(0);
  return {
    label: labelOf(
      `Modified Dietz, flows at the ${flowsAt.replaceAll("_", " ")}`,
      [opening.date, closing.date],
      basis,
      "period",
    ),
    return: meaningful ? ratioText(last.minus(first).minus(sum).times(days).div(capital)) : null,
    averageCapital: ratioText(capital.div(days)),
    reason: meaningful ? null : "average_capital_not_positive",
  };
}
