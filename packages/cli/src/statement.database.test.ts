// `statement` and `performance` against a real database through the API that people have: figures, points in time, and who sees what.
import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGateway } from "@evergreen-fund/gateway/gateway.ts";
import { openSupabaseApi } from "@evergreen-fund/gateway/supabase-api.ts";
import { serve } from "@hono/node-server";
import { afterAll, describe, expect, it } from "vitest";
import { LP_A, LP_B, OPS, PM_ONE } from "../../../prisma/tests/arrange.ts";
import { DEALING_DATE, dayAt, dealingDatabase, dealingFund } from "../../../prisma/tests/dealing-day.ts";
import { userOf } from "../../../prisma/tests/populate.ts";
import { prepare, restate, runDay } from "../../../prisma/tests/statement-days.ts";
import { ran } from "./test-run.ts";

const KEY = "sb_publishable_test";
const PASSWORD = "synthetic-password";
const PEOPLE = {
  "pm@test.example": PM_ONE,
  "lpa@test.example": LP_A,
  "lpb@test.example": LP_B,
  "ops@test.example": OPS,
};

const db = await dealingDatabase();
const bcrypt = createRequire(import.meta.resolve("@supabase/lite"))("bcryptjs") as {
  hashSync(text: string, rounds: number): string;
};
for (const [email, actor] of Object.entries(PEOPLE))
  await db.look(
    "insert into auth.users (id, email, encrypted_password, role, email_confirmed_at) values ($1, $2, $3, $4, now())",
    [userOf(actor), email, bcrypt.hashSync(PASSWORD, 4), actor.role],
  );
const jwtSecret = randomBytes(48).toString("hex");
const api = await openSupabaseApi({ databaseUrl: db.database.urlFor("evergreen_api"), jwtSecret, publishableKey: KEY });
const gateway = createGateway({
  api,
  project: null,
  demoLogins: [],
  jwtSecret,
  publishableKey: KEY,
  supabaseUrl: "http://127.0.0.1",
  publicUrl: "http://127.0.0.1",
  elsewhere: [],
  temporalUiUrl: "http://127.0.0.1",
  codec: { encode: async (payloads) => payloads, decode: async (payloads) => payloads },
  temporalAnswers: async () => true,
  withContent: null,
  dashboard: null,
  openapi: null,
});
const server = serve({ fetch: gateway.fetch, port: 0, hostname: "127.0.0.1" });
await new Promise<void>((resolve) => server.once("listening", () => resolve()));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await api.close();
});

const evergreen = (as: keyof typeof PEOPLE, ...argv: string[]) =>
  ran([...argv, "--as", as], { SUPABASE_URL: url, SUPABASE_PUBLISHABLE_KEY: KEY, EVERGREEN_PASSWORD: PASSWORD });
const json = async (as: keyof typeof PEOPLE, ...argv: string[]) => {
  const answer = await evergreen(as, ...argv, "--output-format", "json");
  expect(answer.err).toBe("");
  return JSON.parse(answer.out);
};

// 1,000 units taken over at 100; 50 redeemed at 108; 150 more a month later at 110; then the 108 turns out to have been 107
const on = await dayAt(db, "posted", { holderUser: userOf(LP_A), subscriberUser: userOf(LP_B) });
await prepare(db, on.dayId);
await runDay(db, on, "2026-02-27", { nav: "115500.00" });
const [clock] = await db.look(
  "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as now",
);
const known = String(clock?.now);
await restate(db, on, DEALING_DATE, { nav: "107000.00" });
await prepare(db, on.dayId);
const code = async (id: string) =>
  String((await db.look("select code from investors where investor_id = $1", [id]))[0]?.code);
const [holder, subscriber] = [await code(on.holder), await code(on.subscriber)];
const mine = ["statement", "--investor", holder, "--class", on.classId];
const lines = (statement: { lines: { line: string; amount: string }[] }): Record<string, string> =>
  Object.fromEntries(statement.lines.map(({ line, amount }) => [line, amount]));

