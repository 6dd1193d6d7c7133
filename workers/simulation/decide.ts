// The loss of a fund under a parallel shift of rates, linear in its reported DV100. Pure; convexity is unknown and said so.
import { EVENTS } from "@evergreen-fund/domain";
import { rateShockLoss } from "@evergreen-fund/finance/sensitivities.ts";
import type { StressFacts } from "./facts.ts";

export type StressOutcome =
  | { kind: "completed"; scenarioId: string; loss: string; method: string }
  | { kind: "refused"; reason: string };

/** Loss in fund currency at two decimals, HALF_UP; positive is a loss. A fund without reported sensitivities is refused, not assumed harmless. */
export function lossUnderShift({ payload, dv100 }: StressFacts): StressOutcome {
  const { scenario_id, shift_bps } = EVENTS.STRESS_REQUESTED.payload.parse(payload);
  if (dv100.length === 0) return { kind: "refused", reason: "EG426: the fund has reported no rate sensitivities" };
  const { loss, method } = rateShockLoss({
    dv100: dv100.map(({ currency, tenor, value }) => ({ currency, tenor, amount: value })),
    shockBps: shift_bps,
  });
  return { kind: "completed", scenarioId: scenario_id, loss, method };
}
