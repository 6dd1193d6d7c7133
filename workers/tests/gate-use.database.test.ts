// The use of the gate on a dealing day (R9c): kept with its facts and drafted notices under the two approvals of the NAV, or, where the policy does not call
// it ordinary, under a decision of two people before the strike. The steps as their rooms take them, without Temporal.
import { expect, it } from "vitest";
import { brokenIn, type DealingHouse, dealAhead, dealingFund, redeem, VECTOR } from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { useRooms } from "./room-house.ts";

const rooms = useRooms();
const { look, house, intake, openedDay, approved, valued, closed } = dealingRooms(rooms);
const LONG = { timeout: 180_000 };
const GATE = { basis: "gross", share: "0.05", threshold: { kind: "nav_share", share: "0.02" } };

async function gatedFund(gate: object): Promise<DealingHouse> {
  const on = await dealingFund(house(), { lmt: { gate } });
  for (const [i, { units }] of VECTOR.entries()) await redeem(house(), on, on.holders[i]!, units);
  await intake();
  return on;
}
const uses = (on: DealingHouse) =>
  look<{ notice: string }>(
    `select a.tool, a.status, left(a.trigger ->> 'fraction', 6) as fraction, a.trigger ->> 'redemptions' as redemptions, a.trigger ->> 'pay' as pay, p.kind,
            a.active_from is not null as used, a.active_until is not null as over, a.end_reason as why, a.notice,
            (select count(distinct v.decided_by)::int from approvals v where v.proposal_id = a.proposal_id and v.decision = 'approved') as people
       from lmt_activations a join proposals p using (proposal_id) where a.fund_id = $1`,
    [on.fundId],
  );

it(
  "as the policy foresees it stands under the approvals of the NAV, and is over when the day is posted",
  LONG,
  async () => {
    const on = await gatedFund(GATE);
    const date = dealAhead(1);
    const day = await openedDay(on, date);
    await valued(day);
    expect(await uses(on)).toEqual([]);
    await closed(on, day);
    const [use, ...more] = await uses(on);
    expect(more).toEqual([]);
    expect(use).toMatchObject({
      tool: "redemption_gate",
      status: "ended",
      fraction: "0.6436",
      // 77,679.5122 units at 12.3456, of which 5 % of 12,345,600.00 are executed
      redemptions: "959000.18581632",
      pay: "617280",
      kind: "nav",
      people: 2,
      used: true,
      over: true,
      why: `the dealing day of ${date} is posted`,
    });
    expect(use?.notice).toContain("Draft notice to the investors");
    expect(use?.notice).toContain("Draft notice to the competent authority");
    expect(await brokenIn(house(), on.code)).toEqual([]);
  },
);

it("of less than the policy calls ordinary is decided on by two people before anything is struck", LONG, async () => {
  const on = await gatedFund({ ...GATE, ordinaryFrom: "0.65" });
  const date = dealAhead(1);
  const day = await openedDay(on, date);
  await valued(day);
  expect(await day.take("liquidity-engine.foresee")).toMatchObject({ status: "stopped" });
  const { activationId, proposalId, tool } = await day.take("liquidity-engine.proposeTool");
  expect(tool).toBe("redemption_gate");
  // the run finds its own question again, and no answer yet
  expect(await day.take("commander.lookAtDay")).toMatchObject({ activationId, tool, toolStatus: "pending" });
  await approved(proposalId as string);
  expect(await day.take("commander.activateTool", { activationId })).toEqual({ tool: "redemption_gate" });
  expect(await day.take("liquidity-engine.foresee")).toMatchObject({ status: "gated" });
  await closed(on, day);
  const [use, ...more] = await uses(on);
  expect(more).toEqual([]);
  expect(use).toMatchObject({
    status: "ended",
    fraction: "0.6436",
    kind: "lmt",
    people: 2,
    why: `the dealing day of ${date} is posted`,
  });
  expect(use?.notice).toContain("less than the rules of the fund foresee as ordinary use");
  // that decision was for its date: the next one is asked about again
  await redeem(house(), on, on.other, "200000");
  await intake();
  const next = await openedDay(on, dealAhead(2));
  await valued(next);
  expect(await next.take("liquidity-engine.foresee")).toMatchObject({ status: "stopped" });
});
