// The life of the demo fund as it will come about: money in and out, what it buys, what that returns, and every dealing date by the same engine
// that deals it in the database (finance). Only what goes in is kept there: marks, orders, payments. What comes out is the forecast that the
// fund is imported with, before its history has been dealt; history.ts holds the database to it. Cents and ten-thousandths.
import { deal } from "@evergreen-fund/finance/dealing/deal.ts";
import type { DealOutput } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import { draftNav } from "@evergreen-fund/finance/dealing/draft-nav.ts";
import { accrueManagementFee } from "@evergreen-fund/finance/fees/management-fee.ts";
import { largestRemainder } from "@evergreen-fund/finance/money.ts";
import { CASH_BALANCE, CASH_KEY, HOLDINGS, isLiquid } from "./holdings.ts";
import { DEMO_INVESTORS } from "./investors.ts";
import { amountText, cents, fourDecimals, partsPerMillion, sum, tenThousandths } from "./money.ts";
import { type DemoOrder, type Lot, ordersFor } from "./orders.ts";
import {
  type ClassCode,
  CODES,
  CURRENCY,
  classOf,
  dealingPolicy,
  freeFrom,
  ISSUE_PRICE,
  LMT_POLICY,
  MONTHS,
  monthEnd,
  quarterStart,
} from "./terms.ts";
import { returnOf, WRONG_MARK } from "./valuation.ts";

/** What an order of the date got. Cents and ten-thousandths. */
export interface Fill {
  investor: string;
  shareClass: ClassCode;
  direction: DemoOrder["direction"];
  requested: bigint;
  units: bigint;
  carried: bigint;
  /** Money for the units, and what of it moved: less the levy of who leaves. */
  gross: bigint;
  net: bigint;
}

export interface MonthEnd {
  month: number;
  /** Value of each holding by key as it was, cents; 0 before it was bought. */
  marks: ReadonlyMap<string, bigint>;
  /** As it was struck at first: with the wrong mark, in the month that was restated. */
  published: { netAssets: bigint; prices: Record<ClassCode, bigint> };
  /** As it stands: restated where it was wrong. */
  netAssets: bigint;
  classes: Record<ClassCode, { netAssets: bigint; units: bigint; price: bigint }>;
  /** Management fee accrued since the month-end before, paid after this one. */
  fees: bigint;
  /** What is asked for on this date; of the last month-end it is still to be dealt. */
  orders: DemoOrder[];
  fills: Fill[];
  gated: boolean;
}

/** An order that a gate left over. */
interface Carried {
  id: string;
  order: DemoOrder;
  vintage: string;
  units: bigint;
  dealings: number;
  fills: number;
}
interface Register {
  lots: Lot[];
  carried: Carried[];
}
/** What a strike leaves for the one after it. */
interface Strike {
  date: string;
  netAssets: bigint;
  classes: Record<ClassCode, { netAssets: bigint; units: bigint; price: bigint; accrued: bigint }>;
}

const perClass = <T>(of: (code: ClassCode) => T): Record<ClassCode, T> => ({ I: of("I"), W: of("W") });

/** Month 0 (founding orders, nothing held yet) to month `MONTHS`, whose orders are still to come. */
export function liveThrough(): MonthEnd[] {
  const register: Register = { lots: [], carried: [] };
  const life: MonthEnd[] = [];
  const strikes: Strike[] = [];
  for (let month = 0; month <= MONTHS; month += 1) {
    const before = life.at(-1);
    const fees = feesOf(month, life, strikes);
    const marks = before === undefined ? nothingHeld() : marksOf(month, before, fees);
    const units = perClass((code) => sum(register.lots.filter((lot) => lot.shareClass === code).map((l) => l.units)));
    const struck = (values: ReadonlyMap<string, bigint>) => strike(month, sum(values.values()), units, life, strikes);
    const first = struck(wronglyMarked(month, marks));
    const waiting = new Map<string, bigint>();
    for (const { order, units: left } of register.carried)
      waiting.set(order.investor, (waiting.get(order.investor) ?? 0n) + left);
    const orders = ordersFor(month, DEMO_INVESTORS, register.lots, waiting);
    const dealt = month < MONTHS ? dealOn(month, first, orders, register, life, strikes) : { fills: [], gated: false };
    const final = month === WRONG_MARK.month ? struck(marks) : first;
    strikes.push(final);
    life.push({
      month,
      marks,
      published: { netAssets: first.netAssets, prices: perClass((code) => first.classes[code].price) },
      netAssets: final.netAssets,
      classes: final.classes,
      fees: sum(Object.values(fees)),
      orders,
      ...dealt,
    });
  }
  return life;
}

const nothingHeld = (): Map<string, bigint> => new Map(HOLDINGS.map(({ key }) => [key, 0n]));

/** The marks as they were known when the month was struck. */
export function wronglyMarked(month: number, marks: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const known = new Map(marks);
  if (month === WRONG_MARK.month) known.set(WRONG_MARK.key, wrongMark(marks));
  return known;
}
const wrongMark = (marks: ReadonlyMap<string, bigint>): bigint => {
  const value = marks.get(WRONG_MARK.key)!;
  return value + partsPerMillion(value, WRONG_MARK.ppm);
};