describe("statement", () => {
  it("foots from the beginning to the newest price, for operations", async () => {
    const statement = await json("ops@test.example", ...mine);
    expect(lines(statement)).toMatchObject({
      opening: "0.00",
      transfers: "100000.00",
      redemptions: "-21900.00",
      // 1,000 from 100 to 107, then 950 from 107 to 110
      result: "9850.00",
      // 50 dealt at 108 that were worth 107
      dealing_difference: "50.00",
      closing: "88000.00",
    });
    expect(statement).toMatchObject({
      investor: { code: holder },
      from: "2025-01-14",
      to: "2026-02-27",
      units: { opening: "0.0000", closing: "800.0000" },
      foot: { sum: "88000.00", ok: true },
    });
  });

  it("is as of any date and as known on any time", async () => {
    const january = await json("ops@test.example", ...mine, "--as-of", "2026-02-15");
    expect([january.to, lines(january).closing]).toEqual([DEALING_DATE, "101650.00"]);
    const before = await json("ops@test.example", ...mine, "--as-of", DEALING_DATE, "--known-on", known);
    expect(lines(before)).toMatchObject({ closing: "102600.00", result: "8000.00", dealing_difference: "0.00" });
    const period = await json("ops@test.example", ...mine, "--from", DEALING_DATE);
    expect(lines(period)).toMatchObject({
      opening: "101650.00",
      transfers: "0.00",
      result: "2850.00",
      closing: "88000.00",
    });
    const early = await evergreen("ops@test.example", ...mine, "--known-on", "2020-01-01");
    expect([early.exit, early.err]).toEqual([2, expect.stringContaining("Nothing was held")]);
  });

  it("reads well", async () => {
    const { out, exit } = await evergreen("ops@test.example", ...mine);
    expect(exit).toBe(0);
    expect(out).toContain("Units transferred or taken over");
    expect(out).toMatch(/Closing value +88,000\.00/);
    expect(out).toContain("The lines add up to 88,000.00 USD");
    expect(out).toContain("taken over at");
  });

  it("shows an LP the own account, and nobody else's", async () => {
    expect(lines(await json("lpa@test.example", ...mine)).closing).toBe("88000.00");
    for (const argv of [
      ["statement", "--investor", subscriber, "--class", on.classId],
      ["statement", "--investor", on.subscriber, "--class", on.classId],
    ]) {
      const { exit, err, out } = await evergreen("lpa@test.example", ...argv);
      expect({ exit, out }).toEqual({ exit: 2, out: "" });
      expect(err).toContain("There is no investor");
    }
  });

  it("writes the letters about the own fills of a dealing day, of the version known then", async () => {
    const { out } = await evergreen("lpa@test.example", ...mine, "--as-of", DEALING_DATE, "--letters");
    expect(out).toMatch(/^Redemption in .*, class A, dealing day 2026-01-30/);
    expect(out).toContain("25 % of what was asked is paid");
    expect(out).toMatch(/Cash to you: +5,400\.00 USD/);
    const then = await json("lpa@test.example", ...mine, "--as-of", DEALING_DATE, "--letters", "--known-on", known);
    const now = await json("lpa@test.example", ...mine, "--as-of", DEALING_DATE, "--letters");
    expect([then.version, now.version]).toEqual([1, 2]);
    expect([then.statement.strike.navPerUnit, now.statement.strike.navPerUnit]).toEqual(["108", "107"]);
    expect((await evergreen("lpa@test.example", ...mine, "--as-of", "2026-02-27", "--letters")).exit).toBe(2);
  });

  it("names the line that does not foot, with the exit code of a refusal", async () => {
    const client = await db.admin.connect();
    const tamper = async (by: string): Promise<void> => {
      await client.query("set session_replication_role = replica");
      await client.query(`update lots set units_left = units_left ${by} where investor_id = $1`, [on.holder]);
      await client.query("reset session_replication_role");
    };
    await tamper("+ 1");
    const { exit, err, out } = await evergreen("ops@test.example", ...mine);
    await tamper("- 1");
    client.release();
    expect({ exit, out }).toEqual({ exit: 3, out: "" });
    expect(err).toMatch(/does not foot: .*closing \(the entries of lot/);
  });
});

describe("performance", () => {
  const folder = mkdtempSync(join(tmpdir(), "evergreen-performance-"));
  const file = join(folder, "synthetic-index.csv");
  writeFileSync(file, "date,level\n2025-01-10,100\n2026-01-29,110\n2026-02-26,112\n");
  const asked = ["performance", "--fund", on.fund.code];

  it("gives an LP the own holding without being told which", async () => {
    const report = await json("lpa@test.example", ...asked);
    expect(report).toMatchObject({
      holders: 1,
      investor: null,
      window: { from: "2025-01-15", to: "2026-02-27", closing: "88000.00" },
      twr: { cumulative: "0.1" },
      classes: [{ code: "A", twr: { cumulative: "0.1" } }],
    });
    const [row] = report.measures.rows;
    // 100,000 in, 5,400 and 16,500 out, 88,000 left
    expect(row.multiples).toMatchObject({ paidIn: "100000", distributed: "21900", tvpi: "1.099" });
    expect(row.xirr).toMatchObject({ verdict: "unique", ambiguous: false });
    expect(row.xirr.label.text).toBe(
      "XIRR, ACT/365F, daily flows, 2025-01-15 to 2026-02-27 (408 days), per year, net, no subscription line, 0 % of NAV stale",
    );
    expect(report.measures.missing).toEqual([{ fees: "gross", subscriptionLine: "none" }]);
  });

  it("stands before fees too, where every strike says what it charged", async () => {
    // 110 less 1, then 119.90 less 1: a tenth twice before fees
    const charged = await dealingFund(db);
    await runDay(db, charged, DEALING_DATE, {
      nav: "109000.00",
      fees: { management_fee: "1000.00", performance_fee: "0" },
    });
    await runDay(db, charged, "2026-02-27", {
      nav: "118900.00",
      fees: { management_fee: "700.00", performance_fee: "300.00" },
    });
    const report = await json("pm@test.example", "performance", "--fund", charged.fund.code);
    expect(report).toMatchObject({
      twr: { cumulative: "0.189" },
      gross: { twr: { cumulative: "0.21" }, classes: [{ code: "A", twr: { cumulative: "0.21" } }] },
    });
    expect(report.measures.missing).toEqual([]);
    expect(report.measures.rows.map((row: { multiples: { tvpi: string } }) => row.multiples.tvpi)).toEqual([
      "1.209",
      "1.189",
    ]);
    const { out } = await evergreen("pm@test.example", "performance", "--fund", charged.fund.code);
    expect(out).toMatch(/TWR +21\.00 % +.*gross/);
    expect(out).toMatch(/TWR +18\.90 % +.*net/);
  });

  it("is the same for whoever may see everything and names the investor, and of all holders for who names nobody", async () => {
    const own = await json("lpa@test.example", ...asked);
    const named = await json("pm@test.example", ...asked, "--investor", holder);
    expect({ ...named, investor: null, knownOn: "" }).toEqual({ ...own, knownOn: "" });
    const all = await json("pm@test.example", ...asked);
    expect(all).toMatchObject({ holders: 2, window: { closing: "99000.00" } });
    const other = await evergreen("lpa@test.example", ...asked, "--investor", subscriber);
    expect([other.exit, other.out]).toEqual([2, ""]);
    expect((await evergreen("lpb@test.example", "performance", "--fund", "NONE")).exit).toBe(2);
  });

  it("compares with an index from a file, over a window, as known on a time", async () => {
    const report = await json("pm@test.example", ...asked, "--investor", holder, "--index", file);
    const [row] = report.measures.rows;
    // (5,400 · 112/110 + 16,500 + 88,000) / (100,000 · 112/100)
    expect(Number(row.ksPme.ksPme)).toBeCloseTo((5400 * (112 / 110) + 16500 + 88000) / 112000, 12);
    expect(row.ksPme.label.method).toBe("KS-PME against synthetic-index");
    expect([row.pmePlus.lambda, row.directAlpha.verdict]).toEqual([expect.any(String), "unique"]);
    const window = await json("pm@test.example", ...asked, "--investor", holder, "--from", DEALING_DATE);
    expect(window).toMatchObject({ window: { from: DEALING_DATE, opening: "101650.00" } });
    expect(Number(window.modifiedDietz.return)).toBeCloseTo(2850 / 101650, 12);
    const before = await json(
      "pm@test.example",
      ...asked,
      "--investor",
      holder,
      "--to",
      DEALING_DATE,
      "--known-on",
      known,
    );
    expect(before).toMatchObject({ window: { closing: "102600.00" }, twr: { cumulative: "0.08" } });
  });

  it("reads well", async () => {
    const { out, exit } = await evergreen(
      "lpa@test.example",
      ...asked,
      "--index",
      file,
      "--index-name",
      "Synthetic index",
    );
    expect(exit).toBe(0);
    for (const what of [
      "XIRR",
      "DPI",
      "RVPI",
      "TVPI",
      "KS-PME",
      "PME+ λ",
      "Direct Alpha",
      "TWR",
      "Modified Dietz",
      "TWR class A",
    ])
      expect(out).toMatch(new RegExp(`^${what.replace("+", "\\+")} `, "m"));
    expect(out).toContain("Not known: gross of fees.");
  });

  it.each([
    ["an index that begins too late", ["--index-age", "1"]],
    ["a day that is none", ["--to", "yesterday"]],
    ["a window that is over before it begins", ["--from", "2026-02-27"]],
    ["a time before anything was known", ["--known-on", "2020-01-01"]],
  ])("refuses %s with one sentence", async (_what, more) => {
    const { exit, out, err } = await evergreen("pm@test.example", ...asked, "--index", file, ...more);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(err).toMatch(/^evergreen: [^\n]+\n$/);
  });
});
