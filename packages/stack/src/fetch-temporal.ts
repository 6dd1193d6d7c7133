// Makes sure that the `temporal` program is there, and prints its path. Used by the set-up scripts.
//   node --import tsx packages/stack/src/fetch-temporal.ts
import { loadConfig } from "@evergreen-fund/config";
import { ERRORS, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { ensureTemporalCli } from "./temporal-cli.ts";

try {
  const config = loadConfig();
  const address = config.temporal.address;
  const said = (line: string): void => void process.stderr.write(`${line}\n`);
  process.stdout.write(`${address ?? (await ensureTemporalCli(config, said)).path}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof EvergreenError ? ERRORS[error.code].exit : 1;
}
