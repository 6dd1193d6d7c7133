// Dealing days one after the other on a synthetic class, each through its own functions, with whatever price, swing, charges and fills a test wants.
// Figures that the functions hold to the rules are computed here from the rules, in whole units of the last place.
import { capitalAccount, type Statement, StatementBody, type StatementInput } from "@evergreen-fund/finance";
import type { z } from "zod";
import { type Args, agent, OPS, type Row, type TestDatabase } from "./arrange.ts";
import { approve, type DealingFund, openDealingDay, ordered, strikeOf } from "./dealing-day.ts";

const COMMANDER = agent("commander");
const ENGINE = agent("liquidity-engine");
/** Prices and units have four decimals, money two. */
const PLACE = 10_000n;

/** "12.3456" as a whole number of its last place. */
export const whole = (text: string, places: number): bigint => {
  const [left = "0", right = ""] = text.split(".");
  return BigInt(left + right.padEnd(places, "0").slice(0, places));
};
export const plain = (value: bigint, places: number): string => {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
};
const halfUp = (value: bigint, by: bigint): bigint => (2n * value + by) / (2n * by);

export interface Order {
  investor: string;
  direction: "subscription" | "redemption";
  /** Money of a subscription, units of a redemption. */
  size: string;
}
export interface DayPlan {
  /** Value of the class at the strike. */
  nav: string;
  orders?: readonly Order[];
  /** Ten-thousandths: the dealing price against NAV per unit, the levy and the fee as shares of the gross amount, and how much of a redemption is filled. */
  swing?: number;
  levy?: number;
  fee?: number;
  /** Equalisation: what a buyer pays for a credit, and what a seller is paid of one. */
  credit?: number;
  filled?: number;
  /** Money that the class was charged since the strike before. */
  fees?: { management_fee?: string; performance_fee?: string; equalisation_per_unit?: string };
  /** Performance fee that the fund has accrued at the strike. */
  accrued?: string;
  /** Other classes of the fund as they are struck. */
  others?: readonly { share_class_id: string; nav: string; nav_per_unit: string }[];
  /** What happens between the strike and the posting. */
  struck?: (strikeId: string) => Promise<unknown>;
}

const priceOf = (nav: string, units: string): bigint => halfUp(whole(nav, 2) * 100n * PLACE, whole(units, 4));

async function strike(db: TestDatabase, on: DealingFund, strike_id: string, plan: DayPlan): Promise<void> {
  const [register] = await db.look(
    "select units from class_navs where strike_id = (select supersedes from nav_strikes where strike_id = $1)",
    [strike_id],
  );
  const [class_] = await db.look("select units_outstanding from share_classes where share_class_id = $1", [on.classId]);
  const price = priceOf(plan.nav, String(register?.units ?? class_?.units_outstanding));
  const nav = totalOf(plan);
  const [gross, fee] = [whole(nav, 2) + whole(plan.accrued ?? "0", 2), plan.accrued ?? "0"];
  const proposal = await db.value<{ proposal_id: string; hash: string }>(COMMANDER, "fn_propose_nav", {
    strike_id,
    body: { total_assets: plain(gross, 2), liabilities: "0", gnav: plain(gross, 2), performance_fee: fee, nav },
    classes: [
      {
        share_class_id: on.classId,
        nav: plan.nav,
        nav_per_unit: plain(price, 4),
        performance_accrued: fee,
        ...plan.fees,
      },
      ...(plan.others ?? []),
    ],
  });
  await approve(db, { proposal_id: proposal.proposal_id, hash: proposal.hash });
  await db.call(COMMANDER, "fn_strike_nav", { strike_id });
}

const totalOf = ({ nav, others = [] }: DayPlan): string =>
  plain(
    [nav, ...others.map((other) => other.nav)].reduce((total, each) => total + whole(each, 2), 0n),
    2,
  );

const inputs = (plan: DayPlan, date: string): Args[] => {
  const value = plain(whole(totalOf(plan), 2) + whole(plan.accrued ?? "0", 2), 2);
  return [{ kind: "cash", label: "bank", value, as_of: date, source: "statement" }];
};

/** Takes a day from its orders to its posting; answers its id. */
export async function runDay(db: TestDatabase, on: DealingFund, date: string, plan: DayPlan): Promise<string> {
  for (const { investor, direction, size } of plan.orders ?? [])
    await ordered(db, on, investor, {
      direction,
      ...(direction === "subscription" ? { amount: size } : { units: size }),
    });
  const dealing_day_id = await openDealingDay(db, on, date);
  await db.call(COMMANDER, "fn_lock_orders", { dealing_day_id });
  await db.call(agent("kyc"), "fn_recheck_orders", { dealing_day_id });
  await db.call(COMMANDER, "fn_freeze_nav_inputs", {
    fund: on.fund.code,
    nav_date: date,
    inputs: inputs(plan, date),
  });
  await strike(db, on, await strikeOf(db, dealing_day_id), plan);
  await plan.struck?.(await strikeOf(db, dealing_day_id));
  const fills = await fillsOf(db, dealing_day_id, plan);
  await db.call(ENGINE, "fn_decide_lmt", { dealing_day_id, decision: decisionOf(plan, fills) });
  const swing = plain(BigInt(plan.swing ?? 0), 4);
  await db.call(ENGINE, "fn_record_allocations", {
    dealing_day_id,
    terms: { swing_sub: swing, swing_red: swing },
    fills: JSON.stringify(fills),
  });
  await db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id });
  return dealing_day_id;
}

