// Commands from the fills to the ledger: allocation, posting, claims, cash, close, reversal. The model works out each fill itself and says what the posting
// of a class amounts to in lots and accounts of both. Any command may come at any time.
import fc from "fast-check";
import { OPS, PM_ONE } from "../arrange.ts";
import { type Book, type ClassNo, type Fill, halfUp, type Order, type Piece, type Posting, shareOut } from "./book.ts";
import { type Command, command, outcomeOf, saw } from "./command.ts";
import { step, unless } from "./days.ts";
import { COMMANDER, centsText, dateOf, ENGINE, unitsText, type World } from "./world.ts";

const sumOf = (fills: readonly Fill[]): bigint => fills.reduce((sum, f) => sum + f.filled, 0n);
const isRedemption = ({ order }: Fill): boolean => order.direction === "redemption";

/** What every order of a day gets at the NAV of the date: the gate shares the redemptions out, a switch buys for what its other leg sold for. */
function fillsOf(book: Book, classNo: ClassNo): Fill[] {
  const orders = book.ofDay(classNo, "priced");
  const { cap } = book.days[classNo];
  const redeemed = orders.filter((o) => o.direction === "redemption" && o.kind === "plain");
  const asked = redeemed.map((o) => o.units);
  const gated = cap !== null && cap < asked.reduce((sum, units) => sum + units, 0n);
  const got = gated ? shareOut(asked, cap) : asked;
  const price = (order: Order): bigint => book.nav.prices[order.classNo];
  // 10^-4 units × 10^-4 money → cents, and back: down
  const worth = (order: Order, units: bigint): bigint => (units * price(order)) / 1_000_000n;
  return orders.map((order) => {
    if (order.kind === "transfer") return { order, filled: order.units, cents: 0n };
    if (order.direction === "redemption") {
      const filled = order.kind === "plain" ? (got[redeemed.indexOf(order)] ?? 0n) : order.units;
      return { order, filled, cents: worth(order, filled) };
    }
    const sold = order.kind === "switch" ? book.legs(order).find((leg) => leg !== order) : undefined;
    const cents = sold === undefined ? order.cents : worth(sold, sold.units);
    return { order, filled: (cents * 1_000_000n) / price(order), cents };
  });
}

const allocate = (classNo: ClassNo): Command =>
  step("allocate", classNo, async (book, world, on) => {
    const day = book.days[classNo];
    const fills = fillsOf(book, classNo);
    const rows = fills.map(({ order, filled, cents }) => ({
      flow_id: order.id,
      cohort: "all",
      ...(order.units > 0n
        ? { requested_units: unitsText(order.units), carried_units: unitsText(order.units - filled) }
        : {}),
      filled_units: unitsText(filled),
      gross_amount: centsText(cents),
      net_amount: centsText(cents),
      reason: filled < order.units ? "gate" : null,
    }));
    const { code } = await outcomeOf(world, ENGINE, "fn_record_allocations", {
      ...on,
      terms: {},
      fills: JSON.stringify(rows),
    });
    const leaving = fills.filter(isRedemption);
    const over = world.investors.some(
      (_, i) => sumOf(leaving.filter((f) => f.order.investor === i)) > book.holding(i, classNo),
    );
    // a switch may buy nothing: what it sold was worth less than the least unit
    const buysNothing = fills.some((f) => !isRedemption(f) && f.order.kind === "plain" && f.filled === 0n);
    const wanted = !["lmt_decided", "allocated"].includes(day.status)
      ? "EG428"
      : over || buysNothing
        ? "EG424"
        : undefined;
    if (code === undefined) Object.assign(day, { status: "allocated", fills });
    return { code, wanted };
  });

const post = (classNo: ClassNo): Command =>
  step("post", classNo, async (book, world, on) => {
    const { code, value } = await outcomeOf(world, COMMANDER, "fn_post_dealing_day", on);
    const day = book.days[classNo];
    const uncleared = day.fills.some(
      (f) => !isRedemption(f) && f.filled > 0n && book.cleared[f.order.investor] !== true,
    );
    const pieces = book.pieces(classNo);
    const wanted =
      day.status !== "allocated" || !day.rechecked
        ? "EG428"
        : pieces === undefined
          ? "EG424"
          : uncleared
            ? "EG430"
            : undefined;
    if (code === undefined)
      await posted(book, world, classNo, pieces ?? [], (value as { ledger_tx_id: string | null }).ledger_tx_id);
    return { code, wanted };
  });

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** What a fill moves between accounts: the investor's side, the capital, and what rounding down leaves to the fund. */
function cashOf({ order, filled, cents }: Fill, price: bigint): [string, bigint][] {
  if (order.kind === "transfer") return [];
  const own = order.kind === "switch" ? "in_transit" : undefined;
  if (order.direction === "redemption")
    return [
      [`${own ?? "redemptions_payable"}/${order.investor}`, -cents],
      ["capital", cents],
    ];
  const kept = least(halfUp(filled * price, 1_000_000n), cents);
  return [
    [`${own ?? "subscriptions_received"}/${order.investor}`, cents],
    ["capital", -kept],
    ["fund_income", kept - cents],
  ];
}

