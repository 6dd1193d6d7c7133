// What the body of a rebalancing proposal says about its trades. Rebalancing writes it, the hash of the proposal covers it, and whoever checks it
// reads it from here: a body that says something else is refused, not guessed at.
import { z } from "zod";
import { EvergreenError } from "./errors.ts";
import { MoneyString } from "./money.ts";

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
