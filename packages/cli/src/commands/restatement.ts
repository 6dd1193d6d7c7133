// `nav restate|restatements|restatement|compensations|compensate|notify`: a NAV that was wrong (R30), what its correction comes to before anything is
// written, what every deal is owed, its payment, and the word to the authority.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, REASON, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { correctedInputs, readCorrections } from "../corrections.ts";
import { dateOf, decimalOf } from "../dealing-options.ts";
import { figure, fixed, isoTime, plain, table } from "../output.ts";
import { currencyDecimals } from "../reads/classes.ts";
import { findFund } from "../reads/funds.ts";
import { findOrder, type OrderRow, ordersById } from "../reads/orders.ts";
import {
  allCompensations,
  correctionsOf,
  findCorrection,
  notificationsOf,
  restatementsOf,
} from "../reads/restatements.ts";
import { finalStrike, inputsOf } from "../reads/strikes.ts";
import { dealJsonOf } from "../restatement-text.ts";
import {
  dealOf,
  notificationWords,
  preview,
  shownJson,
  shownText,
  showOne,
  sum,
  unpaidOf,
} from "../restatement-view.ts";

const Begun = z.object({ strike_id: z.string(), version: z.number(), state: z.string() });
const Settled = z.object({ ledger_tx_id: z.string(), payments: z.number() });
const Noted = z.object({ strike_id: z.string(), document: z.string() });
const STRIKE = { name: "<id>", about: "id of the strike that corrects another one, as `nav restatements` shows it" };

