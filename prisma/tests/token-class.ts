// A class on a chain as the functions of the database know it, with a wallet of a cleared investor. No chain stands behind it: what a chain would say is said by the test.
import { type Args, agent, OPS, PM_ONE, PM_TWO, type TestDatabase } from "./arrange.ts";
import { clearApplicant } from "./cases/screening-arrange.ts";
import { newFund } from "./synthetic-fund.ts";

const SENTINEL = agent("compliance-sentinel");
const ROOM = agent("tokenization");
export const ADDRESS = `0x${"aa".repeat(20)}`;
export const OTHER_ADDRESS = `0x${"bb".repeat(20)}`;
export const CONTRACT = {
  chain_id: "31337",
  block: "3",
  gate: `0x${"01".repeat(20)}`,
  share: `0x${"02".repeat(20)}`,
  vault: `0x${"03".repeat(20)}`,
  registrar: `0x${"04".repeat(20)}`,
  guardian: `0x${"05".repeat(20)}`,
};
/** No limit: whoever is cleared may transfer to whoever is. */
export const LIMITS = { min_holding: "0", max_holding: "0", min_transfer: "0", lock_up: "0", transferable: true };
export interface AskedToken {
  action_id: string;
  event_id: string;
}

/** A fund with one class A of 100 units, all of one cleared investor. */
export async function classWithRegister(db: TestDatabase) {
  const { fundId, code } = await newFund(db);
  const classId = await db.value<string>(PM_ONE, "fn_open_class", {
    fund: code,
    code: "A",
    name: "Class A (synthetic)",
    issue_price: "10",
  });
  const pending_id = await clearApplicant(db);
  const investorId = await db.value<string>(OPS, "fn_assign_investor", { pending_id, classification: "professional" });
  await db.call(OPS, "fn_open_register", {
    share_class_id: classId,
    positions: [{ investor_id: investorId, units: "100", opened_on: "2025-01-15", price: "10" }],
  });
  return { fundId, code, classId, investorId };
}

export const askToken = (db: TestDatabase, fund: string, kind: string, body: Args = {}) =>
  db.value<AskedToken>(OPS, "fn_request_token_action", { fund, share_class: "A", kind, body });

/** Looked at by compliance and registered; answers what registration says. */
export async function registerToken(db: TestDatabase, { event_id }: { event_id: string }, result = "passed") {
  await db.call(SENTINEL, "fn_log_compliance", { event_id, rule: "tokenization_approval", rule_version: "1", result });
  return db.value<{ status: string; proposal_id?: string }>(ROOM, "fn_register_tokenization", { event_id });
}

/** Registered, and approved by two people where two people have to. */
export async function approveToken(db: TestDatabase, asked: AskedToken) {
  const { proposal_id } = await registerToken(db, asked);
  if (proposal_id === undefined) return;
  const [proposal] = await db.look<{ hash: string }>("select hash from proposals where proposal_id = $1", [
    proposal_id,
  ]);
  for (const person of [PM_ONE, PM_TWO])
    await db.call(person, "fn_decide_proposal", { proposal_id, hash: proposal!.hash, decision: "approved" });
}

/** Approved and begun: it may be sent. */
export async function begunToken(db: TestDatabase, asked: AskedToken) {
  await approveToken(db, asked);
  await db.call(ROOM, "fn_begin_token_action", { action_id: asked.action_id });
  return asked;
}

let blocks = 10;
/** As if the chain had said that it took effect for good. */
export async function finalToken(db: TestDatabase, asked: AskedToken) {
  await begunToken(db, asked);
  await db.call(ROOM, "fn_mark_token_action", {
    action_id: asked.action_id,
    state: "final",
    detail: { block: String(++blocks) },
  });
}

export async function classOnChain(db: TestDatabase) {
  const made = await classWithRegister(db);
  const asked = await begunToken(db, await askToken(db, made.code, "deploy"));
  const { contract_id } = await db.value<{ contract_id: string }>(ROOM, "fn_record_token_contract", {
    action_id: asked.action_id,
    contract: CONTRACT,
  });
  return { ...made, contractId: contract_id };
}

/** With an active wallet whose claim stands. */
export async function classWithWallet(db: TestDatabase) {
  const made = await classOnChain(db);
  await db.call(OPS, "fn_register_wallet", {
    share_class_id: made.classId,
    investor_id: made.investorId,
    address: ADDRESS,
    consent: "agreement 7, synthetic",
  });
  for (const asked of await db.look<AskedToken & Args>(
    "select action_id, event_id from tokenization_actions where fund_id = $1 and status = 'requested'",
    [made.fundId],
  ))
    await finalToken(db, asked);
  return made;
}
