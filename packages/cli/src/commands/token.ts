// `token …`: units of a class on a chain. People ask here; compliance looks, two people approve (`proposals approve`), and the room settles it on the chain.
import { z } from "zod";
import { ANY_FUND, type Command, type CommandOption, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { CLASS } from "../dealing-options.ts";
import { facts, plain, table, when } from "../output.ts";
import { findClass, findInvestor } from "../reads/classes.ts";
import { tokensOf } from "../reads/tokens.ts";
import { tokenLimits } from "./token-limits.ts";

const Asked = z.object({ action_id: z.string(), event_id: z.string(), workflow_id: z.string(), status: z.string() });
const Registered = z.object({ wallet_id: z.string(), status: z.string(), action_id: z.string() });

const WALLET: CommandOption = { flags: "--wallet <address>", about: "wallet of the class, 0x…", required: true };
const TO: CommandOption = { flags: "--to <address>", about: "wallet of the class that receives", required: true };
const UNITS: CommandOption = { flags: "--units <units>", about: "units of the class", required: true };
const LAW: CommandOption = {
  flags: "--legal-basis <reference>",
  about: "document by which the law allows it; stays off the chain",
  required: true,
};

/** An operation as people ask for it: what it says of itself, and which options its body takes. */
function asking(
  kind: string,
  word: string,
  summary: string,
  options: readonly CommandOption[],
  example: string,
): Command {
  const law = options.includes(LAW);
  return {
    path: `token ${word}`,
    summary,
    options: [FUND, CLASS, ...options, REQUEST_ID],
    examples: [`token ${word} --fund EVG --class A${example}`],
    role: "ops_role",
    run: async (context, _args, given) => {
      const session = await context.session("ops_role");
      const { fund, shareClass } = await findClass(session, text(given, "fund") ?? "", text(given, "class"));
      const named = {
        wallet: text(given, "wallet"),
        to_wallet: text(given, "to"),
        units: text(given, "units"),
        legal_basis: law ? text(given, "legalBasis") : undefined,
      };
      const body = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
      const asked = await session.call(
        "fn_request_token_action",
        {
          fund: fund.code,
          share_class: shareClass.code,
          kind,
          body,
          request_id: requestIdOf(text(given, "requestId")),
        },
        Asked,
      );
      return {
        json: { actionId: asked.action_id, workflowId: asked.workflow_id, status: asked.status },
        text: [
          facts([
            ["Operation", asked.action_id],
            ["Run", asked.workflow_id],
            ["Status", asked.status],
          ]),
          "",
          kind === "reconcile"
            ? "See `token list` for what was found."
            : "Two people approve it: `proposals list`, `proposals approve`. See `token actions` for where it stands.",
        ].join("\n"),
      };
    },
  };
}

export const tokenCommands: readonly Command[] = [
  {
    path: "token list",
    summary: "Classes on a chain: units there, off it and in the register, wallets, and where they differ",
    options: [ANY_FUND],
    examples: ["token list", "token list --fund EVG --output-format json"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const { classes, wallets, breaks } = await tokensOf(await context.session("ops_role"), text(options, "fund"));
      return {
        json: { classes, wallets, breaks },
        text: [
          table(
            classes,
            [
              { header: "Fund", value: (row) => row.fund },
              { header: "Class", value: (row) => row.code },
              { header: "Chain", value: (row) => String(row.chain_id), figure: true },
              { header: "On chain", value: (row) => row.chain_units, figure: true },
              { header: "Off chain", value: (row) => row.off_chain_units, figure: true },
              { header: "Register", value: (row) => row.register_units, figure: true },
              { header: "Breaks", value: (row) => String(row.open_breaks), figure: true },
              {
                header: "Block",
                value: (row) => (row.reconciled_block === null ? null : String(row.reconciled_block)),
                figure: true,
              },
              { header: "", value: (row) => (row.paused ? "paused" : null) },
            ],
            "No class is on a chain; `token deploy` puts one there.",
          ),
          ...(wallets.length === 0
            ? []
            : [
                "",
                table(wallets, [
                  { header: "Wallet", value: (row) => row.address, most: 42 },
                  { header: "Investor", value: (row) => row.investor },
                  { header: "Status", value: (row) => row.status },
                  {
                    header: "Cleared until",
                    value: (row) => (row.claim_until === null ? null : when(row.claim_until)),
                  },
                  { header: "Units", value: (row) => row.units, figure: true },
                ]),
              ]),
          ...(breaks.length === 0
            ? []
            : [
                "",
                table(breaks, [
                  { header: "Break", value: (row) => row.kind },
                  { header: "Wallet", value: (row) => row.wallet, most: 42 },
                  { header: "Register", value: (row) => row.register_units, figure: true },
                  { header: "Chain", value: (row) => row.chain_units, figure: true },
                  { header: "Block", value: (row) => String(row.block), figure: true },
                ]),
              ]),
        ].join("\n"),
      };
    },
  },
  {
    path: "token actions",
    summary: "The last fifty token operations and where each stands",
    options: [ANY_FUND],
    examples: ["token actions --fund EVG"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const { actions } = await tokensOf(await context.session("ops_role"), text(options, "fund"));
      return {
        json: actions,
        text: table(
          actions,
          [
            { header: "Operation", value: (row) => row.action_id },
            { header: "Kind", value: (row) => row.kind },
            { header: "Class", value: (row) => row.instrument },
            { header: "Units", value: (row) => (row.units === "0" ? null : row.units), figure: true },
            { header: "Status", value: (row) => row.status },
            { header: "Block", value: (row) => (row.block === null ? null : String(row.block)), figure: true },
            { header: "Why", value: (row) => (row.refusal === null ? null : plain(row.refusal.reason)) },
          ],
          "No token operation was asked for.",
        ),
      };
    },
  },
  tokenLimits,
  {
    path: "token wallet",
    summary:
      "Registers the wallet of a cleared investor; its clearance is issued on the chain, and two people let the fund keep it",
    arguments: [{ name: "<address>", about: "0x and 40 hexadecimal digits" }],
    options: [
      FUND,
      CLASS,
      { flags: "--investor <code>", about: "code or id of the investor", required: true },
      { flags: "--consent <reference>", about: "document by which the holder agreed", required: true },
      REQUEST_ID,
    ],
    examples: [
      'token wallet 0x00000000000000000000000000000000000000aa --fund EVG --class A --investor I-0000000001 --consent "agreement 7"',
    ],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const { shareClass } = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const made = await session.call(
        "fn_register_wallet",
        {
          share_class_id: shareClass.share_class_id,
          investor_id: (await findInvestor(session, text(options, "investor") ?? "")).investor_id,
          address: args[0],
          consent: text(options, "consent"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Registered,
      );
      return {
        json: { walletId: made.wallet_id, status: made.status, actionId: made.action_id },
        text: `Wallet ${made.wallet_id} is ${made.status}. Two people let the fund keep it: \`proposals approve\`.`,
      };
    },
  },
  {
    path: "token retry",
    summary: "Tries an operation again that failed or that the chain refused; it still has one effect",
    arguments: [{ name: "<operation>", about: "id of the operation" }],
    options: [REQUEST_ID],
    examples: ["token retry 00000000-0000-4000-8000-000000000001"],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const asked = await session.call(
        "fn_retry_token_action",
        { action_id: args[0], request_id: requestIdOf(text(options, "requestId")) },
        Asked,
      );
      return {
        json: { actionId: asked.action_id, workflowId: asked.workflow_id, status: asked.status },
        text: `Asked for again: ${asked.workflow_id}.`,
      };
    },
  },
  asking("deploy", "deploy", "Asks for the contracts of a class to be put onto the configured chain", [], ""),
  asking(
    "mint",
    "mint",
    "Asks for units of the register to go onto the chain",
    [WALLET, UNITS],
    ` --wallet 0x${"aa".repeat(20)} --units 100`,
  ),
  asking(
    "burn",
    "burn",
    "Asks for units to leave the chain; the register keeps them",
    [WALLET, UNITS],
    ` --wallet 0x${"aa".repeat(20)} --units 100`,
  ),
  asking(
    "freeze",
    "freeze",
    "Asks for a wallet to be frozen",
    [WALLET, LAW],
    ` --wallet 0x${"aa".repeat(20)} --legal-basis "order 7"`,
  ),
  asking(
    "unfreeze",
    "unfreeze",
    "Asks for a frozen wallet to be free again",
    [WALLET, LAW],
    ` --wallet 0x${"aa".repeat(20)} --legal-basis "order 8"`,
  ),
  asking(
    "force_transfer",
    "transfer",
    "Asks for units to be moved by law; the register has moved first",
    [WALLET, TO, UNITS, LAW],
    ` --wallet 0x${"aa".repeat(20)} --to 0x${"bb".repeat(20)} --units 100 --legal-basis "order 7"`,
  ),
  asking(
    "recover",
    "recover",
    "Asks for everything of a lost wallet to go to another one of the same party",
    [WALLET, TO, LAW],
    ` --wallet 0x${"aa".repeat(20)} --to 0x${"bb".repeat(20)} --legal-basis "declaration 7"`,
  ),
  asking(
    "pause",
    "pause",
    "Asks for every movement of a class on the chain to stop",
    [LAW],
    ' --legal-basis "incident 7"',
  ),
  asking("unpause", "unpause", "Asks for a paused class to move again", [LAW], ' --legal-basis "incident 7 is over"'),
  asking(
    "limits",
    "set-limits",
    "Asks for the limits on the chain to be those that the packs in force ask; see token limits",
    [],
    "",
  ),
  asking("reconcile", "reconcile", "Asks for the register of a class to be held against the chain", [], ""),
];
