// Cases as people decide them: two people, three when they disagree, races with one outcome, a freeze that stops money in silence, and nothing of it for an LP.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseKycPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { describe, expect, it } from "vitest";
import { type Args, agent, LP_A, OPS, PM_ONE, PM_TWO, testDatabase } from "./arrange.ts";
import { newCase, newParty, pending, WHY } from "./cases/party-cases.ts";
import { newFund, newInvestor } from "./synthetic-fund.ts";

const db = await testDatabase();
const decide = (by: Parameters<typeof db.call>[0], case_id: string, verdict: string, more: Args = {}) =>
  db.value<Record<string, unknown>>(by, "fn_decide_case", { case_id, verdict, reason: WHY, ...more });
const caseOf = async (case_id: string) =>
  (await db.look("select status, outcome, claimed_by from cases where case_id = $1", [case_id]))[0];
const partyOf = async (investor: string): Promise<string> =>
  (await db.look<{ party_id: string }>("select party_id from investors where investor_id = $1", [investor]))[0]!
    .party_id;
const USER_A = "userId" in LP_A ? LP_A.userId : "";

it("the policy that comes with the platform is the file that people read", async () => {
  const [row] = await db.look<{ body: unknown }>("select body from kyc_policies order by version desc limit 1");
  const file = readFileSync(join(import.meta.dirname, "../../policies/kyc/onboarding.yaml"), "utf8");
  expect(row?.body).toEqual(parseKycPolicy(file));
});

describe("a true match", () => {
  it("takes two people and then freezes the party", async () => {
    const party_id = await newParty(db);
    const case_id = await newCase(db, { party_id });
    expect(await decide(OPS, case_id, "true_match")).toMatchObject({
      status: "in_review",
      waiting_for: "a second person",
    });
    expect(await db.look("select frozen_at from parties where party_id = $1", [party_id])).toEqual([
      { frozen_at: null },
    ]);
    expect(await decide(PM_ONE, case_id, "true_match")).toMatchObject({ status: "decided", outcome: "true_match" });
    expect(
      await db.look("select frozen_by_case, frozen_at is not null as frozen from parties where party_id = $1", [
        party_id,
      ]),
    ).toEqual([{ frozen_by_case: case_id, frozen: true }]);
  });
  it("of one candidate among false ones is the outcome of the case", async () => {
    const case_id = await newCase(db);
    const [first, second] = await db.look<{ candidate_id: string }>(
      "select candidate_id from case_candidates where case_id = $1 order by score desc",
      [case_id],
    );
    expect(await decide(OPS, case_id, "false_match", { candidate_id: second?.candidate_id })).toMatchObject({
      status: "in_review",
      waiting_for: "other candidates",
    });
    await decide(OPS, case_id, "true_match", { candidate_id: first?.candidate_id });
    expect(await decide(PM_ONE, case_id, "true_match")).toMatchObject({ outcome: "true_match" });
  });
  it("that a second person does not see is settled by a third", async () => {
    const case_id = await newCase(db, { severity: "critical" });
    await decide(OPS, case_id, "true_match");
    expect(await decide(PM_ONE, case_id, "false_match")).toMatchObject({
      status: "escalated",
      waiting_for: "a third person",
    });
    for (const by of [OPS, PM_ONE])
      await expect(decide(by, case_id, "false_match")).rejects.toMatchObject({ code: "EG420" });
    expect(await decide(PM_TWO, case_id, "false_match")).toMatchObject({ status: "decided", outcome: "false_match" });
    expect(
      await db.look("select step, count(*)::int as n from case_decisions where case_id = $1 group by 1 order by 1", [
        case_id,
      ]),
    ).toEqual([
      { step: "final", n: 2 },
      { step: "first", n: 2 },
      { step: "second", n: 2 },
    ]);
  });
});

