// A NAV by command line against a real database: figures from a file, two people on the hash, the strike; and what is refused.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent } from "@evergreen-fund/prisma/tests/arrange.ts";
import {
  type Day,
  DEALING_DATE,
  dayAt,
  newClass,
  openDay,
  proposalOf,
  take,
} from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const folder = mkdtempSync(join(tmpdir(), "evergreen-nav-"));
const Nav = z.object({
  fund: z.string(),
  date: z.string(),
  version: z.int(),
  state: z.string(),
  nav: z.string().nullable(),
  classes: z.array(
    z.object({ class: z.string(), nav: z.string().nullable(), units: z.string(), navPerUnit: z.string() }),
  ),
  inputs: z.array(z.object({ label: z.string(), ageDays: z.int(), blockedBy: z.string().nullable() })),
  proposalId: z.uuid().nullable(),
  proposalHash: z.string().nullable(),
  approvals: z.array(z.object({ decision: z.string() })),
  approvalsNeeded: z.int(),
});
const row = (kind: string, label: string, value: string, more: object = {}) => ({
  kind,
  label,
  value,
  asOf: DEALING_DATE,
  source: "synthetic",
  ...more,
});
const PACK = {
  inputs: [
    row("asset", "the port", "90000.00", { asset: "INFRA-1" }),
    row("cash", "bank", "20000.00"),
    row("accrual", "management fee", "1000.00"),
  ],
  performanceFee: "1000.00",
};
let files = 0;
const fileOf = (document: unknown): string => {
  const path = join(folder, `nav-${++files}.json`);
  writeFileSync(path, typeof document === "string" ? document : JSON.stringify(document));
  return path;
};
const propose = (day: Day, document: unknown, ...more: string[]): string[] => [
  "nav",
  "propose",
  "--fund",
  day.fund.code,
  "--date",
  DEALING_DATE,
  "--inputs",
  fileOf(document),
  ...more,
];
const rechecked = async (): Promise<Day> => take(db, await openDay(db), "rechecked");

