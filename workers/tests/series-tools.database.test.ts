// A dealing date of a class by series (R25) with a switch, a swing, a levy and a distribution on a real database, every figure by hand; the verifier recomputes it.
import { openHouse } from "@evergreen-fund/cli/test-house.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { afterAll, expect, it } from "vitest";
import { approve, openClass } from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { feeFund } from "./fee-fund.ts";
import { OPS, PM_ONE } from "./journeys.ts";
import { restatedFund } from "./restated-fund.ts";
import type { RoomHouse } from "./room-house.ts";

const house = await openHouse();
const database = openDatabase({ url: house.db.database.urlFor("evergreen_app") });
const rooms = { database, adminUrl: house.db.database.adminUrl } as RoomHouse;
afterAll(() => database.close());
const { house: own, look } = dealingRooms(rooms);
const { verified, balance } = restatedFund(rooms, house);
const PERFORMANCE = { rate: "0.2", hurdle: "0", catchUp: "1", method: "series" };

it("swing and levy are taken lot by lot at the price of the series, a switch leaves at it, and a distribution lowers every mark", {
  timeout: 300_000,
}, async () => {
  const fund = await feeFund(rooms, PERFORMANCE, ["first", "above", "late"]);
  await openClass(own(), fund.code, "P", { issuePrice: "100" });
  const fills = (dayId: string) =>
    look<Record<string, string>>(
      `select trim_scale(a.filled_units)::text as units, trim_scale(a.price)::text as price, a.gross_amount::numeric(38,2)::text as gross, a.levy::numeric(38,2)::text as levy,
              a.net_amount::numeric(38,2)::text as net, a.performance_fee::numeric(38,2)::text as fee, a.series, trim_scale(a.high_water)::text as mark
         from allocations a where a.dealing_day_id = $1 order by a.gross_amount desc, a.performance_fee desc`,
      [dayId],
    );
  await fund.day("2026-01-30", "110000.00", [{ who: "above", amount: "55000.00" }]);
  await database.rpc(PM_ONE, "fn_set_lmt_policy", {
    fund: fund.code,
    pack: "free-form",
    body: {
      pack: "free-form",
      regime: "aif",
      tools: ["swing_pricing", "anti_dilution_levy"],
      swing: { mode: "partial", tiers: [{ above: "0.02", factor: "0.004" }], maxFactor: "0.02" },
      levy: { rate: "0.01", on: "both" },
      carry: "auto_pari_passu",
    },
    effective_from: "2026-02-01",
  });
  // 1,000 units at 116.80 (121 less 4.20), 550 at 108 (110 less 2); about 10,400.00 of 176,200.00 leave: a swing of 0.4 % down
  const { dayId } = await fund.day(
    "2026-02-27",
    "126500.00",
    [
      { who: "first", units: "100" },
      { who: "above", units: "50", into: "P" },
      { who: "late", amount: "1000.00" },
    ],
    undefined,
    ["P"],
  );
  expect(await fills(dayId)).toEqual([
    // 116.80 × 0.996 = 116.3328; 1 % of 11,633.28; a tenth of 4,200.00
    {
      units: "100",
      price: "116.3328",
      gross: "11633.28",
      levy: "116.33",
      net: "11516.95",
      fee: "420.00",
      series: "",
      mark: null,
    },
    // unswung: 50 × 108; 50/550 of 1,100.00
    {
      units: "50",
      price: "108",
      gross: "5400.00",
      levy: "0.00",
      net: "5400.00",
      fee: "100.00",
      series: "",
      mark: null,
    },
    { units: "54", price: "100", gross: "5400.00", levy: "0.00", net: "5400.00", fee: "0.00", series: "", mark: null },
    // 990 / 99.60; the mark is the issue price
    {
      units: "9.9397",
      price: "99.6",
      gross: "1000.00",
      levy: "10.00",
      net: "990.00",
      fee: "0.00",
      series: "2026-02-27",
      mark: "100",
    },
  ]);
  expect(await balance(fund, "in_transit")).toBe("0.00");
  await verified(fund, "2026-02-27");

  const proposal = await database.rpc(OPS, "fn_propose_posting", {
    fund: fund.code,
    kind: "distribution",
    body: { share_class_id: fund.classId, ex_date: "2026-03-10", per_unit: "1" },
  });
  await approve(own(), proposal);
  await database.rpc(OPS, "fn_post_distribution", { proposal_id: proposal.proposal_id });
  // 900 + 500 + 9.93, down to the cent lot by lot
  expect(await balance(fund, "distributions_payable")).toBe("-1409.93");

  // the levies, 126.33, are everybody's by what the classes stand at: 5,400.00 of 164,146.79; what the swing left, 46.72 − 3.97, is that of the class that dealt,
  // and of what it distributed the other bears nothing
  await fund.day("2026-03-20", "126500.00", [], undefined, ["P"]);
  const series = await look<Record<string, string>>(
    `select series, trim_scale(n.units)::text as units, (n.nav + n.performance_accrued)::numeric(38,2)::text as value, n.performance_accrued::numeric(38,2)::text as fee, trim_scale(high_water)::text as mark
       from series_navs n join nav_strikes s using (strike_id) where s.fund_id = $1 and s.nav_date = '2026-03-20' order by series`,
    [fund.fundId],
  );
  // 164.92 by 108,000.00, 54,500.00 and 984.04; fees of 20 % over 99 a unit
  expect(series).toEqual([
    { series: "2025-03-31@100", units: "900", value: "108108.95", fee: "3801.79", mark: "99" },
    { series: "2026-01-30", units: "500", value: "54554.98", fee: "1011.00", mark: "99" },
    { series: "2026-02-27", units: "9.9397", value: "985.03", fee: "0.20", mark: "99" },
  ]);
  const [plain] = await look<{ nav: string }>(
    "select n.nav::numeric(38,2)::text as nav from class_navs n join nav_strikes s using (strike_id) join share_classes c using (share_class_id) where s.fund_id = $1 and s.nav_date = '2026-03-20' and c.code = 'P'",
    [fund.fundId],
  );
  expect(plain?.nav).toBe("5404.16");
  await verified(fund, "2026-03-20");
});
