// The sweep: every public calculation is in the registry, every entry's example validates, runs and comes back as JSON.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { CALCULATIONS, calculationNamed, calculationSchema, runCalculation } from "./calc.ts";
import * as api from "./index.ts";

/** Exported functions that are not calculations, each with its reason. */
const NOT_CALCULATIONS: Record<string, string> = {
  calculationNamed: "looks an entry up",
  calculationSchema: "describes an entry",
  runCalculation: "runs an entry",
  relaxation: "hands out a model and a function to solve it, for benchmarks",
  warmUp: "returns nothing",
};

/** Inputs that are parts of others, each with its reason. */
const PARTS: Record<string, string> = {
  CalendarInput: "the calendar within the inputs of dealing dates and order dates",
};

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `R${from + n}`);
/** Every rule of orders and NAV, gates, anti-dilution, fees, NAV errors, liquidity, performance and pools. */
const RULES = [
  ...[...numbered(1, 14), "R5b", "R9b", "R9c", ...numbered(20, 26)],
  ...[...numbered(30, 36), "R38", "R40", ...numbered(41, 46), "R48", "R49"],
];

/** The rules a source names, ranges included: "R3, R5b–R7" is R3, R5b, R6, R7. */
function rulesIn(source: string): string[] {
  return [...source.matchAll(/R(\d+)([a-z]?)(?:\s*(?:–|to)\s*R(\d+))?/g)].flatMap(
    ([, first = "", letter = "", last]) => [
      `R${first}${letter}`,
      ...(last === undefined ? [] : numbered(Number(first) + 1, Number(last))),
    ],
  );
}

type Exported = (...input: never[]) => unknown;
const exported: [string, Exported][] = Object.entries<unknown>(api).flatMap(([name, value]) =>
  typeof value === "function" ? [[name, value as Exported]] : [],
);

describe("the registry", () => {
  it("has every exported calculation, and nothing that is not exported", () => {
    const inRegistry = new Set(CALCULATIONS.map((entry) => entry.calculation));
    const missing = exported
      .filter(([name, value]) => !inRegistry.has(value) && !(name in NOT_CALCULATIONS))
      .map(([name]) => name);
    expect(missing).toEqual([]);
    const names = new Set(exported.map(([, value]) => value));
    expect(CALCULATIONS.filter((entry) => !names.has(entry.calculation)).map((entry) => entry.name)).toEqual([]);
    for (const name of Object.keys(NOT_CALCULATIONS)) expect(exported.map(([key]) => key)).toContain(name);
  });

  it("has an entry for every schema of an input that any file of the package exports", async () => {
    const known = new Set(CALCULATIONS.flatMap(({ input, output }) => [input, output]));
    const missing: string[] = [];
    for (const file of readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || /(\.test\.ts|^calc\/|index\.ts|thread\.ts)$/.test(file)) continue;
      const exports: Record<string, unknown> = await import(join(import.meta.dirname, file));
      for (const [name, value] of Object.entries(exports))
        if (name.endsWith("Input") && value instanceof z.ZodType && !known.has(value) && !(name in PARTS))
          missing.push(`${file}: ${name}`);
    }
    expect(missing).toEqual([]);
  }, 60_000);

  it("names every rule of the dealing day, of fees, of NAV errors, of liquidity, of performance and of pools as somebody's source", () => {
    const named = new Set(CALCULATIONS.flatMap(({ source }) => rulesIn(source)));
    expect(RULES.filter((rule) => !named.has(rule))).toEqual([]);
    expect(rulesIn("R3, R5b–R7; R41 to R43")).toEqual(["R3", "R5b", "R6", "R7", "R41", "R42", "R43"]);
  });

  it("is sorted, with names in kebab-case, each once", () => {
    const names = CALCULATIONS.map((entry) => entry.name);
    expect(names).toEqual([...new Set(names)].sort());
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  });

  it("answers an unknown name with the names there are", () => {
    expect(() => calculationNamed("nothing")).toThrowError(expect.objectContaining({ code: "EG404" }));
    expect(() => calculationNamed("nothing")).toThrowError(/rebalance/);
  });
});

describe.each(CALCULATIONS.map((entry) => ({ name: entry.name, entry })))("$name", ({ name, entry }) => {
  it("says in one line what it does and where it comes from", () => {
    expect(entry.summary).toMatch(/^[A-Z][^\n]{15,140}$/);
    expect(entry.source.length).toBeGreaterThan(1);
  });

  it("runs its example, JSON in and JSON out", async () => {
    const input = JSON.parse(JSON.stringify(entry.example)) as unknown;
    const output = await runCalculation(name, input);
    expect(JSON.parse(JSON.stringify(output))).toEqual(output);
    expect(Object.keys(output as object).length).toBeGreaterThan(0);
  }, 60_000);

  it("has JSON schemas that a stranger could fill in", () => {
    const { input, output } = calculationSchema(name) as Record<
      string,
      { type?: string; anyOf?: unknown; oneOf?: unknown }
    >;
    expect(input).toMatchObject({ type: "object" });
    expect(output!.type ?? output!.anyOf ?? output!.oneOf).toBeDefined();
  });

  it.each([null, 7, "text", [], { surprise: true }])("refuses %j", async (input) => {
    await expect(runCalculation(name, input)).rejects.toMatchObject({ code: "EG400" });
  });
});
