// Registry entries: values of bonds and the revaluation of a fund's assets under a scenario.
import {
  BondSpreadInput,
  BondSpreadOutput,
  BondValueInput,
  BondValueOutput,
  bondSpread,
  bondValue,
  RevalueInput,
  RevalueOutput,
  revalue,
} from "../valuation/index.ts";
import { define } from "./entry.ts";
import { BOND, REVALUATION } from "./valuation-examples.ts";

export const VALUATION_CALCULATIONS = [
  define({
    name: "bond-value",
    summary: "Value of a bond on a zero curve with a spread; duration, convexity, and the value after a shift",
    source: "discounted cash flows; exact derivatives by the rate",
    input: BondValueInput,
    output: BondValueOutput,
    example: { ...BOND, spreadBps: "50", shift: { parallelBps: "100" } },
    calculation: bondValue,
    call: bondValue,
  }),
  define({
    name: "bond-spread",
    summary: "The constant spread over the zero curve that explains the price of a bond",
    source: "discounted cash flows; Newton's method inside a bracket",
    input: BondSpreadInput,
    output: BondSpreadOutput,
    example: { ...BOND, dirty: "101" },
    calculation: bondSpread,
    call: bondSpread,
  }),
  define({
    name: "revalue",
    summary: "A fund's assets along a scenario, one shock or many periods; every number with method, inputs and age",
    source: "R5; scenario library: rates, FX with hedges, property, infrastructure, lagged private marks",
    input: RevalueInput,
    output: RevalueOutput,
    example: REVALUATION,
    calculation: revalue,
    call: revalue,
  }),
] as const;
