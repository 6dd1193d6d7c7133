// RPC cases: credit lines of a fund.
import { expect } from "vitest";
import { PM_ONE } from "../arrange.ts";
import { CREDIT_LINE } from "../credit-line.ts";
import { newFund } from "../synthetic-fund.ts";
import type { RpcCase } from "./rpc-case.ts";

export const CREDIT_LINE_CASES: RpcCase[] = [
  {
    fn: "fn_set_credit_line",
    by: PM_ONE,
    arrange: async (db) => ({ fund: (await newFund(db)).code, ...CREDIT_LINE }),
    check: async ([row], args, db) => {
      expect(row?.fn_set_credit_line).toMatchObject({ version: 1 });
      expect(
        await db.look(
          "select line, committed, drawn, due_days from credit_lines join funds f using (fund_id) where f.code = $1",
          [args.fund],
        ),
      ).toEqual([{ line: "RCF-1", committed: "100000.0000", drawn: "40000.0000", due_days: 30 }]);
    },
    other: (args) => ({ ...args, drawn: "50000.00" }),
    audits: 1,
    events: ["CREDIT_LINE_SET"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      ...(
        [
          ["a lender with a space", { lender: "A bank" }],
          ["no line", { line: "" }],
          ["a currency that is none", { currency: "XXX" }],
          ["NaN for what is committed", { committed: "NaN" }],
          ["less than nothing drawn", { drawn: "-0.01" }],
          ["more drawn than committed", { drawn: "100000.01" }],
          ["parts of a cent", { drawn: "0.001" }],
          ["an end before its beginning", { expires_on: "2025-12-31" }],
          ["no end", { expires_on: "infinity" }],
          ["due before it is called", { due_days: -1 }],
        ] as const
      ).map(([what, change]) => ({
        what,
        code: "EG400" as const,
        change: (a: Record<string, unknown>) => ({ ...a, ...change }),
      })),
    ],
  },
];
