// RPC cases: files in and out. What they do in depth is in import-orders, import-bank and export-payments.
import { expect } from "vitest";
import { type Args, OPS, type TestDatabase } from "../arrange.ts";
import { DEALING_DATE, dayAt, dealingFund } from "../dealing-day.ts";
import {
  approvedAccounts,
  codeOf,
  credit,
  FUND_IBAN,
  file,
  IBANS,
  importLines,
  importOrders,
  OPS_TWO,
  subscription,
} from "../import-files.ts";
import { newInvestor } from "../synthetic-fund.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const text = (value: unknown): string => JSON.stringify(value);
const list = (args: Args, name: string): Args[] => JSON.parse(String(args[name])) as Args[];

async function orders(db: TestDatabase): Promise<Args> {
  const on = await dealingFund(db);
  const investor = await codeOf(db, await newInvestor(db, null));
  return { fund: on.fund.code, file: file(), orders: text([{ line: 2, ...subscription(investor, "5000.00", "S-1") }]) };
}

async function statement(db: TestDatabase): Promise<Args> {
  const on = await dealingFund(db);
  const investor = await codeOf(db, await newInvestor(db, null));
  await importOrders(db, on, [subscription(investor, "5000.00", "S-1")]);
  return { fund: on.fund.code, file: file(), lines: text([{ line: 2, ...credit("5000.00", { remittance: "S-1" }) }]) };
}

/** What every import refuses before it looks at a row. */
const fileRefusals = (rows: "orders" | "lines"): Refusal[] => [
  { what: "a fund that is not there", code: "EG404", change: (args) => ({ ...args, fund: "NOWHERE" }) },
  {
    what: "a hash that is none",
    code: "EG400",
    change: (args) => ({ ...args, file: { ...(args.file as Args), sha256: "abc" } }),
  },
  {
    what: "a path for a name",
    code: "EG400",
    change: (args) => ({ ...args, file: { ...(args.file as Args), name: "../etc/passwd" } }),
  },
  {
    what: "an unknown format",
    code: "EG400",
    change: (args) => ({ ...args, file: { ...(args.file as Args), format: "pdf" } }),
  },
  { what: "rows that are no list", code: "EG400", change: (args) => ({ ...args, [rows]: text({}) }) },
  { what: "no rows", code: "EG413", change: (args) => ({ ...args, [rows]: text([]) }) },
  {
    what: "too many rows",
    code: "EG413",
    change: (args) => ({ ...args, [rows]: text(Array(50_001).fill({ line: 1 })) }),
  },
  { what: "a row without a line", code: "EG400", change: (args) => ({ ...args, [rows]: text([{}]) }) },
  {
    what: "a row that is huge",
    code: "EG400",
    change: (args) => ({ ...args, [rows]: text([{ line: 1, remittance: "x".repeat(10_000) }]) }),
  },
];
const otherRow =
  (rows: "orders" | "lines") =>
  (args: Args): Args => ({ ...args, file: file(), [rows]: text(list(args, rows).map((row) => ({ ...row, line: 7 }))) });

async function payable(db: TestDatabase): Promise<Args> {
  const day = await dayAt(db, "claimable");
  await approvedAccounts(db, day, [
    [null, FUND_IBAN],
    [await codeOf(db, day.holder), IBANS[0]],
  ]);
  return { fund: day.fund.code, dealing_date: DEALING_DATE };
}

