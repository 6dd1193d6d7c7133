// `deal run|show|list`: a dealing day is opened once, goes its twelve steps, and says at each what it waits for and what every order got.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { ANY_FUND, type Answer, type Command, FUND, REASON, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { dealText, STEPS, stateText, waitsText } from "../deal-text.ts";
import { CLASS, DATE, dateOf } from "../dealing-options.ts";
import { isoTime, plain, table, when } from "../output.ts";
import { allClasses, findClass } from "../reads/classes.ts";
import { type DayRow, type Deal, dayById, dealJson, dealOf, findDay, listDays } from "../reads/deals.ts";
import { findFund, listFunds } from "../reads/funds.ts";
import { ordersOfDay } from "../reads/orders.ts";
import { strikeById } from "../reads/strikes.ts";
import { needsPeople, type WaitsFor, waitsFor } from "../reads/waiting.ts";
import type { Session } from "../session.ts";
import { countOf, timeoutMs, until } from "../wait.ts";

const Opened = z.object({ dealing_day_id: z.string() });
const STATUSES = [
  "open",
  "cut_off",
  "inputs_frozen",
  "nav_proposed",
  "struck",
  "lmt_decided",
  "allocated",
  "posted",
  "claimable",
  "settled",
  "closed",
  "suspended",
  "discarded",
] as const;

async function waitsNow(session: Session, day: DayRow): Promise<WaitsFor | null> {
  const strike = day.strike_id === null ? undefined : await strikeById(session, day.strike_id);
  return waitsFor(session, day, strike, Date.now());
}

/**
 * Watches a day and says each step once, until it is closed or suspended, or (unless `toEnd`) until only people can bring it on.
 * Errors: EG503 with what it waits for when the time is over.
 */
async function watch(context: Context, session: Session, id: string, limit: number, toEnd: boolean): Promise<void> {
  let shown = -1;
  let told = "";
  let last = "the workers";
  const step = async (): Promise<true | undefined> => {
    const day = await dayById(session, id);
    if (day === undefined) throw new EvergreenError("EG404", "The dealing day is not there any more.");
    for (let next = Math.max(shown, 0) + 1; next <= day.step; next += 1)
      if (isDone(day, next)) context.line(`✓ ${String(next).padStart(2)}  ${STEPS[next - 1] ?? ""}`);
    shown = Math.max(shown, isDone(day, day.step) ? day.step : day.step - 1);
    if (OVER.includes(day.status)) return true;
    const waits = await waitsNow(session, day);
    last = waitsText(waits);
    if (last !== told && needsPeople(waits)) context.line(`…     waits for ${last}`);
    told = last;
    return needsPeople(waits) && !toEnd ? true : undefined;
  };
  await until(limit, step, "").catch((error: unknown) => {
    if (error instanceof EvergreenError && error.message === "")
      throw new EvergreenError("EG503", `The dealing day still waits for ${last}.`);
    throw error;
  });
}

/** Nothing follows any more. */
const OVER: readonly string[] = ["closed", "suspended", "discarded"];

/** Step 5 is under way while the NAV is proposed, and done once it is struck. */
const isDone = (day: DayRow, step: number): boolean => step < day.step || day.status !== "nav_proposed";

async function answerOf(session: Session, deal: Deal): Promise<Answer> {
  const waits = await waitsFor(session, deal.day, deal.strike, Date.now());
  return { json: { ...dealJson(deal), waitsFor: waits }, text: dealText(deal, waits) };
}

