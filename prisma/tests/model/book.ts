// What dealing days of two classes of one fund amount to, said a second time in memory: orders with their linked legs, lots and cash in whole numbers
// (10^-4 units, 10^-4 of a price, cents). Pure; shares nothing with sql/ or packages/finance.

export type Status =
  | "submitted"
  | "kyc_hold"
  | "accepted"
  | "locked"
  | "priced"
  | "allocated"
  | "carried"
  | "lapsed"
  | "claimable"
  | "settled"
  | "cancelled";

/** A class by its place: 0 is A, 1 is B. */
export type ClassNo = 0 | 1;
export const CLASSES: readonly ClassNo[] = [0, 1];
export const CODES = ["A", "B"] as const;
export const otherThan = (classNo: ClassNo): ClassNo => (classNo === 0 ? 1 : 0);

export interface Order {
  id: string;
  classNo: ClassNo;
  investor: number;
  direction: "subscription" | "redemption";
  kind: "plain" | "switch" | "transfer";
  /** The leg that is dealt together with it. */
  leg: string | null;
  /** The class whose dealing day it belongs to: a switch that of what it gives up. */
  dealtBy: ClassNo;
  /** Redemptions, and what a transfer moves. */
  units: bigint;
  /** Subscriptions. */
  cents: bigint;
  status: Status;
  /** First dealing day that it is in time for. */
  from: number;
  inDay: boolean;
  cleared: boolean;
  filled: bigint;
  net: bigint;
  price: bigint;
  /** Whether it is what a gate left of another. */
  isCarried: boolean;
}

export interface Lot {
  id: string;
  classNo: ClassNo;
  investor: number;
  openedOn: string;
  price: bigint;
  issued: bigint;
  left: bigint;
}

export interface Posting {
  id: string;
  by: string;
  /** Units per lot and cents per account, which may have an investor: "account/number". */
  lots: Map<string, bigint>;
  cash: Map<string, bigint>;
  /** The kinds of orders that it dealt; none for a payment or an opening. */
  dealt: ReadonlySet<Order["kind"]>;
  reversed: boolean;
  isReversal: boolean;
}

export type DayStatus =
  | "none"
  | "open"
  | "cut_off"
  | "inputs_frozen"
  | "nav_proposed"
  | "struck"
  | "lmt_decided"
  | "allocated"
  | "posted"
  | "claimable"
  | "settled"
  | "closed";

export interface Fill {
  order: Order;
  filled: bigint;
  cents: bigint;
}

/** What leaves which lot for which redemption. */
export interface Piece {
  order: Order;
  lot: Lot;
  units: bigint;
}

/** The dealing day of one class on the date. */
export interface ClassDay {
  status: DayStatus;
  rechecked: boolean;
  cap: bigint | null;
  fills: Fill[];
}
const noDay = (status: DayStatus): ClassDay => ({ status, rechecked: false, cap: null, fills: [] });

export class Book {
  orders: Order[] = [];
  lots: Lot[] = [];
  postings: Posting[] = [];
  /** Whether KYC clears each investor. */
  cleared: boolean[];
  /** Which dealing date it is, the same for both classes. */
  date = 0;
  days: [ClassDay, ClassDay] = [noDay("none"), noDay("none")];
  approvals = new Set<number>();
  /** The NAV of the date: cents of the fund, and of each class price and units. */
  nav: { cents: bigint; prices: [bigint, bigint]; units: [bigint, bigint] } = {
    cents: 0n,
    prices: [0n, 0n],
    units: [0n, 0n],
  };

  constructor(investors: number) {
    this.cleared = Array.from({ length: investors }, () => true);
  }

  /** Both classes begin a dealing day. */
  open(): void {
    this.days = [noDay("open"), noDay("open")];
    this.approvals = new Set();
  }
  /** Whether every class stands at one of the states. */
  all(...statuses: DayStatus[]): boolean {
    return this.days.every((day) => statuses.includes(day.status));
  }
  some(...statuses: DayStatus[]): boolean {
    return this.days.some((day) => statuses.includes(day.status));
  }
  /** Until it is struck a NAV takes both classes along. */
  moveAll(status: DayStatus): void {
    for (const day of this.days) day.status = status;
  }

