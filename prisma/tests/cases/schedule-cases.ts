// RPC cases: what people do to schedules.
import { expect } from "vitest";
import { type Args, OPS, PM_ONE, SERVICE, type TestDatabase } from "../arrange.ts";
import { newFund } from "../synthetic-fund.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const codeOf = async (db: TestDatabase): Promise<string> => {
  const { code } = await newFund(db);
  return code;
};

const change = (what: string, code: Refusal["code"], put: Record<string, unknown>): Refusal => ({
  what,
  code,
  change: (args) => ({ ...args, ...put }),
});

/** A clock of the platform as the worker tells it. */
export const CLOCK = {
  schedule_id: "platform/kyc",
  zone: "UTC",
  fires: "every 3600 s",
  paused: false,
  next: ["2026-11-23T10:00:00Z"],
  recent: [
    {
      due: "2026-11-22T10:00:00Z",
      started: "2026-11-22T10:00:01Z",
      workflow_id: "tick-kyc-2026-11-22T10:00:00Z",
      status: "completed",
    },
  ],
};

/** A clock of a new fund, running. */
async function told(db: TestDatabase, put: Partial<typeof CLOCK> = {}): Promise<string> {
  const schedule_id = `deal/${await codeOf(db)}/A`;
  await db.call(SERVICE, "fn_tell_schedules", { schedules: JSON.stringify([{ ...CLOCK, schedule_id, ...put }]) });
  return schedule_id;
}

async function asked(db: TestDatabase): Promise<string> {
  const schedule_id = await told(db);
  const { event_id } = await db.value<{ event_id: string }>(OPS, "fn_ask_schedule", {
    schedule_id,
    action: "pause",
    note: "moving the calendar",
  });
  return event_id;
}

const clocks = (put: Record<string, unknown>) => () => ({ schedules: JSON.stringify([{ ...CLOCK, ...put }]) });

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
  {
    fn: "fn_tell_schedules",
    by: SERVICE,
    arrange: async (db) => ({
      schedules: JSON.stringify([{ ...CLOCK, schedule_id: `deal/${await codeOf(db)}/A` }]),
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_tell_schedules).toBe(1);
      const [{ schedule_id }] = JSON.parse(String(args.schedules)) as [{ schedule_id: string }];
      expect(
        await db.look("select fund_id is not null as of_a_fund, fires, recent from schedules where schedule_id = $1", [
          schedule_id,
        ]),
      ).toMatchObject([{ of_a_fund: true, fires: CLOCK.fires, recent: [{ status: "completed" }] }]);
      // what stands as it stood changes nothing
      expect(await db.value(SERVICE, "fn_tell_schedules", args)).toBe(0);
    },
    other: null,
    audits: 1,
    events: [],
    refuses: [
      { what: "no list", code: "EG400", change: () => ({ schedules: "{}" }) },
      { what: "an id that is none", code: "EG400", change: clocks({ schedule_id: "everything" }) },
      { what: "no next times", code: "EG400", change: clocks({ next: null }) },
      { what: "a run without an id", code: "EG400", change: clocks({ recent: [{ status: "completed" }] }) },
    ],
  },
  {
    fn: "fn_ask_schedule",
    by: OPS,
    arrange: async (db) => ({
      schedule_id: await told(db),
      action: "backfill",
      note: "the server was moved",
      first_day: "2026-11-02",
      last_day: "2026-11-06",
    }),
    check: async ([row], args, db) => {
      const { event_id } = (row as { fn_ask_schedule: { event_id: string } }).fn_ask_schedule;
      expect(await db.look("select payload from fund_events where event_id = $1", [event_id])).toEqual([
        { payload: args },
      ]);
      expect(
        await db.look("select asked, asked_event, answered_at from schedules where schedule_id = $1", [
          args.schedule_id,
        ]),
      ).toEqual([{ asked: "backfill", asked_event: event_id, answered_at: null }]);
    },
    other: (args) => ({ ...args, note: "something else" }),
    audits: 1,
    events: ["SCHEDULE_NOTED"],
    refuses: [
      change("a schedule that nobody told", "EG404", { schedule_id: "stress/NOWHERE" }),
      change("an action that is none", "EG400", { action: "delete" }),
      change("no reason", "EG400", { note: " " }),
      change("days backwards", "EG400", { first_day: "2026-11-06", last_day: "2026-11-02" }),
      change("days to come", "EG400", { first_day: "2126-11-02", last_day: "2126-11-02" }),
      change("two years", "EG400", { first_day: "2024-11-02" }),
      change("a pause of days", "EG400", { action: "pause" }),
      change("a clock that runs, to resume", "EG428", { action: "resume", first_day: null, last_day: null }),
      {
        what: "a clock that is paused, to pause",
        code: "EG428",
        change: async (_args, db) => ({
          schedule_id: await told(db, { paused: true }),
          action: "pause",
          note: "once more",
        }),
      },
      {
        what: "while the worker has not answered",
        code: "EG428",
        change: async (args, db) => {
          await db.call(OPS, "fn_ask_schedule", args);
          return args;
        },
      },
    ],
  },
  {
    fn: "fn_answer_schedule",
    by: SERVICE,
    arrange: async (db) => ({ event_id: await asked(db), outcome: "done", says: "It fires no more." }),
    check: async ([row], args, db) => {
      expect(row?.fn_answer_schedule).toBe(true);
      expect(await db.look("select outcome, says from schedules where asked_event = $1", [args.event_id])).toEqual([
        { outcome: "done", says: "It fires no more." },
      ]);
      expect(await db.value(SERVICE, "fn_answer_schedule", { ...args, outcome: "refused" })).toBe(false);
    },
    other: null,
    audits: 1,
    events: ["SCHEDULE_ANSWERED"],
    refuses: [
      change("something that nobody asked", "EG404", { event_id: NOWHERE }),
      change("an outcome that is none", "EG400", { outcome: "perhaps" }),
      change("nothing said", "EG400", { says: "" }),
    ],
  },
  {
    fn: "fn_read_schedules",
    by: PM_ONE,
    arrange: async (db) => {
      await asked(db);
      return {};
    },
    check: ([row]) => {
      const page = row?.fn_read_schedules as { schedules: Args[]; notes: Args[] };
      expect(page.schedules).toContainEqual(
        expect.objectContaining({ asked: expect.objectContaining({ action: "pause", answered_at: null }) }),
      );
      expect(page.notes[0]).toMatchObject({ action: "pause", note: "moving the calendar" });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
