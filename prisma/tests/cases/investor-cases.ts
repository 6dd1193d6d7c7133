// RPC cases: investors and their orders.
import { expect } from "vitest";
import { agent, LP_A, OPS, type TestDatabase } from "../arrange.ts";
import { newFund, newInvestor } from "../synthetic-fund.ts";
import { CLASS_ORDER_REFUSALS } from "./dealing-order-cases.ts";
import { claimedBatch } from "./event-cases.ts";
import { NAMED_LOT_REFUSALS } from "./policy-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";
import { clearApplicant } from "./screening-arrange.ts";

const KYC = agent("kyc");
const lpUser = "userId" in LP_A ? LP_A.userId : "";
const pending = (db: TestDatabase) =>
  db.value<string>(OPS, "fn_submit_investor", { classification: "professional", evidence: { passport: "2026-01-01" } });

export const INVESTOR_CASES: RpcCase[] = [
  {
    fn: "fn_submit_investor",
    by: OPS,
    arrange: async (db) => ({
      classification: "professional",
      evidence: { passport: "2026-01-01" },
      fund: (await newFund(db)).code,
    }),
    check: async ([row], _args, db) => {
      expect(
        await db.look("select classification, kyc_status from investors_pending_kyc where pending_id = $1", [
          row?.fn_submit_investor,
        ]),
      ).toEqual([{ classification: "professional", kyc_status: "submitted" }]);
    },
    other: (args) => ({ ...args, classification: "retail" }),
    audits: 1,
    events: ["INVESTOR_SUBMITTED"],
    refuses: [
      { what: "an unknown classification", code: "EG400", change: (a) => ({ ...a, classification: "friend" }) },
      { what: "evidence that is no object", code: "EG400", change: (a) => ({ ...a, evidence: JSON.stringify("x") }) },
      {
        what: "evidence that is too large",
        code: "EG400",
        change: (a) => ({ ...a, evidence: { note: "x".repeat(9000) } }),
      },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "a party that is not there", code: "EG404", change: (a) => ({ ...a, party_id: NOWHERE }) },
      { what: "a kind of party that is none", code: "EG400", change: (a) => ({ ...a, party_kind: "unstated" }) },
    ],
  },
  {
    fn: "fn_assign_investor",
    by: KYC,
    arrange: async (db) => ({ pending_id: await clearApplicant(db), classification: "professional" }),
    check: async ([row], args, db) => {
      expect(
        await db.look(
          "select classification, kyc_status, kyc_valid_until > now() + interval '4 years' as long from investors where investor_id = $1",
          [row?.fn_assign_investor],
        ),
      ).toEqual([{ classification: "professional", kyc_status: "approved", long: true }]);
      expect(
        await db.look("select kyc_status, investor_id from investors_pending_kyc where pending_id = $1", [
          args.pending_id,
        ]),
      ).toEqual([{ kyc_status: "assigned", investor_id: row?.fn_assign_investor }]);
    },
    other: (args) => ({ ...args, classification: "retail" }),
    audits: 1,
    events: ["INVESTOR_ASSIGNED"],
    refuses: [
      { what: "nobody pending", code: "EG404", change: (a) => ({ ...a, pending_id: NOWHERE }) },
      { what: "an unknown classification", code: "EG400", change: (a) => ({ ...a, classification: "friend" }) },
      {
        what: "a declined application",
        code: "EG428",
        change: async (a, db) => {
          const pending_id = await pending(db);
          await db.look("update investors_pending_kyc set kyc_status = 'declined' where pending_id = $1", [pending_id]);
          return { ...a, pending_id };
        },
      },
      { what: "a level without its score", code: "EG400", change: (a) => ({ ...a, risk_level: "low" }) },
      {
        what: "an applicant whose evidence has run out",
        code: "EG430",
        change: (a) => ({ ...a, next_review: "2020-01-01" }),
      },
      {
        what: "an applicant with an undecided case",
        code: "EG430",
        change: async (a, db) => {
          const [row] = await db.look<{ party_id: string }>(
            "select party_id from investors_pending_kyc where pending_id = $1",
            [a.pending_id],
          );
          await db.call(KYC, "fn_open_case", {
            kind: "screening",
            severity: "warning",
            party_id: row?.party_id,
            source: "check/synthetic",
          });
          return a;
        },
      },
      {
        what: "another classification than before",
        code: "EG428",
        change: async (a, db) => {
          const pending_id = await clearApplicant(db);
          await db.call(KYC, "fn_assign_investor", { pending_id, classification: "retail" });
          return { ...a, pending_id };
        },
      },
    ],
  },
  {
    fn: "fn_ask_evidence",
    by: KYC,
    arrange: async (db) => ({ pending_id: await pending(db), missing: ["passport", "proof_of_address"] }),
    check: async ([row], args, db) => {
      expect(row?.fn_ask_evidence).toBe("missing_evidence");
      expect(
        await db.look("select kyc_status, missing from investors_pending_kyc where pending_id = $1", [args.pending_id]),
      ).toEqual([{ kyc_status: "missing_evidence", missing: ["passport", "proof_of_address"] }]);
    },
    other: (args) => ({ ...args, missing: ["passport"] }),
    audits: 1,
    events: [],
    refuses: [
      { what: "nobody pending", code: "EG404", change: (a) => ({ ...a, pending_id: NOWHERE }) },
      { what: "nothing missing", code: "EG400", change: (a) => ({ ...a, missing: [] }) },
      { what: "an empty kind", code: "EG400", change: (a) => ({ ...a, missing: [""] }) },
      { what: "null for a kind", code: "EG400", change: (a) => ({ ...a, missing: [null] }) },
      {
        what: "an application already assigned",
        code: "EG428",
        change: async (a, db) => {
          const pending_id = await clearApplicant(db);
          await db.call(KYC, "fn_assign_investor", { pending_id, classification: "professional" });
          return { ...a, pending_id };
        },
      },
    ],
  },
  {
    fn: "fn_place_order",
    by: LP_A,
    arrange: async (db) => ({
      fund: (await newFund(db)).code,
      investor_id: await newInvestor(db, lpUser),
      direction: "subscription",
      amount: "2500.50",
      currency: "USD",
      channel: "portal",
    }),
    check: async ([row], args, db) => {
      expect(
        await db.look("select investor_id, direction, amount, status from fund_flows where flow_id = $1", [
          row?.fn_place_order,
        ]),
      ).toEqual([
        { investor_id: args.investor_id, direction: "subscription", amount: "2500.5000", status: "submitted" },
      ]);
      expect(
        await db.look(
          "select i.investor_id from fund_flows f join event_investors i using (event_id) where f.flow_id = $1",
          [row?.fn_place_order],
        ),
      ).toEqual([{ investor_id: args.investor_id }]);
    },
    other: (args) => ({ ...args, amount: "2500.51" }),
    audits: 1,
    events: ["SUBSCRIPTION_REQUESTED"],
    refuses: [
      { what: "an investor that is not there", code: "EG404", change: (a) => ({ ...a, investor_id: NOWHERE }) },
      {
        what: "an investor of somebody else",
        code: "EG404",
        change: async (a, db) => ({ ...a, investor_id: await newInvestor(db, null) }),
      },
      {
        what: "an investor whose access has ended",
        code: "EG404",
        change: async (a, db) => {
          const investor_id = await newInvestor(db, lpUser);
          await db.look("update investor_access set valid_until = now() - interval '1 second' where investor_id = $1", [
            investor_id,
          ]);
          return { ...a, investor_id };
        },
      },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "a direction that is none", code: "EG400", change: (a) => ({ ...a, direction: "sideways" }) },
      { what: "no direction", code: "EG400", change: (a) => ({ ...a, direction: null }) },
      { what: "nothing", code: "EG400", change: (a) => ({ ...a, amount: "0" }) },
      { what: "less than nothing", code: "EG400", change: (a) => ({ ...a, amount: "-1.00" }) },
      { what: "NaN", code: "EG400", change: (a) => ({ ...a, amount: "NaN" }) },
      { what: "infinity", code: "EG400", change: (a) => ({ ...a, amount: "Infinity" }) },
      { what: "less than a cent", code: "EG400", change: (a) => ({ ...a, amount: "1.001" }) },
      { what: "more digits than the column", code: "EG400", change: (a) => ({ ...a, amount: "9".repeat(36) }) },
      { what: "another currency than the fund's", code: "EG400", change: (a) => ({ ...a, currency: "EUR" }) },
      { what: "an unknown currency", code: "EG400", change: (a) => ({ ...a, currency: "XXX" }) },
      { what: "no channel", code: "EG400", change: (a) => ({ ...a, channel: "" }) },
      ...CLASS_ORDER_REFUSALS,
      ...NAMED_LOT_REFUSALS,
    ],
  },
  {
    fn: "fn_intake_orders",
    by: KYC,
    arrange: async (db) => ({ batch_id: await claimedBatch(db) }),
    check: async ([row], args, db) => {
      expect(row?.fn_intake_orders).toEqual({ accepted: 1, held: 0, skipped: 0 });
      const [state] = await db.look(
        `select f.status, l.utilization, b.done_at is not null as done, (select count(*)::int from compliance_logs c where c.workflow_id = 'batch/' || b.batch_id) as logged
           from event_batches b join fund_events e on e.event_id = any (b.event_ids) join fund_flows f on f.event_id = e.event_id
           join liquidity_ladder l on l.fund_id = f.fund_id and l.side = 'liability' where b.batch_id = $1`,
        [args.batch_id],
      );
      expect(state).toEqual({ status: "accepted", utilization: "2500.0000", done: true, logged: 1 });
    },
    other: () => ({ batch_id: NOWHERE }),
    audits: 1,
    events: [],
    refuses: [{ what: "a batch that is not there", code: "EG404", change: () => ({ batch_id: NOWHERE }) }],
  },
];
