// The liquidity tools of a policy as remedies: what gate, longer notice, redemption in kind and suspension would hold back of what is due (R6, R9c, R14). Pure.
import { BUCKET_DAYS, EvergreenError } from "@evergreen-fund/domain";
import { Decimal } from "decimal.js";
import { decideGate } from "../dealing/gate.ts";
import { scaledOf, VALUE_DP, valueText } from "../dealing/scaled.ts";
import { decimal, type Exact, groupedText, ONE, ratioText, ZERO } from "../money.ts";
import type { Need, RemedyFacts, RemedyKind, RemedyOption } from "./remedy.ts";

/** What one tool does alone; whether that is enough is seen by who ranks them. */
export type Relief = Omit<RemedyOption, "rank" | "coverAfter" | "restores">;
export type Without = { kind: RemedyKind; why: string };

/** A share as a percentage of at most four decimals, rounded down: what is said to be possible is. */
export function percentDown(share: Exact): string {
  return `${ratioText((share.gt(ONE) ? ONE : share).times(100).toDecimalPlaces(4, Decimal.ROUND_FLOOR))} %`;
}

const least = (a: Exact, b: Exact): Exact => (a.lt(b) ? a : b);
const redemptionsOf = ({ redemptions, accepted }: RemedyFacts): Exact => decimal(redemptions).plus(accepted);
/** Nothing of what is due is a redemption: no tool for redemptions helps. */
const NO_REDEMPTIONS = "Nothing of what is due by then is a redemption.";

function selected(facts: RemedyFacts, tool: NonNullable<RemedyFacts["policy"]>["tools"][number]): string | null {
  if (facts.policy === undefined) return "The fund has no policy of liquidity tools.";
  return facts.policy.tools.includes(tool) ? null : "The fund has not selected this tool.";
}

/** R6: what the caps of the policy hold back of the redemptions of one date, and the share of NAV with which cover would just hold. */
export function gateRemedy(facts: RemedyFacts, need: Need): Relief | Without {
  const kind = "gate";
  const why = selected(facts, "redemption_gate");
  if (why !== null) return { kind, why };
  const { gate } = facts.policy!;
  if (gate === undefined) return { kind, why: "The policy selects a gate and sets none." };
  const asked = redemptionsOf(facts);
  if (asked.isZero()) return { kind, why: NO_REDEMPTIONS };
  if (need.excess === null) return { kind, why: "Nothing is required of what is due." };
  const scaled = (text: string, what: string): bigint => scaledOf(text, VALUE_DP, what);
  const nav = scaled(facts.nav, "nav");
  let decision: ReturnType<typeof decideGate>;
  try {
    decision = decideGate(
      gate,
      // what is cash by the end of the bucket stands for the liquid assets, and the quarter is taken as fresh
      { nav, liquidAssets: scaled(facts.assets, "assets"), quarterBase: nav, redeemedInQuarter: 0n },
      { redemptions: scaled(asked.toFixed(), "redemptions"), subscriptions: 0n },
    );
  } catch (error) {
    if (error instanceof EvergreenError) return { kind, why: error.message };
    throw error;
  }
  const caps = decision.caps.map(({ name, amount }) => `${name} = ${valueText(amount)}`);
  if (decision.status === "open") return { kind, why: `The redemptions are within the gate: ${caps.join(", ")}.` };
  if (decision.status === "stopped")
    return { kind, why: `The cap (${caps.join(", ")}) is below what must be paid: suspend or extend notice instead.` };
  const held = asked.minus(valueText(decision.pay));
  const must = decision.threshold === null ? ZERO : decimal(valueText(decision.threshold));
  // said only where the caps hold enough back: then it is no less than what they pay, and so than the threshold
  const payable = asked.minus(need.excess);
  const share = decimal(facts.nav).isZero() ? ZERO : payable.div(decimal(facts.nav));
  const enough = held.gte(need.excess);
  return {
    kind,
    amount: need.text(held),
    side: "liabilities",
    cost: "0",
    withinDays: null,
    words: enough
      ? `Gate the redemptions: up to ${percentDown(share)} of NAV can be paid and cover still holds; the policy's caps pay ${groupedText(need.text(asked.minus(held)))}.`
      : `Gate the redemptions as the policy has it: ${need.text(asked.minus(held))} is paid, ${need.text(held)} waits.`,
    arithmetic: [
      `excess = ${facts.liabilities} − ${facts.assets} / ${facts.required} = ${need.text(need.excess)}`,
      `caps: ${caps.join(", ")}; threshold ${need.text(must)}`,
      `held back = redemptions ${need.text(asked)} − paid ${need.text(asked.minus(held))} = ${need.text(held)}`,
    ],
  };
}

