// What schema promises, case by case.
import { describe, expect, it } from "vitest";
import { EDGE_KINDS, MemoryNode, NODE_KINDS, RememberInput } from "./schema.ts";

const asset = { kind: "Asset", ref: "00000000-0000-4000-8000-00000000000a" } as const;
const scenario = { kind: "Scenario", ref: "rates_up200" } as const;
const input = {
  text: "A rate shock caused the gate.",
  fundId: "00000000-0000-4000-8000-000000000001",
  nodes: [asset, scenario],
  edges: [{ kind: "caused", from: scenario, to: asset }],
  supabase_refs: [{ table: "fund_events", id: "00000000-0000-4000-8000-000000000002", version: "17" }],
  duckdb_refs: [{ table: "stress_results", id: "rates_up200", as_of: "2026-11-20" }],
  workflow_id: "event/00000000-0000-4000-8000-000000000002",
  langfuse_trace_id: "0123456789abcdef0123456789abcdef",
  trust: "system",
  requestId: "event/00000000-0000-4000-8000-000000000002/commander.remember",
};
const accepts = (change: object): boolean => RememberInput.safeParse({ ...input, ...change }).success;

describe("a memory", () => {
  it("has the specification's kinds of nodes and edges", () => {
    expect(NODE_KINDS).toEqual(["Asset", "Scenario", "Workflow", "Investor", "Policy"]);
    expect(EDGE_KINDS).toEqual(["caused", "resolved_with", "violated", "prefers"]);
  });

  it("is accepted whole, and with nothing but words", () => {
    expect(accepts({})).toBe(true);
    expect(
      accepts({
        nodes: undefined,
        edges: undefined,
        supabase_refs: undefined,
        duckdb_refs: undefined,
        workflow_id: null,
        langfuse_trace_id: null,
      }),
    ).toBe(true);
  });

  it.each([
    ["an edge to a node that is not there", { nodes: [scenario] }],
    ["an edge of another kind", { edges: [{ kind: "likes", from: scenario, to: asset }] }],
    ["an investor by name", { nodes: [asset, scenario, { kind: "Investor", ref: "Jane Doe" }] }],
    ["a trace id of another shape", { langfuse_trace_id: "abc" }],
    ["a workflow id with an e-mail address", { workflow_id: "event/jane@example.org" }],
    ["a table that is SQL", { supabase_refs: [{ table: "fund_events; drop", id: "1", version: null }] }],
    ["an unknown trust", { trust: "absolute" }],
    ["an unknown field", { amount: "1" }],
    ["no words", { text: "" }],
  ])("is refused with %s", (_, change) => {
    expect(accepts(change)).toBe(false);
  });

  it("names assets and investors by uuid only", () => {
    for (const kind of ["Asset", "Investor"] as const) {
      expect(MemoryNode.safeParse({ kind, ref: asset.ref }).success).toBe(true);
      expect(MemoryNode.safeParse({ kind, ref: "acme" }).success).toBe(false);
    }
  });
});
