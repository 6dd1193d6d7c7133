// A dealing date held to its own public rows: book, price, approvals, gate, fills, cash, ledger, hash. Shares no code with what made them.
import { down, type Exact, exact, minus, most, nearest, over, same, shown, sum, times } from "./exact.ts";
import { type Asked, askedOf, capText, dealingNav, type Gate, gateOf } from "./gate.ts";
import { piecesOf } from "./lots.ts";
import { checkCash, checkDayHash, checkFills, checkLedger, type Prices, pricesOf } from "./money.ts";
import { checkNav } from "./nav.ts";
import { checkOrderBook, DEALT } from "./order-book.ts";
import { word } from "./policy.ts";
import type { DealRecord, Finding, RecordedClassNav, RecordedDay } from "./record.ts";

export interface VerifiedDay {
  dealingDayId: string;
  class: string;
  findings: Finding[];
}

const LATER = ["gate", "fills", "carried", "dealing prices", "cash"] as const;

/** Checks every class of the date. A check whose rows contradict each other beyond computing is a failed check, not an error. */
export function verifyDeal(record: DealRecord): { ok: boolean; days: VerifiedDay[] } {
  const price = guarded("NAV", () => checkNav(record));
  const days = record.days.map((day) => ({
    dealingDayId: day.dealingDayId,
    class: day.classCode,
    findings: [...guarded("order book", () => checkOrderBook(record, day)), ...price, ...dealt(record, day)],
  }));
  return { ok: days.every(({ findings }) => findings.every(({ ok }) => ok !== false)), days };
}

function guarded(check: string, work: () => Finding[]): Finding[] {
  try {
    return work();
  } catch (error) {
    return [{ check, ok: false, says: error instanceof Error ? error.message : "its rows cannot be computed" }];
  }
}

function dealt(record: DealRecord, day: RecordedDay): Finding[] {
  const { strike } = record;
  if (strike === null || !DEALT.includes(day.status))
    return [
      ...LATER.map((check) => ({ check, ok: null, says: "nothing has been allocated" })),
      checkLedger(record, day, new Map()),
      checkDayHash(record, day),
    ];
  const pieces = piecesOf(record);
  const after = (): Finding[] => [checkLedger(record, day, pieces), checkDayHash(record, day)];
  return [
    ...guarded("gate", () => {
      const navs = new Map(strike.classes.map((row) => [row.classId, row]));
      const { redeemed: asked, moved } = askedOf(record, navs);
      const subscribed = sum(plainAmounts(record));
      const gate = gateOf(record, asked, subscribed);
      const { finding, prices } = checkPrices(record, day, navs, executed(asked, gate, subscribed));
      return [
        checkGate(record, day, asked, gate),
        ...checkFills(record, day, asked, moved, gate),
        finding,
        checkCash({ record, day, pieces, prices, navs }),
      ];
    }),
    ...guarded("day hash", after),
  ];
}

/** Money of the plain subscriptions that were dealt on the date. */
function plainAmounts(record: DealRecord): Exact[] {
  const orders = new Map(record.orders.map((row) => [row.flowId, row]));
  return record.days.flatMap(({ fills }) =>
    fills.flatMap(({ flowId, grossAmount }) => {
      const of = orders.get(flowId);
      return of?.direction === "subscription" && of.kind === "plain" ? [exact(grossAmount)] : [];
    }),
  );
}

const executed = (asked: readonly Asked[], gate: Gate, subscribed: Exact): Exact =>
  minus(subscribed, sum(asked.map((row) => times({ n: gate.fills.get(row.order.flowId) ?? 0n, d: 1n }, row.worth))));

function checkGate(record: DealRecord, day: RecordedDay, asked: readonly Asked[], gate: Gate): Finding {
  const check = "gate";
  const money = (value: Exact): string => `${shown(down(value, record.cashDp), record.cashDp)} ${record.currency}`;
  if (gate.mustStop)
    return {
      check,
      ok: false,
      says: `the cap of ${money(gate.cap ?? gate.pay)} is below what a gate must pay at least: nothing may be allocated`,
    };
  const decided = day.decision.gate === true;
  const demand = `asked for ${money(gate.demand)}, ${capText(gate, record.cashDp, record.currency)}`;
  if (decided !== gate.gated)
    return {
      check,
      ok: false,
      says: `${demand}: the gate ${gate.gated ? "applies" : "does not apply"}, and ${decided ? "it was applied" : "it was not"}`,
    };
  if (!gate.gated) return { check, ok: true, says: `${demand}: everybody is paid in full` };
  const cap = capUnits(day, asked, gate);
  const storedCap = word(day.decision, "cap_units");
  if (storedCap === null || !same(exact(storedCap), cap))
    return {
      check,
      ok: false,
      says: `${demand} are ${shown(cap, day.unitsDp)} units, decided were ${storedCap ?? "none"}`,
    };
  const ratio = nearest(gate.ratio, 18);
  const stored = word(day.decision, "fraction");
  return {
    check,
    ok: stored !== null && same(exact(stored), ratio),
    says:
      stored !== null && same(exact(stored), ratio)
        ? `${demand}: ${shown(cap, day.unitsDp)} units, ratio ${shown(ratio)}`
        : `the ratio is ${shown(ratio)}, decided was ${stored ?? "none"}`,
  };
}

/** What the day may pay in units of its class: the part of it that its requests are of all, rounded down, or what largest remainders give it if that is more. */
function capUnits(day: RecordedDay, asked: readonly Asked[], gate: Gate): Exact {
  const own = asked.filter((row) => row.day.dealingDayId === day.dealingDayId);
  const units = { n: own.reduce((all, row) => all + row.admitted, 0n), d: 10n ** BigInt(day.unitsDp) };
  const part = down(times(units, over(gate.payable ?? gate.pay, gate.redemptions)), day.unitsDp);
  const filled = own.reduce((all, row) => all + (gate.fills.get(row.order.flowId) ?? 0n), 0n);
  return most(part, { n: filled, d: units.d });
}

function checkPrices(
  record: DealRecord,
  day: RecordedDay,
  navs: ReadonlyMap<string, RecordedClassNav>,
  net: Exact,
): { finding: Finding; prices: Map<string, Prices> } {
  const nav = exact(dealingNav(record) ?? "0");
  const prices = new Map([...navs].map(([id, row]) => [id, pricesOf(record, nav, net, row)]));
  const own = navs.get(day.classId);
  const due = prices.get(day.classId);
  const check = "dealing prices";
  if (own === undefined || due === undefined)
    return { finding: { check, ok: false, says: "the class is not in the strike" }, prices };
  const stored = [own.priceSubscription, own.priceRedemption].map((text) => (text === null ? null : exact(text)));
  const ok =
    stored[0] != null && stored[1] != null && same(stored[0], due.subscription) && same(stored[1], due.redemption);
  const pair = `subscriptions ${shown(due.subscription, own.priceDp)}, redemptions ${shown(due.redemption, own.priceDp)}`;
  return {
    finding: {
      check,
      ok,
      says: ok
        ? `executed net ${shown(down(net, record.cashDp), record.cashDp)} ${record.currency}: ${pair}`
        : `computed are ${pair}; published ${own.priceSubscription ?? "none"} and ${own.priceRedemption ?? "none"}`,
    },
    prices,
  };
}
