// Rebalancing's actions: propose trades, apply what was approved.
import { room } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import { traceIdOf } from "@evergreen-fund/tracing";
import type { Activities, House } from "../rooms.ts";
import { planTrades } from "./decide.ts";
import { readPortfolio, standingProposal } from "./facts.ts";
import { proposalBody } from "./narrate.ts";

export const rebalancing = (house: House): Activities =>
  room("rebalancing", house, {
    propose: async (context, { eventId, workflowId, memoryIds }) => {
      const facts = await context.facts(
        async (tx) => (await standingProposal(tx, eventId)) ?? (await readPortfolio(tx, eventId)),
      );
      if ("proposalId" in facts) return { outcome: "proposed" as const, ...facts };
      const plan = await context.decide(() => planTrades(facts, (problem) => house.solver.solve(problem, context)));
      if (plan.kind === "refused") return { outcome: "refused" as const, reason: plan.reason };
      const inputs = {
        allocations_version: facts.allocationsVersion,
        mandate_version: facts.mandateVersion,
        memory_ids: memoryIds,
        trace_id: traceIdOf(workflowId),
        solver: plan.portfolio.solver,
      };
      const { proposal_id } = await context.record((rpc) =>
        rpc("fn_propose_rebalancing", { event_id: eventId, body: proposalBody(facts, plan), inputs }),
      );
      return { outcome: "proposed" as const, proposalId: proposal_id, trades: plan.portfolio.trades.length };
    },
    apply: async (context, { proposalId }) => {
      try {
        const { version } = await context.record((rpc) => rpc("fn_apply_allocations", { proposal_id: proposalId }));
        return { outcome: "applied" as const, version, reason: "applied" };
      } catch (error) {
        // what the database refuses under its locks is a decision of its own, not a failure of the run
        if (error instanceof EvergreenError && ["EG420", "EG421", "EG424", "EG425"].includes(error.code))
          return { outcome: "refused" as const, version: "", reason: `${error.code}: ${error.message}` };
        throw error;
      }
    },
  });
