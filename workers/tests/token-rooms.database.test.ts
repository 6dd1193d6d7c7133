// Units of a class on a real chain, followed from the register by the rooms on a real Postgres: one effect or a clear refusal, and register = on chain + off chain.
import { generatePrivateKey } from "@evergreen-fund/chain/test-key.ts";
import { afterAll, expect, it } from "vitest";
import { dealAhead, redeem, subscribe } from "./dealing-journeys.ts";
import { AUDIT, OPS, PM_TWO } from "./journeys.ts";
import { expectEveryCrashPointPassed, expectWrongInputRefused, failureOf, useRooms } from "./room-house.ts";
import { liveRules, transferRules } from "./rule-packs.ts";
import { openTestChain, type TestChain } from "./token-chain-house.ts";
import { tokenRooms, walletOf } from "./token-rooms.ts";

const chain = {} as TestChain;
let door: ReturnType<TestChain["door"]>;
const rooms = useRooms(async () => {
  Object.assign(chain, await openTestChain());
  door = chain.door();
  // a test may put another door in its place for a while
  return {
    chain: {
      settle: (...given) => door.settle(...given),
      deploy: (...given) => door.deploy(...given),
      finalBlock: (...given) => door.finalBlock(...given),
      compare: (...given) => door.compare(...given),
      limits: (...given) => door.limits(...given),
    },
  };
});
afterAll(() => chain.close?.());
const on = tokenRooms(rooms, () => chain);
const LONG = { timeout: 180_000 };
const tokens = (fundId: string) => rooms.database.rpc(AUDIT, "fn_read_tokens", { fund_id: fundId });
const alerts = (fundId: string) =>
  rooms.look(
    "select type, payload ->> 'by' as by from fund_events where fund_id = $1 and type in ('TOKEN_REFUSED', 'TOKEN_BREAK') order by seq",
    [fundId],
  );

