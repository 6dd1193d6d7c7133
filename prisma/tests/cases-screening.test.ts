// Screening and cases together: a possible match stops an applicant and an investor's orders, a false match clears the pair, a true one refuses.
import { describe, expect, it } from "vitest";
import { agent, OPS, PM_ONE, testDatabase } from "./arrange.ts";
import { pending, WHY } from "./cases/party-cases.ts";
import { checkOf } from "./cases/screening-arrange.ts";
import { newInvestor } from "./synthetic-fund.ts";

const db = await testDatabase();
const KYC = agent("kyc");

/** An investor's party, or an applicant's, that a check finds possibly listed. */
async function possible(of: (party_id: string) => Promise<void>): Promise<{ party_id: string; case_id: string }> {
  const args = await checkOf(db);
  const party_id = String(args.party_id);
  await of(party_id);
  await db.call(KYC, "fn_record_check", args);
  const [row] = await db.look<{ case_id: string }>("select case_id from cases where party_id = $1", [party_id]);
  return { party_id, case_id: row!.case_id };
}
const decide = async (case_id: string, verdict: string) => {
  await db.call(OPS, "fn_decide_case", { case_id, verdict, reason: WHY });
  return await db.value(PM_ONE, "fn_decide_case", { case_id, verdict, reason: WHY });
};
const standing = async (party_id: string) =>
  (await db.look("select evergreen.screening_standing($1) as s", [party_id]))[0]?.s;

describe("an applicant with a possible match", () => {
  it("is not cleared until two people say it is none, and then by a clearance of that pair", async () => {
    let pending_id = "";
    const { party_id, case_id } = await possible(async (party) => {
      pending_id = await pending(db, { party_id: party, party_kind: "company" });
    });
    const assign = () => db.call(OPS, "fn_assign_investor", { pending_id, classification: "professional" });
    await expect(assign()).rejects.toMatchObject({ code: "EG430" });
    expect(await db.value(KYC, "fn_read_applicant", { pending_id })).toMatchObject({ screening: "open", unasked: [] });
    expect(await decide(case_id, "false_match")).toMatchObject({ outcome: "false_match" });
    expect(await standing(party_id)).toBe("clear");
    expect(
      await db.look("select decision, reason from screening_clearances where party_id = $1 and ended_at is null", [
        party_id,
      ]),
    ).toEqual([{ decision: "false_match", reason: WHY }]);
    expect(
      await db.look(
        "select count(*)::int as n from fund_events where type = 'REVIEW_REQUESTED' and payload ->> 'pending_id' = $1",
        [pending_id],
      ),
    ).toEqual([{ n: 1 }]);
    await expect(assign()).resolves.toHaveLength(1);
  });
  it("whose screening is not done waits, once there are lists", async () => {
    const pending_id = await pending(db);
    await expect(
      db.call(OPS, "fn_assign_investor", { pending_id, classification: "professional" }),
    ).rejects.toMatchObject({ code: "EG430" });
    const facts = await db.value<{ screening: string; unasked: string[] }>(KYC, "fn_read_applicant", { pending_id });
    expect([facts.screening, facts.unasked.length]).toEqual(["unscreened", 1]);
  });
  it("waits too when every list was switched off meanwhile", async () => {
    const pending_id = await pending(db);
    const lists = await db.look<{ list_id: string }>("select list_id from watchlists where active");
    await db.look("update watchlists set active = false");
    await expect(
      db.call(OPS, "fn_assign_investor", { pending_id, classification: "professional" }),
    ).rejects.toMatchObject({ code: "EG430" });
    await db.look("update watchlists set active = true where list_id = any ($1)", [lists.map((l) => l.list_id)]);
  });
});

it("an investor's orders stop with a possible match, go on after a false one, and stop for good with a true one", async () => {
  const investor = await newInvestor(db, null);
  const cleared = async () => (await db.look("select evergreen.is_cleared($1) as yes", [investor]))[0]?.yes;
  const found = async () =>
    await possible(async (party_id) => {
      await db.look("update investors set party_id = $1 where investor_id = $2", [party_id, investor]);
      expect(await cleared()).toBe(true);
    });
  const first = await found();
  expect(await cleared()).toBe(false);
  await decide(first.case_id, "false_match");
  expect(await cleared()).toBe(true);
  const second = await found();
  await decide(second.case_id, "true_match");
  expect([await cleared(), await standing(second.party_id)]).toEqual([false, "refused"]);
});