/** The model's side of a posting; of the database only the ids of what is new are read, found by what the model says it is. */
async function posted(book: Book, world: World, classNo: ClassNo, pieces: Piece[], id: string | null): Promise<void> {
  const day = book.days[classNo];
  const made = await world.db.look<{ lot_id: string; what: string }>(
    `select l.lot_id, concat_ws(' ', l.flow_id, l.opened_on, trunc(l.price * 10000), trunc(l.units_issued * 10000)) as what
       from lots l join fund_flows f using (flow_id) where f.dealing_day_id = $1 order by l.lot_id`,
    [world.dayIds[classNo]],
  );
  const lots = new Map<string, bigint>();
  const move = (lot: string, units: bigint): void => void lots.set(lot, (lots.get(lot) ?? 0n) + units);
  const issue = (order: Order, openedOn: string, price: bigint, units: bigint): void => {
    const place = made.findIndex(({ what }) => what === `${order.id} ${openedOn} ${price} ${units}`);
    const [row] = place < 0 ? [] : made.splice(place, 1);
    const lot = row?.lot_id ?? `no lot of ${order.id}`;
    const { classNo: ofClass, investor } = order;
    book.lots.push({ id: lot, classNo: ofClass, investor, openedOn, price, issued: units, left: 0n });
    move(lot, units);
  };
  const cash = new Map<string, bigint>();
  for (const fill of day.fills) {
    const { order, filled, cents } = fill;
    const price = book.nav.prices[order.classNo];
    for (const [account, amount] of cashOf(fill, price)) cash.set(account, (cash.get(account) ?? 0n) + amount);
    if (order.direction === "subscription" && order.kind !== "transfer" && filled > 0n)
      issue(order, dateOf(book.date), price, filled);
    if (filled > 0n) saw(`${order.isCarried ? "carried" : order.kind} dealt`);
    const status = filled > 0n ? "allocated" : order.direction === "redemption" ? "carried" : "lapsed";
    Object.assign(order, { filled, net: cents, price, status });
  }
  for (const { order, lot, units } of pieces) {
    move(lot.id, -units);
    // a transfer keeps the age and the price of what it moves, lot by lot
    const taker = order.kind === "transfer" ? book.legs(order).find((leg) => leg !== order) : undefined;
    if (taker !== undefined) issue(taker, lot.openedOn, lot.price, units);
  }
  const dealt = new Set(day.fills.map(({ order }) => order.kind));
  if (id !== null) book.post({ id, by: "commander", lots, cash, dealt, reversed: false, isReversal: false });
  await carryOver(book, world, classNo);
  day.status = "posted";
}

/** What a gate left becomes an order of its own, of the same age. */
async function carryOver(book: Book, world: World, classNo: ClassNo): Promise<void> {
  const children = await world.db.look<{ flow_id: string; parent: string }>(
    "select c.flow_id, c.parent_flow_id as parent from fund_flows c join fund_flows p on p.flow_id = c.parent_flow_id where p.dealing_day_id = $1",
    [world.dayIds[classNo]],
  );
  for (const { order, filled } of book.days[classNo].fills) {
    if (order.direction !== "redemption" || filled === order.units) continue;
    book.orders.push({
      ...order,
      id: children.find(({ parent }) => parent === order.id)?.flow_id ?? "",
      units: order.units - filled,
      status: "accepted",
      inDay: false,
      filled: 0n,
      net: 0n,
      price: 0n,
      isCarried: true,
    });
  }
}

const claim = (classNo: ClassNo): Command =>
  step("claim", classNo, async (book, world, on) => {
    const wanted = unless(book.days[classNo].status === "posted");
    const { code } = await outcomeOf(world, COMMANDER, "fn_open_claims", on);
    if (code === undefined) {
      for (const order of book.ofDay(classNo, "allocated")) {
        const nothingDue =
          order.kind !== "plain" || order.cleared || (order.direction === "redemption" && order.net === 0n);
        order.status = nothingDue ? "settled" : "claimable";
      }
      book.days[classNo].status = "claimable";
      book.settleIfDone();
    }
    return { code, wanted };
  });

