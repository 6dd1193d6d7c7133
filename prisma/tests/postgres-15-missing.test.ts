// Runs in place of the project `postgres15` on a machine without Debian's Postgres 15, so that the totals show what was left out.
import { it } from "vitest";

it.skip(
  "RPC and role suites on Postgres 15: not installed here (apt-get install --no-install-recommends postgresql-15)",
);
