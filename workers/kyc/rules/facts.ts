// What rules ask about personal data today: which versions, and which parties of a dealing day or an application are not answered for yet.
import type { RoomContext } from "@evergreen-fund/agent-kit";
import type { RpcResult } from "@evergreen-fund/supabase-client";

export type TestsDue = RpcResult<"fn_read_tests_due">;
/** Whose orders or application are judged next. */
export type Judged = { dealing_day_id: string } | { pending_id: string };

/** Parties in one turn. */
const PAGE = 1_000;

export const readTestsDue = (context: RoomContext, judged: Judged): Promise<TestsDue> =>
  context.look("fn_read_tests_due", { workflow_id: context.workflowId, ...judged, max_parties: PAGE });
