// Performance fees lived through, without Temporal: dealing days of a class under equalisation on a real database, against the books that `calc equalisation`
// keeps of the same events (R21, R22, R24), and against the series of `calc series` (R25), which give everybody what their own mark would.

import { type EqualisationInput, equalisation } from "@evergreen-fund/finance/fees/equalisation.ts";
import type { LotEvent } from "@evergreen-fund/finance/fees/lot-events.ts";
import { type SeriesInput, seriesAccounting } from "@evergreen-fund/finance/fees/series.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { expect, it } from "vitest";
import type { z } from "zod";
import { approve } from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { type Asked, feeFund } from "./fee-fund.ts";
import { OPS } from "./journeys.ts";
import { useRooms } from "./room-house.ts";

const rooms = useRooms();
const { house } = dealingRooms(rooms);

const RATE = "0.2";
const PERFORMANCE = { rate: RATE, hurdle: "0", catchUp: "1", method: "equalisation" };
const DAYS = ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30"] as const;
type Ruled = ReturnType<typeof equalisation>;
type Books = NonNullable<z.input<typeof EqualisationInput>["state"]>;
/** An event with the share of its lot that a redemption takes: series have other units. */
type Shared = LotEvent & { share?: string };

type Fund = Awaited<ReturnType<typeof feeFund>>;

