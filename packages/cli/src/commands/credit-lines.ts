// `credit-lines list|set`: what banks have promised a fund, as data with versions, each from a date on.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { groupedText } from "@evergreen-fund/finance/money.ts";
import { z } from "zod";
import { type Command, FUND, type Options, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { dateOf } from "../dealing-options.ts";
import { plain, table } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import type { Session } from "../session.ts";
import { today } from "./terms.ts";

const Line = z.object({
  credit_line_id: z.string(),
  line: z.string(),
  version: z.number(),
  lender: z.string(),
  committed: z.string(),
  drawn: z.string(),
  currency: z.string(),
  effective_from: z.string(),
  expires_on: z.string(),
  due_days: z.number(),
});
type Line = z.infer<typeof Line>;
const Made = z.object({ credit_line_id: z.string(), version: z.number() });

/** Of each line the version in force on a day: the greatest effective date up to it, then the greatest version. One of nothing has ended. */
async function linesOn(session: Session, fundId: string, day: string): Promise<Line[]> {
  const rows = await session.read(
    "credit_lines",
    "credit_line_id,line,version,lender,committed::text,drawn::text,currency,effective_from,expires_on,due_days",
    (query) =>
      query
        .eq("fund_id", fundId)
        .lte("effective_from", day)
        .order("line")
        .order("effective_from", { ascending: false })
        .order("version", { ascending: false }),
    Line,
  );
  return rows.filter(({ line }, at) => rows[at - 1]?.line !== line).filter(({ committed }) => Number(committed) > 0);
}

const amount = (options: Options, name: string): string => {
  const given = text(options, name) ?? "";
  if (!/^\d{1,30}(\.\d{1,4})?$/.test(given))
    throw new EvergreenError("EG400", `--${name} is an amount such as 5000000.00.`);
  return given;
};

export const creditLineCommands: readonly Command[] = [
  {
    path: "credit-lines list",
    summary:
      "The credit lines of a fund in force on a date: committed, drawn, until when, and how soon due once called",
    options: [FUND, { flags: "--date <date>", about: "in force on this date, YYYY-MM-DD (today when left out)" }],
    examples: ["credit-lines list --fund DEMO"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? today();
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const lines = await linesOn(session, fund.fund_id, date);
      return {
        json: {
          fund: fund.code,
          date,
          lines: lines.map((one) => ({
            line: one.line,
            version: one.version,
            lender: one.lender,
            committed: one.committed,
            drawn: one.drawn,
            currency: one.currency,
            from: one.effective_from,
            expires: one.expires_on,
            dueDays: one.due_days,
          })),
        },
        text:
          lines.length === 0
            ? `${plain(fund.code)} has no credit line on ${date}; set one with \`evergreen credit-lines set\`.`
            : table(lines, [
                { header: "Line", value: (one) => one.line },
                { header: "Lender", value: (one) => one.lender },
                { header: "Committed", value: (one) => groupedText(one.committed), figure: true },
                { header: "Drawn", value: (one) => groupedText(one.drawn), figure: true },
                { header: "Currency", value: (one) => one.currency },
                { header: "From", value: (one) => one.effective_from },
                { header: "Expires", value: (one) => one.expires_on },
                { header: "Due once called", value: (one) => `${one.due_days} days` },
              ]),
      };
    },
  },
  {
    path: "credit-lines set",
    summary: "Sets a credit line of a fund from a date on; the old version is kept, and one of nothing ends the line",
    arguments: [{ name: "<line>", about: "code of the line" }],
    options: [
      FUND,
      { flags: "--lender <code>", about: "opaque code of who lends; no name", required: true },
      { flags: "--committed <amount>", about: "what is promised, in the currency of the line", required: true },
      { flags: "--drawn <amount>", about: "what is drawn of it", required: true },
      { flags: "--currency <code>", about: "ISO 4217; the fund's own when left out" },
      { flags: "--from <date>", about: "first day it holds for, YYYY-MM-DD", required: true },
      { flags: "--expires <date>", about: "last day on which it can be drawn, YYYY-MM-DD", required: true },
      { flags: "--due-days <days>", about: "in how many days what is drawn is due once it is called", required: true },
      REQUEST_ID,
    ],
    examples: [
      "credit-lines set RCF-1 --fund DEMO --lender BANK-1 --committed 5000000 --drawn 0 --from 2026-12-01 --expires 2028-12-31 --due-days 30",
    ],
    role: "pm_role",
    run: async (context, args, options) => {
      const from = dateOf(options, "from") ?? "";
      const expires = dateOf(options, "expires") ?? "";
      const days = text(options, "dueDays") ?? "";
      if (!/^\d{1,4}$/.test(days))
        throw new EvergreenError("EG400", "--due-days is a whole number of days, 0 to 3650.");
      const [committed, drawn] = [amount(options, "committed"), amount(options, "drawn")];
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const made = await session.call(
        "fn_set_credit_line",
        {
          fund: fund.code,
          line: args[0] ?? "",
          lender: text(options, "lender") ?? "",
          committed,
          drawn,
          currency: text(options, "currency") ?? fund.base_currency,
          effective_from: from,
          expires_on: expires,
          due_days: Number(days),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Made,
      );
      return {
        json: { creditLineId: made.credit_line_id, version: made.version, effectiveFrom: from },
        text: `Version ${made.version} of credit line ${plain(args[0] ?? "")} of ${plain(fund.code)} holds from ${from}.`,
      };
    },
  },
];
