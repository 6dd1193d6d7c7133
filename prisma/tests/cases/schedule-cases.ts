// RPC cases: what people do to schedules.
import { expect } from "vitest";
import { OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { newFund } from "../synthetic-fund.ts";
import type { Refusal, RpcCase } from "./rpc-case.ts";

const codeOf = async (db: TestDatabase): Promise<string> => {
  const { code } = await newFund(db);
  return code;
};

const change = (what: string, code: "EG400" | "EG404", put: Record<string, unknown>): Refusal => ({
  what,
  code,
  change: (args) => ({ ...args, ...put }),
});

export const SCHEDULE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_note_schedule",
    by: OPS,
    arrange: async (db) => ({
      schedule_id: `deal/${await codeOf(db)}/A`,
      action: "pause",
      note: "moving the calendar",
    }),
    check: async ([row], args, db) => {
      const { event_id } = (row as { fn_note_schedule: { event_id: string } }).fn_note_schedule;
      expect(await db.look("select payload from fund_events where event_id = $1", [event_id])).toEqual([
        { payload: { schedule_id: args.schedule_id, action: "pause", note: "moving the calendar" } },
      ]);
    },
    other: (args) => ({ ...args, action: "resume" }),
    audits: 1,
    events: ["SCHEDULE_NOTED"],
    refuses: [
      { ...change("a fund that is not there", "EG404", { schedule_id: "stress/NOWHERE" }), by: PM_ONE },
      {
        ...change("a clock of the platform that is none", "EG404", { schedule_id: "platform/everything" }),
        by: PM_ONE,
      },
      change("a schedule that is none", "EG400", { schedule_id: "everything" }),
      change("an action that is none", "EG400", { action: "delete" }),
      change("no reason", "EG400", { note: " " }),
      change("a reason of two lines", "EG400", { note: "one\ntwo" }),
    ],
  },
];
