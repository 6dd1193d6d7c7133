// RPC cases: statements of a dealing day, and the books they and performance are made from.
import { expect } from "vitest";
import { AUDIT, agent, LP_A, LP_B, OPS } from "../arrange.ts";
import { dayAt } from "../dealing-day.ts";
import { userOf } from "../populate.ts";
import { wrongDay } from "./dealing-day-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

export const STATEMENT_CASES: RpcCase[] = [
  {
    fn: "fn_prepare_statements",
    by: agent("commander"),
    arrange: async (db) => ({ dealing_day_id: (await dayAt(db, "settled")).dayId }),
    check: async ([row], args, db) => {
      expect(row?.fn_prepare_statements).toEqual({
        dealing_day_id: args.dealing_day_id,
        investors: 2,
        written: 2,
        stale_days: [],
      });
      expect(
        await db.look(
          `select version, body #>> '{account,foot,closing}' as closing, hash = encode(sha256(convert_to(body::text, 'UTF8')), 'hex') as hashed
             from statements where dealing_day_id = $1 order by 2`,
          [args.dealing_day_id],
        ),
      ).toEqual([
        { version: 1, closing: "102600.00", hashed: true },
        { version: 1, closing: "10800.00", hashed: true },
      ]);
      expect(
        await db.look(
          "select count(*)::int as n from event_investors join fund_events e using (event_id) where e.type = 'STATEMENTS_READY' and e.payload ->> 'dealing_day_id' = $1",
          [args.dealing_day_id],
        ),
      ).toEqual([{ n: 2 }]);
      expect(await db.look("select step from dealing_days where dealing_day_id = $1", [args.dealing_day_id])).toEqual([
        { step: 11 },
      ]);
    },
    other: () => ({ dealing_day_id: NOWHERE }),
    audits: 1,
    events: ["STATEMENTS_READY"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "allocated")),
      {
        what: "a day whose price is gone",
        code: "EG428",
        change: async (_a, db) => {
          const day = await dayAt(db, "posted");
          await db.look("update class_navs set published_at = null where share_class_id = $1", [day.classId]);
          return { dealing_day_id: day.dayId };
        },
      },
    ],
  },
  {
    fn: "fn_request_documents",
    by: LP_A,
    arrange: async (db) => {
      const { dayId, holder } = await dayAt(db, "settled", { holderUser: userOf(LP_A) });
      await db.call(agent("commander"), "fn_prepare_statements", { dealing_day_id: dayId });
      const [own] = await db.look(
        "select statement_id from statements where dealing_day_id = $1 and investor_id = $2",
        [dayId, holder],
      );
      return { statement_id: own?.statement_id };
    },
    check: async ([row], args, db) => {
      const { event_id, workflow_id } = (row?.fn_request_documents ?? {}) as Record<string, string>;
      expect(workflow_id).toBe(`event/${event_id}`);
      // of no fund, and seen by the investor whose statement it is
      expect(
        await db.look(
          `select e.fund_id, e.payload, o.mode, i.investor_id = s.investor_id as own from fund_events e join event_outbox o using (event_id)
             join event_investors i using (event_id) join statements s on s.statement_id::text = e.payload ->> 'statement_id' where e.event_id = $1`,
          [event_id],
        ),
      ).toEqual([{ fund_id: null, payload: { statement_id: args.statement_id }, mode: "run", own: true }]);
      // while that run is open it is the answer to everybody
      const again = () => db.value<{ event_id: string }>(OPS, "fn_request_documents", args);
      expect(await again()).toEqual({ event_id, workflow_id });
      const run = { workflow_id, type: "make-documents", event_id };
      await db.call(agent("commander"), "fn_open_workflow", run);
      expect((await again()).event_id).toBe(event_id);
      await db.call(agent("commander"), "fn_complete_workflow", { workflow_id, status: "failed", metadata: "{}" });
      const second = await again();
      expect(second.event_id).not.toBe(event_id);
      // what could be handed to nobody is asked for anew
      await db.look("update event_outbox set dead_at = now(), reason = 'a synthetic end' where event_id = $1", [
        second.event_id,
      ]);
      expect((await again()).event_id).not.toBe(second.event_id);
    },
    other: () => ({ statement_id: NOWHERE }),
    audits: 1,
    events: ["STATEMENT_DOCUMENTS_REQUESTED"],
    refuses: [
      {
        what: "the thirty-first run of a statement within an hour",
        code: "EG428",
        change: async (args, db) => {
          for (let run = 0; run < 30; run++) {
            const { workflow_id, event_id } = await db.value<Record<string, string>>(
              LP_A,
              "fn_request_documents",
              args,
            );
            await db.call(agent("commander"), "fn_open_workflow", { workflow_id, type: "make-documents", event_id });
            const end = { workflow_id, status: "completed", metadata: "{}" };
            await db.call(agent("commander"), "fn_complete_workflow", end);
          }
          return args;
        },
      },
      { what: "a statement of somebody else", code: "EG404", by: LP_B, change: (a) => a },
      { what: "a statement that is not there", code: "EG404", by: OPS, change: () => ({ statement_id: NOWHERE }) },
    ],
  },
  {
    fn: "fn_statement_books",
    by: LP_A,
    arrange: async (db) => {
      const day = await dayAt(db, "posted", { holderUser: userOf(LP_A) });
      return { investor_id: day.holder, share_class_id: day.classId };
    },
    check: ([row], args) => {
      expect(row?.fn_statement_books).toMatchObject({
        investor: args.investor_id,
        currency: "USD",
        takenOver: true,
        entries: [
          { kind: "transfer_in", effectiveOn: "2025-01-15", units: "1000" },
          { kind: "redemption", effectiveOn: "2026-01-30", units: "-50", amount: "5400", price: "108" },
        ],
        lots: [
          { effectiveOn: "2025-01-15", units: "1000" },
          { effectiveOn: "2026-01-30", units: "950" },
        ],
        strikes: [
          { date: "2025-01-15", navPerUnit: "100" },
          { date: "2026-01-30", navPerUnit: "108" },
        ],
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "an investor of somebody else", code: "EG404", by: LP_B, change: (a) => a },
      {
        what: "an investor that is not there",
        code: "EG404",
        by: OPS,
        change: (a) => ({ ...a, investor_id: NOWHERE }),
      },
      { what: "a class that is not there", code: "EG404", change: (a) => ({ ...a, share_class_id: NOWHERE }) },
      { what: "a time without end", code: "EG400", change: (a) => ({ ...a, known_on: "infinity" }) },
    ],
  },
  {
    fn: "fn_performance_books",
    by: AUDIT,
    arrange: async (db) => ({ fund: (await dayAt(db, "posted", { holderUser: userOf(LP_A) })).fund.code }),
    check: ([row]) => {
      expect(row?.fn_performance_books).toMatchObject({
        holders: 2,
        currency: "USD",
        classes: [
          {
            code: "A",
            prices: [{ date: "2026-01-30", price: "108" }],
            flows: [
              { date: "2025-01-15", via: "taken_over", units: "1000", paidIn: "100000", paidOut: "0" },
              { date: "2026-01-30", via: "cash", units: "50", paidIn: "10800", paidOut: "5400" },
            ],
          },
        ],
        dates: [{ date: "2026-01-30", staleShare: "0", borrows: false }],
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: () => ({ fund: "NONE" }) },
      { what: "a class the fund does not have", code: "EG404", change: (a) => ({ ...a, share_class: "Z" }) },
      { what: "an investor that is not there", code: "EG404", change: (a) => ({ ...a, investor_ids: [NOWHERE] }) },
      { what: "nobody", code: "EG413", change: (a) => ({ ...a, investor_ids: "{}" }) },
      { what: "a time without end", code: "EG400", change: (a) => ({ ...a, known_on: "-infinity" }) },
      { what: "a fund an LP is not in", code: "EG404", by: LP_B, change: (a) => a },
      {
        what: "somebody else's holding",
        code: "EG404",
        by: LP_B,
        change: async (_a, db) => {
          const day = await dayAt(db, "posted", { holderUser: userOf(LP_A), subscriberUser: userOf(LP_B) });
          return { fund: day.fund.code, investor_ids: [day.holder] };
        },
      },
    ],
  },
];
