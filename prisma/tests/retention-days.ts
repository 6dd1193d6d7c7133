// For tests of retention: rows that are older than their term, and what an archive of them would say. All of it synthetic.
import { createHash } from "node:crypto";
import type { Args, TestDatabase } from "./arrange.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Events of May 2020, one minute after the other; nobody works on them. Answers their ids. */
export async function oldEvents(
  db: TestDatabase,
  fundId: string,
  events: readonly { investors?: readonly string[]; payload?: Args; month?: string }[],
): Promise<string[]> {
  const made: string[] = [];
  for (const [at, { investors = [], payload = {}, month = "2020-05" }] of events.entries()) {
    const [row] = await db.look<{ event_id: string }>(
      `insert into fund_events (type, fund_id, payload, source, event_meta, created_by, recorded_at)
       values ('COMPLIANCE_FAILED', $1, $2, 'synthetic', '{"trace_id": "t"}', 'agent:compliance-sentinel', $3::timestamptz) returning event_id`,
      [
        fundId,
        {
          rule: "SYN",
          entity_type: "funds",
          entity_id: String(at),
          note: `what only the content says: ${at} "ü"`,
          ...payload,
        },
        `${month}-10T10:${String(at % 60).padStart(2, "0")}:00.123456Z`,
      ],
    );
    const id = String(row?.event_id);
    for (const investor of investors)
      await db.look("insert into event_investors (event_id, investor_id) values ($1, $2)", [id, investor]);
    made.push(id);
  }
  return made;
}

/** Marks of one asset, all in the month named and a newer one, so that none of the old is the newest. */
export async function oldMarks(
  db: TestDatabase,
  fundId: string,
  assetId: string,
  month: string,
  navs: readonly string[],
): Promise<void> {
  const insert = (day: string, nav: string) =>
    db.look(
      `insert into asset_snapshots (asset_id, fund_id, as_of, nav, scenario_id, method, source) values ($1, $2, $3, $4, '', 'synthetic', 'synthetic')`,
      [assetId, fundId, day, nav],
    );
  for (const [at, nav] of navs.entries()) await insert(`${month}-${String(at + 1).padStart(2, "0")}`, nav);
  const [{ newer } = { newer: false }] = await db.look<{ newer: boolean }>(
    "select exists (select from asset_snapshots where asset_id = $1 and as_of > '2024-01-01') as newer",
    [assetId],
  );
  if (!newer) await insert("2024-01-31", navs.at(-1) ?? "1");
}

/** What a true archive of these rows says, computed here from the rows as they are read for it. */
export async function archiveOf(
  db: TestDatabase,
  what: "fund_events" | "asset_snapshots",
  fundId: string | null,
  month: string,
): Promise<Args> {
  const rows = await db.call({ role: "agent_simulation" }, "fn_read_archivable", { what, fund_id: fundId, month });
  return {
    fund_id: fundId,
    month,
    rows: rows.length,
    digest: sha256(rows.map((row) => sha256(String(row.canonical))).join("")),
    archive: { file: `archive/${what}.parquet`, sha256: "b".repeat(64), bytes: 1000, stored: "home" },
  };
}
