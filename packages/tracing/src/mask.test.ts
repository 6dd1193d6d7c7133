// Canaries: values that must not leave the process are put in every place a span has, and looked for in what comes out.

import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { createTraceState, SpanStatusCode } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskingProcessor, masked, type SinkCounts } from "./mask.ts";
import { ATTRIBUTES, allowedAttributes, errorCodeOf } from "./span-attributes.ts";
import { rowOf } from "./span-row.ts";

const CANARIES = ["jane.doe@example.org", "Jane Doe", "1234567.89", "DE89370400440532013000", "SSN-987-65-4321"];
const leaks = (value: unknown): string[] => CANARIES.filter((canary) => JSON.stringify(value).includes(canary));

const memory = new InMemorySpanExporter();
const counts: SinkCounts = { taken: 0, sent: 0, failed: 0, refused: 0 };
const processor = new MaskingProcessor([
  { name: "memory", processor: new SimpleSpanProcessor(memory), counts, maxPending: 1e6 },
]);
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "commander" }),
  spanProcessors: [processor],
});
const tracer = provider.getTracer("evergreen");

/** Everything of a span that an exporter can read. */
const plainOf = (span: ReadableSpan): unknown => {
  const { name, attributes, events, links, status, parentSpanContext, instrumentationScope } = span;
  const traceStates = [span.spanContext(), ...links.map((link) => link.context)].map((at) =>
    at.traceState?.serialize(),
  );
  const resource = span.resource.attributes;
  return { name, attributes, events, links, status, parentSpanContext, instrumentationScope, resource, traceStates };
};
function exported(): ReadableSpan[] {
  const spans = memory.getFinishedSpans();
  memory.reset();
  return spans;
}

describe("the mask", () => {
  it.each(CANARIES)("lets %s out of no place of a span", (canary) => {
    const other = tracer.startSpan(`rpc.fn_x`);
    other.end();
    memory.reset();
    const span = tracer.startSpan(`rpc.fn_${canary}`, {
      attributes: { lp_name: canary, fund_id: canary, status: canary, "exception.message": canary, count: 1 },
      links: [
        {
          context: { ...other.spanContext(), traceState: createTraceState(`k=${canary}`) },
          attributes: { note: canary },
        },
      ],
    });
    for (const key of Object.keys(ATTRIBUTES)) span.setAttribute(key, canary);
    span.addEvent(canary, { said: canary });
    span.addEvent("note", { said: canary });
    const failure = new EvergreenError("EG424", `the flow of ${canary} is too large`, { cause: new Error(canary) });
    span.recordException(failure);
    span.recordException({ name: canary, message: canary, stack: canary, code: canary });
    span.setStatus({ code: SpanStatusCode.ERROR, message: canary });
    span.end();
    const [out] = exported();
    expect(out).toBeDefined();
    expect(
      leaks(plainOf(span as unknown as ReadableSpan)),
      "the span itself must hold it, else this proves nothing",
    ).toContain(canary);
    expect(leaks(plainOf(out!))).toEqual([]);
    expect(leaks(rowOf(out!))).toEqual([]);
    expect(out!.name).toBe("unlisted");
    expect(out!.attributes.error).toBe("EG424");
    expect(out!.status).toEqual({ code: SpanStatusCode.ERROR });
  });

  it("keeps ids, codes and counts", () => {
    const id = "00000000-0000-4000-8000-000000000001";
    const kept = {
      workflow_id: `event/${id}`,
      event_id: id,
      event_type: "REBALANCE_REQUESTED",
      verdict: "refused",
      reason_code: "gate_breached",
      scenario_id: "fx_usd_up15",
      request_id: `event/${id}/liquidity-engine.reserve`,
      rows: 42,
      duration_ms: 1.5,
      timed_out: true,
    };
    expect(allowedAttributes(kept)).toEqual(kept);
  });

  it("takes Temporal's keys under our names and drops the rest of its workflow facts", () => {
    const id = "00000000-0000-4000-8000-000000000001";
    const attributes = {
      temporalWorkflowId: `event/${id}`,
      run_id: id,
      workflowType: "commander",
      taskQueue: "commander",
      temporalTerminateReason: "Jane Doe asked",
      namespace: "default",
    };
    expect(allowedAttributes(attributes)).toEqual({
      workflow_id: `event/${id}`,
      run_id: id,
      workflow_type: "commander",
      task_queue: "commander",
    });
  });

  it("drops a request id that a person chose", () => {
    expect(allowedAttributes({ request_id: "please-redeem-jane" })).toEqual({});
  });

  it("lets no key outside the list through, whatever its value", () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.array(fc.string()));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), (attributes) => {
        const out = allowedAttributes(attributes);
        expect(
          Object.keys(out).filter((key) => !Object.hasOwn(ATTRIBUTES, key) && !key.startsWith("langfuse.")),
        ).toEqual([]);
      }),
    );
  });

  it("lets free text and numbers with decimals through no key but a duration", () => {
    const text = fc.string({ minLength: 1 }).map((s) => `${s} of`);
    const amount = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(ATTRIBUTES)), fc.oneof(text, amount), (key, value) => {
        const kind = ATTRIBUTES[key as keyof typeof ATTRIBUTES];
        expect(allowedAttributes({ [key]: value })).toEqual(
          kind === "ms" && typeof value === "number" && value >= 0 ? { [key]: value } : {},
        );
      }),
    );
  });

  it("exports spans of our scopes only", () => {
    provider.getTracer("some-http-library").startSpan("rpc.fn_x").end();
    provider.getTracer("@temporalio/interceptor-workflow").startSpan("RunWorkflow:commander").end();
    expect(exported().map((span) => span.name)).toEqual(["RunWorkflow:commander"]);
  });

  it("copies: what a sink does to its span does not come back", () => {
    const span = tracer.startSpan("rpc.fn_x", { attributes: { rows: 1 } });
    span.end();
    masked(span as unknown as ReadableSpan).attributes.rows = 2;
    expect((span as unknown as ReadableSpan).attributes.rows).toBe(1);
  });

  it("survives a sink that throws, and counts the span as failed", () => {
    const broken: SinkCounts = { taken: 0, sent: 0, failed: 0, refused: 0 };
    const fail = (): never => {
      throw new Error("broken sink");
    };
    const sink = { onStart: fail, onEnd: fail, forceFlush: fail, shutdown: fail };
    const guarded = new MaskingProcessor([{ name: "broken", processor: sink, counts: broken, maxPending: 10 }]);
    const span = tracer.startSpan("rpc.fn_x");
    span.end();
    guarded.onEnd(span as unknown as ReadableSpan);
    expect(broken).toEqual({ taken: 1, sent: 0, failed: 1, refused: 0 });
  });
});

describe("the code of an error", () => {
  const withCode = (code: unknown): Error => Object.assign(new Error("x"), { code });
  it.each([
    [new EvergreenError("EG503", "x"), "EG503"],
    [withCode("23505"), "23505"],
    [withCode("ECONNREFUSED"), "ECONNREFUSED"],
    [withCode("Jane Doe"), "Error"],
    [new TypeError("x"), "TypeError"],
    [Object.assign(new Error("x"), { name: "Jane Doe" }), "Error"],
    ["a string", "Error"],
    [undefined, "Error"],
  ])("of %s is %s", (failure, code) => {
    expect(errorCodeOf(failure)).toBe(code);
  });
});
