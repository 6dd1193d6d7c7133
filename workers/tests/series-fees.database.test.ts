// A class by series lived through, without Temporal: four dealing dates on a real database with a hurdle and a catch-up (R23), against the books that
// `calc series` (R25) keeps of the same events; prices, fees, marks and everybody's value to the cent.
import { openHouse } from "@evergreen-fund/cli/test-house.ts";
import type { LotEvent } from "@evergreen-fund/finance/fees/lot-events.ts";
import { type SeriesInput, seriesAccounting } from "@evergreen-fund/finance/fees/series.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { StatementInput } from "@evergreen-fund/finance/statement/books.ts";
import { capitalAccount } from "@evergreen-fund/finance/statement/capital-account.ts";
import { fillLetters } from "@evergreen-fund/finance/statement/fill-letter.ts";
import { StatementBody } from "@evergreen-fund/finance/statement/statement-body.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { approve } from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { type Asked, feeFund } from "./fee-fund.ts";
import { OPS } from "./journeys.ts";
import type { RoomHouse } from "./room-house.ts";

const house = await openHouse();
const database = openDatabase({ url: house.db.database.urlFor("evergreen_app") });
const rooms = { database, adminUrl: house.db.database.adminUrl } as RoomHouse;
const fees = dealingRooms(rooms);
const { look } = fees;
afterAll(() => database.close());
const PERFORMANCE = { rate: "0.2", hurdle: "0.05", catchUp: "0.5", method: "series" };
const RULE = {
  currency: "USD",
  performance: { kind: "partial", rate: "0.2", catchUp: "0.5" },
  hurdle: { rate: "0.05", compounding: "annual", dayCount: "act/365" },
} as const;
const DAYS = ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30"] as const;
const Verdict = z.object({
  ok: z.boolean(),
  days: z.array(
    z.object({ checks: z.array(z.object({ check: z.string(), ok: z.boolean().nullable(), says: z.string() })) }),
  ),
});
const Performance = z.object({ window: z.object({ closing: z.string() }) });
type Books = NonNullable<z.input<typeof SeriesInput>["state"]>;
type Ruled = ReturnType<typeof seriesAccounting>;
const text = (value: string): string => decimal(value).toFixed();

