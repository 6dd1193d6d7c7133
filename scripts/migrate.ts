// Makes a database ready for the platform and ends: schema, roles, functions, policies, the passwords of the three logins. Idempotent.
// `npm run migrate` with DIRECT_URL (a login that may create roles) and DATABASE_URL (evergreen_app, with the password it shall have).
import { loadConfig } from "@evergreen-fund/config";
import { ERRORS, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { prepareDatabase } from "@evergreen-fund/stack/prepare-database.ts";

try {
  const config = loadConfig();
  if (config.directUrl === null || config.databaseUrl === null) {
    throw new EvergreenError(
      "EG400",
      "DATABASE_URL and DIRECT_URL are needed: which database is to be made ready? (`npm start` makes its own.)",
    );
  }
  const { applied, total } = await prepareDatabase(config);
  const done = applied.length > 0 ? `${applied.length} of ${total} migrations applied.` : "The database is up to date.";
  process.stdout.write(`${done}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof EvergreenError ? ERRORS[error.code].exit : 1;
}
