// Commands of the dealing day up to the gate: both classes open, each is locked and looked at again, one NAV is struck for both, each is gated by itself.
// Any may come at any time.
import fc from "fast-check";
import { PM_ONE, PM_TWO } from "../arrange.ts";
import { type Book, CLASSES, type ClassNo, CODES, type DayStatus, halfUp } from "./book.ts";
import { type Command, command, outcomeOf, saw } from "./command.ts";
import { COMMANDER, centsText, dateOf, ENGINE, ISSUE_PRICE, KYC, unitsText, type World } from "./world.ts";

export const unless = (fits: boolean, code = "EG428"): string | undefined => (fits ? undefined : code);
/** A step of the dealing day of one class. */
export const step = (
  name: string,
  classNo: ClassNo,
  run: (book: Book, world: World, on: { dealing_day_id: string }) => ReturnType<Parameters<typeof command>[2]>,
): Command =>
  command(
    name.includes("(") ? name : `${name}(${CODES[classNo]})`,
    (book) => book.days[classNo].status !== "none",
    (book, world) => run(book, world, { dealing_day_id: world.dayIds[classNo] }),
  );

const open = command(
  "open",
  (book) => book.all("none") || book.all("open") || book.all("closed"),
  async (book, world) => {
    if (book.all("closed")) {
      book.date += 1;
      for (const order of book.orders) order.inDay = false;
    }
    const dealing_date = dateOf(book.date);
    for (const classNo of CLASSES) {
      const args = { fund: world.fund.code, share_class: CODES[classNo], dealing_date };
      const { code, value } = await outcomeOf(world, COMMANDER, "fn_open_dealing_day", args);
      if (code !== undefined) return { code };
      world.dayIds[classNo] = (value as { dealing_day_id: string }).dealing_day_id;
    }
    book.open();
    return {};
  },
);

const lock = (classNo: ClassNo): Command =>
  step("lock", classNo, async (book, world, on) => {
    const wanted = unless(book.days[classNo].status === "open");
    const { code } = await outcomeOf(world, COMMANDER, "fn_lock_orders", on);
    if (code === undefined) {
      const ready = book.orders.filter(
        (o) => o.dealtBy === classNo && o.from <= book.date && book.legs(o).every((leg) => leg.status === "accepted"),
      );
      for (const order of ready) Object.assign(order, { status: "locked", inDay: true });
      book.days[classNo].status = "cut_off";
    }
    return { code, wanted };
  });

const UNPOSTED: DayStatus[] = ["cut_off", "inputs_frozen", "nav_proposed", "struck", "lmt_decided", "allocated"];
const recheck = (classNo: ClassNo): Command =>
  step("recheck", classNo, async (book, world, on) => {
    const day = book.days[classNo];
    const wanted = unless(UNPOSTED.includes(day.status));
    const { code } = await outcomeOf(world, KYC, "fn_recheck_orders", on);
    if (code === undefined) {
      const leave = book.ofDay(classNo, "locked", "priced").filter((o) => !book.bothCleared(o));
      for (const order of leave) Object.assign(order, { status: "kyc_hold", inDay: false });
      if (leave.length > 0 && day.status === "allocated") Object.assign(day, { status: "lmt_decided", fills: [] });
      day.rechecked = true;
    }
    return { code, wanted };
  });

const freeze = (cents: bigint): Command =>
  command(
    `freeze(${cents})`,
    (book) => !book.some("none"),
    async (book, world) => {
      const inputs = [
        { kind: "cash", label: "bank", value: centsText(cents), as_of: dateOf(book.date), source: "model" },
      ];
      const args = { fund: world.fund.code, nav_date: dateOf(book.date), inputs };
      const { code, value } = await outcomeOf(world, COMMANDER, "fn_freeze_nav_inputs", args);
      const wanted = unless(book.all("cut_off", "inputs_frozen", "nav_proposed"));
      if (code === undefined) {
        world.strikeId = (value as { strike_id: string }).strike_id;
        book.nav.cents = cents;
        book.moveAll("inputs_frozen");
      }
      return { code, wanted };
    },
  );

