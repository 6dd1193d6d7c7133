// Redemptions of investors under losses, for the command line: whole minor units in, the exact doubles of waterfall.ts inside. Pure.
import { BUCKETS, CurrencyCode, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { BucketAmounts } from "../liquidity.ts";
import { fromMinor, toMinor } from "../money.ts";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { redemptionCurves, redemptionWaterfall } from "./waterfall.ts";

export const RedemptionRunInput = z.strictObject({
  currency: CurrencyCode,
  investors: z
    .array(
      z.strictObject({
        id: Name,
        /** What the investor asks for once it leaves. */
        amount: NonNegative,
        /** Loss of the fund at which it leaves, whole basis points. */
        thresholdBps: z.int().min(0).max(10_000),
        /** When it is to be paid. */
        bucket: z.enum(BUCKETS),
      }),
    )
    .min(1)
    .max(100_000),
  /** Loss as a share of NAV, and the cash that each bucket brings in. */
  scenarios: z
    .array(z.strictObject({ id: Name, loss: Share, cash: BucketAmounts }))
    .min(1)
    .max(10_000),
});
export const RedemptionRunOutput = z.strictObject({
  scenarios: z.array(
    z.strictObject({
      id: z.string(),
      byBucket: z.array(z.strictObject({ bucket: z.enum(BUCKETS), paid: z.string() })),
      /** Asked for and not paid by the end of the last bucket. */
      owed: z.string(),
    }),
  ),
  method: z.literal("sorted_curves"),
});

/**
 * Who leaves at which loss, and what can be paid: whatever a bucket cannot pay waits for the next, cash not needed waits too. Exact to the minor unit.
 * Errors: EG400 for an amount finer than the minor unit, EG413 when the amounts together are beyond 2^53 minor units.
 */
export function redemptionRun(input: z.input<typeof RedemptionRunInput>): z.infer<typeof RedemptionRunOutput> {
  const { currency, investors, scenarios } = parseInput(RedemptionRunInput, input);
  refuseRepeats("investors", investors);
  refuseRepeats("scenarios", scenarios);
  const minor = (amount: string): number => {
    const units = Number(toMinor(amount, currency));
    if (!Number.isSafeInteger(units)) throw new EvergreenError("EG413", "An amount is too large to be exact here.");
    return units;
  };
  const curves = redemptionCurves({
    buckets: BUCKETS.length,
    amounts: Float64Array.from(investors, ({ amount }) => minor(amount)),
    thresholds: Uint16Array.from(investors, ({ thresholdBps }) => thresholdBps),
    bucketOf: Uint8Array.from(investors, ({ bucket }) => BUCKETS.indexOf(bucket)),
  });
  const cash = Float64Array.from(scenarios.flatMap((one) => BUCKETS.map((bucket) => minor(one.cash[bucket] ?? "0"))));
  const paid = redemptionWaterfall(
    curves,
    BUCKETS.length,
    Float64Array.from(scenarios, ({ loss }) => Number(loss)),
    cash,
  );
  const width = BUCKETS.length + 1;
  const text = (s: number, b: number): string => fromMinor(BigInt(paid[s * width + b]!), currency);
  return {
    scenarios: scenarios.map(({ id }, s) => ({
      id,
      byBucket: BUCKETS.map((bucket, b) => ({ bucket, paid: text(s, b) })),
      owed: text(s, BUCKETS.length),
    })),
    method: "sorted_curves",
  };
}
