// The two classes under test in a real database, and how they look from there: what the model is compared with after every command.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { type Args, AUDIT, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { DEALING_POLICY, LMT_POLICY, newClass } from "../dealing-day.ts";
import { type Fund, newFund, newInvestor } from "../synthetic-fund.ts";
import { type Book, CLASSES, type ClassNo, CODES } from "./book.ts";

export const COMMANDER = agent("commander");
export const ENGINE = agent("liquidity-engine");
export const KYC = agent("kyc");
const INVESTORS = 4;
/** Per class: who holds how many units since when. Each class has somebody who holds nothing of it. */
const HELD: Record<ClassNo, { investors: number[]; units: bigint; since: string }> = {
  0: { investors: [1, 2, 3], units: 1_000n, since: "2023-01-16" },
  1: { investors: [0, 1], units: 500n, since: "2023-06-16" },
};
/** 10^-4: what a class without units deals at. */
export const ISSUE_PRICE = 1_000_000n;
const DAY_MS = 86_400_000;
/** Fridays, four weeks apart. */
const FIRST = Date.UTC(2024, 1, 2);
export const dateOf = (day: number): string => new Date(FIRST + day * 28 * DAY_MS).toISOString().slice(0, 10);

/** Until when an order is in time: noon of the day, redemptions five business days (a week) before. */
export const deadlineOf = (day: number, direction: string): Date =>
  new Date(FIRST + day * 28 * DAY_MS + DAY_MS / 2 - (direction === "redemption" ? 7 * DAY_MS : 0));

/** 10^-4, of units or of a price. */
export const unitsText = (scaled: bigint): string => `${scaled / 10_000n}.${String(scaled % 10_000n).padStart(4, "0")}`;
export const centsText = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;

export interface World {
  db: TestDatabase;
  fund: Fund;
  classIds: [string, string];
  investors: { id: string; actor: Actor }[];
  dayIds: [string, string];
  strikeId: string;
  proposal: { proposal_id: string; hash: string };
}

let people = 0;

/** A fund whose past may be replayed, with two classes that four investors hold in part; and its model. */
export async function newWorld(db: TestDatabase, book: Book): Promise<World> {
  await db.look("update platform_settings set value = 'true' where key = 'demo'");
  const fund = await newFund(db);
  const minimums = { initial: "0", additional: "0", redemption: "0", holding: "0" };
  const policy = {
    ...DEALING_POLICY,
    frequency: "biweekly",
    on: { weekday: 5 },
    anchorDate: "2024-02-02",
    lockUp: { hardMonths: 0 },
    minimums,
  };
  const classIds: [string, string] = [
    await newClass(db, fund, CODES[0], policy),
    await newClass(db, fund, CODES[1], policy),
  ];
  await db.call(PM_ONE, "fn_set_lmt_policy", {
    fund: fund.code,
    pack: "free-form",
    body: LMT_POLICY,
    effective_from: "2020-01-01",
  });
  const investors = await Promise.all(
    Array.from({ length: INVESTORS }, async () => {
      const userId = `10000000-0000-4000-8000-${String(++people).padStart(12, "0")}`;
      return { id: await newInvestor(db, userId), actor: { role: "lp_role", userId } as Actor };
    }),
  );
  const world: World = {
    db,
    fund,
    classIds,
    investors,
    dayIds: ["", ""],
    strikeId: "",
    proposal: { proposal_id: "", hash: "" },
  };
  for (const classNo of CLASSES) await openRegister(world, book, classNo);
  return world;
}

async function openRegister({ db, classIds, investors }: World, book: Book, classNo: ClassNo): Promise<void> {
  const { investors: holders, units: whole, since } = HELD[classNo];
  const positions = holders.map((holder) => ({
    investor_id: investors[holder]?.id,
    units: String(whole),
    opened_on: since,
    price: unitsText(ISSUE_PRICE),
  }));
  const { ledger_tx_id } = await db.value<{ ledger_tx_id: string }>(OPS, "fn_open_register", {
    share_class_id: classIds[classNo],
    positions,
  });
  const rows = await db.look<{ lot_id: string; investor_id: string }>(
    "select lot_id, investor_id from lots where share_class_id = $1",
    [classIds[classNo]],
  );
  const units = whole * 10_000n;
  const lots = rows.map(({ lot_id, investor_id }) => ({
    id: lot_id,
    classNo,
    investor: investors.findIndex(({ id }) => id === investor_id),
    openedOn: since,
    price: ISSUE_PRICE,
    issued: units,
    left: 0n,
  }));
  book.lots.push(...lots);
  book.post({
    id: ledger_tx_id,
    by: "ops",
    lots: new Map(lots.map((lot) => [lot.id, units])),
    cash: new Map(),
    dealt: new Set(),
    reversed: false,
    isReversal: false,
  });
}

