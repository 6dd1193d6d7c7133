// `screen`, `screen file` and `calc screen-pair` against small synthetic lists: what they print, what they refuse, and that nothing they print is a formula or steers a terminal.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ran } from "../test-run.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-screen-"));
const cache = join(folder, "cache");
const NOWHERE = { EVERGREEN_HOME: join(folder, "home"), EVERGREEN_PORT_BASE: "1090", XDG_CACHE_HOME: cache };
const evergreen = (argv: string[], input = "") => ran(argv, NOWHERE, input);
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const LIST = write(
  "block.csv",
  `id,name,kind,aliases,born,countries
b1,Ivan Sergeyevich Petrov,person,Иван Петров,1970-05-12,Russia
b2,"=HYPERLINK(""x"") Trading Nord",organisation,,,Cyprus
b3,\u001b[31mRosa\u202e Lindqvist,person,,1980-01-02,SE
`,
);
const json = async (argv: string[]) => {
  const { exit, out, err } = await evergreen([...argv, "--output-format", "json"]);
  expect({ exit, err: err.split("\n").filter((line) => line.startsWith("evergreen:")) }).toEqual({ exit: 0, err: [] });
  return JSON.parse(out);
};

describe("screen NAME", () => {
  it("prints query, list version and ranked matches with their features", async () => {
    const seen = await json(["screen", "PETROV, Ivan", "--born", "12/05/1970", "--country", "RU", "--list", LIST]);
    expect(seen).toMatchObject({
      query: { names: ["PETROV, Ivan"], born: ["1970-05-12"], countries: ["RU"] },
      listVersion: {
        entries: 3,
        lists: [{ list: "block", format: "own-csv", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      },
      outcome: "alert",
    });
    expect(seen.matches).toHaveLength(1);
    const [match] = seen.matches;
    expect(match).toMatchObject({ entityId: "b1", outcome: "alert", name: expect.stringMatching(/Ivan|Иван/) });
    expect(match.score).toBeGreaterThan(0.9);
    expect(match.features.map(({ feature }: { feature: string }) => feature)).toEqual(["name", "born", "country"]);
    for (const { says } of match.features) expect(says).toMatch(/\.$/);
  });
  it("asks for a birth date before it alerts, and clears who is somebody else", async () => {
    expect(await json(["screen", "Ivan Petrov", "--kind", "person", "--list", LIST])).toMatchObject({
      outcome: "ask",
      matches: [{ missing: ["born", "country"] }],
    });
    expect(await json(["screen", "Walter Hollander", "--list", LIST])).toMatchObject({ outcome: "clear", matches: [] });
  });
  it("shows a person nothing that steers the terminal", async () => {
    const { exit, out } = await evergreen(["screen", "Rosa\u202e Lindqvist\u001b[31m", "--list", LIST]);
    expect(exit).toBe(0);
    expect(out).toContain("Rosa Lindqvist");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(out).not.toMatch(/[\u001b\u202e]/);
  });
  it("finds a list by its name in the cache folder", async () => {
    mkdirSync(join(cache, "evergreen", "lists", "own"), { recursive: true });
    writeFileSync(join(cache, "evergreen", "lists", "own", "block.csv"), readFileSync(LIST));
    expect(await json(["screen", "Ivan Petrov", "--list", "own"])).toMatchObject({
      listVersion: { lists: [{ list: "own" }] },
    });
    expect(await json(["screen", "Ivan Petrov"])).toMatchObject({ listVersion: { lists: [{ list: "own" }] } });
  });
  it.each([
    [
      "a list that is not here",
      ["screen", "x", "--list", "ofac"],
      /put sdn\.csv, add\.csv and alt\.csv .* --list FILE/,
    ],
    ["a file that is not there", ["screen", "x", "--list", "nowhere.csv"], /no list file/],
    ["a name of ten thousand letters", ["screen", "x".repeat(10_000), "--list", LIST], /EG413/],
    ["a name without a letter", ["screen", "!!", "--list", LIST], /EG400/],
    ["a birth date that is none", ["screen", "x", "--born", "soon", "--list", LIST], /EG400/],
    ["a threshold that is none", ["screen", "x", "--threshold", "7", "--list", LIST], /EG400/],
    [
      "a list that is an entity bomb",
      ["screen", "x", "--list", write("bomb.xml", '<!DOCTYPE a [<!ENTITY b "c">]><export/>')],
      /EG400/,
    ],
    ["an empty list", ["screen", "x", "--list", write("empty.csv", "id,name\n")], /EG400/],
  ])("refuses %s", async (_what, argv, words) => {
    const { exit, out, err } = await evergreen(argv);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(err).toMatch(words);
    expect(err).not.toContain("xxxx");
  });
  it("says how to get a list when there is none at all", async () => {
    const { exit, err } = await ran(["screen", "x"], { ...NOWHERE, XDG_CACHE_HOME: join(folder, "nothing") });
    expect(exit).toBe(2);
    expect(err).toMatch(/There is no sanctions list .* --list FILE.* \(EG404\)/);
  });
});

describe("screen file", () => {
  const parties = write(
    "investors.csv",
    `id,name,kind,born,countries
i1,Ivan Petrov,person,1970-05-12,RU
i2,=cmd|' /C calc'!A0 Nord Trading,organisation,,
i3,Walter Hollander,person,1960-01-01,DE
i4,Rosa Lindqvist,person,yesterday,
`,
  );
  it("answers every row, refuses one alone, and writes CSV without a formula", async () => {
    const seen = await json(["screen", "file", parties, "--list", LIST]);
    expect(seen.counts).toEqual({ alert: 1, ask: 0, clear: 2, refused: 1 });
    expect(seen.rows.map(({ id, outcome }: { id: string; outcome: string }) => `${id} ${outcome}`)).toEqual([
      "i1 alert",
      "i2 clear",
      "i3 clear",
      "i4 refused",
    ]);
    const { exit, out } = await evergreen(["screen", "file", parties, "--list", LIST]);
    expect(exit).toBe(0);
    expect(out.split("\n")[0]).toBe("id,row,name,outcome,score,list,entity_id,match,features,missing,problem");
    expect(out).toContain("i2,3,'=cmd");
    for (const cell of out.split(/[,\n]/)) expect(cell).not.toMatch(/^"?[=+\-@]/);
  });
  it("writes a file when asked, and refuses one without names", async () => {
    const out = join(folder, "out.csv");
    const { exit } = await evergreen(["screen", "file", parties, "--list", LIST, "--out", out]);
    expect(exit).toBe(0);
    expect(readFileSync(out, "utf8").trim().split("\n")).toHaveLength(5);
    const refused = await evergreen(["screen", "file", write("other.csv", "a,b\n1,2\n"), "--list", LIST]);
    expect(refused.exit).toBe(2);
    expect(refused.err).toMatch(/column "name"/);
  });
});

describe("calc screen-pair", () => {
  const pair = async (input: unknown) => {
    const { exit, out, err } = await evergreen(["calc", "screen-pair"], JSON.stringify(input));
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    return JSON.parse(out);
  };
  it("prints score, outcome and features, whatever the two are called", async () => {
    const [a, b] = [
      { name: "Ivan Petrov", kind: "person", dob: "1970-05-12" },
      { names: ["ПЕТРОВ Иван"], kind: "person", born: ["1970-05-12"] },
    ];
    const seen = await pair({ left: a, right: b });
    expect(seen).toMatchObject({ outcome: "alert", features: [{ feature: "name" }, { feature: "born", score: 1 }] });
    expect(await pair({ a, b })).toEqual(seen);
    expect(await pair([a, b])).toEqual(seen);
    expect(await pair(["Ivan Petrov", "Rosa Lindqvist"])).toMatchObject({ outcome: "clear" });
  });
  it.each([
    ["one party", { left: { names: ["x"] } }],
    ["a party without a name", { left: { names: [] }, right: { names: ["x"] } }],
    ["NUL", { left: "a\0b", right: "x" }],
    ["no object", 7],
  ])("refuses %s", async (_what, input) => {
    const { exit, err } = await evergreen(["calc", "screen-pair"], JSON.stringify(input));
    expect(exit).toBe(2);
    expect(err).toMatch(/EG400/);
  });
});
