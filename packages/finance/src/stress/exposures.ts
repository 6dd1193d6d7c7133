// Factor exposures of a book's assets for scenarios of many cells: each asset's, by its own pricer; the debt behind reported sensitivities as one line. Rates at
// single points of time are divided among the parallel shift and the key rates that the scenario moves, so that few factors are left. Pure.
import { z } from "zod";
import { byId, decimal, Exact, ratioText, ZERO } from "../money.ts";
import { type ResolvedScenario, scenarioCell } from "../scenarios/index.ts";
import { keyRates } from "../scenarios/lookup.ts";
import { Asset } from "../valuation/asset.ts";
import { exposureRows } from "../valuation/exposure-rows.ts";
import { factsOf, mapped, translated } from "./asset-kinds.ts";
import type { BookAsset, FundBook } from "./book.ts";
import { levelsOf } from "./paths.ts";
import { reportedAssets, reportedOf } from "./reported.ts";

export const ExposureRow = z.strictObject({
  id: z.string(),
  /** In the fund's currency; below zero for a short position. */
  value: z.string(),
  /** By factor of a pricer: d ln(value) / d factor. */
  exposures: z.array(z.strictObject({ factor: z.string(), exposure: z.string() })),
});
export type ExposureRow = z.output<typeof ExposureRow>;
/** The line that stands for all debt behind the reported sensitivities. */
export const REPORTED_LINE = "reported-sensitivities";
/** Most factors of one call are far below its limit with so many assets. */
const BLOCK = 50;

/** Rows of the assets; `whole` adds the line of the reported sensitivities, which one shard must carry and no other. */
export function exposuresOf(
  book: FundBook,
  scenario: ResolvedScenario,
  assets: readonly BookAsset[],
  whole: boolean,
): ExposureRow[] {
  // which addresses there are is the same in every cell
  const { factors } = scenarioCell(scenario, 0);
  const facts = factsOf(book, levelsOf(factors, scenario.periods?.count ?? 1));
  const pooled = reportedAssets(book);
  const inPool = new Set(pooled.map(({ id }) => id));
  const lines = assets
    .filter(({ id, value }) => !inPool.has(id) && !decimal(value).isZero())
    .map((asset) => mapped(asset, facts).asset);
  const total = pooled.reduce((sum, { value }) => sum.plus(value), ZERO);
  if (whole && total.gt(0))
    lines.push(
      Asset.parse({
        id: REPORTED_LINE,
        kind: "sensitivities",
        currency: book.fund.currency,
        value: ratioText(total),
        markedOn: book.asOf,
        source: { series: `reported:${book.sensitivities.source}`, asOf: book.sensitivities.asOf ?? book.asOf },
        sensitivities: reportedOf(book),
      }),
    );
  const currencies = [...new Set(lines.map(({ currency }) => currency))];
  const market = [
    ...book.market,
    ...currencies.map((currency) => ({ series: translated(currency), asOf: book.asOf, value: "1" })),
  ];
  const rows: ExposureRow[] = [];
  for (let at = 0; at < lines.length; at += BLOCK) {
    const block = lines.slice(at, at + BLOCK);
    const short = new Set(block.filter(({ value }) => decimal(value).lt(0)).map(({ id }) => id));
    const turned = block.map((line) => (short.has(line.id) ? opposite(line) : line));
    const found = exposureRows({
      asOf: book.asOf,
      currency: book.fund.currency,
      market,
      assets: turned,
      factors: ["none", ...new Set(turned.flatMap(factorsOf))].sort(byId),
    });
    for (const { id, value, exposures } of found.rows)
      rows.push({
        id,
        value: short.has(id) ? `-${value}` : value,
        exposures: gathered(exposures.flatMap(({ factor, exposure }) => spread(factor, exposure, factors))),
      });
  }
  return rows.sort((a, b) => byId(a.id, b.id));
}

/** Factors a line asks for. */
function factorsOf(asset: Asset): string[] {
  const fx = asset.fx === undefined ? [] : [asset.fx.factor];
  switch (asset.kind) {
    case "bond": {
      const { parallelFactor, keyRates: keys } = asset.rates;
      return [...fx, parallelFactor, asset.spreadFactor, ...keys.map(({ factor }) => factor)].filter(
        (one) => one !== undefined,
      );
    }
    case "sensitivities":
      return [...fx, ...asset.sensitivities.map(({ factor }) => factor)];
    case "listed":
      return [...fx, ...asset.exposures.map(({ factor }) => factor)];
    case "private":
      return [...fx, asset.indexFactor];
    case "property":
      return [...fx, asset.capRateFactor, asset.incomeFactor];
    case "infrastructure":
      return [...fx, asset.discountFactor, asset.cashFlowFactor];
    case "cash":
      return fx;
  }
}

const turn = (text: string): string => (text.startsWith("-") ? text.slice(1) : `-${text}`);
/** A short position as the long one of the same size: its exposures are the same. */
const opposite = (asset: Asset): Asset =>
  ({
    ...asset,
    value: turn(asset.value),
    ...(asset.kind === "sensitivities"
      ? { sensitivities: asset.sensitivities.map((row) => ({ ...row, amount: turn(row.amount) })) }
      : {}),
  }) as Asset;

/** `rates.at.USD.4.5` as parallel shift and key rates, on straight lines between two of them and flat beyond the ends. */
function spread(factor: string, exposure: string, factors: Readonly<Record<string, readonly string[]>>) {
  const at = /^rates\.at\.([A-Z]{3})\.(.+)$/.exec(factor);
  if (at === null) return [{ factor, exposure: decimal(exposure) }];
  const [, currency = "", years = ""] = at;
  const keys = keyRates(factors, currency);
  const whole = decimal(exposure);
  const parallel = { factor: `rates.parallel.${currency}`, exposure: whole };
  const key = (tenor: string, share: Exact) => ({
    factor: `rates.key.${currency}.${tenor}`,
    exposure: whole.times(share),
  });
  const next = keys.findIndex((one) => decimal(years).lte(one.years));
  if (keys.length === 0) return [parallel];
  if (next === 0) return [parallel, key(keys[0]!.tenor, new Exact(1))];
  if (next === -1) return [parallel, key(keys.at(-1)!.tenor, new Exact(1))];
  const [left, right] = [keys[next - 1]!, keys[next]!];
  const share = decimal(years).minus(left.years).div(new Exact(right.years).minus(left.years));
  return [parallel, key(left.tenor, new Exact(1).minus(share)), key(right.tenor, share)];
}

function gathered(parts: readonly { factor: string; exposure: Exact }[]): ExposureRow["exposures"] {
  const sums = new Map<string, Exact>();
  for (const { factor, exposure } of parts) sums.set(factor, (sums.get(factor) ?? ZERO).plus(exposure));
  return [...sums]
    .sort(([a], [b]) => byId(a, b))
    .map(([factor, exposure]) => ({ factor, exposure: ratioText(exposure) }));
}
