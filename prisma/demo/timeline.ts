// The past of the demo fund as what people and banks did, each with its time, in the order of time: orders, marks, payments, approvals, and the steps of
// every dealing date. Inputs only: what comes of them is the engine's. Pure.

import { uuidOf } from "./chance.ts";
import type { DemoChunk, SnapshotRow } from "./chunks.ts";
import { type MonthEnd, moneyAfter, wronglyMarked } from "./fund-life.ts";
import { HOLDINGS, type Holding } from "./holdings.ts";
import { DEMO_INVESTORS } from "./investors.ts";
import { amountText, fourDecimals } from "./money.ts";
import type { DemoOrder } from "./orders.ts";
import { DRIFT_SOURCE, FUND_CODE, MONTHS, momentAfter, monthEnd, SOURCE } from "./terms.ts";
import { isDeliberate, methodOf, WRONG_MARK } from "./valuation.ts";

/** An order as fn_place_order takes it, with the code of its investor. */
export interface OrderInput {
  id: string;
  investor: string;
  share_class: string;
  direction: "subscription" | "redemption";
  amount?: string;
  units?: string;
  dealing_date?: string;
}

export type Act =
  | { act: "order"; order: OrderInput }
  | { act: "intake"; direction: OrderInput["direction"] }
  | { act: "load"; name: string; chunk: DemoChunk }
  | { act: "move_cash"; purpose: "invest" | "divest" | "management_fee"; amount: string }
  | { act: "subscriptions_paid" | "cut_off" | "propose_nav" | "deal" | "redemptions_paid" | "close" }
  | { act: "approve_nav" | "approve_restatement"; person: 0 | 1 }
  | { act: "begin_restatement"; reason: string; mark: { asset: string; nav: string; source: string } }
  | { act: "restate" };
/** What happened at a time, for the dealing date of a month. */
export type DatedAct = { at: string; month: number } & Act;

/** Days after the dealing date on which things happen. */
const DAY = {
  liquidMarks: 2,
  privateMarks: 9,
  nav: 10,
  treasury: 18,
  payment: 20,
  restatement: 23,
  redemptionsIntake: -35,
  subscriptionsIntake: -4,
  subscriptionsPaid: -3,
} as const;

