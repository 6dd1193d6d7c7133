// The public rows of a dealing date, as text: everything the verifier is given, and nothing it trusts.

export interface RecordedLeaf {
  position: number;
  flowId: string;
  salt: string;
  canonical: string;
  leaf: string;
}

export interface RecordedOrder {
  flowId: string;
  investorId: string;
  classId: string;
  direction: "subscription" | "redemption";
  kind: "plain" | "switch" | "transfer";
  units: string | null;
  amount: string | null;
  vintage: string | null;
  /** The dealing day it belongs to now; null when it left the one it was committed to. */
  dealingDayId: string | null;
  linkedFlowId: string | null;
  parentFlowId: string | null;
  /** Whether an earlier order of its chain was filled in part. */
  filledBefore: boolean;
  /** Days on which its chain was dealt before. */
  dealings: number;
  cleared: boolean;
  /** The beneficial owner behind the account on the date. */
  ownerId: string;
  /** Lots that are to go, in that order; none: the oldest first. */
  electedLots: readonly string[];
  /** Whether the investor had been asked about a small rest, and whether the answer was to keep it. */
  asked: boolean;
  kept: boolean;
}

export interface RecordedFill {
  flowId: string;
  cohort: string;
  requestedUnits: string | null;
  filledUnits: string;
  carriedUnits: string;
  price: string;
  grossAmount: string;
  levy: string;
  fee: string;
  /** Under equalisation: paid with a redemption, below zero charged; the fee that the redemption leaves for the manager. */
  credit: string;
  /** Subscriptions: what rounding leaves and the terms pay back. */
  refund: string;
  performanceFee: string;
  /** What the lot of a subscription starts with: its reference per unit, and its credit. */
  highWater: string | null;
  equalisationCredit: string;
  netAmount: string;
  childFlowId: string | null;
  /** By series: which one a subscription is in, and what a redemption took of which lot at the price of its series. */
  series?: string;
  pieces?: readonly RecordedPiece[];
}

export interface RecordedPiece {
  lotId: string;
  series: string;
  units: string;
  price: string;
  amount: string;
  performanceFee: string;
}

/** One series of a class at a strike. */
export interface RecordedSeries {
  series: string;
  units: string;
  nav: string;
  navPerUnit: string;
  performanceAccrued: string;
  /** Mark per unit, and the day from which the hurdle runs. */
  highWater: string;
  since: string;
}

/** A class by series at the final strike before, and what was posted since: what the result of the date is divided by. */
export interface SeriesBefore {
  classId: string;
  series: readonly RecordedSeries[];
  taken: readonly { series: string; fee: string; rolledInto: string | null; cash: string }[];
  fills: readonly {
    direction: "subscription" | "redemption";
    series: string;
    netAmount: string;
    price: string;
    highWater: string | null;
    pieces: readonly Pick<RecordedPiece, "series" | "units" | "performanceFee">[];
  }[];
  distributed: readonly { series: string; amount: string }[];
  /** Prices of the series that orders dealt at, where the strike was restated since. */
  dealtAt?: readonly { series: string; navPerUnit: string }[];
  /** What restatements put right since, order by order: what the class got, below zero what it owes; by the series that the order dealt in. */
  putRight?: readonly {
    amount: string;
    pieces: readonly { series: string; units: string; published: string; correct: string }[];
  }[];
}

/** One line of the unit ledger of a holder. */
export interface RecordedEntry {
  flowId: string | null;
  investorId: string;
  ownerId: string;
  classId: string;
  lotId: string;
  units: string;
  /** The day the lot was opened. */
  openedOn: string;
  /** The dealing date it was posted for, or the date of the posting; null for a register as it was taken over. */
  countsOn: string | null;
}

/** What a redemption of an earlier dealing date asked for and got, of somebody who redeems on this one. */
export interface RecordedPast {
  ownerId: string;
  classId: string;
  date: string;
  filledUnits: string;
}

