// RPC cases: breaches with their cure, and the regulatory calendar.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import { newFund, newProposal } from "../synthetic-fund.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const SENTINEL = agent("compliance-sentinel");
const breach = async (db: TestDatabase, change: Args = {}) => ({
  fund: (await newFund(db)).code,
  rule: "synthetic/single-asset",
  class: "passive",
  cause: "the market moved",
  detail: JSON.stringify({ value: "0.27", limit: "0.25" }),
  cure_days: 90,
  ...change,
});
const recorded = async (db: TestDatabase, change: Args = {}) =>
  (await db.value<{ breach_id: string }>(SENTINEL, "fn_record_breach", await breach(db, change))).breach_id;

const obligation = async (db: TestDatabase, change: Args = {}) => ({
  fund: (await newFund(db)).code,
  code: "annual-report",
  title: "Annual report",
  source: "synthetic",
  due_on: "2026-01-31",
  every_months: 1,
  ...change,
});
const owed = async (db: TestDatabase, change: Args = {}) =>
  (await db.value<{ obligation_id: string }>(OPS, "fn_set_obligation", await obligation(db, change))).obligation_id;

export const BREACH_CASES: RpcCase[] = [
  {
    fn: "fn_record_breach",
    by: SENTINEL,
    arrange: breach,
    check: async ([row], args, db) => {
      const answered = row?.fn_record_breach as { breach_id: string };
      const { breach_id } = answered;
      expect(
        await db.look(
          "select class, cause, value::float8 as value, limit_value::float8 as most, round(extract(epoch from cure_by - detected_at) / 86400)::int as days from breaches where breach_id = $1",
          [breach_id],
        ),
      ).toEqual([{ class: "passive", cause: "the market moved", value: 0.27, most: 0.25, days: 90 }]);
      // one that stands is one
      const again = await db.value<Args>(SENTINEL, "fn_record_breach", { ...args, cause: "seen again" });
      expect(again.breach_id).toBe(breach_id);
    },
    other: (args) => ({ ...args, cause: "another" }),
    audits: 1,
    events: ["BREACH_RECORDED"],
    refuses: [
      { what: "no cause", code: "EG400", change: (a) => ({ ...a, cause: "" }) },
      { what: "a class that is none", code: "EG400", change: (a) => ({ ...a, class: "unlucky" }) },
      {
        what: "a value that is none",
        code: "EG400",
        change: (a) => ({ ...a, detail: JSON.stringify({ value: "NaN" }) }),
      },
      { what: "no object", code: "EG400", change: (a) => ({ ...a, detail: "[]" }) },
      { what: "no time to cure", code: "EG400", change: (a) => ({ ...a, cure_days: 0 }) },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      {
        what: "a proposal of another fund",
        code: "EG404",
        change: async (a, db) => ({ ...a, proposal_id: (await newProposal(db)).proposalId }),
      },
    ],
  },
  {
    fn: "fn_cure_breach",
    by: PM_ONE,
    arrange: async (db) => ({
      breach_id: await recorded(db, { class: "active" }),
      note: "sold what was too much",
      cost: "12.50",
      compensated: "paid by the manager, synthetic",
    }),
    check: async (_rows, args, db) => {
      expect(
        await db.look(
          "select cost::text, compensated, cure_note, cured_at is not null as cured from breaches where breach_id = $1",
          [args.breach_id],
        ),
      ).toEqual([{ cost: "12.5000", compensated: args.compensated, cure_note: args.note, cured: true }]);
    },
    other: (args) => ({ ...args, note: "another" }),
    audits: 1,
    events: ["BREACH_CURED"],
    refuses: [
      { what: "no note", code: "EG400", change: (a) => ({ ...a, note: "" }) },
      { what: "a cost below nothing", code: "EG400", change: (a) => ({ ...a, cost: "-1" }) },
      { what: "an active breach without its cost", code: "EG400", change: (a) => ({ ...a, cost: null }) },
      { what: "a cost that nobody made good", code: "EG424", change: (a) => ({ ...a, compensated: null }) },
      { what: "a breach that is not there", code: "EG404", change: (a) => ({ ...a, breach_id: NOWHERE }) },
      {
        what: "one that is cured",
        code: "EG428",
        change: async (a, db) => {
          const breach_id = await recorded(db);
          await db.call(PM_TWO, "fn_cure_breach", { breach_id, note: "the market moved back" });
          return { ...a, breach_id };
        },
      },
    ],
  },
  {
    fn: "fn_set_obligation",
    by: OPS,
    arrange: obligation,
    check: async ([row], _args, db) => {
      const answered = row?.fn_set_obligation as { obligation_id: string };
      const { obligation_id } = answered;
      expect(
        await db.look(
          "select code, due_on::text, every_months, lead_days, occurrence from obligations where obligation_id = $1",
          [obligation_id],
        ),
      ).toEqual([{ code: "annual-report", due_on: "2026-01-31", every_months: 1, lead_days: 14, occurrence: 0 }]);
    },
    other: (args) => ({ ...args, code: "other-report" }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a code that is none", code: "EG400", change: (a) => ({ ...a, code: "Not A Code" }) },
      { what: "no source", code: "EG400", change: (a) => ({ ...a, source: "" }) },
      { what: "a day that never comes", code: "EG400", change: (a) => ({ ...a, due_on: "infinity" }) },
      { what: "every zero months", code: "EG400", change: (a) => ({ ...a, every_months: 0 }) },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      {
        what: "one that is open already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_set_obligation", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_complete_obligation",
    by: OPS,
    arrange: async (db) => ({ obligation_id: await owed(db), evidence: "filed, synthetic reference 1" }),
    check: async ([row], args, db) => {
      const answered = row?.fn_complete_obligation as Args;
      const { next_obligation_id, next_due_on } = answered;
      expect(next_due_on).toBe("2026-02-28");
      // the last of a month stays the last: counted from the first day
      const later = await db.value<Args>(OPS, "fn_complete_obligation", {
        obligation_id: next_obligation_id,
        evidence: "filed",
      });
      expect(later.next_due_on).toBe("2026-03-31");
      expect(
        await db.look("select evidence, done_at is not null as done from obligations where obligation_id = $1", [
          args.obligation_id,
        ]),
      ).toEqual([{ evidence: args.evidence, done: true }]);
    },
    other: (args) => ({ ...args, evidence: "another" }),
    audits: 1,
    events: ["OBLIGATION_DONE"],
    refuses: [
      { what: "no evidence", code: "EG400", change: (a) => ({ ...a, evidence: "" }) },
      { what: "an obligation that is not there", code: "EG404", change: (a) => ({ ...a, obligation_id: NOWHERE }) },
      {
        what: "one that is done",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_complete_obligation", { ...a, request_id: undefined });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_tick_obligations",
    by: SENTINEL,
    arrange: async (db) => {
      const { code } = await newFund(db);
      const on = async (name: string, days: number) =>
        db.call(OPS, "fn_set_obligation", {
          ...(await obligation(db)),
          fund: code,
          code: name,
          due_on: new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10),
        });
      await on("soon", 10);
      await on("later", 40);
      return { fund: code };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_tick_obligations).toEqual({ due: 1, overdue: 0, uncured: 0 });
      // once
      expect(await db.value(SENTINEL, "fn_tick_obligations", { fund: args.fund })).toEqual({
        due: 0,
        overdue: 0,
        uncured: 0,
      });
    },
    other: () => ({}),
    audits: 1,
    events: ["OBLIGATION_DUE"],
    refuses: [{ what: "a fund that is not there", code: "EG404", change: () => ({ fund: "NONE" }) }],
  },
];
