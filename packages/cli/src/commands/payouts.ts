// `payouts list|confirm`: what a fund owes beside orders (distributions, refunds, fees), and that it has left the bank.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { decimalOf } from "../dealing-options.ts";
import { fixed, money, plain, table } from "../output.ts";
import { currencyDecimals, findInvestor } from "../reads/classes.ts";
import { findFund } from "../reads/funds.ts";
import type { Session } from "../session.ts";

const ACCOUNTS = ["distributions_payable", "refunds_payable", "fee_payable"] as const;
type Account = (typeof ACCOUNTS)[number];
/** As the command line names them. */
const NAMES = { distributions: "distributions_payable", refunds: "refunds_payable", fees: "fee_payable" } as const;

const Owed = z.object({
  balance_id: z.string(),
  account: z.enum(ACCOUNTS),
  investor_id: z.string().nullable(),
  currency: z.string(),
  amount: z.string(),
  investor: z.object({ code: z.string() }).nullable(),
});
type Owed = z.infer<typeof Owed>;
const COLUMNS =
  "balance_id,account,investor_id,currency,amount::text,investor:investors!cash_balances_investor_id_fkey(code)";
const Paid = z.object({ ledger_tx_id: z.string(), payments: z.number() });

const ACCOUNT = { flags: "--account <account>", about: `${Object.keys(NAMES).join(", ")}` } as const;

/** Errors: EG400 naming what there is. */
function accountOf(given: string): Account {
  const account = NAMES[given as keyof typeof NAMES];
  if (account === undefined)
    throw new EvergreenError("EG400", `--account is ${Object.keys(NAMES).join(", ")}; not ${plain(given)}.`);
  return account;
}
const nameOf = (account: Account): string =>
  Object.entries(NAMES).find(([, value]) => value === account)?.[0] ?? account;

/** What is owed, positive, in the fund's currency; by account and investor. */
async function readOwed(session: Session, fundId: string, accounts: readonly Account[]): Promise<Owed[]> {
  const rows = await session.all(
    "cash_balances",
    COLUMNS,
    "balance_id",
    (row) => row.balance_id,
    (query) => query.eq("fund_id", fundId).in("account", accounts),
    Owed,
  );
  return rows
    .filter(({ amount }) => amount.startsWith("-"))
    .map((row) => ({ ...row, amount: row.amount.replace(/^-/, "") }))
    .sort((a, b) => byText(a.account, b.account) || byText(a.investor?.code ?? "", b.investor?.code ?? ""));
}
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const payoutCommands: readonly Command[] = [
  {
    path: "payouts list",
    summary: "What a fund owes beside its orders: distributions and refunds by investor, fees to the manager",
    options: [FUND, ACCOUNT],
    examples: ["payouts list --fund DEMO", "payouts list --fund DEMO --account distributions --output-format json"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const given = text(options, "account");
      const accounts = given === undefined ? ACCOUNTS : [accountOf(given)];
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const dp = (await currencyDecimals(session)).get(fund.base_currency) ?? 2;
      const rows = await readOwed(session, fund.fund_id, accounts);
      return {
        json: {
          fund: fund.code,
          owed: rows.map((row) => ({
            account: nameOf(row.account),
            investor: row.investor?.code ?? null,
            amount: fixed(row.amount, dp),
            currency: row.currency,
          })),
        },
        text: table(
          rows,
          [
            { header: "Owed for", value: (row) => nameOf(row.account) },
            { header: "To", value: (row) => row.investor?.code ?? "the manager" },
            { header: "Amount", value: (row) => `${money(row.amount)} ${row.currency}` },
          ],
          "Nothing is owed beside orders.",
        ),
      };
    },
  },
  {
    path: "payouts confirm",
    summary:
      "Notes that a distribution, a refund or a fee has left the bank: to one investor or to all it is owed to, never more than is owed",
    options: [
      FUND,
      { ...ACCOUNT, required: true },
      { flags: "--investor <code>", about: "to this investor only, by code or id" },
      { flags: "--amount <money>", about: "a part of what is owed to one; all of it when left out" },
      { flags: "--reference <text>", about: "reference of the payment" },
      REQUEST_ID,
    ],
    examples: [
      "payouts confirm --fund DEMO --account distributions --reference SCT-2026-10-30",
      "payouts confirm --fund DEMO --account fees --amount 10000.00",
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const account = accountOf(text(options, "account") ?? "");
      const [code, amount] = [text(options, "investor"), decimalOf(options, "amount")];
      const reference = text(options, "reference");
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const of = code === undefined ? undefined : (await findInvestor(session, code)).investor_id;
      const owed = (await readOwed(session, fund.fund_id, [account])).filter(
        ({ investor_id }) => of === undefined || investor_id === of,
      );
      if (owed.length === 0)
        throw new EvergreenError("EG428", `Nothing is owed for ${nameOf(account)}${code ? ` to ${plain(code)}` : ""}.`);
      if (amount !== undefined && owed.length > 1)
        throw new EvergreenError("EG400", "--amount goes with one who is paid: name it with --investor.");
      const payments = owed.map((row) => ({
        investor_id: row.investor_id,
        amount: amount ?? row.amount,
        ...(reference === undefined ? {} : { reference }),
      }));
      const paid = await session.call(
        "fn_confirm_payout",
        { fund: fund.code, account, payments, request_id: requestIdOf(text(options, "requestId")) },
        Paid,
      );
      return {
        json: { fund: fund.code, account: nameOf(account), payments: paid.payments, ledgerTxId: paid.ledger_tx_id },
        text: `${paid.payments} ${paid.payments === 1 ? "payment" : "payments"} for ${nameOf(account)} of ${plain(fund.code)} noted.`,
      };
    },
  },
];