/** What is not accepted yet leaves the bucket, where the longest permitted notice outlasts it. */
export function noticeRemedy(facts: RemedyFacts, need: Need): Relief | Without {
  const kind = "extend_notice";
  const why = selected(facts, "notice_extension");
  if (why !== null) return { kind, why };
  const upTo = facts.policy!.noticeExtension?.upTo;
  if (upTo === undefined) return { kind, why: "The policy selects longer notice and does not say how long." };
  const open = decimal(facts.redemptions);
  if (open.isZero()) return { kind, why: "All redemptions by then are accepted: longer notice does not reach them." };
  // a business day is at least a calendar day
  if (upTo.n <= facts.noticeDays || upTo.n <= BUCKET_DAYS[facts.bucket])
    return { kind, why: `At most ${upTo.n} ${upTo.basis} days of notice do not outlast ${facts.bucket}.` };
  const words = `Extend the notice from ${facts.noticeDays} to ${upTo.n} ${upTo.basis} days: what is asked from now on is due after ${facts.bucket}.`;
  return {
    kind,
    amount: need.text(open),
    side: "liabilities",
    cost: "0",
    withinDays: null,
    words,
    arithmetic: [
      `redemptions not accepted yet by ${facts.bucket} = ${need.text(open)}`,
      `${upTo.n} > ${BUCKET_DAYS[facts.bucket]} days`,
    ],
  };
}

/** A slice of the assets instead of money (R14): how much of the redemptions that would have to be. */
export function inKindRemedy(facts: RemedyFacts, need: Need): Relief | Without {
  const kind = "in_kind";
  const why = selected(facts, "redemption_in_kind");
  if (why !== null) return { kind, why };
  const asked = redemptionsOf(facts);
  if (asked.isZero()) return { kind, why: NO_REDEMPTIONS };
  if (need.excess === null) return { kind, why: "Nothing is required of what is due." };
  const amount = least(asked, need.excess);
  return {
    kind,
    amount: need.text(amount),
    side: "liabilities",
    cost: "0",
    withinDays: null,
    words: `Pay ${groupedText(need.text(amount))} of redemptions of professional investors in kind, with their consent.`,
    arithmetic: [
      `delivered = min(redemptions ${need.text(asked)}, excess ${need.text(need.excess)}) = ${need.text(amount)}`,
    ],
  };
}

/** Always there, for exceptional circumstances only; two people and a notice to the authority (R9c). */
export function suspensionRemedy(facts: RemedyFacts, need: Need): Relief | Without {
  const asked = redemptionsOf(facts);
  if (asked.isZero()) return { kind: "suspend", why: NO_REDEMPTIONS };
  return {
    kind: "suspend",
    amount: need.text(asked),
    side: "liabilities",
    cost: "0",
    withinDays: null,
    words: `Suspend redemptions: ${groupedText(need.text(asked))} waits. Exceptional: two people, and the authority is told without delay.`,
    arithmetic: [`redemptions by ${facts.bucket} = ${need.text(asked)}`],
  };
}

const PRICE_TOOLS = ["redemption_fee", "swing_pricing", "dual_pricing", "anti_dilution_levy"] as const;

/** Tools of the policy that set a price: they make leaving cost what it costs, and hold nothing back. */
export function toolsWithoutRelief({ policy }: RemedyFacts): { tool: string; words: string }[] {
  return PRICE_TOOLS.filter((tool) => policy?.tools.includes(tool)).map((tool) => ({
    tool,
    words: "It sets what leaving costs and moves no cover.",
  }));
}
