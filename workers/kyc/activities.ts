// KYC's actions: review a pending investor; take order events in, many at once, by one set-based RPC.
import { room, toFailure } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import { traced } from "@evergreen-fund/tracing";
import { z } from "zod";
import type { Activities, House } from "../rooms.ts";
import { review } from "./decide.ts";
import { readApplicant } from "./facts.ts";
import { screeningActions } from "./screening/actions.ts";

const BatchInput = z.object({ batchId: z.uuid(), type: z.string() });

export const kyc = (house: House): Activities => ({
  ...room("kyc", house, {
    ...screeningActions(house),
    review: async (context, { eventId }) => {
      const applicant = await context.facts((tx) => readApplicant(tx, eventId));
      const verdict = await context.decide(() => review(applicant, new Date().toISOString().slice(0, 10)));
      if (verdict.outcome === "assign") {
        const investorId = await context.record((rpc) =>
          rpc("fn_assign_investor", { pending_id: applicant.pendingId, classification: verdict.classification }),
        );
        return { outcome: "assigned" as const, missing: [], investorId };
      }
      await context.record((rpc) =>
        rpc("fn_ask_evidence", { pending_id: applicant.pendingId, missing: verdict.missing }),
      );
      return { outcome: "missing" as const, missing: verdict.missing };
    },
    // the verdict is the database's, at the moment it is needed: clearance may have ended since anything was read
    recheckOrders: async (context, { dealingDayId }) => ({
      held: (await context.record((rpc) => rpc("fn_recheck_orders", { dealing_day_id: dealingDayId }))).held,
    }),
  }),
  "kyc.intakeOrders": async (input) => {
    const given = BatchInput.safeParse(input);
    if (!given.success) throw toFailure(new EvergreenError("EG400", "kyc.intakeOrders: the input is not a batch."));
    const { batchId, type } = given.data;
    try {
      return await traced("rpc.fn_intake_orders", { event_type: type } as never, () =>
        house.database.rpc({ role: "agent_kyc" }, "fn_intake_orders", {
          batch_id: batchId,
          request_id: `batch/${batchId}`,
        }),
      );
    } catch (error) {
      throw toFailure(error);
    }
  },
});
