// A real Temporal server: from the dispatch to the last activity everything is one trace, and no word of an error is in it.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "@evergreen-fund/stack/process-table.ts";
import { Client, Connection } from "@temporalio/client";
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { activities } from "./fixtures/traced-activities.ts";
import type { SpanRow } from "./span-row.ts";
import { temporalPlugin } from "./temporal-plugin.ts";
import { rootSpanIdOf, traceIdOf } from "./trace-id.ts";
import { runContext, startRunSpan, traced } from "./traced.ts";
import { startTracing, type Tracing } from "./tracing.ts";

const candidates = [
  process.env.TEMPORAL_CLI_PATH,
  join(homedir(), ".cache/evergreen/bin/temporal"),
  ...(process.env.PATH ?? "").split(":").map((folder) => join(folder, "temporal")),
];
const binary = candidates.find((path) => path !== undefined && existsSync(path));
const CANARY = "jane.doe@example.org";
const WORKFLOW = "event/00000000-0000-4000-8000-000000000007";
const workflowsPath = fileURLToPath(new URL("./fixtures/traced-workflow.ts", import.meta.url));
const logged: string[] = [];

async function connected(address: string): Promise<Connection> {
  for (let left = 100; ; left -= 1) {
    try {
      return await Connection.connect({ address, connectTimeout: 500 });
    } catch (failure) {
      if (left === 0) throw failure;
      await pause(100);
    }
  }
}

