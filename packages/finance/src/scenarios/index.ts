// Scenarios resolved: composition, one value per factor and period, hash, numbered cells.
export { canonicalJson, hashOf, type Json } from "./canonical-json.ts";
export { type Cell, factorFor, scenarioCell, scenarioCells } from "./cells.ts";
export type { ScenarioShelf } from "./composition.ts";
export { asScenario, type ResolvedScenario, resolveScenario, tryResolve } from "./resolve.ts";
