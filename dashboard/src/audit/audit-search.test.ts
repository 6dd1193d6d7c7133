// Addresses of the auditor's pages: what means something is kept, whatever else is left out.
import { expect, it } from "vitest";
import { sampleSearch, timelineSearch } from "./audit-search.ts";

it("keeps days and moments, and leaves out what is neither", () => {
  expect(timelineSearch({ of: "DEMO", asOf: "2026-11-20", asKnown: "2026-11-21T10:00Z", kind: "event" })).toEqual({
    of: "DEMO",
    asOf: "2026-11-20",
    asKnown: "2026-11-21T10:00Z",
    kind: "event",
  });
  expect(timelineSearch({ of: "", asOf: "2026-13-01", asKnown: "soon", kind: 5 })).toEqual({});
});

it("a seed that looks like a number stays a text; sizes are 1 to 999", () => {
  expect(sampleSearch({ kind: "order", seed: 4711, size: 25 })).toEqual({ kind: "order", seed: "4711", size: "25" });
  expect(sampleSearch({ kind: "person", size: "0", since: "yesterday" })).toEqual({});
});
