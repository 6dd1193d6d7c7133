// The real offline model: meaning, not spelling, decides what is near.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FundId } from "@evergreen-fund/domain/ids.ts";
import { afterAll, describe, expect, it } from "vitest";
import { openEmbedder } from "./embedder.ts";
import { energeticEmbedder } from "./embedder-energetic.ts";
import { inMemoryPort } from "./in-memory-port.ts";
import { openMemory } from "./memory.ts";

const dir = mkdtempSync(join(tmpdir(), "evergreen-memory-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const MEMORIES = {
  rates: "An interest rate shock of two hundred basis points reduced the value of the loan portfolio.",
  gate: "Withdrawals were limited because investors asked for more than the liquid assets could pay.",
  identity: "The passport of an applicant had expired, so new identity documents were requested.",
  lunch: "The lunch menu had tomato soup and bread.",
};

describe("recall with the offline model", { timeout: 60_000 }, () => {
  const memory = openMemory({
    embedder: openEmbedder({ kind: "energetic" }),
    port: inMemoryPort(),
    dir,
    recallTimeoutMs: 20_000,
  });
  const fundId = FundId.parse(randomUUID());

  it.each<[string, keyof typeof MEMORIES]>([
    ["interest rates went up sharply and bond prices fell", "rates"],
    ["redemption requests exceeded available liquidity and were gated", "gate"],
    ["customer verification: ask for a valid identity card", "identity"],
  ])("%s finds its memory first and the lunch last", async (query, nearest) => {
    for (const [name, text] of Object.entries(MEMORIES)) {
      const requestId = `event/${fundId}/commander.remember.${name}`;
      await memory.remember({ text, fundId, workflow_id: null, langfuse_trace_id: null, trust: "system", requestId });
    }
    const recalled = await memory.recall({ fundId, query, limit: 4 });
    expect(recalled[0]?.text).toBe(MEMORIES[nearest]);
    expect(recalled[0]!.score).toBeGreaterThan(
      (recalled.find(({ text }) => text === MEMORIES.lunch)?.score ?? 0) + 0.2,
    );
  });

  it("leaves the event loop free while it computes", async () => {
    const embedder = openEmbedder({ kind: "energetic" });
    await embedder.embed(["load the model first"]);
    let turns = 0;
    let done = false;
    const counting = (async () => {
      while (!done) {
        await new Promise((turn) => setImmediate(turn));
        turns += 1;
      }
    })();
    await embedder.embed(["liquidity ".repeat(200)]);
    done = true;
    await counting;
    // computing on this thread lets at most two or three turns pass
    expect(turns).toBeGreaterThan(20);
  });

  it("gives 512 numbers, the same every time", async () => {
    const embedder = energeticEmbedder();
    const [first, again] = await embedder.embed([MEMORIES.gate, MEMORIES.gate]);
    expect(embedder.dimensions).toBe(512);
    expect(first).toHaveLength(512);
    expect(again).toEqual(first);
  });
});
