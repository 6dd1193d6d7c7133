// Commands of the dealing day and of the ledger: open, lock, recheck, NAV, gate, allocation, posting, claims, cash, close, reversal. Any may come at any time.
import { proRata } from "@evergreen-fund/finance/dealing/pro-rata.ts";
import fc from "fast-check";
import { OPS, PM_ONE, PM_TWO } from "../arrange.ts";
import type { Book, DayStatus, Fill, Order, Posting } from "./book.ts";
import { type Command, command, outcomeOf } from "./command.ts";
import { COMMANDER, centsText, dateOf, ENGINE, KYC, unitsText, type World } from "./world.ts";

const unless = (fits: boolean, code = "EG428"): string | undefined => (fits ? undefined : code);
const step = (name: string, run: Parameters<typeof command>[2]): Command =>
  command(name, (book) => book.status !== "none", run);
const ON = (world: World) => ({ dealing_day_id: world.dayId });

const open = command(
  "open",
  (book) => ["none", "open", "closed"].includes(book.status),
  async (book, world) => {
    if (book.status === "closed") {
      book.day += 1;
      for (const order of book.orders) order.inDay = false;
    }
    const args = { fund: world.fund.code, share_class: "A", dealing_date: dateOf(book.day) };
    const { code, value } = await outcomeOf(world, COMMANDER, "fn_open_dealing_day", args);
    world.dayId = (value as { dealing_day_id: string }).dealing_day_id;
    Object.assign(book, { status: "open", rechecked: false, approvals: new Set(), cap: null, fills: [] });
    return { code };
  },
);

const lock = step("lock", async (book, world) => {
  const wanted = unless(book.status === "open");
  const { code } = await outcomeOf(world, COMMANDER, "fn_lock_orders", ON(world));
  if (code === undefined) {
    for (const order of book.orders)
      if (order.status === "accepted" && order.from <= book.day)
        Object.assign(order, { status: "locked", inDay: true });
    book.status = "cut_off";
  }
  return { code, wanted };
});

const UNPOSTED: DayStatus[] = ["cut_off", "inputs_frozen", "nav_proposed", "struck", "lmt_decided", "allocated"];
const recheck = step("recheck", async (book, world) => {
  const wanted = unless(UNPOSTED.includes(book.status));
  const { code } = await outcomeOf(world, KYC, "fn_recheck_orders", ON(world));
  if (code === undefined) {
    const leave = book.ofDay("locked", "priced").filter((o) => book.cleared[o.investor] !== true);
    for (const order of leave) Object.assign(order, { status: "kyc_hold", inDay: false });
    if (leave.length > 0 && book.status === "allocated") Object.assign(book, { status: "lmt_decided", fills: [] });
    book.rechecked = true;
  }
  return { code, wanted };
});

const freeze = (cents: bigint): Command =>
  step(`freeze(${cents})`, async (book, world) => {
    const final = ["struck", "lmt_decided", "allocated", "posted", "claimable", "settled", "closed"].includes(
      book.status,
    );
    const inputs = [{ kind: "cash", label: "bank", value: centsText(cents), as_of: dateOf(book.day), source: "model" }];
    const args = { fund: world.fund.code, nav_date: dateOf(book.day), inputs };
    const { code, value } = await outcomeOf(world, COMMANDER, "fn_freeze_nav_inputs", args);
    if (code === undefined) {
      world.strikeId = (value as { strike_id: string }).strike_id;
      book.nav.cents = cents;
      book.status = "inputs_frozen";
    }
    return { code, wanted: unless(!final && book.status !== "open") };
  });

const halfUp = (n: bigint, d: bigint): bigint => (2n * n + d) / (2n * d);

const propose = command(
  "propose",
  (book) => book.status !== "none" && book.nav.cents > 0n,
  async (book, world) => {
    const units = book.outstanding;
    // cents to 10^-4 over 10^-4 units
    const price = units === 0n ? 0n : halfUp(book.nav.cents * 1_000_000n, units);
    const nav = centsText(book.nav.cents);
    const body = { total_assets: nav, liabilities: "0", gnav: nav, performance_fee: "0", nav };
    const classes = [{ share_class_id: world.classId, nav, nav_per_unit: unitsText(price) }];
    const args = { strike_id: world.strikeId, body, classes };
    const { code, value } = await outcomeOf(world, COMMANDER, "fn_propose_nav", args);
    const wanted = book.status !== "inputs_frozen" ? "EG428" : price === 0n ? "EG400" : undefined;
    if (code === undefined) {
      const { proposal_id, hash } = value as World["proposal"];
      world.proposal = { proposal_id, hash };
      Object.assign(book, {
        status: "nav_proposed",
        approvals: new Set(),
        nav: { cents: book.nav.cents, price, units },
      });
    }
    return { code, wanted };
  },
);

const approve = (person: 0 | 1): Command =>
  command(
    `approve(${person})`,
    (book) => book.status === "nav_proposed" && book.approvals.size < 2,
    async (book, world) => {
      const actor = [PM_ONE, PM_TWO][person] ?? PM_ONE;
      const { code } = await outcomeOf(world, actor, "fn_decide_proposal", { ...world.proposal, decision: "approved" });
      const wanted = unless(!book.approvals.has(person), "EG422");
      book.approvals.add(person);
      return { code, wanted };
    },
  );

