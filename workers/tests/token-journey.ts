// A class goes onto a chain, a wallet gets its clearance, units are minted, and people refuse a pause: by runs, with workers that may die at any step.
import { expect } from "vitest";
import { approve, dealingFund } from "./dealing-journeys.ts";
import type { TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, OPS, PM_TWO, proposalStands } from "./journeys.ts";

export const WALLET = `0x${"a1".repeat(20)}`;

export async function chained(house: TestHouse): Promise<void> {
  const { database } = house;
  const on = await dealingFund(house);
  const ask = (kind: string, body: Record<string, string> = {}) =>
    database.rpc(OPS, "fn_request_token_action", { fund: on.code, share_class: "A", kind, body });
  const decided = async (eventId: string) => {
    await approve(house, await proposalStands(database, eventId));
    await expectEnd(database, eventId, "completed");
  };
  await decided((await ask("deploy")).event_id);
  const { wallet_id } = await database.rpc(OPS, "fn_register_wallet", {
    share_class_id: on.classId,
    investor_id: on.holders[0]!,
    address: WALLET,
    consent: "agreement 7, synthetic",
  });
  const asked = await database.read(AUDIT, (tx) => tx.tokenization_actions.findMany({ where: { wallet_id } }));
  const eventOf = (kind: string) => asked.find((one) => one.kind === kind)!.event_id!;
  await expectEnd(database, eventOf("claim_issue"), "completed");
  await decided(eventOf("keep"));
  await decided((await ask("mint", { wallet: WALLET, units: "40000" })).event_id);
  const rejected = (await ask("pause", { legal_basis: "a drill" })).event_id;
  const proposal = await proposalStands(database, rejected);
  await database.rpc(PM_TWO, "fn_decide_proposal", {
    proposal_id: proposal.proposal_id,
    hash: proposal.hash,
    decision: "rejected",
    reason: "only a drill",
  });
  await expectEnd(database, rejected, "refused");
  // whoever watches risks is told of it by a run of its own
  const told = await database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({ where: { fund_id: on.fundId, type: "TOKEN_REFUSED" } }),
  );
  await expectEnd(database, told.event_id, "completed");
  const { classes, actions, wallets } = await database.rpc(AUDIT, "fn_read_tokens", { fund_id: on.fundId });
  expect(classes).toMatchObject([
    { register_units: "1000000", chain_units: "40000", off_chain_units: "960000", paused: false, open_breaks: 0 },
  ]);
  // held against the chain itself, block by block: a second effect would be a break
  expect(classes[0]!.reconciled_block).not.toBeNull();
  expect(wallets).toMatchObject([{ address: WALLET, status: "active", units: "40000" }]);
  expect(actions.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual([
    "claim_issue final",
    "deploy final",
    "keep final",
    "mint final",
    "pause refused",
  ]);
}
