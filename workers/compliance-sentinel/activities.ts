// Compliance Sentinel's actions: pre-trade limits on a proposal, the verdict on a token operation.
import { room } from "@evergreen-fund/agent-kit";
import type { Activities, House } from "../rooms.ts";
import { judgeTokenization, judgeTrades } from "./decide.ts";
import { isOnClass, readTokenization, readTrades } from "./facts.ts";
import { checkApplicant, checkFund, checkOrders } from "./rules/activities.ts";
import { judgeProposal } from "./rules/decide.ts";
import { readPins, readProposal } from "./rules/facts.ts";

export const complianceSentinel = (house: House): Activities =>
  room("compliance-sentinel", house, {
    checkTrades: async (context, { proposalId, fundId }) => {
      const facts = await context.facts((tx) => readTrades(tx, proposalId));
      // the packs the run began with stand beside the limits of the mandate
      const pinned = await readPins(context, fundId);
      const asked =
        fundId === undefined || pinned.live.length === 0 ? undefined : await readProposal(context, fundId, proposalId);
      const checks = await context.decide(() => [
        ...judgeTrades(facts),
        ...(asked === undefined ? [] : judgeProposal(pinned, asked)),
      ]);
      const result = await context.record((rpc) =>
        rpc("fn_record_checks", { proposal_id: proposalId, checks: checks.map((check) => ({ ...check })) }),
      );
      return {
        result,
        reason:
          checks
            .filter((check) => check.result === "failed")
            .map((check) => check.rule)
            .join(", ")
            .slice(0, 200) || "all limits held",
      };
    },
    checkTokenization: async (context, { eventId }) => {
      const facts = await context.facts((tx) => readTokenization(tx, eventId));
      const asked = (await context.facts((tx) => isOnClass(tx, eventId)))
        ? await context.look("fn_read_token_request", { event_id: eventId })
        : undefined;
      const verdict = await context.decide(() => judgeTokenization(asked === undefined ? facts : { ...facts, asked }));
      await context.record((rpc) =>
        rpc("fn_log_compliance", {
          event_id: eventId,
          rule: "tokenization_approval",
          rule_version: "1",
          result: verdict.result,
          detail: { reason: verdict.reason },
        }),
      );
      return verdict;
    },
    checkOrders,
    checkFund,
    checkApplicant,
    tickCalendar: (context) => context.record((rpc) => rpc("fn_tick_obligations", {})),
  });
