// Liquidity Engine's steps of a dealing day: the lab, the gate, the fills. It reads the book, the engine in finance computes, the database checks again.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import type { DEALING_CONTRACTS } from "@evergreen-fund/domain/dealing-agents.ts";
import { compareTools } from "../lab/decide.ts";
import { decisions, fillsOf, foreseen, verdictOf } from "./decide.ts";
import { dealBook, toolsOf } from "./facts.ts";
import { draftTool } from "./narrate.ts";

const ROOM = "liquidity-engine";
type DealingActions = Pick<RoomActions<typeof ROOM>, keyof (typeof DEALING_CONTRACTS)[typeof ROOM]>;

export const dealingActions: DealingActions = {
  runLab: async (context, { dealingDayId }) => {
    const book = await context.look("fn_read_book", { dealing_day_id: dealingDayId });
    const { asIs, lab } = await context.decide(() => compareTools(book));
    await context.record((rpc) =>
      rpc("fn_record_lab", { dealing_day_id: dealingDayId, lab: lab as unknown as Record<string, unknown> }),
    );
    return { ...verdictOf(asIs), combinations: lab.combinations.length };
  },
  foresee: async (context, { dealingDayId }) => {
    const book = await context.look("fn_read_book", { dealing_day_id: dealingDayId });
    return await context.decide(() => foreseen(book));
  },
  suspendDay: async (context, { dealingDayId }) => ({
    status: (
      await context.record((rpc) =>
        rpc("fn_decide_lmt", { dealing_day_id: dealingDayId, decision: { suspend: true, tools: ["suspension"] } }),
      )
    ).status,
  }),
  decideLmt: async (context, { dealingDayId }) => {
    const book = await context.look("fn_read_book", { dealing_day_id: dealingDayId });
    const { verdict, days } = await context.decide(() => decisions(book));
    await context.record(async (rpc) => {
      for (const day of days) await rpc("fn_decide_lmt", day);
    });
    return verdict;
  },
  proposeTool: async (context, { dealingDayId, workflowId }) => {
    const book = await context.look("fn_read_book", { dealing_day_id: dealingDayId });
    const drafted = await context.decide(() => draftTool(book, dealBook(book), toolsOf(book).tools));
    const { activation_id, proposal_id } = await context.record((rpc) =>
      rpc("fn_propose_lmt", { fund: book.fund, workflow_id: workflowId, ...drafted }),
    );
    return { proposalId: proposal_id, activationId: activation_id, tool: drafted.tool };
  },
  allocate: async (context, { dealingDayId }) => {
    const book = await context.look("fn_read_book", { dealing_day_id: dealingDayId });
    const dealt = await context.decide(() => fillsOf(book));
    if (dealt === null) return { outcome: "stopped" as const, orders: 0 };
    await context.record(async (rpc) => {
      for (const day of dealt.days) await rpc("fn_record_allocations", day);
    });
    return { outcome: "allocated" as const, orders: dealt.orders };
  },
};
