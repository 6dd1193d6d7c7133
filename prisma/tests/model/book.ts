// What a dealing day amounts to, said a second time in memory: orders, lots and cash of one class in whole numbers (10^-4 units, cents). Pure; shares nothing with sql/.

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

export interface Order {
  id: string;
  investor: number;
  direction: "subscription" | "redemption";
  /** Redemptions. */
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
}

export interface Lot {
  id: string;
  investor: number;
  openedOn: string;
  issued: bigint;
  left: bigint;
}

export interface Posting {
  id: string;
  by: string;
  /** Units per lot and cents per account. */
  lots: Map<string, bigint>;
  cash: Map<string, bigint>;
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

export class Book {
  orders: Order[] = [];
  lots: Lot[] = [];
  postings: Posting[] = [];
  /** Whether KYC clears each investor. */
  cleared: boolean[];
  day = 0;
  status: DayStatus = "none";
  rechecked = false;
  approvals = new Set<number>();
  nav = { cents: 0n, price: 0n, units: 0n };
  cap: bigint | null = null;
  fills: Fill[] = [];

  constructor(investors: number) {
    this.cleared = Array.from({ length: investors }, () => true);
  }

  /** The first day whose prices nobody knows yet. */
  get next(): number {
    return ["posted", "claimable", "settled", "closed"].includes(this.status) ? this.day + 1 : this.day;
  }
  holding(investor: number): bigint {
    return this.lots.filter((lot) => lot.investor === investor).reduce((sum, lot) => sum + lot.left, 0n);
  }
  get outstanding(): bigint {
    return this.lots.reduce((sum, lot) => sum + lot.left, 0n);
  }
  /** Redemptions that wait for units of an investor. */
  pending(investor: number): bigint {
    const waiting: Status[] = ["submitted", "kyc_hold", "accepted", "locked", "priced"];
    return this.orders
      .filter((o) => o.investor === investor && o.direction === "redemption" && waiting.includes(o.status))
      .reduce((sum, o) => sum + o.units, 0n);
  }
  ofDay(...statuses: Status[]): Order[] {
    return this.orders.filter((o) => o.inDay && statuses.includes(o.status)).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Which piece of which lot each redemption takes, oldest first; undefined when an investor has too little. */
  pieces(): Map<string, bigint> | undefined {
    const left = new Map(this.lots.map((lot) => [lot.id, lot.left]));
    const taken = new Map<string, bigint>();
    const inTurn = [...this.lots].sort((a, b) => (a.openedOn + a.id < b.openedOn + b.id ? -1 : 1));
    for (const { order, filled } of this.fills) {
      if (order.direction !== "redemption") continue;
      let open = filled;
      for (const lot of inTurn.filter((l) => l.investor === order.investor)) {
        const here = left.get(lot.id) ?? 0n;
        const piece = here < open ? here : open;
        if (piece === 0n) continue;
        left.set(lot.id, here - piece);
        taken.set(lot.id, (taken.get(lot.id) ?? 0n) - piece);
        open -= piece;
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

  /** Cents per account. */
  cash(): Record<string, string> {
    const sums = new Map<string, bigint>();
    for (const { cash } of this.postings)
      for (const [account, cents] of cash) sums.set(account, (sums.get(account) ?? 0n) + cents);
    return Object.fromEntries([...sums].sort().map(([account, cents]) => [account, String(cents)]));
  }

  settleIfDone(): void {
    if (this.status === "claimable" && this.ofDay("priced", "allocated", "claimable").length === 0)
      this.status = "settled";
  }
}
