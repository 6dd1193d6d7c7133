// `export payments|withdraw`, `accounts list|approve|reject|seal|end`: files that pay redemptions and compensation, and the accounts they pay to, approved by a second person.
import { writeFile } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Accounts, AccountWords } from "@evergreen-fund/personal-data";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import type { Context } from "../context.ts";
import { requestIdOf } from "../context.ts";
import { facts, money, plain, table } from "../output.ts";
import { personalOf } from "../personal.ts";
import { findFund, isUuid } from "../reads/funds.ts";
import { type AccountRow, listAccounts } from "../reads/imports.ts";

const Payments = z.object({
  payment_file_id: z.string(),
  message_id: z.string(),
  created_at: z.string(),
  execution_date: z.string(),
  currency: z.string(),
  places: z.number(),
  repeated: z.boolean(),
  missing: z.array(z.object({ flow_id: z.string(), investor: z.string() })),
  transactions: z.number(),
  control_sum: z.string(),
  debtor: AccountWords,
  transfers: z.array(
    z.object({
      flow_id: z.string(),
      end_to_end: z.string(),
      amount: z.string(),
      payee: AccountWords,
      remittance: z.string(),
    }),
  ),
});

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const dayOf = (name: string, value: string | undefined): string | undefined => {
  if (value !== undefined && !DAY.test(value))
    throw new EvergreenError("EG400", `--${name} is a date such as 2026-01-30.`);
  return value;
};

const accountJson = (one: AccountRow, { account, bic, holder }: Opened) => ({
  accountId: one.account_id,
  investor: one.investor,
  account,
  bic,
  holder,
  currency: one.currency,
  status: one.status,
  proposedBy: one.proposed_by,
  decidedBy: one.decided_by,
});
type Opened = Awaited<ReturnType<Accounts["open"]>>;

async function decide(
  context: Context,
  id: string | undefined,
  options: Parameters<Command["run"]>[2],
  decision: "approved" | "rejected" | "ended",
) {
  const fund = text(options, "fund");
  if ((id === undefined) === (fund === undefined))
    throw new EvergreenError("EG400", "Name an account, or --fund for all that are proposed.");
  if (id !== undefined && !isUuid(id))
    throw new EvergreenError("EG400", "An account is named by its id, as `accounts list` shows it.");
  const session = await context.session(decision === "approved" ? "pm_role" : "ops_role");
  const ids =
    id === undefined
      ? (await listAccounts(session, (await findFund(session, fund ?? "")).fund_id, "proposed")).map(
          (account) => account.account_id,
        )
      : [id];
  if (ids.length === 0) throw new EvergreenError("EG404", "No account of that fund is proposed.");
  const answer = await session.call(
    "fn_decide_bank_accounts",
    { accounts: ids, decision, request_id: requestIdOf(text(options, "requestId")) },
    z.object({ accounts: z.number(), decision: z.string() }),
  );
  return {
    json: { accounts: answer.accounts, decision: answer.decision },
    text: `${answer.accounts} accounts are ${answer.decision}.`,
  };
}

const ACCOUNT = { name: "[id]", about: "id of the account; without it --fund names all that are proposed" };
const ALL_OF: Command["options"] = [
  { flags: "--fund <code>", about: "all accounts of this fund that are proposed" },
  REQUEST_ID,
];

