// Reads a bench's SQL: statements in a file beside it, each under a line "-- name: <name>". No SQL stands in the bench's code.
import { readFileSync } from "node:fs";

/** The statements of `file` by name. @throws Error when a name is given twice or a file has none. */
export function readStatements(file: URL): (name: string) => string {
  const statements = new Map<string, string>();
  const parts = readFileSync(file, "utf8").split(/^-- name: *([a-z-]+).*$/m);
  for (let at = 1; at + 1 < parts.length; at += 2) {
    const name = parts[at] ?? "";
    if (statements.has(name)) throw new Error(`${file.pathname} names ${name} twice.`);
    statements.set(name, (parts[at + 1] ?? "").trim());
  }
  return (name) => {
    const statement = statements.get(name);
    if (statement === undefined) throw new Error(`${file.pathname} has no statement ${name}.`);
    return statement;
  };
}
