// A search from kept vectors answers what a search of the store would, whatever is written, superseded and still under way meanwhile.
import { randomUUID } from "node:crypto";
import { FundId } from "@evergreen-fund/domain/ids.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MemoryHit } from "./memory-port.ts";
import { type ListedMemory, type ShelfOptions, shelvedSearch } from "./vector-shelf.ts";

const FUND = FundId.parse(randomUUID());
const OTHER = FundId.parse(randomUUID());

type Row = {
  fundId: FundId;
  id: string;
  vector: number[];
  tx: number;
  open: boolean;
  superseded: boolean;
  hidden: boolean;
};

/** A store with transactions that end in another order than they began in, as in Postgres; it counts how it was asked. */
function store() {
  const rows: Row[] = [];
  const asked = { list: 0, vectors: 0, search: 0 };
  let nextTx = 1;
  let held: Promise<void> | undefined;
  const hit = ({ id }: Row): Omit<MemoryHit, "score"> => ({
    memory_id: id,
    text: id,
    trust: "system",
    supabase_refs: [],
    duckdb_refs: [],
    workflow_id: null,
    langfuse_trace_id: null,
    recorded_at: "2026-11-21T00:00:00.000Z",
  });
  const visible = (fundId: FundId): Row[] => rows.filter((row) => row.fundId === fundId && !row.open && !row.hidden);
  const exact = (embedding: number[], fundId: FundId, limit: number): { id: string; score: number | null }[] => {
    const length = Math.hypot(...embedding);
    return visible(fundId)
      .filter(({ superseded, vector }) => !superseded && vector.length === embedding.length)
      .map(({ id, vector }) => {
        const sum = vector.reduce((all, value, at) => all + value * ((embedding[at] ?? 0) / length), 0);
        return { id, score: sum === 0 || length === 0 ? null : sum };
      })
      .sort((a, b) => (b.score ?? -9) - (a.score ?? -9) || (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  };
  const options: ShelfOptions = {
    list: async ({ fundId, since, memoryIds, maxRows }) => {
      asked.list += 1;
      const open = rows.filter((row) => row.open).map(({ tx }) => tx);
      const horizon = Math.min(nextTx, ...open);
      const changed = visible(fundId)
        .filter(({ tx }) => tx >= Number(since))
        .sort((a, b) => a.tx - b.tx);
      const last = changed[maxRows - 1]?.tx ?? Number.POSITIVE_INFINITY;
      const page = new Set(changed.filter(({ tx }, at) => at < maxRows || tx === last));
      const memories = visible(fundId)
        .filter((row) => page.has(row) || memoryIds.includes(row.id))
        .map((row): ListedMemory => {
          const gives = page.has(row) && !row.superseded;
          if (gives) asked.vectors += 1;
          return {
            ...hit(row),
            tx: String(row.tx),
            changed: page.has(row),
            embedding: gives ? [...row.vector] : null,
            superseded: row.superseded,
          };
        });
      const waited = held;
      held = undefined;
      await waited;
      return { horizon: String(horizon), memories };
    },
    search: async ({ embedding, fundId, limit }) => {
      asked.search += 1;
      return exact(embedding, fundId, limit).map(({ id, score }) => ({
        ...hit(rows.find((row) => row.id === id)!),
        score,
      }));
    },
  };
  return {
    options,
    asked,
    exact,
    rows,
    /** The first listing that `ask` makes is made at once and arrives when it is released. */
    late<T>(ask: () => T): { release: () => void; answer: T } {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      const answer = ask();
      held = undefined;
      return { release, answer };
    },
    add(vector: number[], more: Partial<Row> = {}): void {
      const length = Math.hypot(...vector) || 1;
      const unit = vector.map((value) => value / length);
      rows.push({
        fundId: FUND,
        id: randomUUID(),
        vector: unit,
        tx: nextTx++,
        open: false,
        superseded: false,
        hidden: false,
        ...more,
      });
    },
    commit: (n: number): void => {
      const open = rows.filter((row) => row.open);
      if (open.length > 0) open[n % open.length]!.open = false;
    },
    supersede: (n: number): void => {
      const there = rows.filter((row) => !row.open && !row.superseded);
      if (there.length === 0) return;
      const row = there[n % there.length]!;
      row.superseded = true;
      row.tx = nextTx++;
    },
  };
}

const found = (hits: MemoryHit[]) =>
  hits.map(({ memory_id, score }) => [memory_id, score === null ? null : Number(score.toFixed(9))]);
const wanted = (hits: { id: string; score: number | null }[]) =>
  hits.map(({ id, score }) => [id, score === null ? null : Number(score.toFixed(9))]);

describe("a search from kept vectors", () => {
  it("reads a vector once, then only what changed", async () => {
    const kept = store();
    const search = shelvedSearch(kept.options);
    for (let n = 0; n < 20; n += 1) kept.add([1, n, 0]);
    await search({ embedding: [1, 0, 0], fundId: FUND, limit: 3 });
    expect(kept.asked).toEqual({ list: 1, vectors: 20, search: 0 });
    kept.add([1, 0, 0]);
    expect(found(await search({ embedding: [2, 0, 0], fundId: FUND, limit: 3 }))).toEqual(
      wanted(kept.exact([2, 0, 0], FUND, 3)),
    );
    expect(kept.asked).toEqual({ list: 2, vectors: 21, search: 0 });
  });

  it("finds what a transaction wrote that began before others and ended after them", async () => {
    const kept = store();
    const search = shelvedSearch(kept.options);
    kept.add([1, 0], { open: true });
    kept.add([0, 1]);
    expect(await search({ embedding: [1, 0], fundId: FUND, limit: 5 })).toHaveLength(1);
    kept.commit(0);
    expect(found(await search({ embedding: [1, 0], fundId: FUND, limit: 1 }))).toEqual([[kept.rows[0]!.id, 1]]);
  });

  it("does not answer a memory that the caller may not see any more", async () => {
    const kept = store();
    const search = shelvedSearch(kept.options);
    kept.add([1, 0]);
    kept.add([1, 1]);
    await search({ embedding: [1, 0], fundId: FUND, limit: 2 });
    kept.rows[0]!.hidden = true;
    expect((await search({ embedding: [1, 0], fundId: FUND, limit: 2 })).map(({ memory_id }) => memory_id)).toEqual([
      kept.rows[1]!.id,
    ]);
    expect(kept.asked.search).toBe(0);
  });

  it("reads a large fund in pages, and leaves one that is too large to the store", async () => {
    const kept = store();
    for (let n = 0; n < 30; n += 1) kept.add([1, n / 10]);
    const pages = shelvedSearch({ ...kept.options, pageRows: 7, maxKept: 30 });
    const ask = { embedding: [1, 1], fundId: FUND, limit: 4 };
    expect(found(await pages(ask))).toEqual(wanted(kept.exact([1, 1], FUND, 4)));
    expect(kept.asked).toMatchObject({ list: 5, search: 0 });
    kept.add([1, 1]);
    expect(found(await pages(ask))).toEqual(wanted(kept.exact([1, 1], FUND, 4)));
    expect(kept.asked.search).toBe(1);
  });

  it("keeps no more than it may: the fund that was not asked for longest is read again", async () => {
    const kept = store();
    const search = shelvedSearch({ ...kept.options, maxKept: 3 });
    for (const fundId of [FUND, FUND, OTHER, OTHER]) kept.add([1, 0], { fundId });
    for (const fundId of [FUND, OTHER, FUND]) await search({ embedding: [1, 0], fundId, limit: 5 });
    expect(kept.asked).toEqual({ list: 3, vectors: 6, search: 0 });
  });

  it("asks the store when the question has no direction", async () => {
    const kept = store();
    kept.add([1, 0]);
    expect(await shelvedSearch(kept.options)({ embedding: [0, 0], fundId: FUND, limit: 5 })).toMatchObject([
      { score: null },
    ]);
    expect(kept.asked).toMatchObject({ list: 0, search: 1 });
  });

  it("answers what the store would after any writes, also when answers of the store arrive late", async () => {
    const axis = fc.integer({ min: -2, max: 2 });
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant("add" as const),
          vector: fc.tuple(axis, axis, axis),
          open: fc.boolean(),
        }),
      },
      fc.record({ do: fc.constantFrom("commit" as const, "supersede" as const), n: fc.nat(9) }),
      fc.constant({ do: "arrive" as const }),
      fc.record({
        do: fc.constant("search" as const),
        vector: fc.tuple(axis, axis, axis),
        limit: fc.integer({ min: 1, max: 4 }),
        late: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: "max" }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, pageRows) => {
          const kept = store();
          const search = shelvedSearch({ ...kept.options, pageRows });
          // answers of the store that are under way while others overtake them
          const late: { release: () => void; answer: Promise<MemoryHit[]> }[] = [];
          for (const one of steps) {
            if (one.do === "arrive") {
              const [first] = late.splice(0, 1);
              first?.release();
              await first?.answer;
            } else if (one.do === "add") kept.add([...one.vector], { open: one.open });
            else if (one.do !== "search") kept[one.do](one.n);
            else {
              const ask = { embedding: [...one.vector], fundId: FUND, limit: one.limit };
              if (one.late) late.push(kept.late(() => search(ask)));
              else expect(found(await search(ask))).toEqual(wanted(kept.exact(ask.embedding, FUND, one.limit)));
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
