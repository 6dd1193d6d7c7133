// Commands on orders: place (switches and transfers with their two legs among them), take in, cancel, consent, hold, release, and investors who lose and
// regain their clearance. Each knows from the model alone whether the database must refuse it, and with which code.
import fc from "fast-check";
import { OPS, PM_ONE, PM_TWO, SERVICE } from "../arrange.ts";
import { proposedPosting } from "../postings.ts";
import { type ClassNo, CODES, type Order, otherThan } from "./book.ts";
import { type Command, command, outcomeOf, saw } from "./command.ts";
import { centsText, dateOf, deadlineOf, KYC, unitsText, type World } from "./world.ts";

const pick = <T>(list: readonly T[], at: number): T | undefined =>
  list.length === 0 ? undefined : list[at % list.length];

interface Ask {
  kind: "subscription" | "redemption" | "switch" | "transfer";
  investor: number;
  classNo: ClassNo;
  /** Who gets what a transfer gives up. */
  to: number;
  /** 10^-4 units, or cents of a subscription. */
  size: bigint;
  late: boolean;
  named: boolean;
  byOps: boolean;
}

const place = (ask: Ask): Command =>
  command(
    `place(${ask.investor}, ${ask.kind} ${CODES[ask.classNo]} ${ask.size}${ask.kind === "transfer" ? ` to ${ask.to}` : ""}${ask.late ? " late" : ""}${ask.named ? " named" : ""})`,
    () => true,
    async (book, world) => {
      const { kind, investor, classNo, to, size, late } = ask;
      const direction = kind === "subscription" ? kind : "redemption";
      const next = book.next(classNo);
      const received = new Date(deadlineOf(next, direction).getTime() + (late ? 1 : 0));
      const who = world.investors[investor];
      const args = {
        fund: world.fund.code,
        share_class: CODES[classNo],
        investor_id: who?.id,
        direction,
        ...(kind === "subscription" ? { amount: centsText(size) } : { units: unitsText(size) }),
        ...(kind === "switch" ? { order_kind: kind, to_class: CODES[otherThan(classNo)] } : {}),
        ...(kind === "transfer" ? { order_kind: kind, to_investor: world.investors[to]?.id } : {}),
        ...(ask.named ? { dealing_date: dateOf(next) } : {}),
        received_at: received,
      };
      // an investor's own word for when it asked is not taken: what it places is of today, and waits for days to come
      if (!ask.byOps) {
        const { code } = await outcomeOf(world, who?.actor ?? OPS, "fn_place_order", args);
        return { code, wanted: "EG403" };
      }
      const held = book.holding(investor, classNo);
      const tooMuch = direction === "redemption" && (held === 0n || size + book.pending(investor, classNo) > held);
      const { code, value } = await outcomeOf(world, OPS, "fn_place_order", args);
      if (code === undefined) book.orders.push(...(await legsOf(ask, String(value), late ? next + 1 : next, world)));
      const wanted = tooMuch ? "EG430" : kind === "transfer" && to === investor ? "EG404" : undefined;
      return { code, wanted };
    },
  );

/** What was placed: one order, or what is given up and what is received for it. */
async function legsOf(ask: Ask, id: string, from: number, world: World): Promise<Order[]> {
  const { kind, investor, classNo, size } = ask;
  const given: Order = {
    id,
    classNo,
    investor,
    direction: kind === "subscription" ? kind : "redemption",
    kind: kind === "switch" || kind === "transfer" ? kind : "plain",
    leg: null,
    dealtBy: classNo,
    units: kind === "subscription" ? 0n : size,
    cents: kind === "subscription" ? size : 0n,
    status: "submitted",
    from,
    inDay: false,
    cleared: false,
    filled: 0n,
    net: 0n,
    price: 0n,
    isCarried: false,
  };
  if (given.kind === "plain") return [given];
  const [row] = await world.db.look<{ flow_id: string }>("select flow_id from fund_flows where linked_flow_id = $1", [
    id,
  ]);
  const got: Order = {
    ...given,
    id: row?.flow_id ?? "",
    direction: "subscription",
    leg: id,
    classNo: kind === "switch" ? otherThan(classNo) : classNo,
    investor: kind === "transfer" ? ask.to : investor,
    units: kind === "transfer" ? size : 0n,
  };
  return [{ ...given, leg: got.id }, got];
}

