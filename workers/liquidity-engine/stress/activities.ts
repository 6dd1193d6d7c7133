// The Liquidity Engine after a stress run: one call moves the ladder of the scenarios and tells what is short, or will be.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import { stressLiquidity } from "./decide.ts";
import { readStressRun } from "./facts.ts";

export const stressActions: Pick<RoomActions<"liquidity-engine">, "stressLadder"> = {
  stressLadder: async (context, { eventId }) => {
    const facts = await context.facts((tx) => readStressRun(tx, eventId));
    const decision = await context.decide(() => stressLiquidity(facts));
    const { outcome, scenarios, moved, breaches, trends } = await context.record((rpc) =>
      rpc("fn_record_stress_liquidity", { stress_run_id: facts.stressRunId, ...decision }),
    );
    return { outcome, scenarios, moved, breaches, trends };
  },
};
