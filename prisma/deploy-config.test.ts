// Prisma's own command finds schema, migrations and database by deploy.config.ts. Its engine is a download and is not run: any program stands in
// for it, and what the command says before it asks the engine is what is looked at.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { foreignEnvironment, REPOSITORY_ROOT } from "@evergreen-fund/config";
import { expect, it } from "vitest";

const deploy = (directUrl: string | undefined) =>
  promisify(execFile)(
    process.execPath,
    ["node_modules/prisma/build/index.js", "migrate", "deploy", "--config", "prisma/deploy.config.ts"],
    {
      cwd: REPOSITORY_ROOT,
      env: foreignEnvironment({
        CHECKPOINT_DISABLE: "1",
        PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true",
        DIRECT_URL: directUrl,
      }) as NodeJS.ProcessEnv,
    },
  );

it("deploys every migration of the folder to DIRECT_URL", { timeout: 60_000 }, async () => {
  const { stdout } = await deploy("postgresql://somebody@db.example:5432/evergreen");
  const migrations = readdirSync(join(REPOSITORY_ROOT, "prisma/migrations")).filter((name) => /^\d{14}_/.test(name));
  expect(stdout).toContain('PostgreSQL database "evergreen", schema "public" at "db.example:5432"');
  expect(stdout).toMatch(new RegExp(`^${migrations.length} migrations? found in prisma[/\\\\]migrations`, "m"));
});

it("says what is missing without DIRECT_URL", { timeout: 60_000 }, async () => {
  await expect(deploy(undefined)).rejects.toThrow(/DIRECT_URL/);
});
