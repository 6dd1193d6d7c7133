// For the author of a migration: prints the SQL between two schema files. Touches no database.
//   node --import tsx packages/stack/src/diff-schema.ts FROM|- TO     ("-" as FROM means: from nothing)
import { readFile } from "node:fs/promises";
import { diffSchemas } from "./migrate.ts";

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  process.stderr.write("Usage: node --import tsx packages/stack/src/diff-schema.ts FROM|- TO\n");
  process.exitCode = 2;
} else {
  try {
    const sql = await diffSchemas(from === "-" ? null : await readFile(from, "utf8"), await readFile(to, "utf8"));
    process.stdout.write(sql.endsWith("\n") ? sql : `${sql}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
