// From assets to factor exposures: how much the logarithm of each asset's value moves with each factor, taken from the pricers of local-value.ts themselves, so
// that a large run and a single revaluation start from one description. Pure.
import { CurrencyCode, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day } from "../fees/days.ts";
import { BPS, byId, currencyExponent, decimal, Exact, fixed, ONE, ratioText, ZERO } from "../money.ts";
import { Name, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Asset } from "./asset.ts";
import { type Market, marketAt, Observation, oldest, Source } from "./figure.ts";
import { priceAlong, type Way } from "./local-value.ts";
import type { Shocks } from "./moves.ts";
import { spotOf } from "./revalue.ts";

export const ExposureRowsInput = z.strictObject({
  asOf: Day,
  currency: CurrencyCode,
  market: z.array(Observation).max(100_000),
  assets: z.array(Asset).min(1).max(20_000),
  /** The factors of the run. An asset that depends on another is refused: its risk would be lost. */
  factors: z.array(Name).min(1).max(500),
});
export const ExposureRowsOutput = z.strictObject({
  currency: z.string(),
  rows: z.array(
    z.strictObject({
      id: z.string(),
      value: z.string(),
      /** d ln(value) / d factor; of a factor in basis points per 1.0 (10,000 basis points), of a price per its logarithm. HALF_UP at 12 decimals. */
      exposures: z.array(z.strictObject({ factor: z.string(), exposure: z.string() })),
      inputs: z.array(Source),
      age: z.int().nullable(),
      method: z.literal("log_derivative"),
      /** The exponential form bends by itself; that an asset bends otherwise is not in it. */
      convexity: z.literal("of the exponential form"),
    }),
  ),
});

/** Half the width of the difference: its error is of the square of this. */
const STEP = new Exact("1e-10");

/**
 * Exposures of each asset by a central difference of its own pricer in decimals, hedges included, private marks without their lag. Assets without value have
 * none and are refused. Errors: EG404 naming the series that is missing or the factor that is not in the list; EG400 as the pricers say.
 */
export function exposureRows(input: z.input<typeof ExposureRowsInput>): z.infer<typeof ExposureRowsOutput> {
  const facts = parseInput(ExposureRowsInput, input);
  refuseRepeats("assets", facts.assets);
  const market = marketAt(facts.asOf, facts.market);
  const rows = [...facts.assets]
    .sort((a, b) => byId(a.id, b.id))
    .map((asset) => {
      const named = new Set<string>();
      const seen = market.open();
      const value = valueUnder(asset, seen, facts, { named });
      const missing = [...named].find((factor) => !facts.factors.includes(factor));
      if (missing !== undefined)
        throw new EvergreenError(
          "EG404",
          `The asset ${asset.id} depends on the factor ${missing}, which is not in the list.`,
        );
      if (value.lte(0)) throw new EvergreenError("EG400", `The asset ${asset.id} has no value that could move.`);
      const exposures = [...named].sort().map((factor) => {
        const [up, down] = [STEP, STEP.neg()].map((step) =>
          valueUnder(asset, market.open(), facts, { named, factor, step }).div(value),
        );
        const exposure = up!.ln().minus(down!.ln()).div(STEP.times(2));
        return { factor, exposure: ratioText(exposure.toDecimalPlaces(12)) };
      });
      const inputs = seen.sources();
      return {
        id: asset.id,
        value: fixed(value, currencyExponent(facts.currency)),
        exposures,
        inputs,
        age: oldest(inputs),
        method: "log_derivative" as const,
        convexity: "of the exponential form" as const,
      };
    });
  return { currency: facts.currency, rows };
}

interface Bump {
  /** Collects the factors that the asset asks for. */
  named: Set<string>;
  factor?: string;
  step?: Exact;
}

/** Value in the fund's currency with the hedge, one factor moved at once. */
function valueUnder(
  asset: Asset,
  market: Market,
  { asOf, currency }: z.output<typeof ExposureRowsInput>,
  { named, factor, step = ZERO }: Bump,
): Exact {
  const moved = (name: string): Exact => {
    named.add(name);
    return name === factor ? step : ZERO;
  };
  // the logarithm of a price moves by the step: e^step to the third order, far below what is printed
  const level = (name: string): Exact => {
    const move = moved(name);
    return ONE.plus(move).plus(move.times(move).div(2)).plus(move.times(move).times(move).div(6));
  };
  const shocks: Shocks = {
    basisPoints: (name, last) => (last < 1 ? ZERO : moved(name).times(BPS)),
    ratio: (name) => level(name).minus(1),
    level: (name, last) => (last < 1 ? ONE : level(name)),
  };
  const way: Way = { asOf, days: [asOf], shocks, lagPeriods: 0, catchUpDays: undefined };
  const spot = spotOf(asset, market, currency);
  const at = asset.fx === undefined ? ONE : level(asset.fx.factor);
  const priced = priceAlong(asset, market, way);
  const hedge = decimal(asset.value)
    .times(asset.fx?.hedgeRatio ?? "0")
    .times(ONE.minus(at));
  return priced.values[0]!.times(at).plus(hedge).times(spot);
}