const strike = command(
  "strike",
  (book) => book.status === "nav_proposed" || book.status === "struck",
  async (book, world) => {
    const ready = book.status === "nav_proposed" && book.approvals.size === 2;
    const { code } = await outcomeOf(world, COMMANDER, "fn_strike_nav", { strike_id: world.strikeId });
    if (code === undefined) {
      for (const order of book.ofDay("locked")) order.status = "priced";
      book.status = "struck";
    }
    return { code, wanted: !ready ? "EG428" : book.nav.units === book.outstanding ? undefined : "EG425" };
  },
);

const decide = (share: number): Command =>
  step(`decide(${share})`, async (book, world) => {
    const asked = book.ofDay("priced").reduce((sum, o) => sum + o.units, 0n);
    const cap = share > 100 ? null : (asked * BigInt(share)) / 100n;
    const decision = cap === null ? { gate: false } : { gate: true, cap_units: unitsText(cap) };
    const { code } = await outcomeOf(world, ENGINE, "fn_decide_lmt", { ...ON(world), decision });
    const wanted = unless(book.status === "struck" || book.status === "lmt_decided");
    if (code === undefined) Object.assign(book, { status: "lmt_decided", cap });
    return { code, wanted };
  });

const allocate = step("allocate", async (book, world) => {
  const orders = book.ofDay("priced");
  const redeemed = orders.filter((o) => o.direction === "redemption");
  const asked = redeemed.reduce((sum, o) => sum + o.units, 0n);
  const gated = book.cap !== null && book.cap < asked;
  const pay = gated ? (book.cap ?? 0n) : asked;
  const got = gated
    ? proRata(
        redeemed.map((o) => o.units),
        { num: pay, den: asked },
        pay,
      )
    : redeemed.map((o) => o.units);
  const fills: Fill[] = orders.map((order) => {
    // 10^-4 units × 10^-4 money → cents: down
    const filled =
      order.direction === "redemption"
        ? (got[redeemed.indexOf(order)] ?? 0n)
        : (order.cents * 1_000_000n) / book.nav.price;
    const cents = order.direction === "redemption" ? (filled * book.nav.price) / 1_000_000n : order.cents;
    return { order, filled, cents };
  });
  const rows = fills.map(({ order, filled, cents }) => ({
    flow_id: order.id,
    cohort: "all",
    ...(order.direction === "redemption"
      ? { requested_units: unitsText(order.units), carried_units: unitsText(order.units - filled) }
      : {}),
    filled_units: unitsText(filled),
    gross_amount: centsText(cents),
    net_amount: centsText(cents),
    reason: filled < order.units ? "gate" : null,
  }));
  const { code } = await outcomeOf(world, ENGINE, "fn_record_allocations", {
    ...ON(world),
    terms: {},
    fills: JSON.stringify(rows),
  });
  const over = world.investors.some(
    (_, i) =>
      sumOf(fills.filter((f) => f.order.direction === "redemption" && f.order.investor === i)) > book.holding(i),
  );
  const buysNothing = fills.some((f) => f.order.direction === "subscription" && f.filled === 0n);
  const wanted = !["lmt_decided", "allocated"].includes(book.status)
    ? "EG428"
    : over || buysNothing
      ? "EG424"
      : undefined;
  if (code === undefined) Object.assign(book, { status: "allocated", fills });
  return { code, wanted };
});
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const sumOf = (fills: readonly Fill[]): bigint => fills.reduce((sum, f) => sum + f.filled, 0n);

const post = step("post", async (book, world) => {
  const { code, value } = await outcomeOf(world, COMMANDER, "fn_post_dealing_day", ON(world));
  const uncleared = book.fills.some(
    (f) => f.order.direction === "subscription" && book.cleared[f.order.investor] !== true,
  );
  const pieces = book.pieces();
  const wanted =
    book.status !== "allocated" || !book.rechecked
      ? "EG428"
      : pieces === undefined
        ? "EG424"
        : uncleared
          ? "EG430"
          : undefined;
  if (code === undefined)
    await posted(book, world, pieces ?? new Map(), (value as { ledger_tx_id: string | null }).ledger_tx_id);
  return { code, wanted };
});

