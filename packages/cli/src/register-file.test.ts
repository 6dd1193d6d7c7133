// `import register-movements`: a published table as a person keys it in, its report, and what does not foot; the example of the documentation among them.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bandRows, registerRows } from "./register-file.ts";
import { ran } from "./test-run.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-register-"));
const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const evergreen = (...argv: string[]) => ran(argv, {});
const check = (...argv: string[]) => evergreen("import", "register-movements", ...argv);

const page = readFileSync(new URL("../../../docs/register-movements.md", import.meta.url), "utf8");
const example = /```csv\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
const movements = write("movements.csv", example);
/** Synthetic: the filing prints no band; wide enough for every price it implies, within two percent. */
const bands = write(
  "nav.csv",
  ["class,low,high", ...["I", "D", "F", "S"].map((name) => `${name},25.40,25.65`)].join("\n"),
);

describe("the real quarter in the documentation", () => {
  it("foots to the last share and thousand, with every implied price in the band given", async () => {
    const { exit, out } = await check(movements, "--amounts-in", "1000", "--bands", bands, "--output-format", "json");
    const report = JSON.parse(out);
    expect({ exit, foots: report.foots, findings: report.findings }).toEqual({ exit: 0, foots: true, findings: [] });
    expect(report).toMatchObject({ rows: 23, skipped: 3, totals: { movements: "30782547" } });
    expect(report.classes.map((of: { amount: string }) => of.amount)).toEqual([
      "141610000",
      "304037000",
      "249198000",
      "90633000",
    ]);
    const prices = report.classes.flatMap((of: { prices: { price: string; insideBand: boolean }[] }) => of.prices);
    expect(prices).toHaveLength(15);
    expect(prices.every(({ insideBand }: { insideBand: boolean }) => insideBand)).toBe(true);
  });

  it("says that there is no band where none is given, and reads well", async () => {
    const { exit, out } = await check(movements, "--amounts-in", "1000");
    expect(exit).toBe(1);
    expect(out).toContain("class D: subscription has no NAV band to hold its price against");
    expect(out).toMatch(/I +repurchase +25\.5601 +– +\?/);
    expect(out).toMatch(/Units at the end: +30,782,547/);
    expect((await check(movements, "--amounts-in", "1000", "--bands", bands)).out).toContain("Everything foots.");
  });

  it.each([
    [
      "a share",
      example.replace("5,278,810", "5,278,910"),
      /class D: net is not the sum of the movements \(5545905, expected 5546005\)/,
    ],
    ["money", example.replace("134,820", "134,920"), /class D: net is not the sum of the movements/],
    [
      "a price",
      example.replace('"(117,463)","(3,002)"', '"(117,463)","(3,102)"'),
      /class D: repurchase implies a price outside the period's NAV band \(26\.4083/,
    ],
    ["a transfer", example.replace('"(20,000)",(512)', '"(20,000)",(518)'), /transfers do not cancel over the fund/],
  ])("finds %s that was changed", async (what, changed, named) => {
    const { exit, out } = await check(write(`${what}.csv`, changed), "--amounts-in", "1000", "--bands", bands);
    expect(exit).toBe(1);
    expect(out).toMatch(named);
  });
});

describe("files", () => {
  it("reads our names and the filings', their numbers, and three separators", () => {
    const rows = registerRows(
      'Class;Movement;Units;Amount\nA;Balance at the beginning of period;1,000;\nA;transfer_out;−5;50.5\nA;"Shares issued under the ""DRIP""";2;20\nA;ending;997;',
      "x.csv",
      "1",
    ).rows;
    expect(rows).toEqual([
      { class: "A", movement: "opening", units: "1000" },
      { class: "A", movement: "transfer_out", units: "-5", amount: "50.5" },
      { class: "A", movement: "reinvestment", units: "2", amount: "20" },
      { class: "A", movement: "closing", units: "997" },
    ]);
    expect(bandRows("class\tlow\thigh\nA\t9.90\t$10.10\n", "b.tsv")).toEqual([{ id: "A", low: "9.90", high: "10.10" }]);
  });

  it.each([
    ["no columns", "a,b,c\n1,2,3", "class, movement, units is missing"],
    ["no rows", "class,movement,units,amount\n", "has no rows"],
    ["an unknown movement", "class,movement,units,amount\nA,gift,1,1", "line 2: gift is no movement"],
    ["no number", "class,movement,units,amount\nA,subscription,1e5,1", "line 2: 1e5 is no number"],
    ["half a bracket", "class,movement,units,amount\nA,subscription,(5,1", "is no number"],
    ["thousands in the wrong place", 'class,movement,units,amount\nA,subscription,"12,34",1', "is no number"],
    ["no class", "class,movement,units,amount\n,subscription,5,1", "rows.0.class"],
  ])("refuses %s with one sentence", async (what, content, reason) => {
    const { exit, out, err } = await check(write(`${what}.csv`, content));
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(err).toMatch(/^evergreen: [^\n]+\n$/);
    expect(err).toContain(reason);
  });

  it("refuses a band without two prices, a unit it does not know, and a file that is not there", async () => {
    expect((await check(movements, "--bands", write("half.csv", "class,low,high\nA,1,"))).err).toContain("two prices");
    expect((await check(movements, "--amounts-in", "12")).exit).toBe(2);
    expect((await check(join(folder, "absent.csv"))).exit).toBe(2);
  });
});
