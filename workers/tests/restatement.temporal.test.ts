// A NAV that was wrong, on a real database and a real Temporal: one corrected input moves two prices, three deals, their compensation and their statements.
import type { Worker } from "@evergreen-fund/testing/working-house.ts";
import { afterAll, beforeAll, describe, it } from "vitest";
import { approve } from "./dealing-journeys.ts";
import { openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, PM_TWO } from "./journeys.ts";
import { daysOnWrongMark, expectRestated, nextRestatement, restate, strikeProposed } from "./restatement-journeys.ts";

let house: TestHouse;
let worker: Worker;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  worker = await house.startWorkers();
});
afterAll(() => house?.stop());

const runOf = async (strikeId: string) =>
  (
    await house.database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({
        where: { type: "NAV_RESTATEMENT_BEGUN", payload: { path: ["strike_id"], equals: strikeId } },
      }),
    )
  ).event_id;

describe.concurrent("a restatement", () => {
  it("recomputes every deal at the wrong price, and begins the next strike that took it over", async ({ expect }) => {
    const wrong = await daysOnWrongMark(house);
    const corrected = await restate(house, wrong.days[0], "INFRA", "10145600.00");
    await approve(house, await strikeProposed(house, corrected));
    const next = await nextRestatement(house, wrong.on.fundId, corrected);
    expect(next.reason).toMatch(/^follows the restatement of /);
    await expectEnd(house.database, await runOf(corrected), "completed");
    await approve(house, await strikeProposed(house, next.strike_id));
    await expectEnd(house.database, await runOf(next.strike_id), "completed");
    await expectRestated(house, wrong);
    // nothing stands on it any more: two restatements and no third
    const begun = await house.database.read(AUDIT, (tx) =>
      tx.fund_events.count({ where: { fund_id: wrong.on.fundId, type: "NAV_RESTATEMENT_BEGUN" } }),
    );
    expect(begun).toBe(2);
    expect(worker.output()).not.toContain("Unhandled");
  });

  it("that a person refuses changes nothing", async ({ expect }) => {
    const { on, days } = await daysOnWrongMark(house);
    const corrected = await restate(house, days[0], "INFRA", "10145600.00");
    const proposal = await strikeProposed(house, corrected);
    await house.database.rpc(PM_TWO, "fn_decide_proposal", {
      proposal_id: proposal.proposal_id,
      hash: proposal.hash,
      decision: "rejected",
      reason: "the first appraisal was right",
    });
    await expectEnd(house.database, await runOf(corrected), "refused");
    const seen = await house.database.read(AUDIT, async (tx) => ({
      final: (await tx.nav_strikes.findMany({ where: { fund_id: on.fundId, state: "final" } })).map(
        ({ version }) => version,
      ),
      restatements: await tx.restatements.count({ where: { fund_id: on.fundId } }),
    }));
    expect(seen).toEqual({ final: [1, 1], restatements: 0 });
  });

  it("with the inputs of before is none", async ({ expect }) => {
    const { days } = await daysOnWrongMark(house);
    const corrected = await restate(house, days[0], "INFRA", "10345600.00");
    await expectEnd(house.database, await runOf(corrected), "failed");
    const run = await house.database.read(AUDIT, (tx) =>
      tx.workflow_runs.findFirstOrThrow({ where: { workflow_id: `restate/${corrected}` } }),
    );
    expect(run.metadata).toMatchObject({ reason: expect.stringContaining("EG428") });
  });
});