  /** The first day of a class whose prices nobody knows yet. */
  next(classNo: ClassNo): number {
    const isOver = ["posted", "claimable", "settled", "closed"].includes(this.days[classNo].status);
    return isOver ? this.date + 1 : this.date;
  }
  holding(investor: number, classNo: ClassNo): bigint {
    return this.lots
      .filter((lot) => lot.investor === investor && lot.classNo === classNo)
      .reduce((sum, lot) => sum + lot.left, 0n);
  }
  outstanding(classNo: ClassNo): bigint {
    return this.lots.filter((lot) => lot.classNo === classNo).reduce((sum, lot) => sum + lot.left, 0n);
  }
  /** What waits to be taken of the units of an investor: redemptions, switches, transfers. */
  pending(investor: number, classNo: ClassNo): bigint {
    const waiting: Status[] = ["submitted", "kyc_hold", "accepted", "locked", "priced"];
    return this.orders
      .filter((o) => o.investor === investor && o.classNo === classNo && o.direction === "redemption")
      .filter((o) => waiting.includes(o.status))
      .reduce((sum, o) => sum + o.units, 0n);
  }
  /** An order with the leg that goes where it goes. */
  legs(order: Order): Order[] {
    return this.orders.filter((o) => o === order || o.id === order.leg);
  }
  /** Whether KYC clears both parties of an order. */
  bothCleared(order: Order): boolean {
    return this.legs(order).every((o) => this.cleared[o.investor] === true);
  }
  ofDay(classNo: ClassNo, ...statuses: Status[]): Order[] {
    return this.orders
      .filter((o) => o.inDay && o.dealtBy === classNo && statuses.includes(o.status))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Which piece of which lot each redemption of a day takes, oldest first; undefined when an investor has too little. */
  pieces(classNo: ClassNo): Piece[] | undefined {
    const left = new Map(this.lots.map((lot) => [lot.id, lot.left]));
    const taken: Piece[] = [];
    const inTurn = [...this.lots].sort((a, b) => (a.openedOn + a.id < b.openedOn + b.id ? -1 : 1));
    for (const { order, filled } of this.days[classNo].fills) {
      if (order.direction !== "redemption") continue;
      let open = filled;
      for (const lot of inTurn.filter((l) => l.investor === order.investor && l.classNo === order.classNo)) {
        const here = left.get(lot.id) ?? 0n;
        const units = here < open ? here : open;
        if (units === 0n) continue;
        left.set(lot.id, here - units);
        taken.push({ order, lot, units });
        open -= units;
      }
      if (open > 0n) return undefined;
    }
    return taken;
  }

  /** Whether a posting leaves every lot between nothing and what was issued. */
  fits(lots: ReadonlyMap<string, bigint>): boolean {
    return this.lots.every((lot) => {
      const after = lot.left + (lots.get(lot.id) ?? 0n);
      return after >= 0n && after <= lot.issued;
    });
  }

  post(posting: Posting): void {
    for (const lot of this.lots) lot.left += posting.lots.get(lot.id) ?? 0n;
    this.postings.push(posting);
  }

  /** Cents per account, and per investor where an account is somebody's; what is nothing is left out. */
  cash(): [string, bigint][] {
    const sums = new Map<string, bigint>();
    for (const { cash } of this.postings)
      for (const [account, cents] of cash) sums.set(account, (sums.get(account) ?? 0n) + cents);
    return [...sums].filter(([, cents]) => cents !== 0n);
  }

  settleIfDone(): void {
    for (const classNo of CLASSES)
      if (
        this.days[classNo].status === "claimable" &&
        this.ofDay(classNo, "priced", "allocated", "claimable").length === 0
      )
        this.days[classNo].status = "settled";
  }
}

/** n / d for what is not negative, a half goes up. */
export const halfUp = (n: bigint, d: bigint): bigint => (2n * n + d) / (2n * d);

/**
 * Shares `cap` out among requests of more than that: each its part rounded down, and what is then left one by one to whom the rounding took the most,
 * of two alike to the earlier.
 */
export function shareOut(requests: readonly bigint[], cap: bigint): bigint[] {
  const asked = requests.reduce((sum, units) => sum + units, 0n);
  const parts = requests.map((units, place) => ({ place, got: (units * cap) / asked, lost: (units * cap) % asked }));
  let over = cap - parts.reduce((sum, { got }) => sum + got, 0n);
  for (const part of [...parts].sort((a, b) => (a.lost === b.lost ? a.place - b.place : a.lost > b.lost ? -1 : 1))) {
    if (over === 0n) break;
    part.got += 1n;
    over -= 1n;
  }
  return parts.map(({ got }) => got);
}
