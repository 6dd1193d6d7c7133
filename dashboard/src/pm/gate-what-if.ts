// "What if the cap were …": the book of a dealing day through the dealing engine itself, at other levels of the gate. Nothing here allocates.
import type { DealingPage } from "@evergreen-fund/domain/cockpit.ts";
import type { GatePolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { dealInput, toolsOf } from "@evergreen-fund/finance/dealing/book-input.ts";
import { dealRead } from "@evergreen-fund/finance/dealing/deal.ts";
import { type ReadDay, readDay } from "@evergreen-fund/finance/dealing/deal-book.ts";
import { compareGates } from "@evergreen-fund/finance/dealing/deal-gate.ts";
import type { DealOutput } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import type { GateSummary } from "@evergreen-fund/finance/dealing/fund-gate.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";

const LEVELS = 20;

export interface Level {
  /** Cap as a share of the NAV. */
  share: string;
  gate: GateSummary;
}

export interface WhatIf {
  /** As the terms of the fund have it. */
  own: GateSummary;
  /** The cap of these terms as a share of the NAV; null without one. */
  ownShare: string | null;
  /** Whether the terms have a gate at all. */
  hasGate: boolean;
  levels: Level[];
  /** The whole day at one cap; null: at the terms of the fund. */
  at(share: string | null): { gate: GateSummary; classes: DealOutput["classes"] };
}

/** Errors: those of the dealing engine. */
export function whatIf(book: NonNullable<DealingPage["book"]>, basis: DealingPage["basis"]): WhatIf {
  const policy = toolsOf(book);
  const hasGate = policy.tools.includes("redemption_gate");
  // each investor's own gate needs holdings that only a frozen book has; in a dealt one it has been applied
  const { investorGate, ...rest } = policy;
  const terms: LmtPolicy = basis === "frozen" && investorGate !== undefined ? policy : rest;
  const tried: LmtPolicy = hasGate
    ? terms
    : { ...terms, tools: [...terms.tools, "redemption_gate"], gate: { basis: "gross", share: "1" } };
  const input = dealInput(book, tried);
  const day = readDay(input);
  const [own] = compareGates(readDay(dealInput(book, terms)), [{ gate: terms.gate, carry: terms.carry }]);
  if (own === undefined) throw new Error("One gate gives one answer.");
  const ownShare = own.cap === null ? null : shareOf(own.cap, book.nav);
  const shares = levelsOf(ownShare, shareOf(own.demand, book.nav));
  const gates = shares.map((share) => ({ gate: capped(terms.gate, share), carry: terms.carry }));
  return {
    own,
    ownShare,
    hasGate,
    levels: compareGates(day, gates).map((gate, i) => ({ share: shares[i] ?? "0", gate })),
    at: (share) => {
      const read: ReadDay =
        share === null
          ? readDay(dealInput(book, terms))
          : { ...day, facts: { ...day.facts, lmt: { ...day.facts.lmt, gate: capped(terms.gate, share) } } };
      const { gate, classes } = dealRead(read);
      return { gate, classes };
    },
  };
}

/** Part of the NAV, 6 decimals. */
export const shareOf = (value: string, nav: string): string =>
  decimal(nav).isZero() ? "0" : decimal(value).div(decimal(nav)).toDecimalPlaces(6).toFixed();

/** The same gate with one cap, a share of the NAV; what must be paid at least stays. */
function capped(gate: GatePolicy | undefined, share: string): GatePolicy {
  const { threshold, smallOrder, ordinaryFrom, basis = "gross" } = gate ?? {};
  return {
    basis,
    share,
    ...(threshold === undefined ? {} : { threshold }),
    ...(smallOrder === undefined ? {} : { smallOrder }),
    ...(ordinaryFrom === undefined ? {} : { ordinaryFrom }),
  };
}

/** Even steps from nothing to a little over what is asked for, or twice the cap of the terms where that is more. */
function levelsOf(own: string | null, demand: string): string[] {
  const most = decimal(demand).times("1.1");
  const twice = decimal(own ?? "0").times(2);
  const end = most.gt(twice) ? most : twice;
  // in whole tenths of a per cent a step
  const step = end.div(LEVELS).toDecimalPlaces(3, 0);
  const unit = step.isZero() ? decimal("0.001") : step;
  return Array.from({ length: LEVELS + 1 }, (_, i) => {
    const level = unit.times(i);
    return (level.gt(1) ? decimal("1") : level).toFixed();
  }).filter((level, i, all) => all.indexOf(level) === i);
}
