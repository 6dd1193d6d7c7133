// Cover that is still enough and falls from run to run: when it would be too little (R33; the line of Theil 1950 and Sen 1968, held to Kendall's tau). Pure.
import { DecimalString } from "@evergreen-fund/domain";
import { IsoDate, TrendTerms } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { addDays, dayNumber } from "../dealing/calendar.ts";
import { fractionOf } from "../dealing/scaled.ts";
import { Fraction } from "../fees/fraction.ts";
import { NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";

export const CoverTrendInput = z.strictObject({
  /** Cover of one bucket under one scenario, one figure per date; null where nothing was due. */
  runs: z.array(z.strictObject({ date: IsoDate, ratio: DecimalString.nullable() })).max(10_000),
  required: NonNegative,
  terms: TrendTerms.prefault({}),
});
export const CoverTrendOutput = z.strictObject({
  /**
   * falling: below what is required within the horizon · later: falls, and gets there after it · steady: does not fall, or not steadily · below: is there already ·
   * too_few: fewer figures than the terms ask for · nothing_due: the newest run had nothing to cover.
   */
  verdict: z.enum(["falling", "later", "steady", "below", "too_few", "nothing_due"]),
  /** The newest figure and its date; null without one. */
  ratio: z.string().nullable(),
  date: z.string().nullable(),
  /** First day on which the line is below what is required; null unless the verdict is falling or later. */
  breachOn: z.string().nullable(),
  /** Change of cover per day; null with fewer than two figures. */
  slope: z.string().nullable(),
  /** (falls − rises) / pairs; null with fewer than two figures. */
  steadiness: z.string().nullable(),
  /** Figures that were used. */
  runs: z.int(),
});
type Verdict = z.infer<typeof CoverTrendOutput>["verdict"];

/** A line that reaches no further than this is a trend; beyond it no date is named. */
const FURTHEST_DAYS = 36_500n;

/**
 * The newest `terms.runs` figures (days without one are left out). β = median of (y_j − y_i)/(x_j − x_i) over all pairs, α = median of (y_i − β·x_i), x in days; of an even
 * number the median is the mean of the middle two. Steadiness = (falls − rises)/pairs. Where β < 0 and steadiness ≥ `terms.steadiness`, breachOn is the
 * first whole day after the newest run on which α + β·x < required. The median bears up to 29 % of wrong figures: one bad night makes no trend and hides none. Exact
 * fractions; printed HALF_UP at 18 decimals. Errors: EG400, also for a date that stands twice.
 */
export function coverTrend(input: z.input<typeof CoverTrendInput>): z.infer<typeof CoverTrendOutput> {
  const { runs, required, terms } = parseInput(CoverTrendInput, input);
  refuseRepeats(
    "runs",
    runs.map(({ date }) => ({ id: date })),
  );
  const inOrder = [...runs].sort((a, b) => dayNumber(a.date) - dayNumber(b.date)).slice(-terms.runs);
  const newest = inOrder.at(-1);
  const points = inOrder.flatMap(({ date, ratio }) =>
    ratio === null ? [] : [{ x: BigInt(dayNumber(date)), y: Fraction.of(ratio) }],
  );
  const answer = (verdict: Verdict, line?: Line, breachOn: string | null = null): z.infer<typeof CoverTrendOutput> => ({
    verdict,
    ratio: newest?.ratio ?? null,
    date: newest?.date ?? null,
    breachOn,
    slope: line?.slope.ratioText() ?? null,
    steadiness: line?.steadiness.ratioText() ?? null,
    runs: points.length,
  });
  if (newest === undefined) return answer("too_few");
  if (newest.ratio === null) return answer("nothing_due");
  const line = points.length < 2 ? undefined : lineThrough(points);
  const limit = Fraction.of(required);
  if (Fraction.of(newest.ratio).lt(limit)) return answer("below", line);
  if (line === undefined || points.length < terms.atLeast) return answer("too_few", line);
  const { num, den } = fractionOf(terms.steadiness, "steadiness");
  if (!line.slope.isNegative || line.steadiness.lt(Fraction.of(num, den))) return answer("steady", line);
  const last = BigInt(dayNumber(newest.date));
  // α + β·x < required ⇔ x > (α − required) / −β
  const crossing = line.start.minus(limit).over(line.slope.negated()).scaled(1n, "floor") + 1n - last;
  const days = crossing < 1n ? 1n : crossing;
  if (days > FURTHEST_DAYS) return answer("steady", line);
  return answer(days <= BigInt(terms.withinDays) ? "falling" : "later", line, addDays(newest.date, Number(days)));
}

type Point = { readonly x: bigint; readonly y: Fraction };
type Line = { readonly slope: Fraction; readonly start: Fraction; readonly steadiness: Fraction };

function lineThrough(points: readonly Point[]): Line {
  let [falls, pairs] = [0n, 0n];
  const slopes: Fraction[] = [];
  for (const [at, { x, y }] of points.entries())
    for (const later of points.slice(at + 1)) {
      pairs += 1n;
      falls += BigInt(y.cmp(later.y));
      slopes.push(later.y.minus(y).over(Fraction.of(later.x - x)));
    }
  const slope = median(slopes);
  const start = median(points.map(({ x, y }) => y.minus(slope.times(Fraction.of(x)))));
  return { slope, start, steadiness: Fraction.of(falls, pairs) };
}

function median(values: Fraction[]): Fraction {
  const sorted = values.sort((a, b) => a.cmp(b));
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : upper.plus(sorted[middle - 1]!).over(Fraction.of(2n));
}
