// RPC cases: legal holds, what is due, retiring what was archived, and reading events wherever their content is.
import { expect } from "vitest";
import { agent, OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import { archiveOf, oldEvents, oldMarks } from "../retention-days.ts";
import { newFund } from "../synthetic-fund.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const MONTH = "2020-05-01";
const dueEvents = async (db: TestDatabase) => {
  const { fundId } = await newFund(db);
  await oldEvents(db, fundId, [{}, {}]);
  return archiveOf(db, "fund_events", fundId, MONTH);
};
const dueMarks = async (db: TestDatabase) => {
  const { fundId, assets } = await newFund(db);
  await oldMarks(db, fundId, String(Object.values(assets)[0]), "2010-03", ["10.5000", "11.2500"]);
  return archiveOf(db, "asset_snapshots", fundId, "2010-03-01");
};
const place = async (db: TestDatabase, fundId: unknown) =>
  (await db.value<{ hold_id: string }>(PM_ONE, "fn_place_legal_hold", { fund_id: fundId, reason: "a claim" })).hold_id;

const refusedRetiring: Refusal[] = [
  { what: "no day that begins a month", code: "EG400", change: (a) => ({ ...a, month: "2020-05-02" }) },
  { what: "no digest", code: "EG400", change: (a) => ({ ...a, digest: "abc" }) },
  { what: "no file", code: "EG400", change: (a) => ({ ...a, archive: { sha256: "b".repeat(64) } }) },
  { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund_id: NOWHERE }) },
  { what: "another digest", code: "EG425", change: (a) => ({ ...a, digest: "c".repeat(64) }) },
  { what: "another number of rows", code: "EG425", change: (a) => ({ ...a, rows: 7 }) },
  {
    what: "rows that are too young",
    code: "EG428",
    change: (a) => ({ ...a, month: `${new Date().toISOString().slice(0, 7)}-01` }),
  },
  {
    what: "a legal hold",
    code: "EG428",
    change: async (a, db) => {
      await place(db, a.fund_id);
      return a;
    },
  },
];

export const RETENTION_CASES: RpcCase[] = [
  {
    fn: "fn_place_legal_hold",
    by: PM_ONE,
    arrange: async (db) => ({ fund_id: (await newFund(db)).fundId, reason: "a claim against the fund" }),
    check: async (_rows, args, db) => {
      expect(
        await db.look("select reason, placed_by, until, lifted_at from legal_holds where fund_id = $1", [args.fund_id]),
      ).toEqual([
        {
          reason: args.reason,
          placed_by: `user:${"userId" in PM_ONE ? PM_ONE.userId : ""}`,
          until: null,
          lifted_at: null,
        },
      ]);
    },
    other: (args) => ({ ...args, reason: "another claim" }),
    audits: 1,
    events: ["LEGAL_HOLD_PLACED"],
    refuses: [
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      { what: "a time that has passed", code: "EG400", change: (a) => ({ ...a, until: "2020-01-01T00:00:00Z" }) },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund_id: NOWHERE }) },
    ],
  },
  {
    fn: "fn_lift_legal_hold",
    by: PM_TWO,
    arrange: async (db) => ({ hold_id: await place(db, (await newFund(db)).fundId), reason: "the claim was settled" }),
    check: async (_rows, args, db) => {
      expect(
        await db.look("select lift_reason, lifted_at is not null as lifted from legal_holds where hold_id = $1", [
          args.hold_id,
        ]),
      ).toEqual([{ lift_reason: args.reason, lifted: true }]);
    },
    other: (args) => ({ ...args, reason: "another reason" }),
    audits: 1,
    events: ["LEGAL_HOLD_LIFTED"],
    refuses: [
      { what: "whoever placed it", code: "EG420", by: PM_ONE, change: (a) => a },
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      { what: "a hold that is not there", code: "EG404", change: (a) => ({ ...a, hold_id: NOWHERE }) },
      {
        what: "one that was lifted",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_lift_legal_hold", { hold_id: a.hold_id, reason: "settled" });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_plan_retention",
    by: OPS,
    arrange: async (db) => {
      await dueEvents(db);
      return {};
    },
    check: (rows) => {
      expect(rows.filter((row) => row.what === "fund_events" && row.rows === "2" && row.held === false)).not.toEqual(
        [],
      );
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_archivable",
    by: agent("simulation"),
    arrange: async (db) => {
      const { fundId } = await newFund(db);
      await oldEvents(db, fundId, [{}, {}, {}]);
      return { what: "fund_events", fund_id: fundId, month: MONTH };
    },
    check: (rows) => {
      expect(rows.map((row) => JSON.parse(String(row.canonical)).payload.entity_id)).toEqual(["0", "1", "2"]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "another kind", code: "EG400", change: (a) => ({ ...a, what: "compliance_logs" }) },
      { what: "the middle of a month", code: "EG400", change: (a) => ({ ...a, month: "2020-05-15" }) },
    ],
  },
  {
    fn: "fn_retire_events",
    by: OPS,
    arrange: dueEvents,
    check: async (_rows, args, db) => {
      expect(
        await db.look(
          "select payload, archive_id::text as archive, origin_tx <> tx as moved from fund_events where fund_id = $1 and recorded_at < '2021-01-01' order by seq",
          [args.fund_id],
        ),
      ).toEqual(
        ["0", "1"].map((entity_id) => ({
          // the required keys of COMPLIANCE_FAILED
          payload: { rule: "SYN", entity_type: "funds", entity_id },
          archive: String(args.digest).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, "$1-$2-8$3-8$4-$5"),
          moved: true,
        })),
      );
    },
    other: (args) => ({ ...args, rows: 3 }),
    audits: 1,
    events: ["ROWS_RETIRED"],
    refuses: refusedRetiring,
  },
  {
    fn: "fn_retire_snapshots",
    by: OPS,
    arrange: dueMarks,
    check: async (_rows, args, db) => {
      expect(
        await db.look("select count(*)::int as n from asset_snapshots where fund_id = $1 and as_of < '2011-01-01'", [
          args.fund_id,
        ]),
      ).toEqual([{ n: 0 }]);
    },
    other: (args) => ({ ...args, rows: 3 }),
    audits: 1,
    events: ["ROWS_RETIRED"],
    refuses: [...refusedRetiring, { what: "no fund", code: "EG400", change: (a) => ({ ...a, fund_id: null }) }],
  },
  {
    fn: "fn_read_events",
    by: PM_ONE,
    arrange: async (db) => {
      const { fundId } = await newFund(db);
      await oldEvents(db, fundId, [{}, {}]);
      await db.call(OPS, "fn_retire_events", await archiveOf(db, "fund_events", fundId, MONTH));
      return { fund_id: fundId, until: "2021-01-01T00:00:00Z" };
    },
    check: (rows) => {
      expect(rows.map((row) => [(row.payload as { entity_id: string }).entity_id, row.archive_id === null])).toEqual([
        ["0", false],
        ["1", false],
      ]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
