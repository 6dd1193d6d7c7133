// Which tests there are and what each kind needs: `unit` nothing, `database` a throw-away Postgres, `postgres15` the same on Debian's,
// `temporal` a Temporal test server beside it, `browser` a whole stack and Chromium, `tidy` only the files of the repository. Run one kind with `vitest run --project unit`.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { CHROMIUM } from "./dashboard/tests/chromium-path.ts";
import { POSTGRES_15 } from "./prisma/tests/postgres-15-path.ts";

const NOT_OURS = ["**/node_modules/**", "**/generated/**"];
const CLUSTER = "packages/testing/src/global-setup.ts";
const SEED = "packages/testing/src/seed.ts";

export default defineConfig({
  test: {
    passWithNoTests: true,
    // one file per core at a time: the default leaves a core idle, which on two cores is half of the machine
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: [SEED],
          // whatever no other kind claims, so that no test file can be left out by where it lies
          include: ["**/*.test.ts"],
          exclude: [
            ...NOT_OURS,
            "prisma/tests/**",
            "**/*.database.test.ts",
            "**/*.temporal.test.ts",
            "dashboard/tests/**",
            "packages/testing/src/tidy.test.ts",
          ],
          // limits bound a run, they never judge it: the machine may be busy with other things
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "database",
          setupFiles: [SEED],
          include: ["prisma/tests/**/*.test.ts", "**/*.database.test.ts"],
          exclude: [...NOT_OURS, "prisma/tests/postgres-15-missing.test.ts"],
          globalSetup: [CLUSTER],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "postgres15",
          setupFiles: [SEED],
          // What every supported Postgres must do alike: the migration, each RPC, and who may do what.
          include: existsSync(POSTGRES_15)
            ? ["prisma/tests/rpc-*.test.ts", "prisma/tests/role-*.test.ts", "prisma/tests/catalogue.test.ts"]
            : ["prisma/tests/postgres-15-missing.test.ts"],
          exclude: NOT_OURS,
          globalSetup: existsSync(POSTGRES_15) ? ["prisma/tests/postgres-15.ts"] : [],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "temporal",
          setupFiles: [SEED],
          include: ["**/*.temporal.test.ts"],
          exclude: NOT_OURS,
          globalSetup: [CLUSTER],
          // after the others: what starts whole platforms waits much, so two of its files share the cores, but with nothing else
          sequence: { groupOrder: 1 },
          // longer than a wait in a test lasts at most (`until`), which says what it waited for
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: "browser",
          // What people see, in a real Chromium on a whole stack.
          include: existsSync(CHROMIUM)
            ? ["dashboard/tests/*.browser.test.ts"]
            : ["dashboard/tests/chromium-missing.test.ts"],
          exclude: NOT_OURS,
          globalSetup: existsSync(CHROMIUM) ? ["dashboard/tests/test-stack.ts"] : [],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 400_000,
        },
      },
      {
        test: {
          name: "tidy",
          include: ["packages/testing/src/tidy.test.ts"],
          exclude: NOT_OURS,
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
