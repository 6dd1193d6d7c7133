// The registry of every public calculation: name, summary, schemas, example, JSON in and JSON out. The command line lists and calls it.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { AMM_CALCULATIONS } from "./calc/amm-calculations.ts";
import { DEALING_CALCULATIONS } from "./calc/dealing-calculations.ts";
import type { Calculation } from "./calc/entry.ts";
import { FEE_CALCULATIONS } from "./calc/fee-calculations.ts";
import { LIQUIDITY_CALCULATIONS } from "./calc/liquidity-calculations.ts";
import { ONBOARDING_CALCULATIONS } from "./calc/onboarding-calculations.ts";
import { PORTFOLIO_CALCULATIONS } from "./calc/portfolio-calculations.ts";
import { RETURNS_CALCULATIONS } from "./calc/returns-calculations.ts";
import { STATEMENT_CALCULATIONS } from "./calc/statement-calculations.ts";
import { STRESS_CALCULATIONS } from "./calc/stress-calculations.ts";
import { VALUATION_CALCULATIONS } from "./calc/valuation-calculations.ts";
import { byId } from "./money.ts";

/** Sorted by name. */
export const CALCULATIONS: readonly Calculation[] = [
  ...AMM_CALCULATIONS,
  ...DEALING_CALCULATIONS,
  ...FEE_CALCULATIONS,
  ...LIQUIDITY_CALCULATIONS,
  ...ONBOARDING_CALCULATIONS,
  ...PORTFOLIO_CALCULATIONS,
  ...RETURNS_CALCULATIONS,
  ...STATEMENT_CALCULATIONS,
  ...STRESS_CALCULATIONS,
  ...VALUATION_CALCULATIONS,
].sort((a, b) => byId(a.name, b.name));

/** What a list of calculations can be asked. Errors: EG404 with the names there are; of `run` besides EG400, EG413 and those of the function. */
export function registryOf(calculations: readonly Calculation[]): {
  calculationNamed(name: string): Calculation;
  /** JSON Schemas of a calculation's input and output. */
  calculationSchema(name: string): { input: unknown; output: unknown };
  /** Runs a calculation by name. */
  runCalculation(name: string, input: unknown): Promise<unknown>;
} {
  const calculationNamed = (name: string): Calculation => {
    const found = calculations.find((entry) => entry.name === name);
    if (!found)
      throw new EvergreenError(
        "EG404",
        `No calculation of that name; there are ${calculations.map((entry) => entry.name).join(", ")}.`,
      );
    return found;
  };
  return {
    calculationNamed,
    calculationSchema(name) {
      const { input, output } = calculationNamed(name);
      return { input: z.toJSONSchema(input, { io: "input" }), output: z.toJSONSchema(output) };
    },
    runCalculation: (name, input) => calculationNamed(name).run(input),
  };
}

export const { calculationNamed, calculationSchema, runCalculation } = registryOf(CALCULATIONS);
