// What the rules of a run are asked about: the versions it keeps, its orders, its fund. Read by fn_* in one answer each.
import type { RoomContext } from "@evergreen-fund/agent-kit";
import type { RpcResult } from "@evergreen-fund/supabase-client";

export type Pinned = RpcResult<"fn_pin_rules">;
export type StoredVersion = Pinned["live"][number];
export type OrderFacts = RpcResult<"fn_read_order_facts">[number];
export type FundFacts = RpcResult<"fn_read_fund_facts">;

/** A fund before and after the trades of a proposal. */
export const readProposal = (context: RoomContext, fund: string, proposal_id: string): Promise<FundFacts> =>
  context.look("fn_read_fund_facts", { fund, proposal_id });

/** Orders in one reading. */
const PAGE = 5_000;

/** The first look of a run decides which versions it judges by; a fund without live packs costs this one call. */
export const readPins = (context: RoomContext, fundId: string | undefined): Promise<Pinned> =>
  context.look("fn_pin_rules", {
    workflow_id: context.workflowId,
    ...(fundId === undefined ? {} : { fund_id: fundId }),
  });

export const isIdle = ({ live, drafts }: Pinned): boolean => live.length + drafts.length === 0;

export async function readOrders(context: RoomContext, dealing_day_id: string): Promise<OrderFacts[]> {
  const orders: OrderFacts[] = [];
  for (;;) {
    const after = orders.at(-1)?.flow_id;
    const page = await context.look("fn_read_order_facts", {
      dealing_day_id,
      ...(after === undefined ? {} : { after }),
      max_orders: PAGE,
    });
    orders.push(...page);
    if (page.length < PAGE) return orders;
  }
}

export type ApplicantFacts = RpcResult<"fn_read_applicant_facts">;

/** The application that the event of the run speaks of. */
export async function readApplicant(context: RoomContext, eventId: string): Promise<ApplicantFacts> {
  const pending_id = await context.facts(async (tx) => {
    const { payload } = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
    return (payload as { pending_id: string }).pending_id;
  });
  return await context.look("fn_read_applicant_facts", { pending_id });
}