export const restatementCommands: readonly Command[] = [
  {
    path: "nav restate",
    summary:
      "Begins the restatement of a final NAV with corrected inputs; --dry-run shows how large the error is and what every deal is owed, and writes nothing",
    options: [
      FUND,
      { flags: "--date <date>", about: "NAV date, YYYY-MM-DD", required: true },
      { flags: "--line <label>", about: "the input that was wrong, by its label in `nav show`" },
      { flags: "--value <money>", about: "its correct value" },
      { flags: "--as-of <date>", about: "day of the correct value; as it was when left out" },
      { flags: "--source <text>", about: "where the correct value comes from" },
      {
        flags: "--inputs <file>",
        about: 'several lines instead (JSON: {"corrections": [{"label", "value", "asOf", "source"}]})',
      },
      { ...REASON, about: "what was wrong, in one sentence; it stands with the NAV" },
      { flags: "--dry-run", about: "show what it would come to, and write nothing" },
      REQUEST_ID,
    ],
    examples: [
      "nav restate --fund DEMO --date 2026-10-30 --line INFRA-1 --value 84600.00 --dry-run",
      'nav restate --fund DEMO --date 2026-10-30 --line INFRA-1 --value 84600.00 --source "appraisal, read again" --reason "the appraisal was read wrongly"',
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? "";
      const file = text(options, "inputs");
      const [label, value, reason] = [text(options, "line"), text(options, "value"), text(options, "reason")];
      if ((file === undefined) === (label === undefined) || (label === undefined) !== (value === undefined))
        throw new EvergreenError("EG400", "Name one line with --line and --value, or several in a file with --inputs.");
      if (reason === undefined && !options.dryRun)
        throw new EvergreenError("EG400", "Say with --reason what was wrong; it stands with the NAV.");
      const corrections = readCorrections(
        file === undefined
          ? { corrections: [{ label, value, asOf: dateOf(options, "asOf"), source: text(options, "source") }] }
          : await context.json(file),
      );
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const strike = await finalStrike(session, fund.fund_id, date);
      if (strike === undefined)
        throw new EvergreenError("EG404", `There is no final NAV of ${plain(fund.code)} on ${date}.`);
      const inputs = correctedInputs(await inputsOf(session, strike.strike_id), corrections, date);
      const found = await preview(session, fund, strike.strike_id, inputs);
      const json = {
        fund: fund.code,
        date,
        currency: fund.base_currency,
        nav: fixed(found.nav, found.cashDp),
        prices: found.prices,
        ...shownJson(found),
        followedBy: found.follows,
      };
      const follows =
        found.follows.length === 0
          ? "No later NAV stands on it."
          : `Later NAVs may follow in turn: ${found.follows.join(", ")}.`;
      if (options.dryRun)
        return {
          json: { ...json, strikeId: null, dryRun: true },
          text: [...shownText(found), follows, "Nothing was written."].join("\n\n"),
        };
      const begun = await session.call(
        "fn_restate_nav",
        { strike_id: strike.strike_id, inputs, reason, request_id: requestIdOf(text(options, "requestId")) },
        Begun,
      );
      return {
        json: { ...json, strikeId: begun.strike_id, dryRun: false },
        text: [
          ...shownText(found),
          follows,
          `The restatement has begun as version ${begun.version}. The Commander puts it before two people; look at it with\n  npx --no-install evergreen nav show --fund ${plain(fund.code)} --date ${date}\nand afterwards at what it came to with\n  npx --no-install evergreen nav restatement ${begun.strike_id}`,
        ].join("\n\n"),
      };
    },
  },
  {
    path: "nav restatements",
    summary:
      "NAVs that were restated, the newest first: how large the error was, what it cost, whether the authority was told",
    options: [FUND],
    examples: ["nav restatements --fund DEMO"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const [strikes, rows, notes, decimals] = await Promise.all([
        correctionsOf(session, fund.fund_id),
        restatementsOf(session, fund.fund_id),
        notificationsOf(session, fund.fund_id),
        currencyDecimals(session),
      ]);
      const cashDp = decimals.get(fund.base_currency) ?? 2;
      const found = strikes.map((strike) => {
        const days = rows.filter((row) => row.strike_id === strike.strike_id);
        return {
          strikeId: strike.strike_id,
          date: strike.nav_date,
          version: strike.version,
          state: strike.state,
          reason: strike.reason,
          recorded: days.length > 0,
          material: days.some((day) => day.material),
          fundPays: fixed(sum(days.map((day) => day.fund_pays)), cashDp),
          fundReceives: fixed(sum(days.map((day) => day.fund_receives)), cashDp),
          notification: notes.get(strike.strike_id) ?? null,
        };
      });
      return {
        json: found,
        text: table(
          found,
          [
            { header: "Strike", value: (row) => row.strikeId },
            { header: "NAV date", value: (row) => row.date },
            { header: "Version", value: (row) => String(row.version), figure: true },
            { header: "State", value: (row) => row.state },
            { header: "Material", value: (row) => (row.recorded ? (row.material ? "yes" : "no") : "–") },
            { header: `Fund pays (${fund.base_currency})`, value: (row) => figure(row.fundPays, cashDp), figure: true },
            { header: "Fund receives", value: (row) => figure(row.fundReceives, cashDp), figure: true },
            { header: "Authority", value: (row) => notificationWords(row.notification ?? undefined), most: 48 },
            { header: "Because", value: (row) => row.reason, most: 48 },
          ],
          "No NAV of the fund was restated.",
        ),
      };
    },
  },
  {
    path: "nav restatement",
    summary: "What a restatement came to: the error per class, every deal at the wrong price, what is not paid yet",
    arguments: [STRIKE],
    examples: ["nav restatement 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11"],
    role: "pm_role",
    run: async (context, args) => showOne(await context.session("pm_role"), args[0] ?? ""),
  },
  {
    path: "nav compensations",
    summary:
      "Compensation for deals at a wrong NAV, the newest first: an LP sees its own, staff all; and what is not paid yet",
    examples: ["nav compensations --as lp1@demo.evergreen.example"],
    role: "ops_role",
    run: async (context) => {
      const session = await context.session("ops_role");
      const rows = await allCompensations(session);
      const flows = [...new Set(rows.map((row) => row.flow_id))];
      const orders = new Map<string, OrderRow>();
      for (let at = 0; at < flows.length; at += 100)
        for (const order of await ordersById(session, flows.slice(at, at + 100))) orders.set(order.flow_id, order);
      const unpaid = await unpaidOf(session, rows);
      const decimals = await currencyDecimals(session);
      const found = rows.map((row) => {
        const order = orders.get(row.flow_id);
        const cashDp = decimals.get(order?.currency ?? "") ?? 2;
        const left = row.pays ? (unpaid.get(row.flow_id) ?? "0") : "0";
        return {
          ...dealJsonOf(
            dealOf({ ...row }, new Map([[row.investor_id, order?.investor.code ?? row.investor_id]])),
            cashDp,
            order?.share_class?.units_dp ?? 0,
          ),
          fund: order?.fund.code ?? null,
          class: order?.share_class?.code ?? null,
          dealingDate: order?.dealing_date ?? null,
          currency: order?.currency ?? null,
          unpaidOfOrder: fixed(left, cashDp),
          recordedAt: isoTime(row.created_at),
        };
      });
      return {
        json: found,
        text: table(
          found,
          [
            { header: "Order", value: (row) => row.orderId },
            { header: "Fund", value: (row) => row.fund },
            { header: "Class", value: (row) => row.class },
            { header: "Investor", value: (row) => row.investor, most: 24 },
            { header: "Dealing date", value: (row) => row.dealingDate },
            { header: "Units dealt", value: (row) => row.unitsDealt, figure: true },
            {
              header: "Difference",
              value: (row) => `${figure(row.difference, 2)} ${row.currency ?? ""}`,
              figure: true,
            },
            { header: "Paid to the investor", value: (row) => (row.pays ? "yes" : "no") },
            { header: "Open for the order", value: (row) => figure(row.unpaidOfOrder, 2), figure: true },
          ],
          "No compensation.",
        ),
      };
    },
  },
  {
    path: "nav compensate",
    summary:
      "Notes that compensation has moved: to the investor of an order exactly what is due, or from the responsible party into the fund",
    options: [
      FUND,
      { flags: "--order <id>", about: "order whose investor was paid; left out: the responsible party paid the fund" },
      { flags: "--amount <money>", about: "amount in the fund's currency", required: true },
      { flags: "--reference <text>", about: "reference of the payment" },
      REQUEST_ID,
    ],
    examples: [
      "nav compensate --fund DEMO --order 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --amount 128.08 --reference BANK-77",
      "nav compensate --fund DEMO --amount 13.00 --reference BANK-78",
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const amount = decimalOf(options, "amount");
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const named = text(options, "order");
      const order = named === undefined ? undefined : await findOrder(session, named);
      const settled = await session.call(
        "fn_settle_compensation",
        {
          fund: fund.code,
          payments: [{ flow_id: order?.flow_id, amount, reference: text(options, "reference") }],
          request_id: requestIdOf(text(options, "requestId")),
        },
        Settled,
      );
      const who =
        order === undefined ? "the responsible party to the fund" : `the fund to ${plain(order.investor.code)}`;
      return {
        json: { ledgerTxId: settled.ledger_tx_id, orderId: order?.flow_id ?? null, amount },
        text: `${amount} ${fund.base_currency} went from ${who}.`,
      };
    },
  },
  {
    path: "nav notify",
    summary: "Notes that the authority was told of a material NAV error, with the reference of the document; once",
    arguments: [STRIKE],
    options: [{ flags: "--document <text>", about: "reference of the notification", required: true }, REQUEST_ID],
    examples: ['nav notify 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --document "CSSF form of 2026-12-15"'],
    role: "pm_role",
    run: async (context, args, options) => {
      const session = await context.session("pm_role");
      const strike = await findCorrection(session, args[0] ?? "");
      const noted = await session.call(
        "fn_note_nav_error",
        {
          strike_id: strike.strike_id,
          document: text(options, "document"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Noted,
      );
      return {
        json: { strikeId: noted.strike_id, document: noted.document },
        text: `The authority was told of the error of ${strike.nav_date}: ${plain(noted.document)}.`,
      };
    },
  },
];
