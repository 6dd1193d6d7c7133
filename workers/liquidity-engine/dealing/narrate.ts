// The notice that people read before they decide on a liquidity tool: what asks for it, in figures of the whole fund. No investor, no amount of one.
import type { DealOutput } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import type { Book } from "./book.ts";

export interface DraftedTool {
  tool: "suspension" | "notice_extension";
  trigger: Record<string, unknown>;
  notice: string;
}

/** Longer notice where the fund has selected it, for it is milder; else a suspension, which every fund may use in exceptional circumstances. */
export function draftTool(book: Book, { gate }: DealOutput, tools: readonly string[]): DraftedTool {
  const tool = tools.includes("notice_extension") ? "notice_extension" : "suspension";
  const { currency, fund, dealing_date } = book;
  const figures =
    `redemptions of ${gate.redemptions} ${currency} are asked for, at most ${gate.cap ?? "0"} ${currency} can be paid, ` +
    `and the gate may not pay less than ${gate.threshold ?? "0"} ${currency}`;
  const what =
    tool === "suspension"
      ? "Subscriptions and redemptions are suspended for the same period; orders that were locked stay queued."
      : "The notice for redemptions is extended; orders of this dealing date are dealt on a later one.";
  return {
    tool,
    trigger: {
      dealing_date,
      status: gate.status,
      redemptions: gate.redemptions,
      subscriptions: gate.subscriptions,
      cap: gate.cap,
      caps: gate.caps,
      threshold: gate.threshold,
      nav: book.nav,
    },
    notice:
      `Draft notice, fund ${fund}, dealing date ${dealing_date}: ${figures}. ${what} ` +
      "The competent authority is to be notified without delay. Two people decide on this draft; nobody has sent it.",
  };
}
