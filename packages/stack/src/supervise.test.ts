// The supervisor with real processes: readiness, restart after a kill, giving up on a crash loop, and nothing left behind.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { isAlive } from "./process-table.ts";
import { type ProcessSpec, Supervisor } from "./supervise.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-supervise-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let troubles: string[] = [];
const supervisors: Supervisor[] = [];
function supervisor(): Supervisor {
  troubles = [];
  const made = new Supervisor({
    logDir: folder,
    backoffMs: [],
    onChange: () => undefined,
    onTrouble: (line) => troubles.push(line),
  });
  supervisors.push(made);
  return made;
}
afterEach(async () => {
  for (const made of supervisors.splice(0)) {
    made.kill();
    await made.stop();
  }
});

let count = 0;
function node(script: string, changes: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    name: `child-${++count}`,
    prepare: async () => ({ command: process.execPath, args: ["-e", script] }),
    ready: async (output) => output().includes("ready"),
    readyTimeoutMs: 5_000,
    stopSignal: "SIGTERM",
    graceMs: 3_000,
    ...changes,
  };
}

/** Says ready, and at SIGTERM writes its name and the time of its end before it goes. */
const POLITE = (file: string) => `
  const { appendFileSync } = require("node:fs");
  process.on("SIGTERM", () => { appendFileSync(${JSON.stringify(file)}, process.argv[1] + "\\n"); process.exit(0); });
  setInterval(() => {}, 1000); console.log("ready");`;
const record = (made: Supervisor, name: string) => made.records().find((entry) => entry.name === name);

describe("Supervisor", () => {
  it("leaves no timer behind when it has stopped everything: the process would live on for the grace of its children", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const made = supervisor();
    await made.start(node(`setInterval(() => {}, 1000); console.log("ready")`, { graceMs: 60_000 }));
    const before = timers();
    await made.stop();
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it("says when a child that ended works again", async () => {
    const made = supervisor();
    const spec = node(`setInterval(() => {}, 1000); console.log("ready")`);
    await made.start(spec);
    process.kill(record(made, spec.name)?.pid ?? 0, "SIGKILL");
    await vi.waitFor(() => expect(troubles.at(-1)).toBe(`${spec.name} works again.`), 5_000);
  });

  it("restarts a killed child under a new id and says so", async () => {
    const made = supervisor();
    const spec = node(`setInterval(() => {}, 1000); console.log("ready")`);
    await made.start(spec);
    const first = record(made, spec.name)?.pid ?? 0;
    process.kill(first, "SIGKILL");
    await vi.waitFor(() => expect(record(made, spec.name)).toMatchObject({ state: "ready", restarts: 1 }), 5_000);
    const second = record(made, spec.name)?.pid ?? 0;
    expect(second).not.toBe(first);
    expect([isAlive(first), isAlive(second)]).toEqual([false, true]);
    expect(troubles[0]).toBe(`${spec.name} ended (SIGKILL); starting it again.`);
  });

  it("stops all in reverse order, with what they started, and kills whoever does not go", async () => {
    const made = supervisor();
    const order = join(folder, "order");
    writeFileSync(order, "");
    const polite = (name: string) =>
      node(POLITE(order), {
        name,
        prepare: async () => ({ command: process.execPath, args: ["-e", POLITE(order), name] }),
      });
    await made.start(polite("first"));
    await made.start(polite("second"));
    const stubborn = node(
      `process.on("SIGTERM", () => {});
       const child = require("node:child_process").spawn("sleep", ["60"]);
       setInterval(() => {}, 1000); console.log("ready", child.pid)`,
      { graceMs: 200 },
    );
    await made.start(stubborn);
    const stubbornRecord = record(made, stubborn.name);
    const grandchild = Number(/ready (\d+)/.exec(readFileSync(stubbornRecord?.log ?? "", "utf8"))?.[1]);
    expect(isAlive(grandchild)).toBe(true);
    await made.stop();
    expect(readFileSync(order, "utf8")).toBe("second\nfirst\n");
    expect(troubles).toEqual([`${stubborn.name} did not end within 0.2 s and was killed.`]);
    for (const { pid, state } of made.records()) expect([isAlive(pid), state]).toEqual([false, "stopped"]);
    await vi.waitFor(() => expect(isAlive(grandchild)).toBe(false), 2_000);
  });

  it("moves a log aside that has grown large, while its child goes on writing", async () => {
    const made = supervisor();
    const spec = node(
      `process.stdout.write("x".repeat(11 * 1024 * 1024) + "\\nready\\n");
       process.on("SIGUSR2", () => console.log("after")); setInterval(() => {}, 1000)`,
    );
    await made.start(spec);
    const { log = "", pid = 0 } = record(made, spec.name) ?? {};
    made.trimLogs();
    process.kill(pid, "SIGUSR2");
    await vi.waitFor(() => expect(readFileSync(log, "utf8")).toBe("after\n"), 3_000);
    expect(statSync(`${log}.1`).size).toBeGreaterThan(11 * 1024 * 1024);
  });

  it("gives up on a child that keeps dying, with its last words", async () => {
    const made = supervisor();
    const flag = join(folder, "die");
    const spec = node(
      `if (require("node:fs").existsSync(${JSON.stringify(flag)})) { console.error("no disk left"); process.exit(3); }
       setInterval(() => {}, 1000); console.log("ready")`,
    );
    await made.start(spec);
    writeFileSync(flag, "");
    process.kill(record(made, spec.name)?.pid ?? 0, "SIGKILL");
    await vi.waitFor(() => expect(record(made, spec.name)?.state).toBe("failed"), { timeout: 15_000, interval: 50 });
    expect(troubles.at(-1)).toMatch(
      /died 8 times in a row and is not started again \(no disk left\): see .*evergreen down/,
    );
  }, 20_000);

  it("reports a child that never becomes ready: its own last words, or that it took too long", async () => {
    const made = supervisor();
    const dies = node(`console.error("port in use"); process.exit(1)`);
    await expect(made.start(dies)).rejects.toThrow(`${dies.name} did not start (port in use); see `);
    const slow = node("setInterval(() => {}, 1000)", { readyTimeoutMs: 150 });
    await expect(made.start(slow)).rejects.toThrow(`${slow.name} did not start; see `);
    const refused = node("", { prepare: () => Promise.reject(new Error("Port 1 is taken.")) });
    await expect(made.start(refused)).rejects.toThrow("Port 1 is taken.");
  });
});
