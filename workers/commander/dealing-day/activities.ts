// The Commander's steps of a dealing day: cut-off, NAV, strike, posting, claims, close. Each is one fn_* under the day's lock.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import type { DEALING_CONTRACTS } from "@evergreen-fund/domain/dealing-agents.ts";
import { feeWork } from "../fees/decide.ts";
import { Draft, frozenNav, openedDay } from "./decide.ts";
import { readAnnouncedDay, readDraft, readStrikeId, readStruckDay } from "./facts.ts";

type DealingActions = Pick<
  RoomActions<"commander">,
  Exclude<keyof typeof DEALING_CONTRACTS.commander, "openDealingDays">
>;

export const dealingDayActions: DealingActions = {
  openDay: async (context, { eventId, workflowId }) => {
    const announced = await context.facts((tx) => readAnnouncedDay(tx, eventId));
    const { dealingDayId, fundId } = await context.decide(() => openedDay(announced, workflowId));
    await context.record((rpc) =>
      rpc("fn_open_workflow", {
        workflow_id: workflowId,
        type: "DEALING_DAY_OPENED",
        event_id: eventId,
        metadata: { playbook: "dealing-day", dealing_day_id: dealingDayId },
      }),
    );
    return { dealingDayId, fundId };
  },
  lookAtDay: async (context, { dealingDayId }) => {
    const day = await context.look("fn_read_dealing_day", { dealing_day_id: dealingDayId });
    const names = (list: readonly string[]) => list.slice(0, 5).map((words) => words.slice(0, 200));
    return {
      status: day.status,
      step: day.step,
      leads: day.leads,
      rechecked: day.rechecked,
      lab: day.lab,
      cutOffInMs: day.cut_off_in_ms,
      waitsFor: names(day.waits_for),
      blockers: names(day.blockers),
      strikeState: day.strike_state,
      proposalStatus: day.proposal_status,
      proposalId: day.proposal_id,
      expiresInMs: day.expires_in_ms,
      proposedForMs: day.proposed_for_ms,
      knockedSince: day.knocked_since ?? false,
      suspension: day.suspension,
      activationId: day.activation_id,
      tool: day.tool,
      toolStatus: day.tool_status,
    };
  },
  lockOrders: async (context, { dealingDayId }) => ({
    orders: (await context.record((rpc) => rpc("fn_lock_orders", { dealing_day_id: dealingDayId }))).orders,
  }),
  freezeNav: async (context, { dealingDayId }) => {
    await context.record((rpc) => rpc("fn_roll_unpaid", { dealing_day_id: dealingDayId }));
    const facts = await context.look("fn_read_nav_facts", { dealing_day_id: dealingDayId });
    const { inputs, draft } = await context.decide(() => frozenNav(facts));
    const strike = await context.record((rpc) =>
      rpc("fn_freeze_nav_inputs", {
        fund: facts.fund,
        nav_date: facts.nav_date,
        inputs: inputs as unknown as Record<string, unknown>[],
        draft,
      }),
    );
    const named = [
      ...strike.blockers.map(({ label, blocked_by }) => `${label}: ${blocked_by}`),
      ...draft.blockers.map(({ words }) => words),
    ];
    return {
      strikeId: strike.strike_id,
      blocking: named.length,
      blockers: named.slice(0, 5).map((words) => words.slice(0, 200)),
    };
  },
  proposeNav: async (context, { dealingDayId, workflowId }) => {
    const found = await context.facts((tx) => readDraft(tx, dealingDayId));
    const { strikeId, draft } = await context.decide(() => {
      if (found === null) throw new EvergreenError("EG428", "The dealing day has no frozen NAV.");
      const parsed = Draft.safeParse((found.body as { draft?: unknown }).draft);
      if (!parsed.success) throw new EvergreenError("EG428", "The NAV was frozen without a draft.");
      if (parsed.data.blockers.length > 0)
        throw new EvergreenError(
          "EG429",
          parsed.data.blockers
            .map(({ words }) => words)
            .join("; ")
            .slice(0, 400),
        );
      return { strikeId: found.strikeId, draft: parsed.data };
    });
    const { classes, blockers: _none, ...body } = draft;
    const { proposal_id } = await context.record((rpc) =>
      rpc("fn_propose_nav", { strike_id: strikeId, body, classes, workflow_id: workflowId }),
    );
    return { proposalId: proposal_id };
  },
  escalateNav: async (context, { dealingDayId, proposalId, fundId, workflowId }) => ({
    eventId: await context.record((rpc) =>
      rpc("fn_record_event", {
        type: "NAV_APPROVAL_OVERDUE",
        payload: { dealing_day_id: dealingDayId, proposal_id: proposalId },
        source: "agent:commander",
        workflow_id: workflowId,
        ...(fundId === undefined ? {} : { fund_id: fundId }),
      }),
    ),
  }),
  strikeNav: async (context, { dealingDayId }) => {
    const strikeId = await context.facts((tx) => readStrikeId(tx, dealingDayId));
    if (strikeId === null) throw new EvergreenError("EG428", "The dealing day has no NAV.");
    return { orders: (await context.record((rpc) => rpc("fn_strike_nav", { strike_id: strikeId }))).orders };
  },
  crystalliseFees: async (context, { dealingDayId, workflowId }) => {
    const day = await context.facts((tx) => readStruckDay(tx, dealingDayId));
    const classes = day === null ? [] : await context.look("fn_read_crystallisation", { fund: day.fundId });
    const work = await context.decide(() =>
      feeWork(
        classes.filter(({ strike_id }) => strike_id === day?.strikeId),
        day?.struck ?? [],
      ),
    );
    await context.record(async (rpc) => {
      for (const body of work.propose)
        await rpc("fn_propose_posting", {
          fund: day?.fundId ?? "",
          kind: "crystallisation",
          body: body as unknown as Record<string, unknown>,
          workflow_id: workflowId,
        });
      for (const proposal_id of work.post) await rpc("fn_crystallise_fee", { proposal_id });
    });
    return { waitsFor: work.waitsFor };
  },
  postDay: async (context, { dealingDayId }) => ({
    carried: (await context.record((rpc) => rpc("fn_post_dealing_day", { dealing_day_id: dealingDayId }))).carried,
  }),
  openClaims: async (context, { dealingDayId }) => ({
    status: (await context.record((rpc) => rpc("fn_open_claims", { dealing_day_id: dealingDayId }))).status,
  }),
  prepareStatements: async (context, { dealingDayId }) => ({
    statements: (await context.record((rpc) => rpc("fn_prepare_statements", { dealing_day_id: dealingDayId }))).written,
  }),
  closeDay: async (context, { dealingDayId }) => ({
    dayHash:
      (await context.record((rpc) => rpc("fn_close_dealing_day", { dealing_day_id: dealingDayId }))).day_hash ?? "",
  }),
  discardDay: async (context, { dealingDayId, reason }) => ({
    status: (await context.record((rpc) => rpc("fn_discard_dealing_day", { dealing_day_id: dealingDayId, reason })))
      .status,
  }),
  activateTool: async (context, { activationId }) => ({
    tool: (await context.record((rpc) => rpc("fn_activate_lmt", { activation_id: activationId }))).tool,
  }),
};
