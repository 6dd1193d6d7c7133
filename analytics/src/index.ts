// The analytical model in DuckDB: synchronised from Postgres, published as immutable snapshots, read by whoever computes.
export { amend } from "./amend.ts";
export { type ArchiveManifest, archiveFolder, type ReadEvent, verifyArchive, withContent } from "./archive.ts";
export { readBook } from "./book.ts";
export { type EsgFile, writeEsgScores } from "./esg.ts";
export { type DuckFile, openFile, type Row } from "./file.ts";
export { letRest } from "./hold.ts";
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
export { type ParquetRow, readParquetMarket } from "./parquet.ts";
export { type ParquetColumn, parquetOf } from "./parquet-table.ts";
export { findSnapshot, listSnapshots, type Manifest, openNewest, verifySnapshot } from "./publish.ts";
export { type AgeLimits, measureQuality, type QualityMeasure } from "./quality.ts";
export {
  findReport,
  type KeptReport,
  keepReport,
  type ReportFile,
  type ReportKey,
  type ReportManifest,
  reportFolder,
} from "./reports.ts";
export { type RestoreFrom, restoreSnapshot } from "./restore.ts";
export {
  RETENTION_POINTS,
  type RetentionOptions,
  type RetentionPoint,
  type RetentionResult,
  runRetention,
} from "./retention.ts";
export { checkedDay, openStore, type Store, type StoreSettings } from "./store.ts";
export { SYNC_POINTS, type SyncOptions, type SyncPoint, type SyncResult, type SyncSpan, synchronise } from "./sync.ts";
export { recordValuations, type ScenarioParameter, type ValuationRun, type ValuedScenario } from "./valuations.ts";