it(
  "units go onto the chain and off it, each once, whoever repeats a turn; the register is as it was",
  LONG,
  async () => {
    const fund = await on.fundOnChain(1);
    const minted = await on.ask(fund, "mint", { wallet: walletOf(0), units: "40000" });
    expect(await on.done(minted, fund.fundId)).toMatchObject({ outcome: "final" });
    expect(await on.settle(minted, fund.fundId)).toMatchObject({ outcome: "final" });
    const burnt = await on.ask(fund, "burn", { wallet: walletOf(0), units: "0.0001" });
    await on.registered(burnt, fund.fundId);
    // five processes that know nothing of each other
    const turns = await Promise.allSettled(Array.from({ length: 5 }, () => on.settle(burnt, fund.fundId)));
    expect(turns.some(({ status }) => status === "fulfilled")).toBe(true);
    expect(await on.settled(burnt, fund.fundId)).toMatchObject({ outcome: "final" });
    const { classes, actions } = await tokens(fund.fundId);
    expect(classes[0]).toMatchObject({
      register_units: "1000000",
      chain_units: "39999.9999",
      off_chain_units: "960000.0001",
      open_breaks: 0,
    });
    expect(actions.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual([
      "burn final",
      "claim_issue final",
      "deploy final",
      "keep final",
      "mint final",
    ]);
    expect(await on.reconcile(fund.contractId, minted, fund.fundId)).toEqual({ outcome: "agree", breaks: 0 });
    await expect(on.ask(fund, "mint", { wallet: walletOf(0), units: "1" })).rejects.toMatchObject({ code: "EG424" });
    await expect(on.ask(fund, "burn", { wallet: walletOf(0), units: "40000" })).rejects.toMatchObject({
      code: "EG424",
    });
  },
);

it(
  "a dealing day mints what was subscribed and burns what was redeemed, at its price; KYC that ends is revoked and comes back",
  LONG,
  async () => {
    const fund = await on.fundOnChain(2);
    for (const [n, units] of ["40000", "25000.5"].entries())
      await on.done(await on.ask(fund, "mint", { wallet: walletOf(n), units }), fund.fundId);
    await redeem(on.house(), fund, fund.holders[0]!, "1000.5");
    await subscribe(on.house(), fund, fund.holders[1]!, "12345.60");
    // whoever has no wallet stays off the chain
    await subscribe(on.house(), fund, fund.other, "12345.60");
    await on.intake();
    const { cash } = await payment(fund);
    expect(cash).toBe(2);
    const { blockers } = await on.dealt(fund, dealAhead(1));
    expect(blockers).toEqual([]);
    expect(await on.takeWaiting(fund)).toEqual([
      ["deal", "final"],
      ...((await on.waiting(fund)).length === 0 ? [] : [["settle", "final"] as [string, string]]),
    ]);
    const { classes, wallets } = await tokens(fund.fundId);
    expect(wallets.map(({ units }) => units)).toEqual(["38999.5", "26000.5"]);
    expect(classes[0]).toMatchObject({ register_units: "1000999.5", chain_units: "65000", open_breaks: 0 });
    const [asked] = await rooms.look<{ action_id: string; event_id: string }>(
      "select action_id, event_id from tokenization_actions where fund_id = $1 and kind = 'deal'",
      [fund.fundId],
    );
    expect(await on.reconcile(fund.contractId, asked!, fund.fundId)).toEqual({ outcome: "agree", breaks: 0 });

    // the clearance ends: by the superuser, since no function moves time
    const clear = (until: string) =>
      rooms.look(`update investors set kyc_valid_until = now() + interval '${until}' where investor_id = $1`, [
        fund.holders[1],
      ]);
    await clear("-1 day");
    expect(await on.takeWaiting(fund)).toEqual([["claim_revoke", "final"]]);
    expect((await tokens(fund.fundId)).wallets[1]).toMatchObject({ claim_until: null });
    await expect(
      rooms.database.rpc(OPS, "fn_register_wallet", {
        share_class_id: fund.classId,
        investor_id: fund.holders[1]!,
        address: walletOf(9),
        consent: "agreement, synthetic",
      }),
    ).rejects.toMatchObject({ code: "EG430" });
    await clear("90 days");
    expect(await on.takeWaiting(fund)).toEqual([["claim_issue", "final"]]);
    expect((await tokens(fund.fundId)).wallets[1]!.claim_until).not.toBeNull();
  },
);

it(
  "a break stops the next NAV with its code, is said once, and is closed when chain and register agree again",
  LONG,
  async () => {
    const fund = await on.fundOnChain(1);
    const minted = await on.ask(fund, "mint", { wallet: walletOf(0), units: "40000" });
    await on.done(minted, fund.fundId);
    // units of the chain that the books do not know: by the superuser, who takes the books' line away
    const forge = (units: string) =>
      rooms.look(
        "with off as (select set_config('session_replication_role', 'replica', true)) update token_moves set units = $2::numeric from off where action_id = $1",
        [minted.action_id, units],
      );
    await forge("39999");
    expect(await on.reconcile(fund.contractId, minted, fund.fundId)).toEqual({ outcome: "differ", breaks: 1 });
    const { breaks } = await tokens(fund.fundId);
    expect(breaks).toMatchObject([
      { kind: "differs", wallet: walletOf(0), register_units: "39999", chain_units: "40000" },
    ]);
    await subscribe(on.house(), fund, fund.other, "12345.60");
    await on.intake();
    await payment(fund);
    const day = await on.openedDay(fund, dealAhead(1));
    await on.valued(day);
    expect(await failureOf(day.take("commander.strikeNav"))).toMatchObject({
      code: "EG429",
      message: expect.stringMatching(/^Units on the chain and in the register differ in A; `token reconcile`/),
    });
    await chain.mine();
    expect(await on.reconcile(fund.contractId, minted, fund.fundId)).toMatchObject({ outcome: "differ" });
    expect(await alerts(fund.fundId)).toEqual([{ type: "TOKEN_BREAK", by: null }]);
    await forge("40000");
    await chain.mine();
    expect(await on.reconcile(fund.contractId, minted, fund.fundId)).toEqual({ outcome: "agree", breaks: 0 });
    await day.take("commander.strikeNav");
  },
);

it(
  "a freeze, a forced transfer and a recovery name their law, and what the contracts refuse is refused by name; a pause holds everything",
  LONG,
  async () => {
    const fund = await on.fundOnChain(1);
    await on.done(await on.ask(fund, "mint", { wallet: walletOf(0), units: "40000" }), fund.fundId);
    await expect(on.ask(fund, "freeze", { wallet: walletOf(0) })).rejects.toMatchObject({ code: "EG400" });
    const law = { legal_basis: "order 7 of a synthetic court" };
    await on.done(await on.ask(fund, "freeze", { wallet: walletOf(0), ...law }), fund.fundId);
    expect((await tokens(fund.fundId)).wallets[0]).toMatchObject({ status: "frozen" });
    await expect(on.ask(fund, "burn", { wallet: walletOf(0), units: "1" })).rejects.toMatchObject({ code: "EG428" });
    await on.done(await on.ask(fund, "unfreeze", { wallet: walletOf(0), ...law }), fund.fundId);
    const paused = await on.ask(fund, "pause", law);
    expect(await on.done(paused, fund.fundId)).toMatchObject({ outcome: "final" });
    expect((await tokens(fund.fundId)).classes[0]).toMatchObject({ paused: true });
    const burnt = await on.ask(fund, "burn", { wallet: walletOf(0), units: "1" });
    expect(await on.done(burnt, fund.fundId)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("EnforcedPause"),
    });
    expect(await alerts(fund.fundId)).toEqual([{ type: "TOKEN_REFUSED", by: "chain" }]);
    expect((await tokens(fund.fundId)).classes[0]).toMatchObject({ register_units: "1000000", chain_units: "40000" });
    await on.done(await on.ask(fund, "unpause", law), fund.fundId);
    const again = await rooms.database.rpc(OPS, "fn_retry_token_action", { action_id: burnt.action_id });
    expect(await on.done(again, fund.fundId)).toMatchObject({ outcome: "final" });
    // the holder's second wallet takes what the lost one had
    await rooms.database.rpc(OPS, "fn_register_wallet", {
      share_class_id: fund.classId,
      investor_id: fund.holders[0]!,
      address: walletOf(5),
      consent: "agreement, synthetic",
    });
    await on.takeWaiting(fund);
    const recovered = await on.ask(fund, "recover", { wallet: walletOf(0), to_wallet: walletOf(5), ...law });
    expect(await on.done(recovered, fund.fundId)).toMatchObject({ outcome: "final" });
    expect((await tokens(fund.fundId)).wallets).toMatchObject([
      { status: "lost", units: "0" },
      { status: "active", units: "39999" },
    ]);
    await chain.mine();
    expect(await on.reconcile(fund.contractId, recovered, fund.fundId)).toEqual({ outcome: "agree", breaks: 0 });
  },
);

