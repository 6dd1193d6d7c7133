// Incident mode against a real database: every function of dealing, chain and notices refuses while it is open, nothing of another fund does, and what was stopped goes on
// once two people have closed it.
import { afterEach, describe, expect, it } from "vitest";
import { agent, OPS, PM_ONE, refusal } from "./arrange.ts";
import { DEALING_DAY_CASES } from "./cases/dealing-day-cases.ts";
import { DEALING_GATE_CASES } from "./cases/dealing-gate-cases.ts";
import { DEALING_ORDER_CASES } from "./cases/dealing-order-cases.ts";
import { DEALING_POSTING_CASES } from "./cases/dealing-posting-cases.ts";
import { DEALING_RUN_CASES } from "./cases/dealing-run-cases.ts";
import { FEE_CASES } from "./cases/fee-cases.ts";
import { openedIncident } from "./cases/incident-cases.ts";
import { POSTING_CASES } from "./cases/posting-cases.ts";
import { RESTATEMENT_CASES } from "./cases/restatement-cases.ts";
import { STATEMENT_CASES } from "./cases/statement-cases.ts";
import { TOKEN_CASES } from "./cases/token-cases.ts";
import { dealingDatabase, dealingFund, place } from "./dealing-day.ts";
import { INVOKER_READS } from "./invoker-reads.ts";
import {
  ADDRESS,
  approveToken,
  askToken,
  classOnChain,
  classWithWallet,
  finalToken,
  registerToken,
} from "./token-class.ts";

const db = await dealingDatabase();
// those that asked something of a chain are closed by their own test
afterEach(() =>
  db.look(
    "delete from incidents i where not exists (select from tokenization_actions a where a.incident_id = i.incident_id)",
  ),
);

/** Functions of the same places that write nothing of dealing, and why they go on. */
const GOES_ON: Record<string, string> = {
  fn_knock_dealing_day: "it asks a run to look again, and the run is refused what it would write",
  fn_note_nav_error: "a document is noted; nobody is paid by it",
  fn_performance_books: "it reads",
  fn_propose_posting: "a proposal may be made and decided; posting it is refused",
  fn_prove_order: "it reads",
  fn_read_book: "it reads",
  fn_read_crystallisation: "it reads",
  fn_read_dealing_day: "it reads",
  fn_read_fees_again: "it reads",
  fn_read_nav_facts: "it reads",
  fn_read_restatement: "it reads",
  fn_read_token_register: "it reads",
  fn_read_token_request: "it reads",
  fn_record_token_reconciliation: "what the chain has is known all the same",
  fn_record_marks: "what assets are worth is known all the same",
  fn_request_documents: "a file says what its row says already",
  fn_statement_books: "it reads",
};

const CASES = [
  ...DEALING_ORDER_CASES,
  ...DEALING_DAY_CASES,
  ...DEALING_GATE_CASES,
  ...DEALING_POSTING_CASES,
  ...DEALING_RUN_CASES,
  ...POSTING_CASES,
  ...FEE_CASES,
  ...STATEMENT_CASES,
  ...RESTATEMENT_CASES,
  ...TOKEN_CASES,
]
  // the case of the checker itself breaks books on purpose
  .filter(({ fn }) => fn !== "fn_verify_invariants" && !INVOKER_READS.includes(fn));

/** All funds at once, whichever the case is about. */
const stopAll = () =>
  db.look(
    "insert into incidents (fund_id, reason, opened_by) select fund_id, 'stopped for a test (synthetic)', 'test' from funds",
  );

describe.each(CASES.map((rpc) => [rpc.fn, rpc] as const))("%s", (fn, rpc) => {
  it(GOES_ON[fn] === undefined ? "is refused while an incident is open" : `goes on: ${GOES_ON[fn]}`, async () => {
    const args = await rpc.arrange(db);
    await stopAll();
    if (GOES_ON[fn] === undefined) {
      const before = await db.writes();
      const { code, message } = await refusal(db.call(rpc.by, fn, args));
      expect(code, message).toBe("EG433");
      expect(message).toMatch(/two people have closed it/);
      expect(await db.writes()).toEqual(before);
    } else await expect(db.call(rpc.by, fn, args)).resolves.toBeDefined();
  });
});

