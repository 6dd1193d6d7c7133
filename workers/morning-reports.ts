// The door by which Simulation leaves the report of a night: files in this home and, when a store is set, beside the copy of the day.
import { keepReport, type ReportFile, type ReportKey, type Store } from "@evergreen-fund/analytics";

export interface MorningReports {
  /** Keeps a report; one that is kept already stays as it is. Errors: EG503 and EG403 of the store. */
  keep(key: ReportKey, files: readonly ReportFile[]): Promise<void>;
}

export const openMorningReports = (home: string, store: Store | null): MorningReports => ({
  keep: async (key, files) => void (await keepReport(home, store, key, files)),
});
