// Simulation's actions: the quick loss under a parallel rate shift by reported DV100 (`dv100_linear`), and stress runs (stress/).
import { room } from "@evergreen-fund/agent-kit";
import type { Activities, House } from "../rooms.ts";
import { lossUnderShift } from "./decide.ts";
import { readStress } from "./facts.ts";
import { stressActions } from "./stress/activities.ts";

export const simulation = (house: House): Activities =>
  room("simulation", house, {
    ...stressActions(house),
    stress: async (context, { eventId }) => {
      const facts = await context.facts((tx) => readStress(tx, eventId));
      const outcome = await context.decide(() => lossUnderShift(facts));
      if (outcome.kind === "refused") return { outcome: "refused" as const, reason: outcome.reason };
      await context.record((rpc) =>
        rpc("fn_record_stress", {
          event_id: eventId,
          scenario_id: outcome.scenarioId,
          loss: outcome.loss,
          method: outcome.method,
          detail: { convexity: "unknown", tenors: facts.dv100.length },
        }),
      );
      return { outcome: "completed" as const, reason: `${outcome.scenarioId} by ${outcome.method}` };
    },
  });
