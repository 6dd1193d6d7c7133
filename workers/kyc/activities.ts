// KYC's actions: review a pending investor; let clearances run out; take order events in, many at once, by one set-based RPC.
import { type RoomRpc, room, toFailure } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import { traced } from "@evergreen-fund/tracing";
import { z } from "zod";
import type { Activities, House } from "../rooms.ts";
import { type Review, review } from "./decide.ts";
import { type Applicant, applicantOf, readPendingId } from "./facts.ts";
import { answerTests, withCountries } from "./rules/activities.ts";
import { screeningActions } from "./screening/activities.ts";

const BatchInput = z.object({ batchId: z.uuid(), type: z.string() });

/** Clears the applicant. A case that was opened since the facts were read is no failure: the application waits for it. */
async function assign(rpc: RoomRpc, pendingId: string, verdict: Review & { outcome: "assign" }) {
  try {
    const investorId = await rpc("fn_assign_investor", {
      pending_id: pendingId,
      classification: verdict.classification,
      risk_score: verdict.score,
      risk_level: verdict.level,
      next_review: verdict.nextReview,
    });
    return { outcome: "assigned" as const, missing: [], investorId };
  } catch (error) {
    if (error instanceof EvergreenError && error.code === "EG430") return { outcome: "waiting" as const, missing: [] };
    throw error;
  }
}

export const kyc = (house: House): Activities => ({
  ...room("kyc", house, {
    ...screeningActions(house),
    review: async (context, { eventId, rules }) => {
      const pendingId = await context.facts((tx) => readPendingId(tx, eventId));
      const applicant = applicantOf(await context.look("fn_read_applicant", { pending_id: pendingId }));
      const decided = (facts: Applicant) => context.decide(() => review(facts, new Date().toISOString().slice(0, 10)));
      const first = await decided(applicant);
      // countries are looked up for whoever may be cleared, and for nobody else
      const verdict = first.outcome === "assign" ? await decided(await withCountries(house, applicant)) : first;
      switch (verdict.outcome) {
        case "assign":
          // rules look last, at somebody whose papers are complete; where there are none nobody has to
          if (rules === "ask" && (await answerTests(context, house, { pending_id: pendingId })).rules)
            return { outcome: "ready" as const, missing: [] };
          return await context.record((rpc) => assign(rpc, pendingId, verdict));
        case "ask":
          await context.record((rpc) => rpc("fn_ask_evidence", { pending_id: pendingId, missing: verdict.missing }));
          return { outcome: "missing" as const, missing: verdict.missing };
        case "wait":
          // what it waits for asks for the review itself
          await context.record(async (rpc) => {
            for (const party_id of verdict.screen) await rpc("fn_request_screening", { party_id });
          });
          return { outcome: "waiting" as const, missing: [] };
      }
    },
    tick: async (context) => await context.record((rpc) => rpc("fn_tick_kyc", {})),
    answerTests: async (context, { dealingDayId }) => ({
      answered: (await answerTests(context, house, { dealing_day_id: dealingDayId })).answered,
    }),
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
