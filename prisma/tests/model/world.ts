// The class under test in a real database, and how it looks from there: what the model is compared with after every command.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { type Args, AUDIT, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { DEALING_POLICY, LMT_POLICY, newClass } from "../dealing-day.ts";
import { type Fund, newFund, newInvestor } from "../synthetic-fund.ts";
import type { Book } from "./book.ts";

export const COMMANDER = agent("commander");
export const ENGINE = agent("liquidity-engine");
export const KYC = agent("kyc");
const INVESTORS = 4;
const HELD = 1_000n;
const DAY_MS = 86_400_000;
/** Fridays, four weeks apart. */
const FIRST = Date.UTC(2024, 1, 2);
export const dateOf = (day: number): string => new Date(FIRST + day * 28 * DAY_MS).toISOString().slice(0, 10);

/** Until when an order is in time: noon of the day, redemptions five business days (a week) before. */
export const deadlineOf = (day: number, direction: string): Date =>
  new Date(FIRST + day * 28 * DAY_MS + DAY_MS / 2 - (direction === "redemption" ? 7 * DAY_MS : 0));

export const unitsText = (scaled: bigint): string => `${scaled / 10_000n}.${String(scaled % 10_000n).padStart(4, "0")}`;
export const centsText = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;

export interface World {
  db: TestDatabase;
  fund: Fund;
  classId: string;
  investors: { id: string; actor: Actor }[];
  dayId: string;
  strikeId: string;
  proposal: { proposal_id: string; hash: string };
}

let people = 0;

/** A class of four investors, three of whom hold 1,000 units, in a fund whose past may be replayed; and its model. */
export async function newWorld(db: TestDatabase, book: Book): Promise<World> {
  await db.look("update platform_settings set value = 'true' where key = 'demo'");
  const fund = await newFund(db);
  const minimums = { initial: "0", additional: "0", redemption: "0", holding: "0" };
  const classId = await newClass(db, fund, "A", {
    ...DEALING_POLICY,
    frequency: "biweekly",
    on: { weekday: 5 },
    anchorDate: "2024-02-02",
    lockUp: { hardMonths: 0 },
    minimums,
  });
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
  const positions = investors
    .slice(1)
    .map(({ id }) => ({ investor_id: id, units: String(HELD), opened_on: "2023-01-16", price: "100" }));
  const { ledger_tx_id } = await db.value<{ ledger_tx_id: string }>(OPS, "fn_open_register", {
    share_class_id: classId,
    positions,
  });
  const rows = await db.look<{ lot_id: string; investor_id: string }>(
    "select lot_id, investor_id from lots where share_class_id = $1",
    [classId],
  );
  const units = HELD * 10_000n;
  book.lots = rows.map(({ lot_id, investor_id }) => ({
    id: lot_id,
    investor: investors.findIndex(({ id }) => id === investor_id),
    openedOn: "2023-01-16",
    issued: units,
    left: 0n,
  }));
  book.post({
    id: ledger_tx_id,
    by: "ops",
    lots: new Map(book.lots.map((lot) => [lot.id, units])),
    cash: new Map(),
    reversed: false,
    isReversal: false,
  });
  return { db, fund, classId, investors, dayId: "", strikeId: "", proposal: { proposal_id: "", hash: "" } };
}

/** The database's answer in the form of `shape(book)`. */
export async function look({ db, fund, classId, dayId }: World): Promise<Args> {
  const [row] = await db.look<{ world: Args }>(
    `select jsonb_build_object(
       'orders', (select coalesce(jsonb_object_agg(f.flow_id, concat_ws(' ', f.status, coalesce(trunc(f.filled_units * 10000), 0))), '{}') from fund_flows f where f.share_class_id = $1),
       'lots', (select jsonb_object_agg(l.lot_id, trunc(l.units_left * 10000)::text) from lots l where l.share_class_id = $1),
       'holdings', (select coalesce(jsonb_object_agg(h.investor_id, trunc(h.units * 10000)::text) filter (where h.units <> 0), '{}') from holdings h where h.share_class_id = $1),
       'outstanding', (select trunc(c.units_outstanding * 10000)::text from share_classes c where c.share_class_id = $1),
       'cash', (select coalesce(jsonb_object_agg(b.account, b.cents), '{}') from (select x.account, trunc(sum(x.amount) * 100)::text as cents from cash_balances x where x.fund_id = $2 group by 1) b),
       'day', coalesce((select d.status from dealing_days d where d.dealing_day_id::text = $3), 'none')) as world`,
    [classId, fund.fundId, dayId],
  );
  return row?.world ?? {};
}

/** What the model expects the database to say. */
export function shape(book: Book, world: World): Args {
  const holdings = world.investors
    .map(({ id }, i) => [id, book.holding(i)] as const)
    .filter(([, units]) => units !== 0n);
  return {
    orders: Object.fromEntries(book.orders.map((o) => [o.id, `${o.status} ${o.filled}`])),
    lots: Object.fromEntries(book.lots.map((lot) => [lot.id, String(lot.left)])),
    holdings: Object.fromEntries(holdings.map(([id, units]) => [id, String(units)])),
    outstanding: String(book.outstanding),
    cash: book.cash(),
    day: book.status,
  };
}

export const brokenIn = ({ db, fund }: World): Promise<Args[]> =>
  db.call(AUDIT, "fn_verify_invariants", { fund: fund.code });