it(
  "an incident pauses the class on the chain at once, and two people end the pause when it is over",
  LONG,
  async () => {
    const fund = await on.fundOnChain(1);
    await on.done(await on.ask(fund, "mint", { wallet: walletOf(0), units: "10" }), fund.fundId);
    const burn = await on.ask(fund, "burn", { wallet: walletOf(0), units: "1" });
    const reason = "Keys of the service may be known to others (synthetic)";
    const { incident_id } = await rooms.database.rpc(OPS, "fn_open_incident", { fund: fund.code, reason });
    const [, pause] = await on.waiting(fund);
    // nobody is asked: what only stops waits for nobody
    expect(await on.registered(pause!, fund.fundId)).toMatchObject({ status: "approved", kind: "pause" });
    expect(await on.settled(pause!, fund.fundId)).toMatchObject({ outcome: "final" });
    expect((await tokens(fund.fundId)).classes[0]).toMatchObject({ paused: true });
    // what people had asked before it waits: its run asks again
    const its = { eventId: burn.event_id, workflowId: `event/${burn.event_id}`, fundId: fund.fundId };
    await rooms.call("compliance-sentinel.checkTokenization", its);
    expect(await failureOf(rooms.call("tokenization.register", its))).toMatchObject({ code: "EG433", final: false });
    for (const by of [OPS, PM_TWO])
      await rooms.database.rpc(by, "fn_close_incident", { incident_id, reason: "The keys were changed (synthetic)" });
    expect(await on.takeWaiting(fund)).toEqual([
      // paused until two people have approved the end of it
      ["burn", "refused"],
      ["unpause", "final"],
    ]);
    expect((await tokens(fund.fundId)).classes[0]).toMatchObject({ paused: false, chain_units: "10" });
  },
);

