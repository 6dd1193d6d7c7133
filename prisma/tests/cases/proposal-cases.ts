// RPC cases: from the proposal to the changed allocations.
import { expect } from "vitest";
import { type Args, agent, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import {
  approvedProposal,
  CHECKS,
  checkedProposal,
  type Fund,
  newFund,
  newProposal,
  type Proposal,
  pendingProposal,
  proposalBody,
  requestRebalance,
  TRADES,
  type Trade,
} from "../synthetic-fund.ts";
import { NOWHERE, noUuid, type Refusal, type RpcCase } from "./rpc-case.ts";

const REBALANCING = agent("rebalancing");
const SENTINEL = agent("compliance-sentinel");
const COMMANDER = agent("commander");

const statusOf = async (db: TestDatabase, proposalId: unknown) =>
  (await db.look("select status from proposals where proposal_id = $1", [proposalId]))[0]?.status;

/** The good proposal with other trades. */
const traded = (
  what: string,
  change: (trade: Record<string, unknown>, body: Record<string, unknown>) => void,
  code: Refusal["code"] = "EG400",
): Refusal => ({
  what,
  code,
  change: (args) => {
    const body = structuredClone(args.body) as { trades: Record<string, unknown>[] };
    change(body.trades[0] ?? {}, body);
    return { ...args, body };
  },
});

const missing: Refusal = {
  what: "a proposal that is not there",
  code: "EG404",
  change: (a) => ({ ...a, proposal_id: NOWHERE }),
};

/** A decision on a proposal in another state than pending. */
const decided = (what: string, code: Refusal["code"], make: (db: TestDatabase) => Promise<Proposal>): Refusal => ({
  what,
  code,
  change: async (args, db) => {
    const { proposalId, hash } = await make(db);
    return { ...args, proposal_id: proposalId, hash };
  },
});

async function withState(db: TestDatabase, sql: string, make = pendingProposal): Promise<Proposal> {
  const proposal = await make(db);
  await db.look(`update proposals set ${sql} where proposal_id = $1`, [proposal.proposalId]);
  return proposal;
}

const good = async (db: TestDatabase): Promise<{ fund: Fund; args: Args }> => {
  const fund = await newFund(db);
  const event_id = await requestRebalance(db, fund);
  return {
    fund,
    args: { event_id, body: proposalBody(fund, TRADES as Trade[]), inputs: { allocations_version: "1" } },
  };
};

export const PROPOSAL_CASES: RpcCase[] = [
  {
    fn: "fn_propose_rebalancing",
    by: REBALANCING,
    arrange: async (db) => (await good(db)).args,
    check: async ([row], args, db) => {
      const made = row?.fn_propose_rebalancing as { proposal_id: string; hash: string };
      expect(
        await db.look(
          "select status, hash, requested_by, proposed_by, based_on_version, blast_radius, workflow_id from proposals where proposal_id = $1",
          [made.proposal_id],
        ),
      ).toEqual([
        {
          status: "checking",
          hash: made.hash,
          requested_by: "user:00000000-0000-4000-8000-000000000001",
          proposed_by: "agent:rebalancing",
          based_on_version: "1",
          blast_radius: { funds: 1, assets: 2 },
          workflow_id: `event/${args.event_id}`,
        },
      ]);
    },
    other: (args) => ({ ...args, inputs: { allocations_version: "1", note: "other" } }),
    audits: 1,
    events: [],
    refuses: [
      { what: "an event that is not there", code: "EG404", change: (a) => ({ ...a, event_id: NOWHERE }) },
      {
        what: "allocations that have moved on",
        code: "EG425",
        change: (a) => ({ ...a, inputs: { allocations_version: "0" } }),
      },
      { what: "no allocations version", code: "EG400", change: (a) => ({ ...a, inputs: {} }) },
      { what: "inputs that are no object", code: "EG400", change: (a) => ({ ...a, inputs: JSON.stringify([]) }) },
      { what: "no list of trades", code: "EG400", change: (a) => ({ ...a, body: { trades: {} } }) },
      {
        what: "more trades than there may be",
        code: "EG413",
        change: (a) => ({ ...a, body: { trades: Array(20_001).fill({}) } }),
      },
      traded("a trade without an asset", (t) => {
        delete t.asset_id;
      }),
      traded("an asset that is not there", (t) => {
        t.asset_id = NOWHERE;
      }),
      traded("an asset id that is none", (t) => {
        t.asset_id = noUuid;
      }),
      traded("a side that is none", (t) => {
        t.side = "hold";
      }),
      traded("no side", (t) => {
        delete t.side;
      }),
      traded("an amount of nothing", (t) => {
        t.amount = "0";
      }),
      traded("an amount below nothing", (t) => {
        t.amount = "-1.00";
      }),
      traded("no amount", (t) => {
        delete t.amount;
      }),
      traded("NaN to buy", (t) => {
        t.side = "buy";
        t.amount = "NaN";
      }),
      traded("infinity to buy", (t) => {
        t.side = "buy";
        t.amount = "Infinity";
      }),
      traded("less than a cent", (t) => {
        t.amount = "1.001";
      }),
      traded("more than is held", (t) => {
        t.amount = "200000.01";
      }),
      traded("no cost", (t) => {
        delete t.cost;
      }),
      traded("a cost below nothing", (t) => {
        t.cost = "-1.00";
      }),
      traded("a cost of NaN", (t) => {
        t.cost = "NaN";
      }),
      traded("no cash position", (_t, body) => {
        delete body.cash_asset_id;
      }),
      traded("the cash position itself", (t, body) => {
        t.asset_id = body.cash_asset_id;
      }),
      traded("one asset twice", (t, body) => {
        (body.trades as unknown[]).push({ ...t });
      }),
      {
        what: "an asset that cannot be sold",
        code: "EG400",
        change: async (_a, db) => {
          const { fund, args } = await good(db);
          return { ...args, body: proposalBody(fund, [{ asset: "INFRA-1", side: "sell", amount: "1.00" }]) };
        },
      },
      {
        what: "the cash position of another fund",
        code: "EG400",
        change: async (a, db) => ({
          ...a,
          body: { ...(a.body as object), cash_asset_id: (await newFund(db)).assets.CASH },
        }),
      },
    ],
  },
  {
    fn: "fn_record_checks",
    by: SENTINEL,
    arrange: async (db) => ({ proposal_id: (await newProposal(db)).proposalId, checks: CHECKS }),
    check: async ([row], args, db) => {
      expect(row?.fn_record_checks).toBe("passed");
      expect(
        await db.look("select rule, result from proposal_checks where proposal_id = $1 order by rule", [
          args.proposal_id,
        ]),
      ).toEqual([
        { rule: "illiquid_share", result: "passed" },
        { rule: "issuer_concentration", result: "passed" },
      ]);
      expect(
        await db.look("select actor, rule, result from compliance_logs where entity_id = $1 order by rule", [
          args.proposal_id,
        ]),
      ).toEqual([
        { actor: "agent:compliance-sentinel", rule: "illiquid_share", result: "passed" },
        { actor: "agent:compliance-sentinel", rule: "issuer_concentration", result: "passed" },
      ]);
    },
    other: (args) => ({ ...args, checks: CHECKS.slice(0, 1) }),
    audits: 1,
    events: [],
    refuses: [
      missing,
      { what: "no verdict", code: "EG400", change: (a) => ({ ...a, checks: JSON.stringify([]) }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, checks: { rule: "x" } }) },
      {
        what: "a verdict that is none",
        code: "EG400",
        change: (a) => ({ ...a, checks: [{ ...CHECKS[0], result: "perhaps" }] }),
      },
      {
        what: "a rule without a name",
        code: "EG400",
        change: (a) => ({ ...a, checks: [{ ...CHECKS[0], rule: null }] }),
      },
      { what: "one rule twice", code: "EG400", change: (a) => ({ ...a, checks: [CHECKS[0], CHECKS[0]] }) },
      { what: "a value of NaN", code: "EG400", change: (a) => ({ ...a, checks: [{ ...CHECKS[0], value: "NaN" }] }) },
      {
        what: "a proposal that is already before people",
        code: "EG428",
        change: async (a, db) => {
          const proposal = await newProposal(db);
          await db.look("update proposals set status = 'pending' where proposal_id = $1", [proposal.proposalId]);
          return { ...a, proposal_id: proposal.proposalId };
        },
      },
    ],
  },
  {
    fn: "fn_open_proposal",
    by: COMMANDER,
    arrange: async (db) => ({ proposal_id: (await checkedProposal(db)).proposalId }),
    check: async ([row], args, db) => {
      expect(row?.fn_open_proposal).toMatchObject({ status: "pending", reason: "" });
      expect(await statusOf(db, args.proposal_id)).toBe("pending");
    },
    other: () => ({ proposal_id: NOWHERE }),
    audits: 1,
    events: ["PROPOSAL_CREATED"],
    answerMoves: "the time that is left to decide runs down",
    refuses: [
      missing,
      {
        what: "a proposal that nobody has checked",
        code: "EG428",
        change: async (_a, db) => ({ proposal_id: (await newProposal(db)).proposalId }),
      },
    ],
  },
  {
    fn: "fn_decide_proposal",
    by: PM_TWO,
    arrange: async (db) => {
      const { proposalId, hash } = await pendingProposal(db);
      return { proposal_id: proposalId, hash, decision: "approved", reason: "looks right" };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_decide_proposal).toMatchObject({ proposal_id: args.proposal_id, status: "approved" });
      expect(
        await db.look("select proposal_hash, decision, decided_by, reason from approvals where proposal_id = $1", [
          args.proposal_id,
        ]),
      ).toEqual([
        {
          proposal_hash: args.hash,
          decision: "approved",
          decided_by: "userId" in PM_TWO ? PM_TWO.userId : "",
          reason: "looks right",
        },
      ]);
    },
    other: (args) => ({ ...args, decision: "rejected" }),
    audits: 1,
    events: ["PROPOSAL_DECIDED"],
    refuses: [
      missing,
      { what: "whoever asked for it", code: "EG420", by: PM_ONE, change: (a) => a },
      { what: "a stale hash", code: "EG421", change: (a) => ({ ...a, hash: "0".repeat(64) }) },
      { what: "no hash", code: "EG421", change: (a) => ({ ...a, hash: null }) },
      { what: "a decision that is none", code: "EG400", change: (a) => ({ ...a, decision: "applied" }) },
      { what: "a reason that is too long", code: "EG400", change: (a) => ({ ...a, reason: "x".repeat(501) }) },
      decided("a proposal still being checked", "EG422", newProposal),
      decided("a proposal already decided", "EG422", approvedProposal),
      decided("a proposal whose time has passed", "EG423", (db) =>
        withState(db, "expires_at = now() - interval '1 second'"),
      ),
      decided("an expired proposal", "EG423", (db) => withState(db, "status = 'expired'")),
      decided("a proposal changed after it was hashed", "EG421", (db) =>
        withState(db, `body = jsonb_set(body, '{trades,0,amount}', '"1.00"')`),
      ),
    ],
  },
  {
    fn: "fn_read_decision",
    by: COMMANDER,
    arrange: async (db) => ({
      proposal_id: (await withState(db, "expires_at = now() - interval '1 second'")).proposalId,
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_read_decision).toMatchObject({ status: "expired", final: true, expires_in_ms: 0 });
      expect(await statusOf(db, args.proposal_id)).toBe("expired");
    },
    other: null, // asked again and again under one id, it answers where the proposal stands now
    audits: 1,
    events: [],
    refuses: [missing],
  },
  {
    fn: "fn_withdraw_proposal",
    by: COMMANDER,
    arrange: async (db) => ({
      proposal_id: (await approvedProposal(db)).proposalId,
      reason: "allocations could not be applied",
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_withdraw_proposal).toBe("withdrawn");
      expect(await db.look("select status, refusal from proposals where proposal_id = $1", [args.proposal_id])).toEqual(
        [{ status: "withdrawn", refusal: { code: "EG428", reason: "allocations could not be applied" } }],
      );
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 1,
    events: [],
    refuses: [missing, { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) }],
  },
  {
    fn: "fn_apply_allocations",
    by: REBALANCING,
    arrange: async (db) => ({ proposal_id: (await approvedProposal(db)).proposalId }),
    check: async ([row], args, db) => {
      expect(row?.fn_apply_allocations).toEqual({ status: "applied", version: "2" });
      expect(
        await db.look(
          "select count(*)::int as rows, sum(market_value) as value, sum(actual_pct)::numeric(10,6) as whole from portfolio_allocations where proposal_id = $1",
          [args.proposal_id],
        ),
      ).toEqual([{ rows: 6, value: "999950.0000", whole: "1.000000" }]);
    },
    other: () => ({ proposal_id: NOWHERE }),
    audits: 1,
    events: ["ALLOCATIONS_APPLIED"],
    refuses: [
      missing,
      {
        what: "a proposal nobody approved",
        code: "EG428",
        change: async (_a, db) => ({ proposal_id: (await pendingProposal(db)).proposalId }),
      },
      {
        what: "an approval without an approver",
        code: "EG420",
        change: async (_a, db) => ({ proposal_id: (await withState(db, "status = 'approved'")).proposalId }),
      },
      {
        what: "a proposal changed after its approval",
        code: "EG421",
        change: async (_a, db) => ({
          proposal_id: (
            await withState(db, `body = jsonb_set(body, '{trades,0,amount}', '"39999.00"')`, approvedProposal)
          ).proposalId,
        }),
      },
      {
        what: "allocations that have changed since",
        code: "EG425",
        change: async (_a, db) => {
          const proposal = await approvedProposal(db);
          await db.look("update funds set allocations_version = allocations_version + 1 where fund_id = $1", [
            proposal.fund.fundId,
          ]);
          return { proposal_id: proposal.proposalId };
        },
      },
      {
        what: "cash that would fall below zero",
        code: "EG424",
        change: async (_a, db) => ({
          proposal_id: (await approvedProposal(db, { trades: [{ asset: "BOND-B", side: "buy", amount: "100000.01" }] }))
            .proposalId,
        }),
      },
    ],
  },
];