/** The model's side of a posting; of the database only the ids of what is new are read. */
async function posted(book: Book, world: World, lots: Map<string, bigint>, id: string | null): Promise<void> {
  const cash = new Map<string, bigint>();
  const add = (account: string, cents: bigint) => cash.set(account, (cash.get(account) ?? 0n) + cents);
  const made = await world.db.look<{ flow_id: string; lot_id: string }>(
    "select l.flow_id, l.lot_id from lots l join fund_flows f using (flow_id) where f.dealing_day_id = $1",
    [world.dayId],
  );
  for (const { order, filled, cents } of book.fills) {
    if (order.direction === "redemption") {
      add("redemptions_payable", -cents);
      add("capital", cents);
    } else {
      const worth = halfUp(filled * book.nav.price, 1_000_000n);
      const kept = least(worth, cents);
      add("subscriptions_received", cents);
      add("capital", -kept);
      add("fund_income", kept - cents);
      const lot = made.find((row) => row.flow_id === order.id)?.lot_id ?? "";
      book.lots.push({ id: lot, investor: order.investor, openedOn: dateOf(book.day), issued: filled, left: 0n });
      lots.set(lot, filled);
    }
    order.filled = filled;
    order.net = cents;
    order.status = filled > 0n ? "allocated" : "carried";
  }
  for (const [account, cents] of cash) if (cents === 0n) cash.delete(account);
  if (id !== null) book.post({ id, by: "commander", lots, cash, reversed: false, isReversal: false });
  const children = await world.db.look<{ flow_id: string; parent: string }>(
    "select c.flow_id, c.parent_flow_id as parent from fund_flows c join fund_flows p on p.flow_id = c.parent_flow_id where p.dealing_day_id = $1",
    [world.dayId],
  );
  for (const { order, filled } of book.fills) {
    if (order.direction !== "redemption" || filled === order.units) continue;
    const child = children.find(({ parent }) => parent === order.id);
    const carried: Order = {
      ...order,
      id: child?.flow_id ?? "",
      units: order.units - filled,
      status: "accepted",
      inDay: false,
      filled: 0n,
      net: 0n,
    };
    book.orders.push(carried);
  }
  book.status = "posted";
}

const claim = step("claim", async (book, world) => {
  const wanted = unless(book.status === "posted");
  const { code } = await outcomeOf(world, COMMANDER, "fn_open_claims", ON(world));
  if (code === undefined) {
    for (const order of book.ofDay("allocated"))
      order.status = order.cleared || (order.direction === "redemption" && order.net === 0n) ? "settled" : "claimable";
    book.status = "claimable";
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
      const waiting = book.orders.filter((o) => o.status === "claimable" || (o.status === "allocated" && !o.cleared));
      const choice = at % 4 > 0 && waiting.length > 0 ? waiting : book.orders;
      const order = choice[at % choice.length] as Order;
      const isOut = order.direction === "redemption";
      const due = isOut ? order.net : order.cents;
      const payments = [{ flow_id: order.id, amount: centsText(due) }];
      const { code, value } = await outcomeOf(world, OPS, "fn_confirm_cash", { fund: world.fund.code, payments });
      const wanted = unless(!order.cleared && (isOut ? order.status === "claimable" : PAYABLE.includes(order.status)));
      if (code === undefined) {
        const cash = new Map([
          ["bank", isOut ? -due : due],
          [isOut ? "redemptions_payable" : "subscriptions_received", isOut ? due : -due],
        ]);
        book.post({
          id: (value as { ledger_tx_id: string }).ledger_tx_id,
          by: "ops",
          lots: new Map(),
          cash,
          reversed: false,
          isReversal: false,
        });
        order.cleared = true;
        if (order.status === "claimable") order.status = "settled";
        book.settleIfDone();
      }
      return { code, wanted };
    },
  );

const close = step("close", async (book, world) => {
  const wanted = unless(book.status === "settled");
  const { code } = await outcomeOf(world, COMMANDER, "fn_close_dealing_day", ON(world));
  if (code === undefined) book.status = "closed";
  return { code, wanted };
});

const reverse = (at: number, byOps: boolean): Command =>
  command(
    `reverse(${at}${byOps ? ", ops" : ""})`,
    (book) => book.postings.length > 0,
    async (book, world) => {
      const wrong = book.postings[at % book.postings.length] as Posting;
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
        const id = (value as { ledger_tx_id: string }).ledger_tx_id;
        book.post({ id, by: byOps ? "ops" : "pm", lots, cash: negated(wrong.cash), reversed: false, isReversal: true });
      }
      return { code, wanted };
    },
  );

const at = fc.nat({ max: 200 });
const cents = fc.bigInt({ min: 10_000_000n, max: 60_000_000n });

export const reversals = fc.tuple(at, fc.boolean()).map(([n, byOps]) => reverse(n, byOps));

/** The day in its order, so that sequences get somewhere; and every step by itself, so that it also comes at the wrong time. */
export const dayCommands = [
  fc.constant(open),
  fc.constant(lock),
  fc.constant(recheck),
  cents.map(freeze),
  fc.constant(propose),
  fc.constantFrom(approve(0), approve(1)),
  fc.constant(strike),
  fc.nat({ max: 130 }).map(decide),
  fc.constant(allocate),
  fc.constant(post),
  fc.constant(claim),
  at.map(confirm),
  at.map(confirm),
  fc.constant(close),
  reversals,
];
export const dayInOrder = (nav: bigint, share: number, locked: readonly Command[]): Command[] => [
  open,
  lock,
  ...locked,
  recheck,
  freeze(nav),
  propose,
  approve(0),
  approve(1),
  strike,
  decide(share),
  allocate,
  post,
  claim,
];
export const payments = at.map(confirm);
export { cents as navCents, close };