describe("a NAV by hand", () => {
  it("is frozen, computed, proposed, approved by two people and struck; the day goes on with it", async () => {
    const day = await rechecked();
    const words = propose(day, PACK, "--request-id", "nav-1");
    const proposed = await house.json("ops1", Nav, words);
    expect(proposed).toMatchObject({
      version: 1,
      state: "provisional",
      nav: "108000.00",
      classes: [{ class: "A", nav: "108000.00", units: "1000.0000", navPerUnit: "108.0000" }],
      approvals: [],
      approvalsNeeded: 2,
    });
    expect((await house.json("ops1", Nav, words)).proposalId).toBe(proposed.proposalId);
    const approve = ["nav", "approve", proposed.proposalId ?? "", "--hash", proposed.proposalHash ?? ""];
    const first = await house.run("pm1", approve);
    expect(first).toMatchObject({ exit: 0, out: expect.stringContaining("one more is needed, of somebody else") });
    const again = await house.run("pm1", approve);
    expect(again).toMatchObject({ exit: 3, err: expect.stringContaining("EG422") });
    const early = await house.run("ops1", ["nav", "strike", "--fund", day.fund.code, "--date", DEALING_DATE]);
    expect(early).toMatchObject({ exit: 3, err: expect.stringContaining("EG428") });
    expect(await house.run("pm2", approve)).toMatchObject({ exit: 0, out: expect.stringContaining("is approved") });
    const struck = await house.run("ops1", ["nav", "strike", "--fund", day.fund.code, "--date", DEALING_DATE]);
    expect(struck).toMatchObject({ exit: 0, out: expect.stringMatching(/is final; 2 orders have its price\.\n$/) });
    const shown = await house.json("audit1", Nav, ["nav", "show", "--fund", day.fund.code]);
    expect(shown).toMatchObject({ state: "final", approvals: [{ decision: "approved" }, { decision: "approved" }] });
    const [state] = await db.look("select status, step from dealing_days where dealing_day_id = $1", [day.dayId]);
    expect(state).toEqual({ status: "struck", step: 5 });
  });

  it("is held back by an input that is too old, by name, and not proposed", async () => {
    const day = await rechecked();
    const old = {
      ...PACK,
      inputs: [row("asset", "the port", "90000.00", { asset: "INFRA-1", asOf: "2025-01-31" }), ...PACK.inputs.slice(1)],
    };
    const ran = await house.run("ops1", propose(day, old));
    expect(ran.exit).toBe(3);
    expect(ran.out).toContain("✗ the port: 364 days old, 190 are allowed");
    const shown = await house.run("ops1", ["nav", "show", "--fund", day.fund.code, "--date", DEALING_DATE]);
    expect(shown.out).toMatch(/the port +asset +90,000\.00 +2025-01-31 +364 +synthetic +364 days old, 190 are allowed/);
    expect(shown.out).toContain("One input is held back");
    expect((await db.look("select state from nav_strikes where fund_id = $1", [day.fund.fundId]))[0]).toEqual({
      state: "estimated",
    });
  });

  it("says to those who approve it how much of it rests on marks older than 90 days", async () => {
    const day = await rechecked();
    const aged = (asOf: string) => ({
      ...PACK,
      inputs: [row("asset", "the port", "90000.00", { asset: "INFRA-1", asOf }), ...PACK.inputs.slice(1)],
    });
    const Aged = Nav.extend({ staleShare: z.string().nullable() });
    // 90 days are not older than 90 days
    expect((await house.json("ops1", Aged, propose(day, aged("2025-11-01")))).staleShare).toBe("0");
    const stale = await house.json("ops1", Aged, propose(day, aged("2025-10-31")));
    expect(stale.staleShare).toBe("0.833333333333333333");
    const shown = await house.run("pm1", ["nav", "show", "--fund", day.fund.code]);
    expect(shown.out).toMatch(/Marks older than 90 days: +83\.33 % of NAV/);
    const proposed = await house.run("pm1", ["proposals", "show", stale.proposalId ?? ""]);
    expect(proposed.out).toMatch(/Marks older than 90 days: +83\.33 % of NAV/);
    // it is part of what they sign
    const [signed] = await db.look(
      "select p.body ->> 'stale_share' as signed, s.body ->> 'stale_share' as stored from proposals p join nav_strikes s using (proposal_id) where p.proposal_id = $1",
      [stale.proposalId],
    );
    expect(signed).toEqual({ signed: stale.staleShare, stored: stale.staleShare });
  });

  it("splits between classes as the file says, to the cent", async () => {
    const day = await rechecked();
    await newClass(db, day.fund, "B");
    const one = await house.json("ops1", Nav, propose(day, PACK));
    expect(one.classes).toEqual(
      [
        { class: "A", nav: "108000.00", units: "1000.0000", navPerUnit: "108.0000" },
        { class: "B", nav: "0.00", units: "0.0000", navPerUnit: "100.0000" },
      ].map((expected) => expect.objectContaining(expected)),
    );
    const odd = await house.run("ops1", propose(day, { ...PACK, classes: [{ class: "A", nav: "107999.99" }] }));
    expect(odd).toMatchObject({ exit: 2, err: expect.stringContaining("add up to 107999.99") });
    const whole = { class: "A", nav: "108000.00" };
    const unsaid = await house.run("ops1", propose(day, { ...PACK, classes: [whole] }));
    expect(unsaid).toMatchObject({ exit: 2, err: expect.stringContaining("a performance fee of 0.00") });
    const said = { ...PACK, classes: [{ ...whole, performanceFee: "1000.00" }] };
    expect((await house.json("ops1", Nav, propose(day, said))).classes[0]).toMatchObject(whole);
  });

  it.each([
    ["no JSON", "{", 2, "not JSON"],
    ["another document", { mandate: {} }, 2, "not a file of NAV inputs"],
    ["a number instead of text", { inputs: [{ ...PACK.inputs[1], value: 20000 }] }, 2, "inputs.0.value"],
    ["an unknown asset", { inputs: [row("asset", "x", "1.00", { asset: "NOBODY" })] }, 2, "NOBODY"],
    [
      "cash that names an asset",
      { inputs: [row("cash", "x", "1.00", { asset: "INFRA-1" })] },
      2,
      "only an input of kind asset",
    ],
    ["an unknown class", { ...PACK, classes: [{ class: "Z", nav: "108000.00" }] }, 2, "no class Z"],
    ["more owed than owned", { inputs: [row("cash", "bank", "1.00"), row("debt", "loan", "2.00")] }, 3, "EG429"],
  ])("refuses %s", async (_name, document, exit, says) => {
    const day = await rechecked();
    expect(await house.run("ops1", propose(day, document))).toMatchObject({
      exit,
      out: "",
      err: expect.stringContaining(says),
    });
  });

  it("is not made while orders still come in", async () => {
    const day = await openDay(db);
    expect(await house.run("ops1", propose(day, PACK))).toMatchObject({
      exit: 3,
      err: expect.stringContaining("EG428"),
    });
  });
});

