// The life of the demo fund, month by month: money in and out, what it buys, what it returns, and the net asset value of both classes
// by R4 (a class takes its share of the pooled result by its value after the previous dealing). Cents throughout; every month closes:
// Σ marks = Σ class values.
import { largestRemainder } from "@evergreen-fund/finance/money.ts";
import { type DemoFlow, dealOn, type Register } from "./dealing.ts";
import { CASH_BALANCE, CASH_KEY, HOLDINGS, isLiquid } from "./holdings.ts";
import { DEMO_INVESTORS } from "./investors.ts";
import { divideHalfUp, partsPerMillion, priceOf, sum } from "./money.ts";
import { CLASSES, type ClassCode, daysIn, ISSUE_PRICE, MONTHS } from "./terms.ts";
import { returnOf } from "./valuation.ts";

export interface MonthEnd {
  month: number;
  /** Value of each holding by key, cents. */
  marks: ReadonlyMap<string, bigint>;
  netAssets: bigint;
  classes: Record<ClassCode, { netAssets: bigint; units: bigint; price: bigint }>;
  /** Management fees paid in the month, cents. */
  fees: bigint;
  /** Orders dealt at this month-end; they are settled, and in the net assets, from the next month on. */
  flows: DemoFlow[];
}

type PerClass = Record<ClassCode, bigint>;
const perClass = (of: (code: ClassCode) => bigint): PerClass => ({ I: of("I"), W: of("W") });
const CODES = CLASSES.map(({ code }) => code);

/** Month 0 (founding orders, nothing held yet) to month `MONTHS`, whose orders are still to come. */
export function liveThrough(): MonthEnd[] {
  const register: Register = new Map();
  const none = perClass(() => 0n);
  const issue = perClass(() => ISSUE_PRICE);
  const founding: MonthEnd = {
    month: 0,
    marks: new Map(),
    netAssets: 0n,
    classes: state(none, none, issue),
    fees: 0n,
    flows: dealOn(0, DEMO_INVESTORS, issue, register),
  };
  const life = [founding];
  for (let month = 1; month <= MONTHS; month += 1) life.push(nextMonth(life[month - 1]!, register));
  return life;
}

function nextMonth(before: MonthEnd, register: Register): MonthEnd {
  const month = before.month + 1;
  const signed = (flow: DemoFlow, value: bigint) => (flow.direction === "subscription" ? value : -value);
  const dealt = (code: ClassCode, of: (flow: DemoFlow) => bigint) =>
    sum(before.flows.filter((flow) => flow.shareClass === code).map((flow) => signed(flow, of(flow))));
  const opening = perClass((code) => before.classes[code].netAssets + dealt(code, (flow) => flow.amount));
  const units = perClass((code) => before.classes[code].units + dealt(code, (flow) => flow.units));
  const fees = perClass((code) => feeOf(code, opening[code], month));
  const money = sum(CODES.map((code) => opening[code] - before.classes[code].netAssets - fees[code]));

  const marks = invest(month, before.marks, money);
  let result = 0n;
  for (const holding of HOLDINGS) {
    const value = marks.get(holding.key);
    if (value === undefined) continue;
    const gain = partsPerMillion(value, returnOf(holding, month));
    marks.set(holding.key, value + gain);
    result += gain;
  }
  const shares = largestRemainder(
    result,
    CODES.map((code) => opening[code]),
  );
  const netAssets = perClass((code) => opening[code] - fees[code] + shares[CODES.indexOf(code)]!);
  const prices = perClass((code) => priceOf(netAssets[code], units[code]));
  return {
    month,
    marks,
    netAssets: sum(marks.values()),
    classes: state(netAssets, units, prices),
    fees: sum(Object.values(fees)),
    flows: month < MONTHS ? dealOn(month, DEMO_INVESTORS, prices, register) : [],
  };
}

/** Management fee of the month on the opening value, ACT/365 (R20), HALF_UP to the cent. */
function feeOf(code: ClassCode, opening: bigint, month: number): bigint {
  const { feeBps } = CLASSES.find((row) => row.code === code)!;
  return divideHalfUp(opening * BigInt(feeBps * daysIn(month)), 10_000n * 365n);
}

/** Most that money in or out moves the liquid sleeve in a month, basis points of it. */
const LIQUID_MOVE_BPS = 120n;

/** Marks after the month's money was put to work; a purchase takes seven tenths of it, the rest goes where the fund already is. */
function invest(month: number, marks: ReadonlyMap<string, bigint>, money: bigint): Map<string, bigint> {
  if (month === 1) return foundingPortfolio(money);
  const after = new Map(marks);
  const bought = HOLDINGS.find((holding) => holding.bought === month);
  const price = bought ? ((money * 7n) / 10n / 1_000_000n) * 1_000_000n : 0n;
  if (bought) after.set(bought.key, price);
  const held = HOLDINGS.filter((holding) => holding.key !== CASH_KEY && marks.has(holding.key));
  const worth = (liquid: boolean) => sum(held.filter((h) => isLiquid(h) === liquid).map((h) => marks.get(h.key)!));
  const left = money - price;
  // taken evenly, but what is traded every day moves little by it: the rest calls on, or is distributed by, private assets
  const even = (left * worth(true)) / (worth(true) + worth(false));
  const most = (worth(true) * LIQUID_MOVE_BPS) / 10_000n;
  const toLiquid = even > most ? most : even < -most ? -most : even;
  for (const [liquid, amount] of [
    [true, toLiquid],
    [false, left - toLiquid],
  ] as const) {
    const group = held.filter((holding) => isLiquid(holding) === liquid);
    const parts = largestRemainder(
      amount,
      group.map((holding) => marks.get(holding.key)!),
    );
    group.forEach((holding, position) => {
      after.set(holding.key, marks.get(holding.key)! + parts[position]!);
    });
  }
  return after;
}

function foundingPortfolio(money: bigint): Map<string, bigint> {
  const first = HOLDINGS.filter((holding) => holding.bought === 1 && holding.key !== CASH_KEY);
  const parts = largestRemainder(
    money - CASH_BALANCE,
    first.map((holding) => BigInt(holding.share)),
  );
  return new Map([
    ...first.map((holding, position) => [holding.key, parts[position]!] as const),
    [CASH_KEY, CASH_BALANCE],
  ]);
}

function state(netAssets: PerClass, units: PerClass, prices: PerClass): MonthEnd["classes"] {
  const of = (code: ClassCode) => ({ netAssets: netAssets[code], units: units[code], price: prices[code] });
  return { I: of("I"), W: of("W") };
}
