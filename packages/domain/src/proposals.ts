// The body of a rebalancing proposal. Rebalancing writes it, the hash of the proposal covers it, and whoever reads it reads it from here: rooms its
// trades, people all of it. A body that says something else is refused, not guessed at.
import { z } from "zod";
import { EvergreenError } from "./errors.ts";
import { CurrencyCode, MoneyString } from "./money.ts";

const NotNegative = MoneyString.refine((amount) => !amount.startsWith("-"), "expected an amount that is not negative");

export const ProposedTrade = z.object({
  asset_id: z.uuid(),
  side: z.enum(["buy", "sell"]),
  /** Fund currency: what the position grows or shrinks by. */
  amount: NotNegative,
  /** Fund currency: paid from cash beside it. */
  cost: NotNegative,
});
export type ProposedTrade = z.infer<typeof ProposedTrade>;

export const ProposedTrades = z.object({
  /** The position that buys are paid from and sales are paid into; null where there is nothing to trade. */
  cash_asset_id: z.uuid().nullish(),
  trades: z.array(ProposedTrade).max(20_000),
});
export type ProposedTrades = z.infer<typeof ProposedTrades>;

/** A decimal as finance wrote it, for people to read. */
const Shown = z.string();
const Coded = z.object({ code: z.string(), words: z.string() });

/** The portfolio before or after the trades: amounts in fund currency, weights as shares of its net assets. */
const PortfolioSide = z.object({
  net_assets: Shown,
  cash: Shown,
  sleeves: z.array(z.object({ sleeve: z.string(), weight: Shown, target: Shown, lower: Shown, upper: Shown })),
  liquidity: z.object({
    /** What can be cash within 30 days, and what the mandate asks of it; null where it asks nothing. */
    assets_30d: Shown.nullable(),
    required_30d: Shown.nullable(),
    /** Assets over what may have to be paid under stress; null where nothing is due. */
    ratio: Shown.nullable(),
  }),
});
export type PortfolioSide = z.infer<typeof PortfolioSide>;

/** All that a person decides on. */
export const ProposalBody = ProposedTrades.extend({
  currency: CurrencyCode,
  cash_band: z.object({ target: Shown, low: Shown, high: Shown }).nullish(),
  trades: z
    .array(
      ProposedTrade.extend({
        name: z.string(),
        sleeve: z.string(),
        weight_before: Shown,
        weight_after: Shown,
        /** The code of the first reason, the words of all. */
        reason: Coded,
      }),
    )
    .max(20_000),
  cost: NotNegative,
  /** (buys + sells) / 2 / net assets before. */
  turnover: Shown,
  before: PortfolioSide,
  after: PortfolioSide,
  /** Constraints that only illiquid holdings decide: left to pacing and subscriptions. */
  steered: z.array(Coded.extend({ name: z.string() })),
  /** Bands that illiquid holdings push out of reach, and what was used instead. */
  widened: z.array(z.object({ name: z.string(), words: z.string(), from: Shown, to: Shown })),
  words: z.string(),
  reason_code: z.string(),
  objective: Shown,
  dual_bound: Shown,
  method: z.enum(["lp", "qp"]),
});
export type ProposalBody = z.infer<typeof ProposalBody>;

/**
 * The trades of a stored body; what else stands in it (words, weights, reasons) is left out.
 * @throws EvergreenError EG428 for a body that is none: nothing can be checked against it, and asking again changes nothing.
 */
export function tradesOf(body: unknown): ProposedTrades {
  const parsed = ProposedTrades.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new EvergreenError(
    "EG428",
    `The body of the proposal is not a list of trades (${issue?.path.join(".") || "body"}); reject it and ask for a new one.`,
  );
}