export const IMPORT_CASES: RpcCase[] = [
  {
    fn: "fn_import_orders",
    by: OPS,
    arrange: orders,
    async check(rows, args, db) {
      expect(rows[0]?.fn_import_orders).toMatchObject({ status: "imported", accepted: 1 });
      expect(
        await db.look("select count(*)::int as n from import_rows r join funds f using (fund_id) where f.code = $1", [
          args.fund,
        ]),
      ).toEqual([{ n: 1 }]);
    },
    other: otherRow("orders"),
    audits: 2,
    events: ["SUBSCRIPTION_REQUESTED", "ORDERS_IMPORTED"],
    refuses: fileRefusals("orders"),
  },
  {
    fn: "fn_import_bank_statement",
    by: OPS,
    arrange: statement,
    check(rows) {
      expect(rows[0]?.fn_import_bank_statement).toMatchObject({ status: "imported", accepted: 1, unmatched: 0 });
    },
    other: otherRow("lines"),
    audits: 2,
    events: ["CASH_CONFIRMED", "BANK_STATEMENT_IMPORTED"],
    refuses: [
      ...fileRefusals("lines"),
      {
        what: "the statement of another account",
        code: "EG400",
        async change(args, db) {
          const [fund] = await db.look<{ fund_id: string }>("select fund_id from funds where code = $1", [args.fund]);
          await approvedAccounts(
            db,
            { fund: { fundId: String(fund?.fund_id), code: String(args.fund), assets: {} }, classId: "", holder: "" },
            [[null, FUND_IBAN]],
          );
          return { ...args, lines: text(list(args, "lines").map((line) => ({ ...line, account: IBANS[3] }))) };
        },
      },
    ],
  },
  {
    fn: "fn_match_bank_lines",
    by: OPS,
    async arrange(db) {
      const on = await dealingFund(db);
      const investor = await codeOf(db, await newInvestor(db, null));
      const done = await importLines(db, on, [credit("5000.00", { remittance: "S-1" }), credit("1.00")]);
      await importOrders(db, on, [subscription(investor, "5000.00", "S-1")]);
      return { import_id: done.import_id };
    },
    check(rows) {
      expect(rows[0]?.fn_match_bank_lines).toMatchObject({ matched: 1, unmatched: 1 });
    },
    other: (args) => ({ ...args, line_position: 2, flow_id: NOWHERE }),
    audits: 2,
    events: ["CASH_CONFIRMED", "BANK_LINES_MATCHED"],
    refuses: [
      { what: "an import that is not there", code: "EG404", change: (args) => ({ ...args, import_id: NOWHERE }) },
      { what: "a line without an order", code: "EG400", change: (args) => ({ ...args, line_position: 1 }) },
      {
        what: "a line that is not there",
        code: "EG428",
        change: (args) => ({ ...args, line_position: 9, flow_id: NOWHERE }),
      },
      {
        what: "an order that is not there",
        code: "EG404",
        change: (args) => ({ ...args, line_position: 1, flow_id: NOWHERE }),
      },
      {
        what: "an order of another amount",
        code: "EG400",
        change: async (args, db) => ({
          ...args,
          line_position: 2,
          flow_id: (
            await db.look(
              "select r.flow_id from import_rows r join import_batches b on b.fund_id = r.fund_id where b.import_id = $1 and r.kind = 'orders'",
              [args.import_id],
            )
          )[0]?.flow_id,
        }),
      },
      {
        what: "an import of orders",
        code: "EG428",
        change: async (args, db) => ({
          import_id: (
            await db.look(
              "select o.import_id from import_batches o join import_batches b using (fund_id) where b.import_id = $1 and o.kind = 'orders'",
              [args.import_id],
            )
          )[0]?.import_id,
        }),
      },
      {
        what: "an import that was undone",
        code: "EG428",
        async change(args, db) {
          await db.call(OPS_TWO, "fn_undo_import", { import_id: args.import_id, reason: "test" });
          return args;
        },
      },
    ],
  },
  {
    fn: "fn_undo_import",
    by: OPS,
    async arrange(db) {
      const on = await dealingFund(db);
      const done = await importOrders(db, on, [
        subscription(await codeOf(db, await newInvestor(db, null)), "5000.00", "S-1"),
      ]);
      return { import_id: done.import_id, reason: "the wrong file" };
    },
    check(rows) {
      expect(rows[0]?.fn_undo_import).toMatchObject({ status: "undone", undone: 1, kept: [] });
    },
    other: (args) => ({ ...args, reason: "another reason" }),
    audits: 2,
    events: ["ORDER_CANCELLED", "IMPORT_UNDONE"],
    refuses: [
      { what: "an import that is not there", code: "EG404", change: (args) => ({ ...args, import_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (args) => ({ ...args, reason: "" }) },
      { what: "no reason at all", code: "EG400", change: (args) => ({ ...args, reason: null }) },
      {
        what: "twice",
        code: "EG428",
        async change(args, db) {
          await db.call(OPS, "fn_undo_import", args);
          return args;
        },
      },
      {
        what: "by who confirmed its cash",
        code: "EG420",
        async change(args, db) {
          const [fund] = await db.look<{ fund_id: string; code: string }>(
            "select f.fund_id, f.code from funds f join import_batches b using (fund_id) where b.import_id = $1",
            [args.import_id],
          );
          const bank = await importLines(
            db,
            { fund: { fundId: String(fund?.fund_id), code: String(fund?.code), assets: {} }, classId: "", holder: "" },
            [credit("5000.00", { remittance: "S-1" })],
          );
          return { ...args, import_id: bank.import_id };
        },
      },
    ],
  },
  {
    fn: "fn_export_payments",
    by: OPS,
    arrange: payable,
    check(rows) {
      expect(rows[0]?.fn_export_payments).toMatchObject({ transactions: 1, control_sum: "5400.0000", repeated: false });
    },
    other: (args) => ({ ...args, execution_date: "2099-01-05" }),
    audits: 1,
    events: ["PAYMENTS_EXPORTED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (args) => ({ ...args, fund: "NOWHERE" }) },
      { what: "another purpose", code: "EG400", change: (args) => ({ ...args, purpose: "gifts" }) },
      {
        what: "compensation where none is due",
        code: "EG428",
        change: (args) => ({ ...args, purpose: "compensation" }),
      },
      { what: "a day without end", code: "EG400", change: (args) => ({ ...args, dealing_date: "infinity" }) },
      {
        what: "an execution date that has passed",
        code: "EG400",
        change: (args) => ({ ...args, execution_date: "2020-01-01" }),
      },
      {
        what: "a day on which nothing is due",
        code: "EG428",
        change: (args) => ({ ...args, dealing_date: "2026-03-31" }),
      },
      {
        what: "a fund without an account",
        code: "EG428",
        change: async (args, db) => ({ ...args, fund: (await dealingFund(db)).fund.code }),
      },
    ],
  },
  {
    fn: "fn_withdraw_payments",
    by: OPS,
    async arrange(db) {
      const made = await db.value<{ payment_file_id: string }>(OPS, "fn_export_payments", await payable(db));
      return { payment_file_id: made.payment_file_id, reason: "the bank refused it" };
    },
    async check(_rows, args, db) {
      expect(
        await db.look(
          "select p.status, l.live from payment_files p join payment_lines l using (payment_file_id) where payment_file_id = $1",
          [args.payment_file_id],
        ),
      ).toEqual([{ status: "withdrawn", live: false }]);
    },
    other: (args) => ({ ...args, reason: "another reason" }),
    audits: 1,
    events: ["PAYMENTS_WITHDRAWN"],
    refuses: [
      { what: "a file that is not there", code: "EG404", change: (args) => ({ ...args, payment_file_id: NOWHERE }) },
      { what: "no reason", code: "EG400", change: (args) => ({ ...args, reason: "" }) },
      {
        what: "twice",
        code: "EG428",
        async change(args, db) {
          await db.call(OPS, "fn_withdraw_payments", args);
          return args;
        },
      },
    ],
  },
];
