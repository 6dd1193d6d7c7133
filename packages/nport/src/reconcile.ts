// Does the filing add up? Totals against holdings, percentages against values, identifiers against each other. Pure; exact decimals.
import { z } from "zod";
import { amount, type Exact, exact, HUNDRED, plain, ZERO } from "./decimals.ts";
import type { Filing } from "./filing.ts";
import type { Holding } from "./filing-holding.ts";
import { Warning } from "./reading-notes.ts";

/** Percentage points by which a reported percentage may differ from value / net assets × 100 before it is remarked. */
export const PERCENT_TOLERANCE = "0.01";
/** Share of net assets beyond which the difference (other net assets) is remarked: 10 %. */
export const LARGE_DIFFERENCE = "0.10";
/** Filers write this where a security has no CUSIP. */
export const NO_CUSIP = /^0+$/;

const Exactly = z.string().regex(/^-?\d+(\.\d+)?$/);

/** Amounts in US dollars, exact, with at least two decimals. */
export const Reconciliation = z.object({
  holdings: z.int().nonnegative(),
  /** Σ valUSD of all holdings; a value of "N/A" counts as nothing and is remarked. */
  holdingsTotal: Exactly,
  netAssets: Exactly,
  /** netAssets − holdingsTotal: cash and receivables less payables that the schedule does not list. */
  difference: Exactly,
  /** totAssets − totLiabs − netAssets; anything but zero is remarked. */
  balanceGap: Exactly,
  /** Σ pctVal as reported, percent. */
  percentTotal: z.string(),
  warnings: z.array(Warning),
});
export type Reconciliation = z.infer<typeof Reconciliation>;

interface Repeated {
  line: number;
  count: number;
}

/** Adds holdings one at a time, so that a filing of any length can be reconciled while it is read. */
export class Reconciler {
  #count = 0;
  #total: Exact = ZERO;
  #percent: Exact = ZERO;
  #unvalued: Repeated | undefined;
  #liquidity: Repeated | undefined;
  readonly #percentages: { line: number; value: string; percent: string }[] = [];
  readonly #identifiers = new Map<string, number>();
  readonly #duplicates = new Map<string, Repeated>();

  add(holding: Holding): void {
    this.#count += 1;
    if (holding.valUSD === null) this.#unvalued = raised(this.#unvalued, holding.line);
    else this.#total = this.#total.plus(exact(holding.valUSD));
    if (typeof holding.pctVal === "string") {
      this.#percent = this.#percent.plus(exact(holding.pctVal));
      if (holding.valUSD !== null)
        this.#percentages.push({ line: holding.line, value: holding.valUSD, percent: holding.pctVal });
    }
    const classes = holding.liquidity?.classes ?? [];
    if (classes.length > 0) {
      const sum = classes.reduce((all, item) => all.plus(exact(item.pct ?? "0")), ZERO);
      if (sum.minus(HUNDRED).abs().greaterThan(PERCENT_TOLERANCE))
        this.#liquidity = raised(this.#liquidity, holding.line);
    }
    if (holding.cusip && !NO_CUSIP.test(holding.cusip)) this.#identify("CUSIP", holding.cusip, holding.line);
    for (const { scheme, value } of holding.identifiers) {
      // Tickers and `other` identifiers often name an issuer or a programme, so many holdings share one.
      if (scheme === "isin") this.#identify("ISIN", value, holding.line);
    }
  }

  #identify(scheme: string, value: string, line: number): void {
    const key = `${scheme} ${value}`;
    if (this.#identifiers.has(key)) this.#duplicates.set(scheme, raised(this.#duplicates.get(scheme), line));
    else this.#identifiers.set(key, line);
  }

  finish(totals: Filing["totals"]): Reconciliation {
    const netAssets = exact(totals.netAssets);
    const difference = netAssets.minus(this.#total);
    const balanceGap = exact(totals.totAssets).minus(exact(totals.totLiabs)).minus(netAssets);
    const warnings: Warning[] = [];
    const warn = (code: string, message: string, seen?: Repeated): void => {
      warnings.push({ code, message, count: seen?.count ?? 1, ...(seen ? { line: seen.line } : {}) });
    };
    if (!balanceGap.isZero()) warn("totals_differ", "Total assets less total liabilities is not net assets.");
    if (netAssets.isNegative() && !netAssets.isZero()) warn("negative_net_assets", "Net assets are negative.");
    if (exact(totals.totLiabs).lessThan(0)) warn("negative_liabilities", "Total liabilities are negative.");
    if (difference.abs().greaterThan(netAssets.abs().times(LARGE_DIFFERENCE))) {
      warn("large_difference", "The holdings differ from net assets by more than 10 %.");
    }
    if (exact(totals.assetsAttrMiscSec ?? "0").greaterThan(0)) {
      warn(
        "miscellaneous_securities",
        "The fund holds miscellaneous securities that a public filing does not list; they are in the difference.",
      );
    }
    if (this.#count === 0) warn("no_holdings", "The filing lists no holdings.");
    if (this.#unvalued)
      warn(
        "value_not_reported",
        "The value is N/A; it counts as nothing and is part of the difference.",
        this.#unvalued,
      );
    if (this.#liquidity)
      warn("liquidity_percent", "The liquidity classes of a holding do not add up to 100 percent.", this.#liquidity);
    for (const [scheme, seen] of this.#duplicates)
      warn("duplicate_identifier", `Another holding has the same ${scheme}.`, seen);
    this.#checkPercentages(netAssets, warn);
    return {
      holdings: this.#count,
      holdingsTotal: amount(this.#total),
      netAssets: amount(netAssets),
      difference: amount(difference),
      balanceGap: amount(balanceGap),
      percentTotal: plain(this.#percent),
      warnings,
    };
  }

  #checkPercentages(netAssets: Exact, warn: (code: string, message: string, seen?: Repeated) => void): void {
    if (this.#percentages.length === 0) return;
    if (netAssets.isZero()) {
      warn("percent_unchecked", "Net assets are zero; percentages cannot be checked.");
      return;
    }
    let wrong: Repeated | undefined;
    for (const { line, value, percent } of this.#percentages) {
      const expected = exact(value).dividedBy(netAssets).times(HUNDRED);
      if (expected.minus(exact(percent)).abs().greaterThan(PERCENT_TOLERANCE)) wrong = raised(wrong, line);
    }
    if (wrong)
      warn(
        "percent_differs",
        "The reported percentage differs from value / net assets by more than 0.01 points.",
        wrong,
      );
  }
}

function raised(seen: Repeated | undefined, line: number): Repeated {
  return seen ? { line: seen.line, count: seen.count + 1 } : { line, count: 1 };
}

/** Reconciles a filing whose holdings were collected. Never throws; what does not add up is a warning. */
export function reconcile(filing: Pick<Filing, "totals" | "holdings">): Reconciliation {
  const reconciler = new Reconciler();
  for (const holding of filing.holdings) reconciler.add(holding);
  return reconciler.finish(filing.totals);
}