it("four dealing dates, a crystallisation and a roll-up are what calc keeps of them to the cent", {
  timeout: 300_000,
}, async () => {
  const fund = await feeFund(rooms, PERFORMANCE, ["first", "above", "below", "after", "late"]);
  const opened = "2025-03-31@100";
  let books: Books = [
    {
      id: opened,
      assets: "100000.00",
      highWater: "100",
      since: "2025-03-31",
      lots: [{ id: "first/1", units: "1000" }],
    },
  ];
  let mark = decimal("100000.00");
  let fees = decimal("0");
  let values = new Map<string, string>();
  const owner = (lot: string): string => lot.split("/")[0] ?? "";

  function ruled(events: LotEvent[], asOf: string): Ruled {
    const now = seriesAccounting({ ...RULE, state: books, events, asOf });
    books = now.series.map(({ id, assets, highWater, since, lots }) => ({
      id,
      assets,
      highWater,
      since,
      lots: lots.map(({ value: _value, ...lot }) => lot),
    }));
    fees = fees.plus(decimal(now.fees));
    return now;
  }

  /** One dealing date: what was struck, what was taken, what was dealt and what everybody has after it. */
  async function dealt(
    date: string,
    result: string,
    orders: readonly (Asked & { lots: readonly (readonly [string, string])[] })[],
    crystallise = false,
  ): Promise<void> {
    mark = mark.plus(decimal(result));
    const day = await fund.day(date, mark.toFixed(2), orders, () => refusedOtherwise(fund));
    expect(day.fee).toBe(crystallise);
    const struck = ruled([{ kind: "result", date, amount: result }], date);
    const seen = await look<Record<string, string>>(
      `select series, trim_scale(n.units)::text as units, n.nav::numeric(38,2)::text as nav, trim_scale(n.nav_per_unit)::text as price,
              n.performance_accrued::numeric(38,2)::text as fee, trim_scale(high_water)::text as mark, since::text
         from series_navs n join dealing_days d using (strike_id) where d.dealing_day_id = $1 order by series`,
      [day.dayId],
    );
    const byId = <T extends { series: string }>(rows: T[]): T[] =>
      [...rows].sort((a, b) => (a.series < b.series ? -1 : 1));
    expect(byId(seen as { series: string }[])).toEqual(
      byId(
        struck.series.map((row) => ({
          series: row.id,
          units: text(row.units),
          nav: decimal(row.assets).minus(decimal(row.accruedFee)).toFixed(2),
          price: text(row.navPerUnit),
          fee: decimal(row.accruedFee).toFixed(2),
          mark: text(row.highWater),
          since: row.since,
        })),
      ),
    );
    if (crystallise) {
      const { postings } = ruled([{ kind: "crystallise", date }], date);
      expect(postings.map(({ kind }) => kind)).toContain("roll_up");
      const paid = new Map<string, string>();
      for (const { lot, cash } of postings)
        paid.set(
          owner(lot),
          decimal(paid.get(owner(lot)) ?? "0")
            .plus(decimal(cash))
            .toFixed(2),
        );
      const refunds = await look<{ who: string; cash: string }>(
        `select m.investor_id as who, (-m.amount)::numeric(38,2)::text as cash from cash_movements m where m.fund_id = $1 and m.reference = 'roll-up' and m.account = 'refunds_payable'`,
        [fund.fundId],
      );
      expect(new Map(refunds.map(({ who, cash }) => [who, cash]))).toEqual(
        new Map([...paid].filter(([, cash]) => cash !== "0.00").map(([who, cash]) => [fund.people.get(who), cash])),
      );
    }
    const now = ruled(
      orders.flatMap(({ amount, lots }) =>
        lots.map(
          ([lot, units]): LotEvent =>
            amount === undefined ? { kind: "redeem", date, lot, units } : { kind: "subscribe", date, lot, amount },
        ),
      ),
      date,
    );
    const fills = await look<{ who: string; net: string; fee: string }>(
      "select investor_id as who, net_amount::numeric(38,2)::text as net, performance_fee::numeric(38,2)::text as fee from allocations where dealing_day_id = $1 order by 1",
      [day.dayId],
    );
    const due = new Map<string, { net: string; fee: string }>();
    for (const { lot, cash, fee } of now.postings) {
      const who = fund.people.get(owner(lot)) ?? "";
      const before = due.get(who) ?? { net: "0", fee: "0" };
      due.set(who, {
        net: decimal(before.net).plus(decimal(cash).abs()).toFixed(2),
        fee: decimal(before.fee).plus(decimal(fee)).toFixed(2),
      });
    }
    expect(fills).toEqual([...due].map(([who, row]) => ({ who, ...row })).sort((a, b) => (a.who < b.who ? -1 : 1)));
    // lot by lot: units, series, mark, hurdle; and what the manager is owed
    const lots = await look<Record<string, string>>(
      `select l.investor_id as who, l.series, trim_scale(l.units_left)::text as units, trim_scale(coalesce(l.high_water, l.price))::text as mark,
              coalesce(l.hurdle_from, l.opened_on)::text as since from lots l where l.share_class_id = $1 and l.units_left > 0`,
      [fund.classId],
    );
    const sorted = (rows: Record<string, string>[]): string[] =>
      rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort();
    expect(sorted(lots)).toEqual(
      sorted(
        now.series.flatMap((row) =>
          row.lots.map(({ id, units }) => ({
            who: fund.people.get(owner(id)) ?? "",
            series: row.id,
            units: text(units),
            mark: text(row.highWater),
            since: row.since,
          })),
        ),
      ),
    );
    // what everybody has been told to have: units × price of the own series
    const worth = new Map<string, string>();
    for (const row of now.series)
      for (const { id, units } of row.lots) {
        const who = fund.people.get(owner(id)) ?? "";
        const value = decimal(units).times(decimal(row.navPerUnit));
        worth.set(
          who,
          decimal(worth.get(who) ?? "0")
            .plus(value)
            .toFixed(),
        );
      }
    const told = await look<{ who: string; closing: string; body: unknown }>(
      "select investor_id as who, body #>> '{account,foot,closing}' as closing, body from statements where dealing_day_id = $1",
      [day.dayId],
    );
    // a letter recomputes what it tells
    for (const { body } of told) fillLetters(StatementBody.parse(body));
    expect(new Set(told.map(({ who }) => who))).toEqual(new Set(orders.map(({ who }) => fund.people.get(who))));
    for (const { who, closing } of told) expect(closing).toBe(decimal(worth.get(who) ?? "0").toFixed(2));
    values = worth;
    // and the verifier computes all of it from the public rows
    const verdict = await house.json("audit1", Verdict, ["deal", "verify", "--fund", fund.code, "--date", date]);
    expect(verdict.days.flatMap(({ checks }) => checks.filter(({ ok }) => ok !== true))).toEqual([]);
    const [owed] = await look<{ fees: string }>(
      "select coalesce(-sum(amount), 0)::numeric(38,2)::text as fees from cash_balances where fund_id = $1 and account = 'fee_payable'",
      [fund.fundId],
    );
    expect(owed?.fees).toBe(fees.toFixed(2));
  }

  // 110 before a fee that has caught up in part; who enters pays 100 and has a series of their own
  await dealt(DAYS[0], "10000.00", [{ who: "above", amount: "55000.00", lots: [["above/1", ""]] }]);
  // a loss: nobody owes a fee; who enters twice has two series, who leaves has the price of the own one
  await dealt(DAYS[1], "-16500.00", [
    { who: "above", units: "100", lots: [["above/1", "100"]] },
    { who: "below", amount: "24750.13", lots: [["below/1", ""]] },
  ]);
  // the year is over: who passed the hurdle pays; two series stand at their mark and become one
  await dealt(
    DAYS[2],
    "14850.00",
    [
      { who: "first", units: "60", lots: [["first/1", "60"]] },
      { who: "above", amount: "31234.56", lots: [["above/2", ""]] },
    ],
    true,
  );
  // a redemption over two series: each lot at its own price, with its part of the fee
  await dealt(DAYS[3], "9123.45", [
    { who: "late", amount: "22000.00", lots: [["late/1", ""]] },
    {
      who: "above",
      units: "470",
      lots: [
        ["above/1", "450"],
        ["above/2", "20"],
      ],
    },
    { who: "below", units: "7.5", lots: [["below/1", "7.5"]] },
  ]);
  expect(fees.gt(0)).toBe(true);

  await everyMutantIsFound(fund);
  // the NAV on which the fee was taken: its series went on from there
  const [last] = await look<{ strike_id: string }>(
    "select strike_id from nav_strikes where fund_id = $1 and nav_date = $2",
    [fund.fundId, DAYS[2]],
  );
  await expect(
    database.rpc(OPS, "fn_restate_nav", { strike_id: last?.strike_id ?? "", inputs: [], reason: "a wrong mark" }),
  ).rejects.toMatchObject({ code: "EG428", message: expect.stringMatching(/by series/) });
  // performance ends with what everybody has, series by series
  for (const [who, worth] of values) {
    const told = await house.json("ops1", Performance, [
      ...["performance", "--fund", fund.code, "--investor", who, "--to", DAYS[3], "--subscription-line", "none"],
    ]);
    expect(decimal(told.window.closing).toFixed(2)).toBe(decimal(worth).toFixed(2));
  }
  // the whole time again, from the entries and strikes of everybody's own series
  for (const [who, worth] of values) {
    const books = await rooms.database.rpc(OPS, "fn_statement_books", {
      investor_id: who,
      share_class_id: fund.classId,
    });
    const { fund: _fund, shareClass: _class, feesStated: _fees, takenOver: _taken, ...own } = books;
    const from = own.strikes[0]?.date ?? "";
    if (from === DAYS[3]) continue;
    const statement = capitalAccount(StatementInput.parse({ ...own, from, to: DAYS[3] }));
    expect(statement.foot).toEqual({ sum: decimal(worth).toFixed(2), closing: decimal(worth).toFixed(2), ok: true });
  }
});