export interface RecordedDay {
  dealingDayId: string;
  classId: string;
  classCode: string;
  unitsDp: number;
  priceDp: number;
  status: string;
  orderRoot: string | null;
  orders: number;
  decision: Readonly<Record<string, unknown>>;
  dayHash: string | null;
  /** Body of the dealing terms that were pinned to the day. */
  terms: Readonly<Record<string, unknown>>;
  leaves: readonly RecordedLeaf[];
  fills: readonly RecordedFill[];
}

export interface RecordedClassNav {
  classId: string;
  classCode: string;
  unitsDp: number;
  priceDp: number;
  nav: string;
  units: string;
  navPerUnit: string;
  /** Performance fee accrued, no part of `nav`. */
  performanceAccrued: string;
  /** The first price, which is the mark until there is one. */
  issuePrice: string | null;
  priceSubscription: string | null;
  priceRedemption: string | null;
  /** A side pocket: closed, and no part of the NAV that a gate or a swing is measured against. */
  pocket?: boolean;
  /** Where the performance fee is by series. */
  series?: readonly RecordedSeries[];
}

export interface RecordedStrike {
  navDate: string;
  version: number;
  state: string;
  inputsHash: string;
  totalAssets: string | null;
  liabilities: string | null;
  gnav: string | null;
  performanceFee: string | null;
  nav: string | null;
  /** Liquid assets as they stand in the body that was approved. */
  liquidAssets: string | null;
  /** Certain inflows of twelve months, as they stand there; null: none. */
  certainInflows: string | null;
  inputs: readonly {
    kind: string;
    label: string;
    assetId: string | null;
    value: string;
    asOf: string;
    source: string;
    blockedBy: string | null;
    /** A mark that was rolled forward to the date, and by what; null for the others. */
    rolled: {
      mark: string;
      beta: string;
      series: string;
      indexAtMark: string;
      indexNow: string;
      /** Paid into (plus) and out of the asset since the mark; left out when there is none. */
      payments?: readonly { on: string; amount: string; index: string }[];
    } | null;
  }[];
  classes: readonly RecordedClassNav[];
  /** What people approved, as it stands. */
  proposal: {
    proposalId: string;
    kind: string;
    hash: string;
    body: unknown;
    inputs: unknown;
    expiresAt: string;
    approvalsNeeded: number;
    proposedBy: string;
    requestedBy: string;
    approvals: readonly { by: string; hash: string; decision: string }[];
  } | null;
}

export interface DealRecord {
  fundId: string;
  fund: string;
  currency: string;
  cashDp: number;
  date: string;
  strike: RecordedStrike | null;
  /** Body of the policy of liquidity tools that was pinned; null: none. */
  lmt: Readonly<Record<string, unknown>> | null;
  /** Tools that people had put to use when the date was dealt. */
  activated: readonly string[];
  /** Share of the NAV that a repurchase offer of the date is for; null: there is none. */
  offerShare: string | null;
  /** NAVs of the fund that were final when this one was struck, and what redemptions of this year's earlier dates took out, by dealing date. */
  navsBefore: readonly { date: string; nav: string }[];
  redeemedBefore: readonly { date: string; amount: string }[];
  /** Every class that deals at this NAV: the gate is one over all of them. */
  days: readonly RecordedDay[];
  /** Orders of these days and those that left them. */
  orders: readonly RecordedOrder[];
  /** Unit entries of everybody who gives units up, up to and with this date. */
  entries: readonly RecordedEntry[];
  /** Of classes by series; left out when there are none. */
  seriesBefore?: readonly SeriesBefore[];
  /** What moved the high-water mark of the classes. */
  marks: readonly { classId: string; asOf: string; setAt: string; cause: string; highWater: string }[];
  /** Earlier redemptions of those who redeem, for a gate per investor. */
  past: readonly RecordedPast[];
}

/** What one check found. `ok` null: there is nothing to check yet. */
export interface Finding {
  check: string;
  ok: boolean | null;
  says: string;
}
