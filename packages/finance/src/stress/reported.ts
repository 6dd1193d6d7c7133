// Debt of a fund that reported its sensitivities: the loss of the whole by those, divided among its assets to the minor unit. How each asset bends is not known
// and not guessed. Pure.
import { daysBetween } from "../fees/days.ts";
import { byId, currencyExponent, decimal, Exact, fixed, ratioText, ZERO } from "../money.ts";
import { Asset } from "../valuation/asset.ts";
import { type Facts, isDebt, type Mapped, marked } from "./asset-kinds.ts";
import type { BookAsset, FundBook } from "./book.ts";
import { type Levels, tenorYears } from "./paths.ts";

/** What a report's spread rows are spreads of. */
const GRADES = { spread_ig: "spread.investment_grade", spread_non_ig: "spread.high_yield" } as const;
export const DIVISION =
  "the loss of the whole is divided by value times days to maturity (undated debt: the mean of the dated), whole minor units by largest remainder, ties to the smaller id";

export interface Sensitivity {
  factor: string;
  measure: "dv01" | "dv100";
  amount: string;
}

/** Rates by dv100, else by dv01, which says the same of a smaller move; spreads by grade. Empty where the fund reported none of rates. */
export function reportedOf(book: FundBook): Sensitivity[] {
  const rows = book.sensitivities.rows;
  const measure = rows.some((row) => row.measure === "dv100") ? "dv100" : "dv01";
  const rates = rows
    .filter((row) => row.measure === measure)
    .map(
      ({ currency, tenor, value }) =>
        ({ factor: `rates.at.${currency}.${tenorYears(tenor)}`, measure, amount: value }) as const,
    );
  if (rates.length === 0) return [];
  const spreads = rows.flatMap((row) =>
    row.measure in GRADES
      ? [{ factor: GRADES[row.measure as keyof typeof GRADES], measure: "dv01" as const, amount: row.value }]
      : [],
  );
  return [...rates, ...spreads];
}

/** The assets of which the report speaks, by id. */
export const reportedAssets = (book: FundBook): BookAsset[] =>
  reportedOf(book).length === 0 ? [] : book.assets.filter(isDebt).sort((a, b) => byId(a.id, b.id));

export interface Divided {
  method: string;
  /** Per asset id and period: loss since the start in whole minor units of the fund's currency. */
  losses: ReadonlyMap<string, readonly bigint[]>;
}

/**
 * Σ sensitivity · move up to each period, rounded HALF_UP once at the minor unit, then divided (`DIVISION`): the parts foot. Debt that is not above zero has no part.
 * Without any debt above zero the report acts on nothing: an empty map.
 */
export function divideReported(book: FundBook, levels: Levels, periods: number): Divided {
  const rows = reportedOf(book);
  const exponent = currencyExponent(book.fund.currency);
  const unit = new Exact(10).pow(exponent);
  const held = reportedAssets(book).filter(({ value }) => decimal(value).gt(0));
  const weights = weightsOf(held, book.asOf);
  const whole = weights.reduce((sum, weight) => sum.plus(weight), ZERO);
  const spreads = rows.some(({ factor }) => factor.startsWith("spread.") && levels.of(factor) !== null);
  const measure = rows.some((row) => row.measure === "dv100") ? "dv100" : "dv01";
  const losses = new Map<string, bigint[]>(held.map(({ id }) => [id, []]));
  for (let period = 1; period <= periods; period += 1) {
    const total = rows
      .reduce((sum, { factor, measure: by, amount }) => {
        const loss = decimal(amount).times(levels.basisPoints(factor, period));
        return sum.plus(by === "dv100" ? loss.div(100) : loss);
      }, ZERO)
      .times(unit);
    if (held.length === 0) break;
    const ideal = weights.map((weight) => total.times(weight).div(whole));
    const parts = ideal.map((amount) => BigInt(amount.floor().toFixed(0)));
    const left = Number(BigInt(fixed(total, 0)) - parts.reduce((sum, part) => sum + part, 0n));
    const ranked = ideal
      .map((amount, at) => ({ at, rest: amount.minus(amount.floor()) }))
      .sort((a, b) => b.rest.cmp(a.rest) || a.at - b.at);
    for (const { at } of ranked.slice(0, left)) parts[at]! += 1n;
    for (const [at, { id }] of held.entries()) losses.get(id)!.push(parts[at]!);
  }
  return { method: `${measure}${spreads ? "_and_spread" : ""}_linear_by_value_and_term`, losses };
}

/** Value times days to maturity, at least one. */
function weightsOf(held: readonly BookAsset[], asOf: string): Exact[] {
  const days = held.map(({ maturity }) => (maturity === null ? null : Math.max(1, daysBetween(asOf, maturity))));
  let [value, weighted] = [ZERO, ZERO];
  held.forEach((asset, at) => {
    if (days[at] === null) return;
    value = value.plus(asset.value);
    weighted = weighted.plus(decimal(asset.value).times(days[at]!));
  });
  const mean = value.isZero() ? new Exact(1) : weighted.div(value);
  return held.map((asset, at) => decimal(asset.value).times(days[at] ?? mean));
}

/** One asset of the whole, with its part of the loss in place of a price of its own. */
export function dividedAsset(asset: BookAsset, { book }: Facts, { method, losses }: Divided): Mapped {
  const { sensitivities: report, fund } = book;
  const parts = losses.get(asset.id);
  const unit = new Exact(10).pow(currencyExponent(fund.currency));
  const sum = reportedOf(book)
    .filter(({ factor }) => factor.startsWith("rates."))
    .reduce((total, { amount }) => total.plus(amount), ZERO);
  return {
    asset: Asset.parse({ ...marked(asset, book), kind: "cash" }),
    price: (_, market, way) => {
      market.note(`mark:${asset.id}`, asset.markedOn, asset.value);
      market.note(`reported:${report.source}`, report.asOf ?? book.asOf, ratioText(sum));
      const values = way.days.map((_day, i) =>
        decimal(asset.value).minus(new Exact((parts?.[i] ?? 0n).toString()).div(unit)),
      );
      return { method, convexity: "unknown", values, paid: values.map(() => ZERO) };
    },
    remarks: [
      parts === undefined
        ? "debt that is not above zero has no part in the reported sensitivities: unchanged"
        : `valued by the sensitivities the fund reported: ${DIVISION}; convexity is unknown`,
    ],
  };
}
