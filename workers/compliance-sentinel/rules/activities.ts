// The Sentinel's actions by rules as data: orders of a dealing day, an applicant, a fund as it stands, the regulatory calendar.
import type { RoomContext } from "@evergreen-fund/agent-kit";
import type { RunRef } from "@evergreen-fund/domain/agents.ts";
import type { DayRef } from "@evergreen-fund/domain/dealing-agents.ts";
import { judgeApplicant, judgeFund, judgeOrders } from "./decide.ts";
import { isIdle, readApplicant, readOrders, readPins } from "./facts.ts";

/** Orders of the day by the rules that the run began with; what is not approved leaves the day and waits for a person. */
export async function checkOrders(
  context: RoomContext,
  { dealingDayId, fundId }: DayRef,
): Promise<{ checked: number; held: number }> {
  const pinned = await readPins(context, fundId);
  const orders = isIdle(pinned) ? [] : await readOrders(context, dealingDayId);
  const { results, shadows } = await context.decide(() => judgeOrders(pinned, orders));
  const { recorded, held } = await context.record((rpc) =>
    rpc("fn_record_rules", { workflow_id: context.workflowId, results, shadows, dealing_day_id: dealingDayId }),
  );
  return { checked: recorded, held };
}

/** The fund as it stands: verdicts, and a breach for every limit with a cure clock that does not hold. */
export async function checkFund(
  context: RoomContext,
  { fundId }: DayRef,
): Promise<{ checked: number; breaches: number }> {
  const fund = fundId ?? "";
  const pinned = await readPins(context, fundId);
  const read = await context.look("fn_read_fund_facts", { fund });
  const { results, breaches } = await context.decide(() => judgeFund(pinned, read));
  const { recorded } = await context.record(async (rpc) => {
    for (const breach of breaches) await rpc("fn_record_breach", { fund, ...breach });
    return rpc("fn_record_rules", { workflow_id: context.workflowId, results });
  });
  return { checked: recorded, breaches: breaches.length };
}

/** An applicant whom KYC would clear; whoever is not approved gets a case, and the review waits for it. */
export async function checkApplicant(
  context: RoomContext,
  { eventId }: RunRef,
): Promise<{ outcome: "approved" | "held" }> {
  const read = await readApplicant(context, eventId);
  const pinned = await readPins(context, read.fund_id ?? undefined);
  const { results, shadows } = await context.decide(() => judgeApplicant(pinned, read));
  const { held } = await context.record((rpc) =>
    rpc("fn_record_rules", { workflow_id: context.workflowId, results, shadows }),
  );
  return { outcome: held > 0 ? "held" : "approved" };
}
