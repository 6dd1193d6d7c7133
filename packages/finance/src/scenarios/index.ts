// Scenarios resolved: composition, one value per factor and period, hash, numbered cells.
export { canonicalJson, hashOf, type Json } from "./canonical-json.ts";
export { readScenarioBody, scenarioText } from "./canonical-text.ts";
export { type Cell, cellDoubles, scenarioCell, scenarioCells } from "./cells.ts";
export type { ScenarioShelf } from "./composition.ts";
export { factorFor, type KeyRate, keyRates } from "./lookup.ts";
export { asScenario, type ResolvedScenario, resolveScenario, tryResolve } from "./resolve.ts";
