// A scenario as it is written: what moves, when, by how much, and what must hold then. The files are in scenarios/. zod only.
import { z } from "zod";
import { IsoDate } from "../policies/shapes.ts";
import { FactorNumber } from "./factor-number.ts";
import { PassTest, Report } from "./pass-tests.ts";

export const SCENARIO_LIMITS = {
  periods: 480,
  factors: 300,
  gridAxes: 6,
  axisValues: 1_000,
  /** Draws of a Monte Carlo, and cells of a scenario altogether. */
  cells: 1_000_000,
  drawn: 40,
} as const;

/** `rates_up200`; the file is called `rates-up200.yaml`. */
export const ScenarioId = z
  .string()
  .max(60)
  .regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, "expected lower-case words joined by _, such as rates_up200");
export type ScenarioId = z.infer<typeof ScenarioId>;

export const PERIOD_UNITS = ["day", "month", "quarter"] as const;
export const Periods = z.strictObject({
  unit: z.enum(PERIOD_UNITS),
  count: z.int().min(1).max(SCENARIO_LIMITS.periods),
  /** Last day before the first period in the source; a run counts from its own valuation date. */
  from: IsoDate.optional(),
});
export type Periods = z.output<typeof Periods>;

const PeriodNumber = z.int().min(1).max(SCENARIO_LIMITS.periods);
const Lag = z.int().min(0).max(SCENARIO_LIMITS.periods);

/**
 * What a factor does: one number (in every period), a list with one number per period, or a form with a name: `path` late by `lag`
 * periods; `value` from one period to another; or `value` reached in `over` equal steps, late by `lag`. What no form covers is neutral.
 */
export const FactorValue = z.union(
  [
    FactorNumber,
    z.array(FactorNumber).min(1).max(SCENARIO_LIMITS.periods),
    z.strictObject({ path: z.array(FactorNumber).min(1).max(SCENARIO_LIMITS.periods), lag: Lag }),
    z.strictObject({ value: FactorNumber, over: PeriodNumber, lag: Lag.optional() }),
    z.strictObject({ value: FactorNumber, from: PeriodNumber, to: PeriodNumber.optional() }),
  ],
  {
    error: "expected a number, a list with one number per period, {path, lag}, {value, over, lag} or {value, from, to}",
  },
);
export type FactorValue = z.output<typeof FactorValue>;

/** Address → value. Which addresses there are: FACTORS. */
export const Factors = z.record(z.string().max(120), FactorValue);
export type Factors = z.output<typeof Factors>;

/** Every combination of the values, one cell each; the axes are taken in the order of their addresses, the last one turns fastest. */
export const Grid = z.record(
  z.string().max(120),
  z.union(
    [
      z.array(FactorNumber).min(1).max(SCENARIO_LIMITS.axisValues),
      z.strictObject({ from: FactorNumber, to: FactorNumber, step: FactorNumber }),
    ],
    { error: "expected a list of numbers, or {from, to, step}" },
  ),
);
export type Grid = z.output<typeof Grid>;

const Positive = FactorNumber.refine((text) => Number(text) > 0, "expected a number above 0");

/** How a factor is drawn. `lognormal`: exp(mu + sigma·z) − 1 for relative factors, exp(mu + sigma·z) for multiples. */
export const Distribution = z.discriminatedUnion("distribution", [
  z.strictObject({ distribution: z.literal("normal"), mean: FactorNumber, sd: Positive }),
  z.strictObject({ distribution: z.literal("lognormal"), mu: FactorNumber, sigma: Positive }),
  z.strictObject({ distribution: z.literal("uniform"), from: FactorNumber, to: FactorNumber }),
  z.strictObject({
    distribution: z.literal("triangular"),
    from: FactorNumber,
    mode: FactorNumber,
    to: FactorNumber,
  }),
]);
export type Distribution = z.output<typeof Distribution>;

const Rho = FactorNumber.refine((text) => Math.abs(Number(text)) <= 1, "expected a correlation from -1 to 1");

export const MonteCarlo = z.strictObject({
  /** Same seed, same numbers, on every machine and in any order. */
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  count: z.int().min(1).max(SCENARIO_LIMITS.cells),
  /**
   * `once`: one draw for all periods. `each_period`: a draw of its own per period; of a level factor that adds or is relative it is the move of
   * that period, and the moves accumulate (sum, product); otherwise it is the value of that period.
   */
  drawn: z.enum(["once", "each_period"]),
  draws: z.record(z.string().max(120), Distribution),
  /** Correlation of the normal variables behind the draws; left out, or not named here: none. */
  correlation: z
    .strictObject({
      of: z.array(z.string().max(120)).min(2).max(SCENARIO_LIMITS.drawn),
      matrix: z.array(z.array(Rho).max(SCENARIO_LIMITS.drawn)).min(2).max(SCENARIO_LIMITS.drawn),
    })
    .optional(),
});
export type MonteCarlo = z.output<typeof MonteCarlo>;

/** A reverse test (R35): the value of one factor at which the test just holds, found by bisection between two values. */
export const Solve = z.strictObject({
  unknown: z.string().max(120),
  between: z.tuple([FactorNumber, FactorNumber]),
  holds: PassTest,
});
export type Solve = z.output<typeof Solve>;

export const Source = z.strictObject({
  words: z.string().min(5).max(400),
  /** verified: read in the source; practice: customary, calibrate before relying on it; derived: computed, the way is in the file. */
  evidence: z.enum(["verified", "practice", "derived"]),
});

const Names = z.array(z.string().max(120)).min(1).max(SCENARIO_LIMITS.factors);

/** Shape of a file. What the factors, periods and overrides say together is checked where a scenario is resolved (finance/scenarios). */
export const Scenario = z.strictObject({
  id: ScenarioId,
  title: z.string().min(5).max(120),
  /** Grows whenever anything that is computed changes. */
  version: z.int().min(1).max(1_000_000),
  about: z.string().min(10).max(2_000),
  /** Other names it is asked for by. */
  aliases: z
    .array(z.string().regex(/^[a-z0-9_+-]{1,60}$/, "expected lower-case letters, digits, _, + or -"))
    .max(5)
    .optional(),
  sources: z.array(Source).min(1).max(20),
  /** Scenarios this one starts from; tests and reports are never inherited. */
  extends: z.union([ScenarioId, z.array(ScenarioId).min(1).max(10)]).optional(),
  /** Left out: one instant. */
  periods: Periods.optional(),
  factors: Factors.optional(),
  grid: Grid.optional(),
  monteCarlo: MonteCarlo.optional(),
  solve: Solve.optional(),
  /** What takes the place of something inherited. The only way to change it: naming it again elsewhere is refused, and so is overriding nothing. */
  override: z
    .strictObject({
      periods: Periods.optional(),
      factors: Factors.optional(),
      grid: Grid.optional(),
      monteCarlo: MonteCarlo.optional(),
      solve: Solve.optional(),
    })
    .optional(),
  /** Inherited factors (by address) and parts (grid, monteCarlo, solve) that are left out. */
  without: Names.optional(),
  tests: z.array(PassTest).max(40).optional(),
  reports: z.array(Report).max(40).optional(),
});
export type Scenario = z.output<typeof Scenario>;
export type ScenarioInput = z.input<typeof Scenario>;
