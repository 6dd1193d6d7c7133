// What dealing looks up beside the orders: `order answer`, `investors owner`, `lmt offer|inflows|notices|told`.
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { AS_OF, dateOf, decimalOf, FROM, INVESTOR, needed, SOURCE } from "../dealing-options.ts";
import { isoTime, plain, table, when } from "../output.ts";
import { findInvestor } from "../reads/classes.ts";
import { findFund } from "../reads/funds.ts";
import { findOrder, orderJson } from "../reads/orders.ts";

const NoticeRow = z.object({
  notice_id: z.string(),
  kind: z.string(),
  flow_id: z.string(),
  body: z.record(z.string(), z.unknown()),
  notified_at: z.string().nullable(),
  created_at: z.string(),
});

export const dealingFactCommands: readonly Command[] = [
  {
    path: "order answer",
    summary: "Answers whether to give up the small rest of an order, about which its investor was asked",
    arguments: [{ name: "<id>", about: "id of the order that is left" }],
    options: [
      {
        flags: "--answer <answer>",
        about: "give_up ends it, keep lets it be carried on",
        choices: ["give_up", "keep"],
        required: true,
      },
      REQUEST_ID,
    ],
    examples: ["order answer 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --answer keep --as lp1@demo.evergreen.example"],
    role: "lp_role",
    run: async (context, args, options) => {
      const session = await context.session("lp_role");
      const order = await findOrder(session, args[0] ?? "");
      const answer = text(options, "answer");
      const status = await session.call(
        "fn_answer_dust",
        { flow_id: order.flow_id, answer, request_id: requestIdOf(text(options, "requestId")) },
        z.string(),
      );
      return {
        json: orderJson({ ...order, status, dust_answer: answer ?? null }),
        text: `Order ${order.flow_id} is ${status}: ${answer === "keep" ? "the rest is kept and carried on" : "the rest is given up, and the units stay with the investor"}.`,
      };
    },
  },
  {
    path: "investors owner",
    summary:
      "Says who stands behind the account of a nominee or feeder: the gate per investor adds the accounts of one owner up",
    options: [
      { ...INVESTOR, about: "the account, by code or id", required: true },
      {
        flags: "--owner <investor>",
        about: "the beneficial owner, by code or id; the account itself ends it",
        required: true,
      },
      FROM,
      SOURCE,
      REQUEST_ID,
    ],
    examples: [
      'investors owner --investor SYN-INV-007 --owner SYN-INV-001 --from 2026-12-01 --source "nominee agreement"',
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const session = await context.session("ops_role");
      const [account, owner] = [
        await findInvestor(session, text(options, "investor") ?? ""),
        await findInvestor(session, text(options, "owner") ?? ""),
      ];
      const from = needed(dateOf(options, "from"), "from");
      const recordId = await session.call(
        "fn_set_beneficial_owner",
        {
          investor_id: account.investor_id,
          owner_id: owner.investor_id,
          effective_from: from,
          source: text(options, "source"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.string(),
      );
      return {
        json: { recordId, investorId: account.investor_id, ownerId: owner.investor_id, effectiveFrom: from },
        text: `From ${from} on ${plain(owner.code)} stands behind ${plain(account.code)}.`,
      };
    },
  },
  {
    path: "lmt offer",
    summary:
      "Opens a repurchase offer of an interval fund today: redemptions are taken in until its deadline and deal on its date",
    options: [
      FUND,
      { flags: "--deadline <date>", about: "last day of the requests, 21 to 42 days from today", required: true },
      { flags: "--pricing-date <date>", about: "dealing date, at most 14 days after it", required: true },
      { flags: "--share <share>", about: "of the NAV, 0.05 to 0.25", required: true },
      { flags: "--notice <words>", about: "the text that all holders get", required: true },
      REQUEST_ID,
    ],
    examples: [
      'lmt offer --fund DEMO --deadline 2026-12-17 --pricing-date 2026-12-31 --share 0.05 --notice "The fund offers to buy back 5 % of its units at the NAV of 31 December 2026."',
    ],
    role: "pm_role",
    run: async (context, _args, options) => {
      const [deadline, pricing] = [dateOf(options, "deadline"), dateOf(options, "pricingDate")];
      const share = needed(decimalOf(options, "share"), "share");
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const offerId = await session.call(
        "fn_open_repurchase_offer",
        {
          fund: fund.code,
          deadline,
          pricing_date: pricing,
          share,
          notice: text(options, "notice"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.string(),
      );
      return {
        json: { offerId, fund: fund.code, deadline, pricingDate: pricing, share },
        text: `Offer ${offerId} is open: redemptions of ${plain(fund.code)} are taken in until ${deadline}, and deal on ${pricing}.`,
      };
    },
  },
  {
    path: "lmt inflows",
    summary:
      "Records the prudent certain inflows of the next twelve months, which an ELTIF counts beside its liquid assets",
    options: [
      FUND,
      { flags: "--amount <money>", about: "in the fund's currency; 0 takes it back", required: true },
      AS_OF,
      SOURCE,
      REQUEST_ID,
    ],
    examples: [
      'lmt inflows --fund DEMO --amount 1500000.00 --date 2026-11-30 --source "loan repayment schedule of November"',
    ],
    role: "pm_role",
    run: async (context, _args, options) => {
      const amount = text(options, "amount") === "0" ? "0" : needed(decimalOf(options, "amount"), "amount");
      const asOf = needed(dateOf(options, "date"), "date");
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const inflowId = await session.call(
        "fn_record_certain_inflows",
        {
          fund: fund.code,
          amount,
          as_of: asOf,
          source: text(options, "source"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.string(),
      );
      return {
        json: { inflowId, fund: fund.code, amount, asOf },
        text: `Certain inflows of ${plain(fund.code)} as of ${asOf} are recorded; the next NAV freezes them with its inputs.`,
      };
    },
  },
  {
    path: "lmt notices",
    summary:
      "What the competent authority has to be told of a fund, and when it was: orders that waited longer than the policy allows",
    options: [FUND],
    examples: ["lmt notices --fund DEMO"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const rows = await session.read(
        "authority_notices",
        "notice_id,kind,flow_id,body,notified_at,created_at",
        (query) => query.eq("fund_id", fund.fund_id).order("created_at", { ascending: false }),
        NoticeRow,
      );
      return {
        json: rows.map((row) => ({
          id: row.notice_id,
          kind: row.kind,
          orderId: row.flow_id,
          body: row.body,
          due: isoTime(row.created_at),
          notifiedAt: isoTime(row.notified_at),
        })),
        text: table(
          rows,
          [
            { header: "Notice", value: (row) => row.notice_id },
            { header: "About", value: (row) => row.kind.replaceAll("_", " ") },
            { header: "Order", value: (row) => row.flow_id },
            { header: "Due since", value: (row) => when(row.created_at) },
            { header: "Told", value: (row) => (row.notified_at === null ? "not yet" : when(row.notified_at)) },
          ],
          "Nothing to tell the authority.",
        ),
      };
    },
  },
  {
    path: "lmt told",
    summary: "Records that the competent authority was told of a notice that was due",
    arguments: [{ name: "<notice>", about: "id of the notice" }],
    options: [{ flags: "--at <time>", about: "when, if not now (ISO time)" }, REQUEST_ID],
    examples: ["lmt told 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --as pm1@demo.evergreen.example"],
    role: "pm_role",
    run: async (context, args, options) => {
      const session = await context.session("pm_role");
      const at = await session.call(
        "fn_note_notice",
        { notice_id: args[0], notified_at: text(options, "at"), request_id: requestIdOf(text(options, "requestId")) },
        z.string(),
      );
      return { json: { id: args[0] ?? null, notifiedAt: isoTime(at) }, text: `The authority was told ${when(at)}.` };
    },
  },
];