it("wrong chain, no funds, node away, blocks taken back: a clear refusal, or one effect in the end", LONG, async () => {
  const fund = await on.fundOnChain(1);
  const asked = await on.ask(fund, "mint", { wallet: walletOf(0), units: "10" });
  await on.registered(asked, fund.fundId);
  door = chain.door({ chainId: 1, keyFile: await chain.keyFile(generatePrivateKey()) });
  expect(await on.settle(asked, fund.fundId)).toMatchObject({
    outcome: "refused",
    reason: expect.stringContaining("EG400"),
  });
  door = chain.door({ keys: "vault" }, generatePrivateKey().slice(2));
  const retry = async () => {
    const again = await rooms.database.rpc(OPS, "fn_retry_token_action", { action_id: asked.action_id });
    // the approval stands: nobody is asked twice
    expect(await on.registered(again, fund.fundId)).toMatchObject({ status: "approved" });
    return again;
  };
  let again = await retry();
  expect(await on.settle(again, fund.fundId)).toMatchObject({ outcome: "refused" });
  // the key that the Vault has signs, and not the one of the file
  door = chain.door({ keys: "vault", keyFile: "nowhere" });
  again = await retry();
  await chain.stopNode();
  expect(await failureOf(on.settle(again, fund.fundId))).toMatchObject({ code: "EG503", final: false });
  await chain.startNode();
  const before = await chain.chain.request("evm_snapshot");
  await on.settle(again, fund.fundId);
  expect(await on.settle(again, fund.fundId)).toMatchObject({ outcome: "going" });
  expect((await on.action(asked.action_id)).status).toBe("included");
  // the chain takes its block back, and the transaction with it
  await chain.chain.request("evm_revert", [before]);
  await on.settle(again, fund.fundId);
  expect((await on.action(asked.action_id)).status).toBe("sent");
  expect(await on.settled(again, fund.fundId)).toMatchObject({ outcome: "final" });
  await chain.mine();
  expect(await on.reconcile(fund.contractId, again, fund.fundId)).toEqual({ outcome: "agree", breaks: 0 });
  expect((await tokens(fund.fundId)).classes[0]).toMatchObject({ chain_units: "10" });
});

it("puts nothing of a person on the chain: no code, no id, no reference, in calldata or logs", LONG, async () => {
  const fund = await on.fundOnChain(1);
  await on.done(await on.ask(fund, "mint", { wallet: walletOf(0), units: "1" }), fund.fundId);
  const law = { legal_basis: "CANARY order of a court" };
  await on.done(await on.ask(fund, "freeze", { wallet: walletOf(0), ...law }), fund.fundId);
  const [holder] = await rooms.look<{ code: string; party_id: string }>(
    "select code, party_id from investors where investor_id = $1",
    [fund.holders[0]],
  );
  const head = Number(await chain.chain.request("eth_blockNumber"));
  let onChain = "";
  for (let block = 0; block <= head; block++) {
    const number = `0x${block.toString(16)}`;
    onChain += JSON.stringify(await chain.chain.request("eth_getBlockByNumber", [number, true]));
    onChain += JSON.stringify(await chain.chain.request("eth_getLogs", [{ fromBlock: number, toBlock: number }]));
  }
  expect(onChain).toContain(walletOf(0).slice(2));
  const secrets = [
    holder!.code,
    holder!.party_id,
    fund.holders[0]!,
    "agreement 0, synthetic",
    "CANARY",
    fund.contractId,
  ];
  for (const secret of secrets) {
    const bare = secret.replaceAll("-", "");
    for (const shown of [secret, bare, Buffer.from(secret).toString("hex"), Buffer.from(bare).toString("hex")])
      expect(onChain.toLowerCase().includes(shown.toLowerCase()), secret).toBe(false);
  }
});

