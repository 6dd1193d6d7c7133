// Risk Guardian's action: turn a breach or a drift into an alert.
import { room } from "@evergreen-fund/agent-kit";
import type { Activities, House } from "../rooms.ts";
import { weigh } from "./decide.ts";
import { readCause } from "./facts.ts";

export const riskGuardian = (house: House): Activities =>
  room("risk-guardian", house, {
    alert: async (context, { eventId }) => {
      const cause = await context.facts((tx) => readCause(tx, eventId));
      const alert = await context.decide(() => weigh(cause));
      const alertId = await context.record((rpc) =>
        rpc("fn_raise_alert", { event_id: eventId, kind: alert.kind, severity: alert.severity, reason: alert.reason }),
      );
      return { alertId, severity: alert.severity };
    },
  });
