// Commands on orders: place, take in, cancel, consent, hold, release, and investors who lose and regain their clearance. Each knows from the model alone
// whether the database must refuse it, and with which code.
import fc from "fast-check";
import { OPS, PM_ONE, PM_TWO, SERVICE } from "../arrange.ts";
import { proposedPosting } from "../postings.ts";
import type { Order } from "./book.ts";
import { type Command, command, outcomeOf } from "./command.ts";
import { centsText, dateOf, deadlineOf, KYC, unitsText } from "./world.ts";

const pick = <T>(list: readonly T[], at: number): T | undefined =>
  list.length === 0 ? undefined : list[at % list.length];

const place = (
  investor: number,
  redeems: boolean,
  size: bigint,
  late: boolean,
  named: boolean,
  byOps: boolean,
): Command =>
  command(
    `place(${investor}, ${redeems ? "redeem" : "subscribe"} ${size}${late ? " late" : ""}${named ? " named" : ""})`,
    () => true,
    async (book, world) => {
      const direction = redeems ? "redemption" : "subscription";
      const received = new Date(deadlineOf(book.next, direction).getTime() + (late ? 1 : 0));
      const who = world.investors[investor];
      const args = {
        fund: world.fund.code,
        share_class: "A",
        investor_id: who?.id,
        direction,
        ...(redeems ? { units: unitsText(size) } : { amount: centsText(size) }),
        ...(named ? { dealing_date: dateOf(book.next) } : {}),
      };
      // an investor's own word for when it asked is not taken: what it places is of today, and waits for days to come
      if (!byOps) {
        const { code } = await outcomeOf(world, who?.actor ?? OPS, "fn_place_order", {
          ...args,
          received_at: received,
        });
        return { code, wanted: "EG403" };
      }
      const held = book.holding(investor);
      const refused = redeems && (held === 0n || size + book.pending(investor) > held);
      const { code, value } = await outcomeOf(world, OPS, "fn_place_order", { ...args, received_at: received });
      if (code === undefined)
        book.orders.push({
          id: String(value),
          investor,
          direction,
          units: redeems ? size : 0n,
          cents: redeems ? 0n : size,
          status: "submitted",
          from: late ? book.next + 1 : book.next,
          inDay: false,
          cleared: false,
          filled: 0n,
          net: 0n,
        });
      return { code, wanted: refused ? "EG430" : undefined };
    },
  );

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
    for (const order of book.orders)
      if (order.status === "submitted") order.status = book.cleared[order.investor] === true ? "accepted" : "kyc_hold";
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
      if (code === undefined) order.status = "cancelled";
      return { code, wanted };
    },
  );

/** Beyond the investors: operations. */
const OPERATIONS = 4;

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
      if (code === undefined) {
        order.status = "cancelled";
        order.inDay = true; // its leaf stays in the committed book
      }
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
      if (code === undefined) {
        order.status = "kyc_hold";
        order.inDay = false;
      }
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
      const wanted = book.cleared[order.investor] === true ? undefined : "EG430";
      const { code } = await outcomeOf(world, OPS, "fn_release_hold", {
        flow_id: order.id,
        reason: "model",
        document: "synthetic/1",
      });
      if (code === undefined) order.status = "accepted";
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
export const placements = fc
  .tuple(investor, fc.nat({ max: 9 }), size, fc.nat({ max: 9 }), fc.boolean())
  .map(([i, redeems, s, late, named]) => place(i, redeems < 7, s, late === 0, named, true));

/** What happens to a book between its cut-off and its price. */
export const whileLocked = fc.oneof(
  fc.tuple(at, fc.nat({ max: 2 })).map(([n, approvals]) => consent(n, approvals)),
  at.map(hold),
  at.map(release),
  fc.tuple(investor, fc.boolean()).map(([i, cleared]) => clear(i, cleared)),
);

export const orderCommands = [
  fc
    .tuple(investor, fc.boolean(), size, fc.boolean(), fc.boolean(), fc.boolean())
    .map(([i, r, s, l, n, byOps]) => place(i, r, s, l, n, byOps)),
  fc
    .tuple(investor, fc.boolean(), size, fc.constant(false), fc.boolean())
    .map(([i, r, s, l, n]) => place(i, r, s, l, n, true)),
  fc.constant(takeIn),
  fc.constant(takeIn),
  // by an investor, by operations (4), with and without a right to
  fc.tuple(at, fc.nat({ max: 4 })).map(([n, by]) => cancel(n, by)),
  at.map((n) => cancel(n, OPERATIONS)),
  fc.tuple(at, fc.nat({ max: 2 })).map(([n, approvals]) => consent(n, approvals)),
  at.map(hold),
  at.map(release),
  fc.tuple(investor, fc.boolean()).map(([i, cleared]) => clear(i, cleared)),
];