it("refuses what compliance does not pass, and what people reject, before anything is sent", LONG, async () => {
  const fund = await on.fundOnChain(1);
  const asked = await on.ask(fund, "mint", { wallet: walletOf(0), units: "10" });
  await rooms.look("update investors set kyc_status = 'blocked' where investor_id = $1", [fund.holders[0]]);
  expect(await on.done(asked, fund.fundId)).toEqual({ outcome: "refused" });
  expect((await on.action(asked.action_id)).refusal).toMatchObject({ by: "compliance", code: "EG430" });
  await expect(rooms.database.rpc(OPS, "fn_retry_token_action", { action_id: asked.action_id })).rejects.toMatchObject({
    code: "EG428",
  });
  const run = { eventId: asked.event_id, workflowId: `event/${asked.event_id}`, fundId: fund.fundId };
  const rejected = await on.ask(fund, "pause", { legal_basis: "a drill" });
  const its = { eventId: rejected.event_id, workflowId: `event/${rejected.event_id}`, fundId: fund.fundId };
  await rooms.call("compliance-sentinel.checkTokenization", its);
  await rooms.call("tokenization.register", its);
  expect(
    await rooms.call("tokenization.refuse", { ...its, actionId: rejected.action_id, reason: "proposal rejected" }),
  ).toEqual({ status: "refused" });
  expect(
    await failureOf(
      rooms.call("tokenization.register", { ...run, eventId: fund.fundId, workflowId: `event/${fund.fundId}` }),
    ),
  ).toMatchObject({
    code: "EG404",
  });
});

it(
  "limits of transfers come from the packs in force at deployment; what a pack that goes live asks beyond them is listed, and stands when two people approved it",
  LONG,
  async () => {
    const state = async () => {
      const [{ limits, rules, limits_state }] = (await tokens(fund.fundId)).classes as [
        Awaited<ReturnType<typeof tokens>>["classes"][0],
      ];
      return [limits_state, limits?.min_holding, limits?.transferable, rules?.asked.min_holding, rules?.unsaid];
    };
    await liveRules(rooms.database, transferRules(1, "10"));
    const fund = await on.fundOnChain(1);
    const asked = { ...(await on.ask(fund, "reconcile")) };
    const look = async () => {
      await chain.mine();
      expect(await on.reconcile(fund.contractId, asked, fund.fundId)).toEqual({ outcome: "agree", breaks: 0 });
    };
    expect(await state()).toEqual(["in line", "10", true, "10", []]);
    // as the chain says them
    await look();
    expect(await state()).toEqual(["in line", "10", true, "10", []]);
    await expect(on.ask(fund, "limits")).rejects.toMatchObject({ code: "EG422" });
    await liveRules(rooms.database, transferRules(2, "25.5"));
    expect((await state())[0]).toBe("packs changed");
    await expect(on.ask(fund, "limits")).rejects.toMatchObject({ code: "EG428" });
    await look();
    expect(await state()).toEqual(["differ", "10", true, "25.5", []]);
    const tooLate = await on.ask(fund, "limits");
    // what no claim says of a holder: nothing is transferred rather than too much
    await liveRules(rooms.database, transferRules(3, "25.5", ["professional"]));
    expect(await on.done(tooLate, fund.fundId)).toEqual({ outcome: "refused" });
    await look();
    const unsaid = ["synthetic-transfers/kinds (investor.classification)"];
    expect(await state()).toEqual(["differ", "10", true, "25.5", unsaid]);
    const set = await on.ask(fund, "limits");
    expect(await on.done(set, fund.fundId)).toMatchObject({ outcome: "final" });
    expect((await on.action(set.action_id)).proposal_id).not.toBeNull();
    await look();
    expect(await state()).toEqual(["in line", "25.5", false, "25.5", unsaid]);
  },
);

it("refuses input that the contract does not take", () => expectWrongInputRefused(rooms, "tokenization"));
it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(rooms, "tokenization"));

/** The cash of every subscription is there. */
async function payment(fund: { fundId: string; code: string }): Promise<{ cash: number }> {
  const due = await rooms.database.read(AUDIT, (tx) =>
    tx.fund_flows.findMany({ where: { fund_id: fund.fundId, direction: "subscription", cleared_at: null } }),
  );
  await rooms.database.rpc(OPS, "fn_confirm_cash", {
    fund: fund.code,
    payments: due.map((flow) => ({
      flow_id: flow.flow_id,
      amount: flow.amount!.toFixed(2),
      reference: `synthetic/${flow.flow_id}`,
    })),
  });
  return { cash: due.length };
}
