// The embedded stack: Postgres, Temporal, gateway, workers and demo as one supervised tree.
export { adminUrl, banner, loginUrl, type StackAddresses, stackAddresses } from "./addresses.ts";
export { DEMO_LOGINS, type DemoLogin, demoCredentials } from "./demo-logins.ts";
export { type DoctorLine, doctor } from "./doctor.ts";
export { type DatabaseFinding, inspectDatabase } from "./inspect-database.ts";
export { diffSchemas, finishedMigrations, migrateDeploy, migrationFolders } from "./migrate.ts";
export { type RunState, readState, supervisorOf } from "./run-state.ts";
export { ensureTemporalCli, findTemporalCli, type TemporalCli } from "./temporal-cli.ts";
export { down, type RunningStack, type StackStatus, status, up, upDetached } from "./up.ts";
