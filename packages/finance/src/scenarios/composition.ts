// Composition of scenarios: what a scenario inherits, leaves out, overrides and adds. Cycles and silent changes are refused. Pure.
import type { ScenarioProblem } from "@evergreen-fund/domain/scenarios/index.ts";
import type {
  FactorValue,
  Grid,
  MonteCarlo,
  Periods,
  Scenario,
  Solve,
} from "@evergreen-fund/domain/scenarios/scenario.ts";
import { canonicalJson, type Json } from "./canonical-json.ts";

/** Where other scenarios are found. */
export interface ScenarioShelf {
  ids: readonly string[];
  get: (id: string) => Scenario | undefined;
}

type Place = readonly (string | number)[];
/** A part and where the scenario that is resolved says it: at `extends` when it is inherited. */
interface Placed<T> {
  value: T;
  at: Place;
  /** The scenario that says it. */
  from: string;
}

/** Everything a scenario consists of, still in the form in which it is written. */
export interface Composed {
  periods: Placed<Periods> | undefined;
  factors: Map<string, Placed<FactorValue>>;
  grid: Placed<Grid> | undefined;
  monteCarlo: Placed<MonteCarlo> | undefined;
  solve: Placed<Solve> | undefined;
  /** Ids of all scenarios it starts from, nearest first, each once. */
  lineage: string[];
}

const WHOLE_PARTS = ["periods", "grid", "monteCarlo", "solve"] as const;
type WholePart = (typeof WHOLE_PARTS)[number];

const nothing = (): Composed => ({
  periods: undefined,
  factors: new Map(),
  grid: undefined,
  monteCarlo: undefined,
  solve: undefined,
  lineage: [],
});

const same = (a: unknown, b: unknown): boolean => canonicalJson(a as Json) === canonicalJson(b as Json);

/** Composes a scenario; problems are added to `problems` with their places. `way`: the scenarios on the way here. */
export function compose(
  scenario: Scenario,
  shelf: ScenarioShelf,
  problems: ScenarioProblem[],
  way: readonly string[] = [],
): Composed {
  const refuse = (path: Place, words: string): void => void problems.push({ path, words });
  const here = [...way, scenario.id];
  const inherited = inheritedBy(scenario, shelf, problems, here);
  for (const [index, name] of (scenario.without ?? []).entries()) {
    if (
      name !== "periods" &&
      (WHOLE_PARTS as readonly string[]).includes(name) &&
      inherited[name as WholePart] !== undefined
    )
      inherited[name as WholePart] = undefined;
    else if (!inherited.factors.delete(name))
      refuse(["without", index], `${name} is not inherited: there is nothing to leave out`);
  }
  override(scenario, inherited, refuse);
  for (const part of WHOLE_PARTS) {
    const value = scenario[part];
    if (value === undefined) continue;
    const before = inherited[part];
    if (before !== undefined) refuse([part], `is inherited from ${before.from}: change it under override`);
    put(inherited, part, { value, at: [part], from: scenario.id });
  }
  for (const [address, value] of Object.entries(scenario.factors ?? {})) {
    const before = inherited.factors.get(address);
    if (before !== undefined)
      refuse(["factors", address], `is inherited from ${before.from}: change it under override.factors`);
    inherited.factors.set(address, { value, at: ["factors", address], from: scenario.id });
  }
  return inherited;
}

/** The parts differ in type, and each comes from the part of the same name. */
function put(composed: Composed, part: WholePart, placed: Placed<unknown> | undefined): void {
  (composed as unknown as Record<WholePart, Placed<unknown> | undefined>)[part] = placed;
}

function override(scenario: Scenario, inherited: Composed, refuse: (path: Place, words: string) => void): void {
  for (const part of WHOLE_PARTS) {
    const value = scenario.override?.[part];
    if (value === undefined) continue;
    const at = ["override", part];
    if (inherited[part] === undefined) refuse(at, "overrides nothing: no scenario it extends has it");
    put(inherited, part, { value, at, from: scenario.id });
  }
  for (const [address, value] of Object.entries(scenario.override?.factors ?? {})) {
    const at = ["override", "factors", address];
    if (!inherited.factors.has(address)) refuse(at, "overrides nothing: no scenario it extends has this factor");
    inherited.factors.set(address, { value, at, from: scenario.id });
  }
}

/** What the scenarios it extends say together. Two that differ need an override. */
function inheritedBy(
  scenario: Scenario,
  shelf: ScenarioShelf,
  problems: ScenarioProblem[],
  here: readonly string[],
): Composed {
  const together = nothing();
  const names = scenario.extends === undefined ? [] : [scenario.extends].flat();
  for (const [index, id] of names.entries()) {
    const at: Place = typeof scenario.extends === "string" ? ["extends"] : ["extends", index];
    const refuse = (words: string): void => void problems.push({ path: at, words });
    if (here.includes(id)) {
      refuse(`goes in a circle: ${[...here.slice(here.indexOf(id)), id].join(" extends ")}`);
      continue;
    }
    const parent = shelf.get(id);
    if (parent === undefined) {
      refuse(`there is no scenario ${id}; there are ${shelf.ids.join(", ")}`);
      continue;
    }
    const theirs: ScenarioProblem[] = [];
    const composed = compose(parent, shelf, theirs, here);
    // what is wrong with a parent is said once, in the parent's own words
    for (const { path, words } of theirs) refuse(`${id} is wrong itself: ${[...path, words].join(": ")}`);
    for (const part of WHOLE_PARTS) {
      const [before, now] = [together[part], composed[part]];
      if (now === undefined) continue;
      const chosen = scenario.override?.[part] !== undefined || (scenario.without ?? []).includes(part);
      if (before !== undefined && !chosen && !same(before.value, now.value))
        refuse(`${before.from} and ${now.from} differ in ${part}: say it under override`);
      put(together, part, { value: now.value, at, from: now.from });
    }
    for (const [address, { value, from }] of composed.factors) {
      const before = together.factors.get(address);
      const chosen =
        Object.hasOwn(scenario.override?.factors ?? {}, address) || (scenario.without ?? []).includes(address);
      if (before !== undefined && !chosen && !same(before.value, value))
        refuse(`${before.from} and ${from} differ in ${address}: say it under override.factors`);
      together.factors.set(address, { value, at, from });
    }
    together.lineage = [...new Set([...together.lineage, id, ...composed.lineage])];
  }
  return together;
}
