// Facts that dealing looks up, by command line against a real database: answers about a small rest, owners, offers, inflows, notices, marks and indices.
import { LP_A, OPS } from "@evergreen-fund/prisma/tests/arrange.ts";
import { inDays, OFFER_NOTICE, OFFERING, workdayIn } from "@evergreen-fund/prisma/tests/cases/policy-cases.ts";
import { DEALING_DATE, dayAt, dealingFund, navInputs } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { userOf } from "@evergreen-fund/prisma/tests/populate.ts";
import { dust } from "@evergreen-fund/prisma/tests/postings.ts";
import { newInvestor } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const any = z.record(z.string(), z.unknown());
const codeOf = async (investorId: string): Promise<string> =>
  String((await db.look("select code from investors where investor_id = $1", [investorId]))[0]?.code);

it("an LP keeps a small rest that it was asked about, once", async () => {
  const { flow_id } = await dust(db, { holderUser: userOf(LP_A) });
  await db.call(OPS, "fn_ask_dust", { flow_id });
  const words = ["order", "answer", flow_id, "--answer", "keep"];
  expect(await house.json("lp1", any, words)).toMatchObject({ status: "accepted", restAnswer: "keep" });
  expect((await house.run("lp1", words)).exit).toBe(3);
  expect((await house.run("lp2", words)).exit).toBe(2);
});

it("an order names the lots that are to go", async () => {
  const on = await dealingFund(db, { holderUser: null });
  const [lot] = await db.look<{ lot_id: string }>("select lot_id from lots where investor_id = $1", [on.holder]);
  const place = (lots: string) => [
    ...["order", "place", "redemption", "--fund", on.fund.code, "--class", "A", "--units", "5"],
    "--lots",
    lots,
  ];
  const who = ["--investor", await codeOf(on.holder)];
  expect(await house.json("ops1", any, [...place(lot?.lot_id ?? ""), ...who])).toMatchObject({
    electedLots: [lot?.lot_id],
  });
  expect((await house.run("ops1", [...place("the-oldest"), ...who])).exit).toBe(2);
});

it("operations say who stands behind an account", async () => {
  const [account, owner] = [await newInvestor(db, null), await newInvestor(db, null)];
  const words = ["investors", "owner", "--investor", await codeOf(account), "--owner", await codeOf(owner)];
  const more = ["--from", "2026-12-01", "--source", "nominee agreement"];
  expect(await house.json("ops1", any, [...words, ...more])).toMatchObject({ investorId: account, ownerId: owner });
  expect((await house.run("pm1", [...words, ...more])).exit).toBe(4);
});

it("a portfolio manager opens an offer, records inflows, and tells the authority what is due", async () => {
  const on = await dealingFund(db, { policy: OFFERING });
  const offer = ["lmt", "offer", "--fund", on.fund.code, "--deadline", inDays(25), "--pricing-date", workdayIn(35)];
  const terms = ["--share", "0.05", "--notice", OFFER_NOTICE];
  expect(await house.json("pm1", any, [...offer, ...terms])).toMatchObject({ share: "0.05" });
  expect((await house.run("pm1", [...offer, ...terms])).exit).toBe(3);
  const inflows = [
    "lmt",
    "inflows",
    "--fund",
    on.fund.code,
    "--amount",
    "1500.00",
    "--date",
    "2026-01-15",
    "--source",
    "schedule",
  ];
  expect(await house.json("pm1", any, inflows)).toMatchObject({ amount: "1500.00", asOf: "2026-01-15" });
  const notices = ["lmt", "notices", "--fund", on.fund.code];
  expect((await house.run("pm1", notices)).out).toContain("Nothing to tell");
  const day = await dayAt(db, "posted");
  const [due] = await db.look<{ notice_id: string }>(
    `insert into authority_notices (fund_id, dealing_day_id, flow_id, kind, body, event_id) values ($1, $2, $3, 'carried_too_long', '{}', gen_random_uuid()) returning notice_id`,
    [on.fund.fundId, day.dayId, day.redemption],
  );
  expect((await house.run("pm1", notices)).out).toMatch(/carried too long .+ not yet/);
  await house.json("pm1", any, ["lmt", "told", due?.notice_id ?? ""]);
  expect((await house.run("pm1", notices)).out).not.toContain("not yet");
});

it("a mark is recorded and confirmed, and rolled forward by an index, as `nav show` tells", async () => {
  const on = await dayAt(db, "rechecked");
  const fund = ["--fund", on.fund.code, "--asset", "INFRA-1"];
  const mark = ["nav", "mark", ...fund, "--value", "91000.00", "--date", "2025-12-01", "--source", "appraisal"];
  expect(await house.json("pm1", any, [...mark, "--confirmed"])).toMatchObject({ confirmed: true });
  const index = [
    "nav",
    "index",
    "--series",
    "SYN CLI",
    "--value",
    "110",
    "--date",
    DEALING_DATE,
    "--source",
    "provider",
  ];
  expect(await house.json("ops1", any, index)).toMatchObject({ value: "110" });
  const rule = ["nav", "roll-forward", ...fund, "--from", "2026-01-01"];
  expect((await house.run("pm1", [...rule, "--series", "SYN CLI"])).exit).toBe(2);
  const whole = [...rule, "--series", "SYN CLI", "--beta", "0.7", "--after", "45"];
  expect(await house.json("pm1", any, whole)).toMatchObject({ series: "SYN CLI", beta: "0.7" });
  const payment = ["nav", "payment", ...fund, "--amount", "500.00", "--date", "2026-01-20", "--source", "notice"];
  expect((await house.run("ops1", [...payment, "--kind", "fee"])).exit).toBe(2);
  expect(await house.run("ops1", [...payment, "--kind", "call"])).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^500\.00 \w{3} paid into /),
  });
  const [asset, ...rest] = navInputs(on.fund);
  const rolled = {
    mark: "90000.00",
    beta: "1.2",
    index_series: "SYN CLI",
    index_at_mark: "100",
    index_now: "110",
    value: "100800.00",
  };
  await db.call(OPS, "fn_freeze_nav_inputs", {
    fund: on.fund.code,
    nav_date: DEALING_DATE,
    inputs: [{ ...asset, ...rolled, as_of: "2025-12-01" }, ...rest],
  });
  const shown = ["nav", "show", "--fund", on.fund.code, "--date", DEALING_DATE];
  expect((await house.run("pm1", shown)).out).toContain("90,000.00 by 1.2 × (110 / 100 − 1) of SYN CLI");
  const { inputs } = await house.json("pm1", z.object({ inputs: z.array(any) }), shown);
  expect(inputs.find(({ kind }) => kind === "asset")).toMatchObject({
    value: "100800.00",
    ageDays: 60,
    rolledForward: { mark: "90000.00", beta: "1.2", series: "SYN CLI", indexAtMark: "100", indexNow: "110" },
  });
});
