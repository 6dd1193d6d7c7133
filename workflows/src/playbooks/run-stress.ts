// STRESS_RUN_REQUESTED: every scenario asked for, each in a child workflow, a few at a time; what cannot be computed is kept with its reason. A nightly run
// computes one scenario twice and must come to the same bytes.
import { executeChild, isCancellation, workflowInfo } from "@temporalio/workflow";
import type { stressScenario } from "../stress-scenario.ts";
import type { PlaybookFunction } from "./playbook.ts";

/** Scenarios under way at once. */
const AT_ONCE = 4;

export const runStress: PlaybookFunction = async ({ run }, { room, rooms, saga, stage }) => {
  const simulation = room("simulation");
  // a run that breaks off is ended as well: what was computed stays, the rest fails with the reason
  saga.push("end the stress run", () => simulation.closeStress({ ...run, reason: "the run did not come to its end" }));
  stage("taking a snapshot");
  const { scenarios, shards, shardAssets, kind } = await simulation.openStress(run);
  let started = 0;
  let ended = 0;
  const line = async (): Promise<void> => {
    while (started < scenarios) {
      const ordinal = ++started;
      await executeChild<typeof stressScenario>("stressScenario", {
        workflowId: `${workflowInfo().workflowId}/scenario-${ordinal}`,
        args: [{ ref: { ...run, ordinal }, shards, shardAssets, from: 0, rooms }],
        // a run that is ended by force takes its scenarios with it, and they say so
        parentClosePolicy: "REQUEST_CANCEL",
        cancellationType: "WAIT_CANCELLATION_COMPLETED",
        retry: { maximumAttempts: 1 },
      }).catch((error: unknown) => {
        // terminated or timed out from outside: the row still waits, and ends as failed with the run
        if (isCancellation(error)) throw error;
      });
      ended++;
      stage(`scenario ${ended} of ${scenarios}`);
    }
  };
  stage(`scenario 0 of ${scenarios}`);
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, scenarios) }, line));
  const differs = kind === "nightly" && (await repeated());
  stage("publishing");
  const { status, done, failed } = await simulation.publishStress(run);
  stage("weighing cover");
  await room("liquidity-engine").stressLadder(run);
  if (kind === "nightly" && run.fundId !== undefined) {
    stage("checking data");
    await simulation.checkData({ ...run, fundId: run.fundId });
  }
  if (differs) return { status: "failed", reason: "EG432: a scenario computed again came to other bytes" };
  return {
    status: status === "failed" ? "failed" : "completed",
    reason: `${done} of ${scenarios} scenarios computed${failed > 0 ? `, ${failed} failed` : ""}`,
  };

  async function repeated(): Promise<boolean> {
    stage("computing one scenario again");
    const { result } = await simulation.repeatScenario({ ...run, shards });
    return result === "different";
  }
};
