// Stored statements against finance over random months: dealing with swing, levies and credits, distributions, performance fees crystallised lot by lot, a
// month restated. Every line that the database stored is the line that the capital account makes from the books.
import { fillLetters, StatementBody } from "@evergreen-fund/finance";
import { Fraction } from "@evergreen-fund/finance/fees/fraction.ts";
import { describe, expect, it } from "vitest";
import type { Args, Row } from "./arrange.ts";
import { broken, type DealingFund, dealingDatabase, dealingFund } from "./dealing-day.ts";
import { COMMANDER, consented, type LotOutcome } from "./postings.ts";
import { accountOf, booksOf, type Order, plain, prepare, restate, runDay, storedOn, whole } from "./statement-days.ts";
import { newInvestor } from "./synthetic-fund.ts";

const db = await dealingDatabase();
const DATES = ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"];
const ACCRUED = "50000.00";

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type OpenLot = {
  lot_id: string;
  credit: string;
  cents: string;
  high_water: string;
  low: boolean;
  price: string;
};

/** Crystallises what the strike accrued: refunds of parts of the credits there are, charges on lots below the mark. */
async function crystallise(on: DealingFund, strike_id: string, random: () => number): Promise<void> {
  const lots = await db.look<OpenLot>(
    `select l.lot_id, l.equalisation_credit::text as credit, trunc(l.units_left * n.nav_per_unit * 10)::text as cents, n.nav_per_unit::text as price,
            coalesce(l.high_water, l.price) < m.mark as low,
            case when n.nav + $3::numeric >= m.mark * n.units then greatest(m.mark, n.nav_per_unit)
              else greatest(coalesce(l.high_water, l.price), round(round(n.nav, 30) / n.units, 18)) end::text as high_water
       from lots l join class_navs n on n.strike_id = $2 and n.share_class_id = l.share_class_id cross join lateral (select evergreen.class_mark(l.share_class_id) as mark) m
      where l.share_class_id = $1 and l.units_left > 0 order by l.opened_on, l.units_left, l.lot_id`,
    [on.classId, strike_id, ACCRUED],
  );
  let fee = whole(ACCRUED, 2);
  const outcomes = lots.map((lot): LotOutcome => {
    const part = (of: bigint): bigint => (of * BigInt(Math.floor(random() * 100))) / 100n;
    const refund = part(whole(lot.credit, 2));
    const depreciation = lot.low ? part(BigInt(lot.cents)) : 0n;
    fee += depreciation - refund;
    const units = (cents: bigint): bigint => (cents * 1_000_000n) / whole(lot.price, 4);
    return {
      lot_id: lot.lot_id,
      refund: plain(refund, 2),
      depreciation: plain(depreciation, 2),
      change: plain(units(refund) - units(depreciation), 4),
      high_water: lot.high_water,
      credit: plain(whole(lot.credit, 18) - refund * 10n ** 16n, 18),
    };
  });
  const [mark] = await db.look(
    "select greatest(evergreen.class_mark($1), nav_per_unit)::text as high_water from class_navs where strike_id = $2 and share_class_id = $1",
    [on.classId, strike_id],
  );
  const body = { share_class_id: on.classId, strike_id, accrued: ACCRUED, fee: plain(fee, 2), lots: outcomes };
  await db.call(
    COMMANDER,
    "fn_crystallise_fee",
    await consented(db, on.fund, "crystallisation", { ...body, high_water: mark?.high_water }),
  );
}

interface Posted {
  dayId: string;
  date: string;
  /** Units and credit of every lot as they stood when the day was posted. */
  lots: Row[];
}

async function history(seed: number): Promise<{ on: DealingFund; days: Posted[] }> {
  const random = chance(seed);
  const pick = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const on = await dealingFund(db, {
    policy: { frequency: "monthly", cutOff: "12:00", timeZone: "UTC", pricing: "forward", units_dp: 4, price_dp: 4 },
  });
  const others = await Promise.all([1, 2, 3].map(() => newInvestor(db, null)));
  const days: Posted[] = [];
  let price = 1_000_000n;
  for (const date of DATES) {
    const orders: Order[] = [];
    for (const investor of [on.holder, ...others]) {
      const [held] = await db.look("select units from holdings where investor_id = $1", [investor]);
      const [waits] = await db.look(
        "select coalesce(sum(requested_units), 0) as units from fund_flows where investor_id = $1 and status = 'accepted'",
        [investor],
      );
      const free = whole(String(held?.units ?? "0"), 4) - whole(String(waits?.units ?? "0"), 4);
      const draw = random();
      if (draw < 0.5)
        orders.push({ investor, direction: "subscription", size: plain(BigInt(pick(100_00, 9_000_000)), 2) });
      else if (draw < 0.9 && free > 10n) {
        // half at most: a charge that is crystallised the same day takes units too
        const size = plain((free * BigInt(pick(1, 50))) / 100n || 1n, 4);
        orders.push({ investor, direction: "redemption", size });
      }
    }
    const [class_] = await db.look("select units_outstanding as units from share_classes where share_class_id = $1", [
      on.classId,
    ]);
    price = (price * BigInt(pick(9_000, 11_500))) / 10_000n;
    const nav = plain((whole(String(class_?.units), 4) * price) / 1_000_000n, 2);
    const dayId = await runDay(db, on, date, {
      nav,
      orders,
      swing: pick(-80, 80),
      levy: pick(0, 1) * pick(0, 100),
      fee: pick(0, 1) * pick(0, 200),
      credit: pick(0, 1) * pick(0, 300),
      filled: random() < 0.5 ? 10_000 : pick(1, 9_999),
      ...(random() < 0.7
        ? {
            fees: {
              management_fee: plain(BigInt(pick(0, 50_000)), 2),
              performance_fee: plain(BigInt(pick(0, 9_000)), 2),
              ...(random() < 0.5 ? { equalisation_per_unit: plain(BigInt(pick(0, 20_000)), 4) } : {}),
            },
          }
        : {}),
      ...(random() < 0.4 ? { accrued: ACCRUED, struck: (id: string) => crystallise(on, id, random) } : {}),
    });
    const lots = await db.look(
      "select lot_id, units_left::text as units, equalisation_credit::text as credit from lots where share_class_id = $1 and units_left > 0",
      [on.classId],
    );
    days.push({ dayId, date, lots });
    if (random() < 0.4) await distribute(on, date, plain(BigInt(pick(1, 30_000)), 4));
  }
  return { on, days };
}

