// What tracing promises, case by case.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { context, trace } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { roomSpan } from "./span-names.ts";
import type { SpanRow } from "./span-row.ts";
import { rootSpanIdOf, traceIdOf } from "./trace-id.ts";
import { recordSpan, runContext, startRunSpan, traced } from "./traced.ts";
import { startTracing, type Tracing, type TracingOptions } from "./tracing.ts";

const WORKFLOW = "event/00000000-0000-4000-8000-000000000001";
let open: Tracing | undefined;
afterEach(async () => {
  await open?.shutdown();
  open = undefined;
});
async function start(options: Partial<TracingOptions> = {}): Promise<{ tracing: Tracing; rows: SpanRow[] }> {
  const rows: SpanRow[] = [];
  open = await startTracing({ service: "commander", store: async (spans) => void rows.push(...spans), ...options });
  return { tracing: open, rows };
}
const named = (rows: SpanRow[], name: string): SpanRow => {
  const found = rows.filter((row) => row.name === name);
  expect(found, `exactly one span named ${name}`).toHaveLength(1);
  return found[0]!;
};

describe("the spans of a run", () => {
  it("share the derived trace id and hang under its first span", async () => {
    const { tracing, rows } = await start();
    const createdAt = new Date("2026-11-21T10:00:00.250Z");
    const run = startRunSpan(WORKFLOW, "event.REBALANCE_REQUESTED", {}, createdAt);
    await run.with(() =>
      traced("dispatcher.start", {}, () =>
        traced(roomSpan("rebalancing", "propose", "facts"), { rows: 3 }, async () => 1),
      ),
    );
    run.end();
    recordSpan(WORKFLOW, "rpc.fn_request_rebalance", {}, createdAt, new Date("2026-11-21T10:00:00.300Z"));
    await traced("dispatcher.tell", {}, () => undefined, runContext(WORKFLOW));
    await tracing.forceFlush();

    expect(new Set(rows.map((row) => row.trace_id))).toEqual(new Set([traceIdOf(WORKFLOW)]));
    const root = named(rows, "event.REBALANCE_REQUESTED");
    expect(root).toMatchObject({
      span_id: rootSpanIdOf(WORKFLOW),
      parent_span_id: null,
      service: "commander",
      started_at: "2026-11-21T10:00:00.250000Z",
      status: "ok",
      attributes: { workflow_id: WORKFLOW },
    });
    const started = named(rows, "dispatcher.start");
    expect(started.parent_span_id).toBe(root.span_id);
    expect(named(rows, "room.rebalancing.propose.facts")).toMatchObject({
      parent_span_id: started.span_id,
      attributes: { rows: 3 },
    });
    expect(named(rows, "rpc.fn_request_rebalance")).toMatchObject({
      parent_span_id: root.span_id,
      started_at: "2026-11-21T10:00:00.250000Z",
      ended_at: "2026-11-21T10:00:00.300000Z",
    });
    expect(named(rows, "dispatcher.tell").parent_span_id).toBe(root.span_id);
    expect(tracing.counts()).toEqual({ store: { taken: 5, sent: 5, failed: 0, refused: 0 } });
  });

  it("a second dispatch of the same event writes the same first span, not another root", async () => {
    const { tracing, rows } = await start();
    for (let time = 0; time < 2; time += 1) startRunSpan(WORKFLOW, "event.REBALANCE_REQUESTED").end();
    await tracing.forceFlush();
    expect(new Set(rows.map((row) => `${row.trace_id}/${row.span_id}`)).size).toBe(1);
    expect(rows).toHaveLength(2);
  });

  it("a first span leaves the ids of the next trace random, also when it is started inside another trace", async () => {
    const { tracing, rows } = await start();
    await traced("cli.rebalance", {}, () => startRunSpan(WORKFLOW, "event.REBALANCE_REQUESTED").end());
    await traced("cli.rebalance", {}, () => undefined);
    await tracing.forceFlush();
    expect(new Set(rows.map((row) => row.trace_id)).size).toBe(3);
    expect(named(rows, "event.REBALANCE_REQUESTED").parent_span_id).toBeNull();
  });

  it("a failure keeps its identity for the caller and only its code in the span", async () => {
    const { tracing, rows } = await start();
    const failure = new EvergreenError("EG424", "The flow of Jane Doe breaches the gate.");
    const thrown = await traced("rpc.fn_apply_allocations", {}, async () => Promise.reject(failure)).catch(
      (error: unknown) => error,
    );
    expect(thrown).toBe(failure);
    await tracing.forceFlush();
    expect(named(rows, "rpc.fn_apply_allocations")).toMatchObject({ status: "error", attributes: { error: "EG424" } });
    expect(JSON.stringify(rows)).not.toContain("Jane");
  });
});

describe("tracing that is off or broken", () => {
  it("off: everything runs, nothing is recorded, no trace is active", async () => {
    const { tracing, rows } = await start({ enabled: false });
    expect(tracing.on).toBe(false);
    const run = startRunSpan(WORKFLOW, "event.REBALANCE_REQUESTED");
    const seen = await run.with(() =>
      traced("dispatcher.start", {}, () => trace.getSpan(context.active())?.isRecording() ?? false),
    );
    run.end();
    await tracing.forceFlush();
    expect(seen).toBe(false);
    expect(rows).toEqual([]);
    expect(tracing.counts()).toEqual({});
  });

  it("a store that fails twice is asked a third time and nothing is lost", async () => {
    const rows: SpanRow[] = [];
    let calls = 0;
    const { tracing } = await start({
      store: async (spans) => {
        calls += 1;
        if (calls < 3) throw new Error("the database restarts");
        rows.push(...spans);
      },
    });
    await traced("dispatcher.claim", {}, () => undefined);
    await tracing.forceFlush();
    expect(calls).toBe(3);
    expect(rows).toHaveLength(1);
    expect(tracing.counts().store).toEqual({ taken: 1, sent: 1, failed: 0, refused: 0 });
  });

  it("a store that never works costs counted spans and no error", async () => {
    const { tracing } = await start({ store: () => Promise.reject(new Error("no database")) });
    expect(await traced("dispatcher.claim", {}, () => "done")).toBe("done");
    await tracing.forceFlush();
    expect(tracing.counts().store).toEqual({ taken: 1, sent: 0, failed: 1, refused: 0 });
  });

  it("a store that never answers fills its bound, then spans are refused and memory stays", async () => {
    const { tracing } = await start({ store: () => new Promise(() => {}), maxPending: 100, flushEveryMs: 5 });
    for (let n = 0; n < 1000; n += 1) await traced("dispatcher.claim", {}, () => undefined);
    await tracing.forceFlush(20);
    expect(tracing.counts().store).toEqual({ taken: 100, sent: 0, failed: 0, refused: 900 });
    await tracing.shutdown(20);
  });

  it("starts once per process, and again after its end", async () => {
    const { tracing } = await start();
    await expect(startTracing({ service: "other", store: async () => {} })).rejects.toMatchObject({ code: "EG500" });
    await tracing.shutdown();
    const again = await start();
    await traced("dispatcher.claim", {}, () => undefined);
    await again.tracing.forceFlush();
    expect(again.rows).toHaveLength(1);
  });

  it("what waits is written at shutdown", async () => {
    const { tracing, rows } = await start({ flushEveryMs: 60_000 });
    await traced("dispatcher.claim", {}, () => undefined);
    expect(rows).toEqual([]);
    await tracing.shutdown();
    expect(rows).toHaveLength(1);
  });
});