type Body = { fee: string; series: Record<string, string>[]; lots: Record<string, string>[] };
/** What two people approved of a fee by series, and what is wrong with it. */
const OTHERWISE: readonly (readonly [says: RegExp, change: (body: Body) => Partial<Body>])[] = [
  [/series are missing, unknown/, ({ series }) => ({ series: series.slice(1) })],
  [
    /series are missing, unknown/,
    ({ series }) => ({ series: series.map((row, i) => (i === 0 ? { ...row, high_water: "1000" } : row)) }),
  ],
  [
    /series are missing, unknown/,
    ({ series }) => ({ series: series.map((row, i) => (i === 0 ? { ...row, since: "2025-03-31" } : row)) }),
  ],
  [/not the sum of its series/, () => ({ fee: "0.01" })],
  [
    /series are rolled that do not stand at their mark/,
    ({ series }) => ({ series: series.map((row) => ({ ...row, rolled_into: "2025-03-31@100" })) }),
  ],
  [
    /series are rolled that do not stand at their mark/,
    ({ series }) => ({ series: series.map(({ rolled_into: _into, ...row }) => row) }),
  ],
  [
    /not exchanged at the prices/,
    ({ lots }) => ({
      lots: lots.map((row) => ({
        ...row,
        change: decimal(row.change ?? "0")
          .plus("1")
          .toFixed(),
      })),
    }),
  ],
  [/not exchanged at the prices|at their mark/, () => ({ lots: [] })],
];