export const dealCommands: readonly Command[] = [
  {
    path: "deal run",
    summary:
      "Opens the dealing day of a fund, class and date; opened twice it is the same day, and --wait shows its steps and what it waits for",
    options: [
      FUND,
      CLASS,
      { ...DATE, required: true },
      {
        flags: "--wait",
        about: "return when the day is closed or suspended, or when only people or the clock can bring it on",
      },
      { flags: "--to-end", about: "with --wait: go on waiting for people and the clock too" },
      WAIT_SECONDS,
      REQUEST_ID,
    ],
    examples: [
      "deal run --fund DEMO --class I --date 2026-11-30 --wait",
      "deal run --fund DEMO --class I --date 2026-11-30 --wait --to-end --timeout 7200",
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const limit = options.wait ? timeoutMs(text(options, "timeout")) : 0;
      if (options.toEnd && !options.wait) throw new EvergreenError("EG400", "--to-end goes with --wait.");
      const date = dateOf(options, "date");
      const session = await context.session("ops_role");
      const { fund, shareClass } = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const opened = await session.call(
        "fn_open_dealing_day",
        {
          fund: fund.code,
          share_class: shareClass.code,
          dealing_date: date,
          request_id: requestIdOf(text(options, "requestId")),
        },
        Opened,
      );
      if (options.wait)
        await context.progress(`Dealing day ${date}`, () =>
          watch(context, session, opened.dealing_day_id, limit, options.toEnd === true),
        );
      const day = await dayById(session, opened.dealing_day_id);
      if (day === undefined) throw new EvergreenError("EG404", "The dealing day is not there any more.");
      const deal = await dealOf(session, { fund, shareClass, day });
      const { json, text: whole } = await answerOf(session, deal);
      const waits = await waitsFor(session, day, deal.strike, Date.now());
      const words = `npx --no-install evergreen deal show --fund ${plain(fund.code)} --class ${plain(shareClass.code)} --date ${day.dealing_date}`;
      return {
        json,
        text: options.wait
          ? `\n${whole}`
          : `The dealing day of ${plain(fund.code)}, class ${plain(shareClass.code)}, ${day.dealing_date} is ${stateText(day)} and waits for ${waitsText(waits)}.\nLook at it with\n  ${words}`,
        ...(day.status === "suspended" || day.status === "discarded" ? { exit: EXIT.refused } : {}),
      };
    },
  },
  {
    path: "deal knock",
    summary: "Tells the run of a dealing day to look again, after somebody corrected what it waits for",
    options: [FUND, CLASS, { ...DATE, required: true }, { ...REASON, required: true }, REQUEST_ID],
    examples: ['deal knock --fund DEMO --class I --date 2026-11-30 --reason "the mark of the port was confirmed"'],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date");
      const session = await context.session("ops_role");
      const wanted = { fund: text(options, "fund") ?? "", shareClass: text(options, "class"), date };
      const { day } = await findDay(session, wanted);
      const status = await session.call(
        "fn_knock_dealing_day",
        {
          dealing_day_id: day.dealing_day_id,
          reason: text(options, "reason"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.string(),
      );
      return {
        json: { dealingDayId: day.dealing_day_id, status },
        text: `The run of the dealing day ${day.dealing_date} looks again; it is ${stateText(day)}.`,
      };
    },
  },
  {
    path: "deal discard",
    summary:
      "Gives a dealing day up that is not posted: its orders wait for the next one; what is posted is changed by a restatement only",
    options: [FUND, CLASS, { ...DATE, required: true }, { ...REASON, required: true }, REQUEST_ID],
    examples: ['deal discard --fund DEMO --class I --date 2026-11-30 --reason "the bank holiday was forgotten"'],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date");
      const session = await context.session("ops_role");
      const wanted = { fund: text(options, "fund") ?? "", shareClass: text(options, "class"), date };
      const { fund, shareClass, day } = await findDay(session, wanted);
      const orders = await ordersOfDay(session, day.dealing_day_id);
      const left = await session.call(
        "fn_discard_dealing_day",
        {
          dealing_day_id: day.dealing_day_id,
          reason: text(options, "reason"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.object({ dealing_day_id: z.string(), status: z.string() }),
      );
      const waiting = orders.filter(({ status }) => status === "locked" || status === "priced").length;
      return {
        json: { dealingDayId: left.dealing_day_id, status: left.status, ordersWaiting: waiting },
        text: `The dealing day of ${plain(fund.code)}, class ${plain(shareClass.code)}, ${day.dealing_date} is ${left.status}; ${waiting === 1 ? "one order waits" : `${waiting} orders wait`} for the next one.`,
      };
    },
  },
  {
    path: "deal show",
    summary: "A dealing day: where it stands, NAV per unit, gate, and what every order asked for and got",
    options: [FUND, CLASS, { ...DATE, about: "dealing date, YYYY-MM-DD (the newest when left out)" }],
    examples: [
      "deal show --fund DEMO --class I",
      "deal show --fund DEMO --class I --date 2026-10-30 --output-format json",
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date");
      const session = await context.session("ops_role");
      const found = await findDay(session, {
        fund: text(options, "fund") ?? "",
        shareClass: text(options, "class"),
        date,
      });
      return answerOf(session, await dealOf(session, found));
    },
  },
  {
    path: "deal list",
    summary: "Dealing days, the newest first",
    options: [
      ANY_FUND,
      { ...CLASS, about: "only this class (with --fund)" },
      { flags: "--status <status>", about: "only those that are so", choices: STATUSES },
      { flags: "--limit <count>", about: "how many at most", default: "50" },
    ],
    examples: ["deal list --fund DEMO", "deal list --status claimable --output-format json"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const [fundCode, classCode] = [text(options, "fund"), text(options, "class")];
      if (classCode !== undefined && fundCode === undefined)
        throw new EvergreenError("EG400", "--class needs --fund: two funds may have a class of one name.");
      const session = await context.session("ops_role");
      const fundId = fundCode === undefined ? undefined : (await findFund(session, fundCode)).fund_id;
      const classId =
        classCode === undefined
          ? undefined
          : (await findClass(session, fundCode ?? "", classCode)).shareClass.share_class_id;
      const [days, classes, funds] = await Promise.all([
        listDays(session, { fundId, classId, status: text(options, "status"), limit }),
        allClasses(session),
        fundCodes(session),
      ]);
      const rows = days.map((day) => ({
        day,
        fund: funds.get(day.fund_id) ?? day.fund_id,
        shareClass: classes.get(day.share_class_id),
      }));
      return {
        json: rows.map(({ day, fund, shareClass }) => ({
          dealingDayId: day.dealing_day_id,
          fund,
          class: shareClass?.code ?? day.share_class_id,
          date: day.dealing_date,
          status: day.status,
          step: day.step,
          orders: day.orders,
          gated: day.decision.gate === true,
          cutOffAt: isoTime(day.cut_off_at),
          dayHash: day.day_hash,
        })),
        text: table(
          rows,
          [
            { header: "Date", value: ({ day }) => day.dealing_date },
            { header: "Fund", value: ({ fund }) => fund },
            { header: "Class", value: ({ shareClass }) => shareClass?.code },
            { header: "State", value: ({ day }) => stateText(day), most: 48 },
            { header: "Orders", value: ({ day }) => String(day.orders), figure: true },
            { header: "Gate", value: ({ day, shareClass }) => (shareClass ? gateWord(day) : "–") },
            { header: "Cut-off", value: ({ day }) => when(day.cut_off_at) },
          ],
          "No dealing days. Open one with `evergreen deal run`.",
        ),
      };
    },
  },
];

const gateWord = (day: DayRow): string =>
  day.decision.suspend === true
    ? "suspended"
    : day.decision.gate === undefined
      ? "–"
      : day.decision.gate === true
        ? "applied"
        : "no";

async function fundCodes(session: Session): Promise<Map<string, string>> {
  return new Map((await listFunds(session)).map((fund) => [fund.fund_id, fund.code]));
}