async function distribute(on: DealingFund, date: string, per_unit: string): Promise<void> {
  const body: Args = { share_class_id: on.classId, ex_date: date, per_unit };
  await db.call(COMMANDER, "fn_post_distribution", await consented(db, on.fund, "distribution", body));
}

/** Credits that are told of a day, after all that came since, against those that were stored when it was posted. */
async function creditsNotAsTheyWere(on: DealingFund, days: readonly Posted[]): Promise<Row[]> {
  const wrong = days.map(({ date, lots }) =>
    db.look(
      `select w.lot_id, $2 as day, w.credit, round(c.credit * w.units / c.units, 12) as told from jsonb_to_recordset($3) w (lot_id uuid, units numeric, credit numeric)
         left join evergreen.lot_credits($1, array(select investor_id from lots where share_class_id = $1), array[$2::date]) c on c.lot_id = w.lot_id
        where abs(w.credit - coalesce(c.credit * w.units / c.units, 0)) > 1e-9`,
      [on.classId, date, JSON.stringify(lots)],
    ),
  );
  return (await Promise.all(wrong)).flat();
}

describe("stored statements against finance, over random months", () => {
  const seen = { distributed: 0, refunded: 0, charged: 0, credits: 0 };
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "seed %i: every line of every statement is that of the capital account, to the cent",
    async (seed) => {
      const { on, days } = await history(seed);
      if (seed % 2 === 0) await restate(db, on, DATES[2]!, { nav: "123456.78" });
      let compared = 0;
      for (const { dayId } of days) {
        await prepare(db, dayId);
        for (const row of await storedOn(db, dayId)) {
          const body = StatementBody.parse(row.body);
          const from = body.opening?.date ?? "2025-01-14";
          const books = await booksOf(db, on.classId, body.investorId);
          const account = accountOf(books, from, body.dealingDate);
          const within = books.entries.filter(
            ({ effectiveOn }) => effectiveOn > from && effectiveOn <= body.dealingDate,
          );
          if (within.some(({ kind }) => kind === "distribution")) seen.distributed += 1;
          const inUnits = within.filter(({ kind }) => kind === "equalisation");
          if (inUnits.some(({ equalisation }) => Number(equalisation) < 0)) seen.refunded += 1;
          if (inUnits.some(({ charge }) => Number(charge) > 0)) seen.charged += 1;
          if (books.lots.some(({ equalisation }) => Number(equalisation) > 0)) seen.credits += 1;
          expect({ seed, lines: body.account.lines, units: body.account.units }).toEqual({
            seed,
            lines: account.lines,
            units: account.units,
          });
          const sum = Fraction.sum(account.lines.slice(0, -1).map(({ amount }) => Fraction.of(amount)));
          expect(sum.text(2)).toBe(account.foot.closing);
          expect(fillLetters(body).letters).toHaveLength(body.fills.length);
          compared += 1;
        }
      }
      expect(compared).toBeGreaterThan(8);
      // the whole history in one statement, for everybody, whatever was restated
      const stored = (await Promise.all(days.map(({ dayId }) => storedOn(db, dayId)))).flat();
      for (const investor of new Set(stored.map((row) => String(row.investor_id)))) {
        const all = accountOf(await booksOf(db, on.classId, investor), "2025-01-14", DATES.at(-1)!);
        const [held] = await db.look("select round(units, 4)::text as units from holdings where investor_id = $1", [
          investor,
        ]);
        expect(all.units.closing).toBe(String(held?.units ?? "0.0000"));
      }
      expect(await creditsNotAsTheyWere(on, days)).toEqual([]);
      expect(await broken(db, on.fund)).toEqual([]);
    },
  );

  it("had distributions, refunds, charges and credits in them", () => {
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(5);
  });
});
