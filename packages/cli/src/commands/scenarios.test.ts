// The scenario commands as a person runs them, without a stack: list, show, check, factors, new.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FACTOR_NAMES } from "@evergreen-fund/domain/scenarios/index.ts";
import { describe, expect, it } from "vitest";
import { ran } from "../test-run.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-scenarios-"));

const evergreen = (...argv: string[]) => ran(["scenarios", ...argv], { EVERGREEN_HOME: join(folder, "home") });
const json = async <T>(...argv: string[]): Promise<T> =>
  JSON.parse((await evergreen(...argv, "--output-format", "json")).out) as T;

interface Listed {
  id: string;
  title: string;
  version: number;
  hash: string;
  cells: number;
  periods: { unit: string; count: number } | null;
}

describe("scenarios", () => {
  it("list: id, title, version, periods, cells, hash", async () => {
    const rows = await json<Listed[]>("list");
    expect(rows.length).toBeGreaterThan(15);
    for (const { hash, version } of rows) expect([hash, version]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 1]);
    expect(rows.find(({ id }) => id === "fed_2025_baseline")?.periods).toMatchObject({ unit: "quarter", count: 13 });
    const { out, exit } = await evergreen("list");
    expect(exit).toBe(0);
    for (const { id, title, hash } of rows)
      expect(out.split("\n").find((line) => line.startsWith(`${id} `))).toMatch(
        new RegExp(`${title.replace(/[+()]/g, "\\$&")}.*${hash.slice(0, 12)}`),
      );
  });

  it("show: one scenario as it is computed, by id, other name or file, and one cell of it", async () => {
    const shown = await json<Listed & { factors: Record<string, string[]>; sources: object[] }>("show", "gfc_2008");
    expect(shown.factors["price.private_equity"]).toEqual(["0", "-0.0833333333", "-0.1666666667", "-0.25"]);
    expect(shown.sources).toHaveLength(1);
    expect((await json<Listed>("show", "rates_+200")).id).toBe("rates_up200");
    const { out } = await evergreen("show", "bond_fund_shock", "--cell", "1");
    expect(out).toMatch(/redemptions\.share_of_nav {2}share {4}0\.1$/m);
    for (const argv of [
      ["show", "nothing"],
      ["show", "base", "--cell", "1"],
      ["show", "base", "--cell", "x"],
      ["show", "absent.yaml"],
    ])
      expect(await evergreen(...argv)).toMatchObject({
        exit: 2,
        out: "",
        err: expect.stringMatching(/^evergreen: .+\n$/),
      });
    expect((await evergreen("show", "nothing")).err).toContain("there are base, bond_fund_shock");
  });

  it("check --all: every file stands", async () => {
    const { exit, out } = await evergreen("check", "--all");
    expect(exit).toBe(0);
    expect(out.trim().split("\n")).toHaveLength((await json<Listed[]>("list")).length);
  });

  it("check: every mistake of a file with its line, exit 2, on stdout", async () => {
    const file = join(folder, "wrong.yaml");
    const text = readFileSync(new URL("../../../../scenarios/base.yaml", import.meta.url), "utf8");
    writeFileSync(
      file,
      text
        .replace("id: base", "id: other")
        .replace("  haircut.all: 0", "  haircut.all: 5\n  sunshine: 1\n  fx.EURO: 1"),
    );
    const { exit, out, err } = await evergreen("check", file);
    expect({ exit, err }).toEqual({ exit: 2, err: "" });
    const at = text.split("\n").indexOf("  haircut.all: 0") + 1;
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => line.slice(file.length)),
    ).toEqual([
      `:${at}: factors.haircut.all: haircut takes 0 to 1 (a share of one: 0.05 is five percent)`,
      expect.stringMatching(new RegExp(`^:${at + 1}: factors\\.sunshine: there is no such factor; the factors are `)),
      expect.stringMatching(new RegExp(`^:${at + 2}: factors\\.fx\\.EURO: currency of fx is one of `)),
    ]);
    const parsed = await json<{ ok: boolean; files: { problems: { line: number }[] }[] }>("check", file);
    expect([parsed.ok, parsed.files[0]?.problems.map(({ line }) => line)]).toEqual([false, [at, at + 1, at + 2]]);
    for (const argv of [["check"], ["check", file, "--all"], ["check", "absent.yaml"], ["check", `${folder}/`]])
      expect((await evergreen(...argv)).exit).toBe(2);
  });

  it("factors: every one there is, with its unit", async () => {
    const rows = await json<{ name: string; unitWords: string; appliesTo: string }[]>("factors");
    expect(rows.map(({ name }) => name)).toEqual(FACTOR_NAMES);
    expect(rows.every(({ unitWords, appliesTo }) => unitWords.length > 5 && appliesTo.length > 10)).toBe(true);
  });

  it("new: a file that stands, alone and on top of every scenario there is; nothing is overwritten", async () => {
    const alone = join(folder, "alone.yaml");
    expect((await evergreen("new", "alone", "--to", alone)).exit).toBe(0);
    expect(await evergreen("check", alone)).toMatchObject({ exit: 0 });
    for (const { id } of await json<Listed[]>("list")) {
      const file = join(folder, `on-${id.replaceAll("_", "-")}.yaml`);
      expect((await evergreen("new", `on_${id}`, "--extends", id, "--to", file)).exit).toBe(0);
      const { out, exit } = await evergreen("check", file);
      expect({ id, exit, out }).toEqual({ id, exit: 0, out: expect.stringContaining(`on_${id} version 1 stands`) });
      // what it shows of the other can be taken out of its comments as it is
      const whole = readFileSync(file, "utf8");
      writeFileSync(file, whole.replace(/^# (override:| {2}factors:| {4}\S+: .+)$/gm, "$1"));
      expect({ id, ...(await evergreen("check", file)) }).toMatchObject({ id, exit: 0 });
    }
    const before = readFileSync(alone, "utf8");
    expect(await evergreen("new", "again", "--to", alone)).toMatchObject({
      exit: 2,
      err: expect.stringContaining("nothing was written"),
    });
    expect(readFileSync(alone, "utf8")).toBe(before);
    for (const argv of [
      ["new", "Upper"],
      ["new", "base"],
      ["new", "mine", "--extends", "nothing"],
    ])
      expect((await evergreen(...argv)).exit).toBe(2);
  });
});
