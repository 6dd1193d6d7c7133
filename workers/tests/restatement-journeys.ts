// A restatement as tests take it: two closed days on a mark that was wrong, the correction, and what must come of it.
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import {
  accepted,
  dayOf,
  dealAhead,
  dealingFund,
  newInvestor,
  openDay,
  redeem,
  subscribe,
  takeDay,
} from "./dealing-journeys.ts";
import type { TestHouse } from "./houses.ts";
import { AUDIT, OPS } from "./journeys.ts";

/** Two closed days on a mark of INFRA that is 200,000.00 too high: 10,000 units bought and 1,000 sold on the first, 100 sold on the second. */
export async function daysOnWrongMark(house: TestHouse) {
  const on = await dealingFund(house);
  const buyer = await newInvestor(house);
  const bought = await subscribe(house, on, buyer, "123456.00");
  const sold = await redeem(house, on, on.holders[0]!, "1000");
  await accepted(house, [bought, sold]);
  await house.database.rpc(OPS, "fn_confirm_cash", {
    fund: on.code,
    payments: [{ flow_id: bought, amount: "123456.00", reference: "synthetic/1" }],
  });
  const first = (await openDay(house, on.code, dealAhead(1))).dealing_day_id;
  await takeDay(house, on, first);
  const soldLater = await redeem(house, on, on.holders[1]!, "100");
  await accepted(house, [soldLater]);
  const second = (await openDay(house, on.code, dealAhead(2))).dealing_day_id;
  await takeDay(house, on, second);
  return { on, days: [first, second] as const, flows: { bought, sold, soldLater } };
}

/** Operations begin the restatement of a day's NAV with one input corrected; answers the strike that corrects it. */
export async function restate(house: TestHouse, dealingDayId: string, label: string, value: string): Promise<string> {
  const { strike_id } = await dayOf(house, dealingDayId);
  const rows = await house.database.read(AUDIT, (tx) => tx.nav_inputs.findMany({ where: { strike_id: strike_id! } }));
  const begun = await house.database.rpc(OPS, "fn_restate_nav", {
    strike_id: strike_id!,
    reason: "the appraisal was read wrongly",
    inputs: rows.map((row) => ({
      ...(row.asset_id === null ? {} : { asset_id: row.asset_id }),
      kind: row.kind,
      label: row.label,
      value: row.label === label ? value : row.value.toFixed(2),
      as_of: row.as_of.toISOString().slice(0, 10),
      source: row.label === label ? "appraisal, read again" : row.source,
    })),
  });
  return begun.strike_id;
}

/** The proposal of a strike once it can be decided. */
export const strikeProposed = ({ database }: TestHouse, strikeId: string) =>
  until(async () => {
    const strike = await database.read(AUDIT, (tx) =>
      tx.nav_strikes.findUniqueOrThrow({ where: { strike_id: strikeId }, include: { proposal: true } }),
    );
    return strike.proposal?.status === "pending" ? strike.proposal : null;
  }, `the restatement ${strikeId} to be proposed`);

/** The restatement that follows `strikeId`, once it has begun. */
export const nextRestatement = ({ database }: TestHouse, fundId: string, strikeId: string) =>
  until(
    async () =>
      await database.read(AUDIT, (tx) =>
        tx.nav_strikes.findFirst({
          where: { fund_id: fundId, supersedes: { not: null }, strike_id: { not: strikeId } },
        }),
      ),
    "the next strike to be restated in turn",
  );

/** By hand: 12,345,600 − 200,000 over 1,000,000 units is 12.1456; 12,456,710.40 − 200,000 over 1,009,000 units is 12.1474 (12.14738). */
export async function expectRestated(
  { database }: TestHouse,
  { on, days, flows }: Awaited<ReturnType<typeof daysOnWrongMark>>,
): Promise<void> {
  const seen = await database.read(AUDIT, async (tx) => ({
    rows: await tx.restatements.findMany({
      where: { fund_id: on.fundId },
      include: { compensations: true },
      orderBy: { effective_at: "asc" },
    }),
    strikes: await tx.nav_strikes.findMany({
      where: { fund_id: on.fundId, state: { in: ["final", "restated"] } },
      orderBy: [{ nav_date: "asc" }, { version: "asc" }],
    }),
    statements: await tx.statements.findMany({ where: { dealing_day_id: { in: [...days] } } }),
    orders: await tx.fund_flows.findMany({ where: { flow_id: { in: Object.values(flows) } } }),
  }));
  expect(
    seen.rows.map((row) => [
      row.dealing_day_id,
      row.published.toFixed(4),
      row.correct.toFixed(4),
      row.material,
      row.direction,
      row.fund_pays.toFixed(2),
      row.fund_receives.toFixed(2),
    ]),
  ).toEqual([
    [days[0], "12.3456", "12.1456", true, "overstated", "2000.00", "200.00"],
    [days[1], "12.3456", "12.1474", true, "overstated", "0.00", "19.82"],
  ]);
  expect(seen.rows[0]?.error.toFixed(10)).toBe("0.0164668687");
  const told = seen.rows.flatMap((row) =>
    row.compensations.map((deal) => [
      deal.flow_id,
      deal.kind,
      deal.units_dealt.toFixed(),
      deal.difference.toFixed(2),
      deal.owed_to,
      deal.owed_by,
      deal.pays,
    ]),
  );
  expect(told).toHaveLength(3);
  expect(told).toContainEqual([flows.bought, "subscriber_overpaid", "10000", "2000.00", "investor", "fund", true]);
  expect(told).toContainEqual([flows.sold, "redeemer_overpaid", "1000", "200.00", "fund", "responsible_party", false]);
  expect(told).toContainEqual([
    flows.soldLater,
    "redeemer_overpaid",
    "100",
    "19.82",
    "fund",
    "responsible_party",
    false,
  ]);
  expect(seen.strikes.map((strike) => [strike.version, strike.state, strike.nav?.toFixed(2)])).toEqual([
    [1, "restated", "12345600.00"],
    [2, "final", "12145600.00"],
    [1, "restated", "12456710.40"],
    [2, "final", "12256710.40"],
  ]);
  // what was posted stays: prices and fills of the orders are those they were dealt at
  expect(seen.orders.every((flow) => flow.price?.toFixed(4) === "12.3456")).toBe(true);
  for (const day of days)
    expect(
      Math.max(...seen.statements.filter((row) => row.dealing_day_id === day).map(({ version }) => version)),
    ).toBeGreaterThan(1);
  expect(await database.rpc(AUDIT, "fn_verify_invariants", { fund: on.code })).toEqual([]);
}
