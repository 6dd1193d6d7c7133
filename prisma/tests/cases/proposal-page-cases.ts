// RPC cases: the page of a proposal, of every kind that the domain names, as the functions that propose write them. All values are synthetic.
import {
  PROPOSAL_BODIES,
  PROPOSAL_KINDS,
  type ProposalKind,
  ProposalPage,
} from "@evergreen-fund/domain/proposal-page.ts";
import { expect } from "vitest";
import { AUDIT, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { dayAt, proposalOf } from "../dealing-day.ts";
import { claimInKind, crystallisation, feeDay, NOTICE, proposedPosting } from "../postings.ts";
import { newFund, pendingProposal } from "../synthetic-fund.ts";
import { askToken, classWithRegister, registerToken } from "../token-class.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

/** One proposal of each kind, by the function that makes it. */
const MADE: Readonly<Record<ProposalKind, (db: TestDatabase) => Promise<string>>> = {
  rebalancing: async (db) => (await pendingProposal(db)).proposalId,
  nav: async (db) => proposalOf(await dayAt(db, "proposed")).proposal_id,
  lmt: async (db) => {
    const { code } = await newFund(db);
    const made = await db.value<{ proposal_id: string }>(agent("liquidity-engine"), "fn_propose_lmt", {
      fund: code,
      tool: "suspension",
      trigger: { reason: "two thirds cannot be valued", asked_on: "2026-01-30" },
      notice: NOTICE,
    });
    return made.proposal_id;
  },
  token: async (db) => {
    const { code } = await classWithRegister(db);
    const { proposal_id = "" } = await registerToken(db, await askToken(db, code, "deploy"));
    return proposal_id;
  },
  cancellation: async (db) => {
    const day = await dayAt(db, "locked");
    const body = { flow_id: day.redemption, reason: "needed elsewhere" };
    return (await proposedPosting(db, day.fund, "cancellation", body)).proposal_id;
  },
  crystallisation: async (db) => {
    const day = await feeDay(db);
    return (await proposedPosting(db, day.fund, "crystallisation", await crystallisation(db, day))).proposal_id;
  },
  distribution: async (db) => {
    const day = await feeDay(db);
    const body = { share_class_id: day.classId, ex_date: "2026-01-30", per_unit: "1.5" };
    return (await proposedPosting(db, day.fund, "distribution", body)).proposal_id;
  },
  in_kind: async (db) => {
    const { day, body } = await claimInKind(db);
    return (await proposedPosting(db, day.fund, "in_kind", body)).proposal_id;
  },
};

/** What the ids of each kind's body refer to. */
const REFERS: Readonly<Record<ProposalKind, object>> = {
  rebalancing: {},
  nav: { strike: { version: 1, state: "provisional" }, before: null, class_codes: expect.any(Object) },
  lmt: { use: { status: "proposed", active_from: null } },
  token: {
    action: { kind: "deploy", status: "awaiting_approval", incident: false, contract: null },
    class: { code: "A" },
  },
  cancellation: { order: { direction: "redemption", status: "locked", class: "A" } },
  crystallisation: {
    class: { code: "A", mark: "104", replaced: null },
    strike: { state: "final" },
    lots: { count: 3, refund: "180", depreciation: "180", change: "0" },
  },
  distribution: { class: { code: "A", units: "1000", paid_about: "1500.00" } },
  in_kind: { order: { status: "claimable", due: "5400.0000" }, delivered: "4500", assets: expect.any(Object) },
};

export const PROPOSAL_PAGE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_read_proposal",
    by: PM_ONE,
    arrange: async (db) => ({ proposal_id: await MADE.rebalancing(db) }),
    check: async ([row], args, db) => {
      const page = ProposalPage.parse(row?.fn_read_proposal);
      expect(page).toMatchObject({
        proposal: { proposal_id: args.proposal_id, status: "pending", event: "REBALANCE_REQUESTED" },
        approvals: [],
      });
      expect(page.checks.length).toBeGreaterThan(1);
      expect(await db.value(PM_ONE, "fn_read_proposal", { proposal_id: NOWHERE })).toBeNull();
      for (const kind of PROPOSAL_KINDS) {
        const proposal_id = await MADE[kind](db);
        const made = ProposalPage.parse(await db.value(OPS, "fn_read_proposal", { proposal_id }));
        expect(made.proposal.kind).toBe(kind);
        expect(made.refers, kind).toMatchObject(REFERS[kind]);
        // the synthetic rebalancing has trades and nothing else; its whole body is the room's to write
        if (kind !== "rebalancing") PROPOSAL_BODIES[kind].parse(made.proposal.body);
        // lots are of investors: no page of staff needs a million of them
        expect(made.proposal.body.lots).toBeUndefined();
        const seen = ProposalPage.parse(await db.value(AUDIT, "fn_read_proposal", { proposal_id }));
        expect({ ...seen, read_at: "" }).toEqual({ ...made, read_at: "" });
      }
      // a body is what somebody wrote: what is no id, list or figure is left alone
      const day = await feeDay(db);
      const { proposal_id } = await proposedPosting(db, day.fund, "crystallisation", {
        share_class_id: day.classId,
        strike_id: "none",
        flow_id: 7,
        lots: [{ refund: "much" }, 3, null],
        series: {},
      });
      expect(ProposalPage.parse(await db.value(PM_ONE, "fn_read_proposal", { proposal_id })).refers).toMatchObject({
        lots: { count: 3, refund: "0" },
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
