// Liquidity tools and dealing terms by command line against a real database: packs as data, two people, the drafted notice, and what is refused.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PM_ONE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { dealingFund } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const { db } = house;
const folder = mkdtempSync(join(tmpdir(), "evergreen-policies-"));
const fileOf = (name: string, document: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(document));
  return path;
};
/** A fund with one class of 4 decimals and neither terms nor tools. */
async function bareFund(): Promise<string> {
  const fund = await newFund(db);
  await db.call(PM_ONE, "fn_open_class", {
    fund: fund.code,
    code: "A",
    name: "Class A (synthetic)",
    issue_price: "100",
  });
  return fund.code;
}
const PACKS = ["eltif", "free-form", "ltaf", "us-interval-23c-3", "us-open-end-22e-4"];
const Terms = z.object({ version: z.int(), effectiveFrom: z.string(), terms: z.record(z.string(), z.unknown()) });
const Tools = z.object({
  version: z.int().nullable(),
  pack: z.string().nullable(),
  policy: z.record(z.string(), z.unknown()).nullable(),
  activations: z.array(
    z.object({ tool: z.string(), status: z.string(), proposalStatus: z.string(), notice: z.string() }),
  ),
});
const Activation = z.object({
  activationId: z.uuid(),
  status: z.string(),
  proposalId: z.uuid(),
  proposalHash: z.string(),
  proposalStatus: z.string(),
  notice: z.string(),
  approvals: z.int(),
});

describe("packs", () => {
  it.each(PACKS)("%s: its terms and its tools are set, shown and set again from what was shown", async (pack) => {
    const code = await bareFund();
    for (const words of [
      ["terms", "set", pack, "--fund", code, "--class", "A", "--from", "2026-01-01"],
      ["lmt", "set", pack, "--fund", code, "--from", "2026-01-01"],
    ])
      expect(await house.run("pm1", words)).toMatchObject({ exit: 0, err: "" });
    const terms = await house.json("pm1", Terms, ["terms", "show", "--fund", code]);
    const tools = await house.json("pm1", Tools, ["lmt", "show", "--fund", code]);
    expect(terms).toMatchObject({ version: 1, effectiveFrom: "2026-01-01" });
    expect(tools).toMatchObject({ version: 1, pack });
    const again = [
      ["terms", "set", fileOf(`${pack}-terms.json`, terms), "--fund", code, "--from", "2027-01-01"],
      ["lmt", "set", fileOf(`${pack}-tools.json`, tools), "--fund", code, "--from", "2027-01-01"],
    ];
    for (const words of again) expect(await house.run("pm1", words)).toMatchObject({ exit: 0, err: "" });
    expect((await house.json("pm1", Terms, ["terms", "show", "--fund", code])).version).toBe(1);
    expect((await house.json("pm1", Terms, ["terms", "show", "--fund", code, "--date", "2027-06-30"])).terms).toEqual(
      terms.terms,
    );
    const shown = await house.run("pm1", ["lmt", "show", "--fund", code]);
    expect(shown.out).toMatch(/^Tools: +redemption (gate|fee)/m);
    expect(shown.out).toContain("Always there");
    // a programme of stress tests stands in the packs of regimes that ask for one
    const programme =
      /^Stress tests: +quarterly: historical, hypothetical, reverse on assets, liabilities, combined; /m;
    expect(programme.test(shown.out)).toBe(["eltif", "ltaf"].includes(pack));
  });

  it("read well", async () => {
    const code = await bareFund();
    await house.run("pm1", ["terms", "set", "free-form", "--fund", code, "--from", "2026-01-01"]);
    await house.run("pm1", ["lmt", "set", "free-form", "--fund", code, "--from", "2026-01-01"]);
    const terms = await house.run("pm1", ["terms", "show", "--fund", code]);
    expect(terms.out).toContain(
      "Dealing:    monthly, on the last business day of the month, cut-off 12:00 Europe/Luxembourg, calendar LU",
    );
    expect(terms.out).toContain("Lock-up:    12 months; fee 3 % before 18 months, 1.5 % before 24 months");
    const tools = await house.run("pm1", ["lmt", "show", "--fund", code]);
    expect(tools.out).toMatch(
      /Gate: +gross, 2 % of NAV per dealing date and 5 % of the quarter's NAV; used only above 0\.5 % of NAV/,
    );
    const gated = await house.json("pm1", Tools, ["lmt", "show", "--fund", code]);
    const ordinary = fileOf("ordinary.json", {
      ...gated.policy,
      gate: { ...(gated.policy?.gate as object), ordinaryFrom: "0.25" },
    });
    await house.run("pm1", ["lmt", "set", ordinary, "--fund", code, "--from", "2026-01-02"]);
    expect((await house.run("pm1", ["lmt", "show", "--fund", code])).out).toMatch(
      /used only above 0\.5 % of NAV; two people decide where less than 25 % is executed/,
    );
    expect(tools.out).toMatch(/Gate per investor: 25 %, 1\/3, 50 %, 100 % of what is left, quarterly/);
    expect(tools.out).toMatch(/Swing: +partial: 0\.3 % above 1 % of NAV, 0\.6 % above 2 % of NAV; at most 2 %/);
  });

  it("that a regime does not allow are refused with every limit that is broken, and nothing is stored", async () => {
    const code = await bareFund();
    await house.run("pm1", ["terms", "set", "free-form", "--fund", code, "--from", "2026-01-01"]);
    const refused = await house.run("pm1", ["lmt", "set", "ltaf", "--fund", code, "--from", "2026-01-01"]);
    expect(refused).toMatchObject({
      exit: 3,
      out: "",
      err: expect.stringContaining("At least 90 days of notice for redemptions. Found: 30"),
    });
    expect(await db.look("select from lmt_policies p join funds f using (fund_id) where f.code = $1", [code])).toEqual(
      [],
    );
  });

  it.each([
    [
      "one tool",
      (tools: Record<string, unknown>) => ({ ...tools, tools: ["redemption_gate"] }),
      3,
      "at least two tools",
    ],
    [
      "a tool without its terms",
      (tools: Record<string, unknown>) => ({ ...tools, swing: undefined }),
      3,
      "swing_pricing is selected and its terms are missing",
    ],
    [
      "an unknown tool",
      (tools: Record<string, unknown>) => ({ ...tools, tools: ["redemption_gate", "prayer"] }),
      2,
      "not a policy of liquidity tools: tools.1",
    ],
    ["nothing of it", () => ({ trades: [] }), 2, "not a policy of liquidity tools"],
  ])("refuses %s", async (_name, change, exit, says) => {
    const code = await bareFund();
    await house.run("pm1", ["lmt", "set", "free-form", "--fund", code, "--from", "2026-01-01"]);
    const { policy } = await house.json("pm1", Tools, ["lmt", "show", "--fund", code]);
    const file = fileOf("changed.json", change(policy ?? {}));
    const ran = await house.run("pm1", ["lmt", "set", file, "--fund", code, "--from", "2026-02-01"]);
    expect(ran).toMatchObject({ exit, out: "", err: expect.stringContaining(says) });
  });

  it.each([
    ["no such pack", ["terms", "set", "nonsense", "--fund", "X", "--from", "2026-01-01"]],
    ["no date", ["terms", "set", "eltif", "--fund", "X"]],
    ["a date that is none", ["lmt", "set", "eltif", "--fund", "X", "--from", "soon"]],
    [
      "terms of tools",
      ["terms", "set", fileOf("no-terms.json", { cutOff: "25:00" }), "--fund", "X", "--from", "2026-01-01"],
    ],
  ])("refuses %s before anybody is asked", async (_name, words) => {
    expect(await house.run("pm1", words)).toMatchObject({ exit: 2, out: "" });
  });

  it("are not for investors, and a class without terms says so", async () => {
    const code = await bareFund();
    expect((await house.run("pm1", ["terms", "show", "--fund", code])).exit).toBe(2);
    expect((await house.run("lp1", ["lmt", "set", "free-form", "--fund", code, "--from", "2026-01-01"])).exit).not.toBe(
      0,
    );
    expect(await house.json("pm1", Tools, ["lmt", "show", "--fund", code])).toMatchObject({
      version: null,
      policy: null,
    });
  });
});

