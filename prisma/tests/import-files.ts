// Synthetic files as the import functions take them: rows of orders, lines of statements, and the accounts of a fund and its investors.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { type Args, OPS, PM_ONE, type TestDatabase } from "./arrange.ts";
import type { DealingFund } from "./dealing-day.ts";

export const OPS_TWO: Actor = { role: "ops_role", userId: "00000000-0000-4000-8000-000000000007" };
export const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
export const FUND_IBAN = "LU280019400644750000";
export const IBANS = [
  "DE89370400440532013000",
  "GB82WEST12345698765432",
  "NO9386011117947",
  "FR1420041010050500013M02606",
] as const;

export interface Imported {
  import_id: string | null;
  status: string;
  repeated: boolean;
  rows: number;
  accepted: number;
  refused: number;
  unmatched: number;
  refusals: { position: number; line: number; outcome: string; code?: string; reason: string; column?: string }[];
}

/** A file of its own, unless its content is named. */
export const file = (content: string = randomUUID(), format = "csv"): Args => ({
  sha256: sha(content),
  name: "synthetic.csv",
  format,
});

export const codeOf = async (db: TestDatabase, investorId: string): Promise<string> =>
  String((await db.look("select code from investors where investor_id = $1", [investorId]))[0]?.code);

export const importOrders = (
  db: TestDatabase,
  { fund }: DealingFund,
  orders: Args[],
  more: Args = {},
  by: Actor = OPS,
): Promise<Imported> =>
  db.value<Imported>(by, "fn_import_orders", {
    fund: fund.code,
    file: file(),
    orders: orders.map((order, at) => ({ line: at + 2, ...order })),
    ...more,
  });

export const importLines = (
  db: TestDatabase,
  { fund }: DealingFund,
  lines: Args[],
  more: Args = {},
  by: Actor = OPS,
): Promise<Imported> =>
  db.value<Imported>(by, "fn_import_bank_statement", {
    fund: fund.code,
    file: file(),
    lines: lines.map((line, at) => ({
      line: at + 2,
      // the door sends the hash of the number beside it
      ...(typeof line.counterparty_account === "string" ? { counterparty_index: sha(line.counterparty_account) } : {}),
      ...line,
    })),
    ...more,
  });

export const subscription = (investor: string, amount: string, reference?: string): Args => ({
  investor,
  share_class: "A",
  direction: "subscription",
  amount,
  currency: "USD",
  ...(reference === undefined ? {} : { reference }),
});
export const redemption = (investor: string, units: string, reference?: string): Args => ({
  investor,
  share_class: "A",
  direction: "redemption",
  units,
  ...(reference === undefined ? {} : { reference }),
});
export const credit = (amount: string, more: Args = {}): Args => ({
  side: "credit",
  amount,
  booked_on: "2026-02-03",
  currency: "USD",
  ...more,
});
export const debit = (amount: string, more: Args = {}): Args => ({ ...credit(amount, more), side: "debit" });

/** An account as it is proposed: of an investor encrypted, which is noise here, with its hashes; null: the fund's own, in clear. */
export function accountOf(investor: string | null, account: string, more: Args = {}): Args {
  const own = { bic: null, holder: "Somebody (synthetic)", currency: "USD", ...more };
  if (investor === null) return { investor, account, ...own };
  const { holder, ...said } = own;
  return {
    investor,
    account_id: randomUUID(),
    sealed: `v1.${randomBytes(60).toString("base64")}`,
    account_index: sha(account),
    content_mark: sha(JSON.stringify([account, holder, said.bic, said.currency])),
    ...said,
  };
}

/** Accounts proposed by operations and approved by a portfolio manager; null: the fund's own. */
export async function approvedAccounts(
  db: TestDatabase,
  { fund }: DealingFund,
  accounts: readonly [investor: string | null, account: string][],
): Promise<void> {
  await db.call(OPS, "fn_propose_bank_accounts", {
    fund: fund.code,
    accounts: accounts.map(([investor, account]) => accountOf(investor, account)),
  });
  const ids = await db.look<{ account_id: string }>(
    "select account_id from bank_accounts where fund_id = $1 and status = 'proposed'",
    [fund.fundId],
  );
  await db.call(PM_ONE, "fn_decide_bank_accounts", {
    accounts: JSON.stringify(ids.map((row) => row.account_id)),
    decision: "approved",
  });
}

export const outcomes = async (db: TestDatabase, importId: string | null): Promise<string[]> =>
  (
    await db.look<{ outcome: string }>("select outcome from import_rows where import_id = $1 order by position", [
      importId,
    ])
  ).map((row) => row.outcome);

export const flowOf = async (db: TestDatabase, importId: string | null, position: number): Promise<string> =>
  String(
    (await db.look("select flow_id from import_rows where import_id = $1 and position = $2", [importId, position]))[0]
      ?.flow_id,
  );

export const statusOf = async (db: TestDatabase, flowId: string): Promise<unknown> =>
  (await db.look("select status from fund_flows where flow_id = $1", [flowId]))[0]?.status;