/** The database's answer in the form of `shape(book)`. */
export async function look({ db, fund, classIds, dayIds }: World): Promise<Args> {
  const [row] = await db.look<{ world: Args }>(
    `select jsonb_build_object(
       'orders', (select coalesce(jsonb_object_agg(f.flow_id, concat_ws(' ', f.status, c.code, f.investor_id, f.direction, f.order_kind,
           trunc(coalesce(f.filled_units, 0) * 10000), 'at', trunc(coalesce(f.price, 0) * 10000), 'net', trunc(coalesce(f.net_amount, 0) * 100))), '{}')
         from fund_flows f join share_classes c using (share_class_id) where f.fund_id = $1),
       'lots', (select jsonb_object_agg(l.lot_id, concat_ws(' ', c.code, l.investor_id, trunc(l.units_left * 10000), 'of', trunc(l.units_issued * 10000), 'since', l.opened_on,
           'at', trunc(l.price * 10000))) from lots l join share_classes c using (share_class_id) where c.fund_id = $1),
       'holdings', (select coalesce(jsonb_object_agg(c.code || ' ' || h.investor_id, trunc(h.units * 10000)::text) filter (where h.units <> 0), '{}')
         from holdings h join share_classes c using (share_class_id) where c.fund_id = $1),
       'outstanding', (select jsonb_agg(trunc(c.units_outstanding * 10000)::text order by c.code) from share_classes c where c.share_class_id = any ($2)),
       'cash', (select coalesce(jsonb_object_agg(b.account, b.cents), '{}') from (
           select concat_ws('/', x.account, x.investor_id) as account, trunc(sum(x.amount) * 100)::text as cents from cash_balances x where x.fund_id = $1
            group by 1 having sum(x.amount) <> 0) b),
       'days', (select coalesce(jsonb_object_agg(c.code, d.status), '{}') from dealing_days d join share_classes c using (share_class_id)
         where d.dealing_day_id::text = any ($3))) as world`,
    [fund.fundId, classIds, dayIds],
  );
  return row?.world ?? {};
}

/** What the model expects the database to say. */
export function shape(book: Book, world: World): Args {
  const id = (investor: number | string): string => world.investors[Number(investor)]?.id ?? "";
  const account = (key: string): string => {
    const [name, investor] = key.split("/");
    return investor === undefined ? String(name) : `${name}/${id(investor)}`;
  };
  const holdings = CLASSES.flatMap((classNo) =>
    world.investors.map((who, i) => [`${CODES[classNo]} ${who.id}`, book.holding(i, classNo)] as const),
  );
  return {
    orders: Object.fromEntries(
      book.orders.map((o) => [
        o.id,
        `${o.status} ${CODES[o.classNo]} ${id(o.investor)} ${o.direction} ${o.kind} ${o.filled} at ${o.price} net ${o.net}`,
      ]),
    ),
    lots: Object.fromEntries(
      book.lots.map((l) => [
        l.id,
        `${CODES[l.classNo]} ${id(l.investor)} ${l.left} of ${l.issued} since ${l.openedOn} at ${l.price}`,
      ]),
    ),
    holdings: Object.fromEntries(
      holdings.filter(([, units]) => units !== 0n).map(([key, units]) => [key, String(units)]),
    ),
    outstanding: CLASSES.map((classNo) => String(book.outstanding(classNo))),
    cash: Object.fromEntries(book.cash().map(([key, cents]) => [account(key), String(cents)])),
    days: Object.fromEntries(
      CLASSES.map((c) => [CODES[c], book.days[c].status] as const).filter(([, status]) => status !== "none"),
    ),
  };
}

export const brokenIn = ({ db, fund }: World): Promise<Args[]> =>
  db.call(AUDIT, "fn_verify_invariants", { fund: fund.code });
