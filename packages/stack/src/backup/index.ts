// Backups of a home: made while it runs, verified, put back, and the two stores compared before anything is written again.
export { backupFolder, createBackup, keysFile, listBackups, type MadeBackup, requireOwnStores } from "./create.ts";
export { type RepeatedErasures, repeatErasures, tombstonesFile } from "./erasures.ts";
export { type BackupManifest, verifyBackup } from "./manifest.ts";
export {
  compareStores,
  forgetRuns,
  type Halted,
  haltedWrites,
  haltIfApart,
  type RunReport,
  reportLines,
} from "./reconcile.ts";
export { type RestoredBackup, restoreBackup } from "./restore.ts";
