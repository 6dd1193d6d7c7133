// A filing of 50 MB passes through without staying: the heap after collection does not grow with the holdings that went by.
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { readFiling } from "./read-filing.ts";
import { scaled, writeSyntheticFiling } from "./synthetic-filing.ts";

const HOLDINGS = 46_000;

it("reads 50 MB with a heap that does not follow", { timeout: 240_000 }, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const folder = await mkdtemp(join(tmpdir(), "nport-memory-"));
  try {
    const file = join(folder, "large.xml");
    const facts = await writeSyntheticFiling(file, { holdings: HOLDINGS });
    let seen = 0;
    let total = 0n;
    const heap: number[] = [];
    const leis: string[] = [];
    const filing = await readFiling(createReadStream(file), {
      onHolding: (holding) => {
        total += BigInt((holding.valUSD ?? "0").replace(".", ""));
        seen += 1;
        // What a caller keeps must not keep the file: a slice of 13 characters or more would hold on to the text around it.
        leis.push(holding.lei ?? "");
        if (seen % 5000 === 0) heap.push(used());
      },
    });
    expect(filing.source.bytes).toBeGreaterThan(50_000_000);
    expect(filing.holdingCount).toBe(HOLDINGS);
    expect(scaled(total, 2)).toBe(scaled(facts.holdingsTotalCents, 2));
    expect(heap).toHaveLength(9);
    expect(leis).toHaveLength(HOLDINGS);
    // 40,000 holdings lie between the first and the last measurement; kept, they would be some 40 MB, and so would the text of the file.
    expect(Math.max(...heap) - (heap[0] ?? 0)).toBeLessThan(8_000_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
