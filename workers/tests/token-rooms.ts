// Token operations by their rooms, without Temporal: asked for, looked at, approved by two people, settled on a chain that stands still until a block is wanted.
import type { Actor } from "@evergreen-fund/domain";
import { expect } from "vitest";
import { approve, type DealingHouse, dealingFund } from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { AUDIT, OPS } from "./journeys.ts";
import type { RoomHouse } from "./room-house.ts";
import type { TestChain } from "./token-chain-house.ts";

export interface Asked extends Record<string, unknown> {
  action_id: string;
  event_id: string;
}
/** Addresses of nobody: their keys are known to no one, the fund keeps them for the holders of the vector. */
export const walletOf = (n: number): string => `0xaa000000000000000000000000000000000000${(n + 16).toString(16)}`;

export function tokenRooms(rooms: RoomHouse, chainOf: () => TestChain) {
  const { house, ...dealing } = dealingRooms(rooms);
  const runOf = ({ event_id }: Asked, fundId: string) => ({
    eventId: event_id,
    workflowId: `event/${event_id}`,
    fundId,
  });
  const action = (action_id: string) =>
    rooms.database.read(AUDIT, (tx) => tx.tokenization_actions.findUniqueOrThrow({ where: { action_id } }));

  /** Verdict and registration, and the two approvals where they are asked for. */
  async function registered(asked: Asked, fundId: string): Promise<{ status: string; kind: string }> {
    const run = runOf(asked, fundId);
    await rooms.call("compliance-sentinel.checkTokenization", run);
    const made = await rooms.call<{ status: string; kind: string; proposalId?: string }>("tokenization.register", run);
    if (made.proposalId !== undefined) {
      const proposal_id = made.proposalId;
      await approve(
        house(),
        await rooms.database.read(AUDIT, (tx) => tx.proposals.findUniqueOrThrow({ where: { proposal_id } })),
      );
    }
    return made;
  }

  let round = 0;
  const settle = (asked: Asked, fundId: string) =>
    rooms.call<{ outcome: string; contractId?: string; reason?: string }>("tokenization.settle", {
      ...runOf(asked, fundId),
      actionId: asked.action_id,
      round: ++round,
    });
  const reconcile = (contractId: string, asked: Asked, fundId: string) =>
    rooms.call<{ outcome: string; breaks: number }>("tokenization.reconcile", {
      ...runOf(asked, fundId),
      contractId,
      round: ++round,
    });

  /** To its end, a block a turn. */
  async function settled(asked: Asked, fundId: string): Promise<{ outcome: string; reason?: string }> {
    for (let turn = 0; turn < 8; turn++) {
      const now = await settle(asked, fundId);
      if (now.outcome !== "going") return now;
      await chainOf().mine();
    }
    throw new Error(`The operation did not end: ${JSON.stringify(await action(asked.action_id), replaceBigint)}`);
  }

  async function done(asked: Asked, fundId: string): Promise<{ outcome: string; reason?: string }> {
    const { status } = await registered(asked, fundId);
    return status === "refused" ? { outcome: "refused" } : settled(asked, fundId);
  }

  const ask = (on: DealingHouse, kind: string, body: Record<string, string> = {}, by: Actor = OPS) =>
    rooms.database.rpc(by, "fn_request_token_action", { fund: on.code, share_class: "A", kind, body });

  /** What the register, KYC or a wallet asked of the chain and nobody has taken yet, the oldest first. */
  const waiting = async (on: DealingHouse): Promise<(Asked & { kind: string })[]> =>
    rooms.look<Asked & { kind: string }>(
      "select action_id, event_id, kind from tokenization_actions where fund_id = $1 and status = 'requested' order by created_at, action_id",
      [on.fundId],
    );
  async function takeWaiting(on: DealingHouse): Promise<[kind: string, outcome: string][]> {
    const taken: [string, string][] = [];
    for (const asked of await waiting(on)) taken.push([asked.kind, (await done(asked, on.fundId)).outcome]);
    return taken;
  }

  /** A fund of four holders whose class is on the chain, the first `wallets` of them with a wallet and all their units in it. */
  async function fundOnChain(wallets: number): Promise<DealingHouse & { contractId: string }> {
    const on = await dealingFund(house());
    const deployed = await ask(on, "deploy");
    expect(await done(deployed, on.fundId)).toMatchObject({ outcome: "final" });
    for (let n = 0; n < wallets; n++) {
      await rooms.database.rpc(OPS, "fn_register_wallet", {
        share_class_id: on.classId,
        investor_id: on.holders[n]!,
        address: walletOf(n),
        consent: `agreement ${n}, synthetic`,
      });
      expect((await takeWaiting(on)).sort()).toEqual([
        ["claim_issue", "final"],
        ["keep", "final"],
      ]);
    }
    const [contract] = await rooms.look<{ contract_id: string }>(
      "select contract_id from token_contracts where fund_id = $1",
      [on.fundId],
    );
    return { ...on, contractId: contract!.contract_id };
  }

  return {
    ...dealing,
    house,
    ask,
    action,
    registered,
    settle,
    settled,
    done,
    reconcile,
    waiting,
    takeWaiting,
    fundOnChain,
  };
}

const replaceBigint = (_key: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