describe("decided at once", () => {
  it("by many people a case has one outcome, and each candidate one final verdict", async () => {
    const people = Array.from({ length: 8 }, (_, n) => ({
      role: n % 2 === 0 ? "ops_role" : "pm_role",
      userId: `00000000-0000-4000-8000-0000000000${40 + n}`,
    })) as (typeof OPS)[];
    for (let round = 0; round < 10; round++) {
      const party_id = await newParty(db);
      const case_id = await newCase(db, { party_id, severity: "critical" });
      const verdicts = people.map((by, n) => decide(by, case_id, (n + round) % 3 === 0 ? "false_match" : "true_match"));
      const answers = await Promise.allSettled(verdicts);
      const refused = answers.filter((one) => one.status === "rejected").map((one) => one.reason.code as string);
      expect(refused.every((code) => ["EG428", "EG503"].includes(code))).toBe(true);
      const decided = await caseOf(case_id);
      expect(decided).toMatchObject({ status: "decided" });
      const [row] = await db.look<{ n: number; frozen: boolean; events: number; late: number }>(
        `select (select count(*)::int from case_candidates k where k.case_id = c.case_id and k.status <> c.outcome) as n,
            (select frozen_at is not null from parties p where p.party_id = c.party_id) as frozen,
            (select count(*)::int from fund_events e where e.type = 'CASE_DECIDED' and e.payload ->> 'case_id' = c.case_id::text) as events,
            (select count(*)::int from (select d.candidate_id from case_decisions d where d.case_id = c.case_id group by 1 having count(*) > 3 or count(distinct d.decided_by) < count(*)) x) as late
           from cases c where c.case_id = $1`,
        [case_id],
      );
      expect(row).toEqual({ n: 0, frozen: decided?.outcome === "true_match", events: 1, late: 0 });
    }
  });
  it("a matter raised many times at once is one case with each candidate once", async () => {
    const party_id = await newParty(db);
    const ids = await Promise.all(
      Array.from({ length: 8 }, () => newCase(db, { party_id, dedupe: `screening/${party_id}` })),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await db.look("select count(*)::int as n from case_candidates where case_id = $1", [ids[0]])).toEqual([
      { n: 2 },
    ]);
  });
});

describe("a frozen party", () => {
  const frozen = async (party_id: string) => {
    const case_id = await newCase(db, { party_id });
    await decide(OPS, case_id, "true_match");
    await decide(PM_ONE, case_id, "true_match");
    return case_id;
  };
  it("stops the orders of everybody it stands behind, through companies and round circles", async () => {
    const investor = await newInvestor(db, USER_A);
    const root = await partyOf(investor);
    const [holding, owner] = [await newParty(db), await newParty(db, "natural_person")];
    const link = (owner_id: string, owned_id: string, share: string) =>
      db.call(OPS, "fn_link_parties", { owner_id, owned_id, kind: "ownership", share });
    await link(holding, root, "0.9");
    await link(root, holding, "0.1");
    await link(owner, holding, "0.05");
    const cleared = async () => (await db.look("select evergreen.is_cleared($1) as yes", [investor]))[0]?.yes;
    expect(await cleared()).toBe(true);
    await frozen(owner);
    expect(await cleared()).toBe(false);
    const { code } = await newFund(db);
    const flow = await db.value<string>(LP_A, "fn_place_order", {
      fund: code,
      investor_id: investor,
      direction: "subscription",
      amount: "100.00",
      currency: "USD",
    });
    await db.settled();
    for (;;) {
      const [batch] = await db.call({ role: "service_role" }, "fn_claim_batch", { consumer: "cases" });
      if (batch === undefined) break;
      await db.call(agent("kyc"), "fn_intake_orders", { batch_id: batch.batch_id });
    }
    expect(await db.look("select status from fund_flows where flow_id = $1", [flow])).toEqual([{ status: "kyc_hold" }]);
    await expect(
      db.call(OPS, "fn_release_hold", { flow_id: flow, reason: "asked", document: "note 1" }),
    ).rejects.toMatchObject({ code: "EG430" });
    // who stands behind it no longer holds it up once the link has ended
    await db.call(OPS, "fn_link_parties", { owner_id: owner, owned_id: holding, kind: "ownership", ended: true });
    expect(await cleared()).toBe(true);
  });
  it("shows an LP nothing: no row, no event, no word that differs from those of an expired review", async () => {
    const investor = await newInvestor(db, USER_A);
    const seen = async () => {
      const rows: unknown[] = [];
      for (const table of ["investors", "fund_flows", "fund_events", "event_investors", "statements"])
        rows.push(
          await db.as(
            LP_A,
            async (client) =>
              (await client.query(`select to_jsonb(t) - 'updated_at' - 'tx' as row from ${table} t order by 1`)).rows,
          ),
        );
      rows.push(await db.call(LP_A, "fn_read_kyc", { investor_id: investor }));
      return JSON.stringify(rows);
    };
    const before = await seen();
    const party_id = await partyOf(investor);
    await frozen(party_id);
    expect(await seen()).toBe(before);
    for (const table of [
      "parties",
      "cases",
      "case_candidates",
      "case_decisions",
      "case_notes",
      "party_links",
      "party_evidence",
    ])
      await expect(db.as(LP_A, (client) => client.query(`select * from ${table}`))).rejects.toMatchObject({
        code: "42501",
      });
  });
});