describe("lmt activate and end", () => {
  it("a suspension is proposed with its notice, approved by two others, put to use, and ended", async () => {
    const { fund } = await dealingFund(db);
    const words = [
      "lmt",
      "activate",
      "suspension",
      "--fund",
      fund.code,
      "--reason",
      "two thirds of the assets cannot be valued",
    ];
    const asked = await house.run("ops1", words);
    expect(asked.exit).toBe(0);
    expect(asked.out).toContain("Two people who did not propose it approve:");
    expect(asked.out).toContain("Reason: two thirds of the assets cannot be valued.");
    const proposed = await house.json("ops1", Activation, words);
    expect(proposed).toMatchObject({ status: "proposed", proposalStatus: "pending", approvals: 0 });
    expect(proposed.notice).toContain("Subscriptions and redemptions are suspended for the same period.");
    expect(proposed.notice).toContain("nobody has sent it");
    const shown = await house.run("pm1", ["proposals", "show", proposed.proposalId]);
    expect(shown.out).toMatch(/Drafted notice:\n {2}Draft notice to the investors/);
    const approve = ["proposals", "approve", proposed.proposalId, "--hash", proposed.proposalHash];
    expect((await house.run("pm1", approve)).exit).toBe(0);
    expect(await house.json("pm1", Activation, ["lmt", "activate", "suspension", "--fund", fund.code])).toMatchObject({
      status: "proposed",
      approvals: 1,
    });
    expect((await house.run("pm2", approve)).exit).toBe(0);
    const used = await house.json("pm1", Activation, ["lmt", "activate", "suspension", "--fund", fund.code]);
    expect(used).toMatchObject({ activationId: proposed.activationId, status: "active" });
    expect((await db.look("select status from funds where fund_id = $1", [fund.fundId]))[0]).toEqual({
      status: "suspended",
    });
    const table = await house.run("pm1", ["lmt", "show", "--fund", fund.code]);
    expect(table.out).toMatch(/suspension +active +20\d\d-/);
    const ended = await house.run("pm1", ["lmt", "end", "suspension", "--fund", fund.code, "--reason", "valued again"]);
    expect(ended).toMatchObject({ exit: 0, out: `suspension of ${fund.code} is ended.\n` });
    expect((await house.run("pm1", ["lmt", "end", "suspension", "--fund", fund.code, "--reason", "again"])).exit).toBe(
      3,
    );
    expect((await db.look("select status from funds where fund_id = $1", [fund.fundId]))[0]).toEqual({
      status: "active",
    });
  });

  it("waits for the approvals when told to, and puts the tool to use; the text of the notice may be one's own", async () => {
    const { fund } = await dealingFund(db);
    const notice = join(folder, "notice.txt");
    writeFileSync(notice, "To the investors: the gate applies at the next dealing date.\n");
    const words = [
      "lmt",
      "activate",
      "redemption-gate",
      "--fund",
      fund.code,
      "--reason",
      "liquidity",
      "--notice",
      notice,
    ];
    const proposed = await house.json("ops1", Activation, words);
    expect(proposed.notice).toBe("To the investors: the gate applies at the next dealing date.");
    const waiting = house.json("pm1", Activation, [
      "lmt",
      "activate",
      "redemption_gate",
      "--fund",
      fund.code,
      "--wait",
      "--timeout",
      "60",
    ]);
    for (const person of ["pm1", "pm2"] as const)
      await house.run(person, ["proposals", "approve", proposed.proposalId, "--hash", proposed.proposalHash]);
    expect(await waiting).toMatchObject({ status: "active" });
  });

  it("is proposed anew after a refusal, and that needs a reason again", async () => {
    const { fund } = await dealingFund(db);
    const proposed = await house.json("ops1", Activation, [
      "lmt",
      "activate",
      "side_pocket",
      "--fund",
      fund.code,
      "--assets",
      "INFRA-1",
      "--reason",
      "a frozen asset",
    ]);
    await house.run("pm1", [
      "proposals",
      "reject",
      proposed.proposalId,
      "--hash",
      proposed.proposalHash,
      "--reason",
      "not yet",
    ]);
    const ran = await house.run("ops1", [
      "lmt",
      "activate",
      "side_pocket",
      "--fund",
      fund.code,
      "--wait",
      "--timeout",
      "20",
    ]);
    expect(ran).toMatchObject({ exit: 2, err: expect.stringContaining("--reason") });
  });

  it.each([
    ["a tool that is none", ["lmt", "activate", "prayer", "--fund", "X", "--reason", "r"], 2, "A tool is one of"],
    ["no reason", ["lmt", "activate", "suspension", "--fund", "SYN-1"], 2, "--reason"],
    [
      "a tool that is not selected",
      ["lmt", "activate", "swing_pricing", "--fund", "SYN-1", "--reason", "flows"],
      3,
      "EG428",
    ],
    [
      "no such notice",
      ["lmt", "activate", "suspension", "--fund", "SYN-1", "--reason", "r", "--notice", "/nowhere.txt"],
      2,
      "no file",
    ],
    [
      "a side pocket of nothing",
      ["lmt", "activate", "side-pocket", "--fund", "SYN-1", "--reason", "frozen"],
      2,
      "--assets",
    ],
    [
      "a side pocket of what the fund does not have",
      ["lmt", "activate", "side-pocket", "--fund", "SYN-1", "--assets", "INFRA-1,GOLD-9", "--reason", "frozen"],
      2,
      "no asset GOLD-9",
    ],
    [
      "assets of a suspension",
      ["lmt", "activate", "suspension", "--fund", "SYN-1", "--assets", "INFRA-1", "--reason", "frozen"],
      2,
      "are of a side pocket",
    ],
    ["an end without a use", ["lmt", "end", "suspension", "--fund", "SYN-1", "--reason", "r"], 3, "not in use"],
  ])("refuses %s", async (_name, words, exit, says) => {
    const ran = await house.run("pm1", words);
    expect(ran).toMatchObject({ exit, out: "", err: expect.stringContaining(says) });
  });

  it("lets who proposed it not decide", async () => {
    const { fund } = await dealingFund(db);
    const proposed = await house.json("pm1", Activation, [
      "lmt",
      "activate",
      "suspension",
      "--fund",
      fund.code,
      "--reason",
      "fire",
    ]);
    const own = await house.run("pm1", ["proposals", "approve", proposed.proposalId, "--hash", proposed.proposalHash]);
    expect(own).toMatchObject({ exit: 3, err: expect.stringContaining("EG420") });
  });
});