/** Of the fee that waits for its approvals: whatever is changed in it is not posted, and nothing of it stays. */
async function refusedOtherwise({ code, fundId }: Awaited<ReturnType<typeof feeFund>>): Promise<void> {
  const [asked] = await look<{ body: Body }>(
    "select body from proposals where fund_id = $1 and kind = 'crystallisation' and status = 'pending'",
    [fundId],
  );
  for (const [says, change] of OTHERWISE) {
    const body = { ...asked?.body, ...change(asked?.body as Body) };
    const proposal = await database.rpc(OPS, "fn_propose_posting", { fund: code, kind: "crystallisation", body });
    await approve(fees.house(), proposal);
    await expect(
      database.rpc(OPS, "fn_crystallise_fee", { proposal_id: proposal.proposal_id }),
      String(says),
    ).rejects.toMatchObject({ code: "EG424", message: expect.stringMatching(says) });
    await look(
      `begin; set local session_replication_role = replica; delete from approvals where proposal_id = '${proposal.proposal_id}';
       delete from proposals where proposal_id = '${proposal.proposal_id}'; commit`,
    );
  }
}

/** Rows changed behind the functions' back, as nobody can: what the verifier fails on, and what the checker says. */
const MUTANTS: readonly (readonly [what: string, sql: string, check: string, says: string])[] = [
  [
    "the price of a series",
    "update series_navs set nav_per_unit = nav_per_unit + 0.0001 where series = '2026-01-30' and strike_id = $1",
    "NAV per unit",
    "the price of a series is not its value over its units",
  ],
  [
    "value moved from one series to another",
    `update series_navs set nav = nav + case series when '2026-01-30' then 5 else -5 end, nav_per_unit = round((nav + case series when '2026-01-30' then 5 else -5 end) / units, 4)
      where series in ('2026-01-30', '2026-03-31') and strike_id = $1`,
    "NAV per unit",
    "the pieces are not what the order got at the prices of their series",
  ],
  [
    "a fee that one series owes put on another",
    `update series_navs set performance_accrued = performance_accrued + case series when '2026-03-31' then -1 else 1 end, nav = nav + case series when '2026-03-31' then 1 else -1 end,
            nav_per_unit = round((nav + case series when '2026-03-31' then 1 else -1 end) / units, 4) where series in ('2026-01-30', '2026-03-31') and strike_id = $1`,
    "NAV per unit",
    "the pieces are not what the order got at the prices of their series",
  ],
  [
    "a series left out",
    "delete from series_navs where series = '2026-03-31' and strike_id = $1",
    "NAV per unit",
    "the series do not sum to the class",
  ],
  [
    "one cent of a piece",
    `update allocations set pieces = jsonb_set(pieces, '{0,amount}', to_jsonb(((pieces #>> '{0,amount}')::numeric + 0.01)::text)), gross_amount = gross_amount + 0.01, net_amount = net_amount + 0.01
      where jsonb_array_length(pieces) = 2 and dealing_day_id in (select dealing_day_id from dealing_days where strike_id = $1)`,
    "cash",
    "the pieces are not what the order got at the prices of their series",
  ],
  [
    "the mark of one lot",
    "update lots set high_water = high_water + 1 where lot_id = (select min(lot_id::text)::uuid from lots where series = '2025-03-31@100' and units_left > 0 and $1::uuid is not null)",
    "",
    "lots of one series stand at different marks",
  ],
];

async function everyMutantIsFound({ code, fundId }: Awaited<ReturnType<typeof feeFund>>): Promise<void> {
  const tables = ["series_navs", "allocations", "lots"] as const;
  const behind = (sql: string) => look(`begin; set local session_replication_role = replica; ${sql}; commit`);
  const [strike] = await look<{ strike_id: string }>(
    "select strike_id from nav_strikes where fund_id = $1 and nav_date = $2 and state = 'final'",
    [fundId, DAYS[3]],
  );
  await look(
    `create schema kept; ${tables.map((name) => `create table kept.${name} as table public.${name}`).join("; ")}`,
  );
  for (const [what, sql, check, says] of MUTANTS) {
    await behind(sql.replaceAll("$1", `'${strike?.strike_id}'`));
    const verdict = await house.json(
      "audit1",
      Verdict,
      ["deal", "verify", "--fund", code, "--date", DAYS[3]],
      check === "" ? 0 : 1,
    );
    const wrong = verdict.days.flatMap(({ checks }) => checks.filter(({ ok }) => ok === false));
    if (check !== "")
      expect(
        wrong.map((row) => row.check),
        what,
      ).toContain(check);
    const broken = await look<{ detail: string }>("select detail from evergreen.broken_books($1)", [fundId]);
    expect(
      broken.map(({ detail }) => detail),
      what,
    ).toContain(says);
    await behind(
      tables
        .map((name) => `delete from public.${name}; insert into public.${name} select * from kept.${name}`)
        .join("; "),
    );
  }
  await look("drop schema kept cascade");
}
