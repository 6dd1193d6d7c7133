// A NAV that was wrong (R30): the corrected figures go before two people; once struck, every deal at the old price is computed again, statements get new
// versions, and the next strike that stands on what was wrong is restated in turn, by a run of its own. Nothing that was posted is touched.
import type { RunStatus } from "@evergreen-fund/domain/agents.ts";
import {
  CancellationScope,
  isCancellation,
  log,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import { type Progress, progress } from "./dealing-day.ts";
import { decisionOn } from "./decision-on.ts";
import { countKnocks } from "./knocks.ts";
import { callRoom, type Rooms } from "./proxies.ts";
import { reasonOf } from "./reason-of.ts";
import { SEARCH } from "./search-attributes.ts";

/** How long a run waits before it looks at the rows again by itself. */
const PATIENCE_MS = 3_600_000;

export interface RestatementArgs {
  eventId: string;
  rooms: Rooms;
}

export async function restatement({ eventId, rooms }: RestatementArgs): Promise<{ status: RunStatus }> {
  const { workflowId } = workflowInfo();
  const knocks = countKnocks();
  const seen: Progress = { step: 0, status: "begun", blockers: [], projectedFill: null };
  setHandler(progress, () => seen);
  const commander = callRoom("commander", rooms);
  const run = { eventId, workflowId };
  const { strikeId, fundId } = await commander.openRestatement(run);
  const ref = { ...run, fundId, strikeId };
  const stage = (status: string, ...blockers: string[]): void => {
    Object.assign(seen, { step: seen.step + 1, status, blockers });
    upsertSearchAttributes([{ key: SEARCH.stage, value: status }]);
  };
  let end: { status: RunStatus; reason: string };
  try {
    end = await restate();
  } catch (error) {
    end = { status: "failed", reason: isCancellation(error) ? "the run was cancelled" : reasonOf(error) };
  }
  return await CancellationScope.nonCancellable(async () => {
    await commander.close({ ...run, fundId, ...end });
    await commander
      .remember({ ...run, fundId, ...end })
      .catch(() => log.warn("the run is not remembered", { workflowId }));
    return { status: end.status };
  });

  async function restate(): Promise<{ status: RunStatus; reason: string }> {
    stage("proposing");
    const { proposalId } = await commander.proposeRestatement(ref);
    stage("awaiting approval", "two approvals of the corrected NAV");
    const { status } = await decisionOn({ ...ref, proposalId }, commander, knocks);
    // a worker that died after the strike reads "applied" when the step is taken again
    if (status !== "approved" && status !== "applied") return { status: "refused", reason: `proposal ${status}` };
    stage("striking");
    const { version } = await commander.strikeRestatement(ref);
    stage("compensating");
    const { material, compensations, days } = await commander.compensate(ref);
    const kept = await feesAgain();
    stage("restating statements");
    await commander.restateStatements(ref);
    stage("looking at later strikes");
    const next = await commander.beginNextRestatement(ref);
    return {
      status: "completed",
      reason:
        `version ${version} struck, ${material ? "material" : "not material"}, ${compensations} deals on ${days} days` +
        (kept.length === 0 ? "" : `; the performance fee of class ${kept.join(", ")} stays as it was taken`) +
        (next.navDate === undefined ? "" : `; the NAV of ${next.navDate} follows`),
    };
  }

  /** Fees that were taken on this NAV are taken again with the consent of two people; answers the classes where it was not given. */
  async function feesAgain(): Promise<string[]> {
    for (;;) {
      const heard = knocks.heard();
      const { waitsFor, kept } = await commander.retakeFees(ref);
      if (waitsFor === null) return kept;
      stage("awaiting approval", waitsFor);
      // a proposal that nobody decides expires: its row is looked at again
      await knocks.beyond(heard, PATIENCE_MS);
    }
  }
}