it("stops one fund and no other, and goes on once two people have closed it", async () => {
  const [stopped, other] = [await dealingFund(db), await dealingFund(db)];
  const order = { direction: "subscription", amount: "5000.00" };
  const incident_id = await openedIncident(db, stopped.fund.code);
  expect((await refusal(place(db, stopped, stopped.holder, order))).code).toBe("EG433");
  await expect(place(db, other, other.holder, order)).resolves.toBeDefined();
  const reason = "The keys were changed (synthetic)";
  expect(await db.value(OPS, "fn_close_incident", { incident_id, reason })).toMatchObject({ state: "asked" });
  // whoever asked is not two people
  expect((await refusal(db.call(OPS, "fn_close_incident", { incident_id, reason }))).code).toBe("EG420");
  expect((await refusal(place(db, stopped, stopped.holder, order))).code).toBe("EG433");
  expect(await db.value(PM_ONE, "fn_close_incident", { incident_id, reason })).toMatchObject({ state: "closed" });
  await expect(place(db, stopped, stopped.holder, order)).resolves.toBeDefined();
});

it("keeps actions from the chain", async () => {
  const { fund } = await dealingFund(db);
  await openedIncident(db, fund.code);
  const event = await db.value<string>(PM_ONE, "fn_record_event", {
    type: "TOKENIZATION_REQUESTED",
    payload: { chain: "testnet", instrument: "SYN", size: "1" },
    source: "test",
    fund_id: fund.fundId,
  });
  expect((await refusal(db.call(agent("tokenization"), "fn_register_tokenization", { event_id: event }))).code).toBe(
    "EG433",
  );
});

/** What an incident asked of the chain, the oldest first. */
const askedBy = (incident: string) =>
  db.look<{
    action_id: string;
    event_id: string;
    kind: string;
    status: string;
    legal_basis: string;
    proposal_id: string | null;
  }>(
    "select action_id, event_id, kind, status, legal_basis, proposal_id from tokenization_actions where incident_id = $1 order by created_at",
    [incident],
  );
const pausedOf = async (contract: string) =>
  (await db.look<{ paused: boolean }>("select paused from token_contracts where contract_id = $1", [contract]))[0]
    ?.paused;
async function closed(incident_id: string): Promise<void> {
  for (const person of [OPS, PM_ONE])
    await db.call(person, "fn_close_incident", { incident_id, reason: "The keys were changed (synthetic)" });
}

it("pauses the share contracts without waiting for two people, and asks two people for the end of the pause", async () => {
  const { code, contractId } = await classWithWallet(db);
  const incident = await openedIncident(db, code);
  const [pause] = await askedBy(incident);
  expect(pause).toMatchObject({ kind: "pause", status: "requested", legal_basis: `incident ${incident}` });
  // compliance looks; nobody has to approve it
  await finalToken(db, pause!);
  expect(await pausedOf(contractId)).toBe(true);
  expect((await askedBy(incident))[0]).toMatchObject({ status: "final", proposal_id: null });
  for (const refused of [
    askToken(db, code, "mint", { wallet: ADDRESS, units: "5" }),
    askToken(db, code, "unpause", { legal_basis: "too early" }),
  ])
    expect((await refusal(refused)).code).toBe("EG433");
  await closed(incident);
  const [, unpause] = await askedBy(incident);
  expect(unpause).toMatchObject({ kind: "unpause", status: "requested" });
  expect(await registerToken(db, unpause!)).toMatchObject({ status: "awaiting_approval" });
  const begin = () => db.call(agent("tokenization"), "fn_begin_token_action", { action_id: unpause!.action_id });
  expect((await refusal(begin())).code).toBe("EG428");
  expect(await pausedOf(contractId)).toBe(true);
  await approveToken(db, unpause!);
  await begin();
});

it("leaves a class as it is that people had paused before, and one whose pause the incident did not come to", async () => {
  const { code } = await classOnChain(db);
  await finalToken(db, await askToken(db, code, "pause", { legal_basis: "order 7 (synthetic)" }));
  const first = await openedIncident(db, code);
  expect(await askedBy(first)).toEqual([]);
  await closed(first);
  expect(await askedBy(first)).toEqual([]);
});

it("a clearance that comes while it is open is issued on the chain at its end", async () => {
  const { code, investorId } = await classWithWallet(db);
  const incident = await openedIncident(db, code);
  const waiting = () =>
    db.look<{ kind: string }>(
      "select a.kind from tokenization_actions a join funds f using (fund_id) where f.code = $1 and a.status = 'requested' and a.incident_id is null",
      [code],
    );
  await db.look("update investors set kyc_valid_until = now() + interval '400 days' where investor_id = $1", [
    investorId,
  ]);
  expect(await waiting()).toEqual([]);
  await closed(incident);
  expect(await waiting()).toEqual([{ kind: "claim_issue" }]);
});
