// Makes a database ready for the platform and ends: schema, roles, functions, policies, the passwords of the three logins. Idempotent.
// `npm run migrate` with DIRECT_URL (a login that may create roles) and DATABASE_URL (evergreen_app, with the password it shall have).
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
  keepPassword(config.home, new URL(config.databaseUrl));
  const { applied, total } = await prepareDatabase(config);
  process.stdout.write(`${applied.length} of ${total} migrations applied\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof EvergreenError ? ERRORS[error.code].exit : 1;
}

/** The password that DATABASE_URL says is the one evergreen_app gets: the set-up takes it from the keys of the home. */
function keepPassword(home: string, { username, password }: URL): void {
  if (username !== "evergreen_app" || password === "") return;
  mkdirSync(join(home, "keys"), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, "keys", "evergreen_app"), `${decodeURIComponent(password)}\n`, { mode: 0o600 });
}
