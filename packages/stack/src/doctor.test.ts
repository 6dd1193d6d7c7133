// The lines of doctor that look at this machine, on made-up machines.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config";
import { afterAll, describe, expect, it } from "vitest";
import { doctor, nodeLine, versionLines } from "./doctor.ts";
import { freePort } from "./process-table.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function modules(name: string, versions: Record<string, string>): string {
  const root = join(folder, name);
  for (const [pkg, version] of Object.entries(versions)) {
    mkdirSync(join(root, pkg), { recursive: true });
    writeFileSync(join(root, pkg, "package.json"), JSON.stringify({ version }));
  }
  return root;
}

describe("doctor", () => {
  it.each([
    ["18.20.0", false],
    ["20.18.3", false],
    ["20.19.0", true],
    ["24.1.0", true],
  ])("node %s: %s", (version, ok) => {
    const found = nodeLine(version);
    expect(found.ok).toBe(ok);
    expect(found.fix === "").toBe(ok);
  });

  it("wants one version in each family and names the odd one out", async () => {
    const same = {
      prisma: "7.10.0",
      "@prisma/client": "7.10.0",
      "@prisma/adapter-pg": "7.10.0",
      "@temporalio/client": "1.23.0",
    };
    expect((await versionLines(modules("same", same))).map((line) => line.ok)).toEqual([true, true]);
    const mixed = await versionLines(modules("mixed", { ...same, "@temporalio/worker": "1.24.0", prisma: "8.0.0" }));
    expect(mixed.map((line) => [line.ok, line.fix])).toEqual([
      [false, "npm ci"],
      [false, "npm ci"],
    ]);
    expect(mixed[0]?.detail).toContain("@temporalio/worker 1.24.0");
  });

  it("says how to start a stack that does not run, and changes nothing in its home", async () => {
    const config = readConfig({
      EVERGREEN_HOME: join(folder, "home"),
      EVERGREEN_PORT_BASE: String((await freePort()) - 10),
    });
    const lines = await doctor(config);
    expect(lines.find((line) => line.name === "stack")).toEqual({
      name: "stack",
      ok: false,
      detail: "not running",
      fix: "npm start",
    });
    for (const line of lines) expect(line.ok).toBe(line.fix === "");
    expect(lines.map((line) => line.name)).not.toContain("postgres");
    expect((await import("node:fs")).existsSync(config.home)).toBe(false);
  });
});