export const takeIn: Command = command(
  "take in",
  (book) => book.orders.some((o) => o.status === "submitted"),
  async (book, world) => {
    await world.db.settled();
    for (;;) {
      const [batch] = await world.db.call(SERVICE, "fn_claim_batch", { consumer: "model" });
      if (batch === undefined) break;
      await world.db.call(KYC, "fn_intake_orders", { batch_id: batch.batch_id });
    }
    // each leg by itself, as the investor of that leg stands
    for (const order of book.orders)
      if (order.status === "submitted") order.status = book.cleared[order.investor] === true ? "accepted" : "kyc_hold";
    if (book.orders.some((o) => o.status === "accepted" && book.legs(o).some((leg) => leg.status === "kyc_hold")))
      saw("one leg held");
    return {};
  },
);

const BEFORE_LOCK = ["submitted", "kyc_hold", "accepted"];

const cancelRefusal = (order: Order, own: boolean): string | undefined => {
  if (!own) return "EG404";
  return BEFORE_LOCK.includes(order.status) && !order.cleared ? undefined : "EG428";
};

const cancel = (at: number, by: number): Command =>
  command(
    `cancel(${at}, by ${by})`,
    (book) => book.orders.length > 0,
    async (book, world) => {
      const order = pick(book.orders, at) as Order;
      const lp = world.investors[by];
      const wanted = cancelRefusal(order, lp === undefined || by === order.investor);
      const { code } = await outcomeOf(world, lp?.actor ?? OPS, "fn_cancel_order", { flow_id: order.id });
      if (code === undefined) for (const leg of book.legs(order)) leg.status = "cancelled";
      return { code, wanted };
    },
  );

const INVESTORS = 4;
/** Beyond the investors: operations. */
const OPERATIONS = INVESTORS;

const consent = (at: number, approvals: number): Command =>
  command(
    `consent(${at}, ${approvals})`,
    (book) => book.orders.some((o) => o.status === "locked" && !o.cleared),
    async (book, world) => {
      const order = pick(
        book.orders.filter((o) => o.status === "locked" && !o.cleared),
        at,
      ) as Order;
      // one who was asked and said no ends it, so that the order can be proposed again
      const made = await proposedPosting(world.db, world.fund, "cancellation", { flow_id: order.id, reason: "model" });
      for (const person of [PM_ONE, PM_TWO].slice(0, approvals))
        await world.db.call(person, "fn_decide_proposal", { ...made, decision: "approved" });
      if (approvals < 2) await world.db.call(PM_TWO, "fn_decide_proposal", { ...made, decision: "rejected" });
      const { code } = await outcomeOf(world, world.investors[order.investor]?.actor ?? OPS, "fn_cancel_order", {
        flow_id: order.id,
      });
      // their leaves stay in the committed book
      if (code === undefined) for (const leg of book.legs(order)) leg.status = "cancelled";
      return { code, wanted: approvals < 2 ? "EG428" : undefined };
    },
  );

const hold = (at: number): Command =>
  command(
    `hold(${at})`,
    (book) => book.orders.length > 0,
    async (book, world) => {
      const order = pick(book.orders, at) as Order;
      const wanted = ["submitted", "accepted", "locked"].includes(order.status) ? undefined : "EG428";
      const { code } = await outcomeOf(world, KYC, "fn_hold_order", { flow_id: order.id, reason: "model" });
      if (code === undefined)
        for (const leg of book.legs(order)) Object.assign(leg, { status: "kyc_hold", inDay: false });
      return { code, wanted };
    },
  );

const release = (at: number): Command =>
  command(
    `release(${at})`,
    (book) => book.orders.some((o) => o.status === "kyc_hold"),
    async (book, world) => {
      const order = pick(
        book.orders.filter((o) => o.status === "kyc_hold"),
        at,
      ) as Order;
      const wanted = book.bothCleared(order) ? undefined : "EG430";
      const { code } = await outcomeOf(world, OPS, "fn_release_hold", {
        flow_id: order.id,
        reason: "model",
        document: "synthetic/1",
      });
      if (code === undefined) for (const leg of book.legs(order)) leg.status = "accepted";
      return { code, wanted };
    },
  );