describe.skipIf(binary === undefined)(
  "a workflow on a real server (skipped without a temporal binary: set TEMPORAL_CLI_PATH)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "evergreen-tracing-"));
    let server: ChildProcess;
    let address: string;
    let rows: SpanRow[] = [];
    let tracing: Tracing;
    let bundle: { code: string };
    let history: unknown;

    beforeAll(async () => {
      Runtime.install({ logger: new DefaultLogger("WARN", (entry) => void logged.push(entry.message)) });
      const port = await freePort();
      address = `127.0.0.1:${port}`;
      const options = [
        "--headless",
        "--port",
        String(port),
        "--ip",
        "127.0.0.1",
        "--db-filename",
        join(folder, "temporal.db"),
      ];
      server = spawn(binary!, ["server", "start-dev", "--log-level", "error", ...options], { stdio: "ignore" });
      tracing = await startTracing({ service: "test", store: async (spans) => void rows.push(...spans) });
      bundle = await bundleWorkflowCode({
        workflowsPath,
        plugins: [temporalPlugin(tracing)],
        logger: new DefaultLogger("ERROR"),
      });
    }, 60_000);

    afterAll(async () => {
      await tracing?.shutdown();
      server?.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    });

    it("is one trace under the id derived from its workflow id", { timeout: 60_000 }, async () => {
      const plugins = [temporalPlugin(tracing)];
      const connection = await connected(address);
      const client = new Client({ connection, plugins });
      const native = await NativeConnection.connect({ address });
      const worker = await Worker.create({
        connection: native,
        taskQueue: "commander",
        workflowBundle: bundle,
        activities,
        plugins,
      });
      const answer = await worker.runUntil(async () => {
        const run = startRunSpan(WORKFLOW, "event.REBALANCE_REQUESTED");
        const handle = await run.with(() =>
          traced("dispatcher.start", {}, () =>
            client.workflow.start("commander", { taskQueue: "commander", workflowId: WORKFLOW, args: [CANARY] }),
          ),
        );
        run.end();
        await traced("dispatcher.tell", {}, () => handle.signal("decided"), runContext(WORKFLOW));
        const result = await handle.result();
        history = await handle.fetchHistory();
        return result;
      });
      await tracing.forceFlush();
      await connection.close();
      await native.close();
      expect(answer).toBe("facts, failed as asked, record");

      const inRun = rows.filter((row) => row.trace_id === traceIdOf(WORKFLOW));
      const outside = rows.filter((row) => row.trace_id !== traceIdOf(WORKFLOW)).map((row) => row.name);
      expect(outside).toEqual([]);
      const ids = new Set(inRun.map((row) => row.span_id));
      expect(inRun.filter((row) => row.parent_span_id !== null && !ids.has(row.parent_span_id))).toEqual([]);
      expect(inRun.filter((row) => row.parent_span_id === null).map((row) => row.span_id)).toEqual([
        rootSpanIdOf(WORKFLOW),
      ]);
      const parentOf = (row: SpanRow): string | undefined =>
        inRun.find((other) => other.span_id === row.parent_span_id)?.name;
      expect(Object.fromEntries(inRun.map((row) => [row.name, parentOf(row)]))).toMatchObject({
        "event.REBALANCE_REQUESTED": undefined,
        "dispatcher.start": "event.REBALANCE_REQUESTED",
        "StartWorkflow:commander": "dispatcher.start",
        "RunWorkflow:commander": "StartWorkflow:commander",
        "StartActivity:readFacts": "RunWorkflow:commander",
        "RunActivity:readFacts": "StartActivity:readFacts",
        "room.rebalancing.propose.facts": "RunActivity:readFacts",
        "StartActivity:record": "RunWorkflow:commander",
        "RunActivity:record": "StartActivity:record",
        "room.rebalancing.propose.record": "RunActivity:record",
        "rpc.fn_propose_rebalance": "room.rebalancing.propose.record",
        "dispatcher.tell": "event.REBALANCE_REQUESTED",
        "SignalWorkflow:decided": "dispatcher.tell",
        "HandleSignal:decided": "SignalWorkflow:decided",
      });
      const failed = inRun.filter((row) => row.status === "error");
      expect(failed.map((row) => row.name)).toEqual(
        expect.arrayContaining(["room.kyc.screen.decide", "RunActivity:failWith", "StartActivity:failWith"]),
      );
      expect(failed.find((row) => row.name === "RunActivity:failWith")?.attributes.error).toBe("EG424");
      expect(JSON.stringify(rows)).not.toContain(CANARY);
      expect(inRun.find((row) => row.name === "RunWorkflow:commander")?.attributes).toMatchObject({
        workflow_id: WORKFLOW,
      });
    });

    it("replays from its history without writing a span again", { timeout: 30_000 }, async () => {
      rows = [];
      const replayed = Worker.runReplayHistory(
        { workflowBundle: bundle, plugins: [temporalPlugin(tracing)] },
        history,
        WORKFLOW,
      );
      await expect(replayed).resolves.toBeUndefined();
      await tracing.forceFlush();
      expect(rows).toEqual([]);
    });

    it("replays also without the plugin: tracing is no part of what a workflow decides", {
      timeout: 30_000,
    }, async () => {
      const bare = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger("ERROR") });
      await expect(Worker.runReplayHistory({ workflowBundle: bare }, history, WORKFLOW)).resolves.toBeUndefined();
    });

    it("runs from the same bundle with tracing off, silently", { timeout: 30_000 }, async () => {
      await tracing.shutdown();
      rows = [];
      logged.length = 0;
      const off = await startTracing({
        service: "test",
        enabled: false,
        store: async (spans) => void rows.push(...spans),
      });
      const plugins = [temporalPlugin(off)];
      const connection = await connected(address);
      const client = new Client({ connection, plugins });
      const native = await NativeConnection.connect({ address });
      const worker = await Worker.create({
        connection: native,
        taskQueue: "commander",
        workflowBundle: bundle,
        activities,
        plugins,
      });
      const answer = await worker.runUntil(async () => {
        const handle = await client.workflow.start("commander", {
          taskQueue: "commander",
          workflowId: `${WORKFLOW}0`,
          args: [CANARY],
        });
        await handle.signal("decided");
        return handle.result();
      });
      await connection.close();
      await native.close();
      expect(answer).toBe("facts, failed as asked, record");
      expect(rows).toEqual([]);
      expect(logged.filter((message) => message.includes("sink"))).toEqual([]);
    });
  },
);
