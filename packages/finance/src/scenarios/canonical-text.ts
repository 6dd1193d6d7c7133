// A resolved scenario as the text its hash is taken over, and back: what a stress run records and every worker computes from. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { sha256Hex } from "../dealing/sha256.ts";
import { canonicalJson, type Json } from "./canonical-json.ts";
import { FORMAT, type ResolvedScenario } from "./resolve.ts";

/** The canonical JSON text whose SHA-256 is `hash`: everything that is computed; titles, words and sources are not in it. */
export function scenarioText(resolved: ResolvedScenario): string {
  const { id, version, periods, factors, grid, monteCarlo, solve, tests, reports } = resolved;
  return canonicalJson({
    format: FORMAT,
    id,
    version,
    periods,
    factors,
    grid,
    monteCarlo,
    solve,
    tests,
    reports,
  } as unknown as Json);
}

/** The scenario that a text says; its title stands beside the text, its words and lineage nowhere. Errors: EG400 when the text is of another format. */
export function readScenarioBody(text: string, title: string): ResolvedScenario {
  const { format, ...said } = JSON.parse(text) as Omit<ResolvedScenario, "hash"> & { format: string };
  if (format !== FORMAT)
    throw new EvergreenError("EG400", "The scenario is of a format that this version does not compute.");
  const points = Object.values(said.grid).reduce((product, values) => product * values.length, 1);
  return {
    ...said,
    title,
    about: "",
    lineage: [],
    cells: points * (said.monteCarlo?.count ?? 1),
    hash: sha256Hex(text),
  };
}
