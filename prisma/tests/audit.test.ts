// The audit trail in the database: sealed under load into chains that another program recomputes, and what becomes of tampering with it.
import { describe, expect, it } from "vitest";
import { callOn, PM_ONE, refusedWith, SERVICE, testDatabase } from "./arrange.ts";
import { verifyTrail } from "./audit-rows.ts";
import { newFund } from "./synthetic-fund.ts";

const db = await testDatabase();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const look = db.look.bind(db);
const seal = (max_entries = 50_000) => db.value<number>(SERVICE, "fn_seal_audit", { max_entries });
/** Seals all that is committed. */
const sealAll = async (): Promise<number> => {
  await db.settled();
  return seal();
};
const PLATFORM = "00000000-0000-0000-0000-000000000000";

const funds = [await newFund(db), await newFund(db)];
/** One audited change of the platform or of a fund. */
const record = (fund_id: string | null, n = 0) => ({
  type: "STRESS_REQUESTED",
  payload: { scenario_id: `s${n}`, shift_bps: 1 },
  source: "test",
  fund_id,
});

describe("sealing", () => {
  it("under 8 writers with random delays and 3 sealers: every row once, no fork, nothing out of order", async () => {
    let writing = true;
    const sealers = Array.from({ length: 3 }, async () => {
      let sealed = 0;
      for (let idle = 0; writing || idle < 3; ) {
        const n = await seal(1 + Math.floor(Math.random() * 60));
        sealed += n;
        idle = n === 0 ? idle + 1 : 0;
        if (n === 0) await pause(2);
      }
      return sealed;
    });
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; n < 40; n++) {
          const fundId = [null, funds[0]?.fundId ?? null, funds[1]?.fundId ?? null][(writer + n) % 3] ?? null;
          const isRolledBack = Math.random() < 0.1;
          const work = db.as(PM_ONE, async (client) => {
            await callOn(client, "fn_record_event", record(fundId, n));
            if (Math.random() < 0.2) await pause(Math.random() * 15);
            if (isRolledBack) throw new Error("rolled back");
          });
          await (isRolledBack ? work.catch(() => {}) : work);
        }
      }),
    );
    await db.settled();
    writing = false;
    const sealed = (await Promise.all(sealers)).reduce((sum, n) => sum + n, 0);
    const verdict = await verifyTrail(look);
    expect(verdict).toMatchObject({ ok: true, unsealed: 0, overdue: [], entries: sealed });
    expect(verdict.heads.map((head) => head.chainId).sort()).toEqual(
      [PLATFORM, ...funds.map((fund) => fund.fundId)].sort(),
    );
    expect(verdict.entries).toBeGreaterThan(200);
    // the run had gaps (rolled back) and numbers committed out of order, or it would have proved little
    const [shape] = await db.look<{ gaps: number; inversions: number }>(
      `select (max(seq) - count(*))::int as gaps, (select count(*)::int from (select tx < lag(tx) over (order by seq) as back from audit_trail) x where back) as inversions from audit_trail`,
    );
    expect(shape?.gaps).toBeGreaterThan(0);
    expect(shape?.inversions).toBeGreaterThan(0);
  });

  it("two chains are independent: more of one leaves the head of the other", async () => {
    const before = (await verifyTrail(look)).heads;
    await db.call(PM_ONE, "fn_record_event", record(funds[0]?.fundId ?? null));
    await sealAll();
    const after = (await verifyTrail(look)).heads;
    const changed = after.filter((head, i) => head.hash !== before[i]?.hash).map((head) => head.chainId);
    expect(changed).toEqual([funds[0]?.fundId]);
  });

  it("waits for a transaction that is still open, and seals it after", async () => {
    await db.as(PM_ONE, async (client) => {
      await callOn(client, "fn_record_event", record(null));
      await db.call(PM_ONE, "fn_record_event", record(null)); // committed, but younger
      expect(await seal()).toBe(0);
      expect((await verifyTrail(look)).unsealed).toBe(1);
    });
    expect(await sealAll()).toBe(2);
    expect((await verifyTrail(look)).ok).toBe(true);
  });

  it("begun and rolled back, leaves nothing half; seals nothing twice", async () => {
    await db.call(PM_ONE, "fn_record_event", record(null));
    await db.settled();
    const before = await db.fingerprint();
    const crash = db.as(SERVICE, async (client) => {
      expect(await callOn(client, "fn_seal_audit", {})).toEqual([{ fn_seal_audit: 1 }]);
      throw new Error("crash");
    });
    await expect(crash).rejects.toThrow("crash");
    expect(await db.fingerprint()).toEqual(before);
    expect([await sealAll(), await seal()]).toEqual([1, 0]);
  });

  it("from a snapshot that is too old gives up instead of forking", async () => {
    const client = await db.app.connect();
    await client.query("begin isolation level repeatable read");
    await client.query("select set_config('role', 'service_role', true)");
    await client.query("select 1 from public.audit_cursor");
    await db.call(PM_ONE, "fn_record_event", record(null));
    expect(await sealAll()).toBe(1);
    expect(await refusedWith(callOn(client, "fn_seal_audit", {}))).toBe("EG503");
    await client.query("rollback");
    client.release();
    expect((await verifyTrail(look)).ok).toBe(true);
  });
});

