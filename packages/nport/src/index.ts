// SEC Form N-PORT: read a filing, reconcile it, turn it into a fund to import, or write a synthetic one. No database, no network.
export { EvergreenError } from "@evergreen-fund/domain";
export type { FilingSource } from "./file-text.ts";
export * from "./filing.ts";
export * from "./filing-holding.ts";
export * from "./fund-import.ts";
export { DEFAULT_LIMITS, type ReadLimits } from "./limits.ts";
export { type ReadOptions, readFiling, reportedMonths } from "./read-filing.ts";
export { UnknownPart, Warning } from "./reading-notes.ts";
export { Reconciler, Reconciliation, reconcile } from "./reconcile.ts";
export {
  ASSET_TYPES,
  type AssetType,
  CASH_SLEEVE,
  FUND_SLEEVES,
  MATURITY_BANDS,
  maturityBand,
  SLEEVES,
  sleeveOf,
} from "./sleeves.ts";
export {
  type SyntheticFacts,
  syntheticFacts,
  syntheticPieces,
  syntheticXml,
  writeSyntheticFiling,
} from "./synthetic-filing.ts";
export {
  SYNTHETIC_KINDS,
  type SyntheticHolding,
  type SyntheticKind,
  SyntheticOptions,
  syntheticHolding,
} from "./synthetic-holding.ts";
export { CASH_KEY, CASH_NAME, type ImportOptions, toFundImport } from "./to-fund-import.ts";
