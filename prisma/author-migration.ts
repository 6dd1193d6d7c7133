// For whoever changes the data model: writes prisma/migrations/<time>_<name>/migration.sql from what changed in schema.prisma and in sql/.
//   npm run migration -- NAME            a new migration
// Touches only prisma/migrations. `deployed.prisma` and `deployed.json` there say what the migrations so far amount to.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { diffSchemas } from "@evergreen-fund/stack/migrate.ts";

const here = import.meta.dirname;
const migrations = join(here, "migrations");

const name = process.argv[2];
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  process.stderr.write("Usage: npm run migration -- NAME   (small letters, digits, underscores)\n");
  process.exit(2);
}

const read = (path: string): Promise<string | null> => readFile(path, "utf8").catch(() => null);
const before = await read(join(migrations, "deployed.prisma"));
const after = await readFile(join(here, "schema.prisma"), "utf8");
const deployed: Record<string, string> = JSON.parse((await read(join(migrations, "deployed.json"))) ?? "{}");
const tables = before === after ? "" : await diffSchemas(before, after);

const parts: string[] = tables.trim() === "" ? [] : [`-- from schema.prisma\n${tables.trim()}\n`];
const files = (await readdir(join(here, "sql"))).filter((f) => f.endsWith(".sql")).sort();
const sources = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(join(here, "sql", file), "utf8")] as const)),
);
const now = Object.fromEntries(
  [...sources].map(([file, sql]) => [file, createHash("sha256").update(sql).digest("hex")]),
);
const changed = files.filter((file) => deployed[file] !== now[file]);
for (const file of files) {
  // triggers (the demo's too), policies and grants sweep every table, grants every function too: they are laid anew whenever one of those changes
  const sweeps =
    (/^(20|40|69|70|80)-/.test(file) && tables.trim() !== "") ||
    (file.startsWith("80-") && changed.some((other) => /^(10|45|6[\da-z])-/.test(other)));
  if (changed.includes(file) || sweeps) parts.push(`-- from sql/${file}\n${sources.get(file)!.trim()}\n`);
}
if (parts.length === 0) {
  process.stdout.write("Nothing has changed since the last migration.\n");
  process.exit(0);
}
const folder = `${new Date().toISOString().replace(/\D/g, "").slice(0, 14)}_${name}`;
await mkdir(join(migrations, folder), { recursive: true });
await writeFile(join(migrations, folder, "migration.sql"), parts.join("\n"));
await writeFile(join(migrations, "deployed.prisma"), after);
await writeFile(join(migrations, "deployed.json"), `${JSON.stringify(now, null, 2)}\n`);
await writeFile(
  join(migrations, "migration_lock.toml"),
  '# Written by the author of migrations; read by Prisma.\nprovider = "postgresql"\n',
);
process.stdout.write(`prisma/migrations/${folder}/migration.sql\n`);