export function timelineOf(life: readonly MonthEnd[]): DatedAct[] {
  const acts = life.flatMap((end) => [...before(end), ...(end.month < MONTHS ? after(end) : [])]);
  acts.push(...restated(life[WRONG_MARK.month]!));
  const lapsed: DemoChunk = {
    fund: FUND_CODE,
    lapses: DEMO_INVESTORS.filter((row) => row.leavesClearance < MONTHS).map(({ code }) => ({ investor: code })),
  };
  acts.push({ at: momentAfter(MONTHS, 0, "16:00"), month: MONTHS, act: "load", name: "lapses", chunk: lapsed });
  // sort is stable: what happens at one time keeps its order
  return acts.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Until the dealing date: orders, their intake, the cash of who buys, and the fee that is kept ready for the manager. */
function before({ month, orders, fees }: MonthEnd): DatedAct[] {
  const at = (days: number, time: string, act: Act): DatedAct => ({
    at: momentAfter(month, days, time),
    month,
    ...act,
  });
  const has = (direction: DemoOrder["direction"]) => orders.some((order) => order.direction === direction);
  return [
    ...orders.map((order) => at(-order.notice, "10:00", { act: "order", order: inputOf(order) })),
    ...(has("redemption") ? [at(DAY.redemptionsIntake, "17:00", { act: "intake", direction: "redemption" })] : []),
    ...(has("subscription")
      ? [
          at(DAY.subscriptionsIntake, "17:00", { act: "intake", direction: "subscription" }),
          at(DAY.subscriptionsPaid, "15:00", { act: "subscriptions_paid" }),
        ]
      : []),
    ...(fees > 0n ? [at(0, "08:00", { act: "move_cash", purpose: "divest", amount: amountText(fees) })] : []),
  ];
}

/** From the cut-off to the closed day: marks, the NAV and its two approvals, the posting, payments. */
function after(end: MonthEnd): DatedAct[] {
  const { month, fees, fills } = end;
  const at = (days: number, time: string, act: Act): DatedAct => ({
    at: momentAfter(month, days, time),
    month,
    ...act,
  });
  const money = moneyAfter(end, 0n);
  return [
    at(0, "12:05", { act: "cut_off" }),
    ...marksOf(end),
    at(DAY.nav, "09:00", { act: "propose_nav" }),
    at(DAY.nav, "10:30", { act: "approve_nav", person: 0 }),
    at(DAY.nav, "11:45", { act: "approve_nav", person: 1 }),
    at(DAY.nav, "14:00", { act: "deal" }),
    ...(money === 0n
      ? []
      : [
          at(DAY.treasury, "09:00", {
            act: "move_cash",
            purpose: money > 0n ? "invest" : "divest",
            amount: amountText(money > 0n ? money : -money),
          }),
        ]),
    ...(fills.some((fill) => fill.direction === "redemption")
      ? [at(DAY.payment, "09:00", { act: "redemptions_paid" })]
      : []),
    ...(fees > 0n
      ? [at(DAY.payment, "09:30", { act: "move_cash", purpose: "management_fee", amount: amountText(fees) })]
      : []),
    at(DAY.payment, "16:00", { act: "close" }),
  ];
}

/** Marks of a month-end; a liquid one is known after two days, an appraisal or roll-forward after nine. */
function marksOf({ month, marks }: MonthEnd): DatedAct[] {
  const known = wronglyMarked(month, marks);
  const load = (days: number, which: (holding: Holding) => boolean): DatedAct => ({
    at: momentAfter(month, days),
    month,
    act: "load",
    name: `marks/${days}`,
    chunk: {
      fund: FUND_CODE,
      snapshots: HOLDINGS.filter(which).map((holding) => snapshotOf(holding, month, known.get(holding.key)!, days)),
    },
  });
  return [
    load(DAY.liquidMarks, (holding) => holding.fairValueLevel < 3),
    load(DAY.privateMarks, (holding) => holding.fairValueLevel === 3),
  ];
}

/** The wrong mark is found and put right; two people approve what the NAV should have been (R30). */
function restated({ month, marks }: MonthEnd): DatedAct[] {
  const { key, corrected } = WRONG_MARK;
  const at = (time: string, act: Act): DatedAct => ({ at: momentAfter(month, DAY.restatement, time), month, ...act });
  const holding = HOLDINGS.find((row) => row.key === key)!;
  const snapshot: SnapshotRow = {
    ...snapshotOf(holding, month, marks.get(key)!, DAY.restatement),
    id: uuidOf(`corrected/${key}/${month}`),
    source: corrected,
  };
  return [
    at("10:00", { act: "load", name: "corrected", chunk: { fund: FUND_CODE, snapshots: [snapshot] } }),
    at("10:30", {
      act: "begin_restatement",
      reason: `${key} was marked by an appraisal that had been translated at a wrong rate (synthetic)`,
      mark: { asset: key, nav: snapshot.nav, source: corrected },
    }),
    at("11:30", { act: "approve_restatement", person: 0 }),
    at("14:00", { act: "approve_restatement", person: 1 }),
    at("14:30", { act: "restate" }),
  ];
}

function snapshotOf(holding: Holding, month: number, value: bigint, days: number): SnapshotRow {
  const wrong = month === WRONG_MARK.month && holding.key === WRONG_MARK.key;
  // what moves too far is held back until a person has confirmed it
  const confirmed = wrong || isDeliberate(holding.key, month);
  return {
    id: uuidOf(`mark/${holding.key}/${month}`),
    asset: holding.key,
    as_of: monthEnd(month),
    nav: amountText(value),
    ...(holding.leverage === undefined ? {} : { leverage: `0.${holding.leverage}` }),
    esg_score: String(holding.esg),
    method: value === 0n ? "not_held" : confirmed ? "confirmed" : methodOf(holding, month),
    source: wrong ? WRONG_MARK.source : isDeliberate(holding.key, month) ? DRIFT_SOURCE : SOURCE,
    effective_at: momentAfter(month, 0),
    recorded_at: momentAfter(month, days),
  };
}

const inputOf = ({ id, investor, shareClass, direction, amount, units, month }: DemoOrder): OrderInput => ({
  id,
  investor,
  share_class: shareClass,
  direction,
  ...(amount === undefined ? {} : { amount: amountText(amount) }),
  // who leaves names the date: units are free on it, and may not have been on the day of the order
  ...(units === undefined ? {} : { units: fourDecimals(units), dealing_date: monthEnd(month) }),
});
