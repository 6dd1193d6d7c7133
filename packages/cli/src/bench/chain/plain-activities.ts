// The activities of the plain style: each is one call of the same database function as the step of the agents. It gets a ready vector for
// its memory, where ours makes one: that favours it.
import type { Database } from "@evergreen-fund/supabase-client";

export interface PlainRun {
  eventId: string;
  workflowId: string;
  fundId: string;
}

const VECTOR = Array.from({ length: 512 }, (_, i) => Math.sin(i + 1));
const COMMANDER = { role: "agent_commander" } as const;

export const plainActivities = (database: Database) => ({
  open: async ({ eventId, workflowId }: PlainRun): Promise<void> => {
    await database.rpc(COMMANDER, "fn_open_workflow", {
      workflow_id: workflowId,
      type: "TOKENIZATION_REQUESTED",
      event_id: eventId,
      request_id: `${workflowId}/open`,
    });
  },
  judge: async ({ eventId, workflowId }: PlainRun): Promise<void> => {
    await database.rpc({ role: "agent_compliance_sentinel" }, "fn_log_compliance", {
      event_id: eventId,
      rule: "tokenization_approval",
      rule_version: "1",
      result: "review",
      request_id: `${workflowId}/judge`,
    });
  },
  register: async ({ eventId, workflowId }: PlainRun): Promise<void> => {
    await database.rpc({ role: "agent_tokenization" }, "fn_register_tokenization", {
      event_id: eventId,
      request_id: `${workflowId}/register`,
    });
  },
  close: async ({ workflowId }: PlainRun): Promise<void> => {
    await database.rpc(COMMANDER, "fn_complete_workflow", {
      workflow_id: workflowId,
      status: "refused",
      metadata: {},
      request_id: `${workflowId}/close`,
    });
  },
  remember: async ({ workflowId, fundId }: PlainRun): Promise<string> =>
    await database.rpc(COMMANDER, "fn_remember", {
      memory: { text: "A token operation was asked for.", embedding: VECTOR, fund_id: fundId, workflow_id: workflowId },
      request_id: `${workflowId}/remember`,
    }),
});

export type PlainActivities = ReturnType<typeof plainActivities>;
