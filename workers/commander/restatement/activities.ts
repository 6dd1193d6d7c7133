// The Commander's steps of a restatement: corrected figures before two people, the strike, what each deal is owed, statements, the strike after it.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import type { RESTATEMENT_CONTRACTS } from "@evergreen-fund/domain/restatement-agents.ts";
import {
  compensation,
  correctedNav,
  nextAffected,
  withCorrectPrices,
} from "@evergreen-fund/finance/dealing/restated-nav.ts";
import { feesAgainWork } from "../fees/decide.ts";
import { readBegun } from "./facts.ts";

type RestatementActions = Pick<RoomActions<"commander">, keyof typeof RESTATEMENT_CONTRACTS.commander>;

export const restatementActions: RestatementActions = {
  openRestatement: async (context, { eventId, workflowId }) => {
    const begun = await context.facts((tx) => readBegun(tx, eventId));
    const { strikeId, fundId } = await context.decide(() => {
      if (begun === null) throw new EvergreenError("EG404", "The event begins no restatement.");
      if (workflowId !== `restate/${begun.strikeId}`)
        throw new EvergreenError("EG428", "The restatement has another run.");
      return begun;
    });
    await context.record((rpc) =>
      rpc("fn_open_workflow", {
        workflow_id: workflowId,
        type: "NAV_RESTATEMENT_BEGUN",
        event_id: eventId,
        metadata: { playbook: "restate-nav", strike_id: strikeId },
      }),
    );
    return { strikeId, fundId };
  },
  proposeRestatement: async (context, { strikeId, workflowId }) => {
    const facts = await context.look("fn_read_restatement", { strike_id: strikeId });
    const { classes, ...body } = await context.decide(() => {
      const figures = correctedNav(facts);
      const { material, classes: days } = compensation(withCorrectPrices(facts, figures));
      // the people who approve the figures see what they come to
      return { ...figures, restatement: { material, days } };
    });
    const { proposal_id } = await context.record((rpc) =>
      rpc("fn_propose_nav", { strike_id: strikeId, body, classes, workflow_id: workflowId }),
    );
    return { proposalId: proposal_id };
  },
  strikeRestatement: async (context, { strikeId }) => ({
    version: (await context.record((rpc) => rpc("fn_strike_nav", { strike_id: strikeId }))).version,
  }),
  compensate: async (context, { strikeId }) => {
    const facts = await context.look("fn_read_restatement", { strike_id: strikeId });
    const { material, classes, deals } = await context.decide(() => compensation(facts));
    const { days, compensations } = await context.record((rpc) =>
      rpc("fn_record_restatement", { strike_id: strikeId, classes, deals }),
    );
    return { material, compensations, days };
  },
  retakeFees: async (context, { strikeId, workflowId }) => {
    const facts = await context.look("fn_read_restatement", { strike_id: strikeId });
    const fees = await context.look("fn_read_fees_again", { strike_id: strikeId });
    const work = await context.decide(() => feesAgainWork(fees, facts.nav_date, nextAffected(facts) === null));
    await context.record(async (rpc) => {
      for (const body of work.propose)
        await rpc("fn_propose_posting", {
          fund: facts.fund_id,
          kind: "crystallisation",
          body: body as unknown as Record<string, unknown>,
          workflow_id: workflowId,
        });
      for (const proposal_id of work.post) await rpc("fn_crystallise_fee", { proposal_id });
    });
    return { waitsFor: work.waitsFor, posted: work.post.length, kept: work.kept };
  },
  restateStatements: async (context, { strikeId }) => {
    const { days } = await context.look("fn_read_restatement", { strike_id: strikeId });
    return await context.record(async (rpc) => {
      const todo = days.map(({ dealing_day_id }) => dealing_day_id);
      let statements = 0;
      // a day whose opening price was restated is named by the first answer
      for (let done = 0; done < todo.length && done < 1_000; done++) {
        const made = await rpc("fn_prepare_statements", { dealing_day_id: todo[done] as string });
        statements += made.written;
        for (const day of made.stale_days) if (!todo.includes(day)) todo.push(day);
      }
      return { days: todo.length, statements };
    });
  },
  beginNextRestatement: async (context, { strikeId }) => {
    const facts = await context.look("fn_read_restatement", { strike_id: strikeId });
    const next = await context.decide(() => nextAffected(facts));
    return await context.record(async (rpc) => {
      if (next === null) return { changed: 0 };
      const begun = await rpc("fn_restate_nav", {
        strike_id: next.strikeId,
        inputs: next.inputs as unknown as Record<string, unknown>[],
        reason: `follows the restatement of ${facts.nav_date}, version ${facts.version}`,
      });
      return { strikeId: begun.strike_id, navDate: next.navDate, changed: next.changed };
    });
  },
};
