// The analytical model in DuckDB: synchronised from Postgres, published as immutable snapshots, read by whoever computes.
export { amend } from "./amend.ts";
export { type EsgFile, writeEsgScores } from "./esg.ts";
export { type DuckFile, openFile, type Row } from "./file.ts";
export { type AnalyticsHome, analyticsHome } from "./home.ts";
export { readModel } from "./model.ts";
export { type ParquetRow, readParquetMarket } from "./parquet.ts";
export { findSnapshot, listSnapshots, type Manifest, openNewest, verifySnapshot } from "./publish.ts";
export { type AgeLimits, measureQuality, type QualityMeasure } from "./quality.ts";
export { type RestoreFrom, restoreSnapshot } from "./restore.ts";
export { checkedDay, openStore, type Store, type StoreSettings } from "./store.ts";
export { SYNC_POINTS, type SyncOptions, type SyncPoint, type SyncResult, type SyncSpan, synchronise } from "./sync.ts";
