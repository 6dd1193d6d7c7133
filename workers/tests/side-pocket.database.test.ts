// A side pocket lived by the engine (R13): two people approve it, the authority is told, it is opened on a NAV, and the next dealing day prices class and
// pocket apart, each by its own assets. The steps of a day as their rooms take them, without Temporal.
import { expect, it } from "vitest";
import {
  approve,
  brokenIn,
  type DealingHouse,
  dayAhead,
  dayOf,
  dealAhead,
  dealingFund,
  newInvestor,
  redeem,
  subscribe,
  VECTOR,
} from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { OPS, PM_ONE } from "./journeys.ts";
import { useRooms } from "./room-house.ts";

const rooms = useRooms();
const LONG = { timeout: 180_000 };

const { look, house, intake, dealt } = dealingRooms(rooms);

const mark = (on: DealingHouse, key: string, value: string, confirmed = false) =>
  rooms.database.rpc(PM_ONE, "fn_record_marks", {
    fund: on.code,
    marks: [{ asset: key, as_of: dayAhead(0), value, source: "appraisal, synthetic", confirmed }],
  });

/** Proposed, approved by two, the authority told, in use, and opened. */
async function opened(
  on: DealingHouse,
  kept: { holdback: string; liabilities?: string },
): Promise<{ share_class_id: string; value: string }> {
  const [infra] = await look<{ id: string }>("select id from assets where fund_id = $1 and external_key = 'INFRA'", [
    on.fundId,
  ]);
  const made = await rooms.database.rpc(OPS, "fn_propose_lmt", {
    fund: on.code,
    tool: "side_pocket",
    trigger: { assets: [infra?.id], ...kept },
    notice: "The market of one asset is closed (synthetic draft).",
  });
  await approve(house(), made);
  await rooms.database.rpc(OPS, "fn_note_authority", { activation_id: made.activation_id });
  await rooms.database.rpc(PM_ONE, "fn_activate_lmt", { activation_id: made.activation_id });
  return await rooms.database.rpc(OPS, "fn_open_side_pocket", {
    activation_id: made.activation_id,
    share_class: "A",
    code: "A-SP1",
  });
}

const prices = async (dayId: string) =>
  (
    await look<{ code: string; nav: string; units: string; price: string }>(
      `select c.code, n.nav::numeric(38,2)::text as nav, trim_scale(n.units)::text as units, n.nav_per_unit::numeric(38,4)::text as price
         from class_navs n join share_classes c using (share_class_id) join dealing_days d using (strike_id) where d.dealing_day_id = $1 order by c.code`,
      [dayId],
    )
  ).map((row) => Object.values(row));

it("the next dealing day prices the class and its pocket apart, and only the class deals", LONG, async () => {
  const on = await dealingFund(house());
  await dealt(on, dealAhead(1));
  // 10,345,600.00 of the asset with 100,000.00 held back for it, of 12,345,600.00
  const pocket = await opened(on, { holdback: "100000.00" });
  expect(pocket.value).toBe("10445600.00");
  expect(
    await look("select code, nav_per_unit::text as price from share_classes where fund_id = $1 order by code", [
      on.fundId,
    ]),
  ).toEqual([
    { code: "A", price: "1.900000000000000000" },
    { code: "A-SP1", price: "10.445600000000000000" },
  ]);
  // closed: no order of it, none into it, no terms of its own
  const investor = on.holders[0]!;
  const order = { fund: on.code, investor_id: investor, direction: "redemption", units: "10" };
  const closed = { code: "EG428", message: expect.stringContaining("A side pocket is closed") };
  for (const change of [
    { share_class: "A-SP1" },
    { share_class: "A", order_kind: "switch" as const, to_class: "A-SP1" },
  ])
    await expect(rooms.database.rpc(OPS, "fn_place_order", { ...order, ...change })).rejects.toMatchObject(closed);
  // one sells and one buys the class; the pocket's asset is marked down, the bond up
  const sold = await redeem(house(), on, investor, "10000");
  const buyer = await newInvestor(house());
  const bought = await subscribe(house(), on, buyer, "19150.00");
  await intake();
  await rooms.database.rpc(OPS, "fn_confirm_cash", {
    fund: on.code,
    payments: [{ flow_id: bought, amount: "19150.00", reference: "synthetic/1" }],
  });
  await mark(on, "INFRA", "9828320.00");
  await mark(on, "BOND", "1515000.00");
  const next = await dealt(on, dealAhead(2));
  expect(next.blockers).toEqual([]);
  // 9,828,320.00 + 100,000.00 in the pocket; 1,515,000.00 + 500,000.00 − 100,000.00 beside it
  expect(await prices(next.dayId)).toEqual([
    ["A", "1915000.00", "1000000", "1.9150"],
    ["A-SP1", "9928320.00", "1000000", "9.9283"],
  ]);
  const fills = await look(
    "select flow_id, trim_scale(filled_units)::text as units, net_amount::numeric(38,2)::text as paid from allocations where dealing_day_id = $1",
    [next.dayId],
  );
  expect(fills).toEqual(
    expect.arrayContaining([
      { flow_id: sold, units: "10000", paid: "19150.00" },
      { flow_id: bought, units: "10000", paid: "19150.00" },
    ]),
  );
  // who bought has no part in the pocket, who sold keeps the whole of it
  const held = (code: string, of: string) =>
    look(
      "select trim_scale(h.units)::text as units from holdings h join share_classes c using (share_class_id) where c.code = $1 and c.fund_id = $2 and h.investor_id = $3",
      [code, on.fundId, of],
    );
  expect(await held("A-SP1", buyer)).toEqual([]);
  expect([await held("A", investor), await held("A-SP1", investor)]).toEqual([
    [{ units: "30000" }],
    [{ units: "40000" }],
  ]);
  expect(await brokenIn(house(), on.code)).toEqual([]);
});

it("the gate is measured against the class, and not against what nobody can redeem", LONG, async () => {
  const on = await dealingFund(house());
  await dealt(on, dealAhead(1));
  await opened(on, { holdback: "100000.00" });
  // 5 % of 1,900,000.00 at 1.9000 are 50,000 units, of the 77,679.5122 that are asked for; of the whole fund it would be everything
  for (const [i, { units }] of VECTOR.entries()) await redeem(house(), on, on.holders[i]!, units);
  await intake();
  const { dayId } = await dealt(on, dealAhead(2));
  expect((await dayOf(house(), dayId)).decision).toMatchObject({ gate: true, cap: "95000", cap_units: "50000.0000" });
  const fills = await look<{ units: string }>(
    "select trim_scale(filled_units)::text as units from allocations where dealing_day_id = $1",
    [dayId],
  );
  expect(fills.map(({ units }) => units).sort()).toEqual(VECTOR.map(({ filled }) => filled).sort());
  expect(await brokenIn(house(), on.code)).toEqual([]);
});

it("a pocket that is worth less than nothing blocks the NAV by name", LONG, async () => {
  const on = await dealingFund(house());
  await dealt(on, dealAhead(1));
  await opened(on, { holdback: "100000.00", liabilities: "200000.00" });
  // the asset is written off and more is owed for it than was held back
  await mark(on, "INFRA", "0.00", true);
  const { blockers } = await dealt(on, dealAhead(2));
  expect(blockers).toContainEqual(expect.stringContaining("worth less than nothing"));
});
