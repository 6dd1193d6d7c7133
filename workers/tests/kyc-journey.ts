// The clock of KYC as tests take it through real workers: a clearance that ran out, the schedule fired, the review opened once and the investor cleared again.
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { ensureKycSchedule, KYC_SCHEDULE, readKycClock } from "../kyc-schedule.ts";
import { clientOf, type TestHouse } from "./houses.ts";
import { daysAgo, FULL_EVIDENCE, OPS } from "./journeys.ts";

/** Whatever is killed on the way: expired once, one review, and what is given starts it again until the investor is cleared. */
export const expired = async (house: TestHouse): Promise<void> => {
  const { database } = house;
  const pending_id = await database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence: {} });
  const investor = await database.rpc(OPS, "fn_assign_investor", { pending_id, classification: "professional" });
  await house.look("update investors set kyc_valid_until = now() - interval '1 minute' where investor_id = $1", [
    investor,
  ]);
  const client = await clientOf(house);
  try {
    const clock = await readKycClock(database);
    if (clock === null) throw new Error("the platform has no setting of the KYC clock");
    await ensureKycSchedule(client, clock, "local");
    const schedule = client.schedule.getHandle(KYC_SCHEDULE);
    await schedule.trigger();
    const open = async () =>
      await house.look<{ pending_id: string; missing: string[]; kyc_status: string }>(
        "select pending_id, missing, kyc_status from investors_pending_kyc where investor_id = $1 and pending_id <> $2",
        [investor, pending_id],
      );
    await until(async () => (await open())[0]?.kyc_status === "missing_evidence", "the review to ask for what is owed");
    const [review] = await open();
    expect((await open()).length).toBe(1);
    expect(review?.missing).toEqual(["identity_document", "address_proof", "professional_status", "source_of_funds"]);
    await database.rpc(OPS, "fn_resubmit_evidence", {
      pending_id: review!.pending_id,
      evidence: { ...FULL_EVIDENCE, identity_document: { on: daysAgo(100), expires: "2031-05-04" } },
    });
    await until(async () => (await open())[0]?.kyc_status === "assigned", "the investor to be cleared again");
    expect(
      await house.look(
        `select i.kyc_status, i.kyc_valid_until::date::text as until, p.risk_level,
            (select count(*)::int from fund_events e where e.type = 'KYC_EXPIRED' and e.payload ->> 'investor_id' = i.investor_id::text) as expired,
            (select count(*)::int from fund_events e where e.type = 'KYC_RENEWED' and e.payload ->> 'investor_id' = i.investor_id::text) as renewed
           from investors i join parties p using (party_id) where i.investor_id = $1`,
        [investor],
      ),
    ).toEqual([{ kyc_status: "approved", until: "2031-05-04", risk_level: "low", expired: 1, renewed: 1 }]);
    await schedule.delete();
  } finally {
    await client.connection.close();
  }
};
