// The sweep over scenarios/: every file stands, all of the library is there, each names its source; and every wrong copy is refused by its line.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { problemLine } from "../located-text.ts";
import { fedPaths, fedScenarioTexts } from "./fed-paths.ts";
import { openScenarioFolder, scenarioFileName, scenarioFolder } from "./scenario-folder.ts";
import { resolveScenarioText } from "./scenario-text.ts";

const FOLDER = resolve(import.meta.dirname, "../../../../scenarios");
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .sort();
const TEXTS = NAMES.map((name) => ({ name: `scenarios/${name}`, text: readFileSync(join(FOLDER, name), "utf8") }));
const shipped = scenarioFolder(TEXTS);

/** The rows of the default scenario library of the specification, with what each must move and ask. */
const LIBRARY: Record<string, { ids: readonly string[]; factors: readonly string[]; asks: readonly string[] }> = {
  base: { ids: ["base"], factors: ["redemptions.history.median_12m"], asks: ["rcr"] },
  "rates_+200": { ids: ["rates_up200"], factors: ["rates.parallel.all", "price.private_credit"], asks: ["rcr"] },
  "fx_usd_±15": { ids: ["fx_usd_up15", "fx_usd_down15"], factors: ["fx.USD", "margin.hedge_loss"], asks: ["cash"] },
  gfc_2008: { ids: ["gfc_2008"], factors: ["price.private_equity", "gate.at_maximum_periods"], asks: ["survival"] },
  covid_q1_2020: { ids: ["covid_q1_2020"], factors: ["haircut.7d", "slippage.all", "bid_ask.all"], asks: ["rcr"] },
  bond_fund_shock: { ids: ["bond_fund_shock"], factors: ["redemptions.share_of_nav"], asks: ["time_to_cash"] },
  breit_2023: {
    ids: ["breit_2023"],
    factors: ["redemptions.filled"],
    asks: ["fill_path", "survival", "netted_demand"],
  },
  top3_leave: { ids: ["top3_leave"], factors: ["exits.largest"], asks: ["gate_result", "concentration"] },
  sub_freeze: { ids: ["sub_freeze"], factors: ["subscriptions.times"], asks: ["survival", "over_commitment"] },
  credit_line_pulled: { ids: ["credit_line_pulled"], factors: ["facility.available"], asks: ["rcr"] },
  stale_mark_catchup: { ids: ["stale_mark_catchup"], factors: ["marks.catch_up_days"], asks: ["cohort_transfer"] },
  "reverse_*": { ids: ["reverse_redemption", "reverse_haircut", "reverse_frontier"], factors: [], asks: [] },
};
const FED = ["fed_2025_baseline", "fed_2025_severely_adverse"];

describe("the library", () => {
  it("has the twelve rows of the rules and both paths of the Federal Reserve, and nothing else", () => {
    expect(Object.keys(LIBRARY)).toHaveLength(12);
    expect(shipped.ids).toEqual([...Object.values(LIBRARY).flatMap(({ ids }) => ids), ...FED].sort());
  });
  it.each(Object.entries(LIBRARY))("%s moves and asks what the rules say", (_row, { ids, factors, asks }) => {
    for (const id of ids) {
      const { resolved } = shipped.find(id);
      const moved = [...Object.keys(resolved?.factors ?? {}), ...Object.keys(resolved?.grid ?? {})];
      expect(moved).toEqual(expect.arrayContaining([...factors]));
      expect([...(resolved?.tests ?? []).map(({ test }) => test), ...(resolved?.reports ?? [])]).toEqual(
        expect.arrayContaining([...asks]),
      );
      if (id.startsWith("reverse_")) expect(resolved?.solve).not.toBeNull();
    }
  });
  it("answers to the names of the specification", () => {
    expect(shipped.find("rates_+200").scenario?.id).toBe("rates_up200");
    expect(shipped.find("fx_usd_-15").resolved?.factors["fx.USD"]).toEqual(["-0.15"]);
    expect(() => shipped.find("rates_+900")).toThrow("there are base, bond_fund_shock");
  });
  it("is what the folder holds", async () => {
    const opened = await openScenarioFolder(FOLDER);
    expect(opened.files.map(({ resolved }) => resolved?.hash)).toEqual(
      shipped.files.map(({ resolved }) => resolved?.hash),
    );
    await expect(openScenarioFolder(join(FOLDER, "absent"))).rejects.toThrow("There is no folder");
  });
  it("stands in its README with title, version and hash: what is computed changes with its version", () => {
    const readme = readFileSync(join(FOLDER, "README.md"), "utf8");
    const rows = shipped.files.map(
      ({ resolved }) =>
        `| \`${resolved?.id}\` | ${resolved?.version} | ${resolved?.title} | \`${resolved?.hash.slice(0, 12)}\` |`,
    );
    const listed = readme.split("\n").filter((line) => line.startsWith("| `"));
    expect(listed.map((line) => line.replace(/\s+/g, " ").trim())).toEqual(rows);
  });
});