/** The gate that gives these fills: its cap is what they pay, for a gate never pays less than it may (R6). */
function decisionOf(plan: DayPlan, fills: readonly Args[]): Args {
  const part = BigInt(plan.filled ?? 10_000);
  if (part >= PLACE) return { gate: false };
  const paid = fills.reduce(
    (sum, { requested_units, filled_units }) => (requested_units ? sum + whole(String(filled_units), 4) : sum),
    0n,
  );
  return { gate: true, cap_units: plain(paid, 4), fraction: plain(part, 4) };
}

async function fillsOf(db: TestDatabase, dayId: string, plan: DayPlan): Promise<Args[]> {
  const orders = await db.look<{
    flow_id: string;
    direction: string;
    amount: string | null;
    units: string | null;
    price: string;
  }>(
    `select f.flow_id, f.direction, f.amount, f.requested_units as units, n.nav_per_unit as price from fund_flows f join dealing_days d using (dealing_day_id)
       join class_navs n on n.strike_id = d.strike_id and n.share_class_id = f.share_class_id where d.dealing_day_id = $1`,
    [dayId],
  );
  return orders.map(({ flow_id, direction, amount, units, price }) => {
    const dealt = halfUp(whole(price, 4) * (PLACE + BigInt(plan.swing ?? 0)), PLACE);
    const charge = (gross: bigint, rate: number | undefined): bigint => halfUp(gross * BigInt(rate ?? 0), PLACE);
    if (direction === "subscription") {
      const gross = whole(String(amount), 2);
      const credit = charge(gross, plan.credit);
      const [levy, fee] = [charge(gross, plan.levy), charge(gross, plan.fee) + credit];
      const net = gross - levy - fee;
      return {
        flow_id,
        cohort: "full",
        equalisation_credit: plain(credit, 2),
        filled_units: plain((net * 100n * PLACE) / dealt, 4),
        ...money(gross, levy, fee, net),
      };
    }
    const asked = whole(String(units), 4);
    const filled = (asked * BigInt(plan.filled ?? 10_000)) / PLACE;
    const gross = (filled * dealt) / (PLACE * 100n);
    const [levy, fee, credit] = [plan.levy, plan.fee, plan.credit].map((rate) => charge(gross, rate)) as [
      bigint,
      bigint,
      bigint,
    ];
    return {
      flow_id,
      cohort: "full",
      credit: plain(credit, 2),
      requested_units: plain(asked, 4),
      filled_units: plain(filled, 4),
      carried_units: plain(asked - filled, 4),
      ...money(gross, levy, fee, gross - levy - fee + credit),
      ...(filled < asked ? { reason: "gate" } : {}),
    };
  });
}

const money = (gross: bigint, levy: bigint, fee: bigint, net: bigint): Args => ({
  gross_amount: plain(gross, 2),
  levy: plain(levy, 2),
  fee: plain(fee, 2),
  net_amount: plain(net, 2),
});

/** Corrects the NAV of a day that is final. */
export async function restate(db: TestDatabase, on: DealingFund, date: string, plan: DayPlan): Promise<void> {
  const [final] = await db.look(
    "select strike_id from nav_strikes where fund_id = $1 and nav_date = $2 and state = 'final'",
    [on.fund.fundId, date],
  );
  const { strike_id } = await db.value<{ strike_id: string }>(OPS, "fn_restate_nav", {
    strike_id: final?.strike_id,
    inputs: inputs(plan, date),
    reason: "a mark was wrong",
  });
  await strike(db, on, strike_id, plan);
}

export const prepare = (db: TestDatabase, dealing_day_id: string): Promise<Row> =>
  db.value<Row>(COMMANDER, "fn_prepare_statements", { dealing_day_id });

export type Books = z.input<typeof StatementInput> & { feesStated: boolean };

/** The statement of a period made outside the database, from the books it hands out. */
export function accountOf(books: Books, from: string, to: string): Statement {
  const { currency, unitsDp, investor, knownOn, entries, lots, strikes } = books;
  return capitalAccount({ currency, unitsDp, investor, knownOn, entries, lots, strikes, from, to });
}

/** Every version of every statement of a day. */
export const storedOn = (db: TestDatabase, dayId: string): Promise<Row[]> =>
  db.look(
    "select investor_id, version, supersedes, body, hash from statements where dealing_day_id = $1 order by investor_id, version",
    [dayId],
  );

export async function latestStatement(db: TestDatabase, dayId: string, investor: string): Promise<StatementBody> {
  const rows = (await storedOn(db, dayId)).filter((row) => row.investor_id === investor);
  return StatementBody.parse(rows.at(-1)?.body);
}

export const linesOf = (body: { account: { lines: { line: string; amount: string }[] } }): Record<string, string> =>
  Object.fromEntries(body.account.lines.map(({ line, amount }) => [line, amount]));

export const booksOf = (
  db: TestDatabase,
  share_class_id: string,
  investor_id: string,
  known_on?: string,
): Promise<Books> =>
  db.value<Books>(OPS, "fn_statement_books", { investor_id, share_class_id, ...(known_on ? { known_on } : {}) });
