// The last line of a log says how far the demo is, whatever else stands there.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { demoProgress } from "./demo-progress.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-demo-log-"));
const log = join(folder, "demo.log");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("is nothing without a log, and in one that does not say", () => {
  expect(demoProgress(log)).toBeNull();
  writeFileSync(log, "EG503: The database does not answer.\n");
  expect(demoProgress(log)).toBeNull();
});

it("is what was done last", () => {
  appendFileSync(log, "demo fund 1/2 fund\ndemo fund 2/2 register\n");
  expect(demoProgress(log)).toEqual({ phase: "fund", done: 2, total: 2, step: "register" });
  appendFileSync(
    log,
    `${"x".repeat(20_000)}\ndemo history 11/36 2024-08-30\ndemo history 12/36 2024-09-30\nsomething else\ndemo hist`,
  );
  expect(demoProgress(log)).toEqual({ phase: "history", done: 12, total: 36, step: "2024-09-30" });
});
