// Tokenization's actions: register an operation, take its turns on the chain, refuse it, hold the register against the chain.
import { type RoomContext, room } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import type { TokenWork } from "@evergreen-fund/supabase-client";
import type { Activities, House } from "../rooms.ts";
import { askedOf, judgeFailure, nextStep } from "./decide.ts";
import { readRegister, readWork } from "./facts.ts";

/** Turns come further apart the longer it takes: a chain that stands still for a day is not asked a thousand times. */
const PATIENCE_MS = 300_000;
const patience = (waitMs: number, round: number) =>
  Math.min(PATIENCE_MS, Math.round(waitMs * 1.2 ** Math.max(0, round - 20)));

export const tokenization = (house: House): Activities => {
  const chainOf = () => {
    if (house.chain === undefined)
      throw new EvergreenError("EG424", "No chain is configured; set CHAIN_URL and try the operation again.");
    return house.chain;
  };
  return room("tokenization", house, {
    register: async (context, { eventId }) => {
      const { action_id, status, kind, proposal_id, reason } = await context.record((rpc) =>
        rpc("fn_register_tokenization", { event_id: eventId }),
      );
      return {
        actionId: action_id,
        status,
        ...(kind === undefined ? {} : { kind }),
        ...(proposal_id === undefined ? {} : { proposalId: proposal_id }),
        ...(reason === undefined ? {} : { reason }),
      };
    },
    settle: async (context, { actionId, round }) => {
      const work = await readWork(context, actionId);
      const step = await context.decide(() => nextStep(work));
      const contract = work.contract_id === null ? {} : { contractId: work.contract_id };
      if (step === "over") {
        await context.record(async () => undefined);
        const outcome = work.status === "final" ? ("final" as const) : ("refused" as const);
        return { outcome, waitMs: 0, reason: work.status, ...contract };
      }
      if (step === "wait" || step === "look") {
        await context.record(async () => undefined);
        const outcome = step === "look" ? ("final" as const) : ("going" as const);
        return { outcome, waitMs: patience(1_000, round), ...contract };
      }
      try {
        return step === "deploy" ? await deploy(context, work) : { ...(await send(context, work, round)), ...contract };
      } catch (error) {
        const failure = judgeFailure(error);
        if (failure === null) throw error;
        const { state, code, reason } = failure;
        await context.record((rpc) =>
          rpc("fn_mark_token_action", { action_id: actionId, state, detail: { code, reason } }),
        );
        return { outcome: "refused" as const, waitMs: 0, reason: `${code}: ${reason}`.slice(0, 200), ...contract };
      }
    },
    refuse: (context, { actionId, reason }) =>
      context.record(async (rpc) => {
        const { status } = await rpc("fn_mark_token_action", {
          action_id: actionId,
          state: "rejected",
          detail: { code: "EG420", reason },
        });
        return { status };
      }),
    reconcile: async (context, { contractId, actionId, round }) => {
      const facts = await context.facts((tx) =>
        tx.token_contracts.findUniqueOrThrow({ where: { contract_id: contractId } }),
      );
      const contract = {
        chain_id: Number(facts.chain_id),
        gate: facts.gate,
        share: facts.share,
        vault: facts.vault,
        registrar: facts.registrar,
        guardian: facts.guardian,
        unit_decimals: facts.unit_decimals,
        deployed_block: Number(facts.deployed_block),
      };
      const block = await chainOf().finalBlock(contract);
      const register = block === null ? null : await readRegister(context, contractId, block);
      const late = block === null || register === null || register.busy || Number(facts.reconciled_block ?? 0) > block;
      const breaks = late ? [] : await chainOf().compare(contractId, contract, block, register);
      const onChain = late ? undefined : await chainOf().limits(contract, block);
      const { outcome, asked } = await context.decide(() => ({
        outcome: late ? ("later" as const) : breaks.length === 0 ? ("agree" as const) : ("differ" as const),
        asked: late ? undefined : askedOf(register.rules, contract.unit_decimals, register.as_of),
      }));
      return context.record(async (rpc) => {
        if (late && round < LAST_LOOK) return { outcome: "later" as const, breaks: 0 };
        if (!late)
          await rpc("fn_record_token_reconciliation", {
            contract_id: contractId,
            block,
            breaks: breaks.map((found) => ({ ...found })),
            rules: { ...asked, on_chain: onChain },
          });
        if (actionId !== undefined)
          await rpc("fn_mark_token_action", {
            action_id: actionId,
            state: late ? "failed" : "final",
            detail: late
              ? { code: "EG425", reason: "Operations of the class are under way; ask again when they are final." }
              : { block: String(block) },
          });
        return { outcome, breaks: breaks.length };
      });
    },
  });

  /** Sent, then marked: whoever dies in between finds it on the chain. */
  async function send(context: RoomContext, work: TokenWork, round: number) {
    const turn = await context.record(() =>
      chainOf().settle(work, async (attempt) => {
        await house.database.rpc({ role: "agent_tokenization" }, "fn_keep_token_attempt", {
          action_id: work.action_id,
          attempt,
        });
      }),
    );
    const { state, block } = turn;
    const { status } =
      state === work.status
        ? work
        : await context.record((rpc) =>
            rpc("fn_mark_token_action", {
              action_id: work.action_id,
              state,
              detail: block === undefined ? {} : { block: String(block) },
            }),
          );
    // a turn that was taken twice has its first answer: what the chain says since is marked by the next
    return {
      outcome: status === "final" ? ("final" as const) : ("going" as const),
      waitMs: patience(turn.waitMs, round),
    };
  }

  async function deploy(context: RoomContext, work: TokenWork) {
    const rules = await context.decide(() => askedOf(work.rules, work.unit_decimals, work.as_of));
    const { sender: _, ...contract } = await context.record(() => chainOf().deploy(work, rules.asked));
    const { contract_id } = await context.record((rpc) =>
      rpc("fn_record_token_contract", {
        action_id: work.action_id,
        contract: { ...contract, rules: { ...rules, on_chain: rules.asked } },
      }),
    );
    return { outcome: "final" as const, waitMs: 0, contractId: contract_id };
  }
};

/** A look that never found the class at rest ends here; the next operation looks again. */
const LAST_LOOK = 20;