it("nobody changes what is written, not even the owner of the tables", async () => {
  const client = await db.admin.connect();
  try {
    await client.query("begin");
    await client.query("set local role evergreen_owner");
    for (const table of ["audit_trail", "audit_blocks", "commands", "approvals", "fund_events", "event_investors"]) {
      const column = (
        await db.look(`select attname from pg_attribute where attrelid = 'public.${table}'::regclass and attnum = 1`)
      )[0]?.attname;
      for (const sql of [
        `update public.${table} set ${column} = ${column}`,
        `delete from public.${table}`,
        `truncate public.${table} cascade`,
      ]) {
        await client.query("savepoint one");
        const rows = (await client.query(`select 1 from public.${table} limit 1`)).rowCount;
        const code = await client.query(sql).then(
          () => "ok",
          (error: { code?: string }) => error.code,
        );
        expect(code, sql).toBe(rows === 0 && !sql.startsWith("truncate") ? "ok" : "EG428");
        await client.query("rollback to one");
      }
    }
  } finally {
    await client.query("rollback");
    client.release();
  }
});

describe("tampering by a superuser who switches the triggers off", () => {
  const target = "(select seq from audit_trail where fund_id is null order by tx, seq offset 3 limit 1)";
  const digest = "digest = sha256(canonical)";
  const kinds: [string, string, { reason: string; at: string | null }][] = [
    [
      "edits a message",
      `update audit_trail set message = 'nothing happened' where seq = ${target}`,
      { reason: "edited", at: "3" },
    ],
    [
      "edits message, bytes and digest",
      `update audit_trail set message = 'x', canonical = convert_to(jsonb_set(convert_from(canonical, 'UTF8')::jsonb, '{message}', '"x"')::text, 'UTF8') where seq = ${target};
      update audit_trail set ${digest} where seq = ${target}`,
      { reason: "out_of_place", at: "3" },
    ],
    ["deletes a row", `delete from audit_trail where seq = ${target}`, { reason: "out_of_place", at: "4" }],
    [
      "exchanges two rows",
      `do $$ declare x record; y record; begin
        select audit_id, tx, seq into x from audit_trail where fund_id is null order by tx, seq offset 3 limit 1;
        select audit_id, tx, seq into y from audit_trail where fund_id is null order by tx, seq offset 4 limit 1;
        update audit_trail set seq = -1 where audit_id = x.audit_id;
        update audit_trail set tx = x.tx, seq = x.seq where audit_id = y.audit_id;
        update audit_trail set tx = y.tx, seq = y.seq where audit_id = x.audit_id;
      end $$`,
      { reason: "out_of_place", at: "3" },
    ],
    [
      "inserts a row into the past",
      `insert into audit_trail (fund_id, entity_type, entity_id, message, created_by, canonical, digest, tx, seq)
      select null, 'x', 'x', 'x', 'x', '{}', sha256('{}'), tx, -seq from audit_trail where seq = ${target}`,
      { reason: "edited", at: null },
    ],
    [
      "moves a row to a fund",
      `update audit_trail set fund_id = '${funds[0]?.fundId}' where seq = ${target}`,
      { reason: "edited", at: "3" },
    ],
    [
      "deletes the newest rows",
      "delete from audit_trail where fund_id is null and seq > (select max(seq) - 1 from audit_trail where fund_id is null)",
      { reason: "missing", at: null },
    ],
    [
      "deletes the newest block of every chain with its rows",
      `delete from audit_trail a using audit_blocks b where b.to_seq = (select seq from audit_cursor) and (a.tx, a.seq) > (b.from_tx, b.from_seq);
      delete from audit_blocks where to_seq = (select seq from audit_cursor)`,
      { reason: "missing", at: null },
    ],
    [
      "edits a block",
      `update audit_blocks set digests = digests || '\\x00' where chain_id = '${PLATFORM}' and height = 1`,
      { reason: "block", at: "0" },
    ],
    [
      "deletes a block",
      `delete from audit_blocks where chain_id = '${PLATFORM}' and height = 1`,
      { reason: "block", at: "0" },
    ],
  ];

  it.each(kinds)("who %s is found out", async (_what, sql, wanted) => {
    expect((await verifyTrail(look)).ok).toBe(true);
    const seqs = (
      await db.look<{ seq: string }>("select seq from audit_trail where fund_id is null order by tx, seq")
    ).map((row) => row.seq);
    const client = await db.admin.connect();
    try {
      await client.query("begin");
      await client.query("set local session_replication_role = replica");
      await client.query(sql);
      const verdict = await verifyTrail(
        async <T extends Record<string, unknown>>(query: string) => (await client.query<T>(query)).rows,
      );
      expect(verdict.ok).toBe(false);
      expect(verdict.firstBad?.reason).toBe(wanted.reason);
      if (wanted.at !== null) expect(verdict.firstBad?.seq).toBe(seqs[Number(wanted.at)]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });
});