export const exportCommands: readonly Command[] = [
  {
    path: "export payments",
    summary:
      "Writes the redemptions of a dealing date that are due, or compensation for its price, as credit transfers (ISO 20022 pain.001.001.09), each once",
    options: [
      FUND,
      { flags: "--date <date>", about: "dealing date", required: true },
      { flags: "--execution-date <date>", about: "day of payment; without it the settlement day of the policy" },
      {
        flags: "--compensation",
        about: "what a restatement of that date owes its investors, instead of its redemptions",
      },
      { flags: "--out <file>", about: "write the file here (it must not exist) instead of printing it" },
      REQUEST_ID,
    ],
    examples: [
      "export payments --fund EVG --date 2026-01-30 --out payments.xml",
      "export payments --fund EVG --date 2026-01-30 --compensation --out compensation.xml",
      "export payments --fund EVG --date 2026-01-30 --output-format json",
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dayOf("date", text(options, "date")) ?? "";
      const execution = dayOf("execution-date", text(options, "executionDate"));
      const session = await context.session("ops_role");
      const answer = await session.call(
        "fn_export_payments",
        {
          fund: text(options, "fund"),
          dealing_date: date,
          execution_date: execution,
          purpose: options.compensation ? "compensation" : undefined,
          request_id: requestIdOf(text(options, "requestId")),
        },
        Payments,
      );
      const [{ writePain001 }, { accounts }] = await Promise.all([
        import("@evergreen-fund/interchange"),
        personalOf(context, session),
      ]);
      const { xml, transactions, controlSum } = writePain001({
        messageId: answer.message_id,
        createdAt: answer.created_at,
        executionDate: answer.execution_date,
        currency: answer.currency,
        places: answer.places,
        debtor: await accounts.open(answer.debtor),
        transfers: await Promise.all(
          answer.transfers.map(async ({ end_to_end: endToEndId, amount, remittance, payee }) => ({
            ...(await accounts.open(payee)),
            amount,
            remittance,
            endToEndId,
          })),
        ),
      });
      // two counts of one thing, made apart
      if (transactions !== answer.transactions || money(controlSum) !== money(answer.control_sum))
        throw new EvergreenError(
          "EG431",
          "The payment file does not add up to what the database says; it was not written.",
        );
      const out = text(options, "out");
      if (out !== undefined)
        await writeFile(out, xml, { flag: "wx", mode: 0o600 }).catch((error: unknown) => {
          throw new EvergreenError(
            "EG400",
            `Cannot write ${plain(out)}; the payments are kept, export them again with another --out.`,
            { cause: error },
          );
        });
      const missing = answer.missing.map((one) => one.investor);
      if (missing.length > 0)
        context.note(`${missing.length} payments wait for an approved account of ${missing.slice(0, 20).join(", ")}.`);
      if (answer.repeated)
        context.note("Nothing new is due: this is the file that was exported before, byte for byte.");
      const json = {
        paymentFileId: answer.payment_file_id,
        messageId: answer.message_id,
        executionDate: answer.execution_date,
        currency: answer.currency,
        transactions,
        controlSum,
        repeated: answer.repeated,
        missing: answer.missing.map((one) => ({ flowId: one.flow_id, investor: one.investor })),
        file: out ?? null,
        ...(out === undefined ? { xml } : {}),
      };
      if (out === undefined) return { json, text: xml.trimEnd() };
      return {
        json,
        text: facts([
          ["File", out],
          ["Message", answer.message_id],
          ["Payments", String(transactions)],
          ["Control sum", `${money(controlSum)} ${answer.currency}`],
          ["Paid on", answer.execution_date],
        ]),
      };
    },
  },
  {
    path: "export withdraw",
    summary: "Takes back a payment file that was not sent, so that its redemptions can be exported again",
    arguments: [{ name: "<id>", about: "id of the payment file" }],
    options: [
      { flags: "--reason <text>", about: "why, in one sentence (no personal data)", required: true },
      REQUEST_ID,
    ],
    examples: ['export withdraw 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69 --reason "the bank refused it"'],
    role: "ops_role",
    run: async (context, [id = ""], options) => {
      if (!isUuid(id))
        throw new EvergreenError("EG400", "A payment file is named by its id, as `export payments` shows it.");
      const session = await context.session("ops_role");
      const status = await session.call(
        "fn_withdraw_payments",
        { payment_file_id: id, reason: text(options, "reason"), request_id: requestIdOf(text(options, "requestId")) },
        z.string(),
      );
      return {
        json: { paymentFileId: id, status },
        text: "The payment file is withdrawn; its redemptions are due again.",
      };
    },
  },
  {
    path: "accounts list",
    summary: "Accounts that a fund pays to and from, and who proposed and approved them",
    options: [
      FUND,
      {
        flags: "--status <status>",
        about: "only those that are so",
        choices: ["proposed", "active", "rejected", "ended"],
      },
    ],
    examples: ["accounts list --fund EVG --status proposed"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const rows = await listAccounts(session, fund.fund_id, text(options, "status"));
      const { accounts: vault } = await personalOf(context, session);
      const accounts = await Promise.all(rows.map(async (one) => ({ ...one, ...(await vault.open(one.words)) })));
      return {
        json: accounts.map((one) => accountJson(one, one)),
        text: table(accounts, [
          { header: "Id", value: (one) => one.account_id },
          { header: "Of", value: (one) => one.investor ?? "the fund" },
          { header: "Account", value: (one) => one.account },
          { header: "BIC", value: (one) => one.bic },
          { header: "Holder", value: (one) => one.holder, most: 32 },
          { header: "Currency", value: (one) => one.currency },
          { header: "Status", value: (one) => one.status },
        ]),
      };
    },
  },
  {
    path: "accounts approve",
    summary: "Approves an account, or all that are proposed, as another person than who proposed them",
    arguments: [ACCOUNT],
    options: ALL_OF,
    examples: ["accounts approve 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69", "accounts approve --fund EVG"],
    role: "pm_role",
    run: (context, [id], options) => decide(context, id, options, "approved"),
  },
  {
    path: "accounts reject",
    summary: "Rejects an account, or all that are proposed",
    arguments: [ACCOUNT],
    options: ALL_OF,
    examples: ["accounts reject 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"],
    role: "ops_role",
    run: (context, [id], options) => decide(context, id, options, "rejected"),
  },
  {
    path: "accounts seal",
    summary:
      "Encrypts numbers and holders of investors that were recorded before they were; a stack does it by itself when it starts",
    examples: ["accounts seal"],
    role: "ops_role",
    run: async (context) => {
      const { accounts } = await personalOf(context, await context.session("ops_role"));
      const sealed = await accounts.sealClear();
      return {
        json: { sealed },
        text: sealed === 0 ? "No account is kept in clear." : `${sealed} accounts are encrypted.`,
      };
    },
  },
  {
    path: "accounts end",
    summary: "Ends an account that is in force: nothing is paid to it any more",
    arguments: [{ name: "<id>", about: "id of the account" }],
    options: [REQUEST_ID],
    examples: ["accounts end 3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"],
    role: "ops_role",
    run: (context, [id], options) => decide(context, id, options, "ended"),
  },
];
