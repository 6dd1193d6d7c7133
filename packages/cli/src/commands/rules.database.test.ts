// `rules …`, `breaches …` and `obligations …` against a real database: load, refuse aloud, two people, shadow over the past, snooze; cure and calendar.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPS } from "@evergreen-fund/prisma/tests/arrange.ts";
import { dealingFund, ordered } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { live, syntheticRules } from "@evergreen-fund/prisma/tests/rule-versions.ts";
import { newFund, newInvestor } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const any = z.record(z.string(), z.unknown());
const rows = z.array(any);
const folder = mkdtempSync(join(tmpdir(), "evergreen-rules-"));
let files = 0;
const written = (content: unknown): string => {
  const path = join(folder, `synthetic-${++files}.yaml`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, null, 1));
  return path;
};
const why = ["--reason", "synthetic, looked at"];

it("loads packs, runs their examples, and two people who did not load them put one live", async () => {
  const loaded = await house.json("ops1", rows, ["rules", "load"]);
  expect(loaded.map(({ status }) => status)).toEqual(loaded.map(() => "tested"));
  const listed = await house.json("pm1", rows, ["rules", "list"]);
  const aml = listed.find(({ pack }) => pack === "aml-basics");
  expect(aml).toMatchObject({ version: 1, status: "tested", approvals: 0 });
  const activate = ["rules", "activate", "aml-basics", "--hash", String(aml?.hash), ...why];
  expect(await house.json("pm1", any, activate)).toMatchObject({ status: "tested", approvals: 1 });
  expect((await house.run("pm1", activate)).err).toContain("EG422");
  expect(await house.json("pm2", any, activate)).toMatchObject({ status: "live", approvals: 2 });
  const shown = await house.run("pm1", ["rules", "show", "aml-basics"]);
  expect(shown.out).toContain("listed-investor");
  // loaded again it stays what it is
  expect(await house.json("ops1", rows, ["rules", "load", "aml-basics"])).toMatchObject([{ status: "live" }]);
});

it("refuses a bad pack aloud, with its lines, and what is live stays", async () => {
  const good = await live(db);
  const bad = { ...syntheticRules({ pack: good.pack, version: 2 }), rules: [{ id: "large" }] };
  const path = written(bad);
  const refused = await house.json("ops1", rows, ["rules", "load", path], 3);
  expect(refused).toMatchObject([{ status: "refused" }]);
  const [event] = await db.look<{ payload: { problems: string[] } }>(
    "select payload from fund_events where type = 'RULE_PACK_REFUSED' order by seq desc limit 1",
  );
  expect(event?.payload.problems[0]).toMatch(/synthetic-\d+\.yaml:\d+: rules\.0\./);
  expect(await db.look("select version, status from rule_pack_versions where pack = $1", [good.pack])).toEqual([
    { version: 1, status: "live" },
  ]);
});

it("shows what a draft would change over the orders of the past, by count and id", async () => {
  const on = await dealingFund(db);
  const flows: string[] = [];
  for (const amount of ["2000", "20000"])
    flows.push(await ordered(db, on, await newInvestor(db, null), { direction: "subscription", amount }));
  // nothing live asks about these orders; the draft asks from 10,000 on, and lacks the screening of both
  const draft = syntheticRules();
  const [large] = draft.rules as Record<string, unknown>[];
  const [example] = draft.examples as unknown[];
  const path = written({
    ...draft,
    rules: [{ ...large, outcome: "block_and_review" }],
    examples: [{ ...(example as object), outcome: "block_and_review" }],
  });
  await db.look("update rule_pack_versions set status = 'tested', live_at = null where status = 'live'");
  const difference = await house.json("pm1", any, ["rules", "shadow", path, "--fund", on.fund.code]);
  expect(difference).toMatchObject({
    judged: 2,
    same: 1,
    stricter: 1,
    looser: 0,
    changes: [{ from: "approve", to: "block_and_review", count: 1, ids: [flows[1]] }],
    rules: { large: 1 },
  });
});

it("snoozes a rule for an investor within its limits", async () => {
  const { pack } = await live(db);
  const investor = await newInvestor(db, null);
  const of = ["--investor", investor, ...why];
  expect(await house.json("ops1", any, ["rules", "snooze", `${pack}/large`, "--days", "10", ...of])).toMatchObject({
    rule: "large",
  });
  for (const [words, code] of [
    [["rules", "snooze", `${pack}/listed`, "--days", "10", ...of], "EG428"],
    [["rules", "snooze", `${pack}/large`, "--days", "31", ...of], "EG424"],
    [["rules", "snooze", `${pack}/large`, "--days", "0", ...of], "EG400"],
    [["rules", "snooze", "large", "--days", "1", ...of], "EG400"],
    [["rules", "snooze", `${pack}/large`, "--days", "1", ...why], "EG400"],
  ] as const)
    expect((await house.run("ops1", words)).err).toContain(code);
});

