// What a moment under stress means: selling for what is due, how much the fund bears (R35), quarters at its gate, commitments (R36), investors who leave (R6, R7).
// The rules are those of stress-liquidity; here their inputs are put together. Pure.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { PRIVATE_CLASSES, readAddress } from "@evergreen-fund/domain/scenarios/index.ts";
import { currencyExponent, decimal, Exact, fixed, ONE, ratioText, ZERO } from "../money.ts";
import type { ResolvedScenario } from "../scenarios/index.ts";
import { concentrationExits } from "../stress-liquidity/concentration.ts";
import { liquidate } from "../stress-liquidity/liquidation.ts";
import { commitmentPacing } from "../stress-liquidity/pacing.ts";
import { reverseFrontier, reverseStress } from "../stress-liquidity/reverse.ts";
import { survivalQuarters } from "../stress-liquidity/survival.ts";
import { isCash } from "./asset-kinds.ts";
import type { BookAsset, FundBook } from "./book.ts";
import { amountsOf, type Side, text } from "./ladders.ts";
import type { StressOutcome } from "./outcome.ts";
import type { Owed } from "./owed.ts";
import type { Levels } from "./paths.ts";
import { fxSeries } from "./terms.ts";
import type { FundTerms } from "./terms-of-fund.ts";

/** Beyond this many positions the buckets are sold, not the positions. */
const MOST_POSITIONS = 2_000;
/** Haircuts of the frontier. */
const HAIRCUTS = Array.from({ length: 11 }, (_, step) => ratioText(new Exact(step).div(20)));

export const dueBy = (owed: Owed, horizon: Bucket): Exact =>
  BUCKETS.slice(0, BUCKETS.indexOf(horizon) + 1).reduce(
    (sum, _, at) => Object.values(owed).reduce((total: Exact, kind: Exact[]) => total.plus(kind[at]!), sum),
    ZERO,
  );

/** Both ways of raising what is due by the horizon. */
export function liquidations(
  positions: readonly { asset: BookAsset; value: Exact }[],
  { side, owed, horizon, currency }: { side: Side; owed: Owed; horizon: Bucket; currency: string },
): StressOutcome["liquidations"] {
  const demand = dueBy(owed, horizon);
  const money = (amount: string): string => fixed(decimal(amount), currencyExponent(currency));
  const lost = (at: number): string => text(ONE.minus(side.kept[at]!));
  const placed = (at: number) => ({ haircut: lost(at), shares: { [BUCKETS[side.arrives[at]!]!]: "1" } });
  const held = positions.filter(({ asset, value }) => !isCash(asset) && value.gt(0));
  const rows =
    held.length <= MOST_POSITIONS
      ? held.map(({ asset, value }) => ({ id: asset.id, value: text(value), ...placed(BUCKETS.indexOf(asset.bucket)) }))
      : BUCKETS.map((bucket, at) => ({ id: bucket, value: text(side.values[at]!), ...placed(at) }));
  const all = [...rows, { id: "cash", value: text(side.cash), haircut: "0", shares: { "1d": "1" } }];
  return (["waterfall", "slice"] as const).map((mode) => {
    const sold = liquidate({ method: mode, demand: text(demand), positions: all, horizon });
    return {
      mode,
      asked: money(text(demand)),
      raised: money(sold.raised),
      cost: money(sold.cost),
      shortfall: money(sold.shortfall),
      distortion: sold.distortion,
    };
  });
}