const dealtIn = (fills: readonly Fill[], code: ClassCode, direction: DemoOrder["direction"]): Fill[] =>
  fills.filter((fill) => fill.shareClass === code && fill.direction === direction);
const bought = (fills: readonly Fill[], code: ClassCode): bigint =>
  sum(dealtIn(fills, code, "subscription").map((fill) => fill.net));
const soldFor = (fills: readonly Fill[], code: ClassCode): bigint =>
  sum(dealtIn(fills, code, "redemption").map((fill) => fill.gross));

/** What the restatement of the wrong mark comes to for a class (R30), order by order and rounded up: who bought is owed, who sold was paid too much. */
function compensated(before: MonthEnd, code: ClassCode): { pays: bigint; receives: bigint } {
  if (before.month !== WRONG_MARK.month) return { pays: 0n, receives: 0n };
  const correct = before.classes[code].price;
  const gap = before.published.prices[code] - correct;
  if (gap < 0n) throw new Error("The demo's wrong mark is one that was too high.");
  const owed = (direction: DemoOrder["direction"]): bigint =>
    gap * 100n <= correct
      ? 0n
      : sum(dealtIn(before.fills, code, direction).map(({ units }) => (units * gap + 999_999n) / 1_000_000n));
  return { pays: owed("subscription"), receives: owed("redemption") };
}

/** What came into a class since the strike before, and what left it: dealing, and compensation for a price that was wrong. */
function movedIn(before: MonthEnd, code: ClassCode): { in: bigint; out: bigint } {
  const { pays, receives } = compensated(before, code);
  return { in: bought(before.fills, code) + receives, out: soldFor(before.fills, code) + pays };
}

/** Management fee since the strike before, on the value after its dealing (R20). */
function feesOf(month: number, life: readonly MonthEnd[], strikes: readonly Strike[]): Record<ClassCode, bigint> {
  const [before, last] = [life.at(-1), strikes.at(-1)];
  if (before === undefined || last === undefined) return perClass(() => 0n);
  return perClass((code) => {
    const moved = movedIn(before, code);
    const opening = last.classes[code].netAssets + moved.in - moved.out;
    const { rate, basis } = dealingPolicy(classOf(code).feeBps).fees.management;
    if (basis !== "act/365") throw new Error("The demo's fee runs by act/365.");
    const strikes = [{ date: last.date, nav: amountText(opening) }];
    return cents(accrueManagementFee({ currency: CURRENCY, rate, basis, strikes, until: monthEnd(month) }).fee);
  });
}

/** What the fund has to invest (or to sell for) between two strikes: what came and went, less the fee and the compensation that are kept ready. */
export const moneyAfter = (before: MonthEnd, fees: bigint): bigint =>
  sum(before.fills.map((fill) => (fill.direction === "subscription" ? fill.net : -fill.net))) +
  sum(CODES.map((code) => compensated(before, code)).map(({ pays, receives }) => receives - pays)) -
  fees;

function marksOf(month: number, before: MonthEnd, fees: Record<ClassCode, bigint>): Map<string, bigint> {
  const marks = invest(month, before.marks, moneyAfter(before, sum(Object.values(fees))));
  for (const holding of HOLDINGS) {
    const value = marks.get(holding.key)!;
    if (value > 0n) marks.set(holding.key, value + partsPerMillion(value, returnOf(holding, month)));
  }
  return marks;
}

/** The NAV as the engine makes it (R4): everything but the assets is worth nothing together, since what is owed lies ready. */
function strike(
  month: number,
  assets: bigint,
  units: Record<ClassCode, bigint>,
  life: readonly MonthEnd[],
  strikes: readonly Strike[],
): Strike {
  const [before, last] = [life.at(-1), strikes.at(-1)];
  const ready = last === undefined ? 0n : sum(CODES.map((code) => feesOf(month, life, strikes)[code]));
  const paid = last === undefined ? 0n : sum(CODES.map((code) => last.classes[code].accrued));
  const drawn = draftNav({
    currency: CURRENCY,
    navDate: monthEnd(month),
    inputs: [
      { kind: "asset", value: amountText(assets) },
      { kind: "cash", value: amountText(ready) },
      { kind: "accrual", value: amountText(-paid) },
    ],
    classes: CODES.map((code) => {
      const { fees } = dealingPolicy(classOf(code).feeBps);
      return {
        id: code,
        units: fourDecimals(units[code]),
        unitsDp: 4,
        priceDp: 4,
        price: fourDecimals(last?.classes[code].price ?? ISSUE_PRICE),
        issuePrice: fourDecimals(ISSUE_PRICE),
        ...(before === undefined || last === undefined
          ? {}
          : {
              last: {
                date: last.date,
                nav: amountText(last.classes[code].netAssets),
                units: fourDecimals(last.classes[code].units),
                managementAccrued: amountText(last.classes[code].accrued),
              },
              subscribed: amountText(movedIn(before, code).in),
              redeemed: amountText(movedIn(before, code).out),
            }),
        ...fees,
      };
    }),
  });
  return {
    date: monthEnd(month),
    netAssets: cents(drawn.nav),
    classes: perClass((code) => {
      const row = drawn.classes.find(({ id }) => id === code)!;
      return {
        netAssets: cents(row.nav),
        units: units[code],
        price: tenThousandths(row.navPerUnit),
        accrued: cents(row.managementAccrued),
      };
    }),
  };
}

