// `breaches list|record|cure` and `obligations list|set|done|tick`: limits that do not hold, and the regulatory calendar.
import { z } from "zod";
import { ANY_FUND, type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { money, percent, table } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { breachesOf, obligationsOf } from "../reads/rules.ts";
import type { Session } from "../session.ts";

const ALL = { flags: "--all", about: "those that are over, too" };
const fundIdOf = async (session: Session, code: string | undefined): Promise<string | undefined> =>
  code === undefined ? undefined : (await findFund(session, code)).fund_id;
const dayOf = (time: string | null): string | null => (time === null ? null : time.slice(0, 10));
const share = (value: string | null): string | null => (value === null ? null : percent(value));

const Cured = z.object({ breach_id: z.string(), status: z.string() });
const Recorded = z.object({ breach_id: z.string(), class: z.string(), cure_by: z.string().nullable() });
const Owed = z.object({ obligation_id: z.string(), due_on: z.string() });
const Done = z.object({ obligation_id: z.string(), next_due_on: z.string().nullable() });

export const breachCommands: readonly Command[] = [
  {
    path: "breaches list",
    summary: "Limits that do not hold: active or passive, since when, and by when they are cured",
    options: [ANY_FUND, ALL],
    examples: ["breaches list", "breaches list --fund EVG --all"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const rows = await breachesOf(session, await fundIdOf(session, text(options, "fund")), options.all === true);
      return {
        json: rows,
        text: table(
          rows,
          [
            { header: "Id", value: (row) => row.breach_id },
            { header: "Rule", value: (row) => row.rule },
            { header: "Class", value: (row) => row.class },
            { header: "Value", value: (row) => share(row.value), figure: true },
            { header: "Limit", value: (row) => share(row.limit_value), figure: true },
            { header: "Since", value: (row) => dayOf(row.detected_at) },
            {
              header: "Cure by",
              value: (row) => (row.overdue_at === null ? dayOf(row.cure_by) : `${dayOf(row.cure_by)} (overdue)`),
            },
            { header: "Cured", value: (row) => dayOf(row.cured_at) },
            { header: "Cost", value: (row) => (row.cost === null ? null : money(row.cost)), figure: true },
          ],
          "No limit is broken.",
        ),
      };
    },
  },
  {
    path: "breaches record",
    summary: "Records a breach that people found: active when the fund did it, passive when it happened to it",
    arguments: [{ name: "<rule>", about: "pack/rule, or a name of your own" }],
    options: [
      FUND,
      { flags: "--class <class>", about: "who caused it", required: true, choices: ["active", "passive"] },
      { flags: "--cause <text>", about: "what happened, in one sentence", required: true },
      { flags: "--cure-days <days>", about: "days to cure it" },
      REQUEST_ID,
    ],
    examples: [
      'breaches record eltif-portfolio/single-asset --fund EVG --class passive --cause "redemptions" --cure-days 180',
    ],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const days = text(options, "cureDays");
      const made = await session.call(
        "fn_record_breach",
        {
          fund: text(options, "fund"),
          rule: args[0],
          class: text(options, "class"),
          cause: text(options, "cause"),
          ...(days === undefined ? {} : { cure_days: Number(days) }),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Recorded,
      );
      return {
        json: made,
        text: `Breach ${made.breach_id} is recorded${made.cure_by === null ? "" : `; cure it by ${dayOf(made.cure_by)}`}.`,
      };
    },
  },
  {
    path: "breaches cure",
    summary: "Closes a breach that holds again; an active one with its cost and what compensated the fund",
    arguments: [{ name: "<breach>", about: "id of the breach" }],
    options: [
      { flags: "--note <text>", about: "what cured it", required: true },
      { flags: "--cost <amount>", about: "what it cost the fund, in its currency" },
      { flags: "--compensated <text>", about: "what made the fund whole" },
      REQUEST_ID,
    ],
    examples: ['breaches cure 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --note "sold" --cost 0'],
    role: "pm_role",
    run: async (context, args, options) => {
      const session = await context.session("pm_role");
      const [cost, compensated] = [text(options, "cost"), text(options, "compensated")];
      const cured = await session.call(
        "fn_cure_breach",
        {
          breach_id: args[0],
          note: text(options, "note"),
          ...(cost === undefined ? {} : { cost }),
          ...(compensated === undefined ? {} : { compensated }),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Cured,
      );
      return { json: cured, text: `Breach ${cured.breach_id} is cured.` };
    },
  },
  {
    path: "obligations list",
    summary: "The regulatory calendar: what is owed by when, and what is overdue",
    options: [ANY_FUND, ALL],
    examples: ["obligations list", "obligations list --fund EVG --all"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const session = await context.session("pm_role");
      const rows = await obligationsOf(session, await fundIdOf(session, text(options, "fund")), options.all === true);
      return {
        json: rows,
        text: table(
          rows,
          [
            { header: "Id", value: (row) => row.obligation_id },
            { header: "Code", value: (row) => row.code },
            { header: "What", value: (row) => row.title },
            {
              header: "Due",
              value: (row) =>
                row.overdue_at === null || row.done_at !== null ? row.due_on : `${row.due_on} (overdue)`,
            },
            { header: "Every", value: (row) => (row.every_months === null ? "once" : `${row.every_months} months`) },
            { header: "Done", value: (row) => dayOf(row.done_at) },
            { header: "Source", value: (row) => row.source, most: 50 },
          ],
          "Nothing is owed.",
        ),
      };
    },
  },
  {
    path: "obligations set",
    summary: "Puts an obligation of a fund into the calendar, once or every so many months",
    arguments: [{ name: "<code>", about: "lower-case words joined by -, such as annual-report" }],
    options: [
      FUND,
      { flags: "--title <text>", about: "what is owed", required: true },
      { flags: "--source <text>", about: "the article that asks for it", required: true },
      { flags: "--due <date>", about: "first day it is due", required: true },
      { flags: "--every <months>", about: "again every so many months" },
      { flags: "--lead <days>", about: "days before it that it is said to be due", default: "14" },
      REQUEST_ID,
    ],
    examples: [
      'obligations set annual-report --fund EVG --title "Annual report" --source "Directive 2011/61/EU, Article 22" --due 2027-06-30 --every 12',
    ],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const every = text(options, "every");
      const made = await session.call(
        "fn_set_obligation",
        {
          fund: text(options, "fund"),
          code: args[0],
          title: text(options, "title"),
          source: text(options, "source"),
          due_on: text(options, "due"),
          ...(every === undefined ? {} : { every_months: Number(every) }),
          lead_days: Number(text(options, "lead")),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Owed,
      );
      return { json: made, text: `Obligation ${made.obligation_id} is due on ${made.due_on}.` };
    },
  },
  {
    path: "obligations done",
    summary: "Closes an obligation with where its evidence is; the next occurrence is opened",
    arguments: [{ name: "<obligation>", about: "id of the obligation" }],
    options: [
      { flags: "--evidence <text>", about: "where what was done can be looked at", required: true },
      REQUEST_ID,
    ],
    examples: ['obligations done 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --evidence "filed under reference 12"'],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const done = await session.call(
        "fn_complete_obligation",
        {
          obligation_id: args[0],
          evidence: text(options, "evidence"),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Done,
      );
      return {
        json: done,
        text: done.next_due_on === null ? "Done." : `Done; the next one is due on ${done.next_due_on}.`,
      };
    },
  },
];
