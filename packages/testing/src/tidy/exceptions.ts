// Where a rule of the style law does not hold, and why. This list may only shrink: an entry that nothing needs any more fails the test.

export interface Exception {
  rule: string;
  /** One file, or a folder with a slash at the end. */
  path: string;
  why: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: "sql",
    path: "packages/stack/src/bootstrap-auth.ts",
    why: "lays the schema auth where no Supabase has laid it",
  },
  {
    rule: "sql",
    path: "packages/stack/src/service-logins.ts",
    why: "sets the passwords of this home's logins; a password cannot be a parameter of an fn_*",
  },
  {
    rule: "sql",
    path: "packages/stack/src/demo-logins.ts",
    why: "makes the demo accounts in the schema auth, which belongs to Supabase",
  },
  { rule: "sql", path: "packages/stack/src/migrate.ts", why: "is what runs migrations, before any fn_* exists" },
  {
    rule: "clients",
    path: "prisma/demo/load.ts",
    why: "the demo loader is an entry point of its own, in a database marked as demo",
  },
  { rule: "clients", path: "prisma/seed.ts", why: "the seed is an entry point of its own" },
  {
    rule: "environment",
    path: "packages/memory/src/mem0-door.ts",
    why: "mem0 reads its switches from the environment while it is imported: this sets them, it reads none",
  },
  { rule: "environment", path: "packages/cli/src/main.ts", why: "hands the environment to packages/config" },
  {
    rule: "environment",
    path: "packages/stack/src/temporal-cli.ts",
    why: "hands the environment on to the compiler that builds Temporal",
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
  { rule: "length", path: "prisma/schema.prisma", why: "Prisma's model in one file, read by its sections" },
];

export const isExcepted = (exception: Exception, rule: string, path: string): boolean =>
  exception.rule === rule && (exception.path.endsWith("/") ? path.startsWith(exception.path) : path === exception.path);
