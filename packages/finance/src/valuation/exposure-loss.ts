// Stress by factor exposures for the command line: names and decimals in, the doubles of exposure.ts inside, amounts out. Pure.
import { BUCKETS, DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Exact, fixed } from "../money.ts";
import { Name, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { bucketValues, type ExposureBook, FORMS, tailLoss, timeToGate } from "./exposure.ts";

export const ExposureLossInput = z.strictObject({
  form: z.enum(FORMS),
  factors: z.array(Name).min(1).max(500),
  assets: z
    .array(
      z.strictObject({
        id: Name,
        bucket: z.enum(BUCKETS),
        value: DecimalString,
        /** By factor; a factor that is not named has no effect. */
        exposures: z.record(Name, DecimalString),
      }),
    )
    .min(1)
    .max(20_000),
  /** Equally likely. Log moves in the exponential form, plain ones in the linear. */
  scenarios: z
    .array(z.strictObject({ id: Name, moves: z.record(Name, DecimalString) }))
    .min(1)
    .max(10_000),
  confidence: Share,
  gate: z
    .strictObject({
      /** Redemptions asked for per period, as shares of NAV before the shock. */
      asked: z.array(Share).min(1).max(400),
      /** Growth of the asking per loss. */
      response: z.string().regex(/^\d{1,3}(\.\d{1,9})?$/, "expected a number from 0 to 999 such as 2.5"),
      share: Share,
    })
    .optional(),
});
export const ExposureLossOutput = z.strictObject({
  nav: z.string(),
  scenarios: z.array(
    z.strictObject({
      id: z.string(),
      nav: z.string(),
      loss: z.string(),
      byBucket: z.array(z.strictObject({ bucket: z.enum(BUCKETS), loss: z.string() })),
      /** First period in which the gate binds; 0: in none; null: no gate was given. */
      periodsToGate: z.int().nullable(),
    }),
  ),
  valueAtRisk: z.string(),
  expectedShortfall: z.string(),
  method: z.enum(["factor_exponential", "factor_linear"]),
  estimator: z.literal("empirical, nothing interpolated; tail mean with the share at the border"),
  precision: z.literal("double"),
});

/**
 * NAV, loss by bucket, VaR, ES and time to gate of scenarios of factor moves. Simulated amounts: doubles inside, HALF_UP at 2 decimals. Errors: EG404
 * naming a factor that is not in the list, or of which a scenario says nothing; EG400 when a move times an exposure is beyond 80.
 */
export function exposureLoss(input: z.input<typeof ExposureLossInput>): z.infer<typeof ExposureLossOutput> {
  const facts = parseInput(ExposureLossInput, input);
  const { form, factors, assets, scenarios } = facts;
  refuseRepeats("assets", assets);
  refuseRepeats("scenarios", scenarios);
  if (new Set(factors).size !== factors.length) throw new EvergreenError("EG400", "factors: a name occurs twice.");
  for (const names of [...assets.map(({ exposures }) => exposures), ...scenarios.map(({ moves }) => moves)]) {
    const unknown = Object.keys(names).find((name) => !factors.includes(name));
    if (unknown !== undefined) throw new EvergreenError("EG404", `There is no factor ${unknown} in the list.`);
  }
  const moves = scenarios.flatMap(({ id, moves }) =>
    factors.map((factor) => {
      if (!Object.hasOwn(moves, factor))
        throw new EvergreenError("EG404", `The scenario ${id} says nothing about the factor ${factor}.`);
      return Number(moves[factor]);
    }),
  );
  const book: ExposureBook = {
    form,
    factors: factors.length,
    buckets: BUCKETS.length,
    values: Float64Array.from(assets, ({ value }) => Number(value)),
    bucketOf: Uint8Array.from(assets, ({ bucket }) => BUCKETS.indexOf(bucket)),
    exposures: Float64Array.from(
      assets.flatMap(({ exposures }) =>
        factors.map((factor) => (Object.hasOwn(exposures, factor) ? Number(exposures[factor]) : 0)),
      ),
    ),
  };
  const before = bucketValues(book, new Float64Array(factors.length));
  const after = bucketValues(book, Float64Array.from(moves));
  const width = BUCKETS.length + 1;
  const lost = (s: number, b: number): number => before[b]! - after[s * width + b]!;
  const losses = Float64Array.from(scenarios, (_, s) => lost(s, BUCKETS.length));
  const tail = tailLoss(losses, Number(facts.confidence));
  const nav = before[BUCKETS.length]!;
  const { gate } = facts;
  const terms = gate && {
    asked: gate.asked.map(Number),
    response: Number(gate.response),
    gate: Number(gate.share),
  };
  if (terms !== undefined && nav <= 0) throw new EvergreenError("EG400", "A gate needs a NAV above zero.");
  return {
    nav: money(nav),
    scenarios: scenarios.map(({ id }, s) => ({
      id,
      nav: money(nav - losses[s]!),
      loss: money(losses[s]!),
      byBucket: BUCKETS.map((bucket, b) => ({ bucket, loss: money(lost(s, b)) })),
      periodsToGate: terms === undefined ? null : timeToGate(1 - losses[s]! / nav, terms),
    })),
    valueAtRisk: money(tail.valueAtRisk),
    expectedShortfall: money(tail.expectedShortfall),
    method: form === "linear" ? "factor_linear" : "factor_exponential",
    estimator: "empirical, nothing interpolated; tail mean with the share at the border",
    precision: "double",
  };
}

const money = (amount: number): string => fixed(new Exact(amount), 2);
