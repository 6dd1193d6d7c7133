// What the tests of the benches hand to a bench, and how they read its report.

import type { Answer } from "../../command.ts";
import type { BenchOptions } from "../../commands/bench.ts";
import type { Check } from "./report.ts";
import type { Round } from "./rounds.ts";

export const quickOptions = (): BenchOptions => ({
  quick: true,
  environment: process.env,
  note: () => undefined,
  progress: (_label, work) => work({ say: () => undefined }),
});

export interface Reported {
  checks: Check[];
  absent: string[];
  rounds: Record<string, Round[]>;
  findings: { what: string; ratio: { median: number } }[];
  details: Record<string, unknown>;
  ok: boolean;
}

export const reported = (answer: Answer): Reported => answer.json as Reported;
