// Liquidity Engine's actions. The verdict is computed under the ladder's row locks by fn_reserve_liquidity (R38): facts read here could be stale.
import { room } from "@evergreen-fund/agent-kit";
import type { Activities, House } from "../rooms.ts";
import { dealingActions } from "./dealing/activities.ts";
import { judge } from "./decide.ts";
import { readCover } from "./facts.ts";
import { stressActions } from "./stress/activities.ts";

export const liquidityEngine = (house: House): Activities =>
  room("liquidity-engine", house, {
    ...dealingActions,
    ...stressActions,
    reserve: async (context, { proposalId }) => {
      const facts = await context.facts((tx) => readCover(tx, proposalId));
      const expected = await context.decide(() => judge(facts));
      const answer = await context.record((rpc) => rpc("fn_reserve_liquidity", { proposal_id: proposalId }));
      return {
        result: answer.result,
        reason: answer.result === "passed" ? answer.reason : `${answer.reason} (${expected.code})`.slice(0, 200),
      };
    },
    release: async (context, { proposalId, reason }) => ({
      released: await context.record((rpc) => rpc("fn_release_liquidity", { proposal_id: proposalId, reason })),
    }),
  });
