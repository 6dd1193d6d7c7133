// What every store of memories must do. The in-memory port runs it here; the Postgres port runs the same suite under a real role.
import { randomUUID } from "node:crypto";
import type { FundId } from "@evergreen-fund/domain/ids.ts";
import { beforeAll, describe, expect, it } from "vitest";
import type { MemoryPort } from "./memory-port.ts";
import type { MemoryRow } from "./schema.ts";

export type ContractBench = {
  port: MemoryPort;
  /** A fund that exists, is visible to the caller and has no memories; another one at every call. */
  newFund(): Promise<FundId>;
};

/** Length of every vector of the suite: the bench's store must hold no memories of another length. */
export const CONTRACT_DIMENSIONS = 16;

/** A unit vector between the first axis (turn 0) and the second (turn 1): the cosine with the first falls as it turns. */
const turned = (turn: number): number[] => {
  const angle = (turn * Math.PI) / 2;
  return [Math.cos(angle), Math.sin(angle), ...new Array<number>(CONTRACT_DIMENSIONS - 2).fill(0)];
};

export function memoryPortContract(name: string, open: () => Promise<ContractBench>): void {
  describe(`the memory port of ${name}`, () => {
    let bench: ContractBench;
    beforeAll(async () => {
      bench = await open();
    });

    const rowIn = (fund: FundId, more: Partial<MemoryRow> = {}): MemoryRow => ({
      fund_id: fund,
      text: "Redemptions were gated after a rate shock; the gate held.",
      embedding: turned(0),
      reference_ids: [],
      supabase_refs: [],
      duckdb_refs: [],
      workflow_id: null,
      langfuse_trace_id: null,
      trust: "system",
      nodes: [],
      edges: [],
      ...more,
    });
    const request = (): string => `event/${randomUUID()}/commander.remember`;
    const found = (fund: FundId, embedding = turned(0), limit = 10) =>
      bench.port.search({ embedding, fundId: fund, limit });

    it("finds what it remembered, with every reference", async () => {
      const fund = await bench.newFund();
      const event = randomUUID();
      const asset = randomUUID();
      const row = rowIn(fund, {
        reference_ids: [event],
        supabase_refs: [{ table: "fund_events", id: event, version: "7512" }],
        duckdb_refs: [{ table: "stress_results", id: "rates_up200", as_of: "2026-11-20" }],
        workflow_id: `event/${event}`,
        langfuse_trace_id: "0123456789abcdef0123456789abcdef",
        nodes: [
          { kind: "Asset", ref: asset },
          { kind: "Scenario", ref: "rates_up200" },
        ],
        edges: [{ kind: "caused", from: { kind: "Scenario", ref: "rates_up200" }, to: { kind: "Asset", ref: asset } }],
      });
      const id = await bench.port.remember(row, request());
      const [hit, ...others] = await found(fund);
      expect(others).toEqual([]);
      expect(hit).toMatchObject({
        memory_id: id,
        text: row.text,
        trust: "system",
        supabase_refs: row.supabase_refs,
        duckdb_refs: row.duckdb_refs,
        workflow_id: row.workflow_id,
        langfuse_trace_id: row.langfuse_trace_id,
      });
      expect(hit!.score).toBeCloseTo(1, 12);
      expect(Math.abs(new Date(hit!.recorded_at).getTime() - Date.now())).toBeLessThan(600_000);
    });

    it("answers the nearest first and no more than asked for", async () => {
      const fund = await bench.newFund();
      for (const turn of [0.9, 0.1, 0.5, 0.3])
        await bench.port.remember(rowIn(fund, { text: `turned ${turn}`, embedding: turned(turn) }), request());
      const hits = await found(fund, turned(0), 3);
      expect(hits.map((hit) => hit.text)).toEqual(["turned 0.1", "turned 0.3", "turned 0.5"]);
      for (const [at, turn] of [0.1, 0.3, 0.5].entries())
        expect(hits[at]!.score).toBeCloseTo(Math.cos((turn * Math.PI) / 2), 12);
      expect(await found(fund, turned(0), 0)).toEqual([]);
    });

    it("does not mind how long the vectors are, only where they point", async () => {
      const fund = await bench.newFund();
      const embedding = turned(0.2).map((value) => value * 1000);
      await bench.port.remember(rowIn(fund, { embedding }), request());
      expect((await found(fund))[0]!.score).toBeCloseTo(Math.cos(0.1 * Math.PI), 12);
    });

    it("finds nothing of another fund", async () => {
      const [mine, other] = [await bench.newFund(), await bench.newFund()];
      await bench.port.remember(rowIn(other), request());
      expect(await found(mine)).toEqual([]);
    });

    it("answers a retry with the first id and keeps one memory, also when the embedder's last digits differ", async () => {
      const fund = await bench.newFund();
      const requestId = request();
      const first = await bench.port.remember(rowIn(fund), requestId);
      const again = await bench.port.remember(rowIn(fund, { embedding: turned(1e-9) }), requestId);
      expect(again).toBe(first);
      expect(await found(fund)).toHaveLength(1);
    });

    it("answers retries that run at once with one id", async () => {
      const fund = await bench.newFund();
      const requestId = request();
      const ids = await Promise.all([1, 2, 3, 4].map(() => bench.port.remember(rowIn(fund), requestId)));
      expect(new Set(ids).size).toBe(1);
      expect(await found(fund)).toHaveLength(1);
    });

    it("lets the first words stand when a step of a run is taken again with others", async () => {
      const fund = await bench.newFund();
      const requestId = request();
      const first = await bench.port.remember(rowIn(fund), requestId);
      expect(await bench.port.remember(rowIn(fund, { text: "Something else." }), requestId)).toBe(first);
      expect(await found(fund)).toHaveLength(1);
    });

    it("refuses any other request id that was used with other words, with EG409", async () => {
      const fund = await bench.newFund();
      const requestId = `by-hand/${randomUUID()}`;
      await bench.port.remember(rowIn(fund), requestId);
      await expect(bench.port.remember(rowIn(fund, { text: "Something else." }), requestId)).rejects.toMatchObject({
        code: "EG409",
      });
      expect(await found(fund)).toHaveLength(1);
    });

    it("refuses a vector of another length with EG400, and never compares two lengths", async () => {
      const fund = await bench.newFund();
      await bench.port.remember(rowIn(fund), request());
      const longer = [...turned(0), 0];
      await expect(bench.port.remember(rowIn(fund, { embedding: longer }), request())).rejects.toMatchObject({
        code: "EG400",
      });
      expect(await found(fund, longer)).toEqual([]);
      expect(await found(fund)).toHaveLength(1);
    });

    it.each([
      ["empty", ""],
      ["too long", "x".repeat(4097)],
    ])("refuses a text that is %s with EG400 and stores nothing", async (_, text) => {
      const fund = await bench.newFund();
      await expect(bench.port.remember(rowIn(fund, { text }), request())).rejects.toMatchObject({ code: "EG400" });
      expect(await found(fund)).toEqual([]);
    });
  });
}