const PAYABLE = ["submitted", "kyc_hold", "accepted", "locked", "priced", "allocated", "claimable"];
const confirm = (at: number): Command =>
  command(
    `confirm(${at})`,
    (book) => book.orders.length > 0,
    async (book, world) => {
      // mostly what waits to be paid, at times anything
      const waiting = book.orders.filter(
        (o) => o.kind === "plain" && (o.status === "claimable" || (o.status === "allocated" && !o.cleared)),
      );
      const choice = at % 4 > 0 && waiting.length > 0 ? waiting : book.orders;
      const order = choice[at % choice.length] as Order;
      const isOut = order.direction === "redemption";
      const due = isOut ? order.net : order.cents;
      const payments = [{ flow_id: order.id, amount: centsText(due) }];
      const { code, value } = await outcomeOf(world, OPS, "fn_confirm_cash", { fund: world.fund.code, payments });
      const fits = !order.cleared && (isOut ? order.status === "claimable" : PAYABLE.includes(order.status));
      // no cash of its own moves for a switch or a transfer
      const wanted = order.kind === "plain" ? unless(fits) : "EG404";
      if (code === undefined) {
        const cash = new Map([
          ["bank", isOut ? -due : due],
          [`${isOut ? "redemptions_payable" : "subscriptions_received"}/${order.investor}`, isOut ? due : -due],
        ]);
        const id = (value as { ledger_tx_id: string }).ledger_tx_id;
        book.post({ id, by: "ops", lots: new Map(), cash, dealt: new Set(), reversed: false, isReversal: false });
        order.cleared = true;
        if (order.status === "claimable") order.status = "settled";
        book.settleIfDone();
      }
      return { code, wanted };
    },
  );

const close = (classNo: ClassNo): Command =>
  step("close", classNo, async (book, world, on) => {
    const wanted = unless(book.days[classNo].status === "settled");
    const { code } = await outcomeOf(world, COMMANDER, "fn_close_dealing_day", on);
    if (code === undefined) book.days[classNo].status = "closed";
    return { code, wanted };
  });

/** Takes a posting back: any, or one of those that dealt (the last is number 0). */
const reverse = (at: number, byOps: boolean, onlyDealt: boolean): Command =>
  command(
    `reverse(${at}${byOps ? ", ops" : ""}${onlyDealt ? ", of a day" : ""})`,
    (book) => book.postings.some(({ dealt }) => !onlyDealt || dealt.size > 0),
    async (book, world) => {
      const choice = onlyDealt ? book.postings.filter(({ dealt }) => dealt.size > 0).reverse() : book.postings;
      const wrong = choice[at % choice.length] as Posting;
      const negated = (of: ReadonlyMap<string, bigint>) => new Map([...of].map(([key, value]) => [key, -value]));
      const lots = negated(wrong.lots);
      const wanted =
        wrong.isReversal || wrong.reversed
          ? "EG428"
          : byOps && wrong.by === "ops"
            ? "EG420"
            : book.fits(lots)
              ? undefined
              : "EG424";
      const args = { ledger_tx_id: wrong.id, reason: "model" };
      const { code, value } = await outcomeOf(world, byOps ? OPS : PM_ONE, "fn_reverse_ledger", args);
      if (code === undefined) {
        wrong.reversed = true;
        for (const kind of wrong.dealt) if (kind !== "plain") saw(`${kind} reversed`);
        const id = (value as { ledger_tx_id: string }).ledger_tx_id;
        const by = byOps ? "ops" : "pm";
        book.post({ id, by, lots, cash: negated(wrong.cash), dealt: new Set(), reversed: false, isReversal: true });
      }
      return { code, wanted };
    },
  );

export const ledger = { allocate, post, claim, confirm, close, reverse };
const at = fc.nat({ max: 200 });
export const payments = at.map(confirm);
export const reversals = fc.tuple(at, fc.boolean()).map(([n, byOps]) => reverse(n, byOps, false));
/** Of one of the last days that were posted, mostly the last. */
export const dealtBack = fc
  .tuple(fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat({ max: 3 }), weight: 1 }), fc.boolean())
  .map(([n, byOps]) => reverse(n, byOps, true));
