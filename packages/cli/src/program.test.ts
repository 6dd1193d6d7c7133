// The command line without a stack: usage errors, help, and the sweep over every command.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "./commands.ts";
import { GROUPS } from "./groups.ts";
import { commandSection, withCommandSection } from "./readme.ts";
import { ran } from "./test-run.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-cli-"));
/** A home in which nothing ever ran, on ports nobody uses. */
const NOWHERE = { EVERGREEN_HOME: join(folder, "home"), EVERGREEN_PORT_BASE: "1090" };

const evergreen = (argv: string[], environment: Record<string, string> = NOWHERE, input = "") =>
  ran(argv, environment, input);

describe("usage errors end with 2, one sentence on stderr and nothing on stdout", () => {
  it.each([
    ["unknown command", ["conquer"]],
    ["unknown command of a group", ["proposals", "burn"]],
    ["group without a command", ["proposals"]],
    ["unknown option", ["funds", "list", "--colour"]],
    ["missing option", ["rebalance"]],
    ["missing argument", ["proposals", "show"]],
    ["too many arguments", ["funds", "list", "more"]],
    ["value not in the list", ["rebalance", "--fund", "KY1", "--method", "guess"]],
    ["output format", ["funds", "list", "--output-format", "xml"]],
    ["hash that is none", ["proposals", "approve", "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11", "--hash", "abc"]],
    ["reason missing", ["proposals", "reject", "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11", "--hash", "a".repeat(64)]],
    ["two sources of targets", ["rebalance", "--fund", "KY1", "--mandate", "a", "--targets", "b"]],
    ["timeout that is none", ["rebalance", "--fund", "KY1", "--wait", "--timeout", "soon"]],
    ["limit that is none", ["events", "list", "--limit", "0"]],
    ["retry of nothing", ["events", "retry"]],
    ["retry of one and all", ["events", "retry", "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11", "--dead"]],
    ["fund code", ["import", "nport", "x.xml", "--fund", "lower case"]],
    ["no such file", ["import", "nport", join(folder, "absent.xml"), "--fund", "KY1"]],
    ["no such file of orders", ["import", "orders", join(folder, "absent.csv"), "--fund", "KY1"]],
    ["no such mapping file", ["import", "orders", "x.csv", "--fund", "KY1", "--map", join(folder, "absent.yaml")]],
    ["row without an order", ["import", "match", "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11", "--row", "1"]],
    ["undo without a reason", ["import", "undo", "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11"]],
    ["kind of import", ["import", "list", "--kind", "letters"]],
    ["date that is none", ["export", "payments", "--fund", "KY1", "--date", "soon"]],
    ["accounts of nobody", ["accounts", "approve"]],
    ["no such mandate file", ["mandate", "set", join(folder, "absent.json"), "--fund", "KY1"]],
    ["order without a side", ["order", "place", "--fund", "X", "--class", "A", "--units", "1"]],
    ["order of nothing", ["order", "place", "redemption", "--fund", "X", "--class", "A"]],
    ["order without a class", ["order", "place", "redemption", "--fund", "X", "--units", "1"]],
    ["dealing day without a date", ["deal", "run", "--fund", "X"]],
    ["dealing day on no date", ["deal", "run", "--fund", "X", "--date", "tomorrow"]],
    ["verification of nothing", ["deal", "verify"]],
    ["day given up without a reason", ["deal", "discard", "--fund", "X", "--date", "2026-01-30"]],
    ["hash of a NAV that is none", ["nav", "approve", "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11", "--hash", "abc"]],
    ["unknown liquidity tool", ["lmt", "activate", "prayer", "--fund", "X"]],
    ["terms from no date", ["terms", "set", "free-form", "--fund", "X"]],
    ["snapshot that is not there", ["snapshot", "verify", "2026"]],
    ["restore of nothing", ["snapshot", "restore"]],
    ["restore of two things", ["snapshot", "restore", "2026", "--stored"]],
    ["restore of no day", ["snapshot", "restore", "--day", "2026-02-30"]],
    ["restore without a store", ["snapshot", "restore", "--stored"]],
    ["stress run of nothing", ["stress", "run", "--fund", "X"]],
    ["stress run of two things", ["stress", "run", "--fund", "X", "--all", "--scenario", "rates_up200"]],
    ["stress run of an unknown scenario", ["stress", "run", "--fund", "X", "--scenario", "nonsense"]],
    ["stress report in a format without a file", ["stress", "report", "--fund", "X", "--format", "pdf"]],
    ["what-if without a name", ["lab", "save", " ", "--fund", "X", "--scenario", "rates_up200"]],
    ["pause without a reason", ["schedules", "pause", "deal/X/A"]],
    ["backfill without a reason", ["schedules", "backfill", "deal/X/A", "--from", "2026-01-01", "--to", "2026-01-02"]],
    [
      "backfill backwards",
      ["schedules", "backfill", "deal/X/A", "--from", "2026-01-02", "--to", "2026-01-01", "--dry-run"],
    ],
    [
      "backfill of a decade",
      ["schedules", "backfill", "deal/X/A", "--from", "2016-01-01", "--to", "2026-01-01", "--dry-run"],
    ],
    ["unknown benchmark", ["bench", "nonsense"]],
    ["benchmark outside its folder", ["bench", "../main"]],
  ])("%s", async (_name, argv) => {
    const { exit, out, err } = await evergreen(argv);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(err).toMatch(/^evergreen: [^\n]+\n$/);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it("names the benchmarks there are", async () => {
    const { err } = await evergreen(["bench", "nonsense"]);
    expect(err).toContain(
      "there are chain, dashboard, deal, events, nightly, realtime, rebalance, returns, rls, rules, screen, stress, sync, token. (EG404)",
    );
  });

  it("shows the help when nothing is asked", async () => {
    const { exit, out } = await evergreen([]);
    expect(exit).toBe(2);
    expect(out).toContain("Usage: evergreen");
  });

  it.each([
    ["not JSON", "{", "not JSON"],
    ["not a mandate", '{"a": 1}', "not a mandate"],
  ])("a mandate file that is %s", async (_name, content, reason) => {
    const file = join(folder, "mandate.json");
    writeFileSync(file, content);
    const { exit, err } = await evergreen(["mandate", "set", file, "--fund", "KY1"]);
    expect(exit).toBe(2);
    expect(err).toContain(reason);
  });

  it("files that are no orders, statements or accounts are refused before anybody signs in", async () => {
    const file = join(folder, "wrong.csv");
    writeFileSync(file, "a,b\n1,2\n");
    for (const kind of ["orders", "bank", "accounts"]) {
      const { exit, err } = await evergreen(["import", kind, file, "--fund", "KY1"]);
      expect({ kind, exit }).toEqual({ kind, exit: 2 });
      expect(err).toContain("name it in a mapping file (--map)");
    }
    const map = join(folder, "map.yaml");
    writeFileSync(map, "colums: {}");
    expect((await evergreen(["import", "orders", file, "--fund", "KY1", "--map", map])).err).toContain("colums");
  });

  it("a file that is no filing is refused before anybody signs in", async () => {
    const file = join(folder, "wrong.xml");
    writeFileSync(file, "<html><body>not a filing</body></html>");
    const { exit, err } = await evergreen(["import", "nport", file, "--fund", "KY1"]);
    expect(exit).toBe(2);
    expect(err).toMatch(/line 1/);
  });
});

describe("nobody there", () => {
  it("ends with 5 and says what to do, and makes no keys in a home that never ran", async () => {
    const { exit, out, err } = await evergreen(["funds", "list"]);
    expect({ exit, out }).toEqual({ exit: 5, out: "" });
    expect(err).toBe(
      `evergreen: No stack has run in ${NOWHERE.EVERGREEN_HOME}; start one with \`npm start\`. (EG503)\n`,
    );
    expect(() => readFileSync(join(NOWHERE.EVERGREEN_HOME, "keys", "publishable"))).toThrow(/ENOENT/);
  });
  it("doctor says line by line what is there and what is not, each with its fix", async () => {
    const { exit, out } = await evergreen(["doctor"]);
    expect(exit).toBe(1);
    expect(out).toMatch(/^✓ node: \d+/m);
    expect(out).toContain("✗ stack: not running\n    npm start\n");
    expect(out.split("\n").filter((line) => !/^([✓✗] [a-z@]| {4}\S|$)/.test(line))).toEqual([]);
  });
  it("says so too when a Supabase does not answer", async () => {
    const away = {
      SUPABASE_URL: "http://127.0.0.1:1091/",
      SUPABASE_PUBLISHABLE_KEY: "k",
      EVERGREEN_EMAIL: "a@b.test",
      EVERGREEN_PASSWORD: "x",
    };
    const { exit, err } = await evergreen(["funds", "list"], away);
    expect(exit).toBe(5);
    expect(err).toContain("Nothing answers at http://127.0.0.1:1091;");
  });
  it("wants both settings of a Supabase, and a person", async () => {
    expect((await evergreen(["funds", "list"], { SUPABASE_URL: "http://127.0.0.1:1091" })).exit).toBe(2);
    const nobody = await evergreen(["funds", "list"], {
      SUPABASE_URL: "http://127.0.0.1:1091",
      SUPABASE_PUBLISHABLE_KEY: "k",
    });
    expect(nobody.exit).toBe(4);
    expect(nobody.err).toContain("EVERGREEN_EMAIL");
  });
  it("asks nobody for DATABASE_URL who only talks to a Supabase; what starts workers does", async () => {
    const project = { ...NOWHERE, SUPABASE_URL: "http://127.0.0.1:1091", SUPABASE_PUBLISHABLE_KEY: "k" };
    expect(await evergreen(["status"], project)).toMatchObject({ exit: 5, err: "" });
    const doctor = await evergreen(["doctor"], project);
    expect(doctor.out).toContain("✗ api: http://127.0.0.1:1091 does not answer");
    expect(doctor.out).toContain("✓ stack: none here");
    for (const up of [["up"], ["up", "--detach"]]) {
      const { exit, err } = await evergreen(up, project);
      expect([exit, err]).toEqual([
        2,
        expect.stringMatching(/^evergreen: DATABASE_URL is missing: SUPABASE_URL is set/),
      ]);
    }
  });
  it("shows a stack only when asked for it", async () => {
    const quiet = await evergreen(["funds", "list"]);
    const loud = await evergreen(["funds", "list"], { ...NOWHERE, EVERGREEN_DEBUG: "1" });
    expect(quiet.err).not.toMatch(/\n\s+at /);
    expect(loud.err).toMatch(/\n\s+at /);
  });
});

describe("calc needs no stack", () => {
  it("computes every function from its own example, and lists and describes each", { timeout: 60_000 }, async () => {
    const { out } = await evergreen(["calc", "--list", "--output-format", "json"]);
    const rows = JSON.parse(out) as { name: string; summary: string }[];
    expect(rows.length).toBeGreaterThan(5);
    for (const { name } of rows) {
      const described = JSON.parse((await evergreen(["calc", "--schema", name])).out) as {
        example: unknown;
        input: object;
        output: object;
      };
      expect(described.input).toHaveProperty("$schema");
      const ran = await evergreen(["calc", name], NOWHERE, JSON.stringify(described.example));
      expect({ name, exit: ran.exit, err: ran.err }).toEqual({ name, exit: 0, err: "" });
      expect(() => JSON.parse(ran.out)).not.toThrow();
    }
  });
  it("gives the answer of the function", async () => {
    const { out } = await evergreen(
      ["calc", "liquidity-coverage"],
      NOWHERE,
      '{"assets30d":"120","stressedLiabilities30d":"100"}',
    );
    expect(JSON.parse(out)).toEqual({ verdict: "covered", ratio: "1.2", required: "120", headroom: "0" });
  });
  it.each([
    ["an unknown function", ["calc", "no-such-thing"], "{}"],
    ["nothing asked", ["calc"], ""],
    ["two things asked", ["calc", "drift", "--list"], ""],
    ["no JSON", ["calc", "drift"], "x"],
    ["a wrong input", ["calc", "liquidity-coverage"], '{"assets30d":1}'],
  ])("refuses %s", async (_name, argv, input) => {
    const { exit, out, err } = await evergreen(argv, NOWHERE, input);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(err).toMatch(/^evergreen: [^\n]+\n$/);
  });
});

describe("every command", () => {
  const words = COMMANDS.map((command) => [command.path, command] as const);

  it("has a path of its own", () => {
    expect(new Set(COMMANDS.map((command) => command.path)).size).toBe(COMMANDS.length);
    for (const path of [
      "up",
      "down",
      "status",
      "doctor",
      "import nport",
      "mandate show",
      "mandate set",
      "rebalance",
      "proposals list",
      "proposals show",
      "proposals approve",
      "proposals reject",
      "order place",
      "order list",
      "order cancel",
      "order prove",
      "deal run",
      "deal show",
      "deal list",
      "deal verify",
      "deal record",
      "deal knock",
      "deal discard",
      "nav propose",
      "nav approve",
      "nav strike",
      "nav show",
      "nav series",
      "lmt show",
      "lmt set",
      "lmt activate",
      "lmt end",
      "credit-lines list",
      "credit-lines set",
      "pools list",
      "pools set",
      "pools trade",
      "pools slippage",
      "webhooks add",
      "webhooks list",
      "webhooks pause",
      "webhooks resume",
      "webhooks remove",
      "webhooks rotate",
      "webhooks test",
      "webhooks deliveries",
      "webhooks resend",
      "incident open",
      "incident close",
      "incident status",
      "terms show",
      "terms set",
      "verify",
      "events list",
      "events follow",
      "events retry",
      "runs list",
      "runs show",
      "audit verify",
      "trace",
      "calc",
      "scenarios list",
      "scenarios show",
      "scenarios check",
      "scenarios new",
      "rules check",
      "rules list",
      "rules show",
      "rules load",
      "rules activate",
      "rules snooze",
      "rules shadow",
      "breaches list",
      "token list",
      "token actions",
      "token wallet",
      "token deploy",
      "token mint",
      "token burn",
      "token freeze",
      "token reconcile",
      "token limits",
      "token set-limits",
      "obligations list",
      "obligations load",
      "obligations done",
      "stress run",
      "stress list",
      "stress report",
      "stress compare",
      "stress reverse",
      "lab save",
      "lab list",
      "lab run",
      "schedules list",
      "schedules pause",
      "schedules resume",
      "schedules backfill",
      "bench",
      "login",
      "logout",
      "whoami",
      "allocations show",
      "funds list",
    ]) {
      expect(
        COMMANDS.some((command) => command.path === path),
        path,
      ).toBe(true);
    }
  });

  it.each(words)("%s has help with its options, examples and exit codes", async (path, command) => {
    const { exit, out, err } = await evergreen([...path.split(" "), "--help"]);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    const onOneLine = out.replace(/\s+/g, " ");
    expect(onOneLine).toContain(command.summary.replace(/\s+/g, " "));
    expect(out).toContain("Exit codes:");
    expect(out).toContain("--output-format");
    for (const option of command.options ?? []) {
      expect(out).toContain(option.flags);
      expect(onOneLine).toContain(option.about.replace(/\s+/g, " "));
    }
    for (const example of command.examples) expect(out).toContain(`evergreen ${example}`);
    expect(command.examples.length).toBeGreaterThan(0);
  });

  it.each(words)("%s has no option that the program itself answers", (_path, command) => {
    const own = ["--version", "--help", "--as", "--output-format"];
    expect(
      (command.options ?? []).map(({ flags }) => flags.split(" ")[0]).filter((flag) => own.includes(flag ?? "")),
    ).toEqual([]);
  });

  it.each(words)("%s has examples that begin with its words and use known options", (path, command) => {
    const known = ["--output-format", "--as", ...(command.options ?? []).map((option) => option.flags.split(" ")[0])];
    for (const example of command.examples) {
      expect(example === path || example.startsWith(`${path} `)).toBe(true);
      for (const flag of example.match(/--[a-z-]+/g) ?? []) expect(known).toContain(flag);
    }
  });

  it("of several words has a group that says what it is about, and no other group is named", () => {
    const alone = new Set(COMMANDS.map(({ path }) => path).filter((path) => !path.includes(" ")));
    const groups = COMMANDS.flatMap(({ path }) => (path.includes(" ") ? [path.split(" ")[0] ?? ""] : []));
    expect(Object.keys(GROUPS).toSorted()).toEqual([...new Set(groups)].filter((name) => !alone.has(name)).toSorted());
  });

  it("stands in COMMANDS.md as the table has it", () => {
    const readme = readFileSync(new URL("../COMMANDS.md", import.meta.url), "utf8");
    expect(withCommandSection(readme, COMMANDS)).toBe(readme);
    for (const command of COMMANDS) expect(commandSection(COMMANDS)).toContain(`\`evergreen ${command.path}`);
  });

  it("prints the version of the platform", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await evergreen(["--version"])).toEqual({ exit: 0, out: `${version}\n`, err: "" });
  });
});