/** Lots by who holds them, and what the manager is owed. */
async function registerOf({ fundId, classId, people }: Fund) {
  const names = new Map([...people].map(([who, id]) => [id, who]));
  const lots = await house().look<{ investor_id: string; units: string; reference: string; credit: string }>(
    `select investor_id, trim_scale(units_left)::text as units, trim_scale(coalesce(high_water, price))::text as reference, trim_scale(equalisation_credit)::text as credit
         from lots where share_class_id = $1 and units_left > 0`,
    [classId],
  );
  const [due] = await house().look<{ fees: string; mark: string }>(
    `select coalesce((select trim_scale(-sum(amount)) from cash_balances where fund_id = $1 and account = 'fee_payable'), 0)::text as fees, trim_scale(evergreen.class_mark($2))::text as mark`,
    [fundId, classId],
  );
  return {
    fees: due?.fees ?? "",
    highWater: due?.mark ?? "",
    lots: lots
      .map(({ investor_id, ...lot }) => ({ id: names.get(investor_id) ?? "", ...lot }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** The same numbers, whatever zeros stand behind them. */
const trimmed = (text: string): string => decimal(text).toFixed();

it("equalisation over four dealing days, a crystallisation and a distribution, is what calc keeps of them to the cent", {
  timeout: 300_000,
}, async () => {
  const fund = await feeFund(rooms, PERFORMANCE, ["first", "above", "below", "after", "late"]);
  let books: Books = {
    highWater: "100",
    assets: "100000.00",
    lots: [{ id: "first", units: "1000", reference: "100", credit: "0" }],
  };
  let mark = decimal("100000.00");
  let fees = decimal("0");
  const values = new Map<string, { value: string; units: string }>();
  const all: Shared[] = [{ kind: "subscribe", date: "2025-03-31", lot: "first", amount: "100000.00" }];

  /** Takes events through the rule, and holds what the database has to what the rule says. */
  async function ruled(events: LotEvent[]): Promise<Ruled["postings"]> {
    const postings: Ruled["postings"] = [];
    let now: Ruled | undefined;
    for (const event of events) {
      const held = "lot" in event ? books.lots.find(({ id }) => id === event.lot)?.units : undefined;
      const share =
        event.kind === "redeem"
          ? decimal(event.units ?? "0")
              .div(decimal(held ?? "1"))
              .toFixed(18)
          : undefined;
      all.push({ ...event, ...(share === undefined ? {} : { share }) });
      now = equalisation({ currency: "USD", rate: RATE, state: books, events: [event] });
      const lots = now.lots.map(({ value: _value, ...lot }) => lot);
      books = { highWater: now.highWater, assets: now.assets, lots };
      fees = fees.plus(decimal(now.fees));
      postings.push(...now.postings);
    }
    const seen = await registerOf(fund);
    const rows = (lots: Books["lots"]) =>
      lots
        .map(({ id, units, reference, credit }) => ({
          id,
          units: trimmed(units),
          reference: trimmed(reference),
          credit: decimal(credit).toFixed(12),
        }))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(rows(seen.lots)).toEqual(rows(books.lots));
    expect({ mark: trimmed(seen.highWater), fees: trimmed(seen.fees) }).toEqual({
      mark: trimmed(books.highWater),
      fees: fees.toFixed(),
    });
    // what everybody has, by the lots of the database
    const worth = equalisation({ currency: "USD", rate: RATE, state: { ...books, lots: seen.lots }, events: [] });
    const cents = (lots: { id: string; value: string }[]) =>
      Object.fromEntries(lots.map(({ id, value }) => [id, decimal(value).toFixed(2)]));
    expect(cents(worth.lots)).toEqual(cents(now?.lots ?? []));
    for (const { id, value, units } of worth.lots) values.set(id, { value, units });
    return postings;
  }
  /** A day of the class: its result, what is asked for, and the rule beside it. */
  async function dealt(date: string, result: string, orders: readonly Asked[], crystallise = false): Promise<void> {
    mark = mark.plus(decimal(result));
    const { dayId, fee } = await fund.day(date, mark.toFixed(2), orders);
    expect(fee).toBe(crystallise);
    const postings = await ruled([
      { kind: "result", date, amount: result },
      ...(crystallise ? [{ kind: "crystallise" as const, date }] : []),
      ...orders.map(
        ({ who, amount, units }): LotEvent =>
          amount === undefined
            ? { kind: "redeem", date, lot: who, ...(units === undefined ? {} : { units }) }
            : { kind: "subscribe", date, lot: who, amount },
      ),
    ]);
    const fills = await fund.fillsOf(dayId);
    const deals = postings.filter(({ kind }) => kind === "subscription" || kind === "redemption");
    const rows = (list: { who: string; price: string; net: string }[]) =>
      list
        .map(({ who, price, net }) => ({ who, price: trimmed(price), net: decimal(net).abs().toFixed(2) }))
        .sort((a, b) => (a.who < b.who ? -1 : 1));
    expect(rows(fills)).toEqual(
      rows(deals.map(({ lot, price, cash }) => ({ who: fund.people.get(lot) ?? "", price, net: cash }))),
    );
  }

  // 110 before the fee and 108 after it: who enters pays 110 and has a credit of 2 a unit
  await dealt(DAYS[0], "10000.00", [{ who: "above", amount: "55000.00" }]);
  // 99: below the mark; who enters has 99 as the reference, and who leaves gets nothing of a credit that is out of reach
  await dealt(DAYS[1], "-16500.00", [
    { who: "above", units: "100" },
    { who: "below", amount: "24750.00" },
  ]);
  // 108: the year is over; part of the credit is refunded, who entered below is charged, and orders deal after it
  await dealt(
    DAYS[2],
    "14850.00",
    [
      { who: "above", units: "50" },
      { who: "after", amount: "31234.56" },
    ],
    true,
  );
  const afterFee = await registerOf(fund);
  expect(Number(afterFee.highWater)).toBeGreaterThan(105);
  // a distribution of 2.00 lowers the mark and every reference; what was crystallised is not charged again
  const proposal = await rooms.database.rpc(OPS, "fn_propose_posting", {
    fund: fund.code,
    kind: "distribution",
    body: { share_class_id: fund.classId, ex_date: "2026-04-10", per_unit: "2" },
  });
  await approve(house(), proposal);
  const { amount } = await rooms.database.rpc(OPS, "fn_post_distribution", { proposal_id: proposal.proposal_id });
  // the rule is given the whole amount that 2.00 a unit is, and pays each lot down to the cent as the ledger did
  const units = books.lots.reduce((sum, lot) => sum.plus(decimal(lot.units)), decimal("0"));
  await ruled([{ kind: "distribute", date: "2026-04-10", amount: units.times("2").toFixed(4) }]);
  expect(decimal(amount).lte(units.times("2"))).toBe(true);
  await dealt(DAYS[3], "9000.00", [
    { who: "late", amount: "22000.00" },
    { who: "above", units: "20" },
  ]);
  expect(fees.gt(0)).toBe(true);

  expectOwnMarks(all, values);
});

/** R24 ≡ R25: everybody has what a series of their own would give them, but for the rounding of their unit postings. */
function expectOwnMarks(events: readonly Shared[], worth: ReadonlyMap<string, { value: string; units: string }>): void {
  let state: z.input<typeof SeriesInput>["state"] = [];
  let now: ReturnType<typeof seriesAccounting> | undefined;
  for (const { share, ...event } of events) {
    const held = now?.series.flatMap(({ lots }) => lots).find(({ id }) => "lot" in event && id === event.lot);
    const taken =
      share === undefined
        ? undefined
        : decimal(held?.units ?? "0")
            .times(decimal(share))
            .toFixed(4);
    now = seriesAccounting({
      currency: "USD",
      performance: { kind: "none", rate: RATE },
      rollUp: false,
      state,
      events: [event.kind === "redeem" ? { ...event, units: taken } : event],
      asOf: event.date,
    });
    state = now.series.map(({ id, assets, highWater, since, lots }) => ({
      id,
      assets,
      highWater,
      since,
      lots: lots.map(({ value: _value, ...lot }) => lot),
    }));
  }
  const own = now?.series.flatMap(({ lots }) => lots) ?? [];
  expect(own.map(({ id }) => id).sort()).toEqual([...worth.keys()].sort());
  for (const { id, value } of own) {
    const mine = worth.get(id);
    // k · (price · 10^-4 + units · ½ · 10^-4) with at most six postings at a price below 120
    const most = decimal(mine?.units ?? "0")
      .times("0.00005")
      .plus("0.012")
      .times(6);
    expect(
      decimal(value)
        .minus(decimal(mine?.value ?? "0"))
        .abs()
        .lte(most),
      id,
    ).toBe(true);
  }
}
