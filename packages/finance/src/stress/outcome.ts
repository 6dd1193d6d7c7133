// What one scenario does to one fund: the body of a row of stress_outcomes, of a report and of `stress run --output-format json`.
// Amounts are decimal texts in the fund's currency at its minor unit, ratios and shares decimal texts; periods count from 1.
import { BUCKETS } from "@evergreen-fund/domain";
import { z } from "zod";
import { Source } from "../valuation/figure.ts";

const Bucket = z.enum(BUCKETS);
/** Cover of one bucket (R33): what is there by its end over what is due by its end; null where nothing is due. */
export const CoverRow = z.strictObject({
  bucket: Bucket,
  assets: z.string(),
  liabilities: z.string(),
  ratio: z.string().nullable(),
});
export type CoverRow = z.infer<typeof CoverRow>;

export const StressedAsset = z.strictObject({
  assetId: z.string(),
  name: z.string(),
  navBefore: z.string(),
  /** At the end of the last period, cash it paid on the way and gain of its hedge included: before − loss. */
  navAfter: z.string(),
  /** The same at the end of every period. */
  path: z.array(z.string()),
  method: z.string(),
  convexity: z.enum(["full", "unknown", "none"]),
  /** Series, date, value and age of everything the number rests on. */
  inputs: z.array(Source),
  age: z.int().nullable(),
});
export type StressedAsset = z.infer<typeof StressedAsset>;

export const StressOutcome = z.strictObject({
  scenarioId: z.string(),
  scenarioHash: z.string(),
  version: z.int(),
  title: z.string(),
  fundId: z.string(),
  currency: z.string(),
  asOf: z.string(),
  snapshotHash: z.string(),
  seed: z.string().nullable(),
  navBefore: z.string(),
  navAfter: z.string(),
  /** Before − after; positive is a loss. */
  loss: z.string(),
  periods: z.array(
    z.strictObject({
      period: z.int(),
      date: z.string(),
      nav: z.string(),
      change: z.string(),
      hedgeMargin: z.string(),
      byMethod: z.array(z.strictObject({ method: z.string(), assets: z.int(), change: z.string() })),
    }),
  ),
  byAsset: z.array(StressedAsset),
  /** Cover today, and in the period in which it is least. */
  rcrBefore: z.array(CoverRow),
  rcr: z.array(CoverRow),
  /** Assets − liabilities by the end of each bucket, and what is missing of it. */
  gaps: z.array(z.strictObject({ bucket: Bucket, gap: z.string(), shortfall: z.string() })),
  /** Buckets whose cover is below what the scenario's tests, or else the fund's mandate, require. */
  breaches: z.array(z.strictObject({ bucket: Bucket, ratio: z.string().nullable(), required: z.string() })),
  /** Paying what is due: most liquid first, and one share of everything. */
  liquidations: z.array(
    z.strictObject({
      mode: z.enum(["waterfall", "slice"]),
      asked: z.string(),
      raised: z.string(),
      cost: z.string(),
      shortfall: z.string(),
      distortion: z.string().nullable(),
    }),
  ),
  /** What can still be drawn at the moment of the least cover, by credit line, until it ends; empty where no line is known. Left out by runs of before lines were kept. */
  creditLines: z.array(z.strictObject({ line: z.string(), undrawn: z.string(), expiresOn: z.string() })).optional(),
  /** By pool, direction and size: what is expected as the pool stands, and at the least depth of the scenario; null where it is empty then. Left out where the fund has no pool. */
  pools: z
    .array(
      z.strictObject({
        poolId: z.string(),
        pool: z.string(),
        direction: z.enum(["sell", "buy"]),
        amountIn: z.string(),
        expectedOut: z.string(),
        expectedSlippage: z.string(),
        depth: z.string(),
        stressedOut: z.string().nullable(),
        stressedSlippage: z.string().nullable(),
      }),
    )
    .optional(),
  /** R35: what the fund bears. Null where there is nothing to ask. */
  reverse: z.strictObject({
    largestRedemption: z.strictObject({ bucket: Bucket, amount: z.string(), share: z.string() }).nullable(),
    smallestHaircut: z.strictObject({ bucket: Bucket, haircut: z.string() }).nullable(),
    frontier: z.array(z.strictObject({ redemption: z.string(), haircut: z.string().nullable() })),
  }),
  /** Quarters in a row in which the fund pays its gate in full; `>=H` at the horizon of H. Null where no gate is set. */
  survivalQuarters: z.string().nullable(),
  /** Commitments drawn and paid back (R36), by period; empty where the fund has none. */
  pacing: z.array(z.strictObject({ period: z.int(), calls: z.string(), distributions: z.string() })),
  /** What the largest owners, or those the scenario names, do when they leave (R6, R7); null where the scenario has none. */
  exits: z.strictObject({ investors: z.int(), asked: z.string(), paid: z.string(), share: z.string() }).nullable(),
  /** The scenario's own tests, in its words. */
  tests: z.array(z.strictObject({ test: z.string(), passed: z.boolean().nullable(), reason: z.string() })),
  /** Over the cells of a grid or of draws; null for one cell. Value at risk and expected shortfall of the loss at 95 and 99 %. */
  cells: z
    .strictObject({
      count: z.int(),
      mean: z.string(),
      var95: z.string(),
      es95: z.string(),
      var99: z.string(),
      es99: z.string(),
      worst: z.string(),
      method: z.string(),
    })
    .nullable(),
  /** What the numbers do not know, in words: convexity, assets left unchanged, factors without a place to act. */
  notes: z.array(z.string()),
});
export type StressOutcome = z.infer<typeof StressOutcome>;
