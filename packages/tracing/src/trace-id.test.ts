// What trace id promises, case by case.
import { createTraceId } from "@langfuse/tracing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rootSpanIdOf, traceIdOf } from "./trace-id.ts";

describe("the trace of a run", () => {
  it("is Langfuse's trace id for the same seed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uuid().map((id) => `event/${id}`),
          fc.string({ minLength: 1, unit: "grapheme" }),
        ),
        async (id) => {
          // A lone surrogate has no UTF-8 form; both encoders write U+FFFD for it.
          expect(traceIdOf(id)).toBe(await createTraceId(id));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is what sha256 of the text says, first half trace id, then root span id", () => {
    // printf '%s' event/00000000-0000-4000-8000-000000000001 | sha256sum
    const id = "event/00000000-0000-4000-8000-000000000001";
    expect(traceIdOf(id)).toBe("bbc915d644a459636860b8f9097e232e");
    expect(rootSpanIdOf(id)).toBe("8ceb1e83c82a43e4");
  });
});
