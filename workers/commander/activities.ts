// The Commander's actions: brief a run, put a proposal before people, read their decision, close, remember.
import { room } from "@evergreen-fund/agent-kit";
import { FundId } from "@evergreen-fund/domain";
import type { Activities, House } from "../rooms.ts";
import { dealingDayActions } from "./dealing-day/activities.ts";
import { choosePlaybook } from "./decide.ts";
import { documentActions } from "./documents/activities.ts";
import { readEvent, readRun } from "./facts.ts";
import { memoryOf } from "./narrate.ts";
import { restatementActions } from "./restatement/activities.ts";
import { scheduleActions } from "./schedule/activities.ts";
import { webhookActions } from "./webhooks/activities.ts";

/** Memories recalled before planning. */
const TOP_MEMORIES = 5;

export const commander = (house: House): Activities =>
  room("commander", house, {
    ...dealingDayActions,
    ...restatementActions,
    ...scheduleActions,
    ...webhookActions(house),
    ...documentActions(house),
    brief: async (context, { eventId, workflowId }) => {
      const facts = await context.facts((tx) => readEvent(tx, eventId));
      const plan = await context.decide(() => choosePlaybook(facts));
      const opened = context.record((rpc) =>
        rpc("fn_open_workflow", {
          workflow_id: workflowId,
          type: plan.type,
          event_id: eventId,
          metadata: "refused" in plan ? { refused: plan.refused.code } : { playbook: plan.playbook },
        }),
      );
      if ("refused" in plan) {
        // only now: an event that no playbook can take has a run, which ends as failed with this reason
        await opened;
        throw plan.refused;
      }
      const fundId = facts?.fundId;
      // neither needs the other's answer, and a recall never fails
      const [memories] = await Promise.all([
        fundId === undefined
          ? []
          : context.narrate(() =>
              house
                .memoryOf("commander")
                .recall({ query: plan.question, limit: TOP_MEMORIES, fundId: FundId.parse(fundId) }),
            ),
        opened,
      ]);
      return {
        type: plan.type,
        playbook: plan.playbook,
        memoryIds: memories.map((memory) => memory.memory_id),
        ...(fundId === undefined ? {} : { fundId }),
      };
    },
    openProposal: async (context, { proposalId }) => {
      const { status, expires_in_ms, reason } = await context.record((rpc) =>
        rpc("fn_open_proposal", { proposal_id: proposalId }),
      );
      return {
        status: status === "refused" ? ("refused" as const) : ("pending" as const),
        expiresInMs: expires_in_ms,
        reason: reason.slice(0, 400),
      };
    },
    readDecision: async (context, { proposalId }) => {
      const { status, final, expires_in_ms } = await context.record((rpc) =>
        rpc("fn_read_decision", { proposal_id: proposalId }),
      );
      return { status, final, expiresInMs: expires_in_ms };
    },
    withdrawProposal: async (context, { proposalId, reason }) => ({
      status: await context.record((rpc) => rpc("fn_withdraw_proposal", { proposal_id: proposalId, reason })),
    }),
    close: async (context, { status, reason, proposalId, workflowId }) => {
      const run = await context.record((rpc) =>
        rpc("fn_complete_workflow", {
          workflow_id: workflowId,
          status: status === "running" ? "failed" : status,
          metadata: { reason, ...(proposalId ? { proposal_id: proposalId } : {}) },
        }),
      );
      return { status: run.status };
    },
    remember: async (context, end) => {
      const { fundId } = end;
      if (fundId === undefined) return {};
      const facts = await context.facts((tx) => readRun(tx, end.eventId, end.proposalId));
      const words = await context.decide(() => memoryOf({ ...end, fundId }, facts));
      return { memoryId: await context.narrate(() => house.memoryOf("commander").remember(words)) };
    },
  });
