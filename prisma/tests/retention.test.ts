// What retiring means for the rows that refer to an event: a closed dealing day whose events are all retired is as sound as before, and nothing
// but the one update of retirement changes an event. What somebody still works on stays.
import { expect, it } from "vitest";
import { OPS, SERVICE } from "./arrange.ts";
import { broken, dayAt, dealingDatabase } from "./dealing-day.ts";
import { archiveOf, oldEvents } from "./retention-days.ts";
import { newFund } from "./synthetic-fund.ts";

const db = await dealingDatabase();
const MONTH = "2020-05-01";
const due = async (fundId: string): Promise<number> =>
  (
    await db.call({ role: "agent_simulation" }, "fn_read_archivable", {
      what: "fund_events",
      fund_id: fundId,
      month: MONTH,
    })
  ).length;

it("leaves a closed dealing day sound: its ledger, orders, runs and steps find their events", async () => {
  const day = await dayAt(db, "closed");
  const { fundId } = day.fund;
  const effects = () => db.look("select * from evergreen.broken_effects($1) order by 1, 2, 3, 4", [fundId]);
  // all of them recorded long ago; what is still to be delivered stays
  await db.look("alter table fund_events disable trigger user");
  await db.look("update fund_events set recorded_at = '2020-05-10T10:00:00Z' where fund_id = $1", [fundId]);
  await db.look("alter table fund_events enable trigger user");
  const before = await effects();
  const names =
    "select event_id, seq, type, source, event_meta, created_by, request_id from fund_events where fund_id = $1 and archive_id is not null order by seq";
  const archive = await archiveOf(db, "fund_events", fundId, MONTH);
  expect(archive.rows).toBeGreaterThan(5);
  await db.call(OPS, "fn_retire_events", archive);
  expect(await db.look(names, [fundId])).toHaveLength(Number(archive.rows));
  expect(await broken(db, day.fund)).toEqual([]);
  expect(await effects()).toEqual(before);
  // the database asks for required keys only, and those are still there
  const [kept] = await db.look(
    "select count(*)::int as n from fund_events e join event_types t using (type) where e.fund_id = $1 and e.archive_id is not null and not e.payload ?& t.required_keys",
    [fundId],
  );
  expect(kept).toEqual({ n: 0 });
});

it("lets nobody change or delete an event in any other way", async () => {
  const { fundId } = await newFund(db);
  const [event] = await oldEvents(db, fundId, [{}, {}]);
  const refusedWith = (sql: string) => expect(db.look(sql, [event])).rejects.toMatchObject({ code: "EG428" });
  await refusedWith("update fund_events set payload = '{}' where event_id = $1");
  await refusedWith("delete from fund_events where event_id = $1");
  // an archive of another transaction, and one that was never made
  await db.call(OPS, "fn_retire_events", await archiveOf(db, "fund_events", fundId, MONTH));
  const [late] = await oldEvents(db, fundId, [{}]);
  await expect(
    db.look(
      "update fund_events set payload = '{}', archive_id = (select archive_id from retention_archives limit 1), content_digest = '\\x00', origin_tx = tx where event_id = $1",
      [late],
    ),
  ).rejects.toMatchObject({ code: "EG428" });
  // what is retired stays as it is
  await refusedWith("update fund_events set payload = payload || '{\"x\": 1}' where event_id = $1");
  await refusedWith(
    "update fund_events set archive_id = null, content_digest = null, origin_tx = null where event_id = $1",
  );
});

it("leaves what is to be delivered, in an open batch or in a run that goes on", async () => {
  const { fundId } = await newFund(db);
  const [waits, batched, runs, free] = await oldEvents(db, fundId, [{}, {}, {}, {}]);
  await db.look(
    "insert into event_outbox (seq, event_id, type, mode, fund_id) select seq, event_id, type, 'run', fund_id from fund_events where event_id = $1",
    [waits],
  );
  await db.look(
    "insert into event_batches (type, event_ids, events) values ('COMPLIANCE_FAILED', array[$1::uuid], 1)",
    [batched],
  );
  await db.call(SERVICE, "fn_open_workflow", { workflow_id: `event/${runs}`, type: "commander", event_id: runs });
  expect(await due(fundId)).toBe(1);
  const archive = await archiveOf(db, "fund_events", fundId, MONTH);
  // one that was taken up again after it had been archived
  await db.look("delete from event_outbox where event_id = $1", [waits]);
  await expect(db.call(OPS, "fn_retire_events", archive)).rejects.toMatchObject({ code: "EG425" });
  await db.look("update event_batches set done_at = now() where $1 = any (event_ids)", [batched]);
  await db.call(SERVICE, "fn_complete_workflow", { workflow_id: `event/${runs}`, status: "completed", metadata: {} });
  expect(await due(fundId)).toBe(4);
  await db.call(OPS, "fn_retire_events", await archiveOf(db, "fund_events", fundId, MONTH));
  const left = await db.look("select event_id from fund_events where event_id = any ($1) and archive_id is null", [
    [waits, batched, runs, free],
  ]);
  expect(left).toEqual([]);
});