describe.each(TEXTS)("$name", ({ name, text }) => {
  const lines = text.split("\n");
  const refused = (mutated: string): string[] => resolveScenarioText(mutated, name, shipped).problems.map(problemLine);
  const file = shipped.files.find((one) => one.file === name);
  /** The text with a line after the one that starts so; and the number of that line. */
  const after = (start: string, line: string): [string, number] => {
    const at = lines.findIndex((one) => one.startsWith(start));
    return [lines.toSpliced(at + 1, 0, line).join("\n"), at + 2];
  };

  it("stands, says what it is for, and names a source", () => {
    expect(file?.problems).toEqual([]);
    expect(name).toBe(`scenarios/${scenarioFileName(file?.scenario?.id ?? "")}`);
    expect(lines.slice(0, 2).every((line) => /^# .{20,}/.test(line))).toBe(true);
    expect(file?.scenario?.sources.length).toBeGreaterThan(0);
    expect(file?.scenario?.about.length).toBeGreaterThan(40);
    expect(file?.resolved?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(
      Object.keys(file?.resolved?.factors ?? {}).length +
        Object.keys(file?.resolved?.grid ?? {}).length +
        (file?.resolved?.solve ? 1 : 0),
    ).toBeGreaterThan(0);
  });

  it("with an unknown factor is refused at its line, with those there are", () => {
    const [mutated, line] = lines.includes("factors:")
      ? after("factors:", "  sunshine.all: 1")
      : after("version:", "factors: { sunshine.all: 1 }");
    expect(refused(mutated)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^${name}:${line}: factors\\.sunshine\\.all: there is no such factor; the factors are rates\\.parallel, `,
        ),
      ),
    ]);
  });

  it("with a wrong unit is refused at its line, with the limits and the unit", () => {
    // a haircut in percent, and the redemption of a reverse test in percent
    const [mutated, line] = lines.includes("factors:")
      ? after("factors:", "  haircut.gt365d: 20")
      : after("version:", "factors: { haircut.gt365d: 20 }");
    expect(refused(mutated)).toEqual([
      `${name}:${line}: factors.haircut.gt365d: haircut takes 0 to 1 (a share of one: 0.05 is five percent)`,
    ]);
  });

  it("with a wrong number of periods is refused at its line", () => {
    const count = file?.resolved?.periods?.count;
    const path = "redemptions.share_of_nav";
    if (Object.keys(file?.resolved?.grid ?? {}).includes(path) || file?.resolved?.solve?.unknown === path)
      return expect(count).toBeUndefined();
    const [mutated, line] = lines.includes("factors:")
      ? after("factors:", `  ${path}: [0.1, 0.2]`)
      : after("version:", `factors: { ${path}: [0.1, 0.2] }`);
    const words =
      count === undefined
        ? "takes one number: the scenario has no periods"
        : `has 2 values, and the scenario ${count} periods: one value per period`;
    expect(refused(mutated)).toEqual([`${name}:${line}: factors.${path}: ${words}`]);
  });

  it("with a key that does not belong is refused at its line, with those that do", () => {
    const [mutated, line] = after("version:", "surprise: 1");
    expect(refused(mutated)).toEqual([
      expect.stringMatching(
        new RegExp(`^${name}:${line}: surprise: does not belong here; what may stand here: id, title, version, `),
      ),
    ]);
  });

  it("without its source is refused", () => {
    const start = lines.indexOf("sources:");
    const end = lines.findIndex((line, index) => index > start && !line.startsWith(" "));
    expect(refused(lines.toSpliced(start, end - start).join("\n"))).toEqual([
      expect.stringContaining("sources: is missing"),
    ]);
  });
});

const DATA = process.env.EVERGREEN_SHARED_DATA ?? resolve(FOLDER, "../../shared/data");
const TABLES = join(DATA, "fed");
const table = (name: string): string => readFileSync(join(TABLES, name), "utf8");

describe.skipIf(!existsSync(TABLES))(
  "the Federal Reserve's tables (skipped without the shared data folder, see EVERGREEN_SHARED_DATA)",
  () => {
    it.each(FED)("%s is what the tables say, to the last sign", (id) => {
      expect(fedScenarioTexts(table)[id]).toBe(readFileSync(join(FOLDER, scenarioFileName(id)), "utf8"));
    });
    it("moves are against the last quarter of history", () => {
      const { quarters, moves } = fedPaths({
        historyDomestic: table("2025-table-1A_Historic_Domestic.csv"),
        historyInternational: table("2025-table-1B_Historic_International.csv"),
        pathDomestic: table("2025-table-3A_Supervisory_Severely_Adverse_Domestic.csv"),
        pathInternational: table("2025-table-3B_Supervisory_Severely_Adverse_International.csv"),
      });
      expect([quarters.length, quarters[0], quarters.at(-1)]).toEqual([13, "2025 Q1", "2028 Q1"]);
      // by hand from the tables: 10-year 4.3 → 1.4; BBB less 10-year 5.4 - 4.3 → 5.2 - 1.4; shares 58399.3 → 29199.6 in 2025 Q4;
      // commercial property 309.3 → 216.5 in 2026 Q4; euro 1.035 → 1.020; yen 157.4 → 155.1 per dollar
      expect(moves["rates.key.USD.10y"]?.[0]).toBe("-290");
      expect(moves["spread.all"]?.[0]).toBe("270");
      expect(Number(moves["equity.all.all"]?.[3])).toBeCloseTo(29199.6 / 58399.3 - 1, 6);
      expect(Number(moves["price.real_estate"]?.[7])).toBeCloseTo(216.5 / 309.3 - 1, 6);
      expect(Number(moves["fx.EUR"]?.[0])).toBeCloseTo(1.02 / 1.035 - 1, 6);
      expect(Number(moves["fx.JPY"]?.[0])).toBeCloseTo(157.4 / 155.1 - 1, 6);
    });
  },
);

describe("whatever a file holds", () => {
  const lines = (text: string): string[] =>
    resolveScenarioText(text, "scenarios/x.yaml", shipped).problems.map(problemLine);
  const whole =
    "id: x\ntitle: Synthetic\nversion: 1\nabout: A synthetic scenario.\nsources:\n  - words: A test.\n    evidence: derived\n";
  it.each([
    ["no YAML", "id: [", /^scenarios\/x\.yaml:1: is neither YAML nor JSON/],
    ["a key twice", `${whole}id: y\n`, /^scenarios\/x\.yaml:8: is neither YAML nor JSON.*unique/],
    ["aliases", "id: &a x\ntitle: *a\n", /uses aliases/],
    [
      "a key that is no word",
      `${whole}factors:\n  ? { a: 1 }\n  : 2\n`,
      /^scenarios\/x\.yaml:9: is neither YAML nor JSON/,
    ],
    ["a tag", `${whole}reports: !!binary rcr\n`, /^scenarios\/x\.yaml:8: is neither YAML nor JSON.*tag/],
    ["a text without end", "x".repeat(300_000), /larger than 256 KB/],
    ["a list", "- 1\n", /^scenarios\/x\.yaml:1: expected object/],
    ["nothing", "", /^scenarios\/x\.yaml:1: /],
    ["an id in capitals", whole.replace("id: x", "id: X"), /^scenarios\/x\.yaml:1: id: expected lower-case words/],
    [
      "a word for a number",
      `${whole}factors:\n  fx.USD: much\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:9: factors\.fx\.USD: expected a number/,
    ],
    [
      "a word in a path",
      `${whole}periods: { unit: day, count: 2 }\nfactors:\n  fx.USD: [0, x]\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:10: factors\.fx\.USD\.1: expected a plain number/,
    ],
    [
      "a form with a wrong key",
      `${whole}periods: { unit: day, count: 2 }\nfactors:\n  fx.USD:\n    value: 0.1\n    over: 1\n    late: 1\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:1[0-3]: factors\.fx\.USD/,
    ],
    [
      "an unknown unit of periods",
      `${whole}periods:\n  unit: week\n  count: 2\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:9: periods\.unit: is one of day, month, quarter/,
    ],
    [
      "no count",
      `${whole}periods:\n  unit: day\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:8: periods\.count: is missing/,
    ],
    [
      "an unknown test",
      `${whole}tests:\n  - test: luck\n    atLeast: 1\n`,
      /^scenarios\/x\.yaml:9: tests\.0\.test: is one of rcr, survival, cash, /,
    ],
    [
      "an unknown key of a test",
      `${whole}tests:\n  - test: nav_loss\n    atMost: 0.1\n    over: 1\n`,
      /^scenarios\/x\.yaml:11: tests\.0\.over: does not belong here; what may stand here: test, atMost$/,
    ],
    [
      "an unknown bucket",
      `${whole}tests:\n  - { test: rcr, atLeast: 1, buckets: [30d, 31d] }\n`,
      /^scenarios\/x\.yaml:9: tests\.0\.buckets\.1: is one of 1d, 7d, 30d, /,
    ],
    [
      "an unknown report",
      `${whole}reports:\n  - weather\n`,
      /^scenarios\/x\.yaml:9: reports\.0: is one of rcr, valuation, /,
    ],
    [
      "an unknown distribution",
      `${whole}monteCarlo:\n  seed: 1\n  count: 2\n  drawn: once\n  draws:\n    fx.USD: { distribution: cauchy }\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:13: monteCarlo\.draws\.fx\.USD\.distribution: is one of normal, lognormal, uniform, triangular/,
    ],
    [
      "an unknown axis",
      `${whole}grid:\n  tide.high: [1]\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:9: grid\.tide\.high: there is no such factor/,
    ],
    [
      "a circle",
      `${whole.replace("id: x", "id: base")}extends: base\nreports: [rcr]\n`,
      /^scenarios\/x\.yaml:8: extends: goes in a circle: base extends base/,
    ],
    ["what steers a terminal", `${whole}"\\u001b[2J": 1\nreports: [rcr]\n`, /does not belong here/],
  ])("%s is refused with its line", (_what, text, wanted) => {
    const said = lines(text);
    expect(said.join("\n")).toMatch(wanted);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(said.join("")).not.toMatch(/[\u0000-\u001f\u007f]/);
  });
  it("says everything that is wrong at once, from the top down", () => {
    const said = lines(`${whole}factors:\n  sunshine.all: 1\n  fx.EURO: 1\nsurprise: 1\nreports: [weather]\n`);
    expect(said.map((line) => line.split(":")[1])).toEqual(["9", "10", "11", "12"]);
  });
  it("stands, or has a problem with a line: a few wrong characters anywhere make nothing worse", () => {
    const pieces = [
      ":",
      "-",
      "[",
      "]",
      "{",
      "}",
      "\n",
      " ",
      "0",
      "-1e400",
      ".nan",
      "null",
      "~",
      "&a",
      "*a",
      "'",
      '"',
      "? ",
      "|",
      "!!set ",
      "\t",
      "<<: ",
    ];
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      gone: fc.nat(12),
      piece: fc.constantFrom(...pieces),
    });
    fc.assert(
      fc.property(fc.constantFrom(...TEXTS), fc.array(edit, { minLength: 1, maxLength: 3 }), ({ text }, edits) => {
        const edited = edits.reduce((before, { at, gone, piece }) => {
          const place = Math.floor(at * before.length);
          return before.slice(0, place) + piece + before.slice(place + gone);
        }, text);
        const read = resolveScenarioText(edited, "x.yaml", shipped);
        expect(read.resolved === undefined).toBe(read.problems.length > 0);
        const last = edited.split("\n").length;
        for (const { line } of read.problems) expect(line >= 1 && line <= last).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  }, 300_000);
  it("two files of one name are refused", () => {
    const twice = scenarioFolder([
      ...TEXTS,
      { name: "scenarios/other.yaml", text: `${whole.replace("id: x", "id: base")}reports: [rcr]\n` },
    ]);
    expect(twice.problems.map(problemLine)).toEqual([
      "scenarios/other.yaml:1: id: belongs in a file base.yaml",
      "scenarios/other.yaml:1: id: base is the name of scenarios/base.yaml already",
    ]);
  });
});
