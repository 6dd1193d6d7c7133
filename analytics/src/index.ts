// The analytical model in DuckDB: synchronised from Postgres, published as immutable snapshots, read by whoever computes.
export { amend } from "./amend.ts";
export { readBook } from "./book.ts";
export { type DuckFile, openFile, type Row } from "./file.ts";
export { type AnalyticsHome, analyticsHome } from "./home.ts";
export {
  findWhatIf,
  type KeptRun,
  keepOutcomes,
  keptRuns,
  type Outcome,
  type SavedWhatIf,
  savedWhatIfs,
  saveWhatIf,
  type WhatIf,
} from "./laboratory.ts";
export { readModel } from "./model.ts";
export { findSnapshot, listSnapshots, type Manifest, openNewest, verifySnapshot } from "./publish.ts";
export { type RestoreFrom, restoreSnapshot } from "./restore.ts";
export { checkedDay, openStore, type Store, type StoreSettings } from "./store.ts";
export { SYNC_POINTS, type SyncOptions, type SyncPoint, type SyncResult, synchronise } from "./sync.ts";
export { recordValuations, type ScenarioParameter, type ValuationRun, type ValuedScenario } from "./valuations.ts";