/** R35 at the buckets asked for: the least of what each of them bears. */
export function reverseOf(
  side: Side,
  owed: Owed,
  {
    nav,
    buckets,
    haircuts,
    currency,
  }: { nav: Exact; buckets: readonly Bucket[]; haircuts: readonly string[]; currency: string },
): StressOutcome["reverse"] {
  if (nav.lte(0)) return { largestRedemption: null, smallestHaircut: null, frontier: [] };
  const fund = {
    cash: text(side.cash),
    assets: amountsOf(side.proceeds),
    calls: amountsOf(owed.calls),
    debt: amountsOf(owed.debt),
    margin: amountsOf(owed.margin),
    nav: text(nav),
  };
  // the redemption is what is sought: those that are only expected are left out
  const free = reverseStress({ ...fund, accepted: amountsOf(owed.accepted) }).rungs;
  const asked = free.filter(({ bucket }) => buckets.includes(bucket));
  const least = asked.reduce((a, b) => (decimal(b.share).lt(a.share) ? b : a));
  const everything = owed.redemptions.map((amount, at) => amount.plus(owed.accepted[at]!));
  const borne = reverseStress({ ...fund, accepted: amountsOf(everything) }).rungs.flatMap(({ bucket, haircut }) =>
    buckets.includes(bucket) && haircut !== null ? [{ bucket, haircut }] : [],
  );
  const { frontier } = reverseFrontier({
    ...fund,
    accepted: amountsOf(owed.accepted),
    horizon: least.bucket,
    redemptions: ["0"],
    haircutGrid: [...(haircuts.length === 0 ? HAIRCUTS : haircuts)],
  });
  return {
    largestRedemption: {
      bucket: least.bucket,
      amount: decimal(least.redemption)
        .toDecimalPlaces(currencyExponent(currency), Exact.ROUND_DOWN)
        .toFixed(currencyExponent(currency)),
      share: least.share,
    },
    smallestHaircut: borne.length === 0 ? null : borne.reduce((a, b) => (decimal(b.haircut).lt(a.haircut) ? b : a)),
    frontier: frontier.map(({ haircut, share }) => ({ redemption: share, haircut })),
  };
}

export interface Paced {
  calls: Exact[];
  distributions: Exact[];
  unfunded: Exact;
  overCommitment: string | null;
}

/** Commitments by class, so that each class has its own factors: the largest of its calls and the least of its distributions over the periods. */
export function paced(
  book: FundBook,
  levels: Levels | null,
  nav: Exact,
  quarters: number,
  periods: number,
  notes: Set<string>,
): Paced {
  const sum: Paced = {
    calls: Array.from({ length: quarters }, () => ZERO),
    distributions: Array.from({ length: quarters }, () => ZERO),
    unfunded: ZERO,
    overCommitment: null,
  };
  const held = book.assets.filter(({ terms }) => terms?.commitment !== undefined);
  for (const kind of PRIVATE_CLASSES) {
    const own = held.filter((asset) => (asset.terms?.privateClass ?? "private_equity") === kind);
    if (own.length === 0) continue;
    const path = (name: "calls.times" | "distributions.times"): Exact[] =>
      Array.from({ length: periods }, (_, i) => levels?.term(name, [kind], i + 1) ?? ONE);
    const calls = path("calls.times").reduce((a, b) => (a.gt(b) ? a : b), ZERO);
    const out = path("distributions.times").reduce((a, b) => (a.lt(b) ? a : b));
    if (out.gt(1)) notes.add("Distributions above what is expected are taken as expected.");
    const projected = commitmentPacing({
      commitments: own.map(({ id, value, terms }) => ({
        ...terms!.commitment!,
        id,
        nav: decimal(value).lt(0) ? "0" : value,
      })),
      periods: quarters,
      stress: { calls: text(calls), distributions: text(out.gt(1) ? ONE : out), value: "0" },
    });
    projected.periods.forEach((period, at) => {
      sum.calls[at] = sum.calls[at]!.plus(period.calls);
      sum.distributions[at] = sum.distributions[at]!.plus(period.distributions);
    });
    sum.unfunded = sum.unfunded.plus(projected.unfunded);
  }
  const worth = held.reduce((total, { value }) => total.plus(value), ZERO);
  if (held.length > 0 && nav.gt(0)) sum.overCommitment = ratioText(worth.plus(sum.unfunded).div(nav));
  return sum;
}

/** n* of R35 at the gate's most per quarter. `sales` is what is expected to be subscribed in a quarter. Null where no gate by a share is set. */
export function survival(
  side: Side,
  owed: Owed,
  { nav, terms, pacing, sales }: { nav: Exact; terms: FundTerms; pacing: Paced; sales: Exact },
): { label: string; quarters: number } | null {
  if (terms.gateShare === null || nav.lte(0)) return null;
  const within = BUCKETS.slice(0, BUCKETS.indexOf("90d") + 1);
  const liquid = within.reduce((sum, _, at) => sum.plus(side.proceeds[at]!), side.cash);
  const reserved = within.reduce(
    (sum, _, at) => sum.plus(owed.accepted[at]!).plus(owed.debt[at]!).plus(owed.margin[at]!),
    ZERO,
  );
  const count = Math.max(1, pacing.calls.length);
  const { label, quarters } = survivalQuarters({
    nav: text(nav),
    gate: terms.gateShare.quarter,
    liquid: text(liquid),
    reserved: text(reserved),
    inflows: Array.from({ length: count }, (_, i) =>
      text(sales.plus(pacing.distributions[i] ?? ZERO).minus(pacing.calls[i] ?? ZERO)),
    ),
  });
  return { label, quarters };
}