/** Puts a NAV before two people of which `share` hundredths are class A's while both have units. */
const propose = (share: number): Command =>
  command(
    `propose(${share})`,
    (book) => !book.some("none") && book.nav.cents > 0n,
    async (book, world) => {
      const { cents } = book.nav;
      const units: [bigint, bigint] = [book.outstanding(0), book.outstanding(1)];
      const ofA = units[0] === 0n ? 0n : units[1] === 0n ? cents : (cents * BigInt(share)) / 100n;
      const parts: [bigint, bigint] = [ofA, units[1] === 0n ? 0n : cents - ofA];
      // cents to 10^-4 over 10^-4 units
      const priceOf = (classNo: ClassNo): bigint =>
        units[classNo] === 0n ? ISSUE_PRICE : halfUp(parts[classNo] * 1_000_000n, units[classNo]);
      const prices: [bigint, bigint] = [priceOf(0), priceOf(1)];
      const nav = centsText(cents);
      const body = { total_assets: nav, liabilities: "0", gnav: nav, performance_fee: "0", nav };
      const classes = CLASSES.map((classNo) => ({
        share_class_id: world.classIds[classNo],
        nav: centsText(parts[classNo]),
        nav_per_unit: unitsText(prices[classNo]),
      }));
      const args = { strike_id: world.strikeId, body, classes };
      const { code, value } = await outcomeOf(world, COMMANDER, "fn_propose_nav", args);
      // without a unit there is nobody whom the NAV could belong to, and of too many a unit is worth nothing
      const unfit = parts[0] + parts[1] !== cents || prices.includes(0n);
      const wanted = !book.all("inputs_frozen") ? "EG428" : unfit ? "EG400" : undefined;
      if (code === undefined) {
        const { proposal_id, hash } = value as World["proposal"];
        world.proposal = { proposal_id, hash };
        book.approvals = new Set();
        book.nav = { cents, prices, units };
        book.moveAll("nav_proposed");
      }
      return { code, wanted };
    },
  );

const approve = (person: 0 | 1): Command =>
  command(
    `approve(${person})`,
    (book) => book.all("nav_proposed") && book.approvals.size < 2,
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
  (book) => book.some("nav_proposed", "struck"),
  async (book, world) => {
    const ready = book.all("nav_proposed") && book.approvals.size === 2;
    const { code } = await outcomeOf(world, COMMANDER, "fn_strike_nav", { strike_id: world.strikeId });
    if (code === undefined) {
      for (const classNo of CLASSES) for (const order of book.ofDay(classNo, "locked")) order.status = "priced";
      book.moveAll("struck");
    }
    const same = CLASSES.every((classNo) => book.nav.units[classNo] === book.outstanding(classNo));
    return { code, wanted: !ready ? "EG428" : same ? undefined : "EG425" };
  },
);

/** The gate lets `share` hundredths of what is redeemed through; above a hundred there is none. What only changes its owner or class is not redeemed. */
const decide = (classNo: ClassNo, share: number): Command =>
  step(`decide(${CODES[classNo]}, ${share})`, classNo, async (book, world, on) => {
    const day = book.days[classNo];
    const redeemed = book.ofDay(classNo, "priced").filter((o) => o.kind === "plain");
    const asked = redeemed.reduce((sum, o) => sum + o.units, 0n);
    const cap = share > 100 ? null : (asked * BigInt(share)) / 100n;
    const decision = cap === null ? { gate: false } : { gate: true, cap_units: unitsText(cap) };
    const { code } = await outcomeOf(world, ENGINE, "fn_decide_lmt", { ...on, decision });
    const wanted = unless(day.status === "struck" || day.status === "lmt_decided");
    if (code === undefined) {
      Object.assign(day, { status: "lmt_decided", cap });
      if (cap !== null && cap > 0n && cap < asked) saw(`gate binds ${CODES[classNo]}`);
    }
    return { code, wanted };
  });

/** The steps of a day up to its gates. */
export const day = { open, lock, recheck, freeze, propose, approve, strike, decide };
export const classNo = fc.constantFrom<ClassNo>(0, 1);
export const cents = fc.bigInt({ min: 10_000_000n, max: 60_000_000n });
/** Hundredths of the NAV that are class A's. */
export const ofClassA = fc.integer({ min: 20, max: 90 });
export const gate = fc.nat({ max: 130 });
