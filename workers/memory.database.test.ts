// The memory port over Postgres: everything the contract asks for as the Commander's own role, and nothing for roles that memory is not for.

import { randomUUID } from "node:crypto";
import { type Actor, FundId } from "@evergreen-fund/domain";
import { CONTRACT_DIMENSIONS, memoryPortContract } from "@evergreen-fund/memory/memory-port.contract.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { portOf } from "./memory.ts";

const PM: Actor = { role: "pm_role", userId: "00000000-0000-4000-8000-000000000001" };
const LP: Actor = { role: "lp_role", userId: "00000000-0000-4000-8000-000000000003" };
const OPS: Actor = { role: "ops_role", userId: "00000000-0000-4000-8000-000000000005" };
const AUDIT: Actor = { role: "audit_role", userId: "00000000-0000-4000-8000-000000000006" };

const fresh = await freshDatabase(ownCluster());
const database = openDatabase({ url: fresh.urlFor("evergreen_app") });
const port = portOf(database, "commander");
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

async function newFund(): Promise<FundId> {
  const made = await database.rpc(PM, "fn_import_fund", {
    fund: {
      code: `SYN-${randomUUID().slice(0, 8).toUpperCase()}`,
      name: "Synthetic fund",
      currency: "USD",
      as_of: "2026-09-30",
      net_assets: "100.00",
      synthetic: true,
      source: { kind: "synthetic" },
      assets: [
        { key: "CASH", name: "Cash", type: "cash", sleeve: "cash", market_value: "100.00", bucket: "1d", liquid: true },
      ],
      ladder: [{ side: "asset", bucket: "1d", capacity: "100.00" }],
    },
  });
  return FundId.parse(made.fund_id);
}

memoryPortContract("Postgres, as agent_commander", async () => ({ port, newFund }));

describe("who finds a memory", () => {
  const embedding = new Array<number>(CONTRACT_DIMENSIONS).fill(1);
  let fundId: FundId;
  beforeAll(async () => {
    fundId = await newFund();
    const row = {
      fund_id: fundId,
      text: "The gate held.",
      embedding,
      reference_ids: [],
      supabase_refs: [],
      duckdb_refs: [],
      workflow_id: null,
      langfuse_trace_id: null,
      trust: "system" as const,
      nodes: [{ kind: "Scenario" as const, ref: "rates_up200" }],
      edges: [],
    };
    await port.remember(row, `event/${randomUUID()}/commander.remember`);
  });
  const search = (actor: Actor) =>
    database.rpc(actor, "fn_search_memories", { embedding, fund_id: fundId, max_rows: 5 });

  it.each([
    ["the portfolio manager", PM],
    ["an auditor", AUDIT],
    ["another room", { role: "agent_kyc" } as Actor],
  ])("%s does", async (_, actor) => {
    expect((await search(actor)).map(({ text }) => text)).toEqual(["The gate held."]);
    expect(await database.read(actor, (tx) => tx.memory_nodes.count())).toBeGreaterThan(0);
  });

  it.each([
    ["an investor", LP],
    ["operations", OPS],
    ["the service", { role: "service_role" } as Actor],
  ])("%s neither searches nor reads", async (_, actor) => {
    await expect(search(actor)).rejects.toMatchObject({ code: "EG403" });
    for (const table of ["agent_memories", "memory_nodes", "memory_edges"] as const) {
      const read = database.read(actor, (tx): Promise<number> => {
        if (table === "agent_memories") return tx.agent_memories.count();
        return table === "memory_nodes" ? tx.memory_nodes.count() : tx.memory_edges.count();
      });
      await expect(read).rejects.toMatchObject({ code: "EG403" });
    }
  });

  it("row-level security alone keeps it from an investor who was granted both by mistake", async () => {
    const admin = new pg.Client({ connectionString: fresh.adminUrl });
    await admin.connect();
    try {
      await admin.query(
        `grant select on agent_memories to lp_role, ops_role; grant execute on function fn_search_memories(float8[], uuid, int) to lp_role, ops_role`,
      );
      for (const actor of [LP, OPS]) {
        expect(await search(actor)).toEqual([]);
        expect(await database.read(actor, (tx) => tx.agent_memories.count())).toBe(0);
      }
    } finally {
      await admin.end();
    }
  });
});

describe("a room's search, from the vectors its process keeps", () => {
  const rowOf = (fund_id: FundId, text: string, embedding: number[]) => ({
    ...{ fund_id, text, embedding, reference_ids: [], supabase_refs: [], duckdb_refs: [] },
    ...{ workflow_id: null, langfuse_trace_id: null, trust: "system" as const, nodes: [], edges: [] },
  });
  const vector = (seed: number): number[] =>
    Array.from({ length: CONTRACT_DIMENSIONS }, (_, at) => Math.sin(seed * 7.3 + at * (1 + (seed % 5))));
  const same = async (fundId: FundId): Promise<void> => {
    for (const seed of [3, 1000, 1001]) {
      const embedding = vector(seed);
      const inSql = await database.rpc({ role: "agent_commander" }, "fn_search_memories", {
        embedding,
        fund_id: fundId,
        max_rows: 7,
      });
      const kept = await port.search({ embedding, fundId, limit: 7 });
      expect(kept.map(({ memory_id, text, trust, recorded_at }) => ({ memory_id, text, trust, recorded_at }))).toEqual(
        inSql.map(({ memory_id, text, trust, recorded_at }) => ({ memory_id, text, trust, recorded_at })),
      );
      for (const [at, { score }] of kept.entries()) expect(score).toBeCloseTo(inSql[at]!.score!, 12);
    }
  };

  it("answers as the search in SQL does: after more than a page, with equal vectors, after one is superseded, after one that was under way", async () => {
    const fundId = await newFund();
    const admin = new pg.Client({ connectionString: fresh.adminUrl });
    await admin.connect();
    try {
      await admin.query(
        `insert into agent_memories (fund_id, text, embedding, trust)
         select $1, 'bulk ' || n, array(select (sin(n * 3.1 + i) / 3)::float8 from generate_series(1, ${CONTRACT_DIMENSIONS}) i), 'system' from generate_series(1, 300) n`,
        [fundId],
      );
      await same(fundId);
      for (let n = 0; n < 6; n += 1)
        await port.remember(
          rowOf(fundId, `one ${n}`, vector(n % 2 === 0 ? 3 : n)),
          `event/${randomUUID()}/commander.remember`,
        );
      await same(fundId);
      await admin.query("begin");
      await admin.query("set local role agent_commander");
      await admin.query("select fn_remember($1)", [JSON.stringify(rowOf(fundId, "under way", vector(3)))]);
      await port.remember(rowOf(fundId, "later and sooner", vector(1000)), `event/${randomUUID()}/commander.remember`);
      await same(fundId);
      await admin.query("commit");
      const nearest = await port.search({ embedding: vector(3), fundId, limit: 7 });
      expect(nearest.map(({ text }) => text)).toContain("under way");
      await admin.query("update agent_memories set superseded_at = now() where memory_id = $1", [
        nearest[0]!.memory_id,
      ]);
      await same(fundId);
      expect(
        (await port.search({ embedding: vector(3), fundId, limit: 7 })).map(({ memory_id }) => memory_id),
      ).not.toContain(nearest[0]!.memory_id);
    } finally {
      await admin.end();
    }
  });

  it.each([
    ["an investor", LP],
    ["operations", OPS],
  ])("%s may not list what is kept", async (_, actor) => {
    await expect(database.rpc(actor, "fn_list_memories", { fund_id: await newFund() })).rejects.toMatchObject({
      code: "EG403",
    });
  });
});
