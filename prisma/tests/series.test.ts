// A class whose performance fee is by series, in SQL: a NAV whose series are not those of the register, and fills that are not at their prices, are refused.
import { describe, expect, it } from "vitest";
import { type Args, agent, refusedWith } from "./arrange.ts";
import {
  approve,
  classPrices,
  type Day,
  DEALING_POLICY,
  dealingDatabase,
  fills,
  NAV_BODY,
  openDay,
  strikeOf,
  TAKE,
  take,
} from "./dealing-day.ts";

const db = await dealingDatabase();
const POLICY = {
  ...DEALING_POLICY,
  fees: { performance: { rate: "0.2", hurdle: "0", catchUp: "1", method: "series" } },
};
const SERIES = {
  series: "2025-01-15@100",
  units: "1000",
  nav: "108000.00",
  nav_per_unit: "108",
  performance_accrued: "1000.00",
  high_water: "100",
  since: "2025-01-15",
};
const half = { ...SERIES, units: "500", nav: "54000.00", performance_accrued: "500.00" };

const propose = async (day: Day, series: unknown) =>
  db.value<{ proposal_id: string; hash: string }>(agent("commander"), "fn_propose_nav", {
    strike_id: await strikeOf(db, day.dayId),
    body: NAV_BODY,
    classes: classPrices(day.classId).map((row) => ({
      ...row,
      performance_accrued: "1000.00",
      ...(series === undefined ? {} : { series }),
    })),
  });
const frozen = async (): Promise<Day> => take(db, await openDay(db, { policy: POLICY }), "frozen");

describe("a NAV of a class by series", () => {
  const refused = async (series: unknown, policy: object = POLICY) => {
    const day = await take(db, await openDay(db, { policy }), "frozen");
    expect(await refusedWith(propose(day, series))).toBe("EG400");
    expect(await db.look("select 1 from series_navs n where n.share_class_id = $1", [day.classId])).toEqual([]);
  };
  it.each<[what: string, series: unknown]>([
    ["no series", undefined],
    ["an empty list", []],
    ["another name", [{ ...SERIES, series: "2025-01-15" }]],
    ["other units", [{ ...SERIES, units: "999" }]],
    ["a value that is not the class's", [{ ...SERIES, nav: "107999.99" }]],
    ["another fee", [{ ...SERIES, performance_accrued: "999.99" }]],
    ["a price that is not value over units", [{ ...SERIES, nav_per_unit: "108.0001" }]],
    ["another mark", [{ ...SERIES, high_water: "104" }]],
    ["another day of the hurdle", [{ ...SERIES, since: "2025-12-31" }]],
    ["one series twice", [half, half]],
  ])("with %s is refused", (_what, series) => refused(series));
  it("whose fee is not by series has none", () => refused([SERIES], DEALING_POLICY));
});

describe("fills by series", () => {
  const decided = async (): Promise<Day> => {
    const day = await frozen();
    const { proposal_id, hash } = await propose(day, [SERIES]);
    await approve(db, { proposal_id, hash });
    for (const step of ["struck", "decided"] as const) await TAKE[step](db, day);
    return day;
  };
  // 10,800.00 at the issue price of 100; 50 units at 108 with a twentieth of the fee of 1,000.00
  const rows = (day: Day, bought: Args = {}, sold: Args = {}): Args[] => {
    const [subscription, redemption] = fills(day);
    return [
      { ...subscription, filled_units: "108", high_water: "100", ...bought },
      { ...redemption, performance_fee: "50.00", ...sold },
    ];
  };
  const record = (day: Day, made: Args[]) =>
    db.call(agent("liquidity-engine"), "fn_record_allocations", {
      dealing_day_id: day.dayId,
      terms: {},
      fills: JSON.stringify(made),
    });

  it("are posted lot by lot, and name the first lots of their series", async () => {
    const day = await decided();
    await record(day, rows(day));
    await TAKE.posted(db, day);
    expect(
      await db.look(
        "select series, trim_scale(units_left)::text as units, trim_scale(high_water)::text as mark from lots where share_class_id = $1 order by series",
        [day.classId],
      ),
    ).toEqual([
      { series: "2025-01-15@100", units: "950", mark: null },
      { series: "2026-01-30", units: "108", mark: "100" },
    ]);
    const [sold] = await db.look<{ pieces: Args[] }>("select pieces from allocations where flow_id = $1", [
      day.redemption,
    ]);
    expect(sold?.pieces).toMatchObject([
      { series: "2025-01-15@100", units: "50", price: "108", amount: "5400.00", performance_fee: "50.00" },
    ]);
  });

  it.each<[what: string, bought: Args, sold: Args]>([
    ["a subscription at the price of the class", { filled_units: "100" }, {}],
    ["a mark that is not the issue price", { high_water: "108" }, {}],
    ["a subscription without a mark", { high_water: null }, {}],
    ["a subscription with a credit", { equalisation_credit: "1" }, {}],
    ["a redemption one cent off", {}, { gross_amount: "5399.99", net_amount: "5399.99" }],
    ["a redemption without its share of the fee", {}, { performance_fee: "0" }],
    ["a redemption with a credit", {}, { credit: "1.00", net_amount: "5401.00" }],
  ])("with %s are refused", async (_what, bought, sold) => {
    const day = await decided();
    expect(await refusedWith(record(day, rows(day, bought, sold)))).toBe("EG424");
  });
});
