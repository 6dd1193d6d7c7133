// The file one starts a scenario from: valid as it stands, every part explained where it is written. Pure.

import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import {
  addressForm,
  FACTOR_NAMES,
  FACTORS,
  type PassTest,
  ScenarioId,
} from "@evergreen-fund/domain/scenarios/index.ts";
import { quoted } from "../refusals.ts";
import type { ScenarioFile } from "./scenario-text.ts";

/** A value as one writes it in a flow of YAML. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${key}: ${flow(one)}`)
      .join(", ")} }`;
  return String(value);
}

const HEAD = (id: string): string[] => [
  `# ${id}: say here in one line what happens, and below where the levels come from.`,
  "# `scenarios check FILE` names every mistake with its line and what may stand there.",
  `id: ${id}`,
  "title: A title of its own",
  "# Grows whenever anything that is computed changes.",
  "version: 1",
  "about: >-",
  "  What happens, to whom, and why it is worth asking. Replace this.",
  "sources:",
  "  - words: Where the levels come from. Replace this.",
  "    # verified: read in the source; practice: customary, calibrate it; derived: computed, the way is in this file.",
  "    evidence: practice",
];

const PERIODS = [
  "# Left out: everything happens at one instant. With periods a factor may have one value for each.",
  "# periods: { unit: quarter, count: 4 } # day, month, quarter",
];

const EXPANSION = [
  "# Every combination of these values, one numbered cell each; or { from: 0, to: 0.1, step: 0.01 }.",
  "# grid: { redemptions.share_of_nav: [0.05, 0.10] }",
  "# Draws that any cell repeats by its number: normal, lognormal, uniform or triangular.",
  "# monteCarlo:",
  "#   seed: 1",
  "#   count: 1000",
  "#   drawn: once # or each_period",
  "#   draws: { equity.all.all: { distribution: normal, mean: 0, sd: 0.2 } }",
];

const FORMS = [
  "# A value is one number, a list with one number per period, { path: [...], lag: 1 }, { value: -0.25, over: 3, lag: 1 } (reached in equal",
  "# steps) or { value: 0, from: 2, to: 3 }. The factors there are:",
  ...FACTOR_NAMES.map((name) => `#   ${addressForm(name)} (${FACTORS[name].unit}): ${FACTORS[name].about}`),
];

const testLines = (tests: readonly PassTest[]): string[] =>
  tests.length === 0 ? [] : ["tests:", ...tests.map((test) => `  - ${flow(test)}`)];

/**
 * Text of a new scenario, on its own or on top of another. Errors: EG400 when the id is none, or the other scenario has problems.
 */
export function scenarioTemplate(id: string, parent?: ScenarioFile): string {
  const parsed = ScenarioId.safeParse(id);
  if (!parsed.success)
    throw new EvergreenError("EG400", `${quoted(id)} is no id: ${parsed.error.issues[0]?.message ?? ""}.`);
  if (parent === undefined)
    return text([
      ...HEAD(id),
      ...PERIODS,
      ...FORMS,
      "factors:",
      "  rates.parallel.all: 100",
      ...EXPANSION,
      "# What must hold (tests) and what is shown without a threshold (reports); at least one of the two.",
      "tests:",
      "  - { test: rcr, atLeast: 1, buckets: [30d, 90d] }",
      "reports: [valuation]",
    ]);
  const { resolved } = parent;
  if (resolved === undefined) throw new EvergreenError("EG400", `${quoted(parent.file)} has problems of its own.`);
  const inherited = Object.entries(resolved.factors).map(
    ([address, values]) => `#     ${address}: ${new Set(values).size === 1 ? values[0] : `[${values.join(", ")}]`}`,
  );
  return text([
    ...HEAD(id),
    `extends: ${resolved.id}`,
    ...(inherited.length === 0
      ? []
      : [
          "# What is inherited changes only here; without: [ADDRESS] leaves a factor out. It stands so:",
          "# override:",
          "#   factors:",
          ...inherited,
        ]),
    ...FORMS,
    "# What comes on top:",
    "factors: {}",
    "# Tests and reports are never inherited: these are those of the other.",
    ...testLines(resolved.tests),
    `reports: [${(resolved.reports.length === 0 ? ["valuation"] : resolved.reports).join(", ")}]`,
  ]);
}

const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
