// A NAV put right by command line against a real database: what it would come to, what it came to, who is owed, who paid, who was told.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, LP_B } from "@evergreen-fund/prisma/tests/arrange.ts";
import {
  approve,
  broken,
  classPrices,
  type Day,
  DEALING_DATE,
  dayAt,
  NAV_BODY,
} from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { userOf } from "@evergreen-fund/prisma/tests/populate.ts";
import { outcome } from "@evergreen-fund/prisma/tests/restated-day.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const COMMANDER = agent("commander");
const folder = mkdtempSync(join(tmpdir(), "evergreen-restate-"));
const POLICY = {
  frequency: "monthly",
  on: { dayOfMonth: "last" },
  calendar: "none",
  cutOff: "12:00",
  timeZone: "UTC",
  pricing: "forward",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 5, basis: "business" } },
  lockUp: { hardMonths: 3, softFees: [] },
  minimums: { initial: "1000", additional: "100", redemption: "50", holding: "500" },
  units_dp: 4,
  price_dp: 4,
  issuePrice: "100",
  fees: {
    management: { rate: "0", basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 2,
};
const Outcome = z.object({
  strikeId: z.uuid().nullable(),
  material: z.boolean(),
  days: z.array(
    z.object({
      class: z.string(),
      published: z.string(),
      correct: z.string(),
      error: z.string(),
      tolerance: z.string(),
      material: z.boolean(),
      fundPays: z.string(),
      fundReceives: z.string(),
    }),
  ),
  deals: z.array(
    z.object({
      orderId: z.uuid(),
      kind: z.string(),
      difference: z.string(),
      pays: z.boolean(),
      unitsDue: z.string().nullable(),
    }),
  ),
});
const Preview = Outcome.extend({ dryRun: z.boolean(), nav: z.string(), followedBy: z.array(z.string()) });
const Shown = Outcome.extend({
  state: z.string(),
  recorded: z.boolean(),
  unpaid: z.string(),
  notification: z.object({ dueFrom: z.string(), dueBy: z.string(), document: z.string().nullable() }).nullable(),
});
const Listed = z.array(
  z.object({
    strikeId: z.uuid(),
    date: z.string(),
    version: z.int(),
    material: z.boolean(),
    fundPays: z.string(),
    recorded: z.boolean(),
  }),
);
const Owed = z.array(
  z.object({ orderId: z.uuid(), difference: z.string(), pays: z.boolean(), unpaidOfOrder: z.string() }),
);

const posted = (): Promise<Day> => dayAt(db, "settled", { policy: POLICY, subscriberUser: userOf(LP_B) });
const restate = (day: Day, ...more: string[]): string[] => [
  "nav",
  "restate",
  "--fund",
  day.fund.code,
  "--date",
  DEALING_DATE,
  ...more,
];
const LINE = ["--line", "INFRA-1", "--value", "84600.00"];
/** As the Commander takes a restatement that was begun to its record, by the figures of restated-day.ts. */
async function struck(day: Day, strikeId: string): Promise<void> {
  const proposal = await db.value<{ proposal_id: string; hash: string }>(COMMANDER, "fn_propose_nav", {
    strike_id: strikeId,
    body: { ...NAV_BODY, total_assets: "104600.00", gnav: "103600.00", nav: "102600.00" },
    classes: classPrices(day.classId).map((row) => ({ ...row, nav: "102600.00", nav_per_unit: "102.6" })),
  });
  await approve(db, { proposal_id: proposal.proposal_id, hash: proposal.hash });
  await db.call(COMMANDER, "fn_strike_nav", { strike_id: strikeId });
  await db.call(COMMANDER, "fn_record_restatement", outcome({ day, strikeId }));
}

describe("nav restate", () => {
  it("shows what a correction would come to, and writes nothing; then begins it, once per request", async () => {
    const day = await posted();
    const before = await db.fingerprint();
    const found = await house.json("ops1", Preview, restate(day, ...LINE, "--dry-run"));
    expect(await db.fingerprint()).toEqual(before);
    // the terms of the class have no performance fee: 103,600.00 over 1,000 units
    expect(found).toMatchObject({
      dryRun: true,
      strikeId: null,
      nav: "103600.00",
      material: true,
      followedBy: [],
      days: [
        {
          class: "A",
          published: "108.0000",
          correct: "103.6000",
          tolerance: "0.01",
          fundPays: "440.00",
          fundReceives: "220.00",
        },
      ],
    });
    expect(found.days[0]?.error).toMatch(/^0\.04247/);
    expect(found.deals).toHaveLength(2);
    expect(found.deals).toContainEqual({
      orderId: day.subscription,
      kind: "subscriber_overpaid",
      difference: "440.00",
      pays: true,
      unitsDue: "104.2471",
    });
    const words = restate(day, ...LINE, "--reason", "read wrongly", "--request-id", "restate-1");
    const begun = await house.run("ops1", words);
    expect(begun).toMatchObject({ exit: 0, out: expect.stringContaining("4.2471 %") });
    expect(begun.out).toContain("the responsible party makes it good");
    await house.run("ops1", words);
    const strikes = await db.look(
      "select version, state, reason from nav_strikes where fund_id = $1 and supersedes is not null",
      [day.fund.fundId],
    );
    expect(strikes).toEqual([{ version: 2, state: "estimated", reason: "read wrongly" }]);
    const [line] = await db.look(
      "select value::text, source from nav_inputs i join nav_strikes s using (strike_id) where s.fund_id = $1 and s.version = 2 and label = 'INFRA-1'",
      [day.fund.fundId],
    );
    expect(line).toEqual({ value: "84600.0000", source: "corrected: appraisal" });
  });

  it("takes several lines and one that was missing from a file", async () => {
    const day = await posted();
    const path = join(folder, "corrections.json");
    const corrections = [
      { label: "bank", value: "19000.00", source: "statement, read again" },
      { label: "bill of the auditor", value: "600.00", kind: "payable" },
    ];
    writeFileSync(path, JSON.stringify({ corrections }));
    const found = await house.json("pm1", Preview, restate(day, "--inputs", path, "--dry-run"));
    expect(found.nav).toBe("107400.00");
  });

  it.each([
    ["no line and no file", [], 2, "--line and --value"],
    ["a line without a value", ["--line", "INFRA-1"], 2, "--line and --value"],
    [
      "an unknown line",
      ["--line", "NOBODY", "--value", "1.00", "--reason", "x"],
      2,
      "No input of that NAV is called NOBODY",
    ],
    ["a value that is no amount", ["--line", "INFRA-1", "--value", "much", "--reason", "x"], 2, "corrections.0.value"],
    ["no reason", LINE, 2, "--reason"],
    ["the inputs of before", ["--line", "INFRA-1", "--value", "90000.00", "--dry-run"], 3, "nothing to restate"],
  ])("refuses %s", async (_what, words, exit, says) => {
    const day = await posted();
    const before = await db.fingerprint();
    const ran = await house.run("ops1", restate(day, ...words));
    expect(ran).toMatchObject({ exit, out: "", err: expect.stringContaining(says) });
    expect(await db.fingerprint()).toEqual(before);
  });

  it("refuses a date without a final NAV, and an investor", async () => {
    const day = await posted();
    const none = await house.run("ops1", [
      "nav",
      "restate",
      "--fund",
      day.fund.code,
      "--date",
      "2026-02-27",
      ...LINE,
      "--dry-run",
    ]);
    expect(none).toMatchObject({ exit: 2, err: expect.stringContaining("no final NAV") });
    const lp = await house.run("lp2", restate(day, ...LINE, "--dry-run"));
    expect(lp.exit).not.toBe(0);
  });
});

describe("a restatement that was recorded", () => {
  it("is listed and shown; its compensation is paid, the responsible party pays, the authority is told", async () => {
    const day = await posted();
    const begun = await house.json("ops1", Preview, restate(day, ...LINE, "--reason", "read wrongly"));
    const strikeId = begun.strikeId ?? "";
    const waiting = await house.json("pm1", Shown, ["nav", "restatement", strikeId]);
    expect(waiting).toMatchObject({ recorded: false, notification: null, deals: [] });
    await struck(day, strikeId);
    const listed = await house.json("audit1", Listed, ["nav", "restatements", "--fund", day.fund.code]);
    expect(listed).toMatchObject([{ strikeId, version: 2, material: true, fundPays: "540.00", recorded: true }]);
    const shown = await house.json("pm1", Shown, ["nav", "restatement", strikeId]);
    expect(shown).toMatchObject({
      state: "final",
      unpaid: "540.00",
      days: [{ correct: "102.6000", fundReceives: "270.00" }],
      notification: { document: null },
    });
    // the buyer sees the own row and no other; another investor sees none
    expect(await house.json("lp2", Owed, ["nav", "compensations"])).toContainEqual({
      orderId: day.subscription,
      difference: "540.00",
      pays: true,
      unpaidOfOrder: "540.00",
    });
    const others = await house.json("lp1", Owed, ["nav", "compensations"]);
    expect(others.map((row) => row.orderId)).not.toContain(day.subscription);
    const own = await house.json("lp2", Owed, ["nav", "compensations"]);
    expect(own.map((row) => row.orderId)).not.toContain(day.redemption);
    const pay = ["nav", "compensate", "--fund", day.fund.code, "--amount"];
    const wrong = await house.run("ops1", [...pay, "539.99", "--order", day.subscription]);
    expect(wrong).toMatchObject({ exit: 3, err: expect.stringContaining("EG424") });
    const paid = await house.run("ops1", [...pay, "540.00", "--order", day.subscription, "--reference", "BANK-1"]);
    expect(paid).toMatchObject({ exit: 0, out: expect.stringContaining("540.00 USD went from the fund to") });
    const made = await house.run("ops1", [...pay, "270.00"]);
    expect(made.out).toContain("270.00 USD went from the responsible party to the fund.");
    const told = await house.run("pm1", ["nav", "notify", strikeId, "--document", "CSSF form 1"]);
    expect(told.exit).toBe(0);
    const again = await house.run("pm1", ["nav", "notify", strikeId, "--document", "CSSF form 2"]);
    expect(again).toMatchObject({ exit: 3, err: expect.stringContaining("EG428") });
    expect(await house.json("pm1", Shown, ["nav", "restatement", strikeId])).toMatchObject({
      unpaid: "0.00",
      notification: { document: "CSSF form 1" },
    });
    const words = await house.run("pm1", ["nav", "restatements", "--fund", day.fund.code]);
    expect(words.out).toContain("told: CSSF form 1");
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("is told to its investor in a letter", async () => {
    const day = await posted();
    const begun = await house.json("ops1", Preview, restate(day, ...LINE, "--reason", "read wrongly"));
    await db.call(COMMANDER, "fn_prepare_statements", { dealing_day_id: day.dayId });
    await struck(day, begun.strikeId ?? "");
    await db.call(COMMANDER, "fn_prepare_statements", { dealing_day_id: day.dayId });
    const [{ code } = { code: "" }] = await db.look<{ code: string }>(
      "select code from investors where investor_id = $1",
      [day.subscriber],
    );
    const letters = await house.run("lp2", [
      "statement",
      "--investor",
      code,
      "--fund",
      day.fund.code,
      "--class",
      "A",
      "--as-of",
      DEALING_DATE,
      "--letters",
    ]);
    expect(letters.exit, letters.err).toBe(0);
    expect(letters.out).toMatch(/Correct price: +102\.6000 USD per unit \(version 2\)/);
    expect(letters.out).toMatch(/Owed to you: +540\.00 USD/);
  });

  it.each([
    ["nav", "restatement", "NOTHING"],
    ["nav", "notify", "NOTHING", "--document", "x"],
  ])("is named by an id: %s %s %s", async (...words) => {
    expect(await house.run("pm1", words)).toMatchObject({
      exit: 2,
      err: expect.stringContaining("not the id of a strike"),
    });
  });
});
