// A NAV that was wrong in a class by series (R25, R30), on a real database, every figure by hand: each redemption is put right at the price of its own series,
// too high and too low, and the next NAV stands on it series by series.
import { openHouse } from "@evergreen-fund/cli/test-house.ts";
import { compensationLetters } from "@evergreen-fund/finance/statement/compensation-letter.ts";
import { StatementBody } from "@evergreen-fund/finance/statement/statement-body.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { feeFund } from "./fee-fund.ts";
import { restatedFund } from "./restated-fund.ts";
import type { RoomHouse } from "./room-house.ts";

const house = await openHouse();
const database = openDatabase({ url: house.db.database.urlFor("evergreen_app") });
const rooms = { database, adminUrl: house.db.database.adminUrl } as RoomHouse;
afterAll(() => database.close());
const PERFORMANCE = { rate: "0.2", hurdle: "0", catchUp: "1", method: "series" };
const { begin, take, verified, balance, owed, look } = restatedFund(rooms, house);

it("who left is put right at the price of the own series, lot by lot with its fee; who entered paid no NAV", {
  timeout: 300_000,
}, async () => {
  const fund = await feeFund(rooms, PERFORMANCE, ["first", "above", "late"]);
  const prices = (date: string) =>
    look<{ series: string; price: string; fee: string }>(
      `select series, trim_scale(n.nav_per_unit)::text as price, n.performance_accrued::numeric(38,2)::text as fee from series_navs n join nav_strikes s using (strike_id)
        where s.fund_id = $1 and s.nav_date = $2 and s.state = 'final' order by series`,
      [fund.fundId, date],
    );
  await fund.day("2026-01-30", "110000.00", [{ who: "above", amount: "55000.00" }]);
  // 165,000.00 and a tenth: 1,000 units at 121 less 4.20, 550 units at 110 less 2
  await fund.day("2026-02-27", "126500.00", [
    { who: "first", units: "100" },
    { who: "above", units: "50" },
    { who: "late", amount: "10000.00" },
  ]);
  expect(await prices("2026-02-27")).toEqual([
    { series: "2025-03-31@100", price: "116.8", fee: "4200.00" },
    { series: "2026-01-30", price: "108", fee: "1100.00" },
  ]);
  // it was a twentieth: 115.50 less 3.10, 105 less 1; what it would come to is seen before anything is written
  const Deals = z.object({
    deals: z.array(z.object({ difference: z.string(), performanceFee: z.string(), series: z.array(z.unknown()) })),
  });
  const told = (deals: z.infer<typeof Deals>["deals"]) =>
    deals.map(({ difference, performanceFee }) => [difference, performanceFee]).sort();
  const DUE = [
    ["0.00", "0.00"],
    ["200.00", "50.00"],
    ["440.00", "110.00"],
  ];
  const preview = await house.json("ops1", Deals, [
    ...["nav", "restate", "--fund", fund.code, "--date", "2026-02-27"],
    ...["--line", "INFRA", "--value", "118250.00", "--dry-run"],
  ]);
  expect(told(preview.deals)).toEqual(DUE);
  const first = await begin(fund, "2026-02-27", "118250.00");
  expect(await take(fund, first)).toEqual({ fees: [], follows: null });
  const recorded = await house.json("ops1", Deals, ["nav", "restatement", first]);
  expect(told(recorded.deals)).toEqual(DUE);
  expect(recorded.deals.flatMap(({ series }) => series)).toContainEqual({
    series: "2025-03-31@100",
    units: "100",
    published: "116.8",
    correct: "112.4",
  });
  expect(await prices("2026-02-27")).toEqual([
    { series: "2025-03-31@100", price: "112.4", fee: "3100.00" },
    { series: "2026-01-30", price: "104", fee: "550.00" },
  ]);
  expect(await owed(fund)).toMatchObject({
    // 100 × 4.40, and a tenth of 4,200 − 3,100
    first: { kind: "redeemer_overpaid", difference: "440.00", owed_to: "fund", cash_due: "11240.00", fee: "110" },
    // 50 × 4.00, and 50/550 of 1,100 − 550
    above: { kind: "redeemer_overpaid", difference: "200.00", owed_to: "fund", cash_due: "5200.00", fee: "50" },
    // bought at the issue price, which no NAV moves
    late: { kind: "none", difference: "0.00", owed_to: "nobody", pays: false, units_due: "100" },
  });
  expect(await balance(fund, "compensation_receivable")).toBe("640.00");
  expect(await balance(fund, "fee_payable")).toBe("-360.00");
  const [pieces] = await look<{ series: unknown }>(
    "select c.due -> 'series' as series from compensations c join restatements r using (restatement_id) where r.fund_id = $1 and c.investor_id = $2",
    [fund.fundId, fund.people.get("above") ?? ""],
  );
  expect(pieces?.series).toEqual([{ series: "2026-01-30", units: "50", published: "108", correct: "104" }]);
  await verified(fund, "2026-02-27");

  // 900 units at 115.50, 500 at 105, 100 at 100 are 166,450.00 (118,250 + 47,920 cash + 640 − 360); a tenth more is 127.05, 115.50 and 110 before the fee
  const { dayId } = await fund.day("2026-03-30", "134895.00", [{ who: "above", units: "10" }]);
  expect(await prices("2026-03-30")).toEqual([
    { series: "2025-03-31@100", price: "121.64", fee: "4869.00" },
    { series: "2026-01-30", price: "112.4", fee: "1550.00" },
    { series: "2026-02-27", price: "108", fee: "200.00" },
  ]);
  await verified(fund, "2026-03-30");
  // it was three twentieths: 120.75 before, 116.60 after the fee of 2,075.00; above is owed 10 × 4.20, the manager 10/500 of 525.00
  expect((await take(fund, await begin(fund, "2026-03-30", "143217.50"))).follows).toBeNull();
  expect(await balance(fund, "compensation_payable")).toBe("-42.00");
  expect(await balance(fund, "fee_payable")).toBe("-401.50");
  const [statement] = await look<{ body: unknown }>(
    "select body from statements where dealing_day_id = $1 and investor_id = $2 order by version desc limit 1",
    [dayId, fund.people.get("above") ?? ""],
  );
  const [letter] = compensationLetters(StatementBody.parse(statement?.body));
  expect(letter?.facts).toContainEqual({ label: "Cash at the correct price", value: "1,166.00 USD" });
  expect(letter?.facts).toContainEqual({ label: "Owed to you", value: "42.00 USD" });
  await verified(fund, "2026-02-27");
  // 890 + … units go on: the fee is taken a year after the register began, and that NAV is not restated any more
  expect((await fund.day("2026-04-30", "143217.50", [])).fee).toBe(true);
  const Listed = z.object({
    class: z.string(),
    date: z.string(),
    series: z.array(
      z.object({
        series: z.string(),
        opened: z.string(),
        units: z.string(),
        price: z.string(),
        mark: z.string(),
        fee: z.string(),
        rolledInto: z.string().nullable(),
      }),
    ),
  });
  const list = (...more: string[]) => ["nav", "series", "--fund", fund.code, "--class", "A", ...more];
  expect((await house.json("pm1", Listed, list("--date", "2026-02-27"))).series).toEqual([
    {
      series: "2025-03-31@100",
      opened: "2025-03-31",
      units: "1000.0000",
      price: "112.4000",
      mark: "100.0000",
      fee: "3100.00",
      rolledInto: null,
    },
    {
      series: "2026-01-30",
      opened: "2026-01-30",
      units: "550.0000",
      price: "104.0000",
      mark: "100.0000",
      fee: "550.00",
      rolledInto: null,
    },
  ]);
  // the newest: all stood at their mark after the fee, and became one
  const newest = await house.json("audit1", Listed, list());
  expect(newest.date).toBe("2026-04-30");
  expect(newest.series.map(({ series, rolledInto }) => [series, rolledInto])).toEqual([
    ["2025-03-31@100", null],
    ["2026-01-30", "2025-03-31@100"],
    ["2026-02-27", "2025-03-31@100"],
  ]);
  expect((await house.run("pm1", list())).out).toMatch(/Rolled into[\s\S]*2026-01-30 +2026-01-30 +490\.0000/);
  expect((await house.run("pm1", list("--date", "2026-02-26"))).exit).not.toBe(0);
  await expect(begin(fund, "2026-04-30", "140000.00")).rejects.toMatchObject({
    code: "EG428",
    message: expect.stringMatching(/class A: its fee was taken by series on that NAV/),
  });
});