it("words that an LP can read name no list, no match, no freeze (R54)", async () => {
  // every state of an application that people decide about, as the LP of its investor reads it
  const investor = await newInvestor(db, USER_A);
  const party_id = await partyOf(investor);
  await db.look("update investors set kyc_valid_until = now() - interval '1 day' where investor_id = $1", [investor]);
  await db.call(agent("kyc"), "fn_tick_kyc", {});
  const texts: string[] = [];
  const read = async () => {
    texts.push(JSON.stringify(await db.call(LP_A, "fn_read_kyc", { investor_id: investor })));
    texts.push(
      JSON.stringify(
        await db.as(LP_A, async (client) => [
          ...(await client.query("select to_jsonb(t) as row from investors t where investor_id = $1", [investor])).rows,
          ...(await client.query("select type, payload, event_meta from fund_events")).rows,
          ...(await client.query("select status, reason from fund_flows where investor_id = $1", [investor])).rows,
        ]),
      ),
    );
  };
  await read();
  const case_id = await newCase(db, { party_id });
  await read();
  await decide(OPS, case_id, "need_more");
  expect((await db.call(LP_A, "fn_read_kyc", { investor_id: investor }))[0]).toMatchObject({
    state: "action_needed",
    missing: ["identity_details"],
  });
  await read();
  await decide(OPS, case_id, "true_match");
  await decide(PM_TWO, case_id, "true_match");
  await read();
  const [row] = await db.look<{ pending_id: string }>(
    "select pending_id from investors_pending_kyc where investor_id = $1 and kyc_status in ('submitted', 'missing_evidence')",
    [investor],
  );
  await expect(
    db.call(LP_A, "fn_resubmit_evidence", {
      pending_id: row?.pending_id,
      evidence: { identity_details: "2026-01-02" },
    }),
  ).resolves.toHaveLength(1);
  await read();
  for (const text of texts)
    expect(text).not.toMatch(
      /sanction|screen|match|list|frozen|freez|case|alert|suspic|hit\b|true_|candidate|blocked/i,
    );
});

it("a false match lets the application go on by itself", async () => {
  const pending_id = await pending(db);
  const [row] = await db.look<{ party_id: string }>(
    "select party_id from investors_pending_kyc where pending_id = $1",
    [pending_id],
  );
  const case_id = await newCase(db, { party_id: row?.party_id });
  await decide(OPS, case_id, "false_match");
  expect(
    await db.look(
      "select count(*)::int as n from fund_events where type = 'REVIEW_REQUESTED' and payload ->> 'pending_id' = $1",
      [pending_id],
    ),
  ).toEqual([{ n: 1 }]);
});
