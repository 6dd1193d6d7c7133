// The Liquidity Engine on a real Postgres: reserves and releases once, and its own judgement agrees with the one under the row locks.
import { decimal } from "@evergreen-fund/finance/money.ts";
import { describe, expect, it } from "vitest";
import { AUDIT, importFund } from "../tests/journeys.ts";
import {
  expectEveryCrashPointPassed,
  expectWrongInputRefused,
  proposed,
  redemptionAccepted,
  twice,
  useRooms,
} from "../tests/room-house.ts";
import { shaped, stressRun } from "../tests/stress-run.ts";
import { judge } from "./decide.ts";
import { readCover } from "./facts.ts";

const house = useRooms();

const held = (fundId: string) =>
  house.database.read(AUDIT, async (tx) => ({
    open: await tx.liquidity_reservations.count({ where: { fund_id: fundId, released_at: null } }),
    reserved: (await tx.liquidity_ladder.findMany({ where: { fund_id: fundId, side: "asset" } }))
      .reduce((sum, rung) => sum.plus(rung.utilization.toFixed()), decimal("0"))
      .toFixed(2),
  }));
const ladder = (near: string, liability: string, stress: string, far = "0.00") => ({
  ladder: [
    { side: "asset", bucket: "1d", capacity: near },
    { side: "asset", bucket: "gt365d", capacity: far },
    { side: "liability", bucket: "30d", capacity: liability, stress_delta: stress },
  ],
});

describe("reserve", () => {
  it("passes once and reserves at most what the buys need beyond the sales; release gives it back once", async () => {
    const { proposal, fundId } = await proposed(house);
    expect(await twice(house, "liquidity-engine.reserve", proposal)).toMatchObject({ result: "passed" });
    const released = await twice<{ released: number }>(house, "liquidity-engine.release", {
      ...proposal,
      reason: "test",
    });
    expect(released.released).toBeLessThanOrEqual(1);
    expect(await held(fundId)).toEqual({ open: 0, reserved: "0.00" });
  });
  it("refuses below the cover, reserves nothing and says both rules", async () => {
    const { proposal, fundId } = await proposed(house, ladder("100000.00", "100000.00", "50000.00"));
    const verdict = await twice<{ result: string; reason: string }>(house, "liquidity-engine.reserve", proposal);
    expect(verdict.result).toBe("failed");
    expect(verdict.reason).toMatch(/R38.*\(below_cover\)$/);
    expect(await held(fundId)).toEqual({ open: 0, reserved: "0.00" });
  });
});

it("refuses for redemptions that were accepted and are still to be paid, though the plan alone is covered", async () => {
  // 300,000 against 1.2 × (100,000 planned + 50,000 under stress) is enough; 100,000.01 accepted beside it make 1.2 × 250,000.01 = 300,000.012
  const { proposal, code } = await proposed(house, ladder("300000.00", "100000.00", "50000.00", "700000.00"));
  await redemptionAccepted(house, code, "100000.01");
  const verdict = await house.call<{ result: string; reason: string }>("liquidity-engine.reserve", proposal);
  expect(verdict.result).toBe("failed");
  expect(verdict.reason).toMatch(/R38.*\(below_cover\)$/);
});

describe("what the room judges before", () => {
  it.each<[near: string, liability: string, stress: string, far: string, accepted?: string]>([
    ["1000000.00", "100000.00", "50000.00", "0.00"],
    ["1000000.00", "100000.00", "50000.00", "0.00", "600000.00"],
    ["1000000.00", "100000.00", "50000.00", "0.00", "700000.00"],
    ["1000000.00", "0.00", "0.00", "0.00", "0.01"],
    ["180000.00", "100000.00", "50000.00", "0.00"],
    ["200000.00", "150000.00", "16000.00", "800000.00"],
    ["1000000.00", "0.00", "0.00", "0.00"],
    ["0.00", "100.00", "0.00", "1000000.00"],
    ["60000.00", "50000.00", "0.00", "0.00"],
    ["60001.00", "50000.00", "0.00", "0.00"],
  ])(
    "agrees with the verdict of fn_reserve_liquidity: %s against %s + %s, %s far away, accepted: %s",
    async (near, liability, stress, far, accepted) => {
      const { proposal, code } = await proposed(house, ladder(near, liability, stress, far));
      if (accepted !== undefined) await redemptionAccepted(house, code, accepted);
      const facts = await house.database.read({ role: "agent_liquidity_engine" }, (tx) =>
        readCover(tx, proposal.proposalId),
      );
      const expected = judge(facts);
      const { result, reason, ratio } = await house.database.rpc(
        { role: "agent_liquidity_engine" },
        "fn_reserve_liquidity",
        { proposal_id: proposal.proposalId },
      );
      // the database may refuse one thing more: cash that is not free today
      if (reason !== "cash for the buys is reserved elsewhere")
        expect(expected.code === "covered").toBe(result === "passed");
      else expect(expected.code).toBe("covered");
      if (expected.ratio === null || ratio === null) expect([expected.ratio, ratio]).toEqual([null, null]);
      else if (!decimal(ratio).lt(0)) expect(decimal(expected.ratio).toFixed(12)).toBe(decimal(ratio).toFixed(12));
    },
  );
});

it("moves the ladder after a stress run; the rest is in stress/", async () => {
  const fund = await importFund(house.database);
  const { run } = await stressRun(house.database, fund, { gfc: shaped("400000", "200000") });
  expect(await twice(house, "liquidity-engine.stressLadder", run)).toMatchObject({ outcome: "moved", scenarios: 1 });
});

it("refuses input that the contract does not take", () => expectWrongInputRefused(house, "liquidity-engine"));
it("may not do what other rooms do", async () => {
  const { proposal } = await proposed(house);
  const agent = { role: "agent_liquidity_engine" } as const;
  const id = { proposal_id: proposal.proposalId };
  await expect(house.database.rpc(agent, "fn_open_proposal", id)).rejects.toMatchObject({ code: "EG403" });
  await expect(house.database.rpc(agent, "fn_record_checks", { ...id, checks: [{}] })).rejects.toMatchObject({
    code: "EG403",
  });
  await expect(house.database.rpc(agent, "fn_apply_allocations", id)).rejects.toMatchObject({ code: "EG403" });
});
it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(house, "liquidity-engine"));
