// What Simulation decides about a stress run beside its figures: whether this worker may compute it, which scenario is computed again, how a scenario is
// laid out for the analytical file. Pure; the figures are finance/stress.
import { EvergreenError } from "@evergreen-fund/domain";
import { readAddress } from "@evergreen-fund/domain/scenarios/index.ts";
import { readScenarioBody } from "@evergreen-fund/finance/scenarios/index.ts";
import type { DoneScenario, RunFacts } from "./facts.ts";

/**
 * What the run rests on. A step that is taken again after a crash may find the run ended: it computes the same and is given its first answer, anything new
 * is refused by the database. Errors: EG428 when the run is not open; EG425 when it was opened by other code, whose bytes this one would not come to.
 */
export function basisOf(run: RunFacts, codeHash: string): NonNullable<RunFacts["basis"]> {
  if (run.basis === null) throw new EvergreenError("EG428", "The stress run is not being computed.");
  if (run.basis.codeHash !== codeHash)
    throw new EvergreenError("EG425", "The stress run was opened by another version of the code; ask for it again.");
  return run.basis;
}

/** Errors: EG428 when shards are missing. */
export function wholeShards(bodies: readonly string[], shards: number): string[] {
  if (bodies.length !== shards)
    throw new EvergreenError("EG428", `${bodies.length} of ${shards} shards of the scenario are valued.`);
  return [...bodies];
}

/** The scenario that a nightly run computes twice: by the digits of the run's id, so that the nights take turns. Null when none is done. */
export function computedAgain(done: readonly DoneScenario[], runId: string): DoneScenario | null {
  if (done.length === 0) return null;
  const turn = Number.parseInt(runId.replaceAll("-", "").slice(-8), 16);
  return done[turn % done.length] ?? null;
}

export interface Parameter {
  period: number;
  factor: string;
  target: string;
  unit: string;
  value: string;
}
/** A scenario's factors one row each per period; `factor` is the name in the registry, `target` the rest of the address. Values that are no numbers are left out. */
export function parametersOf(body: string): Parameter[] {
  const { factors } = readScenarioBody(body, "");
  return Object.entries(factors).flatMap(([address, values]) => {
    const read = readAddress(address);
    if ("problem" in read) return [];
    return values.flatMap((value, at) =>
      /^-?\d+(\.\d+)?$/.test(value)
        ? [{ period: at + 1, factor: read.name, target: read.parts.join("."), unit: read.kind.unit, value }]
        : [],
    );
  });
}