const clear = (investor: number, cleared: boolean): Command =>
  command(
    `${cleared ? "clear" : "expire"}(${investor})`,
    (book) => book.cleared[investor] !== cleared,
    async (book, world) => {
      await world.db.look("update investors set kyc_status = $2 where investor_id = $1", [
        world.investors[investor]?.id,
        cleared ? "approved" : "expired",
      ]);
      book.cleared[investor] = cleared;
      return {};
    },
  );

const investor = fc.nat({ max: 3 });
const at = fc.nat({ max: 200 });
const size = fc.oneof(
  { arbitrary: fc.bigInt({ min: 1n, max: 3_000_000n }), weight: 4 },
  { arbitrary: fc.constantFrom(10_000_000n, 10_000_001n, 5_000_000n), weight: 1 },
);
const classNo = fc.constantFrom<ClassNo>(0, 1);
/** Whose order it is and of which class: mostly of who held units of it from the beginning. */
const who = fc.oneof(
  { arbitrary: fc.tuple(investor, classNo), weight: 1 },
  { arbitrary: fc.constantFrom<[number, ClassNo]>([1, 0], [2, 0], [3, 0], [0, 1], [0, 1], [1, 1]), weight: 3 },
);
const asks = (kinds: fc.Arbitrary<Ask["kind"]>, late: fc.Arbitrary<boolean>, byOps: fc.Arbitrary<boolean>) =>
  fc
    .record({ kind: kinds, who, to: investor, size, late, named: fc.boolean(), byOps })
    .map(({ who: [of, classNo], ...ask }) => place({ ...ask, investor: of, classNo }));
const kinds = fc.constantFrom<Ask["kind"]>("subscription", "redemption", "switch", "transfer");
const seldom = fc.nat({ max: 9 }).map((n) => n === 0);
/** What a book is mostly made of before its day. */
export const placements = asks(
  fc.oneof(
    { arbitrary: fc.constant<Ask["kind"]>("redemption"), weight: 4 },
    { arbitrary: fc.constant<Ask["kind"]>("subscription"), weight: 2 },
    { arbitrary: fc.constant<Ask["kind"]>("switch"), weight: 2 },
    { arbitrary: fc.constant<Ask["kind"]>("transfer"), weight: 2 },
  ),
  seldom,
  seldom.map((own) => !own),
);
/** Mostly of an order that can still be cancelled, if it is called before the cut-off. */
export const cancels = at.map((n) => cancel(n, OPERATIONS));
/** A transfer whose taker is not cleared when it is taken in, so that the two legs part, and later is again. */
export const parted = fc
  .record({ who, by: fc.integer({ min: 1, max: 3 }), size: fc.bigInt({ min: 1n, max: 500_000n }), at })
  .map(({ who: [of, classNo], by, size, at }) => {
    const to = (of + by) % INVESTORS;
    const ask = { kind: "transfer", investor: of, classNo, to, size, late: false, named: false, byOps: true } as const;
    return { before: [place(ask), clear(to, false)], later: [clear(to, true), release(at)] };
  });

/** What happens to a book between its cut-off and its price. */
export const whileLocked = fc.oneof(
  fc.tuple(at, fc.constantFrom(0, 1, 2, 2, 2)).map(([n, approvals]) => consent(n, approvals)),
  at.map(hold),
  at.map(release),
  fc.tuple(investor, fc.boolean()).map(([i, cleared]) => clear(i, cleared)),
);

export const orderCommands = [
  asks(kinds, fc.boolean(), fc.boolean()),
  asks(kinds, fc.constant(false), fc.constant(true)),
  fc.constant(takeIn),
  fc.constant(takeIn),
  // by an investor, by operations (4), with and without a right to
  fc.tuple(at, fc.nat({ max: 4 })).map(([n, by]) => cancel(n, by)),
  cancels,
  fc.tuple(at, fc.nat({ max: 2 })).map(([n, approvals]) => consent(n, approvals)),
  at.map(hold),
  at.map(release),
  fc.tuple(investor, fc.boolean()).map(([i, cleared]) => clear(i, cleared)),
];