describe("the NAV of a run", () => {
  it("is shown by propose and show, with the command that approves it", async () => {
    const day = await dayAt(db, "proposed");
    const { proposal_id, hash } = proposalOf(day);
    for (const words of [
      ["nav", "propose", "--fund", day.fund.code, "--date", DEALING_DATE],
      ["nav", "show", "--fund", day.fund.code],
    ]) {
      const { out, exit } = await house.run("ops1", words);
      expect(exit).toBe(0);
      expect(out).toContain(
        `Two people who did not propose it approve:\n  npx --no-install evergreen nav approve ${proposal_id} --hash ${hash}`,
      );
      expect(out).toMatch(/A +108,000\.00 +1,000\.0000 +108\.0000 +–/);
    }
    const wrong = await house.run("pm1", ["nav", "approve", proposal_id, "--hash", "0".repeat(64)]);
    expect(wrong).toMatchObject({ exit: 3, err: expect.stringContaining("EG421") });
  });

  it("stands in the list of proposals and is shown like any other", async () => {
    const day = await dayAt(db, "proposed");
    const { proposal_id, hash } = proposalOf(day);
    const list = await house.run("pm1", ["proposals", "list", "--fund", day.fund.code]);
    expect(list.out).toMatch(/nav +pending +NAV of 2026-01-30, version 1: 108,000\.00|pending +NAV of 2026-01-30/);
    const shown = await house.run("pm1", ["proposals", "show", proposal_id]);
    expect(shown.exit).toBe(0);
    expect(shown.out).toContain("Nobody has decided yet; two people must approve.");
    expect(shown.out).toContain(`proposals approve ${proposal_id} --hash ${hash}`);
    await house.run("pm2", ["proposals", "approve", proposal_id, "--hash", hash]);
    expect((await house.run("pm1", ["proposals", "show", proposal_id])).out).toMatch(
      /approved +user:00000000-0000-4000-8000-000000000002/,
    );
    const rejected = await house.run("pm1", [
      "proposals",
      "reject",
      proposal_id,
      "--hash",
      hash,
      "--reason",
      "the mark is wrong",
    ]);
    expect(rejected).toMatchObject({ exit: 0, out: expect.stringContaining("is rejected") });
  });

  it("is approved with a wait until the run has struck it", async () => {
    const day = await dayAt(db, "proposed");
    const { proposal_id, hash } = proposalOf(day);
    await house.run("pm1", ["nav", "approve", proposal_id, "--hash", hash]);
    const waiting = house.run("pm2", ["nav", "approve", proposal_id, "--hash", hash, "--wait", "--timeout", "30"]);
    for (let tries = 0; tries < 200; tries++) {
      const [state] = await db.look("select status from proposals where proposal_id = $1", [proposal_id]);
      if (state?.status === "approved") break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const [strike] = await db.look("select strike_id from nav_strikes where proposal_id = $1", [proposal_id]);
    await db.call(agent("commander"), "fn_strike_nav", { strike_id: strike?.strike_id });
    expect(await waiting).toMatchObject({ exit: 0, out: expect.stringContaining("is struck") });
  });

  it("has nothing to show where there is none, and an LP sees none", async () => {
    const day = await openDay(db);
    expect((await house.run("pm1", ["nav", "show", "--fund", day.fund.code])).exit).toBe(2);
    expect((await house.run("lp1", ["nav", "show", "--fund", day.fund.code])).exit).not.toBe(0);
  });
});
