// What the rooms see of the analytical files when they check data: the newest snapshot of this home, held open for as long as it is measured.
import {
  type AgeLimits,
  measureQuality,
  openNewest,
  type QualityMeasure,
  type SyncSpan,
} from "@evergreen-fund/analytics";
import { EvergreenError } from "@evergreen-fund/domain";
import { traced } from "@evergreen-fund/tracing";

export interface OpenSnapshot {
  contentHash: string;
  /** When its moment of Postgres was, ISO 8601. */
  takenAt: string;
  measure(fundId: string, limits: AgeLimits): Promise<QualityMeasure>;
  close(): void;
}

export interface DataQuality {
  /** Null: nothing was published here yet. */
  open(): Promise<OpenSnapshot | null>;
}

/** @param home EVERGREEN_HOME, absolute. */
export const openDataQuality = (home: string): DataQuality => ({
  async open() {
    const found = await openNewest(home).catch((error: unknown) => {
      if (error instanceof EvergreenError && error.code === "EG404") return null;
      throw error;
    });
    if (found === null) return null;
    const { file, manifest } = found;
    const { contentHash, takenAt } = manifest;
    return {
      contentHash,
      takenAt,
      measure: (fundId, limits) =>
        traced("data.transform.duckdb", { fund_id: fundId }, () =>
          measureQuality(file, fundId, takenAt.slice(0, 10), limits),
        ),
      close: () => file.close(),
    };
  },
});

/** The spans of a synchronisation that a worker runs: `synchronise({ …, span: syncSpan })`. */
export const syncSpan: SyncSpan = (name, work) => traced(name, {}, work);
