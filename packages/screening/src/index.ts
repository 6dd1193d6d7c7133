// What the package offers: reading lists, screening a party against them, and the other direction.

export { countryCode } from "./countries.ts";
export { type ListDelta, listDelta } from "./delta.ts";
export { type EntryRow, entryRow } from "./entry-row.ts";
export { datesOf } from "./lists/entry.ts";
export { LIST_LIMITS, type ListLimits } from "./lists/limits.ts";
export { type ListFile, type ListFileBytes, type ReadListOptions, readList, recognised } from "./lists/read-list.ts";
export { screenPair } from "./pair.ts";
export * from "./party.ts";
export { type Affected, openPartyIndex, type PartyIndex } from "./party-index.ts";
export { POLICY, POLICY_VERSION, publicFeatures } from "./policy.ts";
export { csvLine, identifier, PARTY_COLUMNS, type PartyRow, readParties } from "./read-parties.ts";
export { openScreeners, type Screeners } from "./screeners.ts";
export { openIndex, restoreIndex, type ScreeningIndex, type ScreenOptions } from "./screening-index.ts";
export { cleanText } from "./text.ts";
