// The notices that people read before they decide on a liquidity tool, or that stand with a gate of the policy: one to the investors, one to the authority,
// in figures of the whole fund. No investor, no amount of one.
import type { DealOutput } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import type { Book } from "./facts.ts";

export interface DraftedTool {
  tool: "suspension" | "notice_extension" | "redemption_gate";
  trigger: Record<string, unknown>;
  notice: string;
}

/**
 * Where the gate leaves too little for ordinary use, the gate; where it may not pay as little as it can, longer notice if the fund has selected it, for
 * it is milder, else a suspension, which every fund may use in exceptional circumstances.
 */
export function draftTool(book: Book, dealt: DealOutput, tools: readonly string[]): DraftedTool {
  const { gate } = dealt;
  const trigger = {
    dealing_date: book.dealing_date,
    status: gate.status,
    fraction: gate.fraction,
    redemptions: gate.redemptions,
    subscriptions: gate.subscriptions,
    pay: gate.pay,
    cap: gate.cap,
    caps: gate.caps,
    threshold: gate.threshold,
    nav: book.nav,
  };
  if (gate.status === "gated")
    return { tool: "redemption_gate", trigger, notice: gateNotice(book, dealt, "not ordinary") };
  const tool = tools.includes("notice_extension") ? "notice_extension" : "suspension";
  const figures =
    `redemptions of ${gate.redemptions} ${book.currency} are asked for, at most ${gate.cap ?? "0"} ${book.currency} can be paid, ` +
    `and the gate may not pay less than ${gate.threshold ?? "0"} ${book.currency}`;
  const what =
    tool === "suspension"
      ? "Subscriptions and redemptions are suspended for the same period; orders that were locked stay queued."
      : "The notice for redemptions is extended; orders of this dealing date are dealt on a later one.";
  return { tool, trigger, notice: twoNotices(book, figures, what, TOLD_AT_ONCE) };
}

/** Notice of a gate of a dealing date. Ordinary: as the policy foresees, under the two approvals of the NAV; else two people decide on this very draft. */
export function gateNotice(book: Book, { gate }: DealOutput, use: "ordinary" | "not ordinary"): string {
  const share = decimal(gate.fraction ?? "0")
    .times(100)
    .toDecimalPlaces(2)
    .toFixed();
  const figures = `redemptions of ${gate.redemptions} ${book.currency} are asked for and ${gate.pay} ${book.currency} are executed`;
  const what = `Of each redemption ${share} % is executed, everybody alike; what is not executed is treated as the policy of the fund says.`;
  return use === "ordinary"
    ? twoNotices(
        book,
        figures,
        what,
        "The gate is used as the rules of the fund foresee; it goes into the regular report. Nobody has sent this draft.",
      )
    : twoNotices(
        book,
        figures,
        what,
        `This is less than the rules of the fund foresee as ordinary use. ${TOLD_AT_ONCE}`,
      );
}

const TOLD_AT_ONCE =
  "The competent authority is to be notified without delay. Two people decide on this draft; nobody has sent it.";

function twoNotices({ fund, dealing_date }: Book, figures: string, what: string, told: string): string {
  const on = `fund ${fund}, dealing date ${dealing_date}`;
  return `Draft notice to the investors, ${on}: ${figures}. ${what}\n\nDraft notice to the competent authority, ${on}: ${figures}. ${told}`;
}
