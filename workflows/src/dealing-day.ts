// One dealing day of one class (domain rules 1.10): twelve steps, each an action that the database records. The row of the day says where it stands;
// the run reads it at every turn, does what comes next, and waits where people, other days or money are needed. Before step 8 the day can be
// discarded; after it only a restatement changes anything.
import type { RunStatus } from "@evergreen-fund/domain/agents.ts";
import type { DayPosition } from "@evergreen-fund/domain/dealing-agents.ts";
import {
  CancellationScope,
  continueAsNew,
  defineQuery,
  isCancellation,
  log,
  patched,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import { countKnocks } from "./knocks.ts";
import { callRoom, type Rooms } from "./proxies.ts";
import { reasonOf } from "./reason-of.ts";
import { SEARCH } from "./search-attributes.ts";

export interface DealingDayArgs {
  eventId: string;
  rooms: Rooms;
  /** Of a run that goes on as a new one. */
  turn?: number;
  escalated?: string;
  refused?: string;
}

export interface Progress {
  step: number;
  status: string;
  /** What the day waits for: inputs, people, other days, money. */
  blockers: string[];
  /** Ratio at which redemptions would be paid as things stand; null before the lab. */
  projectedFill: string | null;
}
export const progress = defineQuery<Progress>("progress");

const MINUTE = 60_000;
/** Who waits looks again at least this often, whatever happened to the knock. */
const PATIENCE = 60 * MINUTE;
/** A step that failed with a code is taken again after this, or at a knock: somebody may have corrected what it was refused for. */
const AGAIN = 5 * MINUTE;
/** Nobody decided on the NAV for this long: it is said aloud. It is never approved by itself. */
const OVERDUE = 24 * 60 * MINUTE;
/** Longer histories go on as a new run. */
const LONG_HISTORY = 2_000;

const OVER: Readonly<Record<string, RunStatus>> = { closed: "completed", suspended: "refused", discarded: "refused" };
const BEFORE_POSTING = ["open", "cut_off", "inputs_frozen", "nav_proposed", "struck", "lmt_decided", "allocated"];
const BEFORE_STRIKE = ["cut_off", "inputs_frozen", "nav_proposed"];

export async function dealingDay(args: DealingDayArgs): Promise<{ status: RunStatus }> {
  const { eventId, rooms } = args;
  const { workflowId } = workflowInfo();
  const knocks = countKnocks();
  const seen: Progress = { step: 0, status: "open", blockers: [], projectedFill: null };
  setHandler(progress, () => seen);
  let turn = args.turn ?? 0;
  let { escalated, refused } = args;
  /** Orders left the day after the gate was decided: it is decided anew. */
  let decideAgain = false;
  /** Knocks up to the beginning of this turn, and of the turn in which the NAV was frozen or found refused: what came since may be a correction. */
  let heard = 0;
  let answered = 0;
  /** Where the day stood when a step was last refused. */
  let stuckAt: string | undefined;
  const commander = callRoom("commander", rooms);
  const engine = callRoom("liquidity-engine", rooms);
  const kyc = callRoom("kyc", rooms);
  const sentinel = callRoom("compliance-sentinel", rooms);
  const run = { eventId, workflowId };
  const { dealingDayId, fundId } = await commander.openDay(run);
  let step = { ...run, fundId, dealingDayId, round: turn };

  try {
    for (;;) {
      heard = knocks.heard();
      step = { ...step, round: ++turn };
      let wait: number | undefined;
      let at = "";
      try {
        const day = await commander.lookAtDay(step);
        at = `${day.status}/${day.step}`;
        Object.assign(seen, { step: day.step, status: day.status, blockers: [] });
        const end = OVER[day.status];
        if (end !== undefined) return await close(end, `the dealing day is ${day.status}`);
        upsertSearchAttributes([{ key: SEARCH.stage, value: day.status }]);
        wait = await take(day);
      } catch (error) {
        if (isCancellation(error)) throw error;
        seen.blockers = [reasonOf(error).slice(0, 200)];
        // the first refusal may only say that a worker, before it died, had gone further than this run knew: the day is looked at anew
        wait = stuckAt === at || !patched("look-anew") ? AGAIN : undefined;
        stuckAt = at;
      }
      if (wait !== undefined) await knocks.beyond(heard, Math.max(1, wait));
      if (workflowInfo().historyLength > LONG_HISTORY)
        await continueAsNew<typeof dealingDay>({
          eventId,
          rooms,
          turn,
          ...(escalated === undefined ? {} : { escalated }),
          ...(refused === undefined ? {} : { refused }),
        });
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return await CancellationScope.nonCancellable(async () => {
      // what is posted stays; what is not gives its orders back
      await commander
        .discardDay({ ...step, round: ++turn, reason: "the run was cancelled" })
        .catch((failure: unknown) => log.warn("the day was not discarded", { reason: reasonOf(failure) }));
      return await close("failed", "the run was cancelled");
    });
  }

  /** The mirror of the run and its memory. */
  async function close(status: RunStatus, reason: string): Promise<{ status: RunStatus }> {
    const end = { ...run, fundId, status, reason };
    await commander.close(end);
    await commander.remember(end).catch(() => log.warn("the run is not remembered", { workflowId }));
    return { status };
  }

  /** Does what comes next. Answers how long to wait for a knock, or nothing when there is more to do. */
  async function take(day: DayPosition): Promise<number | undefined> {
    if (day.status === "open") {
      if (day.cutOffInMs > 0) return blocked(day.cutOffInMs, "the cut-off");
      await commander.lockOrders(step);
      return undefined;
    }
    if (!day.rechecked && BEFORE_POSTING.includes(day.status)) {
      // before KYC says that everybody was looked at: a look that failed is taken again
      if (patched("compliance-rules")) {
        await checkOrders();
        await sentinel.checkFund(step);
      }
      await kyc.recheckOrders(step);
      return undefined;
    }
    if (day.suspension && BEFORE_STRIKE.includes(day.status)) {
      await engine.suspendDay(step);
      return undefined;
    }
    switch (day.status) {
      case "cut_off":
        return (await mayMakeNav(day)) ?? (await freeze());
      case "inputs_frozen":
        return (await mayMakeNav(day)) ?? (await propose(day));
      case "nav_proposed":
        return day.leads ? await decided(day) : blocked(PATIENCE, "the NAV, which another class makes");
      case "struck":
        return day.leads
          ? ((await feesDue()) ?? (await gate()))
          : blocked(PATIENCE, "the gate, which another class decides");
      case "lmt_decided":
        if (decideAgain) return await gate();
        return day.leads ? await allocate() : blocked(PATIENCE, "the allocation, which another class makes");
      case "allocated":
        return await post();
      case "posted":
        await commander.openClaims(step);
        return undefined;
      case "claimable":
        return blocked(PATIENCE, "confirmation of the cash");
      case "settled":
        if (day.step < 11) await commander.prepareStatements(step);
        else await commander.closeDay(step);
        return undefined;
      default:
        return blocked(PATIENCE, `nothing this run knows: the day is ${day.status}`);
    }
  }

  function blocked(wait: number, ...blockers: string[]): number {
    seen.blockers = blockers;
    return wait;
  }

  /** One NAV per fund and date, made by one class when all are past their cut-off and the days before are posted. */
  async function mayMakeNav(day: DayPosition): Promise<number | undefined> {
    if (day.waitsFor.length > 0) return blocked(PATIENCE, ...day.waitsFor);
    return day.leads ? undefined : blocked(PATIENCE, "the NAV, which another class makes");
  }

  async function freeze(): Promise<undefined> {
    answered = heard;
    await commander.freezeNav(step);
    return undefined;
  }

  async function propose(day: DayPosition): Promise<number | undefined> {
    // a frozen NAV with blockers is frozen anew once somebody has knocked: only people correct, and nothing is waived
    if (day.blockers.length > 0) return knocks.heard() > answered ? await freeze() : blocked(PATIENCE, ...day.blockers);
    if (!day.lab) {
      const { fraction } = await engine.runLab(step);
      seen.projectedFill = fraction;
    }
    await commander.proposeNav(step);
    return undefined;
  }

  async function decided(day: DayPosition): Promise<number | undefined> {
    const { proposalId, proposalStatus } = day;
    if (proposalId === null || proposalStatus === "applied") return blocked(AGAIN, "the NAV has no open proposal");
    if (proposalStatus === "pending") {
      if (day.expiresInMs === 0) {
        await commander.readDecision({ ...step, proposalId });
        return undefined;
      }
      const overdueIn = OVERDUE - (day.proposedForMs ?? 0);
      if (overdueIn <= 0 && escalated !== proposalId) {
        await commander.escalateNav({ ...step, proposalId });
        escalated = proposalId;
      }
      const waits = [day.expiresInMs ?? PATIENCE, PATIENCE, ...(overdueIn > 0 ? [overdueIn] : [])];
      return blocked(Math.min(...waits) + 1, "two approvals of the NAV");
    }
    if (proposalStatus === "approved") return await strike(day);
    // refused, by a person or by time: it is frozen anew once somebody has knocked after that, or somebody discards the day
    if (patched("knocked-since") ? day.knockedSince : knockedByCount(proposalId)) return await freeze();
    return blocked(PATIENCE, `the NAV was ${proposalStatus}: correct it and knock, or discard the day`);
  }

  /** As runs did that were recorded before the row said it: by count, which took the refusal's own message for a knock when it came late. */
  function knockedByCount(proposalId: string): boolean {
    if (refused === proposalId && knocks.heard() > answered) return true;
    if (refused !== proposalId) answered = heard;
    refused = proposalId;
    return false;
  }

  /** Step 6 begins before anything is struck: where the gate would have to pay less than it may, people decide first. */
  async function strike(day: DayPosition): Promise<number | undefined> {
    if (day.activationId !== null && day.toolStatus === "approved") {
      const { tool } = await commander.activateTool({ ...step, activationId: day.activationId });
      if (tool === "notice_extension")
        await commander.discardDay({ ...step, reason: "the notice for redemptions is extended" });
      return undefined;
    }
    const { status, fraction } = await engine.foresee(step);
    seen.projectedFill = fraction;
    if (status !== "stopped") {
      await commander.strikeNav(step);
      return undefined;
    }
    if (day.activationId === null || day.toolStatus === null) {
      await engine.proposeTool(step);
      return undefined;
    }
    return blocked(
      PATIENCE,
      day.tool === "redemption_gate"
        ? `the gate is more than ordinary use; two people decide on it: ${day.toolStatus}`
        : `a cap is below what must be paid; ${day.tool} is ${day.toolStatus}`,
    );
  }

  /** Performance fees that crystallise on this NAV are posted before its orders are dealt: who enters then owes nothing of them. */
  async function feesDue(): Promise<number | undefined> {
    // runs that were recorded before this step was there go on without it
    if (!patched("crystallise-fees")) return undefined;
    const { waitsFor } = await commander.crystalliseFees(step);
    return waitsFor === null ? undefined : blocked(PATIENCE, waitsFor);
  }

  async function gate(): Promise<number | undefined> {
    const { status, fraction } = await engine.decideLmt(step);
    seen.projectedFill = fraction;
    if (status === "stopped")
      return blocked(PATIENCE, "a cap is below what must be paid: bring liquidity, or discard the day");
    decideAgain = false;
    return undefined;
  }

  async function allocate(): Promise<number | undefined> {
    const { outcome } = await engine.allocate(step);
    return outcome === "stopped"
      ? blocked(PATIENCE, "a cap is below what must be paid: bring liquidity, or discard the day")
      : undefined;
  }

  /** Rules see no personal data: KYC, which may, has answered what they ask about it. */
  async function checkOrders(): Promise<{ held: number }> {
    if (patched("answered-tests")) await kyc.answerTests(step);
    return await sentinel.checkOrders(step);
  }

  /** Step 8, with a last look at KYC: who left takes the allocation that counted on them along. */
  async function post(): Promise<number | undefined> {
    const rules = patched("compliance-rules") ? (await checkOrders()).held : 0;
    const { held } = await kyc.recheckOrders(step);
    if (held + rules > 0) decideAgain = true;
    else await commander.postDay(step);
    return undefined;
  }
}
