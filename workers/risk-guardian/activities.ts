// Risk Guardian's action: turn a breach, a trend to one or a drift into an alert, of liquidity with what could be done.
import { room } from "@evergreen-fund/agent-kit";
import type { Activities, House } from "../rooms.ts";
import { weigh } from "./decide.ts";
import { readCause } from "./facts.ts";
import { firstOf, remedyOf } from "./remedy/decide.ts";

export const riskGuardian = (house: House): Activities =>
  room("risk-guardian", house, {
    alert: async (context, { eventId }) => {
      const cause = await context.facts((tx) => readCause(tx, eventId));
      const { remedy, ...alert } = await context.decide(() => {
        const weighed = weigh(cause);
        if (cause.liquidity === undefined) return { ...weighed, remedy: undefined };
        const proposed = remedyOf(cause.liquidity.cause, cause.liquidity.facts);
        const first = firstOf(proposed);
        const words = first === undefined ? "" : ` Proposed first: ${first.replaceAll("_", " ")}.`;
        return { ...weighed, reason: `${weighed.reason}${words}`, remedy: proposed };
      });
      const alertId = await context.record((rpc) =>
        rpc("fn_raise_alert", { event_id: eventId, ...alert, ...(remedy === undefined ? {} : { remedy }) }),
      );
      return { alertId, severity: alert.severity };
    },
  });
