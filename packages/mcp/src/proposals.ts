// The only writes a program's model can make: requests. Each records that somebody asked; what follows is computed, shown and decided by people.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type ResolvedScenario, scenarioText } from "@evergreen-fund/finance/scenarios/index.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import {
  openScenarioFolder,
  resolveScenarioText,
  type ScenarioFile,
  type ScenarioFolder,
} from "@evergreen-fund/interchange/scenarios/index.ts";
import { z } from "zod";

export interface Proposal<S extends z.ZodObject = z.ZodObject> {
  tool: string;
  /** The function that keeps the request; the tool is there for whom it may be called. */
  fn: string;
  title: string;
  about: string;
  input: S;
  argumentsOf(given: z.output<S>): Promise<Record<string, unknown>>;
}

const fund = z.string().min(1).max(60).describe("Code or id of the fund.");
const request_id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)
  .optional()
  .describe("A name of your own for this request: the same name with the same input is answered as before.");
/** Requests of programs have a name space of their own, so that they never meet those of runs or of the command line. */
const requestOf = (given: string | undefined): string => `mcp/${given ?? randomUUID()}`;

const shipped = (): Promise<ScenarioFolder> => openScenarioFolder(join(REPOSITORY_ROOT, "scenarios"));

/** As `fn_request_stress` takes it: the text and the hash that covers it. Errors: EG400 with every mistake and its line. */
function asked({ resolved, problems }: ScenarioFile): Record<string, unknown> {
  if (resolved === undefined) throw new EvergreenError("EG400", problems.map(problemLine).join("; "));
  const { id, version, title, hash }: ResolvedScenario = resolved;
  return { scenario_id: id, version, title, scenario_hash: hash, body: scenarioText(resolved) };
}

const proposal = <S extends z.ZodObject>(one: Proposal<S>): Proposal => one as unknown as Proposal;

export const PROPOSALS: readonly Proposal[] = [
  proposal({
    tool: "request_rebalance",
    fn: "fn_request_rebalance",
    title: "Ask for a rebalancing",
    about:
      "Asks for a rebalancing of a fund towards its mandate. The engine computes a proposal with its checks; nothing is traded before another portfolio manager approves it.",
    input: z.strictObject({
      fund,
      reason: z.string().max(500).optional().describe("Why, in one sentence, without personal data."),
      request_id,
    }),
    argumentsOf: async ({ fund, reason, request_id }) => ({ fund, reason, request_id: requestOf(request_id) }),
  }),
  proposal({
    tool: "request_stress_run",
    fn: "fn_request_stress",
    title: "Ask for a stress run",
    about:
      "Asks for a run of scenarios that come with the platform on a fresh snapshot of a fund. It computes and reports; positions stay as they are.",
    input: z.strictObject({
      fund,
      scenarios: z.array(z.string().min(1).max(80)).min(1).max(20).describe("Ids such as rates_up200."),
      request_id,
    }),
    argumentsOf: async ({ fund, scenarios, request_id }) => {
      const folder = await shipped();
      const found = await Promise.all(scenarios.map((id) => folder.find(id)));
      return { fund, scenarios: found.map(asked), kind: "on_demand", request_id: requestOf(request_id) };
    },
  }),
  proposal({
    tool: "request_what_if",
    fn: "fn_request_stress",
    title: "Save a what-if to the laboratory",
    about:
      "Keeps a scenario of your own, as YAML that may extend the shipped ones, and runs it in the laboratory: its outcome stands beside the fund's figures and moves none of them.",
    input: z.strictObject({
      fund,
      scenario: z.string().min(1).max(65_536).describe("The scenario as YAML."),
      request_id,
    }),
    argumentsOf: async ({ fund, scenario, request_id }) => ({
      fund,
      scenarios: [asked(resolveScenarioText(scenario, "scenario", await shipped()))],
      kind: "laboratory",
      request_id: requestOf(request_id),
    }),
  }),
];