/** Who leaves and what the gates pay them, over all classes in the fund's money: a holding counts by its value. Null where the scenario has nobody leave. */
export function exitsOf(
  book: FundBook,
  scenario: ResolvedScenario,
  levels: Levels,
  { nav, liquid, terms }: { nav: Exact; liquid: Exact; terms: FundTerms },
  notes: Set<string>,
): { summary: NonNullable<StressOutcome["exits"]>; paid: Exact } | null {
  const largest = levels.term("exits.largest", [], 1)?.toNumber() ?? 0;
  const named = Object.keys(scenario.factors).flatMap((address) => {
    const read = readAddress(address);
    if ("problem" in read || read.name !== "exits.named") return [];
    return [{ investor: read.parts[0] ?? "", share: levels.term("exits.named", read.parts, 1) ?? ZERO }];
  });
  if (largest === 0 && named.length === 0) return null;
  const dp = currencyExponent(book.fund.currency);
  const down = (amount: Exact): string => amount.toDecimalPlaces(dp, Exact.ROUND_DOWN).toFixed();
  const holdings = valuesOfHoldings(book, notes);
  const known = named.filter(({ investor }) => holdings.has(investor));
  if (known.length < named.length)
    notes.add(`${named.length - known.length} named investors hold nothing in the snapshot under that id.`);
  if (holdings.size === 0 || (largest === 0 && known.length === 0)) {
    notes.add("The snapshot has no register of investors: nobody can leave.");
    return null;
  }
  const share = new Map(known.map((one) => [one.investor, one.share]));
  const result = concentrationExits({
    holdings: [...holdings].map(([id, value]) => ({
      id,
      units: down(value),
      ...(share.has(id) ? { free: down(value.times(share.get(id)!)) } : {}),
    })),
    exits: largest > 0 ? { largest } : { owners: known.map(({ investor }) => investor) },
    navPerUnit: "1",
    unitsDp: dp,
    gate: terms.gate ?? { basis: "gross" },
    ...(terms.investorGate === null ? {} : { investorGate: terms.investorGate }),
    carry: terms.carry,
    liquidAssets: text(liquid),
    nav: text(nav.lt(0) ? ZERO : nav),
    quarterBase: text(nav.lt(0) ? ZERO : nav),
    redeemedInQuarter: "0",
  });
  notes.add("Investors who leave are counted by account: the snapshot does not say which accounts have one owner.");
  if (terms.gate === null) notes.add("The fund has no gate: who leaves is paid in full.");
  const total = (of: (row: (typeof result.exits)[number]) => string): Exact =>
    result.exits.reduce((sum, row) => sum.plus(of(row)), ZERO);
  const [asked, paid] = [total((row) => row.requested), total((row) => row.filled)];
  return {
    summary: {
      investors: result.exits.length,
      asked: fixed(asked, dp),
      paid: fixed(paid, dp),
      share: asked.isZero() ? "1" : ratioText(paid.div(asked)),
    },
    paid,
  };
}

/** What each investor holds, in the fund's currency. */
function valuesOfHoldings(book: FundBook, notes: Set<string>): Map<string, Exact> {
  const rates = new Map(book.market.map(({ series, value }) => [series, value]));
  const prices = new Map<string, Exact>();
  for (const { id, navPerUnit, currency } of book.classes) {
    const rate = currency === book.fund.currency ? "1" : rates.get(fxSeries(currency, book.fund.currency));
    if (navPerUnit === null || rate === undefined)
      notes.add("A class without a price, or in a currency without an exchange rate, is left out of the register.");
    else prices.set(id, decimal(navPerUnit).times(rate));
  }
  const values = new Map<string, Exact>();
  for (const { classId, investorId, units } of book.holdings) {
    const price = prices.get(classId);
    if (price !== undefined) values.set(investorId, (values.get(investorId) ?? ZERO).plus(price.times(units)));
  }
  return values;
}
