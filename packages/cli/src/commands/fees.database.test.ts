// Performance fees by command line against a real database: what is accrued, two people, the posting, and what is refused.
import { broken, DEALING_POLICY, dealingFund } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { feeDay, LINEAR_FEE } from "@evergreen-fund/prisma/tests/postings.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const DATE = "2026-01-30";
/** The day of `feeDay` under terms that are complete, as `terms set` leaves them. */
async function struck() {
  const day = await feeDay(db);
  const complete = {
    ...DEALING_POLICY,
    on: { dayOfMonth: "last" },
    calendar: "none",
    lockUp: { hardMonths: 3, softFees: [] },
    fees: { management: { rate: "0", basis: "act/365" }, performance: LINEAR_FEE },
    settlementDays: 2,
  };
  await db.look(
    `insert into dealing_policies (fund_id, share_class_id, version, effective_from, body, hash, set_by)
       select fund_id, share_class_id, version + 1, effective_from, $2::jsonb, hash, set_by from dealing_policies where share_class_id = $1`,
    [day.classId, JSON.stringify(complete)],
  );
  return day;
}
const Shown = z.object({
  classes: z.array(
    z.object({
      class: z.string(),
      accrued: z.string(),
      highWaterMark: z.string(),
      due: z.boolean(),
      proposalStatus: z.string().nullable(),
    }),
  ),
});
const Taken = z.object({
  status: z.string(),
  proposalId: z.uuid().optional(),
  proposalHash: z.string().optional(),
  fee: z.string().optional(),
});

describe("the performance fee of a class", () => {
  it("is shown, proposed, approved by two people and posted by the same command", async () => {
    const day = await struck();
    const { code } = day.fund;
    const show = () => house.json("pm1", Shown, ["fees", "show", "--fund", code]);
    expect((await show()).classes).toMatchObject([
      { class: "A", accrued: "1000.0000", highWaterMark: "104", due: true, proposalStatus: null },
    ]);
    const take = ["fees", "crystallise", "--fund", code, "--class", "A", "--date", DATE];
    const asked = await house.json("ops1", Taken, take);
    expect(asked.status).toBe("proposed");
    // asked again it is the same proposal
    expect(await house.json("ops1", Taken, take)).toMatchObject({ status: "proposed", proposalId: asked.proposalId });
    for (const person of ["pm1", "pm2"] as const)
      expect(
        await house.run(person, ["proposals", "approve", asked.proposalId ?? "", "--hash", asked.proposalHash ?? ""]),
      ).toMatchObject({ exit: 0, err: "" });
    expect((await show()).classes).toMatchObject([{ proposalStatus: "approved" }]);
    expect(await house.json("ops1", Taken, take)).toMatchObject({ status: "posted", fee: "1000" });
    expect(await broken(db, day.fund)).toEqual([]);
    // and not twice on one NAV
    expect(await house.run("ops1", take)).toMatchObject({ exit: 3, err: expect.stringContaining("EG428") });
    const text = await house.run("pm1", ["fees", "show", "--fund", code]);
    expect(text.out).toContain(DATE);
  });

  it("is refused on another date, for a class without one, and when units moved since the NAV", async () => {
    const day = await struck();
    const words = (date: string, shareClass = "A") => [
      "fees",
      "crystallise",
      "--fund",
      day.fund.code,
      "--class",
      shareClass,
      "--date",
      date,
    ];
    expect(await house.run("ops1", words("2025-12-31"))).toMatchObject({
      exit: 3,
      err: expect.stringContaining("EG428"),
    });
    expect(await house.run("ops1", words(DATE, "Z"))).toMatchObject({ exit: 2, err: expect.stringContaining("EG404") });
    const bare = await dealingFund(db);
    expect(
      await house.run("ops1", ["fees", "crystallise", "--fund", bare.fund.code, "--class", "A", "--date", DATE]),
    ).toMatchObject({ exit: 2, err: expect.stringContaining("EG404") });
    const moved = (by: number) =>
      db.look("update share_classes set units_outstanding = units_outstanding + $2 where share_class_id = $1", [
        day.classId,
        by,
      ]);
    await moved(1);
    expect(await house.run("ops1", words(DATE))).toMatchObject({ exit: 3, err: expect.stringContaining("EG425") });
    await moved(-1);
    expect(
      await db.look("select 1 from proposals where fund_id = $1 and kind = 'crystallisation'", [day.fund.fundId]),
    ).toEqual([]);
  });
});
