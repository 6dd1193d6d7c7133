// What investors ask for on each dealing date: who joins, adds and leaves (inputs; what they get is the engine's). Who leaves asks for units
// that are free on that date (R3) and not asked for already.
import { between, happens, uuidOf } from "./chance.ts";
import type { DemoInvestor } from "./investors.ts";
import { sum } from "./money.ts";
import { type ClassCode, MONTHS, monthEnd } from "./terms.ts";
import { WRONG_MARK } from "./valuation.ts";

export interface DemoOrder {
  id: string;
  /** Dealing date that it is meant for. */
  month: number;
  investor: string;
  shareClass: ClassCode;
  direction: "subscription" | "redemption";
  /** Cents; subscriptions. */
  amount?: bigint;
  /** Ten-thousandths; redemptions. */
  units?: bigint;
  /** Days between the order and the dealing date. */
  notice: number;
}

/** Units bought together by one investor. */
export interface Lot {
  id: string;
  investor: string;
  shareClass: ClassCode;
  openedOn: string;
  /** First day on which it may leave. */
  freeOn: string;
  units: bigint;
}

const ADDS_PER_MILLE = 22;
const LEAVES_PER_MILLE = 18;
/** An uneasy quarter, 2025-04 to 2025-06: how many times as many leave. */
const UNEASY: ReadonlyMap<number, number> = new Map([
  [18, 3],
  [19, 4],
  [20, 7],
]);

/** What the investors of the demo logins ask for, so that who signs in as one sees a gated fill, a deal at the NAV that was restated, and an open order. */
const TOLD: Readonly<Record<string, readonly { month: number; percent?: number; amount?: bigint }[]>> = {
  "LP-S0001": [
    { month: 20, percent: 40 },
    { month: MONTHS, percent: 25 },
  ],
  "LP-S0002": [{ month: WRONG_MARK.month, amount: 15_000_00n }],
  "LP-S0003": [
    { month: 20, percent: 25 },
    { month: MONTHS, amount: 40_000_00n },
  ],
};
/** How many times as many ask on the date that waits for whoever looks at the demo. */
const OPEN = 3;

/** Orders of all investors for one date. `waiting`: units an investor has asked for before and not got. */
export function ordersFor(
  month: number,
  investors: readonly DemoInvestor[],
  lots: readonly Lot[],
  waiting: ReadonlyMap<string, bigint>,
): DemoOrder[] {
  const owned = new Map<string, Lot[]>();
  for (const lot of lots) owned.set(lot.investor, [...(owned.get(lot.investor) ?? []), lot]);
  return investors.flatMap(
    (investor) => orderOf(month, investor, owned.get(investor.code) ?? [], waiting.get(investor.code) ?? 0n) ?? [],
  );
}

function orderOf(month: number, investor: DemoInvestor, lots: readonly Lot[], waiting: bigint): DemoOrder | undefined {
  const { code, joins, size, leavesClearance } = investor;
  if (month < joins || month >= leavesClearance) return undefined;
  const base = { id: uuidOf(`flow/${code}/${month}`), month, investor: code, shareClass: investor.shareClass };
  const subscribe = (amount: bigint): DemoOrder => ({
    ...base,
    direction: "subscription",
    amount,
    notice: between(`notice/${code}/${month}`, 6, 15),
  });
  if (month === joins) return subscribe(size);
  const free = sum(lots.filter((lot) => lot.freeOn <= monthEnd(month)).map((lot) => lot.units)) - waiting;
  const redeem = (percent: number): DemoOrder | undefined => {
    const units = (free * BigInt(percent)) / 100n;
    return units > 0n
      ? { ...base, direction: "redemption", units, notice: between(`notice/${code}/${month}`, 36, 52) }
      : undefined;
  };
  const told = TOLD[code];
  if (told !== undefined) {
    const { amount, percent } = told.find((row) => row.month === month) ?? {};
    return amount !== undefined ? subscribe(amount) : percent !== undefined ? redeem(percent) : undefined;
  }
  const often = month === MONTHS ? OPEN : 1;
  if (happens(`leaves/${code}/${month}`, LEAVES_PER_MILLE * (UNEASY.get(month) ?? often))) {
    const order = redeem(happens(`all/${code}/${month}`, 150) ? 100 : between(`part/${code}/${month}`, 10, 60));
    if (order !== undefined) return order;
  }
  if (lots.some((lot) => lot.units > 0n) && happens(`adds/${code}/${month}`, ADDS_PER_MILLE * often)) {
    const thousands = (size * BigInt(between(`adds-part/${code}/${month}`, 10, 50))) / 100n / 100_000n;
    return subscribe((thousands > 0n ? thousands : 1n) * 100_000n);
  }
  return undefined;
}
