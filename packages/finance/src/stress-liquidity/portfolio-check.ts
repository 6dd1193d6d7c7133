// Holds the holdings and borrowings of a fund against what its regime says of them, limit by limit (R40). Pure, exact fractions.
import { EvergreenError } from "@evergreen-fund/domain";
import { InvestorKind, type PORTFOLIO_MEASURES, PortfolioLimit } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { fractionOf } from "../dealing/scaled.ts";
import { Fraction } from "../fees/fraction.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";

export const PortfolioCheckInput = z.strictObject({
  /** The `portfolio` of a pack in policies/. */
  limits: z.array(PortfolioLimit).max(100),
  /** Whom the fund is sold to; one retail investor makes it a retail fund. */
  investors: InvestorKind,
  nav: NonNegative,
  /** Paid in and still owed by the investors; needed where a limit is a share of it. */
  capital: NonNegative.optional(),
  borrowed: NonNegative.default("0"),
  positions: z
    .array(
      z.strictObject({
        id: Name,
        value: NonNegative,
        /** Positions in one asset name it and count together; left out, the position is an asset of its own. */
        assetId: Name.optional(),
        eligible: z.boolean(),
        illiquid: z.boolean(),
      }),
    )
    .max(20_000),
});
export const PortfolioCheckOutput = z.strictObject({
  /** No limit is broken; expectations that are missed do not count. */
  holds: z.boolean(),
  limits: z.array(
    z.strictObject({
      id: z.string(),
      words: z.string(),
      verdict: z.enum(["holds", "breached", "below_expectation"]),
      /** Share of the base; null where the base is zero. */
      found: z.string().nullable(),
      /** Money to the limit, negative beyond it. */
      headroom: z.string(),
      source: z.string(),
      evidence: z.string(),
    }),
  ),
});
type Facts = z.output<typeof PortfolioCheckInput>;

/**
 * R40: every limit that is for such investors, in the order of the pack: the amount measured against value × base, compared exactly, equal holds. Money in
 * the unit of the input, ratios HALF_UP at 18 decimals. Errors: EG400 for a repeated id, or a limit on capital that was not given; EG413.
 */
export function portfolioCheck(input: z.input<typeof PortfolioCheckInput>): z.infer<typeof PortfolioCheckOutput> {
  const facts = parseInput(PortfolioCheckInput, input);
  refuseRepeats("positions", facts.positions);
  refuseRepeats("limits", facts.limits);
  const amounts = measured(facts);
  const limits = facts.limits
    .filter(({ investors }) => investors === undefined || investors === facts.investors)
    .map((limit) => {
      const base = baseOf(limit, facts);
      const share = fractionOf(limit.value, `limits.${limit.id}`);
      const bound = base.times(Fraction.of(share.num, share.den));
      const amount = amounts[limit.measure];
      const headroom = limit.op === "lte" ? bound.minus(amount) : amount.minus(bound);
      const missed = limit.strength === "limit" ? ("breached" as const) : ("below_expectation" as const);
      return {
        id: limit.id,
        words: limit.words,
        verdict: headroom.isNegative ? missed : ("holds" as const),
        found: base.isZero ? null : amount.over(base).ratioText(),
        headroom: headroom.ratioText(),
        source: limit.source,
        evidence: limit.evidence,
      };
    });
  return { holds: limits.every(({ verdict }) => verdict !== "breached"), limits };
}

function measured({ positions, borrowed }: Facts): Record<(typeof PORTFOLIO_MEASURES)[number], Fraction> {
  const sum = (rows: Facts["positions"]) => Fraction.sum(rows.map(({ value }) => Fraction.of(value)));
  const assets = new Map<string, Fraction>();
  for (const { id, assetId, value } of positions) {
    // an asset named by its positions and a position of the same name are two things
    const key = assetId === undefined ? `position:${id}` : `asset:${assetId}`;
    assets.set(key, (assets.get(key) ?? Fraction.ZERO).plus(Fraction.of(value)));
  }
  return {
    eligible_share: sum(positions.filter(({ eligible }) => eligible)),
    illiquid_share: sum(positions.filter(({ illiquid }) => illiquid)),
    largest_asset_share: [...assets.values()].reduce(Fraction.max, Fraction.ZERO),
    borrowing_share: Fraction.of(borrowed),
  };
}

function baseOf(limit: PortfolioLimit, facts: Facts): Fraction {
  if (limit.base === "nav") return Fraction.of(facts.nav);
  if (facts.capital === undefined)
    throw new EvergreenError("EG400", `capital: the limit ${limit.id} is a share of it.`);
  return Fraction.of(facts.capital);
}
