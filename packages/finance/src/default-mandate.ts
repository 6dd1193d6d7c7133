// A first mandate for a fund that came without one, from its own holdings: every figure it chooses is visible in the mandate and can be edited.
import { CurrencyCode, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { shareWithin } from "./liquidity.ts";
import { liquidityProfile, ProfileInput, stressedLiabilities } from "./liquidity-profile.ts";
import { COST_ROWS } from "./liquidity-profile-table.ts";
import { Mandate, MandateHolding } from "./mandate.ts";
import { byId, decimal, Exact, ONE, ratioText, ZERO } from "./money.ts";
import { Name, parseInput } from "./parse.ts";
import { CASH } from "./rebalancing/problem.ts";
import { refuseRepeats } from "./repeats.ts";

export const DefaultMandateInput = z.strictObject({
  currency: CurrencyCode,
  asOf: z.iso.date(),
  netAssets: MoneyString,
  /** Holdings in the sleeve "cash" are the fund's cash. What net assets have beyond all holdings becomes one more, outside the trade set. */
  holdings: z
    .array(
      ProfileInput.extend({
        id: Name,
        value: MoneyString,
        /** Name or identifier of whoever owes or issued it; missing: the holding is its own issuer. */
        issuer: Name.nullish(),
        /** Category × maturity or country, as the importer cuts them. */
        sleeve: Name,
      }),
    )
    .min(1)
    .max(20_000),
  monthlyRedemptions: z.array(MoneyString).max(1_200).default([]),
});
export const DefaultMandateOutput = z.strictObject({
  mandate: Mandate,
  holdings: z.array(MandateHolding),
  cash: z.strictObject({ id: z.string(), value: z.string() }),
});
type Facts = z.output<typeof DefaultMandateInput>;

/** Id and sleeve of what net assets have beyond the holdings given (receivables less payables). */
export const OTHER_NET_ASSETS = "other-net-assets";
const CASH_TARGET = new Exact("0.02");
const ISSUER_MAX = new Exact("0.05");
/** Targets and limits are printed with so many decimals. */
const TARGET_DIGITS = 6;
/** Room the issuer limit must leave beyond what has to be placed, so that a solution is not a single point. */
const ISSUER_ROOM = new Exact("1.1");
const ILLIQUID = { max: "0.15", horizon: "90d" } as const;

/**
 * Targets per sleeve = actual weights shifted so that no issuer is above 5 % and cash is 2 %; bands ±20 % of target; liquidity by the table;
 * stressed liabilities 1.5 × the largest monthly redemption (at least 1 % of net assets). Where 5 % per issuer cannot hold everything, the
 * limit is the next whole percent that can, and a note says so. Errors: EG400, also when net assets are not above zero.
 */
export function defaultMandate(input: z.input<typeof DefaultMandateInput>): z.infer<typeof DefaultMandateOutput> {
  const facts = parseInput(DefaultMandateInput, input);
  refuseRepeats("holdings", facts.holdings);
  const { holdings, cash } = profiled(facts);
  const nav = decimal(facts.netAssets);
  if (nav.lte(0)) throw new EvergreenError("EG400", "netAssets: must be above zero.");
  const weights = new Map(holdings.map((holding) => [holding.id, decimal(holding.value).div(nav)]));
  const shifted = shift(holdings, weights);
  const sleeveIds = [...new Set(holdings.map((holding) => holding.sleeve))].sort(byId);
  const sums = sleeveIds.map((id) =>
    holdings.reduce((acc, holding) => (holding.sleeve === id ? acc.plus(shifted.weights.get(holding.id)!) : acc), ZERO),
  );
  const targets = roundTargets(sums.map((sum) => (sum.lt(0) ? ZERO : sum)));
  const liabilities = stressedLiabilities({
    currency: facts.currency,
    monthlyRedemptions: facts.monthlyRedemptions,
    netAssets: facts.netAssets,
  });
  const illiquid = holdings.reduce(
    (acc, holding) =>
      acc.plus(weights.get(holding.id)!.times(ONE.minus(shareWithin(holding.liquidity, ILLIQUID.horizon)))),
    ZERO,
  );
  const ticket = nav.times("0.0005").div(1000).floor().times(1000);
  const notes = [
    {
      code: "derived",
      words:
        "Made from the holdings: targets are shifted actual weights, not anybody's investment view. Edit before use.",
    },
    {
      code: `liabilities_${liabilities.basis}`,
      words:
        "Stressed 30-day liabilities: 1.5 times the largest reported month of redemptions, at least 1 % of net assets.",
    },
    ...(shifted.issuerMax.eq(ISSUER_MAX)
      ? []
      : [
          {
            code: "issuer_limit_widened",
            words: `Too few issuers for 5 % each: the limit is ${ratioText(shifted.issuerMax.times(100))} %.`,
          },
        ]),
    ...(illiquid.lte(ILLIQUID.max)
      ? []
      : [
          {
            code: "no_illiquid_limit",
            words: "More than 15 % cannot be cash within 90 days already: no limit on it was set.",
          },
        ]),
  ];
  const mandate = parseInput(Mandate, {
    version: 1,
    label: "Default mandate, derived from the holdings; edit before use",
    source: "default",
    currency: facts.currency,
    asOf: facts.asOf,
    sleeves: sleeveIds.map((id, position) => ({
      id,
      target: targets.sleeves[position]!,
      band: { relative: "0.2" },
      illiquid: holdings.every((holding) => holding.sleeve !== id || !holding.tradable),
    })),
    cash: { target: targets.cash, band: { relative: "0.2" } },
    limits: {
      issuerMax: ratioText(shifted.issuerMax),
      exemptIssuers: holdings.some((holding) => holding.id === OTHER_NET_ASSETS) ? [OTHER_NET_ASSETS] : [],
      minimumTicket: ticket.toFixed(0),
      ...(illiquid.lte(ILLIQUID.max) ? { illiquid: ILLIQUID } : {}),
    },
    liquidity: [{ horizon: "30d", stressedLiabilities: liabilities.stressed, cover: "1.2" }],
    costs: COST_ROWS,
    notes,
  });
  return { mandate, holdings, cash };
}

function profiled(facts: Facts): { holdings: MandateHolding[]; cash: { id: string; value: string } } {
  const inCash = facts.holdings.filter((holding) => holding.sleeve === CASH);
  const cash = inCash.reduce((acc, holding) => acc.plus(holding.value), ZERO);
  const rows = facts.holdings
    .filter((holding) => holding.sleeve !== CASH)
    .map((holding): MandateHolding => {
      const { id, value, issuer, sleeve, ...described } = holding;
      const profile = liquidityProfile(described);
      return {
        id,
        sleeve,
        issuer: issuer ?? id,
        value,
        tradable: profile.tradable && decimal(value).gt(0),
        liquidity: profile.shares,
        category: holding.category ?? "*",
        issuerCategory: holding.issuerCategory ?? "*",
      };
    });
  const other = rows.reduce((acc, row) => acc.minus(row.value), decimal(facts.netAssets).minus(cash));
  if (!other.isZero()) {
    rows.push({
      id: OTHER_NET_ASSETS,
      sleeve: OTHER_NET_ASSETS,
      issuer: OTHER_NET_ASSETS,
      value: other.toFixed(),
      tradable: false,
      liquidity: { gt365d: "1" },
      category: "*",
      issuerCategory: "*",
    });
  }
  const id = inCash.length === 1 ? inCash[0]!.id : CASH;
  return { holdings: rows.sort((a, b) => byId(a.id, b.id)), cash: { id, value: cash.toFixed() } };
}

/** Weights after the shift: fixed holdings stay, the rest is scaled to fill NAV less cash, issuers above the limit give to the others. */
function shift(
  holdings: readonly MandateHolding[],
  weights: ReadonlyMap<string, Exact>,
): { weights: Map<string, Exact>; issuerMax: Exact } {
  const result = new Map(weights);
  const movable = holdings.filter((holding) => holding.tradable);
  const fixedSum = holdings.reduce(
    (acc, holding) => (holding.tradable ? acc : acc.plus(weights.get(holding.id)!)),
    ZERO,
  );
  const wanted = ONE.minus(CASH_TARGET).minus(fixedSum);
  if (movable.length === 0 || wanted.lte(0)) return { weights: result, issuerMax: ISSUER_MAX };
  const issuers = new Map<string, { fixed: Exact; movable: Exact }>();
  for (const holding of holdings) {
    const row = issuers.get(holding.issuer!) ?? { fixed: ZERO, movable: ZERO };
    const part = holding.tradable ? "movable" : "fixed";
    issuers.set(holding.issuer!, { ...row, [part]: row[part].plus(weights.get(holding.id)!) });
  }
  const open = [...issuers.values()].filter((row) => row.movable.gt(0));
  const room = (cap: Exact) =>
    open.reduce((acc, row) => acc.plus(row.fixed.lt(cap) ? cap.minus(row.fixed) : ZERO), ZERO);
  let issuerMax = ISSUER_MAX;
  while (issuerMax.lt(1) && room(issuerMax).lt(wanted.times(ISSUER_ROOM))) issuerMax = issuerMax.plus("0.01");
  const factors = fill(issuers, wanted, issuerMax);
  for (const holding of movable) result.set(holding.id, weights.get(holding.id)!.times(factors.get(holding.issuer!)!));
  return { weights: result, issuerMax };
}

/** Factor per issuer: all grow or shrink alike, those that would pass the cap stop at it and the rest share what is left. */
function fill(
  issuers: ReadonlyMap<string, { fixed: Exact; movable: Exact }>,
  wanted: Exact,
  cap: Exact,
): Map<string, Exact> {
  const factors = new Map<string, Exact>();
  let open = [...issuers].filter(([, row]) => row.movable.gt(0)).sort(([a], [b]) => byId(a, b));
  let left = wanted;
  for (;;) {
    const sum = open.reduce((acc, [, row]) => acc.plus(row.movable), ZERO);
    const scale = sum.isZero() ? ZERO : left.div(sum);
    const over = open.filter(([, row]) => row.movable.times(scale).plus(row.fixed).gt(cap));
    if (over.length === 0) {
      for (const [id] of open) factors.set(id, scale);
      return factors;
    }
    for (const [id, row] of over) {
      const allowed = row.fixed.lt(cap) ? cap.minus(row.fixed) : ZERO;
      factors.set(id, allowed.div(row.movable));
      left = left.minus(allowed);
    }
    const stopped = new Set(over.map(([id]) => id));
    open = open.filter(([id]) => !stopped.has(id));
  }
}

/** Sleeve and cash targets with six decimals that add up to exactly 1 (largest remainder); sleeves share what cash leaves. */
function roundTargets(sums: readonly Exact[]): { sleeves: string[]; cash: string } {
  const unit = new Exact(10).pow(TARGET_DIGITS);
  const total = sums.reduce((acc, sum) => acc.plus(sum), ZERO);
  const rest = ONE.minus(CASH_TARGET).times(unit);
  const scaled = sums.map((sum) => (total.isZero() ? ZERO : sum.times(rest).div(total)));
  const parts = scaled.map((value) => value.floor());
  const left = rest.minus(parts.reduce((acc, part) => acc.plus(part), ZERO)).toNumber();
  const ranked = scaled.map((value, position) => ({ position, remainder: value.minus(parts[position]!) }));
  ranked.sort((a, b) => b.remainder.cmp(a.remainder) || a.position - b.position);
  for (const { position } of ranked.slice(0, left)) parts[position] = parts[position]!.plus(1);
  return { sleeves: parts.map((part) => ratioText(part.div(unit))), cash: ratioText(CASH_TARGET) };
}