/** Gate, fills and the register after them (R3, R5b, R6, R8, R11), by the engine. */
function dealOn(
  month: number,
  struck: Strike,
  orders: readonly DemoOrder[],
  register: Register,
  life: readonly MonthEnd[],
  strikes: readonly Strike[],
): { fills: Fill[]; gated: boolean } {
  const start = quarterStart(month);
  const base = [...strikes].reverse().find(({ date }) => date < start) ?? strikes.find(({ date }) => date >= start);
  const inQuarter = life.filter((end) => monthEnd(end.month) >= start).flatMap(({ fills }) => fills);
  const asked = [
    ...orders.map((order) => ({
      id: order.id,
      order,
      vintage: struck.date,
      units: order.units,
      dealings: 0,
      fills: 0,
    })),
    ...register.carried,
  ];
  const leaving = new Set(
    asked.filter(({ order }) => order.direction === "redemption").map(({ order }) => order.investor),
  );
  const dealt = deal({
    dealingDate: struck.date,
    currency: CURRENCY,
    fund: {
      nav: amountText(struck.netAssets),
      quarterBase: amountText((base ?? struck).netAssets),
      redeemedInQuarter: amountText(sum(CODES.map((code) => soldFor(inQuarter, code)))),
    },
    classes: CODES.map((code) => ({
      id: code,
      navPerUnit: fourDecimals(struck.classes[code].price),
      dealing: dealingPolicy(classOf(code).feeBps),
    })),
    lmt: LMT_POLICY,
    orders: asked.map(({ id, order, vintage, units, dealings, fills }) => ({
      id,
      classId: order.shareClass,
      investorId: order.investor,
      direction: order.direction,
      ...(units === undefined ? { amount: amountText(order.amount!) } : { units: fourDecimals(units) }),
      vintage,
      dealings,
      partialFills: fills,
    })),
    lots: register.lots
      .filter((lot) => leaving.has(lot.investor) && lot.units > 0n)
      .map((lot) => ({
        id: lot.id,
        classId: lot.shareClass,
        investorId: lot.investor,
        openedOn: lot.openedOn,
        units: fourDecimals(lot.units),
      })),
  });
  if (dealt.status === "stopped") throw new Error(`The demo's orders of ${struck.date} cannot be dealt.`);
  const fills = dealt.orders.map((row) => takeFill(row, struck.date, register));
  const next = dealt.orders.flatMap((row) => {
    const carried = tenThousandths(row.carried);
    if (carried === 0n) return [];
    const from = asked.find(({ id }) => id === row.id)!;
    const filled = tenThousandths(row.filled) > 0n ? 1 : 0;
    return [
      {
        ...from,
        id: `${from.id}+`,
        units: carried,
        dealings: from.dealings + 1,
        fills: from.fills + filled,
      },
    ];
  });
  register.carried = next;
  return { fills, gated: dealt.gate.status === "gated" };
}

/** Books a fill into the register. */
function takeFill(row: DealOutput["orders"][number], date: string, register: Register): Fill {
  const units = tenThousandths(row.filled);
  const shareClass = row.classId as ClassCode;
  const direction = row.direction as Fill["direction"];
  if (direction === "subscription")
    register.lots.push({
      id: `${date}/${row.investorId}`,
      investor: row.investorId,
      shareClass,
      openedOn: date,
      freeOn: freeFrom(date),
      units,
    });
  for (const use of row.lots) register.lots.find(({ id }) => id === use.lotId)!.units -= tenThousandths(use.units);
  return {
    investor: row.investorId,
    shareClass,
    direction,
    requested: row.requestedUnits === null ? 0n : tenThousandths(row.requestedUnits),
    units,
    carried: tenThousandths(row.carried),
    gross: cents(row.grossAmount),
    net: cents(row.amount),
  };
}

/** Most that money in or out moves the liquid sleeve in a month, basis points of it. */
const LIQUID_MOVE_BPS = 120n;

/** Marks after the month's money was put to work; a purchase takes seven tenths of it, the rest goes where the fund already is. */
function invest(month: number, marks: ReadonlyMap<string, bigint>, money: bigint): Map<string, bigint> {
  if (month === 1) return foundingPortfolio(money);
  const after = new Map(marks);
  const purchase = HOLDINGS.find((holding) => holding.bought === month);
  const price = purchase && money > 0n ? ((money * 7n) / 10n / 1_000_000n) * 1_000_000n : 0n;
  if (purchase) after.set(purchase.key, price);
  const held = HOLDINGS.filter((holding) => holding.key !== CASH_KEY && marks.get(holding.key)! > 0n);
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
    ...nothingHeld(),
    ...first.map((holding, position) => [holding.key, parts[position]!] as const),
    [CASH_KEY, CASH_BALANCE],
  ]);
}