it("records, lists and cures a breach; an active one with its cost", async () => {
  const fund = await newFund(db);
  const of = ["--fund", fund.code];
  const made = await house.json("ops1", any, [
    "breaches",
    "record",
    "x/y",
    ...of,
    "--class",
    "active",
    "--cause",
    "bought too much",
  ]);
  expect(await house.json("pm1", rows, ["breaches", "list", ...of])).toMatchObject([
    { rule: "x/y", class: "active", cured_at: null },
  ]);
  const cure = ["breaches", "cure", String(made.breach_id), "--note", "sold"];
  expect((await house.run("pm1", cure)).err).toContain("EG400");
  expect((await house.run("pm1", [...cure, "--cost", "5"])).err).toContain("EG424");
  expect(await house.json("pm1", any, [...cure, "--cost", "5", "--compensated", "paid by the manager"])).toMatchObject({
    status: "cured",
  });
  expect(await house.json("pm1", rows, ["breaches", "list", ...of])).toEqual([]);
  expect(await house.json("pm1", rows, ["breaches", "list", ...of, "--all"])).toMatchObject([{ cost: "5.0000" }]);
});

it("keeps the calendar: due, overdue, done, and again", async () => {
  const fund = await newFund(db);
  const of = ["--fund", fund.code];
  const words = ["--title", "Report", "--source", "synthetic", "--due", "2026-01-31", "--every", "3"];
  const { obligation_id } = await house.json("ops1", any, ["obligations", "set", "report", ...of, ...words]);
  expect(await db.value(OPS, "fn_tick_obligations", { fund: fund.code })).toEqual({ due: 1, overdue: 1, uncured: 0 });
  expect((await house.run("pm1", ["obligations", "list", ...of])).out).toContain("2026-01-31 (overdue)");
  expect(
    await house.json("ops1", any, ["obligations", "done", String(obligation_id), "--evidence", "filed"]),
  ).toMatchObject({ next_due_on: "2026-04-30" });
  expect(await house.json("pm1", rows, ["obligations", "list", ...of])).toMatchObject([
    { code: "report", due_on: "2026-04-30" },
  ]);
});

it("loads the calendar of a regime for a fund, once, and says which day it lacks", async () => {
  const fund = await newFund(db);
  const load = ["obligations", "load", "--fund", fund.code, "--regime", "us_interval", "--since", "2026-11-22"];
  const loaded = await house.json("ops1", rows, load);
  expect(loaded).toContainEqual(expect.objectContaining({ code: "form-n-port", status: "set", due_on: "2026-11-29" }));
  expect(loaded).toContainEqual({
    code: "interval-repurchase-notice",
    status: "day missing",
    due_on: null,
    words: "name it with --repurchase-deadline",
  });
  expect(loaded.some(({ code }) => code === "eltif-annual-report")).toBe(false);
  const again = await house.json("ops1", rows, [...load, "--repurchase-deadline", "2027-01-15"]);
  expect(new Set(again.map(({ code, status }) => `${String(code)}: ${String(status)}`))).toEqual(
    new Set(loaded.map(({ code, status }) => `${String(code)}: ${status === "set" ? "open already" : "set"}`)),
  );
  const listed = await house.json("pm1", rows, ["obligations", "list", "--fund", fund.code]);
  expect(listed).toHaveLength(again.length);
  expect(listed).toContainEqual(
    expect.objectContaining({
      code: "interval-repurchase-notice",
      due_on: "2026-12-24",
      every_months: 3,
      source: "17 CFR 270.23c-3(b)(4)(i)",
    }),
  );
  // of a wrong file nothing is set
  const wrong = written("calendar: Synthetic\nasOf: 2026-01-01\nobligations:\n  - code: A\n");
  const refused = await house.run("ops1", ["obligations", "load", wrong, "--fund", fund.code, "--regime", "aif"]);
  expect(refused.err).toMatch(
    /EG400[\s\S]*synthetic-\d+\.yaml:4: obligations\.0\.code: takes lower-case words|synthetic-\d+\.yaml:4: obligations\.0\.code: takes lower-case words[\s\S]*EG400/,
  );
  expect(await house.json("pm1", rows, ["obligations", "list", "--fund", fund.code])).toHaveLength(again.length);
});
