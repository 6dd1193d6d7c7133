// A pack of a large fund is streamed: ten times the rows take no more memory, from Postgres to the file and through the verification.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { EVIDENCE, EvidenceWriter, verifyEvidence } from "@evergreen-fund/evidence";
import { dealingDatabase, dealingFund } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { openEvidenceReader } from "@evergreen-fund/supabase-client";
import { afterAll, expect, it } from "vitest";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const MB = 1 << 20;
const TABLE = "data_quality_results";
const folder = mkdtempSync(join(tmpdir(), "evergreen-large-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const db = await dealingDatabase();
const { fund } = await dealingFund(db);

/** What is held after a collection: the heap and what lies outside of it. */
function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Rows of a year of their own, synthetic, about 700 bytes each. */
async function rowsIn(year: number, rows: number): Promise<void> {
  await db.look(
    `insert into ${TABLE} (fund_id, "check", as_of, value, "limit", unit, passed, detail, snapshot_hash, workflow_id, created_at)
     select $1, 'stale_marks', make_date($2::int, 1, 1), 0.5, 1, 'share', true, jsonb_build_object('synthetic', repeat(md5(n::text), 10)), repeat('a', 64), 'test/' || $2::text || '/' || n,
            make_timestamptz($2::int, 1, 2, 0, 0, 0, 'UTC') from generate_series(1, $3::int) n`,
    [fund.fundId, year, rows],
  );
}

async function packed(year: number): Promise<{ bytes: number; rows: number; grown: number; file: string }> {
  const file = join(folder, `${year}.zip`);
  const reader = await openEvidenceReader({ url: db.database.adminUrl }, EVIDENCE, {
    fundId: fund.fundId,
    from: `${year}-01-01T00:00:00Z`,
    until: `${year + 1}-01-01T00:00:00Z`,
  });
  const handle = openSync(file, "w");
  try {
    const before = held();
    let [most, writes] = [before, 0];
    const writer = new EvidenceWriter({
      write: async (bytes, at) => {
        writeSync(handle, bytes, 0, bytes.length, at);
        if (writes++ % 25 === 0) most = Math.max(most, held());
      },
    });
    let rows = 0;
    for (const [name, { member, key }] of Object.entries(EVIDENCE).sort(([, a], [, b]) =>
      a.member < b.member ? -1 : 1,
    ))
      rows += (await writer.rows(member, key, reader.rows(name))).rows ?? 0;
    const tables = Object.fromEntries(Object.entries(EVIDENCE).map(([name, { member }]) => [name, member]));
    await writer.finish({
      fund: { fundId: fund.fundId, code: fund.code },
      from: `${year}-01-01`,
      to: `${year}-12-31`,
      tables,
    });
    return { bytes: statSync(file).size, rows, grown: most - before, file };
  } finally {
    closeSync(handle);
    await reader.close();
  }
}

it("of 100,000 rows grows no more than one of 10,000, and holds", async () => {
  await rowsIn(2001, 10_000);
  await rowsIn(2002, 100_000);
  await packed(2003); // whatever is loaded once is loaded
  const [small, large] = [await packed(2001), await packed(2002)];
  expect(small.rows).toBeGreaterThanOrEqual(10_000);
  expect(large.rows - small.rows).toBe(90_000);
  expect(large.bytes).toBeGreaterThan(50 * MB);
  // ten times the rows: what is held grows by a part of what was added at most, not with it
  expect(large.grown).toBeLessThan(Math.max(small.grown, 0) + 12 * MB);
  const handle = openSync(large.file, "r");
  try {
    const before = held();
    const verdict = verifyEvidence({
      size: large.bytes,
      read: (at, bytes) => {
        const piece = new Uint8Array(bytes);
        return piece.subarray(0, readSync(handle, piece, 0, bytes, at));
      },
    });
    expect(verdict).toMatchObject({ ok: true, findings: [] });
    expect(verdict.rows).toBe(large.rows);
    expect(held() - before).toBeLessThan(12 * MB);
  } finally {
    closeSync(handle);
  }
});
