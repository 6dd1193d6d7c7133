// What render trace promises, case by case.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { microsOf, renderTrace } from "./render-trace.ts";
import { isoOf, type SpanRow } from "./span-row.ts";

const row = (
  id: string,
  parent: string | null,
  name: string,
  at: string,
  until: string,
  more: Partial<SpanRow> = {},
): SpanRow => ({
  trace_id: "0123456789abcdef0123456789abcdef",
  span_id: id,
  parent_span_id: parent,
  name,
  service: "commander",
  started_at: `2026-11-21T10:00:${at}Z`,
  ended_at: `2026-11-21T10:00:${until}Z`,
  status: "ok",
  attributes: {},
  ...more,
});

describe("the tree of a trace", () => {
  it("shows order, depth, offset, duration, status and attributes", () => {
    const rows = [
      row("c", "b", "room.kyc.screen.facts", "00.012000", "00.013500", { attributes: { rows: 3, fund_id: "x" } }),
      row("b", "a", "RunWorkflow:commander", "00.010000", "12.500000", { status: "error" }),
      row("a", null, "event.INVESTOR_SUBMITTED", "00.000250", "00.020000", { service: "dispatcher" }),
      row("d", "a", "rpc.fn_record_event", "00.000250", "00.001250", { status: "unset" }),
    ];
    expect(renderTrace(rows)).toBe(
      [
        "trace 0123456789abcdef0123456789abcdef  4 spans  12.5 s  1 failed",
        " +0.0 ms  19.8 ms  ✓ event.INVESTOR_SUBMITTED  [dispatcher]",
        " +0.0 ms   1.0 ms  ·   rpc.fn_record_event  [commander]",
        " +9.8 ms   12.5 s  ✗   RunWorkflow:commander  [commander]",
        "+11.8 ms   1.5 ms  ✓     room.kyc.screen.facts  [commander] fund_id=x rows=3",
      ].join("\n"),
    );
  });

  it("a span whose parent was never stored is a root; the same span twice is one line; other traces are left out", () => {
    const text = renderTrace([
      row("b", "lost", "RunWorkflow:commander", "01.0", "02.0"),
      row("b", "lost", "RunWorkflow:commander", "01.0", "02.0"),
      row("z", null, "cli.trace", "01.0", "02.0", { trace_id: "f".repeat(32) }),
    ]);
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toContain("✓ RunWorkflow:commander");
  });

  it("ends on rows that are their own ancestors", () => {
    const text = renderTrace([
      row("a", "b", "cli.one", "01.0", "02.0"),
      row("b", "a", "cli.two", "01.0", "02.0"),
      row("c", "c", "cli.three", "01.0", "02.0"),
    ]);
    expect(text.split("\n")).toHaveLength(4);
  });

  it("shows every stored span once, whatever the tree", () => {
    const ids = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const some = fc.record({ id: ids, parent: fc.option(ids) });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 12 }), (spans) => {
        const text = renderTrace(spans.map(({ id, parent }) => row(id, parent, `cli.${id}`, "01.0", "02.0")));
        for (const id of new Set(spans.map((span) => span.id))) expect(text.split(`cli.${id} `)).toHaveLength(2);
      }),
    );
  });

  it("cannot steer a terminal and says so when it cannot read a time", () => {
    const text = renderTrace([
      row("a", null, "\u001b[2Jcli", "01.0", "02.0", { started_at: "soon", attributes: { code: "\u0007x" } }),
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text).toContain("?");
  });

  it("no rows is a sentence", () => {
    expect(renderTrace([])).toBe("no spans stored for this trace");
  });
});

describe("timestamps", () => {
  it.each([
    "2026-11-21T10:00:00.123456Z",
    "2026-11-21 10:00:00.123456+00",
    "2026-11-21T12:00:00.123456+02:00",
    "2026-11-21 12:00:00.123456+0200",
  ])("%s is read to the microsecond", (text) => {
    expect(microsOf(text)).toBe(Date.UTC(2026, 10, 21, 10) * 1000 + 123_456);
  });

  it("what isoOf writes microsOf reads", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (seconds, nanos) => {
          expect(microsOf(isoOf([seconds, nanos]))).toBe(seconds * 1_000_000 + Math.floor(nanos / 1000));
        },
      ),
    );
  });
});
